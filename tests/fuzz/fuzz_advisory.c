/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisories: the input is a header and the content of up to three parts; they are sealed, signed
 * and put into a push. What can be built is what a receiver takes, every part opens to what went
 * in, and no bit of header, signature or ciphertext may change on the way. Of a batch, with a memory of
 * its root too.
 *
 *   byte 0: parts, and from 128 on that it is one of a batch, of how many in bits 2 to 6; two bytes: the
 *   bit that is turned over; two bytes: length of the first part's content; contents; the rest: an
 *   encoded header
 */
#include "codec.h"

#include <string.h>

#include "input.h"
#include "kairan/check.h"
#include "signers.h"

#define ARENA_LEN ((size_t)8 << 20)
#define MAX_LEN 32768u
#define PARTS 3u

static struct person person;
static struct kai_roots roots;

/* Its signature is the fuzzers'. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signers_make(&person, NULL, 1);
	kai_roots_init(&roots);
	return 0;
}

/* By the root of a batch, of which the others are no items. */
static struct kai_signature sign_batch(const struct kai_built *built, size_t count,
				       struct kai_arena *arena)
{
	struct kai_signature signature = sign_item(&person, built);
	struct kai_tree_leaf *leaves = kai_arena_take(arena, count * sizeof(*leaves));
	uint8_t root[KAI_ID_LEN];

	MUST(leaves != NULL);
	for (size_t i = 0; i < count; i++)
		memcpy(leaves[i].id, built->id, KAI_ID_LEN);
	MUST(kai_tree_make(kai_realm_live, leaves, count, person.root, arena, root));
	kai_sign(KAI_CTX_TREE_ROOT, kai_realm_live, root, person.duty_secret, signature.sig);
	signature.path = &leaves[0].path;
	return signature;
}

/* The item as a peer would push it; empty when it is too large for one. batch 0: alone. */
static struct kai_span push_of(const struct kai_built *built, size_t batch, struct kai_arena *arena)
{
	struct kai_signature signature =
		batch == 0 ? sign_item(&person, built) : sign_batch(built, batch, arena);
	struct kai_part_blob blobs[PARTS];
	struct kai_push push = {.advisory = {.header = built->header,
					     .signatures = &signature,
					     .signatures_count = 1,
					     .parts = blobs,
					     .parts_count = built->part_count},
				.offered = 1};

	for (size_t i = 0; i < built->part_count; i++)
		blobs[i] = (struct kai_part_blob){i, built->parts[i].ciphertext};
	return kai_frame_encode(KAI_MSG_PUSH, &push, arena);
}

static void check_parts(const struct kai_header *header, const struct kai_built *built,
			const struct kai_part_draft *drafts, struct kai_arena *arena)
{
	for (size_t i = 0; i < built->part_count; i++) {
		struct kai_part_id part = {header->realm, header->origin, (uint8_t)i,
					   header->parts[i].name};
		struct kai_opening opening;
		struct kai_label label;
		struct kai_span content;

		MUST(kai_object_decode(&kai_object_opening, built->parts[i].opening, arena,
				       &opening) == KAI_FAULT_NONE);
		MUST(kai_opening_check(header, (uint8_t)i, &opening, arena, &label) ==
		     KAI_FAULT_NONE);
		MUST(kai_part_open(&part, opening.key, built->parts[i].ciphertext, arena,
				   &content) == KAI_FAULT_NONE);
		MUST(kai_span_equal(content, drafts[i].content));
		opening.key[i] ^= 1;
		MUST(kai_opening_check(header, (uint8_t)i, &opening, arena, &label) ==
		     KAI_FAULT_KEY_COMMITMENT);
	}
}

/* A changed copy is no frame, or a bad item, or the change lies outside what is signed. */
static void no_bit_may_change(struct kai_span frame, size_t bit, const struct kai_checked *good)
{
	static uint8_t copy[KAI_MAX_FRAME];
	static uint8_t memory[KAI_CHECK_ARENA];
	static struct kai_checked changed;
	struct kai_arena arena = {memory, sizeof(memory), 0, false};

	memcpy(copy, frame.at, frame.len);
	bit %= frame.len * 8;
	copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	kai_frame_check_with(kai_span(copy, frame.len), &roots, &arena, &changed);
	if (changed.fault != KAI_FAULT_NONE || changed.item_fault != KAI_FAULT_NONE)
		return;
	MUST(changed.type == KAI_MSG_PUSH && kai_id_equal(changed.id, good->id));
	MUST(kai_span_equal(changed.msg.push.advisory.header, good->msg.push.advisory.header));
	MUST(changed.hashed == good->hashed);
	MUST(changed.msg.push.offered != good->msg.push.offered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[ARENA_LEN];
	static uint8_t checking[KAI_CHECK_ARENA];
	static struct kai_checked checked;
	static const char *const names[PARTS] = {"main", "damage", "facts"};
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct kai_arena check_arena = {checking, sizeof(checking), 0, false};
	struct fuzz_input input = fuzz_input(data, len);
	struct kai_part_draft drafts[PARTS] = {{.label = NULL}};
	struct kai_header header;
	struct kai_built built;

	if (len > MAX_LEN)
		return 0;
	uint8_t first = fuzz_byte(&input);
	size_t count = 1 + first % PARTS;
	size_t batch = first < 128 ? 0 : 1 + (first >> 2 & 31);
	size_t bit = fuzz_u16(&input);
	size_t first_len = fuzz_u16(&input);

	for (size_t i = 0; i < count; i++)
		drafts[i] = (struct kai_part_draft){
			.name = kai_span_str(names[i]),
			.media_type = kai_span_str(i == 0 ? "kairan/secinfo" : "text/plain"),
			.content = fuzz_span(&input, i == 0 ? first_len : 20 * i)};
	struct kai_span bytes = fuzz_rest(&input);

	if (kai_header_read(bytes, &arena, &header) == KAI_FAULT_NONE)
		(void)codec_accept(&kai_object_header, bytes);
	else if (kai_object_decode(&kai_object_header, bytes, &arena, &header) != KAI_FAULT_NONE)
		return 0;
	if (kai_advisory_build(&header, drafts, count, person.root, &arena, &built) !=
	    KAI_FAULT_NONE)
		return 0;
	MUST(kai_header_read(built.header, &arena, &header) == KAI_FAULT_NONE);
	check_parts(&header, &built, drafts, &arena);
	struct kai_span frame = push_of(&built, batch, &arena);

	MUST(frame.len > 0);
	kai_frame_check_with(frame, &roots, &check_arena, &checked);
	MUST(checked.fault == KAI_FAULT_NONE);
	/* Vectors' people sign for the live realm. */
	if (memcmp(header.realm, kai_realm_live, KAI_REALM_LEN) != 0) {
		MUST(checked.item_fault == KAI_FAULT_SIGNATURE);
		return 0;
	}
	MUST(checked.item_fault == KAI_FAULT_NONE && checked.hashed == (1u << count) - 1);
	MUST(kai_id_equal(checked.id, built.id));
	no_bit_may_change(frame, bit, &checked);
	return 0;
}
