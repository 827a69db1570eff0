/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vectors are made with: a row of v1.json from bytes, and bytes with one thing wrong. Each invalid vector is a
 * valid one with a single thing wrong, and carries the name of its fault. For make-vectors only; one thread; what is made
 * lives in the maker's arena.
 */
#ifndef KAIRAN_VECTORS_MAKER_H
#define KAIRAN_VECTORS_MAKER_H

#include <jansson.h>

#include "kairan/check.h"
#include "people.h"

struct maker {
	struct kai_arena arena;
	json_t *valid, *invalid;
	struct person alice, bob;
};

json_t *vec_hex(struct kai_span bytes);
json_t *vec_hex_id(const uint8_t id[32]);
json_t *vec_row(const char *name, const char *what, struct kai_span bytes);
void vec_add_valid(struct maker *maker, json_t *vector);
void vec_add_invalid(struct maker *maker, const char *name, const char *what, struct kai_span bytes,
		     enum kai_fault fault);
struct kai_span vec_copy(struct maker *maker, struct kai_span bytes, size_t extra);
/* The same bytes with one changed; spans are const, the copy is ours. */
struct kai_span vec_flipped(struct maker *maker, struct kai_span bytes, size_t at);
/* Where the text stands in them: it must. */
size_t vec_offset_of(struct kai_span bytes, const char *text);

/* make_statements.c: cards, what is signed beside them, drills, receipts, memberships, agreements */
void vec_statements(struct maker *maker);

/* make_advisories.c */
struct carried {
	struct kai_header header;
	struct kai_built built;
	struct kai_signature signature;
	struct kai_part_blob parts[3];
	struct kai_wrap wraps[3];
	struct kai_advisory advisory;
};
/* Alice's item of three parts for Bob. */
void vec_carry(struct maker *maker, struct carried *ret);
void vec_advisories(struct maker *maker, const struct carried *item);

#endif
