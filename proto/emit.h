/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes msgpack (packed by msgpack-c, which always chooses the shortest form) into a buffer of
 * fixed size. Once it does not fit, `full` stays set and nothing more is written. Borrows its
 * buffer. Any thread.
 */
#ifndef KAIRAN_EMIT_H
#define KAIRAN_EMIT_H

#include "kairan/base.h"

struct kai_emit {
	uint8_t *at;
	size_t cap;
	size_t len;
	bool full;
};

void kai_emit_init(struct kai_emit *emit, uint8_t *at, size_t cap);
void kai_emit_uint(struct kai_emit *emit, uint64_t value);
void kai_emit_bool(struct kai_emit *emit, bool value);
void kai_emit_nil(struct kai_emit *emit);
void kai_emit_bin(struct kai_emit *emit, struct kai_span bytes);
void kai_emit_str(struct kai_emit *emit, struct kai_span text);
void kai_emit_array(struct kai_emit *emit, size_t count);

#endif
