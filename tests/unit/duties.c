/* SPDX-License-Identifier: Apache-2.0 */
/* Duties between the nodes of a net: see duties.h. */
#include "duties.h"
#include "kairan/rec.h"

#include <string.h>

static uint64_t some_kinds[] = {KAI_KIND_SECINFO, KAI_KIND_RFI};

struct kai_duty duties_of_b(uint64_t action)
{
	return (struct kai_duty){.side = 1,
				 .kinds = some_kinds,
				 .kinds_count = 2,
				 .urgency = KAI_URGENCY_TODAY,
				 .action = action,
				 .within_ms = WITHIN,
				 .report_back = true};
}

struct net *duties_chain(uint64_t action)
{
	struct net *net = net_new(4);
	const struct kai_duty duty = duties_of_b(action);

	(void)net_agree(net, 0, 1,
			&(struct net_terms){.introduce = true, .duties = &duty, .duty_count = 1});
	(void)net_agree(net, 1, 2, &(struct net_terms){.introduce = true, .constituency = true});
	net_link(net, 0, 1);
	net_run(net);
	return net;
}

const struct net_item duties_urgent = {.urgency = KAI_URGENCY_NOW};

/* The node's duties about an item, of one side. */
static struct duties_seen look(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
			       uint64_t side)
{
	struct kai_txn *txn = net_read(net, node);
	struct duties_seen seen = {.count = 0};
	struct kai_scan scan;
	struct kai_span key, value;
	uint64_t arrival = 0;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key prefix = kai_key_u64(arrival);

	kai_scan_init(&scan, txn, KAI_TABLE_DUTIES, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		struct kai_duty_row row;

		assert_int_equal(kai_object_decode(&kai_object_duty_row, value, &net->arena, &row),
				 KAI_FAULT_NONE);
		if (row.side != side)
			continue;
		seen.count++;
		seen.row = row;
		assert_true(kai_duty_place_read(key, &seen.place));
		memset(seen.rule, 0, sizeof(seen.rule));
		memcpy(seen.rule, row.rule.at, row.rule.len);
	}
	kai_txn_abort(txn);
	return seen;
}

struct duties_seen duties_ours(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	return look(net, node, id, KAI_DUTY_OURS);
}

struct duties_seen duties_theirs(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	return look(net, node, id, KAI_DUTY_THEIRS);
}

size_t duties_said(struct net *net, unsigned node, const char *event)
{
	size_t entries;

	(void)net_journalled(net, node, event, NULL, &entries);
	return entries;
}

void duties_finish(struct net *net)
{
	net_whole(net);
	for (unsigned i = 0; i < net->count; i++) {
		assert_int_equal(net_rows(net, i, KAI_TABLE_DUTIES_OPEN),
				 net_rows(net, i, KAI_TABLE_TIMERS));
	}
	net_free(net);
}
