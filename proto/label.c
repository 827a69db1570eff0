/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/label.h"

#include <string.h>

/* ---- words ---- */

struct word_row {
	uint64_t value;
	const char *word;
};

static const struct word_row tlp_words[] = {
	{KAI_TLP_RED, "RED"},	  {KAI_TLP_AMBER_STRICT, "AMBER+STRICT"},
	{KAI_TLP_AMBER, "AMBER"}, {KAI_TLP_GREEN, "GREEN"},
	{KAI_TLP_CLEAR, "CLEAR"}, {0, NULL},
};
static const struct word_row onward_words[] = {
	{KAI_ONWARD_NONE, "none"},
	{KAI_ONWARD_CONSTITUENCY, "constituency"},
	{KAI_ONWARD_COMMUNITY, "community"},
	{KAI_ONWARD_ANY, "any"},
	{0, NULL},
};
static const struct word_row urgency_words[] = {
	{KAI_URGENCY_NOW, "now"},
	{KAI_URGENCY_TODAY, "today"},
	{KAI_URGENCY_INFO, "info"},
	{0, NULL},
};

static const char *word_of(const struct word_row *rows, uint64_t value)
{
	for (; rows->word != NULL; rows++)
		if (rows->value == value)
			return rows->word;
	return "?";
}

static int lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 'a';
	return c;
}

/* ASCII only: what a word means must not depend on a locale. */
static bool same_word(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool parse_word(const struct word_row *rows, const char *word, uint64_t *ret)
{
	for (; rows->word != NULL; rows++) {
		if (same_word(rows->word, word)) {
			*ret = rows->value;
			return true;
		}
	}
	return false;
}

const char *kai_tlp_word(uint64_t tlp)
{
	return word_of(tlp_words, tlp);
}

bool kai_tlp_parse(const char *word, uint64_t *ret)
{
	return parse_word(tlp_words, word, ret);
}

const char *kai_onward_word(uint64_t onward)
{
	return word_of(onward_words, onward);
}

bool kai_onward_parse(const char *word, uint64_t *ret)
{
	return parse_word(onward_words, word, ret);
}

const char *kai_urgency_word(uint64_t urgency)
{
	return word_of(urgency_words, urgency);
}

bool kai_urgency_parse(const char *word, uint64_t *ret)
{
	return parse_word(urgency_words, word, ret);
}

/* ---- forms ---- */

static bool lower_or_digit(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool kai_sector_valid(struct kai_span text)
{
	size_t colon = 0;
	size_t colon_count = 0;

	if (text.len > KAI_MAX_SHORT)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.at[i];

		if (c == ':') {
			colon = i;
			colon_count++;
		} else if (!lower_or_digit(c) && c != '-' && c != '.') {
			return false;
		}
	}
	return colon_count == 1 && colon > 0 && colon + 1 < text.len;
}

bool kai_country_valid(struct kai_span text)
{
	return text.len == 2 && text.at[0] >= 'A' && text.at[0] <= 'Z' && text.at[1] >= 'A' &&
	       text.at[1] <= 'Z';
}

bool kai_community_valid(struct kai_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!lower_or_digit(text.at[i]) && text.at[i] != '-')
			return false;
	return text.len >= 1 && text.len <= KAI_MAX_SHORT;
}

/* ---- audience ---- */

static int compare_entries(const struct kai_audience_entry *a, const struct kai_audience_entry *b)
{
	int order = (a->type > b->type) - (a->type < b->type);

	if (order == 0)
		order = kai_span_compare(a->org, b->org);
	return order != 0 ? order : kai_span_compare(a->text, b->text);
}

/* By insertion: at most KAI_MAX_AUDIENCE entries, and no library's sort that may allocate. */
void kai_audience_sort(struct kai_audience_entry *entries, size_t *io_count)
{
	size_t kept = 0;

	for (size_t i = 0; i < *io_count; i++) {
		struct kai_audience_entry entry = entries[i];
		size_t at = kept;

		while (at > 0 && compare_entries(&entries[at - 1], &entry) > 0)
			at--;
		if (at > 0 && compare_entries(&entries[at - 1], &entry) == 0)
			continue;
		memmove(&entries[at + 1], &entries[at], (kept - at) * sizeof(*entries));
		entries[at] = entry;
		kept++;
	}
	*io_count = kept;
}

static bool entry_valid(const struct kai_audience_entry *entry)
{
	if (entry->type == KAI_AUD_ORG)
		return entry->org.len == KAI_ID_LEN && entry->text.len == 0;
	if (entry->type == KAI_AUD_COMMUNITY)
		return entry->org.len == KAI_ID_LEN && kai_community_valid(entry->text);
	if (entry->type == KAI_AUD_SECTOR)
		return entry->org.len == 0 && kai_sector_valid(entry->text);
	if (entry->type == KAI_AUD_COUNTRY)
		return entry->org.len == 0 && kai_country_valid(entry->text);
	return false;
}

/* The widest type of entry that a TLP's audience may hold; the types ascend from org to country. */
static uint64_t widest_entry(uint64_t tlp)
{
	if (tlp == KAI_TLP_RED)
		return KAI_AUD_ORG;
	return tlp == KAI_TLP_GREEN ? KAI_AUD_COMMUNITY : KAI_AUD_COUNTRY;
}

static bool in_range(uint64_t value, uint64_t first, uint64_t last)
{
	return value >= first && value <= last;
}

enum kai_fault kai_label_check(const struct kai_label *label)
{
	if (!in_range(label->tlp, KAI_TLP_RED, KAI_TLP_CLEAR) ||
	    !in_range(label->onward, KAI_ONWARD_NONE, KAI_ONWARD_ANY) ||
	    !in_range(label->attribution, KAI_ATTR_NAMED, KAI_ATTR_NONE) ||
	    !in_range(label->pap, KAI_PAP_RED, KAI_PAP_CLEAR) || label->gov_share > 1)
		return KAI_FAULT_LABEL;
	if ((label->tlp == KAI_TLP_CLEAR) != (label->audience_count == 0))
		return KAI_FAULT_LABEL;
	for (size_t i = 0; i < label->audience_count; i++) {
		const struct kai_audience_entry *entry = &label->audience[i];

		if (!entry_valid(entry) || entry->type > widest_entry(label->tlp))
			return KAI_FAULT_LABEL;
		if (i > 0 && compare_entries(entry - 1, entry) >= 0)
			return KAI_FAULT_LABEL;
	}
	return KAI_FAULT_NONE;
}

bool kai_label_same(const struct kai_label *a, const struct kai_label *b)
{
	if (a->tlp != b->tlp || a->onward != b->onward || a->attribution != b->attribution ||
	    a->pap != b->pap || a->gov_share != b->gov_share ||
	    a->audience_count != b->audience_count)
		return false;
	for (size_t i = 0; i < a->audience_count; i++)
		if (compare_entries(&a->audience[i], &b->audience[i]) != 0)
			return false;
	return true;
}
