/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <sodium.h>
#include <string.h>

#include "kairan/rec.h"
#include "kairan/receipt.h"

#define NOW 1700000000000u
#define LATER (NOW + 86400000u)

static struct world_key key_of(uint8_t seed_byte)
{
	struct world_key key;
	uint8_t seed[32];

	memset(seed, seed_byte, sizeof(seed));
	assert_int_equal(crypto_sign_seed_keypair(key.key, key.secret, seed), 0);
	return key;
}

/* Encodes a body and signs it. */
static struct kai_span sign(struct world *world, enum kai_ctx ctx, const struct kai_object *object,
			    const void *body, const struct world_key *key)
{
	struct kai_arena *arena = &world->fix->arena;
	struct kai_span bytes = kai_object_encode_in(object, body, arena);

	assert_true(bytes.len > 0);
	bytes = kai_signed_make(ctx, bytes, key->key, key->secret, arena);
	assert_true(bytes.len > 0);
	return bytes;
}

/* ---- trust ----------------------------------------------------------------------------------- */

static void put_card(struct world *world, const struct world_org *org)
{
	struct kai_card_key key = {
		.use = KAI_KEY_SIGN, .role = KAI_ROLE_DECIDER, .not_after = LATER};
	struct kai_card card = {.version = 1, .serial = 10, .issued_at = 1, .valid_until = LATER};
	struct kai_card_rec rec = {.how = KAI_CARD_FINGERPRINT};
	struct kai_key at = kai_key_card(org->root.key, card.serial);

	memcpy(key.key, org->decider.key, KAI_ID_LEN);
	memcpy(card.org, org->root.key, KAI_ID_LEN);
	card.name = kai_span_str("An organisation");
	card.country = kai_span_str("JP");
	card.keys = &key;
	card.keys_count = 1;
	rec.bytes = sign(world, KAI_CTX_CARD, &kai_object_card, &card, &org->root);
	kai_rec_put(world->txn, KAI_TABLE_CARDS, &at, &kai_object_card_rec, &rec);
}

static void put_record(struct world *world, const struct world_org *org)
{
	struct kai_node_key key = {.key = {9}, .not_after = LATER};
	struct kai_node_record record = {
		.version = 1, .serial = 10, .issued_at = 1, .valid_until = LATER};
	struct kai_record_rec rec = {.at = 1};
	struct kai_key at = kai_key_bytes(org->root.key, KAI_ID_LEN);

	memcpy(record.org, org->root.key, KAI_ID_LEN);
	record.keys = &key;
	record.keys_count = 1;
	rec.bytes = sign(world, KAI_CTX_NODE_RECORD, &kai_object_node_record, &record, &org->root);
	kai_rec_put(world->txn, KAI_TABLE_RECORDS, &at, &kai_object_record_rec, &rec);
}

static void fill_party(const struct world_org *org, struct kai_party *party)
{
	memcpy(party->org, org->root.key, KAI_ID_LEN);
	party->name = kai_span_str("An organisation");
	party->country = kai_span_str("JP");
}

static void fill_direction(uint64_t *kinds, struct kai_span *sectors, struct kai_direction *ret)
{
	ret->kinds = kinds;
	ret->kinds_count = 1;
	ret->sectors = sectors;
	ret->sectors_count = 1;
	ret->ceiling = KAI_TLP_AMBER;
	ret->onward = KAI_ONWARD_ANY;
	ret->attribution = KAI_ATTR_NAMED;
}

static struct kai_span make_agreement(struct world *world, uint8_t ret_digest[KAI_ID_LEN])
{
	bool lower = memcmp(world->me.root.key, world->other.root.key, KAI_ID_LEN) < 0;
	uint64_t kinds[] = {KAI_KIND_SECINFO};
	struct kai_span sectors[] = {kai_span_str("*")};
	struct kai_terms terms = {.version = 1, .serial = 1, .signers = 1};
	struct kai_arena *arena = &world->fix->arena;
	struct kai_agreement_read read;

	terms.valid_from = 1;
	terms.valid_until = LATER;
	fill_party(lower ? &world->me : &world->other, &terms.a);
	fill_party(lower ? &world->other : &world->me, &terms.b);
	fill_direction(kinds, sectors, &terms.a_to_b);
	fill_direction(kinds, sectors, &terms.b_to_a);
	struct kai_span bytes = kai_object_encode_in(&kai_object_terms, &terms, arena);

	assert_true(bytes.len > 0);
	kai_agreement_digest(bytes, ret_digest);
	struct kai_span one =
		kai_agreement_sign(bytes, NULL, world->me.root.key, world->me.decider.key,
				   world->me.decider.secret, arena);

	assert_int_equal(kai_agreement_open(one, NULL, NULL, arena, &read), KAI_FAULT_NONE);
	return kai_agreement_sign(bytes, read.agreement.signatures, world->other.root.key,
				  world->other.decider.key, world->other.decider.secret, arena);
}

static void put_agreement(struct world *world)
{
	struct kai_agree_rec rec = {.at = 1};
	struct kai_notice notice = {
		.version = 1, .number = 1, .action = KAI_NOTICE_RESUME, .at = NOW};
	struct kai_key at;

	rec.bytes = make_agreement(world, notice.agreement);
	assert_true(rec.bytes.len > 0);
	at = kai_key_two(world->other.root.key, notice.agreement);
	kai_rec_put(world->txn, KAI_TABLE_AGREEMENTS, &at, &kai_object_agree_rec, &rec);
	memcpy(notice.org, world->other.root.key, KAI_ID_LEN);
	at = kai_key_two(notice.agreement, notice.org);
	kai_txn_put(
		world->txn, KAI_TABLE_NOTICES, kai_key_span(&at),
		sign(world, KAI_CTX_NOTICE, &kai_object_notice, &notice, &world->other.decider));
}

static void put_membership(struct world *world)
{
	struct kai_membership member = {
		.version = 1, .number = 1, .valid_from = NOW, .valid_until = LATER};
	struct kai_member_rec rec = {.at = 1};
	struct kai_key at;

	memcpy(member.keeper, world->me.root.key, KAI_ID_LEN);
	memcpy(member.org, world->other.root.key, KAI_ID_LEN);
	member.name = kai_span_str("power");
	rec.bytes = sign(world, KAI_CTX_MEMBERSHIP, &kai_object_membership, &member,
			 &world->me.decider);
	at = kai_key_member(member.keeper, member.name, member.org);
	kai_rec_put(world->txn, KAI_TABLE_MEMBERS, &at, &kai_object_member_rec, &rec);
}

static void put_peers(struct world *world)
{
	struct kai_peer peer = {.number = 0};

	memcpy(peer.org, world->me.root.key, KAI_ID_LEN);
	kai_rec_peer_put(world->txn, &peer);
	kai_rec_peer_add(world->txn, world->other.root.key, kai_span_str("other"),
			 &world->fix->arena, &peer);
}

/* ---- items ----------------------------------------------------------------------------------- */

static struct kai_header header_of(const struct world *world, bool revision)
{
	struct kai_header header = {.version = 1, .kind = KAI_KIND_SECINFO, .card_serial = 10};

	memcpy(header.origin, world->other.root.key, KAI_ID_LEN);
	header.country = kai_span_str("JP");
	header.revision = revision ? 2 : 1;
	header.thread.is = revision;
	memcpy(header.thread.id, world->first_id, KAI_ID_LEN);
	header.created_at = NOW;
	header.not_after = LATER;
	header.urgency = KAI_URGENCY_INFO;
	header.lang = kai_span_str("en");
	header.label.tlp = KAI_TLP_CLEAR;
	header.label.onward = KAI_ONWARD_ANY;
	header.label.attribution = KAI_ATTR_NAMED;
	header.label.pap = KAI_PAP_CLEAR;
	header.label.gov_share = 1;
	return header;
}

static void put_part(struct world *world, uint64_t arrival, struct kai_span ciphertext)
{
	struct kai_part part = {.opening = kai_span_str("boxed"), .ciphertext = ciphertext};
	struct kai_key at = kai_key_part(arrival, 0);

	kai_rec_put(world->txn, KAI_TABLE_PARTS, &at, &kai_object_part, &part);
}

uint64_t world_add_item(struct world *world, const struct world_key *signer, const char *text,
			bool revision)
{
	struct kai_span sectors[] = {kai_span_str("jp-ci15:gov"), kai_span_str("jp-ci15:pow")};
	uint8_t missing[1][KAI_ID_LEN] = {{0x55}};
	struct kai_header header = header_of(world, revision);
	struct kai_part_draft parts[2] = {
		{.name = kai_span_str("main"), .media_type = kai_span_str("text/plain")},
		{.name = kai_span_str("more"), .media_type = kai_span_str("text/plain")},
	};
	struct kai_signature signature = {.path = NULL};
	struct kai_item item = {.received_at = NOW, .held = 1};
	struct kai_built built;
	uint8_t entropy[32];

	header.sectors = sectors;
	header.sectors_count = 2;
	header.supersedes = missing;
	header.supersedes_count = revision ? 1 : 0;
	parts[0].content = kai_span_str(text);
	memset(entropy, text[0], sizeof(entropy));
	assert_int_equal(kai_advisory_build(&header, parts, 2, entropy, &world->fix->arena, &built),
			 KAI_FAULT_NONE);
	memcpy(signature.key, signer->key, KAI_ID_LEN);
	kai_sign(KAI_CTX_ADVISORY, kai_realm_live, built.id, signer->secret, signature.sig);
	memcpy(item.id, built.id, KAI_ID_LEN);
	item.flags = revision ? KAI_ITEM_PENDING : 0;
	item.header = built.header;
	item.signatures = &signature;
	item.signatures_count = 1;
	uint64_t arrival = kai_rec_item_add(world->txn, &item, &header);

	put_part(world, arrival, built.parts[0].ciphertext);
	if (revision) {
		struct kai_key pending = kai_key_id_arrival(missing[0], arrival);

		kai_txn_put(world->txn, KAI_TABLE_PENDING, kai_key_span(&pending),
			    kai_span(NULL, 0));
	} else {
		memcpy(world->first_id, built.id, KAI_ID_LEN);
	}
	return arrival;
}

static void put_traffic(struct world *world, uint64_t arrival)
{
	struct kai_key pair = kai_key_pair(arrival, 1);
	struct kai_supply supply = {.at = NOW};
	struct kai_released released = {.at = NOW, .state = KAI_RELEASED_STORED};
	struct kai_release release = {.version = 1, .at = NOW, .expires = LATER};
	struct kai_header header = header_of(world, false);

	(void)make_agreement(world, supply.agreement);
	memcpy(released.agreement, supply.agreement, KAI_ID_LEN);
	kai_rec_put(world->txn, KAI_TABLE_SUPPLY, &pair, &kai_object_supply, &supply);
	kai_rec_put(world->txn, KAI_TABLE_RELEASED, &pair, &kai_object_released, &released);
	memcpy(release.id, world->first_id, KAI_ID_LEN);
	release.label = header.label;
	struct kai_span bytes =
		sign(world, KAI_CTX_RELEASE, &kai_object_release, &release, &world->other.decider);
	struct kai_key at = kai_key_evidence(arrival, bytes);

	kai_txn_put(world->txn, KAI_TABLE_EVIDENCE, kai_key_span(&at), bytes);
}

/* One of ours that was closed. */
static void put_outage(struct world *world)
{
	uint64_t kinds[] = {KAI_KIND_ALERT};
	const struct kai_contingency clause = {.kinds = kinds, .kinds_count = 1, .longest_ms = 1};
	struct kai_key key = kai_key_outage(1, KAI_OUTAGE_OURS, &clause);
	const struct kai_outage outage = {
		.opened_at = NOW, .closed_at = NOW, .why = kai_span_str("returned")};

	kai_rec_put(world->txn, KAI_TABLE_OUTAGES, &key, &kai_object_outage, &outage);
}

/* One that is open, and one that was met. */
static void put_duties(struct world *world, uint64_t arrival)
{
	struct kai_duty_place place = {.arrival = arrival, .peer = 1, .target = 1};
	struct kai_duty_row row = {.action = KAI_DUTY_PASS,
				   .state = KAI_DUTY_DUE,
				   .at = NOW,
				   .within_ms = 1000,
				   .due_at = NOW + 1000,
				   .timer_at = NOW + 1000};
	struct kai_key key = kai_key_duty(&place);
	struct kai_key timer = kai_key_timer(row.timer_at, KAI_TIMER_DUTY, &key);

	kai_rec_put(world->txn, KAI_TABLE_DUTIES, &key, &kai_object_duty_row, &row);
	kai_txn_put(world->txn, KAI_TABLE_DUTIES_OPEN, kai_key_span(&key), kai_span(NULL, 0));
	kai_txn_put(world->txn, KAI_TABLE_TIMERS, kai_key_span(&timer), kai_span(NULL, 0));
	place.index = 1;
	key = kai_key_duty(&place);
	row.state = KAI_DUTY_MET;
	row.timer_at = 0;
	row.settled_at = NOW;
	kai_rec_put(world->txn, KAI_TABLE_DUTIES, &key, &kai_object_duty_row, &row);
}

/* One that is open between two rungs, one whose step is under way, and one that has ended. */
static void put_ladders(struct world *world, uint64_t arrival)
{
	struct kai_step step = {.state = KAI_STEP_DONE,
				.silence = KAI_SILENCE_OURS,
				.due_at = NOW,
				.started_at = NOW,
				.done_at = NOW,
				.starts = 1,
				.role = kai_span_str("duty"),
				.result = KAI_RESULT_NO_PROGRAM};
	struct kai_ladder ladder = {.urgency = KAI_URGENCY_NOW,
				    .at = NOW,
				    .received_ms = 1000,
				    .until = NOW + 9000,
				    .next = KAI_RUNG_RECEIVED,
				    .due_at = NOW + 1000,
				    .timer_at = NOW + 1000,
				    .steps = &step,
				    .steps_count = 1};
	struct kai_ladder_place place = {.arrival = arrival};
	struct kai_key key = kai_key_pair(arrival, 0);
	struct kai_key timer =
		kai_key_timer(ladder.timer_at | KAI_TIMER_WALL, KAI_TIMER_LADDER, &key);

	kai_rec_put(world->txn, KAI_TABLE_LADDERS, &key, &kai_object_ladder, &ladder);
	kai_txn_put(world->txn, KAI_TABLE_LADDERS_OPEN, kai_key_span(&key), kai_span(NULL, 0));
	kai_txn_put(world->txn, KAI_TABLE_TIMERS, kai_key_span(&timer), kai_span(NULL, 0));
	place.peer = 1;
	key = kai_key_pair(arrival, 1);
	step.state = KAI_STEP_STARTED;
	step.done_at = 0;
	step.result = KAI_RESULT_NONE;
	ladder.due_at = 0;
	ladder.timer_at = 0;
	ladder.next = KAI_RUNGS;
	ladder.ended_at = NOW;
	ladder.why = kai_span_str("received");
	timer = kai_key_call(ladder.urgency, &place);
	kai_rec_put(world->txn, KAI_TABLE_LADDERS, &key, &kai_object_ladder, &ladder);
	kai_txn_put(world->txn, KAI_TABLE_CALLS, kai_key_span(&timer), kai_span(NULL, 0));
}

/* The other has it, says so, and is to be told that we have it. */
static void put_receipt(struct world *world, uint64_t arrival)
{
	struct kai_receipt_entry entry = {
		.level = KAI_LEVEL_RECEIVED, .at = NOW, .role = kai_span_str("duty")};
	struct kai_receipt receipt = {
		.version = 1, .at = NOW, .entries = &entry, .entries_count = 1};
	struct kai_reached reached = {.level = KAI_LEVEL_RECEIVED, .at = NOW};
	struct kai_receipt_rec rec = {.levels = &reached, .levels_count = 1};
	struct kai_owed owed = {.levels = 1u << KAI_LEVEL_DELIVERED, .changes = 1};
	struct kai_key pair = kai_key_pair(arrival, 1);
	struct kai_key lane = kai_key_owed(1, KAI_OWED_DELIVERED, arrival);

	memcpy(entry.id, world->first_id, KAI_ID_LEN);
	memcpy(receipt.org, world->other.root.key, KAI_ID_LEN);
	memcpy(receipt.to, world->me.root.key, KAI_ID_LEN);
	struct kai_span bytes =
		kai_receipt_make(&receipt, world->other.decider.key, world->other.decider.secret,
				 &world->fix->arena, reached.statement.id);

	assert_true(bytes.len > 0);
	reached.statement.is = true;
	kai_rec_statement_hold(world->txn, reached.statement.id, 1, bytes);
	kai_rec_put(world->txn, KAI_TABLE_RECEIPTS, &pair, &kai_object_receipt_rec, &rec);
	kai_rec_put(world->txn, KAI_TABLE_OWED, &lane, &kai_object_owed, &owed);
}

/* One each way; the first item went in ours, which told what was owed of it. */
static void put_bundles(struct world *world, uint64_t arrival)
{
	struct kai_bundle_rec rec = {.at = NOW, .items = 1, .receipts = 1};
	struct kai_key pair = kai_key_pair(arrival, 1);
	struct kai_key lane = kai_key_owed(1, KAI_OWED_DELIVERED, arrival);
	struct kai_released released;
	struct kai_owed owed;

	struct kai_key out = kai_key_bundle(1, KAI_BUNDLE_OUT, 8);
	struct kai_key in = kai_key_bundle(1, KAI_BUNDLE_IN, 7);

	kai_rec_put(world->txn, KAI_TABLE_BUNDLES, &out, &kai_object_bundle_rec, &rec);
	rec.heard = true;
	kai_rec_put(world->txn, KAI_TABLE_BUNDLES, &in, &kai_object_bundle_rec, &rec);
	assert_true(kai_rec_get(world->txn, KAI_TABLE_RELEASED, &pair, &kai_object_released,
				&world->fix->arena, &released));
	released.bundle = 8;
	kai_rec_put(world->txn, KAI_TABLE_RELEASED, &pair, &kai_object_released, &released);
	assert_true(kai_rec_get(world->txn, KAI_TABLE_OWED, &lane, &kai_object_owed,
				&world->fix->arena, &owed));
	owed.bundle = 8;
	kai_rec_put(world->txn, KAI_TABLE_OWED, &lane, &kai_object_owed, &owed);
}

static void put_small_things(struct world *world)
{
	struct kai_key key = kai_key_bytes((const uint8_t *)"0123456789abcdef0123456789abcdef", 32);
	struct kai_stub stub = {.at = 1, .reason = KAI_STUB_EXPIRED};
	struct kai_source source = {.name = kai_span_str("csaf: a document")};
	struct kai_journal entry = {.at = NOW, .event = kai_span_str("test")};
	struct kai_key word = kai_key_word(KAI_META_EPOCH);

	kai_rec_put(world->txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &stub);
	kai_rec_put(world->txn, KAI_TABLE_SOURCES, &key, &kai_object_source, &source);
	kai_txn_put(world->txn, KAI_TABLE_META, kai_key_span(&word), kai_span(key.at, 16));
	word = kai_key_word(KAI_META_ORG);
	kai_txn_put(world->txn, KAI_TABLE_META, kai_key_span(&word),
		    kai_span(world->me.root.key, KAI_ID_LEN));
	kai_txn_put(world->txn, KAI_TABLE_BOOTS, kai_span(key.at, 16), kai_span(key.at, 8));
	for (unsigned i = 0; i < 3; i++)
		kai_journal_append(world->txn, &entry);
}

void world_make(struct world *world, struct fixture *fix)
{
	*world = (struct world){.fix = fix};
	world->me = (struct world_org){key_of(1), key_of(2)};
	world->other = (struct world_org){key_of(3), key_of(4)};
	world->stranger = key_of(5);
	world->txn = begin(fix, true);
	put_card(world, &world->me);
	put_card(world, &world->other);
	put_record(world, &world->other);
	put_agreement(world);
	put_membership(world);
	put_peers(world);
	uint64_t arrival = world_add_item(world, &world->other.decider, "first", false);

	put_traffic(world, arrival);
	put_duties(world, arrival);
	put_outage(world);
	put_ladders(world, arrival);
	put_receipt(world, arrival);
	put_bundles(world, arrival);
	(void)world_add_item(world, &world->other.decider, "second", true);
	kai_rec_touch(world->txn, arrival);
	put_small_things(world);
	commit(world->txn);
}
