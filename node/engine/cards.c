/* SPDX-License-Identifier: Apache-2.0 */
/* Cards and node records that come and go; introduction. */
#include "kairan/card.h"
#include "kairan/frames.h"
#include "kairan/rec.h"
#include "trust.h"

#include <string.h>

#define CATCH_UP_LOOKS 64   /* newest items of an origin that are looked at */
#define CATCH_UP_ORIGINS 32 /* looked through in one step */
#define CARDS_KEPT 16	    /* of an org */

static bool serial_ahead(const struct kai_turn *turn, uint64_t serial)
{
	return serial > (uint64_t)(turn->event->wall.ms / KAI_MS_SECOND) + KAI_SERIAL_AHEAD_S;
}

/* Another accepted card of the same serial that says something else. */
static bool contradicts(struct kai_turn *turn, const struct kai_card *card,
			const uint8_t digest[KAI_ID_LEN])
{
	struct kai_key key = kai_key_card(card->org, card->serial);
	struct kai_card_rec rec;
	struct kai_card held;
	uint8_t held_digest[KAI_ID_LEN];

	if (!kai_rec_get(turn->txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, turn->scratch,
			 &rec))
		return false;
	return kai_book_card_bytes(rec.bytes, turn->scratch, &held, held_digest) &&
	       !kai_id_equal(held_digest, digest);
}

static void put_card(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t serial,
		     const struct kai_card_rec *rec)
{
	struct kai_key key = kai_key_card(org, serial);

	kai_rec_put(turn->txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, rec);
}

/* Two cards, one serial: proof enough to believe neither until a person decides. */
static enum kai_fault freeze(struct kai_turn *turn, struct kai_known_card *held,
			     struct kai_span other)
{
	uint8_t digest[KAI_ID_LEN];

	kai_book_card_digest(held, digest);
	held->rec.frozen = true;
	held->rec.other = other;
	put_card(turn, held->card.org, held->card.serial, &held->rec);
	kai_turn_journal(turn, "card-equivocation", held->card.org, digest, "origin-frozen");
	kai_out_trace(turn, "card-equivocation", held->card.org, NULL, "origin-frozen",
		      held->card.serial);
	kai_trust_touched(turn);
	return KAI_FAULT_FROZEN;
}

/* What a person already decided against stays decided. */
static bool was_rejected(struct kai_turn *turn, const struct kai_known_card *held,
			 const uint8_t digest[KAI_ID_LEN])
{
	struct kai_card other;
	uint8_t other_digest[KAI_ID_LEN];

	return held->rec.other.len > 0 &&
	       kai_book_card_bytes(held->rec.other, turn->scratch, &other, other_digest) &&
	       kai_id_equal(other_digest, digest);
}

/* Somebody sent what is here already: fresher, and perhaps better known. */
static void refresh(struct kai_turn *turn, struct kai_known_card *held, uint64_t how)
{
	held->rec.refreshed_at = (uint64_t)turn->event->wall.ms;
	if (how == KAI_CARD_FINGERPRINT && held->rec.how == KAI_CARD_INTRODUCED) {
		held->rec.how = how;
		held->rec.by.is = false;
		kai_trust_touched(turn);
	}
	put_card(turn, held->card.org, held->card.serial, &held->rec);
}

/* What comes next to the newest that is here; settled: nothing more to do. */
static enum kai_fault check_held(struct kai_turn *turn, struct kai_known_card *held,
				 const struct kai_card *card, const uint8_t digest[KAI_ID_LEN],
				 const struct kai_card_rec *come, bool *ret_settled)
{
	uint8_t held_digest[KAI_ID_LEN];

	*ret_settled = true;
	kai_book_card_digest(held, held_digest);
	if (kai_id_equal(held_digest, digest)) {
		refresh(turn, held, come->how);
		return held->rec.frozen ? KAI_FAULT_FROZEN : KAI_FAULT_NONE;
	}
	if (held->rec.frozen)
		return KAI_FAULT_FROZEN;
	if (was_rejected(turn, held, digest))
		return KAI_FAULT_NONE;
	if (contradicts(turn, card, digest))
		return freeze(turn, held, come->bytes);
	*ret_settled = card->serial < held->card.serial;
	return KAI_FAULT_NONE;
}

static void pass_on(struct kai_turn *turn, const uint8_t origin[KAI_ID_LEN], uint64_t serial);

/* An org may renew its card as often as it likes: the newest are kept. What was made under an older one is judged by the
 * newest, as all is but for its country. */
static void drop_oldest(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN])
{
	struct kai_scan scan;
	struct kai_span at, value;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_CARDS, kai_span(org, KAI_ID_LEN),
		      (struct kai_span){NULL, 0}, true);
	for (unsigned count = 0; kai_scan_next(&scan, &at, &value); count++) {
		struct kai_key key = kai_key_bytes(at.at, at.len);
		size_t mark = turn->scratch->used;
		struct kai_card_rec rec;

		if (count < CARDS_KEPT)
			continue;
		if (kai_object_decode(&kai_object_card_rec, value, turn->scratch, &rec) ==
			    KAI_FAULT_NONE &&
		    rec.by.is)
			kai_quota_give_back(turn, rec.by.id, rec.bytes.len);
		(void)kai_txn_del(turn->txn, KAI_TABLE_CARDS, kai_key_span(&key));
		turn->scratch->used = mark;
	}
}

static void take_new(struct kai_turn *turn, const struct kai_card *card,
		     const uint8_t digest[KAI_ID_LEN], const struct kai_card_rec *rec)
{
	put_card(turn, card->org, card->serial, rec);
	drop_oldest(turn, card->org);
	kai_turn_journal(turn,
			 rec->how == KAI_CARD_INTRODUCED ? "card-introduced" : "card-accepted",
			 card->org, digest, "");
	kai_out_trace(turn, "card-accepted", card->org, NULL, NULL, card->serial);
	kai_fetch_card_came(turn, card->org);
}

enum kai_fault kai_card_take(struct kai_turn *turn, struct kai_span bytes, uint64_t how,
			     const uint8_t *by, bool *ret_new)
{
	struct kai_card card;
	struct kai_known_card held;
	uint8_t digest[KAI_ID_LEN];
	enum kai_fault fault = kai_card_open(bytes, turn->scratch, &card, digest);
	uint64_t now = (uint64_t)turn->event->wall.ms;
	struct kai_card_rec rec = {.bytes = bytes, .how = how, .at = now, .refreshed_at = now};
	bool settled = false;

	*ret_new = false;
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (serial_ahead(turn, card.serial))
		return KAI_FAULT_TIME;
	bool known = kai_book_card(turn, card.org, &held);

	if (known)
		fault = check_held(turn, &held, &card, digest, &rec, &settled);
	if (fault != KAI_FAULT_NONE || settled)
		return fault;
	/* how well an org is known does not get worse by who brings its newest card */
	if (known && how == KAI_CARD_INTRODUCED) {
		rec.how = held.rec.how;
		rec.by = held.rec.by;
	} else if (how == KAI_CARD_INTRODUCED && by != NULL) {
		rec.by.is = true;
		memcpy(rec.by.id, by, KAI_ID_LEN);
	}
	if (rec.by.is && !kai_quota_hold(turn, rec.by.id, rec.bytes.len))
		return KAI_FAULT_QUOTA;
	take_new(turn, &card, digest, &rec);
	*ret_new = true;
	/* nothing that was decided so far hangs on an org that was not known */
	if (!known)
		return KAI_FAULT_NONE;
	kai_trust_touched(turn);
	kai_trust_revoked(turn, &card, &held.card);
	pass_on(turn, card.org, card.serial);
	return KAI_FAULT_NONE;
}

enum kai_fault kai_record_take(struct kai_turn *turn, struct kai_span bytes,
			       const uint8_t org[KAI_ID_LEN], bool *ret_new)
{
	struct kai_node_record record;
	struct kai_node_record held;
	struct kai_span held_bytes;
	uint8_t digest[KAI_ID_LEN];
	uint8_t held_digest[KAI_ID_LEN];
	enum kai_fault fault = kai_node_record_open(bytes, turn->scratch, &record, digest);

	*ret_new = false;
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!kai_id_equal(record.org, org))
		return KAI_FAULT_MEANING;
	if (serial_ahead(turn, record.serial))
		return KAI_FAULT_TIME;
	if (kai_book_record(turn, org, &held_bytes, &held, held_digest)) {
		if (record.serial == held.serial)
			return kai_id_equal(digest, held_digest) ? KAI_FAULT_NONE
								 : KAI_FAULT_MEANING;
		if (record.serial < held.serial)
			return KAI_FAULT_NONE;
	}
	struct kai_key key = kai_key_bytes(org, KAI_ID_LEN);
	struct kai_record_rec rec = {.bytes = bytes, .at = (uint64_t)turn->event->wall.ms};

	kai_rec_put(turn->txn, KAI_TABLE_RECORDS, &key, &kai_object_record_rec, &rec);
	kai_turn_journal(turn, "node-record-accepted", org, digest, "");
	kai_out_trace(turn, "node-record-accepted", org, NULL, NULL, record.serial);
	kai_trust_touched(turn);
	kai_out_peers(turn);
	*ret_new = true;
	return KAI_FAULT_NONE;
}

static enum kai_fault card_from(struct kai_turn *turn, struct kai_link *link, struct kai_span bytes)
{
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];
	bool fresh;

	if (!kai_book_card_bytes(bytes, turn->scratch, &card, digest))
		return KAI_FAULT_TYPE;
	/* nobody tells us who we are */
	if (kai_id_equal(card.org, turn->engine->config.org))
		return KAI_FAULT_UNWANTED;
	if (kai_id_equal(card.org, link->org))
		return kai_card_take(turn, bytes, KAI_CARD_INTRODUCED, link->org, &fresh);
	const struct kai_pair *pair = kai_pair_now(turn, link);

	if (pair->state != KAI_STATE_ACTIVE)
		return KAI_FAULT_UNWANTED;
	const struct kai_terms *terms = &pair->agreement.terms;
	const struct kai_party *party = kai_terms_party(terms, kai_terms_side(terms, link->org));

	if (party == NULL || !party->may_introduce)
		return KAI_FAULT_UNWANTED;
	return kai_card_take(turn, bytes, KAI_CARD_INTRODUCED, link->org, &fresh);
}

void kai_trust_card(struct kai_turn *turn, struct kai_link *link,
		    const struct kai_card_frame *frame)
{
	enum kai_fault fault;
	bool fresh;

	if (frame->what == 1)
		fault = card_from(turn, link, frame->bytes);
	else
		fault = kai_record_take(turn, frame->bytes, link->org, &fresh);
	if (fault != KAI_FAULT_NONE)
		kai_fault_note(turn, link, kai_fault_name(fault), NULL);
}

bool kai_trust_may_introduce(struct kai_turn *turn, struct kai_link *link)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);

	if (pair->state != KAI_STATE_ACTIVE)
		return false;
	const struct kai_terms *terms = &pair->agreement.terms;
	const struct kai_party *me =
		kai_terms_party(terms, kai_terms_side(terms, turn->engine->config.org));

	return me != NULL && me->may_introduce;
}

void kai_trust_introduce(struct kai_turn *turn, struct kai_link *link,
			 const uint8_t origin[KAI_ID_LEN])
{
	struct kai_known_card held;
	size_t mark = turn->scratch->used;
	bool party =
		kai_id_equal(origin, turn->engine->config.org) || kai_id_equal(origin, link->org);

	/* the parties' own cards went with the greeting */
	if (!kai_realm_live_here(turn->engine) || link->state == KAI_LINK_DOWN || party ||
	    !kai_trust_may_introduce(turn, link))
		return;
	if (kai_book_card(turn, origin, &held) && !held.rec.frozen &&
	    kai_introduced_serial(link, origin) < held.card.serial) {
		struct kai_card_frame frame = {.what = 1, .bytes = held.rec.bytes};

		/* urgent: it must not come after the alert that needs it */
		(void)kai_out_send(turn, link, KAI_MSG_CARD, &frame, true);
		kai_introduced_note(link, origin, held.card.serial);
	}
	turn->scratch->used = mark;
}

/* Does the peer hold an item of the origin from us that was made under an older card? */
static bool holds_older(struct kai_turn *turn, struct kai_link *link,
			const uint8_t origin[KAI_ID_LEN], uint64_t serial)
{
	struct kai_index_scan scan;
	uint64_t arrival;
	size_t mark = turn->scratch->used;
	bool passed = false;

	kai_index_origin(&scan, turn->txn, origin, 0, true);
	for (int looks = 0; looks < CATCH_UP_LOOKS && kai_index_next(&scan, &arrival); looks++) {
		struct kai_key key = kai_key_pair(arrival, link->number);
		struct kai_released released;
		struct kai_item item;
		struct kai_header header;

		turn->scratch->used = mark;
		if (!kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released,
				 turn->scratch, &released) ||
		    released.state == KAI_RELEASED_REFUSED ||
		    released.state == KAI_RELEASED_OFFERED ||
		    !kai_rec_item(turn->txn, arrival, turn->scratch, &item))
			continue;
		if (kai_object_decode(&kai_object_header, item.header, turn->scratch, &header) !=
		    KAI_FAULT_NONE)
			continue;
		if (!kai_id_equal(header.origin, origin))
			continue;
		passed = true;
		/* it stored an item of this card, so it has the card */
		if (released.state == KAI_RELEASED_STORED && header.card_serial >= serial) {
			passed = false;
			break;
		}
	}
	turn->scratch->used = mark;
	return passed;
}

/* A newer card goes to every connected peer that got an older one of this origin from us. */
static void pass_on(struct kai_turn *turn, const uint8_t origin[KAI_ID_LEN], uint64_t serial)
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];

		if (link->state != KAI_LINK_DOWN && (kai_introduced_serial(link, origin) > 0 ||
						     holds_older(turn, link, origin, serial)))
			kai_trust_introduce(turn, link, origin);
	}
}

/* The origins after the one where the last piece ended. */
static void catch_up(struct kai_turn *turn, struct kai_link *link)
{
	uint8_t from[KAI_ID_LEN + 8];
	struct kai_scan scan;
	struct kai_span key;
	unsigned origins = 0;

	memcpy(from, link->cards_after, KAI_ID_LEN);
	memset(from + KAI_ID_LEN, 0xff, 8);
	kai_scan_init(&scan, turn->txn, KAI_TABLE_CARDS, (struct kai_span){NULL, 0},
		      kai_span(from, sizeof(from)), false);
	while (kai_scan_next(&scan, &key, NULL)) {
		uint8_t *last = link->cards_after;
		size_t mark = turn->scratch->used;
		struct kai_known_card held;

		if (key.len < KAI_ID_LEN || memcmp(last, key.at, KAI_ID_LEN) == 0)
			continue;
		if (origins++ == CATCH_UP_ORIGINS)
			return;
		memcpy(last, key.at, KAI_ID_LEN);
		if (kai_book_card(turn, last, &held) &&
		    holds_older(turn, link, last, held.card.serial))
			kai_trust_introduce(turn, link, last);
		turn->scratch->used = mark;
	}
	link->cards_owed = false;
}

void kai_cards_catch_up(struct kai_turn *turn, struct kai_link *link)
{
	link->cards_owed = kai_trust_may_introduce(turn, link);
	memset(link->cards_after, 0, KAI_ID_LEN);
	if (link->cards_owed)
		catch_up(turn, link);
}

bool kai_cards_owed(const struct kai_engine *engine)
{
	for (size_t i = 0; i < engine->link_count; i++)
		if (engine->links[i]->cards_owed)
			return true;
	return false;
}

bool kai_cards_go_on(struct kai_turn *turn)
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];

		if (!link->cards_owed)
			continue;
		catch_up(turn, link);
		return kai_cards_owed(turn->engine);
	}
	return false;
}
