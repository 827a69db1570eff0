/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to call, by whose silence. Whether a link or a person is silent is decided when the step is due: what was
 * delivered to somebody whom we hear is for people to say; from where nothing is heard, another way is taken.
 */
#include "kairan/text.h"
#include "ladder.h"
#include "receipt.h"

/* ---- is there silence? ---- */

static uint64_t level_of(struct kai_turn *turn, uint64_t arrival, uint16_t peer, bool *ret_attested)
{
	size_t mark = turn->scratch->used;
	struct kai_receipt_rec rec;

	(void)kai_receipt_read(turn, arrival, peer, &rec);
	*ret_attested = rec.attested_at != 0;
	turn->scratch->used = mark;
	return kai_receipt_highest(&rec);
}

/* -1: it never went there. */
static int released_state(struct kai_turn *turn, uint64_t arrival, uint16_t peer)
{
	struct kai_key key = kai_key_pair(arrival, peer);
	size_t mark = turn->scratch->used;
	struct kai_released released;
	bool there = kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released,
				 turn->scratch, &released);

	turn->scratch->used = mark;
	return there ? (int)released.state : -1;
}

bool kai_ladder_there(struct kai_turn *turn, uint64_t arrival, const struct kai_link *link)
{
	struct kai_key key = kai_key_pair(arrival, link->number);
	struct kai_span supply;
	bool attested;

	return level_of(turn, arrival, link->number, &attested) >= KAI_LEVEL_DELIVERED ||
	       released_state(turn, arrival, link->number) == KAI_RELEASED_STORED ||
	       kai_txn_get(turn->txn, KAI_TABLE_SUPPLY, kai_key_span(&key), &supply);
}

static const char *item_over(struct kai_turn *turn, uint64_t arrival, uint64_t until)
{
	size_t mark = turn->scratch->used;
	uint64_t flags = 0;
	struct kai_item item;
	bool there = kai_rec_item(turn->txn, arrival, turn->scratch, &item);

	if (there)
		flags = item.flags;
	turn->scratch->used = mark;
	if (!there || until <= kai_sweep_now(turn))
		return "expired";
	if ((flags & KAI_ITEM_RETRACTED) != 0)
		return "retracted";
	return (flags & KAI_ITEM_SUPERSEDED) != 0 ? "superseded" : NULL;
}

const char *kai_ladder_over(struct kai_turn *turn, const struct kai_ladder_place *place,
			    uint64_t until)
{
	struct kai_link *link = kai_link_by_number(turn->engine, place->peer);
	const char *why = place->arrival == 0 ? NULL : item_over(turn, place->arrival, until);
	bool attested = false;

	if (why != NULL)
		return why;
	if (place->peer != 0 &&
	    (link == NULL || kai_pair_now(turn, link)->state != KAI_STATE_ACTIVE))
		return "agreement-over";
	if (place->arrival == 0)
		return link->state == KAI_LINK_UP ? "heard" : NULL;
	if (level_of(turn, place->arrival, place->peer, &attested) >= KAI_LEVEL_RECEIVED)
		return place->peer == 0 ? "acknowledged" : "received";
	if (attested)
		return "attested";
	return place->peer != 0 && released_state(turn, place->arrival, place->peer) ==
					   KAI_RELEASED_REFUSED
		       ? "refused"
		       : NULL;
}

/* ---- within what time ---- */

uint64_t kai_ladder_within(struct kai_turn *turn, struct kai_link *link, uint64_t urgency)
{
	const struct kai_pair *pair = link == NULL ? NULL : kai_pair_now(turn, link);
	const struct kai_terms *terms = pair == NULL ? NULL : &pair->agreement.terms;

	for (size_t i = 0; pair != NULL && pair->has_terms && i < terms->acks_count; i++)
		if (terms->acks[i].urgency == urgency && terms->acks[i].level == KAI_LEVEL_RECEIVED)
			return terms->acks[i].within_ms;
	return (uint64_t)kai_ladder_times_of(turn->engine, urgency)->received_ms;
}

/* ---- whom ---- */

/* People to choose from: of one side of an agreement, or any (side -1). */
struct people {
	const struct kai_contact *list;
	size_t count;
	int side;
	struct kai_wall reached_at; /* whoever says other hours than these comes last */
};

static bool is_shut(const struct people *people, const struct kai_contact *contact)
{
	return kai_hours_at(contact->hours, people->reached_at) == KAI_HOURS_SHUT;
}

/* The nth of that role; the last, where there are fewer; NULL: nobody. *ret_fewer: there were. */
static const struct kai_contact *find(const struct people *people, const char *role, size_t nth,
				      bool shut_too, bool *ret_fewer)
{
	const struct kai_contact *found = NULL;

	*ret_fewer = true;
	for (size_t i = 0; i < people->count; i++) {
		const struct kai_contact *at = &people->list[i];

		if ((people->side >= 0 && (int)at->side != people->side) ||
		    !kai_span_equal(at->role, kai_span_str(role)) ||
		    (!shut_too && is_shut(people, at)))
			continue;
		found = at;
		if (nth-- == 0) {
			*ret_fewer = false;
			return found;
		}
	}
	return found;
}

/* The first role that somebody has. At no hour is nobody called: where all are away, who is wanted first is. */
static const struct kai_contact *choose(const struct people *people, const char *const *roles,
					size_t nth, bool *ret_fewer)
{
	const struct kai_contact *found = NULL;

	for (int shut_too = 0; found == NULL && shut_too < 2; shut_too++) {
		for (size_t i = 0; found == NULL && roles[i] != NULL; i++)
			found = find(people, roles[i], nth, shut_too != 0, ret_fewer);
	}
	return found;
}

/* Of a rung: who is wanted, and who else where nobody has that role. */
static const char *const *roles_of(const struct kai_ladder_case *ladder, uint64_t rung)
{
	static const char *const duty[] = {"duty", "deputy", "decider", NULL};
	static const char *const deputy[] = {"deputy", "decider", "duty", NULL};
	static const char *const decider[] = {"decider", "deputy", "duty", NULL};
	static const char *const technical[] = {"technical", "duty", "deputy", "decider", NULL};

	if (ladder->place.arrival == 0)
		return technical;
	switch ((enum kai_rung)rung) {
	case KAI_RUNG_NOTICE:
	case KAI_RUNG_RECEIVED:
		return duty;
	case KAI_RUNG_DEPUTY:
	case KAI_RUNG_DEPUTY_2:
		return deputy;
	case KAI_RUNG_DECIDER:
	case KAI_RUNGS:
		break;
	}
	return decider;
}

/* This org's people by its configuration; else as it agreed with whoever brought the item. */
static struct people ours(struct kai_turn *turn, uint64_t arrival)
{
	const struct kai_escalation *config = &turn->engine->config.escalation;
	struct people people = {.list = config->people, .count = config->people_count, .side = -1};
	struct kai_link *first = people.count > 0 ? NULL : kai_rollup_first(turn, arrival);

	if (first != NULL) {
		const struct kai_pair *pair = kai_pair_now(turn, first);

		people.list = pair->agreement.terms.contacts;
		people.count = pair->has_terms ? pair->agreement.terms.contacts_count : 0;
		people.side = kai_terms_side(&pair->agreement.terms, turn->engine->config.org);
	}
	return people;
}

static struct people theirs(struct kai_turn *turn, struct kai_link *link)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct people people = {.side = 0};

	if (pair->has_terms) {
		people.list = pair->agreement.terms.contacts;
		people.count = pair->agreement.terms.contacts_count;
		people.side = kai_terms_side(&pair->agreement.terms, link->org);
	}
	return people;
}

static enum kai_silence silence_of(struct kai_turn *turn, const struct kai_ladder_place *place,
				   const struct kai_link *link)
{
	if (link == NULL)
		return KAI_SILENCE_OURS;
	return place->arrival != 0 && link->state == KAI_LINK_UP &&
			       kai_ladder_there(turn, place->arrival, link)
		       ? KAI_SILENCE_PERSON
		       : KAI_SILENCE_LINK;
}

/* The second way where the first was tried before, or is as silent as the link may be. */
static bool other_way(const struct kai_ladder_case *ladder, const struct kai_step *step, bool fewer)
{
	if (ladder->place.arrival != 0 && step->silence == KAI_SILENCE_LINK)
		return true;
	if (step->rung == KAI_RUNG_RECEIVED && step->silence != KAI_SILENCE_PERSON)
		return true;
	return step->rung == KAI_RUNG_DEPUTY_2 && fewer;
}

void kai_ladder_who(struct kai_turn *turn, const struct kai_ladder_case *ladder,
		    struct kai_step *io_step)
{
	struct kai_link *link = kai_link_by_number(turn->engine, ladder->place.peer);
	const char *const *roles = roles_of(ladder, io_step->rung);
	struct people people =
		link == NULL ? ours(turn, ladder->place.arrival) : theirs(turn, link);
	bool fewer = false;

	people.reached_at = turn->event->wall;
	io_step->silence = silence_of(turn, &ladder->place, link);
	io_step->role = kai_span_str(roles[0]);
	const struct kai_contact *found =
		choose(&people, roles, io_step->rung == KAI_RUNG_DEPUTY_2 ? 1 : 0, &fewer);

	if (found == NULL)
		return;
	bool other = other_way(ladder, io_step, fewer);

	io_step->role = found->role;
	io_step->name = found->name;
	io_step->channel = other ? found->second : found->first;
	io_step->other = other ? found->first : found->second;
	io_step->hours = found->hours;
}
