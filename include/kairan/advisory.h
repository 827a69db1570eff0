/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisories whole: meaning of a header across its fields, building one, checking one, opening its
 * parts. Knows no store, no card, no policy. Pure; any thread; all results in the caller's arena.
 */
#ifndef KAIRAN_ADVISORY_H
#define KAIRAN_ADVISORY_H

#include "kairan/tree.h"

/* Commitment to the item that another was made from: H(SOURCE, realm, salt || id). */
void kai_source_commit(const uint8_t realm[KAI_REALM_LEN], const uint8_t salt[KAI_ID_LEN],
		       const uint8_t id[KAI_ID_LEN], uint8_t ret[KAI_ID_LEN]);
void kai_advisory_id(const uint8_t realm[KAI_REALM_LEN], struct kai_span header,
		     uint8_t ret[KAI_ID_LEN]);

/*
 * Decodes a header and checks what one object can tell: at most KAI_MAX_HEADER_LEN (OVERSIZE),
 * version 1 whatever follows (VERSION), label readable (LABEL: kai_label_check), ordered sets
 * (UNORDERED), and (MEANING) known kind and urgency, country and sectors in their form, created_at
 * < not_after, revision 1 exactly when thread is nil and then supersedes empty, a retraction in a
 * thread with one target and one part of at most KAI_MAX_RETRACT_LEN, part names unique and part 0
 * "main", sizes sum ≤ KAI_MAX_ADVISORY_LEN.
 */
KAI_MUST_USE enum kai_fault kai_header_read(struct kai_span bytes, struct kai_arena *arena,
					    struct kai_header *ret);

/*
 * Verifies one signature over id (path nil; context advisory) or over the tree root that its path
 * leads to (context tree root; kai_tree_root).
 */
KAI_MUST_USE bool kai_signature_verify(const uint8_t realm[KAI_REALM_LEN],
				       const uint8_t id[KAI_ID_LEN],
				       const struct kai_signature *signature);
/* The same verdict with less work where roots, perhaps NULL, remembers the root. */
KAI_MUST_USE bool kai_signature_known(struct kai_roots *roots, const uint8_t realm[KAI_REALM_LEN],
				      const uint8_t id[KAI_ID_LEN],
				      const struct kai_signature *signature);

/* A part to be built. label NULL: the header's label. */
struct kai_part_draft {
	struct kai_span name;
	struct kai_span media_type;
	struct kai_span content;
	const struct kai_label *label;
};

struct kai_built_part {
	struct kai_span ciphertext;
	struct kai_span opening; /* encoded kai_opening */
};

struct kai_built {
	struct kai_span header; /* exact bytes */
	uint8_t id[KAI_ID_LEN];
	struct kai_built_part parts[KAI_MAX_PARTS];
	size_t part_count;
};

/*
 * Seals the parts with keys and salts from entropy, fills header->parts and encodes the header.
 * header: everything but parts set. Returns the fault that a receiver would find (kai_header_read
 * runs on the result), COUNT, RANGE where a field is outside its bound, or TOO_MUCH. entropy serves
 * one advisory only.
 */
KAI_MUST_USE enum kai_fault kai_advisory_build(struct kai_header *header,
					       const struct kai_part_draft *parts, size_t count,
					       const uint8_t entropy[32], struct kai_arena *arena,
					       struct kai_built *ret);

/*
 * Checks an opening against the header's commitments for part index and reads its label. Faults
 * KEY_COMMITMENT, LABEL_COMMITMENT, LABEL, RANGE. ret_label in the arena.
 */
KAI_MUST_USE enum kai_fault kai_opening_check(const struct kai_header *header, uint8_t index,
					      const struct kai_opening *opening,
					      struct kai_arena *arena, struct kai_label *ret_label);

#endif
