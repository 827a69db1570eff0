/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import csaf: each document becomes one advisory, each later state of a document a revision of its thread. Which document
 * a file is a state of is remembered in the store (SOURCES) by the node, in the same turn as the item.
 */
#include <fts.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "import/csaf.h"
#include "kairan/crypto.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_import_opts[] = {
	{"tlp", "TLP", false, N_("label; never wider than the document's own (the default)")},
	{"audience", "A", false, N_("org:X,community:KEEPER/NAME,sector:Z,country:CC")},
	{"onward", "RULE", false, N_("none, constituency, community or any (default)")},
	{"valid", "DURATION", false, N_("how long it stays valid (default by kind)")},
	{"keep", NULL, false, N_("store even what no organisation may receive")},
	{"dry-run", NULL, false, N_("say what would happen, store nothing")},
	{NULL, NULL, false, NULL},
};

struct job {
	struct kai_cli *cli;
	struct kai_label label; /* tlp 0: the document's own */
	int64_t valid_ms;
	json_t *items;
	json_t *refused;
	size_t mark; /* of the arena: everything of one file is released after it */
};

/* ---- one document */

static void source_of(const struct kai_csaf *csaf, struct kai_span text, struct kai_cli *cli,
		      struct kai_source_mark *ret)
{
	static const uint8_t nothing[1] = {0};
	const struct kai_span pieces[] = {csaf->namespace, kai_span(nothing, 1), csaf->id};

	kai_hash_many(KAI_CTX_CHECKSUM, kai_realm_live, pieces, 3, ret->key);
	kai_hash(KAI_CTX_CHECKSUM, kai_realm_live, text, ret->digest);
	ret->name = kai_span_str(kai_cli_text(cli, "%.*s %.*s", (int)csaf->namespace.len,
					      (const char *)csaf->namespace.at, (int)csaf->id.len,
					      (const char *)csaf->id.at));
	if (ret->name.len > KAI_MAX_TEXT)
		ret->name.len = 0; /* for people only */
}

/* What this document's thread ends with here; false when it is new. */
static bool known_source(struct job *job, const struct kai_source_mark *mark,
			 struct kai_source *ret)
{
	struct kai_txn *txn = kai_cli_txn(job->cli);
	struct kai_key key = kai_key_bytes(mark->key, KAI_ID_LEN);
	bool found;

	if (txn == NULL)
		return false;
	found = kai_rec_get(txn, KAI_TABLE_SOURCES, &key, &kai_object_source, &job->cli->arena,
			    ret);
	/* The name would die with the transaction. */
	ret->name = kai_span(NULL, 0);
	kai_txn_abort(txn);
	return found;
}

static struct kai_span main_of(struct kai_cli *cli, const struct kai_csaf *csaf)
{
	struct kai_body_value values[] = {{kai_span_str("subtype"), kai_span_str("vulnerability")},
					  {kai_span_str("action"), csaf->action}};
	struct kai_body body = {.version = KAI_VERSION,
				.title = csaf->title,
				.text = csaf->summary,
				.values = values,
				.values_count = 2};

	return kai_object_encode_in(&kai_object_body, &body, &cli->arena);
}

static struct kai_ctl_publish request_of(struct job *job, const struct kai_csaf *csaf,
					 struct kai_span text, struct kai_draft_part parts[2])
{
	const char *now = kai_opt_value(job->cli, "valid");
	struct kai_ctl_publish request = {.version = KAI_VERSION,
					  .type = KAI_CONTROL_PUBLISH,
					  .dry_run = kai_opt_is(job->cli, "dry-run"),
					  .keep = kai_opt_is(job->cli, "keep")};

	parts[0] = (struct kai_draft_part){kai_span_str("main"), kai_span_str("kairan/secinfo"),
					   NULL, main_of(job->cli, csaf)};
	parts[1] = (struct kai_draft_part){kai_span_str("csaf"),
					   kai_span_str("application/csaf+json"), NULL, text};
	request.draft = (struct kai_draft){
		.kind = KAI_KIND_SECINFO,
		.not_after = now != NULL ? (uint64_t)(kai_cli_now().ms + job->valid_ms) : 0,
		.lang = csaf->lang,
		.label = job->label,
		.sectors = kai_cli_take(job->cli, sizeof(csaf->sectors)),
		.sectors_count = csaf->sector_count,
		.parts = parts,
		.parts_count = 2};
	if (job->cli->drill != NULL)
		memcpy(request.draft.realm, job->cli->drill->drill.realm, KAI_REALM_LEN);
	memcpy(request.draft.sectors, csaf->sectors, sizeof(csaf->sectors));
	if (request.draft.label.tlp == 0)
		request.draft.label.tlp = csaf->tlp;
	return request;
}

static void refuse(struct job *job, const char *path, const char *reason)
{
	(void)kai_cli_fail(job->cli, KAI_EXIT_USAGE, "%s: %s", kai_view_safe(job->cli, path, false),
			   reason);
	json_array_append_new(job->refused,
			      json_pack("{s:s, s:s}", "file", path, "reason", reason));
}

static json_t *recipients_of(const struct kai_ctl_answer *answer)
{
	json_t *list = json_array();

	for (size_t i = 0; i < answer->recipients_count; i++) {
		const struct kai_recipient *one = &answer->recipients[i];

		json_array_append_new(list,
				      json_pack("{s:o, s:s, s:o}", "org", kai_json_id(one->org),
						"verdict", one->allow ? "allow" : "deny", "rule",
						kai_json_span(one->rule)));
	}
	return list;
}

static void report(struct job *job, const char *path, const uint8_t id[KAI_ID_LEN],
		   const char *state, const struct kai_csaf *csaf, json_t *recipients)
{
	/* A dry run stores nothing, so there is no id yet. */
	bool is_zero = sodium_is_zero(id, KAI_ID_LEN) == 1;

	json_array_append_new(job->items,
			      json_pack("{s:s, s:o, s:s, s:o, s:o}", "file", path, "id",
					is_zero ? json_null() : kai_json_id(id), "state", state,
					"title", kai_json_span(csaf->title), "recipients",
					recipients));
}

/* A document may say who may have it; what is asked for must not be wider. */
static bool respects_floor(struct job *job, const char *path, const struct kai_csaf *csaf)
{
	struct kai_cli *cli = job->cli;

	if (job->label.tlp == 0 || job->label.tlp <= csaf->tlp)
		return true;
	refuse(job, path,
	       kai_cli_text(job->cli, T("is TLP:%s; TLP:%s would be wider (give a narrower --tlp)"),
			    kai_tlp_word(csaf->tlp), kai_tlp_word(job->label.tlp)));
	return false;
}

/* 0, or an exit code after which going on makes no sense: the node is not there. */
static int import_document(struct job *job, const char *path, struct kai_span text)
{
	struct kai_cli *cli = job->cli;
	char problem[KAI_CSAF_PROBLEM];
	struct kai_draft_part parts[2];
	struct kai_source_mark mark;
	struct kai_source source;
	struct kai_csaf csaf;
	struct kai_ctl_answer answer;

	if (!kai_csaf_read(text, &cli->arena, &csaf, problem)) {
		refuse(job, path, problem);
		return 0;
	}
	if (!respects_floor(job, path, &csaf))
		return 0;
	source_of(&csaf, text, cli, &mark);
	bool known = known_source(job, &mark, &source);

	if (known && kai_id_equal(source.digest, mark.digest)) {
		report(job, path, source.head, "unchanged", &csaf, json_array());
		return 0;
	}
	struct kai_ctl_publish request = request_of(job, &csaf, text, parts);

	request.source = &mark;
	request.draft.supersedes = known ? &source.head : NULL;
	request.draft.supersedes_count = known ? 1 : 0;
	int code = kai_node_ask(cli, &kai_object_ctl_publish, &request, false, &answer);

	if (code != 0)
		return code;
	if (answer.exit != 0)
		refuse(job, path, kai_cli_str(cli, answer.text));
	else
		report(job, path, answer.id.id, known ? "revised" : "new", &csaf,
		       recipients_of(&answer));
	return 0;
}

/* ---- files and folders */

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_json(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".json") == 0;
}

static int import_file(struct job *job, const char *path)
{
	struct kai_span text;
	int code = kai_cli_read(job->cli, path, KAI_MAX_PART_LEN, &text);

	if (code != 0) {
		json_array_append_new(job->refused, json_pack("{s:s, s:s}", "file", path, "reason",
							      "cannot be read"));
		code = 0;
	} else {
		code = import_document(job, path, text);
	}
	job->cli->arena.used = job->mark;
	return code;
}

/* A file as it is named; in a folder every *.json below it, by name, links not followed. */
static int import_path(struct job *job, const char *path)
{
	struct kai_cli *cli = job->cli;
	char *name = kai_cli_text(cli, "%s", path);
	char *const roots[] = {name, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, by_name);
	int code = 0;

	job->mark = cli->arena.used;
	if (walk == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: cannot be opened"), path);
	for (FTSENT *entry = fts_read(walk); code == 0 && entry != NULL; entry = fts_read(walk)) {
		if (entry->fts_info == FTS_F && (entry->fts_level == 0 || is_json(entry->fts_name)))
			code = import_file(job, entry->fts_path);
		else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR ||
			 entry->fts_info == FTS_DNR)
			refuse(job, entry->fts_path, strerror(entry->fts_errno));
	}
	(void)fts_close(walk);
	return code;
}

static int read_label(struct job *job)
{
	struct kai_cli *cli = job->cli;
	const char *tlp = kai_opt_value(cli, "tlp"), *audience = kai_opt_value(cli, "audience");
	const char *onward = kai_opt_value(cli, "onward"), *valid = kai_opt_value(cli, "valid");
	int code = 0;

	job->label = (struct kai_label){.onward = KAI_ONWARD_ANY,
					.attribution = KAI_ATTR_NAMED,
					.pap = KAI_PAP_CLEAR,
					.gov_share = 0};
	if (tlp != NULL && !kai_tlp_parse(tlp, &job->label.tlp))
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("--tlp %s: not a TLP 2.0 label (RED, AMBER+STRICT, AMBER, GREEN, CLEAR)"),
			tlp);
	if (onward != NULL && !kai_onward_parse(onward, &job->label.onward))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--onward %s: give none, constituency, community or any"),
				    onward);
	if (valid != NULL && !kai_duration_parse(valid, &job->valid_ms))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--valid %s: not a duration (30d, 12h, 1h30m)"), valid);
	if (audience != NULL) {
		struct kai_txn *txn = kai_cli_txn(cli);

		if (txn == NULL)
			return KAI_EXIT_UNREACHABLE;
		code = kai_audience_parse(cli, txn, audience, &job->label);
		kai_txn_abort(txn);
	}
	return code;
}

int kai_verb_import_csaf(struct kai_cli *cli)
{
	static const struct kai_col cols[] = {{"state", N_("state"), KAI_COL_WORD},
					      {"id", N_("id"), KAI_COL_ID},
					      {"title", N_("title"), KAI_COL_TEXT},
					      {"file", N_("file"), KAI_COL_TEXT}};
	static const struct kai_view view = {"items", cols, sizeof(cols) / sizeof(*cols),
					     N_("Nothing was imported."), NULL};
	struct job job = {.cli = cli, .items = json_array(), .refused = json_array()};
	int code = kai_cli_open(cli);

	if (code == 0)
		code = read_label(&job);
	for (int i = 0; code == 0 && i < cli->arg_count; i++)
		code = import_path(&job, cli->args[i]);
	size_t refused = json_array_size(job.refused), taken = json_array_size(job.items);

	if (taken > 0 || (code == 0 && refused == 0)) {
		json_t *top = json_pack("{s:O, s:O}", "items", job.items, "refused", job.refused);

		if (taken == 1) {
			json_t *only = json_array_get(job.items, 0);

			json_object_set(top, "id", json_object_get(only, "id"));
			json_object_set(top, "recipients", json_object_get(only, "recipients"));
		}
		kai_view_show(cli, &view, top);
	}
	json_decref(job.items);
	json_decref(job.refused);
	if (code == 0 && refused > 0)
		code = kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%zu of %zu files were refused (see above)"), refused,
				    refused + taken);
	return code;
}
