/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's ground: the same seed gives the same bytes, whatever else runs. */
#include "trio.h"

#include <string.h>

#define TRAFFIC                                                                                    \
	"10 at=5000 publish node=0 kind=1 tlp=5 main=900\n"                                        \
	"11 at=6000 publish node=2 kind=2 tlp=5 main=400 size1=9000\n"                             \
	"12 at=9000 cut node=0 other=1 back=700 requeue=50\n"                                      \
	"13 at=9010 publish node=1 kind=1 tlp=5 main=300\n"                                        \
	"14 at=20000 crash node=1 point=2 nth=3 back=2000\n"                                       \
	"15 at=30000 clock node=2 ahead=600000 ppm_fast=200 for=9000\n"                            \
	"16 at=31000 publish node=2 kind=1 tlp=5 main=100\n"

static void digest_of(uint64_t seed, uint8_t ret[KAI_ID_LEN])
{
	struct trio trio = {0};

	trio_run(&trio, seed, TRAFFIC);
	memcpy(ret, sim_figures(trio.sim)->digest, KAI_ID_LEN);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(trio_held(&trio, i), 4);
	trio_end(&trio);
}

static void test_same_seed(void **state)
{
	uint8_t first[KAI_ID_LEN], again[KAI_ID_LEN], other[KAI_ID_LEN];

	(void)state;
	digest_of(7, first);
	digest_of(7, again);
	digest_of(8, other);
	assert_memory_equal(first, again, KAI_ID_LEN);
	assert_memory_not_equal(first, other, KAI_ID_LEN);
}

static bool run_another(struct sim *sim, struct trio *trio, struct sim_node *node)
{
	(void)node;
	if (sim_now(sim) < 6000)
		return false;
	digest_of(8, trio->more);
	return true;
}

/* One world runs from begin to end inside a turn of another. */
static void test_two_worlds(void **state)
{
	struct trio trio = {.at_turn = run_another};
	uint8_t alone[KAI_ID_LEN], inside[KAI_ID_LEN], outside[KAI_ID_LEN];

	(void)state;
	trio.more = inside;
	trio_run(&trio, 7, TRAFFIC);
	assert_null(trio.at_turn);
	memcpy(outside, sim_figures(trio.sim)->digest, KAI_ID_LEN);
	trio_end(&trio);
	digest_of(7, alone);
	assert_memory_equal(outside, alone, KAI_ID_LEN);
	digest_of(8, alone);
	assert_memory_equal(inside, alone, KAI_ID_LEN);
}

static void test_random(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	sim_random(1, "x", 2, 3, a, 64);
	sim_random(1, "x", 2, 3, b, 64);
	assert_memory_equal(a, b, 64);
	sim_random(1, "x", 2, 4, b, 64);
	assert_memory_not_equal(a, b, 64);
	sim_random(1, "x", 3, 3, b, 64);
	assert_memory_not_equal(a, b, 64);
	sim_random(1, "y", 2, 3, b, 64);
	assert_memory_not_equal(a, b, 64);
	sim_random(2, "x", 2, 3, b, 64);
	assert_memory_not_equal(a, b, 64);
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(sim_random_below(1, "x", i, 0, 1), 0);
		assert_in_range(sim_random_below(1, "x", i, 0, 7), 0, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_same_seed),
		cmocka_unit_test(test_two_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
