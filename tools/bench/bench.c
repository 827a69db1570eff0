/* SPDX-License-Identifier: Apache-2.0 */
/* usage: kairan-bench [PART…] [--items N] [--json] [--install] [--from RUN.json]… [--write PAGE.md] */
#include "bench.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

static const struct bench_part parts[] = {
	{"floors", "What the machine and bare programs give; measured first in every run.",
	 bench_floors},
	{"link", "One CURVE link between two real nodes, both synced.", bench_link},
	{"sizes", "Ingest over the same link by the size of an item's text.", bench_sizes},
	{"alert", "An alert's way while bulk fills the same link.", bench_alert},
	{"bundle",
	 "The same items as files, written at one node and taken in at the other while no link is "
	 "up; the whole "
	 "command, both cores.",
	 bench_bundle},
	{"fan",
	 "One item with urgency now to many peers, each on a CURVE link of its own, all in one "
	 "other process; from before "
	 "it is asked for until the last one has it, the origin's synced commit in between.",
	 bench_fan},
	{"peers",
	 "What people would pick instead, side by side: same machine, same payloads, their own "
	 "clients, as much under way as they "
	 "let. None signs each item and none syncs before it answers.",
	 bench_peers},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

double bench_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void bench_nap_us(long us)
{
	struct timespec time = {us / 1000000, us % 1000000 * 1000};

	(void)nanosleep(&time, NULL);
}

void bench_row(struct bench *bench, const char *part, const struct bench_figure *figure)
{
	(void)json_array_append_new(bench->rows, bench_row_make(part, figure, bench->items));
}

static json_t *last_row(const struct bench *bench)
{
	return json_array_get(bench->rows, json_array_size(bench->rows) - 1);
}

void bench_point(struct bench *bench, const char *part, const struct bench_figure *figure,
		 const char *curve, double at)
{
	bench_row(bench, part, figure);
	(void)json_object_set_new(last_row(bench), "curve", json_string(curve));
	(void)json_object_set_new(last_row(bench), "at", json_real(at));
}

void bench_note(struct bench *bench, const char *note)
{
	(void)json_object_set_new(last_row(bench), "note", json_string(note));
}

double bench_value(const struct bench *bench, const char *part, const char *name)
{
	return json_number_value(json_object_get(bench_row_find(bench->rows, part, name), "value"));
}

/* ---- the machine */

/* What stands behind `name : ` in /proc/cpuinfo the first time. */
static void processor(char *ret, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	(void)snprintf(ret, size, "processor unknown");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		const char *at = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || at == NULL)
			continue;
		(void)snprintf(ret, size, "%.*s", (int)strcspn(at + 2, "\n"), at + 2);
		break;
	}
	if (file != NULL)
		(void)fclose(file);
}

static json_t *machine(void)
{
	struct utsname name;
	char model[128];
	double gib =
		(double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (double)(1 << 30);

	processor(model, sizeof(model));
	if (uname(&name) != 0)
		return json_string(model);
	return json_sprintf("%s, %ld cores, %.0f GiB, %s %.*s %s", model,
			    sysconf(_SC_NPROCESSORS_ONLN), gib, name.sysname,
			    (int)strcspn(name.release, "-"), name.release, name.machine);
}

/* ---- a run */

static int remove_one(const char *path, const struct stat *stat_of, int type, struct FTW *walk)
{
	(void)stat_of;
	(void)type;
	(void)walk;
	return remove(path);
}

static bool prepare(struct bench *bench)
{
	char exe[KAI_PATH_SIZE];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	const char *tmp = getenv("TMPDIR");

	if (len <= 0)
		return false;
	exe[len] = '\0';
	*strrchr(exe, '/') = '\0';
	(void)snprintf(bench->kairan, sizeof(bench->kairan), "%.4000s/../kairan/kairan", exe);
	(void)snprintf(bench->dir, sizeof(bench->dir), "%.4000s/kairan-bench-XXXXXX",
		       tmp != NULL ? tmp : "/var/tmp");
	return mkdtemp(bench->dir) != NULL && sodium_init() >= 0;
}

/* Runs the parts that were asked for; what they found, the caller's. A part that fails does not end
 * the others. */
static json_t *measure(struct bench *bench, const struct bench_options *options, bool *io_ok)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (!options->parts[i])
			continue;
		(void)fprintf(stderr, "kairan-bench: %s\n", parts[i].name);
		if (parts[i].run(bench))
			continue;
		*io_ok = false;
		(void)fprintf(stderr, "kairan-bench: %s: failed\n", parts[i].name);
		if (i == 0)
			break; /* without floors a figure says little */
	}
	return json_pack("{s:o, s:O}", "machine", machine(), "rows", bench->rows);
}

/* ---- the page */

static bool close_file(FILE *file, const char *path)
{
	bool ok = file != NULL && ferror(file) == 0;

	if (file != NULL)
		ok = fclose(file) == 0 && ok;
	if (!ok)
		(void)fprintf(stderr, "kairan-bench: %s: %s\n", path, strerror(errno));
	return ok;
}

static bool write_page(const char *path, const json_t *run)
{
	const json_t *rows = json_object_get(run, "rows");
	char plots[KAI_PATH_SIZE];
	size_t len = strlen(path);
	const char *name = NULL;
	FILE *file;

	if (len > 3 && strcmp(path + len - 3, ".md") == 0)
		len -= 3;
	(void)snprintf(plots, sizeof(plots), "%.*s.svg", (int)len, path);
	if (bench_report_has_plots(rows)) {
		name = strrchr(plots, '/') != NULL ? strrchr(plots, '/') + 1 : plots;
		file = fopen(plots, "we");
		if (file != NULL)
			bench_report_plots(file, rows);
		if (!close_file(file, plots))
			return false;
	}
	file = fopen(path, "we");
	if (file != NULL)
		bench_report_page(file, run, parts, PARTS, name);
	return close_file(file, path);
}

static int tell(const struct bench_options *options, const json_t *run)
{
	if (options->json) {
		(void)json_dumpf(run, stdout, JSON_INDENT(1));
		(void)printf("\n");
	} else {
		bench_report_table(stdout, json_object_get(run, "rows"));
	}
	return options->write == NULL || write_page(options->write, run) ? 0 : 1;
}

static int tell_kept(const struct bench_options *options)
{
	char why[BENCH_WHY];
	json_t *run = bench_runs_load(options->from, options->from_count, why);
	int exit = 2;

	if (run != NULL)
		exit = tell(options, run);
	else
		(void)fprintf(stderr, "kairan-bench: %s\n", why);
	json_decref(run);
	return exit;
}

static int measure_and_tell(struct bench *bench, const struct bench_options *options)
{
	bool ok = true;
	json_t *run = measure(bench, options, &ok);
	int exit = run == NULL ? 2 : tell(options, run);

	json_decref(run);
	return ok || exit != 0 ? exit : 1;
}

/* Waits for the child, and hands on to it what tells us to end. true: it came to its own end, with that exit code. */
static bool attend(pid_t child, const sigset_t *signals, int *ret_exit)
{
	int number, status;

	for (;;) {
		if (sigwait(signals, &number) != 0)
			continue;
		if (number != SIGCHLD)
			(void)kill(child, number);
		else if (waitpid(child, &status, WNOHANG) == child)
			break;
	}
	*ret_exit = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
	return WIFEXITED(status);
}

/* A child measures, so that whatever ends it, its nodes are stopped and its folder goes. */
static int run_attended(struct bench *bench, const struct bench_options *options)
{
	char lab[KAI_PATH_SIZE + 8];
	const char *const down[] = {bench->kairan, "lab", "down", "--lab", lab, NULL};
	sigset_t signals;
	int exit = 2;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	pid_t child = fork();

	if (child == 0) {
		(void)sigprocmask(SIG_UNBLOCK, &signals, NULL);
		return measure_and_tell(bench, options);
	}
	(void)snprintf(lab, sizeof(lab), "%s/lab", bench->dir);
	if (child > 0 && !attend(child, &signals, &exit))
		(void)bench_run(down, NULL, true);
	(void)nftw(bench->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return exit;
}

int main(int argc, char **argv)
{
	struct bench_options options;
	char why[BENCH_WHY];
	int exit = 2;

	if (!bench_options_read(argc, argv, parts, PARTS, &options, why)) {
		(void)fprintf(stderr, "kairan-bench: %s\n", why);
		return 3;
	}
	if (options.from_count > 0)
		return tell_kept(&options);
	struct bench bench = {
		.items = options.items, .install = options.install, .rows = json_array()};

	if (prepare(&bench))
		exit = run_attended(&bench, &options);
	else
		(void)fprintf(stderr, "kairan-bench: no scratch folder (set TMPDIR to a writable "
				      "one on a real disk)\n");
	json_decref(bench.rows);
	return exit;
}
