/* SPDX-License-Identifier: Apache-2.0 */
#include "spread.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WALK_STEP 256u /* log entries looked at in one step, over all peers */
#define WALK_SHARE 16u /* for one peer at least */
#define SAVE_ENTRIES 4096u
#define SAVE_MS KAI_MS_MINUTE
#define ALERTS_FIRST 64u /* alerts that a peer that comes up gets before the rest */
#define PATIENCE_MS KAI_MS_MINUTE

void kai_spread_free(struct kai_spread *spread)
{
	if (spread == NULL)
		return;
	kai_window_done(&spread->window);
	for (size_t i = 0; i < KAI_LANE_END; i++)
		kai_lane_done(&spread->lanes[i]);
	free(spread);
}

/* ---- where a peer stands ---- */

/* Writes how far the peer is, once what was to be looked at anew was. */
static void save(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_spread *spread = link->spread;
	uint64_t low = kai_window_low(&spread->window, spread->position);
	size_t mark = turn->scratch->used;
	struct kai_peer peer;

	spread->saved = turn->event->mono;
	if (spread->idle || low < spread->anew || (low <= link->settled && !spread->fresh) ||
	    !kai_rec_peer(turn->txn, link->org, turn->scratch, &peer))
		return;
	peer.position = low;
	memcpy(peer.facts, spread->facts, KAI_ID_LEN);
	memcpy(peer.epoch, spread->epoch, sizeof(peer.epoch));
	kai_rec_peer_put(turn->txn, &peer);
	link->settled = low;
	spread->fresh = false;
	kai_scratch_back(turn, mark);
}

void kai_spread_note(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_spread *spread = link->spread;
	uint64_t low = kai_window_low(&spread->window, spread->position);

	/* Until then a crash would have all of it looked at anew. */
	if ((spread->fresh && low >= spread->anew) || low >= link->settled + SAVE_ENTRIES)
		save(turn, link);
}

/* Without terms or a key to wrap with nothing can go: what is offered then would be lost as not to
 * be had. Either coming is greeted anew. */
static bool nothing_may_go(struct kai_turn *turn, struct kai_link *link,
			   const struct kai_pair *pair)
{
	struct kai_link_ends ends;
	uint8_t key[32];
	bool wraps = kai_pair_wrap_key(turn, link, true, key, &ends);

	sodium_memzero(key, sizeof(key));
	return !pair->has_terms || !wraps;
}

/* From where the log is walked, and whether what was recorded counts. */
static void find_position(struct kai_turn *turn, struct kai_link *link,
			  const struct kai_hello *hello)
{
	struct kai_spread *spread = link->spread;
	const struct kai_pair *pair = kai_pair_now(turn, link);
	uint64_t head = kai_rec_head(turn->txn);
	uint64_t token = 0;
	struct kai_peer peer;

	memcpy(spread->facts, pair->digest, KAI_ID_LEN);
	memcpy(spread->epoch, hello->epoch, sizeof(spread->epoch));
	spread->idle = nothing_may_go(turn, link, pair);
	if (!kai_rec_peer(turn->txn, link->org, turn->scratch, &peer))
		return;
	spread->anew_stored = memcmp(peer.epoch, hello->epoch, sizeof(peer.epoch)) != 0;
	spread->anew_refused = !kai_id_equal(peer.facts, pair->digest);
	if (spread->anew_stored || spread->anew_refused) {
		spread->anew = head;
		spread->fresh = true;
		link->settled = 0;
		return;
	}
	link->settled = peer.position;
	/*
	 * What we recorded as settled is settled, unless the peer lost what told it of that. Its
	 * token may stand further on, past items that it put off or could not use: so it says only
	 * that the peer remembers us, and what it stored after our record is known by the marks.
	 */
	if (hello->token.len == 0 || kai_token_open(turn, link, hello->token, &token))
		spread->position = peer.position;
	if (spread->position > head)
		spread->position = head;
}

/* What the peer says that it lacks of what it was offered before its token; it may have said so
 * before it stored it. */
static void offer_outstanding(struct kai_turn *turn, struct kai_link *link,
			      const struct kai_hello *hello, struct kai_offering *batch)
{
	struct kai_look how = {
		.batch = batch, .position = link->spread->position + 1, .asked = true};

	for (size_t i = 0; i < hello->outstanding_count && batch->count < KAI_MAX_ENTRIES; i++) {
		uint64_t arrival;

		if (kai_rec_arrival(turn->txn, hello->outstanding[i], &arrival))
			kai_look_at(turn, link, arrival, &how);
	}
}

/* Alerts that arrived while it was away pass before the bulk that did. */
static void alerts_first(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_look how = {.batch = NULL, .position = link->spread->position + 1};
	struct kai_index_scan scan;
	uint64_t arrivals[ALERTS_FIRST];
	size_t count = 0;

	kai_index_kind(&scan, turn->txn, KAI_KIND_ALERT, 0, true);
	while (count < ALERTS_FIRST && kai_index_next(&scan, &arrivals[count]) &&
	       arrivals[count] > link->spread->position)
		count++;
	/* The order in which they came. */
	while (count > 0)
		kai_look_at(turn, link, arrivals[--count], &how);
}

void kai_spread_up(struct kai_turn *turn, struct kai_link *link, const struct kai_hello *hello)
{
	struct kai_spread *spread = calloc(1, sizeof(*spread));
	struct kai_offering *batch = kai_offering_new(turn);
	uint8_t salt[8];

	kai_spread_free(link->spread);
	link->spread = spread;
	if (spread == NULL || batch == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	kai_draw(turn, "window", salt, sizeof(salt));
	spread->window.salt = kai_get_be64(salt);
	spread->limit = KAI_CREDIT_START;
	spread->retry_due = INT64_MAX;
	spread->progress = turn->event->mono;
	spread->saved = turn->event->mono;
	spread->push_minute = -1;
	find_position(turn, link, hello);
	if (spread->idle)
		return;
	offer_outstanding(turn, link, hello, batch);
	kai_offering_send(turn, link, batch, spread->position);
	alerts_first(turn, link);
	kai_spread_note(turn, link);
}

void kai_spread_down(struct kai_turn *turn, struct kai_link *link)
{
	if (link->spread == NULL)
		return;
	save(turn, link);
	kai_spread_free(link->spread);
	link->spread = NULL;
}

void kai_spread_restart(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_spread *spread = link->spread;
	struct kai_arena lists = *turn->scratch;
	struct kai_peer peer;

	/* Nor may it be forgotten over a link that falls, or a crash, before all was looked at. */
	if (kai_rec_peer(turn->txn, link->org, &lists, &peer)) {
		memset(peer.facts, 0, sizeof(peer.facts));
		kai_rec_peer_put(turn->txn, &peer);
	}
	if (spread == NULL)
		return;
	memcpy(spread->facts, kai_pair_now(turn, link)->digest, KAI_ID_LEN);
	spread->idle = nothing_may_go(turn, link, kai_pair_now(turn, link));
	spread->position = 0;
	spread->anew = kai_rec_head(turn->txn);
	spread->anew_refused = true;
	spread->fresh = true;
	link->settled = 0;
}

/* ---- entries that are settled or tried again ---- */

void kai_spread_retry(struct kai_spread *spread, struct kai_offered *offered, int64_t at_ms)
{
	offered->retry_at = at_ms;
	if (at_ms < spread->retry_due)
		spread->retry_due = at_ms;
}

void kai_spread_settle(struct kai_turn *turn, struct kai_link *link, struct kai_offered *offered)
{
	size_t mark = turn->scratch->used;
	struct kai_offering *batch;

	if (!offered->changed) {
		kai_window_settle(&link->spread->window, offered);
		return;
	}
	/* In its old place: until this is answered the peer is no further than that. */
	offered->changed = false;
	batch = kai_offering_new(turn);
	if (batch == NULL)
		return;
	kai_look_again(turn, link, offered, batch);
	kai_offering_send(turn, link, batch, link->spread->position);
	kai_scratch_back(turn, mark);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Offers again what is due; while the peer makes progress with others of them they have more time. */
static void retry_link(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_spread *spread = link->spread;
	int64_t now = turn->event->mono.ms;
	size_t mark = turn->scratch->used;
	struct kai_offering *batch = kai_offering_new(turn);

	if (batch == NULL)
		return;
	spread->retry_due = INT64_MAX;
	for (size_t i = spread->window.first; i < spread->window.count; i++) {
		struct kai_offered *offered = &spread->window.at[i];

		if (offered->settled || offered->wanted)
			continue;
		if (offered->retry_at <= now && !offered->deferred &&
		    spread->progress.ms + PATIENCE_MS > now && offered->patience > now)
			offered->retry_at =
				earlier(spread->progress.ms + PATIENCE_MS, offered->patience);
		if (offered->retry_at <= now && batch->count < KAI_MAX_ENTRIES)
			kai_look_again(turn, link, offered, batch);
		if (!offered->settled && offered->retry_at < spread->retry_due)
			spread->retry_due = offered->retry_at;
	}
	kai_offering_send(turn, link, batch, spread->position);
	kai_scratch_back(turn, mark);
}

void kai_spread_timer(struct kai_turn *turn)
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];
		struct kai_spread *spread = link->spread;

		if (spread == NULL)
			continue;
		if (spread->retry_due <= turn->event->mono.ms)
			retry_link(turn, link);
		if (turn->event->mono.ms - spread->saved.ms >= SAVE_MS)
			save(turn, link);
	}
}

struct kai_mono kai_spread_deadline(const struct kai_engine *engine)
{
	struct kai_mono due = {INT64_MAX};

	for (size_t i = 0; i < engine->link_count; i++) {
		const struct kai_spread *spread = engine->links[i]->spread;

		if (spread != NULL && spread->retry_due < due.ms)
			due.ms = spread->retry_due;
	}
	return due;
}

/* ---- the walk ---- */

static bool can_walk(struct kai_spread *spread, uint64_t head)
{
	if (spread->window.open >= KAI_WINDOW)
		spread->paused = true;
	else if (spread->window.open <= KAI_WINDOW / 2)
		spread->paused = false;
	return !spread->idle && !spread->paused && spread->position < head;
}

static bool can_serve(const struct kai_spread *spread)
{
	return (spread->lanes[KAI_LANE_URGENT].count > 0 ||
		spread->lanes[KAI_LANE_BULK].count > 0) &&
	       spread->sent < spread->limit;
}

/* Looks at up to `most` log entries for one peer. */
static void walk_link(struct kai_turn *turn, struct kai_link *link, uint64_t head, size_t most)
{
	struct kai_spread *spread = link->spread;
	size_t mark = turn->scratch->used;
	struct kai_look how = {.batch = kai_offering_new(turn)};
	uint64_t position = spread->position;
	uint64_t arrival;

	if (how.batch == NULL)
		return;
	for (size_t i = 0; i < most && spread->window.open < KAI_WINDOW; i++) {
		if (!kai_rec_log_next(turn->txn, &position, &arrival)) {
			spread->position = head;
			break;
		}
		how.position = position;
		if (spread->anew_stored && position <= spread->anew)
			kai_released_void(turn, link, arrival);
		kai_look_at(turn, link, arrival, &how);
		spread->position = position;
		if (how.batch->count == KAI_MAX_ENTRIES)
			kai_offering_send(turn, link, how.batch, spread->position);
	}
	kai_offering_send(turn, link, how.batch, spread->position);
	kai_spread_note(turn, link);
	kai_scratch_back(turn, mark);
}

bool kai_spread_pending(struct kai_turn *turn)
{
	uint64_t head = kai_rec_head(turn->txn);

	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_spread *spread = turn->engine->links[i]->spread;

		if (spread != NULL && (can_walk(spread, head) || can_serve(spread)))
			return true;
	}
	return false;
}

bool kai_spread_walk(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	uint64_t head = kai_rec_head(turn->txn);
	size_t active = 0;

	for (size_t i = 0; i < engine->link_count; i++) {
		struct kai_link *link = engine->links[i];

		if (link->spread == NULL)
			continue;
		if (can_serve(link->spread))
			kai_serve_run(turn, link);
		active += can_walk(link->spread, head) ? 1 : 0;
	}
	if (active == 0)
		return kai_spread_pending(turn);
	size_t share = WALK_STEP / active < WALK_SHARE ? WALK_SHARE : WALK_STEP / active;
	size_t left = WALK_STEP;
	size_t start = engine->walk_next;

	for (size_t i = 0; i < engine->link_count && left > 0; i++) {
		struct kai_link *link = engine->links[(start + i) % engine->link_count];

		if (link->spread == NULL || !can_walk(link->spread, head))
			continue;
		walk_link(turn, link, head, share < left ? share : left);
		left -= share < left ? share : left;
		engine->walk_next = (start + i + 1) % engine->link_count;
	}
	return kai_spread_pending(turn);
}

void kai_spread_item(struct kai_turn *turn, uint64_t arrival)
{
	size_t mark = turn->scratch->used;
	struct kai_header header;
	struct kai_item item;
	bool urgent = kai_rec_item(turn->txn, arrival, turn->scratch, &item) &&
		      kai_header_read(item.header, turn->scratch, &header) == KAI_FAULT_NONE &&
		      header.urgency == KAI_URGENCY_NOW;

	kai_scratch_back(turn, mark);
	if (!urgent)
		return; /* the walk meets it */
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];
		struct kai_look how = {.batch = NULL};

		if (link->spread == NULL || link->spread->idle ||
		    link->spread->window.open >= KAI_WINDOW)
			continue;
		how.position = link->spread->position + 1;
		kai_look_at(turn, link, arrival, &how);
	}
}

void kai_spread_state(const struct kai_link *link, uint64_t head, struct kai_peer_state *io_state)
{
	const struct kai_spread *spread = link->spread;

	if (spread == NULL) {
		io_state->lag = head > link->settled ? head - link->settled : 0;
		return;
	}
	io_state->lag = head > spread->position ? head - spread->position : 0;
	io_state->queued = spread->window.open;
	for (size_t i = spread->window.first; i < spread->window.count; i++)
		if (!spread->window.at[i].settled)
			io_state->in_flight_bytes += spread->window.at[i].bytes;
}
