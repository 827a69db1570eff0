/* SPDX-License-Identifier: Apache-2.0 */
/* From the names of the sixteen sectors of US PPD-21, as publishers write them, to our codes. */
#include "csaf.h"

#include <string.h>

#define MAX_CODES 3

struct row {
	const char *name; /* lower case; matches where the cleaned name begins with it */
	const char *codes[MAX_CODES];
};

static const struct row rows[] = {
	{"chemical", {"jp-ci15:che"}},
	{"communications", {"jp-seed7:ict"}},
	{"telecommunications", {"jp-seed7:ict"}},
	{"information technology", {"jp-seed7:ict"}},
	{"energy", {"jp-seed7:gas", "jp-seed7:pow"}},
	{"electrical", {"jp-seed7:pow"}},
	{"nuclear", {"jp-seed7:pow"}},
	{"financial services", {"jp-seed7:fin"}},
	{"government", {"jp-seed7:gov"}},
	{"healthcare", {"jp-ci15:med"}},
	{"transportation", {"jp-ci15:log", "jp-seed7:avi", "jp-seed7:rail"}},
	{"water", {"jp-ci15:wat"}},
};

/* Words that mean "several", not a sector. */
static const char *const nothing[] = {"multiple", "critical infrastructure", "and waste", "waste",
				      "materials"};

#define MAX_CLEAN 56

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Lower case, single spaces, without a leading "and", a trailing dot or the word "sector(s)". */
static size_t clean(struct kai_span name, char ret[MAX_CLEAN + 1])
{
	size_t len = 0;

	for (size_t i = 0; i < name.len && len < MAX_CLEAN; i++) {
		char c = lower(name.at[i]);
		bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (letter)
			ret[len++] = c;
		else if (len > 0 && ret[len - 1] != ' ')
			ret[len++] = ' ';
	}
	ret[len] = '\0';
	while (len > 0 && ret[len - 1] == ' ')
		ret[--len] = '\0';
	if (len > 4 && memcmp(ret, "and ", 4) == 0) {
		len -= 4;
		memmove(ret, ret + 4, len + 1);
	}
	static const char *const endings[] = {" sectors", " sector"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t cut = strlen(endings[i]);

		if (len > cut && strcmp(ret + len - cut, endings[i]) == 0) {
			len -= cut;
			ret[len] = '\0';
		}
	}
	return len;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

size_t kai_csaf_sector(struct kai_span name, struct kai_arena *arena, struct kai_span *ret,
		       size_t max)
{
	static const char prefix[] = "x-cisa:";
	char cleaned[MAX_CLEAN + 1];
	size_t len = clean(name, cleaned), count = 0;

	if (len == 0 || max == 0)
		return 0;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (begins(cleaned, nothing[i]))
			return 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!begins(cleaned, rows[i].name))
			continue;
		for (size_t j = 0; j < MAX_CODES && rows[i].codes[j] != NULL && count < max; j++)
			ret[count++] = kai_span_str(rows[i].codes[j]);
		return count;
	}
	uint8_t *raw = kai_arena_take(arena, sizeof(prefix) - 1 + len);

	if (raw == NULL)
		return 0;
	memcpy(raw, prefix, sizeof(prefix) - 1);
	for (size_t i = 0; i < len; i++)
		raw[sizeof(prefix) - 1 + i] = (uint8_t)(cleaned[i] == ' ' ? '-' : cleaned[i]);
	ret[0] = kai_span(raw, sizeof(prefix) - 1 + len);
	return 1;
}
