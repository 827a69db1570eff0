/* SPDX-License-Identifier: Apache-2.0 */
/* The kind table holds together, and a body is refused by the name of the field that is wrong. */
#include "test.h"

#include <string.h>

#include "kairan/kinds.h"

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AT "2026-04-01T03:00:00.000Z"

static const char *example(const struct kai_body_field_row *field, char word[64])
{
	switch (field->type) {
	case KAI_V_TEXT:
		return "none";
	case KAI_V_WORD:
		(void)memcpy(word, field->words, strcspn(field->words, "|"));
		word[strcspn(field->words, "|")] = '\0';
		return word;
	case KAI_V_TIME:
		return AT;
	case KAI_V_NUMBER:
		return "1";
	case KAI_V_ID:
	case KAI_V_COMMIT:
		return ID;
	case KAI_V_CAUSE:
		return "unknown//low/" AT;
	}
	return "";
}

struct filled {
	struct kai_body_value values[40];
	char words[40][64];
	struct kai_body body;
};

/* Everything that the row asks for, in order. */
static void fill(const struct kai_kind_row *row, struct filled *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < row->field_count; i++) {
		ret->values[i].name = kai_span_str(row->fields[i].name);
		ret->values[i].value = kai_span_str(example(&row->fields[i], ret->words[i]));
	}
	ret->body = (struct kai_body){.version = 1,
				      .title = kai_span_str("title"),
				      .text = kai_span_str("summary"),
				      .values = ret->values,
				      .values_count = row->field_count};
}

static void assert_bad(const struct kai_kind_row *row, const struct kai_body *body,
		       const char *field)
{
	const char *named = "nothing";

	assert_int_equal(kai_body_check(row, body, &named), KAI_FAULT_BODY);
	if (field == NULL)
		assert_null(named);
	else
		assert_string_equal(named, field);
	assert_int_equal(kai_body_check(row, body, NULL), KAI_FAULT_BODY);
}

static void test_table(void **state)
{
	(void)state;
	assert_int_equal(kai_kind_row_count, 11);
	for (size_t i = 0; i < kai_kind_row_count; i++) {
		const struct kai_kind_row *row = &kai_kind_rows[i];

		assert_int_equal(row->kind, i + 1); /* no wire code without its row */
		assert_ptr_equal(kai_kind_row(row->kind), row);
		assert_ptr_equal(kai_kind_by_word(row->word), row);
		assert_in_range(row->urgency, KAI_URGENCY_NOW, KAI_URGENCY_INFO);
		assert_in_range(row->role, KAI_ROLE_DUTY, KAI_ROLE_DECIDER);
		assert_in_range(row->signers, 1, KAI_MAX_SIGNATURES);
		assert_true(row->valid_ms > 0);
		for (size_t f = 0; f < row->field_count; f++) {
			assert_int_equal(row->fields[f].words != NULL,
					 row->fields[f].type == KAI_V_WORD);
			for (size_t g = 0; g < f; g++)
				assert_string_not_equal(row->fields[f].name, row->fields[g].name);
		}
	}
	assert_null(kai_kind_row(0));
	assert_null(kai_kind_row(12));
	assert_null(kai_kind_by_word("secinf"));
	assert_null(kai_kind_by_word(""));
	assert_int_equal(kai_kind_row(KAI_KIND_ALERT)->role, KAI_ROLE_DECIDER);
	assert_true(kai_kind_row(KAI_KIND_ADVICE)->directed);
}

static void remove_value(struct filled *filled, size_t index)
{
	memmove(&filled->values[index], &filled->values[index + 1],
		(filled->body.values_count - index - 1) * sizeof(filled->values[0]));
	filled->body.values_count--;
}

/* Each field in turn: missing, wrong, twice, out of order, beside an unknown one. */
static void test_every_field(void **state)
{
	(void)state;
	for (size_t k = 0; k < kai_kind_row_count; k++) {
		const struct kai_kind_row *row = &kai_kind_rows[k];
		struct filled filled;

		fill(row, &filled);
		assert_int_equal(kai_body_check(row, &filled.body, NULL), KAI_FAULT_NONE);
		for (size_t f = 0; f < row->field_count; f++) {
			const struct kai_body_field_row *field = &row->fields[f];

			fill(row, &filled);
			remove_value(&filled, f);
			if (field->mandatory)
				assert_bad(row, &filled.body, field->name);
			else
				assert_int_equal(kai_body_check(row, &filled.body, NULL),
						 KAI_FAULT_NONE);
			fill(row, &filled);
			filled.values[f].value = kai_span_str("");
			assert_bad(row, &filled.body, field->name);
			fill(row, &filled);
			memmove(&filled.values[f + 1], &filled.values[f],
				(row->field_count - f) * sizeof(filled.values[0]));
			filled.body.values_count++;
			assert_int_equal(kai_body_check(row, &filled.body, NULL),
					 field->many ? KAI_FAULT_NONE : KAI_FAULT_BODY);
		}
		fill(row, &filled);
		filled.values[row->field_count] =
			(struct kai_body_value){kai_span_str("other"), kai_span_str("x")};
		filled.body.values_count++;
		assert_bad(row, &filled.body, NULL);
	}
}

static void test_body_itself(void **state)
{
	const struct kai_kind_row *row = kai_kind_row(KAI_KIND_SECINFO);
	struct filled filled;

	(void)state;
	fill(row, &filled);
	filled.body.version = 2;
	assert_bad(row, &filled.body, NULL);
	fill(row, &filled);
	filled.body.text = kai_span(NULL, 0);
	assert_bad(row, &filled.body, "text");
	row = kai_kind_row(KAI_KIND_RETRACT); /* its reason is enough */
	fill(row, &filled);
	filled.body.text = kai_span(NULL, 0);
	assert_int_equal(kai_body_check(row, &filled.body, NULL), KAI_FAULT_NONE);
	row = kai_kind_row(KAI_KIND_RFI); /* two in the wrong order */
	fill(row, &filled);
	struct kai_body_value swap = filled.values[0];

	filled.values[0] = filled.values[1];
	filled.values[1] = swap;
	assert_bad(row, &filled.body, "question");
}

static void check_forms(uint64_t kind, const char *name, const char *const *good,
			const char *const *bad)
{
	const struct kai_kind_row *row = kai_kind_row(kind);
	struct filled filled;
	size_t at = 0;

	while (strcmp(row->fields[at].name, name) != 0)
		at++;
	fill(row, &filled);
	for (; *good != NULL; good++) {
		filled.values[at].value = kai_span_str(*good);
		assert_int_equal(kai_body_check(row, &filled.body, NULL), KAI_FAULT_NONE);
	}
	for (; *bad != NULL; bad++) {
		filled.values[at].value = kai_span_str(*bad);
		assert_bad(row, &filled.body, name);
	}
}

static void test_forms(void **state)
{
	static const char *const words[] = {"vulnerability", "product", "awareness", NULL};
	static const char *const no_words[] = {
		"", "Product", "prod", "products", "product|guidance", "|", NULL};
	static const char *const numbers[] = {"0", "1", "10", "999999999999999999", NULL};
	static const char *const no_numbers[] = {
		"", "01", "-1", "+1", "1.0", " 1", "x", "1000000000000000000", NULL};
	static const char *const times[] = {AT, "2026-12-31T23:59:59.999Z", NULL};
	static const char *const no_times[] = {"",
					       "2026-04-01T03:00:00Z",
					       "2026-04-01T12:00:00.000+09:00",
					       "2026-04-01t03:00:00.000z",
					       "2026-13-01T03:00:00.000Z",
					       "2026-04-01T03:00:00.000Z ",
					       NULL};
	static const char *const ids[] = {ID, NULL};
	static const char *const no_ids[] = {"", "a", ID "a", "A" ID, NULL};
	static const char *const causes[] = {"unknown//low/" AT,
					     "malicious//high/" AT,
					     "malicious/insider/confirmed/" AT,
					     "accidental/human-error/medium/" AT,
					     "third-party/cloud/low/" AT,
					     "environmental//low/" AT,
					     "other//low/" AT,
					     NULL};
	static const char *const no_causes[] = {"",
						"unknown",
						"unknown//low",
						"unknown//low/",
						"unknown//low/" AT "/",
						"unknown//low/" AT "/x",
						"unknown/external/low/" AT,
						"malicious/cloud/low/" AT,
						"malicious//certain/" AT,
						"/external/low/" AT,
						"evil//low/" AT,
						NULL};

	(void)state;
	check_forms(KAI_KIND_SECINFO, "subtype", words, no_words);
	check_forms(KAI_KIND_INCIDENT, "report", numbers, no_numbers);
	check_forms(KAI_KIND_ALERT, "valid-until", times, no_times);
	check_forms(KAI_KIND_ADVICE, "incident", ids, no_ids);
	check_forms(KAI_KIND_INCIDENT, "cause", causes, no_causes);
}

/* The canonical bytes of a body come back as they went. */
static void test_round_trip(void **state)
{
	uint8_t room[65536];
	struct kai_arena arena = {.at = room, .cap = sizeof(room)};
	const struct kai_kind_row *row = kai_kind_row(KAI_KIND_INCIDENT);
	struct filled filled;
	struct kai_body again;

	(void)state;
	fill(row, &filled);
	struct kai_span bytes = kai_object_encode_in(&kai_object_body, &filled.body, &arena);

	assert_true(bytes.len > 0);
	assert_int_equal(kai_object_decode(&kai_object_body, bytes, &arena, &again),
			 KAI_FAULT_NONE);
	assert_int_equal(kai_body_check(row, &again, NULL), KAI_FAULT_NONE);
	assert_true(kai_span_equal(kai_object_encode_in(&kai_object_body, &again, &arena), bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	    cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_body_itself), cmocka_unit_test(test_forms),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
