/* SPDX-License-Identifier: Apache-2.0 */
/* The data directory around a node of a world, for what looks at files. For tests only. */
#ifndef KAIRAN_TEST_HOUSE_H
#define KAIRAN_TEST_HOUSE_H

#include "../unit/world.h"

#define HOUSE_PATH 64

struct house {
	char dir[HOUSE_PATH];
};

/*
 * A directory of its own, with the node's keys in their files, a duty key that its group may read too, and a draft
 * that lies there since then. The store stays in memory.
 */
void house_make(struct house *house, const struct world_node *node, struct kai_wall draft_at);
void house_done(struct house *house);

#endif
