/* SPDX-License-Identifier: Apache-2.0 */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_TEXT_MAX 256

/* A root key file outside the data directory: the same two lines as inside. */
static int load_file(struct kai_cli *cli, const char *path, struct kai_key_pair *ret)
{
	static const char first[] = "kairan root key v1\n";
	char text[KEY_TEXT_MAX];
	struct stat stat_of;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "--root-key %s: %s", path,
				    strerror(errno));
	ssize_t len = read(fd, text, sizeof(text) - 1);
	bool open_to_all = fstat(fd, &stat_of) != 0 || (stat_of.st_mode & 077) != 0;

	(void)close(fd);
	if (open_to_all) {
		sodium_memzero(text, sizeof(text));
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("--root-key %s: others may read it (chmod 0600)"), path);
	}
	text[len > 0 ? len : 0] = '\0';
	uint8_t *secret = sodium_malloc(crypto_sign_SECRETKEYBYTES);
	bool fine = secret != NULL && strncmp(text, first, strlen(first)) == 0;

	if (fine) {
		char *line = text + strlen(first);

		line[strcspn(line, "\r\n")] = '\0';
		fine = kai_base32_parse(line, secret, crypto_sign_SECRETKEYBYTES);
	}
	sodium_memzero(text, sizeof(text));
	if (!fine) {
		sodium_free(secret);
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--root-key %s: not a root key file"),
				    path);
	}
	ret->secret = secret;
	memcpy(ret->key, secret + 32, KAI_ID_LEN); /* libsodium's form: seed, then public key */
	return 0;
}

int kai_root_load(struct kai_cli *cli, struct kai_key_pair *ret)
{
	const char *path = kai_opt_value(cli, "root-key");
	struct kai_why why = {""};

	if (path != NULL)
		return load_file(cli, path, ret);
	enum kai_err err = kai_key_load(cli->dir, KAI_KEYFILE_ROOT, NULL, ret, &why);

	if (err == KAI_ERR_NOTFOUND)
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("%s: the root key is not in the data directory (name its file: "
			  "--root-key FILE)"),
			why.text);
	return err == KAI_ERR_OK ? 0 : kai_cli_err(cli, err, &why);
}

int kai_root_new(struct kai_cli *cli, enum kai_key_kind kind, const char *name,
		 struct kai_key_pair *ret)
{
	struct kai_why why = {""};
	enum kai_err err = kai_key_create(cli->dir, kind, name, ret, &why);

	return err == KAI_ERR_OK ? 0 : kai_cli_err(cli, err, &why);
}

static int card_key_order(const void *a, const void *b)
{
	const struct kai_card_key *left = a;
	const struct kai_card_key *right = b;

	if (left->use != right->use)
		return left->use < right->use ? -1 : 1;
	return memcmp(left->key, right->key, KAI_ID_LEN);
}

static int revocation_order(const void *a, const void *b)
{
	return memcmp(((const struct kai_revocation *)a)->key,
		      ((const struct kai_revocation *)b)->key, KAI_ID_LEN);
}

static int node_key_order(const void *a, const void *b)
{
	return memcmp(((const struct kai_node_key *)a)->key, ((const struct kai_node_key *)b)->key,
		      KAI_ID_LEN);
}

static struct kai_span refused(struct kai_cli *cli, const char *what, enum kai_fault fault)
{
	(void)kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", what, kai_fault_text(fault));
	return kai_span(NULL, 0);
}

struct kai_span kai_root_card(struct kai_cli *cli, const struct kai_key_pair *root,
			      struct kai_card *card)
{
	struct kai_card check;
	uint8_t digest[KAI_ID_LEN];

	qsort(card->keys, card->keys_count, sizeof(*card->keys), card_key_order);
	if (card->revocations_count > 0)
		qsort(card->revocations, card->revocations_count, sizeof(*card->revocations),
		      revocation_order);
	struct kai_span body = kai_object_encode_in(&kai_object_card, card, &cli->arena);

	if (body.len == 0)
		return refused(cli, T("card"), KAI_FAULT_LENGTH);
	struct kai_span bytes =
		kai_signed_make(KAI_CTX_CARD, body, root->key, root->secret, &cli->arena);
	enum kai_fault fault = kai_card_open(bytes, &cli->arena, &check, digest);

	return fault == KAI_FAULT_NONE ? bytes : refused(cli, T("card"), fault);
}

struct kai_span kai_root_record(struct kai_cli *cli, const struct kai_key_pair *root,
				struct kai_node_record *record)
{
	struct kai_node_record check;
	uint8_t digest[KAI_ID_LEN];

	qsort(record->keys, record->keys_count, sizeof(*record->keys), node_key_order);
	struct kai_span body = kai_object_encode_in(&kai_object_node_record, record, &cli->arena);

	if (body.len == 0)
		return refused(cli, T("node record"), KAI_FAULT_LENGTH);
	struct kai_span bytes =
		kai_signed_make(KAI_CTX_NODE_RECORD, body, root->key, root->secret, &cli->arena);
	enum kai_fault fault = kai_node_record_open(bytes, &cli->arena, &check, digest);

	return fault == KAI_FAULT_NONE ? bytes : refused(cli, T("node record"), fault);
}

static int span_order(const void *a, const void *b)
{
	return kai_span_compare(*(const struct kai_span *)a, *(const struct kai_span *)b);
}

int kai_root_sectors(struct kai_cli *cli, struct kai_span **ret, size_t *ret_count)
{
	struct kai_span *codes = kai_cli_take(cli, sizeof(*codes) * KAI_MAX_SECTORS);
	size_t count = 0;
	size_t at = 0;
	const char *value;

	while ((value = kai_opt_next(cli, "sector", &at)) != NULL) {
		char *copy = kai_cli_text(cli, "%s", value);

		for (char *code; (code = strsep(&copy, ", ")) != NULL;) {
			if (code[0] == '\0')
				continue;
			if (!kai_sector_valid(kai_span_str(code)))
				return kai_cli_fail(
					cli, KAI_EXIT_USAGE,
					T("--sector %s: not a sector code (SCHEME:CODE, "
					  "as jp-seed7:pow)"),
					code);
			if (count >= KAI_MAX_SECTORS)
				return kai_cli_fail(cli, KAI_EXIT_USAGE,
						    T("--sector: more than %d"), KAI_MAX_SECTORS);
			codes[count++] = kai_span_str(code);
		}
	}
	qsort(codes, count, sizeof(*codes), span_order);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !kai_span_equal(codes[kept - 1], codes[i]))
			codes[kept++] = codes[i];
	*ret = codes;
	*ret_count = kept;
	return 0;
}

bool kai_endpoint_valid(const char *text)
{
	const char *colon = strrchr(text, ':');
	char *end;

	if (strncmp(text, "tcp://", 6) != 0 || colon == NULL || colon < text + 7 ||
	    strlen(text) > KAI_MAX_ENDPOINT || colon[1] < '0' || colon[1] > '9')
		return false;
	long port = strtol(colon + 1, &end, 10);

	return *end == '\0' && port > 0 && port < 65536;
}

int kai_armour_write(struct kai_cli *cli, const char *type, struct kai_span bytes)
{
	size_t cap = kai_armour_len(bytes.len);
	char *text = kai_cli_take(cli, cap);

	kai_armour(type, bytes, text, cap);
	return kai_cli_write(cli, kai_opt_value(cli, "o"), kai_span_str(text), 0644);
}

int kai_armour_read(struct kai_cli *cli, const char *type, const char *path, struct kai_span *ret)
{
	struct kai_span text;
	int exit = kai_cli_read(cli, path, (size_t)1024 * 1024, &text);

	if (exit != 0)
		return exit;
	enum kai_fault fault = kai_armour_open(type, text, &cli->arena, ret);

	if (fault == KAI_FAULT_NONE)
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: not a %s file: %s"), path, type,
			    kai_fault_text(fault));
}
