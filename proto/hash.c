/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/crypto.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "context.h"

const uint8_t kai_realm_live[KAI_REALM_LEN] = {0};

/* Every word fits with its padding: the array bound refuses a longer one. */
static const char words[KAI_CTX_END][KAI_CTX_LEN] = {
#define X(name, word) [KAI_CTX_##name] = word,
	KAI_X_CTX(X)
#undef X
};

const char *kai_ctx_word(enum kai_ctx ctx)
{
	assert((unsigned)ctx < KAI_CTX_END);
	return words[ctx];
}

void kai_ctx_bind(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN], uint8_t ret[KAI_BIND_LEN])
{
	memcpy(ret, kai_ctx_word(ctx), KAI_CTX_LEN);
	memcpy(ret + KAI_CTX_LEN, realm, KAI_REALM_LEN);
}

void kai_hash_many(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN],
		   const struct kai_span *pieces, size_t count, uint8_t ret[KAI_ID_LEN])
{
	crypto_generichash_blake2b_state state;
	uint8_t key[KAI_BIND_LEN];

	/* These fail only for lengths that libsodium does not take; ours are constants. */
	kai_ctx_bind(ctx, realm, key);
	(void)crypto_generichash_blake2b_init(&state, key, sizeof(key), KAI_ID_LEN);
	for (size_t i = 0; i < count; i++)
		if (pieces[i].len > 0)
			(void)crypto_generichash_blake2b_update(&state, pieces[i].at,
								pieces[i].len);
	(void)crypto_generichash_blake2b_final(&state, ret, KAI_ID_LEN);
	sodium_memzero(&state, sizeof(state)); /* what went in may have been a key */
}

void kai_hash(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN], struct kai_span bytes,
	      uint8_t ret[KAI_ID_LEN])
{
	kai_hash_many(ctx, realm, &bytes, 1, ret);
}

void kai_expand(const uint8_t entropy[32], const char *label, uint64_t counter, uint8_t *ret,
		size_t len)
{
	crypto_generichash_blake2b_state state;
	uint8_t number[8];

	assert(len >= 1 && len <= crypto_generichash_blake2b_BYTES_MAX);
	kai_put_be64(number, counter);
	(void)crypto_generichash_blake2b_init(&state, entropy, 32, len);
	(void)crypto_generichash_blake2b_update(
		&state, (const uint8_t *)kai_ctx_word(KAI_CTX_EXPAND), KAI_CTX_LEN);
	(void)crypto_generichash_blake2b_update(&state, number, sizeof(number));
	(void)crypto_generichash_blake2b_update(&state, (const uint8_t *)label, strlen(label));
	(void)crypto_generichash_blake2b_final(&state, ret, len);
	sodium_memzero(&state, sizeof(state));
}
