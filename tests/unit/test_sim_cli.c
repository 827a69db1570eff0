/* SPDX-License-Identifier: Apache-2.0 */
/* What kairan-sim reads from its command line, and how it says again what it ran. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define MOST_WORDS 12

/* Words with single spaces between. */
static bool reads(enum sim_verb verb, const char *line, char *copy, size_t len, struct sim_cli *ret)
{
	char *words[MOST_WORDS];
	int count = 0;

	assert_in_range(snprintf(copy, len, "%s", line), 0, len - 1);
	for (char *rest = copy, *word; *copy != '\0' && (word = strsep(&rest, " ")) != NULL;) {
		assert_in_range(count, 0, MOST_WORDS - 1);
		words[count++] = word;
	}
	return sim_cli_read(verb, count, words, ret);
}

static const struct again_case {
	enum sim_verb verb;
	const char *line;
	bool many;
	const char *again;
} again_cases[] = {
	{SIM_VERB_RUN, "", false, "replay 1"},
	{SIM_VERB_RUN, "--seed 18446744073709551615", false, "replay 18446744073709551615"},
	{SIM_VERB_RUN, "--seed=0 --nodes=2 --items=1000000", false,
	 "replay 0 --nodes 2 --items 1000000"},
	{SIM_VERB_RUN, "--seeds 7-7 --jobs 256 --limit 1 --tap", true, "replay 1"},
	{SIM_VERB_RUN, "--fresh 1 --json", true, "replay 1"},
	{SIM_VERB_RUN, "--plan a.plan --once", false, "run --plan a.plan"},
	{SIM_VERB_REPLAY, "9 --faults all", false, "replay 9"},
	{SIM_VERB_REPLAY, "--faults none 9", false, "replay 9 --faults none"},
	{SIM_VERB_REPLAY, "9 --faults rogues,cuts,full-disks", false,
	 "replay 9 --faults cuts,full-disks,rogues"},
	{SIM_VERB_REPLAY, "9 --topology hubs --scenario calm --rogues 0 --length 1000", false,
	 "replay 9 --topology hubs --scenario calm --rogues 0 --length 1000"},
	{SIM_VERB_SHRINK, "4 --checker arrival --tries 1", false, "replay 4"},
	{SIM_VERB_SHRINK, "--plan a.plan", false, "run --plan a.plan"},
	{SIM_VERB_PLAN, "--seed 3", false, "replay 3"},
	{SIM_VERB_GROWTH, "--seed 3 --sizes 2,10000", false, "replay 3"},
	{SIM_VERB_SPREAD, "--seed 3 --item 999999 --nodes 10000", false, "replay 3 --nodes 10000"},
};

/* What is read is said again so that it reads the same. */
static void test_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(again_cases) / sizeof(again_cases[0]); i++) {
		const struct again_case *at = &again_cases[i];
		struct sim_cli cli, second;
		char copy[256], other[256], text[256] = "";

		if (!reads(at->verb, at->line, copy, sizeof(copy), &cli))
			fail_msg("refused: %s", at->line);
		assert_int_equal(cli.many, at->many);
		FILE *to = fmemopen(text, sizeof(text), "w");

		assert_non_null(to);
		sim_cli_again(&cli, cli.recipe.seed, to);
		assert_int_equal(fclose(to), 0);
		assert_int_equal(strncmp(text, "kairan-sim ", 11), 0);
		assert_string_equal(text + 11, at->again);
		bool plan = cli.plan_path != NULL;

		assert_true(reads(plan ? SIM_VERB_RUN : SIM_VERB_REPLAY, strchr(text + 11, ' ') + 1,
				  other, sizeof(other), &second));
		if (plan)
			assert_string_equal(second.plan_path, cli.plan_path);
		assert_int_equal(second.recipe.seed, cli.recipe.seed);
		assert_int_equal(second.recipe.nodes, cli.recipe.nodes);
		assert_int_equal(second.recipe.items, cli.recipe.items);
		assert_int_equal(second.recipe.topology, cli.recipe.topology);
		assert_int_equal(second.recipe.faults, cli.recipe.faults);
		assert_int_equal(second.recipe.rogues, cli.recipe.rogues);
		assert_int_equal(second.recipe.length_ms, cli.recipe.length_ms);
		assert_ptr_equal(second.recipe.scenario, cli.recipe.scenario);
	}
}

static void test_values(void **state)
{
	struct sim_cli cli;
	char copy[256];

	(void)state;
	assert_true(reads(SIM_VERB_RUN, "--seeds 3-1000000002", copy, sizeof(copy), &cli));
	assert_int_equal(cli.first, 3);
	assert_int_equal(cli.last, 1000000002);
	assert_int_equal(cli.recipe.faults, SIM_ALL_FAULTS);
	assert_true(cli.options.checks);
	assert_true(reads(SIM_VERB_RUN, "--no-checks --trace t --trace-node 9999 --trace-item 0",
			  copy, sizeof(copy), &cli));
	assert_false(cli.options.checks);
	assert_string_equal(cli.trace_path, "t");
	assert_int_equal(cli.trace_node, 9999);
	assert_int_equal(cli.trace_item, 0);
	assert_true(reads(SIM_VERB_GROWTH, "--sizes 2,3,10000", copy, sizeof(copy), &cli));
	assert_int_equal(cli.size_count, 3);
	assert_int_equal(cli.sizes[2], 10000);
}

static const struct {
	enum sim_verb verb;
	const char *line;
} refused[] = {
	/* values */
	{SIM_VERB_RUN, "--seed 18446744073709551616"},
	{SIM_VERB_RUN, "--seed -1"},
	{SIM_VERB_RUN, "--seed +1"},
	{SIM_VERB_RUN, "--seed 1x"},
	{SIM_VERB_RUN, "--seed="},
	{SIM_VERB_RUN, "--nodes 1"},
	{SIM_VERB_RUN, "--nodes 10001"},
	{SIM_VERB_RUN, "--items 0"},
	{SIM_VERB_RUN, "--seeds 4-3"},
	{SIM_VERB_RUN, "--seeds 3..4"},
	{SIM_VERB_RUN, "--seeds 3-1000000003"},
	{SIM_VERB_RUN, "--seeds 0-18446744073709551615"},
	{SIM_VERB_RUN, "--seeds 3"},
	{SIM_VERB_RUN, "--seeds -3"},
	{SIM_VERB_RUN, "--seeds 3-4-5"},
	{SIM_VERB_RUN, "--topology ring"},
	{SIM_VERB_RUN, "--scenario calms"},
	{SIM_VERB_RUN, "--faults cut"},
	{SIM_VERB_RUN, "--faults cuts,"},
	{SIM_VERB_RUN, "--faults cuts,,cards"},
	{SIM_VERB_RUN, "--faults="},
	{SIM_VERB_RUN, "--faults all,cuts"},
	{SIM_VERB_GROWTH, "--sizes 2,1"},
	{SIM_VERB_GROWTH, "--sizes 2,"},
	{SIM_VERB_GROWTH, "--sizes 2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2"},
	{SIM_VERB_RUN, "--nodes"},
	{SIM_VERB_RUN, "--once=yes"},
	/* names */
	{SIM_VERB_RUN, "--node 3"},
	{SIM_VERB_RUN, "--no-faults"},
	{SIM_VERB_RUN, "5"},
	{SIM_VERB_RUN, "-h"},
	{SIM_VERB_REPLAY, "5 --seeds 1-2"},
	{SIM_VERB_REPLAY, "5 --seed 6"},
	{SIM_VERB_PLAN, "--json"},
	{SIM_VERB_GROWTH, "--nodes 5"},
	/* what is missing, and what does not go together */
	{SIM_VERB_REPLAY, ""},
	{SIM_VERB_REPLAY, "5 6"},
	{SIM_VERB_REPLAY, "x"},
	{SIM_VERB_SHRINK, ""},
	{SIM_VERB_SHRINK, "5 --plan a.plan"},
	{SIM_VERB_RUN, "--tap"},
	{SIM_VERB_RUN, "--seed 1 --jobs 2"},
	{SIM_VERB_RUN, "--seed 1 --seeds 1-2"},
	{SIM_VERB_RUN, "--seed 1 --fresh 2"},
	{SIM_VERB_RUN, "--seed 1 --plan a.plan"},
	{SIM_VERB_RUN, "--fresh 2 --seeds 1-2"},
	{SIM_VERB_RUN, "--plan a.plan --seeds 1-2"},
	{SIM_VERB_RUN, "--plan a.plan --fresh 2"},
	{SIM_VERB_RUN, "--plan a.plan --faults none"},
	{SIM_VERB_RUN, "--plan a.plan --scenario calm"},
	{SIM_VERB_RUN, "--faults none --scenario calm"},
	{SIM_VERB_RUN, "--seeds 1-2 --trace t"},
	{SIM_VERB_RUN, "--fresh 2 --trace-node 1"},
	{SIM_VERB_RUN, "--fresh 2 --tap --json"},
	{SIM_VERB_RUN, "--seed 1 --trace -"},
	{SIM_VERB_RUN, "--seed 1 --out -"},
	{SIM_VERB_RUN, "--plan -"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct sim_cli cli;
		char copy[256];

		if (reads(refused[i].verb, refused[i].line, copy, sizeof(copy), &cli))
			fail_msg("taken: %s", refused[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
