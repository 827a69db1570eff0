/* SPDX-License-Identifier: Apache-2.0 */
/* Cards and node records: what one signed object can tell, and which key may do what. */
#include "kairan/card.h"

#include <string.h>

#include "kairan/label.h"
#include "meaning.h"
#include "statement.h"

/* ---- cards ---- */

static bool key_fits(const struct kai_card_key *key)
{
	if (key->not_before >= key->not_after)
		return false;
	if (key->use == KAI_KEY_SEAL)
		return key->role == 0;
	return key->use == KAI_KEY_SIGN && key->role >= KAI_ROLE_SYSTEM &&
	       key->role <= KAI_ROLE_DECIDER;
}

static enum kai_fault card_keys_check(const struct kai_card *card)
{
	for (size_t i = 0; i < card->keys_count; i++) {
		const struct kai_card_key *key = &card->keys[i];

		if (!key_fits(key))
			return KAI_FAULT_MEANING;
		if (i > 0 &&
		    (key[-1].use > key->use ||
		     (key[-1].use == key->use && memcmp(key[-1].key, key->key, KAI_ID_LEN) >= 0)))
			return KAI_FAULT_UNORDERED;
	}
	for (size_t i = 1; i < card->revocations_count; i++)
		if (memcmp(card->revocations[i - 1].key, card->revocations[i].key, KAI_ID_LEN) >= 0)
			return KAI_FAULT_UNORDERED;
	return KAI_FAULT_NONE;
}

static enum kai_fault card_check(const struct kai_card *card)
{
	enum kai_fault fault = kai_sectors_check(card->sectors, card->sectors_count);

	if (fault == KAI_FAULT_NONE)
		fault = card_keys_check(card);
	if (fault == KAI_FAULT_NONE &&
	    (card->issued_at >= card->valid_until || !kai_country_valid(card->country)))
		fault = KAI_FAULT_MEANING;
	return fault;
}

enum kai_fault kai_card_open(struct kai_span bytes, struct kai_arena *arena, struct kai_card *ret,
			     uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_signed statement;
	struct kai_card card;
	enum kai_fault fault =
		kai_statement_open(KAI_CTX_CARD, &kai_object_card, bytes, arena, &statement, &card);

	/* The root key is the org's identity: nobody else speaks about it. */
	if (fault == KAI_FAULT_NONE && !kai_id_equal(statement.key, card.org))
		fault = KAI_FAULT_KEY;
	if (fault == KAI_FAULT_NONE)
		fault = card_check(&card);
	if (fault != KAI_FAULT_NONE)
		return fault;
	kai_hash(KAI_CTX_CARD, kai_realm_live, statement.body, ret_digest);
	*ret = card;
	return KAI_FAULT_NONE;
}

/* ---- node records ---- */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Decimal, 1 to 65535, no leading zero. */
static bool port_fits(struct kai_span text)
{
	unsigned port = 0;

	if (text.len < 1 || text.len > 5 || text.at[0] == '0')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!is_digit(text.at[i]))
			return false;
		port = port * 10 + (unsigned)(text.at[i] - '0');
	}
	return port <= 65535;
}

/* A name, an IPv4 address, or an IPv6 address in brackets; a wildcard or an interface is none. */
static bool host_fits(struct kai_span text)
{
	if (text.len == 0)
		return false;
	if (text.at[0] == '[') {
		for (size_t i = 1; i + 1 < text.len; i++)
			if (!is_digit(text.at[i]) && !is_letter(text.at[i]) && text.at[i] != ':' &&
			    text.at[i] != '.')
				return false;
		return text.len >= 5 && text.at[text.len - 1] == ']';
	}
	for (size_t i = 0; i < text.len; i++)
		if (!is_digit(text.at[i]) && !is_letter(text.at[i]) && text.at[i] != '.' &&
		    text.at[i] != '-')
			return false;
	return text.at[0] != '-' && text.at[0] != '.';
}

static bool endpoint_fits(struct kai_span text)
{
	const struct kai_span scheme = kai_span_str("tcp://");

	if (text.len < scheme.len || memcmp(text.at, scheme.at, scheme.len) != 0)
		return false;
	size_t colon = text.len;

	while (colon > scheme.len && text.at[colon - 1] != ':')
		colon--;
	if (colon == scheme.len)
		return false;
	return host_fits(kai_span(text.at + scheme.len, colon - 1 - scheme.len)) &&
	       port_fits(kai_span(text.at + colon, text.len - colon));
}

static enum kai_fault record_check(const struct kai_node_record *record)
{
	if (record->issued_at >= record->valid_until)
		return KAI_FAULT_MEANING;
	for (size_t i = 0; i < record->keys_count; i++) {
		const struct kai_node_key *key = &record->keys[i];

		if (key->not_before >= key->not_after)
			return KAI_FAULT_MEANING;
		if (i > 0 && memcmp(key[-1].key, key->key, KAI_ID_LEN) >= 0)
			return KAI_FAULT_UNORDERED;
	}
	for (size_t i = 0; i < record->endpoints_count; i++)
		if (!endpoint_fits(record->endpoints[i]))
			return KAI_FAULT_MEANING;
	return KAI_FAULT_NONE;
}

enum kai_fault kai_node_record_open(struct kai_span bytes, struct kai_arena *arena,
				    struct kai_node_record *ret, uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_signed statement;
	struct kai_node_record record;
	enum kai_fault fault = kai_statement_open(KAI_CTX_NODE_RECORD, &kai_object_node_record,
						  bytes, arena, &statement, &record);

	if (fault == KAI_FAULT_NONE && !kai_id_equal(statement.key, record.org))
		fault = KAI_FAULT_KEY;
	if (fault == KAI_FAULT_NONE)
		fault = record_check(&record);
	if (fault != KAI_FAULT_NONE)
		return fault;
	kai_hash(KAI_CTX_NODE_RECORD, kai_realm_live, statement.body, ret_digest);
	*ret = record;
	return KAI_FAULT_NONE;
}

/* ---- keys ---- */

static bool key_revoked(const struct kai_card *card, const uint8_t key[KAI_ID_LEN])
{
	for (size_t i = 0; i < card->revocations_count; i++)
		if (kai_id_equal(card->revocations[i].key, key))
			return true;
	return false;
}

static bool window_holds(const struct kai_card_key *key, struct kai_wall at)
{
	return at.ms >= 0 && (uint64_t)at.ms >= key->not_before && (uint64_t)at.ms < key->not_after;
}

static const struct kai_card_key *find_signing_key(const struct kai_card *card,
						   const uint8_t key[KAI_ID_LEN])
{
	for (size_t i = 0; i < card->keys_count; i++)
		if (card->keys[i].use == KAI_KEY_SIGN && kai_id_equal(card->keys[i].key, key))
			return &card->keys[i];
	return NULL;
}

bool kai_card_key_begins(const struct kai_card *card, const uint8_t key[KAI_ID_LEN],
			 struct kai_wall *ret)
{
	const struct kai_card_key *found = find_signing_key(card, key);

	if (found != NULL)
		ret->ms = (int64_t)found->not_before;
	return found != NULL;
}

enum kai_fault kai_card_key(const struct kai_card *card, const uint8_t key[KAI_ID_LEN],
			    uint64_t role, struct kai_wall at)
{
	const struct kai_card_key *found = find_signing_key(card, key);

	if (found == NULL)
		return KAI_FAULT_KEY;
	if (role < KAI_ROLE_SYSTEM || found->role > KAI_ROLE_DECIDER || found->role < role)
		return KAI_FAULT_KEY_ROLE;
	if (!window_holds(found, at))
		return KAI_FAULT_KEY_WINDOW;
	/* Last, so that whoever forgives a revocation has had everything else checked. */
	return key_revoked(card, key) ? KAI_FAULT_KEY_REVOKED : KAI_FAULT_NONE;
}

const struct kai_card_key *kai_card_seal_key(const struct kai_card *card, struct kai_wall at)
{
	const struct kai_card_key *newest = NULL;

	for (size_t i = 0; i < card->keys_count; i++) {
		const struct kai_card_key *key = &card->keys[i];

		if (key->use == KAI_KEY_SEAL && window_holds(key, at) &&
		    !key_revoked(card, key->key) &&
		    (newest == NULL || key->not_before > newest->not_before))
			newest = key;
	}
	return newest;
}

const struct kai_card_key *kai_card_seal_hint(const struct kai_card *card,
					      const uint8_t hint[KAI_HINT_LEN])
{
	for (size_t i = 0; i < card->keys_count; i++) {
		const struct kai_card_key *key = &card->keys[i];
		uint8_t own[KAI_HINT_LEN];

		if (key->use != KAI_KEY_SEAL || key_revoked(card, key->key))
			continue;
		kai_key_hint(key->key, own);
		if (memcmp(own, hint, KAI_HINT_LEN) == 0)
			return key;
	}
	return NULL;
}
