/* SPDX-License-Identifier: Apache-2.0 */
#include "usual.h"

#include <stdlib.h>
#include <string.h>

#include "kairan/advisory.h"
#include "kairan/kinds.h"
#include "kairan/text.h"

void usual_direction(struct kai_direction *ret)
{
	static uint64_t kinds[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	static struct kai_span any = {(const uint8_t *)"*", 1};

	*ret = (struct kai_direction){
		.kinds = kinds,
		.kinds_count = sizeof(kinds) / sizeof(kinds[0]),
		.sectors = &any,
		.sectors_count = 1,
		.ceiling = KAI_TLP_RED,
		.onward = KAI_ONWARD_ANY,
		.attribution = KAI_ATTR_NAMED,
	};
}

struct kai_span usual_body(uint64_t kind, const char *title, const uint8_t *question,
			   struct kai_arena *arena)
{
	static const char *const examples[] = {
		[KAI_V_TEXT] = "some text",
		[KAI_V_TIME] = "2030-03-17T00:00:00.000Z",
		[KAI_V_NUMBER] = "1",
		[KAI_V_ID] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		[KAI_V_COMMIT] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		[KAI_V_CAUSE] = "unknown//low/2030-03-17T00:00:00.000Z",
	};
	const struct kai_kind_row *row = kai_kind_row(kind);
	struct kai_body_value values[32];
	char id[KAI_ID_TEXT];
	struct kai_body body = {.version = KAI_VERSION,
				.title = kai_span_str(title),
				.text = kai_span_str("what happened"),
				.values = values};

	assert_non_null(row);
	for (size_t i = 0; i < row->field_count; i++) {
		const struct kai_body_field_row *field = &row->fields[i];
		struct kai_body_value *value = &values[body.values_count];

		if (!field->mandatory)
			continue;
		assert_in_range(body.values_count, 0, 31);
		body.values_count++;
		value->name = kai_span_str(field->name);
		value->value = field->type == KAI_V_WORD
				       ? kai_span(field->words, strcspn(field->words, "|"))
				       : kai_span_str(examples[field->type]);
		if (field->type == KAI_V_ID && question != NULL) {
			kai_id_text(question, id);
			value->value = kai_span_str(id);
		}
	}
	struct kai_span bytes = kai_object_encode_in(&kai_object_body, &body, arena);

	assert_true(bytes.len > 0);
	return bytes;
}

static int by_use_and_key(const void *a, const void *b)
{
	const struct kai_card_key *left = a, *right = b;

	if (left->use != right->use)
		return left->use < right->use ? -1 : 1;
	return memcmp(left->key, right->key, KAI_ID_LEN);
}

void usual_keys(struct kai_card *card)
{
	qsort(card->keys, card->keys_count, sizeof(*card->keys), by_use_and_key);
}
