/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The officer's screen: what waits, in a list, and everything about the chosen item under it. What
 * it shows and what a key does is here, without a terminal (screen.c); terminal.c draws it. It writes
 * nothing but a person's word that goes to the node. Texts lie on the heap, drawn lines in the arena.
 * One thread.
 */
#ifndef KAIRAN_SCREEN_H
#define KAIRAN_SCREEN_H

#include "inbox.h"

#define KAI_SCREEN_ROWS 24
#define KAI_SCREEN_COLS 80

/* Keys that are not characters. */
enum kai_screen_key {
	KAI_SCREEN_UP = 0x110000,
	KAI_SCREEN_DOWN,
	KAI_SCREEN_PAGE_UP,
	KAI_SCREEN_PAGE_DOWN,
	KAI_SCREEN_ENTER,
	KAI_SCREEN_ESCAPE
};

enum kai_screen_mode { KAI_SCREEN_LIST, KAI_SCREEN_TEXT, KAI_SCREEN_ACK };

struct kai_screen {
	size_t rows, cols;
	enum kai_screen_mode mode;
	json_t *top;		/* of kai_inbox_load */
	size_t chosen;		/* index into its items */
	char *text;		/* mode TEXT: what a verb printed */
	size_t text_from;	/* first line shown */
	char *said;		/* under it all, until the next key */
	int64_t read_at;	/* when top was read */
	uint64_t head, journal; /* of the store then */
	bool up;
};

/* Reads what waits, when the store or the node changed since, or half a minute passed. The chosen item stays
 * chosen. Exit code. */
int kai_screen_read(struct kai_cli *cli, struct kai_screen *screen);
/* Exactly rows lines, none wider than cols; marked: which one is the chosen item's (rows: none). */
void kai_screen_draw(struct kai_cli *cli, struct kai_screen *screen, struct kai_lines *ret,
		     size_t *ret_marked);
/* A character or an enum kai_screen_key; false: leave. */
bool kai_screen_key(struct kai_cli *cli, struct kai_screen *screen, int key);
void kai_screen_done(struct kai_screen *screen);

/* On the terminal, until the officer leaves. Exit code; says why when there is none that is large
 * enough. */
int kai_terminal_run(struct kai_cli *cli);

#endif
