/* SPDX-License-Identifier: Apache-2.0 */
/* One item to many peers. */
#include "crowd.h"

#include <stdio.h>

#define TEXT_LEN 1900
#define ITEMS 25 /* at each size: fewer in all than one origin may push to a peer in a minute */

static const struct {
	size_t peers;
	const char *name;
} sizes[] = {
	{1, "one item to 1 peer, until it has it"},
	{10, "one item to 10 peers, until the last one has it"},
	{50, "one item to 50 peers, until the last one has it"},
	{200, "one item to 200 peers, until the last one has it"},
};

static bool one_size(struct bench *bench, struct crowd *crowd, size_t at)
{
	double seconds[ITEMS], spread, middle;

	if (!crowd_grow(crowd, sizes[at].peers))
		return false;
	for (int i = 0; i < ITEMS; i++) {
		seconds[i] = crowd_spread(crowd, TEXT_LEN);
		if (seconds[i] < 0) {
			(void)fprintf(
				stderr,
				"kairan-bench: fan: an item did not come to all of %zu peers\n",
				sizes[at].peers);
			return false;
		}
		bench_nap_us(20000); /* what they said is taken in before the next one */
	}
	middle = bench_median(seconds, ITEMS, &spread) * 1000;
	bench_point(bench, "fan",
		    &(struct bench_figure){sizes[at].name, middle, "ms", bench->sync_floor_ms,
					   spread * 1000},
		    "fan-last", (double)sizes[at].peers);
	return true;
}

bool bench_fan(struct bench *bench)
{
	struct pair *pair = pair_up(bench);
	struct crowd *crowd = pair != NULL && pair_stop(pair, 'b') ? crowd_new(pair) : NULL;
	bool ok = crowd != NULL;

	for (size_t i = 0; ok && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		(void)fprintf(stderr, "kairan-bench: fan: %zu\n", sizes[i].peers);
		ok = one_size(bench, crowd, i);
	}
	crowd_free(crowd);
	pair_down(pair);
	return ok;
}
