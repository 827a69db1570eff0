/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came in, on its way to the loop: frames are checked statelessly by worker threads (check.h)
 * while the loop commits the turn before, and come out in the order in which they went in. Two
 * lanes: bulk (offers, chunks) waits for everything else; a hello or bye keeps its place among the
 * bulk of its own link. The loop sees that an alert waits, ends its turn early and puts bulk back. Bounded: when it
 * is full, the links stop reading.
 *
 * One thread puts frames (the net thread), any what is none; one takes (the loop).
 */
#ifndef KAIRAN_DAEMON_POOL_H
#define KAIRAN_DAEMON_POOL_H

#include <zmq.h>

#include "kairan/check.h"

enum kai_input_type {
	KAI_INPUT_FRAME,   /* org, link, body */
	KAI_INPUT_UP,	   /* org, link: a connection stands */
	KAI_INPUT_DOWN,	   /* org, link */
	KAI_INPUT_CONTROL, /* client, body */
	KAI_INPUT_SIGNAL,  /* number */
	KAI_INPUT_CALLED   /* called */
};

struct kai_hook_end;

struct kai_input {
	struct kai_input *next;
	enum kai_input_type type;
	uint8_t org[KAI_ID_LEN];
	uint64_t link; /* number of the connection, never used twice */
	uint64_t client;
	int number;
	struct kai_hook_end *called; /* on the heap; goes with the input */
	zmq_msg_t body;
	bool has_body;
	/* the pool's own */
	bool frame_slot; /* counts against the bound */
	bool done;
	uint64_t bulk_number;
	uint8_t *memory; /* of the arena: KAI_CHECK_ARENA bytes */
	struct kai_checked checked;
};

/* A connection's place in the lanes; zeros at its start. The putting thread's. */
struct kai_lane_mark {
	uint64_t last_bulk;    /* number of its newest input in the bulk lane, done or not */
	uint64_t last_barrier; /* and of its newest hello or bye there */
};

#define KAI_POOL_FRAMES 2048			  /* frames waiting or being worked on */
#define KAI_POOL_BYTES ((size_t)32 * 1024 * 1024) /* of them */

struct kai_pool;
/* workers 0: one less than the machine has cores, at least one. */
KAI_MUST_USE enum kai_err kai_pool_new(unsigned workers, struct kai_pool **ret,
				       struct kai_why *why);
void kai_pool_free(struct kai_pool *pool);

/* fd becomes readable when room came back after kai_pool_blank_frame said no; borrowed. */
void kai_pool_tell_room(struct kai_pool *pool, int event_fd);
/* NULL: the pool is full, stop reading. */
KAI_MUST_USE struct kai_input *kai_pool_blank_frame(struct kai_pool *pool);
/* For everything but frames: never refused by the bound; NULL only without memory. */
KAI_MUST_USE struct kai_input *kai_pool_blank(void);
/* Gives back a blank frame that nothing was read into. */
void kai_pool_unused(struct kai_pool *pool, struct kai_input *input);
/* mark NULL: the fast lane. */
void kai_pool_put(struct kai_pool *pool, struct kai_input *input, struct kai_lane_mark *mark);

/* Waits at most wait_ms for something checked; takes at most max in order, the fast lane first. */
size_t kai_pool_take(struct kai_pool *pool, struct kai_input **ret, size_t max, int64_t wait_ms);
/* Does an alert or a question wait? Of any thread. */
bool kai_pool_pressing(const struct kai_pool *pool);
/* The last of what was taken, bulk that had no turn: it comes first among bulk. */
void kai_pool_put_back(struct kai_pool *pool, struct kai_input **inputs, size_t count);
/* What had its turn. */
void kai_pool_give_back(struct kai_pool *pool, struct kai_input **inputs, size_t count);

#endif
