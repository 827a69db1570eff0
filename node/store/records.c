/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, and any record by its object. */
#include "records_private.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/crypto.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#define X(object, list) KAI_DEFINE(object, list);
KAI_X_RECORD(X)
#undef X

#define FIRST_BUFFER ((size_t)64 * 1024)
#define LAST_BUFFER ((size_t)2 * 1024 * 1024) /* beyond every record's bounds */

/* ---- keys ------------------------------------------------------------------------------------ */

struct kai_span kai_key_span(const struct kai_key *key)
{
	return kai_span(key->at, key->len);
}

struct kai_key kai_key_bytes(const uint8_t *at, size_t len)
{
	struct kai_key key = {.len = len};

	assert(len <= sizeof(key.at));
	memcpy(key.at, at, len);
	return key;
}

static void add_bytes(struct kai_key *key, const uint8_t *at, size_t len)
{
	assert(len <= sizeof(key->at) - key->len);
	memcpy(key->at + key->len, at, len);
	key->len += len;
}

static void add_number(struct kai_key *key, uint64_t number, size_t len)
{
	uint8_t bytes[8];

	kai_put_be64(bytes, number);
	add_bytes(key, bytes + sizeof(bytes) - len, len);
}

struct kai_key kai_key_word(const char *word)
{
	return kai_key_bytes((const uint8_t *)word, strlen(word));
}

struct kai_key kai_key_u64(uint64_t number)
{
	struct kai_key key = {.len = 0};

	add_number(&key, number, 8);
	return key;
}

struct kai_key kai_key_part(uint64_t arrival, uint8_t index)
{
	struct kai_key key = kai_key_u64(arrival);

	add_bytes(&key, &index, 1);
	return key;
}

struct kai_key kai_key_pair(uint64_t arrival, uint16_t peer)
{
	struct kai_key key = kai_key_u64(arrival);

	add_number(&key, peer, 2);
	return key;
}

struct kai_key kai_key_owed(uint16_t peer, uint8_t lane, uint64_t arrival)
{
	struct kai_key key = {.len = 0};

	add_number(&key, peer, 2);
	add_bytes(&key, &lane, 1);
	add_number(&key, arrival, 8);
	return key;
}

struct kai_key kai_key_bundle(uint16_t peer, enum kai_bundle_way way, uint64_t number)
{
	struct kai_key key = {.len = 0};
	uint8_t byte = (uint8_t)way;

	add_number(&key, peer, 2);
	add_bytes(&key, &byte, 1);
	add_number(&key, number, 8);
	return key;
}

struct kai_key kai_key_evidence(uint64_t arrival, struct kai_span evidence)
{
	struct kai_key key = kai_key_u64(arrival);
	uint8_t hash[KAI_ID_LEN];

	kai_hash(KAI_CTX_RELEASE, kai_realm_live, evidence, hash);
	add_bytes(&key, hash, KAI_KEY_HASH);
	return key;
}

struct kai_key kai_key_duty(const struct kai_duty_place *place)
{
	struct kai_key key = kai_key_pair(place->arrival, place->peer);

	add_bytes(&key, &place->index, 1);
	add_number(&key, place->target, 2);
	return key;
}

bool kai_duty_place_read(struct kai_span key, struct kai_duty_place *ret)
{
	if (key.len != KAI_DUTY_KEY)
		return false;
	ret->arrival = kai_get_be64(key.at);
	ret->peer = (uint16_t)(key.at[8] << 8 | key.at[9]);
	ret->index = key.at[10];
	ret->target = (uint16_t)(key.at[11] << 8 | key.at[12]);
	return true;
}

bool kai_duty_late(const struct kai_duty_row *row)
{
	/* when it passed something on we only hear */
	if (row->side == KAI_DUTY_THEIRS && row->action == KAI_DUTY_PASS)
		return false;
	return row->overdue_at != 0 ||
	       (row->state == KAI_DUTY_MET && row->settled_at > row->due_at);
}

const char *kai_duty_state_word(uint64_t state)
{
	static const char *const words[] = {
#define X(name, word) word,
		KAI_X_DUTY_STATE(X)
#undef X
	};

	return state < sizeof(words) / sizeof(words[0]) ? words[state] : "?";
}

struct kai_key kai_key_timer(uint64_t due, enum kai_timer_kind kind, const struct kai_key *rest)
{
	struct kai_key key = kai_key_u64(due);
	uint8_t byte = (uint8_t)kind;

	add_bytes(&key, &byte, 1);
	add_bytes(&key, rest->at, rest->len);
	return key;
}

struct kai_key kai_key_two(const uint8_t first[KAI_ID_LEN], const uint8_t second[KAI_ID_LEN])
{
	struct kai_key key = kai_key_bytes(first, KAI_ID_LEN);

	add_bytes(&key, second, KAI_ID_LEN);
	return key;
}

struct kai_key kai_key_card(const uint8_t org[KAI_ID_LEN], uint64_t serial)
{
	struct kai_key key = kai_key_bytes(org, KAI_ID_LEN);

	add_number(&key, serial, 8);
	return key;
}

struct kai_key kai_key_member_community(const uint8_t keeper[KAI_ID_LEN], struct kai_span name)
{
	struct kai_key key = kai_key_bytes(keeper, KAI_ID_LEN);

	kai_key_add_hash(&key, name);
	return key;
}

struct kai_key kai_key_member(const uint8_t keeper[KAI_ID_LEN], struct kai_span name,
			      const uint8_t org[KAI_ID_LEN])
{
	struct kai_key key = kai_key_member_community(keeper, name);

	add_bytes(&key, org, KAI_ID_LEN);
	return key;
}

struct kai_key kai_key_peer(uint16_t number)
{
	struct kai_key key = {.len = 0};

	add_number(&key, number, 2);
	return key;
}

struct kai_key kai_key_id_arrival(const uint8_t id[KAI_ID_LEN], uint64_t arrival)
{
	struct kai_key key = kai_key_bytes(id, KAI_ID_LEN);

	add_number(&key, arrival, 8);
	return key;
}

void kai_key_add_number(struct kai_key *key, uint64_t number)
{
	add_number(key, number, 8);
}

/* Long strings stand in keys by a hash, which needs no secret and no realm: it never leaves. */
void kai_key_add_hash(struct kai_key *key, struct kai_span text)
{
	static const uint8_t empty[1];
	uint8_t hash[crypto_generichash_BYTES];

	(void)crypto_generichash(hash, sizeof(hash), text.len > 0 ? text.at : empty, text.len, NULL,
				 0);
	add_bytes(key, hash, KAI_KEY_HASH);
}

struct kai_key kai_key_outage(uint16_t peer, enum kai_outage_side side,
			      const struct kai_contingency *clause)
{
	uint8_t bytes[512];
	size_t len = kai_object_encode(&kai_object_contingency, clause, bytes, sizeof(bytes));
	struct kai_key key = {.len = 0};

	assert(len > 0);
	add_number(&key, peer, 2);
	add_number(&key, (uint64_t)side, 1);
	kai_key_add_hash(&key, kai_span(bytes, len));
	return key;
}

/* ---- any record ------------------------------------------------------------------------------ */

/*
 * Values die with the next write, so they are copied before they are decoded. Parts are too large
 * for that and are borrowed.
 */
static bool keep(struct kai_txn *txn, enum kai_table table, struct kai_arena *arena,
		 struct kai_span *io_value)
{
	uint8_t *at;

	if (table == KAI_TABLE_PARTS)
		return true;
	at = kai_arena_take(arena, io_value->len);
	if (at == NULL) {
		kai_txn_fail(txn, KAI_ERR_NOMEM);
		return false;
	}
	if (io_value->len > 0)
		memcpy(at, io_value->at, io_value->len);
	io_value->at = at;
	return true;
}

bool kai_rec_get(struct kai_txn *txn, enum kai_table table, const struct kai_key *key,
		 const struct kai_object *object, struct kai_arena *arena, void *ret)
{
	struct kai_span value;
	enum kai_fault fault;

	if (!kai_txn_get(txn, table, kai_key_span(key), &value) || !keep(txn, table, arena, &value))
		return false;
	fault = kai_object_decode(object, value, arena, ret);
	if (fault != KAI_FAULT_NONE)
		kai_txn_fail(txn, fault == KAI_FAULT_TOO_MUCH ? KAI_ERR_NOMEM : KAI_ERR_CORRUPT);
	return fault == KAI_FAULT_NONE;
}

static bool grow_buffer(struct kai_store *store)
{
	size_t len = store->buffer == NULL ? FIRST_BUFFER : LAST_BUFFER;
	uint8_t *buffer = realloc(store->buffer, len);

	if (buffer == NULL)
		return false;
	store->buffer = buffer;
	store->buffer_len = len;
	return true;
}

struct kai_span kai_rec_encode(struct kai_txn *txn, const struct kai_object *object,
			       const void *record)
{
	struct kai_store *store = txn->store;
	size_t len = 0;

	if (txn->err != KAI_ERR_OK)
		return kai_span(NULL, 0);
	while (len == 0) {
		if (store->buffer != NULL)
			len = kai_object_encode(object, record, store->buffer, store->buffer_len);
		if (len > 0)
			break;
		assert(store->buffer_len < LAST_BUFFER);
		if (!grow_buffer(store)) {
			kai_txn_fail(txn, KAI_ERR_NOMEM);
			return kai_span(NULL, 0);
		}
	}
	return kai_span(store->buffer, len);
}

/* Tables whose new keys are mostly above all others. */
static bool grows_at_its_end(enum kai_table table)
{
	return table == KAI_TABLE_PARTS || table == KAI_TABLE_SUPPLY;
}

void kai_rec_put(struct kai_txn *txn, enum kai_table table, const struct kai_key *key,
		 const struct kai_object *object, const void *record)
{
	struct kai_span value = kai_rec_encode(txn, object, record);

	if (grows_at_its_end(table))
		kai_txn_append(txn, table, kai_key_span(key), value);
	else
		kai_txn_put(txn, table, kai_key_span(key), value);
}

bool kai_rec_work(struct kai_txn *txn, struct kai_arena *ret)
{
	struct kai_store *store = txn->store;

	if (store->work == NULL)
		store->work = malloc(KAI_REC_WORK);
	if (store->work == NULL) {
		kai_txn_fail(txn, KAI_ERR_NOMEM);
		return false;
	}
	*ret = (struct kai_arena){.at = store->work, .cap = KAI_REC_WORK};
	return true;
}

/* ---- META's two counters --------------------------------------------------------------------- */

uint64_t *kai_memo_head(struct kai_txn *txn)
{
	struct kai_memo *memo = &txn->memo;
	struct kai_key key = kai_key_word(KAI_META_HEAD);
	struct kai_span value;

	if (!memo->head_known && kai_txn_get(txn, KAI_TABLE_META, kai_key_span(&key), &value)) {
		if (value.len == 8)
			memo->head = kai_get_be64(value.at);
		else
			kai_txn_fail(txn, KAI_ERR_CORRUPT);
	}
	memo->head_known = true;
	return &memo->head;
}

static void flush_head(struct kai_txn *txn)
{
	struct kai_key key = kai_key_word(KAI_META_HEAD);
	uint8_t bytes[8];

	kai_put_be64(bytes, txn->memo.head);
	kai_txn_put(txn, KAI_TABLE_META, kai_key_span(&key), kai_span(bytes, sizeof(bytes)));
}

static void flush_journal(struct kai_txn *txn)
{
	struct kai_key key = kai_key_word(KAI_META_JOURNAL);
	uint8_t bytes[8 + KAI_ID_LEN];

	kai_put_be64(bytes, txn->memo.journal_number);
	memcpy(bytes + 8, txn->memo.journal_hash, KAI_ID_LEN);
	kai_txn_put(txn, KAI_TABLE_META, kai_key_span(&key), kai_span(bytes, sizeof(bytes)));
}

void kai_memo_flush(struct kai_txn *txn)
{
	if (txn->memo.head_dirty)
		flush_head(txn);
	if (txn->memo.journal_dirty)
		flush_journal(txn);
}
