/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <string.h>

/* ---- tokens */

uint64_t kai_batch_newest(const struct kai_fetch *fetch)
{
	return fetch->first_batch + fetch->batch_count - 1;
}

void kai_batch_begin(struct kai_fetch *fetch, struct kai_span token)
{
	struct kai_batch *batch = NULL;

	if (fetch->batch_count > 0)
		batch = &fetch->batches[kai_batch_newest(fetch) % KAI_FETCH_BATCHES];
	if (batch == NULL || (batch->pending > 0 && fetch->batch_count < KAI_FETCH_BATCHES)) {
		fetch->batch_count++;
		batch = &fetch->batches[kai_batch_newest(fetch) % KAI_FETCH_BATCHES];
		memset(batch, 0, sizeof(*batch));
	}
	/* else: joined to the newest, whose token then waits for both */
	if (token.len > 0) {
		memcpy(batch->token, token.at, token.len);
		batch->token_len = token.len;
	}
}

void kai_batch_end(struct kai_fetch *fetch)
{
	while (fetch->batch_count > 0) {
		const struct kai_batch *batch =
			&fetch->batches[fetch->first_batch % KAI_FETCH_BATCHES];

		if (batch->pending > 0)
			break;
		if (batch->token_len > 0) {
			memcpy(fetch->token, batch->token, batch->token_len);
			fetch->token_len = batch->token_len;
			fetch->unsaved++;
		}
		fetch->first_batch++;
		fetch->batch_count--;
	}
	kai_fetch_dirty(fetch);
}

void kai_batch_settled(struct kai_fetch *fetch, uint64_t number)
{
	fetch->batches[number % KAI_FETCH_BATCHES].pending--;
	fetch->unsaved++;
	kai_batch_end(fetch);
}

/* How far the token may go: past batches with at most so many ids outstanding in all. */
static struct kai_span furthest_token(const struct kai_fetch *fetch, uint64_t *ret_end)
{
	struct kai_span token = kai_span(fetch->token, fetch->token_len);
	uint64_t end = fetch->first_batch;
	size_t outstanding = 0;

	for (size_t i = 0; i < fetch->batch_count; i++) {
		uint64_t number = fetch->first_batch + i;
		const struct kai_batch *batch = &fetch->batches[number % KAI_FETCH_BATCHES];

		outstanding += batch->pending;
		if (outstanding > KAI_MAX_OUTSTANDING)
			break;
		if (batch->token_len > 0) {
			token = kai_span(batch->token, batch->token_len);
			end = number + 1;
		}
	}
	*ret_end = end;
	return token;
}

void kai_answer_lacked(struct kai_fetch *fetch, const uint8_t id[KAI_ID_LEN])
{
	for (size_t i = 0; i < fetch->lacked_count && i < KAI_FETCH_LACKED; i++) {
		if (kai_id_equal(fetch->lacked[i], id))
			return;
	}
	memcpy(fetch->lacked[fetch->lacked_count++ % KAI_FETCH_LACKED], id, KAI_ID_LEN);
	fetch->unsaved++;
}

void kai_answer_up(struct kai_turn *turn, struct kai_fetch *fetch)
{
	size_t mark = turn->scratch->used;
	struct kai_peer peer;

	fetch->lacked_count = 0;
	if (kai_rec_peer(turn->txn, fetch->link->org, turn->scratch, &peer)) {
		for (size_t i = 0; i < peer.outstanding_count; i++)
			kai_answer_lacked(fetch, peer.outstanding[i]);
	}
	fetch->unsaved = 0;
	turn->scratch->used = mark;
}

/* Held, with every part that it has: then nothing is lacked any more. */
static bool whole(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN])
{
	size_t mark = turn->scratch->used;
	struct kai_header header;
	struct kai_item item;
	uint64_t arrival;
	bool is = kai_rec_arrival(turn->txn, id, &arrival) &&
		  kai_rec_item(turn->txn, arrival, turn->scratch, &item) &&
		  kai_header_read(item.header, turn->scratch, &header) == KAI_FAULT_NONE &&
		  (item.held + 1) >> header.parts_count != 0;

	turn->scratch->used = mark;
	return is;
}

/* Newest first, as far as there is room. */
static size_t add_lacked(struct kai_turn *turn, const struct kai_fetch *fetch,
			 uint8_t (*ids)[KAI_ID_LEN], size_t count)
{
	for (size_t i = fetch->lacked_count;
	     i > 0 && fetch->lacked_count - i < KAI_FETCH_LACKED && count < KAI_MAX_OUTSTANDING;
	     i--) {
		const uint8_t *id = fetch->lacked[(i - 1) % KAI_FETCH_LACKED];

		if (!whole(turn, id))
			memcpy(ids[count++], id, KAI_ID_LEN);
	}
	return count;
}

void kai_answer_save(struct kai_turn *turn, struct kai_fetch *fetch)
{
	struct kai_peer peer;
	struct kai_slot *slot = NULL;
	uint64_t end = 0;
	struct kai_span token = furthest_token(fetch, &end);
	uint8_t(*ids)[KAI_ID_LEN] =
		kai_arena_take(turn->scratch, (size_t)KAI_MAX_OUTSTANDING * KAI_ID_LEN);
	size_t count = 0;

	fetch->unsaved = 0;
	fetch->saved = turn->event->mono;
	if (token.len == 0 || ids == NULL ||
	    !kai_rec_peer(turn->txn, fetch->link->org, turn->scratch, &peer))
		return;
	TAILQ_FOREACH(slot, &fetch->offered, in_link)
	{
		if (slot->batch >= end || count == KAI_MAX_OUTSTANDING)
			break;
		memcpy(ids[count++], slot->wanted->id, KAI_ID_LEN);
	}
	count = add_lacked(turn, fetch, ids, count);
	peer.token = token;
	peer.outstanding = ids;
	peer.outstanding_count = count;
	kai_rec_peer_put(turn->txn, &peer);
}

void kai_fetch_hello(struct kai_turn *turn, struct kai_link *link, struct kai_hello *io_hello)
{
	struct kai_peer peer;

	if (!kai_rec_peer(turn->txn, link->org, turn->scratch, &peer))
		return;
	/* The record's bytes die with the next write. */
	uint8_t *token = kai_arena_take(turn->scratch, peer.token.len);
	size_t ids_len = peer.outstanding_count * KAI_ID_LEN;
	uint8_t(*ids)[KAI_ID_LEN] = kai_arena_take(turn->scratch, ids_len);

	if (token == NULL || ids == NULL || peer.token.len == 0)
		return;
	memcpy(token, peer.token.at, peer.token.len);
	io_hello->token = kai_span(token, peer.token.len);
	if (ids_len > 0)
		memcpy(ids, peer.outstanding, ids_len);
	io_hello->outstanding = ids;
	io_hello->outstanding_count = peer.outstanding_count;
}

/* ---- credit */

void kai_answer_credit(struct kai_turn *turn, struct kai_fetch *fetch, size_t bytes)
{
	struct kai_mono now = turn->event->mono;

	fetch->received += bytes;
	if (fetch->received >= fetch->limit + (uint64_t)KAI_MAX_FRAME)
		kai_fault_note(turn, fetch->link, kai_fault_name(KAI_FAULT_QUOTA), NULL);
	if (fetch->received + fetch->window / 2 < fetch->limit)
		return;
	/* Half a window in less than a quarter second: the path carries more than the window. */
	if (now.ms - fetch->credited.ms < KAI_MS_SECOND / 4 && fetch->window < KAI_CREDIT_MOST)
		fetch->window *= 2;
	fetch->limit = fetch->received + fetch->window;
	fetch->credited = now;
	struct kai_credit credit = {.limit = fetch->limit};

	(void)kai_out_send(turn, fetch->link, KAI_MSG_CREDIT, &credit, false);
}

/* ---- stored, refuse, want */

static void send_stored(struct kai_turn *turn, struct kai_fetch *fetch)
{
	struct kai_stored msg = {.entries = fetch->stored, .entries_count = fetch->stored_count};

	if (fetch->stored_count == 0)
		return;
	(void)kai_out_send(turn, fetch->link, KAI_MSG_STORED, &msg, fetch->stored_urgent);
	fetch->stored_count = 0;
	fetch->stored_urgent = false;
}

static void send_refuse(struct kai_turn *turn, struct kai_fetch *fetch)
{
	struct kai_refuse msg = {.entries = fetch->refuse, .entries_count = fetch->refuse_count};

	if (fetch->refuse_count == 0)
		return;
	(void)kai_out_send(turn, fetch->link, KAI_MSG_REFUSE, &msg, false);
	fetch->refuse_count = 0;
}

static void send_want(struct kai_turn *turn, struct kai_fetch *fetch, bool urgent)
{
	struct kai_want msg = {.entries = fetch->want, .entries_count = fetch->want_count};

	if (fetch->want_count == 0)
		return;
	(void)kai_out_send(turn, fetch->link, KAI_MSG_WANT, &msg, urgent);
	fetch->want_count = 0;
}

void kai_answer_stored(struct kai_turn *turn, struct kai_fetch *fetch, const uint8_t id[KAI_ID_LEN],
		       uint32_t parts, bool urgent)
{
	if (fetch->stored_count == 0)
		fetch->stored_since = turn->event->mono;
	struct kai_id_parts *entry = &fetch->stored[fetch->stored_count++];

	memcpy(entry->id, id, KAI_ID_LEN);
	entry->parts = parts;
	fetch->stored_urgent |= urgent;
	if (fetch->stored_count == KAI_MAX_ENTRIES)
		send_stored(turn, fetch);
	kai_fetch_dirty(fetch);
}

void kai_answer_refuse(struct kai_turn *turn, struct kai_fetch *fetch, const uint8_t id[KAI_ID_LEN],
		       const struct kai_admission *why)
{
	struct kai_refuse_entry *entry = &fetch->refuse[fetch->refuse_count++];

	memcpy(entry->id, id, KAI_ID_LEN);
	entry->klass = (uint64_t)why->klass;
	entry->reason = kai_span_str(why->reason);
	entry->retry_ms = why->klass == KAI_CLASS_DEFER ? (uint64_t)why->retry_ms : 0;
	if (why->klass == KAI_CLASS_RULE && why->fault == KAI_FAULT_POLICY)
		kai_answer_lacked(fetch, id);
	if (fetch->refuse_count == KAI_MAX_ENTRIES)
		send_refuse(turn, fetch);
	kai_fetch_dirty(fetch);
}

static void ask_one(struct kai_turn *turn, struct kai_fetch *fetch, struct kai_wanted *wanted,
		    unsigned lane)
{
	struct kai_slot *slot = wanted->from;
	struct kai_id_parts *entry = &fetch->want[fetch->want_count++];

	TAILQ_REMOVE(&fetch->waiting[lane], wanted, in_queue);
	TAILQ_INSERT_TAIL(&fetch->asked, wanted, in_queue);
	wanted->state = KAI_WANTED_ASKED;
	wanted->progress = turn->event->mono;
	wanted->promised = slot->size;
	fetch->promised += slot->size;
	slot->twice = slot->asked;
	slot->asked = true;
	memcpy(entry->id, wanted->id, KAI_ID_LEN);
	slot->asked_parts = slot->parts & ~wanted->held;
	entry->parts = slot->asked_parts;
	if (fetch->want_count == KAI_MAX_ENTRIES)
		send_want(turn, fetch, lane == 0);
}

/* What is asked for never exceeds the credit window or the memory of the link's account, one item
 * excepted. Bulk waits until half of the window is free, so that wants leave many at a time. */
static void ask(struct kai_turn *turn, struct kai_fetch *fetch)
{
	uint64_t most = (uint64_t)turn->engine->config.quota.held_bytes;

	if (most > fetch->window)
		most = fetch->window;
	for (unsigned lane = 0; lane < 2; lane++) {
		struct kai_wanted *wanted = NULL;

		if (lane == 1 && fetch->promised > most / 2)
			break;
		while ((wanted = TAILQ_FIRST(&fetch->waiting[lane])) != NULL) {
			uint64_t size = wanted->from->size;

			if (fetch->promised > 0 && fetch->promised + size > most)
				break;
			ask_one(turn, fetch, wanted, lane);
		}
		send_want(turn, fetch, lane == 0);
	}
}

static bool stored_due(const struct kai_fetch *fetch, struct kai_mono now)
{
	return fetch->stored_urgent || fetch->stored_count >= KAI_FETCH_STORED_BATCH ||
	       TAILQ_EMPTY(&fetch->asked) || now.ms - fetch->stored_since.ms >= KAI_FETCH_STORED_MS;
}

static bool save_due(const struct kai_fetch *fetch, struct kai_mono now)
{
	return fetch->unsaved >= KAI_FETCH_SAVE_ITEMS ||
	       (fetch->unsaved > 0 && now.ms - fetch->saved.ms >= KAI_FETCH_SAVE_MS);
}

void kai_fetch_flush(struct kai_turn *turn)
{
	struct kai_wants *wants = turn->engine->wants;
	struct kai_fetch *fetch = NULL;

	if (wants == NULL)
		return;
	while ((fetch = TAILQ_FIRST(&wants->dirty)) != NULL) {
		TAILQ_REMOVE(&wants->dirty, fetch, in_dirty);
		fetch->dirty = false;
		if (!fetch->up)
			continue;
		send_refuse(turn, fetch);
		ask(turn, fetch);
		if (stored_due(fetch, turn->event->mono))
			send_stored(turn, fetch);
		if (save_due(fetch, turn->event->mono))
			kai_answer_save(turn, fetch);
	}
}

/* ---- deadlines */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t kai_fetch_stall_ms(const struct kai_fetch *fetch)
{
	const struct kai_wanted *first = TAILQ_FIRST(&fetch->asked);

	if (first == NULL)
		return INT64_MAX;
	int64_t moved = first->progress.ms;
	int64_t idle = (fetch->progress.ms > moved ? fetch->progress.ms : moved);

	return earlier(idle + KAI_FETCH_STALL_MS, moved + KAI_FETCH_LONGEST_MS);
}

struct kai_mono kai_fetch_deadline(const struct kai_engine *engine)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; engine->wants != NULL && i < engine->link_count; i++) {
		const struct kai_fetch *fetch = engine->links[i]->fetch;

		if (fetch == NULL || !fetch->up)
			continue;
		const struct kai_slot *late = TAILQ_FIRST(&fetch->late);

		due = earlier(due, kai_fetch_stall_ms(fetch));
		if (fetch->stored_count > 0)
			due = earlier(due, fetch->stored_since.ms + KAI_FETCH_STORED_MS);
		if (fetch->unsaved > 0)
			due = earlier(due, fetch->saved.ms + KAI_FETCH_SAVE_MS);
		if (late != NULL)
			due = earlier(due, late->since.ms + KAI_FETCH_LATE_MS);
	}
	return (struct kai_mono){due};
}
