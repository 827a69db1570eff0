/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore: a backup into an empty directory. The file is checked whole first. From the first byte
 * that is written until everything is durable a mark lies in the directory, which node and reader
 * refuse. The store begins a new epoch, so that partners send again what this end has lost, and it
 * believes this machine's clock, so that what has ended since goes at the first sweep.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "verbs.h"
#include "view.h"

#define MAX_DIRS 1024

const struct kai_opt kai_restore_opts[] = {
	{"passphrase-file", "FILE", false, N_("the passphrase that it was made with")},
	{NULL, NULL, false, NULL},
};

struct restore {
	struct kai_cli *cli;
	struct kai_archive_reader *reader;
	bool taken; /* the mark lies there */
	int lock_fd;
	int fd; /* of the file that is being written, -1: none */
	char *path;
	uint64_t count;
	uint64_t drafts;
	char **dirs; /* made here, to be synced; then given the modes they had */
	unsigned *modes;
	size_t dir_count;
	char **stores; /* directories of stores */
	size_t store_count;
	uint64_t items;
	uint64_t entries;
};

static int failed(const struct restore *restore, const char *path)
{
	return kai_cli_fail(restore->cli, KAI_EXIT_REFUSED, "%s: %s", path, strerror(errno));
}

/* Whole, and yet nothing that `kairan backup` writes. */
static int made_by_hand(const struct restore *restore)
{
	struct kai_cli *cli = restore->cli;

	return kai_cli_fail(
		cli, KAI_EXIT_REFUSED,
		T("%s: is not as `kairan backup` makes it: somebody made it by hand (do "
		  "not use it)"),
		restore->reader->path);
}

/* ---- the directory ---- */

static bool is_empty(const char *path)
{
	DIR *list = opendir(path);
	bool empty = list != NULL;

	for (const struct dirent *one; empty && (one = readdir(list)) != NULL;)
		empty = strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0;
	if (list != NULL)
		(void)closedir(list);
	return empty;
}

static char *mark_path(const struct restore *restore)
{
	return kai_cli_text(restore->cli, "%s/" KAI_RESTORE_MARK, restore->cli->dir);
}

/* Makes the directory or takes the empty one, alone, and leaves the mark. */
static int take_dir(struct restore *restore)
{
	static const char text[] =
		"A restore began here and did not end.\n"
		"Nothing here may be used: empty this directory, and restore again.\n"
		"復元が途中で終わっています。このディレクトリを空にして、もう一度復元してください。"
		"\n";
	struct kai_cli *cli = restore->cli;
	struct stat st;

	if (mkdir(cli->dir, 0750) != 0 && errno != EEXIST)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", cli->dir, strerror(errno));
	restore->lock_fd = open(cli->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (restore->lock_fd < 0 || fstat(restore->lock_fd, &st) != 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", cli->dir, strerror(errno));
	if (st.st_uid != geteuid())
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: belongs to another user (run this as its owner, who "
				      "runs the node)"),
				    cli->dir);
	if (flock(restore->lock_fd, LOCK_EX | LOCK_NB) != 0 || !is_empty(cli->dir))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: is not empty (a backup goes into an empty directory, or "
				      "one that is not there yet)"),
				    cli->dir);
	int fd = open(mark_path(restore), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	const struct kai_outfile mark = {.fd = fd};
	bool fine = fd >= 0 && kai_outfile_put(&mark, kai_span_str(text)) && fsync(fd) == 0 &&
		    fsync(restore->lock_fd) == 0 && kai_sync_dir(kai_dir_of(cli, cli->dir));
	int error = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = error;
	restore->taken = fd >= 0;
	return fine ? 0 : failed(restore, cli->dir);
}

/* ---- files ---- */

static int end_file(struct restore *restore)
{
	bool fine = restore->fd < 0 || fsync(restore->fd) == 0;
	int error = errno;

	if (restore->fd >= 0)
		(void)close(restore->fd);
	restore->fd = -1;
	errno = error;
	return fine ? 0 : failed(restore, restore->path);
}

static int make_dir(struct restore *restore, unsigned mode)
{
	if (restore->dir_count == MAX_DIRS) {
		errno = EMFILE;
		return failed(restore, restore->path);
	}
	restore->dirs[restore->dir_count] = restore->path;
	restore->modes[restore->dir_count++] = mode;
	return mkdir(restore->path, 0700) == 0 ? 0 : failed(restore, restore->path);
}

static int make_file(struct restore *restore, const char *name, unsigned mode)
{
	struct kai_cli *cli = restore->cli;
	const char *slash = strrchr(name, '/');
	const char *base = slash != NULL ? slash + 1 : name;

	restore->fd =
		open(restore->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (restore->fd < 0 || fchmod(restore->fd, (mode_t)mode) != 0)
		return failed(restore, restore->path);
	restore->drafts += strncmp(name, "drafts/", 7) == 0;
	if (strcmp(base, "data.mdb") == 0 && restore->store_count < MAX_DIRS)
		restore->stores[restore->store_count++] = kai_dir_of(cli, restore->path);
	return 0;
}

static int begin_entry(struct restore *restore, bool dir, struct kai_span record)
{
	struct kai_cli *cli = restore->cli;
	struct kai_span name = kai_span(record.at + 4, record.len < 4 ? 0 : record.len - 4);
	int exit = end_file(restore);

	if (exit != 0)
		return exit;
	if (!kai_archive_name_ok(name))
		return made_by_hand(restore);
	unsigned mode = ((unsigned)record.at[2] << 8 | record.at[3]) & 0777;
	char *text = kai_cli_str(cli, name);

	restore->path = kai_cli_text(cli, "%s/%s", cli->dir, text);
	restore->count++;
	return dir ? make_dir(restore, mode) : make_file(restore, text, mode);
}

static int put_bytes(const struct restore *restore, struct kai_span bytes)
{
	const struct kai_outfile file = {.fd = restore->fd};

	if (restore->fd < 0)
		errno = EBADF;
	return restore->fd >= 0 && kai_outfile_put(&file, bytes) ? 0
								 : failed(restore, restore->path);
}

static int write_all(struct restore *restore)
{
	enum kai_record_type type = KAI_RECORD_DIR;
	struct kai_span record;
	int exit = 0;

	while (exit == 0 && type != KAI_RECORD_END) {
		exit = kai_archive_next(restore->reader, &type, &record);
		if (exit != 0)
			return exit;
		switch (type) {
		case KAI_RECORD_DIR:
		case KAI_RECORD_FILE:
			exit = begin_entry(restore, type == KAI_RECORD_DIR, record);
			break;
		case KAI_RECORD_BYTES:
			exit = put_bytes(restore, record);
			break;
		case KAI_RECORD_END:
			exit = end_file(restore);
			if (exit == 0 && kai_get_be64(record.at) != restore->count)
				exit = made_by_hand(restore);
			break;
		}
	}
	for (size_t i = restore->dir_count; exit == 0 && i > 0; i--)
		if (!kai_sync_dir(restore->dirs[i - 1]) ||
		    chmod(restore->dirs[i - 1], (mode_t)restore->modes[i - 1]) != 0)
			exit = failed(restore, restore->dirs[i - 1]);
	return exit;
}

/* ---- the store begins anew ---- */

/* The clock that the sweep believed is the old machine's: without one it believes this machine's. */
static void write_marks(struct kai_txn *txn, const struct kai_archive_head *head)
{
	char text[96];
	char made[KAI_TIME_TEXT];
	struct kai_journal entry = {.at = (uint64_t)kai_cli_now().ms,
				    .event = kai_span_str("store-restored"),
				    .count = 1};

	kai_time_text(head->made_at, made);
	(void)snprintf(text, sizeof(text), "backup of %s", made);
	entry.text = kai_span_str(text);
	if (kai_cli_now().ms >= head->made_at.ms)
		(void)kai_txn_del(txn, KAI_TABLE_META, kai_span_str(KAI_META_CLOCK));
	kai_journal_append(txn, &entry);
}

static enum kai_err renew(struct kai_store *store, const struct kai_archive_head *head,
			  struct kai_why *why)
{
	struct kai_txn *txn = NULL;
	struct kai_span org;
	enum kai_err err = kai_store_renew_epoch(store, why);

	if (err == KAI_ERR_OK)
		err = kai_txn_begin(store, true, &txn, why);
	if (err != KAI_ERR_OK)
		return err;
	if (!kai_txn_get(txn, KAI_TABLE_META, kai_span_str(KAI_META_ORG), &org) ||
	    !kai_span_equal(org, kai_span(head->org, KAI_ID_LEN))) {
		kai_txn_abort(txn);
		return kai_fail(why, KAI_ERR_CORRUPT,
				"store: belongs to another organisation than "
				"the backup says (do not use it)");
	}
	write_marks(txn, head);
	return kai_txn_commit(txn, why);
}

static int begin_anew(struct restore *restore, const char *dir)
{
	struct kai_store_options options = {.read_only = false};
	struct kai_store *store = NULL;
	struct kai_txn *txn = NULL;
	struct kai_why why = {""};
	enum kai_err err = kai_store_open_lmdb(dir, &options, &store, &why);

	if (err == KAI_ERR_OK)
		err = renew(store, &restore->reader->head, &why);
	if (err == KAI_ERR_OK)
		err = kai_txn_begin(store, false, &txn, &why);
	if (err == KAI_ERR_OK) {
		restore->items += kai_txn_count(txn, KAI_TABLE_ITEMS);
		restore->entries += kai_txn_count(txn, KAI_TABLE_JOURNAL);
	}
	kai_txn_abort(txn);
	kai_store_close(store);
	if (err == KAI_ERR_OK && !kai_sync_dir(dir))
		return failed(restore, dir);
	return err == KAI_ERR_OK ? 0 : kai_cli_err(restore->cli, err, &why);
}

/* Everything is durable before the mark goes. */
static int finish(struct restore *restore)
{
	struct kai_cli *cli = restore->cli;
	int exit = 0;

	if (restore->store_count == 0)
		return made_by_hand(restore);
	for (size_t i = 0; exit == 0 && i < restore->store_count; i++)
		exit = begin_anew(restore, restore->stores[i]);
	if (exit == 0 && (fsync(restore->lock_fd) != 0 || unlink(mark_path(restore)) != 0 ||
			  fsync(restore->lock_fd) != 0))
		exit = failed(restore, cli->dir);
	return exit;
}

/* ---- the verb ---- */

static const struct kai_col restore_cols[] = {
	{"dir", N_("directory"), KAI_COL_TEXT},
	{"name", N_("organisation"), KAI_COL_TEXT},
	{"org", N_("org"), KAI_COL_ID},
	{"made_at", N_("made"), KAI_COL_TIME},
	{"items", N_("advisories"), KAI_COL_NUMBER},
	{"entries", N_("journal"), KAI_COL_NUMBER},
	{"drafts", N_("drafts in it"), KAI_COL_NUMBER},
	{"files", N_("files"), KAI_COL_NUMBER},
};
static const struct kai_view restore_view = {
	.cols = restore_cols, .col_count = sizeof(restore_cols) / sizeof(*restore_cols)};

static void show_restored(struct restore *restore)
{
	struct kai_cli *cli = restore->cli;
	const struct kai_archive_head *head = &restore->reader->head;

	kai_view_show(cli, &restore_view,
		      json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I}", "dir", cli->dir, "name",
				head->name, "org", kai_json_id(head->org), "made_at",
				kai_json_time((uint64_t)head->made_at.ms), "items",
				(json_int_t)restore->items, "entries", (json_int_t)restore->entries,
				"drafts", (json_int_t)restore->drafts, "files",
				(json_int_t)restore->count));
	if (cli->renderer != &kai_render_table)
		return;
	(void)fprintf(
		cli->err, "%s\n%s\n%s\n",
		T("Stop the old node for good before this one starts: two running nodes of one "
		  "organisation contradict each other."),
		T("Start it with every link up, and wait until `kairan peers` is quiet before you "
		  "write: what was filed after the backup comes back from partners first."),
		restore->drafts > 0
			? T("The drafts are as they were then: look whether they were sent since "
			    "(kairan draft list).")
			: T("Nothing that only the lost machine held comes back: what was "
			    "filed and reached nobody is to be filed again."));
	if (kai_cli_now().ms < head->made_at.ms)
		(void)fprintf(cli->err, "%s\n",
			      T("This machine's clock is behind the backup: set it before the node "
				"starts."));
}

int kai_verb_restore(struct kai_cli *cli)
{
	struct restore restore = {.cli = cli, .lock_fd = -1, .fd = -1};
	struct kai_archive_reader reader;
	struct kai_span passphrase = {0};
	int exit = kai_passphrase_read(cli, &passphrase);

	if (exit != 0)
		return exit;
	restore.reader = &reader;
	restore.path = cli->dir;
	restore.dirs = kai_cli_take(cli, MAX_DIRS * sizeof(*restore.dirs));
	restore.modes = kai_cli_take(cli, MAX_DIRS * sizeof(*restore.modes));
	restore.stores = kai_cli_take(cli, MAX_DIRS * sizeof(*restore.stores));
	exit = kai_archive_open(cli, cli->args[0], &reader);
	if (exit == 0)
		exit = kai_archive_check(&reader);
	if (exit == 0)
		exit = kai_archive_unlock(&reader, passphrase);
	if (exit == 0)
		exit = take_dir(&restore);
	if (exit == 0)
		exit = write_all(&restore);
	if (exit == 0)
		exit = finish(&restore);
	if (exit == 0)
		show_restored(&restore);
	else if (restore.taken)
		(void)kai_cli_fail(cli, exit,
				   T("%s: not restored (empty the directory before you try again)"),
				   cli->dir);
	if (restore.fd >= 0)
		(void)close(restore.fd);
	if (restore.lock_fd >= 0)
		(void)close(restore.lock_fd);
	kai_archive_close(&reader);
	return exit;
}
