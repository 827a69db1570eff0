/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine gives at best: the figures that ours are held against. */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>
#include <sodium.h>

#define SECONDS 0.4
#define RECORD_LEN 2400 /* a 2 KB item with header, signature and indexes */
#define BATCH 512
#define BATCHES 16

struct verifier {
	uint8_t key[32], sig[64], message[64];
	long done;
};

static void *verify_for_a_while(void *context)
{
	struct verifier *verifier = context;
	double end = bench_now() + SECONDS;

	while (bench_now() < end)
		for (int i = 0; i < 64; i++)
			verifier->done += crypto_sign_verify_detached(
						  verifier->sig, verifier->message,
						  sizeof(verifier->message), verifier->key) == 0;
	return NULL;
}

static double verify_rate(int threads)
{
	struct verifier verifiers[64];
	pthread_t ids[64];
	uint8_t secret[64];
	long done = 0;

	memset(verifiers, 0, sizeof(verifiers));
	(void)crypto_sign_keypair(verifiers[0].key, secret);
	(void)crypto_sign_detached(verifiers[0].sig, NULL, verifiers[0].message,
				   sizeof(verifiers[0].message), secret);
	for (int i = 0; i < threads; i++) {
		verifiers[i] = verifiers[0];
		if (pthread_create(&ids[i], NULL, verify_for_a_while, &verifiers[i]) != 0)
			return 0;
	}
	for (int i = 0; i < threads; i++) {
		(void)pthread_join(ids[i], NULL);
		done += verifiers[i].done;
	}
	return (double)done / SECONDS;
}

/* Appends batches of records under one synced commit each; seconds per batch of `batch` records. */
static double commit_seconds(MDB_env *env, MDB_dbi dbi, uint64_t *io_next, int batch)
{
	static uint8_t record[RECORD_LEN];
	double start = bench_now();
	MDB_txn *txn;

	if (mdb_txn_begin(env, NULL, 0, &txn) != 0)
		return -1;
	for (int i = 0; i < batch; i++) {
		uint8_t key[8];
		MDB_val k = {sizeof(key), key}, v = {sizeof(record), record};

		kai_put_be64(key, (*io_next)++);
		randombytes_buf(record, 64);
		if (mdb_put(txn, dbi, &k, &v, MDB_APPEND) != 0) {
			mdb_txn_abort(txn);
			return -1;
		}
	}
	return mdb_txn_commit(txn) == 0 ? bench_now() - start : -1;
}

static MDB_env *open_env(struct bench *bench, MDB_dbi *ret_dbi)
{
	char path[KAI_PATH_SIZE + 16];
	MDB_env *env = NULL;
	MDB_txn *txn;

	(void)snprintf(path, sizeof(path), "%s/floor", bench->dir);
	if (mkdir(path, 0700) != 0 || mdb_env_create(&env) != 0)
		return NULL;
	if (mdb_env_set_mapsize(env, (size_t)8 << 30) != 0 ||
	    mdb_env_open(env, path, 0, 0600) != 0 || mdb_txn_begin(env, NULL, 0, &txn) != 0) {
		mdb_env_close(env);
		return NULL;
	}
	if (mdb_dbi_open(txn, NULL, 0, ret_dbi) != 0 || mdb_txn_commit(txn) != 0) {
		mdb_env_close(env);
		return NULL;
	}
	return env;
}

static bool commit_floors(struct bench *bench)
{
	double batches[BATCHES], singles[BATCHES], spread;
	uint64_t next = 0;
	MDB_dbi dbi;
	MDB_env *env = open_env(bench, &dbi);
	bool ok = env != NULL;

	for (int i = 0; ok && i < BATCHES; i++) {
		batches[i] = commit_seconds(env, dbi, &next, BATCH);
		singles[i] = commit_seconds(env, dbi, &next, 1);
		ok = batches[i] > 0 && singles[i] > 0;
	}
	if (env != NULL)
		mdb_env_close(env);
	if (!ok)
		return false;
	bench->commit_floor = BATCH / bench_median(batches, BATCHES, &spread);
	bench_row(bench, "floors",
		  &(struct bench_figure){"LMDB, synced commits of 512 records of 2.4 KB",
					 bench->commit_floor, "records/s", 0, 0});
	bench->sync_floor_ms = bench_median(singles, BATCHES, &spread) * 1000;
	bench_row(bench, "floors",
		  &(struct bench_figure){"LMDB, one synced commit of one record",
					 bench->sync_floor_ms, "ms", 0, spread * 1000});
	return true;
}

bool bench_floors(struct bench *bench)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int threads = cores < 1 ? 1 : cores > 64 ? 64 : (int)cores;
	char name[64];

	bench_row(bench, "floors",
		  &(struct bench_figure){"Ed25519 verify, one core", verify_rate(1), "checks/s", 0,
					 0});
	bench->verify_floor = verify_rate(threads);
	(void)snprintf(name, sizeof(name), "Ed25519 verify, %d cores", threads);
	bench_row(bench, "floors",
		  &(struct bench_figure){name, bench->verify_floor, "checks/s", 0, 0});
	if (!commit_floors(bench)) {
		(void)fprintf(stderr, "kairan-bench: floors: LMDB in %s failed\n", bench->dir);
		return false;
	}
	return true;
}
