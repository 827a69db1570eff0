/* SPDX-License-Identifier: Apache-2.0 */
/* Several drafts in one request: one root a class, each with an answer of its own, each once. */
#include "world.h"

#include "kairan/rec.h"
#include "kairan/tree.h"

#define MOST 8

/* Drafts of node 0 in one request. */
struct drafts {
	struct world_draft drafts[MOST];
	struct kai_ctl_publish publishes[MOST];
	struct kai_ctl_answer answers[KAI_MAX_PUBLISHES];
	size_t answer_count;
};

static struct drafts *drafts_new(struct world *world)
{
	struct drafts *drafts = calloc(1, sizeof(*drafts));

	assert_non_null(drafts);
	for (size_t i = 0; i < MOST; i++) {
		char title[] = "item 0";

		title[5] = (char)('0' + i);
		world_secinfo(world, 0, &drafts->drafts[i], KAI_TLP_CLEAR, title);
	}
	return drafts;
}

static struct kai_ctl_answer ask(struct world *world, struct kai_ctl_publish *publishes,
				 size_t count)
{
	struct kai_ctl_publish_many request = {.publishes = publishes, .publishes_count = count};

	for (size_t i = 0; i < count; i++) {
		publishes[i].version = KAI_VERSION;
		publishes[i].type = KAI_CONTROL_PUBLISH;
	}
	return world_ask(world, 0, KAI_CONTROL_PUBLISH_MANY, &request);
}

static struct kai_ctl_answer publish(struct world *world, struct drafts *io, size_t count)
{
	struct kai_publish_report report = {.answers_count = 0};

	for (size_t i = 0; i < count; i++)
		io->publishes[i] = io->drafts[i].request;
	struct kai_ctl_answer answer = ask(world, io->publishes, count);

	world_answered(answer, 0, "");
	assert_int_equal(kai_object_decode(&kai_object_publish_report, answer.body,
					   &world->nodes[0].arena, &report),
			 KAI_FAULT_NONE);
	io->answer_count = report.answers_count;
	memcpy(io->answers, report.answers, report.answers_count * sizeof(*report.answers));
	return answer;
}

/* How it is signed where it is held. */
static struct kai_signature signed_at(struct world *world, size_t at,
				      const struct kai_ctl_answer *answer)
{
	struct kai_item item;
	struct kai_header header;

	assert_true(answer->id.is);
	assert_true(world_item(world, at, answer->id.id, &item, &header));
	assert_int_equal(item.signatures_count, 1);
	assert_true(kai_signature_verify(header.realm, answer->id.id, &item.signatures[0]));
	return item.signatures[0];
}

static void root_of(struct world *world, size_t at, const struct kai_ctl_answer *answer,
		    uint8_t ret[KAI_ID_LEN])
{
	struct kai_signature signature = signed_at(world, at, answer);

	assert_non_null(signature.path);
	assert_true(kai_tree_root(kai_realm_live, answer->id.id, signature.path, ret));
}

static void report(void *context, enum kai_table table, struct kai_span key, const char *problem)
{
	(void)table;
	(void)key;
	print_error("%s\n", problem);
	++*(size_t *)context;
}

/* What is held anywhere is well signed, and everything of it is there. */
static void all_is_well(struct world *world)
{
	for (size_t at = 0; at < 3; at++) {
		size_t problems = 0;
		struct kai_store_check check = {.report = report, .context = &problems};

		assert_int_equal(kai_store_check(world->nodes[at].store, &check, NULL), KAI_ERR_OK);
		assert_int_equal(problems, 0);
	}
}

static void one_root_a_class(void **state)
{
	struct world *world = world_star();
	struct drafts *drafts = drafts_new(world);
	uint8_t roots[2][KAI_ID_LEN], root[KAI_ID_LEN];

	(void)state;
	/* two sectors, two labels: 0 2 4 | 1 3 | 5 alone */
	for (size_t i = 1; i < 4; i += 2) {
		drafts->drafts[i].sectors[0] = kai_span_str("jp-ci15:pow");
		drafts->drafts[i].request.draft.sectors_count = 1;
	}
	drafts->drafts[5].request.draft.label.pap = KAI_PAP_GREEN;
	(void)publish(world, drafts, 6);
	assert_int_equal(drafts->answer_count, 6);
	world_wait(world, 60000);
	for (size_t at = 0; at < 2; at++) {
		root_of(world, at, &drafts->answers[0], roots[0]);
		root_of(world, at, &drafts->answers[1], roots[1]);
		assert_false(kai_id_equal(roots[0], roots[1]));
		for (size_t i = 2; i < 5; i++) {
			root_of(world, at, &drafts->answers[i], root);
			assert_true(kai_id_equal(root, roots[i % 2]));
		}
		assert_null(signed_at(world, at, &drafts->answers[5]).path);
	}
	for (size_t i = 0; i < 6; i++) {
		world_answered(drafts->answers[i], 0, "");
		assert_int_equal(drafts->answers[i].recipients_count, 2);
	}
	all_is_well(world);
	free(drafts);
	world_free(world);
}

static void make_alert(struct world *world, struct world_draft *draft)
{
	draft->request.draft.kind = KAI_KIND_ALERT;
	draft->parts[0].media_type = kai_span_str("kairan/alert");
	draft->parts[0].content = world_body(world, 0, KAI_KIND_ALERT, "alert");
}

/* Urgent ones, and those of the decider or of two signers. */
static void what_cannot_wait_stands_alone(void **state)
{
	(void)state;
	for (uint64_t signers = 1; signers <= 2; signers++) {
		struct world *world = world_new(2);
		struct drafts *drafts = drafts_new(world);
		struct world_terms terms;

		world_terms(world, &terms, 0, 1, 1);
		terms.terms.signers = signers;
		world_join(world, &terms, 0, 1);
		for (size_t i = 0; i < 2; i++) {
			drafts->drafts[i].request.draft.urgency = KAI_URGENCY_NOW;
			make_alert(world, &drafts->drafts[2 + i]);
			drafts->drafts[2 + i].request.draft.urgency = KAI_URGENCY_TODAY;
		}
		(void)publish(world, drafts, 6);
		for (size_t i = 0; i < 6; i++) {
			bool waits = signers > 1 && (i == 2 || i == 3);
			struct kai_signature signature = signed_at(world, 0, &drafts->answers[i]);

			world_answered(drafts->answers[i], 0, waits ? "too-few-signers" : "");
			assert_int_equal(drafts->answers[i].text.len > 0, waits);
			assert_int_equal(signature.path != NULL, i >= 4);
		}
		free(drafts);
		world_free(world);
	}
}

static void each_has_its_answer(void **state)
{
	struct world *world = world_star();
	struct drafts *drafts = drafts_new(world);
	struct kai_source_mark mark = {.key = {1}}, same = {.key = {2}};
	uint64_t before;

	(void)state;
	drafts->drafts[0].request.source = &mark;
	world_answered(world_publish(world, 0, &drafts->drafts[0]), 0, "");
	before = world_items(world, 0);
	drafts->drafts[1].request.draft.kind = KAI_KIND_RETRACT;
	drafts->drafts[2].request.dry_run = true;
	world_amber(world, 0, &drafts->drafts[3], 1u << 3);
	drafts->drafts[4].request.source = &same;
	drafts->drafts[5].request.source = &same;
	(void)publish(world, drafts, 8);
	world_answered(drafts->answers[0], 0, ""); /* published before */
	assert_true(drafts->answers[0].id.is && drafts->answers[0].text.len > 0);
	world_answered(drafts->answers[1], 3, "kind");
	world_answered(drafts->answers[2], 0, "");
	assert_false(drafts->answers[2].id.is);
	assert_int_equal(drafts->answers[2].recipients_count, 2);
	world_answered(drafts->answers[3], 1, "no-recipient");
	world_answered(drafts->answers[4], 0, "");
	world_answered(drafts->answers[5], 1, "reference");
	world_answered(drafts->answers[6], 0, "");
	world_answered(drafts->answers[7], 0, "");
	assert_int_equal(world_items(world, 0), before + 3);
	/* asked again, the marked ones are there, and the others are new */
	uint8_t id[KAI_ID_LEN];

	memcpy(id, drafts->answers[4].id.id, KAI_ID_LEN);
	(void)publish(world, drafts, 5);
	assert_true(kai_id_equal(drafts->answers[4].id.id, id));
	assert_int_equal(world_items(world, 0), before + 3);
	free(drafts);
	world_free(world);
}

/* A revision of what was there before is as good as one that is published alone. */
static void threads_go_on(void **state)
{
	struct world *world = world_star();
	struct drafts *drafts = drafts_new(world);
	uint8_t supersedes[1][KAI_ID_LEN];
	struct kai_item item;
	struct kai_header header;

	(void)state;
	(void)publish(world, drafts, 2);
	memcpy(supersedes[0], drafts->answers[0].id.id, KAI_ID_LEN);
	drafts->drafts[0].request.draft.supersedes = supersedes;
	drafts->drafts[0].request.draft.supersedes_count = 1;
	(void)publish(world, drafts, 3);
	assert_true(world_item(world, 0, drafts->answers[0].id.id, &item, &header));
	assert_int_equal(header.revision, 2);
	assert_non_null(item.signatures[0].path);
	/* and one of them may be taken back, affirmed, passed on like any other */
	struct kai_ctl_sign sign = {.role = KAI_ROLE_DECIDER};

	memcpy(sign.id, drafts->answers[1].id.id, KAI_ID_LEN);
	world_answered(world_ask(world, 0, KAI_CONTROL_SIGN, &sign), 0, "");
	world_wait(world, 60000);
	for (size_t at = 0; at < 2; at++) {
		assert_true(world_item(world, at, sign.id, &item, &header));
		assert_int_equal(item.signatures_count, 2);
		assert_true((item.signatures[0].path == NULL) != (item.signatures[1].path == NULL));
	}
	world_answered(world_retract(world, 0, drafts->answers[2].id.id, false), 0, "");
	world_wait(world, 60000);
	assert_true(world_item(world, 1, drafts->answers[2].id.id, &item, &header));
	assert_true((item.flags & KAI_ITEM_RETRACTED) != 0);
	all_is_well(world);
	free(drafts);
	world_free(world);
}

#define COUNTRIES 60

/* Small on the wire, large in memory: every part has a label of many countries. */
static void widen(struct world_draft *draft, struct kai_audience_entry *countries,
		  struct kai_draft_part *parts)
{
	static char words[COUNTRIES][2];

	for (size_t i = 0; i < COUNTRIES; i++) {
		words[i][0] = (char)('A' + i / 26);
		words[i][1] = (char)('A' + i % 26);
		countries[i] = (struct kai_audience_entry){.type = KAI_AUD_COUNTRY,
							   .org = kai_span_str(""),
							   .text = kai_span(words[i], 2)};
	}
	draft->request.draft.label.tlp = KAI_TLP_AMBER;
	draft->request.draft.label.audience = countries;
	draft->request.draft.label.audience_count = COUNTRIES;
	parts[0] = draft->parts[0];
	for (size_t i = 1; i < KAI_MAX_PARTS; i++) {
		static char names[KAI_MAX_PARTS][1];

		names[i][0] = (char)('a' + i);
		parts[i] = (struct kai_draft_part){.name = kai_span(names[i], 1),
						   .media_type = kai_span_str("text/plain"),
						   .label = &draft->request.draft.label,
						   .content = kai_span_str("")};
	}
	draft->request.draft.parts = parts;
	draft->request.draft.parts_count = KAI_MAX_PARTS;
	draft->request.keep = true;
}

/* What one turn has no room for is left to the next, and nothing is lost of it. */
static void takes_what_it_has_room_for(void **state)
{
	struct world *world = world_star();
	struct drafts *drafts = drafts_new(world);
	struct kai_audience_entry countries[COUNTRIES];
	struct kai_draft_part parts[KAI_MAX_PARTS];
	struct kai_ctl_publish many[KAI_MAX_PUBLISHES];
	struct kai_publish_report report;
	size_t done = 0, turns = 0;

	(void)state;
	widen(&drafts->drafts[0], countries, parts);
	for (size_t i = 0; i < KAI_MAX_PUBLISHES; i++)
		many[i] = drafts->drafts[0].request;
	while (done < KAI_MAX_PUBLISHES) {
		size_t left = KAI_MAX_PUBLISHES - done;
		struct kai_ctl_answer answer = ask(world, many + done, left);

		world_answered(answer, 0, "");
		assert_int_equal(kai_object_decode(&kai_object_publish_report, answer.body,
						   &world->nodes[0].arena, &report),
				 KAI_FAULT_NONE);
		assert_in_range(report.answers_count, 1, left);
		assert_int_equal(answer.next,
				 report.answers_count == left ? 0 : report.answers_count);
		for (size_t i = 0; i < report.answers_count; i++)
			world_answered(report.answers[i], 0, "");
		done += report.answers_count;
		turns++;
	}
	assert_true(turns > 1);
	assert_int_equal(world_items(world, 0), KAI_MAX_PUBLISHES);
	free(drafts);
	world_free(world);
}

static void has_a_bound(void **state)
{
	struct world *world = world_star();
	struct drafts *drafts = drafts_new(world);
	struct kai_ctl_publish many[2];
	uint8_t *content = calloc(1, KAI_MAX_PUBLISH_MANY / 2);

	(void)state;
	assert_non_null(content);
	for (size_t i = 0; i < 2; i++) {
		drafts->drafts[i].parts[1] = (struct kai_draft_part){
			.name = kai_span_str("more"),
			.media_type = kai_span_str("text/plain"),
			.content = kai_span(content, KAI_MAX_PUBLISH_MANY / 2)};
		drafts->drafts[i].request.draft.parts_count = 2;
		many[i] = drafts->drafts[i].request;
	}
	world_answered(ask(world, many, 2), 3, "oversize");
	assert_int_equal(world_items(world, 0), 0);
	world_answered(ask(world, many, 1), 0, "");
	assert_int_equal(world_items(world, 0), 1);
	free(content);
	free(drafts);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_root_a_class),
		cmocka_unit_test(what_cannot_wait_stands_alone),
		cmocka_unit_test(each_has_its_answer),
		cmocka_unit_test(threads_go_on),
		cmocka_unit_test(takes_what_it_has_room_for),
		cmocka_unit_test(has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
