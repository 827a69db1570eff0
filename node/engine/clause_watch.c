/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When clauses may begin to carry, and when they close: looked at as links come and go, as trust changes and as time
 * passes. What could not go before is met as the log is walked anew for the peer that a clause leads to.
 */
#include "clause.h"
#include "kairan/rec.h"

#include "duty.h"

#include <string.h>

void kai_clause_moved(struct kai_turn *turn)
{
	struct kai_span key;
	struct kai_scan scan;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_OUTAGES, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	/* an opening outlives its clause, until that is closed */
	if (kai_clause_asked(turn) || kai_scan_next(&scan, &key, NULL))
		turn->engine->clause_due.ms = 0;
}

struct kai_mono kai_clause_deadline(const struct kai_engine *engine)
{
	return engine->clause_due;
}

/* ---- closing ---- */

/* The clause of the terms in force whose openings lie there; NULL: it is none any more. */
static const struct kai_contingency *clause_of(struct kai_turn *turn, struct kai_link *link,
					       struct kai_span key)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);

	if (!pair->has_terms || pair->state != KAI_STATE_ACTIVE)
		return NULL;
	for (size_t i = 0; i < pair->agreement.terms.contingency_count; i++) {
		const struct kai_contingency *clause = &pair->agreement.terms.contingency[i];
		struct kai_key own = kai_key_outage(link->number, KAI_OUTAGE_OURS, clause);

		if (kai_span_equal(kai_key_span(&own), key))
			return clause;
	}
	return NULL;
}

/* Who is out of reach still, the one it was opened for first; NULL: nobody. */
static const struct kai_link *who_is_away(struct kai_turn *turn, const struct kai_link *to,
					  const struct kai_contingency *clause,
					  const struct kai_outage *opening, int64_t *io_due_ms)
{
	struct kai_link *first = kai_link_find(turn->engine, opening->unreached);
	int64_t late_ms = INT64_MAX;

	/* Within the time of a greeting after a start nobody knows: then it is neither closed nor carries. */
	if (first != NULL && first->state != KAI_LINK_UP &&
	    (kai_clause_unreached(turn, first, to, clause, opening, &late_ms) ||
	     late_ms != INT64_MAX)) {
		*io_due_ms = kai_sooner(*io_due_ms, late_ms);
		return first;
	}
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *other = turn->engine->links[i];

		if (kai_clause_unreached(turn, other, to, clause, opening, io_due_ms))
			return other;
	}
	return NULL;
}

struct closing {
	const char *why; /* NULL: it stays open */
	const char *event;
	uint64_t at;
};

static struct closing look(struct kai_turn *turn, struct kai_link *link,
			   const struct kai_contingency *clause, struct kai_outage *io_opening,
			   int64_t *io_due_ms)
{
	uint64_t now = (uint64_t)turn->event->wall.ms;

	if (clause == NULL)
		return (struct closing){"agreement", "contingency-void", now};
	uint64_t end = io_opening->opened_at + clause->longest_ms;

	if (now > end)
		return (struct closing){"longest", "contingency-over", end};
	*io_due_ms = kai_sooner(*io_due_ms, turn->event->mono.ms + (int64_t)(end + 1 - now));
	const struct kai_link *away = who_is_away(turn, link, clause, io_opening, io_due_ms);

	if (away == NULL)
		return (struct closing){"returned", "contingency-closed", now};
	memcpy(io_opening->unreached, away->org, KAI_ID_LEN);
	return (struct closing){.why = NULL};
}

/* An opening of ours that is not closed. */
static void look_open(struct kai_turn *turn, struct kai_span key, struct kai_outage *opening,
		      int64_t *io_due_ms)
{
	uint16_t number = (uint16_t)(key.at[0] << 8 | key.at[1]);
	struct kai_link *link = kai_link_by_number(turn->engine, number);
	struct kai_key at = kai_key_bytes(key.at, key.len);
	char name[KAI_CLAUSE_NAME];
	uint8_t before[KAI_ID_LEN];

	if (link == NULL)
		return;
	memcpy(before, opening->unreached, KAI_ID_LEN);
	struct closing closing = look(turn, link, clause_of(turn, link, key), opening, io_due_ms);

	if (closing.why == NULL && kai_id_equal(before, opening->unreached))
		return;
	if (closing.why != NULL) {
		opening->closed_at =
			closing.at > opening->opened_at ? closing.at : opening->opened_at;
		opening->why = kai_span_str(closing.why);
	}
	kai_rec_put(turn->txn, KAI_TABLE_OUTAGES, &at, &kai_object_outage, opening);
	if (closing.why == NULL)
		return;
	kai_clause_name(turn, opening->unreached, name);
	kai_clause_say(turn, closing.event, link->org, NULL, name);
}

static void look_openings(struct kai_turn *turn, int64_t *io_due_ms)
{
	size_t mark = turn->scratch->used;
	struct kai_outage opening;
	struct kai_scan scan;
	struct kai_span key, value;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_OUTAGES, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		struct kai_key at = kai_key_bytes(key.at, key.len);

		if (key.len == KAI_OUTAGE_KEY && key.at[2] == KAI_OUTAGE_OURS &&
		    kai_rec_get(turn->txn, KAI_TABLE_OUTAGES, &at, &kai_object_outage,
				turn->scratch, &opening) &&
		    opening.closed_at == 0)
			look_open(turn, kai_key_span(&at), &opening, io_due_ms);
		kai_scratch_back(turn, mark);
	}
}

/* ---- beginning to carry ---- */

/* Spreads a number over 64 bits, so that sums of few of them hardly meet. */
static uint64_t mixed(uint64_t number)
{
	number = (number + 1) * 0x9e3779b97f4a7c15u;
	return number ^ number >> 29;
}

/* A sum over all pairs of a clause that may carry to that peer and an org that it waits for; 0: none. */
static uint64_t waits_for(struct kai_turn *turn, struct kai_link *link, int64_t *io_due_ms)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	int64_t wall_due = INT64_MAX;
	uint64_t sum = 0;

	if (link->state != KAI_LINK_UP || !pair->has_terms || pair->state != KAI_STATE_ACTIVE)
		return 0;
	for (size_t i = 0; i < pair->agreement.terms.contingency_count; i++) {
		const struct kai_contingency *clause = &pair->agreement.terms.contingency[i];
		size_t mark = turn->scratch->used;
		struct kai_outage opening;
		uint64_t opened_at;

		if (!kai_id_equal(clause->to, link->org))
			continue;
		bool known = kai_outage_known(turn->txn, pair, i, KAI_OUTAGE_OURS, turn->scratch,
					      &opening);

		if (kai_clause_may(clause, known ? &opening : NULL, turn->event->wall, &opened_at,
				   &wall_due))
			for (size_t k = 0; k < turn->engine->link_count; k++) {
				struct kai_link *other = turn->engine->links[k];

				if (kai_clause_unreached(turn, other, link, clause,
							 known ? &opening : NULL, io_due_ms))
					sum += mixed((uint64_t)i << 16 | other->number);
			}
		kai_scratch_back(turn, mark);
	}
	if (wall_due != INT64_MAX)
		*io_due_ms = kai_sooner(*io_due_ms,
					turn->event->mono.ms + wall_due - turn->event->wall.ms);
	return sum;
}

static void look_links(struct kai_turn *turn, int64_t *io_due_ms)
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];
		uint64_t sum = waits_for(turn, link, io_due_ms);

		if (sum == link->unreached)
			continue;
		link->unreached = sum;
		if (sum != 0)
			kai_spread_restart(turn, link);
		/* what held a duty back does so no longer, or again */
		kai_duty_again(turn);
	}
}

void kai_clause_timer(struct kai_turn *turn)
{
	int64_t now = turn->event->mono.ms;
	int64_t due = INT64_MAX;

	if (turn->engine->clause_due.ms > now)
		return;
	turn->engine->clause_due.ms = INT64_MAX;
	look_openings(turn, &due);
	if (kai_clause_asked(turn))
		look_links(turn, &due);
	/* openings that look_links' restart brings about come with a look of their own */
	turn->engine->clause_due.ms = due <= now ? now + 1 : due;
}
