/* SPDX-License-Identifier: Apache-2.0 */
/* Clean UTF-8 and what a terminal may see: every scalar value, every damage. */
#include "test.h"

#include "fixture.h"
#include "kairan/text.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static size_t encode(uint32_t code, uint8_t ret[4])
{
	if (code < 0x80) {
		ret[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		ret[0] = (uint8_t)(0xc0 | code >> 6);
		ret[1] = (uint8_t)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		ret[0] = (uint8_t)(0xe0 | code >> 12);
		ret[1] = (uint8_t)(0x80 | (code >> 6 & 63));
		ret[2] = (uint8_t)(0x80 | (code & 63));
		return 3;
	}
	ret[0] = (uint8_t)(0xf0 | code >> 18);
	ret[1] = (uint8_t)(0x80 | (code >> 12 & 63));
	ret[2] = (uint8_t)(0x80 | (code >> 6 & 63));
	ret[3] = (uint8_t)(0x80 | (code & 63));
	return 4;
}

static void test_every_code(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 0x200000; code++) {
		uint8_t bytes[4];
		size_t len = encode(code, bytes);
		bool wanted = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) &&
			      code != 0xfffe && code != 0xffff &&
			      (code >= 0x20 || code == '\n' || code == '\t');

		if (kai_utf8_clean(kai_span(bytes, len)) != wanted)
			fail_msg("U+%04X", (unsigned)code);
		if (len > 1 && kai_utf8_clean(kai_span(bytes, len - 1)))
			fail_msg("cut U+%04X", (unsigned)code);
	}
}

static void test_damage(void **state)
{
	static const char *const rows[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xfe",
		"\xc3\x28",
		"\xe2\x28\xa1",
		"\xe2\x82\x28",
		"\xf0\x28\x8c\xbc",
		"\xf0\x90\x28\xbc",
		"\xf0\x90\x8c\x28",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xc3",
		"\xe2\x82",
		"\xf0\x90\x8c",
		"a\x80z",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (kai_utf8_clean(kai_span_str(rows[i])))
			fail_msg("row %zu", i);
	assert_true(kai_utf8_clean(kai_span(NULL, 0)));
	assert_true(kai_utf8_clean(kai_span_str("回覧 \xf0\x9f\x93\xa8 \n\t~")));
	assert_false(kai_utf8_clean(kai_span("a\0b", 3)));
}

static void test_escape(void **state)
{
	static const struct {
		const char *text;
		bool keep_lines;
		const char *wanted;
	} rows[] = {
		{"", false, ""},
		{"plain 回覧", false, "plain 回覧"},
		{"a\nb\tc", false, "a\\x0ab\\x09c"},
		{"a\nb\tc", true, "a\nb\tc"},
		{"a\r\nb", true, "a\\x0d\nb"},
		{"\x1b[31mred", true, "\\x1b[31mred"},
		{"\x7f", true, "\\x7f"},
		{"\xc2\x9b"
		 "31m",
		 true, "\\u{009b}31m"},
		{"\xe2\x80\xaegnp.exe", true, "\\u{202e}gnp.exe"},
		{"\xe2\x81\xa6x\xe2\x81\xa9", true, "\\u{2066}x\\u{2069}"},
		{"\xe2\x80\xa8\xe2\x80\xa9", true, "\\u{2028}\\u{2029}"},
		{"\xe2\x80\x8bz\xef\xbb\xbf", true, "\\u{200b}z\\u{feff}"},
		{"\xf3\xa0\x80\x81", true, "\\u{e0001}"},
		{"\xff\xc3", true, "\\xff\\xc3"},
		{"\xe2\x82"
		 "a",
		 true, "\\xe2\\x82a"},
		{"辻\xf3\xa0\x84\x80", true,
		 "辻\xf3\xa0\x84\x80"}, /* a variant of a name's character */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[128];

		kai_escape(kai_span_str(rows[i].text), rows[i].keep_lines, text, sizeof(text));
		assert_string_equal(text, rows[i].wanted);
	}
}

/* What comes out is clean, fits, ends in NUL and never holds half a character or half an escape. */
static void test_escape_cut(void **state)
{
	const char *text = "a回\x1b\xe2\x80\xaez";
	const char *whole = "a回\\x1b\\u{202e}z";
	static const size_t ends[] = {0, 1, 4, 8, 16, 17};
	size_t end = 0;

	(void)state;
	for (size_t cap = 1; cap <= 20; cap++) {
		char out[24];

		memset(out, '#', sizeof(out));
		kai_escape(kai_span_str(text), false, out, cap);
		while (end + 1 < COUNT(ends) && ends[end + 1] < cap)
			end++;
		assert_int_equal(strlen(out), ends[end]);
		assert_memory_equal(out, whole, ends[end]);
		assert_int_equal(out[cap], '#');
	}
	char untouched = '#';

	kai_escape(kai_span_str(text), false, &untouched, 0);
	assert_int_equal(untouched, '#');
}

static void test_escape_every_code(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		uint8_t bytes[4];
		size_t len = encode(code, bytes);
		char out[32];

		kai_escape(kai_span(bytes, len), false, out, sizeof(out));
		assert_true(kai_utf8_clean(kai_span_str(out)));
		assert_true(strlen(out) > 0);
		for (const char *at = out; *at != '\0'; at++)
			assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_cut),
		cmocka_unit_test(test_escape_every_code),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
