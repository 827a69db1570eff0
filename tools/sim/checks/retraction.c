/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retraction: what its origin took back, and nothing else, is shown as taken back wherever both meet, and goes
 * nowhere any more.
 * From the flags of what honest nodes hold, and from their frames: none shows the target once the
 * retraction was in the sender's store when the turn began.
 */
#include "checks.h"
#include "kairan/rec.h"

/* The retraction of an item that this node holds and that counts; NULL: none. */
static const struct sim_holding *retracted(const struct sim *sim, uint32_t node,
					   const struct sim_item *item)
{
	const struct sim_holding *holding;

	/* What a rogue signs may contradict itself: nodes need not believe that. */
	if (item->retracted_by == SIM_NONE || !sim_is_honest(sim, item->origin))
		return NULL;
	holding = sim_holding_of(sim_sight_of(sim), node, item->retracted_by);
	return holding == NULL || (holding->flags & KAI_ITEM_MARKED) != 0 ? NULL : holding;
}

/* Flags change without a word in the log, so they are read: a key that is revoked later unmakes what it took back. */
static bool is_undone(const struct sim *sim, struct kai_txn *txn, const struct sim_item *item)
{
	struct sim_sight *sight = sim_sight_of(sim);
	const struct sim_item *retraction = sim_ledger_item(sim, item->retracted_by);
	size_t mark = sight->arena.used;
	struct kai_item record;
	uint64_t arrival;
	bool is = kai_rec_arrival(txn, retraction->id, &arrival) &&
		  kai_rec_item(txn, arrival, &sight->arena, &record) &&
		  (record.flags & KAI_ITEM_MARKED) != 0;

	sight->arena.used = mark;
	return is;
}

static void check_flag(struct sim *sim, struct kai_txn *txn, uint32_t node,
		       const struct sim_item *target)
{
	struct sim_sight *sight = sim_sight_of(sim);
	size_t mark = sight->arena.used;
	struct kai_item record;
	uint64_t arrival;

	if (kai_rec_arrival(txn, target->id, &arrival) &&
	    kai_rec_item(txn, arrival, &sight->arena, &record)) {
		bool shown = (record.flags & KAI_ITEM_RETRACTED) != 0;

		if (!shown && retracted(sim, node, target) != NULL && !is_undone(sim, txn, target))
			sim_violation(sim, "retraction", node, target->id,
				      "is shown as current beside its retraction");
		if (shown && target->retracted_by == SIM_NONE && sim_is_honest(sim, target->origin))
			sim_violation(
				sim, "retraction", node, target->id,
				"is shown as taken back, and its origin did not take it back");
	}
	sight->arena.used = mark;
}

static void retraction_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	for (size_t i = 0; node->rogue == NULL && i < sight->change_count; i++) {
		const struct sim_item *item = sight->changes[i].truth;

		if (item == NULL)
			continue;
		if (item->target != SIM_NONE)
			item = sim_ledger_item(sim, item->target);
		check_flag(sim, sight->txn, node->number, item);
	}
}

static void check_shown(struct sim *sim, const struct sim_frame *frame,
			const struct sim_mention *mention)
{
	const struct sim_holding *holding = retracted(sim, frame->from, mention->truth);
	struct kai_txn *txn;

	if (holding == NULL || holding->turn >= (uint32_t)sim_node(sim, frame->from)->turns)
		return;
	txn = sim_look(sim_node(sim, frame->from));
	if (!is_undone(sim, txn, mention->truth))
		sim_violation(sim, "retraction", frame->from, mention->id,
			      "goes to node %u though its retraction is held (frame type %d)",
			      frame->to, (int)frame->type);
	kai_txn_abort(txn);
}

static void retraction_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	if (!sim_check_hears(sim, frame))
		return;
	for (size_t i = 0; i < sight->mention_count; i++)
		if (sight->mentions[i].shown && sight->mentions[i].truth != NULL)
			check_shown(sim, frame, &sight->mentions[i]);
}

static void retraction_settled(struct sim *sim, void *state)
{
	(void)state;
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		struct kai_txn *txn;

		if (!sim_is_honest(sim, i))
			continue;
		txn = sim_look(sim_node(sim, i));
		for (uint32_t k = 0; k < sim_ledger_item_count(sim); k++) {
			if (sim_holding_of(sim_sight_of(sim), i, k) != NULL)
				check_flag(sim, txn, i, sim_ledger_item(sim, k));
		}
		kai_txn_abort(txn);
	}
}

const struct sim_checker sim_check_retraction = {.name = "retraction",
						 .sent = retraction_sent,
						 .turn = retraction_turn,
						 .settled = retraction_settled};
