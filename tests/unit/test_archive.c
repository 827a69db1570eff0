/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a backup: what was written comes back; one that is damaged anywhere or cut anywhere is
 * refused before it is used; one that was made by hand puts nothing outside of the directory. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "fixture.h"
#include "verbs.h"
#include "view.h"

#define PASSPHRASE "correct horse battery"

static uint8_t memory[(size_t)16 << 20];

struct fixture {
	char dir[64];
	char path[128];
	struct kai_cli cli;
	FILE *sink;
};

static int begin(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));

	assert_non_null(fix);
	(void)strcpy(fix->dir, "/tmp/kai-archive-XXXXXX");
	assert_non_null(mkdtemp(fix->dir));
	(void)snprintf(fix->path, sizeof(fix->path), "%s/backup", fix->dir);
	fix->sink = fopen("/dev/null", "w");
	*state = fix;
	return 0;
}

static int end(void **state)
{
	struct fixture *fix = *state;

	(void)fclose(fix->sink);
	assert_true(fix_remove(fix->dir));
	free(fix);
	return 0;
}

static void fresh(struct fixture *fix)
{
	fix->cli = (struct kai_cli){.arena = {.at = memory, .cap = sizeof(memory)},
				    .renderer = &kai_render_json,
				    .out = fix->sink,
				    .err = fix->sink};
	(void)snprintf(fix->cli.dir, sizeof(fix->cli.dir), "%s/node", fix->dir);
}

/* ---- making one ---- */

struct row {
	enum kai_record_type type;
	const char *name; /* D, F */
	const char *bytes;
};

static struct kai_span record_of(const struct row *row, uint8_t at[512])
{
	if (row->type == KAI_RECORD_BYTES)
		return kai_span_str(row->bytes);
	memset(at, 0, 2);
	at[2] = 0750 >> 8;
	at[3] = 0750 & 0xff;
	memcpy(at + 4, row->name, strlen(row->name));
	return kai_span(at, 4 + strlen(row->name));
}

static void write_rows(struct fixture *fix, const struct row *rows, size_t count, uint64_t said,
		       bool sealed)
{
	struct kai_archive_head head = {
		.made_at = {1790000000000}, .name = "Power A", .by = "kairan test"};
	struct kai_archive_writer writer;
	struct kai_outfile file;
	uint8_t number[8];

	fresh(fix);
	memset(head.org, 9, sizeof(head.org));
	(void)unlink(fix->path);
	assert_int_equal(kai_outfile_begin(&fix->cli, fix->path, 0600, &file), 0);
	assert_int_equal(kai_archive_begin(&fix->cli, &file, &head,
					   kai_span_str(sealed ? PASSPHRASE : ""), &writer),
			 0);
	for (size_t i = 0; i < count; i++) {
		uint8_t at[512];

		assert_true(kai_archive_put(&writer, rows[i].type, record_of(&rows[i], at)));
	}
	kai_put_be64(number, said);
	assert_true(kai_archive_put(&writer, KAI_RECORD_END, kai_span(number, 8)));
	assert_true(kai_archive_end(&writer));
	assert_int_equal(kai_outfile_end(&fix->cli, &file), 0);
	kai_archive_done(&writer);
}

static const struct row sound[] = {
	{KAI_RECORD_DIR, "keys", NULL},		{KAI_RECORD_FILE, "keys/a.key", NULL},
	{KAI_RECORD_BYTES, NULL, "secret one"}, {KAI_RECORD_BYTES, NULL, " and two"},
	{KAI_RECORD_FILE, "empty", NULL},
};
#define SOUND (sizeof(sound) / sizeof(*sound))

static size_t slurp(const char *path, uint8_t *at, size_t cap)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	size_t len = fread(at, 1, cap, file);

	assert_true(len < cap);
	(void)fclose(file);
	return len;
}

static void spill(const char *path, const uint8_t *at, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(at, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static int check(struct fixture *fix)
{
	struct kai_archive_reader reader;
	int exit;

	fresh(fix);
	exit = kai_archive_open(&fix->cli, fix->path, &reader);
	if (exit == 0)
		exit = kai_archive_check(&reader);
	kai_archive_close(&reader);
	return exit;
}

/* ---- what comes back ---- */

static void test_round_trip(void **state)
{
	struct fixture *fix = *state;

	for (int sealed = 0; sealed < 2; sealed++) {
		struct kai_archive_reader reader;
		enum kai_record_type type;
		struct kai_span record;

		write_rows(fix, sound, SOUND, 3, sealed != 0);
		fresh(fix);
		assert_int_equal(kai_archive_open(&fix->cli, fix->path, &reader), 0);
		assert_int_equal(reader.head.sealed, sealed);
		assert_int_equal(reader.head.made_at.ms, 1790000000000);
		assert_string_equal(reader.head.name, "Power A");
		assert_int_equal(kai_archive_check(&reader), 0);
		assert_int_equal(kai_archive_unlock(&reader, kai_span_str(PASSPHRASE)), 0);
		for (size_t i = 0; i < SOUND; i++) {
			uint8_t at[512];

			assert_int_equal(kai_archive_next(&reader, &type, &record), 0);
			assert_int_equal(type, sound[i].type);
			assert_true(kai_span_equal(record, record_of(&sound[i], at)));
		}
		assert_int_equal(kai_archive_next(&reader, &type, &record), 0);
		assert_int_equal(type, KAI_RECORD_END);
		assert_int_equal(kai_get_be64(record.at), 3);
		kai_archive_close(&reader);
	}
}

static void test_secrets_are_sealed(void **state)
{
	struct fixture *fix = *state;
	static uint8_t bytes[8192];

	for (int sealed = 0; sealed < 2; sealed++) {
		write_rows(fix, sound, SOUND, 3, sealed != 0);
		size_t len = slurp(fix->path, bytes, sizeof(bytes));
		bool there = memmem(bytes, len, "secret one", 10) != NULL ||
			     memmem(bytes, len, "a.key", 5) != NULL;

		assert_int_equal(there, sealed == 0);
		assert_non_null(memmem(bytes, len, "Power A", 7));
	}
}

static void test_passphrase(void **state)
{
	static const struct {
		const char *passphrase;
		int exit;
	} cases[] = {{"", KAI_EXIT_USAGE},
		     {"correct horse batterx", KAI_EXIT_REFUSED},
		     {"correct horse battery ", KAI_EXIT_REFUSED},
		     {PASSPHRASE, 0}};
	struct fixture *fix = *state;

	write_rows(fix, sound, SOUND, 3, true);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kai_archive_reader reader;

		fresh(fix);
		assert_int_equal(kai_archive_open(&fix->cli, fix->path, &reader), 0);
		assert_int_equal(kai_archive_check(&reader), 0);
		assert_int_equal(kai_archive_unlock(&reader, kai_span_str(cases[i].passphrase)),
				 cases[i].exit);
		kai_archive_close(&reader);
	}
}

/* ---- harm ---- */

static void test_harm_is_seen(void **state)
{
	struct fixture *fix = *state;
	static uint8_t bytes[8192];

	for (int sealed = 0; sealed < 2; sealed++) {
		write_rows(fix, sound, SOUND, 3, sealed != 0);
		size_t len = slurp(fix->path, bytes, sizeof(bytes) - 1);

		assert_int_equal(check(fix), 0);
		for (size_t i = 0; i < len; i++) {
			spill(fix->path, bytes, i);
			if (check(fix) == 0)
				fail_msg("cut to %zu of %zu bytes: taken for whole", i, len);
			bytes[i] ^= 0x20;
			spill(fix->path, bytes, len);
			if (check(fix) == 0)
				fail_msg("byte %zu of %zu changed: taken for whole", i, len);
			bytes[i] ^= 0x20;
		}
		bytes[len] = 0;
		spill(fix->path, bytes, len + 1);
		assert_int_not_equal(check(fix), 0);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool fine;
	} cases[] = {
		{"a", true},
		{"a/b", true},
		{"keys/rest-1.key", true},
		{".hidden", true},
		{"..a", true},
		{"a/..b", true},
		{"1/2/3/4/5/6/7/8", true},
		{"1/2/3/4/5/6/7/8/9", false},
		{"", false},
		{"/", false},
		{"/etc/passwd", false},
		{"..", false},
		{".", false},
		{"../a", false},
		{"a/..", false},
		{"a/../b", false},
		{"a//b", false},
		{"a/", false},
		{"a/./b", false},
		{"a\nb", false},
		{"a\tb", false},
		{"a\xff", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (kai_archive_name_ok(kai_span_str(cases[i].name)) != cases[i].fine)
			fail_msg("%s", cases[i].name);
	assert_false(kai_archive_name_ok(kai_span("a\0b", 3)));
}

static void test_heads(void **state)
{
	struct kai_archive_head head = {.made_at = {1790000000000},
					.name = "A",
					.by = "kairan 1",
					.sealed = true,
					.ops = 3,
					.memory_bytes = 1u << 28};
	static const struct {
		const char *from;
		const char *to;
	} edits[] = {
		{"backup 1", "backup 2"},
		{"made: ", "Made: "},
		{"Z\n", "\n"},
		{"argon2id 3", "argon2id 17"},
		{"argon2id 3", "argon2id 0"},
		{"argon2id 3", "argon2id +3"},
		{"argon2id", "argon2i"},
		{"268435456", "4294967296"},
		{"268435456", "0"},
		{"by: ", "by:"},
		{"\n\n", "\n\n\n"},
		{"\n\n", "\nmore: 1\n\n"},
		{"name: A\n", ""},
		{"org: a", "org: 1"},
	};
	struct kai_archive_head again;
	char text[KAI_ARCHIVE_HEAD];

	(void)state;
	assert_true(kai_archive_head_text(&head, text) > 0);
	assert_true(kai_archive_head_parse(text, &again));
	assert_int_equal(again.memory_bytes, head.memory_bytes);
	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		char other[2 * KAI_ARCHIVE_HEAD];
		const char *at = strstr(text, edits[i].from);

		assert_non_null(at);
		(void)snprintf(other, sizeof(other), "%.*s%s%s", (int)(at - text), text,
			       edits[i].to, at + strlen(edits[i].from));
		if (kai_archive_head_parse(other, &again))
			fail_msg("%s taken for %s", edits[i].to, edits[i].from);
	}
}

/* ---- made by hand ---- */

static int restore(struct fixture *fix)
{
	fresh(fix);
	fix->cli.args[0] = fix->path;
	fix->cli.arg_count = 1;
	int exit = kai_verb_restore(&fix->cli);

	kai_cli_done(&fix->cli);
	return exit;
}

static bool is_there(const struct fixture *fix, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", fix->dir, name);
	return access(path, F_OK) == 0;
}

static void clear_node(const struct fixture *fix)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/node", fix->dir);
	assert_true(access(path, F_OK) != 0 || fix_remove(path));
}

static void test_made_by_hand(void **state)
{
	static const struct {
		struct row rows[3];
		size_t count;
		uint64_t said;
	} cases[] = {
		{{{KAI_RECORD_FILE, "../outside", NULL}, {KAI_RECORD_BYTES, NULL, "x"}}, 2, 1},
		{{{KAI_RECORD_DIR, "../outside", NULL}}, 1, 1},
		{{{KAI_RECORD_FILE, "/tmp/kai-outside", NULL}}, 1, 1},
		{{{KAI_RECORD_FILE, "a", NULL}, {KAI_RECORD_FILE, "a", NULL}}, 2, 2},
		{{{KAI_RECORD_FILE, "nowhere/a", NULL}}, 1, 1},
		{{{KAI_RECORD_BYTES, NULL, "of no file"}}, 1, 0},
		{{{KAI_RECORD_DIR, "a", NULL}, {KAI_RECORD_BYTES, NULL, "of a directory"}}, 2, 1},
		{{{KAI_RECORD_FILE, KAI_RESTORE_MARK, NULL}}, 1, 1},
		{{{KAI_RECORD_FILE, "a", NULL}}, 1, 2}, /* says two */
		{{{KAI_RECORD_FILE, "a", NULL}}, 1, 1}, /* no store */
		{{{KAI_RECORD_DIR, "store", NULL},
		  {KAI_RECORD_FILE, "store/data.mdb", NULL},
		  {KAI_RECORD_BYTES, NULL, "not LMDB's"}},
		 3,
		 2},
		{.count = 0},
	};
	struct fixture *fix = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_rows(fix, cases[i].rows, cases[i].count, cases[i].said, false);
		if (restore(fix) == 0)
			fail_msg("case %zu: restored", i);
		assert_true(is_there(fix, "node/" KAI_RESTORE_MARK));
		assert_false(is_there(fix, "outside"));
		assert_int_equal(access("/tmp/kai-outside", F_OK), -1);
		/* what is left there is not used, and not restored over */
		assert_int_equal(restore(fix), KAI_EXIT_USAGE);
		clear_node(fix);
	}
}

/* A file that is not whole leaves no trace at all. */
static void test_damaged_is_not_begun(void **state)
{
	struct fixture *fix = *state;
	static uint8_t bytes[8192];

	write_rows(fix, sound, SOUND, 3, false);
	size_t len = slurp(fix->path, bytes, sizeof(bytes));

	bytes[len / 2] ^= 1;
	spill(fix->path, bytes, len);
	assert_int_equal(restore(fix), KAI_EXIT_REFUSED);
	assert_false(is_there(fix, "node"));
	spill(fix->path, (const uint8_t *)"something else\n", 15);
	assert_int_equal(restore(fix), KAI_EXIT_USAGE);
	assert_false(is_there(fix, "node"));
	spill(fix->path, bytes, 0);
	assert_int_equal(restore(fix), KAI_EXIT_USAGE);
	assert_false(is_there(fix, "node"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, begin, end),
		cmocka_unit_test_setup_teardown(test_secrets_are_sealed, begin, end),
		cmocka_unit_test_setup_teardown(test_passphrase, begin, end),
		cmocka_unit_test_setup_teardown(test_harm_is_seen, begin, end),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_heads),
		cmocka_unit_test_setup_teardown(test_made_by_hand, begin, end),
		cmocka_unit_test_setup_teardown(test_damaged_is_not_begun, begin, end),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
