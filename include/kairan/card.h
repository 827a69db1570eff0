/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cards, node records, memberships, notices, releases: reading and checking what one signed object
 * can tell. What was seen before (serials, equivocation, introduction) is the engine's. Pure; any
 * thread.
 */
#ifndef KAIRAN_CARD_H
#define KAIRAN_CARD_H

#include "kairan/crypto.h"

/*
 * Root signature by the org id (SIGNATURE, KEY), version (VERSION), ordered keys, revocations and
 * sectors (UNORDERED), windows, key uses, roles, country, sectors' form (MEANING). ret_digest =
 * H(card, body).
 */
KAI_MUST_USE enum kai_fault kai_card_open(struct kai_span bytes, struct kai_arena *arena,
					  struct kai_card *ret, uint8_t ret_digest[KAI_ID_LEN]);
/* The same for a node record; endpoints must be tcp://HOST:PORT. */
KAI_MUST_USE enum kai_fault kai_node_record_open(struct kai_span bytes, struct kai_arena *arena,
						 struct kai_node_record *ret,
						 uint8_t ret_digest[KAI_ID_LEN]);

/*
 * May this key sign for this org at this time, in at least this role? role: enum kai_key_role; a
 * decider may sign what duty may, duty what system may. KEY, KEY_ROLE, KEY_WINDOW, KEY_REVOKED
 * (revoked whenever; the caller may know that it held the item before compromised-since), or NONE;
 * checked in this order, so KEY_REVOKED says that everything else is well.
 */
KAI_MUST_USE enum kai_fault kai_card_key(const struct kai_card *card, const uint8_t key[KAI_ID_LEN],
					 uint64_t role, struct kai_wall at);
/* When the window of that signing key begins; false: the card has none such. */
KAI_MUST_USE bool kai_card_key_begins(const struct kai_card *card, const uint8_t key[KAI_ID_LEN],
				      struct kai_wall *ret);
/* The newest sealing key whose window holds at; NULL when there is none. */
const struct kai_card_key *kai_card_seal_key(const struct kai_card *card, struct kai_wall at);
/* The sealing key with this hint, revoked ones left out; NULL when there is none. */
const struct kai_card_key *kai_card_seal_hint(const struct kai_card *card,
					      const uint8_t hint[KAI_HINT_LEN]);

/* Signature by the keeper's card (a decider's key, good at valid_from), ≤ 90 days. MEANING when
 * keeper differs from the card. */
KAI_MUST_USE enum kai_fault kai_membership_open(struct kai_span bytes,
						const struct kai_card *keeper,
						struct kai_arena *arena,
						struct kai_membership *ret);
/* Body only, to learn whose card is needed; verifies the signature against the key inside. */
KAI_MUST_USE enum kai_fault kai_membership_peek(struct kai_span bytes, struct kai_arena *arena,
						struct kai_membership *ret);
/* By a decider of author, whose org it must name (MEANING); key good at `at`; action known. */
KAI_MUST_USE enum kai_fault kai_notice_open(struct kai_span bytes, const struct kai_card *author,
					    struct kai_arena *arena, struct kai_notice *ret);
/* By a decider of the origin; key good at `at`; label readable (LABEL); at < expires (MEANING).
 * That the origin is the item's is the caller's question. */
KAI_MUST_USE enum kai_fault kai_release_open(struct kai_span bytes, const struct kai_card *origin,
					     struct kai_arena *arena, struct kai_release *ret);

/* Fingerprint of an org: base32 of the first 20 bytes of H(fingerprint, org id) in groups of four:
 * 8 groups joined by '-', NUL-terminated. */
#define KAI_FINGERPRINT_SIZE 40
void kai_fingerprint(const uint8_t org[KAI_ID_LEN], char ret[KAI_FINGERPRINT_SIZE]);
/* Compares a typed fingerprint: case, spaces and dashes do not matter, all 32 characters do. */
bool kai_fingerprint_matches(const uint8_t org[KAI_ID_LEN], const char *typed);

#endif
