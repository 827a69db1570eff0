/* SPDX-License-Identifier: Apache-2.0 */
/* A failing plan is made smaller, and goes on failing. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "make.h"
#include "rogue.h"

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
	const struct sim_recipe recipe = {
		.seed = 1, .topology = -1, .faults = SIM_ALL_FAULTS, .rogues = -1};
	struct sim_plan *plan = sim_plan_make(&recipe);

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
		cmocka_unit_test(shrinks_to_two),
		cmocka_unit_test(keeps_what_is_meant),
		cmocka_unit_test(gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
