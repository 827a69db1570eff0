/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contingency: nothing is carried outside a clause. Whatever an honest node marks stands in a clause of an agreement of the
 * two: pair, kind and time; one opening follows the other after its longest and its pause; and while it marks, somebody whom
 * the oracle lets have the item, neither receiver, author nor constituency, is out of its reach, at an opening since so long
 * as the clause says. An opening that is over, or whose last missing one is back, is closed. From marks in frames, from
 * what engines say of their links, and from OUTAGES. What a clause may let pass is the oracle's (label, disclosure).
 */
#include "checks.h"

#include <stdlib.h>
#include <string.h>

#define SURE_MS 10000
#define GREETING_MS 11000 /* a link that fell while it was greeted anew is told so much later */
#define LATE_MS 5000

/* A link as its node last said, or an opening as it last marked; of a directed pair. */
struct tie {
	uint32_t node;
	bool up;
	int64_t since_ms;    /* a link */
	int64_t greeting_ms; /* up, and greeted anew since then without an answer; 0: it was not */
	uint64_t opened_at;
};

struct watch {
	struct tie *ties;
	size_t count, cap;
	struct sim_map places; /* 1 + index in ties */
	int64_t *
		amiss_ms; /* a node each: since when an opening stays that should be closed; 0: none does */
	int64_t *start_ms; /* a node each */
};

static void *watch_new(const struct sim *sim)
{
	struct watch *watch = sim_check_room(1, sizeof(*watch));

	watch->amiss_ms = sim_check_room(sim_node_count(sim), sizeof(*watch->amiss_ms));
	watch->start_ms = sim_check_room(sim_node_count(sim), sizeof(*watch->start_ms));
	return watch;
}

static void watch_free(void *state)
{
	struct watch *watch = state;

	free(watch->ties);
	sim_map_done(&watch->places);
	free(watch->amiss_ms);
	free(watch->start_ms);
	free(watch);
}

/* A clause's words stand in the map's key by some of their hash. */
static uint32_t number_of(const uint8_t clause[8])
{
	uint32_t number = (uint32_t)clause[0] << 16 | (uint32_t)clause[1] << 8 | clause[2];

	return 1 + number % 0xfffffe;
}

/* Good until the next call. */
static struct tie *tie_of(struct watch *watch, uint32_t node, uint32_t other,
			  const uint8_t clause[8])
{
	uint64_t *at = sim_map_at(&watch->places, sim_map_key(node, other, number_of(clause)));

	if (*at == 0) {
		watch->ties = sim_check_more(watch->ties, watch->count, &watch->cap,
					     sizeof(*watch->ties));
		watch->ties[watch->count++] =
			(struct tie){.node = node, .since_ms = watch->start_ms[node]};
		*at = watch->count;
	}
	return &watch->ties[*at - 1];
}

static const uint8_t no_clause[8]; /* a link */

/* ---- links ---- */

static void traced(struct sim *sim, void *state, struct sim_node *node,
		   const struct kai_output *output)
{
	const struct sim_node *other = sim_node_of(sim, output->org);

	if (output->type != KAI_OUTPUT_TRACE || other == NULL)
		return;
	bool up = strcmp(output->event, "link-up") == 0;

	if (!up && strcmp(output->event, "link-down") != 0)
		return;
	struct tie *link = tie_of(state, node->number, other->number, no_clause);

	if (link->up != up)
		link->since_ms = link->greeting_ms > 0 ? link->greeting_ms : sim_now(sim);
	link->up = up;
	link->greeting_ms = 0;
}

static void restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	struct watch *watch = state;

	watch->start_ms[node->number] = sim_now(sim);
	watch->amiss_ms[node->number] = 0;
	for (size_t i = 0; i < watch->count; i++) {
		struct tie *tie = &watch->ties[i];

		if (tie->node != node->number)
			continue;
		tie->up = false;
		tie->greeting_ms = 0;
		tie->since_ms = sim_now(sim);
		/* what it did since the backup it does not know */
		if (restored)
			tie->opened_at = 0;
	}
}

/* A link that greets anew tells of it when it is up again or ends: until then nothing goes over it. */
static void greets(const struct sim *sim, struct watch *watch, const struct sim_frame *frame)
{
	struct tie *link = tie_of(watch, frame->from, frame->to, no_clause);

	if (link->up && link->greeting_ms == 0 && sim_now(sim) > link->since_ms)
		link->greeting_ms = sim_now(sim);
}

static bool is_up(const struct tie *link)
{
	return link->up && link->greeting_ms == 0;
}

/* ---- marks ---- */

/* What one mark claims. */
struct claim {
	struct sim_sight *sight;
	const struct sim_frame *frame;
	const struct sim_item *item;
	const struct kai_mark *mark;
	const struct kai_contingency *clause;
};

static bool lists(const struct claim *claim, const struct kai_contingency *clause)
{
	const uint8_t *to = sim_node(claim->sight->sim, claim->frame->to)->config.org;
	int64_t since_ms =
		claim->sight->walls[claim->frame->from].ms - (int64_t)claim->mark->opened_at;
	bool kind = false;

	for (size_t i = 0; i < clause->kinds_count; i++)
		kind = kind || clause->kinds[i] == claim->item->header.kind;
	return kind && memcmp(clause->from, claim->item->header.origin, KAI_ID_LEN) == 0 &&
	       memcmp(clause->to, to, KAI_ID_LEN) == 0 && since_ms >= 0 &&
	       since_ms <= (int64_t)clause->longest_ms;
}

/* In an agreement of the two, whichever it knows: that the right one is asked is the oracle's. */
static bool find_clause(struct claim *claim)
{
	const struct sim_ledger *ledger = sim_ledger_of(claim->sight->sim);
	const struct sim_pact *pact = NULL;

	while ((pact = sim_pact_next(ledger, claim->frame->from, claim->frame->to, pact)) != NULL) {
		const struct kai_terms *terms = &pact->of.terms;

		if (claim->mark->clause < terms->contingency_count &&
		    lists(claim, &terms->contingency[claim->mark->clause])) {
			claim->clause = &terms->contingency[claim->mark->clause];
			return true;
		}
	}
	return false;
}

static bool may_have(const struct claim *claim, uint32_t other)
{
	for (int part = -1; part < (int)claim->item->header.parts_count; part++) {
		struct sim_hop hop = sim_hop_by(claim->sight, claim->frame->from,
						claim->frame->from, other, claim->item, part);

		if (sim_hop_forbidden(claim->sight, hop) == NULL)
			return true;
	}
	return false;
}

static bool is_constituency(const struct claim *claim, uint32_t other)
{
	const struct sim_pact *pact = sim_oracle_pact(claim->sight->sim, claim->frame->from, other,
						      claim->sight->walls[claim->frame->from]);
	const struct kai_terms *terms = pact == NULL ? NULL : &pact->of.terms;

	return terms != NULL &&
	       (pact->of.a == claim->frame->from ? terms->a_to_b : terms->b_to_a).constituency;
}

/* Somebody who is owed the item has been out of reach for so long. */
static bool somebody_waits(struct watch *watch, const struct claim *claim, int64_t need_ms)
{
	const struct sim *sim = claim->sight->sim;
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	const struct sim_pact *pact = NULL;
	uint32_t from = claim->frame->from;

	while ((pact = sim_pact_next(ledger, from, SIM_NONE, pact)) != NULL) {
		uint32_t other = sim_pact_other(pact, from);

		if (other == claim->frame->to || other == claim->item->origin ||
		    is_constituency(claim, other))
			continue;
		const struct tie *link = tie_of(watch, from, other, no_clause);
		int64_t since_ms = sim_now(claim->sight->sim) -
				   (link->greeting_ms > 0 ? link->greeting_ms : link->since_ms);

		/* back in this very turn, it was away as the mark was made */
		if ((is_up(link) ? since_ms > 0 : since_ms < need_ms) || !may_have(claim, other))
			continue;
		return true;
	}
	return false;
}

static void check_mark(struct watch *watch, struct claim *claim)
{
	struct sim *sim = claim->sight->sim;
	const struct sim_frame *frame = claim->frame;

	if (!find_clause(claim)) {
		sim_violation(sim, "contingency", frame->from, claim->item->id,
			      "carried to node %u outside every clause", frame->to);
		return;
	}
	struct kai_key words = kai_key_outage(0, KAI_OUTAGE_OURS, claim->clause);
	struct tie *opening = tie_of(watch, frame->from, frame->to, words.at + 3);
	uint64_t opened_at = opening->opened_at;
	bool fresh = claim->mark->opened_at != opened_at;

	if (fresh && opened_at != 0 &&
	    claim->mark->opened_at <
		    opened_at + claim->clause->longest_ms + claim->clause->pause_ms)
		sim_violation(sim, "contingency", frame->from, claim->item->id,
			      "carried to node %u by an opening within the one before or its pause",
			      frame->to);
	opening->opened_at = claim->mark->opened_at;
	/* its clock may run slower or faster by some thousandths */
	int64_t need_ms = fresh && (int64_t)claim->clause->after_ms > SURE_MS
				  ? (int64_t)claim->clause->after_ms * 95 / 100 - GREETING_MS
				  : 0;

	if (!somebody_waits(watch, claim, need_ms))
		sim_violation(sim, "contingency", frame->from, claim->item->id,
			      "carried to node %u while nobody was out of reach", frame->to);
}

static void sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct claim claim = {.sight = sight, .frame = frame};

	if (!sim_check_hears(sim, frame))
		return;
	if (frame->type == KAI_MSG_HELLO)
		greets(sim, state, frame);
	if (frame->type == KAI_MSG_PUSH)
		claim.mark = sight->msg.push.mark;
	else if (frame->type == KAI_MSG_CHUNK && sight->msg.chunk.head != NULL)
		claim.mark = sight->msg.chunk.head->mark;
	if (claim.mark == NULL)
		return;
	for (size_t i = 0; i < sight->mention_count; i++) {
		claim.item = sight->mentions[i].truth;
		if (sight->mentions[i].shown && claim.item != NULL)
			check_mark(state, &claim);
	}
}

/* ---- closing ---- */

/* The clause of these words in an agreement with that node; NULL: none. */
static const struct kai_contingency *clause_of(const struct sim *sim, uint32_t node,
					       const uint8_t words[8])
{
	const struct sim_pact *pact = NULL;

	while ((pact = sim_pact_next(sim_ledger_of(sim), node, SIM_NONE, pact)) != NULL)
		for (size_t i = 0; i < pact->of.terms.contingency_count; i++) {
			const struct kai_contingency *clause = &pact->of.terms.contingency[i];
			struct kai_key key = kai_key_outage(0, KAI_OUTAGE_OURS, clause);

			if (memcmp(key.at + 3, words, 8) == 0)
				return clause;
		}
	return NULL;
}

static bool is_amiss(struct watch *watch, const struct sim_sight *sight, struct kai_span key,
		     const struct kai_outage *outage)
{
	const struct sim *sim = sight->sim;
	uint32_t node = sight->node->number;
	const struct kai_contingency *clause = clause_of(sim, node, key.at + 3);
	const struct sim_node *away = sim_node_of(sim, outage->unreached);

	if (clause == NULL || away == NULL)
		return true;
	return sight->walls[node].ms - (int64_t)outage->opened_at > (int64_t)clause->longest_ms ||
	       is_up(tie_of(watch, node, away->number, no_clause));
}

static void turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct watch *watch = state;
	int64_t *since_ms = &watch->amiss_ms[node->number];
	size_t mark = sight->arena.used;
	struct kai_outage outage;
	struct kai_scan scan;
	struct kai_span key, value;
	bool amiss = false;

	if (node->rogue != NULL)
		return;
	kai_scan_init(&scan, sight->txn, KAI_TABLE_OUTAGES, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		if (key.len == KAI_OUTAGE_KEY && key.at[2] == KAI_OUTAGE_OURS &&
		    kai_object_decode(&kai_object_outage, value, &sight->arena, &outage) ==
			    KAI_FAULT_NONE &&
		    outage.closed_at == 0)
			amiss = amiss || is_amiss(watch, sight, key, &outage);
		sight->arena.used = mark;
	}
	if (!amiss || *since_ms == 0)
		*since_ms = amiss ? sim_now(sim) + 1 : 0;
	if (amiss && sim_now(sim) - *since_ms > LATE_MS + 2 * node->slow_ms)
		sim_violation(sim, "contingency", node->number, NULL,
			      "keeps a clause open that is over, or for one who is back");
}

const struct sim_checker sim_check_contingency = {.name = "contingency",
						  .new = watch_new,
						  .free = watch_free,
						  .sent = sent,
						  .turn = turn,
						  .traced = traced,
						  .restarted = restarted};
