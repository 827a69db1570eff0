/* SPDX-License-Identifier: Apache-2.0 */
#include "drill_keep.h"

#include <string.h>

#include "kairan/drill.h"

/* Of one director: how many are neither over nor closed, and how many are kept. One that is over goes
 * when a newer one comes, a day after its window: so nobody can begin more of them in a day. */
#define OPEN_MOST 8u
#define KEPT_MOST 32u
#define KEPT_MS KAI_MS_DAY

void kai_drills_scan(struct kai_turn *turn, struct kai_scan *ret)
{
	kai_scan_init(ret, turn->txn, KAI_TABLE_DRILLS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
}

bool kai_drills_next(struct kai_scan *scan, uint8_t ret[KAI_REALM_LEN])
{
	struct kai_span key;

	while (kai_scan_next(scan, &key, NULL)) {
		if (key.len != KAI_REALM_LEN)
			continue;
		memcpy(ret, key.at, KAI_REALM_LEN);
		return true;
	}
	return false;
}

/* ---- how many ---- */

struct tally {
	size_t open, kept;
	uint64_t until; /* of the one whose window ended, or ends, first */
	uint8_t first[KAI_REALM_LEN];
};

static void count(struct kai_turn *turn, const uint8_t director[KAI_ID_LEN], struct tally *ret)
{
	size_t mark = turn->scratch->used;
	uint8_t realm[KAI_REALM_LEN];
	struct kai_scan scan;

	*ret = (struct tally){.until = UINT64_MAX};
	kai_drills_scan(turn, &scan);
	while (kai_drills_next(&scan, realm)) {
		struct kai_drill_held held;

		if (kai_rec_drill(turn->txn, realm, turn->scratch, &held) &&
		    kai_id_equal(held.drill.director, director)) {
			ret->kept++;
			ret->open += kai_drill_end(turn->txn, &held, turn->scratch) >
				     (uint64_t)turn->event->wall.ms;
			if (held.drill.until < ret->until) {
				ret->until = held.drill.until;
				memcpy(ret->first, realm, KAI_REALM_LEN);
			}
		}
		turn->scratch->used = mark;
	}
}

bool kai_drill_fits(struct kai_turn *turn, const uint8_t director[KAI_ID_LEN])
{
	struct tally tally;

	count(turn, director, &tally);
	return tally.open < OPEN_MOST &&
	       (tally.kept < KEPT_MOST ||
		tally.until + (uint64_t)KEPT_MS <= (uint64_t)turn->event->wall.ms);
}

/* ---- on whose account ---- */

/* What this org says itself lies on nobody's. */
static bool counts(const struct kai_turn *turn, const struct kai_drill_held *held,
		   const uint8_t *signer)
{
	return held->rec.by.is && !kai_id_equal(signer, turn->engine->config.org);
}

static void forget(struct kai_turn *turn, const uint8_t realm[KAI_REALM_LEN])
{
	struct kai_drill_held held;
	struct kai_scan scan;
	struct kai_span key, value;

	if (!kai_rec_drill(turn->txn, realm, turn->scratch, &held))
		return;
	uint64_t bytes = held.rec.bytes.len;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_DRILLS, kai_span(realm, KAI_REALM_LEN),
		      kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, &value)) {
		struct kai_key gone = kai_key_bytes(key.at, key.len);

		if (key.len > KAI_REALM_LEN && counts(turn, &held, key.at + KAI_REALM_LEN))
			bytes += value.len;
		(void)kai_txn_del(turn->txn, KAI_TABLE_DRILLS, kai_key_span(&gone));
	}
	if (held.rec.by.is)
		kai_quota_give_back(turn, held.rec.by.id, bytes);
}

bool kai_drill_keep(struct kai_turn *turn, struct kai_drill_held *io, const uint8_t by[KAI_ID_LEN])
{
	struct kai_key key = kai_key_drill(io->drill.realm, NULL, 0);
	struct tally tally;

	io->rec.at = (uint64_t)turn->event->wall.ms;
	io->rec.by.is = !kai_id_equal(by, turn->engine->config.org);
	memcpy(io->rec.by.id, by, KAI_ID_LEN);
	if (io->rec.by.is && !kai_quota_hold(turn, by, io->rec.bytes.len))
		return false;
	count(turn, io->drill.director, &tally);
	if (tally.kept >= KEPT_MOST)
		forget(turn, tally.first);
	kai_rec_put(turn->txn, KAI_TABLE_DRILLS, &key, &kai_object_drill_rec, &io->rec);
	return true;
}

bool kai_drill_keep_say(struct kai_turn *turn, const struct kai_drill_held *held,
			const struct kai_drill_say *say, struct kai_span bytes)
{
	struct kai_key key = kai_key_drill(say->realm, say->org,
					   say->what == KAI_DRILL_CLOSES ? KAI_DRILL_CLOSES
									 : KAI_DRILL_CONSENTS);
	struct kai_span before = {NULL, 0};

	(void)kai_txn_get(turn->txn, KAI_TABLE_DRILLS, kai_key_span(&key), &before);
	uint64_t freed = before.len; /* before the store is written to */

	if (counts(turn, held, say->org)) {
		if (!kai_quota_hold(turn, held->rec.by.id, bytes.len))
			return false;
		kai_quota_give_back(turn, held->rec.by.id, freed);
	}
	kai_txn_put(turn->txn, KAI_TABLE_DRILLS, kai_key_span(&key), bytes);
	return true;
}
