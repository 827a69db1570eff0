/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenes for the simulator's checkers: one calm run of three nodes; then what is true, what a store
 * holds or what leaves a node is doctored, and the checker is asked again. Each group of scenes is
 * a file of its own. For tests only; one thread.
 */
#ifndef KAIRAN_TEST_SCENES_H
#define KAIRAN_TEST_SCENES_H

#include "test.h"

#include "checks/checks.h"
#include "core.h"

/* Numbers in the ledger: node 0 makes one for all, one for node 1 alone, and one which it takes
 * back. */
enum { OPEN, SECRET, TAKEN_BACK, RETRACTION, ITEMS };

struct scene {
	struct sim *sim;
	struct sim_plan *plan;
	struct sim_sight *sight;
	struct kai_arena arena;
	const struct sim_checker *checker;
	void *state;
};

/* A scene, and whether the checker must report in it. */
struct scene_trial {
	const char *name;
	const struct sim_checker *checker;
	void (*show)(struct scene *scene);
	bool reports;
};

/* The groups, each ended by one without a name: what nodes hold, what they say to each other, what
 * falls due. */
extern const struct scene_trial scenes_held[], scenes_said[], scenes_due[];

void scene_begin(struct scene *scene, const struct sim_checker *checker);
void scene_end(struct scene *scene);
/* How often it reported, and nobody else did. */
size_t scene_reports(const struct scene *scene);

/* ---- what the checker is shown ---- */

/* All that a node's store holds, as if it had just come. */
void scene_store(struct scene *scene, uint32_t node);
/* What leaves a node; msg: the struct of that type. */
void scene_bytes(struct scene *scene, uint32_t from, uint32_t to, enum kai_msg_type type,
		 struct kai_span bytes);
void scene_frame(struct scene *scene, uint32_t from, uint32_t to, enum kai_msg_type type,
		 void *msg);
void scene_offer(struct scene *scene, uint32_t from, uint32_t to, uint32_t item, uint64_t parts,
		 size_t token_len);

/* ---- what is doctored ---- */

/* A look that may write: for the test's own hands. */
struct kai_txn *scene_write(struct scene *scene, uint32_t node);
/* The node loses an item, and knows that it did. */
void scene_lose(struct scene *scene, uint32_t node, uint32_t item);
/* Now only to be shown to node 0: what others hold of it is forbidden. */
void scene_secret(struct scene *scene, uint32_t item);

#endif
