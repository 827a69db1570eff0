/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"
#include "kairan/rec.h"

#include <string.h>

#define SWEEP_ITEMS 64u
#define SWEEP_STUBS 64u
#define SWEEP_SOURCES 64u
#define SWEEP_EVERY_MS KAI_MS_MINUTE
#define SWEEP_SOON_MS 20
/* A clock that jumps ahead is believed a day an hour: a wrong one is put right before it destroyed what nobody can
 * bring back, and a node that was off for a month is where it should be after a day. */
#define SWEEP_BELIEF (KAI_MS_DAY / KAI_MS_HOUR)
#define SWEEP_SAVE_MS (10 * KAI_MS_MINUTE)
#define SWEEP_DOUBT_MS KAI_MS_DAY
#define SWEEP_BACK_MS KAI_MS_MINUTE
#define TIMER_LEN 17u /* due, kind, arrival; of a part its index follows */
#define STUB_LIFE_MS (730 * KAI_MS_DAY)

/* ---- the clock ---- */

static int64_t stored_clock(struct kai_turn *turn)
{
	struct kai_key key = kai_key_word(KAI_META_CLOCK);
	struct kai_span value;

	if (!kai_txn_get(turn->txn, KAI_TABLE_META, kai_key_span(&key), &value) || value.len != 8)
		return 0;
	return (int64_t)(kai_get_be64(value.at) & INT64_MAX);
}

static void store_clock(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	struct kai_key key = kai_key_word(KAI_META_CLOCK);
	int64_t gone = engine->sweep_wall.ms - engine->sweep_saved.ms;
	uint8_t bytes[8];

	if (gone < SWEEP_SAVE_MS && gone > -SWEEP_SAVE_MS)
		return;
	kai_put_be64(bytes, (uint64_t)engine->sweep_wall.ms);
	kai_txn_put(turn->txn, KAI_TABLE_META, kai_key_span(&key), kai_span(bytes, sizeof(bytes)));
	engine->sweep_saved = engine->sweep_wall;
}

bool kai_sweep_doubts(const struct kai_turn *turn)
{
	return turn->engine->sweep_wall.ms + SWEEP_DOUBT_MS < turn->event->wall.ms;
}

/* Moves what is believed on: never past the wall clock, and never much faster than time goes by. A store that knows of
 * no time believes what it is told. */
uint64_t kai_sweep_now(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	int64_t now = turn->event->wall.ms;

	if (engine->sweep_wall.ms == 0) {
		engine->sweep_saved.ms = stored_clock(turn);
		engine->sweep_wall.ms = engine->sweep_saved.ms == 0 ? now : engine->sweep_saved.ms;
		engine->sweep_seen = turn->event->mono;
	}
	int64_t passed = turn->event->mono.ms - engine->sweep_seen.ms;

	/* The time that went by before a jump was seen is no reason to believe more of it. */
	bool back = now + SWEEP_BACK_MS < engine->sweep_wall.ms;
	int64_t most = engine->sweep_behind ? passed * SWEEP_BELIEF : passed;

	engine->sweep_behind = now - engine->sweep_wall.ms > most;
	engine->sweep_wall.ms = engine->sweep_behind ? engine->sweep_wall.ms + most : now;
	engine->sweep_seen = turn->event->mono;
	bool doubts = kai_sweep_doubts(turn);

	if (back || (engine->sweep_doubted && !doubts))
		kai_duty_again(turn);
	if (back)
		kai_escalate_again(turn);
	engine->sweep_doubted = doubts;
	store_clock(turn);
	return (uint64_t)engine->sweep_wall.ms;
}

/* ---- items ---- */

static uint64_t bytes_of(const struct kai_item *item, const struct kai_header *header)
{
	uint64_t bytes = item->header.len;

	for (size_t i = 0; i < header->parts_count; i++)
		bytes += (item->held >> i & 1) != 0 ? header->parts[i].size + 16 : 0;
	return bytes;
}

/* What an item took on disk was charged to the peer that first brought it, and is released with it. */
static void give_back(struct kai_turn *turn, uint64_t arrival, uint64_t bytes)
{
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_key first = {.len = 0};
	struct kai_scan scan;
	struct kai_span key, value;
	struct kai_supply supply;
	struct kai_peer peer;
	uint64_t least = UINT64_MAX;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_SUPPLY, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		if (kai_object_decode(&kai_object_supply, value, turn->scratch, &supply) !=
			    KAI_FAULT_NONE ||
		    supply.at >= least)
			continue;
		least = supply.at;
		first = kai_key_bytes(key.at + prefix.len, key.len - prefix.len);
	}
	if (first.len == 0 || !kai_rec_get(turn->txn, KAI_TABLE_PEERS, &first, &kai_object_peer,
					   turn->scratch, &peer))
		return; /* our own */
	peer.stored_bytes -= bytes < peer.stored_bytes ? bytes : peer.stored_bytes;
	kai_rec_peer_put(turn->txn, &peer);
}

static void bury(struct kai_turn *turn, uint64_t arrival, enum kai_stub_reason reason)
{
	struct kai_item item;
	struct kai_header header;
	struct kai_stub stub = {.at = (uint64_t)turn->event->wall.ms, .reason = reason};

	if (!kai_rec_item(turn->txn, arrival, turn->scratch, &item))
		return;
	if (kai_header_read(item.header, turn->scratch, &header) != KAI_FAULT_NONE) {
		kai_txn_fail(turn->txn, KAI_ERR_CORRUPT);
		return;
	}
	memcpy(stub.origin, header.origin, KAI_ID_LEN);
	if ((item.flags & KAI_ITEM_RETRACTED) != 0)
		stub.reason = KAI_STUB_RETRACTED;
	give_back(turn, arrival, bytes_of(&item, &header));
	for (size_t i = 0; i < header.supersedes_count; i++) {
		struct kai_key pending = kai_key_id_arrival(header.supersedes[i], arrival);

		(void)kai_txn_del(turn->txn, KAI_TABLE_PENDING, kai_key_span(&pending));
	}
	kai_duty_gone(turn, arrival);
	kai_escalate_gone(turn, arrival);
	kai_out_trace(turn, "item-expired", header.origin, item.id, NULL, arrival);
	kai_rec_item_del(turn->txn, arrival, &stub);
}

/* A retraction's end is its target's end as well: what was taken back does not outlive the word
 * that took it back. */
static void bury_target(struct kai_turn *turn, uint64_t arrival)
{
	struct kai_item item;
	struct kai_header header;
	uint64_t target = 0;

	if (!kai_rec_item(turn->txn, arrival, turn->scratch, &item) ||
	    kai_header_read(item.header, turn->scratch, &header) != KAI_FAULT_NONE ||
	    header.kind != KAI_KIND_RETRACT || header.supersedes_count != 1)
		return;
	if (!kai_rec_arrival(turn->txn, header.supersedes[0], &target) ||
	    !kai_rec_item(turn->txn, target, turn->scratch, &item) ||
	    (item.flags & KAI_ITEM_RETRACTED) == 0)
		return;
	bury(turn, target, KAI_STUB_RETRACTED);
}

/* ---- what goes before its item's end ---- */

void kai_sweep_at(struct kai_turn *turn, uint64_t due, enum kai_timer_kind kind,
		  const struct kai_key *rest)
{
	struct kai_engine *engine = turn->engine;
	struct kai_key key = kai_key_timer(due, kind, rest);
	int64_t wait = (int64_t)due - turn->event->wall.ms;

	kai_txn_put(turn->txn, KAI_TABLE_TIMERS, kai_key_span(&key), kai_span("", 0));
	if (wait < SWEEP_EVERY_MS && turn->event->mono.ms + wait < engine->sweep_due.ms)
		engine->sweep_due.ms = turn->event->mono.ms + (wait > 0 ? wait : 0);
}

void kai_sweep_part_at(struct kai_turn *turn, uint64_t arrival, uint8_t index, uint64_t until)
{
	struct kai_key part = kai_key_part(arrival, index);

	kai_sweep_at(turn, until, KAI_TIMER_PART, &part);
}

void kai_sweep_kept_until(struct kai_turn *turn, uint64_t arrival, uint64_t until)
{
	struct kai_key item = kai_key_u64(arrival);

	kai_sweep_at(turn, until, KAI_TIMER_KEPT, &item);
}

static void put_mark(struct kai_turn *turn, const struct kai_key *timer, uint64_t from)
{
	uint8_t bytes[8];

	kai_put_be64(bytes, from);
	kai_txn_put(turn->txn, KAI_TABLE_TIMERS, kai_key_span(timer),
		    kai_span(bytes, sizeof(bytes)));
}

void kai_sweep_mark(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t from)
{
	struct kai_key rest = kai_key_bytes(org, KAI_ID_LEN);
	struct kai_key timer = kai_key_timer(0, KAI_TIMER_MARK, &rest);

	put_mark(turn, &timer, from);
	turn->engine->sweep_due = turn->event->mono;
}

/* One piece; true when there is more. */
static bool go_on_marking(struct kai_turn *turn, const struct kai_key *timer)
{
	struct kai_span value;
	uint64_t from = 0;

	if (!kai_txn_get(turn->txn, KAI_TABLE_TIMERS, kai_key_span(timer), &value) ||
	    value.len != sizeof(from))
		return false;
	from = kai_get_be64(value.at);
	if (!kai_trust_mark(turn, timer->at + 9, &from))
		return false;
	put_mark(turn, timer, from);
	return true;
}

/* The part goes, the rest of the item stays. */
static void destroy_part(struct kai_turn *turn, uint64_t arrival, uint8_t index)
{
	struct kai_key key = kai_key_part(arrival, index);
	struct kai_item item;
	struct kai_header header;

	if (!kai_rec_item(turn->txn, arrival, turn->scratch, &item) ||
	    (item.held >> index & 1) == 0 ||
	    kai_header_read(item.header, turn->scratch, &header) != KAI_FAULT_NONE)
		return;
	(void)kai_txn_del(turn->txn, KAI_TABLE_PARTS, kai_key_span(&key));
	item.held &= ~(UINT64_C(1) << index);
	kai_rec_item_put(turn->txn, arrival, &item);
	give_back(turn, arrival, header.parts[index].size + 16);
	kai_out_trace(turn, "part-expired", header.origin, item.id, NULL, index);
}

/* Does something let it be kept: it is our own, or came under an agreement that says nothing, or says longer? Terms that
 * are not here any more destroy nothing. */
static bool may_keep(struct kai_turn *turn, uint64_t arrival, uint64_t now)
{
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_scan scan;
	struct kai_span key, value;
	bool keep = false;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_SUPPLY, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (!keep && kai_scan_next(&scan, &key, &value)) {
		uint16_t number = (uint16_t)(key.at[prefix.len] << 8 | key.at[prefix.len + 1]);
		size_t used = turn->scratch->used;
		struct kai_supply supply;
		struct kai_terms terms;
		int side;

		keep = kai_object_decode(&kai_object_supply, value, turn->scratch, &supply) !=
			       KAI_FAULT_NONE ||
		       !kai_supply_terms(turn->txn, number, &supply, turn->scratch, &terms,
					 &side) ||
		       terms.retention_days == 0 ||
		       supply.at + terms.retention_days * (uint64_t)KAI_MS_DAY > now;
		kai_scratch_back(turn, used);
	}
	return keep;
}

/* true when it is not done and stays. */
static bool fire(struct kai_turn *turn, const struct kai_key *timer, uint64_t now)
{
	uint64_t arrival = kai_get_be64(timer->at + 9);

	if (timer->at[8] == KAI_TIMER_MARK && go_on_marking(turn, timer))
		return true;
	(void)kai_txn_del(turn->txn, KAI_TABLE_TIMERS, kai_key_span(timer));
	if (timer->at[8] == KAI_TIMER_PART && timer->len == TIMER_LEN + 1) {
		destroy_part(turn, arrival, timer->at[TIMER_LEN]);
	} else if (timer->at[8] == KAI_TIMER_KEPT && !may_keep(turn, arrival, now)) {
		bury_target(turn, arrival);
		bury(turn, arrival, KAI_STUB_DESTROYED);
	} else if (timer->at[8] == KAI_TIMER_DUTY) {
		kai_duty_fired(turn, kai_span(timer->at + 9, timer->len - 9));
	}
	return false;
}

/* true when more is due than this step may do; *ret_next: how long until the next is. */
static bool sweep_timers(struct kai_turn *turn, uint64_t now, uint64_t *ret_next_ms)
{
	struct kai_scan scan;
	struct kai_span key;
	unsigned count = 0;

	*ret_next_ms = SWEEP_EVERY_MS;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_TIMERS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, NULL) && key.len >= TIMER_LEN) {
		struct kai_key timer = kai_key_bytes(key.at, key.len);
		size_t used = turn->scratch->used;

		if (kai_get_be64(timer.at) > now) {
			*ret_next_ms = kai_get_be64(timer.at) - now;
			return false;
		}
		if (count++ == SWEEP_ITEMS)
			return true;
		bool stays = fire(turn, &timer, now);

		kai_scratch_back(turn, used);
		if (stays)
			return true;
	}
	return false;
}

/* true when more is due than this step may do. */
static bool sweep_items(struct kai_turn *turn, uint64_t now)
{
	struct kai_scan scan;
	struct kai_span key;
	unsigned count = 0;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_BY_END, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, NULL) && key.len == 16) {
		size_t used = turn->scratch->used;
		uint64_t arrival = kai_get_be64(key.at + 8);

		if (kai_get_be64(key.at) + (uint64_t)KAI_GRACE_MS > now)
			return false;
		if (count++ == SWEEP_ITEMS)
			return true;
		bury_target(turn, arrival);
		bury(turn, arrival, KAI_STUB_EXPIRED);
		kai_scratch_back(turn, used);
	}
	return false;
}

/* Stubs have no index by time: each sweep looks at a few from a random place on. */
static void sweep_stubs(struct kai_turn *turn, uint64_t now)
{
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;
	uint8_t from[KAI_ID_LEN];

	kai_draw(turn, "stubs", from, sizeof(from));
	kai_scan_init(&scan, turn->txn, KAI_TABLE_STUBS, kai_span(NULL, 0),
		      kai_span(from, sizeof(from)), false);
	for (unsigned i = 0; i < SWEEP_STUBS && kai_scan_next(&scan, &key, &value); i++) {
		size_t used = turn->scratch->used;
		uint8_t id[KAI_ID_LEN];
		struct kai_stub stub;

		if (key.len != KAI_ID_LEN)
			continue;
		memcpy(id, key.at, sizeof(id));
		if (kai_object_decode(&kai_object_stub, value, turn->scratch, &stub) ==
			    KAI_FAULT_NONE &&
		    stub.at + (uint64_t)STUB_LIFE_MS <= now)
			(void)kai_txn_del(turn->txn, KAI_TABLE_STUBS, kai_span(id, sizeof(id)));
		kai_scratch_back(turn, used);
	}
}

/* What a document became counts as long as that is held: its next state then begins a thread, and
 * who asks again after so long means a new item. Looked at like stubs. */
static void sweep_sources(struct kai_turn *turn)
{
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;
	uint8_t from[KAI_ID_LEN];

	kai_draw(turn, "sources", from, sizeof(from));
	kai_scan_init(&scan, turn->txn, KAI_TABLE_SOURCES, kai_span(NULL, 0),
		      kai_span(from, sizeof(from)), false);
	for (unsigned i = 0; i < SWEEP_SOURCES && kai_scan_next(&scan, &key, &value); i++) {
		size_t used = turn->scratch->used;
		struct kai_key at = kai_key_bytes(key.at, key.len);
		struct kai_source source;
		uint64_t arrival;

		if (kai_object_decode(&kai_object_source, value, turn->scratch, &source) ==
			    KAI_FAULT_NONE &&
		    !kai_rec_arrival(turn->txn, source.head, &arrival))
			(void)kai_txn_del(turn->txn, KAI_TABLE_SOURCES, kai_key_span(&at));
		kai_scratch_back(turn, used);
	}
}

void kai_sweep_timer(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;

	if (turn->event->mono.ms < engine->sweep_due.ms)
		return;
	uint64_t now = kai_sweep_now(turn);
	uint64_t next_ms;
	bool more = sweep_timers(turn, now, &next_ms);

	more |= sweep_items(turn, now);

	sweep_stubs(turn, now);
	sweep_sources(turn);
	if (next_ms > SWEEP_EVERY_MS)
		next_ms = SWEEP_EVERY_MS;
	engine->sweep_due.ms = turn->event->mono.ms + (more ? SWEEP_SOON_MS : (int64_t)next_ms);
}

struct kai_mono kai_sweep_deadline(const struct kai_engine *engine)
{
	return engine->sweep_due;
}
