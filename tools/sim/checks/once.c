/* SPDX-License-Identifier: Apache-2.0 */
/*
 * once: nothing is held twice, and the store's tables agree with one another. From each new arrival
 * (the id had none before) and from the store's own check at some restarts and at the end.
 */
#include "checks.h"
#include "kairan/rec.h"

#define LOOKED_AT 4u /* every so many-th restart is checked whole */

static void once_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	for (size_t i = 0; node->rogue == NULL && i < sight->change_count; i++) {
		const struct sim_change *change = &sight->changes[i];
		struct kai_item other;

		if (change->before == 0 || change->before == change->arrival)
			continue;
		if (kai_rec_item(sight->txn, change->before, &sight->arena, &other) &&
		    kai_id_equal(other.id, change->item.id))
			sim_violation(sim, "once", node->number, change->item.id,
				      "holds it twice, as %llu and %llu",
				      (unsigned long long)change->before,
				      (unsigned long long)change->arrival);
	}
}

struct finding {
	struct sim *sim;
	uint32_t node;
};

static void found(void *context, enum kai_table table, struct kai_span key, const char *problem)
{
	const struct finding *finding = context;

	(void)key;
	sim_violation(finding->sim, "once", finding->node, NULL, "its store's check says: %s: %s",
		      kai_table_name(table), problem);
}

static void check_store(struct sim *sim, const struct sim_node *node)
{
	struct finding finding = {.sim = sim, .node = node->number};
	struct kai_store_check check = {.report = found, .context = &finding};
	struct kai_why why = {.text = ""};

	if (kai_store_check(node->store, &check, &why) != KAI_ERR_OK)
		sim_violation(sim, "once", node->number, NULL, "its store cannot be checked: %s",
			      why.text);
}

static void once_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	(void)state;
	(void)restored;
	if (node->rogue == NULL && sim_random_below(sim_plan_of(sim)->seed, "check-store",
						    node->number, node->boots, LOOKED_AT) == 0)
		check_store(sim, node);
}

static void once_settled(struct sim *sim, void *state)
{
	(void)state;
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		if (sim_is_honest(sim, i))
			check_store(sim, sim_node(sim, i));
	}
}

const struct sim_checker sim_check_once = {
	.name = "once", .turn = once_turn, .restarted = once_restarted, .settled = once_settled};
