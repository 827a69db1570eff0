/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command kairan-sim: its options and verbs. Touches the terminal, files and child processes;
 * knows nothing of how a run works. One thread.
 */
#ifndef KAIRAN_SIM_CLI_H
#define KAIRAN_SIM_CLI_H

#include "sim.h"

#define SIM_MAX_SIZES 16

enum sim_exit {
	SIM_EXIT_OK = 0,
	SIM_EXIT_VIOLATION = 1, /* or a run that differs from its twin */
	SIM_EXIT_USAGE = 2,
	SIM_EXIT_FILE = 3
};

/* Bits: an option serves some. */
enum sim_verb {
	SIM_VERB_RUN = 1,
	SIM_VERB_REPLAY = 2,
	SIM_VERB_SHRINK = 4,
	SIM_VERB_PLAN = 8,
	SIM_VERB_GROWTH = 16,
	SIM_VERB_SPREAD = 32
};

struct sim_cli {
	struct sim_recipe recipe;
	struct sim_options options;
	const char *plan_path;	/* NULL: from the recipe */
	const char *out_path;	/* NULL: standard output */
	const char *trace_path; /* NULL: none */
	uint32_t trace_node;	/* UINT32_MAX: all */
	uint32_t trace_item;	/* by number, UINT32_MAX: all */
	const char *checker;	/* shrink: which must fail; NULL: any */
	uint64_t first, last;	/* seeds, both included */
	uint64_t fresh;		/* so many seeds that nobody has chosen before */
	uint64_t limit_s;	/* no new seed after that; 0: none */
	unsigned jobs, tries, item;
	uint32_t sizes[SIM_MAX_SIZES];
	unsigned size_count;
	bool many; /* seeds, each in a process; else one run in this one */
	bool once; /* not twice: determinism is not checked */
	bool json, tap;
};

/* What follows the verb; false after saying what is wrong and where (cli_options.c). */
bool sim_cli_read(enum sim_verb verb, int argc, char **argv, struct sim_cli *ret);
void sim_cli_help(enum sim_verb verb, FILE *to);

/* The plan that the command line names; NULL after saying why. */
struct sim_plan *sim_cli_plan(const struct sim_cli *cli);
/* The command by which somebody else gets the same run. */
void sim_cli_again(const struct sim_cli *cli, uint64_t seed, FILE *to);

/* One plan's run (run.c), in this process. */
struct sim_result {
	struct sim_figures figures;
	bool differs; /* its twin's digest is another */
	uint32_t violations;
	struct sim_violation_entry first[8];
};
void sim_run_plan(const struct sim_cli *cli, const struct sim_plan *plan, struct sim_result *ret);

/* The same in a child, so that a crash, an assertion or a hang has a seed (child.c). */
struct sim_child {
	int pid, pipe;
	uint64_t seed;
	uint32_t nodes;
};
struct sim_child_end {
	bool finished; /* else it died: signal, or 0 when it ended by itself */
	int signal;
	struct sim_result result;
	double wall_s, processor_s;
	int64_t peak_kb;
};
bool sim_child_start(const struct sim_cli *cli, const struct sim_recipe *recipe,
		     struct sim_child *ret);
/* Waits for that child's end. */
void sim_child_end(struct sim_child *child, struct sim_child_end *ret);

/* Verbs; each gives the exit code. */
int sim_verb_run(const struct sim_cli *cli); /* replay too */
int sim_verb_plan(const struct sim_cli *cli);
int sim_verb_shrink(const struct sim_cli *cli);
int sim_verb_growth(const struct sim_cli *cli);
int sim_verb_spread(const struct sim_cli *cli);
/* swarm.c: many seeds. */
int sim_swarm(const struct sim_cli *cli);

/* A seed that failed, and what was said first. */
struct sim_failure {
	uint64_t seed;
	const char *checker;
	char text[256];
};
/* What some seeds gave together. */
struct sim_sum {
	uint64_t first; /* seed; the others follow it */
	uint64_t seeds, failed;
	double seconds;
	struct sim_figures figures;
	struct sim_failure *failures;
};

/* report.c */
void sim_report_add(struct sim_figures *io_sum, const struct sim_figures *one);
/* Of a result that has failed. */
void sim_report_first(const struct sim_result *result, uint64_t seed, struct sim_failure *ret);
double sim_report_hops(const struct sim_figures *figures); /* of a first arrival, mean */
void sim_report_figures(const struct sim_figures *figures, FILE *to);
void sim_report_violations(const struct sim_result *result, FILE *to);
void sim_report_json(const struct sim_cli *cli, const struct sim_sum *sum, FILE *to);

/* trace.c: an observer and its state. */
struct sim_trace {
	FILE *to;
	uint32_t node; /* UINT32_MAX: all */
	uint32_t item; /* by number, UINT32_MAX: all */
};
extern const struct sim_checker sim_tracer;

/* NULL after saying why; the caller closes it with sim_cli_close. */
FILE *sim_cli_out(const struct sim_cli *cli);
/* false after saying that what was written is not whole. */
bool sim_cli_close(const struct sim_cli *cli, FILE *out);

/* Of a clock that only goes on: for what a run takes, never for what it does. */
double sim_cli_seconds(void);

#endif
