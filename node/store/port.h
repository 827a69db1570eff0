/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an implementation of the store gives, and what all of them share. store.h is the contract;
 * txn.c keeps the promises that are the same for everybody (sticky errors, key bounds, quota, one
 * writer), so that an implementation holds bytes and nothing else. Private to node/store.
 *
 * An implementation embeds struct kai_store and struct kai_txn as its first members.
 */
#ifndef KAIRAN_STORE_PORT_H
#define KAIRAN_STORE_PORT_H

#include <stdatomic.h>

#include "kairan/store.h"

/* Where a seek lands. FIRST and LAST ignore the key. */
enum kai_seek { KAI_SEEK_FIRST, KAI_SEEK_GE, KAI_SEEK_GT, KAI_SEEK_LAST, KAI_SEEK_LE, KAI_SEEK_LT };

/*
 * Callers have checked: no sticky error, a key of 1 to KAI_STORE_MAX_KEY bytes, writes in write
 * transactions only. Trouble goes into the transaction by kai_txn_fail.
 */
struct kai_store_ops {
	void (*close)(struct kai_store *store);
	int (*reap)(struct kai_store *store);
	void (*usage)(struct kai_store *store, uint64_t *ret_used, uint64_t *ret_limit);
	/* Sets the implementation's own fields; the shared ones are filled in by kai_txn_begin. */
	enum kai_err (*begin)(struct kai_store *store, bool write, struct kai_txn **ret,
			      struct kai_why *why);
	/* Both release the transaction. */
	enum kai_err (*commit)(struct kai_txn *txn, struct kai_why *why);
	void (*abort)(struct kai_txn *txn);
	/* Bytes in use as this transaction began; may round up as long as that stays below the
	 * store's quota by an eighth. */
	uint64_t (*used)(struct kai_txn *txn);

	bool (*get)(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		    struct kai_span *ret);
	void (*put)(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		    struct kai_span value);
	void (*append)(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		       struct kai_span value);
	/* *ret_len: length of the value that went. */
	bool (*del)(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		    size_t *ret_len);
	uint64_t (*count)(struct kai_txn *txn, enum kai_table table);
	bool (*seek)(struct kai_txn *txn, enum kai_table table, enum kai_seek how,
		     struct kai_span key, struct kai_span *ret_key, struct kai_span *ret_value);
};

struct kai_store {
	const struct kai_store_ops *ops;
	uint64_t quota; /* 0: none */
	bool read_only;
	atomic_bool writing; /* a write transaction is open */
	/* Of the one writer: the encoder's buffer and room to decode in. */
	uint8_t *buffer;
	size_t buffer_len;
	uint8_t *work;
};

/* The two counters that records keep in META; written there once, as the transaction commits. */
struct kai_memo {
	bool head_known;
	bool head_dirty;
	uint64_t head;
	bool journal_known;
	bool journal_dirty;
	uint64_t journal_number;
	uint8_t journal_hash[KAI_ID_LEN];
};

struct kai_txn {
	struct kai_store *store;
	bool write;
	bool exact; /* near the quota: count what is replaced too */
	enum kai_err err;
	uint64_t used;
	int64_t growth;
	struct kai_memo memo;
};

/* Writes the counters; kai_txn_commit calls it first (records.c). */
void kai_memo_flush(struct kai_txn *txn);

/* What an entry costs beside its key and value, roughly. */
#define KAI_ENTRY_OVERHEAD 16

#endif
