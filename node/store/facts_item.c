/* SPDX-License-Identifier: Apache-2.0 */
/* What the store knows of one item: header, verified releases, how narrowly it came. */
#include "kairan/facts.h"
#include "kairan/rec.h"

#include <string.h>

#include "kairan/advisory.h"

/* Spans of the store live until the next write; facts outlive that. */
static bool copy_in(struct kai_arena *arena, struct kai_span bytes, struct kai_span *ret)
{
	uint8_t *at = kai_arena_take(arena, bytes.len);

	if (at == NULL)
		return false;
	if (bytes.len > 0)
		memcpy(at, bytes.at, bytes.len);
	*ret = kai_span(at, bytes.len);
	return true;
}

/* ---- releases */

static bool origin_card(struct kai_txn *txn, const struct kai_header *header,
			struct kai_arena *arena, struct kai_card *ret)
{
	struct kai_card_rec record;
	uint8_t digest[KAI_ID_LEN];

	return kai_rec_card(txn, header->origin, arena, &record) && !record.frozen &&
	       kai_card_open(record.bytes, arena, ret, digest) == KAI_FAULT_NONE;
}

bool kai_release_lives(struct kai_span stored, const struct kai_card *origin, struct kai_wall now,
		       struct kai_arena *arena)
{
	struct kai_signed statement;
	struct kai_release release;

	return kai_object_decode(&kai_object_signed, stored, arena, &statement) == KAI_FAULT_NONE &&
	       kai_object_decode(&kai_object_release, statement.body, arena, &release) ==
		       KAI_FAULT_NONE &&
	       now.ms < (int64_t)release.expires &&
	       kai_card_key(origin, statement.key, KAI_ROLE_DECIDER,
			    (struct kai_wall){(int64_t)release.at}) == KAI_FAULT_NONE;
}

size_t kai_releases_living(struct kai_txn *txn, uint64_t arrival, const struct kai_card *origin,
			   struct kai_wall now, struct kai_arena *arena)
{
	struct kai_key prefix = kai_key_u64(arrival);
	size_t mark = arena->used;
	size_t count = 0;
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_EVIDENCE, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (count < KAI_MAX_EVIDENCE && kai_scan_next(&scan, NULL, &value))
		count += kai_release_lives(value, origin, now, arena);
	arena->used = mark;
	return count;
}

/* A release that does not verify, or is for something else, grants nothing. */
static bool read_release(struct kai_span stored, const struct kai_card *card,
			 const struct kai_item_facts *item, struct kai_arena *arena,
			 struct kai_release_fact *ret, struct kai_span *ret_bytes)
{
	struct kai_release *release = kai_arena_take(arena, sizeof(*release));
	struct kai_span bytes;

	if (release == NULL || !copy_in(arena, stored, &bytes) ||
	    kai_release_open(bytes, card, arena, release) != KAI_FAULT_NONE)
		return false;
	if (memcmp(release->realm, item->header.realm, KAI_REALM_LEN) != 0 ||
	    !kai_id_equal(release->id, item->item.id) || release->index >= item->header.parts_count)
		return false;
	ret->index = (uint8_t)release->index;
	ret->label = &release->label;
	ret->expires.ms = (int64_t)release->expires;
	*ret_bytes = bytes;
	return true;
}

static void load_releases(struct kai_txn *txn, struct kai_arena *arena,
			  struct kai_item_facts *facts)
{
	struct kai_key prefix = kai_key_u64(facts->arrival);
	struct kai_release_fact *list = NULL;
	struct kai_span *bytes = NULL;
	struct kai_card card;
	struct kai_scan scan;
	struct kai_span value;
	size_t count = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_EVIDENCE, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (count < KAI_MAX_EVIDENCE && kai_scan_next(&scan, NULL, &value)) {
		if (list == NULL) { /* few items have any: the card is read only then */
			list = kai_arena_take(arena, KAI_MAX_EVIDENCE * sizeof(*list));
			bytes = kai_arena_take(arena, KAI_MAX_EVIDENCE * sizeof(*bytes));
			if (list == NULL || bytes == NULL ||
			    !origin_card(txn, &facts->header, arena, &card))
				return;
		}
		if (read_release(value, &card, facts, arena, &list[count], &bytes[count]))
			count++;
	}
	facts->releases = list;
	facts->release_bytes = bytes;
	facts->release_count = count;
}

/* ---- overlay */

static bool peer_org(struct kai_txn *txn, uint16_t number, struct kai_arena *arena,
		     uint8_t ret[KAI_ID_LEN])
{
	struct kai_key key = kai_key_peer(number);
	struct kai_peer peer;

	if (!kai_rec_get(txn, KAI_TABLE_PEERS, &key, &kai_object_peer, arena, &peer))
		return false;
	memcpy(ret, peer.org, KAI_ID_LEN);
	return true;
}

/* The agreement's signatures were checked when it was accepted and its digest when the item was: reading is enough. */
bool kai_supply_terms(struct kai_txn *txn, uint16_t number, const struct kai_supply *supply,
		      struct kai_arena *arena, struct kai_terms *ret, int *ret_side)
{
	uint8_t org[KAI_ID_LEN];
	struct kai_agree_rec record;
	struct kai_agreement agreement;

	if (!peer_org(txn, number, arena, org))
		return false;
	struct kai_key key = kai_key_two(org, supply->agreement);

	if (!kai_rec_get(txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec, arena, &record) ||
	    kai_object_decode(&kai_object_agreement, record.bytes, arena, &agreement) !=
		    KAI_FAULT_NONE ||
	    kai_object_decode(&kai_object_terms, agreement.terms, arena, ret) != KAI_FAULT_NONE)
		return false;
	*ret_side = kai_terms_side(ret, org);
	return *ret_side >= 0;
}

/* The onward rule of the agreement by which one supply came in. */
static uint64_t supply_onward(struct kai_txn *txn, uint16_t number, const struct kai_supply *supply,
			      struct kai_arena *arena, struct kai_onward_memo *io_memo)
{
	struct kai_onward_known *known = &io_memo->at[number % KAI_ONWARD_KNOWN];
	struct kai_terms terms;
	int side;

	if (known->is && known->number == number &&
	    kai_id_equal(known->agreement, supply->agreement))
		return known->onward;
	if (!kai_supply_terms(txn, number, supply, arena, &terms, &side))
		return KAI_ONWARD_NONE;
	*known = (struct kai_onward_known){
		.is = true, .number = number, .onward = kai_terms_direction(&terms, side)->onward};
	memcpy(known->agreement, supply->agreement, KAI_ID_LEN);
	return known->onward;
}

static uint16_t key_peer(struct kai_span key)
{
	return (uint16_t)(key.at[key.len - 2] << 8 | key.at[key.len - 1]);
}

/* The widest of all ways that it came: what came freely once is not narrowed by a second supplier.
 */
static uint64_t load_overlay(struct kai_txn *txn, uint64_t arrival, struct kai_arena *arena,
			     struct kai_onward_memo *io_memo)
{
	struct kai_key prefix = kai_key_u64(arrival);
	uint64_t widest = KAI_ONWARD_NONE;
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_SUPPLY, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (widest < KAI_ONWARD_ANY && kai_scan_next(&scan, &key, &value)) {
		size_t mark = arena->used;
		struct kai_supply supply;

		if (kai_object_decode(&kai_object_supply, value, arena, &supply) !=
		    KAI_FAULT_NONE) {
			kai_txn_fail(txn, KAI_ERR_CORRUPT);
		} else {
			uint64_t onward =
				supply_onward(txn, key_peer(key), &supply, arena, io_memo);

			if (onward > widest && onward <= KAI_ONWARD_ANY)
				widest = onward;
		}
		arena->used = mark;
	}
	return widest;
}

bool kai_item_facts_load(struct kai_txn *txn, uint64_t arrival, struct kai_arena *arena,
			 struct kai_item_facts *ret)
{
	struct kai_onward_memo nothing = {.at = {{.is = false}}};

	return kai_item_facts_recall(txn, arrival, arena, &nothing, ret);
}

bool kai_item_facts_recall(struct kai_txn *txn, uint64_t arrival, struct kai_arena *arena,
			   struct kai_onward_memo *io_memo, struct kai_item_facts *ret)
{
	struct kai_item_facts facts = {.arrival = arrival};

	if (!kai_rec_item(txn, arrival, arena, &facts.item))
		return false;
	if (kai_header_read(facts.item.header, arena, &facts.header) != KAI_FAULT_NONE) {
		kai_txn_fail(txn, arena->full ? KAI_ERR_NOMEM : KAI_ERR_CORRUPT);
		return false;
	}
	facts.part_labels = kai_arena_take(arena, KAI_MAX_PARTS * sizeof(*facts.part_labels));
	if (facts.part_labels == NULL)
		return false;
	load_releases(txn, arena, &facts);
	facts.overlay = (facts.item.flags & KAI_ITEM_OWN) != 0
				? (uint64_t)KAI_ONWARD_ANY
				: load_overlay(txn, arrival, arena, io_memo);
	*ret = facts;
	return true;
}
