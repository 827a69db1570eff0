/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ends a duty: its item or its agreement goes, an answer, a report; on both sides, and
 * whatever clocks do.
 */
#include "duties.h"

#include <string.h>

/* ---- the end of a duty ---- */

static void ends_with_why(struct net *net, const uint8_t id[KAI_ID_LEN], const char *why)
{
	struct duties_seen ended = duties_ours(net, 1, id);

	assert_int_equal(ended.count, 1);
	assert_int_equal(ended.row.state, KAI_DUTY_ENDED);
	assert_string_equal(ended.rule, why);
	assert_int_equal(duties_said(net, 1, "duty-ended"), 1);
}

static void retracted_ends_it(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN], back[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &duties_urgent, id);
	net_run(net);
	net_retract(net, 0, id, back);
	net_run(net);
	ends_with_why(net, id, "retracted");
	assert_int_equal(duties_ours(net, 1, back).count, 0);
	assert_int_equal(duties_theirs(net, 0, id).row.state, KAI_DUTY_ENDED);
	net_pass(net, 2 * WITHIN);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 0);
	duties_finish(net);
}

/* A revision asks anew, with its own time. */
static void a_revision_takes_its_place(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	struct net_item later = duties_urgent;
	uint8_t id[KAI_ID_LEN], next[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &duties_urgent, id);
	net_pass(net, WITHIN / 2);
	later.supersedes = id;
	net_publish(net, 0, &later, next);
	net_run(net);
	ends_with_why(net, id, "superseded");
	struct duties_seen due = duties_ours(net, 1, next);

	assert_int_equal(due.count, 1);
	assert_int_equal(due.row.state, KAI_DUTY_DUE);
	assert_int_equal(due.row.due_at, (uint64_t)(NET_MS + net->mono.ms) + WITHIN);
	duties_finish(net);
}

static void an_agreement_takes_its_duties_with_it(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	struct kai_ctl_agree_notice notice = {.action = KAI_NOTICE_SUSPEND};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	memcpy(notice.org, net->nodes[0].config.org, KAI_ID_LEN);
	net_publish(net, 0, &duties_urgent, id);
	net_run(net);
	/* Suspended, what came under it is still owed. */
	assert_int_equal(net_control(net, 1, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_DUE);
	notice.action = KAI_NOTICE_TERMINATE;
	assert_int_equal(net_control(net, 1, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_pass(net, KAI_MS_MINUTE);
	ends_with_why(net, id, "agreement-over");
	assert_int_equal(duties_theirs(net, 0, id).row.state, KAI_DUTY_ENDED);
	duties_finish(net);
}

/* What nobody did stays before their eyes as long as the item counts, and goes with it. */
static void overdue_ends_with_the_item(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	struct net_item item = duties_urgent;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	item.not_after = NET_MS + 3 * KAI_MS_DAY;
	net_publish(net, 0, &item, id);
	net_pass(net, 3 * KAI_MS_DAY - 1 - net->mono.ms);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_OVERDUE);
	net_pass(net, 1);
	ends_with_why(net, id, "expired");
	assert_true(duties_ours(net, 1, id).row.overdue_at != 0);
	net_cut(net, 0, 1);
	for (unsigned i = 0; i < 4; i++)
		net_pass(net, 8 * KAI_MS_DAY);
	assert_false(net_holds(net, 1, id, NULL));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_DUTIES), 0);
	duties_finish(net);
}

/* ---- answering ---- */

static void an_answer_meets_it_on_both_sides(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_ANSWER);
	struct net_item ask = {.kind = KAI_KIND_RFI, .tlp = KAI_TLP_RED, .audience_count = 1};
	struct net_item reply = {
		.kind = KAI_KIND_RFI_REPLY, .tlp = KAI_TLP_RED, .audience_count = 1};
	uint8_t id[KAI_ID_LEN], other[KAI_ID_LEN], answer[KAI_ID_LEN];

	(void)state;
	ask.audience[0] = net_org(net, 1);
	reply.audience[0] = net_org(net, 0);
	net_publish(net, 0, &ask, id);
	ask.title = "another";
	net_publish(net, 0, &ask, other);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_DUE);
	assert_int_equal(duties_theirs(net, 0, id).row.state, KAI_DUTY_DUE);
	/* Written is not answered: it is when it is there. */
	net_cut(net, 0, 1);
	reply.question = id;
	net_publish(net, 1, &reply, answer);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_DUE);
	net_link(net, 0, 1);
	net_run(net);
	struct duties_seen met = duties_ours(net, 1, id);

	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_true(met.row.answer.is && kai_id_equal(met.row.answer.id, answer));
	met = duties_theirs(net, 0, id);
	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_true(met.row.answer.is && kai_id_equal(met.row.answer.id, answer));
	/* The other question is open, and silence is seen on both sides. */
	net_pass(net, 2 * WITHIN);
	assert_int_equal(duties_ours(net, 1, other).row.state, KAI_DUTY_OVERDUE);
	assert_int_equal(duties_theirs(net, 0, other).row.state, KAI_DUTY_OVERDUE);
	duties_finish(net);
}

/* An item that refers to the question answers it too; one that is for somebody else does not. */
static void a_reference_answers(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_ANSWER);
	struct net_item refers = {
		.urgency = KAI_URGENCY_INFO, .tlp = KAI_TLP_RED, .audience_count = 1};
	uint8_t id[KAI_ID_LEN], first[KAI_ID_LEN], second[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &duties_urgent, id); /* CLEAR: anybody may name it */
	net_link(net, 1, 2);
	net_run(net);
	refers.refs = id;
	refers.audience[0] = net_org(net, 2);
	net_publish(net, 1, &refers, first);
	net_run(net);
	assert_true(net_holds(net, 2, first, NULL));
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_DUE);
	refers.audience[0] = net_org(net, 0);
	net_publish(net, 1, &refers, second);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_MET);
	assert_int_equal(duties_theirs(net, 0, id).row.state, KAI_DUTY_MET);
	duties_finish(net);
}

/* ---- reporting ---- */

/* 1 reports to 0 what is its own and what its constituency, 2, wrote; not what 3 did. */
static void own_and_constituents_items_are_reported(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_REPORT);
	uint8_t mine[KAI_ID_LEN], members[KAI_ID_LEN], others[KAI_ID_LEN], back[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 1, 3, &(struct net_terms){.introduce = true});
	net_link(net, 1, 2);
	net_link(net, 1, 3);
	net_run(net);
	net_cut(net, 0, 1);
	net_publish(net, 1, &duties_urgent, mine);
	net_publish(net, 2, &duties_urgent, members);
	net_publish(net, 3, &duties_urgent, others);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, mine).row.state, KAI_DUTY_DUE);
	assert_int_equal(duties_ours(net, 1, members).row.state, KAI_DUTY_DUE);
	assert_int_equal(duties_ours(net, 1, others).count, 0);
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, mine).row.state, KAI_DUTY_MET);
	assert_int_equal(duties_ours(net, 1, members).row.state, KAI_DUTY_MET);
	/* What 0 wrote it need not be told, and does not wait for what it cannot know. */
	net_publish(net, 0, &duties_urgent, back);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, back).count, 0);
	assert_int_equal(duties_theirs(net, 0, back).count, 0);
	assert_int_equal(duties_theirs(net, 0, mine).count, 0);
	duties_finish(net);
}

/* The label keeps it from the one it should be reported to: an own word about it does as well. */
static void a_report_in_other_words_meets_it(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_REPORT);
	struct net_item closed = {
		.urgency = KAI_URGENCY_NOW, .tlp = KAI_TLP_RED, .audience_count = 1};
	struct net_item words = {.kind = KAI_KIND_ADVICE, .tlp = KAI_TLP_RED, .audience_count = 1};
	uint8_t id[KAI_ID_LEN], report[KAI_ID_LEN];

	(void)state;
	closed.audience[0] = net_org(net, 1);
	words.audience[0] = net_org(net, 0);
	net_link(net, 1, 2);
	net_run(net);
	net_publish(net, 2, &closed, id);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_BLOCKED);
	words.question = id;
	net_publish(net, 1, &words, report);
	net_run(net);
	struct duties_seen met = duties_ours(net, 1, id);

	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_true(met.row.answer.is && kai_id_equal(met.row.answer.id, report));
	duties_finish(net);
}

/* ---- clocks ---- */

static void a_clock_that_jumps_fires_nothing_early_or_twice(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &duties_urgent, id);
	net_pass(net, KAI_MS_MINUTE);
	net->nodes[1].skew_ms = 400 * KAI_MS_DAY;
	net_pass(net, 1000);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 0);
	net->nodes[1].skew_ms = 0;
	net_pass(net, WITHIN);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 1);
	/* Set back before its time, it does not fire again. */
	net->nodes[1].skew_ms = -2 * KAI_MS_HOUR;
	net_restart(net, 1);
	net_pass(net, 4 * KAI_MS_HOUR);
	net->nodes[1].skew_ms = 0;
	net_pass(net, KAI_MS_HOUR);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 1);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_OVERDUE);
	duties_finish(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retracted_ends_it),
		cmocka_unit_test(a_revision_takes_its_place),
		cmocka_unit_test(an_agreement_takes_its_duties_with_it),
		cmocka_unit_test(overdue_ends_with_the_item),
		cmocka_unit_test(an_answer_meets_it_on_both_sides),
		cmocka_unit_test(a_reference_answers),
		cmocka_unit_test(own_and_constituents_items_are_reported),
		cmocka_unit_test(a_report_in_other_words_meets_it),
		cmocka_unit_test(a_clock_that_jumps_fires_nothing_early_or_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
