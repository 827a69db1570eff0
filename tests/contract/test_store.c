/* SPDX-License-Identifier: Apache-2.0 */
/* store.h, property by property, for both stores: bytes, scans, transactions, errors, quota. */
#include "contract.h"

#include <stdio.h>
#include <string.h>

#define TABLE KAI_TABLE_SOURCES

/* ---- bytes ----------------------------------------------------------------------------------- */

static void test_put_get_del(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);

	assert_null(get(txn, TABLE, "a"));
	assert_false(del(txn, TABLE, "a"));
	put(txn, TABLE, "a", "one");
	put(txn, TABLE, "b", "");
	assert_string_equal(get(txn, TABLE, "a"), "one");
	assert_string_equal(get(txn, TABLE, "b"), "");
	put(txn, TABLE, "a", "a longer value in its place");
	assert_string_equal(get(txn, TABLE, "a"), "a longer value in its place");
	assert_null(get(txn, KAI_TABLE_STUBS, "a")); /* tables are apart */
	assert_int_equal(kai_txn_count(txn, TABLE), 2);
	commit(txn);
	txn = begin(fix, true);
	assert_true(del(txn, TABLE, "a"));
	assert_false(del(txn, TABLE, "a"));
	assert_null(get(txn, TABLE, "a"));
	assert_int_equal(kai_txn_count(txn, TABLE), 1);
	commit(txn);
	assert_null(get_one(fix, "a"));
	assert_string_equal(get_one(fix, "b"), "");
}

static void test_every_table(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);

	for (unsigned i = 0; i < KAI_TABLE_END; i++)
		put(txn, (enum kai_table)i, "k", kai_table_name((enum kai_table)i));
	commit(txn);
	txn = begin(fix, false);
	for (unsigned i = 0; i < KAI_TABLE_END; i++)
		assert_string_equal(get(txn, (enum kai_table)i, "k"),
				    kai_table_name((enum kai_table)i));
	kai_txn_abort(txn);
	assert_string_equal(kai_table_name(KAI_TABLE_END), "?");
}

static void test_key_bounds(void **state)
{
	static const struct {
		size_t len;
		enum kai_err err;
	} cases[] = {{0, KAI_ERR_INVALID},
		     {1, KAI_ERR_OK},
		     {KAI_STORE_MAX_KEY, KAI_ERR_OK},
		     {KAI_STORE_MAX_KEY + 1, KAI_ERR_INVALID}};
	uint8_t bytes[KAI_STORE_MAX_KEY + 1];
	struct kai_span value;

	memset(bytes, 0xff, sizeof(bytes));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kai_txn *txn = begin(*state, true);
		struct kai_span key = kai_span(bytes, cases[i].len);

		kai_txn_put(txn, TABLE, key, kai_span_str("v"));
		assert_int_equal(kai_txn_error(txn), cases[i].err);
		assert_int_equal(kai_txn_get(txn, TABLE, key, &value), cases[i].err == KAI_ERR_OK);
		assert_int_equal(commit_err(txn), cases[i].err);
	}
}

static void test_large_value(void **state)
{
	struct fixture *fix = *state;
	struct kai_span value;
	struct kai_span big = kai_span(fix->arena.at, FIXTURE_ARENA);

	memset(fix->arena.at, 0xa5, FIXTURE_ARENA);
	struct kai_txn *txn = begin(fix, true);

	kai_txn_put(txn, TABLE, kai_span_str("big"), big);
	commit(txn);
	txn = begin(fix, false);
	assert_true(kai_txn_get(txn, TABLE, kai_span_str("big"), &value));
	assert_true(kai_span_equal(value, big));
	kai_txn_abort(txn);
}

static void append(struct kai_txn *txn, uint64_t number)
{
	struct kai_key key = kai_key_u64(number);

	kai_txn_append(txn, TABLE, kai_key_span(&key), kai_span_str("v"));
}

static void test_append(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	struct kai_scan scan;
	struct kai_span key;
	uint64_t last = 0;

	for (uint64_t i = 10; i <= 2000; i += 10)
		append(txn, i);
	append(txn, 5);	   /* not above the last: lands where it belongs */
	append(txn, 1005); /* the same in the middle */
	append(txn, 10);   /* the same key again */
	assert_int_equal(kai_txn_error(txn), KAI_ERR_OK);
	assert_int_equal(kai_txn_count(txn, TABLE), 202);
	kai_scan_init(&scan, txn, TABLE, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, NULL)) {
		assert_true(kai_get_be64(key.at) > last);
		last = kai_get_be64(key.at);
	}
	assert_int_equal(last, 2000);
	commit(txn);
}

/* ---- scans ----------------------------------------------------------------------------------- */

static const char *const words[] = {"a", "ab", "ab1", "ab2", "ab3", "ac", "b", "ba"};

static void put_words(struct fixture *fix)
{
	struct kai_txn *txn = begin(fix, true);

	for (size_t i = sizeof(words) / sizeof(words[0]); i > 0; i--)
		put(txn, TABLE, words[i - 1], words[i - 1]);
	commit(txn);
}

/* The keys that a scan gives, each followed by a blank. */
static void walk(struct kai_scan *scan, char *ret, size_t cap)
{
	struct kai_span key;
	struct kai_span value;
	size_t len = 0;

	while (kai_scan_next(scan, &key, &value)) {
		assert_true(kai_span_equal(key, value));
		assert_true(len + key.len + 2 < cap);
		memcpy(ret + len, key.at, key.len);
		len += key.len;
		ret[len++] = ' ';
	}
	ret[len] = '\0';
	assert_false(kai_scan_next(scan, NULL, NULL)); /* the end stays the end */
}

static void test_scan_table(void **state)
{
	static const struct {
		const char *prefix;
		const char *from;
		bool backward;
		const char *keys;
	} cases[] = {
		{"", "", false, "a ab ab1 ab2 ab3 ac b ba "},
		{"", "", true, "ba b ac ab3 ab2 ab1 ab a "},
		{"ab", "", false, "ab ab1 ab2 ab3 "},
		{"ab", "", true, "ab3 ab2 ab1 ab "},
		{"ab", "ab2", false, "ab2 ab3 "},
		{"ab", "ab2", true, "ab2 ab1 ab "},
		{"ab", "ab2x", false, "ab3 "},
		{"ab", "ab2x", true, "ab2 ab1 ab "},
		{"ab", "a", false, "ab ab1 ab2 ab3 "}, /* from below the prefix */
		{"ab", "a", true, ""},
		{"ab", "b", false, ""}, /* from above it */
		{"ab", "b", true, "ab3 ab2 ab1 ab "},
		{"", "ac", false, "ac b ba "},
		{"", "ac", true, "ac ab3 ab2 ab1 ab a "},
		{"x", "", false, ""},
		{"x", "", true, ""},
		{"\xff", "", true, ""},
		{"\xff\xff", "", false, ""},
		{"ab1", "", true, "ab1 "},
		{"b", "", true, "ba b "},
	};
	struct fixture *fix = *state;
	struct kai_scan scan;
	char text[128];

	put_words(fix);
	struct kai_txn *txn = begin(fix, false);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kai_scan_init(&scan, txn, TABLE, kai_span_str(cases[i].prefix),
			      kai_span_str(cases[i].from), cases[i].backward);
		walk(&scan, text, sizeof(text));
		assert_string_equal(text, cases[i].keys);
	}
	kai_txn_abort(txn);
}

static void test_scan_ff_prefix(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, true);
	struct kai_scan scan;
	char text[64];

	put(txn, TABLE, "a", "a");
	put(txn, TABLE, "\xfe", "\xfe");
	put(txn, TABLE, "\xff", "\xff");
	put(txn, TABLE, "\xff\xff", "\xff\xff");
	kai_scan_init(&scan, txn, TABLE, kai_span_str("\xff"), kai_span(NULL, 0), true);
	walk(&scan, text, sizeof(text));
	assert_string_equal(text, "\xff\xff \xff ");
	commit(txn);
}

static void test_scans_interleave(void **state)
{
	struct fixture *fix = *state;
	struct kai_scan up;
	struct kai_scan down;
	struct kai_span key;
	size_t count = sizeof(words) / sizeof(words[0]);

	put_words(fix);
	struct kai_txn *txn = begin(fix, false);

	kai_scan_init(&up, txn, TABLE, kai_span(NULL, 0), kai_span(NULL, 0), false);
	kai_scan_init(&down, txn, TABLE, kai_span(NULL, 0), kai_span(NULL, 0), true);
	for (size_t i = 0; i < count; i++) {
		assert_true(kai_scan_next(&up, &key, NULL));
		assert_true(kai_span_equal(key, kai_span_str(words[i])));
		assert_true(kai_scan_next(&down, &key, NULL));
		assert_true(kai_span_equal(key, kai_span_str(words[count - 1 - i])));
	}
	assert_false(kai_scan_next(&up, NULL, NULL));
	assert_false(kai_scan_next(&down, NULL, NULL));
	kai_txn_abort(txn);
}

/* Deletes what it stands on, puts before and behind it: each key that was there is met once. */
static void scan_while_writing(struct fixture *fix, bool backward)
{
	struct kai_txn *txn = begin(fix, true);
	struct kai_scan scan;
	struct kai_span key;
	unsigned met = 0;
	char other[16];

	for (unsigned i = 0; i < 500; i++) {
		(void)snprintf(other, sizeof(other), "k%04u", i * 2);
		put(txn, TABLE, other, "v");
	}
	kai_scan_init(&scan, txn, TABLE, kai_span_str("k"), kai_span(NULL, 0), backward);
	while (kai_scan_next(&scan, &key, NULL)) {
		unsigned behind = backward ? 9999 - met : met;
		uint8_t at[5];

		assert_int_equal(key.len, 5);
		memcpy(at, key.at, sizeof(at));
		(void)snprintf(other, sizeof(other), "%c%04u", backward ? 'z' : 'a', behind);
		put(txn, TABLE, other, "behind");
		assert_true(kai_txn_del(txn, TABLE, kai_span(at, sizeof(at))));
		met++;
	}
	assert_int_equal(met, 500);
	assert_int_equal(kai_txn_count(txn, TABLE), 500);
	kai_txn_abort(txn);
}

static void test_scan_survives_writes(void **state)
{
	scan_while_writing(*state, false);
	scan_while_writing(*state, true);
}

static void test_scan_sees_what_comes_ahead(void **state)
{
	struct kai_txn *txn = begin(*state, true);
	struct kai_scan scan;
	struct kai_span key;

	put(txn, TABLE, "a", "");
	put(txn, TABLE, "c", "");
	kai_scan_init(&scan, txn, TABLE, kai_span(NULL, 0), kai_span(NULL, 0), false);
	assert_true(kai_scan_next(&scan, &key, NULL));
	put(txn, TABLE, "b", "");
	assert_true(kai_scan_next(&scan, &key, NULL));
	assert_memory_equal(key.at, "b", 1);
	assert_true(del(txn, TABLE, "c"));
	assert_false(kai_scan_next(&scan, &key, NULL));
	put(txn, TABLE, "d", ""); /* the end is where the keys end now */
	assert_true(kai_scan_next(&scan, &key, NULL));
	assert_memory_equal(key.at, "d", 1);
	commit(txn);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static void test_isolation(void **state)
{
	struct fixture *fix = *state;
	struct kai_scan scan;

	put_one(fix, "a", "old");
	put_one(fix, "gone", "old");
	struct kai_txn *before = begin(fix, false);
	struct kai_txn *write = begin(fix, true);

	put(write, TABLE, "a", "new");
	put(write, TABLE, "b", "new");
	assert_true(del(write, TABLE, "gone"));
	assert_string_equal(get(before, TABLE, "a"), "old");
	struct kai_txn *during = begin(fix, false);

	commit(write);
	struct kai_txn *after = begin(fix, false);

	assert_string_equal(get(before, TABLE, "a"), "old");
	assert_string_equal(get(before, TABLE, "gone"), "old");
	assert_null(get(before, TABLE, "b"));
	assert_string_equal(get(during, TABLE, "a"), "old");
	assert_int_equal(kai_txn_count(during, TABLE), 2);
	kai_scan_init(&scan, during, TABLE, kai_span_str("b"), kai_span(NULL, 0), false);
	assert_false(kai_scan_next(&scan, NULL, NULL));
	assert_string_equal(get(after, TABLE, "a"), "new");
	assert_string_equal(get(after, TABLE, "b"), "new");
	assert_null(get(after, TABLE, "gone"));
	kai_txn_abort(before);
	assert_int_equal(commit_err(during), KAI_ERR_OK);
	kai_txn_abort(after);
	kai_txn_abort(NULL);
}

/* A reader that begins beside a writer, before and after the first change. */
static void test_beside_a_writer(void **state)
{
	struct fixture *fix = *state;

	put_one(fix, "a", "old");
	struct kai_txn *write = begin(fix, true);
	struct kai_txn *early = begin(fix, false);

	put(write, TABLE, "a", "new");
	put(write, TABLE, "b", "new");
	put(write, TABLE, "b", "newer");
	struct kai_txn *late = begin(fix, false);

	assert_true(del(write, TABLE, "a"));
	put(write, TABLE, "c", "new");
	assert_string_equal(get(early, TABLE, "a"), "old");
	assert_string_equal(get(late, TABLE, "a"), "old");
	assert_int_equal(kai_txn_count(early, TABLE), 1);
	assert_int_equal(kai_txn_count(late, TABLE), 1);
	assert_int_equal(kai_txn_count(write, TABLE), 2);
	kai_txn_abort(write);
	assert_string_equal(get(late, TABLE, "a"), "old");
	kai_txn_abort(early);
	kai_txn_abort(late);
	assert_string_equal(get_one(fix, "a"), "old");
	assert_null(get_one(fix, "b"));
	assert_null(get_one(fix, "c"));
}

static void test_rollback(void **state)
{
	struct fixture *fix = *state;

	put_one(fix, "a", "old");
	struct kai_txn *txn = begin(fix, true);

	put(txn, TABLE, "a", "new");
	put(txn, TABLE, "b", "new");
	kai_txn_abort(txn);
	assert_string_equal(get_one(fix, "a"), "old");
	assert_null(get_one(fix, "b"));
	txn = begin(fix, true);
	assert_true(del(txn, TABLE, "a"));
	kai_txn_abort(txn);
	assert_string_equal(get_one(fix, "a"), "old");
}

static void test_one_writer(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *second = NULL;
	struct kai_why why = {""};
	struct kai_txn *first = begin(fix, true);

	assert_int_equal(kai_txn_begin(fix->store, true, &second, &why), KAI_ERR_BUSY);
	assert_null(second);
	assert_true(why.text[0] != '\0');
	kai_txn_abort(first);
	second = begin(fix, true);
	commit(second);
	second = begin(fix, true); /* after a failed one too */
	kai_txn_fail(second, KAI_ERR_IO);
	assert_int_equal(commit_err(second), KAI_ERR_IO);
	kai_txn_abort(begin(fix, true));
}

static void test_errors_stick(void **state)
{
	struct fixture *fix = *state;
	struct kai_span value;
	struct kai_scan scan;

	put_one(fix, "a", "old");
	struct kai_txn *txn = begin(fix, true);

	put(txn, TABLE, "b", "new");
	kai_scan_init(&scan, txn, TABLE, kai_span(NULL, 0), kai_span(NULL, 0), false);
	kai_txn_fail(txn, KAI_ERR_CORRUPT);
	kai_txn_fail(txn, KAI_ERR_NOMEM);
	assert_int_equal(kai_txn_error(txn), KAI_ERR_CORRUPT); /* the first one */
	assert_false(kai_txn_get(txn, TABLE, kai_span_str("a"), &value));
	assert_false(kai_scan_next(&scan, NULL, NULL));
	assert_false(del(txn, TABLE, "a"));
	assert_int_equal(kai_txn_count(txn, TABLE), 0);
	put(txn, TABLE, "c", "new");
	append(txn, 1);
	assert_int_equal(commit_err(txn), KAI_ERR_CORRUPT);
	assert_string_equal(get_one(fix, "a"), "old");
	assert_null(get_one(fix, "b"));
	assert_null(get_one(fix, "c"));
}

static void test_readers_do_not_write(void **state)
{
	struct fixture *fix = *state;
	struct kai_txn *txn = begin(fix, false);

	put(txn, TABLE, "a", "new");
	assert_int_equal(kai_txn_error(txn), KAI_ERR_DENIED);
	assert_int_equal(commit_err(txn), KAI_ERR_DENIED);
	txn = begin(fix, false);
	assert_false(del(txn, TABLE, "a"));
	assert_int_equal(kai_txn_error(txn), KAI_ERR_DENIED);
	kai_txn_abort(txn);
	assert_null(get_one(fix, "a"));
}

/* ---- quota ----------------------------------------------------------------------------------- */

/* Puts values of 1 KiB under rising numbers until a commit is refused; tells how many went in. */
static uint64_t fill(struct fixture *fix, uint64_t most)
{
	uint8_t value[1024] = {1};

	for (uint64_t i = 0; i < most; i++) {
		struct kai_txn *txn = begin(fix, true);
		struct kai_key key = kai_key_u64(i);
		enum kai_err err;

		kai_txn_put(txn, TABLE, kai_key_span(&key), kai_span(value, sizeof(value)));
		err = commit_err(txn);
		if (err != KAI_ERR_OK) {
			assert_int_equal(err, KAI_ERR_FULL);
			return i;
		}
	}
	return most;
}

static void test_quota(void **state)
{
	struct fixture *fix = *state;
	uint64_t used;
	uint64_t limit;

	if (!fix->lmdb)
		kai_store_close(fix->store);
	fix->options.quota_bytes = UINT64_C(2) * 1024 * 1024;
	if (fix->lmdb)
		fixture_reopen(fix);
	else
		assert_int_equal(kai_store_open_memory(&fix->options, &fix->store), KAI_ERR_OK);
	uint64_t count = fill(fix, 4000);

	assert_in_range(count, 700, 2100);
	kai_store_usage(fix->store, &used, &limit);
	assert_int_equal(limit, fix->options.quota_bytes);
	assert_in_range(used, limit / 2, limit);
	/* what was acknowledged is there, what was refused is not */
	struct kai_txn *txn = begin(fix, true);

	assert_int_equal(kai_txn_count(txn, TABLE), count);
	/* replacing in place and deleting still pass, a small note beside a deletion too */
	for (uint64_t i = 0; i < count / 2; i++) {
		struct kai_key key = kai_key_u64(i);

		assert_true(kai_txn_del(txn, TABLE, kai_key_span(&key)));
	}
	put(txn, KAI_TABLE_STUBS, "stub", "gone");
	commit(txn);
	txn = begin(fix, false);
	assert_int_equal(kai_txn_count(txn, TABLE), count - count / 2);
	kai_txn_abort(txn);
	assert_true(fill(fix, count / 4) == count / 4); /* and there is room again */
}

static void test_usage_grows(void **state)
{
	struct fixture *fix = *state;
	uint64_t before;
	uint64_t after;
	uint64_t limit;

	kai_store_usage(fix->store, &before, &limit);
	assert_int_equal(fill(fix, 200), 200);
	kai_store_usage(fix->store, &after, &limit);
	assert_in_range(after, before + UINT64_C(200) * 1024, before + UINT64_C(600) * 1024);
	assert_true(limit > 1ull << 39);
	assert_int_equal(kai_store_reap(fix->store), 0);
}

int main(int argc, char **argv)
{
	struct fixture fix = fixture_of(argc, argv);
	const struct CMUnitTest tests[] = {
		CASE(test_put_get_del, &fix),
		CASE(test_every_table, &fix),
		CASE(test_key_bounds, &fix),
		CASE(test_large_value, &fix),
		CASE(test_append, &fix),
		CASE(test_scan_table, &fix),
		CASE(test_scan_ff_prefix, &fix),
		CASE(test_scans_interleave, &fix),
		CASE(test_scan_survives_writes, &fix),
		CASE(test_scan_sees_what_comes_ahead, &fix),
		CASE(test_isolation, &fix),
		CASE(test_beside_a_writer, &fix),
		CASE(test_rollback, &fix),
		CASE(test_one_writer, &fix),
		CASE(test_errors_stick, &fix),
		CASE(test_readers_do_not_write, &fix),
		CASE(test_quota, &fix),
		CASE(test_usage_grows, &fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
