/* SPDX-License-Identifier: Apache-2.0 */
/* What people would pick instead of Kairan: peers/run.py measures it, this takes its rows in and sets ours beside them. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

static bool take(struct bench *bench, json_t *row, double *io_best)
{
	const char *name, *unit, *note;
	double value, spread;
	int broker;

	if (json_unpack(row, "{s:s, s:F, s:s, s:F, s:s, s:b}", "name", &name, "value", &value,
			"unit", &unit, "spread", &spread, "note", &note, "broker", &broker) != 0)
		return false;
	bench_row(bench, "peers", &(struct bench_figure){name, value, unit, 0, spread});
	bench_note(bench, note);
	if (broker && value > *io_best)
		*io_best = value;
	return true;
}

static void beside(struct bench *bench, double best)
{
	double ours = bench_value(bench, "link",
				  "durable ingest, 2 KB, a signature each (floor: bare pipeline)");

	if (ours <= 0 || best <= 0)
		return; /* not measured in this run */
	bench_row(bench, "peers",
		  &(struct bench_figure){"durable ingest of Kairan (floor: the best broker)", ours,
					 "items/s", best, 0});
	bench_note(bench, "synced at both ends before it is acknowledged; each item signed and "
			  "checked; CURVE from end "
			  "to end, parts sealed for who may read them");
}

bool bench_peers(struct bench *bench)
{
	char scratch[KAI_PATH_SIZE + 16], output[KAI_PATH_SIZE + 16], items[32];
	const char *const argv[] = {BENCH_PEERS, scratch, items,
				    bench->install ? "--install" : NULL, NULL};
	json_t *rows, *row;
	double best = 0;
	size_t index;

	(void)snprintf(scratch, sizeof(scratch), "%s/peers", bench->dir);
	(void)snprintf(output, sizeof(output), "%s/peers.json", bench->dir);
	(void)snprintf(items, sizeof(items), "%ld", bench->items);
	bool ok = bench_run(argv, output, false) == 0;

	rows = ok ? json_load_file(output, 0, NULL) : NULL;
	ok = json_is_array(rows);
	json_array_foreach (rows, index, row)
		ok = ok && take(bench, row, &best);
	json_decref(rows);
	if (ok)
		beside(bench, best);
	else
		(void)fprintf(stderr, "kairan-bench: peers: %s printed no rows\n", BENCH_PEERS);
	return ok;
}
