/* SPDX-License-Identifier: Apache-2.0 */
/* The curves of a run: which there are, how each is drawn, and what its caption explains. */
#ifndef KAIRAN_BENCH_PLOTS_H
#define KAIRAN_BENCH_PLOTS_H

#include <jansson.h>
#include <stdio.h>

/* A line of text for each curve that is drawn. */
void bench_plots_captions(FILE *to, const json_t *rows);

#endif
