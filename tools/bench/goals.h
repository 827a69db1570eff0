/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the figures are to reach. A table; page.c prints it, the tests ask that every row that a part makes is named as the
 * part names it. Constant.
 */
#ifndef KAIRAN_BENCH_GOALS_H
#define KAIRAN_BENCH_GOALS_H

#include <stddef.h>

enum bench_bound {
	BENCH_AT_LEAST,	      /* the value */
	BENCH_AT_MOST,	      /* the value */
	BENCH_RATIO_AT_LEAST, /* the ratio to its floor */
	BENCH_RATIO_AT_MOST,
	BENCH_ELSEWHERE /* another program shows it: figure is its command */
};

struct bench_goal {
	const char *what;
	const char *part;
	const char *figure; /* the row's name */
	enum bench_bound bound;
	double limit;
	const char *unit; /* of the limit; "": times the floor */
	long items;	  /* judged where the run had as many; 0: however many */
};

extern const struct bench_goal bench_goals[];
extern const size_t bench_goal_count;

#endif
