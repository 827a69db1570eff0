/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export case: every item of an incident's thread that is here and what names the incident, with its
 * exact bytes, signatures, openings, how it came and went under which agreements, receipts, and the
 * journal from the first entry about it to the last. A local exit: the one decision is asked for our own
 * organisation under a ceiling, as of when each item came. The node seals it.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "item.h"
#include "kairan/receipt.h"
#include "outfile.h"
#include "verbs.h"

#define MAX_ITEMS 4096u
#define PAGE 256u /* items looked at in one transaction */

const struct kai_opt kai_export_case_opts[] = {
	{"o", "FILE", false, N_("write here (needed)")},
	{"ceiling", "TLP", false,
	 N_("leave out what is stricter than this (default RED: nothing)")},
	{NULL, NULL, false, NULL},
};

struct casing {
	struct kai_cli *cli;
	struct kai_lines lines;
	uint8_t thread[KAI_ID_LEN];
	uint64_t ceiling;
	uint8_t (*ids)[KAI_ID_LEN]; /* MAX_ITEMS */
	uint64_t *arrivals;
	size_t count;
	size_t left_out; /* items and parts */
	json_t *orgs;	 /* whose cards go along */
	json_t *pacts;	 /* digest → the other side */
};

/* ---- which items */

static bool read_header(const struct casing *casing, struct kai_txn *txn, uint64_t arrival,
			struct kai_item *ret_item, struct kai_header *ret)
{
	struct kai_arena *arena = &casing->cli->arena;

	return kai_rec_item(txn, arrival, arena, ret_item) &&
	       kai_header_read(ret_item->header, arena, ret) == KAI_FAULT_NONE;
}

/* What names an incident may name any report of it. */
static void thread_of(const struct casing *casing, struct kai_txn *txn,
		      const uint8_t id[KAI_ID_LEN], uint8_t ret[KAI_ID_LEN])
{
	struct kai_header header;
	struct kai_item item;
	uint64_t arrival;
	bool later = kai_rec_arrival(txn, id, &arrival) &&
		     read_header(casing, txn, arrival, &item, &header) && header.thread.is;

	memcpy(ret, later ? header.thread.id : id, KAI_ID_LEN);
}

static bool concerns(const struct casing *casing, struct kai_txn *txn, const uint8_t id[KAI_ID_LEN],
		     const struct kai_header *header)
{
	uint8_t thread[KAI_ID_LEN];

	if (kai_id_equal(id, casing->thread) ||
	    (header->thread.is && kai_id_equal(header->thread.id, casing->thread)))
		return true;
	if (!header->incident.is)
		return false;
	thread_of(casing, txn, header->incident.id, thread);
	return kai_id_equal(thread, casing->thread);
}

/* false: there are too many. What cannot be read may be of it: it is named. */
static bool look(struct casing *casing, struct kai_txn *txn, uint64_t arrival)
{
	struct kai_cli *cli = casing->cli;
	size_t used = cli->arena.used;
	struct kai_header header;
	struct kai_item item;
	bool read = read_header(casing, txn, arrival, &item, &header);
	bool is = !read || concerns(casing, txn, item.id, &header);

	cli->arena.used = used;
	if (!is)
		return true;
	if (casing->count == MAX_ITEMS)
		return false;
	memset(casing->ids[casing->count], 0, KAI_ID_LEN);
	if (read)
		memcpy(casing->ids[casing->count], item.id, KAI_ID_LEN);
	casing->arrivals[casing->count++] = arrival;
	return true;
}

static int collect(struct casing *casing)
{
	struct kai_cli *cli = casing->cli;
	uint64_t from = 1;
	bool more = true, fits = true;

	while (more && fits) {
		struct kai_txn *txn = kai_cli_txn(cli);
		struct kai_index_scan scan;
		uint64_t arrival;

		if (txn == NULL)
			return KAI_EXIT_REFUSED;
		more = false;
		kai_index_all(&scan, txn, from, false);
		for (unsigned i = 0; fits && i < PAGE && kai_index_next(&scan, &arrival); i++) {
			fits = look(casing, txn, arrival);
			from = arrival + 1;
			more = true;
		}
		kai_txn_abort(txn);
	}
	if (fits)
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_REFUSED,
			    T("export case: more than %u advisories are of it: too many for a "
			      "file"),
			    MAX_ITEMS);
}

/* ---- one item */

static json_t *base64(struct kai_span bytes)
{
	size_t cap = sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(cap);
	json_t *json = NULL;

	if (text != NULL) {
		(void)sodium_bin2base64(text, cap, bytes.at, bytes.len,
					sodium_base64_VARIANT_ORIGINAL);
		json = json_string(text);
	}
	free(text);
	return json;
}

static void put(struct casing *casing, const char *what, json_t *line)
{
	(void)json_object_set_new(line, "what", json_string(what));
	kai_lines_put(&casing->lines, line);
}

/* id zeros: of what cannot be read. */
static void leave_out(struct casing *casing, const char *of, const uint8_t id[KAI_ID_LEN],
		      const char *rule)
{
	casing->left_out++;
	put(casing, "left-out",
	    json_pack("{s:s, s:o, s:s}", "of", of, "id",
		      sodium_is_zero(id, KAI_ID_LEN) == 1 ? json_null() : kai_json_id(id), "rule",
		      rule));
}

static struct kai_verdict decide(const struct casing *casing, const struct kai_loaded *item,
				 const struct kai_label *label, uint8_t index)
{
	const struct kai_facts facts = {
		.header = &item->facts.header,
		.id = item->facts.item.id,
		.part_label = label,
		.part_index = index,
		.from = casing->cli->org,
		.to = casing->cli->org,
		.releases = item->facts.releases,
		.release_count = item->facts.release_count,
		.overlay = KAI_ONWARD_ANY,
		.realm = kai_realm_live,
		.now = {(int64_t)item->facts.item.received_at},
		.exit_ceiling = casing->ceiling,
	};

	return kai_policy_decide(&facts);
}

static void withhold(struct casing *casing, json_t *list, struct kai_span part, const char *rule)
{
	casing->left_out++;
	(void)json_array_append_new(
		list, json_pack("{s:o, s:s}", "part", kai_json_span(part), "rule", rule));
}

/* Parts that may go, with what opens them; of the others their names and why. */
static void add_parts(struct casing *casing, struct kai_txn *txn, const struct kai_loaded *item,
		      struct kai_advisory *io_advisory, json_t *line)
{
	struct kai_cli *cli = casing->cli;
	const struct kai_header *header = &item->facts.header;
	json_t *openings = json_array(), *withheld = json_array();

	for (uint8_t i = 0; i < header->parts_count && i < KAI_MAX_PARTS; i++) {
		struct kai_key key = kai_key_part(item->facts.arrival, i);
		struct kai_part part;
		bool known = (item->facts.labels_known >> i & 1) != 0 &&
			     kai_rec_get(txn, KAI_TABLE_PARTS, &key, &kai_object_part, &cli->arena,
					 &part);
		struct kai_verdict verdict = {.allow = false};

		if (known)
			verdict = decide(casing, item, &item->labels[i], i);
		if (!known || !verdict.allow) {
			withhold(casing, withheld, header->parts[i].name,
				 known ? kai_rule_name(verdict.rule) : "not-held");
			continue;
		}
		struct kai_span opening =
			kai_object_encode_in(&kai_object_opening, &item->openings[i], &cli->arena);

		io_advisory->parts[io_advisory->parts_count++] =
			(struct kai_part_blob){.index = i, .ciphertext = part.ciphertext};
		(void)json_array_append_new(openings,
					    json_pack("{s:o, s:i, s:o}", "part",
						      kai_json_span(header->parts[i].name), "index",
						      (int)i, "opening", base64(opening)));
	}
	(void)json_object_set_new(line, "openings", openings);
	(void)json_object_set_new(line, "withheld", withheld);
}

/* Whose cards and which agreements a reader needs. */
static void remember(struct casing *casing, const json_t *ways)
{
	const json_t *row;
	size_t i;

	json_array_foreach (ways, i, row) {
		const char *org = json_string_value(json_object_get(row, "org"));
		const char *digest = json_string_value(json_object_get(row, "agreement"));
		uint8_t id[KAI_ID_LEN];

		if (org == NULL || digest == NULL || !kai_base32_parse(digest, id, sizeof(id)) ||
		    sodium_is_zero(id, sizeof(id)) == 1)
			continue;
		(void)json_object_set_new(casing->orgs, org, json_true());
		(void)json_object_set_new(casing->pacts, digest, json_string(org));
	}
}

static void remember_org(struct casing *casing, const uint8_t org[KAI_ID_LEN])
{
	char text[KAI_ID_TEXT];

	kai_id_text(org, text);
	(void)json_object_set_new(casing->orgs, text, json_true());
}

/* One signature stands over all that is said at once. Does it tell of another item what a label may forbid? */
static bool tells_more(const struct kai_receipt *receipt, const uint8_t id[KAI_ID_LEN])
{
	for (size_t i = 0; i < receipt->entries_count; i++)
		if (!kai_id_equal(receipt->entries[i].id, id) &&
		    (receipt->entries[i].note.len > 0 || receipt->entries[i].action != 0))
			return true;
	return false;
}

/* The exact bytes of what its receivers signed about it. */
static void put_receipts(struct casing *casing, struct kai_txn *txn,
			 const struct kai_item_facts *of)
{
	struct kai_key prefix = kai_key_u64(of->arrival);
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_RECEIPTS, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct kai_receipt_rec rec;

		if (kai_object_decode(&kai_object_receipt_rec, value, &casing->cli->arena, &rec) !=
		    KAI_FAULT_NONE)
			continue;
		for (size_t i = 0; i < rec.levels_count; i++) {
			struct kai_key key = kai_key_bytes(rec.levels[i].statement.id, KAI_ID_LEN);
			struct kai_receipt_opened opened;
			struct kai_statement statement;

			if (!rec.levels[i].statement.is ||
			    !kai_rec_get(txn, KAI_TABLE_STATEMENTS, &key, &kai_object_statement,
					 &casing->cli->arena, &statement) ||
			    kai_receipt_open(statement.bytes, &casing->cli->arena, &opened) !=
				    KAI_FAULT_NONE)
				continue;
			if (casing->ceiling != KAI_TLP_RED &&
			    tells_more(&opened.receipt, of->item.id)) {
				leave_out(casing, "receipt", of->item.id, "ceiling");
				continue;
			}
			remember_org(casing, opened.receipt.org);
			put(casing, "receipt",
			    json_pack("{s:o, s:o, s:s, s:o}", "org",
				      kai_json_id(opened.receipt.org), "id",
				      kai_json_id(of->item.id), "level",
				      kai_level_word(rec.levels[i].level), "bytes",
				      base64(statement.bytes)));
		}
	}
}

static void put_releases(struct casing *casing, struct kai_txn *txn, uint64_t arrival)
{
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_EVIDENCE, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, NULL, &value))
		put(casing, "release", json_pack("{s:o}", "bytes", base64(value)));
}

/* In a transaction of its own: it looks at the rest of the thread, and what is damaged there ends all reading. */
static const char *state_of(struct casing *casing, uint64_t arrival)
{
	struct kai_cli *cli = casing->cli;
	struct kai_txn *txn = kai_cli_txn(cli);
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	const char *state = "?";

	if (txn != NULL && kai_item_load(cli, txn, arrival, false, item))
		state = kai_item_state(cli, txn, item);
	kai_txn_abort(txn);
	return state;
}

static void put_whole(struct casing *casing, struct kai_txn *txn, const struct kai_loaded *item,
		      const char *state)
{
	struct kai_cli *cli = casing->cli;
	const struct kai_item *record = &item->facts.item;
	struct kai_advisory advisory = {
		.header = record->header,
		.signatures = record->signatures,
		.signatures_count = record->signatures_count,
		.parts = kai_cli_take(cli, KAI_MAX_PARTS * sizeof(*advisory.parts)),
	};
	json_t *supply = kai_item_ways(cli, txn, item->facts.arrival, true);
	json_t *released = kai_item_ways(cli, txn, item->facts.arrival, false);
	json_t *line = json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "id", kai_json_id(record->id),
				 "origin", kai_json_id(item->facts.header.origin), "received_at",
				 kai_json_time(record->received_at), "state", state, "supply",
				 supply, "released", released);

	/* our own word, and what was said by telephone: signed by nobody but us */
	(void)json_object_set_new(line, "knows", kai_receipts_json(cli, txn, item->facts.arrival));
	remember_org(casing, item->facts.header.origin);
	remember(casing, supply);
	remember(casing, released);
	add_parts(casing, txn, item, &advisory, line);
	(void)json_object_set_new(
		line, "advisory",
		base64(kai_object_encode_in(&kai_object_advisory, &advisory, &cli->arena)));
	put(casing, "item", line);
	put_releases(casing, txn, item->facts.arrival);
	put_receipts(casing, txn, &item->facts);
	if (kai_txn_error(txn) != KAI_ERR_OK)
		leave_out(casing, "item", record->id, "damaged");
}

static int put_item(struct casing *casing, size_t place)
{
	struct kai_cli *cli = casing->cli;
	size_t used = cli->arena.used;
	const char *state = state_of(casing, casing->arrivals[place]);
	struct kai_txn *txn = kai_cli_txn(cli);
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	if (kai_item_load(cli, txn, casing->arrivals[place], true, item)) {
		struct kai_verdict verdict = decide(casing, item, NULL, 0);

		if (verdict.allow)
			put_whole(casing, txn, item, state);
		else
			leave_out(casing, "item", casing->ids[place], kai_rule_name(verdict.rule));
	} else {
		leave_out(casing, "item", casing->ids[place], "damaged");
	}
	kai_txn_abort(txn);
	cli->arena.used = used;
	return 0;
}

/* ---- what its signatures rest on */

static void put_pacts(struct casing *casing, struct kai_txn *txn)
{
	const char *digest;
	json_t *org;

	json_object_foreach (casing->pacts, digest, org) {
		uint8_t other[KAI_ID_LEN], id[KAI_ID_LEN];
		struct kai_agree_rec rec;

		if (!kai_base32_parse(json_string_value(org), other, sizeof(other)) ||
		    !kai_base32_parse(digest, id, sizeof(id)))
			continue;
		struct kai_key key = kai_key_two(other, id);

		if (kai_rec_get(txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec,
				&casing->cli->arena, &rec))
			put(casing, "agreement",
			    json_pack("{s:s, s:o, s:o}", "digest", digest, "org", json_incref(org),
				      "bytes", base64(rec.bytes)));
	}
}

/* All cards that are here: keys may have changed since. */
static void put_cards(struct casing *casing, struct kai_txn *txn)
{
	const char *text;
	json_t *unused;

	json_object_foreach (casing->orgs, text, unused) {
		struct kai_scan scan;
		struct kai_span value;
		uint8_t org[KAI_ID_LEN];

		if (!kai_base32_parse(text, org, sizeof(org)))
			continue;
		kai_scan_init(&scan, txn, KAI_TABLE_CARDS, kai_span(org, sizeof(org)),
			      kai_span(NULL, 0), false);
		while (kai_scan_next(&scan, NULL, &value)) {
			struct kai_card_rec rec;

			if (kai_object_decode(&kai_object_card_rec, value, &casing->cli->arena,
					      &rec) == KAI_FAULT_NONE)
				put(casing, "card",
				    json_pack("{s:s, s:o}", "org", text, "bytes",
					      base64(rec.bytes)));
		}
	}
}

static bool is_about(void *context, const uint8_t id[KAI_ID_LEN])
{
	const struct casing *casing = context;

	for (size_t i = 0; i < casing->count; i++)
		if (kai_id_equal(casing->ids[i], id))
			return true;
	return false;
}

static int put_rest(struct casing *casing)
{
	struct kai_cli *cli = casing->cli;
	struct kai_txn *txn = kai_cli_txn(cli);
	const uint8_t nothing[KAI_ID_LEN] = {0};
	uint64_t first = 0, last = 0;

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	remember_org(casing, cli->org);
	put_pacts(casing, txn);
	put_cards(casing, txn);
	if (kai_txn_error(txn) != KAI_ERR_OK)
		leave_out(casing, "card", nothing, "damaged");
	kai_txn_abort(txn);
	/* between its entries stand those about other matters, with notes and what programs printed */
	if (casing->ceiling != KAI_TLP_RED) {
		leave_out(casing, "journal", nothing, "ceiling");
		return 0;
	}
	int exit = kai_journal_about(cli, is_about, casing, &first, &last);

	return exit != 0 ? exit : kai_journal_write(cli, &casing->lines, first, last);
}

/* ---- the whole */

static int seal(struct casing *casing)
{
	struct kai_cli *cli = casing->cli;
	struct kai_ctl_case_seal request = {.version = KAI_VERSION,
					    .type = KAI_CONTROL_CASE_SEAL,
					    .lines = casing->lines.count};
	struct kai_ctl_answer answer;

	memcpy(request.thread, casing->thread, KAI_ID_LEN);
	memcpy(request.digest, casing->lines.digest, KAI_ID_LEN);
	int exit = kai_node_ask(cli, &kai_object_ctl_case_seal, &request, false, &answer);

	if (exit != 0)
		return exit;
	if (answer.exit != 0)
		return kai_node_refused(cli, &answer);
	kai_lines_put(&casing->lines, json_pack("{s:o}", "seal", base64(answer.body)));
	return 0;
}

static int write_all(void *context, FILE *to)
{
	struct casing *casing = context;
	struct kai_cli *cli = casing->cli;
	int exit = 0;

	casing->lines.to = to;
	kai_lines_put(&casing->lines,
		      json_pack("{s:s, s:i, s:o, s:o, s:o, s:s, s:I}", "file", KAI_CASE_FILE,
				"version", KAI_CASE_VERSION, "org", kai_json_id(cli->org),
				"made_at", kai_json_time((uint64_t)kai_cli_now().ms), "thread",
				kai_json_id(casing->thread), "ceiling",
				kai_tlp_word(casing->ceiling), "items", (json_int_t)casing->count));
	for (size_t i = 0; exit == 0 && i < casing->count; i++)
		exit = put_item(casing, i);
	if (exit == 0)
		exit = put_rest(casing);
	if (exit == 0)
		exit = seal(casing);
	return kai_lines_end(cli, &casing->lines, exit);
}

/* The thread of the item that is named; it need not be its first. */
static int find_thread(struct casing *casing)
{
	struct kai_cli *cli = casing->cli;
	struct kai_txn *txn = kai_cli_txn(cli);
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival;

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	int exit = kai_item_find(cli, txn, cli->args[0], id, &arrival);

	if (exit == 0 && !kai_item_load(cli, txn, arrival, false, item))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: damaged (run `kairan check`)"),
				    cli->args[0]);
	if (exit == 0 && item->facts.header.incident.is)
		thread_of(casing, txn, item->facts.header.incident.id, casing->thread);
	else if (exit == 0)
		memcpy(casing->thread, kai_item_thread(item), KAI_ID_LEN);
	kai_txn_abort(txn);
	return exit;
}

static int begin(struct casing *casing)
{
	struct kai_cli *cli = casing->cli;
	const char *ceiling = kai_opt_value(cli, "ceiling");

	casing->ceiling = KAI_TLP_RED;
	if (ceiling != NULL && !kai_tlp_parse(ceiling, &casing->ceiling))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--ceiling %s: not a TLP 2.0 label (RED, AMBER+STRICT, "
				      "AMBER, GREEN, CLEAR)"),
				    ceiling);
	if (kai_opt_value(cli, "o") == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("export case: where to? (-o FILE)"));
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_keys(cli);
	if (exit == 0)
		exit = find_thread(casing);
	if (exit != 0)
		return exit;
	casing->ids = kai_cli_take(cli, MAX_ITEMS * sizeof(*casing->ids));
	casing->arrivals = kai_cli_take(cli, MAX_ITEMS * sizeof(*casing->arrivals));
	return collect(casing);
}

static const struct kai_col case_cols[] = {
	{"file", N_("file"), KAI_COL_TEXT},	     {"thread", N_("thread"), KAI_COL_ID},
	{"items", N_("advisories"), KAI_COL_NUMBER}, {"left_out", N_("left out"), KAI_COL_NUMBER},
	{"lines", N_("lines"), KAI_COL_NUMBER},
};
static const struct kai_view case_view = {.cols = case_cols, .col_count = 5};

int kai_verb_export_case(struct kai_cli *cli)
{
	const char *path = kai_opt_value(cli, "o");
	struct casing casing = {.cli = cli, .orgs = json_object(), .pacts = json_object()};
	int exit = begin(&casing);

	if (exit == 0)
		exit = kai_outfile_stream(cli, path, 0640, write_all, &casing);
	if (exit == 0 && strcmp(path, "-") != 0)
		kai_view_show(cli, &case_view,
			      json_pack("{s:s, s:o, s:I, s:I, s:I}", "file", path, "thread",
					kai_json_id(casing.thread), "items",
					(json_int_t)casing.count, "left_out",
					(json_int_t)casing.left_out, "lines",
					(json_int_t)casing.lines.count));
	json_decref(casing.orgs);
	json_decref(casing.pacts);
	return exit;
}
