/* SPDX-License-Identifier: Apache-2.0 */
/* What every store promises alike: sticky errors, key bounds, one writer, the quota. */
#include "port.h"

#include <stdlib.h>

const char *kai_table_name(enum kai_table table)
{
	static const char *const names[] = {
#define X(name, word) [KAI_TABLE_##name] = (word),
		KAI_X_TABLE(X)
#undef X
	};

	return (unsigned)table < KAI_TABLE_END ? names[table] : "?";
}

void kai_store_close(struct kai_store *store)
{
	if (store == NULL)
		return;
	free(store->buffer);
	free(store->work);
	store->ops->close(store);
}

int kai_store_reap(struct kai_store *store)
{
	return store->ops->reap(store);
}

void kai_store_usage(struct kai_store *store, uint64_t *ret_used, uint64_t *ret_limit)
{
	store->ops->usage(store, ret_used, ret_limit);
}

enum kai_err kai_txn_begin(struct kai_store *store, bool write, struct kai_txn **ret,
			   struct kai_why *why)
{
	struct kai_txn *txn;

	if (write && store->read_only)
		return kai_fail(why, KAI_ERR_DENIED, "store: opened for reading only");
	if (write && atomic_exchange(&store->writing, true))
		return kai_fail(why, KAI_ERR_BUSY, "store: a write is under way already");

	enum kai_err err = store->ops->begin(store, write, &txn, why);

	if (err != KAI_ERR_OK) {
		if (write)
			atomic_store(&store->writing, false);
		return err;
	}
	txn->store = store;
	txn->write = write;
	if (write && store->quota > 0) {
		txn->used = store->ops->used(txn);
		txn->exact = txn->used > store->quota - store->quota / 8;
	}
	*ret = txn;
	return KAI_ERR_OK;
}

void kai_txn_abort(struct kai_txn *txn)
{
	if (txn == NULL)
		return;
	struct kai_store *store = txn->store;
	bool write = txn->write;

	store->ops->abort(txn);
	if (write)
		atomic_store(&store->writing, false);
}

static bool over_quota(const struct kai_txn *txn)
{
	uint64_t quota = txn->store->quota;

	return quota > 0 && txn->growth > 0 &&
	       (txn->used > quota || (uint64_t)txn->growth > quota - txn->used);
}

enum kai_err kai_txn_commit(struct kai_txn *txn, struct kai_why *why)
{
	struct kai_store *store = txn->store;
	bool write = txn->write;
	enum kai_err err;

	if (write)
		kai_memo_flush(txn);
	err = txn->err;
	if (err == KAI_ERR_OK && over_quota(txn)) {
		err = kai_fail(why, KAI_ERR_FULL,
			       "store: %llu bytes are in use and %lld more would pass the quota of "
			       "%llu (raise it or shorten retention)",
			       (unsigned long long)txn->used, (long long)txn->growth,
			       (unsigned long long)store->quota);
	} else if (err != KAI_ERR_OK) {
		(void)kai_fail(why, err, "store: the transaction failed: %s", kai_err_text(err));
	}
	if (err != KAI_ERR_OK)
		store->ops->abort(txn);
	else
		err = store->ops->commit(txn, why);
	if (write)
		atomic_store(&store->writing, false);
	return err;
}

enum kai_err kai_txn_error(const struct kai_txn *txn)
{
	return txn->err;
}

void kai_txn_fail(struct kai_txn *txn, enum kai_err err)
{
	if (txn->err == KAI_ERR_OK)
		txn->err = err;
}

static bool usable(struct kai_txn *txn, struct kai_span key)
{
	if (key.len == 0 || key.len > KAI_STORE_MAX_KEY)
		kai_txn_fail(txn, KAI_ERR_INVALID);
	return txn->err == KAI_ERR_OK;
}

static bool writable(struct kai_txn *txn, struct kai_span key)
{
	if (!txn->write)
		kai_txn_fail(txn, KAI_ERR_DENIED);
	return usable(txn, key);
}

bool kai_txn_get(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		 struct kai_span *ret)
{
	return usable(txn, key) && txn->store->ops->get(txn, table, key, ret);
}

static int64_t entry_size(struct kai_span key, size_t value_len)
{
	return (int64_t)(key.len + value_len + KAI_ENTRY_OVERHEAD);
}

static void account_put(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			size_t value_len)
{
	struct kai_span old;

	if (txn->store->quota == 0)
		return;
	txn->growth += entry_size(key, value_len);
	if (txn->exact && txn->store->ops->get(txn, table, key, &old))
		txn->growth -= entry_size(key, old.len);
}

void kai_txn_put(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		 struct kai_span value)
{
	if (!writable(txn, key))
		return;
	account_put(txn, table, key, value.len);
	txn->store->ops->put(txn, table, key, value);
}

void kai_txn_append(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		    struct kai_span value)
{
	if (!writable(txn, key))
		return;
	account_put(txn, table, key, value.len);
	txn->store->ops->append(txn, table, key, value);
}

bool kai_txn_del(struct kai_txn *txn, enum kai_table table, struct kai_span key)
{
	size_t old_len;

	if (!writable(txn, key) || !txn->store->ops->del(txn, table, key, &old_len))
		return false;
	txn->growth -= entry_size(key, old_len);
	return true;
}

uint64_t kai_txn_count(struct kai_txn *txn, enum kai_table table)
{
	return txn->err == KAI_ERR_OK ? txn->store->ops->count(txn, table) : 0;
}
