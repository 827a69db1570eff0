/* SPDX-License-Identifier: Apache-2.0 */
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool kai_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool fine = fd >= 0 && fsync(fd) == 0;
	int error = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = error;
	return fine;
}

char *kai_dir_of(struct kai_cli *cli, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return kai_cli_text(cli, ".");
	return kai_cli_text(cli, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

int kai_outfile_begin(struct kai_cli *cli, const char *path, unsigned mode, struct kai_outfile *ret)
{
	ret->path = path;
	ret->temporary = kai_cli_text(cli, "%s.%ld.tmp", path, (long)getpid());
	ret->fd = open(ret->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	return ret->fd >= 0 ? 0
			    : kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", ret->temporary,
					   strerror(errno));
}

bool kai_outfile_put(const struct kai_outfile *file, struct kai_span bytes)
{
	while (bytes.len > 0) {
		ssize_t put = write(file->fd, bytes.at, bytes.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes = kai_span(bytes.at + put, bytes.len - (size_t)put);
	}
	return true;
}

void kai_outfile_drop(struct kai_outfile *file)
{
	if (file->fd < 0)
		return;
	(void)close(file->fd);
	(void)unlink(file->temporary);
	file->fd = -1;
}

int kai_outfile_end(struct kai_cli *cli, struct kai_outfile *file)
{
	const char *dir = kai_dir_of(cli, file->path);

	if (fsync(file->fd) == 0 && rename(file->temporary, file->path) == 0 && kai_sync_dir(dir)) {
		(void)close(file->fd);
		file->fd = -1;
		return 0;
	}
	int error = errno;

	kai_outfile_drop(file);
	return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", file->path, strerror(error));
}

static int stream(struct kai_cli *cli, const char *path, FILE *to, kai_outfile_write write,
		  void *context)
{
	int exit = write(context, to);
	int error = fflush(to) != 0 ? errno : ferror(to) != 0 ? EIO : 0;

	return exit != 0 || error == 0
		       ? exit
		       : kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s: %s", path, strerror(error));
}

int kai_outfile_stream(struct kai_cli *cli, const char *path, unsigned mode,
		       kai_outfile_write write, void *context)
{
	struct kai_outfile file = {.fd = -1};

	/* what goes elsewhere is read by a program: a drill's mark is not before its lines */
	if (path == NULL || strcmp(path, "-") == 0)
		return stream(cli, "-", cli->marked ? stdout : cli->out, write, context);
	int exit = kai_outfile_begin(cli, path, mode, &file);

	if (exit != 0)
		return exit;
	FILE *to = fdopen(dup(file.fd), "w");

	if (to == NULL) {
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s: %s", path, strerror(errno));
	} else {
		exit = stream(cli, path, to, write, context);
		if (fclose(to) != 0 && exit == 0)
			exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s: %s", path, strerror(errno));
	}
	if (exit == 0)
		return kai_outfile_end(cli, &file);
	kai_outfile_drop(&file);
	return exit;
}
