/* SPDX-License-Identifier: Apache-2.0 */
/* What goes at its end, when, how much of it at a time, and by whose clock. */
#include "net.h"

#include <string.h>

#include "kairan/records.h"

#define LONG_AGO (NET_MS - 300 * KAI_MS_DAY)

static struct net *joined(const struct net_terms *terms)
{
	struct net *net = net_new(2);

	(void)net_agree(net, 0, 1, terms);
	net_link(net, 0, 1);
	net_run(net);
	return net;
}

/* ---- the clock ---- */

/* An item of an hour's life at node 1, and nobody connected. */
static struct net *holding_one(uint8_t ret[KAI_ID_LEN])
{
	struct net *net = joined(&(struct net_terms){.valid_from = LONG_AGO});

	net_publish(net, 0, &(struct net_item){.not_after = NET_MS + KAI_MS_HOUR}, ret);
	net_pass(net, 2 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, ret, NULL));
	net_cut(net, 0, 1);
	return net;
}

static void a_clock_that_jumps_destroys_nothing(void **state)
{
	static const int64_t jumps[] = {31 * KAI_MS_DAY, 400 * KAI_MS_DAY, 20000 * KAI_MS_DAY};

	(void)state;
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		uint8_t id[KAI_ID_LEN];
		struct net *net = holding_one(id);

		net->nodes[1].skew_ms = jumps[i];
		net_pass(net, KAI_MS_HOUR);
		assert_true(net_holds(net, 1, id, NULL));
		/* Nor does a start under the wrong clock, or one after another. */
		net_restart(net, 1);
		net_pass(net, KAI_MS_MINUTE);
		net_restart(net, 1);
		net_pass(net, KAI_MS_HOUR);
		assert_true(net_holds(net, 1, id, NULL));
		net->nodes[1].skew_ms = 0;
		net_pass(net, KAI_MS_HOUR);
		assert_true(net_holds(net, 1, id, NULL));
		net_free(net);
	}
}

/* A day of the wall's in an hour: who was off for long, or was slow, catches up. */
static void a_clock_that_stays_is_believed(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = holding_one(id);

	(void)state;
	net->nodes[1].skew_ms = 60 * KAI_MS_DAY;
	net_restart(net, 1);
	net_pass(net, 29 * KAI_MS_HOUR);
	assert_true(net_holds(net, 1, id, NULL));
	net_pass(net, 4 * KAI_MS_HOUR);
	assert_false(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* Set back, it goes on from there: nothing goes sooner than its time. */
static void a_clock_set_back_is_followed(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = holding_one(id);

	(void)state;
	net->nodes[1].skew_ms = -20 * KAI_MS_DAY;
	net_pass(net, 30 * KAI_MS_DAY + 2 * KAI_MS_HOUR);
	assert_true(net_holds(net, 1, id, NULL));
	net_pass(net, 20 * KAI_MS_DAY);
	assert_false(net_holds(net, 1, id, NULL));
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_jumps_destroys_nothing),
		cmocka_unit_test(a_clock_that_stays_is_believed),
		cmocka_unit_test(a_clock_set_back_is_followed),
	};

	return cmocka_run_group_tests_name("engine-sweep", tests, NULL, NULL);
}
