/* SPDX-License-Identifier: Apache-2.0 */
/* What an item's size does to ingest. */
#include "bench.h"

#include <stdio.h>

#define LEAST 80 /* more than one commit takes of any size */

/* Sizes as the issue of speed names them; less of what is large, so that a run stays short. */
static const struct {
	const char *name, *bytes_name;
	double kb; /* of the whole, about */
	size_t text_len;
	long divisor; /* of --items */
} sizes[] = {
	{"durable ingest, 0.5 KB", "durable ingest, 0.5 KB, bytes", 0.5, 400, 2},
	{"durable ingest, 2 KB", "durable ingest, 2 KB, bytes", 2, 1900, 2},
	{"durable ingest, 16 KB", "durable ingest, 16 KB, bytes", 16, 16000, 10},
	{"durable ingest, 256 KB", "durable ingest, 256 KB, bytes", 256, 256000, 100},
};

static bool one_size(struct bench *bench, struct pair *pair, size_t at)
{
	double rates[BENCH_RUNS], spread, value, mb = (double)sizes[at].text_len / 1e6;
	long items = bench->items / sizes[at].divisor;

	if (items < LEAST)
		items = LEAST;

	for (int i = 0; i < BENCH_RUNS; i++) {
		struct pair_ingest run;

		if (!pair_ingest(pair, items, sizes[at].text_len, &run))
			return false;
		rates[i] = run.rate;
	}
	value = bench_median(rates, BENCH_RUNS, &spread);
	bench_point(bench, "sizes",
		    &(struct bench_figure){sizes[at].name, value, "items/s", bench->pipeline_floor,
					   spread},
		    "ingest-size", sizes[at].kb);
	bench_point(
		bench, "sizes",
		&(struct bench_figure){sizes[at].bytes_name, value * mb, "MB/s", 0, spread * mb},
		"ingest-bytes", sizes[at].kb);
	return true;
}

bool bench_sizes(struct bench *bench)
{
	struct pair *pair = pair_up(bench);
	bool ok = pair != NULL;

	for (size_t i = 0; ok && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		(void)fprintf(stderr, "kairan-bench: sizes: %.1f KB\n", sizes[i].kb);
		ok = one_size(bench, pair, i);
	}
	pair_down(pair);
	return ok;
}
