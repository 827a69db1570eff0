/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file for one org says beside its items: what it is owed of receipts, first what no bundle
 * told yet; and which of its own bundles came here. Until it says, in a bundle back, that this one
 * came, all of it is told again in the next.
 */
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "receipt.h"

#define LOOKS 32768u /* rows of OWED in one bundle, of either kind */
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

/* A pass through the rows of one lane. */
struct pass {
	uint8_t lane;
	bool again; /* those that a bundle told which it has not heard of; else those that none told yet */
	uint64_t after;	 /* looked at up to here */
	unsigned *looks; /* left, for all lanes of the pass */
};

/* What the next statement of the pass says. true: that was the last. */
static bool gather(struct kai_turn *turn, const struct kai_saying *saying, struct pass *pass,
		   struct kai_telling *batch)
{
	struct kai_key from = kai_key_owed(saying->link->number, pass->lane, pass->after + 1);
	struct kai_scan scan;
	struct kai_span at;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_OWED, kai_span(from.at, 3), kai_key_span(&from),
		      false);
	while (kai_telling_fits(batch)) {
		size_t mark = turn->scratch->used;
		struct kai_owed owed;
		int64_t wait_ms = 0;

		if (*pass->looks == 0 || !kai_scan_next(&scan, &at, NULL))
			return true;
		(*pass->looks)--;
		struct kai_key key = kai_key_bytes(at.at, at.len);
		bool there = kai_rec_get(turn->txn, KAI_TABLE_OWED, &key, &kai_object_owed,
					 turn->scratch, &owed);

		turn->scratch->used = mark;
		pass->after = kai_get_be64(key.at + 3);
		if (!there || (owed.bundle != 0) != pass->again)
			continue;
		uint64_t told = kai_telling_add(turn, pass->after, owed.levels, batch, &wait_ms);

		if (told != 0)
			batch->told[batch->told_count++] = (struct kai_told){
				.arrival = pass->after, .levels = told, .changes = owed.changes};
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

/* One statement of the pass; of what made it up nothing stays in scratch. true: that was the last. */
static bool tell(struct kai_turn *turn, struct kai_saying *saying, struct pass *pass)
{
	struct kai_bundle *bundle = saying->bundle;
	struct kai_span bytes = {NULL, 0};
	size_t mark = turn->scratch->used;
	uint8_t digest[KAI_ID_LEN];
	struct kai_telling batch;

	if (!kai_telling_init(turn, &batch))
		return true;
	bool last = gather(turn, saying, pass, &batch);

	if (batch.count > 0)
		bytes = kai_telling_sign(turn, saying->link, &batch, digest);
	if (bytes.len > 0) {
		uint8_t *at = turn->scratch->at + mark;

		memmove(at, bytes.at, bytes.len);
		turn->scratch->used = mark + bytes.len;
		bundle->receipts[bundle->receipts_count++] = kai_span(at, bytes.len);
		keep_said(saying, pass->lane, &batch);
	}
	free(batch.told);
	return last;
}

void kai_saying_owed(struct kai_turn *turn, struct kai_saying *saying)
{
	if (kai_pair_now(turn, saying->link)->state != KAI_STATE_ACTIVE)
		return;
	for (unsigned again = 0; again < 2; again++) {
		unsigned looks = LOOKS;

		for (unsigned lane = 0; lane < KAI_OWED_LANES; lane++) {
			struct pass pass = {
				.lane = (uint8_t)lane, .again = again == 1, .looks = &looks};

			while (saying->bundle->receipts_count < KAI_MAX_BUNDLE_RECEIPTS &&
			       !tell(turn, saying, &pass))
				continue;
		}
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
