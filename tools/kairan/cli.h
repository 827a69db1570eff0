/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verbs of the command line share: the parsed command, the data directory, the open store,
 * the language, and how to say what went wrong. A verb is a row of verbs.c and a function
 * `int (struct kai_cli *)` that returns cli.md's exit code. One thread; one command per process.
 */
#ifndef KAIRAN_CLI_H
#define KAIRAN_CLI_H

#include <jansson.h>
#include <stdio.h>

#include "kairan/control.h"
#include "kairan/facts.h"
#include "kairan/keys.h"
#include "kairan/kinds.h"
#include "kairan/label.h"
#include "kairan/rec.h"
#include "kairan/text.h"

enum kai_exit {
	KAI_EXIT_DONE = 0,
	KAI_EXIT_REFUSED = 1,
	KAI_EXIT_UNREACHABLE = 2,
	KAI_EXIT_USAGE = 3,
	KAI_EXIT_NOTHING = 4,
	KAI_EXIT_ALERT_WAITS = 10,
	KAI_EXIT_DUTY_OVERDUE = 11,
	KAI_EXIT_LINK_DOWN = 12,
	KAI_EXIT_ENDS_SOON = 13
};

enum kai_lang { KAI_LANG_EN, KAI_LANG_JA };

/* An option of a verb. arg NULL: a switch. The last row of a list has name NULL. */
struct kai_opt {
	const char *name; /* "set"; one letter: "o" for -o */
	const char *arg;
	bool many;
	const char *help;
};

struct kai_cli;

/* A verb: one row of verbs.c, from which parsing, --help and the manual page come. */
struct kai_verb {
	const char *name; /* "card import" */
	const char *args; /* positional arguments as the synopsis prints them */
	int min;
	int max; /* -1: any number */
	const char *help;
	const struct kai_opt *opts; /* may be NULL */
	int (*run)(struct kai_cli *cli);
};
extern const struct kai_verb kai_verbs[];
extern const size_t kai_verb_count;
extern const struct kai_opt kai_common_opts[];

#define KAI_MAX_GIVEN 128 /* options */
#define KAI_MAX_ARGS 8192 /* file names from a shell's pattern */

struct kai_given {
	const char *name;
	const char *value; /* "" for a switch */
};

struct kai_renderer;

struct kai_cli {
	const struct kai_verb *verb;
	struct kai_given given[KAI_MAX_GIVEN];
	size_t given_count;
	const char *args[KAI_MAX_ARGS];
	int arg_count;
	const struct kai_renderer *renderer;
	enum kai_lang lang;
	bool color;
	bool tty; /* both ends are a terminal: a dialogue is possible */
	char dir[KAI_PATH_SIZE];
	struct kai_arena arena;
	struct kai_store *store;
	struct kai_store *live;		    /* beneath store, where that is a drill's */
	const struct kai_drill_held *drill; /* --realm; NULL: live */
	bool marked;			    /* out marks its lines */
	bool err_marked;		    /* and err its own */
	uint8_t org[KAI_ID_LEN];	    /* this node's, from the store */
	bool lab;			    /* kairan lab made this directory */
	struct kai_node_keys *rest;
	FILE *out; /* stdout */
	FILE *err; /* stderr */
};

/* ---- words */

/* The sentence in the user's language; the English one is its own key (ja.def). */
const char *kai_tr(const struct kai_cli *cli, const char *english) __attribute__((format_arg(2)));
const char *kai_tr_lang(enum kai_lang lang, const char *english) __attribute__((format_arg(2)));
#define T(english) kai_tr(cli, english)
/* Marks a sentence that stands in a table and is translated where it is printed. */
#define N_(english) english

/* Prints "kairan: …" and returns exit, so that one can `return kai_cli_fail(...)`. */
int kai_cli_fail(struct kai_cli *cli, int exit, const char *fmt, ...) KAI_PRINTF(3, 4);
/* The same from an error of the world and its detail. */
int kai_cli_err(struct kai_cli *cli, enum kai_err err, const struct kai_why *why);

/* ---- the command (args.c) */

/* Fills cli from argv. -1: go on and run cli->verb; else the exit code. */
int kai_args_parse(struct kai_cli *cli, int argc, char **argv);
const char *kai_opt_value(const struct kai_cli *cli, const char *name); /* last one; NULL: absent */
bool kai_opt_is(const struct kai_cli *cli, const char *name);
/* The next value of an option that may be given often; start with *io_at = 0; NULL at the end. */
const char *kai_opt_next(const struct kai_cli *cli, const char *name, size_t *io_at);
void kai_help_print(struct kai_cli *cli, const struct kai_verb *verb); /* NULL: the overview */
/* The closest of count words within a third of its length, else NULL. */
const char *kai_nearest(const char *word, const char *const *words, size_t count);

/* ---- the data directory (dir.c) */

bool kai_cli_json(const struct kai_cli *cli);
/* The clock of people; of a lab's, where it runs us with KAI_LAB_CLOCK in the environment. */
struct kai_wall kai_cli_now(void);
/* Milliseconds that a lab's clock is ahead; only for data directories that lab made. */
#define KAI_LAB_CLOCK "KAIRAN_LAB_CLOCK_MS"
/* Opens DIR/store read-only, once; sets cli->org. Returns an exit code, 0 when open. */
int kai_cli_open(struct kai_cli *cli);
/* Loads the retention keys, once. */
int kai_cli_keys(struct kai_cli *cli);
/* A read transaction; NULL after printing why. End it with kai_txn_abort. */
struct kai_txn *kai_cli_txn(struct kai_cli *cli);
void kai_cli_done(struct kai_cli *cli);
/* Takes from the arena; ends the program with a message when it is used up. */
void *kai_cli_take(struct kai_cli *cli, size_t size);
/* Formats into the arena. */
char *kai_cli_text(struct kai_cli *cli, const char *fmt, ...) KAI_PRINTF(2, 3);
/* Copies a span as a NUL-terminated string into the arena. */
char *kai_cli_str(struct kai_cli *cli, struct kai_span text);
/* Reads a whole file of at most max bytes into the arena ("-": stdin). Returns an exit code. */
int kai_cli_read(struct kai_cli *cli, const char *path, size_t max, struct kai_span *ret);
/* Writes to path through a temporary file and rename; NULL or "-": stdout. */
int kai_cli_write(struct kai_cli *cli, const char *path, struct kai_span bytes, unsigned mode);
/* Asks on the terminal; NULL at its end. The answer lies in the arena, without the line's end. */
char *kai_cli_prompt(struct kai_cli *cli, const char *question);
/*
 * Live publishing of an alert asks for a typed word; a script gives --confirm. 0: confirmed.
 */
int kai_cli_confirm(struct kai_cli *cli, const char *word, const char *what);
/* Options as values; exit code 3 with a message when they do not parse, 0 else. */
int kai_cli_time(struct kai_cli *cli, const char *name, const char *text, bool past,
		 struct kai_wall *ret);
/* A number of 1 or more. */
int kai_cli_number(struct kai_cli *cli, const char *name, uint64_t otherwise, uint64_t *ret);
int kai_cli_realm(struct kai_cli *cli); /* --realm (realm.c) */

/* ---- the node (node.c) */

/*
 * Sends a request and reads the answer into the arena. 0: answered (the answer's own exit may be
 * otherwise); KAI_EXIT_UNREACHABLE: no node, nothing printed when quiet.
 */
int kai_node_ask(struct kai_cli *cli, const struct kai_object *object, const void *request,
		 bool quiet, struct kai_ctl_answer *ret);
int kai_node_send(struct kai_cli *cli, struct kai_span request, bool quiet,
		  struct kai_ctl_answer *ret);
/* Prints a refused answer's sentence; returns its exit. */
int kai_node_refused(struct kai_cli *cli, const struct kai_ctl_answer *answer);
/* The node's own state; false when it is not running. */
bool kai_node_state(struct kai_cli *cli, struct kai_state *ret);

/* ---- names (names.c) */

/* An alias, "self", or a prefix of an id of 8 characters or more; exit code, 0 when found. */
int kai_org_find(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		 uint8_t ret[KAI_ID_LEN]);
/* An advisory by a unique prefix of its id; exit code. */
int kai_item_find(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		  uint8_t ret[KAI_ID_LEN], uint64_t *ret_arrival);
/* An item that is not held any more, or never was, but of which a stub is here. */
bool kai_stub_find(struct kai_txn *txn, const char *text, uint8_t ret[KAI_ID_LEN]);
/*
 * What people call an org here: alias, own name, else the first 12 characters of its id; never a
 * name that its own card claims. Scripts get it as `name` and `origin_name`.
 */
const char *kai_org_name(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN]);
/* The name that the card of an org without alias claims, to be shown as a claim; else NULL. */
const char *kai_org_claim(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN]);
char *kai_cli_id(struct kai_cli *cli, const uint8_t id[KAI_ID_LEN]);
/* Reads "KEEPER/NAME"; exit code. */
int kai_community_find(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		       struct kai_community *ret);
/* One audience entry as people write it: org:ALIAS, community:KEEPER/NAME, sector:…, country:… */
char *kai_audience_text(struct kai_cli *cli, struct kai_txn *txn,
			const struct kai_audience_entry *entry);
/* Parses "org:X,community:K/N,…" into canonical order; exit code with a message. */
int kai_audience_parse(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		       struct kai_label *io_label);
json_t *kai_json_span(struct kai_span text);
json_t *kai_json_id(const uint8_t id[KAI_ID_LEN]);
json_t *kai_json_time(uint64_t ms); /* null for 0 */

#endif
