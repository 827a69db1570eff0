/* SPDX-License-Identifier: Apache-2.0 */
/* Armour: survives what mail does, notices everything else. */
#include "test.h"

#include "fixture.h"
#include "kairan/text.h"

#define CARD "KAIRAN CARD"

static struct kai_arena arena;

static int setup(void **state)
{
	(void)state;
	arena = fix_arena(1 << 20);
	return arena.at == NULL;
}

static int teardown(void **state)
{
	(void)state;
	fix_arena_done(&arena);
	return 0;
}

/* The armour of `len` bytes 0, 1, 2, … */
static char *armoured(size_t len)
{
	uint8_t *bytes = kai_arena_take(&arena, len);
	size_t cap = kai_armour_len(len);
	char *text = kai_arena_take(&arena, cap);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)i;
	kai_armour(CARD, kai_span(bytes, len), text, cap);
	assert_true(strlen(text) < cap);
	return text;
}

static enum kai_fault open_text(const char *text, struct kai_span *ret)
{
	return kai_armour_open(CARD, kai_span_str(text), &arena, ret);
}

static void test_round_trip(void **state)
{
	static const size_t lens[] = {0, 1, 2, 3, 47, 48, 49, 95, 96, 97, 1000, 65536};

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct kai_span back;

		arena.used = 0;
		assert_int_equal(open_text(armoured(lens[i]), &back), KAI_FAULT_NONE);
		assert_int_equal(back.len, lens[i]);
		for (size_t j = 0; j < back.len; j++)
			assert_int_equal(back.at[j], (uint8_t)j);
	}
}

static void test_looks(void **state)
{
	char text[256];

	(void)state;
	kai_armour(CARD, kai_span_str("Hello"), text, sizeof(text));
	assert_memory_equal(text, "-----BEGIN KAIRAN CARD-----\nSGVsbG8=\n=", 38);
	assert_string_equal(text + 38 + 16, "\n-----END KAIRAN CARD-----\n");
}

/* Rewrites each \n as `newline` and puts text around. */
static char *mailed(const char *text, const char *newline, const char *before, const char *after)
{
	char *out = kai_arena_take(&arena, strlen(text) * 8 + strlen(before) + strlen(after) + 1);
	char *at;

	assert_non_null(out);
	at = stpcpy(out, before);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			at = stpcpy(at, newline);
		else
			*at++ = *text;
	}
	(void)stpcpy(at, after);
	return out;
}

static void test_mail(void **state)
{
	static const char *const newlines[] = {"\n", "\r\n", "  \t\r\n", " \n"};
	struct kai_span back;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const char *text = mailed(armoured(100), newlines[i], "Dear all,\n\nour card:\n",
					  "\n-- \nregards =\n");

		assert_int_equal(open_text(text, &back), KAI_FAULT_NONE);
		assert_int_equal(back.len, 100);
	}
	/* no newline at the very end; another type's block before ours */
	char *text = armoured(100);

	text[strlen(text) - 1] = '\0';
	assert_int_equal(open_text(text, &back), KAI_FAULT_NONE);
	text = mailed(armoured(10), "\n",
		      "-----BEGIN KAIRAN BUNDLE-----\nAAAA\n-----END KAIRAN BUNDLE-----\n", "");
	assert_int_equal(open_text(text, &back), KAI_FAULT_NONE);
	assert_int_equal(back.len, 10);
}

static void test_type(void **state)
{
	struct kai_span back;
	char *text = armoured(100);

	(void)state;
	assert_int_equal(kai_armour_open("KAIRAN AGREEMENT", kai_span_str(text), &arena, &back),
			 KAI_FAULT_TYPE);
	/* The type is in the checksum: renaming both lines is not enough. */
	memcpy(strstr(text, "CARD"), "CORD", 4);
	memcpy(strstr(text, "CARD"), "CORD", 4);
	assert_int_equal(kai_armour_open("KAIRAN CORD", kai_span_str(text), &arena, &back),
			 KAI_FAULT_CHECKSUM);
}

static void test_faults(void **state)
{
	static const char *const rows[] = {
		"",
		"nothing here\n",
		"-----BEGIN KAIRAN CARD-----",
		"-----BEGIN KAIRAN CARD-----\nSGVsbG8=\n",
		"-----BEGIN KAIRAN CARD-----\nSGVsbG8=\n-----END KAIRAN CARD-----\n",
		"-----BEGIN KAIRAN CARD-----\nSGVsbG8=\n=aaaaaaaaaaaaaaaa\n",
		"-----BEGIN KAIRAN CARD-----\nSGVsbG8=\n=aaaaaaaaaaaaaaaa\n-----END KAIRAN "
		"CORD-----\n",
		"-----BEGIN KAIRAN CARD-----\nSGVsbG8=\n=aaaaaaaaaaaaaaa\n-----END KAIRAN "
		"CARD-----\n",
		"-----BEGIN KAIRAN CARD-----\nSGVsbG8=\n=aaaaaaaaaaaaaaaaa\n-----END KAIRAN "
		"CARD-----\n",
		"-----BEGIN KAIRAN CARD-----\nSGVsbG8\n=aaaaaaaaaaaaaaaa\n-----END KAIRAN "
		"CARD-----\n",
		"-----BEGIN KAIRAN CARD-----\nSGVsbG9=\n=aaaaaaaaaaaaaaaa\n-----END KAIRAN "
		"CARD-----\n",
		"-----BEGIN KAIRAN CARD-----\nSGV-bG8=\n=aaaaaaaaaaaaaaaa\n-----END KAIRAN "
		"CARD-----\n",
		"-----BEGIN KAIRAN CARD-----\nSGVs\nbG8=\n=aaaaaaaaaaaaaaaa\n-----END KAIRAN "
		"CARD-----\n",
		"-----BEGIN KAIRAN CARD-----\n\nSGVsbG8=\n=aaaaaaaaaaaaaaaa\n-----END KAIRAN "
		"CARD-----\n",
		"-----BEGIN KAIRAN CARD-----\n> SGVsbG8=\n=aaaaaaaaaaaaaaaa\n-----END KAIRAN "
		"CARD-----\n",
	};
	struct kai_span back;
	struct kai_arena small = {arena.at, 10, 0, false};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (open_text(rows[i], &back) != KAI_FAULT_ARMOUR)
			fail_msg("row %zu", i);
	assert_int_equal(open_text("-----BEGIN KAIRAN CARD-----\nSGVsbG8=\n=aaaaaaaaaaaaaaaa\n"
				   "-----END KAIRAN CARD-----\n",
				   &back),
			 KAI_FAULT_CHECKSUM);
	char *text = armoured(100);

	small.at = arena.at + arena.used;
	assert_int_equal(kai_armour_open(CARD, kai_span_str(text), &small, &back),
			 KAI_FAULT_TOO_MUCH);
}

/* Whatever one character is changed to or lost, the text is not accepted. */
static void test_every_byte_changed(void **state)
{
	char *text = armoured(100);
	size_t len = strlen(text);
	struct kai_span back;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		size_t mark = arena.used;
		char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		enum kai_fault fault = open_text(text, &back);

		if (fault == KAI_FAULT_NONE && i < len - 1)
			fail_msg("byte %zu", i);
		text[i] = was;
		arena.used = mark;
	}
	/* one character lost */
	for (size_t i = 0; i + 1 < len; i++) {
		size_t mark = arena.used;
		char *shorter = kai_arena_take(&arena, len + 1);

		memcpy(shorter, text, i);
		memcpy(shorter + i, text + i + 1, len - i);
		assert_int_not_equal(open_text(shorter, &back), KAI_FAULT_NONE);
		arena.used = mark;
	}
}

/* libsodium's decoder takes every byte above ASCII for a slash: such a text was changed on its way. */
static void test_bytes_above_ascii(void **state)
{
	uint8_t ones[3] = {0xff, 0xff, 0xff}; /* base64 "////" */
	size_t cap = kai_armour_len(sizeof(ones));
	char *text = kai_arena_take(&arena, cap);
	struct kai_span back;

	(void)state;
	kai_armour(CARD, kai_span(ones, sizeof(ones)), text, cap);
	char *slash = strstr(text, "////");

	assert_non_null(slash);
	assert_int_equal(open_text(text, &back), KAI_FAULT_NONE);
	for (int byte = 0x80; byte <= 0xff; byte++) {
		*slash = (char)byte;
		assert_int_equal(open_text(text, &back), KAI_FAULT_ARMOUR);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_looks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_type, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_byte_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes_above_ascii, setup, teardown),
	};

	return cmocka_run_group_tests_name("armour", tests, NULL, NULL);
}
