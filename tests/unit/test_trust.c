/* SPDX-License-Identifier: Apache-2.0 */
/* Whose card is believed, who may introduce whom, what a revoked key leaves, and who is a member. */
#include "world.h"

#include "kairan/card.h"
#include "kairan/rec.h"

static bool card_of(struct world *world, size_t at, size_t of, struct kai_card_rec *ret,
		    struct kai_card *ret_card)
{
	struct kai_arena *arena = &world->nodes[at].arena;
	uint8_t digest[KAI_ID_LEN];
	struct kai_txn *txn = world_read(world, at);

	bool found = kai_rec_card(txn, world_org(world, of), arena, ret);

	kai_txn_abort(txn);
	if (found)
		assert_int_equal(kai_card_open(ret->bytes, arena, ret_card, digest),
				 KAI_FAULT_NONE);
	return found;
}

static uint64_t serial_of(struct world *world, size_t at, size_t of)
{
	struct kai_card_rec rec;
	struct kai_card card;

	return card_of(world, at, of, &rec, &card) ? card.serial : 0;
}

static void digest_of(struct world *world, struct kai_span card, uint8_t ret[KAI_ID_LEN])
{
	struct kai_card opened;

	assert_int_equal(kai_card_open(card, &world->nodes[0].arena, &opened, ret), KAI_FAULT_NONE);
}

static void send_card(struct world *world, size_t from, size_t to, struct kai_span card)
{
	struct kai_card_frame frame = {.what = 1, .bytes = card};

	world_forge(world, from, to, KAI_MSG_CARD, &frame);
}

static void renamed(struct kai_card *card, void *context)
{
	card->name = kai_span_str(context);
}

static struct kai_ctl_answer own_card(struct world *world, size_t at, struct kai_span card)
{
	struct kai_ctl_card_own request = {.card = card};
	struct kai_ctl_answer answer = world_ask(world, at, KAI_CONTROL_CARD_OWN, &request);

	world_settle(world);
	return answer;
}

static struct kai_ctl_answer publish(struct world *world, size_t at)
{
	struct kai_ctl_answer answer = world_news(world, at, true);

	world_wait(world, 1000);
	return answer;
}

static struct kai_party *party(struct world *world, struct world_terms *terms, size_t node)
{
	return kai_id_equal(terms->terms.a.org, world_org(world, node)) ? &terms->terms.a
									: &terms->terms.b;
}

/* 0 – 1 – 2: node 1 knows both ends, they do not know one another. */
static struct world *chain(bool may_introduce)
{
	struct world *world = world_new(3);
	struct world_terms terms;

	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	world_terms(world, &terms, 1, 2, 1);
	party(world, &terms, 1)->may_introduce = may_introduce;
	world_join(world, &terms, 1, 2);
	return world;
}

/* ---- cards ---- */

static void newer_cards_come_by_link(void **state)
{
	struct world *world = world_pair();
	uint64_t first = world->nodes[1].serial;

	(void)state;
	assert_int_equal(serial_of(world, 0, 1), first);
	world_answered(own_card(world, 1, world_card(world, 1, first + 5, NULL, NULL)), 0, "");
	assert_int_equal(serial_of(world, 0, 1), first + 5);
	/* older ones are not taken again, neither here nor there */
	send_card(world, 1, 0, world->nodes[1].card);
	assert_int_equal(serial_of(world, 0, 1), first + 5);
	world_answered(own_card(world, 1, world_card(world, 1, first + 4, NULL, NULL)), 1, "older");
	assert_int_equal(world_traced(world, 0, "peer-fault", NULL), 0);
	world_free(world);
}

static void serials_in_the_future_wait(void **state)
{
	struct world *world = world_pair();
	uint64_t edge = WORLD_START / 1000 + 86400;

	(void)state;
	send_card(world, 1, 0, world_card(world, 1, edge + 1, NULL, NULL));
	assert_int_equal(serial_of(world, 0, 1), world->nodes[1].serial);
	assert_int_equal(world_traced(world, 0, "peer-fault", "bad-time"), 1);
	send_card(world, 1, 0, world_card(world, 1, edge, NULL, NULL));
	assert_int_equal(serial_of(world, 0, 1), edge);
	/* a second later the other one is fine */
	world_wait(world, 1000);
	send_card(world, 1, 0, world_card(world, 1, edge + 1, NULL, NULL));
	assert_int_equal(serial_of(world, 0, 1), edge + 1);
	world_free(world);
}

static void other_orgs_cards_are_not_taken(void **state)
{
	struct world *world = world_new(3);
	struct world_terms terms;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	/* a stranger's, from somebody who may not introduce */
	send_card(world, 1, 0, world->nodes[2].card);
	assert_int_equal(serial_of(world, 0, 2), 0);
	assert_int_equal(world_traced(world, 0, "peer-fault", "unwanted"), 1);
	/* our own, even a newer one */
	world_wait(world, 61000);
	send_card(world, 1, 0, world_card(world, 0, world->nodes[0].serial + 9, NULL, NULL));
	assert_int_equal(serial_of(world, 0, 0), world->nodes[0].serial);
	assert_int_equal(world_traced(world, 0, "peer-fault", "unwanted"), 2);
	/* one that the root did not sign */
	uint8_t *bad = kai_arena_take(&world->nodes[1].arena, world->nodes[1].card.len);

	memcpy(bad, world->nodes[1].card.at, world->nodes[1].card.len);
	bad[world->nodes[1].card.len - 1] ^= 1;
	send_card(world, 1, 0, kai_span(bad, world->nodes[1].card.len));
	assert_int_equal(world_traced(world, 0, "peer-fault", "bad-signature"), 1);
	/* another's node record */
	struct kai_card_frame frame = {.what = 2, .bytes = world->nodes[2].record};

	world_forge(world, 1, 0, KAI_MSG_CARD, &frame);
	assert_int_equal(world_traced(world, 0, "peer-fault", "contradiction"), 1);
	world_free(world);
}

static void import_is_checked(void **state)
{
	struct world *world = world_new(3);
	struct kai_ctl_card_import request = {.card = world->nodes[1].card,
					      .alias = kai_span_str("node-1")};
	uint8_t junk[] = {1, 2, 3};

	(void)state;
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_IMPORT, &request), 0, "");
	request.card = world->nodes[2].card;
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_IMPORT, &request), 3, "alias");
	request.card = world->nodes[0].card;
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_IMPORT, &request), 3, "own");
	request.card = kai_span(junk, sizeof(junk));
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_IMPORT, &request), 3, "wrong-type");
	request.card = world->nodes[1].card;
	world->wall.ms += 901 * KAI_MS_DAY;
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_IMPORT, &request), 1, "expired");
	world->wall.ms -= 901 * KAI_MS_DAY;
	/* a new alias for the same org */
	request.alias = kai_span_str("partner");
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_IMPORT, &request), 0, "");
	request.card = world->nodes[2].card;
	request.alias = kai_span_str("node-1");
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_IMPORT, &request), 0, "");
	/* own cards: another's, none */
	world_answered(own_card(world, 0, world->nodes[1].card), 1, "contradiction");
	world_answered(own_card(world, 0, (struct kai_span){NULL, 0}), 3, "empty");
	world_free(world);
}

/* Two cards with one serial: nothing more from that org until a person decides. */
static void equivocation_freezes(void **state)
{
	struct world *world = world_pair();
	struct kai_ctl_card_resolve resolve = {0};
	struct kai_card_rec rec;
	struct kai_card card;

	(void)state;
	char name[] = "another";
	struct kai_span other = world_card(world, 1, world->nodes[1].serial, renamed, name);

	memcpy(resolve.org, world_org(world, 1), KAI_ID_LEN);
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_RESOLVE, &resolve), 1, "not-frozen");
	send_card(world, 1, 0, other);
	assert_int_equal(world_traced(world, 0, "card-equivocation", "origin-frozen"), 1);
	assert_true(card_of(world, 0, 1, &rec, &card));
	assert_true(rec.frozen);
	assert_true(kai_span_equal(rec.bytes, world->nodes[1].card));
	assert_true(kai_span_equal(rec.other, other));
	/* neither its items nor a newer card help it */
	struct kai_ctl_answer item = publish(world, 1);

	assert_false(world_holds(world, 0, item.id.id));
	send_card(world, 1, 0, world_card(world, 1, world->nodes[1].serial + 7, NULL, NULL));
	assert_int_equal(serial_of(world, 0, 1), world->nodes[1].serial);
	/* a person decides */
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_RESOLVE, &resolve), 4, "digest");
	digest_of(world, other, resolve.keep);
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_RESOLVE, &resolve), 0, "");
	assert_true(card_of(world, 0, 1, &rec, &card));
	assert_false(rec.frozen);
	assert_true(kai_span_equal(rec.bytes, other));
	/* and what was decided against does not come back */
	send_card(world, 1, 0, world->nodes[1].card);
	assert_true(card_of(world, 0, 1, &rec, &card));
	assert_false(rec.frozen);
	item = publish(world, 1);
	assert_true(world_holds(world, 0, item.id.id));
	memset(resolve.org, 9, KAI_ID_LEN);
	world_answered(world_ask(world, 0, KAI_CONTROL_CARD_RESOLVE, &resolve), 4, "no-card");
	world_free(world);
}

/* The contradiction may come after newer cards: then the person may keep either line. */
static void late_equivocation(void **state)
{
	for (int keep_other = 0; keep_other < 2; keep_other++) {
		struct world *world = world_pair();
		struct kai_ctl_card_resolve resolve = {0};
		uint64_t first = world->nodes[1].serial;

		struct kai_span newest = world_card(world, 1, first + 3, NULL, NULL);
		char name[] = "another";
		struct kai_span other = world_card(world, 1, first, renamed, name);

		send_card(world, 1, 0, newest);
		assert_int_equal(serial_of(world, 0, 1), first + 3);
		send_card(world, 1, 0, other);
		assert_int_equal(world_traced(world, 0, "card-equivocation", NULL), 1);
		memcpy(resolve.org, world_org(world, 1), KAI_ID_LEN);
		digest_of(world, keep_other ? other : newest, resolve.keep);
		world_answered(world_ask(world, 0, KAI_CONTROL_CARD_RESOLVE, &resolve), 0, "");
		assert_int_equal(serial_of(world, 0, 1), keep_other ? first : first + 3);
		world_free(world);
	}
	(void)state;
}

/* ---- introduction ---- */

static void introduces_where_agreed(void **state)
{
	struct world *world = chain(true);
	struct kai_card_rec rec;
	struct kai_card card;

	(void)state;
	struct kai_ctl_answer item = publish(world, 0);

	assert_true(world_holds(world, 1, item.id.id));
	assert_true(world_holds(world, 2, item.id.id));
	assert_true(card_of(world, 2, 0, &rec, &card));
	assert_int_equal(rec.how, KAI_CARD_INTRODUCED);
	assert_true(rec.by.is && kai_id_equal(rec.by.id, world_org(world, 1)));
	assert_true((world_flags(world, 2, item.id.id) & KAI_ITEM_INTRODUCED) != 0);
	assert_true((world_flags(world, 1, item.id.id) & KAI_ITEM_INTRODUCED) == 0);
	/* the card goes once, however many items follow */
	uint64_t cards = world->carried[KAI_MSG_CARD];

	item = publish(world, 0);
	assert_true(world_holds(world, 2, item.id.id));
	assert_int_equal(world->carried[KAI_MSG_CARD], cards);
	/* a newer one follows to whoever has items of that origin */
	world_answered(
		own_card(world, 0, world_card(world, 0, world->nodes[0].serial + 1, NULL, NULL)), 0,
		"");
	assert_int_equal(serial_of(world, 2, 0), world->nodes[0].serial + 1);
	/* also after the link was down */
	world_link(world, 1, 2, false);
	world_answered(
		own_card(world, 0, world_card(world, 0, world->nodes[0].serial + 2, NULL, NULL)), 0,
		"");
	assert_int_equal(serial_of(world, 1, 0), world->nodes[0].serial + 2);
	world_link(world, 1, 2, true);
	world_wait(world, 1000);
	assert_int_equal(serial_of(world, 2, 0), world->nodes[0].serial + 2);
	/* compared by fingerprint later, it is no longer only introduced */
	world->nodes[0].card = world_card(world, 0, world->nodes[0].serial + 2, NULL, NULL);
	world_import_card(world, 2, 0);
	assert_true(card_of(world, 2, 0, &rec, &card));
	assert_int_equal(rec.how, KAI_CARD_FINGERPRINT);
	assert_false(rec.by.is);
	world_free(world);
}

static void does_not_introduce_otherwise(void **state)
{
	struct world *world = chain(false);
	struct kai_ctl_answer item = publish(world, 0);

	(void)state;
	assert_true(world_holds(world, 1, item.id.id));
	assert_false(world_holds(world, 2, item.id.id));
	assert_int_equal(serial_of(world, 2, 0), 0);
	world_free(world);
}

/* ---- signers ---- */

struct revoke {
	struct kai_revocation revocation;
};

static void with_revocation(struct kai_card *card, void *context)
{
	struct revoke *revoke = context;

	card->revocations = &revoke->revocation;
	card->revocations_count = 1;
}

/* What was held before the compromise stands; what was not is marked, wherever it says it is from. */
static void revocation_marks(void **state)
{
	struct world *world = world_pair();
	struct revoke revoke = {.revocation = {.reason = kai_span_str("stolen")}};

	(void)state;
	struct kai_ctl_answer before = publish(world, 1);

	world_wait(world, 10000);
	revoke.revocation.since = (uint64_t)world->wall.ms;
	memcpy(revoke.revocation.key, world->nodes[1].duty.key, KAI_ID_LEN);
	world_wait(world, 10000);
	struct kai_ctl_answer after = publish(world, 1);

	assert_true(world_holds(world, 0, before.id.id) && world_holds(world, 0, after.id.id));
	struct kai_span card =
		world_card(world, 1, world->nodes[1].serial + 1, with_revocation, &revoke);

	world_answered(own_card(world, 1, card), 0, "");
	assert_int_equal(serial_of(world, 0, 1), world->nodes[1].serial + 1);
	assert_int_equal(world_flags(world, 0, before.id.id) & KAI_ITEM_MARKED, 0);
	assert_int_equal(world_flags(world, 0, after.id.id) & KAI_ITEM_MARKED, KAI_ITEM_MARKED);
	assert_int_equal(world_traced(world, 0, "item-marked", "key-revoked"), 1);
	/* our own node does not sign with it any more */
	struct world_draft draft;

	world_secinfo(world, 1, &draft, KAI_TLP_CLEAR, "after");
	world_answered(world_ask(world, 1, KAI_CONTROL_PUBLISH, &draft.request), 1, "key-revoked");
	world_free(world);
}

/* ---- memberships ---- */

static struct kai_ctl_answer member(struct world *world, size_t keeper, size_t of, const char *name,
				    uint64_t until, bool withdrawn)
{
	struct kai_ctl_member request = {
		.name = kai_span_str(name), .valid_until = until, .withdrawn = withdrawn};

	memcpy(request.org, world_org(world, of), KAI_ID_LEN);
	struct kai_ctl_answer answer = world_ask(world, keeper, KAI_CONTROL_MEMBER, &request);

	world_wait(world, 1000);
	return answer;
}

static void recognise(struct world *world, struct world_terms *terms, size_t keeper,
		      const char *name)
{
	memcpy(terms->communities[0].keeper, world_org(world, keeper), KAI_ID_LEN);
	terms->communities[0].name = kai_span_str(name);
	terms->terms.a_to_b.communities = terms->communities;
	terms->terms.a_to_b.communities_count = 1;
	terms->terms.b_to_a.communities = terms->communities;
	terms->terms.b_to_a.communities_count = 1;
}

static struct kai_ctl_answer publish_to_community(struct world *world, size_t at, size_t keeper,
						  const char *name)
{
	struct world_draft draft;

	world_secinfo(world, at, &draft, KAI_TLP_GREEN, "for the circle");
	draft.audience[0].type = KAI_AUD_COMMUNITY;
	draft.audience[0].org = kai_span(world_org(world, keeper), KAI_ID_LEN);
	draft.audience[0].text = kai_span_str(name);
	draft.request.draft.label.audience_count = 1;
	draft.request.keep = true;
	struct kai_ctl_answer answer = world_ask(world, at, KAI_CONTROL_PUBLISH, &draft.request);

	world_wait(world, 1000);
	return answer;
}

/* Keeper 0, members 1 and 2, who have an agreement with one another that recognises the circle. */
static struct world *circle(void)
{
	struct world *world = world_new(3);
	struct world_terms terms;

	for (size_t i = 0; i < 3; i++) {
		size_t a = i == 2 ? 1 : 0;
		size_t b = i == 0 ? 1 : 2;

		world_terms(world, &terms, a, b, 1);
		recognise(world, &terms, 0, "power");
		world_join(world, &terms, a, b);
	}
	return world;
}

static void memberships_open_and_close(void **state)
{
	struct world *world = circle();

	(void)state;
	/* nobody is a member by agreement alone; the keeper is without a statement */
	struct kai_ctl_answer item = publish_to_community(world, 1, 0, "power");

	assert_true(world_holds(world, 0, item.id.id));
	assert_false(world_holds(world, 2, item.id.id));
	world_answered(member(world, 0, 1, "power", 0, false), 0, "");
	struct kai_ctl_answer made = member(world, 0, 2, "power", 0, false);

	world_answered(made, 0, "");
	assert_true(made.body.len > 0);
	/* the member showed its statement to its partner by itself, and what waited came */
	world_wait(world, 5000);
	assert_true(world_holds(world, 2, item.id.id));
	/* the withdrawal goes from the keeper to all who recognise the circle */
	world_answered(member(world, 0, 2, "power", 0, true), 0, "");
	item = publish_to_community(world, 1, 0, "power");
	assert_false(world_holds(world, 2, item.id.id));
	/* an older statement, shown again, does not undo it */
	struct kai_ctl_member_import again = {.bytes = made.body};

	world_answered(world_ask(world, 1, KAI_CONTROL_MEMBER_IMPORT, &again), 0, "");
	item = publish_to_community(world, 1, 0, "power");
	assert_false(world_holds(world, 2, item.id.id));
	world_free(world);
}

static void memberships_end_to_the_second(void **state)
{
	struct world *world = circle();

	(void)state;
	world_answered(member(world, 0, 1, "power", 0, false), 0, "");
	uint64_t end = (uint64_t)world->wall.ms + 60000;

	world_answered(member(world, 0, 2, "power", end, false), 0, "");
	world_wait(world, (int64_t)end - world->wall.ms - 2001);
	struct kai_ctl_answer item = publish_to_community(world, 1, 0, "power");

	assert_true(world_holds(world, 2, item.id.id));
	world_wait(world, (int64_t)end - world->wall.ms);
	item = publish_to_community(world, 1, 0, "power");
	assert_false(world_holds(world, 2, item.id.id));
	world_free(world);
}

static void membership_refusals(void **state)
{
	struct world *world = circle();
	uint64_t now = (uint64_t)world->wall.ms;

	(void)state;
	world_answered(member(world, 0, 1, "Power", 0, false), 3, "community");
	world_answered(member(world, 0, 1, "power", now, false), 3, "out-of-range");
	now = (uint64_t)world->wall.ms;
	world_answered(member(world, 0, 1, "power", now + 90 * (uint64_t)KAI_MS_DAY + 1, false), 3,
		       "out-of-range");
	world_answered(member(world, 0, 0, "power", 0, false), 3, "keeper");
	world_answered(member(world, 0, 1, "power", 0, true), 4, "membership");
	now = (uint64_t)world->wall.ms;
	world_answered(member(world, 0, 1, "power", now + 90 * (uint64_t)KAI_MS_DAY, false), 0, "");
	struct kai_ctl_answer other = member(world, 0, 1, "rail", 0, false);

	/* nobody recognises that circle: kept by the member alone */
	world_answered(other, 0, "");
	struct kai_ctl_member_import import = {.bytes = other.body};

	world_answered(world_ask(world, 2, KAI_CONTROL_MEMBER_IMPORT, &import), 1, "unwanted");
	struct kai_agreement_frame frame = {.what = 3, .bytes = other.body};

	world_forge(world, 1, 2, KAI_MSG_AGREEMENT, &frame);
	assert_int_equal(world_traced(world, 2, "peer-fault", "unwanted"), 1);
	/* a member cannot state its own membership */
	struct kai_ctl_answer forged = member(world, 2, 1, "power", 0, false);

	world_answered(forged, 0, "");
	struct kai_ctl_answer item = publish_to_community(world, 2, 0, "power");

	assert_true(world_holds(world, 1, item.id.id));
	item = publish_to_community(world, 1, 0, "power");
	assert_false(world_holds(world, 2, item.id.id));
	world_free(world);
}

static void member_needs_a_card(void **state)
{
	struct world *world = world_new(2);

	(void)state;
	world_answered(member(world, 0, 1, "power", 0, false), 4, "no-card");
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newer_cards_come_by_link),
		cmocka_unit_test(serials_in_the_future_wait),
		cmocka_unit_test(other_orgs_cards_are_not_taken),
		cmocka_unit_test(import_is_checked),
		cmocka_unit_test(equivocation_freezes),
		cmocka_unit_test(late_equivocation),
		cmocka_unit_test(introduces_where_agreed),
		cmocka_unit_test(does_not_introduce_otherwise),
		cmocka_unit_test(revocation_marks),
		cmocka_unit_test(memberships_open_and_close),
		cmocka_unit_test(memberships_end_to_the_second),
		cmocka_unit_test(membership_refusals),
		cmocka_unit_test(member_needs_a_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
