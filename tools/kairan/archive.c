/* SPDX-License-Identifier: Apache-2.0 */
#include "archive.h"

#include <errno.h>
#include <string.h>

#include "view.h"

#define FRAME_HASH 16
#define TRAILER (4 + 8 + KAI_ID_LEN)

static void put_be32(uint8_t at[4], uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get_be32(const uint8_t at[4])
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void frame_hash(uint64_t number, struct kai_span body, uint8_t ret[FRAME_HASH])
{
	crypto_generichash_state state;
	uint8_t at[8];

	kai_put_be64(at, number);
	(void)crypto_generichash_init(&state, NULL, 0, FRAME_HASH);
	(void)crypto_generichash_update(&state, at, sizeof(at));
	(void)crypto_generichash_update(&state, body.at, body.len);
	(void)crypto_generichash_final(&state, ret, FRAME_HASH);
}

/* The key of a passphrase, for sodium_free; NULL: not enough memory for it. */
static uint8_t *derive(const struct kai_archive_head *head, struct kai_span passphrase)
{
	uint8_t *key = sodium_malloc(crypto_secretstream_xchacha20poly1305_KEYBYTES);

	if (key == NULL)
		return NULL;
	if (crypto_pwhash(key, crypto_secretstream_xchacha20poly1305_KEYBYTES,
			  (const char *)passphrase.at, passphrase.len, head->salt, head->ops,
			  (size_t)head->memory_bytes, crypto_pwhash_ALG_ARGON2ID13) == 0)
		return key;
	sodium_free(key);
	return NULL;
}

static int no_memory(struct kai_cli *cli, const struct kai_archive_head *head)
{
	return kai_cli_fail(cli, KAI_EXIT_REFUSED,
			    T("passphrase: its key needs %llu MiB of memory, which are not free"),
			    (unsigned long long)(head->memory_bytes >> 20));
}

/* ---- writing ---- */

static bool put(struct kai_archive_writer *writer, struct kai_span bytes)
{
	(void)crypto_generichash_update(&writer->all, bytes.at, bytes.len);
	writer->len += bytes.len;
	return kai_outfile_put(writer->file, bytes);
}

int kai_archive_begin(struct kai_cli *cli, const struct kai_outfile *file,
		      struct kai_archive_head *head, struct kai_span passphrase,
		      struct kai_archive_writer *ret)
{
	char text[KAI_ARCHIVE_HEAD];

	*ret = (struct kai_archive_writer){.file = file, .sealed = passphrase.len > 0};
	head->sealed = ret->sealed;
	if (head->sealed) {
		head->ops = crypto_pwhash_OPSLIMIT_MODERATE;
		head->memory_bytes = crypto_pwhash_MEMLIMIT_MODERATE;
		randombytes_buf(head->salt, sizeof(head->salt));
		uint8_t *key = derive(head, passphrase);

		if (key == NULL)
			return no_memory(cli, head);
		(void)crypto_secretstream_xchacha20poly1305_init_push(&ret->stream, head->stream,
								      key);
		sodium_free(key);
	}
	size_t len = kai_archive_head_text(head, text);

	(void)crypto_generichash(ret->head_hash, sizeof(ret->head_hash), (const uint8_t *)text, len,
				 NULL, 0);
	(void)crypto_generichash_init(&ret->all, NULL, 0, KAI_ID_LEN);
	return put(ret, kai_span(text, len))
		       ? 0
		       : kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s: %s", file->path, strerror(errno));
}

bool kai_archive_put(struct kai_archive_writer *writer, enum kai_record_type type,
		     struct kai_span bytes)
{
	struct kai_span body = kai_span(writer->record, 1 + bytes.len);
	uint8_t head[4];
	uint8_t hash[FRAME_HASH];

	writer->record[0] = (uint8_t)type;
	if (bytes.len > 0)
		memcpy(writer->record + 1, bytes.at, bytes.len);
	if (writer->sealed) {
		bool first = writer->number == 0;

		(void)crypto_secretstream_xchacha20poly1305_push(
			&writer->stream, writer->body, NULL, body.at, body.len,
			first ? writer->head_hash : NULL, first ? sizeof(writer->head_hash) : 0,
			type == KAI_RECORD_END
				? (uint8_t)crypto_secretstream_xchacha20poly1305_TAG_FINAL
				: 0);
		body = kai_span(writer->body,
				body.len + crypto_secretstream_xchacha20poly1305_ABYTES);
	}
	put_be32(head, (uint32_t)body.len);
	frame_hash(writer->number++, body, hash);
	return put(writer, kai_span(head, sizeof(head))) && put(writer, body) &&
	       put(writer, kai_span(hash, sizeof(hash)));
}

bool kai_archive_end(struct kai_archive_writer *writer)
{
	uint8_t trailer[12] = {0};
	uint8_t hash[KAI_ID_LEN];

	kai_put_be64(trailer + 4, writer->len + TRAILER);
	if (!put(writer, kai_span(trailer, sizeof(trailer))))
		return false;
	(void)crypto_generichash_final(&writer->all, hash, sizeof(hash));
	return kai_outfile_put(writer->file, kai_span(hash, sizeof(hash)));
}

void kai_archive_done(struct kai_archive_writer *writer)
{
	sodium_memzero(writer, sizeof(*writer));
}

/* ---- reading ---- */

static int damaged(const struct kai_archive_reader *reader, uint64_t at)
{
	struct kai_cli *cli = reader->cli;

	return kai_cli_fail(cli, KAI_EXIT_REFUSED,
			    T("%s: damaged at byte %llu: what is there is not what was written "
			      "(copy it again from where it was made, or take another backup)"),
			    reader->path, (unsigned long long)at);
}

/* Exactly so many bytes. */
static int take(struct kai_archive_reader *reader, uint8_t *to, size_t len)
{
	struct kai_cli *cli = reader->cli;
	size_t got = fread(to, 1, len, reader->from);

	reader->at += got;
	if (got == len)
		return 0;
	if (ferror(reader->from) != 0)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s: %s", reader->path, strerror(errno));
	return kai_cli_fail(cli, KAI_EXIT_REFUSED,
			    T("%s: cut short: it ends after %llu bytes, in the middle (copy it "
			      "again from where it was made, or take another backup)"),
			    reader->path, (unsigned long long)reader->at);
}

static int not_ours(const struct kai_archive_reader *reader)
{
	struct kai_cli *cli = reader->cli;

	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: not a file that `kairan backup` wrote"),
			    reader->path);
}

static int read_head(struct kai_archive_reader *reader)
{
	const size_t magic_len = strlen(KAI_ARCHIVE_MAGIC);
	char text[KAI_ARCHIVE_HEAD + 1];
	size_t len = 0;

	while (len < KAI_ARCHIVE_HEAD) {
		int c = fgetc(reader->from);

		if (c == EOF || c == 0)
			break;
		text[len++] = (char)c;
		text[len] = '\0';
		if (len <= magic_len && memcmp(text, KAI_ARCHIVE_MAGIC, len) != 0)
			return not_ours(reader);
		if (len > 2 && text[len - 1] == '\n' && text[len - 2] == '\n')
			break;
	}
	reader->at = len;
	if (len < magic_len)
		return not_ours(reader);
	if (feof(reader->from) != 0 || ferror(reader->from) != 0)
		return take(reader, reader->body, 1);
	if (!kai_archive_head_parse(text, &reader->head))
		return damaged(reader, 0);
	reader->first_at = len;
	(void)crypto_generichash(reader->head_hash, sizeof(reader->head_hash),
				 (const uint8_t *)text, len, NULL, 0);
	(void)crypto_generichash_init(&reader->begun, NULL, 0, KAI_ID_LEN);
	(void)crypto_generichash_update(&reader->begun, (const uint8_t *)text, len);
	reader->all = reader->begun;
	return 0;
}

int kai_archive_open(struct kai_cli *cli, const char *path, struct kai_archive_reader *ret)
{
	*ret = (struct kai_archive_reader){.cli = cli, .path = path};
	ret->from = fopen(path, "re");
	if (ret->from == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(errno));
	return read_head(ret);
}

/* After the last frame: length, checksum, and nothing behind. */
static int read_trailer(struct kai_archive_reader *reader)
{
	uint8_t len[8];
	uint8_t hash[KAI_ID_LEN];
	uint8_t expected[KAI_ID_LEN];
	int exit = take(reader, len, sizeof(len));

	(void)crypto_generichash_update(&reader->all, len, sizeof(len));
	if (exit == 0)
		exit = take(reader, hash, sizeof(hash));
	if (exit != 0)
		return exit;
	(void)crypto_generichash_final(&reader->all, expected, sizeof(expected));
	/* Frames were checked one by one: what is left is the head. */
	if (memcmp(hash, expected, sizeof(hash)) != 0)
		return damaged(reader, 0);
	if (kai_get_be64(len) != reader->at || fgetc(reader->from) != EOF)
		return damaged(reader, reader->at);
	return 0;
}

/* The next body, whole; empty at the end, which was checked then. */
static int next_body(struct kai_archive_reader *reader, struct kai_span *ret)
{
	uint64_t begin = reader->at;
	uint8_t head[4];
	uint8_t hash[FRAME_HASH];
	uint8_t expected[FRAME_HASH];
	int exit = take(reader, head, sizeof(head));

	if (exit != 0)
		return exit;
	(void)crypto_generichash_update(&reader->all, head, sizeof(head));
	*ret = kai_span(reader->body, get_be32(head));
	if (ret->len == 0)
		return read_trailer(reader);
	if (ret->len > sizeof(reader->body))
		return damaged(reader, begin);
	exit = take(reader, reader->body, ret->len);
	if (exit == 0)
		exit = take(reader, hash, sizeof(hash));
	if (exit != 0)
		return exit;
	(void)crypto_generichash_update(&reader->all, ret->at, ret->len);
	(void)crypto_generichash_update(&reader->all, hash, sizeof(hash));
	frame_hash(reader->number++, *ret, expected);
	return memcmp(hash, expected, sizeof(hash)) == 0 ? 0 : damaged(reader, begin);
}

static int go_back(struct kai_archive_reader *reader)
{
	if (fseeko(reader->from, (off_t)reader->first_at, SEEK_SET) != 0)
		return kai_cli_fail(reader->cli, KAI_EXIT_USAGE, "%s: %s", reader->path,
				    strerror(errno));
	reader->at = reader->first_at;
	reader->number = 0;
	reader->all = reader->begun;
	return 0;
}

int kai_archive_check(struct kai_archive_reader *reader)
{
	struct kai_span body;
	int exit;

	do {
		exit = next_body(reader, &body);
	} while (exit == 0 && body.len > 0);
	return exit == 0 ? go_back(reader) : exit;
}

/* *io_record: the body as it lies in the file, then the record. */
static int open_body(struct kai_archive_reader *reader, bool first, struct kai_span *io_record)
{
	struct kai_cli *cli = reader->cli;
	unsigned long long len = 0;
	uint8_t tag = 0;

	if (!reader->head.sealed)
		return 0;
	if (!reader->unlocked || io_record->len < crypto_secretstream_xchacha20poly1305_ABYTES ||
	    crypto_secretstream_xchacha20poly1305_pull(
		    &reader->stream, reader->record, &len, &tag, io_record->at, io_record->len,
		    first ? reader->head_hash : NULL, first ? sizeof(reader->head_hash) : 0) != 0)
		return first ? kai_cli_fail(cli, KAI_EXIT_REFUSED,
					    T("%s: the passphrase is not the one that it was made "
					      "with"),
					    reader->path)
			     : damaged(reader, reader->at);
	*io_record = kai_span(reader->record, (size_t)len);
	return 0;
}

/* Opens the first frame for a try: a wrong passphrase is told before anything is done. */
static int try_key(struct kai_archive_reader *reader, const uint8_t *key)
{
	struct kai_span body;

	reader->unlocked = crypto_secretstream_xchacha20poly1305_init_pull(
				   &reader->stream, reader->head.stream, key) == 0;
	int exit = next_body(reader, &body);

	if (exit == 0)
		exit = open_body(reader, true, &body);
	if (exit == 0)
		exit = go_back(reader);
	(void)crypto_secretstream_xchacha20poly1305_init_pull(&reader->stream, reader->head.stream,
							      key);
	return exit;
}

int kai_archive_unlock(struct kai_archive_reader *reader, struct kai_span passphrase)
{
	struct kai_cli *cli = reader->cli;

	if (!reader->head.sealed)
		return 0;
	if (passphrase.len == 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: protected by a passphrase (give it: --passphrase-file "
				      "FILE)"),
				    reader->path);
	uint8_t *key = derive(&reader->head, passphrase);

	if (key == NULL)
		return no_memory(cli, &reader->head);
	int exit = try_key(reader, key);

	sodium_free(key);
	return exit;
}

int kai_archive_next(struct kai_archive_reader *reader, enum kai_record_type *ret_type,
		     struct kai_span *ret)
{
	uint64_t begin = reader->at;
	bool first = reader->number == 0;
	struct kai_span record;
	struct kai_span rest;
	int exit = next_body(reader, &record);

	if (exit == 0 && record.len == 0)
		return damaged(reader, begin); /* END was to come before */
	if (exit == 0)
		exit = open_body(reader, first, &record);
	if (exit != 0)
		return exit;
	if (record.len == 0 || strchr("DFBE", record.at[0]) == NULL || record.at[0] == '\0')
		return damaged(reader, begin);
	*ret_type = (enum kai_record_type)record.at[0];
	*ret = kai_span(record.at + 1, record.len - 1);
	if (*ret_type != KAI_RECORD_END)
		return 0;
	if (ret->len != 8)
		return damaged(reader, begin);
	uint64_t count = kai_get_be64(ret->at);

	exit = next_body(reader, &rest);
	if (exit == 0 && rest.len > 0)
		exit = damaged(reader, begin);
	kai_put_be64(reader->record, count); /* the plain body was read over */
	*ret = kai_span(reader->record, 8);
	return exit;
}

void kai_archive_close(struct kai_archive_reader *reader)
{
	if (reader->from != NULL)
		(void)fclose(reader->from);
	sodium_memzero(reader, sizeof(*reader));
}
