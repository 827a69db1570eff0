/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store tells the decision of an item: which releases, how narrowly it came, where a
 * retraction's target went; and the decision on these facts, from both ends.
 */
#include "house.h"
#include "kairan/rec.h"

#include <string.h>

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
	struct kai_terms terms = house_terms(house);
	uint8_t narrow[KAI_ID_LEN], wide[KAI_ID_LEN];
	uint64_t own = put_item(house, &house->me, KAI_ITEM_OWN, &header);
	uint64_t got = put_item(house, &house->keeper, 0, &header);

	assert_int_equal(overlay_of(house, own), KAI_ONWARD_ANY);
	assert_int_equal(overlay_of(house, got), KAI_ONWARD_NONE); /* from nowhere: nowhere */
	narrow_towards_me(house, &terms, KAI_ONWARD_CONSTITUENCY);
	house_agreement(house, &terms, BOTH, narrow);
	put_supply(house, got, 1, narrow);
	assert_int_equal(overlay_of(house, got), KAI_ONWARD_CONSTITUENCY);
	terms.serial++;
	narrow_towards_me(house, &terms, KAI_ONWARD_COMMUNITY);
	house_agreement(house, &terms, BOTH, wide);
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
	house_card(house, &house->me, true);
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
	struct kai_terms terms = house_terms(house);
	struct kai_wall now = {NOW};
	struct kai_verdict sent[KAI_MAX_PARTS], received[KAI_MAX_PARTS];
	struct kai_item_facts item;
	struct kai_pair there;
	struct kai_facts facts;
	struct kai_header header;
	uint8_t digest[KAI_ID_LEN];
	uint32_t out = 0, in = 0;

	house_agreement(house, &terms, BOTH, digest);
	uint64_t arrival = put_item(house, &house->me, KAI_ITEM_OWN, &header);

	assert_true(kai_item_facts_load(house->txn, arrival, &house->arena, &item));
	read_labels(house, &item);
	struct kai_pair here = house_load(house, NOW);

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
	struct kai_terms terms = house_terms(house);
	struct kai_wall end = {(int64_t)terms.valid_until};
	struct kai_item_facts item;
	struct kai_header header;
	struct kai_facts facts;
	uint8_t digest[KAI_ID_LEN];

	house_agreement(house, &terms, BOTH, digest);
	uint64_t arrival = put_item(house, &house->me, KAI_ITEM_OWN, &header);

	assert_true(kai_item_facts_load(house->txn, arrival, &house->arena, &item));
	struct kai_pair pair = house_load(house, terms.valid_until);

	kai_facts_init(&facts, &pair, &item, true, end);
	assert_int_equal(facts.expired_at.ms, end.ms);
	assert_int_equal(kai_policy_decide(&facts).rule, KAI_RULE_AGREEMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_CASE(test_overlay),	HOUSE_CASE(test_releases),
		HOUSE_CASE(test_target_passed), HOUSE_CASE(test_both_ends_agree),
		HOUSE_CASE(test_expired_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
