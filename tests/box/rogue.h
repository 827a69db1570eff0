/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cases of the patched sender share: a real node, the rogue that has a real agreement with
 * it, and an honest peer beside it. After each case the node must have stored nothing of it, must
 * say why and count it, and the good items of both must still pass.
 */
#ifndef KAIRAN_BOX_ROGUE_H
#define KAIRAN_BOX_ROGUE_H

#include "craft.h"

struct rogue {
	const char *kairan, *kairand;
	struct box_node *node;
	struct box_peer *peer;	 /* the rogue */
	struct box_peer *honest; /* beside it */
	uint64_t stored;	 /* items that the node must hold now */
	bool no_push;		 /* the rogue has used up what it may push: it offers */
};

struct rogue_case {
	const char *name;
	void (*run)(struct rogue *rogue, const struct rogue_case *self);
	const char *reason; /* a rule or a fault */
	uint64_t klass;	    /* of the refusal; 0: rule */
	struct plan plan;
	void (*prepare)(struct rogue *rogue, struct plan *io_plan);
	void (*spoil)(struct rogue *rogue, struct craft *craft);
};

struct rogue_cases {
	const struct rogue_case *cases;
	size_t count;
};

extern const struct rogue_cases rogue_label_cases; /* what may not pass */
extern const struct rogue_cases rogue_forge_cases; /* what is not what it says */
extern const struct rogue_cases rogue_part_cases;  /* parts, wraps */
extern const struct rogue_cases rogue_frame_cases; /* frames and chunks */
extern const struct rogue_cases rogue_flood_cases; /* too much, and strangers */

/* Makes the planned item, spoils it, pushes it; it must be refused with that reason and class. */
void rogue_push(struct rogue *rogue, const struct rogue_case *self);
/* The refusal of this id is the rogue's: reason, class, counter, journal, nothing stored. */
void rogue_refused(struct rogue *rogue, const struct rogue_case *self, const uint8_t id[KAI_ID_LEN],
		   const struct box_state *before);
/* The same for what gets no answer: counted as a fault with that name. */
void rogue_counted(struct rogue *rogue, const char *reason, const struct box_state *before);
struct box_state rogue_state(struct rogue *rogue);
/* A good item of that peer is stored. */
void rogue_good(struct rogue *rogue, struct box_peer *peer, struct craft *ret);

#endif
