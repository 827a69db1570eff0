/* SPDX-License-Identifier: Apache-2.0 */
/* Memberships of communities: the keeper's signed statements. */
#include <string.h>

#include "root.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_member_opts[] = {
	{"community", "NAME", false, N_("short name of a community that we keep")},
	{"until", "T", false, N_("end: a time or a duration, at most 90 days (the default)")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_member_list_opts[] = {
	{"community", "KEEPER/NAME", false, N_("this community only")},
	{NULL, NULL, false, NULL},
};

static int state(struct kai_cli *cli, bool withdrawn)
{
	const char *name = kai_opt_value(cli, "community");
	const char *until = kai_opt_value(cli, "until");
	struct kai_ctl_member request = {
		.version = KAI_VERSION, .type = KAI_CONTROL_MEMBER, .withdrawn = withdrawn};
	struct kai_ctl_answer answer;
	struct kai_wall end = {0};

	if (name == NULL || !kai_community_valid(kai_span_str(name)))
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("%s: --community NAME wants lower-case letters, digits and -"),
			cli->verb->name);
	request.name = kai_span_str(name);
	int exit = until != NULL ? kai_cli_time(cli, "until", until, false, &end) : 0;

	if (exit == 0)
		exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	request.valid_until = (uint64_t)end.ms;
	exit = kai_org_find(cli, txn, cli->args[0], request.org);
	kai_txn_abort(txn);
	if (exit == 0)
		exit = kai_node_ask(cli, &kai_object_ctl_member, &request, false, &answer);
	if (exit != 0)
		return exit;
	return answer.exit == 0 ? KAI_EXIT_DONE : kai_node_refused(cli, &answer);
}

int kai_verb_member_add(struct kai_cli *cli)
{
	return state(cli, false);
}

int kai_verb_member_remove(struct kai_cli *cli)
{
	return state(cli, true);
}

static json_t *row_json(struct kai_cli *cli, struct kai_txn *txn,
			const struct kai_membership *member)
{
	uint64_t now = (uint64_t)kai_cli_now().ms;
	const char *word = "current";

	if (member->withdrawn)
		word = "withdrawn";
	else if (member->valid_until <= now)
		word = "expired";
	else if (member->valid_from > now)
		word = "future";
	return json_pack("{s:s, s:o, s:s, s:o, s:I, s:s, s:o}", "community",
			 kai_cli_text(cli, "%s/%s", kai_org_name(cli, txn, member->keeper),
				      kai_cli_str(cli, member->name)),
			 "org", kai_json_id(member->org), "name",
			 kai_org_name(cli, txn, member->org), "valid_until",
			 kai_json_time(member->valid_until), "number", (json_int_t)member->number,
			 "state", word, "keeper", kai_json_id(member->keeper));
}

static bool wanted(const struct kai_community *only, const struct kai_membership *member)
{
	return only->name.len == 0 || (kai_id_equal(only->keeper, member->keeper) &&
				       kai_span_equal(only->name, member->name));
}

int kai_verb_member_list(struct kai_cli *cli)
{
	static const struct kai_col cols[] = {
		{"community", N_("community"), KAI_COL_TEXT},
		{"name", N_("member"), KAI_COL_TEXT},
		{"state", N_("state"), KAI_COL_WORD},
		{"valid_until", N_("until"), KAI_COL_UNTIL},
		{"org", N_("org"), KAI_COL_ID},
	};
	static const struct kai_view view = {
		.list = "members", .cols = cols, .col_count = 5, .empty = N_("No memberships.")};
	const char *community = kai_opt_value(cli, "community");
	struct kai_community only = {.name = {NULL, 0}};
	struct kai_scan scan;
	struct kai_span value;
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = community != NULL ? kai_community_find(cli, txn, community, &only) : 0;
	json_t *rows = json_array();

	kai_scan_init(&scan, txn, KAI_TABLE_MEMBERS, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (exit == 0 && kai_scan_next(&scan, NULL, &value)) {
		struct kai_member_rec rec;
		struct kai_membership member;

		if (kai_object_decode(&kai_object_member_rec, value, &cli->arena, &rec) ==
			    KAI_FAULT_NONE &&
		    kai_membership_peek(rec.bytes, &cli->arena, &member) == KAI_FAULT_NONE &&
		    wanted(&only, &member))
			(void)json_array_append_new(rows, row_json(cli, txn, &member));
	}
	kai_txn_abort(txn);
	if (exit == 0)
		kai_view_show(cli, &view, json_pack("{s:o}", "members", rows));
	else
		json_decref(rows);
	return exit;
}
