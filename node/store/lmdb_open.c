/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the store on LMDB. Default flags for everything acknowledged (a commit is one fdatasync),
 * never WRITEMAP (SIGBUS on a full disk), NOTLS, one huge map, the quota is ours. One process
 * writes: it holds a lock on the directory, since LMDB's own would make a second one wait for ever.
 */
#include "lmdb_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_MAP (1ull << 40)
#define MAX_READERS 512
#define LOCK_MIN 32768 /* below this LMDB has not made it yet */
#define LOCK_LEN 40960 /* above what LMDB asks for as many readers; it uses all of it */
#define DATA_MODE 0640
#define LOCK_MODE 0660
#define SCHEMA_WORD "schema" /* KAI_META_SCHEMA */
#define SCHEMA_LEN (sizeof(SCHEMA_WORD) - 1)

void kai_lmdb_close(struct kai_store *base)
{
	struct lmdb_store *store = (struct lmdb_store *)(void *)base;

	mdb_env_close(store->env);
	if (store->dir_fd >= 0)
		(void)close(store->dir_fd);
	(void)pthread_mutex_destroy(&store->mutex);
	free(store);
}

static enum kai_err lock_dir(struct lmdb_store *store, const char *dir, struct kai_why *why)
{
	store->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir_fd < 0)
		return kai_lmdb_fail(why, dir, errno);
	if (flock(store->dir_fd, LOCK_EX | LOCK_NB) == 0)
		return KAI_ERR_OK;
	if (errno != EWOULDBLOCK)
		return kai_lmdb_fail(why, dir, errno);
	return kai_fail(why, KAI_ERR_BUSY,
			"store: %s is in use by another process (is kairand running there?)", dir);
}

/*
 * LMDB maps the lock file without having reserved its bytes: on a full disk the first touch of such a
 * page would be SIGBUS, in the node or in whoever reads. Before LMDB opens it, since closing any
 * descriptor of it gives up the process's locks. An old file keeps its length, which others have
 * mapped.
 */
static int reserve_lock(const struct lmdb_store *store)
{
	int fd = openat(store->dir_fd, "lock.mdb", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			LOCK_MODE);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return errno;
	if (fstat(fd, &st) != 0 ||
	    fallocate(fd, 0, 0, st.st_size < LOCK_MIN ? LOCK_LEN : st.st_size) != 0)
		rc = errno == EOPNOTSUPP ? 0 : errno;
	(void)close(fd);
	return rc;
}

/* LMDB makes both files with one mode; readers of the group need to write the lock file. */
static enum kai_err set_modes(const struct lmdb_store *store, struct kai_why *why)
{
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {{"data.mdb", DATA_MODE}, {"lock.mdb", LOCK_MODE}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct stat st;

		if (fstatat(store->dir_fd, files[i].name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return kai_lmdb_fail(why, files[i].name, errno);
		if ((st.st_mode & 07777) != files[i].mode &&
		    fchmodat(store->dir_fd, files[i].name, files[i].mode, 0) != 0)
			return kai_lmdb_fail(why, files[i].name, errno);
	}
	return KAI_ERR_OK;
}

static int open_env(struct lmdb_store *store, const char *dir, uint64_t map_bytes)
{
	unsigned flags = MDB_NOTLS | (store->base.read_only ? MDB_RDONLY : 0);
	MDB_stat stat;
	int dead;
	int rc = mdb_env_create(&store->env);

	if (rc != MDB_SUCCESS) {
		store->env = NULL;
		return rc;
	}
	rc = mdb_env_set_maxdbs(store->env, KAI_TABLE_END);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_set_maxreaders(store->env, MAX_READERS);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_set_mapsize(store->env, map_bytes == 0 ? DEFAULT_MAP : map_bytes);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_open(store->env, dir, flags, DATA_MODE);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_stat(store->env, &stat);
	if (rc != MDB_SUCCESS)
		return rc;
	store->page_len = stat.ms_psize;
	return mdb_reader_check(store->env, &dead);
}

static int open_tables(struct lmdb_store *store, MDB_txn *txn)
{
	unsigned flags = store->base.read_only ? 0 : MDB_CREATE;
	int rc = MDB_SUCCESS;

	for (unsigned i = 0; i < KAI_TABLE_END && rc == MDB_SUCCESS; i++)
		rc = mdb_dbi_open(txn, kai_table_name((enum kai_table)i), flags, &store->tables[i]);
	return rc;
}

/* The schema's number, 0 in a fresh store. Looked at before anything is created. */
static int read_schema(MDB_txn *txn, uint64_t *ret)
{
	char word[] = SCHEMA_WORD;
	MDB_val key = {SCHEMA_LEN, word};
	MDB_val value;
	MDB_dbi meta;
	int rc = mdb_dbi_open(txn, kai_table_name(KAI_TABLE_META), 0, &meta);

	if (rc == MDB_SUCCESS)
		rc = mdb_get(txn, meta, &key, &value);
	if (rc == MDB_NOTFOUND) {
		*ret = 0;
		return MDB_SUCCESS;
	}
	if (rc == MDB_SUCCESS && value.mv_size != 8)
		rc = MDB_CORRUPTED;
	if (rc == MDB_SUCCESS)
		*ret = kai_get_be64(value.mv_data);
	return rc;
}

static int write_schema(struct lmdb_store *store, MDB_txn *txn)
{
	uint8_t number[8];
	char word[] = SCHEMA_WORD;
	MDB_val key = {SCHEMA_LEN, word};
	MDB_val value = {sizeof(number), number};

	kai_put_be64(number, KAI_STORE_SCHEMA);
	return mdb_put(txn, store->tables[KAI_TABLE_META], &key, &value, 0);
}

static enum kai_err check_schema(const struct lmdb_store *store, uint64_t schema,
				 struct kai_why *why)
{
	if (schema > KAI_STORE_SCHEMA)
		return kai_fail(why, KAI_ERR_NEWER,
				"store: made by a newer version (schema %llu, this one knows %d): "
				"use that version",
				(unsigned long long)schema, KAI_STORE_SCHEMA);
	if (schema == 0 && store->base.read_only)
		return kai_fail(why, KAI_ERR_NOTFOUND, "store: nothing was ever written there");
	return KAI_ERR_OK;
}

static enum kai_err open_schema(struct lmdb_store *store, struct kai_why *why)
{
	uint64_t schema = 0;
	MDB_txn *txn;
	int rc = mdb_txn_begin(store->env, NULL, store->base.read_only ? MDB_RDONLY : 0, &txn);

	if (rc != MDB_SUCCESS)
		return kai_lmdb_fail(why, "cannot begin a transaction", rc);
	rc = read_schema(txn, &schema);
	enum kai_err err = rc == MDB_SUCCESS ? check_schema(store, schema, why)
					     : kai_lmdb_fail(why, "cannot read the schema", rc);

	if (err != KAI_ERR_OK) {
		mdb_txn_abort(txn);
		return err;
	}
	rc = open_tables(store, txn);
	if (rc == MDB_SUCCESS && schema == 0)
		rc = write_schema(store, txn);
	if (rc != MDB_SUCCESS) {
		mdb_txn_abort(txn);
		return kai_lmdb_fail(why, "cannot open its tables", rc);
	}
	rc = mdb_txn_commit(txn);
	return rc == MDB_SUCCESS ? KAI_ERR_OK : kai_lmdb_fail(why, "cannot open its tables", rc);
}

static enum kai_err open_all(struct lmdb_store *store, const char *dir, uint64_t map_bytes,
			     struct kai_why *why)
{
	enum kai_err err = KAI_ERR_OK;

	if (!store->base.read_only)
		err = lock_dir(store, dir, why);
	if (err != KAI_ERR_OK)
		return err;
	int rc = store->base.read_only ? 0 : reserve_lock(store);

	if (rc != 0)
		return kai_lmdb_fail(why, "lock.mdb", rc);
	rc = open_env(store, dir, map_bytes);
	if (rc != MDB_SUCCESS)
		return kai_lmdb_fail(why, dir, rc);
	if (!store->base.read_only)
		err = set_modes(store, why);
	return err == KAI_ERR_OK ? open_schema(store, why) : err;
}

enum kai_err kai_store_open_lmdb(const char *dir, const struct kai_store_options *options,
				 struct kai_store **ret, struct kai_why *why)
{
	struct lmdb_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return kai_lmdb_fail(why, dir, ENOMEM);
	if (pthread_mutex_init(&store->mutex, NULL) != 0) {
		free(store);
		return kai_lmdb_fail(why, dir, ENOMEM);
	}
	store->base.ops = &kai_lmdb_ops;
	store->base.read_only = options->read_only;
	store->base.quota = options->quota_bytes;
	store->dir_fd = -1;
	enum kai_err err = open_all(store, dir, options->map_bytes, why);

	if (err != KAI_ERR_OK) {
		kai_lmdb_close(&store->base);
		return err;
	}
	*ret = &store->base;
	return KAI_ERR_OK;
}
