/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's port: ordered tables of bytes under transactions. Two implementations under one
 * contract suite: LMDB (kai_store_open_lmdb) and memory (kai_store_open_memory). What lies in the
 * tables is records.h.
 *
 * One writer at a time, any number of readers that each see one moment. Errors inside a transaction
 * are sticky: the first one is kept, later calls do nothing (get and next say false), and commit
 * returns it. So the engine's step need not fail half-way. Spans that get and next return live
 * until the next write in that transaction or its end, and are not themselves the value of that
 * write. One thread per transaction.
 */
#ifndef KAIRAN_STORE_H
#define KAIRAN_STORE_H

#include "kairan/base.h"

#define KAI_STORE_SCHEMA 1
#define KAI_STORE_MAX_KEY 128

/* X(NAME, "lmdb name"); keys and values in records.h */
#define KAI_X_TABLE(X)                                                                             \
	X(META, "meta")                                                                            \
	X(ITEMS, "items")                                                                          \
	X(TOUCH, "touch")                                                                          \
	X(IDS, "ids")                                                                              \
	X(PARTS, "parts")                                                                          \
	X(BY_THREAD, "by-thread")                                                                  \
	X(BY_ORIGIN, "by-origin")                                                                  \
	X(BY_SECTOR, "by-sector")                                                                  \
	X(BY_KIND, "by-kind")                                                                      \
	X(BY_END, "by-end")                                                                        \
	X(SUPPLY, "supply")                                                                        \
	X(RELEASED, "released")                                                                    \
	X(EVIDENCE, "evidence")                                                                    \
	X(RECEIPTS, "receipts")                                                                    \
	X(STATEMENTS, "statements")                                                                \
	X(OWED, "owed")                                                                            \
	X(PENDING, "pending")                                                                      \
	X(STUBS, "stubs")                                                                          \
	X(PEERS, "peers")                                                                          \
	X(PEER_ORGS, "peer-orgs")                                                                  \
	X(BOOTS, "boots")                                                                          \
	X(CARDS, "cards")                                                                          \
	X(RECORDS, "node-records")                                                                 \
	X(AGREEMENTS, "agreements")                                                                \
	X(NOTICES, "notices")                                                                      \
	X(MEMBERS, "members")                                                                      \
	X(SOURCES, "sources")                                                                      \
	X(JOURNAL, "journal")                                                                      \
	X(TIMERS, "timers")                                                                        \
	X(DUTIES, "duties")                                                                        \
	X(DUTIES_OPEN, "duties-open")                                                              \
	X(OUTAGES, "outages")                                                                      \
	X(BUNDLES, "bundles")                                                                      \
	X(LADDERS, "ladders")                                                                      \
	X(LADDERS_OPEN, "ladders-open")                                                            \
	X(CALLS, "calls")                                                                          \
	X(DRILLS, "drills")

enum kai_table {
#define X(name, word) KAI_TABLE_##name,
	KAI_X_TABLE(X)
#undef X
		KAI_TABLE_END
};
const char *kai_table_name(enum kai_table table);

struct kai_store;
struct kai_txn;
struct kai_bytes_pool;

struct kai_store_options {
	bool read_only;
	uint64_t map_bytes;   /* LMDB map at first, 0: 1 TiB (costs address space only); doubles
				 when it is nearly full and no transaction is open */
	uint64_t quota_bytes; /* in use, 0: none; a commit that adds and passes it gives
				 KAI_ERR_FULL; what frees more than it adds still passes */
	struct kai_bytes_pool *pool; /* memory: shared with other stores, NULL: one of its own */
};

/*
 * dir exists; files data.mdb (0640) and lock.mdb (0660) in it. NEWER when the schema is newer,
 * NOTFOUND when there is nothing to read, CORRUPT, DENIED, NOMEM, IO; BUSY when another process (or
 * another store of this one) has it open for writing. Read-only opens go beside a writer.
 */
KAI_MUST_USE enum kai_err kai_store_open_lmdb(const char *dir,
					      const struct kai_store_options *options,
					      struct kai_store **ret, struct kai_why *why);
/* For one thread: all its transactions belong to that one, and those of stores that share its pool.
 * Readers keep their moment beside a writer. */
KAI_MUST_USE enum kai_err kai_store_open_memory(const struct kai_store_options *options,
						struct kai_store **ret);
/*
 * A drill's store: own holds what is practised; cards, node records, agreements, notices, memberships
 * and drills are live's, seen as they were when the transaction began, and to write there is DENIED.
 * Makes own the store of that realm and of live's org, and gives it live's peers with their aliases,
 * unless it is opened for reading only. INVALID: own belongs to another realm or org. own is closed
 * with the store, or by the caller when this fails; live is the caller's and outlives it.
 */
KAI_MUST_USE enum kai_err kai_store_open_drill(struct kai_store *live, struct kai_store *own,
					       const uint8_t realm[KAI_REALM_LEN],
					       struct kai_store **ret, struct kai_why *why);

/* Another store in memory with what this one held at its last commit, in the same pool. What the two
 * have in common costs nothing. INVALID: not a store in memory. NOMEM. */
KAI_MUST_USE enum kai_err kai_store_copy_memory(struct kai_store *store, struct kai_store **ret);

/*
 * Writes what was committed when it began to fd, a file or a pipe (SIGPIPE ignored): a data.mdb without
 * free pages. A writer, here or in another process, goes on beside it. Any thread. INVALID: not a store
 * on disk. CORRUPT, FULL, NOMEM, IO.
 */
KAI_MUST_USE enum kai_err kai_store_copy_lmdb(struct kai_store *store, int fd, struct kai_why *why);

/*
 * Bytes that lie in many stores in memory and once in a pool: ids, headers, parts and whatever else
 * is long and the same. Lives as long as a store in it, or until it is freed, whichever is later.
 */
KAI_MUST_USE enum kai_err kai_bytes_pool_new(struct kai_bytes_pool **ret);
void kai_bytes_pool_free(struct kai_bytes_pool *pool); /* NULL is fine */
struct kai_bytes_usage {
	uint64_t strings, string_bytes;	     /* distinct ones */
	uint64_t form_bytes;		     /* what rows have in common */
	uint64_t table_bytes[KAI_TABLE_END]; /* all stores' rows */
};
void kai_bytes_pool_usage(const struct kai_bytes_pool *pool, struct kai_bytes_usage *ret);

void kai_store_close(struct kai_store *store); /* NULL is fine; no transaction may be open */

/* Clears readers that died; returns how many. LMDB's reader table, 0 for memory. */
int kai_store_reap(struct kai_store *store);
/* Bytes in use and the limit, for status. */
void kai_store_usage(struct kai_store *store, uint64_t *ret_used, uint64_t *ret_limit);

/* BUSY: a write is under way in this process already. DENIED: to write in a read-only store. */
KAI_MUST_USE enum kai_err kai_txn_begin(struct kai_store *store, bool write, struct kai_txn **ret,
					struct kai_why *why);
/* Durable when it returns OK. The transaction is gone either way. FULL, IO, or the sticky error. */
KAI_MUST_USE enum kai_err kai_txn_commit(struct kai_txn *txn, struct kai_why *why);
void kai_txn_abort(struct kai_txn *txn); /* NULL is fine */
enum kai_err kai_txn_error(const struct kai_txn *txn);
/* Lets a caller above make its own trouble sticky (a record that does not decode: CORRUPT). */
void kai_txn_fail(struct kai_txn *txn, enum kai_err err);

/* true and *ret when there; false when not there, or after an error. key 1..KAI_STORE_MAX_KEY
 * bytes. */
bool kai_txn_get(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		 struct kai_span *ret);
void kai_txn_put(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		 struct kai_span value);
/* As put, for a key greater than every key of the table: LMDB packs pages full. Falls back to put
 * when it is not. */
void kai_txn_append(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		    struct kai_span value);
bool kai_txn_del(struct kai_txn *txn, enum kai_table table,
		 struct kai_span key); /* true when it was there */
uint64_t kai_txn_count(struct kai_txn *txn, enum kai_table table);

/*
 * Walks the keys that begin with prefix, from `from` (inclusive; empty: the end of the range that
 * the direction starts at; a whole key, prefix included). Survives puts and deletes in the same transaction: it goes on after the
 * last key it gave. Embedded, 256 bytes on the stack, nothing to release.
 */
struct kai_scan {
	struct kai_txn *txn;
	enum kai_table table;
	bool backward;
	bool started;
	uint8_t prefix_len;
	uint8_t at_len;
	uint8_t prefix[KAI_STORE_MAX_KEY];
	uint8_t at[KAI_STORE_MAX_KEY];
};
void kai_scan_init(struct kai_scan *scan, struct kai_txn *txn, enum kai_table table,
		   struct kai_span prefix, struct kai_span from, bool backward);
/* Either ret may be NULL. */
bool kai_scan_next(struct kai_scan *scan, struct kai_span *ret_key, struct kai_span *ret_value);

#endif
