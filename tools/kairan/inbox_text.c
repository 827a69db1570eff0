/* SPDX-License-Identifier: Apache-2.0 */
/* A waiting item in words, in the order in which the officer asks. */
#include <string.h>

#include "ladders.h"
#include "inbox.h"

static char *safe(struct kai_cli *cli, const json_t *row, const char *key)
{
	return kai_view_safe(cli, kai_row_str(row, key), false);
}

static char *nothing(struct kai_cli *cli)
{
	return kai_cli_text(cli, "%s", "");
}

/* Adds one to a list in words. */
static char *joined(struct kai_cli *cli, const char *list, const char *one)
{
	return kai_cli_text(cli, "%s%s%s", list, list[0] != '\0' ? T(", ") : "", one);
}

char *kai_inbox_deed(struct kai_cli *cli, const json_t *todo)
{
	const struct {
		const char *what;
		const char *text;
		bool named;
	} rows[] = {
		{"acknowledge", N_("acknowledge it"), false},
		{"pass", N_("pass it on to %s"), true},
		{"answer", N_("answer %s"), true},
		{"report", N_("report it to %s"), true},
		{"reply", N_("reply to the question"), false},
		{"follow", N_("follow it, and say so"), false},
		{"decide", N_("grant or refuse the release"), false},
		{"reconsider", N_("decide whether our alert stands: %s"), true},
		{"await", N_("%s is late: call"), true},
	};
	const char *name = safe(cli, todo, "name");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *text = T(rows[i].text);
		const char *place = strstr(text, "%s");

		if (!kai_row_is(todo, "what", rows[i].what))
			continue;
		if (!rows[i].named || place == NULL)
			return kai_cli_text(cli, "%s", text);
		return kai_cli_text(cli, "%.*s%s%s", (int)(place - text), text, name, place + 2);
	}
	return nothing(cli);
}

char *kai_inbox_when(struct kai_cli *cli, const json_t *todo)
{
	static const struct kai_col by = {"by", "", KAI_COL_UNTIL};

	if (kai_row_is(todo, "state", "blocked"))
		return kai_cli_text(cli, "%s", T("blocked"));
	if (kai_row_str(todo, "by")[0] == '\0')
		return nothing(cli);
	return kai_cli_text(
		cli, kai_row_is(todo, "state", "overdue") ? T("OVERDUE since %s") : T("by %s"),
		kai_view_table_cell(cli, &by, todo));
}

/* Live or drill, which kind, how urgent, for whose eyes. */
static void add_head(struct kai_cli *cli, const json_t *item, size_t width, struct kai_lines *lines)
{
	bool live = kai_row_is(item, "realm", "live");
	bool current = kai_row_is(item, "state", "current");
	char *mark = live ? kai_cli_text(cli, "%s", T("LIVE"))
			  : safe(cli, item, "realm"); /* its lines are marked */

	kai_lines_wrap(cli, lines,
		       kai_cli_text(cli, "%s  %s  %s  TLP:%s  %.8s%s%s", mark,
				    T(kai_row_str(item, "kind")), T(kai_row_str(item, "urgency")),
				    kai_row_str(item, "tlp"), kai_row_str(item, "id"),
				    current ? "" : "  ** ",
				    current ? "" : T(kai_row_str(item, "state"))),
		       width, 2);
	kai_lines_wrap(cli, lines,
		       kai_row_str(item, "title")[0] != '\0' ? safe(cli, item, "title")
							     : T("withheld from this organisation"),
		       width, 2);
}

static void add_why(struct kai_cli *cli, const json_t *item, size_t width, struct kai_lines *lines)
{
	static const struct kai_col words = {"concerns_us", "", KAI_COL_LIST};
	char *why = kai_view_cell(cli, &words, item);
	size_t i;
	json_t *todo;

	if (json_is_true(json_object_get(item, "own")))
		why = kai_cli_text(cli, "%s", T("it is our own"));
	else if (why[0] == '\0')
		why = kai_cli_text(cli, "%s",
				   kai_row_is(item, "tlp", "CLEAR")
					   ? T("it is for everybody")
					   : T("not named; a partner passed it on to us"));
	json_array_foreach (json_object_get(item, "todo"), i, todo)
		if (kai_row_is(todo, "what", "pass") || kai_row_is(todo, "what", "answer") ||
		    kai_row_is(todo, "what", "report")) {
			why = joined(cli, why, T("a duty of ours"));
			break;
		}
	kai_lines_pair(cli, lines, T("why us"), why, width);
}

static void add_todos(struct kai_cli *cli, const json_t *item, size_t width,
		      struct kai_lines *lines)
{
	size_t i;
	json_t *todo;

	json_array_foreach (json_object_get(item, "todo"), i, todo) {
		char *when = kai_inbox_when(cli, todo);
		const char *text = kai_row_str(todo, "text");

		kai_lines_pair(cli, lines, i == 0 ? T("to do") : "",
			       kai_cli_text(cli, "%s%s%s%s%s", kai_inbox_deed(cli, todo),
					    when[0] != '\0' ? "  " : "", when,
					    text[0] != '\0' ? "  " : "", text),
			       width);
	}
}

static void add_who(struct kai_cli *cli, const json_t *item, size_t width, struct kai_lines *lines)
{
	static const struct kai_col at = {"at", "", KAI_COL_TIME};
	const json_t *card = json_object_get(item, "card");
	char *text = kai_item_origin(cli, item);
	struct kai_wall issued;
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(item, "signatures"), i, row) {
		bool fine = strncmp(kai_row_str(row, "verdict"), "ok", 2) == 0;

		text = joined(
			cli, text,
			kai_cli_text(cli, T("%s key: %s"), T(kai_row_str(row, "role")),
				     fine ? T("verified")
					  : kai_rule_sentence(cli, kai_row_str(row, "verdict"))));
	}
	if (json_is_true(json_object_get(item, "marked")))
		text = joined(cli, text, T("NOT PROVEN: signed under a key that was revoked"));
	if (kai_time_parse(kai_row_str(card, "issued_at"), &issued))
		text = joined(cli, text,
			      kai_cli_text(cli, T("card %s old"),
					   kai_view_span(cli, kai_cli_now().ms - issued.ms)));
	if (kai_row_is(card, "how", "fingerprint"))
		text = joined(cli, text, T("fingerprint compared"));
	else if (kai_row_is(card, "how", "introduced"))
		text = joined(cli, text, T("card introduced, not compared by us"));
	kai_lines_pair(cli, lines, T("who says so"), text, width);
	text = nothing(cli);
	json_array_foreach (json_object_get(item, "supply"), i, row)
		text = joined(cli, text,
			      kai_cli_text(cli, "%s %s", safe(cli, row, "name"),
					   kai_view_table_cell(cli, &at, row)));
	if (text[0] != '\0')
		kai_lines_pair(cli, lines, T("came from"), text, width);
}

/* Names of rows or the words themselves, in one line. */
static char *names(struct kai_cli *cli, const json_t *list)
{
	char *text = nothing(cli);
	size_t i;
	json_t *one;

	json_array_foreach (list, i, one) {
		const char *name =
			json_is_object(one) ? kai_row_str(one, "name") : json_string_value(one);

		text = joined(cli, text, kai_view_safe(cli, name, false));
	}
	return text;
}

static void add_tell(struct kai_cli *cli, const json_t *item, size_t width, struct kai_lines *lines)
{
	char *may = names(cli, json_object_get(item, "may_tell"));
	char *not = names(cli, json_object_get(item, "may_not_tell"));
	char *nobody = names(cli, json_object_get(item, "parts_for_nobody"));
	char *withheld = names(cli, json_object_get(item, "parts_withheld"));
	char *text = may[0] != '\0' ? may : kai_cli_text(cli, "%s", T("nobody"));

	if (not [0] != '\0')
		text = kai_cli_text(cli, T("%s; not %s"), text, not );
	if (may[0] != '\0' && nobody[0] != '\0')
		text = kai_cli_text(cli, T("%s; part %s to nobody"), text, nobody);
	if (withheld[0] != '\0')
		text = kai_cli_text(cli, T("%s; part %s was withheld from us"), text, withheld);
	kai_lines_pair(cli, lines, T("may tell"), text, width);
}

static void add_knows(struct kai_cli *cli, const json_t *item, size_t width,
		      struct kai_lines *lines)
{
	const json_t *call = json_array_get(json_object_get(item, "calls"), 0);
	char *text = nothing(cli);
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(item, "knows"), i, row)
		text = joined(cli, text,
			      kai_cli_text(cli, T("%s (%s)"), safe(cli, row, "name"),
					   T(kai_row_str(row, "how"))));
	kai_lines_pair(cli, lines, T("who knows"), text[0] != '\0' ? text : T("nobody beside us"),
		       width);
	if (call != NULL && kai_row_is(call, "side", "theirs"))
		text = kai_cli_text(cli, T("%s of %s"), T(kai_row_str(call, "role")),
				    safe(cli, call, "org_name"));
	else if (call != NULL)
		text = kai_cli_text(cli, T("our %s"), T(kai_row_str(call, "role")));
	else
		text = kai_cli_text(cli, "%s", T("no contact is agreed"));
	if (call != NULL)
		text = kai_cli_text(cli, "%s  %s  %s  %s", text, safe(cli, call, "name"),
				    safe(cli, call, "first"), safe(cli, call, "second"));
	kai_lines_pair(cli, lines, T("call next"), text, width);
}

/* Whom the node called, and whom it calls next. */
static void add_calls(struct kai_cli *cli, const json_t *item, size_t width,
		      struct kai_lines *lines)
{
	bool labelled = false;
	size_t i, k;
	json_t *ladder;
	json_t *step;

	json_array_foreach (json_object_get(item, "ladders"), i, ladder) {
		char *next = kai_ladder_next_line(cli, ladder);

		json_array_foreach (json_object_get(ladder, "steps"), k, step) {
			kai_lines_pair(cli, lines, labelled ? "" : T("calls"),
				       kai_ladder_step_line(cli, ladder, step), width);
			labelled = true;
		}
		if (next != NULL)
			kai_lines_pair(cli, lines, T("then"), next, width);
	}
}

static const char *silence_of(struct kai_cli *cli, const json_t *row)
{
	if (kai_row_is(row, "why", "person"))
		return T("the link is up: a person is silent");
	if (kai_row_is(row, "why", "link"))
		return T("the link is silent");
	return T("not known: our node is down");
}

static void add_rest(struct kai_cli *cli, const json_t *item, size_t width, struct kai_lines *lines)
{
	static const struct kai_col heard = {"last_heard", "", KAI_COL_TIME};
	char *text = nothing(cli);
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(item, "changed"), i, row)
		text = joined(cli, text, T(kai_view_safe(cli, json_string_value(row), false)));
	if (text[0] != '\0')
		kai_lines_pair(cli, lines, T("changed"), text, width);
	else if (json_is_null(json_object_get(item, "changed")))
		kai_lines_pair(cli, lines, T("changed"), T("the report before is not here"), width);
	json_array_foreach (json_object_get(item, "silent"), i, row)
		kai_lines_pair(cli, lines, i == 0 ? T("silence") : "",
			       kai_cli_text(cli, T("%s: %s; last heard %s"), safe(cli, row, "name"),
					    silence_of(cli, row),
					    kai_view_table_cell(cli, &heard, row)),
			       width);
}

void kai_inbox_lines(struct kai_cli *cli, const json_t *item, size_t width, struct kai_lines *lines)
{
	add_head(cli, item, width, lines);
	add_why(cli, item, width, lines);
	add_todos(cli, item, width, lines);
	add_who(cli, item, width, lines);
	add_tell(cli, item, width, lines);
	add_knows(cli, item, width, lines);
	add_calls(cli, item, width, lines);
	add_rest(cli, item, width, lines);
}

void kai_inbox_silence(struct kai_cli *cli, const json_t *top, size_t width,
		       struct kai_lines *lines)
{
	static const struct kai_col heard = {"last_heard", "", KAI_COL_TIME};
	size_t i;
	json_t *row;
	size_t shown = 0;

	json_array_foreach (json_object_get(top, "peers"), i, row) {
		const char *link =
			kai_row_is(top, "node", "down") ? "not known" : kai_row_str(row, "link");

		if (json_integer_value(json_object_get(row, "duties")) == 0)
			continue;
		kai_lines_pair(cli, lines, shown++ == 0 ? T("last heard") : "",
			       kai_cli_text(cli, "%s  %s  %s",
					    kai_lines_pad(cli, safe(cli, row, "name"), 16),
					    kai_lines_pad(cli, T(link), 10),
					    kai_view_table_cell(cli, &heard, row)),
			       width);
	}
	if (shown == 0)
		kai_lines_pair(cli, lines, T("last heard"), T("no partner has a duty"), width);
}
