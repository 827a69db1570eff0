/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What publishing and retracting share: an own item from its author's words to its place in the
 * store. Decides with the one decision for every partner, before anything is stored. Everything in
 * the turn's scratch. One thread per engine.
 */
#ifndef KAIRAN_ENGINE_PUBLISH_H
#define KAIRAN_ENGINE_PUBLISH_H

#include "kairan/advisory.h"
#include "kairan/kinds.h"
#include "trust.h"

struct kai_own_item {
	const struct kai_kind_row *row;
	struct kai_header header;
	const struct kai_part_draft *drafts;
	size_t draft_count;
	struct kai_built built;
	const struct kai_sign_pair *pair; /* whose key signs it */
	struct kai_signature signatures[1];
	size_t signature_count;
	bool alone;	/* has a signature of its own, whatever is published with it */
	bool waits;	/* another of us must sign before it goes */
	size_t allowed; /* partners that may have it */
	size_t missed;	/* a retraction: partners that have the target and may not get this */
};

/* Fills version, origin, serial, country, created_at by this node's newest card. */
bool kai_own_begin(struct kai_turn *turn, struct kai_own_item *item, struct kai_ctl_answer *ret);
/* Checks main against its kind. */
bool kai_own_body(struct kai_turn *turn, const struct kai_kind_row *row, struct kai_span body,
		  struct kai_ctl_answer *ret);
/* Seals, checks thread and who is to sign, asks for every partner, fills recipients. */
bool kai_own_make(struct kai_turn *turn, struct kai_own_item *item, struct kai_ctl_answer *ret);
/* Finds whose key signs it, and whether that is enough. */
KAI_MUST_USE enum kai_fault kai_own_signer(struct kai_turn *turn, struct kai_own_item *item);
/* Signs what was made: items of one class by one root, others each by itself; count ≤ KAI_MAX_TREE. */
void kai_own_sign(struct kai_turn *turn, struct kai_own_item *const *items, size_t count);
/* Through the door into the store; sets the answer's id, and says so where it waits. */
bool kai_own_store(struct kai_turn *turn, struct kai_own_item *item, struct kai_ctl_answer *ret);
#define KAI_MAX_RECIPIENTS 1024

/* A draft as far as it can be signed; false: ret says why it goes no further, or that it is done. */
bool kai_publish_begin(struct kai_turn *turn, const struct kai_ctl_publish *req,
		       struct kai_own_item *item, struct kai_ctl_answer *ret);
/* Stores it, signed, and of what it is a state. */
void kai_publish_end(struct kai_turn *turn, const struct kai_ctl_publish *req,
		     struct kai_own_item *item, struct kai_ctl_answer *ret);
/* Every org that has a number here: only those with terms matter, in force or not. */
void kai_own_partners(struct kai_turn *turn,
		      void (*ask)(struct kai_turn *turn, struct kai_link *link, void *context),
		      void *context);
/* An item of ours that is held: 4 when not, 1 when it is another's. */
bool kai_own_held(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN], struct kai_item *ret_item,
		  struct kai_header *ret_header, struct kai_ctl_answer *ret);

#endif
