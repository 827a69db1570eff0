/* SPDX-License-Identifier: Apache-2.0 */
/* Who agrees with whom: the reference federation, sector trees, small world, hubs, a line. */
#include "make.h"

#include <stdlib.h>
#include <string.h>

#define MOST_FAN 24u	      /* below one body, so that there is room for cross links */
#define MOST_COMMUNITIES 12u  /* all of them may stand in one direction of an agreement (16) */
#define COMMUNITY_MEMBERS 64u /* where a community is not a sector's */
#define SECTOR_MEMBERS 250u   /* where it is: a keeper knows every member's card */
#define BLOCK 30u	      /* nodes of one reference federation */
#define REFERENCE_NODES 8u

const char *const sim_sectors[] = {"kairan:energy",    "kairan:ict",	  "kairan:finance",
				   "kairan:rail",      "kairan:medical",  "kairan:water",
				   "kairan:logistics", "x-private:other", NULL};
const char *const sim_countries[SIM_COUNTRIES] = {"JP", "XX"};

uint32_t sim_sector_count(void)
{
	return (uint32_t)(sizeof(sim_sectors) / sizeof(sim_sectors[0]) - 1);
}

/* ---- joining ---- */

static bool joined(const struct sim_maker *maker, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < maker->degrees[a]; i++) {
		if (maker->near[(size_t)a * SIM_MAX_DEGREE + i] == b)
			return true;
	}
	return false;
}

/* Nothing when it would be twice, with itself, or one too many. */
static void join(struct sim_maker *maker, uint32_t a, uint32_t b)
{
	if (a == b || joined(maker, a, b) || maker->degrees[a] == SIM_MAX_DEGREE ||
	    maker->degrees[b] == SIM_MAX_DEGREE)
		return;
	if (maker->edge_count == maker->edge_cap) {
		maker->edge_cap = maker->edge_cap == 0 ? 64 : 2 * maker->edge_cap;
		maker->edges =
			sim_need(realloc(maker->edges, maker->edge_cap * sizeof(*maker->edges)));
	}
	maker->edges[maker->edge_count++] = (struct sim_tie){.a = a, .b = b};
	maker->near[(size_t)a * SIM_MAX_DEGREE + maker->degrees[a]++] = b;
	maker->near[(size_t)b * SIM_MAX_DEGREE + maker->degrees[b]++] = a;
}

uint32_t sim_make_near(const struct sim_maker *maker, uint32_t node, struct sim_draw *draw)
{
	if (maker->degrees[node] == 0)
		return node;
	return maker
		->near[(size_t)node * SIM_MAX_DEGREE + sim_draw_below(draw, maker->degrees[node])];
}

static uint32_t any_node(const struct sim_maker *maker, struct sim_draw *draw)
{
	return (uint32_t)sim_draw_below(draw, maker->plan->node_count);
}

static void cross_links(struct sim_maker *maker, uint32_t count, struct sim_draw *draw)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t a = any_node(maker, draw);

		join(maker, a, any_node(maker, draw));
	}
}

static void add_community(struct sim_maker *maker, uint32_t keeper, const char *name)
{
	struct sim_plan *plan = maker->plan;

	if (plan->community_count == MOST_COMMUNITIES)
		return;
	struct sim_community *community = &plan->communities[plan->community_count];

	community->keeper = keeper;
	(void)snprintf(community->name, sizeof(community->name), "%s-%u", name,
		       (unsigned)plan->community_count++);
}

/* Once, and not the keeper, who is one without saying so. */
static void member(struct sim_maker *maker, uint32_t community, uint32_t node)
{
	struct sim_plan *plan = maker->plan;
	uint32_t keeper = plan->communities[community].keeper;

	for (uint32_t i = 0; i < plan->op_count; i++) {
		const struct sim_op *op = &plan->ops[i];

		if (op->type == SIM_OP_MEMBER && op->other == node &&
		    sim_op_get(op, "community") == community)
			return;
	}
	if (node != keeper)
		sim_op_set(sim_plan_add(plan, SIM_OP_MEMBER, 0, keeper, node), "community",
			   community);
}

/* ---- the reference federation ---- */

enum { CENTRE, GOV_A, GOV_B, KEEPER_A, MEMBER_A, MEMBER_B, MEMBER_C, ABROAD };

/*
 * domain.md's fifteen. The last two are there as contingency only; here each agreement may have a clause, or be
 * nothing but one, so theirs are drawn like the others. Every beginning of the list of nodes is connected.
 */
static const uint8_t reference_edges[][2] = {
	{CENTRE, GOV_A},      {CENTRE, GOV_B},	    {KEEPER_A, GOV_A},	  {MEMBER_A, KEEPER_A},
	{MEMBER_B, KEEPER_A}, {MEMBER_A, GOV_A},    {MEMBER_B, GOV_A},	  {GOV_A, GOV_B},
	{MEMBER_C, GOV_B},    {MEMBER_A, MEMBER_B}, {MEMBER_A, MEMBER_C}, {CENTRE, ABROAD},
	{KEEPER_A, ABROAD},   {KEEPER_A, CENTRE},   {MEMBER_C, CENTRE},
};

static const struct {
	enum sim_role role;
	uint8_t sector;
} reference_roles[REFERENCE_NODES] = {
	[CENTRE] = {SIM_GOVERNMENT, 0}, [GOV_A] = {SIM_GOVERNMENT, 0},
	[GOV_B] = {SIM_GOVERNMENT, 1},	[KEEPER_A] = {SIM_KEEPER, 0},
	[MEMBER_A] = {SIM_MEMBER, 0},	[MEMBER_B] = {SIM_MEMBER, 0},
	[MEMBER_C] = {SIM_MEMBER, 1},	[ABROAD] = {SIM_ABROAD, 7},
};

static void reference_block(struct sim_maker *maker, uint32_t base, uint32_t count)
{
	struct sim_plan *plan = maker->plan;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t as = i < REFERENCE_NODES ? i : (uint32_t)MEMBER_B;

		maker->roles[base + i] = (uint8_t)reference_roles[as].role;
		plan->nodes[base + i].sector = reference_roles[as].sector;
		plan->nodes[base + i].country = as == ABROAD;
	}
	for (size_t i = 0; i < sizeof(reference_edges) / sizeof(reference_edges[0]); i++) {
		uint32_t a = reference_edges[i][0];
		uint32_t b = reference_edges[i][1];

		if (a < count && b < count)
			join(maker, base + a, base + b);
	}
	for (uint32_t i = REFERENCE_NODES; i < count; i++) {
		join(maker, base + i, base + KEEPER_A);
		join(maker, base + i, base + GOV_A);
	}
	if (count > KEEPER_A)
		add_community(maker, base + KEEPER_A, "power");
}

/* Several federations are a chain: the partner abroad of one is the centre of the next. */
static void make_reference(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_plan *plan = maker->plan;
	uint32_t base = 0;

	(void)draw;
	while (base < plan->node_count) {
		uint32_t left = plan->node_count - base;
		uint32_t count = left < BLOCK + REFERENCE_NODES ? left : BLOCK;
		uint32_t keepers = plan->community_count;

		reference_block(maker, base, count);
		if (base > 0)
			join(maker, base - BLOCK + ABROAD, base + CENTRE);
		for (uint32_t i = MEMBER_A; keepers < plan->community_count && i < count; i++) {
			if (i != MEMBER_C && i != ABROAD)
				member(maker, keepers, base + i);
		}
		base += count;
	}
}

/* ---- sector trees ---- */

struct tree {
	uint32_t sectors, fan;
	uint32_t first; /* sector 0's body; the other bodies follow, then the rest in turn */
};

static uint32_t tree_sector(const struct tree *tree, uint32_t node)
{
	return (node - tree->first) % tree->sectors;
}

/* In its sector a heap: the body is place 0, the others stand below it, `fan` under each. */
static uint32_t tree_parent(const struct tree *tree, uint32_t node)
{
	uint32_t place = (node - tree->first) / tree->sectors;

	return tree->first + (place - 1) / tree->fan * tree->sectors + tree_sector(tree, node);
}

static void tree_nodes(struct sim_maker *maker, const struct tree *tree, struct sim_draw *draw)
{
	struct sim_plan *plan = maker->plan;

	for (uint32_t i = tree->first; i < plan->node_count; i++) {
		uint32_t sector = tree_sector(tree, i);

		plan->nodes[i].sector = (uint8_t)sector;
		maker->roles[i] = SIM_MEMBER;
		if (i < tree->first + tree->sectors) {
			maker->roles[i] = SIM_KEEPER;
			add_community(maker, i, sim_sectors[sector] + strlen("kairan:"));
			continue;
		}
		uint32_t parent = tree_parent(tree, i);

		maker->roles[parent] = SIM_KEEPER;
		join(maker, parent, i);
		if ((i - tree->first) / tree->sectors <= SECTOR_MEMBERS &&
		    sim_draw_percent(draw, 90))
			member(maker, sector, i);
	}
}

static void make_sectors(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_plan *plan = maker->plan;
	uint32_t count = plan->node_count;
	struct tree tree = {.sectors = count / 12, .fan = MOST_FAN};

	if (tree.sectors > 6)
		tree.sectors = 6;
	if (tree.sectors < 1)
		tree.sectors = 1;
	if (count < 1000)
		tree.fan = (uint32_t)sim_draw_between(draw, 3, MOST_FAN);
	tree.first =
		count < 10 ? 0 : tree.sectors + 1; /* a centre, and a government body a sector */
	for (uint32_t i = 0; i < tree.first; i++) {
		maker->roles[i] = SIM_GOVERNMENT;
		plan->nodes[i].sector = (uint8_t)(i == 0 ? 0 : i - 1);
		for (uint32_t k = 0; k < i; k++)
			join(maker, k, i);
		if (i > 0)
			join(maker, i, tree.first + i - 1);
	}
	tree_nodes(maker, &tree, draw);
	cross_links(maker, count / 4, draw);
}

/* ---- the others ---- */

static void some_roles(struct sim_maker *maker, struct sim_draw *draw)
{
	struct sim_plan *plan = maker->plan;

	for (uint32_t i = 0; i < plan->node_count; i++) {
		uint64_t what = sim_draw_below(draw, 100);

		maker->roles[i] = (uint8_t)(what < 60	? SIM_MEMBER
					    : what < 85 ? SIM_KEEPER
					    : what < 95 ? SIM_GOVERNMENT
							: SIM_ABROAD);
		plan->nodes[i].country = maker->roles[i] == SIM_ABROAD;
		plan->nodes[i].sector = (uint8_t)sim_draw_below(draw, sim_sector_count());
	}
}

static void some_communities(struct sim_maker *maker, struct sim_draw *draw)
{
	uint32_t nodes = maker->plan->node_count;
	uint32_t count = nodes / 8 < 6 ? nodes / 8 : 6;

	for (uint32_t i = 0; i <= count && nodes > 1; i++) {
		uint32_t keeper = any_node(maker, draw);
		uint32_t members = (uint32_t)sim_draw_between(draw, 1, COMMUNITY_MEMBERS);

		add_community(maker, keeper, "circle");
		if (members > nodes / 2)
			members = nodes / 2;
		/* those that it knows, and others */
		for (uint32_t k = 0; k < members; k++)
			member(maker, i,
			       k % 2 == 0 ? sim_make_near(maker, keeper, draw)
					  : any_node(maker, draw));
	}
}

/* Watts and Strogatz, 1998, but the ring itself is never rewired: it stays connected. */
static void make_small_world(struct sim_maker *maker, struct sim_draw *draw)
{
	uint32_t count = maker->plan->node_count;

	some_roles(maker, draw);
	for (uint32_t i = 0; i < count; i++)
		join(maker, i, (i + 1) % count);
	for (uint32_t i = 0; i < count; i++)
		join(maker, i,
		     sim_draw_percent(draw, 15) ? any_node(maker, draw) : (i + 2) % count);
	some_communities(maker, draw);
}

/* A clique, and below it trees. */
static void make_hubs(struct sim_maker *maker, struct sim_draw *draw)
{
	uint32_t count = maker->plan->node_count;
	uint32_t hubs = count / 8 < 20 ? count / 8 : 20;
	uint32_t fan;

	some_roles(maker, draw);
	if (hubs == 0)
		hubs = 1;
	fan = (count - hubs) / hubs + 1;
	if (fan > MOST_FAN)
		fan = MOST_FAN;
	for (uint32_t i = 0; i < count; i++) {
		if (i >= hubs) {
			join(maker, (i - hubs) / fan, i);
			continue;
		}
		maker->roles[i] = SIM_KEEPER;
		for (uint32_t k = 0; k < i; k++)
			join(maker, k, i);
	}
	some_communities(maker, draw);
}

static void make_line(struct sim_maker *maker, struct sim_draw *draw)
{
	some_roles(maker, draw);
	for (uint32_t i = 1; i < maker->plan->node_count; i++)
		join(maker, i - 1, i);
	some_communities(maker, draw);
}

/* ---- terms ---- */

static unsigned rank(uint8_t role)
{
	switch ((enum sim_role)role) {
	case SIM_MEMBER:
		return 0;
	case SIM_KEEPER:
		return 1;
	case SIM_GOVERNMENT:
		return 2;
	case SIM_ABROAD:
		return 3;
	}
	return 0;
}

static void set_side(struct sim_op *op, const char *name, const char *side, uint64_t value)
{
	char whole[32];

	(void)snprintf(whole, sizeof(whole), "%s_%s", name, side);
	sim_op_set(op, whole, value);
}

static uint64_t some_kinds(struct sim_draw *draw)
{
	/* bits 1 to 11; 0: all */
	return sim_draw_percent(draw, 85) ? 0 : (sim_draw_below(draw, 1u << 11) | 2u) << 1;
}

static uint64_t some_sectors(const struct sim_maker *maker, const struct sim_op *op,
			     struct sim_draw *draw)
{
	const struct sim_plan_node *nodes = maker->plan->nodes;

	if (sim_draw_percent(draw, 80))
		return 0; /* any */
	return UINT64_C(1) << nodes[op->node].sector | UINT64_C(1) << nodes[op->other].sector |
	       UINT64_C(1) << sim_draw_below(draw, sim_sector_count());
}

/* 0: the most restricted may pass */
static uint64_t some_ceiling(struct sim_draw *draw)
{
	uint64_t what = sim_draw_below(draw, 100);

	return what < 60   ? 0
	       : what < 70 ? KAI_TLP_AMBER_STRICT
	       : what < 85 ? KAI_TLP_AMBER
	       : what < 95 ? KAI_TLP_GREEN
			   : KAI_TLP_CLEAR;
}

/* 0: any */
static uint64_t some_onward(struct sim_draw *draw)
{
	uint64_t what = sim_draw_below(draw, 100);

	return what < 75   ? 0
	       : what < 85 ? KAI_ONWARD_COMMUNITY
	       : what < 93 ? KAI_ONWARD_CONSTITUENCY
			   : KAI_ONWARD_NONE;
}

static uint64_t some_communities_of(const struct sim_maker *maker, struct sim_draw *draw)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < maker->plan->community_count; i++) {
		if (sim_draw_percent(draw, 85))
			bits |= UINT64_C(1) << i;
	}
	return bits;
}

static void direction(struct sim_maker *maker, struct sim_op *op, struct sim_draw *draw, bool ab)
{
	const char *side = ab ? "ab" : "ba";
	unsigned from = rank(maker->roles[ab ? op->node : op->other]);
	unsigned to = rank(maker->roles[ab ? op->other : op->node]);

	set_side(op, "kinds", side, some_kinds(draw));
	set_side(op, "sectors", side, some_sectors(maker, op, draw));
	set_side(op, "ceil", side, some_ceiling(draw));
	set_side(op, "onward", side, some_onward(draw));
	set_side(op, "communities", side, some_communities_of(maker, draw));
	/* a keeper's members, a government's charges; others seldom */
	set_side(op, "constituency", side,
		 sim_draw_percent(draw, from > to && from < 3 ? 85 : 5) ? 1 : 0);
}

/* Some agreements ask for something, most of one or two duties. */
static uint64_t some_duties(struct sim_draw *draw)
{
	uint64_t bits = 0;

	if (!sim_draw_percent(draw, 60))
		return 0;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t one = 1 + sim_draw_below(draw, 3);

		one |= (1 + sim_draw_below(draw, 3)) << 2;
		one |= sim_draw_below(draw, 8) << 4;
		one |= sim_draw_below(draw, 2) << 7;
		if (sim_draw_percent(draw, i < 2 ? 60 : 25))
			bits |= one << (SIM_DUTY_BITS * i);
	}
	return bits;
}

/* In one seed of four some agreements let an end carry what others, or it, made, and some let nothing else pass. */
static uint64_t some_clause(struct sim_maker *maker, const struct sim_op *op)
{
	struct sim_draw whether = {maker->recipe.seed, "contingency", 0, 0};
	struct sim_draw draw = {maker->recipe.seed, "clauses", op->number, 0};
	bool to_a = sim_draw_percent(&draw, 50);
	uint32_t carrier = to_a ? op->other : op->node;
	uint32_t receiver = to_a ? op->node : op->other;
	uint32_t from =
		sim_draw_percent(&draw, 50) ? carrier : sim_make_near(maker, carrier, &draw);

	if (!sim_draw_percent(&whether, 25) || !sim_draw_percent(&draw, 50) || from == receiver)
		return 0;
	return (uint64_t)from + 1 + ((uint64_t)to_a << 24) +
	       ((uint64_t)sim_draw_percent(&draw, 50) << 25) + (sim_draw_below(&draw, 3) << 26) +
	       (sim_draw_below(&draw, 6) << 30) + (sim_draw_below(&draw, 4) << 34) +
	       (sim_draw_percent(&draw, 75) ? 0 : sim_draw_below(&draw, 1u << 12) << 40);
}

void sim_make_terms(struct sim_maker *maker, struct sim_op *op, struct sim_draw *draw)
{
	const struct sim_plan_node *nodes = maker->plan->nodes;

	direction(maker, op, draw, true);
	direction(maker, op, draw, false);
	sim_op_set(op, "government_a", maker->roles[op->node] == SIM_GOVERNMENT);
	sim_op_set(op, "government_b", maker->roles[op->other] == SIM_GOVERNMENT);
	sim_op_set(op, "abroad_a", nodes[op->node].country);
	sim_op_set(op, "abroad_b", nodes[op->other].country);
	sim_op_set(op, "introduce_a", !sim_draw_percent(draw, maker->style.strangers));
	sim_op_set(op, "introduce_b", !sim_draw_percent(draw, maker->style.strangers));
	sim_op_set(op, "signers", sim_draw_percent(draw, maker->style.signers) ? 2 : 0);
	/* drawn beside the rest, which stays as it is without them */
	struct sim_draw duties = {maker->recipe.seed, "duties", op->number, 0};

	sim_op_set(op, "duties", some_duties(&duties));
	sim_op_set(op, "clause", some_clause(maker, op));
}

/* The set-up's agreements, in the order of the edges; either end proposes. */
static void agree_all(struct sim_maker *maker)
{
	for (uint32_t i = 0; i < maker->edge_count; i++) {
		struct sim_draw draw = {maker->recipe.seed, "terms", i, 0};
		struct sim_tie *edge = &maker->edges[i];
		bool turned = sim_draw_percent(&draw, 50);
		struct sim_op *op =
			sim_plan_add(maker->plan, SIM_OP_AGREE, 0, turned ? edge->b : edge->a,
				     turned ? edge->a : edge->b);

		sim_make_terms(maker, op, &draw);
		edge->last = op->number + 1;
	}
}

void sim_make_topology(struct sim_maker *maker)
{
	struct sim_plan *plan = maker->plan;
	struct sim_draw draw = {maker->recipe.seed, "topology", 0, 0};

	plan->nodes = sim_need(calloc(plan->node_count, sizeof(*plan->nodes)));
	plan->communities = sim_need(calloc(SIM_MAX_COMMUNITIES, sizeof(*plan->communities)));
	maker->roles = sim_need(calloc(plan->node_count, 1));
	maker->degrees = sim_need(calloc(plan->node_count, sizeof(*maker->degrees)));
	maker->near =
		sim_need(calloc((size_t)plan->node_count * SIM_MAX_DEGREE, sizeof(*maker->near)));
	switch (plan->topology) {
	case SIM_REFERENCE:
		make_reference(maker, &draw);
		break;
	case SIM_SECTORS:
		make_sectors(maker, &draw);
		break;
	case SIM_SMALL_WORLD:
		make_small_world(maker, &draw);
		break;
	case SIM_HUBS:
		make_hubs(maker, &draw);
		break;
	case SIM_LINE:
	case SIM_TOPOLOGY_COUNT:
		make_line(maker, &draw);
		break;
	}
	agree_all(maker);
}

void sim_make_topology_done(struct sim_maker *maker)
{
	free(maker->roles);
	free(maker->degrees);
	free(maker->near);
	free(maker->edges);
}
