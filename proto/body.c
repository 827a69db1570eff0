/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/kinds.h"

#include <string.h>

#include "kairan/text.h"

KAI_DEFINE(body_value, KAI_BODY_VALUE);
KAI_DEFINE(body, KAI_BODY);

/* One of the words, which are separated by '|'. */
static bool one_of(const char *words, struct kai_span value)
{
	const char *at = words;

	for (;;) {
		size_t len = strcspn(at, "|");

		if (kai_span_equal(kai_span(at, len), value))
			return true;
		if (at[len] == '\0')
			return false;
		at += len + 1;
	}
}

/* As text with its NUL, where it is short enough to be any canonical form. */
static bool as_text(struct kai_span value, char *ret, size_t cap)
{
	if (value.len == 0 || value.len >= cap || memchr(value.at, '\0', value.len) != NULL)
		return false;
	memcpy(ret, value.at, value.len);
	ret[value.len] = '\0';
	return true;
}

static bool time_canonical(struct kai_span value)
{
	char text[KAI_TIME_TEXT];
	char again[KAI_TIME_TEXT];
	struct kai_wall at;

	if (!as_text(value, text, sizeof(text)) || !kai_time_parse(text, &at))
		return false;
	kai_time_text(at, again);
	return strcmp(text, again) == 0;
}

static bool number_canonical(struct kai_span value)
{
	if (value.len == 0 || value.len > 18 || (value.at[0] == '0' && value.len > 1))
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
	}
	return true;
}

static bool id_canonical(struct kai_span value)
{
	char text[KAI_ID_TEXT];
	uint8_t id[KAI_ID_LEN];

	return as_text(value, text, sizeof(text)) && kai_base32_parse(text, id, sizeof(id));
}

struct cause_row {
	const char *klass;
	const char *subs; /* NULL: the class has none; else one of these, or none said */
};

static const struct cause_row causes[] = {
	{"unknown", NULL},
	{"malicious", "external|insider|physical"},
	{"accidental", "human-error|system-failure"},
	{"environmental", NULL},
	{"third-party", "utility|telecom|cloud|supplier"},
	{"other", NULL},
};

/* class/sub/confidence/time, sub empty where nothing is said: "unknown//low/2026-04-01T…Z" */
static bool cause_canonical(struct kai_span value)
{
	struct kai_span pieces[4];
	size_t count = 0;
	size_t start = 0;

	if (value.len == 0)
		return false;
	for (size_t i = 0; i <= value.len; i++) {
		if (i < value.len && value.at[i] != '/')
			continue;
		if (count == 4)
			return false;
		pieces[count++] = kai_span(value.at + start, i - start);
		start = i + 1;
	}
	if (count != 4 || !one_of("low|medium|high|confirmed", pieces[2]) ||
	    !time_canonical(pieces[3]))
		return false;
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (!kai_span_equal(kai_span_str(causes[i].klass), pieces[0]))
			continue;
		return pieces[1].len == 0 ||
		       (causes[i].subs != NULL && one_of(causes[i].subs, pieces[1]));
	}
	return false;
}

static bool value_canonical(const struct kai_body_field_row *row, struct kai_span value)
{
	switch (row->type) {
	case KAI_V_TEXT:
		return value.len > 0;
	case KAI_V_WORD:
		return one_of(row->words, value);
	case KAI_V_TIME:
		return time_canonical(value);
	case KAI_V_NUMBER:
		return number_canonical(value);
	case KAI_V_ID:
	case KAI_V_COMMIT:
		return id_canonical(value);
	case KAI_V_CAUSE:
		return cause_canonical(value);
	}
	return false;
}

static enum kai_fault bad(const char *field, const char **ret_field)
{
	if (ret_field != NULL)
		*ret_field = field;
	return KAI_FAULT_BODY;
}

enum kai_fault kai_body_check(const struct kai_kind_row *row, const struct kai_body *body,
			      const char **ret_field)
{
	size_t at = 0;

	if (body->version != KAI_VERSION)
		return bad(NULL, ret_field);
	if (row->text && body->text.len == 0)
		return bad("text", ret_field);
	for (size_t f = 0; f < row->field_count; f++) {
		const struct kai_body_field_row *field = &row->fields[f];
		size_t count = 0;

		while (at < body->values_count && (count == 0 || field->many) &&
		       kai_span_equal(body->values[at].name, kai_span_str(field->name))) {
			if (!value_canonical(field, body->values[at].value))
				return bad(field->name, ret_field);
			at++;
			count++;
		}
		if (count == 0 && field->mandatory)
			return bad(field->name, ret_field);
	}
	/* what is left is unknown, out of order, or said twice */
	return at == body->values_count ? KAI_FAULT_NONE : bad(NULL, ret_field);
}
