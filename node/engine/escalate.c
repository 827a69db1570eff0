/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bears on who is called: an item that came, one of ours that was to be somewhere by now, people's word, a
 * link that is heard again, a retraction, an end, the time. SPEC.md says nothing of it: who calls whom is each
 * org's own business, by its configuration and by what its agreements say of contacts and times.
 *
 * Three ladders: an item's own people (peer 0); an item's, at one partner; and a partner's link, once however many
 * items wait for it (arrival 0), since whoever keeps the link up is called about the link.
 */
#include "ladder.h"
#include "kairan/rec.h"

#include <string.h>

#define WALK_ROWS 64u
#define LOOK_MS KAI_MS_MINUTE
#define TIMER_HEAD 9u /* due u64, kind u8 */

/* ---- which items ---- */

/* Its urgency and end; false: it is none that anybody is called about. */
static bool item_of(struct kai_turn *turn, uint64_t arrival, struct kai_ladder *io, bool *ret_own)
{
	const uint64_t gone =
		KAI_ITEM_RETRACTED | KAI_ITEM_SUPERSEDED | KAI_ITEM_MARKED | KAI_ITEM_UNSIGNED;
	size_t mark = turn->scratch->used;
	struct kai_header header;
	struct kai_item item;
	bool good = kai_rec_item(turn->txn, arrival, turn->scratch, &item) &&
		    (item.flags & gone) == 0 &&
		    kai_header_read(item.header, turn->scratch, &header) == KAI_FAULT_NONE;

	if (good) {
		io->urgency = header.urgency;
		io->until = header.not_after;
		*ret_own = (item.flags & KAI_ITEM_OWN) != 0;
	}
	turn->scratch->used = mark;
	return good;
}

static bool is_there(struct kai_turn *turn, const struct kai_ladder_place *place)
{
	struct kai_key key = kai_key_pair(place->arrival, place->peer);
	struct kai_span row;

	return kai_txn_get(turn->txn, KAI_TABLE_LADDERS, kai_key_span(&key), &row);
}

/* Does this org call anybody about anything? */
static bool is_on(const struct kai_engine *engine)
{
	for (uint64_t urgency = KAI_URGENCY_NOW; urgency <= KAI_URGENCY_INFO; urgency++) {
		const struct kai_ladder_times *times = kai_ladder_times_of(engine, urgency);

		if (times->delivered_ms > 0 || times->received_ms > 0)
			return true;
	}
	return false;
}

/* ---- what begins ---- */

/* When it is looked at whether our item is where it was to be. */
static void ask_at(struct kai_turn *turn, uint64_t arrival, uint64_t urgency)
{
	int64_t within = kai_ladder_times_of(turn->engine, urgency)->delivered_ms;
	struct kai_key rest = kai_key_u64(arrival);

	if (within > 0)
		kai_ladder_timer(turn, (uint64_t)(turn->event->wall.ms + within), KAI_TIMER_ASK,
				 &rest);
}

void kai_escalate_ask(struct kai_turn *turn, uint64_t arrival)
{
	struct kai_ladder row;
	bool own;

	if (is_on(turn->engine) && item_of(turn, arrival, &row, &own))
		ask_at(turn, arrival, row.urgency);
}

void kai_escalate_arrived(struct kai_turn *turn, struct kai_link *link, uint64_t arrival)
{
	struct kai_ladder_case ladder = {.place = {.arrival = arrival}};
	bool own;

	if (!is_on(turn->engine) || !item_of(turn, arrival, &ladder.row, &own))
		return;
	if (own) {
		ask_at(turn, arrival, ladder.row.urgency);
		return;
	}
	ladder.row.at = (uint64_t)turn->event->wall.ms;
	ladder.row.received_ms = kai_ladder_within(turn, link, ladder.row.urgency);
	if (ladder.row.received_ms > 0 && !is_there(turn, &ladder.place) &&
	    kai_ladder_over(turn, &ladder.place, ladder.row.until) == NULL)
		kai_ladder_begin(turn, &ladder);
}

/* Nothing is heard of a partner for whom something waits: whoever keeps its link up is called, once. */
static void begin_link(struct kai_turn *turn, const struct kai_link *link, uint64_t urgency)
{
	struct kai_ladder_case was;
	struct kai_ladder_case ladder = {
		.place = {.peer = link->number},
		.row = {.urgency = urgency,
			.at = (uint64_t)turn->event->wall.ms,
			.received_ms =
				(uint64_t)kai_ladder_times_of(turn->engine, urgency)->received_ms}};
	bool there = kai_ladder_read(turn, &ladder.place, &was);

	if (there && was.row.ended_at == 0)
		return;
	/* one that runs yet for the silence before is not known by its name any more */
	if (there && kai_ladder_under_way(&was.row))
		return;
	if (there && was.row.at >= ladder.row.at)
		ladder.row.at = was.row.at + 1;
	kai_ladder_begin(turn, &ladder);
}

/* Have we promised to pass it on to that one, and may we? */
static bool owed_to(struct kai_turn *turn, uint64_t arrival, const struct kai_link *link)
{
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_scan scan;
	struct kai_span key, value;
	bool owed = false;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_DUTIES, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (!owed && kai_scan_next(&scan, &key, &value)) {
		size_t mark = turn->scratch->used;
		struct kai_duty_place place;
		struct kai_duty_row row;

		owed = kai_duty_place_read(key, &place) && place.target == link->number &&
		       kai_object_decode(&kai_object_duty_row, value, turn->scratch, &row) ==
			       KAI_FAULT_NONE &&
		       row.side == KAI_DUTY_OURS && row.action == KAI_DUTY_PASS &&
		       row.state != KAI_DUTY_BLOCKED && row.state != KAI_DUTY_ENDED;
		turn->scratch->used = mark;
	}
	return owed;
}

/* Our own: whoever may have it was to have it. */
static bool is_for(struct kai_turn *turn, const struct kai_item_facts *item, struct kai_link *link)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_verdict verdicts[KAI_MAX_PARTS];
	struct kai_facts facts;
	uint32_t parts = 0;

	if (pair->state != KAI_STATE_ACTIVE)
		return false;
	if ((item->item.flags & KAI_ITEM_OWN) == 0)
		return owed_to(turn, item->arrival, link);
	kai_facts_init(&facts, pair, item, true, turn->event->wall);
	facts.target_passed = kai_target_passed(turn->txn, &item->header, link->number);
	return kai_facts_parts(&facts, item, &parts, verdicts).allow;
}

static void ask(struct kai_turn *turn, const struct kai_item_facts *item, struct kai_link *link)
{
	uint64_t urgency = item->header.urgency;
	uint64_t delivered = (uint64_t)kai_ladder_times_of(turn->engine, urgency)->delivered_ms;
	uint64_t now = (uint64_t)turn->event->wall.ms;
	struct kai_ladder_case ladder = {
		.place = {.arrival = item->arrival, .peer = link->number},
		.row = {.urgency = urgency,
			.at = now > delivered ? now - delivered : 0,
			.received_ms = kai_ladder_within(turn, link, urgency),
			.until = item->header.not_after}};

	if (is_there(turn, &ladder.place) || !is_for(turn, item, link) ||
	    kai_ladder_over(turn, &ladder.place, ladder.row.until) != NULL)
		return;
	if (link->state != KAI_LINK_UP &&
	    (ladder.row.received_ms > 0 || !kai_ladder_there(turn, item->arrival, link)))
		begin_link(turn, link, urgency);
	if (ladder.row.received_ms > 0)
		kai_ladder_begin(turn, &ladder);
}

static void asked(struct kai_turn *turn, uint64_t arrival)
{
	size_t mark = turn->scratch->used;
	struct kai_item_facts item;
	struct kai_ladder row;
	bool own;

	if (!item_of(turn, arrival, &row, &own) || !kai_rest_facts(turn, arrival, &item))
		return;
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		size_t used = turn->scratch->used;

		ask(turn, &item, turn->engine->links[i]);
		turn->scratch->used = used;
	}
	kai_scratch_back(turn, mark);
}

/* ---- what ends ---- */

static void end_if_over(struct kai_turn *turn, const struct kai_ladder_place *place)
{
	size_t mark = turn->scratch->used;
	struct kai_ladder_case ladder;
	const char *why = NULL;

	if (kai_ladder_read(turn, place, &ladder) && ladder.row.ended_at == 0)
		why = kai_ladder_over(turn, place, ladder.row.until);
	if (why != NULL)
		kai_ladder_end(turn, &ladder, why);
	kai_scratch_back(turn, mark);
}

static bool any_open(struct kai_turn *turn)
{
	return kai_txn_count(turn->txn, KAI_TABLE_LADDERS_OPEN) > 0;
}

void kai_escalate_changed(struct kai_turn *turn, uint64_t arrival)
{
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_ladder_place place;
	struct kai_scan scan;
	struct kai_span key;

	if (!any_open(turn))
		return;
	kai_scan_init(&scan, turn->txn, KAI_TABLE_LADDERS_OPEN, kai_key_span(&prefix),
		      kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, NULL))
		if (kai_ladder_place_read(key, &place))
			end_if_over(turn, &place);
}

void kai_escalate_said(struct kai_turn *turn, const struct kai_link *link, uint64_t arrival)
{
	struct kai_ladder_place place = {.arrival = arrival,
					 .peer = link == NULL ? 0 : link->number};

	end_if_over(turn, &place);
}

void kai_escalate_heard(struct kai_turn *turn, const struct kai_link *link)
{
	struct kai_ladder_place place = {.peer = link->number};

	end_if_over(turn, &place);
}

void kai_escalate_gone(struct kai_turn *turn, uint64_t arrival)
{
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_scan scan;
	struct kai_span at;

	if (kai_txn_count(turn->txn, KAI_TABLE_LADDERS) == 0)
		return;
	kai_scan_init(&scan, turn->txn, KAI_TABLE_LADDERS, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &at, NULL)) {
		size_t mark = turn->scratch->used;
		struct kai_ladder_case ladder;
		struct kai_ladder_place place;

		if (kai_ladder_place_read(at, &place) && kai_ladder_read(turn, &place, &ladder)) {
			kai_ladder_end(turn, &ladder, "expired");
			kai_ladder_forget(turn, &ladder);
		}
		kai_scratch_back(turn, mark);
	}
}

/* ---- the time ---- */

static void fired(struct kai_turn *turn, struct kai_span key)
{
	size_t mark = turn->scratch->used;
	struct kai_ladder_case ladder;
	struct kai_ladder_place place;

	if (kai_ladder_place_read(key, &place) && kai_ladder_read(turn, &place, &ladder))
		kai_ladder_climb(turn, &ladder);
	kai_scratch_back(turn, mark);
}

void kai_escalate_called(struct kai_turn *turn)
{
	const struct kai_call_ref *ref = &turn->event->call;
	struct kai_ladder_place place = {.arrival = ref->arrival, .peer = ref->peer};
	size_t mark = turn->scratch->used;
	struct kai_ladder_case ladder;

	if (kai_ladder_read(turn, &place, &ladder) && ladder.row.at == ref->at)
		kai_ladder_done(turn, &ladder);
	kai_scratch_back(turn, mark);
}

void kai_escalate_start(struct kai_turn *turn)
{
	kai_draw(turn, "life", turn->engine->life, sizeof(turn->engine->life));
	turn->engine->ladder_due.ms = 0;
}

void kai_escalate_again(struct kai_turn *turn)
{
	turn->engine->ladder_walks = true;
	turn->engine->ladder_from.len = 0;
}

/* Some of the open ones, after the clock went back. */
static void walk(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	struct kai_scan scan;
	struct kai_span key;
	unsigned rows = 0;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_LADDERS_OPEN, kai_span(NULL, 0),
		      kai_key_span(&engine->ladder_from), false);
	while (kai_scan_next(&scan, &key, NULL)) {
		size_t mark = turn->scratch->used;
		struct kai_ladder_case ladder;
		struct kai_ladder_place place;

		if (rows++ == WALK_ROWS) {
			engine->ladder_from = kai_key_bytes(key.at, key.len);
			return;
		}
		if (kai_ladder_place_read(key, &place) && kai_ladder_read(turn, &place, &ladder))
			kai_ladder_again(turn, &ladder);
		kai_scratch_back(turn, mark);
	}
	engine->ladder_walks = false;
}

/* Starts what is due, as far as may run at once. */
static void start_some(struct kai_turn *turn)
{
	struct kai_scan scan;
	struct kai_span key;
	unsigned rows = 0;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_CALLS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, NULL)) {
		size_t mark = turn->scratch->used;
		struct kai_ladder_case ladder;
		struct kai_ladder_place place;
		bool room = true;

		if (rows++ == 2 * WALK_ROWS) {
			turn->engine->ladder_due = turn->event->mono;
			return;
		}
		if (kai_call_place_read(key, &place) && kai_ladder_read(turn, &place, &ladder))
			room = kai_ladder_start(turn, &ladder);
		kai_scratch_back(turn, mark);
		if (!room)
			return; /* until one is done */
	}
}

static void fire(struct kai_turn *turn, const struct kai_key *timer)
{
	struct kai_span rest = kai_span(timer->at + TIMER_HEAD, timer->len - TIMER_HEAD);

	(void)kai_txn_del(turn->txn, KAI_TABLE_TIMERS, kai_key_span(timer));
	if (timer->at[TIMER_HEAD - 1] == KAI_TIMER_LADDER)
		fired(turn, rest);
	else if (rest.len == 8)
		asked(turn, kai_get_be64(rest.at));
}

/* What is due by the wall clock; sets when to look again. */
static void fire_some(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	uint64_t now = (uint64_t)turn->event->wall.ms;
	int64_t look_ms = turn->event->mono.ms + LOOK_MS; /* the clock may be set meanwhile */
	struct kai_key from = kai_key_u64(KAI_TIMER_WALL);
	struct kai_scan scan;
	struct kai_span key;
	unsigned rows = 0;
	bool any = false;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_TIMERS, kai_span(NULL, 0), kai_key_span(&from),
		      false);
	while (kai_scan_next(&scan, &key, NULL) && key.len > TIMER_HEAD) {
		struct kai_key timer = kai_key_bytes(key.at, key.len);
		uint64_t due = kai_get_be64(timer.at) & ~KAI_TIMER_WALL;
		size_t mark = turn->scratch->used;

		any = true;
		if (due > now) {
			if ((int64_t)(due - now) < LOOK_MS)
				look_ms = turn->event->mono.ms + (int64_t)(due - now);
			break;
		}
		if (rows++ == WALK_ROWS) {
			look_ms = turn->event->mono.ms;
			break;
		}
		fire(turn, &timer);
		kai_scratch_back(turn, mark);
	}
	if (any && look_ms < engine->ladder_due.ms)
		engine->ladder_due.ms = look_ms;
}

/* What is written as due now is committed before it is started. */
void kai_escalate_timer(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;

	if (engine->ladder_walks)
		walk(turn);
	if (turn->event->mono.ms < engine->ladder_due.ms)
		return;
	engine->ladder_due.ms = INT64_MAX;
	start_some(turn);
	fire_some(turn);
}

struct kai_mono kai_escalate_deadline(const struct kai_engine *engine)
{
	return (struct kai_mono){engine->ladder_walks ? 0 : engine->ladder_due.ms};
}
