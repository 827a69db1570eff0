/* SPDX-License-Identifier: Apache-2.0 */
/* records.h on both stores: keys, records, peers, cards, the journal. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

#include "kairan/crypto.h"
#include "kairan/rec.h"

static const struct kai_span none = {NULL, 0};

/* ---- keys ------------------------------------------------------------------------------------ */

static void test_keys(void **state)
{
	uint8_t a[KAI_ID_LEN] = {1};
	uint8_t b[KAI_ID_LEN] = {2};
	struct kai_key low = kai_key_u64(255);
	struct kai_key high = kai_key_u64(256);
	struct kai_key community = kai_key_member_community(a, kai_span_str("power"));
	struct kai_key member = kai_key_member(a, kai_span_str("power"), b);
	struct kai_key other = kai_key_member(a, kai_span_str("powes"), b);
	const struct {
		struct kai_key key;
		size_t len;
	} lengths[] = {
		{kai_key_word("schema"), 6},
		{low, 8},
		{kai_key_part(1, 15), 9},
		{kai_key_pair(1, 2), 10},
		{kai_key_bytes(a, 5), 5},
		{kai_key_two(a, b), 64},
		{kai_key_card(a, 7), 40},
		{community, 40},
		{member, 72},
		{kai_key_peer(513), 2},
		{kai_key_id_arrival(a, 1), 40},
		{kai_key_duty(&(struct kai_duty_place){.arrival = 1}), KAI_DUTY_KEY},
		{kai_key_evidence(1, kai_span_str("signed")), 16},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		assert_int_equal(kai_key_span(&lengths[i].key).len, lengths[i].len);
	assert_true(kai_span_compare(kai_key_span(&low), kai_key_span(&high)) < 0);
	low = kai_key_pair(9, 255);
	high = kai_key_pair(9, 256);
	assert_true(kai_span_compare(kai_key_span(&low), kai_key_span(&high)) < 0);
	assert_memory_equal(member.at, community.at, community.len);
	assert_memory_not_equal(other.at, community.at, community.len);
	assert_memory_equal(kai_key_peer(513).at, "\x02\x01", 2);
}

static void test_duty_places(void **state)
{
	const struct kai_duty_place places[] = {
		{.arrival = 1},
		{.arrival = UINT64_MAX, .peer = 65535, .index = 255, .target = 65535},
		{.arrival = 256, .peer = 513, .index = 7, .target = 258},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct kai_key key = kai_key_duty(&places[i]);
		struct kai_duty_place read;

		assert_true(kai_duty_place_read(kai_key_span(&key), &read));
		assert_int_equal(read.arrival, places[i].arrival);
		assert_int_equal(read.peer, places[i].peer);
		assert_int_equal(read.index, places[i].index);
		assert_int_equal(read.target, places[i].target);
		assert_false(kai_duty_place_read(kai_span(key.at, key.len - 1), &read));
		assert_false(kai_duty_place_read(kai_span(key.at, key.len + 1), &read));
	}
	assert_string_equal(kai_duty_state_word(KAI_DUTY_BLOCKED), "blocked");
	assert_string_equal(kai_duty_state_word(KAI_DUTY_STATE_END), "?");
}

static void test_ladder_keys(void **state)
{
	static const struct kai_ladder_place places[] = {{.arrival = 0, .peer = 65535},
							 {.arrival = UINT64_MAX >> 1},
							 {.arrival = 7, .peer = 258}};
	struct kai_ladder link = {.at = 1900000000000};
	uint8_t about[KAI_ID_LEN] = {0};
	char id[KAI_STEP_ID];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct kai_key key = kai_key_pair(places[i].arrival, places[i].peer);
		struct kai_key call = kai_key_call(KAI_URGENCY_TODAY, &places[i]);
		struct kai_ladder_place read;
		struct kai_ladder_place again;

		assert_true(kai_ladder_place_read(kai_key_span(&key), &read));
		assert_true(kai_call_place_read(kai_key_span(&call), &again));
		assert_int_equal(read.arrival, places[i].arrival);
		assert_int_equal(read.peer, places[i].peer);
		assert_int_equal(again.arrival, places[i].arrival);
		assert_int_equal(again.peer, places[i].peer);
		assert_int_equal(call.at[0], KAI_URGENCY_TODAY);
		assert_false(kai_ladder_place_read(kai_span(key.at, key.len - 1), &read));
		assert_false(kai_ladder_place_read(kai_key_span(&call), &read));
		assert_false(kai_call_place_read(kai_key_span(&key), &read));
	}
	kai_step_id(about, &places[2], &link, KAI_RUNG_DECIDER, id);
	assert_string_equal(id, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.258.4");
	kai_step_id(about, &places[0], &link, KAI_RUNG_NOTICE, id);
	assert_string_equal(id, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.1900000000000.0");
	assert_string_equal(kai_silence_word(KAI_SILENCE_LINK), "link-silent");
	assert_string_equal(kai_silence_word(KAI_SILENCE_END), "?");
	assert_string_equal(kai_step_state_word(KAI_STEP_STARTED), "started");
	assert_string_equal(kai_step_state_word(KAI_STEP_STATE_END), "?");
	assert_string_equal(kai_step_result_word(KAI_RESULT_TIMEOUT), "timeout");
	assert_string_equal(kai_step_result_word(KAI_RESULT_END), "?");
}

static void test_late(void **state)
{
	static const struct {
		struct kai_duty_row row;
		bool late;
	} rows[] = {
		{{.state = KAI_DUTY_DUE, .due_at = 9}, false},
		{{.state = KAI_DUTY_OVERDUE, .due_at = 9, .overdue_at = 9}, true},
		{{.state = KAI_DUTY_MET, .due_at = 9, .settled_at = 9}, false},
		{{.state = KAI_DUTY_MET, .due_at = 9, .settled_at = 10}, true},
		/* by a clock that was set back meanwhile */
		{{.state = KAI_DUTY_MET, .due_at = 9, .overdue_at = 9, .settled_at = 3}, true},
		{{.side = KAI_DUTY_THEIRS,
		  .action = KAI_DUTY_PASS,
		  .state = KAI_DUTY_MET,
		  .due_at = 9,
		  .settled_at = 10},
		 false},
		{{.state = KAI_DUTY_ENDED, .due_at = 9, .settled_at = 10}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(kai_duty_late(&rows[i].row), rows[i].late);
}

/* ---- any record ------------------------------------------------------------------------------ */

static struct kai_stub stub_of(const char *rule)
{
	return (struct kai_stub){.at = 5, .reason = KAI_STUB_REFUSED, .rule = kai_span_str(rule)};
}

static void test_record_round_trip(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	struct kai_key key = kai_key_word("k");
	struct kai_stub stub = stub_of("ceiling");
	struct kai_stub back;

	assert_false(kai_rec_get(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &fix->arena, &back));
	assert_int_equal(kai_txn_error(txn), KAI_ERR_OK);
	kai_rec_put(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &stub);
	assert_true(kai_rec_get(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &fix->arena, &back));
	assert_int_equal(back.reason, KAI_STUB_REFUSED);
	/* what was read lives through writes to the same place, and may be written again */
	stub = stub_of("another rule, and longer");
	kai_rec_put(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &stub);
	assert_true(kai_span_equal(back.rule, kai_span_str("ceiling")));
	kai_rec_put(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &back);
	assert_true(kai_rec_get(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &fix->arena, &back));
	assert_true(kai_span_equal(back.rule, kai_span_str("ceiling")));
	commit(txn);
}

static void test_damaged_record(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	struct kai_key key = kai_key_word("k");
	struct kai_stub back;

	put(txn, KAI_TABLE_STUBS, "k", "rubbish");
	assert_false(kai_rec_get(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &fix->arena, &back));
	assert_int_equal(commit_err(txn), KAI_ERR_CORRUPT);
}

static void test_small_arena(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	struct kai_key key = kai_key_word("k");
	struct kai_stub stub = stub_of("ceiling");
	struct kai_arena tiny = {.at = fix->arena.at, .cap = 16};

	kai_rec_put(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &stub);
	assert_false(kai_rec_get(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &tiny, &stub));
	assert_int_equal(commit_err(txn), KAI_ERR_NOMEM);
}

/* The largest value there is, and a small arena: parts are borrowed. */
static void test_largest_part(void **state)
{
	struct fixture *fix = *state;
	uint8_t *bytes = calloc(1, KAI_MAX_PART_CIPHER);
	struct kai_key key = kai_key_part(1, 0);
	struct kai_part part = {.opening = kai_span_str("opening")};
	uint8_t room[256];
	struct kai_arena arena = {.at = room, .cap = sizeof(room)};

	assert_non_null(bytes);
	memset(bytes, 0xc3, KAI_MAX_PART_CIPHER);
	part.ciphertext = kai_span(bytes, KAI_MAX_PART_CIPHER);
	struct kai_txn *txn = begin(fix, true);

	kai_rec_put(txn, KAI_TABLE_PARTS, &key, &kai_object_part, &part);
	commit(txn);
	txn = begin(fix, false);
	assert_true(kai_rec_get(txn, KAI_TABLE_PARTS, &key, &kai_object_part, &arena, &part));
	assert_int_equal(part.ciphertext.len, KAI_MAX_PART_CIPHER);
	assert_memory_equal(part.ciphertext.at, bytes, KAI_MAX_PART_CIPHER);
	kai_txn_abort(txn);
	free(bytes);
}

/* ---- peers and cards ------------------------------------------------------------------------- */

static void test_peers(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	struct kai_peer peer;

	for (uint8_t i = 1; i <= 3; i++) {
		uint8_t org[KAI_ID_LEN] = {i};

		assert_false(kai_rec_peer(txn, org, &fix->arena, &peer));
		kai_rec_peer_add(txn, org, kai_span_str("alias"), &fix->arena, &peer);
		assert_int_equal(peer.number, i);
		assert_true(kai_id_equal(peer.org, org));
		peer.position = 100u + i;
		kai_rec_peer_put(txn, &peer);
	}
	commit(txn);
	txn = begin(fix, true);
	uint8_t second[KAI_ID_LEN] = {2};
	uint8_t self[KAI_ID_LEN] = {9};

	/* one that is known keeps its number and all the rest */
	kai_rec_peer_add(txn, second, kai_span_str("another"), &fix->arena, &peer);
	assert_int_equal(peer.number, 2);
	assert_int_equal(peer.position, 102);
	assert_true(kai_span_equal(peer.alias, kai_span_str("alias")));
	peer = (struct kai_peer){.number = 0};
	memcpy(peer.org, self, KAI_ID_LEN);
	kai_rec_peer_put(txn, &peer);
	assert_true(kai_rec_peer(txn, self, &fix->arena, &peer));
	assert_int_equal(peer.number, 0);
	assert_int_equal(kai_txn_count(txn, KAI_TABLE_PEERS), 4);
	assert_int_equal(kai_txn_count(txn, KAI_TABLE_PEER_ORGS), 4);
	commit(txn);
}

static void test_peer_numbers_end(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	struct kai_peer peer = {.number = UINT16_MAX, .org = {1}};
	uint8_t org[KAI_ID_LEN] = {2};

	kai_rec_peer_put(txn, &peer);
	kai_rec_peer_add(txn, org, none, &fix->arena, &peer);
	assert_int_equal(commit_err(txn), KAI_ERR_FULL);
}

static void test_dangling_peer_is_corrupt(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	uint8_t org[KAI_ID_LEN] = {1};
	struct kai_peer peer;

	kai_txn_put(txn, KAI_TABLE_PEER_ORGS, kai_span(org, sizeof(org)), kai_span("\0\7", 2));
	assert_false(kai_rec_peer(txn, org, &fix->arena, &peer));
	assert_int_equal(commit_err(txn), KAI_ERR_CORRUPT);
}

static void test_newest_card(void **state)
{
	static const uint64_t serials[] = {300, 7, 256, 1700000000};
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	uint8_t org[KAI_ID_LEN] = {5};
	uint8_t next[KAI_ID_LEN] = {6};
	struct kai_card_rec rec = {.bytes = kai_span_str("card"), .how = KAI_CARD_OWN};
	struct kai_key key = kai_key_card(next, UINT64_MAX >> 1);

	kai_rec_put(txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, &rec);
	assert_false(kai_rec_card(txn, org, &fix->arena, &rec));
	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		rec = (struct kai_card_rec){.bytes = kai_span_str("card"),
					    .how = KAI_CARD_INTRODUCED,
					    .at = serials[i]};
		key = kai_key_card(org, serials[i]);
		kai_rec_put(txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, &rec);
	}
	assert_true(kai_rec_card(txn, org, &fix->arena, &rec));
	assert_int_equal(rec.at, 1700000000);
	commit(txn);
}

/* ---- the journal ----------------------------------------------------------------------------- */

static void append_entries(struct kai_txn *txn, unsigned count)
{
	struct kai_journal entry = {.at = 1, .event = kai_span_str("test")};

	for (unsigned i = 0; i < count; i++) {
		entry.count = i;
		kai_journal_append(txn, &entry);
	}
}

static uint64_t verify_chain(struct fixture *fix)
{
	struct kai_txn *txn = begin(fix, false);
	uint8_t hash[KAI_ID_LEN] = {0};
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;
	struct kai_journal entry;
	uint64_t number = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_JOURNAL, none, none, false);
	while (kai_scan_next(&scan, &key, &value)) {
		assert_int_equal(kai_get_be64(key.at), ++number);
		assert_int_equal(kai_object_decode(&kai_object_journal, value, &fix->arena, &entry),
				 KAI_FAULT_NONE);
		assert_memory_equal(entry.previous, hash, KAI_ID_LEN);
		kai_hash(KAI_CTX_JOURNAL, kai_realm_live, value, hash);
	}
	kai_txn_abort(txn);
	return number;
}

static void test_journal_chain(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);

	append_entries(txn, 3);
	commit(txn);
	txn = begin(fix, true);
	append_entries(txn, 2);
	kai_txn_abort(txn); /* leaves no gap */
	txn = begin(fix, true);
	append_entries(txn, 4);
	commit(txn);
	if (fix->lmdb)
		fixture_reopen(fix);
	txn = begin(fix, true);
	append_entries(txn, 1);
	commit(txn);
	assert_int_equal(verify_chain(fix), 8);
}

/* ---- a store put back from a backup ---------------------------------------------------------- */

static bool has_meta(struct fixture *fix, const char *word)
{
	struct kai_txn *txn = begin(fix, false);
	struct kai_key key = kai_key_word(word);
	struct kai_span value;
	bool has = kai_txn_get(txn, KAI_TABLE_META, kai_key_span(&key), &value);

	kai_txn_abort(txn);
	return has;
}

static void test_epoch_renewed(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	struct kai_key key = kai_key_word(KAI_META_EPOCH);

	kai_txn_put(txn, KAI_TABLE_META, kai_key_span(&key), kai_span("0123456789abcdef", 16));
	append_entries(txn, 1);
	commit(txn);
	assert_true(has_meta(fix, KAI_META_EPOCH));
	for (int i = 0; i < 2; i++) { /* one that never had a node is fine too */
		assert_int_equal(kai_store_renew_epoch(fix->store, NULL), KAI_ERR_OK);
		if (fix->lmdb)
			fixture_reopen(fix);
		assert_false(has_meta(fix, KAI_META_EPOCH));
		assert_true(has_meta(fix, KAI_META_SCHEMA));
		assert_true(has_meta(fix, KAI_META_JOURNAL));
	}
	txn = begin(fix, true);
	assert_int_equal(kai_store_renew_epoch(fix->store, NULL), KAI_ERR_BUSY);
	kai_txn_abort(txn);
}

int main(int argc, char **argv)
{
	struct fixture fix = fixture_of(argc, argv);
	const struct CMUnitTest tests[] = {
		CASE(test_keys, &fix),
		CASE(test_duty_places, &fix),
		CASE(test_ladder_keys, &fix),
		CASE(test_late, &fix),
		CASE(test_record_round_trip, &fix),
		CASE(test_damaged_record, &fix),
		CASE(test_small_arena, &fix),
		CASE(test_largest_part, &fix),
		CASE(test_peers, &fix),
		CASE(test_peer_numbers_end, &fix),
		CASE(test_dangling_peer_is_corrupt, &fix),
		CASE(test_newest_card, &fix),
		CASE(test_journal_chain, &fix),
		CASE(test_epoch_renewed, &fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
