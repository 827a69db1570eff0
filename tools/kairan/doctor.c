/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: gathers the findings, worst first, and prints them. */
#include "doctor.h"

#include <string.h>

#include "verbs.h"
#include "view.h"

#define WRAP 78
#define INDENT 6

static const char *const levels[] = {[KAI_DOCTOR_NOW] = N_("now"),
				     [KAI_DOCTOR_SOON] = N_("soon"),
				     [KAI_DOCTOR_LOOK] = N_("look")};

char *kai_doctor_when(const struct kai_doctor *doctor, uint64_t at)
{
	return kai_view_when(doctor->cli, (struct kai_wall){(int64_t)at});
}

void kai_doctor_add(struct kai_doctor *doctor, enum kai_finding finding,
		    enum kai_doctor_level level, const char *subject, const char *detail)
{
	struct kai_cli *cli = doctor->cli;

	(void)json_array_append_new(doctor->rows,
				    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "level",
					      levels[level], "finding", kai_finding_word(finding),
					      "subject", subject, "detail", detail, "what",
					      T(kai_finding_texts[finding].what), "why",
					      T(kai_finding_texts[finding].why), "do",
					      T(kai_finding_texts[finding].todo), "rank",
					      (int)level * (int)KAI_FINDING_END + (int)finding));
}

void kai_doctor_ends(struct kai_doctor *doctor, enum kai_finding finding, const char *subject,
		     uint64_t until)
{
	int64_t left = (int64_t)until - doctor->now_ms;

	if (left < 30 * KAI_MS_DAY)
		kai_doctor_add(doctor, finding,
			       left < 14 * KAI_MS_DAY ? KAI_DOCTOR_NOW : KAI_DOCTOR_SOON, subject,
			       kai_doctor_when(doctor, until));
}

/* ---- in order ---- */

static bool is_before(const json_t *one, const json_t *two)
{
	json_int_t first = json_integer_value(json_object_get(one, "rank"));
	json_int_t second = json_integer_value(json_object_get(two, "rank"));

	if (first != second)
		return first < second;
	return strcmp(json_string_value(json_object_get(one, "subject")),
		      json_string_value(json_object_get(two, "subject"))) < 0;
}

/* Worst first; within a level in the order of the table, then by subject. */
static json_t *sorted(const json_t *rows)
{
	json_t *ret = json_array();
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		size_t at = json_array_size(ret);

		while (at > 0 && is_before(row, json_array_get(ret, at - 1)))
			at--;
		(void)json_array_insert(ret, at, row);
	}
	json_array_foreach (ret, i, row)
		(void)json_object_del(row, "rank");
	return ret;
}

static size_t count_of(const json_t *rows, enum kai_doctor_level level)
{
	size_t count = 0;
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row)
		count += strcmp(json_string_value(json_object_get(row, "level")), levels[level]) ==
			 0;
	return count;
}

/* ---- for people ---- */

/* How many bytes fit into this many columns: to the last space where there is one, else to the last
 * whole character (Japanese has no spaces). */
static size_t fitting(const char *text, size_t columns)
{
	char part[8];
	size_t used = 0;
	size_t width = 0;
	size_t space = 0;

	while (text[used] != '\0') {
		size_t len = 1;

		while (((unsigned char)text[used + len] & 0xc0) == 0x80 && len < sizeof(part) - 1)
			len++;
		memcpy(part, text + used, len);
		part[len] = '\0';
		width += kai_view_width(part);
		if (width > columns)
			return space > used / 2 && text[used] != ' ' ? space : used;
		if (text[used] == ' ')
			space = used;
		used += len;
	}
	return used;
}

/* "label" at the left, the text beside it in as many lines as it needs. */
static void print_part(struct kai_cli *cli, const char *label, const char *text)
{
	while (*text != '\0') {
		size_t len = fitting(text, WRAP - INDENT);
		size_t taken = kai_view_width(label);

		(void)fprintf(cli->out, "%s%*s%.*s\n", label,
			      taken < INDENT ? (int)(INDENT - taken) : 1, "", (int)len, text);
		text += len;
		text += *text == ' ';
		label = "";
	}
}

static const char *text_of(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

/* "op-b (…), op-c (…)": whom the same finding is about; *io_at moves behind them. */
static char *subjects(struct kai_cli *cli, const json_t *rows, size_t *io_at)
{
	const json_t *first = json_array_get(rows, *io_at);
	char *text = kai_cli_text(cli, "%s", "");

	for (const json_t *row = first;
	     row != NULL && strcmp(text_of(row, "finding"), text_of(first, "finding")) == 0 &&
	     strcmp(text_of(row, "level"), text_of(first, "level")) == 0;
	     row = json_array_get(rows, ++*io_at)) {
		const char *subject = kai_view_safe(cli, text_of(row, "subject"), false);
		const char *detail = kai_view_safe(cli, text_of(row, "detail"), false);

		text = kai_cli_text(cli, "%s%s%s%s%s%s%s", text, row != first ? ", " : "", subject,
				    subject[0] != '\0' && detail[0] != '\0' ? " " : "",
				    detail[0] != '\0' ? "(" : "", detail,
				    detail[0] != '\0' ? ")" : "");
	}
	return text;
}

/* What, and whom it is about: "The link is down: op-b (…)". */
static char *headline(struct kai_cli *cli, const char *what, const char *whom)
{
	static const char *const stops[] = {".", "。"};
	size_t len = strlen(what);

	for (size_t i = 0; whom[0] != '\0' && i < sizeof(stops) / sizeof(*stops); i++) {
		size_t stop = strlen(stops[i]);

		if (len > stop && strcmp(what + len - stop, stops[i]) == 0)
			return kai_cli_text(cli, "%.*s: %s", (int)(len - stop), what, whom);
	}
	return kai_cli_text(cli, "%s", what);
}

static void show_findings(struct kai_cli *cli, json_t *top)
{
	const json_t *rows = json_object_get(top, "findings");

	for (size_t i = 0; i < json_array_size(rows);) {
		const json_t *row = json_array_get(rows, i);
		const char *whom = subjects(cli, rows, &i);

		print_part(cli, T(text_of(row, "level")),
			   headline(cli, text_of(row, "what"), whom));
		print_part(cli, "", text_of(row, "why"));
		print_part(cli, " ->", text_of(row, "do"));
	}
	if (json_array_size(rows) == 0)
		(void)fprintf(cli->out, "%s\n", T("Nothing to do."));
	else
		(void)fprintf(cli->out, T("%zu now, %zu soon, %zu to look at\n"),
			      count_of(rows, KAI_DOCTOR_NOW), count_of(rows, KAI_DOCTOR_SOON),
			      count_of(rows, KAI_DOCTOR_LOOK));
}

static const struct kai_col doctor_cols[] = {
	{"level", N_("level"), KAI_COL_WORD},	  {"finding", N_("finding"), KAI_COL_TEXT},
	{"subject", N_("subject"), KAI_COL_TEXT}, {"detail", N_("detail"), KAI_COL_TEXT},
	{"what", N_("what"), KAI_COL_TEXT},	  {"why", N_("why"), KAI_COL_TEXT},
	{"do", N_("what to do"), KAI_COL_TEXT},
};
static const struct kai_view doctor_view = {.list = "findings",
					    .cols = doctor_cols,
					    .col_count = sizeof(doctor_cols) / sizeof(*doctor_cols),
					    .human = show_findings};

int kai_verb_doctor(struct kai_cli *cli)
{
	struct kai_doctor *doctor = kai_cli_take(cli, sizeof(*doctor));
	int exit = kai_cli_open(cli);

	if (exit != 0)
		return exit;
	doctor->cli = cli;
	doctor->node_up = kai_node_state(cli, &doctor->state);
	doctor->now_ms = doctor->node_up ? (int64_t)doctor->state.now : kai_cli_now().ms;
	doctor->rows = json_array();
	doctor->txn = kai_cli_txn(cli);
	if (doctor->txn != NULL) {
		kai_doctor_trust(doctor);
		kai_doctor_node(doctor);
		kai_doctor_machine(doctor);
	}
	enum kai_err err = doctor->txn != NULL ? kai_txn_error(doctor->txn) : KAI_ERR_IO;

	kai_txn_abort(doctor->txn);
	if (err != KAI_ERR_OK) {
		json_decref(doctor->rows);
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("the store: %s (run `kairan check`)"),
				    kai_err_text(err));
	}
	json_t *rows = sorted(doctor->rows);

	json_decref(doctor->rows);
	size_t to_do = count_of(rows, KAI_DOCTOR_NOW) + count_of(rows, KAI_DOCTOR_SOON);

	exit = to_do > 0 ? KAI_EXIT_REFUSED : KAI_EXIT_DONE;
	kai_view_show(cli, &doctor_view,
		      json_pack("{s:s, s:o, s:i, s:i, s:i, s:i}", "node",
				doctor->node_up ? "up" : "down", "findings", rows, "now",
				(int)count_of(rows, KAI_DOCTOR_NOW), "soon",
				(int)count_of(rows, KAI_DOCTOR_SOON), "look",
				(int)count_of(rows, KAI_DOCTOR_LOOK), "exit", exit));
	return exit;
}
