/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many organisations in one process that hold a link each to one real node: cards, agreements and CURVE are real, what
 * they hold is nothing. They take what is pushed, say that they stored it, and answer pings; they send no item and check
 * none, so that the machine's time is the node's. One thread.
 */
#ifndef KAIRAN_BENCH_CROWD_H
#define KAIRAN_BENCH_CROWD_H

#include "bench.h"
#include "kairan/crypto.h"

#define CROWD_MOST 256

struct member_pair {
	uint8_t key[KAI_ID_LEN];
	uint8_t secret[64];
};

struct member {
	struct member_pair root, decider, seal, link; /* all it needs to sign, read and connect */
	uint8_t nonce[16], other[16];		      /* of the hellos */
	void *socket;				      /* DEALER */
	double dialled;				      /* when */
	bool greeted, up;
	bool came; /* what is waited for */
};

struct crowd {
	struct pair *pair;
	void *context;
	struct member *members; /* CROWD_MOST of them */
	size_t count;
	char endpoint[PAIR_ENDPOINT];
	uint8_t node_key[KAI_ID_LEN], org[KAI_ID_LEN]; /* of the node */
	struct kai_arena arena;
	uint8_t *memory;
};

/* crowd_make.c: a new organisation with an agreement, accepted by the node. false after printing why. */
bool crowd_join(struct crowd *crowd, struct member *member);

/* Nobody yet. NULL after printing why. */
struct crowd *crowd_new(struct pair *pair);
void crowd_free(struct crowd *crowd);
/* Until so many, at most CROWD_MOST, are partners of the node and linked to it. false after printing why. */
bool crowd_grow(struct crowd *crowd, size_t count);
/* Publishes an item of len bytes for all and waits until the last member has it: seconds since before it was asked for.
 * Negative: it did not come to all in ten seconds. All have said that they stored it when this returns. */
double crowd_spread(struct crowd *crowd, size_t len);

#endif
