/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab: a federation of real nodes on loopback, made from a topology file with the same commands that people type.
 * A lab folder holds one data directory per node, named after it, with its log (kairand.log) and process id (kairand.pid).
 * Everything is done by running kairan and kairand, so that what the lab shows is what the programs do; nothing here
 * knows the protocol, but for the search through recorded frames (evidence.c). One thread.
 */
#ifndef KAIRAN_LAB_H
#define KAIRAN_LAB_H

#include <sys/types.h>

#include "../kairan/cli.h"

#define KAI_LAB_MAX_NODES 64
#define KAI_LAB_MAX_AGREEMENTS 256
#define KAI_LAB_MAX_LIST 16

struct kai_lab_node {
	const char *name;
	const char *title;
	const char *title_ja;
	const char *country;
	const char
		*telephone; /* of its duty desk, a contact in its agreements; NULL: none is named */
	const char *sectors[KAI_LAB_MAX_LIST + 1]; /* ends with NULL */
	char dir[KAI_PATH_SIZE];
	/* Its clock shows from_ms + (now - from_ms) * scale + offset_s; scale 0: as the machine's, offset_s apart. */
	int64_t scale;
	int64_t from_ms;
	int64_t offset_s;
};

struct kai_lab_agreement {
	size_t a;
	size_t b;
	const char *preset;
	const char *side;    /* the role of a */
	const char *until;   /* when it ends; NULL: in a year */
	const char *signers; /* asked on an alert; NULL: one */
	const char *communities[KAI_LAB_MAX_LIST + 1];
	/* whose items a contingency clause lets a pass on to b, beside its own */
	const char *carries[KAI_LAB_MAX_LIST + 1];
};

struct kai_lab_community {
	size_t keeper;
	const char *name;
	size_t members[KAI_LAB_MAX_LIST];
	size_t member_count;
};

struct kai_lab {
	char dir[KAI_PATH_SIZE];
	char kairan[KAI_PATH_SIZE]; /* programs */
	char kairand[KAI_PATH_SIZE];
	char recorder
		[KAI_PATH_SIZE]; /* preloaded into nodes, writes down every frame; "": there is none */
	char records[KAI_PATH_SIZE]; /* where to */
	struct kai_lab_node nodes[KAI_LAB_MAX_NODES];
	size_t node_count;
	struct kai_lab_agreement agreements[KAI_LAB_MAX_AGREEMENTS];
	size_t agreement_count;
	struct kai_lab_community communities[KAI_LAB_MAX_LIST];
	size_t community_count;
};

/* topology.c: strings and the lab itself lie in the cli's arena. Exit codes; messages name file and line. */
int kai_lab_read(struct kai_cli *cli, const char *path, struct kai_lab *ret);
/* The lab folder of --lab (default ./kairan-lab) and the topology that `up` left in it; KAI_EXIT_NOTHING when there is none. */
int kai_lab_open(struct kai_cli *cli, struct kai_lab *ret);
/* --lab made absolute, and where the two programs are. */
int kai_lab_place(struct kai_cli *cli, struct kai_lab *lab);
int kai_lab_node_find(const struct kai_lab *lab, const char *name); /* -1: none */

/* process.c: argv ends with NULL. Output (may be NULL) in the arena; the child's stderr goes to ours. */
int kai_lab_run(struct kai_cli *cli, const char *const *argv, struct kai_span *ret_output);
/* Runs `kairan --dir NODE args…`; parses stdout when ret is given (--json is added). */
int kai_lab_kairan(struct kai_cli *cli, const struct kai_lab *lab, const struct kai_lab_node *node,
		   const char *const *args, json_t **ret);
/* The same without a word on stderr: what the child said, in the arena. */
int kai_lab_ask(struct kai_cli *cli, const struct kai_lab *lab, const struct kai_lab_node *node,
		const char *const *args, json_t **ret, char **ret_complaint);
/* Starts a program and does not wait; its output goes to the file. kai_lab_wait: its exit code. */
int kai_lab_begin(struct kai_cli *cli, const char *const *argv, const char *output, pid_t *ret);
int kai_lab_wait(pid_t pid);
/* How far the node's clock is ahead of the machine's now, in milliseconds. */
int64_t kai_lab_ahead(const struct kai_lab_node *node);
pid_t kai_lab_pid(const struct kai_lab_node *node); /* 0: not running */
int kai_lab_start(struct kai_cli *cli, const struct kai_lab *lab, const struct kai_lab_node *node);
/* SIGTERM, then SIGKILL after ten seconds; only a process whose command line names this node's directory. */
int kai_lab_stop(struct kai_cli *cli, const struct kai_lab_node *node);
int kai_lab_kill(const struct kai_lab_node *node); /* SIGKILL, and waits until it is gone */
void kai_lab_sleep(int64_t ms);
/* From now on a signal that ends waits until it is asked for, so that no node outlives a run. */
void kai_lab_hold_signals(void);
bool kai_lab_told_to_stop(void);

/* up.c */
/* Makes the lab's folder, its nodes, agreements and communities; they run when it is done. */
int kai_lab_build(struct kai_cli *cli, struct kai_lab *lab, const char *topology);
/* Writes what the lab decides of a node's configuration: its clock, with whom it holds no link (aliases), and more. */
int kai_lab_configure(struct kai_cli *cli, const struct kai_lab_node *node, const char *cut,
		      const char *more);
int kai_lab_start_all(struct kai_cli *cli, const struct kai_lab *lab);
/* Waits until the control socket answers. */
int kai_lab_wait_ready(struct kai_cli *cli, const struct kai_lab_node *node);

/* join.c: what makes strangers partners, as README tells people to do it. */
int kai_lab_join(struct kai_cli *cli, const struct kai_lab *lab,
		 const struct kai_lab_agreement *agreement);
/* terms.c: fills in a draft what only people know: contacts of both sides, and the agreement's own clauses. */
int kai_lab_fill_terms(struct kai_cli *cli, const struct kai_lab *lab,
		       const struct kai_lab_agreement *agreement, const char *path);
/* Gives `to` the card of `from`, after comparing the fingerprint that `from` reads aloud. */
int kai_lab_hand_card(struct kai_cli *cli, const struct kai_lab *lab,
		      const struct kai_lab_node *from, const struct kai_lab_node *to);
int kai_lab_members(struct kai_cli *cli, const struct kai_lab *lab,
		    const struct kai_lab_community *community);

/* How many of the federation's links are up, of agreement_count × 2 ends. */
size_t kai_lab_ends_up(struct kai_cli *cli, const struct kai_lab *lab);

#endif
