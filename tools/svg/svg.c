/* SPDX-License-Identifier: Apache-2.0 */
#include "svg.h"

#include <math.h>

#define INK "#333333"
#define CURVE "#1f5fa8"
#define GRID "#dddddd"

static void escaped(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '<')
			(void)fputs("&lt;", to);
		else if (*text == '>')
			(void)fputs("&gt;", to);
		else if (*text == '&')
			(void)fputs("&amp;", to);
		else
			(void)fputc(*text, to);
	}
}

void kai_svg_begin(FILE *to, double width, double height, const char *title)
{
	(void)fprintf(to,
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		      "width=\"%.0f\" "
		      "height=\"%.0f\" font-family=\"sans-serif\">\n<rect width=\"100%%\" "
		      "height=\"100%%\" "
		      "fill=\"white\"/>\n<title>",
		      width, height, width, height);
	escaped(to, title);
	(void)fputs("</title>\n", to);
}

void kai_svg_end(FILE *to)
{
	(void)fputs("</svg>\n", to);
}

void kai_svg_line(FILE *to, const double from[2], const double until[2], const char *colour,
		  double width)
{
	(void)fprintf(to,
		      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
		      "stroke-width=\"%.1f\"/>\n",
		      from[0], from[1], until[0], until[1], colour, width);
}

void kai_svg_dot(FILE *to, const double at[2], double radius, const char *colour, const char *tip)
{
	(void)fprintf(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"><title>", at[0],
		      at[1], radius, colour);
	escaped(to, tip);
	(void)fputs("</title></circle>\n", to);
}

void kai_svg_text(FILE *to, const double at[2], const char *anchor, double size, const char *text)
{
	(void)fprintf(
		to,
		"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%.0f\" fill=\"" INK
		"\">",
		at[0], at[1], anchor, size);
	escaped(to, text);
	(void)fputs("</text>\n", to);
}

struct scale {
	double low, high;
	bool log;
};

static double place(const struct scale *scale, double value)
{
	double low = scale->log ? log(scale->low) : scale->low;
	double high = scale->log ? log(scale->high) : scale->high;
	double at = scale->log ? log(value) : value;

	return high > low ? (at - low) / (high - low) : 0.5;
}

static void number(double value, char ret[32])
{
	(void)snprintf(ret, 32, value >= 100 || value == floor(value) ? "%.0f" : "%.3g", value);
}

void kai_svg_chart(FILE *to, const struct kai_svg_chart *chart)
{
	struct scale x = {chart->points[0].x, chart->points[chart->count - 1].x, true};
	struct scale y = {0, 0, chart->log_y};
	double bottom = chart->top + chart->height, last[2] = {0, 0};
	double corner[2] = {chart->left, bottom};
	char text[96];

	for (size_t i = 0; i < chart->count; i++) {
		if (chart->points[i].y > y.high)
			y.high = chart->points[i].y;
		if (chart->log_y && (y.low <= 0 || chart->points[i].y < y.low))
			y.low = chart->points[i].y;
	}
	if (y.high <= y.low)
		y.high = y.low + 1;
	kai_svg_line(to, corner, (double[2]){chart->left + chart->width, bottom}, INK, 1);
	kai_svg_line(to, corner, (double[2]){chart->left, chart->top}, INK, 1);
	(void)snprintf(text, sizeof(text), "%.60s (%.20s)", chart->title, chart->unit);
	kai_svg_text(to, (double[2]){chart->left, chart->top - 24}, "start", 13, text);
	kai_svg_text(to, (double[2]){chart->left + chart->width, bottom + 30}, "end", 11,
		     chart->x_name);
	for (size_t i = 0; i < chart->count; i++) {
		double at[2] = {chart->left + place(&x, chart->points[i].x) * chart->width,
				bottom - place(&y, chart->points[i].y) * chart->height};

		kai_svg_line(to, (double[2]){at[0], bottom}, (double[2]){at[0], chart->top}, GRID,
			     0.5);
		if (i > 0)
			kai_svg_line(to, last, at, CURVE, 2);
		number(chart->points[i].x, text);
		kai_svg_text(to, (double[2]){at[0], bottom + 14}, "middle", 10, text);
		number(chart->points[i].y, text);
		kai_svg_dot(to, at, 3, CURVE, text);
		/* the first stands beside the axis, not on it */
		kai_svg_text(to, (double[2]){at[0] + (i == 0 ? 4 : 0), at[1] - 7},
			     i == 0 ? "start" : "middle", 10, text);
		last[0] = at[0];
		last[1] = at[1];
	}
}
