/* SPDX-License-Identifier: Apache-2.0 */
/* What was let in is written: the item or what it gained, its parts, how it came, and that it did. */
#include "door.h"

#include <string.h>

#include "fetch.h"
#include "kairan/card.h"
#include "kairan/frames.h"
#include "kairan/rec.h"
#include "kairan/text.h"

static void put_parts(struct kai_door *door)
{
	struct kai_turn *turn = door->turn;

	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		struct kai_part part = {.ciphertext = door->item->parts[i]};
		struct kai_key key = kai_key_part(door->arrival, i);

		if ((door->parts >> i & 1) == 0)
			continue;
		if (kai_rest_seal(turn, door->item->id, i, door->openings[i], &part))
			kai_rec_put(turn->txn, KAI_TABLE_PARTS, &key, &kai_object_part, &part);
		else
			kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		if (door->labels[i].retain_until != door->item->header.label.retain_until &&
		    door->labels[i].retain_until != 0)
			kai_sweep_part_at(turn, door->arrival, i, door->labels[i].retain_until);
	}
}

/* For a new one that lives, what is dead makes room: over, by the clock as far as it is believed, or by a key that
 * was revoked since. */
static void bury_evidence(struct kai_door *door, struct kai_span coming)
{
	struct kai_turn *turn = door->turn;
	struct kai_key prefix = kai_key_u64(door->arrival);
	struct kai_wall now = {(int64_t)kai_sweep_now(turn)};
	struct kai_card_rec record;
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span bytes;

	if (!kai_rec_card(turn->txn, door->item->header.origin, turn->scratch, &record) ||
	    kai_card_open(record.bytes, turn->scratch, &card, digest) != KAI_FAULT_NONE ||
	    !kai_release_lives(coming, &card, now, turn->scratch))
		return;
	kai_scan_init(&scan, turn->txn, KAI_TABLE_EVIDENCE, kai_key_span(&prefix),
		      kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, &bytes)) {
		struct kai_key gone = kai_key_bytes(key.at, key.len);

		if (!kai_release_lives(bytes, &card, now, turn->scratch))
			(void)kai_txn_del(turn->txn, KAI_TABLE_EVIDENCE, kai_key_span(&gone));
	}
}

static size_t count_evidence(const struct kai_door *door)
{
	struct kai_key prefix = kai_key_u64(door->arrival);
	struct kai_scan scan;
	size_t count = 0;

	kai_scan_init(&scan, door->turn->txn, KAI_TABLE_EVIDENCE, kai_key_span(&prefix),
		      kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, NULL, NULL))
		count++;
	return count;
}

/* Nobody had what is new: how many went along says nothing any more. */
static void evidence_grew(const struct kai_door *door)
{
	struct kai_turn *turn = door->turn;
	struct kai_key prefix = kai_key_u64(door->arrival);
	struct kai_scan scan;
	struct kai_span at;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_RELEASED, kai_key_span(&prefix),
		      kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &at, NULL)) {
		struct kai_key key = kai_key_bytes(at.at, at.len);
		struct kai_released released;

		if (!kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released,
				 turn->scratch, &released) ||
		    released.evidence == 0)
			continue;
		released.evidence = 0;
		kai_rec_put(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &released);
	}
}

/* true when something was not here before. */
static bool put_evidence(struct kai_door *door)
{
	struct kai_txn *txn = door->turn->txn;
	bool added = false;

	for (size_t i = 0; i < door->facts_of.release_count; i++) {
		struct kai_key key = kai_key_evidence(door->arrival, door->evidence[i]);
		struct kai_span there;

		if (kai_txn_get(txn, KAI_TABLE_EVIDENCE, kai_key_span(&key), &there))
			continue;
		/* As many as travel with an item: an origin that grants for ever fills no disk. */
		if (count_evidence(door) >= KAI_MAX_EVIDENCE)
			bury_evidence(door, door->evidence[i]);
		if (count_evidence(door) >= KAI_MAX_EVIDENCE)
			break;
		kai_txn_put(txn, KAI_TABLE_EVIDENCE, kai_key_span(&key), door->evidence[i]);
		added = true;
	}
	if (added)
		evidence_grew(door);
	return added;
}

static void put_entry(struct kai_door *door, const char *event, struct kai_span text)
{
	struct kai_journal entry = {.at = (uint64_t)door->turn->event->wall.ms,
				    .event = kai_span_str(event),
				    .rule = kai_span_str(kai_rule_name(door->rule)),
				    .count = (uint64_t)__builtin_popcount(door->parts),
				    .text = text};

	entry.id.is = true;
	memcpy(entry.id.id, door->item->id, KAI_ID_LEN);
	if (door->link != NULL) {
		entry.org.is = true;
		memcpy(entry.org.id, door->link->org, KAI_ID_LEN);
	}
	kai_journal_append(door->turn->txn, &entry);
}

static void put_journal(struct kai_door *door, const char *event)
{
	put_entry(door, event, kai_span(NULL, 0));
}

/* It was let in by a clause that is open there: since when is remembered, so that no other opening counts within this
 * one, nor before the pause. */
static void note_opening(struct kai_door *door)
{
	struct kai_turn *turn = door->turn;
	const struct kai_pair *pair = door->pair;
	const struct kai_mark *mark = door->item->mark;
	const struct kai_contingency *clause = &pair->agreement.terms.contingency[mark->clause];
	struct kai_key key = kai_key_outage(pair->peer, KAI_OUTAGE_THEIRS, clause);
	struct kai_outage opening;
	char since[KAI_TIME_TEXT];
	bool fresh = !kai_outage_known(turn->txn, pair, mark->clause, KAI_OUTAGE_THEIRS,
				       turn->scratch, &opening) ||
		     opening.opened_at != mark->opened_at;

	kai_time_text((struct kai_wall){(int64_t)mark->opened_at}, since);
	if (fresh) {
		opening =
			(struct kai_outage){.opened_at = mark->opened_at, .why = kai_span_str("")};
		put_entry(door, "contingency-heard", kai_span_str(since));
	}
	opening.clause = mark->clause;
	memcpy(opening.agreement, pair->agreement.digest, KAI_ID_LEN);
	opening.carried += door->parts != 0 || !door->held;
	kai_rec_put(turn->txn, KAI_TABLE_OUTAGES, &key, &kai_object_outage, &opening);
}

/* How it came: by this peer under this agreement. Parts that it brought once more count as its
 * own, so that each path is seen. true: it did not bring it before. */
static bool put_supply(struct kai_door *door)
{
	struct kai_turn *turn = door->turn;
	uint32_t brought = door->parts;
	struct kai_mark mark;
	struct kai_supply was;
	struct kai_supply supply = {.at = (uint64_t)door->turn->event->wall.ms};
	struct kai_key key = kai_key_pair(door->arrival, door->link == NULL ? 0 : door->pair->peer);

	if (door->held)
		brought |= door->item->part_bits & (uint32_t)door->was.held;
	supply.parts = brought;
	if (door->pair != NULL)
		memcpy(supply.agreement, door->pair->agreement.digest, KAI_ID_LEN);
	if (door->carried && door->pair != NULL && door->item->mark != NULL) {
		mark = *door->item->mark;
		supply.mark = &mark;
		note_opening(door);
	}
	if (door->held && kai_rec_get(turn->txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply,
				      turn->scratch, &was)) {
		if ((supply.parts & ~was.parts) == 0) {
			/* brought once more: it does not know that we have it */
			if (door->link != NULL)
				kai_receipt_brought(turn, door->link, door->arrival,
						    &door->item->header, false);
			return false;
		}
		was.parts |= supply.parts;
		if (was.mark == NULL)
			was.mark = supply.mark;
		supply = was;
		kai_rec_put(turn->txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, &supply);
		return false;
	}
	if (door->pair != NULL && door->pair->agreement.terms.retention_days > 0) {
		kai_sweep_kept_until(turn, door->arrival,
				     supply.at + door->pair->agreement.terms.retention_days *
							 (uint64_t)KAI_MS_DAY);
	}
	kai_rec_put(turn->txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, &supply);
	/* Who brings what was taken back has not heard of that. */
	if (door->link != NULL && door->held && (door->was.flags & KAI_ITEM_RETRACTED) != 0)
		kai_thread_follow(turn, door->link, door->item->id, &door->item->header);
	if (door->link != NULL)
		kai_receipt_brought(turn, door->link, door->arrival, &door->item->header,
				    !door->held);
	return true;
}

void kai_door_store(struct kai_door *door)
{
	struct kai_turn *turn = door->turn;
	const struct kai_incoming *come = door->item;
	struct kai_key stub = kai_key_bytes(come->id, KAI_ID_LEN);
	struct kai_item item = {.received_at = (uint64_t)door->turn->event->wall.ms,
				.flags = door->flags | (door->link == NULL ? KAI_ITEM_OWN : 0),
				.held = door->parts,
				.header = come->header_bytes,
				.signatures = door->signatures,
				.signatures_count = door->signature_count};

	memcpy(item.id, come->id, KAI_ID_LEN);
	(void)kai_txn_del(turn->txn, KAI_TABLE_STUBS, kai_key_span(&stub));
	door->arrival = kai_rec_item_add(turn->txn, &item, &come->header);
	put_parts(door);
	(void)put_evidence(door);
	(void)put_supply(door);
	put_journal(door, door->link == NULL ? "item-own" : "item-stored");
	kai_thread_added(turn, door->arrival, &item, &come->header);
	kai_out_trace(turn, "item-stored", door->link == NULL ? NULL : door->link->org, come->id,
		      kai_rule_name(door->rule), door->arrival);
	if ((item.flags & KAI_ITEM_UNSIGNED) == 0)
		kai_duty_arrived(turn, door->link, door->arrival, &door->item->header);
	kai_escalate_arrived(turn, door->link, door->arrival);
	kai_spread_item(turn, door->arrival);
}

bool kai_door_merge(struct kai_door *door)
{
	struct kai_turn *turn = door->turn;
	struct kai_item item = door->was;

	put_parts(door);
	bool first = put_supply(door);
	bool added = put_evidence(door) || door->parts != 0 || door->signatures_added;

	if (!added && first)
		kai_duty_arrived(turn, door->link, door->arrival, &door->item->header);
	if (!added)
		return false;
	item.held |= door->parts;
	item.flags =
		(item.flags & ~(uint64_t)KAI_ITEM_INTRODUCED) | (door->flags & KAI_ITEM_INTRODUCED);
	/* held before its key was revoked, it stands: coming again does not mark it */
	if ((door->flags & KAI_ITEM_MARKED) == 0)
		item.flags &= ~(uint64_t)KAI_ITEM_MARKED;
	if ((door->flags & KAI_ITEM_UNSIGNED) == 0)
		item.flags &= ~(uint64_t)KAI_ITEM_UNSIGNED;
	item.signatures = door->signatures;
	item.signatures_count = door->signature_count;
	kai_rec_item_put(turn->txn, door->arrival, &item);
	kai_rec_touch(turn->txn, door->arrival);
	put_journal(door, "item-merged");
	/* Affirmed under a better key, or by the one who was missing: what it could not do before, it
	 * does now. */
	bool affirmed =
		(door->was.flags & ~item.flags & (KAI_ITEM_MARKED | KAI_ITEM_UNSIGNED)) != 0;

	if (affirmed)
		kai_thread_added(turn, door->arrival, &item, &door->item->header);
	if (affirmed || first)
		kai_duty_arrived(turn, door->link, door->arrival, &door->item->header);
	if (affirmed)
		kai_escalate_arrived(turn, door->link, door->arrival);
	kai_duty_changed(turn, door->arrival);
	kai_spread_item(turn, door->arrival);
	return true;
}
