/* SPDX-License-Identifier: Apache-2.0 */
/* One hop as the oracle is to judge it, from what the checkers see. */
#include "sight.h"
#include "kairan/rec.h"

#include <string.h>

struct sim_hop sim_hop_by(struct sim_sight *sight, uint32_t decider, uint32_t from, uint32_t to,
			  const struct sim_item *item, int part)
{
	const struct sim_holding *holding = sim_holding_of(sight, from, item->number);
	struct sim_hop hop = {.from = from,
			      .to = to,
			      .item = item,
			      .part = part,
			      .overlay = KAI_ONWARD_ANY,
			      .now = sight->walls[decider],
			      .lenient = true,
			      .decider = decider};

	/* How the sender got it is the sender's to know: there it is judged, with what it knows. */
	if (holding != NULL && item->origin != from && decider == from)
		hop.overlay = holding->overlay;
	if (item->target != SIM_NONE)
		hop.target_passed = sim_passed(sight, from, to, item->target) ||
				    sim_passed(sight, to, from, item->target);
	return hop;
}

bool sim_recorded(struct sim_sight *sight, struct kai_txn *txn, uint64_t arrival, uint32_t peer)
{
	const uint8_t *org = sim_node(sight->sim, peer)->config.org;
	size_t mark = sight->arena.used;
	struct kai_peer row;
	struct kai_released released;
	struct kai_span value;
	bool found = false;

	if (kai_rec_peer(txn, org, &sight->arena, &row)) {
		struct kai_key key = kai_key_pair(arrival, (uint16_t)row.number);

		found = kai_txn_get(txn, KAI_TABLE_SUPPLY, kai_key_span(&key), &value) ||
			(kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released,
				     &sight->arena, &released) &&
			 (released.state == KAI_RELEASED_SENT ||
			  released.state == KAI_RELEASED_STORED));
	}
	sight->arena.used = mark;
	return found;
}

/* What the decider itself says of clauses towards that end, or from it: that it may is another checker's to judge. */
static void ask_openings(struct sim_sight *sight, struct sim_hop *hop)
{
	bool ours = hop->decider == hop->from;
	const uint8_t *org = sim_node(sight->sim, ours ? hop->to : hop->from)->config.org;
	struct kai_txn *txn = sim_look(sim_node(sight->sim, hop->decider));
	size_t mark = sight->arena.used;
	struct kai_outage outage;
	struct kai_peer peer;
	struct kai_scan scan;
	struct kai_span key, value;

	if (kai_rec_peer(txn, org, &sight->arena, &peer)) {
		struct kai_key prefix = kai_key_peer((uint16_t)peer.number);

		prefix.at[prefix.len++] = ours ? KAI_OUTAGE_OURS : KAI_OUTAGE_THEIRS;
		kai_scan_init(&scan, txn, KAI_TABLE_OUTAGES, kai_key_span(&prefix),
			      kai_span(NULL, 0), false);
		while (hop->opening_count < SIM_OPENINGS && kai_scan_next(&scan, &key, &value)) {
			struct sim_opening *opening = &hop->openings[hop->opening_count];

			if (kai_object_decode(&kai_object_outage, value, &sight->arena, &outage) !=
				    KAI_FAULT_NONE ||
			    (outage.closed_at != 0 && (int64_t)outage.closed_at < hop->now.ms))
				continue;
			memcpy(opening->clause, key.at + 3, sizeof(opening->clause));
			opening->opened_at = (int64_t)outage.opened_at;
			hop->opening_count++;
		}
	}
	sight->arena.used = mark;
	kai_txn_abort(txn);
}

/* Supplies that brought nothing new are in the store alone, and so is what was to leave in a turn whose
 * frames a crash took. */
static void ask_stores(struct sim_sight *sight, struct sim_hop *hop)
{
	const struct sim_holding *holding = sim_holding_of(sight, hop->from, hop->item->number);
	const struct sim_holding *target = NULL;
	struct kai_txn *txn;

	if (holding != NULL && hop->overlay < KAI_ONWARD_ANY) {
		txn = sim_look(sim_node(sight->sim, hop->from));
		hop->overlay = sim_overlay(sight, txn, hop->from, holding->arrival);
		kai_txn_abort(txn);
	}
	if (hop->item->target != SIM_NONE)
		target = sim_holding_of(sight, hop->decider, hop->item->target);
	if (target != NULL && !hop->target_passed) {
		txn = sim_look(sim_node(sight->sim, hop->decider));
		hop->target_passed = sim_recorded(sight, txn, target->arrival,
						  hop->from == hop->decider ? hop->to : hop->from);
		kai_txn_abort(txn);
	}
}

const char *sim_hop_forbidden(struct sim_sight *sight, struct sim_hop hop)
{
	const char *rule = sim_oracle_forbids(sight->sim, &hop);

	if (rule == NULL)
		return NULL;
	ask_stores(sight, &hop);
	ask_openings(sight, &hop);
	return sim_oracle_forbids(sight->sim, &hop);
}
