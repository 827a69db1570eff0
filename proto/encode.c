/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder half of the one interpreter. Refuses whatever the decoder would refuse. */
#include "kairan/object.h"

#include <string.h>

#include "emit.h"
#include "kairan/text.h"

struct level {
	const struct kai_object *object;
	const uint8_t *base;
	size_t left;
	size_t field;
};

struct encoder {
	struct kai_emit emit;
	bool bad; /* a value outside its bounds */
	struct level levels[KAI_MAX_DEPTH];
	size_t depth;
};

static void require(struct encoder *encoder, bool holds)
{
	if (!holds)
		encoder->bad = true;
}

static void enter(struct encoder *encoder, const struct kai_object *object, const void *base,
		  size_t count)
{
	if (encoder->depth == KAI_MAX_DEPTH) {
		encoder->bad = true;
		return;
	}
	encoder->levels[encoder->depth++] = (struct level){object, base, count, 0};
	if (count > 0)
		kai_emit_array(&encoder->emit, object->field_count);
}

static const void *get_list(const uint8_t *base, const struct kai_field *field, size_t *ret_count)
{
	const void *items;

	memcpy(&items, base + field->offset, sizeof(items));
	memcpy(ret_count, base + field->count_offset, sizeof(*ret_count));
	return items;
}

static void write_str(struct encoder *encoder, struct kai_span text, uint64_t min, uint64_t max)
{
	require(encoder, text.len >= min && text.len <= max && kai_utf8_clean(text));
	kai_emit_str(&encoder->emit, text);
}

static void write_bin(struct encoder *encoder, struct kai_span bytes, uint64_t min, uint64_t max)
{
	require(encoder, bytes.len >= min && bytes.len <= max);
	kai_emit_bin(&encoder->emit, bytes);
}

static void write_ext(struct encoder *encoder, const struct kai_ext *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		require(encoder, !items[i].critical && (i == 0 || items[i].tag > items[i - 1].tag));
		kai_emit_array(&encoder->emit, 3);
		kai_emit_uint(&encoder->emit, items[i].tag);
		kai_emit_bool(&encoder->emit, items[i].critical);
		write_bin(encoder, items[i].value, 0, KAI_MAX_EXT_LEN);
	}
}

/* The elements of one list, type by type; objects are entered, everything else is written here. */
static void write_list(struct encoder *encoder, const struct kai_field *field, const uint8_t *base)
{
	size_t count;
	const void *items = get_list(base, field, &count);
	const uint8_t *ids = items;
	const struct kai_span *spans = items;
	const uint64_t *numbers = items;

	require(encoder, count >= field->min && count <= field->max);
	if (encoder->bad)
		return;
	kai_emit_array(&encoder->emit, count);
	if (field->type == KAI_T_LIST) {
		enter(encoder, field->object, items, count);
		return;
	}
	if (field->type == KAI_T_EXT) {
		write_ext(encoder, items, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (field->type == KAI_T_IDS)
			kai_emit_bin(&encoder->emit, kai_span(ids + i * KAI_ID_LEN, KAI_ID_LEN));
		else if (field->type == KAI_T_STRS)
			write_str(encoder, spans[i], 1, field->arg);
		else if (field->type == KAI_T_BINS)
			write_bin(encoder, spans[i], 1, field->arg);
		else {
			require(encoder, numbers[i] <= field->arg);
			kai_emit_uint(&encoder->emit, numbers[i]);
		}
	}
}

static void write_opt(struct encoder *encoder, const struct kai_opt_id *opt)
{
	if (opt->is)
		kai_emit_bin(&encoder->emit, kai_span(opt->id, KAI_ID_LEN));
	else
		kai_emit_nil(&encoder->emit);
}

static void write_maybe(struct encoder *encoder, const struct kai_field *field, const void *at)
{
	const void *item;

	memcpy(&item, at, sizeof(item));
	if (item == NULL)
		kai_emit_nil(&encoder->emit);
	else
		enter(encoder, field->object, item, 1);
}

static void write_uint(struct encoder *encoder, const struct kai_field *field, uint64_t value)
{
	require(encoder, value >= field->min && value <= field->max);
	kai_emit_uint(&encoder->emit, value);
}

static void write_field(struct encoder *encoder, const struct kai_field *field, const uint8_t *base)
{
	const void *at = base + field->offset;

	switch (field->type) {
	case KAI_T_U64:
		write_uint(encoder, field, *(const uint64_t *)at);
		break;
	case KAI_T_BOOL:
		kai_emit_bool(&encoder->emit, *(const bool *)at);
		break;
	case KAI_T_FIX:
		kai_emit_bin(&encoder->emit, kai_span(at, field->arg));
		break;
	case KAI_T_OPT:
		write_opt(encoder, at);
		break;
	case KAI_T_BIN:
		write_bin(encoder, *(const struct kai_span *)at, field->min, field->max);
		break;
	case KAI_T_STR:
		write_str(encoder, *(const struct kai_span *)at, field->min, field->max);
		break;
	case KAI_T_IDS:
	case KAI_T_STRS:
	case KAI_T_BINS:
	case KAI_T_NUMS:
	case KAI_T_LIST:
	case KAI_T_EXT:
		write_list(encoder, field, base);
		break;
	case KAI_T_OBJ:
		enter(encoder, field->object, at, 1);
		break;
	case KAI_T_MAYBE:
		write_maybe(encoder, field, at);
		break;
	}
}

size_t kai_object_encode(const struct kai_object *object, const void *from, uint8_t *at, size_t cap)
{
	struct encoder encoder = {.bad = false};

	kai_emit_init(&encoder.emit, at, cap);
	enter(&encoder, object, from, 1);
	while (encoder.depth > 0 && !encoder.bad && !encoder.emit.full) {
		struct level *level = &encoder.levels[encoder.depth - 1];

		if (level->left == 0) {
			encoder.depth--;
		} else if (level->field == level->object->field_count) {
			level->base += level->object->size;
			level->field = 0;
			if (--level->left > 0)
				kai_emit_array(&encoder.emit, level->object->field_count);
		} else {
			const struct kai_field *field = &level->object->fields()[level->field++];

			write_field(&encoder, field, level->base);
		}
	}
	return encoder.bad || encoder.emit.full ? 0 : encoder.emit.len;
}

struct kai_span kai_object_encode_in(const struct kai_object *object, const void *from,
				     struct kai_arena *arena)
{
	/* Encoded in place into what is left of the arena; then only what was used is kept. */
	uint8_t *at = kai_arena_take(arena, 0);
	size_t len;

	if (at == NULL)
		return (struct kai_span){NULL, 0};
	len = kai_object_encode(object, from, at, arena->cap - arena->used);
	arena->used += len;
	return (struct kai_span){len > 0 ? at : NULL, len};
}
