/* SPDX-License-Identifier: Apache-2.0 */
/* A lab's clocks: they follow the machine's, run faster from one instant on for all who agree on it, and are shifted. */
#include "test.h"

#include <time.h>

#include "../../node/daemon/clock.h"
#include "../../node/daemon/roster.h"

#define NEAR_MS 2000 /* what a busy machine may let go by between two lines */

static int64_t wall_ms(void)
{
	struct timespec at;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &at), 0);
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static void assert_near(int64_t got, int64_t wanted, int64_t near)
{
	if (got < wanted || got > wanted + near)
		fail_msg("%lld is not within %lld after %lld", (long long)got, (long long)near,
			 (long long)wanted);
}

static void test_shifted(void **state)
{
	static const int64_t offsets[] = {0, 1, -1, 600000, -172800000};
	struct kai_clock clock;

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		kai_clock_init(&clock, 1, 0, offsets[i]);
		int64_t now = wall_ms();

		assert_near(kai_clock_wall(&clock).ms, now + offsets[i], NEAR_MS);
	}
}

/* A node that starts later than another shows the same time, since both count from one instant. */
static void test_scaled_from(void **state)
{
	static const double scales[] = {2, 60, 3600};
	static const int64_t ago_ms[] = {0, 1000, 90000};

	(void)state;
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		for (size_t k = 0; k < sizeof(ago_ms) / sizeof(ago_ms[0]); k++) {
			struct kai_clock clock;
			int64_t now = wall_ms(), from = now - ago_ms[k];
			int64_t wanted = from + (int64_t)((double)ago_ms[k] * scales[i]) + 5000;

			kai_clock_init(&clock, scales[i], from, 5000);
			assert_near(kai_clock_wall(&clock).ms, wanted,
				    (int64_t)(NEAR_MS * scales[i]));
		}
	}
}

/* Without that instant it runs from its own start. */
static void test_scaled_alone(void **state)
{
	struct kai_clock clock;
	int64_t now = wall_ms();

	(void)state;
	kai_clock_init(&clock, 60, 0, 0);
	assert_near(kai_clock_wall(&clock).ms, now, (int64_t)NEAR_MS * 60);
}

/* Whom a lab cut off is not in the roster; a part of a name is nobody's. */
static void test_cut(void **state)
{
	static const struct {
		const char *cut;
		bool kept;
	} cases[] = {{"", true},
		     {"op-power-a", false},
		     {"cabinet op-power-a", false},
		     {"op-power-a cabinet", false},
		     {"op-power", true},
		     {"op-power-aa", true},
		     {"  cabinet ", true},
		     {" op-power-a ", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kai_roster *roster = kai_roster_new(true, cases[i].cut);
		struct kai_engine_peer peer = {.key_count = 1, .alias = "op-power-a"};
		struct kai_engine_peer nameless = {.key_count = 1};

		assert_non_null(roster);
		kai_roster_add(roster, &peer);
		kai_roster_add(roster, &nameless);
		assert_int_equal(roster->count, cases[i].kept ? 2 : 1);
		kai_roster_free(roster);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shifted),
		cmocka_unit_test(test_scaled_from),
		cmocka_unit_test(test_scaled_alone),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
