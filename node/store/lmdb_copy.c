/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of a store on disk at one moment, without its free pages, while a writer goes on. */
#include "lmdb_store.h"

static void count_txns(struct lmdb_store *store, bool more)
{
	(void)pthread_mutex_lock(&store->mutex);
	store->open_txns = more ? store->open_txns + 1 : store->open_txns - 1;
	(void)pthread_mutex_unlock(&store->mutex);
}

enum kai_err kai_store_copy_lmdb(struct kai_store *base, int fd, struct kai_why *why)
{
	struct lmdb_store *store = (struct lmdb_store *)(void *)base;

	if (base->ops != &kai_lmdb_ops)
		return kai_fail(why, KAI_ERR_INVALID, "store: this one does not lie on disk");
	/* LMDB reads in a transaction of its own, during which the map may not be resized. */
	count_txns(store, true);
	int rc = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);

	count_txns(store, false);
	return rc == MDB_SUCCESS ? KAI_ERR_OK : kai_lmdb_fail(why, "cannot be copied", rc);
}
