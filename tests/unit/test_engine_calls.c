/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of a ladder across crashes; whom each calls, by whose silence; what whoever calls is told of the item. */
#include "ladders.h"

#include <string.h>

/* ---- crashes ---- */

static void what_was_started_is_started_again_under_its_name(void **state)
{
	struct net *net = ladder_pair();
	struct kai_ladder ladder;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, 10);
	assert_int_equal(ladder_calls_at(net, 1), 1);
	for (size_t i = 1; i <= 3; i++) {
		net_restart(net, 1);
		net_pass(net, 10);
		assert_int_equal(ladder_calls_at(net, 1), i + 1);
		const struct net_call *first = ladder_call_at(net, 1, 0);
		const struct net_call *now = ladder_call_at(net, 1, i);

		assert_true(now->call.again);
		assert_true(kai_span_equal(now->call.step, first->call.step));
		assert_memory_equal(&now->ref, &first->ref, sizeof(now->ref));
	}
	assert_int_equal(net_journalled(net, 1, "call-repeated", NULL, NULL), 2 + 3 + 4);
	net_called(net, 1, &ladder_call_at(net, 1, 3)->ref, KAI_RESULT_SIGNAL, 9, "");
	assert_true(ladder_row(net, 1, id, 0, &ladder));
	assert_int_equal(ladder.steps[0].state, KAI_STEP_DONE);
	assert_int_equal(ladder.steps[0].starts, 4);
	/* what was done is not done again; a second word about it is none */
	net_called(net, 1, &ladder_call_at(net, 1, 3)->ref, KAI_RESULT_EXIT, 0, "");
	net_restart(net, 1);
	net_pass(net, MIN);
	assert_int_equal(ladder_calls_at(net, 1), 4);
	assert_true(ladder_row(net, 1, id, 0, &ladder));
	assert_int_equal(ladder.steps[0].code, 9);
	ladder_finish(net);
}

/* When each of our own is called about an alert, since it came. */
static const int64_t called_at_ms[] = {0, 15 * MIN, 30 * MIN, 45 * MIN, 45 * MIN};

/* At every point between due and done of every step: none is lost, none but what was started comes again. */
static void a_crash_anywhere_loses_no_step(void **state)
{
	(void)state;
	for (int64_t crash = 0; crash < 6; crash++) {
		struct net *net = ladder_pair();
		uint8_t id[KAI_ID_LEN];
		int64_t came = net->mono.ms;
		uint32_t rungs = 0;

		ladder_alert(net, KAI_URGENCY_NOW, id);
		for (size_t i = 0; i < 5; i++) {
			if (came + called_at_ms[i] > net->mono.ms)
				net_pass(net, came + called_at_ms[i] - net->mono.ms);
			net_pass(net, crash);
			net_restart(net, 1);
			net_pass(net, 10);
			ladder_done_all(net, 1);
		}
		for (size_t i = 0; i < ladder_calls_at(net, 1); i++) {
			uint32_t bit = 1u << ladder_call_at(net, 1, i)->call.rung;

			assert_int_equal((rungs & bit) != 0, ladder_call_at(net, 1, i)->call.again);
			rungs |= bit;
		}
		assert_int_equal(rungs, 31);
		ladder_finish(net);
	}
}

/* A restart across several rungs' times: each is called, one after the other, in order. */
static void what_fell_due_while_it_was_down_is_called_in_order(void **state)
{
	struct net *net = ladder_pair();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net->mono.ms += 2 * HOUR; /* nothing runs meanwhile */
	net_restart(net, 1);
	net_pass(net, KAI_MS_SECOND);
	assert_int_equal(ladder_calls_at(net, 1), 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(ladder_call_at(net, 1, i)->call.rung, i);
	/* off for a month, when a sweep believes its clock a day an hour: people are called by the clock as it is */
	ladder_done_all(net, 1);
	net->mono.ms += 30 * KAI_MS_DAY;
	net_restart(net, 1);
	net_link(net, 0, 1);
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, 10);
	assert_int_equal(ladder_calls_at(net, 1), 6);
	net_pass(net, 15 * MIN - 11);
	assert_int_equal(ladder_calls_at(net, 1), 6);
	net_pass(net, 11);
	assert_int_equal(ladder_calls_at(net, 1), 7);
	ladder_finish(net);
}

/* Acknowledged while it was down or before it was started: it runs no more, and is not left as if it did. */
static void what_ended_is_not_started_again(void **state)
{
	struct net *net = ladder_pair();
	struct kai_ladder ladder;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, 10);
	ladder_acknowledge(net, 1, id, KAI_LEVEL_RECEIVED);
	assert_true(ladder_row(net, 1, id, 0, &ladder));
	assert_int_equal(ladder.steps[0].state, KAI_STEP_STARTED); /* it runs */
	net_restart(net, 1);
	net_pass(net, 10);
	assert_int_equal(ladder_calls_at(net, 1), 1);
	assert_true(ladder_row(net, 1, id, 0, &ladder));
	assert_int_equal(ladder.steps[0].result, KAI_RESULT_UNNEEDED);
	ladder_finish(net);
}

static void due_and_acknowledged_is_not_started(void **state)
{
	struct net *net = ladder_pair();
	struct kai_ladder ladder;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_NOW, id);
	while (!ladder_row(net, 1, id, 0, &ladder) || ladder.steps_count == 0)
		net_pass(net, 1);
	assert_int_equal(ladder.steps[0].state, KAI_STEP_DUE);
	ladder_acknowledge(net, 1, id, KAI_LEVEL_RECEIVED);
	net_pass(net, HOUR);
	assert_int_equal(ladder_calls_at(net, 1), 0);
	assert_true(ladder_row(net, 1, id, 0, &ladder));
	assert_int_equal(ladder.steps[0].result, KAI_RESULT_UNNEEDED);
	assert_int_equal(ladder.steps[0].starts, 0);
	ladder_finish(net);
}

/* ---- two kinds of silence ---- */

static void a_silent_link_is_another_call_than_a_silent_person(void **state)
{
	struct net *net = ladder_pair();
	struct kai_ladder ladder;
	uint8_t id[KAI_ID_LEN], more[KAI_ID_LEN];
	uint16_t peer;

	(void)state;
	net_cut(net, 0, 1);
	ladder_alert(net, KAI_URGENCY_NOW, id);
	ladder_alert(net, KAI_URGENCY_NOW, more);
	peer = ladder_number_of(net, 0, 1);
	net_pass(net, MIN - 1);
	assert_int_equal(ladder_calls_at(net, 0), 0);
	net_pass(net, 10);
	/* whoever keeps its link up, once for all that waits */
	assert_int_equal(ladder_calls_at(net, 0), 1);
	assert_int_equal(ladder_call_at(net, 0, 0)->call.silence, KAI_SILENCE_LINK);
	ladder_text(ladder_call_at(net, 0, 0)->call.role, "technical");
	ladder_text(ladder_call_at(net, 0, 0)->call.channel, "tel:9");
	assert_false(ladder_call_at(net, 0, 0)->call.id.is);
	net_pass(net, 14 * MIN + 10);
	/* the people there by another way than usual, for each item */
	assert_int_equal(ladder_calls_at(net, 0), 3);
	assert_int_equal(ladder_call_at(net, 0, 1)->call.silence, KAI_SILENCE_LINK);
	ladder_text(ladder_call_at(net, 0, 1)->call.role, "duty");
	ladder_text(ladder_call_at(net, 0, 1)->call.channel, "tel:2");
	net_pass(net, 2 * MIN);
	assert_int_equal(ladder_calls_at(net, 0), 4); /* the link's keeper by his other way */
	ladder_text(ladder_call_at(net, 0, 3)->call.channel, "tel:10");
	net_link(net, 0, 1);
	net_pass(net, 20);
	ladder_ended(net, 0, NULL, peer, "heard");
	net_pass(net, 13 * MIN);
	/* now it is there, and the person is silent */
	assert_int_equal(ladder_calls_at(net, 0), 6);
	assert_int_equal(ladder_call_at(net, 0, 4)->call.silence, KAI_SILENCE_PERSON);
	ladder_text(ladder_call_at(net, 0, 4)->call.role, "deputy");
	ladder_text(ladder_call_at(net, 0, 4)->call.channel, "tel:3");
	ladder_done_all(net, 0);
	/* another silence is another step */
	net_cut(net, 0, 1);
	ladder_alert(net, KAI_URGENCY_TODAY, more);
	net_pass(net, 10 * MIN + 10);
	assert_int_equal(ladder_calls_at(net, 0), 7);
	assert_false(kai_span_equal(ladder_call_at(net, 0, 6)->call.step,
				    ladder_call_at(net, 0, 0)->call.step));
	assert_true(ladder_row(net, 0, NULL, peer, &ladder));
	assert_int_equal(ladder.ended_at, 0);
	ladder_finish(net);
}

/* For what can wait a day, its delivery alone is looked at. */
static void info_that_is_there_calls_nobody(void **state)
{
	struct net *net = ladder_pair();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	ladder_alert(net, KAI_URGENCY_INFO, id);
	net_pass(net, KAI_MS_SECOND);
	net_cut(net, 0, 1);
	net_pass(net, 2 * HOUR);
	assert_int_equal(ladder_calls_at(net, 0), 0);
	ladder_alert(net, KAI_URGENCY_INFO, id);
	net_pass(net, HOUR - 1);
	assert_int_equal(ladder_calls_at(net, 0), 0);
	net_pass(net, 10);
	assert_int_equal(ladder_calls_at(net, 0), 1);
	net_pass(net, HOUR);
	assert_int_equal(ladder_calls_at(net, 0), 1);
	ladder_finish(net);
}

/* Whom the label keeps it from is not asked for it. */
static void who_may_not_have_it_is_not_called(void **state)
{
	struct net *net = ladder_pair();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0,
		    &(struct net_item){.urgency = KAI_URGENCY_NOW,
				       .tlp = KAI_TLP_RED,
				       .audience = {net_org(net, 0)},
				       .audience_count = 1,
				       .keep = true},
		    id);
	net_pass(net, 2 * HOUR);
	assert_int_equal(net->call_count, 0);
	ladder_finish(net);
}

/* ---- what is told ---- */

static void a_program_gets_what_its_ceiling_lets_it(void **state)
{
	static const struct {
		uint64_t ceiling, tlp;
		bool item;
	} rows[] = {{0, KAI_TLP_CLEAR, false},
		    {KAI_TLP_CLEAR, KAI_TLP_CLEAR, true},
		    {KAI_TLP_CLEAR, KAI_TLP_GREEN, false},
		    {KAI_TLP_GREEN, KAI_TLP_GREEN, true},
		    {KAI_TLP_GREEN, KAI_TLP_AMBER, false},
		    {KAI_TLP_AMBER, KAI_TLP_AMBER, true},
		    {KAI_TLP_AMBER, KAI_TLP_AMBER_STRICT, false},
		    {KAI_TLP_RED, KAI_TLP_RED, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net *net = ladder_pair();
		struct kai_escalation say = ladder_usual();
		struct net_item item = {.urgency = KAI_URGENCY_NOW,
					.tlp = rows[i].tlp,
					.title = "The pumps",
					.audience = {net_org(net, 1)},
					.audience_count = rows[i].tlp == KAI_TLP_CLEAR ? 0 : 1};
		uint8_t id[KAI_ID_LEN];

		say.ceiling = rows[i].ceiling;
		ladder_configure(net, &say);
		net_link(net, 0, 1);
		net_publish(net, 0, &item, id);
		net_pass(net, 10);
		const struct kai_call *call = &ladder_call_at(net, 1, 0)->call;

		assert_true(call->id.is);
		assert_memory_equal(call->id.id, id, KAI_ID_LEN);
		assert_int_equal(call->item != NULL, rows[i].item);
		ladder_text(call->withheld, rows[i].item ? "" : "ceiling");
		if (call->item != NULL) {
			ladder_text(call->item->title, "The pumps");
			assert_int_equal(call->item->tlp, rows[i].tlp);
		}
		ladder_finish(net);
	}
}

/* A part that is above it is named and not given, the rest is; the ceiling is asked for each part. */
static void a_part_above_the_ceiling_is_named_only(void **state)
{
	struct net *net = ladder_pair();
	struct kai_audience_entry one = net_org(net, 1);
	struct kai_label red = {.tlp = KAI_TLP_RED,
				.audience = &one,
				.audience_count = 1,
				.onward = KAI_ONWARD_ANY,
				.attribution = KAI_ATTR_NAMED,
				.pap = KAI_PAP_CLEAR};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0,
		    &(struct net_item){.urgency = KAI_URGENCY_NOW,
				       .tlp = KAI_TLP_GREEN,
				       .audience = {one},
				       .audience_count = 1,
				       .title = "The pumps",
				       .attachment = 100,
				       .attachment_label = &red},
		    id);
	net_pass(net, 10);
	const struct kai_call_item *item = ladder_call_at(net, 1, 0)->call.item;

	assert_non_null(item);
	ladder_text(item->title, "The pumps");
	assert_int_equal(item->parts_count, 2);
	ladder_text(item->parts[0].withheld, "");
	ladder_text(item->parts[1].withheld, "ceiling");
	ladder_finish(net);
}

/* A partner's people are told no more than their org may have, whatever the ceiling lets out. */
static void a_partner_is_told_what_it_may_have(void **state)
{
	struct net *net = ladder_pair();
	struct kai_audience_entry ourselves = net_org(net, 0);
	struct kai_label kept = {.tlp = KAI_TLP_GREEN,
				 .audience = &ourselves,
				 .audience_count = 1,
				 .onward = KAI_ONWARD_ANY,
				 .attribution = KAI_ATTR_NAMED,
				 .pap = KAI_PAP_CLEAR};
	struct net_item say = {.urgency = KAI_URGENCY_NOW,
			       .tlp = KAI_TLP_GREEN,
			       .audience = {ourselves, net_org(net, 1)},
			       .audience_count = 2,
			       .title = "The pumps",
			       .attachment = 100,
			       .main_label = &kept};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_cut(net, 0, 1);
	net_publish(net, 0, &say, id);
	net_pass(net, 15 * MIN + 10);
	assert_int_equal(ladder_calls_at(net, 0), 2);
	const struct kai_call *call = &ladder_call_at(net, 0, 1)->call;

	assert_true(call->org.is);
	ladder_text(call->withheld, "");
	assert_non_null(call->item);
	ladder_text(call->item->title, "");
	ladder_text(call->item->text, "");
	assert_int_equal(call->item->values_count, 0);
	ladder_text(call->item->parts[0].withheld, "audience");
	ladder_text(call->item->parts[1].withheld, "");
	ladder_finish(net);
}

static void nobody_named_is_told_so(void **state)
{
	struct net *net = ladder_pair();
	struct kai_escalation say = ladder_usual();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	say.people = ladder_people + 1;
	say.people_count = 1;
	ladder_configure(net, &say);
	net_link(net, 0, 1);
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, HOUR);
	/* one deputy for everybody, by his two ways in turn */
	assert_int_equal(ladder_calls_at(net, 1), 5);
	for (size_t i = 0; i < 5; i++) {
		static const char *const ways[] = {"tel:3", "tel:4", "tel:3", "tel:4", "tel:3"};

		ladder_text(ladder_call_at(net, 1, i)->call.role, "deputy");
		ladder_text(ladder_call_at(net, 1, i)->call.channel, ways[i]);
	}
	say.people_count = 0;
	ladder_configure(net, &say);
	net_link(net, 0, 1);
	ladder_acknowledge(net, 1, id, KAI_LEVEL_RECEIVED);
	ladder_alert(net, KAI_URGENCY_NOW, id);
	net_pass(net, 10);
	/* then as the agreement names them */
	ladder_text(ladder_call_at(net, 1, ladder_calls_at(net, 1) - 1)->call.channel, "tel:1");
	ladder_finish(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_started_is_started_again_under_its_name),
		cmocka_unit_test(a_crash_anywhere_loses_no_step),
		cmocka_unit_test(what_fell_due_while_it_was_down_is_called_in_order),
		cmocka_unit_test(what_ended_is_not_started_again),
		cmocka_unit_test(due_and_acknowledged_is_not_started),
		cmocka_unit_test(a_silent_link_is_another_call_than_a_silent_person),
		cmocka_unit_test(info_that_is_there_calls_nobody),
		cmocka_unit_test(who_may_not_have_it_is_not_called),
		cmocka_unit_test(a_program_gets_what_its_ceiling_lets_it),
		cmocka_unit_test(a_part_above_the_ceiling_is_named_only),
		cmocka_unit_test(a_partner_is_told_what_it_may_have),
		cmocka_unit_test(nobody_named_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
