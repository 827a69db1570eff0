/* SPDX-License-Identifier: Apache-2.0 */
/* duty: who owes what to whom, about which item, by when; what is overdue first. */
#include "duty.h"

#include <stdlib.h>
#include <string.h>

#include "item.h"
#include "verbs.h"

#define LINE_WIDTH 78
#define LATELY_MS KAI_MS_DAY
#define MOST_ROWS 100000

const struct kai_opt kai_duty_opts[] = {
	{"open", NULL, false, N_("only what is neither met nor ended")},
	{"all", NULL, false, N_("also what was met or ended more than a day ago")},
	{"org", "O", false, N_("only with this organisation")},
	{NULL, NULL, false, NULL},
};

static const char *const actions[] = {"?", "pass", "answer", "report"};
static const char *const sides[] = {"ours", "theirs"};

/* The state as it is by the clock: a node that is down has noted nothing since. */
static uint64_t state_now(const struct kai_duty_row *row)
{
	bool unseen = row->side == KAI_DUTY_THEIRS && row->action == KAI_DUTY_PASS;

	if (row->state != KAI_DUTY_DUE || (int64_t)row->due_at > kai_cli_now().ms)
		return row->state;
	return unseen ? KAI_DUTY_UNSEEN : KAI_DUTY_OVERDUE;
}

/* ---- from the store ---- */

static bool peer_of(struct kai_cli *cli, struct kai_txn *txn, uint16_t number,
		    uint8_t ret[KAI_ID_LEN])
{
	struct kai_key key = kai_key_peer(number);
	struct kai_peer peer;

	if (number == 0 ||
	    !kai_rec_get(txn, KAI_TABLE_PEERS, &key, &kai_object_peer, &cli->arena, &peer))
		return false;
	memcpy(ret, peer.org, KAI_ID_LEN);
	return true;
}

static void set_org(struct kai_cli *cli, struct kai_txn *txn, json_t *row, const char *key,
		    uint16_t number)
{
	char *name_key = kai_cli_text(cli, "%s_name", key);
	uint8_t org[KAI_ID_LEN];
	bool known = peer_of(cli, txn, number, org);

	(void)json_object_set_new(row, key, known ? kai_json_id(org) : json_null());
	(void)json_object_set_new(row, name_key,
				  known ? json_string(kai_org_name(cli, txn, org)) : json_null());
}

static void set_item(struct kai_cli *cli, struct kai_txn *txn, json_t *row, uint64_t arrival)
{
	static const char *const keys[] = {"id",      "kind",	"title",      "tlp",
					   "urgency", "origin", "origin_name"};
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	json_t *whole;

	if (!kai_item_load(cli, txn, arrival, true, item))
		return;
	whole = kai_item_json(cli, txn, item);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		(void)json_object_set(row, keys[i], json_object_get(whole, keys[i]));
	(void)json_object_set_new(row, "own",
				  json_boolean((item->facts.item.flags & KAI_ITEM_OWN) != 0));
	json_decref(whole);
}

/* May a wider label open it? Then a release by the origin does. */
static bool by_label(const char *rule)
{
	static const enum kai_rule rules[] = {
		KAI_RULE_LABEL,	 KAI_RULE_CEILING, KAI_RULE_AUDIENCE,  KAI_RULE_TLP,
		KAI_RULE_ONWARD, KAI_RULE_ABROAD,  KAI_RULE_GOVERNMENT};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (strcmp(kai_rule_name(rules[i]), rule) == 0)
			return true;
	return false;
}

/* What opens it, and the command that asks for that, or grants it. */
static json_t *opens_json(struct kai_cli *cli, const json_t *row)
{
	bool own = json_is_true(json_object_get(row, "own"));
	const char *id = json_string_value(json_object_get(row, "id"));
	const char *to = json_string_value(json_object_get(row, "target_name"));

	return json_pack("{s:s, s:s, s:O?, s:O?, s:s}", "what", "release", "part", "main", "by",
			 json_object_get(row, "origin"), "to", json_object_get(row, "target"),
			 "command",
			 kai_cli_text(cli, "kairan release %s %.8s --part main --%s org:%s",
				      own ? "grant" : "request", id != NULL ? id : "",
				      own ? "audience" : "for", to != NULL ? to : ""));
}

static json_t *duty_json(struct kai_cli *cli, struct kai_txn *txn,
			 const struct kai_duty_place *place, const struct kai_duty_row *duty)
{
	uint64_t state = state_now(duty);
	char *rule = kai_cli_str(cli, duty->rule);
	bool late = state == KAI_DUTY_OVERDUE || kai_duty_late(duty);
	json_t *row = json_pack(
		"{s:s, s:b, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:s, s:b, s:o, s:I, s:o}", "state",
		kai_duty_state_word(state), "late", late, "side", sides[duty->side & 1], "action",
		actions[duty->action & 3], "due_at", kai_json_time(duty->due_at), "within_ms",
		(json_int_t)duty->within_ms, "arose_at", kai_json_time(duty->at), "overdue_at",
		kai_json_time(duty->overdue_at), "settled_at", kai_json_time(duty->settled_at),
		"rule", rule, "report_back", duty->report_back, "agreement",
		kai_json_id(duty->agreement), "index", (json_int_t)place->index, "answer",
		duty->answer.is ? kai_json_id(duty->answer.id) : json_null());

	set_org(cli, txn, row, "with", place->peer);
	set_org(cli, txn, row, "target", place->target);
	set_item(cli, txn, row, place->arrival);
	if (state == KAI_DUTY_BLOCKED) {
		(void)json_object_set_new(row, "text", json_string(kai_rule_sentence(cli, rule)));
		(void)json_object_set_new(row, "blocked_by",
					  json_string(by_label(rule) ? "label" : "agreement"));
		if (by_label(rule))
			(void)json_object_set_new(row, "opens", opens_json(cli, row));
	}
	return row;
}

/* Walks open ones, or all. */
static void each(struct kai_cli *cli, struct kai_txn *txn, bool open_only, struct kai_span prefix,
		 bool (*look)(struct kai_cli *cli, struct kai_txn *txn,
			      const struct kai_duty_place *place, const struct kai_duty_row *row,
			      void *context),
		 void *context)
{
	enum kai_table table = open_only ? KAI_TABLE_DUTIES_OPEN : KAI_TABLE_DUTIES;
	struct kai_duty_place place;
	struct kai_duty_row row;
	struct kai_scan scan;
	struct kai_span at;
	bool more = true;

	kai_scan_init(&scan, txn, table, prefix, kai_span(NULL, 0), false);
	while (more && kai_scan_next(&scan, &at, NULL)) {
		struct kai_key key = kai_key_bytes(at.at, at.len);
		size_t used = cli->arena.used;

		if (kai_duty_place_read(at, &place) &&
		    kai_rec_get(txn, KAI_TABLE_DUTIES, &key, &kai_object_duty_row, &cli->arena,
				&row))
			more = look(cli, txn, &place, &row, context);
		cli->arena.used = used;
	}
}

static bool count_one(struct kai_cli *cli, struct kai_txn *txn, const struct kai_duty_place *place,
		      const struct kai_duty_row *row, void *context)
{
	struct kai_duty_sum *sum = context;
	uint64_t state = state_now(row);
	bool ours = row->side == KAI_DUTY_OURS;

	(void)cli;
	(void)txn;
	(void)place;
	sum->due += ours && state == KAI_DUTY_DUE;
	sum->overdue += ours && state == KAI_DUTY_OVERDUE;
	sum->blocked += ours && state == KAI_DUTY_BLOCKED;
	sum->overdue_theirs += !ours && state == KAI_DUTY_OVERDUE;
	return true;
}

void kai_duty_count(struct kai_cli *cli, struct kai_txn *txn, struct kai_duty_sum *ret)
{
	*ret = (struct kai_duty_sum){.due = 0};
	each(cli, txn, true, kai_span(NULL, 0), count_one, ret);
}

json_t *kai_duty_sum_json(const struct kai_duty_sum *sum)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "overdue", (json_int_t)sum->overdue,
			 "overdue_to_us", (json_int_t)sum->overdue_theirs, "due",
			 (json_int_t)sum->due, "blocked", (json_int_t)sum->blocked);
}

static uint64_t number_in(const json_t *sum, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(sum, key));
}

struct kai_duty_sum kai_duty_sum_read(const json_t *sum)
{
	return (struct kai_duty_sum){.due = number_in(sum, "due"),
				     .overdue = number_in(sum, "overdue"),
				     .blocked = number_in(sum, "blocked"),
				     .overdue_theirs = number_in(sum, "overdue_to_us")};
}

struct of_item {
	json_t *rows;
	uint16_t target;
};

static bool add_of_item(struct kai_cli *cli, struct kai_txn *txn,
			const struct kai_duty_place *place, const struct kai_duty_row *row,
			void *context)
{
	struct of_item *of = context;

	if (of->target == 0 || place->target == of->target)
		(void)json_array_append_new(of->rows, duty_json(cli, txn, place, row));
	return true;
}

json_t *kai_duty_of_item(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival,
			 uint16_t target)
{
	struct of_item of = {.rows = json_array(), .target = target};
	struct kai_key prefix = kai_key_u64(arrival);

	each(cli, txn, false, kai_key_span(&prefix), add_of_item, &of);
	return of.rows;
}

/* ---- for people ---- */

static char *name_of(struct kai_cli *cli, const json_t *row, const char *key)
{
	return kai_view_safe(cli, kai_row_str(row, key), false);
}

/* "we pass it on to a partner" */
static char *who_owes(struct kai_cli *cli, const json_t *row)
{
	char *target = name_of(cli, row, "target_name");
	char *with = name_of(cli, row, "with_name");

	if (kai_row_is(row, "side", "ours")) {
		if (kai_row_is(row, "action", "pass"))
			return kai_cli_text(cli, T("we pass it on to %s"), target);
		if (kai_row_is(row, "action", "answer"))
			return kai_cli_text(cli, T("we answer %s"), target);
		return kai_cli_text(cli, T("we report it to %s"), target);
	}
	if (kai_row_is(row, "action", "pass"))
		return kai_cli_text(cli, T("%s passes it on to others"), with);
	return kai_cli_text(cli, T("%s answers us"), with);
}

static const char *state_text(struct kai_cli *cli, const json_t *row)
{
	if (kai_row_is(row, "state", "overdue"))
		return T("OVERDUE");
	if (kai_row_is(row, "state", "due"))
		return T("to do");
	if (kai_row_is(row, "state", "blocked"))
		return kai_row_is(row, "blocked_by", "label") ? T("blocked by label")
							      : T("blocked by agreement");
	if (kai_row_is(row, "state", "unseen"))
		return T("not visible from here");
	if (kai_row_is(row, "state", "met"))
		return json_is_true(json_object_get(row, "late")) ? T("met late") : T("met");
	if (kai_row_is(row, "rule", "retracted"))
		return T("ended: it was retracted");
	if (kai_row_is(row, "rule", "superseded"))
		return T("ended: a revision took its place");
	if (kai_row_is(row, "rule", "expired"))
		return T("ended: the advisory expired");
	return T("ended: the agreement is over");
}

/* When it is or was due; of what is settled, when that was. */
static char *when_text(struct kai_cli *cli, const json_t *row)
{
	bool settled = kai_row_str(row, "settled_at")[0] != '\0';
	const struct kai_col col = {settled ? "settled_at" : "due_at", "", KAI_COL_TIME};
	char *when = kai_view_cell(cli, &col, row);

	if (kai_row_is(row, "state", "blocked"))
		return kai_cli_text(cli, "%s", "");
	if (kai_row_is(row, "state", "overdue") || kai_row_is(row, "state", "unseen"))
		return kai_cli_text(cli, T("since %s"), when);
	return settled ? when : kai_cli_text(cli, T("by %s"), when);
}

char *kai_duty_line(struct kai_cli *cli, const json_t *duty)
{
	return kai_cli_text(cli, "%s: %s %s", who_owes(cli, duty), state_text(cli, duty),
			    when_text(cli, duty));
}

char *kai_duty_sum_text(struct kai_cli *cli, const struct kai_duty_sum *sum)
{
	const struct {
		uint64_t count;
		const char *format;
	} rows[] = {
		{sum->overdue, T("%llu overdue")},
		{sum->overdue_theirs, T("%llu overdue to us")},
		{sum->due, T("%llu due")},
		{sum->blocked, T("%llu blocked")},
	};
	char *text = kai_cli_text(cli, "%s", "");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char number[32];
		const char *after = strstr(rows[i].format, "%llu");

		if (rows[i].count == 0 || after == NULL)
			continue;
		(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)rows[i].count);
		text = kai_cli_text(cli, "%s%s%.*s%s%s", text, text[0] != '\0' ? T(", ") : "",
				    (int)(after - rows[i].format), rows[i].format, number,
				    after + 4);
	}
	return text;
}

/* At most so many columns; what is cut off is marked. */
static char *fit(struct kai_cli *cli, char *text)
{
	size_t len = strlen(text);

	if (kai_view_width(text) <= LINE_WIDTH)
		return text;
	while (len > 0 && kai_view_width(text) > LINE_WIDTH - 1) {
		len--;
		while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
			len--;
		text[len] = '\0';
	}
	return kai_cli_text(cli, "%s…", text);
}

static void show_one(struct kai_cli *cli, const json_t *row)
{
	const char *mark = kai_row_is(row, "state", "overdue")	 ? "!"
			   : kai_row_is(row, "state", "blocked") ? "x"
			   : kai_row_is(row, "state", "due")	 ? ">"
								 : " ";
	char *when = when_text(cli, row);
	char *asks = kai_cli_text(cli, T("agreed with %s"), name_of(cli, row, "with_name"));

	(void)fprintf(cli->out, "%s %s  %s\n", mark, state_text(cli, row), who_owes(cli, row));
	(void)fprintf(cli->out, "%s\n",
		      fit(cli, kai_cli_text(cli, "    %s %.8s  %s", T(kai_row_str(row, "kind")),
					    kai_row_str(row, "id"),
					    kai_view_safe(cli, kai_row_str(row, "title"), false))));
	(void)fprintf(cli->out, "    %s%s%s\n", when, when[0] != '\0' ? "  " : "", asks);
	if (!kai_row_is(row, "state", "blocked"))
		return;
	(void)fprintf(cli->out, "    %s\n", kai_row_str(row, "text"));
	if (!kai_row_is(row, "blocked_by", "label"))
		return;
	if (json_is_true(json_object_get(row, "own")))
		(void)fprintf(cli->out,
			      T("    To open it: release part main to %s; it is ours to widen.\n"),
			      name_of(cli, row, "target_name"));
	else
		(void)fprintf(cli->out, T("    To open it: ask %s to release part main to %s.\n"),
			      kai_item_origin(cli, row), name_of(cli, row, "target_name"));
	(void)fprintf(cli->out, "        %s\n",
		      kai_row_str(json_object_get(row, "opens"), "command"));
}

static void show_all(struct kai_cli *cli, json_t *top)
{
	struct kai_duty_sum sum = kai_duty_sum_read(json_object_get(top, "open"));
	const json_t *rows = json_object_get(top, "duties");
	char *open = kai_duty_sum_text(cli, &sum);
	size_t i;
	json_t *row;

	if (open[0] != '\0')
		(void)fprintf(cli->out, "%s\n\n", open);
	if (json_array_size(rows) == 0)
		(void)fprintf(cli->err, "%s\n", T("No duties."));
	json_array_foreach (rows, i, row) {
		size_t used = cli->arena.used;

		show_one(cli, row);
		cli->arena.used = used;
	}
}

static const struct kai_col duty_cols[] = {
	{"state", N_("state"), KAI_COL_TEXT},	     {"due_at", N_("due"), KAI_COL_TIME},
	{"side", N_("side"), KAI_COL_TEXT},	     {"action", N_("action"), KAI_COL_TEXT},
	{"target_name", N_("to"), KAI_COL_TEXT},     {"with_name", N_("with"), KAI_COL_TEXT},
	{"kind", N_("kind"), KAI_COL_WORD},	     {"id", N_("id"), KAI_COL_ID},
	{"rule", N_("rule"), KAI_COL_TEXT},	     {"late", N_("late"), KAI_COL_WORD},
	{"settled_at", N_("settled"), KAI_COL_TIME}, {"title", N_("title"), KAI_COL_TEXT},
};
static const struct kai_view duty_view = {
	.list = "duties", .cols = duty_cols, .col_count = 12, .human = show_all};

/* ---- the verb ---- */

struct pick {
	json_t *rows;
	bool all;
	bool has_org;
	uint8_t org[KAI_ID_LEN];
};

static bool take_one(struct kai_cli *cli, struct kai_txn *txn, const struct kai_duty_place *place,
		     const struct kai_duty_row *row, void *context)
{
	struct pick *pick = context;
	uint8_t with[KAI_ID_LEN] = {0};
	uint8_t target[KAI_ID_LEN] = {0};

	if (!pick->all && row->settled_at != 0 &&
	    (int64_t)row->settled_at + LATELY_MS < kai_cli_now().ms)
		return true;
	(void)peer_of(cli, txn, place->peer, with);
	(void)peer_of(cli, txn, place->target, target);
	if (pick->has_org && !kai_id_equal(with, pick->org) && !kai_id_equal(target, pick->org))
		return true;
	(void)json_array_append_new(pick->rows, duty_json(cli, txn, place, row));
	return json_array_size(pick->rows) < MOST_ROWS;
}

/* What is to be done first stands first. */
static int rank(const json_t *row)
{
	static const char *const order[] = {"overdue", "due", "blocked", "unseen", "met", "ended"};
	int at = 0;

	while (at < 6 && !kai_row_is(row, "state", order[at]))
		at++;
	return 2 * at + (kai_row_is(row, "side", "theirs") ? 1 : 0);
}

static int by_rank(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a;
	const json_t *right = *(json_t *const *)b;
	int by = rank(left) - rank(right);

	if (by != 0)
		return by;
	if (kai_row_str(left, "settled_at")[0] != '\0') /* the newest of what is done */
		return strcmp(kai_row_str(right, "settled_at"), kai_row_str(left, "settled_at"));
	by = strcmp(kai_row_str(left, "due_at"), kai_row_str(right, "due_at"));
	return by != 0 ? by
		       : strcmp(kai_row_str(left, "target_name"),
				kai_row_str(right, "target_name"));
}

static json_t *sorted(struct kai_cli *cli, json_t *rows)
{
	size_t count = json_array_size(rows);
	json_t **list = kai_cli_take(cli, (count + 1) * sizeof(json_t *));
	json_t *ret = json_array();

	for (size_t i = 0; i < count; i++)
		list[i] = json_array_get(rows, i);
	qsort(list, count, sizeof(json_t *), by_rank);
	for (size_t i = 0; i < count; i++)
		(void)json_array_append(ret, list[i]);
	json_decref(rows);
	return ret;
}

int kai_verb_duty(struct kai_cli *cli)
{
	const char *org = kai_opt_value(cli, "org");
	bool open_only = kai_opt_is(cli, "open");
	struct kai_duty_sum sum;
	struct pick pick = {.all = kai_opt_is(cli, "all"), .has_org = org != NULL};
	int exit = kai_cli_open(cli);

	if (open_only && pick.all)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("duty: --open or --all, not both"));
	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	if (org != NULL)
		exit = kai_org_find(cli, txn, org, pick.org);
	pick.rows = json_array();
	if (exit == 0)
		each(cli, txn, open_only, kai_span(NULL, 0), take_one, &pick);
	kai_duty_count(cli, txn, &sum);
	enum kai_err err = kai_txn_error(txn);

	kai_txn_abort(txn);
	if (exit == 0 && err != KAI_ERR_OK)
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("the store: %s (run `kairan check`)"),
				    kai_err_text(err));
	if (exit == 0)
		kai_view_show(cli, &duty_view,
			      json_pack("{s:o, s:o}", "open", kai_duty_sum_json(&sum), "duties",
					sorted(cli, pick.rows)));
	else
		json_decref(pick.rows);
	return exit;
}
