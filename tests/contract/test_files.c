/* SPDX-License-Identifier: Apache-2.0 */
/* What a store on disk owes beyond store.h's bytes: reopening, refusals, processes that die, space.
 */
#include "contract.h"

#include "../unit/fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TABLE KAI_TABLE_SOURCES
#define SKIPPED 77

/* ---- opening --------------------------------------------------------------------------------- */

static void test_persists(void **state)
{
	struct fixture *fix = *state;

	put_one(fix, "a", "kept");
	fixture_reopen(fix);
	assert_string_equal(get_one(fix, "a"), "kept");
	fix->options.read_only = true;
	fixture_reopen(fix);
	assert_string_equal(get_one(fix, "a"), "kept");
}

static void test_read_only(void **state)
{
	struct fixture *fix = *state;
	struct kai_store_options options = {.read_only = true};
	struct kai_store *reader = NULL;
	struct kai_txn *txn = NULL;
	struct kai_why why = {""};

	put_one(fix, "a", "one");
	/* beside the writer, and it sees what comes later */
	assert_int_equal(kai_store_open_lmdb(fix->dir, &options, &reader, &why), KAI_ERR_OK);
	assert_int_equal(kai_txn_begin(reader, true, &txn, &why), KAI_ERR_DENIED);
	assert_null(txn);
	put_one(fix, "a", "two");
	assert_int_equal(kai_txn_begin(reader, false, &txn, &why), KAI_ERR_OK);
	assert_string_equal(get(txn, TABLE, "a"), "two");
	kai_txn_abort(txn);
	kai_store_close(reader);
}

static void test_second_writer_is_refused(void **state)
{
	struct fixture *fix = *state;
	struct kai_store_options options = {.read_only = false};
	struct kai_store *second = NULL;
	struct kai_why why = {""};

	assert_int_equal(kai_store_open_lmdb(fix->dir, &options, &second, &why), KAI_ERR_BUSY);
	assert_null(second);
	assert_non_null(strstr(why.text, fix->dir));
	fixture_reopen(fix); /* and free again once it is closed */
}

/* Opens dir and expects an error and a sentence. */
static void refused(const char *dir, bool read_only, enum kai_err expected)
{
	struct kai_store_options options = {.read_only = read_only};
	struct kai_store *store = NULL;
	struct kai_why why = {""};

	assert_int_equal(kai_store_open_lmdb(dir, &options, &store, &why), expected);
	assert_null(store);
	assert_true(why.text[0] != '\0');
}

static void close_store(struct fixture *fix)
{
	kai_store_close(fix->store);
	fix->store = NULL;
}

static void reopen_store(struct fixture *fix)
{
	struct kai_why why = {""};

	assert_int_equal(kai_store_open_lmdb(fix->dir, &fix->options, &fix->store, &why),
			 KAI_ERR_OK);
}

static void test_newer_schema_is_refused(void **state)
{
	struct fixture *fix = *state;
	uint8_t number[8];

	struct kai_txn *txn = begin(fix, true);

	kai_put_be64(number, KAI_STORE_SCHEMA + 1);
	kai_txn_put(txn, KAI_TABLE_META, kai_span_str(KAI_META_SCHEMA),
		    kai_span(number, sizeof(number)));
	commit(txn);
	close_store(fix);
	refused(fix->dir, false, KAI_ERR_NEWER);
	refused(fix->dir, true, KAI_ERR_NEWER);
}

static void test_damaged_schema_is_refused(void **state)
{
	struct fixture *fix = *state;

	struct kai_txn *txn = begin(fix, true);

	put(txn, KAI_TABLE_META, KAI_META_SCHEMA, "x");
	commit(txn);
	close_store(fix);
	refused(fix->dir, false, KAI_ERR_CORRUPT);
}

static void test_not_a_store(void **state)
{
	struct fixture *fix = *state;
	char path[128];

	close_store(fix);
	refused("/nonexistent/kairan", false, KAI_ERR_NOTFOUND);
	refused("/nonexistent/kairan", true, KAI_ERR_NOTFOUND);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", fix->dir);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (unsigned i = 0; i < 4096; i++)
		assert_true(fputs("rubbish ", file) >= 0);
	assert_int_equal(fclose(file), 0);
	refused(fix->dir, false, KAI_ERR_CORRUPT);
	refused(fix->dir, true, KAI_ERR_CORRUPT);
	assert_int_equal(unlink(path), 0);
	refused(fix->dir, true, KAI_ERR_NOTFOUND); /* reading never makes one */
}

static unsigned mode_of(const struct fixture *fix, const char *name)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", fix->dir, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777u;
}

static void test_modes(void **state)
{
	struct fixture *fix = *state;
	char path[128];

	assert_int_equal(mode_of(fix, "data.mdb"), 0640);
	assert_int_equal(mode_of(fix, "lock.mdb"), 0660);
	close_store(fix);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", fix->dir);
	assert_int_equal(chmod(path, 0666), 0);
	mode_t old = umask(0077);

	reopen_store(fix); /* set right again, whatever the mask */
	(void)umask(old);
	assert_int_equal(mode_of(fix, "data.mdb"), 0640);
	assert_int_equal(mode_of(fix, "lock.mdb"), 0660);
}

/* ---- processes that die ---------------------------------------------------------------------- */

static void test_dead_reader_is_reaped(void **state)
{
	struct fixture *fix = *state;
	int pipes[2];
	char byte = 0;

	put_one(fix, "a", "one");
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();

	if (child == 0) {
		struct kai_store_options options = {.read_only = true};
		struct kai_store *reader;
		struct kai_txn *txn;

		if (kai_store_open_lmdb(fix->dir, &options, &reader, NULL) != KAI_ERR_OK ||
		    kai_txn_begin(reader, false, &txn, NULL) != KAI_ERR_OK ||
		    write(pipes[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_true(child > 0);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(kai_store_reap(fix->store), 0); /* it lives */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(kai_store_reap(fix->store), 1);
	assert_int_equal(kai_store_reap(fix->store), 0);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}

/* Commits runs of records for ever and tells the number of each that was acknowledged. */
static void commit_for_ever(const char *dir, int out)
{
	struct kai_store_options options = {.read_only = false};
	struct kai_store *store;
	uint8_t value[700] = {7};

	if (kai_store_open_lmdb(dir, &options, &store, NULL) != KAI_ERR_OK)
		_exit(1);
	for (;;) {
		struct kai_txn *txn;

		if (kai_txn_begin(store, true, &txn, NULL) != KAI_ERR_OK)
			_exit(2);
		uint64_t number = kai_txn_count(txn, TABLE) / 8 + 1;

		for (uint64_t i = 0; i < 8; i++) {
			struct kai_key key = kai_key_pair(number, (uint16_t)i);

			kai_txn_put(txn, TABLE, kai_key_span(&key), kai_span(value, sizeof(value)));
		}
		if (kai_txn_commit(txn, NULL) != KAI_ERR_OK ||
		    write(out, &number, sizeof(number)) != sizeof(number))
			_exit(3);
	}
}

static void test_kill_during_commits(void **state)
{
	struct fixture *fix = *state;
	uint64_t acknowledged = 0;

	close_store(fix);
	for (unsigned round = 0; round < 6; round++) {
		int pipes[2];
		uint64_t number;

		assert_int_equal(pipe(pipes), 0);
		pid_t child = fork();

		if (child == 0)
			commit_for_ever(fix->dir, pipes[1]);
		assert_true(child > 0);
		(void)close(pipes[1]);
		/* some commits, then at any moment of a later one */
		for (uint64_t i = draw(fix, 20) + 1; i > 0; i--)
			assert_int_equal(read(pipes[0], &number, sizeof(number)), sizeof(number));
		(void)usleep((useconds_t)draw(fix, 3000));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		while (read(pipes[0], &number, sizeof(number)) == sizeof(number))
			;
		assert_true(number > acknowledged);
		acknowledged = number;
		(void)close(pipes[0]);
		reopen_store(fix);
		struct kai_txn *txn = begin(fix, false);

		/* all that was acknowledged, and nothing by halves */
		assert_in_range(kai_txn_count(txn, TABLE), acknowledged * 8, acknowledged * 8 + 8);
		assert_int_equal(kai_txn_count(txn, TABLE) % 8, 0);
		kai_txn_abort(txn);
		close_store(fix);
	}
	reopen_store(fix);
}

/* ---- space ----------------------------------------------------------------------------------- */

static enum kai_err put_run(struct kai_store *store, uint64_t from, uint64_t count)
{
	struct kai_txn *txn;
	uint8_t value[1000] = {3};

	if (kai_txn_begin(store, true, &txn, NULL) != KAI_ERR_OK)
		return KAI_ERR_INVALID;
	for (uint64_t i = from; i < from + count; i++) {
		struct kai_key key = kai_key_u64(i);

		kai_txn_append(txn, TABLE, kai_key_span(&key), kai_span(value, sizeof(value)));
	}
	return kai_txn_commit(txn, NULL);
}

static uint64_t count_all(struct kai_store *store)
{
	struct kai_txn *txn;
	struct kai_scan scan;
	struct kai_span value;
	uint64_t count = 0;

	if (kai_txn_begin(store, false, &txn, NULL) != KAI_ERR_OK)
		return 0;
	kai_scan_init(&scan, txn, TABLE, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, NULL, &value) && value.len == 1000 && value.at[0] == 3)
		count++;
	kai_txn_abort(txn);
	return count;
}

static void test_map_grows(void **state)
{
	struct fixture *fix = *state;
	uint64_t count = 0;
	enum kai_err err = KAI_ERR_FULL;

	fix->options.map_bytes = UINT64_C(1024) * 1024;
	fixture_reopen(fix);
	for (; count < 6400; count += 64)
		assert_int_equal(put_run(fix->store, count, 64), KAI_ERR_OK);
	/* one that is larger than the map fails whole, and goes in once the map has grown */
	assert_int_equal(put_run(fix->store, count, 40000), KAI_ERR_FULL);
	assert_int_equal(count_all(fix->store), count);
	for (unsigned i = 0; i < 8 && err == KAI_ERR_FULL; i++)
		err = put_run(fix->store, count, 40000);
	assert_int_equal(err, KAI_ERR_OK);
	assert_int_equal(count_all(fix->store), count + 40000);
}

static void test_full_map_beside_a_reader(void **state)
{
	struct fixture *fix = *state;

	fix->options.map_bytes = UINT64_C(1024) * 1024;
	fixture_reopen(fix);
	struct kai_txn *reader = begin(fix, false); /* keeps the map as it is */
	uint64_t count = 0;

	while (count < 4000 && put_run(fix->store, count, 8) == KAI_ERR_OK)
		count += 8;
	assert_in_range(count, 300, 1000);
	assert_int_equal(put_run(fix->store, count, 8), KAI_ERR_FULL);
	assert_int_equal(count_all(fix->store), count);
	kai_txn_abort(reader);
	assert_int_equal(put_run(fix->store, count, 8), KAI_ERR_OK);
}

/* Fills the store until it refuses, in a process of its own; 0 when all held. */
static int fill_until_refused(struct kai_store *store, bool only_full)
{
	uint64_t count = 0;
	enum kai_err err = KAI_ERR_OK;

	while (count < 100000 && err == KAI_ERR_OK) {
		err = put_run(store, count, 16);
		if (err == KAI_ERR_OK)
			count += 16;
	}
	if (err != KAI_ERR_FULL && (only_full || err != KAI_ERR_IO))
		return 10;
	if (count_all(store) != count)
		return 11;
	return count == 0 ? 12 : 0;
}

static int child_on_small_disk(const char *dir)
{
	struct kai_store_options options = {.read_only = false};
	struct kai_store *store;
	int flags = CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);

	if (unshare(flags) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=3m") != 0)
		return SKIPPED;
	if (kai_store_open_lmdb(dir, &options, &store, NULL) != KAI_ERR_OK)
		return 1;
	int rc = fill_until_refused(store, true);

	kai_store_close(store);
	return rc;
}

/* The unprivileged twin: files may not grow past a limit. LMDB tells a short write as EIO. */
static int child_under_limit(const char *dir)
{
	struct kai_store_options options = {.read_only = false};
	struct rlimit limit = {2 * 1024 * 1024 + 512, 2 * 1024 * 1024 + 512};
	struct kai_store *store;

	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	if (kai_store_open_lmdb(dir, &options, &store, NULL) != KAI_ERR_OK)
		return 2;
	int rc = fill_until_refused(store, false);

	kai_store_close(store);
	return rc;
}

static int run_child(struct fixture *fix, int (*body)(const char *dir))
{
	int status = 0;

	close_store(fix);
	pid_t child = fork();

	if (child == 0)
		_exit(body(fix->dir));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	reopen_store(fix);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_full_disk(void **state)
{
	struct fixture *fix = *state;

	int rc = run_child(fix, child_on_small_disk);

	if (rc == SKIPPED) {
		print_message("# needs the right to mount; test_file_limit is its twin\n");
		skip();
	}
	assert_int_equal(rc, 0);
}

static void test_file_limit(void **state)
{
	struct fixture *fix = *state;

	assert_int_equal(run_child(fix, child_under_limit), 0);
	assert_true(count_all(fix->store) > 0);
	assert_int_equal(put_run(fix->store, 1000000, 16), KAI_ERR_OK); /* once there is room */
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* Opens what was copied into a directory of its own and says what it holds of "a" and of "b". */
static void expect_copy(const char *dir, const char *a, bool b)
{
	struct kai_store_options options = {.read_only = false};
	struct kai_store *copy = NULL;
	struct kai_txn *txn = NULL;
	struct kai_why why = {""};

	assert_int_equal(kai_store_open_lmdb(dir, &options, &copy, &why), KAI_ERR_OK);
	assert_int_equal(kai_txn_begin(copy, false, &txn, &why), KAI_ERR_OK);
	assert_string_equal(get(txn, TABLE, "a"), a);
	assert_true((get(txn, TABLE, "b") != NULL) == b);
	kai_txn_abort(txn);
	kai_store_close(copy);
}

/* What was committed when it began, beside an open write transaction, without the free pages. */
static void test_copy(void **state)
{
	struct fixture *fix = *state;
	char dir[128];
	char path[160];
	struct kai_why why = {""};
	struct kai_store *memory = NULL;
	struct stat st;

	struct kai_txn *txn;

	assert_int_equal(put_run(fix->store, 0, 2000), KAI_ERR_OK);
	txn = begin(fix, true);
	for (uint64_t i = 0; i < 2000; i++) {
		struct kai_key key = kai_key_u64(i);

		assert_true(kai_txn_del(txn, TABLE, kai_key_span(&key)));
	}
	commit(txn);
	put_one(fix, "a", "one");
	(void)snprintf(dir, sizeof(dir), "%s/copy", fix->dir);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", dir);
	assert_int_equal(mkdir(dir, 0750), 0);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0640);

	assert_true(fd >= 0);
	txn = begin(fix, true);
	put(txn, TABLE, "a", "two");
	put(txn, TABLE, "b", "new");
	assert_int_equal(kai_store_copy_lmdb(fix->store, fd, &why), KAI_ERR_OK);
	commit(txn);
	assert_string_equal(get_one(fix, "a"), "two");
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size < 1000000); /* what was deleted took two million */
	assert_int_equal(close(fd), 0);
	expect_copy(dir, "one", false);
	/* to where nothing can be written, and from what lies on no disk */
	fd = open("/dev/full", O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(kai_store_copy_lmdb(fix->store, fd, &why), KAI_ERR_FULL);
	assert_int_equal(kai_store_open_memory(&fix->options, &memory), KAI_ERR_OK);
	assert_int_equal(kai_store_copy_lmdb(memory, fd, &why), KAI_ERR_INVALID);
	assert_int_equal(close(fd), 0);
	kai_store_close(memory);
	assert_true(fix_remove(dir));
}

int main(int argc, char **argv)
{
	struct fixture fix = fixture_of(argc, argv);
	const struct CMUnitTest tests[] = {
		CASE(test_persists, &fix),
		CASE(test_read_only, &fix),
		CASE(test_second_writer_is_refused, &fix),
		CASE(test_newer_schema_is_refused, &fix),
		CASE(test_damaged_schema_is_refused, &fix),
		CASE(test_not_a_store, &fix),
		CASE(test_modes, &fix),
		CASE(test_dead_reader_is_reaped, &fix),
		CASE(test_kill_during_commits, &fix),
		CASE(test_copy, &fix),
		CASE(test_map_grows, &fix),
		CASE(test_full_map_beside_a_reader, &fix),
		CASE(test_full_disk, &fix),
		CASE(test_file_limit, &fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
