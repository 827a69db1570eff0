/* SPDX-License-Identifier: Apache-2.0 */
/* Cards and statements, drills, receipts, memberships and agreements, good and bad. */
#include "maker.h"

#include <assert.h>
#include <string.h>

#include "kairan/drill.h"

static struct kai_span resigned_card(struct maker *maker, const struct person *person,
				     struct kai_card *card)
{
	struct kai_span body = kai_object_encode_in(&kai_object_card, card, &maker->arena);

	assert(body.len > 0);
	return kai_signed_make(KAI_CTX_CARD, body, person->root, person->root_secret,
			       &maker->arena);
}

static void cards(struct maker *maker)
{
	const struct person *alice = &maker->alice;
	struct kai_card card, changed;
	struct kai_card_key keys[3];
	uint8_t digest[32];
	json_t *vector = vec_row("card of Alice", "card", alice->card);
	enum kai_fault fault = kai_card_open(alice->card, &maker->arena, &card, digest);

	assert(fault == KAI_FAULT_NONE);
	(void)fault;
	json_object_set_new(vector, "digest", vec_hex_id(digest));
	vec_add_valid(maker, vector);
	vec_add_invalid(maker, "card with a byte of its signature changed", "card",
			vec_flipped(maker, alice->card, alice->card.len - 1), KAI_FAULT_SIGNATURE);
	vec_add_invalid(maker, "card cut by one byte", "card",
			kai_span(alice->card.at, alice->card.len - 1), KAI_FAULT_TRUNCATED);
	struct kai_span longer = vec_copy(maker, alice->card, 1);

	vec_add_invalid(maker, "card with a byte behind it", "card", longer, KAI_FAULT_TRAILING);
	vec_add_invalid(
		maker, "card signed by another org's root", "card",
		kai_signed_make(KAI_CTX_CARD,
				kai_object_encode_in(&kai_object_card, &card, &maker->arena),
				maker->bob.root, maker->bob.root_secret, &maker->arena),
		KAI_FAULT_KEY);
	changed = card;
	changed.version = 2;
	vec_add_invalid(maker, "card of version 2", "card", resigned_card(maker, alice, &changed),
			KAI_FAULT_VERSION);
	changed = card;
	changed.country = kai_span_str("jp");
	vec_add_invalid(maker, "card with a country in small letters", "card",
			resigned_card(maker, alice, &changed), KAI_FAULT_MEANING);
	memcpy(keys, card.keys, sizeof(keys));
	keys[0] = card.keys[1];
	keys[1] = card.keys[0];
	changed = card;
	changed.keys = keys;
	vec_add_invalid(maker, "card with keys out of order", "card",
			resigned_card(maker, alice, &changed), KAI_FAULT_UNORDERED);
}

static struct kai_span node_record(struct maker *maker, const char *endpoint)
{
	const struct person *alice = &maker->alice;
	struct kai_node_key key = {.not_before = VECTOR_NOW, .not_after = VECTOR_NOW + VECTOR_YEAR};
	struct kai_span endpoints[] = {kai_span_str(endpoint)};
	struct kai_node_record record = {.version = 1,
					 .serial = VECTOR_NOW / 1000,
					 .issued_at = VECTOR_NOW,
					 .valid_until = VECTOR_NOW + VECTOR_YEAR,
					 .keys = &key,
					 .keys_count = 1,
					 .endpoints = endpoints,
					 .endpoints_count = 1};

	memcpy(record.org, alice->root, 32);
	word_bytes("node key of Alice", key.key);
	return kai_signed_make(
		KAI_CTX_NODE_RECORD,
		kai_object_encode_in(&kai_object_node_record, &record, &maker->arena), alice->root,
		alice->root_secret, &maker->arena);
}

static struct kai_span notice(struct maker *maker, uint64_t action)
{
	const struct person *bob = &maker->bob;
	struct kai_notice notice = {.version = 1,
				    .number = 3,
				    .action = action,
				    .at = VECTOR_NOW + 5000,
				    .reason = kai_span_str("staff change")};

	memcpy(notice.org, bob->root, 32);
	word_bytes("digest of an agreement", notice.agreement);
	return kai_signed_make(KAI_CTX_NOTICE,
			       kai_object_encode_in(&kai_object_notice, &notice, &maker->arena),
			       bob->decider, bob->decider_secret, &maker->arena);
}

/* Alice directs it, Bob takes part. */
static struct kai_drill drill_of(struct maker *maker)
{
	const struct person *alice = &maker->alice, *bob = &maker->bob;
	bool first = memcmp(alice->root, bob->root, 32) < 0;
	uint8_t(*orgs)[KAI_ID_LEN] = kai_arena_take(&maker->arena, (size_t)2 * KAI_ID_LEN);
	struct kai_drill drill = {.version = 1,
				  .name = kai_span_str("autumn comcheck"),
				  .level = KAI_DRILL_COMCHECK,
				  .word = kai_span_str("EXERCISE"),
				  .created_at = VECTOR_NOW + 9000,
				  .from = VECTOR_NOW + 10000,
				  .until = VECTOR_NOW + 3610000,
				  .participants = orgs,
				  .participants_count = 2};

	assert(orgs != NULL);
	memcpy(orgs[first ? 0 : 1], alice->root, 32);
	memcpy(orgs[first ? 1 : 0], bob->root, 32);
	memcpy(drill.director, alice->root, 32);
	memset(drill.realm, 0xd1, sizeof(drill.realm));
	return drill;
}

static struct kai_span drill_signed(struct maker *maker, const struct kai_drill *drill,
				    const uint8_t *key, const uint8_t *secret)
{
	return kai_signed_make(KAI_CTX_DRILL,
			       kai_object_encode_in(&kai_object_drill, drill, &maker->arena), key,
			       secret, &maker->arena);
}

static struct kai_span drill_said(struct maker *maker, const struct person *org, uint64_t what,
				  const uint8_t *key, const uint8_t *secret)
{
	struct kai_drill drill = drill_of(maker);
	struct kai_drill_say say = {.version = 1, .what = what, .at = VECTOR_NOW + 11000};
	struct kai_span body = kai_object_encode_in(&kai_object_drill, &drill, &maker->arena);

	memcpy(say.realm, drill.realm, sizeof(say.realm));
	memcpy(say.org, org->root, 32);
	kai_hash(KAI_CTX_DRILL, kai_realm_live, body, say.drill);
	if (what == KAI_DRILL_REFUSES)
		say.reason = kai_span_str("drill-consent");
	return kai_signed_make(KAI_CTX_DRILL_SAY,
			       kai_object_encode_in(&kai_object_drill_say, &say, &maker->arena),
			       key, secret, &maker->arena);
}

static void bad_drills(struct maker *maker)
{
	const struct person *alice = &maker->alice;
	const uint8_t *key = alice->decider, *secret = alice->decider_secret;
	struct kai_drill bad = drill_of(maker);
	uint8_t swap[KAI_ID_LEN];

	memset(bad.realm, 0, sizeof(bad.realm));
	vec_add_invalid(maker, "drill of the live realm", "drill",
			drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.until = bad.from + 30ULL * 86400000 + 1;
	vec_add_invalid(maker, "drill longer than 30 days", "drill",
			drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.until = bad.from;
	vec_add_invalid(maker, "drill that ends as it begins", "drill",
			drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.from = bad.created_at + 90ULL * 86400000 + 1;
	bad.until = bad.from + 1;
	vec_add_invalid(maker, "drill that begins more than 90 days after it was made", "drill",
			drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.name = kai_span_str("Live");
	vec_add_invalid(maker, "drill that is called live", "drill",
			drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.word = kai_span_str("LIVE");
	vec_add_invalid(maker, "drill whose word is live", "drill",
			drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.level = 3;
	vec_add_invalid(maker, "drill of an unknown level", "drill",
			drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	word_bytes("nobody", bad.director);
	vec_add_invalid(maker, "drill whose director takes no part", "drill",
			drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	memcpy(swap, bad.participants[0], 32);
	memcpy(bad.participants[0], bad.participants[1], 32);
	memcpy(bad.participants[1], swap, 32);
	vec_add_invalid(maker, "drill with participants out of order", "drill",
			drill_signed(maker, &bad, key, secret), KAI_FAULT_UNORDERED);
	bad = drill_of(maker);
	vec_add_invalid(maker, "drill signed by a duty key", "drill",
			drill_signed(maker, &bad, alice->duty, alice->duty_secret),
			KAI_FAULT_KEY_ROLE);
}

static void drills(struct maker *maker)
{
	const struct person *alice = &maker->alice, *bob = &maker->bob;
	struct kai_drill drill = drill_of(maker);
	struct kai_ping ping = {.answer = true};
	struct kai_card_frame card = {.what = 1, .bytes = alice->card};
	struct kai_realm_frame envelope;

	vec_add_valid(maker,
		      vec_row("Alice announces a comcheck", "drill",
			      drill_signed(maker, &drill, alice->decider, alice->decider_secret)));
	bad_drills(maker);
	vec_add_valid(maker, vec_row("Bob takes part", "drill_say",
				     drill_said(maker, bob, KAI_DRILL_CONSENTS, bob->duty,
						bob->duty_secret)));
	vec_add_valid(maker, vec_row("Bob takes no part", "drill_say",
				     drill_said(maker, bob, KAI_DRILL_REFUSES, bob->duty,
						bob->duty_secret)));
	vec_add_valid(maker, vec_row("Alice closes it", "drill_say",
				     drill_said(maker, alice, KAI_DRILL_CLOSES, alice->decider,
						alice->decider_secret)));
	vec_add_invalid(maker, "drill closed by a duty key", "drill_say",
			drill_said(maker, alice, KAI_DRILL_CLOSES, alice->duty, alice->duty_secret),
			KAI_FAULT_KEY_ROLE);
	vec_add_invalid(maker, "unknown word about a drill", "drill_say",
			drill_said(maker, bob, 4, bob->duty, bob->duty_secret), KAI_FAULT_MEANING);
	vec_add_invalid(maker, "Alice consents for Bob", "drill_say",
			drill_said(maker, bob, KAI_DRILL_CONSENTS, alice->duty, alice->duty_secret),
			KAI_FAULT_KEY);
	envelope.frame = kai_frame_encode(KAI_MSG_PING, &ping, &maker->arena);
	memcpy(envelope.realm, drill.realm, sizeof(envelope.realm));
	vec_add_valid(maker, vec_row("ping in a drill", "frame",
				     kai_frame_encode(KAI_MSG_REALM, &envelope, &maker->arena)));
	memset(envelope.realm, 0, sizeof(envelope.realm));
	vec_add_invalid(maker, "envelope of the live realm", "frame",
			kai_frame_encode(KAI_MSG_REALM, &envelope, &maker->arena), KAI_FAULT_REALM);
	memcpy(envelope.realm, drill.realm, sizeof(envelope.realm));
	envelope.frame = kai_frame_encode(KAI_MSG_CARD, &card, &maker->arena);
	vec_add_invalid(maker, "card in a drill's envelope", "frame",
			kai_frame_encode(KAI_MSG_REALM, &envelope, &maker->arena), KAI_FAULT_REALM);
	envelope.frame = kai_frame_encode(KAI_MSG_REALM, &envelope, &maker->arena);
	vec_add_invalid(maker, "envelope in an envelope", "frame",
			kai_frame_encode(KAI_MSG_REALM, &envelope, &maker->arena), KAI_FAULT_REALM);
}

static struct kai_span release(struct maker *maker, const uint8_t *key, const uint8_t *secret)
{
	struct kai_audience_entry entry = entry_org(&maker->bob);
	struct kai_release release = {.version = 1,
				      .index = 1,
				      .label = label_of(KAI_TLP_AMBER, &entry, 1),
				      .at = VECTOR_NOW + 5000,
				      .expires = VECTOR_NOW + 86400000};

	word_bytes("id of an item", release.id);
	return kai_signed_make(KAI_CTX_RELEASE,
			       kai_object_encode_in(&kai_object_release, &release, &maker->arena),
			       key, secret, &maker->arena);
}

/* What Bob says to Alice of two items. */
struct said {
	struct kai_receipt_entry entries[3];
	struct kai_rollup forwarded;
	uint8_t realm[16]; /* of the signature */
	uint8_t body_realm[16];
	const uint8_t *key, *secret;
};

static void say(const struct maker *maker, struct said *ret)
{
	*ret = (struct said){.entries = {{.level = KAI_LEVEL_DELIVERED, .at = VECTOR_NOW + 1000},
					 {.level = KAI_LEVEL_ACTION,
					  .at = VECTOR_NOW + 60000,
					  .action = KAI_ACTION_CHECKING,
					  .role = kai_span_str("duty"),
					  .note = kai_span_str("確認中")},
					 {.level = KAI_LEVEL_FORWARDED, .at = VECTOR_NOW + 61000}},
			     .forwarded = {.members = 3,
					   .delivered = 2,
					   .seen = 2,
					   .received = 1,
					   .attested = 1},
			     .key = maker->bob.duty,
			     .secret = maker->bob.duty_secret};
	word_bytes("id of an item", ret->entries[0].id);
	word_bytes("id of another item", ret->entries[1].id);
	word_bytes("id of another item", ret->entries[2].id);
	if (memcmp(ret->entries[0].id, ret->entries[1].id, 32) > 0) {
		memcpy(ret->entries[0].id, ret->entries[1].id, 32);
		word_bytes("id of an item", ret->entries[1].id);
		word_bytes("id of an item", ret->entries[2].id);
	}
	ret->entries[2].forwarded = &ret->forwarded;
}

/* Not by the maker of the product, which makes nothing that is refused. */
static struct kai_span receipt(struct maker *maker, const struct said *said)
{
	struct kai_receipt receipt = {.version = 1, .at = VECTOR_NOW + 62000, .entries_count = 3};
	struct kai_receipt_entry entries[3];
	struct kai_signed made;
	uint8_t root[32];

	memcpy(entries, said->entries, sizeof(entries));
	entries[2].forwarded = said->entries[2].forwarded == NULL
				       ? NULL
				       : (struct kai_rollup *)(uintptr_t)&said->forwarded;
	receipt.entries = entries;
	memcpy(receipt.realm, said->body_realm, 16);
	memcpy(receipt.org, maker->bob.root, 32);
	memcpy(receipt.to, maker->alice.root, 32);
	word_bytes("newest entry of a journal", receipt.head);
	made.body = kai_object_encode_in(&kai_object_receipt, &receipt, &maker->arena);
	assert(made.body.len > 0);
	kai_hash(KAI_CTX_RECEIPT, said->realm, made.body, root);
	memcpy(made.key, said->key, 32);
	kai_sign(KAI_CTX_RECEIPT, said->realm, root, said->secret, made.sig);
	return kai_object_encode_in(&kai_object_signed, &made, &maker->arena);
}

static void receipts(struct maker *maker)
{
	struct said said, bad;

	say(maker, &said);
	struct kai_span good = receipt(maker, &said);
	struct kai_receipt_frame frame = {.bytes = good, .taken = {.is = true}};

	vec_add_valid(maker, vec_row("receipt by Bob for Alice", "receipt", good));
	word_bytes("digest of a receipt", frame.taken.id);
	vec_add_valid(maker, vec_row("receipt on a link", "frame",
				     kai_frame_encode(KAI_MSG_RECEIPT, &frame, &maker->arena)));
	bad = said;
	memset(bad.realm, 7, 16);
	memset(bad.body_realm, 7, 16);
	vec_add_valid(maker, vec_row("receipt of a drill", "receipt", receipt(maker, &bad)));
	memset(bad.realm, 0, 16);
	vec_add_invalid(maker, "receipt of a drill signed as live", "receipt", receipt(maker, &bad),
			KAI_FAULT_SIGNATURE);
	vec_add_invalid(maker, "receipt changed after signing", "receipt",
			vec_flipped(maker, good, vec_offset_of(good, "duty")), KAI_FAULT_SIGNATURE);
	bad = said;
	memcpy(bad.entries[0].id, said.entries[1].id, 32);
	memcpy(bad.entries[1].id, said.entries[0].id, 32);
	vec_add_invalid(maker, "receipt whose entries do not ascend", "receipt",
			receipt(maker, &bad), KAI_FAULT_UNORDERED);
	bad = said;
	bad.entries[1].role = kai_span_str("");
	vec_add_invalid(maker, "a person's word in no role", "receipt", receipt(maker, &bad),
			KAI_FAULT_MEANING);
	bad = said;
	bad.entries[1].action = 0;
	vec_add_invalid(maker, "level action without an action", "receipt", receipt(maker, &bad),
			KAI_FAULT_MEANING);
	bad = said;
	bad.forwarded.received = 3;
	vec_add_invalid(maker, "more received than delivered", "receipt", receipt(maker, &bad),
			KAI_FAULT_MEANING);
	bad = said;
	bad.entries[2].forwarded = NULL;
	vec_add_invalid(maker, "forwarded without counts", "receipt", receipt(maker, &bad),
			KAI_FAULT_MEANING);
	bad = said;
	bad.key = maker->alice.duty;
	bad.secret = maker->alice.duty_secret;
	vec_add_invalid(maker, "receipt by Bob signed by Alice", "receipt", receipt(maker, &bad),
			KAI_FAULT_KEY);
}

static void statements(struct maker *maker)
{
	const struct person *alice = &maker->alice;

	vec_add_valid(maker, vec_row("node record of Alice", "node_record",
				     node_record(maker, "tcp://kairan.alice.example:7801")));
	vec_add_invalid(maker, "node record with a wildcard for a host", "node_record",
			node_record(maker, "tcp://*:7801"), KAI_FAULT_MEANING);
	vec_add_valid(maker, vec_row("Bob suspends an agreement", "notice",
				     notice(maker, KAI_NOTICE_SUSPEND)));
	vec_add_invalid(maker, "notice of an unknown action", "notice", notice(maker, 4),
			KAI_FAULT_MEANING);
	vec_add_valid(maker, vec_row("Alice releases a part to Bob", "release",
				     release(maker, alice->decider, alice->decider_secret)));
	vec_add_invalid(maker, "release signed by a duty key", "release",
			release(maker, alice->duty, alice->duty_secret), KAI_FAULT_KEY_ROLE);
	vec_add_invalid(maker, "release signed by the receiver", "release",
			release(maker, maker->bob.decider, maker->bob.decider_secret),
			KAI_FAULT_KEY);
	receipts(maker);
	drills(maker);
}

static struct kai_span membership(struct maker *maker, uint64_t days, const uint8_t *key,
				  const uint8_t *secret)
{
	struct kai_membership member = {.version = 1,
					.name = kai_span_str("power"),
					.number = 7,
					.valid_from = VECTOR_NOW,
					.valid_until = VECTOR_NOW + days * 86400000};

	memcpy(member.keeper, maker->alice.root, 32);
	memcpy(member.org, maker->bob.root, 32);
	return kai_signed_make(KAI_CTX_MEMBERSHIP,
			       kai_object_encode_in(&kai_object_membership, &member, &maker->arena),
			       key, secret, &maker->arena);
}

static void memberships(struct maker *maker)
{
	const struct person *alice = &maker->alice;

	vec_add_valid(maker, vec_row("membership of Bob in Alice's community power", "membership",
				     membership(maker, 90, alice->decider, alice->decider_secret)));
	vec_add_invalid(maker, "membership of 91 days", "membership",
			membership(maker, 91, alice->decider, alice->decider_secret),
			KAI_FAULT_MEANING);
	vec_add_invalid(maker, "membership signed by a duty key", "membership",
			membership(maker, 90, alice->duty, alice->duty_secret), KAI_FAULT_KEY_ROLE);
	vec_add_invalid(maker, "membership signed by the member", "membership",
			membership(maker, 90, maker->bob.decider, maker->bob.decider_secret),
			KAI_FAULT_KEY);
}

static void agreements(struct maker *maker)
{
	const struct person *alice = &maker->alice, *bob = &maker->bob;
	struct kai_terms terms = terms_of(alice, bob, &maker->arena);
	struct kai_span bytes = kai_object_encode_in(&kai_object_terms, &terms, &maker->arena);
	struct kai_span proposed = kai_agreement_sign(bytes, NULL, alice->root, alice->decider,
						      alice->decider_secret, &maker->arena);
	struct kai_agreement one;
	struct kai_span agreed;
	uint8_t digest[32];
	json_t *vector;

	assert(kai_object_decode(&kai_object_agreement, proposed, &maker->arena, &one) ==
	       KAI_FAULT_NONE);
	agreed = kai_agreement_sign(bytes, &one.signatures[0], bob->root, bob->decider,
				    bob->decider_secret, &maker->arena);
	kai_agreement_digest(bytes, digest);
	vector = vec_row("agreement of Alice and Bob", "agreement", agreed);
	json_object_set_new(vector, "digest", vec_hex_id(digest));
	vec_add_valid(maker, vector);
	vec_add_valid(maker, vec_row("agreement proposed by Alice", "agreement", proposed));
	vec_add_invalid(maker, "agreement with its terms changed after signing", "agreement",
			vec_flipped(maker, agreed, vec_offset_of(agreed, "Alice")),
			KAI_FAULT_SIGNATURE);
	vec_add_invalid(maker, "agreement signed by a duty key", "agreement",
			kai_agreement_sign(bytes, NULL, alice->root, alice->duty,
					   alice->duty_secret, &maker->arena),
			KAI_FAULT_KEY_ROLE);
	terms.a_to_b.ceiling = 9;
	bytes = kai_object_encode_in(&kai_object_terms, &terms, &maker->arena);
	vec_add_invalid(maker, "agreement with an unknown ceiling", "agreement",
			kai_agreement_sign(bytes, NULL, alice->root, alice->decider,
					   alice->decider_secret, &maker->arena),
			KAI_FAULT_LABEL);
}

void vec_statements(struct maker *maker)
{
	cards(maker);
	statements(maker);
	memberships(maker);
	agreements(maker);
}
