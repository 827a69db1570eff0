/* SPDX-License-Identifier: Apache-2.0 */
/* Many seeds, several at a time. A seed that does not end within SEED_LIMIT_S has failed too. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "cli.h"

#define MAX_JOBS 256u
#define SEED_LIMIT_S 300.0
#define TELL_EVERY_S 20.0
#define MAX_NAMES 32u

struct running {
	struct sim_child child;
	double since;
	bool late;
};

struct swarm {
	const struct sim_cli *cli;
	FILE *out;
	struct running running[MAX_JOBS];
	unsigned count;
	uint64_t total, begun;
	double start, told;
	struct sim_sum sum; /* of those that ended */
	struct {
		const char *checker;
		uint64_t seeds;
	} by_checker[MAX_NAMES];
};

static void count_checker(struct swarm *swarm, const char *checker)
{
	for (unsigned i = 0; i < MAX_NAMES; i++) {
		if (swarm->by_checker[i].checker == NULL)
			swarm->by_checker[i].checker = checker;
		if (strcmp(swarm->by_checker[i].checker, checker) == 0) {
			swarm->by_checker[i].seeds++;
			return;
		}
	}
}

/* Of one that has failed. */
static void note_failure(struct swarm *swarm, const struct running *running,
			 const struct sim_child_end *end)
{
	struct sim_sum *sum = &swarm->sum;
	struct sim_failure *failures =
		realloc(sum->failures, (sum->failed + 1) * sizeof(*failures));

	if (failures == NULL) {
		(void)fputs("kairan-sim: out of memory\n", stderr);
		abort();
	}
	sum->failures = failures;
	struct sim_failure *failure = &failures[sum->failed++];

	if (end->finished) {
		sim_report_first(&end->result, running->child.seed, failure);
	} else if (running->late) {
		*failure = (struct sim_failure){running->child.seed, "(no end)", ""};
		(void)snprintf(failure->text, sizeof(failure->text), "no end within %.0f s",
			       SEED_LIMIT_S);
	} else {
		*failure = (struct sim_failure){running->child.seed, "(died)", ""};
		(void)snprintf(failure->text, sizeof(failure->text), "it died: %s",
			       end->signal != 0 ? strsignal(end->signal)
						: "it ended without a result");
	}
	count_checker(swarm, failure->checker);
}

static void tell_failure(struct swarm *swarm, const struct running *running,
			 const struct sim_child_end *end)
{
	/* Not into --json's text. */
	FILE *to = swarm->cli->json ? stderr : swarm->out;

	(void)fprintf(to, "# seed %llu FAILED: ", (unsigned long long)running->child.seed);
	if (end->finished)
		(void)fprintf(to, "%u violations%s\n", end->result.violations,
			      end->result.differs ? ", and its twin differs" : "");
	else
		(void)fprintf(to, "%s\n", swarm->sum.failures[swarm->sum.failed - 1].text);
	if (end->finished)
		sim_report_violations(&end->result, to);
	(void)fprintf(to, "#   again: ");
	sim_cli_again(swarm->cli, running->child.seed, to);
	(void)fputc('\n', to);
	(void)fflush(to);
}

static void take_end(struct swarm *swarm, unsigned index)
{
	struct running running = swarm->running[index];
	struct sim_child_end end;

	sim_child_end(&running.child, &end);
	swarm->running[index] = swarm->running[--swarm->count];
	swarm->sum.seeds++;
	bool fails = !end.finished || end.result.violations > 0 || end.result.differs;

	if (swarm->cli->tap)
		(void)fprintf(swarm->out, "%s %llu - seed %llu\n", fails ? "not ok" : "ok",
			      (unsigned long long)swarm->sum.seeds,
			      (unsigned long long)running.child.seed);
	if (end.finished)
		sim_report_add(&swarm->sum.figures, &end.result.figures);
	if (!fails)
		return;
	note_failure(swarm, &running, &end);
	tell_failure(swarm, &running, &end);
}

static void wait_some(struct swarm *swarm)
{
	struct pollfd polls[MAX_JOBS];
	unsigned count = swarm->count;
	double now;

	for (unsigned i = 0; i < count; i++)
		polls[i] = (struct pollfd){.fd = swarm->running[i].child.pipe, .events = POLLIN};
	if (poll(polls, count, 1000) < 0)
		return;
	now = sim_cli_seconds();
	/* From the last one down: an end moves the last into its place. */
	for (unsigned i = count; i-- > 0;) {
		struct running *running = &swarm->running[i];

		if (polls[i].revents != 0) {
			take_end(swarm, i);
		} else if (!running->late && now - running->since > SEED_LIMIT_S) {
			running->late = true;
			(void)kill(running->child.pid, SIGKILL);
		}
	}
	if (!swarm->cli->tap && now - swarm->told > TELL_EVERY_S) {
		swarm->told = now;
		(void)fprintf(stderr, "%llu of %llu seeds, %llu failed, %.0f seeds/min\n",
			      (unsigned long long)swarm->sum.seeds,
			      (unsigned long long)swarm->total,
			      (unsigned long long)swarm->sum.failed,
			      (double)swarm->sum.seeds / (now - swarm->start) * 60);
	}
}

static bool begin_one(struct swarm *swarm)
{
	struct sim_recipe recipe = swarm->cli->recipe;

	recipe.seed = swarm->sum.first + swarm->begun;
	struct running *running = &swarm->running[swarm->count];

	*running = (struct running){.since = sim_cli_seconds()};
	if (!sim_child_start(swarm->cli, &recipe, &running->child)) {
		(void)fprintf(stderr, "kairan-sim: a process for seed %llu: %s\n",
			      (unsigned long long)recipe.seed, strerror(errno));
		return false;
	}
	swarm->count++;
	swarm->begun++;
	return true;
}

static bool may_begin(const struct swarm *swarm)
{
	const struct sim_cli *cli = swarm->cli;

	if (swarm->count >= cli->jobs || swarm->count >= MAX_JOBS || swarm->begun >= swarm->total)
		return false;
	return cli->limit_s == 0 || sim_cli_seconds() - swarm->start < (double)cli->limit_s;
}

static void tell_sum(const struct swarm *swarm)
{
	const char *mark = swarm->cli->tap ? "# " : "";
	const struct sim_sum *sum = &swarm->sum;
	const struct sim_figures *figures = &sum->figures;

	(void)fprintf(swarm->out,
		      "%s%llu seeds, %llu failed, in %.1f s: %.0f seeds/min with %u at a time\n",
		      mark, (unsigned long long)sum->seeds, (unsigned long long)sum->failed,
		      sum->seconds, (double)sum->seeds / sum->seconds * 60, swarm->cli->jobs);
	(void)fprintf(
		swarm->out,
		"%s%llu advisories, %llu held at the end, %llu turns, %llu frames, %.1f virtual "
		"years\n",
		mark, (unsigned long long)figures->items, (unsigned long long)figures->node_items,
		(unsigned long long)figures->turns, (unsigned long long)figures->frames,
		(double)figures->virtual_ms / 1000 / 86400 / 365);
	for (unsigned i = 0; i < MAX_NAMES && swarm->by_checker[i].checker != NULL; i++)
		(void)fprintf(swarm->out, "%s%6llu seeds failed first at: %s\n", mark,
			      (unsigned long long)swarm->by_checker[i].seeds,
			      swarm->by_checker[i].checker);
}

/* The gate prints what a TAP comment notes. */
static void choose_seeds(struct swarm *swarm)
{
	const struct sim_cli *cli = swarm->cli;

	swarm->sum.first = cli->first;
	swarm->total = cli->last - cli->first + 1;
	if (cli->fresh == 0)
		return;
	/* 48 bits: they are read and typed by people. */
	randombytes_buf(&swarm->sum.first, sizeof(swarm->sum.first));
	swarm->sum.first >>= 16;
	swarm->total = cli->fresh;
	(void)fprintf(cli->json ? stderr : swarm->out, "# note: fresh seeds: --seeds %llu-%llu\n",
		      (unsigned long long)swarm->sum.first,
		      (unsigned long long)(swarm->sum.first + swarm->total - 1));
}

/* false: a process could not be had, and that is said. */
static bool run_all(struct swarm *swarm)
{
	bool going = true;

	while (going || swarm->count > 0) {
		while (going && may_begin(swarm))
			going = begin_one(swarm);
		if (swarm->count == 0)
			break;
		wait_some(swarm);
	}
	swarm->sum.seconds = sim_cli_seconds() - swarm->start;
	return going;
}

int sim_swarm(const struct sim_cli *cli)
{
	struct swarm *swarm = calloc(1, sizeof(*swarm));
	FILE *out = sim_cli_out(cli);
	int code = SIM_EXIT_FILE;

	if (swarm == NULL || out == NULL) {
		(void)fprintf(stderr, "kairan-sim: no memory or no file to write to\n");
		free(swarm);
		return code;
	}
	swarm->cli = cli;
	swarm->out = out;
	swarm->start = sim_cli_seconds();
	swarm->told = swarm->start;
	choose_seeds(swarm);
	if (cli->tap && cli->limit_s == 0)
		(void)fprintf(out, "1..%llu\n", (unsigned long long)swarm->total);
	bool whole = run_all(swarm);

	if (cli->tap && cli->limit_s > 0)
		(void)fprintf(out, "1..%llu\n", (unsigned long long)swarm->sum.seeds);
	if (cli->json)
		sim_report_json(cli, &swarm->sum, out);
	else
		tell_sum(swarm);
	whole = sim_cli_close(cli, out) && whole;
	if (swarm->sum.failed > 0)
		code = SIM_EXIT_VIOLATION;
	else if (whole)
		code = SIM_EXIT_OK;
	free(swarm->sum.failures);
	free(swarm);
	return code;
}
