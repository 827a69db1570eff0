/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contingency: what a clause of an agreement carries beside its rules. It is open while somebody who is owed the
 * item cannot be reached, no longer than it says and not again before its pause; SPEC.md section 6 says the rules
 * in words.
 */
#include "clause.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <string.h>

#define SURE_MS                                                                                    \
	(10 * KAI_MS_SECOND) /* so long a greeting may take: nobody is out of reach before */

/* ---- the clause and its last opening ---- */

int64_t kai_sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool kai_clause_may(const struct kai_contingency *clause, const struct kai_outage *opening,
		    struct kai_wall now, uint64_t *ret_opened_at, int64_t *io_due)
{
	uint64_t at = now.ms > 0 ? (uint64_t)now.ms : 0;

	*ret_opened_at = at;
	if (opening == NULL)
		return at > 0;
	uint64_t end = opening->opened_at + clause->longest_ms;
	uint64_t closed_at = opening->closed_at != 0 ? opening->closed_at : end;
	uint64_t again = closed_at + clause->pause_ms;
	uint64_t next = end + clause->pause_ms;

	if (at < opening->opened_at) {
		/* by a clock that was wrong then, or is now */
		*io_due = kai_sooner(*io_due, (int64_t)opening->opened_at);
		return false;
	}
	if (at <= end && (opening->closed_at == 0 || at >= again)) {
		/* what begins within it is no opening of its own */
		*ret_opened_at = opening->opened_at;
		*io_due = kai_sooner(*io_due, (int64_t)end + 1);
		return true;
	}
	if (at > end && at >= next && at >= again)
		return true;
	*io_due = kai_sooner(*io_due, (int64_t)(at <= end && again <= end ? again
						: again > next		  ? again
									  : next));
	return false;
}

/* ---- who is out of reach ---- */

static bool is_away(const struct kai_link *link)
{
	return link->state == KAI_LINK_DOWN || (link->state == KAI_LINK_GREETING && !link->again);
}

bool kai_clause_unreached(struct kai_turn *turn, struct kai_link *other, const struct kai_link *to,
			  const struct kai_contingency *clause, const struct kai_outage *opening,
			  int64_t *io_due_ms)
{
	int64_t need_ms = (int64_t)clause->after_ms > SURE_MS ? (int64_t)clause->after_ms : SURE_MS;

	if (other == to || kai_id_equal(other->org, clause->from) || !is_away(other))
		return false;
	/* It was waited for already, perhaps by the start of the node before. */
	if (opening != NULL && opening->closed_at == 0 &&
	    kai_id_equal(opening->unreached, other->org))
		need_ms = SURE_MS;
	const struct kai_pair *pair = kai_pair_now(turn, other);

	if (pair->state != KAI_STATE_ACTIVE ||
	    kai_terms_direction(&pair->agreement.terms,
				kai_terms_side(&pair->agreement.terms, pair->me))
		    ->constituency)
		return false;
	if (turn->event->mono.ms - other->gone.ms < need_ms) {
		*io_due_ms = kai_sooner(*io_due_ms, other->gone.ms + need_ms);
		return false;
	}
	return true;
}

/* It may have the item, and neither brought it nor said anything of it for good. */
static bool is_owed(struct kai_turn *turn, struct kai_link *other,
		    const struct kai_item_facts *item)
{
	struct kai_key key = kai_key_pair(item->arrival, other->number);
	size_t mark = turn->scratch->used;
	struct kai_released released;
	struct kai_supply supply;
	struct kai_facts facts;
	uint32_t parts = 0;
	bool settled =
		item->arrival != 0 && kai_rec_get(turn->txn, KAI_TABLE_SUPPLY, &key,
						  &kai_object_supply, turn->scratch, &supply);

	if (item->arrival != 0 && kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key,
					      &kai_object_released, turn->scratch, &released))
		settled = released.state == KAI_RELEASED_STORED ||
			  released.state == KAI_RELEASED_REFUSED;
	kai_scratch_back(turn, mark);
	if (settled)
		return false;
	kai_facts_init(&facts, kai_pair_now(turn, other), item, true, turn->event->wall);
	return kai_facts_parts(&facts, item, &parts, NULL).allow || parts != 0;
}

static bool somebody_waits(struct kai_turn *turn, const struct kai_link *to,
			   const struct kai_contingency *clause, const struct kai_outage *opening,
			   const struct kai_item_facts *item, const uint8_t **ret_org)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *other = turn->engine->links[i];

		if (!kai_clause_unreached(turn, other, to, clause, opening, &due) ||
		    !is_owed(turn, other, item))
			continue;
		*ret_org = other->org;
		return true;
	}
	return false;
}

/* ---- one item ---- */

/* The first clause by which it may go now, and who makes that so. */
static bool find(struct kai_turn *turn, struct kai_link *link, const struct kai_item_facts *item,
		 struct kai_mark *ret, const uint8_t **ret_org)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	size_t mark = turn->scratch->used;
	struct kai_outage opening;
	int64_t due = INT64_MAX;
	bool found = false;

	if (!pair->has_terms || pair->state != KAI_STATE_ACTIVE)
		return false;
	for (size_t i = 0; !found && i < pair->agreement.terms.contingency_count; i++) {
		const struct kai_contingency *clause = &pair->agreement.terms.contingency[i];

		if (!kai_clause_names(clause, item->header.origin, link->org, item->header.kind))
			continue;
		bool known = kai_outage_known(turn->txn, pair, i, KAI_OUTAGE_OURS, turn->scratch,
					      &opening);

		ret->clause = i;
		found = kai_clause_may(clause, known ? &opening : NULL, turn->event->wall,
				       &ret->opened_at, &due) &&
			somebody_waits(turn, link, clause, known ? &opening : NULL, item, ret_org);
		kai_scratch_back(turn, mark);
	}
	return found;
}

bool kai_clause_mark(struct kai_turn *turn, struct kai_link *link,
		     const struct kai_item_facts *facts, struct kai_mark *ret)
{
	const uint8_t *org = NULL;

	return find(turn, link, facts, ret, &org);
}

static void put(struct kai_turn *turn, const struct kai_link *link,
		const struct kai_contingency *clause, const struct kai_outage *opening)
{
	struct kai_key key = kai_key_outage(link->number, KAI_OUTAGE_OURS, clause);

	kai_rec_put(turn->txn, KAI_TABLE_OUTAGES, &key, &kai_object_outage, opening);
}

void kai_clause_say(struct kai_turn *turn, const char *event, const uint8_t org[KAI_ID_LEN],
		    const uint8_t *id, const char *text)
{
	struct kai_journal entry = {.at = (uint64_t)turn->event->wall.ms,
				    .event = kai_span_str(event),
				    .rule = kai_span_str(""),
				    .text = kai_span_str(text)};

	entry.org.is = true;
	memcpy(entry.org.id, org, KAI_ID_LEN);
	if (id != NULL) {
		entry.id.is = true;
		memcpy(entry.id.id, id, KAI_ID_LEN);
	}
	kai_journal_append(turn->txn, &entry);
	kai_out_trace(turn, event, org, id, NULL, 0);
}

void kai_clause_name(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
		     char ret[KAI_CLAUSE_NAME])
{
	struct kai_arena lists = *turn->scratch;
	struct kai_peer peer;

	kai_id_text(org, ret);
	if (kai_rec_peer(turn->txn, org, &lists, &peer) && peer.alias.len > 0) {
		memcpy(ret, peer.alias.at, peer.alias.len);
		ret[peer.alias.len] = '\0';
	}
}

bool kai_clause_open(struct kai_turn *turn, struct kai_link *link, const struct kai_mark *mark,
		     const struct kai_item_facts *item)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	const struct kai_contingency *clause = &pair->agreement.terms.contingency[mark->clause];
	struct kai_mark found = *mark;
	struct kai_outage opening;
	const uint8_t *org = NULL;
	char name[KAI_CLAUSE_NAME];

	bool known = kai_outage_known(turn->txn, pair, mark->clause, KAI_OUTAGE_OURS, turn->scratch,
				      &opening);

	if ((known && kai_outage_holds(&opening, clause, turn->event->wall)) ||
	    !find(turn, link, item, &found, &org))
		return false;
	if (!known || opening.opened_at != mark->opened_at)
		opening = (struct kai_outage){.opened_at = mark->opened_at};
	opening.closed_at = 0;
	opening.why = kai_span_str("");
	opening.clause = mark->clause;
	memcpy(opening.agreement, pair->agreement.digest, KAI_ID_LEN);
	memcpy(opening.unreached, org, KAI_ID_LEN);
	put(turn, link, clause, &opening);
	kai_clause_name(turn, opening.unreached, name);
	kai_clause_say(turn, "contingency-opened", link->org, item->item.id, name);
	kai_clause_moved(turn);
	return true;
}

void kai_clause_carried(struct kai_turn *turn, struct kai_link *link, const struct kai_mark *mark,
			const uint8_t id[KAI_ID_LEN])
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_outage opening;
	char since[KAI_TIME_TEXT];

	if (!kai_outage_known(turn->txn, pair, mark->clause, KAI_OUTAGE_OURS, turn->scratch,
			      &opening))
		return;
	opening.carried++;
	put(turn, link, &pair->agreement.terms.contingency[mark->clause], &opening);
	kai_time_text((struct kai_wall){(int64_t)mark->opened_at}, since);
	kai_clause_say(turn, "contingency-carried", link->org, id, since);
}
