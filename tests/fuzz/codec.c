/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

#include <string.h>

#include <msgpack.h>
#include <utf8proc.h>

#include "kairan/call.h"
#include "kairan/control.h"
#include "kairan/frames.h"
#include "kairan/kinds.h"
#include "kairan/records.h"

#define ARENA_LEN ((size_t)32 << 20)
#define MAX_TASKS 8192

static const struct kai_object *const others[] = {
#define X(object, list) &kai_object_##object,
	KAI_X_CONTROL_OBJECT(X) KAI_X_CALL_OBJECT(X) KAI_X_RECORD(X)
#undef X
		& kai_object_body_value,
	&kai_object_body,
};
#define OTHER_COUNT (sizeof(others) / sizeof(others[0]))

static size_t wire_count(void)
{
	size_t count = 0;

	while (kai_wire_objects[count] != NULL)
		count++;
	return count;
}

size_t codec_count(void)
{
	return wire_count() + OTHER_COUNT;
}

const struct kai_object *codec_object(size_t index)
{
	size_t wire = wire_count();

	return index < wire ? kai_wire_objects[index] : others[index - wire];
}

bool codec_text_clean(struct kai_span text)
{
	for (size_t at = 0; at < text.len;) {
		utf8proc_int32_t point = 0;
		utf8proc_ssize_t step =
			utf8proc_iterate(text.at + at, (utf8proc_ssize_t)(text.len - at), &point);

		if (step <= 0 || (point < 0x20 && point != '\n' && point != '\t') ||
		    point == 0xfffe || point == 0xffff)
			return false;
		at += (size_t)step;
	}
	return true;
}

/* ---- the same structure, read by msgpack-c ---- */

/* A struct and the array that it should be. */
struct task {
	const struct kai_object *object;
	const uint8_t *at;
	const msgpack_object *array;
};

static struct task tasks[MAX_TASKS];
static size_t task_count;

static void add_task(const struct kai_object *object, const void *at, const msgpack_object *array)
{
	MUST(task_count < MAX_TASKS);
	tasks[task_count++] = (struct task){object, at, array};
}

static bool is_bin(const msgpack_object *is, const void *at, size_t len)
{
	return is->type == MSGPACK_OBJECT_BIN && is->via.bin.size == len &&
	       (len == 0 || memcmp(is->via.bin.ptr, at, len) == 0);
}

static bool is_span(const msgpack_object *is, struct kai_span span, bool text)
{
	if (!text)
		return is_bin(is, span.at, span.len);
	return is->type == MSGPACK_OBJECT_STR && is->via.str.size == span.len &&
	       (span.len == 0 || memcmp(is->via.str.ptr, span.at, span.len) == 0) &&
	       codec_text_clean(span);
}

static bool is_number(const msgpack_object *is, uint64_t value)
{
	return is->type == MSGPACK_OBJECT_POSITIVE_INTEGER && is->via.u64 == value;
}

static bool is_ext(const msgpack_object *is, const struct kai_ext *ext)
{
	const msgpack_object *at = is->via.array.ptr;

	return is->type == MSGPACK_OBJECT_ARRAY && is->via.array.size == 3 &&
	       is_number(&at[0], ext->tag) && at[1].type == MSGPACK_OBJECT_BOOLEAN &&
	       at[1].via.boolean == ext->critical && is_span(&at[2], ext->value, false);
}

static bool is_element(const struct kai_field *field, const msgpack_object *is, const uint8_t *list,
		       size_t i)
{
	const struct kai_span *spans = (const void *)list;

	switch (field->type) {
	case KAI_T_IDS:
		return is_bin(is, list + i * KAI_ID_LEN, KAI_ID_LEN);
	case KAI_T_STRS:
	case KAI_T_BINS:
		return spans[i].len <= field->arg &&
		       is_span(is, spans[i], field->type == KAI_T_STRS);
	case KAI_T_NUMS:
		return is_number(is, ((const uint64_t *)(const void *)list)[i]);
	case KAI_T_EXT:
		return is_ext(is, &((const struct kai_ext *)(const void *)list)[i]);
	case KAI_T_LIST:
		add_task(field->object, list + i * field->object->size, is);
		return true;
	case KAI_T_U64:
	case KAI_T_BOOL:
	case KAI_T_FIX:
	case KAI_T_OPT:
	case KAI_T_BIN:
	case KAI_T_STR:
	case KAI_T_OBJ:
	case KAI_T_MAYBE:
		break;
	}
	return false;
}

static bool is_list(const struct kai_field *field, const msgpack_object *is, const uint8_t *object)
{
	const uint8_t *list;
	size_t count;

	memcpy(&list, object + field->offset, sizeof(list));
	memcpy(&count, object + field->count_offset, sizeof(count));
	if (is->type != MSGPACK_OBJECT_ARRAY || is->via.array.size != count || count < field->min ||
	    count > field->max)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_element(field, &is->via.array.ptr[i], list, i))
			return false;
	return true;
}

static bool is_maybe(const struct kai_field *field, const msgpack_object *is, const uint8_t *at)
{
	const uint8_t *inner;

	memcpy(&inner, at, sizeof(inner));
	if (inner == NULL)
		return is->type == MSGPACK_OBJECT_NIL;
	add_task(field->object, inner, is);
	return true;
}

static bool is_field(const struct kai_field *field, const msgpack_object *is, const uint8_t *object)
{
	const uint8_t *at = object + field->offset;
	const struct kai_opt_id *opt = (const void *)at;
	struct kai_span span;
	uint64_t number;

	switch (field->type) {
	case KAI_T_U64:
		memcpy(&number, at, sizeof(number));
		return number >= field->min && number <= field->max && is_number(is, number);
	case KAI_T_BOOL:
		return is->type == MSGPACK_OBJECT_BOOLEAN &&
		       is->via.boolean == *(const bool *)(const void *)at;
	case KAI_T_FIX:
		return is_bin(is, at, field->arg);
	case KAI_T_OPT:
		return opt->is ? is_bin(is, opt->id, KAI_ID_LEN) : is->type == MSGPACK_OBJECT_NIL;
	case KAI_T_BIN:
	case KAI_T_STR:
		memcpy(&span, at, sizeof(span));
		return span.len >= field->min && span.len <= field->max &&
		       is_span(is, span, field->type == KAI_T_STR);
	case KAI_T_OBJ:
		add_task(field->object, at, is);
		return true;
	case KAI_T_MAYBE:
		return is_maybe(field, is, at);
	case KAI_T_IDS:
	case KAI_T_STRS:
	case KAI_T_BINS:
	case KAI_T_NUMS:
	case KAI_T_LIST:
	case KAI_T_EXT:
		break;
	}
	return is_list(field, is, object);
}

static void same_structure(const struct kai_object *object, const void *decoded, struct kai_span in)
{
	msgpack_unpacked unpacked;
	size_t end = 0;

	msgpack_unpacked_init(&unpacked);
	MUST(msgpack_unpack_next(&unpacked, (const char *)in.at, in.len, &end) ==
	     MSGPACK_UNPACK_SUCCESS);
	MUST(end == in.len);
	task_count = 0;
	add_task(object, decoded, &unpacked.data);
	while (task_count > 0) {
		struct task task = tasks[--task_count];
		const struct kai_field *fields = task.object->fields();

		MUST(task.array->type == MSGPACK_OBJECT_ARRAY);
		MUST(task.array->via.array.size == task.object->field_count);
		for (size_t i = 0; i < task.object->field_count; i++)
			MUST(is_field(&fields[i], &task.array->via.array.ptr[i], task.at));
	}
	msgpack_unpacked_destroy(&unpacked);
}

/* ---- */

const void *codec_check(const struct kai_object *object, struct kai_span in)
{
	static uint8_t memory[ARENA_LEN];
	static uint8_t out[CODEC_MAX_LEN];
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	void *decoded = kai_arena_take(&arena, object->size);
	size_t before = arena.used;

	MUST(decoded != NULL && in.len <= CODEC_MAX_LEN);
	enum kai_fault fault = kai_object_decode(object, in, &arena, decoded);

	MUST((unsigned)fault < KAI_FAULT_END);
	MUST(arena.used - before <= CODEC_SPREAD_REFUSED * in.len + 64);
	if (fault != KAI_FAULT_NONE)
		return NULL;
	MUST(arena.used - before <= CODEC_SPREAD * in.len + 64);
	size_t out_len = kai_object_encode(object, decoded, out, sizeof(out));

	MUST(out_len == in.len && memcmp(out, in.at, in.len) == 0);
	same_structure(object, decoded, in);
	return decoded;
}

const void *codec_accept(const struct kai_object *object, struct kai_span in)
{
	const void *decoded = codec_check(object, in);

	MUST(decoded != NULL);
	return decoded;
}
