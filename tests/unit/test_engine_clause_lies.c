/* SPDX-License-Identifier: Apache-2.0 */
/* What a carrier may say of its clause and what it may not: the receiver refuses by name, and lets the truth in afterwards. */
#include "hotline.h"

#include <string.h>

#include "kairan/kinds.h"

/* What a patched body says instead. since: relative to now at the centre. */
struct lie {
	const char *what;
	uint64_t clause;
	int64_t since;
	int64_t before; /* an honest opening so long before now; 0: none */
	bool passes;
};

static const struct lie lies[] = {
	{"the truth", FROM_AUTHOR, 0, 0, true},
	{"the last moment of its time", FROM_AUTHOR, -LONGEST, 0, true},
	{"longer than it may last", FROM_AUTHOR, -LONGEST - 1, 0, false},
	{"not open yet", FROM_AUTHOR, 1, 0, false},
	{"a clause for another origin", FROM_BODY, 0, 0, false},
	{"a clause of the other direction", FROM_CENTRE, 0, 0, false},
	{"a clause that is not there", CLAUSES, 0, 0, false},
	{"opened again within the time", FROM_AUTHOR, 0, KAI_MS_HOUR, false},
	{"opened again as the time is over", FROM_AUTHOR, 0, LONGEST + 1, false},
	{"opened again before the pause is over", FROM_AUTHOR, 0, LONGEST + PAUSE - 1, false},
	{"opened again after the pause", FROM_AUTHOR, 0, LONGEST + PAUSE, true},
	{"an opening before the one that is known", FROM_AUTHOR, -2, 1, false},
	{"the opening that is known", FROM_AUTHOR, -KAI_MS_HOUR, KAI_MS_HOUR, true},
};

/* The body's push of an item, held back; forged and as it was. */
static struct kai_span held_push(struct net *net, struct net_aside *aside, uint8_t id[KAI_ID_LEN])
{
	*aside = (struct net_aside){.net = net, .type = KAI_MSG_PUSH, .from = BODY};
	net->filter = net_put_aside;
	net->context = aside;
	hotline_file(net, AUTHOR, id);
	net_pass(net, 1);
	net->filter = NULL;
	for (size_t i = 0; i < aside->count; i++) {
		struct kai_checked checked;

		kai_frame_check(aside->frames[i], &net->arena, &checked);
		assert_int_equal(checked.fault, KAI_FAULT_NONE);
		if (checked.msg.push.mark != NULL)
			return aside->frames[i];
	}
	fail_msg("nothing was carried");
	return kai_span(NULL, 0);
}

static void say(struct net *net, struct kai_span frame, const struct kai_mark *mark)
{
	struct kai_checked checked;

	kai_frame_check(frame, &net->arena, &checked);
	checked.msg.push.mark = (struct kai_mark *)(uintptr_t)mark;
	net_inject(net, BODY, CENTRE, KAI_MSG_PUSH, &checked.msg.push);
	net_run(net);
}

static void tell(const struct lie *lie)
{
	struct net *net = hotline_new();
	uint8_t first[KAI_ID_LEN];
	uint8_t id[KAI_ID_LEN];
	struct net_aside aside;
	uint64_t count;

	hotline_lose(net);
	net_pass(net, AFTER);
	if (lie->before != 0) {
		hotline_file(net, AUTHOR, first);
		net_pass(net, 1);
		assert_true(hotline_came(net, first));
		int64_t opened = (int64_t)hotline_mark(net, CENTRE, first).opened_at - NET_MS;

		/* what the body itself would say then does not matter */
		net_pass(net, opened + lie->before - 1 - net->mono.ms);
		if (lie->before > LONGEST)
			net_pass(net, LONGEST + PAUSE - lie->before + 1);
	}
	struct kai_span frame = held_push(net, &aside, id);
	int64_t now = NET_MS + net->mono.ms;
	struct kai_mark mark = {.clause = lie->clause, .opened_at = (uint64_t)(now + lie->since)};

	if (lie->before != 0 && lie->since != 0)
		mark.opened_at = hotline_mark(net, CENTRE, first).opened_at +
				 (uint64_t)(lie->since + lie->before);
	else if (lie->before != 0)
		mark.opened_at = hotline_mark(net, CENTRE, first).opened_at + (uint64_t)lie->before;
	say(net, frame, &mark);
	if (hotline_came(net, id) != lie->passes)
		fail_msg("%s: %s", lie->what, lie->passes ? "refused" : "let in");
	count = net_journalled(net, CENTRE, "peer-fault", "contingency-mark", NULL);
	assert_int_equal(count, lie->passes ? 0 : 1);
	if (lie->passes)
		assert_int_equal(hotline_mark(net, CENTRE, id).opened_at, mark.opened_at);
	else
		assert_int_equal(net_stub(net, CENTRE, id), 0);
	net_free(net);
}

static void test_every_lie(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		tell(&lies[i]);
}

/* After a lie about it the item itself is as good as before. */
static void test_the_truth_after_a_lie(void **state)
{
	struct net *net = hotline_new();
	struct net_aside aside;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	hotline_lose(net);
	net_pass(net, AFTER);
	struct kai_span frame = held_push(net, &aside, id);
	struct kai_mark mark = {.clause = FROM_CENTRE, .opened_at = 1};

	say(net, frame, &mark);
	say(net, frame, NULL);
	assert_false(hotline_came(net, id));
	net_inject_bytes(net, BODY, CENTRE, frame);
	net_run(net);
	assert_true(hotline_came(net, id));
	net_free(net);
}

/* Without a mark nothing passes, and it counts as refused by the rule; the clause carries it all the same later. */
static void test_no_mark(void **state)
{
	struct net *net = hotline_new();
	struct net_aside aside;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	hotline_lose(net);
	net_pass(net, AFTER);
	struct kai_span frame = held_push(net, &aside, id);

	say(net, frame, NULL);
	assert_false(hotline_came(net, id));
	assert_int_equal(net_journalled(net, CENTRE, "peer-fault", "kind", NULL), 1);
	assert_int_equal(net_stub(net, CENTRE, id), 0);
	net_inject_bytes(net, BODY, CENTRE, frame);
	net_run(net);
	assert_true(hotline_came(net, id));
	net_free(net);
}

/* A mark that one clock calls the future is put off, not called a lie. */
static void test_clocks_that_differ(void **state)
{
	struct net *net = hotline_new();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net->nodes[CENTRE].skew_ms = -10 * KAI_MS_MINUTE;
	net_cut(net, BODY, CENTRE);
	net_link(net, BODY, CENTRE);
	net_run(net);
	hotline_lose(net);
	net_pass(net, AFTER);
	hotline_file(net, AUTHOR, id);
	net_pass(net, KAI_MS_SECOND);
	assert_false(hotline_came(net, id));
	assert_int_equal(net_journalled(net, CENTRE, "peer-fault", "contingency-mark", NULL), 0);
	net_pass(net, 12 * KAI_MS_MINUTE);
	assert_true(hotline_came(net, id));
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_lie),
		cmocka_unit_test(test_the_truth_after_a_lie),
		cmocka_unit_test(test_no_mark),
		cmocka_unit_test(test_clocks_that_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
