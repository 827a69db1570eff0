/* SPDX-License-Identifier: Apache-2.0 */
/* The journal for people: every event has its sentence, a damaged journal or export says where it is
 * damaged, and what was exported is what lies there. */
#include "test.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "doctor.h"
#include "journal.h"
#include "kairan/engine.h"
#include "verbs.h"
#include "view.h"

#define ENTRIES 600u /* more than two pages */

static uint8_t memory[(size_t)64 << 20];
static uint8_t row_memory[1 << 16];

struct fixture {
	char dir[64];
	struct kai_cli cli;
	char *text;
	size_t len;
};

/* ---- a node's directory ---- */

static struct kai_store *open_store(const struct fixture *fix)
{
	struct kai_store_options options = {.read_only = false};
	struct kai_store *store = NULL;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/store", fix->dir);
	(void)mkdir(path, 0750);
	assert_int_equal(kai_store_open_lmdb(path, &options, &store, NULL), KAI_ERR_OK);
	return store;
}

static void write_entries(struct kai_txn *txn, unsigned count)
{
	static const char *const events[] = {"item-own", "item-stored", "peer-fault",
					     "card-accepted"};

	for (unsigned i = 0; i < count; i++) {
		struct kai_journal entry = {.at = 1000000 + (uint64_t)i * 1000,
					    .event = kai_span_str(events[i % 4]),
					    .rule = kai_span_str(i % 4 == 2 ? "signature" : ""),
					    .count = 1 + i % 3};

		entry.org.is = i % 4 != 0;
		entry.id.is = i % 4 != 3;
		memset(entry.org.id, 0x40 + (int)(i % 5), KAI_ID_LEN);
		memset(entry.id.id, (int)(i & 0xff), KAI_ID_LEN);
		kai_journal_append(txn, &entry);
	}
}

static int begin_with(void **state, unsigned count)
{
	struct fixture *fix = calloc(1, sizeof(*fix));
	struct kai_txn *txn;
	uint8_t org[KAI_ID_LEN];

	assert_non_null(fix);
	(void)strcpy(fix->dir, "/tmp/kai-journal-XXXXXX");
	assert_non_null(mkdtemp(fix->dir));
	struct kai_store *store = open_store(fix);

	memset(org, 7, sizeof(org));
	assert_int_equal(kai_txn_begin(store, true, &txn, NULL), KAI_ERR_OK);
	kai_txn_put(txn, KAI_TABLE_META, kai_span_str(KAI_META_ORG), kai_span(org, sizeof(org)));
	write_entries(txn, count);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	kai_store_close(store);
	*state = fix;
	return 0;
}

static int begin(void **state)
{
	return begin_with(state, ENTRIES);
}

static int end(void **state)
{
	struct fixture *fix = *state;

	free(fix->text);
	assert_true(fix_remove(fix->dir));
	free(fix);
	return 0;
}

/* Runs a verb on the directory; its output is in fix->text. */
static int run(struct fixture *fix, int (*verb)(struct kai_cli *cli), const char *option,
	       const char *value, const char *arg)
{
	struct kai_cli *cli = &fix->cli;

	free(fix->text);
	*cli = (struct kai_cli){.arena = {.at = memory, .cap = sizeof(memory)},
				.renderer = &kai_render_json};
	(void)snprintf(cli->dir, sizeof(cli->dir), "%s", fix->dir);
	if (option != NULL)
		cli->given[cli->given_count++] = (struct kai_given){option, value};
	if (arg != NULL)
		cli->args[cli->arg_count++] = arg;
	cli->out = open_memstream(&fix->text, &fix->len);
	cli->err = fopen("/dev/null", "w");
	int exit = verb(cli);

	kai_cli_done(cli);
	assert_int_equal(fclose(cli->out), 0);
	(void)fclose(cli->err);
	return exit;
}

static void expect_broken(struct fixture *fix, const char *path, long long at, const char *kind)
{
	assert_int_equal(run(fix, kai_verb_journal_verify, NULL, NULL, path), KAI_EXIT_REFUSED);
	json_t *top = json_loads(fix->text, 0, NULL);
	json_t *broken = json_object_get(top, "broken");

	assert_non_null(top);
	assert_true(json_is_false(json_object_get(top, "ok")));
	assert_string_equal(json_string_value(json_object_get(broken, "kind")), kind);
	assert_int_equal(json_integer_value(json_object_get(broken, "number")), at);
	assert_true(json_string_length(json_object_get(broken, "text")) > 20);
	json_decref(top);
}

static void expect_whole(struct fixture *fix, const char *path, long long first, long long last)
{
	assert_int_equal(run(fix, kai_verb_journal_verify, NULL, NULL, path), KAI_EXIT_DONE);
	json_t *top = json_loads(fix->text, 0, NULL);

	assert_non_null(top);
	assert_true(json_is_true(json_object_get(top, "ok")));
	assert_int_equal(json_integer_value(json_object_get(top, "first")), first);
	assert_int_equal(json_integer_value(json_object_get(top, "last")), last);
	json_decref(top);
}

/* The doctor looks at the end of the journal only. */
static bool doctor_sees(struct fixture *fix)
{
	int exit = run(fix, kai_verb_doctor, NULL, NULL, NULL);
	json_t *top = json_loads(fix->text, 0, NULL);
	bool seen = false;
	size_t i;
	json_t *row;

	assert_non_null(top);
	json_array_foreach (json_object_get(top, "findings"), i, row)
		seen = seen ||
		       strcmp(json_string_value(json_object_get(row, "finding")), "journal") == 0;
	assert_int_equal(exit, KAI_EXIT_REFUSED); /* no node runs there */
	json_decref(top);
	return seen;
}

/* ---- a damaged store ---- */

enum harm { FLIP, UNDECODABLE, DROP, SWAP, REWRITE, CUT, HEAD };

static struct kai_span row(struct kai_txn *txn, uint64_t number, uint8_t at[512])
{
	struct kai_key key = kai_key_u64(number);
	struct kai_span value;

	assert_true(kai_txn_get(txn, KAI_TABLE_JOURNAL, kai_key_span(&key), &value));
	assert_true(value.len <= 512);
	memcpy(at, value.at, value.len);
	return kai_span(at, value.len);
}

static void put_row(struct kai_txn *txn, uint64_t number, struct kai_span value)
{
	struct kai_key key = kai_key_u64(number);

	kai_txn_put(txn, KAI_TABLE_JOURNAL, kai_key_span(&key), value);
}

/* The same entry with another event, well-formed, its chain field kept. */
static void rewrite(struct kai_txn *txn, uint64_t number)
{
	struct kai_arena arena = {.at = row_memory, .cap = sizeof(row_memory)};
	struct kai_key key = kai_key_u64(number);
	struct kai_journal entry;

	assert_true(kai_rec_get(txn, KAI_TABLE_JOURNAL, &key, &kai_object_journal, &arena, &entry));
	entry.event = kai_span_str("item-own");
	entry.count += 5;
	kai_rec_put(txn, KAI_TABLE_JOURNAL, &key, &kai_object_journal, &entry);
}

static void do_harm(struct fixture *fix, enum harm harm, uint64_t number)
{
	struct kai_store *store = open_store(fix);
	struct kai_key key = kai_key_u64(number);
	struct kai_txn *txn;
	uint8_t one[512];
	uint8_t two[512];
	struct kai_span first;

	assert_int_equal(kai_txn_begin(store, true, &txn, NULL), KAI_ERR_OK);
	first = row(txn, number, one);
	switch (harm) {
	case FLIP:
		one[20] ^= 1; /* in `previous` */
		put_row(txn, number, first);
		break;
	case UNDECODABLE:
		one[0] ^= 1; /* the array's head */
		put_row(txn, number, first);
		break;
	case DROP:
		assert_true(kai_txn_del(txn, KAI_TABLE_JOURNAL, kai_key_span(&key)));
		break;
	case SWAP:
		put_row(txn, number, row(txn, number + 1, two));
		put_row(txn, number + 1, first);
		break;
	case REWRITE:
		rewrite(txn, number);
		break;
	case CUT:
		for (uint64_t at = number; at <= ENTRIES; at++) {
			key = kai_key_u64(at);
			assert_true(kai_txn_del(txn, KAI_TABLE_JOURNAL, kai_key_span(&key)));
		}
		break;
	case HEAD:
		key = kai_key_word(KAI_META_JOURNAL);
		kai_txn_put(txn, KAI_TABLE_META, kai_key_span(&key), kai_span(one, 8));
		break;
	}
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	kai_store_close(store);
}

static void test_damaged_store(void **state)
{
	static const struct {
		enum harm harm;
		uint64_t number;
		long long at;
		const char *kind;
	} cases[] = {
		{FLIP, 1, 1, "changed"},
		{FLIP, 300, 300, "changed"},
		{FLIP, ENTRIES, ENTRIES, "changed"},
		{UNDECODABLE, 300, 300, "unreadable"},
		{DROP, 1, 2, "gap"},
		{DROP, 256, 257, "gap"},
		{DROP, 257, 258, "gap"},
		{DROP, ENTRIES, ENTRIES - 1, "end"},
		{SWAP, 1, 1, "changed"},
		{SWAP, 256, 256, "changed"},
		{SWAP, ENTRIES - 1, ENTRIES - 1, "changed"},
		{REWRITE, 300, 301, "changed"},
		{REWRITE, ENTRIES, ENTRIES, "end"},
		{CUT, 200, 199, "end"},
		{CUT, 1, 0, "end"},
		{HEAD, 5, ENTRIES, "end"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *fresh;

		(void)begin(&fresh);
		expect_whole(fresh, NULL, 1, ENTRIES);
		do_harm(fresh, cases[i].harm, cases[i].number);
		print_message("# case %zu\n", i);
		expect_broken(fresh, NULL, cases[i].at, cases[i].kind);
		assert_true(doctor_sees(fresh));
		(void)end(&fresh);
	}
}

static void test_doctor_sees_the_end(void **state)
{
	static const struct {
		uint64_t number; /* of 1300 entries */
		bool seen;
	} cases[] = {{1, false}, {299, false}, {300, true}, {1299, true}, {1300, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *fresh;

		(void)begin_with(&fresh, 1300);
		assert_false(doctor_sees(fresh));
		do_harm(fresh, REWRITE, cases[i].number);
		assert_int_equal(doctor_sees(fresh), cases[i].seen);
		(void)end(&fresh);
	}
}

/* What the doctor takes for granted where kairan.conf is silent is what the node does then. */
static void test_doctor_knows_the_default(void **state)
{
	(void)state;
#define X(name, value, unit)                                                                       \
	if (strcmp(#name, "held_bytes") == 0)                                                      \
		assert_int_equal((value), KAI_DOCTOR_HELD_BYTES);
	KAI_X_QUOTA(X)
#undef X
}

/* ---- exports ---- */

static char *exported(struct fixture *fix, const char *option, const char *value)
{
	char *path = test_malloc(128);

	assert_int_equal(run(fix, kai_verb_journal_export, option, value, NULL), KAI_EXIT_DONE);
	(void)snprintf(path, 128, "%s/export", fix->dir);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(fix->text, 1, fix->len, file), fix->len);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void test_export_is_whole(void **state)
{
	struct fixture *fix = *state;
	char path[128];
	char *whole = exported(fix, NULL, NULL);

	expect_whole(fix, whole, 1, ENTRIES);
	test_free(whole);
	/* an extract: entries are a second apart from 1000 s after 1970 on */
	char *part = exported(fix, "until", "1970-01-01T00:16:45Z");

	expect_whole(fix, part, 1, 5);
	test_free(part);
	part = exported(fix, "since", "1970-01-01T00:16:45Z");
	expect_whole(fix, part, 6, ENTRIES);
	test_free(part);
	part = exported(fix, "since", "2001-01-01T00:00:00Z");
	expect_whole(fix, part, 0, 0);
	test_free(part);
	/* to a file it is the same, but for the time in its first line */
	(void)snprintf(path, sizeof(path), "%s/other", fix->dir);
	assert_int_equal(run(fix, kai_verb_journal_export, "o", path, NULL), KAI_EXIT_DONE);
	assert_string_equal(fix->text, "");
	expect_whole(fix, path, 1, ENTRIES);
}

/* Line `line` of an export (from 0) through an edit; NULL text: taken out. */
struct edit {
	unsigned line;
	const char *from;
	const char *to;
	bool drop;
	bool swap; /* with the next */
	long long at;
	const char *kind;
};

static void write_edited(const char *path, const char *text, const struct edit *edit)
{
	FILE *file = fopen(path, "w");
	const char *held = NULL;
	size_t held_len = 0;
	unsigned line = 0;

	assert_non_null(file);
	for (const char *at = text; *at != '\0'; line++) {
		size_t len = strcspn(at, "\n") + 1;
		const char *found =
			line == edit->line && edit->from != NULL ? strstr(at, edit->from) : NULL;

		if (found != NULL) {
			assert_true(found < at + len);
			(void)fprintf(file, "%.*s%s%.*s", (int)(found - at), at, edit->to,
				      (int)(len - (size_t)(found - at) - strlen(edit->from)),
				      found + strlen(edit->from));
		} else if (line == edit->line && edit->swap) {
			held = at;
			held_len = len;
		} else if (line != edit->line || !edit->drop) {
			(void)fprintf(file, "%.*s", (int)len, at);
			if (held != NULL)
				(void)fprintf(file, "%.*s", (int)held_len, held);
			held = NULL;
		}
		at += len;
	}
	assert_int_equal(fclose(file), 0);
}

static void test_damaged_export(void **state)
{
	static const struct edit edits[] = {
		{.line = 5, .drop = true, .at = 6, .kind = "gap"},
		{.line = 5, .swap = true, .at = 6, .kind = "gap"},
		{.line = 1, .drop = true, .at = 2, .kind = "gap"},
		{.line = ENTRIES, .drop = true, .at = ENTRIES - 1, .kind = "end"},
		{.line = ENTRIES + 1, .drop = true, .at = ENTRIES, .kind = "cut"},
		{.line = 5,
		 .from = "\"count\":2",
		 .to = "\"count\":3",
		 .at = 5,
		 .kind = "readable"},
		{.line = 5, .from = "item-own", .to = "item-owl", .at = 5, .kind = "readable"},
		{.line = 5,
		 .from = "\"bytes\":\"mMQg",
		 .to = "\"bytes\":\"mMQh",
		 .at = 5,
		 .kind = "unreadable"},
		{.line = 5,
		 .from = "\"bytes\":\"",
		 .to = "\"bytes\":\"!",
		 .at = 5,
		 .kind = "unreadable"},
		{.line = 5, .from = "{", .to = "", .at = 5, .kind = "unreadable"},
		{.line = 5, .from = "{", .to = "{\"more\":1,", .at = 5, .kind = "readable"},
	};
	struct fixture *fix = *state;
	char *path = exported(fix, NULL, NULL);
	char *text = strdup(fix->text);

	assert_non_null(text);
	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		write_edited(path, text, &edits[i]);
		print_message("edit %zu\n", i);
		expect_broken(fix, path, edits[i].at, edits[i].kind);
	}
	/* Not ours at all: no verdict, but an error. */
	const struct edit other = {.line = 0, .from = "kairan journal", .to = "other"};

	write_edited(path, text, &other);
	assert_int_equal(run(fix, kai_verb_journal_verify, NULL, NULL, path), KAI_EXIT_USAGE);
	assert_int_equal(run(fix, kai_verb_journal_verify, NULL, NULL, "/nowhere/at/all"),
			 KAI_EXIT_USAGE);
	free(text);
	test_free(path);
}

/* ---- the list ---- */

static size_t listed(struct fixture *fix, const char *option, const char *value)
{
	assert_int_equal(run(fix, kai_verb_journal_list, option, value, NULL), KAI_EXIT_DONE);
	json_t *top = json_loads(fix->text, 0, NULL);
	size_t count = json_array_size(json_object_get(top, "entries"));

	json_decref(top);
	return count;
}

static void test_list(void **state)
{
	struct fixture *fix = *state;
	char after[32] = "";
	size_t all = 0;
	long long before = ENTRIES + 1;

	assert_int_equal(listed(fix, "limit", "7"), 7);
	assert_int_equal(listed(fix, "limit", "257"), 257);
	assert_int_equal(listed(fix, "event", "peer-fault"), 100);
	assert_int_equal(listed(fix, "event", "peer"), 0);
	assert_int_equal(listed(fix, "until", "1970-01-01T00:16:45Z"), 5);
	assert_int_equal(listed(fix, "id", "AEAQCAIB"), 3);
	assert_int_equal(run(fix, kai_verb_journal_list, "id", "aeaqcai", NULL), KAI_EXIT_USAGE);
	assert_int_equal(run(fix, kai_verb_journal_list, "id", "not-an-id", NULL), KAI_EXIT_USAGE);
	/* page by page, newest first, none twice and none left out */
	do {
		assert_int_equal(run(fix, kai_verb_journal_list, after[0] != '\0' ? "after" : NULL,
				     after, NULL),
				 KAI_EXIT_DONE);
		json_t *top = json_loads(fix->text, 0, NULL);
		json_t *rows = json_object_get(top, "entries");
		const char *next = json_string_value(json_object_get(top, "next"));
		size_t i;
		json_t *one;

		json_array_foreach (rows, i, one) {
			long long number = json_integer_value(json_object_get(one, "number"));

			assert_int_equal(number, before - 1);
			before = number;
		}
		all += json_array_size(rows);
		(void)snprintf(after, sizeof(after), "%s", next != NULL ? next : "");
		json_decref(top);
	} while (after[0] != '\0');
	assert_int_equal(all, ENTRIES);
	assert_int_equal(before, 1);
}

/* ---- every event has its sentence ---- */

/* Words in quotes between the two marks of a source. */
static size_t scan_events(const char *name, const char *text, const char *open, const char *close)
{
	size_t seen = 0;

	for (const char *at = strstr(text, open); at != NULL; at = strstr(at + 1, open)) {
		const char *end_at = strstr(at + strlen(open), close);
		const char *quote = strchr(at, '"');

		while (end_at != NULL && quote != NULL && quote < end_at) {
			const char *stop = strchr(quote + 1, '"');
			struct kai_span word = kai_span(quote + 1, (size_t)(stop - quote - 1));

			if (word.len > 0 && kai_journal_sentence(word) == NULL)
				fail_msg("%s: the journal's event `%.*s` has no sentence", name,
					 (int)word.len, (const char *)word.at);
			seen += word.len > 0;
			quote = strchr(stop + 1, '"');
		}
	}
	return seen;
}

static void test_events_have_sentences(void **state)
{
	const char *folder = SOURCE_ROOT "/node/engine";
	DIR *dir = opendir(folder);
	size_t seen = 0;

	(void)state;
	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char path[1024];
		char *text;
		FILE *file;

		if (strstr(entry->d_name, ".c") == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		file = fopen(path, "r");
		text = calloc(1, 1 << 18);
		assert_non_null(file);
		assert_non_null(text);
		assert_true(fread(text, 1, (1 << 18) - 1, file) < (1 << 18) - 1);
		(void)fclose(file);
		seen += scan_events(path, text, "kai_turn_journal(turn,", ",");
		seen += scan_events(path, text, "put_journal(door, ", ";");
		seen += scan_events(path, text, ".event = kai_span_str(", ")");
		seen += scan_events(path, text, "const char *event = ", ";");
		seen += scan_events(path, text, "	say(turn, io, ", ")");
		seen += scan_events(path, text, "	journal(turn, \"", ",");
		free(text);
	}
	(void)closedir(dir);
	assert_true(seen >= 22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged_store),
		cmocka_unit_test(test_doctor_sees_the_end),
		cmocka_unit_test(test_doctor_knows_the_default),
		cmocka_unit_test_setup_teardown(test_export_is_whole, begin, end),
		cmocka_unit_test_setup_teardown(test_damaged_export, begin, end),
		cmocka_unit_test_setup_teardown(test_list, begin, end),
		cmocka_unit_test(test_events_have_sentences),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
