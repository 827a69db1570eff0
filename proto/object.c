/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder half of the one interpreter; encode.c is the other. Nesting is a stack of frames,
 * never recursion. */
#include "kairan/object.h"

#include <string.h>

#include "cursor.h"

/* One level: `left` objects of one table follow one another in memory from base. */
struct level {
	const struct kai_object *object;
	uint8_t *base;
	size_t left;
	size_t field;
};

struct decoder {
	struct kai_cursor cursor;
	struct kai_arena *arena;
	struct level levels[KAI_MAX_DEPTH];
	size_t depth;
};

static void *take(struct decoder *decoder, size_t count, size_t size)
{
	void *at = count > SIZE_MAX / size ? NULL : kai_arena_take(decoder->arena, count * size);

	if (at == NULL)
		kai_cursor_fail(&decoder->cursor, KAI_FAULT_TOO_MUCH);
	return at;
}

static void enter(struct decoder *decoder, const struct kai_object *object, void *base,
		  size_t count)
{
	if (decoder->depth == KAI_MAX_DEPTH) {
		kai_cursor_fail(&decoder->cursor, KAI_FAULT_TOO_MUCH);
		return;
	}
	decoder->levels[decoder->depth++] = (struct level){object, base, count, 0};
	if (count > 0)
		(void)kai_cursor_array(&decoder->cursor, object->field_count, object->field_count);
}

/* Lists keep a pointer and a count in the struct; both are written as bytes, so that one code
 * serves all types. */
static void set_list(uint8_t *base, const struct kai_field *field, const void *items, size_t count)
{
	memcpy(base + field->offset, &items, sizeof(items));
	memcpy(base + field->count_offset, &count, sizeof(count));
}

static void read_ids(struct decoder *decoder, const struct kai_field *field, uint8_t *base)
{
	size_t count = kai_cursor_array(&decoder->cursor, field->min, field->max);
	uint8_t *items = take(decoder, count, KAI_ID_LEN);

	for (size_t i = 0; items != NULL && i < count; i++) {
		struct kai_span id = kai_cursor_bin(&decoder->cursor, KAI_ID_LEN, KAI_ID_LEN);

		if (decoder->cursor.fault != KAI_FAULT_NONE)
			return;
		memcpy(items + i * KAI_ID_LEN, id.at, KAI_ID_LEN);
	}
	set_list(base, field, items, count);
}

static void read_spans(struct decoder *decoder, const struct kai_field *field, uint8_t *base)
{
	size_t count = kai_cursor_array(&decoder->cursor, field->min, field->max);
	struct kai_span *items = take(decoder, count, sizeof(*items));

	for (size_t i = 0; items != NULL && i < count; i++)
		items[i] = field->type == KAI_T_STRS
				   ? kai_cursor_str(&decoder->cursor, 1, field->arg)
				   : kai_cursor_bin(&decoder->cursor, 1, field->arg);
	set_list(base, field, items, count);
}

static uint64_t bounded_uint(struct decoder *decoder, uint64_t min, uint64_t max)
{
	uint64_t value = kai_cursor_uint(&decoder->cursor);

	if (value < min || value > max)
		kai_cursor_fail(&decoder->cursor, KAI_FAULT_RANGE);
	return value;
}

static void read_numbers(struct decoder *decoder, const struct kai_field *field, uint8_t *base)
{
	size_t count = kai_cursor_array(&decoder->cursor, field->min, field->max);
	uint64_t *items = take(decoder, count, sizeof(*items));

	for (size_t i = 0; items != NULL && i < count; i++)
		items[i] = bounded_uint(decoder, 0, field->arg);
	set_list(base, field, items, count);
}

static void read_ext(struct decoder *decoder, const struct kai_field *field, uint8_t *base)
{
	size_t count = kai_cursor_array(&decoder->cursor, field->min, field->max);
	struct kai_ext *items = take(decoder, count, sizeof(*items));

	for (size_t i = 0; items != NULL && i < count; i++) {
		(void)kai_cursor_array(&decoder->cursor, 3, 3);
		items[i].tag = kai_cursor_uint(&decoder->cursor);
		items[i].critical = kai_cursor_bool(&decoder->cursor);
		items[i].value = kai_cursor_bin(&decoder->cursor, 0, KAI_MAX_EXT_LEN);
		if (i > 0 && items[i].tag <= items[i - 1].tag)
			kai_cursor_fail(&decoder->cursor, KAI_FAULT_EXT_ORDER);
		if (items[i].critical)
			kai_cursor_fail(&decoder->cursor, KAI_FAULT_CRITICAL_EXT);
	}
	set_list(base, field, items, count);
}

static void read_opt(struct decoder *decoder, void *at)
{
	struct kai_opt_id *opt = at;
	struct kai_span id;

	if (kai_cursor_nil(&decoder->cursor))
		return;
	id = kai_cursor_bin(&decoder->cursor, KAI_ID_LEN, KAI_ID_LEN);
	if (decoder->cursor.fault != KAI_FAULT_NONE)
		return;
	opt->is = true;
	memcpy(opt->id, id.at, KAI_ID_LEN);
}

static void read_fix(struct decoder *decoder, const struct kai_field *field, void *at)
{
	struct kai_span bytes = kai_cursor_bin(&decoder->cursor, field->arg, field->arg);

	if (decoder->cursor.fault == KAI_FAULT_NONE)
		memcpy(at, bytes.at, bytes.len);
}

static void enter_maybe(struct decoder *decoder, const struct kai_field *field, uint8_t *base)
{
	void *item = NULL;

	if (!kai_cursor_nil(&decoder->cursor)) {
		item = take(decoder, 1, field->object->size);
		if (item != NULL)
			enter(decoder, field->object, item, 1);
	}
	memcpy(base + field->offset, &item, sizeof(item));
}

static void enter_list(struct decoder *decoder, const struct kai_field *field, uint8_t *base)
{
	size_t count = kai_cursor_array(&decoder->cursor, field->min, field->max);
	void *items = take(decoder, count, field->object->size);

	set_list(base, field, items, count);
	if (items != NULL)
		enter(decoder, field->object, items, count);
}

static void read_field(struct decoder *decoder, const struct kai_field *field, uint8_t *base)
{
	struct kai_cursor *cursor = &decoder->cursor;
	void *at = base + field->offset;

	switch (field->type) {
	case KAI_T_U64:
		*(uint64_t *)at = bounded_uint(decoder, field->min, field->max);
		break;
	case KAI_T_BOOL:
		*(bool *)at = kai_cursor_bool(cursor);
		break;
	case KAI_T_FIX:
		read_fix(decoder, field, at);
		break;
	case KAI_T_OPT:
		read_opt(decoder, at);
		break;
	case KAI_T_BIN:
		*(struct kai_span *)at = kai_cursor_bin(cursor, field->min, field->max);
		break;
	case KAI_T_STR:
		*(struct kai_span *)at = kai_cursor_str(cursor, field->min, field->max);
		break;
	case KAI_T_IDS:
		read_ids(decoder, field, base);
		break;
	case KAI_T_STRS:
	case KAI_T_BINS:
		read_spans(decoder, field, base);
		break;
	case KAI_T_NUMS:
		read_numbers(decoder, field, base);
		break;
	case KAI_T_OBJ:
		enter(decoder, field->object, at, 1);
		break;
	case KAI_T_MAYBE:
		enter_maybe(decoder, field, base);
		break;
	case KAI_T_LIST:
		enter_list(decoder, field, base);
		break;
	case KAI_T_EXT:
		read_ext(decoder, field, base);
		break;
	}
}

enum kai_fault kai_object_decode(const struct kai_object *object, struct kai_span in,
				 struct kai_arena *arena, void *ret)
{
	struct decoder decoder = {.arena = arena};

	memset(ret, 0, object->size);
	kai_cursor_init(&decoder.cursor, in);
	enter(&decoder, object, ret, 1);
	while (decoder.depth > 0 && decoder.cursor.fault == KAI_FAULT_NONE) {
		struct level *level = &decoder.levels[decoder.depth - 1];

		if (level->left == 0) {
			decoder.depth--;
		} else if (level->field == level->object->field_count) {
			level->base += level->object->size;
			level->field = 0;
			if (--level->left > 0)
				(void)kai_cursor_array(&decoder.cursor, level->object->field_count,
						       level->object->field_count);
		} else {
			const struct kai_field *field = &level->object->fields()[level->field++];

			read_field(&decoder, field, level->base);
		}
	}
	return kai_cursor_end(&decoder.cursor);
}
