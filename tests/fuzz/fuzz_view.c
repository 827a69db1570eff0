/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person sees of a peer's words: the input becomes names and texts of a table, which the
 * three renderers show. Nothing that moves a cursor, hides or turns text comes out, a row stays a
 * row, and JSON stays JSON.
 *
 *   byte 0: renderer and language; then texts, separated by NUL
 */
#include "codec.h"

#include <locale.h>
#include <string.h>
#include <utf8proc.h>

#include "kairan/text.h"
#include "view.h"

#define MAX_LEN 4096u
#define ROWS 3u
#define COLS 5u
#define ARENA_LEN ((size_t)8 << 20)

static const struct kai_col cols[COLS] = {
	{"name", "name", KAI_COL_TEXT},	 {"at", "at", KAI_COL_TIME},
	{"word", "state", KAI_COL_WORD}, {"detail", "detail", KAI_COL_DETAIL},
	{"list", "list", KAI_COL_LIST},
};
static const struct kai_view view = {.list = "rows", .cols = cols, .col_count = COLS};

/* A peer's text is clean UTF-8 by the time that it is stored (object.h). */
static json_t *text_of(struct kai_span *io_rest)
{
	const uint8_t *end = io_rest->len == 0 ? NULL : memchr(io_rest->at, '\0', io_rest->len);
	size_t len = end == NULL ? io_rest->len : (size_t)(end - io_rest->at);
	struct kai_span text = kai_span(io_rest->at, len);

	io_rest->at += end == NULL ? len : len + 1;
	io_rest->len -= end == NULL ? len : len + 1;
	return kai_utf8_clean(text) ? json_stringn((const char *)text.at, text.len)
				    : json_string("");
}

static json_t *rows_of(struct kai_span rest)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < ROWS; i++) {
		json_t *row = json_object();

		for (size_t col = 0; col + 1 < COLS; col++)
			MUST(json_object_set_new(row, cols[col].key, text_of(&rest)) == 0);
		json_t *first = text_of(&rest);
		json_t *list = json_pack("[o,s]", first, "x");

		MUST(list != NULL && json_object_set_new(row, "list", list) == 0);
		MUST(json_array_append_new(rows, row) == 0);
	}
	return rows;
}

/* By their code points, not by the escaper's table. */
static bool harmless(utf8proc_int32_t point)
{
	utf8proc_category_t category = utf8proc_category(point);

	if (point == '\n' || point == '\t')
		return true;
	return category != UTF8PROC_CATEGORY_CC && category != UTF8PROC_CATEGORY_ZL &&
	       category != UTF8PROC_CATEGORY_ZP && !(point >= 0x202a && point <= 0x202e) &&
	       !(point >= 0x2066 && point <= 0x2069) && point != 0x200b && point != 0x200e &&
	       point != 0x200f && point != 0x061c && point != 0xfeff;
}

static void check_shown(const char *text, size_t len, bool table)
{
	size_t lines = 0;

	MUST(codec_text_clean(kai_span(text, len)));
	for (size_t at = 0; at < len;) {
		utf8proc_int32_t point = 0;
		utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
							 (utf8proc_ssize_t)(len - at), &point);

		MUST(step > 0 && harmless(point));
		lines += point == '\n';
		at += (size_t)step;
	}
	MUST(lines == ROWS + (table ? 1 : 0));
}

static void check_json(const char *text, size_t len)
{
	json_t *back = json_loadb(text, len, 0, NULL);

	MUST(back != NULL && json_array_size(json_object_get(back, "rows")) == ROWS);
	json_decref(back);
}

/* Its signature is the fuzzers'. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	MUST(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[ARENA_LEN];
	static struct kai_cli cli;
	static const struct kai_renderer *const renderers[] = {&kai_render_table, &kai_render_lines,
							       &kai_render_json};
	char *shown = NULL;
	size_t shown_len = 0;

	if (len < 1 || len > MAX_LEN)
		return 0;
	memset(&cli, 0, sizeof(cli));
	cli.arena = (struct kai_arena){.at = memory, .cap = sizeof(memory)};
	cli.renderer = renderers[data[0] % 3];
	cli.lang = (data[0] & 4) != 0 ? KAI_LANG_JA : KAI_LANG_EN;
	cli.out = cli.err = open_memstream(&shown, &shown_len);
	MUST(cli.out != NULL);
	kai_view_show(&cli, &view,
		      json_pack("{s:o}", "rows", rows_of(kai_span(data + 1, len - 1))));
	MUST(fclose(cli.out) == 0);
	if (cli.renderer == &kai_render_json)
		check_json(shown, shown_len);
	else
		check_shown(shown, shown_len, cli.renderer == &kai_render_table);
	free(shown);
	return 0;
}
