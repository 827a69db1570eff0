/* SPDX-License-Identifier: Apache-2.0 */
/* verify CASEFILE: its answer. */
#include "case.h"

static void show_case(struct kai_cli *cli, json_t *top)
{
	static const struct {
		const char *key, *label;
	} rows[] = {{"items", N_("advisories")},  {"parts", N_("parts opened")},
		    {"receipts", N_("receipts")}, {"agreements", N_("agreements")},
		    {"entries", N_("entries")},	  {"revoked", N_("under a revoked key")}};
	const struct kai_col at = {"sealed_at", "", KAI_COL_TIME};
	json_t *row;
	size_t i;

	kai_view_pair(cli, T("organisation"), json_string_value(json_object_get(top, "org_name")));
	kai_view_pair(cli, T("fingerprint"),
		      json_string_value(json_object_get(top, "fingerprint")));
	kai_view_pair(cli, T("sealed"), kai_view_cell(cli, &at, top));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		kai_view_pair(cli, T(rows[i].label),
			      kai_cli_text(cli, "%lld",
					   (long long)json_integer_value(
						   json_object_get(top, rows[i].key))));
	json_array_foreach (json_object_get(top, "problems"), i, row)
		(void)fprintf(cli->out, "%s %lld: %s: %s\n", T("line"),
			      (long long)json_integer_value(json_object_get(row, "line")),
			      json_string_value(json_object_get(row, "what")),
			      json_string_value(json_object_get(row, "text")));
	kai_view_pair(cli, T("verdict"),
		      json_is_true(json_object_get(top, "ok"))
			      ? T("whole: every signature holds, and the seal over all of it")
			      : T("BROKEN: believe nothing that only this file says"));
}

static const struct kai_col case_cols[] = {
	{"ok", N_("verdict"), KAI_COL_TEXT},	      {"org", N_("organisation"), KAI_COL_ID},
	{"thread", N_("thread"), KAI_COL_ID},	      {"items", N_("advisories"), KAI_COL_NUMBER},
	{"receipts", N_("receipts"), KAI_COL_NUMBER}, {"entries", N_("entries"), KAI_COL_NUMBER},
};
const struct kai_view kai_case_verdict = {.cols = case_cols, .col_count = 6, .human = show_case};
