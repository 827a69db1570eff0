/* SPDX-License-Identifier: Apache-2.0 */
/* What the screen shows, and what its keys do. */
#include "screen.h"

#include <stdlib.h>
#include <string.h>

#include "kairan/receipt.h"
#include "verbs.h"

#define READ_EVERY_MS (30 * KAI_MS_SECOND)
#define FRAME 4 /* head, two rules, keys */

static const json_t *items_of(const struct kai_screen *screen)
{
	return json_object_get(screen->top, "items");
}

static const json_t *chosen_of(const struct kai_screen *screen)
{
	return json_array_get(items_of(screen), screen->chosen);
}

static void say(struct kai_screen *screen, const char *text)
{
	free(screen->said);
	screen->said = text != NULL ? strdup(text) : NULL;
}

/* ---- reading ---- */

/* Where the store's log and journal end, and whether the node answers. */
static bool moment(struct kai_cli *cli, uint64_t *ret_head, uint64_t *ret_journal)
{
	struct kai_txn *txn = kai_cli_txn(cli);
	struct kai_span value;

	if (txn == NULL)
		return false;
	*ret_head = kai_rec_head(txn);
	*ret_journal = kai_txn_get(txn, KAI_TABLE_META, kai_span_str(KAI_META_JOURNAL), &value) &&
				       value.len >= 8
			       ? kai_get_be64(value.at)
			       : 0;
	kai_txn_abort(txn);
	return true;
}

static void choose(struct kai_screen *screen, const char *id)
{
	size_t count = json_array_size(items_of(screen));
	size_t i;
	json_t *row;

	json_array_foreach (items_of(screen), i, row)
		if (kai_row_is(row, "id", id))
			screen->chosen = i;
	if (screen->chosen >= count)
		screen->chosen = count > 0 ? count - 1 : 0;
}

int kai_screen_read(struct kai_cli *cli, struct kai_screen *screen)
{
	struct kai_state *state = kai_cli_take(cli, sizeof(*state));
	int64_t now = kai_cli_now().ms;
	json_t *top = NULL;
	uint64_t head = 0;
	uint64_t journal = 0;

	if (!moment(cli, &head, &journal))
		return KAI_EXIT_REFUSED;
	bool up = kai_node_state(cli, state);

	if (screen->top != NULL && head == screen->head && journal == screen->journal &&
	    up == screen->up && now - screen->read_at < READ_EVERY_MS)
		return 0;
	int exit = kai_inbox_load(cli, &top);

	if (exit != 0)
		return exit;
	char *id = kai_cli_text(cli, "%s", kai_row_str(chosen_of(screen), "id"));

	json_decref(screen->top);
	screen->top = top;
	screen->head = head;
	screen->journal = journal;
	screen->up = up;
	screen->read_at = now;
	choose(screen, id);
	return 0;
}

/* ---- drawing ---- */

static void add(struct kai_cli *cli, const struct kai_screen *screen, struct kai_lines *lines,
		const char *text)
{
	kai_lines_add(cli, lines, kai_lines_fit(cli, text, screen->cols));
}

/* Left and right in one line; the right one stands whole. */
static char *spread(struct kai_cli *cli, const struct kai_screen *screen, const char *left,
		    const char *right)
{
	size_t wide = kai_view_width(right);

	if (wide + 2 > screen->cols)
		return kai_cli_text(cli, "%s", right);
	return kai_cli_text(cli, "%s  %s", kai_lines_pad(cli, left, screen->cols - wide - 2),
			    right);
}

static char *rule(struct kai_cli *cli, const struct kai_screen *screen)
{
	char *text = kai_cli_take(cli, screen->cols + 1);

	memset(text, '-', screen->cols);
	text[screen->cols] = '\0';
	return text;
}

static size_t late_count(const struct kai_screen *screen)
{
	size_t late = 0;
	size_t i;
	json_t *row;

	json_array_foreach (items_of(screen), i, row)
		late += kai_row_is(row, "do_state", "overdue");
	return late;
}

static void add_head(struct kai_cli *cli, const struct kai_screen *screen, struct kai_lines *lines)
{
	static const struct kai_col now_col = {"now", "", KAI_COL_TIME};
	json_t *now = json_pack("{s:o}", "now", kai_json_time((uint64_t)kai_cli_now().ms));
	char *time = kai_view_cell(cli, &now_col, now);
	char *name = kai_view_safe(cli, kai_row_str(screen->top, "name"), false);
	char *left = kai_cli_text(cli, T("%s  %zu wait, %zu late"), name,
				  json_array_size(items_of(screen)), late_count(screen));
	char *until = strstr(time, " (");

	if (until != NULL) /* "0s ago" */
		*until = '\0';
	add(cli, screen, lines,
	    spread(cli, screen, left,
		   kai_cli_text(cli, "%s  %s",
				kai_row_is(screen->top, "node", "up") ? T("node up")
								      : T("NODE DOWN"),
				time)));
	json_decref(now);
}

/* "Sat 03:16": how long until then stands below. */
static char *brief(struct kai_cli *cli, const json_t *todo)
{
	static const struct kai_col by = {"by", "", KAI_COL_UNTIL};
	char *text = kai_row_str(todo, "by")[0] == '\0' ? kai_cli_text(cli, "%s", "")
							: kai_view_table_cell(cli, &by, todo);

	char *ago = strstr(text, " (");

	if (ago != NULL)
		*ago = '\0';
	return text;
}

/* Marker (late: !), by when, kind, what to do, title: one line. */
static char *list_line(struct kai_cli *cli, const struct kai_screen *screen, const json_t *row,
		       bool chosen)
{
	const json_t *todo = json_array_get(json_object_get(row, "todo"), 0);
	const char *title = kai_row_str(row, "title");
	char *mark = kai_cli_text(cli, "%s%s%s", chosen ? ">" : " ",
				  kai_row_is(row, "do_state", "overdue") ? "!" : " ",
				  kai_row_is(row, "realm", "live") ? "" : T("[EXERCISE] "));

	return kai_lines_pad(cli,
			     kai_cli_text(cli, "%s%s  %s  %s  %s", mark,
					  kai_lines_pad(cli, brief(cli, todo), 10),
					  kai_lines_pad(cli, T(kai_row_str(row, "kind")), 12),
					  kai_lines_pad(cli, kai_inbox_deed(cli, todo), 26),
					  title[0] != '\0' ? kai_view_safe(cli, title, false)
							   : T("withheld from this organisation")),
			     screen->cols);
}

/* As many as leave half of the screen for the chosen one. */
static void add_list(struct kai_cli *cli, const struct kai_screen *screen, struct kai_lines *lines,
		     size_t *ret_marked)
{
	size_t count = json_array_size(items_of(screen));
	size_t room = (screen->rows - FRAME) / 3;
	size_t shown = count < room ? count : room;
	size_t from = screen->chosen < shown ? 0 : screen->chosen - shown + 1;

	if (count == 0)
		add(cli, screen, lines, T("Nothing waits for anybody here."));
	for (size_t i = from; i < from + shown; i++) {
		if (i == screen->chosen)
			*ret_marked = lines->count;
		kai_lines_add(cli, lines,
			      list_line(cli, screen, json_array_get(items_of(screen), i),
					i == screen->chosen));
	}
	if (count > shown)
		add(cli, screen, lines,
		    kai_cli_text(cli, T("  %zu to %zu of %zu"), from + 1, from + shown, count));
}

static const char *keys_of(struct kai_cli *cli, const struct kai_screen *screen)
{
	if (screen->said != NULL)
		return screen->said;
	switch (screen->mode) {
	case KAI_SCREEN_LIST:
		return T("up/down move  Enter open  a acknowledge  e explain  q quit");
	case KAI_SCREEN_TEXT:
		return T("up/down, PgUp/PgDn move  q back");
	case KAI_SCREEN_ACK:
		return T("We: s seen  r received  n not affected  c checking  y affected  m "
			 "mitigated  Esc no");
	}
	return "";
}

/* The lines from one on, as many as there is room for before the last line of the screen. */
static void add_part(struct kai_cli *cli, const struct kai_screen *screen, struct kai_lines *lines,
		     const struct kai_lines *text, size_t from)
{
	size_t room = screen->rows - 1 - lines->count;
	bool cut = text->count - from > room;

	for (size_t i = 0; i < room; i++) {
		if (cut && i + 1 == room)
			add(cli, screen, lines,
			    kai_cli_text(cli, T("  … %zu more lines"),
					 text->count - from - room + 1));
		else
			add(cli, screen, lines, from + i < text->count ? text->at[from + i] : "");
	}
}

static void draw_list(struct kai_cli *cli, const struct kai_screen *screen, struct kai_lines *lines,
		      size_t *ret_marked)
{
	struct kai_lines text = {.count = 0};

	add_head(cli, screen, lines);
	add(cli, screen, lines, rule(cli, screen));
	add_list(cli, screen, lines, ret_marked);
	add(cli, screen, lines, rule(cli, screen));
	if (chosen_of(screen) != NULL) {
		kai_inbox_lines(cli, chosen_of(screen), screen->cols, &text);
		kai_lines_add(cli, &text, kai_cli_text(cli, "%s", ""));
	}
	kai_inbox_silence(cli, screen->top, screen->cols, &text);
	add_part(cli, screen, lines, &text, 0);
}

/* Moves the first line shown to where there is text. */
static void draw_text(struct kai_cli *cli, struct kai_screen *screen, struct kai_lines *lines)
{
	struct kai_lines text = {.count = 0};
	size_t room = screen->rows - 3;

	kai_lines_wrap(cli, &text, screen->text, screen->cols, 4);
	if (screen->text_from + room > text.count)
		screen->text_from = text.count > room ? text.count - room : 0;
	add_head(cli, screen, lines);
	add(cli, screen, lines, rule(cli, screen));
	add_part(cli, screen, lines, &text, screen->text_from);
}

void kai_screen_draw(struct kai_cli *cli, struct kai_screen *screen, struct kai_lines *ret,
		     size_t *ret_marked)
{
	*ret_marked = screen->rows;
	if (screen->rows < KAI_SCREEN_ROWS || screen->cols < KAI_SCREEN_COLS) {
		for (size_t i = 0; i < screen->rows; i++)
			add(cli, screen, ret,
			    i == 0 ? T("This terminal is too small: 80 columns and 24 lines are "
				       "needed.")
				   : "");
		return;
	}
	if (screen->mode == KAI_SCREEN_TEXT)
		draw_text(cli, screen, ret);
	else
		draw_list(cli, screen, ret, ret_marked);
	add(cli, screen, ret, keys_of(cli, screen));
}

/* ---- keys ---- */

/* What a verb prints about the chosen item, to be read on the screen. */
static void open_text(struct kai_cli *cli, struct kai_screen *screen,
		      int (*verb)(struct kai_cli *cli))
{
	FILE *out = cli->out;
	FILE *err = cli->err;
	char *text = NULL;
	size_t len = 0;
	FILE *into = open_memstream(&text, &len);

	if (into == NULL)
		return;
	cli->out = into;
	cli->err = into;
	cli->given_count = 0;
	cli->arg_count = 1;
	cli->args[0] = kai_cli_text(cli, "%s", kai_row_str(chosen_of(screen), "id"));
	(void)verb(cli);
	cli->out = out;
	cli->err = err;
	if (fclose(into) != 0) {
		free(text);
		return;
	}
	free(screen->text);
	screen->text = text;
	screen->text_from = 0;
	screen->mode = KAI_SCREEN_TEXT;
}

static const struct {
	int key;
	uint64_t level;
	uint64_t action;
} acks[] = {
	{'s', KAI_LEVEL_SEEN, 0},
	{'r', KAI_LEVEL_RECEIVED, 0},
	{'n', KAI_LEVEL_ACTION, KAI_ACTION_NOT_AFFECTED},
	{'c', KAI_LEVEL_ACTION, KAI_ACTION_CHECKING},
	{'y', KAI_LEVEL_ACTION, KAI_ACTION_AFFECTED},
	{'m', KAI_LEVEL_ACTION, KAI_ACTION_MITIGATED},
};

static void acknowledge(struct kai_cli *cli, struct kai_screen *screen, uint64_t level,
			uint64_t action)
{
	struct kai_ctl_ack request = {.version = KAI_VERSION,
				      .type = KAI_CONTROL_ACK,
				      .level = level,
				      .action = action,
				      .role = kai_span_str(""),
				      .note = kai_span_str("")};
	struct kai_ctl_answer answer = {0};

	if (!kai_base32_parse(kai_row_str(chosen_of(screen), "id"), request.id, KAI_ID_LEN))
		return;
	if (kai_node_ask(cli, &kai_object_ctl_ack, &request, true, &answer) != 0)
		say(screen, T("Not said: the node is not running."));
	else if (answer.exit != 0)
		say(screen, kai_cli_text(cli, T("Refused: %s"),
					 kai_view_safe(cli, kai_cli_str(cli, answer.text), false)));
	else
		say(screen, T("Said, and passed on to whom it is owed."));
	screen->read_at = 0;
}

static void ack_key(struct kai_cli *cli, struct kai_screen *screen, int key)
{
	screen->mode = KAI_SCREEN_LIST;
	for (size_t i = 0; i < sizeof(acks) / sizeof(*acks); i++)
		if (acks[i].key == key)
			acknowledge(cli, screen, acks[i].level, acks[i].action);
}

static void text_key(struct kai_screen *screen, int key)
{
	size_t page = screen->rows - 4;

	if (key == 'q' || key == KAI_SCREEN_ESCAPE)
		screen->mode = KAI_SCREEN_LIST;
	else if (key == KAI_SCREEN_DOWN || key == 'j')
		screen->text_from++;
	else if (key == KAI_SCREEN_PAGE_DOWN || key == ' ')
		screen->text_from += page;
	else if ((key == KAI_SCREEN_UP || key == 'k') && screen->text_from > 0)
		screen->text_from--;
	else if (key == KAI_SCREEN_PAGE_UP)
		screen->text_from -= screen->text_from < page ? screen->text_from : page;
}

static bool list_key(struct kai_cli *cli, struct kai_screen *screen, int key)
{
	size_t count = json_array_size(items_of(screen));

	if (key == 'q')
		return false;
	if (count == 0)
		return true;
	if ((key == KAI_SCREEN_DOWN || key == 'j') && screen->chosen + 1 < count)
		screen->chosen++;
	else if ((key == KAI_SCREEN_UP || key == 'k') && screen->chosen > 0)
		screen->chosen--;
	else if (key == KAI_SCREEN_ENTER)
		open_text(cli, screen, kai_verb_show);
	else if (key == 'e')
		open_text(cli, screen, kai_verb_explain);
	else if (key == 'a' && json_is_true(json_object_get(chosen_of(screen), "own")))
		say(screen, T("It is our own: there is nothing to acknowledge."));
	else if (key == 'a')
		screen->mode = KAI_SCREEN_ACK;
	return true;
}

bool kai_screen_key(struct kai_cli *cli, struct kai_screen *screen, int key)
{
	say(screen, NULL);
	switch (screen->mode) {
	case KAI_SCREEN_LIST:
		return list_key(cli, screen, key);
	case KAI_SCREEN_TEXT:
		text_key(screen, key);
		return true;
	case KAI_SCREEN_ACK:
		ack_key(cli, screen, key);
		return true;
	}
	return true;
}

void kai_screen_done(struct kai_screen *screen)
{
	json_decref(screen->top);
	free(screen->text);
	free(screen->said);
	*screen = (struct kai_screen){.top = NULL};
}
