/* SPDX-License-Identifier: Apache-2.0 */
/* What was put off, could not go or was held back for a while comes again; nothing is lost. */
#include "net.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/records.h"

#define LONG_AGO (NET_MS - 300 * KAI_MS_DAY)

/* Two nodes, of which the second one's clock is behind by so much. */
static struct net *behind(int64_t ms)
{
	const struct net_terms terms = {.introduce = true, .valid_from = LONG_AGO};
	struct net *net = net_new(2);

	(void)net_agree(net, 0, 1, &terms);
	net->nodes[1].skew_ms = -ms;
	net_link(net, 0, 1);
	net_run(net);
	return net;
}

/* Refused for now, the link falls, the reason goes away: the token went past it, the item must not. */
static void what_was_deferred_outlives_the_link(void **state)
{
	struct net *net = behind(3 * KAI_MS_DAY);
	uint8_t first[KAI_ID_LEN], second[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.title = "early"}, first);
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT, .title = "alert"}, second);
	net_run(net);
	net_pass(net, 5000);
	assert_false(net_holds(net, 1, first, NULL));
	assert_false(net_holds(net, 1, second, NULL));
	net_cut(net, 0, 1);
	net->nodes[1].skew_ms = 0;
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 5000);
	assert_true(net_holds(net, 1, first, NULL));
	assert_true(net_holds(net, 1, second, NULL));
	net_free(net);
}

/* The same with an offerer that forgot what it had in memory. */
static void what_was_deferred_outlives_a_crash(void **state)
{
	struct net *net = behind(3 * KAI_MS_DAY);
	uint8_t id[KAI_ID_LEN], later[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.title = "early"}, id);
	net_run(net);
	net_pass(net, 5000);
	net_restart(net, 0);
	net_restart(net, 1);
	net->nodes[1].skew_ms = 0;
	net_publish(net, 0, &(struct net_item){.title = "later"}, later);
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 5000);
	assert_true(net_holds(net, 1, later, NULL));
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* By the receiver's clock the agreement begins half a second later: refused for that long, not for good. */
static void an_agreement_that_begins_refuses_nothing_for_good(void **state)
{
	const struct net_terms terms = {.introduce = true,
					.valid_from = NET_MS + 10 * KAI_MS_SECOND};
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &terms);
	net->nodes[1].skew_ms = -500;
	net_publish(net, 0, &(struct net_item){.title = "early", .keep = true}, id);
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 3 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* A clock that is fast finds items over that are not: put off, not refused for good. */
static void a_fast_clock_refuses_nothing_for_good(void **state)
{
	struct net *net = behind(-10 * KAI_MS_MINUTE);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.not_after = NET_MS + 5 * KAI_MS_MINUTE}, id);
	net_pass(net, 2000);
	assert_false(net_holds(net, 1, id, NULL));
	net->nodes[1].skew_ms = 0;
	net_pass(net, 2 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* Nor for want of a membership that has not begun by it; and it may have been set back since the link stands. */
static void a_slow_clock_finds_no_member_and_waits(void **state)
{
	struct kai_community community = {.name = kai_span_str("circle")};
	struct net_terms terms = {.introduce = true,
				  .valid_from = LONG_AGO,
				  .communities = &community,
				  .community_count = 1};
	struct kai_ctl_member member = {.name = kai_span_str("circle")};
	struct net *net = net_new(2);
	struct net_item item = {.tlp = KAI_TLP_GREEN, .audience_count = 1};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	memcpy(community.keeper, net->nodes[0].config.org, KAI_ID_LEN);
	memcpy(member.org, net->nodes[1].config.org, KAI_ID_LEN);
	item.audience[0] =
		(struct kai_audience_entry){.type = KAI_AUD_COMMUNITY,
					    .org = kai_span(net->nodes[0].config.org, KAI_ID_LEN),
					    .text = kai_span_str("circle")};
	(void)net_agree(net, 0, 1, &terms);
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_MEMBER, &member), 0);
	net_run(net);
	net->nodes[1].skew_ms = -2 * KAI_MS_HOUR;
	net_publish(net, 0, &item, id);
	net_pass(net, KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, id, NULL));
	net->nodes[1].skew_ms = 0;
	net_pass(net, 3 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* ---- sealing keys ---- */

static int by_use_and_key(const void *a, const void *b)
{
	const struct kai_card_key *left = a, *right = b;

	if (left->use != right->use)
		return left->use < right->use ? -1 : 1;
	return memcmp(left->key, right->key, KAI_ID_LEN);
}

static void seal_pair(const char *what, struct net_pair *ret)
{
	uint8_t entropy[32] = {0x5e};

	kai_expand(entropy, what, 0, ret->secret, 32);
	assert_int_equal(crypto_scalarmult_base(ret->key, ret->secret), 0);
}

/* A newer card of a node: its sealing key ends then, and another one begins (NULL: none). */
static struct kai_span newer_card(struct net *net, unsigned number, uint64_t serial,
				  uint64_t seal_until, const struct net_pair *next)
{
	const struct net_node *node = &net->nodes[number];
	struct kai_card_key keys[8];
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];

	assert_int_equal(kai_card_open(node->card, &net->arena, &card, digest), KAI_FAULT_NONE);
	memcpy(keys, card.keys, card.keys_count * sizeof(keys[0]));
	for (size_t i = 0; i < card.keys_count; i++)
		if (keys[i].use == KAI_KEY_SEAL)
			keys[i].not_after = seal_until;
	if (next != NULL) {
		keys[card.keys_count] = (struct kai_card_key){
			.use = KAI_KEY_SEAL, .not_before = NET_MS, .not_after = keys[0].not_after};
		memcpy(keys[card.keys_count++].key, next->key, KAI_ID_LEN);
	}
	qsort(keys, card.keys_count, sizeof(keys[0]), by_use_and_key);
	card.keys = keys;
	card.serial = serial;
	struct kai_span body = kai_object_encode_in(&kai_object_card, &card, &net->arena);

	assert_true(body.len > 0);
	return kai_signed_make(KAI_CTX_CARD, body, node->root.key, node->root.secret, &net->arena);
}

static void take_own(struct net *net, unsigned node, struct kai_span card)
{
	struct kai_ctl_card_own own = {.card = card};

	assert_int_equal(net_control(net, node, KAI_CONTROL_CARD_OWN, &own), 0);
}

static bool no_cards(void *context, struct net_frame *frame)
{
	(void)context;
	return frame->type != KAI_MSG_CARD;
}

/* Node 1 has a new sealing key beside the old one; its peer does not know yet. */
static void rotate(struct net *net, const struct net_pair *next)
{
	static struct kai_seal_pair seals[2];

	seals[1] = net->nodes[1].seals[0];
	memcpy(seals[0].key, next->key, KAI_ID_LEN);
	seals[0].secret = next->secret;
	net->nodes[1].config.seals = seals;
	net->nodes[1].config.seal_count = 2;
	net_restart(net, 1);
	take_own(net, 1, newer_card(net, 1, 2, NET_MS + 300 * KAI_MS_DAY, next));
}

/* What was sealed with the key of the card before is still on its way, or the card is. */
static void a_wrap_for_the_key_before_opens(void **state)
{
	struct net *net = behind(0);
	struct net_pair next;
	uint8_t there[KAI_ID_LEN], back[KAI_ID_LEN], after[KAI_ID_LEN];

	(void)state;
	seal_pair("next", &next);
	rotate(net, &next);
	net->filter = no_cards;
	net_link(net, 0, 1);
	net_run(net);
	net_publish(net, 0, &(struct net_item){.title = "to the old key"}, there);
	net_publish(net, 1, &(struct net_item){.title = "from the new key"}, back);
	net_run(net);
	assert_true(net_holds(net, 1, there, NULL));
	net->filter = NULL;
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_run(net);
	net_publish(net, 0, &(struct net_item){.title = "to the new key"}, after);
	net_pass(net, 5000);
	assert_true(net_holds(net, 1, after, NULL));
	assert_true(net_holds(net, 0, back, NULL));
	net_free(net);
}

/* Without a sealing key nothing can go; when there is one again, what could not go goes. */
static void without_a_sealing_key_items_wait(void **state)
{
	struct net *net = behind(0);
	uint8_t quiet[KAI_ID_LEN], alert[KAI_ID_LEN];

	(void)state;
	take_own(net, 1, newer_card(net, 1, 2, NET_MS + KAI_MS_HOUR, NULL));
	net_run(net);
	net_pass(net, 2 * KAI_MS_HOUR);
	net_publish(net, 0, &(struct net_item){.title = "quiet"}, quiet);
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT, .title = "alert"}, alert);
	net_pass(net, 5000);
	assert_false(net_holds(net, 1, quiet, NULL));
	take_own(net, 1, newer_card(net, 1, 3, NET_MS + 300 * KAI_MS_DAY, NULL));
	net_run(net);
	net_pass(net, 5000);
	assert_true(net_holds(net, 1, quiet, NULL));
	assert_true(net_holds(net, 1, alert, NULL));
	net_free(net);
}

/* Made under a card that the receiver does not have and the sender may not hand on: as soon as the
 * card is imported the item comes, not a minute later. */
static void what_waits_for_a_card_comes_with_it(void **state)
{
	struct net *net = net_new(3);
	uint8_t quiet[KAI_ID_LEN], alert[KAI_ID_LEN];
	struct kai_ctl_card_import import = {.alias = kai_span_str("renewed")};

	(void)state;
	(void)net_agree(net, 0, 1, &(struct net_terms){.introduce = true});
	(void)net_agree(net, 1, 2, &(struct net_terms){.introduce = false});
	net_link(net, 0, 1);
	net_link(net, 1, 2);
	net_run(net);
	import.card = newer_card(net, 0, 2, NET_MS + 300 * KAI_MS_DAY, NULL);
	take_own(net, 0, import.card);
	net_run(net);
	net_publish(net, 0, &(struct net_item){.attachment = 3000}, quiet);
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT}, alert);
	net_pass(net, 3000);
	assert_true(net_holds(net, 1, quiet, NULL));
	assert_true(net_holds(net, 1, alert, NULL));
	assert_false(net_holds(net, 2, quiet, NULL));
	assert_false(net_holds(net, 2, alert, NULL));
	assert_int_equal(net_control(net, 2, KAI_CONTROL_CARD_IMPORT, &import), 0);
	net_run(net);
	net_pass(net, 100);
	assert_true(net_holds(net, 2, quiet, NULL));
	assert_true(net_holds(net, 2, alert, NULL));
	net_free(net);
}

/* While the card does not come the item is offered again and again, but its bytes crossed once; and a card of
 * somebody else's changes nothing. */
static void what_waits_for_a_card_is_not_fetched_again(void **state)
{
	struct net *net = net_new(4);
	uint8_t quiet[KAI_ID_LEN], alert[KAI_ID_LEN];
	struct kai_ctl_card_import import = {.alias = kai_span_str("renewed")};
	size_t since;

	(void)state;
	(void)net_agree(net, 0, 1, &(struct net_terms){.introduce = true});
	(void)net_agree(net, 1, 2, &(struct net_terms){.introduce = false});
	(void)net_agree(net, 2, 3, &(struct net_terms){.introduce = false});
	net_link(net, 0, 1);
	net_link(net, 2, 3);
	net_link(net, 1, 2);
	net_run(net);
	import.card = newer_card(net, 0, 2, NET_MS + 300 * KAI_MS_DAY, NULL);
	take_own(net, 0, import.card);
	net_run(net);
	net_publish(net, 0, &(struct net_item){.attachment = 3000}, quiet);
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT}, alert);
	net_pass(net, 3000);
	assert_true(net_holds(net, 1, quiet, NULL));
	since = net->seen_count;
	net_pass(net, 5 * KAI_MS_MINUTE);
	assert_in_range(net_sent(net, 1, 2, KAI_MSG_OFFER, since), 4, 12);
	assert_int_equal(net_sent(net, 1, 2, KAI_MSG_CHUNK, since), 0);
	take_own(net, 3, newer_card(net, 3, 2, NET_MS + 300 * KAI_MS_DAY, NULL));
	net_pass(net, 1000);
	assert_int_equal(net_sent(net, 1, 2, KAI_MSG_CHUNK, since), 0);
	assert_int_equal(net_control(net, 2, KAI_CONTROL_CARD_IMPORT, &import), 0);
	net_run(net);
	net_pass(net, 100);
	assert_true(net_holds(net, 2, quiet, NULL));
	assert_true(net_holds(net, 2, alert, NULL));
	net_free(net);
}

/* ---- a peer that offers and does not serve */

/* Offers once, too. context: bool, that was enough. */
static bool nothing_served_by_0(void *context, struct net_frame *frame)
{
	const bool *silent = context;

	return frame->from != 0 || frame->to != 2 ||
	       (frame->type != KAI_MSG_CHUNK && (frame->type != KAI_MSG_OFFER || !*silent));
}

/* What was asked of it in vain takes no room from what others have too: that comes from them. */
static void what_one_withholds_comes_from_another(void **state)
{
	struct net *net = net_new(3);
	struct net_item secret = {.tlp = KAI_TLP_RED, .attachment = 200000, .audience_count = 1};
	uint8_t id[KAI_ID_LEN], ids[3][KAI_ID_LEN];
	bool silent = false;

	(void)state;
	net->context = &silent;
	(void)net_agree(net, 0, 1, &(struct net_terms){.introduce = true});
	(void)net_agree(net, 0, 2, &(struct net_terms){.introduce = true});
	(void)net_agree(net, 1, 2, &(struct net_terms){.introduce = true});
	net_link(net, 0, 1);
	net_link(net, 0, 2);
	net_link(net, 1, 2);
	net_run(net);
	net->filter = nothing_served_by_0;
	secret.audience[0] = net_org(net, 2);
	for (size_t i = 0; i < 3; i++)
		net_publish(net, 0, &secret, ids[i]);
	net_run(net);
	net_pass(net, 40 * KAI_MS_SECOND);
	net_publish(net, 0, &(struct net_item){.title = "for all"}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	silent = true;
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 2, id, NULL));
	net_free(net);
}

/* ---- quotas */

static size_t held(struct net *net, unsigned node)
{
	struct kai_txn *txn = net_read(net, node);
	size_t count = (size_t)kai_txn_count(txn, KAI_TABLE_IDS);

	kai_txn_abort(txn);
	return count;
}

/* Chunks over the quota are dropped unread; what they took of the credit comes back. */
static void dropped_chunks_do_not_eat_the_credit(void **state)
{
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &(struct net_terms){.introduce = true});
	net->quota.bytes_per_second = 20000;
	net_restart(net, 1);
	for (unsigned i = 0; i < 300; i++)
		net_publish(net, 0, &(struct net_item){.attachment = 3000}, id);
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 15 * KAI_MS_MINUTE);
	assert_int_equal(held(net, 1), 300);
	net_free(net);
}

/* Disk on a peer's account is free again when what lay there has gone. */
static void expired_items_give_their_room_back(void **state)
{
	const struct net_terms terms = {.introduce = true, .valid_from = LONG_AGO};
	struct net_item item = {.attachment = 3000, .not_after = NET_MS + KAI_MS_HOUR};
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];
	size_t before;

	(void)state;
	(void)net_agree(net, 0, 1, &terms);
	net->quota.stored_bytes = 20000;
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_run(net);
	for (unsigned i = 0; i < 10; i++)
		net_publish(net, 0, &item, id);
	net_pass(net, KAI_MS_MINUTE);
	before = held(net, 1);
	assert_in_range(before, 2, 9);
	net_cut(net, 0, 1);
	net_pass(net, KAI_MS_HOUR + KAI_GRACE_MS + 2 * KAI_MS_MINUTE);
	assert_int_equal(held(net, 1), 0);
	item.not_after = 0;
	for (size_t i = 0; i < before; i++)
		net_publish(net, 0, &item, id);
	net_link(net, 0, 1);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(held(net, 1), before);
	net_free(net);
}

/* A label says when a copy is to be destroyed: on every holder, and it does not come again. */
static void what_is_kept_until_an_hour_is_gone_after_it(void **state)
{
	struct net_item item = {.attachment = 3000, .retain_until = NET_MS + KAI_MS_HOUR};
	struct net *net = behind(0);
	uint8_t id[KAI_ID_LEN], other[KAI_ID_LEN];
	struct kai_stub stub;

	(void)state;
	net_publish(net, 0, &item, id);
	net_publish(net, 0, &(struct net_item){.title = "stays"}, other);
	net_pass(net, 59 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_pass(net, 3 * KAI_MS_MINUTE);
	for (unsigned node = 0; node < 2; node++) {
		struct kai_key key = kai_key_bytes(id, KAI_ID_LEN);
		struct kai_txn *txn = net_read(net, node);

		assert_true(kai_rec_get(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &net->arena,
					&stub));
		assert_int_equal(stub.reason, KAI_STUB_EXPIRED);
		assert_int_equal(kai_txn_count(txn, KAI_TABLE_PARTS), 1);
		kai_txn_abort(txn);
		assert_false(net_holds(net, node, id, NULL));
		assert_true(net_holds(net, node, other, NULL));
	}
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_pass(net, KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* A hello costs its sender little and us much: so many a minute, then none is answered. */
static void hellos_are_rationed(void **state)
{
	struct net *net = behind(0);
	struct kai_hello hello = {.version_max = KAI_VERSION,
				  .realms = kai_span(kai_realm_live, KAI_REALM_LEN)};
	size_t before;

	(void)state;
	net->filter = no_cards;
	net_pass(net, KAI_MS_MINUTE);
	before = net->seen_count;
	for (unsigned i = 0; i < 500; i++) {
		hello.nonce[0] = (uint8_t)i;
		hello.nonce[1] = (uint8_t)(i >> 8);
		hello.clock = (uint64_t)(NET_MS + net->mono.ms);
		net_inject(net, 1, 0, KAI_MSG_HELLO, &hello);
	}
	net_run(net);
	assert_in_range(net_sent(net, 0, 1, KAI_MSG_HELLO, before), 1, 120);
	net_pass(net, 2 * KAI_MS_MINUTE);
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_run(net);
	assert_true(net_up(net, 0, 1));
	net_free(net);
}

/* ---- what is under way when two greet anew ---- */

#define CAUGHT_MOST 32u

struct caught {
	struct net *net;
	enum kai_msg_type type;
	unsigned from;
	struct kai_span frames[CAUGHT_MOST];
	size_t count;
};

/* Bulk is slower than a hello: it is put aside, as if it lay in a queue still. */
static bool put_aside(void *context, struct net_frame *frame)
{
	struct caught *caught = context;

	if (frame->type != caught->type || frame->from != caught->from)
		return true;
	uint8_t *at = kai_arena_take(&caught->net->arena, frame->len);

	assert_non_null(at);
	assert_in_range(caught->count, 0, CAUGHT_MOST - 1);
	memcpy(at, frame->at, frame->len);
	caught->frames[caught->count++] = kai_span(at, frame->len);
	return false;
}

static uint64_t faults_of(struct net *net, unsigned node)
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_scan scan;
	struct kai_span value;
	uint64_t sum = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, NULL, &value)) {
		size_t mark = net->arena.used;
		struct kai_journal entry;

		assert_int_equal(kai_object_decode(&kai_object_journal, value, &net->arena, &entry),
				 KAI_FAULT_NONE);
		if (kai_span_equal(entry.event, kai_span_str("peer-fault")))
			sum += entry.count;
		net->arena.used = mark;
	}
	kai_txn_abort(txn);
	return sum;
}

/* Another session over the same connection: the agreement stops and goes on. */
static void greet_anew(struct net *net)
{
	struct kai_ctl_agree_notice notice = {.action = KAI_NOTICE_SUSPEND};

	memcpy(notice.org, net->nodes[1].config.org, KAI_ID_LEN);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_run(net);
	notice.action = KAI_NOTICE_RESUME;
	assert_int_equal(net_control(net, 0, KAI_CONTROL_AGREE_NOTICE, &notice), 0);
	net_run(net);
	assert_true(net_up(net, 0, 1));
}

/* Chunks, wants and refusals of the session before come into the new one: nobody's fault. */
static void what_was_under_way_is_no_fault(void **state)
{
	static const struct {
		enum kai_msg_type type;
		unsigned from;
	} cases[] = {
		{KAI_MSG_CHUNK, 0}, {KAI_MSG_WANT, 1}, {KAI_MSG_STORED, 1}, {KAI_MSG_OFFER, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net *net = behind(0);
		struct caught caught = {.net = net, .type = cases[i].type, .from = cases[i].from};
		uint8_t large[KAI_ID_LEN], small[KAI_ID_LEN];
		uint32_t parts;

		net->filter = put_aside;
		net->context = &caught;
		net_publish(net, 0, &(struct net_item){.attachment = 700000}, large);
		net_publish(net, 0, &(struct net_item){.title = "small"}, small);
		net_run(net);
		assert_true(caught.count > 0);
		net->filter = NULL;
		/* What the old session could still put out before the new one's frames. */
		size_t queued = caught.count;

		greet_anew(net);
		for (size_t j = 0; j < queued; j++)
			net_inject_bytes(net, cases[i].from, 1 - cases[i].from, caught.frames[j]);
		net_pass(net, 2 * KAI_MS_MINUTE);
		assert_true(net_holds(net, 1, large, &parts));
		assert_int_equal(parts, 3);
		assert_true(net_holds(net, 1, small, NULL));
		assert_int_equal(faults_of(net, 0), 0);
		assert_int_equal(faults_of(net, 1), 0);
		net_free(net);
	}
}

/* The same, and the new session's chunks come while the old one's are not all here. */
static void an_item_begun_twice_is_whole(void **state)
{
	struct net *net = behind(0);
	struct caught caught = {.net = net, .type = KAI_MSG_CHUNK};
	uint8_t id[KAI_ID_LEN];
	uint32_t parts;

	(void)state;
	net->filter = put_aside;
	net->context = &caught;
	net_publish(net, 0, &(struct net_item){.attachment = 200000}, id);
	net_run(net);
	assert_int_equal(caught.count, 5);
	greet_anew(net);
	net->filter = NULL;
	/* Of the first time only the beginning went out; then the second time, whole. */
	net_inject_bytes(net, 0, 1, caught.frames[0]);
	net_inject_bytes(net, 0, 1, caught.frames[1]);
	for (size_t i = 5; i < caught.count; i++)
		net_inject_bytes(net, 0, 1, caught.frames[i]);
	net_run(net);
	assert_true(net_holds(net, 1, id, &parts));
	assert_int_equal(parts, 3);
	assert_int_equal(faults_of(net, 1), 0);
	net_free(net);
}

/* It lasts a minute, and a connection that is new has nothing of the one before. */
static void what_was_under_way_ends(void **state)
{
	struct net *net = behind(0);
	uint8_t data[100] = {0};
	struct kai_chunk chunk = {.index = 0, .data = kai_span(data, sizeof(data)), .last = true};

	(void)state;
	greet_anew(net);
	net_pass(net, 59 * KAI_MS_SECOND);
	net_inject(net, 0, 1, KAI_MSG_CHUNK, &chunk);
	net_run(net);
	assert_int_equal(faults_of(net, 1), 0);
	net_pass(net, 2 * KAI_MS_SECOND);
	net_inject(net, 0, 1, KAI_MSG_CHUNK, &chunk);
	net_run(net);
	assert_int_equal(faults_of(net, 1), 1);
	net_pass(net, KAI_MS_MINUTE);
	greet_anew(net);
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_run(net);
	net_inject(net, 0, 1, KAI_MSG_CHUNK, &chunk);
	net_run(net);
	assert_int_equal(faults_of(net, 1), 2);
	net_free(net);
}

/* Bytes in flight are those of what the peer has not answered, however that ended. */
static void what_is_in_flight_ends_with_its_offer(void **state)
{
	struct net *net = behind(0);
	struct caught caught = {.net = net, .type = KAI_MSG_STORED, .from = 1};
	struct kai_ctl_status status = {0};
	struct kai_state answer;
	uint8_t id[KAI_ID_LEN], retraction[KAI_ID_LEN];

	(void)state;
	net->filter = put_aside;
	net->context = &caught;
	net_publish(net, 0, &(struct net_item){.attachment = 20000}, id);
	net_run(net);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_STATUS, &status), 0);
	assert_int_equal(kai_object_decode(&kai_object_state, net->nodes[0].answer.body,
					   &net->arena, &answer),
			 KAI_FAULT_NONE);
	assert_int_equal(answer.peers_count, 1);
	assert_in_range(answer.peers[0].in_flight_bytes, 20000, 30000);
	net_retract(net, 0, id, retraction); /* it is not offered again, nor waited for */
	net->filter = NULL;
	net_pass(net, 5 * KAI_MS_MINUTE);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_STATUS, &status), 0);
	assert_int_equal(kai_object_decode(&kai_object_state, net->nodes[0].answer.body,
					   &net->arena, &answer),
			 KAI_FAULT_NONE);
	assert_int_equal(answer.peers[0].queued, 0);
	assert_int_equal(answer.peers[0].in_flight_bytes, 0);
	net_free(net);
}

/* Holds back what node 1 answers, as a long way would, and loses chunks. */
struct far {
	struct net_frame answers[4];
	size_t count;
};

static bool hold_answers(void *context, struct net_frame *frame)
{
	struct far *far = context;

	if (frame->type == KAI_MSG_CHUNK)
		return false;
	if (frame->from != 1 || (frame->type != KAI_MSG_WANT && frame->type != KAI_MSG_STORED) ||
	    far->count == 4)
		return true;
	struct net_frame *kept = &far->answers[far->count++];

	*kept = *frame;
	kept->at = malloc(frame->len);
	assert_non_null(kept->at);
	memcpy(kept->at, frame->at, frame->len);
	return false;
}

/* An alert is stored with its main part as soon as it is pushed; what belongs to it was asked for and is lost
 * with the link, or with the node that asked. */
static void the_rest_of_an_alert_outlives_the_link(void **state)
{
	(void)state;
	for (int crash = 0; crash < 2; crash++) {
		struct net *net = behind(0);
		struct far far = {.count = 0};
		uint8_t id[KAI_ID_LEN];
		uint32_t parts = 0;

		net->filter = hold_answers;
		net->context = &far;
		net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT, .attachment = 3000},
			    id);
		net_run(net); /* the walk of the log goes past it */
		assert_int_equal(net_sent(net, 0, 1, KAI_MSG_PUSH, 0), 1);
		assert_int_equal(far.count, 2);
		for (size_t i = 0; i < far.count; i++) {
			net_inject_bytes(net, 1, 0,
					 kai_span(far.answers[i].at, far.answers[i].len));
			free(far.answers[i].at);
		}
		far.count = 4;
		net_run(net);
		assert_int_equal(net_sent(net, 0, 1, KAI_MSG_PUSH, 0), 1);
		assert_true(net_holds(net, 1, id, &parts));
		assert_int_equal(parts, 1);
		if (crash == 1)
			net_restart(net, 1);
		else
			net_cut(net, 0, 1);
		net->filter = NULL;
		net_link(net, 0, 1);
		net_run(net);
		net_pass(net, 5000);
		assert_true(net_holds(net, 1, id, &parts));
		assert_int_equal(parts, 3);
		net_free(net);
	}
}

/* Put back from a backup that lacks two renewals: the newest has its own signature on it, and comes again. */
static void renewals_since_a_backup_come_again(void **state)
{
	struct net *net = net_new(2);
	const uint8_t *digest = net_agree(net, 0, 1, &(struct net_terms){.serial = 1});
	struct kai_store *backup;
	struct kai_pair pair;

	(void)state;
	assert_int_equal(kai_store_copy_memory(net->nodes[1].store, &backup), KAI_ERR_OK);
	for (uint64_t serial = 2; serial <= 3; serial++)
		digest = net_agree(net, 0, 1,
				   &(struct net_terms){.serial = serial, .predecessor = digest});
	kai_store_close(net->nodes[1].store);
	net->nodes[1].store = backup;
	assert_int_equal(kai_store_renew_epoch(backup, NULL), KAI_ERR_OK);
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_run(net);
	struct kai_txn *txn = net_read(net, 1);

	kai_pair_load(txn, net->nodes[1].config.org, net->nodes[0].config.org,
		      (struct kai_wall){NET_MS + net->mono.ms}, &net->arena, &pair);
	kai_txn_abort(txn);
	assert_true(pair.has_terms);
	assert_int_equal(pair.agreement.terms.serial, 3);
	assert_memory_equal(pair.agreement.digest, digest, KAI_ID_LEN);
	net_free(net);
}

/* What the filter of the next test keeps and drops. */
struct late {
	struct net *net;
	struct kai_span stored; /* of node 2 to node 1, not delivered */
	bool no_wants;
};

static bool keep_stored(void *context, struct net_frame *frame)
{
	struct late *late = context;

	if (frame->from == 2 && frame->to == 1 && frame->type == KAI_MSG_STORED) {
		uint8_t *copy = kai_arena_take(&late->net->arena, frame->len);

		assert_non_null(copy);
		memcpy(copy, frame->at, frame->len);
		late->stored = kai_span(copy, frame->len);
		return false;
	}
	if (frame->type == KAI_MSG_WANT && frame->to == 0 && late->no_wants)
		return false;
	return frame->to != 2 || late->stored.len == 0 ||
	       (frame->type != KAI_MSG_OFFER && frame->type != KAI_MSG_PUSH);
}

/* The other part came after the main one was pushed on; that is offered when main is stored, the link
 * falls before it arrives, and it is offered again. */
static void what_came_later_outlives_the_link(void **state)
{
	const struct net_terms terms = {.introduce = true, .valid_from = LONG_AGO};
	const struct net_item alert = {
		.kind = KAI_KIND_ALERT, .title = "alert", .attachment = 3000};
	struct net *net = net_new(3);
	struct late late = {.net = net, .no_wants = true};
	uint8_t id[KAI_ID_LEN];
	uint32_t parts = 0;

	(void)state;
	(void)net_agree(net, 0, 1, &terms);
	(void)net_agree(net, 1, 2, &terms);
	net_link(net, 0, 1);
	net_link(net, 1, 2);
	net_run(net);
	net->filter = keep_stored;
	net->context = &late;
	net_publish(net, 0, &alert, id);
	net_run(net);
	late.no_wants = false;
	net_pass(net, 70 * KAI_MS_SECOND);
	assert_true(net_holds(net, 1, id, &parts));
	assert_int_equal(parts, 3);
	assert_true(net_holds(net, 2, id, &parts));
	assert_int_equal(parts, 1);
	assert_true(late.stored.len > 0);
	net_inject_bytes(net, 2, 1, late.stored);
	net_run(net);
	net->filter = NULL;
	net_cut(net, 1, 2);
	net_link(net, 1, 2);
	net_pass(net, 10 * KAI_MS_SECOND);
	assert_true(net_holds(net, 2, id, &parts));
	assert_int_equal(parts, 3);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_deferred_outlives_the_link),
		cmocka_unit_test(what_was_deferred_outlives_a_crash),
		cmocka_unit_test(an_agreement_that_begins_refuses_nothing_for_good),
		cmocka_unit_test(a_fast_clock_refuses_nothing_for_good),
		cmocka_unit_test(a_wrap_for_the_key_before_opens),
		cmocka_unit_test(without_a_sealing_key_items_wait),
		cmocka_unit_test(what_waits_for_a_card_comes_with_it),
		cmocka_unit_test(what_waits_for_a_card_is_not_fetched_again),
		cmocka_unit_test(what_one_withholds_comes_from_another),
		cmocka_unit_test(dropped_chunks_do_not_eat_the_credit),
		cmocka_unit_test(expired_items_give_their_room_back),
		cmocka_unit_test(what_is_kept_until_an_hour_is_gone_after_it),
		cmocka_unit_test(hellos_are_rationed),
		cmocka_unit_test(what_was_under_way_is_no_fault),
		cmocka_unit_test(an_item_begun_twice_is_whole),
		cmocka_unit_test(what_was_under_way_ends),
		cmocka_unit_test(what_is_in_flight_ends_with_its_offer),
		cmocka_unit_test(the_rest_of_an_alert_outlives_the_link),
		cmocka_unit_test(renewals_since_a_backup_come_again),
		cmocka_unit_test(what_came_later_outlives_the_link),
		cmocka_unit_test(a_slow_clock_finds_no_member_and_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
