/* SPDX-License-Identifier: Apache-2.0 */
#include "strays.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_known(pid_t pid, const pid_t *known, size_t known_count)
{
	pid_t session = getsid(pid);

	for (size_t i = 0; i < known_count; i++)
		if (pid == known[i] || session == known[i])
			return true;
	return false;
}

/* Of one thread of ours; true when there was a stray. */
static bool kill_of(const char *thread, const pid_t *known, size_t known_count)
{
	char path[64];
	char *line = NULL;
	char *rest;
	size_t cap = 0;
	bool any = false;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%.20s/children", thread);
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return false;
	if (getline(&line, &cap, file) > 0) {
		rest = line;
		for (long pid; (pid = strtol(rest, &rest, 10)) > 1;) {
			if (is_known((pid_t)pid, known, known_count))
				continue;
			any = true;
			(void)kill((pid_t)pid, SIGKILL);
			(void)waitpid((pid_t)pid, NULL, WNOHANG);
		}
	}
	free(line);
	(void)fclose(file);
	return any;
}

bool kai_strays_kill(const pid_t *known, size_t known_count)
{
	DIR *threads = opendir("/proc/self/task");
	const struct dirent *entry;
	bool any = false;

	if (threads == NULL)
		return false;
	while ((entry = readdir(threads)) != NULL)
		if (entry->d_name[0] != '.')
			any = kill_of(entry->d_name, known, known_count) || any;
	(void)closedir(threads);
	return any;
}
