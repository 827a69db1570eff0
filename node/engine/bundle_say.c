/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file for one org says beside its items: what it is owed of receipts, first what no bundle
 * told yet; and which of its own bundles came here. Until it says, in a bundle back, that this one
 * came, all of it is told again in the next.
 */
#include <stdlib.h>

#include "bundle.h"
#include "receipt.h"

#define SAID_MOST ((size_t)KAI_MAX_BUNDLE_RECEIPTS * KAI_MAX_ENTRIES)

/* What its receipts told whole of an item. */
struct kai_said {
	uint64_t arrival, levels;
	uint8_t lane;
};

void kai_saying_init(struct kai_turn *turn, struct kai_link *link, struct kai_bundle *bundle,
		     struct kai_saying *ret)
{
	struct kai_arena *scratch = turn->scratch;

	*ret = (struct kai_saying){.link = link, .bundle = bundle};
	bundle->receipts =
		kai_arena_take(scratch, KAI_MAX_BUNDLE_RECEIPTS * sizeof(*bundle->receipts));
	bundle->heard = kai_arena_take(scratch, KAI_MAX_HEARD * sizeof(*bundle->heard));
	ret->said = kai_arena_take(scratch, SAID_MOST * sizeof(*ret->said));
}

/* ---- receipts that it is owed */

/* Rows of one lane after *io_after that were told by no bundle yet, or (again) by one that it has not
 * heard of. true: that was the last. */
static bool gather(struct kai_turn *turn, const struct kai_saying *saying, uint8_t lane, bool again,
		   uint64_t *io_after, struct kai_telling *batch)
{
	struct kai_key from = kai_key_owed(saying->link->number, lane, *io_after + 1);
	struct kai_scan scan;
	struct kai_span at;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_OWED, kai_span(from.at, 3), kai_key_span(&from),
		      false);
	while (kai_telling_fits(batch)) {
		struct kai_owed owed;
		int64_t wait_ms = 0;

		if (!kai_scan_next(&scan, &at, NULL))
			return true;
		struct kai_key key = kai_key_bytes(at.at, at.len);

		*io_after = kai_get_be64(key.at + 3);
		if (!kai_rec_get(turn->txn, KAI_TABLE_OWED, &key, &kai_object_owed, turn->scratch,
				 &owed) ||
		    (owed.bundle != 0) != again)
			continue;
		uint64_t told = kai_telling_add(turn, *io_after, owed.levels, batch, &wait_ms);

		if (told != 0)
			batch->told[batch->told_count++] = (struct kai_told){
				.arrival = *io_after, .levels = told, .changes = owed.changes};
	}
	return false;
}

/* What it told is owed until the org says that this bundle came. */
static void keep_said(struct kai_saying *saying, uint8_t lane, const struct kai_telling *batch)
{
	for (size_t i = 0; i < batch->told_count; i++)
		saying->said[saying->said_count++] =
			(struct kai_said){.arrival = batch->told[i].arrival,
					  .levels = batch->told[i].levels,
					  .lane = lane};
}

static void tell_lane(struct kai_turn *turn, struct kai_saying *saying, uint8_t lane, bool again)
{
	struct kai_bundle *bundle = saying->bundle;
	uint64_t after = 0;
	bool last = false;

	while (!last && bundle->receipts_count < KAI_MAX_BUNDLE_RECEIPTS) {
		struct kai_telling batch;
		uint8_t digest[KAI_ID_LEN];

		if (!kai_telling_init(turn, &batch))
			return;
		last = gather(turn, saying, lane, again, &after, &batch);
		struct kai_span bytes = {NULL, 0};

		if (batch.count > 0)
			bytes = kai_telling_sign(turn, saying->link, &batch, digest);
		if (bytes.len > 0) {
			bundle->receipts[bundle->receipts_count++] = bytes;
			keep_said(saying, lane, &batch);
		}
		free(batch.told);
	}
}

void kai_saying_owed(struct kai_turn *turn, struct kai_saying *saying)
{
	if (kai_pair_now(turn, saying->link)->state != KAI_STATE_ACTIVE)
		return;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned lane = 0; lane < KAI_OWED_LANES; lane++)
			tell_lane(turn, saying, (uint8_t)lane, pass == 1);
	}
}

/* What more there is to say of it, or was added since, the next one tells. */
static void note_said(struct kai_turn *turn, const struct kai_saying *saying,
		      const struct kai_said *said)
{
	struct kai_key key = kai_key_owed(saying->link->number, said->lane, said->arrival);
	size_t mark = turn->scratch->used;
	struct kai_owed owed;

	if (kai_rec_get(turn->txn, KAI_TABLE_OWED, &key, &kai_object_owed, turn->scratch, &owed) &&
	    owed.levels == said->levels) {
		owed.bundle = saying->bundle->number;
		kai_rec_put(turn->txn, KAI_TABLE_OWED, &key, &kai_object_owed, &owed);
	}
	turn->scratch->used = mark;
}

void kai_saying_note(struct kai_turn *turn, const struct kai_saying *saying)
{
	for (size_t i = 0; i < saying->said_count; i++)
		note_said(turn, saying, &saying->said[i]);
}

/* ---- what came of its own */

/* The newest ones. */
void kai_saying_heard(struct kai_turn *turn, struct kai_saying *saying)
{
	struct kai_key from = kai_key_bundle(saying->link->number, KAI_BUNDLE_IN, 0);
	struct kai_bundle *bundle = saying->bundle;
	struct kai_scan scan;
	struct kai_span key, value;
	uint64_t numbers[KAI_MAX_HEARD];
	size_t count = 0;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_BUNDLES, kai_span(from.at, 3), kai_span(NULL, 0),
		      true);
	while (count < KAI_MAX_HEARD && kai_scan_next(&scan, &key, &value)) {
		struct kai_bundle_rec rec;
		size_t mark = turn->scratch->used;

		if (kai_object_decode(&kai_object_bundle_rec, value, turn->scratch, &rec) ==
			    KAI_FAULT_NONE &&
		    rec.heard)
			numbers[count++] = kai_get_be64(key.at + 3);
		turn->scratch->used = mark;
	}
	bundle->heard_count = count;
	for (size_t i = 0; i < count; i++)
		bundle->heard[i] = numbers[count - 1 - i];
}
