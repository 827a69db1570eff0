/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output: a verb makes one JSON object, which is the contract for scripts, and says which of its
 * members make a table. Three renderers show it: a table for people, tab-separated lines, JSON.
 * Text of peers is escaped here and nowhere else.
 */
#ifndef KAIRAN_VIEW_H
#define KAIRAN_VIEW_H

#include <string.h>

#include "cli.h"

enum kai_col_type {
	KAI_COL_TEXT,  /* as it is (escaped) */
	KAI_COL_ID,    /* as much as an argument needs in a table, all in lines */
	KAI_COL_TIME,  /* local and elapsed in a table (zone in its head), RFC 3339 in lines */
	KAI_COL_UNTIL, /* the same, in the future */
	KAI_COL_WORD,  /* one of our words: translated in a table */
	KAI_COL_NUMBER,
	KAI_COL_COUNT,	/* a number that a table leaves out where every row has none */
	KAI_COL_DETAIL, /* in lines only */
	KAI_COL_LIST	/* array of strings, joined */
};

struct kai_col {
	const char *key; /* member of the row */
	const char *title;
	enum kai_col_type type;
};

struct kai_view {
	const char *list; /* member that holds the rows; NULL: the object itself is one row */
	const struct kai_col *cols;
	size_t col_count;
	const char *empty; /* sentence for people when there is no row */
	/* For people instead of the table; may be NULL. */
	void (*human)(struct kai_cli *cli, json_t *top);
};

struct kai_renderer {
	const char *name;
	void (*show)(struct kai_cli *cli, const struct kai_view *view, json_t *top);
};
extern const struct kai_renderer kai_render_table;
extern const struct kai_renderer kai_render_lines;
extern const struct kai_renderer kai_render_json;

/* A member as text; "" where there is none. */
static inline const char *kai_row_str(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL ? text : "";
}

static inline bool kai_row_is(const json_t *row, const char *key, const char *word)
{
	return strcmp(kai_row_str(row, key), word) == 0;
}

/* Shows and releases top. */
void kai_view_show(struct kai_cli *cli, const struct kai_view *view, json_t *top);
/* The cell as text for people (in the arena). */
char *kai_view_cell(struct kai_cli *cli, const struct kai_col *col, const json_t *row);
/* The same as a table has it: times brief, "Mon 10:54 (3min ago)", their zone in the head; a
 * time more than half a year off is its date. */
char *kai_view_table_cell(struct kai_cli *cli, const struct kai_col *col, const json_t *row);
/* The column's head, translated. */
char *kai_view_head(struct kai_cli *cli, const struct kai_col *col);
/* "Mon 2026-11-23 10:54 JST (3min ago)" (in the arena). */
char *kai_view_when(struct kai_cli *cli, struct kai_wall at);
/* Elapsed time in its largest unit that is at least one: "3min", "14d". */
char *kai_view_span(struct kai_cli *cli, int64_t ms);
/* Peer text made safe (in the arena). */
char *kai_view_safe(struct kai_cli *cli, const char *text, bool keep_lines);
/* The sentence of a rule or fault by its stable name, in the user's language. */
const char *kai_rule_sentence(struct kai_cli *cli, const char *name);
/* Columns that a text takes on a terminal, by East Asian width. */
size_t kai_view_width(const char *text);
/* Prints "label  text" lines whose labels are padded to one width by display columns. */
void kai_view_pair(struct kai_cli *cli, const char *label, const char *text);

#endif
