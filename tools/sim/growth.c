/* SPDX-License-Identifier: Apache-2.0 */
/* The same traffic on more and more nodes: time, memory, copies, hops. One process a size, so that
 * each has a peak of its own. */
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "svg.h"

struct size_result {
	uint32_t nodes;
	struct sim_child_end end;
};

static double node_items(const struct size_result *result)
{
	double count = (double)result->end.result.figures.node_items;

	return count > 0 ? count : 1;
}

static double processor_s(const struct size_result *result)
{
	return result->end.processor_s;
}

static double per_item_us(const struct size_result *result)
{
	return result->end.processor_s * 1e6 / node_items(result);
}

static double peak_mb(const struct size_result *result)
{
	return (double)result->end.peak_kb / 1024;
}

static double per_item_bytes(const struct size_result *result)
{
	return (double)result->end.peak_kb * 1024 / node_items(result);
}

static double copies(const struct size_result *result)
{
	const struct sim_figures *figures = &result->end.result.figures;
	uint64_t needed = figures->payload_needed;

	return needed > 0 ? (double)figures->payload_copies / (double)needed : 0;
}

static double frames(const struct size_result *result)
{
	return (double)result->end.result.figures.frames / node_items(result);
}

static double wire_bytes(const struct size_result *result)
{
	return (double)result->end.result.figures.bytes / node_items(result);
}

static double hops(const struct size_result *result)
{
	return sim_report_hops(&result->end.result.figures);
}

static double median_ms(const struct size_result *result)
{
	return (double)sim_figures_latency(&result->end.result.figures, 50);
}

static double p99_ms(const struct size_result *result)
{
	return (double)sim_figures_latency(&result->end.result.figures, 99);
}

static const struct {
	const char *title, *unit, *head;
	double (*value)(const struct size_result *result);
	bool log_y;
} columns[] = {
	{"processor time", "s", "cpu s", processor_s, true},
	{"processor time a node and item", "µs", "us/ni", per_item_us, false},
	{"peak memory", "MB", "MB", peak_mb, true},
	{"peak memory a node and item", "B", "B/ni", per_item_bytes, false},
	{"payload copies a part received", "copies", "copies", copies, false},
	{"frames a node and item", "frames", "frames/ni", frames, false},
	{"bytes of frames a node and item", "B", "wire B/ni", wire_bytes, false},
	{"hops of a first arrival, mean", "hops", "hops", hops, false},
	{"first arrival, virtual, median", "ms", "p50 ms", median_ms, false},
	{"first arrival, virtual, 99 in 100", "ms", "p99 ms", p99_ms, false},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define CHART_WIDTH 330.0
#define CHART_HEIGHT 170.0
#define ROOM 70.0

static void draw(const struct sim_cli *cli, const struct size_result *results, size_t count,
		 FILE *to)
{
	size_t rows = (COLUMNS + 1) / 2;
	double height = 60 + (double)rows * (CHART_HEIGHT + ROOM);
	char title[160];

	(void)snprintf(title, sizeof(title),
		       "kairan-sim plot growth: scenario %s, %u advisories, seed %llu, topology %s",
		       cli->recipe.scenario != NULL ? cli->recipe.scenario : "by the seed",
		       cli->recipe.items, (unsigned long long)cli->recipe.seed,
		       cli->recipe.topology < 0
			       ? "by the seed"
			       : sim_topology_word((enum sim_topology)cli->recipe.topology));
	kai_svg_begin(to, 2 * (CHART_WIDTH + ROOM) + 20, height, title);
	kai_svg_text(to, (double[2]){20, 24}, "start", 15, title);
	for (size_t c = 0; c < COLUMNS; c++) {
		struct kai_svg_point points[SIM_MAX_SIZES] = {{0, 0}};

		for (size_t i = 0; i < count; i++)
			points[i] = (struct kai_svg_point){results[i].nodes,
							   columns[c].value(&results[i])};
		size_t row = c / 2;
		struct kai_svg_chart chart = {
			.left = 50 + (double)(c % 2) * (CHART_WIDTH + ROOM),
			.top = 70 + (double)row * (CHART_HEIGHT + ROOM),
			.width = CHART_WIDTH,
			.height = CHART_HEIGHT,
			.title = columns[c].title,
			.x_name = "nodes",
			.unit = columns[c].unit,
			.log_y = columns[c].log_y && points[0].y > 0,
			.points = points,
			.count = count,
		};
		kai_svg_chart(to, &chart);
	}
	kai_svg_end(to);
}

static void print_row(const struct size_result *result)
{
	(void)printf("%7u %9llu %11llu", result->nodes,
		     (unsigned long long)result->end.result.figures.items,
		     (unsigned long long)result->end.result.figures.node_items);
	for (size_t c = 0; c < COLUMNS; c++)
		(void)printf(" %10.3f", columns[c].value(result));
	(void)printf("  %u violations\n", result->end.result.violations);
	(void)fflush(stdout);
}

/* false: it did not end, and that is said. */
static bool run_size(const struct sim_cli *cli, uint32_t nodes, struct size_result *ret)
{
	struct sim_recipe recipe = cli->recipe;
	struct sim_child child;

	recipe.nodes = nodes;
	ret->nodes = nodes;
	if (!sim_child_start(cli, &recipe, &child)) {
		(void)fprintf(stderr, "kairan-sim: a process for %u nodes: %s\n", nodes,
			      strerror(errno));
		return false;
	}
	sim_child_end(&child, &ret->end);
	if (!ret->end.finished)
		(void)fprintf(stderr, "kairan-sim: the run of %u nodes died: %s\n", nodes,
			      strsignal(ret->end.signal));
	return ret->end.finished;
}

int sim_verb_growth(const struct sim_cli *cli)
{
	struct size_result results[SIM_MAX_SIZES];
	uint32_t violations = 0;
	unsigned count = 0;

	(void)printf("%7s %9s %11s", "nodes", "items", "node-items");
	for (size_t c = 0; c < COLUMNS; c++)
		(void)printf(" %10s", columns[c].head);
	(void)printf("\n");
	for (; count < cli->size_count; count++) {
		if (!run_size(cli, cli->sizes[count], &results[count]))
			return SIM_EXIT_VIOLATION;
		print_row(&results[count]);
		violations += results[count].end.result.violations;
	}
	if (cli->out_path != NULL) {
		FILE *out = sim_cli_out(cli);

		if (out == NULL)
			return SIM_EXIT_FILE;
		draw(cli, results, count, out);
		if (!sim_cli_close(cli, out))
			return SIM_EXIT_FILE;
	}
	return violations > 0 ? SIM_EXIT_VIOLATION : SIM_EXIT_OK;
}
