/* SPDX-License-Identifier: Apache-2.0 */
/* The LMDB store's own state, shared by lmdb.c and lmdb_open.c. Private to node/store. */
#ifndef KAIRAN_STORE_LMDB_STORE_H
#define KAIRAN_STORE_LMDB_STORE_H

#include "port.h"

#include <lmdb.h>
#include <pthread.h>

struct lmdb_store {
	struct kai_store base;
	MDB_env *env;
	MDB_dbi tables[KAI_TABLE_END];
	int dir_fd; /* holds the writer's lock */
	uint32_t page_len;
	pthread_mutex_t mutex; /* over the two below and the size of the map */
	unsigned open_txns;
	bool grow; /* a transaction found the map full */
};

/* A cursor is ready while no write to its table came after it was placed. */
struct place {
	MDB_cursor *cursor;
	bool ready;
};

struct lmdb_txn {
	struct kai_txn base;
	MDB_txn *txn;
	struct place places[KAI_TABLE_END];
};

extern const struct kai_store_ops kai_lmdb_ops;
void kai_lmdb_close(struct kai_store *base);
enum kai_err kai_lmdb_err(int rc);
/* "store: what: sentence (LMDB's own words)" */
enum kai_err kai_lmdb_fail(struct kai_why *why, const char *what, int rc);

#endif
