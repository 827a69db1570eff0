/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "cli.h"

static const struct verb_row {
	const char *word;
	const char *second; /* NULL: one word */
	enum sim_verb verb;
	int (*run)(const struct sim_cli *cli);
	const char *words; /* what follows */
	const char *text;
} verbs[] = {
	{"run", NULL, SIM_VERB_RUN, sim_verb_run,
	 "[--seed N | --plan FILE | --seeds A-B | --fresh N] [OPTION...]",
	 "one plan, twice, or many seeds, each with its own mix of faults in a process of its "
	 "own;\n"
	 "exit 1 on a violation"},
	{"replay", NULL, SIM_VERB_REPLAY, sim_verb_run, "SEED [OPTION...]",
	 "one seed again, as a failing run names it"},
	{"shrink", NULL, SIM_VERB_SHRINK, sim_verb_shrink, "SEED|--plan FILE [OPTION...]",
	 "leave out of a failing plan what it does not need to fail"},
	{"plan", NULL, SIM_VERB_PLAN, sim_verb_plan, "[OPTION...]", "print what a run would do"},
	{"plot", "growth", SIM_VERB_GROWTH, sim_verb_growth, "[OPTION...]",
	 "what more nodes cost: a table, and SVG with --out"},
	{"plot", "spread", SIM_VERB_SPREAD, sim_verb_spread, "[OPTION...]",
	 "how one advisory spread over the topology and time, as SVG"},
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *to)
{
	(void)fprintf(to, "usage: kairan-sim VERB [OPTION...]     kairan-sim VERB --help\n\n");
	for (size_t i = 0; i < VERBS; i++)
		(void)fprintf(to, "  %s %-*s %.*s\n", verbs[i].word,
			      12 - (int)strlen(verbs[i].word),
			      verbs[i].second == NULL ? "" : verbs[i].second,
			      (int)strcspn(verbs[i].text, ";"), verbs[i].text);
	(void)fprintf(to, "  %-13s %s\n\n", "mutants",
		      "show that the checkers can fail: tools/mutants of the source tree");
	(void)fprintf(to, "exit: 0 held, 1 a violation, 2 usage, 3 a file or process failed\n");
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return true;
	}
	return false;
}

/* The program of the source tree that this one was built from; it takes what follows, --help too. */
static int mutants(char **argv)
{
	static const char path[] = SIM_MUTANTS;

	(void)execv(path, argv);
	(void)fprintf(stderr, "kairan-sim: %s: %s (it needs the source tree)\n", path,
		      strerror(errno));
	return SIM_EXIT_FILE;
}

static int run_verb(const struct verb_row *row, int argc, char **argv)
{
	struct sim_cli cli;

	if (wants_help(argc, argv)) {
		(void)printf("usage: kairan-sim %s%s%s %s\n%s.\n\n", row->word,
			     row->second == NULL ? "" : " ", row->second == NULL ? "" : row->second,
			     row->words, row->text);
		sim_cli_help(row->verb, stdout);
		return SIM_EXIT_OK;
	}
	if (!sim_cli_read(row->verb, argc, argv, &cli))
		return SIM_EXIT_USAGE;
	if (sodium_init() < 0) {
		(void)fprintf(stderr, "kairan-sim: libsodium did not start\n");
		return SIM_EXIT_FILE;
	}
	return row->run(&cli);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "mutants") == 0)
		return mutants(argv + 1);
	for (size_t i = 0; argc > 1 && i < VERBS; i++) {
		int words = verbs[i].second == NULL ? 1 : 2;

		if (strcmp(argv[1], verbs[i].word) != 0 ||
		    (words == 2 && (argc < 3 || strcmp(argv[2], verbs[i].second) != 0)))
			continue;
		return run_verb(&verbs[i], argc - 1 - words, argv + 1 + words);
	}
	if (wants_help(argc, argv)) {
		usage(stdout);
		return SIM_EXIT_OK;
	}
	if (argc > 1)
		(void)fprintf(stderr, "kairan-sim: no verb \"%.40s%s%.40s\"\n", argv[1],
			      argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
	usage(stderr);
	return SIM_EXIT_USAGE;
}
