/* SPDX-License-Identifier: Apache-2.0 */
/* An alert of two signers: nothing of it goes, and it does nothing, before both have signed. */
#include "net.h"

#include <string.h>

#include "kairan/rec.h"

/* Node 1 asks node 0 for two signatures on an alert; node 2 is content with one. */
static struct net *town(void)
{
	struct net *net = net_new(3);
	const struct net_terms strict = {.signers = 2};
	const struct net_terms easy = {.signers = 1};

	(void)net_agree(net, 0, 1, &strict);
	(void)net_agree(net, 0, 2, &easy);
	net_link(net, 0, 1);
	net_link(net, 0, 2);
	net_run(net);
	return net;
}

static void says(const struct net *net, unsigned node, const char *reason)
{
	assert_true(kai_span_equal(net->nodes[node].answer.reason, kai_span_str(reason)));
}

static uint64_t sign(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN], uint64_t role)
{
	struct kai_ctl_sign request = {.role = role};

	memcpy(request.id, id, KAI_ID_LEN);
	return net_control(net, node, KAI_CONTROL_SIGN, &request);
}

static struct kai_item item_of(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_item item = {.flags = UINT64_MAX};
	struct kai_txn *txn = net_read(net, node);
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &net->arena, &item));
	kai_txn_abort(txn);
	return item;
}

static const struct net_item alert = {.kind = KAI_KIND_ALERT};

static void it_waits_for_the_decider(void **state)
{
	struct net *net = town();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &alert, id);
	says(net, 0, "too-few-signers");
	net_pass(net, KAI_MS_MINUTE);
	net_restart(net, 0);
	net_link(net, 0, 1);
	net_link(net, 0, 2);
	net_pass(net, KAI_MS_MINUTE);
	assert_true((item_of(net, 0, id).flags & KAI_ITEM_UNSIGNED) != 0);
	for (unsigned node = 1; node <= 2; node++) {
		assert_false(net_holds(net, node, id, NULL));
		assert_false(net_leaked(net, node, kai_span(id, KAI_ID_LEN)));
	}
	assert_int_equal(sign(net, 0, id, KAI_ROLE_DUTY), 0); /* has signed already */
	assert_int_equal(item_of(net, 0, id).signatures_count, 1);
	assert_int_equal(sign(net, 0, id, KAI_ROLE_DECIDER), 0);
	says(net, 0, "");
	net_run(net);
	assert_int_equal(item_of(net, 0, id).flags & KAI_ITEM_UNSIGNED, 0);
	for (unsigned node = 0; node <= 2; node++)
		assert_int_equal(item_of(net, node, id).signatures_count, 2);
	assert_int_equal(sign(net, 0, id, KAI_ROLE_DECIDER), 0);
	assert_int_equal(item_of(net, 0, id).signatures_count, 2);
	net_free(net);
}

/* Where nobody asks for two, the decider alone signs, and a second signature may follow. */
static void one_is_enough_where_one_is_asked(void **state)
{
	struct net *net = net_new(2);
	const struct net_terms easy = {.signers = 1};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &easy);
	net_link(net, 0, 1);
	net_publish(net, 0, &alert, id);
	says(net, 0, "");
	net_run(net);
	assert_int_equal(item_of(net, 1, id).signatures_count, 1);
	assert_int_equal(sign(net, 0, id, KAI_ROLE_DUTY), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(item_of(net, 1, id).signatures_count, 2);
	net_free(net);
}

/* The alert before stands until the revision is signed. */
static void an_unsigned_revision_does_nothing(void **state)
{
	struct net *net = town();
	struct net_item revision = alert;
	uint8_t first[KAI_ID_LEN];
	uint8_t second[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &alert, first);
	assert_int_equal(sign(net, 0, first, KAI_ROLE_DECIDER), 0);
	net_run(net);
	revision.supersedes = first;
	net_publish(net, 0, &revision, second);
	net_run(net);
	for (unsigned node = 0; node <= 2; node++)
		assert_int_equal(item_of(net, node, first).flags & KAI_ITEM_SUPERSEDED, 0);
	assert_int_equal(sign(net, 0, second, KAI_ROLE_DECIDER), 0);
	net_run(net);
	for (unsigned node = 0; node <= 2; node++)
		assert_true((item_of(net, node, first).flags & KAI_ITEM_SUPERSEDED) != 0);
	net_free(net);
}

static void who_signs_what(void **state)
{
	struct net *net = town();
	uint8_t id[KAI_ID_LEN];
	uint8_t retraction[KAI_ID_LEN];
	uint8_t unknown[KAI_ID_LEN] = {9};

	(void)state;
	net_publish(net, 0, &alert, id);
	assert_int_equal(sign(net, 0, unknown, KAI_ROLE_DECIDER), 4);
	says(net, 0, "not-held");
	net->nodes[0].config.decider.secret = net->nodes[1].decider.secret;
	memcpy(net->nodes[0].config.decider.key, net->nodes[1].decider.key, KAI_ID_LEN);
	net_restart(net, 0);
	assert_int_equal(sign(net, 0, id, KAI_ROLE_DECIDER), 1);
	says(net, 0, "key-not-in-card");
	net->nodes[0].config.decider.secret = net->nodes[0].decider.secret;
	memcpy(net->nodes[0].config.decider.key, net->nodes[0].decider.key, KAI_ID_LEN);
	net_restart(net, 0);
	net_link(net, 0, 1);
	net_retract(net, 0, id, retraction);
	assert_int_equal(sign(net, 0, id, KAI_ROLE_DECIDER), 1);
	says(net, 0, "retracted");
	net_pass(net, KAI_MS_MINUTE);
	assert_false(net_leaked(net, 1, kai_span(id, KAI_ID_LEN)));
	net_free(net);
}

static void only_its_origin_signs(void **state)
{
	struct net *net = town();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &alert, id);
	assert_int_equal(sign(net, 0, id, KAI_ROLE_DECIDER), 0);
	net_run(net);
	assert_int_equal(sign(net, 1, id, KAI_ROLE_DECIDER), 1);
	says(net, 1, "origin");
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_waits_for_the_decider),
		cmocka_unit_test(one_is_enough_where_one_is_asked),
		cmocka_unit_test(an_unsigned_revision_does_nothing),
		cmocka_unit_test(who_signs_what),
		cmocka_unit_test(only_its_origin_signs),
	};

	return cmocka_run_group_tests_name("engine-sign", tests, NULL, NULL);
}
