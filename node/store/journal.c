/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: append-only, each entry carrying the hash of the one before it. */
#include "records_private.h"

#include <string.h>

#include "kairan/crypto.h"
#include "kairan/rec.h"

static void load_head(struct kai_txn *txn)
{
	struct kai_memo *memo = &txn->memo;
	struct kai_journal_chain head;

	if (memo->journal_known)
		return;
	memo->journal_known = true;
	if (!kai_journal_head(txn, &head)) {
		kai_txn_fail(txn, KAI_ERR_CORRUPT);
		return;
	}
	memo->journal_number = head.number;
	memcpy(memo->journal_hash, head.hash, KAI_ID_LEN);
}

void kai_journal_append(struct kai_txn *txn, struct kai_journal *entry)
{
	struct kai_memo *memo = &txn->memo;
	struct kai_span bytes;
	struct kai_key key;

	load_head(txn);
	memcpy(entry->previous, memo->journal_hash, KAI_ID_LEN);
	bytes = kai_rec_encode(txn, &kai_object_journal, entry);
	key = kai_key_u64(++memo->journal_number);
	kai_hash(KAI_CTX_JOURNAL, kai_realm_live, bytes, memo->journal_hash);
	memo->journal_dirty = true;
	kai_txn_append(txn, KAI_TABLE_JOURNAL, kai_key_span(&key), bytes);
}

void kai_journal_newest(struct kai_txn *txn, uint8_t ret[KAI_ID_LEN])
{
	load_head(txn);
	memcpy(ret, txn->memo.journal_hash, KAI_ID_LEN);
}

enum kai_journal_break kai_journal_follow(struct kai_journal_chain *chain, uint64_t number,
					  struct kai_span bytes, struct kai_arena *arena,
					  struct kai_journal *ret)
{
	bool next = number == chain->number + 1;
	bool decoded = kai_object_decode(&kai_object_journal, bytes, arena, ret) == KAI_FAULT_NONE;
	bool follows = decoded && kai_id_equal(ret->previous, chain->hash);

	chain->number = number;
	kai_hash(KAI_CTX_JOURNAL, kai_realm_live, bytes, chain->hash);
	if (!next)
		return KAI_JOURNAL_GAP;
	if (!decoded)
		return KAI_JOURNAL_UNREADABLE;
	return follows ? KAI_JOURNAL_WHOLE : KAI_JOURNAL_CHANGED;
}

bool kai_journal_head(struct kai_txn *txn, struct kai_journal_chain *ret)
{
	struct kai_key key = kai_key_word(KAI_META_JOURNAL);
	struct kai_span value;

	*ret = (struct kai_journal_chain){.number = 0};
	if (!kai_txn_get(txn, KAI_TABLE_META, kai_key_span(&key), &value))
		return true;
	if (value.len != 8 + KAI_ID_LEN)
		return false;
	ret->number = kai_get_be64(value.at);
	memcpy(ret->hash, value.at + 8, KAI_ID_LEN);
	return true;
}
