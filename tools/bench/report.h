/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run of the bench found and how it is told: a table, JSON, a page of documentation with every goal beside its
 * figure, and plots of how cost grows. Reads no clock and measures nothing. Rows are JSON objects {part, name, value,
 * unit, floor, ratio, spread, items} and, where there is one, {curve, at}, {note}; items is how many the run was asked for.
 * One thread.
 */
#ifndef KAIRAN_BENCH_REPORT_H
#define KAIRAN_BENCH_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct bench;

struct bench_part {
	const char *name;
	const char *about; /* a sentence for the page */
	bool (*run)(struct bench *bench);
};

struct bench_figure {
	const char *name;
	double value;
	const char *unit;
	double floor;  /* 0: none */
	double spread; /* half the distance between the quartiles, in the value's unit */
};

/* What the bench was asked for. */
#define BENCH_MAX_PARTS 32
#define BENCH_MAX_RUNS 8
struct bench_options {
	bool parts[BENCH_MAX_PARTS]; /* which to run */
	long items;
	bool json;
	bool install;			  /* parts may install Debian packages that they need */
	const char *from[BENCH_MAX_RUNS]; /* tell of these runs instead of making one */
	size_t from_count;
	const char *write; /* the page; its plots lie beside it, .svg for .md; NULL: none */
};
#define BENCH_WHY 512
/* false with a sentence for whoever typed it. */
bool bench_options_read(int argc, char *const *argv, const struct bench_part *parts, size_t count,
			struct bench_options *ret, char ret_why[BENCH_WHY]);

/* Of count ≥ 1 ascending values: the one that percent of them do not exceed. */
double bench_percentile(const double *sorted, size_t count, double percent);
/* Median of count values and half their inter-quartile distance; sorts them. */
double bench_median(double *values, size_t count, double *ret_spread);

/* The row of a figure, the caller's; NULL: no memory. */
json_t *bench_row_make(const char *part, const struct bench_figure *figure, long items);
/* Of several of that name the one with the most items; NULL: there is none. */
const json_t *bench_row_find(const json_t *rows, const char *part, const char *name);
/* A run that was kept: {machine, rows}, every row whole. NULL with a sentence. The caller's. */
json_t *bench_run_load(const char *path, char ret_why[BENCH_WHY]);
/* Several as one, which keeps the first one's machine. NULL with a sentence: also where the machines differ. */
json_t *bench_runs_load(const char *const *paths, size_t count, char ret_why[BENCH_WHY]);

void bench_report_table(FILE *to, const json_t *rows);
/* The page; plots is the name of the picture beside it, NULL: there is none. */
void bench_report_page(FILE *to, const json_t *run, const struct bench_part *parts, size_t count,
		       const char *plots);
/* Whether some curve has two points or more. */
bool bench_report_has_plots(const json_t *rows);
void bench_report_plots(FILE *to, const json_t *rows);

#endif
