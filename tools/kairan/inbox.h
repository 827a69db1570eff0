/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for the officer on duty, read from the store, with the node down too: which items ask
 * for something (inbox_todo.c, inbox_find.c), what there is to know about each, in the order in
 * which the officer asks (inbox_item.c), and how it reads (inbox.c). Decides nothing and writes
 * nothing. Rows are JSON on the heap; everything else lies in the arena. One thread.
 */
#ifndef KAIRAN_INBOX_H
#define KAIRAN_INBOX_H

#include "item.h"
#include "lines.h"

/*
 * What the item asks of us, or another about it of us: {"what", "state", "by", "org", "name", "text"}
 * with what acknowledge, pass, answer, report, reply, follow, decide, reconsider or await, and state overdue, due,
 * blocked or open (no time is set). The most pressing first; empty: nothing.
 */
json_t *kai_inbox_todos(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item);
/* Whether the item may ask for something, from what needs no opening. */
bool kai_inbox_may_wait(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item);
/* How far people here are with it: the highest level that they said. */
uint64_t kai_inbox_level(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item);
/* inbox_cause.c: "to-malicious" or "from-malicious" where an incident's cause turned so since the report that a person
 * here acknowledged last; NULL: it did not. */
const char *kai_inbox_cause_turned(struct kai_cli *cli, struct kai_txn *txn,
				   const struct kai_loaded *item);
/* The title of a standing alert of ours about that incident, issued while its cause was another, until it is revised
 * or taken back, or a person says what is done about the report; NULL: none. */
const char *kai_inbox_alert_in_doubt(struct kai_cli *cli, struct kai_txn *txn,
				     const struct kai_loaded *item);
/* Arrival numbers, ascending, of items that may; in short transactions. Exit code. */
int kai_inbox_find(struct kai_cli *cli, uint64_t **ret, size_t *ret_count);
/* The whole row of one; NULL when it asks for nothing. state NULL: the node is down. */
json_t *kai_inbox_item(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival,
		       const struct kai_state *state);

/* {"node", "name", "items", "peers"}, the items in order. Exit code. */
int kai_inbox_load(struct kai_cli *cli, json_t **ret);
/* Negative: left is to be done before right. */
int kai_inbox_compare(const json_t *left, const json_t *right);
/* The rows in order (pointers to them are compared), as a new array; takes over the old one. */
json_t *kai_inbox_sorted(struct kai_cli *cli, json_t *rows,
			 int (*compare_rows)(const void *a, const void *b));
/* For people. What is to be done first: "acknowledge it", and by when. */
char *kai_inbox_deed(struct kai_cli *cli, const json_t *todo);
char *kai_inbox_when(struct kai_cli *cli, const json_t *todo);
/* Everything about an item, wrapped. */
void kai_inbox_lines(struct kai_cli *cli, const json_t *item, size_t width,
		     struct kai_lines *lines);
/* Per partner: is its silence real? */
void kai_inbox_silence(struct kai_cli *cli, const json_t *top, size_t width,
		       struct kai_lines *lines);

#endif
