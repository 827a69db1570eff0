/* SPDX-License-Identifier: Apache-2.0 */
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "terms_rows.h"

/* One reading; the first error is kept. */
struct reader {
	const char *file;
	const struct kai_terms_names *names;
	struct kai_arena *arena;
	struct kai_terms_error *error;
};

static bool fail(struct reader *reader, const config_setting_t *at, const char *fmt, ...)
	KAI_PRINTF(3, 4);

static bool fail(struct reader *reader, const config_setting_t *at, const char *fmt, ...)
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

static void *take(struct reader *reader, size_t size)
{
	void *at = kai_arena_take(reader->arena, size);

	if (at == NULL)
		(void)fail(reader, NULL, "too long");
	return at;
}

static bool copy_text(struct reader *reader, const char *text, struct kai_span *ret)
{
	size_t len = strlen(text);
	char *copy = take(reader, len + 1);

	if (copy == NULL)
		return false;
	memcpy(copy, text, len);
	*ret = kai_span(copy, len);
	return true;
}

/* ---- scalars ---- */

static bool string_of(struct reader *reader, const config_setting_t *at, const char **ret)
{
	*ret = config_setting_get_string(at);
	if (*ret == NULL)
		return fail(reader, at, "%s: a text in quotes is meant", config_setting_name(at));
	return true;
}

static bool read_number(struct reader *reader, const struct kai_field *field,
			const config_setting_t *at, uint64_t *ret)
{
	int type = config_setting_type(at);
	long long value = config_setting_get_int64(at);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return fail(reader, at, "%s: a number is meant", config_setting_name(at));
	if (value < 0 || (uint64_t)value < field->min || (uint64_t)value > field->max)
		return fail(reader, at, "%s: %lld is outside %llu to %llu", config_setting_name(at),
			    value, (unsigned long long)field->min, (unsigned long long)field->max);
	*ret = (uint64_t)value;
	return true;
}

static bool read_word(struct reader *reader, const struct kai_term_row *row,
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

	return fail(reader, at, "%s: `%s` is not a word here (did you mean `%s`?)", row->key, text,
		    near != NULL ? near : words[0]);
}

static bool read_time(struct reader *reader, const struct kai_field *field,
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
		return fail(reader, at, "%s: `%s` is not a time (2026-01-31T09:00:00+09:00)",
			    config_setting_name(at), text);
	*ret = (uint64_t)time.ms;
	return true;
}

static bool read_duration(struct reader *reader, const struct kai_field *field,
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
		return fail(reader, at,
			    "%s: `%s` is not a duration up to a year (90s, 15m, 4h, 30d)",
			    config_setting_name(at), text);
	*ret = (uint64_t)ms;
	return true;
}

static bool read_text(struct reader *reader, const struct kai_field *field,
		      const config_setting_t *at, struct kai_span *ret)
{
	const char *text;

	if (!string_of(reader, at, &text))
		return false;
	if (strlen(text) < field->min || strlen(text) > field->max ||
	    !kai_utf8_clean(kai_span_str(text)))
		return fail(reader, at, "%s: needs %llu to %llu bytes of clean text",
			    config_setting_name(at), (unsigned long long)field->min,
			    (unsigned long long)field->max);
	return copy_text(reader, text, ret);
}

static bool find_org(struct reader *reader, const config_setting_t *at, const char *text,
		     uint8_t ret[KAI_ID_LEN])
{
	if (kai_base32_parse(text, ret, KAI_ID_LEN))
		return true;
	if (reader->names->find != NULL && reader->names->find(reader->names->context, text, ret))
		return true;
	return fail(reader, at, "`%s`: no organisation has this id or alias here", text);
}

static bool read_digest(struct reader *reader, const config_setting_t *at, struct kai_opt_id *ret)
{
	const char *text;

	if (!string_of(reader, at, &text))
		return false;
	ret->is = text[0] != '\0';
	if (ret->is && !kai_base32_parse(text, ret->id, KAI_ID_LEN))
		return fail(reader, at, "%s: not a digest (52 characters)",
			    config_setting_name(at));
	return true;
}

/* ---- sets ---- */

static bool elements(struct reader *reader, const config_setting_t *at, uint64_t max,
		     size_t *ret_count)
{
	if (!config_setting_is_array(at) && !config_setting_is_list(at))
		return fail(reader, at, "%s: an array is meant, as [ \"…\", \"…\" ]",
			    config_setting_name(at));
	int count = config_setting_length(at);

	if (count < 0 || (uint64_t)count > max)
		return fail(reader, at, "%s: more than %llu", config_setting_name(at),
			    (unsigned long long)max);
	*ret_count = (size_t)count;
	return true;
}

static const char *element(struct reader *reader, const config_setting_t *at, size_t index)
{
	const char *text = config_setting_get_string_elem(at, (int)index);

	if (text == NULL)
		(void)fail(reader, at, "%s: texts in quotes are meant", config_setting_name(at));
	return text;
}

static int number_order(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static bool read_kinds(struct reader *reader, const struct kai_field *field,
		       const config_setting_t *at, void *member, size_t *ret_count)
{
	size_t count;
	size_t kept = 0;

	if (!elements(reader, at, field->max, &count))
		return false;
	uint64_t *kinds = take(reader, sizeof(*kinds) * (count + 1));

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

			return fail(reader, at, "%s: `%s` is not a kind (did you mean `%s`?)",
				    config_setting_name(at), text, near != NULL ? near : words[0]);
		}
		kinds[i] = row->kind;
	}
	if (kinds == NULL)
		return false;
	if (count < field->min)
		return fail(reader, at, "%s: name at least one kind", config_setting_name(at));
	qsort(kinds, count, sizeof(*kinds), number_order);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || kinds[kept - 1] != kinds[i])
			kinds[kept++] = kinds[i];
	memcpy(member, &kinds, sizeof(kinds));
	*ret_count = kept;
	return true;
}

static int span_order(const void *a, const void *b)
{
	return kai_span_compare(*(const struct kai_span *)a, *(const struct kai_span *)b);
}

static bool read_texts(struct reader *reader, const struct kai_field *field,
		       const config_setting_t *at, void *member, size_t *ret_count)
{
	size_t count;
	size_t kept = 0;

	if (!elements(reader, at, field->max, &count))
		return false;
	struct kai_span *texts = take(reader, sizeof(*texts) * (count + 1));

	if (texts == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *text = element(reader, at, i);

		if (text == NULL)
			return false;
		if (strcmp(text, "*") != 0 && !kai_sector_valid(kai_span_str(text)))
			return fail(reader, at,
				    "%s: `%s` is not a sector code (SCHEME:CODE, as jp-seed7:pow)",
				    config_setting_name(at), text);
		if (!copy_text(reader, text, &texts[i]))
			return false;
	}
	qsort(texts, count, sizeof(*texts), span_order);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !kai_span_equal(texts[kept - 1], texts[i]))
			texts[kept++] = texts[i];
	memcpy(member, &texts, sizeof(texts));
	*ret_count = kept;
	return true;
}

static bool read_community(struct reader *reader, const config_setting_t *at, const char *text,
			   uint8_t ret_keeper[KAI_ID_LEN], struct kai_span *ret_name)
{
	const char *slash = strrchr(text, '/');
	char keeper[KAI_MAX_ALIAS + 1];

	if (slash == NULL || (size_t)(slash - text) >= sizeof(keeper) ||
	    !kai_community_valid(kai_span_str(slash + 1)))
		return fail(reader, at, "%s: `%s` is not KEEPER/NAME", config_setting_name(at),
			    text);
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

static bool read_communities(struct reader *reader, const struct kai_field *field,
			     const config_setting_t *at, void *member, size_t *ret_count)
{
	size_t count;
	size_t kept = 0;

	if (!elements(reader, at, field->max, &count))
		return false;
	struct kai_community *all = take(reader, sizeof(*all) * (count + 1));

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
	memcpy(member, &all, sizeof(all));
	*ret_count = kept;
	return true;
}

static bool read_audience(struct reader *reader, const struct kai_field *field,
			  const config_setting_t *at, void *member, size_t *ret_count)
{
	size_t count;

	if (!elements(reader, at, field->max, &count))
		return false;
	struct kai_audience_entry *all = take(reader, sizeof(*all) * (count + 1));

	if (all == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *text = element(reader, at, i);
		uint8_t *org = take(reader, KAI_ID_LEN);

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
			return fail(reader, at,
				    "%s: `%s` is neither org:X nor community:KEEPER/NAME",
				    config_setting_name(at), text);
		}
	}
	kai_audience_sort(all, &count);
	memcpy(member, &all, sizeof(all));
	*ret_count = count;
	return true;
}

/* ---- groups ---- */

static bool read_scalar(struct reader *reader, const struct kai_term_row *row,
			const config_setting_t *at, void *member)
{
	const struct kai_field *field = kai_term_field(row);
	const char *text;

	switch (row->form) {
	case KAI_TERM_NUMBER:
		return read_number(reader, field, at, member);
	case KAI_TERM_YES:
		if (config_setting_type(at) != CONFIG_TYPE_BOOL)
			return fail(reader, at, "%s: true or false is meant", row->key);
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
static bool read_value(struct reader *reader, const struct kai_term_row *row,
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
	case KAI_TERM_ORG:
	case KAI_TERM_DIGEST:
	case KAI_TERM_GROUP:
	case KAI_TERM_GROUPS:
		return read_scalar(reader, row, at, member);
	}
	return false;
}

static bool unknown_keys(struct reader *reader, const config_setting_t *group,
			 const struct kai_term_row *rows, size_t count)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *at = config_setting_get_elem(group, (unsigned)i);
		const char *words[32];
		bool known = false;

		for (size_t k = 0; k < count && k < 32; k++) {
			words[k] = rows[k].form == KAI_TERM_FIXED ? NULL : rows[k].key;
			known = known || (words[k] != NULL &&
					  strcmp(words[k], config_setting_name(at)) == 0);
		}
		if (known)
			continue;
		const char *near = kai_nearest(config_setting_name(at), words, count);

		if (near != NULL)
			return fail(reader, at, "%s: no such key (did you mean %s?)",
				    config_setting_name(at), near);
		return fail(reader, at, "%s: no such key", config_setting_name(at));
	}
	return true;
}

/* What is left out where it may be. */
static void set_default(const struct kai_term_row *row, uint8_t *object)
{
	const struct kai_field *field = kai_term_field(row);
	uint64_t *number = (uint64_t *)(void *)(object + field->offset);

	if (strcmp(row->key, "onward") == 0)
		*number = KAI_ONWARD_NONE;
	else if (strcmp(row->key, "attribution") == 0)
		*number = KAI_ATTR_NONE;
	else if (strcmp(row->key, "signers") == 0)
		*number = 1;
}

/* A group without groups inside. */
static bool read_leaf(struct reader *reader, const struct kai_object *object,
		      const config_setting_t *group, uint8_t *ret)
{
	size_t count;
	const struct kai_term_row *rows = kai_term_first(object, &count);

	if (!config_setting_is_group(group))
		return fail(reader, group, "%s: a group is meant, as { … }",
			    config_setting_name(group) != NULL ? config_setting_name(group)
							       : "list");
	if (!unknown_keys(reader, group, rows, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *at = config_setting_get_member(group, rows[i].key);

		if (at == NULL && !rows[i].optional)
			return fail(reader, group, "%s is missing here", rows[i].key);
		if (at == NULL)
			set_default(&rows[i], ret);
		else if (!read_value(reader, &rows[i], at, ret))
			return false;
	}
	return true;
}

static bool read_groups(struct reader *reader, const struct kai_term_row *row,
			const config_setting_t *at, uint8_t *object)
{
	const struct kai_field *field = kai_term_field(row);
	size_t count;

	if (!config_setting_is_list(at))
		return fail(reader, at, "%s: a list of groups is meant, as ( { … }, { … } )",
			    row->key);
	if (!elements(reader, at, field->max, &count))
		return false;
	uint8_t *all = take(reader, field->object->size * (count + 1));

	for (size_t i = 0; all != NULL && i < count; i++)
		if (!read_leaf(reader, field->object, config_setting_get_elem(at, (unsigned)i),
			       all + i * field->object->size))
			return false;
	if (all == NULL)
		return false;
	memcpy(object + field->offset, &all, sizeof(all));
	memcpy(object + field->count_offset, &count, sizeof(count));
	return true;
}

static bool read_top(struct reader *reader, const config_setting_t *root, struct kai_terms *ret)
{
	size_t count;
	const struct kai_term_row *rows = kai_term_first(&kai_object_terms, &count);
	uint8_t *object = (uint8_t *)ret;

	if (!unknown_keys(reader, root, rows, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *at = config_setting_get_member(root, rows[i].key);
		const struct kai_field *field = kai_term_field(&rows[i]);
		bool fine = true;

		if (at == NULL && !rows[i].optional)
			return fail(reader, root, "%s is missing", rows[i].key);
		if (at == NULL)
			set_default(&rows[i], object);
		else if (rows[i].form == KAI_TERM_GROUP)
			fine = read_leaf(reader, field->object, at, object + field->offset);
		else if (rows[i].form == KAI_TERM_GROUPS)
			fine = read_groups(reader, &rows[i], at, object);
		else
			fine = read_value(reader, &rows[i], at, object);
		if (!fine)
			return false;
	}
	return true;
}

/* The object wants the party with the lower org id as a. */
static void put_in_order(struct kai_terms *terms)
{
	if (memcmp(terms->a.org, terms->b.org, KAI_ID_LEN) <= 0)
		return;
	struct kai_party party = terms->a;
	struct kai_direction direction = terms->a_to_b;

	terms->a = terms->b;
	terms->b = party;
	terms->a_to_b = terms->b_to_a;
	terms->b_to_a = direction;
	for (size_t i = 0; i < terms->duties_count; i++)
		terms->duties[i].side = 1 - terms->duties[i].side;
	for (size_t i = 0; i < terms->contacts_count; i++)
		terms->contacts[i].side = 1 - terms->contacts[i].side;
}

static bool check_whole(struct reader *reader, const config_setting_t *root,
			const struct kai_terms *terms)
{
	if (kai_id_equal(terms->a.org, terms->b.org))
		return fail(reader, config_setting_get_member(root, "second"),
			    "second: both sides are the same organisation");
	if (terms->valid_until <= terms->valid_from)
		return fail(reader, config_setting_get_member(root, "valid_until"),
			    "valid_until: not after valid_from");
	enum kai_fault fault = kai_terms_check(terms);

	if (fault != KAI_FAULT_NONE)
		return fail(reader, root, "the terms %s (%s)", kai_fault_text(fault),
			    kai_fault_name(fault));
	return true;
}

bool kai_terms_read(const char *file, const char *text, const struct kai_terms_names *names,
		    struct kai_arena *arena, struct kai_terms *ret,
		    struct kai_terms_error *ret_error)
{
	struct reader reader = {file, names, arena, ret_error};
	struct kai_terms terms = {.version = KAI_VERSION};
	config_t config;

	config_init(&config);
	bool fine = config_read_string(&config, text) == CONFIG_TRUE;

	if (!fine)
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "%.100s:%d: %s", file,
			       config_error_line(&config), config_error_text(&config));
	const config_setting_t *root = config_root_setting(&config);

	fine = fine && read_top(&reader, root, &terms);
	if (fine) {
		put_in_order(&terms);
		fine = check_whole(&reader, root, &terms);
	}
	config_destroy(&config);
	if (fine)
		*ret = terms;
	return fine;
}
