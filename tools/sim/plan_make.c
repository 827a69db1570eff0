/* SPDX-License-Identifier: Apache-2.0 */
/* From a recipe to a plan: draws by name, the table of scenarios, the mix that a seed gets. */
#include "make.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_NODES 30u
#define DEFAULT_ITEMS 120u
#define START_MS 5000 /* agreements are signed, links are up */

/*
 * From the last fault to the end, so that whatever the engine still means to do is done: SERVING 10 min (an
 * item that was wanted and of which nothing was heard is looked at again, serve.c) is the longest of its
 * waits; before it, a dead connection may have to be noticed (SILENT 45 s, link.c), dialled (at most 30 s
 * between attempts, dial.c) and greeted (HELLO 10 s); after it come the time-outs of one fetch (LONGEST 30 s,
 * fetch.h) and one more offer (PATIENCE 60 s, spread.c; a deferral waits as long, assemble.c). That is
 * 13 min 55 s in the worst order.
 */
#define SETTLE_MS (15 * KAI_MS_MINUTE)
/* A node whose clock jumped looks at the windows of its agreements within TRUST_LOOK, 1 h (trust.c). */
#define SETTLE_WINDOWS_MS (70 * KAI_MS_MINUTE)

#define YEARS_MS (3LL * 365 * KAI_MS_DAY)

/* ---- draws ---- */

uint64_t sim_draw_below(struct sim_draw *draw, uint64_t bound)
{
	return sim_random_below(draw->seed, draw->name, draw->a, draw->n++, bound);
}

uint64_t sim_draw_between(struct sim_draw *draw, uint64_t least, uint64_t most)
{
	return most <= least ? least : least + sim_draw_below(draw, most - least + 1);
}

bool sim_draw_percent(struct sim_draw *draw, unsigned percent)
{
	return sim_draw_below(draw, 100) < percent;
}

/* ---- arguments ---- */

static unsigned arg_of(const struct sim_op *op, const char *name)
{
	unsigned index = sim_op_arg(op->type, name);

	if (index == SIM_OP_ARGS) {
		(void)fprintf(stderr,
			      "kairan-sim: %s has no argument %s (a mistake in the simulator)\n",
			      sim_op_word(op->type), name);
		abort();
	}
	return index;
}

void sim_op_set(struct sim_op *op, const char *name, uint64_t value)
{
	op->args[arg_of(op, name)] = value;
}

uint64_t sim_op_get(const struct sim_op *op, const char *name)
{
	return op->args[arg_of(op, name)];
}

/* ---- scenarios ---- */

static const struct scenario {
	const char *name;
	const char *text;
	uint32_t faults; /* all of them, strongly */
	bool styled;	 /* style counts; else by the seed */
	struct sim_style style;
	int topology; /* -1: by the seed */
} scenarios[] = {
	{.name = "calm",
	 .text = "nothing goes wrong: what it costs",
	 .styled = true,
	 .style = {.alerts = 10,
		   .revisions = 10,
		   .retractions = 5,
		   .bursts = 10,
		   .attachments = 20,
		   .large = 2,
		   .clear = 40},
	 .topology = SIM_SECTORS},
	{.name = "storm",
	 .text = "alerts in bursts over slow links",
	 .faults = SIM_FAULT_BIT(DELAY),
	 .styled = true,
	 .style = {.alerts = 60,
		   .revisions = 5,
		   .retractions = 15,
		   .bursts = 80,
		   .attachments = 30,
		   .large = 20,
		   .clear = 40},
	 .topology = -1},
	{.name = "threads",
	 .text = "revisions, conflicts, retractions across partitions",
	 .faults = SIM_FAULT_BIT(PARTITION) | SIM_FAULT_BIT(CUT),
	 .styled = true,
	 .style = {.alerts = 20,
		   .revisions = 60,
		   .retractions = 40,
		   .bursts = 20,
		   .attachments = 20,
		   .large = 2,
		   .clear = 40},
	 .topology = -1},
	{.name = "expiry",
	 .text = "short lives, agreements that begin and end",
	 .faults = SIM_FAULT_BIT(WINDOW) | SIM_FAULT_BIT(CUT),
	 .styled = true,
	 .style = {.alerts = 15,
		   .revisions = 20,
		   .retractions = 20,
		   .bursts = 10,
		   .attachments = 20,
		   .large = 2,
		   .short_lives = 60,
		   .clear = 40},
	 .topology = -1},
	{.name = "signers",
	 .text = "agreements that ask for two signatures on alerts",
	 .faults = SIM_FAULT_BIT(CUT) | SIM_FAULT_BIT(CRASH),
	 .styled = true,
	 .style = {.alerts = 60,
		   .revisions = 10,
		   .retractions = 20,
		   .bursts = 10,
		   .attachments = 20,
		   .large = 2,
		   .signers = 50,
		   .clear = 40},
	 .topology = -1},
	{.name = "strangers",
	 .text = "some may not introduce: what they pass on from afar waits for a card",
	 .styled = true,
	 .style = {.alerts = 15,
		   .revisions = 10,
		   .retractions = 10,
		   .bursts = 10,
		   .attachments = 20,
		   .large = 2,
		   .strangers = 20,
		   .clear = 60},
	 .topology = -1},
	{.name = "cuts",
	 .text = "connections that end, with and without what was in flight",
	 .faults = SIM_FAULT_BIT(CUT),
	 .topology = -1},
	{.name = "partitions",
	 .text = "both ways and one way",
	 .faults = SIM_FAULT_BIT(PARTITION),
	 .topology = -1},
	{.name = "crashes",
	 .text = "at every point of a turn",
	 .faults = SIM_FAULT_BIT(CRASH),
	 .topology = -1},
	{.name = "restores",
	 .text = "from old backups",
	 .faults = SIM_FAULT_BIT(RESTORE) | SIM_FAULT_BIT(CUT),
	 .topology = -1},
	{.name = "disks",
	 .text = "full and slow",
	 .faults = SIM_FAULT_BIT(FULL) | SIM_FAULT_BIT(SLOW),
	 .topology = -1},
	{.name = "clocks",
	 .text = "ahead, behind, fast, slow, by up to three hours",
	 .faults = SIM_FAULT_BIT(CLOCK),
	 .topology = -1},
	{.name = "years", .text = "a clock three years ahead for ten seconds", .topology = -1},
	{.name = "agreements",
	 .text = "successors wider and narrower, suspended, resumed, terminated",
	 .faults = SIM_FAULT_BIT(AGREE) | SIM_FAULT_BIT(NOTICE),
	 .topology = -1},
	{.name = "memberships",
	 .text = "given, withdrawn, given again",
	 .faults = SIM_FAULT_BIT(MEMBER),
	 .topology = -1},
	{.name = "keys",
	 .text = "cards rotated, keys revoked",
	 .faults = SIM_FAULT_BIT(CARD),
	 .topology = -1},
	{.name = "quotas",
	 .text = "a twentieth of the usual ones",
	 .faults = SIM_FAULT_BIT(CUT),
	 .topology = -1},
	{.name = "drills",
	 .text = "two at once and more, beside what is live",
	 .faults = SIM_FAULT_BIT(CUT) | SIM_FAULT_BIT(CRASH),
	 .topology = -1},
	{.name = "liars",
	 .text = "a fifth of the nodes are rogues",
	 .faults = SIM_FAULT_BIT(LIAR),
	 .topology = -1},
};
#define SCENARIO_COUNT (sizeof(scenarios) / sizeof(scenarios[0]))

const char *sim_scenario_name(unsigned index)
{
	return index < SCENARIO_COUNT ? scenarios[index].name : NULL;
}

const char *sim_scenario_text(unsigned index)
{
	return index < SCENARIO_COUNT ? scenarios[index].text : NULL;
}

static const struct scenario *find_scenario(const char *name)
{
	for (size_t i = 0; i < SCENARIO_COUNT; i++) {
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	}
	return NULL;
}

/* ---- what the seed chooses ---- */

static void choose_style(struct sim_maker *maker)
{
	struct sim_draw draw = {maker->recipe.seed, "style", 0, 0};

	maker->style = (struct sim_style){
		.alerts = (unsigned)sim_draw_between(&draw, 5, 40),
		.revisions = (unsigned)sim_draw_between(&draw, 0, 35),
		.retractions = (unsigned)sim_draw_between(&draw, 0, 25),
		.bursts = (unsigned)sim_draw_between(&draw, 0, 60),
		.attachments = (unsigned)sim_draw_between(&draw, 5, 60),
		.large = (unsigned)sim_draw_between(&draw, 0, 12),
		.short_lives = (unsigned)sim_draw_between(&draw, 0, 20),
		.clear = (unsigned)sim_draw_between(&draw, 5, 60),
	};
}

/*
 * Which faults of those that the recipe allows: few kinds or many. Every kind is drawn for, so that a list
 * moves no other choice; a seed that draws none of a list gets all of it.
 */
static void choose_faults(struct sim_maker *maker)
{
	static const unsigned chances[] = {15, 35, 50, 50, 75};
	struct sim_draw draw = {maker->recipe.seed, "swarm", 0, 0};
	unsigned chance = chances[sim_draw_below(&draw, sizeof(chances) / sizeof(chances[0]))];

	for (unsigned fault = 0; fault < SIM_FAULT_END; fault++) {
		if (sim_draw_percent(&draw, chance))
			maker->faults |= 1u << fault;
	}
	maker->faults &= maker->recipe.faults;
	if (maker->faults == 0 && maker->recipe.faults != SIM_ALL_FAULTS)
		maker->faults = maker->recipe.faults;
}

static void choose_strength(struct sim_maker *maker)
{
	struct sim_draw draw = {maker->recipe.seed, "strength", 0, 0};
	unsigned most = maker->recipe.nodes / 2 + 1;
	bool strong = maker->recipe.scenario != NULL;

	for (unsigned fault = 0; fault < SIM_FAULT_END; fault++)
		maker->strength[fault] =
			(unsigned)sim_draw_between(&draw, strong ? most / 2 + 1 : 1, most);
	if (maker->recipe.rogues < 0)
		maker->recipe.rogues =
			(maker->faults & SIM_FAULT_BIT(LIAR)) == 0
				? 0
				: (int)sim_draw_between(&draw, 1, maker->recipe.nodes / 5);
}

static void choose_net(struct sim_maker *maker)
{
	struct sim_draw draw = {maker->recipe.seed, "net", 0, 0};
	struct sim_plan *plan = maker->plan;

	plan->delay_ms = (int64_t)sim_draw_between(&draw, 1, 80);
	plan->jitter_ms = sim_draw_percent(&draw, 50)
				  ? (int64_t)sim_draw_below(&draw, (uint64_t)plan->delay_ms + 1)
				  : 0;
	plan->kbytes_per_s =
		sim_draw_percent(&draw, 50) ? 0 : (int64_t)sim_draw_between(&draw, 64, 10000);
	plan->quota_scale_percent = 100;
}

static void choose_times(struct sim_maker *maker)
{
	static const int64_t lengths[] = {30, 60, 60, 180, 600}; /* seconds */
	struct sim_draw draw = {maker->recipe.seed, "times", 0, 0};
	uint64_t which = sim_draw_below(&draw, sizeof(lengths) / sizeof(lengths[0]));

	if (maker->recipe.length_ms == 0)
		maker->recipe.length_ms = lengths[which] * KAI_MS_SECOND;
	maker->start_ms = START_MS;
	maker->end_ms = START_MS + maker->recipe.length_ms;
}

static enum sim_topology choose_topology(const struct sim_recipe *recipe,
					 const struct scenario *scenario)
{
	struct sim_draw draw = {recipe->seed, "which topology", 0, 0};
	uint64_t which = sim_draw_below(&draw, SIM_TOPOLOGY_COUNT);

	if (recipe->topology >= 0 && recipe->topology < SIM_TOPOLOGY_COUNT)
		return (enum sim_topology)recipe->topology;
	if (scenario != NULL && scenario->topology >= 0)
		return (enum sim_topology)scenario->topology;
	return (enum sim_topology)which;
}

/* ---- all ---- */

/* What no list of faults says. */
static void add_special(struct sim_maker *maker, const struct scenario *scenario)
{
	if (strcmp(scenario->name, "quotas") == 0)
		maker->plan->quota_scale_percent = 5;
	if (strcmp(scenario->name, "years") == 0) {
		struct sim_op *op = sim_plan_add(maker->plan, SIM_OP_CLOCK,
						 (maker->start_ms + maker->end_ms) / 2, 0, 0);

		sim_op_set(op, "ahead", YEARS_MS);
		sim_op_set(op, "for", 10 * KAI_MS_SECOND);
	}
}

static void add_controls(struct sim_maker *maker)
{
	for (uint32_t i = 0; i < maker->recipe.items / 20; i++) {
		struct sim_draw draw = {maker->recipe.seed, "controls", i, 0};
		int64_t at_ms = (int64_t)sim_draw_between(&draw, (uint64_t)maker->start_ms,
							  (uint64_t)maker->end_ms);

		sim_plan_add(maker->plan, SIM_OP_CONTROL, at_ms,
			     (uint32_t)sim_draw_below(&draw, maker->plan->node_count), 0);
	}
}

static void set_end(struct sim_maker *maker)
{
	bool windows = (maker->faults & SIM_FAULT_BIT(CLOCK)) != 0 &&
		       (maker->faults & SIM_FAULT_BIT(WINDOW)) != 0;

	maker->plan->faults_end_ms = maker->end_ms;
	maker->plan->length_ms = maker->end_ms + (windows ? SETTLE_WINDOWS_MS : SETTLE_MS);
}

struct sim_plan *sim_plan_make(const struct sim_recipe *recipe)
{
	const struct scenario *scenario =
		recipe->scenario == NULL ? NULL : find_scenario(recipe->scenario);
	struct sim_maker maker = {.recipe = *recipe};

	if (recipe->scenario != NULL && scenario == NULL)
		return NULL;
	if (maker.recipe.nodes == 0)
		maker.recipe.nodes = DEFAULT_NODES;
	if (maker.recipe.nodes > SIM_MAX_NODES)
		maker.recipe.nodes = SIM_MAX_NODES;
	if (maker.recipe.items == 0)
		maker.recipe.items = DEFAULT_ITEMS;
	maker.plan = sim_need(calloc(1, sizeof(*maker.plan)));
	maker.plan->seed = recipe->seed;
	maker.plan->node_count = maker.recipe.nodes;
	maker.plan->topology = choose_topology(recipe, scenario);
	choose_style(&maker);
	if (scenario != NULL)
		maker.faults = scenario->faults;
	else
		choose_faults(&maker);
	if (scenario != NULL && scenario->styled)
		maker.style = scenario->style;
	choose_strength(&maker);
	choose_net(&maker);
	choose_times(&maker);
	sim_make_topology(&maker);
	sim_make_traffic(&maker);
	sim_make_faults(&maker);
	add_controls(&maker);
	if (scenario != NULL)
		add_special(&maker, scenario);
	sim_make_drills(&maker);
	set_end(&maker);
	sim_make_topology_done(&maker);
	sim_plan_sort(maker.plan);
	return maker.plan;
}
