/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few whole nodes in one process: real engines over memory stores, frames carried by hand, clocks
 * that the test turns. For tests only; one thread. Every failure of the world itself is an
 * assertion.
 */
#ifndef KAIRAN_TEST_WORLD_H
#define KAIRAN_TEST_WORLD_H

#include "test.h"

#include "fixture.h"
#include "kairan/advisory.h"
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
	struct kai_community communities[4];
};
void world_terms(struct world *world, struct world_terms *ret, size_t a, size_t b, uint64_t serial);
struct kai_span world_encode(struct world *world, size_t node, const struct kai_object *object,
			     const void *from);
/* Fails unless the answer is this one; a refusal says why in words. reason: "" when done. */
void world_answered(struct kai_ctl_answer answer, uint64_t code, const char *reason);
void world_import_card(struct world *world, size_t at, size_t of);
struct kai_ctl_answer world_propose(struct world *world, size_t at,
				    const struct world_terms *terms);
struct kai_ctl_answer world_accept(struct world *world, size_t at, struct kai_span file);
struct kai_ctl_answer world_import(struct world *world, size_t at, struct kai_span file);
struct kai_ctl_answer world_notice(struct world *world, size_t at, size_t with, uint64_t action);
/* Cards, fingerprints, proposal, acceptance, import; then the link. */
void world_join(struct world *world, struct world_terms *terms, size_t a, size_t b);
/* Two nodes so joined. */
struct world *world_pair(void);
/* 0 in the middle of 1 and 2, and 3 alone. */
struct world *world_star(void);

/* An id that nothing has. */
extern const uint8_t world_nowhere[KAI_ID_LEN];

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
/* A secinfo, AMBER for the nodes in a bit set; not sorted on purpose. */
void world_amber(struct world *world, size_t at, struct world_draft *ret, unsigned nodes);
void world_name(struct world *world, struct kai_audience_entry *entry, size_t node);
/* Each waits until the item had time to arrive. */
struct kai_ctl_answer world_publish(struct world *world, size_t at, struct world_draft *draft);
struct kai_ctl_answer world_retract(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN],
				    bool dry_run);
/* A secinfo for all; settles, and no time passes. keep: even when nobody may have it. */
struct kai_ctl_answer world_news(struct world *world, size_t at, bool keep);

/* ---- looking ---- */

/* A read-only look into a store. */
struct kai_txn *world_read(struct world *world, size_t at);
enum kai_agreement_state world_state(struct world *world, size_t at, size_t with);
/* Fails unless both sides are in that state. */
void world_both(struct world *world, size_t a, size_t b, enum kai_agreement_state state);
/* Whom a node would talk to, and the newest of them. */
struct world_peers {
	size_t count;
	size_t keys;
	uint8_t org[KAI_ID_LEN];
};
struct world_peers world_peers(struct world *world, size_t at);
/* An item and its header, false when it is not held. */
bool world_item(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN], struct kai_item *ret,
		struct kai_header *ret_header);
bool world_holds(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN]);
/* Parts held, as a bit set; 0 when the item is not held. */
uint64_t world_parts(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN]);
uint64_t world_flags(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN]);
/* How many there are. */
uint64_t world_items(struct world *world, size_t at);
/* What the author is told about a recipient. */
const struct kai_recipient *world_recipient(struct world *world,
					    const struct kai_ctl_answer *answer, size_t node);
void world_told(struct world *world, const struct kai_ctl_answer *answer, size_t node, bool allow,
		const char *rule);
size_t world_traced(const struct world *world, size_t at, const char *event, const char *rule);

#endif
