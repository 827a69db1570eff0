/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/crypto.h"

#include <sodium.h>
#include <string.h>

#include "context.h"

#define MESSAGE_LEN (KAI_BIND_LEN + KAI_ID_LEN)

static void signed_message(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN],
			   const uint8_t root[KAI_ID_LEN], uint8_t ret[MESSAGE_LEN])
{
	kai_ctx_bind(ctx, realm, ret);
	memcpy(ret + KAI_BIND_LEN, root, KAI_ID_LEN);
}

void kai_sign(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN], const uint8_t root[KAI_ID_LEN],
	      const uint8_t secret[64], uint8_t ret[KAI_SIG_LEN])
{
	uint8_t message[MESSAGE_LEN];

	signed_message(ctx, realm, root, message);
	(void)crypto_sign_ed25519_detached(ret, NULL, message, sizeof(message), secret);
}

bool kai_verify(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN],
		const uint8_t root[KAI_ID_LEN], const uint8_t key[KAI_ID_LEN],
		const uint8_t sig[KAI_SIG_LEN])
{
	uint8_t message[MESSAGE_LEN];

	signed_message(ctx, realm, root, message);
	return crypto_sign_ed25519_verify_detached(sig, message, sizeof(message), key) == 0;
}

struct kai_span kai_signed_make(enum kai_ctx ctx, struct kai_span body,
				const uint8_t key[KAI_ID_LEN], const uint8_t secret[64],
				struct kai_arena *arena)
{
	struct kai_signed made = {.body = body};
	uint8_t root[KAI_ID_LEN];

	kai_hash(ctx, kai_realm_live, body, root);
	memcpy(made.key, key, sizeof(made.key));
	kai_sign(ctx, kai_realm_live, root, secret, made.sig);
	return kai_object_encode_in(&kai_object_signed, &made, arena);
}

enum kai_fault kai_signed_open(enum kai_ctx ctx, struct kai_span bytes, struct kai_arena *arena,
			       struct kai_signed *ret)
{
	struct kai_signed opened;
	uint8_t root[KAI_ID_LEN];
	enum kai_fault fault = kai_object_decode(&kai_object_signed, bytes, arena, &opened);

	if (fault != KAI_FAULT_NONE)
		return fault;
	kai_hash(ctx, kai_realm_live, opened.body, root);
	if (!kai_verify(ctx, kai_realm_live, root, opened.key, opened.sig))
		return KAI_FAULT_SIGNATURE;
	*ret = opened;
	return KAI_FAULT_NONE;
}
