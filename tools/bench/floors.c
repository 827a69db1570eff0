/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine gives at best: the figures that ours are held against. */
#include "bench.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>
#include <sodium.h>

#define SECONDS 0.2 /* of each of five runs */
#define BATCH 512
#define BATCHES 16
#define SYNCS 200
#define SYNC_LEN 4096
#define COPY_LEN ((size_t)64 << 20) /* more than any cache */
#define MOST_THREADS 64

struct signer {
	uint8_t key[32], secret[64], sig[64], message[64];
	bool signs; /* or checks */
	long done;
};

static void *sign_for_a_while(void *context)
{
	struct signer *signer = context;
	double end = bench_now() + SECONDS;

	while (bench_now() < end) {
		for (int i = 0; i < 16; i++) {
			int failed =
				signer->signs
					? crypto_sign_detached(signer->sig, NULL, signer->message,
							       sizeof(signer->message),
							       signer->secret)
					: crypto_sign_verify_detached(signer->sig, signer->message,
								      sizeof(signer->message),
								      signer->key);

			signer->done += failed == 0;
		}
	}
	return NULL;
}

static double rate_once(int threads, bool signs)
{
	struct signer signers[MOST_THREADS];
	pthread_t ids[MOST_THREADS];
	long done = 0;
	int started = 0;

	memset(signers, 0, sizeof(signers));
	(void)crypto_sign_keypair(signers[0].key, signers[0].secret);
	(void)crypto_sign_detached(signers[0].sig, NULL, signers[0].message,
				   sizeof(signers[0].message), signers[0].secret);
	signers[0].signs = signs;
	for (; started < threads; started++) {
		signers[started] = signers[0];
		signers[started].done = 0;
		if (pthread_create(&ids[started], NULL, sign_for_a_while, &signers[started]) != 0)
			break;
	}
	for (int i = 0; i < started; i++) {
		(void)pthread_join(ids[i], NULL);
		done += signers[i].done;
	}
	return (double)done / SECONDS;
}

static double rate_row(struct bench *bench, int threads, bool signs)
{
	double rates[BENCH_RUNS], spread, value;
	char name[64], cores[32];

	for (int i = 0; i < BENCH_RUNS; i++)
		rates[i] = rate_once(threads, signs);
	value = bench_median(rates, BENCH_RUNS, &spread);
	(void)snprintf(cores, sizeof(cores), threads == 1 ? "one core" : "%d cores", threads);
	(void)snprintf(name, sizeof(name), "Ed25519 %s, %s", signs ? "sign" : "verify", cores);
	bench_row(bench, "floors",
		  &(struct bench_figure){name, value, signs ? "signatures/s" : "checks/s", 0,
					 spread});
	return value;
}

/* Appends batches of records under one synced commit each; seconds per batch of `batch` records. */
static double commit_seconds(MDB_env *env, MDB_dbi dbi, uint64_t *io_next, int batch)
{
	static uint8_t record[BENCH_ITEM_LEN];
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
	double batches[BATCHES], singles[BATCHES], spread, rate;
	uint64_t next = 0;
	MDB_dbi dbi;
	MDB_env *env = open_env(bench, &dbi);
	bool ok = env != NULL;

	for (int i = 0; ok && i < BATCHES; i++) {
		batches[i] = commit_seconds(env, dbi, &next, BATCH);
		singles[i] = commit_seconds(env, dbi, &next, 1);
		ok = batches[i] > 0 && singles[i] > 0;
		batches[i] = BATCH / batches[i];
	}
	if (env != NULL)
		mdb_env_close(env);
	if (!ok) {
		(void)fprintf(stderr, "kairan-bench: floors: LMDB in %s failed\n", bench->dir);
		return false;
	}
	rate = bench->commit_floor = bench_median(batches, BATCHES, &spread);
	bench_row(bench, "floors",
		  &(struct bench_figure){"LMDB, synced commits of 512 records of 2.4 KB", rate,
					 "records/s", 0, spread});
	bench->sync_floor_ms = bench_median(singles, BATCHES, &spread) * 1000;
	bench_row(bench, "floors",
		  &(struct bench_figure){"LMDB, one synced commit of one record",
					 bench->sync_floor_ms, "ms", 0, spread * 1000});
	return true;
}

static bool sync_floor(struct bench *bench)
{
	static const uint8_t page[SYNC_LEN] = {1};
	double seconds[SYNCS], spread, value;
	char path[KAI_PATH_SIZE + 16];
	bool ok = true;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/synced", bench->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	for (int i = 0; fd >= 0 && ok && i < SYNCS; i++) {
		double start = bench_now();

		ok = pwrite(fd, page, sizeof(page), 0) == (ssize_t)sizeof(page) &&
		     fdatasync(fd) == 0;
		seconds[i] = bench_now() - start;
	}
	if (fd >= 0)
		(void)close(fd);
	if (fd < 0 || !ok) {
		(void)fprintf(stderr, "kairan-bench: floors: %s cannot be written and synced\n",
			      path);
		return false;
	}
	value = bench_median(seconds, SYNCS, &spread) * 1000;
	bench_row(bench, "floors",
		  &(struct bench_figure){"fdatasync of one page written again", value, "ms", 0,
					 spread * 1000});
	return true;
}

static bool copy_floor(struct bench *bench)
{
	uint8_t *from = malloc(COPY_LEN), *to = malloc(COPY_LEN);
	double rates[BENCH_RUNS], spread, value;
	bool ok = from != NULL && to != NULL;

	if (ok) {
		memset(from, 1, COPY_LEN);
		memset(to, 2, COPY_LEN);
		for (int i = 0; i < BENCH_RUNS; i++) {
			double start = bench_now();

			from[i] = (uint8_t)i;
			memcpy(to, from, COPY_LEN);
			rates[i] = (double)COPY_LEN / (bench_now() - start) / 1e9 *
				   (to[i] == (uint8_t)i);
		}
		value = bench_median(rates, BENCH_RUNS, &spread);
		bench_row(bench, "floors",
			  &(struct bench_figure){"memcpy of 64 MB, one core", value, "GB/s", 0,
						 spread});
	} else {
		(void)fprintf(stderr, "kairan-bench: floors: no memory\n");
	}
	free(from);
	free(to);
	return ok;
}

bool bench_floors(struct bench *bench)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int threads = cores < 1 ? 1 : cores > MOST_THREADS ? MOST_THREADS : (int)cores;
	double sign = rate_row(bench, 1, true), verify = rate_row(bench, 1, false);

	bench->sign_floor = rate_row(bench, threads, true);
	bench->verify_floor = rate_row(bench, threads, false);
	if (!copy_floor(bench) || !sync_floor(bench) || !commit_floors(bench) ||
	    !bench_wire_floors(bench) || !bench_pipeline_floor(bench))
		return false;
	bench->publish_floor_ms =
		2 * bench->sync_floor_ms + bench->round_ms / 2 + 1000 / sign + 1000 / verify;
	bench_row(bench, "floors",
		  &(struct bench_figure){"sign, commit, one way, check, commit: the sum",
					 bench->publish_floor_ms, "ms", 0, 0});
	return true;
}
