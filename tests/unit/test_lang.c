/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: no sentence twice, and both languages take the same arguments in the same order. */
#include "test.h"

#include <ctype.h>
#include <string.h>

#include "cli.h"

static const struct {
	const char *en;
	const char *ja;
} rows[] = {
#define X(en, ja) {(en), (ja)},
#include "ja.def"
#undef X
};
#define ROWS (sizeof(rows) / sizeof(*rows))

/* The next conversion of a format; "" at the end. */
static size_t conversion(const char **io_at, char ret[16])
{
	size_t len = 0;
	const char *at = *io_at;

	while (*at != '\0' && *at != '%')
		at++;
	while (*at != '\0' && len < 15) {
		ret[len++] = *at++;
		if (len > 1 && (isalpha((unsigned char)ret[len - 1]) || ret[len - 1] == '%') &&
		    strchr("lzh", ret[len - 1]) == NULL)
			break;
	}
	ret[len] = '\0';
	*io_at = at;
	return len;
}

static void test_conversions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const char *en = rows[i].en;
		const char *ja = rows[i].ja;
		char one[16];
		char two[16];

		do {
			(void)conversion(&en, one);
			(void)conversion(&ja, two);
			if (strcmp(one, two) != 0)
				fail_msg("%s: %s against %s", rows[i].en, one, two);
		} while (one[0] != '\0');
	}
}

static void test_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		for (size_t k = i + 1; k < ROWS; k++)
			assert_string_not_equal(rows[i].en, rows[k].en);
}

static void test_lookup(void **state)
{
	(void)state;
	assert_string_equal(kai_tr_lang(KAI_LANG_EN, "alert"), "alert");
	assert_string_equal(kai_tr_lang(KAI_LANG_JA, "alert"), "警報情報");
	assert_string_equal(kai_tr_lang(KAI_LANG_JA, "in no list"), "in no list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_lookup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
