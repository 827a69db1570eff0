/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys may speak for an origin, and what of its items stands when one of them is revoked. */
#include "kairan/card.h"
#include "kairan/kinds.h"
#include "kairan/rec.h"
#include "trust.h"

#include <string.h>

#define AFFIRM_AHEAD_MS KAI_MS_DAY /* a key's window may begin so much ahead of our clock */
#define MARK_LOOKS 256		   /* items looked at in one step when a key is revoked */

/* ---- who signed
 * ------------------------------------------------------------------------------------------------------
 */

/* Signatures asked on an alert by the agreement with its origin, where there is one. */
static uint64_t agreed_signers(struct kai_turn *turn, const struct kai_header *header)
{
	struct kai_link *link = kai_link_find(turn->engine, header->origin);

	if (link == NULL)
		return 1;
	const struct kai_pair *pair = kai_pair_now(turn, link);

	return pair->state == KAI_STATE_ACTIVE ? pair->agreement.terms.signers : 1;
}

static enum kai_fault origin_card(struct kai_turn *turn, const struct kai_header *header,
				  struct kai_known_card *ret)
{
	struct kai_key key = kai_key_card(header->origin, header->card_serial);
	struct kai_card_rec rec;
	struct kai_card then;
	struct kai_span country;
	uint8_t digest[KAI_ID_LEN];

	if (!kai_book_card(turn, header->origin, ret))
		return KAI_FAULT_NO_CARD;
	if (ret->rec.frozen)
		return KAI_FAULT_FROZEN;
	/* a card that had ended when this was made: there must be a newer one */
	if (ret->card.serial < header->card_serial || ret->card.valid_until < header->created_at)
		return KAI_FAULT_OLD_CARD;
	country = ret->card.country;
	if (ret->card.serial != header->card_serial &&
	    kai_rec_get(turn->txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, turn->scratch,
			&rec) &&
	    kai_book_card_bytes(rec.bytes, turn->scratch, &then, digest))
		country = then.country;
	return kai_span_equal(country, header->country) ? KAI_FAULT_NONE : KAI_FAULT_MEANING;
}

struct tally {
	size_t good;	/* signatures by keys that stand */
	size_t any;	/* the same with revoked ones */
	size_t then;	/* of these, by keys that were in their windows when it was made */
	bool good_role; /* one of them in the role that the kind asks */
	bool any_role;
};

/* A newer key affirms what an older one signed: its window begins after that was made, and not after now. */
static bool affirms(const struct kai_card *card, const uint8_t key[KAI_ID_LEN],
		    struct kai_wall made, struct kai_wall now, struct kai_wall *ret)
{
	return kai_card_key_begins(card, key, ret) && ret->ms > made.ms &&
	       ret->ms <= now.ms + AFFIRM_AHEAD_MS;
}

static enum kai_fault count_signature(const struct kai_card *card, const uint8_t key[KAI_ID_LEN],
				      uint64_t role, struct kai_wall at, struct tally *io)
{
	enum kai_fault fault = kai_card_key(card, key, KAI_ROLE_DUTY, at);

	/* revocation is asked last: all else is well with a revoked key */
	if (fault != KAI_FAULT_NONE && fault != KAI_FAULT_KEY_REVOKED)
		return fault;
	bool fits = kai_card_key(card, key, role, at) == fault;

	io->any++;
	io->any_role |= fits;
	if (fault == KAI_FAULT_NONE) {
		io->good++;
		io->good_role |= fits;
	}
	return KAI_FAULT_NONE;
}

enum kai_fault kai_trust_signers(struct kai_turn *turn, const struct kai_header *header,
				 const struct kai_signature *signatures, size_t count,
				 uint64_t *ret_flags)
{
	const struct kai_kind_row *row = kai_kind_row(header->kind);
	struct kai_known_card origin;
	struct tally tally = {0};
	size_t mark = turn->scratch->used;

	if (row == NULL)
		return KAI_FAULT_MEANING;
	enum kai_fault fault = origin_card(turn, header, &origin);
	/* a drill's alert is the duty desk's to send */
	uint64_t role = memcmp(header->realm, kai_realm_live, KAI_REALM_LEN) == 0 ? row->role
										  : KAI_ROLE_DUTY;
	struct kai_wall at = {(int64_t)header->created_at};

	for (size_t i = 0; i < count && fault == KAI_FAULT_NONE; i++) {
		struct kai_wall since;
		bool later =
			affirms(&origin.card, signatures[i].key, at, turn->event->wall, &since);

		fault = count_signature(&origin.card, signatures[i].key, role, later ? since : at,
					&tally);
		tally.then += !later;
	}
	if (fault == KAI_FAULT_NONE && tally.then == 0)
		fault = KAI_FAULT_KEY_WINDOW; /* there is nothing to be affirmed */
	bool introduced = fault == KAI_FAULT_NONE && origin.rec.how == KAI_CARD_INTRODUCED;

	turn->scratch->used = mark;
	if (fault != KAI_FAULT_NONE)
		return fault;
	uint64_t asked = row->signers > 1 ? row->signers : 1;

	if (header->kind == KAI_KIND_ALERT && agreed_signers(turn, header) > asked)
		asked = agreed_signers(turn, header);
	/* not final: a signature may be added later */
	if (tally.any < asked || !tally.any_role)
		return KAI_FAULT_SIGNERS;
	*ret_flags = introduced ? KAI_ITEM_INTRODUCED : 0;
	/* without the revoked keys it would not be enough: kept, but marked */
	if (tally.good < asked || !tally.good_role)
		*ret_flags |= KAI_ITEM_MARKED;
	return KAI_FAULT_NONE;
}

/* ---- what a revoked key leaves
 * ---------------------------------------------------------------------------------------------------
 */

static const struct kai_revocation *revocation_of(const struct kai_card *card,
						  const uint8_t key[KAI_ID_LEN])
{
	for (size_t i = 0; i < card->revocations_count; i++) {
		if (kai_id_equal(card->revocations[i].key, key))
			return &card->revocations[i];
	}
	return NULL;
}

/* Was it held here before the key that signed it fell into other hands? */
static bool stands(const struct kai_item *item, const struct kai_card *card)
{
	for (size_t i = 0; i < item->signatures_count; i++) {
		const struct kai_revocation *revocation =
			revocation_of(card, item->signatures[i].key);

		if (revocation != NULL && item->received_at >= revocation->since)
			return false;
	}
	return true;
}

static void mark_item(struct kai_turn *turn, uint64_t arrival, const struct kai_card *card)
{
	struct kai_item item;
	struct kai_header header;
	uint64_t flags = 0;

	if (!kai_rec_item(turn->txn, arrival, turn->scratch, &item) ||
	    kai_object_decode(&kai_object_header, item.header, turn->scratch, &header) !=
		    KAI_FAULT_NONE ||
	    !kai_id_equal(header.origin, card->org) || stands(&item, card))
		return;
	if (kai_trust_signers(turn, &header, item.signatures, item.signatures_count, &flags) ==
		    KAI_FAULT_NONE &&
	    (flags & KAI_ITEM_MARKED) == 0)
		return;
	if ((item.flags & KAI_ITEM_MARKED) == 0)
		kai_turn_journal(turn, "item-marked", card->org, item.id, "key-revoked");
	item.flags |= KAI_ITEM_MARKED;
	kai_rec_item_put(turn->txn, arrival, &item);
	kai_thread_undone(turn, arrival);
	kai_out_trace(turn, "item-marked", card->org, item.id, "key-revoked", arrival);
}

bool kai_trust_mark(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t *io_from)
{
	struct kai_known_card held;
	struct kai_index_scan scan;
	uint64_t arrival;

	if (!kai_book_card(turn, org, &held))
		return false;
	kai_index_origin(&scan, turn->txn, org, *io_from, true);
	for (unsigned looks = 0; looks < MARK_LOOKS; looks++) {
		size_t mark = turn->scratch->used;

		if (!kai_index_next(&scan, &arrival))
			return false;
		mark_item(turn, arrival, &held.card);
		turn->scratch->used = mark;
		*io_from = arrival - 1;
	}
	return *io_from > 0;
}

/* The newest items at once, since a thief's are among them; the rest in pieces. */
void kai_trust_revoked(struct kai_turn *turn, const struct kai_card *card,
		       const struct kai_card *before)
{
	uint64_t from = 0;
	bool fresh = false;

	for (size_t i = 0; i < card->revocations_count; i++)
		fresh |= revocation_of(before, card->revocations[i].key) == NULL;
	if (fresh && kai_trust_mark(turn, card->org, &from))
		kai_sweep_mark(turn, card->org, from);
}
