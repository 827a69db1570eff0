/* SPDX-License-Identifier: Apache-2.0 */
/* A release by the origin: what it opens goes, from hand to hand, with it, and nothing else of the item. */
#include "net.h"

#include <string.h>

#include "kairan/rec.h"

/* 0 - 1 - 2, and 3, to whom 2 may link. */
static struct net *chain(void)
{
	struct net *net = net_chain(4, &net_wide);

	net_cut(net, 2, 3);
	return net;
}

/* An item of node 0's that names only node 0: nobody else may have it. */
static void publish_closed(struct net *net, uint8_t ret[KAI_ID_LEN])
{
	struct net_item item = {
		.tlp = KAI_TLP_AMBER, .audience_count = 1, .attachment = 3000, .keep = true};

	item.audience[0] = net_org(net, 0);
	net_publish(net, 0, &item, ret);
	net_run(net);
	assert_false(net_holds(net, 1, ret, NULL));
}

/* The decider of node 0 opens a part to all until then; lies in its store as if it had been granted there. */
static void grant(struct net *net, const uint8_t id[KAI_ID_LEN], uint64_t index, uint64_t expires)
{
	const struct net_pair *decider = &net->nodes[0].decider;
	struct kai_release release = {.version = KAI_VERSION,
				      .index = index,
				      .label = {.tlp = KAI_TLP_CLEAR,
						.onward = KAI_ONWARD_ANY,
						.attribution = KAI_ATTR_NAMED,
						.pap = KAI_PAP_CLEAR},
				      .at = NET_MS,
				      .expires = expires};
	struct kai_txn *txn;
	uint64_t arrival;

	memcpy(release.id, id, KAI_ID_LEN);
	struct kai_span bytes = kai_signed_make(
		KAI_CTX_RELEASE, kai_object_encode_in(&kai_object_release, &release, &net->arena),
		decider->key, decider->secret, &net->arena);

	assert_true(bytes.len > 0);
	assert_int_equal(kai_txn_begin(net->nodes[0].store, true, &txn, NULL), KAI_ERR_OK);
	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key key = kai_key_evidence(arrival, bytes);

	kai_txn_put(txn, KAI_TABLE_EVIDENCE, kai_key_span(&key), bytes);
	kai_rec_touch(txn, arrival);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

/* A chain in which the main part of a closed item was released for so long. */
static struct net *released(int64_t ms, uint8_t ret[KAI_ID_LEN])
{
	struct net *net = chain();

	publish_closed(net, ret);
	grant(net, ret, 0, (uint64_t)(NET_MS + ms));
	net_pass(net, KAI_MS_MINUTE);
	return net;
}

static void a_released_part_goes_from_hand_to_hand(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = released(KAI_MS_DAY, id);

	(void)state;
	for (unsigned node = 1; node <= 2; node++) {
		assert_int_equal(net_parts(net, node, id), 1);
		assert_int_equal(net_rows(net, node, KAI_TABLE_EVIDENCE), 1);
	}
	/* The other part stays where it is, and comes when it is released as well. */
	grant(net, id, 1, NET_MS + KAI_MS_DAY);
	net_pass(net, KAI_MS_MINUTE);
	for (unsigned node = 1; node <= 2; node++) {
		assert_int_equal(net_parts(net, node, id), 3);
		assert_int_equal(net_rows(net, node, KAI_TABLE_EVIDENCE), 2);
	}
	net_free(net);
}

/* A release that came late to a holder of everything else is fetched for its own sake. */
static void a_later_release_is_fetched(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = released(KAI_MS_HOUR, id);

	(void)state;
	assert_int_equal(net_rows(net, 1, KAI_TABLE_EVIDENCE), 1);
	grant(net, id, 0, NET_MS + KAI_MS_DAY);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_EVIDENCE), 2);
	assert_int_equal(net_parts(net, 1, id), 1);
	net_free(net);
}

/* Over, it opens nothing any more: who has it keeps it, who comes later gets nothing. */
static void a_release_ends(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = released(KAI_MS_HOUR, id);

	(void)state;
	assert_int_equal(net_parts(net, 2, id), 1);
	net_pass(net, KAI_MS_HOUR);
	net_link(net, 2, 3);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(net_parts(net, 3, id), 0);
	assert_false(net_leaked(net, 3, kai_span(id, KAI_ID_LEN)));
	assert_int_equal(net_parts(net, 2, id), 1);
	net_free(net);
}

/* ---- what was refused before ---- */

/* A refusal by rule stands without the item being asked for again, by the rule's own name; another agreement asks anew. */
static void a_rule_is_remembered_by_its_name(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct kai_offer_entry entry = {.parts = 1, .size = 2000, .urgency = 3, .signatures = 1};
	struct kai_offer offer = {.entries = &entry, .entries_count = 1};
	struct kai_stub stub = {.at = NET_MS, .reason = KAI_STUB_REFUSED};
	static const char *const names[] = {"audience", "bad-time", "no name that this node knows"};
	struct kai_txn *txn;
	struct kai_pair pair;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct kai_key key = kai_key_bytes(entry.id, KAI_ID_LEN);
		size_t before = net->seen_count;
		bool told = false;

		entry.id[0] = (uint8_t)(i + 1);
		key = kai_key_bytes(entry.id, KAI_ID_LEN);
		stub.rule = kai_span_str(names[i]);
		assert_int_equal(kai_txn_begin(net->nodes[1].store, true, &txn, NULL), KAI_ERR_OK);
		kai_pair_load(txn, net->nodes[1].config.org, net->nodes[0].config.org,
			      (struct kai_wall){NET_MS + net->mono.ms}, &net->arena, &pair);
		memcpy(stub.agreement, pair.digest, KAI_ID_LEN);
		kai_rec_put(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &stub);
		assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
		net_inject(net, 0, 1, KAI_MSG_OFFER, &offer);
		net_run(net);
		assert_int_equal(net_sent(net, 1, 0, KAI_MSG_WANT, before), 0);
		for (size_t at = before; at < net->seen_count; at++) {
			struct kai_refuse refuse;

			if (net->seen[at].type != KAI_MSG_REFUSE)
				continue;
			assert_int_equal(
				kai_object_decode(&kai_object_refuse,
						  kai_span(net->seen[at].at, net->seen[at].len),
						  &net->arena, &refuse),
				KAI_FAULT_NONE);
			assert_int_equal(refuse.entries[0].klass, KAI_CLASS_RULE);
			assert_true(kai_span_equal(refuse.entries[0].reason,
						   kai_span_str(i < 2 ? names[i] : "policy")));
			told = true;
		}
		assert_true(told);
	}
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_released_part_goes_from_hand_to_hand),
		cmocka_unit_test(a_later_release_is_fetched),
		cmocka_unit_test(a_release_ends),
		cmocka_unit_test(a_rule_is_remembered_by_its_name),
	};

	return cmocka_run_group_tests_name("engine-release", tests, NULL, NULL);
}
