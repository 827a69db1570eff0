/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing, signing, sealing. Ed25519 (RFC 8032, libsodium's strict verification), X25519,
 * BLAKE2b-256 (RFC 7693), XChaCha20-Poly1305 (IETF draft). Every use is separated by a context and
 * a realm. Pure: randomness comes in as bytes (kai_expand), never from libsodium's generators.
 * Secrets are the caller's, in sodium_malloc memory. Any thread.
 */
#ifndef KAIRAN_CRYPTO_H
#define KAIRAN_CRYPTO_H

#include "kairan/wire.h"

/* Contexts: 16 bytes, the word padded with zeros. */
#define KAI_X_CTX(X)                                                                               \
	X(ADVISORY, "k1 advisory")   /* id = H(advisory, realm, header) */                         \
	X(TREE_ROOT, "k1 tree root") /* signature over a tree's root */                            \
	X(TREE_LEAF, "k1 tree leaf")                                                               \
	X(TREE_NODE, "k1 tree node")                                                               \
	X(CLASS, "k1 class")                                                                       \
	X(PART, "k1 part") /* hash of a ciphertext; additional data of the AEAD */                 \
	X(KEY_COMMIT, "k1 key commit")                                                             \
	X(LABEL_COMMIT, "k1 label commit")                                                         \
	X(LINK_KEY, "k1 link key")                                                                 \
	X(WRAP, "k1 wrap")	   /* nonce and additional data of a wrap */                       \
	X(SEAL_KEY, "k1 seal key") /* key hints */                                                 \
	X(CARD, "k1 card")                                                                         \
	X(NODE_RECORD, "k1 node record")                                                           \
	X(NEXT_ROOT, "k1 next root")                                                               \
	X(AGREEMENT, "k1 agreement")                                                               \
	X(MEMBERSHIP, "k1 membership")                                                             \
	X(NOTICE, "k1 notice")                                                                     \
	X(RELEASE, "k1 release")                                                                   \
	X(RECEIPT, "k1 receipt") /* with its realm, not always live */                             \
	X(BUNDLE, "k1 bundle")	 /* likewise */                                                    \
	X(CASE, "k1 case")	 /* a case file's seal, and the chain of its lines */              \
	X(DRILL, "k1 drill")                                                                       \
	X(DRILL_SAY, "k1 drill say")                                                               \
	X(HELLO, "k1 hello")                                                                       \
	X(OFFER_TAG, "k1 offer tag")                                                               \
	X(TOKEN, "k1 token")                                                                       \
	X(EXPAND, "k1 expand")                                                                     \
	X(JOURNAL, "k1 journal")                                                                   \
	X(REST, "k1 at rest")                                                                      \
	X(FINGERPRINT, "k1 fingerprint")                                                           \
	X(CHECKSUM, "k1 checksum")                                                                 \
	X(SOURCE, "k1 source") /* commitment to what an item was made from */

enum kai_ctx {
#define X(name, word) KAI_CTX_##name,
	KAI_X_CTX(X)
#undef X
		KAI_CTX_END
};

extern const uint8_t kai_realm_live[KAI_REALM_LEN];
const char *kai_ctx_word(enum kai_ctx ctx);

/* H(ctx, realm, bytes): BLAKE2b-256 over bytes, keyed with context (16) || realm (16). */
void kai_hash(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN], struct kai_span bytes,
	      uint8_t ret[KAI_ID_LEN]);
/* The same over the concatenation of count spans (no separators: fixed-length pieces only, or one
 * variable at the end). */
void kai_hash_many(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN],
		   const struct kai_span *pieces, size_t count, uint8_t ret[KAI_ID_LEN]);

/* Ed25519 over context (16) || realm (16) || root (32). secret is libsodium's 64-byte form. */
void kai_sign(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN], const uint8_t root[KAI_ID_LEN],
	      const uint8_t secret[64], uint8_t ret[KAI_SIG_LEN]);
KAI_MUST_USE bool kai_verify(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN],
			     const uint8_t root[KAI_ID_LEN], const uint8_t key[KAI_ID_LEN],
			     const uint8_t sig[KAI_SIG_LEN]);

/* Expands 32 bytes of entropy by a label and a counter to 1 ≤ len ≤ 64 bytes: BLAKE2b of that
 * length, keyed with entropy, over the context, the counter (8 bytes, big-endian) and the label. */
void kai_expand(const uint8_t entropy[32], const char *label, uint64_t counter, uint8_t *ret,
		size_t len);

/* The signed envelope (card, node record, membership, notice, release): root = H(ctx, live, body).
 */
KAI_MUST_USE struct kai_span kai_signed_make(enum kai_ctx ctx, struct kai_span body,
					     const uint8_t key[KAI_ID_LEN],
					     const uint8_t secret[64], struct kai_arena *arena);
/* Decodes and verifies against the key inside; whether that key may speak is the caller's question.
 */
KAI_MUST_USE enum kai_fault kai_signed_open(enum kai_ctx ctx, struct kai_span bytes,
					    struct kai_arena *arena, struct kai_signed *ret);

/* ---- parts (protocol section 3)
 * ------------------------------------------------------------------------------ */

/* Padmé (Nikitin et al., PETS 2019), at least KAI_MIN_PAD, over 4 bytes of length (big-endian) ||
 * content || zeros. */
size_t kai_padded_len(size_t content_len);

/* What binds a part: additional data = context || realm || origin || index || name. */
struct kai_part_id {
	const uint8_t *realm;  /* 16 bytes */
	const uint8_t *origin; /* 32 bytes */
	uint8_t index;
	struct kai_span name;
};

/* Seals content into the arena; ciphertext length = kai_padded_len(content.len) + 16. Empty span
 * when it does not fit. */
KAI_MUST_USE struct kai_span kai_part_seal(const struct kai_part_id *part, const uint8_t key[32],
					   struct kai_span content, struct kai_arena *arena);
/* Opens into the arena. Faults PART (does not authenticate), PADDING (length or padding wrong),
 * TOO_MUCH. */
KAI_MUST_USE enum kai_fault kai_part_open(const struct kai_part_id *part, const uint8_t key[32],
					  struct kai_span ciphertext, struct kai_arena *arena,
					  struct kai_span *ret_content);
void kai_part_hash(const uint8_t realm[KAI_REALM_LEN], struct kai_span ciphertext,
		   uint8_t ret[KAI_ID_LEN]);
void kai_key_commitment(const uint8_t realm[KAI_REALM_LEN], const uint8_t key[32],
			uint8_t ret[KAI_ID_LEN]);
void kai_label_commitment(const uint8_t realm[KAI_REALM_LEN], const uint8_t salt[16],
			  struct kai_span label, uint8_t ret[KAI_ID_LEN]);

/* ---- wraps
 * ----------------------------------------------------------------------------------------------------
 */

/* Both ends' ids and sealing keys; derived once a pair, realm and direction. */
struct kai_link_ends {
	const uint8_t *realm;	  /* 16 */
	const uint8_t *from_org;  /* 32 */
	const uint8_t *to_org;	  /* 32 */
	const uint8_t *from_seal; /* 32, X25519 public */
	const uint8_t *to_seal;	  /* 32 */
};

/*
 * Static X25519 of my sealing secret and the peer's public key, then H(link-key, realm, shared ||
 * from_org || to_org || from_seal || to_seal). Both ends get the same key for the same direction.
 * false: the peer's key is of small order.
 */
KAI_MUST_USE bool kai_link_key(const struct kai_link_ends *ends, const uint8_t my_secret[32],
			       const uint8_t peer_public[32], uint8_t ret[32]);
void kai_key_hint(const uint8_t seal_public[32], uint8_t ret[KAI_HINT_LEN]);

/*
 * Link wrap of an opening (encoded kai_opening). Plaintext: its length in 2 bytes, big-endian ||
 * opening || zeros up to a multiple of 128; anything else does not open (WRAP).
 * XChaCha20-Poly1305, nonce = first 24 bytes of H(wrap, realm, id || index), AD = context || realm
 * || id || index || from_seal || to_seal. Deterministic, so sealing the same opening twice gives
 * the same bytes and never two plaintexts under one nonce. Empty span when it does not fit.
 */
KAI_MUST_USE struct kai_span kai_wrap_link(const struct kai_link_ends *ends,
					   const uint8_t link_key[32], const uint8_t id[KAI_ID_LEN],
					   uint8_t index, struct kai_span opening,
					   struct kai_arena *arena);
/* Faults WRAP, TOO_MUCH, or what decoding the opening finds. */
KAI_MUST_USE enum kai_fault kai_wrap_link_open(const struct kai_link_ends *ends,
					       const uint8_t link_key[32],
					       const uint8_t id[KAI_ID_LEN],
					       const struct kai_wrap *wrap, struct kai_arena *arena,
					       struct kai_opening *ret);
/* Sealed wrap of the same plaintext for one org (crypto_box_seal's format; the ephemeral key pair
 * from entropy, which no other wrap may use). Empty span when it does not fit or the key is of
 * small order. */
KAI_MUST_USE struct kai_span kai_wrap_sealed(const uint8_t entropy[32], const uint8_t to_seal[32],
					     struct kai_span opening, struct kai_arena *arena);
KAI_MUST_USE enum kai_fault kai_wrap_sealed_open(const uint8_t seal_public[32],
						 const uint8_t seal_secret[32],
						 const struct kai_wrap *wrap,
						 struct kai_arena *arena, struct kai_opening *ret);

/* ---- at rest (a nonce of the content) and tokens (a random one): AEAD with its nonce in front
 * --------------------------------------------------- */

/* nonce (24, given) || XChaCha20-Poly1305(key, H(ctx, live, ad), plain): len + 40 bytes in the
 * arena. */
KAI_MUST_USE struct kai_span kai_box(enum kai_ctx ctx, const uint8_t key[32],
				     const uint8_t nonce[24], struct kai_span ad,
				     struct kai_span plain, struct kai_arena *arena);
KAI_MUST_USE bool kai_box_open(enum kai_ctx ctx, const uint8_t key[32], struct kai_span ad,
			       struct kai_span box, struct kai_arena *arena,
			       struct kai_span *ret_plain);

#endif
