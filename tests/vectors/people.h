/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The made-up orgs of the vectors: every key from a word, so that the vectors are the same wherever they are made.
 * Never for anything but vectors: the secrets are public. Objects lie in the caller's arena. One thread.
 */
#ifndef KAIRAN_VECTORS_PEOPLE_H
#define KAIRAN_VECTORS_PEOPLE_H

#include "kairan/agreement.h"
#include "kairan/advisory.h"

#define VECTOR_NOW 1767225600000ULL /* 2026-01-01T00:00:00Z */
#define VECTOR_YEAR (365ULL * 86400000)

struct person {
	const char *name;
	uint8_t root[32], root_secret[64];
	uint8_t duty[32], duty_secret[64];
	uint8_t decider[32], decider_secret[64];
	uint8_t seal[32], seal_secret[32];
	struct kai_span card; /* signed */
};

/* All keys and the card. */
void person_make(struct person *person, const char *name, const char *country,
		 struct kai_arena *arena);
/* 32 bytes from a word: keys, salts, entropy. */
void word_bytes(const char *word, uint8_t ret[32]);
/* A label with the audience given by entries; the rest at its defaults. */
struct kai_label label_of(uint64_t tlp, struct kai_audience_entry *entries, size_t count);
struct kai_audience_entry entry_org(const struct person *person);
struct kai_audience_entry entry_community(const struct person *keeper, const char *name);
/* Terms between two persons, everything allowed up to AMBER both ways; a is the one with the lower id. */
struct kai_terms terms_of(const struct person *one, const struct person *other,
			  struct kai_arena *arena);
/* An item of three parts (main AMBER; damage AMBER for the second org alone; facts GREEN), built; header for further use. */
struct kai_built item_of(const struct person *origin, const struct person *to,
			 struct kai_arena *arena, struct kai_header *ret_header);
struct kai_signature sign_item(const struct person *person, const struct kai_built *built);

#endif
