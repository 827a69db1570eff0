/* SPDX-License-Identifier: Apache-2.0 */
/* What plans are made: every topology is whole, everything occurs, and of faults only what is allowed. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "make.h"
#include "rogue.h"

#define MOST_NODES 10000u

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

static struct sim_plan *made(uint64_t seed, uint32_t faults)
{
	struct sim_recipe recipe = {.seed = seed, .topology = -1, .faults = faults, .rogues = -1};
	struct sim_plan *plan = sim_plan_make(&recipe);

	assert_non_null(plan);
	return plan;
}

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
		struct sim_plan *plan = made(seed, SIM_ALL_FAULTS);

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
	assert_int_equal(met.lies | met.said, UINT64_MAX >> (64 - SIM_LIE_END));
}

/* What a kind of fault leaves in a plan that nothing else does. */
static const struct {
	enum sim_fault fault;
	enum sim_op_type op;
} fault_ops[] = {
	{SIM_FAULT_CUT, SIM_OP_CUT},	 {SIM_FAULT_PARTITION, SIM_OP_PARTITION},
	{SIM_FAULT_DELAY, SIM_OP_DELAY}, {SIM_FAULT_CRASH, SIM_OP_CRASH},
	{SIM_FAULT_FULL, SIM_OP_FULL},	 {SIM_FAULT_RESTORE, SIM_OP_RESTORE},
	{SIM_FAULT_SLOW, SIM_OP_SLOW},	 {SIM_FAULT_CLOCK, SIM_OP_CLOCK},
	{SIM_FAULT_CARD, SIM_OP_CARD},	 {SIM_FAULT_NOTICE, SIM_OP_NOTICE},
};
#define FAULT_OPS (sizeof(fault_ops) / sizeof(fault_ops[0]))

static uint32_t faults_in(uint64_t seed, uint32_t faults)
{
	struct sim_plan *plan = made(seed, faults);
	uint32_t found = 0;

	for (uint32_t i = 0; i < plan->op_count; i++) {
		for (size_t k = 0; k < FAULT_OPS; k++)
			found |= (uint32_t)(plan->ops[i].type == fault_ops[k].op)
				 << fault_ops[k].fault;
	}
	for (uint32_t i = 0; i < plan->node_count; i++)
		found |= plan->nodes[i].lies == 0 ? 0 : SIM_FAULT_BIT(LIAR);
	sim_plan_free(plan);
	return found;
}

/* Only what a recipe lists, and something of it; all is what no list says. */
static void faults_as_listed(void **state)
{
	uint32_t seen = SIM_FAULT_BIT(LIAR);

	(void)state;
	for (size_t k = 0; k < FAULT_OPS; k++)
		seen |= 1u << fault_ops[k].fault;
	for (uint64_t seed = 0; seed < 6; seed++) {
		assert_int_equal(faults_in(seed, 0), 0);
		for (unsigned fault = 0; sim_fault_word(fault) != NULL; fault++)
			assert_int_equal(faults_in(seed, 1u << fault), 1u << fault & seen);
		uint32_t two = SIM_FAULT_BIT(CLOCK) | SIM_FAULT_BIT(LIAR);
		uint32_t of_two = faults_in(seed, two);

		assert_int_equal(of_two & ~two, 0);
		assert_int_not_equal(of_two, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connected),
		cmocka_unit_test(reference_is_the_domain),
		cmocka_unit_test(everything_occurs),
		cmocka_unit_test(faults_as_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
