/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "cli.h"

static const struct {
	const char *word;
	int (*run)(const struct sim_cli *cli);
	const char *help;
} verbs[] = {
	{"run", sim_verb_run, "one plan, twice: figures and violations"},
	{"swarm", sim_verb_swarm, "many seeds, each with its own mix of faults, each in a process"},
	{"plan", sim_verb_plan, "print what a run would do"},
	{"shrink", sim_verb_shrink, "leave out of a failing plan what it does not need to fail"},
	{"picture", sim_verb_picture, "how one advisory spread, as SVG"},
	{"growth", sim_verb_growth, "what more nodes cost, as a table and SVG"},
};

static void usage(FILE *to)
{
	(void)fprintf(to, "usage: kairan-sim VERB [options]\n\n");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		(void)fprintf(to, "  %-9s %s\n", verbs[i].word, verbs[i].help);
	(void)fprintf(
		to,
		"\n"
		"what runs:   --seed N  --nodes N (30)  --items N (120)  --topology WORD  "
		"--scenario NAME\n"
		"             --no-faults  --rogues N  --length MS  --plan FILE (as `plan` prints "
		"it)\n"
		"how:         --once (no twin)  --no-checks\n"
		"what prints: --json  --out FILE  --trace FILE  --trace-node N  --trace-item N\n"
		"swarm:       --seeds FIRST..LAST  --fresh N  --limit SECONDS  --jobs N  --tap\n"
		"shrink:      --checker NAME  --tries N\n"
		"picture:     --item N (its number in order of making)\n"
		"growth:      --sizes N,N,...\n");
}

int main(int argc, char **argv)
{
	struct sim_cli cli;

	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? SIM_EXIT_USAGE : SIM_EXIT_OK;
	}
	if (sodium_init() < 0) {
		(void)fprintf(stderr, "kairan-sim: libsodium did not start\n");
		return SIM_EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].word) != 0)
			continue;
		if (!sim_cli_read(argc - 1, argv + 1, &cli))
			return SIM_EXIT_USAGE;
		return verbs[i].run(&cli);
	}
	(void)fprintf(stderr, "kairan-sim: no verb \"%.40s\"\n", argv[1]);
	usage(stderr);
	return SIM_EXIT_USAGE;
}
