/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four organisations with real engines over memory stores, for the entries that drive an engine: a
 * victim V, an honest peer H, and two rogues R and S that hold real agreements with V. The town is
 * founded once (keys, cards, agreements, items, by tests/unit/net.c); every input gets fresh stores
 * and engines from that image, so that inputs do not know of each other. Time and randomness are
 * the input's. Whatever the town itself cannot do aborts. One thread.
 *
 * V may send R up to AMBER (and counts it as its constituency), S up to GREEN (abroad and a
 * government), H everything; each of them sends V by the same ceiling.
 */
#ifndef KAIRAN_FUZZ_TOWN_H
#define KAIRAN_FUZZ_TOWN_H

#include "fuzz.h"
#include "kairan/control.h"
#include "kairan/engine.h"
#include "kairan/records.h"

#define TOWN_NODES 4u
#define TOWN_PARTS 2u
#define TOWN_ITEMS 96u /* known ones */
#define TOWN_QUEUE 1024u

enum town_who { TOWN_V, TOWN_H, TOWN_R, TOWN_S };

/* An item that somebody made, as everybody may know it. */
struct town_item {
	uint8_t id[KAI_ID_LEN];
	unsigned origin;
	struct kai_label label; /* of the header */
	struct kai_label parts[TOWN_PARTS];
	/* What the origin's release makes of part 0; tlp 0: none was made. */
	struct kai_label released;
};

struct town_frame {
	unsigned from, to;
	size_t len;
	uint8_t *at;
};

struct town_node {
	struct kai_engine_config config;
	struct kai_store *store;
	struct kai_engine *engine;
	struct kai_out *out;
	uint64_t boots;
	int64_t skew_ms;
	bool more;
	bool linked[TOWN_NODES];
	bool cut[TOWN_NODES]; /* asked for, not done yet */
};

struct town;
/* What a node put out after its turn was committed, then NULL: the turn is over. */
typedef void (*town_look)(struct town *town, unsigned node, const struct kai_output *output);

struct town {
	struct town_node nodes[TOWN_NODES];
	struct kai_mono mono;
	uint64_t entropy;
	struct town_frame queue[TOWN_QUEUE]; /* oldest first */
	size_t queue_count;
	struct town_item items[TOWN_ITEMS];
	size_t item_count;
	struct kai_arena arena; /* the input's own, 8 MiB */
	town_look look;		/* NULL: nobody looks */
	bool fail_commit;	/* V's next turn cannot be written */
	bool skewed;		/* V's clock has been wrong */
	size_t turns;
};

/* Once a process. */
void town_found(void);
/* warm: everybody has met before, and V holds what it may. */
struct town *town_open(bool warm, const struct kai_quota *quota, town_look look);
void town_close(struct town *town);

const uint8_t *town_org(unsigned node);
int town_who(const uint8_t org[KAI_ID_LEN]); /* -1: a stranger */
/* Secrets of its keys, for whoever forges. */
struct town_keys {
	const uint8_t *duty, *duty_secret, *decider, *decider_secret, *system, *system_secret;
	const uint8_t *seal, *seal_secret;
	struct kai_span card;
};
struct town_keys town_keys(unsigned node);
struct kai_span town_terms(unsigned peer); /* of the agreement between V and that peer */

struct kai_wall town_wall(const struct town *town, unsigned node);
/* One turn of one input at that node, committed; then what it put out. */
void town_turn(struct town *town, unsigned node, struct kai_event *event);
void town_link(struct town *town, unsigned a, unsigned b, bool up);
/* The frame's bytes as the peer `from` sends them, checked and given to `to` at once. */
void town_deliver(struct town *town, unsigned from, unsigned to, struct kai_span frame);
/* The oldest waiting frame, or MORE for whoever has more to do; false: nothing moves. */
bool town_move(struct town *town);
/* Moves and gives timers that are due, at most so often. */
void town_run(struct town *town, size_t most);
void town_restart(struct town *town, unsigned node);
void town_control(struct town *town, unsigned node, struct kai_span request);
struct town_item *town_item(struct town *town, const uint8_t id[KAI_ID_LEN]); /* NULL: unknown */
struct town_item *town_add(struct town *town, const struct town_item *item);

#endif
