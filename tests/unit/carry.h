/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two organisations that carry files to each other by hand, for the tests of bundles: nodes of a
 * net (net.h), what they write and take, and what there is to look at. For tests only; one thread.
 */
#ifndef KAIRAN_TEST_CARRY_H
#define KAIRAN_TEST_CARRY_H

#include "net.h"

#include "kairan/bundle.h"

/* What is asked of the writer; zeros: all that is new. */
struct carry_order {
	uint64_t since, after;
	uint8_t (*ids)[KAI_ID_LEN];
	size_t ids_count;
	bool receipts;
};
extern const struct carry_order carry_all_new;

/* Of three nodes two with an agreement that was carried by hand, and no link. */
struct net *carry_island(const struct net_terms *terms);
/* An item of `from` that `to` alone may have; attachment: bytes of a second part, 0: none. */
void carry_item(struct net *net, unsigned from, unsigned to, size_t attachment,
		uint8_t ret[KAI_ID_LEN]);

/* A file of `from` for `to`, a copy in the net's arena; empty: there was nothing, or it was
 * refused. */
struct kai_span carry_written(struct net *net, unsigned from, unsigned to,
			      const struct carry_order *order);
/* One of all that is new; fails the test when there is none. */
struct kai_span carry_wrote(struct net *net, unsigned from, unsigned to);
/* The node takes the file: its exit code; carry_took fails the test unless it did, carry_refused
 * unless it did not, for that reason. */
uint64_t carry_take(struct net *net, unsigned node, struct kai_span file);
struct kai_bundle_report carry_took(struct net *net, unsigned node, struct kai_span file);
void carry_refused(struct net *net, unsigned node, struct kai_span file, const char *reason);
/* What stands in a file. */
struct kai_bundle_opened carry_opened(struct net *net, struct kai_span file);

/* The node's state of the item towards its partner; ret_bundle: the number it went in, NULL: does
 * not matter. */
uint64_t carry_released(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
			uint64_t *ret_bundle);
/* How far the partner is with the item, as the node knows. */
uint64_t carry_level(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN]);

#endif
