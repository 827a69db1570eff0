/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other direction: msgpack-c packs an object within the table's bounds, with values that the
 * input chooses. Our decoder must take it; and nothing that is cut short or has a byte too much.
 */
#include "codec.h"

#include <string.h>

#include <msgpack.h>

#include "input.h"

#define LONGEST 5000u /* beyond its least length, of one value */
#define MOST 48u      /* elements of one list */

/* One object that is being packed; left: elements of its list that follow. */
struct level {
	const struct kai_object *object;
	size_t field;
	size_t left;
};

struct maker {
	struct fuzz_input input;
	msgpack_sbuffer out;
	msgpack_packer packer;
	struct level levels[2 * KAI_MAX_DEPTH];
	size_t depth;
};

/* Both ends of a bound as often as what lies between. */
static uint64_t choose(struct maker *maker, uint64_t min, uint64_t max, uint64_t most)
{
	uint64_t top = max - min < most ? max : min + most;
	uint8_t how = fuzz_byte(&maker->input);

	if (how < 64)
		return min;
	if (how < 96)
		return top;
	if (how < 128)
		return top - min > UINT16_MAX ? min + fuzz_u64(&maker->input) % (top - min) : top;
	return min + (uint64_t)(how - 128) % (top - min + 1);
}

static void make_bytes(struct maker *maker, size_t len, bool text)
{
	static const char letters[] = "aé漢z\n0-:/\t🚨";
	static uint8_t bytes[2 * LONGEST];
	uint8_t fill = fuzz_byte(&maker->input);

	MUST(len <= sizeof(bytes));
	if (!text) {
		memset(bytes, fill, len);
		(void)msgpack_pack_bin_with_body(&maker->packer, bytes, len);
		return;
	}
	memset(bytes, 'a' + fill % 26, len);
	/* one character of more than one byte where it fits */
	if (fill >= 128 && len >= sizeof(letters) - 1)
		memcpy(bytes, letters, sizeof(letters) - 1);
	(void)msgpack_pack_str_with_body(&maker->packer, bytes, len);
}

static void make_ext(struct maker *maker, size_t count)
{
	for (uint64_t i = 0, tag = 0; i < count; i++) {
		tag += 1 + fuzz_byte(&maker->input);
		(void)msgpack_pack_array(&maker->packer, 3);
		(void)msgpack_pack_uint64(&maker->packer, tag);
		(void)msgpack_pack_false(&maker->packer);
		make_bytes(maker, (size_t)choose(maker, 0, KAI_MAX_EXT_LEN, KAI_MAX_EXT_LEN),
			   false);
	}
}

static void begin(struct maker *maker, const struct kai_object *object, size_t left)
{
	MUST(maker->depth < sizeof(maker->levels) / sizeof(maker->levels[0]));
	maker->levels[maker->depth++] = (struct level){object, 0, left};
	(void)msgpack_pack_array(&maker->packer, object->field_count);
}

static void make_list(struct maker *maker, const struct kai_field *field)
{
	size_t count = (size_t)choose(maker, field->min, field->max, MOST);

	(void)msgpack_pack_array(&maker->packer, count);
	if (field->type == KAI_T_LIST && count > 0) {
		begin(maker, field->object, count - 1);
		return;
	}
	if (field->type == KAI_T_EXT) {
		make_ext(maker, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (field->type == KAI_T_IDS)
			make_bytes(maker, KAI_ID_LEN, false);
		else if (field->type == KAI_T_NUMS)
			(void)msgpack_pack_uint64(&maker->packer,
						  choose(maker, 0, field->arg, UINT64_MAX));
		else
			make_bytes(maker, (size_t)choose(maker, 1, field->arg, LONGEST),
				   field->type == KAI_T_STRS);
	}
}

static void make_field(struct maker *maker, const struct kai_field *field)
{
	switch (field->type) {
	case KAI_T_U64:
		(void)msgpack_pack_uint64(&maker->packer,
					  choose(maker, field->min, field->max, UINT64_MAX));
		return;
	case KAI_T_BOOL:
		(void)((fuzz_byte(&maker->input) & 1) != 0 ? msgpack_pack_true(&maker->packer)
							   : msgpack_pack_false(&maker->packer));
		return;
	case KAI_T_FIX:
		make_bytes(maker, field->arg, false);
		return;
	case KAI_T_OPT:
	case KAI_T_MAYBE:
		if ((fuzz_byte(&maker->input) & 1) == 0)
			(void)msgpack_pack_nil(&maker->packer);
		else if (field->type == KAI_T_OPT)
			make_bytes(maker, KAI_ID_LEN, false);
		else
			begin(maker, field->object, 0);
		return;
	case KAI_T_BIN:
	case KAI_T_STR:
		make_bytes(maker, (size_t)choose(maker, field->min, field->max, LONGEST),
			   field->type == KAI_T_STR);
		return;
	case KAI_T_OBJ:
		begin(maker, field->object, 0);
		return;
	case KAI_T_IDS:
	case KAI_T_STRS:
	case KAI_T_BINS:
	case KAI_T_NUMS:
	case KAI_T_LIST:
	case KAI_T_EXT:
		break;
	}
	make_list(maker, field);
}

static void make(struct maker *maker, const struct kai_object *object)
{
	begin(maker, object, 0);
	while (maker->depth > 0) {
		struct level *level = &maker->levels[maker->depth - 1];

		if (level->field < level->object->field_count) {
			make_field(maker, &level->object->fields()[level->field++]);
		} else if (level->left > 0) {
			level->left--;
			level->field = 0;
			(void)msgpack_pack_array(&maker->packer, level->object->field_count);
		} else {
			maker->depth--;
		}
	}
}

/* Anything shorter or longer is another object, or none. */
static void only_whole(struct maker *maker, const struct kai_object *object)
{
	size_t len = maker->out.size;
	size_t cut = fuzz_below(&maker->input, len < UINT16_MAX ? len : UINT16_MAX);

	MUST(codec_check(object, kai_span(maker->out.data, cut)) == NULL);
	MUST(msgpack_sbuffer_write(&maker->out, "\xc0", 1) == 0);
	MUST(codec_check(object, kai_span(maker->out.data, len + 1)) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct maker maker = {.input = fuzz_input(data, len)};
	const struct kai_object *object = codec_object(fuzz_byte(&maker.input) % codec_count());

	msgpack_sbuffer_init(&maker.out);
	msgpack_packer_init(&maker.packer, &maker.out, msgpack_sbuffer_write);
	make(&maker, object);
	if (maker.out.size < CODEC_MAX_LEN) {
		(void)codec_accept(object, kai_span(maker.out.data, maker.out.size));
		only_whole(&maker, object);
	}
	msgpack_sbuffer_destroy(&maker.out);
	return 0;
}
