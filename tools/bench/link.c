/* SPDX-License-Identifier: Apache-2.0 */
/* One CURVE link between two real nodes: how fast items become durable at the other end, how soon one does, what it costs. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_LEN 1900 /* makes an advisory of about 2 KB */
#define WINDOW 256
#define LATENCIES 200

/* Bytes that crossed loopback, TCP/IP headers included; 0 where the kernel does not tell. */
static double loopback_bytes(void)
{
	FILE *file = fopen("/proc/net/dev", "re");
	char line[512];
	double bytes = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		const char *at = strstr(line, "lo:");

		if (at != NULL)
			bytes = strtod(at + 3, NULL);
	}
	if (file != NULL)
		(void)fclose(file);
	return bytes;
}

static void nap(void)
{
	struct timespec time = {0, 2000000};

	(void)nanosleep(&time, NULL);
}

struct ingest_run {
	double rate;	 /* items per second at op-b */
	double bytes;	 /* per item on loopback */
	double cpu_a_us; /* processor time per item */
	double cpu_b_us;
};

/* Fills op-a while op-b is away, brings op-b back, and clocks its store from the first item to the last. */
static bool ingest_once(struct bench *bench, struct pair *pair, struct ingest_run *ret)
{
	long before = pair_count(pair, 'b'), target = before + bench->items, seen = before;
	double first = 0, bytes, cpu_a;

	if (!pair_stop(pair, 'b') || !pair_publish(pair, bench->items, TEXT_LEN, WINDOW))
		return false;
	bytes = loopback_bytes();
	cpu_a = pair_cpu_seconds(pair, 'a');
	if (!pair_start(pair, 'b'))
		return false;
	for (double end = bench_now() + 120; seen < target && bench_now() < end; nap()) {
		seen = pair_count(pair, 'b');
		if (first == 0 && seen > before) {
			first = bench_now();
			before = seen;
		}
	}
	if (seen < target) {
		(void)fprintf(stderr, "kairan-bench: link: only %ld of %ld items arrived\n", seen,
			      target);
		return false;
	}
	ret->rate = (double)(target - before) / (bench_now() - first);
	ret->bytes = (loopback_bytes() - bytes) / (double)bench->items;
	ret->cpu_a_us = (pair_cpu_seconds(pair, 'a') - cpu_a) * 1e6 / (double)bench->items;
	ret->cpu_b_us = pair_cpu_seconds(pair, 'b') * 1e6 / (double)bench->items;
	return true;
}

static bool ingest(struct bench *bench, struct pair *pair)
{
	double rates[BENCH_RUNS], bytes[BENCH_RUNS], cpu_a[BENCH_RUNS], cpu_b[BENCH_RUNS], spread,
		value;

	for (int i = 0; i < BENCH_RUNS; i++) {
		struct ingest_run run;

		if (!ingest_once(bench, pair, &run))
			return false;
		rates[i] = run.rate;
		bytes[i] = run.bytes;
		cpu_a[i] = run.cpu_a_us;
		cpu_b[i] = run.cpu_b_us;
		(void)fprintf(stderr, "kairan-bench: link: run %d of %d\n", i + 1, BENCH_RUNS);
	}
	value = bench_median(rates, BENCH_RUNS, &spread);
	bench_row(bench, "link",
		  &(struct bench_figure){"durable ingest, 2 KB, a signature each (floor: checks)",
					 value, "items/s", bench->verify_floor, spread});
	bench_row(bench, "link",
		  &(struct bench_figure){"durable ingest, 2 KB, a signature each (floor: commits)",
					 value, "items/s", bench->commit_floor, spread});
	value = bench_median(cpu_a, BENCH_RUNS, &spread);
	bench_row(
		bench, "link",
		&(struct bench_figure){"processor time per item, sender", value, "µs", 0, spread});
	value = bench_median(cpu_b, BENCH_RUNS, &spread);
	bench_row(bench, "link",
		  &(struct bench_figure){"processor time per item, receiver (floor: one check)",
					 value, "µs", 2e6 / bench->verify_floor, spread});
	value = bench_median(bytes, BENCH_RUNS, &spread);
	bench_row(bench, "link",
		  &(struct bench_figure){"bytes on the link per 2 KB item, TCP/IP included", value,
					 "bytes", 2048, spread});
	return true;
}

static void latency_rows(struct bench *bench, double *seconds, const char *median, const char *p99)
{
	double spread, middle = bench_median(seconds, LATENCIES, &spread);

	bench_row(bench, "link",
		  &(struct bench_figure){median, middle * 1000, "ms", 2 * bench->sync_floor_ms,
					 spread * 1000});
	bench_row(bench, "link",
		  &(struct bench_figure){p99, bench_percentile(seconds, LATENCIES, 99) * 1000, "ms",
					 2 * bench->sync_floor_ms, 0});
}

static bool latency(struct bench *bench, struct pair *pair)
{
	static double held[LATENCIES], known[LATENCIES];

	for (int i = 0; i < LATENCIES; i++) {
		if (!pair_stored_seconds(pair, TEXT_LEN, &held[i], &known[i])) {
			(void)fprintf(stderr,
				      "kairan-bench: link: an item was not stored at the peer\n");
			return false;
		}
	}
	latency_rows(bench, held, "publish → stored at the peer, median (floor: two commits)",
		     "publish → stored at the peer, p99");
	latency_rows(bench, known, "publish → the peer's answer on disk here, median",
		     "publish → the peer's answer on disk here, p99");
	return true;
}

bool bench_link(struct bench *bench)
{
	struct pair *pair = pair_up(bench);
	bool ok = pair != NULL && latency(bench, pair) && ingest(bench, pair);

	pair_down(pair);
	return ok;
}
