/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles: what one org gives another in a file (.kbundle), where no link reaches. Signed as a
 * whole, so that nothing in it can be left out, added or changed on the way. Whether the key may
 * speak for the org, whether the bundle is for us and new, and what becomes of the advisories in it
 * is the engine's question. Pure; any thread.
 */
#ifndef KAIRAN_BUNDLE_H
#define KAIRAN_BUNDLE_H

#include "kairan/crypto.h"

#define KAI_BUNDLE_ARMOUR "KAIRAN BUNDLE"

/*
 * Encodes and signs with that pair; secret is libsodium's 64-byte form: the bytes of a bundle_file.
 * digest as kai_bundle_open's. The arena needs as many bytes as the bundle and 256 more. The empty span when it does
 * not fit or would be refused.
 */
KAI_MUST_USE struct kai_span kai_bundle_make(const struct kai_bundle *bundle,
					     const uint8_t key[KAI_ID_LEN],
					     const uint8_t secret[64], struct kai_arena *arena,
					     uint8_t ret_digest[KAI_ID_LEN]);

/*
 * Decodes and verifies against the key inside, in the realm that the body names. digest = H(bundle,
 * realm, body). Faults of decoding, VERSION, SIGNATURE, MEANING (from itself, a wrap that is not sealed),
 * UNORDERED (heard). The arena: at most KAI_BUNDLE_ARENA bytes are taken.
 */
#define KAI_BUNDLE_ARENA ((size_t)2 << 20)
struct kai_bundle_opened {
	struct kai_bundle bundle;
	uint8_t key[KAI_ID_LEN];
	uint8_t digest[KAI_ID_LEN];
};
KAI_MUST_USE enum kai_fault kai_bundle_open(struct kai_span bytes, struct kai_arena *arena,
					    struct kai_bundle_opened *ret);

/* Does its writer say that this bundle of ours came there? 0 is none. */
bool kai_bundle_heard(const struct kai_bundle *bundle, uint64_t number);

#endif
