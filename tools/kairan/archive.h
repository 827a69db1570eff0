/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a backup. It is checked whole before a byte of it is used: every frame says by its own
 * hash whether and where it is damaged, and the end says that nothing was cut off.
 *
 *   head     text: "kairan backup 1", then `made`, `org`, `name`, `by`, `protection`, an empty line
 *   frame    length of the body u32, the body, BLAKE2b-128 of (number of the frame u64, body)
 *   end      0 u32, length of the file u64, BLAKE2b-256 of everything before it
 *
 * Big-endian. A body is a record: its type in one byte and what follows. Under a passphrase it is the
 * record in libsodium's secretstream (XChaCha20-Poly1305), whose first frame carries the hash of the
 * head as additional data; the key is Argon2id of the passphrase. Records, in this order:
 *
 *   D  mode u32, name     a directory
 *   F  mode u32, name     a file, or the moment of a store; its bytes follow
 *   B  bytes
 *   E  how many D and F there were, u64: the last one
 *
 * What it does not do: touch the data directory. Secrets lie in sodium_malloc memory. One thread.
 */
#ifndef KAIRAN_ARCHIVE_H
#define KAIRAN_ARCHIVE_H

#include <sodium.h>

#include "outfile.h"

#define KAI_ARCHIVE_MAGIC "kairan backup 1\n"
#define KAI_ARCHIVE_HEAD 2048	/* longest head */
#define KAI_ARCHIVE_BYTES 65536 /* longest record beside its type */
#define KAI_ARCHIVE_BODY (1 + KAI_ARCHIVE_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES)
#define KAI_ARCHIVE_NAME 1024
#define KAI_PASSPHRASE_MIN 12
#define KAI_PASSPHRASE_MAX 1024

enum kai_record_type {
	KAI_RECORD_DIR = 'D',
	KAI_RECORD_FILE = 'F',
	KAI_RECORD_BYTES = 'B',
	KAI_RECORD_END = 'E'
};

struct kai_archive_head {
	uint8_t org[KAI_ID_LEN];
	char name[KAI_MAX_NAME * 8];
	struct kai_wall made_at;
	char by[32];
	bool sealed;
	uint64_t ops; /* Argon2id's */
	uint64_t memory_bytes;
	uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t stream[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
};

/* The passphrase of --passphrase-file; empty without that option. Exit codes, with a message. */
int kai_passphrase_read(struct kai_cli *cli, struct kai_span *ret);

/* ---- writing */

struct kai_archive_writer {
	crypto_generichash_state all;
	const struct kai_outfile *file;
	uint64_t number;
	uint64_t len;
	bool sealed;
	uint8_t head_hash[KAI_ID_LEN];
	crypto_secretstream_xchacha20poly1305_state stream;
	uint8_t body[KAI_ARCHIVE_BODY];
	uint8_t record[1 + KAI_ARCHIVE_BYTES];
};

/* Fills in head's protection and writes it. An empty passphrase: none. Exit codes, with a message. */
int kai_archive_begin(struct kai_cli *cli, const struct kai_outfile *file,
		      struct kai_archive_head *head, struct kai_span passphrase,
		      struct kai_archive_writer *ret);
/* At most KAI_ARCHIVE_BYTES. false: errno. */
bool kai_archive_put(struct kai_archive_writer *writer, enum kai_record_type type,
		     struct kai_span bytes);
bool kai_archive_end(struct kai_archive_writer *writer);
/* Wipes. */
void kai_archive_done(struct kai_archive_writer *writer);

/* ---- reading */

struct kai_archive_reader {
	crypto_generichash_state all, begun; /* begun: after the head */
	struct kai_cli *cli;
	const char *path;
	FILE *from;
	uint64_t number;
	uint64_t at;	   /* bytes read */
	uint64_t first_at; /* where frames begin */
	struct kai_archive_head head;
	bool unlocked;
	uint8_t head_hash[KAI_ID_LEN];
	crypto_secretstream_xchacha20poly1305_state stream;
	uint8_t body[KAI_ARCHIVE_BODY];
	uint8_t record[KAI_ARCHIVE_BODY];
};

/* Opens the file and reads its head. NOTHING is believed before kai_archive_check. Exit codes, with a
 * message that says what, where, and what to do. */
int kai_archive_open(struct kai_cli *cli, const char *path, struct kai_archive_reader *ret);
/* Reads all of it, needs no passphrase, and goes back to the first frame. */
int kai_archive_check(struct kai_archive_reader *reader);
/* Derives the key, where one is needed, and tries it. After kai_archive_check. */
int kai_archive_unlock(struct kai_archive_reader *reader, struct kai_span passphrase);
/* The next record, until the next call. After END the file's end was checked. */
int kai_archive_next(struct kai_archive_reader *reader, enum kai_record_type *ret_type,
		     struct kai_span *ret);
void kai_archive_close(struct kai_archive_reader *reader); /* wipes; fine when not open */

/* Head as text, and back; false: not one. Pure. */
size_t kai_archive_head_text(const struct kai_archive_head *head, char ret[KAI_ARCHIVE_HEAD]);
bool kai_archive_head_parse(const char *text, struct kai_archive_head *ret);
/* Is this a name that a file may be put back under: relative, plain, no way up, no deeper than it may
 * be? Pure. */
bool kai_archive_name_ok(struct kai_span name);

#endif
