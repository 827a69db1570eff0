/* SPDX-License-Identifier: Apache-2.0 */
/* Revisions and retractions: one thread, one author, and everybody who had the item. */
#include "world.h"

#include "kairan/advisory.h"

static void revise(struct world *world, struct world_draft *draft, const uint8_t *one,
		   const uint8_t *two)
{
	uint8_t(*ids)[KAI_ID_LEN] = kai_arena_take(&world->nodes[0].arena, (size_t)2 * KAI_ID_LEN);

	memcpy(ids[0], one, KAI_ID_LEN);
	if (two != NULL)
		memcpy(ids[1], two, KAI_ID_LEN);
	draft->request.draft.supersedes = ids;
	draft->request.draft.supersedes_count = two != NULL ? 2 : 1;
}

static void revisions_stay_in_their_thread(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;
	struct kai_item item;
	struct kai_header header;

	(void)state;
	world_amber(world, 0, &draft, 1u << 1);
	struct kai_ctl_answer first = world_publish(world, 0, &draft);

	revise(world, &draft, first.id.id, NULL);
	struct kai_ctl_answer second = world_publish(world, 0, &draft);

	world_answered(second, 0, "");
	assert_true(world_item(world, 1, second.id.id, &item, &header));
	assert_int_equal(header.revision, 2);
	assert_true(kai_id_equal(header.thread.id, first.id.id));
	assert_true(world_item(world, 1, first.id.id, &item, &header));
	assert_int_equal(item.flags & KAI_ITEM_SUPERSEDED, KAI_ITEM_SUPERSEDED);
	/* another second revision, and a third that ends the conflict */
	struct kai_ctl_answer rival = world_publish(world, 0, &draft);

	world_answered(rival, 0, "");
	revise(world, &draft, rival.id.id, second.id.id);
	struct kai_ctl_answer third = world_publish(world, 0, &draft);

	world_answered(third, 0, "");
	assert_true(world_item(world, 1, third.id.id, &item, &header));
	assert_int_equal(header.revision, 3);
	assert_int_equal(header.supersedes_count, 2);
	/* another circle may not be told of this one: a wider label starts anew */
	world_amber(world, 0, &draft, 1u << 1 | 1u << 2);
	revise(world, &draft, third.id.id, NULL);
	world_answered(world_publish(world, 0, &draft), 1, "reference");
	/* two threads do not merge */
	world_amber(world, 0, &draft, 1u << 1);
	struct kai_ctl_answer elsewhere = world_publish(world, 0, &draft);

	revise(world, &draft, third.id.id, elsewhere.id.id);
	world_answered(world_publish(world, 0, &draft), 1, "reference");
	/* the kind stays */
	revise(world, &draft, third.id.id, NULL);
	draft.request.draft.kind = KAI_KIND_RFI;
	draft.parts[0].media_type = kai_span_str("kairan/rfi");
	draft.parts[0].content = world_body(world, 0, KAI_KIND_RFI, "a question");
	world_answered(world_publish(world, 0, &draft), 1, "kind");
	/* only our own */
	world_amber(world, 1, &draft, 1u << 0);
	struct kai_ctl_answer theirs = world_publish(world, 1, &draft);

	assert_true(world_holds(world, 0, theirs.id.id));
	world_amber(world, 0, &draft, 1u << 1);
	revise(world, &draft, theirs.id.id, NULL);
	world_answered(world_publish(world, 0, &draft), 1, "origin");
	world_free(world);
}

static void retractions_follow(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;
	struct kai_item item;
	struct kai_header header;

	(void)state;
	world_amber(world, 0, &draft, 1u << 1 | 1u << 2);
	draft.request.draft.urgency = KAI_URGENCY_TODAY;
	struct kai_ctl_answer target = world_publish(world, 0, &draft);

	assert_true(world_holds(world, 1, target.id.id) && world_holds(world, 2, target.id.id));
	struct kai_ctl_answer dry = world_retract(world, 0, target.id.id, true);

	world_answered(dry, 0, "");
	assert_false(dry.id.is);
	assert_int_equal(dry.recipients_count, 2);
	/* what has passed is taken back although the agreement is suspended meanwhile */

	world_answered(world_notice(world, 0, 2, KAI_NOTICE_SUSPEND), 0, "");
	world_settle(world);
	struct kai_ctl_answer answer = world_retract(world, 0, target.id.id, false);

	world_answered(answer, 0, "");
	assert_true(answer.id.is);
	world_told(world, &answer, 1, true, "retraction-follows");
	world_told(world, &answer, 2, true, "retraction-follows");
	for (size_t i = 0; i < 3; i++) {
		assert_true(world_item(world, i, answer.id.id, &item, &header));
		assert_int_equal(header.kind, KAI_KIND_RETRACT);
		assert_int_equal(header.revision, 2);
		assert_int_equal(header.urgency, KAI_URGENCY_TODAY);
		assert_int_equal(header.label.audience_count, 2);
		assert_true(kai_id_equal(header.thread.id, target.id.id));
		assert_true(kai_id_equal(header.supersedes[0], target.id.id));
	}
	world_answered(world_retract(world, 0, target.id.id, false), 1, "retracted");
	world_answered(world_retract(world, 0, answer.id.id, false), 1, "contradiction");
	revise(world, &draft, target.id.id, NULL);
	world_answered(world_publish(world, 0, &draft), 1, "retracted");
	world_answered(world_retract(world, 1, target.id.id, false), 1, "origin");
	world_answered(world_retract(world, 0, world_nowhere, false), 4, "not-held");
	world_free(world);
}

/* It says whom it cannot reach: the item passed, and the agreement is gone. */
static void retraction_tells_whom_it_misses(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;

	(void)state;
	world_amber(world, 0, &draft, 1u << 1 | 1u << 2);
	struct kai_ctl_answer target = world_publish(world, 0, &draft);

	world_answered(world_notice(world, 0, 2, KAI_NOTICE_TERMINATE), 0, "");
	world_settle(world);
	struct kai_ctl_answer answer = world_retract(world, 0, target.id.id, false);

	world_answered(answer, 0, "");
	world_told(world, &answer, 1, true, "retraction-follows");
	world_told(world, &answer, 2, false, "agreement");
	assert_true(answer.text.len > 0);
	assert_false(world_holds(world, 2, answer.id.id));
	world_free(world);
}

static void retraction_body_is_checked(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;
	struct kai_ctl_retract request = {.lang = kai_span_str("en")};

	(void)state;
	world_secinfo(world, 0, &draft, KAI_TLP_CLEAR, "news");
	struct kai_ctl_answer target = world_publish(world, 0, &draft);

	memcpy(request.id, target.id.id, KAI_ID_LEN);
	request.body = kai_span_str("x");
	world_answered(world_ask(world, 0, KAI_CONTROL_RETRACT, &request), 3, "bad-body");
	request.body = world_body(world, 0, KAI_KIND_RFI, "a question");
	world_answered(world_ask(world, 0, KAI_CONTROL_RETRACT, &request), 3, "bad-body");
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(revisions_stay_in_their_thread),
		cmocka_unit_test(retractions_follow),
		cmocka_unit_test(retraction_tells_whom_it_misses),
		cmocka_unit_test(retraction_body_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
