/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each lie alone: one rogue among five honest nodes that go on publishing. Afterwards the honest hold what they
 * hold without it and nothing that is forged, the lie was told, and where an honest end can notice it, one did.
 */
#include "test.h"
#include "kairan/rec.h"

#include <stdlib.h>
#include <string.h>

#include "rogue.h"

#define NODES 6u
#define STEP_MS (20 * KAI_MS_SECOND)
#define ITEMS 30u

/* What honest ends said of the rogue. */
struct noticed {
	uint8_t rogue[KAI_ID_LEN];
	uint64_t faults, deferred, cuts;
	const char *rule; /* the newest */
};

static void traced(struct sim *sim, void *state, struct sim_node *node,
		   const struct kai_output *output)
{
	struct noticed *noticed = state;

	(void)sim;
	if (node->rogue != NULL || !kai_id_equal(output->org, noticed->rogue))
		return;
	if (output->type == KAI_OUTPUT_CUT) {
		noticed->cuts++;
		return;
	}
	if (strcmp(output->event, "peer-fault") == 0)
		noticed->faults++;
	else if (strcmp(output->event, "item-deferred") == 0)
		noticed->deferred++;
	else
		return;
	noticed->rule = output->rule;
}

static const struct sim_checker watch = {.name = "watch", .traced = traced};

struct run {
	struct sim_plan *plan;
	struct sim *sim;
	struct noticed noticed;
	uint32_t rogue;
};

/* The node with most agreements, so that its lies have somebody to reach. */
static uint32_t busiest(const struct sim_plan *plan)
{
	unsigned count[NODES] = {0};
	uint32_t best = 0;

	for (uint32_t i = 0; i < plan->op_count; i++) {
		if (plan->ops[i].type != SIM_OP_AGREE)
			continue;
		count[plan->ops[i].node]++;
		count[plan->ops[i].other]++;
	}
	for (uint32_t i = 1; i < NODES; i++)
		best = count[i] > count[best] ? i : best;
	return best;
}

/* It suspends and resumes all its agreements, so that it has a newest word on each. */
static void say_something(struct run *run)
{
	for (uint32_t other = 0; other < NODES; other++) {
		if (other == run->rogue)
			continue;
		for (int64_t i = 0; i < 2; i++) {
			struct sim_op *op = sim_plan_add(run->plan, SIM_OP_NOTICE,
							 STEP_MS / 2 + i * 5 * KAI_MS_SECOND,
							 run->rogue, other);

			op->args[sim_op_arg(SIM_OP_NOTICE, "action")] =
				i == 0 ? KAI_NOTICE_SUSPEND : KAI_NOTICE_RESUME;
		}
	}
}

static void tell(struct run *run, enum sim_lie lie)
{
	bool flood = sim_lie_notice(lie) == SIM_NOTICE_QUOTA;

	for (int64_t i = 1; i <= (flood ? 2 : 8); i++) {
		struct sim_op *op =
			sim_plan_add(run->plan, SIM_OP_LIE, i * STEP_MS, run->rogue, run->rogue);

		op->args[sim_op_arg(SIM_OP_LIE, "what")] = lie;
		op->args[sim_op_arg(SIM_OP_LIE, "arg")] = (uint64_t)i;
	}
	if (lie == SIM_LIE_NOTICE_OLD)
		say_something(run);
	sim_plan_sort(run->plan);
	run->plan->nodes[run->rogue].lies = SIM_LIE_BIT(lie);
}

/* lie SIM_LIE_END: the same run without one. */
static void run_begin(struct run *run, enum sim_lie lie, uint64_t scale_percent)
{
	const struct sim_recipe recipe = {.seed = 7,
					  .topology = SIM_HUBS,
					  .nodes = NODES,
					  .items = ITEMS,
					  .length_ms = 10 * STEP_MS,
					  .scenario = "calm"};
	const struct sim_options options = {
		.checks = true, .observer = &watch, .observer_state = &run->noticed};

	memset(run, 0, sizeof(*run));
	run->plan = sim_plan_make(&recipe);
	assert_non_null(run->plan);
	assert_int_equal(run->plan->node_count, NODES);
	run->plan->quota_scale_percent = scale_percent;
	run->rogue = busiest(run->plan);
	if (lie != SIM_LIE_END)
		tell(run, lie);
	run->sim = sim_new(run->plan, &options);
	memcpy(run->noticed.rogue, sim_node(run->sim, run->rogue)->config.org, KAI_ID_LEN);
	sim_run(run->sim);
}

static void run_end(struct run *run)
{
	sim_free(run->sim);
	sim_plan_free(run->plan);
}

static bool holds(const struct sim *sim, uint32_t node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn;
	uint64_t arrival;
	bool held;

	assert_int_equal(kai_txn_begin(sim_node(sim, node)->store, false, &txn, NULL), KAI_ERR_OK);
	held = kai_rec_arrival(txn, id, &arrival);
	kai_txn_abort(txn);
	return held;
}

static const struct sim_item *item_of(const struct sim *sim, uint32_t op)
{
	for (uint32_t i = 0; i < sim_ledger_item_count(sim); i++) {
		const struct sim_item *item = sim_ledger_item((struct sim *)(uintptr_t)sim, i);

		if (item->op == op)
			return item;
	}
	return NULL;
}

/* What honest nodes get without the rogue's help, while it is silent, they get whatever it says. */
static void hold_the_same(const struct run *silent, const struct run *run)
{
	unsigned refused = 0;

	for (uint32_t i = 0; i < sim_ledger_item_count(silent->sim); i++) {
		const struct sim_item *item = sim_ledger_item(silent->sim, i);
		const struct sim_item *same = item_of(run->sim, item->op);

		if (item->origin == silent->rogue)
			continue;
		if (same == NULL) { /* a membership by the rogue came later: nobody could have it */
			refused++;
			continue;
		}
		for (uint32_t node = 0; node < NODES; node++) {
			if (node != silent->rogue && holds(silent->sim, node, item->id) &&
			    !holds(run->sim, node, same->id))
				fail_msg("node %u lacks what operation %u made", node, item->op);
		}
	}
	assert_in_range(refused, 0, 3);
}

/* Nothing lies in an honest store that nobody signed. */
static void hold_only_what_is_true(const struct run *run)
{
	for (uint32_t node = 0; node < NODES; node++) {
		struct kai_txn *txn;
		struct kai_scan scan;
		struct kai_span key;

		if (node == run->rogue)
			continue;
		assert_int_equal(kai_txn_begin(sim_node(run->sim, node)->store, false, &txn, NULL),
				 KAI_ERR_OK);
		kai_scan_init(&scan, txn, KAI_TABLE_IDS, kai_span(NULL, 0), kai_span(NULL, 0),
			      false);
		while (kai_scan_next(&scan, &key, NULL))
			assert_non_null(sim_ledger_find(run->sim, key.at));
		kai_txn_abort(txn);
	}
}

static void no_violation(const struct run *run)
{
	for (size_t i = 0; i < sim_violation_count(run->sim); i++) {
		const struct sim_violation_entry *entry = sim_violation_at(run->sim, i);

		print_error("%s, node %u, at %lld ms: %s\n", entry->checker, entry->node,
			    (long long)entry->at_ms, entry->text);
	}
	assert_int_equal(sim_violation_count(run->sim), 0);
}

static void one(enum sim_lie lie, const struct run *silent, uint64_t scale_percent)
{
	struct run run;
	uint64_t told;

	run_begin(&run, lie, scale_percent);
	told = sim_rogue_told(sim_node(run.sim, run.rogue)->rogue, lie);
	print_message(
		"# %-16s told %5llu, faults %3llu, deferred %3llu, cuts %2llu, newest %s\n",
		sim_lie_word(lie), (unsigned long long)told, (unsigned long long)run.noticed.faults,
		(unsigned long long)run.noticed.deferred, (unsigned long long)run.noticed.cuts,
		run.noticed.rule == NULL ? "-" : run.noticed.rule);
	hold_only_what_is_true(&run);
	hold_the_same(silent, &run);
	no_violation(&run);
	assert_true(told > 0);
	if (sim_lie_notice(lie) != SIM_NOTICE_NONE)
		assert_true(run.noticed.faults + run.noticed.deferred > 0);
	run_end(&run);
}

static void without_a_lie_nothing_is_noticed(void **state)
{
	static const uint64_t scales[] = {100, 20, 5};

	(void)state;
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		struct run run;

		run_begin(&run, SIM_LIE_END, scales[i]);
		hold_only_what_is_true(&run);
		no_violation(&run);
		assert_int_equal(run.noticed.faults + run.noticed.deferred + run.noticed.cuts, 0);
		assert_true(sim_ledger_item_count(run.sim) > ITEMS / 2);
		run_end(&run);
	}
}

/* Quotas that a burst of it passes. */
static uint64_t scale_of(enum sim_lie lie)
{
	if (lie == SIM_LIE_FLOOD_PINGS)
		return 5;
	return sim_lie_notice(lie) == SIM_NOTICE_QUOTA ? 20 : 100;
}

static void each_lie_alone(void **state)
{
	struct run silent;

	(void)state;
	run_begin(&silent, SIM_LIE_SILENT, 100);
	for (unsigned lie = 0; lie < SIM_LIE_END; lie++)
		one((enum sim_lie)lie, &silent, scale_of((enum sim_lie)lie));
	run_end(&silent);
}

static void each_lie_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (unsigned a = 0; a < SIM_LIE_END; a++) {
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(sim_lie_word((enum sim_lie)a),
						sim_lie_word((enum sim_lie)b));
		assert_true(strlen(sim_lie_text((enum sim_lie)a)) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_lie_has_a_name_of_its_own),
		cmocka_unit_test(without_a_lie_nothing_is_noticed),
		cmocka_unit_test(each_lie_alone),
	};

	return cmocka_run_group_tests_name("sim-rogue", tests, NULL, NULL);
}
