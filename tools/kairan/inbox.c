/* SPDX-License-Identifier: Apache-2.0 */
/* inbox: what waits for a person here, what is to be done first on top. */
#include "inbox.h"

#include <stdlib.h>
#include <string.h>

#include "agree.h"
#include "verbs.h"

/* ---- order ---- */

/* Drills stand behind all that is live. */
static int rank(const json_t *row)
{
	int drill = kai_row_is(row, "realm", "live") ? 0 : 10;
	bool ours = !kai_row_is(row, "do", "await") && !kai_row_is(row, "do_state", "blocked");

	if (!ours)
		return drill + (kai_row_is(row, "do", "await") ? 4 : 5);
	if (kai_row_is(row, "urgency", "now") && !kai_row_is(row, "do_state", "open"))
		return drill;
	if (kai_row_is(row, "do_state", "overdue"))
		return drill + 1;
	return drill + (kai_row_is(row, "do_state", "due") ? 2 : 3);
}

int kai_inbox_compare(const json_t *left, const json_t *right)
{
	int by = rank(left) - rank(right);

	if (by == 0)
		by = strcmp(kai_row_str(left, "by"), kai_row_str(right, "by"));
	if (by == 0) /* the newest first */
		by = strcmp(kai_row_str(right, "received_at"), kai_row_str(left, "received_at"));
	return by != 0 ? by : strcmp(kai_row_str(left, "id"), kai_row_str(right, "id"));
}

static int compare(const void *a, const void *b)
{
	return kai_inbox_compare(*(json_t *const *)a, *(json_t *const *)b);
}

/* ---- reading ---- */

struct peers {
	const struct kai_state *state;
	json_t *rows;
};

static void add_peer(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
		     void *context)
{
	struct peers *peers = context;
	const struct kai_peer_state *live = NULL;
	struct kai_peer record;

	if (pair->state != KAI_STATE_ACTIVE)
		return;
	for (size_t i = 0; peers->state != NULL && i < peers->state->peers_count; i++)
		if (kai_id_equal(peers->state->peers[i].org, pair->org))
			live = &peers->state->peers[i];
	uint64_t heard = live != NULL ? live->heard_at : 0;

	if (heard == 0 && kai_rec_peer(txn, pair->org, &cli->arena, &record))
		heard = record.heard_at;
	(void)json_array_append_new(
		peers->rows, json_pack("{s:o, s:s, s:s, s:o, s:I}", "org", kai_json_id(pair->org),
				       "name", kai_org_name(cli, txn, pair->org), "link",
				       live == NULL && peers->state == NULL ? "unknown"
				       : live != NULL && live->up	    ? "up"
									    : "down",
				       "last_heard", kai_json_time(heard), "duties",
				       (json_int_t)pair->agreement.terms.duties_count));
}

/* A transaction an item: what goes or comes meanwhile is seen next time. */
static int load_items(struct kai_cli *cli, const struct kai_state *state, json_t *items)
{
	uint64_t *arrivals = NULL;
	size_t count = 0;
	int exit = kai_inbox_find(cli, &arrivals, &count);

	for (size_t i = 0; exit == 0 && i < count; i++) {
		size_t used = cli->arena.used;
		struct kai_txn *txn = kai_cli_txn(cli);

		if (txn == NULL)
			return KAI_EXIT_REFUSED;
		json_t *row = kai_inbox_item(cli, txn, arrivals[i], state);

		kai_txn_abort(txn);
		if (row != NULL)
			(void)json_array_append_new(items, row);
		cli->arena.used = used;
	}
	return exit;
}

json_t *kai_inbox_sorted(struct kai_cli *cli, json_t *rows,
			 int (*compare_rows)(const void *a, const void *b))
{
	size_t count = json_array_size(rows);
	json_t **list = kai_cli_take(cli, (count + 1) * sizeof(json_t *));
	json_t *ret = json_array();

	for (size_t i = 0; i < count; i++)
		list[i] = json_array_get(rows, i);
	qsort(list, count, sizeof(json_t *), compare_rows);
	for (size_t i = 0; i < count; i++)
		(void)json_array_append(ret, list[i]);
	json_decref(rows);
	return ret;
}

int kai_inbox_load(struct kai_cli *cli, json_t **ret)
{
	struct kai_state *state = kai_cli_take(cli, sizeof(*state));
	struct peers peers = {.state = kai_node_state(cli, state) ? state : NULL,
			      .rows = json_array()};
	json_t *items = json_array();
	int exit = load_items(cli, peers.state, items);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL) {
		json_decref(items);
		json_decref(peers.rows);
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	}
	kai_agree_each(cli, txn, add_peer, &peers);
	*ret = json_pack("{s:s, s:s, s:o, s:o}", "node", peers.state != NULL ? "up" : "down",
			 "name", kai_org_name(cli, txn, cli->org), "items",
			 kai_inbox_sorted(cli, items, compare), "peers", peers.rows);
	kai_txn_abort(txn);
	return 0;
}

/* ---- the verb ---- */

static const struct kai_col inbox_cols[] = {
	{"realm", N_("realm"), KAI_COL_TEXT},
	{"do", N_("to do"), KAI_COL_TEXT},
	{"do_state", N_("state"), KAI_COL_TEXT},
	{"by", N_("by"), KAI_COL_UNTIL},
	{"kind", N_("kind"), KAI_COL_WORD},
	{"urgency", N_("urgency"), KAI_COL_WORD},
	{"tlp", N_("TLP"), KAI_COL_TEXT},
	{"id", N_("id"), KAI_COL_ID},
	{"origin_name", N_("origin"), KAI_COL_TEXT},
	{"concerns_us", N_("concerns us"), KAI_COL_LIST},
	{"may_tell", N_("may be told"), KAI_COL_LIST},
	{"changed", N_("changed"), KAI_COL_LIST},
	{"title", N_("title"), KAI_COL_TEXT},
};

static void show_inbox(struct kai_cli *cli, json_t *top)
{
	struct kai_lines lines = {.count = 0};
	const json_t *items = json_object_get(top, "items");
	size_t i;
	json_t *row;

	if (kai_row_is(top, "node", "down"))
		kai_lines_wrap(cli, &lines,
			       T("The node is not running: nothing comes in, nothing goes out."),
			       KAI_LINES_WIDTH, 0);
	if (json_array_size(items) == 0)
		kai_lines_wrap(cli, &lines, T("Nothing waits for anybody here."), KAI_LINES_WIDTH,
			       0);
	json_array_foreach (items, i, row) {
		kai_inbox_lines(cli, row, KAI_LINES_WIDTH, &lines);
		kai_lines_add(cli, &lines, kai_cli_text(cli, "%s", ""));
	}
	kai_inbox_silence(cli, top, KAI_LINES_WIDTH, &lines);
	for (size_t k = 0; k < lines.count; k++)
		(void)fprintf(cli->out, "%s\n", lines.at[k]);
}

static const struct kai_view inbox_view = {.list = "items",
					   .cols = inbox_cols,
					   .col_count = sizeof(inbox_cols) / sizeof(*inbox_cols),
					   .human = show_inbox};

int kai_verb_inbox(struct kai_cli *cli)
{
	json_t *top = NULL;
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_keys(cli);
	if (exit == 0)
		exit = kai_inbox_load(cli, &top);
	if (exit == 0)
		kai_view_show(cli, &inbox_view, top);
	return exit;
}
