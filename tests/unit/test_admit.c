/* SPDX-License-Identifier: Apache-2.0 */
/* The door: every refusal by its own name, what is left out, what is stored and merged, and what
 * lies at rest. */
#include "rooms.h"

#include <sodium.h>
#include <string.h>

static void expect_refusal(const struct kai_admission *got, const char *reason,
			   enum kai_fault_class klass)
{
	assert_false(got->stored);
	assert_string_equal(got->reason, reason);
	assert_int_equal(got->klass, klass);
}

static void admit_parts(struct rooms *rooms, unsigned link, const struct made *made, uint32_t parts,
			struct kai_admission *ret)
{
	struct kai_incoming item = rooms_incoming(rooms, link, made, parts);

	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[link], &item, ret);
}

static bool stub_of(struct rooms *rooms, const uint8_t id[KAI_ID_LEN], struct kai_stub *ret)
{
	struct kai_key key = kai_key_bytes(id, KAI_ID_LEN);

	return kai_rec_get(rooms->turn.txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &rooms->keep,
			   ret);
}

/* ---- whole items that may not come in */

static void refused_by_time(void **state)
{
	struct rooms *rooms = *state;
	struct kai_admission got;
	const struct {
		int64_t created_ms;
		int64_t ends_ms;
		const char *reason; /* NULL: stored */
	} cases[] = {
		{KAI_MS_DAY - KAI_MS_MINUTE, 3 * KAI_MS_DAY, NULL},
		{KAI_MS_DAY + KAI_MS_MINUTE, 3 * KAI_MS_DAY, "bad-time"},
		{-KAI_MS_DAY, KAI_MS_MINUTE, NULL},
		{-KAI_MS_DAY, -1, "expired"},
		{-KAI_MS_DAY, 1, "expired"}, /* one step later it is at its end */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {.created_ms = cases[i].created_ms, .ends_ms = cases[i].ends_ms};
		const struct made *made = rooms_make(rooms, &plan);

		rooms_admit(rooms, 0, made, &got);
		assert_int_equal(got.stored, cases[i].reason == NULL);
		if (cases[i].reason != NULL)
			assert_string_equal(got.reason, cases[i].reason);
	}
}

static void a_clock_ahead_is_told_when(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.created_ms = KAI_MS_DAY + KAI_MS_HOUR, .ends_ms = 3 * KAI_MS_DAY};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_admission got;

	rooms_admit(rooms, 0, made, &got);
	expect_refusal(&got, "bad-time", KAI_CLASS_DEFER);
	assert_in_range(got.retry_ms, KAI_MS_HOUR - 5 * KAI_MS_SECOND, KAI_MS_HOUR);
	rooms_step(rooms, got.retry_ms);
	rooms_admit(rooms, 0, made, &got);
	assert_true(got.stored);
}

static void refused_by_neighbours(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_admission got;
	static const struct {
		const char *reason;
		enum kai_fault signers;
		enum kai_fault_class klass;
	} cases[] = {
		{"no-card", KAI_FAULT_NO_CARD, KAI_CLASS_DEFER},
		{"older-card", KAI_FAULT_OLD_CARD, KAI_CLASS_DEFER},
		{"origin-frozen", KAI_FAULT_FROZEN, KAI_CLASS_DEFER},
		{"too-few-signers", KAI_FAULT_SIGNERS, KAI_CLASS_DEFER},
		{"key-not-in-card", KAI_FAULT_KEY, KAI_CLASS_COPY},
		{"key-role", KAI_FAULT_KEY_ROLE, KAI_CLASS_COPY},
		{"key-window", KAI_FAULT_KEY_WINDOW, KAI_CLASS_COPY},
		{"key-revoked", KAI_FAULT_KEY_REVOKED, KAI_CLASS_COPY},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rooms->signers = cases[i].signers;
		rooms_admit(rooms, 0, made, &got);
		expect_refusal(&got, cases[i].reason, cases[i].klass);
	}
	rooms->signers = KAI_FAULT_NONE;
	rooms->volume = false;
	rooms_admit(rooms, 0, made, &got);
	expect_refusal(&got, "quota", KAI_CLASS_DEFER);
	assert_true(got.retry_ms > 0);
	assert_false(rooms_held(rooms, made));
	rooms->volume = true;
	rooms_admit(rooms, 0, made, &got);
	assert_true(got.stored); /* none of that was final */
}

static void another_realm(void **state)
{
	struct rooms *rooms = *state;
	static const uint8_t drill[KAI_REALM_LEN] = {1};
	struct plan plan = {.realm = drill};
	struct kai_admission got;

	rooms_admit(rooms, 0, rooms_make(rooms, &plan), &got);
	expect_refusal(&got, "realm", KAI_CLASS_RULE);
}

static void a_bad_body(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.bad_body = true};
	struct kai_admission got;

	rooms_admit(rooms, 0, rooms_make(rooms, &plan), &got);
	expect_refusal(&got, "bad-body", KAI_CLASS_RULE);
}

static void refused_by_rule_and_remembered(void **state)
{
	struct rooms *rooms = *state;
	struct kai_label label = rooms_label(rooms);
	struct plan plan = {.label = &label};
	struct kai_admission got;
	struct kai_stub stub;

	label.audience[0].org = kai_span(rooms->link[2].org, KAI_ID_LEN); /* for another */
	const struct made *made = rooms_make(rooms, &plan);

	rooms_admit(rooms, 0, made, &got);
	expect_refusal(&got, "audience", KAI_CLASS_RULE);
	assert_true(stub_of(rooms, made->built.id, &stub));
	assert_int_equal(stub.reason, KAI_STUB_REFUSED);
	assert_memory_equal(stub.agreement, rooms->pair[0].digest, KAI_ID_LEN);
	/* offered again under the same agreement: refused without a want, by the same name */
	rooms_offer(rooms, 0, &made, 1, "t1");
	assert_null(rooms_last(rooms, 0, KAI_MSG_WANT));
	const struct kai_checked *frame = rooms_last(rooms, 0, KAI_MSG_REFUSE);

	assert_non_null(frame);
	assert_true(kai_span_equal(frame->msg.refuse.entries[0].reason, kai_span_str("audience")));
	/* under another one it is asked for anew */
	rooms->pair[0].digest[0] ^= 1;
	rooms_offer(rooms, 0, &made, 1, "t2");
	assert_non_null(rooms_last(rooms, 0, KAI_MSG_WANT));
	/* and another supplier's agreement is another question */
	rooms_offer(rooms, 1, &made, 1, "u1");
	assert_null(rooms_last(rooms, 1, KAI_MSG_REFUSE));
}

static void no_agreement_in_force(void **state)
{
	struct rooms *rooms = *state;
	static const struct {
		enum kai_agreement_state state;
		enum kai_fault_class klass;
	} cases[] = {{KAI_STATE_SUSPENDED, KAI_CLASS_DEFER},
		     {KAI_STATE_FUTURE, KAI_CLASS_DEFER},
		     {KAI_STATE_EXPIRED, KAI_CLASS_DEFER},
		     {KAI_STATE_TERMINATED, KAI_CLASS_RULE}};
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_admission got;
	struct kai_stub stub;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rooms->pair[0].state = cases[i].state;
		rooms_admit(rooms, 0, made, &got);
		expect_refusal(&got, "agreement", cases[i].klass);
		assert_int_equal(stub_of(rooms, made->built.id, &stub),
				 cases[i].klass == KAI_CLASS_RULE);
	}
}

static void red_comes_from_its_origin_only(void **state)
{
	struct rooms *rooms = *state;
	struct kai_label label = rooms_label(rooms);
	struct plan plan = {.label = &label};
	struct kai_admission got;

	label.tlp = KAI_TLP_RED;
	const struct made *made = rooms_make(rooms, &plan);

	rooms_admit(rooms, 1, made, &got);
	expect_refusal(&got, "tlp-onward", KAI_CLASS_RULE);
	rooms_admit(rooms, 0, made, &got);
	assert_true(got.stored);
	struct kai_stub stub;

	assert_false(stub_of(rooms, made->built.id, &stub)); /* held now */
}

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
		expect_refusal(&got, cases[i].reason, KAI_CLASS_COPY);
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
	expect_refusal(&got, "contradiction", KAI_CLASS_RULE); /* of another item */
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
	expect_refusal(&got, "bad-signature", KAI_CLASS_COPY);
	evidence = good;
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[1], &item, &got);
	assert_true(got.stored && got.new_parts);
	assert_int_equal(got.held, 3);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_EVIDENCE), 2);
}

/* ---- tampering with each header field over the wire: the id is the header, so nothing of a
 * changed one can be believed */

static void every_byte_of_a_header(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_span header = made->built.header;
	uint8_t *bytes = kai_arena_take(&rooms->keep, header.len);

	for (size_t i = 0; i < header.len; i++) {
		size_t keep = rooms->keep.used;
		struct made changed = *made;

		memcpy(bytes, header.at, header.len);
		bytes[i] ^= 1;
		changed.built.header = kai_span(bytes, header.len);
		rooms_forget(rooms);
		rooms_offer(rooms, 0, &made, 1, "t");
		rooms_serve(rooms, 0, &changed, 1, 99);
		assert_false(rooms_held(rooms, made));
		const struct kai_checked *frame = rooms_last(rooms, 0, KAI_MSG_REFUSE);

		assert_non_null(frame);
		assert_int_equal(rooms->faults, 1);
		rooms->keep.used = keep;
	}
	/* and the honest one still comes */
	rooms_forget(rooms);
	rooms_offer(rooms, 0, &made, 1, "t");
	rooms_serve(rooms, 0, made, 1, 99);
	assert_true(rooms_held(rooms, made));
}

/* ---- what is stored */

static void stored_as_it_came(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.extra_len = 300};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_item_facts facts;
	struct kai_admission got;
	struct kai_part part;
	struct kai_opening opening;

	rooms_admit(rooms, 0, made, &got);
	assert_true(got.stored && got.new_parts);
	assert_int_equal(got.parts, 3);
	rooms_step(rooms, 1);
	assert_true(kai_rest_facts(&rooms->turn, got.arrival, &facts));
	assert_true(kai_span_equal(facts.item.header, made->built.header));
	assert_int_equal(facts.labels_known, 3);
	assert_int_equal(facts.part_labels[1].tlp, KAI_TLP_AMBER);
	struct kai_key key = kai_key_part(got.arrival, 0);

	assert_true(kai_rec_get(rooms->turn.txn, KAI_TABLE_PARTS, &key, &kai_object_part,
				&rooms->scratch, &part));
	assert_true(kai_span_equal(part.ciphertext, made->built.parts[0].ciphertext));
	assert_true(kai_rest_open(&rooms->turn, made->built.id, 0, &part, &opening));
	/* bound to its place, and to the key of its period */
	assert_false(kai_rest_open(&rooms->turn, made->built.id, 1, &part, &opening));
	assert_false(kai_rest_open(&rooms->turn, rooms->origin, 0, &part, &opening));
	rooms->rest_key.period++;
	assert_false(kai_rest_open(&rooms->turn, made->built.id, 0, &part, &opening));
	rooms->rest_key.period--;
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_JOURNAL), 1);
}

/* The same opening of the same part is the same bytes in any turn; whatever differs has another
 * nonce. */
static void sealed_by_content(void **state)
{
	struct rooms *rooms = *state;
	static const uint8_t id[KAI_ID_LEN] = {1};
	static const uint8_t other[KAI_ID_LEN] = {2};
	struct kai_span opening = kai_span_str("an opening");
	struct {
		const uint8_t *id;
		uint8_t index;
		const char *opening;
		uint8_t secret; /* its first byte */
	} cases[] = {{id, 0, "an opening", 0x55},
		     {id, 1, "an opening", 0x55},
		     {other, 0, "an opening", 0x55},
		     {id, 0, "an openinG", 0x55},
		     {id, 0, "an opening", 0x56}};
	struct kai_part first, again;

	rooms_step(rooms, 1);
	assert_true(kai_rest_seal(&rooms->turn, id, 0, opening, &first));
	uint8_t *kept = malloc(first.opening.len); /* a step wipes its scratch */

	assert_non_null(kept);
	memcpy(kept, first.opening.at, first.opening.len);
	rooms_step(rooms, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rooms->rest_secret[0] = cases[i].secret;
		assert_true(kai_rest_seal(&rooms->turn, cases[i].id, cases[i].index,
					  kai_span_str(cases[i].opening), &again));
		assert_int_equal(again.opening.len, opening.len + 40);
		assert_int_equal(memcmp(again.opening.at, kept, 24) == 0, i == 0);
		assert_int_equal(memcmp(again.opening.at, kept, again.opening.len) == 0, i == 0);
	}
	rooms->rest_secret[0] = 0x55;
	free(kept);
}

static void own_items_go_the_same_door(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.origin = rooms->engine.config.org};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_incoming item = rooms_incoming(rooms, 0, made, 1);
	struct kai_span openings[KAI_MAX_PARTS] = {made->built.parts[0].opening};
	struct kai_admission got;

	item.wraps = NULL;
	item.wrap_count = 0;
	item.openings = openings;
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, NULL, &item, &got);
	assert_true(got.stored);
	assert_int_equal(rooms_flags(rooms, made), KAI_ITEM_OWN);
	struct kai_key key = kai_key_pair(got.arrival, 0);
	struct kai_supply supply;

	assert_true(kai_rec_get(rooms->turn.txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply,
				&rooms->scratch, &supply));
}

/* ---- merging */

static void later_parts_merge(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.extra_len = 300};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_admission got;

	admit_parts(rooms, 1, made, 1, &got);
	assert_int_equal(got.held, 1);
	uint64_t touches = kai_txn_count(rooms->turn.txn, KAI_TABLE_TOUCH);

	admit_parts(rooms, 0, made, 1, &got); /* nothing new: another path only */
	assert_true(got.stored && !got.new_parts);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_TOUCH), touches);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_SUPPLY), 2);
	admit_parts(rooms, 0, made, 2, &got);
	assert_true(got.stored && got.new_parts);
	assert_int_equal(got.held, 3);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_TOUCH), touches + 1);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_ITEMS), 1);
	assert_int_equal(rooms->spread, 2);
	admit_parts(rooms, 0, made, 3, &got);
	assert_false(got.new_parts);
}

/* Room for four; one key once; ascending; what is here stays. */
static void later_signatures_merge(void **state)
{
	struct rooms *rooms = *state;
	const struct made *made = rooms_make(rooms, NULL);
	struct kai_incoming item = rooms_incoming(rooms, 0, made, 1);
	struct kai_signature signatures[KAI_MAX_SIGNATURES];
	struct kai_admission got;
	struct kai_item held;

	rooms->signer_flags = KAI_ITEM_MARKED;
	rooms_admit(rooms, 0, made, &got);
	assert_int_equal(rooms_flags(rooms, made), KAI_ITEM_MARKED);
	for (size_t i = 0; i < KAI_MAX_SIGNATURES; i++) {
		signatures[i] = made->signature;
		memset(signatures[i].key, (int)(i * 60), KAI_ID_LEN);
	}
	item.signatures = signatures;
	item.signature_count = 2;
	rooms->signer_flags = 0; /* affirmed anew */
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[0], &item, &got);
	assert_true(got.stored && got.new_parts);
	assert_int_equal(rooms_flags(rooms, made), 0);
	item.signature_count = 4;
	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[0], &item, &got);
	assert_true(kai_rec_item(rooms->turn.txn, got.arrival, &rooms->scratch, &held));
	assert_int_equal(held.signatures_count, KAI_MAX_SIGNATURES);
	bool still = false;

	for (size_t i = 0; i < held.signatures_count; i++) {
		assert_true(i == 0 || memcmp(held.signatures[i - 1].key, held.signatures[i].key,
					     KAI_ID_LEN) < 0);
		still |= kai_id_equal(held.signatures[i].key, made->signature.key);
	}
	assert_true(still);
}

static void an_offer_with_more_than_is_here(void **state)
{
	struct rooms *rooms = *state;
	struct plan plan = {.extra_len = 300};
	const struct made *made = rooms_make(rooms, &plan);
	struct kai_admission got;

	admit_parts(rooms, 1, made, 1, &got);
	rooms_offer(rooms, 0, &made, 1, "t1");
	const struct kai_checked *frame = rooms_last(rooms, 0, KAI_MSG_WANT);

	assert_non_null(frame);
	assert_int_equal(frame->msg.want.entries[0].parts, 2); /* only what lacks */
	rooms_serve(rooms, 0, made, 2, 99);
	frame = rooms_last(rooms, 0, KAI_MSG_STORED);
	assert_non_null(frame);
	assert_int_equal(frame->msg.stored.entries[0].parts, 3);
}

/* ---- the end */

static void expired_items_go(void **state)
{
	struct rooms *rooms = *state;
	struct plan brief = {.ends_ms = KAI_MS_HOUR};
	const struct made *first = rooms_make(rooms, &brief);
	const struct made *second = rooms_make(rooms, NULL);
	struct kai_admission got;
	struct kai_stub stub;

	rooms_admit(rooms, 0, first, &got);
	rooms_admit(rooms, 0, second, &got);
	rooms_step(rooms, KAI_MS_HOUR + KAI_GRACE_MS - KAI_MS_MINUTE);
	kai_sweep_timer(&rooms->turn);
	assert_true(rooms_held(rooms, first));
	rooms_step(rooms, 2 * KAI_MS_MINUTE);
	kai_sweep_timer(&rooms->turn);
	assert_false(rooms_held(rooms, first));
	assert_true(rooms_held(rooms, second));
	assert_true(stub_of(rooms, first->built.id, &stub));
	assert_int_equal(stub.reason, KAI_STUB_EXPIRED);
	rooms_admit(rooms, 0, first, &got); /* replayed */
	expect_refusal(&got, "expired", KAI_CLASS_RULE);
	/* An id alone does not tell that it was here: who shows the item hears that it is over. */
	rooms_offer(rooms, 0, &first, 1, "t1");
	assert_non_null(rooms_last(rooms, 0, KAI_MSG_WANT));
	rooms_serve(rooms, 0, first, 1, 99);
	const struct kai_checked *frame = rooms_last(rooms, 0, KAI_MSG_REFUSE);

	assert_non_null(frame);
	assert_int_equal(frame->msg.refuse.entries[0].klass, KAI_CLASS_RULE);
	assert_true(kai_span_equal(frame->msg.refuse.entries[0].reason, kai_span_str("expired")));
	/* the stub itself goes after two years */
	for (int i = 0; i < 64 && stub_of(rooms, first->built.id, &stub); i++) {
		rooms_step(rooms, 730 * KAI_MS_DAY);
		kai_sweep_timer(&rooms->turn);
	}
	assert_false(stub_of(rooms, first->built.id, &stub));
}

/* What a document became is forgotten with the item: its next state begins a thread. */
static void sources_go_with_their_items(void **state)
{
	struct rooms *rooms = *state;
	struct plan brief = {.ends_ms = KAI_MS_HOUR};
	const struct made *made[] = {rooms_make(rooms, &brief), rooms_make(rooms, NULL)};
	struct kai_admission got;

	for (uint8_t i = 0; i < 2; i++) {
		struct kai_key key = kai_key_bytes((uint8_t[KAI_ID_LEN]){0xff, i}, KAI_ID_LEN);
		struct kai_source source = {.name = kai_span_str("")};

		rooms_admit(rooms, 0, made[i], &got);
		memcpy(source.head, made[i]->built.id, KAI_ID_LEN);
		kai_rec_put(rooms->turn.txn, KAI_TABLE_SOURCES, &key, &kai_object_source, &source);
	}
	rooms_step(rooms, KAI_MS_HOUR + KAI_GRACE_MS + KAI_MS_MINUTE);
	for (int i = 0; i < 64 && kai_txn_count(rooms->turn.txn, KAI_TABLE_SOURCES) > 1; i++) {
		kai_sweep_timer(&rooms->turn);
		rooms_step(rooms, KAI_MS_MINUTE);
	}
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_SOURCES), 1);
	for (int i = 0; i < 64; i++) {
		kai_sweep_timer(&rooms->turn);
		rooms_step(rooms, KAI_MS_MINUTE);
	}
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_SOURCES), 1);
}

static void a_sweep_is_bounded(void **state)
{
	struct rooms *rooms = *state;
	struct kai_admission got;
	int sweeps = 0;

	for (int i = 0; i < 200; i++) {
		rooms_admit(rooms, 0, rooms_make(rooms, NULL), &got);
		assert_true(got.stored);
	}
	rooms_step(rooms, KAI_MS_DAY + KAI_GRACE_MS + KAI_MS_DAY);
	while (kai_txn_count(rooms->turn.txn, KAI_TABLE_ITEMS) > 0) {
		kai_sweep_timer(&rooms->turn);
		assert_true(kai_sweep_deadline(&rooms->engine).ms > rooms->event.mono.ms);
		rooms_step(rooms, kai_sweep_deadline(&rooms->engine).ms - rooms->event.mono.ms);
		sweeps++;
	}
	assert_in_range(sweeps, 3, 5);
	assert_int_equal(kai_txn_count(rooms->turn.txn, KAI_TABLE_STUBS), 200);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, rooms_setup, rooms_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(refused_by_time),
		CASE(a_clock_ahead_is_told_when),
		CASE(refused_by_neighbours),
		CASE(another_realm),
		CASE(a_bad_body),
		CASE(refused_by_rule_and_remembered),
		CASE(no_agreement_in_force),
		CASE(red_comes_from_its_origin_only),
		CASE(parts_that_do_not_open),
		CASE(a_part_for_others_is_left_out),
		CASE(a_release_widens_its_part_only),
		CASE(every_byte_of_a_header),
		CASE(stored_as_it_came),
		CASE(sealed_by_content),
		CASE(own_items_go_the_same_door),
		CASE(later_parts_merge),
		CASE(later_signatures_merge),
		CASE(an_offer_with_more_than_is_here),
		CASE(expired_items_go),
		CASE(a_sweep_is_bounded),
		CASE(sources_go_with_their_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
