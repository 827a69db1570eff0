/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verified: what an honest node holds is what its origin really signed, byte for byte. From the ledger's
 * header, from the ciphertexts' hashes in it, and from each signature, checked here once more by libsodium over
 * the words of SPEC.md sections 2 and 4, by a key that stood in a card of the origin. Nothing that
 * nobody signed is held by anybody honest.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "kairan/rec.h"

#define GOOD_SIGNATURES 8u

struct known_item {
	uint8_t good[GOOD_SIGNATURES][KAI_SIG_LEN]; /* verified before */
	size_t good_count;
	struct kai_span parts[KAI_MAX_PARTS]; /* ciphertexts whose hash was right */
};

struct known_org {
	const uint8_t *card; /* newest that was read */
	uint8_t (*keys)[KAI_ID_LEN];
	size_t key_count;
};

struct verified {
	struct known_item *items;
	uint32_t item_cap;
	struct known_org *orgs;
	uint32_t org_count;
};

static void *verified_new(const struct sim *sim)
{
	struct verified *verified = sim_check_room(1, sizeof(*verified));

	verified->org_count = sim_node_count(sim);
	verified->orgs = sim_check_room(verified->org_count, sizeof(*verified->orgs));
	return verified;
}

static void verified_free(void *state)
{
	struct verified *verified = state;

	for (uint32_t i = 0; i < verified->org_count; i++)
		free(verified->orgs[i].keys);
	free(verified->orgs);
	free(verified->items);
	free(verified);
}

static struct known_item *item_of(struct verified *verified, uint32_t number)
{
	if (number >= verified->item_cap) {
		uint32_t cap = number * 2 + 64;
		struct known_item *items = sim_check_room(cap, sizeof(*items));

		if (verified->item_cap > 0)
			memcpy(items, verified->items, verified->item_cap * sizeof(*items));
		free(verified->items);
		verified->items = items;
		verified->item_cap = cap;
	}
	return &verified->items[number];
}

/* ---- keys that an org ever had ---- */

static void learn_card(struct sim *sim, struct verified *verified, const struct sim_node *node)
{
	struct known_org *org = &verified->orgs[node->number];
	struct sim_sight *sight = sim_sight_of(sim);
	size_t mark = sight->arena.used;
	struct kai_signed envelope;
	struct kai_card card;

	if (org->card == node->org.card.at)
		return;
	org->card = node->org.card.at;
	if (kai_object_decode(&kai_object_signed, node->org.card, &sight->arena, &envelope) ==
		    KAI_FAULT_NONE &&
	    kai_object_decode(&kai_object_card, envelope.body, &sight->arena, &card) ==
		    KAI_FAULT_NONE) {
		uint8_t(*keys)[KAI_ID_LEN] =
			sim_check_room(org->key_count + card.keys_count, KAI_ID_LEN);

		if (org->key_count > 0)
			memcpy(keys, org->keys, org->key_count * KAI_ID_LEN);
		free(org->keys);
		org->keys = keys;
		for (size_t i = 0; i < card.keys_count; i++)
			memcpy(org->keys[org->key_count++], card.keys[i].key, KAI_ID_LEN);
	}
	sight->arena.used = mark;
}

static bool had_key(const struct known_org *org, const uint8_t key[KAI_ID_LEN])
{
	for (size_t i = 0; i < org->key_count; i++) {
		if (kai_id_equal(org->keys[i], key))
			return true;
	}
	return false;
}

/* ---- signatures ---- */

static void keyed(const char *context, const uint8_t *a, size_t a_len, const uint8_t *b,
		  size_t b_len, uint8_t ret[KAI_ID_LEN])
{
	uint8_t key[16 + KAI_REALM_LEN] = {0};
	crypto_generichash_state hash;

	(void)snprintf((char *)key, 16, "%s", context);
	(void)crypto_generichash_init(&hash, key, sizeof(key), KAI_ID_LEN);
	(void)crypto_generichash_update(&hash, a, a_len);
	(void)crypto_generichash_update(&hash, b, b_len);
	(void)crypto_generichash_final(&hash, ret, KAI_ID_LEN);
}

static bool signature_holds(const struct kai_signature *signature, const uint8_t id[KAI_ID_LEN])
{
	uint8_t said[16 + KAI_REALM_LEN + KAI_ID_LEN] = "k1 advisory";
	uint8_t *root = said + 16 + KAI_REALM_LEN;
	const struct kai_tree_path *path = signature->path;
	uint8_t leaf[8 + KAI_ID_LEN];

	memcpy(root, id, KAI_ID_LEN);
	if (path != NULL) {
		memcpy(said, "k1 tree root", 12);
		kai_put_be64(leaf, path->leaf);
		memcpy(leaf + 8, id, KAI_ID_LEN);
		keyed("k1 tree leaf", path->salt, sizeof(path->salt), leaf, sizeof(leaf), root);
		for (size_t i = 0; i < path->hashes_count; i++) {
			const uint8_t *other = path->hashes[i];
			bool right = (path->leaf >> i & 1) != 0;

			keyed("k1 tree node", right ? other : root, KAI_ID_LEN,
			      right ? root : other, KAI_ID_LEN, root);
		}
	}
	return crypto_sign_verify_detached(signature->sig, said, sizeof(said), signature->key) == 0;
}

static bool verify_once(struct known_item *known, const struct kai_signature *signature,
			const uint8_t id[KAI_ID_LEN])
{
	for (size_t i = 0; i < known->good_count; i++) {
		if (memcmp(known->good[i], signature->sig, KAI_SIG_LEN) == 0)
			return true;
	}
	if (!signature_holds(signature, id))
		return false;
	if (known->good_count < GOOD_SIGNATURES)
		memcpy(known->good[known->good_count++], signature->sig, KAI_SIG_LEN);
	return true;
}

static void check_signatures(struct sim *sim, struct verified *verified,
			     const struct sim_change *change)
{
	const struct sim_item *truth = change->truth;
	struct known_item *known = item_of(verified, truth->number);
	uint32_t node = sim_sight_of(sim)->node->number;

	if (truth->origin < verified->org_count)
		learn_card(sim, verified, sim_node(sim, truth->origin));
	for (size_t i = 0; i < change->item.signatures_count; i++) {
		const struct kai_signature *signature = &change->item.signatures[i];

		if (!verify_once(known, signature, truth->id))
			sim_violation(sim, "verified", node, truth->id,
				      "holds a signature that does not verify");
		else if (sim_is_honest(sim, truth->origin) &&
			 !had_key(&verified->orgs[truth->origin], signature->key))
			sim_violation(sim, "verified", node, truth->id,
				      "holds a signature by a key that its origin never had");
	}
	if (change->item.signatures_count == 0)
		sim_violation(sim, "verified", node, truth->id, "holds it unsigned");
}

/* ---- parts ---- */

static void check_part(struct sim *sim, struct verified *verified, const struct sim_change *change,
		       uint8_t index)
{
	const struct sim_item *truth = change->truth;
	struct sim_sight *sight = sim_sight_of(sim);
	struct kai_span *known = &item_of(verified, truth->number)->parts[index];
	struct kai_key key = kai_key_part(change->arrival, index);
	size_t mark = sight->arena.used;
	uint8_t hash[KAI_ID_LEN];
	struct kai_part part;

	if (index >= truth->header.parts_count ||
	    !kai_rec_get(sight->txn, KAI_TABLE_PARTS, &key, &kai_object_part, &sight->arena,
			 &part)) {
		sim_violation(sim, "verified", sight->node->number, truth->id,
			      "says that it holds part %u and does not", index);
	} else if (known->at == NULL) {
		keyed("k1 part", part.ciphertext.at, part.ciphertext.len, NULL, 0, hash);
		if (kai_id_equal(hash, truth->header.parts[index].hash))
			*known = sim_keep_bytes(sim, part.ciphertext);
		else
			sim_violation(sim, "verified", sight->node->number, truth->id,
				      "holds part %u with another hash", index);
	} else if (!kai_span_equal(*known, part.ciphertext)) {
		sim_violation(sim, "verified", sight->node->number, truth->id,
			      "holds part %u that its origin never made", index);
	}
	sight->arena.used = mark;
}

static void verified_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct verified *verified = state;

	learn_card(sim, verified, node);
	for (size_t i = 0; node->rogue == NULL && i < sight->change_count; i++) {
		const struct sim_change *change = &sight->changes[i];

		if (change->truth == NULL) {
			sim_violation(sim, "verified", node->number, change->item.id,
				      "holds what nobody signed");
			continue;
		}
		if (!kai_span_equal(change->item.header, change->truth->header_bytes))
			sim_violation(sim, "verified", node->number, change->item.id,
				      "holds another header than was signed");
		check_signatures(sim, verified, change);
		for (uint8_t part = 0; part < KAI_MAX_PARTS; part++) {
			if ((change->fresh >> part & 1) != 0)
				check_part(sim, verified, change, part);
		}
	}
}

const struct sim_checker sim_check_verified = {
	.name = "verified", .new = verified_new, .free = verified_free, .turn = verified_turn};
