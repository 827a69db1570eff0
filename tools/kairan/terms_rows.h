/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reader and writer of terms share: one row per field of each object of the terms, with its
 * key in the text and the form of its value. Values; any thread.
 */
#ifndef KAIRAN_TERMS_ROWS_H
#define KAIRAN_TERMS_ROWS_H

#include "terms.h"

enum kai_term_form {
	KAI_TERM_FIXED, /* not in the text */
	KAI_TERM_NUMBER,
	KAI_TERM_YES,  /* true or false */
	KAI_TERM_WORD, /* one of words */
	KAI_TERM_TIME, /* RFC 3339; "" where 0 is allowed */
	KAI_TERM_SPAN, /* duration; "" where 0 is allowed */
	KAI_TERM_TEXT,
	KAI_TERM_HOURS, /* kai_hours_at */
	KAI_TERM_TEXTS, /* array of strings, a set */
	KAI_TERM_KINDS, /* array of kind words, a set */
	KAI_TERM_ORG,
	KAI_TERM_DIGEST,      /* or "" */
	KAI_TERM_AUDIENCE,    /* array of "org:X", "community:K/N", a set */
	KAI_TERM_COMMUNITIES, /* array of "K/N", a set */
	KAI_TERM_GROUP,
	KAI_TERM_GROUPS
};

struct kai_term_word {
	uint64_t value;
	const char *word;
};

/* As the table reads, not as it packs. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct kai_term_row {
	const struct kai_object *object;
	const char *field; /* of the object */
	const char *key;   /* in the text */
	enum kai_term_form form;
	const struct kai_term_word *words; /* ends with word NULL */
	bool optional;
	const char *comment; /* English; NULL: none */
};

extern const struct kai_term_row kai_term_rows[];
extern const size_t kai_term_row_count;
const struct kai_field *kai_term_field(const struct kai_term_row *row);
/* An object's rows stand together, in the order in which they are written. */
const struct kai_term_row *kai_term_first(const struct kai_object *object, size_t *ret_count);

#endif
