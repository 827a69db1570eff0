/* SPDX-License-Identifier: Apache-2.0 */
/* How far others are with an item, the statements that say so, and how all of it goes again. */
#include "records_private.h"
#include "kairan/rec.h"

#include <string.h>

const struct kai_reached *kai_receipt_reached(const struct kai_receipt_rec *rec, uint64_t level)
{
	for (size_t i = 0; i < rec->levels_count; i++) {
		if (rec->levels[i].level == level)
			return &rec->levels[i];
	}
	return NULL;
}

uint64_t kai_receipt_highest(const struct kai_receipt_rec *rec)
{
	uint64_t highest = 0;

	for (size_t i = 0; i < rec->levels_count; i++) {
		if (rec->levels[i].level <= KAI_LEVEL_ACTION && rec->levels[i].level > highest)
			highest = rec->levels[i].level;
	}
	return highest;
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool read_statement(struct kai_txn *txn, const struct kai_key *key, struct kai_arena *arena,
			   struct kai_statement *ret)
{
	return kai_rec_get(txn, KAI_TABLE_STATEMENTS, key, &kai_object_statement, arena, ret);
}

void kai_rec_statement_hold(struct kai_txn *txn, const uint8_t digest[KAI_ID_LEN], uint16_t peer,
			    struct kai_span bytes)
{
	struct kai_key key = kai_key_bytes(digest, KAI_ID_LEN);
	struct kai_statement statement = {.peer = peer, .bytes = bytes};
	struct kai_arena arena;

	if (!kai_rec_work(txn, &arena))
		return;
	(void)read_statement(txn, &key, &arena, &statement);
	statement.rows++;
	kai_rec_put(txn, KAI_TABLE_STATEMENTS, &key, &kai_object_statement, &statement);
}

static void give_back(struct kai_txn *txn, const struct kai_statement *statement,
		      struct kai_arena *arena)
{
	struct kai_key key = kai_key_peer((uint16_t)statement->peer);
	uint64_t bytes = statement->bytes.len;
	struct kai_peer peer;

	if (!kai_rec_get(txn, KAI_TABLE_PEERS, &key, &kai_object_peer, arena, &peer))
		return;
	peer.stored_bytes -= bytes < peer.stored_bytes ? bytes : peer.stored_bytes;
	kai_rec_peer_put(txn, &peer);
}

void kai_rec_statement_drop(struct kai_txn *txn, const uint8_t digest[KAI_ID_LEN])
{
	struct kai_key key = kai_key_bytes(digest, KAI_ID_LEN);
	struct kai_statement statement;
	struct kai_arena arena;

	if (!kai_rec_work(txn, &arena) || !read_statement(txn, &key, &arena, &statement))
		return;
	if (statement.rows > 1) {
		statement.rows--;
		kai_rec_put(txn, KAI_TABLE_STATEMENTS, &key, &kai_object_statement, &statement);
		return;
	}
	(void)kai_txn_del(txn, KAI_TABLE_STATEMENTS, kai_key_span(&key));
	give_back(txn, &statement, &arena);
}

/* ---- going ----------------------------------------------------------------------------------- */

static void drop_statements(struct kai_txn *txn, const struct kai_key *key)
{
	uint8_t digests[5][KAI_ID_LEN];
	struct kai_receipt_rec rec;
	struct kai_arena arena;
	size_t count = 0;

	if (!kai_rec_work(txn, &arena) ||
	    !kai_rec_get(txn, KAI_TABLE_RECEIPTS, key, &kai_object_receipt_rec, &arena, &rec))
		return;
	for (size_t i = 0; i < rec.levels_count; i++) {
		if (rec.levels[i].statement.is)
			memcpy(digests[count++], rec.levels[i].statement.id, KAI_ID_LEN);
	}
	/* each takes the room for itself */
	for (size_t i = 0; i < count; i++)
		kai_rec_statement_drop(txn, digests[i]);
}

static void drop_owed(struct kai_txn *txn, struct kai_span pair)
{
	uint64_t arrival = kai_get_be64(pair.at);
	uint16_t peer = (uint16_t)(pair.at[8] << 8 | pair.at[9]);

	for (unsigned lane = 0; lane < KAI_OWED_LANES; lane++) {
		struct kai_key key = kai_key_owed(peer, (uint8_t)lane, arrival);

		(void)kai_txn_del(txn, KAI_TABLE_OWED, kai_key_span(&key));
	}
}

/* Something is owed only to who brought the item or has a row in RECEIPTS. */
void kai_rec_receipts_del(struct kai_txn *txn, uint64_t arrival)
{
	static const enum kai_table tables[] = {KAI_TABLE_SUPPLY, KAI_TABLE_RECEIPTS};
	struct kai_key prefix = kai_key_u64(arrival);

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct kai_scan scan;
		struct kai_span key;

		kai_scan_init(&scan, txn, tables[i], kai_key_span(&prefix), kai_span(NULL, 0),
			      false);
		while (kai_scan_next(&scan, &key, NULL) && key.len == prefix.len + 2) {
			struct kai_key pair = kai_key_bytes(key.at, key.len);

			drop_owed(txn, kai_key_span(&pair));
			if (tables[i] != KAI_TABLE_RECEIPTS)
				continue;
			drop_statements(txn, &pair);
			(void)kai_txn_del(txn, KAI_TABLE_RECEIPTS, kai_key_span(&pair));
		}
	}
}
