/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts: what one org signs to one other about items that this one gave or offered it. One
 * signature covers a batch: its root is the digest of the body that lists the items. Whether the
 * key may speak for the org, and whether the items ever went that way, is the engine's question.
 * Pure; any thread.
 */
#ifndef KAIRAN_RECEIPT_H
#define KAIRAN_RECEIPT_H

#include "kairan/crypto.h"

/* Encodes and signs with that pair; secret is libsodium's 64-byte form. digest as kai_receipt_open's. The
 * empty span when it does not fit or would be refused. */
KAI_MUST_USE struct kai_span kai_receipt_make(const struct kai_receipt *receipt,
					      const uint8_t key[KAI_ID_LEN],
					      const uint8_t secret[64], struct kai_arena *arena,
					      uint8_t ret_digest[KAI_ID_LEN]);

/*
 * Decodes and verifies against the key inside, in the realm that the body names. digest = H(receipt,
 * realm, body). Faults of decoding, VERSION, SIGNATURE, UNORDERED, and MEANING: an action without its
 * level or the reverse, a person's level without a role, counts beyond their members. A level or an
 * action of a later version passes: whoever does not know it passes over the entry.
 */
struct kai_receipt_opened {
	struct kai_receipt receipt;
	uint8_t key[KAI_ID_LEN];
	uint8_t digest[KAI_ID_LEN];
};
KAI_MUST_USE enum kai_fault kai_receipt_open(struct kai_span bytes, struct kai_arena *arena,
					     struct kai_receipt_opened *ret);

/* Is the level a person's to say? */
static inline bool kai_level_of_person(uint64_t level)
{
	return level >= KAI_LEVEL_SEEN && level <= KAI_LEVEL_ACTION;
}

/* Stable words: "delivered" …, "not-affected" …; NULL for what this version does not know. */
const char *kai_level_word(uint64_t level);
const char *kai_action_word(uint64_t action);
/* 0: no such word. */
uint64_t kai_level_named(struct kai_span word);
uint64_t kai_action_named(struct kai_span word);

#endif
