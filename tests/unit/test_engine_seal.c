/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing keys and cards that change: what cannot be sealed, opened or believed yet waits for them. */
#include "net.h"

#include <sodium.h>
#include <string.h>

/* ---- another sealing key ---- */

static void seal_pair(const char *what, struct net_pair *ret)
{
	uint8_t entropy[32] = {0x5e};

	kai_expand(entropy, what, 0, ret->secret, 32);
	assert_int_equal(crypto_scalarmult_base(ret->key, ret->secret), 0);
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
	net_card_own(net, 1, net_card_newer(net, 1, 2, NET_MS + 300 * KAI_MS_DAY, next));
}

/* What was sealed with the key of the card before is still on its way, or the card is. */
static void a_wrap_for_the_key_before_opens(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct net_pair next;
	enum kai_msg_type card = KAI_MSG_CARD;
	uint8_t there[KAI_ID_LEN], back[KAI_ID_LEN], after[KAI_ID_LEN];

	(void)state;
	seal_pair("next", &next);
	rotate(net, &next);
	net->filter = net_drop_type;
	net->context = &card;
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
	struct net *net = net_chain(2, &net_wide);
	uint8_t quiet[KAI_ID_LEN], alert[KAI_ID_LEN];

	(void)state;
	net_card_own(net, 1, net_card_newer(net, 1, 2, NET_MS + KAI_MS_HOUR, NULL));
	net_run(net);
	net_pass(net, 2 * KAI_MS_HOUR);
	net_publish(net, 0, &(struct net_item){.title = "quiet"}, quiet);
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT, .title = "alert"}, alert);
	net_pass(net, 5000);
	assert_false(net_holds(net, 1, quiet, NULL));
	net_card_own(net, 1, net_card_newer(net, 1, 3, NET_MS + 300 * KAI_MS_DAY, NULL));
	net_run(net);
	net_pass(net, 5000);
	assert_true(net_holds(net, 1, quiet, NULL));
	assert_true(net_holds(net, 1, alert, NULL));
	net_free(net);
}

/* ---- a card that is missing ---- */

/* A chain whose node 0 has renewed its card: node 1 has it and may not introduce it to node 2. */
struct renewed {
	struct net *net;
	struct kai_ctl_card_import import; /* at node 2 */
	uint8_t quiet[KAI_ID_LEN], alert[KAI_ID_LEN];
};

static void renew(struct renewed *ret, unsigned count)
{
	struct net *net = net_new(count);

	*ret = (struct renewed){.net = net, .import = {.alias = kai_span_str("renewed")}};
	(void)net_agree(net, 0, 1, &net_wide);
	for (unsigned i = 1; i + 1 < count; i++)
		(void)net_agree(net, i, i + 1, &(struct net_terms){.introduce = false});
	for (unsigned i = 0; i + 1 < count; i++)
		net_link(net, i, i + 1);
	net_run(net);
	ret->import.card = net_card_newer(net, 0, 2, NET_MS + 300 * KAI_MS_DAY, NULL);
	net_card_own(net, 0, ret->import.card);
	net_run(net);
	net_publish(net, 0, &(struct net_item){.attachment = 3000}, ret->quiet);
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT}, ret->alert);
	net_pass(net, 3000);
	assert_true(net_holds(net, 1, ret->quiet, NULL));
	assert_true(net_holds(net, 1, ret->alert, NULL));
	assert_false(net_holds(net, 2, ret->quiet, NULL));
	assert_false(net_holds(net, 2, ret->alert, NULL));
}

/* The card is there: so are the items, at once. */
static void arrives(struct renewed *renewed)
{
	struct net *net = renewed->net;

	assert_int_equal(net_control(net, 2, KAI_CONTROL_CARD_IMPORT, &renewed->import), 0);
	net_run(net);
	net_pass(net, 100);
	assert_true(net_holds(net, 2, renewed->quiet, NULL));
	assert_true(net_holds(net, 2, renewed->alert, NULL));
}

/* Made under a card that the receiver does not have and the sender may not hand on: as soon as the
 * card is imported the item comes, not a minute later. */
static void what_waits_for_a_card_comes_with_it(void **state)
{
	struct renewed renewed;

	(void)state;
	renew(&renewed, 3);
	arrives(&renewed);
	net_free(renewed.net);
}

/* While the card does not come the item is offered again and again, but its bytes crossed once; and
 * a card of somebody else's changes nothing. */
static void what_waits_for_a_card_is_not_fetched_again(void **state)
{
	struct renewed renewed;

	(void)state;
	renew(&renewed, 4);
	struct net *net = renewed.net;
	size_t since = net->seen_count;

	net_pass(net, 5 * KAI_MS_MINUTE);
	assert_in_range(net_sent(net, 1, 2, KAI_MSG_OFFER, since), 4, 12);
	assert_int_equal(net_sent(net, 1, 2, KAI_MSG_CHUNK, since), 0);
	net_card_own(net, 3, net_card_newer(net, 3, 2, NET_MS + 300 * KAI_MS_DAY, NULL));
	net_pass(net, 1000);
	assert_int_equal(net_sent(net, 1, 2, KAI_MSG_CHUNK, since), 0);
	arrives(&renewed);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrap_for_the_key_before_opens),
		cmocka_unit_test(without_a_sealing_key_items_wait),
		cmocka_unit_test(what_waits_for_a_card_comes_with_it),
		cmocka_unit_test(what_waits_for_a_card_is_not_fetched_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
