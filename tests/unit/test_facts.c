/* SPDX-License-Identifier: Apache-2.0 */
/* What the store tells the decision: which agreement counts and in what state, whose memberships,
 * which releases, how narrowly an item came, where a retraction's target went. */
#include "test.h"

#include "../vectors/people.h"
#include "fixture.h"
#include "kairan/facts.h"

#define NOW (VECTOR_NOW + 10000)

struct house {
	struct kai_store *store;
	struct kai_txn *txn;
	struct kai_arena arena;
	struct person me, other, keeper;
	struct kai_peer peer; /* the other's number */
};

static void put_card(struct house *house, const struct person *person, bool frozen)
{
	struct kai_card_rec record = {.bytes = person->card, .how = KAI_CARD_FINGERPRINT};
	struct kai_key key = kai_key_card(person->root, VECTOR_NOW / 1000);

	record.frozen = frozen;
	if (frozen)
		record.other = person->card;
	kai_rec_put(house->txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, &record);
}

static int build_house(void **state)
{
	struct house *house = calloc(1, sizeof(*house));
	struct kai_store_options options = {.read_only = false};

	assert_non_null(house);
	house->arena = fix_arena((size_t)16 * 1024 * 1024);
	person_make(&house->me, "alpha", "JP", &house->arena);
	person_make(&house->other, "beta", "JP", &house->arena);
	person_make(&house->keeper, "gamma", "JP", &house->arena);
	assert_int_equal(kai_store_open_memory(&options, &house->store), KAI_ERR_OK);
	assert_int_equal(kai_txn_begin(house->store, true, &house->txn, NULL), KAI_ERR_OK);
	kai_rec_peer_add(house->txn, house->other.root, kai_span_str("beta"), &house->arena,
			 &house->peer);
	put_card(house, &house->me, false);
	put_card(house, &house->other, false);
	*state = house;
	return 0;
}

static int leave_house(void **state)
{
	struct house *house = *state;

	assert_int_equal(kai_txn_error(house->txn), KAI_ERR_OK);
	kai_txn_abort(house->txn);
	kai_store_close(house->store);
	fix_arena_done(&house->arena);
	free(house);
	return 0;
}

/* ---- agreements */

enum signers { BOTH, MINE_ONLY };

/* Signs and stores the terms under either end's key, as both nodes would; tells the digest. */
static void put_agreement(struct house *house, const struct kai_terms *terms, enum signers signers,
			  uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_span bytes = kai_object_encode_in(&kai_object_terms, terms, &house->arena);
	struct kai_span mine = kai_agreement_sign(bytes, NULL, house->me.root, house->me.decider,
						  house->me.decider_secret, &house->arena);
	struct kai_agreement_read read;

	assert_int_equal(kai_agreement_open(mine, NULL, NULL, &house->arena, &read), 0);
	if (signers == BOTH)
		mine = kai_agreement_sign(bytes, &read.agreement.signatures[0], house->other.root,
					  house->other.decider, house->other.decider_secret,
					  &house->arena);
	struct kai_agree_rec record = {.bytes = mine};
	struct kai_key here = kai_key_two(house->other.root, read.digest);
	struct kai_key there = kai_key_two(house->me.root, read.digest);

	kai_rec_put(house->txn, KAI_TABLE_AGREEMENTS, &here, &kai_object_agree_rec, &record);
	kai_rec_put(house->txn, KAI_TABLE_AGREEMENTS, &there, &kai_object_agree_rec, &record);
	memcpy(ret_digest, read.digest, KAI_ID_LEN);
}

static struct kai_terms plain_terms(struct house *house)
{
	return terms_of(&house->me, &house->other, &house->arena);
}

static struct kai_pair load(struct house *house, uint64_t now)
{
	struct kai_pair pair;

	kai_pair_load(house->txn, house->me.root, house->other.root,
		      (struct kai_wall){(int64_t)now}, &house->arena, &pair);
	return pair;
}

static enum kai_agreement_state state_at(struct house *house, uint64_t now)
{
	return load(house, now).state;
}

static void put_notice(struct house *house, const struct person *by, const uint8_t digest[32],
		       uint64_t action)
{
	struct kai_notice notice = {
		.version = 1, .number = 1, .action = action, .at = VECTOR_NOW + 1};
	struct kai_key key = kai_key_two(digest, by->root);

	memcpy(notice.agreement, digest, KAI_ID_LEN);
	memcpy(notice.org, by->root, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_notice, &notice, &house->arena);
	struct kai_span bytes = kai_signed_make(KAI_CTX_NOTICE, body, by->decider,
						by->decider_secret, &house->arena);

	kai_txn_put(house->txn, KAI_TABLE_NOTICES, kai_key_span(&key), bytes);
}

static void test_no_agreement(void **state)
{
	struct kai_pair pair = load(*state, NOW);

	assert_false(pair.has_terms);
	assert_int_equal(pair.state, KAI_STATE_NONE);
	assert_int_equal(pair.member_count, 0);
	assert_int_equal(pair.peer, 1);
}

static void test_window(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = plain_terms(house);
	uint8_t digest[KAI_ID_LEN];

	put_agreement(house, &terms, BOTH, digest);
	assert_int_equal(state_at(house, terms.valid_from - 1), KAI_STATE_FUTURE);
	assert_int_equal(state_at(house, terms.valid_from), KAI_STATE_ACTIVE);
	assert_int_equal(state_at(house, terms.valid_until - 1), KAI_STATE_ACTIVE);
	assert_int_equal(state_at(house, terms.valid_until), KAI_STATE_EXPIRED);
	assert_memory_equal(load(house, NOW).agreement.digest, digest, KAI_ID_LEN);
}

static void test_one_signature_proposes(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = plain_terms(house);
	uint8_t digest[KAI_ID_LEN];

	put_agreement(house, &terms, MINE_ONLY, digest);
	assert_int_equal(state_at(house, NOW), KAI_STATE_PROPOSED);
}

static void test_notices(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = plain_terms(house);
	uint8_t digest[KAI_ID_LEN];
	uint8_t before[KAI_ID_LEN];

	put_agreement(house, &terms, BOTH, digest);
	memcpy(before, load(house, NOW).digest, KAI_ID_LEN);
	put_notice(house, &house->other, digest, KAI_NOTICE_SUSPEND);
	assert_int_equal(state_at(house, NOW), KAI_STATE_SUSPENDED);
	assert_memory_not_equal(load(house, NOW).digest, before, KAI_ID_LEN);
	put_notice(house, &house->other, digest, KAI_NOTICE_RESUME);
	assert_int_equal(state_at(house, NOW), KAI_STATE_ACTIVE);
	/* Not as before: the other end may have refused something meanwhile. */
	assert_memory_not_equal(load(house, NOW).digest, before, KAI_ID_LEN);
	memcpy(before, load(house, NOW).digest, KAI_ID_LEN);
	assert_memory_equal(load(house, NOW).digest, before, KAI_ID_LEN);
	put_notice(house, &house->me, digest, KAI_NOTICE_TERMINATE);
	assert_int_equal(state_at(house, NOW), KAI_STATE_TERMINATED);

	/* a notice that does not read, or speaks of something else, suspends */
	struct kai_key key = kai_key_two(digest, house->me.root);

	kai_txn_put(house->txn, KAI_TABLE_NOTICES, kai_key_span(&key), kai_span_str("?"));
	assert_int_equal(state_at(house, NOW), KAI_STATE_SUSPENDED);
}

static void test_which_agreement_counts(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = plain_terms(house);
	uint8_t first[KAI_ID_LEN], digest[KAI_ID_LEN], low[KAI_ID_LEN];

	put_agreement(house, &terms, BOTH, first);
	terms.serial++; /* newer, but not yet agreed */
	put_agreement(house, &terms, MINE_ONLY, digest);
	assert_memory_equal(load(house, NOW).agreement.digest, first, KAI_ID_LEN);
	terms.valid_from = NOW + 1; /* newer, agreed, from later on */
	put_agreement(house, &terms, BOTH, digest);
	assert_memory_equal(load(house, NOW).agreement.digest, first, KAI_ID_LEN);
	assert_memory_equal(load(house, NOW + 1).agreement.digest, digest, KAI_ID_LEN);
	terms.retention_days = 7; /* the same serial: the lower digest, whichever came first */
	put_agreement(house, &terms, BOTH, low);
	if (memcmp(digest, low, KAI_ID_LEN) < 0)
		memcpy(low, digest, KAI_ID_LEN);
	assert_memory_equal(load(house, NOW + 1).agreement.digest, low, KAI_ID_LEN);
	/* a suspended one does not give way to an older one */
	put_notice(house, &house->me, low, KAI_NOTICE_SUSPEND);
	assert_int_equal(state_at(house, NOW + 1), KAI_STATE_SUSPENDED);
	/* when none is in force, the newest */
	assert_int_equal(state_at(house, terms.valid_until), KAI_STATE_EXPIRED);
	assert_int_equal(load(house, terms.valid_until).agreement.terms.serial, terms.serial);
}

/* What one side says alone never counts before what both signed, not even after its end: nothing came under it. */
static void test_a_proposal_shadows_nothing(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = plain_terms(house);
	uint8_t agreed[KAI_ID_LEN], proposed[KAI_ID_LEN];
	struct kai_pair pair;

	terms.valid_until = NOW;
	put_agreement(house, &terms, BOTH, agreed);
	terms.serial++;
	terms.valid_until = NOW + KAI_MS_DAY;
	put_agreement(house, &terms, MINE_ONLY, proposed);
	for (uint64_t now = NOW - 1; now <= NOW + 1; now++) {
		pair = load(house, now);
		assert_memory_equal(pair.agreement.digest, agreed, KAI_ID_LEN);
		assert_int_equal(pair.state, now < NOW ? KAI_STATE_ACTIVE : KAI_STATE_EXPIRED);
	}
}

static void test_agreement_of_others(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = terms_of(&house->me, &house->keeper, &house->arena);
	uint8_t digest[KAI_ID_LEN];
	struct kai_span bytes = kai_object_encode_in(&kai_object_terms, &terms, &house->arena);
	struct kai_agree_rec record = {
		.bytes = kai_agreement_sign(bytes, NULL, house->me.root, house->me.decider,
					    house->me.decider_secret, &house->arena)};

	kai_agreement_digest(bytes, digest);
	struct kai_key key = kai_key_two(house->other.root, digest); /* filed under the wrong org */

	kai_rec_put(house->txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec, &record);
	assert_false(load(house, NOW).has_terms);
}

/* ---- memberships */

static void put_member(struct house *house, const struct person *signer, const struct person *org,
		       const struct kai_membership *change)
{
	struct kai_membership membership = *change;
	struct kai_key key = kai_key_member(house->keeper.root, kai_span_str("power"), org->root);

	membership.version = 1;
	if (membership.number == 0)
		membership.number = 1;
	membership.name = kai_span_str("power");
	memcpy(membership.keeper, house->keeper.root, KAI_ID_LEN);
	memcpy(membership.org, org->root, KAI_ID_LEN);
	if (membership.valid_until == 0) {
		membership.valid_from = VECTOR_NOW;
		membership.valid_until = VECTOR_NOW + KAI_MS_DAY;
	}
	struct kai_span body =
		kai_object_encode_in(&kai_object_membership, &membership, &house->arena);
	struct kai_member_rec record = {
		.bytes = kai_signed_make(KAI_CTX_MEMBERSHIP, body, signer->decider,
					 signer->decider_secret, &house->arena)};

	kai_rec_put(house->txn, KAI_TABLE_MEMBERS, &key, &kai_object_member_rec, &record);
}

static void recognise(struct house *house, struct kai_direction *direction)
{
	direction->communities = kai_arena_take(&house->arena, sizeof(struct kai_community));
	direction->communities_count = 1;
	memcpy(direction->communities[0].keeper, house->keeper.root, KAI_ID_LEN);
	direction->communities[0].name = kai_span_str("power");
}

static void test_members(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = plain_terms(house);
	const struct kai_membership plain = {.valid_until = 0};
	const struct kai_membership newer = {.number = 2};
	const struct kai_membership withdrawn = {.withdrawn = true};
	uint8_t digest[KAI_ID_LEN], without[KAI_ID_LEN];

	recognise(house, &terms.a_to_b);
	recognise(house, &terms.b_to_a);
	put_agreement(house, &terms, BOTH, digest);
	put_member(house, &house->keeper, &house->other, &plain);
	assert_int_equal(load(house, NOW).member_count, 0); /* the keeper's card is not here */
	memcpy(without, load(house, NOW).digest, KAI_ID_LEN);
	put_card(house, &house->keeper, false);
	struct kai_pair pair = load(house, NOW);

	assert_int_equal(pair.member_count, 1); /* once, though both directions recognise it */
	assert_memory_equal(pair.members[0].org, house->other.root, KAI_ID_LEN);
	assert_memory_equal(pair.members[0].keeper, house->keeper.root, KAI_ID_LEN);
	assert_true(kai_span_equal(pair.members[0].name, kai_span_str("power")));
	assert_memory_not_equal(pair.digest, without, KAI_ID_LEN);
	/* A newer statement of the same: the other end may have known of a withdrawal between. */
	put_member(house, &house->keeper, &house->other, &newer);
	assert_int_equal(load(house, NOW).member_count, 1);
	assert_memory_not_equal(load(house, NOW).digest, pair.digest, KAI_ID_LEN);
	put_member(house, &house->keeper, &house->other, &plain);
	assert_memory_equal(load(house, NOW).digest, pair.digest, KAI_ID_LEN);
	assert_int_equal(load(house, VECTOR_NOW + KAI_MS_DAY - 1).member_count, 1);
	assert_int_equal(load(house, VECTOR_NOW + KAI_MS_DAY).member_count, 0);
	put_member(house, &house->keeper, &house->me, &plain);
	assert_int_equal(load(house, NOW).member_count, 2);
	put_member(house, &house->keeper, &house->other, &withdrawn);
	assert_int_equal(load(house, NOW).member_count, 1);
	put_member(house, &house->other, &house->other, &plain); /* says so itself */
	assert_int_equal(load(house, NOW).member_count, 1);
	put_card(house, &house->keeper, true); /* contradicts itself */
	assert_int_equal(load(house, NOW).member_count, 0);
}

static void test_members_not_recognised(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = plain_terms(house);
	const struct kai_membership plain = {.valid_until = 0};
	uint8_t digest[KAI_ID_LEN];

	put_agreement(house, &terms, BOTH, digest);
	put_card(house, &house->keeper, false);
	put_member(house, &house->keeper, &house->other, &plain);
	assert_int_equal(load(house, NOW).member_count, 0);
}

/* ---- items */

static uint64_t put_item(struct house *house, const struct person *origin, uint64_t flags,
			 struct kai_header *ret_header)
{
	struct kai_built built = item_of(origin, &house->other, &house->arena, ret_header);
	struct kai_signature signature = sign_item(origin, &built);
	struct kai_item item = {.flags = flags,
				.held = 7,
				.header = built.header,
				.signatures = &signature,
				.signatures_count = 1};

	memcpy(item.id, built.id, KAI_ID_LEN);
	return kai_rec_item_add(house->txn, &item, ret_header);
}

static void put_supply(struct house *house, uint64_t arrival, uint16_t peer, const uint8_t *digest)
{
	struct kai_supply supply = {.parts = 1};
	struct kai_key key = kai_key_pair(arrival, peer);

	memcpy(supply.agreement, digest, KAI_ID_LEN);
	kai_rec_put(house->txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, &supply);
}

static uint64_t overlay_of(struct house *house, uint64_t arrival)
{
	struct kai_item_facts facts;

	assert_true(kai_item_facts_load(house->txn, arrival, &house->arena, &facts));
	return facts.overlay;
}

static void narrow_towards_me(struct house *house, struct kai_terms *terms, uint64_t onward)
{
	bool other_is_a = kai_id_equal(terms->a.org, house->other.root);

	(other_is_a ? &terms->a_to_b : &terms->b_to_a)->onward = onward;
}

static void test_overlay(void **state)
{
	struct house *house = *state;
	struct kai_header header;
	struct kai_terms terms = plain_terms(house);
	uint8_t narrow[KAI_ID_LEN], wide[KAI_ID_LEN];
	uint64_t own = put_item(house, &house->me, KAI_ITEM_OWN, &header);
	uint64_t got = put_item(house, &house->keeper, 0, &header);

	assert_int_equal(overlay_of(house, own), KAI_ONWARD_ANY);
	assert_int_equal(overlay_of(house, got), KAI_ONWARD_NONE); /* from nowhere: nowhere */
	narrow_towards_me(house, &terms, KAI_ONWARD_CONSTITUENCY);
	put_agreement(house, &terms, BOTH, narrow);
	put_supply(house, got, 1, narrow);
	assert_int_equal(overlay_of(house, got), KAI_ONWARD_CONSTITUENCY);
	terms.serial++;
	narrow_towards_me(house, &terms, KAI_ONWARD_COMMUNITY);
	put_agreement(house, &terms, BOTH, wide);
	assert_int_equal(overlay_of(house, got), KAI_ONWARD_CONSTITUENCY); /* as it came then */
	put_supply(house, got, 1, wide);
	assert_int_equal(overlay_of(house, got), KAI_ONWARD_COMMUNITY);
	put_supply(house, got, 9, narrow); /* a peer that nobody knows adds nothing */
	assert_int_equal(overlay_of(house, got), KAI_ONWARD_COMMUNITY);
	put_supply(house, got, 1, house->me.root); /* an agreement that is not here */
	assert_int_equal(overlay_of(house, got), KAI_ONWARD_NONE);
}

struct release_case {
	uint64_t index;
	bool duty, stranger, other_id, other_realm;
	size_t counts;
};

static void put_release(struct house *house, uint64_t arrival, const uint8_t id[KAI_ID_LEN],
			const struct release_case *what)
{
	struct kai_audience_entry entry = entry_org(&house->keeper);
	struct kai_release release = {.version = 1,
				      .index = what->index,
				      .label = label_of(KAI_TLP_AMBER, &entry, 1),
				      .at = VECTOR_NOW + 1,
				      .expires = VECTOR_NOW + 2};
	const struct person *by = what->stranger ? &house->other : &house->me;
	uint8_t key[16] = {0};

	memcpy(release.id, id, KAI_ID_LEN);
	release.id[0] ^= what->other_id ? 1 : 0;
	release.realm[0] = what->other_realm ? 1 : 0;
	struct kai_span body = kai_object_encode_in(&kai_object_release, &release, &house->arena);
	struct kai_span bytes =
		kai_signed_make(KAI_CTX_RELEASE, body, what->duty ? by->duty : by->decider,
				what->duty ? by->duty_secret : by->decider_secret, &house->arena);

	kai_put_be64(key, arrival);
	kai_txn_put(house->txn, KAI_TABLE_EVIDENCE, kai_span(key, sizeof(key)), bytes);
}

static void test_releases(void **state)
{
	static const struct release_case cases[] = {
		{.index = 1, .counts = 1},
		{.index = 3, .counts = 0}, /* three parts: 0 to 2 */
		{.index = 1, .duty = true, .counts = 0},
		{.index = 1, .stranger = true, .counts = 0},
		{.index = 1, .other_id = true, .counts = 0},
		{.index = 1, .other_realm = true, .counts = 0},
	};
	struct house *house = *state;
	struct kai_header header;
	struct kai_item_facts facts;
	uint64_t arrival = put_item(house, &house->me, KAI_ITEM_OWN, &header);

	assert_true(kai_item_facts_load(house->txn, arrival, &house->arena, &facts));
	assert_int_equal(facts.release_count, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_release(house, arrival, facts.item.id, &cases[i]);
		assert_true(kai_item_facts_load(house->txn, arrival, &house->arena, &facts));
		assert_int_equal(facts.release_count, cases[i].counts);
	}
	put_release(house, arrival, facts.item.id, &cases[0]);
	assert_true(kai_item_facts_load(house->txn, arrival, &house->arena, &facts));
	assert_int_equal(facts.releases[0].index, 1);
	assert_int_equal(facts.releases[0].expires.ms, VECTOR_NOW + 2);
	assert_int_equal(facts.releases[0].label->tlp, KAI_TLP_AMBER);
	put_card(house, &house->me, true);
	assert_true(kai_item_facts_load(house->txn, arrival, &house->arena, &facts));
	assert_int_equal(facts.release_count, 0);
}

static void put_released(struct house *house, uint64_t arrival, uint64_t how)
{
	struct kai_released released = {.state = how};
	struct kai_key key = kai_key_pair(arrival, 1);

	kai_rec_put(house->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &released);
}

static void test_target_passed(void **state)
{
	struct house *house = *state;
	struct kai_header header;
	uint64_t arrival = put_item(house, &house->me, KAI_ITEM_OWN, &header);
	struct kai_item item;
	uint8_t target[1][KAI_ID_LEN];

	assert_true(kai_rec_item(house->txn, arrival, &house->arena, &item));
	memcpy(target[0], item.id, KAI_ID_LEN);
	struct kai_header retraction = {
		.kind = KAI_KIND_RETRACT, .supersedes = target, .supersedes_count = 1};

	memcpy(retraction.origin, house->me.root, KAI_ID_LEN);
	assert_false(kai_target_passed(house->txn, &retraction, 1));
	for (uint64_t how = KAI_RELEASED_SENT; how <= KAI_RELEASED_DEFERRED; how++) {
		put_released(house, arrival, how);
		assert_int_equal(kai_target_passed(house->txn, &retraction, 1),
				 how == KAI_RELEASED_SENT || how == KAI_RELEASED_STORED);
	}
	put_supply(house, arrival, 1, house->me.root);
	assert_true(kai_target_passed(house->txn, &retraction, 1));
	put_supply(house, arrival, 0, house->me.root); /* own */
	assert_false(kai_target_passed(house->txn, &retraction, 0));
	assert_false(kai_target_passed(house->txn, &retraction, 2));
	retraction.kind = KAI_KIND_SECINFO;
	assert_false(kai_target_passed(house->txn, &retraction, 1));
	retraction.kind = KAI_KIND_RETRACT;
	retraction.origin[0] ^= 1; /* not its own */
	assert_false(kai_target_passed(house->txn, &retraction, 1));
	retraction.origin[0] ^= 1;
	target[0][0] ^= 1; /* not held */
	assert_false(kai_target_passed(house->txn, &retraction, 1));
}

/* ---- the decision on these facts, from both ends */

static void read_labels(struct house *house, struct kai_item_facts *facts)
{
	struct kai_header header;
	struct kai_built built = item_of(&house->me, &house->other, &house->arena, &header);

	for (uint8_t i = 0; i < (uint8_t)built.part_count; i++) {
		struct kai_opening opening;

		assert_int_equal(kai_object_decode(&kai_object_opening, built.parts[i].opening,
						   &house->arena, &opening),
				 KAI_FAULT_NONE);
		assert_int_equal(kai_opening_check(&facts->header, i, &opening, &house->arena,
						   &facts->part_labels[i]),
				 KAI_FAULT_NONE);
		facts->labels_known |= UINT32_C(1) << i;
	}
}

/* Header and damage name the other; facts only the community, whose member it is not. */
static void test_both_ends_agree(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = plain_terms(house);
	struct kai_wall now = {NOW};
	struct kai_verdict sent[KAI_MAX_PARTS], received[KAI_MAX_PARTS];
	struct kai_item_facts item;
	struct kai_pair there;
	struct kai_facts facts;
	struct kai_header header;
	uint8_t digest[KAI_ID_LEN];
	uint32_t out = 0, in = 0;

	put_agreement(house, &terms, BOTH, digest);
	uint64_t arrival = put_item(house, &house->me, KAI_ITEM_OWN, &header);

	assert_true(kai_item_facts_load(house->txn, arrival, &house->arena, &item));
	read_labels(house, &item);
	struct kai_pair here = load(house, NOW);

	kai_pair_load(house->txn, house->other.root, house->me.root, now, &house->arena, &there);
	kai_facts_init(&facts, &here, &item, true, now);
	assert_int_equal(kai_facts_parts(&facts, &item, &out, sent).rule, KAI_RULE_OK_ORG);
	kai_facts_init(&facts, &there, &item, false, now);
	assert_int_equal(kai_facts_parts(&facts, &item, &in, received).rule, KAI_RULE_OK_ORG);
	assert_int_equal(out, 3);
	assert_int_equal(in, out);
	for (size_t i = 0; i < KAI_MAX_PARTS; i++)
		assert_int_equal(sent[i].rule, received[i].rule);
	assert_int_equal(sent[2].rule, KAI_RULE_AUDIENCE);
	assert_int_equal(sent[3].rule, KAI_RULE_LABEL); /* there is no such part */
	item.labels_known = 1;				/* a part whose label is not known stays */
	kai_facts_init(&facts, &here, &item, true, now);
	(void)kai_facts_parts(&facts, &item, &out, NULL);
	assert_int_equal(out, 1);
}

static void test_expired_facts(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = plain_terms(house);
	struct kai_wall end = {(int64_t)terms.valid_until};
	struct kai_item_facts item;
	struct kai_header header;
	struct kai_facts facts;
	uint8_t digest[KAI_ID_LEN];

	put_agreement(house, &terms, BOTH, digest);
	uint64_t arrival = put_item(house, &house->me, KAI_ITEM_OWN, &header);

	assert_true(kai_item_facts_load(house->txn, arrival, &house->arena, &item));
	struct kai_pair pair = load(house, terms.valid_until);

	kai_facts_init(&facts, &pair, &item, true, end);
	assert_int_equal(facts.expired_at.ms, end.ms);
	assert_int_equal(kai_policy_decide(&facts).rule, KAI_RULE_AGREEMENT);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, build_house, leave_house)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_no_agreement),
		CASE(test_window),
		CASE(test_one_signature_proposes),
		CASE(test_notices),
		CASE(test_which_agreement_counts),
		CASE(test_a_proposal_shadows_nothing),
		CASE(test_agreement_of_others),
		CASE(test_members),
		CASE(test_members_not_recognised),
		CASE(test_overlay),
		CASE(test_releases),
		CASE(test_target_passed),
		CASE(test_both_ends_agree),
		CASE(test_expired_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
