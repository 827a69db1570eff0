/* SPDX-License-Identifier: Apache-2.0 */
/* What cards cost: revocations over many items, cards without end, cards of orgs without end. */
#include "net.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "kairan/advisory.h"
#include "kairan/records.h"

#define PIECE 256u /* items looked at in one step for a revocation */

static struct net *joined(const struct kai_quota *quota)
{
	struct net *net = net_new(2);

	(void)net_agree(net, 0, 1, &(struct net_terms){.introduce = true});
	if (quota != NULL) {
		net->quota = *quota;
		net_restart(net, 1);
	}
	net_link(net, 0, 1);
	net_run(net);
	return net;
}

static void read_card(struct net *net, struct kai_span bytes, struct kai_card *ret)
{
	uint8_t digest[KAI_ID_LEN];

	assert_int_equal(kai_card_open(bytes, &net->arena, ret, digest), KAI_FAULT_NONE);
}

static struct kai_span sign_card(struct net *net, const struct kai_card *card,
				 const struct net_pair *root)
{
	struct kai_span body = kai_object_encode_in(&kai_object_card, card, &net->arena);

	assert_true(body.len > 0);
	return kai_signed_make(KAI_CTX_CARD, body, root->key, root->secret, &net->arena);
}

static void send_card(struct net *net, unsigned from, unsigned to, struct kai_span bytes)
{
	struct kai_card_frame frame = {.what = 1, .bytes = bytes};

	net_inject(net, from, to, KAI_MSG_CARD, &frame);
}

static uint64_t rows(struct net *net, unsigned node, enum kai_table table)
{
	struct kai_txn *txn = net_read(net, node);
	uint64_t count = kai_txn_count(txn, table);

	kai_txn_abort(txn);
	return count;
}

/* ---- revocation ---- */

static unsigned marked(struct net *net, unsigned node)
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_index_scan scan;
	uint64_t arrival;
	unsigned count = 0;

	kai_index_all(&scan, txn, 0, false);
	while (kai_index_next(&scan, &arrival)) {
		size_t mark = net->arena.used;
		struct kai_item item;

		assert_true(kai_rec_item(txn, arrival, &net->arena, &item));
		count += (item.flags & KAI_ITEM_MARKED) != 0;
		net->arena.used = mark;
	}
	kai_txn_abort(txn);
	return count;
}

/* Node 0 says that its duty key was never its own. */
static void revoke(struct net *net)
{
	struct kai_revocation gone = {.since = 1, .reason = kai_span_str("lost")};
	struct kai_card card;

	read_card(net, net->nodes[0].card, &card);
	memcpy(gone.key, net->nodes[0].duty.key, KAI_ID_LEN);
	card.serial++;
	card.revocations = &gone;
	card.revocations_count = 1;
	send_card(net, 0, 1, sign_card(net, &card, &net->nodes[0].root));
}

static struct net *with_items(unsigned count)
{
	struct net *net = joined(NULL);
	uint8_t id[KAI_ID_LEN];

	for (unsigned i = 0; i < count; i++)
		net_publish(net, 0, &(struct net_item){.title = "one of many"}, id);
	net_run(net);
	assert_int_equal(rows(net, 1, KAI_TABLE_IDS), count);
	return net;
}

static void a_revocation_marks_in_pieces(void **state)
{
	struct net *net = with_items(3 * PIECE - 100);
	unsigned before = PIECE;

	(void)state;
	revoke(net);
	net_run(net);
	assert_int_equal(marked(net, 1), PIECE);
	for (unsigned i = 0; i < 200 && marked(net, 1) < 3 * PIECE - 100; i++) {
		unsigned now;

		net_pass(net, 1);
		now = marked(net, 1);
		assert_true(now - before <= PIECE);
		before = now;
	}
	assert_int_equal(marked(net, 1), 3 * PIECE - 100);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(rows(net, 1, KAI_TABLE_TIMERS), 0);
	net_free(net);
}

/* The newest first, and what is left is not forgotten with the memory. */
static void a_revocation_outlives_a_crash(void **state)
{
	struct net *net = with_items(2 * PIECE + 10);

	(void)state;
	revoke(net);
	net_run(net);
	assert_int_equal(marked(net, 1), PIECE);
	net_restart(net, 1);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(marked(net, 1), 2 * PIECE + 10);
	net_free(net);
}

/* Few items: at once, and nothing is left to do. */
static void a_small_revocation_is_done_at_once(void **state)
{
	static const unsigned counts[] = {0, 1, PIECE - 1, PIECE};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct net *net = with_items(counts[i]);

		revoke(net);
		net_run(net);
		assert_int_equal(marked(net, 1), counts[i]);
		assert_int_equal(rows(net, 1, KAI_TABLE_TIMERS), 0);
		net_free(net);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revocation_marks_in_pieces),
		cmocka_unit_test(a_revocation_outlives_a_crash),
		cmocka_unit_test(a_small_revocation_is_done_at_once),
	};

	return cmocka_run_group_tests_name("engine-cards", tests, NULL, NULL);
}
