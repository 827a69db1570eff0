/* SPDX-License-Identifier: Apache-2.0 */
/* journal verify: computes the chain again, of the store or of an exported file. */
#include <string.h>

#include "journal.h"
#include "verbs.h"
#include "view.h"

struct verifying {
	struct kai_journal_chain chain;
	uint64_t count;
	uint64_t at; /* the first broken entry */
	enum kai_journal_break broken;
};

/* Some entries in one transaction; true when there is more. The end is judged in the transaction that
 * met it, so that a node may go on beside. */
static bool walk_page(struct kai_cli *cli, struct kai_txn *txn, struct verifying *verifying)
{
	struct kai_key from = kai_key_u64(verifying->chain.number + 1);
	struct kai_journal_chain head;
	struct kai_journal entry;
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_key_span(&from), false);
	for (unsigned i = 0; i < KAI_JOURNAL_PAGE; i++) {
		size_t used = cli->arena.used;

		if (!kai_scan_next(&scan, &key, &value)) {
			if (kai_txn_error(txn) != KAI_ERR_OK)
				return false;
			if (!kai_journal_head(txn, &head) ||
			    head.number != verifying->chain.number ||
			    !kai_id_equal(head.hash, verifying->chain.hash))
				verifying->broken = KAI_JOURNAL_END;
			verifying->at = verifying->chain.number;
			return false;
		}
		uint64_t number = key.len == 8 ? kai_get_be64(key.at) : 0;

		verifying->at = number;
		verifying->count++;
		verifying->broken =
			kai_journal_follow(&verifying->chain, number, value, &cli->arena, &entry);
		cli->arena.used = used;
		if (verifying->broken != KAI_JOURNAL_WHOLE)
			return false;
	}
	return true;
}

static int walk(struct kai_cli *cli, struct verifying *verifying)
{
	bool more = true;

	while (more) {
		struct kai_txn *txn = kai_cli_txn(cli);

		if (txn == NULL)
			return KAI_EXIT_REFUSED;
		more = walk_page(cli, txn, verifying);
		enum kai_err err = kai_txn_error(txn);

		kai_txn_abort(txn);
		if (err != KAI_ERR_OK)
			return kai_cli_fail(cli, KAI_EXIT_REFUSED,
					    T("the store: %s (run `kairan check`)"),
					    kai_err_text(err));
	}
	return 0;
}

/* ---- the answer ---- */

static void show_verdict(struct kai_cli *cli, json_t *top)
{
	const json_t *broken = json_object_get(top, "broken");

	kai_view_pair(cli, T("organisation"),
		      kai_view_safe(cli, json_string_value(json_object_get(top, "org")), false));
	kai_view_pair(cli, T("entries"),
		      kai_cli_text(cli, "%lld",
				   (long long)json_integer_value(json_object_get(top, "entries"))));
	if (json_is_object(broken)) {
		kai_view_pair(cli, T("BROKEN at"),
			      kai_cli_text(cli, "%lld",
					   (long long)json_integer_value(
						   json_object_get(broken, "number"))));
		kai_view_pair(cli, T("what it means"),
			      json_string_value(json_object_get(broken, "text")));
		return;
	}
	kai_view_pair(cli, T("head"), json_string_value(json_object_get(top, "head")));
	kai_view_pair(cli, T("verdict"),
		      json_is_true(json_object_get(top, "ok"))
			      ? T("whole: each entry follows from the one before")
			      : T("NOT what its owner signed for: heads are missing"));
	kai_witness_show(cli, json_object_get(top, "witness"));
}

static const struct kai_col verify_cols[] = {
	{"ok", N_("verdict"), KAI_COL_TEXT},	  {"first", N_("from"), KAI_COL_NUMBER},
	{"last", N_("to"), KAI_COL_NUMBER},	  {"entries", N_("entries"), KAI_COL_NUMBER},
	{"head", N_("head"), KAI_COL_TEXT},	  {"broken_at", N_("BROKEN at"), KAI_COL_NUMBER},
	{"problem", N_("problem"), KAI_COL_WORD},
};
static const struct kai_view verify_view = {.cols = verify_cols,
					    .col_count = sizeof(verify_cols) / sizeof(*verify_cols),
					    .human = show_verdict};

static int answer(struct kai_cli *cli, const struct kai_journal_file *file)
{
	bool fine = file->problem == NULL;
	json_t *broken = fine ? json_null()
			      : json_pack("{s:I, s:s, s:s}", "number", (json_int_t)file->at, "kind",
					  file->word, "text", T(file->problem));
	json_t *witness = fine ? kai_witness_json(&file->witness) : json_null();

	if (json_array_size(json_object_get(witness, "missing")) > 0)
		fine = false;
	kai_view_show(
		cli, &verify_view,
		json_pack("{s:b, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:s, s:o}", "ok", fine, "org",
			  file->org, "entries", (json_int_t)file->count, "first",
			  (json_int_t)file->first, "last", (json_int_t)file->chain.number, "head",
			  kai_json_id(file->chain.hash), "broken", broken, "broken_at",
			  file->problem == NULL ? json_null() : json_integer((json_int_t)file->at),
			  "problem", file->word, "witness", witness));
	return fine ? KAI_EXIT_DONE : KAI_EXIT_REFUSED;
}

int kai_verb_journal_verify(struct kai_cli *cli)
{
	struct verifying verifying = {.count = 0};
	struct kai_journal_file file;
	int exit;

	if (cli->arg_count > 0) {
		exit = kai_journal_read(cli, cli->args[0], &file);
		if (exit == 0)
			exit = answer(cli, &file);
		kai_witness_done(&file.witness);
		return exit;
	}
	exit = kai_cli_open(cli);
	if (exit == 0)
		exit = walk(cli, &verifying);
	if (exit != 0)
		return exit;
	file = (struct kai_journal_file){
		.chain = verifying.chain,
		.first = verifying.count > 0 ? 1 : 0,
		.count = verifying.count,
		.at = verifying.at,
		.problem = kai_journal_meaning(verifying.broken),
		.word = kai_journal_break_word(verifying.broken),
		.org = kai_cli_id(cli, cli->org),
	};
	return answer(cli, &file);
}
