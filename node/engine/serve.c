/* SPDX-License-Identifier: Apache-2.0 */
#include "spread.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <stdlib.h>
#include <string.h>

#define STEP_ITEMS 256u		      /* served in one step at most, */
#define STEP_BYTES ((size_t)4 << 20)  /* and so many bytes */
#define HEAD_ALONE ((size_t)96 << 10) /* a head as large as this takes no data along */
#define COPIES 3u		      /* a copy that is found bad so often is not sent again */
#define RETRY_LEAST_MS KAI_MS_SECOND
#define SERVING_MS (10 * KAI_MS_MINUTE)

/* ---- going out ---- */

static size_t head_len(const struct kai_item_head *head)
{
	size_t len = head->header.len;

	for (size_t i = 0; i < head->wraps_count; i++)
		len += head->wraps[i].bytes.len + 32;
	for (size_t i = 0; i < head->evidence_count; i++)
		len += head->evidence[i].len + 8;
	return len;
}

/* What the lane's first item still needs, and what left for it in this step. */
struct serving {
	struct kai_order *wanted;
	struct kai_going going;
	uint32_t parts; /* wanted and permitted */
	size_t sent;
};

/* The next part from `from` on that is to be sent; KAI_MAX_PARTS: none. */
static uint8_t next_part(uint32_t parts, uint8_t from)
{
	uint8_t index = from;

	while (index < KAI_MAX_PARTS && (parts >> index & 1) == 0)
		index++;
	return index;
}

/* One chunk; false when it cannot be made: the item is then not to be had. */
static bool send_chunk(struct kai_turn *turn, struct kai_link *link, struct serving *serving,
		       bool urgent, bool *ret_last)
{
	struct kai_order *wanted = serving->wanted;
	struct kai_going *going = &serving->going;
	struct kai_chunk chunk = {.index = KAI_MAX_PARTS};
	struct kai_item_head head = {.header = going->facts.item.header,
				     .mark = going->marked ? &going->mark : NULL};
	uint8_t index = next_part(serving->parts, wanted->next);
	struct kai_part part;

	memcpy(chunk.id, wanted->id, KAI_ID_LEN);
	if (!wanted->started) {
		head.signatures = going->facts.item.signatures;
		head.signatures_count = going->facts.item.signatures_count;
		head.evidence = going->evidence;
		head.evidence_count = going->evidence_count;
		if (!kai_going_wraps(turn, link, going, serving->parts, &head.wraps,
				     &head.wraps_count))
			return false;
		chunk.head = &head;
	}
	if (index < KAI_MAX_PARTS && (wanted->started || head_len(&head) < HEAD_ALONE)) {
		if (!kai_going_part(turn, going, index, &part) ||
		    part.ciphertext.len <= wanted->offset)
			return false;
		size_t left = part.ciphertext.len - wanted->offset;

		chunk.index = index;
		chunk.offset = wanted->offset;
		chunk.data.at = part.ciphertext.at + wanted->offset;
		chunk.data.len = left < (size_t)(KAI_MAX_CHUNK) ? left : (size_t)(KAI_MAX_CHUNK);
		wanted->next = index;
		wanted->offset += (uint32_t)chunk.data.len;
		if (chunk.data.len == left) {
			wanted->next = (uint8_t)(index + 1);
			wanted->offset = 0;
		}
	}
	chunk.last = next_part(serving->parts, wanted->next) == KAI_MAX_PARTS;
	wanted->started = true;
	*ret_last = chunk.last;
	size_t len = kai_out_send(turn, link, KAI_MSG_CHUNK, &chunk, urgent);

	serving->sent += len;
	return len > 0;
}

static void send_none(struct kai_turn *turn, struct kai_link *link, uint8_t (*ids)[KAI_ID_LEN],
		      size_t count)
{
	struct kai_none none = {.ids = ids, .ids_count = count};

	if (count > 0)
		(void)kai_out_send(turn, link, KAI_MSG_NO, &none, false);
}

/* The lane's first item is not to be had (any more): as if it had never been here. */
static void drop_wanted(struct kai_turn *turn, struct kai_link *link, struct kai_lane *lane)
{
	uint8_t ids[1][KAI_ID_LEN];
	struct kai_offered *offered;

	memcpy(ids[0], kai_lane_first(lane)->id, KAI_ID_LEN);
	kai_lane_drop(lane);
	offered = kai_window_find(&link->spread->window, ids[0]);
	if (offered != NULL)
		kai_window_settle(&link->spread->window, offered);
	send_none(turn, link, ids, 1);
}

/* Bookkeeping of what left in this step; writes, so what serving borrowed is gone afterwards. */
static void note_sent(struct kai_turn *turn, struct kai_link *link, struct serving *serving,
		      bool last)
{
	struct kai_spread *spread = link->spread;
	struct kai_offered *offered = kai_window_find(&spread->window, serving->wanted->id);

	spread->sent += serving->sent;
	if (offered != NULL) {
		offered->bytes += serving->sent;
		if (last) {
			offered->wanted = false;
			offered->retry_at = turn->event->mono.ms + KAI_MS_MINUTE;
		}
	}
	if (last)
		link->sent_items++;
	kai_released_sent(turn, link, serving->wanted->arrival, serving->parts, &serving->going);
}

/* Serves the lane's first item as far as credit goes; returns the bytes sent. The item leaves the
 * lane when it is done or not to be had. */
static size_t serve_first(struct kai_turn *turn, struct kai_link *link, struct kai_lane *lane)
{
	struct kai_spread *spread = link->spread;
	struct serving serving = {.wanted = kai_lane_first(lane)};
	struct kai_order *wanted = serving.wanted;
	size_t mark = turn->scratch->used;
	bool urgent = lane == &spread->lanes[KAI_LANE_URGENT];
	bool last = false;
	/* What was taken back since it was offered goes nowhere any more. */
	bool good = kai_going_decide(turn, link, wanted->arrival, &serving.going) &&
		    (serving.going.facts.item.flags & KAI_ITEM_RETRACTED) == 0 &&
		    kai_going_open(turn, link, &serving.going);

	serving.parts = good ? wanted->parts & serving.going.parts : 0;
	/* Begun under wider permissions, or nothing of what was asked for is permitted. */
	if ((wanted->started || serving.parts == 0) && serving.parts != wanted->parts)
		good = false;
	wanted->parts = serving.parts;
	while (good && !last && spread->sent + serving.sent < spread->limit &&
	       serving.sent < STEP_BYTES) {
		size_t chunk = turn->scratch->used;

		good = send_chunk(turn, link, &serving, urgent, &last);
		kai_scratch_back(turn, chunk);
	}
	if (serving.sent > 0)
		note_sent(turn, link, &serving, last);
	kai_scratch_back(turn, mark);
	if (!good)
		drop_wanted(turn, link, lane);
	else if (last)
		kai_lane_drop(lane);
	return serving.sent;
}

void kai_serve_run(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_spread *spread = link->spread;
	size_t bytes = 0;

	for (size_t items = 0; items < STEP_ITEMS && bytes < STEP_BYTES; items++) {
		struct kai_lane *lane = &spread->lanes[KAI_LANE_URGENT];

		if (lane->count == 0)
			lane = &spread->lanes[KAI_LANE_BULK];
		if (lane->count == 0 || spread->sent >= spread->limit)
			return;
		bytes += serve_first(turn, link, lane);
	}
}

/* ---- wants ---- */

/* An item that went to this peer before, so that its id is no news to it. */
static bool went_before(struct kai_turn *turn, const struct kai_link *link,
			const uint8_t id[KAI_ID_LEN], uint64_t *ret_arrival,
			struct kai_released *ret)
{
	uint64_t arrival = 0;
	bool here = kai_rec_arrival(turn->txn, id, &arrival);
	/* Looked up in either case: what is not here costs the same as what may not be had. */
	struct kai_key key = kai_key_pair(here ? arrival : 0, link->number);
	bool went = kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released,
				turn->scratch, ret);

	if (!here || !went ||
	    (ret->state != KAI_RELEASED_SENT && ret->state != KAI_RELEASED_STORED))
		return false;
	*ret_arrival = arrival;
	return true;
}

/* Puts it into its lane; false when it is not to be had. */
static bool take_want(struct kai_turn *turn, struct kai_link *link, const struct kai_id_parts *want)
{
	struct kai_spread *spread = link->spread;
	struct kai_offered *offered = kai_window_find(&spread->window, want->id);
	enum kai_lane_kind kind = KAI_LANE_BULK;
	struct kai_released released;
	struct kai_order *wanted;
	struct kai_item item;
	uint64_t arrival;

	if (offered != NULL)
		arrival = offered->arrival;
	else if (!went_before(turn, link, want->id, &arrival, &released))
		return false;
	if (offered != NULL && offered->wanted)
		return true; /* on its way */
	if (kai_rec_item(turn->txn, arrival, turn->scratch, &item)) {
		struct kai_header header;

		if (kai_header_read(item.header, turn->scratch, &header) == KAI_FAULT_NONE &&
		    header.urgency == KAI_URGENCY_NOW)
			kind = KAI_LANE_URGENT;
	}
	wanted = kai_lane_add(&spread->lanes[kind]);
	if (wanted == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return false;
	}
	memcpy(wanted->id, want->id, KAI_ID_LEN);
	wanted->arrival = arrival;
	wanted->parts = (uint32_t)want->parts;
	if (offered != NULL) {
		offered->wanted = true;
		offered->deferred = false;
		offered->retry_at = turn->event->mono.ms + SERVING_MS;
	}
	return true;
}

void kai_serve_want(struct kai_turn *turn, struct kai_link *link, const struct kai_want *want)
{
	struct kai_spread *spread = link->spread;
	int64_t limit = turn->engine->config.quota.wants_in_flight;
	uint8_t(*ids)[KAI_ID_LEN];
	size_t none = 0;
	bool over = false;

	if (spread == NULL)
		return;
	ids = kai_arena_take(turn->scratch, want->entries_count * KAI_ID_LEN);
	if (ids == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	spread->progress = turn->event->mono;
	for (size_t i = 0; i < want->entries_count; i++) {
		size_t mark = turn->scratch->used;
		size_t waiting =
			spread->lanes[KAI_LANE_URGENT].count + spread->lanes[KAI_LANE_BULK].count;
		bool room = limit > 0 && waiting < (size_t)limit;

		if (!room || !take_want(turn, link, &want->entries[i]))
			memcpy(ids[none++], want->entries[i].id, KAI_ID_LEN);
		over = over || !room;
		kai_scratch_back(turn, mark);
	}
	if (over)
		kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_QUOTA), NULL);
	send_none(turn, link, ids, none);
	kai_serve_run(turn, link);
}

void kai_serve_credit(struct kai_turn *turn, struct kai_link *link, const struct kai_credit *credit)
{
	struct kai_spread *spread = link->spread;
	uint64_t most;

	if (spread == NULL)
		return;
	/* However much it offers, no more than this lies in our queues for it. */
	most = spread->sent + KAI_CREDIT_MOST;
	if (credit->limit > spread->limit)
		spread->limit = credit->limit < most ? credit->limit : most;
	kai_serve_run(turn, link);
}

/* ---- what comes back ---- */

/* Where what was taken back is held too, it is known only now that the retraction may follow it there. */
static void follow_stored(struct kai_turn *turn, const struct kai_link *link, uint64_t arrival)
{
	struct kai_header header;
	struct kai_item item;

	if (kai_rec_item(turn->txn, arrival, turn->scratch, &item) &&
	    (item.flags & KAI_ITEM_RETRACTED) != 0 &&
	    kai_header_read(item.header, turn->scratch, &header) == KAI_FAULT_NONE)
		kai_thread_follow(turn, link, item.id, &header);
}

/* Writes what became of an item that was offered; of one that has ended meanwhile, nothing. */
static void record_outcome(struct kai_turn *turn, struct kai_link *link,
			   const struct kai_offered *offered, struct kai_released *with)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_key key = kai_key_pair(offered->arrival, link->number);
	struct kai_released before;
	uint64_t arrival;

	if (!kai_rec_arrival(turn->txn, offered->id, &arrival) || arrival != offered->arrival)
		return;
	if (!kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, turn->scratch,
			 &before))
		before = (struct kai_released){.at = 0};
	if (with->state == KAI_RELEASED_STORED && before.state == KAI_RELEASED_STORED)
		with->parts |= before.parts;
	if (with->state != KAI_RELEASED_STORED) {
		/* What it holds stays so, whatever it says of more. */
		if (before.state == KAI_RELEASED_STORED)
			return;
		with->parts = before.parts;
	}
	with->at = (uint64_t)turn->event->wall.ms;
	if (pair->has_terms)
		memcpy(with->agreement, pair->agreement.digest, KAI_ID_LEN);
	with->mark = before.mark;
	with->evidence = offered->evidence;
	with->signatures = offered->signatures;
	bool sent = before.state == KAI_RELEASED_SENT;

	kai_rec_put(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, with);
	if (with->state == KAI_RELEASED_STORED)
		kai_duty_stored(turn, link, offered->arrival, sent);
	if (with->state == KAI_RELEASED_STORED && before.state != KAI_RELEASED_STORED)
		follow_stored(turn, link, arrival);
}

static void stored_entry(struct kai_turn *turn, struct kai_link *link,
			 const struct kai_id_parts *entry)
{
	struct kai_spread *spread = link->spread;
	struct kai_offered *offered = kai_window_find(&spread->window, entry->id);
	struct kai_released released = {.state = KAI_RELEASED_STORED};
	uint64_t arrival;

	if (offered != NULL) {
		released.parts = entry->parts & offered->parts;
		released.rule = kai_span_str(offered->why);
		record_outcome(turn, link, offered, &released);
		/* The rest may be lost with the link: it is settled when it is answered too. */
		if (offered->pushed && (offered->parts & ~entry->parts) != 0)
			offered->pushed = false;
		else
			kai_spread_settle(turn, link, offered);
		return;
	}
	/* Sent in a session before, or wanted once more after it was settled. */
	if (!went_before(turn, link, entry->id, &arrival, &released))
		return;
	struct kai_key key = kai_key_pair(arrival, link->number);
	struct kai_item item;

	if (!kai_rec_item(turn->txn, arrival, turn->scratch, &item))
		return;
	if (released.state == KAI_RELEASED_STORED)
		released.parts |= entry->parts & item.held;
	else
		released.parts &= entry->parts;
	bool sent = released.state == KAI_RELEASED_SENT;

	released.state = KAI_RELEASED_STORED;
	/* What it is read from may move when it is written. */
	char rule[KAI_MAX_SHORT];

	memcpy(rule, released.rule.at, released.rule.len);
	released.rule.at = (const uint8_t *)rule;
	kai_rec_put(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &released);
	kai_duty_stored(turn, link, arrival, sent);
}

void kai_serve_stored(struct kai_turn *turn, struct kai_link *link, const struct kai_stored *stored)
{
	if (link->spread == NULL)
		return;
	link->spread->progress = turn->event->mono;
	for (size_t i = 0; i < stored->entries_count; i++) {
		size_t mark = turn->scratch->used;

		stored_entry(turn, link, &stored->entries[i]);
		kai_scratch_back(turn, mark);
	}
	kai_spread_note(turn, link);
}

static void refuse_deferred(struct kai_turn *turn, struct kai_link *link,
			    struct kai_offered *offered, const struct kai_refuse_entry *entry)
{
	int64_t wait = (int64_t)entry->retry_ms;
	struct kai_released released = {.state = KAI_RELEASED_DEFERRED, .rule = entry->reason};

	if (wait < RETRY_LEAST_MS)
		wait = RETRY_LEAST_MS;
	released.retry_at = (uint64_t)(turn->event->wall.ms + wait);
	record_outcome(turn, link, offered, &released);
	offered->deferred = true;
	kai_spread_retry(link->spread, offered, turn->event->mono.ms + wait);
}

static void refuse_entry(struct kai_turn *turn, struct kai_link *link,
			 const struct kai_refuse_entry *entry)
{
	struct kai_offered *offered = kai_window_find(&link->spread->window, entry->id);
	struct kai_released released = {.state = KAI_RELEASED_REFUSED, .rule = entry->reason};

	if (offered == NULL)
		return;
	switch (entry->klass) {
	case KAI_CLASS_RULE:
		kai_out_trace(turn, "refused-by-peer", link->org, entry->id, "rule", 1);
		record_outcome(turn, link, offered, &released);
		kai_spread_settle(turn, link, offered);
		return;
	case KAI_CLASS_DEFER:
		refuse_deferred(turn, link, offered, entry);
		return;
	case KAI_CLASS_COPY:
		kai_out_trace(turn, "refused-by-peer", link->org, entry->id, "copy", 1);
		offered->copies++;
		if (offered->copies >= COPIES) {
			kai_spread_settle(turn, link, offered);
			return;
		}
		offered->deferred = true;
		kai_spread_retry(link->spread, offered,
				 turn->event->mono.ms + (RETRY_LEAST_MS << offered->copies));
		return;
	default:
		kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_RANGE), entry->id);
		return;
	}
}

void kai_serve_refuse(struct kai_turn *turn, struct kai_link *link, const struct kai_refuse *refuse)
{
	if (link->spread == NULL)
		return;
	link->spread->progress = turn->event->mono;
	for (size_t i = 0; i < refuse->entries_count; i++) {
		size_t mark = turn->scratch->used;

		refuse_entry(turn, link, &refuse->entries[i]);
		kai_scratch_back(turn, mark);
	}
}
