/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts over a net of real engines: who learns how far whom is, and who does not. */
#include "receipts.h"

#include <string.h>

/* ---- doings */

static uint64_t ack(struct net *net, unsigned node, const uint8_t *id, uint64_t level,
		    uint64_t action)
{
	struct kai_ctl_ack request = {.level = level,
				      .action = action,
				      .role = kai_span_str("duty"),
				      .note = kai_span_str("looked at it")};

	memcpy(request.id, id, KAI_ID_LEN);
	return net_control(net, node, KAI_CONTROL_ACK, &request);
}

static uint64_t attest(struct net *net, unsigned node, const uint8_t *id, const uint8_t *org)
{
	struct kai_ctl_attest request = {.note = kai_span_str("Sato, by telephone")};

	memcpy(request.id, id, KAI_ID_LEN);
	memcpy(request.org, org, KAI_ID_LEN);
	return net_control(net, node, KAI_CONTROL_ATTEST, &request);
}

/* ---- tests */

static void delivered_comes_by_itself(void **state)
{
	struct net *net = receipts_line(2);
	uint8_t ids[3][KAI_ID_LEN];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		receipts_publish(net, 0, KAI_URGENCY_INFO, ids[i]);
	net_pass(net, KAI_MS_SECOND);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(receipts_look(net, 0, 1, ids[i]).levels,
				 1u << KAI_LEVEL_DELIVERED);
		assert_false(receipts_look(net, 1, 0, ids[i]).there);
	}
	/* they waited for company: one signature, and one answer */
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_RECEIPT, 0), 1);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_RECEIPT, 0), 1);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_STATEMENTS), 1);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 0);
	net_whole(net);
	net_free(net);
}

static void an_alerts_receipt_does_not_wait(void **state)
{
	struct net *net = receipts_line(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	receipts_publish(net, 0, KAI_URGENCY_NOW, id);
	assert_int_equal(receipts_look(net, 0, 1, id).highest, KAI_LEVEL_DELIVERED);
	net_free(net);
}

static void levels_only_grow(void **state)
{
	static const struct {
		uint64_t level, action;
		uint64_t highest, shown;
	} steps[] = {
		{KAI_LEVEL_RECEIVED, 0, KAI_LEVEL_RECEIVED, 0},
		{KAI_LEVEL_SEEN, 0, KAI_LEVEL_RECEIVED, 0},
		{KAI_LEVEL_ACTION, KAI_ACTION_CHECKING, KAI_LEVEL_ACTION, KAI_ACTION_CHECKING},
		{KAI_LEVEL_RECEIVED, 0, KAI_LEVEL_ACTION, KAI_ACTION_CHECKING},
		{KAI_LEVEL_ACTION, KAI_ACTION_AFFECTED, KAI_LEVEL_ACTION, KAI_ACTION_AFFECTED},
		{KAI_LEVEL_ACTION, KAI_ACTION_MITIGATED, KAI_LEVEL_ACTION, KAI_ACTION_MITIGATED},
	};
	struct net *net = receipts_line(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	receipts_publish(net, 0, KAI_URGENCY_INFO, id);
	net_pass(net, KAI_MS_SECOND);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(ack(net, 1, id, steps[i].level, steps[i].action), 0);
		net_run(net);
		struct receipts_row row = receipts_look(net, 0, 1, id);

		assert_int_equal(row.highest, steps[i].highest);
		assert_int_equal(row.action, steps[i].shown);
		if (steps[i].shown != 0)
			assert_string_equal(row.note, "looked at it");
	}
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 0);
	/* one for delivered, and one a level: that of the action before is gone */
	assert_int_equal(net_rows(net, 0, KAI_TABLE_STATEMENTS), 4);
	net_whole(net);
	net_free(net);
}

static void what_may_not_be_acknowledged(void **state)
{
	struct net *net = receipts_line(2);
	uint8_t id[KAI_ID_LEN], nothing[KAI_ID_LEN] = {7};

	(void)state;
	receipts_publish(net, 0, KAI_URGENCY_INFO, id);
	assert_int_equal(ack(net, 0, id, KAI_LEVEL_SEEN, 0), 1);
	assert_int_equal(ack(net, 1, nothing, KAI_LEVEL_SEEN, 0), 4);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_ACTION, 0), 3);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_SEEN, KAI_ACTION_CHECKING), 3);
	assert_int_equal(attest(net, 0, nothing, net->nodes[1].config.org), 4);
	assert_int_equal(attest(net, 0, id, nothing), 4);
	net_free(net);
}

struct lossy {
	unsigned from;
	unsigned left;
};

static bool lose(void *context, struct net_frame *frame)
{
	struct lossy *lossy = context;

	if (frame->type != KAI_MSG_RECEIPT || frame->from != lossy->from || lossy->left == 0)
		return true;
	lossy->left--;
	return false;
}

/* Lost on the way there, or the answer on the way back: told again until it is answered. */
static void a_lost_one_comes_again(void **state)
{
	(void)state;
	for (unsigned from = 0; from < 2; from++) {
		struct net *net = receipts_line(2);
		struct lossy lossy = {.from = from, .left = 2};
		uint8_t id[KAI_ID_LEN];

		net->filter = lose;
		net->context = &lossy;
		receipts_publish(net, 0, KAI_URGENCY_NOW, id);
		assert_int_equal(ack(net, 1, id, KAI_LEVEL_RECEIVED, 0), 0);
		net_run(net);
		assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 1);
		net_pass(net, 4 * KAI_MS_MINUTE);
		assert_int_equal(lossy.left, 0);
		assert_int_equal(receipts_look(net, 0, 1, id).highest, KAI_LEVEL_RECEIVED);
		assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 0);
		net_whole(net);
		net_free(net);
	}
}

static void over_links_and_restarts(void **state)
{
	struct net *net = receipts_line(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	receipts_publish(net, 0, KAI_URGENCY_NOW, id);
	net_cut(net, 0, 1);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_SEEN, 0), 0);
	net_restart(net, 1);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_RECEIVED, 0), 0);
	net_restart(net, 0);
	net_restart(net, 1);
	assert_int_equal(receipts_look(net, 0, 1, id).highest, KAI_LEVEL_DELIVERED);
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(receipts_look(net, 0, 1, id).highest, KAI_LEVEL_RECEIVED);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 0);
	net_whole(net);
	net_free(net);
}

/* The origin hears of everybody with whom it has an agreement; of others only counts. */
static void counts_come_up_a_tree(void **state)
{
	const struct net_terms own = {.introduce = true, .constituency = true};
	const struct net_terms other = {.introduce = true};
	struct net *net = net_new(6);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &other);
	(void)net_agree(net, 1, 2, &own);
	(void)net_agree(net, 1, 3, &own);
	(void)net_agree(net, 2, 4, &own);
	(void)net_agree(net, 1, 5, &own); /* its link is down */
	net_link(net, 0, 1);
	net_link(net, 1, 2);
	net_link(net, 1, 3);
	net_link(net, 2, 4);
	net_run(net);
	receipts_publish(net, 0, KAI_URGENCY_NOW, id);
	net_pass(net, 5 * KAI_MS_SECOND);
	struct receipts_row row = receipts_look(net, 0, 1, id);

	assert_int_equal(row.forwarded.members, 3);
	assert_int_equal(row.forwarded.delivered, 2);
	assert_int_equal(row.forwarded.received, 0);
	assert_int_equal(row.below.members, 1);
	assert_int_equal(row.below.delivered, 1);
	assert_int_equal(ack(net, 3, id, KAI_LEVEL_RECEIVED, 0), 0);
	assert_int_equal(ack(net, 4, id, KAI_LEVEL_ACTION, KAI_ACTION_NOT_AFFECTED), 0);
	assert_int_equal(attest(net, 1, id, net->nodes[5].config.org), 0);
	net_pass(net, 5 * KAI_MS_SECOND);
	row = receipts_look(net, 0, 1, id);
	assert_int_equal(row.forwarded.received, 1);
	assert_int_equal(row.forwarded.attested, 1);
	assert_int_equal(row.forwarded.delivered, 2);
	assert_int_equal(row.below.action, 1);
	assert_int_equal(row.below.received, 1);
	/* no hop tells who it was */
	assert_false(net_leaked(net, 0, kai_span(net->nodes[4].config.org, KAI_ID_LEN)));
	assert_false(net_leaked(net, 0, kai_span(net->nodes[3].config.org, KAI_ID_LEN)));
	net_whole(net);
	net_free(net);
}

static void counts_come_no_faster_than_they_may(void **state)
{
	struct net *net = receipts_line(4);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	receipts_publish(net, 1, KAI_URGENCY_INFO, id);
	net_pass(net, 30 * KAI_MS_SECOND);
	size_t before = net_sent(net, 2, 1, KAI_MSG_RECEIPT, 0);

	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(ack(net, 3, id, KAI_LEVEL_ACTION, 1 + i % 4), 0);
		net_pass(net, KAI_MS_SECOND / 2);
	}
	net_pass(net, 30 * KAI_MS_SECOND);
	assert_in_range(net_sent(net, 2, 1, KAI_MSG_RECEIPT, 0) - before, 2, 4);
	assert_int_equal(receipts_look(net, 1, 2, id).forwarded.action, 1);
	net_free(net);
}

/* Who offers what came from another is told as well: it gave it no less. */
static void all_who_offered_it_are_told(void **state)
{
	const struct net_terms terms = {.introduce = true, .constituency = true};
	struct net *net = net_new(4);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &terms);
	(void)net_agree(net, 0, 2, &terms);
	(void)net_agree(net, 1, 3, &terms);
	(void)net_agree(net, 2, 3, &terms);
	net_link(net, 0, 1);
	net_link(net, 0, 2);
	net_link(net, 1, 3);
	net_link(net, 2, 3);
	net_run(net);
	receipts_publish(net, 0, KAI_URGENCY_INFO, id);
	net_pass(net, 15 * KAI_MS_SECOND);
	assert_int_equal(receipts_look(net, 1, 3, id).highest, KAI_LEVEL_DELIVERED);
	assert_int_equal(receipts_look(net, 2, 3, id).highest, KAI_LEVEL_DELIVERED);
	assert_int_equal(ack(net, 3, id, KAI_LEVEL_RECEIVED, 0), 0);
	net_pass(net, 15 * KAI_MS_SECOND);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(receipts_look(net, i, 3, id).highest, KAI_LEVEL_RECEIVED);
		assert_int_equal(receipts_look(net, 0, i, id).forwarded.received, 1);
	}
	assert_false(receipts_look(net, 0, 3, id).there);
	net_whole(net);
	net_free(net);
}

static void all_of_it_goes_with_its_item(void **state)
{
	struct net *net = receipts_line(3);
	struct net_item item = {.title = "short", .not_after = NET_MS + KAI_MS_HOUR};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &item, id);
	net_run(net);
	net_pass(net, 30 * KAI_MS_SECOND);
	net_cut(net, 0, 1);
	net_cut(net, 1, 2);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_RECEIVED, 0), 0);
	assert_true(net_rows(net, 1, KAI_TABLE_OWED) > 0);
	for (unsigned day = 0; day < 40; day++)
		net_pass(net, KAI_MS_DAY);
	for (unsigned i = 0; i < 3; i++) {
		assert_false(net_holds(net, i, id, NULL));
		assert_int_equal(net_rows(net, i, KAI_TABLE_RECEIPTS), 0);
		assert_int_equal(net_rows(net, i, KAI_TABLE_STATEMENTS), 0);
		assert_int_equal(net_rows(net, i, KAI_TABLE_OWED), 0);
	}
	net_free(net);
}

/* More than one statement holds, with others' words between. */
static void many_come_in_batches(void **state)
{
	struct net *net = receipts_line(2);
	uint8_t ids[300][KAI_ID_LEN];

	(void)state;
	net_cut(net, 0, 1);
	for (size_t i = 0; i < 300; i++) {
		const struct net_item item = {.title = "one of many"};

		net_publish(net, 0, &item, ids[i]);
	}
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 5 * KAI_MS_SECOND);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(receipts_look(net, 0, 1, ids[i]).highest, KAI_LEVEL_DELIVERED);
	assert_in_range(net_rows(net, 0, KAI_TABLE_STATEMENTS), 2, 4);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 0);
	net_whole(net);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivered_comes_by_itself),
		cmocka_unit_test(an_alerts_receipt_does_not_wait),
		cmocka_unit_test(levels_only_grow),
		cmocka_unit_test(what_may_not_be_acknowledged),
		cmocka_unit_test(a_lost_one_comes_again),
		cmocka_unit_test(over_links_and_restarts),
		cmocka_unit_test(counts_come_up_a_tree),
		cmocka_unit_test(counts_come_no_faster_than_they_may),
		cmocka_unit_test(all_who_offered_it_are_told),
		cmocka_unit_test(all_of_it_goes_with_its_item),
		cmocka_unit_test(many_come_in_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
