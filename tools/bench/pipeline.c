/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The honest ceiling of ingest: items come in over CURVE, one thread hashes them and checks their signatures, another
 * commits them in batches, each batch synced. No rule is asked, no label read, nobody answered, and the store has one
 * index. The sender shares the machine, as it does where two nodes are measured.
 */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lmdb.h>
#include <sodium.h>
#include <zmq.h>

#define ITEMS 10000
#define WAITING 4096 /* items checked and not yet committed */
#define MOST_A_COMMIT 1024
#define ID_LEN 32
#define HEADER_LEN 400 /* what of an item is read without its part; the rest is the part */

/* As it goes over the link. */
struct item {
	uint8_t sig[crypto_sign_BYTES];
	uint8_t key[crypto_sign_PUBLICKEYBYTES];
	uint8_t body[BENCH_ITEM_LEN - crypto_sign_BYTES - crypto_sign_PUBLICKEYBYTES];
};

struct checked {
	struct item item;
	uint8_t id[ID_LEN];
};

enum { HEADERS, PARTS, BY_ID, TABLES };

struct pipeline {
	struct bench_wire wire;
	const struct item *items; /* to send */
	MDB_env *env;
	MDB_dbi tables[TABLES];
	struct checked *ring; /* WAITING of them */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t checked, committed;
	bool failed;
};

static struct item *make_items(void)
{
	struct item *items = malloc(ITEMS * sizeof(*items));
	uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], id[ID_LEN];

	if (items == NULL)
		return NULL;
	(void)crypto_sign_keypair(key, secret);
	for (size_t i = 0; i < ITEMS; i++) {
		randombytes_buf(items[i].body, sizeof(items[i].body));
		memcpy(items[i].key, key, sizeof(key));
		(void)crypto_generichash(id, sizeof(id), items[i].body, sizeof(items[i].body), NULL,
					 0);
		(void)crypto_sign_detached(items[i].sig, NULL, id, sizeof(id), secret);
	}
	return items;
}

static void *send_items(void *context)
{
	struct pipeline *line = context;

	for (size_t i = 0; i < ITEMS; i++)
		if (zmq_send(line->wire.sockets[1], &line->items[i], sizeof(line->items[i]), 0) < 0)
			break; /* the receiver waits in vain and says so */
	return NULL;
}

static bool put_item(struct pipeline *line, MDB_txn *txn, uint64_t number)
{
	struct checked *item = &line->ring[number % WAITING];
	uint8_t *bytes = (uint8_t *)&item->item, key[8];
	MDB_val k = {sizeof(key), key}, id = {ID_LEN, item->id}, at = {sizeof(key), key},
		header = {HEADER_LEN, bytes},
		part = {sizeof(item->item) - HEADER_LEN, bytes + HEADER_LEN};

	kai_put_be64(key, number);
	return mdb_put(txn, line->tables[HEADERS], &k, &header, MDB_APPEND) == 0 &&
	       mdb_put(txn, line->tables[PARTS], &k, &part, MDB_APPEND) == 0 &&
	       mdb_put(txn, line->tables[BY_ID], &id, &at, MDB_NOOVERWRITE) == 0;
}

static bool commit_items(struct pipeline *line, uint64_t from, uint64_t until)
{
	MDB_txn *txn;

	if (mdb_txn_begin(line->env, NULL, 0, &txn) != 0)
		return false;
	for (uint64_t i = from; i < until; i++) {
		if (!put_item(line, txn, i)) {
			mdb_txn_abort(txn);
			return false;
		}
	}
	return mdb_txn_commit(txn) == 0;
}

static void *commit_all(void *context)
{
	struct pipeline *line = context;
	bool ok = true;

	(void)pthread_mutex_lock(&line->lock);
	while (ok && line->committed < ITEMS) {
		while (line->checked == line->committed && !line->failed)
			(void)pthread_cond_wait(&line->changed, &line->lock);
		uint64_t from = line->committed, until = line->checked;

		if (until - from > MOST_A_COMMIT)
			until = from + MOST_A_COMMIT;
		(void)pthread_mutex_unlock(&line->lock);
		ok = until > from && commit_items(line, from, until);
		(void)pthread_mutex_lock(&line->lock);
		line->committed = ok ? until : from;
		line->failed |= !ok;
		(void)pthread_cond_signal(&line->changed);
	}
	(void)pthread_mutex_unlock(&line->lock);
	return NULL;
}

static bool check_item(struct checked *checked)
{
	const struct item *item = &checked->item;

	(void)crypto_generichash(checked->id, ID_LEN, item->body, sizeof(item->body), NULL, 0);
	return crypto_sign_verify_detached(item->sig, checked->id, ID_LEN, item->key) == 0;
}

static double receive_all(struct pipeline *line)
{
	double first = 0;

	for (uint64_t i = 0; i < ITEMS; i++) {
		struct checked *slot = &line->ring[i % WAITING];

		(void)pthread_mutex_lock(&line->lock);
		while (i - line->committed >= WAITING && !line->failed)
			(void)pthread_cond_wait(&line->changed, &line->lock);
		(void)pthread_mutex_unlock(&line->lock);
		bool ok = zmq_recv(line->wire.sockets[0], &slot->item, sizeof(slot->item), 0) ==
			  (int)sizeof(slot->item);

		if (i == 0)
			first = bench_now();
		ok = ok && check_item(slot);
		(void)pthread_mutex_lock(&line->lock);
		line->failed |= !ok;
		line->checked = ok ? i + 1 : i;
		ok = !line->failed;
		(void)pthread_cond_signal(&line->changed);
		(void)pthread_mutex_unlock(&line->lock);
		if (!ok)
			break;
	}
	return first;
}

/* Items a second from the first that came to the last commit; 0: it failed. */
static double run_line(struct pipeline *line)
{
	pthread_t sender, committer;
	double first;

	if (pthread_create(&committer, NULL, commit_all, line) != 0)
		return 0;
	if (pthread_create(&sender, NULL, send_items, line) != 0) {
		(void)pthread_mutex_lock(&line->lock);
		line->failed = true;
		(void)pthread_cond_signal(&line->changed);
		(void)pthread_mutex_unlock(&line->lock);
		(void)pthread_join(committer, NULL);
		return 0;
	}
	first = receive_all(line);
	(void)pthread_join(committer, NULL);
	double seconds = bench_now() - first;

	(void)pthread_join(sender, NULL);
	return line->failed ? 0 : ITEMS / seconds;
}

static bool open_tables(struct pipeline *line)
{
	static const char *const names[TABLES] = {"headers", "parts", "by-id"};
	MDB_txn *txn;

	if (mdb_txn_begin(line->env, NULL, 0, &txn) != 0)
		return false;
	for (int i = 0; i < TABLES; i++) {
		if (mdb_dbi_open(txn, names[i], MDB_CREATE, &line->tables[i]) != 0) {
			mdb_txn_abort(txn);
			return false;
		}
	}
	return mdb_txn_commit(txn) == 0;
}

static double run_once(struct bench *bench, const struct item *items, int run)
{
	struct pipeline line = {.items = items, .lock = PTHREAD_MUTEX_INITIALIZER};
	char path[KAI_PATH_SIZE + 32];
	double rate = 0;

	(void)pthread_cond_init(&line.changed, NULL);
	(void)snprintf(path, sizeof(path), "%s/pipeline-%d", bench->dir, run);
	line.ring = malloc(WAITING * sizeof(*line.ring));
	if (line.ring != NULL && mkdir(path, 0700) == 0 && mdb_env_create(&line.env) == 0 &&
	    mdb_env_set_mapsize(line.env, (size_t)8 << 30) == 0 &&
	    mdb_env_set_maxdbs(line.env, TABLES) == 0 &&
	    mdb_env_open(line.env, path, 0, 0600) == 0 && open_tables(&line) &&
	    bench_wire_open(&line.wire)) {
		rate = run_line(&line);
		bench_wire_close(&line.wire);
	}
	if (line.env != NULL)
		mdb_env_close(line.env);
	(void)pthread_cond_destroy(&line.changed);
	free(line.ring);
	return rate;
}

bool bench_pipeline_floor(struct bench *bench)
{
	double rates[BENCH_RUNS], spread;
	struct item *items = make_items();
	bool ok = items != NULL;

	for (int i = 0; ok && i < BENCH_RUNS; i++) {
		rates[i] = run_once(bench, items, i);
		ok = rates[i] > 0;
	}
	free(items);
	if (!ok) {
		(void)fprintf(stderr, "kairan-bench: floors: the bare pipeline in %s failed\n",
			      bench->dir);
		return false;
	}
	bench->pipeline_floor = bench_median(rates, BENCH_RUNS, &spread);
	bench_row(bench, "floors",
		  &(struct bench_figure){"bare pipeline: CURVE in, check, commit, two threads",
					 bench->pipeline_floor, "items/s", 0, spread});
	return true;
}
