/* SPDX-License-Identifier: Apache-2.0 */
/* Whole nodes: what several suppliers, silence, cuts and restarts do to what comes in. */
#include "net.h"

#include "kairan/rec.h"

#include <string.h>

static const struct net_terms wide = {.ceiling = 0};

/* 0 joined with 1 and 2, both joined with 3: two ways from 0 to 3. */
static struct net *diamond(void)
{
	static const unsigned pairs[][2] = {{0, 1}, {0, 2}, {1, 3}, {2, 3}};
	struct net *net = net_new(4);

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		(void)net_agree(net, pairs[i][0], pairs[i][1], &wide);
		net_link(net, pairs[i][0], pairs[i][1]);
	}
	net_run(net);
	return net;
}

static size_t supplies(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_scan scan;
	uint64_t arrival = 0;
	size_t count = 0;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key prefix = kai_key_u64(arrival);

	kai_scan_init(&scan, txn, KAI_TABLE_SUPPLY, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, NULL, NULL))
		count++;
	kai_txn_abort(txn);
	return count;
}

static size_t chunks_to(const struct net *net, unsigned to, size_t since)
{
	size_t count = 0;

	for (unsigned from = 0; from < net->count; from++)
		count += net_sent(net, from, to, KAI_MSG_CHUNK, since);
	return count;
}

static void a_payload_crosses_once(void **state)
{
	struct net *net = diamond();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.tlp = KAI_TLP_CLEAR}, id);
	net_run(net);
	net_pass(net, 1000);
	for (unsigned n = 1; n < 4; n++) {
		assert_true(net_holds(net, n, id, NULL));
		assert_int_equal(net_rows(net, n, KAI_TABLE_ITEMS), 1);
		assert_int_equal(chunks_to(net, n, 0), 1);
	}
	assert_int_equal(chunks_to(net, 0, 0), 0);
	net_free(net);
}

static void an_alert_by_two_paths(void **state)
{
	struct net *net = diamond();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.urgency = KAI_URGENCY_NOW}, id);
	net_run(net);
	net_pass(net, 1000);
	assert_true(net_holds(net, 3, id, NULL));
	assert_int_equal(net_rows(net, 3, KAI_TABLE_ITEMS), 1);
	assert_int_equal(supplies(net, 3, id), 2);
	net_free(net);
}

static bool drop_chunks_of_one(void *context, struct net_frame *frame)
{
	(void)context;
	return frame->type != KAI_MSG_CHUNK || frame->from != 1 || frame->to != 3;
}

static void a_silent_supplier_is_left(void **state)
{
	struct net *net = diamond();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net->filter = drop_chunks_of_one;
	/* only 1 offers at first, then 2 as well */
	net_cut(net, 2, 3);
	net_publish(net, 0, &(struct net_item){.attachment = 200000}, id);
	net_run(net);
	net_pass(net, 3000);
	assert_false(net_holds(net, 3, id, NULL));
	net_link(net, 2, 3);
	net_run(net);
	net_pass(net, 3000);
	uint32_t parts = 0;

	assert_true(net_holds(net, 3, id, &parts));
	assert_int_equal(parts, 3);
	net_free(net);
}

static void a_cut_supplier_is_left(void **state)
{
	struct net *net = diamond();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net->filter = drop_chunks_of_one;
	net_publish(net, 0, &(struct net_item){.attachment = 200000}, id);
	net_run(net);
	net_cut(net, 1, 3);
	net_run(net);
	net_pass(net, 1000);
	assert_true(net_holds(net, 3, id, NULL));
	net_free(net);
}

/* Cut and started anew while hundreds are under way: all arrive, each once, and what is there is
 * not fetched again. */
static void restarts_lose_and_repeat_nothing(void **state)
{
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];
	unsigned made = 0;

	(void)state;
	(void)net_agree(net, 0, 1, &wide);
	for (unsigned round = 0; round < 6; round++) {
		net_link(net, 0, 1);
		for (unsigned i = 0; i < 60; i++, made++)
			net_publish(net, 0, &(struct net_item){.title = "round"}, id);
		for (unsigned i = 0; i < 40 + 30 * round; i++)
			(void)net_step(net);
		net_restart(net, round % 2);
	}
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 5000);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_ITEMS), made);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_ITEMS), made);
	size_t since = net->seen_count;

	net_restart(net, 1);
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 5000);
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_WANT, since), 0);
	assert_int_equal(chunks_to(net, 1, since), 0);
	net_free(net);
}

static void bulk_goes_in_few_frames(void **state)
{
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &wide);
	for (unsigned i = 0; i < 1000; i++)
		net_publish(net, 0, &(struct net_item){.keep = true}, id);
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 2000);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_ITEMS), 1000);
	assert_int_equal(chunks_to(net, 1, 0), 1000);
	assert_true(net_sent(net, 1, 0, KAI_MSG_WANT, 0) <= 40);
	assert_true(net_sent(net, 1, 0, KAI_MSG_STORED, 0) <= 100);
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_REFUSE, 0), 0);
	net_free(net);
}

static void a_retraction_follows(void **state)
{
	struct net *net = diamond();
	uint8_t id[KAI_ID_LEN];
	uint8_t retraction[KAI_ID_LEN];
	uint64_t arrival = 0;
	static uint8_t memory[65536];
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct kai_item item;

	(void)state;
	net_publish(net, 0, &(struct net_item){.urgency = KAI_URGENCY_NOW}, id);
	net_run(net);
	net_pass(net, 100);
	net_retract(net, 0, id, retraction);
	net_run(net);
	net_pass(net, 1000);
	for (unsigned n = 0; n < 4; n++) {
		struct kai_txn *txn = net_read(net, n);

		assert_true(kai_rec_arrival(txn, retraction, &arrival));
		assert_true(kai_rec_arrival(txn, id, &arrival));
		assert_true(kai_rec_item(txn, arrival, &arena, &item));
		assert_true((item.flags & KAI_ITEM_RETRACTED) != 0);
		kai_txn_abort(txn);
	}
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_crosses_once),
		cmocka_unit_test(an_alert_by_two_paths),
		cmocka_unit_test(a_silent_supplier_is_left),
		cmocka_unit_test(a_cut_supplier_is_left),
		cmocka_unit_test(restarts_lose_and_repeat_nothing),
		cmocka_unit_test(bulk_goes_in_few_frames),
		cmocka_unit_test(a_retraction_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
