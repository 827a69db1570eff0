/* SPDX-License-Identifier: Apache-2.0 */
/* Room that peers share, in bytes, credit, disk and turns: nobody takes it from others for good. */
#include "net.h"

/* Offers once, too. context: bool, that was enough. */
static bool nothing_served_by_0(void *context, struct net_frame *frame)
{
	const bool *silent = context;

	return frame->from != 0 || frame->to != 2 ||
	       (frame->type != KAI_MSG_CHUNK && (frame->type != KAI_MSG_OFFER || !*silent));
}

/* What was asked of it in vain takes no room from what others have too: that comes from them. */
static void what_one_withholds_comes_from_another(void **state)
{
	struct net *net = net_new(3);
	struct net_item secret = {.tlp = KAI_TLP_RED, .attachment = 200000, .audience_count = 1};
	uint8_t id[KAI_ID_LEN], ids[3][KAI_ID_LEN];
	bool silent = false;

	(void)state;
	net->context = &silent;
	(void)net_agree(net, 0, 1, &net_wide);
	(void)net_agree(net, 0, 2, &net_wide);
	(void)net_agree(net, 1, 2, &net_wide);
	net_link(net, 0, 1);
	net_link(net, 0, 2);
	net_link(net, 1, 2);
	net_run(net);
	net->filter = nothing_served_by_0;
	secret.audience[0] = net_org(net, 2);
	for (size_t i = 0; i < 3; i++)
		net_publish(net, 0, &secret, ids[i]);
	net_run(net);
	net_pass(net, 40 * KAI_MS_SECOND);
	net_publish(net, 0, &(struct net_item){.title = "for all"}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	silent = true;
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 2, id, NULL));
	net_free(net);
}

/* Chunks over the quota are dropped unread; what they took of the credit comes back. */
static void dropped_chunks_do_not_eat_the_credit(void **state)
{
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &net_wide);
	net->quota.bytes_per_second = 20000;
	net_restart(net, 1);
	for (unsigned i = 0; i < 300; i++)
		net_publish(net, 0, &(struct net_item){.attachment = 3000}, id);
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 15 * KAI_MS_MINUTE);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_IDS), 300);
	net_free(net);
}

/* Disk on a peer's account is free again when what lay there has gone. */
static void expired_items_give_their_room_back(void **state)
{
	struct net_item item = {.attachment = 3000, .not_after = NET_MS + KAI_MS_HOUR};
	struct kai_quota quota = kai_quota_default;
	struct net *net;
	uint8_t id[KAI_ID_LEN];
	size_t before;

	(void)state;
	quota.stored_bytes = 20000;
	net = net_guarded(&quota, 1);
	for (unsigned i = 0; i < 10; i++)
		net_publish(net, 0, &item, id);
	net_pass(net, KAI_MS_MINUTE);
	before = net_rows(net, 1, KAI_TABLE_IDS);
	assert_in_range(before, 2, 9);
	net_cut(net, 0, 1);
	net_pass(net, KAI_MS_HOUR + KAI_GRACE_MS + 2 * KAI_MS_MINUTE);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_IDS), 0);
	item.not_after = 0;
	for (size_t i = 0; i < before; i++)
		net_publish(net, 0, &item, id);
	net_link(net, 0, 1);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_IDS), before);
	net_free(net);
}

/* A hello costs its sender little and us much: so many a minute, then none is answered. */
static void hellos_are_rationed(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct kai_hello hello = {.version_max = KAI_VERSION,
				  .realms = kai_span(kai_realm_live, KAI_REALM_LEN)};
	enum kai_msg_type card = KAI_MSG_CARD;
	size_t before;

	(void)state;
	net->filter = net_drop_type;
	net->context = &card;
	net_pass(net, KAI_MS_MINUTE);
	before = net->seen_count;
	for (unsigned i = 0; i < 500; i++) {
		hello.nonce[0] = (uint8_t)i;
		hello.nonce[1] = (uint8_t)(i >> 8);
		hello.clock = (uint64_t)(NET_MS + net->mono.ms);
		net_inject(net, 1, 0, KAI_MSG_HELLO, &hello);
	}
	net_run(net);
	assert_in_range(net_sent(net, 0, 1, KAI_MSG_HELLO, before), 1, 120);
	net_pass(net, 2 * KAI_MS_MINUTE);
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_run(net);
	assert_true(net_up(net, 0, 1));
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_withholds_comes_from_another),
		cmocka_unit_test(dropped_chunks_do_not_eat_the_credit),
		cmocka_unit_test(expired_items_give_their_room_back),
		cmocka_unit_test(hellos_are_rationed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
