/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: revisions, conflicts and retractions in every order of arrival. */
#include "rooms.h"
#include "kairan/rec.h"

#include <string.h>

static void expect(struct rooms *rooms, const struct made *made, const char *reason)
{
	struct kai_admission got;

	rooms_admit(rooms, 0, made, &got);
	if (reason == NULL) {
		assert_true(got.stored);
		return;
	}
	assert_false(got.stored);
	assert_string_equal(got.reason, reason);
}

static struct made *revise(struct rooms *rooms, const struct made *first, const struct made *one,
			   const struct made *two, uint64_t revision)
{
	struct plan plan = {.thread = first->built.id,
			    .supersedes = {one->built.id, two == NULL ? NULL : two->built.id},
			    .revision = revision};

	if (two != NULL && memcmp(one->built.id, two->built.id, KAI_ID_LEN) > 0) {
		plan.supersedes[0] = two->built.id;
		plan.supersedes[1] = one->built.id;
	}
	return rooms_make(rooms, &plan);
}

static struct made *take_back(struct rooms *rooms, const struct made *first,
			      const struct made *target)
{
	struct plan plan = {.kind = KAI_KIND_RETRACT,
			    .thread = first->built.id,
			    .supersedes = {target->built.id},
			    .revision = target->header.revision + 1,
			    .urgency = target->header.urgency};

	return rooms_make(rooms, &plan);
}

/* The next order of five numbers, 120 in all; false after the last. */
static bool next_order(unsigned order[5])
{
	int i = 3;
	int j = 4;

	while (i >= 0 && order[i] > order[i + 1])
		i--;
	if (i < 0)
		return false;
	while (order[j] < order[i])
		j--;
	for (unsigned swap = order[i], once = 0; once < 1; once++) {
		order[i] = order[j];
		order[j] = swap;
	}
	for (int low = i + 1, high = 4; low < high; low++, high--) {
		unsigned swap = order[low];

		order[low] = order[high];
		order[high] = swap;
	}
	return true;
}

/*
 * first ← left and right (a conflict) ← joined; and right is taken back. However they arrive, the
 * flags at the end are the same and nothing waits any more.
 */
static void every_order_of_arrival(void **state)
{
	static const uint64_t flags[5] = {KAI_ITEM_SUPERSEDED, KAI_ITEM_SUPERSEDED,
					  KAI_ITEM_SUPERSEDED | KAI_ITEM_RETRACTED, 0, 0};
	unsigned order[5] = {0, 1, 2, 3, 4};
	unsigned orders = 0;
	struct rooms *rooms = *state;

	do {
		size_t keep = rooms->keep.used;
		struct made *items[5];

		items[0] = rooms_make(rooms, NULL);
		items[1] = revise(rooms, items[0], items[0], NULL, 2);
		items[2] = revise(rooms, items[0], items[0], NULL, 2);
		items[3] = revise(rooms, items[0], items[1], items[2], 3);
		items[4] = take_back(rooms, items[0], items[2]);
		for (unsigned i = 0; i < 5; i++)
			expect(rooms, items[order[i]], NULL);
		for (unsigned i = 0; i < 5; i++)
			assert_int_equal(rooms_flags(rooms, items[i]), flags[i]);
		assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_PENDING), 0);
		rooms->keep.used = keep;
		orders++;
	} while (next_order(order));
	assert_int_equal(orders, 120);
}

static void a_retraction_before_its_target(void **state)
{
	struct rooms *rooms = *state;
	struct made *target = rooms_make(rooms, NULL);
	struct made *retraction = take_back(rooms, target, target);

	expect(rooms, retraction, NULL);
	assert_int_equal(rooms_flags(rooms, retraction), KAI_ITEM_PENDING);
	/* a second one is dropped, before and after the target is here */
	expect(rooms, take_back(rooms, target, target), "retracted");
	expect(rooms, target, NULL);
	assert_int_equal(rooms_flags(rooms, target), KAI_ITEM_RETRACTED);
	assert_int_equal(rooms_flags(rooms, retraction), 0);
	expect(rooms, take_back(rooms, target, target), "retracted");
	/* the same one again is only another copy */
	expect(rooms, retraction, NULL);
	/* final */
	struct plan plan = {
		.thread = target->built.id, .supersedes = {retraction->built.id}, .revision = 9};

	expect(rooms, rooms_make(rooms, &plan), "reference");
}

static void only_the_origin_acts(void **state)
{
	struct rooms *rooms = *state;
	struct made *target = rooms_make(rooms, NULL);
	struct plan plan = {.kind = KAI_KIND_RETRACT,
			    .thread = target->built.id,
			    .supersedes = {target->built.id},
			    .revision = 2,
			    .origin = rooms->link[1].org};
	struct made *early = rooms_make(rooms, &plan);
	struct made *late = rooms_make(rooms, &plan);

	expect(rooms, early, NULL); /* nobody can tell yet */
	/* it keeps no place: the origin's own still comes in */
	struct made *own = take_back(rooms, target, target);

	expect(rooms, own, NULL);
	expect(rooms, target, NULL);
	assert_int_equal(rooms_flags(rooms, target), KAI_ITEM_RETRACTED);
	expect(rooms, late, "reference");

	struct made *other = rooms_make(rooms, NULL);

	plan.thread = other->built.id;
	plan.supersedes[0] = other->built.id;
	expect(rooms, rooms_make(rooms, &plan), NULL);
	plan.kind = KAI_KIND_SECINFO;
	expect(rooms, rooms_make(rooms, &plan), NULL);
	expect(rooms, other, NULL);
	assert_int_equal(rooms_flags(rooms, other), 0);
}

static void a_marked_item_does_not_act(void **state)
{
	struct rooms *rooms = *state;
	struct made *target = rooms_make(rooms, NULL);
	struct made *retraction = take_back(rooms, target, target);
	struct kai_incoming item = rooms_incoming(rooms, 0, retraction, 1);
	struct kai_signature signatures[2] = {retraction->signature, retraction->signature};
	struct kai_admission got;

	expect(rooms, target, NULL);
	rooms->signer_flags = KAI_ITEM_MARKED;
	expect(rooms, retraction, NULL);
	assert_int_equal(rooms_flags(rooms, target), 0);
	/* affirmed with another key: now it does */
	memset(signatures[1].key, 0xff, KAI_ID_LEN);
	item.signatures = signatures;
	item.signature_count = 2;
	rooms->signer_flags = 0;
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[0], &item, &got);
	assert_true(got.stored);
	assert_int_equal(rooms_flags(rooms, target), KAI_ITEM_RETRACTED);
}

/* An edition of a key that fell into other hands is undone: what the one before it replaced stays so, however
 * much was said since. */
static void what_others_did_stays_done(void **state)
{
	struct rooms *rooms = *state;
	struct made *first = rooms_make(rooms, NULL);
	struct made *edition = revise(rooms, first, first, NULL, 2);
	uint64_t arrival;

	expect(rooms, first, NULL);
	expect(rooms, edition, NULL);
	for (unsigned i = 0; i < 70; i++)
		expect(rooms,
		       rooms_make(rooms,
				  &(struct plan){.thread = first->built.id, .revision = 3 + i}),
		       NULL);
	struct made *last = revise(rooms, first, first, edition, 100);

	expect(rooms, last, NULL);
	assert_true(kai_rec_arrival(rooms->turn.txn, last->built.id, &arrival));
	kai_thread_undone(&rooms->turn, arrival);
	assert_int_equal(rooms_flags(rooms, first), KAI_ITEM_SUPERSEDED);
	assert_int_equal(rooms_flags(rooms, edition), 0);
}

static void what_a_revision_may_not_be(void **state)
{
	struct rooms *rooms = *state;
	struct kai_label narrow = rooms_label(rooms);
	struct made *first = rooms_make(rooms, NULL);
	struct made *second = revise(rooms, first, first, NULL, 5);
	struct made *elsewhere = rooms_make(rooms, NULL);
	struct plan plan = {.thread = first->built.id,
			    .supersedes = {first->built.id},
			    .revision = 2,
			    .label = &narrow};

	expect(rooms, first, NULL);
	expect(rooms, second, NULL);
	expect(rooms, elsewhere, NULL);
	/* its number does not grow */
	expect(rooms, revise(rooms, first, second, NULL, 5), "contradiction");
	expect(rooms, revise(rooms, first, second, NULL, 6), NULL);
	/* an item of another thread */
	expect(rooms, revise(rooms, first, elsewhere, NULL, 7), "reference");
	/* a thread named by what is not its first item */
	expect(rooms, revise(rooms, second, second, NULL, 8), "reference");
	/* another label than what it names */
	narrow.onward = KAI_ONWARD_NONE;
	expect(rooms, rooms_make(rooms, &plan), "reference");
	/* retain_until aside */
	narrow.onward = KAI_ONWARD_ANY;
	narrow.retain_until = (uint64_t)ROOMS_NOW + 1000;
	expect(rooms, rooms_make(rooms, &plan), NULL);
}

static void references(void **state)
{
	struct rooms *rooms = *state;
	struct kai_label clear = rooms_label(rooms);
	struct kai_label narrow = rooms_label(rooms);

	clear.tlp = KAI_TLP_CLEAR;
	clear.audience_count = 0;
	narrow.tlp = KAI_TLP_AMBER_STRICT;
	struct made *open_item = rooms_make(rooms, &(struct plan){.label = &clear});
	struct made *closed = rooms_make(rooms, &(struct plan){.label = &narrow});
	struct made *unknown = rooms_make(rooms, NULL);

	expect(rooms, open_item, NULL);
	expect(rooms, closed, NULL);
	expect(rooms, rooms_make(rooms, &(struct plan){.ref = open_item->built.id}), NULL);
	expect(rooms, rooms_make(rooms, &(struct plan){.ref = closed->built.id}), "reference");
	expect(rooms, rooms_make(rooms, &(struct plan){.ref = unknown->built.id}), NULL);
}

static void what_a_retraction_may_not_be(void **state)
{
	struct rooms *rooms = *state;
	struct made *target = rooms_make(rooms, NULL);
	struct plan plan = {.kind = KAI_KIND_RETRACT,
			    .thread = target->built.id,
			    .supersedes = {target->built.id},
			    .revision = 2};

	expect(rooms, target, NULL);
	plan.urgency = KAI_URGENCY_NOW;
	expect(rooms, rooms_make(rooms, &plan), "contradiction");
	plan.urgency = 0;
	expect(rooms, rooms_make(rooms, &plan), NULL);
}

static void the_stub_of_what_was_taken_back(void **state)
{
	struct rooms *rooms = *state;
	struct plan lasting = {.ends_ms = 300 * KAI_MS_DAY};
	struct made *target = rooms_make(rooms, &lasting);
	struct made *retraction = take_back(rooms, target, target); /* ends within a day */
	struct kai_key key = kai_key_bytes(target->built.id, KAI_ID_LEN);
	struct kai_stub stub;

	expect(rooms, target, NULL);
	expect(rooms, retraction, NULL);
	rooms_step(rooms, 2 * KAI_MS_DAY + KAI_GRACE_MS);
	kai_sweep_timer(&rooms->turn);
	assert_false(rooms_held(rooms, retraction));
	assert_false(rooms_held(rooms, target)); /* it does not come back to life */
	assert_true(kai_rec_get(rooms->turn.txn, KAI_TABLE_STUBS, &key, &kai_object_stub,
				&rooms->scratch, &stub));
	assert_int_equal(stub.reason, KAI_STUB_RETRACTED);
	expect(rooms, target, "retracted");
	rooms_step(rooms, 1);
	expect(rooms, take_back(rooms, target, target), "retracted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOMS_CASE(every_order_of_arrival),
		ROOMS_CASE(a_retraction_before_its_target),
		ROOMS_CASE(only_the_origin_acts),
		ROOMS_CASE(a_marked_item_does_not_act),
		ROOMS_CASE(what_others_did_stays_done),
		ROOMS_CASE(what_a_revision_may_not_be),
		ROOMS_CASE(references),
		ROOMS_CASE(what_a_retraction_may_not_be),
		ROOMS_CASE(the_stub_of_what_was_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
