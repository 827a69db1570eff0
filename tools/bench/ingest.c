/* SPDX-License-Identifier: Apache-2.0 */
/* Items published at one node while the other is away, and how the other takes them in when it is back. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

bool pair_ingest(struct pair *pair, long items, size_t len, struct pair_ingest *ret)
{
	long before = pair_count(pair, 'b'), target = before + items, seen = before;
	double first = 0, bytes, cpu_a, start;

	if (!pair_stop(pair, 'b'))
		return false;
	start = bench_now();
	if (!pair_publish(pair, items, len, PAIR_WINDOW))
		return false;
	ret->published = (double)items / (bench_now() - start);
	bytes = loopback_bytes();
	cpu_a = pair_cpu_seconds(pair, 'a');
	if (!pair_start(pair, 'b'))
		return false;
	for (double end = bench_now() + 120; seen < target && bench_now() < end;
	     bench_nap_us(2000)) {
		seen = pair_count(pair, 'b');
		if (first == 0 && seen > before) {
			first = bench_now();
			before = seen;
		}
	}
	if (seen < target) {
		(void)fprintf(stderr, "kairan-bench: only %ld of %ld items arrived\n", seen,
			      target);
		return false;
	}
	if (before == target) {
		(void)fprintf(stderr,
			      "kairan-bench: all %ld items came in one commit: give more with "
			      "--items\n",
			      items);
		return false;
	}
	ret->rate = (double)(target - before) / (bench_now() - first);
	ret->bytes = (loopback_bytes() - bytes) / (double)items;
	ret->cpu_a_us = (pair_cpu_seconds(pair, 'a') - cpu_a) * 1e6 / (double)items;
	ret->cpu_b_us = pair_cpu_seconds(pair, 'b') * 1e6 / (double)items;
	return true;
}
