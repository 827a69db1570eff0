/* SPDX-License-Identifier: Apache-2.0 */
/* A plan's lists. */
#include "make.h"

#include <stdlib.h>
#include <string.h>

void *sim_need(void *at)
{
	if (at == NULL) {
		(void)fputs("kairan-sim: out of memory (a smaller plan needs less)\n", stderr);
		exit(70);
	}
	return at;
}

static void *copy_list(const void *at, size_t count, size_t size)
{
	void *copy = sim_need(calloc(count + 1, size));

	if (count > 0)
		memcpy(copy, at, count * size);
	return copy;
}

struct sim_plan *sim_plan_copy(const struct sim_plan *plan)
{
	struct sim_plan *copy = sim_need(malloc(sizeof(*copy)));

	*copy = *plan;
	copy->nodes = copy_list(plan->nodes, plan->node_count, sizeof(*plan->nodes));
	copy->communities =
		copy_list(plan->communities, plan->community_count, sizeof(*plan->communities));
	copy->ops = copy_list(plan->ops, plan->op_count, sizeof(*plan->ops));
	copy->op_cap = plan->op_count + 1;
	return copy;
}

void sim_plan_free(struct sim_plan *plan)
{
	if (plan == NULL)
		return;
	free(plan->nodes);
	free(plan->communities);
	free(plan->ops);
	free(plan);
}

struct sim_op *sim_plan_add(struct sim_plan *plan, enum sim_op_type type, int64_t at_ms,
			    uint32_t node, uint32_t other)
{
	if (plan->op_count == plan->op_cap) {
		plan->op_cap = plan->op_cap < 64 ? 64 : 2 * plan->op_cap;
		plan->ops = sim_need(realloc(plan->ops, plan->op_cap * sizeof(*plan->ops)));
	}
	struct sim_op *op = &plan->ops[plan->op_count];

	*op = (struct sim_op){.number = plan->op_count++,
			      .type = type,
			      .at_ms = at_ms,
			      .node = node,
			      .other = other};
	return op;
}

static int by_time(const void *a, const void *b)
{
	const struct sim_op *left = a;
	const struct sim_op *right = b;

	if (left->at_ms != right->at_ms)
		return left->at_ms < right->at_ms ? -1 : 1;
	return (left->number > right->number) - (left->number < right->number);
}

void sim_plan_sort(struct sim_plan *plan)
{
	if (plan->op_count > 0)
		qsort(plan->ops, plan->op_count, sizeof(*plan->ops), by_time);
}
