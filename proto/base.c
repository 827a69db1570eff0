/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ARENA_ALIGN 16u

void *kai_arena_take(struct kai_arena *arena, size_t size)
{
	size_t misaligned = (size_t)((uintptr_t)(arena->at + arena->used) & (ARENA_ALIGN - 1));
	size_t gap = misaligned == 0 ? 0 : ARENA_ALIGN - misaligned;

	if (arena->cap - arena->used < gap || arena->cap - arena->used - gap < size) {
		arena->full = true;
		return NULL;
	}
	uint8_t *at = arena->at + arena->used + gap;

	arena->used += gap + size;
	if (size > 0)
		memset(at, 0, size);
	return at;
}

const char *kai_err_text(enum kai_err err)
{
	static const char *const texts[] = {
#define X(name, text) [KAI_ERR_##name] = (text),
		KAI_X_ERR(X)
#undef X
	};

	return (unsigned)err < KAI_ERR_END ? texts[err] : "unknown error";
}

enum kai_err kai_fail(struct kai_why *why, enum kai_err err, const char *fmt, ...)
{
	va_list args;

	if (why == NULL)
		return err;
	va_start(args, fmt);
	(void)vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	return err;
}

struct kai_span kai_span(const void *at, size_t len)
{
	return (struct kai_span){at, len};
}

struct kai_span kai_span_str(const char *text)
{
	return kai_span(text, text == NULL ? 0 : strlen(text));
}

int kai_span_compare(struct kai_span a, struct kai_span b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.at, b.at, common);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool kai_span_equal(struct kai_span a, struct kai_span b)
{
	return a.len == b.len && kai_span_compare(a, b) == 0;
}

bool kai_id_equal(const uint8_t a[KAI_ID_LEN], const uint8_t b[KAI_ID_LEN])
{
	return memcmp(a, b, KAI_ID_LEN) == 0;
}

void kai_put_be64(uint8_t at[8], uint64_t value)
{
	for (int i = 7; i >= 0; i--) {
		at[i] = (uint8_t)value;
		value >>= 8;
	}
}

uint64_t kai_get_be64(const uint8_t at[8])
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}
