/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deterministic simulator: the shipping engine, protocol and memory store on any number of nodes
 * in one thread, under one seed, in virtual time. This header is what its rooms share.
 *
 *   plan      what a run will do, decided beforehand as a list of operations (plan.h): text in and out
 *   world     the clock, the queue of what happens next, the run from the first event to the last
 *   node      one organisation's node: turns, crashes, restarts, backups
 *   net       what carries frames: delay, bandwidth, cuts, partitions
 *   org       keys, cards and node records of an organisation
 *   act       a plan's operations, done through control requests or to the world
 *   rogue     members who lie
 *   stage     a drill that a node takes part in: an engine over a store of its own
 *   realms    the drills that really were directed, and what was published in them
 *   ledger    what is true, known to nobody inside: every item, agreement and membership ever made
 *   oracle    the label rules once more, small, from the protocol's words; shares no code with policy.c
 *   checks/   the checkers: each its own function over ledger, frames and stores
 *   report    figures, traces, pictures
 *
 * Nothing here reads a clock or a random source while a run goes on: what is random comes from the seed by
 * name (sim_random), so that leaving out one operation does not move another. Times are virtual
 * milliseconds; `at` counts from the run's start, the nodes' wall clocks begin at SIM_WALL_MS.
 * Everything is owned by struct sim and freed with it. One thread; several sims may live at once.
 */
#ifndef KAIRAN_SIM_H
#define KAIRAN_SIM_H

#include <stdio.h>

#include "kairan/agreement.h"
#include "kairan/card.h"
#include "kairan/control.h"
#include "kairan/engine.h"
#include "kairan/records.h"
#include "plan.h"

#define SIM_WALL_MS 1900000000000LL

struct sim;
struct sim_node;

/* ---- randomness by name (random.c) ---- */

/* len (1..64) bytes that depend on seed, name and the two numbers only. */
void sim_random(uint64_t seed, const char *name, uint64_t a, uint64_t b, void *ret, size_t len);
/* 0 ≤ x < bound, bound ≥ 1. */
uint64_t sim_random_below(uint64_t seed, const char *name, uint64_t a, uint64_t b, uint64_t bound);

/* ---- an organisation (org.c) ---- */

struct sim_pair {
	uint8_t key[KAI_ID_LEN];
	uint8_t secret[64]; /* X25519: the first 32 */
};

#define SIM_REVOKED_MOST 4

/* Simulated secrets are no secrets: they lie in plain memory. */
struct sim_org {
	struct sim_pair root, next_root, system, duty, decider, seal;
	struct kai_seal_pair seals[1];
	struct kai_rest_key rest[1];
	uint8_t rest_secret[32], token_key[32], node_key[32];
	uint64_t card_serial;
	struct kai_revocation revoked[SIM_REVOKED_MOST]; /* duty keys of before */
	size_t revoked_count;
	struct kai_span card;	/* signed, in the sim's arena; replaced by a rotation */
	struct kai_span record; /* signed node record */
};

/* ---- a node (node.c) ---- */

/* Where in a turn a crash strikes. What was committed stays, everything else is lost. */
enum sim_crash_point {
	SIM_CRASH_IDLE,	     /* between turns */
	SIM_CRASH_MID_TURN,  /* after some inputs of a turn were stepped, before its commit */
	SIM_CRASH_UNSENT,    /* after the commit, before any output left */
	SIM_CRASH_HALF_SENT, /* after the commit and some of the outputs */
	SIM_CRASH_POINT_COUNT
};

/* A drill that a node takes part in (stage.c), as node/daemon/drills.c has it: its turns come after the live
 * ones and commit only its own store. Which those are the live engine says. */
#define SIM_STAGES 8u

struct sim_stage {
	uint8_t realm[KAI_REALM_LEN];
	struct kai_store *store; /* over `own` and the live one; NULL: no engine serves it now */
	struct kai_store *own;	 /* closed with it */
	struct kai_store *disk;	 /* what lies there while it is closed */
	struct kai_engine *engine;
	bool more;
	bool failed; /* not opened again before the node starts anew */
	uint64_t idle;
	uint64_t log_seen;    /* checkers: as sim_node's */
	struct kai_wall wall; /* when its newest turn was, by the node's clock */
};

struct sim_stages {
	struct sim_stage rows[SIM_STAGES];
	size_t count;
	bool stale; /* trust or drills changed: look before the next turn */
};

/* What a rogue does is rogue.h's; an honest node has none. */
struct sim_rogue;

struct sim_node {
	struct sim *sim;
	uint32_t number;
	struct sim_org org;
	struct kai_engine_config config;
	struct kai_store *store;
	struct kai_engine *engine; /* NULL while it is down */
	struct sim_stages *stages;
	struct sim_rogue *rogue; /* NULL: honest */
	uint64_t boots, turns, epochs;
	/* The wall clock: SIM_WALL_MS + skew_ms + at scaled by rate_ppm since the last change. */
	int64_t skew_ms, rate_ppm, clock_since_ms;
	int64_t slow_ms; /* each commit takes that long */
	bool full;	 /* the disk: commits that add fail */
	bool down;
	bool read_only; /* a commit failed for want of space: no engine steps, no links, until one succeeds */
	struct sim_life *life;	      /* world.c's, node.c's and net.c's own */
	struct kai_ctl_answer answer; /* newest, in the sim's scratch until the next control */
	uint64_t cuts, traces;
	uint64_t log_seen; /* checkers: log position up to which this store was looked at */
};

/* The node's wall clock now. */
struct kai_wall sim_wall(const struct sim_node *node);
/* Its other clock, and when that is in the run's time; INT64_MAX: never. */
struct kai_mono sim_mono(const struct sim_node *node);
int64_t sim_node_due(const struct sim_node *node, struct kai_mono due);

/* ---- frames (net.c) ---- */

/* A frame that left a node. Its bytes never change and live until it was received or lost. */
struct sim_frame {
	uint64_t number; /* of the run */
	uint32_t from, to;
	enum kai_msg_type type; /* 0: not decodable */
	bool urgent;
	bool forged; /* a rogue made or changed it: says nothing of `from`'s engine */
	int64_t sent_ms, due_ms;
	struct kai_span bytes;
};

/* Of its bytes; 0: not decodable. */
enum kai_msg_type sim_frame_type(struct kai_span bytes);

/* ---- what is true (ledger.c) ---- */

struct sim_item_part {
	bool labelled;		/* false: the header's label */
	struct kai_label label; /* in the ledger's arena */
};

/* An item that its origin (honest or not) really signed. */
struct sim_item {
	uint32_t number; /* dense, in order of making */
	uint8_t id[KAI_ID_LEN];
	uint32_t origin;
	uint32_t op; /* of the plan that made it; UINT32_MAX: a rogue's own */
	int64_t made_ms;
	struct kai_span header_bytes;
	struct kai_header header; /* decoded, in the ledger's arena */
	struct sim_item_part parts[KAI_MAX_PARTS];
	uint32_t retracted_by;	/* number of the retraction, UINT32_MAX: none */
	uint32_t target;	/* of a retraction, else UINT32_MAX */
	uint32_t superseded_by; /* number of a revision, UINT32_MAX: none */
};

/* Terms that both really signed. */
struct sim_agreement {
	uint32_t a, b; /* as in the terms: a has the lower org id */
	uint8_t digest[KAI_ID_LEN];
	struct kai_terms terms; /* decoded, in the ledger's arena */
	int64_t made_ms;
};

struct sim_notice {
	uint32_t agreement; /* index */
	uint32_t by;
	uint64_t number, action;
	int64_t made_ms;
};

struct sim_member {
	uint32_t keeper, org;
	uint64_t number;
	char name[KAI_MAX_SHORT + 1];
	uint64_t valid_from, valid_until; /* wall */
	bool withdrawn;
	int64_t made_ms;
};

/* The world makes it before anything else, keeps it, and frees it last. */
struct sim_ledger;
struct sim_ledger *sim_ledger_new(struct sim *sim);
void sim_ledger_free(struct sim_ledger *ledger);
struct sim_ledger *sim_ledger_of(const struct sim *sim); /* world.c */
const struct sim_item *sim_ledger_find(const struct sim *sim, const uint8_t id[KAI_ID_LEN]);
uint32_t sim_ledger_item_count(const struct sim *sim);
struct sim_item *sim_ledger_item(const struct sim *sim, uint32_t number);
/* Called by act and by rogues for each item that was really signed. header: exact bytes; openings: of each
 * part in order, NULL label bytes where the part has the header's. Copies. */
void sim_ledger_add_item(struct sim *sim, uint32_t origin, uint32_t op, struct kai_span header,
			 const struct kai_span *part_labels, size_t count);
void sim_ledger_add_agreement(struct sim *sim, struct kai_span terms);
void sim_ledger_add_notice(struct sim *sim, const struct kai_notice *notice);
void sim_ledger_add_member(struct sim *sim, const struct kai_membership *member);
const struct sim_agreement *sim_ledger_agreement(const struct sim *sim, uint32_t index);
uint32_t sim_ledger_agreement_count(const struct sim *sim);

/* ---- what is true of drills (realms.c) ---- */

struct sim_realm {
	uint8_t realm[KAI_REALM_LEN];
	uint8_t digest[KAI_ID_LEN];
	uint32_t director;
	uint32_t op; /* of the plan */
	uint64_t level;
	int64_t from, until; /* wall */
	int64_t made_ms;
	uint32_t participants[KAI_MAX_PARTICIPANTS]; /* nodes, the director among them */
	size_t participant_count;
};

/* What was published or taken back in one, by an honest engine at least. */
struct sim_realm_item {
	uint8_t id[KAI_ID_LEN];
	uint32_t realm; /* index */
	uint32_t origin;
};

struct sim_realms;
struct sim_realms *sim_realms_new(void);
void sim_realms_free(struct sim_realms *realms);
struct sim_realms *sim_realms_of(const struct sim *sim); /* world.c */
/* Of which its director's store says that it is a drill; UINT32_MAX: it says nothing. */
uint32_t sim_realms_add(struct sim *sim, const struct sim_node *director,
			const uint8_t realm[KAI_REALM_LEN], uint32_t op);
void sim_realms_add_item(struct sim *sim, const uint8_t realm[KAI_REALM_LEN],
			 const uint8_t id[KAI_ID_LEN], uint32_t origin);
/* NULL: nobody directed such a one, or published such a thing. */
const struct sim_realm *sim_realms_find(const struct sim *sim, const uint8_t realm[KAI_REALM_LEN]);
const struct sim_realm_item *sim_realms_find_item(const struct sim *sim,
						  const uint8_t id[KAI_ID_LEN]);
/* By index; NULL: there is none. */
const struct sim_realm *sim_realms_at(const struct sim *sim, uint32_t index);
const struct sim_realm_item *sim_realms_item_at(const struct sim *sim, uint32_t index);

/* ---- the oracle (oracle.c) ---- */

/* A contingency clause that the decider says is, or was in this turn, open: by its words' hash. */
struct sim_opening {
	uint8_t clause[8];
	int64_t opened_at;
};
#define SIM_OPENINGS 16u

struct sim_hop {
	uint32_t from, to;
	const struct sim_item *item;
	int part; /* -1: the header itself */
	uint64_t
		overlay; /* narrowest onward rule under which `from` got it (protocol.md, onward) */
	bool target_passed;  /* of a retraction */
	struct kai_wall now; /* by the clock of the end that decides */
	/* false: all news are known. true: by what `decider` has in its store, or had when its turn
	 * began: news may be under way to it. */
	bool lenient;
	uint32_t decider;
	struct sim_opening openings[SIM_OPENINGS];
	uint32_t opening_count;
};
/* May it pass, as the protocol's words have it? */
bool sim_oracle_permits(const struct sim *sim, const struct sim_hop *hop);

/* ---- checkers (checks/) ---- */

/* Order, in one turn: received of each input, turn, then sent of each output. */
struct sim_checker {
	const char *name;
	bool always; /* runs without options.checks too: it only counts (economy) */
	/* Each may be NULL. Called after the fact; none may change the world. */
	void *(*new)(const struct sim *sim);
	void (*free)(void *state);
	void (*sent)(struct sim *sim, void *state,
		     const struct sim_frame *frame); /* has left its node */
	void (*received)(struct sim *sim, void *state,
			 const struct sim_frame *frame); /* its turn is committed */
	void (*turn)(struct sim *sim, void *state, struct sim_node *node); /* after each commit */
	/* After each commit of a drill's turn, before anything of it leaves. */
	void (*practised)(struct sim *sim, void *state, struct sim_node *node,
			  struct sim_stage *stage);
	/* What its engine said in passing: KAI_OUTPUT_TRACE, CUT. An observer hears drills' engines too. */
	void (*traced)(struct sim *sim, void *state, struct sim_node *node,
		       const struct kai_output *output);
	void (*restarted)(struct sim *sim, void *state, struct sim_node *node, bool restored);
	void (*settled)(struct sim *sim, void *state); /* faults over, everything had its time */
};
extern const struct sim_checker *const sim_checkers[]; /* ends with NULL */

/* A checker's finding; the run goes on to its end and fails. id, node: NULL, UINT32_MAX where none. */
void sim_violation(struct sim *sim, const char *checker, uint32_t node, const uint8_t *id,
		   const char *fmt, ...) KAI_PRINTF(5, 6);

/* ---- the run (world.c) ---- */

struct sim_options {
	bool checks; /* false: only those that run always, to measure cost */
	/* Looks on beside the checkers, for pictures and traces; its new and free are not called. */
	const struct sim_checker *observer;
	void *observer_state;
};

struct sim_figures {
	uint64_t items, node_items; /* made; held by honest nodes at the end */
	uint64_t turns, frames, bytes;
	uint64_t
		payload_copies; /* parts' first chunks and pushes that crossed a node's border, per part */
	uint64_t payload_needed; /* parts that nodes other than the origin hold at the end */
	uint64_t alert_copies, alert_needed;
	uint64_t hops_count[32]; /* how many first arrivals took that many hops */
	uint64_t
		latency_count[64]; /* of first arrivals: log2 buckets of virtual milliseconds × 4 */
	uint64_t excess_hops;	   /* beyond the shortest permitted path, summed */
	uint64_t signatures_checked, signatures_remembered;
	uint64_t store_bytes, shared_bytes; /* of all stores at the end: their own; in their pool */
	uint64_t virtual_ms;
	uint64_t violations;
	uint8_t digest[KAI_ID_LEN]; /* over every output of every node in order: determinism */
};

struct sim_violation_entry {
	const char *checker;
	int64_t at_ms;
	uint32_t node;
	bool has_id;
	uint8_t id[KAI_ID_LEN];
	char text[256];
};

/* NOMEM ends the process with a word: a simulator has nothing to save. */
struct sim *sim_new(const struct sim_plan *plan, const struct sim_options *options);
/* Runs the plan to its end, the settling time included, and the checkers. */
void sim_run(struct sim *sim);
void sim_free(struct sim *sim);
const struct sim_figures *sim_figures(const struct sim *sim);
struct sim_figures *sim_figures_to_fill(
	struct sim *sim); /* for the world and the economy checker */
/* Some arrivals' sums: how many, and a percentile (0..100) in virtual ms, interpolated in its bucket (report.c). */
int64_t sim_figures_latency(const struct sim_figures *figures, double percent);
size_t sim_violation_count(const struct sim *sim);
const struct sim_violation_entry *sim_violation_at(const struct sim *sim, size_t index);

/* For rooms and checkers. */
const struct sim_options *sim_options_of(const struct sim *sim);
const struct sim_plan *sim_plan_of(const struct sim *sim);
int64_t sim_now(const struct sim *sim); /* virtual ms since the start */
uint32_t sim_node_count(const struct sim *sim);
struct sim_node *sim_node(const struct sim *sim, uint32_t number);
/* The node whose org this is; NULL: nobody's (a rogue may invent orgs). */
struct sim_node *sim_node_of(const struct sim *sim, const uint8_t org[KAI_ID_LEN]);
/* Scratch that a caller resets to its mark before it returns. */
struct kai_arena *sim_scratch(struct sim *sim);
/* For things that last as long as the run. */
void *sim_keep(struct sim *sim, size_t len);
struct kai_span sim_keep_bytes(struct sim *sim, struct kai_span bytes);

/* Put into the node's inbox now, as its control socket would; act.c. The answer is in node->answer after the
 * turn, `done` is called then (may be NULL). */
typedef void (*sim_answer_fn)(struct sim *sim, struct sim_node *node,
			      const struct kai_ctl_answer *answer, const struct sim_op *op);
void sim_control(struct sim *sim, struct sim_node *node, uint64_t type, void *request,
		 const struct sim_op *op, sim_answer_fn done);
/* Does one operation of the plan (act.c). Control requests that are refused are counted, not mourned. */
void sim_act(struct sim *sim, const struct sim_op *op);
/* What became of the operations so far, for those that refer to them. The world makes it before the run and
 * frees it. */
struct sim_acts;
struct sim_acts *sim_acts_new(struct sim *sim);
void sim_acts_free(struct sim_acts *acts);
struct sim_acts *sim_acts_of(const struct sim *sim); /* world.c */
/* Control requests done, and refused as they may be (a full audience list, a suspended agreement, …). */
void sim_acts_count(const struct sim *sim, uint64_t *ret_done, uint64_t *ret_refused);

/* net.c: a frame from a node's engine or from a rogue's hands. */
void sim_net_send(struct sim *sim, uint32_t from, uint32_t to, struct kai_span bytes, bool urgent,
		  bool forged);
/* Cuts the connection now; the dialling end tries again after that. requeue: of each direction's frames that
 * had not arrived, so many per cent are delivered after it came back, in order and before newer ones, and then
 * neither end is told that it was gone (a blip: LINK_UP again without LINK_DOWN); 0: both see LINK_DOWN, all
 * that was under way is lost. Nothing when it does not stand. */
void sim_net_cut(struct sim *sim, uint32_t a, uint32_t b, int64_t back_ms, unsigned requeue);
bool sim_net_linked(const struct sim *sim, uint32_t a, uint32_t b);
/* Nodes with sim_net_side in mask against the rest: nothing crosses until it ends, silently; oneway: only what comes
 * from the mask's side is held up. What is under way stalls as TCP does and arrives when it ends, unless an
 * end gave the connection up before. */
void sim_net_partition(struct sim *sim, uint64_t mask, bool oneway, int64_t for_ms);
/* 0..7, by the seed: bit number in a partition's mask. */
unsigned sim_net_side(const struct sim *sim, uint32_t node);
struct sim_pace {
	int64_t delay_ms, jitter_ms, kbytes_per_s; /* 0: no bound */
};
/* Both directions. */
void sim_net_delay(struct sim *sim, uint32_t a, uint32_t b, const struct sim_pace *pace,
		   int64_t for_ms);

/*
 * node.c. Control requests outlive a crash before their commit, as a person would ask again; they wait while a
 * node is down or its disk is full, and `done` is called exactly once for each, at the commit. Everything is
 * right again (up, healed, writable, clock true) at the plan's faults_end_ms at the latest.
 */
/* At the nth turn from now (1: the next); IDLE: now. Comes back back_ms after that. */
void sim_node_crash(struct sim *sim, struct sim_node *node, enum sim_crash_point point,
		    uint64_t nth, int64_t back_ms);
void sim_node_backup(struct sim *sim, struct sim_node *node);
/* From the newest backup, as `kairan restore` will: with a new store epoch. Nothing when there is none. */
void sim_node_restore(struct sim *sim, struct sim_node *node);
/* Every commit fails for so long. */
void sim_node_fill(struct sim *sim, struct sim_node *node, int64_t for_ms);
/* Each commit takes commit_ms for so long. */
void sim_node_slow(struct sim *sim, struct sim_node *node, int64_t commit_ms, int64_t for_ms);
/* The wall clock jumps by skew_ms and runs rate_ppm too fast for so long, then is true again. */
void sim_node_clock(struct sim *sim, struct sim_node *node, int64_t skew_ms, int64_t rate_ppm,
		    int64_t for_ms);
/* A card with the next serial, taken over by a control request; revoke: the duty key is revoked from now on, the node
 * starts again with a new one. */
void sim_node_card(struct sim *sim, struct sim_node *node, bool revoke);

/* rogue.c: sees what the node's own engine wants to send; true when the frame may leave as it is. */
bool sim_rogue_output(struct sim *sim, struct sim_node *node, const struct sim_frame *frame);
/* Sees what arrives at it, before its engine does. */
void sim_rogue_input(struct sim *sim, struct sim_node *node, const struct sim_frame *frame);
/* One deliberate act, by a plan's operation. */
void sim_rogue_act(struct sim *sim, struct sim_node *node, const struct sim_op *op);
void sim_rogue_start(struct sim *sim, struct sim_node *node, uint64_t bits);
void sim_rogue_free(struct sim_rogue *rogue);

#endif
