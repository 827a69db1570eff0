/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

#include "kairan/drill.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BOOTS_KEPT 64u /* a token of an older start is met with a back-fill */

enum kai_err kai_engine_new(const struct kai_engine_config *config, struct kai_engine **ret)
{
	struct kai_engine *engine = calloc(1, sizeof(*engine));

	if (engine == NULL)
		return KAI_ERR_NOMEM;
	engine->scratch = config->scratch != NULL ? config->scratch : calloc(1, KAI_TURN_ARENA);
	if (engine->scratch == NULL) {
		free(engine);
		return KAI_ERR_NOMEM;
	}
	engine->config = *config;
	engine->owing_due.ms = INT64_MAX;
	engine->clause_due.ms = INT64_MAX;
	engine->ladder_due.ms = INT64_MAX;
	engine->realm_next = INT64_MAX;
	engine->realm_due.ms = INT64_MAX;
	*ret = engine;
	return KAI_ERR_OK;
}

void kai_engine_free(struct kai_engine *engine)
{
	if (engine == NULL)
		return;
	for (size_t i = 0; i < engine->link_count; i++) {
		struct kai_link *link = engine->links[i];

		kai_spread_free(link->spread);
		kai_fetch_free(link->fetch);
		kai_meters_free(link->meters);
		kai_pair_free(link->pair);
		kai_owing_free(link->owing);
		sodium_memzero(link->session_key, sizeof(link->session_key));
		free(link);
	}
	free(engine->links);
	free(engine->numbers);
	if (engine->scratch != engine->config.scratch)
		free(engine->scratch);
	free(engine);
}

void kai_draw(struct kai_turn *turn, const char *label, uint8_t *ret, size_t len)
{
	kai_expand(turn->event->entropy, label, turn->draws++, ret, len);
}

void kai_scratch_back(struct kai_turn *turn, size_t mark)
{
	struct kai_arena *scratch = turn->scratch;

	sodium_memzero(scratch->at + mark, scratch->used - mark);
	scratch->used = mark;
	scratch->full = false;
}

/* Index of the first link that is not before org. */
static size_t link_place(const struct kai_engine *engine, const uint8_t org[KAI_ID_LEN])
{
	size_t low = 0, high = engine->link_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(engine->links[middle]->org, org, KAI_ID_LEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct kai_engine *engine, size_t place, const uint8_t org[KAI_ID_LEN])
{
	return place < engine->link_count && kai_id_equal(engine->links[place]->org, org);
}

struct kai_link *kai_link_find(struct kai_engine *engine, const uint8_t org[KAI_ID_LEN])
{
	size_t place = link_place(engine, org);

	return is_at(engine, place, org) ? engine->links[place] : NULL;
}

struct kai_link *kai_link_by_number(struct kai_engine *engine, uint16_t number)
{
	return number < engine->number_cap ? engine->numbers[number] : NULL;
}

static bool grow_links(struct kai_engine *engine)
{
	if (engine->link_count < engine->link_cap)
		return true;
	size_t cap = engine->link_cap == 0 ? 16 : engine->link_cap * 2;
	struct kai_link **links = realloc(engine->links, cap * sizeof(struct kai_link *));

	if (links == NULL)
		return false;
	engine->links = links;
	engine->link_cap = cap;
	return true;
}

static bool grow_numbers(struct kai_engine *engine, uint16_t number)
{
	if (number < engine->number_cap)
		return true;
	size_t cap = (size_t)number + 16;
	struct kai_link **numbers = realloc(engine->numbers, cap * sizeof(struct kai_link *));

	if (numbers == NULL)
		return false;
	for (size_t i = engine->number_cap; i < cap; i++)
		numbers[i] = NULL;
	engine->numbers = numbers;
	engine->number_cap = cap;
	return true;
}

static struct kai_link *link_new(struct kai_turn *turn, const struct kai_peer *peer)
{
	struct kai_engine *engine = turn->engine;
	size_t place = link_place(engine, peer->org);

	if (!grow_links(engine) || !grow_numbers(engine, (uint16_t)peer->number))
		return NULL;
	struct kai_link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return NULL;
	memcpy(link->org, peer->org, KAI_ID_LEN);
	memcpy(link->peer_epoch, peer->epoch, sizeof(link->peer_epoch));
	link->number = (uint16_t)peer->number;
	link->settled = peer->position;
	link->down_reason = "not-connected";
	link->gone = turn->event->mono;
	for (size_t i = engine->link_count; i > place; i--)
		engine->links[i] = engine->links[i - 1];
	engine->links[place] = link;
	engine->link_count++;
	engine->numbers[link->number] = link;
	return link;
}

struct kai_link *kai_link_get(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN])
{
	struct kai_link *link = kai_link_find(turn->engine, org);
	struct kai_arena lists = *turn->scratch;
	struct kai_peer peer;

	if (link != NULL)
		return link;
	if (!kai_rec_peer(turn->txn, org, &lists, &peer)) {
		if (kai_txn_error(turn->txn) != KAI_ERR_OK)
			return NULL;
		kai_rec_peer_add(turn->txn, org, (struct kai_span){NULL, 0}, &lists, &peer);
		if (kai_txn_error(turn->txn) != KAI_ERR_OK)
			return NULL;
	}
	link = link_new(turn, &peer);
	if (link == NULL)
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
	return link;
}

/* Remembers this start; tokens of the newest starts stay readable. */
static void record_boot(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	struct kai_key key = kai_key_bytes(engine->config.boot, sizeof(engine->config.boot));
	uint8_t at[8];

	kai_put_be64(at, (uint64_t)turn->event->wall.ms);
	kai_txn_put(turn->txn, KAI_TABLE_BOOTS, kai_key_span(&key), kai_span(at, sizeof(at)));
	while (kai_txn_error(turn->txn) == KAI_ERR_OK &&
	       kai_txn_count(turn->txn, KAI_TABLE_BOOTS) > BOOTS_KEPT) {
		struct kai_scan scan;
		struct kai_span boot, started;
		struct kai_key oldest = {.len = 0};
		uint64_t least = UINT64_MAX;

		kai_scan_init(&scan, turn->txn, KAI_TABLE_BOOTS, (struct kai_span){NULL, 0},
			      (struct kai_span){NULL, 0}, false);
		while (kai_scan_next(&scan, &boot, &started)) {
			uint64_t when = started.len == 8 ? kai_get_be64(started.at) : 0;

			if (kai_span_equal(boot, kai_key_span(&key)) || when >= least)
				continue;
			least = when;
			oldest = kai_key_bytes(boot.at, boot.len);
		}
		if (oldest.len == 0 ||
		    !kai_txn_del(turn->txn, KAI_TABLE_BOOTS, kai_key_span(&oldest)))
			return;
	}
}

static void load_epoch(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	struct kai_key key = kai_key_word(KAI_META_EPOCH);
	struct kai_span epoch;

	if (kai_txn_get(turn->txn, KAI_TABLE_META, kai_key_span(&key), &epoch) &&
	    epoch.len == sizeof(engine->epoch)) {
		memcpy(engine->epoch, epoch.at, sizeof(engine->epoch));
		return;
	}
	kai_draw(turn, "epoch", engine->epoch, sizeof(engine->epoch));
	kai_txn_put(turn->txn, KAI_TABLE_META, kai_key_span(&key),
		    kai_span(engine->epoch, sizeof(engine->epoch)));
}

void kai_link_load(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	size_t mark = turn->scratch->used;
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_PEERS, (struct kai_span){NULL, 0},
		      (struct kai_span){NULL, 0}, false);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct kai_peer peer;

		turn->scratch->used = mark;
		if (kai_object_decode(&kai_object_peer, value, turn->scratch, &peer) !=
		    KAI_FAULT_NONE) {
			kai_txn_fail(turn->txn, KAI_ERR_CORRUPT);
			return;
		}
		if (kai_id_equal(peer.org, engine->config.org) ||
		    is_at(engine, link_place(engine, peer.org), peer.org))
			continue;
		if (link_new(turn, &peer) == NULL) {
			kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
			return;
		}
	}
	turn->scratch->used = mark;
}

static void on_start(struct kai_turn *turn)
{
	turn->engine->started = turn->event->wall;
	load_epoch(turn);
	record_boot(turn);
	kai_link_load(turn);
	kai_trust_timer(turn);
	kai_clause_moved(turn);
	kai_escalate_start(turn);
	if (kai_realm_live_here(turn->engine))
		kai_out_peers(turn);
}

/* What may come before both hellos are exchanged. */
static bool is_greeting(enum kai_msg_type type)
{
	return type == KAI_MSG_HELLO || type == KAI_MSG_CARD || type == KAI_MSG_AGREEMENT ||
	       type == KAI_MSG_PING || type == KAI_MSG_BYE;
}

/* A frame that was checked and fits the state of the link. */
static void dispatch(struct kai_turn *turn, struct kai_link *link, const struct kai_checked *frame)
{
	const union kai_msg *msg = &frame->msg;

	switch (frame->type) {
	case KAI_MSG_HELLO:
		kai_link_hello(turn, link, &msg->hello);
		return;
	case KAI_MSG_CARD:
		kai_trust_card(turn, link, &msg->card_frame);
		return;
	case KAI_MSG_AGREEMENT:
		kai_trust_agreement(turn, link, &msg->agreement_frame);
		return;
	case KAI_MSG_PUSH:
		kai_fetch_push(turn, link, frame);
		return;
	case KAI_MSG_OFFER:
		kai_fetch_offer(turn, link, &msg->offer);
		return;
	case KAI_MSG_WANT:
		kai_serve_want(turn, link, &msg->want);
		return;
	case KAI_MSG_CHUNK:
		kai_fetch_chunk(turn, link, frame);
		return;
	case KAI_MSG_STORED:
		kai_serve_stored(turn, link, &msg->stored);
		return;
	case KAI_MSG_REFUSE:
		kai_serve_refuse(turn, link, &msg->refuse);
		return;
	case KAI_MSG_NO:
		kai_fetch_none(turn, link, &msg->none);
		return;
	case KAI_MSG_CREDIT:
		kai_serve_credit(turn, link, &msg->credit);
		return;
	case KAI_MSG_RECEIPT:
		kai_receipt_frame(turn, link, frame);
		return;
	case KAI_MSG_PING:
		kai_link_ping(turn, link, &msg->ping);
		return;
	case KAI_MSG_BYE:
		kai_link_bye(turn, link, &msg->bye);
		return;
	case KAI_MSG_DRILL:
		kai_drill_frame(turn, link, &msg->drill_frame);
		return;
	case KAI_MSG_REALM: /* what it holds came in its place */
		return;
	}
}

/* A frame of another realm: what is of a drill that this node knows may come late or early. */
static bool strange(struct kai_turn *turn, struct kai_link *link, const struct kai_checked *frame)
{
	if (memcmp(frame->realm, turn->engine->config.realm, KAI_REALM_LEN) != 0) {
		if (kai_realm_is_live(frame->realm) || !kai_drill_known(turn, frame->realm))
			kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_REALM), NULL);
		return true;
	}
	return !kai_realm_serves(turn, link);
}

static void on_frame(struct kai_turn *turn)
{
	const struct kai_checked *frame = turn->event->frame;
	struct kai_link *link = kai_link_get(turn, turn->event->org);

	if (link == NULL)
		return;
	if (!link->connected) {
		kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_SEQUENCE), NULL);
		return;
	}
	link->heard = turn->event->mono;
	bool frames = kai_quota_charge(turn, link, KAI_METER_FRAMES, 1);
	bool bytes = kai_quota_charge(turn, link, KAI_METER_BYTES, (int64_t)frame->frame_len);

	if (!frames || !bytes) {
		if (frame->fault == KAI_FAULT_NONE && frame->type == KAI_MSG_CHUNK &&
		    memcmp(frame->realm, turn->engine->config.realm, KAI_REALM_LEN) == 0)
			kai_fetch_dropped(turn, link, frame->frame_len);
		kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_QUOTA), NULL);
		return;
	}
	if (frame->fault != KAI_FAULT_NONE) {
		kai_fault_note(turn, link, kai_fault_name(frame->fault), NULL);
		return;
	}
	if (strange(turn, link, frame))
		return;
	if (link->state != KAI_LINK_UP && !is_greeting(frame->type)) {
		/* After we greeted anew the peer may go on until it reads that. */
		if (!link->again)
			kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_SEQUENCE), NULL);
		return;
	}
	dispatch(turn, link, frame);
}

static void on_link(struct kai_turn *turn)
{
	struct kai_link *link = kai_link_get(turn, turn->event->org);

	if (link != NULL)
		kai_link_event(turn, link);
}

static void on_timer(struct kai_turn *turn)
{
	if (!kai_realm_open(turn))
		return;
	kai_link_timer(turn);
	kai_trust_timer(turn);
	kai_fetch_timer(turn);
	kai_spread_timer(turn);
	kai_escalate_timer(turn);
	kai_sweep_timer(turn);
	kai_quota_timer(turn);
	kai_duty_timer(turn);
	kai_clause_timer(turn);
}

/* The one switch. True when the log should be walked in this step: not for each of many frames. */
static bool handle(struct kai_turn *turn)
{
	switch (turn->event->type) {
	case KAI_EVENT_START:
		on_start(turn);
		return false;
	case KAI_EVENT_LINK_UP:
	case KAI_EVENT_LINK_DOWN:
		on_link(turn);
		return false;
	case KAI_EVENT_FRAME:
		on_frame(turn);
		return false;
	case KAI_EVENT_CONTROL:
		kai_control_request(turn);
		return false;
	case KAI_EVENT_TIMER:
		on_timer(turn);
		return true;
	case KAI_EVENT_MORE:
		return true;
	case KAI_EVENT_CALLED:
		kai_escalate_called(turn);
		return false;
	case KAI_EVENT_TRUST:
		return false;
	}
	return false;
}

bool kai_engine_step(struct kai_engine *engine, struct kai_txn *txn, const struct kai_event *event,
		     struct kai_out *out)
{
	struct kai_arena scratch = {engine->scratch, KAI_TURN_ARENA, 0, false};
	struct kai_turn turn = {
		.engine = engine, .txn = txn, .out = out, .event = event, .scratch = &scratch};
	bool walk;
	bool more;

	kai_trust_clock(&turn);
	kai_realm_step(&turn);
	walk = handle(&turn) && kai_realm_open(&turn);
	kai_fetch_flush(&turn);
	kai_owing_run(&turn);
	if (!kai_realm_open(&turn)) {
		kai_scratch_back(&turn, 0);
		return false;
	}
	more = walk ? kai_cards_go_on(&turn) : kai_cards_owed(engine);
	more |= walk ? kai_spread_walk(&turn) : kai_spread_pending(&turn);
	kai_scratch_back(&turn, 0);
	return more && kai_txn_error(txn) == KAI_ERR_OK;
}

static struct kai_mono earlier(struct kai_mono a, struct kai_mono b)
{
	return a.ms < b.ms ? a : b;
}

struct kai_mono kai_engine_deadline(const struct kai_engine *engine)
{
	struct kai_mono due = kai_realm_deadline(engine);

	if (!kai_realm_live_here(engine) && !engine->realm_open)
		return due;
	due = earlier(due, kai_link_deadline(engine));
	due = earlier(due, kai_spread_deadline(engine));
	due = earlier(due, kai_fetch_deadline(engine));
	due = earlier(due, engine->owing_due);
	due = earlier(due, kai_sweep_deadline(engine));
	due = earlier(due, kai_trust_deadline(engine));
	due = earlier(due, kai_duty_deadline(engine));
	due = earlier(due, kai_clause_deadline(engine));
	due = earlier(due, kai_escalate_deadline(engine));
	return earlier(due, kai_quota_deadline(engine));
}
