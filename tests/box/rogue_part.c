/* SPDX-License-Identifier: Apache-2.0 */
/* A sender that mixes up parts, wraps and openings. */
#include "rogue.h"

static struct kai_opening opening_of(struct rogue *rogue, const struct craft *craft, uint8_t index)
{
	struct kai_opening opening;

	assert_int_equal(kai_object_decode(&kai_object_opening, craft->built.parts[index].opening,
					   &rogue->peer->arena, &opening),
			 KAI_FAULT_NONE);
	return opening;
}

static void wrap_again(struct rogue *rogue, struct craft *craft, uint8_t index,
		       const struct kai_opening *opening)
{
	struct kai_span bytes =
		kai_object_encode_in(&kai_object_opening, opening, &rogue->peer->arena);

	assert_true(bytes.len > 0);
	craft->wraps[index] = craft_wrap(rogue->peer, craft->id, index, bytes);
}

static void swap_parts(struct rogue *rogue, struct craft *craft)
{
	struct kai_span first = craft->parts[0].ciphertext;

	(void)rogue;
	craft->parts[0].ciphertext = craft->parts[1].ciphertext;
	craft->parts[1].ciphertext = first;
}

static void flip_part(struct rogue *rogue, struct craft *craft)
{
	struct kai_span copy = craft_copy(rogue->peer, craft->parts[0].ciphertext);
	uint8_t *at = kai_arena_take(&rogue->peer->arena, copy.len);

	memcpy(at, copy.at, copy.len);
	at[copy.len / 2] ^= 1;
	craft->parts[0].ciphertext = kai_span(at, copy.len);
}

static void part_of_another(struct rogue *rogue, struct craft *craft)
{
	craft->parts[0] = craft_make(rogue->peer, NULL)->parts[0];
}

static void same_index(struct rogue *rogue, struct craft *craft)
{
	(void)rogue;
	craft->parts[1] = craft->parts[0];
}

static void far_index(struct rogue *rogue, struct craft *craft)
{
	(void)rogue;
	craft->parts[1].index = 9;
}

static void far_wrap(struct rogue *rogue, struct craft *craft)
{
	(void)rogue;
	craft->wraps[1].index = 9;
}

static void wrap_of_part(struct rogue *rogue, struct craft *craft)
{
	(void)rogue;
	craft->wraps[0].bytes = craft->wraps[1].bytes;
}

static void wrap_of_another(struct rogue *rogue, struct craft *craft)
{
	craft->wraps[0] = craft_make(rogue->peer, NULL)->wraps[0];
}

static void wrap_of_honest(struct rogue *rogue, struct craft *craft)
{
	craft->wraps[0] = craft_wrap(rogue->honest, craft->id, 0, craft->built.parts[0].opening);
}

static void hint_of_another(struct rogue *rogue, struct craft *craft)
{
	kai_key_hint(rogue->honest->seal.key, craft->wraps[0].key_hint);
}

static void no_wraps(struct rogue *rogue, struct craft *craft)
{
	(void)rogue;
	craft->wrap_count = 0;
}

/* Rightly wrapped, for the wrong key, salt or label. */
static void key_of_part(struct rogue *rogue, struct craft *craft)
{
	struct kai_opening opening = opening_of(rogue, craft, 0);
	struct kai_opening other = opening_of(rogue, craft, 1);

	memcpy(opening.key, other.key, sizeof(opening.key));
	wrap_again(rogue, craft, 0, &opening);
}

static void salt_of_part(struct rogue *rogue, struct craft *craft)
{
	struct kai_opening opening = opening_of(rogue, craft, 0);

	opening.salt[0] ^= 1;
	wrap_again(rogue, craft, 0, &opening);
}

static void label_made_wider(struct rogue *rogue, struct craft *craft)
{
	struct kai_opening opening = opening_of(rogue, craft, 0);
	struct kai_label label = craft->header.label;

	label.tlp = KAI_TLP_GREEN;
	opening.label = kai_object_encode_in(&kai_object_label, &label, &rogue->peer->arena);
	assert_true(opening.label.len > 0);
	wrap_again(rogue, craft, 0, &opening);
}

/* Hash, signature and wrap fit what is no sealed part at all. */
static void not_sealed(struct rogue *rogue, struct craft *craft)
{
	struct kai_opening opening = opening_of(rogue, craft, 0);

	flip_part(rogue, craft);
	kai_part_hash(kai_realm_live, craft->parts[0].ciphertext, craft->header.parts[0].hash);
	craft_reseal(rogue->peer, craft);
	craft_sign(craft, &rogue->peer->decider);
	wrap_again(rogue, craft, 0, &opening);
}

#define PARTS .plan = {.extra_len = 100}

static const struct rogue_case cases[] = {
	{"ciphertexts of two parts swapped", rogue_push, "bad-hash", .klass = KAI_CLASS_COPY,
	 .spoil = swap_parts, PARTS},
	{"a ciphertext with one bit changed", rogue_push, "bad-hash", .klass = KAI_CLASS_COPY,
	 .spoil = flip_part},
	{"another item's ciphertext", rogue_push, "bad-hash", .klass = KAI_CLASS_COPY,
	 .spoil = part_of_another},
	{"one part twice", rogue_push, "unordered", .klass = KAI_CLASS_COPY, .spoil = same_index,
	 PARTS},
	{"a part that the header does not have", rogue_push, "out-of-range",
	 .klass = KAI_CLASS_COPY, .spoil = far_index, PARTS},
	{"a wrap for a part that the header does not have", rogue_push, "out-of-range",
	 .klass = KAI_CLASS_COPY, .spoil = far_wrap, PARTS},
	{"the wrap of another part", rogue_push, "bad-wrap", .klass = KAI_CLASS_COPY,
	 .spoil = wrap_of_part, PARTS},
	{"the wrap of another item", rogue_push, "bad-wrap", .klass = KAI_CLASS_COPY,
	 .spoil = wrap_of_another},
	{"a wrap under another pair's key", rogue_push, "bad-wrap", .klass = KAI_CLASS_COPY,
	 .spoil = wrap_of_honest},
	{"a wrap that says it is for another", rogue_push, "bad-wrap", .klass = KAI_CLASS_COPY,
	 .spoil = hint_of_another},
	{"no wrap", rogue_push, "no-wrap", .klass = KAI_CLASS_COPY, .spoil = no_wraps},
	{"the key of another part", rogue_push, "key-commitment", .klass = KAI_CLASS_COPY,
	 .spoil = key_of_part, PARTS},
	{"another salt", rogue_push, "label-commitment", .klass = KAI_CLASS_COPY,
	 .spoil = salt_of_part},
	{"a part's label made wider", rogue_push, "label-commitment", .klass = KAI_CLASS_COPY,
	 .spoil = label_made_wider},
	{"a part that no key opens", rogue_push, "bad-part", .klass = KAI_CLASS_COPY,
	 .spoil = not_sealed},
	{"a main part that is no body", rogue_push, "bad-body", .plan = {.bad_body = true}},
};
const struct rogue_cases rogue_part_cases = {cases, sizeof(cases) / sizeof(*cases)};
