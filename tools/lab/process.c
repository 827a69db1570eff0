/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, asking and stopping the programs of a lab. */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_OUTPUT ((size_t)16 * 1024 * 1024)
#define MAX_ARGS 48
#define STOP_MS 10000

void kai_lab_sleep(int64_t ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

/* Everything the child writes, until it closes; false when it is more than anybody would want to read. */
static bool drain(int fd, char **ret, size_t *ret_len)
{
	size_t cap = 65536, len = 0;
	char *bytes = malloc(cap);
	ssize_t got = 1;

	if (bytes == NULL)
		return false;
	while (got != 0) {
		if (len == cap) {
			char *more = cap < MAX_OUTPUT ? realloc(bytes, cap * 2) : NULL;

			if (more == NULL)
				break;
			bytes = more;
			cap *= 2;
		}
		got = read(fd, bytes + len, cap - len);
		if (got < 0 && errno != EINTR)
			break;
		len += got > 0 ? (size_t)got : 0;
	}
	if (got != 0) {
		free(bytes);
		return false;
	}
	*ret = bytes;
	*ret_len = len;
	return true;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return KAI_EXIT_UNREACHABLE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : KAI_EXIT_UNREACHABLE;
}

/* posix_spawn takes pointers to non-const strings and does not change them. */
static int spawn(const char *const *argv, posix_spawn_file_actions_t *actions, bool own_session,
		 pid_t *ret)
{
	union {
		const char *const *given;
		char *const *wanted;
	} args = {.given = argv};

	posix_spawnattr_t attributes;

	sigset_t none;

	posix_spawnattr_init(&attributes);
	/* `lab run` waits for its signals; its children have theirs. */
	(void)sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	/* A node outlives the terminal and the Ctrl-C of whoever started the lab. */
	posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGMASK |
						      (own_session ? POSIX_SPAWN_SETSID : 0)));
	int failed = posix_spawn(ret, argv[0], actions, &attributes, args.wanted, environ);

	posix_spawnattr_destroy(&attributes);
	return failed;
}

/* What a child that failed had to say; one that did its work is quiet. */
static void pass_on(struct kai_cli *cli, int fd, char **ret_complaint)
{
	char text[4096];
	ssize_t got = pread(fd, text, sizeof(text), 0);

	if (ret_complaint != NULL)
		*ret_complaint = kai_cli_text(cli, "%.*s", got > 0 ? (int)got : 0, text);
	else if (got > 0)
		(void)fwrite(text, 1, (size_t)got, cli->err);
}

/* ret_complaint NULL: what it complains of goes to our stderr. */
static int run(struct kai_cli *cli, const char *const *argv, struct kai_span *ret_output,
	       char **ret_complaint)
{
	posix_spawn_file_actions_t actions;
	int ends[2], complaints = memfd_create("complaints", MFD_CLOEXEC);
	char *bytes = NULL;
	size_t len = 0;
	pid_t pid;

	if (complaints < 0 || pipe2(ends, O_CLOEXEC) != 0)
		return kai_cli_fail(cli, KAI_EXIT_UNREACHABLE, "pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
	int failed = spawn(argv, &actions, false, &pid);

	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	bool read_all = failed == 0 && drain(ends[0], &bytes, &len);

	close(ends[0]);
	int code = failed != 0 ? KAI_EXIT_UNREACHABLE : wait_for(pid);

	if (failed != 0)
		(void)kai_cli_fail(cli, code, "%s: %s", argv[0], strerror(failed));
	if (ret_complaint != NULL || (code != 0 && code != KAI_EXIT_NOTHING))
		pass_on(cli, complaints, ret_complaint);
	close(complaints);

	if (read_all && ret_output != NULL) {
		uint8_t *kept = kai_cli_take(cli, len + 1);

		memcpy(kept, bytes, len);
		*ret_output = kai_span(kept, len);
	}
	free(bytes);
	return read_all ? code : KAI_EXIT_UNREACHABLE;
}

int kai_lab_run(struct kai_cli *cli, const char *const *argv, struct kai_span *ret_output)
{
	return run(cli, argv, ret_output, NULL);
}

int64_t kai_lab_ahead(const struct kai_lab_node *node)
{
	int64_t past = node->scale > 1 ? kai_cli_now().ms - node->from_ms : 0;

	return past * (node->scale > 1 ? node->scale - 1 : 0) + node->offset_s * KAI_MS_SECOND;
}

/* A command for a node whose clock is another goes by that clock. */
static void set_clock(struct kai_cli *cli, const struct kai_lab_node *node)
{
	int64_t ahead_ms = kai_lab_ahead(node);

	if (ahead_ms == 0)
		(void)unsetenv(KAI_LAB_CLOCK);
	else
		(void)setenv(KAI_LAB_CLOCK, kai_cli_text(cli, "%lld", (long long)ahead_ms), 1);
}

static int ask(struct kai_cli *cli, const struct kai_lab *lab, const struct kai_lab_node *node,
	       const char *const *args, json_t **ret, char **ret_complaint)
{
	const char *argv[MAX_ARGS] = {lab->kairan, "--dir", node->dir, "--lang", "en"};
	size_t count = 5;
	struct kai_span output = {NULL, 0};
	json_error_t error;

	if (ret != NULL)
		argv[count++] = "--json";
	for (size_t i = 0; args[i] != NULL && count < MAX_ARGS - 1; i++)
		argv[count++] = args[i];
	argv[count] = NULL;
	set_clock(cli, node);
	int code = run(cli, argv, &output, ret_complaint);

	(void)unsetenv(KAI_LAB_CLOCK);

	if (ret != NULL && code == 0) {
		*ret = json_loadb((const char *)output.at, output.len, 0, &error);
		if (*ret == NULL)
			return kai_cli_fail(cli, KAI_EXIT_UNREACHABLE, "%s: %s: %s", node->name,
					    args[0], error.text);
	}
	return code;
}

int kai_lab_kairan(struct kai_cli *cli, const struct kai_lab *lab, const struct kai_lab_node *node,
		   const char *const *args, json_t **ret)
{
	return ask(cli, lab, node, args, ret, NULL);
}

int kai_lab_ask(struct kai_cli *cli, const struct kai_lab *lab, const struct kai_lab_node *node,
		const char *const *args, json_t **ret, char **ret_complaint)
{
	return ask(cli, lab, node, args, ret, ret_complaint);
}

int kai_lab_begin(struct kai_cli *cli, const char *const *argv, const char *output, pid_t *ret)
{
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output,
					 O_WRONLY | O_CREAT | O_TRUNC, 0640);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	int failed = spawn(argv, &actions, false, ret);

	posix_spawn_file_actions_destroy(&actions);
	return failed == 0 ? 0
			   : kai_cli_fail(cli, KAI_EXIT_UNREACHABLE, "%s: %s", argv[0],
					  strerror(failed));
}

int kai_lab_wait(pid_t pid)
{
	return wait_for(pid);
}

static char *file_of(struct kai_cli *cli, const struct kai_lab_node *node, const char *name)
{
	return kai_cli_text(cli, "%s/%s", node->dir, name);
}

/* Does this process run with that directory? A recycled process id must never be signalled. */
static bool is_ours(pid_t pid, const char *dir)
{
	char path[64], line[KAI_PATH_SIZE * 2];
	size_t len, dir_len = strlen(dir);
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	len = fread(line, 1, sizeof(line) - 1, file);
	(void)fclose(file);
	line[len] = '\0';
	for (size_t at = 0; at < len; at += strlen(line + at) + 1)
		if (strncmp(line + at, dir, dir_len) == 0 && line[at + dir_len] == '\0')
			return true;
	return false;
}

pid_t kai_lab_pid(const struct kai_lab_node *node)
{
	char path[KAI_PATH_SIZE + 16], text[32];
	FILE *file;
	long pid = 0;

	(void)snprintf(path, sizeof(path), "%s/kairand.pid", node->dir);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) != NULL)
		pid = strtol(text, NULL, 10);
	(void)fclose(file);
	return pid > 1 && is_ours((pid_t)pid, node->dir) ? (pid_t)pid : 0;
}

int kai_lab_start(struct kai_cli *cli, const struct kai_lab *lab, const struct kai_lab_node *node)
{
	const char *const argv[] = {lab->kairand, "--dir", node->dir, NULL};
	const char *log = file_of(cli, node, "kairand.log");
	posix_spawn_file_actions_t actions;
	pid_t pid;

	if (kai_lab_pid(node) != 0)
		return 0;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log,
					 O_WRONLY | O_CREAT | O_APPEND, 0640);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (lab->recorder[0] != '\0') {
		(void)setenv("LD_PRELOAD", lab->recorder, 1);
		(void)setenv("KAIRAN_RECORD_DIR", lab->records, 1);
	}
	int failed = spawn(argv, &actions, true, &pid);

	if (lab->recorder[0] != '\0')
		(void)unsetenv("LD_PRELOAD");
	posix_spawn_file_actions_destroy(&actions);
	if (failed != 0)
		return kai_cli_fail(cli, KAI_EXIT_UNREACHABLE, "%s: %s", lab->kairand,
				    strerror(failed));
	char *text = kai_cli_text(cli, "%ld\n", (long)pid);

	return kai_cli_write(cli, file_of(cli, node, "kairand.pid"), kai_span_str(text), 0640);
}

int kai_lab_stop(struct kai_cli *cli, const struct kai_lab_node *node)
{
	pid_t pid = kai_lab_pid(node);

	if (pid != 0)
		(void)kill(pid, SIGTERM);
	for (int waited = 0; pid != 0 && kai_lab_pid(node) != 0; waited += 50) {
		/* A child of this very process stays a zombie until it is asked for. */
		if (waitpid(pid, NULL, WNOHANG) == pid)
			break;
		if (waited >= STOP_MS) {
			(void)kill(pid, SIGKILL);
			waited = 0;
		}
		kai_lab_sleep(50);
	}
	(void)unlink(file_of(cli, node, "kairand.pid"));
	return 0;
}

int kai_lab_kill(const struct kai_lab_node *node)
{
	pid_t pid = kai_lab_pid(node);

	if (pid == 0)
		return 0;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) != pid && kai_lab_pid(node) != 0)
		kai_lab_sleep(5);
	return 0;
}

void kai_lab_hold_signals(void)
{
	sigset_t ends;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
}

bool kai_lab_told_to_stop(void)
{
	sigset_t waiting;

	return sigpending(&waiting) == 0 &&
	       (sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1 ||
		sigismember(&waiting, SIGHUP) == 1);
}
