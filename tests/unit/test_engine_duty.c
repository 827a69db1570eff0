/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Duties to pass on: which arise, what becomes of each, to the millisecond, and which are blocked
 * and not missed.
 */
#include "duties.h"
#include "kairan/rec.h"

#include <string.h>

/* ---- passing on ---- */

static void passed_on_in_time_is_met(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &duties_urgent, id);
	net_run(net);
	struct duties_seen due = duties_ours(net, 1, id);

	assert_int_equal(due.count, 1);
	assert_int_equal(due.row.state, KAI_DUTY_DUE);
	assert_int_equal(due.row.due_at, due.row.at + WITHIN);
	assert_int_equal(due.row.timer_at, due.row.due_at);
	net_pass(net, WITHIN / 2);
	net_link(net, 1, 2);
	net_run(net);
	struct duties_seen met = duties_ours(net, 1, id);

	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_false(kai_duty_late(&met.row));
	assert_false(met.row.answer.is);
	net_pass(net, 2 * WITHIN);
	met = duties_ours(net, 1, id);
	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_int_equal(met.row.overdue_at, 0);
	assert_int_equal(duties_said(net, 1, "duty-due"), 1);
	assert_int_equal(duties_said(net, 1, "duty-met"), 1);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 0);
	/* Who asked for it learns it from the count of those that have it. */
	struct duties_seen told = duties_theirs(net, 0, id);

	assert_int_equal(told.count, 1);
	assert_int_equal(told.place.target, 0);
	assert_int_equal(told.row.state, KAI_DUTY_MET);
	assert_false(kai_duty_late(&told.row));
	duties_finish(net);
}

/* One millisecond before its time it is due, at its time overdue: once, over restarts; and late when it is met. */
static void the_bound_is_exact_and_lasts(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &duties_urgent, id);
	net_run(net);
	int64_t left = (int64_t)duties_ours(net, 1, id).row.due_at - (NET_MS + net->mono.ms);

	net_pass(net, left / 2);
	net_restart(net, 1);
	net_pass(net, left - left / 2 - 1);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_DUE);
	net_pass(net, 1);
	struct duties_seen overdue = duties_ours(net, 1, id);

	assert_int_equal(overdue.row.state, KAI_DUTY_OVERDUE);
	assert_int_equal(overdue.row.overdue_at, overdue.row.due_at);
	/* Who asked for it does not see whether it was done. */
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(duties_theirs(net, 0, id).row.state, KAI_DUTY_UNSEEN);
	assert_int_equal(duties_theirs(net, 0, id).row.overdue_at, 0);
	net_restart(net, 1);
	net_pass(net, KAI_MS_HOUR);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 1);
	net_link(net, 1, 2);
	net_run(net);
	struct duties_seen late = duties_ours(net, 1, id);

	assert_int_equal(late.row.state, KAI_DUTY_MET);
	assert_true(kai_duty_late(&late.row));
	net_pass(net, KAI_MS_HOUR);
	assert_int_equal(duties_said(net, 1, "duty-met"), 1);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 1);
	duties_finish(net);
}

/* A node that was off when the time passed says so when it comes back. */
static void what_fell_due_while_off_is_said(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &duties_urgent, id);
	net_run(net);
	net->nodes[1].skew_ms = 2 * WITHIN;
	net_restart(net, 1);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_DUE);
	net_pass(net, 5 * KAI_MS_MINUTE);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_OVERDUE);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 1);
	duties_finish(net);
}

static void less_urgent_or_of_another_kind_asks_for_nothing(void **state)
{
	static const struct net_item items[] = {
		{.urgency = KAI_URGENCY_INFO},
		{.urgency = KAI_URGENCY_NOW, .kind = KAI_KIND_NOTICE},
	};
	struct net *net = duties_chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		net_publish(net, 0, &items[i], id);
		net_run(net);
		assert_true(net_holds(net, 1, id, NULL));
		assert_int_equal(duties_ours(net, 1, id).count, 0);
		assert_int_equal(duties_theirs(net, 0, id).count, 0);
	}
	/* Nor does what we wrote ourselves. */
	net_publish(net, 1, &duties_urgent, id);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, id).count, 0);
	duties_finish(net);
}

/* Named orgs and members of a community are owed each for itself; who wrote or brought it is not. */
static void each_target_has_its_own_state(void **state)
{
	struct net *net = net_new(4);
	struct kai_audience_entry targets[3] = {net_org(net, 0), net_org(net, 2), net_org(net, 3)};
	struct kai_duty duty = duties_of_b(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	for (size_t i = 0; i < 2; i++) /* a set, ascending */
		for (size_t k = 0; k < 2; k++)
			if (memcmp(targets[k].org.at, targets[k + 1].org.at, KAI_ID_LEN) > 0) {
				struct kai_audience_entry first = targets[k];

				targets[k] = targets[k + 1];
				targets[k + 1] = first;
			}
	duty.target = targets;
	duty.target_count = 3;
	(void)net_agree(net, 0, 1,
			&(struct net_terms){.introduce = true, .duties = &duty, .duty_count = 1});
	(void)net_agree(net, 1, 2, &(struct net_terms){.introduce = true});
	net_link(net, 0, 1);
	net_link(net, 1, 2);
	net_run(net);
	net_publish(net, 0, &duties_urgent, id);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, id).count, 2);
	assert_int_equal(duties_said(net, 1, "duty-met"), 1);
	/* There is no agreement with 3: nothing may go there, and nobody missed anything. */
	assert_int_equal(duties_said(net, 1, "duty-blocked"), 1);
	net_pass(net, 2 * WITHIN);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 0);
	/* One is made: the time begins. */
	(void)net_agree(net, 1, 3, &(struct net_terms){.introduce = true});
	net_pass(net, WITHIN - 1);
	assert_int_equal(duties_said(net, 1, "duty-due"), 3);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 1);
	duties_finish(net);
}

/* ---- blocked ---- */

static void grant(struct net *net, const uint8_t id[KAI_ID_LEN])
{
	const struct net_pair *decider = &net->nodes[0].decider;
	struct kai_release release = {.version = KAI_VERSION,
				      .label = {.tlp = KAI_TLP_CLEAR,
						.onward = KAI_ONWARD_ANY,
						.attribution = KAI_ATTR_NAMED,
						.pap = KAI_PAP_CLEAR},
				      .at = NET_MS,
				      .expires = NET_MS + 60 * KAI_MS_DAY};
	struct kai_txn *txn;
	uint64_t arrival;

	memcpy(release.id, id, KAI_ID_LEN);
	struct kai_span bytes = kai_signed_make(
		KAI_CTX_RELEASE, kai_object_encode_in(&kai_object_release, &release, &net->arena),
		decider->key, decider->secret, &net->arena);

	assert_int_equal(kai_txn_begin(net->nodes[0].store, true, &txn, NULL), KAI_ERR_OK);
	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key key = kai_key_evidence(arrival, bytes);

	kai_txn_put(txn, KAI_TABLE_EVIDENCE, kai_key_span(&key), bytes);
	kai_rec_touch(txn, arrival);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

/* Never missed while the label forbids it; the origin opens it, and the time begins anew. */
static void blocked_by_label_is_not_missed(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	struct net_item item = {
		.urgency = KAI_URGENCY_NOW, .tlp = KAI_TLP_AMBER_STRICT, .audience_count = 1};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	item.audience[0] = net_org(net, 1);
	net_publish(net, 0, &item, id);
	net_link(net, 1, 2);
	net_pass(net, 3 * WITHIN);
	struct duties_seen blocked = duties_ours(net, 1, id);

	assert_int_equal(blocked.row.state, KAI_DUTY_BLOCKED);
	assert_string_equal(blocked.rule, "audience");
	assert_int_equal(blocked.row.overdue_at, 0);
	assert_int_equal(duties_said(net, 1, "duty-blocked"), 1);
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_pass(net, 3 * WITHIN);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 0);
	grant(net, id);
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_run(net);
	struct duties_seen due = duties_ours(net, 1, id);

	assert_int_equal(due.row.state, KAI_DUTY_DUE);
	assert_int_equal(due.row.due_at, (uint64_t)(NET_MS + net->mono.ms) + WITHIN);
	net_link(net, 1, 2);
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 2, id, NULL));
	struct duties_seen met = duties_ours(net, 1, id);

	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_false(kai_duty_late(&met.row));
	duties_finish(net);
}

/* Off for a month, its clock is doubted for a day: what the label forbids is blocked all the same, by both clocks. */
static void blocked_by_a_doubted_clock_too(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	struct net_item item = {
		.urgency = KAI_URGENCY_NOW, .tlp = KAI_TLP_AMBER_STRICT, .audience_count = 1};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_pass(net, KAI_MS_MINUTE);
	net->nodes[0].skew_ms = 30 * KAI_MS_DAY;
	net->nodes[1].skew_ms = 30 * KAI_MS_DAY;
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_run(net);
	item.audience[0] = net_org(net, 1);
	net_publish(net, 0, &item, id);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_BLOCKED);
	assert_string_equal(duties_ours(net, 1, id).rule, "audience");
	net_pass(net, 2 * WITHIN);
	assert_int_equal(duties_said(net, 1, "duty-overdue"), 0);
	grant(net, id);
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_DUE);
	duties_finish(net);
}

/* Once it may go no more, for the item's time is over, it ends. */
static void blocked_ends_with_the_item(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	struct net_item item = {.urgency = KAI_URGENCY_NOW,
				.tlp = KAI_TLP_AMBER_STRICT,
				.audience_count = 1,
				.not_after = NET_MS + 2 * KAI_MS_HOUR};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	item.audience[0] = net_org(net, 1);
	net_publish(net, 0, &item, id);
	net_pass(net, 2 * KAI_MS_HOUR - 1 - net->mono.ms);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_BLOCKED);
	net_pass(net, 1);
	struct duties_seen ended = duties_ours(net, 1, id);

	assert_int_equal(ended.row.state, KAI_DUTY_ENDED);
	assert_string_equal(ended.rule, "expired");
	duties_finish(net);
}

/* A member whose agreement stands still is owed it all the same, and reads why it does not get it. */
static void a_suspended_member_is_told_by_telephone(void **state)
{
	struct net *net = duties_chain(KAI_DUTY_PASS);
	struct kai_ctl_agree_notice notice = {.action = KAI_NOTICE_SUSPEND};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	memcpy(notice.org, net->nodes[2].config.org, KAI_ID_LEN);
	assert_int_equal(net_control(net, 1, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_publish(net, 0, &duties_urgent, id);
	net_pass(net, 2 * WITHIN);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_BLOCKED);
	assert_string_equal(duties_ours(net, 1, id).rule, "agreement");
	notice.action = KAI_NOTICE_RESUME;
	assert_int_equal(net_control(net, 1, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_pass(net, WITHIN - KAI_MS_MINUTE);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_DUE);
	net_pass(net, 2 * KAI_MS_MINUTE);
	assert_int_equal(duties_ours(net, 1, id).row.state, KAI_DUTY_OVERDUE);
	duties_finish(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passed_on_in_time_is_met),
		cmocka_unit_test(the_bound_is_exact_and_lasts),
		cmocka_unit_test(what_fell_due_while_off_is_said),
		cmocka_unit_test(less_urgent_or_of_another_kind_asks_for_nothing),
		cmocka_unit_test(each_target_has_its_own_state),
		cmocka_unit_test(blocked_by_label_is_not_missed),
		cmocka_unit_test(blocked_by_a_doubted_clock_too),
		cmocka_unit_test(blocked_ends_with_the_item),
		cmocka_unit_test(a_suspended_member_is_told_by_telephone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
