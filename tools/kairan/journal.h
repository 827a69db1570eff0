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
};
int kai_journal_read(struct kai_cli *cli, const char *path, struct kai_journal_file *ret);

#endif
