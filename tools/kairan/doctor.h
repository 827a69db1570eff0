/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor: what will go wrong, or has, and what to do about it. Rooms add findings; each is a row of
 * doctor_words.c with an organisation, a file or a limit as its subject. Reads only: the store, the
 * directory, /proc, and the node where it runs. One thread.
 */
#ifndef KAIRAN_DOCTOR_H
#define KAIRAN_DOCTOR_H

#include "cli.h"

enum kai_doctor_level {
	KAI_DOCTOR_NOW,	 /* something fails, or lies open, already */
	KAI_DOCTOR_SOON, /* something will */
	KAI_DOCTOR_LOOK	 /* worth a look; alone it asks nothing of anybody */
};

/* X(NAME, "stable name"), the worst of a level first */
#define KAI_X_FINDING(X)                                                                           \
	X(NODE_DOWN, "node-down")                                                                  \
	X(READ_ONLY, "read-only")                                                                  \
	X(LINK_DOWN, "link-down")                                                                  \
	X(OUR_CLOCK, "our-clock")                                                                  \
	X(PEER_CLOCK, "peer-clock")                                                                \
	X(CLOCK_BACK, "clock-back")                                                                \
	X(JOURNAL, "journal")                                                                      \
	X(DISK, "disk")                                                                            \
	X(QUOTA, "quota")                                                                          \
	X(OPEN_FILES, "open-files")                                                                \
	X(MEMORY, "memory")                                                                        \
	X(OPEN_PATH, "open-path")                                                                  \
	X(UNSEEN, "unseen")                                                                        \
	X(NO_KEY, "no-key")                                                                        \
	X(KEY_NOT_OURS, "key-not-ours")                                                            \
	X(ROOT_HERE, "root-here")                                                                  \
	X(OUR_CARD, "our-card")                                                                    \
	X(OUR_KEY, "our-key")                                                                      \
	X(OUR_RECORD, "our-record")                                                                \
	X(THEIR_CARD, "their-card")                                                                \
	X(OLD_CARD, "old-card")                                                                    \
	X(FROZEN, "frozen")                                                                        \
	X(AGREEMENT_ENDED, "agreement-ended")                                                      \
	X(AGREEMENT_ENDS, "agreement-ends")                                                        \
	X(AGREEMENT_WAITS, "agreement-waits")                                                      \
	X(SUSPENDED, "suspended")                                                                  \
	X(REVIEW, "review")                                                                        \
	X(NO_CONTACT, "no-contact")                                                                \
	X(ONE_ROUTE, "one-route")                                                                  \
	X(MEMBERSHIP, "membership")                                                                \
	X(DRAFT, "draft")

enum kai_finding {
#define X(name, word) KAI_FINDING_##name,
	KAI_X_FINDING(X)
#undef X
		KAI_FINDING_END
};

#define KAI_DOCTOR_HELD_BYTES (16LL * 1024 * 1024) /* quota.held_bytes, where the file says none */

struct kai_doctor {
	struct kai_cli *cli;
	struct kai_txn *txn;
	int64_t now_ms;
	struct kai_state state; /* meaningful when node_up */
	bool node_up;
	size_t partners; /* with an agreement in force */
	json_t *rows;
};

/* In words: what, why, what to do. */
struct kai_finding_text {
	const char *what;
	const char *why;
	const char *todo;
};
extern const struct kai_finding_text kai_finding_texts[KAI_FINDING_END];
const char *kai_finding_word(enum kai_finding finding);

/* subject: an alias, a file, a limit. detail: a time, a share, a mode; "" for none. */
void kai_doctor_add(struct kai_doctor *doctor, enum kai_finding finding,
		    enum kai_doctor_level level, const char *subject, const char *detail);
/* The same for what ends then: NOW within 14 days, SOON within 30, nothing later. */
void kai_doctor_ends(struct kai_doctor *doctor, enum kai_finding finding, const char *subject,
		     uint64_t until);
/* Of an agreement by the node's clock, which is not this machine's where a lab shifted it. */
enum kai_agreement_state kai_doctor_state(const struct kai_doctor *doctor,
					  const struct kai_pair *pair);
char *kai_doctor_when(const struct kai_doctor *doctor, uint64_t at);

/* The rooms. */
void kai_doctor_trust(struct kai_doctor *doctor);   /* agreements, cards, keys, memberships */
void kai_doctor_node(struct kai_doctor *doctor);    /* links, clocks, journal */
void kai_doctor_machine(struct kai_doctor *doctor); /* disk, limits, files' modes, drafts */

#endif
