/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a CSAF 2.0 document (OASIS, 2022) into what one advisory needs to say about it. The document itself travels as a
 * part, byte for byte; this only finds title, summary, sectors, the publisher's TLP and the document's identity, and
 * refuses what is not CSAF 2.0 by naming the JSON path. Publishes nothing, knows no store. Results lie in the arena.
 * Any thread.
 */
#ifndef KAIRAN_IMPORT_CSAF_H
#define KAIRAN_IMPORT_CSAF_H

#include "kairan/limits.h"
#include "kairan/wire.h"

struct kai_csaf {
	struct kai_span title;	 /* at most 1024 bytes */
	struct kai_span summary; /* may be empty */
	struct kai_span action;	 /* what to do, or "none" */
	struct kai_span lang;
	uint64_t tlp; /* of the document's distribution: a floor; AMBER when it says nothing */
	bool tlp_given;
	/* Who names the document how: the identity that successive states share. Ids are compared without case and outer
	 * spaces, since publishers change both. */
	struct kai_span namespace;
	struct kai_span id;
	struct kai_span version;		  /* tracking.version, for people only */
	struct kai_span sectors[KAI_MAX_SECTORS]; /* ascending, no repeats */
	size_t sector_count;
};

#define KAI_CSAF_PROBLEM 256

/*
 * text: the file's bytes, at most KAI_MAX_PART_LEN. false: not valid, and problem says what and where, in English,
 * with text of the document escaped.
 */
KAI_MUST_USE bool kai_csaf_read(struct kai_span text, struct kai_arena *arena, struct kai_csaf *ret,
				char problem[KAI_CSAF_PROBLEM]);

/* The codes that a sector's name in a critical-infrastructure note stands for; raw as x-cisa:… when it is not known.
 * Writes at most max codes into ret (arena), returns how many: 0 for words that name no sector ("Multiple"). */
size_t kai_csaf_sector(struct kai_span name, struct kai_arena *arena, struct kai_span *ret,
		       size_t max);

#endif
