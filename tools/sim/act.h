/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What act.c, act_items.c and act_trust.c share: what became of each operation, and whether a node may
 * refuse a request. Each operation is done as a person would do it, through control requests, and what was
 * really signed by it goes into the ledger, from the node's own store. Owned by the sim. One thread.
 */
#ifndef KAIRAN_SIM_ACT_H
#define KAIRAN_SIM_ACT_H

#include "make.h"

/* Of one operation. */
struct sim_act {
	uint32_t number;
	bool done;		      /* published, agreed by both, or directed */
	uint8_t id[KAI_ID_LEN];	      /* of the item, or the digest of the terms or of the drill */
	uint8_t realm[KAI_REALM_LEN]; /* of a drill and of what is of it; zeros: live */
	uint64_t serial;	      /* of the terms */
};

struct sim_told {
	uint8_t agreement[KAI_ID_LEN];
	uint32_t by;
	uint64_t number;
};

struct sim_acts {
	struct sim_act *acts; /* ascending by number: publish, retract, agree */
	uint32_t count;
	uint8_t *known; /* a bit a pair of nodes: the first imported the second's card */
	uint32_t node_count;
	struct sim_told *told; /* notices that are in the ledger */
	uint32_t told_count, told_cap;
	uint64_t done, refused;
};

/* NULL: the plan has no such operation, or it is of another kind. */
struct sim_act *sim_act_of(const struct sim *sim, uint64_t number);
/* Counts an answer; true when it was done. Codes and reasons that no honest request may meet are a violation. */
bool sim_act_answered(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		      const struct sim_op *op);
/* Imports the other's card once, as by fingerprint. */
void sim_act_card(struct sim *sim, struct sim_node *node, uint32_t other);

/* ---- act_drills.c ---- */

struct sim_request {
	uint64_t type;
	void *body; /* version and type are set by the callee */
	sim_answer_fn done;
};
/* Of the op's node, in the drill of that realm; zeros: live. */
void sim_act_ask(struct sim *sim, const struct sim_op *op, const uint8_t realm[KAI_REALM_LEN],
		 struct sim_request *request);
/* ref: 0, *ret NULL, or 1 + number of an operation of that drill; false: it is not there. */
bool sim_act_drill_of(const struct sim *sim, uint64_t ref, const struct sim_act **ret);
bool sim_act_practised(const struct sim_act *act); /* in a drill; NULL: not */
/* Published or taken back in it. */
void sim_act_enter_drill(struct sim *sim, const struct sim_node *node, const struct sim_op *op,
			 const uint8_t realm[KAI_REALM_LEN], const uint8_t id[KAI_ID_LEN]);
void sim_act_drill(struct sim *sim, const struct sim_op *op);
void sim_act_close(struct sim *sim, const struct sim_op *op);

/* act_items.c */
void sim_act_publish(struct sim *sim, const struct sim_op *op);
void sim_act_retract(struct sim *sim, const struct sim_op *op);
/* act_trust.c */
void sim_act_agree(struct sim *sim, const struct sim_op *op);
void sim_act_notice(struct sim *sim, const struct sim_op *op);
void sim_act_member(struct sim *sim, const struct sim_op *op);

#endif
