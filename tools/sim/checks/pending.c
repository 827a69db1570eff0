/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pending: nothing waits for ever. At the end, between honest nodes with a standing agreement: the link is up at
 * both ends, the whole log was looked at for the peer, nothing is offered or wanted that is not stored (but what
 * waits for a time that is to come), and both know the newest word on their agreement. From each
 * engine's own status, asked in a transaction that is thrown away, and from what is known of stores.
 */
#include <stdlib.h>
#include <string.h>

#include "kairan/control.h"
#include "standing.h"

#define STATUS_ROOM ((size_t)4 << 20)

static bool ask_status(struct sim_node *node, struct kai_out *out, struct kai_arena *arena,
		       struct kai_state *ret)
{
	struct kai_ctl_status request = {.version = KAI_VERSION, .type = KAI_CONTROL_STATUS};
	struct kai_event event = {.type = KAI_EVENT_CONTROL, .client = 1};
	struct kai_ctl_answer answer;
	struct kai_txn *txn;
	bool good = false;

	event.wall = sim_wall(node);
	event.mono = sim_mono(node);
	event.request = kai_object_encode_in(&kai_object_ctl_status, &request, arena);
	if (kai_txn_begin(node->store, true, &txn, NULL) != KAI_ERR_OK)
		return false;
	(void)kai_engine_step(node->engine, txn, &event, out);
	for (size_t i = 0; i < kai_out_count(out) && !good; i++) {
		const struct kai_output *output = kai_out_at(out, i);

		good = output->type == KAI_OUTPUT_ANSWER &&
		       kai_object_decode(&kai_object_ctl_answer, output->bytes, arena, &answer) ==
			       KAI_FAULT_NONE &&
		       kai_object_decode(&kai_object_state, answer.body, arena, ret) ==
			       KAI_FAULT_NONE;
	}
	kai_txn_abort(txn);
	return good;
}

/* ---- what waits ---- */

/* What waits rightly: for a time to come, or for a card that the node may not bring; and what a rogue made just
 * now, since they make things until the end. */
static size_t put_off_count(struct sim *sim, uint32_t node, uint32_t peer,
			    const struct sim_pact *pact)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct kai_txn *mine = sim_look(sim_node(sim, node));
	struct kai_txn *theirs = sim_look(sim_node(sim, peer));
	size_t count = 0;

	for (uint32_t i = 0; i < sim_ledger_item_count(sim); i++) {
		const struct sim_holding *holding = sim_holding_of(sight, node, i);
		const struct sim_item *item = sim_ledger_item(sim, i);

		if (holding != NULL &&
		    (item->made_ms > sim_now(sim) - SIM_JUST_NOW_MS ||
		     sim_put_off(sight, mine, peer, holding->arrival, sim_end_wall(sim)) ||
		     !sim_signer_known(sight, item, pact, node, mine, theirs)))
			count++;
	}
	kai_txn_abort(theirs);
	kai_txn_abort(mine);
	return count;
}

static void check_peer(struct sim *sim, uint32_t node, const struct sim_pact *pact,
		       const struct kai_peer_state *row)
{
	uint32_t peer = sim_pact_other(pact, node);

	if (!row->up) {
		sim_violation(sim, "pending", node, NULL, "is not linked with node %u: %.*s", peer,
			      (int)row->down_reason.len, (const char *)row->down_reason.at);
		return;
	}
	if (row->lag != 0)
		sim_violation(sim, "pending", node, NULL,
			      "has not looked at %llu log entries for node %u",
			      (unsigned long long)row->lag, peer);
	if (row->queued != 0 && row->queued > put_off_count(sim, node, peer, pact))
		sim_violation(sim, "pending", node, NULL,
			      "waits for node %u with %llu items, %llu bytes under way", peer,
			      (unsigned long long)row->queued,
			      (unsigned long long)row->in_flight_bytes);
}

static void check_status(struct sim *sim, uint32_t node, const struct kai_state *status)
{
	const struct sim_pact *pact = NULL;

	while ((pact = sim_pact_next(sim_ledger_of(sim), node, SIM_NONE, pact)) != NULL) {
		uint32_t peer = sim_pact_other(pact, node);
		const struct kai_peer_state *row = NULL;

		if (!sim_is_honest(sim, peer) || sim_standing(sim, node, peer) != pact)
			continue;
		for (size_t i = 0; i < status->peers_count; i++) {
			if (kai_id_equal(status->peers[i].org, sim_node(sim, peer)->config.org))
				row = &status->peers[i];
		}
		if (row == NULL)
			sim_violation(sim, "pending", node, NULL, "does not know node %u as a peer",
				      peer);
		else
			check_peer(sim, node, pact, row);
	}
}

/* ---- news ---- */

static void check_news(struct sim *sim, const struct sim_pact *pact)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	uint32_t ends[2] = {pact->of.a, pact->of.b};

	for (size_t i = 0; i < 2; i++) {
		const struct sim_word *newest[2] = {NULL, NULL};

		if ((pact->known[i] & SIM_KNOWN_NOW) == 0)
			sim_violation(sim, "pending", ends[i], NULL,
				      "does not know its agreement with node %u", ends[1 - i]);
		for (uint32_t k = pact->notices; k != SIM_NONE; k = ledger->words[k]->next) {
			const struct sim_word *word = ledger->words[k];
			const struct sim_word **best = &newest[word->of.by == pact->of.b];

			if (*best == NULL || word->of.number > (*best)->of.number)
				*best = word;
		}
		for (size_t k = 0; k < 2; k++) {
			if (newest[k] != NULL && (newest[k]->known[i] & SIM_KNOWN_NOW) == 0)
				sim_violation(sim, "pending", ends[i], NULL,
					      "has not heard node %u's newest notice to node %u",
					      ends[k], ends[1 - k]);
		}
	}
}

static void pending_settled(struct sim *sim, void *state)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	struct kai_arena arena = {.at = sim_check_room(1, STATUS_ROOM), .cap = STATUS_ROOM};
	struct kai_out *out;

	(void)state;
	if (kai_out_new(&out) != KAI_ERR_OK)
		return;
	for (uint32_t i = 0; i < ledger->pact_count; i++) {
		const struct sim_pact *pact = ledger->pacts[i];

		if (sim_is_honest(sim, pact->of.a) && sim_is_honest(sim, pact->of.b) &&
		    sim_standing(sim, pact->of.a, pact->of.b) == pact)
			check_news(sim, pact);
	}
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		struct sim_node *node = sim_node(sim, i);
		struct kai_state status;

		if (node->rogue != NULL || node->engine == NULL || node->read_only)
			continue;
		arena.used = 0;
		if (ask_status(node, out, &arena, &status))
			check_status(sim, i, &status);
		else
			sim_violation(sim, "pending", i, NULL, "does not tell its status");
		kai_out_reset(out);
	}
	kai_out_free(out);
	free(arena.at);
}

const struct sim_checker sim_check_pending = {.name = "pending", .settled = pending_settled};
