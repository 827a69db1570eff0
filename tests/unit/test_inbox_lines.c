/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for a person, as it is listed: the order, and words in lines of any width. */
#include "test.h"

#include <string.h>

#include "inbox.h"
#include "lines.h"
#include "view.h"

/* ---- order ---- */

static json_t *row(const char *realm, const char *urgency, const char *what, const char *state,
		   const char *by)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "realm", realm, "urgency", urgency,
			 "do", what, "do_state", state, "by", by, "received_at", "2027", "id", "a");
}

/* Each stands before the next one. */
static void test_order(void **state)
{
	static const struct {
		const char *realm, *urgency, *what, *state, *by;
	} cases[] = {
		{"live", "now", "acknowledge", "overdue", "2027-01-01T02:00:00.000Z"},
		{"live", "now", "pass", "due", "2027-01-01T03:00:00.000Z"},
		{"live", "now", "acknowledge", "due", "2027-01-01T03:15:00.000Z"},
		{"live", "today", "answer", "overdue", "2027-01-01T01:00:00.000Z"},
		{"live", "info", "report", "overdue", "2027-01-01T02:30:00.000Z"},
		{"live", "today", "acknowledge", "due", "2027-01-01T04:00:00.000Z"},
		{"live", "info", "reply", "due", "2027-01-01T05:00:00.000Z"},
		{"live", "now", "decide", "open", ""},
		{"live", "now", "await", "overdue", "2027-01-01T01:00:00.000Z"},
		{"live", "now", "pass", "blocked", "2027-01-01T01:00:00.000Z"},
		{"comcheck-1", "now", "acknowledge", "overdue", "2027-01-01T01:00:00.000Z"},
		{"comcheck-1", "today", "acknowledge", "due", "2027-01-01T01:00:00.000Z"},
	};
	json_t *rows[sizeof(cases) / sizeof(*cases)];
	size_t count = sizeof(cases) / sizeof(*cases);

	(void)state;
	for (size_t i = 0; i < count; i++)
		rows[i] = row(cases[i].realm, cases[i].urgency, cases[i].what, cases[i].state,
			      cases[i].by);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			int by = kai_inbox_compare(rows[i], rows[k]);

			if ((by < 0) != (i < k) || (by > 0) != (i > k))
				fail_msg("%zu against %zu: %d", i, k, by);
		}
	for (size_t i = 0; i < count; i++)
		json_decref(rows[i]);
}

/* ---- lines ---- */

static uint8_t memory[1 << 18];

static void begin(struct kai_cli *cli)
{
	*cli = (struct kai_cli){.arena = {.at = memory, .cap = sizeof(memory)}};
}

static void test_fit(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *fit;
	} cases[] = {
		{"", 0, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"電力", 4, "電力"},
		{"電力", 3, "電…"},
		{"電力会社", 5, "電力…"},
		{"電力会社", 6, "電力…"},
		{"a電力", 4, "a電…"},
		{"電", 1, "…"},
	};
	struct kai_cli cli;

	(void)state;
	begin(&cli);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_string_equal(kai_lines_fit(&cli, cases[i].text, cases[i].width),
				    cases[i].fit);
		assert_int_equal(kai_view_width(kai_lines_pad(&cli, cases[i].text, cases[i].width)),
				 cases[i].width);
	}
}

/* At every width: no line is wider, and nothing is lost but spaces. */
static void test_wrap(void **state)
{
	static const char *const texts[] = {
		"",
		"one",
		"several short words and abcdefghijklmnopqrstuvwxyz in one",
		"事業者の保守用アカウントが夜間に使われ、前置処理装置が再起動された。",
		"mixed 電力会社 and words、ここで改行\nsecond line",
		"   spaces  between ",
	};
	struct kai_cli cli;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (size_t width = 6; width < 90; width++) {
			struct kai_lines lines = {.count = 0};
			char got[512] = "";
			char want[512] = "";
			size_t len = 0;

			begin(&cli);
			kai_lines_wrap(&cli, &lines, texts[i], width, 3);
			for (size_t k = 0; k < lines.count; k++) {
				assert_true(kai_view_width(lines.at[k]) <= width);
				for (const char *at = lines.at[k]; *at != '\0'; at++)
					if (*at != ' ')
						got[len++] = *at;
			}
			len = 0;
			for (const char *at = texts[i]; *at != '\0'; at++)
				if (*at != ' ' && *at != '\n')
					want[len++] = *at;
			assert_string_equal(got, want);
		}
	/* A label does not stand alone, however long the word beside it is. */
	struct kai_lines lines = {.count = 0};

	begin(&cli);
	kai_lines_pair(&cli, &lines, "発信者", "abcdefghijklmnopqrstuvwxyzabcdef", 30);
	assert_int_equal(lines.count, 3);
	assert_string_equal(lines.at[0], "  発信者        abcdefghijklmn");
	assert_string_equal(lines.at[1], "                opqrstuvwxyzab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
