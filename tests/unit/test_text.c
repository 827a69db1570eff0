/* SPDX-License-Identifier: Apache-2.0 */
/* base32, times, durations: both directions, both ends of every bound, every refusal. */
#include "test.h"

#include <string.h>

#include "kairan/limits.h"
#include "kairan/text.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void test_base32_rfc4648(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"f", "my"},
		{"fo", "mzxq"},
		{"foo", "mzxw6"},
		{"foob", "mzxw6yq"},
		{"fooba", "mzxw6ytb"},
		{"foobar", "mzxw6ytboi"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[16];
		uint8_t bytes[8] = {0};
		size_t len = strlen(rows[i][0]);

		kai_base32(kai_span_str(rows[i][0]), text, sizeof(text));
		assert_string_equal(text, rows[i][1]);
		assert_true(kai_base32_parse(rows[i][1], bytes, len));
		assert_memory_equal(bytes, rows[i][0], len);
	}
}

static void test_base32_round_trip(void **state)
{
	uint8_t bytes[64];
	uint8_t back[64];
	char text[128];

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(i * 37 + len * 11);
		kai_base32(kai_span(bytes, len), text, sizeof(text));
		assert_int_equal(strlen(text), KAI_BASE32_LEN(len));
		assert_true(kai_base32_parse(text, back, len));
		assert_memory_equal(bytes, back, len);
	}
}

static void test_base32_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{"mz", 1},	 /* trailing bits */
		{"mzxr", 2},	 /* trailing bits */
		{"m", 1},	 /* short */
		{"mya", 1},	 /* long */
		{"MY", 1},	 /* capitals */
		{"m1", 1},	 /* not in the alphabet */
		{"m8", 1},	 /* above it */
		{"m ", 1},	 /* space */
		{"my======", 1}, /* padding */
		{"m\xc3", 1},	 /* not ASCII */
		{"mzxw6yt0", 5}, /* zero is not a letter */
		{"mzxw6y{b", 5}, /* just above z */
		{"mzxw6y`b", 5}, /* just below a */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t bytes[8] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee};

		assert_false(kai_base32_parse(rows[i].text, bytes, rows[i].len));
		assert_int_equal(bytes[0], 0xee);
	}
}

static void test_id_text(void **state)
{
	uint8_t id[KAI_ID_LEN];
	uint8_t back[KAI_ID_LEN];
	char text[KAI_ID_TEXT];

	(void)state;
	memset(id, 0xff, sizeof(id));
	kai_id_text(id, text);
	assert_string_equal(text, "777777777777777777777777777777777777777777777777777q");
	assert_true(kai_base32_parse(text, back, sizeof(back)));
	assert_memory_equal(id, back, sizeof(id));
}

static void test_time_text(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{951868800000, "2000-03-01T00:00:00.000Z"},
		{1709251199999, "2024-02-29T23:59:59.999Z"},
		{4107542400000, "2100-03-01T00:00:00.000Z"},
		{1795399200123, "2026-11-23T02:00:00.123Z"},
		{-62167219200000, "0000-01-01T00:00:00.000Z"},
		{-62162035200000, "0000-03-01T00:00:00.000Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[KAI_TIME_TEXT];
		struct kai_wall back;

		kai_time_text((struct kai_wall){rows[i].ms}, text);
		assert_string_equal(text, rows[i].text);
		assert_true(kai_time_parse(text, &back));
		assert_int_equal(back.ms, rows[i].ms);
	}
}

/* What RFC 3339 cannot write prints as the nearest that it can. */
static void test_time_text_clamped(void **state)
{
	char text[KAI_TIME_TEXT];

	(void)state;
	kai_time_text((struct kai_wall){INT64_MAX}, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	kai_time_text((struct kai_wall){INT64_MIN}, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

/* Every day of 800 years, so that every leap rule is met twice. */
static void test_time_every_day(void **state)
{
	char text[KAI_TIME_TEXT];
	char last[KAI_TIME_TEXT] = "";
	struct kai_wall back;

	(void)state;
	for (int64_t day = -140000; day < 152194; day++) {
		kai_time_text((struct kai_wall){day * KAI_MS_DAY + 1}, text);
		assert_true(strcmp(last, text) < 0);
		assert_true(kai_time_parse(text, &back));
		assert_int_equal(back.ms, day * KAI_MS_DAY + 1);
		memcpy(last, text, sizeof(last));
	}
}

static void test_time_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01t00:00:00z", 0},
		{"1970-01-01T09:00:00+09:00", 0},
		{"1969-12-31T14:30:00-09:30", 0},
		{"1970-01-01T00:00:00-00:00", 0},
		{"1970-01-01T00:00:00.5Z", 500},
		{"1970-01-01T00:00:00.05Z", 50},
		{"1970-01-01T00:00:00.0019999999999999999999Z", 1},
		{"1970-01-01T23:59:59+23:59", 59 * KAI_MS_SECOND},
		{"1972-06-30T23:59:60Z", 78796800000},
		{"1972-07-01T08:59:60.7+09:00", 78796800000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct kai_wall at;

		assert_true(kai_time_parse(rows[i].text, &at));
		assert_int_equal(at.ms, rows[i].ms);
	}
}

static void test_time_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"1970",
		"1970-01-01",
		"1970-01-01T00:00:00",
		"1970-01-01T00:00Z",
		"1970-01-01 00:00:00Z",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00,5Z",
		"1970-01-01T00:00:00Zx",
		"1970-01-01T00:00:00+0900",
		"1970-01-01T00:00:00+09",
		"1970-01-01T00:00:00+24:00",
		"1970-01-01T00:00:00+09:60",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:61Z",
		"1970-01-01T00:00:60Z",
		"1970-00-01T00:00:00Z",
		"1970-13-01T00:00:00Z",
		"1970-01-00T00:00:00Z",
		"1970-01-32T00:00:00Z",
		"1970-04-31T00:00:00Z",
		"1970-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"1970-1-01T00:00:00Z",
		"1970/01/01T00:00:00Z",
		"+1970-01-01T00:00:00Z",
		"01970-01-01T00:00:00Z",
		" 1970-01-01T00:00:00Z",
		"197a-01-01T00:00:00Z",
		"1970-01-01T0a:00:00Z",
		"1970-01-01T00-00:00Z",
		"1970-01-01T00:00-00Z",
		"0000-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct kai_wall at = {42};

		if (kai_time_parse(rows[i], &at))
			fail_msg("accepted %s", rows[i]);
		assert_int_equal(at.ms, 42);
	}
}

static void test_duration_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{"90s", 90000},
		{"15m", 15 * KAI_MS_MINUTE},
		{"4h", 4 * KAI_MS_HOUR},
		{"30d", 30 * KAI_MS_DAY},
		{"2w", 14 * KAI_MS_DAY},
		{"1h30m", 90 * KAI_MS_MINUTE},
		{"1w1d1h1m1s1ms", 8 * KAI_MS_DAY + KAI_MS_HOUR + KAI_MS_MINUTE + 1001},
		{"0s", 0},
		{"007m", 7 * KAI_MS_MINUTE},
		{"3653d", 3653 * KAI_MS_DAY},
		{"500ms", 500},
	};
	static const char *const refused[] = {
		"",
		"s",
		"90",
		"90 s",
		"-1s",
		"1.5h",
		"1m1m",
		"1m1h",
		"1y",
		"1S",
		"1h ",
		" 1h",
		"1hm",
		"3653d1ms",
		"3654d",
		"523w",
		"99999999999999999999s",
		"315619200001ms",
		"1msm",
		"1mms",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ms;

		assert_true(kai_duration_parse(rows[i].text, &ms));
		assert_int_equal(ms, rows[i].ms);
	}
	for (size_t i = 0; i < COUNT(refused); i++) {
		int64_t ms = 42;

		if (kai_duration_parse(refused[i], &ms))
			fail_msg("accepted %s", refused[i]);
		assert_int_equal(ms, 42);
	}
}

static void test_duration_text(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{0, "0s"},
		{1, "1ms"},
		{90000, "1m30s"},
		{90 * KAI_MS_MINUTE, "1h30m"},
		{30 * KAI_MS_DAY, "30d"},
		{-90 * KAI_MS_MINUTE, "-1h30m"},
		{INT64_MAX, "106751991167d7h12m55s807ms"},
		{INT64_MIN, "-106751991167d7h12m55s808ms"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[32];
		int64_t back;

		kai_duration_text(rows[i].ms, text);
		assert_string_equal(text, rows[i].text);
		if (rows[i].ms >= 0 && rows[i].ms < 3653 * KAI_MS_DAY) {
			assert_true(kai_duration_parse(text, &back));
			assert_int_equal(back, rows[i].ms);
		}
	}
}

/* ---- hours ---- */

/* 2026-11-23 is a Monday. */
static const struct {
	const char *hours, *at;
	enum kai_hours says;
} hours_rows[] = {
	{"", "2026-11-23T03:00:00Z", KAI_HOURS_OPEN},
	{"24/7", "2026-11-23T03:00:00Z", KAI_HOURS_OPEN},
	{"Mo-Fr 09:00-17:30 +09:00", "2026-11-23T09:00:00+09:00", KAI_HOURS_OPEN},
	{"Mo-Fr 09:00-17:30 +09:00", "2026-11-23T08:59:59+09:00", KAI_HOURS_SHUT},
	{"Mo-Fr 09:00-17:30 +09:00", "2026-11-23T17:29:59+09:00", KAI_HOURS_OPEN},
	{"Mo-Fr 09:00-17:30 +09:00", "2026-11-23T17:30:00+09:00", KAI_HOURS_SHUT},
	{"Mo-Fr 09:00-17:30 +09:00", "2026-11-27T12:00:00+09:00", KAI_HOURS_OPEN},
	{"Mo-Fr 09:00-17:30 +09:00", "2026-11-28T12:00:00+09:00", KAI_HOURS_SHUT},
	/* Monday there while it is Sunday in UTC, and the other way round */
	{"Mo 00:00-01:00 +14:00", "2026-11-22T10:30:00Z", KAI_HOURS_OPEN},
	{"Su 23:00-24:00 -14:00", "2026-11-23T13:30:00Z", KAI_HOURS_OPEN},
	{"00:00-24:00 Z", "2026-11-22T23:59:59Z", KAI_HOURS_OPEN},
	{"09:00-10:00 Z", "2026-11-22T09:30:00Z", KAI_HOURS_OPEN},
	/* the night belongs to the day on which it began */
	{"Mo 22:00-06:00 Z", "2026-11-23T22:00:00Z", KAI_HOURS_OPEN},
	{"Mo 22:00-06:00 Z", "2026-11-24T05:59:59Z", KAI_HOURS_OPEN},
	{"Mo 22:00-06:00 Z", "2026-11-24T06:00:00Z", KAI_HOURS_SHUT},
	{"Mo 22:00-06:00 Z", "2026-11-23T05:00:00Z", KAI_HOURS_SHUT},
	{"Su 22:00-06:00 Z", "2026-11-23T05:00:00Z", KAI_HOURS_OPEN},
	/* lists, ranges that pass Sunday, several rules */
	{"Sa,Su 10:00-11:00 Z", "2026-11-22T10:00:00Z", KAI_HOURS_OPEN},
	{"Sa,Su 10:00-11:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_SHUT},
	{"Fr-Mo 10:00-11:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_OPEN},
	{"Fr-Mo 10:00-11:00 Z", "2026-11-24T10:00:00Z", KAI_HOURS_SHUT},
	{"Tu,Mo-Su 10:00-11:00 Z", "2026-11-26T10:00:00Z", KAI_HOURS_OPEN},
	{"Tu 10:00-11:00 Z; Mo 10:00-11:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_OPEN},
	{"Mo 10:00-11:00 Z;Tu 10:00-11:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_OPEN},
	{"Mo 10:00-11:00 Z", "1969-12-29T10:30:00Z", KAI_HOURS_OPEN},
	{"Mo 10:00-11:00 Z", "0001-01-01T10:30:00Z", KAI_HOURS_OPEN},
	/* what means nothing, wherever it is wrong */
	{"office hours", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo-Fr", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo- 09:00-10:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo, 09:00-10:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 09:00-10:00", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 9:00-10:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 09:00-24:01 Z", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 24:00-10:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 09:60-10:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 09:00-09:00 Z", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 09:00-10:00 +14:01", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 09:00-10:00 09:00", "2026-11-23T10:00:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 09:00-10:00 Z;", "2026-11-23T09:30:00Z", KAI_HOURS_UNREADABLE},
	{"Mo 09:00-10:00 Z or so", "2026-11-23T09:30:00Z", KAI_HOURS_UNREADABLE},
	{"24/7 ", "2026-11-23T09:30:00Z", KAI_HOURS_UNREADABLE},
};

static void test_hours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hours_rows); i++) {
		struct kai_wall at;

		assert_true(kai_time_parse(hours_rows[i].at, &at));
		if (kai_hours_at(kai_span_str(hours_rows[i].hours), at) != hours_rows[i].says)
			fail_msg("%s at %s", hours_rows[i].hours, hours_rows[i].at);
	}
}

/* A text that is cut anywhere is read no further than it goes. */
static void test_hours_cut(void **state)
{
	const char *text = "Mo-Fr,Su 09:00-17:30 +09:00; Sa 22:00-06:00 -01:30";

	(void)state;
	for (size_t len = 1; len < strlen(text); len++) {
		uint8_t bytes[64];

		memcpy(bytes, text, len);
		bytes[len] = '0'; /* what stands behind counts for nothing */
		assert_int_equal(kai_hours_at(kai_span(bytes, len), (struct kai_wall){0}) ==
					 KAI_HOURS_UNREADABLE,
				 len != 27);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base32_rfc4648), cmocka_unit_test(test_base32_round_trip),
		cmocka_unit_test(test_base32_refused), cmocka_unit_test(test_id_text),
		cmocka_unit_test(test_time_text),      cmocka_unit_test(test_time_text_clamped),
		cmocka_unit_test(test_time_every_day), cmocka_unit_test(test_time_parse),
		cmocka_unit_test(test_time_refused),   cmocka_unit_test(test_duration_parse),
		cmocka_unit_test(test_duration_text),  cmocka_unit_test(test_hours),
		cmocka_unit_test(test_hours_cut),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
