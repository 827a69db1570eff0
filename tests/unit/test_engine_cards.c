/* SPDX-License-Identifier: Apache-2.0 */
/* What cards cost: revocations over many items, cards without end, cards of orgs without end. */
#include "net.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "kairan/advisory.h"
#include "kairan/kinds.h"
#include "kairan/rec.h"
#include "usual.h"

#define PIECE 256u /* items looked at in one step for a revocation */

static void send_card(struct net *net, unsigned from, unsigned to, struct kai_span bytes)
{
	struct kai_card_frame frame = {.what = 1, .bytes = bytes};

	net_inject(net, from, to, KAI_MSG_CARD, &frame);
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

	net_card_read(net, net->nodes[0].card, &card);
	memcpy(gone.key, net->nodes[0].duty.key, KAI_ID_LEN);
	card.serial++;
	card.revocations = &gone;
	card.revocations_count = 1;
	send_card(net, 0, 1, net_card_sign(net, &card, &net->nodes[0].root));
}

static struct net *with_items(unsigned count)
{
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN];

	for (unsigned i = 0; i < count; i++)
		net_publish(net, 0, &(struct net_item){.title = "one of many"}, id);
	net_run(net);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_IDS), count);
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
	assert_int_equal(net_journalled(net, 1, "item-marked", "key-revoked", NULL),
			 3 * PIECE - 100);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_TIMERS), 0);
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
		assert_int_equal(net_journalled(net, 1, "item-marked", "key-revoked", NULL),
				 counts[i]);
		assert_int_equal(net_rows(net, 1, KAI_TABLE_TIMERS), 0);
		net_free(net);
	}
}

static uint64_t flags_of(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_item item = {.flags = UINT64_MAX};
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &net->arena, &item));
	kai_txn_abort(txn);
	return item.flags & (KAI_ITEM_SUPERSEDED | KAI_ITEM_RETRACTED | KAI_ITEM_MARKED);
}

static void affirm(struct net *net, const uint8_t id[KAI_ID_LEN])
{
	struct kai_ctl_sign request = {.role = KAI_ROLE_DECIDER};

	memcpy(request.id, id, KAI_ID_LEN);
	net_done(&net->nodes[0], net_control(net, 0, KAI_CONTROL_SIGN, &request));
	net_pass(net, KAI_MS_MINUTE);
}

/* What a thief revised or took back stands again when the key is revoked; the origin does it once more with a good one. */
static void what_a_stolen_key_did_is_undone(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct net_item revision = {.title = "a revision"};
	struct net_item item = {.title = "as it was"};
	uint8_t first[KAI_ID_LEN], other[KAI_ID_LEN], third[KAI_ID_LEN];
	uint8_t revised[KAI_ID_LEN], good[KAI_ID_LEN], retraction[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &item, first);
	net_publish(net, 0, &item, other);
	net_publish(net, 0, &item, third);
	net_pass(net, KAI_MS_MINUTE);
	revision.supersedes = first;
	net_publish(net, 0, &revision, revised);
	revision.supersedes = third;
	net_publish(net, 0, &revision, good);
	net_retract(net, 0, other, retraction);
	affirm(net, good);
	assert_int_equal(flags_of(net, 1, first), KAI_ITEM_SUPERSEDED);
	assert_int_equal(flags_of(net, 1, other), KAI_ITEM_RETRACTED);
	revoke(net);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(flags_of(net, 1, revised), KAI_ITEM_MARKED);
	assert_int_equal(flags_of(net, 1, retraction), KAI_ITEM_MARKED);
	assert_int_equal(flags_of(net, 1, good), 0);
	assert_int_equal(flags_of(net, 1, first), KAI_ITEM_MARKED);
	assert_int_equal(flags_of(net, 1, other), KAI_ITEM_MARKED);
	assert_int_equal(flags_of(net, 1, third), KAI_ITEM_MARKED | KAI_ITEM_SUPERSEDED);
	affirm(net, revised);
	affirm(net, first);
	assert_int_equal(flags_of(net, 1, revised), 0);
	assert_int_equal(flags_of(net, 1, first), KAI_ITEM_SUPERSEDED);
	affirm(net, retraction);
	assert_int_equal(flags_of(net, 1, other), KAI_ITEM_MARKED | KAI_ITEM_RETRACTED);
	net_free(net);
}

/* Node 0 has a new duty key from now on, and says that the old one was never its own. */
static void replace_key(struct net *net)
{
	static const uint8_t seed[32] = {0x3a};
	static struct net_pair fresh;
	struct net_node *node = &net->nodes[0];
	int64_t now = NET_MS + net->mono.ms;
	struct kai_revocation gone = {.since = 1, .reason = kai_span_str("lost")};
	struct kai_card_key keys[8];
	struct kai_card card;

	assert_int_equal(crypto_sign_seed_keypair(fresh.key, fresh.secret, seed), 0);
	net_card_read(net, node->card, &card);
	memcpy(keys, card.keys, card.keys_count * sizeof(keys[0]));
	keys[card.keys_count] = (struct kai_card_key){.use = KAI_KEY_SIGN,
						      .role = KAI_ROLE_DUTY,
						      .not_before = (uint64_t)now,
						      .not_after = keys[0].not_after};
	memcpy(keys[card.keys_count++].key, fresh.key, KAI_ID_LEN);
	card.keys = keys;
	usual_keys(&card);
	memcpy(gone.key, node->duty.key, KAI_ID_LEN);
	card.serial++;
	card.revocations = &gone;
	card.revocations_count = 1;
	net_card_own(net, 0, net_card_sign(net, &card, &node->root));
	net_run(net);
	memcpy(node->config.duty.key, fresh.key, KAI_ID_LEN);
	node->config.duty.secret = fresh.secret;
	net_restart(net, 0);
	net_link(net, 0, 1);
	net_pass(net, KAI_MS_MINUTE);
}

static uint64_t publish_anything(struct net *net)
{
	struct kai_body_value values[] = {{kai_span_str("subtype"), kai_span_str("lesson")},
					  {kai_span_str("action"), kai_span_str("none")}};
	struct kai_body body = {.version = KAI_VERSION,
				.title = kai_span_str("back"),
				.text = kai_span_str("dated"),
				.values = values,
				.values_count = 2};
	struct kai_draft_part part = {
		.name = kai_span_str("main"),
		.media_type = kai_span_str("kairan/secinfo"),
		.content = kai_object_encode_in(&kai_object_body, &body, &net->arena)};
	struct kai_ctl_publish publish = {.draft = {.kind = KAI_KIND_SECINFO,
						    .lang = kai_span_str("en"),
						    .label = {.tlp = KAI_TLP_CLEAR,
							      .onward = KAI_ONWARD_ANY,
							      .attribution = KAI_ATTR_NAMED,
							      .pap = KAI_PAP_CLEAR},
						    .parts = &part,
						    .parts_count = 1}};

	return net_control(net, 0, KAI_CONTROL_PUBLISH, &publish);
}

/* Under a key that is newer than the item its origin says once more that it is its own; a newer key alone says nothing
 * of what is older than it. */
static void a_new_key_affirms_what_an_older_one_signed(void **state)
{
	struct net *net = with_items(1);
	struct kai_ctl_sign request = {.role = KAI_ROLE_DUTY};
	struct net_item later = {.title = "under the new key"};
	uint8_t id[KAI_ID_LEN], fresh[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.title = "an older one"}, id);
	net_pass(net, KAI_MS_HOUR);
	replace_key(net);
	assert_int_equal(flags_of(net, 0, id), KAI_ITEM_MARKED);
	assert_int_equal(flags_of(net, 1, id), KAI_ITEM_MARKED);
	memcpy(request.id, id, KAI_ID_LEN);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_SIGN, &request), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(flags_of(net, 0, id), 0);
	assert_int_equal(flags_of(net, 1, id), 0);
	assert_int_equal(marked(net, 1), 1);
	net_publish(net, 0, &later, fresh);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(flags_of(net, 1, fresh), 0);
	net->nodes[0].skew_ms = -30 * KAI_MS_MINUTE;
	assert_int_equal(publish_anything(net), 1);
	assert_true(kai_span_equal(net->nodes[0].answer.reason, kai_span_str("key-window")));
	net_free(net);
}

/* ---- how many ---- */

static unsigned cards_of(struct net *net, unsigned node, const uint8_t org[KAI_ID_LEN])
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_scan scan;
	unsigned count = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_CARDS, kai_span(org, KAI_ID_LEN), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, NULL, NULL))
		count++;
	kai_txn_abort(txn);
	return count;
}

/* An org renews its card as often as it likes; the newest sixteen are kept, and what was made under one of them counts. */
static void the_newest_cards_are_kept(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct kai_card card;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.title = "under the first"}, id);
	net_card_read(net, net->nodes[0].card, &card);
	for (unsigned i = 1; i <= 40; i++) {
		card.serial = 1 + i;
		send_card(net, 0, 1, net_card_sign(net, &card, &net->nodes[0].root));
		net_run(net);
		assert_int_equal(cards_of(net, 1, net->nodes[0].config.org),
				 i + 1 < 16 ? i + 1 : 16);
	}
	assert_true(net_holds(net, 1, id, NULL));
	net_publish(net, 0, &(struct net_item){.title = "still under the first"}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* A card of an org that nobody ever saw, a kilobyte long. */
static struct kai_span strange_card(struct net *net, unsigned number, uint64_t serial,
				    struct net_pair *ret_root)
{
	uint8_t seed[32] = {0x77, (uint8_t)number, (uint8_t)(number >> 8)};
	struct kai_card card;

	net_card_read(net, net->nodes[0].card, &card);
	assert_int_equal(crypto_sign_seed_keypair(ret_root->key, ret_root->secret, seed), 0);
	memcpy(card.org, ret_root->key, KAI_ID_LEN);
	card.serial = serial;
	return net_card_sign(net, &card, ret_root);
}

/* Cards that a peer introduces lie on its account, and go no further than its quota; what is replaced is given back. */
static void introduced_cards_are_charged(void **state)
{
	struct kai_quota quota = kai_quota_default;
	struct net *net;
	struct net_pair root;
	uint64_t before, per;

	(void)state;
	quota.stored_bytes = 20000;
	net = net_guarded(&quota, 1);
	before = net_rows(net, 1, KAI_TABLE_CARDS);
	assert_int_equal(net_stored_bytes(net, 1, 0), 0);
	send_card(net, 0, 1, strange_card(net, 0, 1, &root));
	net_run(net);
	per = net_stored_bytes(net, 1, 0);
	assert_in_range(per, 300, 1000);
	for (unsigned i = 1; i < 100; i++)
		send_card(net, 0, 1, strange_card(net, i, 1, &root));
	net_run(net);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_CARDS), before + 20000 / per);
	assert_in_range(net_stored_bytes(net, 1, 0), 20000 - per, 20000);
	/* Newer ones of those that are there: sixteen each, no more, and the account says so. */
	net_free(net);
	quota.stored_bytes = 20000000;
	net = net_guarded(&quota, 1);
	for (unsigned i = 1; i <= 40; i++)
		send_card(net, 0, 1, strange_card(net, 7, i, &root));
	net_run(net);
	assert_int_equal(cards_of(net, 1, root.key), 16);
	assert_int_equal(net_stored_bytes(net, 1, 0), 16 * per);
	net_free(net);
}

/* ---- what a greeting costs ---- */

#define ORIGINS 100u
#define PIECE_CARDS 34u /* 32 of others, and two of its own */

/* Node 0 holds an item of each of many orgs, made under a card that was renewed since, and node 1 got it. */
static void fill(struct net *net)
{
	struct kai_txn *txn;
	struct kai_peer peer;

	assert_int_equal(kai_txn_begin(net->nodes[0].store, true, &txn, NULL), KAI_ERR_OK);
	assert_true(kai_rec_peer(txn, net->nodes[1].config.org, &net->arena, &peer));
	for (unsigned i = 0; i < ORIGINS; i++) {
		struct net_pair root;
		struct kai_span bytes = strange_card(net, i, 2, &root);
		struct kai_part_entry part = {.name = kai_span_str("main"),
					      .media_type = kai_span_str("kairan/secinfo"),
					      .size = KAI_MIN_PAD};
		struct kai_header header = {.version = 1,
					    .kind = KAI_KIND_SECINFO,
					    .card_serial = 1,
					    .country = kai_span_str("JP"),
					    .revision = 1,
					    .created_at = NET_MS,
					    .not_after = NET_MS + KAI_MS_DAY,
					    .urgency = KAI_URGENCY_INFO,
					    .lang = kai_span_str("en"),
					    .label = {.tlp = KAI_TLP_CLEAR,
						      .onward = KAI_ONWARD_ANY,
						      .attribution = KAI_ATTR_NAMED,
						      .pap = KAI_PAP_CLEAR},
					    .parts = &part,
					    .parts_count = 1};
		struct kai_signature signature = {.path = NULL};
		struct kai_item item = {.signatures = &signature, .signatures_count = 1};
		struct kai_card_rec card = {.bytes = bytes, .how = KAI_CARD_FINGERPRINT};
		struct kai_released released = {.state = KAI_RELEASED_SENT,
						.rule = kai_span_str("clear")};
		struct kai_key key = kai_key_card(root.key, 2);

		memcpy(header.origin, root.key, KAI_ID_LEN);
		item.header = kai_object_encode_in(&kai_object_header, &header, &net->arena);
		kai_advisory_id(kai_realm_live, item.header, item.id);
		kai_rec_put(txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, &card);
		key = kai_key_pair(kai_rec_item_add(txn, &item, &header), (uint16_t)peer.number);
		kai_rec_put(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &released);
	}
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

/* Newer cards of many origins go out in pieces, all of them, and once. */
static void a_greeting_tells_of_cards_in_pieces(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	size_t before;

	(void)state;
	net_cut(net, 0, 1);
	fill(net);
	before = net->seen_count;
	net_link(net, 0, 1);
	for (size_t at = before; net_step(net); at = net->seen_count)
		assert_in_range(net_sent(net, 0, 1, KAI_MSG_CARD, at), 0, PIECE_CARDS);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_CARD, before), ORIGINS + 2);
	/* Cut half-way, it begins anew with the next greeting. */
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	while (net_sent(net, 0, 1, KAI_MSG_CARD, before) <= ORIGINS + 2)
		assert_true(net_step(net));
	net_cut(net, 0, 1);
	before = net->seen_count;
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_CARD, before), ORIGINS + 2);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revocation_marks_in_pieces),
		cmocka_unit_test(a_revocation_outlives_a_crash),
		cmocka_unit_test(a_small_revocation_is_done_at_once),
		cmocka_unit_test(what_a_stolen_key_did_is_undone),
		cmocka_unit_test(a_new_key_affirms_what_an_older_one_signed),
		cmocka_unit_test(the_newest_cards_are_kept),
		cmocka_unit_test(introduced_cards_are_charged),
		cmocka_unit_test(a_greeting_tells_of_cards_in_pieces),
	};

	return cmocka_run_group_tests_name("engine-cards", tests, NULL, NULL);
}
