/* SPDX-License-Identifier: Apache-2.0 */
/* The switch over control requests: one row a request. */
#include "kairan/card.h"
#include "kairan/drill.h"
#include "kairan/rec.h"
#include "trust.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_PEERS 1024 /* in one status */

typedef void (*handler)(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);

void kai_answer(struct kai_turn *turn, struct kai_ctl_answer *ret, uint64_t code,
		const char *reason, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, args);

	va_end(args);
	if (len < 0)
		len = 0;
	if ((size_t)len >= sizeof(text))
		len = (int)sizeof(text) - 1;
	ret->exit = code;
	ret->reason = kai_span_str(reason);
	ret->text = kai_turn_copy(turn, kai_span(text, (size_t)len));
}

void kai_answer_fault(struct kai_turn *turn, struct kai_ctl_answer *ret, uint64_t code,
		      enum kai_fault fault, const char *what)
{
	kai_answer(turn, ret, code, kai_fault_name(fault), "%s: %s", what, kai_fault_text(fault));
}

/* ---- status
 * -------------------------------------------------------------------------------------------------------
 */

static void link_state(const struct kai_turn *turn, const struct kai_link *link, uint64_t head,
		       struct kai_peer_state *ret)
{
	int64_t skew_ms = kai_link_skew(link, turn->event);

	ret->up = link->state == KAI_LINK_UP;
	if (link->heard.ms > 0) {
		int64_t at = turn->event->wall.ms - (turn->event->mono.ms - link->heard.ms);

		ret->heard_at = at > 0 ? (uint64_t)at : 0;
	}
	kai_spread_state(link, head, ret);
	ret->down_reason = kai_span_str("");
	if (!ret->up)
		ret->down_reason = kai_span_str(link->down_reason != NULL ? link->down_reason
									  : "not-connected");
	ret->last_error = kai_span_str(link->last_error != NULL ? link->last_error : "");
	ret->skew_ahead = skew_ms > 0;
	ret->skew_ms = (uint64_t)(skew_ms < 0 ? -skew_ms : skew_ms);
	ret->received_items = link->received_items;
	ret->sent_items = link->sent_items;
	ret->refused = link->refused;
}

static void status(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	struct kai_state state = {
		.version = KAI_VERSION,
		.started_at = (uint64_t)turn->engine->started.ms,
		.now = (uint64_t)turn->event->wall.ms,
		.peers = kai_arena_take(turn->scratch, MAX_PEERS * sizeof(*state.peers)),
	};
	struct kai_scan scan;
	struct kai_span value;
	uint64_t head = kai_rec_head(turn->txn);

	(void)request;
	if (state.peers == NULL)
		return;
	kai_scan_init(&scan, turn->txn, KAI_TABLE_PEERS, (struct kai_span){NULL, 0},
		      (struct kai_span){NULL, 0}, false);
	while (state.peers_count < MAX_PEERS && kai_scan_next(&scan, NULL, &value)) {
		struct kai_peer_state *entry = &state.peers[state.peers_count];
		struct kai_peer row;
		size_t mark = turn->scratch->used;
		bool readable = kai_object_decode(&kai_object_peer, value, turn->scratch, &row) ==
				KAI_FAULT_NONE;

		turn->scratch->used = mark;
		if (!readable || row.number == 0)
			continue;
		const struct kai_link *link = kai_link_find(turn->engine, row.org);

		memcpy(entry->org, row.org, KAI_ID_LEN);
		entry->heard_at = row.heard_at;
		entry->lag = head > row.position ? head - row.position : 0;
		entry->down_reason = kai_span_str("not-connected");
		entry->last_error = kai_span_str("");
		if (link != NULL)
			link_state(turn, link, head, entry);
		state.peers_count++;
	}
	ret->body = kai_object_encode_in(&kai_object_state, &state, turn->scratch);
}

/* ---- the table
 * ----------------------------------------------------------------------------------------------------
 */

static const struct {
	uint64_t type;
	handler handle;
	bool drills; /* there is such a thing in a drill */
} rows[] = {
	{KAI_CONTROL_PUBLISH, kai_publish_item, true},
	{KAI_CONTROL_PUBLISH_MANY, kai_publish_many, true},
	{KAI_CONTROL_RETRACT, kai_publish_retract, true},
	{KAI_CONTROL_CARD_IMPORT, kai_agree_card_import, false},
	{KAI_CONTROL_CARD_OWN, kai_agree_card_own, false},
	{KAI_CONTROL_AGREE_PROPOSE, kai_agree_propose, false},
	{KAI_CONTROL_AGREE_ACCEPT, kai_agree_accept, false},
	{KAI_CONTROL_AGREE_IMPORT, kai_agree_import, false},
	{KAI_CONTROL_AGREE_NOTICE, kai_agree_notice, false},
	{KAI_CONTROL_MEMBER, kai_agree_member, false},
	{KAI_CONTROL_MEMBER_IMPORT, kai_agree_member_import, false},
	{KAI_CONTROL_STATUS, status, true},
	{KAI_CONTROL_CARD_RESOLVE, kai_agree_card_resolve, false},
	{KAI_CONTROL_SOURCE, kai_publish_source, true},
	{KAI_CONTROL_ACK, kai_confirm_ack, true},
	{KAI_CONTROL_ATTEST, kai_confirm_attest, true},
	{KAI_CONTROL_GRANT, kai_grant_part, true},
	{KAI_CONTROL_SIGN, kai_sign_item, true},
	{KAI_CONTROL_DRILL_OPEN, kai_drill_begin, false},
	{KAI_CONTROL_DRILL_CLOSE, kai_drill_close, false},
	{KAI_CONTROL_BUNDLE_WRITE, kai_bundle_write, false},
	{KAI_CONTROL_BUNDLE_TAKE, kai_bundle_take, false},
	{KAI_CONTROL_CASE_SEAL, kai_case_seal, false},
};

/* A request is a short array that begins with version and type, each one byte. */
static enum kai_fault peek(struct kai_span request, uint64_t *ret_type)
{
	if (request.len > (size_t)KAI_MAX_CONTROL)
		return KAI_FAULT_OVERSIZE;
	if (request.len < 3 || (request.at[0] & 0xf0) != 0x90)
		return KAI_FAULT_TYPE;
	if (request.at[1] != KAI_VERSION)
		return KAI_FAULT_VERSION;
	*ret_type = request.at[2];
	return kai_control_object(*ret_type) != NULL ? KAI_FAULT_NONE : KAI_FAULT_UNKNOWN_TYPE;
}

static enum kai_fault read_request(struct kai_turn *turn, struct kai_span bytes, uint64_t *ret_type,
				   void **ret)
{
	enum kai_fault fault = peek(bytes, ret_type);

	if (fault != KAI_FAULT_NONE)
		return fault;
	const struct kai_object *object = kai_control_object(*ret_type);
	void *request = kai_arena_take(turn->scratch, object->size);

	if (request == NULL)
		return KAI_FAULT_TOO_MUCH;
	*ret = request;
	return kai_object_decode(object, bytes, turn->scratch, request);
}

/* Takes a drill's request out of its envelope. A request of another realm than this engine's is none of
 * its own; an envelope holds no envelope. */
static enum kai_fault open_realm(struct kai_turn *turn, uint64_t *io_type, void **io_request)
{
	const uint8_t *mine = turn->engine->config.realm;
	enum kai_fault fault;

	if (kai_realm_live_here(turn->engine))
		return *io_type == KAI_CONTROL_IN_REALM ? KAI_FAULT_REALM : KAI_FAULT_NONE;
	if (*io_type != KAI_CONTROL_IN_REALM)
		return KAI_FAULT_REALM;
	const struct kai_ctl_in_realm *envelope = *io_request;

	if (memcmp(envelope->realm, mine, KAI_REALM_LEN) != 0)
		return KAI_FAULT_REALM;
	fault = read_request(turn, envelope->request, io_type, io_request);
	if (fault == KAI_FAULT_NONE && *io_type == KAI_CONTROL_IN_REALM)
		fault = KAI_FAULT_REALM;
	return fault;
}

static void not_open(struct kai_turn *turn, struct kai_ctl_answer *ret)
{
	kai_answer(turn, ret, 1, "drill-window", "the drill is not open now (drill list)");
}

/* For a drill that this node knows and does not serve any more, or not yet? */
static bool is_over(struct kai_turn *turn, uint64_t type, const void *request)
{
	const struct kai_ctl_in_realm *envelope = request;

	return type == KAI_CONTROL_IN_REALM && kai_realm_live_here(turn->engine) &&
	       kai_drill_known(turn, envelope->realm);
}

static void answer_request(struct kai_turn *turn, uint64_t type, const void *request,
			   struct kai_ctl_answer *ret)
{
	bool live = kai_realm_live_here(turn->engine);

	if (!kai_realm_open(turn) && type != KAI_CONTROL_STATUS) {
		not_open(turn, ret);
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type != type)
			continue;
		if (live || rows[i].drills)
			rows[i].handle(turn, request, ret);
		else
			kai_answer(turn, ret, 1, "realm", "there is no such thing in a drill");
	}
}

void kai_control_request(struct kai_turn *turn)
{
	struct kai_ctl_answer answer = {.version = KAI_VERSION};
	size_t mark = turn->scratch->used;
	void *request = NULL;
	uint64_t type = 0;
	enum kai_fault fault = read_request(turn, turn->event->request, &type, &request);

	if (fault == KAI_FAULT_NONE)
		fault = open_realm(turn, &type, &request);
	if (fault == KAI_FAULT_REALM && is_over(turn, type, request))
		not_open(turn, &answer);
	else if (fault == KAI_FAULT_REALM)
		kai_answer_fault(turn, &answer, 1, fault, "request");
	else if (fault != KAI_FAULT_NONE)
		kai_answer_fault(turn, &answer, 3, fault, "request");
	else
		answer_request(turn, type, request, &answer);
	kai_out_answer(turn, turn->event->client, &answer);
	kai_scratch_back(turn, mark);
}
