/* SPDX-License-Identifier: Apache-2.0 */
/* What is published, revised and taken back: each item from draws of its own. */
#include "make.h"

#include <stdlib.h>

/* An item of the plan, so that later ones may refer to it. */
struct made {
	uint32_t op; /* index; in a plan that is being made also the number */
};

static uint64_t aud(uint64_t type, uint64_t number)
{
	return type * SIM_AUDIENCE_TYPE + number;
}

/* ---- labels ---- */

static uint64_t some_tlp(const struct sim_maker *maker, struct sim_draw *draw)
{
	uint64_t what = sim_draw_below(draw, 100);

	if (what < maker->style.clear)
		return KAI_TLP_CLEAR;
	what = sim_draw_below(draw, 100);
	return what < 35   ? KAI_TLP_GREEN
	       : what < 70 ? KAI_TLP_AMBER
	       : what < 85 ? KAI_TLP_AMBER_STRICT
			   : KAI_TLP_RED;
}

static uint64_t some_org(const struct sim_maker *maker, uint32_t node, struct sim_draw *draw)
{
	if (sim_draw_percent(draw, 70))
		return aud(KAI_AUD_ORG, sim_make_near(maker, node, draw));
	return aud(KAI_AUD_ORG, sim_draw_below(draw, maker->plan->node_count));
}

/* What the TLP may name; now and then what it may not: the node has to refuse it. */
static uint64_t some_audience(const struct sim_maker *maker, uint32_t node, uint64_t tlp,
			      struct sim_draw *draw)
{
	const struct sim_plan *plan = maker->plan;
	uint64_t what = sim_draw_below(draw, 100);
	bool wrong = sim_draw_percent(draw, 1);

	if (tlp == KAI_TLP_CLEAR && !wrong)
		return 0;
	if (tlp == KAI_TLP_RED && !wrong)
		return some_org(maker, node, draw);
	if (plan->community_count > 0 && what < 45)
		return aud(KAI_AUD_COMMUNITY, sim_draw_below(draw, plan->community_count));
	if (what < 75 || (tlp == KAI_TLP_GREEN && !wrong))
		return some_org(maker, node, draw);
	if (what < 92)
		return aud(KAI_AUD_SECTOR, sim_draw_percent(draw, 70)
						   ? plan->nodes[node].sector
						   : sim_draw_below(draw, sim_sector_count()));
	return aud(KAI_AUD_COUNTRY, sim_draw_below(draw, SIM_COUNTRIES));
}

static void set_audience(const struct sim_maker *maker, struct sim_op *op, uint64_t tlp,
			 struct sim_draw *draw)
{
	static const char *const names[] = {"aud1", "aud2", "aud3"};
	uint64_t count = sim_draw_percent(draw, 60) ? 1 : sim_draw_between(draw, 2, 3);

	for (size_t i = 0; i < count && i < sizeof(names) / sizeof(names[0]); i++)
		sim_op_set(op, names[i], some_audience(maker, op->node, tlp, draw));
}

/* ---- parts ---- */

/* Mostly small: Padmé and the chunks have their edges further up. */
static uint64_t some_size(const struct sim_maker *maker, struct sim_draw *draw)
{
	if (sim_draw_percent(draw, maker->style.large))
		return sim_draw_between(draw, 8192, UINT64_C(65536));
	return sim_draw_percent(draw, 80) ? sim_draw_between(draw, 100, 1500)
					  : sim_draw_between(draw, 1500, 8192);
}

static void set_part(const struct sim_maker *maker, struct sim_op *op, char which,
		     struct sim_draw *draw)
{
	const char first[][8] = {"size1", "tlp1", "p1aud"};
	const char second[][8] = {"size2", "tlp2", "p2aud"};
	const char(*names)[8] = which == '1' ? first : second;

	sim_op_set(op, names[0], some_size(maker, draw));
	if (sim_draw_percent(draw, 40))
		return; /* the header's label */
	uint64_t tlp = some_tlp(maker, draw);

	sim_op_set(op, names[1], tlp);
	sim_op_set(op, names[2], some_audience(maker, op->node, tlp, draw));
}

/* ---- one item ---- */

static uint64_t some_kind(const struct sim_maker *maker, struct sim_draw *draw)
{
	static const uint8_t others[] = {KAI_KIND_SECINFO,   KAI_KIND_SECINFO, KAI_KIND_INCIDENT,
					 KAI_KIND_INCIDENT,  KAI_KIND_ADVICE,  KAI_KIND_RFI,
					 KAI_KIND_RFI_REPLY, KAI_KIND_SITREP,  KAI_KIND_COORD,
					 KAI_KIND_NOTICE};

	if (sim_draw_percent(draw, maker->style.alerts))
		return KAI_KIND_ALERT;
	return others[sim_draw_below(draw, sizeof(others))];
}

/*
 * A life that ends within the run, or a day to destroy. The latter only where clocks are right: a node
 * whose clock is ahead would destroy early and for good, and be right to.
 */
static void set_ends(const struct sim_maker *maker, struct sim_op *op, struct sim_draw *draw)
{
	uint64_t length = (uint64_t)(maker->end_ms - maker->start_ms);

	if (sim_draw_percent(draw, maker->style.short_lives))
		sim_op_set(op, "life", sim_draw_between(draw, 1000, length));
	if (!sim_draw_percent(draw, 6))
		return;
	if ((maker->faults & SIM_FAULT_BIT(CLOCK)) == 0 && sim_draw_percent(draw, 40))
		sim_op_set(op, "retain", sim_draw_between(draw, 1000, length));
	else
		sim_op_set(op, "retain", (uint64_t)KAI_MS_DAY * sim_draw_between(draw, 2, 400));
}

static void set_label(const struct sim_maker *maker, struct sim_op *op, struct sim_draw *draw)
{
	uint64_t tlp = some_tlp(maker, draw);

	/* directed: to named orgs, whatever the TLP */
	if (sim_op_get(op, "kind") == KAI_KIND_ADVICE && sim_draw_percent(draw, 97)) {
		sim_op_set(op, "tlp", tlp == KAI_TLP_CLEAR ? (uint64_t)KAI_TLP_AMBER : tlp);
		sim_op_set(op, "aud1", some_org(maker, op->node, draw));
	} else {
		sim_op_set(op, "tlp", tlp);
		set_audience(maker, op, tlp, draw);
	}
	if (sim_draw_percent(draw, 30))
		sim_op_set(op, "onward",
			   sim_draw_between(draw, KAI_ONWARD_NONE, KAI_ONWARD_COMMUNITY));
	sim_op_set(op, "gov", sim_draw_percent(draw, 60));
	if (sim_draw_percent(draw, 60))
		sim_op_set(op, "sectors", UINT64_C(1) << maker->plan->nodes[op->node].sector);
	if (sim_draw_percent(draw, 15))
		sim_op_set(op, "sectors",
			   sim_op_get(op, "sectors") |
				   UINT64_C(1) << sim_draw_below(draw, sim_sector_count()));
}

static void set_content(const struct sim_maker *maker, struct sim_op *op, struct sim_draw *draw)
{
	sim_op_set(op, "main", some_size(maker, draw));
	if (!sim_draw_percent(draw, maker->style.attachments))
		return;
	set_part(maker, op, '1', draw);
	if (sim_draw_percent(draw, 35))
		set_part(maker, op, '2', draw);
}

struct sim_op *sim_make_item(struct sim_maker *maker, int64_t at_ms, uint32_t node,
			     struct sim_draw *draw)
{
	struct sim_op *op = sim_plan_add(maker->plan, SIM_OP_PUBLISH, at_ms, node, 0);

	sim_op_set(op, "kind", some_kind(maker, draw));
	if (sim_draw_percent(draw, 8))
		sim_op_set(op, "urgency",
			   sim_draw_between(draw, KAI_URGENCY_NOW, KAI_URGENCY_INFO));
	set_label(maker, op, draw);
	set_content(maker, op, draw);
	set_ends(maker, op, draw);
	return op;
}

/* ---- what refers to others ---- */

/* Within a few seconds as often as any time later. */
static int64_t some_time_after(const struct sim_maker *maker, int64_t at_ms, struct sim_draw *draw)
{
	uint64_t left = maker->end_ms > at_ms ? (uint64_t)(maker->end_ms - at_ms) : 1;
	uint64_t most = sim_draw_percent(draw, 50) && left > 5000 ? 5000 : left;

	return at_ms + (int64_t)sim_draw_between(draw, 1, most);
}

/* In the thread of another, with its label, as a revision must be; two of one item are a conflict. */
static void add_revision(struct sim_maker *maker, const struct made *of, struct sim_draw *draw)
{
	static const char *const kept[] = {"kind", "tlp",  "onward", "gov",
					   "aud1", "aud2", "aud3",   "sectors"};
	struct sim_op before = maker->plan->ops[of->op];
	struct sim_op *op =
		sim_plan_add(maker->plan, SIM_OP_PUBLISH,
			     some_time_after(maker, before.at_ms, draw), before.node, 0);

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		sim_op_set(op, kept[i], sim_op_get(&before, kept[i]));
	sim_op_set(op, "ref", before.number + UINT64_C(1));
	set_content(maker, op, draw);
}

static void add_retraction(struct sim_maker *maker, const struct made *of, struct sim_draw *draw)
{
	const struct sim_op *target = &maker->plan->ops[of->op];
	int64_t at_ms = some_time_after(maker, target->at_ms, draw);
	uint64_t ref = target->number + UINT64_C(1);

	sim_op_set(sim_plan_add(maker->plan, SIM_OP_RETRACT, at_ms, target->node, 0), "ref", ref);
}

/* ---- all ---- */

/* When and where: spread over the time, or in the same moment as the one before. */
static void some_place(const struct sim_maker *maker, struct sim_draw *draw, int64_t *io_at_ms,
		       uint32_t *io_node)
{
	if (*io_at_ms > 0 && sim_draw_percent(draw, maker->style.bursts))
		return;
	*io_at_ms =
		(int64_t)sim_draw_between(draw, (uint64_t)maker->start_ms, (uint64_t)maker->end_ms);
	*io_node = (uint32_t)sim_draw_below(draw, maker->plan->node_count);
	/* half of them from those that others look to */
	if (maker->roles[*io_node] == SIM_MEMBER && sim_draw_percent(draw, 50))
		*io_node = sim_make_near(maker, *io_node, draw);
}

/* Now and then there are several of its like, published at once. */
static void add_company(struct sim_op *op, uint64_t seed, uint32_t number)
{
	struct sim_draw draw = {seed, "company", number, 0};

	if (sim_draw_percent(&draw, 4))
		sim_op_set(op, "more", sim_draw_between(&draw, 1, 4));
}

void sim_make_traffic(struct sim_maker *maker)
{
	uint32_t count = maker->recipe.items;
	struct made *made = sim_need(calloc(count + (size_t)1, sizeof(*made)));
	int64_t at_ms = 0;
	uint32_t node = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct sim_draw draw = {maker->recipe.seed, "traffic", i, 0};

		made[i].op = maker->plan->op_count;
		if (i > 0 && sim_draw_percent(&draw, maker->style.revisions)) {
			add_revision(maker, &made[sim_draw_below(&draw, i)], &draw);
			continue;
		}
		some_place(maker, &draw, &at_ms, &node);
		add_company(sim_make_item(maker, at_ms, node, &draw), maker->recipe.seed, i);
	}
	for (uint32_t i = 0; i < count; i++) {
		struct sim_draw draw = {maker->recipe.seed, "retractions", i, 0};

		if (sim_draw_percent(&draw, maker->style.retractions))
			add_retraction(maker, &made[i], &draw);
	}
	free(made);
}
