/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few whole nodes in one process: real engines over memory stores, frames carried by hand, clocks
 * that the test turns. For tests only; one thread. Every failure of the world itself is an
 * assertion.
 */
#ifndef KAIRAN_TEST_WORLD_H
#define KAIRAN_TEST_WORLD_H

#include "fixture.h"
#include "kairan/agreement.h"
#include "kairan/control.h"
#include "kairan/engine.h"
#include "kairan/facts.h"
#include "kairan/kinds.h"
#include "kairan/label.h"

#define WORLD_NODES 5
#define WORLD_START 1800000000000LL /* a wall clock in 2027 */
#define WORLD_TRACES 4096

struct world_trace {
	char event[48];
	char rule[48];
	uint8_t org[KAI_ID_LEN];
};

struct world_node {
	size_t index;
	struct fix_pair root, system, duty, decider, seal, node;
	uint8_t rest[32], token[32];
	struct kai_seal_pair seal_pair;
	struct kai_rest_key rest_key;
	struct kai_span card, record; /* signed */
	uint64_t serial;
	struct kai_store *store;
	struct kai_engine *engine;
	struct kai_out *out;
	struct kai_arena arena; /* answers, cards; freed with the world */
	bool linked[WORLD_NODES];
	struct world_trace traces[WORLD_TRACES];
	size_t trace_count;
	size_t peers_asked;
};

struct world {
	struct world_node nodes[WORLD_NODES];
	size_t count;
	struct kai_mono mono;
	struct kai_wall wall;
	uint64_t draws;
	bool deaf;	      /* frames are dropped instead of carried */
	uint64_t carried[17]; /* frames by type */
	struct world_frame *queue;
	size_t queue_count, queue_cap;
	struct kai_arena check;
};

struct world *world_new(size_t count);
void world_free(struct world *world);
const uint8_t *world_org(const struct world *world, size_t node);

/* A card of this node: more keys or revocations by changing it before it is signed. */
typedef void (*world_card_change)(struct kai_card *card, void *context);
struct kai_span world_card(struct world *world, size_t node, uint64_t serial,
			   world_card_change change, void *context);

/* One request; the answer lives as long as the world. msg: version and type are set here. */
struct kai_ctl_answer world_ask(struct world *world, size_t node, uint64_t type, void *request);
void world_link(struct world *world, size_t a, size_t b, bool up);
/* Carries frames and gives timers until nothing moves; at most so many steps. */
void world_settle(struct world *world);
/* Turns both clocks on and settles. */
void world_wait(struct world *world, int64_t ms);
/* A frame as if node `from` had sent it. */
void world_forge(struct world *world, size_t from, size_t to, enum kai_msg_type type, void *msg);

/* Terms between two nodes that let everything pass: kinds all, sectors *, ceiling RED. */
struct world_terms {
	struct kai_terms terms;
	uint64_t kinds[16];
	struct kai_span any;
	struct kai_community communities[4];
};
void world_terms(struct world *world, struct world_terms *ret, size_t a, size_t b, uint64_t serial);
struct kai_span world_encode(struct world *world, size_t node, const struct kai_object *object,
			     const void *from);
/* Cards, fingerprints, proposal, acceptance, import; then the link. */
void world_import_card(struct world *world, size_t at, size_t of);
void world_join(struct world *world, struct world_terms *terms, size_t a, size_t b);
enum kai_agreement_state world_state(struct world *world, size_t at, size_t with);
bool world_holds(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN]);
/* Parts held, as a bit set; 0 when the item is not held. */
uint64_t world_parts(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN]);
size_t world_traced(const struct world *world, size_t at, const char *event, const char *rule);

/* A secinfo with this label. */
struct world_draft {
	struct kai_ctl_publish request;
	struct kai_draft_part parts[4];
	struct kai_audience_entry audience[4];
	struct kai_audience_entry part_audience[4];
	struct kai_label part_label;
	struct kai_span sectors[4];
};
void world_secinfo(struct world *world, size_t node, struct world_draft *ret, uint64_t tlp,
		   const char *title);
struct kai_span world_body(struct world *world, size_t node, uint64_t kind, const char *title);

#endif
