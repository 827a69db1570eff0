/* SPDX-License-Identifier: Apache-2.0 */
/* Cards: out, in, seen, listed. New ones of our own: card_own.c. */
#include <string.h>

#include "root.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_card_export_opts[] = {
	{"o", "FILE", false, N_("write there instead of to stdout")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_card_import_opts[] = {
	{"fingerprint", "FP", false,
	 N_("fingerprint that you were told by another way (telephone)")},
	{"as", "ALIAS", false, N_("your name for this organisation")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_card_resolve_opts[] = {
	{"keep", "DIGEST", false, N_("digest of the card to believe (see card list)")},
	{NULL, NULL, false, NULL},
};

static const char *role_word(const struct kai_card_key *key)
{
	static const char *const words[] = {"sealing", "system", "duty", "decider"};

	return key->use == KAI_KEY_SEAL ? words[0] : key->role < 4 ? words[key->role] : "?";
}

static json_t *key_json(const struct kai_card *card, const struct kai_card_key *key)
{
	json_t *json =
		json_pack("{s:s, s:o, s:o, s:o}", "role", role_word(key), "key",
			  kai_json_id(key->key), "not_before", kai_json_time(key->not_before),
			  "not_after", kai_json_time(key->not_after));

	for (size_t i = 0; i < card->revocations_count; i++)
		if (kai_id_equal(card->revocations[i].key, key->key))
			(void)json_object_set_new(json, "revoked_since",
						  kai_json_time(card->revocations[i].since));
	return json;
}

static json_t *card_json(const struct kai_card *card, const uint8_t digest[KAI_ID_LEN])
{
	char fingerprint[KAI_FINGERPRINT_SIZE];
	json_t *sectors = json_array();
	json_t *keys = json_array();

	for (size_t i = 0; i < card->sectors_count; i++)
		(void)json_array_append_new(sectors, kai_json_span(card->sectors[i]));
	for (size_t i = 0; i < card->keys_count; i++)
		(void)json_array_append_new(keys, key_json(card, &card->keys[i]));
	kai_fingerprint(card->org, fingerprint);
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "org",
			 kai_json_id(card->org), "fingerprint", fingerprint, "name",
			 kai_json_span(card->name), "name_ja", kai_json_span(card->name_ja),
			 "country", kai_json_span(card->country), "sectors", sectors, "serial",
			 (json_int_t)card->serial, "issued_at", kai_json_time(card->issued_at),
			 "valid_until", kai_json_time(card->valid_until), "keys", keys, "digest",
			 kai_json_id(digest));
}

static int read_card(struct kai_cli *cli, const char *path, struct kai_span *ret_bytes,
		     struct kai_card *ret, uint8_t ret_digest[KAI_ID_LEN])
{
	int exit = kai_armour_read(cli, KAI_CARD_TYPE, path, ret_bytes);

	if (exit != 0)
		return exit;
	enum kai_fault fault = kai_card_open(*ret_bytes, &cli->arena, ret, ret_digest);

	if (fault == KAI_FAULT_NONE)
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: the card is not believable: %s"), path,
			    kai_fault_text(fault));
}

static void show_card(struct kai_cli *cli, json_t *top)
{
	static const struct kai_col cols[] = {
		{"name", N_("name"), KAI_COL_TEXT},
		{"name_ja", N_("name (ja)"), KAI_COL_TEXT},
		{"org", N_("org"), KAI_COL_TEXT},
		{"fingerprint", N_("fingerprint"), KAI_COL_TEXT},
		{"country", N_("country"), KAI_COL_TEXT},
		{"sectors", N_("sectors"), KAI_COL_LIST},
		{"serial", N_("serial"), KAI_COL_NUMBER},
		{"issued_at", N_("issued"), KAI_COL_TIME},
		{"valid_until", N_("valid until"), KAI_COL_UNTIL},
	};
	size_t i;
	json_t *key;

	for (size_t c = 0; c < sizeof(cols) / sizeof(*cols); c++) {
		char *text = kai_view_cell(cli, &cols[c], top);

		if (text[0] != '\0')
			kai_view_pair(cli, T(cols[c].title), text);
	}
	json_array_foreach (json_object_get(top, "keys"), i, key) {
		const char *role = json_string_value(json_object_get(key, "role"));
		const char *text = json_string_value(json_object_get(key, "key"));
		bool revoked = json_object_get(key, "revoked_since") != NULL;

		kai_view_pair(cli, kai_cli_text(cli, T("key (%s)"), T(role)),
			      kai_cli_text(cli, "%s%s", text, revoked ? T("  REVOKED") : ""));
	}
	(void)fprintf(cli->out, "\n%s\n",
		      T("The name is what the card says of itself. Compare the fingerprint by "
			"telephone before you import it."));
}

static const struct kai_col card_cols[] = {
	{"org", N_("org"), KAI_COL_ID},
	{"name", N_("name"), KAI_COL_TEXT},
	{"fingerprint", N_("fingerprint"), KAI_COL_TEXT},
	{"country", N_("country"), KAI_COL_TEXT},
	{"sectors", N_("sectors"), KAI_COL_LIST},
	{"serial", N_("serial"), KAI_COL_NUMBER},
	{"valid_until", N_("valid until"), KAI_COL_TIME},
};
static const struct kai_view card_view = {.cols = card_cols, .col_count = 7, .human = show_card};

int kai_verb_card_show(struct kai_cli *cli)
{
	struct kai_span bytes;
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];
	int exit = read_card(cli, cli->args[0], &bytes, &card, digest);

	if (exit == 0)
		kai_view_show(cli, &card_view, card_json(&card, digest));
	return exit;
}

int kai_verb_card_export(struct kai_cli *cli)
{
	struct kai_card_rec rec;
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	if (!kai_rec_card(txn, cli->org, &cli->arena, &rec))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("card: our own is not in the store (run `kairan check`)"));
	else
		exit = kai_armour_write(cli, KAI_CARD_TYPE, rec.bytes);
	kai_txn_abort(txn);
	return exit;
}

/* A lab's clocks may be wrong and its keys lie about: its organisations are not for the world. */
static int may_believe(struct kai_cli *cli, const struct kai_card *card)
{
	int exit = kai_cli_open(cli);
	bool of_lab = false;

	for (size_t i = 0; i < card->ext_count; i++)
		of_lab = of_lab || card->ext[i].tag == KAI_EXT_LAB;
	if (exit == 0 && of_lab && !cli->lab)
		return kai_cli_fail(
			cli, KAI_EXIT_REFUSED,
			T("%s: is the card of a lab's node (partners outside the lab make "
			  "theirs with kairan init)"),
			cli->args[0]);
	return exit;
}

int kai_verb_card_import(struct kai_cli *cli)
{
	const char *typed = kai_opt_value(cli, "fingerprint");
	const char *alias = kai_opt_value(cli, "as");
	char fingerprint[KAI_FINGERPRINT_SIZE];
	struct kai_ctl_card_import request = {.version = KAI_VERSION,
					      .type = KAI_CONTROL_CARD_IMPORT};
	struct kai_ctl_answer answer;
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];

	if (alias == NULL || alias[0] == '\0' || strlen(alias) > KAI_MAX_ALIAS)
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("card import: give your name for the organisation (--as ALIAS)"));
	int exit = read_card(cli, cli->args[0], &request.card, &card, digest);

	if (exit != 0)
		return exit;
	kai_fingerprint(card.org, fingerprint);
	if (typed == NULL && cli->tty) {
		(void)fprintf(cli->err, T("The card says it is: %s\n"),
			      kai_view_safe(cli, kai_cli_str(cli, card.name), false));
		typed = kai_cli_prompt(cli,
				       T("Type the fingerprint that you were told by telephone:"));
	}
	if (typed == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("card import: --fingerprint FP is needed (ask its owner by "
				      "telephone; `kairan card show` prints it there)"));
	if (!kai_fingerprint_matches(card.org, typed))
		return kai_cli_fail(
			cli, KAI_EXIT_REFUSED,
			T("%s: the fingerprint is another (this card has %s; do not use it "
			  "until its owner confirms that)"),
			cli->args[0], fingerprint);
	exit = may_believe(cli, &card);
	if (exit != 0)
		return exit;
	request.alias = kai_span_str(alias);
	exit = kai_node_ask(cli, &kai_object_ctl_card_import, &request, false, &answer);
	if (exit != 0)
		return exit;
	if (answer.exit != 0)
		return kai_node_refused(cli, &answer);
	json_t *json = card_json(&card, digest);

	(void)json_object_set_new(json, "alias", json_string(alias));
	static const struct kai_col cols[] = {{"alias", N_("alias"), KAI_COL_TEXT},
					      {"name", N_("name"), KAI_COL_TEXT},
					      {"org", N_("org"), KAI_COL_ID}};
	static const struct kai_view view = {.cols = cols, .col_count = 3};

	kai_view_show(cli, &view, json);
	return KAI_EXIT_DONE;
}

static json_t *listed(struct kai_cli *cli, struct kai_txn *txn, const struct kai_card_rec *rec)
{
	static const char *const how[] = {"?", "own", "fingerprint", "introduced"};
	struct kai_card card;
	struct kai_card other;
	uint8_t digest[KAI_ID_LEN];
	struct kai_peer peer;

	if (kai_card_open(rec->bytes, &cli->arena, &card, digest) != KAI_FAULT_NONE)
		return NULL;
	json_t *json = card_json(&card, digest);
	bool known = kai_rec_peer(txn, card.org, &cli->arena, &peer);

	(void)json_object_set_new(json, "alias",
				  known ? kai_json_span(peer.alias) : json_string(""));
	(void)json_object_set_new(json, "how", json_string(rec->how < 4 ? how[rec->how] : "?"));
	(void)json_object_set_new(json, "by",
				  rec->by.is ? json_string(kai_org_name(cli, txn, rec->by.id))
					     : json_null());
	(void)json_object_set_new(json, "refreshed_at", kai_json_time(rec->refreshed_at));
	(void)json_object_set_new(json, "frozen", json_boolean(rec->frozen));
	if (rec->frozen && kai_card_open(rec->other, &cli->arena, &other, digest) == KAI_FAULT_NONE)
		(void)json_object_set_new(json, "other", card_json(&other, digest));
	return json;
}

static void list_cards(struct kai_cli *cli, struct kai_txn *txn, json_t *rows)
{
	struct kai_scan scan;
	struct kai_span key;
	uint8_t last[KAI_ID_LEN] = {0};

	kai_scan_init(&scan, txn, KAI_TABLE_CARDS, kai_span(NULL, 0), kai_span(NULL, 0), true);
	while (kai_scan_next(&scan, &key, NULL)) {
		struct kai_card_rec rec;

		if (key.len < KAI_ID_LEN || memcmp(last, key.at, KAI_ID_LEN) == 0)
			continue;
		memcpy(last, key.at, KAI_ID_LEN);
		if (!kai_rec_card(txn, last, &cli->arena, &rec))
			continue;
		json_t *json = listed(cli, txn, &rec);

		if (json != NULL)
			(void)json_array_insert_new(rows, 0, json);
	}
}

int kai_verb_card_list(struct kai_cli *cli)
{
	static const struct kai_col cols[] = {
		{"alias", N_("alias"), KAI_COL_TEXT},
		{"org", N_("org"), KAI_COL_ID},
		{"how", N_("trust"), KAI_COL_WORD},
		{"country", N_("country"), KAI_COL_TEXT},
		{"serial", N_("serial"), KAI_COL_DETAIL},
		{"valid_until", N_("valid until"), KAI_COL_UNTIL},
		{"frozen", N_("frozen"), KAI_COL_WORD},
		{"name", N_("says of itself"), KAI_COL_TEXT},
	};
	static const struct kai_view view = {.list = "cards", .cols = cols, .col_count = 8};
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	json_t *rows = json_array();

	list_cards(cli, txn, rows);
	kai_txn_abort(txn);
	kai_view_show(cli, &view, json_pack("{s:o}", "cards", rows));
	return KAI_EXIT_DONE;
}

int kai_verb_card_resolve(struct kai_cli *cli)
{
	const char *keep = kai_opt_value(cli, "keep");
	struct kai_ctl_card_resolve request = {.version = KAI_VERSION,
					       .type = KAI_CONTROL_CARD_RESOLVE};
	struct kai_ctl_answer answer;
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_org_find(cli, txn, cli->args[0], request.org);
	kai_txn_abort(txn);
	if (exit != 0)
		return exit;
	if (keep == NULL || !kai_base32_parse(keep, request.keep, KAI_ID_LEN))
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("card resolve: --keep wants a card's whole digest (see `kairan "
			  "card list --json`)"));
	exit = kai_node_ask(cli, &kai_object_ctl_card_resolve, &request, false, &answer);
	if (exit != 0)
		return exit;
	return answer.exit == 0 ? KAI_EXIT_DONE : kai_node_refused(cli, &answer);
}
