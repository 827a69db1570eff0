/* SPDX-License-Identifier: Apache-2.0 */
/* What one side of an agreement says alone: it stops, goes on and ends it, and nobody else can. */
#include "world.h"

static void suspends_and_resumes(void **state)
{
	struct world *world = world_pair();

	(void)state;
	world_answered(world_notice(world, 0, 1, KAI_NOTICE_RESUME), 1, "not-suspended");
	assert_int_equal(world_notice(world, 0, 1, KAI_NOTICE_SUSPEND).exit, 0);
	world_settle(world);
	world_both(world, 0, 1, KAI_STATE_SUSPENDED);
	world_answered(world_notice(world, 0, 1, KAI_NOTICE_SUSPEND), 1, "suspended");
	/* one side's suspension is not the other's to lift */
	world_answered(world_notice(world, 1, 0, KAI_NOTICE_RESUME), 1, "not-suspended");
	struct kai_ctl_answer kept = world_news(world, 1, true);

	assert_int_equal(kept.exit, 0);
	assert_false(world_holds(world, 0, kept.id.id));
	/* within the same second the number still grows */
	assert_int_equal(world_notice(world, 0, 1, KAI_NOTICE_RESUME).exit, 0);
	world_wait(world, 1000);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	assert_true(world_holds(world, 0, kept.id.id));
	world_free(world);
}

static void both_may_suspend(void **state)
{
	struct world *world = world_pair();

	(void)state;
	assert_int_equal(world_notice(world, 0, 1, KAI_NOTICE_SUSPEND).exit, 0);
	world_settle(world);
	assert_int_equal(world_notice(world, 1, 0, KAI_NOTICE_SUSPEND).exit, 0);
	world_settle(world);
	assert_int_equal(world_notice(world, 0, 1, KAI_NOTICE_RESUME).exit, 0);
	world_settle(world);
	world_both(world, 0, 1, KAI_STATE_SUSPENDED);
	assert_int_equal(world_notice(world, 1, 0, KAI_NOTICE_RESUME).exit, 0);
	world_settle(world);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	world_free(world);
}

static void terminates_for_good(void **state)
{
	struct world *world = world_pair();
	struct world_terms terms;

	(void)state;
	struct kai_ctl_answer answer = world_notice(world, 0, 1, KAI_NOTICE_TERMINATE);

	assert_int_equal(answer.exit, 0);
	assert_true(answer.body.len > 0);
	world_settle(world);
	world_both(world, 0, 1, KAI_STATE_TERMINATED);
	world_answered(world_notice(world, 0, 1, KAI_NOTICE_RESUME), 1, "terminated");
	world_answered(world_notice(world, 1, 0, KAI_NOTICE_SUSPEND), 1, "terminated");
	/* the old file does not bring it back, a new agreement needs a higher serial */
	world_terms(world, &terms, 0, 1, 1);
	world_answered(world_propose(world, 0, &terms), 3, "serial");
	world_terms(world, &terms, 0, 1, 2);
	answer = world_propose(world, 0, &terms);
	assert_int_equal(answer.exit, 0);
	answer = world_accept(world, 1, answer.body);
	assert_int_equal(answer.exit, 0);
	assert_int_equal(world_import(world, 0, answer.body).exit, 0);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	world_free(world);
}

/* Who is away when the other side ends it hears so when it comes back within thirty days. */
static void a_termination_waits_for_the_peer(void **state)
{
	struct world *world = world_pair();

	(void)state;
	world_link(world, 0, 1, false);
	world_settle(world);
	assert_int_equal(world_notice(world, 0, 1, KAI_NOTICE_TERMINATE).exit, 0);
	assert_int_equal(world_state(world, 0, 1), KAI_STATE_TERMINATED);
	assert_int_equal(world_state(world, 1, 0), KAI_STATE_ACTIVE);
	world_wait(world, 29 * KAI_MS_DAY);
	assert_int_equal(world_peers(world, 0).count, 1);
	world_link(world, 0, 1, true);
	world_settle(world);
	assert_int_equal(world_state(world, 1, 0), KAI_STATE_TERMINATED);
	world_link(world, 0, 1, false);
	world_wait(world, 2 * KAI_MS_DAY);
	assert_int_equal(world_peers(world, 0).count, 0);
	assert_int_equal(world_peers(world, 1).count, 0);
	world_free(world);
}

static void notices_cannot_be_replayed_or_undone(void **state)
{
	struct world *world = world_pair();
	struct kai_agreement_frame frame = {.what = 2};

	(void)state;
	struct kai_span suspend = world_notice(world, 0, 1, KAI_NOTICE_SUSPEND).body;

	world_wait(world, 5000);
	struct kai_span resume = world_notice(world, 0, 1, KAI_NOTICE_RESUME).body;

	world_settle(world);
	frame.bytes = suspend;
	world_forge(world, 0, 1, KAI_MSG_AGREEMENT, &frame);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	/* by another's hand: node 1 sends back what node 0 said */
	frame.bytes = resume;
	world_forge(world, 1, 0, KAI_MSG_AGREEMENT, &frame);
	assert_int_equal(world_traced(world, 0, "peer-fault", "contradiction"), 1);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suspends_and_resumes),
		cmocka_unit_test(both_may_suspend),
		cmocka_unit_test(terminates_for_good),
		cmocka_unit_test(a_termination_waits_for_the_peer),
		cmocka_unit_test(notices_cannot_be_replayed_or_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
