/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What objects have in common beyond their fields: the version is looked at before anything else,
 * sets ascend strictly, sectors and countries have their form. Private to proto/. Pure; any thread.
 */
#ifndef KAIRAN_PROTO_MEANING_H
#define KAIRAN_PROTO_MEANING_H

#include "kairan/wire.h"

/*
 * kai_object_decode for an object whose first field is its version: VERSION when that is not ours,
 * whatever follows it.
 */
KAI_MUST_USE enum kai_fault kai_versioned_decode(const struct kai_object *object,
						 struct kai_span bytes, struct kai_arena *arena,
						 void *ret);

bool kai_ids_ascend(uint8_t (*ids)[KAI_ID_LEN], size_t count);
/* UNORDERED, or MEANING when one is not scheme:code. */
KAI_MUST_USE enum kai_fault kai_sectors_check(const struct kai_span *sectors, size_t count);

#endif
