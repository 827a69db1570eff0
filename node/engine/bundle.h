/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rooms of bundles share. bundle_write.c: which items go into a file for one org, and the
 * file; bundle_say.c: what the file says beside its items; bundle_take.c: files that come. The
 * engine's thread only.
 */
#ifndef KAIRAN_ENGINE_BUNDLE_H
#define KAIRAN_ENGINE_BUNDLE_H

#include "kairan/bundle.h"
#include "private.h"

/* ---- bundle_say.c */
struct kai_said;
/* What a file says to an org beside its items; all of it lies in scratch. */
struct kai_saying {
	struct kai_link *link;
	struct kai_bundle *bundle; /* its receipts, and what of the org's was heard */
	struct kai_said *said;	   /* what those receipts told */
	size_t said_count;
};
/* When there is no room for it, scratch is full. */
void kai_saying_init(struct kai_turn *turn, struct kai_link *link, struct kai_bundle *bundle,
		     struct kai_saying *ret);
/* Adds the receipts that it is owed, if it may be told any now. */
void kai_saying_owed(struct kai_turn *turn, struct kai_saying *saying);
/* Adds which of its own bundles came here. */
void kai_saying_heard(struct kai_turn *turn, struct kai_saying *saying);
/* Writes that the bundle told it: that is owed until the org says that it came. */
void kai_saying_note(struct kai_turn *turn, const struct kai_saying *saying);

/* ---- bundle_take.c */
void kai_bundle_journal(struct kai_turn *turn, const char *event, const uint8_t org[KAI_ID_LEN],
			uint64_t number, uint64_t count);

#endif
