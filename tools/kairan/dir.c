/* SPDX-License-Identifier: Apache-2.0 */
/* The data directory, the open store, files, the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "view.h"

bool kai_cli_json(const struct kai_cli *cli)
{
	return cli->renderer == &kai_render_json;
}

struct kai_wall kai_cli_now(void)
{
	const char *ahead = getenv(KAI_LAB_CLOCK);
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (struct kai_wall){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 +
				 (ahead != NULL ? strtoll(ahead, NULL, 10) : 0)};
}

void *kai_cli_take(struct kai_cli *cli, size_t size)
{
	void *at = kai_arena_take(&cli->arena, size);

	if (at == NULL) {
		(void)fprintf(cli->err, "kairan: %s\n", T("out of memory (ask for less at once)"));
		exit(KAI_EXIT_REFUSED);
	}
	return at;
}

char *kai_cli_text(struct kai_cli *cli, const char *fmt, ...)
{
	va_list args;
	va_list again;

	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	char *text = kai_cli_take(cli, len < 0 ? 1 : (size_t)len + 1);

	if (len > 0)
		(void)vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text;
}

char *kai_cli_str(struct kai_cli *cli, struct kai_span text)
{
	char *copy = kai_cli_take(cli, text.len + 1);

	if (text.len > 0)
		memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	return copy;
}

int kai_cli_open(struct kai_cli *cli)
{
	struct kai_store_options options = {.read_only = true};
	struct kai_why why = {""};
	char path[KAI_PATH_SIZE];

	if (cli->store != NULL)
		return 0;
	enum kai_err err = kai_path(path, cli->dir, "store", &why);

	if (err != KAI_ERR_OK)
		return kai_cli_err(cli, err, &why);
	if (access(kai_cli_text(cli, "%s/" KAI_RESTORE_MARK, cli->dir), F_OK) == 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: a restore began here and did not end (empty the "
				      "directory, and restore again)"),
				    cli->dir);
	if (access(path, F_OK) != 0 && errno == EACCES)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: may not be read by this user (be of the node's group)"),
				    cli->dir);
	if (access(path, F_OK) != 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: no node's data is here (make one with `kairan init`, or "
				      "name another with --dir)"),
				    cli->dir);
	err = kai_store_open_lmdb(path, &options, &cli->store, &why);
	if (err != KAI_ERR_OK)
		return kai_cli_err(cli, err, &why);
	(void)kai_store_reap(cli->store);
	struct kai_txn *txn = kai_cli_txn(cli);
	struct kai_span org;

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	bool found = kai_txn_get(txn, KAI_TABLE_META, kai_span_str(KAI_META_ORG), &org) &&
		     org.len == KAI_ID_LEN;

	if (found)
		memcpy(cli->org, org.at, KAI_ID_LEN);
	cli->lab = kai_txn_get(txn, KAI_TABLE_META, kai_span_str(KAI_META_LAB), &org);
	kai_txn_abort(txn);
	if (!cli->lab && getenv(KAI_LAB_CLOCK) != NULL)
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("%s: another clock than the machine's is only for what kairan lab "
			  "made (unset %s)"),
			cli->dir, KAI_LAB_CLOCK);
	if (!found)
		return kai_cli_fail(
			cli, KAI_EXIT_REFUSED,
			T("%s: the store does not say whose it is (run `kairan check`)"), path);
	return 0;
}

int kai_cli_keys(struct kai_cli *cli)
{
	struct kai_why why = {""};

	if (cli->rest != NULL)
		return 0;
	struct kai_node_keys *keys = kai_cli_take(cli, sizeof(*keys));
	enum kai_err err = kai_rest_keys_load(cli->dir, keys, &why);

	if (err != KAI_ERR_OK)
		return kai_cli_err(cli, err, &why);
	cli->rest = keys;
	return 0;
}

struct kai_txn *kai_cli_txn(struct kai_cli *cli)
{
	struct kai_txn *txn = NULL;
	struct kai_why why = {""};
	enum kai_err err = kai_txn_begin(cli->store, false, &txn, &why);

	if (err == KAI_ERR_OK)
		return txn;
	(void)kai_cli_err(cli, err, &why);
	return NULL;
}

void kai_cli_done(struct kai_cli *cli)
{
	if (cli->rest != NULL)
		kai_node_keys_done(cli->rest);
	kai_store_close(cli->store);
	kai_store_close(cli->live);
	if (cli->marked)
		(void)fclose(cli->out);
	if (cli->err_marked)
		(void)fclose(cli->err);
}

int kai_cli_read(struct kai_cli *cli, const char *path, size_t max, struct kai_span *ret)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;

	if (fd < 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(errno));
	size_t cap = max + 1;

	if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size >= 0 &&
	    (uint64_t)stat.st_size < max)
		cap = (size_t)stat.st_size + 1;
	uint8_t *at = kai_cli_take(cli, cap);
	size_t len = 0;
	ssize_t got = 0;

	while (len < cap && (got = read(fd, at + len, cap - len)) > 0)
		len += (size_t)got;
	int error = errno;

	(void)close(fd);
	if (got < 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(error));
	if (len > max)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: larger than %zu bytes"), path, max);
	*ret = kai_span(at, len);
	return 0;
}

static bool write_all(int fd, struct kai_span bytes)
{
	while (bytes.len > 0) {
		ssize_t put = write(fd, bytes.at, bytes.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes = kai_span(bytes.at + put, bytes.len - (size_t)put);
	}
	return true;
}

int kai_cli_write(struct kai_cli *cli, const char *path, struct kai_span bytes, unsigned mode)
{
	if (path == NULL || strcmp(path, "-") == 0) {
		(void)fwrite(bytes.at, 1, bytes.len, cli->out);
		return fflush(cli->out) == 0 ? 0
					     : kai_cli_fail(cli, KAI_EXIT_REFUSED, T("stdout: %s"),
							    strerror(errno));
	}
	char *temporary = kai_cli_text(cli, "%s.%ld.tmp", path, (long)getpid());
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", temporary, strerror(errno));
	bool fine = write_all(fd, bytes) && fsync(fd) == 0;

	fine = close(fd) == 0 && fine;
	if (fine && rename(temporary, path) == 0)
		return 0;
	int error = errno;

	(void)unlink(temporary);
	return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(error));
}

char *kai_cli_prompt(struct kai_cli *cli, const char *question)
{
	char line[4096];

	(void)fprintf(cli->err, "%s ", question);
	(void)fflush(cli->err);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return NULL;
	line[strcspn(line, "\r\n")] = '\0';
	return kai_cli_text(cli, "%s", line);
}

int kai_cli_confirm(struct kai_cli *cli, const char *word, const char *what)
{
	const char *given = kai_opt_value(cli, "confirm");

	if (given == NULL && cli->tty)
		given = kai_cli_prompt(
			cli, kai_cli_text(cli, T("%s: type the word `%s` to go on:"), what, word));
	else if (given == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: needs a typed word (without a terminal: --confirm %s)"),
				    what, word);
	if (given != NULL && strcmp(given, word) == 0)
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: not confirmed (the word is `%s`)"), what,
			    word);
}

int kai_cli_time(struct kai_cli *cli, const char *name, const char *text, bool past,
		 struct kai_wall *ret)
{
	int64_t span;

	if (kai_time_parse(text, ret))
		return 0;
	if (kai_duration_parse(text, &span)) {
		int64_t now = kai_cli_now().ms;

		ret->ms = past ? now - span : now + span;
		return 0;
	}
	return kai_cli_fail(cli, KAI_EXIT_USAGE,
			    T("--%s %s: neither a time (2026-01-31T09:00:00+09:00) nor a duration "
			      "(90s, 15m, 4h, 30d)"),
			    name, text);
}

int kai_cli_number(struct kai_cli *cli, const char *name, uint64_t otherwise, uint64_t *ret)
{
	const char *text = kai_opt_value(cli, name);
	char *end;

	*ret = otherwise;
	if (text == NULL)
		return 0;
	*ret = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && *ret > 0)
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--%s %s: a number is meant"), name, text);
}
