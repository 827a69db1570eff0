/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes in a row and what they know of each other: see receipts.h. */
#include "receipts.h"
#include "kairan/rec.h"

#include <stdio.h>

static uint16_t number_of(struct net *net, struct kai_txn *txn, unsigned org)
{
	struct kai_peer peer;

	assert_true(kai_rec_peer(txn, net->nodes[org].config.org, &net->arena, &peer));
	return (uint16_t)peer.number;
}

static void fill(struct receipts_row *row, const struct kai_receipt_rec *rec)
{
	row->there = true;
	row->highest = kai_receipt_highest(rec);
	row->attested = rec->attested_at > 0;
	for (size_t i = 0; i < rec->levels_count; i++) {
		const struct kai_reached *reached = &rec->levels[i];

		row->levels |= UINT64_C(1) << reached->level;
		if (reached->level == KAI_LEVEL_ACTION) {
			row->action = reached->action;
			(void)snprintf(row->note, sizeof(row->note), "%.*s", (int)reached->note.len,
				       (const char *)reached->note.at);
		}
		if (reached->forwarded != NULL)
			row->forwarded = *reached->forwarded;
		if (reached->below != NULL)
			row->below = *reached->below;
	}
}

struct receipts_row receipts_look(struct net *net, unsigned node, unsigned org, const uint8_t *id)
{
	struct kai_txn *txn = net_read(net, node);
	struct receipts_row row = {.there = false};
	struct kai_receipt_rec rec;
	uint64_t arrival;

	if (kai_rec_arrival(txn, id, &arrival)) {
		struct kai_key key =
			kai_key_pair(arrival, org == node ? 0 : number_of(net, txn, org));

		if (kai_rec_get(txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &net->arena,
				&rec))
			fill(&row, &rec);
	}
	kai_txn_abort(txn);
	return row;
}

struct net *receipts_line(unsigned count)
{
	struct net *net = net_new(count);
	const struct net_terms terms = {.introduce = true, .constituency = true};

	for (unsigned i = 0; i + 1 < count; i++) {
		(void)net_agree(net, i, i + 1, &terms);
		net_link(net, i, i + 1);
	}
	net_run(net);
	return net;
}

void receipts_publish(struct net *net, unsigned node, uint64_t urgency, uint8_t ret[KAI_ID_LEN])
{
	const struct net_item item = {.urgency = urgency, .title = "receipt"};

	net_publish(net, node, &item, ret);
	net_run(net);
}
