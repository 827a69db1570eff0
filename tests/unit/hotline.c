/* SPDX-License-Identifier: Apache-2.0 */
#include "hotline.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <string.h>

static uint64_t own_kinds[] = {KAI_KIND_ALERT, KAI_KIND_INCIDENT};
static uint64_t alerts[] = {KAI_KIND_ALERT};
static const uint64_t questions[] = {KAI_KIND_RFI};

static struct kai_contingency clause(const struct net *net, unsigned from, unsigned to,
				     bool incidents)
{
	struct kai_contingency clause = {.kinds = incidents ? own_kinds : alerts,
					 .kinds_count = incidents ? 2 : 1,
					 .after_ms = AFTER,
					 .longest_ms = LONGEST,
					 .pause_ms = PAUSE};

	memcpy(clause.from, net->nodes[from].config.org, KAI_ID_LEN);
	memcpy(clause.to, net->nodes[to].config.org, KAI_ID_LEN);
	return clause;
}

static void clauses(const struct net *net, struct kai_contingency ret[CLAUSES])
{
	ret[FROM_AUTHOR] = clause(net, AUTHOR, CENTRE, true);
	ret[FROM_BODY] = clause(net, BODY, CENTRE, false);
	ret[FROM_CENTRE] = clause(net, CENTRE, BODY, false);
}

static struct net *make(bool with)
{
	struct net *net = net_new(5);
	struct kai_contingency list[CLAUSES];

	clauses(net, list);
	(void)net_agree(net, AUTHOR, BODY, &net_wide);
	(void)net_agree(net, AUTHOR, MIDDLE, &net_wide);
	(void)net_agree(net, BODY, MIDDLE, &net_wide);
	(void)net_agree(net, MIDDLE, CENTRE, &net_wide);
	(void)net_agree(net, BODY, MEMBER,
			&(struct net_terms){.introduce = true, .constituency = true});
	(void)net_agree(net, BODY, CENTRE,
			&(struct net_terms){.introduce = true,
					    .kinds = with ? NULL : questions,
					    .kinds_count = with ? 0 : 1,
					    .clauses = with ? list : NULL,
					    .clause_count = with ? CLAUSES : 0,
					    .contingency_only = with});
	net_link(net, AUTHOR, BODY);
	net_link(net, AUTHOR, MIDDLE);
	net_link(net, BODY, MIDDLE);
	net_link(net, MIDDLE, CENTRE);
	net_link(net, BODY, MEMBER);
	net_link(net, BODY, CENTRE);
	net_run(net);
	return net;
}

struct net *hotline_new(void)
{
	return make(true);
}

struct net *hotline_without(void)
{
	return make(false);
}

void hotline_lose(struct net *net)
{
	net_cut(net, AUTHOR, MIDDLE);
	net_cut(net, BODY, MIDDLE);
	net_cut(net, MIDDLE, CENTRE);
	net_run(net);
}

void hotline_back(struct net *net)
{
	net_link(net, AUTHOR, MIDDLE);
	net_link(net, BODY, MIDDLE);
	net_link(net, MIDDLE, CENTRE);
	net_run(net);
}

void hotline_file(struct net *net, unsigned node, uint8_t ret[KAI_ID_LEN])
{
	struct net_item item = {.kind = KAI_KIND_INCIDENT,
				.urgency = KAI_URGENCY_NOW,
				.tlp = KAI_TLP_AMBER,
				.audience = {net_org(net, CENTRE), net_org(net, BODY),
					     net_org(net, MIDDLE), net_org(net, MEMBER)},
				.audience_count = 4};

	net_publish(net, node, &item, ret);
	net_run(net);
}

bool hotline_came(struct net *net, const uint8_t id[KAI_ID_LEN])
{
	return net_holds(net, CENTRE, id, NULL);
}

struct kai_mark hotline_mark(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn = net_read(net, node);
	const uint8_t *with = net->nodes[node == BODY ? CENTRE : BODY].config.org;
	struct kai_mark mark = {.opened_at = 0};
	struct kai_released released;
	struct kai_supply supply;
	struct kai_peer peer;
	uint64_t arrival = 0;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	assert_true(kai_rec_peer(txn, with, &net->arena, &peer));
	struct kai_key key = kai_key_pair(arrival, (uint16_t)peer.number);

	if (node == BODY) {
		if (kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &net->arena,
				&released) &&
		    released.mark != NULL)
			mark = *released.mark;
	} else if (kai_rec_get(txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, &net->arena,
			       &supply) &&
		   supply.mark != NULL) {
		mark = *supply.mark;
	}
	kai_txn_abort(txn);
	return mark;
}

size_t hotline_said(struct net *net, unsigned node, const char *event)
{
	size_t entries = 0;

	(void)net_journalled(net, node, event, NULL, &entries);
	return entries;
}

struct kai_outage hotline_outage(struct net *net, enum kai_outage_side side,
				 enum hotline_clause clause)
{
	bool ours = side == KAI_OUTAGE_OURS;
	struct kai_txn *txn = net_read(net, ours ? BODY : CENTRE);
	struct kai_contingency list[CLAUSES];
	struct kai_outage outage;
	struct kai_peer peer;

	clauses(net, list);
	assert_true(
		kai_rec_peer(txn, net->nodes[ours ? CENTRE : BODY].config.org, &net->arena, &peer));
	struct kai_key key = kai_key_outage((uint16_t)peer.number, side, &list[clause]);

	if (!kai_rec_get(txn, KAI_TABLE_OUTAGES, &key, &kai_object_outage, &net->arena, &outage))
		outage = (struct kai_outage){.opened_at = 0};
	kai_txn_abort(txn);
	return outage;
}
