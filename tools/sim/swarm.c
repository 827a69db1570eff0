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
	struct running running[MAX_JOBS];
	unsigned count;
	uint64_t next, total;
	uint64_t begun, ended, failed;
	double start, told;
	struct sim_figures sum;
	struct {
		const char *checker;
		uint64_t seeds;
	} by_checker[MAX_NAMES];
};

static uint64_t pick_seed(const struct swarm *swarm, uint64_t index)
{
	return swarm->cli->fresh > 0 ? swarm->next + index : swarm->cli->first + index;
}

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

static void tell_failure(struct swarm *swarm, const struct running *running,
			 const struct sim_child_end *end)
{
	FILE *to = stdout;

	(void)fprintf(to, "# seed %llu FAILED: ", (unsigned long long)running->child.seed);
	if (running->late)
		(void)fprintf(to, "no end within %.0f s\n", SEED_LIMIT_S);
	else if (!end->finished)
		(void)fprintf(to, "it died: %s\n",
			      end->signal != 0 ? strsignal(end->signal)
					       : "it ended without a result");
	else
		(void)fprintf(to, "%u violations%s\n", end->result.violations,
			      end->result.differs ? ", and its twin differs" : "");
	if (end->finished)
		sim_report_violations(&end->result, to);
	(void)fprintf(to, "#   again: ");
	sim_cli_again(swarm->cli, running->child.seed, to);
	(void)fflush(to);
}

static void add_figures(struct sim_figures *sum, const struct sim_figures *one)
{
	sum->items += one->items;
	sum->node_items += one->node_items;
	sum->turns += one->turns;
	sum->frames += one->frames;
	sum->bytes += one->bytes;
	sum->virtual_ms += one->virtual_ms;
	sum->payload_copies += one->payload_copies;
	sum->payload_needed += one->payload_needed;
}

static void take_end(struct swarm *swarm, unsigned index)
{
	struct running running = swarm->running[index];
	struct sim_child_end end;

	sim_child_end(&running.child, &end);
	swarm->running[index] = swarm->running[--swarm->count];
	swarm->ended++;
	bool fails = !end.finished || end.result.violations > 0 || end.result.differs;

	if (swarm->cli->tap)
		(void)printf("%s %llu - seed %llu\n", fails ? "not ok" : "ok",
			     (unsigned long long)swarm->ended,
			     (unsigned long long)running.child.seed);
	if (end.finished)
		add_figures(&swarm->sum, &end.result.figures);
	if (!fails)
		return;
	swarm->failed++;
	if (!end.finished)
		count_checker(swarm, running.late ? "(no end)" : "(died)");
	else if (end.result.differs)
		count_checker(swarm, "determinism");
	else
		count_checker(swarm, end.result.first[0].checker);
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
			      (unsigned long long)swarm->ended, (unsigned long long)swarm->total,
			      (unsigned long long)swarm->failed,
			      (double)swarm->ended / (now - swarm->start) * 60);
	}
}

static bool begin_one(struct swarm *swarm)
{
	struct sim_recipe recipe = swarm->cli->recipe;

	recipe.seed = pick_seed(swarm, swarm->begun);
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
	double took = sim_cli_seconds() - swarm->start;
	const char *mark = swarm->cli->tap ? "# " : "";
	const struct sim_figures *sum = &swarm->sum;

	(void)printf("%s%llu seeds, %llu failed, in %.1f s: %.0f seeds/min with %u at a time\n",
		     mark, (unsigned long long)swarm->ended, (unsigned long long)swarm->failed,
		     took, (double)swarm->ended / took * 60, swarm->cli->jobs);
	(void)printf("%s%llu advisories, %llu held at the end, %llu turns, %llu frames, %.1f "
		     "virtual years\n",
		     mark, (unsigned long long)sum->items, (unsigned long long)sum->node_items,
		     (unsigned long long)sum->turns, (unsigned long long)sum->frames,
		     (double)sum->virtual_ms / 1000 / 86400 / 365);
	for (unsigned i = 0; i < MAX_NAMES && swarm->by_checker[i].checker != NULL; i++)
		(void)printf("%s%6llu seeds failed first at: %s\n", mark,
			     (unsigned long long)swarm->by_checker[i].seeds,
			     swarm->by_checker[i].checker);
}

int sim_verb_swarm(const struct sim_cli *cli)
{
	struct swarm *swarm = calloc(1, sizeof(*swarm));

	if (swarm == NULL) {
		(void)fprintf(stderr, "kairan-sim: out of memory\n");
		return SIM_EXIT_FILE;
	}
	swarm->cli = cli;
	swarm->start = sim_cli_seconds();
	swarm->told = swarm->start;
	swarm->total = cli->fresh > 0 ? cli->fresh : cli->last - cli->first + 1;
	if (cli->fresh > 0) {
		/* 48 bits: they are read and typed by people. */
		randombytes_buf(&swarm->next, sizeof(swarm->next));
		swarm->next >>= 16;
		(void)printf("# fresh seeds: --seeds %llu..%llu\n", (unsigned long long)swarm->next,
			     (unsigned long long)(swarm->next + swarm->total - 1));
	} else if (cli->last < cli->first) {
		(void)fprintf(stderr, "kairan-sim: swarm needs --seeds FIRST..LAST or --fresh N\n");
		free(swarm);
		return SIM_EXIT_USAGE;
	}
	if (cli->tap && cli->limit_s == 0)
		(void)printf("1..%llu\n", (unsigned long long)swarm->total);
	bool going = true;

	while (going || swarm->count > 0) {
		while (going && may_begin(swarm))
			going = begin_one(swarm);
		if (swarm->count == 0)
			break;
		wait_some(swarm);
	}
	if (cli->tap && cli->limit_s > 0)
		(void)printf("1..%llu\n", (unsigned long long)swarm->ended);
	tell_sum(swarm);
	bool held = swarm->failed == 0 && swarm->ended > 0 && swarm->ended == swarm->begun && going;

	free(swarm);
	return held ? SIM_EXIT_OK : SIM_EXIT_VIOLATION;
}
