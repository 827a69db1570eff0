/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On its way to the node a request lies in DIR/drafts: it is there before anything is sent and goes
 * when the node has said that it is durable, so a kill loses nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "compose.h"
#include "item.h"
#include "realm.h"
#include "verbs.h"
#include "view.h"

#define DRAFT_SUFFIX ".draft"

static char *draft_path(struct kai_cli *cli, const char *name)
{
	return kai_cli_text(cli, "%s/drafts/%s" DRAFT_SUFFIX, cli->dir, name);
}

static char *draft_name(struct kai_cli *cli)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	time_t now = (time_t)(kai_cli_now().ms / KAI_MS_SECOND);
	struct tm local;
	char stamp[32] = "";
	char tail[5] = "";

	if (localtime_r(&now, &local) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%m%d-%H%M%S", &local);
	for (size_t i = 0; i < 4; i++)
		tail[i] = letters[randombytes_uniform(32)];
	return kai_cli_text(cli, "%s-%s", stamp, tail);
}

/* ---- the answer ---- */

/* What the node was asked for; both NULL: something else. */
struct sent {
	const struct kai_draft *draft;
	const uint8_t *retracted; /* id of the item */
};

static json_t *recipient_json(struct kai_cli *cli, struct kai_txn *txn,
			      const struct kai_recipient *to, const struct kai_draft *draft)
{
	json_t *parts = json_array();

	for (size_t i = 0; i < to->parts_count; i++) {
		uint64_t index = to->parts[i].index;
		struct kai_span name = draft != NULL && index < draft->parts_count
					       ? draft->parts[index].name
					       : kai_span_str(index == 0 ? "main" : "");

		(void)json_array_append_new(
			parts, json_pack("{s:o, s:s, s:o}", "name", kai_json_span(name), "verdict",
					 to->parts[i].allow ? "allow" : "deny", "rule",
					 kai_json_span(to->parts[i].rule)));
	}
	return json_pack("{s:o, s:s, s:s, s:o, s:o}", "org", kai_json_id(to->org), "name",
			 kai_org_name(cli, txn, to->org), "verdict", to->allow ? "allow" : "deny",
			 "rule", kai_json_span(to->rule), "parts", parts);
}

static void show_published(struct kai_cli *cli, json_t *top)
{
	const char *id = json_string_value(json_object_get(top, "id"));
	size_t i;
	json_t *to;

	if (id != NULL)
		(void)fprintf(cli->out, "%s\n", id);
	if (json_is_true(json_object_get(top, "unsigned")))
		(void)fprintf(cli->out,
			      T("  It waits for another signer: kairan sign %.8s --as decider\n"),
			      id);
	json_array_foreach (json_object_get(top, "recipients"), i, to) {
		const char *rule = json_string_value(json_object_get(to, "rule"));
		bool allow =
			strcmp(json_string_value(json_object_get(to, "verdict")), "allow") == 0;
		size_t k;
		json_t *part;

		(void)fprintf(
			cli->out, "  %s %s: %s\n", allow ? "+" : "-",
			kai_view_safe(cli, json_string_value(json_object_get(to, "name")), false),
			kai_rule_sentence(cli, rule));
		json_array_foreach (json_object_get(to, "parts"), k, part) {
			if (!allow || strcmp(json_string_value(json_object_get(part, "verdict")),
					     "allow") == 0)
				continue;
			(void)fprintf(
				cli->out, T("      without part %s: %s\n"),
				kai_view_safe(cli, json_string_value(json_object_get(part, "name")),
					      false),
				kai_rule_sentence(
					cli, json_string_value(json_object_get(part, "rule"))));
		}
	}
}

static void show_unreached(struct kai_cli *cli, json_t *top)
{
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(top, "unreached"), i, row) {
		const char *name =
			kai_view_safe(cli, json_string_value(json_object_get(row, "name")), false);

		if (json_is_true(json_object_get(row, "has_earlier")))
			(void)fprintf(cli->out,
				      T("  ! %s has what was before, and does not get this: %s\n"),
				      name,
				      kai_rule_sentence(
					      cli, json_string_value(json_object_get(row, "why"))));
		else
			(void)fprintf(cli->out, T("  ! %s cannot be reached now.\n"), name);
		kai_calls_show(cli, json_object_get(row, "call"), 6);
	}
}

static void show_all(struct kai_cli *cli, json_t *top)
{
	show_published(cli, top);
	show_unreached(cli, top);
}

static const struct kai_col published_cols[] = {{"id", N_("id"), KAI_COL_ID}};
static const struct kai_view published_view = {
	.cols = published_cols, .col_count = 1, .human = show_all};

/* Whom it does not reach now. Of a grant nothing is said. */
static json_t *unreached(struct kai_cli *cli, struct kai_txn *txn, const struct sent *sent,
			 const struct kai_ctl_answer *answer)
{
	struct kai_state state;
	const struct kai_state *now = kai_node_state(cli, &state) ? &state : NULL;
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	struct kai_earlier earlier = {.count = 0};

	if (sent->draft != NULL) {
		for (size_t i = 0; i < sent->draft->supersedes_count; i++)
			earlier.count += kai_rec_arrival(txn, sent->draft->supersedes[i],
							 &earlier.arrivals[earlier.count]);
		return kai_unreached(cli, txn, now, &sent->draft->label, &earlier, answer);
	}
	if (sent->retracted == NULL ||
	    !kai_rec_arrival(txn, sent->retracted, &earlier.arrivals[0]) ||
	    !kai_item_load(cli, txn, earlier.arrivals[0], false, item))
		return json_array();
	earlier.count = 1;
	return kai_unreached(cli, txn, now, &item->facts.header.label, &earlier, answer);
}

static int show_answer(struct kai_cli *cli, const struct kai_ctl_answer *answer,
		       const struct sent *sent)
{
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;
	json_t *recipients = json_array();

	if (txn == NULL) {
		json_decref(recipients);
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	}
	for (size_t i = 0; i < answer->recipients_count; i++)
		(void)json_array_append_new(
			recipients, recipient_json(cli, txn, &answer->recipients[i], sent->draft));
	json_t *away = unreached(cli, txn, sent, answer);

	kai_txn_abort(txn);
	kai_view_show(
		cli, &published_view,
		json_pack("{s:o, s:b, s:o, s:o}", "id",
			  answer->id.is ? kai_json_id(answer->id.id) : json_null(), "unsigned",
			  answer->id.is && answer->exit == 0 &&
				  kai_span_equal(answer->reason,
						 kai_span_str(kai_fault_name(KAI_FAULT_SIGNERS))),
			  "recipients", recipients, "unreached", away));
	return answer->exit == 0 ? KAI_EXIT_DONE : kai_node_refused(cli, answer);
}

/* ---- sending ---- */

int kai_publish_draft(struct kai_cli *cli, const char *name, struct kai_span request)
{
	struct kai_ctl_answer answer;
	struct kai_ctl_publish publish;
	struct kai_ctl_retract retract;
	struct sent sent = {NULL, NULL};
	char *path = draft_path(cli, name);
	int exit = kai_node_send(cli, request, false, &answer);

	if (exit != 0) {
		(void)fprintf(cli->err, T("Kept as draft %s (send it: kairan draft send %s)\n"),
			      name, name);
		return exit;
	}
	if (unlink(path) != 0)
		(void)kai_cli_fail(cli, 0, "%s: %s", path, strerror(errno));
	if (kai_object_decode(&kai_object_ctl_publish, request, &cli->arena, &publish) ==
	    KAI_FAULT_NONE)
		sent.draft = &publish.draft;
	else if (kai_object_decode(&kai_object_ctl_retract, request, &cli->arena, &retract) ==
		 KAI_FAULT_NONE)
		sent.retracted = retract.id;
	return show_answer(cli, &answer, &sent);
}

/* Of a drill nothing lies among the drafts, which are live. */
static bool is_sent_only(const struct kai_cli *cli)
{
	return cli->drill != NULL || kai_opt_is(cli, "dry-run");
}

int kai_publish(struct kai_cli *cli, const struct kai_object *object, const void *request)
{
	struct kai_ctl_publish in_drill;

	if (cli->drill != NULL && object == &kai_object_ctl_publish) {
		in_drill = *(const struct kai_ctl_publish *)request;
		memcpy(in_drill.draft.realm, cli->drill->drill.realm, KAI_REALM_LEN);
		request = &in_drill;
	}
	struct kai_span bytes = kai_object_encode_in(object, request, &cli->arena);
	struct kai_ctl_answer answer;

	if (bytes.len == 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: a value is longer than may be (see the limits)"),
				    cli->verb->name);
	if (is_sent_only(cli)) {
		int exit = kai_node_send(cli, bytes, false, &answer);
		const struct kai_ctl_publish *publish = request;
		const struct kai_ctl_retract *retract = request;
		const struct sent sent = {object == &kai_object_ctl_publish ? &publish->draft
									    : NULL,
					  object == &kai_object_ctl_retract ? retract->id : NULL};

		return exit != 0 ? exit : show_answer(cli, &answer, &sent);
	}
	char *name = draft_name(cli);
	char *path = draft_path(cli, name);

	(void)mkdir(kai_cli_text(cli, "%s/drafts", cli->dir), 0770);
	int exit = kai_cli_write(cli, path, bytes, 0600);

	return exit != 0 ? exit : kai_publish_draft(cli, name, bytes);
}

/* ---- draft list, send, drop ---- */

static const struct kai_col draft_cols[] = {
	{"name", N_("draft"), KAI_COL_TEXT},  {"kind", N_("kind"), KAI_COL_WORD},
	{"tlp", N_("TLP"), KAI_COL_TEXT},     {"at", N_("made"), KAI_COL_TIME},
	{"title", N_("title"), KAI_COL_TEXT},
};
static const struct kai_view draft_view = {
	.list = "drafts", .cols = draft_cols, .col_count = 5, .empty = N_("No drafts.")};

static json_t *draft_json(struct kai_cli *cli, const char *name, const char *path)
{
	struct kai_span bytes;
	struct kai_ctl_publish publish;
	struct kai_ctl_retract retract;
	struct kai_ctl_grant grant;
	struct kai_body body;
	struct stat stat_of;
	uint64_t at = stat(path, &stat_of) == 0 ? (uint64_t)stat_of.st_mtime * 1000 : 0;

	if (kai_cli_read(cli, path, KAI_MAX_CONTROL, &bytes) != 0)
		return NULL;
	if (kai_object_decode(&kai_object_ctl_publish, bytes, &cli->arena, &publish) ==
	    KAI_FAULT_NONE) {
		const struct kai_kind_row *row = kai_kind_row(publish.draft.kind);
		bool titled = kai_object_decode(&kai_object_body, publish.draft.parts[0].content,
						&cli->arena, &body) == KAI_FAULT_NONE;

		return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", name, "kind",
				 row != NULL ? row->word : "?", "tlp",
				 kai_tlp_word(publish.draft.label.tlp), "at", kai_json_time(at),
				 "title", titled ? kai_json_span(body.title) : json_string(""));
	}
	if (kai_object_decode(&kai_object_ctl_retract, bytes, &cli->arena, &retract) ==
	    KAI_FAULT_NONE)
		return json_pack("{s:s, s:s, s:s, s:o, s:s}", "name", name, "kind", "retract",
				 "tlp", "", "at", kai_json_time(at), "title",
				 kai_cli_id(cli, retract.id));
	if (kai_object_decode(&kai_object_ctl_grant, bytes, &cli->arena, &grant) == KAI_FAULT_NONE)
		return json_pack("{s:s, s:s, s:s, s:o, s:s}", "name", name, "kind", "release",
				 "tlp", kai_tlp_word(grant.label.tlp), "at", kai_json_time(at),
				 "title", kai_cli_id(cli, grant.id));
	(void)kai_cli_fail(cli, 0, T("%s: not a draft"), path);
	return NULL;
}

int kai_verb_draft_list(struct kai_cli *cli)
{
	char *dir = kai_cli_text(cli, "%s/drafts", cli->dir);
	struct dirent **list = NULL;
	int count = scandir(dir, &list, NULL, alphasort);
	json_t *rows = json_array();

	for (int i = 0; i < count; i++) {
		char *end = strstr(list[i]->d_name, DRAFT_SUFFIX);

		if (end != NULL && strcmp(end, DRAFT_SUFFIX) == 0) {
			char *name = kai_cli_str(
				cli, kai_span(list[i]->d_name, (size_t)(end - list[i]->d_name)));
			json_t *row = draft_json(cli, name, draft_path(cli, name));

			if (row != NULL)
				(void)json_array_append_new(rows, row);
		}
		free(list[i]);
	}
	free(list);
	kai_view_show(cli, &draft_view, json_pack("{s:o}", "drafts", rows));
	return KAI_EXIT_DONE;
}

static int find_draft(struct kai_cli *cli, const char **ret_name)
{
	const char *name = cli->args[0];
	char *path = draft_path(cli, name);

	if (strchr(name, '/') != NULL || access(path, F_OK) != 0)
		return kai_cli_fail(cli, KAI_EXIT_NOTHING,
				    T("%s: no such draft (kairan draft list)"), name);
	*ret_name = name;
	return 0;
}

int kai_verb_draft_send(struct kai_cli *cli)
{
	struct kai_span bytes = {NULL, 0};
	const char *name = NULL;
	struct kai_ctl_publish publish;
	int exit = find_draft(cli, &name);

	if (exit == 0)
		exit = kai_cli_read(cli, draft_path(cli, name), KAI_MAX_CONTROL, &bytes);
	if (exit == 0 &&
	    kai_object_decode(&kai_object_ctl_publish, bytes, &cli->arena, &publish) ==
		    KAI_FAULT_NONE &&
	    publish.draft.kind == KAI_KIND_ALERT)
		exit = kai_cli_confirm(cli, KAI_CONFIRM_LIVE, T("draft send: a live alert"));
	return exit != 0 ? exit : kai_publish_draft(cli, name, bytes);
}

int kai_verb_draft_drop(struct kai_cli *cli)
{
	const char *name = NULL;
	int exit = find_draft(cli, &name);

	if (exit == 0 && unlink(draft_path(cli, name)) != 0)
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s: %s", name, strerror(errno));
	return exit;
}
