/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of the simulator: made, printed, read, made smaller. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "make.h"
#include "rogue.h"

#define SEEDS 200
#define MOST_NODES 10000u

static char *text_of(const struct sim_plan *plan)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	sim_plan_print(plan, to);
	assert_int_equal(fclose(to), 0);
	return text;
}

static enum kai_err read_text(const char *text, struct sim_plan **ret, struct kai_why *why)
{
	FILE *from = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(from);
	why->text[0] = '\0';
	enum kai_err err = sim_plan_read(from, ret, why);

	assert_int_equal(fclose(from), 0);
	return err;
}

static struct sim_plan *swarm(uint64_t seed)
{
	struct sim_recipe recipe = {
		.seed = seed, .topology = -1, .faults = SIM_ALL_FAULTS, .rogues = -1};
	struct sim_plan *plan = sim_plan_make(&recipe);

	assert_non_null(plan);
	return plan;
}

/* ---- text ---- */

static void round_trip(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct sim_plan *plan = swarm(seed);
		char *text = text_of(plan);
		struct sim_plan *again;
		struct kai_why why;

		if (read_text(text, &again, &why) != KAI_ERR_OK)
			fail_msg("seed %u: %s", (unsigned)seed, why.text);
		char *second = text_of(again);

		assert_string_equal(text, second);
		assert_int_equal(again->op_count, plan->op_count);
		assert_memory_equal(again->ops, plan->ops, plan->op_count * sizeof(*plan->ops));
		assert_memory_equal(again->nodes, plan->nodes,
				    plan->node_count * sizeof(*plan->nodes));
		free(text);
		free(second);
		sim_plan_free(plan);
		sim_plan_free(again);
	}
}

static void same_seed_same_plan(void **state)
{
	(void)state;
	for (unsigned i = 0; sim_scenario_name(i) != NULL; i++) {
		struct sim_recipe recipe = {
			.seed = 7, .topology = -1, .rogues = -1, .scenario = sim_scenario_name(i)};
		struct sim_plan *first = sim_plan_make(&recipe);
		struct sim_plan *second = sim_plan_make(&recipe);
		char *one = text_of(first);
		char *two = text_of(second);

		assert_non_null(sim_scenario_text(i));
		assert_string_equal(one, two);
		free(one);
		free(two);
		sim_plan_free(first);
		sim_plan_free(second);
	}
	struct sim_recipe unknown = {.scenario = "no such scenario"};

	assert_null(sim_plan_make(&unknown));
}

#define HEAD_TO(topology_text) "kairan-sim-plan 1\ntopology " topology_text "\nseed 1\nnodes 3\n"
#define HEAD                                                                                       \
	HEAD_TO("line")                                                                            \
	"communities 1\nfaults-end 50\nlength 100\ndelay 1\njitter 0\nkbytes 0\nquota 100\n"
#define BODY HEAD "community 0 keeper=2 name=circle\n"

static const struct hostile {
	const char *text;
	const char *says; /* in the error; NULL: it is good */
} hostile[] = {
	{BODY, NULL},
	{"# a remark\n\n" BODY "\n# more\n", NULL},
	{BODY "0 at=0 agree node=1 other=2 ceil_ab=4 from=18446744073709551615\n", NULL},
	{BODY "4294967294 at=100 backup\n", NULL},
	{"", "line 0: this is no plan"},
	{"kairan-sim-plan 2\n", "line 1: this is no plan"},
	{"kairan-sim-plan 1", "line 1: the last line does not end"},
	{"kairan-sim-plan 1\n", "topology expected"},
	{HEAD_TO("star"), "line 2: unknown topology"},
	{HEAD_TO("line"), "the head is not"},
	{HEAD_TO("line") "faults-end 1\n", "the head is not"},
	{"kairan-sim-plan 1\ntopology line\nseed 1\nnodes 0\n", "line 4: the number is out"},
	{"kairan-sim-plan 1\ntopology line\nseed 1\nnodes 10001\n", "line 4: the number is out"},
	{"kairan-sim-plan 1\ntopology line\nseed 18446744073709551616\n", "the head is not"},
	{"kairan-sim-plan 1\ntopology line\nseed -1\n", "the head is not"},
	{"kairan-sim-plan 1\ntopology line\nseed 01\n", "the head is not"},
	{"kairan-sim-plan 1\ntopology line\nseed 1 \n", "the head is not"},
	{HEAD_TO("line") "communities 65\n", "line 5: the number is out"},
	{HEAD_TO("line") "communities 0\nfaults-end 101\nlength 100\ndelay 1\njitter 0\n"
			 "kbytes 0\nquota 100\n",
	 "the run ends before"},
	{HEAD_TO("line") "communities 0\nfaults-end 1\nlength 3153600000001\n",
	 "line 7: the number is out"},
	{HEAD_TO("line") "communities 0\nfaults-end 1\nlength 1\ndelay 1\njitter 0\nkbytes 0\n"
			 "quota 0\n",
	 "the number is out"},
	{HEAD, "fewer communities"},
	{HEAD "community 1 keeper=0 name=a\n", "no such community"},
	{HEAD "community 0 keeper=3 name=a\n", "keeper=NODE"},
	{HEAD "community 0 keeper=0 name=\n", "community's name"},
	{HEAD "community 0 keeper=0 name=abcdefghijklmnop\n", "community's name"},
	{HEAD "community 0 keeper=0 name=A\n", "community's name"},
	{BODY "community 1 keeper=0 name=a\n", "no such community"},
	{BODY "node 1 sector=1\n", "nodes stand before"},
	{HEAD "node 3 sector=1\n", "no such node"},
	{HEAD "node 1\n", "a plain node"},
	{HEAD "node 1 sector=1\nnode 1 sector=1\n", "no such node"},
	{HEAD "node 1 sector=8\n", "out of range"},
	{HEAD "node 1 country=2\n", "out of range"},
	{HEAD "node 1 sector=1 country=1\n", "out of order"},
	{HEAD "node 1 lies=1 lies=2\n", "out of order"},
	{HEAD "node 1 tall=1\n", "unknown name"},
	{HEAD "node 1 sector=0\n", "what is zero is left out"},
	{BODY "0 at=0 dance\n", "unknown operation"},
	{BODY "0 at=101 backup\n", "out of range"},
	{BODY "4294967295 at=1 backup\n", "out of range"},
	{BODY "x at=1 backup\n", "NUMBER at=MS"},
	{BODY "0 at= backup\n", "NUMBER at=MS"},
	{BODY "0 backup\n", "NUMBER at=MS"},
	{BODY "0 at=1 backup node=3\n", "no such node"},
	{BODY "0 at=1 cut node=1 other=3\n", "no such node"},
	{BODY "0 at=1 backup nodes=1\n", "nothing of that name"},
	{BODY "0 at=1 cut back\n", "name=value expected"},
	{BODY "0 at=1 cut =1\n", "name=value expected"},
	{BODY "0 at=1 cut back=\n", "a number is wanted"},
	{BODY "0 at=1 cut back=1x\n", "name=value expected"},
	{BODY "0 at=1 cut back=0\n", "what is zero is left out"},
	{BODY "0 at=1 cut back=1 back=2\n", "named twice"},
	{BODY "0 at=1 cut requeue=1 back=2\n", "out of order"},
	{BODY "0 at=1 cut back=18446744073709551616\n", "a number is wanted"},
	{BODY "1 at=2 backup\n0 at=1 backup\n", "by time"},
	{BODY "1 at=1 backup\n0 at=1 backup\n", "by time"},
	{BODY "1 at=1 backup\n1 at=1 backup\n", "by time"},
	{BODY "1 at=1 backup\n0 at=2 backup\n1 at=3 backup\n", "one number"},
	{BODY "0 at=1\tbackup\n", "a character that no plan has"},
	{BODY "0 at=1 backup\x7f\n", "a character that no plan has"},
	{BODY "0 at=1 backup", "the last line does not end"},
};

static void hostile_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct sim_plan *plan = NULL;
		struct kai_why why;
		enum kai_err err = read_text(hostile[i].text, &plan, &why);

		if (hostile[i].says == NULL) {
			if (err != KAI_ERR_OK)
				fail_msg("case %zu: %s", i, why.text);
			sim_plan_free(plan);
			continue;
		}
		assert_int_equal(err, KAI_ERR_INVALID);
		assert_null(plan);
		if (strstr(why.text, hostile[i].says) == NULL ||
		    strstr(why.text, "plan, line ") != why.text)
			fail_msg("case %zu: %s", i, why.text);
	}
}

static void long_lines(void **state)
{
	(void)state;
	char line[4200];
	char text[5000];
	struct sim_plan *plan = NULL;
	struct kai_why why;

	for (size_t len = 4094; len <= 4097; len++) {
		memset(line, 'x', len);
		line[0] = '#';
		line[len] = '\0';
		(void)snprintf(text, sizeof(text), "%s\n%s", line, BODY);
		enum kai_err err = read_text(text, &plan, &why);

		assert_int_equal(err, len < 4096 ? KAI_ERR_OK : KAI_ERR_INVALID);
		if (err == KAI_ERR_OK)
			sim_plan_free(plan);
		else
			assert_non_null(strstr(why.text, "too long"));
	}
}

/* Cut anywhere, a plan is either whole or refused with a word. */
static void cut_anywhere(void **state)
{
	(void)state;
	struct sim_recipe recipe = {.seed = 3,
				    .topology = -1,
				    .nodes = 5,
				    .items = 5,
				    .faults = SIM_ALL_FAULTS,
				    .rogues = 1};
	struct sim_plan *plan = sim_plan_make(&recipe);
	char *text = text_of(plan);
	size_t len = strlen(text);

	for (size_t at = 1; at < len; at++) {
		struct sim_plan *read = NULL;
		struct kai_why why;
		char was = text[at];

		text[at] = '\0';
		if (read_text(text, &read, &why) == KAI_ERR_OK) {
			assert_int_equal(text[at - 1], '\n');
			sim_plan_free(read);
		} else {
			assert_true(why.text[0] != '\0');
		}
		text[at] = was;
	}
	free(text);
	sim_plan_free(plan);
}

/* ---- topologies ---- */

static void reach(const struct sim_plan *plan, uint32_t *ret_reached, uint32_t *ret_degree)
{
	uint32_t *root = malloc(plan->node_count * sizeof(*root));
	uint32_t *degree = calloc(plan->node_count, sizeof(*degree));

	assert_non_null(root);
	assert_non_null(degree);
	for (uint32_t i = 0; i < plan->node_count; i++)
		root[i] = i;
	*ret_degree = 0;
	*ret_reached = 1;
	for (uint32_t i = 0; i < plan->op_count; i++) {
		const struct sim_op *op = &plan->ops[i];
		uint32_t a = op->node, b = op->other;

		if (op->type != SIM_OP_AGREE)
			continue;
		assert_true(a != b);
		degree[a]++;
		degree[b]++;
		*ret_degree = degree[a] > *ret_degree ? degree[a] : *ret_degree;
		*ret_degree = degree[b] > *ret_degree ? degree[b] : *ret_degree;
		while (root[a] != a)
			a = root[a] = root[root[a]];
		while (root[b] != b)
			b = root[b] = root[root[b]];
		*ret_reached += a != b;
		root[a] = b;
	}
	free(root);
	free(degree);
}

static void connected(void **state)
{
	static const uint32_t sizes[] = {1,   2,   3,	4,    5,    7,	  8,	     9,
					 10,  11,  12,	30,   31,   37,	  38,	     39,
					 100, 257, 500, 1000, 3000, 5000, MOST_NODES};

	(void)state;
	for (int topology = 0; topology < SIM_TOPOLOGY_COUNT; topology++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct sim_recipe recipe = {
				.seed = i, .topology = topology, .nodes = sizes[i], .items = 1};
			struct sim_plan *plan = sim_plan_make(&recipe);
			uint32_t reached, degree;

			assert_int_equal(plan->node_count, sizes[i]);
			reach(plan, &reached, &degree);
			if (reached != sizes[i] || degree > SIM_MAX_DEGREE)
				fail_msg("%s of %u nodes: %u reached, degree %u",
					 sim_topology_word(plan->topology), sizes[i], reached,
					 degree);
			sim_plan_free(plan);
		}
	}
}

static void reference_is_the_domain(void **state)
{
	(void)state;
	struct sim_recipe recipe = {.topology = SIM_REFERENCE, .nodes = 8, .items = 1};
	struct sim_plan *plan = sim_plan_make(&recipe);
	unsigned agreements = 0, members = 0;

	for (uint32_t i = 0; i < plan->op_count; i++) {
		agreements += plan->ops[i].type == SIM_OP_AGREE;
		members += plan->ops[i].type == SIM_OP_MEMBER;
	}
	assert_int_equal(agreements, 15);
	assert_int_equal(members, 2);
	assert_int_equal(plan->community_count, 1);
	sim_plan_free(plan);
}

/* ---- what occurs ---- */

struct met {
	unsigned ops[SIM_OP_END];
	unsigned kinds[16], tlps[8], part_tlps[8], audiences[8], onwards[8], points[8];
	uint64_t lies, said;
	unsigned revisions, conflicts, lives, retains, gov[2], urgencies[8], oneway, revoked, wider,
		withdrawn, concurrent_times, requeues[3], actions[4];
};

static void meet_item(const struct sim_op *op, struct met *io)
{
	static const char *const audiences[] = {"aud1", "aud2", "aud3"};

	io->kinds[sim_op_get(op, "kind")]++;
	io->tlps[sim_op_get(op, "tlp")]++;
	io->part_tlps[sim_op_get(op, "tlp1")]++;
	io->onwards[sim_op_get(op, "onward")]++;
	io->urgencies[sim_op_get(op, "urgency")]++;
	io->gov[sim_op_get(op, "gov")]++;
	io->lives += sim_op_get(op, "life") > 0;
	io->retains += sim_op_get(op, "retain") > 0;
	io->revisions += sim_op_get(op, "ref") > 0;
	for (size_t i = 0; i < 3; i++)
		io->audiences[sim_op_get(op, audiences[i]) / SIM_AUDIENCE_TYPE]++;
}

static void meet(const struct sim_plan *plan, struct met *io)
{
	for (uint32_t i = 0; i < plan->node_count; i++)
		io->lies |= plan->nodes[i].lies;
	for (uint32_t i = 0; i < plan->op_count; i++) {
		const struct sim_op *op = &plan->ops[i];

		assert_true(op->node < plan->node_count && op->other < plan->node_count);
		assert_in_range(op->at_ms, 0, plan->faults_end_ms);
		io->ops[op->type]++;
		if (op->type == SIM_OP_PUBLISH)
			meet_item(op, io);
		if (op->type == SIM_OP_CRASH)
			io->points[sim_op_get(op, "point")]++;
		if (op->type == SIM_OP_PARTITION)
			io->oneway += sim_op_get(op, "oneway") != 0;
		if (op->type == SIM_OP_CARD)
			io->revoked += sim_op_get(op, "revoke") != 0;
		if (op->type == SIM_OP_AGREE)
			io->wider += sim_op_get(op, "change") > 0;
		if (op->type == SIM_OP_MEMBER)
			io->withdrawn += sim_op_get(op, "withdrawn") != 0;
		if (op->type == SIM_OP_CUT)
			io->requeues[sim_op_get(op, "requeue") / 50]++;
		if (op->type == SIM_OP_NOTICE)
			io->actions[sim_op_get(op, "action")]++;
		if (op->type == SIM_OP_LIE)
			io->said |= SIM_LIE_BIT(sim_op_get(op, "what"));
	}
}

static void everything_occurs(void **state)
{
	struct met met = {.lies = 0};
	unsigned topologies[SIM_TOPOLOGY_COUNT] = {0};

	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct sim_plan *plan = swarm(seed);

		meet(plan, &met);
		topologies[plan->topology]++;
		sim_plan_free(plan);
	}
	for (int i = 0; i < SIM_TOPOLOGY_COUNT; i++)
		assert_true(topologies[i] > 0);
	for (int i = 0; i < SIM_OP_END; i++)
		if (met.ops[i] == 0)
			fail_msg("no %s", sim_op_word((enum sim_op_type)i));
	/* all but retract and release, which are no publications */
	for (int kind = KAI_KIND_SECINFO; kind <= KAI_KIND_NOTICE; kind++)
		assert_true(met.kinds[kind] > 0);
	for (int tlp = KAI_TLP_RED; tlp <= KAI_TLP_CLEAR; tlp++)
		assert_true(met.tlps[tlp] > 0 && met.part_tlps[tlp] > 0);
	for (int type = KAI_AUD_ORG; type <= KAI_AUD_COUNTRY; type++)
		assert_true(met.audiences[type] > 0);
	for (int onward = 0; onward < KAI_ONWARD_ANY; onward++)
		assert_true(met.onwards[onward] > 0);
	for (int urgency = 0; urgency <= KAI_URGENCY_INFO; urgency++)
		assert_true(met.urgencies[urgency] > 0);
	for (int point = 0; point < SIM_CRASH_POINT_COUNT; point++)
		assert_true(met.points[point] > 0);
	for (int action = KAI_NOTICE_SUSPEND; action <= KAI_NOTICE_TERMINATE; action++)
		assert_true(met.actions[action] > 0);
	for (int requeue = 0; requeue < 3; requeue++)
		assert_true(met.requeues[requeue] > 0);
	assert_true(met.gov[0] > 0 && met.gov[1] > 0);
	assert_true(met.revisions > 0 && met.lives > 0 && met.retains > 0);
	assert_true(met.oneway > 0 && met.revoked > 0 && met.wider > 0 && met.withdrawn > 0);
	assert_int_equal(met.lies | met.said, SIM_LIE_BIT(SIM_LIE_END) - 1);
}

/* ---- making smaller ---- */

struct wanted {
	uint32_t first, second;
	unsigned runs;
};

static bool has_op(const struct sim_plan *plan, uint32_t number)
{
	for (uint32_t i = 0; i < plan->op_count; i++)
		if (plan->ops[i].number == number)
			return true;
	return false;
}

static bool fails_with_both(void *context, const struct sim_plan *plan)
{
	struct wanted *wanted = context;

	wanted->runs++;
	return has_op(plan, wanted->first) && has_op(plan, wanted->second);
}

static void shrinks_to_two(void **state)
{
	(void)state;
	static const uint32_t pairs[][2] = {{0, 1}, {0, 499}, {17, 333}, {498, 499}, {250, 251}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct sim_recipe recipe = {
			.seed = i, .topology = SIM_LINE, .nodes = 9, .items = 1};
		struct sim_plan *plan = sim_plan_make(&recipe);
		struct wanted wanted = {pairs[i][0], pairs[i][1], 0};

		plan->op_count = 0;
		plan->community_count = 0;
		plan->nodes[4].lies = 5;
		for (uint32_t k = 0; k < 500; k++)
			sim_plan_add(plan, k % 3 == 0 ? SIM_OP_BACKUP : SIM_OP_CUT, k, 1, 2);
		struct sim_plan *small = sim_plan_shrink(plan, fails_with_both, &wanted, 2000);

		assert_int_equal(small->op_count, 2);
		assert_true(fails_with_both(&wanted, small));
		assert_int_equal(small->nodes[2].lies, 0);
		assert_int_equal(plan->op_count, 500);
		assert_true(small->node_count < plan->node_count);
		assert_true(wanted.runs < 300);
		sim_plan_free(small);
		sim_plan_free(plan);
	}
}

static bool fails_with_lie(void *context, const struct sim_plan *plan)
{
	const struct wanted *wanted = context;

	return has_op(plan, wanted->first) && plan->node_count > 4 &&
	       (plan->nodes[4].lies & 4) != 0;
}

/* What it refers to stays; so does the one lie that matters. */
static void keeps_what_is_meant(void **state)
{
	(void)state;
	struct sim_recipe recipe = {.topology = SIM_LINE, .nodes = 9, .items = 1};
	struct sim_plan *plan = sim_plan_make(&recipe);
	struct wanted wanted = {.first = 2};

	plan->op_count = 0;
	plan->nodes[4].lies = 0xff;
	plan->nodes[7].lies = 1;
	sim_plan_add(plan, SIM_OP_PUBLISH, 1, 1, 0);
	sim_op_set(sim_plan_add(plan, SIM_OP_PUBLISH, 2, 1, 0), "ref", 1);
	sim_op_set(sim_plan_add(plan, SIM_OP_RETRACT, 3, 1, 0), "ref", 2);
	for (uint32_t k = 0; k < 40; k++)
		sim_plan_add(plan, SIM_OP_PUBLISH, 4, 8, 0);
	struct sim_plan *small = sim_plan_shrink(plan, fails_with_lie, &wanted, 2000);

	assert_int_equal(small->op_count, 3);
	assert_int_equal(small->nodes[4].lies, 4);
	assert_int_equal(small->node_count, 9); /* fewer than five would not fail */
	sim_plan_free(small);
	sim_plan_free(plan);
}

/* No more runs than were granted, and never a plan that does not fail. */
static void gives_up(void **state)
{
	(void)state;
	struct sim_plan *plan = swarm(1);

	for (unsigned tries = 0; tries < 12; tries++) {
		struct wanted wanted = {plan->ops[3].number, plan->ops[9].number, 0};
		struct sim_plan *small = sim_plan_shrink(plan, fails_with_both, &wanted, tries);

		assert_true(wanted.runs <= tries);
		assert_true(fails_with_both(&wanted, small));
		sim_plan_free(small);
	}
	sim_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(same_seed_same_plan),
		cmocka_unit_test(hostile_text),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(connected),
		cmocka_unit_test(reference_is_the_domain),
		cmocka_unit_test(everything_occurs),
		cmocka_unit_test(shrinks_to_two),
		cmocka_unit_test(keeps_what_is_meant),
		cmocka_unit_test(gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
