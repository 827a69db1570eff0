/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's checkers can fail: each is shown a scene in which it must report and one in which
 * it must not.
 */
#include "scenes.h"

static const struct scene_trial *const groups[] = {scenes_held, scenes_said, scenes_due};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static void try_one(const struct scene_trial *trial)
{
	struct scene scene = {.sim = NULL};

	scene_begin(&scene, trial->checker);
	trial->show(&scene);
	if ((scene_reports(&scene) > 0) != trial->reports)
		fail_msg("%s: %zu reports%s%s", trial->name, scene_reports(&scene),
			 scene_reports(&scene) > 0 ? ": " : "",
			 scene_reports(&scene) > 0 ? sim_violation_at(scene.sim, 0)->text : "");
	scene_end(&scene);
}

static void each_reports_when_it_must(void **state)
{
	(void)state;
	for (size_t i = 0; i < GROUPS; i++) {
		for (const struct scene_trial *trial = groups[i]; trial->name != NULL; trial++)
			try_one(trial);
	}
}

/* Those that deliberate defects in the engine alone can show: tests/sim/mutants. */
static bool by_mutants(const struct sim_checker *checker)
{
	static const struct sim_checker *const list[] = {&sim_check_cards, &sim_check_ends,
							 &sim_check_probe, &sim_check_quotas,
							 &sim_check_sight, &sim_check_sight_over};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (list[i] == checker)
			return true;
	}
	return false;
}

/* Is there a scene in which the checker reports as asked? */
static bool tried(const struct sim_checker *checker, bool reports)
{
	for (size_t i = 0; i < GROUPS; i++) {
		for (const struct scene_trial *trial = groups[i]; trial->name != NULL; trial++) {
			if (trial->checker == checker && trial->reports == reports)
				return true;
		}
	}
	return false;
}

/* Every other checker of the list was tried both ways: one that is added without is noticed. */
static void all_are_tried(void **state)
{
	(void)state;
	for (size_t i = 0; sim_checkers[i] != NULL; i++) {
		const struct sim_checker *checker = sim_checkers[i];

		if (!by_mutants(checker) && (!tried(checker, false) || !tried(checker, true)))
			fail_msg("%s was not tried both ways", checker->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reports_when_it_must),
		cmocka_unit_test(all_are_tried),
	};

	return cmocka_run_group_tests_name("sim-checks", tests, NULL, NULL);
}
