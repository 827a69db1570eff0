/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Liveness of drills, for the checker `realm`: of one that still runs at the end, everybody who is joined to its
 * director by a chain of honest participants and agreements that consent knows it and takes part; two of them
 * side by side hold one another's consent; and what one of them published there for everybody the
 * other holds. Only where it can be said: agreements that are the only ones of their pair, were in force when
 * the drill began to be known, and of which nobody said anything since, that let introduce and ask for one signature; no clock was wrong, nobody came back from
 * a backup, no card changed, no quota is cut short, and nobody lied about realms, as a drill under another's
 * realm that comes first is believed.
 */
#include "realm.h"

#include <stdlib.h>
#include <string.h>

#include "../rogue.h"
#include "kairan/kinds.h"
#include "kairan/rec.h"
#include "standing.h"

/* One drill, looked at when all is over. */
struct rehearsal {
	struct sim *sim;
	struct sim_sight *sight;
	const struct sim_realm *realm;
	uint32_t index;
	struct kai_wall now;
	bool reached[KAI_MAX_PARTICIPANTS];
};

static uint64_t arg(const struct sim_op *op, const char *name)
{
	return op->args[sim_op_arg(op->type, name)];
}

static bool is_fair(const struct sim_plan *plan)
{
	for (uint32_t i = 0; i < plan->op_count; i++) {
		const struct sim_op *op = &plan->ops[i];

		if (op->type == SIM_OP_CLOCK || op->type == SIM_OP_RESTORE ||
		    op->type == SIM_OP_CARD ||
		    (op->type == SIM_OP_LIE && arg(op, "what") == SIM_LIE_REALMS))
			return false;
	}
	for (uint32_t i = 0; i < plan->node_count; i++)
		if ((plan->nodes[i].lies & SIM_LIE_BIT(SIM_LIE_REALMS)) != 0)
			return false;
	return plan->quota_scale_percent == 100;
}

/* The agreement by which a drill goes from one to the other; NULL: none of which that can be said. */
static const struct sim_pact *joint(const struct rehearsal *rehearsal, uint32_t a, uint32_t b)
{
	const struct sim *sim = rehearsal->sim;
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	const struct sim_pact *pact = sim_pact_next(ledger, a, b, NULL);

	if (!sim_is_honest(sim, a) || !sim_is_honest(sim, b) || pact == NULL ||
	    sim_pact_next(ledger, a, b, pact) != NULL || pact->notices != SIM_NONE ||
	    !sim_consents(pact, rehearsal->realm->level) || pact != sim_standing(sim, a, b))
		return NULL;
	const struct kai_terms *terms = &pact->of.terms;

	if ((int64_t)terms->valid_from > SIM_WALL_MS + rehearsal->realm->made_ms)
		return NULL;
	return terms->a.may_introduce && terms->b.may_introduce && terms->signers <= 1 ? pact
										       : NULL;
}

/* ---- who knows of it ---- */

static void reach(struct rehearsal *rehearsal)
{
	const struct sim_realm *realm = rehearsal->realm;
	bool again = true;

	for (size_t i = 0; i < realm->participant_count; i++)
		rehearsal->reached[i] = realm->participants[i] == realm->director &&
					sim_is_honest(rehearsal->sim, realm->director);
	while (again) {
		again = false;
		for (size_t i = 0; i < realm->participant_count; i++)
			for (size_t k = 0; k < realm->participant_count; k++)
				if (rehearsal->reached[i] && !rehearsal->reached[k] &&
				    joint(rehearsal, realm->participants[i],
					  realm->participants[k]) != NULL)
					rehearsal->reached[k] = again = true;
	}
}

static bool takes_part(struct rehearsal *rehearsal, uint32_t node, uint32_t who)
{
	const uint8_t *org = sim_node(rehearsal->sim, who)->config.org;
	struct kai_txn *txn = sim_look(sim_node(rehearsal->sim, node));
	size_t mark = rehearsal->sight->arena.used;
	struct kai_drill_held held;
	bool yes = kai_rec_drill(txn, rehearsal->realm->realm, &rehearsal->sight->arena, &held) &&
		   kai_id_equal(held.digest, rehearsal->realm->digest) &&
		   sim_takes_part(txn, &held, org, &rehearsal->sight->arena);

	rehearsal->sight->arena.used = mark;
	kai_txn_abort(txn);
	return yes;
}

/* Not closed, as far as the node knows. */
static bool is_open(struct rehearsal *rehearsal, uint32_t node)
{
	struct kai_txn *txn = sim_look(sim_node(rehearsal->sim, node));
	size_t mark = rehearsal->sight->arena.used;
	struct kai_drill_held held;
	bool open = kai_rec_drill(txn, rehearsal->realm->realm, &rehearsal->sight->arena, &held) &&
		    sim_drill_end(txn, &held, &rehearsal->sight->arena) > rehearsal->now.ms;

	rehearsal->sight->arena.used = mark;
	kai_txn_abort(txn);
	return open;
}

/* ---- what was published ---- */

static const struct sim_stage *stage_of(const struct rehearsal *rehearsal, uint32_t number)
{
	const struct sim_node *node = sim_node(rehearsal->sim, number);

	for (size_t i = 0; i < node->stages->count; i++)
		if (memcmp(node->stages->rows[i].realm, rehearsal->realm->realm, KAI_REALM_LEN) ==
			    0 &&
		    node->stages->rows[i].engine != NULL)
			return &node->stages->rows[i];
	return NULL;
}

/* For everybody, still good, and no word about another one. */
static bool is_plain(const struct rehearsal *rehearsal, const struct kai_item *item,
		     const struct kai_header *header)
{
	return header->label.tlp == KAI_TLP_CLEAR && header->label.retain_until == 0 &&
	       header->kind != KAI_KIND_RETRACT &&
	       (item->flags & (KAI_ITEM_RETRACTED | KAI_ITEM_MARKED)) == 0 &&
	       (int64_t)header->not_after > rehearsal->now.ms;
}

/* Should it be with the other one? */
static bool is_due(struct rehearsal *rehearsal, struct kai_txn *txn,
		   const struct sim_realm_item *made, uint32_t to)
{
	struct sim_item item = {.origin = made->origin, .target = SIM_NONE};
	struct kai_item held;
	uint64_t arrival;

	if (!kai_rec_arrival(txn, made->id, &arrival) ||
	    !kai_rec_item(txn, arrival, &rehearsal->sight->arena, &held) ||
	    kai_object_decode(&kai_object_header, held.header, &rehearsal->sight->arena,
			      &item.header) != KAI_FAULT_NONE ||
	    !is_plain(rehearsal, &held, &item.header))
		return false;
	/* The oracle knows the live realm only. */
	memcpy(item.header.realm, kai_realm_live, KAI_REALM_LEN);
	struct sim_hop hop = {.from = made->origin,
			      .to = to,
			      .item = &item,
			      .part = -1,
			      .overlay = KAI_ONWARD_ANY,
			      .now = rehearsal->now};

	return sim_oracle_permits(rehearsal->sim, &hop);
}

static void check_items(struct rehearsal *rehearsal, uint32_t from, uint32_t to)
{
	const struct sim_stage *here = stage_of(rehearsal, from), *there = stage_of(rehearsal, to);
	const struct sim_realm_item *item;
	struct kai_txn *mine, *theirs;
	uint64_t arrival;

	if (here == NULL || there == NULL ||
	    kai_txn_begin(here->store, false, &mine, NULL) != KAI_ERR_OK)
		return;
	if (kai_txn_begin(there->store, false, &theirs, NULL) != KAI_ERR_OK) {
		kai_txn_abort(mine);
		return;
	}
	for (uint32_t i = 0; (item = sim_realms_item_at(rehearsal->sim, i)) != NULL; i++) {
		size_t mark = rehearsal->sight->arena.used;

		if (item->realm == rehearsal->index && item->origin == from &&
		    is_due(rehearsal, mine, item, to) &&
		    !kai_rec_arrival(theirs, item->id, &arrival))
			sim_violation(rehearsal->sim, "realm", to, item->id,
				      "lacks what node %u published in their drill (operation %u)",
				      from, rehearsal->realm->op);
		rehearsal->sight->arena.used = mark;
	}
	kai_txn_abort(theirs);
	kai_txn_abort(mine);
}

/* ---- all ---- */

static void check_pair(struct rehearsal *rehearsal, uint32_t from, uint32_t to)
{
	if (joint(rehearsal, from, to) == NULL)
		return;
	if (!takes_part(rehearsal, from, to))
		sim_violation(rehearsal->sim, "realm", from, NULL,
			      "knows no consent of node %u to their drill (operation %u)", to,
			      rehearsal->realm->op);
	else if (is_open(rehearsal, from) && is_open(rehearsal, to))
		check_items(rehearsal, from, to);
}

static void check_drill(struct rehearsal *rehearsal)
{
	const struct sim_realm *realm = rehearsal->realm;

	reach(rehearsal);
	for (size_t i = 0; i < realm->participant_count; i++) {
		uint32_t node = realm->participants[i];

		if (!rehearsal->reached[i])
			continue;
		if (!takes_part(rehearsal, node, node)) {
			sim_violation(rehearsal->sim, "realm", node, NULL,
				      "takes no part in node %u's drill (operation %u)",
				      realm->director, realm->op);
			continue;
		}
		for (size_t k = 0; k < realm->participant_count; k++)
			if (k != i && rehearsal->reached[k])
				check_pair(rehearsal, node, realm->participants[k]);
	}
}

void sim_rehearsal_settled(struct sim *sim)
{
	const struct sim_realm *realm;

	if (!is_fair(sim_plan_of(sim)))
		return;
	for (uint32_t i = 0; (realm = sim_realms_at(sim, i)) != NULL; i++) {
		struct rehearsal rehearsal = {.sim = sim,
					      .sight = sim_sight_of(sim),
					      .realm = realm,
					      .index = i,
					      .now = sim_end_wall(sim)};

		/* One that is over is told to nobody any more. */
		if (realm->until > rehearsal.now.ms + KAI_MS_MINUTE &&
		    realm->made_ms <= sim_plan_of(sim)->faults_end_ms)
			check_drill(&rehearsal);
	}
}
