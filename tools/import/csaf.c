/* SPDX-License-Identifier: Apache-2.0 */
#include "csaf.h"

#include <stdio.h>
#include <string.h>

#include "csaf_shape.h"
#include "kairan/label.h"
#include "kairan/text.h"

#define MAX_TITLE 1024
#define MAX_SUMMARY 65536
#define MAX_ACTION 8192
#define MAX_ACTIONS 32

static const char *text_at(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Bytes of the character at `at`; jansson let only valid UTF-8 through. */
static size_t character_len(const char *at)
{
	uint8_t c = (uint8_t)*at;

	if (c < 0x80)
		return 1;
	if (c < 0xe0)
		return 2;
	return c < 0xf0 ? 3 : 4;
}

/*
 * Copies text as our own fields must be: no carriage return, no other control character, cut at a whole character.
 * The document itself keeps every byte.
 */
static struct kai_span clean(const char *text, size_t max, struct kai_arena *arena)
{
	size_t len = strlen(text) < max ? strlen(text) : max, used = 0;
	char *at = kai_arena_take(arena, len);

	if (at == NULL)
		return (struct kai_span){NULL, 0};
	for (const char *from = text; *from != '\0'; from += character_len(from)) {
		size_t one = character_len(from);

		if (used + one > len)
			break;
		if (!kai_utf8_clean(kai_span(from, one))) {
			if (*from != '\r')
				at[used++] = ' ';
			continue;
		}
		memcpy(at + used, from, one);
		used += one;
	}
	return kai_span(at, used);
}

/* The text of the first note of a category; NULL when there is none. */
static const char *note_of(const json_t *holder, const char *category)
{
	const json_t *note;
	size_t index;

	json_array_foreach (json_object_get(holder, "notes"), index, note) {
		const char *is = text_at(note, "category");

		if (is != NULL && strcmp(is, category) == 0)
			return text_at(note, "text");
	}
	return NULL;
}

/* The document's own summary, else its first vulnerability's, else the title: some publishers leave both out. */
static struct kai_span summary_of(const json_t *top, struct kai_arena *arena)
{
	static const char *const categories[] = {"summary", "description", "details"};
	const json_t *document = json_object_get(top, "document");
	const json_t *holders[] = {document,
				   json_array_get(json_object_get(top, "vulnerabilities"), 0)};
	const char *text = NULL;

	for (size_t i = 0; text == NULL && i < 6; i++)
		text = note_of(holders[i / 3], categories[i % 3]);
	return clean(text != NULL ? text : text_at(document, "title"), MAX_SUMMARY, arena);
}

/* What the publisher tells people to do: each different remediation once, fixes before work-arounds. */
struct actions {
	const char *lines[MAX_ACTIONS];
	size_t count;
	size_t len;
};

static void add_action(struct actions *actions, const char *details)
{
	size_t len = strlen(details);

	for (size_t i = 0; i < actions->count; i++)
		if (strcmp(actions->lines[i], details) == 0)
			return;
	if (actions->count == MAX_ACTIONS || actions->len + len + 1 > MAX_ACTION)
		return;
	actions->lines[actions->count++] = details;
	actions->len += len + 1;
}

static void gather_actions(const json_t *top, const char *category, struct actions *actions)
{
	const json_t *vulnerability, *remediation;
	size_t index, inner;

	json_array_foreach (json_object_get(top, "vulnerabilities"), index, vulnerability) {
		json_array_foreach (json_object_get(vulnerability, "remediations"), inner,
				    remediation) {
			if (strcmp(text_at(remediation, "category"), category) == 0)
				add_action(actions, text_at(remediation, "details"));
		}
	}
}

static struct kai_span action_of(const json_t *top, struct kai_arena *arena)
{
	static const char *const categories[] = {"vendor_fix", "mitigation", "workaround"};
	struct actions actions = {.count = 0};
	char text[MAX_ACTION + 1];
	size_t len = 0;

	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		gather_actions(top, categories[i], &actions);
	for (size_t i = 0; i < actions.count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? "\n" : "",
					actions.lines[i]);
	return len == 0 ? kai_span_str("none") : clean(text, MAX_ACTION, arena);
}

static void add_sector(struct kai_csaf *csaf, struct kai_span code)
{
	size_t at = 0;

	while (at < csaf->sector_count && kai_span_compare(csaf->sectors[at], code) < 0)
		at++;
	if (csaf->sector_count == KAI_MAX_SECTORS ||
	    (at < csaf->sector_count && kai_span_equal(csaf->sectors[at], code)))
		return;
	memmove(&csaf->sectors[at + 1], &csaf->sectors[at],
		(csaf->sector_count - at) * sizeof(code));
	csaf->sectors[at] = code;
	csaf->sector_count++;
}

/* "Chemical, Energy, and Water and Wastewater Systems": names between commas. */
static void add_sectors(const char *text, struct kai_arena *arena, struct kai_csaf *csaf)
{
	struct kai_span codes[4];

	while (*text != '\0') {
		size_t len = strcspn(text, ",;\n");
		size_t count = kai_csaf_sector(kai_span(text, len), arena, codes,
					       sizeof(codes) / sizeof(codes[0]));

		for (size_t i = 0; i < count; i++)
			if (kai_sector_valid(codes[i]))
				add_sector(csaf, codes[i]);
		text += len + (text[len] != '\0' ? 1 : 0);
	}
}

static void read_sectors(const json_t *document, struct kai_arena *arena, struct kai_csaf *csaf)
{
	const json_t *note;
	size_t index;

	json_array_foreach (json_object_get(document, "notes"), index, note) {
		const char *title = text_at(note, "title");

		if (title != NULL && strcasecmp(title, "Critical infrastructure sectors") == 0)
			add_sectors(text_at(note, "text"), arena, csaf);
	}
}

static void read_tlp(const json_t *document, struct kai_csaf *csaf)
{
	const json_t *tlp = json_object_get(json_object_get(document, "distribution"), "tlp");
	const char *word = text_at(tlp, "label");

	csaf->tlp = KAI_TLP_AMBER;
	csaf->tlp_given = word != NULL;
	if (word != NULL && strcmp(word, "WHITE") == 0)
		csaf->tlp = KAI_TLP_CLEAR;
	else if (word != NULL)
		(void)kai_tlp_parse(word, &csaf->tlp);
}

/* Without case and outer spaces: one publisher's ICSA-17-318-02A is also its ICSA-17-318-02a. */
static struct kai_span fold(const char *text, struct kai_arena *arena)
{
	struct kai_span cleaned = clean(text, KAI_MAX_TEXT / 2, arena);
	uint8_t *at = kai_arena_take(arena, cleaned.len);

	if (at == NULL)
		return (struct kai_span){NULL, 0};
	for (size_t i = 0; i < cleaned.len; i++)
		at[i] = (uint8_t)(cleaned.at[i] >= 'A' && cleaned.at[i] <= 'Z'
					  ? cleaned.at[i] - 'A' + 'a'
					  : cleaned.at[i]);
	return kai_span(at, cleaned.len);
}

static void read_document(const json_t *top, struct kai_arena *arena, struct kai_csaf *ret)
{
	const json_t *document = json_object_get(top, "document");
	const json_t *tracking = json_object_get(document, "tracking");
	const char *lang = text_at(document, "lang");

	memset(ret, 0, sizeof(*ret));
	ret->title = clean(text_at(document, "title"), MAX_TITLE, arena);
	ret->summary = summary_of(top, arena);
	ret->action = action_of(top, arena);
	ret->lang = lang != NULL && strlen(lang) >= 2 && strlen(lang) <= 35 ? clean(lang, 35, arena)
									    : kai_span_str("en");
	ret->namespace = fold(text_at(json_object_get(document, "publisher"), "namespace"), arena);
	ret->id = fold(text_at(tracking, "id"), arena);
	ret->version = clean(text_at(tracking, "version"), 64, arena);
	read_tlp(document, ret);
	read_sectors(document, arena, ret);
}

bool kai_csaf_read(struct kai_span text, struct kai_arena *arena, struct kai_csaf *ret,
		   char problem[KAI_CSAF_PROBLEM])
{
	json_error_t error;
	char safe[160];
	json_t *top;

	if (text.len > KAI_MAX_PART_LEN) {
		(void)snprintf(problem, KAI_CSAF_PROBLEM,
			       "is larger than one part may be (%d bytes)", KAI_MAX_PART_LEN);
		return false;
	}
	top = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, &error);
	if (top == NULL) {
		kai_escape(kai_span_str(error.text), false, safe, sizeof(safe));
		(void)snprintf(problem, KAI_CSAF_PROBLEM, "is not JSON: line %d: %s", error.line,
			       safe);
		return false;
	}
	bool valid = kai_csaf_shape(top, problem);

	if (valid) {
		read_document(top, arena, ret);
		if (arena->full || ret->title.len == 0 || ret->id.len == 0) {
			(void)snprintf(problem, KAI_CSAF_PROBLEM, "%s",
				       arena->full
					       ? "is too large to read"
					       : "has a title or an id of control characters only");
			valid = false;
		}
	}
	json_decref(top);
	return valid;
}
