/* SPDX-License-Identifier: Apache-2.0 */
/* How the bench reckons, reads its command line and tells of a run. Nothing is timed. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "goals.h"
#include "report.h"

static const struct bench_part parts[] = {
	{"floors", "What the machine gives.", NULL},
	{"link", "A link.", NULL},
	{"sizes", "By size.", NULL},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* ---- reckoning */

static void test_median_and_spread(void **state)
{
	double odd[] = {5, 1, 4, 2, 3}, one[] = {7}, spread;

	(void)state;
	assert_true(bench_median(odd, 5, &spread) == 3);
	assert_true(spread == 1); /* quartiles 2 and 4 */
	assert_true(odd[0] == 1 && odd[4] == 5);
	assert_true(bench_median(one, 1, &spread) == 7);
	assert_true(spread == 0);
}

static void test_percentile(void **state)
{
	double values[100];

	(void)state;
	for (int i = 0; i < 100; i++)
		values[i] = i + 1;
	assert_true(bench_percentile(values, 100, 0) == 1);
	assert_true(bench_percentile(values, 100, 99) == 99);
	assert_true(bench_percentile(values, 100, 100) == 100);
	assert_true(bench_percentile(values, 1, 99) == 1);
}

/* ---- the command line */

static bool reads(int argc, const char *const *argv, struct bench_options *ret)
{
	union {
		const char *const *given;
		char *const *wanted;
	} args = {.given = argv};
	char why[BENCH_WHY];

	return bench_options_read(argc, args.wanted, parts, PARTS, ret, why);
}

static void test_options(void **state)
{
	const char *const none[] = {"kairan-bench"};
	const char *const some[] = {"kairan-bench", "sizes",   "--items", "5000",    "--json",
				    "--write",	    "page.md", "--from",  "run.json"};
	struct bench_options options;

	(void)state;
	assert_true(reads(1, none, &options));
	assert_true(options.parts[0] && options.parts[1] && options.parts[2]);
	assert_true(options.items == 10000 && !options.json && options.write == NULL);
	assert_true(reads(9, some, &options));
	assert_true(options.parts[0] && !options.parts[1] && options.parts[2]);
	assert_true(options.items == 5000 && options.json);
	assert_string_equal(options.write, "page.md");
	assert_int_equal(options.from_count, 1);
	assert_string_equal(options.from[0], "run.json");
}

static void test_options_refused(void **state)
{
	static const char *const wrong[][2] = {
		{"disks", NULL},      {"--items", NULL}, {"--items", "99"}, {"--items", "10000001"},
		{"--items", "1000x"}, {"--items", ""},	 {"--fast", "1"},   {"--write", NULL}};
	struct bench_options options;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *const argv[] = {"kairan-bench", wrong[i][0], wrong[i][1]};

		assert_false(reads(wrong[i][1] == NULL ? 2 : 3, argv, &options));
	}
}

static void test_options_explained(void **state)
{
	const char *const argv[] = {"kairan-bench", "disks"};
	union {
		const char *const *given;
		char *const *wanted;
	} args = {.given = argv};
	struct bench_options options;
	char why[BENCH_WHY];

	(void)state;
	assert_false(bench_options_read(2, args.wanted, parts, PARTS, &options, why));
	assert_non_null(strstr(why, "disks: not understood"));
	assert_non_null(strstr(why, "[floors|link|sizes]…"));
	assert_non_null(strstr(why, "--write PAGE.md"));
}

/* ---- what is told */

typedef void (*told_fn)(FILE *to, const json_t *run);

static char *told(told_fn tell, const json_t *run)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	tell(to, run);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void tell_page(FILE *to, const json_t *run)
{
	bench_report_page(to, run, parts, PARTS,
			  bench_report_has_plots(json_object_get(run, "rows")) ? "page.svg" : NULL);
}

static void tell_table(FILE *to, const json_t *run)
{
	bench_report_table(to, json_object_get(run, "rows"));
}

static void tell_plots(FILE *to, const json_t *run)
{
	bench_report_plots(to, json_object_get(run, "rows"));
}

static void add(json_t *rows, const char *part, const struct bench_figure *figure)
{
	assert_int_equal(json_array_append_new(rows, bench_row_make(part, figure, 10000)), 0);
}

static void add_point(json_t *rows, const char *curve, double at, double value)
{
	add(rows, "sizes", &(struct bench_figure){"a size", value, "items/s", 0, 0});
	json_t *row = json_array_get(rows, json_array_size(rows) - 1);

	assert_int_equal(json_object_set_new(row, "curve", json_string(curve)), 0);
	assert_int_equal(json_object_set_new(row, "at", json_real(at)), 0);
}

static json_t *run_of(json_t *rows)
{
	return json_pack("{s:s, s:o}", "machine", "a machine", "rows", rows);
}

/* The first goal of that bound, of which there is one. */
static const struct bench_goal *goal_of(enum bench_bound bound)
{
	size_t at = 0;

	while (bench_goals[at].bound != bound)
		at++;
	return &bench_goals[at];
}

static void test_page(void **state)
{
	const struct bench_goal *goal = goal_of(BENCH_AT_LEAST);
	json_t *rows = json_array(), *run = run_of(rows);

	(void)state;
	add(rows, goal->part,
	    &(struct bench_figure){goal->figure, goal->limit, "items/s", goal->limit / 2, 12.5});
	add(rows, "floors", &(struct bench_figure){"a | b", 1234567, "checks/s", 0, 0});
	char *page = told(tell_page, run), *again = told(tell_page, run);

	assert_string_equal(page, again);
	assert_non_null(strstr(page, "Machine: a machine."));
	assert_non_null(strstr(page, "| met |"));
	assert_non_null(strstr(page, "not measured in this run"));
	assert_non_null(strstr(page, "± 12.5"));
	assert_non_null(strstr(page, "| 2.00 |"));
	assert_non_null(strstr(page, "a \\| b | 1.2 M checks/s"));
	assert_non_null(strstr(page, "## link"));
	assert_null(strstr(page, "## sizes")); /* nothing was measured */
	assert_null(strstr(page, "page.svg"));
	free(page);
	free(again);
	json_decref(run);
}

static void test_page_missed(void **state)
{
	const struct bench_goal *goal = goal_of(BENCH_AT_LEAST);
	json_t *rows = json_array(), *run = run_of(rows);

	(void)state;
	add(rows, goal->part,
	    &(struct bench_figure){goal->figure, goal->limit - 1, "items/s", 0, 0});
	char *page = told(tell_page, run);

	assert_non_null(strstr(page, "**missed**"));
	assert_null(strstr(page, "| met |"));
	free(page);
	json_decref(run);
}

static void test_table(void **state)
{
	json_t *rows = json_array(), *run = run_of(rows);

	(void)state;
	add(rows, "floors", &(struct bench_figure){"syncs", 3, "ms", 1.5, 0.25});
	char *table = told(tell_table, run);

	assert_non_null(strstr(table, "syncs"));
	assert_non_null(strstr(table, "1.50   2.00       0.25"));
	free(table);
	json_decref(run);
}

static void test_plots(void **state)
{
	json_t *rows = json_array(), *run = run_of(rows);

	(void)state;
	add_point(rows, "ingest-size", 16, 400);
	assert_false(bench_report_has_plots(rows)); /* a point is no curve */
	add_point(rows, "ingest-size", 2, 800);
	add_point(rows, "of nobody", 2, 801);
	assert_true(bench_report_has_plots(rows));
	char *plots = told(tell_plots, run), *page = told(tell_page, run);

	/* By x, however they came; each point with its value; the whole closed. */
	assert_non_null(strstr(plots, ">800<"));
	assert_true(strstr(plots, ">800<") < strstr(plots, ">400<"));
	assert_null(strstr(plots, ">801<"));
	assert_non_null(strstr(plots, "</svg>"));
	assert_non_null(strstr(page, "![cost against size](page.svg)"));
	assert_non_null(strstr(page, "- **durable ingest**: "));
	free(plots);
	free(page);
	json_decref(run);
}

/* ---- a run that was kept */

static json_t *loads(const char *text)
{
	char path[] = "/tmp/kairan-unit-bench-XXXXXX", why[BENCH_WHY] = "";
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	json_t *run;

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	run = bench_run_load(path, why);
	assert_true((run == NULL) == (why[0] != '\0'));
	(void)remove(path);
	return run;
}

static void test_run_kept(void **state)
{
	json_t *rows = json_array(), *run = run_of(rows);

	(void)state;
	add(rows, "link", &(struct bench_figure){"rate", 3, "items/s", 6, 1});
	add_point(rows, "ingest-size", 2, 800);
	char *text = json_dumps(run, 0);
	json_t *loaded = loads(text);

	assert_true(loaded != NULL && json_equal(loaded, run));
	assert_non_null(bench_row_find(json_object_get(loaded, "rows"), "link", "rate"));
	assert_null(bench_row_find(json_object_get(loaded, "rows"), "link", "rates"));
	free(text);
	json_decref(loaded);
	json_decref(run);
}

static void test_runs_together(void **state)
{
	const struct bench_goal *goal = bench_goals;
	json_t *rows = json_array(), *run = run_of(rows);

	(void)state;
	while (goal->items == 0)
		goal++;
	for (long items = 100; items <= 1000000; items *= 100) {
		const struct bench_figure figure = {goal->figure, (double)items / 1e5, "ms", 0, 0};
		char *page;

		assert_int_equal(
			json_array_append_new(rows, bench_row_make(goal->part, &figure, items)), 0);
		page = told(tell_page, run);
		/* Judged by the run that has as many items as the goal asks for. */
		assert_true((strstr(page, "| met |") != NULL) == (items == goal->items));
		free(page);
	}
	assert_true(bench_report_has_plots(rows)); /* by the number of items */
	assert_true(json_number_value(json_object_get(
			    bench_row_find(rows, goal->part, goal->figure), "items")) == 1e6);
	json_decref(run);
}

static void test_run_spoilt(void **state)
{
	static const char *const spoilt[] = {
		"",
		"[]",
		"{\"machine\": \"m\"}",
		"{\"rows\": []}",
		"{\"machine\": \"m\", \"rows\": [1]}",
		"{\"machine\": \"m\", \"rows\": [{\"part\": \"link\"}]}",
		"{\"machine\": \"m\", \"rows\": [{\"part\": 1, \"name\": \"n\", \"value\": 1.0, "
		"\"unit\": "
		"\"u\", \"floor\": 0.0, \"ratio\": 0.0, \"spread\": 0.0, \"items\": 1.0}]}",
		"{\"machine\": \"m\", \"rows\": [{\"part\": \"p\", \"name\": \"n\", \"value\": "
		"1.0, "
		"\"unit\": \"u\", \"floor\": 0.0, \"ratio\": 0.0, \"spread\": 0.0, \"items\": 1.0, "
		"\"curve\": "
		"\"c\", "
		"\"at\": 0.0}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++)
		assert_null(loads(spoilt[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_median_and_spread),
		cmocka_unit_test(test_percentile),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_refused),
		cmocka_unit_test(test_options_explained),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_page_missed),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_plots),
		cmocka_unit_test(test_run_kept),
		cmocka_unit_test(test_run_spoilt),
		cmocka_unit_test(test_runs_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
