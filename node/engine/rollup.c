/* SPDX-License-Identifier: Apache-2.0 */
/* How many of the constituency are how far, told without names to who brought the item first. */
#include "receipt.h"

#include <string.h>

#include "kairan/agreement.h"

#define EVERY_MS (10 * KAI_MS_SECOND) /* of one item, */
#define EVERY_ALERT_MS KAI_MS_SECOND  /* and of an alert */
#define MOST 65535u

/* In whatever state the agreement is: one that is suspended today may not be tomorrow. */
static bool is_constituent(struct kai_turn *turn, struct kai_link *link)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);

	if (!pair->has_terms)
		return false;
	int me = kai_terms_side(&pair->agreement.terms, turn->engine->config.org);

	return me >= 0 && kai_terms_direction(&pair->agreement.terms, me)->constituency;
}

bool kai_rollup_any(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;

	if (engine->constituency_looked && engine->constituency_at == engine->trust_generation)
		return engine->constituency;
	kai_link_load(turn);
	engine->constituency = false;
	for (size_t i = 0; !engine->constituency && i < engine->link_count; i++)
		engine->constituency = is_constituent(turn, engine->links[i]);
	engine->constituency_looked = true;
	engine->constituency_at = engine->trust_generation;
	return engine->constituency;
}

struct kai_link *kai_rollup_first(struct kai_turn *turn, uint64_t arrival)
{
	struct kai_key prefix = kai_key_u64(arrival);
	uint64_t least = UINT64_MAX;
	uint16_t first = 0;
	struct kai_scan scan;
	struct kai_span key, value;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_SUPPLY, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value) && key.len == prefix.len + 2) {
		size_t mark = turn->scratch->used;
		struct kai_supply supply;

		if (kai_object_decode(&kai_object_supply, value, turn->scratch, &supply) ==
			    KAI_FAULT_NONE &&
		    supply.at < least) {
			least = supply.at;
			first = (uint16_t)(key.at[8] << 8 | key.at[9]);
		}
		turn->scratch->used = mark;
	}
	return first == 0 ? NULL : kai_link_by_number(turn->engine, first);
}

void kai_rollup_changed(struct kai_turn *turn, struct kai_link *link, uint64_t arrival)
{
	struct kai_link *first;

	if (!is_constituent(turn, link))
		return;
	first = kai_rollup_first(turn, arrival);
	if (first != NULL)
		kai_owe(turn, first, arrival, KAI_LEVEL_BIT(KAI_LEVEL_FORWARDED), false);
}

/* ---- counting */

/* An item that is counted for. */
struct counting {
	struct kai_turn *turn;
	const struct kai_item_facts *facts;
	struct kai_rollup own, below;
};

static bool has_row(struct kai_turn *turn, enum kai_table table, const struct kai_link *link,
		    uint64_t arrival)
{
	struct kai_key key = kai_key_pair(arrival, link->number);
	struct kai_span value;

	return kai_txn_get(turn->txn, table, kai_key_span(&key), &value);
}

/* It is the constituency's that did not bring it, and it went there or would. */
static bool is_member(const struct counting *counting, struct kai_link *link)
{
	const struct kai_item_facts *of = counting->facts;
	struct kai_facts facts;

	if (!is_constituent(counting->turn, link) || kai_id_equal(link->org, of->header.origin) ||
	    has_row(counting->turn, KAI_TABLE_SUPPLY, link, of->arrival))
		return false;
	if (has_row(counting->turn, KAI_TABLE_RELEASED, link, of->arrival))
		return true;
	kai_facts_init(&facts, kai_pair_now(counting->turn, link), of, true,
		       counting->turn->event->wall);
	return kai_policy_decide(&facts).allow;
}

static void add(uint64_t *io_sum, uint64_t more)
{
	*io_sum = *io_sum + more < MOST ? *io_sum + more : MOST;
}

static void add_all(struct kai_rollup *io, const struct kai_rollup *more)
{
	add(&io->members, more->members);
	add(&io->delivered, more->delivered);
	add(&io->seen, more->seen);
	add(&io->received, more->received);
	add(&io->action, more->action);
	add(&io->attested, more->attested);
}

static void count_member(struct counting *counting, const struct kai_link *link)
{
	struct kai_turn *turn = counting->turn;
	size_t mark = turn->scratch->used;
	struct kai_receipt_rec rec;

	(void)kai_receipt_read(turn, counting->facts->arrival, link->number, &rec);
	uint64_t highest = kai_receipt_highest(&rec);
	const struct kai_reached *theirs = kai_receipt_reached(&rec, KAI_LEVEL_FORWARDED);
	const struct kai_rollup one = {.members = 1,
				       .delivered = highest >= KAI_LEVEL_DELIVERED,
				       .seen = highest >= KAI_LEVEL_SEEN,
				       .received = highest >= KAI_LEVEL_RECEIVED,
				       .action = highest >= KAI_LEVEL_ACTION,
				       .attested =
					       highest < KAI_LEVEL_RECEIVED && rec.attested_at > 0};

	add_all(&counting->own, &one);
	if (theirs != NULL && theirs->forwarded != NULL)
		add_all(&counting->below, theirs->forwarded);
	turn->scratch->used = mark;
}

/* What it says of itself is one hop deep: counts that ran in a circle would never come to rest. */
static void count(struct counting *counting)
{
	struct kai_engine *engine = counting->turn->engine;

	for (size_t i = 0; i < engine->link_count; i++) {
		if (is_member(counting, engine->links[i]))
			count_member(counting, engine->links[i]);
	}
}

/* Not before it was here, or told, for so long. A clock that was put back does not make it wait longer. */
static int64_t wait_ms(const struct kai_turn *turn, uint64_t received_at,
		       const struct kai_reached *was, bool urgent)
{
	int64_t every_ms = urgent ? EVERY_ALERT_MS : EVERY_MS;
	uint64_t since = was != NULL ? was->heard_at : received_at;
	int64_t wait = (int64_t)since + every_ms - turn->event->wall.ms;

	return wait > 0 && wait <= every_ms ? wait : 0;
}

/* Fills *io_counting and what was told before, if it may be told again by now; what it took of scratch is
 * the caller's to set back. */
static bool count_now(struct kai_turn *turn, uint64_t arrival, struct counting *io_counting,
		      struct kai_receipt_rec *ret_own, int64_t *ret_wait_ms)
{
	struct kai_item_facts *facts = kai_arena_take(turn->scratch, sizeof(*facts));

	if (facts == NULL ||
	    !kai_item_facts_recall(turn->txn, arrival, turn->scratch, &turn->engine->onward, facts))
		return false;
	(void)kai_receipt_read(turn, arrival, 0, ret_own);
	*ret_wait_ms = wait_ms(turn, facts->item.received_at,
			       kai_receipt_reached(ret_own, KAI_LEVEL_FORWARDED),
			       facts->header.urgency == KAI_URGENCY_NOW);
	if (*ret_wait_ms > 0)
		return false;
	io_counting->facts = facts;
	count(io_counting);
	io_counting->facts = NULL;
	return io_counting->own.members > 0;
}

static void write_told(struct kai_turn *turn, uint64_t arrival, struct kai_receipt_rec *own,
		       struct kai_reached *io_told)
{
	const struct kai_reached *was = kai_receipt_reached(own, KAI_LEVEL_FORWARDED);

	if (was != NULL && was->at >= io_told->at)
		io_told->at = was->at + 1;
	kai_receipt_enter(turn, own, io_told);
	kai_receipt_write(turn, arrival, 0, own);
}

bool kai_rollup_tell(struct kai_turn *turn, uint64_t arrival, struct kai_reached *ret,
		     int64_t *ret_wait_ms)
{
	struct counting *counting = kai_arena_take(turn->scratch, sizeof(*counting));
	size_t mark = turn->scratch->used;
	uint64_t now = (uint64_t)turn->event->wall.ms;
	struct kai_receipt_rec own;

	if (counting == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return false;
	}
	if (!kai_rollup_any(turn))
		return false;
	*counting = (struct counting){.turn = turn};
	bool tell = count_now(turn, arrival, counting, &own, ret_wait_ms);

	if (tell) {
		*ret = (struct kai_reached){.level = KAI_LEVEL_FORWARDED,
					    .at = now,
					    .heard_at = now,
					    .forwarded = &counting->own,
					    .below = counting->below.members > 0 ? &counting->below
										 : NULL};
		write_told(turn, arrival, &own, ret);
	}
	/* not held back for want of room: then it would be owed no longer */
	if (turn->scratch->full)
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
	kai_scratch_back(turn, mark);
	return tell;
}
