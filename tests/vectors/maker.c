/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

json_t *vec_hex(struct kai_span bytes)
{
	char *text = malloc(bytes.len * 2 + 1);
	json_t *value;

	assert(text != NULL);
	sodium_bin2hex(text, bytes.len * 2 + 1, bytes.at, bytes.len);
	value = json_string(text);
	free(text);
	return value;
}

json_t *vec_hex_id(const uint8_t id[32])
{
	return vec_hex(kai_span(id, 32));
}

json_t *vec_row(const char *name, const char *what, struct kai_span bytes)
{
	return json_pack("{s:s, s:s, s:o}", "name", name, "what", what, "hex", vec_hex(bytes));
}

void vec_add_valid(struct maker *maker, json_t *vector)
{
	json_array_append_new(maker->valid, vector);
}

void vec_add_invalid(struct maker *maker, const char *name, const char *what, struct kai_span bytes,
		     enum kai_fault fault)
{
	json_t *vector = vec_row(name, what, bytes);

	json_object_set_new(vector, "fault", json_string(kai_fault_name(fault)));
	json_array_append_new(maker->invalid, vector);
}

struct kai_span vec_copy(struct maker *maker, struct kai_span bytes, size_t extra)
{
	uint8_t *at = kai_arena_take(&maker->arena, bytes.len + extra);

	assert(at != NULL);
	memcpy(at, bytes.at, bytes.len);
	return kai_span(at, bytes.len + extra);
}

struct kai_span vec_flipped(struct maker *maker, struct kai_span bytes, size_t at)
{
	uint8_t *made = kai_arena_take(&maker->arena, bytes.len);

	assert(made != NULL && at < bytes.len);
	memcpy(made, bytes.at, bytes.len);
	made[at] ^= 1;
	return kai_span(made, bytes.len);
}

size_t vec_offset_of(struct kai_span bytes, const char *text)
{
	const uint8_t *found = memmem(bytes.at, bytes.len, text, strlen(text));

	assert(found != NULL);
	return (size_t)(found - bytes.at);
}
