/* SPDX-License-Identifier: Apache-2.0 */
/* What the contract suite's files share: a store of either kind that a test owns, short words. */
#ifndef KAIRAN_TESTS_CONTRACT_H
#define KAIRAN_TESTS_CONTRACT_H

#include "../unit/test.h"

#include "kairan/records.h"

#define FIXTURE_ARENA ((size_t)1024 * 1024)

struct fixture {
	bool lmdb;
	char dir[64]; /* lmdb: removed by teardown */
	struct kai_store_options options;
	struct kai_store *store;
	struct kai_arena arena;
	uint64_t seed;
};

/* main's argument: "lmdb" or "memory" */
struct fixture fixture_of(int argc, char **argv);
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Closes the store and opens it again (lmdb), perhaps with other options. */
void fixture_reopen(struct fixture *fix);
struct kai_txn *begin(struct fixture *fix, bool write);
void commit(struct kai_txn *txn);
enum kai_err commit_err(struct kai_txn *txn);
void put(struct kai_txn *txn, enum kai_table table, const char *key, const char *value);
bool del(struct kai_txn *txn, enum kai_table table, const char *key);
/* The value, or NULL; lives until the next call. */
const char *get(struct kai_txn *txn, enum kai_table table, const char *key);
/* One key in a transaction of its own. */
void put_one(struct fixture *fix, const char *key, const char *value);
const char *get_one(struct fixture *fix, const char *key);

/* xorshift64*: the same sequence in every run. */
uint64_t draw(struct fixture *fix, uint64_t below);

#define CASE(function, fix)                                                                        \
	{                                                                                          \
#function, function, fixture_setup, fixture_teardown, (fix)                        \
	}

#endif
