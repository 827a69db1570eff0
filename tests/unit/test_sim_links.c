/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulator says of links is so: order, lanes, cuts and what they lose, partitions. */
#include "trio.h"

#include <stdio.h>

static bool is_bulk(const struct sim_frame *frame)
{
	return frame->type == KAI_MSG_OFFER || frame->type == KAI_MSG_CHUNK;
}

/* Frames of one direction and lane are read in the order in which they were sent. */
static void test_no_overtaking(void **state)
{
	struct trio trio = {0};
	uint64_t last[3][3][2][2] = {{{{0}}}};
	size_t checked = 0;

	(void)state;
	trio_run(&trio, 3,
		 "10 at=4000 delay node=0 other=1 ms=30 jitter=200 kbytes=30 for=40000\n"
		 "11 at=5000 publish node=0 kind=1 tlp=5 main=9000 size1=200000 size2=100000\n"
		 "12 at=5100 publish node=0 kind=1 tlp=5 main=9000 size1=200000 size2=100000\n"
		 "13 at=5200 publish node=0 kind=2 tlp=5 main=3000\n"
		 "14 at=5300 publish node=2 kind=2 tlp=5 main=3000\n");
	for (size_t i = 0; i < trio.frame_count; i++) {
		const struct seen *seen = &trio.frames[i];
		const struct sim_frame *frame = &seen->frame;
		uint64_t *before = &last[frame->from][frame->to][frame->urgent][is_bulk(frame)];

		if (seen->received_ms < 0)
			continue;
		assert_true(seen->received_order > *before);
		*before = seen->received_order;
		checked++;
	}
	assert_true(checked > 100);
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(trio_held(&trio, node), 4);
	trio_end(&trio);
}

/* An alert passes what still waits for a slow link. */
static void test_alert_passes(void **state)
{
	struct trio trio = {0};
	int64_t alert_ms = 0, last_ms = 0;

	(void)state;
	trio_run(&trio, 3,
		 "10 at=4000 delay node=0 other=1 ms=5 kbytes=10 for=50000\n"
		 "11 at=5000 publish node=0 kind=1 tlp=5 main=9000 size1=200000\n"
		 "12 at=9000 publish node=0 kind=2 tlp=5 main=1000\n");
	for (size_t i = 0; i < trio.frame_count; i++) {
		const struct seen *seen = &trio.frames[i];

		if (seen->frame.from != 0 || seen->received_ms < 0)
			continue;
		if (seen->frame.type == KAI_MSG_PUSH)
			alert_ms = seen->received_ms;
		if (seen->frame.type == KAI_MSG_CHUNK)
			last_ms = seen->received_ms;
	}
	/* 200 kB at 10 kB a second; the alert waits for one chunk at most. */
	assert_in_range(last_ms, 25000, 40000);
	assert_in_range(alert_ms, 9000, 9000 + 6700 + 500);
	trio_end(&trio);
}

struct cut_count {
	unsigned under_way, arrived, late;
};

/* What had left and not arrived by the cut, and what became of it. */
static struct cut_count cut_with(const char *requeue, uint64_t seed)
{
	struct trio trio = {0};
	struct cut_count count = {0};
	char more[512];
	uint64_t last[2] = {0};

	(void)snprintf(more, sizeof(more),
		       "10 at=4000 delay node=0 other=1 ms=1000 for=50000\n"
		       "11 at=9000 publish node=0 kind=2 tlp=5 main=100\n"
		       "12 at=9200 publish node=0 kind=2 tlp=5 main=100\n"
		       "13 at=9300 publish node=1 kind=2 tlp=5 main=100\n"
		       "14 at=9400 publish node=0 kind=2 tlp=5 main=100\n"
		       "15 at=9500 cut node=0 other=1 back=3000 requeue=%s\n",
		       requeue);
	trio_run(&trio, seed, more);
	for (size_t i = 0; i < trio.frame_count; i++) {
		const struct seen *seen = &trio.frames[i];

		if (seen->frame.from > 1 || seen->frame.to > 1 || seen->frame.sent_ms > 9500)
			continue;
		if (seen->received_ms >= 0 && seen->received_ms <= 9500)
			continue;
		count.under_way++;
		if (seen->received_ms < 0)
			continue;
		count.arrived++;
		count.late += seen->received_ms > 12500;
		assert_true(seen->received_order > last[seen->frame.from]);
		last[seen->frame.from] = seen->received_order;
	}
	for (size_t i = 0; i < trio.frame_count; i++) {
		const struct seen *seen = &trio.frames[i];

		/* Newer frames come after what was requeued. */
		if (seen->frame.from < 2 && seen->frame.to < 2 && seen->frame.sent_ms >= 12500 &&
		    seen->received_ms >= 0 && !is_bulk(&seen->frame))
			assert_true(seen->received_order > last[seen->frame.from]);
	}
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(trio_held(&trio, node), 4);
	trio_end(&trio);
	return count;
}

static void test_cut(void **state)
{
	struct cut_count none = cut_with("0", 1);
	struct cut_count all = cut_with("100", 1);
	unsigned arrived = 0, under_way = 0;

	(void)state;
	assert_true(none.under_way >= 4);
	assert_int_equal(none.arrived, 0);
	assert_int_equal(all.under_way, none.under_way);
	assert_int_equal(all.arrived, all.under_way);
	assert_int_equal(all.late, all.under_way);
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct cut_count some = cut_with("50", seed);

		arrived += some.arrived;
		under_way += some.under_way;
	}
	assert_in_range(arrived, 5, under_way - 5);
}

/* ---- partitions ---- */

static unsigned bit(const struct trio *trio, uint32_t node)
{
	return 1u << sim_net_side(trio->sim, node);
}

/* A seed under which node 0 is on another side than 1. */
static uint64_t divided_seed(uint64_t *ret_mask)
{
	for (uint64_t seed = 1; seed < 100; seed++) {
		struct trio trio = {0};

		trio_begin(&trio, seed, "");
		bool divided = bit(&trio, 0) != bit(&trio, 1) && bit(&trio, 0) != bit(&trio, 2);

		*ret_mask = bit(&trio, 0);
		trio_end(&trio);
		if (divided)
			return seed;
	}
	fail_msg("no seed divides them");
	return 0;
}

static void test_partition(void **state)
{
	uint64_t mask = 0;
	uint64_t seed = divided_seed(&mask);

	(void)state;
	for (int oneway = 0; oneway < 2; oneway++) {
		struct trio trio = {0};
		char more[512];
		unsigned across = 0, backward = 0, forward = 0;

		(void)snprintf(more, sizeof(more),
			       "10 at=10000 partition cut_ms=40000 mask=%llu oneway=%d\n"
			       "11 at=20000 publish node=0 kind=2 tlp=5 main=100\n"
			       "12 at=20500 publish node=1 kind=2 tlp=5 main=100\n",
			       (unsigned long long)mask, oneway);
		trio_run(&trio, seed, more);
		for (size_t i = 0; i < trio.frame_count; i++) {
			const struct seen *seen = &trio.frames[i];
			bool from = seen->frame.from == 0, to = seen->frame.to == 0;

			if (seen->received_ms < 0 || from == to)
				continue;
			across++;
			if (seen->received_ms < 10000 || seen->received_ms >= 50000)
				continue;
			forward += from;
			backward += to;
		}
		assert_true(across > 10);
		assert_int_equal(forward, 0);
		assert_true((backward > 0) == (oneway == 1));
		for (uint32_t node = 0; node < 3; node++)
			assert_int_equal(trio_held(&trio, node), 2);
		trio_end(&trio);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_overtaking),
		cmocka_unit_test(test_alert_passes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_partition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
