/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that the bench starts and waits for. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

int bench_run(const char *const *argv, const char *output, bool quiet)
{
	union {
		const char *const *given;
		char *const *wanted; /* posix_spawn does not change them */
	} args = {.given = argv};
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO,
					 output != NULL ? output : "/dev/null",
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (quiet)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int failed = posix_spawnp(&pid, argv[0], &actions, NULL, args.wanted, environ);

	posix_spawn_file_actions_destroy(&actions);
	if (failed != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
