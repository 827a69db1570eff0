/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One item on its way in: what admit.c finds out of it and door.c writes. Decides nothing. Lies in the turn's
 * scratch and lives as long as one admission. The engine's thread.
 */
#ifndef KAIRAN_ENGINE_DOOR_H
#define KAIRAN_ENGINE_DOOR_H

#include "private.h"

/* What is known of one item while it stands at the door. */
struct kai_door {
	struct kai_turn *turn;
	struct kai_link *link; /* NULL: an own item */
	const struct kai_incoming *item;
	const struct kai_pair *pair; /* NULL: an own item */
	bool held;		     /* already here: this is a merge */
	uint64_t arrival;
	struct kai_item was; /* when held; its spans are copies */
	/* what is to be stored */
	uint64_t flags;
	struct kai_signature signatures[KAI_MAX_SIGNATURES];
	size_t signature_count;
	bool signatures_added;
	struct kai_item_facts facts_of; /* the item as the decision sees it */
	struct kai_facts facts;
	struct kai_release_fact releases[KAI_MAX_EVIDENCE];
	struct kai_span evidence[KAI_MAX_EVIDENCE]; /* of each, as it came */
	struct kai_label labels[KAI_MAX_PARTS];
	struct kai_span openings[KAI_MAX_PARTS];
	uint32_t parts; /* new ones that the rules allow */
	enum kai_rule rule;
	bool carried; /* by a contingency clause alone, or some part of it */
	bool later;   /* what the rule refuses now may pass then */
};

/* An item that is not here yet, with everything that came with it; sets its arrival. */
void kai_door_store(struct kai_door *door);
/* Parts, evidence and signatures that the item here lacks; true when there was something. */
bool kai_door_merge(struct kai_door *door);

#endif
