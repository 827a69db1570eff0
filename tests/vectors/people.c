/* SPDX-License-Identifier: Apache-2.0 */
#include "people.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "kairan/kinds.h"
#include "kairan/label.h"

void word_bytes(const char *word, uint8_t ret[32])
{
	(void)crypto_generichash(ret, 32, (const uint8_t *)word, strlen(word), NULL, 0);
}

static void sign_pair(const char *name, const char *what, uint8_t key[32], uint8_t secret[64])
{
	uint8_t pieces[64], seed[32];

	word_bytes(name, pieces);
	word_bytes(what, pieces + 32);
	(void)crypto_generichash(seed, sizeof(seed), pieces, sizeof(pieces), NULL, 0);
	(void)crypto_sign_seed_keypair(key, secret, seed);
}

static void seal_pair(const char *name, uint8_t key[32], uint8_t secret[32])
{
	uint8_t ignored[32], long_secret[64];

	sign_pair(name, "seal", ignored, long_secret);
	memcpy(secret, long_secret, 32);
	(void)crypto_scalarmult_base(key, secret);
}

static void order_keys(struct kai_card_key *keys, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j > 0; j--) {
			struct kai_card_key swap = keys[j];

			if (keys[j - 1].use < swap.use ||
			    (keys[j - 1].use == swap.use &&
			     memcmp(keys[j - 1].key, swap.key, 32) < 0))
				break;
			keys[j] = keys[j - 1];
			keys[j - 1] = swap;
		}
	}
}

void person_make(struct person *person, const char *name, const char *country,
		 struct kai_arena *arena)
{
	static struct kai_span sectors[] = {{(const uint8_t *)"jp-seed7:pow", 12}};
	struct kai_card_key keys[3];
	uint8_t next[32], next_secret[64];
	struct kai_card card = {.version = 1,
				.serial = VECTOR_NOW / 1000,
				.issued_at = VECTOR_NOW,
				.valid_until = VECTOR_NOW + VECTOR_YEAR,
				.name = kai_span_str(name),
				.name_ja = kai_span_str("回覧"),
				.country = kai_span_str(country),
				.sectors = sectors,
				.sectors_count = 1,
				.keys = keys,
				.keys_count = 3};

	person->name = name;
	sign_pair(name, "root", person->root, person->root_secret);
	sign_pair(name, "duty", person->duty, person->duty_secret);
	sign_pair(name, "decider", person->decider, person->decider_secret);
	sign_pair(name, "next root", next, next_secret);
	seal_pair(name, person->seal, person->seal_secret);
	keys[0] = (struct kai_card_key){
		KAI_KEY_SIGN, {0}, KAI_ROLE_DUTY, VECTOR_NOW, VECTOR_NOW + VECTOR_YEAR};
	keys[1] = (struct kai_card_key){
		KAI_KEY_SIGN, {0}, KAI_ROLE_DECIDER, VECTOR_NOW, VECTOR_NOW + VECTOR_YEAR};
	keys[2] = (struct kai_card_key){KAI_KEY_SEAL, {0}, 0, VECTOR_NOW, VECTOR_NOW + VECTOR_YEAR};
	memcpy(keys[0].key, person->duty, 32);
	memcpy(keys[1].key, person->decider, 32);
	memcpy(keys[2].key, person->seal, 32);
	order_keys(keys, 3);
	memcpy(card.org, person->root, 32);
	kai_hash(KAI_CTX_NEXT_ROOT, kai_realm_live, kai_span(next, 32), card.next_root);
	struct kai_span body = kai_object_encode_in(&kai_object_card, &card, arena);

	person->card =
		kai_signed_make(KAI_CTX_CARD, body, person->root, person->root_secret, arena);
	assert(person->card.len > 0);
}

struct kai_label label_of(uint64_t tlp, struct kai_audience_entry *entries, size_t count)
{
	kai_audience_sort(entries, &count);
	return (struct kai_label){.tlp = tlp,
				  .audience = entries,
				  .audience_count = count,
				  .onward = KAI_ONWARD_ANY,
				  .attribution = KAI_ATTR_NAMED,
				  .pap = KAI_PAP_AMBER,
				  .gov_share = 0};
}

struct kai_audience_entry entry_org(const struct person *person)
{
	return (struct kai_audience_entry){KAI_AUD_ORG, kai_span(person->root, 32),
					   kai_span(NULL, 0)};
}

struct kai_audience_entry entry_community(const struct person *keeper, const char *name)
{
	return (struct kai_audience_entry){KAI_AUD_COMMUNITY, kai_span(keeper->root, 32),
					   kai_span_str(name)};
}

static struct kai_party party_of(const struct person *person)
{
	struct kai_party party = {.name = kai_span_str(person->name),
				  .country = kai_span_str("JP")};

	memcpy(party.org, person->root, 32);
	return party;
}

struct kai_terms terms_of(const struct person *one, const struct person *other,
			  struct kai_arena *arena)
{
	static struct kai_span all[] = {{(const uint8_t *)"*", 1}};
	const struct person *a = memcmp(one->root, other->root, 32) < 0 ? one : other;
	uint64_t *kinds = kai_arena_take(arena, 11 * sizeof(*kinds));
	struct kai_direction both = {.kinds = kinds,
				     .kinds_count = 11,
				     .sectors = all,
				     .sectors_count = 1,
				     .ceiling = KAI_TLP_AMBER,
				     .onward = KAI_ONWARD_ANY,
				     .attribution = KAI_ATTR_NAMED};

	assert(kinds != NULL);
	for (uint64_t i = 0; i < 11; i++)
		kinds[i] = i + 1;
	return (struct kai_terms){.version = 1,
				  .a = party_of(a),
				  .b = party_of(a == one ? other : one),
				  .serial = VECTOR_NOW / 1000,
				  .valid_from = VECTOR_NOW,
				  .valid_until = VECTOR_NOW + VECTOR_YEAR,
				  .signers = 1,
				  .a_to_b = both,
				  .b_to_a = both};
}

static struct kai_span main_body(struct kai_arena *arena)
{
	struct kai_body_value values[] = {
		{kai_span_str("subtype"), kai_span_str("lesson")},
		{kai_span_str("action"), kai_span_str("Check the relay's log.")}};
	struct kai_body body = {
		.version = 1,
		.title = kai_span_str("保護リレーの設定変更について"),
		.text = kai_span_str("A protection relay took settings without authentication."),
		.values = values,
		.values_count = 2};

	return kai_object_encode_in(&kai_object_body, &body, arena);
}

struct kai_built item_of(const struct person *origin, const struct person *to,
			 struct kai_arena *arena, struct kai_header *ret_header)
{
	struct kai_audience_entry *entries = kai_arena_take(arena, 4 * sizeof(*entries));
	static struct kai_span sectors[] = {{(const uint8_t *)"jp-seed7:pow", 12}};
	struct kai_label damage, facts;
	uint8_t entropy[32];
	struct kai_built built;

	assert(entries != NULL);
	entries[0] = entry_org(to);
	entries[1] = entry_community(origin, "power");
	entries[2] = entry_org(to);
	entries[3] = entry_community(origin, "power");
	*ret_header = (struct kai_header){.version = 1,
					  .kind = KAI_KIND_SECINFO,
					  .card_serial = VECTOR_NOW / 1000,
					  .country = kai_span_str("JP"),
					  .revision = 1,
					  .created_at = VECTOR_NOW + 1000,
					  .not_after = VECTOR_NOW + 86400000,
					  .urgency = KAI_URGENCY_TODAY,
					  .lang = kai_span_str("ja"),
					  .label = label_of(KAI_TLP_AMBER, entries, 2),
					  .sectors = sectors,
					  .sectors_count = 1};
	memcpy(ret_header->origin, origin->root, 32);
	damage = label_of(KAI_TLP_AMBER, entries + 2, 1);
	facts = label_of(KAI_TLP_GREEN, entries + 3, 1);
	const struct kai_part_draft parts[] = {
		{kai_span_str("main"), kai_span_str("kairan/secinfo"), main_body(arena), NULL},
		{kai_span_str("damage"), kai_span_str("text/plain"),
		 kai_span_str("Substation 3 is dark."), &damage},
		{kai_span_str("facts"), kai_span_str("text/markdown"),
		 kai_span_str("* port 102/tcp was open\n"), &facts},
	};

	word_bytes("entropy of the item", entropy);
	enum kai_fault fault = kai_advisory_build(ret_header, parts, 3, entropy, arena, &built);

	assert(fault == KAI_FAULT_NONE);
	(void)fault;
	return built;
}

struct kai_signature sign_item(const struct person *person, const struct kai_built *built)
{
	struct kai_signature signature = {.path = NULL};

	memcpy(signature.key, person->duty, 32);
	kai_sign(KAI_CTX_ADVISORY, kai_realm_live, built->id, person->duty_secret, signature.sig);
	return signature;
}
