/* SPDX-License-Identifier: Apache-2.0 */
/* The switch over control requests: one row a request. */
#include "kairan/card.h"
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
} rows[] = {
	{KAI_CONTROL_PUBLISH, kai_publish_item},
	{KAI_CONTROL_RETRACT, kai_publish_retract},
	{KAI_CONTROL_CARD_IMPORT, kai_agree_card_import},
	{KAI_CONTROL_CARD_OWN, kai_agree_card_own},
	{KAI_CONTROL_AGREE_PROPOSE, kai_agree_propose},
	{KAI_CONTROL_AGREE_ACCEPT, kai_agree_accept},
	{KAI_CONTROL_AGREE_IMPORT, kai_agree_import},
	{KAI_CONTROL_AGREE_NOTICE, kai_agree_notice},
	{KAI_CONTROL_MEMBER, kai_agree_member},
	{KAI_CONTROL_MEMBER_IMPORT, kai_agree_member_import},
	{KAI_CONTROL_STATUS, status},
	{KAI_CONTROL_CARD_RESOLVE, kai_agree_card_resolve},
	{KAI_CONTROL_SOURCE, kai_publish_source},
	{KAI_CONTROL_ACK, kai_confirm_ack},
	{KAI_CONTROL_ATTEST, kai_confirm_attest},
	{KAI_CONTROL_GRANT, kai_grant_part},
	{KAI_CONTROL_SIGN, kai_sign_item},
	{KAI_CONTROL_BUNDLE_WRITE, kai_bundle_write},
	{KAI_CONTROL_BUNDLE_TAKE, kai_bundle_take},
	{KAI_CONTROL_CASE_SEAL, kai_case_seal},
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

void kai_control_request(struct kai_turn *turn)
{
	struct kai_ctl_answer answer = {.version = KAI_VERSION};
	const struct kai_object *object = NULL;
	void *request = NULL;
	uint64_t type = 0;
	enum kai_fault fault = peek(turn->event->request, &type);

	if (fault == KAI_FAULT_NONE) {
		object = kai_control_object(type);
		request = kai_arena_take(turn->scratch, object->size);
		fault = request == NULL ? KAI_FAULT_TOO_MUCH
					: kai_object_decode(object, turn->event->request,
							    turn->scratch, request);
	}
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, &answer, 3, fault, "request");
	} else {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (rows[i].type == type)
				rows[i].handle(turn, request, &answer);
		}
	}
	kai_out_answer(turn, turn->event->client, &answer);
}
