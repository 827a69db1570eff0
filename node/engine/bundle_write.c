/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is new for one org, in a file: the items that may go to it as a push would, under wraps
 * sealed for it alone; and what there is to say to it (bundle_say.c). Until it says, in a bundle
 * back, that this one came, all of it goes again in the next. Nothing is written before the file's
 * bytes are made but what receipts need, since parts lie where the store has them. Nothing goes by
 * a contingency clause: what a clause alone would let pass waits for a link.
 */
#include <sodium.h>
#include <string.h>

#include "kairan/card.h"
#include "kairan/rec.h"
#include "bundle.h"
#include "spread.h"
#include "trust.h"

#define LOOKS 1024u		       /* items in one request */
#define ROOM_ITEMS ((size_t)2 << 20)   /* of advisories and their cards, beyond the first */
#define ROOM_SCRATCH ((size_t)2 << 20) /* in scratch before the file is made there */
#define HEADS 512u /* lengths and types of an advisory, above what they enclose */

#define MEMBER_MOST ((size_t)1024) /* of a signed membership */

/* An item that is in it. */
struct went {
	uint64_t arrival;
	uint32_t parts;
	uint8_t evidence, signatures;
	bool settled; /* asked for by name, though it is there */
	const char *why;
};

struct writing {
	const struct kai_ctl_bundle_write *say;
	struct kai_ctl_answer *ret;
	struct kai_link *link;
	uint8_t seal[KAI_ID_LEN];
	bool introduces;
	struct kai_bundle bundle;
	struct went *went;		/* KAI_MAX_BUNDLE_ITEMS, as the advisories */
	uint8_t (*origins)[KAI_ID_LEN]; /* KAI_MAX_BUNDLE_CARDS, as the cards */
	uint8_t *members;		/* what the bundle's memberships point to */
	struct kai_saying saying;
	size_t bytes;
	bool full; /* the one looked at goes into the next file */
};

/* ---- who writes to whom */

static bool lists(struct kai_turn *turn, struct writing *writing)
{
	struct kai_bundle *bundle = &writing->bundle;
	struct kai_arena *scratch = turn->scratch;

	bundle->cards = kai_arena_take(scratch, KAI_MAX_BUNDLE_CARDS * sizeof(*bundle->cards));
	bundle->evidence = kai_arena_take(scratch, (size_t)(KAI_MAX_BUNDLE_EVIDENCE) *
							   sizeof(*bundle->evidence));
	bundle->memberships =
		kai_arena_take(scratch, KAI_MAX_BUNDLE_MEMBERS * sizeof(*bundle->memberships));
	bundle->advisories =
		kai_arena_take(scratch, KAI_MAX_BUNDLE_ITEMS * sizeof(*bundle->advisories));
	writing->went = kai_arena_take(scratch, KAI_MAX_BUNDLE_ITEMS * sizeof(*writing->went));
	writing->origins = kai_arena_take(scratch, (size_t)KAI_MAX_BUNDLE_CARDS * KAI_ID_LEN);
	writing->members = kai_arena_take(scratch, KAI_MAX_BUNDLE_MEMBERS * MEMBER_MOST);
	kai_saying_init(turn, writing->link, bundle, &writing->saying);
	if (!scratch->full)
		return true;
	kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
	return false;
}

/* The next number for that org: seconds, so that a store put back from a backup gives none twice; rounded
 * up, so that a key that began in this second was good by then. */
static uint64_t next_number(struct kai_turn *turn, uint16_t peer)
{
	struct kai_key from = kai_key_bundle(peer, KAI_BUNDLE_OUT, 0);
	uint64_t seconds = (uint64_t)((turn->event->wall.ms + KAI_MS_SECOND - 1) / KAI_MS_SECOND);
	struct kai_scan scan;
	struct kai_span key;
	uint64_t number = 1;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_BUNDLES, kai_span(from.at, 3), kai_span(NULL, 0),
		      true);
	if (kai_scan_next(&scan, &key, NULL) && key.len == from.len)
		number = kai_get_be64(key.at + 3) + 1;
	return number > seconds ? number : seconds;
}

static bool seal_key(struct kai_turn *turn, struct writing *writing)
{
	struct kai_known_card held;
	size_t mark = turn->scratch->used;
	const struct kai_card_key *key = NULL;

	if (kai_book_card(turn, writing->link->org, &held) && !held.rec.frozen)
		key = kai_card_seal_key(&held.card, turn->event->wall);
	if (key != NULL)
		memcpy(writing->seal, key->key, KAI_ID_LEN);
	turn->scratch->used = mark;
	return key != NULL;
}

static bool add_card(struct kai_turn *turn, struct writing *writing, const uint8_t org[KAI_ID_LEN])
{
	struct kai_bundle *bundle = &writing->bundle;
	struct kai_known_card held;

	for (size_t i = 0; i < bundle->cards_count; i++) {
		if (kai_id_equal(writing->origins[i], org))
			return true;
	}
	if (!kai_book_card(turn, org, &held) || held.rec.frozen)
		return true;
	if (bundle->cards_count == KAI_MAX_BUNDLE_CARDS)
		return false;
	memcpy(writing->origins[bundle->cards_count], org, KAI_ID_LEN);
	bundle->cards[bundle->cards_count++] = held.rec.bytes;
	writing->bytes += held.rec.bytes.len;
	return true;
}

static void add_member(struct kai_turn *turn, struct kai_link *link, struct kai_span bytes,
		       void *context)
{
	struct writing *writing = context;
	struct kai_bundle *bundle = &writing->bundle;
	uint8_t *copy = writing->members + bundle->memberships_count * MEMBER_MOST;

	(void)turn;
	(void)link;
	if (bundle->memberships_count == KAI_MAX_BUNDLE_MEMBERS || bytes.len > MEMBER_MOST)
		return;
	memcpy(copy, bytes.at, bytes.len);
	bundle->memberships[bundle->memberships_count++] = kai_span(copy, bytes.len);
}

static bool begin(struct kai_turn *turn, struct writing *writing)
{
	const struct kai_engine_config *config = &turn->engine->config;
	struct kai_ctl_answer *ret = writing->ret;
	struct kai_bundle *bundle = &writing->bundle;

	kai_link_load(turn);
	writing->link = kai_link_find(turn->engine, writing->say->to);
	if (writing->link == NULL) {
		kai_answer(turn, ret, 4, "unknown-org", "no such partner is known here");
		return false;
	}
	const struct kai_pair *pair = kai_pair_now(turn, writing->link);

	if (!pair->has_terms) {
		kai_answer(turn, ret, 1, "agreement", "there is no agreement with that org");
		return false;
	}
	if (!seal_key(turn, writing)) {
		kai_answer(turn, ret, 1, kai_fault_name(KAI_FAULT_NO_CARD),
			   "its card has no sealing key that is good now (import a newer card)");
		return false;
	}
	if (!kai_turn_may_sign(turn, &config->system, KAI_ROLE_SYSTEM)) {
		kai_answer(turn, ret, 1, kai_fault_name(KAI_FAULT_KEY_WINDOW),
			   "our own card does not let the node sign now (card rotate)");
		return false;
	}
	if (!lists(turn, writing))
		return false;
	kai_members_each(turn, writing->link, &pair->agreement.terms, add_member, writing);
	writing->introduces = kai_trust_may_introduce(turn, writing->link);
	bundle->version = KAI_VERSION;
	memcpy(bundle->realm, kai_realm_live, KAI_REALM_LEN);
	memcpy(bundle->from, config->org, KAI_ID_LEN);
	memcpy(bundle->to, writing->link->org, KAI_ID_LEN);
	memcpy(bundle->agreement, pair->agreement.digest, KAI_ID_LEN);
	bundle->number = next_number(turn, writing->link->number);
	return add_card(turn, writing, config->org);
}

/* ---- items */

static bool sealed_wrap(struct kai_turn *turn, const struct writing *writing,
			const struct kai_going *going, const struct kai_part *part,
			struct kai_wrap *ret)
{
	uint8_t index = (uint8_t)ret->index;
	struct kai_opening opening;
	uint8_t entropy[32];

	if (!kai_rest_open(turn, going->facts.item.id, index, part, &opening))
		return false;
	struct kai_span bytes = kai_object_encode_in(&kai_object_opening, &opening, turn->scratch);

	kai_draw(turn, "bundle", entropy, sizeof(entropy));
	ret->kind = KAI_WRAP_SEALED;
	kai_key_hint(writing->seal, ret->key_hint);
	if (bytes.len > 0)
		ret->bytes = kai_wrap_sealed(entropy, writing->seal, bytes, turn->scratch);
	sodium_memzero(entropy, sizeof(entropy));
	sodium_memzero(opening.key, sizeof(opening.key));
	return ret->bytes.len > 0;
}

/* The advisory with those parts; *ret_bytes: at most so many in the file. */
static bool carry(struct kai_turn *turn, const struct writing *writing,
		  const struct kai_going *going, struct kai_advisory *ret, size_t *ret_bytes)
{
	const struct kai_item *item = &going->facts.item;

	*ret = (struct kai_advisory){.header = item->header,
				     .signatures = item->signatures,
				     .signatures_count = item->signatures_count};
	ret->parts = kai_arena_take(turn->scratch, KAI_MAX_PARTS * sizeof(*ret->parts));
	ret->wraps = kai_arena_take(turn->scratch, KAI_MAX_PARTS * sizeof(*ret->wraps));
	if (ret->parts == NULL || ret->wraps == NULL)
		return false;
	*ret_bytes = HEADS + item->header.len + item->signatures_count * sizeof(*item->signatures);
	for (size_t i = 0; i < item->signatures_count; i++) {
		if (item->signatures[i].path != NULL)
			*ret_bytes += HEADS + item->signatures[i].path->hashes_count * 34;
	}
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		struct kai_wrap *wrap = &ret->wraps[ret->wraps_count];
		struct kai_part part;

		if ((going->parts >> i & 1) == 0)
			continue;
		wrap->index = i;
		if (!kai_going_part(turn, going, i, &part) ||
		    !sealed_wrap(turn, writing, going, &part, wrap))
			return false;
		ret->parts[ret->parts_count++] =
			(struct kai_part_blob){.index = i, .ciphertext = part.ciphertext};
		*ret_bytes += part.ciphertext.len + wrap->bytes.len + 32;
		ret->wraps_count++;
	}
	return true;
}

/* The card of who made it goes along where we may bring it; the parties' own are there. */
static bool introduce(struct kai_turn *turn, struct writing *writing,
		      const uint8_t origin[KAI_ID_LEN])
{
	return !writing->introduces || kai_id_equal(origin, writing->link->org) ||
	       add_card(turn, writing, origin);
}

static bool fits(const struct kai_turn *turn, const struct writing *writing, size_t bytes)
{
	size_t count = writing->bundle.advisories_count;

	return count == 0 ||
	       (count < KAI_MAX_BUNDLE_ITEMS && writing->bytes + bytes <= ROOM_ITEMS &&
		turn->scratch->used <= ROOM_SCRATCH);
}

/* Adds an item that may go; sets full when there is no room for it. false: a part of it is not to be had. */
static bool add_item(struct kai_turn *turn, struct writing *writing, const struct kai_going *going,
		     bool settled)
{
	struct kai_bundle *bundle = &writing->bundle;
	size_t place = bundle->advisories_count;
	struct kai_advisory advisory;
	size_t bytes = 0;

	for (size_t i = 0; i < place; i++) {
		if (writing->went[i].arrival == going->facts.arrival)
			return true; /* named twice */
	}
	if (place == KAI_MAX_BUNDLE_ITEMS) {
		writing->full = true;
		return true;
	}
	if (!carry(turn, writing, going, &advisory, &bytes))
		return false;
	for (size_t i = 0; i < going->evidence_count; i++)
		bytes += going->evidence[i].len + 8;
	if (!fits(turn, writing, bytes) || !introduce(turn, writing, going->facts.header.origin)) {
		writing->full = true;
		return true;
	}
	bundle->advisories[place] = advisory;
	for (size_t i = 0; i < going->evidence_count; i++)
		bundle->evidence[bundle->evidence_count++] = going->evidence[i];
	writing->went[place] = (struct went){
		.arrival = going->facts.arrival,
		.parts = going->parts,
		.evidence = (uint8_t)going->evidence_count,
		.signatures = (uint8_t)going->facts.item.signatures_count,
		.settled = settled,
		.why = going->why,
	};
	bundle->advisories_count++;
	writing->bytes += bytes;
	return true;
}

/* One of the log; what was not added leaves nothing in scratch. */
static void look(struct kai_turn *turn, struct writing *writing, uint64_t arrival)
{
	const struct kai_doubt none = {.stored = false};
	size_t mark = turn->scratch->used;
	size_t count = writing->bundle.advisories_count;
	struct kai_going going;
	struct kai_item item;

	if (kai_rec_item(turn->txn, arrival, turn->scratch, &item) &&
	    item.received_at >= writing->say->since && (item.flags & KAI_ITEM_RETRACTED) == 0 &&
	    kai_going_plain(turn, writing->link, arrival, &going) &&
	    !kai_going_settled(turn, writing->link, &going, none))
		(void)add_item(turn, writing, &going, false);
	if (count == writing->bundle.advisories_count)
		kai_scratch_back(turn, mark);
}

static void add_new(struct kai_turn *turn, struct writing *writing)
{
	struct kai_index_scan scan;
	uint64_t arrival = 0;
	unsigned looks = 0;

	kai_index_all(&scan, turn->txn, writing->say->after, false);
	while (kai_index_next(&scan, &arrival)) {
		if (looks++ == LOOKS)
			writing->full = true;
		else
			look(turn, writing, arrival);
		if (writing->full) {
			writing->ret->next = arrival;
			return;
		}
	}
}

static void not_held(struct kai_turn *turn, struct writing *writing)
{
	kai_answer(turn, writing->ret, 4, "not-held", "no such item is held here");
}

/* Why one that was asked for by name may not go. */
static void say_why(struct kai_turn *turn, struct writing *writing, uint64_t arrival)
{
	struct kai_verdict parts[KAI_MAX_PARTS];
	struct kai_item_facts of;
	struct kai_facts facts;
	uint32_t bits;

	if (!kai_rest_facts(turn, arrival, &of)) {
		not_held(turn, writing);
		return;
	}
	if ((of.item.flags & KAI_ITEM_RETRACTED) != 0) {
		kai_answer_fault(turn, writing->ret, 1, KAI_FAULT_RETRACTED, "an item");
		return;
	}
	kai_facts_init(&facts, kai_pair_now(turn, writing->link), &of, true, turn->event->wall);
	struct kai_verdict verdict = kai_facts_parts(&facts, &of, &bits, parts);

	if (verdict.allow)
		kai_answer_fault(turn, writing->ret, 1, KAI_FAULT_SIGNERS, "an item");
	else
		kai_answer(turn, writing->ret, 1, kai_rule_name(verdict.rule),
			   "an item may not go to that org (explain names the rule)");
}

static bool add_named(struct kai_turn *turn, struct writing *writing)
{
	const struct kai_ctl_bundle_write *say = writing->say;
	const struct kai_doubt none = {.stored = false};

	for (uint64_t i = say->after; i < say->ids_count; i++) {
		struct kai_going going;
		struct kai_item item;
		uint64_t arrival;

		if (!kai_rec_arrival(turn->txn, say->ids[i], &arrival) ||
		    !kai_rec_item(turn->txn, arrival, turn->scratch, &item)) {
			not_held(turn, writing);
			return false;
		}
		if ((item.flags & KAI_ITEM_RETRACTED) != 0 ||
		    !kai_going_plain(turn, writing->link, arrival, &going)) {
			say_why(turn, writing, arrival);
			return false;
		}
		if (!add_item(turn, writing, &going,
			      kai_going_settled(turn, writing->link, &going, none))) {
			not_held(turn, writing);
			return false;
		}
		if (writing->full) {
			writing->ret->next = i;
			return true;
		}
	}
	return true;
}

static bool add_items(struct kai_turn *turn, struct writing *writing)
{
	if (writing->say->receipts)
		return true;
	if (writing->say->ids_count > 0)
		return add_named(turn, writing);
	add_new(turn, writing);
	return true;
}

/* ---- the file, and what is remembered of it */

static void note_went(struct kai_turn *turn, const struct writing *writing, const struct went *went)
{
	struct kai_key key = kai_key_pair(went->arrival, writing->link->number);
	size_t mark = turn->scratch->used;
	struct kai_released was;
	struct kai_released released = {.at = (uint64_t)turn->event->wall.ms,
					.parts = went->parts,
					.state = KAI_RELEASED_SENT,
					.rule = kai_span_str(went->why),
					.evidence = went->evidence,
					.signatures = went->signatures,
					.bundle = writing->bundle.number};

	memcpy(released.agreement, writing->bundle.agreement, KAI_ID_LEN);
	if (kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, turn->scratch,
			&was)) {
		if (was.state == KAI_RELEASED_SENT || was.state == KAI_RELEASED_STORED)
			released.parts |= was.parts;
		released.mark = was.mark;
		if (went->settled)
			released.state = was.state;
	}
	kai_rec_put(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &released);
	turn->scratch->used = mark;
	writing->link->sent_items++;
}

static void note(struct kai_turn *turn, const struct writing *writing,
		 const uint8_t digest[KAI_ID_LEN])
{
	const struct kai_bundle *bundle = &writing->bundle;
	struct kai_key key = kai_key_bundle(writing->link->number, KAI_BUNDLE_OUT, bundle->number);
	struct kai_bundle_rec rec = {.at = (uint64_t)turn->event->wall.ms,
				     .items = bundle->advisories_count,
				     .receipts = bundle->receipts_count};

	for (size_t i = 0; i < bundle->advisories_count; i++)
		note_went(turn, writing, &writing->went[i]);
	kai_saying_note(turn, &writing->saying);
	memcpy(rec.digest, digest, KAI_ID_LEN);
	kai_rec_put(turn->txn, KAI_TABLE_BUNDLES, &key, &kai_object_bundle_rec, &rec);
	kai_bundle_journal(turn, "bundle-written", writing->link->org, bundle->number, rec.items);
	kai_out_trace(turn, "bundle-written", writing->link->org, NULL, NULL, bundle->number);
}

static void make(struct kai_turn *turn, struct writing *writing)
{
	const struct kai_sign_pair *system = &turn->engine->config.system;
	uint8_t digest[KAI_ID_LEN];

	kai_saying_heard(turn, &writing->saying);
	struct kai_span file = kai_bundle_make(&writing->bundle, system->key, system->secret,
					       turn->scratch, digest);

	if (file.len == 0) {
		kai_answer_fault(turn, writing->ret, 1, KAI_FAULT_TOO_MUCH, "the bundle");
		return;
	}
	note(turn, writing, digest);
	writing->ret->body = file;
}

void kai_bundle_write(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	struct writing *writing = kai_arena_take(turn->scratch, sizeof(*writing));

	if (writing == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	writing->say = request;
	writing->ret = ret;
	if (!begin(turn, writing))
		return;
	if (writing->say->after == 0)
		kai_saying_owed(turn, &writing->saying);
	if (!add_items(turn, writing))
		return;
	if (writing->bundle.advisories_count > 0 || writing->bundle.receipts_count > 0)
		make(turn, writing);
}
