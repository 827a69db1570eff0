/* SPDX-License-Identifier: Apache-2.0 */
/* Items: the log, its touches, the indexes, and how all of it goes again. */
#include "records_private.h"
#include "kairan/rec.h"

#define ARRIVAL_LEN 8

static struct kai_span arrival_value(uint64_t arrival, uint8_t bytes[ARRIVAL_LEN])
{
	kai_put_be64(bytes, arrival);
	return kai_span(bytes, ARRIVAL_LEN);
}

static bool read_arrival(struct kai_txn *txn, struct kai_span value, uint64_t *ret)
{
	if (value.len != ARRIVAL_LEN) {
		kai_txn_fail(txn, KAI_ERR_CORRUPT);
		return false;
	}
	*ret = kai_get_be64(value.at);
	return true;
}

bool kai_rec_arrival(struct kai_txn *txn, const uint8_t id[KAI_ID_LEN], uint64_t *ret)
{
	struct kai_span value;

	return kai_txn_get(txn, KAI_TABLE_IDS, kai_span(id, KAI_ID_LEN), &value) &&
	       read_arrival(txn, value, ret);
}

bool kai_rec_item(struct kai_txn *txn, uint64_t arrival, struct kai_arena *arena,
		  struct kai_item *ret)
{
	struct kai_key key = kai_key_u64(arrival);

	return kai_rec_get(txn, KAI_TABLE_ITEMS, &key, &kai_object_item, arena, ret);
}

/* ---- indexes --------------------------------------------------------------------------------- */

static struct kai_key thread_key(const uint8_t thread[KAI_ID_LEN])
{
	return kai_key_bytes(thread, KAI_THREAD_KEY);
}

static struct kai_key origin_key(const uint8_t org[KAI_ID_LEN])
{
	return kai_key_bytes(org, KAI_ORG_KEY);
}

static struct kai_key sector_key(struct kai_span sector)
{
	struct kai_key key = {.len = 0};

	kai_key_add_hash(&key, sector);
	return key;
}

static struct kai_key kind_key(uint64_t kind)
{
	uint8_t byte = (uint8_t)kind;

	return kai_key_bytes(&byte, 1);
}

/* From when an item's thirty days of grace run: its end, unless its label wants it gone before. */
static uint64_t end_of(const struct kai_header *header)
{
	const uint64_t grace = (uint64_t)KAI_GRACE_MS;
	uint64_t retain = header->label.retain_until;

	if (retain == 0)
		return header->not_after;
	retain = retain > grace ? retain - grace : 0;
	return retain < header->not_after ? retain : header->not_after;
}

size_t kai_index_of(const uint8_t id[KAI_ID_LEN], const struct kai_header *header, uint64_t arrival,
		    struct kai_index_entry ret[KAI_MAX_INDEX])
{
	size_t count = 0;

	ret[count].table = KAI_TABLE_BY_THREAD;
	ret[count++].key = thread_key(header->thread.is ? header->thread.id : id);
	ret[count].table = KAI_TABLE_BY_ORIGIN;
	ret[count++].key = origin_key(header->origin);
	ret[count].table = KAI_TABLE_BY_KIND;
	ret[count++].key = kind_key(header->kind);
	ret[count].table = KAI_TABLE_BY_END;
	ret[count++].key = kai_key_u64(end_of(header));
	for (size_t i = 0; i < header->sectors_count; i++) {
		ret[count].table = KAI_TABLE_BY_SECTOR;
		ret[count++].key = sector_key(header->sectors[i]);
	}
	for (size_t i = 0; i < count; i++)
		kai_key_add_number(&ret[i].key, arrival);
	return count;
}

/* ---- the log --------------------------------------------------------------------------------- */

uint64_t kai_rec_head(struct kai_txn *txn)
{
	return *kai_memo_head(txn);
}

static uint64_t next_arrival(struct kai_txn *txn)
{
	uint64_t *head = kai_memo_head(txn);

	txn->memo.head_dirty = true;
	return ++*head;
}

uint64_t kai_rec_item_add(struct kai_txn *txn, const struct kai_item *item,
			  const struct kai_header *header)
{
	struct kai_index_entry index[KAI_MAX_INDEX];
	uint64_t arrival = next_arrival(txn);
	struct kai_key key = kai_key_u64(arrival);
	uint8_t bytes[ARRIVAL_LEN];
	size_t count = kai_index_of(item->id, header, arrival, index);

	kai_txn_append(txn, KAI_TABLE_ITEMS, kai_key_span(&key),
		       kai_rec_encode(txn, &kai_object_item, item));
	kai_txn_put(txn, KAI_TABLE_IDS, kai_span(item->id, KAI_ID_LEN),
		    arrival_value(arrival, bytes));
	for (size_t i = 0; i < count; i++)
		kai_txn_put(txn, index[i].table, kai_key_span(&index[i].key), kai_span(NULL, 0));
	return arrival;
}

void kai_rec_item_put(struct kai_txn *txn, uint64_t arrival, const struct kai_item *item)
{
	struct kai_key key = kai_key_u64(arrival);

	kai_rec_put(txn, KAI_TABLE_ITEMS, &key, &kai_object_item, item);
}

void kai_rec_touch(struct kai_txn *txn, uint64_t arrival)
{
	struct kai_key key = kai_key_u64(next_arrival(txn));
	uint8_t bytes[ARRIVAL_LEN];

	kai_txn_append(txn, KAI_TABLE_TOUCH, kai_key_span(&key), arrival_value(arrival, bytes));
}

/* The first number above position in a table of the log. */
static bool above(struct kai_txn *txn, enum kai_table table, uint64_t position, uint64_t *ret,
		  struct kai_span *ret_value)
{
	struct kai_key key = kai_key_u64(position);
	struct kai_span at;

	return txn->err == KAI_ERR_OK &&
	       txn->store->ops->seek(txn, table, KAI_SEEK_GT, kai_key_span(&key), &at, ret_value) &&
	       read_arrival(txn, at, ret);
}

static bool has_item(struct kai_txn *txn, uint64_t arrival)
{
	struct kai_key key = kai_key_u64(arrival);
	struct kai_span value;

	return kai_txn_get(txn, KAI_TABLE_ITEMS, kai_key_span(&key), &value);
}

bool kai_rec_log_next(struct kai_txn *txn, uint64_t *io_position, uint64_t *ret_arrival)
{
	uint64_t position = *io_position;
	uint64_t item;
	uint64_t touch;
	uint64_t target;
	struct kai_span value;

	for (;;) {
		bool is_item = above(txn, KAI_TABLE_ITEMS, position, &item, &value);
		bool is_touch = above(txn, KAI_TABLE_TOUCH, position, &touch, &value);

		if (is_touch && !read_arrival(txn, value, &target))
			return false;
		if (!is_item && !is_touch)
			return false;
		if (!is_touch || (is_item && item < touch)) {
			*io_position = item;
			*ret_arrival = item;
			return true;
		}
		position = touch;
		*io_position = touch;
		if (has_item(txn, target)) { /* else it went after it was touched */
			*ret_arrival = target;
			return true;
		}
	}
}

/* ---- going ----------------------------------------------------------------------------------- */

static void delete_prefix(struct kai_txn *txn, enum kai_table table, uint64_t arrival)
{
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_scan scan;
	struct kai_span key;

	kai_scan_init(&scan, txn, table, kai_key_span(&prefix), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, NULL))
		(void)kai_txn_del(txn, table, key);
}

static void delete_pending(struct kai_txn *txn, const struct kai_header *header, uint64_t arrival)
{
	struct kai_key key;

	for (size_t i = 0; i < header->supersedes_count; i++) {
		key = kai_key_id_arrival(header->supersedes[i], arrival);
		(void)kai_txn_del(txn, KAI_TABLE_PENDING, kai_key_span(&key));
	}
	if (header->thread.is) {
		key = kai_key_id_arrival(header->thread.id, arrival);
		(void)kai_txn_del(txn, KAI_TABLE_PENDING, kai_key_span(&key));
	}
}

void kai_rec_item_del(struct kai_txn *txn, uint64_t arrival, const struct kai_stub *stub)
{
	static const enum kai_table rows[] = {
		KAI_TABLE_ITEMS,       KAI_TABLE_PARTS,	   KAI_TABLE_SUPPLY,
		KAI_TABLE_RELEASED,    KAI_TABLE_EVIDENCE, KAI_TABLE_DUTIES,
		KAI_TABLE_DUTIES_OPEN, KAI_TABLE_LADDERS,  KAI_TABLE_LADDERS_OPEN};
	struct kai_index_entry index[KAI_MAX_INDEX];
	struct kai_arena arena;
	struct kai_item item;
	struct kai_header header;
	struct kai_key key;

	kai_rec_receipts_del(txn, arrival);
	if (!kai_rec_work(txn, &arena) || !kai_rec_item(txn, arrival, &arena, &item))
		return;
	if (kai_object_decode(&kai_object_header, item.header, &arena, &header) != KAI_FAULT_NONE) {
		kai_txn_fail(txn, KAI_ERR_CORRUPT);
		return;
	}
	size_t count = kai_index_of(item.id, &header, arrival, index);

	for (size_t i = 0; i < count; i++)
		(void)kai_txn_del(txn, index[i].table, kai_key_span(&index[i].key));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		delete_prefix(txn, rows[i], arrival);
	if (item.flags & KAI_ITEM_PENDING)
		delete_pending(txn, &header, arrival);
	(void)kai_txn_del(txn, KAI_TABLE_IDS, kai_span(item.id, KAI_ID_LEN));
	key = kai_key_bytes(item.id, KAI_ID_LEN);
	kai_rec_put(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, stub);
}

/* ---- walking the indexes --------------------------------------------------------------------- */

static void walk(struct kai_index_scan *scan, struct kai_txn *txn, enum kai_table table,
		 const struct kai_key *prefix, uint64_t from, bool newest_first)
{
	struct kai_key start = *prefix;

	if (from > 0)
		kai_key_add_number(&start, from);
	kai_scan_init(&scan->scan, txn, table, kai_key_span(prefix),
		      from > 0 ? kai_key_span(&start) : kai_span(NULL, 0), newest_first);
}

void kai_index_thread(struct kai_index_scan *scan, struct kai_txn *txn,
		      const uint8_t thread[KAI_ID_LEN], bool newest_first)
{
	kai_index_thread_from(scan, txn, thread, 0, newest_first);
}

void kai_index_thread_from(struct kai_index_scan *scan, struct kai_txn *txn,
			   const uint8_t thread[KAI_ID_LEN], uint64_t from, bool newest_first)
{
	struct kai_key prefix = thread_key(thread);

	walk(scan, txn, KAI_TABLE_BY_THREAD, &prefix, from, newest_first);
}

void kai_index_origin(struct kai_index_scan *scan, struct kai_txn *txn,
		      const uint8_t org[KAI_ID_LEN], uint64_t from, bool newest_first)
{
	struct kai_key prefix = origin_key(org);

	walk(scan, txn, KAI_TABLE_BY_ORIGIN, &prefix, from, newest_first);
}

void kai_index_sector(struct kai_index_scan *scan, struct kai_txn *txn, struct kai_span sector,
		      uint64_t from, bool newest_first)
{
	struct kai_key prefix = sector_key(sector);

	walk(scan, txn, KAI_TABLE_BY_SECTOR, &prefix, from, newest_first);
}

void kai_index_kind(struct kai_index_scan *scan, struct kai_txn *txn, uint64_t kind, uint64_t from,
		    bool newest_first)
{
	struct kai_key prefix = kind_key(kind);

	walk(scan, txn, KAI_TABLE_BY_KIND, &prefix, from, newest_first);
}

void kai_index_end(struct kai_index_scan *scan, struct kai_txn *txn)
{
	struct kai_key prefix = {.len = 0};

	walk(scan, txn, KAI_TABLE_BY_END, &prefix, 0, false);
}

void kai_index_all(struct kai_index_scan *scan, struct kai_txn *txn, uint64_t from,
		   bool newest_first)
{
	struct kai_key prefix = {.len = 0};

	walk(scan, txn, KAI_TABLE_ITEMS, &prefix, from, newest_first);
}

bool kai_index_next(struct kai_index_scan *scan, uint64_t *ret_arrival)
{
	struct kai_span key;

	if (!kai_scan_next(&scan->scan, &key, NULL))
		return false;
	if (key.len < ARRIVAL_LEN) {
		kai_txn_fail(scan->scan.txn, KAI_ERR_CORRUPT);
		return false;
	}
	*ret_arrival = kai_get_be64(key.at + key.len - ARRIVAL_LEN);
	return true;
}
