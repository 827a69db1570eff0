/* SPDX-License-Identifier: Apache-2.0 */
/* What goes at its end, when, how much of it at a time, and by whose clock. */
#include "net.h"

#include "kairan/records.h"

#define LONG_AGO (NET_MS - 300 * KAI_MS_DAY)

/* Ends an hour from the beginning. */
static const struct kai_label brief = {.tlp = KAI_TLP_CLEAR,
				       .onward = KAI_ONWARD_ANY,
				       .attribution = KAI_ATTR_NAMED,
				       .pap = KAI_PAP_CLEAR,
				       .gov_share = 1,
				       .retain_until = NET_MS + KAI_MS_HOUR};

/* ---- the clock ---- */

/* An item of an hour's life at node 1, and nobody connected. */
static struct net *holding_one(uint8_t ret[KAI_ID_LEN])
{
	struct net *net = net_chain(2, &(struct net_terms){.valid_from = LONG_AGO});

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

/* Node 1 holds it for so long from now, and later does not. */
static void goes_between(struct net *net, const uint8_t id[KAI_ID_LEN], int64_t here_ms,
			 int64_t gone_ms)
{
	net_pass(net, here_ms);
	assert_true(net_holds(net, 1, id, NULL));
	net_pass(net, gone_ms - here_ms);
	assert_false(net_holds(net, 1, id, NULL));
}

/* A day of the wall's in an hour: who was off for long, or was slow, catches up. */
static void a_clock_that_stays_is_believed(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = holding_one(id);

	(void)state;
	net->nodes[1].skew_ms = 60 * KAI_MS_DAY;
	net_restart(net, 1);
	goes_between(net, id, 29 * KAI_MS_HOUR, 33 * KAI_MS_HOUR);
	net_free(net);
}

/* Set back, it goes on from there: nothing goes sooner than its time. */
static void a_clock_set_back_is_followed(void **state)
{
	uint8_t id[KAI_ID_LEN];
	struct net *net = holding_one(id);

	(void)state;
	net->nodes[1].skew_ms = -20 * KAI_MS_DAY;
	goes_between(net, id, 30 * KAI_MS_DAY + 2 * KAI_MS_HOUR, 50 * KAI_MS_DAY + 2 * KAI_MS_HOUR);
	net_free(net);
}

/* ---- labels and agreements that want it gone sooner ---- */

/* A label says when a copy is to be destroyed: on every holder, and it does not come again. */
static void what_is_kept_until_an_hour_is_gone_after_it(void **state)
{
	struct net_item item = {.attachment = 3000, .retain_until = NET_MS + KAI_MS_HOUR};
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN], other[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &item, id);
	net_publish(net, 0, &(struct net_item){.title = "stays"}, other);
	net_pass(net, 59 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_pass(net, 3 * KAI_MS_MINUTE);
	for (unsigned node = 0; node < 2; node++) {
		assert_int_equal(net_stub(net, node, id), KAI_STUB_EXPIRED);
		assert_int_equal(net_rows(net, node, KAI_TABLE_PARTS), 1);
		assert_false(net_holds(net, node, id, NULL));
		assert_true(net_holds(net, node, other, NULL));
	}
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_pass(net, KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* What became of an item is answered when it is gone already: no record of it comes back. */
static void an_answer_for_what_is_gone_writes_nothing(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct net_aside aside = {.net = net, .type = KAI_MSG_STORED, .from = 1};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_pass(net, KAI_MS_HOUR - 10 * KAI_MS_SECOND);
	net->filter = net_put_aside;
	net->context = &aside;
	net_publish(net, 0, &(struct net_item){.retain_until = NET_MS + KAI_MS_HOUR}, id);
	net_pass(net, 5 * KAI_MS_SECOND);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_RELEASED), 1);
	while (net_stub(net, 0, id) == 0)
		net_pass(net, KAI_MS_SECOND);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_RELEASED), 0);
	assert_true(aside.count > 0);
	net->filter = NULL;
	net_inject_bytes(net, 1, 0, aside.frames[0]);
	net_run(net);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_RELEASED), 0);
	net_free(net);
}

/* A part whose own label ends it goes on every holder, to the minute; the rest of the item stays, and it does not come
 * again. */
static void a_part_goes_at_its_own_end(void **state)
{
	struct net *net = net_chain(2, &(struct net_terms){.valid_from = LONG_AGO});
	uint8_t id[KAI_ID_LEN], late[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.attachment = 3000, .attachment_label = &brief}, id);
	net_pass(net, 59 * KAI_MS_MINUTE);
	assert_int_equal(net_parts(net, 1, id), 3);
	net_pass(net, 3 * KAI_MS_MINUTE);
	for (unsigned node = 0; node < 2; node++) {
		assert_int_equal(net_parts(net, node, id), 1);
		assert_int_equal(net_rows(net, node, KAI_TABLE_PARTS), 1);
		assert_int_equal(net_rows(net, node, KAI_TABLE_TIMERS), 0);
	}
	net_cut(net, 0, 1);
	net_link(net, 0, 1);
	net_pass(net, 3 * KAI_MS_MINUTE);
	assert_int_equal(net_parts(net, 1, id), 1);
	/* By a slow clock it may still go; by the receiver's it may not be taken. */
	net->nodes[0].skew_ms = -2 * KAI_MS_HOUR;
	net_publish(net, 0, &(struct net_item){.attachment = 3000, .attachment_label = &brief},
		    late);
	net_pass(net, 3 * KAI_MS_MINUTE);
	assert_int_equal(net_parts(net, 0, late), 3);
	assert_int_equal(net_parts(net, 1, late), 1);
	net_free(net);
}

/* So many days after it came, and not a day before; its origin keeps it. */
static void an_agreement_ends_what_came_under_it(void **state)
{
	struct net *net = net_new(2);
	const uint64_t until = NET_MS + 300 * KAI_MS_DAY;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1,
			&(struct net_terms){.valid_from = LONG_AGO, .retention_days = 3});
	net_link(net, 0, 1);
	net_run(net);
	net_publish(net, 0, &(struct net_item){.attachment = 3000, .not_after = until}, id);
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_cut(net, 0, 1);
	net_pass(net, 3 * KAI_MS_DAY - 2 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_pass(net, 4 * KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, id, NULL));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_PARTS), 0);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_TIMERS), 0);
	assert_true(net_holds(net, 0, id, NULL));
	assert_int_equal(net_stub(net, 1, id), KAI_STUB_DESTROYED);
	net_link(net, 0, 1);
	net_pass(net, 3 * KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* What also came under an agreement that keeps it longer, or says nothing, stays as long as that. */
static void the_longest_agreement_keeps(void **state)
{
	static const struct {
		uint64_t first, second, gone_after; /* days; 0: says nothing, is not gone */
	} cases[] = {{2, 5, 5}, {5, 2, 5}, {2, 0, 0}, {0, 2, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net *net = net_new(3);
		const uint64_t until = NET_MS + 300 * KAI_MS_DAY;
		uint8_t id[KAI_ID_LEN];

		(void)net_agree(net, 0, 1,
				&(struct net_terms){.valid_from = LONG_AGO, .retention_days = 0});
		(void)net_agree(net, 0, 2,
				&(struct net_terms){.valid_from = LONG_AGO,
						    .retention_days = cases[i].first});
		(void)net_agree(net, 1, 2,
				&(struct net_terms){.valid_from = LONG_AGO,
						    .retention_days = cases[i].second});
		net_link(net, 0, 2);
		net_link(net, 0, 1);
		net_run(net);
		net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT, .not_after = until},
			    id);
		net_pass(net, KAI_MS_MINUTE);
		/* An alert is pushed by each: both count as having brought it. */
		net_link(net, 1, 2);
		net_pass(net, KAI_MS_MINUTE);
		net_cut(net, 0, 2);
		net_cut(net, 1, 2);
		net_cut(net, 0, 1);
		if (net_rows(net, 2, KAI_TABLE_SUPPLY) != 2)
			fail_msg("case %u: it came by one way alone", (unsigned)i);
		for (uint64_t day = 1; day <= 7; day++) {
			net_pass(net, KAI_MS_DAY);
			assert_int_equal(net_holds(net, 2, id, NULL),
					 cases[i].gone_after == 0 || day < cases[i].gone_after);
		}
		net_free(net);
	}
}

static void timers_are_done_in_pieces(void **state)
{
	struct net *net = net_chain(2, &(struct net_terms){.valid_from = LONG_AGO});
	const struct net_item item = {.attachment = 300, .attachment_label = &brief};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	for (unsigned i = 0; i < 150; i++)
		net_publish(net, 0, &item, id);
	net_pass(net, KAI_MS_HOUR - 5 * KAI_MS_SECOND);
	net_cut(net, 0, 1);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_TIMERS), 150);
	/* The first minute's sweep after the hour does the first piece, and comes back soon for the next. */
	uint64_t left = 150, steps = 0;

	for (unsigned i = 0; i < 70000 && left > 0; i++) {
		net_pass(net, 1);
		uint64_t now = net_rows(net, 1, KAI_TABLE_TIMERS);

		assert_true(left - now <= 64);
		steps += now < left;
		left = now;
	}
	assert_int_equal(left, 0);
	assert_int_equal(steps, 3);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_PARTS), 150);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_jumps_destroys_nothing),
		cmocka_unit_test(a_clock_that_stays_is_believed),
		cmocka_unit_test(a_clock_set_back_is_followed),
		cmocka_unit_test(what_is_kept_until_an_hour_is_gone_after_it),
		cmocka_unit_test(an_answer_for_what_is_gone_writes_nothing),
		cmocka_unit_test(a_part_goes_at_its_own_end),
		cmocka_unit_test(an_agreement_ends_what_came_under_it),
		cmocka_unit_test(the_longest_agreement_keeps),
		cmocka_unit_test(timers_are_done_in_pieces),
	};

	return cmocka_run_group_tests_name("engine-sweep", tests, NULL, NULL);
}
