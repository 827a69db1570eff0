/* SPDX-License-Identifier: Apache-2.0 */
/* Drills over a net of real engines: who takes part, from when until when, and that nothing of a drill is
 * ever taken for live, nor the reverse, at any entrance. */
#include "drills.h"

#include <stdlib.h>
#include <string.h>

static bool holds_in(struct net *net, struct kai_store *store, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn;
	uint64_t arrival;

	assert_int_equal(kai_txn_begin(store, false, &txn, NULL), KAI_ERR_OK);
	bool held = kai_rec_arrival(txn, id, &arrival);

	kai_txn_abort(txn);
	(void)net;
	return held;
}

static bool drill_holds(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	return holds_in(net, net->nodes[node].drill, id);
}

static uint64_t rows_in(struct kai_store *store, enum kai_table table)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(store, false, &txn, NULL), KAI_ERR_OK);
	uint64_t count = kai_txn_count(txn, table);

	kai_txn_abort(txn);
	return count;
}

/* ---- how it goes */

static void everybody_takes_part_and_nothing_is_live(void **state)
{
	struct net *net = drills_practice(3);
	const struct net_item exercise = {.title = "a flood", .drill = true};
	const struct net_item real = {.title = "a fire"};
	uint8_t drilled[KAI_ID_LEN], live[KAI_ID_LEN];
	size_t since = net->seen_count;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(net->nodes[i].drill_engine);
		for (unsigned org = 0; org < 3; org++)
			assert_true(drills_consents(net, i, org));
	}
	net_publish(net, 0, &exercise, drilled);
	net_run(net);
	for (size_t i = since; i < net->seen_count; i++)
		assert_int_equal(net->seen[i].type, KAI_MSG_REALM);
	net_publish(net, 2, &real, live);
	net_pass(net, KAI_MS_MINUTE);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(drill_holds(net, i, drilled));
		assert_false(net_holds(net, i, drilled, NULL));
		assert_true(net_holds(net, i, live, NULL));
		assert_false(drill_holds(net, i, live));
	}
	/* Its receipts came back, in the drill's store and its own journal alone. */
	assert_int_equal(rows_in(net->nodes[0].drill, KAI_TABLE_RECEIPTS), 1);
	assert_int_equal(net_rows(net, 0, KAI_TABLE_RECEIPTS), 0);
	assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), 0);
	net_free(net);
}

static void who_comes_later_hears_of_it(void **state)
{
	struct net *net = net_chain(2, &drills_terms);
	const struct net_item exercise = {.title = "a flood", .drill = true};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_cut(net, 0, 1);
	net_done(&net->nodes[0], drills_open(net, 0, KAI_DRILL_WHOLE, 0,
					     drills_now(net) + (uint64_t)DRILLS_LONG_MS));
	net_publish(net, 0, &(struct net_item){.title = "first", .drill = true, .keep = true}, id);
	net_run(net);
	assert_null(net->nodes[1].drill_engine);
	net_link(net, 0, 1);
	net_run(net);
	assert_non_null(net->nodes[1].drill_engine);
	assert_true(drill_holds(net, 1, id));
	net_cut(net, 0, 1);
	net_publish(net, 0, &exercise, id);
	net_link(net, 0, 1);
	net_run(net);
	assert_true(drill_holds(net, 1, id));
	net_free(net);
}

/* ---- entrances */

/* What stood in the envelopes that went to that node, and those frames themselves. */
static size_t inside(struct net *net, unsigned to, size_t since, struct kai_span *ret, size_t cap)
{
	size_t count = 0;

	for (size_t i = since; i < net->seen_count && count < cap; i++) {
		struct kai_realm_frame envelope;

		if (net->seen[i].to != to || net->seen[i].type != KAI_MSG_REALM)
			continue;
		assert_int_equal(kai_object_decode(&kai_object_realm_frame,
						   net_keep(net, &net->seen[i]), &net->arena,
						   &envelope),
				 KAI_FAULT_NONE);
		ret[count++] = envelope.frame;
	}
	return count;
}

static void a_drills_frames_are_refused_as_live(void **state)
{
	struct net *net = drills_practice(2);
	struct kai_span frames[64];
	const struct net_item alert = {.kind = KAI_KIND_ALERT, .title = "a flood", .drill = true};
	const struct net_item bulk = {.title = "a flood, at length", .drill = true};
	uint8_t ids[2][KAI_ID_LEN];
	size_t since = net->seen_count;

	(void)state;
	net_publish(net, 0, &alert, ids[0]);
	net_publish(net, 0, &bulk, ids[1]);
	net_run(net);
	size_t count = inside(net, 1, since, frames, 64);
	unsigned items = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t type = frames[i].at[0] == 0xdc ? frames[i].at[4] : frames[i].at[2];

		if (type != KAI_MSG_PUSH && type != KAI_MSG_CHUNK)
			continue;
		items++;
		net_inject_bytes(net, 0, 1, frames[i]);
	}
	assert_true(items >= 2);
	net_run(net);
	for (size_t i = 0; i < 2; i++) {
		assert_true(drill_holds(net, 1, ids[i]));
		assert_false(net_holds(net, 1, ids[i], NULL));
	}
	assert_true(net_journalled(net, 1, "peer-fault", "realm", NULL) >= 1);
	net_free(net);
}

/* The whole of a frame that went, in an envelope of that realm. */
static void inject_in(struct net *net, const uint8_t realm[KAI_REALM_LEN], struct kai_span frame)
{
	struct kai_realm_frame envelope = {.frame = frame};

	memcpy(envelope.realm, realm, KAI_REALM_LEN);
	net_inject(net, 0, 1, KAI_MSG_REALM, &envelope);
}

static void live_frames_are_refused_in_a_drill(void **state)
{
	struct net *net = drills_practice(2);
	const struct net_item alert = {.kind = KAI_KIND_ALERT, .title = "a fire"};
	const uint8_t *realm = net->nodes[1].drill_realm;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &alert, id);
	for (size_t i = 0; i < net->seen_count; i++)
		if (net->seen[i].type == KAI_MSG_PUSH)
			inject_in(net, realm, net_keep(net, &net->seen[i]));
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	assert_false(drill_holds(net, 1, id));
	struct kai_txn *txn;
	struct kai_span key;
	struct kai_scan scan;
	unsigned refused = 0;

	assert_int_equal(kai_txn_begin(net->nodes[1].drill, false, &txn, NULL), KAI_ERR_OK);
	kai_scan_init(&scan, txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_span(NULL, 0), false);
	struct kai_span value;

	while (kai_scan_next(&scan, &key, &value))
		refused += memmem(value.at, value.len, "realm", 5) != NULL;
	kai_txn_abort(txn);
	assert_true(refused >= 1);
	net_free(net);
}

static void envelopes_that_hold_what_is_live_are_refused(void **state)
{
	struct net *net = drills_practice(2);
	uint8_t strange[KAI_REALM_LEN] = {1};
	struct kai_card_frame card = {.what = 1, .bytes = net->nodes[0].card};
	struct kai_ping ping = {.answer = false};
	struct kai_realm_frame nested = {.frame = {NULL, 0}};
	struct kai_span plain = kai_frame_encode(KAI_MSG_PING, &ping, &net->arena);
	struct kai_span cards = kai_frame_encode(KAI_MSG_CARD, &card, &net->arena);
	const uint8_t *realm = net->nodes[1].drill_realm;
	uint64_t before = net_journalled(net, 1, "peer-fault", "realm", NULL);

	(void)state;
	assert_int_equal(before, 0);
	memcpy(nested.realm, realm, KAI_REALM_LEN);
	nested.frame = plain;
	struct kai_span again = kai_frame_encode(KAI_MSG_REALM, &nested, &net->arena);
	const struct {
		const uint8_t *realm;
		struct kai_span frame;
		enum kai_fault fault;
	} cases[] = {
		{kai_realm_live, plain, KAI_FAULT_REALM}, {realm, cards, KAI_FAULT_REALM},
		{realm, again, KAI_FAULT_REALM},	  {realm, plain, KAI_FAULT_NONE},
		{strange, plain, KAI_FAULT_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kai_realm_frame envelope = {.frame = cases[i].frame};
		struct kai_checked checked;
		struct kai_arena arena = {malloc(KAI_CHECK_ARENA), KAI_CHECK_ARENA, 0, false};

		memcpy(envelope.realm, cases[i].realm, KAI_REALM_LEN);
		kai_frame_check(kai_frame_encode(KAI_MSG_REALM, &envelope, &net->arena), &arena,
				&checked);
		assert_int_equal(checked.fault, cases[i].fault);
		assert_memory_equal(checked.realm, cases[i].realm, KAI_REALM_LEN);
		if (checked.fault == KAI_FAULT_NONE)
			assert_int_equal(checked.type, KAI_MSG_PING);
		free(arena.at);
	}
	/* One of a realm that nobody announced. */
	inject_in(net, strange, plain);
	net_run(net);
	assert_int_equal(net_journalled(net, 1, "peer-fault", "realm", NULL), 1);
	net_free(net);
}

/* Every request, asked of the other realm. */
static void requests_of_another_realm_are_refused(void **state)
{
	struct net *net = drills_practice(2);
	struct net_node *node = &net->nodes[0];
	struct kai_ctl_publish publish = {.draft = {.kind = KAI_KIND_SECINFO}};
	struct kai_ctl_status status = {0};
	struct kai_ctl_agree_notice notice = {.action = KAI_NOTICE_SUSPEND};
	struct kai_ctl_in_realm envelope = {.request = kai_span("\x92\x01\x0b", 3)};
	struct kai_draft_part part = {.name = kai_span_str("main"),
				      .media_type = kai_span_str("kairan/secinfo"),
				      .content = kai_span_str("x")};

	(void)state;
	publish.draft.lang = kai_span_str("en");
	publish.draft.parts = &part;
	publish.draft.parts_count = 1;
	publish.draft.label = (struct kai_label){.tlp = KAI_TLP_CLEAR,
						 .onward = KAI_ONWARD_ANY,
						 .attribution = KAI_ATTR_NAMED,
						 .pap = KAI_PAP_CLEAR,
						 .gov_share = 1};
	/* a live draft in the drill, and the drill's in what is live */
	assert_int_equal(net_drill_control(net, 0, KAI_CONTROL_PUBLISH, &publish), 1);
	assert_true(kai_span_equal(node->answer.reason, kai_span_str("realm")));
	memcpy(publish.draft.realm, node->drill_realm, KAI_REALM_LEN);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_PUBLISH, &publish), 1);
	assert_true(kai_span_equal(node->answer.reason, kai_span_str("realm")));
	/* an envelope in what is live, for a drill that nobody knows and for one that is; and one in another */
	envelope.realm[0] = 1;
	assert_int_equal(net_control(net, 0, KAI_CONTROL_IN_REALM, &envelope), 1);
	assert_true(kai_span_equal(node->answer.reason, kai_span_str("realm")));
	memcpy(envelope.realm, node->drill_realm, KAI_REALM_LEN);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_IN_REALM, &envelope), 1);
	assert_true(kai_span_equal(node->answer.reason, kai_span_str("drill-window")));
	envelope.version = KAI_VERSION;
	assert_int_equal(net_drill_control(net, 0, KAI_CONTROL_IN_REALM, &envelope), 1);
	assert_true(kai_span_equal(node->answer.reason, kai_span_str("realm")));
	/* trust is live's */
	memcpy(notice.org, net->nodes[1].config.org, KAI_ID_LEN);
	assert_int_equal(net_drill_control(net, 0, KAI_CONTROL_AGREE_NOTICE, &notice), 1);
	assert_true(kai_span_equal(node->answer.reason, kai_span_str("realm")));
	assert_int_equal(net_drill_control(net, 0, KAI_CONTROL_STATUS, &status), 0);
	assert_true(net_up(net, 0, 1));
	net_free(net);
}

/* ---- the window */

static void nothing_passes_outside_the_window(void **state)
{
	struct net *net = net_chain(2, &drills_terms);
	uint64_t from = drills_now(net) + (uint64_t)KAI_MS_HOUR;
	uint64_t until = from + (uint64_t)KAI_MS_HOUR;
	struct kai_ctl_status status = {0};
	struct kai_ctl_retract early = {.body = kai_span_str("x"), .lang = kai_span_str("en")};
	uint8_t id[KAI_ID_LEN], late[KAI_ID_LEN];

	(void)state;
	net_done(&net->nodes[0], drills_open(net, 0, KAI_DRILL_WHOLE, from, until));
	net_run(net);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_REALM, 0), 0);
	assert_int_equal(net_drill_control(net, 0, KAI_CONTROL_RETRACT, &early), 1);
	assert_true(kai_span_equal(net->nodes[0].answer.reason, kai_span_str("drill-window")));
	assert_int_equal(net_drill_control(net, 0, KAI_CONTROL_STATUS, &status), 0);
	net_pass(net, (int64_t)(from - drills_now(net)) - 1);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_REALM, 0), 0);
	net_pass(net, 1);
	assert_int_not_equal(net_sent(net, 0, 1, KAI_MSG_REALM, 0), 0);
	net_publish(net, 0, &(struct net_item){.title = "a flood", .drill = true}, id);
	net_run(net);
	assert_true(drill_holds(net, 1, id));
	net_pass(net, (int64_t)(until - drills_now(net)) - 1);
	net_publish(net, 0, &(struct net_item){.title = "too late", .drill = true}, late);
	size_t since = net->seen_count;

	/* what is still under way when it ends is not taken */
	net->mono.ms++;
	net_run(net);
	net_pass(net, KAI_MS_HOUR);
	assert_false(drill_holds(net, 1, late));
	assert_true(net->seen_count >= since);
	for (size_t i = since; i < net->seen_count; i++)
		assert_int_not_equal(net->seen[i].type, KAI_MSG_REALM);
	assert_int_equal(net_drill_control(net, 1, KAI_CONTROL_RETRACT, &early), 1);
	assert_true(kai_span_equal(net->nodes[1].answer.reason, kai_span_str("drill-window")));
	assert_true(drill_holds(net, 1, id)); /* kept for the report */
	assert_int_equal(net_journalled(net, 1, "peer-fault", NULL, NULL), 0);
	net_free(net);
}

/* However little a clock is set back, its node does not turn in vain until the window begins or ends. */
static void a_clock_set_back_keeps_nobody_busy(void **state)
{
	struct net *net = net_chain(2, &drills_terms);
	uint64_t from = drills_now(net) + (uint64_t)KAI_MS_HOUR;
	uint64_t until = from + (uint64_t)KAI_MS_HOUR;
	struct net_node *node = &net->nodes[1];

	(void)state;
	net_done(&net->nodes[0], drills_open(net, 0, KAI_DRILL_WHOLE, from, until));
	net_pass(net, (int64_t)(from - drills_now(net)) - 100);
	node->skew_ms = -500;
	net_pass(net, 100);
	assert_int_equal(kai_engine_deadline(node->drill_engine).ms, net->mono.ms + 500);
	net_pass(net, (int64_t)(until - drills_now(net)) + 400);
	node->skew_ms = -900;
	net_pass(net, 100);
	assert_true(kai_engine_deadline(node->drill_engine).ms > net->mono.ms);
	net_free(net);
}

static void its_director_closes_it_for_all(void **state)
{
	struct net *net = drills_practice(3);
	struct kai_ctl_drill_close close = {.version = KAI_VERSION};
	struct kai_ctl_retract after = {.body = kai_span_str("x"), .lang = kai_span_str("en")};

	(void)state;
	assert_int_equal(net_control(net, 1, KAI_CONTROL_DRILL_CLOSE, &close), 4);
	memcpy(close.realm, net->nodes[0].drill_realm, KAI_REALM_LEN);
	assert_int_equal(net_control(net, 1, KAI_CONTROL_DRILL_CLOSE, &close), 1);
	assert_true(kai_span_equal(net->nodes[1].answer.reason, kai_span_str("origin")));
	net_cut(net, 1, 2);
	net_done(&net->nodes[0], net_control(net, 0, KAI_CONTROL_DRILL_CLOSE, &close));
	net_run(net);
	assert_int_equal(net_drill_control(net, 2, KAI_CONTROL_RETRACT, &after), 4); /* not heard */
	net_link(net, 1, 2);
	net_run(net);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(net_drill_control(net, i, KAI_CONTROL_RETRACT, &after), 1);
		assert_true(
			kai_span_equal(net->nodes[i].answer.reason, kai_span_str("drill-window")));
	}
	assert_int_equal(net_control(net, 0, KAI_CONTROL_DRILL_CLOSE, &close), 1);
	assert_true(kai_span_equal(net->nodes[0].answer.reason, kai_span_str("drill-window")));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(net_journalled(net, i, "peer-fault", NULL, NULL), 0);
	net_free(net);
}

/* A director whose own card does not let its duty desk speak any more: a refusal, not a turn lost. */
static void a_director_needs_its_duty_key(void **state)
{
	struct net *net = net_chain(2, &drills_terms);
	struct net_node *node = &net->nodes[0];
	struct kai_card card;

	(void)state;
	net_card_read(net, node->card, &card);
	card.serial++;
	card.issued_at++;
	for (size_t i = 0; i < card.keys_count; i++)
		if (card.keys[i].role == KAI_ROLE_DUTY)
			card.keys[i].not_after = card.keys[i].not_before + 1;
	net_card_own(net, 0, net_card_sign(net, &card, &node->root));
	assert_int_equal(
		drills_open(net, 0, KAI_DRILL_WHOLE, 0, drills_now(net) + (uint64_t)DRILLS_LONG_MS),
		1);
	assert_true(kai_span_equal(node->answer.reason,
				   kai_span_str(kai_fault_name(KAI_FAULT_KEY_ROLE))));
	assert_int_equal(net_rows(net, 0, KAI_TABLE_DRILLS), 0);
	net_free(net);
}

/* ---- consent */

static void only_what_the_agreement_allows_is_practised(void **state)
{
	(void)state;
	for (uint64_t consent = 0; consent <= 2; consent++) {
		for (uint64_t level = KAI_DRILL_COMCHECK; level <= KAI_DRILL_WHOLE; level++) {
			const struct net_terms terms = {.introduce = true,
							.drill_consent = consent};
			struct net *net = net_chain(2, &terms);
			bool allowed = consent >= level;
			size_t since = net->seen_count;
			uint8_t id[KAI_ID_LEN];

			net_done(&net->nodes[0],
				 drills_open(net, 0, level, 0,
					     drills_now(net) + (uint64_t)DRILLS_LONG_MS));
			assert_int_equal(net->nodes[0].answer.recipients_count, 1);
			assert_true(net->nodes[0].answer.recipients[0].allow == allowed);
			net_run(net);
			net_publish(
				net, 0,
				&(struct net_item){.title = "a flood", .drill = true, .keep = true},
				id);
			net_pass(net, KAI_MS_MINUTE);
			assert_true((net->nodes[1].drill_engine != NULL) == allowed);
			assert_true((net_sent(net, 0, 1, KAI_MSG_DRILL, since) > 0) == allowed);
			if (allowed)
				assert_true(drill_holds(net, 1, id));
			assert_true(drills_consents(net, 0, 1) == allowed);
			net_free(net);
		}
	}
}

/* A director who announces it all the same is told that it is refused, and nothing is served. */
static void a_drill_without_consent_is_refused(void **state)
{
	struct net *net = net_chain(2, &net_wide);
	struct kai_ctl_status status = {0};
	struct kai_drill_frame frame = {.what = 1};
	struct kai_drill_held held;
	struct kai_drill_word said;

	(void)state;
	net_done(&net->nodes[0], drills_open(net, 0, KAI_DRILL_COMCHECK, 0,
					     drills_now(net) + (uint64_t)DRILLS_LONG_MS));
	struct kai_txn *txn = net_read(net, 0);

	assert_true(kai_rec_drill(txn, net->nodes[0].drill_realm, &net->arena, &held));
	kai_txn_abort(txn);
	frame.bytes = held.rec.bytes;
	net_inject(net, 0, 1, KAI_MSG_DRILL, &frame);
	net_run(net);
	assert_null(net->nodes[1].drill_engine);
	assert_int_equal(net_journalled(net, 1, "drill-refused", "drill-consent", NULL), 1);
	txn = net_read(net, 0);
	assert_true(kai_rec_drill_say(txn, held.drill.realm, net->nodes[1].config.org,
				      KAI_DRILL_CONSENTS, &net->arena, &said));
	assert_int_equal(said.say.what, KAI_DRILL_REFUSES);
	kai_txn_abort(txn);
	assert_int_equal(net_drill_control(net, 0, KAI_CONTROL_STATUS, &status), 0);
	net_free(net);
}

/* What a drill's turn may never do, its store does not do either. */
static void a_drills_store_cannot_write_what_is_live(void **state)
{
	static const enum kai_table lives[] = {KAI_TABLE_CARDS,	     KAI_TABLE_RECORDS,
					       KAI_TABLE_AGREEMENTS, KAI_TABLE_NOTICES,
					       KAI_TABLE_MEMBERS,    KAI_TABLE_DRILLS};
	struct net *net = drills_practice(2);
	struct kai_store *other = NULL, *own = NULL;
	struct kai_store_options options = {0};
	uint8_t realm[KAI_REALM_LEN] = {9};

	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		struct kai_txn *txn;
		uint64_t before = net_rows(net, 0, lives[i]);

		assert_int_equal(kai_txn_begin(net->nodes[0].drill, true, &txn, NULL), KAI_ERR_OK);
		assert_int_equal(kai_txn_count(txn, lives[i]), before);
		kai_txn_put(txn, lives[i], kai_span_str("key"), kai_span_str("value"));
		assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_DENIED);
		assert_int_equal(net_rows(net, 0, lives[i]), before);
	}
	/* one realm's store does not open as another's */
	assert_int_equal(kai_store_open_memory(&options, &own), KAI_ERR_OK);
	assert_int_equal(kai_store_open_drill(net->nodes[0].store, own, realm, &other, NULL),
			 KAI_ERR_OK);
	kai_store_close(other);
	assert_int_equal(kai_store_open_memory(&options, &own), KAI_ERR_OK);
	struct kai_txn *txn;
	struct kai_key key = kai_key_word(KAI_META_REALM);

	assert_int_equal(kai_txn_begin(own, true, &txn, NULL), KAI_ERR_OK);
	kai_txn_put(txn, KAI_TABLE_META, kai_key_span(&key),
		    kai_span(net->nodes[0].drill_realm, KAI_REALM_LEN));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	assert_int_equal(kai_store_open_drill(net->nodes[0].store, own, realm, &other, NULL),
			 KAI_ERR_INVALID);
	kai_store_close(own);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_takes_part_and_nothing_is_live),
		cmocka_unit_test(who_comes_later_hears_of_it),
		cmocka_unit_test(a_drills_frames_are_refused_as_live),
		cmocka_unit_test(live_frames_are_refused_in_a_drill),
		cmocka_unit_test(envelopes_that_hold_what_is_live_are_refused),
		cmocka_unit_test(requests_of_another_realm_are_refused),
		cmocka_unit_test(nothing_passes_outside_the_window),
		cmocka_unit_test(a_clock_set_back_keeps_nobody_busy),
		cmocka_unit_test(its_director_closes_it_for_all),
		cmocka_unit_test(a_director_needs_its_duty_key),
		cmocka_unit_test(only_what_the_agreement_allows_is_practised),
		cmocka_unit_test(a_drill_without_consent_is_refused),
		cmocka_unit_test(a_drills_store_cannot_write_what_is_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
