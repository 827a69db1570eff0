/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles: the input is a body, signed here, so that what lies behind the signature is reached. What
 * opens is as it was signed, makes the same bytes again, and no bit of it may change; the advisories
 * in it are checked as the engine checks them. The input as it is is opened too.
 *
 *   byte 0: bit 0, the body's realm is that of a drill in the signature; two bytes: the bit that is
 *   turned over; the rest: the body
 */
#include "codec.h"

#include <string.h>

#include "input.h"
#include "kairan/bundle.h"
#include "kairan/check.h"
#include "signers.h"

#define ARENA_LEN ((size_t)8 << 20)

static struct person person;
static uint8_t memory[ARENA_LEN];

/* Its signature is the fuzzers'. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct kai_card card;

	(void)argc;
	(void)argv;
	signers_make(&person, &card, 1);
	return 0;
}

static struct kai_span sign(struct kai_span body, const uint8_t realm[KAI_REALM_LEN],
			    struct kai_arena *arena)
{
	struct kai_bundle_file file = {.body = body};
	uint8_t digest[KAI_ID_LEN];

	kai_hash(KAI_CTX_BUNDLE, realm, body, digest);
	memcpy(file.key, person.duty, KAI_ID_LEN);
	kai_sign(KAI_CTX_BUNDLE, realm, digest, person.duty_secret, file.sig);
	return kai_object_encode_in(&kai_object_bundle_file, &file, arena);
}

static void keep(const struct kai_bundle_opened *opened, struct kai_arena *arena)
{
	const struct kai_bundle *bundle = &opened->bundle;

	MUST(bundle->version == KAI_VERSION);
	MUST(!kai_id_equal(bundle->from, bundle->to));
	MUST(kai_id_equal(opened->key, person.duty));
	for (size_t i = 0; i < bundle->heard_count; i++) {
		MUST(i == 0 || bundle->heard[i - 1] < bundle->heard[i]);
		MUST(bundle->heard[i] == 0 || kai_bundle_heard(bundle, bundle->heard[i]));
	}
	MUST(!kai_bundle_heard(bundle, 0));
	for (size_t i = 0; i < bundle->advisories_count; i++) {
		size_t mark = arena->used;
		struct kai_checked *checked = kai_arena_take(arena, sizeof(*checked));

		MUST(checked != NULL);
		for (size_t k = 0; k < bundle->advisories[i].wraps_count; k++)
			MUST(bundle->advisories[i].wraps[k].kind == KAI_WRAP_SEALED);
		kai_advisory_check(&bundle->advisories[i], NULL, arena, checked);
		arena->used = mark;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct fuzz_input input = fuzz_input(data, len);
	struct kai_bundle_opened opened;
	uint8_t realm[KAI_REALM_LEN] = {0};
	uint8_t digest[KAI_ID_LEN];

	if (len > CODEC_MAX_LEN)
		return 0;
	bool drill = (fuzz_byte(&input) & 1) != 0;
	size_t bit = fuzz_u16(&input);
	struct kai_span body = fuzz_rest(&input);

	if (kai_bundle_open(body, &arena, &opened) == KAI_FAULT_NONE)
		MUST(opened.bundle.version == KAI_VERSION);
	realm[0] = drill;
	struct kai_span bytes = sign(body, realm, &arena);

	if (bytes.len == 0 || kai_bundle_open(bytes, &arena, &opened) != KAI_FAULT_NONE)
		return 0;
	MUST(memcmp(opened.bundle.realm, realm, sizeof(realm)) == 0);
	keep(&opened, &arena);
	struct kai_span again =
		kai_bundle_make(&opened.bundle, person.duty, person.duty_secret, &arena, digest);

	MUST(kai_span_equal(again, bytes) && kai_id_equal(digest, opened.digest));
	(void)codec_accept(&kai_object_bundle_file, bytes);
	(void)codec_accept(&kai_object_bundle, body);
	MUST(kai_bundle_open(fuzz_turned(bytes, bit, &arena), &arena, &opened) != KAI_FAULT_NONE);
	return 0;
}
