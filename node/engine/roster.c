/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about cards: import, our own, and resolving a contradiction. */
#include "kairan/card.h"
#include "kairan/rec.h"
#include "trust.h"

#include <string.h>

/* Is the alias free, or this org's already? */
static bool alias_free(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], struct kai_span alias)
{
	struct kai_scan scan;
	struct kai_span value;
	bool is_free = true;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_PEERS, (struct kai_span){NULL, 0},
		      (struct kai_span){NULL, 0}, false);
	while (is_free && kai_scan_next(&scan, NULL, &value)) {
		struct kai_peer peer;
		size_t mark = turn->scratch->used;

		if (kai_object_decode(&kai_object_peer, value, turn->scratch, &peer) ==
		    KAI_FAULT_NONE)
			is_free = !kai_span_equal(peer.alias, alias) || kai_id_equal(peer.org, org);
		turn->scratch->used = mark;
	}
	return is_free;
}

void kai_agree_card_import(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_card_import *req = request;
	struct kai_card card;
	struct kai_peer peer;
	uint8_t digest[KAI_ID_LEN];
	bool fresh;
	enum kai_fault fault = kai_card_open(req->card, turn->scratch, &card, digest);

	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, ret, 3, fault, "card");
		return;
	}
	if (kai_id_equal(card.org, turn->engine->config.org)) {
		kai_answer(turn, ret, 3, "own", "this is our own card");
		return;
	}
	if (card.valid_until <= (uint64_t)turn->event->wall.ms) {
		kai_answer(turn, ret, 1, "expired", "this card has ended: ask for a newer one");
		return;
	}
	if (!alias_free(turn, card.org, req->alias)) {
		kai_answer(turn, ret, 3, "alias",
			   "another org has this alias here: choose another");
		return;
	}
	fault = kai_card_take(turn, req->card, KAI_CARD_FINGERPRINT, NULL, &fresh);
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, ret, 1, fault, "card");
		return;
	}
	kai_rec_peer_add(turn->txn, card.org, req->alias, turn->scratch, &peer);
	if (!kai_span_equal(peer.alias, req->alias)) {
		peer.alias = req->alias;
		kai_rec_peer_put(turn->txn, &peer);
	}
	kai_trust_changed(turn);
	ret->id.is = true;
	memcpy(ret->id.id, card.org, KAI_ID_LEN);
}

void kai_agree_card_own(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_card_own *req = request;
	const uint8_t *me = turn->engine->config.org;
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];
	enum kai_fault fault = KAI_FAULT_NONE;
	bool fresh = false;
	bool fresh_record = false;

	if (req->card.len == 0 && req->record.len == 0) {
		kai_answer(turn, ret, 3, "empty", "neither a card nor a node record was given");
		return;
	}
	if (req->card.len > 0) {
		fault = kai_card_open(req->card, turn->scratch, &card, digest);
		if (fault == KAI_FAULT_NONE && !kai_id_equal(card.org, me))
			fault = KAI_FAULT_MEANING;
		if (fault == KAI_FAULT_NONE)
			fault = kai_card_take(turn, req->card, KAI_CARD_OWN, NULL, &fresh);
	}
	if (fault == KAI_FAULT_NONE && req->record.len > 0)
		fault = kai_record_take(turn, req->record, me, &fresh_record);
	if (fresh || fresh_record) {
		kai_trust_changed(turn);
		kai_trust_tell_own(turn);
	}
	if (fault != KAI_FAULT_NONE)
		kai_answer_fault(turn, ret, kai_fault_class(fault) == KAI_CLASS_FRAME ? 3 : 1,
				 fault, "own card or node record");
	else if (!fresh && !fresh_record)
		kai_answer(turn, ret, 1, "older", "a newer one is here already");
}

/* The card that a person trusts becomes the newest; the other one stays as the proof. */
static void keep_other(struct kai_turn *turn, struct kai_known_card *held,
		       const struct kai_card *other)
{
	struct kai_key key = kai_key_card(other->org, other->serial);
	struct kai_card_rec rec = held->rec;
	struct kai_scan scan;
	struct kai_span at;
	uint8_t after[8];

	rec.bytes = held->rec.other;
	rec.other = held->rec.bytes;
	rec.frozen = false;
	rec.at = (uint64_t)turn->event->wall.ms;
	/* what came after the rejected card came from the same hand */
	kai_put_be64(after, other->serial + 1);
	kai_scan_init(&scan, turn->txn, KAI_TABLE_CARDS, kai_span(other->org, KAI_ID_LEN),
		      (struct kai_span){NULL, 0}, true);
	while (kai_scan_next(&scan, &at, NULL) && at.len == KAI_ID_LEN + sizeof(after) &&
	       memcmp(at.at + KAI_ID_LEN, after, sizeof(after)) >= 0) {
		struct kai_key gone = kai_key_bytes(at.at, at.len);

		(void)kai_txn_del(turn->txn, KAI_TABLE_CARDS, kai_key_span(&gone));
	}
	kai_rec_put(turn->txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, &rec);
}

void kai_agree_card_resolve(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_card_resolve *req = request;
	struct kai_known_card held;
	struct kai_card other;
	uint8_t digest[KAI_ID_LEN];
	uint8_t other_digest[KAI_ID_LEN];

	if (!kai_book_card(turn, req->org, &held)) {
		kai_answer(turn, ret, 4, "no-card", "this org is not known here");
		return;
	}
	if (!held.rec.frozen) {
		kai_answer(turn, ret, 1, "not-frozen",
			   "this org's cards do not contradict one another");
		return;
	}
	if (!kai_book_card_bytes(held.rec.other, turn->scratch, &other, other_digest)) {
		kai_txn_fail(turn->txn, KAI_ERR_CORRUPT);
		return;
	}
	kai_book_card_digest(&held, digest);
	if (kai_id_equal(req->keep, digest)) {
		struct kai_key key = kai_key_card(held.card.org, held.card.serial);

		held.rec.frozen = false;
		kai_rec_put(turn->txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, &held.rec);
	} else if (kai_id_equal(req->keep, other_digest)) {
		keep_other(turn, &held, &other);
	} else {
		kai_answer(turn, ret, 4, "digest", "neither of the two cards has this digest");
		return;
	}
	kai_turn_journal(turn, "card-resolved", req->org, req->keep, "");
	kai_trust_changed(turn);
}
