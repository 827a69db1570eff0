/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup: the whole data directory as one file, while the node runs. A store goes in as it was at one
 * moment, everything else as it lies there; the keys must not change meanwhile, so that they fit the
 * store. What belongs to the running process and not to the node (sockets, locks, its log) stays out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "verbs.h"
#include "view.h"

#define MAX_ENTRIES 65536
#define STORE_FILE "data.mdb"

const struct kai_opt kai_backup_opts[] = {
	{"passphrase-file", "FILE", false,
	 N_("protect it by the passphrase in this file, of 12 characters or more")},
	{"plain", NULL, false, N_("no protection: whoever has the file is this organisation")},
	{NULL, NULL, false, NULL},
};

struct entry {
	char *name; /* relative */
	unsigned mode;
	bool dir;
	bool store; /* a store's data file */
};

struct backup {
	struct kai_cli *cli;
	struct kai_archive_writer *writer;
	struct entry *entries;
	size_t count;
	uint64_t written;
	json_t *left_out;
	uint8_t keys[KAI_ID_LEN]; /* what the key files looked like */
};

/* ---- what there is ---- */

/* Of the process, not of the node; or a file that somebody is still writing. */
static bool is_passing(const char *name)
{
	static const char *const names[] = {"lock.mdb", "kairand.pid", "kairand.log"};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return len > 4 && strcmp(name + len - 4, ".tmp") == 0;
}

static int add_entry(struct backup *backup, const char *dir, const char *name)
{
	struct kai_cli *cli = backup->cli;
	char *path = dir[0] != '\0' ? kai_cli_text(cli, "%s/%s", dir, name)
				    : kai_cli_text(cli, "%s", name);
	struct stat st;

	if (lstat(kai_cli_text(cli, "%s/%s", cli->dir, path), &st) != 0)
		return errno == ENOENT ? 0
				       : kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s/%s: %s", cli->dir,
						      path, strerror(errno));
	if (is_passing(name) || S_ISSOCK(st.st_mode))
		return 0;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
		(void)json_array_append_new(backup->left_out, json_string(path));
		return 0;
	}
	if (backup->count == MAX_ENTRIES || !kai_archive_name_ok(kai_span_str(path)))
		return kai_cli_fail(
			cli, KAI_EXIT_REFUSED,
			T("%s/%s: cannot go into a backup (too many files, too deep, or "
			  "its name is not plain text)"),
			cli->dir, path);
	backup->entries[backup->count++] = (struct entry){
		.name = path,
		.mode = st.st_mode & 0777,
		.dir = S_ISDIR(st.st_mode),
		.store = !S_ISDIR(st.st_mode) && strcmp(name, STORE_FILE) == 0,
	};
	return 0;
}

static int list_dir(struct backup *backup, const char *dir)
{
	struct kai_cli *cli = backup->cli;
	char *path = kai_cli_text(cli, "%s/%s", cli->dir, dir);
	DIR *list = opendir(path);
	int exit = 0;

	if (list == NULL)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: %s (run this as the user of the node)"), path,
				    strerror(errno));
	for (const struct dirent *one; exit == 0 && (one = readdir(list)) != NULL;)
		if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0)
			exit = add_entry(backup, dir, one->d_name);
	(void)closedir(list);
	return exit;
}

/* Every directory is listed when its turn comes; entries grow meanwhile. */
static int list_all(struct backup *backup)
{
	int exit = list_dir(backup, "");

	for (size_t i = 0; exit == 0 && i < backup->count; i++)
		if (backup->entries[i].dir)
			exit = list_dir(backup, backup->entries[i].name);
	return exit;
}

/* Names, sizes and times of the key files: changes when a key does. */
static void look_at_keys(const struct backup *backup, uint8_t ret[KAI_ID_LEN])
{
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, KAI_ID_LEN);
	for (size_t i = 0; i < backup->count; i++) {
		const struct entry *entry = &backup->entries[i];
		struct stat st = {0};
		char text[KAI_ARCHIVE_NAME + 128];

		if (strncmp(entry->name, "keys", 4) != 0 ||
		    lstat(kai_cli_text(backup->cli, "%s/%s", backup->cli->dir, entry->name), &st) !=
			    0)
			continue;
		(void)snprintf(text, sizeof(text), "%s %llu %lld %lld.%09ld\n", entry->name,
			       (unsigned long long)st.st_ino, (long long)st.st_size,
			       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);

		(void)crypto_generichash_update(&state, (const uint8_t *)text, strlen(text));
	}
	(void)crypto_generichash_final(&state, ret, KAI_ID_LEN);
}

/* ---- writing ---- */

static int cannot_write(const struct backup *backup)
{
	return kai_cli_fail(backup->cli, KAI_EXIT_REFUSED, "%s: %s", backup->writer->file->path,
			    strerror(errno));
}

static int put_name(struct backup *backup, const struct entry *entry)
{
	uint8_t at[4 + KAI_ARCHIVE_NAME] = {0, 0, (uint8_t)(entry->mode >> 8),
					    (uint8_t)entry->mode};
	size_t len = strlen(entry->name);

	memcpy(at + 4, entry->name, len);
	backup->written++;
	return kai_archive_put(backup->writer, entry->dir ? KAI_RECORD_DIR : KAI_RECORD_FILE,
			       kai_span(at, 4 + len))
		       ? 0
		       : cannot_write(backup);
}

/* From a descriptor to its end. */
static int put_bytes(struct backup *backup, int fd, const char *name)
{
	struct kai_cli *cli = backup->cli;
	uint8_t *at = kai_cli_take(cli, KAI_ARCHIVE_BYTES);

	for (;;) {
		size_t len = 0;
		ssize_t got = 1;

		while (len < KAI_ARCHIVE_BYTES && got > 0) {
			got = read(fd, at + len, KAI_ARCHIVE_BYTES - len);
			if (got > 0)
				len += (size_t)got;
			else if (got < 0 && errno == EINTR)
				got = 1;
		}
		if (got < 0)
			return kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s/%s: %s", cli->dir, name,
					    strerror(errno));
		if (len > 0 &&
		    !kai_archive_put(backup->writer, KAI_RECORD_BYTES, kai_span(at, len)))
			return cannot_write(backup);
		if (got == 0)
			return 0;
	}
}

static int put_file(struct backup *backup, const struct entry *entry)
{
	struct kai_cli *cli = backup->cli;
	char *path = kai_cli_text(cli, "%s/%s", cli->dir, entry->name);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return 0; /* a draft that was sent meanwhile */
	if (fd < 0)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: %s (run this as the user of the node)"), path,
				    strerror(errno));
	int exit = put_name(backup, entry);
	size_t used = cli->arena.used;

	if (exit == 0)
		exit = put_bytes(backup, fd, entry->name);
	cli->arena.used = used;
	(void)close(fd);
	return exit;
}

/* The store's moment comes through a pipe, so that it never lies on a disk in the clear. */
struct snapshot {
	struct kai_store *store;
	int fd;
	enum kai_err err;
	struct kai_why why;
};

static void *copy_store(void *context)
{
	struct snapshot *snapshot = context;

	snapshot->err = kai_store_copy_lmdb(snapshot->store, snapshot->fd, &snapshot->why);
	(void)close(snapshot->fd);
	return NULL;
}

static int copy_through(struct backup *backup, struct kai_store *store, const char *name)
{
	struct snapshot snapshot = {.store = store};
	pthread_t thread;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return kai_cli_fail(backup->cli, KAI_EXIT_REFUSED, "%s: %s", name, strerror(errno));
	snapshot.fd = fds[1];
	int rc = pthread_create(&thread, NULL, copy_store, &snapshot);

	if (rc != 0) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return kai_cli_fail(backup->cli, KAI_EXIT_REFUSED, "%s: %s", name, strerror(rc));
	}
	int exit = put_bytes(backup, fds[0], name);

	(void)close(fds[0]);
	(void)pthread_join(thread, NULL);
	return exit == 0 && snapshot.err != KAI_ERR_OK
		       ? kai_cli_err(backup->cli, snapshot.err, &snapshot.why)
		       : exit;
}

static int put_store(struct backup *backup, const struct entry *entry)
{
	struct kai_cli *cli = backup->cli;
	struct kai_store_options options = {.read_only = true};
	struct kai_store *store = NULL;
	struct kai_why why = {""};
	char *path = kai_cli_text(cli, "%s/%s", cli->dir, entry->name);
	enum kai_err err = kai_store_open_lmdb(kai_dir_of(cli, path), &options, &store, &why);

	if (err != KAI_ERR_OK)
		return kai_cli_err(cli, err, &why);
	int exit = put_name(backup, entry);

	if (exit == 0)
		exit = copy_through(backup, store, path);
	kai_store_close(store);
	return exit;
}

static int put_all(struct backup *backup)
{
	struct kai_cli *cli = backup->cli;
	uint8_t keys[KAI_ID_LEN];
	uint8_t count[8];
	int exit = 0;

	for (size_t i = 0; exit == 0 && i < backup->count; i++) {
		const struct entry *entry = &backup->entries[i];

		exit = entry->dir     ? put_name(backup, entry)
		       : entry->store ? put_store(backup, entry)
				      : put_file(backup, entry);
	}
	if (exit != 0)
		return exit;
	look_at_keys(backup, keys);
	if (memcmp(keys, backup->keys, sizeof(keys)) != 0)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("keys: changed while the backup was made (make it again)"));
	kai_put_be64(count, backup->written);
	return kai_archive_put(backup->writer, KAI_RECORD_END, kai_span(count, sizeof(count))) &&
			       kai_archive_end(backup->writer)
		       ? 0
		       : cannot_write(backup);
}

/* ---- the verb ---- */

/* An older backup may be replaced, anything else may not; nor may one lie in what it backs up. */
static int check_target(struct kai_cli *cli, const char *path)
{
	char magic[sizeof(KAI_ARCHIVE_MAGIC)] = "";
	char dir[KAI_PATH_SIZE];
	char own[KAI_PATH_SIZE];
	FILE *there = fopen(path, "re");

	if (there != NULL) {
		size_t got = fread(magic, 1, sizeof(magic) - 1, there);

		(void)fclose(there);
		if (got > 0 && strcmp(magic, KAI_ARCHIVE_MAGIC) != 0)
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("%s: there is another file already (name a new one)"),
					    path);
	}
	if (realpath(kai_dir_of(cli, path), dir) == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(errno));
	if (realpath(cli->dir, own) == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", cli->dir, strerror(errno));
	size_t len = strlen(own);

	if (strncmp(dir, own, len) == 0 && (dir[len] == '\0' || dir[len] == '/'))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: lies in the data directory (a backup there is lost with "
				      "it: name another place)"),
				    path);
	return 0;
}

static int check_options(struct kai_cli *cli, struct kai_span *ret_passphrase)
{
	bool plain = kai_opt_is(cli, "plain");

	if (plain == kai_opt_is(cli, "passphrase-file"))
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			plain ? T("--plain and --passphrase-file: choose one")
			      : T("backup: all secrets of the node go into it (protect it: "
				  "--passphrase-file FILE; or, where the place itself is as well "
				  "guarded as the node: --plain)"));
	return kai_passphrase_read(cli, ret_passphrase);
}

static int own_head(struct kai_cli *cli, struct kai_archive_head *ret, uint64_t *ret_items)
{
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	*ret = (struct kai_archive_head){.made_at = kai_cli_now(), .by = "kairan " KAIRAN_VERSION};
	memcpy(ret->org, cli->org, KAI_ID_LEN);
	kai_escape(kai_span_str(kai_org_name(cli, txn, cli->org)), false, ret->name,
		   sizeof(ret->name));
	*ret_items = kai_txn_count(txn, KAI_TABLE_ITEMS);
	kai_txn_abort(txn);
	return 0;
}

static int write_file(struct backup *backup, const char *path, struct kai_archive_head *head,
		      struct kai_span passphrase)
{
	struct kai_cli *cli = backup->cli;
	struct kai_outfile file = {.fd = -1};
	int exit = list_all(backup);

	if (exit != 0)
		return exit;
	look_at_keys(backup, backup->keys);
	exit = kai_outfile_begin(cli, path, 0600, &file);
	if (exit == 0)
		exit = kai_archive_begin(cli, &file, head, passphrase, backup->writer);
	if (exit == 0)
		exit = put_all(backup);
	if (exit == 0)
		return kai_outfile_end(cli, &file);
	kai_outfile_drop(&file);
	return exit;
}

static const struct kai_col backup_cols[] = {
	{"file", N_("backup"), KAI_COL_TEXT},
	{"name", N_("organisation"), KAI_COL_TEXT},
	{"org", N_("org"), KAI_COL_ID},
	{"made_at", N_("made"), KAI_COL_TIME},
	{"protection", N_("protection"), KAI_COL_WORD},
	{"items", N_("advisories"), KAI_COL_NUMBER},
	{"files", N_("files"), KAI_COL_NUMBER},
	{"bytes", N_("bytes"), KAI_COL_NUMBER},
	{"left_out", N_("left out"), KAI_COL_LIST},
};
static const struct kai_view backup_view = {
	.cols = backup_cols, .col_count = sizeof(backup_cols) / sizeof(*backup_cols)};

static int show_made(struct backup *backup, const struct kai_archive_head *head, uint64_t items)
{
	struct kai_cli *cli = backup->cli;
	const char *path = backup->writer->file->path;
	struct stat st = {0};

	(void)stat(path, &st);
	kai_view_show(cli, &backup_view,
		      json_pack("{s:s, s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:O}", "file", path,
				"name", head->name, "org", kai_json_id(head->org), "made_at",
				kai_json_time((uint64_t)head->made_at.ms), "protection",
				head->sealed ? "passphrase" : "none", "items", (json_int_t)items,
				"files", (json_int_t)backup->written, "bytes",
				(json_int_t)st.st_size, "left_out", backup->left_out));
	return KAI_EXIT_DONE;
}

int kai_verb_backup(struct kai_cli *cli)
{
	const char *path = cli->args[0];
	struct kai_archive_writer writer;
	struct backup backup = {.cli = cli, .writer = &writer};
	struct kai_archive_head *head = kai_cli_take(cli, sizeof(*head));
	struct kai_span passphrase = {0};
	uint64_t items = 0;
	int exit = check_options(cli, &passphrase);

	if (exit == 0)
		exit = kai_cli_open(cli);
	if (exit == 0)
		exit = check_target(cli, path);
	if (exit == 0)
		exit = own_head(cli, head, &items);
	if (exit != 0)
		return exit;
	kai_store_close(cli->store); /* one environment is opened once */
	cli->store = NULL;
	(void)signal(SIGPIPE, SIG_IGN);
	backup.entries = kai_cli_take(cli, MAX_ENTRIES * sizeof(*backup.entries));
	backup.left_out = json_array();
	exit = write_file(&backup, path, head, passphrase);
	if (exit == 0) {
		const struct kai_outfile named = {.path = path, .fd = -1};

		backup.writer->file = &named;
		exit = show_made(&backup, head, items);
	}
	json_decref(backup.left_out);
	kai_archive_done(backup.writer);
	return exit;
}
