/* SPDX-License-Identifier: Apache-2.0 */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "kairan/agreement.h"
#include "kairan/card.h"
#include "kairan/control.h"

#define DAYS 30

static uint64_t wall_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int by_use_and_key(const void *a, const void *b)
{
	const struct kai_card_key *one = a, *other = b;

	if (one->use != other->use)
		return one->use < other->use ? -1 : 1;
	return memcmp(one->key, other->key, KAI_ID_LEN);
}

static struct kai_card_key card_key(const struct member_pair *pair, uint64_t use, uint64_t role)
{
	struct kai_card_key key = {.use = use,
				   .role = role,
				   .not_before = wall_ms() - KAI_MS_DAY,
				   .not_after = wall_ms() + DAYS * KAI_MS_DAY};

	memcpy(key.key, pair->key, KAI_ID_LEN);
	return key;
}

static struct kai_span make_card(struct crowd *crowd, const struct member *member)
{
	struct kai_card_key keys[] = {card_key(&member->decider, KAI_KEY_SIGN, KAI_ROLE_DECIDER),
				      card_key(&member->seal, KAI_KEY_SEAL, 0)};
	struct kai_card card = {.version = KAI_VERSION,
				.serial = wall_ms() / 1000,
				.issued_at = wall_ms() - KAI_MS_HOUR,
				.valid_until = wall_ms() + DAYS * KAI_MS_DAY,
				.name = kai_span_str("Member of the bench"),
				.country = kai_span_str("JP"),
				.keys = keys,
				.keys_count = 2};

	memcpy(card.org, member->root.key, KAI_ID_LEN);
	qsort(keys, 2, sizeof(keys[0]), by_use_and_key);
	randombytes_buf(card.next_root, sizeof(card.next_root));
	return kai_signed_make(KAI_CTX_CARD,
			       kai_object_encode_in(&kai_object_card, &card, &crowd->arena),
			       member->root.key, member->root.secret, &crowd->arena);
}

/* Without an address: it dials. */
static struct kai_span make_record(struct crowd *crowd, const struct member *member)
{
	struct kai_node_key key = {.not_before = wall_ms() - KAI_MS_DAY,
				   .not_after = wall_ms() + DAYS * KAI_MS_DAY};
	struct kai_node_record record = {.version = KAI_VERSION,
					 .serial = wall_ms() / 1000,
					 .issued_at = wall_ms() - KAI_MS_HOUR,
					 .valid_until = wall_ms() + DAYS * KAI_MS_DAY,
					 .keys = &key,
					 .keys_count = 1};

	memcpy(record.org, member->root.key, KAI_ID_LEN);
	memcpy(key.key, member->link.key, KAI_ID_LEN);
	return kai_signed_make(
		KAI_CTX_NODE_RECORD,
		kai_object_encode_in(&kai_object_node_record, &record, &crowd->arena),
		member->root.key, member->root.secret, &crowd->arena);
}

/* Terms that let security information pass both ways, signed by the member. */
static struct kai_span make_agreement(struct crowd *crowd, const struct member *member)
{
	static uint64_t kinds[] = {KAI_KIND_SECINFO};
	struct kai_span all = kai_span_str("*"), power = kai_span_str(PAIR_SECTOR);
	struct kai_direction direction = {.kinds = kinds,
					  .kinds_count = 1,
					  .sectors = &all,
					  .sectors_count = 1,
					  .ceiling = KAI_TLP_AMBER_STRICT,
					  .onward = KAI_ONWARD_ANY,
					  .attribution = KAI_ATTR_NAMED};
	struct kai_terms terms = {.version = KAI_VERSION,
				  .serial = 1,
				  .valid_from = wall_ms() - KAI_MS_HOUR,
				  .valid_until = wall_ms() + DAYS * KAI_MS_DAY,
				  .signers = 1,
				  .a_to_b = direction,
				  .b_to_a = direction};
	bool first = memcmp(member->root.key, crowd->org, KAI_ID_LEN) < 0;
	struct kai_party *mine = first ? &terms.a : &terms.b;
	struct kai_party *nodes = first ? &terms.b : &terms.a;

	memcpy(mine->org, member->root.key, KAI_ID_LEN);
	memcpy(nodes->org, crowd->org, KAI_ID_LEN);
	mine->name = kai_span_str("Member of the bench");
	nodes->name = kai_span_str("Node");
	mine->country = nodes->country = kai_span_str("JP");
	mine->sectors = nodes->sectors = &power;
	mine->sectors_count = nodes->sectors_count = 1;
	return kai_agreement_sign(kai_object_encode_in(&kai_object_terms, &terms, &crowd->arena),
				  NULL, member->root.key, member->decider.key,
				  member->decider.secret, &crowd->arena);
}

static bool hand_over(struct crowd *crowd, struct kai_span card, struct kai_span record,
		      struct kai_span agreement)
{
	char alias[32];
	struct kai_ctl_card_import import = {
		.version = KAI_VERSION, .type = KAI_CONTROL_CARD_IMPORT, .card = card};
	struct kai_agree_file file = {
		.version = KAI_VERSION, .card = card, .record = record, .agreement = agreement};
	struct kai_ctl_agree_file accept = {.version = KAI_VERSION,
					    .type = KAI_CONTROL_AGREE_ACCEPT};

	(void)snprintf(alias, sizeof(alias), "member-%zu", crowd->count);
	import.alias = kai_span_str(alias);
	accept.file = kai_object_encode_in(&kai_object_agree_file, &file, &crowd->arena);
	return pair_ask(crowd->pair, kai_object_encode_in(&kai_object_ctl_card_import, &import,
							  &crowd->arena)) &&
	       pair_ask(crowd->pair,
			kai_object_encode_in(&kai_object_ctl_agree_file, &accept, &crowd->arena));
}

bool crowd_join(struct crowd *crowd, struct member *member)
{
	(void)crypto_sign_keypair(member->root.key, member->root.secret);
	(void)crypto_sign_keypair(member->decider.key, member->decider.secret);
	(void)crypto_box_keypair(member->seal.key, member->seal.secret);
	(void)crypto_box_keypair(member->link.key, member->link.secret);
	crowd->arena.used = 0;
	struct kai_span card = make_card(crowd, member), record = make_record(crowd, member),
			agreement = make_agreement(crowd, member);

	if (card.len > 0 && record.len > 0 && agreement.len > 0)
		return hand_over(crowd, card, record, agreement);
	(void)fprintf(stderr, "kairan-bench: a member's papers cannot be made\n");
	return false;
}
