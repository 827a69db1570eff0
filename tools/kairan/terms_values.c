/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "terms_reader.h"

bool kai_terms_fail(struct kai_terms_reader *reader, const config_setting_t *at, const char *fmt,
		    ...)
{
	char text[384];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)snprintf(reader->error->text, sizeof(reader->error->text), "%.100s:%u: %s",
		       reader->file, at != NULL ? config_setting_source_line(at) : 1, text);
	return false;
}

void *kai_terms_take(struct kai_terms_reader *reader, size_t size)
{
	void *at = kai_arena_take(reader->arena, size);

	if (at == NULL)
		(void)kai_terms_fail(reader, NULL, "too long");
	return at;
}

/* A list's pointer in the struct, whatever its elements are. */
static void set_items(void *member, const void *items)
{
	memcpy(member, &items, sizeof(items));
}

static bool copy_text(struct kai_terms_reader *reader, const char *text, struct kai_span *ret)
{
	size_t len = strlen(text);
	char *copy = kai_terms_take(reader, len + 1);

	if (copy == NULL)
		return false;
	memcpy(copy, text, len + 1);
	*ret = kai_span(copy, len);
	return true;
}

/* ---- scalars ---- */

static bool string_of(struct kai_terms_reader *reader, const config_setting_t *at, const char **ret)
{
	*ret = config_setting_get_string(at);
	if (*ret == NULL)
		return kai_terms_fail(reader, at, "%s: a text in quotes is meant",
				      config_setting_name(at));
	return true;
}

static bool read_number(struct kai_terms_reader *reader, const struct kai_field *field,
			const config_setting_t *at, uint64_t *ret)
{
	int type = config_setting_type(at);
	long long value = config_setting_get_int64(at);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return kai_terms_fail(reader, at, "%s: a number is meant", config_setting_name(at));
	if (value < 0 || (uint64_t)value < field->min || (uint64_t)value > field->max)
		return kai_terms_fail(
			reader, at, "%s: %lld is outside %llu to %llu", config_setting_name(at),
			value, (unsigned long long)field->min, (unsigned long long)field->max);
	*ret = (uint64_t)value;
	return true;
}

static bool read_word(struct kai_terms_reader *reader, const struct kai_term_row *row,
		      const config_setting_t *at, uint64_t *ret)
{
	const char *words[16];
	const char *text;
	size_t count = 0;

	if (!string_of(reader, at, &text))
		return false;
	for (const struct kai_term_word *w = row->words; w->word != NULL; w++) {
		if (strcmp(w->word, text) == 0) {
			*ret = w->value;
			return true;
		}
		words[count++] = w->word;
	}
	const char *near = kai_nearest(text, words, count);

	return kai_terms_fail(reader, at, "%s: `%s` is not a word here (did you mean `%s`?)",
			      row->key, text, near != NULL ? near : words[0]);
}

static bool read_time(struct kai_terms_reader *reader, const struct kai_field *field,
		      const config_setting_t *at, uint64_t *ret)
{
	const char *text;
	struct kai_wall time;

	if (!string_of(reader, at, &text))
		return false;
	if (text[0] == '\0' && field->min == 0) {
		*ret = 0;
		return true;
	}
	if (!kai_time_parse(text, &time) || time.ms <= 0)
		return kai_terms_fail(reader, at,
				      "%s: `%s` is not a time (2026-01-31T09:00:00+09:00)",
				      config_setting_name(at), text);
	*ret = (uint64_t)time.ms;
	return true;
}

static bool read_duration(struct kai_terms_reader *reader, const struct kai_field *field,
			  const config_setting_t *at, uint64_t *ret)
{
	const char *text;
	int64_t ms;

	if (!string_of(reader, at, &text))
		return false;
	if (text[0] == '\0' && field->min == 0) {
		*ret = 0;
		return true;
	}
	if (!kai_duration_parse(text, &ms) || ms < 0 || (uint64_t)ms < field->min ||
	    (uint64_t)ms > field->max)
		return kai_terms_fail(reader, at,
				      "%s: `%s` is not a duration up to a year (90s, 15m, 4h, 30d)",
				      config_setting_name(at), text);
	*ret = (uint64_t)ms;
	return true;
}

static bool read_text(struct kai_terms_reader *reader, const struct kai_field *field,
		      const config_setting_t *at, struct kai_span *ret)
{
	const char *text;

	if (!string_of(reader, at, &text))
		return false;
	if (strlen(text) < field->min || strlen(text) > field->max ||
	    !kai_utf8_clean(kai_span_str(text)))
		return kai_terms_fail(reader, at, "%s: needs %llu to %llu bytes of clean text",
				      config_setting_name(at), (unsigned long long)field->min,
				      (unsigned long long)field->max);
	return copy_text(reader, text, ret);
}

static bool read_hours(struct kai_terms_reader *reader, const struct kai_field *field,
		       const config_setting_t *at, struct kai_span *ret)
{
	if (!read_text(reader, field, at, ret))
		return false;
	if (kai_hours_at(*ret, (struct kai_wall){0}) == KAI_HOURS_UNREADABLE)
		return kai_terms_fail(reader, at,
				      "%s: `%s` are no hours (\"24/7\", or \"Mo-Fr 09:00-17:30 "
				      "+09:00; Sa 09:00-12:00 +09:00\")",
				      config_setting_name(at), config_setting_get_string(at));
	return true;
}

static bool find_org(struct kai_terms_reader *reader, const config_setting_t *at, const char *text,
		     uint8_t ret[KAI_ID_LEN])
{
	if (kai_base32_parse(text, ret, KAI_ID_LEN))
		return true;
	if (reader->names->find != NULL && reader->names->find(reader->names->context, text, ret))
		return true;
	return kai_terms_fail(reader, at, "`%s`: no organisation has this id or alias here", text);
}

static bool read_digest(struct kai_terms_reader *reader, const config_setting_t *at,
			struct kai_opt_id *ret)
{
	const char *text;

	if (!string_of(reader, at, &text))
		return false;
	ret->is = text[0] != '\0';
	if (ret->is && !kai_base32_parse(text, ret->id, KAI_ID_LEN))
		return kai_terms_fail(reader, at, "%s: not a digest (52 characters)",
				      config_setting_name(at));
	return true;
}

/* ---- sets ---- */

bool kai_terms_elements(struct kai_terms_reader *reader, const config_setting_t *at, uint64_t max,
			size_t *ret_count)
{
	if (!config_setting_is_array(at) && !config_setting_is_list(at))
		return kai_terms_fail(reader, at, "%s: an array is meant, as [ \"…\", \"…\" ]",
				      config_setting_name(at));
	int count = config_setting_length(at);

	if (count < 0 || (uint64_t)count > max)
		return kai_terms_fail(reader, at, "%s: more than %llu", config_setting_name(at),
				      (unsigned long long)max);
	*ret_count = (size_t)count;
	return true;
}

static const char *element(struct kai_terms_reader *reader, const config_setting_t *at,
			   size_t index)
{
	const char *text = config_setting_get_string_elem(at, (int)index);

	if (text == NULL)
		(void)kai_terms_fail(reader, at, "%s: texts in quotes are meant",
				     config_setting_name(at));
	return text;
}

static int number_order(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static bool read_kinds(struct kai_terms_reader *reader, const struct kai_field *field,
		       const config_setting_t *at, void *member, size_t *ret_count)
{
	size_t count = 0;
	size_t kept = 0;

	if (!kai_terms_elements(reader, at, field->max, &count))
		return false;
	uint64_t *kinds = kai_terms_take(reader, sizeof(*kinds) * (count + 1));

	for (size_t i = 0; kinds != NULL && i < count; i++) {
		const char *text = element(reader, at, i);
		const struct kai_kind_row *row = text != NULL ? kai_kind_by_word(text) : NULL;

		if (text == NULL)
			return false;
		if (row == NULL) {
			const char *words[64];

			for (size_t k = 0; k < kai_kind_row_count && k < 64; k++)
				words[k] = kai_kind_rows[k].word;
			const char *near = kai_nearest(text, words, kai_kind_row_count);

			return kai_terms_fail(
				reader, at, "%s: `%s` is not a kind (did you mean `%s`?)",
				config_setting_name(at), text, near != NULL ? near : words[0]);
		}
		kinds[i] = row->kind;
	}
	if (kinds == NULL)
		return false;
	if (count < field->min)
		return kai_terms_fail(reader, at, "%s: name at least one kind",
				      config_setting_name(at));
	qsort(kinds, count, sizeof(*kinds), number_order);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || kinds[kept - 1] != kinds[i])
			kinds[kept++] = kinds[i];
	set_items(member, kinds);
	*ret_count = kept;
	return true;
}

static int span_order(const void *a, const void *b)
{
	return kai_span_compare(*(const struct kai_span *)a, *(const struct kai_span *)b);
}

static bool read_texts(struct kai_terms_reader *reader, const struct kai_field *field,
		       const config_setting_t *at, void *member, size_t *ret_count)
{
	size_t count = 0;
	size_t kept = 0;

	if (!kai_terms_elements(reader, at, field->max, &count))
		return false;
	struct kai_span *texts = kai_terms_take(reader, sizeof(*texts) * (count + 1));

	if (texts == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *text = element(reader, at, i);

		if (text == NULL)
			return false;
		if (strcmp(text, "*") != 0 && !kai_sector_valid(kai_span_str(text)))
			return kai_terms_fail(
				reader, at,
				"%s: `%s` is not a sector code (SCHEME:CODE, as jp-seed7:pow)",
				config_setting_name(at), text);
		if (!copy_text(reader, text, &texts[i]))
			return false;
	}
	qsort(texts, count, sizeof(*texts), span_order);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !kai_span_equal(texts[kept - 1], texts[i]))
			texts[kept++] = texts[i];
	set_items(member, texts);
	*ret_count = kept;
	return true;
}

static bool read_community(struct kai_terms_reader *reader, const config_setting_t *at,
			   const char *text, uint8_t ret_keeper[KAI_ID_LEN],
			   struct kai_span *ret_name)
{
	const char *slash = strrchr(text, '/');
	char keeper[KAI_MAX_ALIAS + 1];

	if (slash == NULL || (size_t)(slash - text) >= sizeof(keeper) ||
	    !kai_community_valid(kai_span_str(slash + 1)))
		return kai_terms_fail(reader, at, "%s: `%s` is not KEEPER/NAME",
				      config_setting_name(at), text);
	memcpy(keeper, text, (size_t)(slash - text));
	keeper[slash - text] = '\0';
	return find_org(reader, at, keeper, ret_keeper) && copy_text(reader, slash + 1, ret_name);
}

static int community_order(const void *a, const void *b)
{
	const struct kai_community *left = a;
	const struct kai_community *right = b;
	int order = memcmp(left->keeper, right->keeper, KAI_ID_LEN);

	return order != 0 ? order : kai_span_compare(left->name, right->name);
}

static bool read_communities(struct kai_terms_reader *reader, const struct kai_field *field,
			     const config_setting_t *at, void *member, size_t *ret_count)
{
	size_t count = 0;
	size_t kept = 0;

	if (!kai_terms_elements(reader, at, field->max, &count))
		return false;
	struct kai_community *all = kai_terms_take(reader, sizeof(*all) * (count + 1));

	if (all == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *text = element(reader, at, i);

		if (text == NULL || !read_community(reader, at, text, all[i].keeper, &all[i].name))
			return false;
	}
	qsort(all, count, sizeof(*all), community_order);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || community_order(&all[kept - 1], &all[i]) != 0)
			all[kept++] = all[i];
	set_items(member, all);
	*ret_count = kept;
	return true;
}

static bool read_audience(struct kai_terms_reader *reader, const struct kai_field *field,
			  const config_setting_t *at, void *member, size_t *ret_count)
{
	size_t count = 0;

	if (!kai_terms_elements(reader, at, field->max, &count))
		return false;
	struct kai_audience_entry *all = kai_terms_take(reader, sizeof(*all) * (count + 1));

	if (all == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *text = element(reader, at, i);
		uint8_t *org = kai_terms_take(reader, KAI_ID_LEN);

		if (text == NULL || org == NULL)
			return false;
		all[i].org = kai_span(org, KAI_ID_LEN);
		if (strncmp(text, "org:", 4) == 0) {
			all[i].type = KAI_AUD_ORG;
			if (!find_org(reader, at, text + 4, org))
				return false;
		} else if (strncmp(text, "community:", 10) == 0) {
			all[i].type = KAI_AUD_COMMUNITY;
			if (!read_community(reader, at, text + 10, org, &all[i].text))
				return false;
		} else {
			return kai_terms_fail(reader, at,
					      "%s: `%s` is neither org:X nor community:KEEPER/NAME",
					      config_setting_name(at), text);
		}
	}
	kai_audience_sort(all, &count);
	set_items(member, all);
	*ret_count = count;
	return true;
}

static bool read_scalar(struct kai_terms_reader *reader, const struct kai_term_row *row,
			const config_setting_t *at, void *member)
{
	const struct kai_field *field = kai_term_field(row);
	const char *text;

	switch (row->form) {
	case KAI_TERM_NUMBER:
		return read_number(reader, field, at, member);
	case KAI_TERM_YES:
		if (config_setting_type(at) != CONFIG_TYPE_BOOL)
			return kai_terms_fail(reader, at, "%s: true or false is meant", row->key);
		*(bool *)member = config_setting_get_bool(at) != 0;
		return true;
	case KAI_TERM_WORD:
		return read_word(reader, row, at, member);
	case KAI_TERM_TIME:
		return read_time(reader, field, at, member);
	case KAI_TERM_SPAN:
		return read_duration(reader, field, at, member);
	case KAI_TERM_TEXT:
		return read_text(reader, field, at, member);
	case KAI_TERM_HOURS:
		return read_hours(reader, field, at, member);
	case KAI_TERM_ORG:
		return string_of(reader, at, &text) && find_org(reader, at, text, member);
	case KAI_TERM_DIGEST:
		return read_digest(reader, at, member);
	case KAI_TERM_FIXED:
	case KAI_TERM_TEXTS:
	case KAI_TERM_KINDS:
	case KAI_TERM_AUDIENCE:
	case KAI_TERM_COMMUNITIES:
	case KAI_TERM_GROUP:
	case KAI_TERM_GROUPS:
		return false;
	}
	return false;
}

/* A value that is not itself a group. */
bool kai_terms_value(struct kai_terms_reader *reader, const struct kai_term_row *row,
		     const config_setting_t *at, uint8_t *object)
{
	const struct kai_field *field = kai_term_field(row);
	void *member = object + field->offset;
	size_t *count = (size_t *)(void *)(object + field->count_offset);

	switch (row->form) {
	case KAI_TERM_TEXTS:
		return read_texts(reader, field, at, member, count);
	case KAI_TERM_KINDS:
		return read_kinds(reader, field, at, member, count);
	case KAI_TERM_AUDIENCE:
		return read_audience(reader, field, at, member, count);
	case KAI_TERM_COMMUNITIES:
		return read_communities(reader, field, at, member, count);
	case KAI_TERM_FIXED:
	case KAI_TERM_NUMBER:
	case KAI_TERM_YES:
	case KAI_TERM_WORD:
	case KAI_TERM_TIME:
	case KAI_TERM_SPAN:
	case KAI_TERM_TEXT:
	case KAI_TERM_HOURS:
	case KAI_TERM_ORG:
	case KAI_TERM_DIGEST:
	case KAI_TERM_GROUP:
	case KAI_TERM_GROUPS:
		return read_scalar(reader, row, at, member);
	}
	return false;
}
