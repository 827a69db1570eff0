/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of the journal share: an entry as JSON and in words, and the file that they export.
 * Reading only; results lie in the arena or are the caller's to release. */
#ifndef KAIRAN_JOURNAL_VERBS_H
#define KAIRAN_JOURNAL_VERBS_H

#include "kairan/rec.h"
#include "cli.h"

#define KAI_JOURNAL_PAGE 256 /* entries in one transaction */

/* What the entry says, and nothing that is not in its bytes: number, at, event, org, id, rule, count,
 * text. */
json_t *kai_journal_json(uint64_t number, const struct kai_journal *entry);
/* In the user's language; an event that this version does not know is its own word. */
char *kai_journal_words(struct kai_cli *cli, const struct kai_journal *entry);
/* NULL when there is no sentence for it. */
const char *kai_journal_sentence(struct kai_span event);
/* What a break at this entry means; NULL for WHOLE. */
const char *kai_journal_meaning(enum kai_journal_break broken);
/* "gap", "unreadable", "changed", "end"; "" for WHOLE. */
const char *kai_journal_break_word(enum kai_journal_break broken);

/* One line of an exported file beside its first and last. */
json_t *kai_journal_line(uint64_t number, struct kai_span bytes, const struct kai_journal *entry);
#define KAI_JOURNAL_FILE "kairan journal" /* member `file` of the first line */

/* Lines of a file: count, and digest = H(case, live, the one before || the line with its end), from zeros. */
struct kai_lines {
	FILE *to;
	uint64_t count;
	uint8_t digest[KAI_ID_LEN];
	int error; /* errno of the first line that is not in it */
};
void kai_lines_put(struct kai_lines *lines, json_t *line); /* releases it */
/* exit; where that is 0 and a line is not in the file, another, with a message. */
int kai_lines_end(struct kai_cli *cli, const struct kai_lines *lines, int exit);
/* The lines of an export of these entries; first 0: of none. An exit code. */
int kai_journal_write(struct kai_cli *cli, struct kai_lines *lines, uint64_t first, uint64_t last);
/* The first and the last entry about an id of which about says so; 0: none. */
int kai_journal_about(struct kai_cli *cli,
		      bool (*about)(void *context, const uint8_t id[KAI_ID_LEN]), void *context,
		      uint64_t *ret_first, uint64_t *ret_last);

/*
 * Heads of another organisation's journal, as its receipts told them to this node, against an export of it. Zeroed
 * before begin. heads is on the heap; done lets it go. Not asked: no node's data is here, or it does not know them.
 */
struct kai_witness_head;
struct kai_witness {
	bool asked;
	struct kai_witness_head *heads;
	size_t count;
	size_t cap;
	uint64_t from; /* of the file's entries; to when it was made, where it goes to the newest */
	uint64_t until;
};
/* An exit code, with a message where the store that is here cannot be read. */
int kai_witness_begin(struct kai_cli *cli, const uint8_t org[KAI_ID_LEN],
		      struct kai_witness *witness);
/* The file has that entry; was written at that time. */
void kai_witness_meet(struct kai_witness *witness, const uint8_t hash[KAI_ID_LEN]);
void kai_witness_time(struct kai_witness *witness, uint64_t at);
void kai_witness_done(struct kai_witness *witness);
/* kept, found, missing: head and at, of those that were signed in the file's time; null when not asked. */
json_t *kai_witness_json(const struct kai_witness *witness);
void kai_witness_show(struct kai_cli *cli, const json_t *witness);

/* Checks an exported file. The chain ends where it ends; *ret_count entries were seen. WHOLE, or what
 * is wrong with entry *ret_at; an exit code with a message where the file is none of ours. */
struct kai_journal_file {
	struct kai_journal_chain chain;
	uint64_t first;
	uint64_t count;
	uint64_t at;	     /* the first broken entry */
	const char *problem; /* in words, translated where it is printed; NULL: none */
	const char *word;
	char *org;
	struct kai_witness witness;
};
/* A reader of such lines, one after the other. alone: no store that is here is asked for heads. */
struct kai_journal_reading {
	struct kai_cli *cli;
	struct kai_journal_file *file;
	bool alone;
	bool begun;
	bool ended;
	uint64_t made_at;
	int exit; /* of the store that is here */
};
/* false: not a line of ours. */
bool kai_journal_read_line(struct kai_journal_reading *reading, const char *text, size_t len);
/* file->witness is the caller's to let go, whatever the exit. */
int kai_journal_read(struct kai_cli *cli, const char *path, struct kai_journal_file *ret);

#endif
