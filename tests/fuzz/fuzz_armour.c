/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Armour: the bytes as a text to open, and as bytes to armour. What opens, armours to a text that
 * opens to the same; what was armoured opens.
 */
#include "fuzz.h"

#include "kairan/text.h"

#define MAX_LEN 65536u
#define TYPE "KAIRAN CARD"

static uint8_t memory[4 * MAX_LEN];
static char text[2 * MAX_LEN];

static void round_trip(struct kai_span bytes, struct kai_arena *arena)
{
	struct kai_span back;

	MUST(kai_armour_len(bytes.len) <= sizeof(text));
	kai_armour(TYPE, bytes, text, sizeof(text));
	MUST(kai_armour_open(TYPE, kai_span_str(text), arena, &back) == KAI_FAULT_NONE);
	MUST(kai_span_equal(bytes, back));
	MUST(kai_armour_open("KAIRAN BUNDLE", kai_span_str(text), arena, &back) == KAI_FAULT_TYPE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct kai_span opened;

	if (len > MAX_LEN)
		return 0;
	if (kai_armour_open(TYPE, kai_span(data, len), &arena, &opened) == KAI_FAULT_NONE)
		round_trip(opened, &arena);
	arena.used = 0;
	round_trip(kai_span(data, len), &arena);
	return 0;
}
