/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_AT_FIRST 1024u

static size_t bucket_of(const struct kai_wants *wants, const uint8_t id[KAI_ID_LEN])
{
	uint8_t hash[crypto_shorthash_BYTES];

	/* Keyed: a peer chooses the ids that it offers, and may not choose where they fall. */
	(void)crypto_shorthash(hash, id, KAI_ID_LEN, wants->key);
	return (size_t)kai_get_be64(hash) & (wants->bucket_count - 1);
}

static struct kai_wants *wants_new(struct kai_turn *turn)
{
	struct kai_wants *wants = calloc(1, sizeof(*wants));

	if (wants == NULL)
		return NULL;
	wants->buckets = calloc(BUCKETS_AT_FIRST, sizeof(struct kai_wanted *));
	if (wants->buckets == NULL) {
		free(wants);
		return NULL;
	}
	wants->bucket_count = BUCKETS_AT_FIRST;
	TAILQ_INIT(&wants->dirty);
	kai_draw(turn, "wants", wants->key, sizeof(wants->key));
	return wants;
}

struct kai_fetch *kai_wants_fetch(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_engine *engine = turn->engine;
	struct kai_fetch *fetch = link->fetch;

	if (fetch != NULL)
		return fetch;
	fetch = calloc(1, sizeof(*fetch));
	/* Shared by all; the last one that uses them frees them. */
	if (fetch != NULL && engine->wants == NULL)
		engine->wants = wants_new(turn);
	if (fetch == NULL || engine->wants == NULL) {
		free(fetch);
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return NULL;
	}
	fetch->link = link;
	fetch->wants = engine->wants;
	fetch->wants->users++;
	TAILQ_INIT(&fetch->offered);
	TAILQ_INIT(&fetch->late);
	TAILQ_INIT(&fetch->waiting[0]);
	TAILQ_INIT(&fetch->waiting[1]);
	TAILQ_INIT(&fetch->asked);
	link->fetch = fetch;
	return fetch;
}

void kai_fetch_free(struct kai_fetch *fetch)
{
	if (fetch == NULL)
		return;
	struct kai_wants *wants = fetch->wants;

	kai_fetch_clear(fetch);
	if (fetch->dirty)
		TAILQ_REMOVE(&wants->dirty, fetch, in_dirty);
	free(fetch);
	if (--wants->users > 0)
		return;
	free(wants->buckets);
	free(wants);
}

void kai_fetch_dirty(struct kai_fetch *fetch)
{
	if (fetch->dirty)
		return;
	fetch->dirty = true;
	TAILQ_INSERT_TAIL(&fetch->wants->dirty, fetch, in_dirty);
}

/* ---- ids */

struct kai_wanted *kai_wants_find(const struct kai_wants *wants, const uint8_t id[KAI_ID_LEN])
{
	struct kai_wanted *wanted = wants->buckets[bucket_of(wants, id)];

	while (wanted != NULL && !kai_id_equal(wanted->id, id))
		wanted = wanted->next_in_bucket;
	return wanted;
}

static void wants_grow(struct kai_wants *wants)
{
	size_t old_count = wants->bucket_count;
	struct kai_wanted **old = wants->buckets;
	struct kai_wanted **grown = calloc(old_count * 2, sizeof(struct kai_wanted *));

	if (grown == NULL)
		return; /* longer chains, nothing worse */
	wants->buckets = grown;
	wants->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		struct kai_wanted *wanted = old[i];

		while (wanted != NULL) {
			struct kai_wanted *next = wanted->next_in_bucket;
			size_t bucket = bucket_of(wants, wanted->id);

			wanted->next_in_bucket = grown[bucket];
			grown[bucket] = wanted;
			wanted = next;
		}
	}
	free(old);
}

struct kai_wanted *kai_wants_get(struct kai_turn *turn, struct kai_wants *wants,
				 const uint8_t id[KAI_ID_LEN])
{
	struct kai_wanted *wanted = kai_wants_find(wants, id);

	if (wanted != NULL)
		return wanted;
	wanted = calloc(1, sizeof(*wanted));
	if (wanted == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return NULL;
	}
	memcpy(wanted->id, id, KAI_ID_LEN);
	wanted->state = KAI_WANTED_DONE;
	TAILQ_INIT(&wanted->slots);
	if (wants->count >= wants->bucket_count)
		wants_grow(wants);
	size_t bucket = bucket_of(wants, id);

	wanted->next_in_bucket = wants->buckets[bucket];
	wants->buckets[bucket] = wanted;
	wants->count++;
	return wanted;
}

static void wanted_free(struct kai_wants *wants, struct kai_wanted *wanted)
{
	struct kai_wanted **at = &wants->buckets[bucket_of(wants, wanted->id)];

	while (*at != wanted)
		at = &(*at)->next_in_bucket;
	*at = wanted->next_in_bucket;
	wants->count--;
	free(wanted);
}

/* ---- slots */

struct kai_slot *kai_wanted_slot(const struct kai_wanted *wanted, const struct kai_link *link)
{
	struct kai_slot *slot = NULL;

	TAILQ_FOREACH(slot, &wanted->slots, in_wanted)
	{
		if (slot->link == link)
			break;
	}
	return slot;
}

struct kai_slot *kai_slot_offer(struct kai_turn *turn, struct kai_wanted *wanted,
				struct kai_link *link)
{
	struct kai_fetch *fetch = link->fetch;
	struct kai_slot *slot = kai_wanted_slot(wanted, link);

	if (slot != NULL && !slot->settled)
		return slot;
	if (slot != NULL) {
		TAILQ_REMOVE(&fetch->late, slot, in_link);
		TAILQ_REMOVE(&wanted->slots, slot, in_wanted);
		slot->parts = 0;
		slot->doubted = false;
	} else {
		slot = calloc(1, sizeof(*slot));
		if (slot == NULL) {
			kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
			if (TAILQ_EMPTY(&wanted->slots))
				wanted_free(fetch->wants, wanted);
			return NULL;
		}
	}
	slot->wanted = wanted;
	slot->link = link;
	slot->settled = false;
	slot->batch = kai_batch_newest(fetch);
	fetch->batches[slot->batch % KAI_FETCH_BATCHES].pending++;
	TAILQ_INSERT_TAIL(&wanted->slots, slot, in_wanted);
	TAILQ_INSERT_TAIL(&fetch->offered, slot, in_link);
	fetch->offered_count++;
	return slot;
}

/* The wanted itself stays, even without slots: kai_wanted_next clears up. */
static void slot_free(struct kai_slot *slot)
{
	TAILQ_REMOVE(&slot->wanted->slots, slot, in_wanted);
	free(slot);
}

void kai_slot_settle(struct kai_slot *slot, struct kai_mono now)
{
	struct kai_fetch *fetch = slot->link->fetch;

	if (slot->settled)
		return;
	if (slot->wanted->from == slot)
		kai_wanted_leave(slot->wanted);
	TAILQ_REMOVE(&fetch->offered, slot, in_link);
	fetch->offered_count--;
	kai_batch_settled(fetch, slot->batch);
	slot->settled = true;
	slot->since = now;
	if (slot->asked)
		TAILQ_INSERT_TAIL(&fetch->late, slot, in_link);
	else
		slot_free(slot);
}

void kai_slot_quiet(struct kai_slot *slot)
{
	slot->asked = false;
	if (!slot->settled)
		return;
	struct kai_wanted *wanted = slot->wanted;
	struct kai_fetch *fetch = slot->link->fetch;

	TAILQ_REMOVE(&fetch->late, slot, in_link);
	slot_free(slot);
	if (TAILQ_EMPTY(&wanted->slots))
		wanted_free(fetch->wants, wanted);
}

/* ---- whom to ask */

void kai_unfinished_free(struct kai_unfinished *unfinished)
{
	if (unfinished == NULL)
		return;
	for (size_t i = 0; i < KAI_MAX_PARTS; i++)
		free(unfinished->parts[i]);
	free(unfinished->head);
	free(unfinished);
}

void kai_wanted_leave(struct kai_wanted *wanted)
{
	struct kai_slot *from = wanted->from;

	if (from == NULL)
		return;
	struct kai_fetch *fetch = from->link->fetch;

	switch (wanted->state) {
	case KAI_WANTED_WAITING:
		TAILQ_REMOVE(&fetch->waiting[wanted->urgent ? 0 : 1], wanted, in_queue);
		break;
	case KAI_WANTED_ASKED:
		TAILQ_REMOVE(&fetch->asked, wanted, in_queue);
		break;
	case KAI_WANTED_STUCK:
	case KAI_WANTED_DONE:
		break;
	}
	fetch->promised -= wanted->promised;
	wanted->promised = 0;
	if (wanted->unfinished != NULL)
		fetch->held -= wanted->unfinished->charged;
	kai_unfinished_free(wanted->unfinished);
	wanted->unfinished = NULL;
	wanted->from = NULL;
	wanted->state = KAI_WANTED_DONE;
	kai_fetch_dirty(fetch);
}

static struct kai_slot *first_unsettled(const struct kai_wanted *wanted)
{
	struct kai_slot *slot = NULL;

	TAILQ_FOREACH(slot, &wanted->slots, in_wanted)
	{
		if (!slot->settled)
			break;
	}
	return slot;
}

void kai_wanted_next(struct kai_wanted *wanted)
{
	struct kai_slot *slot = first_unsettled(wanted);

	if (wanted->from != NULL)
		return;
	if (slot != NULL) {
		struct kai_fetch *fetch = slot->link->fetch;

		wanted->from = slot;
		wanted->state = KAI_WANTED_WAITING;
		wanted->progress.ms = 0;
		TAILQ_INSERT_TAIL(&fetch->waiting[wanted->urgent ? 0 : 1], wanted, in_queue);
		kai_fetch_dirty(fetch);
	}
}

void kai_wanted_stalled(struct kai_wanted *wanted)
{
	struct kai_slot *slow = wanted->from;

	if (slow == NULL)
		return;
	TAILQ_REMOVE(&wanted->slots, slow, in_wanted);
	TAILQ_INSERT_TAIL(&wanted->slots, slow, in_wanted);
	if (first_unsettled(wanted) != slow) {
		kai_wanted_leave(wanted);
		kai_wanted_next(wanted);
	} else if (wanted->state == KAI_WANTED_ASKED) {
		struct kai_fetch *fetch = slow->link->fetch;

		TAILQ_REMOVE(&fetch->asked, wanted, in_queue);
		wanted->state = KAI_WANTED_STUCK;
		/* It may never come: what waits behind it is asked for, and stalls in its turn if need be. */
		fetch->promised -= wanted->promised;
		wanted->promised = 0;
		kai_fetch_dirty(fetch);
	}
}

void kai_wanted_progress(struct kai_wanted *wanted, struct kai_mono now)
{
	struct kai_fetch *fetch = wanted->from->link->fetch;

	if (wanted->state == KAI_WANTED_ASKED)
		TAILQ_REMOVE(&fetch->asked, wanted, in_queue);
	if (wanted->state == KAI_WANTED_STUCK) {
		wanted->promised = wanted->from->size;
		fetch->promised += wanted->promised;
	}
	wanted->state = KAI_WANTED_ASKED;
	wanted->progress = now;
	TAILQ_INSERT_TAIL(&fetch->asked, wanted, in_queue);
}

void kai_wanted_done(struct kai_wants *wants, struct kai_wanted *wanted)
{
	if (TAILQ_EMPTY(&wanted->slots))
		wanted_free(wants, wanted);
}

void kai_fetch_clear(struct kai_fetch *fetch)
{
	struct kai_slot_list *const lists[] = {&fetch->offered, &fetch->late};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct kai_slot *slot = TAILQ_FIRST(lists[i]);

		while (slot != NULL) {
			struct kai_slot *next = TAILQ_NEXT(slot, in_link);
			struct kai_wanted *wanted = slot->wanted;

			if (wanted->from == slot)
				kai_wanted_leave(wanted);
			TAILQ_REMOVE(lists[i], slot, in_link);
			slot_free(slot);
			kai_wanted_next(wanted);
			kai_wanted_done(fetch->wants, wanted);
			slot = next;
		}
	}
	fetch->offered_count = 0;
	fetch->first_batch += fetch->batch_count;
	fetch->batch_count = 0;
	fetch->token_len = 0;
	fetch->stored_count = 0;
	fetch->refuse_count = 0;
	fetch->want_count = 0;
}
