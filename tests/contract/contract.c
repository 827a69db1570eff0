/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture fixture_of(int argc, char **argv)
{
	struct fixture fix = {.lmdb = argc > 1 && strcmp(argv[1], "lmdb") == 0};

	return fix;
}

static void open_store(struct fixture *fix)
{
	struct kai_why why = {""};
	enum kai_err err = fix->lmdb
				   ? kai_store_open_lmdb(fix->dir, &fix->options, &fix->store, &why)
				   : kai_store_open_memory(&fix->options, &fix->store);

	if (err != KAI_ERR_OK)
		fail_msg("%s", why.text);
}

int fixture_setup(void **state)
{
	struct fixture *fix = *state;

	fix->options = (struct kai_store_options){.read_only = false};
	fix->seed = 0x9e3779b97f4a7c15u;
	fix->arena = (struct kai_arena){.at = malloc(FIXTURE_ARENA), .cap = FIXTURE_ARENA};
	if (fix->arena.at == NULL)
		return -1;
	if (fix->lmdb) {
		(void)snprintf(fix->dir, sizeof(fix->dir), "/tmp/kairan-contract-XXXXXX");
		if (mkdtemp(fix->dir) == NULL)
			return -1;
	}
	open_store(fix);
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fix = *state;
	char path[128];

	kai_store_close(fix->store);
	fix->store = NULL;
	free(fix->arena.at);
	if (!fix->lmdb)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/data.mdb", fix->dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/lock.mdb", fix->dir);
	(void)unlink(path);
	return rmdir(fix->dir);
}

void fixture_reopen(struct fixture *fix)
{
	kai_store_close(fix->store);
	fix->store = NULL;
	open_store(fix);
}

struct kai_txn *begin(struct fixture *fix, bool write)
{
	struct kai_txn *txn = NULL;
	struct kai_why why = {""};

	if (kai_txn_begin(fix->store, write, &txn, &why) != KAI_ERR_OK)
		fail_msg("%s", why.text);
	return txn;
}

enum kai_err commit_err(struct kai_txn *txn)
{
	struct kai_why why = {""};
	enum kai_err err = kai_txn_commit(txn, &why);

	assert_true((err == KAI_ERR_OK) == (why.text[0] == '\0'));
	return err;
}

void commit(struct kai_txn *txn)
{
	assert_int_equal(commit_err(txn), KAI_ERR_OK);
}

void put(struct kai_txn *txn, enum kai_table table, const char *key, const char *value)
{
	kai_txn_put(txn, table, kai_span_str(key), kai_span_str(value));
}

bool del(struct kai_txn *txn, enum kai_table table, const char *key)
{
	return kai_txn_del(txn, table, kai_span_str(key));
}

const char *get(struct kai_txn *txn, enum kai_table table, const char *key)
{
	static char text[256];
	struct kai_span value;

	if (!kai_txn_get(txn, table, kai_span_str(key), &value))
		return NULL;
	assert_true(value.len < sizeof(text));
	if (value.len > 0)
		memcpy(text, value.at, value.len);
	text[value.len] = '\0';
	return text;
}

void put_one(struct fixture *fix, const char *key, const char *value)
{
	struct kai_txn *txn = begin(fix, true);

	put(txn, KAI_TABLE_SOURCES, key, value);
	commit(txn);
}

const char *get_one(struct fixture *fix, const char *key)
{
	struct kai_txn *txn = begin(fix, false);
	const char *text = get(txn, KAI_TABLE_SOURCES, key);

	kai_txn_abort(txn);
	return text;
}

uint64_t draw(struct fixture *fix, uint64_t below)
{
	fix->seed ^= fix->seed >> 12;
	fix->seed ^= fix->seed << 25;
	fix->seed ^= fix->seed >> 27;
	return (fix->seed * 0x2545f4914f6cdd1du >> 11) % below;
}
