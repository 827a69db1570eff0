/* SPDX-License-Identifier: Apache-2.0 */
/* A plan's run and its twin: the same plan must give the same bytes. Both remember verdicts together. */
#include "cli.h"
#include "remember.h"

#include <errno.h>
#include <string.h>

/* Some 800,000 verdicts; beyond it old ones are asked again. */
#define REMEMBER_BYTES ((size_t)256 * 1024 * 1024)

static void run_one(const struct sim_plan *plan, const struct sim_options *options,
		    struct sim_result *ret)
{
	struct sim *sim = sim_new(plan, options);

	sim_run(sim);
	ret->figures = *sim_figures(sim);
	ret->differs = false;
	ret->violations = (uint32_t)sim_violation_count(sim);
	for (size_t i = 0; i < ret->violations && i < sizeof(ret->first) / sizeof(ret->first[0]);
	     i++)
		ret->first[i] = *sim_violation_at(sim, i);
	sim_free(sim);
}

static void run_twin(const struct sim_cli *cli, const struct sim_plan *plan,
		     struct sim_result *io_result)
{
	struct sim_options options = cli->options;
	struct sim_result twin;

	/* What only looks on must not matter, so the twin runs without it. */
	options.checks = false;
	options.observer = NULL;
	run_one(plan, &options, &twin);
	io_result->differs =
		memcmp(twin.figures.digest, io_result->figures.digest, KAI_ID_LEN) != 0;
}

void sim_run_plan(const struct sim_cli *cli, const struct sim_plan *plan, struct sim_result *ret)
{
	static const uint8_t key[16] = {0};
	bool remembers = sim_remember_init(REMEMBER_BYTES, key);
	struct sim_remember_counts counts;

	run_one(plan, &cli->options, ret);
	sim_remember_counts(&counts);
	ret->figures.signatures_checked = counts.verified;
	ret->figures.signatures_remembered = counts.verified_again;
	if (!cli->once)
		run_twin(cli, plan, ret);
	if (remembers)
		sim_remember_free();
}

/* false after saying why. */
static bool start_trace(struct sim_cli *cli, struct sim_trace *trace)
{
	if (cli->trace_path == NULL)
		return true;
	*trace = (struct sim_trace){fopen(cli->trace_path, "we"), cli->trace_node, cli->trace_item};
	if (trace->to == NULL) {
		(void)fprintf(stderr, "kairan-sim: %s: %s\n", cli->trace_path, strerror(errno));
		return false;
	}
	cli->options.observer = &sim_tracer;
	cli->options.observer_state = trace;
	return true;
}

static bool end_trace(const struct sim_cli *cli, struct sim_trace *trace)
{
	if (trace->to == NULL || fclose(trace->to) == 0)
		return true;
	(void)fprintf(stderr, "kairan-sim: %s: %s\n", cli->trace_path, strerror(errno));
	return false;
}

static int print_result(const struct sim_cli *cli, uint64_t seed, const struct sim_result *result,
			double seconds)
{
	bool failed = result->violations > 0 || result->differs;
	FILE *out = sim_cli_out(cli);
	struct sim_failure failure;

	if (out == NULL)
		return SIM_EXIT_FILE;
	if (failed)
		sim_report_first(result, seed, &failure);
	if (cli->json)
		sim_report_json(
			cli, &(struct sim_sum){seed, 1, failed, seconds, result->figures, &failure},
			out);
	else
		sim_report_figures(&result->figures, out);
	if (!sim_cli_close(cli, out))
		return SIM_EXIT_FILE;
	if (!failed)
		return SIM_EXIT_OK;
	/* Not into --json's text. */
	sim_report_violations(result, stderr);
	(void)fputs("#   again: ", stderr);
	sim_cli_again(cli, seed, stderr);
	(void)fputc('\n', stderr);
	return SIM_EXIT_VIOLATION;
}

static int run_here(const struct sim_cli *cli)
{
	double start = sim_cli_seconds();
	struct sim_cli mine = *cli;
	struct sim_trace trace = {NULL, 0, 0};
	struct sim_plan *plan = sim_cli_plan(cli);
	struct sim_result result;
	int code = SIM_EXIT_FILE;

	if (plan != NULL && start_trace(&mine, &trace)) {
		sim_run_plan(&mine, plan, &result);
		code = print_result(cli, plan->seed, &result, sim_cli_seconds() - start);
	}
	if (!end_trace(cli, &trace))
		code = SIM_EXIT_FILE;
	sim_plan_free(plan);
	return code;
}

int sim_verb_run(const struct sim_cli *cli)
{
	return cli->many ? sim_swarm(cli) : run_here(cli);
}

/* And frees it. */
static int print_plan(const struct sim_cli *cli, struct sim_plan *plan)
{
	FILE *out = sim_cli_out(cli);
	bool written = false;

	if (out != NULL) {
		sim_plan_print(plan, out);
		written = sim_cli_close(cli, out);
	}
	sim_plan_free(plan);
	return written ? SIM_EXIT_OK : SIM_EXIT_FILE;
}

int sim_verb_plan(const struct sim_cli *cli)
{
	struct sim_plan *plan = sim_cli_plan(cli);

	return plan == NULL ? SIM_EXIT_FILE : print_plan(cli, plan);
}

struct shrinking {
	const struct sim_cli *cli;
	unsigned tried;
};

/* Does it still fail, in the way that is asked for? */
static bool still_fails(void *context, const struct sim_plan *plan)
{
	struct shrinking *shrinking = context;
	const struct sim_cli *cli = shrinking->cli;
	struct sim_result result;
	bool fails = false;

	sim_run_plan(cli, plan, &result);
	if (cli->checker == NULL)
		fails = result.violations > 0 || result.differs;
	for (size_t i = 0; cli->checker != NULL && i < result.violations &&
			   i < sizeof(result.first) / sizeof(result.first[0]);
	     i++)
		fails = fails || strcmp(result.first[i].checker, cli->checker) == 0;
	shrinking->tried++;
	(void)fprintf(stderr, "%4u  %5u operations  %s\n", shrinking->tried, plan->op_count,
		      fails ? "fails" : "holds");
	return fails;
}

int sim_verb_shrink(const struct sim_cli *cli)
{
	struct sim_cli mine = *cli;
	struct sim_plan *plan = sim_cli_plan(cli);
	struct shrinking shrinking = {&mine, 0};

	if (plan == NULL)
		return SIM_EXIT_FILE;
	mine.once = cli->once || cli->checker != NULL; /* a checker's finding needs no twin */
	if (!still_fails(&shrinking, plan)) {
		(void)fprintf(stderr, "kairan-sim: this plan holds: there is nothing to shrink\n");
		sim_plan_free(plan);
		return SIM_EXIT_USAGE;
	}
	struct sim_plan *small = sim_plan_shrink(plan, still_fails, &shrinking, cli->tries);

	sim_plan_free(plan);
	return print_plan(cli, small);
}
