/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the makers of a plan share (plan_make.c, topology.c, traffic.c, faults.c): a plan that grows, who
 * agrees with whom, and draws by name, so that one choice more does not move the others. Nothing here
 * knows how anything is done (act.c does). The maker lives while a plan is made; what it points to is
 * freed with it, the plan is the caller's. One thread.
 */
#ifndef KAIRAN_SIM_MAKE_H
#define KAIRAN_SIM_MAKE_H

#include "sim.h"

#define SIM_MAX_NODES 10000u
#define SIM_MAX_COMMUNITIES 64u /* bits of an argument */
#define SIM_MAX_DEGREE 50u	/* agreements of one node */
#define SIM_COUNTRIES 2u
#define SIM_AUDIENCE_TYPE UINT64_C(1000000) /* times the type, and the number: one audience entry */
extern const char *const sim_countries[SIM_COUNTRIES];
uint32_t sim_sector_count(void);

/* Memory that was asked for; without it the process ends with a word. */
void *sim_need(void *at);

/* A row of numbers that depends on the seed, the name and a only. */
struct sim_draw {
	uint64_t seed;
	const char *name;
	uint64_t a;
	uint64_t n; /* how many were drawn */
};
uint64_t sim_draw_below(struct sim_draw *draw, uint64_t bound);
uint64_t sim_draw_between(struct sim_draw *draw, uint64_t least, uint64_t most);
bool sim_draw_percent(struct sim_draw *draw, unsigned percent);

/* What an org is in the topology: says which terms are likely. */
enum sim_role { SIM_MEMBER, SIM_KEEPER, SIM_GOVERNMENT, SIM_ABROAD };

struct sim_tie {
	uint32_t a, b;
	uint32_t last; /* 1 + number of its newest AGREE */
	int64_t last_ms;
};

#define SIM_X_FAULT(X)                                                                             \
	X(CUT, "cuts", "connections end, with and without what was in flight")                     \
	X(PARTITION, "partitions", "of the whole net, both ways or one")                           \
	X(DELAY, "delays", "slow, uneven and narrow links")                                        \
	X(CRASH, "crashes", "at every point of a turn")                                            \
	X(RESTORE, "restores", "from an old backup")                                               \
	X(FULL, "full-disks", "nothing can be stored for a while")                                 \
	X(SLOW, "slow-disks", "a commit takes long")                                               \
	X(CLOCK, "clocks", "ahead, behind, fast, slow")                                            \
	X(AGREE, "agreements", "successors with other terms")                                      \
	X(WINDOW, "windows", "agreements that begin late or end early")                            \
	X(NOTICE, "suspensions", "agreements suspended, resumed, terminated")                      \
	X(MEMBER, "memberships", "withdrawn and given again")                                      \
	X(CARD, "cards", "rotated keys, revoked keys")                                             \
	X(LIAR, "rogues", "up to a fifth of the nodes lie")

enum sim_fault {
#define X(NAME, word, text) SIM_FAULT_##NAME,
	SIM_X_FAULT(X)
#undef X
		SIM_FAULT_END
};
#define SIM_FAULT_BIT(NAME) (1u << SIM_FAULT_##NAME)

/* How a run's traffic looks; per cent where nothing else is said. */
struct sim_style {
	unsigned alerts, revisions, retractions, bursts, attachments, large, short_lives, signers,
		strangers; /* who may not introduce: what comes by them from afar waits for a card */
	unsigned clear;	   /* of TLP CLEAR; the rest is shared by the others */
};

struct sim_maker {
	struct sim_recipe recipe; /* whole: what was left to the seed is chosen */
	struct sim_plan *plan;
	uint32_t faults; /* which kinds, bits of SIM_FAULT_BIT */
	unsigned strength[SIM_FAULT_END];
	struct sim_style style;
	int64_t start_ms; /* of traffic and faults: the set-up is over */
	int64_t end_ms;	  /* of both */
	uint8_t *roles;	  /* enum sim_role */
	struct sim_tie *edges;
	uint32_t edge_count, edge_cap;
	uint32_t *near; /* SIM_MAX_DEGREE places a node, the first degrees[node] of them taken */
	uint32_t *degrees;
};

/* topology.c: nodes, communities, agreements and memberships at time 0. */
void sim_make_topology(struct sim_maker *maker);
void sim_make_topology_done(struct sim_maker *maker); /* frees what it keeps in the maker */
/* Terms between the operation's two nodes, by what they are. */
void sim_make_terms(struct sim_maker *maker, struct sim_op *op, struct sim_draw *draw);
/* A neighbour of the node; the node itself when it has none. */
uint32_t sim_make_near(const struct sim_maker *maker, uint32_t node, struct sim_draw *draw);
/* traffic.c */
void sim_make_traffic(struct sim_maker *maker);
struct sim_op *sim_make_item(struct sim_maker *maker, int64_t at_ms, uint32_t node,
			     struct sim_draw *draw);
/* make_drills.c: after everything else, and with draws of its own: who has none keeps the plan that it had. */
void sim_make_drills(struct sim_maker *maker);
/* faults.c */
void sim_make_faults(struct sim_maker *maker);

/* An argument of an operation, by its name: a name that it has not is our mistake and ends the process. */
void sim_op_set(struct sim_op *op, const char *name, uint64_t value);
uint64_t sim_op_get(const struct sim_op *op, const char *name);

#endif
