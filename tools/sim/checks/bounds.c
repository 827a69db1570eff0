/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bounds: an honest node's frames are well formed and within their bounds, and alerts of one origin go to a
 * peer no faster than the quota says. From every frame that leaves it.
 */
#include <stdlib.h>

#include "checks.h"

struct bounds {
	struct sim_map pushes; /* (from, to, origin): minute << 32 | count */
};

static void *bounds_new(const struct sim *sim)
{
	(void)sim;
	return sim_check_room(1, sizeof(struct bounds));
}

static void bounds_free(void *state)
{
	struct bounds *bounds = state;

	sim_map_done(&bounds->pushes);
	free(bounds);
}

/* The node's minutes begin when they like: two of them may lie in one of ours. */
static void count_push(struct sim *sim, struct bounds *bounds, const struct sim_frame *frame,
		       const struct sim_mention *mention)
{
	const struct sim_node *node = sim_node(sim, frame->from);
	uint64_t minute = (uint64_t)(sim_now(sim) / KAI_MS_MINUTE);
	uint64_t *at = sim_map_at(&bounds->pushes,
				  sim_map_key(frame->from, frame->to, mention->truth->origin));
	int64_t most = 2 * node->config.quota.push_origin_per_minute;

	if (*at >> 32 != minute)
		*at = minute << 32;
	if ((int64_t)(++*at & UINT32_MAX) == most + 1)
		sim_violation(sim, "bounds", frame->from, mention->id,
			      "pushes more than %lld alerts of one origin to node %u in a minute",
			      (long long)most, frame->to);
}

static void bounds_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct bounds *bounds = state;

	if (frame->forged || !sim_is_honest(sim, frame->from))
		return;
	if (frame->bytes.len > KAI_MAX_FRAME || !sight->read) {
		sim_violation(sim, "bounds", frame->from, NULL,
			      "sends node %u a frame of %zu bytes and type %d that cannot be read",
			      frame->to, frame->bytes.len, (int)frame->type);
		return;
	}
	if (frame->type == KAI_MSG_PUSH && sight->mention_count > 0 &&
	    sight->mentions[0].truth != NULL)
		count_push(sim, bounds, frame, &sight->mentions[0]);
	/* With a session its counts begin anew. */
	if (frame->type == KAI_MSG_HELLO) {
		for (uint32_t i = 0; i < sim_node_count(sim); i++) {
			uint64_t key = sim_map_key(frame->from, frame->to, i);

			if (sim_map_get(&bounds->pushes, key) != 0)
				*sim_map_at(&bounds->pushes, key) = 0;
		}
	}
}

const struct sim_checker sim_check_bounds = {
	.name = "bounds", .new = bounds_new, .free = bounds_free, .sent = bounds_sent};
