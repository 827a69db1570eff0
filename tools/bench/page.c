/* SPDX-License-Identifier: Apache-2.0 */
/* A run as a page of documentation: it holds no date, so that the same run gives the same page. */
#include <string.h>

#include "goals.h"
#include "plots.h"
#include "report.h"

#define PROGRAM "build/tools/bench/kairan-bench"
#define NUMBER 32

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL ? text : "";
}

static double number_of(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

/* Three figures that matter, thousands apart. */
static const char *number(double value, char ret[NUMBER])
{
	if (value >= 999999.5)
		(void)snprintf(ret, NUMBER, "%.1f M", value / 1e6);
	else if (value >= 999.5)
		(void)snprintf(ret, NUMBER, "%d,%03d", (int)(value + 0.5) / 1000,
			       (int)(value + 0.5) % 1000);
	else
		(void)snprintf(ret, NUMBER, "%.*f",
			       value >= 99.95	? 0
			       : value >= 9.995 ? 1
						: 2,
			       value);
	return ret;
}

/* A cell: what would end it is written otherwise. */
static void cell(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			(void)fputc('\\', to);
		(void)fputc(*text == '\n' ? ' ' : *text, to);
	}
}

/* ---- goals */

static void print_limit(FILE *to, const struct bench_goal *goal)
{
	static const char *const signs[] = {
		[BENCH_AT_LEAST] = "≥ ",       [BENCH_AT_MOST] = "≤ ",
		[BENCH_RATIO_AT_LEAST] = "≥ ", [BENCH_RATIO_AT_MOST] = "≤ ",
		[BENCH_ELSEWHERE] = "≤ ",
	};
	char text[NUMBER];

	if (goal->limit > 0)
		(void)fprintf(to, "%s%s %s", signs[goal->bound], number(goal->limit, text),
			      goal->unit[0] == '\0' ? "× its floor" : goal->unit);
}

static bool is_met(const struct bench_goal *goal, const json_t *row)
{
	double value = number_of(row, "value"), ratio = number_of(row, "ratio");

	switch (goal->bound) {
	case BENCH_AT_LEAST:
		return value >= goal->limit;
	case BENCH_AT_MOST:
		return value <= goal->limit;
	case BENCH_RATIO_AT_LEAST:
		return ratio >= goal->limit;
	case BENCH_RATIO_AT_MOST:
		return ratio > 0 && ratio <= goal->limit;
	case BENCH_ELSEWHERE:
		break;
	}
	return false;
}

static void print_goal(FILE *to, const json_t *rows, const struct bench_goal *goal)
{
	const json_t *row = bench_row_find(rows, goal->part, goal->figure);
	bool ratio = goal->bound == BENCH_RATIO_AT_LEAST || goal->bound == BENCH_RATIO_AT_MOST;
	char text[NUMBER];

	(void)fputs("| ", to);
	cell(to, goal->what);
	(void)fputs(" | ", to);
	print_limit(to, goal);
	if (goal->bound == BENCH_ELSEWHERE)
		(void)fprintf(to, " | | another program's | `build/tools/sim/%s` |\n",
			      goal->figure);
	else if (row == NULL || number_of(row, "items") < (double)goal->items)
		(void)fputs(" | | not measured in this run", to);
	else
		(void)fprintf(to, " | %s %s | %s",
			      number(number_of(row, ratio ? "ratio" : "value"), text),
			      ratio ? "×" : text_of(row, "unit"),
			      is_met(goal, row) ? "met" : "**missed**");
	if (goal->bound != BENCH_ELSEWHERE && goal->items > 0)
		(void)fprintf(to, " | `" PROGRAM " %s --items %ld` |\n", goal->part, goal->items);
	else if (goal->bound != BENCH_ELSEWHERE)
		(void)fprintf(to, " | `" PROGRAM " %s` |\n", goal->part);
}

static void print_goals(FILE *to, const json_t *rows)
{
	(void)fputs("## Goals\n\n| what | goal | figure | | command |\n|---|---|---|---|---|\n",
		    to);
	for (size_t i = 0; i < bench_goal_count; i++)
		print_goal(to, rows, &bench_goals[i]);
}

/* ---- parts */

static bool has_row(const json_t *rows, const char *part, bool noted)
{
	const json_t *row;
	size_t index;

	json_array_foreach (rows, index, row)
		if (strcmp(text_of(row, "part"), part) == 0 &&
		    (!noted || text_of(row, "note")[0] != '\0'))
			return true;
	return false;
}

/* Whether the part was measured with more than one number of items. */
static bool is_mixed(const json_t *rows, const char *part)
{
	const json_t *row;
	double items = 0;
	size_t index;

	json_array_foreach (rows, index, row) {
		if (strcmp(text_of(row, "part"), part) != 0)
			continue;
		if (items > 0 && items != number_of(row, "items"))
			return true;
		items = number_of(row, "items");
	}
	return false;
}

/* note: what is to be said of it; NULL: the part has no such column */
static void print_row(FILE *to, const json_t *row, bool mixed, const char *note)
{
	char text[NUMBER];

	(void)fputs("| ", to);
	cell(to, text_of(row, "name"));
	if (mixed)
		(void)fprintf(to, " (%s items)", number(number_of(row, "items"), text));
	(void)fprintf(to, " | %s %s | ", number(number_of(row, "value"), text),
		      text_of(row, "unit"));
	if (number_of(row, "spread") > 0)
		(void)fprintf(to, "± %s", number(number_of(row, "spread"), text));
	if (number_of(row, "floor") > 0) {
		(void)fprintf(to, " | %s", number(number_of(row, "floor"), text));
		(void)fprintf(to, " | %s |", number(number_of(row, "ratio"), text));
	} else {
		(void)fputs(" | | |", to);
	}
	if (note != NULL) {
		(void)fputc(' ', to);
		cell(to, note);
		(void)fputs(" |", to);
	}
	(void)fputc('\n', to);
}

static void print_part(FILE *to, const json_t *rows, const struct bench_part *part)
{
	bool noted = has_row(rows, part->name, true), mixed = is_mixed(rows, part->name);
	const char *said = "";
	const json_t *row;
	size_t index;

	if (!has_row(rows, part->name, false))
		return;
	(void)fprintf(to, "\n## %s\n\n%s `" PROGRAM " %s`\n\n", part->name, part->about,
		      part->name);
	(void)fprintf(to,
		      "| figure | median | spread | floor | ratio |%s\n|---|---|---|---|---|%s\n",
		      noted ? " what it is |" : "", noted ? "---|" : "");
	json_array_foreach (rows, index, row) {
		const char *note = text_of(row, "note");

		if (strcmp(text_of(row, "part"), part->name) != 0)
			continue;
		print_row(to, row, mixed,
			  !noted				       ? NULL
			  : strcmp(note, said) == 0 && note[0] != '\0' ? "the same"
								       : note);
		said = note;
	}
}

void bench_report_page(FILE *to, const json_t *run, const struct bench_part *parts, size_t count,
		       const char *plots)
{
	const json_t *rows = json_object_get(run, "rows");

	(void)fprintf(
		to,
		"# What Kairan gives and costs\n\n"
		"`" PROGRAM " --write docs/performance.md` measures and writes this page; nobody "
		"edits it.\n\n"
		"Machine: %s. Both ends of every link, and every broker, share it.\n\n"
		"A figure is the median of at least five runs or of all samples; the spread is "
		"half the distance between the quartiles. A floor is what the machine or a bare "
		"program gave in the same run; the ratio is the figure by its floor. `--json` "
		"prints the same for programs.\n\n",
		text_of(run, "machine"));
	print_goals(to, rows);
	for (size_t i = 0; i < count; i++)
		print_part(to, rows, &parts[i]);
	if (plots != NULL) {
		(void)fprintf(to, "\n## How cost grows\n\n![cost against size](%s)\n\n", plots);
		bench_plots_captions(to, rows);
	}
}
