/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: who merely heard of an id does not learn from an honest node that it is held there. A rogue is told
 * `stored` only of what its own store had once, or of what was sent to it or by it with its header, or of what
 * the same node offered it (its tag, sent back, is right): all else it cannot have shown. From `stored` frames, holdings, and who passed a header to whom. One whose store was
 * restored is not judged: what it had before nobody remembers.
 */
#include <stdlib.h>

#include "checks.h"

static void *probe_new(const struct sim *sim)
{
	return sim_check_room(sim_node_count(sim), sizeof(bool));
}

static bool had_it(const struct sim *sim, uint32_t rogue, uint32_t item)
{
	const struct sim_sight *sight = sim_sight_of(sim);

	if (sim_holding_of(sight, rogue, item) != NULL ||
	    sim_ledger_item(sim, item)->origin == rogue)
		return true;
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		if (sim_passed(sight, i, rogue, item) || sim_passed(sight, rogue, i, item))
			return true;
	}
	return false;
}

static void probe_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	const struct sim_sight *sight = sim_sight_of(sim);
	const bool *restored = state;

	if (frame->type != KAI_MSG_STORED || !sim_check_hears(sim, frame) ||
	    sim_is_honest(sim, frame->to) || restored[frame->to])
		return;
	for (size_t i = 0; i < sight->mention_count; i++) {
		const struct sim_mention *mention = &sight->mentions[i];

		if (mention->truth != NULL && !had_it(sim, frame->to, mention->number) &&
		    (sim_told(sight, frame->from, frame->to, mention) & SIM_OFFERED) == 0)
			sim_violation(sim, "probe", frame->from, mention->id,
				      "tells rogue %u that it holds what that never had",
				      frame->to);
	}
}

static void probe_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	bool *ever = state;

	(void)sim;
	ever[node->number] = ever[node->number] || restored;
}

const struct sim_checker sim_check_probe = {.name = "probe",
					    .new = probe_new,
					    .free = free,
					    .sent = probe_sent,
					    .restarted = probe_restarted};
