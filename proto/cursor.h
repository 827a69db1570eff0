/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict cursor over hostile msgpack: the first fault sticks, every read after it gives zero
 * values, lengths are checked against what is left before they are believed, only shortest forms
 * pass. Reads values one by one; what they mean is object.c's. Allocates nothing; borrows its
 * bytes. Any thread.
 */
#ifndef KAIRAN_CURSOR_H
#define KAIRAN_CURSOR_H

#include "kairan/base.h"
#include "kairan/fault.h"

struct kai_cursor {
	const uint8_t *at;
	const uint8_t *end;
	enum kai_fault fault;
};

void kai_cursor_init(struct kai_cursor *cursor, struct kai_span bytes);
void kai_cursor_fail(struct kai_cursor *cursor, enum kai_fault fault); /* keeps the first */
size_t kai_cursor_left(const struct kai_cursor *cursor);

uint64_t kai_cursor_uint(struct kai_cursor *cursor);
bool kai_cursor_bool(struct kai_cursor *cursor);
/* Consumes a nil where one stands next. */
bool kai_cursor_nil(struct kai_cursor *cursor);
/* Length within min..max (LENGTH) and within what is left (TRUNCATED). Text must be clean UTF-8. */
struct kai_span kai_cursor_bin(struct kai_cursor *cursor, uint64_t min, uint64_t max);
struct kai_span kai_cursor_str(struct kai_cursor *cursor, uint64_t min, uint64_t max);
/* Element count within min..max (COUNT); no more elements than bytes are left (TRUNCATED). */
size_t kai_cursor_array(struct kai_cursor *cursor, uint64_t min, uint64_t max);
/* TRAILING when anything is left. */
enum kai_fault kai_cursor_end(struct kai_cursor *cursor);

#endif
