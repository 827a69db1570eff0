/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target once over every file of the folders given, without libFuzzer: what was found
 * once is tested for ever. Prints TAP; a folder without files is a failure, not a pass.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MAX_FILE 4194304

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The bytes get a block of their own length, so that a sanitizer sees one byte too far. */
static bool replay(const char *dir, const char *name)
{
	char path[4096];
	FILE *file;
	uint8_t *bytes = malloc(MAX_FILE);
	uint8_t *exact = NULL;
	size_t len;
	bool good = false;

	if (bytes == NULL ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		goto out;
	file = fopen(path, "rb");
	if (file == NULL)
		goto out;
	len = fread(bytes, 1, MAX_FILE, file);
	good = ferror(file) == 0;
	(void)fclose(file);
	exact = malloc(len > 0 ? len : 1);
	if (exact == NULL || !good) {
		good = false;
		goto out;
	}
	memcpy(exact, bytes, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
out:
	free(exact);
	free(bytes);
	return good;
}

static bool replay_folder(const char *dir, unsigned *io_count)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, no_dots, alphasort);
	bool all_good = count > 0;

	for (int i = 0; i < count; i++) {
		/* Said before it runs, since a target that finds something does not come back. */
		printf("# %s\n", entries[i]->d_name);
		(void)fflush(stdout);
		bool good = replay(dir, entries[i]->d_name);

		printf("%sok %u - %s\n", good ? "" : "not ", ++*io_count, entries[i]->d_name);
		all_good = all_good && good;
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	if (count <= 0)
		printf("not ok %u - %s holds files\n", ++*io_count, dir);
	return all_good;
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	bool all_good = argc > 1;

	if (LLVMFuzzerInitialize != NULL && LLVMFuzzerInitialize(&argc, &argv) != 0)
		return 1;
	for (int i = 1; i < argc; i++)
		all_good = replay_folder(argv[i], &count) && all_good;
	printf("1..%u\n", count);
	return all_good ? 0 : 1;
}
