/* SPDX-License-Identifier: Apache-2.0 */
#include "practice.h"

#include <stdlib.h>
#include <string.h>

#include "kairan/drill.h"
#include "kairan/rec.h"
#include "kairan/receipt.h"

enum { DIRECTOR, CONFIRMS, SILENT, AWAY, MEMBERS };

static const char *const names[MEMBERS] = {
	[CONFIRMS] = "op-power-a", [SILENT] = "op-power-b", [AWAY] = "min-energy"};

static int by_org(const void *a, const void *b)
{
	return memcmp(a, b, KAI_ID_LEN);
}

static struct kai_contact contact(uint64_t side, const char *name, const char *first,
				  const char *second)
{
	return (struct kai_contact){.side = side,
				    .role = kai_span_str("duty"),
				    .name = kai_span_str(name),
				    .first = kai_span_str(first),
				    .second = kai_span_str(second),
				    .hours = kai_span_str("24h")};
}

static void join(struct net *net)
{
	const struct kai_contact contacts[] = {
		contact(0, "Takahashi", "tel:+81-3-0000-0011", "mailto:duty@cep-power.example"),
		contact(1, "Night desk", "tel:+81-3-0000-0020", "mailto:desk@partner.example"),
	};
	const struct net_terms terms = {.introduce = true,
					.drill_consent = KAI_DRILL_COMCHECK,
					.contacts = contacts,
					.contact_count = sizeof(contacts) / sizeof(*contacts)};

	for (unsigned i = CONFIRMS; i < MEMBERS; i++) {
		(void)net_agree(net, DIRECTOR, i, &terms);
		net_link(net, DIRECTOR, i);
	}
	net_run(net);
}

/* What the director calls them. */
static void name_them(struct net *net)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(net->nodes[DIRECTOR].store, true, &txn, NULL), KAI_ERR_OK);
	for (unsigned i = CONFIRMS; i < MEMBERS; i++) {
		struct kai_peer peer;

		assert_true(kai_rec_peer(txn, net->nodes[i].config.org, &net->arena, &peer));
		peer.alias = kai_span_str(names[i]);
		kai_rec_peer_put(txn, &peer);
	}
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

static void open_it(struct net *net)
{
	uint8_t orgs[MEMBERS][KAI_ID_LEN];
	struct kai_ctl_drill_open request = {
		.name = kai_span_str(PRACTICE_NAME),
		.word = kai_span_str("EXERCISE"),
		.level = KAI_DRILL_COMCHECK,
		.until = (uint64_t)(NET_MS + net->mono.ms + KAI_MS_HOUR),
		.participants = orgs};

	for (unsigned i = CONFIRMS; i < MEMBERS; i++)
		memcpy(orgs[request.participants_count++], net->nodes[i].config.org, KAI_ID_LEN);
	qsort(orgs, request.participants_count, KAI_ID_LEN, by_org);
	net_done(&net->nodes[DIRECTOR],
		 net_control(net, DIRECTOR, KAI_CONTROL_DRILL_OPEN, &request));
	net_run(net);
}

static void confirm(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_ctl_ack ack = {.level = KAI_LEVEL_RECEIVED, .role = kai_span_str("duty")};

	memcpy(ack.id, id, KAI_ID_LEN);
	net_done(&net->nodes[node], net_drill_control(net, node, KAI_CONTROL_ACK, &ack));
	net_run(net);
}

struct net *practice_make(void)
{
	struct net *net = net_new(MEMBERS);
	struct net_item item = {
		.tlp = KAI_TLP_AMBER, .title = PRACTICE_NAME, .drill = true, .keep = true};
	uint8_t id[KAI_ID_LEN];

	join(net);
	name_them(net);
	open_it(net);
	net_cut(net, DIRECTOR, AWAY);
	for (unsigned i = CONFIRMS; i < MEMBERS; i++)
		item.audience[item.audience_count++] = net_org(net, i);
	net_publish(net, DIRECTOR, &item, id);
	net_run(net);
	net_pass(net, 7 * KAI_MS_MINUTE);
	confirm(net, CONFIRMS, id);
	net_pass(net, 23 * KAI_MS_MINUTE);
	return net;
}
