/* SPDX-License-Identifier: Apache-2.0 */
/* What the rooms of the records share. Private to node/store. */
#ifndef KAIRAN_STORE_RECORDS_PRIVATE_H
#define KAIRAN_STORE_RECORDS_PRIVATE_H

#include "kairan/records.h"
#include "port.h"

#define KAI_KEY_HASH 8			  /* bytes of a hash that stand in a key */
#define KAI_THREAD_KEY 16		  /* bytes of a thread's id */
#define KAI_ORG_KEY 8			  /* bytes of an org's id */
#define KAI_REC_WORK ((size_t)128 * 1024) /* one item with its header, decoded */

void kai_key_add_number(struct kai_key *key, uint64_t number);
void kai_key_add_hash(struct kai_key *key, struct kai_span text);

/* Into the writer's buffer, until the next put; empty after an error. */
struct kai_span kai_rec_encode(struct kai_txn *txn, const struct kai_object *object,
			       const void *record);
/* The writer's own room, for one function at a time. */
bool kai_rec_work(struct kai_txn *txn, struct kai_arena *ret);

/* What RECEIPTS and OWED say of an item, and the statements that only that rested on. Takes the room. */
void kai_rec_receipts_del(struct kai_txn *txn, uint64_t arrival);

/* The last arrival number in use; set head_dirty when it moves. */
uint64_t *kai_memo_head(struct kai_txn *txn);

/* The index entries of an item, ready to be put, deleted or looked for. */
#define KAI_MAX_INDEX (4 + KAI_MAX_SECTORS)
struct kai_index_entry {
	enum kai_table table;
	struct kai_key key;
};
size_t kai_index_of(const uint8_t id[KAI_ID_LEN], const struct kai_header *header, uint64_t arrival,
		    struct kai_index_entry ret[KAI_MAX_INDEX]);

#endif
