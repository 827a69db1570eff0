/* SPDX-License-Identifier: Apache-2.0 */
/* What people call things: orgs by alias, ids by prefix, communities, audiences. */
#include <string.h>

#include "view.h"

#define PREFIX_MIN 8

char *kai_cli_id(struct kai_cli *cli, const uint8_t id[KAI_ID_LEN])
{
	char *text = kai_cli_take(cli, KAI_ID_TEXT);

	kai_id_text(id, text);
	return text;
}

json_t *kai_json_span(struct kai_span text)
{
	return json_stringn((const char *)text.at, text.len);
}

json_t *kai_json_id(const uint8_t id[KAI_ID_LEN])
{
	char text[KAI_ID_TEXT];

	kai_id_text(id, text);
	return json_string(text);
}

json_t *kai_json_time(uint64_t ms)
{
	char text[KAI_TIME_TEXT];

	if (ms == 0)
		return json_null();
	kai_time_text((struct kai_wall){(int64_t)ms}, text);
	return json_string(text);
}

/* The bytes that a prefix of base32 text fixes, and the text itself for what is left over. */
struct prefix {
	char text[KAI_ID_TEXT];
	size_t len;
	uint8_t bytes[KAI_ID_LEN];
	size_t byte_count;
};

static bool prefix_parse(const char *text, struct prefix *ret)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned hold = 0;
	unsigned bits = 0;

	ret->len = strlen(text);
	ret->byte_count = 0;
	if (ret->len < PREFIX_MIN || ret->len >= KAI_ID_TEXT)
		return false;
	for (size_t i = 0; i < ret->len; i++) {
		char c = text[i];
		const char *at;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		at = strchr(alphabet, c);
		if (at == NULL)
			return false;
		ret->text[i] = c;
		hold = (hold << 5 | (unsigned)(at - alphabet)) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			if (ret->byte_count < KAI_ID_LEN)
				ret->bytes[ret->byte_count++] = (uint8_t)(hold >> bits);
		}
	}
	ret->text[ret->len] = '\0';
	return true;
}

static bool prefix_fits(const struct prefix *prefix, const uint8_t id[KAI_ID_LEN])
{
	char text[KAI_ID_TEXT];

	kai_id_text(id, text);
	return strncmp(text, prefix->text, prefix->len) == 0;
}

/* Ids of a table whose keys begin with one: counts different ones, at most 2. */
static size_t prefix_scan(struct kai_txn *txn, enum kai_table table, const struct prefix *prefix,
			  uint8_t io_id[KAI_ID_LEN], size_t found)
{
	struct kai_scan scan;
	struct kai_span key;

	kai_scan_init(&scan, txn, table, kai_span(prefix->bytes, prefix->byte_count),
		      kai_span(NULL, 0), false);
	while (found < 2 && kai_scan_next(&scan, &key, NULL)) {
		if (key.len < KAI_ID_LEN || !prefix_fits(prefix, key.at))
			continue;
		if (found == 1 && kai_id_equal(io_id, key.at))
			continue;
		memcpy(io_id, key.at, KAI_ID_LEN);
		found++;
	}
	return found;
}

static bool alias_find(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		       uint8_t ret[KAI_ID_LEN])
{
	struct kai_scan scan;
	struct kai_span value;
	bool found = false;

	kai_scan_init(&scan, txn, KAI_TABLE_PEERS, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (!found && kai_scan_next(&scan, NULL, &value)) {
		size_t used = cli->arena.used;
		struct kai_peer peer;

		found = kai_object_decode(&kai_object_peer, value, &cli->arena, &peer) ==
				KAI_FAULT_NONE &&
			kai_span_equal(peer.alias, kai_span_str(text));
		if (found)
			memcpy(ret, peer.org, KAI_ID_LEN);
		cli->arena.used = used;
	}
	return found;
}

int kai_org_find(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		 uint8_t ret[KAI_ID_LEN])
{
	struct prefix prefix;
	uint8_t id[KAI_ID_LEN];

	if (text[0] != '\0' && alias_find(cli, txn, text, ret))
		return 0;
	if (strcmp(text, "self") == 0) {
		memcpy(ret, cli->org, KAI_ID_LEN);
		return 0;
	}
	if (!prefix_parse(text, &prefix))
		return kai_cli_fail(
			cli, KAI_EXIT_NOTHING,
			T("%s: no organisation has this alias (see `kairan card list`)"), text);
	size_t found = prefix_scan(txn, KAI_TABLE_CARDS, &prefix, id, 0);

	found = prefix_scan(txn, KAI_TABLE_PEER_ORGS, &prefix, id, found);
	if (found == 0 && kai_base32_parse(text, id, KAI_ID_LEN))
		found = 1; /* a whole id needs no card */
	if (found == 0)
		return kai_cli_fail(cli, KAI_EXIT_NOTHING,
				    T("%s: no such organisation here (see `kairan card list`)"),
				    text);
	if (found > 1)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: several organisations begin so (type more of the id)"),
				    text);
	memcpy(ret, id, KAI_ID_LEN);
	return 0;
}

int kai_item_find(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		  uint8_t ret[KAI_ID_LEN], uint64_t *ret_arrival)
{
	struct prefix prefix;
	uint8_t id[KAI_ID_LEN];

	if (!prefix_parse(text, &prefix))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: not an id (8 characters or more, a to z and 2 to 7)"),
				    text);
	size_t found = prefix_scan(txn, KAI_TABLE_IDS, &prefix, id, 0);

	if (found > 1)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: several advisories begin so (type more of the id)"),
				    text);
	if (found == 0 || !kai_rec_arrival(txn, id, ret_arrival))
		return kai_cli_fail(cli, KAI_EXIT_NOTHING, T("%s: no such advisory here"), text);
	memcpy(ret, id, KAI_ID_LEN);
	return 0;
}

bool kai_stub_find(struct kai_txn *txn, const char *text, uint8_t ret[KAI_ID_LEN])
{
	struct prefix prefix;
	uint8_t id[KAI_ID_LEN];

	if (!prefix_parse(text, &prefix) || prefix_scan(txn, KAI_TABLE_IDS, &prefix, id, 0) != 0 ||
	    prefix_scan(txn, KAI_TABLE_STUBS, &prefix, id, 0) != 1)
		return false;
	memcpy(ret, id, KAI_ID_LEN);
	return true;
}

const char *kai_org_name(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN])
{
	struct kai_peer peer;
	struct kai_card_rec rec;
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];
	bool self = kai_id_equal(org, cli->org);

	if (kai_rec_peer(txn, org, &cli->arena, &peer) && peer.alias.len > 0)
		return kai_cli_str(cli, peer.alias);
	if (self && kai_rec_card(txn, org, &cli->arena, &rec) &&
	    kai_card_open(rec.bytes, &cli->arena, &card, digest) == KAI_FAULT_NONE)
		return kai_cli_str(cli, card.name);
	return kai_cli_text(cli, "%.12s", kai_cli_id(cli, org));
}

const char *kai_org_claim(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN])
{
	struct kai_peer peer;
	struct kai_card_rec rec;
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	uint8_t digest[KAI_ID_LEN];

	if (kai_id_equal(org, cli->org) ||
	    (kai_rec_peer(txn, org, &cli->arena, &peer) && peer.alias.len > 0) ||
	    !kai_rec_card(txn, org, &cli->arena, &rec) ||
	    kai_card_open(rec.bytes, &cli->arena, card, digest) != KAI_FAULT_NONE)
		return NULL;
	return kai_cli_str(cli, cli->lang == KAI_LANG_JA && card->name_ja.len > 0 ? card->name_ja
										  : card->name);
}

/* An org as an argument that means it: ourselves too, who may have no alias. */
static const char *org_word(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN])
{
	struct kai_peer peer;

	if (kai_id_equal(org, cli->org) &&
	    (!kai_rec_peer(txn, org, &cli->arena, &peer) || peer.alias.len == 0))
		return "self";
	return kai_org_name(cli, txn, org);
}

int kai_community_find(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		       struct kai_community *ret)
{
	const char *slash = strrchr(text, '/');

	if (slash == NULL || !kai_community_valid(kai_span_str(slash + 1)))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: a community is KEEPER/NAME (acme/power)"), text);
	char *keeper = kai_cli_str(cli, kai_span(text, (size_t)(slash - text)));
	int exit = kai_org_find(cli, txn, keeper, ret->keeper);

	if (exit != 0)
		return exit;
	ret->name = kai_span_str(kai_cli_text(cli, "%s", slash + 1));
	return 0;
}

char *kai_audience_text(struct kai_cli *cli, struct kai_txn *txn,
			const struct kai_audience_entry *entry)
{
	char *text = kai_cli_str(cli, entry->text);

	switch (entry->type) {
	case KAI_AUD_ORG:
		return kai_cli_text(cli, "org:%s", org_word(cli, txn, entry->org.at));
	case KAI_AUD_COMMUNITY:
		return kai_cli_text(cli, "community:%s/%s", org_word(cli, txn, entry->org.at),
				    text);
	case KAI_AUD_SECTOR:
		return kai_cli_text(cli, "sector:%s", text);
	case KAI_AUD_COUNTRY:
		return kai_cli_text(cli, "country:%s", text);
	}
	return kai_cli_text(cli, "?:%s", text);
}
