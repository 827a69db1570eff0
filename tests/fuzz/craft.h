/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items that the rogues of the town made by hand, good ones and such as no engine of ours makes,
 * and the frames that bring them. Everything is signed with real keys. Made once a process.
 */
#ifndef KAIRAN_FUZZ_CRAFT_H
#define KAIRAN_FUZZ_CRAFT_H

#include "kairan/advisory.h"
#include "kairan/frames.h"
#include "town.h"

struct craft {
	struct town_item item;
	struct kai_built built;
	struct kai_header header;
	struct kai_signature signature;
	struct kai_span release; /* of part 0 by its origin; empty: none */
};

void craft_found(void);
size_t craft_count(void);
const struct craft *craft_at(size_t index);
/* Everybody knows them. */
void craft_add(struct town *town);

/* The item whole, pushed by that node to V; parts, offered: bit sets; evidence: the release too. */
struct kai_span craft_push(const struct craft *craft, unsigned from, uint32_t parts,
			   uint32_t offered, bool evidence, struct kai_arena *into);
/* Bytes of one part from an offset; head: what comes once an item. */
struct kai_chunk craft_chunk(const struct craft *craft, unsigned from, uint8_t index, size_t offset,
			     bool head, struct kai_arena *into);

#endif
