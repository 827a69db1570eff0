/* SPDX-License-Identifier: Apache-2.0 */
/* What people see: columns that say nothing take no room, times are brief, claims are claims. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "item.h"
#include "view.h"

static uint8_t memory[1 << 20];

struct shown {
	struct kai_cli cli;
	char *text;
	size_t len;
};

static void begin(struct shown *shown, enum kai_lang lang, const struct kai_renderer *renderer)
{
	*shown = (struct shown){.text = NULL};
	shown->cli.arena = (struct kai_arena){.at = memory, .cap = sizeof(memory)};
	shown->cli.lang = lang;
	shown->cli.renderer = renderer;
	shown->cli.out = open_memstream(&shown->text, &shown->len);
	shown->cli.err = shown->cli.out;
	assert_non_null(shown->cli.out);
}

static void end(struct shown *shown)
{
	assert_int_equal(fclose(shown->cli.out), 0);
}

static const struct kai_col cols[] = {
	{"id", "id", KAI_COL_ID},	    {"name", "name", KAI_COL_TEXT},
	{"frozen", "frozen", KAI_COL_WORD}, {"lag", "lag", KAI_COL_COUNT},
	{"error", "error", KAI_COL_TEXT},   {"serial", "serial", KAI_COL_DETAIL},
	{"pid", "pid", KAI_COL_NUMBER},
};
static const struct kai_view view = {.list = "rows", .cols = cols, .col_count = 7};

static json_t *rows(int lag, bool frozen)
{
	return json_pack("{s:[{s:s, s:s, s:b, s:i, s:s, s:i, s:i}]}", "rows", "id",
			 "abcdefghijklmnop", "name", "bravo", "frozen", frozen, "lag", lag, "error",
			 "", "serial", 17, "pid", 0);
}

static void test_quiet_columns(void **state)
{
	struct shown shown;

	(void)state;
	begin(&shown, KAI_LANG_EN, &kai_render_table);
	kai_view_show(&shown.cli, &view, rows(0, false));
	end(&shown);
	assert_non_null(strstr(shown.text, "abcdefgh "));
	assert_null(strstr(shown.text, "abcdefghi"));
	assert_non_null(strstr(shown.text, "pid")); /* a number of its own, zero or not */
	assert_null(strstr(shown.text, "frozen"));
	assert_null(strstr(shown.text, "lag"));
	assert_null(strstr(shown.text, "error"));
	assert_null(strstr(shown.text, "serial"));
	free(shown.text);

	begin(&shown, KAI_LANG_EN, &kai_render_table);
	kai_view_show(&shown.cli, &view, rows(3, true));
	end(&shown);
	assert_non_null(strstr(shown.text, "frozen"));
	assert_non_null(strstr(shown.text, "lag"));
	free(shown.text);
}

/* Lines are for scripts: every column, always. */
static void test_lines_are_whole(void **state)
{
	struct shown shown;

	(void)state;
	begin(&shown, KAI_LANG_JA, &kai_render_lines);
	kai_view_show(&shown.cli, &view, rows(0, false));
	end(&shown);
	assert_string_equal(shown.text, "abcdefghijklmnop\tbravo\tno\t0\t\t17\t0\n");
	free(shown.text);
}

static void test_times(void **state)
{
	static const struct kai_col until = {"at", "until", KAI_COL_UNTIL};
	static const struct {
		int64_t ahead_ms;
		const char *has;
		bool weekday;
	} cases[] = {
		{-3 * KAI_MS_MINUTE, "(3min ago)", true},
		{5 * KAI_MS_DAY + KAI_MS_HOUR, "(in 5d)", true},
		{7 * KAI_MS_DAY + KAI_MS_HOUR, "(in 7d)", false},
		{179 * KAI_MS_DAY + KAI_MS_HOUR, "(in 179d)", false},
	};
	struct shown shown;

	(void)state;
	begin(&shown, KAI_LANG_EN, &kai_render_table);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t at = (uint64_t)(kai_cli_now().ms + cases[i].ahead_ms);
		json_t *row = json_pack("{s:o}", "at", kai_json_time(at));
		char *cell = kai_view_table_cell(&shown.cli, &until, row);

		if (strstr(cell, cases[i].has) == NULL)
			fail_msg("%s: not in %s", cases[i].has, cell);
		assert_int_equal(cell[0] != '2', cases[i].weekday);
		json_decref(row);
	}
	uint64_t far = (uint64_t)(kai_cli_now().ms + 400 * KAI_MS_DAY);
	json_t *row = json_pack("{s:o}", "at", kai_json_time(far));

	assert_int_equal(strlen(kai_view_table_cell(&shown.cli, &until, row)), 10);
	assert_non_null(strstr(kai_view_head(&shown.cli, &until), "until ("));
	json_decref(row);
	end(&shown);
	free(shown.text);
}

static void test_claims(void **state)
{
	struct shown shown;
	json_t *row = json_pack("{s:s, s:s}", "origin_name", "l3pkmhkzuuho", "origin_claims",
				"Cabinet\033[2J");

	(void)state;
	begin(&shown, KAI_LANG_EN, &kai_render_table);
	assert_null(strchr(kai_item_origin(&shown.cli, row), '\033'));
	assert_int_equal(strncmp(kai_item_origin(&shown.cli, row), "l3pkmhkz (claims: Cabinet", 25),
			 0);
	shown.cli.lang = KAI_LANG_JA;
	assert_non_null(strstr(kai_item_origin(&shown.cli, row), "（自称: Cabinet"));
	assert_int_equal(json_object_set_new(row, "origin_claims", json_null()), 0);
	assert_string_equal(kai_item_origin(&shown.cli, row), "l3pkmhkzuuho");
	json_decref(row);
	end(&shown);
	free(shown.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet_columns),
		cmocka_unit_test(test_lines_are_whole),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
