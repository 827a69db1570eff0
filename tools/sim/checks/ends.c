/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ends: what its label lets nobody keep any longer is gone from every honest store. From headers'
 * retain_until against what stores hold at the end, by their clocks, which are true again since faults
 * ended. A sweep may come SLACK_MS late: it runs each minute, and after a start it believes the clock
 * step by step.
 */
#include "checks.h"
#include "kairan/rec.h"

#define SLACK_MS (10 * KAI_MS_MINUTE)

static void check_item(struct sim *sim, struct kai_txn *txn, uint32_t node,
		       const struct sim_item *item)
{
	int64_t until = (int64_t)item->header.label.retain_until;
	int64_t now = sim_wall(sim_node(sim, node)).ms;
	uint64_t arrival;

	if (until != 0 && until + SLACK_MS < now && kai_rec_arrival(txn, item->id, &arrival))
		sim_violation(sim, "ends", node, item->id, "is kept %lld ms longer than it may be",
			      (long long)(now - until));
}

static void ends_settled(struct sim *sim, void *state)
{
	(void)state;
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		struct kai_txn *txn;

		if (!sim_is_honest(sim, i))
			continue;
		txn = sim_look(sim_node(sim, i));
		for (uint32_t k = 0; k < sim_ledger_item_count(sim); k++)
			check_item(sim, txn, i, sim_ledger_item(sim, k));
		kai_txn_abort(txn);
	}
}

const struct sim_checker sim_check_ends = {.name = "ends", .settled = ends_settled};
