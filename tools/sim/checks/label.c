/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label: no honest node holds an item or a part that the oracle forbids on every hop by which it came.
 * From the items and parts that its log gained, from SUPPLY's suppliers, by its own clock and what it
 * knew of agreements and memberships. Proves the receiver's check: a supplier may be a rogue.
 */
#include "checks.h"

#define SUPPLIERS 64u

/* The rule that forbids it on the last hop that was looked at; NULL: one hop permits it. */
static const char *came_lawfully(struct sim_sight *sight, const struct sim_change *change,
				 const struct sim_supply *supplies, size_t count, int part,
				 uint32_t *ret_peer)
{
	const char *rule = "nobody-supplied-it";

	for (size_t i = 0; i < count; i++) {
		if (supplies[i].peer == SIM_NONE ||
		    (part >= 0 && (supplies[i].parts >> part & 1) == 0))
			continue;
		struct sim_hop hop = sim_hop_by(sight, sight->node->number, supplies[i].peer,
						sight->node->number, change->truth, part);

		*ret_peer = supplies[i].peer;
		rule = sim_hop_forbidden(sight, hop);
		if (rule == NULL)
			return NULL;
	}
	return rule;
}

static void check_change(struct sim *sim, struct sim_sight *sight, const struct sim_change *change)
{
	uint32_t node = sight->node->number;
	struct sim_supply supplies[SUPPLIERS];
	uint32_t peer = SIM_NONE;
	size_t count;

	if ((change->item.flags & KAI_ITEM_OWN) != 0) {
		if (change->truth->origin != node)
			sim_violation(sim, "label", node, change->item.id,
				      "holds node %u's item as its own", change->truth->origin);
		return;
	}
	count = sim_supplies(sight, sight->txn, node, change->arrival, supplies, SUPPLIERS);
	for (int part = -1; part < (int)KAI_MAX_PARTS; part++) {
		if (part < 0 ? change->before == change->arrival : (change->fresh >> part & 1) == 0)
			continue;
		const char *rule = came_lawfully(sight, change, supplies, count, part, &peer);

		if (rule != NULL)
			sim_violation(sim, "label", node, change->item.id,
				      "holds %s %d against rule %s, from node %d",
				      part < 0 ? "header" : "part", part, rule, (int)peer);
	}
}

static void label_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	for (size_t i = 0; node->rogue == NULL && i < sight->change_count; i++) {
		if (sight->changes[i].truth != NULL)
			check_change(sim, sight, &sight->changes[i]);
	}
}

const struct sim_checker sim_check_label = {.name = "label", .turn = label_turn};
