/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of the journal share: an entry as JSON and in words, and the file that they export.
 * Reading only; results lie in the arena or are the caller's to release. */
#ifndef KAIRAN_JOURNAL_VERBS_H
#define KAIRAN_JOURNAL_VERBS_H

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
/* file->witness is the caller's to let go, whatever the exit. */
int kai_journal_read(struct kai_cli *cli, const char *path, struct kai_journal_file *ret);

#endif
