/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quotas: no peer makes an honest node take more than it may bring or do more than it may ask. New items of one of
 * the node's days from one peer: no more than any agreement between the two ever allowed, plus what a crash
 * makes it forget of the count (FORGOTTEN at most). Answers to a peer's greetings: no more than the quota
 * of a minute, twice, since minutes begin when the node likes. From what logs gain and who supplied it, by
 * the node's own clock, and from hellos that leave.
 */
#include <stdlib.h>

#include "checks.h"

#define FORGOTTEN 64u /* the engine writes its count after so many */
#define SUPPLIERS 2u

struct quotas {
	struct sim_map days;   /* (supplier, node): the day by the node's clock, + 1 */
	struct sim_map counts; /* items of that day */
	struct sim_map then;   /* starts when the day began */
	struct sim_map hellos; /* (node, peer, start): minute << 32 | answers */
	uint64_t *starts;      /* a node each */
};

static void *quotas_new(const struct sim *sim)
{
	struct quotas *quotas = sim_check_room(1, sizeof(*quotas));

	quotas->starts = sim_check_room(sim_node_count(sim), sizeof(*quotas->starts));
	return quotas;
}

static void quotas_free(void *state)
{
	struct quotas *quotas = state;

	sim_map_done(&quotas->days);
	sim_map_done(&quotas->counts);
	sim_map_done(&quotas->then);
	sim_map_done(&quotas->hellos);
	free(quotas->starts);
	free(quotas);
}

/* The widest of all that they ever signed; 0: no bound. */
static uint64_t most_a_day(const struct sim *sim, uint32_t from, uint32_t to)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	const struct sim_pact *pact = NULL;
	uint64_t most = 0;

	while ((pact = sim_pact_next(ledger, from, to, pact)) != NULL) {
		const struct kai_terms *terms = &pact->of.terms;
		uint64_t bound = pact->of.a == from ? terms->a_to_b.max_items_day
						    : terms->b_to_a.max_items_day;

		if (bound == 0)
			return 0;
		most = bound > most ? bound : most;
	}
	return most;
}

static void count(struct sim *sim, struct quotas *quotas, uint32_t from,
		  const struct sim_change *change)
{
	uint32_t node = sim_sight_of(sim)->node->number;
	uint64_t day = (uint64_t)(sim_sight_of(sim)->walls[node].ms / KAI_MS_DAY) + 1;
	uint64_t key = sim_map_key(from, node, 0);
	uint64_t most = most_a_day(sim, from, node);

	if (sim_map_get(&quotas->days, key) != day) {
		*sim_map_at(&quotas->days, key) = day;
		*sim_map_at(&quotas->counts, key) = 0;
		*sim_map_at(&quotas->then, key) = quotas->starts[node];
	}
	uint64_t starts = quotas->starts[node] - sim_map_get(&quotas->then, key);
	uint64_t items = ++*sim_map_at(&quotas->counts, key);

	if (most > 0 && items > most + FORGOTTEN * starts)
		sim_violation(sim, "quotas", node, change->item.id,
			      "is item %llu of one day from node %u, which may bring %llu",
			      (unsigned long long)items, from, (unsigned long long)most);
}

static void quotas_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = sim_sight_of(sim);

	for (size_t i = 0; node->rogue == NULL && i < sight->change_count; i++) {
		const struct sim_change *change = &sight->changes[i];
		struct sim_supply supplies[SUPPLIERS];

		if (change->truth == NULL || change->before != 0 ||
		    sim_supplies(sight, sight->txn, node->number, change->arrival, supplies,
				 SUPPLIERS) != 1 ||
		    supplies[0].peer == SIM_NONE)
			continue;
		count(sim, state, supplies[0].peer, change);
	}
}

static void quotas_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct quotas *quotas = state;
	uint64_t minute = (uint64_t)(sim_now(sim) / KAI_MS_MINUTE);
	uint64_t most;

	if (frame->type != KAI_MSG_HELLO || !sim_check_hears(sim, frame) ||
	    !sim_sight_of(sim)->msg.hello.answers.is)
		return;
	/* The count begins anew with each start of the node. */
	uint64_t *at = sim_map_at(&quotas->hellos,
				  sim_map_key(frame->from, frame->to,
					      (uint32_t)quotas->starts[frame->from] & 0xffffff));

	if (*at >> 32 != minute)
		*at = minute << 32;
	most = 2 * (uint64_t)sim_node(sim, frame->from)->config.quota.hellos_per_minute;
	if ((++*at & UINT32_MAX) == most + 1)
		sim_violation(sim, "quotas", frame->from, NULL,
			      "answers more than %llu greetings of node %u in a minute",
			      (unsigned long long)most, frame->to);
}

static void quotas_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	struct quotas *quotas = state;

	(void)sim;
	quotas->starts[node->number]++;
	/* The day's count is the backup's. */
	for (uint32_t i = 0; restored && i < sim_node_count(sim); i++) {
		uint64_t key = sim_map_key(i, node->number, 0);

		if (sim_map_get(&quotas->days, key) != 0)
			*sim_map_at(&quotas->days, key) = 0;
	}
}

const struct sim_checker sim_check_quotas = {.name = "quotas",
					     .new = quotas_new,
					     .free = quotas_free,
					     .sent = quotas_sent,
					     .turn = quotas_turn,
					     .restarted = quotas_restarted};
