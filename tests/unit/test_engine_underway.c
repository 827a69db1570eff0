/* SPDX-License-Identifier: Apache-2.0 */
/* What is under way when two greet anew or give up: nobody's fault, nothing breaks, and it ends. */
#include "net.h"

#include <string.h>

/* Another session over the same connection: the agreement stops and goes on. */
static void greet_anew(struct net *net)
{
	net_notice(net, 0, 1, KAI_NOTICE_SUSPEND);
	net_run(net);
	net_notice(net, 0, 1, KAI_NOTICE_RESUME);
	net_run(net);
	assert_true(net_up(net, 0, 1));
}

/* Chunks, wants and refusals of the session before come into the new one: nobody's fault. */
static void what_was_under_way_is_no_fault(void **state)
{
	static const struct {
		enum kai_msg_type type;
		unsigned from;
	} cases[] = {
		{KAI_MSG_CHUNK, 0}, {KAI_MSG_WANT, 1}, {KAI_MSG_STORED, 1}, {KAI_MSG_OFFER, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net *net = net_chain(2, &net_wide);
		struct net_aside caught = {
			.net = net, .type = cases[i].type, .from = cases[i].from};
		uint8_t large[KAI_ID_LEN], small[KAI_ID_LEN];

		net->filter = net_put_aside;
		net->context = &caught;
		net_publish(net, 0, &(struct net_item){.attachment = 700000}, large);
		net_publish(net, 0, &(struct net_item){.title = "small"}, small);
		net_run(net);
		assert_true(caught.count > 0);
		net->filter = NULL;
		/* What the old session could still put out before the new one's frames. */
		size_t queued = caught.count;

		greet_anew(net);
		for (size_t j = 0; j < queued; j++)
			net_inject_bytes(net, cases[i].from, 1 - cases[i].from, caught.frames[j]);
		net_pass(net, 2 * KAI_MS_MINUTE);
		assert_int_equal(net_parts(net, 1, large), 3);
		assert_true(net_holds(net, 1, small, NULL));
		assert_int_equal(net_journalled(net, 0, "peer-fault", NULL, NULL), 0);
		assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), 0);
		net_free(net);
	}
}

/* The same, and the new session's chunks come while the old one's are not all here. */
static void an_item_begun_twice_is_whole(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct net_aside caught = {.net = net, .type = KAI_MSG_CHUNK};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net->filter = net_put_aside;
	net->context = &caught;
	net_publish(net, 0, &(struct net_item){.attachment = 200000}, id);
	net_run(net);
	assert_int_equal(caught.count, 5);
	greet_anew(net);
	net->filter = NULL;
	/* Of the first time only the beginning went out; then the second time, whole. */
	net_inject_bytes(net, 0, 1, caught.frames[0]);
	net_inject_bytes(net, 0, 1, caught.frames[1]);
	for (size_t i = 5; i < caught.count; i++)
		net_inject_bytes(net, 0, 1, caught.frames[i]);
	net_run(net);
	assert_int_equal(net_parts(net, 1, id), 3);
	assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), 0);
	net_free(net);
}

/* It lasts a minute, and a connection that is new has nothing of the one before. */
static void what_was_under_way_ends(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t data[100] = {0};
	struct kai_chunk chunk = {.index = 0, .data = kai_span(data, sizeof(data)), .last = true};

	(void)state;
	greet_anew(net);
	net_pass(net, 59 * KAI_MS_SECOND);
	net_inject(net, 0, 1, KAI_MSG_CHUNK, &chunk);
	net_run(net);
	assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), 0);
	net_pass(net, 2 * KAI_MS_SECOND);
	net_inject(net, 0, 1, KAI_MSG_CHUNK, &chunk);
	net_run(net);
	assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), 1);
	net_pass(net, KAI_MS_MINUTE);
	greet_anew(net);
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_run(net);
	net_inject(net, 0, 1, KAI_MSG_CHUNK, &chunk);
	net_run(net);
	assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), 2);
	net_free(net);
}

/* Bytes in flight are those of what the peer has not answered, however that ended. */
static void what_is_in_flight_ends_with_its_offer(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct net_aside caught = {.net = net, .type = KAI_MSG_STORED, .from = 1};
	struct kai_ctl_status status = {0};
	struct kai_state answer;
	uint8_t id[KAI_ID_LEN], retraction[KAI_ID_LEN];

	(void)state;
	net->filter = net_put_aside;
	net->context = &caught;
	net_publish(net, 0, &(struct net_item){.attachment = 20000}, id);
	net_run(net);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_STATUS, &status), 0);
	assert_int_equal(kai_object_decode(&kai_object_state, net->nodes[0].answer.body,
					   &net->arena, &answer),
			 KAI_FAULT_NONE);
	assert_int_equal(answer.peers_count, 1);
	assert_in_range(answer.peers[0].in_flight_bytes, 20000, 30000);
	net_retract(net, 0, id, retraction); /* it is not offered again, nor waited for */
	net->filter = NULL;
	net_pass(net, 5 * KAI_MS_MINUTE);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_STATUS, &status), 0);
	assert_int_equal(kai_object_decode(&kai_object_state, net->nodes[0].answer.body,
					   &net->arena, &answer),
			 KAI_FAULT_NONE);
	assert_int_equal(answer.peers[0].queued, 0);
	assert_int_equal(answer.peers[0].in_flight_bytes, 0);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_under_way_is_no_fault),
		cmocka_unit_test(an_item_begun_twice_is_whole),
		cmocka_unit_test(what_was_under_way_ends),
		cmocka_unit_test(what_is_in_flight_ends_with_its_offer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
