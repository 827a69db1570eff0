/* SPDX-License-Identifier: Apache-2.0 */
/* The organisations of a net: their keys, cards and node records. */
#include "net.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "usual.h"

#define YEAR_MS (365LL * KAI_MS_DAY)

static void seeded(unsigned node, const char *what, uint8_t *ret, size_t len)
{
	uint8_t entropy[32] = {(uint8_t)(node + 1)};

	kai_expand(entropy, what, 0, ret, len);
}

static void sign_pair(unsigned node, const char *what, struct net_pair *ret)
{
	uint8_t seed[32];

	seeded(node, what, seed, sizeof(seed));
	assert_int_equal(crypto_sign_seed_keypair(ret->key, ret->secret, seed), 0);
}

static struct kai_card_key card_key(const struct net_pair *pair, uint64_t use, uint64_t role)
{
	struct kai_card_key key = {.use = use,
				   .role = role,
				   .not_before = NET_MS - YEAR_MS,
				   .not_after = NET_MS + 5 * YEAR_MS};

	memcpy(key.key, pair->key, KAI_ID_LEN);
	return key;
}

struct kai_span net_card_sign(struct net *net, const struct kai_card *card,
			      const struct net_pair *root)
{
	struct kai_span body = kai_object_encode_in(&kai_object_card, card, &net->arena);
	struct kai_span bytes =
		kai_signed_make(KAI_CTX_CARD, body, root->key, root->secret, &net->arena);

	assert_true(bytes.len > 0);
	return bytes;
}

void net_card_read(struct net *net, struct kai_span bytes, struct kai_card *ret)
{
	uint8_t digest[KAI_ID_LEN];

	assert_int_equal(kai_card_open(bytes, &net->arena, ret, digest), KAI_FAULT_NONE);
}

struct kai_span net_card_newer(struct net *net, unsigned number, uint64_t serial,
			       uint64_t seal_until, const struct net_pair *next)
{
	const struct net_node *node = &net->nodes[number];
	struct kai_card_key keys[8];
	struct kai_card card;

	net_card_read(net, node->card, &card);
	memcpy(keys, card.keys, card.keys_count * sizeof(keys[0]));
	for (size_t i = 0; i < card.keys_count; i++)
		if (keys[i].use == KAI_KEY_SEAL)
			keys[i].not_after = seal_until;
	if (next != NULL) {
		keys[card.keys_count] = (struct kai_card_key){
			.use = KAI_KEY_SEAL, .not_before = NET_MS, .not_after = keys[0].not_after};
		memcpy(keys[card.keys_count++].key, next->key, KAI_ID_LEN);
	}
	card.keys = keys;
	card.serial = serial;
	usual_keys(&card);
	return net_card_sign(net, &card, &node->root);
}

void net_card_own(struct net *net, unsigned node, struct kai_span card)
{
	struct kai_ctl_card_own own = {.card = card};

	net_done(&net->nodes[node], net_control(net, node, KAI_CONTROL_CARD_OWN, &own));
}

void net_card_make(struct net *net, struct net_node *node)
{
	char name[16];
	struct kai_card_key keys[] = {card_key(&node->system, KAI_KEY_SIGN, KAI_ROLE_SYSTEM),
				      card_key(&node->duty, KAI_KEY_SIGN, KAI_ROLE_DUTY),
				      card_key(&node->decider, KAI_KEY_SIGN, KAI_ROLE_DECIDER),
				      card_key(&node->seal, KAI_KEY_SEAL, 0)};
	struct kai_card card = {.version = KAI_VERSION,
				.serial = 1,
				.issued_at = NET_MS - KAI_MS_DAY,
				.valid_until = NET_MS + 5 * YEAR_MS,
				.country = kai_span_str("JP"),
				.keys = keys,
				.keys_count = 4};

	(void)snprintf(name, sizeof(name), "node-%u", node->number);
	card.name = kai_span_str(name);
	memcpy(card.org, node->root.key, KAI_ID_LEN);
	usual_keys(&card);
	kai_hash(KAI_CTX_NEXT_ROOT, kai_realm_live, kai_span(node->next_root.key, KAI_ID_LEN),
		 card.next_root);
	node->card = net_card_sign(net, &card, &node->root);
}

struct kai_span net_record_make(struct net *net, const struct net_node *node)
{
	struct kai_node_key key = {.not_before = NET_MS - YEAR_MS,
				   .not_after = NET_MS + 5 * YEAR_MS};
	struct kai_span endpoint = kai_span_str("tcp://127.0.0.1:4740");
	struct kai_node_record record = {.version = KAI_VERSION,
					 .serial = 1,
					 .issued_at = NET_MS - KAI_MS_DAY,
					 .valid_until = NET_MS + 5 * YEAR_MS,
					 .keys = &key,
					 .keys_count = 1,
					 .endpoints = &endpoint,
					 .endpoints_count = 1};

	memcpy(record.org, node->root.key, KAI_ID_LEN);
	seeded(node->number, "node", key.key, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_node_record, &record, &net->arena);

	return kai_signed_make(KAI_CTX_NODE_RECORD, body, node->root.key, node->root.secret,
			       &net->arena);
}

void net_keys_make(struct net *net, struct net_node *node)
{
	struct kai_engine_config *config = &node->config;
	uint8_t scalar[32];

	sign_pair(node->number, "root", &node->root);
	sign_pair(node->number, "next-root", &node->next_root);
	sign_pair(node->number, "system", &node->system);
	sign_pair(node->number, "duty", &node->duty);
	sign_pair(node->number, "decider", &node->decider);
	seeded(node->number, "seal", scalar, sizeof(scalar));
	memcpy(node->seal.secret, scalar, sizeof(scalar));
	assert_int_equal(crypto_scalarmult_base(node->seal.key, scalar), 0);
	seeded(node->number, "rest", node->rest_secret, sizeof(node->rest_secret));
	seeded(node->number, "token", node->token_key, sizeof(node->token_key));
	memcpy(node->seals[0].key, node->seal.key, KAI_ID_LEN);
	node->seals[0].secret = node->seal.secret;
	node->rest[0] = (struct kai_rest_key){.period = 1, .secret = node->rest_secret};
	memcpy(config->org, node->root.key, KAI_ID_LEN);
	memcpy(config->system.key, node->system.key, KAI_ID_LEN);
	config->system.secret = node->system.secret;
	memcpy(config->duty.key, node->duty.key, KAI_ID_LEN);
	config->duty.secret = node->duty.secret;
	memcpy(config->decider.key, node->decider.key, KAI_ID_LEN);
	config->decider.secret = node->decider.secret;
	config->seals = node->seals;
	config->seal_count = 1;
	config->rest_keys = node->rest;
	config->rest_key_count = 1;
	config->token_key = node->token_key;
	config->quota = net->quota;
}
