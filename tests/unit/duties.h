/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain of organisations (net.h), of which the second has duties towards the first, for the tests
 * of that: what there is to look at on both sides, and the end of every test. For tests only; one
 * thread.
 */
#ifndef KAIRAN_TEST_DUTIES_H
#define KAIRAN_TEST_DUTIES_H

#include "net.h"

#include "kairan/records.h"

#define WITHIN (15 * KAI_MS_MINUTE)

/* Of the second side, about questions and secinfo, urgent or not. */
struct kai_duty duties_of_b(uint64_t action);
/* 0 → 1 → 2: what comes from 0, 1 passes on to its constituency, 2, or answers. */
struct net *duties_chain(uint64_t action);
extern const struct net_item duties_urgent;

/* The node's duties about an item, of one side: its own, or its partners' as it sees them. */
struct duties_seen {
	size_t count;
	struct kai_duty_place place;
	struct kai_duty_row row; /* of the last one */
	char rule[KAI_MAX_SHORT + 1];
};
struct duties_seen duties_ours(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN]);
struct duties_seen duties_theirs(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN]);
/* How often the node's journal says so. */
size_t duties_said(struct net *net, unsigned node, const char *event);
/* Every test's end: the stores are whole, and there is a timer for each open duty and no other. */
void duties_finish(struct net *net);

#endif
