/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "terms_reader.h"

static bool unknown_keys(struct kai_terms_reader *reader, const config_setting_t *group,
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
			return kai_terms_fail(reader, at, "%s: no such key (did you mean %s?)",
					      config_setting_name(at), near);
		return kai_terms_fail(reader, at, "%s: no such key", config_setting_name(at));
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
static bool read_leaf(struct kai_terms_reader *reader, const struct kai_object *object,
		      const config_setting_t *group, uint8_t *ret)
{
	size_t count;
	const struct kai_term_row *rows = kai_term_first(object, &count);

	if (!config_setting_is_group(group))
		return kai_terms_fail(
			reader, group, "%s: a group is meant, as { … }",
			config_setting_name(group) != NULL ? config_setting_name(group) : "list");
	if (!unknown_keys(reader, group, rows, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *at = config_setting_get_member(group, rows[i].key);

		if (at == NULL && !rows[i].optional)
			return kai_terms_fail(reader, group, "%s is missing here", rows[i].key);
		if (at == NULL)
			set_default(&rows[i], ret);
		else if (!kai_terms_value(reader, &rows[i], at, ret))
			return false;
	}
	return true;
}

static bool read_groups(struct kai_terms_reader *reader, const struct kai_term_row *row,
			const config_setting_t *at, uint8_t *object)
{
	const struct kai_field *field = kai_term_field(row);
	size_t count;

	if (!config_setting_is_list(at))
		return kai_terms_fail(
			reader, at, "%s: a list of groups is meant, as ( { … }, { … } )", row->key);
	if (!kai_terms_elements(reader, at, field->max, &count))
		return false;
	uint8_t *all = kai_terms_take(reader, field->object->size * (count + 1));

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

static bool read_top(struct kai_terms_reader *reader, const config_setting_t *root,
		     struct kai_terms *ret)
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
			return kai_terms_fail(reader, root, "%s is missing", rows[i].key);
		if (at == NULL)
			set_default(&rows[i], object);
		else if (rows[i].form == KAI_TERM_GROUP)
			fine = read_leaf(reader, field->object, at, object + field->offset);
		else if (rows[i].form == KAI_TERM_GROUPS)
			fine = read_groups(reader, &rows[i], at, object);
		else
			fine = kai_terms_value(reader, &rows[i], at, object);
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

static bool check_whole(struct kai_terms_reader *reader, const config_setting_t *root,
			const struct kai_terms *terms)
{
	if (kai_id_equal(terms->a.org, terms->b.org))
		return kai_terms_fail(reader, config_setting_get_member(root, "second"),
				      "second: both sides are the same organisation");
	if (terms->valid_until <= terms->valid_from)
		return kai_terms_fail(reader, config_setting_get_member(root, "valid_until"),
				      "valid_until: not after valid_from");
	enum kai_fault fault = kai_terms_check(terms);

	if (fault != KAI_FAULT_NONE)
		return kai_terms_fail(reader, root, "the terms %s (%s)", kai_fault_text(fault),
				      kai_fault_name(fault));
	return true;
}

bool kai_terms_read(const char *file, const char *text, const struct kai_terms_names *names,
		    struct kai_arena *arena, struct kai_terms *ret,
		    struct kai_terms_error *ret_error)
{
	struct kai_terms_reader reader = {file, names, arena, ret_error};
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
