/* SPDX-License-Identifier: Apache-2.0 */
/* Every rule and every fault has a sentence in both languages, once, in the same order. */
#include "test.h"

#include <string.h>

#include "../../tools/kairan/rules.def"
#include "kairan/fault.h"
#include "kairan/policy.h"
#include "kairan/text.h"

struct sentence {
	const char *name;
	const char *en;
	const char *ja;
};

static const char *const rule_names[] = {
#define X(name, word) #name,
	KAI_X_RULE(X)
#undef X
};
static const char *const fault_names[] = {
#define X(name, word, klass, text) #name,
	KAI_X_FAULT(X)
#undef X
};
static const struct sentence rule_texts[] = {
#define X(name, en, ja) {#name, (en), (ja)},
	KAI_X_RULE_TEXT(X)
#undef X
};
static const struct sentence fault_texts[] = {
#define X(name, en, ja) {#name, (en), (ja)},
	KAI_X_FAULT_TEXT(X)
#undef X
};

static bool has_japanese(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0xe3)
			return true;
	}
	return false;
}

static void check_sentences(const char *const *names, size_t count, const struct sentence *texts,
			    size_t text_count)
{
	assert_int_equal(text_count, count);
	for (size_t i = 0; i < count; i++) {
		const struct sentence *sentence = &texts[i];

		assert_string_equal(sentence->name, names[i]);
		assert_true(kai_utf8_clean(kai_span_str(sentence->en)));
		assert_true(kai_utf8_clean(kai_span_str(sentence->ja)));
		assert_int_equal(sentence->en[strlen(sentence->en) - 1], '.');
		assert_false(has_japanese(sentence->en));
		assert_true(has_japanese(sentence->ja));
		assert_string_equal(sentence->ja + strlen(sentence->ja) - strlen("。"), "。");
	}
}

static void test_rule_sentences(void **state)
{
	(void)state;
	check_sentences(rule_names, sizeof(rule_names) / sizeof(rule_names[0]), rule_texts,
			sizeof(rule_texts) / sizeof(rule_texts[0]));
}

static void test_fault_sentences(void **state)
{
	(void)state;
	check_sentences(fault_names, sizeof(fault_names) / sizeof(fault_names[0]), fault_texts,
			sizeof(fault_texts) / sizeof(fault_texts[0]));
}

/* Names in logs and scripts never change places or repeat. */
static void test_rule_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KAI_RULE_END; i++) {
		for (unsigned j = i + 1; j < KAI_RULE_END; j++)
			assert_string_not_equal(kai_rule_name((enum kai_rule)i),
						kai_rule_name((enum kai_rule)j));
	}
	assert_string_equal(kai_rule_name(KAI_RULE_AUDIENCE), "audience");
	assert_string_equal(kai_rule_name(KAI_RULE_END), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule_sentences),
		cmocka_unit_test(test_fault_sentences),
		cmocka_unit_test(test_rule_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
