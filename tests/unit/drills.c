/* SPDX-License-Identifier: Apache-2.0 */
#include "drills.h"

#include <stdlib.h>
#include <string.h>

#include "kairan/crypto.h"

const struct net_terms drills_terms = {.introduce = true, .drill_consent = KAI_DRILL_WHOLE};

static int by_org(const void *a, const void *b)
{
	return memcmp(a, b, KAI_ID_LEN);
}

uint64_t drills_now(const struct net *net)
{
	return (uint64_t)(NET_MS + net->mono.ms);
}

uint64_t drills_open(struct net *net, unsigned director, uint64_t level, uint64_t from,
		     uint64_t until)
{
	uint8_t orgs[NET_NODES][KAI_ID_LEN];
	struct kai_ctl_drill_open request = {.name = kai_span_str("autumn"),
					     .word = kai_span_str("EXERCISE"),
					     .level = level,
					     .from = from,
					     .until = until,
					     .participants = orgs};

	for (unsigned i = 0; i < net->count; i++)
		if (i != director)
			memcpy(orgs[request.participants_count++], net->nodes[i].config.org,
			       KAI_ID_LEN);
	qsort(orgs, request.participants_count, KAI_ID_LEN, by_org);
	return net_control(net, director, KAI_CONTROL_DRILL_OPEN, &request);
}

struct net *drills_practice(unsigned count)
{
	struct net *net = net_chain(count, &drills_terms);

	net_done(&net->nodes[0], drills_open(net, 0, KAI_DRILL_WHOLE, 0,
					     drills_now(net) + (uint64_t)DRILLS_LONG_MS));
	net_run(net);
	return net;
}

bool drills_consents(struct net *net, unsigned node, unsigned org)
{
	struct kai_txn *txn = net_read(net, node);
	size_t mark = net->arena.used;
	struct kai_drill_held held;
	bool yes = kai_rec_drill(txn, net->nodes[node].drill_realm, &net->arena, &held) &&
		   kai_drill_consents(txn, &held, net->nodes[org].config.org, &net->arena);

	net->arena.used = mark;
	kai_txn_abort(txn);
	return yes;
}

bool drills_known(struct net *net, unsigned node, const uint8_t *realm)
{
	struct kai_txn *txn = net_read(net, node);
	size_t mark = net->arena.used;
	struct kai_drill_held held;
	bool known = kai_rec_drill(txn, realm, &net->arena, &held);

	net->arena.used = mark;
	kai_txn_abort(txn);
	return known;
}

struct kai_span drills_word(struct net *net, unsigned signer, const struct kai_drill_held *held,
			    uint64_t what, uint64_t at)
{
	const struct net_node *node = &net->nodes[signer];
	struct kai_drill_say word = {.version = KAI_VERSION, .what = what, .at = at};

	memcpy(word.realm, held->drill.realm, KAI_REALM_LEN);
	memcpy(word.drill, held->digest, KAI_ID_LEN);
	memcpy(word.org, node->config.org, KAI_ID_LEN);
	return kai_signed_make(KAI_CTX_DRILL_SAY,
			       kai_object_encode_in(&kai_object_drill_say, &word, &net->arena),
			       node->duty.key, node->duty.secret, &net->arena);
}

struct kai_span drills_made(struct net *net, unsigned director, const struct kai_drill *like)
{
	const struct net_node *node = &net->nodes[director];
	struct kai_drill drill = *like;

	memcpy(drill.director, node->config.org, KAI_ID_LEN);
	return kai_signed_make(KAI_CTX_DRILL,
			       kai_object_encode_in(&kai_object_drill, &drill, &net->arena),
			       node->decider.key, node->decider.secret, &net->arena);
}

void drills_held(struct net *net, unsigned node, struct kai_drill_held *ret)
{
	struct kai_txn *txn = net_read(net, node);

	assert_true(kai_rec_drill(txn, net->nodes[0].drill_realm, &net->arena, ret));
	kai_txn_abort(txn);
}

void drills_inject(struct net *net, unsigned from, unsigned to, uint64_t what,
		   struct kai_span bytes)
{
	struct kai_drill_frame frame = {.what = what, .bytes = bytes};

	net_inject(net, from, to, KAI_MSG_DRILL, &frame);
	net_run(net);
}
