/* SPDX-License-Identifier: Apache-2.0 */
/* The door: what a whole item may be refused for, each by its own name and in its own class. */
#include "rooms.h"

#include <string.h>

static void refused_by_time(void **state)
{
	struct rooms *rooms = *state;
	struct kai_admission got;
	const struct {
		int64_t created_ms;
		int64_t ends_ms;
		const char *reason; /* NULL: stored */
	} cases[] = {
		{KAI_MS_DAY - KAI_MS_MINUTE, 3 * KAI_MS_DAY, NULL},
		{KAI_MS_DAY + KAI_MS_MINUTE, 3 * KAI_MS_DAY, "bad-time"},
		{-KAI_MS_DAY, KAI_MS_MINUTE, NULL},
		{-KAI_MS_DAY, -1, "expired"},
		{-KAI_MS_DAY, 1, "expired"}, /* one step later it is at its end */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {.created_ms = cases[i].created_ms, .ends_ms = cases[i].ends_ms};
		const struct made *made = rooms_make(rooms, &plan);

		rooms_admit(rooms, 0, made, &got);
		assert_int_equal(got.stored, cases[i].reason == NULL);
		if (cases[i].reason != NULL)
			assert_string_equal(got.reason, cases[i].reason);
	}
}

static void a_clock_ahead_is_told_when(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.created_ms = KAI_MS_DAY + KAI_MS_HOUR, .ends_ms = 3 * KAI_MS_DAY};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_admission got;

	rooms_admit(rooms, 0, made, &got);
	rooms_refused(&got, "bad-time", KAI_CLASS_DEFER);
	assert_in_range(got.retry_ms, KAI_MS_HOUR - 5 * KAI_MS_SECOND, KAI_MS_HOUR);
	rooms_step(rooms, got.retry_ms);
	rooms_admit(rooms, 0, made, &got);
	assert_true(got.stored);
}

static void refused_by_neighbours(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_admission got;
	static const struct {
		const char *reason;
		enum kai_fault signers;
		enum kai_fault_class klass;
	} cases[] = {
		{"no-card", KAI_FAULT_NO_CARD, KAI_CLASS_DEFER},
		{"older-card", KAI_FAULT_OLD_CARD, KAI_CLASS_DEFER},
		{"origin-frozen", KAI_FAULT_FROZEN, KAI_CLASS_DEFER},
		{"too-few-signers", KAI_FAULT_SIGNERS, KAI_CLASS_DEFER},
		{"key-not-in-card", KAI_FAULT_KEY, KAI_CLASS_COPY},
		{"key-role", KAI_FAULT_KEY_ROLE, KAI_CLASS_COPY},
		{"key-window", KAI_FAULT_KEY_WINDOW, KAI_CLASS_COPY},
		{"key-revoked", KAI_FAULT_KEY_REVOKED, KAI_CLASS_COPY},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rooms->signers = cases[i].signers;
		rooms_admit(rooms, 0, made, &got);
		rooms_refused(&got, cases[i].reason, cases[i].klass);
	}
	rooms->signers = KAI_FAULT_NONE;
	rooms->volume = false;
	rooms_admit(rooms, 0, made, &got);
	rooms_refused(&got, "quota", KAI_CLASS_DEFER);
	assert_true(got.retry_ms > 0);
	assert_false(rooms_held(rooms, made));
	rooms->volume = true;
	rooms_admit(rooms, 0, made, &got);
	assert_true(got.stored); /* none of that was final */
}

static void another_realm(void **state)
{
	struct rooms *rooms = *state;
	static const uint8_t drill[KAI_REALM_LEN] = {1};
	struct plan plan = {.realm = drill};
	struct kai_admission got;

	rooms_admit(rooms, 0, rooms_make(rooms, &plan), &got);
	rooms_refused(&got, "realm", KAI_CLASS_RULE);
}

static void a_bad_body(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.bad_body = true};
	struct kai_admission got;

	rooms_admit(rooms, 0, rooms_make(rooms, &plan), &got);
	rooms_refused(&got, "bad-body", KAI_CLASS_RULE);
}

static void refused_by_rule_and_remembered(void **state)
{
	struct rooms *rooms = *state;
	struct kai_label label = rooms_label(rooms);
	struct plan plan = {.label = &label};
	struct kai_admission got;
	struct kai_stub stub;

	label.audience[0].org = kai_span(rooms->link[2].org, KAI_ID_LEN); /* for another */
	const struct made *made = rooms_make(rooms, &plan);

	rooms_admit(rooms, 0, made, &got);
	rooms_refused(&got, "audience", KAI_CLASS_RULE);
	assert_true(rooms_stub(rooms, made->built.id, &stub));
	assert_int_equal(stub.reason, KAI_STUB_REFUSED);
	assert_memory_equal(stub.agreement, rooms->pair[0].digest, KAI_ID_LEN);
	/* offered again under the same agreement: refused without a want, by the same name */
	rooms_offer(rooms, 0, &made, 1, "t1");
	assert_null(rooms_last(rooms, 0, KAI_MSG_WANT));
	const struct kai_checked *frame = rooms_last(rooms, 0, KAI_MSG_REFUSE);

	assert_non_null(frame);
	assert_true(kai_span_equal(frame->msg.refuse.entries[0].reason, kai_span_str("audience")));
	/* under another one it is asked for anew */
	rooms->pair[0].digest[0] ^= 1;
	rooms_offer(rooms, 0, &made, 1, "t2");
	assert_non_null(rooms_last(rooms, 0, KAI_MSG_WANT));
	/* and another supplier's agreement is another question */
	rooms_offer(rooms, 1, &made, 1, "u1");
	assert_null(rooms_last(rooms, 1, KAI_MSG_REFUSE));
}

static void no_agreement_in_force(void **state)
{
	struct rooms *rooms = *state;
	static const struct {
		enum kai_agreement_state state;
		enum kai_fault_class klass;
	} cases[] = {{KAI_STATE_SUSPENDED, KAI_CLASS_DEFER},
		     {KAI_STATE_FUTURE, KAI_CLASS_DEFER},
		     {KAI_STATE_EXPIRED, KAI_CLASS_DEFER},
		     {KAI_STATE_TERMINATED, KAI_CLASS_RULE}};
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_admission got;
	struct kai_stub stub;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rooms->pair[0].state = cases[i].state;
		rooms_admit(rooms, 0, made, &got);
		rooms_refused(&got, "agreement", cases[i].klass);
		assert_int_equal(rooms_stub(rooms, made->built.id, &stub),
				 cases[i].klass == KAI_CLASS_RULE);
	}
}

static void red_comes_from_its_origin_only(void **state)
{
	struct rooms *rooms = *state;
	struct kai_label label = rooms_label(rooms);
	struct plan plan = {.label = &label};
	struct kai_admission got;

	label.tlp = KAI_TLP_RED;
	const struct made *made = rooms_make(rooms, &plan);

	rooms_admit(rooms, 1, made, &got);
	rooms_refused(&got, "tlp-onward", KAI_CLASS_RULE);
	rooms_admit(rooms, 0, made, &got);
	assert_true(got.stored);
	struct kai_stub stub;

	assert_false(rooms_stub(rooms, made->built.id, &stub)); /* held now */
}

/* Tampering on the way: the id is the hash of the header, so nothing of a changed one can be believed. */
static void every_byte_of_a_header(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_span header = made->built.header;
	uint8_t *bytes = kai_arena_take(&rooms->keep, header.len);

	for (size_t i = 0; i < header.len; i++) {
		size_t keep = rooms->keep.used;
		struct made changed = *made;

		memcpy(bytes, header.at, header.len);
		bytes[i] ^= 1;
		changed.built.header = kai_span(bytes, header.len);
		rooms_forget(rooms);
		rooms_offer(rooms, 0, &made, 1, "t");
		rooms_serve(rooms, 0, &changed, 1, 99);
		assert_false(rooms_held(rooms, made));
		const struct kai_checked *frame = rooms_last(rooms, 0, KAI_MSG_REFUSE);

		assert_non_null(frame);
		assert_int_equal(rooms->faults, 1);
		rooms->keep.used = keep;
	}
	/* and the honest one still comes */
	rooms_forget(rooms);
	rooms_offer(rooms, 0, &made, 1, "t");
	rooms_serve(rooms, 0, made, 1, 99);
	assert_true(rooms_held(rooms, made));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOMS_CASE(refused_by_time),
		ROOMS_CASE(a_clock_ahead_is_told_when),
		ROOMS_CASE(refused_by_neighbours),
		ROOMS_CASE(another_realm),
		ROOMS_CASE(a_bad_body),
		ROOMS_CASE(refused_by_rule_and_remembered),
		ROOMS_CASE(no_agreement_in_force),
		ROOMS_CASE(red_comes_from_its_origin_only),
		ROOMS_CASE(every_byte_of_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
