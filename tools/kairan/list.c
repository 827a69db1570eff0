/* SPDX-License-Identifier: Apache-2.0 */
/* list, search, thread: many items in short transactions, newest first. */
#include <stdlib.h>
#include <string.h>

#include "item.h"
#include "verbs.h"
#include "view.h"

#define LIMIT_DEFAULT 100
#define PAGE 256 /* candidates looked at in one transaction */

const struct kai_opt kai_list_opts[] = {
	{"kind", "K", false, N_("this kind only")},
	{"sector", "S", false, N_("one of its sectors is this")},
	{"origin", "O", false, N_("issued by this organisation")},
	{"tlp", "T", false, N_("this TLP only")},
	{"since", "T|DURATION", false, N_("received since")},
	{"until", "T|DURATION", false, N_("received until")},
	{"thread", "ID", false, N_("of this item's thread")},
	{"text", "WORDS", false, N_("with all these words in title, text or fields")},
	{"unacked", NULL, false, N_("still in force, and nobody here has acknowledged it")},
	{"limit", "N", false, N_("at most so many (default 100)")},
	{"after", "CURSOR", false, N_("go on where the last answer's `next` says")},
	{NULL, NULL, false, NULL},
};

struct page {
	struct kai_filter filter;
	uint64_t from; /* arrival to begin with, 0: the newest */
	uint64_t next; /* where to go on; 0: nothing is left */
	uint64_t limit;
};

static void scan_start(struct kai_index_scan *scan, struct kai_txn *txn, const struct page *page)
{
	const struct kai_filter *filter = &page->filter;

	if (filter->has_origin)
		kai_index_origin(scan, txn, filter->origin, page->from, true);
	else if (filter->sector != NULL)
		kai_index_sector(scan, txn, kai_span_str(filter->sector), page->from, true);
	else if (filter->kind != 0)
		kai_index_kind(scan, txn, filter->kind, page->from, true);
	else
		kai_index_all(scan, txn, page->from, true);
}

/* One transaction's worth of candidates; page->from moves on, 0 when the index ends. */
static void scan_page(struct kai_cli *cli, struct kai_txn *txn, struct page *page, json_t *rows)
{
	struct kai_index_scan scan;
	uint64_t arrival;
	uint64_t seen = 0;

	if (page->filter.has_thread)
		kai_index_thread(&scan, txn, page->filter.thread, true);
	else
		scan_start(&scan, txn, page);
	while (kai_index_next(&scan, &arrival)) {
		size_t used = cli->arena.used;
		struct kai_loaded *item;

		if (page->filter.has_thread && page->from != 0 && arrival > page->from)
			continue;
		if (json_array_size(rows) >= page->limit || seen++ >= PAGE) {
			page->from = arrival;
			return;
		}
		item = kai_cli_take(cli, sizeof(*item));
		/* Opened only when everything that needs no opening fits. */
		const char *text = page->filter.text;

		page->filter.text = NULL;
		bool fits = kai_item_load(cli, txn, arrival, false, item) &&
			    kai_filter_fits(cli, &page->filter, item) &&
			    (!page->filter.unacked || kai_item_unacked(cli, txn, item));
		page->filter.text = text;
		if (fits && kai_item_load(cli, txn, arrival, true, item) &&
		    kai_filter_fits(cli, &page->filter, item))
			(void)json_array_append_new(rows, kai_item_json(cli, txn, item));
		cli->arena.used = used;
	}
	page->from = 0;
}

static int collect(struct kai_cli *cli, struct page *page, json_t *rows)
{
	do {
		struct kai_txn *txn = kai_cli_txn(cli);

		if (txn == NULL)
			return KAI_EXIT_REFUSED;
		scan_page(cli, txn, page, rows);
		enum kai_err err = kai_txn_error(txn);

		kai_txn_abort(txn);
		if (err != KAI_ERR_OK)
			return kai_cli_fail(cli, KAI_EXIT_REFUSED,
					    T("the store: %s (run `kairan check`)"),
					    kai_err_text(err));
	} while (page->from != 0 && json_array_size(rows) < page->limit);
	page->next = page->from;
	return 0;
}

static int prepare(struct kai_cli *cli, struct page *page)
{
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_filter_read(cli, txn, &page->filter);
	kai_txn_abort(txn);
	return exit;
}

/* Cells of the first line of an item; its title has the second for itself. */
static const struct kai_col row_cols[] = {
	{"id", N_("id"), KAI_COL_ID},
	{"received_at", N_("received here"), KAI_COL_TIME},
	{"tlp", N_("TLP"), KAI_COL_TEXT},
	{"kind", N_("kind"), KAI_COL_WORD},
	{"urgency", N_("urgency"), KAI_COL_WORD},
	{"origin_name", N_("origin"), KAI_COL_TEXT},
};
#define ROW_COLS (sizeof(row_cols) / sizeof(*row_cols))

static void print_cell(struct kai_cli *cli, const char *text, size_t width, bool last)
{
	size_t takes = kai_view_width(text);

	(void)fprintf(cli->out, "%s%*s", text, last || takes >= width ? 0 : (int)(width - takes),
		      "");
	(void)fprintf(cli->out, "%s", last ? "\n" : "  ");
}

static char *row_cell(struct kai_cli *cli, size_t c, const json_t *row)
{
	if (row == NULL)
		return kai_view_head(cli, &row_cols[c]);
	return c + 1 == ROW_COLS ? kai_item_origin(cli, row)
				 : kai_view_table_cell(cli, &row_cols[c], row);
}

static void print_title(struct kai_cli *cli, const json_t *row)
{
	const char *state = json_string_value(json_object_get(row, "state"));
	const char *title = json_string_value(json_object_get(row, "title"));
	bool plain = state == NULL || strcmp(state, "current") == 0;

	(void)fprintf(cli->out, "    %s%s%s%s\n", plain ? "" : "** ", plain ? "" : T(state),
		      plain ? "" : ": ",
		      title != NULL ? kai_view_safe(cli, title, false)
				    : T("withheld from this organisation"));
}

static void show_list(struct kai_cli *cli, json_t *top)
{
	const json_t *rows = json_object_get(top, "advisories");
	size_t widths[ROW_COLS];
	size_t i;
	json_t *row;

	if (json_array_size(rows) == 0) {
		(void)fprintf(cli->err, "%s\n", T("Nothing."));
		return;
	}
	for (size_t c = 0; c < ROW_COLS; c++) {
		widths[c] = kai_view_width(row_cell(cli, c, NULL));
		json_array_foreach (rows, i, row) {
			size_t width = kai_view_width(row_cell(cli, c, row));

			widths[c] = width > widths[c] ? width : widths[c];
		}
	}
	for (size_t c = 0; c < ROW_COLS; c++)
		print_cell(cli, row_cell(cli, c, NULL), widths[c], c + 1 == ROW_COLS);
	json_array_foreach (rows, i, row) {
		for (size_t c = 0; c < ROW_COLS; c++)
			print_cell(cli, row_cell(cli, c, row), widths[c], c + 1 == ROW_COLS);
		print_title(cli, row);
	}
}

static void show_rows(struct kai_cli *cli, const struct page *page, json_t *rows)
{
	const struct kai_view view = {.list = "advisories",
				      .cols = kai_item_cols,
				      .col_count = kai_item_col_count,
				      .human = show_list};
	json_t *next =
		page->next != 0
			? json_string(kai_cli_text(cli, "%llu", (unsigned long long)page->next))
			: json_null();

	kai_view_show(cli, &view, json_pack("{s:o, s:o}", "advisories", rows, "next", next));
	if (page->next != 0 && cli->renderer == &kai_render_table)
		(void)fprintf(cli->err, T("There is more: --after %llu\n"),
			      (unsigned long long)page->next);
}

/* An empty list is an answer; a search that finds nothing says so by its exit. */
static int run(struct kai_cli *cli, struct page *page, int when_empty)
{
	json_t *rows = json_array();
	int exit = collect(cli, page, rows);

	if (exit != 0) {
		json_decref(rows);
		return exit;
	}
	exit = json_array_size(rows) > 0 ? KAI_EXIT_DONE : when_empty;
	show_rows(cli, page, rows);
	return exit;
}

int kai_verb_list(struct kai_cli *cli)
{
	struct page page = {.from = 0};
	int exit = prepare(cli, &page);

	if (exit == 0)
		exit = kai_cli_number(cli, "limit", LIMIT_DEFAULT, &page.limit);
	if (exit == 0)
		exit = kai_cli_number(cli, "after", 0, &page.from);
	return exit != 0 ? exit : run(cli, &page, KAI_EXIT_DONE);
}

int kai_verb_search(struct kai_cli *cli)
{
	struct page page = {.from = 0};
	int exit = prepare(cli, &page);

	if (exit == 0)
		exit = kai_cli_number(cli, "limit", LIMIT_DEFAULT, &page.limit);
	if (exit == 0)
		exit = kai_cli_number(cli, "after", 0, &page.from);
	if (exit != 0)
		return exit;
	char *words = kai_cli_text(cli, "%s", "");

	for (int i = 0; i < cli->arg_count; i++)
		words = kai_cli_text(cli, "%s%s%s", words, i > 0 ? " " : "", cli->args[i]);
	page.filter.text = words;
	return run(cli, &page, KAI_EXIT_NOTHING);
}

int kai_verb_thread(struct kai_cli *cli)
{
	struct page page = {.limit = UINT16_MAX};
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival;
	int exit = prepare(cli, &page);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_item_find(cli, txn, cli->args[0], id, &arrival);
	if (exit == 0 && kai_item_load(cli, txn, arrival, false, item)) {
		page.filter.has_thread = true;
		memcpy(page.filter.thread, kai_item_thread(item), KAI_ID_LEN);
	}
	kai_txn_abort(txn);
	return exit != 0 ? exit : run(cli, &page, KAI_EXIT_NOTHING);
}
