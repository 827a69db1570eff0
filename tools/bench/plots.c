/* SPDX-License-Identifier: Apache-2.0 */
#include "plots.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "svg.h"

#define MOST_POINTS 32
#define COLUMNS 2
#define WIDTH 330.0
#define HEIGHT 170.0
#define ROOM 70.0

struct curve {
	const char *
		name; /* as rows name it; NULL: of figures of several runs, by their numbers of items */
	const char *part, *figure; /* which */
	const char *title, *x_name;
	bool log_y;
	const char *caption; /* what deviates, and why */
};

#define BY_INDEX                                                                                   \
	"A page is read by its index and its own records: it grows as the depth of the trees "     \
	"does."

static const struct curve curves[] = {
	{"ingest-size", NULL, NULL, "durable ingest", "KB of text", true,
	 "An item costs a check and its rows, and then its bytes: the rate falls slowly up to 2 KB "
	 "and with the size "
	 "beyond. Above 64 KB a part travels in chunks and under credit."},
	{"ingest-bytes", NULL, NULL, "durable ingest, bytes", "KB of text", true,
	 "The same runs in bytes: it rises with the size until the disk or the copies bound it."},
	{"fan-last", NULL, NULL, "one item until the last peer has it", "peers", false,
	 "A commit first, then a wrap and a send a peer; all receivers share the machine."},
	{NULL, "million", "list", "kairan list, first page", "items", false, BY_INDEX},
	{NULL, "million", "list --kind, few", "kairan list --kind, few match", "items", false,
	 BY_INDEX},
	{NULL, "million", "show", "kairan show", "items", false, BY_INDEX},
	{NULL, "million", "search, none", "full-text search that finds nothing", "items", true,
	 "Every part is opened and looked through, on all cores: it grows with the store."},
	{NULL, "million", "node start to first answer", "node start to first answer", "items",
	 false, "What a start has to read of the whole store grows with it."},
	{NULL, "million", "store on disk over the advisories' own bytes",
	 "disk over the advisories' own bytes", "items", false,
	 "Rows, indexes and pages that are not full, beside headers, signatures and ciphertext."},
};
#define CURVES (sizeof(curves) / sizeof(curves[0]))

static bool is_text(const json_t *row, const char *key, const char *text)
{
	const char *given = json_string_value(json_object_get(row, key));

	return given != NULL && strcmp(given, text) == 0;
}

static bool is_of(const json_t *row, const struct curve *curve)
{
	if (curve->name != NULL)
		return is_text(row, "curve", curve->name);
	return is_text(row, "part", curve->part) && is_text(row, "name", curve->figure);
}

/* Points of a curve by x, the unit with them; how many. */
static size_t points_of(const json_t *rows, const struct curve *curve,
			struct kai_svg_point ret[MOST_POINTS], const char **ret_unit)
{
	const json_t *row;
	size_t index, count = 0;

	json_array_foreach (rows, index, row) {
		const char *x = curve->name != NULL ? "at" : "items";
		struct kai_svg_point point = {json_number_value(json_object_get(row, x)),
					      json_number_value(json_object_get(row, "value"))};
		size_t at = count;

		if (!is_of(row, curve) || count == MOST_POINTS)
			continue;
		for (; at > 0 && ret[at - 1].x > point.x; at--)
			ret[at] = ret[at - 1];
		ret[at] = point;
		count++;
		*ret_unit = json_string_value(json_object_get(row, "unit"));
	}
	return count;
}

static size_t drawn(const json_t *rows)
{
	struct kai_svg_point points[MOST_POINTS];
	const char *unit;
	size_t count = 0;

	for (size_t i = 0; i < CURVES; i++)
		count += points_of(rows, &curves[i], points, &unit) >= 2;
	return count;
}

bool bench_report_has_plots(const json_t *rows)
{
	return drawn(rows) > 0;
}

void bench_report_plots(FILE *to, const json_t *rows)
{
	size_t lines = (drawn(rows) + COLUMNS - 1) / COLUMNS, at = 0;

	kai_svg_begin(to, COLUMNS * (WIDTH + ROOM) + 20, 60 + (double)lines * (HEIGHT + ROOM),
		      "How Kairan's cost grows");
	for (size_t i = 0; i < CURVES; i++) {
		struct kai_svg_point points[MOST_POINTS] = {{0, 0}};
		const char *unit = "";
		size_t count = points_of(rows, &curves[i], points, &unit);

		if (count < 2)
			continue;
		const size_t line = at / COLUMNS;
		const struct kai_svg_chart chart = {
			.left = 50 + (double)(at % COLUMNS) * (WIDTH + ROOM),
			.top = 50 + (double)line * (HEIGHT + ROOM),
			.width = WIDTH,
			.height = HEIGHT,
			.title = curves[i].title,
			.x_name = curves[i].x_name,
			.unit = unit,
			.log_y = curves[i].log_y && points[0].y > 0,
			.points = points,
			.count = count,
		};

		kai_svg_chart(to, &chart);
		at++;
	}
	kai_svg_end(to);
}

void bench_plots_captions(FILE *to, const json_t *rows)
{
	struct kai_svg_point points[MOST_POINTS];
	const char *unit;

	for (size_t i = 0; i < CURVES; i++)
		if (points_of(rows, &curves[i], points, &unit) >= 2)
			(void)fprintf(to, "- **%s**: %s\n", curves[i].title, curves[i].caption);
}
