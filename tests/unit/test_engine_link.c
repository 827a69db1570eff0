/* SPDX-License-Identifier: Apache-2.0 */
/* A link's life: hello both ways, silence, cuts, greeting anew, restarts, hostile frames. */
#include "net.h"

#include <string.h>

static const struct net_terms wide = {.ceiling = 0};

static void both_ends_come_up(void **state)
{
	struct net *net = net_chain(2, &wide);

	(void)state;
	assert_true(net_up(net, 0, 1));
	assert_true(net_up(net, 1, 0));
	/* one hello each way, one answer each way */
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_HELLO, 0), 2);
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_HELLO, 0), 2);
	net_free(net);
}

static void a_link_without_agreement_carries_nothing(void **state)
{
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_link(net, 0, 1);
	net_run(net);
	assert_true(net_up(net, 0, 1));
	net_publish(net, 0, &(struct net_item){.keep = true}, id);
	net_run(net);
	assert_false(net_holds(net, 1, id, NULL));
	assert_false(net_leaked(net, 1, kai_span(id, sizeof(id))));
	net_free(net);
}

static void no_hello_is_cut_after_ten_seconds(void **state)
{
	enum kai_msg_type hello = KAI_MSG_HELLO;
	struct net *net = net_new(2);

	(void)state;
	(void)net_agree(net, 0, 1, &wide);
	net->filter = net_drop_type;
	net->context = &hello;
	net_link(net, 0, 1);
	net_pass(net, 9900);
	assert_int_equal(net->nodes[0].cuts + net->nodes[1].cuts, 0);
	net_pass(net, 200);
	assert_true(net->nodes[0].cuts + net->nodes[1].cuts > 0);
	assert_false(net_up(net, 0, 1));
	net->filter = NULL;
	net_link(net, 0, 1);
	net_run(net);
	assert_true(net_up(net, 0, 1));
	net_free(net);
}

static void quiet_links_are_asked_and_stay(void **state)
{
	struct net *net = net_chain(2, &wide);

	(void)state;
	net_pass(net, 200000);
	assert_true(net_up(net, 0, 1));
	assert_true(net_sent(net, 0, 1, KAI_MSG_PING, 0) > 5);
	assert_int_equal(net->nodes[0].cuts, 0);
	net_free(net);
}

static bool drop_all(void *context, struct net_frame *frame)
{
	(void)context;
	(void)frame;
	return false;
}

static void silence_is_cut_after_45_seconds(void **state)
{
	struct net *net = net_chain(2, &wide);

	(void)state;
	net->filter = drop_all;
	net_pass(net, 44000);
	assert_int_equal(net->nodes[0].cuts + net->nodes[1].cuts, 0);
	net_pass(net, 2000);
	assert_true(net->nodes[0].cuts + net->nodes[1].cuts > 0);
	assert_false(net_up(net, 0, 1));
	net_free(net);
}

static void restarts_come_up_again(void **state)
{
	struct net *net = net_chain(2, &wide);

	(void)state;
	for (int i = 0; i < 80; i++) { /* more boots than are remembered */
		net_restart(net, i % 2 == 0 ? 0 : 1);
		net_link(net, 0, 1);
		net_run(net);
		assert_true(net_up(net, 0, 1));
		assert_true(net_up(net, 1, 0));
	}
	net_free(net);
}

struct heard {
	const struct net *net;
	size_t keys[NET_NODES], endpoints[NET_NODES];
	unsigned peers; /* a bit each */
};

static void hear(void *context, const struct kai_engine_peer *peer)
{
	struct heard *heard = context;

	for (unsigned i = 0; i < heard->net->count; i++) {
		if (!kai_id_equal(heard->net->nodes[i].config.org, peer->org))
			continue;
		assert_int_equal(heard->peers >> i & 1, 0);
		heard->peers |= 1u << i;
		heard->keys[i] = peer->key_count;
		heard->endpoints[i] = peer->endpoint_count;
		assert_true(strlen(peer->alias) > 0);
	}
}

/* Whom node 0 may talk to that long after the net's beginning. */
static struct heard peers_at(struct net *net, int64_t ms)
{
	struct heard heard = {.net = net};
	struct kai_txn *txn = net_read(net, 0);

	kai_engine_peers(net->nodes[0].engine, txn, (struct kai_wall){NET_MS + ms}, hear, &heard);
	assert_int_equal(kai_txn_error(txn), KAI_ERR_OK);
	kai_txn_abort(txn);
	return heard;
}

static void agreements_and_thirty_days_of_grace_make_peers(void **state)
{
	struct net *net = net_new(4);
	struct net_terms terms = {.valid_until = NET_MS + 10 * KAI_MS_DAY};
	struct kai_ctl_agree_propose propose = {.terms = net_terms_bytes(net, 0, 2, &terms)};
	const int64_t end_ms = 10 * KAI_MS_DAY + KAI_GRACE_MS;

	(void)state;
	assert_int_equal(peers_at(net, 0).peers, 0);
	(void)net_agree(net, 0, 1, &terms);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_AGREE_PROPOSE, &propose), 0);
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(peers_at(net, 0).peers, 1u << 1 | 1u << 2);
	/* The record came over the link; of the other nothing but the card is known. */
	assert_int_equal(peers_at(net, 0).keys[1], 1);
	assert_int_equal(peers_at(net, 0).endpoints[1], 1);
	assert_int_equal(peers_at(net, 0).keys[2], 0);
	assert_int_equal(peers_at(net, 0).endpoints[2], 0);
	assert_int_equal(peers_at(net, 10 * KAI_MS_DAY).peers >> 1 & 1, 1);
	assert_int_equal(peers_at(net, end_ms - 1).peers >> 1 & 1, 1);
	assert_int_equal(peers_at(net, end_ms).peers, 0);
	net_notice(net, 0, 1, KAI_NOTICE_SUSPEND);
	assert_int_equal(peers_at(net, 0).peers >> 1 & 1, 1);
	net_notice(net, 0, 1, KAI_NOTICE_TERMINATE);
	/* as long as the notice may have to be told */
	assert_int_equal(peers_at(net, KAI_GRACE_MS - KAI_MS_MINUTE).peers >> 1 & 1, 1);
	assert_int_equal(peers_at(net, KAI_GRACE_MS + KAI_MS_MINUTE).peers >> 1 & 1, 0);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_come_up),
		cmocka_unit_test(a_link_without_agreement_carries_nothing),
		cmocka_unit_test(no_hello_is_cut_after_ten_seconds),
		cmocka_unit_test(quiet_links_are_asked_and_stay),
		cmocka_unit_test(silence_is_cut_after_45_seconds),
		cmocka_unit_test(restarts_come_up_again),
		cmocka_unit_test(agreements_and_thirty_days_of_grace_make_peers),
	};

	return cmocka_run_group_tests_name("engine-link", tests, NULL, NULL);
}
