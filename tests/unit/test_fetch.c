/* SPDX-License-Identifier: Apache-2.0 */
/* Offers, wants, fall-backs, chunks, pushes, credit, tokens: what comes in and what goes back. */
#include "rooms.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <string.h>

static const struct kai_want *want_to(const struct rooms *rooms, unsigned link)
{
	static const struct kai_want nothing;
	const struct kai_checked *frame = rooms_last(rooms, link, KAI_MSG_WANT);

	return frame == NULL ? &nothing : &frame->msg.want;
}

static void expect_refused(const struct rooms *rooms, unsigned link, const char *reason,
			   enum kai_fault_class klass)
{
	const struct kai_checked *frame = rooms_last(rooms, link, KAI_MSG_REFUSE);

	assert_non_null(frame);
	const struct kai_refuse_entry *entry = &frame->msg.refuse.entries[0];

	assert_true(kai_span_equal(entry->reason, kai_span_str(reason)));
	assert_int_equal(entry->klass, klass);
}

static void expect_stored(const struct rooms *rooms, unsigned link, const struct made *made,
			  uint32_t parts)
{
	const struct kai_checked *frame = rooms_last(rooms, link, KAI_MSG_STORED);

	assert_non_null(frame);
	const struct kai_stored *stored = &frame->msg.stored;

	for (size_t i = 0; i < stored->entries_count; i++) {
		if (kai_id_equal(stored->entries[i].id, made->built.id)) {
			assert_int_equal(stored->entries[i].parts, parts);
			return;
		}
	}
	fail_msg("not among the stored");
}

static void timer(struct rooms *rooms, int64_t ms)
{
	rooms_step(rooms, ms);
	assert_true(kai_fetch_deadline(&rooms->engine).ms <= rooms->event.mono.ms);
	kai_fetch_timer(&rooms->turn);
	kai_fetch_flush(&rooms->turn);
}

/* ---- the usual way */

static void offered_wanted_stored(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);

	rooms_offer(rooms, 0, &made, 1, "t1");
	assert_int_equal(want_to(rooms, 0)->entries_count, 1);
	assert_int_equal(want_to(rooms, 0)->entries[0].parts, 1);
	rooms_serve(rooms, 0, made, 1, 99);
	expect_stored(rooms, 0, made, 1);
	assert_true(rooms_held(rooms, made));
	assert_int_equal(rooms->faults, 0);
	assert_int_equal(rooms->spread, 1);
	/* offered again, by another too: answered without a want */
	rooms_forget(rooms);
	rooms_offer(rooms, 0, &made, 1, "t2");
	rooms_offer(rooms, 1, &made, 1, "u1");
	expect_stored(rooms, 0, made, 1);
	expect_stored(rooms, 1, made, 1);
	assert_int_equal(want_to(rooms, 0)->entries_count, 0);
	assert_int_equal(want_to(rooms, 1)->entries_count, 0);
	assert_int_equal(rooms->engine.wants->count, 0);
}

static void many_chunks(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, &(struct plan){.extra_len = 300000});

	rooms_offer(rooms, 0, &made, 1, "t1");
	rooms_serve(rooms, 0, made, 3, 99);
	expect_stored(rooms, 0, made, 3);
	assert_int_equal(rooms->link[0].fetch->held, 0);
	assert_int_equal(rooms->link[0].fetch->promised, 0);
	assert_non_null(rooms_last(rooms, 0, KAI_MSG_CREDIT));
}

/* ---- several offerers */

static void one_at_a_time_then_the_next(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, &(struct plan){.extra_len = 200000});

	rooms_offer(rooms, 0, &made, 1, "t1");
	rooms_offer(rooms, 1, &made, 1, "u1");
	rooms_offer(rooms, 2, &made, 1, "v1");
	assert_int_equal(want_to(rooms, 0)->entries_count, 1);
	assert_int_equal(want_to(rooms, 1)->entries_count, 0);
	assert_int_equal(want_to(rooms, 2)->entries_count, 0);
	rooms_serve(rooms, 0, made, 3, 2);
	assert_true(rooms->link[0].fetch->held > 0);
	timer(rooms, KAI_FETCH_STALL_MS);
	assert_int_equal(want_to(rooms, 1)->entries_count, 1);
	assert_int_equal(want_to(rooms, 2)->entries_count, 0);
	assert_int_equal(rooms->link[0].fetch->held, 0);
	/* what the slow one still sends is no fault, and not used */
	rooms_serve(rooms, 0, made, 3, 1);
	assert_int_equal(rooms->faults, 0);
	assert_false(rooms_held(rooms, made));
	rooms_serve(rooms, 1, made, 3, 99);
	for (unsigned n = 0; n < ROOMS_LINKS; n++)
		expect_stored(rooms, n, made, 3);
	/* it may end late */
	rooms_serve(rooms, 0, made, 3, 99);
	assert_int_equal(rooms->faults, 0);
	assert_int_equal(rooms->engine.wants->count, 0);
}

static void a_dead_link_hands_over(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, &(struct plan){.extra_len = 200000});

	rooms_offer(rooms, 0, &made, 1, "t1");
	rooms_offer(rooms, 1, &made, 1, "u1");
	rooms_serve(rooms, 0, made, 3, 2);
	rooms_step(rooms, 1);
	kai_fetch_down(&rooms->turn, &rooms->link[0]);
	kai_fetch_flush(&rooms->turn);
	assert_int_equal(rooms->link[0].fetch->held, 0);
	assert_int_equal(want_to(rooms, 1)->entries_count, 1);
	rooms_serve(rooms, 1, made, 3, 99);
	assert_true(rooms_held(rooms, made));
}

static void none_hands_over(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_none none = {.ids_count = 1};
	uint8_t ids[1][KAI_ID_LEN];

	memcpy(ids[0], made->built.id, KAI_ID_LEN);
	none.ids = ids;
	rooms_offer(rooms, 0, &made, 1, "t1");
	rooms_offer(rooms, 1, &made, 1, "u1");
	kai_fetch_none(&rooms->turn, &rooms->link[0], &none);
	kai_fetch_flush(&rooms->turn);
	assert_int_equal(rooms->faults, 0);
	assert_int_equal(want_to(rooms, 1)->entries_count, 1);
	/* said twice, or about what was not asked */
	kai_fetch_none(&rooms->turn, &rooms->link[0], &none);
	assert_string_equal(rooms->fault, "unwanted");
}

static void a_bad_copy_asks_another(void **state)
{
	struct rooms *rooms = *state;
	struct made *made = rooms_make(rooms, NULL);
	const struct made *good = made;
	struct made bad = *made;

	bad.signature.sig[5] ^= 1;
	rooms_offer(rooms, 0, &good, 1, "t1");
	rooms_offer(rooms, 1, &good, 1, "u1");
	rooms_serve(rooms, 0, &bad, 1, 99);
	expect_refused(rooms, 0, "bad-signature", KAI_CLASS_COPY);
	assert_string_equal(rooms->fault, "bad-signature");
	rooms_serve(rooms, 1, made, 1, 99);
	expect_stored(rooms, 1, made, 1);
}

static void stuck_until_another_offers(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);

	rooms_offer(rooms, 0, &made, 1, "t1");
	timer(rooms, KAI_FETCH_STALL_MS);
	assert_true(kai_fetch_stall_ms(rooms->link[0].fetch) == INT64_MAX);
	rooms_forget(rooms);
	rooms_offer(rooms, 1, &made, 1, "u1");
	assert_int_equal(want_to(rooms, 1)->entries_count, 1);
	assert_int_equal(want_to(rooms, 0)->entries_count, 0);
}

/* ---- chunks that do not fit */

struct misfit {
	const char *name;
	const char *reason;
	uint64_t index;
	uint64_t offset;
	size_t len;
	bool head;
	bool last;
};

static void chunks_that_do_not_fit(void **state)
{
	static const struct misfit cases[] = {
		{"a part that was not asked", "unwanted", 5, 0, 100, true, false},
		{"a part twice begun", "sequence", 1, 0, 100, false, false},
		{"a hole", "sequence", 1, 70000, 100, false, false},
		{"the part before", "sequence", 0, 0, 100, false, false},
		{"more than the header says", "sequence", 1, 65536, 65536, false, false},
		{"nothing", "sequence", 1, 65536, 0, false, false},
		{"an end too early", "sequence", 1, 65536, 100, false, true},
		{"no part, in the middle", "sequence", 16, 0, 0, false, false},
		{"a second head", "sequence", 1, 65536, 100, true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct misfit *misfit = &cases[i];
		struct rooms *rooms = *state;
		const struct made *made = rooms_make(rooms, &(struct plan){.extra_len = 90000});
		struct kai_chunk chunk = {
			.index = misfit->index, .offset = misfit->offset, .last = misfit->last};

		rooms_forget(rooms);
		rooms_offer(rooms, 0, &made, 1, "t1");
		if (misfit->index != 5)
			rooms_serve(rooms, 0, made, 3, 2); /* main, and a chunk of the other */
		memcpy(chunk.id, made->built.id, KAI_ID_LEN);
		chunk.data = kai_span(made->built.parts[1].ciphertext.at, misfit->len);
		if (misfit->head)
			chunk.head = rooms_head(rooms, 0, made, 3);
		rooms_chunk(rooms, 0, &chunk);
		print_message("# %s\n", misfit->name);
		assert_non_null(rooms_last(rooms, 0, KAI_MSG_REFUSE));
		if (misfit->index != 5)
			expect_refused(rooms, 0, misfit->reason, KAI_CLASS_COPY);
		assert_int_equal(rooms->faults, 1);
		assert_false(rooms_held(rooms, made));
		assert_int_equal(rooms->link[0].fetch->held, 0);
	}
}

static void chunks_nobody_asked_for(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);

	rooms_serve(rooms, 0, made, 1, 99);
	assert_string_equal(rooms->fault, "unwanted");
	rooms_offer(rooms, 1, &made, 1, "u1");
	rooms_forget(rooms);
	rooms_serve(rooms, 0, made, 1, 99); /* asked from another */
	assert_string_equal(rooms->fault, "unwanted");
	assert_false(rooms_held(rooms, made));
}

static void swapped_ciphertexts(void **state)
{
	struct rooms *rooms = *state;
	struct made *made = rooms_make(rooms, &(struct plan){.extra_len = 100});
	const struct made *honest = made;
	struct made swapped = *made;

	swapped.built.parts[0] = made->built.parts[1];
	swapped.built.parts[1] = made->built.parts[0];
	rooms_offer(rooms, 0, &honest, 1, "t1");
	rooms_serve(rooms, 0, &swapped, 3, 99);
	expect_refused(rooms, 0,
		       made->built.parts[0].ciphertext.len == made->built.parts[1].ciphertext.len
			       ? "bad-hash"
			       : "sequence",
		       KAI_CLASS_COPY);
	assert_false(rooms_held(rooms, made));
}

static void another_header_under_the_id(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);
	struct made other = *rooms_make(rooms, NULL);

	memcpy(other.built.id, made->built.id, KAI_ID_LEN);
	rooms_offer(rooms, 0, &made, 1, "t1");
	rooms_serve(rooms, 0, &other, 1, 99);
	assert_non_null(rooms_last(rooms, 0, KAI_MSG_REFUSE));
	assert_false(rooms_held(rooms, made));
}

/* ---- bounds */

static void memory_bounds_what_is_in_flight(void **state)
{
	struct rooms *rooms = *state;
	const struct made *items[8];

	rooms->engine.config.quota.held_bytes = 100000;
	for (size_t i = 0; i < 8; i++)
		items[i] = rooms_make(rooms, &(struct plan){.extra_len = 40000});
	rooms_offer(rooms, 0, items, 8, "t1");
	assert_int_equal(want_to(rooms, 0)->entries_count, 2);
	assert_true(rooms->link[0].fetch->promised <= 100000);
	for (size_t i = 0; i < 8; i++)
		rooms_serve(rooms, 0, items[i], 3, 99);
	for (size_t i = 0; i < 8; i++)
		assert_true(rooms_held(rooms, items[i]));
}

static void a_lie_about_size_is_caught(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, &(struct plan){.extra_len = 300000});

	rooms->engine.config.quota.held_bytes = 100000;
	rooms_offer(rooms, 0, &made, 1, "t1");
	rooms_serve(rooms, 0, made, 3, 2);
	expect_refused(rooms, 0, "quota", KAI_CLASS_DEFER);
	assert_int_equal(rooms->link[0].fetch->held, 0);
}

static void offers_are_bounded(void **state)
{
	struct rooms *rooms = *state;
	const struct made *items[3];

	rooms->engine.config.quota.offered_ids = 2;
	for (size_t i = 0; i < 3; i++)
		items[i] = rooms_make(rooms, NULL);
	rooms_offer(rooms, 0, items, 3, "t1");
	expect_refused(rooms, 0, "quota", KAI_CLASS_DEFER);
	assert_int_equal(rooms->link[0].fetch->offered_count, 2);
}

static void credit_overdrawn(void **state)
{
	struct rooms *rooms = *state;
	struct kai_fetch *fetch = rooms->link[0].fetch;

	rooms_step(rooms, 1);
	kai_answer_credit(&rooms->turn, fetch, KAI_CREDIT_START + KAI_MAX_FRAME - 1);
	assert_int_equal(rooms->faults, 0);
	assert_int_equal(fetch->window, 2 * KAI_CREDIT_START); /* used up at once: it adapts */
	for (int i = 0; i < 10; i++)
		kai_answer_credit(&rooms->turn, fetch, (size_t)(fetch->limit - fetch->received));
	assert_int_equal(rooms->faults, 0);
	assert_int_equal(fetch->window, KAI_CREDIT_MOST);
	kai_answer_credit(&rooms->turn, fetch,
			  (size_t)(fetch->limit - fetch->received) + KAI_MAX_FRAME);
	assert_string_equal(rooms->fault, "quota");
}

/* ---- probes */

static void a_wrong_tag_learns_nothing(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_none none = {.ids_count = 1};
	uint8_t ids[1][KAI_ID_LEN];
	struct kai_admission admission;

	rooms_admit(rooms, 0, made, &admission);
	assert_true(admission.stored);
	struct kai_offer_entry entry = {.parts = 1, .size = 500, .urgency = 3, .signatures = 1};
	struct kai_offer offer = {.entries = &entry, .entries_count = 1};

	memcpy(entry.id, made->built.id, KAI_ID_LEN);
	kai_fetch_offer(&rooms->turn, &rooms->link[1], &offer); /* the id alone */
	kai_fetch_flush(&rooms->turn);
	assert_null(rooms_last(rooms, 1, KAI_MSG_STORED));
	assert_int_equal(want_to(rooms, 1)->entries[0].parts, 1);
	memcpy(ids[0], made->built.id, KAI_ID_LEN);
	none.ids = ids;
	kai_fetch_none(&rooms->turn, &rooms->link[1], &none);
	assert_string_equal(rooms->fault, "unwanted");
}

/* ---- pushes */

static void an_alert_comes_whole(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.urgency = KAI_URGENCY_NOW, .extra_len = 5000};
	const struct made *made = rooms_make(rooms, &plan);

	rooms_push(rooms, 0, made, 1, 3);
	expect_stored(rooms, 0, made, 1);
	assert_int_equal(want_to(rooms, 0)->entries[0].parts, 2); /* the rest is wanted */
	rooms_push(rooms, 1, made, 1, 1);			  /* another path */
	expect_stored(rooms, 1, made, 1);
	rooms_serve(rooms, 0, made, 2, 99);
	expect_stored(rooms, 0, made, 3);
	assert_int_equal(rooms->faults, 0);
	uint64_t arrival = 0;
	struct kai_supply supply;

	assert_true(kai_rec_arrival(rooms->turn.txn, made->built.id, &arrival));
	for (unsigned n = 0; n < 2; n++) {
		struct kai_key key = kai_key_pair(arrival, rooms->link[n].number);

		assert_true(kai_rec_get(rooms->turn.txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply,
					&rooms->scratch, &supply));
		assert_int_equal(supply.parts, n == 0 ? 3 : 1);
	}
}

static void pushes_that_may_not_be(void **state)
{
	struct rooms *rooms = *state;
	const struct made *calm = rooms_make(rooms, NULL);
	struct plan plan = {.urgency = KAI_URGENCY_NOW};
	const struct made *made = rooms_make(rooms, &plan);

	rooms_push(rooms, 0, calm, 1, 1);
	expect_refused(rooms, 0, "unwanted", KAI_CLASS_COPY);
	rooms->pushes = false;
	rooms_push(rooms, 0, made, 1, 1);
	expect_refused(rooms, 0, "quota", KAI_CLASS_DEFER);
	assert_false(rooms_held(rooms, calm));
	assert_false(rooms_held(rooms, made));
	rooms_step(rooms, 1);
	kai_fetch_down(&rooms->turn, &rooms->link[0]);
	rooms_push(rooms, 0, made, 1, 1);
	assert_string_equal(rooms->fault, "sequence");
}

/* ---- tokens */

static void saved(struct rooms *rooms, const char *token, size_t outstanding)
{
	struct kai_hello hello = {0};

	kai_fetch_hello(&rooms->turn, &rooms->link[0], &hello);
	assert_true(kai_span_equal(hello.token, kai_span_str(token)));
	assert_int_equal(hello.outstanding_count, outstanding);
}

static void the_token_follows_what_is_durable(void **state)
{
	struct rooms *rooms = *state;
	const struct made *items[4];

	for (size_t i = 0; i < 4; i++)
		items[i] = rooms_make(rooms, NULL);
	rooms_offer(rooms, 0, items, 2, "t1");
	rooms_offer(rooms, 0, items + 2, 2, "t2");
	saved(rooms, "", 0);
	rooms_serve(rooms, 0, items[0], 1, 99);
	rooms_serve(rooms, 0, items[2], 1, 99);
	rooms_serve(rooms, 0, items[3], 1, 99);
	timer(rooms, KAI_FETCH_SAVE_MS);
	saved(rooms, "t2", 1);
	rooms_serve(rooms, 0, items[1], 1, 99);
	timer(rooms, KAI_FETCH_SAVE_MS);
	saved(rooms, "t2", 0);
	rooms_offer(rooms, 0, NULL, 0, "t3");
	timer(rooms, KAI_FETCH_SAVE_MS);
	saved(rooms, "t3", 0);
}

/* 300 ids cannot be named as outstanding: the token waits before them. */
static void the_token_waits(void **state)
{
	struct rooms *rooms = *state;
	const struct made *items[300];

	for (size_t i = 0; i < 300; i++)
		items[i] = rooms_make(rooms, NULL);
	rooms_offer(rooms, 0, items, 150, "t1");
	rooms_offer(rooms, 0, items + 150, 150, "t2");
	rooms_serve(rooms, 0, items[299], 1, 99);
	rooms_step(rooms, 1);
	kai_fetch_down(&rooms->turn, &rooms->link[0]);
	saved(rooms, "t1", 150);
	assert_int_equal(rooms->engine.wants->count, 0);
}

/* What it names may be held here alone: whoever passes it on could not know, its origin did. */
static void who_passes_on_is_not_charged_for_what_is_named(void **state)
{
	struct rooms *rooms = *state;
	struct kai_label narrow = rooms_label(rooms);

	narrow.tlp = KAI_TLP_AMBER_STRICT;
	struct made *named = rooms_make(rooms, &(struct plan){.label = &narrow});
	struct kai_admission got;

	rooms_admit(rooms, 0, named, &got);
	assert_true(got.stored);
	for (unsigned link = 0; link < 2; link++) {
		const struct made *made =
			rooms_make(rooms, &(struct plan){.ref = named->built.id,
							 .urgency = KAI_URGENCY_NOW,
							 .origin = rooms->link[0].org});
		size_t faults = rooms->faults, charged = rooms->charged;

		rooms_push(rooms, link, made, 1, 1);
		assert_false(rooms_held(rooms, made));
		assert_string_equal(rooms->fault, "reference");
		assert_int_equal(rooms->faults, faults + 1);
		assert_int_equal(rooms->charged, charged + (link == 0 ? 1 : 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOMS_CASE(offered_wanted_stored),
		ROOMS_CASE(many_chunks),
		ROOMS_CASE(one_at_a_time_then_the_next),
		ROOMS_CASE(a_dead_link_hands_over),
		ROOMS_CASE(none_hands_over),
		ROOMS_CASE(a_bad_copy_asks_another),
		ROOMS_CASE(stuck_until_another_offers),
		ROOMS_CASE(chunks_that_do_not_fit),
		ROOMS_CASE(chunks_nobody_asked_for),
		ROOMS_CASE(swapped_ciphertexts),
		ROOMS_CASE(another_header_under_the_id),
		ROOMS_CASE(memory_bounds_what_is_in_flight),
		ROOMS_CASE(a_lie_about_size_is_caught),
		ROOMS_CASE(offers_are_bounded),
		ROOMS_CASE(credit_overdrawn),
		ROOMS_CASE(a_wrong_tag_learns_nothing),
		ROOMS_CASE(an_alert_comes_whole),
		ROOMS_CASE(pushes_that_may_not_be),
		ROOMS_CASE(who_passes_on_is_not_charged_for_what_is_named),
		ROOMS_CASE(the_token_follows_what_is_durable),
		ROOMS_CASE(the_token_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
