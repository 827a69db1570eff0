/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libconfig 1.5 forgets the string that it was reading when it meets a mistake. */
const char *__lsan_default_suppressions(void); /* NOLINT(bugprone-reserved-identifier) */
const char *__lsan_default_suppressions(void)  /* NOLINT(bugprone-reserved-identifier) */
{
	return "leak:libconfig.so";
}

const char *scratch_file(struct kai_span content)
{
	static char path[64];
	static int file = -1;

	if (file < 0) {
		file = memfd_create("fuzz", MFD_CLOEXEC);
		MUST(file >= 0);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	MUST(ftruncate(file, 0) == 0);
	MUST(pwrite(file, content.at, content.len, 0) == (ssize_t)content.len);
	return path;
}

bool scratch_includes(struct kai_span content)
{
	static const char word[] = "@include";

	return content.len > 0 && memmem(content.at, content.len, word, sizeof(word) - 1) != NULL;
}
