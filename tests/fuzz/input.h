/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz input read as choices: what is left of it gives numbers and bytes, and zeros when it is
 * used up, so that every input is a whole program. Borrows the bytes; one thread.
 */
#ifndef KAIRAN_FUZZ_INPUT_H
#define KAIRAN_FUZZ_INPUT_H

#include <string.h>

#include "fuzz.h"
#include "kairan/base.h"

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline struct fuzz_input fuzz_input(const uint8_t *data, size_t len)
{
	return (struct fuzz_input){data, len};
}

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

static inline uint16_t fuzz_u16(struct fuzz_input *input)
{
	unsigned high = fuzz_byte(input);

	return (uint16_t)(high << 8 | fuzz_byte(input));
}

static inline uint64_t fuzz_u64(struct fuzz_input *input)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | fuzz_byte(input);
	return value;
}

/* 0 to count - 1; count ≥ 1. */
static inline size_t fuzz_below(struct fuzz_input *input, size_t count)
{
	return count <= 256 ? fuzz_byte(input) % count : fuzz_u16(input) % count;
}

/* At most len bytes. */
static inline struct kai_span fuzz_span(struct fuzz_input *input, size_t len)
{
	struct kai_span span = {input->at, len < input->left ? len : input->left};

	input->at += span.len;
	input->left -= span.len;
	return span;
}

static inline struct kai_span fuzz_rest(struct fuzz_input *input)
{
	return fuzz_span(input, input->left);
}

/* A copy with one bit turned over, counted around the end. */
static inline struct kai_span fuzz_turned(struct kai_span bytes, size_t bit,
					  struct kai_arena *arena)
{
	uint8_t *copy = kai_arena_take(arena, bytes.len);

	MUST(copy != NULL && bytes.len > 0);
	memcpy(copy, bytes.at, bytes.len);
	bit %= bytes.len * 8;
	copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	return kai_span(copy, bytes.len);
}

#endif
