/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints: how they look, and that each of their characters counts. */
#include "test.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "kairan/card.h"

static const uint8_t org[32] = {1};
static const uint8_t other[32] = {2};

static void test_groups(void **state)
{
	char text[KAI_FINGERPRINT_SIZE];

	(void)state;
	kai_fingerprint(org, text);
	assert_int_equal(strlen(text), 39);
	for (size_t i = 0; i < 39; i++)
		assert_int_equal(text[i] == '-', i % 5 == 4);
	assert_true(kai_fingerprint_matches(org, text));
	assert_false(kai_fingerprint_matches(other, text));
}

/* Capitals, spaces and other groups do not matter. */
static void test_typed(void **state)
{
	char text[KAI_FINGERPRINT_SIZE];
	char typed[64];
	size_t used = 0;

	(void)state;
	kai_fingerprint(org, text);
	for (size_t i = 0; i < 39; i++) {
		if (text[i] == '-')
			continue;
		typed[used++] = (char)toupper((unsigned char)text[i]);
		if (i % 3 == 0)
			typed[used++] = ' ';
	}
	typed[used] = '\0';
	assert_true(kai_fingerprint_matches(org, typed));
	assert_false(kai_fingerprint_matches(other, typed));
}

/* Each character counts, none may be missing, none too many. */
static void test_every_character(void **state)
{
	char text[KAI_FINGERPRINT_SIZE];
	char typed[64];

	(void)state;
	kai_fingerprint(org, text);
	for (size_t i = 0; i < 39; i++) {
		if (text[i] == '-')
			continue;
		memcpy(typed, text, sizeof(text));
		typed[i] = text[i] == 'a' ? 'b' : 'a';
		assert_false(kai_fingerprint_matches(org, typed));
		typed[i] = '\0';
		assert_false(kai_fingerprint_matches(org, typed));
	}
	(void)snprintf(typed, sizeof(typed), "%sa", text);
	assert_false(kai_fingerprint_matches(org, typed));
	assert_false(kai_fingerprint_matches(org, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_every_character),
	};

	return cmocka_run_group_tests_name("fingerprint", tests, NULL, NULL);
}
