/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kairan/kinds.h"
#include "kairan/label.h"
#include "kairan/text.h"
#include "terms_rows.h"

#define TEXT_CAP ((size_t)512 * 1024)

struct writer {
	char *at;
	size_t len;
	bool full;
	const char *(*translate)(int lang, const char *english);
	int lang;
};

static void put(struct writer *writer, const char *fmt, ...) KAI_PRINTF(2, 3);

static void put(struct writer *writer, const char *fmt, ...)
{
	va_list args;

	if (writer->full)
		return;
	va_start(args, fmt);
	int len = vsnprintf(writer->at + writer->len, TEXT_CAP - writer->len, fmt, args);
	va_end(args);
	writer->full = len < 0 || (size_t)len >= TEXT_CAP - writer->len;
	if (!writer->full)
		writer->len += (size_t)len;
}

static void put_quoted(struct writer *writer, struct kai_span text)
{
	put(writer, "\"");
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			put(writer, "\\%c", text.at[i]);
		else if (text.at[i] == '\n')
			put(writer, "\\n");
		else if (text.at[i] == '\t')
			put(writer, "\\t");
		else
			put(writer, "%c", text.at[i]);
	}
	put(writer, "\"");
}

static void put_word(struct writer *writer, const struct kai_term_word *words, uint64_t value)
{
	while (words->word != NULL && words->value != value)
		words++;
	put(writer, "\"%s\"", words->word != NULL ? words->word : "?");
}

static void put_id(struct writer *writer, const char *before, const uint8_t id[KAI_ID_LEN])
{
	char text[KAI_ID_TEXT];

	kai_id_text(id, text);
	put(writer, "%s%s", before, text);
}

static void put_time(struct writer *writer, uint64_t ms)
{
	char text[KAI_TIME_TEXT] = "";

	if (ms != 0)
		kai_time_text((struct kai_wall){(int64_t)ms}, text);
	put(writer, "\"%s\"", text);
}

static void put_span(struct writer *writer, uint64_t ms)
{
	char text[32] = "";

	if (ms != 0)
		kai_duration_text((int64_t)ms, text);
	put(writer, "\"%s\"", text);
}

static void put_kinds(struct writer *writer, const uint64_t *kinds, size_t count)
{
	put(writer, "[ ");
	for (size_t i = 0; i < count; i++) {
		const struct kai_kind_row *row = kai_kind_row(kinds[i]);

		put(writer, "%s\"%s\"", i > 0 ? ", " : "", row != NULL ? row->word : "?");
	}
	put(writer, " ]");
}

static void put_texts(struct writer *writer, const struct kai_span *texts, size_t count)
{
	put(writer, "[ ");
	for (size_t i = 0; i < count; i++) {
		put(writer, "%s", i > 0 ? ", " : "");
		put_quoted(writer, texts[i]);
	}
	put(writer, " ]");
}

static void put_communities(struct writer *writer, const struct kai_community *all, size_t count)
{
	put(writer, "[ ");
	for (size_t i = 0; i < count; i++) {
		put_id(writer, i > 0 ? ", \"" : "\"", all[i].keeper);
		put(writer, "/%.*s\"", (int)all[i].name.len, (const char *)all[i].name.at);
	}
	put(writer, " ]");
}

static void put_audience(struct writer *writer, const struct kai_audience_entry *all, size_t count)
{
	put(writer, "[ ");
	for (size_t i = 0; i < count; i++) {
		put(writer, "%s", i > 0 ? ", " : "");
		if (all[i].type == KAI_AUD_ORG) {
			put_id(writer, "\"org:", all[i].org.at);
			put(writer, "\"");
		} else {
			put_id(writer, "\"community:", all[i].org.at);
			put(writer, "/%.*s\"", (int)all[i].text.len, (const char *)all[i].text.at);
		}
	}
	put(writer, " ]");
}

static void put_value(struct writer *writer, const struct kai_term_row *row, const uint8_t *object)
{
	const struct kai_field *field = kai_term_field(row);
	const void *member = object + field->offset;
	const uint64_t *number = member;
	const struct kai_opt_id *digest = member;
	const void *list;
	size_t count = 0;

	memcpy(&list, member, sizeof(list));
	if (row->form == KAI_TERM_TEXTS || row->form == KAI_TERM_KINDS ||
	    row->form == KAI_TERM_AUDIENCE || row->form == KAI_TERM_COMMUNITIES)
		memcpy(&count, object + field->count_offset, sizeof(count));
	switch (row->form) {
	case KAI_TERM_NUMBER:
		put(writer, "%" PRIu64 "%s", *number, *number > INT32_MAX ? "L" : "");
		break;
	case KAI_TERM_YES:
		put(writer, "%s", *(const bool *)member ? "true" : "false");
		break;
	case KAI_TERM_WORD:
		put_word(writer, row->words, *number);
		break;
	case KAI_TERM_TIME:
		put_time(writer, *number);
		break;
	case KAI_TERM_SPAN:
		put_span(writer, *number);
		break;
	case KAI_TERM_TEXT:
	case KAI_TERM_HOURS:
		put_quoted(writer, *(const struct kai_span *)member);
		break;
	case KAI_TERM_TEXTS:
		put_texts(writer, list, count);
		break;
	case KAI_TERM_KINDS:
		put_kinds(writer, list, count);
		break;
	case KAI_TERM_ORG:
		put_id(writer, "\"", member);
		put(writer, "\"");
		break;
	case KAI_TERM_DIGEST:
		if (digest->is)
			put_id(writer, "\"", digest->id);
		put(writer, "%s", digest->is ? "\"" : "\"\"");
		break;
	case KAI_TERM_AUDIENCE:
		put_audience(writer, list, count);
		break;
	case KAI_TERM_COMMUNITIES:
		put_communities(writer, list, count);
		break;
	case KAI_TERM_FIXED:
	case KAI_TERM_GROUP:
	case KAI_TERM_GROUPS:
		break;
	}
}

static void put_comment(struct writer *writer, const char *indent, const struct kai_term_row *row)
{
	if (row->comment != NULL)
		put(writer, "%s# %s\n", indent, writer->translate(writer->lang, row->comment));
}

static void put_leaf(struct writer *writer, const struct kai_object *object, const uint8_t *from,
		     const char *indent, bool comments)
{
	size_t count;
	const struct kai_term_row *rows = kai_term_first(object, &count);

	for (size_t i = 0; i < count; i++) {
		if (comments)
			put_comment(writer, indent, &rows[i]);
		put(writer, "%s%s = ", indent, rows[i].key);
		put_value(writer, &rows[i], from);
		put(writer, ";\n");
	}
}

static void put_groups(struct writer *writer, const struct kai_term_row *row, const uint8_t *object)
{
	const struct kai_field *field = kai_term_field(row);
	const uint8_t *all;
	size_t count;

	memcpy(&all, object + field->offset, sizeof(all));
	memcpy(&count, object + field->count_offset, sizeof(count));
	put(writer, "%s = (", row->key);
	for (size_t i = 0; i < count; i++) {
		put(writer, "%s\n\t{\n", i > 0 ? "," : "");
		put_leaf(writer, field->object, all + i * field->object->size, "\t\t", false);
		put(writer, "\t}");
	}
	put(writer, "%s);\n", count > 0 ? "\n" : " ");
}

struct kai_span kai_terms_write(const struct kai_terms *terms,
				const char *(*translate)(int lang, const char *english), int lang,
				struct kai_arena *arena)
{
	struct writer writer = {kai_arena_take(arena, TEXT_CAP), 0, false, translate, lang};
	size_t count;
	const struct kai_term_row *rows = kai_term_first(&kai_object_terms, &count);
	const uint8_t *object = (const uint8_t *)terms;

	if (writer.at == NULL)
		return kai_span(NULL, 0);
	for (size_t i = 0; i < count; i++) {
		const struct kai_field *field = kai_term_field(&rows[i]);

		if (rows[i].form == KAI_TERM_FIXED)
			continue;
		put_comment(&writer, "", &rows[i]);
		if (rows[i].form == KAI_TERM_GROUP) {
			put(&writer, "%s: {\n", rows[i].key);
			put_leaf(&writer, field->object, object + field->offset, "\t", true);
			put(&writer, "};\n\n");
		} else if (rows[i].form == KAI_TERM_GROUPS) {
			put_groups(&writer, &rows[i], object);
			put(&writer, "\n");
		} else {
			put(&writer, "%s = ", rows[i].key);
			put_value(&writer, &rows[i], object);
			put(&writer, ";\n");
		}
	}
	return writer.full ? kai_span(NULL, 0) : kai_span(writer.at, writer.len);
}
