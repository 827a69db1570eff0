/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario as it runs: the nodes of one copy of a lab, what was filed, what was seen, and the story that is
 * told of it. Whatever is claimed is asked of the nodes with the commands that people type. A check is held,
 * failed, or was not made and says so. One thread; everything lives until kai_lab_stage_done.
 */
#ifndef KAIRAN_LAB_STAGE_H
#define KAIRAN_LAB_STAGE_H

#include "scenario.h"

#define KAI_LAB_MAX_SECRETS 128

enum kai_lab_outcome { KAI_LAB_TOLD, KAI_LAB_HELD, KAI_LAB_FAILED, KAI_LAB_NOT_MADE };

/* What was filed under a name. */
struct kai_lab_item {
	char id[KAI_ID_TEXT]; /* "": not filed, or a whole import */
	size_t origin;
	int64_t at_ms;	  /* of the machine's clock */
	uint64_t holders; /* who was said to hold it, its origin too */
	json_t *texts;	  /* the words in it by part, for the search: [part, text] */
	pid_t importing;  /* 0: done */
	size_t count;
};

/* Something that some nodes must never learn: an item, a part of it, or of an organisation. */
struct kai_lab_secret {
	const struct kai_lab_step *step;
	uint64_t nodes; /* who must not learn it */
	bool others;	/* whoever was not said to hold it when all is told */
	size_t item;
	const char *part; /* NULL: all of it */
	bool is_node;	  /* it is that a node takes part, and where it is reached */
	size_t node;
};

struct kai_lab_stage {
	struct kai_cli *cli;
	struct kai_lab *lab;
	const struct kai_lab_scenario *scenario;
	const char *dumper; /* NULL: none here */
	bool quiet;	    /* nothing is printed as it happens: --json */
	bool up;
	size_t many; /* so many times what an import says */
	int64_t start_ms;
	struct kai_lab_item items[KAI_LAB_MAX_ITEMS];
	uint64_t cut[KAI_LAB_MAX_NODES]; /* with whom a node holds no link */
	uint64_t calling;		 /* who calls people by a book */
	struct kai_lab_secret secrets[KAI_LAB_MAX_SECRETS];
	size_t secret_count;
	json_t *lines; /* the story: objects with at, elapsed_ms, line, what, outcome */
	size_t outcomes[KAI_LAB_NOT_MADE + 1];
};

/* stage.c */
void kai_lab_say(struct kai_lab_stage *stage, const struct kai_lab_step *step,
		 enum kai_lab_outcome outcome, const char *fmt, ...) KAI_PRINTF(4, 5);
/* Runs `kairan --dir NODE args…`. The exit code; the answer and the complaint may be NULL. */
int kai_lab_stage_ask(struct kai_lab_stage *stage, size_t node, const char *const *args,
		      json_t **ret, char **ret_complaint);
/* Starts the nodes, waits for their links. An exit code. */
int kai_lab_stage_up(struct kai_lab_stage *stage);
/* Writes what the lab decides of its configuration: clock and cut links. */
int kai_lab_stage_configure(struct kai_lab_stage *stage, size_t node);
int kai_lab_stage_restart(struct kai_lab_stage *stage, size_t node);
int kai_lab_stage_wait_links(struct kai_lab_stage *stage);
/* The machine's time of a node's clock; the story goes by the first node whose clock nobody moved. */
int64_t kai_lab_stage_now(const struct kai_lab_stage *stage);
/* The rule's name and its sentence. */
char *kai_lab_rule_text(const struct kai_lab_stage *stage, const char *rule);
/* {NAME} becomes the id of what was filed under that name, {NODE} the folder of that node. */
char *kai_lab_with_ids(const struct kai_lab_stage *stage, const char *value);
/* "a, b and c" in the arena. */
char *kai_lab_nodes_text(const struct kai_lab_stage *stage, uint64_t nodes);
/* For each node of a set: for (size_t node; kai_lab_next(&set, &node);) */
bool kai_lab_next(uint64_t *io_set, size_t *ret_node);
/* Runs all steps, then looks for what nobody was to learn. Exit code: 0 also when checks failed. */
int kai_lab_stage_run(struct kai_lab_stage *stage);
void kai_lab_stage_done(struct kai_lab_stage *stage);

/* What an answer of `show` says of an item or one of its parts. */
bool kai_lab_holds(struct kai_lab_stage *stage, size_t node, size_t item, const char *part);
/* The pair of `explain` at node about other in that direction ("in", "out"), to be released; NULL: none. */
json_t *kai_lab_pair(struct kai_lab_stage *stage, size_t node, size_t item, const char *other,
		     const char *direction);

/* A question about one node; step says what is asked. */
typedef bool (*kai_lab_asks)(struct kai_lab_stage *stage, const struct kai_lab_step *step,
			     size_t node);
/* Asks until it is so; false: time was up. In real time, however fast the clocks run. */
bool kai_lab_comes_true(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node,
			int64_t deadline_ms, kai_lab_asks asks);

/* evidence.c: looks through every recorded frame and every dumped store. An exit code. */
int kai_lab_evidence(struct kai_lab_stage *stage);

/* acts.c, filing.c, bundles.c, people.c, checks.c, sound.c, alike.c, keys.c: what the statements do */
int kai_lab_do_nothing(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_tell(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_time(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_speed(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_fast(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_slow(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_right(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_know(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_agree(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_admit(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_agree_until(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_file(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_revise(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_retract(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_import(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_command(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_publish(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_not_command(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_not_because(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_not_file(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_not_revise(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_down(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_kill(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_back(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_cut(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_mend(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_wait(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_wait_until(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_take_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_answer_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_change_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_refused_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_no_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_carries(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_carries_not(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_hold(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_part(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_lack(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_withheld(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_all(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_state(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_supply(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_once(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_rule(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_nobody(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_never(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_never_part(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_never_node(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_verify(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_sound(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_clean(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_sector(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_answer(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_alike(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_duty(struct kai_lab_stage *stage, const struct kai_lab_step *step);
/* What of a node's configuration makes it call them; "" where the story does not say so. */
const char *kai_lab_people(const struct kai_lab_stage *stage, size_t node);
int kai_lab_do_people(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_called(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_called_again(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_called_there(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_called_link(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_called_once(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_do_revoke(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_proven(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_marked(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_count(struct kai_lab_stage *stage, const struct kai_lab_step *step);
int kai_lab_check_clock(struct kai_lab_stage *stage, const struct kai_lab_step *step);

#endif
