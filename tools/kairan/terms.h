/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The human form of an agreement's terms: libconfig text with comments, from and to the object.
 * The two parties are called first and second there; the object orders them by org id (a, b), and
 * reading puts everything in that order. Whoever reads resolves names through the caller's
 * function. Uses the heap of libconfig inside a call only; results lie in the arena.
 */
#ifndef KAIRAN_TERMS_H
#define KAIRAN_TERMS_H

#include "kairan/agreement.h"

/* How to understand and to print a name of an org in the text. */
struct kai_terms_names {
	void *context;
	/* Fills ret; false: unknown or ambiguous. */
	bool (*find)(void *context, const char *text, uint8_t ret[KAI_ID_LEN]);
};

struct kai_terms_error {
	char text[512]; /* "FILE:LINE: what: why" */
};

/*
 * Reads terms. file is for messages only. Unknown keys, missing mandatory ones, unknown words, and
 * what kai_terms_check finds are errors, each with the line where it stands.
 */
KAI_MUST_USE bool kai_terms_read(const char *file, const char *text,
				 const struct kai_terms_names *names, struct kai_arena *arena,
				 struct kai_terms *ret, struct kai_terms_error *ret_error);

/*
 * Writes terms as text with a comment for every key; the empty span when the arena is full.
 * translate: gives the comment in the reader's language (kai_tr_lang's shape).
 */
struct kai_span kai_terms_write(const struct kai_terms *terms,
				const char *(*translate)(int lang, const char *english), int lang,
				struct kai_arena *arena);

const char *kai_attribution_word(uint64_t attribution);
bool kai_attribution_parse(const char *word, uint64_t *ret);
const char *kai_duty_action_word(uint64_t action);
const char *kai_ack_level_word(uint64_t level);
const char *kai_consent_word(uint64_t consent);

#endif
