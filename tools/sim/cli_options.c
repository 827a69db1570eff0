/* SPDX-License-Identifier: Apache-2.0 */
/* The options of all verbs: one table, from which a command line is read and --help is told. */
#include "cli.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SEEDS 1000000000ULL /* some centuries */

enum form { NUMBER, TEXT, YES, NO, TOPOLOGY, SCENARIO, FAULTS, SEEDS, SIZES };

/* What an option is about; some do not go together. */
enum about {
	IS_SEED = 1,
	IS_PLAN = 2,
	IS_SEEDS = 4,
	IS_RECIPE = 8, /* a plan has it in it */
	IS_SCENARIO = 16,
	IS_FAULTS = 32,
	IS_MANY = 64, /* how many seeds are run */
	IS_TRACE = 128,
	IS_JSON = 256,
	IS_TAP = 512,
	IS_FRESH = 1024
};

#define EVERY                                                                                      \
	(SIM_VERB_RUN | SIM_VERB_REPLAY | SIM_VERB_SHRINK | SIM_VERB_PLAN | SIM_VERB_GROWTH |      \
	 SIM_VERB_SPREAD)
#define AT(field) offsetof(struct sim_cli, field), sizeof(((struct sim_cli *)NULL)->field)

static const struct option_row {
	const char *name, *value, *text; /* no value: it stands alone */
	unsigned verbs;
	unsigned about; /* of enum about */
	enum form form;
	size_t offset, len; /* of what it sets */
	uint64_t low, high;
} rows[] = {
	{"seed", "N", "which plan (1)",
	 SIM_VERB_RUN | SIM_VERB_PLAN | SIM_VERB_GROWTH | SIM_VERB_SPREAD, IS_SEED, NUMBER,
	 AT(recipe.seed), 0, UINT64_MAX},
	{"plan", "FILE", "a plan as `kairan-sim plan` prints it",
	 SIM_VERB_RUN | SIM_VERB_SHRINK | SIM_VERB_SPREAD, IS_PLAN, TEXT, AT(plan_path), 0, 0},
	{"seeds", "A-B", "all of these, both included", SIM_VERB_RUN, IS_SEEDS, SEEDS, AT(first), 0,
	 0},
	{"fresh", "N", "so many seeds that nobody chose before; they are printed", SIM_VERB_RUN,
	 IS_FRESH, NUMBER, AT(fresh), 1, 1000000},
	{"nodes", "N", "how many (30)", EVERY & ~(unsigned)SIM_VERB_GROWTH, IS_RECIPE, NUMBER,
	 AT(recipe.nodes), 2, 10000},
	{"items", "M", "advisories (120)", EVERY, IS_RECIPE, NUMBER, AT(recipe.items), 1, 1000000},
	{"topology", "T", "who agrees with whom; else by the seed", EVERY, IS_RECIPE, TOPOLOGY,
	 AT(recipe.topology), 0, 0},
	{"faults", "all|none|LIST", "kinds of fault of which the seed takes some, commas between",
	 EVERY, IS_RECIPE | IS_FAULTS, FAULTS, AT(recipe.faults), 0, 0},
	{"scenario", "NAME", "traffic and faults of one sort", EVERY, IS_RECIPE | IS_SCENARIO,
	 SCENARIO, AT(recipe.scenario), 0, 0},
	{"rogues", "N", "nodes that lie; else by the seed", EVERY, IS_RECIPE, NUMBER,
	 AT(recipe.rogues), 0, 10000},
	{"length", "MS", "of traffic and faults, virtual; else by the seed", EVERY, IS_RECIPE,
	 NUMBER, AT(recipe.length_ms), 1000, 1000ULL * 365 * 86400 * 100},
	{"once", NULL, "no second run to compare with",
	 SIM_VERB_RUN | SIM_VERB_REPLAY | SIM_VERB_SHRINK | SIM_VERB_GROWTH, 0, YES, AT(once), 0,
	 0},
	{"no-checks", NULL, "no checkers: what the nodes alone cost",
	 SIM_VERB_RUN | SIM_VERB_REPLAY | SIM_VERB_GROWTH, 0, NO, AT(options.checks), 0, 0},
	{"jobs", "N", "seeds at a time (2)", SIM_VERB_RUN, IS_MANY, NUMBER, AT(jobs), 1, 256},
	{"limit", "SECONDS", "no new seed after that", SIM_VERB_RUN, IS_MANY, NUMBER, AT(limit_s),
	 1, 1000000},
	{"tap", NULL, "a line a seed, for a test harness", SIM_VERB_RUN, IS_MANY | IS_TAP, YES,
	 AT(tap), 0, 0},
	{"json", NULL, "one object", SIM_VERB_RUN | SIM_VERB_REPLAY, IS_JSON, YES, AT(json), 0, 0},
	{"trace", "FILE", "what happened, line by line", SIM_VERB_RUN | SIM_VERB_REPLAY, IS_TRACE,
	 TEXT, AT(trace_path), 0, 0},
	{"trace-node", "N", "only that node's", SIM_VERB_RUN | SIM_VERB_REPLAY, IS_TRACE, NUMBER,
	 AT(trace_node), 0, 9999},
	{"trace-item", "N", "only that advisory's", SIM_VERB_RUN | SIM_VERB_REPLAY, IS_TRACE,
	 NUMBER, AT(trace_item), 0, 999999},
	{"checker", "NAME", "which must go on failing; else any", SIM_VERB_SHRINK, 0, TEXT,
	 AT(checker), 0, 0},
	{"tries", "N", "runs at most (400)", SIM_VERB_SHRINK, 0, NUMBER, AT(tries), 1, 1000000},
	{"item", "N", "which advisory, by the order of making (0)", SIM_VERB_SPREAD, 0, NUMBER,
	 AT(item), 0, 999999},
	{"sizes", "N,N,...", "how many nodes (100,300,1000,3000,5000)", SIM_VERB_GROWTH, 0, SIZES,
	 AT(sizes), 0, 0},
	{"out", "FILE", "else to standard output", EVERY, 0, TEXT, AT(out_path), 0, 0},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct {
	unsigned one, other;
} clashes[] = {
	{IS_SEED, IS_SEEDS | IS_FRESH | IS_PLAN},
	{IS_PLAN, IS_SEEDS | IS_FRESH | IS_RECIPE},
	{IS_SEEDS, IS_FRESH},
	{IS_TRACE, IS_SEEDS | IS_FRESH},
	{IS_SCENARIO, IS_FAULTS},
	{IS_JSON, IS_TAP},
};

/* ---- values ---- */

static bool number(const char *text, uint64_t low, uint64_t high, uint64_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);

	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value < low || value > high)
		return false;
	*ret = value;
	return true;
}

static bool seeds(const char *text, struct sim_cli *io)
{
	char first[32];
	size_t len = strcspn(text, "-");

	if (len >= sizeof(first) || text[len] == '\0')
		return false;
	memcpy(first, text, len);
	first[len] = '\0';
	return number(first, 0, UINT64_MAX, &io->first) &&
	       number(text + len + 1, io->first, UINT64_MAX, &io->last) &&
	       io->last - io->first < MOST_SEEDS;
}

static bool sizes(const char *text, struct sim_cli *io)
{
	char copy[256], *rest = copy;

	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	io->size_count = 0;
	for (char *word; (word = strsep(&rest, ",")) != NULL;) {
		uint64_t value;

		if (io->size_count == SIM_MAX_SIZES || !number(word, 2, 10000, &value))
			return false;
		io->sizes[io->size_count++] = (uint32_t)value;
	}
	return true;
}

/* The words of which an option's value is one, or some; NULL at the end. */
static const char *topology_word(unsigned index)
{
	return index < SIM_TOPOLOGY_COUNT ? sim_topology_word((enum sim_topology)index) : NULL;
}

static const char *(*words_of(enum form form))(unsigned index)
{
	if (form == TOPOLOGY)
		return topology_word;
	return form == SCENARIO ? sim_scenario_name : sim_fault_word;
}

static bool find_word(enum form form, const char *text, size_t len, unsigned *ret)
{
	const char *(*word)(unsigned index) = words_of(form);

	for (unsigned i = 0; word(i) != NULL; i++) {
		if (strlen(word(i)) == len && memcmp(word(i), text, len) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool faults(const char *text, uint32_t *ret)
{
	uint32_t bits = 0;
	bool more = true;

	if (strcmp(text, "none") == 0 || strcmp(text, "all") == 0) {
		*ret = text[0] == 'a' ? SIM_ALL_FAULTS : 0;
		return true;
	}
	for (const char *at = text; more;) {
		size_t len = strcspn(at, ",");
		unsigned index;

		if (!find_word(FAULTS, at, len, &index))
			return false;
		bits |= UINT32_C(1) << index;
		more = at[len] == ',';
		at += len + 1;
	}
	*ret = bits;
	return true;
}

static void put(const struct option_row *row, uint64_t value, struct sim_cli *io)
{
	uint32_t narrow = (uint32_t)value;
	char *at = (char *)io + row->offset;

	if (row->len == sizeof(value))
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &narrow, sizeof(narrow));
}

static bool take(const struct option_row *row, const char *text, struct sim_cli *io)
{
	uint64_t value;
	unsigned index;
	bool flag = row->form == YES;

	switch (row->form) {
	case NUMBER:
		if (!number(text, row->low, row->high, &value))
			return false;
		put(row, value, io);
		return true;
	case TEXT:
		if (strcmp(text, "-") == 0) /* no file of that name by mistake */
			return false;
		memcpy((char *)io + row->offset, &text, sizeof(text));
		return true;
	case YES:
	case NO:
		memcpy((char *)io + row->offset, &flag, sizeof(flag));
		return true;
	case TOPOLOGY:
	case SCENARIO:
		if (!find_word(row->form, text, strlen(text), &index))
			return false;
		if (row->form == TOPOLOGY)
			io->recipe.topology = (int)index;
		else
			io->recipe.scenario = sim_scenario_name(index);
		return true;
	case FAULTS:
		return faults(text, &io->recipe.faults);
	case SEEDS:
		return seeds(text, io);
	case SIZES:
		return sizes(text, io);
	}
	return false;
}

static void say_range(const struct option_row *row, const char *text)
{
	(void)fprintf(stderr, "kairan-sim: --%s: \"%.60s\" is not ", row->name, text);
	switch (row->form) {
	case TOPOLOGY:
	case SCENARIO:
	case FAULTS:
		(void)fprintf(stderr, row->form == FAULTS ? "all, none or some of:" : "one of:");
		for (unsigned i = 0; words_of(row->form)(i) != NULL; i++)
			(void)fprintf(stderr, " %s", words_of(row->form)(i));
		(void)fprintf(stderr, "\n");
		return;
	case SEEDS:
		(void)fprintf(stderr, "FIRST-LAST, up to %llu of them\n", MOST_SEEDS);
		return;
	case SIZES:
		(void)fprintf(stderr,
			      "up to %d numbers of nodes, 2 to 10000, with commas between\n",
			      SIM_MAX_SIZES);
		return;
	case TEXT:
		(void)fprintf(stderr, "a name (standard output is /dev/stdout)\n");
		return;
	case NUMBER:
	case YES:
	case NO:
		(void)fprintf(stderr, "a number from %llu to %llu\n", (unsigned long long)row->low,
			      (unsigned long long)row->high);
		return;
	}
}

/* ---- the line ---- */

struct reading {
	enum sim_verb verb;
	struct sim_cli *cli;
	bool given[ROWS];
	bool seed; /* stands there by itself */
};

static size_t find_row(enum sim_verb verb, const char *name, size_t len)
{
	size_t i = 0;

	while (i < ROWS && ((rows[i].verbs & (unsigned)verb) == 0 || strlen(rows[i].name) != len ||
			    memcmp(rows[i].name, name, len) != 0))
		i++;
	return i;
}

/* One option, "--name value" or "--name=value"; how many words it took, 0 after saying what is wrong. */
static int read_option(struct reading *io, const char *word, const char *next)
{
	size_t len = strcspn(word + 2, "=");
	size_t index = find_row(io->verb, word + 2, len);
	const char *value = word[2 + len] == '=' ? word + 3 + len : NULL;

	if (index == ROWS) {
		(void)fprintf(stderr, "kairan-sim: %.60s: no such option (--help lists them)\n",
			      word);
		return 0;
	}
	const struct option_row *row = &rows[index];
	bool two = row->value != NULL && value == NULL;

	if (two)
		value = next;
	if ((row->value == NULL) != (value == NULL)) {
		(void)fprintf(stderr, "kairan-sim: --%s %s\n", row->name,
			      value == NULL ? "needs a value" : "takes no value");
		return 0;
	}
	if (!take(row, value == NULL ? "" : value, io->cli)) {
		say_range(row, value);
		return 0;
	}
	io->given[index] = true;
	return two ? 2 : 1;
}

static bool read_seed(struct reading *io, const char *word)
{
	bool wanted = (io->verb & (SIM_VERB_REPLAY | SIM_VERB_SHRINK)) != 0 && !io->seed;

	io->seed = wanted && number(word, 0, UINT64_MAX, &io->cli->recipe.seed);
	if (!io->seed)
		(void)fprintf(stderr, "kairan-sim: \"%.60s\" is no %s\n", word,
			      wanted ? "seed: a number" : "option");
	return io->seed;
}

/* The first of them in the table that was given; NULL: none. */
static const char *given(const struct reading *reading, unsigned about)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (reading->given[i] && (rows[i].about & about) != 0)
			return rows[i].name;
	}
	return NULL;
}

static bool together(const struct reading *reading)
{
	for (size_t i = 0; i < sizeof(clashes) / sizeof(clashes[0]); i++) {
		const char *one = given(reading, clashes[i].one);
		const char *other = given(reading, clashes[i].other);

		if (one == NULL || other == NULL)
			continue;
		(void)fprintf(stderr, "kairan-sim: --%s and --%s do not go together\n", one, other);
		return false;
	}
	if (given(reading, IS_MANY) != NULL && !reading->cli->many) {
		(void)fprintf(stderr, "kairan-sim: --%s goes with --seeds or --fresh\n",
			      given(reading, IS_MANY));
		return false;
	}
	bool names_one = (reading->verb & (SIM_VERB_REPLAY | SIM_VERB_SHRINK)) != 0;

	if (names_one && reading->seed == (given(reading, IS_PLAN) != NULL)) {
		(void)fprintf(stderr, reading->verb == SIM_VERB_SHRINK
					      ? "kairan-sim: SEED or --plan FILE, one of them\n"
					      : "kairan-sim: SEED is missing\n");
		return false;
	}
	return true;
}

bool sim_cli_read(enum sim_verb verb, int argc, char **argv, struct sim_cli *ret)
{
	struct reading reading = {.verb = verb, .cli = ret};
	int used = 1;

	*ret = (struct sim_cli){
		.recipe = {.seed = 1, .topology = -1, .faults = SIM_ALL_FAULTS, .rogues = -1},
		.options = {.checks = true},
		.trace_node = UINT32_MAX,
		.trace_item = UINT32_MAX,
		.jobs = 2,
		.tries = 400,
		.sizes = {100, 300, 1000, 3000, 5000},
		.size_count = 5,
	};
	for (int i = 0; i < argc; i += used) {
		if (strncmp(argv[i], "--", 2) != 0)
			used = read_seed(&reading, argv[i]) ? 1 : 0;
		else
			used = read_option(&reading, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
		if (used == 0)
			return false;
	}
	ret->many = given(&reading, IS_SEEDS | IS_FRESH) != NULL;
	return together(&reading);
}

/* ---- help ---- */

static void help_words(const char *title, const char *(*word)(unsigned index),
		       const char *(*text)(unsigned index), FILE *to)
{
	(void)fprintf(to, "\n%s:\n", title);
	for (unsigned i = 0; word(i) != NULL; i++)
		(void)fprintf(to, "  %-24s %s\n", word(i), text(i));
}

void sim_cli_help(enum sim_verb verb, FILE *to)
{
	for (size_t i = 0; i < ROWS; i++) {
		char left[64];

		if ((rows[i].verbs & (unsigned)verb) == 0)
			continue;
		(void)snprintf(left, sizeof(left), "--%s %s", rows[i].name,
			       rows[i].value == NULL ? "" : rows[i].value);
		(void)fprintf(to, "  %-24s %s\n", left, rows[i].text);
	}
	(void)fprintf(to, "\ntopologies:");
	for (unsigned i = 0; topology_word(i) != NULL; i++)
		(void)fprintf(to, " %s", topology_word(i));
	(void)fprintf(to, "\n");
	help_words("kinds of fault", sim_fault_word, sim_fault_text, to);
	help_words("scenarios", sim_scenario_name, sim_scenario_text, to);
}
