/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few shapes that the pictures of our tools need, as SVG 1.1 text. Keeps nothing; the FILE is the caller's. Text
 * is escaped here.
 */
#ifndef KAIRAN_TOOLS_SVG_H
#define KAIRAN_TOOLS_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

void kai_svg_begin(FILE *to, double width, double height, const char *title);
void kai_svg_end(FILE *to);
void kai_svg_line(FILE *to, const double from[2], const double until[2], const char *colour,
		  double width);
void kai_svg_dot(FILE *to, const double at[2], double radius, const char *colour, const char *tip);
/* anchor: start, middle or end. */
void kai_svg_text(FILE *to, const double at[2], const char *anchor, double size, const char *text);

struct kai_svg_point {
	double x, y;
};

/* A curve over a logarithmic x with its points' values written beside them; y from 0, linear or logarithmic. */
struct kai_svg_chart {
	double left, top, width, height;
	const char *title, *x_name, *unit;
	bool log_y;
	const struct kai_svg_point *points; /* ascending x > 0 */
	size_t count;
};
void kai_svg_chart(FILE *to, const struct kai_svg_chart *chart);

#endif
