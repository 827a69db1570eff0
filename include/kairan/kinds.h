/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind table: a kind is a row, never a special case in code; and the body of main that it
 * describes. Glosses and sentences in two languages are the catalogues'. Pure; any thread.
 */
#ifndef KAIRAN_KINDS_H
#define KAIRAN_KINDS_H

#include "kairan/wire.h"

enum kai_value_type {
	KAI_V_TEXT,   /* free text */
	KAI_V_WORD,   /* one of words */
	KAI_V_TIME,   /* RFC 3339 UTC with milliseconds, as kai_time_text writes it */
	KAI_V_NUMBER, /* decimal, no sign, no leading zero */
	KAI_V_ID,     /* 52 characters of base32 */
	KAI_V_COMMIT, /* the same: H(SOURCE, realm, salt || id) of what it was made from */
	KAI_V_CAUSE   /* class/sub/confidence/time */
};

struct kai_body_field_row {
	const char *name;
	enum kai_value_type type;
	bool mandatory;
	bool many;	   /* may stand more than once */
	const char *words; /* KAI_V_WORD: separated by '|' */
};

struct kai_kind_row {
	uint64_t kind;	  /* enum kai_kind */
	const char *word; /* "secinfo", also the media type kairan/WORD */
	uint64_t urgency; /* default */
	int64_t valid_ms; /* default */
	uint64_t role;	  /* who signs it live: enum kai_key_role */
	unsigned signers; /* signatures needed */
	bool directed;	  /* audience must name orgs only */
	bool alert_type; /* 警報情報 as against セキュリティ情報: told apart in every list */
	bool text;	 /* the body's text (its summary) is mandatory */
	const struct kai_body_field_row *fields;
	size_t field_count;
};

extern const struct kai_kind_row kai_kind_rows[];
extern const size_t kai_kind_row_count;
const struct kai_kind_row *kai_kind_row(uint64_t kind);	       /* NULL when unknown */
const struct kai_kind_row *kai_kind_by_word(const char *word); /* NULL when unknown */

/* Body of main: kairan/KIND. Fields in the kind's row order. */
#define KAI_BODY_VALUE(X)                                                                          \
	X(STR, name, 0, 1, KAI_MAX_SHORT, "")                                                      \
	X(STR, value, 0, 0, 65536, "in the canonical form of its type")
#define KAI_BODY(X)                                                                                \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(STR, title, 0, 1, 1024, "")                                                              \
	X(STR, text, 0, 0, 524288, "summary")                                                      \
	X(LIST, values, body_value, 0, 128, "in row order")                                        \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")
KAI_STRUCT(body_value, KAI_BODY_VALUE);
KAI_STRUCT(body, KAI_BODY);

/*
 * Checks a body against its row: known fields, in order, mandatory ones there, words known, forms
 * canonical. BODY; ret_field (may be NULL) then names the field, or is NULL for the body itself.
 */
KAI_MUST_USE enum kai_fault kai_body_check(const struct kai_kind_row *row,
					   const struct kai_body *body, const char **ret_field);

#endif
