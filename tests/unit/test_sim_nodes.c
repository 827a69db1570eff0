/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulator says of nodes is so: crashes, restores, disks, clocks, new cards. */
#include "trio.h"

#include <stdio.h>
#include <string.h>

#include "kairan/records.h"

/* ---- crashes ---- */

/* The only node's turn that is made to fail is the one that publishes. */
static const struct crash_case {
	enum sim_crash_point point;
	bool committed; /* by the crash */
	bool some_left;
} crash_cases[] = {{SIM_CRASH_MID_TURN, false, false},
		   {SIM_CRASH_UNSENT, true, false},
		   {SIM_CRASH_HALF_SENT, true, true}};

static void test_crash_points(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(crash_cases) / sizeof(crash_cases[0]); i++) {
		const struct crash_case *at = &crash_cases[i];
		struct trio trio = {0};
		char more[512];
		unsigned pushed = 0, before = 0;

		/* Two alerts in one turn: two pushes want to leave it. */
		(void)snprintf(more, sizeof(more),
			       "10 at=20000 crash node=0 point=%d nth=1 back=5000\n"
			       "11 at=20000 publish node=0 kind=2 tlp=5 main=100\n"
			       "12 at=20000 publish node=0 kind=2 tlp=5 main=200\n",
			       (int)at->point);
		trio_run(&trio, 1, more);
		for (size_t f = 0; f < trio.frame_count; f++) {
			const struct seen *seen = &trio.frames[f];

			if (seen->frame.from != 0 || seen->frame.type != KAI_MSG_PUSH)
				continue;
			pushed++;
			before += seen->frame.sent_ms < 25000;
		}
		assert_int_equal(trio.starts[0], 2);
		assert_int_equal(before, at->some_left ? 1 : 0);
		assert_true(pushed >= 2);
		for (uint32_t node = 0; node < 3; node++)
			assert_int_equal(trio_held(&trio, node), 2);
		trio_end(&trio);
	}
}

/* Between turns nothing is lost but the links; what had left still arrives. */
static void test_crash_idle(void **state)
{
	struct trio trio = {0};

	(void)state;
	trio_run(&trio, 1,
		 "10 at=20000 publish node=0 kind=2 tlp=5 main=100\n"
		 "11 at=20010 crash node=0 back=5000\n");
	assert_int_equal(trio.starts[0], 2);
	for (size_t f = 0; f < trio.frame_count; f++) {
		const struct seen *seen = &trio.frames[f];

		if (seen->frame.from == 0 && seen->frame.type == KAI_MSG_PUSH &&
		    seen->frame.sent_ms < 20010)
			assert_in_range(seen->received_ms, 20010, 20100);
		if (seen->frame.from == 0)
			assert_false(seen->frame.sent_ms >= 20010 && seen->frame.sent_ms < 25010);
		if (seen->frame.to == 0 && seen->received_ms >= 0)
			assert_false(seen->received_ms >= 20010 && seen->received_ms < 25010);
	}
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(trio_held(&trio, node), 1);
	trio_end(&trio);
}

/* ---- the store ---- */

static void epoch_of(const struct sim_node *node, uint8_t ret[16])
{
	struct kai_key key = kai_key_word(KAI_META_EPOCH);
	struct kai_span epoch;
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(node->store, false, &txn, NULL), KAI_ERR_OK);
	assert_true(kai_txn_get(txn, KAI_TABLE_META, kai_key_span(&key), &epoch));
	assert_int_equal(epoch.len, 16);
	memcpy(ret, epoch.at, 16);
	kai_txn_abort(txn);
}

static bool note_epoch(struct sim *sim, struct trio *trio, struct sim_node *node)
{
	if (node->number != 1 || sim_now(sim) < 15000)
		return false;
	epoch_of(node, trio->more);
	return true;
}

/* What it had taken since the backup comes again. */
static void test_restore(void **state)
{
	uint8_t before[16], after[16];
	struct trio trio = {.at_turn = note_epoch, .more = before};

	(void)state;
	trio_run(&trio, 1,
		 "10 at=5000 publish node=0 kind=1 tlp=5 main=100\n"
		 "11 at=10000 backup node=1\n"
		 "12 at=15000 publish node=0 kind=1 tlp=5 main=100\n"
		 "13 at=15000 publish node=2 kind=1 tlp=5 main=100\n"
		 "14 at=15000 publish node=1 kind=1 tlp=5 main=100\n"
		 "15 at=30000 restore node=1\n"
		 "16 at=30500 restore node=0\n");
	assert_int_equal(trio.restores[1], 1);
	assert_int_equal(trio.restores[0], 0); /* there is no backup of it */
	assert_int_equal(sim_node(trio.sim, 1)->epochs, 1);
	epoch_of(sim_node(trio.sim, 1), after);
	assert_memory_not_equal(before, after, 16);
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(trio_held(&trio, node), 4);
	trio_end(&trio);
}

/* Full: nothing leaves and nothing comes in, requests wait, and then all is well. */
static void test_full(void **state)
{
	struct trio trio = {0};

	(void)state;
	trio_run(&trio, 1,
		 "10 at=10000 full node=1 for=20000\n"
		 "11 at=11000 publish node=0 kind=2 tlp=5 main=100\n"
		 "12 at=12000 publish node=1 kind=2 tlp=5 main=100\n"
		 "13 at=12000 slow node=2 commit=700 for=30000\n");
	for (size_t f = 0; f < trio.frame_count; f++) {
		const struct seen *seen = &trio.frames[f];

		if (seen->frame.from == 1)
			assert_false(seen->frame.sent_ms >= 11100 && seen->frame.sent_ms < 30000);
		if (seen->frame.to == 1 && seen->received_ms >= 0)
			assert_false(seen->received_ms >= 11100 && seen->received_ms < 30000);
	}
	assert_true(trio.starts[1] > 1);
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(trio_held(&trio, node), 2);
	trio_end(&trio);
}

/* A slow disk: nothing leaves before the commit is through, and no other turn begins meanwhile. */
static void test_slow(void **state)
{
	struct trio trio = {0};
	int64_t pushed_ms = 0;

	(void)state;
	trio_run(&trio, 1,
		 "10 at=10000 slow node=0 commit=3000 for=20000\n"
		 "11 at=12000 publish node=0 kind=2 tlp=5 main=100\n");
	for (size_t f = 0; f < trio.frame_count; f++)
		if (trio.frames[f].frame.from == 0 && trio.frames[f].frame.type == KAI_MSG_PUSH)
			pushed_ms = trio.frames[f].frame.sent_ms;
	assert_in_range(pushed_ms, 15000, 18000);
	trio_end(&trio);
}

static bool look_at_clock(struct sim *sim, struct trio *trio, struct sim_node *node)
{
	int64_t off_ms = sim_wall(node).ms - SIM_WALL_MS - sim_now(sim);
	int64_t now_ms = sim_now(sim);

	(void)trio;
	if (node->number != 0)
		assert_int_equal(off_ms, 0);
	else if (now_ms >= 10000 && now_ms < 20000)
		assert_int_equal(off_ms, 600000 + (now_ms - 10000) / 1000);
	else
		assert_int_equal(off_ms, 0);
	return false;
}

static void test_clock(void **state)
{
	struct trio trio = {.at_turn = look_at_clock};

	(void)state;
	trio_run(&trio, 1,
		 "10 at=10000 clock node=0 ahead=600000 ppm_fast=1000 for=10000\n"
		 "11 at=12000 publish node=0 kind=2 tlp=5 main=100\n"
		 "12 at=14000 publish node=0 kind=2 tlp=5 main=100\n");
	assert_true(trio.turns[0] > 5);
	trio_end(&trio);
}

/* A stolen key: a new card, a new key, and items under it are taken. */
static void test_card(void **state)
{
	struct trio trio = {0};

	(void)state;
	trio_run(&trio, 1,
		 "10 at=10000 card node=0 revoke=1\n"
		 "11 at=15000 publish node=0 kind=1 tlp=5 main=100\n"
		 "12 at=20000 card node=0\n"
		 "13 at=25000 publish node=0 kind=1 tlp=5 main=100\n");
	assert_int_equal(sim_node(trio.sim, 0)->org.card_serial, 3);
	assert_int_equal(trio.starts[0], 2);
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(trio_held(&trio, node), 2);
	trio_end(&trio);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash_points), cmocka_unit_test(test_crash_idle),
		cmocka_unit_test(test_restore),	     cmocka_unit_test(test_full),
		cmocka_unit_test(test_slow),	     cmocka_unit_test(test_clock),
		cmocka_unit_test(test_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
