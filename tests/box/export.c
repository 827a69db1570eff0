/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kairan-test-export DIR: what a node holds, as JSON for the independent reader
 * (tests/vectors/reader_test.py --export). For every item and every peer that supplied parts of it
 * that are held: the advisory with those parts, each opening wrapped again as that peer wraps it
 * for this node (a link key comes from static X25519, so both ends can), and the contents. Reads
 * only; the output holds the sealing secrets, so it is for tests alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "kairan/advisory.h"
#include "kairan/card.h"
#include "kairan/crypto.h"
#include "kairan/keys.h"
#include "kairan/rec.h"

#define ARENA_LEN (24U << 20)

struct export
{
	struct kai_node_keys keys;
	struct kai_txn *txn;
	struct kai_arena arena;
	uint8_t org[KAI_ID_LEN];
	json_t *advisories;
	struct kai_why why;
};

/* One item as one peer supplied it. */
struct supplied {
	uint64_t arrival;
	uint8_t peer_org[KAI_ID_LEN];
	uint64_t parts;
	struct kai_item item;
	struct kai_header header;
	uint8_t peer_seal[KAI_ID_LEN];
	struct kai_link_ends ends;
	uint8_t link_key[32];
};

static json_t *hex(struct kai_span bytes)
{
	char *text = malloc(bytes.len * 2 + 1);
	json_t *ret;

	if (text == NULL)
		return NULL;
	sodium_bin2hex(text, bytes.len * 2 + 1, bytes.at, bytes.len);
	ret = json_string(text);
	free(text);
	return ret;
}

/* The sealing keys that stood in both cards when the item came. */
static bool find_ends(struct export *export, struct supplied *supplied)
{
	const struct kai_wall then = {(int64_t)supplied->item.received_at};
	const struct kai_card_key *mine, *theirs;
	struct kai_card_rec record;
	struct kai_card own, peer;
	uint8_t digest[KAI_ID_LEN];

	if (!kai_rec_card(export->txn, export->org, &export->arena, &record) ||
	    kai_card_open(record.bytes, &export->arena, &own, digest) != KAI_FAULT_NONE)
		return false;
	if (!kai_rec_card(export->txn, supplied->peer_org, &export->arena, &record) ||
	    kai_card_open(record.bytes, &export->arena, &peer, digest) != KAI_FAULT_NONE)
		return false;
	mine = kai_card_seal_key(&own, then);
	theirs = kai_card_seal_key(&peer, then);
	if (mine == NULL || theirs == NULL)
		return false;
	memcpy(supplied->peer_seal, theirs->key, KAI_ID_LEN);
	for (size_t i = 0; i < export->keys.seal_count; i++) {
		const struct kai_key_pair *seal = &export->keys.seals[i];

		if (!kai_id_equal(seal->key, mine->key))
			continue;
		supplied->ends =
			(struct kai_link_ends){supplied->header.realm, supplied->peer_org,
					       export->org, supplied->peer_seal, seal->key};
		return kai_link_key(&supplied->ends, seal->secret, supplied->peer_seal,
				    supplied->link_key);
	}
	return false;
}

static bool open_rest(struct export *export, const struct kai_item *item,
		      const struct kai_part *part, uint8_t index, struct kai_span *ret)
{
	uint8_t ad[KAI_ID_LEN + 1];

	memcpy(ad, item->id, KAI_ID_LEN);
	ad[KAI_ID_LEN] = index;
	for (size_t i = 0; i < export->keys.rest_count; i++) {
		if (export->keys.rest_period[i] == part->period)
			return kai_box_open(KAI_CTX_REST, export->keys.rest[i].secret,
					    kai_span(ad, sizeof(ad)), part->opening, &export->arena,
					    ret);
	}
	return false;
}

/* Adds part index to the advisory, its wrap and its content. */
static bool add_part(struct export *export, const struct supplied *supplied, uint8_t index,
		     struct kai_advisory *advisory, json_t *contents)
{
	const struct kai_key key = kai_key_part(supplied->arrival, index);
	const struct kai_part_id id = {supplied->header.realm, supplied->header.origin, index,
				       supplied->header.parts[index].name};
	struct kai_part_blob *blob = &advisory->parts[advisory->parts_count++];
	struct kai_wrap *wrap = &advisory->wraps[advisory->wraps_count++];
	struct kai_span encoded, content;
	struct kai_opening opening;
	struct kai_part part;

	if (!kai_rec_get(export->txn, KAI_TABLE_PARTS, &key, &kai_object_part, &export->arena,
			 &part) ||
	    !open_rest(export, &supplied->item, &part, index, &encoded) ||
	    kai_object_decode(&kai_object_opening, encoded, &export->arena, &opening) !=
		    KAI_FAULT_NONE ||
	    kai_part_open(&id, opening.key, part.ciphertext, &export->arena, &content) !=
		    KAI_FAULT_NONE)
		return false;
	*blob = (struct kai_part_blob){index, part.ciphertext};
	wrap->index = index;
	wrap->kind = 1;
	kai_key_hint(supplied->ends.to_seal, wrap->key_hint);
	wrap->bytes = kai_wrap_link(&supplied->ends, supplied->link_key, supplied->item.id, index,
				    encoded, &export->arena);
	return wrap->bytes.len > 0 && json_array_set_new(contents, index, hex(content)) == 0;
}

static json_t *no_contents(size_t count)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(ret, json_null());
	return ret;
}

static bool add_advisory(struct export *export, struct supplied *supplied)
{
	struct kai_part_blob parts[KAI_MAX_PARTS];
	struct kai_wrap wraps[KAI_MAX_PARTS];
	struct kai_advisory advisory = {.header = supplied->item.header,
					.signatures = supplied->item.signatures,
					.signatures_count = supplied->item.signatures_count,
					.parts = parts,
					.wraps = wraps};
	json_t *contents = no_contents(supplied->header.parts_count);
	struct kai_span bytes;

	for (size_t i = 0; i < supplied->header.parts_count; i++) {
		if ((supplied->parts >> i & 1) != 0 &&
		    !add_part(export, supplied, (uint8_t)i, &advisory, contents)) {
			json_decref(contents);
			return false;
		}
	}
	bytes = kai_object_encode_in(&kai_object_advisory, &advisory, &export->arena);
	return json_array_append_new(export->advisories,
				     json_pack("{s:o, s:o, s:o}", "from_org",
					       hex(kai_span(supplied->peer_org, KAI_ID_LEN)),
					       "advisory", hex(bytes), "contents", contents)) ==
		       0 &&
	       bytes.len > 0;
}

/* One row of SUPPLY: arrival u64, peer u16. Own items and peers that gave nothing held are passed
 * over. */
static bool export_supply(struct export *export, struct kai_span row)
{
	struct supplied supplied = {.arrival = kai_get_be64(row.at)};
	const uint16_t number = (uint16_t)(row.at[8] << 8 | row.at[9]);
	const struct kai_key supply_key = kai_key_pair(supplied.arrival, number);
	const struct kai_key peer_key = kai_key_peer(number);
	struct kai_supply supply;
	struct kai_peer peer;

	export->arena.used = 0;
	if (number == 0)
		return true;
	if (!kai_rec_get(export->txn, KAI_TABLE_SUPPLY, &supply_key, &kai_object_supply,
			 &export->arena, &supply) ||
	    !kai_rec_get(export->txn, KAI_TABLE_PEERS, &peer_key, &kai_object_peer, &export->arena,
			 &peer) ||
	    !kai_rec_item(export->txn, supplied.arrival, &export->arena, &supplied.item))
		return false;
	memcpy(supplied.peer_org, peer.org, KAI_ID_LEN);
	supplied.parts = supply.parts & supplied.item.held;
	if (supplied.parts == 0)
		return true;
	if (kai_header_read(supplied.item.header, &export->arena, &supplied.header) !=
		    KAI_FAULT_NONE ||
	    !find_ends(export, &supplied))
		return false;
	return add_advisory(export, &supplied);
}

static bool export_supplies(struct export *export)
{
	struct kai_scan scan;
	struct kai_span row;

	kai_scan_init(&scan, export->txn, KAI_TABLE_SUPPLY, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &row, NULL)) {
		if (!export_supply(export, row)) {
			kai_fail(&export->why, KAI_ERR_CORRUPT, "item %llu: cannot be opened",
				 (unsigned long long)kai_get_be64(row.at));
			return false;
		}
	}
	return kai_txn_error(export->txn) == KAI_ERR_OK;
}

static json_t *export_cards(struct export *export)
{
	json_t *ret = json_array();
	struct kai_card_rec record;
	struct kai_scan scan;
	struct kai_span row;

	kai_scan_init(&scan, export->txn, KAI_TABLE_CARDS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &row, NULL)) {
		const struct kai_key key = kai_key_bytes(row.at, row.len);

		export->arena.used = 0;
		if (kai_rec_get(export->txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec,
				&export->arena, &record))
			json_array_append_new(ret, hex(record.bytes));
	}
	return ret;
}

static json_t *export_secrets(const struct kai_node_keys *keys)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < keys->seal_count; i++)
		json_array_append_new(ret, hex(kai_span(keys->seals[i].secret, 32)));
	return ret;
}

static json_t *export_all(struct export *export)
{
	const struct kai_key org_key = kai_key_word(KAI_META_ORG);
	struct kai_span org;
	json_t *cards;

	if (!kai_txn_get(export->txn, KAI_TABLE_META, kai_key_span(&org_key), &org) ||
	    org.len != KAI_ID_LEN) {
		kai_fail(&export->why, KAI_ERR_NOTFOUND, "the store names no org");
		return NULL;
	}
	memcpy(export->org, org.at, KAI_ID_LEN);
	cards = export_cards(export);
	export->advisories = json_array();
	if (!export_supplies(export)) {
		json_decref(cards);
		json_decref(export->advisories);
		return NULL;
	}
	return json_pack("{s:o, s:o, s:o, s:o}", "org", hex(org), "seal_secrets",
			 export_secrets(&export->keys), "cards", cards, "advisories",
			 export->advisories);
}

static json_t *export_dir(struct export *export, const char *dir)
{
	const struct kai_store_options options = {.read_only = true};
	char path[KAI_PATH_SIZE];
	struct kai_store *store;
	json_t *ret = NULL;

	if (kai_path(path, dir, "store", &export->why) != KAI_ERR_OK ||
	    kai_store_open_lmdb(path, &options, &store, &export->why) != KAI_ERR_OK)
		return NULL;
	if (kai_txn_begin(store, false, &export->txn, &export->why) == KAI_ERR_OK) {
		ret = export_all(export);
		kai_txn_abort(export->txn);
	}
	kai_store_close(store);
	return ret;
}

int main(int argc, char **argv)
{
	struct export export = {.arena = {.at = malloc(ARENA_LEN), .cap = ARENA_LEN}};
	json_t *json = NULL;
	int rc = 1;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: kairan-test-export DIR\n");
		rc = 3;
	} else if (export.arena.at == NULL || sodium_init() < 0) {
		(void)fprintf(stderr, "kairan-test-export: out of memory\n");
	} else if (kai_node_keys_load(argv[1], &export.keys, &export.why) == KAI_ERR_OK) {
		json = export_dir(&export, argv[1]);
		kai_node_keys_done(&export.keys);
	}
	if (json != NULL && json_dumpf(json, stdout, JSON_INDENT(1)) == 0 && putchar('\n') != EOF &&
	    fflush(stdout) == 0)
		rc = 0;
	else if (export.why.text[0] != '\0')
		(void)fprintf(stderr, "kairan-test-export: %s\n", export.why.text);
	json_decref(json);
	free(export.arena.at);
	return rc;
}
