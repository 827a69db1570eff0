/* SPDX-License-Identifier: Apache-2.0 */
/* ack, attest: people's word. who-knows: who has an item, and how far each is. */
#include <string.h>

#include "agree.h"
#include "item.h"
#include "kairan/receipt.h"
#include "verbs.h"

const struct kai_opt kai_ack_opts[] = {
	{"level", "seen|received|action", false, N_("how far we are")},
	{"action", "A", false, N_("not-affected, checking, affected or mitigated")},
	{"note", "T", false, N_("a sentence that goes along")},
	{"role", "R", false, N_("who says so (default duty)")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_attest_opts[] = {
	{"org", "X", false, N_("who confirmed")},
	{"note", "T", false, N_("who it was, by which number, what was said")},
	{NULL, NULL, false, NULL},
};

/* ---- ack ---- */

static int read_level(struct kai_cli *cli, struct kai_ctl_ack *request)
{
	const char *action = kai_opt_value(cli, "action");
	const char *level = kai_opt_value(cli, "level");

	if (level == NULL && action != NULL)
		level = "action";
	request->level = level != NULL ? kai_level_named(kai_span_str(level)) : 0;
	if (!kai_level_of_person(request->level))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("ack: --level is seen, received or action"));
	request->action = action != NULL ? kai_action_named(kai_span_str(action)) : 0;
	if ((request->level == KAI_LEVEL_ACTION) != (request->action != 0) ||
	    (action != NULL && request->action == 0))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("ack: --level action, and only that, wants --action "
				      "not-affected, checking, affected or mitigated"));
	return 0;
}

static struct kai_span text_of(const struct kai_cli *cli, const char *name)
{
	const char *text = kai_opt_value(cli, name);

	return kai_span_str(text != NULL ? text : "");
}

/* The item that an argument names; exit code. */
static int find_item(struct kai_cli *cli, uint8_t ret[KAI_ID_LEN])
{
	uint64_t arrival;
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_item_find(cli, txn, cli->args[0], ret, &arrival);
	kai_txn_abort(txn);
	return exit;
}

/* What the node answered: id, and what it is now. */
static int show_done(struct kai_cli *cli, const struct kai_ctl_answer *answer,
		     const uint8_t id[KAI_ID_LEN], const char *word)
{
	static const struct kai_col cols[] = {{"id", N_("id"), KAI_COL_ID},
					      {"state", N_("state"), KAI_COL_WORD}};
	static const struct kai_view view = {.cols = cols, .col_count = 2};

	if (answer->exit != 0)
		return kai_node_refused(cli, answer);
	kai_view_show(cli, &view, json_pack("{s:o, s:s}", "id", kai_json_id(id), "state", word));
	return KAI_EXIT_DONE;
}

int kai_verb_ack(struct kai_cli *cli)
{
	struct kai_ctl_ack request = {.version = KAI_VERSION,
				      .type = KAI_CONTROL_ACK,
				      .role = text_of(cli, "role"),
				      .note = text_of(cli, "note")};
	struct kai_ctl_answer answer;
	int exit = read_level(cli, &request);

	if (exit == 0)
		exit = find_item(cli, request.id);
	if (exit == 0)
		exit = kai_node_ask(cli, &kai_object_ctl_ack, &request, false, &answer);
	if (exit != 0)
		return exit;
	return show_done(cli, &answer, request.id,
			 request.action != 0 ? kai_action_word(request.action)
					     : kai_level_word(request.level));
}

int kai_verb_attest(struct kai_cli *cli)
{
	const char *org = kai_opt_value(cli, "org");
	struct kai_ctl_attest request = {
		.version = KAI_VERSION, .type = KAI_CONTROL_ATTEST, .note = text_of(cli, "note")};
	struct kai_ctl_answer answer;

	if (org == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("attest: --org says who confirmed by telephone"));
	int exit = find_item(cli, request.id);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_org_find(cli, txn, org, request.org);
	kai_txn_abort(txn);
	if (exit == 0)
		exit = kai_node_ask(cli, &kai_object_ctl_attest, &request, false, &answer);
	return exit != 0 ? exit : show_done(cli, &answer, request.id, "attested");
}

/* ---- who-knows ---- */

struct knows {
	const struct kai_loaded *item;
	const struct kai_state *state; /* NULL: the node is down */
	json_t *rows;
};

static bool link_up(const struct knows *knows, const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; knows->state != NULL && i < knows->state->peers_count; i++)
		if (kai_id_equal(knows->state->peers[i].org, org))
			return knows->state->peers[i].up;
	return false;
}

static bool permitted(const struct knows *knows, const struct kai_pair *pair)
{
	struct kai_facts facts;

	kai_facts_init(&facts, pair, &knows->item->facts, true, kai_cli_now());
	return kai_policy_decide(&facts).allow;
}

/* NULL: it neither went there nor will. */
static const char *delivery_of(struct kai_cli *cli, struct kai_txn *txn, const struct knows *knows,
			       const struct kai_pair *pair, uint64_t *ret_at)
{
	static const char *const states[] = {"?",	"sent",	   "stored",
					     "refused", "offered", "deferred"};
	struct kai_key key = kai_key_pair(knows->item->facts.arrival, pair->peer);
	struct kai_released released;
	struct kai_supply supply;

	*ret_at = 0;
	if (kai_id_equal(pair->org, knows->item->facts.header.origin))
		return "origin";
	if (kai_rec_get(txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, &cli->arena, &supply)) {
		*ret_at = supply.at;
		return "brought it";
	}
	if (kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &cli->arena,
			&released)) {
		*ret_at = released.at;
		return released.state < 6 ? states[released.state] : "?";
	}
	if (!permitted(knows, pair))
		return NULL;
	return link_up(knows, pair->org) ? "queued" : "link-down";
}

static void add_pair(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
		     void *context)
{
	struct knows *knows = context;
	uint64_t at;
	const char *delivery = delivery_of(cli, txn, knows, pair, &at);

	json_t *row = json_pack("{s:o, s:s, s:s, s:o}", "org", kai_json_id(pair->org), "name",
				kai_org_name(cli, txn, pair->org), "delivery",
				delivery != NULL ? delivery : "not-sent", "delivery_at",
				kai_json_time(at));

	kai_receipt_json(cli, txn, knows->item->facts.arrival, pair->peer, row);
	if (delivery == NULL && json_is_null(json_object_get(row, "level")) &&
	    json_is_null(json_object_get(row, "attested_at")))
		json_decref(row);
	else
		(void)json_array_append_new(knows->rows, row);
}

static const struct kai_col knows_cols[] = {
	{"name", N_("partner"), KAI_COL_TEXT},	{"delivery", N_("delivery"), KAI_COL_WORD},
	{"level", N_("reached"), KAI_COL_WORD}, {"at", N_("at"), KAI_COL_TIME},
	{"action", N_("action"), KAI_COL_WORD}, {"attested_at", N_("by telephone"), KAI_COL_TIME},
	{"role", N_("role"), KAI_COL_DETAIL},	{"note", N_("note"), KAI_COL_DETAIL},
	{"org", N_("org"), KAI_COL_DETAIL},
};

/* The table, and under it what does not fit in its cells: notes, and counts of those behind. */
static void show_knows(struct kai_cli *cli, json_t *top)
{
	static const struct kai_view table = {
		.list = "knows", .cols = knows_cols, .col_count = 9, .empty = N_("No partners.")};
	json_t *rows = json_object_get(top, "knows");
	size_t i;
	json_t *row;

	kai_render_table.show(cli, &table, top);
	json_array_foreach (rows, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *note = json_string_value(json_object_get(row, "note"));
		const char *said = json_string_value(json_object_get(row, "attested"));
		const char *safe = kai_view_safe(cli, name, false);

		if (json_is_object(json_object_get(row, "forwarded")))
			(void)fprintf(cli->out, T("%s passed it on: %s\n"), safe,
				      kai_forwarded_text(cli, row));
		if (note != NULL)
			(void)fprintf(cli->out, "%s: %s\n", safe, kai_view_safe(cli, note, false));
		if (said != NULL && said[0] != '\0')
			(void)fprintf(cli->out, T("%s, by telephone: %s\n"), safe,
				      kai_view_safe(cli, said, false));
	}
}

static const struct kai_view knows_view = {.list = "knows",
					   .cols = knows_cols,
					   .col_count = 9,
					   .empty = N_("No partners."),
					   .human = show_knows};

int kai_verb_who_knows(struct kai_cli *cli)
{
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	struct knows knows = {.item = item};
	struct kai_state state;
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival;
	int exit = kai_cli_open(cli);

	if (exit != 0)
		return exit;
	knows.state = kai_node_state(cli, &state) ? &state : NULL;
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	exit = kai_item_find(cli, txn, cli->args[0], id, &arrival);
	if (exit == 0 && !kai_item_load(cli, txn, arrival, false, item))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: damaged (run `kairan check`)"),
				    cli->args[0]);
	if (exit == 0) {
		json_t *own = json_object();

		knows.rows = json_array();
		kai_agree_each(cli, txn, add_pair, &knows);
		kai_receipt_json(cli, txn, arrival, 0, own);
		kai_txn_abort(txn);
		kai_view_show(cli, &knows_view,
			      json_pack("{s:o, s:o, s:o}", "id", kai_json_id(id), "own", own,
					"knows", knows.rows));
		return KAI_EXIT_DONE;
	}
	kai_txn_abort(txn);
	return exit;
}
