/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill report: how far a drill's items reached whom, when, and why not further. From what was signed
 * alone (receipts, the director's drill, participants' words), so that whoever holds the same
 * statements prints the same; what a node does not hold it does not say.
 */
#include <stdlib.h>
#include <string.h>

#include "item.h"
#include "kairan/agreement.h"
#include "kairan/drill.h"
#include "kairan/receipt.h"
#include "agree.h"
#include "realm.h"
#include "terms.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_drill_report_opts[] = {
	{"csv", NULL, false, N_("comma-separated values (RFC 4180)")},
	{NULL, NULL, false, NULL},
};

#define TIERS 3
#define MAX_ROWS 4096

struct tier {
	json_int_t asked, delivered, confirmed;
	int64_t *times; /* from issued to confirmed */
	size_t time_count;
};

struct report {
	struct kai_cli *cli;
	struct kai_txn *txn;
	const struct kai_drill_held *held;
	json_t *rows, *mend;
	struct tier tiers[TIERS];
	const struct kai_loaded *item; /* the one being counted */
	bool behind;		       /* some take part whom we do not ask ourselves */
	size_t mine;		       /* how many steps we are from who issued it */
};

/* ---- one participant and one item ---- */

static json_int_t since(const struct report *report, const struct kai_reached *reached)
{
	int64_t ms = (int64_t)(reached->at - report->item->facts.header.created_at);

	return ms > 0 ? (json_int_t)ms : 0;
}

/* What it signed about itself; NULL: nothing is known. */
static const char *word_of(const struct report *report, const uint8_t org[KAI_ID_LEN])
{
	struct kai_cli *cli = report->cli;
	struct kai_drill_word word;

	if (!kai_rec_drill_say(report->txn, report->held->drill.realm, org, KAI_DRILL_CONSENTS,
			       &cli->arena, &word))
		return NULL;
	return word.say.what == KAI_DRILL_CONSENTS ? "consents" : "refuses";
}

/* Why a person has not confirmed; "" where one did. */
static const char *cause_of(const struct report *report, const uint8_t *org,
			    const struct kai_reached *delivered, const struct kai_reached *received)
{
	const char *word = word_of(report, org);

	if (received != NULL)
		return "";
	if (delivered != NULL)
		return "nobody-answered";
	if (word == NULL)
		return "not-heard";
	return strcmp(word, "refuses") == 0 ? "refused" : "not-reached";
}

static void count(struct report *report, size_t number, const struct kai_reached *delivered,
		  const struct kai_reached *received)
{
	struct tier *tier = &report->tiers[number < TIERS ? number : TIERS - 1];

	tier->asked++;
	tier->delivered += delivered != NULL;
	tier->confirmed += received != NULL;
	if (received != NULL && tier->time_count < MAX_ROWS)
		tier->times[tier->time_count++] = since(report, received);
}

static bool in_mend(const struct report *report, const char *name)
{
	size_t i;
	json_t *row;

	json_array_foreach (report->mend, i, row)
		if (strcmp(json_string_value(json_object_get(row, "org_name")), name) == 0)
			return true;
	return false;
}

/* Whom to call there, and whose entry is to be mended when that fails; once, by its first item. */
static void add_mend(struct report *report, const struct kai_pair *pair, const char *name,
		     const char *cause)
{
	const struct kai_terms *terms = &pair->agreement.terms;
	int side = pair->has_terms ? kai_terms_side(terms, pair->org) : -1;
	size_t before = json_array_size(report->mend);

	if (in_mend(report, name))
		return;

	for (size_t i = 0; side >= 0 && i < terms->contacts_count; i++) {
		const struct kai_contact *contact = &terms->contacts[i];

		if ((int)contact->side != side)
			continue;
		(void)json_array_append_new(report->mend,
					    json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}",
						      "org_name", name, "cause", cause, "role",
						      kai_json_span(contact->role), "name",
						      kai_json_span(contact->name), "first",
						      kai_json_span(contact->first), "second",
						      kai_json_span(contact->second), "hours",
						      kai_json_span(contact->hours)));
	}
	if (json_array_size(report->mend) == before)
		(void)json_array_append_new(report->mend,
					    json_pack("{s:s, s:s, s:n, s:n, s:n, s:n, s:n}",
						      "org_name", name, "cause", cause, "role",
						      "name", "first", "second", "hours"));
}

static json_t *ms_or_null(const struct report *report, const struct kai_reached *reached)
{
	return reached == NULL ? json_null() : json_integer(since(report, reached));
}

static void add_row(struct report *report, const uint8_t org[KAI_ID_LEN], size_t tier,
		    const struct kai_receipt_rec *rec)
{
	const char *name = kai_org_name(report->cli, report->txn, org);
	const struct kai_reached *delivered = kai_receipt_reached(rec, KAI_LEVEL_DELIVERED);
	const struct kai_reached *received = kai_receipt_reached(rec, KAI_LEVEL_RECEIVED);
	const struct kai_reached here = {.level = KAI_LEVEL_DELIVERED,
					 .at = report->item->facts.item.received_at};
	const char *word = word_of(report, org);

	/* each level says that those before it are reached */
	if (received == NULL)
		received = kai_receipt_reached(rec, KAI_LEVEL_ACTION);
	if (delivered == NULL && kai_id_equal(org, report->cli->org))
		delivered = &here; /* nobody signs to itself that it has it */
	if (delivered == NULL)
		delivered = received;
	const char *cause = cause_of(report, org, delivered, received);

	count(report, tier, delivered, received);
	(void)json_array_append_new(
		report->rows,
		json_pack("{s:o, s:s, s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:s}", "org",
			  kai_json_id(org), "name", name, "item",
			  kai_json_id(report->item->facts.item.id), "tier", (json_int_t)tier,
			  "consent", word != NULL ? word : "not-heard", "delivered_at",
			  delivered == NULL ? json_null() : kai_json_time(delivered->at),
			  "delivered_ms", ms_or_null(report, delivered), "received_at",
			  received == NULL ? json_null() : kai_json_time(received->at),
			  "received_ms", ms_or_null(report, received), "cause", cause));
	if (cause[0] != '\0' && !kai_id_equal(org, report->cli->org)) {
		struct kai_pair *pair = kai_cli_take(report->cli, sizeof(*pair));

		kai_pair_load(report->txn, report->cli->org, org, kai_cli_now(),
			      &report->cli->arena, pair);
		add_mend(report, pair, name, cause);
	}
}

/* Do some take part who are no partners of ours? */
static bool some_behind(const struct report *report)
{
	const struct kai_drill *drill = &report->held->drill;

	for (size_t i = 0; i < drill->participants_count; i++) {
		size_t used = report->cli->arena.used;
		struct kai_pair *pair = kai_cli_take(report->cli, sizeof(*pair));

		kai_pair_load(report->txn, report->cli->org, drill->participants[i], kai_cli_now(),
			      &report->cli->arena, pair);
		bool partner = pair->has_terms;

		report->cli->arena.used = used;
		if (!partner && !kai_id_equal(drill->participants[i], report->cli->org))
			return true;
	}
	return false;
}

/* How many of those behind it confirmed: no names, and no times. */
static void add_behind(struct report *report, size_t tier, const struct kai_receipt_rec *rec)
{
	const struct kai_reached *forwarded = kai_receipt_reached(rec, KAI_LEVEL_FORWARDED);

	if (forwarded == NULL || forwarded->forwarded == NULL || !report->behind)
		return;
	struct tier *behind = &report->tiers[tier < TIERS ? tier : TIERS - 1];

	behind->asked += (json_int_t)forwarded->forwarded->members;
	behind->delivered += (json_int_t)forwarded->forwarded->delivered;
	behind->confirmed += (json_int_t)forwarded->forwarded->received;
}

static void read_receipts(struct report *report, uint16_t peer, struct kai_receipt_rec *ret)
{
	struct kai_key key = kai_key_pair(report->item->facts.arrival, peer);

	*ret = (struct kai_receipt_rec){.levels_count = 0};
	(void)kai_rec_get(report->txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec,
			  &report->cli->arena, ret);
}

/* A participant whom we ask ourselves: we have an agreement with it, and it is no other's that we got there. What is our
 * own may come back from whom others told first. */
static void add_partner(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
			void *context)
{
	struct report *report = context;
	struct kai_key key = kai_key_pair(report->item->facts.arrival, pair->peer);
	struct kai_receipt_rec rec;
	struct kai_span value;

	(void)cli;
	if (!kai_drill_has(&report->held->drill, pair->org) ||
	    kai_id_equal(pair->org, report->item->facts.header.origin) ||
	    (report->mine > 0 && kai_txn_get(txn, KAI_TABLE_SUPPLY, kai_key_span(&key), &value)))
		return;
	read_receipts(report, pair->peer, &rec);
	if (report->mine > 0 && rec.levels_count == 0)
		return; /* somebody else's to say */
	add_row(report, pair->org, report->mine + 1, &rec);
	add_behind(report, report->mine + 2, &rec);
}

/* 0: ours; 1: from who issued it; 2: from somebody between. */
static size_t steps(struct report *report)
{
	const struct kai_loaded *item = report->item;
	struct kai_peer peer;
	struct kai_span value;

	if (kai_id_equal(item->facts.header.origin, report->cli->org))
		return 0;
	if (!kai_rec_peer(report->txn, item->facts.header.origin, &report->cli->arena, &peer))
		return 2;
	struct kai_key key = kai_key_pair(item->facts.arrival, (uint16_t)peer.number);

	return kai_txn_get(report->txn, KAI_TABLE_SUPPLY, kai_key_span(&key), &value) ? 1 : 2;
}

static void add_item(struct report *report)
{
	struct kai_receipt_rec own;

	report->mine = steps(report);
	read_receipts(report, 0, &own);
	if (report->mine > 0)
		add_row(report, report->cli->org, report->mine, &own);
	kai_agree_each(report->cli, report->txn, add_partner, report);
}

static void add_items(struct report *report)
{
	struct kai_index_scan scan;
	uint64_t arrival;

	kai_index_origin(&scan, report->txn, report->held->drill.director, 0, false);
	while (kai_index_next(&scan, &arrival)) {
		struct kai_loaded *item = kai_cli_take(report->cli, sizeof(*item));

		if (!kai_item_load(report->cli, report->txn, arrival, false, item) ||
		    !kai_id_equal(item->facts.header.origin, report->held->drill.director) ||
		    item->facts.header.kind == KAI_KIND_RETRACT)
			continue;
		report->item = item;
		add_item(report);
	}
}

/* What agreements' duties came to in the drill, as this node has it. */
static json_t *duties_json(struct report *report)
{
	json_int_t met = 0, missed = 0, open = 0;
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, report->txn, KAI_TABLE_DUTIES, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, NULL, &value)) {
		size_t used = report->cli->arena.used;
		struct kai_duty_row row;

		if (kai_object_decode(&kai_object_duty_row, value, &report->cli->arena, &row) ==
		    KAI_FAULT_NONE) {
			bool late = kai_duty_late(&row);

			missed += late;
			met += row.state == KAI_DUTY_MET && !late;
			open += row.settled_at == 0 && !late;
		}
		report->cli->arena.used = used;
	}
	return json_pack("{s:I, s:I, s:I}", "met", met, "missed", missed, "open", open);
}

/* ---- rates ---- */

static int by_time(const void *a, const void *b)
{
	const int64_t *one = a, *two = b;

	return (*one > *two) - (*one < *two);
}

static json_t *rate_json(struct kai_cli *cli, json_t *name, struct tier *tier)
{
	size_t n = tier->time_count;

	qsort(tier->times, n, sizeof(*tier->times), by_time);
	return json_pack(
		"{s:o, s:I, s:I, s:I, s:s, s:o, s:o, s:o}", "tier", name, "asked", tier->asked,
		"delivered", tier->delivered, "confirmed", tier->confirmed, "rate",
		kai_cli_text(cli, "%lld/%lld", (long long)tier->confirmed, (long long)tier->asked),
		"percent",
		tier->asked == 0 ? json_null()
				 : json_integer(tier->confirmed * 100 / tier->asked), /* 100: all */
		"median_ms", n == 0 ? json_null() : json_integer(tier->times[(n - 1) / 2]),
		"worst_ms", n == 0 ? json_null() : json_integer(tier->times[n - 1]));
}

static json_t *rates(struct report *report)
{
	struct kai_cli *cli = report->cli;
	json_t *rows = json_array();
	struct tier all = {.times = kai_cli_take(cli, (size_t)TIERS * MAX_ROWS * sizeof(int64_t))};

	for (size_t i = 0; i < TIERS; i++) {
		struct tier *tier = &report->tiers[i];

		if (tier->asked == 0)
			continue;
		all.asked += tier->asked;
		all.delivered += tier->delivered;
		all.confirmed += tier->confirmed;
		memcpy(all.times + all.time_count, tier->times,
		       tier->time_count * sizeof(*tier->times));
		all.time_count += tier->time_count;
		(void)json_array_append_new(rows,
					    rate_json(cli, json_integer((json_int_t)i), tier));
	}
	(void)json_array_append_new(rows, rate_json(cli, json_string("all"), &all));
	return rows;
}

/* ---- showing ---- */

static const struct kai_col row_cols[] = {
	{"tier", N_("tier"), KAI_COL_NUMBER},
	{"name", N_("participant"), KAI_COL_TEXT},
	{"consent", N_("take part"), KAI_COL_WORD},
	{"delivered_at", N_("delivered"), KAI_COL_TIME},
	{"received_at", N_("received"), KAI_COL_TIME},
	{"cause", N_("cause"), KAI_COL_WORD},
	{"delivered_ms", N_("delivered"), KAI_COL_DETAIL},
	{"received_ms", N_("received"), KAI_COL_DETAIL},
	{"org", N_("org"), KAI_COL_DETAIL},
	{"item", N_("id"), KAI_COL_DETAIL},
};
#define ROW_COLS (sizeof(row_cols) / sizeof(*row_cols))

static char *span_of(struct kai_cli *cli, const json_t *of, const char *key)
{
	const json_t *ms = json_object_get(of, key);

	return json_is_integer(ms) ? kai_view_span(cli, json_integer_value(ms))
				   : kai_cli_text(cli, "-");
}

static void show_rate(struct kai_cli *cli, const json_t *rate)
{
	const json_t *tier = json_object_get(rate, "tier");
	long long percent = (long long)json_integer_value(json_object_get(rate, "percent"));
	const char *label =
		json_is_integer(tier)
			? kai_cli_text(cli, T("tier %lld"), (long long)json_integer_value(tier))
			: kai_cli_text(cli, "%s", T("all"));

	bool asked = json_is_integer(json_object_get(rate, "percent"));

	kai_view_pair(cli, label,
		      kai_cli_text(cli, T("%s confirmed (%s), median %s, worst %s"),
				   json_string_value(json_object_get(rate, "rate")),
				   asked ? kai_cli_text(cli, "%lld%%", percent) : "-",
				   span_of(cli, rate, "median_ms"),
				   span_of(cli, rate, "worst_ms")));
}

static const char *cell(struct kai_cli *cli, const json_t *row, const char *key)
{
	return kai_view_safe(cli, json_string_value(json_object_get(row, key)), false);
}

static void show_mend(struct kai_cli *cli, const json_t *mend)
{
	size_t i;
	json_t *contact;

	if (json_array_size(mend) > 0)
		(void)fprintf(cli->out, "%s\n", T("Contact cards to mend:"));
	json_array_foreach (mend, i, contact) {
		if (json_is_null(json_object_get(contact, "first")))
			(void)fprintf(cli->out, T("  %s: no contact is agreed (agree on one)\n"),
				      cell(cli, contact, "org_name"));
		else
			(void)fprintf(cli->out, "  %s: %s  %s  %s\n",
				      cell(cli, contact, "org_name"), cell(cli, contact, "role"),
				      cell(cli, contact, "first"), cell(cli, contact, "second"));
	}
}

/* How long it took says more than when it was, and fits on a line. */
static void say_how_long(struct kai_cli *cli, const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		(void)json_object_set_new(row, "delivered_after",
					  json_string(span_of(cli, row, "delivered_ms")));
		(void)json_object_set_new(row, "received_after",
					  json_string(span_of(cli, row, "received_ms")));
	}
}

static void show_report(struct kai_cli *cli, json_t *top)
{
	static const struct kai_col cols[] = {
		{"tier", N_("tier"), KAI_COL_NUMBER},
		{"name", N_("participant"), KAI_COL_TEXT},
		{"consent", N_("take part"), KAI_COL_WORD},
		{"delivered_after", N_("reached in"), KAI_COL_TEXT},
		{"received_after", N_("confirmed in"), KAI_COL_TEXT},
		{"cause", N_("cause"), KAI_COL_WORD},
	};
	static const struct kai_view table = {.list = "rows",
					      .cols = cols,
					      .col_count = sizeof(cols) / sizeof(*cols),
					      .empty = N_("Nothing was practised yet.")};
	const json_t *duties = json_object_get(top, "duties");
	size_t i;
	json_t *rate;

	(void)fprintf(cli->out, T("%s, directed by %s\n"), cell(cli, top, "name"),
		      cell(cli, top, "director_name"));
	(void)fprintf(cli->out, "%s\n", T("Reach-confirmation rate:"));
	json_array_foreach (json_object_get(top, "tiers"), i, rate)
		show_rate(cli, rate);
	kai_view_pair(cli, T("duties"),
		      kai_cli_text(cli, T("%lld met, %lld missed, %lld open"),
				   (long long)json_integer_value(json_object_get(duties, "met")),
				   (long long)json_integer_value(json_object_get(duties, "missed")),
				   (long long)json_integer_value(json_object_get(duties, "open"))));
	say_how_long(cli, json_object_get(top, "rows"));
	kai_render_table.show(cli, &table, top);
	show_mend(cli, json_object_get(top, "mend"));
}

static void csv_cell(FILE *out, const json_t *value)
{
	const char *text = json_string_value(value);

	if (json_is_integer(value)) {
		(void)fprintf(out, "%lld", (long long)json_integer_value(value));
		return;
	}
	(void)fputc('"', out);
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"')
			(void)fputc('"', out);
		(void)fputc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
	}
	(void)fputc('"', out);
}

static void show_csv(struct kai_cli *cli, const json_t *top)
{
	size_t i;
	json_t *row;

	(void)fprintf(cli->out, "realm");
	for (size_t c = 0; c < ROW_COLS; c++)
		(void)fprintf(cli->out, ",%s", row_cols[c].key);
	(void)fprintf(cli->out, "\r\n");
	json_array_foreach (json_object_get(top, "rows"), i, row) {
		csv_cell(cli->out, json_object_get(top, "realm"));
		for (size_t c = 0; c < ROW_COLS; c++) {
			(void)fputc(',', cli->out);
			csv_cell(cli->out, json_object_get(row, row_cols[c].key));
		}
		(void)fprintf(cli->out, "\r\n");
	}
}

int kai_verb_drill_report(struct kai_cli *cli)
{
	static const struct kai_view view = {
		.list = "rows", .cols = row_cols, .col_count = ROW_COLS, .human = show_report};
	struct report report = {.cli = cli};
	bool csv = kai_opt_is(cli, "csv");

	if (csv && cli->renderer != &kai_render_table)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--csv, --json and --lines: choose one"));
	int exit = kai_cli_practise(cli, cli->args[0]);

	if (exit == 0) /* CSV says in its first column that it is a drill's */
		exit = csv ? kai_cli_mark_errors(cli) : kai_cli_mark(cli);
	if (exit == 0)
		exit = kai_cli_keys(cli);
	report.txn = exit == 0 ? kai_cli_txn(cli) : NULL;
	if (report.txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	report.held = cli->drill;
	report.rows = json_array();
	report.mend = json_array();
	for (size_t i = 0; i < TIERS; i++)
		report.tiers[i].times = kai_cli_take(cli, MAX_ROWS * sizeof(int64_t));
	report.behind = some_behind(&report);
	add_items(&report);

	const struct kai_drill *drill = &cli->drill->drill;
	json_t *top = json_pack(
		"{s:s, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "realm",
		kai_realm_text(cli, drill->realm), "name", kai_json_span(drill->name), "level",
		drill->level == KAI_DRILL_COMCHECK ? "comcheck" : "drills", "director",
		kai_json_id(drill->director), "director_name",
		kai_org_name(cli, report.txn, drill->director), "from", kai_json_time(drill->from),
		"until", kai_json_time(kai_drill_end(report.txn, cli->drill, &cli->arena)), "tiers",
		rates(&report), "duties", duties_json(&report), "rows", report.rows, "mend",
		report.mend);

	kai_txn_abort(report.txn);
	if (csv) {
		show_csv(cli, top);
		json_decref(top);
	} else {
		kai_view_show(cli, &view, top);
	}
	return KAI_EXIT_DONE;
}
