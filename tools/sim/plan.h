/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run will do: nodes, links, and operations at times. Made from a seed (plan_make.c, topology.c,
 * traffic.c, faults.c), printed and read as text (plan_text.c), made smaller while it still fails
 * (shrink.c). A plan says nothing of how anything is done. Owns its lists. No state beside.
 */
#ifndef KAIRAN_SIM_PLAN_H
#define KAIRAN_SIM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kairan/base.h"

#define SIM_OP_ARGS 26

/*
 * X(NAME, "word", "names of the arguments in order"). Every argument is a non-negative number; `node` and
 * `other` are nodes. Durations are in ms. An op that refers to something that is not there (a shrunk plan)
 * does nothing.
 *
 * publish: aud1..aud3 are 0 (none) or type × 1,000,000 + number: 1 org (node), 2 community (its index),
 *   3 sector (index into sim_sectors), 4 country (0 JP, 1 XX); size1/size2 are bytes of parts beyond main (0: no such part),
 *   tlp1/tlp2 their labels' TLP with the audience p1aud/p2aud (tlp 0: the header's label). ref: 1 + op number of an
 *   earlier publish of the same node whose thread this revises (0: a new thread); life: ms until it expires, 0 the kind's default;
 *   more: so many like it are published with it, in one request.
 * agree: from the terms' first to the second node; ceil/onward/sectors(bits)/kinds(bits), of each direction; items: volume per day.
 *   duties: SIM_DUTY_BITS of each, the first of a, the first of b, the second of a, of b: the action (0: none), urgency from bit 2,
 *   within from bit 4 as 5 s × 4^n, bit 7: only alerts and security information.
 *   clause: 0 or a contingency clause: 1 + the node whose items pass; from bit 24 whether they pass to a (else to b), from 25 whether
 *   nothing else does, from 26, 30 and 34 after, longest and pause as 5 s × 2^n (the last: 0 is none), from 40 the kinds' bits (0: all).
 *   change: 1 + op number of the agreement that it follows (0: the first of the pair). drills: which it consents to.
 * drill: node directs one of that level; it begins `begin` ms from now (0: now) and lasts `for`; with1…: 0 or 1 + node, who
 *   is to take part. close: ref as in a retraction, of the drill; by its node. drill of a publish or control: 0 or 1 + op number
 *   of the drill in which it happens; a retraction happens where its target did.
 */
#define SIM_DUTY_BITS 8u
#define SIM_DRILL_WITH 12u
#define SIM_X_OP(X)                                                                                                                 \
	X(PUBLISH, "publish",                                                                                                       \
	  "kind tlp urgency onward gov aud1 aud2 aud3 sectors main size1 tlp1 p1aud size2 tlp2 "                                    \
	  "p2aud ref life retain drill more")                                                                                       \
	X(RETRACT, "retract", "ref")                                                                                                \
	X(AGREE, "agree",                                                                                                           \
	  "kinds_ab kinds_ba sectors_ab sectors_ba ceil_ab ceil_ba onward_ab onward_ba "                                            \
	  "constituency_ab constituency_ba "                                                                                        \
	  "government_a government_b abroad_a abroad_b introduce_a introduce_b communities_ab "                                     \
	  "communities_ba items "                                                                                                   \
	  "from until change signers duties clause drills")                                                                         \
	X(NOTICE, "notice",                                                                                                         \
	  "action") /* node says it to other: suspend 1, resume 2, terminate 3 */                                                   \
	X(MEMBER, "member", "community withdrawn days") /* node keeps, other is the member */                                       \
	X(CARD, "card",                                                                                                             \
	  "revoke") /* a new card of the node; revoke 1: its duty key from now on, with a new one */                                \
	X(CUT, "cut",                                                                                                               \
	  "back requeue") /* the link node–other; requeue: per cent of what was in flight that is delivered after it came back */ \
	X(PARTITION, "partition",                                                                                                   \
	  "cut_ms mask oneway") /* nodes with (hash(number) % 8) in mask against the rest */                                        \
	X(DELAY, "delay",                                                                                                           \
	  "ms jitter kbytes for") /* of the link node–other: from now on, kbytes/s (0: no bound), for so long */                  \
	X(CRASH, "crash",                                                                                                           \
	  "point nth back") /* at the nth turn from now; back: ms until it starts again */                                          \
	X(BACKUP, "backup", "")                                                                                                     \
	X(RESTORE, "restore", "") /* crash and come back from the newest backup */                                                  \
	X(FULL, "full", "for")                                                                                                      \
	X(SLOW, "slow", "commit for")                                                                                               \
	X(CLOCK, "clock", "ahead behind ppm_fast ppm_slow for") /* then right again */                                              \
	X(LIE, "lie", "what arg")	    /* a rogue's deliberate act, rogue.h */                                                 \
	X(CONTROL, "control", "what drill") /* status, and people's word on what came */                                            \
	X(DRILL, "drill",                                                                                                           \
	  "level begin for with1 with2 with3 with4 with5 with6 with7 with8 with9 with10 with11 "                                    \
	  "with12")                                                                                                                 \
	X(CLOSE, "close", "ref")

enum sim_op_type {
#define X(NAME, word, args) SIM_OP_##NAME,
	SIM_X_OP(X)
#undef X
		SIM_OP_END
};

struct sim_op {
	uint32_t number; /* stays when others are left out */
	enum sim_op_type type;
	int64_t at_ms;
	uint32_t node, other;
	uint64_t args[SIM_OP_ARGS];
};

/* Index of an argument by its name; SIM_OP_ARGS when the type has none of that name. */
unsigned sim_op_arg(enum sim_op_type type, const char *name);
const char *sim_op_word(enum sim_op_type type);

enum sim_topology {
	SIM_REFERENCE,
	SIM_SECTORS,
	SIM_SMALL_WORLD,
	SIM_HUBS,
	SIM_LINE,
	SIM_TOPOLOGY_COUNT
};
const char *sim_topology_word(enum sim_topology topology);

/* What a node is in the plan. */
struct sim_plan_node {
	uint64_t lies; /* bit set of rogue.h's lies; 0: honest */
	uint8_t country;
	uint8_t sector; /* its own, for traffic */
};

struct sim_community {
	uint32_t keeper;
	char name[16];
};

struct sim_plan {
	uint64_t seed;
	enum sim_topology topology;
	struct sim_plan_node *nodes;
	uint32_t node_count;
	struct sim_community *communities;
	uint32_t community_count;
	struct sim_op *ops; /* by time, then number */
	uint32_t op_count, op_cap;
	int64_t faults_end_ms;	     /* the last fault is over */
	int64_t length_ms;	     /* the run's end: faults_end_ms and the settling time */
	int64_t delay_ms, jitter_ms; /* of a link that no op changed */
	int64_t kbytes_per_s;
	uint64_t quota_scale_percent; /* of the engine's default quotas */
};

extern const char *const sim_sectors[]; /* "kairan:energy", …; ends with NULL */

/* What a plan is made from; zeros choose by the seed. */
struct sim_recipe {
	uint64_t seed;
	int topology;	       /* -1: by the seed */
	uint32_t nodes, items; /* 0: 30, 120 */
	uint32_t faults;       /* kinds that the seed mixes, bits of sim_fault_word; 0: none */
	int rogues;	       /* -1: by the seed, up to a fifth; else that many */
	int64_t length_ms;     /* of the traffic; 0: by the seed */
	const char *scenario;  /* NULL: random; else a name from plan_make.c's table */
};

/* Words and one line each of the kinds of fault, in the order of a recipe's bits; NULL at the end. */
#define SIM_ALL_FAULTS UINT32_MAX
const char *sim_fault_word(unsigned index);
const char *sim_fault_text(unsigned index);
/* Names and one line each of the scenarios, in order; NULL at the end. */
const char *sim_scenario_name(unsigned index);
const char *sim_scenario_text(unsigned index);
/* Never fails but for memory, which ends the process with a word; NULL: no such scenario. */
struct sim_plan *sim_plan_make(const struct sim_recipe *recipe);
struct sim_plan *sim_plan_copy(const struct sim_plan *plan);
void sim_plan_free(struct sim_plan *plan);
struct sim_op *sim_plan_add(struct sim_plan *plan, enum sim_op_type type, int64_t at_ms,
			    uint32_t node, uint32_t other);
void sim_plan_sort(struct sim_plan *plan);

void sim_plan_print(const struct sim_plan *plan, FILE *to);
/* INVALID with line and reason. */
enum kai_err sim_plan_read(FILE *from, struct sim_plan **ret, struct kai_why *why);

/* Leaves out what is not needed for `fails` to hold: operations, then nodes' lies, by delta debugging (Zeller and Hildebrandt, 2002). tries: at most
 * so many runs. The smaller plan, the caller's. */
typedef bool (*sim_fails_fn)(void *context, const struct sim_plan *plan);
struct sim_plan *sim_plan_shrink(const struct sim_plan *plan, sim_fails_fn fails, void *context,
				 unsigned tries);

#endif
