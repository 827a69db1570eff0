/* SPDX-License-Identifier: Apache-2.0 */
/* Drills of those who mean no good, over a net of real engines: what a director or a participant that practises with
 * us can do is bounded, and costs nobody who passes it on. */
#include "drills.h"

#include <string.h>

/* A participant takes another's realm for a drill of its own: who passes either on is not to blame. */
static void who_passes_on_is_not_charged(void **state)
{
	struct net *net = drills_practice(3);
	struct kai_drill_held held, mine = {0};
	unsigned many = (unsigned)kai_quota_default.faults_per_minute + 1;

	(void)state;
	drills_held(net, 1, &held);
	struct kai_span stolen = drills_made(net, 2, &held.drill);

	assert_int_equal(kai_drill_peek(stolen, &net->arena, &mine.drill, mine.digest),
			 KAI_FAULT_NONE);
	for (unsigned i = 0; i < many; i++) {
		drills_inject(net, 0, 1, 1, stolen);
		drills_inject(net, 0, 1, 2, drills_word(net, 2, &mine, KAI_DRILL_CONSENTS, 5));
	}
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(net_journalled(net, 1, "peer-fault", "contradiction", NULL), many);
	assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), many);
	assert_true(net_up(net, 0, 1));
	/* but whose own it is */
	for (unsigned i = 0; i < many; i++)
		drills_inject(net, 2, 1, 1, stolen);
	assert_false(net_up(net, 1, 2));
	net_free(net);
}

/* Whose agreement does not let it bring the director's card does not bring its drill. */
static void no_drill_without_its_directors_card(void **state)
{
	const struct net_terms strangers = {.drill_consent = KAI_DRILL_WHOLE};

	(void)state;
	for (unsigned director = 0; director < 2; director++) {
		struct net *net = net_new(3);

		(void)net_agree(net, 0, 1, &drills_terms);
		(void)net_agree(net, 1, 2, &strangers);
		net_link(net, 0, 1);
		net_link(net, 1, 2);
		net_run(net);
		net_done(&net->nodes[director],
			 drills_open(net, director, KAI_DRILL_WHOLE, 0,
				     drills_now(net) + (uint64_t)DRILLS_LONG_MS));
		net_run(net);
		assert_true(net_sent(net, 0, 1, KAI_MSG_DRILL, 0) > 0);
		assert_int_equal(net_sent(net, 1, 2, KAI_MSG_DRILL, 0) > 0, director == 1);
		assert_true(drills_consents(net, director, 2) == (director == 1));
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(net_journalled(net, i, "peer-fault", NULL, NULL), 0);
		net_free(net);
	}
}

/* One that is over as soon as it began. */
static void open_and_close(struct net *net, struct kai_ctl_drill_close *ret)
{
	struct net_node *node = &net->nodes[0];

	*ret = (struct kai_ctl_drill_close){.version = KAI_VERSION};
	net_done(node, drills_open(net, 0, KAI_DRILL_WHOLE, 0,
				   drills_now(net) + (uint64_t)DRILLS_LONG_MS));
	memcpy(ret->realm, node->answer.body.at, KAI_REALM_LEN);
	net_done(node, net_control(net, 0, KAI_CONTROL_DRILL_CLOSE, ret));
	net_pass(net, KAI_MS_SECOND);
}

/* A director cannot begin drills without end, and what is kept of them comes to an end. */
static void a_director_has_so_many_a_day(void **state)
{
	struct net *net = net_chain(2, &drills_terms);
	struct net_node *node = &net->nodes[0];
	uint64_t before = net_stored_bytes(net, 1, 0);
	struct kai_ctl_drill_close first, last;

	(void)state;
	open_and_close(net, &first);
	uint64_t each = net_stored_bytes(net, 1, 0) - before;

	for (unsigned i = 1; i < 32; i++)
		open_and_close(net, &last);
	assert_int_equal(net_stored_bytes(net, 1, 0), before + 32 * each);
	net_pass(net, KAI_MS_HOUR);
	assert_int_equal(
		drills_open(net, 0, KAI_DRILL_WHOLE, 0, drills_now(net) + (uint64_t)DRILLS_LONG_MS),
		1);
	assert_true(kai_span_equal(node->answer.reason, kai_span_str("quota")));
	net_pass(net, KAI_MS_DAY);
	open_and_close(net, &last);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(drills_known(net, i, last.realm));
		assert_false(drills_known(net, i, first.realm));
	}
	assert_int_equal(net_stored_bytes(net, 1, 0), before + 32 * each);
	assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), 0);
	net_free(net);
}

/* However many come after it, one that is served can be told from one that is not. */
static void who_takes_part_is_known_of_each_drill(void **state)
{
	struct net *net = net_chain(2, &drills_terms);
	struct kai_ctl_drill_close close = {.version = KAI_VERSION};
	struct net_node *node = &net->nodes[0];
	uint8_t realms[8][KAI_REALM_LEN], listed[8][KAI_REALM_LEN];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		net_done(node, drills_open(net, 0, KAI_DRILL_WHOLE, 0,
					   drills_now(net) + (uint64_t)DRILLS_LONG_MS));
		memcpy(realms[i], node->answer.body.at, KAI_REALM_LEN);
	}
	memcpy(close.realm, realms[7], KAI_REALM_LEN);
	net_done(node, net_control(net, 0, KAI_CONTROL_DRILL_CLOSE, &close));
	net_pass(net, KAI_MS_MINUTE);
	for (unsigned at = 0; at < 2; at++) {
		struct kai_wall now = {(int64_t)drills_now(net)};
		struct kai_engine *engine = net->nodes[at].engine;
		struct kai_txn *txn = net_read(net, at);

		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(kai_engine_in_drill(engine, txn, now, realms[i]), i < 7);
		assert_int_equal(kai_engine_drills(engine, txn, now, listed, 8), 7);
		assert_false(kai_engine_in_drill(engine, txn, now, kai_realm_live));
		kai_txn_abort(txn);
	}
	net_free(net);
}

/* It begins within 90 days of when it was made, and that is not far ahead of any clock. */
static void a_drill_far_ahead_is_refused(void **state)
{
	struct net *net = drills_practice(2);
	struct net_node *node = &net->nodes[0];
	uint64_t latest = drills_now(net) + (uint64_t)KAI_DRILL_AHEAD_MS;
	struct kai_drill_held held;

	(void)state;
	net_done(node,
		 drills_open(net, 0, KAI_DRILL_WHOLE, latest, latest + (uint64_t)DRILLS_LONG_MS));
	assert_int_equal(
		drills_open(net, 0, KAI_DRILL_WHOLE, latest + 1, latest + (uint64_t)DRILLS_LONG_MS),
		1);
	assert_true(kai_span_equal(node->answer.reason, kai_span_str("drill-window")));
	net_run(net);
	drills_held(net, 1, &held);
	held.drill.realm[0] ^= 1;
	held.drill.created_at = drills_now(net) + (uint64_t)KAI_MS_DAY + 1;
	held.drill.from = held.drill.created_at;
	held.drill.until = held.drill.created_at + 1;
	drills_inject(net, 0, 1, 1, drills_made(net, 0, &held.drill));
	assert_false(drills_known(net, 1, held.drill.realm));
	assert_int_equal(net_journalled(net, 1, "peer-fault", "bad-time", NULL), 1);
	net_free(net);
}

static void a_closed_drill_makes_room(void **state)
{
	struct net *net = net_chain(2, &drills_terms);
	struct kai_ctl_drill_close close = {.version = KAI_VERSION};
	struct net_node *node = &net->nodes[0];

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		net_done(node, drills_open(net, 0, KAI_DRILL_WHOLE, 0,
					   drills_now(net) + (uint64_t)DRILLS_LONG_MS));
	memcpy(close.realm, node->answer.body.at, KAI_REALM_LEN);
	net_run(net);
	assert_int_equal(
		drills_open(net, 0, KAI_DRILL_WHOLE, 0, drills_now(net) + (uint64_t)DRILLS_LONG_MS),
		1);
	assert_true(kai_span_equal(node->answer.reason, kai_span_str("quota")));
	net_done(node, net_control(net, 0, KAI_CONTROL_DRILL_CLOSE, &close));
	net_pass(net, KAI_MS_MINUTE);
	net_done(node, drills_open(net, 0, KAI_DRILL_WHOLE, 0,
				   drills_now(net) + (uint64_t)DRILLS_LONG_MS));
	net_run(net);
	assert_true(drills_known(net, 1, node->answer.body.at));
	assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), 0);
	net_free(net);
}

/* One word of an org's is as good as a thousand, and a consent stands. */
static void words_without_end_are_passed_over(void **state)
{
	struct net *net = drills_practice(3);
	struct kai_drill_held held;

	(void)state;
	drills_held(net, 1, &held);
	uint64_t said = net_journalled(net, 0, "drill-said", NULL, NULL);
	size_t since = net->seen_count;

	for (uint64_t i = 1; i <= 8; i++) {
		uint64_t what = i % 2 == 0 ? KAI_DRILL_CONSENTS : KAI_DRILL_REFUSES;

		drills_inject(net, 2, 1, 2, drills_word(net, 2, &held, what, drills_now(net) + i));
	}
	for (unsigned i = 0; i < 3; i++)
		assert_true(drills_consents(net, i, 2));
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_DRILL, since), 0);
	assert_int_equal(net_journalled(net, 0, "drill-said", NULL, NULL), said);
	net_free(net);
}

/* Who refused may consent after all, in whatever order the two come. */
static void a_consent_counts_before_a_refusal(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 2; first++) {
		struct net *net = net_chain(2, &net_wide);
		struct kai_drill_held held;

		net_done(&net->nodes[0], drills_open(net, 0, KAI_DRILL_WHOLE, 0,
						     drills_now(net) + (uint64_t)DRILLS_LONG_MS));
		net_run(net);
		drills_held(net, 0, &held);
		for (unsigned i = 0; i < 2; i++)
			drills_inject(
				net, 1, 0, 2,
				drills_word(net, 1, &held,
					    i == first ? KAI_DRILL_CONSENTS : KAI_DRILL_REFUSES,
					    drills_now(net) - i));
		assert_true(drills_consents(net, 0, 1));
		assert_int_equal(net_journalled(net, 0, "drill-said", NULL, NULL), first + 1);
		net_free(net);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_passes_on_is_not_charged),
		cmocka_unit_test(no_drill_without_its_directors_card),
		cmocka_unit_test(a_director_has_so_many_a_day),
		cmocka_unit_test(who_takes_part_is_known_of_each_drill),
		cmocka_unit_test(a_drill_far_ahead_is_refused),
		cmocka_unit_test(a_closed_drill_makes_room),
		cmocka_unit_test(words_without_end_are_passed_over),
		cmocka_unit_test(a_consent_counts_before_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
