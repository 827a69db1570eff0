/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/agreement.h"

#include <string.h>

#include "kairan/kinds.h"
#include "kairan/label.h"
#include "meaning.h"

const char *kai_agreement_state_word(enum kai_agreement_state state)
{
	static const char *const words[] = {
#define X(name, word) [KAI_STATE_##name] = (word),
		KAI_X_AGREEMENT_STATE(X)
#undef X
	};

	return (unsigned)state < KAI_STATE_END ? words[state] : "?";
}

void kai_agreement_digest(struct kai_span terms, uint8_t ret[KAI_ID_LEN])
{
	kai_hash(KAI_CTX_AGREEMENT, kai_realm_live, terms, ret);
}

int kai_terms_side(const struct kai_terms *terms, const uint8_t org[KAI_ID_LEN])
{
	if (kai_id_equal(terms->a.org, org))
		return 0;
	return kai_id_equal(terms->b.org, org) ? 1 : -1;
}

const struct kai_party *kai_terms_party(const struct kai_terms *terms, int side)
{
	return side == 0 ? &terms->a : &terms->b;
}

const struct kai_direction *kai_terms_direction(const struct kai_terms *terms, int from)
{
	return from == 0 ? &terms->a_to_b : &terms->b_to_a;
}

/* ---- terms across fields */

static enum kai_fault check_kinds(const uint64_t *kinds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && kinds[i - 1] >= kinds[i])
			return KAI_FAULT_UNORDERED;
		if (kai_kind_row(kinds[i]) == NULL)
			return KAI_FAULT_MEANING;
	}
	return KAI_FAULT_NONE;
}

static enum kai_fault check_communities(const struct kai_community *communities, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!kai_community_valid(communities[i].name))
			return KAI_FAULT_MEANING;
		if (i == 0)
			continue;
		int order = memcmp(communities[i - 1].keeper, communities[i].keeper, KAI_ID_LEN);

		if (order == 0)
			order = kai_span_compare(communities[i - 1].name, communities[i].name);
		if (order >= 0)
			return KAI_FAULT_UNORDERED;
	}
	return KAI_FAULT_NONE;
}

static enum kai_fault check_direction(const struct kai_direction *direction)
{
	enum kai_fault fault = check_kinds(direction->kinds, direction->kinds_count);
	bool all = direction->sectors_count == 1 &&
		   kai_span_equal(direction->sectors[0], kai_span_str("*"));

	if (fault == KAI_FAULT_NONE && !all)
		fault = kai_sectors_check(direction->sectors, direction->sectors_count);
	if (fault == KAI_FAULT_NONE)
		fault = check_communities(direction->communities, direction->communities_count);
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (direction->ceiling < KAI_TLP_RED || direction->ceiling > KAI_TLP_CLEAR ||
	    direction->onward < KAI_ONWARD_NONE || direction->onward > KAI_ONWARD_ANY ||
	    direction->attribution < KAI_ATTR_NAMED || direction->attribution > KAI_ATTR_NONE)
		return KAI_FAULT_LABEL;
	return KAI_FAULT_NONE;
}

static enum kai_fault check_party(const struct kai_party *party)
{
	if (!kai_country_valid(party->country))
		return KAI_FAULT_MEANING;
	return kai_sectors_check(party->sectors, party->sectors_count);
}

/* A duty passes on to orgs and communities only: a sector is not somebody whom one can owe. */
static enum kai_fault check_target(const struct kai_audience_entry *entry)
{
	if (entry->org.len != KAI_ID_LEN)
		return KAI_FAULT_MEANING;
	if (entry->type == KAI_AUD_ORG)
		return entry->text.len == 0 ? KAI_FAULT_NONE : KAI_FAULT_MEANING;
	if (entry->type == KAI_AUD_COMMUNITY)
		return kai_community_valid(entry->text) ? KAI_FAULT_NONE : KAI_FAULT_MEANING;
	return KAI_FAULT_MEANING;
}

static int compare_entries(const struct kai_audience_entry *a, const struct kai_audience_entry *b)
{
	int order = (a->type > b->type) - (a->type < b->type);

	if (order == 0)
		order = kai_span_compare(a->org, b->org);
	return order != 0 ? order : kai_span_compare(a->text, b->text);
}

static enum kai_fault check_duty(const struct kai_duty *duty)
{
	enum kai_fault fault = check_kinds(duty->kinds, duty->kinds_count);

	for (size_t i = 0; fault == KAI_FAULT_NONE && i < duty->target_count; i++) {
		if (i > 0 && compare_entries(&duty->target[i - 1], &duty->target[i]) >= 0)
			return KAI_FAULT_UNORDERED;
		fault = check_target(&duty->target[i]);
	}
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (duty->urgency < KAI_URGENCY_NOW || duty->urgency > KAI_URGENCY_INFO ||
	    duty->action < 1 || duty->action > 3)
		return KAI_FAULT_MEANING;
	return KAI_FAULT_NONE;
}

/* The item comes over this agreement to one of its parties, and not back to who made it. */
static enum kai_fault check_clause(const struct kai_terms *terms,
				   const struct kai_contingency *clause)
{
	if (kai_terms_side(terms, clause->to) < 0 || kai_id_equal(clause->from, clause->to))
		return KAI_FAULT_MEANING;
	return check_kinds(clause->kinds, clause->kinds_count);
}

static enum kai_fault check_lists(const struct kai_terms *terms)
{
	enum kai_fault fault = KAI_FAULT_NONE;

	for (size_t i = 0; fault == KAI_FAULT_NONE && i < terms->duties_count; i++)
		fault = check_duty(&terms->duties[i]);
	for (size_t i = 0; fault == KAI_FAULT_NONE && i < terms->acks_count; i++) {
		const struct kai_ack_deadline *ack = &terms->acks[i];

		if (ack->urgency < KAI_URGENCY_NOW || ack->urgency > KAI_URGENCY_INFO ||
		    ack->level < 1 || ack->level > 4)
			fault = KAI_FAULT_MEANING;
	}
	for (size_t i = 0; fault == KAI_FAULT_NONE && i < terms->contingency_count; i++)
		fault = check_clause(terms, &terms->contingency[i]);
	return fault;
}

static enum kai_fault check_window(const struct kai_terms *terms)
{
	if (terms->valid_from >= terms->valid_until)
		return KAI_FAULT_MEANING;
	if (terms->review_by != 0 &&
	    (terms->review_by < terms->valid_from || terms->review_by > terms->valid_until))
		return KAI_FAULT_MEANING;
	return KAI_FAULT_NONE;
}

enum kai_fault kai_terms_check(const struct kai_terms *terms)
{
	enum kai_fault fault;

	if (terms->version != KAI_VERSION)
		return KAI_FAULT_VERSION;
	if (memcmp(terms->a.org, terms->b.org, KAI_ID_LEN) >= 0)
		return KAI_FAULT_UNORDERED;
	if (terms->drill_consent > 2 || (terms->contingency_only && terms->contingency_count == 0))
		return KAI_FAULT_MEANING;
	fault = check_window(terms);
	if (fault == KAI_FAULT_NONE)
		fault = check_party(&terms->a);
	if (fault == KAI_FAULT_NONE)
		fault = check_party(&terms->b);
	if (fault == KAI_FAULT_NONE)
		fault = check_direction(&terms->a_to_b);
	if (fault == KAI_FAULT_NONE)
		fault = check_direction(&terms->b_to_a);
	return fault == KAI_FAULT_NONE ? check_lists(terms) : fault;
}

/* ---- signatures */

/*
 * The terms say nothing of when they were signed, so the key's window is not asked here; that it is
 * a decider's and not revoked is.
 */
static enum kai_fault check_signer(const struct kai_card *card,
				   const struct kai_party_signature *signature)
{
	if (!kai_id_equal(card->org, signature->org))
		return KAI_FAULT_KEY;
	for (size_t i = 0; i < card->keys_count; i++) {
		const struct kai_card_key *key = &card->keys[i];

		if (key->use == KAI_KEY_SIGN && kai_id_equal(key->key, signature->key)) {
			struct kai_wall inside = {(int64_t)key->not_before};

			return kai_card_key(card, key->key, KAI_ROLE_DECIDER, inside);
		}
	}
	return KAI_FAULT_KEY;
}

static enum kai_fault check_signature(const struct kai_agreement_read *read, size_t index,
				      const struct kai_card *const cards[2], int *ret_side)
{
	const struct kai_party_signature *signature = &read->agreement.signatures[index];
	int side = kai_terms_side(&read->terms, signature->org);

	if (side < 0)
		return KAI_FAULT_KEY;
	if (index > 0 && memcmp(signature[-1].org, signature->org, KAI_ID_LEN) >= 0)
		return KAI_FAULT_UNORDERED;
	if (!kai_verify(KAI_CTX_AGREEMENT, kai_realm_live, read->digest, signature->key,
			signature->sig))
		return KAI_FAULT_SIGNATURE;
	*ret_side = side;
	return cards[side] == NULL ? KAI_FAULT_NONE : check_signer(cards[side], signature);
}

enum kai_fault kai_agreement_open(struct kai_span bytes, const struct kai_card *card_a,
				  const struct kai_card *card_b, struct kai_arena *arena,
				  struct kai_agreement_read *ret)
{
	const struct kai_card *const cards[2] = {card_a, card_b};
	struct kai_agreement_read read = {.signed_by = 0};
	enum kai_fault fault =
		kai_object_decode(&kai_object_agreement, bytes, arena, &read.agreement);

	if (fault == KAI_FAULT_NONE)
		fault = kai_versioned_decode(&kai_object_terms, read.agreement.terms, arena,
					     &read.terms);
	if (fault == KAI_FAULT_NONE)
		fault = kai_terms_check(&read.terms);
	if (fault != KAI_FAULT_NONE)
		return fault;
	kai_agreement_digest(read.agreement.terms, read.digest);
	for (size_t i = 0; i < read.agreement.signatures_count; i++) {
		int side = 0;

		fault = check_signature(&read, i, cards, &side);
		if (fault != KAI_FAULT_NONE)
			return fault;
		read.signed_by |= 1u << side;
	}
	*ret = read;
	return KAI_FAULT_NONE;
}

struct kai_span kai_agreement_sign(struct kai_span terms, const struct kai_party_signature *other,
				   const uint8_t org[KAI_ID_LEN], const uint8_t key[KAI_ID_LEN],
				   const uint8_t secret[64], struct kai_arena *arena)
{
	struct kai_party_signature mine;
	uint8_t digest[KAI_ID_LEN];

	kai_agreement_digest(terms, digest);
	memcpy(mine.org, org, KAI_ID_LEN);
	memcpy(mine.key, key, KAI_ID_LEN);
	kai_sign(KAI_CTX_AGREEMENT, kai_realm_live, digest, secret, mine.sig);

	struct kai_party_signature signatures[2] = {mine, mine};
	struct kai_agreement agreement = {
		.terms = terms, .signatures = signatures, .signatures_count = 1};

	if (other != NULL && !kai_id_equal(other->org, org)) {
		signatures[memcmp(other->org, org, KAI_ID_LEN) < 0 ? 0 : 1] = *other;
		agreement.signatures_count = 2;
	}
	return kai_object_encode_in(&kai_object_agreement, &agreement, arena);
}

/* ---- state */

static bool stops(uint64_t action)
{
	return action != 0 && action != KAI_NOTICE_RESUME;
}

/* Where two apply, the one after which less may pass. An unknown action suspends. */
enum kai_agreement_state kai_agreement_state(const struct kai_agreement_read *agreement,
					     uint64_t action_a, uint64_t action_b,
					     struct kai_wall now)
{
	if (action_a == KAI_NOTICE_TERMINATE || action_b == KAI_NOTICE_TERMINATE)
		return KAI_STATE_TERMINATED;
	if (now.ms >= (int64_t)agreement->terms.valid_until)
		return KAI_STATE_EXPIRED;
	if (agreement->signed_by != 3)
		return KAI_STATE_PROPOSED;
	if (now.ms < (int64_t)agreement->terms.valid_from)
		return KAI_STATE_FUTURE;
	if (stops(action_a) || stops(action_b))
		return KAI_STATE_SUSPENDED;
	return KAI_STATE_ACTIVE;
}

bool kai_clause_names(const struct kai_contingency *clause, const uint8_t from[KAI_ID_LEN],
		      const uint8_t to[KAI_ID_LEN], uint64_t kind)
{
	if (!kai_id_equal(clause->from, from) || !kai_id_equal(clause->to, to))
		return false;
	for (size_t i = 0; i < clause->kinds_count; i++) {
		if (clause->kinds[i] == kind)
			return true;
	}
	return false;
}
