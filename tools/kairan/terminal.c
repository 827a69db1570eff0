/* SPDX-License-Identifier: Apache-2.0 */
/* The screen on a terminal: ncurses, and nothing that a person reads. */
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "screen.h"

#define TICK_MS 1000
#define CONTROL_L 12 /* draw all of it anew */

/* What ncurses calls a key; -1: none of ours. */
static int key_of(int code)
{
	static const struct {
		int code;
		int key;
	} keys[] = {
		{KEY_UP, KAI_SCREEN_UP},	 {KEY_DOWN, KAI_SCREEN_DOWN},
		{KEY_PPAGE, KAI_SCREEN_PAGE_UP}, {KEY_NPAGE, KAI_SCREEN_PAGE_DOWN},
		{KEY_ENTER, KAI_SCREEN_ENTER},	 {'\r', KAI_SCREEN_ENTER},
		{'\n', KAI_SCREEN_ENTER},	 {27, KAI_SCREEN_ESCAPE},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return code >= ' ' && code < 127 ? code : -1;
}

static void draw(struct kai_cli *cli, struct kai_screen *screen)
{
	struct kai_lines lines = {.count = 0};
	size_t marked;

	screen->rows = LINES > 0 ? (size_t)LINES : 0;
	screen->cols = COLS > 0 ? (size_t)COLS : 0;
	kai_screen_draw(cli, screen, &lines, &marked);
	(void)erase();
	for (size_t i = 0; i < lines.count; i++) {
		if (i == marked)
			(void)attron(A_REVERSE);
		(void)mvaddstr((int)i, 0, lines.at[i]);
		if (i == marked)
			(void)attroff(A_REVERSE);
	}
	(void)refresh();
}

static int watch(struct kai_cli *cli)
{
	struct kai_screen screen = {.mode = KAI_SCREEN_LIST};
	int exit = 0;
	bool stay = true;

	while (stay) {
		size_t used = cli->arena.used;

		exit = kai_screen_read(cli, &screen);
		if (exit != 0)
			break;
		draw(cli, &screen);
		int code = getch();

		if (code == KEY_RESIZE || code == CONTROL_L)
			(void)clearok(curscr, TRUE);
		else if (key_of(code) >= 0)
			stay = kai_screen_key(cli, &screen, key_of(code));
		cli->arena.used = used;
	}
	kai_screen_done(&screen);
	return exit;
}

int kai_terminal_run(struct kai_cli *cli)
{
	FILE *err = cli->err;
	char *said = NULL;
	size_t len = 0;
	SCREEN *terminal = NULL;

	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("watch --screen: this is no terminal (`kairan inbox` tells "
				      "the same once)"));
	cli->renderer = &kai_render_table;
	terminal = newterm(NULL, stdout, stdin);
	if (terminal == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("watch --screen: the terminal is not known (set TERM)"));
	int rows = LINES;
	int cols = COLS;

	if (rows < KAI_SCREEN_ROWS || cols < KAI_SCREEN_COLS) {
		(void)endwin();
		delscreen(terminal);
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("watch --screen: %d columns and %d lines are not enough (80 "
				      "and 24 are needed)"),
				    cols, rows);
	}
	(void)cbreak();
	(void)noecho();
	(void)keypad(stdscr, TRUE);
	(void)curs_set(0);
	(void)set_escdelay(50);
	timeout(TICK_MS);
	cli->err = open_memstream(&said, &len); /* told when the screen is gone */
	if (cli->err == NULL)
		cli->err = err;
	int exit = watch(cli);

	(void)endwin();
	delscreen(terminal);
	if (cli->err != err) {
		(void)fclose(cli->err);
		cli->err = err;
		(void)fputs(said, err);
		free(said);
	}
	return exit;
}
