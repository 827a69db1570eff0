/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in memory: for the simulator and for tests. Each table is a list of leaves, each leaf a
 * short list of entries, all counted and shared between moments: a writer copies what it touches,
 * so that a reader's moment stays as it was and a rollback is dropping the writer's. One thread for
 * all transactions of a store.
 */
#include "port.h"

#include <stdlib.h>
#include <string.h>

#define LEAF_CAP 64

struct entry {
	unsigned refs;
	size_t key_len;
	size_t value_len;
	uint8_t bytes[]; /* key, value */
};

struct leaf {
	unsigned refs;
	unsigned count; /* never 0 in a table */
	struct entry *entries[LEAF_CAP];
};

struct sheet {
	unsigned refs;
	size_t leaf_count;
	size_t leaf_cap;
	uint64_t entry_count;
	struct leaf **leaves;
};

/* All tables at one moment. */
struct moment {
	unsigned refs;
	uint64_t bytes;
	struct sheet *sheets[KAI_TABLE_END]; /* NULL: empty */
};

struct memory_store {
	struct kai_store base;
	struct moment *now;
};

struct memory_txn {
	struct kai_txn base;
	struct moment *moment;
};

/* Between two entries; a leaf equal to leaf_count is the end. */
struct position {
	size_t leaf;
	unsigned entry;
};

static struct memory_store *store_of(struct kai_store *store)
{
	return (struct memory_store *)(void *)store;
}

static struct moment *moment_of(struct kai_txn *txn)
{
	return ((struct memory_txn *)(void *)txn)->moment;
}

/* ---- counted things -------------------------------------------------------------------------- */

static void entry_drop(struct entry *entry)
{
	if (--entry->refs == 0)
		free(entry);
}

static void leaf_drop(struct leaf *leaf)
{
	if (--leaf->refs > 0)
		return;
	for (unsigned i = 0; i < leaf->count; i++)
		entry_drop(leaf->entries[i]);
	free(leaf);
}

static void sheet_drop(struct sheet *sheet)
{
	if (sheet == NULL || --sheet->refs > 0)
		return;
	for (size_t i = 0; i < sheet->leaf_count; i++)
		leaf_drop(sheet->leaves[i]);
	free(sheet->leaves);
	free(sheet);
}

static void moment_drop(struct moment *moment)
{
	if (--moment->refs > 0)
		return;
	for (size_t i = 0; i < KAI_TABLE_END; i++)
		sheet_drop(moment->sheets[i]);
	free(moment);
}

static struct entry *entry_new(struct kai_span key, struct kai_span value)
{
	struct entry *entry = malloc(sizeof(*entry) + key.len + value.len);

	if (entry == NULL)
		return NULL;
	entry->refs = 1;
	entry->key_len = key.len;
	entry->value_len = value.len;
	memcpy(entry->bytes, key.at, key.len);
	if (value.len > 0)
		memcpy(entry->bytes + key.len, value.at, value.len);
	return entry;
}

static struct kai_span entry_key(const struct entry *entry)
{
	return kai_span(entry->bytes, entry->key_len);
}

static struct kai_span entry_value(const struct entry *entry)
{
	return kai_span(entry->bytes + entry->key_len, entry->value_len);
}

static uint64_t entry_bytes(const struct entry *entry)
{
	return entry->key_len + entry->value_len + KAI_ENTRY_OVERHEAD;
}

/* The moment's own copy of a sheet, which may be written to; NULL when out of memory. */
static struct sheet *own_sheet(struct moment *moment, enum kai_table table)
{
	struct sheet *old = moment->sheets[table];

	if (old != NULL && old->refs == 1)
		return old;
	size_t leaf_count = old == NULL ? 0 : old->leaf_count;
	struct sheet *sheet = calloc(1, sizeof(*sheet));
	struct leaf **leaves = calloc(leaf_count + 1, sizeof(struct leaf *));

	if (sheet == NULL || leaves == NULL) {
		free(sheet);
		free(leaves);
		return NULL;
	}
	*sheet = (struct sheet){.refs = 1, .leaf_cap = leaf_count + 1, .leaves = leaves};
	for (; sheet->leaf_count < leaf_count; sheet->leaf_count++) {
		leaves[sheet->leaf_count] = old->leaves[sheet->leaf_count];
		leaves[sheet->leaf_count]->refs++;
	}
	if (old != NULL)
		sheet->entry_count = old->entry_count;
	sheet_drop(old);
	moment->sheets[table] = sheet;
	return sheet;
}

/* The same for a leaf of an own sheet. */
static struct leaf *own_leaf(struct sheet *sheet, size_t at)
{
	struct leaf *old = sheet->leaves[at];

	if (old->refs == 1)
		return old;
	struct leaf *leaf = malloc(sizeof(*leaf));

	if (leaf == NULL)
		return NULL;
	*leaf = *old;
	leaf->refs = 1;
	for (unsigned i = 0; i < leaf->count; i++)
		leaf->entries[i]->refs++;
	leaf_drop(old);
	sheet->leaves[at] = leaf;
	return leaf;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* The first entry whose key is not below key. */
static struct position lower_bound(const struct sheet *sheet, struct kai_span key)
{
	size_t low = 0;
	size_t high = sheet == NULL ? 0 : sheet->leaf_count;
	struct position at = {0, 0};

	/* the first leaf whose last key is not below */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct leaf *leaf = sheet->leaves[middle];

		if (kai_span_compare(entry_key(leaf->entries[leaf->count - 1]), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	at.leaf = low;
	if (sheet == NULL || low == sheet->leaf_count)
		return at;
	unsigned first = 0;
	unsigned last = sheet->leaves[low]->count;

	while (first < last) {
		unsigned middle = first + (last - first) / 2;

		if (kai_span_compare(entry_key(sheet->leaves[low]->entries[middle]), key) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	at.entry = first;
	return at;
}

static struct entry *entry_at(const struct sheet *sheet, struct position at)
{
	if (sheet == NULL || at.leaf >= sheet->leaf_count)
		return NULL;
	return sheet->leaves[at.leaf]->entries[at.entry];
}

static struct entry *entry_before(const struct sheet *sheet, struct position at)
{
	if (sheet == NULL || (at.leaf == 0 && at.entry == 0))
		return NULL;
	if (at.entry > 0)
		return sheet->leaves[at.leaf]->entries[at.entry - 1];
	const struct leaf *leaf = sheet->leaves[at.leaf - 1];

	return leaf->entries[leaf->count - 1];
}

static struct entry *entry_after(const struct sheet *sheet, struct position at)
{
	if (at.entry + 1 < sheet->leaves[at.leaf]->count)
		return sheet->leaves[at.leaf]->entries[at.entry + 1];
	return entry_at(sheet, (struct position){at.leaf + 1, 0});
}

static struct entry *find(const struct sheet *sheet, struct position at, struct kai_span key)
{
	struct entry *entry = entry_at(sheet, at);

	return entry != NULL && kai_span_equal(entry_key(entry), key) ? entry : NULL;
}

/* ---- changing -------------------------------------------------------------------------------- */

static bool insert_leaf(struct sheet *sheet, size_t at, struct leaf *leaf)
{
	if (sheet->leaf_count == sheet->leaf_cap) {
		size_t cap = sheet->leaf_cap * 2 + 4;
		struct leaf **leaves = realloc(sheet->leaves, cap * sizeof(struct leaf *));

		if (leaves == NULL)
			return false;
		sheet->leaves = leaves;
		sheet->leaf_cap = cap;
	}
	memmove(sheet->leaves + at + 1, sheet->leaves + at,
		(sheet->leaf_count - at) * sizeof(struct leaf *));
	sheet->leaves[at] = leaf;
	sheet->leaf_count++;
	return true;
}

/* A new leaf at `at`, holding the upper entries of the leaf before it from `from` on. */
static struct leaf *split(struct sheet *sheet, size_t at, unsigned from)
{
	struct leaf *leaf = calloc(1, sizeof(*leaf));

	if (leaf == NULL || !insert_leaf(sheet, at, leaf)) {
		free(leaf);
		return NULL;
	}
	leaf->refs = 1;
	if (at > 0) {
		struct leaf *lower = sheet->leaves[at - 1];

		leaf->count = lower->count - from;
		memcpy(leaf->entries, lower->entries + from, leaf->count * sizeof(struct entry *));
		lower->count = from;
	}
	return leaf;
}

/* Room for one more at the position, which may move to another leaf. */
static struct leaf *make_room(struct sheet *sheet, struct position *io_at)
{
	if (io_at->leaf == sheet->leaf_count) {
		size_t last = sheet->leaf_count;

		if (last == 0)
			return split(sheet, 0, 0);
		if (sheet->leaves[last - 1]->count == LEAF_CAP) /* appending: leave it full */
			return split(sheet, last, LEAF_CAP);
		*io_at = (struct position){last - 1, sheet->leaves[last - 1]->count};
	}
	struct leaf *leaf = own_leaf(sheet, io_at->leaf);

	if (leaf == NULL || leaf->count < LEAF_CAP)
		return leaf;
	struct leaf *upper = split(sheet, io_at->leaf + 1, LEAF_CAP / 2);

	if (upper == NULL || io_at->entry <= LEAF_CAP / 2)
		return upper == NULL ? NULL : leaf;
	io_at->leaf++;
	io_at->entry -= LEAF_CAP / 2;
	return upper;
}

static bool set(struct moment *moment, enum kai_table table, struct kai_span key,
		struct kai_span value)
{
	struct sheet *sheet = own_sheet(moment, table);
	struct entry *entry = entry_new(key, value);

	if (sheet == NULL || entry == NULL) {
		free(entry);
		return false;
	}
	struct position at = lower_bound(sheet, key);
	struct entry *old = find(sheet, at, key);
	struct leaf *leaf = old != NULL ? own_leaf(sheet, at.leaf) : make_room(sheet, &at);

	if (leaf == NULL) {
		free(entry);
		return false;
	}
	moment->bytes += entry_bytes(entry);
	if (old != NULL) {
		moment->bytes -= entry_bytes(old);
		entry_drop(old);
	} else {
		memmove(leaf->entries + at.entry + 1, leaf->entries + at.entry,
			(leaf->count - at.entry) * sizeof(struct entry *));
		leaf->count++;
		sheet->entry_count++;
	}
	leaf->entries[at.entry] = entry;
	return true;
}

static void remove_entry(struct sheet *sheet, struct leaf *leaf, struct position at)
{
	entry_drop(leaf->entries[at.entry]);
	leaf->count--;
	sheet->entry_count--;
	memmove(leaf->entries + at.entry, leaf->entries + at.entry + 1,
		(leaf->count - at.entry) * sizeof(struct entry *));
	if (leaf->count > 0)
		return;
	leaf_drop(leaf);
	sheet->leaf_count--;
	memmove(sheet->leaves + at.leaf, sheet->leaves + at.leaf + 1,
		(sheet->leaf_count - at.leaf) * sizeof(struct leaf *));
}

/* ---- the port -------------------------------------------------------------------------------- */

static void memory_close(struct kai_store *base)
{
	struct memory_store *store = store_of(base);

	moment_drop(store->now);
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

static struct moment *moment_copy(const struct moment *from)
{
	struct moment *moment = malloc(sizeof(*moment));

	if (moment == NULL)
		return NULL;
	*moment = *from;
	moment->refs = 1;
	for (size_t i = 0; i < KAI_TABLE_END; i++) {
		if (moment->sheets[i] != NULL)
			moment->sheets[i]->refs++;
	}
	return moment;
}

static enum kai_err memory_begin(struct kai_store *base, bool write, struct kai_txn **ret,
				 struct kai_why *why)
{
	struct memory_store *store = store_of(base);
	struct memory_txn *txn = calloc(1, sizeof(*txn));

	if (txn != NULL && write) {
		txn->moment = moment_copy(store->now);
	} else if (txn != NULL) {
		txn->moment = store->now;
		txn->moment->refs++;
	}
	if (txn == NULL || txn->moment == NULL) {
		free(txn);
		return kai_fail(why, KAI_ERR_NOMEM, "store: %s", kai_err_text(KAI_ERR_NOMEM));
	}
	*ret = &txn->base;
	return KAI_ERR_OK;
}

static void memory_abort(struct kai_txn *txn)
{
	moment_drop(moment_of(txn));
	free(txn);
}

static enum kai_err memory_commit(struct kai_txn *txn, struct kai_why *why)
{
	struct memory_store *store = store_of(txn->store);

	(void)why;
	if (!txn->write) {
		memory_abort(txn);
		return KAI_ERR_OK;
	}
	moment_drop(store->now);
	store->now = moment_of(txn);
	free(txn);
	return KAI_ERR_OK;
}

static uint64_t memory_used(struct kai_txn *txn)
{
	return moment_of(txn)->bytes;
}

static bool memory_get(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		       struct kai_span *ret)
{
	const struct sheet *sheet = moment_of(txn)->sheets[table];
	const struct entry *entry = find(sheet, lower_bound(sheet, key), key);

	if (entry == NULL)
		return false;
	*ret = entry_value(entry);
	return true;
}

static void memory_put(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		       struct kai_span value)
{
	if (!set(moment_of(txn), table, key, value))
		kai_txn_fail(txn, KAI_ERR_NOMEM);
}

static bool memory_del(struct kai_txn *txn, enum kai_table table, struct kai_span key,
		       size_t *ret_len)
{
	struct moment *moment = moment_of(txn);
	struct position at = lower_bound(moment->sheets[table], key);
	const struct entry *entry = find(moment->sheets[table], at, key);

	if (entry == NULL)
		return false;
	uint64_t bytes = entry_bytes(entry);
	size_t len = entry->value_len;
	struct sheet *sheet = own_sheet(moment, table);
	struct leaf *leaf = sheet == NULL ? NULL : own_leaf(sheet, at.leaf);

	if (leaf == NULL) {
		kai_txn_fail(txn, KAI_ERR_NOMEM);
		return false;
	}
	remove_entry(sheet, leaf, at);
	moment->bytes -= bytes;
	*ret_len = len;
	return true;
}

static uint64_t memory_count(struct kai_txn *txn, enum kai_table table)
{
	const struct sheet *sheet = moment_of(txn)->sheets[table];

	return sheet == NULL ? 0 : sheet->entry_count;
}

static struct entry *seek(const struct sheet *sheet, enum kai_seek how, struct kai_span key)
{
	struct position at = {0, 0};
	struct entry *exact;

	if (sheet == NULL || sheet->leaf_count == 0 || how == KAI_SEEK_FIRST)
		return entry_at(sheet, at);
	if (how == KAI_SEEK_LAST) {
		at.leaf = sheet->leaf_count;
		return entry_before(sheet, at);
	}
	at = lower_bound(sheet, key);
	exact = find(sheet, at, key);
	if (how == KAI_SEEK_GE)
		return entry_at(sheet, at);
	if (how == KAI_SEEK_GT)
		return exact != NULL ? entry_after(sheet, at) : entry_at(sheet, at);
	if (how == KAI_SEEK_LE && exact != NULL)
		return exact;
	return entry_before(sheet, at);
}

static bool memory_seek(struct kai_txn *txn, enum kai_table table, enum kai_seek how,
			struct kai_span key, struct kai_span *ret_key, struct kai_span *ret_value)
{
	const struct entry *entry = seek(moment_of(txn)->sheets[table], how, key);

	if (entry == NULL)
		return false;
	*ret_key = entry_key(entry);
	*ret_value = entry_value(entry);
	return true;
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

enum kai_err kai_store_open_memory(const struct kai_store_options *options, struct kai_store **ret)
{
	struct memory_store *store = calloc(1, sizeof(*store));
	struct kai_span key = kai_span_str("schema");
	uint8_t number[8];

	if (store == NULL)
		return KAI_ERR_NOMEM;
	store->now = calloc(1, sizeof(*store->now));
	if (store->now == NULL) {
		free(store);
		return KAI_ERR_NOMEM;
	}
	store->base.ops = &memory_ops;
	store->base.quota = options->quota_bytes;
	store->base.read_only = options->read_only;
	store->now->refs = 1;
	kai_put_be64(number, KAI_STORE_SCHEMA);
	if (!set(store->now, KAI_TABLE_META, key, kai_span(number, sizeof(number)))) {
		memory_close(&store->base);
		return KAI_ERR_NOMEM;
	}
	*ret = &store->base;
	return KAI_ERR_OK;
}
