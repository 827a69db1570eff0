/* SPDX-License-Identifier: Apache-2.0 */
/* How long an alert takes while bulk goes over the same link as fast as it can. */
#include "bench.h"

#include <stdio.h>

#define TEXT_LEN 1900
#define ALERTS 100 /* fewer than an org may push to a peer in a minute: beyond, they are offered */
#define LEAST 20
#define PATIENCE 120 /* seconds */

/* Fills op-a while op-b is away, and tells when op-b takes it in. */
static bool bulk_flows(struct bench *bench, struct pair *pair)
{
	long before = pair_count(pair, 'b');

	if (!pair_stop(pair, 'b') || !pair_publish(pair, bench->items, TEXT_LEN, PAIR_WINDOW) ||
	    !pair_start(pair, 'b'))
		return false;
	for (double end = bench_now() + PATIENCE; bench_now() < end; bench_nap_us(2000))
		if (pair_count(pair, 'b') > before)
			return true;
	return false;
}

/* Alerts, until bulk is through or there are enough; the count, negative: failed. */
static int alerts_beside(struct pair *pair, double *seconds, int most)
{
	long target = pair_count(pair, 'a');
	int count = 0;
	double known;

	while (count < most) {
		if (!pair_stored_seconds(pair, TEXT_LEN, &seconds[count], &known))
			return -1;
		target++;
		if (pair_count(pair, 'b') >= target)
			break; /* this one came when bulk was over */
		count++;
	}
	for (double end = bench_now() + PATIENCE; pair_count(pair, 'b') < target;
	     bench_nap_us(10000))
		if (bench_now() > end)
			return -1;
	return count;
}

bool bench_alert(struct bench *bench)
{
	double seconds[ALERTS], spread, middle;
	struct pair *pair = pair_up(bench);
	bool ok = pair != NULL;
	int count = 0, runs = 0;

	for (; ok && runs < BENCH_RUNS && count < ALERTS; runs++) {
		ok = bulk_flows(bench, pair);
		int more = ok ? alerts_beside(pair, &seconds[count], ALERTS - count) : -1;

		ok = more >= 0;
		count += ok ? more : 0;
	}
	pair_down(pair);
	if (!ok || count < LEAST) {
		(void)fprintf(stderr,
			      "kairan-bench: alert: %d alerts went beside bulk, %d are needed\n",
			      count, LEAST);
		return false;
	}
	middle = bench_median(seconds, (size_t)count, &spread) * 1000;
	bench_row(bench, "alert",
		  &(struct bench_figure){
			  "alert → stored at the peer while bulk fills the link, median", middle,
			  "ms", bench->publish_floor_ms, spread * 1000});
	bench_row(
		bench, "alert",
		&(struct bench_figure){"alert → stored at the peer while bulk fills the link, p99",
				       bench_percentile(seconds, (size_t)count, 99) * 1000, "ms",
				       bench->publish_floor_ms, 0});
	return true;
}
