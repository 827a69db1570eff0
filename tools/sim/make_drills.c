/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drills in a plan: which agreements consent, who directs what with whom, what is published there. In one
 * seed of three, and after everything else with draws of its own, so that the rest of the plan is as it
 * would be without.
 */
#include "make.h"

#include <stdio.h>
#include <string.h>

#include "kairan/drill.h"
#include "rogue.h"

#define LONG_MS (6 * KAI_MS_HOUR) /* lasts beyond the run's end */

/* What a drill's operations are made from. */
struct cast {
	uint32_t op; /* number of the DRILL */
	int64_t from_ms;
	uint32_t nodes[1 + SIM_DRILL_WITH]; /* the director first */
	uint32_t count;
};

/* ---- consent ---- */

/* In some plans no agreement consents, in some all do, in most some of them to some. */
static void set_consents(struct sim_maker *maker)
{
	struct sim_draw which = {maker->recipe.seed, "consents", 0, 0};
	uint64_t style = sim_draw_below(&which, 10);
	struct sim_plan *plan = maker->plan;

	for (uint32_t i = 0; i < plan->op_count && style > 0; i++) {
		struct sim_op *op = &plan->ops[i];
		struct sim_draw draw = {maker->recipe.seed, "consent", op->number, 0};
		uint64_t what = sim_draw_below(&draw, 100);

		if (op->type != SIM_OP_AGREE)
			continue;
		sim_op_set(op, "drills",
			   style < 5 || what < 60 ? (uint64_t)KAI_DRILL_WHOLE
			   : what < 80		  ? (uint64_t)KAI_DRILL_COMCHECK
						  : (uint64_t)KAI_DRILL_NONE);
	}
}

/* ---- who ---- */

static void take_part(struct cast *cast, uint32_t node)
{
	for (uint32_t i = 0; i < cast->count; i++)
		if (cast->nodes[i] == node)
			return;
	cast->nodes[cast->count++] = node;
}

/* From neighbour to neighbour, now and then somebody whom nobody knows. */
static void choose_cast(struct sim_maker *maker, struct sim_draw *draw, struct cast *ret)
{
	uint32_t nodes = maker->plan->node_count;
	uint64_t wanted = 1 + sim_draw_between(draw, 2, SIM_DRILL_WITH);

	ret->count = 0;
	take_part(ret, (uint32_t)sim_draw_below(draw, nodes));
	for (unsigned tries = 0; tries < 40 && ret->count < wanted; tries++) {
		uint32_t by = ret->nodes[sim_draw_below(draw, ret->count)];

		take_part(ret, sim_draw_percent(draw, 7) ? (uint32_t)sim_draw_below(draw, nodes)
							 : sim_make_near(maker, by, draw));
	}
}

static void add_drill(struct sim_maker *maker, struct sim_draw *draw, struct cast *cast)
{
	uint64_t length = (uint64_t)(maker->end_ms - maker->start_ms);
	int64_t at_ms = maker->start_ms + (int64_t)sim_draw_below(draw, length / 2);
	struct sim_op *op = sim_plan_add(maker->plan, SIM_OP_DRILL, at_ms, cast->nodes[0], 0);
	uint64_t begin = sim_draw_percent(draw, 70) ? 0 : sim_draw_between(draw, 1, length / 4);
	char name[8];

	sim_op_set(op, "level", sim_draw_percent(draw, 30) ? 1 : 2);
	sim_op_set(op, "begin", begin);
	sim_op_set(op, "for",
		   sim_draw_percent(draw, 50)
			   ? (uint64_t)LONG_MS
			   : sim_draw_between(draw, length / 4, length + length / 2));
	for (uint32_t i = 1; i < cast->count; i++) {
		(void)snprintf(name, sizeof(name), "with%u", (unsigned)i);
		sim_op_set(op, name, cast->nodes[i] + UINT64_C(1));
	}
	cast->op = op->number;
	cast->from_ms = at_ms + (int64_t)begin;
	if (!sim_draw_percent(draw, 35))
		return;
	at_ms += (int64_t)sim_draw_below(draw, (uint64_t)(maker->end_ms - at_ms) + 1);
	sim_op_set(sim_plan_add(maker->plan, SIM_OP_CLOSE, at_ms, cast->nodes[0], 0), "ref",
		   cast->op + UINT64_C(1));
}

/* ---- what is practised ---- */

static int64_t some_time(const struct sim_maker *maker, const struct cast *cast,
			 struct sim_draw *draw)
{
	int64_t from_ms = cast->from_ms < maker->end_ms ? cast->from_ms : maker->end_ms;

	return from_ms + (int64_t)sim_draw_below(draw, (uint64_t)(maker->end_ms - from_ms) + 1);
}

/* Mostly by those who are asked to take part. */
static uint32_t some_node(const struct sim_maker *maker, const struct cast *cast,
			  struct sim_draw *draw)
{
	if (sim_draw_percent(draw, 5))
		return (uint32_t)sim_draw_below(draw, maker->plan->node_count);
	return sim_draw_percent(draw, 30) ? cast->nodes[0]
					  : cast->nodes[sim_draw_below(draw, cast->count)];
}

static void add_item(struct sim_maker *maker, const struct cast *cast, struct sim_draw *draw)
{
	int64_t at_ms = some_time(maker, cast, draw);
	uint32_t node = some_node(maker, cast, draw);
	struct sim_op *op = sim_make_item(maker, at_ms, node, draw);
	uint64_t ref = op->number + UINT64_C(1);

	sim_op_set(op, "drill", cast->op + UINT64_C(1));
	if (sim_op_get(op, "kind") != KAI_KIND_ADVICE && sim_draw_percent(draw, 50)) {
		sim_op_set(op, "tlp", KAI_TLP_CLEAR);
		sim_op_set(op, "aud1", 0);
		sim_op_set(op, "aud2", 0);
		sim_op_set(op, "aud3", 0);
	}
	if (!sim_draw_percent(draw, 25))
		return;
	at_ms += 1 + (int64_t)sim_draw_below(draw, (uint64_t)(maker->end_ms - at_ms) + 1);
	if (at_ms < maker->end_ms)
		sim_op_set(sim_plan_add(maker->plan, SIM_OP_RETRACT, at_ms, node, 0), "ref", ref);
}

static void add_practice(struct sim_maker *maker, const struct cast *cast, struct sim_draw *draw)
{
	for (uint64_t i = sim_draw_between(draw, 3, 9); i > 0; i--)
		add_item(maker, cast, draw);
	for (unsigned i = 0; i < 3; i++) {
		int64_t at_ms = some_time(maker, cast, draw);
		uint32_t node = some_node(maker, cast, draw);

		sim_op_set(sim_plan_add(maker->plan, SIM_OP_CONTROL, at_ms, node, 0), "drill",
			   cast->op + UINT64_C(1));
	}
}

/* ---- rogues ---- */

static void add_lies(struct sim_maker *maker)
{
	for (uint32_t i = 0; i < maker->plan->node_count; i++) {
		struct sim_draw draw = {maker->recipe.seed, "lies about drills", i, 0};

		if (maker->plan->nodes[i].lies == 0)
			continue;
		if (sim_draw_percent(&draw, 60))
			maker->plan->nodes[i].lies |= SIM_LIE_BIT(SIM_LIE_REALMS);
	}
}

void sim_make_drills(struct sim_maker *maker)
{
	const char *scenario = maker->recipe.scenario;
	struct sim_draw draw = {maker->recipe.seed, "drills", 0, 0};
	bool asked = scenario != NULL && strcmp(scenario, "drills") == 0;
	bool drawn = sim_draw_percent(&draw, 34) && scenario == NULL;
	unsigned count = sim_draw_percent(&draw, 40) ? 2 : 1;

	if (!asked && !drawn)
		return;
	set_consents(maker);
	for (unsigned i = 0; i < count + asked; i++) {
		struct sim_draw one = {maker->recipe.seed, "drill", i, 0};
		struct cast cast = {.op = 0};

		choose_cast(maker, &one, &cast);
		if (cast.count < 2)
			continue;
		add_drill(maker, &one, &cast);
		add_practice(maker, &cast, &one);
	}
	add_lies(maker);
}
