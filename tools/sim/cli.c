/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One option: where its value goes and what it may be. */
enum form { NUMBER, SIGNED, TEXT, YES, NO, TOPOLOGY, SEEDS, SIZES };

struct option_row {
	const char *name;
	enum form form;
	void *at;
	size_t len;
	uint64_t low, high;
};

static bool number(const char *text, uint64_t low, uint64_t high, uint64_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);

	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value < low ||
	    value > high)
		return false;
	*ret = value;
	return true;
}

static bool seeds(const char *text, uint64_t ret[2])
{
	char first[32];
	const char *dots = strstr(text, "..");

	if (dots == NULL || (size_t)(dots - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(dots - text));
	first[dots - text] = '\0';
	return number(first, 0, UINT64_MAX, &ret[0]) &&
	       number(dots + 2, ret[0], UINT64_MAX, &ret[1]);
}

static bool sizes(const char *text, struct sim_cli *cli)
{
	char copy[256], *rest = copy;

	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	cli->size_count = 0;
	for (char *word; (word = strsep(&rest, ",")) != NULL;) {
		uint64_t value;

		if (cli->size_count == SIM_MAX_SIZES || !number(word, 2, 10000, &value))
			return false;
		cli->sizes[cli->size_count++] = (uint32_t)value;
	}
	return true;
}

static bool topology(const char *text, int *ret)
{
	for (int i = 0; i < SIM_TOPOLOGY_COUNT; i++) {
		if (strcmp(text, sim_topology_word((enum sim_topology)i)) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void put(const struct option_row *row, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	if (row->len == sizeof(value))
		memcpy(row->at, &value, sizeof(value));
	else
		memcpy(row->at, &narrow, sizeof(narrow));
}

static bool take(const struct option_row *row, const char *text, struct sim_cli *cli)
{
	uint64_t value, pair[2];
	bool flag = row->form == YES;

	switch (row->form) {
	case NUMBER:
	case SIGNED:
		if (!number(text, row->low, row->high, &value))
			return false;
		put(row, value);
		return true;
	case TEXT:
		memcpy(row->at, &text, sizeof(text));
		return true;
	case YES:
	case NO:
		memcpy(row->at, &flag, sizeof(flag));
		return true;
	case TOPOLOGY:
		return topology(text, &cli->recipe.topology);
	case SEEDS:
		if (!seeds(text, pair))
			return false;
		cli->first = pair[0];
		cli->last = pair[1];
		return true;
	case SIZES:
		return sizes(text, cli);
	}
	return false;
}

static void defaults(struct sim_cli *cli)
{
	*cli = (struct sim_cli){
		.recipe = {.seed = 1, .topology = -1, .faults = true, .rogues = -1},
		.options = {.checks = true},
		.trace_node = UINT32_MAX,
		.trace_item = UINT32_MAX,
		.first = 1,
		.jobs = 2,
		.tries = 400,
		.sizes = {100, 300, 1000, 3000, 5000},
		.size_count = 5,
	};
}

static void say_range(const char *name, const struct option_row *row, const char *text)
{
	(void)fprintf(stderr, "kairan-sim: --%s: \"%.60s\" is not ", name, text);
	switch (row->form) {
	case TOPOLOGY:
		(void)fprintf(stderr, "one of:");
		for (int i = 0; i < SIM_TOPOLOGY_COUNT; i++)
			(void)fprintf(stderr, " %s", sim_topology_word((enum sim_topology)i));
		(void)fprintf(stderr, "\n");
		return;
	case SEEDS:
		(void)fprintf(stderr, "FIRST..LAST\n");
		return;
	case SIZES:
		(void)fprintf(stderr,
			      "up to %d numbers of nodes, 2 to 10000, with commas between\n",
			      SIM_MAX_SIZES);
		return;
	case NUMBER:
	case SIGNED:
	case TEXT:
	case YES:
	case NO:
		(void)fprintf(stderr, "a number from %llu to %llu\n", (unsigned long long)row->low,
			      (unsigned long long)row->high);
		return;
	}
}

#define ROW(name, form, field, low, high)                                                          \
	{                                                                                          \
		name, form, &cli->field, sizeof(cli->field), low, high                             \
	}

bool sim_cli_read(int argc, char **argv, struct sim_cli *cli)
{
	const struct option_row rows[] = {
		ROW("seed", NUMBER, recipe.seed, 0, UINT64_MAX),
		ROW("nodes", NUMBER, recipe.nodes, 2, 10000),
		ROW("items", NUMBER, recipe.items, 1, 1000000),
		ROW("topology", TOPOLOGY, recipe.topology, 0, 0),
		ROW("scenario", TEXT, recipe.scenario, 0, 0),
		ROW("no-faults", NO, recipe.faults, 0, 0),
		ROW("rogues", SIGNED, recipe.rogues, 0, 10000),
		ROW("length", NUMBER, recipe.length_ms, 1000, 1000ULL * 365 * 86400 * 100),
		ROW("plan", TEXT, plan_path, 0, 0),
		ROW("once", YES, once, 0, 0),
		ROW("no-checks", NO, options.checks, 0, 0),
		ROW("json", YES, json, 0, 0),
		ROW("tap", YES, tap, 0, 0),
		ROW("out", TEXT, out_path, 0, 0),
		ROW("trace", TEXT, trace_path, 0, 0),
		ROW("trace-node", NUMBER, trace_node, 0, 9999),
		ROW("trace-item", NUMBER, trace_item, 0, 999999),
		ROW("seeds", SEEDS, first, 0, 0),
		ROW("fresh", NUMBER, fresh, 1, 1000000),
		ROW("limit", NUMBER, limit_s, 1, 1000000),
		ROW("jobs", NUMBER, jobs, 1, 256),
		ROW("checker", TEXT, checker, 0, 0),
		ROW("tries", NUMBER, tries, 1, 1000000),
		ROW("item", NUMBER, item, 0, 999999),
		ROW("sizes", SIZES, sizes, 0, 0),
	};
	struct option longs[sizeof(rows) / sizeof(rows[0]) + 1] = {{0}};
	int at;

	defaults(cli);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool flag = rows[i].form == YES || rows[i].form == NO;

		longs[i] = (struct option){rows[i].name, flag ? no_argument : required_argument,
					   NULL, 0};
	}
	for (int code; (code = getopt_long(argc, argv, "", longs, &at)) != -1;) {
		if (code != 0)
			return false; /* getopt has said what is wrong */
		if (!take(&rows[at], optarg, cli)) {
			say_range(rows[at].name, &rows[at], optarg);
			return false;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "kairan-sim: \"%.60s\" is no option\n", argv[optind]);
		return false;
	}
	return true;
}

struct sim_plan *sim_cli_plan(const struct sim_cli *cli)
{
	struct kai_why why = {""};
	struct sim_plan *plan = NULL;

	if (cli->plan_path == NULL)
		return sim_plan_make(&cli->recipe);
	FILE *from = fopen(cli->plan_path, "re");

	if (from == NULL) {
		(void)fprintf(stderr, "kairan-sim: %s: %s\n", cli->plan_path, strerror(errno));
		return NULL;
	}
	if (sim_plan_read(from, &plan, &why) != KAI_ERR_OK) {
		(void)fprintf(stderr, "kairan-sim: %s: %s\n", cli->plan_path, why.text);
		plan = NULL;
	}
	(void)fclose(from);
	return plan;
}

void sim_cli_again(const struct sim_cli *cli, uint64_t seed, FILE *to)
{
	const struct sim_recipe *recipe = &cli->recipe;

	(void)fprintf(to, "kairan-sim run --seed %llu", (unsigned long long)seed);
	if (recipe->nodes != 0)
		(void)fprintf(to, " --nodes %u", recipe->nodes);
	if (recipe->items != 0)
		(void)fprintf(to, " --items %u", recipe->items);
	if (recipe->topology >= 0)
		(void)fprintf(to, " --topology %s",
			      sim_topology_word((enum sim_topology)recipe->topology));
	if (recipe->scenario != NULL)
		(void)fprintf(to, " --scenario %s", recipe->scenario);
	if (!recipe->faults)
		(void)fprintf(to, " --no-faults");
	if (recipe->rogues >= 0)
		(void)fprintf(to, " --rogues %d", recipe->rogues);
	if (recipe->length_ms != 0)
		(void)fprintf(to, " --length %lld", (long long)recipe->length_ms);
	(void)fprintf(to, "\n");
}

FILE *sim_cli_out(const struct sim_cli *cli)
{
	FILE *out = cli->out_path == NULL ? stdout : fopen(cli->out_path, "we");

	if (out == NULL)
		(void)fprintf(stderr, "kairan-sim: %s: %s\n", cli->out_path, strerror(errno));
	return out;
}

bool sim_cli_close(const struct sim_cli *cli, FILE *out)
{
	bool whole = fflush(out) == 0 && ferror(out) == 0;

	if (out != stdout)
		whole = fclose(out) == 0 && whole;
	if (!whole)
		(void)fprintf(stderr, "kairan-sim: %s: could not be written whole\n",
			      cli->out_path == NULL ? "standard output" : cli->out_path);
	return whole;
}

double sim_cli_seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
