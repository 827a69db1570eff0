/* SPDX-License-Identifier: Apache-2.0 */
/* Agreements: reading, checking, signing, state. Human syntax and presets are the CLI's. Pure; any
 * thread. */
#ifndef KAIRAN_AGREEMENT_H
#define KAIRAN_AGREEMENT_H

#include "kairan/card.h"

#define KAI_X_AGREEMENT_STATE(X)                                                                   \
	X(NONE, "none")		/* no agreement with that org */                                   \
	X(PROPOSED, "proposed") /* one signature */                                                \
	X(FUTURE, "future")	/* agreed, valid_from not reached */                               \
	X(ACTIVE, "active")                                                                        \
	X(SUSPENDED, "suspended")                                                                  \
	X(EXPIRED, "expired")                                                                      \
	X(TERMINATED, "terminated")

enum kai_agreement_state {
#define X(name, word) KAI_STATE_##name,
	KAI_X_AGREEMENT_STATE(X)
#undef X
		KAI_STATE_END
};
const char *kai_agreement_state_word(enum kai_agreement_state state);

void kai_agreement_digest(struct kai_span terms, uint8_t ret[KAI_ID_LEN]);

/*
 * Terms across fields: version, a.org < b.org, windows, ordered sets, known ceilings and onward
 * values, sector codes, kinds known, duties' and contacts' sides, clauses' pairs. VERSION,
 * UNORDERED, MEANING, LABEL.
 */
KAI_MUST_USE enum kai_fault kai_terms_check(const struct kai_terms *terms);

/*
 * Decodes, checks the terms, and verifies each signature against the party's card where it is given
 * (NULL: that party's signature is verified against the key inside only). Signatures must be by
 * decider keys. ret_signed: bit 0 a, bit 1 b.
 */
struct kai_agreement_read {
	struct kai_agreement agreement;
	struct kai_terms terms;
	uint8_t digest[KAI_ID_LEN];
	unsigned signed_by;
};
KAI_MUST_USE enum kai_fault kai_agreement_open(struct kai_span bytes, const struct kai_card *card_a,
					       const struct kai_card *card_b,
					       struct kai_arena *arena,
					       struct kai_agreement_read *ret);

/* Adds org's signature over the digest and encodes; keeps an existing one of the other side. Empty
 * span: does not fit. */
KAI_MUST_USE struct kai_span kai_agreement_sign(struct kai_span terms,
						const struct kai_party_signature *other,
						const uint8_t org[KAI_ID_LEN],
						const uint8_t key[KAI_ID_LEN],
						const uint8_t secret[64], struct kai_arena *arena);

/* State at a time, from signatures, window and each side's newest notice (0 when there is none). */
enum kai_agreement_state kai_agreement_state(const struct kai_agreement_read *agreement,
					     uint64_t action_a, uint64_t action_b,
					     struct kai_wall now);

/* Sides: which party is org? 0 a, 1 b, -1 neither. */
int kai_terms_side(const struct kai_terms *terms, const uint8_t org[KAI_ID_LEN]);
const struct kai_party *kai_terms_party(const struct kai_terms *terms, int side);
/* What side `from` may send to the other. */
const struct kai_direction *kai_terms_direction(const struct kai_terms *terms, int from);

/* Does it name this origin, receiver and kind? */
bool kai_clause_names(const struct kai_contingency *clause, const uint8_t from[KAI_ID_LEN],
		      const uint8_t to[KAI_ID_LEN], uint64_t kind);

#endif
