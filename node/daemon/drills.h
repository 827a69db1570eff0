/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drills that this node takes part in now: for each an engine over a store of its own in
 * DIR/drills/REALM. Their turns come after the live one and commit only their own store; what fails
 * there ends that drill here and nothing else. The loop's thread.
 */
#ifndef KAIRAN_DAEMON_DRILLS_H
#define KAIRAN_DAEMON_DRILLS_H

#include "kairan/engine.h"

struct kai_loop;

#define KAI_DRILLS 12 /* at once: more than one director may have open */

struct kai_drill_seat {
	uint8_t realm[KAI_REALM_LEN];
	struct kai_store *store;
	struct kai_engine *engine;
	bool more;
	bool failed; /* not opened again before the node starts anew */
};

struct kai_drills {
	struct kai_drill_seat seats[KAI_DRILLS];
	size_t count;
	size_t waiting; /* for a place: all are taken */
	bool stale;	/* trust or drills changed, or one ended: look before the next turn … */
	struct kai_mono look; /* … but not before that */
};

/* Is there one of that realm that takes frames and requests? */
bool kai_drills_serve(struct kai_loop *loop, const uint8_t realm[KAI_REALM_LEN]);
/* After the live turn of these inputs: each drill's turn, where it has anything to do. */
void kai_drills_turn(struct kai_loop *loop, size_t count);
/* Ends them all: the live engine goes. They are found again when it is there. */
void kai_drills_end(struct kai_loop *loop);
/* When the next has something to do; 0: now. */
struct kai_mono kai_drills_deadline(const struct kai_loop *loop);

#endif
