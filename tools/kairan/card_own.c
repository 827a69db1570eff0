/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New cards and node records of our own, signed by the root: rotation and revocation. The old key
 * stays valid for a while beside the new one, so that partners who were away miss nothing.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "root.h"
#include "verbs.h"
#include "view.h"

#define OVERLAP_MS (30 * KAI_MS_DAY)

const struct kai_opt kai_card_rotate_opts[] = {
	{"root-key", "FILE", false, N_("the root key, where it is kept elsewhere")},
	{"endpoint", "tcp://HOST:PORT", true,
	 N_("new addresses of the node instead of the old ones")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_card_revoke_opts[] = {
	{"since", "T", false, N_("when it was compromised (a time, or a duration ago)")},
	{"reason", "R", false, N_("why, for partners to read")},
	{"root-key", "FILE", false, N_("the root key, where it is kept elsewhere")},
	{NULL, NULL, false, NULL},
};

static const struct rotation {
	const char *word;
	enum kai_key_kind kind;
	uint64_t use; /* 0: node key */
	uint64_t role;
} rotations[] = {
	{"system", KAI_KEYFILE_SYSTEM, KAI_KEY_SIGN, KAI_ROLE_SYSTEM},
	{"duty", KAI_KEYFILE_DUTY, KAI_KEY_SIGN, KAI_ROLE_DUTY},
	{"decider", KAI_KEYFILE_DECIDER, KAI_KEY_SIGN, KAI_ROLE_DECIDER},
	{"sealing", KAI_KEYFILE_SEAL, KAI_KEY_SEAL, 0},
	{"node", KAI_KEYFILE_NODE, 0, 0},
};

/* What a new card or record is made from. */
struct own {
	struct kai_card card;
	struct kai_node_record record;
	struct kai_card_key keys[KAI_MAX_CARD_KEYS];
	struct kai_revocation revocations[KAI_MAX_REVOCATIONS];
	struct kai_node_key node_keys[4];
	struct kai_span endpoints[KAI_MAX_ENDPOINTS];
	bool card_changed;
	bool record_changed;
};

static uint64_t next_serial(uint64_t last)
{
	uint64_t now = (uint64_t)kai_cli_now().ms / 1000;

	return now > last ? now : last + 1;
}

static int load_own(struct kai_cli *cli, struct own *own)
{
	struct kai_card_rec card_rec;
	struct kai_record_rec record_rec;
	struct kai_key at;
	uint8_t digest[KAI_ID_LEN];
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	at = kai_key_bytes(cli->org, KAI_ID_LEN);
	bool fine = kai_rec_card(txn, cli->org, &cli->arena, &card_rec) &&
		    kai_rec_get(txn, KAI_TABLE_RECORDS, &at, &kai_object_record_rec, &cli->arena,
				&record_rec);

	if (fine) { /* the store's bytes go with the transaction */
		char *card = kai_cli_str(cli, card_rec.bytes);
		char *record = kai_cli_str(cli, record_rec.bytes);

		fine = kai_card_open(kai_span(card, card_rec.bytes.len), &cli->arena, &own->card,
				     digest) == KAI_FAULT_NONE &&
		       kai_node_record_open(kai_span(record, record_rec.bytes.len), &cli->arena,
					    &own->record, digest) == KAI_FAULT_NONE;
	}
	kai_txn_abort(txn);
	if (!fine)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("card: our own is not in the store (run `kairan check`)"));
	memcpy(own->keys, own->card.keys, sizeof(*own->keys) * own->card.keys_count);
	own->card.keys = own->keys;
	if (own->card.revocations_count > 0)
		memcpy(own->revocations, own->card.revocations,
		       sizeof(*own->revocations) * own->card.revocations_count);
	own->card.revocations = own->revocations;
	memcpy(own->node_keys, own->record.keys, sizeof(*own->node_keys) * own->record.keys_count);
	own->record.keys = own->node_keys;
	return 0;
}

/* Signs what changed with the root and hands it to the node. */
static int send_own(struct kai_cli *cli, struct own *own)
{
	struct kai_ctl_card_own request = {.version = KAI_VERSION, .type = KAI_CONTROL_CARD_OWN};
	struct kai_ctl_answer answer;
	struct kai_key_pair root = {0};
	uint64_t now = (uint64_t)kai_cli_now().ms;
	int exit = kai_root_load(cli, &root);

	if (exit == 0 && !kai_id_equal(root.key, cli->org))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("card: this root key is another org's"));
	if (exit == 0 && own->card_changed) {
		own->card.serial = next_serial(own->card.serial);
		own->card.issued_at = now;
		own->card.valid_until = now + (uint64_t)(KAI_CARD_YEARS * KAI_MS_YEAR);
		request.card = kai_root_card(cli, &root, &own->card);
		exit = request.card.len > 0 ? 0 : KAI_EXIT_USAGE;
	}
	if (exit == 0 && own->record_changed) {
		own->record.serial = next_serial(own->record.serial);
		own->record.issued_at = now;
		own->record.valid_until = now + (uint64_t)(KAI_RECORD_YEARS * KAI_MS_YEAR);
		request.record = kai_root_record(cli, &root, &own->record);
		exit = request.record.len > 0 ? 0 : KAI_EXIT_USAGE;
	}
	kai_key_pair_done(&root);
	if (exit == 0)
		exit = kai_node_ask(cli, &kai_object_ctl_card_own, &request, false, &answer);
	if (exit != 0)
		return exit;
	return answer.exit == 0 ? 0 : kai_node_refused(cli, &answer);
}

/* ---- rotation ---- */

static int add_card_key(struct kai_cli *cli, struct own *own, const struct rotation *what,
			const struct kai_key_pair *pair)
{
	uint64_t now = (uint64_t)kai_cli_now().ms;
	size_t count = 0;

	/* What ended long ago is left out, so that the card does not fill up. */
	for (size_t i = 0; i < own->card.keys_count; i++) {
		struct kai_card_key *key = &own->keys[i];
		bool same = key->use == what->use && key->role == what->role;

		if (key->not_after + (uint64_t)OVERLAP_MS < now && what->use == KAI_KEY_SIGN)
			continue;
		if (same && key->not_after > now + (uint64_t)OVERLAP_MS)
			key->not_after = now + (uint64_t)OVERLAP_MS;
		own->keys[count++] = *key;
	}
	if (count >= KAI_MAX_CARD_KEYS)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("card: holds %d keys already"),
				    KAI_MAX_CARD_KEYS);
	struct kai_card_key *added = &own->keys[count++];

	*added = (struct kai_card_key){.use = what->use,
				       .role = what->role,
				       .not_before = now,
				       .not_after = now + (uint64_t)(KAI_CARD_YEARS * KAI_MS_YEAR)};
	memcpy(added->key, pair->key, KAI_ID_LEN);
	own->card.keys_count = count;
	own->card_changed = true;
	return 0;
}

static int add_node_key(struct own *own, const struct kai_key_pair *pair)
{
	uint64_t now = (uint64_t)kai_cli_now().ms;
	size_t newest = 0;

	for (size_t i = 1; i < own->record.keys_count; i++)
		if (own->node_keys[i].not_before > own->node_keys[newest].not_before)
			newest = i;
	own->node_keys[0] = own->node_keys[newest]; /* the one in use, and the new one */
	own->node_keys[0].not_after = now + (uint64_t)OVERLAP_MS;
	own->node_keys[1] = (struct kai_node_key){
		.not_before = now, .not_after = now + (uint64_t)(KAI_CARD_YEARS * KAI_MS_YEAR)};
	memcpy(own->node_keys[1].key, pair->key, KAI_ID_LEN);
	own->record.keys_count = 2;
	own->record_changed = true;
	return 0;
}

/* keys/NAME.key gets out of the way of the new one; old sealing keys stay for reading. */
static int put_in_place(struct kai_cli *cli, const struct rotation *what, const char *fresh)
{
	const char *word = what->kind == KAI_KEYFILE_SEAL ? "seal" : what->word;
	long long stamp = (long long)(kai_cli_now().ms / 1000);
	char *current = kai_cli_text(cli, "%s/keys/%s.key", cli->dir, word);
	char *old = kai_cli_text(cli, "%s/keys/%s-%lld.key%s", cli->dir, word, stamp,
				 what->kind == KAI_KEYFILE_SEAL ? "" : ".old");
	char *path = kai_cli_text(cli, "%s/keys/%s", cli->dir, fresh);

	if (rename(current, old) != 0 || rename(path, current) != 0)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s: %s", current, strerror(errno));
	return 0;
}

static int rotate_one(struct kai_cli *cli, const struct rotation *what)
{
	struct own *own = kai_cli_take(cli, sizeof(*own));
	struct kai_key_pair pair = {0};
	char *fresh = kai_cli_text(cli, "new-%s.key", what->word);
	char *path = kai_cli_text(cli, "%s/keys/%s", cli->dir, fresh);
	int exit = load_own(cli, own);

	if (exit == 0) {
		(void)unlink(path); /* of a rotation that was broken off before anybody knew it */
		exit = kai_root_new(cli, what->kind, fresh, &pair);
	}
	if (exit == 0)
		exit = what->use != 0 ? add_card_key(cli, own, what, &pair)
				      : add_node_key(own, &pair);
	if (exit == 0)
		exit = send_own(cli, own);
	if (exit == 0)
		exit = put_in_place(cli, what, fresh);
	else
		(void)unlink(path);
	kai_key_pair_done(&pair);
	return exit;
}

static int new_endpoints(struct kai_cli *cli)
{
	struct own *own = kai_cli_take(cli, sizeof(*own));
	const char *endpoint;
	size_t count = 0;
	size_t at = 0;
	int exit = load_own(cli, own);

	if (exit != 0)
		return exit;
	while ((endpoint = kai_opt_next(cli, "endpoint", &at)) != NULL) {
		if (!kai_endpoint_valid(endpoint))
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("--endpoint %s: tcp://HOST:PORT is meant"), endpoint);
		if (count < KAI_MAX_ENDPOINTS)
			own->endpoints[count++] = kai_span_str(endpoint);
	}
	own->record.endpoints = own->endpoints;
	own->record.endpoints_count = count;
	own->record_changed = true;
	return send_own(cli, own);
}

int kai_verb_card_rotate(struct kai_cli *cli)
{
	int exit = kai_opt_is(cli, "endpoint") ? new_endpoints(cli) : 0;

	if (cli->arg_count == 0 && !kai_opt_is(cli, "endpoint"))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("card rotate: name what to replace: system, duty, decider, "
				      "sealing, node, or --endpoint"));
	for (int i = 0; exit == 0 && i < cli->arg_count; i++) {
		const struct rotation *what = NULL;

		for (size_t r = 0; r < sizeof(rotations) / sizeof(*rotations); r++)
			if (strcmp(rotations[r].word, cli->args[i]) == 0)
				what = &rotations[r];
		if (what == NULL)
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("card rotate %s: not a key (system, duty, decider, "
					      "sealing, node)"),
					    cli->args[i]);
		exit = rotate_one(cli, what);
	}
	if (exit == 0 && cli->arg_count > 0)
		(void)fprintf(
			cli->err, "%s\n",
			T("Restart kairand now: it signs with the new keys from then on. The old "
			  "ones stay valid for 30 days."));
	return exit;
}

/* ---- revocation ---- */

/* A key of our card by a unique prefix of its text. */
static int find_key(struct kai_cli *cli, const struct own *own, const char *text,
		    uint8_t ret[KAI_ID_LEN])
{
	size_t found = 0;

	for (size_t i = 0; strlen(text) >= 8 && i < own->card.keys_count; i++) {
		if (strncmp(kai_cli_id(cli, own->keys[i].key), text, strlen(text)) != 0)
			continue;
		memcpy(ret, own->keys[i].key, KAI_ID_LEN);
		found++;
	}
	if (found == 1)
		return 0;
	return kai_cli_fail(
		cli, found == 0 ? KAI_EXIT_NOTHING : KAI_EXIT_USAGE,
		T("%s: not a key of our card, by 8 characters or more (see `kairan card "
		  "list --json`)"),
		text);
}

int kai_verb_card_revoke(struct kai_cli *cli)
{
	const char *since = kai_opt_value(cli, "since");
	const char *reason = kai_opt_value(cli, "reason");
	struct own *own = kai_cli_take(cli, sizeof(*own));
	struct kai_revocation revocation = {0};
	struct kai_wall at;

	if (since == NULL || reason == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("card revoke: --since T and --reason R are needed"));
	int exit = kai_cli_time(cli, "since", since, true, &at);

	if (exit == 0)
		exit = load_own(cli, own);
	if (exit == 0)
		exit = find_key(cli, own, cli->args[0], revocation.key);
	if (exit != 0)
		return exit;
	for (size_t i = 0; i < own->card.revocations_count; i++)
		if (kai_id_equal(own->revocations[i].key, revocation.key))
			return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: is revoked already"),
					    cli->args[0]);
	if (own->card.revocations_count >= KAI_MAX_REVOCATIONS)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("card: no room for a revocation"));
	revocation.since = (uint64_t)at.ms;
	revocation.reason = kai_span_str(reason);
	own->revocations[own->card.revocations_count++] = revocation;
	own->card_changed = true;
	exit = send_own(cli, own);
	if (exit == 0)
		(void)fprintf(
			cli->err, "%s\n",
			T("Revoked. If the node still signs with this key, replace it now: kairan "
			  "card rotate."));
	return exit;
}
