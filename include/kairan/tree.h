/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch roots: one signature for many ids of one class. An author makes a tree over them and signs its root; each item
 * carries the path from its id to that root, and who checks many of them verifies the signature once. Knows no card, no
 * store, no policy. Pure; any thread; results in the caller's arena.
 */
#ifndef KAIRAN_TREE_H
#define KAIRAN_TREE_H

#include <stdatomic.h>

#include "kairan/crypto.h"

#define KAI_MAX_TREE 256 /* ids of one tree made here; a path may come from one of 2^KAI_MAX_PATH */

/*
 * class = H(CLASS, realm, encoded `class` of the header): all that the one decision reads of it. Items of one class go
 * to the same orgs, so that a root which two of them share tells nobody of an item that it may not have.
 */
void kai_header_class(const struct kai_header *header, struct kai_arena *arena,
		      uint8_t ret[KAI_ID_LEN]);

struct kai_tree_leaf {
	uint8_t id[KAI_ID_LEN];
	struct kai_tree_path path; /* made; its hashes in the arena */
};

/*
 * A tree over the ids of 1 ≤ count ≤ KAI_MAX_TREE leaves of that realm; fills their paths. Its depth is 4 up to 16 ids,
 * else 8; the ids lie at random places in it, and what lies between them is random too, so a path tells no more of how
 * many others there are. entropy serves one tree. false: no room in the arena.
 */
KAI_MUST_USE bool kai_tree_make(const uint8_t realm[KAI_REALM_LEN], struct kai_tree_leaf *leaves,
				size_t count, const uint8_t entropy[32], struct kai_arena *arena,
				uint8_t ret_root[KAI_ID_LEN]);

/*
 * The root that a path leads to from an id. leaf = H(TREE_LEAF, realm, salt || leaf index in 8 bytes || id), node =
 * H(TREE_NODE, realm, left || right); bit n of the index says on which side of level n it lies. false: more than
 * KAI_MAX_PATH hashes, or an index outside a tree of that depth.
 */
KAI_MUST_USE bool kai_tree_root(const uint8_t realm[KAI_REALM_LEN], const uint8_t id[KAI_ID_LEN],
				const struct kai_tree_path *path, uint8_t ret[KAI_ID_LEN]);

/*
 * Roots whose signature was verified: saves the work and never changes a verdict, since a slot holds all that was
 * verified and counts only where all of it is equal. Who fills it with roots of its own slows others down to one
 * verification an item and no further. Any number of threads at once, without waiting: a slot that another thread is at
 * is as if it were empty.
 */
#define KAI_ROOTS 256

struct kai_root_said {
	uint8_t key[KAI_ID_LEN];
	uint8_t realm[KAI_REALM_LEN];
	uint8_t root[KAI_ID_LEN];
	uint8_t sig[KAI_SIG_LEN];
};

struct kai_root_slot {
	atomic_bool busy;
	bool used;
	struct kai_root_said said;
};

struct kai_roots {
	struct kai_root_slot slots[KAI_ROOTS];
};

void kai_roots_init(struct kai_roots *roots);
/* kai_verify of a tree's root. roots NULL: remembers nothing. */
KAI_MUST_USE bool kai_roots_verify(struct kai_roots *roots, const uint8_t realm[KAI_REALM_LEN],
				   const uint8_t root[KAI_ID_LEN], const uint8_t key[KAI_ID_LEN],
				   const uint8_t sig[KAI_SIG_LEN]);

#endif
