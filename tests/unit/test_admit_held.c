/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Behind the door: an item lies at rest as it came, what comes later merges into it, and it goes at
 * its end.
 */
#include "rooms.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is stored */

static void stored_as_it_came(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.extra_len = 300};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_item_facts facts;
	struct kai_admission got;
	struct kai_part part;
	struct kai_opening opening;

	rooms_admit(rooms, 0, made, &got);
	assert_true(got.stored && got.new_parts);
	assert_int_equal(got.parts, 3);
	rooms_step(rooms, 1);
	assert_true(kai_rest_facts(&rooms->turn, got.arrival, &facts));
	assert_true(kai_span_equal(facts.item.header, made->built.header));
	assert_int_equal(facts.labels_known, 3);
	assert_int_equal(facts.part_labels[1].tlp, KAI_TLP_AMBER);
	struct kai_key key = kai_key_part(got.arrival, 0);

	assert_true(kai_rec_get(rooms->turn.txn, KAI_TABLE_PARTS, &key, &kai_object_part,
				&rooms->scratch, &part));
	assert_true(kai_span_equal(part.ciphertext, made->built.parts[0].ciphertext));
	assert_true(kai_rest_open(&rooms->turn, made->built.id, 0, &part, &opening));
	/* bound to its place, and to the key of its period */
	assert_false(kai_rest_open(&rooms->turn, made->built.id, 1, &part, &opening));
	assert_false(kai_rest_open(&rooms->turn, rooms->origin, 0, &part, &opening));
	rooms->rest_key.period++;
	assert_false(kai_rest_open(&rooms->turn, made->built.id, 0, &part, &opening));
	rooms->rest_key.period--;
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_JOURNAL), 1);
}

/* The same opening of the same part is the same bytes in any turn; whatever differs has another
 * nonce. */
static void sealed_by_content(void **state)
{
	struct rooms *rooms = *state;
	static const uint8_t id[KAI_ID_LEN] = {1};
	static const uint8_t other[KAI_ID_LEN] = {2};
	struct kai_span opening = kai_span_str("an opening");
	struct {
		const uint8_t *id;
		uint8_t index;
		const char *opening;
		uint8_t secret; /* its first byte */
	} cases[] = {{id, 0, "an opening", 0x55},
		     {id, 1, "an opening", 0x55},
		     {other, 0, "an opening", 0x55},
		     {id, 0, "an openinG", 0x55},
		     {id, 0, "an opening", 0x56}};
	struct kai_part first, again;

	rooms_step(rooms, 1);
	assert_true(kai_rest_seal(&rooms->turn, id, 0, opening, &first));
	uint8_t *kept = malloc(first.opening.len); /* a step wipes its scratch */

	assert_non_null(kept);
	memcpy(kept, first.opening.at, first.opening.len);
	rooms_step(rooms, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rooms->rest_secret[0] = cases[i].secret;
		assert_true(kai_rest_seal(&rooms->turn, cases[i].id, cases[i].index,
					  kai_span_str(cases[i].opening), &again));
		assert_int_equal(again.opening.len, opening.len + 40);
		assert_int_equal(memcmp(again.opening.at, kept, 24) == 0, i == 0);
		assert_int_equal(memcmp(again.opening.at, kept, again.opening.len) == 0, i == 0);
	}
	rooms->rest_secret[0] = 0x55;
	free(kept);
}

static void own_items_go_the_same_door(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.origin = rooms->engine.config.org};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_incoming item = rooms_incoming(rooms, 0, made, 1);
	struct kai_span openings[KAI_MAX_PARTS] = {made->built.parts[0].opening};
	struct kai_admission got;

	item.wraps = NULL;
	item.wrap_count = 0;
	item.openings = openings;
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, NULL, &item, &got);
	assert_true(got.stored);
	assert_int_equal(rooms_flags(rooms, made), KAI_ITEM_OWN);
	struct kai_key key = kai_key_pair(got.arrival, 0);
	struct kai_supply supply;

	assert_true(kai_rec_get(rooms->turn.txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply,
				&rooms->scratch, &supply));
}

/* ---- merging */

static void later_parts_merge(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.extra_len = 300};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_admission got;

	rooms_admit_parts(rooms, 1, made, 1, &got);
	assert_int_equal(got.held, 1);
	uint64_t touches = kai_txn_count(rooms->turn.txn, KAI_TABLE_TOUCH);

	rooms_admit_parts(rooms, 0, made, 1, &got); /* nothing new: another path only */
	assert_true(got.stored && !got.new_parts);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_TOUCH), touches);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_SUPPLY), 2);
	rooms_admit_parts(rooms, 0, made, 2, &got);
	assert_true(got.stored && got.new_parts);
	assert_int_equal(got.held, 3);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_TOUCH), touches + 1);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_ITEMS), 1);
	assert_int_equal(rooms->spread, 2);
	rooms_admit_parts(rooms, 0, made, 3, &got);
	assert_false(got.new_parts);
}

/* Room for four; one key once; ascending; what is here stays. */
static void later_signatures_merge(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_incoming item = rooms_incoming(rooms, 0, made, 1);
	struct kai_signature signatures[KAI_MAX_SIGNATURES];
	struct kai_admission got;
	struct kai_item held;

	rooms->signer_flags = KAI_ITEM_MARKED;
	rooms_admit(rooms, 0, made, &got);
	assert_int_equal(rooms_flags(rooms, made), KAI_ITEM_MARKED);
	for (size_t i = 0; i < KAI_MAX_SIGNATURES; i++) {
		signatures[i] = made->signature;
		memset(signatures[i].key, (int)(i * 60), KAI_ID_LEN);
	}
	item.signatures = signatures;
	item.signature_count = 2;
	rooms->signer_flags = 0; /* affirmed anew */
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[0], &item, &got);
	assert_true(got.stored && got.new_parts);
	assert_int_equal(rooms_flags(rooms, made), 0);
	item.signature_count = 4;
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[0], &item, &got);
	assert_true(kai_rec_item(rooms->turn.txn, got.arrival, &rooms->scratch, &held));
	assert_int_equal(held.signatures_count, KAI_MAX_SIGNATURES);
	bool still = false;

	for (size_t i = 0; i < held.signatures_count; i++) {
		assert_true(i == 0 || memcmp(held.signatures[i - 1].key, held.signatures[i].key,
					     KAI_ID_LEN) < 0);
		still |= kai_id_equal(held.signatures[i].key, made->signature.key);
	}
	assert_true(still);
}

static void an_offer_with_more_than_is_here(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.extra_len = 300};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_admission got;

	rooms_admit_parts(rooms, 1, made, 1, &got);
	rooms_offer(rooms, 0, &made, 1, "t1");
	const struct kai_checked *frame = rooms_last(rooms, 0, KAI_MSG_WANT);

	assert_non_null(frame);
	assert_int_equal(frame->msg.want.entries[0].parts, 2); /* only what lacks */
	rooms_serve(rooms, 0, made, 2, 99);
	frame = rooms_last(rooms, 0, KAI_MSG_STORED);
	assert_non_null(frame);
	assert_int_equal(frame->msg.stored.entries[0].parts, 3);
}

/* ---- the end */

static void expired_items_go(void **state)
{
	struct rooms *rooms = *state;
	struct plan brief = {.ends_ms = KAI_MS_HOUR};
	const struct made *first = rooms_make(rooms, &brief);
	const struct made *second = rooms_make(rooms, NULL);
	struct kai_admission got;
	struct kai_stub stub;

	rooms_admit(rooms, 0, first, &got);
	rooms_admit(rooms, 0, second, &got);
	rooms_step(rooms, KAI_MS_HOUR + KAI_GRACE_MS - KAI_MS_MINUTE);
	kai_sweep_timer(&rooms->turn);
	assert_true(rooms_held(rooms, first));
	rooms_step(rooms, 2 * KAI_MS_MINUTE);
	kai_sweep_timer(&rooms->turn);
	assert_false(rooms_held(rooms, first));
	assert_true(rooms_held(rooms, second));
	assert_true(rooms_stub(rooms, first->built.id, &stub));
	assert_int_equal(stub.reason, KAI_STUB_EXPIRED);
	rooms_admit(rooms, 0, first, &got); /* replayed */
	rooms_refused(&got, "expired", KAI_CLASS_RULE);
	/* An id alone does not tell that it was here: who shows the item hears that it is over. */
	rooms_offer(rooms, 0, &first, 1, "t1");
	assert_non_null(rooms_last(rooms, 0, KAI_MSG_WANT));
	rooms_serve(rooms, 0, first, 1, 99);
	const struct kai_checked *frame = rooms_last(rooms, 0, KAI_MSG_REFUSE);

	assert_non_null(frame);
	assert_int_equal(frame->msg.refuse.entries[0].klass, KAI_CLASS_RULE);
	assert_true(kai_span_equal(frame->msg.refuse.entries[0].reason, kai_span_str("expired")));
	/* the stub itself goes after two years */
	for (int i = 0; i < 64 && rooms_stub(rooms, first->built.id, &stub); i++) {
		rooms_step(rooms, 730 * KAI_MS_DAY);
		kai_sweep_timer(&rooms->turn);
	}
	assert_false(rooms_stub(rooms, first->built.id, &stub));
}

/* What a document became is forgotten with the item: its next state begins a thread. */
static void sources_go_with_their_items(void **state)
{
	struct rooms *rooms = *state;
	struct plan brief = {.ends_ms = KAI_MS_HOUR};
	const struct made *made[] = {rooms_make(rooms, &brief), rooms_make(rooms, NULL)};
	struct kai_admission got;

	for (uint8_t i = 0; i < 2; i++) {
		struct kai_key key = kai_key_bytes((uint8_t[KAI_ID_LEN]){0xff, i}, KAI_ID_LEN);
		struct kai_source source = {.name = kai_span_str("")};

		rooms_admit(rooms, 0, made[i], &got);
		memcpy(source.head, made[i]->built.id, KAI_ID_LEN);
		kai_rec_put(rooms->turn.txn, KAI_TABLE_SOURCES, &key, &kai_object_source, &source);
	}
	rooms_step(rooms, KAI_MS_HOUR + KAI_GRACE_MS + KAI_MS_MINUTE);
	for (int i = 0; i < 64 && kai_txn_count(rooms->turn.txn, KAI_TABLE_SOURCES) > 1; i++) {
		kai_sweep_timer(&rooms->turn);
		rooms_step(rooms, KAI_MS_MINUTE);
	}
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_SOURCES), 1);
	for (int i = 0; i < 64; i++) {
		kai_sweep_timer(&rooms->turn);
		rooms_step(rooms, KAI_MS_MINUTE);
	}
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_SOURCES), 1);
}

static void a_sweep_is_bounded(void **state)
{
	struct rooms *rooms = *state;
	struct kai_admission got;
	int sweeps = 0;

	for (int i = 0; i < 200; i++) {
		rooms_admit(rooms, 0, rooms_make(rooms, NULL), &got);
		assert_true(got.stored);
	}
	rooms_step(rooms, KAI_MS_DAY + KAI_GRACE_MS + KAI_MS_DAY);
	while (kai_txn_count(rooms->turn.txn, KAI_TABLE_ITEMS) > 0) {
		kai_sweep_timer(&rooms->turn);
		assert_true(kai_sweep_deadline(&rooms->engine).ms > rooms->event.mono.ms);
		rooms_step(rooms, kai_sweep_deadline(&rooms->engine).ms - rooms->event.mono.ms);
		sweeps++;
	}
	assert_in_range(sweeps, 3, 5);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_STUBS), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOMS_CASE(stored_as_it_came),		ROOMS_CASE(sealed_by_content),
		ROOMS_CASE(own_items_go_the_same_door), ROOMS_CASE(later_parts_merge),
		ROOMS_CASE(later_signatures_merge),	ROOMS_CASE(an_offer_with_more_than_is_here),
		ROOMS_CASE(expired_items_go),		ROOMS_CASE(sources_go_with_their_items),
		ROOMS_CASE(a_sweep_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
