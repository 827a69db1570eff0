/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts as a patched peer might send them: forged, about what never went there, old, and for
 * what came twice.
 */
#include "receipts.h"

#include <stdio.h>
#include <string.h>

struct said {
	struct kai_receipt receipt;
	struct kai_receipt_entry entry;
	struct kai_span bytes;
};

static void say(struct net *net, const uint8_t *id, uint64_t level, struct said *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->entry = (struct kai_receipt_entry){.level = level, .at = NET_MS};
	memcpy(ret->entry.id, id, KAI_ID_LEN);
	if (kai_level_of_person(level))
		ret->entry.role = kai_span_str("duty");
	if (level == KAI_LEVEL_ACTION)
		ret->entry.action = KAI_ACTION_CHECKING;
	ret->receipt = (struct kai_receipt){
		.version = KAI_VERSION, .at = NET_MS, .entries = &ret->entry, .entries_count = 1};
	memcpy(ret->receipt.org, net->nodes[1].config.org, KAI_ID_LEN);
	memcpy(ret->receipt.to, net->nodes[0].config.org, KAI_ID_LEN);
}

/* From node 1 to node 0. */
static void send(struct net *net, struct said *said, const struct net_pair *pair)
{
	struct kai_receipt_frame frame = {.taken = {.is = false}};
	uint8_t digest[KAI_ID_LEN];

	said->receipt.entries = &said->entry;
	frame.bytes =
		kai_receipt_make(&said->receipt, pair->key, pair->secret, &net->arena, digest);
	assert_true(frame.bytes.len > 0);
	net_inject(net, 1, 0, KAI_MSG_RECEIPT, &frame);
	net_run(net);
}

static const char *last_error(struct net *net)
{
	struct kai_ctl_status request = {.version = 0};
	static char name[KAI_MAX_SHORT + 1];
	struct kai_state status;

	assert_int_equal(net_control(net, 0, KAI_CONTROL_STATUS, &request), 0);
	assert_int_equal(kai_object_decode(&kai_object_state, net->nodes[0].answer.body,
					   &net->arena, &status),
			 KAI_FAULT_NONE);
	name[0] = 0;
	for (size_t i = 0; i < status.peers_count; i++) {
		if (kai_id_equal(status.peers[i].org, net->nodes[1].config.org))
			(void)snprintf(name, sizeof(name), "%.*s",
				       (int)status.peers[i].last_error.len,
				       (const char *)status.peers[i].last_error.at);
	}
	return name;
}

static void forged_ones_are_faults(void **state)
{
	struct net *net = receipts_line(3);
	const struct net_node *other = &net->nodes[1];
	uint8_t id[KAI_ID_LEN];
	struct said said;

	(void)state;
	receipts_publish(net, 0, KAI_URGENCY_NOW, id);
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	send(net, &said, &other->system); /* a person's word under the node's own key */
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_KEY_ROLE));
	send(net, &said, &net->nodes[2].duty); /* another's key */
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_KEY));
	memcpy(said.receipt.org, net->nodes[2].config.org, KAI_ID_LEN);
	send(net, &said, &net->nodes[2].duty); /* another's word, passed on */
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_MEANING));
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	said.receipt.realm[0] = 1;
	send(net, &said, &other->duty);
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_REALM));
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	memcpy(said.receipt.to, net->nodes[2].config.org, KAI_ID_LEN);
	send(net, &said, &other->duty); /* meant for another */
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_MEANING));
	assert_int_equal(receipts_look(net, 0, 1, id).highest, KAI_LEVEL_DELIVERED);
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	send(net, &said, &other->duty);
	assert_int_equal(receipts_look(net, 0, 1, id).highest, KAI_LEVEL_RECEIVED);
	net_free(net);
}

/* An item that never went there: nothing is kept, and the answer is the same. */
static void one_for_what_never_went_there(void **state)
{
	struct net *net = receipts_line(3);
	struct net_item item = {.tlp = KAI_TLP_AMBER,
				.urgency = KAI_URGENCY_NOW,
				.audience_count = 1,
				.title = "not for node 1"};
	uint8_t id[KAI_ID_LEN], unknown[KAI_ID_LEN] = {9};
	struct said said;

	(void)state;
	/* by node 1 to node 2 alone; node 2 is asked by a patched node 1 … */
	item.audience[0] = net_org(net, 0);
	net_publish(net, 1, &item, id);
	net_run(net);
	assert_true(net_holds(net, 0, id, NULL));
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	size_t before = net_sent(net, 0, 1, KAI_MSG_RECEIPT, 0);

	send(net, &said,
	     &net->nodes[1].duty); /* node 0 has it from node 1, and gave it to nobody */
	assert_int_equal(receipts_look(net, 0, 1, id).levels, 0);
	memcpy(said.entry.id, unknown, KAI_ID_LEN);
	send(net, &said, &net->nodes[1].duty);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_RECEIPT, 0) - before, 2);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_STATEMENTS), 0);
	net_free(net);
}

static void old_ones_change_nothing(void **state)
{
	struct net *net = receipts_line(2);
	const struct net_pair *duty = &net->nodes[1].duty;
	uint8_t id[KAI_ID_LEN];
	struct said first, second;

	(void)state;
	receipts_publish(net, 0, KAI_URGENCY_NOW, id);
	say(net, id, KAI_LEVEL_ACTION, &first);
	second = first;
	second.entry.action = KAI_ACTION_MITIGATED;
	second.entry.at++;
	send(net, &first, duty);
	send(net, &second, duty);
	assert_int_equal(receipts_look(net, 0, 1, id).action, KAI_ACTION_MITIGATED);
	send(net, &first, duty);
	send(net, &second, duty);
	assert_int_equal(receipts_look(net, 0, 1, id).action, KAI_ACTION_MITIGATED);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_STATEMENTS), 2);
	net_whole(net);
	net_free(net);
}

/* Brought once more, as by a supplier that came back from a backup, it is answered once more. */
static void brought_again_is_told_again(void **state)
{
	struct net *net = receipts_line(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	receipts_publish(net, 0, KAI_URGENCY_NOW, id);
	size_t before = net_sent(net, 1, 0, KAI_MSG_RECEIPT, 0);

	for (size_t i = 0; i < net->seen_count; i++) {
		const struct net_frame *frame = &net->seen[i];

		if (frame->type == KAI_MSG_PUSH && frame->to == 1) {
			net_inject_bytes(net, 0, 1, kai_span(frame->at, frame->len));
			break;
		}
	}
	net_run(net);
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_RECEIPT, 0), before + 1);
	net_whole(net);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_ones_are_faults),
		cmocka_unit_test(one_for_what_never_went_there),
		cmocka_unit_test(old_ones_change_nothing),
		cmocka_unit_test(brought_again_is_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
