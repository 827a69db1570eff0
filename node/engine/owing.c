/* SPDX-License-Identifier: Apache-2.0 */
/* What others are to be told of items, until they say that they have it. */
#include "receipt.h"

#include <stdlib.h>
#include <string.h>

#define COMPANY_MS 250		  /* what is delivered waits so long for company */
#define COUNT_MS KAI_MS_SECOND	  /* and counts so long */
#define PATIENCE_MS KAI_MS_MINUTE /* without an answer it is told again */
#define LOOKS 512u		  /* rows in one step */

/* ---- a link's life */

static void land(struct kai_owing_lane *lane)
{
	free(lane->told);
	lane->told = NULL;
	lane->told_count = 0;
}

static void soon(struct kai_engine *engine, struct kai_owing_lane *lane, int64_t at_ms)
{
	if (at_ms < lane->due_ms)
		lane->due_ms = at_ms;
	if (at_ms < engine->owing_due.ms)
		engine->owing_due.ms = at_ms;
}

void kai_owing_up(struct kai_turn *turn, struct kai_link *link)
{
	if (link->owing == NULL)
		link->owing = calloc(1, sizeof(*link->owing));
	if (link->owing == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	for (size_t i = 0; i < KAI_OWED_LANES; i++) {
		struct kai_owing_lane *lane = &link->owing->lanes[i];

		land(lane);
		*lane = (struct kai_owing_lane){.due_ms = INT64_MAX, .next_ms = INT64_MAX};
		soon(turn->engine, lane, turn->event->mono.ms);
	}
}

void kai_owing_down(struct kai_link *link)
{
	kai_owing_free(link->owing);
	link->owing = NULL;
}

void kai_owing_free(struct kai_owing *owing)
{
	if (owing == NULL)
		return;
	for (size_t i = 0; i < KAI_OWED_LANES; i++)
		land(&owing->lanes[i]);
	free(owing);
}

/* ---- what is owed */

static int64_t wait_of(size_t lane)
{
	static const int64_t waits[KAI_OWED_LANES] = {
		[KAI_OWED_DELIVERED] = COMPANY_MS, [KAI_OWED_COUNTED] = COUNT_MS};

	return waits[lane];
}

static void owe_in(struct kai_turn *turn, struct kai_link *link, uint64_t arrival, uint64_t levels,
		   enum kai_owed_lane number)
{
	struct kai_key key = kai_key_owed(link->number, (uint8_t)number, arrival);
	struct kai_owed owed = {.levels = 0};
	size_t mark = turn->scratch->used;

	(void)kai_rec_get(turn->txn, KAI_TABLE_OWED, &key, &kai_object_owed, turn->scratch, &owed);
	turn->scratch->used = mark;
	owed.levels |= levels;
	owed.changes++;
	owed.bundle = 0;
	kai_rec_put(turn->txn, KAI_TABLE_OWED, &key, &kai_object_owed, &owed);
	if (link->owing == NULL)
		return;
	struct kai_owing_lane *lane = &link->owing->lanes[number];

	lane->behind |= arrival <= lane->after;
	/* else it is met in the pass that is under way, or after the answer that is waited for */
	if (lane->told == NULL && lane->after == 0)
		soon(turn->engine, lane, turn->event->mono.ms + wait_of(number));
}

void kai_owe(struct kai_turn *turn, struct kai_link *link, uint64_t arrival, uint64_t levels,
	     bool urgent)
{
	const uint64_t counted = KAI_LEVEL_BIT(KAI_LEVEL_FORWARDED);
	const uint64_t person = KAI_LEVEL_BIT(KAI_LEVEL_SEEN) | KAI_LEVEL_BIT(KAI_LEVEL_RECEIVED) |
				KAI_LEVEL_BIT(KAI_LEVEL_ACTION);
	uint64_t rest = levels & ~counted;

	if ((levels & counted) != 0)
		owe_in(turn, link, arrival, counted, KAI_OWED_COUNTED);
	if (rest != 0)
		owe_in(turn, link, arrival, rest,
		       urgent || (rest & person) != 0 ? KAI_OWED_URGENT : KAI_OWED_DELIVERED);
}

void kai_owe_all(struct kai_turn *turn, struct kai_link *link, uint64_t arrival, bool urgent)
{
	uint64_t levels = KAI_LEVEL_BIT(KAI_LEVEL_DELIVERED);
	size_t mark = turn->scratch->used;
	struct kai_receipt_rec own;

	if (kai_receipt_read(turn, arrival, 0, &own)) {
		for (size_t i = 0; i < own.levels_count; i++)
			levels |= KAI_LEVEL_BIT(own.levels[i].level);
	}
	turn->scratch->used = mark;
	if (kai_rollup_first(turn, arrival) != link)
		levels &= ~KAI_LEVEL_BIT(KAI_LEVEL_FORWARDED);
	kai_owe(turn, link, arrival, levels, urgent);
}

static void settle(struct kai_turn *turn, const struct kai_link *link, size_t lane,
		   const struct kai_told *told)
{
	struct kai_key key = kai_key_owed(link->number, (uint8_t)lane, told->arrival);
	size_t mark = turn->scratch->used;
	struct kai_owed owed;
	bool there = kai_rec_get(turn->txn, KAI_TABLE_OWED, &key, &kai_object_owed, turn->scratch,
				 &owed);

	turn->scratch->used = mark;
	/* what was added since then is told again, with all that stands beside it */
	if (!there || owed.changes != told->changes)
		return;
	owed.levels &= ~told->levels;
	if (owed.levels == 0)
		(void)kai_txn_del(turn->txn, KAI_TABLE_OWED, kai_key_span(&key));
	else
		kai_rec_put(turn->txn, KAI_TABLE_OWED, &key, &kai_object_owed, &owed);
}

void kai_owing_taken(struct kai_turn *turn, struct kai_link *link, const uint8_t digest[KAI_ID_LEN])
{
	for (size_t i = 0; link->owing != NULL && i < KAI_OWED_LANES; i++) {
		struct kai_owing_lane *lane = &link->owing->lanes[i];

		if (lane->told == NULL || !kai_id_equal(lane->digest, digest))
			continue;
		for (size_t k = 0; k < lane->told_count; k++)
			settle(turn, link, i, &lane->told[k]);
		land(lane);
		soon(turn->engine, lane, turn->event->mono.ms);
		return;
	}
}

/* ---- telling */

/* One row; what nothing can be said of is owed no longer. */
static void add_row(struct kai_turn *turn, const struct kai_key *key, struct kai_owing_lane *lane,
		    struct kai_telling *batch)
{
	uint64_t arrival = kai_get_be64(key->at + 3);
	struct kai_owed owed;
	int64_t wait_ms = 0;

	if (!kai_rec_get(turn->txn, KAI_TABLE_OWED, key, &kai_object_owed, turn->scratch, &owed))
		return;
	uint64_t told = kai_telling_add(turn, arrival, owed.levels, batch, &wait_ms);

	if (told != 0)
		batch->told[batch->told_count++] = (struct kai_told){
			.arrival = arrival, .levels = told, .changes = owed.changes};
	else if (wait_ms == 0)
		(void)kai_txn_del(turn->txn, KAI_TABLE_OWED, kai_key_span(key));
	if (wait_ms > 0 && turn->event->mono.ms + wait_ms < lane->next_ms)
		lane->next_ms = turn->event->mono.ms + wait_ms;
}

static void end_pass(struct kai_turn *turn, struct kai_owing_lane *lane, size_t number)
{
	int64_t least_ms = turn->event->mono.ms + wait_of(number);

	lane->after = 0;
	lane->due_ms = lane->next_ms;
	lane->next_ms = INT64_MAX;
	if (lane->due_ms < least_ms || lane->behind)
		lane->due_ms = least_ms;
	lane->behind = false;
}

/* Goes on with the pass until a statement is full; what was due is looked at again later. */
static void gather(struct kai_turn *turn, const struct kai_link *link, size_t number,
		   struct kai_telling *batch)
{
	struct kai_owing_lane *lane = &link->owing->lanes[number];
	struct kai_key from = kai_key_owed(link->number, (uint8_t)number, lane->after + 1);
	struct kai_scan scan;
	struct kai_span at;
	unsigned looks = 0;

	lane->due_ms = turn->event->mono.ms;
	kai_scan_init(&scan, turn->txn, KAI_TABLE_OWED, kai_span(from.at, 3), kai_key_span(&from),
		      false);
	while (kai_telling_fits(batch)) {
		if (looks++ == LOOKS)
			return;
		if (!kai_scan_next(&scan, &at, NULL)) {
			end_pass(turn, lane, number);
			return;
		}
		struct kai_key key = kai_key_bytes(at.at, at.len);

		lane->after = kai_get_be64(key.at + 3);
		add_row(turn, &key, lane, batch);
	}
}

static bool tell(struct kai_turn *turn, const struct kai_link *link, size_t number,
		 struct kai_telling *batch, uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_receipt_frame frame = {.taken = {.is = false}};

	frame.bytes = kai_telling_sign(turn, link, batch, ret_digest);
	return frame.bytes.len > 0 &&
	       kai_out_send(turn, link, KAI_MSG_RECEIPT, &frame, number == KAI_OWED_URGENT) > 0;
}

/* Tells what a pass meets; what could not be told waits as if there were no answer. */
static void gather_and_tell(struct kai_turn *turn, const struct kai_link *link, size_t number)
{
	struct kai_owing_lane *lane = &link->owing->lanes[number];
	struct kai_telling batch;

	if (!kai_telling_init(turn, &batch))
		return;
	gather(turn, link, number, &batch);
	if (batch.count == 0) {
		free(batch.told);
		return;
	}
	if (!tell(turn, link, number, &batch, lane->digest))
		kai_out_trace(turn, "receipt-not-sent", link->org, NULL, NULL, batch.count);
	lane->told = realloc(batch.told, batch.told_count * sizeof(*batch.told));
	if (lane->told == NULL)
		lane->told = batch.told;
	lane->told_count = batch.told_count;
	lane->sent_at = turn->event->mono;
	lane->due_ms = turn->event->mono.ms + PATIENCE_MS;
}

static void run_lane(struct kai_turn *turn, struct kai_link *link, size_t number)
{
	struct kai_owing_lane *lane = &link->owing->lanes[number];
	int64_t now_ms = turn->event->mono.ms;
	size_t mark = turn->scratch->used;

	if (lane->due_ms > now_ms)
		return;
	if (link->state != KAI_LINK_UP || kai_pair_now(turn, link)->state != KAI_STATE_ACTIVE) {
		lane->due_ms = INT64_MAX; /* until it greets again */
		return;
	}
	if (lane->told != NULL) {
		/* no answer: from the beginning */
		land(lane);
		lane->after = 0;
		lane->next_ms = INT64_MAX;
	}
	gather_and_tell(turn, link, number);
	kai_scratch_back(turn, mark);
}

void kai_owing_run(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;

	if (turn->event->mono.ms < engine->owing_due.ms)
		return;
	engine->owing_due.ms = INT64_MAX;
	for (size_t i = 0; i < engine->link_count; i++) {
		struct kai_link *link = engine->links[i];

		for (size_t lane = 0; link->owing != NULL && lane < KAI_OWED_LANES; lane++) {
			run_lane(turn, link, lane);
			if (link->owing->lanes[lane].due_ms < engine->owing_due.ms)
				engine->owing_due.ms = link->owing->lanes[lane].due_ms;
		}
	}
}
