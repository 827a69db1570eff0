/* SPDX-License-Identifier: Apache-2.0 */
/* Files carried by hand: see carry.h. */
#include "carry.h"

#include <string.h>

#include "kairan/rec.h"
#include "kairan/receipt.h"

const struct carry_order carry_all_new = {.since = 0};

struct kai_span carry_written(struct net *net, unsigned from, unsigned to,
			      const struct carry_order *order)
{
	struct kai_ctl_bundle_write request = {.since = order->since,
					       .after = order->after,
					       .ids = order->ids,
					       .ids_count = order->ids_count,
					       .receipts = order->receipts};

	memcpy(request.to, net->nodes[to].config.org, KAI_ID_LEN);
	(void)net_control(net, from, KAI_CONTROL_BUNDLE_WRITE, &request);
	return net->nodes[from].answer.body;
}

struct kai_span carry_wrote(struct net *net, unsigned from, unsigned to)
{
	struct kai_span file = carry_written(net, from, to, &carry_all_new);

	net_done(&net->nodes[from], net->nodes[from].answer.exit);
	assert_true(file.len > 0);
	return file;
}

uint64_t carry_take(struct net *net, unsigned node, struct kai_span file)
{
	struct kai_ctl_bundle_take request = {.file = file};

	return net_control(net, node, KAI_CONTROL_BUNDLE_TAKE, &request);
}

struct kai_bundle_report carry_took(struct net *net, unsigned node, struct kai_span file)
{
	struct kai_bundle_report report;

	net_done(&net->nodes[node], carry_take(net, node, file));
	assert_int_equal(kai_object_decode(&kai_object_bundle_report, net->nodes[node].answer.body,
					   &net->arena, &report),
			 KAI_FAULT_NONE);
	return report;
}

void carry_refused(struct net *net, unsigned node, struct kai_span file, const char *reason)
{
	struct kai_span got;

	assert_int_equal(carry_take(net, node, file), 1);
	got = net->nodes[node].answer.reason;
	if (!kai_span_equal(got, kai_span_str(reason)))
		fail_msg("refused for %.*s, not for %s", (int)got.len, (const char *)got.at,
			 reason);
	assert_int_equal(net->nodes[node].answer.body.len, 0);
}

struct kai_bundle_opened carry_opened(struct net *net, struct kai_span file)
{
	struct kai_bundle_opened ret;

	assert_int_equal(kai_bundle_open(file, &net->arena, &ret), KAI_FAULT_NONE);
	return ret;
}

struct net *carry_island(const struct net_terms *terms)
{
	struct net *net = net_new(3);

	(void)net_agree(net, 0, 1, terms);
	return net;
}

void carry_item(struct net *net, unsigned from, unsigned to, size_t attachment,
		uint8_t ret[KAI_ID_LEN])
{
	struct net_item item = {.tlp = KAI_TLP_AMBER,
				.audience_count = 1,
				.audience = {net_org(net, to)},
				.attachment = attachment};

	net_publish(net, from, &item, ret);
}

uint64_t carry_released(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
			uint64_t *ret_bundle)
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_released row = {.state = 0};
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key key = kai_key_pair(arrival, 1);

	(void)kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &net->arena, &row);
	kai_txn_abort(txn);
	if (ret_bundle != NULL)
		*ret_bundle = row.bundle;
	return row.state;
}

uint64_t carry_level(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_receipt_rec rec = {.levels_count = 0};
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key key = kai_key_pair(arrival, 1);

	(void)kai_rec_get(txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &net->arena,
			  &rec);
	uint64_t level = kai_receipt_highest(&rec);

	kai_txn_abort(txn);
	return level;
}
