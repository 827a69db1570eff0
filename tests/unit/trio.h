/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three simulated nodes in a line, what happens to them, and what an observer saw. The
 * trio owns its world, its plan and the list of frames until trio_end. One thread.
 */
#ifndef KAIRAN_TEST_TRIO_H
#define KAIRAN_TEST_TRIO_H

#include "test.h"

#include "sim.h"

struct seen {
	struct sim_frame frame; /* bytes: not kept */
	int64_t received_ms;	/* -1: never */
	uint64_t received_order;
};

/* What one run did, as an observer saw it. */
struct trio {
	struct seen *frames;
	size_t frame_count;
	uint64_t received_count;
	unsigned starts[3], restores[3];
	uint64_t turns[3];
	bool (*at_turn)(struct sim *sim, struct trio *trio, struct sim_node *node);
	void *more;
	struct sim *sim;
	struct sim_plan *plan;
};

/* A plan from its text, the caller's; fails the test when it is none. */
struct sim_plan *trio_plan(const char *text);
/* The line of three under a seed, and what happens: operations, in which zeros may be said. */
void trio_begin(struct trio *trio, uint64_t seed, const char *more);
/* The same from begin to end, without a violation. */
void trio_run(struct trio *trio, uint64_t seed, const char *more);
void trio_end(struct trio *trio);
/* How many items the node holds. */
uint64_t trio_held(struct trio *trio, uint32_t node);

#endif
