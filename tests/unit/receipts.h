/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of organisations (net.h) that tell each other how far they are with an item, for the tests
 * of receipts: what there is to look at. For tests only; one thread.
 */
#ifndef KAIRAN_TEST_RECEIPTS_H
#define KAIRAN_TEST_RECEIPTS_H

#include "net.h"

#include "kairan/receipt.h"
#include "kairan/records.h"

struct receipts_row {
	bool there;
	uint64_t highest;
	uint64_t levels; /* as a bit set */
	uint64_t action;
	char note[64];
	bool attested;
	struct kai_rollup forwarded, below;
};

/* What a node knows of another about an item; org == node: its own word. */
struct receipts_row receipts_look(struct net *net, unsigned node, unsigned org, const uint8_t *id);
void receipts_sound(struct net *net); /* every store is */
/* n nodes in a row, each with the next, which is its constituency. */
struct net *receipts_line(unsigned count);
/* For everybody; at rest. */
void receipts_publish(struct net *net, unsigned node, uint64_t urgency, uint8_t ret[KAI_ID_LEN]);

#endif
