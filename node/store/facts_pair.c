/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between this org and another: the agreement that counts, its state, memberships. */
#include "kairan/facts.h"
#include "kairan/rec.h"

#include <string.h>

#include "kairan/drill.h"

struct candidate {
	struct kai_agreement_read read;
	bool there;
	bool agreed; /* both signed */
	bool holds;  /* that, and the window holds */
};

/* ---- agreement */

/*
 * An agreement was accepted by its parties' cards of that day, and stays in force when a key that
 * signed it is retired later: so its signatures are checked against themselves only.
 */
static bool read_agreement(struct kai_txn *txn, const struct kai_pair *pair, struct kai_span value,
			   struct kai_arena *arena, struct kai_agreement_read *ret)
{
	struct kai_agree_rec record;

	if (kai_object_decode(&kai_object_agree_rec, value, arena, &record) != KAI_FAULT_NONE) {
		kai_txn_fail(txn, KAI_ERR_CORRUPT);
		return false;
	}
	uint8_t *bytes = kai_arena_take(arena, record.bytes.len);

	if (bytes == NULL)
		return false;
	memcpy(bytes, record.bytes.at, record.bytes.len);
	if (kai_agreement_open(kai_span(bytes, record.bytes.len), NULL, NULL, arena, ret) !=
	    KAI_FAULT_NONE)
		return false;
	int mine = kai_terms_side(&ret->terms, pair->me);
	int theirs = kai_terms_side(&ret->terms, pair->org);

	return mine >= 0 && theirs >= 0 && mine != theirs;
}

static bool window_holds(const struct kai_agreement_read *read, struct kai_wall now)
{
	return now.ms >= (int64_t)read->terms.valid_from &&
	       now.ms < (int64_t)read->terms.valid_until;
}

/* In force before others, then what both signed before what one side says alone, then the newest; at equal
 * serial the lower digest, as both ends see it. */
static bool counts_before(const struct candidate *a, const struct candidate *b)
{
	if (!b->there || a->holds != b->holds)
		return !b->there || a->holds;
	if (a->agreed != b->agreed)
		return a->agreed;
	if (a->read.terms.serial != b->read.terms.serial)
		return a->read.terms.serial > b->read.terms.serial;
	return memcmp(a->read.digest, b->read.digest, KAI_ID_LEN) < 0;
}

static void choose_agreement(struct kai_txn *txn, const struct kai_pair *pair, struct kai_wall now,
			     struct kai_arena *arena, struct candidate *ret)
{
	struct kai_key prefix = kai_key_bytes(pair->org, KAI_ID_LEN);
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_AGREEMENTS, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct candidate next = {.there = true};
		size_t mark = arena->used;

		if (read_agreement(txn, pair, value, arena, &next.read)) {
			next.agreed = next.read.signed_by == 3;
			next.holds = next.agreed && window_holds(&next.read, now);
			if (counts_before(&next, ret)) {
				*ret = next;
				continue;
			}
		}
		arena->used = mark;
	}
}

/* ---- digest: compared with itself on this node only, never sent. What each statement is counts, not only
 * what it comes to: a peer that knew one less refused what it would take now. */

static void digest_add(uint8_t io_digest[KAI_ID_LEN], struct kai_span a, struct kai_span b)
{
	const struct kai_span pieces[] = {kai_span(io_digest, KAI_ID_LEN), a, b};
	uint8_t next[KAI_ID_LEN];

	kai_hash_many(KAI_CTX_AGREEMENT, kai_realm_live, pieces, 3, next);
	memcpy(io_digest, next, KAI_ID_LEN);
}

static void digest_number(uint8_t io_digest[KAI_ID_LEN], uint64_t number)
{
	uint8_t bytes[8];

	kai_put_be64(bytes, number);
	digest_add(io_digest, kai_span(bytes, sizeof(bytes)), (struct kai_span){NULL, 0});
}

/* ---- notices */

/* That side's newest notice; one that cannot be read suspends. */
static uint64_t notice_action(struct kai_txn *txn, const struct kai_agreement_read *read, int side,
			      struct kai_arena *arena, uint8_t io_digest[KAI_ID_LEN])
{
	const uint8_t *org = kai_terms_party(&read->terms, side)->org;
	struct kai_key key = kai_key_two(read->digest, org);
	size_t mark = arena->used;
	uint64_t action = KAI_NOTICE_SUSPEND;
	struct kai_span bytes;
	struct kai_signed envelope;
	struct kai_notice notice;

	if (!kai_txn_get(txn, KAI_TABLE_NOTICES, kai_key_span(&key), &bytes))
		return 0;
	if (kai_signed_open(KAI_CTX_NOTICE, bytes, arena, &envelope) == KAI_FAULT_NONE &&
	    kai_object_decode(&kai_object_notice, envelope.body, arena, &notice) ==
		    KAI_FAULT_NONE &&
	    kai_id_equal(notice.agreement, read->digest) && kai_id_equal(notice.org, org)) {
		action = notice.action;
		digest_number(io_digest, notice.number);
	}
	arena->used = mark;
	return action;
}

/* ---- memberships */

struct gather {
	struct kai_txn *txn;
	struct kai_arena *arena;
	struct kai_wall now;
	const uint8_t *orgs[2]; /* me and the other, in the arena */
	struct kai_member *list;
	size_t count;
	uint8_t *digest; /* of the pair */
};

static bool is_current(const struct gather *gather, const struct kai_community *community,
		       const struct kai_card *keeper, const uint8_t *org, uint64_t *ret_number)
{
	struct kai_key key = kai_key_member(community->keeper, community->name, org);
	struct kai_member_rec record;
	struct kai_membership membership;

	if (!kai_rec_get(gather->txn, KAI_TABLE_MEMBERS, &key, &kai_object_member_rec,
			 gather->arena, &record) ||
	    kai_membership_open(record.bytes, keeper, gather->arena, &membership) != KAI_FAULT_NONE)
		return false;
	*ret_number = membership.number;
	return !membership.withdrawn && kai_id_equal(membership.keeper, community->keeper) &&
	       kai_span_equal(membership.name, community->name) &&
	       kai_id_equal(membership.org, org) &&
	       gather->now.ms >= (int64_t)membership.valid_from &&
	       gather->now.ms < (int64_t)membership.valid_until;
}

static bool gathered(const struct gather *gather, const struct kai_community *community)
{
	for (size_t i = 0; i < gather->count; i++) {
		if (kai_id_equal(gather->list[i].keeper, community->keeper) &&
		    kai_span_equal(gather->list[i].name, community->name))
			return true;
	}
	return false;
}

/* The statements of a keeper whose card is unknown, or contradicted by another one, count for
 * nothing. */
static void gather_community(struct gather *gather, const struct kai_community *community)
{
	size_t mark = gather->arena->used;
	struct kai_card_rec record;
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];

	if (gathered(gather, community))
		return;
	if (kai_rec_card(gather->txn, community->keeper, gather->arena, &record) &&
	    !record.frozen &&
	    kai_card_open(record.bytes, gather->arena, &card, digest) == KAI_FAULT_NONE) {
		for (size_t i = 0; i < 2; i++) {
			uint64_t number;

			if (!is_current(gather, community, &card, gather->orgs[i], &number))
				continue;
			digest_add(gather->digest, kai_span(gather->orgs[i], KAI_ID_LEN),
				   kai_span(community->keeper, KAI_ID_LEN));
			digest_add(gather->digest, (struct kai_span){NULL, 0}, community->name);
			digest_number(gather->digest, number);
			gather->list[gather->count++] = (struct kai_member){
				.org = gather->orgs[i],
				.keeper = community->keeper,
				.name = community->name,
			};
		}
	}
	gather->arena->used = mark;
}

static void gather_direction(struct gather *gather, const struct kai_direction *direction)
{
	for (size_t i = 0; i < direction->communities_count; i++)
		gather_community(gather, &direction->communities[i]);
}

static const uint8_t *org_in(struct kai_arena *arena, const uint8_t org[KAI_ID_LEN])
{
	uint8_t *at = kai_arena_take(arena, KAI_ID_LEN);

	if (at != NULL)
		memcpy(at, org, KAI_ID_LEN);
	return at;
}

static void load_members(struct kai_txn *txn, struct kai_wall now, struct kai_arena *arena,
			 struct kai_pair *pair)
{
	const struct kai_terms *terms = &pair->agreement.terms;
	size_t most = 2 * (terms->a_to_b.communities_count + terms->b_to_a.communities_count);
	struct gather gather = {
		.txn = txn,
		.arena = arena,
		.now = now,
		.orgs = {org_in(arena, pair->me), org_in(arena, pair->org)},
		.digest = pair->digest,
		.list = kai_arena_take(arena, most * sizeof(struct kai_member)),
	};

	if (gather.orgs[0] == NULL || gather.orgs[1] == NULL || gather.list == NULL)
		return;
	gather_direction(&gather, &terms->a_to_b);
	gather_direction(&gather, &terms->b_to_a);
	pair->members = gather.list;
	pair->member_count = gather.count;
}

/* In a drill's store: do both take part, and may they with each other? */
static void load_realm(struct kai_txn *txn, struct kai_arena *arena, struct kai_pair *pair)
{
	size_t mark = arena->used;
	uint8_t realm[KAI_REALM_LEN];
	struct kai_drill_held held;

	kai_rec_realm(txn, realm);
	if (pair->has_terms && !kai_realm_is_live(realm) &&
	    kai_rec_drill(txn, realm, arena, &held) &&
	    pair->agreement.terms.drill_consent >= held.drill.level &&
	    kai_drill_consents(txn, &held, pair->me, arena) &&
	    kai_drill_consents(txn, &held, pair->org, arena))
		memcpy(pair->realm, realm, KAI_REALM_LEN);
	digest_add(pair->digest, kai_span(pair->realm, KAI_REALM_LEN), (struct kai_span){NULL, 0});
	arena->used = mark;
}

void kai_pair_load(struct kai_txn *txn, const uint8_t me[KAI_ID_LEN], const uint8_t org[KAI_ID_LEN],
		   struct kai_wall now, struct kai_arena *arena, struct kai_pair *ret)
{
	struct candidate chosen = {.there = false};
	struct kai_peer peer;

	*ret = (struct kai_pair){.state = KAI_STATE_NONE};
	memcpy(ret->me, me, KAI_ID_LEN);
	memcpy(ret->org, org, KAI_ID_LEN);
	if (kai_rec_peer(txn, org, arena, &peer))
		ret->peer = (uint16_t)peer.number;
	choose_agreement(txn, ret, now, arena, &chosen);
	if (chosen.there) {
		ret->has_terms = true;
		ret->agreement = chosen.read;
		digest_add(ret->digest, kai_span(ret->agreement.digest, KAI_ID_LEN),
			   (struct kai_span){NULL, 0});
		uint64_t first = notice_action(txn, &chosen.read, 0, arena, ret->digest);
		uint64_t second = notice_action(txn, &chosen.read, 1, arena, ret->digest);

		ret->state = kai_agreement_state(&chosen.read, first, second, now);
		load_members(txn, now, arena, ret);
	}
	digest_number(ret->digest, ret->state);
	load_realm(txn, arena, ret);
}
