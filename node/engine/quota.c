/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"
#include "kairan/rec.h"

#include <stdlib.h>
#include <string.h>

#define FLUSH_ITEMS 64 /* volume is written at latest after so many items … */
#define FLUSH_BYTES ((uint64_t)1 << 20)
#define FLUSH_MS (10 * KAI_MS_SECOND) /* … or after so long; a crash forgets no more than that */
#define RATE_SECONDS 10
#define REASONS 96 /* faults and rules by name; more than there are */

const struct kai_quota kai_quota_default = {
#define X(name, value, unit) .name = (value),
	KAI_X_QUOTA(X)
#undef X
};

/* What stands in a window of time. */
struct meter {
	int64_t window; /* its number */
	int64_t count;
};

/* How often one reason was met in a minute, so that hostility does not flood the journal. */
struct reason_count {
	const char *reason;
	int64_t minute;
	uint64_t waiting; /* counted, not journalled yet */
	uint8_t id[KAI_ID_LEN];
	bool has_id;
};

struct kai_meters {
	struct meter meters[KAI_METER_END];
	struct reason_count reasons[REASONS];
	size_t reason_count;
	/* taken, not written to PEERS yet */
	uint64_t items;
	uint64_t bytes;
	struct kai_mono flush_due;
	bool cut;
};

void kai_meters_free(struct kai_meters *meters)
{
	free(meters);
}

/* The link's meters; NULL when out of memory: then the commit fails. */
static struct kai_meters *meters_of(struct kai_turn *turn, struct kai_link *link)
{
	if (link->meters == NULL) {
		link->meters = calloc(1, sizeof(*link->meters));
		if (link->meters == NULL)
			kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
	}
	return link->meters;
}

static int64_t meter_window_ms(enum kai_meter meter)
{
	switch (meter) {
	case KAI_METER_FRAMES:
	case KAI_METER_BYTES:
		return RATE_SECONDS * KAI_MS_SECOND;
	case KAI_METER_FAULTS:
	case KAI_METER_PUSHES:
	case KAI_METER_HELLOS:
	case KAI_METER_END:
		break;
	}
	return KAI_MS_MINUTE;
}

static int64_t meter_limit(const struct kai_quota *quota, enum kai_meter meter)
{
	switch (meter) {
	case KAI_METER_FRAMES:
		return quota->frames_per_second * RATE_SECONDS;
	case KAI_METER_BYTES:
		return quota->bytes_per_second * RATE_SECONDS;
	case KAI_METER_FAULTS:
		return quota->faults_per_minute;
	case KAI_METER_PUSHES:
		return quota->push_per_minute;
	case KAI_METER_HELLOS:
		return quota->hellos_per_minute;
	case KAI_METER_END:
		break;
	}
	return 0;
}

bool kai_quota_charge(struct kai_turn *turn, struct kai_link *link, enum kai_meter meter,
		      int64_t amount)
{
	struct kai_meters *meters = meters_of(turn, link);

	if (meters == NULL)
		return false;
	struct meter *at = &meters->meters[meter];
	int64_t window = turn->event->mono.ms / meter_window_ms(meter);

	if (at->window != window) {
		at->window = window;
		at->count = 0;
	}
	at->count += amount;
	return at->count <= meter_limit(&turn->engine->config.quota, meter);
}

/* ---- volume ---- */

/* Adds what waits to the peer's record; a new day starts its counters anew. */
static void flush_volume(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_meters *meters = link->meters;
	struct kai_arena lists = *turn->scratch;
	uint64_t day = (uint64_t)(turn->event->wall.ms / KAI_MS_DAY);
	struct kai_peer peer;

	if (meters->items == 0 && meters->bytes == 0)
		return;
	if (!kai_rec_peer(turn->txn, link->org, &lists, &peer))
		return;
	if (peer.day != day) {
		peer.day = day;
		peer.day_items = 0;
		peer.day_bytes = 0;
	}
	peer.day_items += meters->items;
	peer.day_bytes += meters->bytes;
	peer.stored_bytes += meters->bytes;
	meters->items = 0;
	meters->bytes = 0;
	kai_rec_peer_put(turn->txn, &peer);
}

bool kai_quota_volume(struct kai_turn *turn, struct kai_link *link, uint64_t bytes)
{
	struct kai_meters *meters = meters_of(turn, link);
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_arena lists = *turn->scratch;
	uint64_t day = (uint64_t)(turn->event->wall.ms / KAI_MS_DAY);
	const struct kai_direction *direction;
	struct kai_peer peer;

	if (meters == NULL || !kai_rec_peer(turn->txn, link->org, &lists, &peer))
		return false;
	bool today = peer.day == day;
	uint64_t items = meters->items + (today ? peer.day_items : 0);
	uint64_t taken = meters->bytes + (today ? peer.day_bytes : 0);
	int64_t limit = turn->engine->config.quota.stored_bytes;

	if (limit >= 0 && peer.stored_bytes + meters->bytes + bytes > (uint64_t)limit)
		return false;
	if (!pair->has_terms)
		return true;
	int side = kai_terms_side(&pair->agreement.terms, link->org);

	if (side < 0)
		return false;
	direction = kai_terms_direction(&pair->agreement.terms, side);
	if (direction->max_items_day > 0 && items + 1 > direction->max_items_day)
		return false;
	return direction->max_bytes_day == 0 || taken + bytes <= direction->max_bytes_day;
}

void kai_quota_taken(struct kai_turn *turn, struct kai_link *link, uint64_t bytes)
{
	struct kai_meters *meters = meters_of(turn, link);

	if (meters == NULL)
		return;
	if (meters->items == 0)
		meters->flush_due.ms = turn->event->mono.ms + FLUSH_MS;
	meters->items++;
	meters->bytes += bytes;
	if (meters->items >= FLUSH_ITEMS || meters->bytes >= FLUSH_BYTES)
		flush_volume(turn, link);
}

/* ---- what is no item ---- */

bool kai_quota_hold(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t bytes)
{
	const struct kai_link *link = kai_link_find(turn->engine, org);
	uint64_t waiting = link != NULL && link->meters != NULL ? link->meters->bytes : 0;
	int64_t limit = turn->engine->config.quota.stored_bytes;
	struct kai_arena lists = *turn->scratch;
	struct kai_peer peer;

	if (!kai_rec_peer(turn->txn, org, &lists, &peer) ||
	    (limit >= 0 && peer.stored_bytes + waiting + bytes > (uint64_t)limit))
		return false;
	peer.stored_bytes += bytes;
	kai_rec_peer_put(turn->txn, &peer);
	return true;
}

void kai_quota_give_back(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t bytes)
{
	struct kai_arena lists = *turn->scratch;
	struct kai_peer peer;

	if (!kai_rec_peer(turn->txn, org, &lists, &peer))
		return;
	peer.stored_bytes -= bytes < peer.stored_bytes ? bytes : peer.stored_bytes;
	kai_rec_peer_put(turn->txn, &peer);
}

/* ---- faults ---- */

static void journal_reason(struct kai_turn *turn, const struct kai_link *link,
			   struct reason_count *at)
{
	struct kai_journal entry = {
		.at = (uint64_t)turn->event->wall.ms,
		.event = kai_span_str("peer-fault"),
		.rule = kai_span_str(at->reason),
		.count = at->waiting,
	};

	entry.org.is = true;
	memcpy(entry.org.id, link->org, KAI_ID_LEN);
	entry.id.is = at->has_id;
	if (at->has_id)
		memcpy(entry.id.id, at->id, KAI_ID_LEN);
	kai_journal_append(turn->txn, &entry);
	at->waiting = 0;
}

static struct reason_count *reason_of(struct kai_meters *meters, const char *reason)
{
	for (size_t i = 0; i < meters->reason_count; i++)
		if (strcmp(meters->reasons[i].reason, reason) == 0)
			return &meters->reasons[i];
	if (meters->reason_count == REASONS)
		return &meters->reasons[REASONS - 1];
	struct reason_count *at = &meters->reasons[meters->reason_count++];

	at->reason = reason;
	at->minute = -1;
	return at;
}

static struct kai_meters *count_reason(struct kai_turn *turn, struct kai_link *link,
				       const char *reason, const uint8_t *id)
{
	struct kai_meters *meters = meters_of(turn, link);
	int64_t minute = turn->event->mono.ms / KAI_MS_MINUTE;

	link->last_error = reason;
	link->refused++;
	if (meters == NULL)
		return NULL;
	struct reason_count *at = reason_of(meters, reason);

	if (at->minute != minute) {
		/* The first of a minute is told at once, with what waited from the one before. */
		at->minute = minute;
		at->waiting++;
		at->has_id = id != NULL;
		if (id != NULL)
			memcpy(at->id, id, KAI_ID_LEN);
		journal_reason(turn, link, at);
		kai_out_trace(turn, "peer-fault", link->org, id, reason, 1);
	} else {
		at->waiting++;
	}
	return meters;
}

void kai_reason_note(struct kai_turn *turn, struct kai_link *link, const char *reason,
		     const uint8_t *id)
{
	(void)count_reason(turn, link, reason, id);
}

void kai_fault_note(struct kai_turn *turn, struct kai_link *link, const char *reason,
		    const uint8_t *id)
{
	struct kai_meters *meters = count_reason(turn, link, reason, id);

	if (meters == NULL)
		return;
	if (kai_quota_charge(turn, link, KAI_METER_FAULTS, 1)) {
		meters->cut = false;
	} else if (!meters->cut) {
		meters->cut = true;
		kai_out_cut(turn, link, "too-many-faults");
	}
}

void kai_quota_timer(struct kai_turn *turn)
{
	int64_t now = turn->event->mono.ms;

	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];
		struct kai_meters *meters = link->meters;

		if (meters == NULL)
			continue;
		if (meters->items > 0 && meters->flush_due.ms <= now)
			flush_volume(turn, link);
		for (size_t j = 0; j < meters->reason_count; j++) {
			struct reason_count *at = &meters->reasons[j];

			if (at->waiting > 0 && at->minute < now / KAI_MS_MINUTE)
				journal_reason(turn, link, at);
		}
	}
}

struct kai_mono kai_quota_deadline(const struct kai_engine *engine)
{
	struct kai_mono due = {INT64_MAX};

	for (size_t i = 0; i < engine->link_count; i++) {
		const struct kai_meters *meters = engine->links[i]->meters;

		if (meters == NULL)
			continue;
		if (meters->items > 0 && meters->flush_due.ms < due.ms)
			due = meters->flush_due;
		for (size_t j = 0; j < meters->reason_count; j++) {
			const struct reason_count *at = &meters->reasons[j];
			int64_t end = (at->minute + 1) * KAI_MS_MINUTE;

			if (at->waiting > 0 && end < due.ms)
				due.ms = end;
		}
	}
	return due;
}
