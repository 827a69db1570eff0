/* SPDX-License-Identifier: Apache-2.0 */
/* A store and what lies in it for the decision: see house.h. */
#include "house.h"
#include "kairan/rec.h"

#include "fixture.h"

void house_card(struct house *house, const struct person *person, bool frozen)
{
	struct kai_card_rec record = {.bytes = person->card, .how = KAI_CARD_FINGERPRINT};
	struct kai_key key = kai_key_card(person->root, VECTOR_NOW / 1000);

	record.frozen = frozen;
	if (frozen)
		record.other = person->card;
	kai_rec_put(house->txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, &record);
}

int house_build(void **state)
{
	struct house *house = calloc(1, sizeof(*house));
	struct kai_store_options options = {.read_only = false};

	assert_non_null(house);
	house->arena = fix_arena((size_t)16 * 1024 * 1024);
	person_make(&house->me, "alpha", "JP", &house->arena);
	person_make(&house->other, "beta", "JP", &house->arena);
	person_make(&house->keeper, "gamma", "JP", &house->arena);
	assert_int_equal(kai_store_open_memory(&options, &house->store), KAI_ERR_OK);
	assert_int_equal(kai_txn_begin(house->store, true, &house->txn, NULL), KAI_ERR_OK);
	kai_rec_peer_add(house->txn, house->other.root, kai_span_str("beta"), &house->arena,
			 &house->peer);
	house_card(house, &house->me, false);
	house_card(house, &house->other, false);
	*state = house;
	return 0;
}

int house_leave(void **state)
{
	struct house *house = *state;

	assert_int_equal(kai_txn_error(house->txn), KAI_ERR_OK);
	kai_txn_abort(house->txn);
	kai_store_close(house->store);
	fix_arena_done(&house->arena);
	free(house);
	return 0;
}

void house_agreement(struct house *house, const struct kai_terms *terms, enum signers signers,
		     uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_span bytes = kai_object_encode_in(&kai_object_terms, terms, &house->arena);
	struct kai_span mine = kai_agreement_sign(bytes, NULL, house->me.root, house->me.decider,
						  house->me.decider_secret, &house->arena);
	struct kai_agreement_read read;

	assert_int_equal(kai_agreement_open(mine, NULL, NULL, &house->arena, &read), 0);
	if (signers == BOTH)
		mine = kai_agreement_sign(bytes, &read.agreement.signatures[0], house->other.root,
					  house->other.decider, house->other.decider_secret,
					  &house->arena);
	struct kai_agree_rec record = {.bytes = mine};
	struct kai_key here = kai_key_two(house->other.root, read.digest);
	struct kai_key there = kai_key_two(house->me.root, read.digest);

	kai_rec_put(house->txn, KAI_TABLE_AGREEMENTS, &here, &kai_object_agree_rec, &record);
	kai_rec_put(house->txn, KAI_TABLE_AGREEMENTS, &there, &kai_object_agree_rec, &record);
	memcpy(ret_digest, read.digest, KAI_ID_LEN);
}

struct kai_terms house_terms(struct house *house)
{
	return terms_of(&house->me, &house->other, &house->arena);
}

struct kai_pair house_load(struct house *house, uint64_t now)
{
	struct kai_pair pair;

	kai_pair_load(house->txn, house->me.root, house->other.root,
		      (struct kai_wall){(int64_t)now}, &house->arena, &pair);
	return pair;
}
