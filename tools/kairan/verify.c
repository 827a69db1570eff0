/* SPDX-License-Identifier: Apache-2.0 */
/* verify: an item against its own signatures and commitments; check: the whole store. */
#include <string.h>

#include "case.h"
#include "item.h"
#include "reissue.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_verify_opts[] = {
	{"all", NULL, false, N_("every advisory that is here")},
	{"opening", "PATH", false,
	 N_("what it was made from too: an opening's file, or a folder of them")},
	{NULL, NULL, false, NULL},
};

/* By one card: in its window when the item was made, or, beside another, a newer key that affirms it. */
static enum kai_fault check_key(const struct kai_card *card, const struct kai_loaded *item,
				const struct kai_signature *signature)
{
	struct kai_wall made = {(int64_t)item->facts.header.created_at};
	struct kai_wall since;

	if (item->facts.item.signatures_count > 1 &&
	    kai_card_key_begins(card, signature->key, &since) && since.ms > made.ms)
		made = since;
	return kai_card_key(card, signature->key, KAI_ROLE_SYSTEM, made);
}

/* Does the signature's key stand in a card of the origin that is here? */
static enum kai_fault check_signer(struct kai_cli *cli, struct kai_txn *txn,
				   const struct kai_loaded *item,
				   const struct kai_signature *signature)
{
	const struct kai_header *header = &item->facts.header;
	enum kai_fault best = KAI_FAULT_NO_CARD;
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_CARDS, kai_span(header->origin, KAI_ID_LEN),
		      kai_span(NULL, 0), true);
	while (best != KAI_FAULT_NONE && best != KAI_FAULT_KEY_REVOKED &&
	       kai_scan_next(&scan, NULL, &value)) {
		struct kai_card_rec rec;
		struct kai_card card;
		uint8_t digest[KAI_ID_LEN];

		if (kai_object_decode(&kai_object_card_rec, value, &cli->arena, &rec) ==
			    KAI_FAULT_NONE &&
		    kai_card_open(rec.bytes, &cli->arena, &card, digest) == KAI_FAULT_NONE)
			best = check_key(&card, item, signature);
	}
	/* What the newest card revokes an older one does not save; but a later revocation does not undo what was
	 * held before it: the item is marked if it may. */
	if (best == KAI_FAULT_KEY_REVOKED && (item->facts.item.flags & KAI_ITEM_MARKED) == 0)
		return KAI_FAULT_NONE;
	return best;
}

static enum kai_fault check_parts(struct kai_cli *cli, struct kai_txn *txn,
				  const struct kai_loaded *item)
{
	const struct kai_header *header = &item->facts.header;

	for (uint8_t i = 0; i < header->parts_count && i < KAI_MAX_PARTS; i++) {
		struct kai_key key = kai_key_part(item->facts.arrival, i);
		struct kai_part part;
		struct kai_span content;
		uint8_t hash[KAI_ID_LEN];

		if ((item->facts.item.held >> i & 1) == 0)
			continue;
		if (!kai_rec_get(txn, KAI_TABLE_PARTS, &key, &kai_object_part, &cli->arena, &part))
			return KAI_FAULT_PART;
		kai_part_hash(header->realm, part.ciphertext, hash);
		if (!kai_id_equal(hash, header->parts[i].hash))
			return KAI_FAULT_HASH;
		if (!kai_item_part(cli, txn, item, i, &content))
			return KAI_FAULT_PART;
	}
	return KAI_FAULT_NONE;
}

static enum kai_fault verify_item(struct kai_cli *cli, struct kai_txn *txn,
				  const struct kai_loaded *item)
{
	uint8_t id[KAI_ID_LEN];

	kai_advisory_id(item->facts.header.realm, item->facts.item.header, id);
	if (!kai_id_equal(id, item->facts.item.id))
		return KAI_FAULT_HASH;
	for (size_t i = 0; i < item->facts.item.signatures_count; i++) {
		const struct kai_signature *signature = &item->facts.item.signatures[i];

		if (!kai_signature_verify(item->facts.header.realm, id, signature))
			return KAI_FAULT_SIGNATURE;
		enum kai_fault fault = check_signer(cli, txn, item, signature);

		if (fault != KAI_FAULT_NONE)
			return fault;
	}
	return check_parts(cli, txn, item);
}

static bool verify_one(struct kai_cli *cli, uint64_t arrival, json_t *rows)
{
	struct kai_txn *txn = kai_cli_txn(cli);
	size_t used = cli->arena.used;
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	bool fine = false;

	if (txn != NULL && kai_item_load(cli, txn, arrival, true, item)) {
		enum kai_fault fault = verify_item(cli, txn, item);

		fine = fault == KAI_FAULT_NONE;
		(void)json_array_append_new(
			rows,
			json_pack("{s:o, s:s, s:s, s:s}", "id", kai_json_id(item->facts.item.id),
				  "origin_name", kai_org_name(cli, txn, item->facts.header.origin),
				  "verdict", fine ? "ok" : kai_fault_name(fault), "text",
				  fine ? T("signature and parts verified")
				       : kai_rule_sentence(cli, kai_fault_name(fault))));
	}
	kai_txn_abort(txn);
	cli->arena.used = used;
	return fine;
}

/* What it was made from, which its readers do not learn: checked with the opening. */
static int verify_opening(struct kai_cli *cli, uint64_t arrival, json_t *io_top)
{
	const char *path = kai_opt_value(cli, "opening");
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	struct kai_loaded *source = kai_cli_take(cli, sizeof(*source));
	uint8_t id[KAI_ID_LEN];
	int exit = 0;

	if (path == NULL)
		return 0;
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	if (!kai_item_load(cli, txn, arrival, true, item))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: damaged (run `kairan check`)"),
				    cli->args[0]);
	if (exit == 0)
		exit = kai_reissue_open(cli, item, path, id);
	if (exit == 0) {
		bool here = kai_rec_arrival(txn, id, &arrival) &&
			    kai_item_load(cli, txn, arrival, false, source);

		(void)json_object_set_new(io_top, "made_from", kai_json_id(id));
		(void)json_object_set_new(
			io_top, "made_from_origin",
			here ? json_string(kai_org_name(cli, txn, source->facts.header.origin))
			     : json_null());
		if (cli->renderer == &kai_render_table)
			(void)fprintf(cli->out, T("Made from %s.\n"), kai_cli_id(cli, id));
	}
	kai_txn_abort(txn);
	return exit;
}

static const struct kai_col verify_cols[] = {
	{"id", N_("id"), KAI_COL_ID},
	{"origin_name", N_("origin"), KAI_COL_TEXT},
	{"verdict", N_("verdict"), KAI_COL_WORD},
	{"text", N_("what it means"), KAI_COL_TEXT},
};
static const struct kai_view verify_view = {
	.list = "items", .cols = verify_cols, .col_count = 4, .empty = N_("Nothing.")};

/* Next arrival after *io_at, in a transaction of its own. */
static bool next_arrival(struct kai_cli *cli, uint64_t *io_at)
{
	struct kai_txn *txn = kai_cli_txn(cli);
	struct kai_index_scan scan;
	bool found = false;

	if (txn == NULL)
		return false;
	kai_index_all(&scan, txn, *io_at + 1, false);
	found = kai_index_next(&scan, io_at);
	kai_txn_abort(txn);
	return found;
}

/* An id has neither a dot nor a slash. */
static bool is_file(const char *text)
{
	return strpbrk(text, "./") != NULL || kai_case_is(text);
}

static int verify_file(struct kai_cli *cli)
{
	if (kai_opt_is(cli, "all") || kai_opt_is(cli, "opening"))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("verify: a file is verified without --all and --opening"));
	return kai_case_verify(cli, cli->args[0]);
}

int kai_verb_verify(struct kai_cli *cli)
{
	json_t *rows;
	uint64_t arrival = 0;
	uint8_t id[KAI_ID_LEN];
	bool fine = true;

	if (cli->arg_count > 0 && is_file(cli->args[0]))
		return verify_file(cli);
	int exit = kai_cli_open(cli);

	if (cli->arg_count == 0 && !kai_opt_is(cli, "all"))
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("verify: name an id, or --all"));
	if (cli->arg_count == 0 && kai_opt_is(cli, "opening"))
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--opening: name the id that it opens"));
	if (exit == 0)
		exit = kai_cli_keys(cli);
	if (exit == 0 && cli->arg_count > 0) {
		struct kai_txn *txn = kai_cli_txn(cli);

		if (txn == NULL)
			return KAI_EXIT_REFUSED;
		exit = kai_item_find(cli, txn, cli->args[0], id, &arrival);
		kai_txn_abort(txn);
	}
	if (exit != 0)
		return exit;
	rows = json_array();
	if (cli->arg_count > 0) {
		fine = verify_one(cli, arrival, rows);
	} else {
		while (next_arrival(cli, &arrival))
			fine = verify_one(cli, arrival, rows) && fine;
	}
	json_t *top = json_pack("{s:b, s:o}", "ok", fine, "items", rows);

	exit = cli->arg_count > 0 ? verify_opening(cli, arrival, top) : 0;
	if (exit != 0) {
		json_decref(top);
		return exit;
	}
	kai_view_show(cli, &verify_view, top);
	return fine ? KAI_EXIT_DONE : KAI_EXIT_REFUSED;
}

/* ---- check ---- */

struct checking {
	struct kai_cli *cli;
	json_t *problems;
	uint64_t told;
};

static void on_problem(void *context, enum kai_table table, struct kai_span key,
		       const char *problem)
{
	struct checking *checking = context;

	(void)json_array_append_new(checking->problems,
				    json_pack("{s:s, s:o, s:s}", "table", kai_table_name(table),
					      "key", kai_json_span(key), "problem", problem));
}

static void on_progress(void *context, uint64_t done, uint64_t total)
{
	struct checking *checking = context;
	uint64_t percent = total > 0 ? done * 100 / total : 100;

	if (!checking->cli->tty || percent == checking->told)
		return;
	checking->told = percent;
	(void)fprintf(checking->cli->err, "\r%3llu %%%s", (unsigned long long)percent,
		      percent == 100 ? "\n" : "");
}

static const struct kai_col check_cols[] = {
	{"table", N_("table"), KAI_COL_TEXT},
	{"key", N_("key"), KAI_COL_TEXT},
	{"problem", N_("problem"), KAI_COL_TEXT},
};
static const struct kai_view check_view = {.list = "problems", .cols = check_cols, .col_count = 3};

int kai_verb_check(struct kai_cli *cli)
{
	struct checking checking = {.cli = cli, .told = UINT64_MAX};
	struct kai_store_check check = {
		.report = on_problem, .progress = on_progress, .context = &checking};
	struct kai_why why = {""};
	int exit = kai_cli_open(cli);

	if (exit != 0)
		return exit;
	checking.problems = json_array();
	enum kai_err err = kai_store_check(cli->store, &check, &why);

	if (err != KAI_ERR_OK) {
		json_decref(checking.problems);
		(void)kai_cli_err(cli, err, &why);
		return KAI_EXIT_REFUSED;
	}
	if (cli->renderer == &kai_render_table)
		(void)fprintf(cli->out, T("%llu advisories, %llu problems\n"),
			      (unsigned long long)check.items, (unsigned long long)check.problems);
	kai_view_show(cli, &check_view,
		      json_pack("{s:b, s:I, s:o}", "ok", check.problems == 0, "items",
				(json_int_t)check.items, "problems", checking.problems));
	return check.problems == 0 ? KAI_EXIT_DONE : KAI_EXIT_REFUSED;
}
