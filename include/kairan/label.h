/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: reading, comparing, their words. Who may hold something is decided in policy.h alone.
 * Pure; any thread. */
#ifndef KAIRAN_LABEL_H
#define KAIRAN_LABEL_H

#include "kairan/wire.h"

/*
 * LABEL when any value is unknown, an audience entry is malformed for its type, the audience is
 * unordered or holds an entry twice, CLEAR has an audience, anything else has none, RED names
 * anything but orgs, GREEN anything but orgs and communities.
 */
KAI_MUST_USE enum kai_fault kai_label_check(const struct kai_label *label);

/* The same circle and handling, retain_until aside (protocol section 3, references). */
bool kai_label_same(const struct kai_label *a, const struct kai_label *b);

const char *kai_tlp_word(uint64_t tlp); /* "AMBER+STRICT"; "?" when unknown */
bool kai_tlp_parse(const char *word,
		   uint64_t *ret); /* exact words, case-insensitive; WHITE is refused here */
const char *kai_onward_word(uint64_t onward);
bool kai_onward_parse(const char *word, uint64_t *ret);
const char *kai_urgency_word(uint64_t urgency);
bool kai_urgency_parse(const char *word, uint64_t *ret);
/* "scheme:code", lower-case letters, digits, '-' and '.', one colon, both sides non-empty. */
bool kai_sector_valid(struct kai_span text);
bool kai_country_valid(struct kai_span text); /* two capital ASCII letters */
/* Community names: lower-case letters, digits and '-', 1 to 64. */
bool kai_community_valid(struct kai_span text);

/* Sorts into canonical order and removes repeats, in place. */
void kai_audience_sort(struct kai_audience_entry *entries, size_t *io_count);

#endif
