/* SPDX-License-Identifier: Apache-2.0 */
/* What an author says becomes one signed item: filled in, for whom its labels say, by the right hand, once. */
#include "world.h"

#include "kairan/rec.h"

static void fills_what_the_author_leaves(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;
	struct kai_item item;
	struct kai_header header;

	(void)state;
	world_secinfo(world, 0, &draft, KAI_TLP_CLEAR, "news");
	draft.sectors[0] = kai_span_str("jp-ci15:pow");
	draft.sectors[1] = kai_span_str("jp-ci15:gas");
	draft.sectors[2] = kai_span_str("jp-ci15:pow");
	draft.request.draft.sectors_count = 3;
	uint64_t now = (uint64_t)world->wall.ms;
	struct kai_ctl_answer answer = world_publish(world, 0, &draft);

	world_answered(answer, 0, "");
	assert_true(world_item(world, 0, answer.id.id, &item, &header));
	assert_true(kai_id_equal(header.origin, world_org(world, 0)));
	assert_int_equal(header.card_serial, world->nodes[0].serial);
	assert_true(kai_span_equal(header.country, kai_span_str("JP")));
	assert_int_equal(header.created_at, now);
	assert_int_equal(header.not_after,
			 now + (uint64_t)kai_kind_row(KAI_KIND_SECINFO)->valid_ms);
	assert_int_equal(header.urgency, KAI_URGENCY_INFO);
	assert_int_equal(header.revision, 1);
	assert_false(header.thread.is);
	assert_int_equal(header.sectors_count, 2);
	assert_true(kai_span_equal(header.sectors[0], kai_span_str("jp-ci15:gas")));
	assert_int_equal(item.flags & KAI_ITEM_OWN, KAI_ITEM_OWN);
	assert_int_equal(item.signatures_count, 1);
	assert_true(kai_id_equal(item.signatures[0].key, world->nodes[0].duty.key));
	assert_int_equal(answer.recipients_count, 2);
	world_free(world);
}

/* The technical part goes to both, the victim's particulars to one. */
static void parts_go_where_their_labels_say(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;

	(void)state;
	world_amber(world, 0, &draft, 1u << 1 | 1u << 2);
	draft.part_label = draft.request.draft.label;
	draft.part_label.tlp = KAI_TLP_RED;
	draft.part_label.audience = draft.part_audience;
	draft.part_label.audience_count = 1;
	world_name(world, &draft.part_audience[0], 2);
	draft.parts[1].name = kai_span_str("damage");
	draft.parts[1].media_type = kai_span_str("text/plain");
	draft.parts[1].content = kai_span_str("what was hit");
	draft.parts[1].label = &draft.part_label;
	draft.parts[2].name = kai_span_str("method");
	draft.parts[2].media_type = kai_span_str("text/plain");
	draft.parts[2].content = kai_span_str("");
	draft.request.draft.parts_count = 3;
	struct kai_ctl_answer answer = world_publish(world, 0, &draft);

	world_answered(answer, 0, "");
	world_told(world, &answer, 1, true, "org-named");
	world_told(world, &answer, 2, true, "org-named");
	const struct kai_recipient *one = world_recipient(world, &answer, 1);
	const struct kai_recipient *two = world_recipient(world, &answer, 2);

	assert_int_equal(one->parts_count, 3);
	assert_true(one->parts[0].allow && one->parts[2].allow && !one->parts[1].allow);
	assert_true(kai_span_equal(one->parts[1].rule, kai_span_str("audience")));
	assert_true(two->parts[0].allow && two->parts[1].allow && two->parts[2].allow);
	assert_int_equal(world_parts(world, 0, answer.id.id), 7);
	assert_int_equal(world_parts(world, 1, answer.id.id), 5);
	assert_int_equal(world_parts(world, 2, answer.id.id), 7);
	world_free(world);
}

static void nobody_may_have_it(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;
	uint64_t before = world_items(world, 0);

	(void)state;
	world_amber(world, 0, &draft, 1u << 3);
	struct kai_ctl_answer answer = world_publish(world, 0, &draft);

	world_answered(answer, 1, "no-recipient");
	assert_int_equal(answer.recipients_count, 2);
	world_told(world, &answer, 1, false, "audience");
	const struct kai_recipient *one = world_recipient(world, &answer, 1);

	assert_false(one->parts[0].allow);
	assert_false(answer.id.is);
	assert_int_equal(world_items(world, 0), before);
	draft.request.keep = true;
	answer = world_publish(world, 0, &draft);
	world_answered(answer, 0, "");
	assert_true(answer.id.is);
	assert_int_equal(world_items(world, 0), before + 1);
	assert_false(world_holds(world, 1, answer.id.id));
	world_free(world);
}

static void dry_run_stores_nothing(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;
	uint64_t before = world_items(world, 0);

	(void)state;
	world_amber(world, 0, &draft, 1u << 1);
	draft.request.dry_run = true;
	struct kai_ctl_answer answer = world_publish(world, 0, &draft);

	world_answered(answer, 0, "");
	world_told(world, &answer, 1, true, "org-named");
	world_told(world, &answer, 2, false, "audience");
	assert_false(answer.id.is);
	assert_int_equal(world_items(world, 0), before);
	world_free(world);
}

static void make_alert(struct world *world, struct world_draft *draft)
{
	world_secinfo(world, 0, draft, KAI_TLP_CLEAR, "alert");
	draft->request.draft.kind = KAI_KIND_ALERT;
	draft->parts[0].media_type = kai_span_str("kairan/alert");
	draft->parts[0].content = world_body(world, 0, KAI_KIND_ALERT, "alert");
}

static void alerts_are_the_deciders(void **state)
{
	(void)state;
	for (uint64_t signers = 1; signers <= 3; signers++) {
		struct world *world = world_new(2);
		struct world_terms terms;
		struct world_draft draft;
		struct kai_item item;
		struct kai_header header;

		world_terms(world, &terms, 0, 1, 1);
		terms.terms.signers = signers;
		world_join(world, &terms, 0, 1);
		make_alert(world, &draft);
		struct kai_ctl_answer answer = world_publish(world, 0, &draft);

		world_answered(answer, 0, signers > 1 ? "too-few-signers" : "");
		if (signers > 1) {
			struct kai_ctl_sign sign = {.role = KAI_ROLE_DECIDER};

			assert_false(world_holds(world, 1, answer.id.id));
			memcpy(sign.id, answer.id.id, KAI_ID_LEN);
			world_answered(world_ask(world, 0, KAI_CONTROL_SIGN, &sign), 0, "");
			world_settle(world);
		}
		assert_true(world_item(world, 0, answer.id.id, &item, &header));
		assert_int_equal(header.urgency, KAI_URGENCY_NOW);
		assert_int_equal(item.signatures_count, signers > 1 ? 2 : 1);
		bool decider = false;

		for (size_t i = 0; i < item.signatures_count; i++)
			decider |=
				kai_id_equal(item.signatures[i].key, world->nodes[0].decider.key);
		assert_true(decider);
		/* three are asked, two keys are here: it waits at the receiver's door */
		assert_int_equal(world_holds(world, 1, answer.id.id), signers < 3);
		world_free(world);
	}
}

static void sources_are_remembered(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;
	struct kai_source_mark mark = {.key = {1}, .digest = {2}, .name = kai_span_str("doc")};
	struct kai_ctl_source request = {.source = {.key = {3}, .name = kai_span_str("doc 2")}};
	struct kai_key key = kai_key_bytes(mark.key, sizeof(mark.key));
	struct kai_source source;

	(void)state;
	world_secinfo(world, 0, &draft, KAI_TLP_CLEAR, "imported");
	draft.request.source = &mark;
	draft.request.dry_run = true;
	world_answered(world_publish(world, 0, &draft), 0, "");
	draft.request.dry_run = false;
	struct kai_ctl_answer answer = world_publish(world, 0, &draft);

	memcpy(request.head, answer.id.id, KAI_ID_LEN);
	world_answered(world_ask(world, 0, KAI_CONTROL_SOURCE, &request), 0, "");
	struct kai_txn *txn = world_read(world, 0);

	assert_int_equal(kai_txn_count(txn, KAI_TABLE_SOURCES), 2);
	assert_true(kai_rec_get(txn, KAI_TABLE_SOURCES, &key, &kai_object_source,
				&world->nodes[0].arena, &source));
	kai_txn_abort(txn);
	assert_true(kai_id_equal(source.head, answer.id.id));
	assert_memory_equal(source.digest, mark.digest, sizeof(mark.digest));
	memcpy(request.head, world_nowhere, KAI_ID_LEN);
	world_answered(world_ask(world, 0, KAI_CONTROL_SOURCE, &request), 4, "not-held");
	world_secinfo(world, 1, &draft, KAI_TLP_CLEAR, "theirs");
	answer = world_publish(world, 1, &draft);
	memcpy(request.head, answer.id.id, KAI_ID_LEN);
	world_answered(world_ask(world, 0, KAI_CONTROL_SOURCE, &request), 1, "origin");
	world_free(world);
}

/* Who heard no answer asks again: the answer is the item that is there. */
static void asked_again_it_is_not_done_again(void **state)
{
	struct world *world = world_star();
	struct world_draft draft;
	struct kai_source_mark mark = {.key = {1}};
	struct kai_ctl_answer first, answer;

	(void)state;
	world_secinfo(world, 0, &draft, KAI_TLP_CLEAR, "a draft");
	draft.request.source = &mark;
	first = world_publish(world, 0, &draft);
	world_answered(first, 0, "");
	answer = world_publish(world, 0, &draft);
	world_answered(answer, 0, "");
	assert_true(answer.id.is && kai_id_equal(answer.id.id, first.id.id));
	mark.digest[0] = 2; /* the next state of a document, or another draft */
	answer = world_publish(world, 0, &draft);
	world_answered(answer, 0, "");
	assert_false(kai_id_equal(answer.id.id, first.id.id));
	mark.key[0] = 2;
	assert_false(kai_id_equal(world_publish(world, 0, &draft).id.id, answer.id.id));
	for (size_t i = 0; i < 2; i++) {
		struct kai_txn *txn = world_read(world, i);

		assert_int_equal(kai_txn_count(txn, KAI_TABLE_ITEMS), 3);
		kai_txn_abort(txn);
	}
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_what_the_author_leaves),
		cmocka_unit_test(parts_go_where_their_labels_say),
		cmocka_unit_test(nobody_may_have_it),
		cmocka_unit_test(dry_run_stores_nothing),
		cmocka_unit_test(alerts_are_the_deciders),
		cmocka_unit_test(sources_are_remembered),
		cmocka_unit_test(asked_again_it_is_not_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
