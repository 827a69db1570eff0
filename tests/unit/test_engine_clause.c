/* SPDX-License-Identifier: Apache-2.0 */
/* What a contingency clause carries, from when to when, to the millisecond, and what is left when it closes. */
#include "hotline.h"

#include <string.h>

#include "kairan/kinds.h"
#include "kairan/rec.h"

static int64_t wall(const struct net *net)
{
	return NET_MS + net->mono.ms;
}

/* The middle is gone, and the clause that the author's first item waited for is open. */
static struct net *opened(uint8_t ret_first[KAI_ID_LEN])
{
	struct net *net = hotline_new();

	hotline_lose(net);
	hotline_file(net, AUTHOR, ret_first);
	net_pass(net, AFTER);
	return net;
}

/* ---- when ---- */

static void test_it_opens_after_its_time(void **state)
{
	struct net *net = hotline_new();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	hotline_lose(net);
	hotline_file(net, AUTHOR, id);
	assert_true(net_holds(net, BODY, id, NULL));
	net_pass(net, AFTER - 1);
	assert_false(hotline_came(net, id));
	assert_int_equal(hotline_said(net, BODY, "contingency-opened"), 0);
	net_pass(net, 1);
	assert_true(hotline_came(net, id));
	assert_int_equal(hotline_mark(net, BODY, id).opened_at, wall(net));
	assert_int_equal(hotline_mark(net, CENTRE, id).opened_at, wall(net));
	assert_int_equal(hotline_said(net, BODY, "contingency-opened"), 1);
	assert_int_equal(hotline_said(net, BODY, "contingency-carried"), 1);
	assert_int_equal(hotline_said(net, CENTRE, "contingency-heard"), 1);
	assert_int_equal(net_journalled(net, CENTRE, "item-stored", "contingency", NULL), 1);
	assert_int_equal(hotline_outage(net, KAI_OUTAGE_OURS, FROM_AUTHOR).carried, 1);
	assert_int_equal(hotline_outage(net, KAI_OUTAGE_THEIRS, FROM_AUTHOR).carried, 1);
	net_free(net);
}

/* Nothing to carry: then nothing opens, and nothing of the time that it may last is used up. */
static void test_it_opens_for_an_item(void **state)
{
	struct net *net = hotline_new();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	hotline_lose(net);
	net_pass(net, 3 * AFTER);
	assert_int_equal(hotline_outage(net, KAI_OUTAGE_OURS, FROM_AUTHOR).opened_at, 0);
	hotline_file(net, AUTHOR, id);
	net_pass(net, 1);
	assert_true(hotline_came(net, id));
	assert_in_range(hotline_mark(net, BODY, id).opened_at, wall(net) - 1, wall(net));
	net_free(net);
}

static void test_it_lasts_no_longer(void **state)
{
	static const struct {
		int64_t at; /* after it opened */
		bool came;
	} cases[] = {
		{1, true},
		{LONGEST, true},
		{LONGEST + 1, false},
		{LONGEST + PAUSE - 1, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t first[KAI_ID_LEN];
		uint8_t id[KAI_ID_LEN];
		struct net *net = opened(first);

		uint64_t opened_at = hotline_mark(net, BODY, first).opened_at;

		net_pass(net, cases[i].at);
		hotline_file(net, AUTHOR, id);
		assert_int_equal(hotline_came(net, id), cases[i].came);
		if (cases[i].came)
			assert_int_equal(hotline_mark(net, CENTRE, id).opened_at, opened_at);
		assert_int_equal(hotline_said(net, BODY, "contingency-over"),
				 cases[i].came ? 0 : 1);
		/* and once the pause is over it opens for the next time */
		net_pass(net, LONGEST + PAUSE - cases[i].at);
		assert_true(hotline_came(net, id));
		assert_int_equal(hotline_mark(net, CENTRE, id).opened_at,
				 cases[i].came ? opened_at : opened_at + LONGEST + PAUSE);
		net_free(net);
	}
}

/* ---- what ---- */

struct thing {
	const char *what;
	unsigned by;
	struct net_item item;
	unsigned named; /* as a bit set of nodes */
	bool came;
};

#define BIT(node) (1u << (node))
#define ALL (BIT(CENTRE) | BIT(BODY) | BIT(MIDDLE))

static const struct thing things[] = {
	{"incident", AUTHOR, {.kind = KAI_KIND_INCIDENT, .tlp = KAI_TLP_AMBER}, ALL, true},
	{"alert", AUTHOR, {.kind = KAI_KIND_ALERT, .tlp = KAI_TLP_AMBER}, ALL, true},
	{"not urgent",
	 AUTHOR,
	 {.kind = KAI_KIND_INCIDENT, .tlp = KAI_TLP_AMBER, .urgency = KAI_URGENCY_INFO},
	 ALL,
	 true},
	{"with an attachment",
	 AUTHOR,
	 {.kind = KAI_KIND_INCIDENT, .tlp = KAI_TLP_AMBER, .attachment = 100000},
	 ALL,
	 true},
	{"own alert", BODY, {.kind = KAI_KIND_ALERT, .tlp = KAI_TLP_AMBER}, ALL, true},
	{"alert back", CENTRE, {.kind = KAI_KIND_ALERT, .tlp = KAI_TLP_AMBER}, ALL, true},
	{"another kind", AUTHOR, {.kind = KAI_KIND_SECINFO, .tlp = KAI_TLP_AMBER}, ALL, false},
	{"another pair's kind",
	 BODY,
	 {.kind = KAI_KIND_INCIDENT, .tlp = KAI_TLP_AMBER},
	 ALL,
	 false},
	{"another origin", MEMBER, {.kind = KAI_KIND_INCIDENT, .tlp = KAI_TLP_AMBER}, ALL, false},
	{"a label that does not name the receiver",
	 AUTHOR,
	 {.kind = KAI_KIND_INCIDENT, .tlp = KAI_TLP_AMBER},
	 ALL & ~BIT(CENTRE),
	 false},
	{"a label that no holder passes on",
	 AUTHOR,
	 {.kind = KAI_KIND_INCIDENT, .tlp = KAI_TLP_RED},
	 ALL,
	 false},
	{"a label without onward delivery",
	 AUTHOR,
	 {.kind = KAI_KIND_INCIDENT, .tlp = KAI_TLP_AMBER, .onward = KAI_ONWARD_NONE},
	 ALL,
	 false},
	{"nothing that is owed to who is away",
	 AUTHOR,
	 {.kind = KAI_KIND_INCIDENT, .tlp = KAI_TLP_AMBER},
	 ALL & ~BIT(MIDDLE),
	 false},
};

static void file_thing(struct net *net, const struct thing *thing, uint8_t ret[KAI_ID_LEN])
{
	struct net_item item = thing->item;

	if (item.urgency == 0)
		item.urgency = KAI_URGENCY_NOW;
	for (unsigned node = 0; node < net->count; node++)
		if ((thing->named & BIT(node)) != 0)
			item.audience[item.audience_count++] = net_org(net, node);
	item.keep = true;
	net_publish(net, thing->by, &item, ret);
	net_run(net);
}

static void test_it_carries_what_it_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		const struct thing *thing = &things[i];
		struct net *net = hotline_new();
		uint8_t id[KAI_ID_LEN];
		unsigned to = thing->by == CENTRE ? BODY : CENTRE;

		hotline_lose(net);
		file_thing(net, thing, id);
		net_pass(net, AFTER - 1);
		assert_false(net_holds(net, to, id, NULL));
		net_pass(net, KAI_MS_MINUTE);
		if (net_holds(net, to, id, NULL) != thing->came)
			fail_msg("%s: %s", thing->what, thing->came ? "lost" : "carried");
		/* the same while everybody can be reached goes its own way, and no clause opens */
		net_free(net);
		net = hotline_new();
		file_thing(net, thing, id);
		net_pass(net, 2 * AFTER);
		assert_int_equal(net_rows(net, BODY, KAI_TABLE_OUTAGES), 0);
		assert_int_equal(net_rows(net, CENTRE, KAI_TABLE_OUTAGES), 0);
		net_free(net);
	}
}

/* What the middle has it passes on itself; that the link falls afterwards opens nothing. */
static void test_what_went_is_not_carried(void **state)
{
	struct net *net = hotline_new();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_cut(net, MIDDLE, CENTRE);
	hotline_file(net, AUTHOR, id);
	assert_true(net_holds(net, MIDDLE, id, NULL));
	hotline_lose(net);
	net_pass(net, 2 * AFTER);
	assert_false(hotline_came(net, id));
	net_free(net);
}

/* A member is where the way ends: that one cannot be reached opens nothing. Nor do author and receiver themselves. */
static void test_who_does_not_count(void **state)
{
	struct net *net = hotline_new();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_cut(net, MIDDLE, CENTRE);
	net_cut(net, BODY, MEMBER);
	hotline_file(net, AUTHOR, id);
	net_cut(net, AUTHOR, BODY);
	net_pass(net, 2 * AFTER);
	assert_false(hotline_came(net, id));
	net_cut(net, BODY, CENTRE);
	net_pass(net, 2 * AFTER);
	net_link(net, BODY, CENTRE);
	net_pass(net, 2 * AFTER);
	assert_false(hotline_came(net, id));
	net_free(net);
}

static void test_without_a_clause(void **state)
{
	struct net *net = hotline_without();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	hotline_lose(net);
	hotline_file(net, AUTHOR, id);
	net_pass(net, 20 * AFTER);
	assert_false(hotline_came(net, id));
	hotline_back(net);
	net_pass(net, KAI_MS_MINUTE);
	assert_true(hotline_came(net, id));
	net_free(net);
}

/* ---- closing and settling ---- */

/* Arrival numbers of items at a node, which are in order; 0 when one is missing. */
static uint64_t arrival_of(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn = net_read(net, node);
	uint64_t arrival = 0;

	if (!kai_rec_arrival(txn, id, &arrival))
		arrival = 0;
	kai_txn_abort(txn);
	return arrival;
}

static void test_who_returns_gets_what_it_was_owed(void **state)
{
	struct net *net = hotline_new();
	uint8_t ids[6][KAI_ID_LEN];
	uint64_t before = 0;

	(void)state;
	hotline_lose(net);
	for (size_t i = 0; i < 6; i++) {
		struct thing thing = things[i % 2 == 0 ? 0 : 2];

		file_thing(net, &thing, ids[i]);
		net_pass(net, AFTER / 4);
	}
	uint64_t centre = net_rows(net, CENTRE, KAI_TABLE_ITEMS);

	assert_int_equal(centre, 6);
	hotline_back(net);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(hotline_said(net, BODY, "contingency-closed"), 1);
	assert_true(kai_span_equal(hotline_outage(net, KAI_OUTAGE_OURS, FROM_AUTHOR).why,
				   kai_span_str("returned")));
	assert_int_equal(net_rows(net, MIDDLE, KAI_TABLE_ITEMS), 6);
	assert_int_equal(net_rows(net, CENTRE, KAI_TABLE_ITEMS), 6);
	for (unsigned urgent = 0; urgent < 2; urgent++) {
		before = 0;
		for (size_t i = urgent; i < 6; i += 2) {
			assert_true(arrival_of(net, MIDDLE, ids[i]) > before);
			before = arrival_of(net, MIDDLE, ids[i]);
		}
	}
	/* stored once at the centre, whichever way it came */
	assert_int_equal(hotline_said(net, CENTRE, "item-stored"), 6);
	assert_int_equal(hotline_said(net, MIDDLE, "item-stored"), 6);
	net_free(net);
}

/* Closed by who returned, it does not open again before the pause; and within its longest time it is the same one. */
static void test_it_waits_for_the_pause(void **state)
{
	uint8_t first[KAI_ID_LEN];
	uint8_t id[KAI_ID_LEN];
	struct net *net = opened(first);

	(void)state;
	uint64_t opened_at = hotline_mark(net, BODY, first).opened_at;

	hotline_back(net);
	net_pass(net, 1);
	int64_t closed_ms = net->mono.ms;
	uint64_t closed_at = hotline_outage(net, KAI_OUTAGE_OURS, FROM_AUTHOR).closed_at;

	assert_in_range(closed_at, wall(net) - 1, wall(net));
	closed_ms -= wall(net) - (int64_t)closed_at;
	hotline_lose(net);
	hotline_file(net, AUTHOR, id);
	net_pass(net, closed_ms + PAUSE - 1 - net->mono.ms);
	assert_false(hotline_came(net, id));
	net_pass(net, 1);
	assert_true(hotline_came(net, id));
	assert_int_equal(hotline_mark(net, CENTRE, id).opened_at, opened_at);
	assert_int_equal(hotline_said(net, BODY, "contingency-opened"), 2);
	assert_int_equal(hotline_said(net, CENTRE, "contingency-heard"), 1);
	net_free(net);
}

static void test_an_agreement_that_ends_closes_it(void **state)
{
	uint8_t first[KAI_ID_LEN];
	uint8_t id[KAI_ID_LEN];
	struct net *net = opened(first);

	(void)state;
	net_notice(net, BODY, CENTRE, KAI_NOTICE_SUSPEND);
	net_pass(net, KAI_MS_SECOND);
	assert_int_equal(hotline_said(net, BODY, "contingency-void"), 1);
	hotline_file(net, AUTHOR, id);
	net_pass(net, AFTER);
	assert_false(hotline_came(net, id));
	net_free(net);
}

/* Where it was carried a retraction follows, whether or not a clause is open then. */
static void test_a_retraction_follows(void **state)
{
	uint8_t id[KAI_ID_LEN];
	uint8_t back[KAI_ID_LEN];
	struct net *net = opened(id);

	(void)state;
	net_pass(net, LONGEST + 1);
	assert_int_equal(hotline_said(net, BODY, "contingency-over"), 1);
	net_retract(net, AUTHOR, id, back);
	net_pass(net, KAI_MS_MINUTE);
	assert_true(hotline_came(net, back));
	assert_int_equal(hotline_mark(net, CENTRE, back).opened_at, 0);
	net_free(net);
}

/* ---- restarts ---- */

static void restart_body(struct net *net)
{
	net_restart(net, BODY);
	net_link(net, AUTHOR, BODY);
	net_link(net, BODY, MEMBER);
	net_link(net, BODY, CENTRE);
	net_run(net);
}

static void test_a_restart_changes_nothing(void **state)
{
	uint8_t first[KAI_ID_LEN];
	uint8_t id[KAI_ID_LEN];
	struct net *net = opened(first);

	(void)state;
	uint64_t opened_at = hotline_mark(net, BODY, first).opened_at;

	for (unsigned i = 0; i < 3; i++) {
		restart_body(net);
		hotline_file(net, AUTHOR, id);
		assert_false(hotline_came(net, id)); /* it may be there again: nobody knows yet */
		net_pass(net, KAI_MS_MINUTE);
		assert_true(hotline_came(net, id));
		assert_int_equal(hotline_mark(net, CENTRE, id).opened_at, opened_at);
	}
	assert_int_equal(hotline_said(net, BODY, "contingency-opened"), 1);
	assert_int_equal(hotline_said(net, BODY, "contingency-carried"), 4);
	/* nor does it last longer */
	net_pass(net, LONGEST - 3 * KAI_MS_MINUTE - KAI_MS_SECOND);
	restart_body(net);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(hotline_said(net, BODY, "contingency-over"), 1);
	hotline_file(net, AUTHOR, id);
	net_pass(net, AFTER);
	assert_false(hotline_came(net, id));
	net_free(net);
}

/* What was not yet open at a restart waits for its time anew: nobody saw the link meanwhile. */
static void test_a_restart_before_begins_anew(void **state)
{
	struct net *net = hotline_new();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	hotline_lose(net);
	hotline_file(net, AUTHOR, id);
	net_pass(net, AFTER - 1);
	restart_body(net);
	net_pass(net, AFTER - 1);
	assert_false(hotline_came(net, id));
	net_pass(net, 1);
	assert_true(hotline_came(net, id));
	net_free(net);
}

/* The middle is back before the body is: closed at the first look, and carried nothing. */
static void test_a_restart_into_its_end(void **state)
{
	uint8_t first[KAI_ID_LEN];
	uint8_t id[KAI_ID_LEN];
	struct net *net = opened(first);

	(void)state;
	net_restart(net, BODY);
	net_link(net, BODY, MIDDLE);
	restart_body(net);
	net_link(net, BODY, MIDDLE);
	net_link(net, AUTHOR, MIDDLE);
	net_run(net);
	hotline_file(net, AUTHOR, id);
	net_pass(net, AFTER);
	assert_int_equal(hotline_said(net, BODY, "contingency-closed"), 1);
	assert_false(hotline_came(net, id));
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_opens_after_its_time),
		cmocka_unit_test(test_it_opens_for_an_item),
		cmocka_unit_test(test_it_lasts_no_longer),
		cmocka_unit_test(test_it_carries_what_it_lists),
		cmocka_unit_test(test_what_went_is_not_carried),
		cmocka_unit_test(test_who_does_not_count),
		cmocka_unit_test(test_without_a_clause),
		cmocka_unit_test(test_who_returns_gets_what_it_was_owed),
		cmocka_unit_test(test_it_waits_for_the_pause),
		cmocka_unit_test(test_an_agreement_that_ends_closes_it),
		cmocka_unit_test(test_a_retraction_follows),
		cmocka_unit_test(test_a_restart_changes_nothing),
		cmocka_unit_test(test_a_restart_before_begins_anew),
		cmocka_unit_test(test_a_restart_into_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
