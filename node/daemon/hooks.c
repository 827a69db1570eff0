/* SPDX-License-Identifier: Apache-2.0 */
#include "hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "kairan/records.h"
#include "kairan/text.h"
#include "strays.h"

#define MOST_AT_ONCE 16u
#define READ_LEN 65536u
#define STRAY_LOOK_MS 50
#define LAST_LOOKS 40  /* at what was killed, before this thread ends all the same */
#define LAST_SIGNAL 31 /* above are the library's own and those that nobody sends */

/* A program that runs. */
struct run {
	struct kai_hook_job *job; /* NULL: this place is free */
	pid_t pid;		  /* its session and process group as well */
	int pid_fd;
	int in_fd; /* -1: all was written, or it does not listen */
	int out_fd;
	size_t sent;
	int64_t until_ms; /* INT64_MAX: it was killed */
	bool late;
	char said[KAI_MAX_TEXT]; /* raw */
	size_t said_len;
};

struct kai_hooks {
	struct kai_hooks_config config;
	char *argv[KAI_HOOK_ARGUMENTS + 1];
	pthread_t thread;
	bool has_thread;
	int wake_fd;
	pthread_mutex_t lock; /* over the next four */
	struct kai_hook_job *first;
	struct kai_hook_job *last;
	char running[MOST_AT_ONCE][KAI_MAX_SHORT + 1]; /* names; empty: free */
	bool stop;
	/* the thread's own */
	struct run runs[MOST_AT_ONCE];
	bool strays; /* processes may be left that no run knows */
	uint8_t buffer[READ_LEN];
};

/* ---- telling ---- */

static void tell(struct kai_hooks *hooks, const struct kai_call_ref *ref,
		 enum kai_step_result result, uint64_t code, struct kai_span said)
{
	struct kai_hook_end end = {.ref = *ref, .result = result, .code = code};
	size_t line = 0;

	while (line < said.len && said.at[line] != '\n')
		line++;
	kai_escape(kai_span(said.at, line), false, end.said, sizeof(end.said));
	hooks->config.ended(hooks->config.context, &end);
}

static void close_fd(int *io_fd)
{
	if (*io_fd >= 0)
		(void)close(*io_fd);
	*io_fd = -1;
}

/* ---- starting ---- */

/* Ends of two pipes: the program's stay with the caller for the call. */
struct pipes {
	int in[2];
	int out[2];
};

static bool make_pipes(struct pipes *pipes)
{
	if (pipe2(pipes->in, O_CLOEXEC) != 0)
		return false;
	if (pipe2(pipes->out, O_CLOEXEC) == 0)
		return fcntl(pipes->in[1], F_SETFL, O_NONBLOCK) == 0 &&
		       fcntl(pipes->out[0], F_SETFL, O_NONBLOCK) == 0;
	close_fd(&pipes->in[0]);
	close_fd(&pipes->in[1]);
	return false;
}

static void close_pipes(struct pipes *pipes)
{
	close_fd(&pipes->in[0]);
	close_fd(&pipes->in[1]);
	close_fd(&pipes->out[0]);
	close_fd(&pipes->out[1]);
}

/* errno; 0: it runs. Nothing of ours is executed between the fork and the program: posix_spawn sees to that. */
static int spawn(const struct kai_hooks *hooks, const struct kai_hook_job *job,
		 const struct pipes *pipes, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none;
	sigset_t all;
	int err = posix_spawn_file_actions_init(&files);

	if (err != 0)
		return err;
	err = posix_spawnattr_init(&how);
	if (err != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return err;
	}
	(void)sigemptyset(&none);
	(void)sigemptyset(&all);
	for (int number = 1; number <= LAST_SIGNAL; number++)
		(void)sigaddset(&all, number);
	err |= posix_spawn_file_actions_adddup2(&files, pipes->in[0], STDIN_FILENO);
	err |= posix_spawn_file_actions_adddup2(&files, pipes->out[1], STDOUT_FILENO);
	err |= posix_spawn_file_actions_adddup2(&files, pipes->out[1], STDERR_FILENO);
	err |= posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	err |= posix_spawn_file_actions_addchdir_np(&files, "/");
	err |= posix_spawnattr_setsigmask(&how, &none);
	err |= posix_spawnattr_setsigdefault(&how, &all);
	err |= posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	if (err == 0)
		err = posix_spawn(ret, hooks->argv[0], &files, &how, hooks->argv, job->env);
	(void)posix_spawnattr_destroy(&how);
	(void)posix_spawn_file_actions_destroy(&files);
	return err;
}

static void kill_all(const struct run *run)
{
	(void)kill(-run->pid, SIGKILL);
	(void)kill(run->pid, SIGKILL);
}

/* Takes the job over. */
static void start(struct kai_hooks *hooks, struct run *run, struct kai_hook_job *job)
{
	struct pipes pipes = {.in = {-1, -1}, .out = {-1, -1}};
	int err = make_pipes(&pipes) ? spawn(hooks, job, &pipes, &run->pid) : errno;
	int pid_fd = err == 0 ? (int)syscall(SYS_pidfd_open, run->pid, 0) : -1;

	if (err == 0 && pid_fd < 0) {
		err = errno;
		kill_all(run);
		(void)waitpid(run->pid, NULL, 0);
	}
	if (err != 0) {
		close_pipes(&pipes);
		tell(hooks, &job->ref, KAI_RESULT_NOT_STARTED, (uint64_t)err,
		     kai_span_str(strerror(err)));
		kai_hook_job_free(job);
		return;
	}
	close_fd(&pipes.in[0]);
	close_fd(&pipes.out[1]);
	*run = (struct run){.job = job,
			    .pid = run->pid,
			    .pid_fd = pid_fd,
			    .in_fd = pipes.in[1],
			    .out_fd = pipes.out[0],
			    .until_ms = kai_real_ms() + hooks->config.timeout_ms};
}

/* ---- while it runs ---- */

static void feed(struct run *run)
{
	const char *at = run->job->input + run->sent;
	ssize_t written = write(run->in_fd, at, run->job->input_len - run->sent);

	if (written > 0)
		run->sent += (size_t)written;
	if (run->sent == run->job->input_len || (written < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&run->in_fd); /* a program need not listen */
}

/* false: nothing more is there now. */
static bool hear(struct kai_hooks *hooks, struct run *run)
{
	ssize_t got = read(run->out_fd, hooks->buffer, sizeof(hooks->buffer));
	size_t keep = sizeof(run->said) - run->said_len;

	if (got <= 0) {
		if (got == 0 || (errno != EAGAIN && errno != EINTR))
			close_fd(&run->out_fd);
		return false;
	}
	if (keep > (size_t)got)
		keep = (size_t)got;
	memcpy(run->said + run->said_len, hooks->buffer, keep);
	run->said_len += keep;
	return true;
}

static void name_free(struct kai_hooks *hooks, const struct run *run)
{
	(void)pthread_mutex_lock(&hooks->lock);
	hooks->running[run - hooks->runs][0] = '\0';
	(void)pthread_mutex_unlock(&hooks->lock);
}

/* The program ended: with it all of its session, before its number can be another's. */
static void finish(struct kai_hooks *hooks, struct run *run)
{
	int status = 0;

	kill_all(run);
	(void)waitpid(run->pid, &status, 0);
	for (int i = 0; i < 2 && run->out_fd >= 0 && hear(hooks, run); i++)
		;
	close_fd(&run->in_fd);
	close_fd(&run->out_fd);
	close_fd(&run->pid_fd);
	name_free(hooks, run);
	struct kai_span said = kai_span(run->said, run->said_len);

	if (run->late)
		tell(hooks, &run->job->ref, KAI_RESULT_TIMEOUT, SIGKILL, said);
	else if (WIFSIGNALED(status))
		tell(hooks, &run->job->ref, KAI_RESULT_SIGNAL, (uint64_t)WTERMSIG(status), said);
	else
		tell(hooks, &run->job->ref, KAI_RESULT_EXIT, (uint64_t)WEXITSTATUS(status), said);
	kai_hook_job_free(run->job);
	*run = (struct run){.job = NULL};
	hooks->strays = true;
}

/* ---- the thread ---- */

static struct kai_hook_job *next_job(struct kai_hooks *hooks, size_t place)
{
	(void)pthread_mutex_lock(&hooks->lock);
	struct kai_hook_job *job = hooks->first;

	if (job != NULL) {
		hooks->first = job->next;
		job->next = NULL;
		memcpy(hooks->running[place], job->step, sizeof(job->step));
	}
	(void)pthread_mutex_unlock(&hooks->lock);
	return job;
}

static void start_some(struct kai_hooks *hooks)
{
	for (size_t i = 0; i < hooks->config.at_once; i++) {
		struct run *run = &hooks->runs[i];

		while (run->job == NULL) {
			struct kai_hook_job *job = next_job(hooks, i);

			if (job == NULL)
				return;
			start(hooks, run, job);
			if (run->job == NULL)
				name_free(hooks, run);
		}
	}
}

static bool stopping(struct kai_hooks *hooks)
{
	(void)pthread_mutex_lock(&hooks->lock);
	bool stop = hooks->stop;

	(void)pthread_mutex_unlock(&hooks->lock);
	return stop;
}

/* Three descriptors a run, in order; those that are closed are left out by poll. */
static size_t watch(const struct kai_hooks *hooks, struct pollfd *fds, int64_t *ret_wait_ms)
{
	int64_t now = kai_real_ms();
	size_t count = 0;

	*ret_wait_ms = hooks->strays ? STRAY_LOOK_MS : 60000;
	fds[count++] = (struct pollfd){.fd = hooks->wake_fd, .events = POLLIN};
	for (size_t i = 0; i < hooks->config.at_once; i++) {
		const struct run *run = &hooks->runs[i];
		bool runs = run->job != NULL;

		fds[count++] = (struct pollfd){.fd = runs ? run->pid_fd : -1, .events = POLLIN};
		fds[count++] = (struct pollfd){.fd = runs ? run->in_fd : -1, .events = POLLOUT};
		fds[count++] = (struct pollfd){.fd = runs ? run->out_fd : -1, .events = POLLIN};
		if (runs && run->until_ms - now < *ret_wait_ms)
			*ret_wait_ms = run->until_ms > now ? run->until_ms - now : 0;
	}
	return count;
}

static void serve(struct kai_hooks *hooks, const struct pollfd *fds)
{
	uint64_t count;
	ssize_t got;

	if (fds[0].revents != 0) {
		got = read(hooks->wake_fd, &count, sizeof(count));
		(void)got;
	}
	for (size_t i = 0; i < hooks->config.at_once; i++) {
		const struct pollfd *of = &fds[1 + 3 * i];
		struct run *run = &hooks->runs[i];

		if (run->job == NULL)
			continue;
		if (of[1].revents != 0)
			feed(run);
		if (of[2].revents != 0)
			(void)hear(hooks, run);
		if (kai_real_ms() >= run->until_ms && of[0].revents == 0) {
			run->late = true;
			run->until_ms = INT64_MAX;
			kill_all(run); /* it may hang in the kernel: nobody waits for that */
		}
		if (of[0].revents != 0)
			finish(hooks, run);
	}
	if (hooks->strays) {
		pid_t known[MOST_AT_ONCE];
		size_t known_count = 0;

		for (size_t i = 0; i < hooks->config.at_once; i++)
			if (hooks->runs[i].job != NULL)
				known[known_count++] = hooks->runs[i].pid;
		hooks->strays = kai_strays_kill(known, known_count);
	}
}

static void *run_thread(void *context)
{
	struct kai_hooks *hooks = context;
	struct pollfd fds[1 + 3 * MOST_AT_ONCE];
	int64_t wait_ms;

	while (!stopping(hooks)) {
		start_some(hooks);
		size_t count = watch(hooks, fds, &wait_ms);

		if (poll(fds, count, (int)wait_ms) >= 0)
			serve(hooks, fds);
	}
	for (size_t i = 0; i < hooks->config.at_once; i++) {
		struct run *run = &hooks->runs[i];

		if (run->job == NULL)
			continue;
		kill_all(run);
		close_fd(&run->in_fd);
		close_fd(&run->out_fd);
		close_fd(&run->pid_fd);
		kai_hook_job_free(run->job);
	}
	for (int i = 0; i < LAST_LOOKS && kai_strays_kill(NULL, 0); i++)
		(void)poll(NULL, 0, STRAY_LOOK_MS);
	return NULL;
}

/* ---- life ---- */

static enum kai_err begin_thread(struct kai_hooks *hooks, struct kai_why *why)
{
	hooks->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hooks->wake_fd < 0)
		return kai_fail(why, KAI_ERR_IO, "hooks: %s", strerror(errno));
	/* what a program leaves behind comes to this process, not to the machine's first */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return kai_fail(why, KAI_ERR_IO, "hooks: %s", strerror(errno));
	int err = pthread_create(&hooks->thread, NULL, run_thread, hooks);

	hooks->has_thread = err == 0;
	return err == 0 ? KAI_ERR_OK : kai_fail(why, KAI_ERR_IO, "hooks: %s", strerror(err));
}

enum kai_err kai_hooks_new(const struct kai_hooks_config *config, struct kai_hooks **ret,
			   struct kai_why *why)
{
	struct kai_hooks *hooks = calloc(1, sizeof(*hooks));
	enum kai_err err = KAI_ERR_OK;

	if (hooks == NULL)
		return kai_fail(why, KAI_ERR_NOMEM, "hooks: %s", kai_err_text(KAI_ERR_NOMEM));
	hooks->config = *config;
	if (hooks->config.at_once > MOST_AT_ONCE)
		hooks->config.at_once = MOST_AT_ONCE;
	hooks->wake_fd = -1;
	(void)pthread_mutex_init(&hooks->lock, NULL);
	for (size_t i = 0; config->argv != NULL && i < KAI_HOOK_ARGUMENTS && config->argv[i]; i++)
		memcpy(&hooks->argv[i], &config->argv[i], sizeof(hooks->argv[i]));
	if (hooks->argv[0] != NULL)
		err = begin_thread(hooks, why);
	if (err != KAI_ERR_OK) {
		kai_hooks_free(hooks);
		return err;
	}
	*ret = hooks;
	return err;
}

static void wake(const struct kai_hooks *hooks)
{
	const uint64_t one = 1;
	ssize_t written = write(hooks->wake_fd, &one, sizeof(one));

	(void)written;
}

void kai_hooks_free(struct kai_hooks *hooks)
{
	if (hooks == NULL)
		return;
	if (hooks->has_thread) {
		(void)pthread_mutex_lock(&hooks->lock);
		hooks->stop = true;
		(void)pthread_mutex_unlock(&hooks->lock);
		wake(hooks);
		(void)pthread_join(hooks->thread, NULL);
	}
	while (hooks->first != NULL) {
		struct kai_hook_job *next = hooks->first->next;

		kai_hook_job_free(hooks->first);
		hooks->first = next;
	}
	close_fd(&hooks->wake_fd);
	(void)pthread_mutex_destroy(&hooks->lock);
	free(hooks);
}

/* ---- asking ---- */

static bool is_known(const struct kai_hooks *hooks, const char *step)
{
	for (const struct kai_hook_job *job = hooks->first; job != NULL; job = job->next)
		if (strcmp(job->step, step) == 0)
			return true;
	for (size_t i = 0; i < MOST_AT_ONCE; i++)
		if (strcmp(hooks->running[i], step) == 0)
			return true;
	return false;
}

void kai_hooks_call(struct kai_hooks *hooks, const struct kai_call_ref *ref, struct kai_span bytes)
{
	struct kai_hook_job *job;

	if (hooks->argv[0] == NULL) {
		tell(hooks, ref, KAI_RESULT_NO_PROGRAM, 0, kai_span(NULL, 0));
		return;
	}
	job = kai_hook_job_new(ref, bytes);
	if (job == NULL) {
		tell(hooks, ref, KAI_RESULT_NOT_STARTED, ENOMEM, kai_span_str(strerror(ENOMEM)));
		return;
	}
	(void)pthread_mutex_lock(&hooks->lock);
	bool known = is_known(hooks, job->step);

	if (!known) {
		if (hooks->first == NULL)
			hooks->first = job;
		else
			hooks->last->next = job;
		hooks->last = job;
	}
	(void)pthread_mutex_unlock(&hooks->lock);
	if (known)
		kai_hook_job_free(job);
	else
		wake(hooks);
}
