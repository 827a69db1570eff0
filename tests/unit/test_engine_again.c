/* SPDX-License-Identifier: Apache-2.0 */
/* What was put off, could not go or was held back for a while comes again; nothing is lost. */
#include "net.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_deferred_outlives_the_link),
		cmocka_unit_test(what_was_deferred_outlives_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
