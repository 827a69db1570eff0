/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must stand where in a CSAF 2.0 document, as a table of JSON paths: the parts of the OASIS schema
 * (csaf_json_schema.json) that every document has and that an importer relies on.
 */
#include "csaf_shape.h"

#include <stdio.h>
#include <string.h>

#include "kairan/text.h"

enum shape {
	OBJECT,
	ARRAY,	 /* not empty */
	TEXT,	 /* not empty */
	TRIMMED, /* text without space at either end */
	WORD,	 /* one of words */
	DATE,	 /* RFC 3339 */
	VERSION, /* a number, or semantic versioning */
	ADDRESS, /* something with a scheme */
	CVE
};

struct row {
	const char *path; /* members joined by '.', [] for each element */
	enum shape shape;
	bool required;
	const char *words; /* WORD: |one|two| */
};

static const struct row rows[] = {
	{"document", OBJECT, true, NULL},
	{"document.category", TRIMMED, true, NULL},
	{"document.csaf_version", WORD, true, "|2.0|"},
	{"document.distribution", OBJECT, false, NULL},
	{"document.distribution.tlp", OBJECT, false, NULL},
	{"document.distribution.tlp.label", WORD, true, "|AMBER|GREEN|RED|WHITE|"},
	{"document.lang", TEXT, false, NULL},
	{"document.notes", ARRAY, false, NULL},
	{"document.notes[]", OBJECT, true, NULL},
	{"document.notes[].category", WORD, true,
	 "|description|details|faq|general|legal_disclaimer|other|summary|"},
	{"document.notes[].text", TEXT, true, NULL},
	{"document.notes[].title", TEXT, false, NULL},
	{"document.publisher", OBJECT, true, NULL},
	{"document.publisher.category", WORD, true,
	 "|coordinator|discoverer|other|translator|user|vendor|"},
	{"document.publisher.name", TEXT, true, NULL},
	{"document.publisher.namespace", ADDRESS, true, NULL},
	{"document.references", ARRAY, false, NULL},
	{"document.references[]", OBJECT, true, NULL},
	{"document.references[].summary", TEXT, true, NULL},
	{"document.references[].url", ADDRESS, true, NULL},
	{"document.title", TEXT, true, NULL},
	{"document.tracking", OBJECT, true, NULL},
	{"document.tracking.current_release_date", DATE, true, NULL},
	{"document.tracking.id", TRIMMED, true, NULL},
	{"document.tracking.initial_release_date", DATE, true, NULL},
	{"document.tracking.revision_history", ARRAY, true, NULL},
	{"document.tracking.revision_history[]", OBJECT, true, NULL},
	{"document.tracking.revision_history[].date", DATE, true, NULL},
	{"document.tracking.revision_history[].number", VERSION, true, NULL},
	{"document.tracking.revision_history[].summary", TEXT, true, NULL},
	{"document.tracking.status", WORD, true, "|draft|final|interim|"},
	{"document.tracking.version", VERSION, true, NULL},
	{"product_tree", OBJECT, false, NULL},
	{"product_tree.branches", ARRAY, false, NULL},
	{"product_tree.branches[]", OBJECT, true, NULL},
	{"product_tree.branches[].category", TEXT, true, NULL},
	{"product_tree.branches[].name", TEXT, true, NULL},
	{"vulnerabilities", ARRAY, false, NULL},
	{"vulnerabilities[]", OBJECT, true, NULL},
	{"vulnerabilities[].cve", CVE, false, NULL},
	{"vulnerabilities[].notes", ARRAY, false, NULL},
	{"vulnerabilities[].notes[].text", TEXT, true, NULL},
	{"vulnerabilities[].product_status", OBJECT, false, NULL},
	{"vulnerabilities[].remediations", ARRAY, false, NULL},
	{"vulnerabilities[].remediations[]", OBJECT, true, NULL},
	{"vulnerabilities[].remediations[].category", WORD, true,
	 "|mitigation|no_fix_planned|none_available|vendor_fix|workaround|"},
	{"vulnerabilities[].remediations[].details", TEXT, true, NULL},
	{"vulnerabilities[].scores", ARRAY, false, NULL},
	{"vulnerabilities[].scores[].products", ARRAY, true, NULL},
	{"vulnerabilities[].title", TEXT, false, NULL},
};

static bool all_digits(const char *text, size_t len)
{
	return len > 0 && strspn(text, "0123456789") >= len;
}

/* Integer versioning, or MAJOR.MINOR.PATCH with anything semantic versioning may add behind it. */
static bool is_version(const char *text)
{
	size_t len = strlen(text), parts = 0;
	const char *at = text;

	if (all_digits(text, len))
		return true;
	while (parts < 2) {
		const char *dot = strchr(at, '.');

		if (dot == NULL || !all_digits(at, (size_t)(dot - at)))
			return false;
		at = dot + 1;
		parts++;
	}
	return all_digits(at, strcspn(at, "-+"));
}

static bool is_cve(const char *text)
{
	return strncmp(text, "CVE-", 4) == 0 && all_digits(text + 4, 4) && text[8] == '-' &&
	       strlen(text + 9) >= 4 && all_digits(text + 9, strlen(text + 9));
}

static bool is_word(const char *text, const char *words)
{
	char wanted[64];

	if (strchr(text, '|') != NULL ||
	    snprintf(wanted, sizeof(wanted), "|%s|", text) >= (int)sizeof(wanted))
		return false;
	return strstr(words, wanted) != NULL;
}

static bool is_trimmed(const char *text)
{
	static const char spaces[] = " \t\r\n";

	return strchr(spaces, text[0]) == NULL && strchr(spaces, text[strlen(text) - 1]) == NULL;
}

/* NULL when it fits, else what is wrong with it. */
static const char *text_problem(const struct row *row, const char *text)
{
	struct kai_wall ignored;

	if (*text == '\0')
		return "is empty";
	switch (row->shape) {
	case OBJECT:
	case ARRAY:
	case TEXT:
		return NULL;
	case TRIMMED:
		return is_trimmed(text) ? NULL : "begins or ends with space";
	case WORD:
		return is_word(text, row->words) ? NULL
						 : "is not one of the words that CSAF 2.0 knows";
	case DATE:
		return kai_time_parse(text, &ignored) ? NULL : "is not an RFC 3339 date and time";
	case VERSION:
		return is_version(text) ? NULL : "is not a version number";
	case ADDRESS:
		return strchr(text, ':') != NULL ? NULL : "is not an address";
	case CVE:
		return is_cve(text) ? NULL : "is not a CVE id";
	}
	return NULL;
}

static const char *value_problem(const struct row *row, const json_t *value)
{
	if (value == NULL)
		return row->required ? "is missing" : NULL;
	if (row->shape == OBJECT)
		return json_is_object(value) ? NULL : "is not an object";
	if (row->shape == ARRAY) {
		if (!json_is_array(value))
			return "is not a list";
		return json_array_size(value) > 0 ? NULL : "is an empty list";
	}
	return json_is_string(value) ? text_problem(row, json_string_value(value)) : "is not text";
}

/* A walk along one path; `at` holds which element each [] is at. Paths have at most two of them. */
#define MAX_LISTS 4

struct walk {
	size_t at[MAX_LISTS];
	size_t size[MAX_LISTS];
	size_t lists;
	bool absent; /* a parent is not there: the parent's own row speaks of that */
};

/* The value that the path leads to with the walk's indexes; NULL when there is none. */
static const json_t *follow(const char *path, const json_t *top, struct walk *walk)
{
	const json_t *value = top;
	char member[64];

	walk->lists = 0;
	walk->absent = false;
	while (*path != '\0') {
		size_t len = strcspn(path, ".[");

		if (value == NULL || (len > 0 && !json_is_object(value))) {
			walk->absent = true;
			return NULL;
		}
		if (len > 0) {
			(void)snprintf(member, sizeof(member), "%.*s", (int)len, path);
			value = json_object_get(value, member);
			path += len;
		}
		if (*path == '[') {
			if (!json_is_array(value) || walk->lists == MAX_LISTS) {
				walk->absent = true;
				return NULL;
			}
			walk->size[walk->lists] = json_array_size(value);
			value = json_array_get(value, walk->at[walk->lists]);
			walk->lists++;
			path += 2;
		}
		if (*path == '.')
			path++;
	}
	return value;
}

/* Steps to the next combination of elements, the innermost fastest; false when all were seen. */
static bool step(struct walk *walk)
{
	for (size_t i = walk->lists; i > 0; i--) {
		if (++walk->at[i - 1] < walk->size[i - 1])
			return true;
		walk->at[i - 1] = 0;
	}
	return false;
}

/* "document.notes[3].text" */
static void path_text(const char *path, const struct walk *walk, char *ret, size_t cap)
{
	size_t len = 0, list = 0;

	for (; *path != '\0' && len + 24 < cap; path++) {
		if (*path == '[') {
			len += (size_t)snprintf(ret + len, cap - len, "[%zu]", walk->at[list++]);
			path++;
		} else {
			ret[len++] = *path;
		}
	}
	ret[len] = '\0';
}

bool kai_csaf_shape(const json_t *top, char problem[KAI_CSAF_PROBLEM])
{
	if (!json_is_object(top)) {
		(void)snprintf(problem, KAI_CSAF_PROBLEM, "the top is not an object");
		return false;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct walk walk = {.lists = 0};

		do {
			const json_t *value = follow(rows[i].path, top, &walk);
			const char *wrong = walk.absent ? NULL : value_problem(&rows[i], value);
			char where[128];

			if (wrong != NULL) {
				path_text(rows[i].path, &walk, where, sizeof(where));
				(void)snprintf(problem, KAI_CSAF_PROBLEM, "%s %s", where, wrong);
				return false;
			}
		} while (step(&walk));
	}
	return true;
}
