/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store tells the decision of two orgs: which agreement counts and in what state, whose
 * memberships.
 */
#include "house.h"
#include "kairan/rec.h"

#include <string.h>

/* ---- agreements */

static enum kai_agreement_state state_at(struct house *house, uint64_t now)
{
	return house_load(house, now).state;
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
	struct kai_pair pair = house_load(*state, NOW);

	assert_false(pair.has_terms);
	assert_int_equal(pair.state, KAI_STATE_NONE);
	assert_int_equal(pair.member_count, 0);
	assert_int_equal(pair.peer, 1);
}

static void test_window(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = house_terms(house);
	uint8_t digest[KAI_ID_LEN];

	house_agreement(house, &terms, BOTH, digest);
	assert_int_equal(state_at(house, terms.valid_from - 1), KAI_STATE_FUTURE);
	assert_int_equal(state_at(house, terms.valid_from), KAI_STATE_ACTIVE);
	assert_int_equal(state_at(house, terms.valid_until - 1), KAI_STATE_ACTIVE);
	assert_int_equal(state_at(house, terms.valid_until), KAI_STATE_EXPIRED);
	assert_memory_equal(house_load(house, NOW).agreement.digest, digest, KAI_ID_LEN);
}

static void test_one_signature_proposes(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = house_terms(house);
	uint8_t digest[KAI_ID_LEN];

	house_agreement(house, &terms, MINE_ONLY, digest);
	assert_int_equal(state_at(house, NOW), KAI_STATE_PROPOSED);
}

static void test_notices(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = house_terms(house);
	uint8_t digest[KAI_ID_LEN];
	uint8_t before[KAI_ID_LEN];

	house_agreement(house, &terms, BOTH, digest);
	memcpy(before, house_load(house, NOW).digest, KAI_ID_LEN);
	put_notice(house, &house->other, digest, KAI_NOTICE_SUSPEND);
	assert_int_equal(state_at(house, NOW), KAI_STATE_SUSPENDED);
	assert_memory_not_equal(house_load(house, NOW).digest, before, KAI_ID_LEN);
	put_notice(house, &house->other, digest, KAI_NOTICE_RESUME);
	assert_int_equal(state_at(house, NOW), KAI_STATE_ACTIVE);
	/* Not as before: the other end may have refused something meanwhile. */
	assert_memory_not_equal(house_load(house, NOW).digest, before, KAI_ID_LEN);
	memcpy(before, house_load(house, NOW).digest, KAI_ID_LEN);
	assert_memory_equal(house_load(house, NOW).digest, before, KAI_ID_LEN);
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
	struct kai_terms terms = house_terms(house);
	uint8_t first[KAI_ID_LEN], digest[KAI_ID_LEN], low[KAI_ID_LEN];

	house_agreement(house, &terms, BOTH, first);
	terms.serial++; /* newer, but not yet agreed */
	house_agreement(house, &terms, MINE_ONLY, digest);
	assert_memory_equal(house_load(house, NOW).agreement.digest, first, KAI_ID_LEN);
	terms.valid_from = NOW + 1; /* newer, agreed, from later on */
	house_agreement(house, &terms, BOTH, digest);
	assert_memory_equal(house_load(house, NOW).agreement.digest, first, KAI_ID_LEN);
	assert_memory_equal(house_load(house, NOW + 1).agreement.digest, digest, KAI_ID_LEN);
	terms.retention_days = 7; /* the same serial: the lower digest, whichever came first */
	house_agreement(house, &terms, BOTH, low);
	if (memcmp(digest, low, KAI_ID_LEN) < 0)
		memcpy(low, digest, KAI_ID_LEN);
	assert_memory_equal(house_load(house, NOW + 1).agreement.digest, low, KAI_ID_LEN);
	/* a suspended one does not give way to an older one */
	put_notice(house, &house->me, low, KAI_NOTICE_SUSPEND);
	assert_int_equal(state_at(house, NOW + 1), KAI_STATE_SUSPENDED);
	/* when none is in force, the newest */
	assert_int_equal(state_at(house, terms.valid_until), KAI_STATE_EXPIRED);
	assert_int_equal(house_load(house, terms.valid_until).agreement.terms.serial, terms.serial);
}

/* What one side says alone never counts before what both signed, not even after its end: nothing came under it. */
static void test_a_proposal_shadows_nothing(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = house_terms(house);
	uint8_t agreed[KAI_ID_LEN], proposed[KAI_ID_LEN];
	struct kai_pair pair;

	terms.valid_until = NOW;
	house_agreement(house, &terms, BOTH, agreed);
	terms.serial++;
	terms.valid_until = NOW + KAI_MS_DAY;
	house_agreement(house, &terms, MINE_ONLY, proposed);
	for (uint64_t now = NOW - 1; now <= NOW + 1; now++) {
		pair = house_load(house, now);
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
	assert_false(house_load(house, NOW).has_terms);
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
	struct kai_terms terms = house_terms(house);
	const struct kai_membership plain = {.valid_until = 0};
	const struct kai_membership newer = {.number = 2};
	const struct kai_membership withdrawn = {.withdrawn = true};
	uint8_t digest[KAI_ID_LEN], without[KAI_ID_LEN];

	recognise(house, &terms.a_to_b);
	recognise(house, &terms.b_to_a);
	house_agreement(house, &terms, BOTH, digest);
	put_member(house, &house->keeper, &house->other, &plain);
	/* the keeper's card is not here */
	assert_int_equal(house_load(house, NOW).member_count, 0);
	memcpy(without, house_load(house, NOW).digest, KAI_ID_LEN);
	house_card(house, &house->keeper, false);
	struct kai_pair pair = house_load(house, NOW);

	assert_int_equal(pair.member_count, 1); /* once, though both directions recognise it */
	assert_memory_equal(pair.members[0].org, house->other.root, KAI_ID_LEN);
	assert_memory_equal(pair.members[0].keeper, house->keeper.root, KAI_ID_LEN);
	assert_true(kai_span_equal(pair.members[0].name, kai_span_str("power")));
	assert_memory_not_equal(pair.digest, without, KAI_ID_LEN);
	/* A newer statement of the same: the other end may have known of a withdrawal between. */
	put_member(house, &house->keeper, &house->other, &newer);
	assert_int_equal(house_load(house, NOW).member_count, 1);
	assert_memory_not_equal(house_load(house, NOW).digest, pair.digest, KAI_ID_LEN);
	put_member(house, &house->keeper, &house->other, &plain);
	assert_memory_equal(house_load(house, NOW).digest, pair.digest, KAI_ID_LEN);
	assert_int_equal(house_load(house, VECTOR_NOW + KAI_MS_DAY - 1).member_count, 1);
	assert_int_equal(house_load(house, VECTOR_NOW + KAI_MS_DAY).member_count, 0);
	put_member(house, &house->keeper, &house->me, &plain);
	assert_int_equal(house_load(house, NOW).member_count, 2);
	put_member(house, &house->keeper, &house->other, &withdrawn);
	assert_int_equal(house_load(house, NOW).member_count, 1);
	put_member(house, &house->other, &house->other, &plain); /* says so itself */
	assert_int_equal(house_load(house, NOW).member_count, 1);
	house_card(house, &house->keeper, true); /* contradicts itself */
	assert_int_equal(house_load(house, NOW).member_count, 0);
}

static void test_members_not_recognised(void **state)
{
	struct house *house = *state;
	struct kai_terms terms = house_terms(house);
	const struct kai_membership plain = {.valid_until = 0};
	uint8_t digest[KAI_ID_LEN];

	house_agreement(house, &terms, BOTH, digest);
	house_card(house, &house->keeper, false);
	put_member(house, &house->keeper, &house->other, &plain);
	assert_int_equal(house_load(house, NOW).member_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_CASE(test_no_agreement),
		HOUSE_CASE(test_window),
		HOUSE_CASE(test_one_signature_proposes),
		HOUSE_CASE(test_notices),
		HOUSE_CASE(test_which_agreement_counts),
		HOUSE_CASE(test_a_proposal_shadows_nothing),
		HOUSE_CASE(test_agreement_of_others),
		HOUSE_CASE(test_members),
		HOUSE_CASE(test_members_not_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
