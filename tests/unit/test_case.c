/* SPDX-License-Identifier: Apache-2.0 */
/* The node's word on a file about an incident: whose, which lines, by a key that may; and the journal has it. */
#include "net.h"

#include <string.h>

#include "kairan/records.h"

static void it_is_sealed_by_the_duty_key(void **state)
{
	struct net *net = net_new(1);
	const struct net_item item = {.keep = true};
	struct net_node *node = &net->nodes[0];
	struct kai_signed opened;
	struct kai_case_seal seal;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &item, id);
	struct kai_ctl_case_seal request = {.lines = 12};

	memcpy(request.thread, id, KAI_ID_LEN);
	memset(request.digest, 5, KAI_ID_LEN);

	net_done(node, net_control(net, 0, KAI_CONTROL_CASE_SEAL, &request));
	assert_int_equal(kai_signed_open(KAI_CTX_CASE, node->answer.body, &net->arena, &opened),
			 KAI_FAULT_NONE);
	assert_true(kai_id_equal(opened.key, node->duty.key));
	assert_int_equal(kai_object_decode(&kai_object_case_seal, opened.body, &net->arena, &seal),
			 KAI_FAULT_NONE);
	assert_true(kai_id_equal(seal.org, node->config.org));
	assert_true(kai_id_equal(seal.thread, id));
	assert_true(kai_id_equal(seal.digest, request.digest));
	assert_int_equal(seal.lines, 12);
	assert_int_equal(net_journalled(net, 0, "case-sealed", NULL, NULL), 1);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_sealed_by_the_duty_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
