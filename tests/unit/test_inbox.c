/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for a person: what makes an item wait and what ends that, and the words. */
#include "test.h"

#include "inbox.h"
#include "officer.h"

static json_t *load(struct officer *officer)
{
	json_t *top = NULL;

	officer->cli.err = stderr;
	assert_int_equal(kai_inbox_load(&officer->cli, &top), 0);
	return top;
}

/* The only item, after its first deed was compared; to be released with the top. */
static json_t *only(struct officer *officer, const char *what, const char *state, json_t **ret_item)
{
	json_t *top = load(officer);
	json_t *items = json_object_get(top, "items");

	if (json_array_size(items) != 1)
		fail_msg("%zu items and not one", json_array_size(items));
	*ret_item = json_array_get(items, 0);
	assert_string_equal(kai_row_str(*ret_item, "do"), what);
	assert_string_equal(kai_row_str(*ret_item, "do_state"), state);
	return top;
}

static void assert_empty(struct officer *officer)
{
	json_t *top = load(officer);

	assert_int_equal(json_array_size(json_object_get(top, "items")), 0);
	json_decref(top);
}

static void ack(struct world *world, size_t node, const uint8_t id[KAI_ID_LEN], uint64_t level)
{
	struct kai_ctl_ack request = {
		.level = level, .action = level == KAI_LEVEL_ACTION ? KAI_ACTION_CHECKING : 0};

	memcpy(request.id, id, KAI_ID_LEN);
	assert_int_equal(world_ask(world, node, KAI_CONTROL_ACK, &request).exit, 0);
}

/* An alert of now waits until a person says that it was received; what is passed on is a duty beside. */
static void test_alert(void **state)
{
	struct world *world = officer_alliance();
	struct officer officer;
	uint8_t id[KAI_ID_LEN];
	json_t *item;

	(void)state;
	officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
	assert_empty(&officer);
	officer_publish(world, OFFICER_MINISTRY,
			&(struct officer_draft){.kind = KAI_KIND_ALERT,
						.to = 1 << OFFICER_CEP,
						.title = "Accounts misused"},
			id);
	uint64_t at = (uint64_t)world->wall.ms;
	json_t *top = only(&officer, "acknowledge", "due", &item);
	json_t *by = kai_json_time(at + 15 * KAI_MS_MINUTE);

	assert_string_equal(kai_row_str(item, "by"), json_string_value(by));
	json_decref(by);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(item, "concerns_us"), 0)),
		"org:self");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(item, "concerns_us"), 1)),
		"sector:jp-seed7:pow");
	assert_string_equal(
		kai_row_str(json_array_get(json_object_get(item, "signatures"), 0), "role"),
		"decider");
	assert_int_equal(json_array_size(json_object_get(item, "knows")), 3);
	assert_string_equal(kai_row_str(json_array_get(json_object_get(item, "calls"), 0), "role"),
			    "deputy");
	assert_string_equal(kai_row_str(json_array_get(json_object_get(item, "calls"), 0), "name"),
			    "Suzuki");
	/* Two operators and the one who gave it, who is not told anew. */
	assert_int_equal(json_array_size(json_object_get(item, "may_tell")), 2);
	json_decref(top);
	ack(world, OFFICER_CEP, id, KAI_LEVEL_SEEN);
	top = only(&officer, "acknowledge", "due", &item);
	json_decref(top);
	ack(world, OFFICER_CEP, id, KAI_LEVEL_RECEIVED);
	assert_empty(&officer);
	officer_done(&officer);
	world_free(world);
}

/* One millisecond before its time it is due, at its time late. */
static void test_late(void **state)
{
	struct world *world = officer_alliance();
	struct officer officer;
	uint8_t id[KAI_ID_LEN];
	json_t *item;

	(void)state;
	officer_begin(&officer, world, OFFICER_OP_A, KAI_LANG_EN);
	officer_publish(
		world, OFFICER_CEP,
		&(struct officer_draft){
			.kind = KAI_KIND_ADVICE,
			.to = 1 << OFFICER_OP_A,
			.title = "Change the keys",
			.fields = (const char *const[]){"due=2027-01-15T12:00:00.000Z", NULL}},
		id);
	int64_t due = 1800014400000LL; /* 2027-01-15 12:00 UTC */

	world->wall.ms = due - 1;
	json_decref(only(&officer, "follow", "due", &item));
	world->wall.ms = due;
	json_decref(only(&officer, "follow", "overdue", &item));
	ack(world, OFFICER_OP_A, id, KAI_LEVEL_ACTION);
	assert_empty(&officer);
	officer_done(&officer);
	world_free(world);
}

/* A question waits for its answer at one side, and, when time is over, for a call at the other. */
static void test_question(void **state)
{
	struct world *world = officer_alliance();
	struct officer officer;
	uint8_t id[KAI_ID_LEN];
	uint8_t reply[KAI_ID_LEN];
	char question[80] = "question=";
	json_t *item;

	(void)state;
	officer_publish(world, OFFICER_CEP,
			&(struct officer_draft){.kind = KAI_KIND_RFI,
						.to = 1 << OFFICER_OP_B,
						.title = "Seen at night?"},
			id);
	officer_begin(&officer, world, OFFICER_OP_B, KAI_LANG_EN);
	json_t *top = only(&officer, "acknowledge", "due", &item);

	assert_int_equal(json_array_size(json_object_get(item, "todo")), 2);
	json_decref(top);
	ack(world, OFFICER_OP_B, id, KAI_LEVEL_RECEIVED);
	json_decref(only(&officer, "answer", "due", &item));
	officer_done(&officer);
	officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
	assert_empty(&officer);
	world_link(world, OFFICER_CEP, OFFICER_OP_B, false);
	world_wait(world, 4 * KAI_MS_HOUR);
	top = only(&officer, "await", "overdue", &item);
	assert_string_equal(kai_row_str(json_array_get(json_object_get(item, "silent"), 0), "why"),
			    "link");
	assert_string_equal(kai_row_str(json_array_get(json_object_get(item, "calls"), 0), "name"),
			    "Tanaka");
	json_decref(top);
	world_link(world, OFFICER_CEP, OFFICER_OP_B, true);
	top = only(&officer, "await", "overdue", &item);
	assert_string_equal(kai_row_str(json_array_get(json_object_get(item, "silent"), 0), "why"),
			    "person");
	json_decref(top);
	officer_done(&officer);
	kai_id_text(id, question + strlen(question));
	officer_publish(world, OFFICER_OP_B,
			&(struct officer_draft){.kind = KAI_KIND_RFI_REPLY,
						.to = 1 << OFFICER_CEP,
						.title = "None observed",
						.fields = (const char *const[]){question, NULL}},
			reply);
	officer_begin(&officer, world, OFFICER_OP_B, KAI_LANG_EN);
	assert_empty(&officer);
	officer_done(&officer);
	officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
	top = only(&officer, "acknowledge", "due", &item);
	assert_string_equal(kai_row_str(item, "kind"), "rfi-reply");
	json_decref(top);
	officer_done(&officer);
	world_free(world);
}

#define CAUSE(words) "cause=" words "//low/2027-01-15T00:00:00.000Z"

/* op-power-a's report for cep-power and op-power-b. */
static void report(struct world *world, const char *cause, uint64_t urgency,
		   const uint8_t *supersedes, uint8_t ret[KAI_ID_LEN])
{
	const char *fields[] = {cause, NULL};

	officer_publish(world, OFFICER_OP_A,
			&(struct officer_draft){.kind = KAI_KIND_INCIDENT,
						.to = 1 << OFFICER_CEP | 1 << OFFICER_OP_B,
						.title = "Set-points changed",
						.fields = fields,
						.urgency = urgency,
						.supersedes = supersedes},
			ret);
}

/* Whatever was said of the report before: a cause that turns is acknowledged anew, and one that stays is not. */
static void test_cause_turns(void **state)
{
	static const struct {
		const char *before, *after, *turned;
	} rows[] = {
		{CAUSE("unknown"), CAUSE("malicious"), "to-malicious"},
		{CAUSE("malicious"), CAUSE("accidental"), "from-malicious"},
		{CAUSE("unknown"), CAUSE("accidental"), NULL},
		{CAUSE("malicious"), CAUSE("malicious"), NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world *world = officer_alliance();
		struct officer officer;
		uint8_t first[KAI_ID_LEN], second[KAI_ID_LEN];
		json_t *item;

		officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
		report(world, rows[i].before, KAI_URGENCY_INFO, NULL, first);
		assert_empty(&officer);
		ack(world, OFFICER_CEP, first, KAI_LEVEL_ACTION);
		report(world, rows[i].after, KAI_URGENCY_INFO, first, second);
		if (rows[i].turned == NULL) {
			assert_empty(&officer);
		} else {
			json_t *top = only(&officer, "acknowledge", "due", &item);
			const json_t *todo = json_array_get(json_object_get(item, "todo"), 0);

			assert_string_equal(kai_row_str(todo, "cause"), rows[i].turned);
			assert_non_null(strstr(officer_run(&officer, "inbox", NULL, 0),
					       "its cause turned"));
			json_decref(top);
			ack(world, OFFICER_CEP, second, KAI_LEVEL_RECEIVED);
			assert_empty(&officer);
		}
		officer_done(&officer);
		world_free(world);
	}
}

/* Who warned of it decides whether the warning stands: by revising it, by taking it back, or by saying what is done. */
static void test_alert_in_doubt(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 2; how++) {
		struct world *world = officer_alliance();
		struct officer officer;
		uint8_t first[KAI_ID_LEN], second[KAI_ID_LEN], alert[KAI_ID_LEN];
		struct officer_draft warn = {.kind = KAI_KIND_ALERT,
					     .to = 1 << OFFICER_CEP | 1 << OFFICER_OP_B,
					     .title = "Set-points are changed from outside",
					     .ref = first};
		json_t *item;

		officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
		report(world, CAUSE("malicious"), 0, NULL, first);
		ack(world, OFFICER_CEP, first, KAI_LEVEL_RECEIVED);
		officer_publish(world, OFFICER_CEP, &warn, alert);
		assert_empty(&officer);
		report(world, CAUSE("accidental"), 0, first, second);
		ack(world, OFFICER_CEP, second, KAI_LEVEL_RECEIVED);
		json_t *top = only(&officer, "reconsider", "open", &item);

		assert_string_equal(
			kai_row_str(json_array_get(json_object_get(item, "todo"), 0), "name"),
			warn.title);
		assert_non_null(strstr(officer_run(&officer, "inbox", NULL, 0),
				       "decide whether our alert stands"));
		json_decref(top);
		if (how == 0) {
			ack(world, OFFICER_CEP, second, KAI_LEVEL_ACTION);
		} else {
			warn.supersedes = alert;
			officer_publish(world, OFFICER_CEP, &warn, second);
		}
		assert_empty(&officer);
		officer_done(&officer);
		/* Nobody else is asked that. */
		officer_begin(&officer, world, OFFICER_OP_B, KAI_LANG_EN);
		top = load(&officer);
		size_t i;

		json_array_foreach (json_object_get(top, "items"), i, item)
			assert_string_equal(kai_row_str(item, "do"), "acknowledge");
		assert_true(i > 0);
		json_decref(top);
		officer_done(&officer);
		world_free(world);
	}
}

/* A picture of what is here: each report once and as it is now; named only where all have one label. */
static void test_sitrep_draft(void **state)
{
	static const struct {
		enum kai_lang lang;
		const char *line;
	} rows[] = {
		{KAI_LANG_EN, "jp-seed7:pow: reports 2, malicious 1, severity up to"},
		{KAI_LANG_JA, "jp-seed7:pow：報告2件、うち攻撃（悪意）1件"},
	};
	struct world *world = officer_alliance();
	struct officer officer;
	uint8_t first[KAI_ID_LEN], second[KAI_ID_LEN], other[KAI_ID_LEN], asked[KAI_ID_LEN];
	char id[KAI_ID_TEXT];

	(void)state;
	report(world, CAUSE("unknown"), 0, NULL, first);
	report(world, CAUSE("malicious"), 0, first, second);
	kai_id_text(second, id);
	officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
	const char *text = officer_run(&officer, "sitrep draft", NULL, 0);

	assert_non_null(strstr(text, id)); /* one label: named, and the label is said */
	assert_non_null(strstr(text, "--tlp AMBER"));
	assert_non_null(strstr(text, "\"not-reported\": \"none\""));
	officer_done(&officer);
	officer_publish(world, OFFICER_OP_B,
			&(struct officer_draft){.kind = KAI_KIND_INCIDENT,
						.to = 1 << OFFICER_CEP,
						.title = "Another one"},
			other);
	officer_publish(world, OFFICER_CEP,
			&(struct officer_draft){.kind = KAI_KIND_RFI,
						.to = 1 << OFFICER_OP_B,
						.title = "Seen at night?"},
			asked);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		officer_begin(&officer, world, OFFICER_CEP, rows[i].lang);
		text = officer_run(&officer, "sitrep draft", NULL, 0);
		assert_non_null(strstr(text, rows[i].line));
		assert_non_null(strstr(text, "\"not-reported\": \"op-power-b\""));
		assert_null(strstr(text, id)); /* labels differ: counted */
		kai_id_text(other, id);
		assert_null(strstr(text, id));
		kai_id_text(second, id);
		officer_done(&officer);
	}
	/* Another's picture is of what it may see. */
	officer_begin(&officer, world, OFFICER_MINISTRY, KAI_LANG_EN);
	assert_non_null(strstr(officer_run(&officer, "sitrep draft", NULL, 0),
			       "incident reports 0, of organisations 0"));
	officer_done(&officer);
	world_free(world);
}

/* A later report stands in the earlier one's place and says what is new in it. */
static void test_changed(void **state)
{
	struct world *world = officer_alliance();
	struct officer officer;
	uint8_t first[KAI_ID_LEN];
	uint8_t second[KAI_ID_LEN];
	json_t *item;

	(void)state;
	officer_publish(world, OFFICER_OP_A,
			&(struct officer_draft){.kind = KAI_KIND_INCIDENT,
						.to = 1 << OFFICER_CEP,
						.title = "Restarts at night"},
			first);
	officer_publish(
		world, OFFICER_OP_A,
		&(struct officer_draft){
			.kind = KAI_KIND_INCIDENT,
			.to = 1 << OFFICER_CEP,
			.title = "Restarts at night",
			.supersedes = first,
			.fields = (const char *const[]){"report=2", "service=degraded", NULL}},
		second);
	officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
	json_t *top = only(&officer, "acknowledge", "due", &item);
	json_t *changed = json_object_get(item, "changed");

	assert_int_equal(json_array_size(changed), 2);
	assert_string_equal(json_string_value(json_array_get(changed, 0)), "report");
	assert_string_equal(json_string_value(json_array_get(changed, 1)), "service");
	json_decref(top);
	officer_done(&officer);
	world_free(world);
}

static void ask_release(struct world *world, const uint8_t target[KAI_ID_LEN], const char *step,
			const char *label, size_t from, size_t to)
{
	char about[80] = "target=";
	char word[32];
	char wanted[64];
	uint8_t id[KAI_ID_LEN];

	kai_id_text(target, about + strlen(about));
	(void)snprintf(word, sizeof(word), "step=%s", step);
	(void)snprintf(wanted, sizeof(wanted), "label=%s", label);
	officer_publish(
		world, from,
		&(struct officer_draft){
			.kind = KAI_KIND_RELEASE,
			.to = 1u << to,
			.title = "A release",
			.fields = (const char *const[]){word, about, "part=main", wanted, NULL}},
		id);
}

/* A request waits until that one was granted or refused; another one, or a later one, waits on. */
static void test_release(void **state)
{
	struct world *world = officer_alliance();
	struct officer officer;
	uint8_t id[KAI_ID_LEN];
	json_t *item;

	(void)state;
	officer_publish(world, OFFICER_OP_A,
			&(struct officer_draft){.kind = KAI_KIND_SECINFO,
						.to = 1 << OFFICER_CEP,
						.title = "How it was done",
						.text = "summary"},
			id);
	officer_begin(&officer, world, OFFICER_OP_A, KAI_LANG_EN);
	assert_empty(&officer);
	ask_release(world, id, "request", "AMBER org:one", OFFICER_CEP, OFFICER_OP_A);
	json_decref(only(&officer, "decide", "open", &item));
	world_wait(world, KAI_MS_MINUTE);
	ask_release(world, id, "refuse", "AMBER org:another", OFFICER_OP_A, OFFICER_CEP);
	json_decref(only(&officer, "decide", "open", &item));
	ask_release(world, id, "refuse", "AMBER org:one", OFFICER_OP_A, OFFICER_CEP);
	assert_empty(&officer);
	world_wait(world, KAI_MS_MINUTE);
	ask_release(world, id, "request", "AMBER org:two", OFFICER_CEP, OFFICER_OP_A);
	json_decref(only(&officer, "decide", "open", &item));
	world_wait(world, KAI_MS_MINUTE);
	struct kai_audience_entry entry = {
		.type = KAI_AUD_ORG,
		.org = kai_span(world_org(world, OFFICER_MINISTRY), KAI_ID_LEN)};
	struct kai_ctl_grant grant = {.part = kai_span_str("main"),
				      .label = {.tlp = KAI_TLP_AMBER,
						.audience = &entry,
						.audience_count = 1,
						.onward = KAI_ONWARD_ANY,
						.attribution = KAI_ATTR_NAMED,
						.pap = KAI_PAP_CLEAR}};

	memcpy(grant.id, id, KAI_ID_LEN);
	assert_int_equal(world_ask(world, OFFICER_OP_A, KAI_CONTROL_GRANT, &grant).exit, 0);
	assert_empty(&officer);
	world_wait(world, KAI_MS_MINUTE);
	ask_release(world, id, "request", "AMBER org:three", OFFICER_CEP, OFFICER_OP_A);
	json_decref(only(&officer, "decide", "open", &item));
	officer_done(&officer);
	world_free(world);
}

/* Nothing waits: it says so, and when each partner was last heard; the same with the node down. */
static void test_empty(void **state)
{
	struct world *world = officer_alliance();
	struct officer officer;

	(void)state;
	officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
	const char *text = officer_run(&officer, "inbox", NULL, 0);

	assert_non_null(strstr(text, "Nothing waits for anybody here."));
	assert_non_null(strstr(text, "op-power-a"));
	assert_non_null(strstr(text, "min-energy"));
	assert_null(strstr(text, "not running"));
	officer.down = true;
	text = officer_run(&officer, "inbox", NULL, 0);
	assert_non_null(strstr(text, "The node is not running"));
	assert_non_null(strstr(text, "Nothing waits for anybody here."));
	officer_done(&officer);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alert),	       cmocka_unit_test(test_late),
		cmocka_unit_test(test_question),       cmocka_unit_test(test_cause_turns),
		cmocka_unit_test(test_alert_in_doubt), cmocka_unit_test(test_sitrep_draft),
		cmocka_unit_test(test_changed),	       cmocka_unit_test(test_release),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
