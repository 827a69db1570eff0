/* SPDX-License-Identifier: Apache-2.0 */
/* Agreements, notices and memberships as they come by link; storing what was agreed. */
#include "kairan/card.h"
#include "kairan/frames.h"
#include "kairan/rec.h"
#include "trust.h"

#include <string.h>

unsigned kai_pact_my_bit(const struct kai_turn *turn, const struct kai_terms *terms)
{
	return kai_terms_side(terms, turn->engine->config.org) == 1 ? 2u : 1u;
}

enum kai_fault kai_pact_open(struct kai_turn *turn, struct kai_span bytes,
			     struct kai_agreement_read *ret, uint8_t ret_org[KAI_ID_LEN])
{
	struct kai_known_card mine;
	struct kai_known_card other;
	enum kai_fault fault = kai_agreement_open(bytes, NULL, NULL, turn->scratch, ret);

	if (fault != KAI_FAULT_NONE)
		return fault;
	int side = kai_terms_side(&ret->terms, turn->engine->config.org);

	if (side < 0)
		return KAI_FAULT_MEANING;
	memcpy(ret_org, kai_terms_party(&ret->terms, 1 - side)->org, KAI_ID_LEN);
	if (!kai_book_card(turn, turn->engine->config.org, &mine) ||
	    !kai_book_card(turn, ret_org, &other))
		return KAI_FAULT_NO_CARD;
	if (other.rec.frozen)
		return KAI_FAULT_FROZEN;
	return kai_agreement_open(bytes, side == 0 ? &mine.card : &other.card,
				  side == 0 ? &other.card : &mine.card, turn->scratch, ret);
}

void kai_pact_settle(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN])
{
	struct kai_pact_scan scan;
	struct kai_pact pact;
	struct kai_pact best;
	uint64_t now = (uint64_t)turn->event->wall.ms;
	bool found = false;

	kai_pacts_init(&scan, turn->txn, org, turn->event->wall, turn->scratch);
	while (kai_pacts_next(&scan, &pact)) {
		/* as the decision chooses: a terminated one in its window stands before older ones */
		if (!kai_pact_agreed(&pact.read) || now < pact.read.terms.valid_from ||
		    now >= pact.read.terms.valid_until)
			continue;
		if (!found || pact.read.terms.serial > best.read.terms.serial ||
		    (pact.read.terms.serial == best.read.terms.serial &&
		     memcmp(pact.read.digest, best.read.digest, KAI_ID_LEN) < 0)) {
			best = pact;
			found = true;
		}
	}
	if (!found)
		return;
	kai_pacts_init(&scan, turn->txn, org, turn->event->wall, turn->scratch);
	while (kai_pacts_next(&scan, &pact)) {
		bool replaced = pact.read.terms.serial <= best.read.terms.serial &&
				!kai_id_equal(pact.read.digest, best.read.digest);
		struct kai_key key = kai_key_two(org, pact.read.digest);

		if (pact.rec.replaced == replaced)
			continue;
		pact.rec.replaced = replaced;
		kai_rec_put(turn->txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec,
			    &pact.rec);
	}
}

void kai_pact_store(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
		    const struct kai_agreement_read *read, struct kai_span bytes)
{
	struct kai_key key = kai_key_two(org, read->digest);
	struct kai_agree_rec rec = {.bytes = bytes, .at = (uint64_t)turn->event->wall.ms};
	const char *event = kai_pact_agreed(read) ? "agreement" : "agreement-proposed";
	struct kai_peer peer;

	kai_rec_put(turn->txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec, &rec);
	kai_rec_peer_add(turn->txn, org, (struct kai_span){NULL, 0}, turn->scratch, &peer);
	kai_turn_journal(turn, event, org, read->digest, "");
	kai_out_trace(turn, event, org, NULL, NULL, read->terms.serial);
	kai_pact_settle(turn, org);
	kai_trust_changed(turn);
}

void kai_pact_send(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t what,
		   struct kai_span bytes)
{
	struct kai_link *link = kai_link_find(turn->engine, org);
	struct kai_agreement_frame frame = {.what = what, .bytes = bytes};

	if (link != NULL && link->state != KAI_LINK_DOWN)
		kai_out_send(turn, link, KAI_MSG_AGREEMENT, &frame, true);
}

struct survey {
	bool known;	   /* this digest is here */
	bool known_agreed; /* with both signatures */
	bool follows;	   /* its predecessor is here, agreed */
	bool any_agreed;
	size_t proposals;
	uint64_t serial; /* highest of those agreed */
};

static void survey(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
		   const struct kai_agreement_read *read, struct survey *ret)
{
	struct kai_pact_scan scan;
	struct kai_pact pact;
	size_t mark = turn->scratch->used;

	memset(ret, 0, sizeof(*ret));
	kai_pacts_init(&scan, turn->txn, org, turn->event->wall, turn->scratch);
	while (kai_pacts_next(&scan, &pact)) {
		bool agreed = kai_pact_agreed(&pact.read);

		if (kai_id_equal(pact.read.digest, read->digest)) {
			ret->known = true;
			ret->known_agreed = agreed;
		} else if (agreed) {
			ret->any_agreed = true;
			ret->follows |= read->terms.predecessor.is &&
					kai_id_equal(read->terms.predecessor.id, pact.read.digest);
			if (pact.read.terms.serial > ret->serial)
				ret->serial = pact.read.terms.serial;
		} else {
			ret->proposals++;
		}
		turn->scratch->used = mark;
	}
	turn->scratch->used = mark;
}

static enum kai_fault agreement_from(struct kai_turn *turn, struct kai_link *link,
				     struct kai_span bytes)
{
	struct kai_agreement_read read;
	struct survey seen;
	uint8_t org[KAI_ID_LEN];
	enum kai_fault fault = kai_pact_open(turn, bytes, &read, org);

	if (fault != KAI_FAULT_NONE)
		return fault;
	unsigned mine = kai_pact_my_bit(turn, &read.terms);

	if (!kai_id_equal(org, link->org) || read.signed_by == mine)
		return KAI_FAULT_UNWANTED;
	survey(turn, org, &read, &seen);
	if (seen.known && (seen.known_agreed || !kai_pact_agreed(&read)))
		return KAI_FAULT_NONE;
	if (read.terms.valid_until <= (uint64_t)turn->event->wall.ms)
		return KAI_FAULT_EXPIRED;
	if (kai_pact_agreed(&read)) {
		/* Mine to begin with, the renewal of what we have, or, since this org signed it, a later
		 * one than a backup knows. */
		if (!seen.known && !seen.follows && read.terms.serial <= seen.serial)
			return KAI_FAULT_MEANING;
	} else {
		if (seen.any_agreed && (!seen.follows || read.terms.serial < seen.serial))
			return KAI_FAULT_MEANING;
		if (seen.proposals >= KAI_MAX_PROPOSALS)
			return KAI_FAULT_QUOTA;
	}
	kai_pact_store(turn, org, &read, bytes);
	return KAI_FAULT_NONE;
}

static enum kai_fault notice_from(struct kai_turn *turn, struct kai_link *link,
				  struct kai_span bytes)
{
	struct kai_known_card author;
	struct kai_notice notice;
	struct kai_notice held;
	struct kai_span held_bytes;
	struct kai_pact pact;

	if (!kai_book_card(turn, link->org, &author))
		return KAI_FAULT_NO_CARD;
	if (author.rec.frozen)
		return KAI_FAULT_FROZEN;
	enum kai_fault fault = kai_notice_open(bytes, &author.card, turn->scratch, &notice);

	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!kai_id_equal(notice.org, link->org) ||
	    !kai_book_pact(turn->txn, link->org, notice.agreement, turn->event->wall, turn->scratch,
			   &pact))
		return KAI_FAULT_UNWANTED;
	if (kai_book_notice(turn->txn, notice.agreement, link->org, turn->scratch, &held_bytes,
			    &held)) {
		if (notice.number <= held.number)
			return KAI_FAULT_NONE;
		if (held.action == KAI_NOTICE_TERMINATE)
			return KAI_FAULT_MEANING;
	}
	struct kai_key key = kai_key_two(notice.agreement, link->org);

	kai_txn_put(turn->txn, KAI_TABLE_NOTICES, kai_key_span(&key), bytes);
	kai_turn_journal(turn, "agreement-notice", link->org, notice.agreement, "");
	kai_out_trace(turn, "agreement-notice", link->org, NULL, NULL, notice.action);
	kai_trust_changed(turn);
	return KAI_FAULT_NONE;
}

void kai_trust_agreement(struct kai_turn *turn, struct kai_link *link,
			 const struct kai_agreement_frame *frame)
{
	enum kai_fault fault;
	bool fresh = false;

	if (frame->what == 1)
		fault = agreement_from(turn, link, frame->bytes);
	else if (frame->what == 2)
		fault = notice_from(turn, link, frame->bytes);
	else
		fault = kai_member_take(turn, frame->bytes, link->org, &fresh);
	if (fault != KAI_FAULT_NONE)
		kai_fault_note(turn, link, kai_fault_name(fault), NULL);
	if (fresh)
		kai_trust_changed(turn);
}
