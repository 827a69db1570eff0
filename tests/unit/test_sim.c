/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's own ground: what it says of time, links, crashes and restores is so. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/records.h"
#include "sim.h"

#define TEXT_LEN 4096
#define FRAMES_MOST 20000

/* Three in a line; seed, and what happens. */
#define HEAD                                                                                       \
	"kairan-sim-plan 1\ntopology line\nseed %llu\nnodes 3\ncommunities 0\nfaults-end 60000\n"  \
	"length 200000\ndelay 20\njitter 0\nkbytes 0\nquota 100\n"                                 \
	"0 at=0 agree node=0 other=1 introduce_a=1 introduce_b=1\n"                                \
	"1 at=0 agree node=1 other=2 introduce_a=1 introduce_b=1\n%s"

struct seen {
	struct sim_frame frame; /* bytes: not kept */
	int64_t received_ms;	/* -1: never */
	uint64_t received_order;
};

/* What one run did, as an observer saw it. */
struct scene {
	struct seen *frames;
	size_t frame_count;
	uint64_t received_count;
	unsigned starts[3], restores[3];
	uint64_t turns[3];
	bool (*at_turn)(struct sim *sim, struct scene *scene, struct sim_node *node);
	void *more;
	struct sim *sim;
	struct sim_plan *plan;
};

/* ---- the observer ---- */

static void on_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct scene *scene = state;

	(void)sim;
	assert_in_range(scene->frame_count, 0, FRAMES_MOST - 1);
	scene->frames[scene->frame_count++] = (struct seen){.frame = *frame, .received_ms = -1};
}

/* Where it stands in the list; fails the test when it was never sent. */
static size_t place(const struct scene *scene, uint64_t number)
{
	size_t at = 0;

	while (at < scene->frame_count && scene->frames[at].frame.number != number)
		at++;
	assert_in_range(at + 1, 1, scene->frame_count);
	return at;
}

static void on_received(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct scene *scene = state;
	struct seen *seen = &scene->frames[place(scene, frame->number)];

	assert_int_equal(seen->received_ms, -1);
	assert_int_equal(seen->frame.from, frame->from);
	assert_int_equal(seen->frame.to, frame->to);
	seen->received_ms = sim_now(sim);
	seen->received_order = ++scene->received_count;
}

static void on_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct scene *scene = state;

	if (node->number < 3)
		scene->turns[node->number]++;
	if (scene->at_turn != NULL && scene->at_turn(sim, scene, node))
		scene->at_turn = NULL;
}

static void on_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	struct scene *scene = state;

	(void)sim;
	if (node->number >= 3)
		return;
	scene->starts[node->number]++;
	scene->restores[node->number] += restored;
}

static const struct sim_checker observer = {.name = "test",
					    .sent = on_sent,
					    .received = on_received,
					    .turn = on_turn,
					    .restarted = on_restarted};

/* ---- runs ---- */

/* A plan leaves zeros out; here they are said, so that one sees them. */
static void leave_zeros_out(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0';) {
		size_t len = strcspn(from + 1, " \n") + 1;

		if (*from == ' ' && len > 2 && memcmp(from + len - 2, "=0", 2) == 0 &&
		    memcmp(from, " at=", 4) != 0) {
			from += len;
			continue;
		}
		memmove(to, from, len);
		to += len;
		from += len;
	}
	*to = '\0';
}

static struct sim_plan *plan_of(uint64_t seed, const char *more)
{
	char text[TEXT_LEN];
	struct kai_why why = {{0}};
	struct sim_plan *plan = NULL;
	int len = snprintf(text, sizeof(text), HEAD, (unsigned long long)seed, more);

	assert_in_range(len, 1, TEXT_LEN - 1);
	leave_zeros_out(text);
	FILE *file = fmemopen(text, strlen(text), "r");

	assert_non_null(file);
	if (sim_plan_read(file, &plan, &why) != KAI_ERR_OK)
		fail_msg("%s", why.text);
	(void)fclose(file);
	return plan;
}

static void begin(struct scene *scene, uint64_t seed, const char *more)
{
	struct sim_options options = {
		.observer = &observer, .observer_state = scene, .checks = true};

	scene->frames = calloc(FRAMES_MOST, sizeof(*scene->frames));
	assert_non_null(scene->frames);
	scene->plan = plan_of(seed, more);
	scene->sim = sim_new(scene->plan, &options);
}

static void run(struct scene *scene, uint64_t seed, const char *more)
{
	begin(scene, seed, more);
	sim_run(scene->sim);
	for (size_t i = 0; i < sim_violation_count(scene->sim); i++)
		print_message("%s: %s\n", sim_violation_at(scene->sim, i)->checker,
			      sim_violation_at(scene->sim, i)->text);
	assert_int_equal(sim_figures(scene->sim)->violations, 0);
}

static void end(struct scene *scene)
{
	sim_free(scene->sim);
	sim_plan_free(scene->plan);
	free(scene->frames);
}

static uint64_t held(struct scene *scene, uint32_t node)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(sim_node(scene->sim, node)->store, false, &txn, NULL),
			 KAI_ERR_OK);
	uint64_t count = kai_txn_count(txn, KAI_TABLE_ITEMS);

	kai_txn_abort(txn);
	return count;
}

/* ---- determinism ---- */

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
	struct scene scene = {0};

	run(&scene, seed, TRAFFIC);
	memcpy(ret, sim_figures(scene.sim)->digest, KAI_ID_LEN);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(held(&scene, i), 4);
	end(&scene);
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

static bool run_another(struct sim *sim, struct scene *scene, struct sim_node *node)
{
	(void)node;
	if (sim_now(sim) < 6000)
		return false;
	digest_of(8, scene->more);
	return true;
}

/* One world runs from begin to end inside a turn of another. */
static void test_two_worlds(void **state)
{
	struct scene scene = {.at_turn = run_another};
	uint8_t alone[KAI_ID_LEN], inside[KAI_ID_LEN], outside[KAI_ID_LEN];

	(void)state;
	scene.more = inside;
	run(&scene, 7, TRAFFIC);
	assert_null(scene.at_turn);
	memcpy(outside, sim_figures(scene.sim)->digest, KAI_ID_LEN);
	end(&scene);
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
		struct scene scene = {0};
		char more[512];
		unsigned pushed = 0, before = 0;

		/* Two alerts in one turn: two pushes want to leave it. */
		(void)snprintf(more, sizeof(more),
			       "10 at=20000 crash node=0 point=%d nth=1 back=5000\n"
			       "11 at=20000 publish node=0 kind=2 tlp=5 main=100\n"
			       "12 at=20000 publish node=0 kind=2 tlp=5 main=200\n",
			       (int)at->point);
		run(&scene, 1, more);
		for (size_t f = 0; f < scene.frame_count; f++) {
			const struct seen *seen = &scene.frames[f];

			if (seen->frame.from != 0 || seen->frame.type != KAI_MSG_PUSH)
				continue;
			pushed++;
			before += seen->frame.sent_ms < 25000;
		}
		assert_int_equal(scene.starts[0], 2);
		assert_int_equal(before, at->some_left ? 1 : 0);
		assert_true(pushed >= 2);
		for (uint32_t node = 0; node < 3; node++)
			assert_int_equal(held(&scene, node), 2);
		end(&scene);
	}
}

/* Between turns nothing is lost but the links; what had left still arrives. */
static void test_crash_idle(void **state)
{
	struct scene scene = {0};

	(void)state;
	run(&scene, 1,
	    "10 at=20000 publish node=0 kind=2 tlp=5 main=100\n"
	    "11 at=20010 crash node=0 back=5000\n");
	assert_int_equal(scene.starts[0], 2);
	for (size_t f = 0; f < scene.frame_count; f++) {
		const struct seen *seen = &scene.frames[f];

		if (seen->frame.from == 0 && seen->frame.type == KAI_MSG_PUSH &&
		    seen->frame.sent_ms < 20010)
			assert_in_range(seen->received_ms, 20010, 20100);
		if (seen->frame.from == 0)
			assert_false(seen->frame.sent_ms >= 20010 && seen->frame.sent_ms < 25010);
		if (seen->frame.to == 0 && seen->received_ms >= 0)
			assert_false(seen->received_ms >= 20010 && seen->received_ms < 25010);
	}
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(held(&scene, node), 1);
	end(&scene);
}

/* ---- links ---- */

static bool is_bulk(const struct sim_frame *frame)
{
	return frame->type == KAI_MSG_OFFER || frame->type == KAI_MSG_CHUNK;
}

/* Frames of one direction and lane are read in the order in which they were sent. */
static void test_no_overtaking(void **state)
{
	struct scene scene = {0};
	uint64_t last[3][3][2][2] = {{{{0}}}};
	size_t checked = 0;

	(void)state;
	run(&scene, 3,
	    "10 at=4000 delay node=0 other=1 ms=30 jitter=200 kbytes=30 for=40000\n"
	    "11 at=5000 publish node=0 kind=1 tlp=5 main=9000 size1=200000 size2=100000\n"
	    "12 at=5100 publish node=0 kind=1 tlp=5 main=9000 size1=200000 size2=100000\n"
	    "13 at=5200 publish node=0 kind=2 tlp=5 main=3000\n"
	    "14 at=5300 publish node=2 kind=2 tlp=5 main=3000\n");
	for (size_t i = 0; i < scene.frame_count; i++) {
		const struct seen *seen = &scene.frames[i];
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
		assert_int_equal(held(&scene, node), 4);
	end(&scene);
}

/* An alert passes what still waits for a slow link. */
static void test_alert_passes(void **state)
{
	struct scene scene = {0};
	int64_t alert_ms = 0, last_ms = 0;

	(void)state;
	run(&scene, 3,
	    "10 at=4000 delay node=0 other=1 ms=5 kbytes=10 for=50000\n"
	    "11 at=5000 publish node=0 kind=1 tlp=5 main=9000 size1=200000\n"
	    "12 at=9000 publish node=0 kind=2 tlp=5 main=1000\n");
	for (size_t i = 0; i < scene.frame_count; i++) {
		const struct seen *seen = &scene.frames[i];

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
	end(&scene);
}

struct cut_count {
	unsigned under_way, arrived, late;
};

/* What had left and not arrived by the cut, and what became of it. */
static struct cut_count cut_with(const char *requeue, uint64_t seed)
{
	struct scene scene = {0};
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
	run(&scene, seed, more);
	for (size_t i = 0; i < scene.frame_count; i++) {
		const struct seen *seen = &scene.frames[i];

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
	for (size_t i = 0; i < scene.frame_count; i++) {
		const struct seen *seen = &scene.frames[i];

		/* Newer frames come after what was requeued. */
		if (seen->frame.from < 2 && seen->frame.to < 2 && seen->frame.sent_ms >= 12500 &&
		    seen->received_ms >= 0 && !is_bulk(&seen->frame))
			assert_true(seen->received_order > last[seen->frame.from]);
	}
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(held(&scene, node), 4);
	end(&scene);
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

static unsigned bit(const struct scene *scene, uint32_t node)
{
	return 1u << sim_net_side(scene->sim, node);
}

/* A seed under which node 0 is on another side than 1. */
static uint64_t divided_seed(uint64_t *ret_mask)
{
	for (uint64_t seed = 1; seed < 100; seed++) {
		struct scene scene = {0};

		begin(&scene, seed, "");
		bool divided = bit(&scene, 0) != bit(&scene, 1) && bit(&scene, 0) != bit(&scene, 2);

		*ret_mask = bit(&scene, 0);
		end(&scene);
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
		struct scene scene = {0};
		char more[512];
		unsigned across = 0, backward = 0, forward = 0;

		(void)snprintf(more, sizeof(more),
			       "10 at=10000 partition cut_ms=40000 mask=%llu oneway=%d\n"
			       "11 at=20000 publish node=0 kind=2 tlp=5 main=100\n"
			       "12 at=20500 publish node=1 kind=2 tlp=5 main=100\n",
			       (unsigned long long)mask, oneway);
		run(&scene, seed, more);
		for (size_t i = 0; i < scene.frame_count; i++) {
			const struct seen *seen = &scene.frames[i];
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
			assert_int_equal(held(&scene, node), 2);
		end(&scene);
	}
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

static bool note_epoch(struct sim *sim, struct scene *scene, struct sim_node *node)
{
	if (node->number != 1 || sim_now(sim) < 15000)
		return false;
	epoch_of(node, scene->more);
	return true;
}

/* What it had taken since the backup comes again. */
static void test_restore(void **state)
{
	uint8_t before[16], after[16];
	struct scene scene = {.at_turn = note_epoch, .more = before};

	(void)state;
	run(&scene, 1,
	    "10 at=5000 publish node=0 kind=1 tlp=5 main=100\n"
	    "11 at=10000 backup node=1\n"
	    "12 at=15000 publish node=0 kind=1 tlp=5 main=100\n"
	    "13 at=15000 publish node=2 kind=1 tlp=5 main=100\n"
	    "14 at=15000 publish node=1 kind=1 tlp=5 main=100\n"
	    "15 at=30000 restore node=1\n"
	    "16 at=30500 restore node=0\n");
	assert_int_equal(scene.restores[1], 1);
	assert_int_equal(scene.restores[0], 0); /* there is no backup of it */
	assert_int_equal(sim_node(scene.sim, 1)->epochs, 1);
	epoch_of(sim_node(scene.sim, 1), after);
	assert_memory_not_equal(before, after, 16);
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(held(&scene, node), 4);
	end(&scene);
}

/* Full: nothing leaves and nothing comes in, requests wait, and then all is well. */
static void test_full(void **state)
{
	struct scene scene = {0};

	(void)state;
	run(&scene, 1,
	    "10 at=10000 full node=1 for=20000\n"
	    "11 at=11000 publish node=0 kind=2 tlp=5 main=100\n"
	    "12 at=12000 publish node=1 kind=2 tlp=5 main=100\n"
	    "13 at=12000 slow node=2 commit=700 for=30000\n");
	for (size_t f = 0; f < scene.frame_count; f++) {
		const struct seen *seen = &scene.frames[f];

		if (seen->frame.from == 1)
			assert_false(seen->frame.sent_ms >= 11100 && seen->frame.sent_ms < 30000);
		if (seen->frame.to == 1 && seen->received_ms >= 0)
			assert_false(seen->received_ms >= 11100 && seen->received_ms < 30000);
	}
	assert_true(scene.starts[1] > 1);
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(held(&scene, node), 2);
	end(&scene);
}

/* A slow disk: nothing leaves before the commit is through, and no other turn begins meanwhile. */
static void test_slow(void **state)
{
	struct scene scene = {0};
	int64_t pushed_ms = 0;

	(void)state;
	run(&scene, 1,
	    "10 at=10000 slow node=0 commit=3000 for=20000\n"
	    "11 at=12000 publish node=0 kind=2 tlp=5 main=100\n");
	for (size_t f = 0; f < scene.frame_count; f++)
		if (scene.frames[f].frame.from == 0 && scene.frames[f].frame.type == KAI_MSG_PUSH)
			pushed_ms = scene.frames[f].frame.sent_ms;
	assert_in_range(pushed_ms, 15000, 18000);
	end(&scene);
}

static bool look_at_clock(struct sim *sim, struct scene *scene, struct sim_node *node)
{
	int64_t off_ms = sim_wall(node).ms - SIM_WALL_MS - sim_now(sim);
	int64_t now_ms = sim_now(sim);

	(void)scene;
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
	struct scene scene = {.at_turn = look_at_clock};

	(void)state;
	run(&scene, 1,
	    "10 at=10000 clock node=0 ahead=600000 ppm_fast=1000 for=10000\n"
	    "11 at=12000 publish node=0 kind=2 tlp=5 main=100\n"
	    "12 at=14000 publish node=0 kind=2 tlp=5 main=100\n");
	assert_true(scene.turns[0] > 5);
	end(&scene);
}

/* A stolen key: a new card, a new key, and items under it are taken. */
static void test_card(void **state)
{
	struct scene scene = {0};

	(void)state;
	run(&scene, 1,
	    "10 at=10000 card node=0 revoke=1\n"
	    "11 at=15000 publish node=0 kind=1 tlp=5 main=100\n"
	    "12 at=20000 card node=0\n"
	    "13 at=25000 publish node=0 kind=1 tlp=5 main=100\n");
	assert_int_equal(sim_node(scene.sim, 0)->org.card_serial, 3);
	assert_int_equal(scene.starts[0], 2);
	for (uint32_t node = 0; node < 3; node++)
		assert_int_equal(held(&scene, node), 2);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),	     cmocka_unit_test(test_same_seed),
		cmocka_unit_test(test_two_worlds),   cmocka_unit_test(test_crash_points),
		cmocka_unit_test(test_crash_idle),   cmocka_unit_test(test_no_overtaking),
		cmocka_unit_test(test_alert_passes), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_partition),    cmocka_unit_test(test_restore),
		cmocka_unit_test(test_full),	     cmocka_unit_test(test_slow),
		cmocka_unit_test(test_clock),	     cmocka_unit_test(test_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
