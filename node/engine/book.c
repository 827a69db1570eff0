/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <string.h>

#include "kairan/card.h"
#include "kairan/rec.h"

struct kai_span kai_turn_copy(struct kai_turn *turn, struct kai_span bytes)
{
	uint8_t *at = kai_arena_take(turn->scratch, bytes.len);

	if (at == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return (struct kai_span){NULL, 0};
	}
	if (bytes.len > 0)
		memcpy(at, bytes.at, bytes.len);
	return kai_span(at, bytes.len);
}

static struct kai_span arena_copy(struct kai_arena *arena, struct kai_span bytes)
{
	uint8_t *at = kai_arena_take(arena, bytes.len);

	if (at == NULL)
		return (struct kai_span){NULL, 0};
	if (bytes.len > 0)
		memcpy(at, bytes.at, bytes.len);
	return kai_span(at, bytes.len);
}

/* The body of a signed object that was verified before. */
static bool signed_body(struct kai_span bytes, struct kai_arena *arena, struct kai_span *ret)
{
	struct kai_signed envelope;

	if (kai_object_decode(&kai_object_signed, bytes, arena, &envelope) != KAI_FAULT_NONE)
		return false;
	*ret = envelope.body;
	return true;
}

bool kai_book_card_bytes(struct kai_span bytes, struct kai_arena *arena, struct kai_card *ret,
			 uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_span body;

	if (!signed_body(bytes, arena, &body) ||
	    kai_object_decode(&kai_object_card, body, arena, ret) != KAI_FAULT_NONE)
		return false;
	kai_hash(KAI_CTX_CARD, kai_realm_live, body, ret_digest);
	return true;
}

bool kai_book_card(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], struct kai_known_card *ret)
{
	if (!kai_rec_card(turn->txn, org, turn->scratch, &ret->rec))
		return false;
	if (!signed_body(ret->rec.bytes, turn->scratch, &ret->body) ||
	    kai_object_decode(&kai_object_card, ret->body, turn->scratch, &ret->card) !=
		    KAI_FAULT_NONE) {
		kai_txn_fail(turn->txn, KAI_ERR_CORRUPT);
		return false;
	}
	return true;
}

void kai_book_card_digest(const struct kai_known_card *known, uint8_t ret[KAI_ID_LEN])
{
	kai_hash(KAI_CTX_CARD, kai_realm_live, known->body, ret);
}

bool kai_turn_may_sign(struct kai_turn *turn, const struct kai_sign_pair *pair, uint64_t role)
{
	struct kai_known_card mine;

	return kai_book_card(turn, turn->engine->config.org, &mine) && !mine.rec.frozen &&
	       kai_card_key(&mine.card, pair->key, role, turn->event->wall) == KAI_FAULT_NONE;
}

bool kai_book_record(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
		     struct kai_span *ret_bytes, struct kai_node_record *ret,
		     uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_key key = kai_key_bytes(org, KAI_ID_LEN);
	struct kai_record_rec rec;
	struct kai_span body;

	if (!kai_rec_get(turn->txn, KAI_TABLE_RECORDS, &key, &kai_object_record_rec, turn->scratch,
			 &rec))
		return false;
	*ret_bytes = rec.bytes;
	if (!signed_body(*ret_bytes, turn->scratch, &body) ||
	    kai_object_decode(&kai_object_node_record, body, turn->scratch, ret) !=
		    KAI_FAULT_NONE) {
		kai_txn_fail(turn->txn, KAI_ERR_CORRUPT);
		return false;
	}
	kai_hash(KAI_CTX_NODE_RECORD, kai_realm_live, body, ret_digest);
	return true;
}

bool kai_book_membership(struct kai_txn *txn, const struct kai_community *community,
			 const uint8_t org[KAI_ID_LEN], struct kai_arena *arena,
			 struct kai_span *ret_bytes, struct kai_membership *ret)
{
	struct kai_key key = kai_key_member(community->keeper, community->name, org);
	struct kai_member_rec rec;
	struct kai_span body;

	if (!kai_rec_get(txn, KAI_TABLE_MEMBERS, &key, &kai_object_member_rec, arena, &rec))
		return false;
	*ret_bytes = rec.bytes;
	if (!signed_body(*ret_bytes, arena, &body) ||
	    kai_object_decode(&kai_object_membership, body, arena, ret) != KAI_FAULT_NONE) {
		kai_txn_fail(txn, arena->full ? KAI_ERR_NOMEM : KAI_ERR_CORRUPT);
		return false;
	}
	return true;
}

bool kai_book_notice(struct kai_txn *txn, const uint8_t agreement[KAI_ID_LEN],
		     const uint8_t org[KAI_ID_LEN], struct kai_arena *arena,
		     struct kai_span *ret_bytes, struct kai_notice *ret)
{
	struct kai_key key = kai_key_two(agreement, org);
	struct kai_span value;
	struct kai_span body;

	memset(ret, 0, sizeof(*ret));
	*ret_bytes = (struct kai_span){NULL, 0};
	if (!kai_txn_get(txn, KAI_TABLE_NOTICES, kai_key_span(&key), &value))
		return false;
	*ret_bytes = arena_copy(arena, value);
	if (!signed_body(*ret_bytes, arena, &body) ||
	    kai_object_decode(&kai_object_notice, body, arena, ret) != KAI_FAULT_NONE) {
		kai_txn_fail(txn, arena->full ? KAI_ERR_NOMEM : KAI_ERR_CORRUPT);
		return false;
	}
	return true;
}

bool kai_pact_agreed(const struct kai_agreement_read *read)
{
	return read->signed_by == 3;
}

static bool pact_read(struct kai_txn *txn, struct kai_arena *arena, struct kai_wall now,
		      struct kai_pact *io)
{
	struct kai_agreement_read *read = &io->read;
	struct kai_notice a;
	struct kai_notice b;
	struct kai_span ignored;

	memset(read, 0, sizeof(*read));
	if (kai_object_decode(&kai_object_agreement, io->rec.bytes, arena, &read->agreement) !=
		    KAI_FAULT_NONE ||
	    kai_object_decode(&kai_object_terms, read->agreement.terms, arena, &read->terms) !=
		    KAI_FAULT_NONE) {
		kai_txn_fail(txn, arena->full ? KAI_ERR_NOMEM : KAI_ERR_CORRUPT);
		return false;
	}
	kai_agreement_digest(read->agreement.terms, read->digest);
	for (size_t i = 0; i < read->agreement.signatures_count; i++) {
		int side = kai_terms_side(&read->terms, read->agreement.signatures[i].org);

		if (side >= 0)
			read->signed_by |= 1u << side;
	}
	(void)kai_book_notice(txn, read->digest, read->terms.a.org, arena, &ignored, &a);
	(void)kai_book_notice(txn, read->digest, read->terms.b.org, arena, &ignored, &b);
	io->state = kai_agreement_state(read, a.action, b.action, now);
	return true;
}

bool kai_book_pact(struct kai_txn *txn, const uint8_t org[KAI_ID_LEN],
		   const uint8_t digest[KAI_ID_LEN], struct kai_wall now, struct kai_arena *arena,
		   struct kai_pact *ret)
{
	struct kai_key key = kai_key_two(org, digest);

	if (!kai_rec_get(txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec, arena, &ret->rec))
		return false;
	memcpy(ret->org, org, KAI_ID_LEN);
	return pact_read(txn, arena, now, ret);
}

void kai_pacts_init(struct kai_pact_scan *scan, struct kai_txn *txn, const uint8_t *org,
		    struct kai_wall now, struct kai_arena *arena)
{
	struct kai_span prefix = {NULL, 0};

	if (org != NULL)
		prefix = kai_span(org, KAI_ID_LEN);
	kai_scan_init(&scan->scan, txn, KAI_TABLE_AGREEMENTS, prefix, (struct kai_span){NULL, 0},
		      false);
	scan->now = now;
	scan->arena = arena;
}

bool kai_pacts_next(struct kai_pact_scan *scan, struct kai_pact *ret)
{
	struct kai_span key;
	struct kai_span value;

	if (!kai_scan_next(&scan->scan, &key, &value))
		return false;
	struct kai_span copy = arena_copy(scan->arena, value);

	if (key.len != 2 * (size_t)KAI_ID_LEN ||
	    kai_object_decode(&kai_object_agree_rec, copy, scan->arena, &ret->rec) !=
		    KAI_FAULT_NONE) {
		kai_txn_fail(scan->scan.txn, scan->arena->full ? KAI_ERR_NOMEM : KAI_ERR_CORRUPT);
		return false;
	}
	memcpy(ret->org, key.at, KAI_ID_LEN);
	return pact_read(scan->scan.txn, scan->arena, scan->now, ret);
}

static bool direction_recognises(const struct kai_direction *direction,
				 const uint8_t keeper[KAI_ID_LEN], struct kai_span name)
{
	for (size_t i = 0; i < direction->communities_count; i++) {
		const struct kai_community *community = &direction->communities[i];

		if (kai_id_equal(community->keeper, keeper) &&
		    kai_span_equal(community->name, name))
			return true;
	}
	return false;
}

bool kai_terms_recognise(const struct kai_terms *terms, const uint8_t keeper[KAI_ID_LEN],
			 struct kai_span name)
{
	return direction_recognises(&terms->a_to_b, keeper, name) ||
	       direction_recognises(&terms->b_to_a, keeper, name);
}

void kai_instant_add(struct kai_instants *instants, uint64_t at_ms)
{
	int64_t at = at_ms > KAI_MAX_TIME_MS ? (int64_t)KAI_MAX_TIME_MS : (int64_t)at_ms;

	if (at <= instants->now) {
		if (at > instants->before)
			instants->before = at;
	} else if (at < instants->after) {
		instants->after = at;
	}
}

void kai_instants_pact(struct kai_instants *instants, const struct kai_terms *terms)
{
	kai_instant_add(instants, terms->valid_from);
	kai_instant_add(instants, terms->valid_until);
	kai_instant_add(instants, terms->valid_until + (uint64_t)KAI_GRACE_MS);
}

static void direction_instants(struct kai_instants *instants, struct kai_txn *txn,
			       const struct kai_direction *direction, const uint8_t org[KAI_ID_LEN],
			       struct kai_arena *arena)
{
	for (size_t i = 0; i < direction->communities_count; i++) {
		const struct kai_community *community = &direction->communities[i];
		struct kai_membership membership;
		struct kai_span bytes;
		size_t mark = arena->used;

		if (kai_book_membership(txn, community, org, arena, &bytes, &membership)) {
			kai_instant_add(instants, membership.valid_from);
			kai_instant_add(instants, membership.valid_until);
		}
		arena->used = mark;
	}
}

void kai_instants_members(struct kai_instants *instants, struct kai_txn *txn,
			  const struct kai_terms *terms, struct kai_arena *arena)
{
	direction_instants(instants, txn, &terms->a_to_b, terms->a.org, arena);
	direction_instants(instants, txn, &terms->a_to_b, terms->b.org, arena);
	direction_instants(instants, txn, &terms->b_to_a, terms->a.org, arena);
	direction_instants(instants, txn, &terms->b_to_a, terms->b.org, arena);
}

void kai_turn_journal(struct kai_turn *turn, const char *event, const uint8_t *org,
		      const uint8_t *id, const char *rule)
{
	struct kai_journal entry = {
		.at = (uint64_t)turn->event->wall.ms,
		.event = kai_span_str(event),
		.rule = kai_span_str(rule),
		.count = 1,
	};

	if (org != NULL) {
		entry.org.is = true;
		memcpy(entry.org.id, org, KAI_ID_LEN);
	}
	if (id != NULL) {
		entry.id.is = true;
		memcpy(entry.id.id, id, KAI_ID_LEN);
	}
	kai_journal_append(turn->txn, &entry);
}
