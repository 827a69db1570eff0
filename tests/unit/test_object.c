/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter over every wire object: what is generated from the tables round-trips, is what msgpack-c reads, and
 * every kind of damage is refused by its own name. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include <msgpack.h>

#include "kairan/frames.h"

#define MEMORY ((size_t)4 * 1024 * 1024)

static uint64_t seed;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t between(uint64_t min, uint64_t max)
{
	uint64_t count = max - min + 1; /* 0: all there are */

	return count == 0 ? next_random() : min + next_random() % count;
}

/* Small lengths mostly, each end of the bound now and then. */
static uint64_t some_length(uint64_t min, uint64_t max)
{
	uint64_t cap = min + 40 < max ? min + 40 : max;

	switch (next_random() % 4) {
	case 0:
		return min;
	case 1:
		return max < 2000 ? max : cap;
	default:
		return between(min, cap);
	}
}

static struct kai_span some_bytes(struct kai_arena *arena, uint64_t len, bool text)
{
	uint8_t *at = kai_arena_take(arena, (size_t)len + 1);

	assert_non_null(at);
	for (uint64_t i = 0; i < len; i++)
		at[i] = text ? (uint8_t)('a' + next_random() % 26) : (uint8_t)next_random();
	return kai_span(at, (size_t)len);
}

static void put(uint8_t *at, const void *value, size_t len)
{
	memcpy(at, value, len);
}

static void fill_ext(struct kai_arena *arena, struct kai_ext *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		items[i] = (struct kai_ext){i * 3 + 1, false,
					    some_bytes(arena, between(0, 40), false)};
}

struct work {
	const struct kai_object *object;
	uint8_t *base;
};

/* Fills one struct from its rows; nested ones go on the list of work. */
static void fill_field(const struct kai_field *field, uint8_t *base, struct kai_arena *arena,
		       struct work *work, size_t *io_work)
{
	uint8_t *at = base + field->offset;
	size_t count =
		(size_t)some_length(field->min, field->max < 20 ? field->max : field->min + 6);
	uint64_t number = between(field->min, field->max);
	void *items = NULL;
	struct kai_span span;
	struct kai_opt_id opt = {next_random() % 2 == 0, {0}};
	bool flag = next_random() % 2 == 0;

	if (field->type == KAI_T_U64) {
		put(at, &number, sizeof(number));
	} else if (field->type == KAI_T_BOOL) {
		put(at, &flag, sizeof(flag));
	} else if (field->type == KAI_T_FIX) {
		put(at, some_bytes(arena, field->arg, false).at, field->arg);
	} else if (field->type == KAI_T_OPT) {
		if (opt.is)
			put(opt.id, some_bytes(arena, 32, false).at, 32);
		put(at, &opt, sizeof(opt));
	} else if (field->type == KAI_T_BIN || field->type == KAI_T_STR) {
		span = some_bytes(arena, some_length(field->min, field->max),
				  field->type == KAI_T_STR);
		put(at, &span, sizeof(span));
	} else if (field->type == KAI_T_OBJ) {
		work[(*io_work)++] = (struct work){field->object, at};
	} else if (field->type == KAI_T_MAYBE) {
		if (flag) {
			items = kai_arena_take(arena, field->object->size);
			work[(*io_work)++] = (struct work){field->object, items};
		}
		put(at, &items, sizeof(items));
	} else {
		size_t size = field->type == KAI_T_IDS	  ? 32
			      : field->type == KAI_T_LIST ? field->object->size
			      : field->type == KAI_T_EXT  ? sizeof(struct kai_ext)
			      : field->type == KAI_T_NUMS ? 8
							  : sizeof(struct kai_span);

		items = kai_arena_take(arena, count * size);
		assert_non_null(items);
		put(at, &items, sizeof(items));
		put(base + field->count_offset, &count, sizeof(count));
		if (field->type == KAI_T_IDS)
			put(items, some_bytes(arena, count * 32, false).at, count * 32);
		else if (field->type == KAI_T_EXT)
			fill_ext(arena, items, count);
		for (size_t i = 0; i < count; i++) {
			uint8_t *item = (uint8_t *)items + i * size;

			if (field->type == KAI_T_LIST)
				work[(*io_work)++] = (struct work){field->object, item};
			if (field->type == KAI_T_NUMS) {
				number = between(0, field->arg);
				put(item, &number, sizeof(number));
			}
			if (field->type == KAI_T_STRS || field->type == KAI_T_BINS) {
				span = some_bytes(arena, some_length(1, field->arg),
						  field->type == KAI_T_STRS);
				put(item, &span, sizeof(span));
			}
		}
	}
}

static void *some_object(const struct kai_object *object, struct kai_arena *arena)
{
	static struct work work[65536];
	size_t work_count = 0;
	uint8_t *top = kai_arena_take(arena, object->size);

	assert_non_null(top);
	work[work_count++] = (struct work){object, top};
	for (size_t i = 0; i < work_count; i++)
		for (size_t j = 0; j < work[i].object->field_count; j++)
			fill_field(&work[i].object->fields()[j], work[i].base, arena, work,
				   &work_count);
	return top;
}

struct memory {
	struct kai_arena made, read;
	uint8_t *bytes, *again;
	void *ret;
};

static int set_up(void **state)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	memory->made = (struct kai_arena){malloc(MEMORY), MEMORY, 0, false};
	memory->read = (struct kai_arena){malloc(MEMORY), MEMORY, 0, false};
	memory->bytes = malloc(MEMORY);
	memory->again = malloc(MEMORY);
	memory->ret = malloc(65536);
	*state = memory;
	return 0;
}

static int tear_down(void **state)
{
	struct memory *memory = *state;

	free(memory->made.at);
	free(memory->read.at);
	free(memory->bytes);
	free(memory->again);
	free(memory->ret);
	free(memory);
	return 0;
}

/* One random object of the table: its encoding, 0 when this one came out too large for the buffer. */
static size_t generate(struct memory *memory, const struct kai_object *object, uint64_t number)
{
	void *made;

	seed = number * 0x9e3779b97f4a7c15u + 1;
	memory->made.used = memory->read.used = 0;
	made = some_object(object, &memory->made);
	return kai_object_encode(object, made, memory->bytes, MEMORY);
}

static void every_object_round_trips_byte_for_byte(void **state)
{
	struct memory *memory = *state;

	for (size_t i = 0; kai_wire_objects[i] != NULL; i++) {
		const struct kai_object *object = kai_wire_objects[i];

		for (uint64_t n = 0; n < 60; n++) {
			size_t len = generate(memory, object, n);

			assert_int_not_equal(len, 0);
			assert_int_equal(kai_object_decode(object, kai_span(memory->bytes, len),
							   &memory->read, memory->ret),
					 KAI_FAULT_NONE);
			assert_int_equal(
				kai_object_encode(object, memory->ret, memory->again, MEMORY), len);
			assert_memory_equal(memory->bytes, memory->again, len);
		}
	}
}

static void msgpack_c_reads_what_we_write(void **state)
{
	struct memory *memory = *state;

	for (size_t i = 0; kai_wire_objects[i] != NULL; i++) {
		size_t len = generate(memory, kai_wire_objects[i], 7);
		size_t offset = 0;
		msgpack_unpacked unpacked;

		msgpack_unpacked_init(&unpacked);
		assert_int_equal(
			msgpack_unpack_next(&unpacked, (const char *)memory->bytes, len, &offset),
			MSGPACK_UNPACK_SUCCESS);
		assert_int_equal(offset, len);
		assert_int_equal(unpacked.data.type, MSGPACK_OBJECT_ARRAY);
		assert_int_equal(unpacked.data.via.array.size, kai_wire_objects[i]->field_count);
		msgpack_unpacked_destroy(&unpacked);
	}
}

static void every_cut_is_refused(void **state)
{
	struct memory *memory = *state;

	for (size_t i = 0; kai_wire_objects[i] != NULL; i++) {
		size_t len = generate(memory, kai_wire_objects[i], 3);

		for (size_t cut = 0; cut < len && cut < 3000; cut++) {
			memory->read.used = 0;
			assert_int_not_equal(kai_object_decode(kai_wire_objects[i],
							       kai_span(memory->bytes, cut),
							       &memory->read, memory->ret),
					     KAI_FAULT_NONE);
		}
		memory->bytes[len] = 0xc0;
		memory->read.used = 0;
		assert_int_equal(kai_object_decode(kai_wire_objects[i],
						   kai_span(memory->bytes, len + 1), &memory->read,
						   memory->ret),
				 KAI_FAULT_TRAILING);
	}
}

/* Whatever one flipped byte makes of it: refused, or decoded to something that encodes to exactly those bytes. */
static void decoding_is_a_bijection_on_what_it_accepts(void **state)
{
	struct memory *memory = *state;

	for (size_t i = 0; kai_wire_objects[i] != NULL; i++) {
		const struct kai_object *object = kai_wire_objects[i];
		size_t len = generate(memory, object, 11);

		for (size_t at = 0; at < len && at < 600; at++) {
			uint8_t before = memory->bytes[at];

			memory->bytes[at] = (uint8_t)next_random();
			memory->read.used = 0;
			if (kai_object_decode(object, kai_span(memory->bytes, len), &memory->read,
					      memory->ret) == KAI_FAULT_NONE) {
				assert_int_equal(kai_object_encode(object, memory->ret,
								   memory->again, MEMORY),
						 len);
				assert_memory_equal(memory->bytes, memory->again, len);
			}
			memory->bytes[at] = before;
		}
	}
}

struct bytes_case {
	const char *name;
	const struct kai_object *object;
	const char *bytes;
	size_t len;
	enum kai_fault fault;
};

#define CASE(object, bytes, fault)                                                                 \
	{                                                                                          \
#object " " bytes, &kai_object_##object, bytes, sizeof(bytes) - 1, fault           \
	}

static void damage_has_a_name(void **state)
{
	/* id_parts = [bin 32, uint ≤ 65535]; mark = [uint ≤ 15, uint ≥ 1]; audience_entry = [uint, bin ≤ 32, str ≤ 64] */
	static const struct bytes_case cases[] = {
		CASE(mark, "", KAI_FAULT_TRUNCATED),
		CASE(mark, "\xc0", KAI_FAULT_TYPE),
		CASE(mark, "\x82\x01\x02", KAI_FAULT_TYPE),
		CASE(mark, "\x91\x01", KAI_FAULT_COUNT),
		CASE(mark, "\x93\x01\x02\x03", KAI_FAULT_COUNT),
		CASE(mark, "\x92\x01\x02", KAI_FAULT_NONE),
		CASE(mark, "\x92\x0f\x02", KAI_FAULT_NONE),
		CASE(mark, "\x92\x10\x02", KAI_FAULT_RANGE),
		CASE(mark, "\x92\x01\x00", KAI_FAULT_RANGE),
		CASE(mark, "\x92\x01\xcc\x02", KAI_FAULT_NOT_MINIMAL),
		CASE(mark, "\x92\x01\xcd\x00\x80", KAI_FAULT_NOT_MINIMAL),
		CASE(mark, "\x92\x01\xce\x00\x00\x80\x00", KAI_FAULT_NOT_MINIMAL),
		CASE(mark, "\x92\x01\xcf\x00\x00\x00\x00\x80\x00\x00\x00", KAI_FAULT_NOT_MINIMAL),
		CASE(mark, "\x92\x01\xcf\x00\x00\x00\x01\x80\x00\x00\x00", KAI_FAULT_NONE),
		CASE(mark, "\x92\x01\xcf\x00\x00", KAI_FAULT_TRUNCATED),
		CASE(mark, "\x92\x01\xff", KAI_FAULT_TYPE),
		CASE(mark, "\x92\x01\xd0\x02", KAI_FAULT_TYPE),
		CASE(mark, "\xdc\x00\x02\x01\x02", KAI_FAULT_NOT_MINIMAL),
		CASE(mark, "\xdd\x00\x00\x00\x02\x01\x02", KAI_FAULT_NOT_MINIMAL),
		CASE(mark, "\xdd\x05\xf5\xe1\x00", KAI_FAULT_COUNT),
		CASE(mark, "\x92\x01\x02\x00", KAI_FAULT_TRAILING),
		CASE(audience_entry, "\x93\x03\xc4\x00\xa1p", KAI_FAULT_NONE),
		CASE(audience_entry, "\x93\x03\xc4\x00\xa0", KAI_FAULT_NONE),
		CASE(audience_entry, "\x93\x03\xc4\x05xx\xa0", KAI_FAULT_TRUNCATED),
		CASE(audience_entry, "\x93\x03\xc5\x00\x01x\xa0", KAI_FAULT_NOT_MINIMAL),
		CASE(audience_entry, "\x93\x03\xc6\x00\x00\x00\x01x\xa0", KAI_FAULT_NOT_MINIMAL),
		CASE(audience_entry, "\x93\x03\xc4\x21xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xa0",
		     KAI_FAULT_LENGTH),
		CASE(audience_entry, "\x93\x03\xa0\xa0", KAI_FAULT_TYPE),
		CASE(audience_entry, "\x93\x03\xc4\x00\xc4\x00", KAI_FAULT_TYPE),
		CASE(audience_entry, "\x93\x03\xc4\x00\xd9\x01p", KAI_FAULT_NOT_MINIMAL),
		CASE(audience_entry, "\x93\x03\xc4\x00\xda\x00\x01p", KAI_FAULT_NOT_MINIMAL),
		CASE(audience_entry, "\x93\x03\xc4\x00\xdb\x00\x00\x00\x01p",
		     KAI_FAULT_NOT_MINIMAL),
		CASE(audience_entry, "\x93\x03\xc4\x00\xdb\xff\xff\xff\xff", KAI_FAULT_LENGTH),
		CASE(audience_entry, "\x93\x03\xc4\x00\xa2\xc3\x28", KAI_FAULT_UTF8),
		CASE(audience_entry, "\x93\x03\xc4\x00\xa1\x1b", KAI_FAULT_UTF8),
	};
	struct memory *memory = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memory->read.used = 0;
		if (kai_object_decode(cases[i].object, kai_span(cases[i].bytes, cases[i].len),
				      &memory->read, memory->ret) != cases[i].fault)
			fail_msg("case %zu is not %s", i, kai_fault_name(cases[i].fault));
	}
}

static void extensions_are_ordered_and_never_critical(void **state)
{
	struct memory *memory = *state;
	/* membership with its ext list replaced */
	size_t len = 0;
	static const struct {
		const char *bytes;
		size_t len;
		enum kai_fault fault;
	} cases[] = {
		{"\x90", 1, KAI_FAULT_NONE},
		{"\x91\x93\x01\xc2\xc4\x00", 6, KAI_FAULT_NONE},
		{"\x91\x93\x01\xc3\xc4\x00", 6, KAI_FAULT_CRITICAL_EXT},
		{"\x92\x93\x01\xc2\xc4\x00\x93\x01\xc2\xc4\x00", 11, KAI_FAULT_EXT_ORDER},
		{"\x92\x93\x02\xc2\xc4\x00\x93\x01\xc2\xc4\x00", 11, KAI_FAULT_EXT_ORDER},
		{"\x91\x92\x01\xc2", 4, KAI_FAULT_COUNT},
	};
	struct kai_membership *membership;

	seed = 5;
	memory->made.used = 0;
	membership = some_object(&kai_object_membership, &memory->made);
	membership->ext_count = 0;
	len = kai_object_encode(&kai_object_membership, membership, memory->bytes, MEMORY);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memory->read.used = 0;
		memcpy(memory->bytes + len - 1, cases[i].bytes, cases[i].len);
		assert_int_equal(kai_object_decode(&kai_object_membership,
						   kai_span(memory->bytes, len - 1 + cases[i].len),
						   &memory->read, memory->ret),
				 cases[i].fault);
	}
}

static void an_arena_that_is_too_small_is_said_so(void **state)
{
	struct memory *memory = *state;
	size_t len = generate(memory, &kai_object_header, 2);
	struct kai_arena small = {memory->read.at, 64, 0, false};

	assert_int_equal(kai_object_decode(&kai_object_header, kai_span(memory->bytes, len), &small,
					   memory->ret),
			 KAI_FAULT_TOO_MUCH);
	assert_true(small.full);
}

static void nothing_outside_its_bounds_is_encoded(void **state)
{
	struct memory *memory = *state;
	struct kai_mark mark = {15, 1};
	struct kai_audience_entry entry = {3, {NULL, 0}, {(const uint8_t *)"\x1b", 1}};

	assert_int_equal(kai_object_encode(&kai_object_mark, &mark, memory->bytes, 3), 3);
	assert_int_equal(kai_object_encode(&kai_object_mark, &mark, memory->bytes, 2), 0);
	mark.clause = 16;
	assert_int_equal(kai_object_encode(&kai_object_mark, &mark, memory->bytes, MEMORY), 0);
	assert_int_equal(
		kai_object_encode(&kai_object_audience_entry, &entry, memory->bytes, MEMORY), 0);
	entry.text = kai_span_str("jp-seed7:pow");
	assert_int_not_equal(
		kai_object_encode(&kai_object_audience_entry, &entry, memory->bytes, MEMORY), 0);
	entry.org = kai_span(memory->again, 33);
	assert_int_equal(
		kai_object_encode(&kai_object_audience_entry, &entry, memory->bytes, MEMORY), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_object_round_trips_byte_for_byte),
		cmocka_unit_test(msgpack_c_reads_what_we_write),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(decoding_is_a_bijection_on_what_it_accepts),
		cmocka_unit_test(damage_has_a_name),
		cmocka_unit_test(extensions_are_ordered_and_never_critical),
		cmocka_unit_test(an_arena_that_is_too_small_is_said_so),
		cmocka_unit_test(nothing_outside_its_bounds_is_encoded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
