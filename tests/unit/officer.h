/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line at one node of a world (world.h): verbs run in this process over the node's store
 * in memory, with the world's clock, and ask the node itself what the control socket would carry.
 * Programs that use it are linked with officer_link_args. For tests only; one thread, one officer.
 */
#ifndef KAIRAN_TEST_OFFICER_H
#define KAIRAN_TEST_OFFICER_H

#include "world.h"

#include "cli.h"
#include "view.h"

struct officer {
	struct kai_cli cli;
	struct kai_node_keys keys;
	struct world *world;
	size_t node;
	bool down; /* the node does not answer */
	char *text;
	size_t len;
};

/* lang as asked; the table renderer. Freed by officer_done. */
void officer_begin(struct officer *officer, struct world *world, size_t node, enum kai_lang lang);
void officer_done(struct officer *officer);
/* Runs the verb ("inbox", "show") with at most one argument; what it printed, until the next run. */
const char *officer_run(struct officer *officer, const char *verb, const char *arg, int want_exit);

/* ---- an alliance that looks like one ---- */

/* 0 op-power-a, 1 cep-power, 2 min-energy, 3 op-power-b: names, aliases and sectors; 1 has an
 * agreement with each of the others, with acknowledgements, contacts, and duties: both sides answer
 * questions within 4 hours, and pass an alert of now on within 15 minutes. */
struct world *officer_alliance(void);
enum { OFFICER_OP_A, OFFICER_CEP, OFFICER_MINISTRY, OFFICER_OP_B };
/* An item of this kind to these nodes (bits), TLP AMBER; fields beside the mandatory ones as "name=value"
 * pairs, NULL at the end, stand instead of what the world would say. */
struct officer_draft {
	uint64_t kind;
	unsigned to;
	const char *title;
	const char *text;
	const char *const *fields;
	const uint8_t *supersedes;
	const uint8_t *ref; /* one id */
	uint64_t urgency;   /* 0: the kind's */
	uint64_t onward;    /* 0: any */
};
void officer_publish(struct world *world, size_t node, const struct officer_draft *say,
		     uint8_t ret[KAI_ID_LEN]);

#endif
