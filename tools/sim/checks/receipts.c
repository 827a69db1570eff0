/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipts: an honest node tells how far it is only with what it truly holds or held, in its own name, and only those
 * who told it of the item or made it; what it and its people say reaches them: at the end whoever brought an item to an
 * honest holder (not to its origin), and knows that it did, has its word that it is there, and how far its people are.
 * What a node keeps of another's word never shrinks but with a backup, and is never of what that other did not hold.
 * From receipt frames, holdings and RECEIPTS.
 */
#include <stdlib.h>

#include "standing.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

struct receipts {
	struct sim_map
		highest; /* (node, peer, item): epoch of the node << 8 | highest level kept */
};

static void *receipts_new(const struct sim *sim)
{
	(void)sim;
	return sim_check_room(1, sizeof(struct receipts));
}

static void receipts_free(void *state)
{
	struct receipts *receipts = state;

	sim_map_done(&receipts->highest);
	free(receipts);
}

/* ---- what leaves ---- */

static void check_word(struct sim *sim, const struct sim_frame *frame,
		       const struct sim_mention *mention)
{
	const struct sim_sight *sight = sim_sight_of(sim);

	if (mention->truth == NULL ||
	    (sim_holding_of(sight, frame->from, mention->number) == NULL &&
	     mention->truth->origin != frame->from))
		sim_violation(sim, "receipts", frame->from, mention->id,
			      "tells node %u how far it is with what it does not hold", frame->to);
	else if (mention->truth->origin != frame->to &&
		 sim_told(sight, frame->to, frame->from, mention) == 0)
		sim_violation(sim, "receipts", frame->from, mention->id,
			      "tells node %u, which neither gave nor made it", frame->to);
}

static void receipts_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct kai_receipt_opened opened;
	struct kai_span bytes;

	(void)state;
	if (frame->type != KAI_MSG_RECEIPT || !sim_check_hears(sim, frame))
		return;
	bytes = sight->msg.receipt_frame.bytes;
	if (bytes.len == 0)
		return;
	if (kai_receipt_open(bytes, &sight->arena, &opened) != KAI_FAULT_NONE ||
	    !kai_id_equal(opened.receipt.org, sim_node(sim, frame->from)->config.org) ||
	    !kai_id_equal(opened.receipt.to, sim_node(sim, frame->to)->config.org)) {
		sim_violation(sim, "receipts", frame->from, NULL,
			      "sends node %u a receipt that is not its own for that node",
			      frame->to);
		return;
	}
	for (size_t i = 0; i < sight->mention_count; i++)
		check_word(sim, frame, &sight->mentions[i]);
}

/* ---- what is kept ---- */

static uint64_t kept(struct sim_sight *sight, struct kai_txn *txn, uint64_t arrival, uint32_t peer)
{
	size_t mark = sight->arena.used;
	struct kai_receipt_rec rec;
	struct kai_peer row;
	uint64_t highest = 0;

	if (kai_rec_peer(txn, sim_node(sight->sim, peer)->config.org, &sight->arena, &row)) {
		struct kai_key key = kai_key_pair(arrival, (uint16_t)row.number);

		if (kai_rec_get(txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec,
				&sight->arena, &rec))
			highest = kai_receipt_highest(&rec);
	}
	sight->arena.used = mark;
	return highest;
}

static void check_kept(struct sim *sim, struct receipts *receipts, struct kai_txn *txn,
		       const struct sim_frame *frame, const struct kai_receipt_entry *entry)
{
	struct sim_sight *sight = sim_sight_of(sim);
	const struct sim_item *item = sim_ledger_find(sim, entry->id);
	uint64_t epoch = sim_node(sim, frame->to)->epochs;
	uint64_t arrival;

	if (item == NULL || !kai_rec_arrival(txn, entry->id, &arrival))
		return;
	uint64_t *at =
		sim_map_at(&receipts->highest, sim_map_key(frame->to, frame->from, item->number));
	uint64_t highest = kept(sight, txn, arrival, frame->from);

	if (*at >> 8 == epoch && highest < (*at & 0xff))
		sim_violation(sim, "receipts", frame->to, item->id,
			      "keeps level %llu of node %u, after level %llu",
			      (unsigned long long)highest, frame->from,
			      (unsigned long long)(*at & 0xff));
	*at = epoch << 8 | highest;
	if (highest > 0 && sim_is_honest(sim, frame->from) && item->origin != frame->from &&
	    sim_holding_of(sight, frame->from, item->number) == NULL &&
	    sim_node(sim, frame->from)->epochs == 0)
		sim_violation(sim, "receipts", frame->to, item->id,
			      "keeps level %llu of node %u, which never held it",
			      (unsigned long long)highest, frame->from);
}

static void receipts_received(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct kai_receipt_opened opened;
	union kai_msg msg;
	struct kai_txn *txn;

	if (frame->type != KAI_MSG_RECEIPT || !sim_is_honest(sim, frame->to))
		return;
	sight->arena.used = 0;
	if (kai_object_decode(&kai_object_receipt_frame, frame->bytes, &sight->arena, &msg) !=
		    KAI_FAULT_NONE ||
	    msg.receipt_frame.bytes.len == 0 ||
	    kai_receipt_open(msg.receipt_frame.bytes, &sight->arena, &opened) != KAI_FAULT_NONE)
		return;
	txn = sim_look(sim_node(sim, frame->to));
	for (size_t i = 0; i < opened.receipt.entries_count; i++)
		check_kept(sim, state, txn, frame, &opened.receipt.entries[i]);
	kai_txn_abort(txn);
}

/* ---- the end ---- */

/* Who has it says that it came that way. */
static bool brought(struct sim_sight *sight, struct kai_txn *there, uint32_t to, uint64_t arrival,
		    uint32_t from)
{
	struct sim_supply supplies[8];
	size_t count = sim_supplies(sight, there, to, arrival, supplies, 8);

	for (size_t i = 0; i < count; i++) {
		if (supplies[i].peer == from)
			return true;
	}
	return false;
}

/* Its own record that it went there: after a restore there may be none. */
static bool released(struct sim_sight *sight, struct kai_txn *here, uint64_t arrival, uint32_t to)
{
	size_t mark = sight->arena.used;
	struct kai_released row;
	struct kai_peer peer;
	bool is = false;

	if (kai_rec_peer(here, sim_node(sight->sim, to)->config.org, &sight->arena, &peer)) {
		struct kai_key key = kai_key_pair(arrival, (uint16_t)peer.number);

		is = kai_rec_get(here, KAI_TABLE_RELEASED, &key, &kai_object_released,
				 &sight->arena, &row) &&
		     (row.state == KAI_RELEASED_SENT || row.state == KAI_RELEASED_STORED);
	}
	sight->arena.used = mark;
	return is;
}

/* How far its people said that it is; at least it holds it. */
static uint64_t own_word(struct sim_sight *sight, struct kai_txn *there, uint64_t arrival)
{
	struct kai_key key = kai_key_pair(arrival, 0);
	size_t mark = sight->arena.used;
	struct kai_receipt_rec rec;
	uint64_t highest = 0;

	if (kai_rec_get(there, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &sight->arena,
			&rec))
		highest = kai_receipt_highest(&rec);
	sight->arena.used = mark;
	return highest > 0 ? highest : KAI_LEVEL_DELIVERED;
}

static void check_pair(struct sim *sim, uint32_t from, uint32_t to, struct kai_txn *here,
		       struct kai_txn *there)
{
	struct sim_sight *sight = sim_sight_of(sim);

	for (uint32_t i = 0; i < sim_ledger_item_count(sim); i++) {
		const struct sim_item *item = sim_ledger_item(sim, i);
		const struct sim_holding *holding = sim_holding_of(sight, to, i);
		uint64_t arrival, mine;

		/* rogues make things until the end: what came just now may not have been told yet */
		if (item->origin == to || holding == NULL ||
		    holding->at_ms > sim_now(sim) - SIM_JUST_NOW_MS ||
		    !kai_rec_arrival(there, item->id, &arrival) ||
		    !brought(sight, there, to, arrival, from) ||
		    !kai_rec_arrival(here, item->id, &mine) || !released(sight, here, mine, to))
			continue;
		uint64_t known = kept(sight, here, mine, to),
			 said = own_word(sight, there, arrival);

		if (known < said)
			sim_violation(
				sim, "receipts", from, item->id,
				"brought it to node %u, whose word is level %llu, and knows %llu",
				to, (unsigned long long)said, (unsigned long long)known);
	}
}

static void receipts_settled(struct sim *sim, void *state)
{
	struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	sight->arena.used = 0;
	for (uint32_t from = 0; from < sim_node_count(sim); from++) {
		if (!sim_is_honest(sim, from))
			continue;
		struct kai_txn *here = sim_look(sim_node(sim, from));

		for (uint32_t to = 0; to < sim_node_count(sim); to++) {
			if (to == from || !sim_is_honest(sim, to) ||
			    sim_standing(sim, from, to) == NULL)
				continue;
			struct kai_txn *there = sim_look(sim_node(sim, to));

			check_pair(sim, from, to, here, there);
			kai_txn_abort(there);
		}
		kai_txn_abort(here);
	}
}

const struct sim_checker sim_check_receipts = {.name = "receipts",
					       .new = receipts_new,
					       .free = receipts_free,
					       .sent = receipts_sent,
					       .received = receipts_received,
					       .settled = receipts_settled};
