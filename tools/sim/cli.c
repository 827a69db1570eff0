/* SPDX-License-Identifier: Apache-2.0 */
/* What verbs share: the plan that is meant, how it is named again, files, the time that passes. */
#include "cli.h"

#include <errno.h>
#include <string.h>
#include <time.h>

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

static void print_faults(uint32_t faults, FILE *to)
{
	const char *before = " --faults ";

	if (faults == SIM_ALL_FAULTS)
		return;
	if (faults == 0)
		(void)fprintf(to, " --faults none");
	for (unsigned i = 0; sim_fault_word(i) != NULL; i++) {
		if ((faults >> i & 1) == 0)
			continue;
		(void)fprintf(to, "%s%s", before, sim_fault_word(i));
		before = ",";
	}
}

void sim_cli_again(const struct sim_cli *cli, uint64_t seed, FILE *to)
{
	const struct sim_recipe *recipe = &cli->recipe;

	if (cli->plan_path != NULL) {
		(void)fprintf(to, "kairan-sim run --plan %s", cli->plan_path);
		return;
	}
	(void)fprintf(to, "kairan-sim replay %llu", (unsigned long long)seed);
	if (recipe->nodes != 0)
		(void)fprintf(to, " --nodes %u", recipe->nodes);
	if (recipe->items != 0)
		(void)fprintf(to, " --items %u", recipe->items);
	if (recipe->topology >= 0)
		(void)fprintf(to, " --topology %s",
			      sim_topology_word((enum sim_topology)recipe->topology));
	if (recipe->scenario != NULL)
		(void)fprintf(to, " --scenario %s", recipe->scenario);
	print_faults(recipe->faults, to);
	if (recipe->rogues >= 0)
		(void)fprintf(to, " --rogues %d", recipe->rogues);
	if (recipe->length_ms != 0)
		(void)fprintf(to, " --length %lld", (long long)recipe->length_ms);
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
