/* SPDX-License-Identifier: Apache-2.0 */
/* kairan init: the data directory, all keys, own card and node record, an empty store. */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "root.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_init_opts[] = {
	{"name", "NAME", false, N_("name of the organisation, in English")},
	{"name-ja", "NAME", false, N_("its name in Japanese")},
	{"country", "CC", false, N_("two capital letters, as JP")},
	{"sector", "CODE", true, N_("sector code, as jp-seed7:pow")},
	{"listen", "tcp://ADDR:PORT", false, N_("where the node listens (default tcp://*:7110)")},
	{"endpoint", "tcp://HOST:PORT", true, N_("where partners reach it; none: it only dials")},
	{"as", "ALIAS", false, N_("our own alias, as partners call us")},
	{"root-key", "FILE", false, N_("use this root key instead of a new one")},
	{"for-lab", NULL, false,
	 N_("for kairan lab: clocks may be wrong, and only labs believe the card")},
	{NULL, NULL, false, NULL},
};

/* The keys of a new node, wiped at the end. */
struct made {
	struct kai_key_pair root, next_root, system, duty, decider, seal, node, token, rest;
};

static int make_keys(struct kai_cli *cli, struct made *made)
{
	const struct {
		enum kai_key_kind kind;
		const char *name;
		struct kai_key_pair *pair;
	} rows[] = {
		{KAI_KEYFILE_NEXT_ROOT, NULL, &made->next_root},
		{KAI_KEYFILE_SYSTEM, NULL, &made->system},
		{KAI_KEYFILE_DUTY, NULL, &made->duty},
		{KAI_KEYFILE_DECIDER, NULL, &made->decider},
		{KAI_KEYFILE_SEAL, NULL, &made->seal},
		{KAI_KEYFILE_NODE, NULL, &made->node},
		{KAI_KEYFILE_TOKEN, NULL, &made->token},
		{KAI_KEYFILE_REST, "rest-1.key", &made->rest},
	};
	int exit = kai_opt_is(cli, "root-key")
			   ? kai_root_load(cli, &made->root)
			   : kai_root_new(cli, KAI_KEYFILE_ROOT, NULL, &made->root);

	for (size_t i = 0; exit == 0 && i < sizeof(rows) / sizeof(*rows); i++)
		exit = kai_root_new(cli, rows[i].kind, rows[i].name, rows[i].pair);
	return exit;
}

static void wipe_keys(struct made *made)
{
	kai_key_pair_done(&made->root);
	kai_key_pair_done(&made->next_root);
	kai_key_pair_done(&made->system);
	kai_key_pair_done(&made->duty);
	kai_key_pair_done(&made->decider);
	kai_key_pair_done(&made->seal);
	kai_key_pair_done(&made->node);
	kai_key_pair_done(&made->token);
	kai_key_pair_done(&made->rest);
}

static struct kai_card_key card_key(uint64_t use, uint64_t role, const struct kai_key_pair *pair,
				    uint64_t from, uint64_t until)
{
	struct kai_card_key key = {
		.use = use, .role = role, .not_before = from, .not_after = until};

	memcpy(key.key, pair->key, KAI_ID_LEN);
	return key;
}

static struct kai_span make_card(struct kai_cli *cli, const struct made *made, int64_t now)
{
	uint64_t from = (uint64_t)now;
	uint64_t until = (uint64_t)(now + KAI_CARD_YEARS * KAI_MS_YEAR);
	struct kai_card_key keys[] = {
		card_key(KAI_KEY_SIGN, KAI_ROLE_SYSTEM, &made->system, from, until),
		card_key(KAI_KEY_SIGN, KAI_ROLE_DUTY, &made->duty, from, until),
		card_key(KAI_KEY_SIGN, KAI_ROLE_DECIDER, &made->decider, from, until),
		card_key(KAI_KEY_SEAL, 0, &made->seal, from, until),
	};
	const char *ja = kai_opt_value(cli, "name-ja");
	struct kai_ext lab = {.tag = KAI_EXT_LAB, .value = kai_span_str("lab")};
	struct kai_card card = {
		.version = KAI_VERSION,
		.serial = from / 1000,
		.issued_at = from,
		.valid_until = until,
		.name = kai_span_str(kai_opt_value(cli, "name")),
		.name_ja = kai_span_str(ja != NULL ? ja : ""),
		.country = kai_span_str(kai_opt_value(cli, "country")),
		.keys = keys,
		.keys_count = sizeof(keys) / sizeof(*keys),
		.ext = &lab,
		.ext_count = kai_opt_is(cli, "for-lab") ? 1 : 0,
	};

	if (kai_root_sectors(cli, &card.sectors, &card.sectors_count) != 0)
		return kai_span(NULL, 0);
	memcpy(card.org, made->root.key, KAI_ID_LEN);
	kai_hash(KAI_CTX_NEXT_ROOT, kai_realm_live, kai_span(made->next_root.key, KAI_ID_LEN),
		 card.next_root);
	return kai_root_card(cli, &made->root, &card);
}

static struct kai_span make_record(struct kai_cli *cli, const struct made *made, int64_t now)
{
	struct kai_node_key key = {.not_before = (uint64_t)now,
				   .not_after = (uint64_t)(now + KAI_CARD_YEARS * KAI_MS_YEAR)};
	struct kai_span endpoints[KAI_MAX_ENDPOINTS];
	struct kai_node_record record = {
		.version = KAI_VERSION,
		.serial = (uint64_t)now / 1000,
		.issued_at = (uint64_t)now,
		.valid_until = (uint64_t)(now + KAI_RECORD_YEARS * KAI_MS_YEAR),
		.keys = &key,
		.keys_count = 1,
		.endpoints = endpoints,
	};
	const char *endpoint;
	size_t at = 0;

	while ((endpoint = kai_opt_next(cli, "endpoint", &at)) != NULL &&
	       record.endpoints_count < KAI_MAX_ENDPOINTS)
		endpoints[record.endpoints_count++] = kai_span_str(endpoint);
	memcpy(record.org, made->root.key, KAI_ID_LEN);
	memcpy(key.key, made->node.key, KAI_ID_LEN);
	return kai_root_record(cli, &made->root, &record);
}

static void fill_store(struct kai_cli *cli, struct kai_txn *txn, const struct made *made,
		       struct kai_span card, struct kai_span record)
{
	int64_t now = kai_cli_now().ms;
	struct kai_card_rec card_rec = {.bytes = card,
					.how = KAI_CARD_OWN,
					.at = (uint64_t)now,
					.refreshed_at = (uint64_t)now};
	struct kai_record_rec record_rec = {.bytes = record, .at = (uint64_t)now};
	struct kai_key card_at = kai_key_card(made->root.key, (uint64_t)now / 1000);
	struct kai_key record_at = kai_key_bytes(made->root.key, KAI_ID_LEN);
	struct kai_card opened;
	const char *alias = kai_opt_value(cli, "as");
	struct kai_peer self = {.number = 0, .alias = kai_span_str(alias != NULL ? alias : "")};
	uint8_t digest[KAI_ID_LEN];
	uint8_t epoch[KAI_NONCE_LEN];

	if (kai_card_open(card, &cli->arena, &opened, digest) == KAI_FAULT_NONE)
		card_at = kai_key_card(made->root.key, opened.serial);
	randombytes_buf(epoch, sizeof(epoch));
	kai_txn_put(txn, KAI_TABLE_META, kai_span_str(KAI_META_ORG),
		    kai_span(made->root.key, KAI_ID_LEN));
	kai_txn_put(txn, KAI_TABLE_META, kai_span_str(KAI_META_EPOCH),
		    kai_span(epoch, sizeof(epoch)));
	if (kai_opt_is(cli, "for-lab"))
		kai_txn_put(txn, KAI_TABLE_META, kai_span_str(KAI_META_LAB), kai_span_str("1"));
	memcpy(self.org, made->root.key, KAI_ID_LEN);
	kai_rec_peer_put(txn, &self);
	kai_rec_put(txn, KAI_TABLE_CARDS, &card_at, &kai_object_card_rec, &card_rec);
	kai_rec_put(txn, KAI_TABLE_RECORDS, &record_at, &kai_object_record_rec, &record_rec);
}

static int make_store(struct kai_cli *cli, const struct made *made, struct kai_span card,
		      struct kai_span record)
{
	char path[KAI_PATH_SIZE];
	struct kai_store_options options = {.read_only = false};
	struct kai_why why = {""};
	struct kai_store *store = NULL;
	struct kai_txn *txn = NULL;
	enum kai_err err = kai_path(path, cli->dir, "store", &why);

	if (err == KAI_ERR_OK)
		err = kai_store_open_lmdb(path, &options, &store, &why);
	if (err == KAI_ERR_OK)
		err = kai_txn_begin(store, true, &txn, &why);
	if (err == KAI_ERR_OK) {
		fill_store(cli, txn, made, card, record);
		err = kai_txn_commit(txn, &why);
	}
	kai_store_close(store);
	return err == KAI_ERR_OK ? 0 : kai_cli_err(cli, err, &why);
}

static int make_config(struct kai_cli *cli)
{
	const char *listen = kai_opt_value(cli, "listen");
	char path[KAI_PATH_SIZE];

	if (kai_path(path, cli->dir, "kairan.conf", NULL) != KAI_ERR_OK)
		return KAI_EXIT_USAGE;
	char *text = kai_cli_text(
		cli,
		"# Configuration of this node; kairand --check reads it without starting.\n"
		"# Every setting is explained in kairan.conf(5).\n\n"
		"# Where partners' nodes connect to. * is every address of this machine.\n"
		"listen = \"%s\";\n\n"
		"# Language of tables and messages, en or ja; else the locale decides.\n"
		"# lang = \"ja\";\n",
		listen != NULL ? listen : "tcp://*:7110");

	return kai_cli_write(cli, path, kai_span_str(text), 0640);
}

static int check_options(struct kai_cli *cli)
{
	const char *country = kai_opt_value(cli, "country");
	const char *alias = kai_opt_value(cli, "as");
	const char *listen = kai_opt_value(cli, "listen");
	const char *endpoint;
	size_t at = 0;

	if (!kai_opt_is(cli, "name") || country == NULL || !kai_opt_is(cli, "sector"))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("init: --name, --country and --sector are needed"));
	if (alias != NULL && (alias[0] == '\0' || strlen(alias) > KAI_MAX_ALIAS))
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--as: 1 to %d bytes"), KAI_MAX_ALIAS);
	if (!kai_country_valid(kai_span_str(country)))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--country %s: two capital letters are meant (JP)"), country);
	if (listen != NULL && !kai_endpoint_valid(listen))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--listen %s: tcp://ADDRESS:PORT is meant"), listen);
	while ((endpoint = kai_opt_next(cli, "endpoint", &at)) != NULL)
		if (!kai_endpoint_valid(endpoint))
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("--endpoint %s: tcp://HOST:PORT is meant"), endpoint);
	return 0;
}

/* Every directory on the way to path that is missing; path itself 0750. */
static int make_dirs(struct kai_cli *cli)
{
	static const struct {
		const char *name;
		mode_t mode;
	} inside[] = {{"keys", 0750}, {"store", 0750}, {"drafts", 0770}};
	char path[KAI_PATH_SIZE];

	for (char *at = strchr(cli->dir + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(cli->dir, 0755);
		*at = '/';
	}
	if (mkdir(cli->dir, 0750) != 0 && errno != EEXIST)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", cli->dir, strerror(errno));
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++) {
		struct kai_why why = {""};

		if (kai_path(path, cli->dir, inside[i].name, &why) != KAI_ERR_OK)
			return kai_cli_err(cli, KAI_ERR_INVALID, &why);
		if (mkdir(path, inside[i].mode) != 0)
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    errno == EEXIST
						    ? T("%s: there is a node here already (%s)")
						    : "%s: %s",
					    path, strerror(errno));
		(void)chmod(path, inside[i].mode);
	}
	return 0;
}

static const struct kai_col init_cols[] = {
	{"name", N_("name"), KAI_COL_TEXT},
	{"org", N_("org"), KAI_COL_ID},
	{"fingerprint", N_("fingerprint"), KAI_COL_TEXT},
	{"dir", N_("directory"), KAI_COL_TEXT},
};
static const struct kai_view init_view = {.cols = init_cols, .col_count = 4};

static int make_all(struct kai_cli *cli, struct made *made)
{
	char fingerprint[KAI_FINGERPRINT_SIZE];
	int64_t now = kai_cli_now().ms;
	int exit = make_keys(cli, made);

	if (exit != 0)
		return exit;
	struct kai_span card = make_card(cli, made, now);
	struct kai_span record = card.len > 0 ? make_record(cli, made, now) : card;

	if (record.len == 0)
		return KAI_EXIT_USAGE;
	exit = make_store(cli, made, card, record);
	if (exit == 0)
		exit = make_config(cli);
	if (exit != 0)
		return exit;
	kai_fingerprint(made->root.key, fingerprint);
	kai_view_show(cli, &init_view,
		      json_pack("{s:s, s:o, s:s, s:s}", "name", kai_opt_value(cli, "name"), "org",
				kai_json_id(made->root.key), "fingerprint", fingerprint, "dir",
				cli->dir));
	if (!kai_opt_is(cli, "root-key"))
		(void)fprintf(cli->err, "%s\n",
			      T("Copy keys/root.key and keys/next-root.key to a place off this "
				"machine: they alone can replace the other keys."));
	return KAI_EXIT_DONE;
}

int kai_verb_init(struct kai_cli *cli)
{
	struct made made = {0};
	int exit = check_options(cli);

	if (exit == 0) {
		struct kai_span *codes;
		size_t count;

		exit = kai_root_sectors(cli, &codes, &count);
	}
	if (exit == 0)
		exit = make_dirs(cli);
	if (exit == 0)
		exit = make_all(cli, &made);
	wipe_keys(&made);
	return exit;
}
