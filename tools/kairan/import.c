/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import csaf: each document becomes one advisory, each later state of a document a revision of its thread. Which document
 * a file is a state of is remembered in the store (SOURCES) by the node, in the same turn as the item. Documents are read
 * until a request is full, and published together.
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

#define ROOM ((size_t)16 << 20) /* of the arena, for what waits */
#define FRAMING 1024		/* bytes of a request beyond texts, label and sectors; generous */

/* A document that was read and is not published yet. */
struct waiting {
	const char *path;
	struct kai_span title;
	struct kai_draft_part parts[2];
	struct kai_source_mark mark;
	struct kai_source before; /* where its thread ends here, if it is known */
	bool known;
	struct kai_ctl_publish request;
	size_t place; /* of its line in items */
};

struct job {
	struct kai_cli *cli;
	struct kai_label label; /* tlp 0: the document's own */
	size_t label_len;	/* encoded */
	int64_t valid_ms;
	json_t *items; /* null: not told yet, or refused */
	json_t *refused;
	size_t mark; /* of the arena: everything behind it is released when nothing waits */
	struct waiting *waiting[KAI_MAX_PUBLISHES];
	size_t waiting_count;
	size_t waiting_bytes; /* of a request for them, at most */
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

static void fill_request(struct job *job, const struct kai_csaf *csaf, struct kai_span text,
			 struct waiting *io)
{
	const char *valid = kai_opt_value(job->cli, "valid");
	struct kai_draft *draft = &io->request.draft;
	struct kai_span *sectors = kai_cli_take(job->cli, sizeof(csaf->sectors));

	memcpy(sectors, csaf->sectors, sizeof(csaf->sectors));
	io->parts[0] = (struct kai_draft_part){kai_span_str("main"), kai_span_str("kairan/secinfo"),
					       NULL, main_of(job->cli, csaf)};
	io->parts[1] = (struct kai_draft_part){kai_span_str("csaf"),
					       kai_span_str("application/csaf+json"), NULL, text};
	io->request = (struct kai_ctl_publish){.version = KAI_VERSION,
					       .type = KAI_CONTROL_PUBLISH,
					       .dry_run = kai_opt_is(job->cli, "dry-run"),
					       .keep = kai_opt_is(job->cli, "keep"),
					       .source = &io->mark};
	*draft = (struct kai_draft){
		.kind = KAI_KIND_SECINFO,
		.not_after = valid != NULL ? (uint64_t)(kai_cli_now().ms + job->valid_ms) : 0,
		.lang = csaf->lang,
		.label = job->label,
		.sectors = sectors,
		.sectors_count = csaf->sector_count,
		.parts = io->parts,
		.parts_count = 2,
		.supersedes = io->known ? &io->before.head : NULL,
		.supersedes_count = io->known ? 1 : 0};
	if (job->cli->drill != NULL)
		memcpy(draft->realm, job->cli->drill->drill.realm, KAI_REALM_LEN);
	if (draft->label.tlp == 0)
		draft->label.tlp = csaf->tlp;
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

static json_t *line_of(const char *path, struct kai_span title, const char *state, json_t *id,
		       json_t *recipients)
{
	return json_pack("{s:s, s:o, s:s, s:o, s:o}", "file", path, "id", id, "state", state,
			 "title", kai_json_span(title), "recipients", recipients);
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

/* ---- publishing what waits */

static void told(struct job *job, const struct waiting *one, const struct kai_ctl_answer *answer)
{
	if (answer->exit != 0) {
		refuse(job, one->path, kai_cli_str(job->cli, answer->text));
		return;
	}
	/* A dry run stores nothing, so there is no id yet. */
	json_t *id = answer->id.is ? kai_json_id(answer->id.id) : json_null();

	(void)json_array_set_new(job->items, one->place,
				 line_of(one->path, one->title, one->known ? "revised" : "new", id,
					 recipients_of(answer)));
}

static int ask_one(struct job *job, const struct waiting *one)
{
	struct kai_ctl_answer answer = {0};
	int code = kai_node_ask(job->cli, &kai_object_ctl_publish, &one->request, false, &answer);

	if (code == 0)
		told(job, one, &answer);
	return code;
}

/* Asks for those from `from` on; *ret_done: so many of them were answered. */
static int ask_many(struct job *job, size_t from, size_t *ret_done)
{
	struct kai_cli *cli = job->cli;
	size_t count = job->waiting_count - from;
	struct kai_ctl_publish_many many = {
		.version = KAI_VERSION,
		.type = KAI_CONTROL_PUBLISH_MANY,
		.publishes = kai_cli_take(cli, count * sizeof(*many.publishes)),
		.publishes_count = count};
	struct kai_publish_report report = {0};
	struct kai_ctl_answer answer = {0};

	for (size_t i = 0; i < count; i++)
		many.publishes[i] = job->waiting[from + i]->request;
	int code = kai_node_ask(cli, &kai_object_ctl_publish_many, &many, false, &answer);

	if (code != 0)
		return code;
	if (answer.exit != 0)
		return kai_node_refused(cli, &answer);
	if (kai_object_decode(&kai_object_publish_report, answer.body, &cli->arena, &report) !=
		    KAI_FAULT_NONE ||
	    report.answers_count > count)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("the node's answer is not readable: %s (are kairan and "
				      "kairand of one version?)"),
				    kai_fault_text(KAI_FAULT_MEANING));
	for (size_t i = 0; i < report.answers_count; i++)
		told(job, job->waiting[from + i], &report.answers[i]);
	*ret_done = report.answers_count;
	return 0;
}

/* 0, or an exit code after which going on makes no sense: the node is not there. */
static int flush(struct job *job)
{
	size_t from = 0;
	int code = 0;

	while (code == 0 && from < job->waiting_count) {
		size_t done = 1;

		code = job->waiting_count - from == 1 ? ask_one(job, job->waiting[from])
						      : ask_many(job, from, &done);
		from += done;
	}
	job->waiting_count = 0;
	job->waiting_bytes = 0;
	return code;
}

/* Of one document the states follow one another: what came before must be there. */
static bool waits(const struct job *job, const struct kai_source_mark *mark)
{
	bool found = false;

	for (size_t i = 0; i < job->waiting_count && !found; i++)
		found = memcmp(job->waiting[i]->mark.key, mark->key, sizeof(mark->key)) == 0;
	return found;
}

static int wait_for_more(struct job *job, struct waiting *one, const struct kai_csaf *csaf)
{
	size_t bytes = FRAMING + job->label_len + one->parts[0].content.len +
		       one->parts[1].content.len +
		       csaf->sector_count * (size_t)(KAI_MAX_SHORT + 2) + one->mark.name.len;
	int code = job->waiting_bytes + bytes > KAI_MAX_PUBLISH_MANY ? flush(job) : 0;

	one->place = json_array_size(job->items);
	json_array_append_new(job->items, json_null());
	job->waiting[job->waiting_count++] = one;
	job->waiting_bytes += bytes;
	return code;
}

/* No more than this is kept: what comes next has room, and memory does not grow with the number of documents. */
static bool is_full(const struct job *job)
{
	return job->waiting_count == KAI_MAX_PUBLISHES ||
	       job->waiting_bytes > KAI_MAX_PUBLISH_MANY / 2 ||
	       job->cli->arena.used - job->mark > ROOM;
}

/* 0, or an exit code as of flush. */
static int import_document(struct job *job, const char *path, struct kai_span text)
{
	struct kai_cli *cli = job->cli;
	char problem[KAI_CSAF_PROBLEM];
	struct waiting *one = kai_cli_take(cli, sizeof(*one));
	struct kai_csaf csaf;
	int code = 0;
	bool at_once;

	if (!kai_csaf_read(text, &cli->arena, &csaf, problem)) {
		refuse(job, path, problem);
		return 0;
	}
	if (!respects_floor(job, path, &csaf))
		return 0;
	source_of(&csaf, text, cli, &one->mark);
	at_once = waits(job, &one->mark);
	if (at_once)
		code = flush(job);
	one->known = known_source(job, &one->mark, &one->before);
	if (one->known && kai_id_equal(one->before.digest, one->mark.digest)) {
		json_array_append_new(job->items,
				      line_of(path, csaf.title, "unchanged",
					      kai_json_id(one->before.head), json_array()));
		return code;
	}
	one->path = kai_cli_text(cli, "%s", path);
	one->title = csaf.title;
	fill_request(job, &csaf, text, one);
	if (code == 0)
		code = wait_for_more(job, one, &csaf);
	return code == 0 && at_once ? flush(job) : code;
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
	if (code == 0 && is_full(job))
		code = flush(job);
	if (job->waiting_count == 0)
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
	job->label_len = kai_object_encode_in(&kai_object_label, &job->label, &cli->arena).len;
	return code;
}

/* Lines of what was refused, or never answered, are none. */
static void drop_empty(json_t *items)
{
	for (size_t i = json_array_size(items); i > 0; i--) {
		if (json_is_null(json_array_get(items, i - 1)))
			(void)json_array_remove(items, i - 1);
	}
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
	job.mark = cli->arena.used;
	for (int i = 0; code == 0 && i < cli->arg_count; i++)
		code = import_path(&job, cli->args[i]);
	if (code == 0)
		code = flush(&job);
	drop_empty(job.items);
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
