/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a backup, which people may read without Kairan, and the passphrase. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive.h"

#define MAX_DEPTH 8
/* What a file may have us spend on its passphrase: a hostile one must not take the machine. */
#define MAX_OPS 16
#define MAX_MEMORY (UINT64_C(1) << 30)
#define BASE32_SALT (KAI_BASE32_LEN(crypto_pwhash_SALTBYTES) + 1)
#define BASE32_STREAM (KAI_BASE32_LEN(crypto_secretstream_xchacha20poly1305_HEADERBYTES) + 1)

size_t kai_archive_head_text(const struct kai_archive_head *head, char ret[KAI_ARCHIVE_HEAD])
{
	char made[KAI_TIME_TEXT];
	char org[KAI_ID_TEXT];
	char salt[BASE32_SALT];
	char stream[BASE32_STREAM];
	char protection[192] = "none";

	kai_time_text(head->made_at, made);
	kai_id_text(head->org, org);
	kai_base32(kai_span(head->salt, sizeof(head->salt)), salt, sizeof(salt));
	kai_base32(kai_span(head->stream, sizeof(head->stream)), stream, sizeof(stream));
	if (head->sealed)
		(void)snprintf(protection, sizeof(protection),
			       "argon2id %" PRIu64 " %" PRIu64 " %s %s", head->ops,
			       head->memory_bytes, salt, stream);
	int len = snprintf(ret, KAI_ARCHIVE_HEAD,
			   KAI_ARCHIVE_MAGIC "made: %s\norg: %s\nname: %s\nby: %s\n"
					     "protection: %s\n\n",
			   made, org, head->name, head->by, protection);

	return len > 0 && len < KAI_ARCHIVE_HEAD ? (size_t)len : 0;
}

/* The value of the next line, which must have this key; false: it has not. */
static bool line(const char **io_at, const char *key, char *ret, size_t cap)
{
	size_t key_len = strlen(key);
	size_t len;

	if (strncmp(*io_at, key, key_len) != 0)
		return false;
	*io_at += key_len;
	len = strcspn(*io_at, "\n");
	if (len >= cap || (*io_at)[len] != '\n')
		return false;
	memcpy(ret, *io_at, len);
	ret[len] = '\0';
	*io_at += len + 1;
	return true;
}

/* The next word of so many characters at most; false: none, or longer. */
static bool word(const char **io_at, char *ret, size_t cap)
{
	size_t len = strcspn(*io_at, " ");

	if (len == 0 || len >= cap)
		return false;
	memcpy(ret, *io_at, len);
	ret[len] = '\0';
	*io_at += len + ((*io_at)[len] == ' ');
	return true;
}

static bool number(const char **io_at, uint64_t min, uint64_t max, uint64_t *ret)
{
	char text[16];
	char *end;

	if (!word(io_at, text, sizeof(text)) || text[0] < '0' || text[0] > '9')
		return false;
	*ret = strtoull(text, &end, 10);
	return *end == '\0' && *ret >= min && *ret <= max;
}

static bool protection(const char *text, struct kai_archive_head *ret)
{
	char kind[16];
	char salt[BASE32_SALT];
	char stream[BASE32_STREAM];

	ret->sealed = strcmp(text, "none") != 0;
	if (!ret->sealed)
		return true;
	return word(&text, kind, sizeof(kind)) && strcmp(kind, "argon2id") == 0 &&
	       number(&text, 1, MAX_OPS, &ret->ops) &&
	       number(&text, crypto_pwhash_MEMLIMIT_MIN, MAX_MEMORY, &ret->memory_bytes) &&
	       word(&text, salt, sizeof(salt)) && word(&text, stream, sizeof(stream)) &&
	       kai_base32_parse(salt, ret->salt, sizeof(ret->salt)) &&
	       kai_base32_parse(stream, ret->stream, sizeof(ret->stream));
}

bool kai_archive_head_parse(const char *text, struct kai_archive_head *ret)
{
	char made[KAI_TIME_TEXT];
	char org[KAI_ID_TEXT];
	char value[192];
	char again[KAI_ARCHIVE_HEAD];
	const char *at = text + strlen(KAI_ARCHIVE_MAGIC);

	*ret = (struct kai_archive_head){.sealed = false};
	if (strncmp(text, KAI_ARCHIVE_MAGIC, strlen(KAI_ARCHIVE_MAGIC)) != 0)
		return false;
	bool fine = line(&at, "made: ", made, sizeof(made)) &&
		    kai_time_parse(made, &ret->made_at) && line(&at, "org: ", org, sizeof(org)) &&
		    kai_base32_parse(org, ret->org, KAI_ID_LEN) &&
		    line(&at, "name: ", ret->name, sizeof(ret->name)) &&
		    line(&at, "by: ", ret->by, sizeof(ret->by)) &&
		    line(&at, "protection: ", value, sizeof(value)) && protection(value, ret) &&
		    strcmp(at, "\n") == 0;

	/* One spelling for each head. */
	return fine && kai_archive_head_text(ret, again) > 0 && strcmp(again, text) == 0;
}

bool kai_archive_name_ok(struct kai_span name)
{
	unsigned depth = 1;
	size_t begin = 0;

	if (name.len == 0 || name.len >= KAI_ARCHIVE_NAME || !kai_utf8_clean(name))
		return false;
	for (size_t i = 0; i <= name.len; i++) {
		if (i < name.len && name.at[i] != '/') {
			if (name.at[i] < 0x20)
				return false;
			continue;
		}
		size_t len = i - begin;
		const uint8_t *at = name.at + begin;

		if (len == 0 || (len == 1 && at[0] == '.') ||
		    (len == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		begin = i + 1;
		depth += i < name.len;
	}
	return depth <= MAX_DEPTH;
}

int kai_passphrase_read(struct kai_cli *cli, struct kai_span *ret)
{
	const char *path = kai_opt_value(cli, "passphrase-file");
	struct stat st;

	*ret = kai_span(NULL, 0);
	if (path == NULL)
		return 0;
	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 0077) != 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: others may read it: mode %04o (chmod 0600, and take a "
				      "new passphrase)"),
				    path, (unsigned)(st.st_mode & 07777));
	int exit = kai_cli_read(cli, path, KAI_PASSPHRASE_MAX, ret);

	if (exit != 0)
		return exit;
	while (ret->len > 0 && (ret->at[ret->len - 1] == '\n' || ret->at[ret->len - 1] == '\r'))
		ret->len--;
	if (ret->len >= KAI_PASSPHRASE_MIN)
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_USAGE,
			    T("%s: a passphrase of %d characters or more is needed (six random "
			      "words are good)"),
			    path, KAI_PASSPHRASE_MIN);
}
