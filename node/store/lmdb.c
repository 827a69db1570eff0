/* SPDX-License-Identifier: Apache-2.0 */
/* The store on LMDB: transactions and bytes. Opening is lmdb_open.c. */
#include "lmdb_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define FREE_TABLE 0 /* LMDB's own list of free pages */
#define NEARLY_NO_SPACE (UINT64_C(1024) * 1024)

static struct lmdb_store *store_of(struct kai_store *store)
{
	return (struct lmdb_store *)(void *)store;
}

static struct lmdb_txn *txn_of(struct kai_txn *txn)
{
	return (struct lmdb_txn *)(void *)txn;
}

enum kai_err kai_lmdb_err(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return KAI_ERR_OK;
	case ENOMEM:
		return KAI_ERR_NOMEM;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case MDB_MAP_FULL:
		return KAI_ERR_FULL;
	case ENOENT:
		return KAI_ERR_NOTFOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return KAI_ERR_DENIED;
	case EAGAIN:
	case EBUSY:
	case MDB_READERS_FULL:
	case MDB_MAP_RESIZED:
		return KAI_ERR_BUSY;
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INCOMPATIBLE:
	case MDB_NOTFOUND:
		return KAI_ERR_CORRUPT;
	case MDB_VERSION_MISMATCH:
		return KAI_ERR_NEWER;
	default:
		return KAI_ERR_IO;
	}
}

enum kai_err kai_lmdb_fail(struct kai_why *why, const char *what, int rc)
{
	enum kai_err err = kai_lmdb_err(rc);

	return kai_fail(why, err, "store: %s: %s (%s)", what, kai_err_text(err), mdb_strerror(rc));
}

/* LMDB takes keys and values by a pointer that is not const, and does not write to them. */
static MDB_val val(struct kai_span span)
{
	union {
		const void *read;
		void *at;
	} pointer = {.read = span.len > 0 ? (const void *)span.at : ""};

	return (MDB_val){span.len, pointer.at};
}

static struct kai_span span_of(MDB_val value)
{
	return kai_span(value.mv_data, value.mv_size);
}

static int lmdb_reap(struct kai_store *base)
{
	int dead = 0;

	return mdb_reader_check(store_of(base)->env, &dead) == MDB_SUCCESS ? dead : 0;
}

/*
 * Pages on LMDB's free list: each record of it begins with a count. LMDB shows that list to readers
 * only, so this takes a reader's moment of its own; 0, the careful answer, when there is none.
 */
static uint64_t free_pages(const struct lmdb_store *store)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	uint64_t pages = 0;

	if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != MDB_SUCCESS)
		return 0;
	if (mdb_cursor_open(txn, FREE_TABLE, &cursor) == MDB_SUCCESS) {
		while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
			size_t count = 0;

			if (value.mv_size >= sizeof(count))
				memcpy(&count, value.mv_data, sizeof(count));
			pages += count;
		}
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	return pages;
}

static uint64_t file_bytes(const struct lmdb_store *store)
{
	MDB_envinfo info;

	(void)mdb_env_info(store->env, &info);
	return ((uint64_t)info.me_last_pgno + 1) * store->page_len;
}

static uint64_t used_bytes(const struct lmdb_store *store)
{
	uint64_t bytes = file_bytes(store);
	uint64_t spare = free_pages(store) * store->page_len;

	return bytes > spare ? bytes - spare : 0;
}

/* The free list is read only where the answer may depend on it. */
static uint64_t lmdb_used(struct kai_txn *base)
{
	struct lmdb_store *store = store_of(base->store);
	uint64_t bytes = file_bytes(store);

	return bytes <= store->base.quota - store->base.quota / 8 ? bytes : used_bytes(store);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static bool map_is_tight(const struct lmdb_store *store)
{
	MDB_envinfo info;

	(void)mdb_env_info(store->env, &info);
	return store->grow || ((uint64_t)info.me_last_pgno + 1) * store->page_len >
				      (uint64_t)info.me_mapsize / 4 * 3;
}

/* The map may be resized only while this process has no transaction; under the mutex. */
static void grow_map(struct lmdb_store *store)
{
	MDB_envinfo info;

	(void)mdb_env_info(store->env, &info);
	if (mdb_env_set_mapsize(store->env, info.me_mapsize * 2) == MDB_SUCCESS)
		store->grow = false;
}

static int begin_locked(struct lmdb_store *store, bool write, MDB_txn **ret)
{
	unsigned flags = write ? 0 : MDB_RDONLY;

	if (write && store->open_txns == 0 && map_is_tight(store))
		grow_map(store);

	int rc = mdb_txn_begin(store->env, NULL, flags, ret);

	if (rc == MDB_MAP_RESIZED && store->open_txns == 0) {
		/* Another process grew it: take over its size. */
		rc = mdb_env_set_mapsize(store->env, 0);
		if (rc == MDB_SUCCESS)
			rc = mdb_txn_begin(store->env, NULL, flags, ret);
	}
	if (rc == MDB_READERS_FULL) {
		int dead = 0;

		rc = mdb_reader_check(store->env, &dead);
		if (rc == MDB_SUCCESS)
			rc = mdb_txn_begin(store->env, NULL, flags, ret);
	}
	if (rc == MDB_SUCCESS)
		store->open_txns++;
	return rc;
}

static enum kai_err lmdb_begin(struct kai_store *base, bool write, struct kai_txn **ret,
			       struct kai_why *why)
{
	struct lmdb_store *store = store_of(base);
	struct lmdb_txn *txn = calloc(1, sizeof(*txn));

	if (txn == NULL)
		return kai_lmdb_fail(why, "cannot begin a transaction", ENOMEM);
	(void)pthread_mutex_lock(&store->mutex);
	int rc = begin_locked(store, write, &txn->txn);
	(void)pthread_mutex_unlock(&store->mutex);

	if (rc != MDB_SUCCESS) {
		free(txn);
		return kai_lmdb_fail(why, "cannot begin a transaction", rc);
	}
	*ret = &txn->base;
	return KAI_ERR_OK;
}

static void close_cursors(struct lmdb_txn *txn)
{
	for (size_t i = 0; i < KAI_TABLE_END; i++) {
		if (txn->places[i].cursor != NULL)
			mdb_cursor_close(txn->places[i].cursor);
	}
}

static void ended(struct lmdb_txn *txn, bool map_full)
{
	struct lmdb_store *store = store_of(txn->base.store);

	(void)pthread_mutex_lock(&store->mutex);
	store->open_txns--;
	store->grow = store->grow || map_full;
	(void)pthread_mutex_unlock(&store->mutex);
	free(txn);
}

/* A write cut short by a full disk comes back from LMDB as EIO. */
static bool disk_is_full(const struct lmdb_store *store)
{
	struct statvfs fs;
	int fd = -1;

	return mdb_env_get_fd(store->env, &fd) == MDB_SUCCESS && fstatvfs(fd, &fs) == 0 &&
	       (uint64_t)fs.f_bavail * fs.f_frsize < NEARLY_NO_SPACE;
}

static enum kai_err lmdb_commit(struct kai_txn *base, struct kai_why *why)
{
	struct lmdb_txn *txn = txn_of(base);

	close_cursors(txn);
	int rc = mdb_txn_commit(txn->txn); /* released whatever it returns */

	if (rc == EIO && disk_is_full(store_of(base->store)))
		rc = ENOSPC;
	ended(txn, rc == MDB_MAP_FULL);
	return rc == MDB_SUCCESS ? KAI_ERR_OK : kai_lmdb_fail(why, "cannot commit", rc);
}

static void lmdb_abort(struct kai_txn *base)
{
	struct lmdb_txn *txn = txn_of(base);

	close_cursors(txn);
	mdb_txn_abort(txn->txn);
	ended(txn, base->write && base->err == KAI_ERR_FULL);
}

static void lmdb_usage(struct kai_store *base, uint64_t *ret_used, uint64_t *ret_limit)
{
	struct lmdb_store *store = store_of(base);
	MDB_envinfo info;

	(void)mdb_env_info(store->env, &info);
	*ret_limit = base->quota > 0 ? base->quota : info.me_mapsize;
	/* under the mutex the map stays as it is */
	(void)pthread_mutex_lock(&store->mutex);
	*ret_used = used_bytes(store);
	(void)pthread_mutex_unlock(&store->mutex);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static MDB_dbi dbi(struct kai_txn *txn, enum kai_table table)
{
	return store_of(txn->store)->tables[table];
}

/* NOTFOUND is an answer, anything else but success is trouble. */
static bool found(struct kai_txn *txn, int rc)
{
	if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND)
		kai_txn_fail(txn, kai_lmdb_err(rc));
	return rc == MDB_SUCCESS;
}

static bool lmdb_get(struct kai_txn *base, enum kai_table table, struct kai_span key,
		     struct kai_span *ret)
{
	MDB_val at = val(key);
	MDB_val value;

	if (!found(base, mdb_get(txn_of(base)->txn, dbi(base, table), &at, &value)))
		return false;
	*ret = span_of(value);
	return true;
}

static void put(struct kai_txn *base, enum kai_table table, struct kai_span key,
		struct kai_span value, unsigned flags)
{
	struct lmdb_txn *txn = txn_of(base);
	MDB_val at = val(key);
	MDB_val to = val(value);
	int rc;

	txn->places[table].ready = false;
	rc = mdb_put(txn->txn, dbi(base, table), &at, &to, flags);
	if (rc == MDB_KEYEXIST && flags != 0) /* not above the last key after all */
		rc = mdb_put(txn->txn, dbi(base, table), &at, &to, 0);
	if (rc != MDB_SUCCESS)
		kai_txn_fail(base, kai_lmdb_err(rc));
}

static void lmdb_put(struct kai_txn *base, enum kai_table table, struct kai_span key,
		     struct kai_span value)
{
	put(base, table, key, value, 0);
}

static void lmdb_append(struct kai_txn *base, enum kai_table table, struct kai_span key,
			struct kai_span value)
{
	put(base, table, key, value, MDB_APPEND);
}

static MDB_cursor *cursor_of(struct kai_txn *base, enum kai_table table)
{
	struct lmdb_txn *txn = txn_of(base);
	struct place *place = &txn->places[table];

	if (place->cursor == NULL) {
		int rc = mdb_cursor_open(txn->txn, dbi(base, table), &place->cursor);

		if (rc != MDB_SUCCESS) {
			place->cursor = NULL;
			kai_txn_fail(base, kai_lmdb_err(rc));
		}
	}
	return place->cursor;
}

static bool lmdb_del(struct kai_txn *base, enum kai_table table, struct kai_span key,
		     size_t *ret_len)
{
	MDB_cursor *cursor = cursor_of(base, table);
	MDB_val at = val(key);
	MDB_val value;

	if (cursor == NULL)
		return false;
	txn_of(base)->places[table].ready = false;
	if (!found(base, mdb_cursor_get(cursor, &at, &value, MDB_SET)))
		return false;
	*ret_len = value.mv_size;
	return found(base, mdb_cursor_del(cursor, 0));
}

static uint64_t lmdb_count(struct kai_txn *base, enum kai_table table)
{
	MDB_stat stat;

	return found(base, mdb_stat(txn_of(base)->txn, dbi(base, table), &stat)) ? stat.ms_entries
										 : 0;
}

/* Is the cursor still on this key, so that one step does? */
static bool stands_on(const struct place *place, struct kai_span key)
{
	MDB_val at;
	MDB_val value;

	return place->ready &&
	       mdb_cursor_get(place->cursor, &at, &value, MDB_GET_CURRENT) == MDB_SUCCESS &&
	       kai_span_equal(span_of(at), key);
}

static int seek_up(MDB_cursor *cursor, bool beyond, MDB_val *io_key, MDB_val *value)
{
	struct kai_span key = span_of(*io_key);
	int rc = mdb_cursor_get(cursor, io_key, value, MDB_SET_RANGE);

	if (rc == MDB_SUCCESS && beyond && kai_span_equal(span_of(*io_key), key))
		rc = mdb_cursor_get(cursor, io_key, value, MDB_NEXT);
	return rc;
}

static int seek_down(MDB_cursor *cursor, bool below, MDB_val *io_key, MDB_val *value)
{
	struct kai_span key = span_of(*io_key);
	int rc = mdb_cursor_get(cursor, io_key, value, MDB_SET_RANGE);

	if (rc == MDB_NOTFOUND)
		return mdb_cursor_get(cursor, io_key, value, MDB_LAST);
	if (rc == MDB_SUCCESS && (below || !kai_span_equal(span_of(*io_key), key)))
		rc = mdb_cursor_get(cursor, io_key, value, MDB_PREV);
	return rc;
}

static int seek(struct place *place, enum kai_seek how, MDB_val *io_key, MDB_val *value)
{
	MDB_cursor *cursor = place->cursor;

	switch (how) {
	case KAI_SEEK_FIRST:
		return mdb_cursor_get(cursor, io_key, value, MDB_FIRST);
	case KAI_SEEK_LAST:
		return mdb_cursor_get(cursor, io_key, value, MDB_LAST);
	case KAI_SEEK_GE:
		return seek_up(cursor, false, io_key, value);
	case KAI_SEEK_GT:
		if (stands_on(place, span_of(*io_key)))
			return mdb_cursor_get(cursor, io_key, value, MDB_NEXT);
		return seek_up(cursor, true, io_key, value);
	case KAI_SEEK_LE:
		return seek_down(cursor, false, io_key, value);
	case KAI_SEEK_LT:
		if (stands_on(place, span_of(*io_key)))
			return mdb_cursor_get(cursor, io_key, value, MDB_PREV);
		return seek_down(cursor, true, io_key, value);
	}
	return MDB_NOTFOUND;
}

static bool lmdb_seek(struct kai_txn *base, enum kai_table table, enum kai_seek how,
		      struct kai_span key, struct kai_span *ret_key, struct kai_span *ret_value)
{
	struct place *place = &txn_of(base)->places[table];
	MDB_val at = val(key);
	MDB_val value;

	if (cursor_of(base, table) == NULL)
		return false;
	place->ready = found(base, seek(place, how, &at, &value));
	if (!place->ready)
		return false;
	*ret_key = span_of(at);
	*ret_value = span_of(value);
	return true;
}

const struct kai_store_ops kai_lmdb_ops = {
	.close = kai_lmdb_close,
	.reap = lmdb_reap,
	.usage = lmdb_usage,
	.begin = lmdb_begin,
	.commit = lmdb_commit,
	.abort = lmdb_abort,
	.used = lmdb_used,
	.get = lmdb_get,
	.put = lmdb_put,
	.append = lmdb_append,
	.del = lmdb_del,
	.count = lmdb_count,
	.seek = lmdb_seek,
};
