/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timers: a node that has something to do at a time does it then: no deadline of an engine is overslept, none lies
 * in the past at the end. From each engine's deadline after its turn, and when its next turn came. (One that
 * fires again and again for nothing is the driver's to find: it counts turns that do nothing.)
 */
#include <stdlib.h>

#include "checks.h"

#define LATE_MS 1000 /* beyond a slow commit; a turn itself takes a millisecond here */

struct due {
	int64_t at_ms;	  /* INT64_MAX: nothing is due */
	int64_t clock_ms; /* clock_since_ms when it was computed: another clock, another time */
	uint64_t boot;
};

static void *timers_new(const struct sim *sim)
{
	struct due *due = sim_check_room(sim_node_count(sim), sizeof(*due));

	for (uint32_t i = 0; i < sim_node_count(sim); i++)
		due[i].at_ms = INT64_MAX;
	return due;
}

static bool overslept(const struct sim *sim, const struct due *due, const struct sim_node *node)
{
	return due->at_ms != INT64_MAX && due->boot == node->boots &&
	       due->clock_ms == node->clock_since_ms &&
	       sim_now(sim) - due->at_ms > LATE_MS + 2 * node->slow_ms;
}

static void timers_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct due *due = (struct due *)state + node->number;

	if (overslept(sim, due, node))
		sim_violation(sim, "timers", node->number, NULL,
			      "had something to do %lld ms ago and slept",
			      (long long)(sim_now(sim) - due->at_ms));
	*due = (struct due){.at_ms =
				    node->engine == NULL
					    ? INT64_MAX
					    : sim_node_due(node, kai_engine_deadline(node->engine)),
			    .clock_ms = node->clock_since_ms,
			    .boot = node->boots};
}

static void timers_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	struct due *due = state;

	(void)sim;
	(void)restored;
	due[node->number].at_ms = INT64_MAX;
}

static void timers_settled(struct sim *sim, void *state)
{
	const struct due *due = state;

	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		const struct sim_node *node = sim_node(sim, i);

		if (node->engine == NULL || node->read_only)
			sim_violation(sim, "timers", i, NULL, "is still %s",
				      node->engine == NULL ? "down" : "read-only");
		else if (overslept(sim, &due[i], node))
			sim_violation(sim, "timers", i, NULL,
				      "had something to do %lld ms before the end and sleeps",
				      (long long)(sim_now(sim) - due[i].at_ms));
	}
}

const struct sim_checker sim_check_timers = {.name = "timers",
					     .new = timers_new,
					     .free = free,
					     .turn = timers_turn,
					     .restarted = timers_restarted,
					     .settled = timers_settled};
