/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few shapes that our pictures need, as SVG 1.1 text. Keeps nothing; the FILE is the caller's. Text
 * is escaped here.
 */
#ifndef KAIRAN_SIM_SVG_H
#define KAIRAN_SIM_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

void sim_svg_begin(FILE *to, double width, double height, const char *title);
void sim_svg_end(FILE *to);
void sim_svg_line(FILE *to, const double from[2], const double until[2], const char *colour,
		  double width);
void sim_svg_dot(FILE *to, const double at[2], double radius, const char *colour, const char *tip);
/* anchor: start, middle or end. */
void sim_svg_text(FILE *to, const double at[2], const char *anchor, double size, const char *text);

struct sim_svg_point {
	double x, y;
};

/* A curve over a logarithmic x with its points' values written beside them; y from 0, linear or logarithmic. */
struct sim_svg_chart {
	double left, top, width, height;
	const char *title, *x_name, *unit;
	bool log_y;
	const struct sim_svg_point *points; /* ascending x > 0 */
	size_t count;
};
void sim_svg_chart(FILE *to, const struct sim_svg_chart *chart);

#endif
