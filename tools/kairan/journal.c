/* SPDX-License-Identifier: Apache-2.0 */
/* journal list: what this node did, newest first, in words. Works while the node is down. */
#include "journal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "verbs.h"
#include "view.h"

#define LIMIT_DEFAULT 100
#define ID_MIN 8

const struct kai_opt kai_journal_list_opts[] = {
	{"since", "T|DURATION", false, N_("written since")},
	{"until", "T|DURATION", false, N_("written until")},
	{"event", "E", false, N_("this event only, as item-stored")},
	{"org", "O", false, N_("with this organisation only")},
	{"id", "ID", false, N_("about what begins so: an advisory, a card, an agreement")},
	{"limit", "N", false, N_("at most so many (default 100)")},
	{"after", "CURSOR", false, N_("go on where the last answer's `next` says")},
	{NULL, NULL, false, NULL},
};

struct page {
	int64_t since_ms;
	int64_t until_ms;
	const char *event;
	bool has_org;
	uint8_t org[KAI_ID_LEN];
	const char *id; /* beginning of its text */
	uint64_t limit;
	uint64_t from; /* entry to begin with, 0: the newest */
	uint64_t next; /* where to go on; 0: nothing is left */
};

static int read_id(struct kai_cli *cli, struct page *page)
{
	const char *given = kai_opt_value(cli, "id");

	if (given == NULL)
		return 0;
	char *id = kai_cli_text(cli, "%s", given);

	for (char *at = id; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyz234567");

	if (len < ID_MIN || len >= KAI_ID_TEXT || id[len] != '\0')
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: not an id (8 characters or more, a to z and 2 to 7)"),
				    given);
	page->id = id;
	return 0;
}

static int read_times(struct kai_cli *cli, struct page *page)
{
	const char *since = kai_opt_value(cli, "since");
	const char *until = kai_opt_value(cli, "until");
	struct kai_wall at;
	int exit = 0;

	page->until_ms = INT64_MAX;
	if (since != NULL && (exit = kai_cli_time(cli, "since", since, true, &at)) == 0)
		page->since_ms = at.ms;
	if (exit == 0 && until != NULL &&
	    (exit = kai_cli_time(cli, "until", until, true, &at)) == 0)
		page->until_ms = at.ms;
	return exit;
}

static int read_options(struct kai_cli *cli, struct page *page)
{
	const char *org = kai_opt_value(cli, "org");
	int exit = read_times(cli, page);

	page->event = kai_opt_value(cli, "event");
	if (exit == 0)
		exit = read_id(cli, page);
	if (exit == 0)
		exit = kai_cli_number(cli, "limit", LIMIT_DEFAULT, &page->limit);
	if (exit == 0)
		exit = kai_cli_number(cli, "after", 0, &page->from);
	if (exit != 0 || org == NULL)
		return exit;
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	exit = kai_org_find(cli, txn, org, page->org);
	page->has_org = exit == 0;
	kai_txn_abort(txn);
	return exit;
}

static bool fits(const struct page *page, const struct kai_journal *entry)
{
	char id[KAI_ID_TEXT] = "";

	if (entry->id.is)
		kai_id_text(entry->id.id, id);
	return (int64_t)entry->at >= page->since_ms && (int64_t)entry->at < page->until_ms &&
	       (page->event == NULL || kai_span_equal(entry->event, kai_span_str(page->event))) &&
	       (!page->has_org || (entry->org.is && kai_id_equal(entry->org.id, page->org))) &&
	       (page->id == NULL || strncmp(id, page->id, strlen(page->id)) == 0);
}

static json_t *row_of(struct kai_cli *cli, struct kai_txn *txn, uint64_t number,
		      const struct kai_journal *entry)
{
	json_t *row = kai_journal_json(number, entry);

	(void)json_object_set_new(row, "name",
				  entry->org.is ? json_string(kai_org_name(cli, txn, entry->org.id))
						: json_null());
	(void)json_object_set_new(row, "words", json_string(kai_journal_words(cli, entry)));
	return row;
}

/* Some entries in one transaction; page->from moves on, 0 at the beginning of the journal. */
static void scan_page(struct kai_cli *cli, struct kai_txn *txn, struct page *page, json_t *rows)
{
	struct kai_key from = page->from > 0 ? kai_key_u64(page->from) : (struct kai_key){.len = 0};
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;
	unsigned seen = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_key_span(&from), true);
	while (kai_scan_next(&scan, &key, &value)) {
		size_t used = cli->arena.used;
		struct kai_journal entry;

		if (key.len != 8 || kai_object_decode(&kai_object_journal, value, &cli->arena,
						      &entry) != KAI_FAULT_NONE) {
			kai_txn_fail(txn, KAI_ERR_CORRUPT);
			return;
		}
		page->from = kai_get_be64(key.at);
		if (seen++ == KAI_JOURNAL_PAGE || json_array_size(rows) == page->limit)
			return;
		if (fits(page, &entry))
			(void)json_array_append_new(rows, row_of(cli, txn, page->from, &entry));
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
		if (err == KAI_ERR_CORRUPT)
			return kai_cli_fail(cli, KAI_EXIT_REFUSED,
					    T("the journal: an entry cannot be read (run `kairan "
					      "journal verify`)"));
		if (err != KAI_ERR_OK)
			return kai_cli_fail(cli, KAI_EXIT_REFUSED,
					    T("the store: %s (run `kairan check`)"),
					    kai_err_text(err));
	} while (page->from != 0 && json_array_size(rows) < page->limit);
	page->next = page->from;
	return 0;
}

static const struct kai_col list_cols[] = {
	{"number", N_("no."), KAI_COL_NUMBER},	      {"at", N_("at"), KAI_COL_TIME},
	{"event", N_("event"), KAI_COL_DETAIL},	      {"org", N_("org"), KAI_COL_DETAIL},
	{"name", N_("with"), KAI_COL_TEXT},	      {"id", N_("id"), KAI_COL_ID},
	{"rule", N_("rule"), KAI_COL_DETAIL},	      {"count", N_("times"), KAI_COL_DETAIL},
	{"words", N_("what happened"), KAI_COL_TEXT},
};
static const struct kai_view list_view = {.list = "entries",
					  .cols = list_cols,
					  .col_count = sizeof(list_cols) / sizeof(*list_cols),
					  .empty = N_("Nothing.")};

int kai_verb_journal_list(struct kai_cli *cli)
{
	struct page page = {.from = 0};
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = read_options(cli, &page);
	if (exit != 0)
		return exit;
	json_t *rows = json_array();

	exit = collect(cli, &page, rows);
	if (exit != 0) {
		json_decref(rows);
		return exit;
	}
	json_t *next =
		page.next != 0
			? json_string(kai_cli_text(cli, "%llu", (unsigned long long)page.next))
			: json_null();

	kai_view_show(cli, &list_view, json_pack("{s:o, s:o}", "entries", rows, "next", next));
	if (page.next != 0 && cli->renderer == &kai_render_table)
		(void)fprintf(cli->err, T("There is more: --after %llu\n"),
			      (unsigned long long)page.next);
	return KAI_EXIT_DONE;
}
