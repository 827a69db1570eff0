/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every wire object: the first byte chooses it, the rest is decoded. What our decoder accepts it
 * encodes to the same bytes, and msgpack-c reads the same bytes to their end.
 */
#include "fuzz.h"

#include <string.h>

#include <msgpack.h>

#include "kairan/wire.h"

#define ARENA_LEN 1048576
#define OUT_LEN 1048576

static size_t object_count(void)
{
	size_t count = 0;

	while (kai_wire_objects[count] != NULL)
		count++;
	return count;
}

static void oracle_agrees(struct kai_span in)
{
	msgpack_unpacked unpacked;
	size_t at = 0;

	msgpack_unpacked_init(&unpacked);
	MUST(msgpack_unpack_next(&unpacked, (const char *)in.at, in.len, &at) ==
	     MSGPACK_UNPACK_SUCCESS);
	MUST(at == in.len);
	MUST(unpacked.data.type == MSGPACK_OBJECT_ARRAY);
	msgpack_unpacked_destroy(&unpacked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[ARENA_LEN];
	static uint8_t out[OUT_LEN];
	static union kai_msg msg;
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	const struct kai_object *object;
	struct kai_span in;
	size_t count = object_count();
	size_t out_len;

	if (count == 0 || len < 1 || len > OUT_LEN)
		return 0;
	object = kai_wire_objects[data[0] % count];
	in = kai_span(data + 1, len - 1);
	MUST(object->size <= sizeof(memory));
	void *decoded =
		object->size <= sizeof(msg) ? (void *)&msg : kai_arena_take(&arena, object->size);

	if (kai_object_decode(object, in, &arena, decoded) != KAI_FAULT_NONE)
		return 0;
	out_len = kai_object_encode(object, decoded, out, sizeof(out));
	MUST(out_len == in.len && memcmp(out, in.at, in.len) == 0);
	oracle_agrees(in);
	return 0;
}
