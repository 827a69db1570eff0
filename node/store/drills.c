/* SPDX-License-Identifier: Apache-2.0 */
/* What was signed about drills. */
#include "records_private.h"

#include <string.h>

#include "kairan/drill.h"
#include "kairan/rec.h"

struct kai_key kai_key_drill(const uint8_t realm[KAI_REALM_LEN], const uint8_t *org, uint64_t what)
{
	struct kai_key key = kai_key_bytes(realm, KAI_REALM_LEN);

	if (org == NULL)
		return key;
	memcpy(key.at + key.len, org, KAI_ID_LEN);
	key.at[key.len + KAI_ID_LEN] = (uint8_t)what;
	key.len += KAI_ID_LEN + 1;
	return key;
}

bool kai_rec_drill(struct kai_txn *txn, const uint8_t realm[KAI_REALM_LEN], struct kai_arena *arena,
		   struct kai_drill_held *ret)
{
	struct kai_key key = kai_key_drill(realm, NULL, 0);

	if (!kai_rec_get(txn, KAI_TABLE_DRILLS, &key, &kai_object_drill_rec, arena, &ret->rec))
		return false;
	if (kai_drill_peek(ret->rec.bytes, arena, &ret->drill, ret->digest) == KAI_FAULT_NONE)
		return true;
	kai_txn_fail(txn, KAI_ERR_CORRUPT);
	return false;
}

bool kai_rec_drill_say(struct kai_txn *txn, const uint8_t realm[KAI_REALM_LEN],
		       const uint8_t org[KAI_ID_LEN], uint64_t what, struct kai_arena *arena,
		       struct kai_drill_word *ret)
{
	struct kai_key key = kai_key_drill(realm, org, what);
	struct kai_span value;

	if (!kai_txn_get(txn, KAI_TABLE_DRILLS, kai_key_span(&key), &value))
		return false;
	uint8_t *copy = kai_arena_take(arena, value.len);

	if (copy == NULL) {
		kai_txn_fail(txn, KAI_ERR_NOMEM);
		return false;
	}
	memcpy(copy, value.at, value.len);
	ret->bytes = kai_span(copy, value.len);
	if (kai_drill_say_peek(ret->bytes, arena, &ret->say) == KAI_FAULT_NONE)
		return true;
	kai_txn_fail(txn, KAI_ERR_CORRUPT);
	return false;
}

bool kai_drill_consents(struct kai_txn *txn, const struct kai_drill_held *held,
			const uint8_t org[KAI_ID_LEN], struct kai_arena *arena)
{
	size_t mark = arena->used;
	struct kai_drill_word word;
	bool yes =
		kai_drill_has(&held->drill, org) &&
		kai_rec_drill_say(txn, held->drill.realm, org, KAI_DRILL_CONSENTS, arena, &word) &&
		word.say.what == KAI_DRILL_CONSENTS && kai_id_equal(word.say.drill, held->digest);

	arena->used = mark;
	return yes;
}

uint64_t kai_drill_end(struct kai_txn *txn, const struct kai_drill_held *held,
		       struct kai_arena *arena)
{
	size_t mark = arena->used;
	uint64_t end = held->drill.until;
	struct kai_drill_word word;

	if (kai_rec_drill_say(txn, held->drill.realm, held->drill.director, KAI_DRILL_CLOSES, arena,
			      &word) &&
	    word.say.at < end)
		end = word.say.at;
	arena->used = mark;
	return end;
}

void kai_rec_realm(struct kai_txn *txn, uint8_t ret[KAI_REALM_LEN])
{
	struct kai_key key = kai_key_word(KAI_META_REALM);
	struct kai_span value;

	memset(ret, 0, KAI_REALM_LEN);
	if (!kai_txn_get(txn, KAI_TABLE_META, kai_key_span(&key), &value))
		return;
	if (value.len == KAI_REALM_LEN)
		memcpy(ret, value.at, KAI_REALM_LEN);
	else
		kai_txn_fail(txn, KAI_ERR_CORRUPT);
}
