/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out and what does not: offers, wants, chunks, pushes, tokens, credit, denials. */
#include "net.h"

#include <stdio.h>
#include <string.h>

#include "kairan/records.h"

static void an_item_is_offered_wanted_and_stored_once(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN];
	uint32_t parts;

	(void)state;
	net_publish(net, 0, &(struct net_item){.attachment = 3000}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, &parts));
	assert_int_equal(parts, 3);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 1);
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_WANT, 0), 1);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_CHUNK, 0), 2);
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_STORED, 0), 1);
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_OFFER, 0), 0);
	net_free(net);
}

static void many_items_go_in_batches(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t ids[700][KAI_ID_LEN];

	(void)state;
	net_cut(net, 0, 1);
	for (size_t i = 0; i < 700; i++)
		net_publish(net, 0, &(struct net_item){.title = "one of many"}, ids[i]);
	net_link(net, 0, 1);
	net_run(net);
	for (size_t i = 0; i < 700; i++)
		assert_true(net_holds(net, 1, ids[i], NULL));
	assert_in_range(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 3, 8);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_CHUNK, 0), 700);
	net_free(net);
}

static void it_travels_over_three_hops(void **state)
{
	struct net *net = net_chain(4, &net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.tlp = KAI_TLP_CLEAR}, id);
	net_run(net);
	for (unsigned i = 1; i < 4; i++)
		assert_true(net_holds(net, i, id, NULL));
	net_free(net);
}

static void what_is_denied_leaves_no_frame(void **state)
{
	struct net *net = net_chain(3, &net_wide);
	struct net_item item = {.tlp = KAI_TLP_RED, .audience = {net_org(net, 1)}};
	uint8_t id[KAI_ID_LEN];
	size_t since = net->seen_count;

	(void)state;
	item.audience_count = 1;
	net_publish(net, 0, &item, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	assert_false(net_holds(net, 2, id, NULL));
	for (unsigned type = 1; type < 15; type++)
		assert_int_equal(net_sent(net, 1, 2, (enum kai_msg_type)type, since), 0);
	assert_false(net_leaked(net, 2, kai_span(id, sizeof(id))));
	net_restart(net, 1);
	net_link(net, 1, 2);
	net_run(net);
	assert_false(net_leaked(net, 2, kai_span(id, sizeof(id))));
	net_free(net);
}

static void a_withheld_part_stays_behind(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct kai_audience_entry nobody = net_org(net, 0);
	struct kai_label secret = {.tlp = KAI_TLP_RED,
				   .audience = &nobody,
				   .audience_count = 1,
				   .onward = KAI_ONWARD_NONE,
				   .attribution = KAI_ATTR_NAMED,
				   .pap = KAI_PAP_RED};
	struct net_item item = {.tlp = KAI_TLP_AMBER,
				.audience = {net_org(net, 1)},
				.audience_count = 1,
				.attachment = 200,
				.attachment_label = &secret};
	uint8_t id[KAI_ID_LEN];
	uint32_t parts;

	(void)state;
	net_publish(net, 0, &item, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, &parts));
	assert_int_equal(parts, 1);
	net_free(net);
}

static void a_large_part_goes_in_chunks_under_credit(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN];
	uint32_t parts;

	(void)state;
	net_publish(net, 0, &(struct net_item){.attachment = 1048576}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, &parts));
	assert_int_equal(parts, 3);
	/* padded to 1 MiB and a little, 64 KiB a chunk, one for main */
	assert_in_range(net_sent(net, 0, 1, KAI_MSG_CHUNK, 0), 17, 20);
	assert_true(net_sent(net, 1, 0, KAI_MSG_CREDIT, 0) > 0);
	net_free(net);
}

static void without_credit_it_stops_at_the_limit(void **state)
{
	enum kai_msg_type credit = KAI_MSG_CREDIT;
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN];
	size_t bytes = 0;

	(void)state;
	net->filter = net_drop_type;
	net->context = &credit;
	net_publish(net, 0, &(struct net_item){.attachment = 1048576}, id);
	net_run(net);
	for (size_t i = 0; i < net->seen_count; i++)
		if (net->seen[i].type == KAI_MSG_CHUNK)
			bytes += net->seen[i].len;
	assert_in_range(bytes, 256 * 1024, 256 * 1024 + KAI_MAX_FRAME);
	net_free(net);
}

static void alerts_are_pushed_whole(void **state)
{
	struct net *net = net_chain(3, &net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT}, id);
	net_run(net);
	assert_true(net_holds(net, 2, id, NULL));
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_PUSH, 0), 1);
	assert_int_equal(net_sent(net, 1, 2, KAI_MSG_PUSH, 0), 1);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_WANT, 0), 0);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 0);
	net_free(net);
}

static void an_alert_too_large_or_over_budget_is_offered(void **state)
{
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net->quota.push_origin_per_minute = 2;
	net_restart(net, 0);
	(void)net_agree(net, 0, 1, &net_wide);
	net_link(net, 0, 1);
	net_run(net);
	for (int i = 0; i < 3; i++)
		net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT}, id);
	net_run(net);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_PUSH, 0), 2);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, 0), 1);
	assert_true(net_holds(net, 1, id, NULL));
	net_pass(net, 61000);
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT}, id);
	net_run(net);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_PUSH, 0), 3);
	net_free(net);
}

static void an_alerts_attachment_follows(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN];
	uint32_t parts;

	(void)state;
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT, .attachment = 100000}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, &parts));
	assert_int_equal(parts, 3);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_PUSH, 0), 1);
	net_free(net);
}

static void a_restart_resumes_without_sending_again(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t ids[20][KAI_ID_LEN];

	(void)state;
	for (size_t i = 0; i < 20; i++)
		net_publish(net, 0, &(struct net_item){.tlp = 0}, ids[i]);
	net_run(net);
	for (unsigned i = 0; i < 4; i++) {
		size_t since = net->seen_count;

		net_restart(net, i & 1);
		net_link(net, 0, 1);
		net_run(net);
		assert_true(net_up(net, 0, 1));
		assert_int_equal(net_sent(net, 0, 1, KAI_MSG_OFFER, since), 0);
		assert_int_equal(net_sent(net, 0, 1, KAI_MSG_CHUNK, since), 0);
	}
	net_free(net);
}

/* Lets so many frames pass, then cuts. */
struct cutter {
	struct net *net;
	unsigned left;
};

static bool cut_after(void *context, struct net_frame *frame)
{
	struct cutter *cutter = context;

	(void)frame;
	if (cutter->left == 0)
		return false;
	cutter->left--;
	return true;
}

static void cut_links_lose_nothing_and_repeat_little(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct cutter cutter = {.net = net};
	uint8_t ids[40][KAI_ID_LEN];

	(void)state;
	net_cut(net, 0, 1);
	for (size_t i = 0; i < 40; i++)
		net_publish(net, 0, &(struct net_item){.attachment = i % 4 == 0 ? 150000 : 0},
			    ids[i]);
	net->filter = cut_after;
	net->context = &cutter;
	for (unsigned i = 1; i < 60; i += 3) {
		cutter.left = i;
		net_link(net, 0, 1);
		net_run(net);
		net_cut(net, 0, 1);
		if (i % 9 == 1)
			net_restart(net, i & 1);
	}
	net->filter = NULL;
	net_link(net, 0, 1);
	net_run(net);
	for (size_t i = 0; i < 40; i++)
		assert_true(net_holds(net, 1, ids[i], NULL));
	net_free(net);
}

static void lost_frames_are_made_good(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct cutter cutter = {.net = net};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net->context = &cutter;
	for (unsigned i = 0; i < 5; i++) {
		cutter.left = i;
		net->filter = cut_after;
		net_publish(net, 0, &(struct net_item){.attachment = 100}, id);
		net_run(net);
		net->filter = NULL;
		net_pass(net, 130000);
		assert_true(net_up(net, 0, 1));
		assert_true(net_holds(net, 1, id, NULL));
	}
	net_free(net);
}

static void a_wider_agreement_brings_what_was_held_back(void **state)
{
	struct net *net = net_new(2);
	struct net_item item = {.tlp = KAI_TLP_AMBER, .audience_count = 1, .keep = true};
	struct net_terms terms = {.ceiling = KAI_TLP_GREEN};
	const uint8_t *digest = net_agree(net, 0, 1, &terms);
	uint8_t amber[KAI_ID_LEN], clear[KAI_ID_LEN];

	(void)state;
	item.audience[0] = net_org(net, 1);
	net_link(net, 0, 1);
	net_publish(net, 0, &item, amber);
	net_publish(net, 0, &(struct net_item){.tlp = 0}, clear);
	net_run(net);
	assert_true(net_holds(net, 1, clear, NULL));
	assert_false(net_holds(net, 1, amber, NULL));
	assert_false(net_leaked(net, 1, kai_span(amber, sizeof(amber))));
	size_t since = net->seen_count;

	terms = (struct net_terms){.ceiling = KAI_TLP_AMBER, .serial = 2, .predecessor = digest};
	(void)net_agree(net, 0, 1, &terms);
	net_run(net);
	assert_true(net_up(net, 0, 1));
	assert_true(net_holds(net, 1, amber, NULL));
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_CHUNK, since), 1);
	net_free(net);
}

static void duplicates_over_two_paths_are_fetched_once(void **state)
{
	struct net *net = net_chain(3, &net_wide); /* 0 - 1 - 2 */
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 2, &net_wide);
	net_link(net, 0, 2);
	net_run(net);
	net_publish(net, 0, &(struct net_item){.attachment = 50000}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	assert_true(net_holds(net, 2, id, NULL));
	assert_int_equal(
		net_sent(net, 0, 2, KAI_MSG_WANT, 0) + net_sent(net, 2, 0, KAI_MSG_WANT, 0) +
			net_sent(net, 1, 2, KAI_MSG_WANT, 0) +
			net_sent(net, 2, 1, KAI_MSG_WANT, 0) + net_sent(net, 1, 0, KAI_MSG_WANT, 0),
		2);
	net_free(net);
}

static void wants_that_cannot_be_served_get_the_same_none(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct net_item item = {.tlp = KAI_TLP_RED, .keep = true, .audience_count = 1};
	uint8_t secret[KAI_ID_LEN];
	struct kai_id_parts wanted[2] = {{.parts = 1}, {.parts = 1}};
	struct kai_want want = {.entries = wanted, .entries_count = 1};
	size_t lens[2];

	(void)state;
	item.audience[0] = net_org(net, 0);
	net_publish(net, 0, &item, secret);
	net_run(net);
	for (int i = 0; i < 2; i++) {
		size_t since = net->seen_count;

		memset(wanted[0].id, 0x55, KAI_ID_LEN); /* nobody's */
		if (i == 1)
			memcpy(wanted[0].id, secret, KAI_ID_LEN);
		net_inject(net, 1, 0, KAI_MSG_WANT, &want);
		net_run(net);
		assert_int_equal(net->seen_count, since + 1);
		assert_int_equal(net->seen[since].type, KAI_MSG_NO);
		lens[i] = net->seen[since].len;
	}
	assert_int_equal(lens[0], lens[1]);
	net_free(net);
}

static bool no_wants(void *context, struct net_frame *frame)
{
	(void)context;
	return frame->type != KAI_MSG_WANT || frame->from != 2;
}

/* Offered before it was taken back, wanted after: it goes nowhere any more. */
static void what_was_taken_back_is_not_served(void **state)
{
	struct net *net = net_chain(3, &net_wide);
	uint8_t id[KAI_ID_LEN], retraction[KAI_ID_LEN];
	struct kai_id_parts entry = {.parts = 3};
	struct kai_want want = {.entries = &entry, .entries_count = 1};
	size_t since;

	(void)state;
	net->filter = no_wants;
	net_publish(net, 0, &(struct net_item){.attachment = 3000}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	net_retract(net, 0, id, retraction);
	net_run(net);
	assert_true(net_holds(net, 1, retraction, NULL));
	net->filter = NULL;
	since = net->seen_count;
	memcpy(entry.id, id, KAI_ID_LEN);
	net_inject(net, 2, 1, KAI_MSG_WANT, &want);
	net_run(net);
	assert_int_equal(net_sent(net, 1, 2, KAI_MSG_CHUNK, since), 0);
	assert_int_equal(net_sent(net, 1, 2, KAI_MSG_NO, since), 1);
	net_pass(net, 2 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 2, retraction, NULL));
	assert_false(net_holds(net, 2, id, NULL));
	net_free(net);
}

/* The retraction was here first, and may go back only the way its target comes: it goes when that has come. */
static void a_retraction_goes_where_its_target_came_from(void **state)
{
	struct net *net = net_new(3);
	uint8_t id[KAI_ID_LEN], retraction[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &net_wide);
	(void)net_agree(net, 0, 2, &net_wide);
	(void)net_agree(net, 1, 2, &(struct net_terms){.introduce = true, .constituency = true});
	net_link(net, 0, 1);
	net_run(net);
	net_publish(net, 0, &(struct net_item){.onward = KAI_ONWARD_CONSTITUENCY}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	net_cut(net, 0, 1);
	net_retract(net, 0, id, retraction);
	net_link(net, 0, 2);
	net_run(net);
	assert_true(net_holds(net, 2, retraction, NULL));
	assert_false(net_holds(net, 2, id, NULL));
	net_link(net, 1, 2);
	net_run(net);
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 2, id, NULL));
	assert_true(net_holds(net, 1, retraction, NULL));
	net_free(net);
}

static void a_large_backlog_passes_the_window(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_cut(net, 0, 1);
	for (size_t i = 0; i < 5000; i++) {
		size_t mark = net->arena.used;

		net_publish(net, 0, &(struct net_item){.tlp = 0}, id);
		net->arena.used = mark;
	}
	net_link(net, 0, 1);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_CHUNK, 0), 5000);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_item_is_offered_wanted_and_stored_once),
		cmocka_unit_test(many_items_go_in_batches),
		cmocka_unit_test(it_travels_over_three_hops),
		cmocka_unit_test(what_is_denied_leaves_no_frame),
		cmocka_unit_test(a_withheld_part_stays_behind),
		cmocka_unit_test(a_large_part_goes_in_chunks_under_credit),
		cmocka_unit_test(without_credit_it_stops_at_the_limit),
		cmocka_unit_test(alerts_are_pushed_whole),
		cmocka_unit_test(an_alert_too_large_or_over_budget_is_offered),
		cmocka_unit_test(an_alerts_attachment_follows),
		cmocka_unit_test(a_restart_resumes_without_sending_again),
		cmocka_unit_test(cut_links_lose_nothing_and_repeat_little),
		cmocka_unit_test(lost_frames_are_made_good),
		cmocka_unit_test(a_wider_agreement_brings_what_was_held_back),
		cmocka_unit_test(duplicates_over_two_paths_are_fetched_once),
		cmocka_unit_test(wants_that_cannot_be_served_get_the_same_none),
		cmocka_unit_test(what_was_taken_back_is_not_served),
		cmocka_unit_test(a_retraction_goes_where_its_target_came_from),
		cmocka_unit_test(a_large_backlog_passes_the_window),
	};

	return cmocka_run_group_tests_name("engine-spread", tests, NULL, NULL);
}
