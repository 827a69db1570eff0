/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes proto/vectors/v1.json: what a second implementation checks itself against. Deterministic. Every invalid one is a
 * valid one with a single thing wrong, and carries the name of its fault. usage: make-vectors > proto/vectors/v1.json
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "kairan/bundle.h"
#include "kairan/drill.h"
#include "kairan/check.h"
#include "kairan/text.h"
#include "people.h"

#define MEMORY ((size_t)16 * 1024 * 1024)

struct maker {
	struct kai_arena arena;
	json_t *valid, *invalid;
	struct person alice, bob;
};

static json_t *hex(struct kai_span bytes)
{
	char *text = malloc(bytes.len * 2 + 1);
	json_t *value;

	assert(text != NULL);
	sodium_bin2hex(text, bytes.len * 2 + 1, bytes.at, bytes.len);
	value = json_string(text);
	free(text);
	return value;
}

static json_t *hex_id(const uint8_t id[32])
{
	return hex(kai_span(id, 32));
}

static json_t *row(const char *name, const char *what, struct kai_span bytes)
{
	return json_pack("{s:s, s:s, s:o}", "name", name, "what", what, "hex", hex(bytes));
}

static void add_valid(struct maker *maker, json_t *vector)
{
	json_array_append_new(maker->valid, vector);
}

static void add_invalid(struct maker *maker, const char *name, const char *what,
			struct kai_span bytes, enum kai_fault fault)
{
	json_t *vector = row(name, what, bytes);

	json_object_set_new(vector, "fault", json_string(kai_fault_name(fault)));
	json_array_append_new(maker->invalid, vector);
}

static struct kai_span copy(struct maker *maker, struct kai_span bytes, size_t extra)
{
	uint8_t *at = kai_arena_take(&maker->arena, bytes.len + extra);

	assert(at != NULL);
	memcpy(at, bytes.at, bytes.len);
	return kai_span(at, bytes.len + extra);
}

/* The same bytes with one changed; spans are const, the copy is ours. */
static struct kai_span flipped(struct maker *maker, struct kai_span bytes, size_t at)
{
	uint8_t *made = kai_arena_take(&maker->arena, bytes.len);

	assert(made != NULL && at < bytes.len);
	memcpy(made, bytes.at, bytes.len);
	made[at] ^= 1;
	return kai_span(made, bytes.len);
}

static size_t offset_of(struct kai_span bytes, const char *text)
{
	const uint8_t *found = memmem(bytes.at, bytes.len, text, strlen(text));

	assert(found != NULL);
	return (size_t)(found - bytes.at);
}

static void hashes(struct maker *maker, json_t *top)
{
	json_t *list = json_array();
	uint8_t realm[16], hash[32];

	memset(realm, 0x5a, sizeof(realm));
	for (int i = 0; i < KAI_CTX_END; i++) {
		const uint8_t *used = i % 2 == 0 ? kai_realm_live : realm;
		struct kai_span input = kai_span_str(i % 3 == 0 ? "" : "kairan 回覧");

		kai_hash((enum kai_ctx)i, used, input, hash);
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "context",
						      kai_ctx_word((enum kai_ctx)i), "realm",
						      hex(kai_span(used, 16)), "input", hex(input),
						      "hash", hex_id(hash)));
	}
	json_object_set_new(top, "hashes", list);
	(void)maker;
}

static json_t *person_row(const struct person *person)
{
	char fingerprint[KAI_FINGERPRINT_SIZE];

	kai_fingerprint(person->root, fingerprint);
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "name", person->name, "org",
			 hex_id(person->root), "fingerprint", fingerprint, "duty",
			 hex_id(person->duty), "decider", hex_id(person->decider), "seal",
			 hex_id(person->seal), "seal_secret", hex_id(person->seal_secret), "card",
			 hex(person->card));
}

/* ---- cards and statements */

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
	json_t *vector = row("card of Alice", "card", alice->card);
	enum kai_fault fault = kai_card_open(alice->card, &maker->arena, &card, digest);

	assert(fault == KAI_FAULT_NONE);
	(void)fault;
	json_object_set_new(vector, "digest", hex_id(digest));
	add_valid(maker, vector);
	add_invalid(maker, "card with a byte of its signature changed", "card",
		    flipped(maker, alice->card, alice->card.len - 1), KAI_FAULT_SIGNATURE);
	add_invalid(maker, "card cut by one byte", "card",
		    kai_span(alice->card.at, alice->card.len - 1), KAI_FAULT_TRUNCATED);
	struct kai_span longer = copy(maker, alice->card, 1);

	add_invalid(maker, "card with a byte behind it", "card", longer, KAI_FAULT_TRAILING);
	add_invalid(maker, "card signed by another org's root", "card",
		    kai_signed_make(KAI_CTX_CARD,
				    kai_object_encode_in(&kai_object_card, &card, &maker->arena),
				    maker->bob.root, maker->bob.root_secret, &maker->arena),
		    KAI_FAULT_KEY);
	changed = card;
	changed.version = 2;
	add_invalid(maker, "card of version 2", "card", resigned_card(maker, alice, &changed),
		    KAI_FAULT_VERSION);
	changed = card;
	changed.country = kai_span_str("jp");
	add_invalid(maker, "card with a country in small letters", "card",
		    resigned_card(maker, alice, &changed), KAI_FAULT_MEANING);
	memcpy(keys, card.keys, sizeof(keys));
	keys[0] = card.keys[1];
	keys[1] = card.keys[0];
	changed = card;
	changed.keys = keys;
	add_invalid(maker, "card with keys out of order", "card",
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
	add_invalid(maker, "drill of the live realm", "drill",
		    drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.until = bad.from + 30ULL * 86400000 + 1;
	add_invalid(maker, "drill longer than 30 days", "drill",
		    drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.until = bad.from;
	add_invalid(maker, "drill that ends as it begins", "drill",
		    drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.from = bad.created_at + 90ULL * 86400000 + 1;
	bad.until = bad.from + 1;
	add_invalid(maker, "drill that begins more than 90 days after it was made", "drill",
		    drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.name = kai_span_str("Live");
	add_invalid(maker, "drill that is called live", "drill",
		    drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.word = kai_span_str("LIVE");
	add_invalid(maker, "drill whose word is live", "drill",
		    drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	bad.level = 3;
	add_invalid(maker, "drill of an unknown level", "drill",
		    drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	word_bytes("nobody", bad.director);
	add_invalid(maker, "drill whose director takes no part", "drill",
		    drill_signed(maker, &bad, key, secret), KAI_FAULT_MEANING);
	bad = drill_of(maker);
	memcpy(swap, bad.participants[0], 32);
	memcpy(bad.participants[0], bad.participants[1], 32);
	memcpy(bad.participants[1], swap, 32);
	add_invalid(maker, "drill with participants out of order", "drill",
		    drill_signed(maker, &bad, key, secret), KAI_FAULT_UNORDERED);
	bad = drill_of(maker);
	add_invalid(maker, "drill signed by a duty key", "drill",
		    drill_signed(maker, &bad, alice->duty, alice->duty_secret), KAI_FAULT_KEY_ROLE);
}

static void drills(struct maker *maker)
{
	const struct person *alice = &maker->alice, *bob = &maker->bob;
	struct kai_drill drill = drill_of(maker);
	struct kai_ping ping = {.answer = true};
	struct kai_card_frame card = {.what = 1, .bytes = alice->card};
	struct kai_realm_frame envelope;

	add_valid(maker, row("Alice announces a comcheck", "drill",
			     drill_signed(maker, &drill, alice->decider, alice->decider_secret)));
	bad_drills(maker);
	add_valid(maker,
		  row("Bob takes part", "drill_say",
		      drill_said(maker, bob, KAI_DRILL_CONSENTS, bob->duty, bob->duty_secret)));
	add_valid(maker,
		  row("Bob takes no part", "drill_say",
		      drill_said(maker, bob, KAI_DRILL_REFUSES, bob->duty, bob->duty_secret)));
	add_valid(maker, row("Alice closes it", "drill_say",
			     drill_said(maker, alice, KAI_DRILL_CLOSES, alice->decider,
					alice->decider_secret)));
	add_invalid(maker, "drill closed by a duty key", "drill_say",
		    drill_said(maker, alice, KAI_DRILL_CLOSES, alice->duty, alice->duty_secret),
		    KAI_FAULT_KEY_ROLE);
	add_invalid(maker, "unknown word about a drill", "drill_say",
		    drill_said(maker, bob, 4, bob->duty, bob->duty_secret), KAI_FAULT_MEANING);
	add_invalid(maker, "Alice consents for Bob", "drill_say",
		    drill_said(maker, bob, KAI_DRILL_CONSENTS, alice->duty, alice->duty_secret),
		    KAI_FAULT_KEY);
	envelope.frame = kai_frame_encode(KAI_MSG_PING, &ping, &maker->arena);
	memcpy(envelope.realm, drill.realm, sizeof(envelope.realm));
	add_valid(maker, row("ping in a drill", "frame",
			     kai_frame_encode(KAI_MSG_REALM, &envelope, &maker->arena)));
	memset(envelope.realm, 0, sizeof(envelope.realm));
	add_invalid(maker, "envelope of the live realm", "frame",
		    kai_frame_encode(KAI_MSG_REALM, &envelope, &maker->arena), KAI_FAULT_REALM);
	memcpy(envelope.realm, drill.realm, sizeof(envelope.realm));
	envelope.frame = kai_frame_encode(KAI_MSG_CARD, &card, &maker->arena);
	add_invalid(maker, "card in a drill's envelope", "frame",
		    kai_frame_encode(KAI_MSG_REALM, &envelope, &maker->arena), KAI_FAULT_REALM);
	envelope.frame = kai_frame_encode(KAI_MSG_REALM, &envelope, &maker->arena);
	add_invalid(maker, "envelope in an envelope", "frame",
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

	add_valid(maker, row("receipt by Bob for Alice", "receipt", good));
	word_bytes("digest of a receipt", frame.taken.id);
	add_valid(maker, row("receipt on a link", "frame",
			     kai_frame_encode(KAI_MSG_RECEIPT, &frame, &maker->arena)));
	bad = said;
	memset(bad.realm, 7, 16);
	memset(bad.body_realm, 7, 16);
	add_valid(maker, row("receipt of a drill", "receipt", receipt(maker, &bad)));
	memset(bad.realm, 0, 16);
	add_invalid(maker, "receipt of a drill signed as live", "receipt", receipt(maker, &bad),
		    KAI_FAULT_SIGNATURE);
	add_invalid(maker, "receipt changed after signing", "receipt",
		    flipped(maker, good, offset_of(good, "duty")), KAI_FAULT_SIGNATURE);
	bad = said;
	memcpy(bad.entries[0].id, said.entries[1].id, 32);
	memcpy(bad.entries[1].id, said.entries[0].id, 32);
	add_invalid(maker, "receipt whose entries do not ascend", "receipt", receipt(maker, &bad),
		    KAI_FAULT_UNORDERED);
	bad = said;
	bad.entries[1].role = kai_span_str("");
	add_invalid(maker, "a person's word in no role", "receipt", receipt(maker, &bad),
		    KAI_FAULT_MEANING);
	bad = said;
	bad.entries[1].action = 0;
	add_invalid(maker, "level action without an action", "receipt", receipt(maker, &bad),
		    KAI_FAULT_MEANING);
	bad = said;
	bad.forwarded.received = 3;
	add_invalid(maker, "more received than delivered", "receipt", receipt(maker, &bad),
		    KAI_FAULT_MEANING);
	bad = said;
	bad.entries[2].forwarded = NULL;
	add_invalid(maker, "forwarded without counts", "receipt", receipt(maker, &bad),
		    KAI_FAULT_MEANING);
	bad = said;
	bad.key = maker->alice.duty;
	bad.secret = maker->alice.duty_secret;
	add_invalid(maker, "receipt by Bob signed by Alice", "receipt", receipt(maker, &bad),
		    KAI_FAULT_KEY);
}

static void statements(struct maker *maker)
{
	const struct person *alice = &maker->alice;

	add_valid(maker, row("node record of Alice", "node_record",
			     node_record(maker, "tcp://kairan.alice.example:7801")));
	add_invalid(maker, "node record with a wildcard for a host", "node_record",
		    node_record(maker, "tcp://*:7801"), KAI_FAULT_MEANING);
	add_valid(maker,
		  row("Bob suspends an agreement", "notice", notice(maker, KAI_NOTICE_SUSPEND)));
	add_invalid(maker, "notice of an unknown action", "notice", notice(maker, 4),
		    KAI_FAULT_MEANING);
	add_valid(maker, row("Alice releases a part to Bob", "release",
			     release(maker, alice->decider, alice->decider_secret)));
	add_invalid(maker, "release signed by a duty key", "release",
		    release(maker, alice->duty, alice->duty_secret), KAI_FAULT_KEY_ROLE);
	add_invalid(maker, "release signed by the receiver", "release",
		    release(maker, maker->bob.decider, maker->bob.decider_secret), KAI_FAULT_KEY);
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

	add_valid(maker, row("membership of Bob in Alice's community power", "membership",
			     membership(maker, 90, alice->decider, alice->decider_secret)));
	add_invalid(maker, "membership of 91 days", "membership",
		    membership(maker, 91, alice->decider, alice->decider_secret),
		    KAI_FAULT_MEANING);
	add_invalid(maker, "membership signed by a duty key", "membership",
		    membership(maker, 90, alice->duty, alice->duty_secret), KAI_FAULT_KEY_ROLE);
	add_invalid(maker, "membership signed by the member", "membership",
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
	vector = row("agreement of Alice and Bob", "agreement", agreed);
	json_object_set_new(vector, "digest", hex_id(digest));
	add_valid(maker, vector);
	add_valid(maker, row("agreement proposed by Alice", "agreement", proposed));
	add_invalid(maker, "agreement with its terms changed after signing", "agreement",
		    flipped(maker, agreed, offset_of(agreed, "Alice")), KAI_FAULT_SIGNATURE);
	add_invalid(maker, "agreement signed by a duty key", "agreement",
		    kai_agreement_sign(bytes, NULL, alice->root, alice->duty, alice->duty_secret,
				       &maker->arena),
		    KAI_FAULT_KEY_ROLE);
	terms.a_to_b.ceiling = 9;
	bytes = kai_object_encode_in(&kai_object_terms, &terms, &maker->arena);
	add_invalid(maker, "agreement with an unknown ceiling", "agreement",
		    kai_agreement_sign(bytes, NULL, alice->root, alice->decider,
				       alice->decider_secret, &maker->arena),
		    KAI_FAULT_LABEL);
}

/* ---- advisories */

struct carried {
	struct kai_header header;
	struct kai_built built;
	struct kai_signature signature;
	struct kai_part_blob parts[3];
	struct kai_wrap wraps[3];
	struct kai_advisory advisory;
};

static void carry(struct maker *maker, struct carried *ret)
{
	const struct person *alice = &maker->alice, *bob = &maker->bob;
	const struct kai_link_ends ends = {kai_realm_live, alice->root, bob->root, alice->seal,
					   bob->seal};
	uint8_t key[32];
	bool ok = kai_link_key(&ends, alice->seal_secret, bob->seal, key);

	assert(ok);
	(void)ok;
	ret->built = item_of(alice, bob, &maker->arena, &ret->header);
	ret->signature = sign_item(alice, &ret->built);
	for (uint8_t i = 0; i < 3; i++) {
		ret->parts[i] = (struct kai_part_blob){i, ret->built.parts[i].ciphertext};
		ret->wraps[i] = (struct kai_wrap){.index = i, .kind = KAI_WRAP_LINK};
		kai_key_hint(bob->seal, ret->wraps[i].key_hint);
		ret->wraps[i].bytes = kai_wrap_link(&ends, key, ret->built.id, i,
						    ret->built.parts[i].opening, &maker->arena);
	}
	ret->advisory = (struct kai_advisory){
		ret->built.header, &ret->signature, 1, ret->parts, 3, ret->wraps, 3};
}

static struct kai_span encoded(struct maker *maker, const struct carried *item)
{
	struct kai_span bytes =
		kai_object_encode_in(&kai_object_advisory, &item->advisory, &maker->arena);

	assert(bytes.len > 0);
	return bytes;
}

/* Encodes a changed header anew and signs it, so that the change is the only thing wrong. */
static struct kai_span with_header(struct maker *maker, const struct carried *item,
				   const struct kai_header *header)
{
	struct carried changed = *item;

	changed.built.header = kai_object_encode_in(&kai_object_header, header, &maker->arena);
	assert(changed.built.header.len > 0);
	kai_advisory_id(header->realm, changed.built.header, changed.built.id);
	changed.signature = sign_item(&maker->alice, &changed.built);
	changed.advisory.header = changed.built.header;
	changed.advisory.signatures = &changed.signature;
	return encoded(maker, &changed);
}

static void valid_advisory(struct maker *maker, const struct carried *item)
{
	json_t *vector =
		row("advisory from Alice to Bob, three parts", "advisory", encoded(maker, item));
	json_t *parts = json_array();
	static const char *const contents[] = {NULL, "Substation 3 is dark.",
					       "* port 102/tcp was open\n"};

	json_object_set_new(vector, "id", hex_id(item->built.id));
	for (size_t i = 0; i < 3; i++) {
		json_t *part = json_pack("{s:s#, s:o}", "name",
					 (const char *)item->header.parts[i].name.at,
					 (int)item->header.parts[i].name.len, "opening",
					 hex(item->built.parts[i].opening));

		if (contents[i] != NULL)
			json_object_set_new(part, "content", json_string(contents[i]));
		else
			json_object_set_new(part, "title",
					    json_string("保護リレーの設定変更について"));
		json_array_append_new(parts, part);
	}
	json_object_set_new(vector, "parts", parts);
	add_valid(maker, vector);
}

/* The same item as a bundle would carry it: wraps that any holder of Bob's sealing key opens. */
static void seal_wraps(struct maker *maker, struct carried *io_item)
{
	uint8_t entropy[32];

	io_item->advisory.wraps = io_item->wraps;
	for (uint8_t i = 0; i < 3; i++) {
		char word[] = "ephemeral key 0";

		word[sizeof(word) - 2] = (char)('0' + i);
		word_bytes(word, entropy);
		io_item->wraps[i].kind = KAI_WRAP_SEALED;
		io_item->wraps[i].bytes = kai_wrap_sealed(
			entropy, maker->bob.seal, io_item->built.parts[i].opening, &maker->arena);
	}
}

static void sealed_advisory(struct maker *maker, const struct carried *item)
{
	struct carried sealed = *item;

	seal_wraps(maker, &sealed);
	add_valid(maker,
		  row("advisory under sealed wraps", "advisory-open", encoded(maker, &sealed)));
	sealed.wraps[2].bytes = flipped(maker, sealed.wraps[2].bytes, 40);
	add_invalid(maker, "sealed wrap changed", "advisory-open", encoded(maker, &sealed),
		    KAI_FAULT_WRAP);
}

/* Signed as it is, whatever is wrong with it. */
static struct kai_span signed_bundle(struct maker *maker, const struct kai_bundle *bundle,
				     const uint8_t *key, const uint8_t *secret)
{
	struct kai_bundle_file file = {
		.body = kai_object_encode_in(&kai_object_bundle, bundle, &maker->arena)};
	uint8_t digest[32];

	assert(file.body.len > 0);
	kai_hash(KAI_CTX_BUNDLE, bundle->realm, file.body, digest);
	memcpy(file.key, key, 32);
	kai_sign(KAI_CTX_BUNDLE, bundle->realm, digest, secret, file.sig);
	return kai_object_encode_in(&kai_object_bundle_file, &file, &maker->arena);
}

static void bundles(struct maker *maker, const struct carried *item)
{
	const struct person *alice = &maker->alice;
	struct carried sealed = *item;
	struct kai_span card = alice->card;
	uint64_t heard[2] = {VECTOR_NOW / 1000 - 60, VECTOR_NOW / 1000};
	struct kai_bundle bundle = {.version = 1,
				    .number = VECTOR_NOW / 1000 + 120,
				    .cards = &card,
				    .cards_count = 1,
				    .advisories = &sealed.advisory,
				    .advisories_count = 1,
				    .heard = heard,
				    .heard_count = 2};
	struct kai_bundle good, bad;

	seal_wraps(maker, &sealed);
	memcpy(bundle.from, alice->root, 32);
	memcpy(bundle.to, maker->bob.root, 32);
	word_bytes("digest of an agreement", bundle.agreement);
	good = bundle;
	struct kai_span bytes = signed_bundle(maker, &good, alice->duty, alice->duty_secret);

	add_valid(maker, row("bundle from Alice to Bob", "bundle", bytes));
	add_invalid(maker, "bundle changed after signing", "bundle",
		    flipped(maker, bytes, offset_of(bytes, "pow")), KAI_FAULT_SIGNATURE);
	add_invalid(maker, "bundle cut in the middle", "bundle", kai_span(bytes.at, bytes.len / 2),
		    KAI_FAULT_TRUNCATED);
	add_invalid(maker, "bundle from Alice signed by Bob", "bundle",
		    signed_bundle(maker, &good, maker->bob.duty, maker->bob.duty_secret),
		    KAI_FAULT_KEY);
	bad = good;
	bad.number = VECTOR_NOW / 1000 - 2 * VECTOR_YEAR / 1000;
	add_invalid(maker, "bundle of before its key", "bundle",
		    signed_bundle(maker, &bad, alice->duty, alice->duty_secret),
		    KAI_FAULT_KEY_WINDOW);
	bad = good;
	bad.version = 2;
	add_invalid(maker, "bundle of version 2", "bundle",
		    signed_bundle(maker, &bad, alice->duty, alice->duty_secret), KAI_FAULT_VERSION);
	bad = good;
	memcpy(bad.to, bad.from, 32);
	add_invalid(maker, "bundle for its writer", "bundle",
		    signed_bundle(maker, &bad, alice->duty, alice->duty_secret), KAI_FAULT_MEANING);
	heard[0] = heard[1];
	add_invalid(maker, "bundle that hears a number twice", "bundle",
		    signed_bundle(maker, &good, alice->duty, alice->duty_secret),
		    KAI_FAULT_UNORDERED);
	heard[0]--;
	sealed.wraps[1] = item->wraps[1];
	add_invalid(maker, "bundle with a wrap of a link", "bundle",
		    signed_bundle(maker, &good, alice->duty, alice->duty_secret),
		    KAI_FAULT_MEANING);
}

static void tree_advisory(struct maker *maker, const struct carried *item)
{
	struct carried tree = *item;
	struct kai_tree_path path = {.leaf = 2};
	uint8_t sibling[2][32], index[8] = {0, 0, 0, 0, 0, 0, 0, 2}, node[32], above[32];

	word_bytes("sibling 0", sibling[0]);
	word_bytes("sibling 1", sibling[1]);
	word_bytes("salt of the leaf", node);
	memcpy(path.salt, node, 16);
	path.hashes = sibling;
	path.hashes_count = 2;
	const struct kai_span leaf[] = {kai_span(path.salt, 16), kai_span(index, 8),
					kai_span(item->built.id, 32)};

	kai_hash_many(KAI_CTX_TREE_LEAF, kai_realm_live, leaf, 3, node);
	const struct kai_span first[] = {kai_span(node, 32), kai_span(sibling[0], 32)};

	kai_hash_many(KAI_CTX_TREE_NODE, kai_realm_live, first, 2, above);
	const struct kai_span second[] = {kai_span(sibling[1], 32), kai_span(above, 32)};

	kai_hash_many(KAI_CTX_TREE_NODE, kai_realm_live, second, 2, node);
	tree.signature.path = &path;
	kai_sign(KAI_CTX_TREE_ROOT, kai_realm_live, node, maker->alice.duty_secret,
		 tree.signature.sig);
	tree.advisory.signatures = &tree.signature;
	json_t *vector =
		row("advisory signed over a tree of four", "advisory", encoded(maker, &tree));

	json_object_set_new(vector, "id", hex_id(item->built.id));
	add_valid(maker, vector);
	path.leaf = 4;
	add_invalid(maker, "tree path with a leaf outside its tree", "advisory",
		    encoded(maker, &tree), KAI_FAULT_SIGNATURE);
	path.leaf = 3;
	add_invalid(maker, "tree path of another leaf", "advisory", encoded(maker, &tree),
		    KAI_FAULT_SIGNATURE);
}

static void broken_headers(struct maker *maker, const struct carried *item)
{
	struct kai_header header = item->header;
	struct kai_part_entry parts[3];
	struct kai_audience_entry swapped[2] = {header.label.audience[1], header.label.audience[0]};

	header.version = 2;
	add_invalid(maker, "header of version 2", "advisory", with_header(maker, item, &header),
		    KAI_FAULT_VERSION);
	header = item->header;
	header.label.tlp = 6;
	add_invalid(maker, "label with an unknown TLP", "advisory",
		    with_header(maker, item, &header), KAI_FAULT_LABEL);
	header = item->header;
	header.label.audience_count = 0;
	add_invalid(maker, "AMBER without an audience", "advisory",
		    with_header(maker, item, &header), KAI_FAULT_LABEL);
	header.label.tlp = KAI_TLP_CLEAR;
	header.label.audience_count = 2;
	add_invalid(maker, "CLEAR with an audience", "advisory", with_header(maker, item, &header),
		    KAI_FAULT_LABEL);
	header = item->header;
	header.label.tlp = KAI_TLP_RED;
	add_invalid(maker, "RED for a community", "advisory", with_header(maker, item, &header),
		    KAI_FAULT_LABEL);
	header = item->header;
	header.label.audience = swapped;
	add_invalid(maker, "audience out of order", "advisory", with_header(maker, item, &header),
		    KAI_FAULT_LABEL);
	header = item->header;
	header.kind = 200;
	add_invalid(maker, "unknown kind", "advisory", with_header(maker, item, &header),
		    KAI_FAULT_MEANING);
	header = item->header;
	header.revision = 2;
	add_invalid(maker, "revision 2 without a thread", "advisory",
		    with_header(maker, item, &header), KAI_FAULT_MEANING);
	header = item->header;
	header.not_after = header.created_at;
	add_invalid(maker, "expires when it is made", "advisory", with_header(maker, item, &header),
		    KAI_FAULT_MEANING);
	header = item->header;
	memcpy(parts, header.parts, sizeof(parts));
	parts[2].name = parts[1].name;
	header.parts = parts;
	add_invalid(maker, "two parts of one name", "advisory", with_header(maker, item, &header),
		    KAI_FAULT_MEANING);
}

static void broken_advisories(struct maker *maker, const struct carried *item)
{
	struct carried bad = *item;
	struct kai_span whole = encoded(maker, item);
	struct kai_span cipher = item->parts[0].ciphertext;

	add_invalid(maker, "advisory cut in the middle", "advisory",
		    kai_span(whole.at, whole.len / 2), KAI_FAULT_TRUNCATED);
	bad.advisory.header =
		flipped(maker, item->built.header, offset_of(item->built.header, "pow"));
	add_invalid(maker, "header changed after signing", "advisory", encoded(maker, &bad),
		    KAI_FAULT_SIGNATURE);
	bad = *item;
	bad.advisory.parts = bad.parts;
	bad.parts[0].ciphertext = flipped(maker, cipher, 100);
	add_invalid(maker, "ciphertext changed", "advisory", encoded(maker, &bad), KAI_FAULT_HASH);
	bad.parts[0].ciphertext = item->parts[1].ciphertext;
	bad.parts[1].ciphertext = cipher;
	add_invalid(maker, "ciphertexts swapped between parts", "advisory", encoded(maker, &bad),
		    KAI_FAULT_HASH);
	bad = *item;
	bad.advisory.parts = bad.parts;
	bad.parts[1].index = 0;
	add_invalid(maker, "one part twice", "advisory", encoded(maker, &bad), KAI_FAULT_UNORDERED);
	bad = *item;
	bad.advisory.wraps = bad.wraps;
	bad.wraps[0].bytes = flipped(maker, bad.wraps[0].bytes, 3);
	add_invalid(maker, "wrap changed", "advisory-open", encoded(maker, &bad), KAI_FAULT_WRAP);
	bad.wraps[0].bytes = item->wraps[1].bytes;
	add_invalid(maker, "wrap of another part", "advisory-open", encoded(maker, &bad),
		    KAI_FAULT_WRAP);
	bad = *item;
	memcpy(bad.signature.key, maker->bob.duty, 32);
	kai_sign(KAI_CTX_ADVISORY, kai_realm_live, bad.built.id, maker->bob.duty_secret,
		 bad.signature.sig);
	bad.advisory.signatures = &bad.signature;
	add_invalid(maker, "signed with a key that is not the origin's", "advisory-open",
		    encoded(maker, &bad), KAI_FAULT_KEY);
}

/* ---- frames and text */

static void frames(struct maker *maker, const struct carried *item)
{
	struct kai_push push = {.advisory = item->advisory, .offered = 7};
	struct kai_ping ping = {.answer = true};
	struct kai_bye bye = {.reason = kai_span_str("stopping")};
	struct kai_span frame;
	uint8_t *huge = kai_arena_take(&maker->arena, KAI_MAX_FRAME + 1);

	assert(huge != NULL);
	frame = kai_frame_encode(KAI_MSG_PUSH, &push, &maker->arena);
	add_valid(maker, row("push", "frame", frame));
	add_valid(maker,
		  row("ping", "frame", kai_frame_encode(KAI_MSG_PING, &ping, &maker->arena)));
	frame = kai_frame_encode(KAI_MSG_BYE, &bye, &maker->arena);
	add_valid(maker, row("bye", "frame", frame));
	add_invalid(maker, "frame of version 2", "frame", kai_span("\x93\x02\x0e\xa0", 4),
		    KAI_FAULT_VERSION);
	add_invalid(maker, "frame of an unknown type", "frame", kai_span("\x93\x01\x63\xa0", 4),
		    KAI_FAULT_UNKNOWN_TYPE);
	add_invalid(maker, "frame with a field too many", "frame",
		    kai_span("\x94\x01\x0e\xa0\xc0", 5), KAI_FAULT_COUNT);
	add_invalid(maker, "frame with a long length form", "frame",
		    kai_span("\x93\x01\x0e\xd9\x01x", 6), KAI_FAULT_NOT_MINIMAL);
	add_invalid(maker, "frame with bad UTF-8", "frame", kai_span("\x93\x01\x0e\xa2\xc3(", 6),
		    KAI_FAULT_UTF8);
	add_invalid(maker, "frame with bin for str", "frame", kai_span("\x93\x01\x0e\xc4\x00", 5),
		    KAI_FAULT_TYPE);
	add_invalid(maker, "frame that claims a hundred million elements", "frame",
		    kai_span("\xdd\x05\xf5\xe1\x00", 5), KAI_FAULT_COUNT);
	add_invalid(maker, "empty frame", "frame", kai_span(NULL, 0), KAI_FAULT_TRUNCATED);
	memcpy(huge, frame.at, frame.len);
	json_array_append_new(maker->invalid,
			      json_pack("{s:s, s:s, s:s, s:i, s:s}", "name",
					"frame beyond the largest size", "what", "frame", "hex", "",
					"zeros", KAI_MAX_FRAME + 1, "fault",
					kai_fault_name(KAI_FAULT_OVERSIZE)));
}

static void armour(struct maker *maker)
{
	static const char type[] = "KAIRAN CARD";
	size_t cap = kai_armour_len(maker->alice.card.len);
	char *text = malloc(cap);
	char *checksum;

	assert(text != NULL);
	kai_armour(type, maker->alice.card, text, cap);
	add_valid(maker,
		  json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", "card in armour", "what", "armour",
			    "type", type, "text", text, "hex", hex(maker->alice.card)));
	checksum = strstr(text, "\n=") + 2;
	*checksum = *checksum == 'a' ? 'b' : 'a';
	json_array_append_new(maker->invalid,
			      json_pack("{s:s, s:s, s:s, s:s, s:s}", "name",
					"armour with a wrong checksum", "what", "armour", "type",
					type, "text", text, "fault",
					kai_fault_name(KAI_FAULT_CHECKSUM)));
	free(text);
}

int main(void)
{
	static uint8_t memory[MEMORY];
	struct maker maker = {.arena = {memory, sizeof(memory), 0, false},
			      .valid = json_array(),
			      .invalid = json_array()};
	json_t *top = json_object();
	struct carried item;

	if (sodium_init() < 0)
		return 1;
	person_make(&maker.alice, "Alice Electric", "JP", &maker.arena);
	person_make(&maker.bob, "Bob Grid", "JP", &maker.arena);
	json_object_set_new(
		top, "note",
		json_string(
			"Made by tests/vectors/make.c. The secrets are public: never use them."));
	json_object_set_new(top, "people",
			    json_pack("[o, o]", person_row(&maker.alice), person_row(&maker.bob)));
	hashes(&maker, top);
	cards(&maker);
	statements(&maker);
	memberships(&maker);
	agreements(&maker);
	carry(&maker, &item);
	valid_advisory(&maker, &item);
	sealed_advisory(&maker, &item);
	bundles(&maker, &item);
	tree_advisory(&maker, &item);
	broken_headers(&maker, &item);
	broken_advisories(&maker, &item);
	frames(&maker, &item);
	armour(&maker);
	json_object_set_new(top, "valid", maker.valid);
	json_object_set_new(top, "invalid", maker.invalid);
	if (json_dumpf(top, stdout, JSON_INDENT(1)) != 0)
		return 1;
	(void)printf("\n");
	json_decref(top);
	return 0;
}
