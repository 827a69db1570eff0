/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "world.h"

#include "kairan/advisory.h"
#include "kairan/records.h"

/* ---- helpers
 * ------------------------------------------------------------------------------------------------------
 */

static void assert_answer(struct kai_ctl_answer answer, uint64_t code, const char *reason)
{
	if (answer.exit != code || !kai_span_equal(answer.reason, kai_span_str(reason)))
		print_message("wanted %s, got %llu %.*s: %.*s\n", reason,
			      (unsigned long long)answer.exit, (int)answer.reason.len,
			      (const char *)answer.reason.at, (int)answer.text.len,
			      (const char *)answer.text.at);
	assert_int_equal(answer.exit, code);
	assert_true(kai_span_equal(answer.reason, kai_span_str(reason)));
}

static struct kai_ctl_answer publish(struct world *world, size_t at, struct world_draft *draft)
{
	struct kai_ctl_answer answer = world_ask(world, at, KAI_CONTROL_PUBLISH, &draft->request);

	world_wait(world, 1000);
	return answer;
}

static struct kai_ctl_answer retract(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN],
				     bool dry_run)
{
	struct kai_ctl_retract request = {.lang = kai_span_str("en"), .dry_run = dry_run};

	memcpy(request.id, id, KAI_ID_LEN);
	request.body = world_body(world, at, KAI_KIND_RETRACT, "taken back");
	struct kai_ctl_answer answer = world_ask(world, at, KAI_CONTROL_RETRACT, &request);

	world_wait(world, 1000);
	return answer;
}

static void name_org(struct world *world, struct kai_audience_entry *entry, size_t node)
{
	entry->type = KAI_AUD_ORG;
	entry->org = kai_span(world_org(world, node), KAI_ID_LEN);
	entry->text = kai_span_str("");
}

/* AMBER for the nodes in a bit set; not sorted on purpose. */
static void amber(struct world *world, size_t at, struct world_draft *ret, unsigned nodes)
{
	size_t count = 0;

	world_secinfo(world, at, ret, KAI_TLP_AMBER, "for some");
	for (size_t i = WORLD_NODES; i-- > 0;) {
		if ((nodes >> i & 1) != 0)
			name_org(world, &ret->audience[count++], i);
	}
	ret->request.draft.label.audience_count = count;
}

static const struct kai_recipient *recipient(struct world *world,
					     const struct kai_ctl_answer *answer, size_t node)
{
	size_t at = 0;

	while (at < answer->recipients_count &&
	       !kai_id_equal(answer->recipients[at].org, world_org(world, node)))
		at++;
	assert_true(at < answer->recipients_count);
	return &answer->recipients[at];
}

static void assert_recipient(struct world *world, const struct kai_ctl_answer *answer, size_t node,
			     bool allow, const char *rule)
{
	const struct kai_recipient *found = recipient(world, answer, node);

	assert_int_equal(found->allow, allow);
	assert_true(kai_span_equal(found->rule, kai_span_str(rule)));
}

static bool item_at(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN],
		    struct kai_item *ret, struct kai_header *ret_header)
{
	struct kai_arena *arena = &world->nodes[at].arena;
	struct kai_txn *txn;
	uint64_t arrival;

	assert_int_equal(kai_txn_begin(world->nodes[at].store, false, &txn, NULL), KAI_ERR_OK);
	bool found = kai_rec_arrival(txn, id, &arrival) && kai_rec_item(txn, arrival, arena, ret);

	kai_txn_abort(txn);
	if (found)
		assert_int_equal(kai_header_read(ret->header, arena, ret_header), KAI_FAULT_NONE);
	return found;
}

static uint64_t stored_items(struct world *world, size_t at)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(world->nodes[at].store, false, &txn, NULL), KAI_ERR_OK);
	uint64_t count = kai_txn_count(txn, KAI_TABLE_ITEMS);

	kai_txn_abort(txn);
	return count;
}

/* 0 in the middle of 1 and 2. */
static struct world *star(void)
{
	struct world *world = world_new(4);
	struct world_terms terms;

	for (size_t i = 1; i < 3; i++) {
		world_terms(world, &terms, 0, i, 1);
		world_join(world, &terms, 0, i);
	}
	return world;
}

/* ---- tests
 * --------------------------------------------------------------------------------------------------------
 */

static void fills_what_the_author_leaves(void **state)
{
	struct world *world = star();
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
	struct kai_ctl_answer answer = publish(world, 0, &draft);

	assert_answer(answer, 0, "");
	assert_true(item_at(world, 0, answer.id.id, &item, &header));
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
	struct world *world = star();
	struct world_draft draft;

	(void)state;
	amber(world, 0, &draft, 1u << 1 | 1u << 2);
	draft.part_label = draft.request.draft.label;
	draft.part_label.tlp = KAI_TLP_RED;
	draft.part_label.audience = draft.part_audience;
	draft.part_label.audience_count = 1;
	name_org(world, &draft.part_audience[0], 2);
	draft.parts[1].name = kai_span_str("damage");
	draft.parts[1].media_type = kai_span_str("text/plain");
	draft.parts[1].content = kai_span_str("what was hit");
	draft.parts[1].label = &draft.part_label;
	draft.parts[2].name = kai_span_str("method");
	draft.parts[2].media_type = kai_span_str("text/plain");
	draft.parts[2].content = kai_span_str("");
	draft.request.draft.parts_count = 3;
	struct kai_ctl_answer answer = publish(world, 0, &draft);

	assert_answer(answer, 0, "");
	assert_recipient(world, &answer, 1, true, "org-named");
	assert_recipient(world, &answer, 2, true, "org-named");
	const struct kai_recipient *one = recipient(world, &answer, 1);
	const struct kai_recipient *two = recipient(world, &answer, 2);

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
	struct world *world = star();
	struct world_draft draft;
	uint64_t before = stored_items(world, 0);

	(void)state;
	amber(world, 0, &draft, 1u << 3);
	struct kai_ctl_answer answer = publish(world, 0, &draft);

	assert_answer(answer, 1, "no-recipient");
	assert_int_equal(answer.recipients_count, 2);
	assert_recipient(world, &answer, 1, false, "audience");
	const struct kai_recipient *one = recipient(world, &answer, 1);

	assert_false(one->parts[0].allow);
	assert_false(answer.id.is);
	assert_int_equal(stored_items(world, 0), before);
	draft.request.keep = true;
	answer = publish(world, 0, &draft);
	assert_answer(answer, 0, "");
	assert_true(answer.id.is);
	assert_int_equal(stored_items(world, 0), before + 1);
	assert_false(world_holds(world, 1, answer.id.id));
	world_free(world);
}

static void dry_run_stores_nothing(void **state)
{
	struct world *world = star();
	struct world_draft draft;
	uint64_t before = stored_items(world, 0);

	(void)state;
	amber(world, 0, &draft, 1u << 1);
	draft.request.dry_run = true;
	struct kai_ctl_answer answer = publish(world, 0, &draft);

	assert_answer(answer, 0, "");
	assert_recipient(world, &answer, 1, true, "org-named");
	assert_recipient(world, &answer, 2, false, "audience");
	assert_false(answer.id.is);
	assert_int_equal(stored_items(world, 0), before);
	world_free(world);
}

/* ---- refusals
 * ------------------------------------------------------------------------------------------------------
 */

typedef void (*spoil)(struct world *world, struct world_draft *draft);

static void other_realm(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.realm[3] = 1;
}

static void unknown_kind(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.kind = 99;
}

static void retract_kind(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.kind = KAI_KIND_RETRACT;
}

static void no_audience(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.label.audience_count = 0;
}

static void unknown_tlp(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.label.tlp = 6;
}

static void unknown_urgency(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.urgency = 9;
}

static void part_without_audience(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->part_label = draft->request.draft.label;
	draft->part_label.audience_count = 0;
	draft->parts[0].label = &draft->part_label;
}

static void advice_to_a_sector(struct world *world, struct world_draft *draft)
{
	draft->request.draft.kind = KAI_KIND_ADVICE;
	draft->parts[0].media_type = kai_span_str("kairan/advice");
	draft->parts[0].content = world_body(world, 0, KAI_KIND_ADVICE, "do this");
	draft->audience[0].type = KAI_AUD_SECTOR;
	draft->audience[0].org = (struct kai_span){NULL, 0};
	draft->audience[0].text = kai_span_str("jp-ci15:pow");
}

static void wrong_media(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->parts[0].media_type = kai_span_str("text/plain");
}

static void main_not_first(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->parts[0].name = kai_span_str("other");
}

static void body_of_another_kind(struct world *world, struct world_draft *draft)
{
	draft->parts[0].content = world_body(world, 0, KAI_KIND_RFI, "a question");
}

static void body_is_text(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->parts[0].content = kai_span_str("hello");
}

static void ended(struct world *world, struct world_draft *draft)
{
	draft->request.draft.not_after = (uint64_t)world->wall.ms;
}

static void bad_sector(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->sectors[0] = kai_span_str("POWER");
	draft->request.draft.sectors_count = 1;
}

static void same_part_name(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->parts[1] = draft->parts[0];
	draft->request.draft.parts_count = 2;
}

static const uint8_t nowhere[1][KAI_ID_LEN] = {{1, 2, 3}};

static void revises_nothing(struct world *world, struct world_draft *draft)
{
	uint8_t(*ids)[KAI_ID_LEN] = kai_arena_take(&world->nodes[0].arena, sizeof(nowhere));

	memcpy(ids, nowhere, sizeof(nowhere));
	draft->request.draft.supersedes = ids;
	draft->request.draft.supersedes_count = 1;
}

static void refers_to_nothing(struct world *world, struct world_draft *draft)
{
	uint8_t(*ids)[KAI_ID_LEN] = kai_arena_take(&world->nodes[0].arena, sizeof(nowhere));

	memcpy(ids, nowhere, sizeof(nowhere));
	draft->request.draft.refs = ids;
	draft->request.draft.refs_count = 1;
}

static void incident_of_nothing(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.incident.is = true;
}

static void refusals_by_name(void **state)
{
	static const struct {
		spoil spoil;
		uint64_t code;
		const char *reason;
	} rows[] = {
		{other_realm, 1, "realm"},
		{unknown_kind, 3, "kind"},
		{retract_kind, 3, "kind"},
		{no_audience, 1, "label-unreadable"},
		{unknown_tlp, 1, "label-unreadable"},
		{part_without_audience, 1, "label-unreadable"},
		{unknown_urgency, 1, "contradiction"},
		{advice_to_a_sector, 1, "directed"},
		{wrong_media, 3, "bad-body"},
		{main_not_first, 3, "bad-body"},
		{body_of_another_kind, 3, "bad-body"},
		{body_is_text, 3, "bad-body"},
		{ended, 3, "expired"},
		{bad_sector, 1, "contradiction"},
		{same_part_name, 1, "contradiction"},
		{revises_nothing, 4, "not-held"},
		{refers_to_nothing, 4, "not-held"},
		{incident_of_nothing, 4, "not-held"},
	};
	struct world *world = star();
	uint64_t before = stored_items(world, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world_draft draft;

		amber(world, 0, &draft, 1u << 1);
		rows[i].spoil(world, &draft);
		assert_answer(world_ask(world, 0, KAI_CONTROL_PUBLISH, &draft.request),
			      rows[i].code, rows[i].reason);
	}
	assert_int_equal(stored_items(world, 0), before);
	/* our own card has ended */
	struct world_draft draft;

	world->wall.ms += 901 * KAI_MS_DAY;
	amber(world, 0, &draft, 1u << 1);
	assert_answer(world_ask(world, 0, KAI_CONTROL_PUBLISH, &draft.request), 1, "expired");
	world_free(world);
}

/* ---- threads
 * ------------------------------------------------------------------------------------------------------
 */

static void revise(struct world *world, struct world_draft *draft, const uint8_t *one,
		   const uint8_t *two)
{
	uint8_t(*ids)[KAI_ID_LEN] = kai_arena_take(&world->nodes[0].arena, 2 * KAI_ID_LEN);

	memcpy(ids[0], one, KAI_ID_LEN);
	if (two != NULL)
		memcpy(ids[1], two, KAI_ID_LEN);
	draft->request.draft.supersedes = ids;
	draft->request.draft.supersedes_count = two != NULL ? 2 : 1;
}

static void revisions_stay_in_their_thread(void **state)
{
	struct world *world = star();
	struct world_draft draft;
	struct kai_item item;
	struct kai_header header;

	(void)state;
	amber(world, 0, &draft, 1u << 1);
	struct kai_ctl_answer first = publish(world, 0, &draft);

	revise(world, &draft, first.id.id, NULL);
	struct kai_ctl_answer second = publish(world, 0, &draft);

	assert_answer(second, 0, "");
	assert_true(item_at(world, 1, second.id.id, &item, &header));
	assert_int_equal(header.revision, 2);
	assert_true(kai_id_equal(header.thread.id, first.id.id));
	assert_true(item_at(world, 1, first.id.id, &item, &header));
	assert_int_equal(item.flags & KAI_ITEM_SUPERSEDED, KAI_ITEM_SUPERSEDED);
	/* another second revision, and a third that ends the conflict */
	struct kai_ctl_answer rival = publish(world, 0, &draft);

	assert_answer(rival, 0, "");
	revise(world, &draft, rival.id.id, second.id.id);
	struct kai_ctl_answer third = publish(world, 0, &draft);

	assert_answer(third, 0, "");
	assert_true(item_at(world, 1, third.id.id, &item, &header));
	assert_int_equal(header.revision, 3);
	assert_int_equal(header.supersedes_count, 2);
	/* another circle may not be told of this one: a wider label starts anew */
	amber(world, 0, &draft, 1u << 1 | 1u << 2);
	revise(world, &draft, third.id.id, NULL);
	assert_answer(publish(world, 0, &draft), 1, "reference");
	/* two threads do not merge */
	amber(world, 0, &draft, 1u << 1);
	struct kai_ctl_answer elsewhere = publish(world, 0, &draft);

	revise(world, &draft, third.id.id, elsewhere.id.id);
	assert_answer(publish(world, 0, &draft), 1, "reference");
	/* the kind stays */
	revise(world, &draft, third.id.id, NULL);
	draft.request.draft.kind = KAI_KIND_RFI;
	draft.parts[0].media_type = kai_span_str("kairan/rfi");
	draft.parts[0].content = world_body(world, 0, KAI_KIND_RFI, "a question");
	assert_answer(publish(world, 0, &draft), 1, "kind");
	/* only our own */
	amber(world, 1, &draft, 1u << 0);
	struct kai_ctl_answer theirs = publish(world, 1, &draft);

	assert_true(world_holds(world, 0, theirs.id.id));
	amber(world, 0, &draft, 1u << 1);
	revise(world, &draft, theirs.id.id, NULL);
	assert_answer(publish(world, 0, &draft), 1, "origin");
	world_free(world);
}

static void retractions_follow(void **state)
{
	struct world *world = star();
	struct world_draft draft;
	struct kai_item item;
	struct kai_header header;

	(void)state;
	amber(world, 0, &draft, 1u << 1 | 1u << 2);
	draft.request.draft.urgency = KAI_URGENCY_TODAY;
	struct kai_ctl_answer target = publish(world, 0, &draft);

	assert_true(world_holds(world, 1, target.id.id) && world_holds(world, 2, target.id.id));
	struct kai_ctl_answer dry = retract(world, 0, target.id.id, true);

	assert_answer(dry, 0, "");
	assert_false(dry.id.is);
	assert_int_equal(dry.recipients_count, 2);
	/* what has passed is taken back although the agreement is suspended meanwhile */
	struct kai_ctl_agree_notice notice = {.action = KAI_NOTICE_SUSPEND,
					      .reason = kai_span_str("")};

	memcpy(notice.org, world_org(world, 2), KAI_ID_LEN);
	assert_answer(world_ask(world, 0, KAI_CONTROL_AGREE_NOTICE, &notice), 0, "");
	world_settle(world);
	struct kai_ctl_answer answer = retract(world, 0, target.id.id, false);

	assert_answer(answer, 0, "");
	assert_true(answer.id.is);
	assert_recipient(world, &answer, 1, true, "retraction-follows");
	assert_recipient(world, &answer, 2, true, "retraction-follows");
	for (size_t i = 0; i < 3; i++) {
		assert_true(item_at(world, i, answer.id.id, &item, &header));
		assert_int_equal(header.kind, KAI_KIND_RETRACT);
		assert_int_equal(header.revision, 2);
		assert_int_equal(header.urgency, KAI_URGENCY_TODAY);
		assert_int_equal(header.label.audience_count, 2);
		assert_true(kai_id_equal(header.thread.id, target.id.id));
		assert_true(kai_id_equal(header.supersedes[0], target.id.id));
	}
	assert_answer(retract(world, 0, target.id.id, false), 1, "retracted");
	assert_answer(retract(world, 0, answer.id.id, false), 1, "contradiction");
	revise(world, &draft, target.id.id, NULL);
	assert_answer(publish(world, 0, &draft), 1, "retracted");
	assert_answer(retract(world, 1, target.id.id, false), 1, "origin");
	assert_answer(retract(world, 0, nowhere[0], false), 4, "not-held");
	world_free(world);
}

/* It says whom it cannot reach: the item passed, and the agreement is gone. */
static void retraction_tells_whom_it_misses(void **state)
{
	struct world *world = star();
	struct world_draft draft;
	struct kai_ctl_agree_notice notice = {.action = KAI_NOTICE_TERMINATE,
					      .reason = kai_span_str("")};

	(void)state;
	amber(world, 0, &draft, 1u << 1 | 1u << 2);
	struct kai_ctl_answer target = publish(world, 0, &draft);

	memcpy(notice.org, world_org(world, 2), KAI_ID_LEN);
	assert_answer(world_ask(world, 0, KAI_CONTROL_AGREE_NOTICE, &notice), 0, "");
	world_settle(world);
	struct kai_ctl_answer answer = retract(world, 0, target.id.id, false);

	assert_answer(answer, 0, "");
	assert_recipient(world, &answer, 1, true, "retraction-follows");
	assert_recipient(world, &answer, 2, false, "agreement");
	assert_true(answer.text.len > 0);
	assert_false(world_holds(world, 2, answer.id.id));
	world_free(world);
}

static void retraction_body_is_checked(void **state)
{
	struct world *world = star();
	struct world_draft draft;
	struct kai_ctl_retract request = {.lang = kai_span_str("en")};

	(void)state;
	world_secinfo(world, 0, &draft, KAI_TLP_CLEAR, "news");
	struct kai_ctl_answer target = publish(world, 0, &draft);

	memcpy(request.id, target.id.id, KAI_ID_LEN);
	request.body = kai_span_str("x");
	assert_answer(world_ask(world, 0, KAI_CONTROL_RETRACT, &request), 3, "bad-body");
	request.body = world_body(world, 0, KAI_KIND_RFI, "a question");
	assert_answer(world_ask(world, 0, KAI_CONTROL_RETRACT, &request), 3, "bad-body");
	world_free(world);
}

/* ---- who signs, and sources
 * ---------------------------------------------------------------------------------------
 */

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
		struct kai_ctl_answer answer = publish(world, 0, &draft);

		assert_answer(answer, 0, signers > 1 ? "too-few-signers" : "");
		if (signers > 1) {
			struct kai_ctl_sign sign = {.role = KAI_ROLE_DECIDER};

			assert_false(world_holds(world, 1, answer.id.id));
			memcpy(sign.id, answer.id.id, KAI_ID_LEN);
			assert_answer(world_ask(world, 0, KAI_CONTROL_SIGN, &sign), 0, "");
			world_settle(world);
		}
		assert_true(item_at(world, 0, answer.id.id, &item, &header));
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
	struct world *world = star();
	struct world_draft draft;
	struct kai_source_mark mark = {.key = {1}, .digest = {2}, .name = kai_span_str("doc")};
	struct kai_ctl_source request = {.source = {.key = {3}, .name = kai_span_str("doc 2")}};
	struct kai_key key = kai_key_bytes(mark.key, sizeof(mark.key));
	struct kai_source source;
	struct kai_txn *txn;

	(void)state;
	world_secinfo(world, 0, &draft, KAI_TLP_CLEAR, "imported");
	draft.request.source = &mark;
	draft.request.dry_run = true;
	assert_answer(publish(world, 0, &draft), 0, "");
	draft.request.dry_run = false;
	struct kai_ctl_answer answer = publish(world, 0, &draft);

	memcpy(request.head, answer.id.id, KAI_ID_LEN);
	assert_answer(world_ask(world, 0, KAI_CONTROL_SOURCE, &request), 0, "");
	assert_int_equal(kai_txn_begin(world->nodes[0].store, false, &txn, NULL), KAI_ERR_OK);
	assert_int_equal(kai_txn_count(txn, KAI_TABLE_SOURCES), 2);
	assert_true(kai_rec_get(txn, KAI_TABLE_SOURCES, &key, &kai_object_source,
				&world->nodes[0].arena, &source));
	kai_txn_abort(txn);
	assert_true(kai_id_equal(source.head, answer.id.id));
	assert_memory_equal(source.digest, mark.digest, sizeof(mark.digest));
	memcpy(request.head, nowhere[0], KAI_ID_LEN);
	assert_answer(world_ask(world, 0, KAI_CONTROL_SOURCE, &request), 4, "not-held");
	world_secinfo(world, 1, &draft, KAI_TLP_CLEAR, "theirs");
	answer = publish(world, 1, &draft);
	memcpy(request.head, answer.id.id, KAI_ID_LEN);
	assert_answer(world_ask(world, 0, KAI_CONTROL_SOURCE, &request), 1, "origin");
	world_free(world);
}

/* Who heard no answer asks again: the answer is the item that is there. */
static void asked_again_it_is_not_done_again(void **state)
{
	struct world *world = star();
	struct world_draft draft;
	struct kai_source_mark mark = {.key = {1}};
	struct kai_ctl_answer first, answer;
	struct kai_txn *txn;

	(void)state;
	world_secinfo(world, 0, &draft, KAI_TLP_CLEAR, "a draft");
	draft.request.source = &mark;
	first = publish(world, 0, &draft);
	assert_answer(first, 0, "");
	answer = publish(world, 0, &draft);
	assert_answer(answer, 0, "");
	assert_true(answer.id.is && kai_id_equal(answer.id.id, first.id.id));
	mark.digest[0] = 2; /* the next state of a document, or another draft */
	answer = publish(world, 0, &draft);
	assert_answer(answer, 0, "");
	assert_false(kai_id_equal(answer.id.id, first.id.id));
	mark.key[0] = 2;
	assert_false(kai_id_equal(publish(world, 0, &draft).id.id, answer.id.id));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(kai_txn_begin(world->nodes[i].store, false, &txn, NULL),
				 KAI_ERR_OK);
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
		cmocka_unit_test(refusals_by_name),
		cmocka_unit_test(revisions_stay_in_their_thread),
		cmocka_unit_test(retractions_follow),
		cmocka_unit_test(retraction_tells_whom_it_misses),
		cmocka_unit_test(retraction_body_is_checked),
		cmocka_unit_test(alerts_are_the_deciders),
		cmocka_unit_test(sources_are_remembered),
		cmocka_unit_test(asked_again_it_is_not_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
