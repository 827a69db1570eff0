/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export bundle, import bundle: what the node would push, in files, for a partner that no link reaches;
 * and what such a file brings, answered by a file back. The node writes and judges; this carries bytes.
 */
#include <string.h>

#include "kairan/bundle.h"
#include "verbs.h"
#include "view.h"

#define MAX_TEXT (kai_armour_len((size_t)(KAI_MAX_BUNDLE) + 256) + 65536) /* some text around it */

const struct kai_opt kai_export_bundle_opts[] = {
	{"to", "ORG", false, N_("whom it is for (needed)")},
	{"o", "FILE", false, N_("write here; where one is not enough, FILE-2, FILE-3 … too")},
	{"since", "T|DURATION", false, N_("only what came here since then")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_import_bundle_opts[] = {
	{"o", "ANSWER", false, N_("write the answer for its writer here")},
	{NULL, NULL, false, NULL},
};

/* ---- what both share */

static int bundle_open(struct kai_cli *cli, const char *path, struct kai_span bytes,
		       struct kai_bundle_opened *ret)
{
	enum kai_fault fault = kai_bundle_open(bytes, &cli->arena, ret);

	if (fault == KAI_FAULT_NONE)
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s: %s", path,
			    kai_rule_sentence(cli, kai_fault_name(fault)));
}

static char *armoured(struct kai_cli *cli, struct kai_span bytes)
{
	size_t cap = kai_armour_len(bytes.len);
	char *text = kai_cli_take(cli, cap);

	kai_armour(KAI_BUNDLE_ARMOUR, bytes, text, cap);
	return text;
}

static const char *name_of(struct kai_cli *cli, const uint8_t org[KAI_ID_LEN])
{
	struct kai_txn *txn = kai_cli_txn(cli);
	const char *name = txn != NULL ? kai_org_name(cli, txn, org) : kai_cli_id(cli, org);

	kai_txn_abort(txn);
	return name;
}

/* ---- export */

struct exporting {
	struct kai_ctl_bundle_write request;
	unsigned files;
	json_t *bundles;
};

static const struct kai_col export_cols[] = {
	{"file", N_("file"), KAI_COL_TEXT},	     {"number", N_("number"), KAI_COL_NUMBER},
	{"items", N_("advisories"), KAI_COL_NUMBER}, {"receipts", N_("receipts"), KAI_COL_NUMBER},
	{"bytes", N_("bytes"), KAI_COL_NUMBER},
};
static const struct kai_view export_view = {.list = "bundles", .cols = export_cols, .col_count = 5};

/* out.kbundle, out-2.kbundle, … */
static char *file_name(struct kai_cli *cli, const char *path, unsigned nth)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash != NULL ? slash : path, '.');
	int stem = dot != NULL ? (int)(dot - path) : (int)strlen(path);

	if (nth == 1)
		return kai_cli_text(cli, "%s", path);
	return kai_cli_text(cli, "%.*s-%u%s", stem, path, nth, dot != NULL ? dot : "");
}

static int write_one(struct kai_cli *cli, struct exporting *exporting, struct kai_span bytes)
{
	const char *path = kai_opt_value(cli, "o");
	struct kai_bundle_opened opened;
	int exit = bundle_open(cli, cli->verb->name, bytes, &opened);

	exporting->files++;
	if (exit == 0 && path != NULL)
		path = file_name(cli, path, exporting->files);
	if (exit == 0)
		exit = kai_cli_write(cli, path, kai_span_str(armoured(cli, bytes)), 0600);
	if (exit != 0)
		return exit;
	json_array_append_new(exporting->bundles,
			      json_pack("{s:s, s:I, s:I, s:I, s:I}", "file",
					path != NULL ? path : "-", "number",
					(json_int_t)opened.bundle.number, "items",
					(json_int_t)opened.bundle.advisories_count, "receipts",
					(json_int_t)opened.bundle.receipts_count, "bytes",
					(json_int_t)bytes.len));
	return 0;
}

/* One request, one file at most; each in the same memory as the one before. */
static int export_some(struct kai_cli *cli, struct exporting *exporting, bool *ret_more)
{
	struct kai_ctl_answer answer;
	int exit = kai_node_ask(cli, &kai_object_ctl_bundle_write, &exporting->request, false,
				&answer);

	if (exit != 0)
		return exit;
	if (answer.exit != 0)
		return kai_node_refused(cli, &answer);
	*ret_more = answer.next != 0;
	exporting->request.after = answer.next;
	if (answer.body.len == 0)
		return 0;
	if (*ret_more && kai_opt_value(cli, "o") == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("export bundle: one file is not enough: give -o FILE"));
	return write_one(cli, exporting, answer.body);
}

static int export_all(struct kai_cli *cli, struct exporting *exporting)
{
	size_t mark = cli->arena.used;
	bool more = true;
	int exit = 0;

	while (exit == 0 && more) {
		exit = export_some(cli, exporting, &more);
		cli->arena.used = mark;
	}
	return exit;
}

static int read_ids(struct kai_cli *cli, struct kai_txn *txn, struct kai_ctl_bundle_write *request)
{
	int exit = 0;

	request->ids = kai_cli_take(cli, (size_t)cli->arg_count * KAI_ID_LEN);
	for (int i = 0; exit == 0 && i < cli->arg_count; i++) {
		uint64_t arrival;

		exit = kai_item_find(cli, txn, cli->args[i], request->ids[i], &arrival);
	}
	request->ids_count = (size_t)cli->arg_count;
	return exit;
}

static int read_export(struct kai_cli *cli, struct kai_ctl_bundle_write *request)
{
	const char *to = kai_opt_value(cli, "to"), *since = kai_opt_value(cli, "since");
	struct kai_wall from = {0};
	int exit = 0;

	*request = (struct kai_ctl_bundle_write){.version = KAI_VERSION,
						 .type = KAI_CONTROL_BUNDLE_WRITE};
	if (to == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("export bundle: whom is it for? (--to ORG)"));
	if (since != NULL)
		exit = kai_cli_time(cli, "since", since, true, &from);
	request->since = from.ms > 0 ? (uint64_t)from.ms : 0;
	if (exit == 0)
		exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_org_find(cli, txn, to, request->to);
	if (exit == 0)
		exit = read_ids(cli, txn, request);
	kai_txn_abort(txn);
	return exit;
}

int kai_verb_export_bundle(struct kai_cli *cli)
{
	struct exporting exporting = {.bundles = json_array()};
	int exit = read_export(cli, &exporting.request);

	if (exit == 0)
		exit = export_all(cli, &exporting);
	if (exit == 0 && exporting.files == 0)
		exit = kai_cli_fail(cli, KAI_EXIT_NOTHING,
				    T("export bundle: nothing is new for that organisation"));
	if (exit == 0 && kai_opt_value(cli, "o") != NULL)
		kai_view_show(cli, &export_view, json_pack("{s:O}", "bundles", exporting.bundles));
	json_decref(exporting.bundles);
	return exit;
}

/* ---- import */

struct importing {
	struct kai_cli *cli;
	uint8_t from[KAI_ID_LEN];
	size_t brought; /* advisories */
	size_t refused;
	json_t *bundles;
	json_t *items;
};

static void show_import(struct kai_cli *cli, json_t *top);
static const struct kai_col import_cols[] = {
	{"state", N_("state"), KAI_COL_WORD}, {"id", N_("id"), KAI_COL_ID},
	{"rule", N_("rule"), KAI_COL_TEXT},   {"text", N_("why"), KAI_COL_TEXT},
	{"file", N_("file"), KAI_COL_DETAIL},
};
static const struct kai_view import_view = {
	.list = "items", .cols = import_cols, .col_count = 5, .human = show_import};

static void show_bundle(struct kai_cli *cli, const json_t *bundle)
{
	const char *from = json_string_value(json_object_get(bundle, "from_name"));

	(void)fprintf(cli->out, T("Bundle %lld from %s: taken.\n"),
		      (long long)json_integer_value(json_object_get(bundle, "number")),
		      kai_view_safe(cli, from, false));
	if (json_integer_value(json_object_get(bundle, "receipts")) > 0)
		(void)fprintf(cli->out, T("    Receipts came; %lld advisories are there now.\n"),
			      (long long)json_integer_value(json_object_get(bundle, "settled")));
}

static void show_import(struct kai_cli *cli, json_t *top)
{
	const struct kai_col id = {"id", "", KAI_COL_ID}, state = {"state", "", KAI_COL_WORD};
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(top, "bundles"), i, row)
		show_bundle(cli, row);
	json_array_foreach (json_object_get(top, "items"), i, row) {
		const char *text = json_string_value(json_object_get(row, "text"));

		(void)fprintf(cli->out, "    %s  %s%s%s\n", kai_view_cell(cli, &id, row),
			      kai_view_cell(cli, &state, row), text[0] != '\0' ? ": " : "", text);
	}
}

static void report_item(struct importing *importing, const char *path,
			const struct kai_bundle_outcome *outcome)
{
	struct kai_cli *cli = importing->cli;
	char *rule = kai_cli_str(cli, outcome->reason);
	const char *state = !outcome->held ? "refused" : outcome->fresh ? "new" : "known";

	importing->refused += !outcome->held;
	json_array_append_new(importing->items,
			      json_pack("{s:o, s:s, s:s, s:s, s:s}", "id", kai_json_id(outcome->id),
					"state", state, "rule", rule, "text",
					rule[0] != '\0' ? kai_rule_sentence(cli, rule) : "", "file",
					path));
}

static int report(struct importing *importing, const char *path, struct kai_span body)
{
	struct kai_cli *cli = importing->cli;
	struct kai_bundle_report said;

	if (kai_object_decode(&kai_object_bundle_report, body, &cli->arena, &said) !=
	    KAI_FAULT_NONE)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("the node's answer is not readable: %s (are kairan and "
				      "kairand of one version?)"),
				    path);
	for (size_t i = 0; i < said.outcomes_count; i++)
		report_item(importing, path, &said.outcomes[i]);
	importing->brought += said.outcomes_count;
	json_array_append_new(importing->bundles,
			      json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:I}", "file", path, "from",
					kai_json_id(said.from), "from_name",
					name_of(cli, said.from), "number", (json_int_t)said.number,
					"items", (json_int_t)said.outcomes_count, "receipts",
					(json_int_t)said.receipts, "settled",
					(json_int_t)said.settled));
	return 0;
}

/* One writer's files: they are answered by one. */
static int same_writer(struct importing *importing, const char *path,
		       const struct kai_bundle *bundle)
{
	struct kai_cli *cli = importing->cli;

	if (json_array_size(importing->bundles) > 0 && !kai_id_equal(importing->from, bundle->from))
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("%s: from another organisation than the one before: import it by itself"),
			path);
	memcpy(importing->from, bundle->from, KAI_ID_LEN);
	return 0;
}

static int import_one(struct importing *importing, const char *path)
{
	struct kai_cli *cli = importing->cli;
	struct kai_ctl_bundle_take request = {.version = KAI_VERSION,
					      .type = KAI_CONTROL_BUNDLE_TAKE};
	struct kai_bundle_opened opened;
	struct kai_ctl_answer answer;
	struct kai_span text;
	int exit = kai_cli_read(cli, path, MAX_TEXT, &text);

	if (exit != 0)
		return exit;
	enum kai_fault fault = kai_armour_open(KAI_BUNDLE_ARMOUR, text, &cli->arena, &request.file);

	if (fault != KAI_FAULT_NONE || request.file.len > (size_t)(KAI_MAX_BUNDLE) + 256)
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE, T("%s: not a %s file: %s"), path, KAI_BUNDLE_ARMOUR,
			kai_fault_text(fault != KAI_FAULT_NONE ? fault : KAI_FAULT_OVERSIZE));
	exit = bundle_open(cli, path, request.file, &opened);
	if (exit == 0)
		exit = same_writer(importing, path, &opened.bundle);
	if (exit == 0)
		exit = kai_node_ask(cli, &kai_object_ctl_bundle_take, &request, false, &answer);
	if (exit != 0)
		return exit;
	if (answer.exit != 0)
		return kai_cli_fail(cli, (int)answer.exit, "%s: %s", path,
				    kai_rule_sentence(cli, kai_cli_str(cli, answer.reason)));
	return report(importing, path, answer.body);
}

/* The bundle back: receipts for what came. *ret NULL: there is nothing to say, or it could not be written. */
static int write_answer(struct importing *importing, char **ret)
{
	struct kai_cli *cli = importing->cli;
	struct kai_ctl_bundle_write request = {
		.version = KAI_VERSION, .type = KAI_CONTROL_BUNDLE_WRITE, .receipts = true};
	const char *path = kai_opt_value(cli, "o");
	struct kai_ctl_answer answer;

	*ret = NULL;
	if (importing->brought == 0)
		return 0;
	memcpy(request.to, importing->from, KAI_ID_LEN);
	int exit = kai_node_ask(cli, &kai_object_ctl_bundle_write, &request, false, &answer);

	if (exit != 0)
		return exit;
	if (answer.exit != 0)
		return kai_node_refused(cli, &answer);
	if (answer.body.len == 0)
		return 0;
	char *text = armoured(cli, answer.body);

	if (path != NULL)
		exit = kai_cli_write(cli, path, kai_span_str(text), 0600);
	if (exit == 0)
		*ret = text;
	return exit;
}

static void show_all(struct importing *importing, const char *answer)
{
	struct kai_cli *cli = importing->cli;
	const char *path = kai_opt_value(cli, "o");
	json_t *top = json_pack(
		"{s:O, s:O, s:o}", "bundles", importing->bundles, "items", importing->items,
		"answer", answer == NULL ? json_null() : json_string(path != NULL ? path : answer));

	kai_view_show(cli, &import_view, top);
	if (answer == NULL || kai_cli_json(cli))
		return;
	if (path == NULL)
		(void)fprintf(cli->out, "%s", answer);
	else if (cli->renderer == &kai_render_table)
		(void)fprintf(cli->out, T("The answer for its writer: %s\n"), path);
}

int kai_verb_import_bundle(struct kai_cli *cli)
{
	struct importing importing = {.cli = cli, .bundles = json_array(), .items = json_array()};
	char *answer = NULL;
	int exit = kai_cli_open(cli);
	size_t mark = cli->arena.used;

	for (int i = 0; exit == 0 && i < cli->arg_count; i++) {
		exit = import_one(&importing, cli->args[i]);
		cli->arena.used = mark;
	}
	size_t taken = json_array_size(importing.bundles);

	if (taken > 0) {
		int answered = write_answer(&importing, &answer);

		show_all(&importing, answer);
		if (exit == 0)
			exit = answered;
	}
	json_decref(importing.bundles);
	json_decref(importing.items);
	if (exit == 0 && importing.refused > 0)
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%zu advisories were refused (see above)"),
				    importing.refused);
	return exit;
}
