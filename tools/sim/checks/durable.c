/* SPDX-License-Identifier: Apache-2.0 */
/*
 * durable: what an honest node said it stored, and what a request was answered with an id for, is in its
 * store from then on, over every crash and restart, until it is past its end or taken back. From its `stored`
 * frames and the ledger, against its store at each restart and at the end. A restore loses what came
 * after the backup, and with its new epoch says so: that is forgotten here as well.
 */
#include <stdlib.h>

#include "checks.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

struct durable {
	uint32_t looked;  /* items of the ledger up to here */
	int64_t *told_ms; /* a node each: its newest start that succeeded */
};

static void *durable_new(const struct sim *sim)
{
	struct durable *durable = sim_check_room(1, sizeof(*durable));

	durable->told_ms = sim_check_room(sim_node_count(sim), sizeof(*durable->told_ms));
	return durable;
}

static void durable_free(void *state)
{
	struct durable *durable = state;

	free(durable->told_ms);
	free(durable);
}

static void promise(struct sim *sim, struct sim_holding *holding, uint32_t parts)
{
	if (holding->promise && (parts & ~(uint32_t)holding->promised) == 0)
		return;
	holding->promise = true;
	holding->promised |= (uint16_t)parts;
	holding->promised_ms = sim_now(sim);
}

static void durable_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	if (frame->type != KAI_MSG_STORED || !sim_check_hears(sim, frame))
		return;
	for (size_t i = 0; i < sight->mention_count; i++) {
		const struct sim_mention *mention = &sight->mentions[i];
		struct sim_holding *holding =
			mention->truth == NULL
				? NULL
				: sim_holding_of(sight, frame->from, mention->truth->number);

		if (holding == NULL || (mention->parts & ~(uint32_t)holding->held) != 0)
			sim_violation(sim, "durable", frame->from, mention->id,
				      "tells node %u that it stored parts %#x and holds %#x",
				      frame->to, mention->parts,
				      holding == NULL ? 0 : holding->held);
		else
			promise(sim, holding, mention->parts);
	}
}

/* What was answered with an id is in the store when the answer leaves. */
static void durable_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct durable *durable = state;

	for (; durable->looked < sim_ledger_item_count(sim); durable->looked++) {
		const struct sim_item *item = sim_ledger_item(sim, durable->looked);
		struct sim_holding *holding;

		if (item->origin != node->number || node->rogue != NULL)
			continue;
		holding = sim_holding_of(sight, node->number, item->number);
		if (holding == NULL || holding->held != (1u << item->header.parts_count) - 1)
			sim_violation(sim, "durable", node->number, item->id,
				      "was answered and is not in the store");
		else
			promise(sim, holding, holding->held);
	}
}

/* Gone for a reason that the protocol knows. */
static bool ended(struct sim *sim, struct kai_txn *txn, const struct sim_node *node,
		  const struct sim_item *item)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct kai_key key = kai_key_bytes(item->id, KAI_ID_LEN);
	uint64_t now = (uint64_t)sight->walls[node->number].ms;
	uint64_t retain = item->header.label.retain_until;
	struct kai_stub stub;

	if (!kai_rec_get(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &sight->arena, &stub))
		return false;
	if (stub.reason == KAI_STUB_RETRACTED)
		return item->retracted_by != SIM_NONE;
	return stub.reason == KAI_STUB_EXPIRED &&
	       (now >= item->header.not_after || (retain != 0 && now >= retain));
}

static void audit(struct sim *sim, const struct sim_node *node, struct kai_txn *txn)
{
	struct sim_sight *sight = sim_sight_of(sim);
	uint32_t count = sim_ledger_item_count(sim);

	for (uint32_t i = 0; i < count && i < sight->holding_caps[node->number]; i++) {
		const struct sim_holding *holding = &sight->holdings[node->number][i];
		const struct sim_item *item = sim_ledger_item(sim, i);
		size_t mark = sight->arena.used;
		uint64_t arrival;
		struct kai_item record;

		if (!holding->promise)
			continue;
		if (!kai_rec_arrival(txn, item->id, &arrival) ||
		    !kai_rec_item(txn, arrival, &sight->arena, &record)) {
			if (!ended(sim, txn, node, item))
				sim_violation(sim, "durable", node->number, item->id,
					      "was acknowledged and is lost");
		} else if ((holding->promised & ~record.held) != 0) {
			sim_violation(sim, "durable", node->number, item->id,
				      "acknowledged parts %#x, holds %#x", holding->promised,
				      (unsigned)record.held);
		}
		sight->arena.used = mark;
	}
}

static bool is_of(const struct sim_op *op, enum sim_op_type type, const struct sim_node *node)
{
	return op->type == type && op->node == node->number;
}

/* The newest backup from before its store was first put back since its newest start: one that was made after that,
 * while it could not start, has what was put back. */
static int64_t backup_ms(const struct sim *sim, const struct sim_node *node, int64_t told_ms)
{
	const struct sim_plan *plan = sim_plan_of(sim);
	int64_t back_ms = sim_now(sim);
	int64_t newest = 0;

	for (uint32_t i = 0; i < plan->op_count; i++) {
		const struct sim_op *op = &plan->ops[i];

		if (is_of(op, SIM_OP_RESTORE, node) && op->at_ms > told_ms && op->at_ms < back_ms)
			back_ms = op->at_ms;
	}
	for (uint32_t i = 0; i < plan->op_count; i++) {
		const struct sim_op *op = &plan->ops[i];

		if (is_of(op, SIM_OP_BACKUP, node) && op->at_ms < back_ms && op->at_ms > newest)
			newest = op->at_ms;
	}
	return newest;
}

static void forget_since(struct sim *sim, const struct sim_node *node, int64_t since_ms)
{
	struct sim_sight *sight = sim_sight_of(sim);

	for (uint32_t i = 0; i < sight->holding_caps[node->number]; i++) {
		struct sim_holding *holding = &sight->holdings[node->number][i];

		if (holding->promised_ms < since_ms)
			continue;
		holding->promise = holding->promise && holding->arrival != 0;
		holding->promised &= holding->held;
	}
}

static void durable_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	int64_t *told_ms = &((struct durable *)state)->told_ms[node->number];

	if (node->rogue != NULL)
		return;
	if (restored)
		forget_since(sim, node, backup_ms(sim, node, *told_ms));
	*told_ms = sim_now(sim);
	audit(sim, node, sim_sight_of(sim)->txn);
}

static void durable_settled(struct sim *sim, void *state)
{
	(void)state;
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		const struct sim_node *node = sim_node(sim, i);
		struct kai_txn *txn;

		if (node->rogue != NULL)
			continue;
		txn = sim_look(node);
		audit(sim, node, txn);
		kai_txn_abort(txn);
	}
}

const struct sim_checker sim_check_durable = {.name = "durable",
					      .new = durable_new,
					      .free = durable_free,
					      .sent = durable_sent,
					      .turn = durable_turn,
					      .restarted = durable_restarted,
					      .settled = durable_settled};
