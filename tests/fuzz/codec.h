/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every object must keep, whatever bytes come: decoding is a bijection, an independent reader
 * (msgpack-c) finds the same values in the same places, and memory is bounded by the input. Aborts
 * where that does not hold. Not safe from two threads at once.
 */
#ifndef KAIRAN_FUZZ_CODEC_H
#define KAIRAN_FUZZ_CODEC_H

#include "fuzz.h"
#include "kairan/object.h"

#define CODEC_MAX_LEN ((size_t)1 << 20) /* longer inputs are not looked at */
/* Memory per byte of input: of what is accepted, and of what promises elements that do not come (a
 * count is believed when as many bytes are left). */
#define CODEC_SPREAD 24u
#define CODEC_SPREAD_REFUSED 512u

/* Every object of the tables: wire, control, records, bodies. */
size_t codec_count(void);
const struct kai_object *codec_object(size_t index);

/* Decodes into memory of this module, which lasts until the next call; NULL when it is refused. */
const void *codec_check(const struct kai_object *object, struct kai_span in);
/* The same for what must be accepted. */
const void *codec_accept(const struct kai_object *object, struct kai_span in);
/* Clean by another reader's judgement (utf8proc). */
bool codec_text_clean(struct kai_span text);

#endif
