/* SPDX-License-Identifier: Apache-2.0 */
/* Statements about membership of communities: issued as keeper, kept, and presented. */
#include "kairan/card.h"
#include "kairan/frames.h"
#include "kairan/label.h"
#include "kairan/rec.h"
#include "trust.h"

#include <string.h>

/* Some agreement of ours with the member recognises the community. */
static bool recognised_for(struct kai_turn *turn, const struct kai_membership *membership)
{
	struct kai_pact_scan scan;
	struct kai_pact pact;
	size_t mark = turn->scratch->used;
	bool found = false;

	kai_pacts_init(&scan, turn->txn, membership->org, turn->event->wall, turn->scratch);
	while (!found && kai_pacts_next(&scan, &pact)) {
		found = kai_terms_recognise(&pact.read.terms, membership->keeper, membership->name);
		turn->scratch->used = mark;
	}
	turn->scratch->used = mark;
	return found;
}

/* Statements about us by one keeper are few; a flood of invented names is not kept. */
static bool too_many_names(struct kai_turn *turn, const struct kai_membership *membership)
{
	struct kai_scan scan;
	struct kai_span key;
	size_t count = 0;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_MEMBERS, kai_span(membership->keeper, KAI_ID_LEN),
		      (struct kai_span){NULL, 0}, false);
	while (kai_scan_next(&scan, &key, NULL)) {
		if (key.len >= KAI_ID_LEN &&
		    memcmp(key.at + key.len - KAI_ID_LEN, membership->org, KAI_ID_LEN) == 0 &&
		    ++count >= KAI_MAX_COMMUNITIES)
			return true;
	}
	return false;
}

static enum kai_fault wanted(struct kai_turn *turn, const struct kai_membership *membership,
			     const uint8_t *from)
{
	const uint8_t *me = turn->engine->config.org;

	if (from != NULL && !kai_id_equal(from, membership->keeper) &&
	    !kai_id_equal(from, membership->org))
		return KAI_FAULT_UNWANTED;
	if (!kai_id_equal(membership->org, me))
		return recognised_for(turn, membership) ? KAI_FAULT_NONE : KAI_FAULT_UNWANTED;
	if (from != NULL && too_many_names(turn, membership))
		return KAI_FAULT_QUOTA;
	return KAI_FAULT_NONE;
}

static void put_membership(struct kai_turn *turn, const struct kai_membership *membership,
			   struct kai_span bytes)
{
	struct kai_key key = kai_key_member(membership->keeper, membership->name, membership->org);
	struct kai_member_rec rec = {.bytes = bytes, .at = (uint64_t)turn->event->wall.ms};

	kai_rec_put(turn->txn, KAI_TABLE_MEMBERS, &key, &kai_object_member_rec, &rec);
	kai_turn_journal(turn, membership->withdrawn ? "membership-withdrawn" : "membership",
			 membership->org, NULL, "");
	kai_out_trace(turn, membership->withdrawn ? "membership-withdrawn" : "membership",
		      membership->org, NULL, NULL, membership->number);
}

enum kai_fault kai_member_take(struct kai_turn *turn, struct kai_span bytes, const uint8_t *from,
			       bool *ret_new)
{
	struct kai_membership membership;
	struct kai_membership held;
	struct kai_known_card keeper;
	struct kai_span held_bytes;
	enum kai_fault fault = kai_membership_peek(bytes, turn->scratch, &membership);

	*ret_new = false;
	if (fault != KAI_FAULT_NONE)
		return fault;
	struct kai_community community = {.name = membership.name};

	memcpy(community.keeper, membership.keeper, KAI_ID_LEN);
	bool known = kai_book_membership(turn->txn, &community, membership.org, turn->scratch,
					 &held_bytes, &held);

	if (known && membership.number <= held.number)
		return KAI_FAULT_NONE;
	if (!kai_book_card(turn, membership.keeper, &keeper))
		return KAI_FAULT_NO_CARD;
	if (keeper.rec.frozen)
		return KAI_FAULT_FROZEN;
	fault = kai_membership_open(bytes, &keeper.card, turn->scratch, &membership);
	if (fault == KAI_FAULT_NONE &&
	    membership.number >
		    (uint64_t)(turn->event->wall.ms / KAI_MS_SECOND) + KAI_SERIAL_AHEAD_S)
		fault = KAI_FAULT_TIME;
	if (fault == KAI_FAULT_NONE && !known)
		fault = wanted(turn, &membership, from);
	if (fault != KAI_FAULT_NONE)
		return fault;
	put_membership(turn, &membership, bytes);
	*ret_new = true;
	return KAI_FAULT_NONE;
}

static bool current(const struct kai_turn *turn, const struct kai_membership *membership)
{
	uint64_t now = (uint64_t)turn->event->wall.ms;

	return !membership->withdrawn && now < membership->valid_until;
}

/* It may take back one that is good still: none lasts longer. */
static bool takes_back(const struct kai_turn *turn, const struct kai_membership *membership)
{
	uint64_t now = (uint64_t)turn->event->wall.ms;

	return membership->withdrawn &&
	       now < membership->valid_from + (uint64_t)KAI_MEMBERSHIP_MAX_MS;
}

static size_t mine_in(struct kai_turn *turn, const struct kai_direction *direction,
		      struct kai_span *ret, size_t count, size_t cap)
{
	for (size_t i = 0; i < direction->communities_count && count < cap; i++) {
		const struct kai_community *community = &direction->communities[i];
		struct kai_membership membership;
		struct kai_span bytes;
		bool twice = false;

		if (!kai_book_membership(turn->txn, community, turn->engine->config.org,
					 turn->scratch, &bytes, &membership) ||
		    !current(turn, &membership))
			continue;
		for (size_t k = 0; k < count; k++)
			twice |= kai_span_equal(ret[k], bytes);
		if (!twice)
			ret[count++] = bytes;
	}
	return count;
}

size_t kai_members_mine(struct kai_turn *turn, const struct kai_terms *terms, struct kai_span *ret,
			size_t cap)
{
	size_t count = mine_in(turn, &terms->a_to_b, ret, 0, cap);

	return mine_in(turn, &terms->b_to_a, ret, count, cap);
}

/* A statement of mine as keeper concerns a peer that it is about, and where it is a withdrawal
 * every partner whose agreement recognises the community. */
static bool concerns(const struct kai_membership *membership, const uint8_t org[KAI_ID_LEN],
		     const struct kai_terms *terms)
{
	if (kai_id_equal(membership->org, org))
		return true;
	return membership->withdrawn && terms != NULL &&
	       kai_terms_recognise(terms, membership->keeper, membership->name);
}

static void as_keeper(struct kai_turn *turn, struct kai_link *link, const struct kai_terms *terms,
		      bool others, kai_member_fn give, void *context)
{
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_MEMBERS,
		      kai_span(turn->engine->config.org, KAI_ID_LEN), (struct kai_span){NULL, 0},
		      false);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct kai_member_rec rec;
		struct kai_membership membership;
		size_t mark = turn->scratch->used;

		if (kai_object_decode(&kai_object_member_rec, value, turn->scratch, &rec) ==
			    KAI_FAULT_NONE &&
		    kai_membership_peek(rec.bytes, turn->scratch, &membership) == KAI_FAULT_NONE &&
		    (takes_back(turn, &membership) || current(turn, &membership)) &&
		    kai_id_equal(membership.org, link->org) != others &&
		    concerns(&membership, link->org, terms))
			give(turn, link, rec.bytes, context);
		turn->scratch->used = mark;
	}
}

void kai_members_each(struct kai_turn *turn, struct kai_link *link, const struct kai_terms *terms,
		      kai_member_fn give, void *context)
{
	struct kai_span mine[2 * 16];
	size_t count = kai_members_mine(turn, terms, mine, sizeof(mine) / sizeof(mine[0]));

	for (size_t i = 0; i < count; i++)
		give(turn, link, mine[i], context);
	as_keeper(turn, link, terms, false, give, context);
	as_keeper(turn, link, terms, true, give, context);
}

static void send_membership(struct kai_turn *turn, struct kai_link *link, struct kai_span bytes,
			    void *context)
{
	struct kai_agreement_frame frame = {.what = 3, .bytes = bytes};

	(void)context;
	if (link->state != KAI_LINK_DOWN)
		kai_out_send(turn, link, KAI_MSG_AGREEMENT, &frame, false);
}

void kai_members_present(struct kai_turn *turn, struct kai_link *link,
			 const struct kai_terms *terms)
{
	kai_members_each(turn, link, terms, send_membership, NULL);
}

/* ---- requests
 * -----------------------------------------------------------------------------------------------------
 */

static bool member_request_ok(struct kai_turn *turn, const struct kai_ctl_member *request,
			      struct kai_ctl_answer *ret)
{
	uint64_t now = (uint64_t)turn->event->wall.ms;
	struct kai_known_card card;

	if (!kai_community_valid(request->name)) {
		kai_answer(turn, ret, 3, "community",
			   "community name: small letters, digits and '-' only");
		return false;
	}
	if (request->valid_until != 0 &&
	    (request->valid_until <= now ||
	     request->valid_until > now + (uint64_t)KAI_MEMBERSHIP_MAX_MS)) {
		kai_answer(turn, ret, 3, "out-of-range",
			   "a membership lasts at most 90 days from now (state it anew later)");
		return false;
	}
	if (kai_id_equal(request->org, turn->engine->config.org)) {
		kai_answer(turn, ret, 3, "keeper",
			   "the keeper of a community is a member without saying so");
		return false;
	}
	if (!kai_book_card(turn, request->org, &card)) {
		kai_answer(turn, ret, 4, "no-card",
			   "this org is not known here (import its card first)");
		return false;
	}
	return true;
}

void kai_agree_member(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_member *req = request;
	const struct kai_engine_config *config = &turn->engine->config;
	uint64_t now = (uint64_t)turn->event->wall.ms;
	struct kai_membership held;
	struct kai_membership membership = {.version = KAI_VERSION};
	struct kai_span held_bytes;

	if (!member_request_ok(turn, req, ret))
		return;
	memcpy(membership.keeper, config->org, KAI_ID_LEN);
	memcpy(membership.org, req->org, KAI_ID_LEN);
	membership.name = req->name;
	membership.withdrawn = req->withdrawn;
	membership.valid_from = now;
	membership.valid_until =
		req->valid_until != 0 ? req->valid_until : now + (uint64_t)KAI_MEMBERSHIP_MAX_MS;
	membership.number = now / KAI_MS_SECOND;
	struct kai_community community = {.name = req->name};

	memcpy(community.keeper, config->org, KAI_ID_LEN);
	bool known = kai_book_membership(turn->txn, &community, req->org, turn->scratch,
					 &held_bytes, &held);

	if (req->withdrawn && !known) {
		kai_answer(turn, ret, 4, "membership", "there is no such membership to withdraw");
		return;
	}
	if (known && held.number >= membership.number)
		membership.number = held.number + 1;
	struct kai_span body =
		kai_object_encode_in(&kai_object_membership, &membership, turn->scratch);
	struct kai_span bytes = kai_signed_make(KAI_CTX_MEMBERSHIP, body, config->decider.key,
						config->decider.secret, turn->scratch);
	struct kai_known_card me;

	if (!kai_book_card(turn, config->org, &me)) {
		kai_answer_fault(turn, ret, 1, KAI_FAULT_NO_CARD, "own card");
		return;
	}
	enum kai_fault fault = kai_membership_open(bytes, &me.card, turn->scratch, &membership);

	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, ret, 1, fault, "membership by this node's decider key");
		return;
	}
	put_membership(turn, &membership, bytes);
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];
		const struct kai_pair *pair = kai_pair_now(turn, link);

		if (concerns(&membership, link->org,
			     pair->has_terms ? &pair->agreement.terms : NULL))
			send_membership(turn, link, bytes, NULL);
	}
	kai_trust_changed(turn);
	ret->body = bytes;
}

void kai_agree_member_import(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_member_import *req = request;
	bool fresh;
	enum kai_fault fault = kai_member_take(turn, req->bytes, NULL, &fresh);

	if (fault == KAI_FAULT_UNWANTED)
		kai_answer(turn, ret, 1, "unwanted",
			   "no agreement with the member recognises this community");
	else if (fault != KAI_FAULT_NONE)
		kai_answer_fault(turn, ret, kai_fault_class(fault) == KAI_CLASS_FRAME ? 3 : 1,
				 fault, "membership");
	else if (fresh)
		kai_trust_changed(turn);
}
