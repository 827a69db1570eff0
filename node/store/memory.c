/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in memory: for the simulator and for tests. A writer changes the tables in place and
 * notes what was there, so that a rollback puts it back; what readers and copies of the store still
 * look at is shared with them and copied leaf by leaf as it is written to. One thread for all
 * transactions of all stores that share a pool.
 */
#include "memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"

#define BLOCK_LEN ((size_t)64 * 1024)
#define MOST_NOTES ((size_t)64 * 1024) /* room that a transaction leaves to the next */

struct memory_store {
	struct kai_store base;
	struct kai_bytes_pool *pool;
	struct kai_moment *now;
	struct memory_txn *writer; /* NULL: none */
	bool lost; /* memory ran out as a rollback needed some: nothing here can be relied on */
};

/* Room for values that do not lie in one piece. */
struct block {
	struct block *next;
	size_t cap, used;
	uint8_t bytes[];
};

struct memory_txn {
	struct kai_txn base;
	struct kai_moment *moment;
	struct kai_notes notes;
	struct block *blocks; /* the newest first */
	bool stale;	      /* written to since: what was read may go */
};

static struct memory_store *store_of(struct kai_store *store)
{
	return (struct memory_store *)(void *)store;
}

static struct memory_txn *txn_of(struct kai_txn *txn)
{
	return (struct memory_txn *)(void *)txn;
}

static struct kai_bytes_pool *pool_of(struct kai_txn *txn)
{
	return store_of(txn->store)->pool;
}

/* ---- what a transaction lends out ------------------------------------------------------------ */

static void drop_blocks(struct memory_txn *txn)
{
	while (txn->blocks != NULL && txn->blocks->next != NULL) {
		struct block *next = txn->blocks->next;

		free(txn->blocks);
		txn->blocks = next;
	}
	if (txn->blocks != NULL)
		txn->blocks->used = 0;
	txn->stale = false;
}

static uint8_t *lend(struct memory_txn *txn, size_t len)
{
	if (txn->stale)
		drop_blocks(txn);
	if (txn->blocks == NULL || len > txn->blocks->cap - txn->blocks->used) {
		size_t cap = len > BLOCK_LEN ? len : BLOCK_LEN;
		struct block *block = malloc(sizeof(*block) + cap);

		if (block == NULL) {
			kai_txn_fail(&txn->base, KAI_ERR_NOMEM);
			return NULL;
		}
		*block = (struct block){.next = txn->blocks, .cap = cap};
		txn->blocks = block;
	}
	uint8_t *at = txn->blocks->bytes + txn->blocks->used;

	txn->blocks->used += len;
	return at;
}

static bool lend_value(struct memory_txn *txn, const uint8_t *row, struct kai_span *ret)
{
	struct kai_row_value value;

	kai_row_value(pool_of(&txn->base), row, &value);
	if (value.whole) {
		*ret = value.parts[0];
		return true;
	}
	uint8_t *at = lend(txn, value.len);

	if (at == NULL)
		return false;
	*ret = kai_span(at, value.len);
	for (unsigned i = 0; i < value.count; i++) {
		if (value.parts[i].len > 0)
			memcpy(at, value.parts[i].at, value.parts[i].len);
		at += value.parts[i].len;
	}
	return true;
}

static bool lend_key(struct memory_txn *txn, const uint8_t *row, struct kai_span *ret)
{
	uint8_t *at = lend(txn, KAI_STORE_MAX_KEY);

	if (at == NULL)
		return false;
	*ret = kai_span(at, kai_row_key(pool_of(&txn->base), row, at));
	return true;
}

/* ---- moments ---------------------------------------------------------------------------------- */

/* The newest committed moment, one reference for the caller; NULL: out of memory. */
static struct kai_moment *committed(struct memory_store *store)
{
	struct kai_moment *moment;
	struct kai_notes notes;

	if (store->writer == NULL) {
		store->now->refs++;
		return store->now;
	}
	notes = store->writer->notes;
	moment = kai_moment_copy(store->now);
	if (moment == NULL || kai_moment_take_back(store->pool, moment, &notes, true))
		return moment;
	kai_moment_drop(store->pool, moment);
	return NULL;
}

/* ---- the port -------------------------------------------------------------------------------- */

static void memory_close(struct kai_store *base)
{
	struct memory_store *store = store_of(base);

	kai_moment_drop(store->pool, store->now);
	kai_bytes_pool_free(store->pool);
	free(store);
}

static int memory_reap(struct kai_store *store)
{
	(void)store;
	return 0;
}

static void memory_usage(struct kai_store *base, uint64_t *ret_used, uint64_t *ret_limit)
{
	*ret_used = store_of(base)->now->bytes;
	*ret_limit = base->quota > 0 ? base->quota : UINT64_MAX;
}

static void txn_free(struct memory_txn *txn)
{
	drop_blocks(txn);
	free(txn->blocks);
	free(txn->notes.at);
	free(txn);
}

void kai_memory_spare_free(struct kai_bytes_pool *pool)
{
	if (pool->spare != NULL)
		txn_free(pool->spare);
}

/* Transactions come and go with every turn of every store: one is kept with its room. */
static struct memory_txn *txn_new(struct kai_bytes_pool *pool)
{
	struct memory_txn *txn = pool->spare;

	pool->spare = NULL;
	return txn != NULL ? txn : calloc(1, sizeof(*txn));
}

static void txn_end(struct kai_bytes_pool *pool, struct memory_txn *txn)
{
	drop_blocks(txn);
	if (pool->spare != NULL || txn->notes.cap > MOST_NOTES ||
	    (txn->blocks != NULL && txn->blocks->cap > BLOCK_LEN)) {
		txn_free(txn);
		return;
	}
	txn->base = (struct kai_txn){.store = NULL};
	txn->moment = NULL;
	pool->spare = txn;
}

/* The writer's moment is the store's own, unless somebody still looks at that. */
static bool begin_writing(struct memory_store *store, struct memory_txn *txn)
{
	struct kai_moment *own;

	if (store->now->refs > 1) {
		own = kai_moment_copy(store->now);
		if (own == NULL)
			return false;
		kai_moment_drop(store->pool, store->now);
		store->now = own;
	}
	txn->moment = store->now;
	store->writer = txn;
	return true;
}

static enum kai_err memory_begin(struct kai_store *base, bool write, struct kai_txn **ret,
				 struct kai_why *why)
{
	struct memory_store *store = store_of(base);
	struct memory_txn *txn = store->lost ? NULL : txn_new(store->pool);
	bool begun = false;

	if (txn != NULL && write) {
		begun = begin_writing(store, txn);
	} else if (txn != NULL) {
		txn->moment = committed(store);
		begun = txn->moment != NULL;
	}
	if (!begun) {
		if (txn != NULL)
			txn_end(store->pool, txn);
		return kai_fail(why, KAI_ERR_NOMEM, "store: %s", kai_err_text(KAI_ERR_NOMEM));
	}
	*ret = &txn->base;
	return KAI_ERR_OK;
}

static void memory_abort(struct kai_txn *base)
{
	struct memory_txn *txn = txn_of(base);
	struct memory_store *store = store_of(base->store);

	if (base->write) {
		store->lost = !kai_moment_take_back(store->pool, txn->moment, &txn->notes, false);
		kai_notes_drop(store->pool, &txn->notes);
		store->writer = NULL;
	} else {
		kai_moment_drop(store->pool, txn->moment);
	}
	txn_end(store->pool, txn);
}

static enum kai_err memory_commit(struct kai_txn *base, struct kai_why *why)
{
	struct memory_txn *txn = txn_of(base);
	struct memory_store *store = store_of(base->store);

	(void)why;
	if (base->write) {
		kai_notes_drop(store->pool, &txn->notes);
		store->writer = NULL;
	} else {
		kai_moment_drop(store->pool, txn->moment);
	}
	txn_end(store->pool, txn);
	return KAI_ERR_OK;
}

static uint64_t memory_used(struct kai_txn *txn)
{
	return txn_of(txn)->moment->bytes;
}

static bool memory_get(struct kai_txn *base, enum kai_table table, struct kai_span key,
		       struct kai_span *ret)
{
	struct memory_txn *txn = txn_of(base);
	struct kai_place at;
	const uint8_t *row = kai_sheet_find(pool_of(base), txn->moment->sheets[table], key, &at);

	return row != NULL && lend_value(txn, row, ret);
}

static bool change(struct memory_txn *txn, enum kai_table table, struct kai_span key,
		   struct kai_span row)
{
	return kai_moment_change(pool_of(&txn->base), txn->moment, &txn->notes, table, key, row);
}

static void memory_put(struct kai_txn *base, enum kai_table table, struct kai_span key,
		       struct kai_span value)
{
	struct memory_txn *txn = txn_of(base);
	uint8_t row[KAI_ROW_MAX];
	size_t len = kai_row_pack(pool_of(base), table, key, value, row);

	if (len == 0 || !change(txn, table, key, kai_span(row, len))) {
		if (len > 0)
			kai_row_drop(pool_of(base), row);
		kai_txn_fail(base, KAI_ERR_NOMEM);
	}
	txn->stale = true;
}

static bool memory_del(struct kai_txn *base, enum kai_table table, struct kai_span key,
		       size_t *ret_len)
{
	struct memory_txn *txn = txn_of(base);
	struct kai_place at;
	const uint8_t *row = kai_sheet_find(pool_of(base), txn->moment->sheets[table], key, &at);

	if (row == NULL)
		return false;
	size_t len = kai_row_value_len(pool_of(base), row);

	txn->stale = true;
	if (!change(txn, table, key, kai_span(NULL, 0))) {
		kai_txn_fail(base, KAI_ERR_NOMEM);
		return false;
	}
	*ret_len = len;
	return true;
}

static uint64_t memory_count(struct kai_txn *txn, enum kai_table table)
{
	const struct kai_sheet *sheet = txn_of(txn)->moment->sheets[table];

	return sheet == NULL ? 0 : sheet->entry_count;
}

static const uint8_t *seek(const struct kai_bytes_pool *pool, struct kai_sheet *sheet,
			   enum kai_seek how, struct kai_span key)
{
	struct kai_place at = {.leaf = 0};
	const uint8_t *exact;

	if (sheet == NULL || sheet->leaf_count == 0 || how == KAI_SEEK_FIRST)
		return kai_sheet_at(sheet, &at);
	if (how == KAI_SEEK_LAST) {
		at.leaf = sheet->leaf_count;
		return kai_sheet_before(pool, sheet, &at);
	}
	exact = kai_sheet_find(pool, sheet, key, &at);
	if (exact != NULL && (how == KAI_SEEK_GE || how == KAI_SEEK_LE))
		return exact;
	if (how == KAI_SEEK_LE || how == KAI_SEEK_LT)
		return kai_sheet_before(pool, sheet, &at);
	if (exact != NULL) { /* GT */
		at.row++;
		at.offset += (unsigned)kai_row_len(pool, exact);
	}
	return kai_sheet_at(sheet, &at);
}

static bool memory_seek(struct kai_txn *base, enum kai_table table, enum kai_seek how,
			struct kai_span key, struct kai_span *ret_key, struct kai_span *ret_value)
{
	struct memory_txn *txn = txn_of(base);
	const uint8_t *row = seek(pool_of(base), txn->moment->sheets[table], how, key);

	return row != NULL && lend_key(txn, row, ret_key) && lend_value(txn, row, ret_value);
}

static const struct kai_store_ops memory_ops = {
	.close = memory_close,
	.reap = memory_reap,
	.usage = memory_usage,
	.begin = memory_begin,
	.commit = memory_commit,
	.abort = memory_abort,
	.used = memory_used,
	.get = memory_get,
	.put = memory_put,
	.append = memory_put,
	.del = memory_del,
	.count = memory_count,
	.seek = memory_seek,
};

/* A store that has no moment yet; the pool's reference is the store's. */
static struct memory_store *store_new(struct kai_bytes_pool *pool)
{
	struct memory_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->base.ops = &memory_ops;
	store->pool = pool;
	kai_bytes_ref(pool);
	return store;
}

static bool put_schema(struct memory_store *store)
{
	struct kai_span key = kai_span_str("schema");
	uint8_t number[8];
	uint8_t row[KAI_ROW_MAX];

	kai_put_be64(number, KAI_STORE_SCHEMA);
	size_t len = kai_row_pack(store->pool, KAI_TABLE_META, key,
				  kai_span(number, sizeof(number)), row);

	return len > 0 &&
	       kai_moment_put(store->pool, store->now, KAI_TABLE_META, key, kai_span(row, len));
}

static enum kai_err open_in(struct kai_bytes_pool *pool, const struct kai_store_options *options,
			    struct kai_store **ret)
{
	struct memory_store *store = store_new(pool);

	if (store == NULL)
		return KAI_ERR_NOMEM;
	store->base.quota = options->quota_bytes;
	store->base.read_only = options->read_only;
	store->now = calloc(1, sizeof(*store->now));
	if (store->now != NULL) {
		store->now->refs = 1;
		if (put_schema(store)) {
			*ret = &store->base;
			return KAI_ERR_OK;
		}
		kai_moment_drop(pool, store->now);
	}
	kai_bytes_pool_free(pool);
	free(store);
	return KAI_ERR_NOMEM;
}

enum kai_err kai_store_open_memory(const struct kai_store_options *options, struct kai_store **ret)
{
	struct kai_bytes_pool *own = NULL;
	enum kai_err err = KAI_ERR_OK;

	if (options->pool == NULL)
		err = kai_bytes_pool_new(&own);
	if (err == KAI_ERR_OK)
		err = open_in(own != NULL ? own : options->pool, options, ret);
	kai_bytes_pool_free(own); /* the store holds it */
	return err;
}

enum kai_err kai_store_copy_memory(struct kai_store *base, struct kai_store **ret)
{
	struct memory_store *from = store_of(base);

	if (base->ops != &memory_ops)
		return KAI_ERR_INVALID;
	struct memory_store *store = from->lost ? NULL : store_new(from->pool);

	if (store == NULL)
		return KAI_ERR_NOMEM;
	store->base.quota = base->quota;
	store->base.read_only = base->read_only;
	store->now = committed(from);
	if (store->now == NULL) {
		kai_bytes_pool_free(from->pool);
		free(store);
		return KAI_ERR_NOMEM;
	}
	*ret = &store->base;
	return KAI_ERR_OK;
}
