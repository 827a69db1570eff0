/* SPDX-License-Identifier: Apache-2.0 */
/* The three renderers. */
#include <libsmartcols/libsmartcols.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

#include "realm.h"
#include "view.h"

#define ID_SHOWN 8
#define LABEL_WIDTH 19 /* the longest name of a field */

size_t kai_view_width(const char *text)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
	size_t width = 0;

	while (*at != '\0') {
		utf8proc_int32_t point = 0;
		utf8proc_ssize_t step = utf8proc_iterate(at, -1, &point);

		if (step <= 0)
			return width;
		int wide = utf8proc_charwidth(point);

		width += wide > 0 ? (size_t)wide : 0;
		at += step;
	}
	return width;
}

char *kai_view_safe(struct kai_cli *cli, const char *text, bool keep_lines)
{
	size_t cap = strlen(text) * 8 + 1;
	char *safe = kai_cli_take(cli, cap);

	kai_escape(kai_span_str(text), keep_lines, safe, cap);
	return safe;
}

char *kai_view_span(struct kai_cli *cli, int64_t ms)
{
	int64_t minutes = ms / KAI_MS_MINUTE;

	if (ms < KAI_MS_MINUTE)
		return kai_cli_text(cli, T("%llds"), (long long)(ms / KAI_MS_SECOND));
	if (minutes < 120)
		return kai_cli_text(cli, T("%lldmin"), (long long)minutes);
	if (minutes < 48LL * 60)
		return kai_cli_text(cli, T("%lldh"), (long long)(minutes / 60));
	return kai_cli_text(cli, T("%lldd"), (long long)(minutes / 1440));
}

static const char *const days[] = {N_("Sun"), N_("Mon"), N_("Tue"), N_("Wed"),
				   N_("Thu"), N_("Fri"), N_("Sat")};

/* "3h ago", "in 3h" */
static char *since(struct kai_cli *cli, int64_t ago_ms)
{
	char *span = kai_view_span(cli, ago_ms >= 0 ? ago_ms : -ago_ms);

	return ago_ms >= 0 ? kai_cli_text(cli, T("%s ago"), span)
			   : kai_cli_text(cli, T("in %s"), span);
}

char *kai_view_when(struct kai_cli *cli, struct kai_wall at)
{
	time_t seconds = (time_t)(at.ms / KAI_MS_SECOND);
	struct tm local;
	char stamp[64];
	int64_t ago = kai_cli_now().ms - at.ms;

	if (localtime_r(&seconds, &local) == NULL)
		return kai_cli_text(cli, "?");
	if (strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M %Z", &local) == 0)
		stamp[0] = '\0';

	return kai_cli_text(cli, "%s %s (%s)", T(days[local.tm_wday]), stamp, since(cli, ago));
}

/* The column's head with the zone that its times are in. */
static char *zoned(struct kai_cli *cli, const char *title)
{
	time_t seconds = (time_t)(kai_cli_now().ms / KAI_MS_SECOND);
	struct tm local;
	char zone[32];

	if (localtime_r(&seconds, &local) == NULL ||
	    strftime(zone, sizeof(zone), "%Z", &local) == 0)
		return kai_cli_text(cli, "%s", title);
	return kai_cli_text(cli, "%s (%s)", title, zone);
}

static char *brief(struct kai_cli *cli, struct kai_wall at)
{
	time_t seconds = (time_t)(at.ms / KAI_MS_SECOND);
	int64_t ago = kai_cli_now().ms - at.ms;
	int64_t far = ago >= 0 ? ago : -ago;
	bool week = far < 6 * KAI_MS_DAY; /* within it a weekday says which day */
	struct tm local;
	char stamp[64];

	if (localtime_r(&seconds, &local) == NULL)
		return kai_cli_text(cli, "?");
	size_t len = week ? strftime(stamp, sizeof(stamp), " %H:%M", &local)
			  : strftime(stamp, sizeof(stamp), "%Y-%m-%d", &local);

	stamp[len] = '\0';
	if (far > 180 * KAI_MS_DAY)
		return kai_cli_text(cli, "%s", stamp);
	return kai_cli_text(cli, "%s%s (%s)", week ? T(days[local.tm_wday]) : "", stamp,
			    since(cli, ago));
}

static char *cell_list(struct kai_cli *cli, const json_t *array)
{
	char *text = kai_cli_text(cli, "%s", "");
	size_t i;
	json_t *one;

	json_array_foreach (array, i, one) {
		const char *word = json_string_value(one);

		if (word != NULL)
			text = kai_cli_text(cli, "%s%s%s", text, i > 0 ? ", " : "", word);
	}
	return kai_view_safe(cli, text, false);
}

/* A value as scripts read it. */
static char *plain(struct kai_cli *cli, const json_t *value)
{
	if (json_is_string(value))
		return kai_view_safe(cli, json_string_value(value), false);
	if (json_is_integer(value))
		return kai_cli_text(cli, "%lld", (long long)json_integer_value(value));
	if (json_is_boolean(value))
		return kai_cli_text(cli, "%s", json_is_true(value) ? "yes" : "no");
	if (json_is_array(value))
		return cell_list(cli, value);
	return kai_cli_text(cli, "%s", "");
}

static char *table_time(struct kai_cli *cli, const char *text)
{
	struct kai_wall at;

	return kai_time_parse(text, &at) ? kai_view_when(cli, at) : kai_cli_text(cli, "%s", text);
}

char *kai_view_cell(struct kai_cli *cli, const struct kai_col *col, const json_t *row)
{
	char *text = plain(cli, json_object_get(row, col->key));

	switch (col->type) {
	case KAI_COL_ID:
		return kai_cli_text(cli, "%.*s", ID_SHOWN, text);
	case KAI_COL_TIME:
	case KAI_COL_UNTIL:
		return text[0] != '\0' ? table_time(cli, text) : kai_cli_text(cli, "-");
	case KAI_COL_WORD:
		return kai_cli_text(cli, "%s", T(text));
	case KAI_COL_TEXT:
	case KAI_COL_NUMBER:
	case KAI_COL_COUNT:
	case KAI_COL_DETAIL:
	case KAI_COL_LIST:
		return text;
	}
	return text;
}

void kai_view_pair(struct kai_cli *cli, const char *label, const char *text)
{
	size_t width = kai_view_width(label);

	(void)fprintf(cli->out, "%s%*s  %s\n", label,
		      width < LABEL_WIDTH ? (int)(LABEL_WIDTH - width) : 0, "", text);
}

static void table_one(struct kai_cli *cli, const struct kai_view *view, const json_t *row)
{
	for (size_t i = 0; i < view->col_count; i++) {
		char *text = kai_view_cell(cli, &view->cols[i], row);

		if (view->cols[i].type == KAI_COL_ID) /* alone on its line: all of it */
			text = plain(cli, json_object_get(row, view->cols[i].key));
		if (text[0] != '\0')
			kai_view_pair(cli, T(view->cols[i].title), text);
	}
}

char *kai_view_table_cell(struct kai_cli *cli, const struct kai_col *col, const json_t *row)
{
	const char *text = json_string_value(json_object_get(row, col->key));
	struct kai_wall at;

	if ((col->type == KAI_COL_TIME || col->type == KAI_COL_UNTIL) && text != NULL &&
	    kai_time_parse(text, &at))
		return brief(cli, at);
	return kai_view_cell(cli, col, row);
}

char *kai_view_head(struct kai_cli *cli, const struct kai_col *col)
{
	if (col->type == KAI_COL_TIME || col->type == KAI_COL_UNTIL)
		return zoned(cli, T(col->title));
	return kai_cli_text(cli, "%s", T(col->title));
}

/* A column takes room only where one of its cells says something. */
static bool says_something(const struct kai_col *col, const json_t *rows)
{
	size_t i;
	json_t *row;

	if (col->type == KAI_COL_DETAIL)
		return false;
	json_array_foreach (rows, i, row) {
		const json_t *cell = json_object_get(row, col->key);
		const char *text = json_string_value(cell);

		if ((text != NULL && text[0] != '\0') || json_is_true(cell) ||
		    json_array_size(cell) > 0)
			return true;
		if (json_is_integer(cell) &&
		    (col->type != KAI_COL_COUNT || json_integer_value(cell) != 0))
			return true;
	}
	return false;
}

/* What marks each line of a drill stands on the same line of the terminal. */
static void leave_room(struct kai_cli *cli, struct libscols_table *table)
{
	size_t mark = cli->marked ? kai_view_width(T("[EXERCISE] ")) : 0;
	size_t width = scols_table_get_termwidth(table);

	if (mark > 0 && width > mark)
		(void)scols_table_set_termwidth(table, width - mark);
}

static bool add_column(struct kai_cli *cli, struct libscols_table *table, const struct kai_col *col,
		       bool last)
{
	bool number = col->type == KAI_COL_NUMBER || col->type == KAI_COL_COUNT;
	bool wrap = last && col->type == KAI_COL_TEXT;

	return scols_table_new_column(table, kai_view_head(cli, col), wrap ? 0.2 : 0,
				      number ? SCOLS_FL_RIGHT
				      : wrap ? SCOLS_FL_WRAP
					     : 0) != NULL;
}

static bool table_fill(struct kai_cli *cli, const struct kai_view *view, const json_t *rows,
		       struct libscols_table *table)
{
	const struct kai_col *cols[32];
	size_t count = 0;
	size_t i;
	json_t *row;

	for (size_t c = 0; c < view->col_count && count < 32; c++)
		if (says_something(&view->cols[c], rows))
			cols[count++] = &view->cols[c];
	for (size_t c = 0; c < count; c++)
		if (!add_column(cli, table, cols[c], c + 1 == count))
			return false;
	json_array_foreach (rows, i, row) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		if (line == NULL)
			return false;
		for (size_t c = 0; c < count; c++)
			if (scols_line_set_data(line, c, kai_view_table_cell(cli, cols[c], row)) !=
			    0)
				return false;
	}
	return true;
}

static void show_table(struct kai_cli *cli, const struct kai_view *view, json_t *top)
{
	if (view->human != NULL) {
		view->human(cli, top);
		return;
	}
	if (view->list == NULL) {
		table_one(cli, view, top);
		return;
	}
	const json_t *rows = json_object_get(top, view->list);

	if (json_array_size(rows) == 0) {
		if (view->empty != NULL)
			(void)fprintf(cli->err, "%s\n", T(view->empty));
		return;
	}
	struct libscols_table *table = scols_new_table();

	if (table != NULL) {
		(void)scols_table_set_stream(table, cli->out);
		(void)scols_table_enable_colors(table, cli->color);
		leave_room(cli, table);
		if (table_fill(cli, view, rows, table))
			(void)scols_print_table(table);
		scols_unref_table(table);
	}
}

static void lines_row(struct kai_cli *cli, const struct kai_view *view, const json_t *row)
{
	for (size_t c = 0; c < view->col_count; c++)
		(void)fprintf(cli->out, "%s%s", c > 0 ? "\t" : "",
			      plain(cli, json_object_get(row, view->cols[c].key)));
	(void)fprintf(cli->out, "\n");
}

static void show_lines(struct kai_cli *cli, const struct kai_view *view, json_t *top)
{
	size_t i;
	json_t *row;

	if (view->list == NULL) {
		lines_row(cli, view, top);
		return;
	}
	json_array_foreach (json_object_get(top, view->list), i, row) {
		size_t used = cli->arena.used;

		lines_row(cli, view, row);
		cli->arena.used = used;
	}
}

static void show_json(struct kai_cli *cli, const struct kai_view *view, json_t *top)
{
	(void)view;
	kai_realm_json(cli, top);
	(void)json_dumpf(top, cli->out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	(void)fprintf(cli->out, "\n");
}

const struct kai_renderer kai_render_table = {"table", show_table};
const struct kai_renderer kai_render_lines = {"lines", show_lines};
const struct kai_renderer kai_render_json = {"json", show_json};

void kai_view_show(struct kai_cli *cli, const struct kai_view *view, json_t *top)
{
	cli->renderer->show(cli, view, top);
	json_decref(top);
}
