/* SPDX-License-Identifier: Apache-2.0 */
/* One CURVE link between two real nodes: how fast items become durable at the other end, how soon one does, what it costs. */
#include "bench.h"

#include <stdio.h>

#define TEXT_LEN 1900 /* makes an advisory of about 2 KB */
#define LATENCIES 200

static void ingest_rows(struct bench *bench, double rates[BENCH_RUNS])
{
	const struct {
		const char *name;
		double floor;
	} floors[] = {
		{"durable ingest, 2 KB, a signature each (floor: checks)", bench->verify_floor},
		{"durable ingest, 2 KB, a signature each (floor: commits)", bench->commit_floor},
		{"durable ingest, 2 KB, a signature each (floor: bare pipeline)",
		 bench->pipeline_floor},
	};
	double spread, value = bench_median(rates, BENCH_RUNS, &spread);

	for (size_t i = 0; i < sizeof(floors) / sizeof(floors[0]); i++)
		bench_row(bench, "link",
			  &(struct bench_figure){floors[i].name, value, "items/s", floors[i].floor,
						 spread});
}

static void median_row(struct bench *bench, double values[BENCH_RUNS], const char *name,
		       const char *unit, double floor)
{
	double spread, value = bench_median(values, BENCH_RUNS, &spread);

	bench_row(bench, "link", &(struct bench_figure){name, value, unit, floor, spread});
}

static bool ingest(struct bench *bench, struct pair *pair)
{
	double rates[BENCH_RUNS], bytes[BENCH_RUNS], cpu_a[BENCH_RUNS], cpu_b[BENCH_RUNS],
		published[BENCH_RUNS];

	for (int i = 0; i < BENCH_RUNS; i++) {
		struct pair_ingest run;

		if (!pair_ingest(pair, bench->items, TEXT_LEN, &run))
			return false;
		rates[i] = run.rate;
		bytes[i] = run.bytes;
		cpu_a[i] = run.cpu_a_us;
		cpu_b[i] = run.cpu_b_us;
		published[i] = run.published;
		(void)fprintf(stderr, "kairan-bench: link: run %d of %d\n", i + 1, BENCH_RUNS);
	}
	ingest_rows(bench, rates);
	median_row(bench, cpu_a, "processor time per item, sender", "µs", 0);
	median_row(bench, cpu_b, "processor time per item, receiver (floor: one check)", "µs",
		   2e6 / bench->verify_floor);
	median_row(bench, bytes, "bytes on the link per 2 KB item, TCP/IP included", "bytes", 2048);
	median_row(bench, bytes, "bytes on the link per 2 KB item (floor: the advisory's own)",
		   "bytes", pair_item_bytes(pair));
	median_row(
		bench, published, "publishing own items, 2 KB, over the control socket", "items/s",
		bench->sign_floor < bench->commit_floor ? bench->sign_floor : bench->commit_floor);
	bench_note(bench, "peer away; the floor is the lower of signatures and commits");
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

/* The same against what it is made of. */
static void more_rows(struct bench *bench, double *seconds)
{
	double spread, middle = bench_median(seconds, LATENCIES, &spread);

	bench_row(bench, "link",
		  &(struct bench_figure){"publish → stored at the peer, median (floor: all steps)",
					 middle * 1000, "ms", bench->publish_floor_ms,
					 spread * 1000});
	bench_row(bench, "link",
		  &(struct bench_figure){"publish → stored at the peer, p99 (floor: the median)",
					 bench_percentile(seconds, LATENCIES, 99) * 1000, "ms",
					 middle * 1000, 0});
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
	more_rows(bench, held);
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
