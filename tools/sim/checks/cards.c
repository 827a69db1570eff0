/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cards: what an honest node believes of others' cards. Each is signed by its org's own root; one serial
 * has one card for ever, unless the org is frozen; an item is taken only when a card at least as new as
 * the one that it names is at hand, by keys whose windows there hold the time of its making, and is marked
 * when all of them are revoked there. From the CARDS table, read here row by row, whenever an engine says
 * that a card came, and from what logs gain.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

struct seen_card {
	uint8_t org[KAI_ID_LEN];
	uint64_t serial;
	uint8_t digest[KAI_ID_LEN];
};

/* What one node's table had when it was last read. */
struct shelf {
	struct seen_card *at;
	size_t count, cap;
	bool moved;
};

struct cards {
	struct shelf *shelves;
	uint32_t count;
};

static void *cards_new(const struct sim *sim)
{
	struct cards *cards = sim_check_room(1, sizeof(*cards));

	cards->count = sim_node_count(sim);
	cards->shelves = sim_check_room(cards->count, sizeof(*cards->shelves));
	for (uint32_t i = 0; i < cards->count; i++)
		cards->shelves[i].moved = true;
	return cards;
}

static void cards_free(void *state)
{
	struct cards *cards = state;

	for (uint32_t i = 0; i < cards->count; i++)
		free(cards->shelves[i].at);
	free(cards->shelves);
	free(cards);
}

/* ---- reading ---- */

static bool read_card(struct sim_sight *sight, struct kai_span value, struct kai_card_rec *ret_rec,
		      struct kai_signed *ret_envelope, struct kai_card *ret)
{
	return kai_object_decode(&kai_object_card_rec, value, &sight->arena, ret_rec) ==
		       KAI_FAULT_NONE &&
	       kai_object_decode(&kai_object_signed, ret_rec->bytes, &sight->arena, ret_envelope) ==
		       KAI_FAULT_NONE &&
	       kai_object_decode(&kai_object_card, ret_envelope->body, &sight->arena, ret) ==
		       KAI_FAULT_NONE;
}

/* SPEC.md sections 2 and 3: the root of a statement is its body's hash, and the root key signs it. */
static bool root_signed(const struct kai_signed *envelope, const struct kai_card *card)
{
	uint8_t said[16 + KAI_REALM_LEN + KAI_ID_LEN] = "k1 card";

	(void)crypto_generichash(said + 16 + KAI_REALM_LEN, KAI_ID_LEN, envelope->body.at,
				 envelope->body.len, said, 16 + KAI_REALM_LEN);
	return kai_id_equal(envelope->key, card->org) &&
	       crypto_sign_verify_detached(envelope->sig, said, sizeof(said), envelope->key) == 0;
}

static struct seen_card *seen(struct shelf *shelf, const struct kai_card *card)
{
	for (size_t i = 0; i < shelf->count; i++) {
		if (shelf->at[i].serial == card->serial &&
		    kai_id_equal(shelf->at[i].org, card->org))
			return &shelf->at[i];
	}
	return NULL;
}

static struct seen_card *see(struct shelf *shelf, const struct kai_card *card)
{
	shelf->at = sim_check_more(shelf->at, shelf->count, &shelf->cap, sizeof(*shelf->at));
	struct seen_card *fresh = &shelf->at[shelf->count++];

	memcpy(fresh->org, card->org, KAI_ID_LEN);
	fresh->serial = card->serial;
	return fresh;
}

static void check_row(struct sim *sim, struct shelf *shelf, struct kai_span value)
{
	struct sim_sight *sight = sim_sight_of(sim);
	uint32_t node = sight->node->number;
	struct kai_card_rec rec;
	struct kai_signed envelope;
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];

	if (!read_card(sight, value, &rec, &envelope, &card)) {
		sim_violation(sim, "cards", node, NULL, "keeps a card that cannot be read");
		return;
	}
	(void)crypto_generichash(digest, sizeof(digest), rec.bytes.at, rec.bytes.len, NULL, 0);
	struct seen_card *before = seen(shelf, &card);

	if (before == NULL) {
		before = see(shelf, &card);
		if (!root_signed(&envelope, &card))
			sim_violation(sim, "cards", node, card.org,
				      "believes a card that its org's root did not sign");
	} else if (!kai_id_equal(before->digest, digest)) {
		sim_violation(sim, "cards", node, card.org,
			      "takes another card of serial %llu for the one that it had%s",
			      (unsigned long long)card.serial, rec.frozen ? ", frozen" : "");
	}
	memcpy(before->digest, digest, sizeof(digest));
}

static void read_shelf(struct sim *sim, struct shelf *shelf)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct kai_span key, value;
	struct kai_scan scan;

	kai_scan_init(&scan, sight->txn, KAI_TABLE_CARDS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		size_t mark = sight->arena.used;

		check_row(sim, shelf, value);
		sight->arena.used = mark;
	}
	shelf->moved = false;
}

/* ---- items ---- */

static bool revoked(const struct kai_card *card, const uint8_t key[KAI_ID_LEN])
{
	for (size_t i = 0; i < card->revocations_count; i++) {
		if (kai_id_equal(card->revocations[i].key, key))
			return true;
	}
	return false;
}

static bool in_window(const struct kai_card *card, const uint8_t key[KAI_ID_LEN], uint64_t at)
{
	for (size_t i = 0; i < card->keys_count; i++) {
		const struct kai_card_key *own = &card->keys[i];

		if (own->use == KAI_KEY_SIGN && kai_id_equal(own->key, key))
			return at >= own->not_before && at < own->not_after;
	}
	return false;
}

static void check_item(struct sim *sim, const struct sim_change *change)
{
	struct sim_sight *sight = sim_sight_of(sim);
	uint32_t node = sight->node->number;
	const struct kai_header *header = &change->truth->header;
	struct kai_span key, value;
	struct kai_scan scan;
	struct kai_card card, newest = {.serial = 0};
	struct kai_card_rec rec;
	struct kai_signed envelope;
	bool stands = false;

	kai_scan_init(&scan, sight->txn, KAI_TABLE_CARDS, kai_span(header->origin, KAI_ID_LEN),
		      kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, &value)) {
		if (read_card(sight, value, &rec, &envelope, &card) && card.serial > newest.serial)
			newest = card;
	}
	if (newest.serial < header->card_serial)
		sim_violation(sim, "cards", node, change->item.id,
			      "is taken by card %llu, and names %llu",
			      (unsigned long long)newest.serial,
			      (unsigned long long)header->card_serial);
	for (size_t i = 0; i < change->item.signatures_count; i++) {
		const uint8_t *signer = change->item.signatures[i].key;

		stands = stands || !revoked(&newest, signer);
		if (!in_window(&newest, signer, header->created_at))
			sim_violation(sim, "cards", node, change->item.id,
				      "is signed by a key outside its window, or none of card %llu",
				      (unsigned long long)newest.serial);
	}
	if (!stands && (change->item.flags & KAI_ITEM_MARKED) == 0)
		sim_violation(sim, "cards", node, change->item.id,
			      "comes under revoked keys alone and is not marked");
}

static void cards_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct cards *cards = state;
	struct sim_sight *sight = sim_sight_of(sim);
	struct shelf *shelf = &cards->shelves[node->number];

	if (node->rogue != NULL)
		return;
	if (shelf->moved)
		read_shelf(sim, shelf);
	for (size_t i = 0; i < sight->change_count; i++) {
		const struct sim_change *change = &sight->changes[i];
		size_t mark = sight->arena.used;

		/* What is merged later was judged when it came. */
		if (change->truth != NULL && change->before == 0 &&
		    (change->item.flags & KAI_ITEM_OWN) == 0)
			check_item(sim, change);
		sight->arena.used = mark;
	}
}

static void cards_traced(struct sim *sim, void *state, struct sim_node *node,
			 const struct kai_output *output)
{
	struct cards *cards = state;

	(void)sim;
	if (output->event != NULL && strncmp(output->event, "card-", 5) == 0)
		cards->shelves[node->number].moved = true;
}

static void cards_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	struct cards *cards = state;
	struct shelf *shelf = &cards->shelves[node->number];

	(void)sim;
	shelf->moved = true;
	if (restored)
		shelf->count = 0;
}

const struct sim_checker sim_check_cards = {.name = "cards",
					    .new = cards_new,
					    .free = cards_free,
					    .turn = cards_turn,
					    .traced = cards_traced,
					    .restarted = cards_restarted};
