/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's two clocks. Only a lab's node may have them scaled and shifted (config.h). Values;
 * read from any thread once made.
 */
#ifndef KAIRAN_DAEMON_CLOCK_H
#define KAIRAN_DAEMON_CLOCK_H

#include "kairan/base.h"

struct kai_clock {
	double scale;
	int64_t from_ms; /* scaled time counts from here; 0: from the start of this process */
	int64_t offset_ms;
	int64_t mono_base_ms;
	int64_t wall_base_ms;
};

/* from_ms: a wall clock time at which scaled time began, the same for nodes that shall agree; 0: now. */
void kai_clock_init(struct kai_clock *clock, double scale, int64_t from_ms, int64_t offset_ms);
struct kai_mono kai_clock_mono(const struct kai_clock *clock);
struct kai_wall kai_clock_wall(const struct kai_clock *clock);
/* Real milliseconds until the clock shows `due`: 0 when it does already, at most limit_ms. */
int64_t kai_clock_wait_ms(const struct kai_clock *clock, struct kai_mono due, int64_t limit_ms);

/* The machine's own monotonic clock, for sockets and timeouts. */
int64_t kai_real_ms(void);

#endif
