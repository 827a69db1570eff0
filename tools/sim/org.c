/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_MS (365LL * KAI_MS_DAY)
#define ARENA_LEN ((size_t)64 * 1024)

static void derive(const struct sim_node *node, const char *what, uint64_t generation, uint8_t *ret)
{
	sim_random(sim_plan_of(node->sim)->seed, what, node->number, generation, ret, 32);
}

static void sign_pair(const struct sim_node *node, const char *what, uint64_t generation,
		      struct sim_pair *ret)
{
	uint8_t seed[32];

	derive(node, what, generation, seed);
	(void)crypto_sign_seed_keypair(ret->key, ret->secret, seed);
}

/* ---- card and record ---- */

static int by_use_and_key(const void *a, const void *b)
{
	const struct kai_card_key *left = a, *right = b;

	if (left->use != right->use)
		return left->use < right->use ? -1 : 1;
	return memcmp(left->key, right->key, KAI_ID_LEN);
}

static int by_key(const void *a, const void *b)
{
	const struct kai_revocation *left = a, *right = b;

	return memcmp(left->key, right->key, KAI_ID_LEN);
}

static struct kai_card_key card_key(const struct sim_pair *pair, uint64_t use, uint64_t role)
{
	struct kai_card_key key = {.use = use,
				   .role = role,
				   .not_before = SIM_WALL_MS - YEAR_MS,
				   .not_after = SIM_WALL_MS + 5 * YEAR_MS};

	memcpy(key.key, pair->key, KAI_ID_LEN);
	return key;
}

static struct kai_span country(const struct sim_node *node)
{
	return kai_span_str(sim_plan_of(node->sim)->nodes[node->number].country == 0 ? "JP" : "XX");
}

static struct kai_span sign(struct sim *sim, const struct sim_node *node, enum kai_ctx ctx,
			    struct kai_span body, struct kai_arena *arena)
{
	struct kai_span made =
		kai_signed_make(ctx, body, node->org.root.key, node->org.root.secret, arena);

	return sim_keep_bytes(sim, made);
}

static void make_card(struct sim *sim, struct sim_node *node)
{
	struct sim_org *org = &node->org;
	char name[24];
	struct kai_card_key keys[4 + SIM_REVOKED_MOST] = {
		card_key(&org->system, KAI_KEY_SIGN, KAI_ROLE_SYSTEM),
		card_key(&org->duty, KAI_KEY_SIGN, KAI_ROLE_DUTY),
		card_key(&org->decider, KAI_KEY_SIGN, KAI_ROLE_DECIDER),
		card_key(&org->seal, KAI_KEY_SEAL, 0)};
	struct kai_card card = {.version = KAI_VERSION,
				.serial = org->card_serial,
				.issued_at = (uint64_t)(SIM_WALL_MS + sim_now(sim) - KAI_MS_MINUTE),
				.valid_until = SIM_WALL_MS + 5 * YEAR_MS,
				.country = country(node),
				.keys = keys,
				.keys_count = 4 + org->revoked_count,
				.revocations = org->revoked,
				.revocations_count = org->revoked_count};
	uint8_t *memory = sim_alloc(ARENA_LEN);
	struct kai_arena arena = {memory, ARENA_LEN, 0, false};

	/* A revoked key stays in the card: what it signed before is to be told from a stranger's. */
	for (size_t i = 0; i < org->revoked_count; i++) {
		keys[4 + i] = keys[1];
		memcpy(keys[4 + i].key, org->revoked[i].key, KAI_ID_LEN);
	}
	(void)snprintf(name, sizeof(name), "node-%u", node->number);
	card.name = kai_span_str(name);
	memcpy(card.org, org->root.key, KAI_ID_LEN);
	qsort(keys, card.keys_count, sizeof(keys[0]), by_use_and_key);
	qsort(org->revoked, org->revoked_count, sizeof(org->revoked[0]), by_key);
	kai_hash(KAI_CTX_NEXT_ROOT, kai_realm_live, kai_span(org->next_root.key, KAI_ID_LEN),
		 card.next_root);
	org->card = sign(sim, node, KAI_CTX_CARD,
			 kai_object_encode_in(&kai_object_card, &card, &arena), &arena);
	free(memory);
}

static void make_record(struct sim *sim, struct sim_node *node)
{
	struct kai_node_key key = {.not_before = SIM_WALL_MS - YEAR_MS,
				   .not_after = SIM_WALL_MS + 5 * YEAR_MS};
	struct kai_span endpoint = kai_span_str("tcp://127.0.0.1:4740");
	struct kai_node_record record = {.version = KAI_VERSION,
					 .serial = 1,
					 .issued_at = SIM_WALL_MS - KAI_MS_DAY,
					 .valid_until = SIM_WALL_MS + 5 * YEAR_MS,
					 .keys = &key,
					 .keys_count = 1,
					 .endpoints = &endpoint,
					 .endpoints_count = 1};
	uint8_t memory[4096];
	struct kai_arena arena = {memory, sizeof(memory), 0, false};

	memcpy(record.org, node->org.root.key, KAI_ID_LEN);
	memcpy(key.key, node->org.node_key, KAI_ID_LEN);
	node->org.record =
		sign(sim, node, KAI_CTX_NODE_RECORD,
		     kai_object_encode_in(&kai_object_node_record, &record, &arena), &arena);
}

/* ---- the seams ---- */

void sim_org_make(struct sim *sim, struct sim_node *node)
{
	struct sim_org *org = &node->org;

	sign_pair(node, "root", 0, &org->root);
	sign_pair(node, "next-root", 0, &org->next_root);
	sign_pair(node, "system", 0, &org->system);
	sign_pair(node, "duty", 0, &org->duty);
	sign_pair(node, "decider", 0, &org->decider);
	derive(node, "seal", 0, org->seal.secret);
	(void)crypto_scalarmult_base(org->seal.key, org->seal.secret);
	/* One for all: what lies at rest is the same bytes everywhere, and once in the stores' pool. */
	sim_random(sim_plan_of(sim)->seed, "rest", 0, 0, org->rest_secret,
		   sizeof(org->rest_secret));
	derive(node, "token", 0, org->token_key);
	derive(node, "node", 0, org->node_key);
	memcpy(org->seals[0].key, org->seal.key, KAI_ID_LEN);
	org->seals[0].secret = org->seal.secret;
	org->rest[0] = (struct kai_rest_key){.period = 1, .secret = org->rest_secret};
	org->card_serial = 1;
	make_card(sim, node);
	make_record(sim, node);
}

void sim_org_renew(struct sim *sim, struct sim_node *node, bool revoke)
{
	struct sim_org *org = &node->org;

	if (revoke && org->revoked_count < SIM_REVOKED_MOST) {
		struct kai_revocation *gone = &org->revoked[org->revoked_count++];

		*gone = (struct kai_revocation){.since = (uint64_t)(SIM_WALL_MS + sim_now(sim)),
						.reason = kai_span_str("lost")};
		memcpy(gone->key, org->duty.key, KAI_ID_LEN);
		sign_pair(node, "duty", org->revoked_count, &org->duty);
	}
	org->card_serial++;
	make_card(sim, node);
}

/* Whom its nodes call within what a run lasts; nobody is named, so nobody has to be kept. */
static const struct kai_escalation patience = {.times = {{.delivered_ms = 20 * KAI_MS_SECOND,
							  .received_ms = KAI_MS_MINUTE,
							  .deputy_ms = KAI_MS_MINUTE,
							  .deputy2_ms = 90 * KAI_MS_SECOND,
							  .decider_ms = 150 * KAI_MS_SECOND},
							 {.delivered_ms = KAI_MS_MINUTE,
							  .received_ms = 4 * KAI_MS_MINUTE,
							  .deputy_ms = 2 * KAI_MS_MINUTE},
							 {.delivered_ms = 10 * KAI_MS_MINUTE}}};

void sim_org_configure(struct sim *sim, struct sim_node *node)
{
	struct kai_engine_config *config = &node->config;
	uint64_t percent = sim_plan_of(sim)->quota_scale_percent;
	struct sim_org *org = &node->org;

	*config = (struct kai_engine_config){.seals = org->seals,
					     .seal_count = 1,
					     .rest_keys = org->rest,
					     .rest_key_count = 1,
					     .token_key = org->token_key,
					     .scratch = sim->turn,
					     .quota = kai_quota_default,
					     .escalation = patience};
	memcpy(config->org, org->root.key, KAI_ID_LEN);
	memcpy(config->system.key, org->system.key, KAI_ID_LEN);
	config->system.secret = org->system.secret;
	memcpy(config->duty.key, org->duty.key, KAI_ID_LEN);
	/* A copy: the org may have a new pair before this engine hears of it. */
	config->duty.secret = sim_keep_bytes(sim, kai_span(org->duty.secret, 64)).at;
	memcpy(config->decider.key, org->decider.key, KAI_ID_LEN);
	config->decider.secret = org->decider.secret;
	sim_random(sim_plan_of(sim)->seed, "boot", node->number, node->boots, config->boot,
		   sizeof(config->boot));
	if (percent == 0 || percent == 100)
		return;
#define X(name, value, unit)                                                                       \
	config->quota.name = (int64_t)((uint64_t)config->quota.name * percent / 100);
	KAI_X_QUOTA(X)
#undef X
}
