/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kairan/text.h"

#define NAME_SIZE 64
#define TEXT_SIZE 256 /* first line and 103 characters of base32 fit well */

struct kind_row {
	const char *word;
	size_t len;
	mode_t mode;
};

static const struct kind_row kinds[] = {
#define X(NAME, word, len, mode) [KAI_KEYFILE_##NAME] = {(word), (len), (mode)},
	KAI_X_KEY_KIND(X)
#undef X
};

/* Long-lived secrets must not reach the swap: sodium_malloc ignores a failed mlock, so ask again.
 */
static uint8_t *secret_new(size_t len, enum kai_err *ret_err, struct kai_why *why)
{
	if (sodium_init() < 0) {
		*ret_err = kai_fail(why, KAI_ERR_IO, "libsodium: cannot start (no randomness?)");
		return NULL;
	}
	uint8_t *secret = sodium_malloc(len);

	if (secret == NULL) {
		*ret_err = kai_fail(why, KAI_ERR_NOMEM, "secret memory: none left");
		return NULL;
	}
	if (sodium_mlock(secret, len) != 0) {
		*ret_err = kai_fail(why, KAI_ERR_NOMEM,
				    "secret memory: cannot be locked: %s (raise the limit of "
				    "locked memory, ulimit -l)",
				    strerror(errno));
		sodium_free(secret);
		return NULL;
	}
	return secret;
}

void kai_key_pair_done(struct kai_key_pair *pair)
{
	if (pair->secret != NULL)
		sodium_free(pair->secret);
	*pair = (struct kai_key_pair){0};
}

/* The public half, and whether the secret is a possible one at all. */
static bool public_half(enum kai_key_kind kind, const uint8_t *secret, uint8_t ret[KAI_ID_LEN])
{
	memset(ret, 0, KAI_ID_LEN);
	if (kind == KAI_KEYFILE_TOKEN || kind == KAI_KEYFILE_REST)
		return true;
	if (kinds[kind].len == crypto_scalarmult_SCALARBYTES)
		return crypto_scalarmult_base(ret, secret) == 0;

	uint8_t expanded[crypto_sign_SECRETKEYBYTES];
	bool ok = crypto_sign_seed_keypair(ret, expanded, secret) == 0 &&
		  sodium_memcmp(expanded, secret, sizeof(expanded)) == 0;

	sodium_memzero(expanded, sizeof(expanded));
	return ok;
}

/* A plain name in the directory, never a path. */
static enum kai_err file_name(enum kai_key_kind kind, const char *name, char ret[NAME_SIZE],
			      struct kai_why *why)
{
	int len = name == NULL ? snprintf(ret, NAME_SIZE, "%s.key", kinds[kind].word)
			       : snprintf(ret, NAME_SIZE, "%s", name);

	if (len <= 0 || len >= NAME_SIZE || strchr(ret, '/') != NULL || ret[0] == '.')
		return kai_fail(why, KAI_ERR_INVALID, "key file: not a file name");
	return KAI_ERR_OK;
}

/*
 * Opens DIR/keys. Everybody who may write there could swap the files, so nobody but its owner may.
 * Secrets are read by that owner (or root) only; the retention keys by readers of the group too.
 */
static enum kai_err keys_dir(const char *dir, enum kai_key_kind kind, int *ret_fd,
			     struct stat *ret_stat, struct kai_why *why)
{
	char path[KAI_PATH_SIZE];
	enum kai_err err = kai_path(path, dir, "keys", why);

	if (err != KAI_ERR_OK)
		return err;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return kai_fail(why, KAI_ERR_NOTFOUND, "%.300s: not there (run kairan init)", path);
	if (fd < 0)
		return kai_fail(why, errno == EACCES ? KAI_ERR_DENIED : KAI_ERR_INVALID,
				"%.300s: %s", path, strerror(errno));
	if (fstat(fd, ret_stat) != 0) {
		err = kai_fail(why, KAI_ERR_IO, "%.300s: %s", path, strerror(errno));
	} else if ((ret_stat->st_mode & 0022) != 0) {
		err = kai_fail(why, KAI_ERR_DENIED, "%.300s: others may write there (chmod 0750)",
			       path);
	} else if (ret_stat->st_uid != geteuid() && geteuid() != 0 && kind != KAI_KEYFILE_REST) {
		err = kai_fail(why, KAI_ERR_DENIED,
			       "%.300s: belongs to another user (run as its owner)", path);
	}
	if (err != KAI_ERR_OK) {
		(void)close(fd);
		return err;
	}
	*ret_fd = fd;
	return KAI_ERR_OK;
}

static enum kai_err check_file(int fd, enum kai_key_kind kind, uid_t owner, const char *name,
			       struct kai_why *why)
{
	struct stat st = {0};

	if (fstat(fd, &st) != 0)
		return kai_fail(why, KAI_ERR_IO, "keys/%s: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return kai_fail(why, KAI_ERR_DENIED,
				"keys/%s: is a link or not a file (copy the key there as a file)",
				name);
	if (st.st_uid != owner)
		return kai_fail(why, KAI_ERR_DENIED,
				"keys/%s: belongs to another user than its directory (chown)",
				name);
	if ((st.st_mode & 07777 & ~kinds[kind].mode) != 0)
		return kai_fail(why, KAI_ERR_DENIED,
				"keys/%s: too open: mode %04o, allowed %04o (chmod; if others "
				"could read it, replace the key)",
				name, (unsigned)(st.st_mode & 07777), (unsigned)kinds[kind].mode);
	return KAI_ERR_OK;
}

static ssize_t read_all(int fd, char *ret, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		ssize_t got = read(fd, ret + len, cap - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

static bool write_all(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, at, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		at += put;
		len -= (size_t)put;
	}
	return true;
}

/* text is NUL-terminated and may be changed. */
static bool parse(enum kai_key_kind kind, char *text, uint8_t *ret_secret)
{
	char first[NAME_SIZE];
	int len = snprintf(first, sizeof(first), "kairan %s key v1\n", kinds[kind].word);

	if (len <= 0 || strncmp(text, first, (size_t)len) != 0)
		return false;
	char *line = text + len;
	char *end = strchr(line, '\n');

	if (end == NULL || end[1] != '\0')
		return false;
	*end = '\0';
	return kai_base32_parse(line, ret_secret, kinds[kind].len);
}

static enum kai_err read_key(int fd, enum kai_key_kind kind, const char *name,
			     struct kai_key_pair *ret, struct kai_why *why)
{
	char text[TEXT_SIZE];
	struct kai_key_pair pair = {0};
	ssize_t len = read_all(fd, text, sizeof(text) - 1);
	enum kai_err err = KAI_ERR_OK;

	if (len < 0)
		return kai_fail(why, KAI_ERR_IO, "keys/%s: %s", name, strerror(errno));
	text[len] = '\0';
	pair.secret = secret_new(kinds[kind].len, &err, why);
	if (pair.secret != NULL &&
	    (strlen(text) != (size_t)len || !parse(kind, text, pair.secret) ||
	     !public_half(kind, pair.secret, pair.key)))
		err = kai_fail(why, KAI_ERR_INVALID,
			       "keys/%s: is not a %s key file (restore it from the backup)", name,
			       kinds[kind].word);
	sodium_memzero(text, sizeof(text));
	if (err != KAI_ERR_OK) {
		kai_key_pair_done(&pair);
		return err;
	}
	*ret = pair;
	return KAI_ERR_OK;
}

enum kai_err kai_key_load(const char *dir, enum kai_key_kind kind, const char *name,
			  struct kai_key_pair *ret, struct kai_why *why)
{
	char file[NAME_SIZE];
	struct stat st = {0};
	int dir_fd = -1;
	enum kai_err err = file_name(kind, name, file, why);

	if (err == KAI_ERR_OK)
		err = keys_dir(dir, kind, &dir_fd, &st, why);
	if (err != KAI_ERR_OK)
		return err;
	/* NONBLOCK: a fifo put there must not make us wait; check_file refuses it then. */
	int fd = openat(dir_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int open_errno = errno;

	(void)close(dir_fd);
	if (fd < 0 && open_errno == ENOENT)
		return kai_fail(why, KAI_ERR_NOTFOUND, "keys/%s: not there", file);
	if (fd < 0 && open_errno == ELOOP)
		return kai_fail(why, KAI_ERR_DENIED,
				"keys/%s: is a link (copy the key there as a file)", file);
	if (fd < 0)
		return kai_fail(why, open_errno == EACCES ? KAI_ERR_DENIED : KAI_ERR_IO,
				"keys/%s: %s", file, strerror(open_errno));
	err = check_file(fd, kind, st.st_uid, file, why);
	if (err == KAI_ERR_OK)
		err = read_key(fd, kind, file, ret, why);
	(void)close(fd);
	return err;
}

static enum kai_err make_pair(enum kai_key_kind kind, struct kai_key_pair *ret, struct kai_why *why)
{
	enum kai_err err = KAI_ERR_OK;
	struct kai_key_pair pair = {.secret = secret_new(kinds[kind].len, &err, why)};

	if (pair.secret == NULL)
		return err;
	if (kinds[kind].len == crypto_sign_SECRETKEYBYTES)
		(void)crypto_sign_keypair(pair.key, pair.secret);
	else
		randombytes_buf(pair.secret, kinds[kind].len);
	if (!public_half(kind, pair.secret, pair.key)) {
		kai_key_pair_done(&pair);
		return kai_fail(why, KAI_ERR_IO, "libsodium: cannot make a key");
	}
	*ret = pair;
	return KAI_ERR_OK;
}

/* Whole or not at all: written aside, synced, then given its name, which must be free. */
static enum kai_err write_file(int dir_fd, const char *name, mode_t mode, const char *text,
			       struct kai_why *why)
{
	char aside[NAME_SIZE + 16];

	(void)snprintf(aside, sizeof(aside), ".%s.%ld", name, (long)getpid());
	(void)unlinkat(dir_fd, aside, 0);
	int fd = openat(dir_fd, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return kai_fail(why, errno == EACCES ? KAI_ERR_DENIED : KAI_ERR_IO, "keys/%s: %s",
				name, strerror(errno));
	bool ok = fchmod(fd, mode) == 0 && write_all(fd, text, strlen(text)) && fsync(fd) == 0;
	int why_errno = errno;

	(void)close(fd);
	if (ok) {
		ok = renameat2(dir_fd, aside, dir_fd, name, RENAME_NOREPLACE) == 0;
		why_errno = errno;
	}
	if (!ok)
		(void)unlinkat(dir_fd, aside, 0);
	if (!ok && why_errno == EEXIST)
		return kai_fail(why, KAI_ERR_EXISTS, "keys/%s: there is one already", name);
	if (!ok)
		return kai_fail(why, why_errno == ENOSPC ? KAI_ERR_FULL : KAI_ERR_IO, "keys/%s: %s",
				name, strerror(why_errno));
	if (fsync(dir_fd) != 0)
		return kai_fail(why, KAI_ERR_IO, "keys: %s", strerror(errno));
	return KAI_ERR_OK;
}

enum kai_err kai_key_create(const char *dir, enum kai_key_kind kind, const char *name,
			    struct kai_key_pair *ret, struct kai_why *why)
{
	char file[NAME_SIZE];
	char path[KAI_PATH_SIZE];
	char text[TEXT_SIZE];
	struct kai_key_pair pair = {0};
	struct stat st = {0};
	int dir_fd = -1;
	enum kai_err err = file_name(kind, name, file, why);

	if (err == KAI_ERR_OK)
		err = kai_path(path, dir, "keys", why);
	if (err != KAI_ERR_OK)
		return err;
	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		return kai_fail(why, errno == EACCES ? KAI_ERR_DENIED : KAI_ERR_IO, "%.300s: %s",
				path, strerror(errno));
	err = keys_dir(dir, kind, &dir_fd, &st, why);
	if (err != KAI_ERR_OK)
		return err;
	err = make_pair(kind, &pair, why);
	if (err == KAI_ERR_OK) {
		int head = snprintf(text, sizeof(text), "kairan %s key v1\n", kinds[kind].word);

		kai_base32(kai_span(pair.secret, kinds[kind].len), text + head,
			   sizeof(text) - (size_t)head - 1);
		memcpy(text + strlen(text), "\n", 2);
		err = write_file(dir_fd, file, kinds[kind].mode, text, why);
		sodium_memzero(text, sizeof(text));
		if (err == KAI_ERR_OK)
			*ret = pair;
		else
			kai_key_pair_done(&pair);
	}
	(void)close(dir_fd);
	return err;
}
