/* SPDX-License-Identifier: Apache-2.0 */
/* Who is called about silence: when, to the millisecond; what ends it; many at once; clocks that jump. */
#include "ladders.h"

#include <string.h>

#include "kairan/text.h"

#define LONG (40 * KAI_MS_DAY)

/* ---- times ---- */

struct expected {
	int64_t at_ms; /* since it came */
	uint64_t rung;
	const char *role, *channel;
};

static const struct expected ours_now[] = {{0, KAI_RUNG_NOTICE, "duty", "tel:1"},
					   {15 * MIN, KAI_RUNG_RECEIVED, "duty", "tel:2"},
					   {30 * MIN, KAI_RUNG_DEPUTY, "deputy", "tel:3"},
					   {45 * MIN, KAI_RUNG_DEPUTY_2, "deputy", "tel:5"},
					   {45 * MIN, KAI_RUNG_DECIDER, "decider", "tel:7"}};
static const struct expected ours_today[] = {{0, KAI_RUNG_NOTICE, "duty", "tel:1"},
					     {20 * MIN, KAI_RUNG_RECEIVED, "duty", "tel:2"},
					     {40 * MIN, KAI_RUNG_DEPUTY, "deputy", "tel:3"}};
static const struct expected theirs_now[] = {{15 * MIN, KAI_RUNG_RECEIVED, "duty", "tel:1"},
					     {30 * MIN, KAI_RUNG_DEPUTY, "deputy", "tel:3"},
					     {45 * MIN, KAI_RUNG_DEPUTY_2, "deputy", "tel:5"},
					     {45 * MIN, KAI_RUNG_DECIDER, "decider", "tel:7"}};
static const struct expected theirs_today[] = {{20 * MIN, KAI_RUNG_RECEIVED, "duty", "tel:1"},
					       {40 * MIN, KAI_RUNG_DEPUTY, "deputy", "tel:3"}};

static const struct {
	uint64_t urgency;
	unsigned node;
	uint64_t silence;
	const struct expected *steps;
	size_t count;
} tables[] = {
	{KAI_URGENCY_NOW, 1, KAI_SILENCE_OURS, ours_now, 5},
	{KAI_URGENCY_NOW, 0, KAI_SILENCE_PERSON, theirs_now, 4},
	{KAI_URGENCY_TODAY, 1, KAI_SILENCE_OURS, ours_today, 3},
	{KAI_URGENCY_TODAY, 0, KAI_SILENCE_PERSON, theirs_today, 2},
	{KAI_URGENCY_INFO, 1, KAI_SILENCE_OURS, NULL, 0},
	{KAI_URGENCY_INFO, 0, KAI_SILENCE_PERSON, NULL, 0},
};

/* Nobody is called a millisecond before his time, and everybody at it, each once. */
static void each_is_called_at_his_time(void **state)
{
	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		struct net *net = ladder_pair();
		uint8_t id[KAI_ID_LEN];
		int64_t came = net->mono.ms;
		unsigned node = tables[t].node;

		ladder_alert(net, tables[t].urgency, id);
		assert_int_equal(net->mono.ms, came);
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct expected *step = &tables[t].steps[i];
			int64_t at = came + step->at_ms;

			if (at - 1 > net->mono.ms) {
				net_pass(net, at - 1 - net->mono.ms);
				assert_int_equal(ladder_calls_at(net, node), i);
			}
			net_pass(net, 6); /* due, and started after that is committed */
			const struct kai_call *call = &ladder_call_at(net, node, i)->call;

			assert_int_equal(call->rung, step->rung);
			assert_int_equal(call->silence, tables[t].silence);
			assert_false(call->again);
			ladder_text(call->role, step->role);
			ladder_text(call->channel, step->channel);
			assert_int_equal(call->org.is, node == 0);
		}
		net_pass(net, HOUR);
		assert_int_equal(ladder_calls_at(net, node), tables[t].count);
		ladder_finish(net);
	}
}

/* What is due is there for others to read before it is started, and what is started before it is done. */
static void each_state_is_committed_before_the_next(void **state)
{
	struct net *net = ladder_pair();
	struct kai_ladder ladder;
	uint8_t id[KAI_ID_LEN];
	int64_t came = net->mono.ms;

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	for (uint64_t rung = 0; rung < KAI_RUNGS; rung++) {
		static const uint64_t order[] = {KAI_STEP_DUE, KAI_STEP_STARTED};

		if (came + ours_now[rung].at_ms - 1 > net->mono.ms)
			net_pass(net, came + ours_now[rung].at_ms - 1 - net->mono.ms);
		for (size_t i = 0; i < 2; i++) {
			do
				net_pass(net, 1);
			while (ladder_row(net, 1, id, 0, &ladder) &&
			       (ladder.steps_count <= rung || ladder.steps[rung].state < order[i]));
			assert_int_equal(ladder.steps_count, rung + 1);
			assert_int_equal(ladder.steps[rung].state, order[i]);
			assert_int_equal(ladder.steps[rung].starts, i);
			assert_int_equal(ladder_calls_at(net, 1), rung + i);
			net_whole(net);
		}
		net_called(net, 1, &ladder_call_at(net, 1, rung)->ref, KAI_RESULT_EXIT, 3,
			   "no answer");
		assert_true(ladder_row(net, 1, id, 0, &ladder));
		assert_int_equal(ladder.steps[rung].state, KAI_STEP_DONE);
		assert_int_equal(ladder.steps[rung].result, KAI_RESULT_EXIT);
		assert_int_equal(ladder.steps[rung].code, 3);
		ladder_text(ladder.steps[rung].said, "no answer");
	}
	ladder_finish(net);
}

/* What an agreement says of the time counts before what is configured; the rest moves along. */
static void agreed_times_come_first(void **state)
{
	const struct kai_ack_deadline acks[] = {{.urgency = KAI_URGENCY_NOW,
						 .level = KAI_LEVEL_RECEIVED,
						 .within_ms = (uint64_t)(5 * MIN)},
						{.urgency = KAI_URGENCY_INFO,
						 .level = KAI_LEVEL_RECEIVED,
						 .within_ms = (uint64_t)HOUR}};
	struct net *net = ladder_pair_with(acks, 2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, 5 * MIN - 1);
	assert_int_equal(ladder_calls_at(net, 1), 1);
	net_pass(net, 6);
	assert_int_equal(ladder_calls_at(net, 1), 2);
	net_pass(net, 30 * MIN);
	assert_int_equal(ladder_calls_at(net, 1), 5);
	assert_int_equal(ladder_calls_at(net, 0), 4);
	ladder_alert(net, KAI_URGENCY_INFO, id);
	net_pass(net, HOUR + 10);
	assert_int_equal(ladder_calls_at(net, 1), 7);
	ladder_finish(net);
}

/* ---- what ends it ---- */

static void a_word_ends_it(void **state)
{
	static const struct {
		uint64_t level;
		bool ends;
	} words[] = {{KAI_LEVEL_SEEN, false}, {KAI_LEVEL_RECEIVED, true}, {KAI_LEVEL_ACTION, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct net *net = ladder_pair();
		uint8_t id[KAI_ID_LEN];

		ladder_alert(net, KAI_URGENCY_NOW, id);
		net_pass(net, 20 * MIN);
		assert_int_equal(ladder_calls_at(net, 1), 2);
		assert_int_equal(ladder_calls_at(net, 0), 1);
		ladder_done_all(net, 0);
		ladder_done_all(net, 1);
		ladder_acknowledge(net, 1, id, words[i].level);
		net_pass(net, HOUR);
		assert_int_equal(ladder_calls_at(net, 1), words[i].ends ? 2 : 5);
		assert_int_equal(ladder_calls_at(net, 0), words[i].ends ? 1 : 4);
		if (words[i].ends) {
			ladder_ended(net, 1, id, 0, "acknowledged");
			ladder_ended(net, 0, id, ladder_number_of(net, 0, 1), "received");
		}
		ladder_finish(net);
	}
}

static void a_telephone_call_that_was_answered_ends_it(void **state)
{
	struct net *net = ladder_pair();
	struct kai_ctl_attest attest = {.note = kai_span_str("the desk, by telephone")};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, 2 * MIN);
	memcpy(attest.id, id, KAI_ID_LEN);
	memcpy(attest.org, net->nodes[1].config.org, KAI_ID_LEN);
	net_done(&net->nodes[0], net_control(net, 0, KAI_CONTROL_ATTEST, &attest));
	ladder_ended(net, 0, id, ladder_number_of(net, 0, 1), "attested");
	net_pass(net, HOUR);
	assert_int_equal(ladder_calls_at(net, 0), 0);
	ladder_finish(net);
}

static void what_is_taken_back_or_over_calls_nobody(void **state)
{
	struct net *net = ladder_pair();
	uint8_t first[KAI_ID_LEN], second[KAI_ID_LEN], third[KAI_ID_LEN], other[KAI_ID_LEN];
	uint64_t soon = (uint64_t)(NET_MS + net->mono.ms + 20 * MIN);
	size_t before;

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, first);
	net_publish(net, 0, &(struct net_item){.urgency = KAI_URGENCY_NOW, .not_after = soon},
		    third);
	net_pass(net, 2 * MIN);
	net_publish(net, 0, &(struct net_item){.urgency = KAI_URGENCY_NOW, .supersedes = first},
		    second);
	net_run(net);
	ladder_ended(net, 1, first, 0, "superseded");
	ladder_ended(net, 0, first, ladder_number_of(net, 0, 1), "superseded");
	net_pass(net, 2 * MIN);
	net_retract(net, 0, second, other);
	net_run(net);
	ladder_ended(net, 1, second, 0, "retracted");
	ladder_ended(net, 0, second, ladder_number_of(net, 0, 1), "retracted");
	ladder_acknowledge(net, 1, other, KAI_LEVEL_RECEIVED);
	net_pass(net, 14 * MIN);
	before = net->call_count;
	net_pass(net, 3 * MIN);
	ladder_ended(net, 1, third, 0, "expired");
	ladder_ended(net, 0, third, ladder_number_of(net, 0, 1), "expired");
	net_pass(net, HOUR);
	assert_int_equal(net->call_count, before);
	ladder_finish(net);
}

static void with_the_agreement_ends_what_is_asked_of_the_other(void **state)
{
	struct net *net = ladder_pair();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, 2 * MIN);
	net_notice(net, 0, 1, KAI_NOTICE_TERMINATE);
	net_pass(net, 30 * MIN);
	ladder_ended(net, 0, id, ladder_number_of(net, 0, 1), "agreement-over");
	assert_int_equal(ladder_calls_at(net, 0), 0);
	assert_int_equal(ladder_calls_at(net, 1), 3); /* our own people all the same */
	ladder_finish(net);
}

/* It goes with its item, and a program that runs yet tells nobody. */
static void nothing_is_left_of_what_is_gone(void **state)
{
	struct net *net = ladder_pair();
	uint64_t soon = (uint64_t)(NET_MS + net->mono.ms + 20 * MIN);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.urgency = KAI_URGENCY_NOW, .not_after = soon}, id);
	net_pass(net, 21 * MIN);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_LADDERS), 1);
	net->mono.ms += LONG;
	net_pass(net, HOUR);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_LADDERS), 0);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_LADDERS), 0);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_CALLS), 0);
	ladder_done_all(net, 0);
	ladder_done_all(net, 1);
	ladder_finish(net);
}

/* ---- many at once ---- */

static void so_many_run_at_once_and_what_is_urgent_first(void **state)
{
	struct net *net = ladder_pair();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	for (unsigned i = 0; i < 70; i++)
		ladder_alert(net, KAI_URGENCY_TODAY, id);
	net_pass(net, KAI_MS_SECOND);
	assert_int_equal(ladder_calls_at(net, 1), 64);
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, KAI_MS_SECOND);
	assert_int_equal(ladder_calls_at(net, 1), 64);
	net_called(net, 1, &ladder_call_at(net, 1, 0)->ref, KAI_RESULT_EXIT, 0, "");
	net_pass(net, 10);
	assert_int_equal(ladder_calls_at(net, 1), 65);
	assert_memory_equal(ladder_call_at(net, 1, 64)->call.id.id, id, KAI_ID_LEN);
	ladder_done_all(net, 1);
	net_pass(net, KAI_MS_SECOND);
	assert_int_equal(ladder_calls_at(net, 1), 71);
	ladder_finish(net);
}

/* ---- clocks ---- */

/* Set back by two days, in the middle: the next one is called no later than he would have been. */
static void a_clock_that_goes_back_delays_nobody(void **state)
{
	struct net *net = ladder_pair();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, 16 * MIN);
	assert_int_equal(ladder_calls_at(net, 1), 2);
	net->nodes[1].skew_ms = -2 * KAI_MS_DAY;
	net_pass(net, 17 * MIN);
	assert_int_equal(ladder_calls_at(net, 1), 3);
	net_pass(net, 16 * MIN);
	assert_int_equal(ladder_calls_at(net, 1), 5);
	ladder_finish(net);
}

/* Set ahead by two days: all are called early, but one after the other, and once. */
static void a_clock_that_goes_ahead_repeats_nothing(void **state)
{
	struct net *net = ladder_pair();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, MIN);
	net->nodes[1].skew_ms = 2 * KAI_MS_DAY;
	net_pass(net, 2 * MIN);
	assert_int_equal(ladder_calls_at(net, 1), 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(ladder_call_at(net, 1, i)->call.rung, i);
	net->nodes[1].skew_ms = 0;
	net_pass(net, HOUR);
	assert_int_equal(ladder_calls_at(net, 1), 5);
	ladder_finish(net);
}

/* Whose hours it is goes before whose it is not; where it is nobody's, the role that was wanted is called. */
static void hours_choose(void **state)
{
	static const char *const never =
		"Mo 00:00-00:01 Z; Tu 00:00-00:01 Z"; /* the test is on no Monday */
	static const struct {
		unsigned shut; /* bits of ladder_people */
		const char *called[5];
	} rows[] = {
		{0, {"tel:1", "tel:2", "tel:3", "tel:5", "tel:7"}},
		{1 << 0, {"tel:3", "tel:4", "tel:3", "tel:5", "tel:7"}},
		{1 << 1, {"tel:1", "tel:2", "tel:5", "tel:6", "tel:7"}},
		{1 << 1 | 1 << 2, {"tel:1", "tel:2", "tel:7", "tel:8", "tel:7"}},
		{1 << 3, {"tel:1", "tel:2", "tel:3", "tel:5", "tel:3"}},
		{0x1f, {"tel:1", "tel:2", "tel:3", "tel:5", "tel:7"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net *net = ladder_pair();
		struct kai_escalation say = ladder_usual();
		struct kai_contact people[LADDER_PEOPLE];
		uint8_t id[KAI_ID_LEN];

		memcpy(people, ladder_people, sizeof(people));
		for (size_t k = 0; k < LADDER_PEOPLE; k++) {
			if ((rows[i].shut >> k & 1) != 0)
				people[k].hours = kai_span_str(never);
		}
		assert_int_equal(kai_hours_at(kai_span_str(never), (struct kai_wall){NET_MS}),
				 KAI_HOURS_SHUT);
		say.people = people;
		ladder_configure(net, &say);
		net_link(net, 0, 1);
		net_run(net);
		ladder_alert(net, KAI_URGENCY_NOW, id);
		net_pass(net, HOUR);
		assert_int_equal(ladder_calls_at(net, 1), 5);
		for (size_t k = 0; k < 5; k++)
			ladder_text(ladder_call_at(net, 1, k)->call.channel, rows[i].called[k]);
		ladder_finish(net);
	}
}

/* Without a word of configuration nobody is called and nothing is written. */
static void who_configures_nothing_calls_nobody(void **state)
{
	struct net *net = ladder_pair();
	struct kai_escalation none = {.people_count = 0};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_configure(net, &none);
	net_link(net, 0, 1);
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, HOUR);
	assert_int_equal(net->call_count, 0);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_LADDERS), 0);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_LADDERS), 0);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_TIMERS), 0);
	ladder_finish(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_called_at_his_time),
		cmocka_unit_test(each_state_is_committed_before_the_next),
		cmocka_unit_test(agreed_times_come_first),
		cmocka_unit_test(a_word_ends_it),
		cmocka_unit_test(a_telephone_call_that_was_answered_ends_it),
		cmocka_unit_test(what_is_taken_back_or_over_calls_nobody),
		cmocka_unit_test(with_the_agreement_ends_what_is_asked_of_the_other),
		cmocka_unit_test(nothing_is_left_of_what_is_gone),
		cmocka_unit_test(so_many_run_at_once_and_what_is_urgent_first),
		cmocka_unit_test(a_clock_that_goes_back_delays_nobody),
		cmocka_unit_test(a_clock_that_goes_ahead_repeats_nothing),
		cmocka_unit_test(hours_choose),
		cmocka_unit_test(who_configures_nothing_calls_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
