/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the simulator's innermost rooms share: the queue of what happens next (queue.c), the run (world.c),
 * turns of nodes (node.c, life.c), links (net.c, wire.c), organisations (org.c). Nobody else includes this.
 * Everything in it is owned by struct sim. One thread.
 */
#ifndef KAIRAN_SIM_CORE_H
#define KAIRAN_SIM_CORE_H

#include <sodium.h>

#include "sim.h"

struct sim_input;

/* ---- what happens next (queue.c) ---- */

enum sim_event_type {
	SIM_EVENT_WAKE,	   /* node: has something to do */
	SIM_EVENT_RELEASE, /* node: a slow commit is done */
	SIM_EVENT_START,   /* node: comes back */
	SIM_EVENT_FREE,	   /* node: the disk has room again */
	SIM_EVENT_QUICK,   /* node: and is quick */
	SIM_EVENT_TRUE,	   /* node: its clock is right */
	SIM_EVENT_DIAL,	   /* edge: the dialling end tries */
	SIM_EVENT_SEND,	   /* way: the transmitter is free */
	SIM_EVENT_ARRIVE,  /* way: its oldest frame arrives */
	SIM_EVENT_NORMAL,  /* edge: delay and bandwidth as before */
	SIM_EVENT_HEAL,	   /* a partition ends */
	SIM_EVENT_RIGHT	   /* all faults are over */
};

struct sim_event {
	int64_t at_ms;
	uint64_t sequence; /* of its making: what is due at one time happens in that order */
	enum sim_event_type type;
	uint32_t stamp; /* differs from its target's: somebody thought otherwise meanwhile */
	void *what;	/* node, edge or way */
};

/* A binary heap, the earliest first. */
struct sim_queue {
	struct sim_event *events;
	size_t count, cap;
	uint64_t sequence;
};

void sim_queue_put(struct sim_queue *queue, int64_t at_ms, enum sim_event_type type, uint32_t stamp,
		   void *what);
/* INT64_MAX: nothing waits. */
int64_t sim_queue_next_ms(const struct sim_queue *queue);
struct sim_event sim_queue_take(struct sim_queue *queue);

/* ---- links (net.c, wire.c) ---- */

/* A frame on its way, then in an inbox. */
struct sim_packet {
	struct sim_packet *next;
	uint64_t link; /* connection that it left by */
	bool fin;      /* no frame: the connection's other end is gone */
	bool drill;    /* a drill's engine made it: it waits for everything live */
	struct sim_frame frame;
	uint8_t bytes[];
};

struct sim_packets {
	struct sim_packet *head, *tail;
	size_t bytes;
};

/* One direction of an edge. */
struct sim_way {
	struct sim_edge *edge;
	unsigned from;				/* index of the end that sends */
	struct sim_packets urgent, bulk, drill; /* wait in the sender, in this order */
	struct sim_packets under_way;		/* transmitted, in order of arrival */
	struct sim_packets kept;		/* of a blip: go first when it is back */
	int64_t free_us, arrives_ms;		/* of the newest */
	bool sending, arriving;			/* an event is queued */
	uint32_t stamp;
};

/* A connection's place in the lanes of an inbox. */
struct sim_mark {
	uint64_t link, last_bulk, last_barrier;
};

/* Two nodes of which one knows the other as a peer. */
struct sim_edge {
	struct sim_node *ends[2];
	struct sim_edge *next; /* in the table's chain */
	uint64_t link[2];      /* transport: connection that stands at that end; 0: none */
	uint64_t session[2];   /* loop: connection that its engine was told of */
	uint64_t told[2];      /* connection of the last UP in its inbox; 0: DOWN was the last */
	bool known[2];	       /* it lists the other, key and all */
	uint64_t roster[2];    /* of the listing that said so */
	unsigned attempt;      /* of dialling, since it last stood for a while */
	bool stood;	       /* since the attempt before */
	int64_t since_ms;
	uint32_t dial_stamp, cfg_stamp;
	struct sim_pace pace;
	struct sim_mark marks[2]; /* of the end that receives */
	struct sim_way ways[2];
};

struct sim_partition {
	uint64_t mask;
	bool oneway;
	int64_t until_ms;
};

struct sim_net {
	struct sim_edge **table; /* by both numbers */
	size_t table_len, edge_count;
	struct sim_edge **all;
	size_t all_cap;
	struct sim_partition *partitions;
	size_t partition_count, partition_cap;
	uint64_t links, frames;
};

void sim_net_done(struct sim *sim);
void sim_net_event(struct sim *sim, const struct sim_event *event);
/* The node lists its peers anew. */
void sim_net_roster(struct sim *sim, struct sim_node *node);
/* Its process is gone or holds its links: what it had transmitted still arrives, then the others notice. */
void sim_net_died(struct sim *sim, struct sim_node *node);
/* Its engine cut the connection that it knew as link. */
void sim_net_end(struct sim *sim, struct sim_node *node, uint32_t peer, uint64_t link);
void sim_net_heal_all(struct sim *sim);
/* Which end of it the node is. */
unsigned sim_edge_end(const struct sim_edge *edge, const struct sim_node *node);
/* The event of an input, as the daemon's loop makes it; false: it belongs to a connection that is over. */
bool sim_edge_event(const struct sim_node *node, const struct sim_input *input,
		    struct kai_event *ret);
/* The loop's view: connection under which a frame to that peer leaves; 0: none. */
uint64_t sim_net_session(struct sim *sim, uint32_t node, uint32_t peer);
/* A frame that was copied already; goes with the connection link. Frees it when that is gone. */
void sim_net_post(struct sim *sim, struct sim_packet *packet);
struct sim_packet *sim_packet_new(struct kai_span bytes);

/* wire.c: the transmitter and the pipe of a way. */
void sim_packets_put(struct sim_packets *list, struct sim_packet *packet);
struct sim_packet *sim_packets_take(struct sim_packets *list);
void sim_packets_drop(struct sim_packets *list);
void sim_way_put(struct sim *sim, struct sim_way *way, struct sim_packet *packet);
void sim_way_pump(struct sim *sim, struct sim_way *way); /* transmit what may go */
void sim_way_arrive(struct sim *sim, struct sim_way *way);
bool sim_way_blocked(const struct sim *sim, const struct sim_way *way);
void sim_way_lose(struct sim_way *way); /* everything on it */
/* Puts aside what a blip lets live, loses the rest. */
void sim_way_keep(struct sim *sim, struct sim_way *way, unsigned percent);
void sim_way_revive(struct sim *sim, struct sim_way *way, uint64_t link);

/* ---- a node's life (node.c, life.c) ---- */

enum sim_input_type {
	SIM_INPUT_FRAME,
	SIM_INPUT_UP,
	SIM_INPUT_DOWN,
	SIM_INPUT_CONTROL,
	SIM_INPUT_CALLED
};

struct sim_input {
	struct sim_input *next;
	enum sim_input_type type;
	struct sim_edge *edge;	   /* FRAME, UP, DOWN */
	uint64_t link;		   /* likewise */
	struct sim_packet *packet; /* FRAME */
	uint64_t bulk_number;	   /* place in the bulk lane, 0: fast */
	struct kai_call_ref call;  /* CALLED */
	/* CONTROL */
	uint8_t *request;
	size_t request_len;
	const struct sim_op *op;
	sim_answer_fn done;
};

struct sim_lane {
	struct sim_input *head, *tail;
};

/* Something that leaves after the commit. */
struct sim_leaving {
	enum kai_output_type type; /* SEND, CUT, PEERS, CALL */
	struct kai_call_ref call;
	struct sim_packet *packet;
	uint32_t peer;
	uint64_t link;
};

struct sim_life {
	struct sim_edge **edges; /* of this node */
	size_t edge_count, edge_cap;
	uint64_t roster; /* number of its newest listing */
	unsigned side;	 /* sim_net_side */
	struct sim_lane fast, bulk;
	struct sim_lane controls; /* requests that wait until it is back */
	uint64_t bulk_put, bulk_taken;
	size_t inbox_frames, inbox_bytes;
	bool more;
	int64_t wake_ms; /* INT64_MAX: none is queued */
	uint32_t wake_stamp, start_stamp, release_stamp, full_stamp, slow_stamp, clock_stamp;
	int64_t busy_until_ms, retry_ms, retry_wait_ms;
	struct sim_leaving *leaving;
	size_t leaving_count, leaving_cap;
	int64_t mono_base_ms, mono_since_ms;
	bool armed; /* a crash */
	enum sim_crash_point point;
	uint64_t crash_turn;
	int64_t back_ms;
	bool introduced; /* it was given its own card */
	bool put_back;	 /* its store is a backup's, and nobody was told yet */
	bool renew;	 /* its keys changed: it starts again */
	struct kai_store *backup;
	uint64_t steps, drill_steps;
	uint64_t
		idle_turns; /* in a row that only a timer or MORE caused and that put nothing out */
};

/* life.c. Makes keys, card, record, store; it starts when the run does. */
void sim_node_init(struct sim *sim, struct sim_node *node, uint32_t number);
void sim_node_done(struct sim *sim, struct sim_node *node);
void sim_node_event(struct sim *sim, const struct sim_event *event);
/* The process begins, or a read-only one tries again. */
void sim_node_start(struct sim *sim, struct sim_node *node, bool restored);
/* Ends the process: the engine and what is in memory are gone. */
void sim_node_die(struct sim *sim, struct sim_node *node, int64_t back_ms);
/* The disk is full: no links and no engine's steps until a start succeeds. */
void sim_node_close(struct sim *sim, struct sim_node *node);
/* No faults of its own any more. */
void sim_node_right(struct sim *sim, struct sim_node *node);
/* A request, now or when it is back. */
void sim_node_ask(struct sim *sim, struct sim_node *node, struct sim_input *input);

/* node.c */
void sim_node_turn(struct sim *sim, struct sim_node *node);
/* To be looked at then, or when it is no longer busy. */
void sim_node_wake(struct sim *sim, struct sim_node *node, int64_t at_ms);
/* Queues when it next has something to do. */
void sim_node_rest(struct sim *sim, struct sim_node *node);
void sim_node_put(struct sim *sim, struct sim_node *node, struct sim_input *input);
bool sim_node_has_room(const struct sim_node *node);
void sim_node_lose_inbox(struct sim_node *node); /* requests wait for its return */
struct sim_input *sim_input_new(enum sim_input_type type);
void sim_input_free(struct sim_input *input);
void sim_lane_put(struct sim_lane *lane, struct sim_input *input);
struct sim_input *sim_lane_take(struct sim_lane *lane);
void sim_node_step(struct sim *sim, struct sim_node *node, struct kai_txn *txn,
		   struct kai_event *event);
/* After a commit: hooks, answers, and what leaves. */
void sim_node_committed(struct sim *sim, struct sim_node *node, struct sim_input **inputs,
			size_t count);
void sim_node_forget_outputs(struct sim *sim);
/* Remembers for which connection the outputs since the last step are. */
void sim_node_mark_outputs(struct sim *sim, const struct sim_node *node);
/* Takes the outputs out of sim->out: what leaves is kept with the node, the rest is done. stage: whose they
 * are, NULL: the live engine's. */
void sim_node_gather(struct sim *sim, struct sim_node *node, struct sim_input **inputs,
		     const struct sim_stage *stage);
/* What was gathered goes when the commit is done. */
void sim_node_depart(struct sim *sim, struct sim_node *node);
/* The first `count` of what waits to leave goes, the rest is lost. */
void sim_node_leave(struct sim *sim, struct sim_node *node, size_t count);

/* ---- drills that nodes take part in (stage.c) ---- */

void sim_stages_init(struct sim_node *node);
void sim_stages_done(struct sim_node *node);
/* After the live turn of these inputs: each drill's, where it has anything to do. lost: the node dies before
 * they commit. */
void sim_stages_turn(struct sim *sim, struct sim_node *node, struct sim_input **inputs,
		     size_t count, bool lost);
/* Is there an engine of that realm? Its frames and requests are not the live one's. */
bool sim_stages_serve(const struct sim_node *node, const uint8_t realm[KAI_REALM_LEN]);
bool sim_stages_take(const struct sim_node *node, const struct sim_input *input); /* a request */
/* When the next has something to do, in the run's time; INT64_MAX: never. */
int64_t sim_stages_due(const struct sim_node *node);
/* The live engine goes, and with it theirs; process: another one begins. */
void sim_stages_end(struct sim_node *node, bool process);
/* The disk is another. */
void sim_stages_lose(struct sim_node *node);

/* ---- organisations (org.c) ---- */

void sim_org_make(struct sim *sim, struct sim_node *node);
/* The next serial; revoke: a new duty key, the old one revoked from now. The engine's config is not touched. */
void sim_org_renew(struct sim *sim, struct sim_node *node, bool revoke);
void sim_org_configure(struct sim *sim, struct sim_node *node); /* node->config from node->org */

/* ---- the world (world.c) ---- */

struct sim_block {
	struct sim_block *next;
	size_t used, cap;
	uint8_t bytes[];
};

struct sim {
	crypto_generichash_state digest; /* aligned to 64 */
	const struct sim_plan *plan;
	struct sim_options options;
	int64_t now_ms;
	struct sim_queue queue;
	struct sim_node *nodes;
	uint32_t node_count;
	uint32_t *orgs; /* hash table by org id: node number + 1 */
	size_t orgs_len;
	struct sim_net net;
	struct sim_pace pace; /* of a link that no op changed */
	struct sim_block *kept;
	struct kai_bytes_pool *pool; /* of all stores */
	struct kai_arena scratch, answer, check;
	struct kai_roots roots; /* that any node verified */
	uint8_t *turn;		/* all engines' scratch */
	struct kai_out *out;
	uint64_t *out_links;
	size_t out_link_cap, out_link_count;
	void **states; /* of the checkers */
	size_t checker_count;
	struct sim_figures figures;
	struct sim_violation_entry *violations;
	size_t violation_count, violation_cap;
	struct sim_ledger *ledger;
	struct sim_realms *realms;
	struct sim_acts *acts;
};

/* As a node's daemon would; what is in ret lives until the next. */
void sim_check_frame(struct sim *sim, struct kai_span frame, struct kai_checked *ret);
/* Memory or the end of the process, with a word. */
void *sim_alloc(size_t len);
void *sim_grow(void *at, size_t len);
/* realm: NULL, the live one. */
void sim_digest(struct sim *sim, const struct sim_node *node, const uint8_t *realm,
		const struct kai_output *output);
/* The checkers' hooks, one by one. */
void sim_tell_sent(struct sim *sim, const struct sim_frame *frame);
void sim_tell_received(struct sim *sim, const struct sim_frame *frame);
void sim_tell_turn(struct sim *sim, struct sim_node *node);
void sim_tell_restarted(struct sim *sim, struct sim_node *node, bool restored);
void sim_tell_traced(struct sim *sim, struct sim_node *node, const struct kai_output *output);
/* Of a drill: the observer's alone. */
void sim_tell_aside(struct sim *sim, struct sim_node *node, const struct kai_output *output);
void sim_tell_practised(struct sim *sim, struct sim_node *node, struct sim_stage *stage);

#endif
