/* SPDX-License-Identifier: Apache-2.0 */
/* A run in a process of its own: what crashes or hangs there has a seed and ends nothing else. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

struct report {
	struct sim_result result;
	double wall_s;
};

static _Noreturn void run_in_child(const struct sim_cli *cli, const struct sim_recipe *recipe,
				   int to)
{
	static struct report report; /* large, and all bytes of it are written */
	double start = sim_cli_seconds();
	struct sim_plan *plan = sim_plan_make(recipe);

	sim_run_plan(cli, plan, &report.result);
	sim_plan_free(plan);
	report.wall_s = sim_cli_seconds() - start;
	FILE *out = fdopen(to, "w");

	_exit(out != NULL && fwrite(&report, sizeof(report), 1, out) == 1 && fclose(out) == 0 ? 0
											      : 1);
}

bool sim_child_start(const struct sim_cli *cli, const struct sim_recipe *recipe,
		     struct sim_child *ret)
{
	int ends[2];

	(void)fflush(NULL); /* or the child would print it again */
	if (pipe(ends) != 0)
		return false;
	int pid = fork();

	if (pid == 0) {
		(void)close(ends[0]);
		run_in_child(cli, recipe, ends[1]);
	}
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return false;
	}
	*ret = (struct sim_child){pid, ends[0], recipe->seed, recipe->nodes};
	return true;
}

void sim_child_end(struct sim_child *child, struct sim_child_end *ret)
{
	struct report report = {.wall_s = 0};
	struct rusage usage = {.ru_maxrss = 0};
	int status = 0;

	FILE *in = fdopen(child->pipe, "r");

	*ret = (struct sim_child_end){.finished = in != NULL &&
						  fread(&report, sizeof(report), 1, in) == 1};
	if (in != NULL)
		(void)fclose(in);
	while (wait4(child->pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	ret->processor_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	ret->peak_kb = usage.ru_maxrss;
	if (ret->finished) {
		ret->result = report.result;
		ret->wall_s = report.wall_s;
	}
}
