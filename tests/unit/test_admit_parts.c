/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door, part by part: what does not open refuses its copy, what is for others is left out, what
 * a release opens comes in.
 */
#include "rooms.h"
#include "kairan/rec.h"

#include <sodium.h>
#include <string.h>

/* ---- parts that do not open */

enum spoil {
	SPOIL_NO_WRAP,
	SPOIL_HINT,
	SPOIL_WRAP,
	SPOIL_KIND,
	SPOIL_OTHER_PAIR,
	SPOIL_KEY,
	SPOIL_LABEL,
	SPOIL_PART,
	SPOIL_SWAP
};

/* A wrap of a changed opening, as a sender would make it that says another key or label. */
static struct kai_wrap wrap_changed(struct rooms *rooms, const struct made *made, enum spoil spoil)
{
	struct made other = *made;
	struct kai_opening opening;

	assert_int_equal(kai_object_decode(&kai_object_opening, made->built.parts[0].opening,
					   &rooms->keep, &opening),
			 KAI_FAULT_NONE);
	if (spoil == SPOIL_KEY)
		opening.key[0] ^= 1;
	else
		opening.salt[0] ^= 1;
	other.built.parts[0].opening =
		kai_object_encode_in(&kai_object_opening, &opening, &rooms->keep);
	return rooms_wrap(rooms, 0, &other, 0);
}

static void parts_that_do_not_open(void **state)
{
	static const struct {
		enum spoil spoil;
		const char *reason;
	} cases[] = {
		{SPOIL_NO_WRAP, "no-wrap"},	   {SPOIL_HINT, "bad-wrap"},
		{SPOIL_WRAP, "bad-wrap"},	   {SPOIL_KIND, "no-wrap"},
		{SPOIL_OTHER_PAIR, "bad-wrap"},	   {SPOIL_KEY, "key-commitment"},
		{SPOIL_LABEL, "label-commitment"}, {SPOIL_PART, "bad-part"},
		{SPOIL_SWAP, "bad-part"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rooms *rooms = *state;
		struct plan plan = {.extra_len = 300};
		const struct made *made = rooms_make(rooms, &plan);
		struct kai_incoming item = rooms_incoming(rooms, 0, made, 1);
		struct kai_wrap wrap = item.wraps[0];
		uint8_t spoilt[4096];
		struct kai_admission got;

		item.wraps = &wrap;
		switch (cases[i].spoil) {
		case SPOIL_NO_WRAP:
			item.wrap_count = 0;
			break;
		case SPOIL_HINT:
			wrap.key_hint[0] ^= 1;
			break;
		case SPOIL_WRAP:
			memcpy(spoilt, wrap.bytes.at, wrap.bytes.len);
			spoilt[10] ^= 1;
			wrap.bytes.at = spoilt;
			break;
		case SPOIL_KIND:
			wrap.kind = KAI_WRAP_SEALED;
			break;
		case SPOIL_OTHER_PAIR:
			wrap = rooms_wrap(rooms, 1, made, 0);
			break;
		case SPOIL_KEY:
		case SPOIL_LABEL:
			wrap = wrap_changed(rooms, made, cases[i].spoil);
			break;
		case SPOIL_PART:
			memcpy(spoilt, item.parts[0].at, item.parts[0].len);
			spoilt[0] ^= 1;
			item.parts[0].at = spoilt;
			break;
		case SPOIL_SWAP:
			item.parts[0] = made->built.parts[1].ciphertext;
			break;
		}
		rooms_step(rooms, 1);
		kai_admit(&rooms->turn, &rooms->link[0], &item, &got);
		rooms_refused(&got, cases[i].reason, KAI_CLASS_COPY);
		assert_false(rooms_held(rooms, made));
	}
}

static void a_part_for_others_is_left_out(void **state)
{
	struct rooms *rooms = *state;
	struct kai_label label = rooms_label(rooms);
	struct plan plan = {.extra_len = 300, .extra_label = &label};
	struct kai_admission got;
	struct kai_item item;

	label.audience[0].org = kai_span(rooms->link[2].org, KAI_ID_LEN);
	const struct made *made = rooms_make(rooms, &plan);

	rooms_admit(rooms, 0, made, &got);
	assert_true(got.stored);
	assert_int_equal(got.parts, 1);
	assert_string_equal(rooms->fault, "audience"); /* a sender should not have sent it */
	assert_true(kai_rec_item(rooms->turn.txn, got.arrival, &rooms->scratch, &item));
	assert_int_equal(item.held, 1);
	struct kai_key key = kai_key_part(got.arrival, 1);
	struct kai_part part;

	assert_false(kai_rec_get(rooms->turn.txn, KAI_TABLE_PARTS, &key, &kai_object_part,
				 &rooms->scratch, &part));
}

/* ---- releases */

/* An origin with a card, whose decider signs with the rooms' key. */
static void put_card(struct rooms *rooms, uint8_t ret_org[KAI_ID_LEN])
{
	static const uint8_t seed[32] = {9};
	uint8_t root[64];
	struct kai_card_key key = {.use = KAI_KEY_SIGN,
				   .role = KAI_ROLE_DECIDER,
				   .not_after = (uint64_t)ROOMS_NOW * 2};
	struct kai_card card = {.version = 1,
				.serial = 1,
				.issued_at = 1,
				.valid_until = (uint64_t)ROOMS_NOW * 2,
				.name = kai_span_str("origin"),
				.country = kai_span_str("JP"),
				.keys = &key,
				.keys_count = 1};

	crypto_sign_seed_keypair(ret_org, root, seed);
	memcpy(card.org, ret_org, KAI_ID_LEN);
	memcpy(key.key, rooms->sign_key, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_card, &card, &rooms->keep);
	struct kai_card_rec record = {
		.bytes = kai_signed_make(KAI_CTX_CARD, body, ret_org, root, &rooms->keep),
		.how = KAI_CARD_FINGERPRINT};
	struct kai_key at = kai_key_card(ret_org, 1);

	kai_rec_put(rooms->turn.txn, KAI_TABLE_CARDS, &at, &kai_object_card_rec, &record);
}

static struct kai_span release_of(struct rooms *rooms, const struct made *made, uint64_t index,
				  int64_t expires_ms)
{
	struct kai_release release = {.version = 1,
				      .index = index,
				      .label = rooms_label(rooms),
				      .at = (uint64_t)(ROOMS_NOW - KAI_MS_DAY),
				      .expires = (uint64_t)(ROOMS_NOW + expires_ms)};

	memcpy(release.id, made->built.id, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_release, &release, &rooms->keep);

	return kai_signed_make(KAI_CTX_RELEASE, body, rooms->sign_key, rooms->sign_secret,
			       &rooms->keep);
}

static void a_release_widens_its_part_only(void **state)
{
	struct rooms *rooms = *state;
	struct kai_label label = rooms_label(rooms);
	uint8_t origin[KAI_ID_LEN];
	struct plan plan = {.extra_len = 300, .extra_label = &label, .origin = origin};
	struct kai_admission got;

	put_card(rooms, origin);
	label.audience[0].org = kai_span(rooms->link[2].org, KAI_ID_LEN);
	const struct made *made = rooms_make(rooms, &plan);
	const struct made *other = rooms_make(rooms, &plan);
	struct kai_incoming item = rooms_incoming(rooms, 1, made, 3);
	struct kai_span evidence = release_of(rooms, other, 1, KAI_MS_DAY);

	item.evidence = &evidence;
	item.evidence_count = 1;
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[1], &item, &got);
	rooms_refused(&got, "contradiction", KAI_CLASS_RULE); /* of another item */
	evidence = release_of(rooms, made, 1, -1);
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[1], &item, &got);
	assert_true(got.stored);
	assert_int_equal(got.held, 1); /* past its end it widens nothing */
	evidence = release_of(rooms, made, 1, KAI_MS_DAY);
	uint8_t *spoilt = kai_arena_take(&rooms->keep, evidence.len);
	struct kai_span good = evidence;

	memcpy(spoilt, evidence.at, evidence.len);
	spoilt[evidence.len - 1] ^= 1;
	evidence.at = spoilt;
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[1], &item, &got);
	rooms_refused(&got, "bad-signature", KAI_CLASS_COPY);
	evidence = good;
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[1], &item, &got);
	assert_true(got.stored && got.new_parts);
	assert_int_equal(got.held, 3);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_EVIDENCE), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOMS_CASE(parts_that_do_not_open),
		ROOMS_CASE(a_part_for_others_is_left_out),
		ROOMS_CASE(a_release_widens_its_part_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
