/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of the simulator as text: what is printed is read back, and nothing else is read. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "make.h"

#define SEEDS 200

static char *text_of(const struct sim_plan *plan)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	sim_plan_print(plan, to);
	assert_int_equal(fclose(to), 0);
	return text;
}

static enum kai_err read_text(const char *text, struct sim_plan **ret, struct kai_why *why)
{
	FILE *from = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(from);
	why->text[0] = '\0';
	enum kai_err err = sim_plan_read(from, ret, why);

	assert_int_equal(fclose(from), 0);
	return err;
}

static struct sim_plan *swarm(uint64_t seed)
{
	struct sim_recipe recipe = {
		.seed = seed, .topology = -1, .faults = SIM_ALL_FAULTS, .rogues = -1};
	struct sim_plan *plan = sim_plan_make(&recipe);

	assert_non_null(plan);
	return plan;
}

static void round_trip(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct sim_plan *plan = swarm(seed);
		char *text = text_of(plan);
		struct sim_plan *again;
		struct kai_why why;

		if (read_text(text, &again, &why) != KAI_ERR_OK)
			fail_msg("seed %u: %s", (unsigned)seed, why.text);
		char *second = text_of(again);

		assert_string_equal(text, second);
		assert_int_equal(again->op_count, plan->op_count);
		assert_memory_equal(again->ops, plan->ops, plan->op_count * sizeof(*plan->ops));
		assert_memory_equal(again->nodes, plan->nodes,
				    plan->node_count * sizeof(*plan->nodes));
		free(text);
		free(second);
		sim_plan_free(plan);
		sim_plan_free(again);
	}
}

static void same_seed_same_plan(void **state)
{
	(void)state;
	for (unsigned i = 0; sim_scenario_name(i) != NULL; i++) {
		struct sim_recipe recipe = {
			.seed = 7, .topology = -1, .rogues = -1, .scenario = sim_scenario_name(i)};
		struct sim_plan *first = sim_plan_make(&recipe);
		struct sim_plan *second = sim_plan_make(&recipe);
		char *one = text_of(first);
		char *two = text_of(second);

		assert_non_null(sim_scenario_text(i));
		assert_string_equal(one, two);
		free(one);
		free(two);
		sim_plan_free(first);
		sim_plan_free(second);
	}
	struct sim_recipe unknown = {.scenario = "no such scenario"};

	assert_null(sim_plan_make(&unknown));
}

#define HEAD_TO(topology_text) "kairan-sim-plan 1\ntopology " topology_text "\nseed 1\nnodes 3\n"
#define HEAD                                                                                       \
	HEAD_TO("line")                                                                            \
	"communities 1\nfaults-end 50\nlength 100\ndelay 1\njitter 0\nkbytes 0\nquota 100\n"
#define BODY HEAD "community 0 keeper=2 name=circle\n"

static const struct hostile {
	const char *text;
	const char *says; /* in the error; NULL: it is good */
} hostile[] = {
	{BODY, NULL},
	{"# a remark\n\n" BODY "\n# more\n", NULL},
	{BODY "0 at=0 agree node=1 other=2 ceil_ab=4 from=18446744073709551615\n", NULL},
	{BODY "4294967294 at=100 backup\n", NULL},
	{"", "line 0: this is no plan"},
	{"kairan-sim-plan 2\n", "line 1: this is no plan"},
	{"kairan-sim-plan 1", "line 1: the last line does not end"},
	{"kairan-sim-plan 1\n", "topology expected"},
	{HEAD_TO("star"), "line 2: unknown topology"},
	{HEAD_TO("line"), "the head is not"},
	{HEAD_TO("line") "faults-end 1\n", "the head is not"},
	{"kairan-sim-plan 1\ntopology line\nseed 1\nnodes 0\n", "line 4: the number is out"},
	{"kairan-sim-plan 1\ntopology line\nseed 1\nnodes 10001\n", "line 4: the number is out"},
	{"kairan-sim-plan 1\ntopology line\nseed 18446744073709551616\n", "the head is not"},
	{"kairan-sim-plan 1\ntopology line\nseed -1\n", "the head is not"},
	{"kairan-sim-plan 1\ntopology line\nseed 01\n", "the head is not"},
	{"kairan-sim-plan 1\ntopology line\nseed 1 \n", "the head is not"},
	{HEAD_TO("line") "communities 65\n", "line 5: the number is out"},
	{HEAD_TO("line") "communities 0\nfaults-end 101\nlength 100\ndelay 1\njitter 0\n"
			 "kbytes 0\nquota 100\n",
	 "the run ends before"},
	{HEAD_TO("line") "communities 0\nfaults-end 1\nlength 3153600000001\n",
	 "line 7: the number is out"},
	{HEAD_TO("line") "communities 0\nfaults-end 1\nlength 1\ndelay 1\njitter 0\nkbytes 0\n"
			 "quota 0\n",
	 "the number is out"},
	{HEAD, "fewer communities"},
	{HEAD "community 1 keeper=0 name=a\n", "no such community"},
	{HEAD "community 0 keeper=3 name=a\n", "keeper=NODE"},
	{HEAD "community 0 keeper=0 name=\n", "community's name"},
	{HEAD "community 0 keeper=0 name=abcdefghijklmnop\n", "community's name"},
	{HEAD "community 0 keeper=0 name=A\n", "community's name"},
	{BODY "community 1 keeper=0 name=a\n", "no such community"},
	{BODY "node 1 sector=1\n", "nodes stand before"},
	{HEAD "node 3 sector=1\n", "no such node"},
	{HEAD "node 1\n", "a plain node"},
	{HEAD "node 1 sector=1\nnode 1 sector=1\n", "no such node"},
	{HEAD "node 1 sector=8\n", "out of range"},
	{HEAD "node 1 country=2\n", "out of range"},
	{HEAD "node 1 sector=1 country=1\n", "out of order"},
	{HEAD "node 1 lies=1 lies=2\n", "out of order"},
	{HEAD "node 1 tall=1\n", "unknown name"},
	{HEAD "node 1 sector=0\n", "what is zero is left out"},
	{BODY "0 at=0 dance\n", "unknown operation"},
	{BODY "0 at=101 backup\n", "out of range"},
	{BODY "4294967295 at=1 backup\n", "out of range"},
	{BODY "x at=1 backup\n", "NUMBER at=MS"},
	{BODY "0 at= backup\n", "NUMBER at=MS"},
	{BODY "0 backup\n", "NUMBER at=MS"},
	{BODY "0 at=1 backup node=3\n", "no such node"},
	{BODY "0 at=1 cut node=1 other=3\n", "no such node"},
	{BODY "0 at=1 backup nodes=1\n", "nothing of that name"},
	{BODY "0 at=1 cut back\n", "name=value expected"},
	{BODY "0 at=1 cut =1\n", "name=value expected"},
	{BODY "0 at=1 cut back=\n", "a number is wanted"},
	{BODY "0 at=1 cut back=1x\n", "name=value expected"},
	{BODY "0 at=1 cut back=0\n", "what is zero is left out"},
	{BODY "0 at=1 cut back=1 back=2\n", "named twice"},
	{BODY "0 at=1 cut requeue=1 back=2\n", "out of order"},
	{BODY "0 at=1 cut back=18446744073709551616\n", "a number is wanted"},
	{BODY "1 at=2 backup\n0 at=1 backup\n", "by time"},
	{BODY "1 at=1 backup\n0 at=1 backup\n", "by time"},
	{BODY "1 at=1 backup\n1 at=1 backup\n", "by time"},
	{BODY "1 at=1 backup\n0 at=2 backup\n1 at=3 backup\n", "one number"},
	{BODY "0 at=1\tbackup\n", "a character that no plan has"},
	{BODY "0 at=1 backup\x7f\n", "a character that no plan has"},
	{BODY "0 at=1 backup", "the last line does not end"},
};

static void hostile_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct sim_plan *plan = NULL;
		struct kai_why why;
		enum kai_err err = read_text(hostile[i].text, &plan, &why);

		if (hostile[i].says == NULL) {
			if (err != KAI_ERR_OK)
				fail_msg("case %zu: %s", i, why.text);
			sim_plan_free(plan);
			continue;
		}
		assert_int_equal(err, KAI_ERR_INVALID);
		assert_null(plan);
		if (strstr(why.text, hostile[i].says) == NULL ||
		    strstr(why.text, "plan, line ") != why.text)
			fail_msg("case %zu: %s", i, why.text);
	}
}

static void long_lines(void **state)
{
	(void)state;
	char line[4200];
	char text[5000];
	struct sim_plan *plan = NULL;
	struct kai_why why;

	for (size_t len = 4094; len <= 4097; len++) {
		memset(line, 'x', len);
		line[0] = '#';
		line[len] = '\0';
		(void)snprintf(text, sizeof(text), "%s\n%s", line, BODY);
		enum kai_err err = read_text(text, &plan, &why);

		assert_int_equal(err, len < 4096 ? KAI_ERR_OK : KAI_ERR_INVALID);
		if (err == KAI_ERR_OK)
			sim_plan_free(plan);
		else
			assert_non_null(strstr(why.text, "too long"));
	}
}

/* Cut anywhere, a plan is either whole or refused with a word. */
static void cut_anywhere(void **state)
{
	(void)state;
	struct sim_recipe recipe = {.seed = 3,
				    .topology = -1,
				    .nodes = 5,
				    .items = 5,
				    .faults = SIM_ALL_FAULTS,
				    .rogues = 1};
	struct sim_plan *plan = sim_plan_make(&recipe);
	char *text = text_of(plan);
	size_t len = strlen(text);

	for (size_t at = 1; at < len; at++) {
		struct sim_plan *read = NULL;
		struct kai_why why;
		char was = text[at];

		text[at] = '\0';
		if (read_text(text, &read, &why) == KAI_ERR_OK) {
			assert_int_equal(text[at - 1], '\n');
			sim_plan_free(read);
		} else {
			assert_true(why.text[0] != '\0');
		}
		text[at] = was;
	}
	free(text);
	sim_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),	cmocka_unit_test(same_seed_same_plan),
		cmocka_unit_test(hostile_text), cmocka_unit_test(long_lines),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
