/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer may cost, what it may refuse, and what a hostile one gets; agreements that end. */
#include "net.h"

#include <stdio.h>
#include <string.h>

#include "kairan/records.h"

static void noise_is_counted_once_a_minute_and_then_cut(void **state)
{
	struct kai_quota quota = kai_quota_default;
	struct net *net;
	static const uint8_t noise[] = {0xc1, 0x00, 0xff};
	size_t entries;

	(void)state;
	quota.faults_per_minute = 100;
	net = net_guarded(&quota, 0);
	for (int i = 0; i < 100; i++)
		net_inject_bytes(net, 1, 0, kai_span(noise, sizeof(noise)));
	net_run(net);
	assert_int_equal(net->nodes[0].cuts, 0);
	assert_int_equal(net_journalled(net, 0, NULL, "wrong-type", &entries), 1);
	assert_int_equal(entries, 1);
	net_inject_bytes(net, 1, 0, kai_span(noise, sizeof(noise)));
	net_run(net);
	assert_int_equal(net->nodes[0].cuts, 1);
	assert_string_equal(net->nodes[0].last_cut, "too-many-faults");
	net_pass(net, 61000);
	assert_int_equal(net_journalled(net, 0, NULL, "wrong-type", &entries), 101);
	assert_int_equal(entries, 2);
	net_link(net, 0, 1);
	net_run(net);
	assert_true(net_up(net, 0, 1));
	net_free(net);
}

static void frames_over_the_quota_are_not_looked_at(void **state)
{
	struct kai_quota quota = kai_quota_default;
	struct kai_ping ping = {.answer = false};
	struct net *net;
	size_t entries, before;

	(void)state;
	quota.frames_per_second = 2; /* 20 in ten seconds */
	net = net_guarded(&quota, 0);
	net_pass(net, 20000);
	before = net->seen_count;
	for (int i = 0; i < 40; i++)
		net_inject(net, 1, 0, KAI_MSG_PING, &ping);
	net_run(net);
	assert_in_range(net_sent(net, 0, 1, KAI_MSG_PING, before), 18, 20);
	assert_true(net_journalled(net, 0, NULL, "quota", &entries) > 0);
	net_free(net);
}

static bool no_hello(void *context, struct net_frame *frame)
{
	(void)context;
	return frame->type != KAI_MSG_HELLO || frame->len < 100;
}

static void nothing_passes_before_the_hellos(void **state)
{
	struct net *net = net_new(2);
	struct kai_offer_entry entry = {.parts = 1, .size = 10, .urgency = 3, .signatures = 1};
	struct kai_offer offer = {.entries = &entry, .entries_count = 1};
	size_t entries;

	(void)state;
	(void)net_agree(net, 0, 1, &net_wide);
	net->filter = no_hello;
	net_link(net, 0, 1);
	net_inject(net, 1, 0, KAI_MSG_OFFER, &offer);
	net_run(net);
	assert_int_equal(net_journalled(net, 0, NULL, "sequence", &entries), 1);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_WANT, 0), 0);
	net_free(net);
}

static bool drop_wants(void *context, struct net_frame *frame)
{
	unsigned *from = context;

	return frame->type != KAI_MSG_WANT || frame->from != *from;
}

/* An item that node 1 was offered and whose wants get lost. */
static struct net *offered_one(uint8_t ret[KAI_ID_LEN])
{
	static unsigned one = 1;
	struct net *net = net_chain(2, &net_wide);

	net->filter = drop_wants;
	net->context = &one;
	net_publish(net, 0, &(struct net_item){.tlp = 0}, ret);
	net_run(net);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 1);
	return net;
}

static void refuse(struct net *net, const uint8_t id[KAI_ID_LEN], uint64_t klass, uint64_t retry_ms)
{
	struct kai_refuse_entry entry = {
		.klass = klass, .reason = kai_span_str("some-rule"), .retry_ms = retry_ms};
	struct kai_refuse msg = {.entries = &entry, .entries_count = 1};

	memcpy(entry.id, id, KAI_ID_LEN);
	net_inject(net, 1, 0, KAI_MSG_REFUSE, &msg);
	net_run(net);
}

static void a_refusal_by_rule_is_final(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = offered_one(id);

	(void)state;
	refuse(net, id, KAI_CLASS_RULE, 0);
	for (int i = 0; i < 3; i++) {
		net_restart(net, 0);
		net_link(net, 0, 1);
		net_pass(net, 120000);
	}
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 1);
	net_free(net);
}

static void a_deferred_item_comes_again_when_it_may(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = offered_one(id);

	(void)state;
	refuse(net, id, KAI_CLASS_DEFER, 300000);
	net_pass(net, 299000);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 1);
	net_pass(net, 2000);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 2);
	net->filter = NULL;
	net_pass(net, 61000);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

static void a_bad_copy_is_tried_three_times(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = offered_one(id);

	(void)state;
	for (int i = 0; i < 3; i++) {
		refuse(net, id, KAI_CLASS_COPY, 0);
		net_pass(net, 20000);
	}
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 3);
	net_pass(net, 300000);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 3);
	net_free(net);
}

static void an_unknown_class_is_a_fault(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = offered_one(id);
	size_t entries;

	(void)state;
	refuse(net, id, 9, 0);
	assert_int_equal(net_journalled(net, 0, NULL, "out-of-range", &entries), 1);
	net_free(net);
}

static void stored_of_what_was_never_sent_tells_nothing(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct kai_id_parts entry = {.parts = 65535};
	struct kai_stored stored = {.entries = &entry, .entries_count = 1};
	struct net_item item = {.tlp = KAI_TLP_RED, .keep = true, .audience_count = 1};
	size_t since;

	(void)state;
	item.audience[0] = net_org(net, 0);
	net_publish(net, 0, &item, entry.id);
	net_run(net);
	since = net->seen_count;
	net_inject(net, 1, 0, KAI_MSG_STORED, &stored);
	memset(entry.id, 7, KAI_ID_LEN);
	net_inject(net, 1, 0, KAI_MSG_STORED, &stored);
	net_run(net);
	assert_int_equal(net->seen_count, since);

	struct kai_txn *txn = net_read(net, 0);

	assert_int_equal(kai_txn_count(txn, KAI_TABLE_RELEASED), 0);
	kai_txn_abort(txn);
	net_free(net);
}

static void few_wants_at_a_time_still_bring_all(void **state)
{
	struct kai_quota quota = kai_quota_default;
	struct net *net;
	uint8_t ids[30][KAI_ID_LEN];

	(void)state;
	quota.wants_in_flight = 4;
	net = net_guarded(&quota, 0);
	for (size_t i = 0; i < 30; i++)
		net_publish(net, 0, &(struct net_item){.tlp = 0}, ids[i]);
	net_run(net);
	for (int i = 0; i < 10; i++)
		net_pass(net, 70000);
	for (size_t i = 0; i < 30; i++)
		assert_true(net_holds(net, 1, ids[i], NULL));
	net_free(net);
}

static void a_daily_volume_is_kept(void **state)
{
	struct net *net = net_new(2);
	struct net_terms terms = {.max_items_day = 5};
	uint8_t ids[8][KAI_ID_LEN];
	unsigned held = 0;

	(void)state;
	(void)net_agree(net, 0, 1, &terms);
	net_link(net, 0, 1);
	for (size_t i = 0; i < 8; i++)
		net_publish(net, 0, &(struct net_item){.tlp = 0}, ids[i]);
	net_run(net);
	for (size_t i = 0; i < 8; i++)
		held += net_holds(net, 1, ids[i], NULL) ? 1 : 0;
	assert_int_equal(held, 5);
	net_cut(net, 0, 1);
	net_pass(net, KAI_MS_DAY);
	net_link(net, 0, 1);
	net_pass(net, KAI_MS_HOUR);
	for (size_t i = 0; i < 8; i++)
		assert_true(net_holds(net, 1, ids[i], NULL));
	net_free(net);
}

static void at_its_end_an_agreement_stops_both_ways(void **state)
{
	const struct net_terms terms = {.valid_until = (uint64_t)(NET_MS + 60000)};
	struct net *net = net_chain(2, &terms);
	uint8_t before[KAI_ID_LEN], after[KAI_ID_LEN], retraction[KAI_ID_LEN];

	(void)state;
	net_pass(net, 60000 - 1 - net->mono.ms); /* a millisecond before */
	net_publish(net, 0, &(struct net_item){.tlp = 0}, before);
	net_run(net);
	assert_true(net_holds(net, 1, before, NULL));
	net_pass(net, 1);
	net_publish(net, 0, &(struct net_item){.keep = true}, after);
	net_run(net);
	assert_false(net_holds(net, 1, after, NULL));
	assert_false(net_leaked(net, 1, kai_span(after, sizeof(after))));
	net_retract(net, 0, before, retraction);
	net_run(net);
	assert_true(net_holds(net, 1, retraction, NULL));
	net_free(net);
}

static void suspension_stops_and_resumption_makes_good(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_notice(net, 1, 0, KAI_NOTICE_SUSPEND);
	net_run(net);
	net_publish(net, 0, &(struct net_item){.keep = true}, id);
	net_run(net);
	assert_false(net_holds(net, 1, id, NULL));
	net_notice(net, 1, 0, KAI_NOTICE_RESUME);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

static void termination_ends_with_a_bye(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_notice(net, 1, 0, KAI_NOTICE_TERMINATE);
	net_run(net);
	assert_true(net_sent(net, 0, 1, KAI_MSG_BYE, 0) + net_sent(net, 1, 0, KAI_MSG_BYE, 0) > 0);
	assert_false(net_up(net, 0, 1));
	assert_false(net_up(net, 1, 0));
	net_publish(net, 0, &(struct net_item){.keep = true}, id);
	net_pass(net, 100000);
	assert_false(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* The connection stands, since a termination may still have to be told; what is agreed anew begins over it. */
static void a_new_agreement_greets_again(void **state)
{
	struct net *net = net_chain(2, &(struct net_terms){.ceiling = 0});
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_notice(net, 1, 0, KAI_NOTICE_TERMINATE);
	net_run(net);
	assert_false(net_up(net, 0, 1));
	(void)net_agree(net, 0, 1, &(struct net_terms){.serial = 2});
	net_run(net);
	assert_true(net_up(net, 0, 1));
	assert_true(net_up(net, 1, 0));
	net_publish(net, 0, &(struct net_item){.tlp = KAI_TLP_CLEAR}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noise_is_counted_once_a_minute_and_then_cut),
		cmocka_unit_test(frames_over_the_quota_are_not_looked_at),
		cmocka_unit_test(nothing_passes_before_the_hellos),
		cmocka_unit_test(a_refusal_by_rule_is_final),
		cmocka_unit_test(a_deferred_item_comes_again_when_it_may),
		cmocka_unit_test(a_bad_copy_is_tried_three_times),
		cmocka_unit_test(an_unknown_class_is_a_fault),
		cmocka_unit_test(stored_of_what_was_never_sent_tells_nothing),
		cmocka_unit_test(few_wants_at_a_time_still_bring_all),
		cmocka_unit_test(a_daily_volume_is_kept),
		cmocka_unit_test(at_its_end_an_agreement_stops_both_ways),
		cmocka_unit_test(suspension_stops_and_resumption_makes_good),
		cmocka_unit_test(termination_ends_with_a_bye),
		cmocka_unit_test(a_new_agreement_greets_again),
	};

	return cmocka_run_group_tests_name("engine-conduct", tests, NULL, NULL);
}
