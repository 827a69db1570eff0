/* SPDX-License-Identifier: Apache-2.0 */
/* Terms across fields, signatures of both parties, states. */
#include "test.h"

#include "../vectors/people.h"
#include "fixture.h"

#define ARENA ((size_t)4 * 1024 * 1024)

/* Terms with something of everything; lists are the case's own, to be spoilt. */
struct draft {
	struct kai_terms terms;
	uint64_t kinds[2][2];
	uint64_t duty_kinds[2], clause_kinds[1];
	struct kai_span sectors[2], party_sectors[2];
	struct kai_community communities[2];
	struct kai_duty duty;
	struct kai_audience_entry target[2];
	struct kai_ack_deadline ack;
	struct kai_contingency clause;
	uint8_t other[KAI_ID_LEN];
};

static void draft_lists(struct draft *draft)
{
	for (size_t i = 0; i < 2; i++) {
		draft->kinds[i][0] = KAI_KIND_SECINFO;
		draft->kinds[i][1] = KAI_KIND_ALERT;
	}
	draft->duty_kinds[0] = KAI_KIND_ALERT;
	draft->duty_kinds[1] = KAI_KIND_INCIDENT;
	draft->clause_kinds[0] = KAI_KIND_ALERT;
	draft->sectors[0] = kai_span_str("jp-ci15:gas");
	draft->sectors[1] = kai_span_str("jp-ci15:pow");
	memcpy(draft->party_sectors, draft->sectors, sizeof(draft->sectors));
	memset(draft->other, 0x33, KAI_ID_LEN);
	for (size_t i = 0; i < 2; i++)
		memcpy(draft->communities[i].keeper, draft->other, KAI_ID_LEN);
	draft->communities[0].name = kai_span_str("gas");
	draft->communities[1].name = kai_span_str("power");
	draft->target[0] = (struct kai_audience_entry){
		KAI_AUD_ORG, kai_span(draft->other, KAI_ID_LEN), kai_span(NULL, 0)};
	draft->target[1] = (struct kai_audience_entry){
		KAI_AUD_COMMUNITY, kai_span(draft->other, KAI_ID_LEN), kai_span_str("power")};
}

static struct kai_direction draft_direction(struct draft *draft, size_t index)
{
	return (struct kai_direction){.kinds = draft->kinds[index],
				      .kinds_count = 2,
				      .sectors = draft->sectors,
				      .sectors_count = 2,
				      .ceiling = KAI_TLP_AMBER,
				      .communities = draft->communities,
				      .communities_count = 2,
				      .onward = KAI_ONWARD_ANY,
				      .attribution = KAI_ATTR_NAMED};
}

static void draft_make(struct draft *draft)
{
	struct kai_terms *terms = &draft->terms;

	memset(draft, 0, sizeof(*draft));
	draft_lists(draft);
	*terms = (struct kai_terms){.version = 1,
				    .serial = 1,
				    .valid_from = 1000,
				    .valid_until = 2000,
				    .review_by = 1500,
				    .signers = 1,
				    .a_to_b = draft_direction(draft, 0),
				    .b_to_a = draft_direction(draft, 1),
				    .duties = &draft->duty,
				    .duties_count = 1,
				    .acks = &draft->ack,
				    .acks_count = 1,
				    .contingency = &draft->clause,
				    .contingency_count = 1,
				    .drill_consent = 2};
	memset(terms->a.org, 0x11, KAI_ID_LEN);
	memset(terms->b.org, 0x22, KAI_ID_LEN);
	terms->a.country = kai_span_str("JP");
	terms->b.country = kai_span_str("US");
	terms->a.sectors = draft->party_sectors;
	terms->a.sectors_count = 2;
	draft->duty = (struct kai_duty){.kinds = draft->duty_kinds,
					.kinds_count = 2,
					.urgency = KAI_URGENCY_NOW,
					.action = 1,
					.target = draft->target,
					.target_count = 2,
					.within_ms = 1};
	draft->ack =
		(struct kai_ack_deadline){.urgency = KAI_URGENCY_INFO, .level = 4, .within_ms = 1};
	draft->clause = (struct kai_contingency){
		.kinds = draft->clause_kinds, .kinds_count = 1, .longest_ms = 1};
	memcpy(draft->clause.from, draft->other, KAI_ID_LEN);
	memcpy(draft->clause.to, terms->b.org, KAI_ID_LEN);
}

/* X(what is spoilt, the statement, the fault) on t = terms, d = draft */
#define SPOILS(X)                                                                                  \
	X(version, t->version = 2, VERSION)                                                        \
	X(parties_swapped, memset(t->a.org, 0x44, 32), UNORDERED)                                  \
	X(parties_equal, memset(t->a.org, 0x22, 32), UNORDERED)                                    \
	X(window_empty, t->valid_until = 1000, MEANING)                                            \
	X(review_early, t->review_by = 999, MEANING)                                               \
	X(review_late, t->review_by = 2001, MEANING)                                               \
	X(drill, t->drill_consent = 3, MEANING)                                                    \
	X(contingency_of_nothing, (t->contingency_only = true, t->contingency_count = 0), MEANING) \
	X(country, t->b.country = kai_span_str("us"), MEANING)                                     \
	X(party_sector, d->party_sectors[0] = kai_span_str("pow"), MEANING)                        \
	X(party_sectors_order, d->party_sectors[1] = d->party_sectors[0], UNORDERED)               \
	X(kind_order, d->kinds[1][1] = KAI_KIND_SECINFO, UNORDERED)                                \
	X(kind_unknown, d->kinds[1][1] = 77, MEANING)                                              \
	X(sector_star_and_more, d->sectors[0] = kai_span_str("*"), MEANING)                        \
	X(ceiling_zero, t->a_to_b.ceiling = 0, LABEL)                                              \
	X(ceiling_high, t->b_to_a.ceiling = 6, LABEL)                                              \
	X(onward_zero, t->a_to_b.onward = 0, LABEL)                                                \
	X(onward_high, t->b_to_a.onward = 5, LABEL)                                                \
	X(attribution_zero, t->a_to_b.attribution = 0, LABEL)                                      \
	X(attribution_high, t->a_to_b.attribution = 4, LABEL)                                      \
	X(community_name, d->communities[0].name = kai_span_str("Gas"), MEANING)                   \
	X(community_order, d->communities[1].name = kai_span_str("gas"), UNORDERED)                \
	X(community_keeper_order, memset(d->communities[0].keeper, 0x44, 32), UNORDERED)           \
	X(duty_kinds, d->duty_kinds[1] = KAI_KIND_ALERT, UNORDERED)                                \
	X(duty_kind_unknown, d->duty_kinds[1] = 77, MEANING)                                       \
	X(duty_urgency_zero, d->duty.urgency = 0, MEANING)                                         \
	X(duty_urgency_high, d->duty.urgency = 4, MEANING)                                         \
	X(duty_action_zero, d->duty.action = 0, MEANING)                                           \
	X(duty_action_high, d->duty.action = 4, MEANING)                                           \
	X(target_sector, d->target[1].type = KAI_AUD_SECTOR, MEANING)                              \
	X(target_short_org, d->target[0].org.len = 31, MEANING)                                    \
	X(target_org_with_text, d->target[0].text = kai_span_str("x"), MEANING)                    \
	X(target_community_name, d->target[1].text = kai_span(NULL, 0), MEANING)                   \
	X(target_order, d->target[1] = d->target[0], UNORDERED)                                    \
	X(ack_urgency_zero, d->ack.urgency = 0, MEANING)                                           \
	X(ack_urgency_high, d->ack.urgency = 4, MEANING)                                           \
	X(ack_level_zero, d->ack.level = 0, MEANING)                                               \
	X(ack_level_high, d->ack.level = 5, MEANING)                                               \
	X(clause_to_stranger, memset(d->clause.to, 0x55, 32), MEANING)                             \
	X(clause_to_its_origin, memcpy(d->clause.from, d->clause.to, 32), MEANING)                 \
	X(clause_kind, d->clause_kinds[0] = 77, MEANING)

static void test_terms(void **state)
{
	struct draft draft;
	struct kai_terms *t = &draft.terms;
	struct draft *d = &draft;

	(void)state;
	draft_make(&draft);
	assert_int_equal(kai_terms_check(t), KAI_FAULT_NONE);
	d->sectors[0] = kai_span_str("*");
	t->a_to_b.sectors_count = 1;
	t->b_to_a.sectors_count = 1;
	t->review_by = 0;
	assert_int_equal(kai_terms_check(t), KAI_FAULT_NONE);
#define X(what, spoil, fault)                                                                      \
	draft_make(&draft);                                                                        \
	(void)(spoil);                                                                             \
	print_message("# %s\n", #what);                                                            \
	assert_int_equal(kai_terms_check(t), KAI_FAULT_##fault);
	SPOILS(X)
#undef X
}

static void test_sides(void **state)
{
	struct draft draft;
	const struct kai_terms *terms = &draft.terms;

	(void)state;
	draft_make(&draft);
	assert_int_equal(kai_terms_side(terms, terms->a.org), 0);
	assert_int_equal(kai_terms_side(terms, terms->b.org), 1);
	assert_int_equal(kai_terms_side(terms, draft.other), -1);
	assert_ptr_equal(kai_terms_party(terms, 0), &terms->a);
	assert_ptr_equal(kai_terms_party(terms, 1), &terms->b);
	assert_ptr_equal(kai_terms_direction(terms, 0), &terms->a_to_b);
	assert_ptr_equal(kai_terms_direction(terms, 1), &terms->b_to_a);
}

/* ---- signatures */

struct couple {
	struct kai_arena arena;
	struct person a, b, stranger;
	struct kai_card card_a, card_b;
	struct kai_span terms;
};

static struct kai_card open_card(struct couple *couple, const struct person *person)
{
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];

	assert_int_equal(kai_card_open(person->card, &couple->arena, &card, digest),
			 KAI_FAULT_NONE);
	return card;
}

static int make_couple(void **state)
{
	struct couple *couple = calloc(1, sizeof(*couple));

	assert_non_null(couple);
	couple->arena = fix_arena(ARENA);
	person_make(&couple->a, "alpha", "JP", &couple->arena);
	person_make(&couple->b, "beta", "JP", &couple->arena);
	person_make(&couple->stranger, "gamma", "JP", &couple->arena);
	if (memcmp(couple->a.root, couple->b.root, KAI_ID_LEN) > 0) {
		struct person swap = couple->a;

		couple->a = couple->b;
		couple->b = swap;
	}
	struct kai_terms terms = terms_of(&couple->a, &couple->b, &couple->arena);

	couple->terms = kai_object_encode_in(&kai_object_terms, &terms, &couple->arena);
	couple->card_a = open_card(couple, &couple->a);
	couple->card_b = open_card(couple, &couple->b);
	*state = couple;
	return 0;
}

static int part_couple(void **state)
{
	struct couple *couple = *state;

	fix_arena_done(&couple->arena);
	free(couple);
	return 0;
}

static struct kai_span sign_by(struct couple *couple, const struct person *person,
			       const struct kai_party_signature *other, bool duty)
{
	struct kai_span bytes = kai_agreement_sign(
		couple->terms, other, person->root, duty ? person->duty : person->decider,
		duty ? person->duty_secret : person->decider_secret, &couple->arena);

	assert_true(bytes.len > 0);
	return bytes;
}

static enum kai_fault open_it(struct couple *couple, struct kai_span bytes,
			      struct kai_agreement_read *ret)
{
	return kai_agreement_open(bytes, &couple->card_a, &couple->card_b, &couple->arena, ret);
}

static void test_sign_and_open(void **state)
{
	struct couple *couple = *state;
	struct kai_agreement_read read;
	uint8_t digest[KAI_ID_LEN];

	kai_agreement_digest(couple->terms, digest);
	/* whoever comes first, both end with the same bytes */
	assert_int_equal(open_it(couple, sign_by(couple, &couple->a, NULL, false), &read), 0);
	assert_int_equal(read.signed_by, 1);
	assert_memory_equal(read.digest, digest, KAI_ID_LEN);
	struct kai_span first = sign_by(couple, &couple->b, &read.agreement.signatures[0], false);

	assert_int_equal(open_it(couple, sign_by(couple, &couple->b, NULL, false), &read), 0);
	assert_int_equal(read.signed_by, 2);
	struct kai_span second = sign_by(couple, &couple->a, &read.agreement.signatures[0], false);

	assert_true(kai_span_equal(first, second));
	assert_int_equal(open_it(couple, first, &read), 0);
	assert_int_equal(read.signed_by, 3);
	/* its own earlier signature is replaced, not repeated */
	struct kai_span again = sign_by(couple, &couple->a, &read.agreement.signatures[0], false);

	assert_int_equal(open_it(couple, again, &read), 0);
	assert_int_equal(read.signed_by, 1);
}

static void test_bad_signers(void **state)
{
	struct couple *couple = *state;
	struct kai_agreement_read read;
	struct kai_span duty = sign_by(couple, &couple->a, NULL, true);
	struct kai_revocation revoked = {.since = 1};

	assert_int_equal(open_it(couple, duty, &read), KAI_FAULT_KEY_ROLE);
	assert_int_equal(kai_agreement_open(duty, NULL, NULL, &couple->arena, &read), 0);
	assert_int_equal(open_it(couple, sign_by(couple, &couple->stranger, NULL, false), &read),
			 KAI_FAULT_KEY);
	struct kai_span good = sign_by(couple, &couple->a, NULL, false);

	/* a card of the other, or one without that key */
	assert_int_equal(kai_agreement_open(good, &couple->card_b, NULL, &couple->arena, &read),
			 KAI_FAULT_KEY);
	memcpy(revoked.key, couple->a.decider, KAI_ID_LEN);
	couple->card_a.revocations = &revoked;
	couple->card_a.revocations_count = 1;
	assert_int_equal(open_it(couple, good, &read), KAI_FAULT_KEY_REVOKED);
	couple->card_a.keys_count = 0;
	assert_int_equal(open_it(couple, good, &read), KAI_FAULT_KEY);
}

/* Every byte counts: no flipped bit is accepted as an agreement by both. */
static void test_tampered(void **state)
{
	struct couple *couple = *state;
	struct kai_agreement_read read;
	struct kai_span one = sign_by(couple, &couple->a, NULL, false);

	assert_int_equal(open_it(couple, one, &read), 0);
	struct kai_span both = sign_by(couple, &couple->b, &read.agreement.signatures[0], false);
	uint8_t *copy = malloc(both.len);
	size_t mark = couple->arena.used;

	assert_non_null(copy);
	for (size_t i = 0; i < both.len; i++) {
		memcpy(copy, both.at, both.len);
		copy[i] ^= 1;
		assert_int_not_equal(open_it(couple, kai_span(copy, both.len), &read), 0);
		couple->arena.used = mark;
	}
	free(copy);
}

static void test_order_of_signatures(void **state)
{
	struct couple *couple = *state;
	struct kai_agreement_read read;

	assert_int_equal(open_it(couple, sign_by(couple, &couple->a, NULL, false), &read), 0);
	struct kai_party_signature twice[2] = {read.agreement.signatures[0],
					       read.agreement.signatures[0]};
	struct kai_agreement agreement = {
		.terms = couple->terms, .signatures = twice, .signatures_count = 2};
	struct kai_span bytes =
		kai_object_encode_in(&kai_object_agreement, &agreement, &couple->arena);

	assert_int_equal(open_it(couple, bytes, &read), KAI_FAULT_UNORDERED);
}

/* ---- state */

static void test_states(void **state)
{
	static const struct {
		int64_t now;
		uint64_t a, b;
		unsigned signed_by;
		enum kai_agreement_state state;
	} cases[] = {
		{1000, 0, 0, 3, KAI_STATE_ACTIVE},
		{1999, 0, 0, 3, KAI_STATE_ACTIVE},
		{2000, 0, 0, 3, KAI_STATE_EXPIRED},
		{999, 0, 0, 3, KAI_STATE_FUTURE},
		{1500, 0, 0, 1, KAI_STATE_PROPOSED},
		{1500, 0, 0, 2, KAI_STATE_PROPOSED},
		{1500, 0, 0, 0, KAI_STATE_PROPOSED},
		{2000, 0, 0, 1, KAI_STATE_EXPIRED},
		{1500, KAI_NOTICE_SUSPEND, 0, 3, KAI_STATE_SUSPENDED},
		{1500, 0, KAI_NOTICE_SUSPEND, 3, KAI_STATE_SUSPENDED},
		{1500, KAI_NOTICE_RESUME, 0, 3, KAI_STATE_ACTIVE},
		{1500, KAI_NOTICE_RESUME, KAI_NOTICE_SUSPEND, 3, KAI_STATE_SUSPENDED},
		{1500, 77, 0, 3, KAI_STATE_SUSPENDED},
		{2000, KAI_NOTICE_SUSPEND, 0, 3, KAI_STATE_EXPIRED},
		{1500, KAI_NOTICE_TERMINATE, 0, 3, KAI_STATE_TERMINATED},
		{2500, KAI_NOTICE_SUSPEND, KAI_NOTICE_TERMINATE, 3, KAI_STATE_TERMINATED},
		{500, 0, KAI_NOTICE_TERMINATE, 1, KAI_STATE_TERMINATED},
	};
	struct kai_agreement_read read = {.terms = {.valid_from = 1000, .valid_until = 2000}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kai_wall now = {cases[i].now};

		read.signed_by = cases[i].signed_by;
		assert_int_equal(kai_agreement_state(&read, cases[i].a, cases[i].b, now),
				 cases[i].state);
	}
	assert_string_equal(kai_agreement_state_word(KAI_STATE_SUSPENDED), "suspended");
	assert_string_equal(kai_agreement_state_word(KAI_STATE_END), "?");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, make_couple, part_couple)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms),  cmocka_unit_test(test_sides),
		CASE(test_sign_and_open),      CASE(test_bad_signers),
		CASE(test_tampered),	       CASE(test_order_of_signatures),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
