/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delta debugging (Zeller and Hildebrandt, IEEE TSE 2002), ddmin by complements: operations of a whole type
 * first, then chunks that grow smaller, then lies, then the nodes that nobody speaks of. An operation
 * that another one refers to stays as long as that one does.
 */
#include "make.h"

#include <stdlib.h>
#include <string.h>

struct shrinker {
	struct sim_plan *best; /* fails */
	sim_fails_fn fails;
	void *context;
	unsigned tries; /* left */
};

/* Number of an operation that this one refers to; UINT32_MAX: none. second: the other one. */
static uint32_t refers_to(const struct sim_op *op, bool second)
{
	static const char *const names[][2] = {[SIM_OP_PUBLISH] = {"ref", "drill"},
					       [SIM_OP_RETRACT] = {"ref"},
					       [SIM_OP_AGREE] = {"change"},
					       [SIM_OP_CONTROL] = {"drill"},
					       [SIM_OP_CLOSE] = {"ref"},
					       [SIM_OP_END] = {NULL}};
	const char *name = names[op->type][second];
	uint64_t ref = name == NULL ? 0 : sim_op_get(op, name);

	return ref == 0 || ref > UINT32_MAX ? UINT32_MAX : (uint32_t)(ref - 1);
}

static int by_number(const void *a, const void *b)
{
	const struct sim_op *left = *(const struct sim_op *const *)a;
	const struct sim_op *right = *(const struct sim_op *const *)b;

	return (left->number > right->number) - (left->number < right->number);
}

/* Index of an operation by its number, through a list of pointers in order of numbers. */
static uint32_t index_of(const struct sim_plan *plan, const struct sim_op *const *sorted,
			 uint32_t number)
{
	uint32_t low = 0;
	uint32_t high = plan->op_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (sorted[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == plan->op_count || sorted[low]->number != number)
		return UINT32_MAX;
	return (uint32_t)(sorted[low] - plan->ops);
}

/* What is out and referred to by one that is not comes in again; until nothing changes, since a plan that
 * somebody wrote may refer forward. */
static void keep_targets(const struct sim_plan *plan, bool *out)
{
	const struct sim_op **sorted =
		sim_need(calloc(plan->op_count + (size_t)1, sizeof(const struct sim_op *)));
	bool again = true;

	for (uint32_t i = 0; i < plan->op_count; i++)
		sorted[i] = &plan->ops[i];
	qsort(sorted, plan->op_count, sizeof(const struct sim_op *), by_number);
	while (again) {
		again = false;
		for (uint32_t i = 2 * plan->op_count; i-- > 0;) {
			uint32_t number =
				out[i / 2] ? UINT32_MAX : refers_to(&plan->ops[i / 2], i % 2 != 0);
			uint32_t target =
				number == UINT32_MAX ? UINT32_MAX : index_of(plan, sorted, number);

			if (target != UINT32_MAX && out[target]) {
				out[target] = false;
				again = true;
			}
		}
	}
	free(sorted);
}

/* Takes the candidate when it fails as well; frees the loser. */
static bool try_plan(struct shrinker *shrinker, struct sim_plan *candidate)
{
	if (shrinker->tries == 0) {
		sim_plan_free(candidate);
		return false;
	}
	shrinker->tries--;
	if (!shrinker->fails(shrinker->context, candidate)) {
		sim_plan_free(candidate);
		return false;
	}
	sim_plan_free(shrinker->best);
	shrinker->best = candidate;
	return true;
}

/* Without the operations that out marks. */
static bool try_without(struct shrinker *shrinker, bool *out)
{
	struct sim_plan *candidate;
	uint32_t kept = 0;

	keep_targets(shrinker->best, out);
	candidate = sim_plan_copy(shrinker->best);
	for (uint32_t i = 0; i < candidate->op_count; i++) {
		if (!out[i])
			candidate->ops[kept++] = candidate->ops[i];
	}
	if (kept == candidate->op_count) {
		sim_plan_free(candidate);
		return false;
	}
	candidate->op_count = kept;
	return try_plan(shrinker, candidate);
}

static void drop_types(struct shrinker *shrinker)
{
	for (unsigned type = 0; type < SIM_OP_END; type++) {
		const struct sim_plan *plan = shrinker->best;
		bool *out = sim_need(calloc(plan->op_count + (size_t)1, sizeof(*out)));

		for (uint32_t i = 0; i < plan->op_count; i++)
			out[i] = plan->ops[i].type == (enum sim_op_type)type;
		(void)try_without(shrinker, out);
		free(out);
	}
}

/* Without one of `parts` chunks; true when some chunk could go. */
static bool drop_chunk(struct shrinker *shrinker, uint32_t parts)
{
	uint32_t count = shrinker->best->op_count;

	for (uint32_t i = parts; i-- > 0;) {
		uint32_t first = (uint32_t)((uint64_t)count * i / parts);
		uint32_t end = (uint32_t)((uint64_t)count * (i + 1) / parts);
		bool *out = sim_need(calloc(count + (size_t)1, sizeof(*out)));

		for (uint32_t k = first; k < end; k++)
			out[k] = true;
		bool gone = try_without(shrinker, out);

		free(out);
		if (gone)
			return true;
	}
	return false;
}

static void drop_chunks(struct shrinker *shrinker)
{
	uint32_t parts = 2;

	while (shrinker->tries > 0 && shrinker->best->op_count > 0) {
		uint32_t count = shrinker->best->op_count;

		if (parts > count)
			parts = count;
		if (drop_chunk(shrinker, parts)) {
			parts = parts > 2 ? parts - 1 : 2;
			continue;
		}
		if (parts == count)
			return;
		parts = parts <= count / 2 ? 2 * parts : count;
	}
}

static void drop_lies(struct shrinker *shrinker)
{
	for (uint32_t i = 0; i < shrinker->best->node_count; i++) {
		for (unsigned bit = 0; bit <= 64 && shrinker->best->nodes[i].lies != 0; bit++) {
			/* all at once first */
			uint64_t gone = bit == 0 ? UINT64_MAX : UINT64_C(1) << (bit - 1);

			if ((shrinker->best->nodes[i].lies & gone) == 0)
				continue;
			struct sim_plan *candidate = sim_plan_copy(shrinker->best);

			candidate->nodes[i].lies &= ~gone;
			(void)try_plan(shrinker, candidate);
		}
	}
}

static uint32_t higher(uint32_t most, uint64_t node)
{
	return node >= most && node < UINT32_MAX ? (uint32_t)node + 1 : most;
}

/* How many nodes from 0 on somebody speaks of. */
static uint32_t spoken_of(const struct sim_plan *plan)
{
	static const char *const audiences[] = {"aud1", "aud2", "aud3", "p1aud", "p2aud"};
	unsigned with = sim_op_arg(SIM_OP_DRILL, "with1");
	uint32_t most = 1;

	for (uint32_t i = 0; i < plan->community_count; i++)
		most = higher(most, plan->communities[i].keeper);
	for (uint32_t i = 0; i < plan->op_count; i++) {
		const struct sim_op *op = &plan->ops[i];

		most = higher(higher(most, op->node), op->other);
		for (size_t k = 0; op->type == SIM_OP_PUBLISH && k < 5; k++) {
			uint64_t entry = sim_op_get(op, audiences[k]);

			if (entry / SIM_AUDIENCE_TYPE == KAI_AUD_ORG)
				most = higher(most, entry % SIM_AUDIENCE_TYPE);
		}
		for (unsigned k = 0; op->type == SIM_OP_DRILL && k < SIM_DRILL_WITH; k++)
			if (op->args[with + k] > 0)
				most = higher(most, op->args[with + k] - 1);
	}
	return most;
}

static void drop_nodes(struct shrinker *shrinker)
{
	uint32_t count = spoken_of(shrinker->best);

	if (count >= shrinker->best->node_count)
		return;
	struct sim_plan *candidate = sim_plan_copy(shrinker->best);

	candidate->node_count = count;
	(void)try_plan(shrinker, candidate);
}

struct sim_plan *sim_plan_shrink(const struct sim_plan *plan, sim_fails_fn fails, void *context,
				 unsigned tries)
{
	struct shrinker shrinker = {sim_plan_copy(plan), fails, context, tries};

	drop_types(&shrinker);
	drop_chunks(&shrinker);
	drop_lies(&shrinker);
	drop_nodes(&shrinker);
	return shrinker.best;
}
