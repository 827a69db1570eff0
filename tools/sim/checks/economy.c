/* SPDX-License-Identifier: Apache-2.0 */
/*
 * economy: what it cost. Parts that crossed a border (a push's, a part's first chunk) against parts that are
 * held away from their origins; hops and virtual latency of first arrivals, and hops beyond the shortest
 * path that the oracle permits. Without faults and rogues a payload crosses a border about once: more than one in
 * twenty beyond that is a violation (alerts aside, which are pushed by several at once).
 */
#include <stdlib.h>
#include <string.h>

#include "checks.h"

#define PATHS_MOST UINT64_C(2000000) /* agreements × items that are walked; beyond, a sample */

/* ---- copies ---- */

static void count_copies(struct sim_figures *figures, const struct sim_item *item, uint64_t copies)
{
	if (item->header.urgency == KAI_URGENCY_NOW)
		figures->alert_copies += copies;
	else
		figures->payload_copies += copies;
}

static void economy_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	const struct sim_sight *sight = sim_sight_of(sim);
	const struct kai_chunk *chunk = &sight->msg.chunk;

	(void)state;
	if (!sight->read || sight->mention_count == 0 || sight->mentions[0].truth == NULL)
		return;
	if (frame->type == KAI_MSG_PUSH)
		count_copies(sim_figures_to_fill(sim), sight->mentions[0].truth,
			     sight->msg.push.advisory.parts_count);
	else if (frame->type == KAI_MSG_CHUNK && chunk->index < KAI_MAX_PARTS && chunk->offset == 0)
		count_copies(sim_figures_to_fill(sim), sight->mentions[0].truth, 1);
}

/* ---- first arrivals ---- */

static size_t bucket_of(int64_t ms)
{
	uint64_t squared;

	if (ms < 1)
		return 0;
	if (ms > UINT16_MAX)
		return 63;
	squared = (uint64_t)ms * (uint64_t)ms;
	return (size_t)(63 - __builtin_clzll(squared * squared));
}

static void economy_turn(struct sim *sim, void *state, struct sim_node *node)
{
	const struct sim_sight *sight = sim_sight_of(sim);
	struct sim_figures *figures = sim_figures_to_fill(sim);

	(void)state;
	for (size_t i = 0; i < sight->change_count; i++) {
		const struct sim_change *change = &sight->changes[i];

		if (change->truth == NULL || change->before != 0 ||
		    change->truth->origin == node->number)
			continue;
		/* Where the giver was not seen to hold it, the hops are not known. */
		if (change->holding->hops < UINT8_MAX)
			figures->hops_count[change->holding->hops < 31 ? change->holding->hops
								       : 31]++;
		figures->latency_count[bucket_of(sim_now(sim) - change->truth->made_ms)]++;
	}
}

/* ---- shortest paths ---- */

struct walk {
	uint8_t *best;	 /* hops to a node, UINT8_MAX: none */
	uint8_t *came;	 /* overlays under which it was reached, as bits */
	uint32_t *queue; /* node << 3 | overlay */
	uint32_t head, tail;
};

static void reach(struct walk *walk, uint32_t node, uint64_t overlay, uint8_t hops)
{
	uint32_t onward = overlay <= KAI_ONWARD_ANY ? (uint32_t)overlay : 0;

	if ((walk->came[node] >> onward & 1) != 0)
		return;
	walk->came[node] |= (uint8_t)(1u << onward);
	if (hops < walk->best[node])
		walk->best[node] = hops;
	walk->queue[walk->tail++] = node << 3 | onward;
}

/* Breadth first, by what the oracle permits at the moment when the item was made. */
static void walk_item(struct sim *sim, struct walk *walk, const struct sim_item *item)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	uint32_t last = 0;
	uint8_t hops = 0;

	memset(walk->best, 0xff, ledger->node_count);
	memset(walk->came, 0, ledger->node_count);
	walk->head = walk->tail = 0;
	reach(walk, item->origin, KAI_ONWARD_ANY, 0);
	last = walk->tail;
	while (walk->head < walk->tail && hops < UINT8_MAX - 1) {
		for (; walk->head < last; walk->head++) {
			uint32_t from = walk->queue[walk->head] >> 3;
			const struct sim_pact *pact = NULL;

			while ((pact = sim_pact_next(ledger, from, SIM_NONE, pact)) != NULL) {
				struct sim_hop hop = {.from = from,
						      .to = sim_pact_other(pact, from),
						      .item = item,
						      .part = -1,
						      .overlay = walk->queue[walk->head] & 7,
						      .now = {SIM_WALL_MS + item->made_ms}};

				if (sim_oracle_permits(sim, &hop))
					reach(walk, hop.to,
					      pact->of.a == from ? pact->of.terms.a_to_b.onward
								 : pact->of.terms.b_to_a.onward,
					      (uint8_t)(hops + 1));
			}
		}
		last = walk->tail;
		hops++;
	}
}

static uint64_t excess_of(struct sim *sim, const struct walk *walk, const struct sim_item *item)
{
	uint64_t excess = 0;

	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		const struct sim_holding *holding =
			sim_holding_of(sim_sight_of(sim), i, item->number);

		if (holding != NULL && holding->hops < UINT8_MAX && walk->best[i] < holding->hops)
			excess += (uint64_t)(holding->hops - walk->best[i]);
	}
	return excess;
}

static void count_excess(struct sim *sim, struct sim_figures *figures)
{
	uint32_t nodes = sim_node_count(sim), items = sim_ledger_item_count(sim);
	uint64_t stride = (uint64_t)items * sim_ledger_agreement_count(sim) / PATHS_MOST + 1;
	struct walk walk = {.best = sim_check_room(nodes, 1),
			    .came = sim_check_room(nodes, 1),
			    .queue = sim_check_room((size_t)nodes * 5, sizeof(uint32_t))};

	for (uint32_t i = 0; i < items; i += (uint32_t)stride) {
		const struct sim_item *item = sim_ledger_item(sim, i);

		/* A retraction follows its target's ways. */
		if (item->target == SIM_NONE && item->origin < nodes) {
			walk_item(sim, &walk, item);
			figures->excess_hops += stride * excess_of(sim, &walk, item);
		}
	}
	free(walk.best);
	free(walk.came);
	free(walk.queue);
}

/* ---- the sum ---- */

static bool is_calm(const struct sim *sim)
{
	static const enum sim_op_type faults[] = {SIM_OP_CUT,	SIM_OP_PARTITION, SIM_OP_DELAY,
						  SIM_OP_CRASH, SIM_OP_RESTORE,	  SIM_OP_FULL,
						  SIM_OP_SLOW,	SIM_OP_CLOCK,	  SIM_OP_LIE,
						  SIM_OP_CARD,	SIM_OP_AGREE,	  SIM_OP_NOTICE};
	const struct sim_plan *plan = sim_plan_of(sim);

	for (uint32_t i = 0; i < plan->node_count; i++) {
		if (plan->nodes[i].lies != 0)
			return false;
	}
	for (uint32_t i = 0; i < plan->op_count; i++) {
		const struct sim_op *op = &plan->ops[i];

		for (size_t k = 0; k < sizeof(faults) / sizeof(faults[0]); k++) {
			bool first = op->type == SIM_OP_AGREE &&
				     op->args[sim_op_arg(SIM_OP_AGREE, "change")] == 0;

			if (op->type == faults[k] && !first)
				return false;
		}
	}
	return true;
}

static void economy_settled(struct sim *sim, void *state)
{
	struct sim_figures *figures = sim_figures_to_fill(sim);
	uint32_t items = sim_ledger_item_count(sim);

	(void)state;
	figures->items = items;
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		for (uint32_t k = 0; k < items; k++) {
			const struct sim_holding *holding = sim_holding_of(sim_sight_of(sim), i, k);
			const struct sim_item *item = sim_ledger_item(sim, k);

			if (holding == NULL)
				continue;
			figures->node_items += sim_is_honest(sim, i) ? 1 : 0;
			if (item->origin == i)
				continue;
			if (item->header.urgency == KAI_URGENCY_NOW)
				figures->alert_needed +=
					(uint64_t)__builtin_popcount(holding->held);
			else
				figures->payload_needed +=
					(uint64_t)__builtin_popcount(holding->held);
		}
	}
	count_excess(sim, figures);
	if (is_calm(sim) && figures->payload_copies * 20 > figures->payload_needed * 21 + 100)
		sim_violation(sim, "economy", SIM_NONE, NULL,
			      "%llu copies of parts crossed borders, %llu were needed",
			      (unsigned long long)figures->payload_copies,
			      (unsigned long long)figures->payload_needed);
}

const struct sim_checker sim_check_economy = {.name = "economy",
					      .always = true,
					      .sent = economy_sent,
					      .turn = economy_turn,
					      .settled = economy_settled};
