/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What separates every cryptographic use from every other: 16 bytes of context, 16 of realm.
 * Private to proto/. Pure; any thread.
 */
#ifndef KAIRAN_PROTO_CONTEXT_H
#define KAIRAN_PROTO_CONTEXT_H

#include "kairan/crypto.h"

#define KAI_CTX_LEN 16
#define KAI_BIND_LEN (KAI_CTX_LEN + KAI_REALM_LEN)

/* context || realm: a hash's key, the start of a signed message and of additional data. */
void kai_ctx_bind(enum kai_ctx ctx, const uint8_t realm[KAI_REALM_LEN], uint8_t ret[KAI_BIND_LEN]);

#endif
