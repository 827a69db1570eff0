/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A drill's store: tables of its own, and the live one's about trust beneath them, for reading. So
 * nothing that a drill's turn writes can reach the live store, and nothing of what is live but trust
 * can be read in a drill.
 */
#include "port.h"

#include <stdlib.h>
#include <string.h>

#include "kairan/rec.h"

#define SEED_ARENA ((size_t)64 * 1024)

struct overlay {
	struct kai_store base;
	struct kai_store *live;
	struct kai_store *own;
};

struct overlay_txn {
	struct kai_txn base;
	struct kai_txn *live;
	struct kai_txn *own;
};

static bool is_lives(enum kai_table table)
{
	return table == KAI_TABLE_CARDS || table == KAI_TABLE_RECORDS ||
	       table == KAI_TABLE_AGREEMENTS || table == KAI_TABLE_NOTICES ||
	       table == KAI_TABLE_MEMBERS || table == KAI_TABLE_DRILLS;
}

static struct overlay *overlay_of(struct kai_store *base)
{
	return (struct overlay *)(void *)base;
}

static struct overlay_txn *txn_of(struct kai_txn *base)
{
	return (struct overlay_txn *)(void *)base;
}

static struct kai_txn *below(struct kai_txn *base, enum kai_table table)
{
	return is_lives(table) ? txn_of(base)->live : txn_of(base)->own;
}

/* Trouble below is this transaction's. */
static void settle(struct kai_txn *base, const struct kai_txn *txn)
{
	if (txn->err != KAI_ERR_OK)
		kai_txn_fail(base, txn->err);
}

static void overlay_close(struct kai_store *base)
{
	kai_store_close(overlay_of(base)->own);
	free(base);
}

static int overlay_reap(struct kai_store *base)
{
	return kai_store_reap(overlay_of(base)->own);
}

static void overlay_usage(struct kai_store *base, uint64_t *ret_used, uint64_t *ret_limit)
{
	kai_store_usage(overlay_of(base)->own, ret_used, ret_limit);
}

static enum kai_err overlay_begin(struct kai_store *base, bool write, struct kai_txn **ret,
				  struct kai_why *why)
{
	struct overlay *store = overlay_of(base);
	struct overlay_txn *txn = calloc(1, sizeof(*txn));

	if (txn == NULL)
		return kai_fail(why, KAI_ERR_NOMEM, "store: %s", kai_err_text(KAI_ERR_NOMEM));
	enum kai_err err = kai_txn_begin(store->live, false, &txn->live, why);

	if (err == KAI_ERR_OK) {
		err = kai_txn_begin(store->own, write, &txn->own, why);
		if (err != KAI_ERR_OK)
			kai_txn_abort(txn->live);
	}
	if (err != KAI_ERR_OK) {
		free(txn);
		return err;
	}
	*ret = &txn->base;
	return KAI_ERR_OK;
}

static enum kai_err overlay_commit(struct kai_txn *base, struct kai_why *why)
{
	struct overlay_txn *txn = txn_of(base);
	enum kai_err err = kai_txn_commit(txn->own, why);

	kai_txn_abort(txn->live);
	free(txn);
	return err;
}

static void overlay_abort(struct kai_txn *base)
{
	struct overlay_txn *txn = txn_of(base);

	kai_txn_abort(txn->own);
	kai_txn_abort(txn->live);
	free(txn);
}

static uint64_t overlay_used(struct kai_txn *base)
{
	(void)base; /* the quota is kept below */
	return 0;
}

static bool overlay_get(struct kai_txn *base, enum kai_table table, struct kai_span key,
			struct kai_span *ret)
{
	struct kai_txn *txn = below(base, table);
	bool found = kai_txn_get(txn, table, key, ret);

	settle(base, txn);
	return found;
}

static void overlay_put(struct kai_txn *base, enum kai_table table, struct kai_span key,
			struct kai_span value)
{
	struct kai_txn *txn = below(base, table);

	kai_txn_put(txn, table, key, value); /* live's is for reading only: DENIED */
	settle(base, txn);
}

static void overlay_append(struct kai_txn *base, enum kai_table table, struct kai_span key,
			   struct kai_span value)
{
	struct kai_txn *txn = below(base, table);

	kai_txn_append(txn, table, key, value);
	settle(base, txn);
}

static bool overlay_del(struct kai_txn *base, enum kai_table table, struct kai_span key,
			size_t *ret_len)
{
	struct kai_txn *txn = below(base, table);
	bool there = kai_txn_del(txn, table, key);

	settle(base, txn);
	*ret_len = 0; /* what went is counted below */
	return there;
}

static uint64_t overlay_count(struct kai_txn *base, enum kai_table table)
{
	return kai_txn_count(below(base, table), table);
}

static bool overlay_seek(struct kai_txn *base, enum kai_table table, enum kai_seek how,
			 struct kai_span key, struct kai_span *ret_key, struct kai_span *ret_value)
{
	struct kai_txn *txn = below(base, table);
	bool found = txn->err == KAI_ERR_OK &&
		     txn->store->ops->seek(txn, table, how, key, ret_key, ret_value);

	settle(base, txn);
	return found;
}

static const struct kai_store_ops overlay_ops = {
	.close = overlay_close,
	.reap = overlay_reap,
	.usage = overlay_usage,
	.begin = overlay_begin,
	.commit = overlay_commit,
	.abort = overlay_abort,
	.used = overlay_used,
	.get = overlay_get,
	.put = overlay_put,
	.append = overlay_append,
	.del = overlay_del,
	.count = overlay_count,
	.seek = overlay_seek,
};

/* ---- whose store it is ----------------------------------------------------------------------- */

/* What live says of itself, into own where that does not say it yet. */
static bool same_word(struct kai_txn *live, struct kai_txn *own, const char *word)
{
	struct kai_key key = kai_key_word(word);
	struct kai_span theirs, ours;

	if (!kai_txn_get(live, KAI_TABLE_META, kai_key_span(&key), &theirs))
		return true;
	if (kai_txn_get(own, KAI_TABLE_META, kai_key_span(&key), &ours))
		return kai_span_equal(ours, theirs);
	if (own->write)
		kai_txn_put(own, KAI_TABLE_META, kai_key_span(&key), theirs);
	return own->write;
}

static bool same_realm(struct kai_txn *own, const uint8_t realm[KAI_REALM_LEN])
{
	struct kai_key key = kai_key_word(KAI_META_REALM);
	struct kai_span ours;

	if (kai_txn_get(own, KAI_TABLE_META, kai_key_span(&key), &ours))
		return kai_span_equal(ours, kai_span(realm, KAI_REALM_LEN));
	if (own->write)
		kai_txn_put(own, KAI_TABLE_META, kai_key_span(&key),
			    kai_span(realm, KAI_REALM_LEN));
	return own->write;
}

static void copy_peers(struct kai_txn *live, struct kai_txn *own)
{
	struct kai_arena arena = {.at = malloc(SEED_ARENA), .cap = SEED_ARENA};
	struct kai_scan scan;
	struct kai_span value;

	if (arena.at == NULL)
		kai_txn_fail(own, KAI_ERR_NOMEM);
	kai_scan_init(&scan, live, KAI_TABLE_PEERS, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (own->err == KAI_ERR_OK && kai_scan_next(&scan, NULL, &value)) {
		struct kai_peer theirs, ours;

		arena.used = 0;
		if (kai_object_decode(&kai_object_peer, value, &arena, &theirs) != KAI_FAULT_NONE) {
			kai_txn_fail(live, KAI_ERR_CORRUPT);
			break;
		}
		kai_rec_peer_add(own, theirs.org, theirs.alias, &arena, &ours);
		if (!kai_span_equal(ours.alias, theirs.alias)) {
			ours.alias = theirs.alias;
			kai_rec_peer_put(own, &ours);
		}
	}
	free(arena.at);
}

static enum kai_err settle_store(struct kai_store *live, struct kai_store *own,
				 const uint8_t realm[KAI_REALM_LEN], struct kai_why *why)
{
	struct kai_txn *from, *to;
	enum kai_err err = kai_txn_begin(live, false, &from, why);

	if (err != KAI_ERR_OK)
		return err;
	err = kai_txn_begin(own, !own->read_only, &to, why);
	if (err != KAI_ERR_OK) {
		kai_txn_abort(from);
		return err;
	}
	bool same = same_word(from, to, KAI_META_ORG) && same_word(from, to, KAI_META_LAB) &&
		    same_realm(to, realm);

	if (same && !own->read_only)
		copy_peers(from, to);
	settle(to, from);
	kai_txn_abort(from);
	if (same && !own->read_only)
		return kai_txn_commit(to, why);
	err = kai_txn_error(to);
	kai_txn_abort(to);
	if (err != KAI_ERR_OK)
		return kai_fail(why, err, "store: %s", kai_err_text(err));
	if (same)
		return err;
	return kai_fail(why, KAI_ERR_INVALID,
			"store: it is not this node's store of that drill (put it aside)");
}

enum kai_err kai_store_open_drill(struct kai_store *live, struct kai_store *own,
				  const uint8_t realm[KAI_REALM_LEN], struct kai_store **ret,
				  struct kai_why *why)
{
	struct overlay *store = calloc(1, sizeof(*store));
	enum kai_err err;

	if (store == NULL)
		return kai_fail(why, KAI_ERR_NOMEM, "store: %s", kai_err_text(KAI_ERR_NOMEM));
	err = settle_store(live, own, realm, why);
	if (err != KAI_ERR_OK) {
		free(store);
		return err;
	}
	store->base.ops = &overlay_ops;
	store->base.read_only = own->read_only;
	store->live = live;
	store->own = own;
	*ret = &store->base;
	return KAI_ERR_OK;
}
