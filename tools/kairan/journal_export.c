/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal export: the exact bytes of a range of entries, as lines of JSON that anybody can check with
 * a BLAKE2b library and a base64 decoder (kairan(1), JOURNAL FILES). Reading them back is here too.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "outfile.h"
#include "realm.h"
#include "verbs.h"
#include "view.h"

#define FILE_VERSION 1
#define MAX_LINE ((size_t)64 * 1024)
#define MAX_BYTES ((size_t)4 * 1024) /* of one entry */

const struct kai_opt kai_journal_export_opts[] = {
	{"o", "FILE", false, N_("write to this file instead of standard output")},
	{"since", "T|DURATION", false, N_("from the first entry written since")},
	{"until", "T|DURATION", false, N_("to the last entry written until")},
	{NULL, NULL, false, NULL},
};

json_t *kai_journal_line(uint64_t number, struct kai_span bytes, const struct kai_journal *entry)
{
	json_t *line = kai_journal_json(number, entry);
	char text[sodium_base64_ENCODED_LEN(MAX_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	uint8_t hash[KAI_ID_LEN];

	if (bytes.len > MAX_BYTES)
		return line; /* an entry's bounds are below that: it has no `bytes`, and is refused */
	(void)sodium_bin2base64(text, sizeof(text), bytes.at, bytes.len,
				sodium_base64_VARIANT_ORIGINAL);
	kai_hash(KAI_CTX_JOURNAL, kai_realm_live, bytes, hash);
	(void)json_object_set_new(line, "bytes", json_string(text));
	(void)json_object_set_new(line, "hash", kai_json_id(hash));
	return line;
}

/* ---- writing ---- */

struct range {
	int64_t since_ms;
	int64_t until_ms;
	uint64_t first; /* 0: none */
	uint64_t last;
};

struct writing {
	struct kai_lines *lines;
	struct kai_journal_chain chain;
	uint64_t count;
};

/* Entries after `after` in one transaction, as far as each says true; false at the end. */
typedef bool (*each_entry)(void *context, uint64_t number, struct kai_span bytes,
			   const struct kai_journal *entry);

static int read_page(struct kai_cli *cli, uint64_t *io_after, bool *ret_end, each_entry each,
		     void *context)
{
	struct kai_txn *txn = kai_cli_txn(cli);
	struct kai_key from = kai_key_u64(*io_after + 1);
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;
	unsigned seen = 0;
	int exit = 0;

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	*ret_end = true;
	kai_scan_init(&scan, txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_key_span(&from), false);
	while (exit == 0 && kai_scan_next(&scan, &key, &value)) {
		size_t used = cli->arena.used;
		struct kai_journal entry;

		if (key.len != 8 || kai_object_decode(&kai_object_journal, value, &cli->arena,
						      &entry) != KAI_FAULT_NONE) {
			exit = kai_cli_fail(cli, KAI_EXIT_REFUSED,
					    T("the journal: an entry cannot be read (run `kairan "
					      "journal verify`)"));
			break;
		}
		*io_after = kai_get_be64(key.at);
		bool more = each(context, *io_after, value, &entry);

		cli->arena.used = used;
		if (!more)
			break;
		if (++seen == KAI_JOURNAL_PAGE) {
			*ret_end = false;
			break;
		}
	}
	kai_txn_abort(txn);
	return exit;
}

static int read_all(struct kai_cli *cli, uint64_t after, each_entry each, void *context)
{
	bool end = false;
	int exit = 0;

	while (exit == 0 && !end)
		exit = read_page(cli, &after, &end, each, context);
	return exit;
}

/* Clocks jump: a range is every entry between the first and the last that lie in the time. */
static bool widen(void *context, uint64_t number, struct kai_span bytes,
		  const struct kai_journal *entry)
{
	struct range *range = context;

	(void)bytes;
	if ((int64_t)entry->at >= range->since_ms && (int64_t)entry->at < range->until_ms) {
		if (range->first == 0)
			range->first = number;
		range->last = number;
	}
	return true;
}

struct copying {
	struct writing *writing;
	uint64_t last;
};

void kai_lines_put(struct kai_lines *lines, json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
	size_t len = text != NULL ? strlen(text) : 0;

	json_decref(line);
	if (text == NULL) {
		lines->error = lines->error != 0 ? lines->error : ENOMEM;
		return;
	}
	text[len] = '\n'; /* in place of its end */
	const struct kai_span pieces[] = {kai_span(lines->digest, KAI_ID_LEN),
					  kai_span(text, len + 1)};

	kai_hash_many(KAI_CTX_CASE, kai_realm_live, pieces, 2, lines->digest);
	if (fwrite(text, 1, len + 1, lines->to) != len + 1 && lines->error == 0)
		lines->error = errno;
	lines->count++;
	free(text);
}

int kai_lines_end(struct kai_cli *cli, const struct kai_lines *lines, int exit)
{
	return exit != 0 || lines->error == 0
		       ? exit
		       : kai_cli_fail(cli, KAI_EXIT_REFUSED, "%s: %s", cli->verb->name,
				      strerror(lines->error));
}

static bool copy(void *context, uint64_t number, struct kai_span bytes,
		 const struct kai_journal *entry)
{
	struct copying *copying = context;
	struct writing *writing = copying->writing;

	writing->chain.number = number;
	kai_hash(KAI_CTX_JOURNAL, kai_realm_live, bytes, writing->chain.hash);
	writing->count++;
	kai_lines_put(writing->lines, kai_journal_line(number, bytes, entry));
	return number < copying->last && writing->lines->error == 0;
}

/* Was nothing newer in the journal when its last entry was written out? */
static bool is_newest(struct kai_cli *cli, const struct writing *writing)
{
	struct kai_journal_chain head = {.number = 0};
	struct kai_txn *txn = kai_cli_txn(cli);
	bool known = txn != NULL && kai_journal_head(txn, &head);

	kai_txn_abort(txn);
	return known && head.number == writing->chain.number;
}

static int write_range(struct kai_cli *cli, const struct range *range, struct writing *writing)
{
	struct copying copying = {.writing = writing, .last = range->last};
	json_t *first = json_pack("{s:s, s:i, s:o, s:o, s:I}", "file", KAI_JOURNAL_FILE, "version",
				  FILE_VERSION, "org", kai_json_id(cli->org), "made_at",
				  kai_json_time((uint64_t)kai_cli_now().ms), "first",
				  (json_int_t)range->first);
	int exit = 0;

	kai_realm_json(cli, first);
	kai_lines_put(writing->lines, first);
	if (range->first > 0)
		exit = read_all(cli, range->first - 1, copy, &copying);
	if (exit == 0)
		kai_lines_put(writing->lines, json_pack("{s:b, s:I, s:I, s:o, s:b}", "end", true,
							"count", (json_int_t)writing->count, "last",
							(json_int_t)writing->chain.number, "hash",
							kai_json_id(writing->chain.hash), "newest",
							is_newest(cli, writing)));
	return exit;
}

int kai_journal_write(struct kai_cli *cli, struct kai_lines *lines, uint64_t first, uint64_t last)
{
	const struct range range = {.first = first, .last = last};
	struct writing writing = {.lines = lines};

	return write_range(cli, &range, &writing);
}

struct seeking {
	bool (*about)(void *context, const uint8_t id[KAI_ID_LEN]);
	void *context;
	uint64_t first, last;
};

static bool seek(void *context, uint64_t number, struct kai_span bytes,
		 const struct kai_journal *entry)
{
	struct seeking *seeking = context;

	(void)bytes;
	if (entry->id.is && seeking->about(seeking->context, entry->id.id)) {
		if (seeking->first == 0)
			seeking->first = number;
		seeking->last = number;
	}
	return true;
}

int kai_journal_about(struct kai_cli *cli,
		      bool (*about)(void *context, const uint8_t id[KAI_ID_LEN]), void *context,
		      uint64_t *ret_first, uint64_t *ret_last)
{
	struct seeking seeking = {.about = about, .context = context};
	int exit = read_all(cli, 0, seek, &seeking);

	*ret_first = seeking.first;
	*ret_last = seeking.last;
	return exit;
}

static int find_range(struct kai_cli *cli, struct range *range)
{
	const char *since = kai_opt_value(cli, "since");
	const char *until = kai_opt_value(cli, "until");
	struct kai_wall at;
	int exit = 0;

	*range = (struct range){.until_ms = INT64_MAX};
	if (since != NULL && (exit = kai_cli_time(cli, "since", since, true, &at)) == 0)
		range->since_ms = at.ms;
	if (exit == 0 && until != NULL &&
	    (exit = kai_cli_time(cli, "until", until, true, &at)) == 0)
		range->until_ms = at.ms;
	return exit != 0 ? exit : read_all(cli, 0, widen, range);
}

struct exporting {
	struct kai_cli *cli;
	struct range range;
	struct kai_lines lines;
	struct writing writing;
};

static int write_file(void *context, FILE *to)
{
	struct exporting *exporting = context;

	exporting->lines.to = to;
	exporting->writing.lines = &exporting->lines;
	return kai_lines_end(exporting->cli, &exporting->lines,
			     write_range(exporting->cli, &exporting->range, &exporting->writing));
}

int kai_verb_journal_export(struct kai_cli *cli)
{
	const char *path = kai_opt_value(cli, "o");
	struct exporting exporting = {.cli = cli};
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = find_range(cli, &exporting.range);
	if (exit == 0)
		exit = kai_outfile_stream(cli, path, 0640, write_file, &exporting);
	if (exit == 0 && path != NULL && strcmp(path, "-") != 0 &&
	    cli->renderer == &kai_render_table)
		(void)fprintf(cli->err,
			      T("%llu entries. They prove their order and wholeness; "
				"when they were written, only a head that somebody "
				"else kept proves.\n"),
			      (unsigned long long)exporting.writing.count);
	return exit;
}

/* ---- reading ---- */

static void wrong(struct kai_journal_file *file, uint64_t at, const char *word, const char *problem)
{
	if (file->problem != NULL)
		return;
	file->at = at;
	file->word = word;
	file->problem = problem;
}

static bool read_first(struct kai_journal_reading *reading, const json_t *line)
{
	const char *what = json_string_value(json_object_get(line, "file"));
	const char *org = json_string_value(json_object_get(line, "org"));
	json_int_t first = json_integer_value(json_object_get(line, "first"));

	if (what == NULL || strcmp(what, KAI_JOURNAL_FILE) != 0 || org == NULL || first < 0 ||
	    json_integer_value(json_object_get(line, "version")) != FILE_VERSION)
		return false;
	const char *made = json_string_value(json_object_get(line, "made_at"));
	struct kai_wall made_at;
	uint8_t id[KAI_ID_LEN];

	if (made != NULL && kai_time_parse(made, &made_at) && made_at.ms > 0)
		reading->made_at = (uint64_t)made_at.ms;
	if (!reading->alone && kai_base32_parse(org, id, sizeof(id)))
		reading->exit = kai_witness_begin(reading->cli, id, &reading->file->witness);
	reading->begun = true;
	reading->file->first = (uint64_t)first;
	reading->file->org = kai_cli_text(reading->cli, "%s", org);
	return true;
}

static void read_end(struct kai_journal_reading *reading, const json_t *line)
{
	struct kai_journal_file *file = reading->file;
	const char *text = json_string_value(json_object_get(line, "hash"));
	uint8_t hash[KAI_ID_LEN] = {0};
	bool same = text != NULL && kai_base32_parse(text, hash, sizeof(hash)) &&
		    kai_id_equal(hash, file->chain.hash);

	reading->ended = true;
	if (json_is_true(json_object_get(line, "newest")) && reading->made_at > 0)
		kai_witness_time(&file->witness, reading->made_at);
	if (!same ||
	    json_integer_value(json_object_get(line, "count")) != (json_int_t)file->count ||
	    json_integer_value(json_object_get(line, "last")) != (json_int_t)file->chain.number)
		wrong(file, file->chain.number, kai_journal_break_word(KAI_JOURNAL_END),
		      N_("the last line names another end: the newest entry was changed, or lines "
			 "were taken out"));
}

/* The exact bytes of a line's entry; false: no such member, or not base64. */
static bool line_bytes(const json_t *line, uint8_t *at, struct kai_span *ret)
{
	const char *text = json_string_value(json_object_get(line, "bytes"));
	size_t len = 0;

	if (text == NULL || sodium_base642bin(at, MAX_BYTES, text, strlen(text), NULL, &len, NULL,
					      sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	*ret = kai_span(at, len);
	return true;
}

static void read_entry(struct kai_journal_reading *reading, const json_t *line)
{
	struct kai_journal_file *file = reading->file;
	uint64_t number = (uint64_t)json_integer_value(json_object_get(line, "number"));
	enum kai_journal_break broken = KAI_JOURNAL_UNREADABLE;
	struct kai_journal entry;
	struct kai_span bytes;

	if (!line_bytes(line, kai_cli_take(reading->cli, MAX_BYTES), &bytes)) {
		wrong(file, number, kai_journal_break_word(broken), kai_journal_meaning(broken));
		return;
	}
	/* An extract begins where it says; the first entry of all names zeros. */
	if (file->count == 0 && file->first > 1) {
		file->chain.number = file->first - 1;
		if (kai_object_decode(&kai_object_journal, bytes, &reading->cli->arena, &entry) ==
		    KAI_FAULT_NONE) {
			memcpy(file->chain.hash, entry.previous, KAI_ID_LEN);
			kai_witness_meet(&file->witness, entry.previous);
		}
	}
	file->count++;
	broken = kai_journal_follow(&file->chain, number, bytes, &reading->cli->arena, &entry);
	if (broken != KAI_JOURNAL_WHOLE)
		wrong(file, number, kai_journal_break_word(broken), kai_journal_meaning(broken));
	if (broken == KAI_JOURNAL_GAP || broken == KAI_JOURNAL_UNREADABLE)
		return;
	kai_witness_meet(&file->witness, file->chain.hash);
	kai_witness_time(&file->witness, entry.at);
	json_t *again = kai_journal_line(number, bytes, &entry);

	if (json_equal(again, line) == 0)
		wrong(file, number, "readable",
		      N_("its readable members say something else than its bytes: believe the "
			 "bytes"));
	json_decref(again);
}

/* false: not a line of ours. */
bool kai_journal_read_line(struct kai_journal_reading *reading, const char *text, size_t len)
{
	size_t used = reading->cli->arena.used;
	json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	if (line == NULL || reading->ended) {
		if (reading->begun)
			wrong(reading->file, reading->file->chain.number + 1, "unreadable",
			      N_("the line is not one that was written here"));
		json_decref(line);
		return reading->begun;
	}
	bool ours = true;

	if (!reading->begun)
		ours = read_first(reading, line);
	else if (json_is_true(json_object_get(line, "end")))
		read_end(reading, line);
	else
		read_entry(reading, line);
	json_decref(line);
	if (reading->begun && reading->file->count > 0)
		reading->cli->arena.used = used;
	return ours;
}

int kai_journal_read(struct kai_cli *cli, const char *path, struct kai_journal_file *ret)
{
	struct kai_journal_reading reading = {.cli = cli, .file = ret};
	FILE *from = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = kai_cli_take(cli, MAX_LINE);
	bool ours = true;

	*ret = (struct kai_journal_file){.word = ""};
	if (from == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(errno));
	while (ours && reading.exit == 0 && ret->problem == NULL &&
	       fgets(text, MAX_LINE, from) != NULL)
		ours = kai_journal_read_line(&reading, text, strlen(text));
	int error = ferror(from) != 0 ? errno : 0;

	if (from != stdin)
		(void)fclose(from);
	if (error != 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(error));
	if (reading.exit != 0)
		return reading.exit;
	if (!ours || !reading.begun)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: not a journal that `kairan journal export` wrote"),
				    path);
	if (!reading.ended)
		wrong(ret, ret->chain.number, "cut",
		      N_("the file ends in the middle: what followed this entry is missing"));
	return 0;
}
