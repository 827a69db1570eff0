/* SPDX-License-Identifier: Apache-2.0 */
/* Duties of agreements: which arise, and what becomes of each, to the millisecond, on both sides. */
#include "net.h"

#include <string.h>

#include "kairan/records.h"

#define WITHIN (15 * KAI_MS_MINUTE)

static uint64_t some_kinds[] = {KAI_KIND_SECINFO, KAI_KIND_RFI};

/* Of the second side, about both kinds, urgent or not. */
static struct kai_duty duty_of_b(uint64_t action)
{
	return (struct kai_duty){.side = 1,
				 .kinds = some_kinds,
				 .kinds_count = 2,
				 .urgency = KAI_URGENCY_TODAY,
				 .action = action,
				 .within_ms = WITHIN,
				 .report_back = true};
}

/* 0 → 1 → 2: what comes from 0, 1 passes on to its constituency, 2, or answers. */
static struct net *chain(uint64_t action)
{
	struct net *net = net_new(4);
	const struct kai_duty duty = duty_of_b(action);

	(void)net_agree(net, 0, 1,
			&(struct net_terms){.introduce = true, .duties = &duty, .duty_count = 1});
	(void)net_agree(net, 1, 2, &(struct net_terms){.introduce = true, .constituency = true});
	net_link(net, 0, 1);
	net_run(net);
	return net;
}

static const struct net_item urgent = {.urgency = KAI_URGENCY_NOW};

struct seen {
	size_t count;
	struct kai_duty_place place;
	struct kai_duty_row row; /* of the last one */
	char rule[KAI_MAX_SHORT + 1];
};

/* The node's duties about an item, of one side. */
static struct seen look(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN], uint64_t side)
{
	struct kai_txn *txn = net_read(net, node);
	struct seen seen = {.count = 0};
	struct kai_scan scan;
	struct kai_span key, value;
	uint64_t arrival = 0;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key prefix = kai_key_u64(arrival);

	kai_scan_init(&scan, txn, KAI_TABLE_DUTIES, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		struct kai_duty_row row;

		assert_int_equal(kai_object_decode(&kai_object_duty_row, value, &net->arena, &row),
				 KAI_FAULT_NONE);
		if (row.side != side)
			continue;
		seen.count++;
		seen.row = row;
		assert_true(kai_duty_place_read(key, &seen.place));
		memset(seen.rule, 0, sizeof(seen.rule));
		memcpy(seen.rule, row.rule.at, row.rule.len);
	}
	kai_txn_abort(txn);
	return seen;
}

static struct seen ours(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	return look(net, node, id, KAI_DUTY_OURS);
}

static struct seen theirs(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	return look(net, node, id, KAI_DUTY_THEIRS);
}

/* How often the node's journal says so. */
static size_t said(struct net *net, unsigned node, const char *event)
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_scan scan;
	struct kai_span value;
	size_t count = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct kai_journal entry;

		assert_int_equal(kai_object_decode(&kai_object_journal, value, &net->arena, &entry),
				 KAI_FAULT_NONE);
		count += kai_span_equal(entry.event, kai_span_str(event));
	}
	kai_txn_abort(txn);
	return count;
}

static uint64_t count_of(struct net *net, unsigned node, enum kai_table table)
{
	struct kai_txn *txn = net_read(net, node);
	uint64_t count = kai_txn_count(txn, table);

	kai_txn_abort(txn);
	return count;
}

static void problem(void *context, enum kai_table table, struct kai_span key, const char *what)
{
	(void)context;
	(void)key;
	fail_msg("%s: %s", kai_table_name(table), what);
}

/* Every test's end: the stores are whole, and there is a timer for each open duty and no other. */
static void finish(struct net *net)
{
	for (unsigned i = 0; i < net->count; i++) {
		struct kai_store_check check = {.report = problem};

		assert_int_equal(kai_store_check(net->nodes[i].store, &check, NULL), KAI_ERR_OK);
		assert_int_equal(count_of(net, i, KAI_TABLE_DUTIES_OPEN),
				 count_of(net, i, KAI_TABLE_TIMERS));
	}
	net_free(net);
}

/* ---- passing on ---- */

static void passed_on_in_time_is_met(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &urgent, id);
	net_run(net);
	struct seen due = ours(net, 1, id);

	assert_int_equal(due.count, 1);
	assert_int_equal(due.row.state, KAI_DUTY_DUE);
	assert_int_equal(due.row.due_at, due.row.at + WITHIN);
	assert_int_equal(due.row.timer_at, due.row.due_at);
	net_pass(net, WITHIN / 2);
	net_link(net, 1, 2);
	net_run(net);
	struct seen met = ours(net, 1, id);

	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_false(kai_duty_late(&met.row));
	assert_false(met.row.answer.is);
	net_pass(net, 2 * WITHIN);
	met = ours(net, 1, id);
	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_int_equal(met.row.overdue_at, 0);
	assert_int_equal(said(net, 1, "duty-due"), 1);
	assert_int_equal(said(net, 1, "duty-met"), 1);
	assert_int_equal(said(net, 1, "duty-overdue"), 0);
	/* Who asked for it learns it from the count of those that have it. */
	struct seen told = theirs(net, 0, id);

	assert_int_equal(told.count, 1);
	assert_int_equal(told.place.target, 0);
	assert_int_equal(told.row.state, KAI_DUTY_MET);
	assert_false(kai_duty_late(&told.row));
	finish(net);
}

/* One millisecond before its time it is due, at its time overdue: once, over restarts; and late when it is met. */
static void the_bound_is_exact_and_lasts(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &urgent, id);
	net_run(net);
	int64_t left = (int64_t)ours(net, 1, id).row.due_at - (NET_MS + net->mono.ms);

	net_pass(net, left / 2);
	net_restart(net, 1);
	net_pass(net, left - left / 2 - 1);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_DUE);
	net_pass(net, 1);
	struct seen overdue = ours(net, 1, id);

	assert_int_equal(overdue.row.state, KAI_DUTY_OVERDUE);
	assert_int_equal(overdue.row.overdue_at, overdue.row.due_at);
	/* Who asked for it does not see whether it was done. */
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(theirs(net, 0, id).row.state, KAI_DUTY_UNSEEN);
	assert_int_equal(theirs(net, 0, id).row.overdue_at, 0);
	net_restart(net, 1);
	net_pass(net, KAI_MS_HOUR);
	assert_int_equal(said(net, 1, "duty-overdue"), 1);
	net_link(net, 1, 2);
	net_run(net);
	struct seen late = ours(net, 1, id);

	assert_int_equal(late.row.state, KAI_DUTY_MET);
	assert_true(kai_duty_late(&late.row));
	net_pass(net, KAI_MS_HOUR);
	assert_int_equal(said(net, 1, "duty-met"), 1);
	assert_int_equal(said(net, 1, "duty-overdue"), 1);
	finish(net);
}

/* A node that was off when the time passed says so when it comes back. */
static void what_fell_due_while_off_is_said(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &urgent, id);
	net_run(net);
	net->nodes[1].skew_ms = 2 * WITHIN;
	net_restart(net, 1);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_DUE);
	net_pass(net, 5 * KAI_MS_MINUTE);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_OVERDUE);
	assert_int_equal(said(net, 1, "duty-overdue"), 1);
	finish(net);
}

static void less_urgent_or_of_another_kind_asks_for_nothing(void **state)
{
	static const struct net_item items[] = {
		{.urgency = KAI_URGENCY_INFO},
		{.urgency = KAI_URGENCY_NOW, .kind = KAI_KIND_NOTICE},
	};
	struct net *net = chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		net_publish(net, 0, &items[i], id);
		net_run(net);
		assert_true(net_holds(net, 1, id, NULL));
		assert_int_equal(ours(net, 1, id).count, 0);
		assert_int_equal(theirs(net, 0, id).count, 0);
	}
	/* Nor does what we wrote ourselves. */
	net_publish(net, 1, &urgent, id);
	net_run(net);
	assert_int_equal(ours(net, 1, id).count, 0);
	finish(net);
}

/* Named orgs and members of a community are owed each for itself; who wrote or brought it is not. */
static void each_target_has_its_own_state(void **state)
{
	struct net *net = net_new(4);
	struct kai_audience_entry targets[3] = {net_org(net, 0), net_org(net, 2), net_org(net, 3)};
	struct kai_duty duty = duty_of_b(KAI_DUTY_PASS);
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
	net_publish(net, 0, &urgent, id);
	net_run(net);
	assert_int_equal(ours(net, 1, id).count, 2);
	assert_int_equal(said(net, 1, "duty-met"), 1);
	/* There is no agreement with 3: nothing may go there, and nobody missed anything. */
	assert_int_equal(said(net, 1, "duty-blocked"), 1);
	net_pass(net, 2 * WITHIN);
	assert_int_equal(said(net, 1, "duty-overdue"), 0);
	/* One is made: the time begins. */
	(void)net_agree(net, 1, 3, &(struct net_terms){.introduce = true});
	net_pass(net, WITHIN - 1);
	assert_int_equal(said(net, 1, "duty-due"), 3);
	assert_int_equal(said(net, 1, "duty-overdue"), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(said(net, 1, "duty-overdue"), 1);
	finish(net);
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
	struct net *net = chain(KAI_DUTY_PASS);
	struct net_item item = {
		.urgency = KAI_URGENCY_NOW, .tlp = KAI_TLP_AMBER_STRICT, .audience_count = 1};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	item.audience[0] = net_org(net, 1);
	net_publish(net, 0, &item, id);
	net_link(net, 1, 2);
	net_pass(net, 3 * WITHIN);
	struct seen blocked = ours(net, 1, id);

	assert_int_equal(blocked.row.state, KAI_DUTY_BLOCKED);
	assert_string_equal(blocked.rule, "audience");
	assert_int_equal(blocked.row.overdue_at, 0);
	assert_int_equal(said(net, 1, "duty-blocked"), 1);
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_pass(net, 3 * WITHIN);
	assert_int_equal(said(net, 1, "duty-overdue"), 0);
	grant(net, id);
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_run(net);
	struct seen due = ours(net, 1, id);

	assert_int_equal(due.row.state, KAI_DUTY_DUE);
	assert_int_equal(due.row.due_at, (uint64_t)(NET_MS + net->mono.ms) + WITHIN);
	net_link(net, 1, 2);
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 2, id, NULL));
	struct seen met = ours(net, 1, id);

	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_false(kai_duty_late(&met.row));
	finish(net);
}

/* Off for a month, its clock is doubted for a day: what the label forbids is blocked all the same, by both clocks. */
static void blocked_by_a_doubted_clock_too(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
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
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_BLOCKED);
	assert_string_equal(ours(net, 1, id).rule, "audience");
	net_pass(net, 2 * WITHIN);
	assert_int_equal(said(net, 1, "duty-overdue"), 0);
	grant(net, id);
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_DUE);
	finish(net);
}

/* Once it may go no more, for the item's time is over, it ends. */
static void blocked_ends_with_the_item(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	struct net_item item = {.urgency = KAI_URGENCY_NOW,
				.tlp = KAI_TLP_AMBER_STRICT,
				.audience_count = 1,
				.not_after = NET_MS + 2 * KAI_MS_HOUR};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	item.audience[0] = net_org(net, 1);
	net_publish(net, 0, &item, id);
	net_pass(net, 2 * KAI_MS_HOUR - 1 - net->mono.ms);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_BLOCKED);
	net_pass(net, 1);
	struct seen ended = ours(net, 1, id);

	assert_int_equal(ended.row.state, KAI_DUTY_ENDED);
	assert_string_equal(ended.rule, "expired");
	finish(net);
}

/* A member whose agreement stands still is owed it all the same, and reads why it does not get it. */
static void a_suspended_member_is_told_by_telephone(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	struct kai_ctl_agree_notice notice = {.action = KAI_NOTICE_SUSPEND};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	memcpy(notice.org, net->nodes[2].config.org, KAI_ID_LEN);
	assert_int_equal(net_control(net, 1, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_publish(net, 0, &urgent, id);
	net_pass(net, 2 * WITHIN);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_BLOCKED);
	assert_string_equal(ours(net, 1, id).rule, "agreement");
	notice.action = KAI_NOTICE_RESUME;
	assert_int_equal(net_control(net, 1, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_pass(net, WITHIN - KAI_MS_MINUTE);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_DUE);
	net_pass(net, 2 * KAI_MS_MINUTE);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_OVERDUE);
	finish(net);
}

/* ---- the end of a duty ---- */

static void ends_with_why(struct net *net, const uint8_t id[KAI_ID_LEN], const char *why)
{
	struct seen ended = ours(net, 1, id);

	assert_int_equal(ended.count, 1);
	assert_int_equal(ended.row.state, KAI_DUTY_ENDED);
	assert_string_equal(ended.rule, why);
	assert_int_equal(said(net, 1, "duty-ended"), 1);
}

static void retracted_ends_it(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN], back[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &urgent, id);
	net_run(net);
	net_retract(net, 0, id, back);
	net_run(net);
	ends_with_why(net, id, "retracted");
	assert_int_equal(ours(net, 1, back).count, 0);
	assert_int_equal(theirs(net, 0, id).row.state, KAI_DUTY_ENDED);
	net_pass(net, 2 * WITHIN);
	assert_int_equal(said(net, 1, "duty-overdue"), 0);
	finish(net);
}

/* A revision asks anew, with its own time. */
static void a_revision_takes_its_place(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	struct net_item later = urgent;
	uint8_t id[KAI_ID_LEN], next[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &urgent, id);
	net_pass(net, WITHIN / 2);
	later.supersedes = id;
	net_publish(net, 0, &later, next);
	net_run(net);
	ends_with_why(net, id, "superseded");
	struct seen due = ours(net, 1, next);

	assert_int_equal(due.count, 1);
	assert_int_equal(due.row.state, KAI_DUTY_DUE);
	assert_int_equal(due.row.due_at, (uint64_t)(NET_MS + net->mono.ms) + WITHIN);
	finish(net);
}

static void an_agreement_takes_its_duties_with_it(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	struct kai_ctl_agree_notice notice = {.action = KAI_NOTICE_SUSPEND};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	memcpy(notice.org, net->nodes[0].config.org, KAI_ID_LEN);
	net_publish(net, 0, &urgent, id);
	net_run(net);
	/* Suspended, what came under it is still owed. */
	assert_int_equal(net_control(net, 1, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_DUE);
	notice.action = KAI_NOTICE_TERMINATE;
	assert_int_equal(net_control(net, 1, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_pass(net, KAI_MS_MINUTE);
	ends_with_why(net, id, "agreement-over");
	assert_int_equal(theirs(net, 0, id).row.state, KAI_DUTY_ENDED);
	finish(net);
}

/* What nobody did stays before their eyes as long as the item counts, and goes with it. */
static void overdue_ends_with_the_item(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	struct net_item item = urgent;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	item.not_after = NET_MS + 3 * KAI_MS_DAY;
	net_publish(net, 0, &item, id);
	net_pass(net, 3 * KAI_MS_DAY - 1 - net->mono.ms);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_OVERDUE);
	net_pass(net, 1);
	ends_with_why(net, id, "expired");
	assert_true(ours(net, 1, id).row.overdue_at != 0);
	net_cut(net, 0, 1);
	for (unsigned i = 0; i < 4; i++)
		net_pass(net, 8 * KAI_MS_DAY);
	assert_false(net_holds(net, 1, id, NULL));
	assert_int_equal(count_of(net, 1, KAI_TABLE_DUTIES), 0);
	finish(net);
}

/* ---- answering ---- */

static void an_answer_meets_it_on_both_sides(void **state)
{
	struct net *net = chain(KAI_DUTY_ANSWER);
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
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_DUE);
	assert_int_equal(theirs(net, 0, id).row.state, KAI_DUTY_DUE);
	/* Written is not answered: it is when it is there. */
	net_cut(net, 0, 1);
	reply.question = id;
	net_publish(net, 1, &reply, answer);
	net_run(net);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_DUE);
	net_link(net, 0, 1);
	net_run(net);
	struct seen met = ours(net, 1, id);

	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_true(met.row.answer.is && kai_id_equal(met.row.answer.id, answer));
	met = theirs(net, 0, id);
	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_true(met.row.answer.is && kai_id_equal(met.row.answer.id, answer));
	/* The other question is open, and silence is seen on both sides. */
	net_pass(net, 2 * WITHIN);
	assert_int_equal(ours(net, 1, other).row.state, KAI_DUTY_OVERDUE);
	assert_int_equal(theirs(net, 0, other).row.state, KAI_DUTY_OVERDUE);
	finish(net);
}

/* An item that refers to the question answers it too; one that is for somebody else does not. */
static void a_reference_answers(void **state)
{
	struct net *net = chain(KAI_DUTY_ANSWER);
	struct net_item refers = {
		.urgency = KAI_URGENCY_INFO, .tlp = KAI_TLP_RED, .audience_count = 1};
	uint8_t id[KAI_ID_LEN], first[KAI_ID_LEN], second[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &urgent, id); /* CLEAR: anybody may name it */
	net_link(net, 1, 2);
	net_run(net);
	refers.refs = id;
	refers.audience[0] = net_org(net, 2);
	net_publish(net, 1, &refers, first);
	net_run(net);
	assert_true(net_holds(net, 2, first, NULL));
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_DUE);
	refers.audience[0] = net_org(net, 0);
	net_publish(net, 1, &refers, second);
	net_run(net);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_MET);
	assert_int_equal(theirs(net, 0, id).row.state, KAI_DUTY_MET);
	finish(net);
}

/* ---- reporting ---- */

/* 1 reports to 0 what is its own and what its constituency, 2, wrote; not what 3 did. */
static void own_and_constituents_items_are_reported(void **state)
{
	struct net *net = chain(KAI_DUTY_REPORT);
	uint8_t mine[KAI_ID_LEN], members[KAI_ID_LEN], others[KAI_ID_LEN], back[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 1, 3, &(struct net_terms){.introduce = true});
	net_link(net, 1, 2);
	net_link(net, 1, 3);
	net_run(net);
	net_cut(net, 0, 1);
	net_publish(net, 1, &urgent, mine);
	net_publish(net, 2, &urgent, members);
	net_publish(net, 3, &urgent, others);
	net_run(net);
	assert_int_equal(ours(net, 1, mine).row.state, KAI_DUTY_DUE);
	assert_int_equal(ours(net, 1, members).row.state, KAI_DUTY_DUE);
	assert_int_equal(ours(net, 1, others).count, 0);
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(ours(net, 1, mine).row.state, KAI_DUTY_MET);
	assert_int_equal(ours(net, 1, members).row.state, KAI_DUTY_MET);
	/* What 0 wrote it need not be told, and does not wait for what it cannot know. */
	net_publish(net, 0, &urgent, back);
	net_run(net);
	assert_int_equal(ours(net, 1, back).count, 0);
	assert_int_equal(theirs(net, 0, back).count, 0);
	assert_int_equal(theirs(net, 0, mine).count, 0);
	finish(net);
}

/* The label keeps it from the one it should be reported to: an own word about it does as well. */
static void a_report_in_other_words_meets_it(void **state)
{
	struct net *net = chain(KAI_DUTY_REPORT);
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
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_BLOCKED);
	words.question = id;
	net_publish(net, 1, &words, report);
	net_run(net);
	struct seen met = ours(net, 1, id);

	assert_int_equal(met.row.state, KAI_DUTY_MET);
	assert_true(met.row.answer.is && kai_id_equal(met.row.answer.id, report));
	finish(net);
}

/* ---- clocks ---- */

static void a_clock_that_jumps_fires_nothing_early_or_twice(void **state)
{
	struct net *net = chain(KAI_DUTY_PASS);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &urgent, id);
	net_pass(net, KAI_MS_MINUTE);
	net->nodes[1].skew_ms = 400 * KAI_MS_DAY;
	net_pass(net, 1000);
	assert_int_equal(said(net, 1, "duty-overdue"), 0);
	net->nodes[1].skew_ms = 0;
	net_pass(net, WITHIN);
	assert_int_equal(said(net, 1, "duty-overdue"), 1);
	/* Set back before its time, it does not fire again. */
	net->nodes[1].skew_ms = -2 * KAI_MS_HOUR;
	net_restart(net, 1);
	net_pass(net, 4 * KAI_MS_HOUR);
	net->nodes[1].skew_ms = 0;
	net_pass(net, KAI_MS_HOUR);
	assert_int_equal(said(net, 1, "duty-overdue"), 1);
	assert_int_equal(ours(net, 1, id).row.state, KAI_DUTY_OVERDUE);
	finish(net);
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
