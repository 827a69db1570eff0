/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/bundle.h"

#include <string.h>

#include "emit.h"
#include "meaning.h"

/* array of three, then a bin's type and length: written in front of the body where that lies, since
 * there is no room for it twice */
#define HEAD_MOST 6u
#define TAIL_MOST (2u + KAI_ID_LEN + 2u + KAI_SIG_LEN)

static bool heard_ascends(const struct kai_bundle *bundle)
{
	for (size_t i = 1; i < bundle->heard_count; i++) {
		if (bundle->heard[i - 1] >= bundle->heard[i])
			return false;
	}
	return true;
}

static bool all_sealed(const struct kai_advisory *advisory)
{
	for (size_t i = 0; i < advisory->wraps_count; i++) {
		if (advisory->wraps[i].kind != KAI_WRAP_SEALED)
			return false;
	}
	return true;
}

static enum kai_fault check(const struct kai_bundle *bundle)
{
	if (!heard_ascends(bundle))
		return KAI_FAULT_UNORDERED;
	if (kai_id_equal(bundle->from, bundle->to))
		return KAI_FAULT_MEANING;
	for (size_t i = 0; i < bundle->advisories_count; i++) {
		if (!all_sealed(&bundle->advisories[i]))
			return KAI_FAULT_MEANING;
	}
	return KAI_FAULT_NONE;
}

/* The shortest head of a bundle_file with a body so long. */
static size_t head_of(size_t body_len, uint8_t ret[HEAD_MOST])
{
	static const struct {
		size_t below;
		uint8_t type, bytes;
	} forms[] = {{0x100, 0xc4, 1}, {0x10000, 0xc5, 2}, {SIZE_MAX, 0xc6, 4}};
	size_t form = 0;
	size_t len = 0;

	while (body_len >= forms[form].below)
		form++;
	ret[len++] = 0x93;
	ret[len++] = forms[form].type;
	for (unsigned i = forms[form].bytes; i > 0; i--)
		ret[len++] = (uint8_t)(body_len >> 8 * (i - 1));
	return len;
}

struct kai_span kai_bundle_make(const struct kai_bundle *bundle, const uint8_t key[KAI_ID_LEN],
				const uint8_t secret[64], struct kai_arena *arena,
				uint8_t ret_digest[KAI_ID_LEN])
{
	const struct kai_span none = {NULL, 0};
	uint8_t *at = kai_arena_take(arena, 0);
	size_t room = arena->cap - arena->used;
	uint8_t sig[KAI_SIG_LEN];
	uint8_t head[HEAD_MOST];
	struct kai_emit tail;

	if (at == NULL || room < HEAD_MOST + TAIL_MOST || check(bundle) != KAI_FAULT_NONE)
		return none;
	uint8_t *body = at + HEAD_MOST;
	size_t len =
		kai_object_encode(&kai_object_bundle, bundle, body, room - HEAD_MOST - TAIL_MOST);

	if (len == 0 || len > (size_t)(KAI_MAX_BUNDLE))
		return none;
	kai_hash(KAI_CTX_BUNDLE, bundle->realm, kai_span(body, len), ret_digest);
	kai_sign(KAI_CTX_BUNDLE, bundle->realm, ret_digest, secret, sig);
	size_t head_len = head_of(len, head);

	memcpy(body - head_len, head, head_len);
	kai_emit_init(&tail, body + len, TAIL_MOST);
	kai_emit_bin(&tail, kai_span(key, KAI_ID_LEN));
	kai_emit_bin(&tail, kai_span(sig, KAI_SIG_LEN));
	arena->used += HEAD_MOST + len + tail.len;
	return kai_span(body - head_len, head_len + len + tail.len);
}

enum kai_fault kai_bundle_open(struct kai_span bytes, struct kai_arena *arena,
			       struct kai_bundle_opened *ret)
{
	struct kai_bundle_file file;
	enum kai_fault fault = kai_object_decode(&kai_object_bundle_file, bytes, arena, &file);

	if (fault == KAI_FAULT_NONE)
		fault = kai_versioned_decode(&kai_object_bundle, file.body, arena, &ret->bundle);
	if (fault != KAI_FAULT_NONE)
		return fault;
	kai_hash(KAI_CTX_BUNDLE, ret->bundle.realm, file.body, ret->digest);
	memcpy(ret->key, file.key, sizeof(ret->key));
	if (!kai_verify(KAI_CTX_BUNDLE, ret->bundle.realm, ret->digest, file.key, file.sig))
		return KAI_FAULT_SIGNATURE;
	return check(&ret->bundle);
}

bool kai_bundle_heard(const struct kai_bundle *bundle, uint64_t number)
{
	for (size_t i = 0; number != 0 && i < bundle->heard_count; i++) {
		if (bundle->heard[i] == number)
			return true;
	}
	return false;
}
