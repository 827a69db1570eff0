/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes wrong, and what people change meanwhile. Swarm testing (Groce et al., ISSTA 2012): a seed has
 * only some kinds of fault, each more or less of it, since faults of one kind hide those of another.
 */
#include "make.h"
#include "rogue.h"

#include <stdlib.h>

static const struct {
	const char *word, *text;
} kinds[] = {
#define X(NAME, word, text) {word, text},
	SIM_X_FAULT(X)
#undef X
};

const char *sim_fault_word(unsigned index)
{
	return index < SIM_FAULT_END ? kinds[index].word : NULL;
}

const char *sim_fault_text(unsigned index)
{
	return index < SIM_FAULT_END ? kinds[index].text : NULL;
}

/* Some hours: all that may be ahead is judged by a day (SIM_SKEW_MS with what a rate adds stays far below). */
#define SKEW_MS (3 * KAI_MS_HOUR)

static int64_t some_time(const struct sim_maker *maker, struct sim_draw *draw)
{
	return (int64_t)sim_draw_between(draw, (uint64_t)maker->start_ms, (uint64_t)maker->end_ms);
}

static uint32_t some_node(const struct sim_maker *maker, struct sim_draw *draw)
{
	return (uint32_t)sim_draw_below(draw, maker->plan->node_count);
}

/* Of log-uniform size: short ones and long ones alike. */
static uint64_t some_while(struct sim_draw *draw, uint64_t least, uint64_t most)
{
	uint64_t top = least;

	while (top < most && sim_draw_percent(draw, 70))
		top *= 2;
	return sim_draw_between(draw, least, top < most ? top : most);
}

static bool some_edge(const struct sim_maker *maker, struct sim_draw *draw,
		      struct sim_tie **ret_edge)
{
	if (maker->edge_count == 0)
		return false;
	*ret_edge = &maker->edges[sim_draw_below(draw, maker->edge_count)];
	return true;
}

static struct sim_op *at_edge(struct sim_maker *maker, enum sim_op_type type, struct sim_draw *draw)
{
	struct sim_tie *edge;

	if (!some_edge(maker, draw, &edge))
		return NULL;
	bool turned = sim_draw_percent(draw, 50);

	return sim_plan_add(maker->plan, type, some_time(maker, draw), turned ? edge->b : edge->a,
			    turned ? edge->a : edge->b);
}

/* ---- the net ---- */

static void cut(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_op *op = at_edge(maker, SIM_OP_CUT, draw);

	if (op == NULL)
		return;
	sim_op_set(op, "back", some_while(draw, 200, 60000));
	sim_op_set(op, "requeue", sim_draw_below(draw, 3) * 50);
}

static void partition(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_op *op =
		sim_plan_add(maker->plan, SIM_OP_PARTITION, some_time(maker, draw), 0, 0);

	sim_op_set(op, "cut_ms", some_while(draw, 2000, 240000));
	sim_op_set(op, "mask", sim_draw_between(draw, 1, 254));
	sim_op_set(op, "oneway", sim_draw_percent(draw, 35));
}

static void delay(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_op *op = at_edge(maker, SIM_OP_DELAY, draw);

	if (op == NULL)
		return;
	sim_op_set(op, "ms", some_while(draw, 1, 4000));
	sim_op_set(op, "jitter", sim_draw_percent(draw, 50) ? some_while(draw, 1, 2000) : 0);
	sim_op_set(op, "kbytes", sim_draw_percent(draw, 50) ? some_while(draw, 4, 1000) : 0);
	sim_op_set(op, "for", some_while(draw, 1000, 120000));
}

/* ---- nodes ---- */

static void crash(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_op *op = sim_plan_add(maker->plan, SIM_OP_CRASH, some_time(maker, draw),
					 some_node(maker, draw), 0);

	sim_op_set(op, "point", sim_draw_below(draw, SIM_CRASH_POINT_COUNT));
	sim_op_set(op, "nth", sim_draw_between(draw, 1, 20));
	sim_op_set(op, "back", some_while(draw, 100, 60000));
}

static void restore(struct sim_maker *maker, struct sim_draw *draw)
{
	uint32_t node = some_node(maker, draw);
	int64_t at_ms = some_time(maker, draw);
	int64_t later_ms = some_time(maker, draw);

	sim_plan_add(maker->plan, SIM_OP_BACKUP, at_ms < later_ms ? at_ms : later_ms, node, 0);
	sim_plan_add(maker->plan, SIM_OP_RESTORE, at_ms < later_ms ? later_ms : at_ms, node, 0);
}

static void full(struct sim_maker *maker, struct sim_draw *draw)
{
	sim_op_set(sim_plan_add(maker->plan, SIM_OP_FULL, some_time(maker, draw),
				some_node(maker, draw), 0),
		   "for", some_while(draw, 500, 120000));
}

static void slow(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_op *op = sim_plan_add(maker->plan, SIM_OP_SLOW, some_time(maker, draw),
					 some_node(maker, draw), 0);

	sim_op_set(op, "commit", some_while(draw, 5, 500));
	sim_op_set(op, "for", some_while(draw, 1000, 60000));
}

static void skewed(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_op *op = sim_plan_add(maker->plan, SIM_OP_CLOCK, some_time(maker, draw),
					 some_node(maker, draw), 0);
	uint64_t what = sim_draw_below(draw, 4);

	if (what == 0)
		sim_op_set(op, "ahead", some_while(draw, 100, (uint64_t)SKEW_MS));
	if (what == 1)
		sim_op_set(op, "behind", some_while(draw, 100, (uint64_t)SKEW_MS));
	if (what == 2)
		sim_op_set(op, "ppm_fast", some_while(draw, 10, 200000));
	if (what == 3)
		sim_op_set(op, "ppm_slow", some_while(draw, 10, 200000));
	sim_op_set(op, "for", some_while(draw, 1000, 300000));
}

/* ---- what people change ---- */

/* The edge's next agreement: it follows the newest one and comes after it. */
static void renew(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_tie *edge;

	if (!some_edge(maker, draw, &edge))
		return;
	int64_t at_ms = some_time(maker, draw);

	if (at_ms <= edge->last_ms)
		at_ms = edge->last_ms + 1000;
	if (at_ms > maker->end_ms)
		return;
	bool turned = sim_draw_percent(draw, 50);
	struct sim_op *op = sim_plan_add(maker->plan, SIM_OP_AGREE, at_ms,
					 turned ? edge->b : edge->a, turned ? edge->a : edge->b);

	if (sim_draw_percent(draw, 60)) /* other terms; else the widest */
		sim_make_terms(maker, op, draw);
	sim_op_set(op, "introduce_a", 1);
	sim_op_set(op, "introduce_b", 1);
	sim_op_set(op, "signers", 0);
	sim_op_set(op, "change", edge->last);
	edge->last = op->number + 1;
	edge->last_ms = at_ms;
}

/* One of the set-up's agreements begins late, or ends within the run. */
static void window(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_tie *edge;

	if (!some_edge(maker, draw, &edge) || edge->last_ms > 0)
		return;
	sim_op_set(&maker->plan->ops[edge->last - 1], sim_draw_percent(draw, 40) ? "from" : "until",
		   (uint64_t)some_time(maker, draw));
}

static void notice(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_op *op = at_edge(maker, SIM_OP_NOTICE, draw);

	if (op == NULL)
		return;
	struct sim_op said = *op;
	bool final = sim_draw_percent(draw, 20);

	sim_op_set(op, "action", final ? KAI_NOTICE_TERMINATE : KAI_NOTICE_SUSPEND);
	if (final || sim_draw_percent(draw, 15))
		return;
	int64_t at_ms = said.at_ms + (int64_t)some_while(draw, 500, 120000);

	sim_op_set(sim_plan_add(maker->plan, SIM_OP_NOTICE,
				at_ms < maker->end_ms ? at_ms : maker->end_ms, said.node,
				said.other),
		   "action", KAI_NOTICE_RESUME);
}

/* A member of the set-up is put out, and perhaps taken in again. */
static void membership(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_plan *plan = maker->plan;
	uint32_t tries = plan->op_count;
	uint32_t at = (uint32_t)sim_draw_below(draw, plan->op_count + UINT64_C(1));

	while (tries > 0 && plan->ops[at % plan->op_count].type != SIM_OP_MEMBER) {
		at++;
		tries--;
	}
	if (tries == 0)
		return;
	struct sim_op was = plan->ops[at % plan->op_count];
	int64_t out_ms = some_time(maker, draw);
	int64_t in_ms = some_time(maker, draw);
	struct sim_op *op = sim_plan_add(plan, SIM_OP_MEMBER, out_ms, was.node, was.other);

	sim_op_set(op, "community", sim_op_get(&was, "community"));
	sim_op_set(op, "withdrawn", 1);
	if (in_ms <= out_ms)
		return;
	op = sim_plan_add(plan, SIM_OP_MEMBER, in_ms, was.node, was.other);
	sim_op_set(op, "community", sim_op_get(&was, "community"));
	sim_op_set(op, "days", sim_draw_below(draw, 91));
}

static void card(struct sim_maker *maker, struct sim_draw *draw)
{
	sim_op_set(sim_plan_add(maker->plan, SIM_OP_CARD, some_time(maker, draw),
				some_node(maker, draw), 0),
		   "revoke", sim_draw_percent(draw, 30));
}

/* ---- rogues ---- */

static void lies(struct sim_maker *maker, uint32_t node, struct sim_draw *draw)
{
	unsigned count = (unsigned)sim_draw_between(draw, 1, 6);

	/* few lies at a time: some end the link, and then no other is heard */
	for (unsigned i = 0; i < count; i++)
		maker->plan->nodes[node].lies |= SIM_LIE_BIT(sim_draw_below(draw, SIM_LIES_DRAWN));
	for (unsigned i = (unsigned)sim_draw_below(draw, 6); i > 0; i--) {
		uint32_t other = sim_make_near(maker, node, draw);
		struct sim_op *op =
			sim_plan_add(maker->plan, SIM_OP_LIE, some_time(maker, draw), node, other);

		sim_op_set(op, "what", sim_draw_below(draw, SIM_LIES_DRAWN));
		sim_op_set(op, "arg", sim_draw_below(draw, 1u << 16));
	}
}

/* Half of those who agree with one let it bring only few items a day. What honest nodes bring one another is not
 * bounded: a run is shorter than a day, and all of it has to arrive. */
static void bound_liars(struct sim_maker *maker)
{
	struct sim_draw draw = {maker->recipe.seed, "liars' volume", 0, 0};
	const struct sim_plan *plan = maker->plan;

	for (uint32_t i = 0; i < plan->op_count; i++) {
		struct sim_op *op = &plan->ops[i];

		if (op->type == SIM_OP_AGREE &&
		    (plan->nodes[op->node].lies | plan->nodes[op->other].lies) != 0 &&
		    sim_draw_percent(&draw, 50))
			sim_op_set(op, "items", sim_draw_between(&draw, 3, 20));
	}
}

static void liars(struct sim_maker *maker)
{
	struct sim_draw draw = {maker->recipe.seed, "liars", 0, 0};
	int count = maker->recipe.rogues;

	for (int i = 0; i < count; i++) {
		uint32_t node = some_node(maker, &draw);

		if (maker->plan->nodes[node].lies == 0)
			lies(maker, node, &draw);
	}
	bound_liars(maker);
}

/* ---- all ---- */

static void one(struct sim_maker *maker, enum sim_fault fault, struct sim_draw *draw)
{
	switch (fault) {
	case SIM_FAULT_CUT:
		cut(maker, draw);
		return;
	case SIM_FAULT_PARTITION:
		partition(maker, draw);
		return;
	case SIM_FAULT_DELAY:
		delay(maker, draw);
		return;
	case SIM_FAULT_CRASH:
		crash(maker, draw);
		return;
	case SIM_FAULT_RESTORE:
		restore(maker, draw);
		return;
	case SIM_FAULT_FULL:
		full(maker, draw);
		return;
	case SIM_FAULT_SLOW:
		slow(maker, draw);
		return;
	case SIM_FAULT_CLOCK:
		skewed(maker, draw);
		return;
	case SIM_FAULT_AGREE:
		renew(maker, draw);
		return;
	case SIM_FAULT_WINDOW:
		window(maker, draw);
		return;
	case SIM_FAULT_NOTICE:
		notice(maker, draw);
		return;
	case SIM_FAULT_MEMBER:
		membership(maker, draw);
		return;
	case SIM_FAULT_CARD:
		card(maker, draw);
		return;
	case SIM_FAULT_LIAR:
	case SIM_FAULT_END:
		return;
	}
}

/* Where a clause may carry, somebody beside it is long out of its reach, for most of the first half. */
static void outages(struct sim_maker *maker)
{
	int64_t third_ms = (maker->end_ms - maker->start_ms) / 3;
	uint32_t count = maker->plan->op_count;

	for (uint32_t i = 0; i < count && (maker->recipe.faults & 1u << SIM_FAULT_CUT) != 0; i++) {
		uint64_t clause = 0;

		if (maker->plan->ops[i].type == SIM_OP_AGREE)
			clause = sim_op_get(&maker->plan->ops[i], "clause");
		struct sim_draw draw = {maker->recipe.seed, "outages", maker->plan->ops[i].number,
					0};
		bool to_a = (clause >> 24 & 1) != 0;
		uint32_t carrier = to_a ? maker->plan->ops[i].other : maker->plan->ops[i].node;
		uint32_t receiver = to_a ? maker->plan->ops[i].node : maker->plan->ops[i].other;

		for (unsigned k = 0; clause != 0 && k < 2; k++) {
			uint32_t away = sim_make_near(maker, carrier, &draw);
			int64_t at_ms = maker->start_ms +
					(int64_t)sim_draw_below(&draw, (uint64_t)third_ms + 1);

			if (away == receiver || away == carrier)
				continue;
			sim_op_set(sim_plan_add(maker->plan, SIM_OP_CUT, at_ms, carrier, away),
				   "back", sim_draw_between(&draw, 15000, 60000));
		}
	}
}

void sim_make_faults(struct sim_maker *maker)
{
	for (unsigned fault = 0; fault < SIM_FAULT_END; fault++) {
		if ((maker->faults & 1u << fault) == 0)
			continue;
		for (unsigned i = 0; i < maker->strength[fault]; i++) {
			struct sim_draw draw = {maker->recipe.seed, "fault",
						(uint64_t)fault << 32 | i, 0};

			one(maker, (enum sim_fault)fault, &draw);
		}
	}
	liars(maker);
	outages(maker);
}
