/* SPDX-License-Identifier: Apache-2.0 */
/* The integrity check's rows of receipts: what is held rests on a statement that says so. */
#include "check_private.h"

#include <string.h>

#include "kairan/receipt.h"

#define ARRIVAL_LEN 8
#define PEER_LEN 2

static bool read_statement(struct kai_check_run *run, const uint8_t digest[KAI_ID_LEN],
			   struct kai_statement *ret, struct kai_receipt_opened *ret_opened)
{
	struct kai_key key = kai_key_bytes(digest, KAI_ID_LEN);

	return kai_check_read(run, KAI_TABLE_STATEMENTS, &key, &kai_object_statement, ret) &&
	       kai_receipt_open(ret->bytes, &run->arena, ret_opened) == KAI_FAULT_NONE;
}

static bool says(const struct kai_receipt *receipt, const uint8_t id[KAI_ID_LEN], uint64_t level)
{
	for (size_t i = 0; i < receipt->entries_count; i++) {
		if (kai_id_equal(receipt->entries[i].id, id) && receipt->entries[i].level == level)
			return true;
	}
	return false;
}

static void check_level(struct kai_check_run *run, struct kai_span key,
			const struct kai_reached *reached)
{
	struct kai_key at = kai_key_bytes(key.at, ARRIVAL_LEN);
	struct kai_receipt_opened opened;
	struct kai_statement statement;
	struct kai_item item;

	if (!reached->statement.is)
		return;
	if (!read_statement(run, reached->statement.id, &statement, &opened))
		kai_check_problem(run, key, "rests on a receipt that is missing or damaged");
	else if (kai_check_read(run, KAI_TABLE_ITEMS, &at, &kai_object_item, &item) &&
		 !says(&opened.receipt, item.id, reached->level))
		kai_check_problem(run, key, "rests on a receipt that does not say so");
}

void kai_check_receipt(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_receipt_rec rec;

	if (!kai_check_lengths(run, key, ARRIVAL_LEN + PEER_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_receipt_rec, &rec))
		return;
	kai_check_pair(run, key);
	for (size_t i = 0; i < rec.levels_count; i++) {
		if (i > 0 && rec.levels[i - 1].level >= rec.levels[i].level)
			kai_check_problem(run, key, "its levels are out of order");
		check_level(run, key, &rec.levels[i]);
	}
}

/* How many levels of its signer's rows rest on it. */
static uint64_t resting(struct kai_check_run *run, struct kai_span digest,
			const struct kai_statement *statement, const struct kai_receipt *receipt)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < receipt->entries_count; i++) {
		const struct kai_receipt_entry *entry = &receipt->entries[i];
		size_t mark = run->arena.used;
		const struct kai_reached *reached;
		struct kai_receipt_rec rec;
		struct kai_span value;

		if (!kai_txn_get(run->txn, KAI_TABLE_IDS, kai_span(entry->id, KAI_ID_LEN),
				 &value) ||
		    value.len != ARRIVAL_LEN)
			continue;
		struct kai_key key =
			kai_key_pair(kai_get_be64(value.at), (uint16_t)statement->peer);

		if (!kai_check_read(run, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &rec))
			continue;
		reached = kai_receipt_reached(&rec, entry->level);
		rows += reached != NULL && reached->statement.is &&
			kai_id_equal(reached->statement.id, digest.at);
		run->arena.used = mark;
	}
	return rows;
}

void kai_check_statement(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_receipt_opened opened;
	struct kai_statement statement;
	struct kai_peer peer;
	bool known;

	if (!kai_check_lengths(run, key, KAI_ID_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_statement, &statement))
		return;
	enum kai_fault fault = kai_receipt_open(statement.bytes, &run->arena, &opened);
	struct kai_key number = kai_key_peer((uint16_t)statement.peer);

	if (fault != KAI_FAULT_NONE) {
		kai_check_fault(run, key, "the receipt is not valid", fault);
		return;
	}
	if (!kai_id_equal(opened.digest, key.at))
		kai_check_problem(run, key, "its key is not its digest");
	if (!kai_check_read(run, KAI_TABLE_PEERS, &number, &kai_object_peer, &peer) ||
	    !kai_id_equal(peer.org, opened.receipt.org))
		kai_check_problem(run, key, "a receipt of another org");
	else if (!kai_check_signer(run, peer.org, opened.key, &known) && known)
		kai_check_problem(run, key, "its signing key stands in no card of its org");
	if (resting(run, key, &statement, &opened.receipt) != statement.rows)
		kai_check_problem(run, key, "not as many rows rest on it as it says");
}

void kai_check_owed(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_owed owed;

	if (!kai_check_lengths(run, key, PEER_LEN + 1 + ARRIVAL_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_owed, &owed))
		return;
	if (!kai_check_there(run, KAI_TABLE_PEERS, kai_span(key.at, PEER_LEN)))
		kai_check_problem(run, key, "owed to no peer");
	if (!kai_check_there(run, KAI_TABLE_ITEMS, kai_span(key.at + PEER_LEN + 1, ARRIVAL_LEN)))
		kai_check_problem(run, key, "owed of no item");
	if (key.at[PEER_LEN] >= KAI_OWED_LANES)
		kai_check_problem(run, key, "in no lane");
	if (!kai_check_bundle_there(run, (uint16_t)(key.at[0] << 8 | key.at[1]), owed.bundle))
		kai_check_problem(run, key, "told by a bundle that is not here");
}

bool kai_check_bundle_there(struct kai_check_run *run, uint16_t peer, uint64_t number)
{
	struct kai_key key = kai_key_bundle(peer, KAI_BUNDLE_OUT, number);

	return number == 0 || kai_check_there(run, KAI_TABLE_BUNDLES, kai_key_span(&key));
}

void kai_check_bundle(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_bundle_rec rec;

	if (!kai_check_lengths(run, key, PEER_LEN + 1 + ARRIVAL_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_bundle_rec, &rec))
		return;
	if (!kai_check_there(run, KAI_TABLE_PEERS, kai_span(key.at, PEER_LEN)))
		kai_check_problem(run, key, "a bundle of no peer");
	if (key.at[PEER_LEN] >= KAI_BUNDLE_WAYS)
		kai_check_problem(run, key, "neither written nor taken");
	if (kai_get_be64(key.at + PEER_LEN + 1) == 0)
		kai_check_problem(run, key, "a bundle without a number");
}
