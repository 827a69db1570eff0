/* SPDX-License-Identifier: Apache-2.0 */
#include "cursor.h"

#include "kairan/text.h"

void kai_cursor_init(struct kai_cursor *cursor, struct kai_span bytes)
{
	static const uint8_t nothing[1];

	cursor->at = bytes.len > 0 ? bytes.at : nothing;
	cursor->end = cursor->at + bytes.len;
	cursor->fault = KAI_FAULT_NONE;
}

void kai_cursor_fail(struct kai_cursor *cursor, enum kai_fault fault)
{
	if (cursor->fault == KAI_FAULT_NONE)
		cursor->fault = fault;
}

size_t kai_cursor_left(const struct kai_cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

/* The next byte without consuming it; 0xc1, which msgpack never uses, when there is none. */
static uint8_t peek(struct kai_cursor *cursor)
{
	if (cursor->fault != KAI_FAULT_NONE)
		return 0xc1;
	if (cursor->at == cursor->end) {
		kai_cursor_fail(cursor, KAI_FAULT_TRUNCATED);
		return 0xc1;
	}
	return *cursor->at;
}

/* A big-endian integer of width bytes behind the type byte; both are consumed. */
static uint64_t wide(struct kai_cursor *cursor, size_t width)
{
	uint64_t value = 0;

	if (kai_cursor_left(cursor) < 1 + width) {
		kai_cursor_fail(cursor, KAI_FAULT_TRUNCATED);
		return 0;
	}
	for (size_t i = 1; i <= width; i++)
		value = value << 8 | cursor->at[i];
	cursor->at += 1 + width;
	return value;
}

static uint64_t at_least(struct kai_cursor *cursor, uint64_t value, uint64_t least)
{
	if (cursor->fault == KAI_FAULT_NONE && value < least)
		kai_cursor_fail(cursor, KAI_FAULT_NOT_MINIMAL);
	return cursor->fault == KAI_FAULT_NONE ? value : 0;
}

uint64_t kai_cursor_uint(struct kai_cursor *cursor)
{
	uint8_t type = peek(cursor);

	if (cursor->fault != KAI_FAULT_NONE)
		return 0;
	if (type < 0x80) {
		cursor->at++;
		return type;
	}
	switch (type) {
	case 0xcc:
		return at_least(cursor, wide(cursor, 1), 0x80);
	case 0xcd:
		return at_least(cursor, wide(cursor, 2), 0x100);
	case 0xce:
		return at_least(cursor, wide(cursor, 4), 0x10000);
	case 0xcf:
		return at_least(cursor, wide(cursor, 8), 0x100000000);
	default:
		kai_cursor_fail(cursor, KAI_FAULT_TYPE);
		return 0;
	}
}

bool kai_cursor_bool(struct kai_cursor *cursor)
{
	uint8_t type = peek(cursor);

	if (type != 0xc2 && type != 0xc3) {
		kai_cursor_fail(cursor, KAI_FAULT_TYPE);
		return false;
	}
	cursor->at++;
	return type == 0xc3;
}

bool kai_cursor_nil(struct kai_cursor *cursor)
{
	if (peek(cursor) != 0xc0)
		return false;
	cursor->at++;
	return true;
}

/* The bytes after a length: the bound of the table first, then what is really there. */
static struct kai_span take(struct kai_cursor *cursor, uint64_t len, uint64_t min, uint64_t max)
{
	struct kai_span bytes = {NULL, 0};

	if (cursor->fault != KAI_FAULT_NONE)
		return bytes;
	if (len < min || len > max) {
		kai_cursor_fail(cursor, KAI_FAULT_LENGTH);
		return bytes;
	}
	if (len > kai_cursor_left(cursor)) {
		kai_cursor_fail(cursor, KAI_FAULT_TRUNCATED);
		return bytes;
	}
	bytes = kai_span(cursor->at, (size_t)len);
	cursor->at += len;
	return bytes;
}

struct kai_span kai_cursor_bin(struct kai_cursor *cursor, uint64_t min, uint64_t max)
{
	uint64_t len = 0;

	switch (peek(cursor)) {
	case 0xc4:
		len = wide(cursor, 1);
		break;
	case 0xc5:
		len = at_least(cursor, wide(cursor, 2), 0x100);
		break;
	case 0xc6:
		len = at_least(cursor, wide(cursor, 4), 0x10000);
		break;
	default:
		kai_cursor_fail(cursor, KAI_FAULT_TYPE);
		break;
	}
	return take(cursor, len, min, max);
}

struct kai_span kai_cursor_str(struct kai_cursor *cursor, uint64_t min, uint64_t max)
{
	uint8_t type = peek(cursor);
	uint64_t len = 0;

	if ((type & 0xe0) == 0xa0) {
		len = type & 0x1f;
		cursor->at++;
	} else if (type == 0xd9) {
		len = at_least(cursor, wide(cursor, 1), 0x20);
	} else if (type == 0xda) {
		len = at_least(cursor, wide(cursor, 2), 0x100);
	} else if (type == 0xdb) {
		len = at_least(cursor, wide(cursor, 4), 0x10000);
	} else {
		kai_cursor_fail(cursor, KAI_FAULT_TYPE);
	}
	struct kai_span text = take(cursor, len, min, max);

	if (text.len > 0 && !kai_utf8_clean(text)) {
		kai_cursor_fail(cursor, KAI_FAULT_UTF8);
		text = (struct kai_span){NULL, 0};
	}
	return text;
}

size_t kai_cursor_array(struct kai_cursor *cursor, uint64_t min, uint64_t max)
{
	uint8_t type = peek(cursor);
	uint64_t count = 0;

	if ((type & 0xf0) == 0x90) {
		count = type & 0x0f;
		cursor->at++;
	} else if (type == 0xdc) {
		count = at_least(cursor, wide(cursor, 2), 0x10);
	} else if (type == 0xdd) {
		count = at_least(cursor, wide(cursor, 4), 0x10000);
	} else {
		kai_cursor_fail(cursor, KAI_FAULT_TYPE);
	}
	if (cursor->fault == KAI_FAULT_NONE && (count < min || count > max))
		kai_cursor_fail(cursor, KAI_FAULT_COUNT);
	if (cursor->fault == KAI_FAULT_NONE && count > kai_cursor_left(cursor))
		kai_cursor_fail(cursor, KAI_FAULT_TRUNCATED);
	return cursor->fault == KAI_FAULT_NONE ? (size_t)count : 0;
}

enum kai_fault kai_cursor_end(struct kai_cursor *cursor)
{
	if (cursor->fault == KAI_FAULT_NONE && cursor->at != cursor->end)
		cursor->fault = KAI_FAULT_TRAILING;
	return cursor->fault;
}
