/* SPDX-License-Identifier: Apache-2.0 */
/* Parts: padding, sealing, commitments. */
#include "kairan/crypto.h"

#include <sodium.h>
#include <string.h>

#include "context.h"

#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PREFIX_LEN 4 /* the content's length, big-endian */
#define AD_MAX (KAI_BIND_LEN + KAI_ID_LEN + 1 + KAI_MAX_SHORT)

/* A part key seals exactly one plaintext, so its nonce need not vary. */
static const uint8_t zero_nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES] = {0};

static unsigned log2_floor(size_t value)
{
	unsigned log = 0;

	for (; value > 1; value >>= 1)
		log++;
	return log;
}

size_t kai_padded_len(size_t content_len)
{
	size_t len = content_len + PREFIX_LEN;

	if (len <= KAI_MIN_PAD)
		return KAI_MIN_PAD;
	unsigned exponent = log2_floor(len);
	size_t mask = ((size_t)1 << (exponent - (log2_floor(exponent) + 1))) - 1;

	return (len + mask) & ~mask;
}

/* Returns the length; 0 when the name is longer than a part's may be. */
static size_t part_ad(const struct kai_part_id *part, uint8_t ret[AD_MAX])
{
	if (part->name.len > KAI_MAX_SHORT)
		return 0;
	kai_ctx_bind(KAI_CTX_PART, part->realm, ret);
	memcpy(ret + KAI_BIND_LEN, part->origin, KAI_ID_LEN);
	ret[KAI_BIND_LEN + KAI_ID_LEN] = part->index;
	if (part->name.len > 0)
		memcpy(ret + KAI_BIND_LEN + KAI_ID_LEN + 1, part->name.at, part->name.len);
	return KAI_BIND_LEN + KAI_ID_LEN + 1 + part->name.len;
}

struct kai_span kai_part_seal(const struct kai_part_id *part, const uint8_t key[32],
			      struct kai_span content, struct kai_arena *arena)
{
	uint8_t ad[AD_MAX];
	size_t ad_len = part_ad(part, ad);

	if (ad_len == 0 || content.len > KAI_MAX_PART_LEN)
		return kai_span(NULL, 0);
	size_t padded_len = kai_padded_len(content.len);
	uint8_t *at = kai_arena_take(arena, padded_len + TAG_LEN);

	if (at == NULL)
		return kai_span(NULL, 0);
	for (unsigned i = 0; i < PREFIX_LEN; i++)
		at[i] = (uint8_t)(content.len >> (8 * (PREFIX_LEN - 1 - i)));
	if (content.len > 0)
		memcpy(at + PREFIX_LEN, content.at, content.len);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(at, NULL, at, padded_len, ad, ad_len, NULL,
							 zero_nonce, key);
	return kai_span(at, padded_len + TAG_LEN);
}

/* The content inside a padded plaintext: one length, one amount of padding, all zeros. */
static bool unpad(struct kai_span padded, struct kai_span *ret)
{
	size_t len = 0;

	for (size_t i = 0; i < PREFIX_LEN; i++)
		len = len << 8 | padded.at[i];
	if (len > KAI_MAX_PART_LEN || kai_padded_len(len) != padded.len)
		return false;
	for (size_t i = PREFIX_LEN + len; i < padded.len; i++)
		if (padded.at[i] != 0)
			return false;
	*ret = kai_span(padded.at + PREFIX_LEN, len);
	return true;
}

enum kai_fault kai_part_open(const struct kai_part_id *part, const uint8_t key[32],
			     struct kai_span ciphertext, struct kai_arena *arena,
			     struct kai_span *ret_content)
{
	uint8_t ad[AD_MAX];
	size_t ad_len = part_ad(part, ad);

	if (ad_len == 0)
		return KAI_FAULT_PART;
	if (ciphertext.len < KAI_MIN_PAD + TAG_LEN || ciphertext.len > KAI_MAX_PART_CIPHER)
		return KAI_FAULT_PADDING;
	size_t padded_len = ciphertext.len - TAG_LEN;
	uint8_t *at = kai_arena_take(arena, padded_len);

	if (at == NULL)
		return KAI_FAULT_TOO_MUCH;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(at, NULL, NULL, ciphertext.at,
						       ciphertext.len, ad, ad_len, zero_nonce,
						       key) != 0)
		return KAI_FAULT_PART;
	if (!unpad(kai_span(at, padded_len), ret_content))
		return KAI_FAULT_PADDING;
	return KAI_FAULT_NONE;
}

void kai_part_hash(const uint8_t realm[KAI_REALM_LEN], struct kai_span ciphertext,
		   uint8_t ret[KAI_ID_LEN])
{
	kai_hash(KAI_CTX_PART, realm, ciphertext, ret);
}

void kai_key_commitment(const uint8_t realm[KAI_REALM_LEN], const uint8_t key[32],
			uint8_t ret[KAI_ID_LEN])
{
	kai_hash(KAI_CTX_KEY_COMMIT, realm, kai_span(key, 32), ret);
}

void kai_label_commitment(const uint8_t realm[KAI_REALM_LEN], const uint8_t salt[16],
			  struct kai_span label, uint8_t ret[KAI_ID_LEN])
{
	const struct kai_span pieces[] = {kai_span(salt, 16), label};

	kai_hash_many(KAI_CTX_LABEL_COMMIT, realm, pieces, 2, ret);
}
