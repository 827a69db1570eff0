/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kairan-bench: figures beside the floors that this machine gives in the same run. Built, not installed. Parts are rows of
 * bench.c; each appends rows to a report. Real programs, real sockets, real disk: a pair of nodes made by `kairan lab`.
 * Timed figures belong here and never in tests. One thread but where a floor says otherwise.
 */
#ifndef KAIRAN_BENCH_H
#define KAIRAN_BENCH_H

#include <jansson.h>
#include <stdint.h>

#include "kairan/keys.h"
#include "kairan/store.h"

#define BENCH_RUNS 5

struct bench {
	char dir[KAI_PATH_SIZE];    /* scratch folder, removed at the end */
	char kairan[KAI_PATH_SIZE]; /* the program beside this one */
	long items;
	json_t *rows;
	double verify_floor;  /* signature checks per second on all cores, for ratios */
	double commit_floor;  /* durable records per second */
	double sync_floor_ms; /* one synced commit */
};

/* Seconds of the monotonic clock. */
double bench_now(void);
struct bench_figure {
	const char *name;
	double value;
	const char *unit;
	double floor;  /* 0: none */
	double spread; /* half the distance between the quartiles, in the value's unit */
};
void bench_row(struct bench *bench, const char *part, const struct bench_figure *figure);
/* Median of count values and half their inter-quartile distance; sorts them. */
double bench_median(double *values, size_t count, double *ret_spread);
double bench_percentile(const double *sorted, size_t count, double percent);

/* Parts: false after printing why. */
bool bench_floors(struct bench *bench);
bool bench_link(struct bench *bench);

/* pair.c: two nodes, op-a and op-b, joined. */
struct pair;
struct pair *pair_up(struct bench *bench);
void pair_down(struct pair *pair);
const char *pair_dir(const struct pair *pair, char node); /* 'a' or 'b' */
bool pair_stop(struct pair *pair, char node);
bool pair_start(struct pair *pair, char node);
/* Publishes count items of len bytes of text at op-a, `window` at a time unanswered. */
bool pair_publish(struct pair *pair, long count, size_t len, unsigned window);
/* Publishes one with urgency now: seconds until op-b has committed it, and until op-a has committed that op-b said so.
 * false: it did not happen in ten seconds. */
bool pair_stored_seconds(struct pair *pair, size_t len, double *ret_held, double *ret_known);
/* Processor seconds that a node's process has used since it started; negative: not running. */
double pair_cpu_seconds(const struct pair *pair, char node);
/* Items in a node's store, read while it runs; negative: failed. */
long pair_count(struct pair *pair, char node);

#endif
