/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One real kairand in a folder of its own, made by kairan init, asked over its control socket, and
 * its store read beside it. For tests only: every failure of the surroundings is an assertion. One
 * thread.
 */
#ifndef KAIRAN_BOX_NODE_H
#define KAIRAN_BOX_NODE_H

#include "../unit/test.h"

#include <sys/types.h>

#include "kairan/control.h"
#include "kairan/keys.h"
#include "kairan/store.h"

#define BOX_FRAMES_PER_SECOND 2000 /* its quota of one peer, so that a test reaches it */

struct box_node {
	char top[64]; /* temporary folder */
	char dir[96]; /* data directory */
	int port;
	pid_t pid;
	uint8_t org[KAI_ID_LEN];
	struct kai_node_keys keys; /* its own, so that tests may look at what it holds */
	struct kai_arena arena;	   /* answers; freed with the node */
};

/* What a peer looks like to the node. */
struct box_state {
	bool up;
	uint64_t refused;
	uint64_t received;
	char last_error[KAI_MAX_SHORT + 1];
	char down_reason[KAI_MAX_SHORT + 1];
};

struct box_node *box_node_new(const char *kairan, const char *kairand);
/* Stops it and removes its folder; kairan check must find nothing. */
void box_node_free(struct box_node *node, const char *kairan);

/* One request; version and type are set here. The answer lives as long as the node. */
struct kai_ctl_answer box_ask(struct box_node *node, uint64_t type, void *request);
struct box_state box_state(struct box_node *node, const uint8_t org[KAI_ID_LEN]);
/* What lies in its store now. */
uint64_t box_items(struct box_node *node);
bool box_holds(struct box_node *node, const uint8_t id[KAI_ID_LEN]);
/* Parts held, as a bit set; 0: the item is not held. */
uint64_t box_parts(struct box_node *node, const uint8_t id[KAI_ID_LEN]);
/* How often the journal tells that this peer did this: sum of the counts of its entries. */
uint64_t box_journal(struct box_node *node, const uint8_t org[KAI_ID_LEN], const char *rule);
/* Bytes of memory that the process has in use. */
uint64_t box_memory(const struct box_node *node);
bool box_logged(const struct box_node *node, const char *text);
int box_run(const char *const *argv);
void box_sleep(int64_t ms);
int64_t box_now_ms(void);

#endif
