/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kairan-test-dump DIR: everything that a data directory holds, opened with the node's own keys, as
 * JSON, one object a line; bytes in hexadecimal. For the tests that prove that something is nowhere:
 *
 *   {"node_key", "org"}                                  whose it is
 *   {"table", "key", "value"}                            every row of every table, as it lies there
 *   {"item", "id", "header", "signatures", "parts"}      every item; of each part that is held the
 *                                                        ciphertext, and where it opens its key,
 *                                                        opening, and content
 *   {"drill"}                                            of that drill's store is what follows, the same
 */
#include <dirent.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/crypto.h"
#include "kairan/keys.h"
#include "kairan/rec.h"
#include "kairan/text.h"

#define ARENA_LEN ((size_t)32 * 1024 * 1024)

struct dump {
	struct kai_txn *txn;
	struct kai_node_keys *keys;
	struct kai_arena arena;
};

static json_t *hex(struct kai_span bytes)
{
	char *text = malloc(2 * bytes.len + 1);
	json_t *json;

	if (text == NULL)
		abort();
	text[0] = '\0';
	if (bytes.len > 0)
		(void)sodium_bin2hex(text, 2 * bytes.len + 1, bytes.at, bytes.len);
	json = json_string(text);
	free(text);
	return json;
}

static void print(json_t *line)
{
	if (line == NULL || json_dumpf(line, stdout, JSON_COMPACT) != 0)
		abort();
	(void)putchar('\n');
	json_decref(line);
}

static void dump_tables(struct dump *dump)
{
	for (int table = 0; table < KAI_TABLE_END; table++) {
		struct kai_scan scan;
		struct kai_span key;
		struct kai_span value;

		kai_scan_init(&scan, dump->txn, (enum kai_table)table, kai_span(NULL, 0),
			      kai_span(NULL, 0), false);
		while (kai_scan_next(&scan, &key, &value))
			print(json_pack("{s:s, s:o, s:o}", "table",
					kai_table_name((enum kai_table)table), "key", hex(key),
					"value", hex(value)));
	}
}

static bool open_opening(struct dump *dump, const struct kai_item *item, uint8_t index,
			 const struct kai_part *part, struct kai_span *ret)
{
	uint8_t ad[KAI_ID_LEN + 1];

	memcpy(ad, item->id, KAI_ID_LEN);
	ad[KAI_ID_LEN] = index;
	for (size_t i = 0; i < dump->keys->rest_count; i++)
		if (dump->keys->rest_period[i] == part->period)
			return kai_box_open(KAI_CTX_REST, dump->keys->rest[i].secret,
					    kai_span(ad, sizeof(ad)), part->opening, &dump->arena,
					    ret);
	return false;
}

static json_t *part_json(struct dump *dump, const struct kai_item *item,
			 const struct kai_header *header, uint8_t index,
			 const struct kai_part *part)
{
	json_t *json =
		json_pack("{s:i, s:s%, s:o}", "index", index, "name",
			  (const char *)header->parts[index].name.at, header->parts[index].name.len,
			  "ciphertext", hex(part->ciphertext));
	const struct kai_part_id id = {.realm = header->realm,
				       .origin = header->origin,
				       .index = index,
				       .name = header->parts[index].name};
	struct kai_opening opening;
	struct kai_span bytes;
	struct kai_span content;

	if (open_opening(dump, item, index, part, &bytes) &&
	    kai_object_decode(&kai_object_opening, bytes, &dump->arena, &opening) ==
		    KAI_FAULT_NONE &&
	    kai_part_open(&id, opening.key, part->ciphertext, &dump->arena, &content) ==
		    KAI_FAULT_NONE) {
		(void)json_object_set_new(json, "opening", hex(bytes));
		(void)json_object_set_new(json, "key", hex(kai_span(opening.key, 32)));
		(void)json_object_set_new(json, "content", hex(content));
	}
	return json;
}

static void dump_item(struct dump *dump, uint64_t arrival)
{
	json_t *signatures = json_array();
	json_t *parts = json_array();
	struct kai_header header;
	struct kai_item item;
	char id[KAI_ID_TEXT];

	if (!kai_rec_item(dump->txn, arrival, &dump->arena, &item) ||
	    kai_object_decode(&kai_object_header, item.header, &dump->arena, &header) !=
		    KAI_FAULT_NONE)
		abort();
	kai_id_text(item.id, id);
	for (size_t i = 0; i < item.signatures_count; i++)
		(void)json_array_append_new(
			signatures,
			json_pack("{s:o, s:o}", "key",
				  hex(kai_span(item.signatures[i].key, KAI_ID_LEN)), "sig",
				  hex(kai_span(item.signatures[i].sig, KAI_SIG_LEN))));
	for (uint8_t i = 0; i < header.parts_count && i < KAI_MAX_PARTS; i++) {
		struct kai_key key = kai_key_part(arrival, i);
		struct kai_part part;

		if (kai_rec_get(dump->txn, KAI_TABLE_PARTS, &key, &kai_object_part, &dump->arena,
				&part))
			(void)json_array_append_new(parts,
						    part_json(dump, &item, &header, i, &part));
	}
	print(json_pack("{s:s, s:o, s:o, s:o, s:o}", "item", id, "id",
			hex(kai_span(item.id, KAI_ID_LEN)), "header", hex(item.header),
			"signatures", signatures, "parts", parts));
}

static void dump_items(struct dump *dump)
{
	struct kai_index_scan scan;
	uint64_t arrival;

	kai_index_all(&scan, dump->txn, 0, false);
	while (kai_index_next(&scan, &arrival)) {
		dump_item(dump, arrival);
		dump->arena.used = 0;
	}
}

static void dump_head(struct dump *dump, const char *drill)
{
	struct kai_span org;

	if (drill != NULL) {
		print(json_pack("{s:s}", "drill", drill));
		return;
	}
	if (!kai_txn_get(dump->txn, KAI_TABLE_META, kai_span_str(KAI_META_ORG), &org))
		abort();
	print(json_pack("{s:o, s:o}", "node_key", hex(kai_span(dump->keys->node.key, KAI_ID_LEN)),
			"org", hex(org)));
}

/* drill: whose store lies in path; NULL: the live one. */
static enum kai_err dump_store(struct dump *dump, const char *path, const char *drill,
			       struct kai_why *why)
{
	const struct kai_store_options options = {.read_only = true};
	struct kai_store *store = NULL;
	enum kai_err err = kai_store_open_lmdb(path, &options, &store, why);

	if (err == KAI_ERR_OK)
		err = kai_txn_begin(store, false, &dump->txn, why);
	if (err == KAI_ERR_OK) {
		dump_head(dump, drill);
		dump_tables(dump);
		dump_items(dump);
		err = kai_txn_error(dump->txn);
		kai_txn_abort(dump->txn);
	}
	kai_store_close(store);
	return err;
}

static enum kai_err run(struct dump *dump, const char *dir, struct kai_why *why)
{
	char path[KAI_PATH_SIZE], drills[KAI_PATH_SIZE];
	enum kai_err err = kai_path(path, dir, "store", why);

	if (err == KAI_ERR_OK)
		err = dump_store(dump, path, NULL, why);
	if (err == KAI_ERR_OK)
		err = kai_path(drills, dir, KAI_DRILLS_DIR, why);
	DIR *list = err == KAI_ERR_OK ? opendir(drills) : NULL;

	for (struct dirent *at;
	     list != NULL && err == KAI_ERR_OK && (at = readdir(list)) != NULL;) {
		if (at->d_name[0] == '.')
			continue;
		err = kai_path(path, drills, at->d_name, why);
		if (err == KAI_ERR_OK)
			err = dump_store(dump, path, at->d_name, why);
	}
	if (list != NULL)
		(void)closedir(list);
	return err;
}

int main(int argc, char **argv)
{
	struct kai_why why = {""};

	if (argc != 2 || sodium_init() < 0) {
		(void)fprintf(stderr, "usage: kairan-test-dump DIR\n");
		return 2;
	}
	struct kai_node_keys *keys = calloc(1, sizeof(*keys));
	struct dump dump = {.keys = keys, .arena = {.at = malloc(ARENA_LEN), .cap = ARENA_LEN}};

	if (keys == NULL || dump.arena.at == NULL)
		abort();
	enum kai_err err = kai_node_keys_load(argv[1], keys, &why);

	if (err == KAI_ERR_OK) {
		err = run(&dump, argv[1], &why);
		kai_node_keys_done(keys);
	}
	if (err != KAI_ERR_OK)
		(void)fprintf(stderr, "kairan-test-dump: %s: %s\n", kai_err_text(err), why.text);
	free(dump.arena.at);
	free(keys);
	return err == KAI_ERR_OK ? 0 : 1;
}
