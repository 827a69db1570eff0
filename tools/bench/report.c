/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "report.h"

json_t *bench_row_make(const char *part, const struct bench_figure *figure, long items)
{
	double ratio = figure->floor > 0 ? figure->value / figure->floor : 0.0;

	return json_pack("{s:s, s:s, s:f, s:s, s:f, s:f, s:f, s:f}", "part", part, "name",
			 figure->name, "value", figure->value, "unit", figure->unit, "floor",
			 figure->floor, "ratio", ratio, "spread", figure->spread, "items",
			 (double)items);
}

const json_t *bench_row_find(const json_t *rows, const char *part, const char *name)
{
	const json_t *row, *found = NULL;
	size_t index;

	json_array_foreach (rows, index, row) {
		if (strcmp(json_string_value(json_object_get(row, "part")), part) != 0 ||
		    strcmp(json_string_value(json_object_get(row, "name")), name) != 0)
			continue;
		if (found == NULL || json_number_value(json_object_get(row, "items")) >
					     json_number_value(json_object_get(found, "items")))
			found = row;
	}
	return found;
}

static bool is_row(json_t *row)
{
	const char *part, *name, *unit, *curve = NULL, *note = NULL;
	double value, floor, ratio, spread, items, at = 1;

	return json_unpack(row, "{s:s, s:s, s:F, s:s, s:F, s:F, s:F, s:F, s?s, s?F, s?s}", "part",
			   &part, "name", &name, "value", &value, "unit", &unit, "floor", &floor,
			   "ratio", &ratio, "spread", &spread, "items", &items, "curve", &curve,
			   "at", &at, "note", &note) == 0 &&
	       at > 0 && items > 0;
}

json_t *bench_run_load(const char *path, char ret_why[BENCH_WHY])
{
	json_error_t error;
	json_t *run = json_load_file(path, 0, &error), *rows = json_object_get(run, "rows"), *row;
	bool whole = json_is_array(rows) && json_is_string(json_object_get(run, "machine"));
	size_t index;

	if (run == NULL) {
		(void)snprintf(ret_why, BENCH_WHY, "%.100s: line %d: %.150s", path, error.line,
			       error.text);
		return NULL;
	}
	json_array_foreach (rows, index, row)
		whole = whole && is_row(row);
	if (whole)
		return run;
	(void)snprintf(ret_why, BENCH_WHY, "%.200s: not what kairan-bench --json writes", path);
	json_decref(run);
	return NULL;
}

json_t *bench_runs_load(const char *const *paths, size_t count, char ret_why[BENCH_WHY])
{
	json_t *all = count > 0 ? bench_run_load(paths[0], ret_why) : NULL;

	for (size_t i = 1; all != NULL && i < count; i++) {
		json_t *next = bench_run_load(paths[i], ret_why);

		if (next != NULL && !json_equal(json_object_get(next, "machine"),
						json_object_get(all, "machine"))) {
			(void)snprintf(ret_why, BENCH_WHY, "%.200s: of another machine", paths[i]);
			json_decref(next);
			next = NULL;
		}
		if (next == NULL) {
			json_decref(all);
			return NULL;
		}
		(void)json_array_extend(json_object_get(all, "rows"),
					json_object_get(next, "rows"));
		json_decref(next);
	}
	return all;
}

void bench_report_table(FILE *to, const json_t *rows)
{
	const char *said = NULL; /* the last note: one is not repeated */
	const json_t *row;
	size_t index;

	(void)fprintf(to, "%-8s %-58s %12s %-12s %12s %6s %10s\n", "part", "figure", "value",
		      "unit", "floor", "ratio", "spread");
	json_array_foreach (rows, index, row) {
		double floor = json_number_value(json_object_get(row, "floor"));
		const char *note = json_string_value(json_object_get(row, "note"));

		(void)fprintf(to, "%-8s %-58s %12.2f %-12s ",
			      json_string_value(json_object_get(row, "part")),
			      json_string_value(json_object_get(row, "name")),
			      json_number_value(json_object_get(row, "value")),
			      json_string_value(json_object_get(row, "unit")));
		if (floor > 0)
			(void)fprintf(to, "%12.2f %6.2f", floor,
				      json_number_value(json_object_get(row, "ratio")));
		else
			(void)fprintf(to, "%12s %6s", "", "");
		(void)fprintf(to, " %10.2f\n", json_number_value(json_object_get(row, "spread")));
		if (note != NULL && (said == NULL || strcmp(said, note) != 0))
			(void)fprintf(to, "%-8s   %s\n", "", note);
		said = note;
	}
}
