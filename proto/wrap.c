/* SPDX-License-Identifier: Apache-2.0 */
/* Wraps of part keys for one org, and boxes for the node's own eyes. */
#include "kairan/crypto.h"

#include <sodium.h>
#include <string.h>

#include "context.h"

#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES
#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEAL_LEN crypto_box_SEALBYTES
#define PREFIX_LEN 2  /* the opening's length, big-endian */
#define PAD_LEN 128   /* so that a label's length does not show in a wrap's */
#define WRAP_MAX 8192 /* as the wire table says */
#define WRAP_AD_LEN (KAI_BIND_LEN + KAI_ID_LEN + 1 + 2 * KAI_ID_LEN)

static const struct kai_span nothing = {NULL, 0};

bool kai_link_key(const struct kai_link_ends *ends, const uint8_t my_secret[32],
		  const uint8_t peer_public[32], uint8_t ret[32])
{
	uint8_t shared[crypto_scalarmult_BYTES];

	if (crypto_scalarmult(shared, my_secret, peer_public) != 0) {
		sodium_memzero(shared, sizeof(shared));
		return false;
	}
	const struct kai_span pieces[] = {
		kai_span(shared, sizeof(shared)),    kai_span(ends->from_org, KAI_ID_LEN),
		kai_span(ends->to_org, KAI_ID_LEN),  kai_span(ends->from_seal, KAI_ID_LEN),
		kai_span(ends->to_seal, KAI_ID_LEN),
	};

	kai_hash_many(KAI_CTX_LINK_KEY, ends->realm, pieces, sizeof(pieces) / sizeof(pieces[0]),
		      ret);
	sodium_memzero(shared, sizeof(shared));
	return true;
}

void kai_key_hint(const uint8_t seal_public[32], uint8_t ret[KAI_HINT_LEN])
{
	uint8_t hash[KAI_ID_LEN];

	kai_hash(KAI_CTX_SEAL_KEY, kai_realm_live, kai_span(seal_public, 32), hash);
	memcpy(ret, hash, KAI_HINT_LEN);
}

/* length || opening || zeros, with room for extra bytes around it. */
static uint8_t *pad_opening(struct kai_span opening, size_t extra, size_t offset,
			    struct kai_arena *arena, size_t *ret_len)
{
	if (opening.len > WRAP_MAX - PREFIX_LEN - PAD_LEN - SEAL_LEN)
		return NULL;
	size_t len = (PREFIX_LEN + opening.len + PAD_LEN - 1) / PAD_LEN * PAD_LEN;
	uint8_t *at = kai_arena_take(arena, len + extra);

	if (at == NULL)
		return NULL;
	at[offset] = (uint8_t)(opening.len >> 8);
	at[offset + 1] = (uint8_t)opening.len;
	if (opening.len > 0)
		memcpy(at + offset + PREFIX_LEN, opening.at, opening.len);
	*ret_len = len;
	return at;
}

static enum kai_fault read_opening(struct kai_span padded, struct kai_arena *arena,
				   struct kai_opening *ret)
{
	size_t len = (size_t)padded.at[0] << 8 | padded.at[1];

	/* One padding for each length: the shortest that reaches a multiple. */
	if ((PREFIX_LEN + len + PAD_LEN - 1) / PAD_LEN * PAD_LEN != padded.len)
		return KAI_FAULT_WRAP;
	for (size_t i = PREFIX_LEN + len; i < padded.len; i++)
		if (padded.at[i] != 0)
			return KAI_FAULT_WRAP;
	return kai_object_decode(&kai_object_opening, kai_span(padded.at + PREFIX_LEN, len), arena,
				 ret);
}

/* Room for the plaintext of a wrap with `overhead` bytes around it; NULL and why when not. */
static uint8_t *take_plain(const struct kai_wrap *wrap, uint64_t kind, size_t overhead,
			   struct kai_arena *arena, enum kai_fault *ret_fault)
{
	*ret_fault = KAI_FAULT_WRAP;
	if (wrap->kind != kind || wrap->bytes.len < overhead + PAD_LEN ||
	    (wrap->bytes.len - overhead) % PAD_LEN != 0)
		return NULL;
	*ret_fault = KAI_FAULT_TOO_MUCH;
	return kai_arena_take(arena, wrap->bytes.len - overhead);
}

static void link_wrap_binding(const struct kai_link_ends *ends, const uint8_t id[KAI_ID_LEN],
			      uint8_t index, uint8_t ret_ad[WRAP_AD_LEN],
			      uint8_t ret_nonce[KAI_ID_LEN])
{
	const struct kai_span pieces[] = {kai_span(id, KAI_ID_LEN), kai_span(&index, 1)};
	uint8_t *at = ret_ad + KAI_BIND_LEN;

	kai_hash_many(KAI_CTX_WRAP, ends->realm, pieces, 2, ret_nonce);
	kai_ctx_bind(KAI_CTX_WRAP, ends->realm, ret_ad);
	memcpy(at, id, KAI_ID_LEN);
	at += KAI_ID_LEN;
	*at++ = index;
	memcpy(at, ends->from_seal, KAI_ID_LEN);
	memcpy(at + KAI_ID_LEN, ends->to_seal, KAI_ID_LEN);
}

struct kai_span kai_wrap_link(const struct kai_link_ends *ends, const uint8_t link_key[32],
			      const uint8_t id[KAI_ID_LEN], uint8_t index, struct kai_span opening,
			      struct kai_arena *arena)
{
	uint8_t ad[WRAP_AD_LEN];
	uint8_t nonce[KAI_ID_LEN]; /* the first NONCE_LEN bytes count */
	size_t len;
	uint8_t *at = pad_opening(opening, TAG_LEN, 0, arena, &len);

	if (at == NULL)
		return nothing;
	link_wrap_binding(ends, id, index, ad, nonce);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(at, NULL, at, len, ad, sizeof(ad), NULL,
							 nonce, link_key);
	return kai_span(at, len + TAG_LEN);
}

enum kai_fault kai_wrap_link_open(const struct kai_link_ends *ends, const uint8_t link_key[32],
				  const uint8_t id[KAI_ID_LEN], const struct kai_wrap *wrap,
				  struct kai_arena *arena, struct kai_opening *ret)
{
	uint8_t ad[WRAP_AD_LEN];
	uint8_t nonce[KAI_ID_LEN];
	enum kai_fault fault;
	uint8_t *plain = take_plain(wrap, KAI_WRAP_LINK, TAG_LEN, arena, &fault);

	if (plain == NULL)
		return fault;
	link_wrap_binding(ends, id, (uint8_t)wrap->index, ad, nonce);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, wrap->bytes.at,
						       wrap->bytes.len, ad, sizeof(ad), nonce,
						       link_key) != 0)
		return KAI_FAULT_WRAP;
	return read_opening(kai_span(plain, wrap->bytes.len - TAG_LEN), arena, ret);
}

struct kai_span kai_wrap_sealed(const uint8_t entropy[32], const uint8_t to_seal[32],
				struct kai_span opening, struct kai_arena *arena)
{
	uint8_t secret[crypto_box_SECRETKEYBYTES];
	uint8_t nonce[crypto_box_NONCEBYTES];
	uint8_t publics[2 * crypto_box_PUBLICKEYBYTES];
	size_t len;
	uint8_t *at = pad_opening(opening, SEAL_LEN, SEAL_LEN, arena, &len);

	if (at == NULL)
		return nothing;
	/* crypto_box_seal with its key pair from our entropy instead of the system's. */
	(void)crypto_box_seed_keypair(publics, secret, entropy);
	memcpy(publics + crypto_box_PUBLICKEYBYTES, to_seal, crypto_box_PUBLICKEYBYTES);
	(void)crypto_generichash_blake2b(nonce, sizeof(nonce), publics, sizeof(publics), NULL, 0);
	memcpy(at, publics, crypto_box_PUBLICKEYBYTES);
	int failed = crypto_box_easy(at + crypto_box_PUBLICKEYBYTES, at + SEAL_LEN, len, nonce,
				     to_seal, secret);

	sodium_memzero(secret, sizeof(secret));
	if (failed != 0) {
		sodium_memzero(at, len + SEAL_LEN);
		return nothing;
	}
	return kai_span(at, len + SEAL_LEN);
}

enum kai_fault kai_wrap_sealed_open(const uint8_t seal_public[32], const uint8_t seal_secret[32],
				    const struct kai_wrap *wrap, struct kai_arena *arena,
				    struct kai_opening *ret)
{
	enum kai_fault fault;
	uint8_t *plain = take_plain(wrap, KAI_WRAP_SEALED, SEAL_LEN, arena, &fault);

	if (plain == NULL)
		return fault;
	if (crypto_box_seal_open(plain, wrap->bytes.at, wrap->bytes.len, seal_public,
				 seal_secret) != 0)
		return KAI_FAULT_WRAP;
	return read_opening(kai_span(plain, wrap->bytes.len - SEAL_LEN), arena, ret);
}

struct kai_span kai_box(enum kai_ctx ctx, const uint8_t key[32], const uint8_t nonce[24],
			struct kai_span ad, struct kai_span plain, struct kai_arena *arena)
{
	uint8_t bound[KAI_ID_LEN];
	uint8_t *at = kai_arena_take(arena, NONCE_LEN + plain.len + TAG_LEN);

	if (at == NULL)
		return nothing;
	kai_hash(ctx, kai_realm_live, ad, bound);
	memcpy(at, nonce, NONCE_LEN);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(at + NONCE_LEN, NULL, plain.at, plain.len,
							 bound, sizeof(bound), NULL, nonce, key);
	return kai_span(at, NONCE_LEN + plain.len + TAG_LEN);
}

bool kai_box_open(enum kai_ctx ctx, const uint8_t key[32], struct kai_span ad, struct kai_span box,
		  struct kai_arena *arena, struct kai_span *ret_plain)
{
	uint8_t bound[KAI_ID_LEN];

	if (box.len < NONCE_LEN + TAG_LEN)
		return false;
	size_t plain_len = box.len - NONCE_LEN - TAG_LEN;
	uint8_t *plain = kai_arena_take(arena, plain_len);

	if (plain == NULL)
		return false;
	kai_hash(ctx, kai_realm_live, ad, bound);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, box.at + NONCE_LEN,
						       box.len - NONCE_LEN, bound, sizeof(bound),
						       box.at, key) != 0)
		return false;
	*ret_plain = kai_span(plain, plain_len);
	return true;
}
