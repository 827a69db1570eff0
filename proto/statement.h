/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signed envelope and the object inside it, opened together: cards, node records, memberships,
 * notices, releases, drills. Private to proto/. Pure; any thread.
 */
#ifndef KAIRAN_PROTO_STATEMENT_H
#define KAIRAN_PROTO_STATEMENT_H

#include "kairan/crypto.h"

/*
 * Verifies the envelope against the key inside it, then decodes its body (version first) into
 * ret_body, a struct of `object`. Faults of kai_signed_open and of decoding, VERSION.
 */
KAI_MUST_USE enum kai_fault kai_statement_open(enum kai_ctx ctx, const struct kai_object *object,
					       struct kai_span bytes, struct kai_arena *arena,
					       struct kai_signed *ret, void *ret_body);
/* Was it signed for that org, whose card this must be (else MEANING), with a key that may speak so and
 * was good at that time? */
KAI_MUST_USE enum kai_fault kai_statement_by(const struct kai_signed *statement,
					     const uint8_t org[KAI_ID_LEN],
					     const struct kai_card *card, enum kai_key_role role,
					     uint64_t at_ms);

#endif
