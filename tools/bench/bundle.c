/* SPDX-License-Identifier: Apache-2.0 */
/* Items that go by file: what writing bundles and taking them in costs, as people do it. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kairan/client.h"
#include "kairan/control.h"

#define TEXT_LEN 1900
#define MOST_FILES 512
#define ASK_MS 1000
#define READY_TRIES 400 /* of 50 ms */

static bool answers(const char *dir)
{
	struct kai_ctl_status status = {.version = KAI_VERSION, .type = KAI_CONTROL_STATUS};
	uint8_t request[64], *answer = NULL;
	size_t len = kai_object_encode(&kai_object_ctl_status, &status, request, sizeof(request));

	if (kai_client_ask(dir, kai_span(request, len), ASK_MS, &answer, &len, NULL) != KAI_ERR_OK)
		return false;
	free(answer);
	return true;
}

/* Starts a node alone, where `lab up` would start both; 0: it did not start. */
static pid_t start_alone(struct bench *bench, const char *dir)
{
	char program[KAI_PATH_SIZE + 32];
	const char *const argv[] = {program, "--dir", dir, NULL};
	union {
		const char *const *given;
		char *const *wanted; /* posix_spawn does not change them */
	} args = {.given = argv};
	posix_spawn_file_actions_t actions;
	pid_t pid;

	(void)snprintf(program, sizeof(program), "%.*s../../node/daemon/kairand",
		       (int)(strlen(bench->kairan) - strlen("kairan")), bench->kairan);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int failed = posix_spawn(&pid, program, &actions, NULL, args.wanted, environ);

	posix_spawn_file_actions_destroy(&actions);
	if (failed != 0)
		return 0;
	for (int i = 0; i < READY_TRIES; i++, bench_nap_us(50000))
		if (answers(dir))
			return pid;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)fprintf(stderr, "kairan-bench: bundle: %s does not answer\n", program);
	return 0;
}

static bool end_alone(pid_t pid)
{
	int status = -1;

	(void)kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* kairan import bundle FILE… at op-b; seconds, negative: it failed. */
static double take_in(struct bench *bench, struct pair *pair, char *const *files, size_t count)
{
	static const char *argv[MOST_FILES + 8];
	char reply[KAI_PATH_SIZE + 32];
	size_t words = 0;

	(void)snprintf(reply, sizeof(reply), "%s/reply.kbundle", bench->dir);
	argv[words++] = bench->kairan;
	argv[words++] = "--dir";
	argv[words++] = pair_dir(pair, 'b');
	argv[words++] = "import";
	argv[words++] = "bundle";
	for (size_t i = 0; i < count && i < MOST_FILES; i++)
		argv[words++] = files[i];
	argv[words] = NULL;
	double start = bench_now();

	return bench_run(argv, reply, false) == 0 ? bench_now() - start : -1;
}

/* While no node but op-b runs; items per second, negative: failed. */
static double import_rate(struct bench *bench, struct pair *pair, const char *pattern)
{
	pid_t node = start_alone(bench, pair_dir(pair, 'b'));
	long before = pair_count(pair, 'b'), came = 0;
	double seconds = -1;
	glob_t files;

	if (node == 0)
		return -1;
	if (glob(pattern, 0, NULL, &files) == 0) {
		seconds = take_in(bench, pair, files.gl_pathv, files.gl_pathc);
		for (size_t i = 0; i < files.gl_pathc; i++)
			(void)remove(files.gl_pathv[i]);
		globfree(&files);
	}
	came = pair_count(pair, 'b') - before;
	if (!end_alone(node) || seconds <= 0 || came < bench->items) {
		(void)fprintf(stderr, "kairan-bench: bundle: %ld of %ld items came\n", came,
			      bench->items);
		return -1;
	}
	return (double)came / seconds;
}

static bool one_run(struct bench *bench, struct pair *pair, double *ret_export, double *ret_import)
{
	char path[KAI_PATH_SIZE + 32], pattern[KAI_PATH_SIZE + 32];
	const char *const argv[] = {bench->kairan, "--dir",  pair_dir(pair, 'a'),
				    "export",	   "bundle", "--to",
				    "op-b",	   "-o",     path,
				    NULL};

	(void)snprintf(path, sizeof(path), "%s/items.kbundle", bench->dir);
	(void)snprintf(pattern, sizeof(pattern), "%s/items*", bench->dir);
	if (!pair_start(pair, 'a') || !pair_stop(pair, 'b') ||
	    !pair_publish(pair, bench->items, TEXT_LEN, PAIR_WINDOW)) {
		(void)fprintf(stderr, "kairan-bench: bundle: nothing to write at op-a\n");
		return false;
	}
	double start = bench_now();

	if (bench_run(argv, NULL, false) != 0) {
		(void)fprintf(stderr, "kairan-bench: bundle: export failed\n");
		return false;
	}
	*ret_export = (double)bench->items / (bench_now() - start);
	if (!pair_stop(pair, 'a'))
		return false;
	*ret_import = import_rate(bench, pair, pattern);
	return *ret_import > 0;
}

bool bench_bundle(struct bench *bench)
{
	double exports[BENCH_RUNS], imports[BENCH_RUNS], spread, value;
	struct pair *pair = pair_up(bench);
	bool ok = pair != NULL;

	for (int i = 0; ok && i < BENCH_RUNS; i++) {
		ok = one_run(bench, pair, &exports[i], &imports[i]);
		(void)fprintf(stderr, "kairan-bench: bundle: run %d of %d\n", i + 1, BENCH_RUNS);
	}
	pair_down(pair);
	if (!ok)
		return false;
	value = bench_median(exports, BENCH_RUNS, &spread);
	bench_row(bench, "bundle",
		  &(struct bench_figure){"export of bundles, 2 KB, a signature each", value,
					 "items/s", bench->commit_floor, spread});
	value = bench_median(imports, BENCH_RUNS, &spread);
	bench_row(bench, "bundle",
		  &(struct bench_figure){"import of bundles, 2 KB, a signature each", value,
					 "items/s", bench->verify_floor, spread});
	return true;
}
