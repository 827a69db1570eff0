/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this node can say about another's journal: each receipt named the newest entry that its signer had then. An entry
 * that they signed for and that an export does not have was changed or taken out, by whoever wrote the chain anew.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"
#include "kairan/receipt.h"
#include "view.h"

struct kai_witness_head {
	uint8_t hash[KAI_ID_LEN];
	uint64_t at; /* when they first signed for it */
	bool found;
};

static int by_hash_and_time(const void *left, const void *right)
{
	const struct kai_witness_head *a = left;
	const struct kai_witness_head *b = right;
	int hashes = memcmp(a->hash, b->hash, KAI_ID_LEN);

	return hashes != 0 ? hashes : (a->at > b->at) - (a->at < b->at);
}

static int by_hash(const void *left, const void *right)
{
	const struct kai_witness_head *a = left;
	const struct kai_witness_head *b = right;

	return memcmp(a->hash, b->hash, KAI_ID_LEN);
}

/* ---- what we keep ---- */

static bool add(struct kai_witness *witness, const struct kai_receipt *receipt)
{
	static const uint8_t none[KAI_ID_LEN];

	if (kai_id_equal(receipt->head, none))
		return true;
	if (witness->count == witness->cap) {
		size_t cap = witness->cap > 0 ? 2 * witness->cap : 64;
		struct kai_witness_head *more =
			realloc(witness->heads, cap * sizeof(*witness->heads));

		if (more == NULL)
			return false;
		witness->heads = more;
		witness->cap = cap;
	}
	struct kai_witness_head *head = &witness->heads[witness->count++];

	*head = (struct kai_witness_head){.at = receipt->at};
	memcpy(head->hash, receipt->head, KAI_ID_LEN);
	return true;
}

static bool collect(struct kai_cli *cli, struct kai_txn *txn, const struct kai_peer *peer,
		    struct kai_witness *witness)
{
	struct kai_scan scan;
	struct kai_span value;
	bool fine = true;

	kai_scan_init(&scan, txn, KAI_TABLE_STATEMENTS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (fine && kai_scan_next(&scan, NULL, &value)) {
		size_t used = cli->arena.used;
		struct kai_statement row;
		struct kai_receipt_opened opened;

		if (kai_object_decode(&kai_object_statement, value, &cli->arena, &row) ==
			    KAI_FAULT_NONE &&
		    row.peer == peer->number &&
		    kai_receipt_open(row.bytes, &cli->arena, &opened) == KAI_FAULT_NONE &&
		    kai_id_equal(opened.receipt.org, peer->org))
			fine = add(witness, &opened.receipt);
		cli->arena.used = used;
	}
	return fine;
}

static void drop_doubles(struct kai_witness *witness)
{
	size_t kept = 0;

	if (witness->count == 0)
		return;
	qsort(witness->heads, witness->count, sizeof(*witness->heads), by_hash_and_time);
	for (size_t i = 0; i < witness->count; i++)
		if (kept == 0 || by_hash(&witness->heads[kept - 1], &witness->heads[i]) != 0)
			witness->heads[kept++] = witness->heads[i];
	witness->count = kept;
}

int kai_witness_begin(struct kai_cli *cli, const uint8_t org[KAI_ID_LEN],
		      struct kai_witness *witness)
{
	struct kai_peer peer;

	/* an export is checked where no node is, too */
	if (cli->store == NULL && access(kai_cli_text(cli, "%s/store", cli->dir), F_OK) != 0)
		return 0;
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	witness->asked = kai_rec_peer(txn, org, &cli->arena, &peer);
	bool fine = !witness->asked || collect(cli, txn, &peer, witness);
	enum kai_err err = fine ? kai_txn_error(txn) : KAI_ERR_NOMEM;

	kai_txn_abort(txn);
	if (err != KAI_ERR_OK)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("the store: %s (run `kairan check`)"),
				    kai_err_text(err));
	drop_doubles(witness);
	return 0;
}

void kai_witness_done(struct kai_witness *witness)
{
	free(witness->heads);
	*witness = (struct kai_witness){.asked = false};
}

/* ---- what the file has ---- */

void kai_witness_meet(struct kai_witness *witness, const uint8_t hash[KAI_ID_LEN])
{
	struct kai_witness_head wanted = {.at = 0};
	struct kai_witness_head *head = NULL;

	memcpy(wanted.hash, hash, KAI_ID_LEN);
	if (witness->count > 0)
		head = bsearch(&wanted, witness->heads, witness->count, sizeof(wanted), by_hash);
	if (head != NULL)
		head->found = true;
}

void kai_witness_time(struct kai_witness *witness, uint64_t at)
{
	if (witness->from == 0 || at < witness->from)
		witness->from = at;
	if (at > witness->until)
		witness->until = at;
}

/* Signed while the file's entries were written: earlier and later ones may lie outside of it. */
static bool is_missing(const struct kai_witness *witness, const struct kai_witness_head *head)
{
	return !head->found && head->at >= witness->from && head->at <= witness->until;
}

json_t *kai_witness_json(const struct kai_witness *witness)
{
	json_t *missing = json_array();
	json_int_t found = 0;

	if (!witness->asked) {
		json_decref(missing);
		return json_null();
	}
	for (size_t i = 0; i < witness->count; i++) {
		const struct kai_witness_head *head = &witness->heads[i];

		found += head->found;
		if (is_missing(witness, head))
			(void)json_array_append_new(
				missing, json_pack("{s:o, s:o}", "head", kai_json_id(head->hash),
						   "at", kai_json_time(head->at)));
	}
	return json_pack("{s:I, s:I, s:o}", "kept", (json_int_t)witness->count, "found", found,
			 "missing", missing);
}

void kai_witness_show(struct kai_cli *cli, const json_t *witness)
{
	const json_t *missing = json_object_get(witness, "missing");
	size_t i;
	json_t *head;

	if (!json_is_object(witness))
		return;
	kai_view_pair(cli, T("heads we kept"),
		      kai_cli_text(cli, T("%lld, %lld of them in this file, %zu missing"),
				   (long long)json_integer_value(json_object_get(witness, "kept")),
				   (long long)json_integer_value(json_object_get(witness, "found")),
				   json_array_size(missing)));
	json_array_foreach (missing, i, head)
		kai_view_pair(cli, T("MISSING"),
			      kai_cli_text(cli, "%s  %s",
					   json_string_value(json_object_get(head, "at")),
					   json_string_value(json_object_get(head, "head"))));
	if (json_array_size(missing) > 0)
		kai_view_pair(cli, T("what it means"),
			      T("they signed for entries that are not here: the journal was "
				"written anew, or their store was put back from a backup"));
}
