/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an advisory's body: asked for by name, brought into canonical form. */
#include <string.h>

#include "compose.h"
#include "view.h"

static const struct kai_body_field_row *field_row(const struct kai_kind_row *row, const char *name)
{
	for (size_t i = 0; i < row->field_count; i++)
		if (strcmp(row->fields[i].name, name) == 0)
			return &row->fields[i];
	return NULL;
}

static size_t count_of(const struct kai_fields *fields, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++)
		count += strcmp(fields->values[i].name, name) == 0;
	return count;
}

static int unknown_field(struct kai_cli *cli, const struct kai_kind_row *row, const char *name)
{
	const char *words[66] = {"title", "text"};
	size_t count = 2;

	for (size_t i = 0; i < row->field_count && count < 66; i++)
		words[count++] = row->fields[i].name;
	const char *near = kai_nearest(name, words, count);
	char *all = kai_cli_text(cli, "%s", "");

	if (near != NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: %s has no such field (did you mean %s?)"), name,
				    row->word, near);
	for (size_t i = 0; i < count; i++)
		all = kai_cli_text(cli, "%s%s%s", all, i > 0 ? ", " : "", words[i]);
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: %s has no such field (there are %s)"), name,
			    row->word, all);
}

/* Times may be typed in any zone or as "now"; a cause may be one word. */
static const char *canonical(struct kai_cli *cli, const struct kai_body_field_row *row,
			     const char *value)
{
	char now[KAI_TIME_TEXT];
	char *text = kai_cli_take(cli, KAI_TIME_TEXT);
	struct kai_wall at;
	int64_t span;

	kai_time_text(kai_cli_now(), now);
	if (row->type == KAI_V_TIME) {
		if (strcmp(value, "now") == 0)
			at = kai_cli_now();
		else if (value[0] == '+' && kai_duration_parse(value + 1, &span))
			at.ms = kai_cli_now().ms + span;
		else if (value[0] == '-' && kai_duration_parse(value + 1, &span))
			at.ms = kai_cli_now().ms - span;
		else if (!kai_time_parse(value, &at))
			return value;
		kai_time_text(at, text);
		return text;
	}
	if (row->type == KAI_V_CAUSE) {
		size_t slashes = 0;

		for (const char *c = value; *c != '\0'; c++)
			slashes += *c == '/';
		if (slashes == 0)
			return kai_cli_text(cli, "%s//low/%s", value, now);
		if (slashes == 1)
			return kai_cli_text(cli, "%s/low/%s", value, now);
		if (slashes == 2)
			return kai_cli_text(cli, "%s/%s", value, now);
	}
	return value;
}

int kai_fields_set(struct kai_cli *cli, struct kai_fields *fields, const char *name,
		   const char *value)
{
	const struct kai_body_field_row *row = field_row(fields->row, name);

	if (strcmp(name, "title") == 0) {
		fields->title = value;
		return 0;
	}
	if (strcmp(name, "text") == 0) {
		fields->text = value;
		return 0;
	}
	if (row == NULL)
		return unknown_field(cli, fields->row, name);
	value = canonical(cli, row, value);
	for (size_t i = 0; !row->many && i < fields->count; i++) {
		if (strcmp(fields->values[i].name, name) == 0) {
			fields->values[i].value = value;
			return 0;
		}
	}
	if (fields->count >= 128)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: too many values"), name);
	fields->values[fields->count].name = row->name;
	fields->values[fields->count++].value = value;
	return 0;
}

void kai_fields_from(struct kai_cli *cli, struct kai_fields *fields, const struct kai_body *body)
{
	fields->title = kai_cli_str(cli, body->title);
	fields->text = kai_cli_str(cli, body->text);
	for (size_t i = 0; i < body->values_count && i < 128; i++) {
		fields->values[i].name = kai_cli_str(cli, body->values[i].name);
		fields->values[i].value = kai_cli_str(cli, body->values[i].value);
		fields->count = i + 1;
	}
}

/* ---- --from FILE.json ---- */

static int set_json(struct kai_cli *cli, struct kai_fields *fields, const char *name,
		    const json_t *value)
{
	if (json_is_string(value))
		return kai_fields_set(cli, fields, name,
				      kai_cli_text(cli, "%s", json_string_value(value)));
	if (json_is_integer(value))
		return kai_fields_set(
			cli, fields, name,
			kai_cli_text(cli, "%lld", (long long)json_integer_value(value)));
	return kai_cli_fail(cli, KAI_EXIT_USAGE,
			    T("--from: %s: a text, a number or a list of texts is meant"), name);
}

static int read_json(struct kai_cli *cli, struct kai_fields *fields, const char *path)
{
	struct kai_span text;
	json_error_t error;
	const char *name;
	json_t *value;
	int exit = kai_cli_read(cli, path, (size_t)1024 * 1024, &text);

	if (exit != 0)
		return exit;
	json_t *top = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(top)) {
		json_decref(top);
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s:%d: %s", path, error.line,
				    top == NULL ? error.text : T("a JSON object is meant"));
	}
	json_object_foreach (top, name, value) {
		char *field = kai_cli_text(cli, "%s", name);
		size_t i;
		json_t *one;

		if (!json_is_array(value)) {
			exit = set_json(cli, fields, field, value);
		} else {
			json_array_foreach (value, i, one) {
				if (exit == 0)
					exit = set_json(cli, fields, field, one);
			}
		}
		if (exit != 0)
			break;
	}
	json_decref(top);
	return exit;
}

/* ---- what is missing ---- */

static bool missing(const struct kai_fields *fields, size_t index, const char **ret_name)
{
	const struct kai_kind_row *row = fields->row;

	if (index == 0) {
		*ret_name = "title";
		return fields->title == NULL || fields->title[0] == '\0';
	}
	if (index == 1) {
		*ret_name = "text";
		return row->text && (fields->text == NULL || fields->text[0] == '\0');
	}
	*ret_name = row->fields[index - 2].name;
	return row->fields[index - 2].mandatory && count_of(fields, *ret_name) == 0;
}

static char *hint(struct kai_cli *cli, const struct kai_kind_row *row, const char *name)
{
	const struct kai_body_field_row *field = field_row(row, name);

	if (field == NULL || field->type == KAI_V_TEXT)
		return kai_cli_text(cli, "%s", T("free text"));
	switch (field->type) {
	case KAI_V_WORD:
		return kai_cli_text(cli, "%s", field->words);
	case KAI_V_TIME:
		return kai_cli_text(cli, "%s", T("time, now, -2h or +1d"));
	case KAI_V_NUMBER:
		return kai_cli_text(cli, "%s", T("number"));
	case KAI_V_ID:
		return kai_cli_text(cli, "%s", T("id"));
	case KAI_V_COMMIT:
		return kai_cli_text(cli, "%s", T("made by --made-from or --anonymise"));
	case KAI_V_CAUSE:
		return kai_cli_text(cli, "%s", T("unknown, or class/sub/confidence"));
	case KAI_V_TEXT:
		break;
	}
	return kai_cli_text(cli, "%s", T("free text"));
}

static int ask(struct kai_cli *cli, struct kai_fields *fields, const char *name)
{
	char *answer = kai_cli_prompt(
		cli, kai_cli_text(cli, "%s (%s):", T(name), hint(cli, fields->row, name)));

	if (answer == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: broken off"), cli->verb->name);
	return answer[0] != '\0' ? kai_fields_set(cli, fields, name, answer) : 0;
}

static int complete(struct kai_cli *cli, struct kai_fields *fields)
{
	char *list = kai_cli_text(cli, "%s", "");
	const char *name;

	for (size_t i = 0; i < fields->row->field_count + 2; i++) {
		if (!missing(fields, i, &name))
			continue;
		if (cli->tty) {
			int exit = ask(cli, fields, name);

			if (exit != 0)
				return exit;
		}
		if (missing(fields, i, &name))
			list = kai_cli_text(cli, "%s\n  --set %s=… (%s)", list, name,
					    hint(cli, fields->row, name));
	}
	if (list[0] == '\0')
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s %s: these fields are missing:%s"),
			    cli->verb->name, fields->row->word, list);
}

int kai_fields_read(struct kai_cli *cli, struct kai_fields *fields)
{
	const char *from = kai_opt_value(cli, "from");
	const char *set;
	size_t at = 0;
	int exit = from != NULL ? read_json(cli, fields, from) : 0;

	while (exit == 0 && (set = kai_opt_next(cli, "set", &at)) != NULL) {
		const char *equal = strchr(set, '=');

		if (equal == NULL)
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("--set %s: FIELD=VALUE is meant"), set);
		exit = kai_fields_set(cli, fields,
				      kai_cli_str(cli, kai_span(set, (size_t)(equal - set))),
				      equal + 1);
	}
	return exit != 0 ? exit : complete(cli, fields);
}

int kai_fields_encode(struct kai_cli *cli, const struct kai_fields *fields, struct kai_span *ret)
{
	struct kai_body_value *values = kai_cli_take(cli, sizeof(*values) * 128);
	struct kai_body body = {.version = KAI_VERSION,
				.title = kai_span_str(fields->title),
				.text = kai_span_str(fields->text != NULL ? fields->text : ""),
				.values = values};
	const char *wrong = NULL;

	for (size_t f = 0; f < fields->row->field_count; f++)
		for (size_t i = 0; i < fields->count; i++)
			if (strcmp(fields->values[i].name, fields->row->fields[f].name) == 0)
				values[body.values_count++] = (struct kai_body_value){
					.name = kai_span_str(fields->values[i].name),
					.value = kai_span_str(fields->values[i].value)};
	if (kai_body_check(fields->row, &body, &wrong) != KAI_FAULT_NONE)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: does not fit (%s is meant)"),
				    wrong != NULL ? wrong : "title",
				    hint(cli, fields->row, wrong != NULL ? wrong : "title"));
	*ret = kai_object_encode_in(&kai_object_body, &body, &cli->arena);
	if (ret->len == 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: a field is too long or is not clean text"),
				    cli->verb->name);
	return 0;
}
