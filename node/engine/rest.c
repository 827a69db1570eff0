/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

#include <sodium.h>
#include <string.h>

#include "kairan/label.h"
#include "kairan/rec.h"

static struct kai_span additional(uint8_t at[KAI_ID_LEN + 1], const uint8_t id[KAI_ID_LEN],
				  uint8_t index)
{
	memcpy(at, id, KAI_ID_LEN);
	at[KAI_ID_LEN] = index;
	return kai_span(at, KAI_ID_LEN + 1);
}

/*
 * The nonce is a keyed hash of what is sealed (as in SIV, RFC 5297): under one key no nonce meets two
 * openings, whatever the turn's entropy is worth, and the same opening of the same part is the same
 * bytes. That says no more than its id does.
 */
static void nonce_of(const struct kai_rest_key *key, struct kai_span ad, struct kai_span opening,
		     uint8_t ret[24])
{
	struct kai_span pieces[] = {kai_span(key->secret, KAI_ID_LEN), ad, opening};
	uint8_t digest[KAI_ID_LEN];

	kai_hash_many(KAI_CTX_REST, kai_realm_live, pieces, 3, digest);
	memcpy(ret, digest, 24);
}

bool kai_rest_seal(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN], uint8_t index,
		   struct kai_span opening, struct kai_part *io_part)
{
	const struct kai_engine_config *config = &turn->engine->config;
	const struct kai_rest_key *key = &config->rest_keys[config->rest_key_count - 1];
	uint8_t ad[KAI_ID_LEN + 1];
	uint8_t nonce[24];

	struct kai_span about = additional(ad, id, index);

	nonce_of(key, about, opening, nonce);
	struct kai_span box =
		kai_box(KAI_CTX_REST, key->secret, nonce, about, opening, turn->scratch);

	if (box.len == 0)
		return false;
	io_part->period = key->period;
	io_part->opening = box;
	return true;
}

/* The opening as it was sealed. */
static bool unseal(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN], uint8_t index,
		   const struct kai_part *part, struct kai_span *ret)
{
	const struct kai_engine_config *config = &turn->engine->config;
	const struct kai_rest_key *key = NULL;
	uint8_t ad[KAI_ID_LEN + 1];

	for (size_t i = 0; i < config->rest_key_count; i++) {
		if (config->rest_keys[i].period == part->period)
			key = &config->rest_keys[i];
	}
	/* A key that was destroyed takes its parts with it. */
	return key != NULL && kai_box_open(KAI_CTX_REST, key->secret, additional(ad, id, index),
					   part->opening, turn->scratch, ret);
}

bool kai_rest_open(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN], uint8_t index,
		   const struct kai_part *part, struct kai_opening *ret)
{
	struct kai_span plain;

	return unseal(turn, id, index, part, &plain) &&
	       kai_object_decode(&kai_object_opening, plain, turn->scratch, ret) == KAI_FAULT_NONE;
}

static bool label_of(struct kai_turn *turn, struct kai_item_facts *facts, uint8_t index)
{
	struct kai_label *ret = &facts->part_labels[index];
	struct kai_key key = kai_key_part(facts->arrival, index);
	struct kai_part part;
	struct kai_opening opening;

	if (!kai_rec_get(turn->txn, KAI_TABLE_PARTS, &key, &kai_object_part, turn->scratch,
			 &part) ||
	    !unseal(turn, facts->item.id, index, &part, &facts->openings[index]) ||
	    kai_object_decode(&kai_object_opening, facts->openings[index], turn->scratch,
			      &opening) != KAI_FAULT_NONE)
		return false;
	sodium_memzero(opening.key, sizeof(opening.key));
	return kai_object_decode(&kai_object_label, opening.label, turn->scratch, ret) ==
		       KAI_FAULT_NONE &&
	       kai_label_check(ret) == KAI_FAULT_NONE;
}

bool kai_rest_facts(struct kai_turn *turn, uint64_t arrival, struct kai_item_facts *ret)
{
	if (!kai_item_facts_recall(turn->txn, arrival, turn->scratch, &turn->engine->onward, ret))
		return false;
	ret->openings = kai_arena_take(turn->scratch, KAI_MAX_PARTS * sizeof(*ret->openings));
	if (ret->openings == NULL)
		return false;
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		if ((ret->item.held >> i & 1) != 0 && label_of(turn, ret, i))
			ret->labels_known |= 1u << i;
	}
	return true;
}
