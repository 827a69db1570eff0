/* SPDX-License-Identifier: Apache-2.0 */
/* Our own reading of proto/vectors/v1.json: the valid ones are read as they say, the invalid ones refused by their fault. */
#include "../unit/test.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "kairan/bundle.h"
#include "kairan/drill.h"
#include "kairan/check.h"
#include "kairan/text.h"
#include "people.h"

#define MEMORY ((size_t)32 * 1024 * 1024)

struct reader {
	struct kai_arena arena;
	json_t *top;
	struct kai_card alice, bob;
	uint8_t bob_secret[32];
};

static struct kai_span bytes_of(struct reader *reader, const json_t *vector, const char *name)
{
	const char *hex = json_string_value(json_object_get(vector, name));
	size_t zeros = (size_t)json_integer_value(json_object_get(vector, "zeros"));
	size_t len = hex != NULL ? strlen(hex) / 2 : 0;
	uint8_t *at = kai_arena_take(&reader->arena, zeros > len ? zeros : len);

	assert_non_null(hex);
	assert_non_null(at);
	assert_int_equal(sodium_hex2bin(at, len, hex, 2 * len, NULL, NULL, NULL), 0);
	return kai_span(at, zeros > 0 ? zeros : len);
}

static enum kai_fault read_card(struct reader *reader, const json_t *vector)
{
	struct kai_card card;
	uint8_t digest[32];

	return kai_card_open(bytes_of(reader, vector, "hex"), &reader->arena, &card, digest);
}

static enum kai_fault read_membership(struct reader *reader, const json_t *vector)
{
	struct kai_membership membership;

	return kai_membership_open(bytes_of(reader, vector, "hex"), &reader->alice, &reader->arena,
				   &membership);
}

static enum kai_fault read_node_record(struct reader *reader, const json_t *vector)
{
	struct kai_node_record record;
	uint8_t digest[32];

	return kai_node_record_open(bytes_of(reader, vector, "hex"), &reader->arena, &record,
				    digest);
}

static enum kai_fault read_notice(struct reader *reader, const json_t *vector)
{
	struct kai_notice notice;

	return kai_notice_open(bytes_of(reader, vector, "hex"), &reader->bob, &reader->arena,
			       &notice);
}

static enum kai_fault read_drill(struct reader *reader, const json_t *vector)
{
	struct kai_drill drill;
	uint8_t digest[32];

	return kai_drill_open(bytes_of(reader, vector, "hex"), &reader->alice, &reader->arena,
			      &drill, digest);
}

/* By the card of who it says that it is of. */
static enum kai_fault read_drill_say(struct reader *reader, const json_t *vector)
{
	struct kai_span bytes = bytes_of(reader, vector, "hex");
	struct kai_drill_say say;
	enum kai_fault fault = kai_drill_say_peek(bytes, &reader->arena, &say);

	if (fault != KAI_FAULT_NONE)
		return fault;
	return kai_drill_say_open(
		bytes, kai_id_equal(say.org, reader->alice.org) ? &reader->alice : &reader->bob,
		&reader->arena, &say);
}

static enum kai_fault read_release(struct reader *reader, const json_t *vector)
{
	struct kai_release release;

	return kai_release_open(bytes_of(reader, vector, "hex"), &reader->alice, &reader->arena,
				&release);
}

/* By Bob, with a person's word in it. */
static enum kai_fault read_receipt(struct reader *reader, const json_t *vector)
{
	struct kai_receipt_opened opened;
	enum kai_fault fault =
		kai_receipt_open(bytes_of(reader, vector, "hex"), &reader->arena, &opened);

	if (fault != KAI_FAULT_NONE)
		return fault;
	return kai_card_key(&reader->bob, opened.key, KAI_ROLE_DUTY,
			    (struct kai_wall){(int64_t)opened.receipt.at});
}

static enum kai_fault read_bundle(struct reader *reader, const json_t *vector)
{
	struct kai_bundle_opened opened;
	enum kai_fault fault =
		kai_bundle_open(bytes_of(reader, vector, "hex"), &reader->arena, &opened);

	if (fault != KAI_FAULT_NONE)
		return fault;
	return kai_card_key(&reader->alice, opened.key, KAI_ROLE_SYSTEM,
			    (struct kai_wall){(int64_t)opened.bundle.number * 1000});
}

static enum kai_fault read_agreement(struct reader *reader, const json_t *vector)
{
	bool alice_first = memcmp(reader->alice.org, reader->bob.org, 32) < 0;
	struct kai_agreement_read agreement;

	return kai_agreement_open(
		bytes_of(reader, vector, "hex"), alice_first ? &reader->alice : &reader->bob,
		alice_first ? &reader->bob : &reader->alice, &reader->arena, &agreement);
}

/* An advisory as a push frame carries it, so that the check under test is the one that runs on links. */
static enum kai_fault read_advisory(struct reader *reader, const json_t *vector,
				    struct kai_checked *ret)
{
	struct kai_push push = {.offered = 1};
	struct kai_span bytes = bytes_of(reader, vector, "hex");
	enum kai_fault fault =
		kai_object_decode(&kai_object_advisory, bytes, &reader->arena, &push.advisory);

	if (fault != KAI_FAULT_NONE)
		return fault;
	kai_frame_check(kai_frame_encode(KAI_MSG_PUSH, &push, &reader->arena), &reader->arena, ret);
	return ret->fault != KAI_FAULT_NONE ? ret->fault : ret->item_fault;
}

static enum kai_fault open_parts(struct reader *reader, const struct kai_checked *item,
				 const json_t *expected)
{
	const struct kai_advisory *advisory = &item->msg.push.advisory;
	const struct kai_card_key *from =
		kai_card_seal_key(&reader->alice, (struct kai_wall){VECTOR_NOW});
	const struct kai_card_key *to =
		kai_card_seal_key(&reader->bob, (struct kai_wall){VECTOR_NOW});
	const struct kai_link_ends ends = {kai_realm_live, reader->alice.org, reader->bob.org,
					   from->key, to->key};
	uint8_t key[32];

	assert_true(kai_link_key(&ends, reader->bob_secret, from->key, key));
	for (size_t i = 0; i < advisory->wraps_count; i++) {
		const struct kai_part_id part = {kai_realm_live, item->header.origin, (uint8_t)i,
						 item->header.parts[i].name};
		const char *content =
			json_string_value(json_object_get(json_array_get(expected, i), "content"));
		struct kai_opening opening;
		struct kai_label label;
		struct kai_span text;
		enum kai_fault fault =
			advisory->wraps[i].kind == KAI_WRAP_SEALED
				? kai_wrap_sealed_open(to->key, reader->bob_secret,
						       &advisory->wraps[i], &reader->arena,
						       &opening)
				: kai_wrap_link_open(&ends, key, item->id, &advisory->wraps[i],
						     &reader->arena, &opening);

		if (fault == KAI_FAULT_NONE)
			fault = kai_opening_check(&item->header, (uint8_t)i, &opening,
						  &reader->arena, &label);
		if (fault == KAI_FAULT_NONE)
			fault = kai_part_open(&part, opening.key, advisory->parts[i].ciphertext,
					      &reader->arena, &text);
		if (fault != KAI_FAULT_NONE)
			return fault;
		if (content != NULL)
			assert_true(kai_span_equal(text, kai_span_str(content)));
	}
	return KAI_FAULT_NONE;
}

static enum kai_fault read_opened(struct reader *reader, const json_t *vector)
{
	struct kai_checked item;
	enum kai_fault fault = read_advisory(reader, vector, &item);

	if (fault == KAI_FAULT_NONE)
		fault = kai_card_key(&reader->alice, item.msg.push.advisory.signatures[0].key,
				     KAI_ROLE_DUTY, (struct kai_wall){VECTOR_NOW});
	return fault != KAI_FAULT_NONE
		       ? fault
		       : open_parts(reader, &item, json_object_get(vector, "parts"));
}

static enum kai_fault read_frame(struct reader *reader, const json_t *vector)
{
	struct kai_checked checked;

	kai_frame_check(bytes_of(reader, vector, "hex"), &reader->arena, &checked);
	if (checked.fault != KAI_FAULT_NONE)
		return checked.fault;
	return checked.has_receipt ? checked.receipt_fault : checked.item_fault;
}

static enum kai_fault read_armour(struct reader *reader, const json_t *vector)
{
	struct kai_span bytes;

	return kai_armour_open(json_string_value(json_object_get(vector, "type")),
			       kai_span_str(json_string_value(json_object_get(vector, "text"))),
			       &reader->arena, &bytes);
}

static enum kai_fault read_item(struct reader *reader, const json_t *vector)
{
	struct kai_checked item;

	return read_advisory(reader, vector, &item);
}

struct reading {
	const char *what;
	enum kai_fault (*read)(struct reader *reader, const json_t *vector);
};

static enum kai_fault read_vector(struct reader *reader, const json_t *vector)
{
	static const struct reading readings[] = {
		{"card", read_card},
		{"node_record", read_node_record},
		{"notice", read_notice},
		{"drill", read_drill},
		{"drill_say", read_drill_say},
		{"release", read_release},
		{"receipt", read_receipt},
		{"bundle", read_bundle},
		{"membership", read_membership},
		{"agreement", read_agreement},
		{"advisory", read_item},
		{"advisory-open", read_opened},
		{"frame", read_frame},
		{"armour", read_armour},
	};
	const char *what = json_string_value(json_object_get(vector, "what"));

	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
		if (strcmp(what, readings[i].what) == 0)
			return readings[i].read(reader, vector);
	fail_msg("no reading for %s", what);
	return KAI_FAULT_NONE;
}

static void every_valid_vector_is_read(void **state)
{
	struct reader *reader = *state;
	const json_t *vector;
	size_t index, mark = reader->arena.used;

	json_array_foreach (json_object_get(reader->top, "valid"), index, vector) {
		enum kai_fault fault = read_vector(reader, vector);

		if (fault != KAI_FAULT_NONE)
			fail_msg("%s: %s", json_string_value(json_object_get(vector, "name")),
				 kai_fault_name(fault));
		if (strcmp(json_string_value(json_object_get(vector, "what")), "advisory") == 0)
			assert_int_equal(read_opened(reader, vector), KAI_FAULT_NONE);
		reader->arena.used = mark;
	}
}

static void every_invalid_vector_is_refused_by_its_fault(void **state)
{
	struct reader *reader = *state;
	const json_t *vector;
	size_t index, mark = reader->arena.used;

	json_array_foreach (json_object_get(reader->top, "invalid"), index, vector) {
		const char *wanted = json_string_value(json_object_get(vector, "fault"));
		enum kai_fault fault = read_vector(reader, vector);

		if (strcmp(kai_fault_name(fault), wanted) != 0)
			fail_msg("%s: %s, not %s",
				 json_string_value(json_object_get(vector, "name")),
				 kai_fault_name(fault), wanted);
		reader->arena.used = mark;
	}
}

static void ids_and_digests_are_as_written(void **state)
{
	struct reader *reader = *state;
	const json_t *list = json_object_get(reader->top, "valid");
	struct kai_checked item;
	struct kai_card card;
	uint8_t digest[32];
	size_t index;
	const json_t *vector;

	json_array_foreach (list, index, vector) {
		const char *what = json_string_value(json_object_get(vector, "what"));

		if (strcmp(what, "advisory") == 0) {
			assert_int_equal(read_advisory(reader, vector, &item), KAI_FAULT_NONE);
			assert_memory_equal(item.id, bytes_of(reader, vector, "id").at, 32);
		} else if (strcmp(what, "card") == 0) {
			assert_int_equal(kai_card_open(bytes_of(reader, vector, "hex"),
						       &reader->arena, &card, digest),
					 KAI_FAULT_NONE);
			assert_memory_equal(digest, bytes_of(reader, vector, "digest").at, 32);
		}
	}
}

static void hashes_are_as_written(void **state)
{
	struct reader *reader = *state;
	const json_t *vector;
	size_t index;

	json_array_foreach (json_object_get(reader->top, "hashes"), index, vector) {
		uint8_t hash[32];

		assert_string_equal(json_string_value(json_object_get(vector, "context")),
				    kai_ctx_word((enum kai_ctx)index));
		kai_hash((enum kai_ctx)index, bytes_of(reader, vector, "realm").at,
			 bytes_of(reader, vector, "input"), hash);
		assert_memory_equal(hash, bytes_of(reader, vector, "hash").at, 32);
	}
	assert_int_equal(index, KAI_CTX_END);
}

static int set_up(void **state)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	const char *path = getenv("KAIRAN_VECTORS");
	uint8_t digest[32];
	const json_t *people;

	assert_non_null(reader);
	*state = reader;
	reader->arena = (struct kai_arena){malloc(MEMORY), MEMORY, 0, false};
	reader->top = path != NULL ? json_load_file(path, 0, NULL) : NULL;
	people = json_object_get(reader->top, "people");
	if (!json_is_array(people) ||
	    kai_card_open(bytes_of(reader, json_array_get(people, 0), "card"), &reader->arena,
			  &reader->alice, digest) != KAI_FAULT_NONE ||
	    kai_card_open(bytes_of(reader, json_array_get(people, 1), "card"), &reader->arena,
			  &reader->bob, digest) != KAI_FAULT_NONE)
		return -1;
	memcpy(reader->bob_secret, bytes_of(reader, json_array_get(people, 1), "seal_secret").at,
	       32);
	return 0;
}

static int tear_down(void **state)
{
	struct reader *reader = *state;

	json_decref(reader->top);
	free(reader->arena.at);
	free(reader);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_valid_vector_is_read),
		cmocka_unit_test(every_invalid_vector_is_refused_by_its_fault),
		cmocka_unit_test(ids_and_digests_are_as_written),
		cmocka_unit_test(hashes_are_as_written),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
