/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes proto/vectors/v1.json: what a second implementation checks itself against. Deterministic.
 * usage: make-vectors > proto/vectors/v1.json
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "kairan/text.h"
#include "maker.h"

#define MEMORY ((size_t)16 * 1024 * 1024)

static void hashes(struct maker *maker, json_t *top)
{
	json_t *list = json_array();
	uint8_t realm[16], hash[32];

	memset(realm, 0x5a, sizeof(realm));
	for (int i = 0; i < KAI_CTX_END; i++) {
		const uint8_t *used = i % 2 == 0 ? kai_realm_live : realm;
		struct kai_span input = kai_span_str(i % 3 == 0 ? "" : "kairan 回覧");

		kai_hash((enum kai_ctx)i, used, input, hash);
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "context",
						      kai_ctx_word((enum kai_ctx)i), "realm",
						      vec_hex(kai_span(used, 16)), "input",
						      vec_hex(input), "hash", vec_hex_id(hash)));
	}
	json_object_set_new(top, "hashes", list);
	(void)maker;
}

static json_t *person_row(const struct person *person)
{
	char fingerprint[KAI_FINGERPRINT_SIZE];

	kai_fingerprint(person->root, fingerprint);
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "name", person->name, "org",
			 vec_hex_id(person->root), "fingerprint", fingerprint, "duty",
			 vec_hex_id(person->duty), "decider", vec_hex_id(person->decider), "seal",
			 vec_hex_id(person->seal), "seal_secret", vec_hex_id(person->seal_secret),
			 "card", vec_hex(person->card));
}

static void frames(struct maker *maker, const struct carried *item)
{
	struct kai_push push = {.advisory = item->advisory, .offered = 7};
	struct kai_ping ping = {.answer = true};
	struct kai_bye bye = {.reason = kai_span_str("stopping")};
	struct kai_span frame;
	uint8_t *huge = kai_arena_take(&maker->arena, KAI_MAX_FRAME + 1);

	assert(huge != NULL);
	frame = kai_frame_encode(KAI_MSG_PUSH, &push, &maker->arena);
	vec_add_valid(maker, vec_row("push", "frame", frame));
	vec_add_valid(maker, vec_row("ping", "frame",
				     kai_frame_encode(KAI_MSG_PING, &ping, &maker->arena)));
	frame = kai_frame_encode(KAI_MSG_BYE, &bye, &maker->arena);
	vec_add_valid(maker, vec_row("bye", "frame", frame));
	vec_add_invalid(maker, "frame of version 2", "frame", kai_span("\x93\x02\x0e\xa0", 4),
			KAI_FAULT_VERSION);
	vec_add_invalid(maker, "frame of an unknown type", "frame", kai_span("\x93\x01\x63\xa0", 4),
			KAI_FAULT_UNKNOWN_TYPE);
	vec_add_invalid(maker, "frame with a field too many", "frame",
			kai_span("\x94\x01\x0e\xa0\xc0", 5), KAI_FAULT_COUNT);
	vec_add_invalid(maker, "frame with a long length form", "frame",
			kai_span("\x93\x01\x0e\xd9\x01x", 6), KAI_FAULT_NOT_MINIMAL);
	vec_add_invalid(maker, "frame with bad UTF-8", "frame",
			kai_span("\x93\x01\x0e\xa2\xc3(", 6), KAI_FAULT_UTF8);
	vec_add_invalid(maker, "frame with bin for str", "frame",
			kai_span("\x93\x01\x0e\xc4\x00", 5), KAI_FAULT_TYPE);
	vec_add_invalid(maker, "frame that claims a hundred million elements", "frame",
			kai_span("\xdd\x05\xf5\xe1\x00", 5), KAI_FAULT_COUNT);
	vec_add_invalid(maker, "empty frame", "frame", kai_span(NULL, 0), KAI_FAULT_TRUNCATED);
	memcpy(huge, frame.at, frame.len);
	json_array_append_new(maker->invalid,
			      json_pack("{s:s, s:s, s:s, s:i, s:s}", "name",
					"frame beyond the largest size", "what", "frame", "hex", "",
					"zeros", KAI_MAX_FRAME + 1, "fault",
					kai_fault_name(KAI_FAULT_OVERSIZE)));
}

static void armour(struct maker *maker)
{
	static const char type[] = "KAIRAN CARD";
	size_t cap = kai_armour_len(maker->alice.card.len);
	char *text = malloc(cap);
	char *checksum;

	assert(text != NULL);
	kai_armour(type, maker->alice.card, text, cap);
	vec_add_valid(maker, json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", "card in armour",
				       "what", "armour", "type", type, "text", text, "hex",
				       vec_hex(maker->alice.card)));
	checksum = strstr(text, "\n=") + 2;
	*checksum = *checksum == 'a' ? 'b' : 'a';
	json_array_append_new(maker->invalid,
			      json_pack("{s:s, s:s, s:s, s:s, s:s}", "name",
					"armour with a wrong checksum", "what", "armour", "type",
					type, "text", text, "fault",
					kai_fault_name(KAI_FAULT_CHECKSUM)));
	free(text);
}

int main(void)
{
	static uint8_t memory[MEMORY];
	struct maker maker = {.arena = {memory, sizeof(memory), 0, false},
			      .valid = json_array(),
			      .invalid = json_array()};
	json_t *top = json_object();
	struct carried item;

	if (sodium_init() < 0)
		return 1;
	person_make(&maker.alice, "Alice Electric", "JP", &maker.arena);
	person_make(&maker.bob, "Bob Grid", "JP", &maker.arena);
	json_object_set_new(
		top, "note",
		json_string(
			"Made by tests/vectors/make.c. The secrets are public: never use them."));
	json_object_set_new(top, "people",
			    json_pack("[o, o]", person_row(&maker.alice), person_row(&maker.bob)));
	hashes(&maker, top);
	vec_statements(&maker);
	vec_carry(&maker, &item);
	vec_advisories(&maker, &item);
	frames(&maker, &item);
	armour(&maker);
	json_object_set_new(top, "valid", maker.valid);
	json_object_set_new(top, "invalid", maker.invalid);
	if (json_dumpf(top, stdout, JSON_INDENT(1)) != 0)
		return 1;
	(void)printf("\n");
	json_decref(top);
	return 0;
}
