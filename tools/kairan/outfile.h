/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is there whole or not at all: written under another name beside it, made durable, then
 * renamed. What a kill leaves is named PATH.PID.tmp and is nobody's. */
#ifndef KAIRAN_OUTFILE_H
#define KAIRAN_OUTFILE_H

#include "cli.h"

struct kai_outfile {
	const char *path;
	char *temporary;
	int fd; /* -1: none */
};

/* Exit codes, with a message. */
int kai_outfile_begin(struct kai_cli *cli, const char *path, unsigned mode,
		      struct kai_outfile *ret);
bool kai_outfile_put(const struct kai_outfile *file,
		     struct kai_span bytes); /* errno says why not */
int kai_outfile_end(struct kai_cli *cli, struct kai_outfile *file);
/* Removes what was written. Fine when there is none. */
void kai_outfile_drop(struct kai_outfile *file);

/* The same by a stream; path NULL or "-": standard output. An exit code, with a message. */
typedef int (*kai_outfile_write)(void *context, FILE *to);
int kai_outfile_stream(struct kai_cli *cli, const char *path, unsigned mode,
		       kai_outfile_write write, void *context);

/* Makes a directory's entries durable; false: errno. */
bool kai_sync_dir(const char *path);
/* The directory that path lies in. */
char *kai_dir_of(struct kai_cli *cli, const char *path);

#endif
