/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol's state machine, sans-I/O and deterministic: the same store, configuration and
 * events give byte-identical outputs. Reads no clock, no randomness, no file, no socket; never
 * logs. The caller (node/daemon, tools/sim) owns the store, opens one write transaction a turn,
 * steps each input through it, commits, and only then releases the outputs. A failed commit is a
 * crash: drop the outputs, free the engine, make a new one from the store. One thread per engine.
 */
#ifndef KAIRAN_ENGINE_H
#define KAIRAN_ENGINE_H

#include "kairan/check.h"
#include "kairan/store.h"

/* An Ed25519 pair; secret is libsodium's 64 bytes and lies in the caller's locked memory. */
struct kai_sign_pair {
	uint8_t key[KAI_ID_LEN];
	const uint8_t *secret;
};

/* An X25519 pair. Old ones stay, so that what was sealed to them can be read. */
struct kai_seal_pair {
	uint8_t key[KAI_ID_LEN];
	const uint8_t *secret; /* 32 bytes */
};

/* A key under which openings lie at rest; the last one is used for new parts. */
struct kai_rest_key {
	uint64_t period;
	const uint8_t *secret; /* 32 bytes */
};

/* What one peer may cost us. One row each, defaults in quota.c; X(name, default, unit). */
#define KAI_X_QUOTA(X)                                                                             \
	X(frames_per_second, 20000, "frames, averaged over ten seconds")                           \
	X(bytes_per_second, 64LL * 1024 * 1024, "bytes of frames, averaged over ten seconds")      \
	X(wants_in_flight, 4096, "ids it asked for and we have not served yet")                    \
	X(held_bytes, 16LL * 1024 * 1024, "memory for its unfinished items")                       \
	X(offered_ids, 8192, "ids it offered that we have not settled")                            \
	X(stored_bytes, 64LL * 1024 * 1024 * 1024, "on disk on its account")                       \
	X(faults_per_minute, 600, "refused copies and bad frames, then the link is cut")           \
	X(push_per_minute, 600, "alerts it may push whole; beyond, refused until offered")         \
	X(push_origin_per_minute, 120, "alerts of one origin that we push to it")                  \
	X(hellos_per_minute, 60, "times it may begin a session anew, which costs us a greeting")

struct kai_quota {
#define X(name, value, unit) int64_t name;
	KAI_X_QUOTA(X)
#undef X
};
extern const struct kai_quota kai_quota_default;

/* When whose silence about an item leads to a call. */
struct kai_ladder_times {
	int64_t delivered_ms; /* it is to be there by then; 0: nobody else is called about such items */
	int64_t received_ms; /* somebody says so by then, where no agreement sets a time; 0: not asked */
	int64_t deputy_ms;  /* the deputy, so long after that; 0: not */
	int64_t deputy2_ms; /* the next one, so long after that; 0: not */
	int64_t decider_ms; /* the decider, from the beginning; 0: not */
};
/* Spans and lists are lent and outlive the engine. Zeros: nobody is called about anything. */
struct kai_escalation {
	struct kai_ladder_times times[KAI_URGENCY_INFO]; /* by urgency less one */
	const struct kai_contact *people;		 /* this org's; side does not matter */
	size_t people_count;
	uint64_t
		ceiling; /* most restricted TLP that what carries out a step may have; 0: nothing */
};

struct kai_engine_config {
	uint8_t org[KAI_ID_LEN];
	uint8_t realm[KAI_REALM_LEN];	   /* zeros: live; else the drill whose store it has */
	struct kai_sign_pair system;	   /* delivered receipts */
	struct kai_sign_pair duty;	   /* items */
	struct kai_sign_pair decider;	   /* agreements, memberships, alerts */
	const struct kai_seal_pair *seals; /* newest first */
	size_t seal_count;
	const struct kai_rest_key *rest_keys; /* ascending by period, at least one */
	size_t rest_key_count;
	const uint8_t *token_key; /* 32 bytes, lasts over restarts */
	uint8_t boot[16];	  /* fresh per start */
	struct kai_quota quota;
	struct kai_escalation escalation;
	bool lab; /* cards made by a lab are accepted only here */
	/* KAI_TURN_ARENA bytes, lent by the caller, that engines of one thread may share: each step leaves
	 * them wiped. NULL: the engine's own. */
	uint8_t *scratch;
};
/*
 * Realms. An engine serves one: the live one, or a drill over kai_store_open_drill's store. The caller
 * gives a drill's engine LINK_UP and LINK_DOWN as the live one gets them, frames and requests of its
 * realm (kai_checked.realm, kai_control_realm) and TRUST after each turn of the live one that put
 * PEERS out; what the live one is given of a drill it refuses by name, and the reverse. Live turns
 * come first, and what a drill sends waits for everything live.
 */
#define KAI_TURN_ARENA ((size_t)8 << 20)

enum kai_event_type {
	KAI_EVENT_START,   /* first of an engine's life */
	KAI_EVENT_LINK_UP, /* a connection with that org's authenticated node key stands (again) */
	KAI_EVENT_LINK_DOWN, /* the last connection with it is gone */
	KAI_EVENT_FRAME,
	KAI_EVENT_CONTROL,
	KAI_EVENT_TIMER,
	KAI_EVENT_MORE,	 /* the last step said that there is more to do */
	KAI_EVENT_TRUST, /* to a drill's engine: something in the live store's trust changed */
	KAI_EVENT_CALLED /* what became of a KAI_OUTPUT_CALL; one an event */
};

/* Which step of which ladder. */
struct kai_call_ref {
	uint64_t arrival;
	uint64_t at; /* the ladder's */
	uint16_t peer;
	uint8_t rung;
};

/* Everything an event lends lives for the call. */
struct kai_event {
	enum kai_event_type type;
	struct kai_mono mono;
	struct kai_wall wall;
	uint8_t entropy[32];
	uint8_t org[KAI_ID_LEN];	 /* LINK_UP, LINK_DOWN, FRAME: the authenticated peer */
	const struct kai_checked *frame; /* FRAME */
	uint64_t client;		 /* CONTROL: whom to answer */
	struct kai_span request;	 /* CONTROL: bytes, see control.h */
	struct kai_call_ref call;	 /* CALLED */
	uint64_t result;		 /* CALLED: enum kai_step_result */
	uint64_t code;			 /* CALLED */
	struct kai_span said;		 /* CALLED: clean UTF-8, at most KAI_MAX_TEXT bytes */
};

enum kai_output_type {
	KAI_OUTPUT_SEND,   /* a frame to an org; bulk or not */
	KAI_OUTPUT_CUT,	   /* end the link with that org; it may come back after its redial time */
	KAI_OUTPUT_ANSWER, /* to a control client */
	/* Carry out a step: bytes are a kai_call. Told once a life; told again after a crash, or by another
	 * engine over the same store, it is the same step. Answered by KAI_EVENT_CALLED. */
	KAI_OUTPUT_CALL,
	KAI_OUTPUT_PEERS, /* node keys or endpoints changed: ask kai_engine_peers again */
	KAI_OUTPUT_TRACE  /* something worth a log line and a counter */
};

struct kai_output {
	enum kai_output_type type;
	uint8_t org[KAI_ID_LEN];
	bool urgent;		  /* SEND: the alerts' lane */
	uint64_t client;	  /* ANSWER */
	struct kai_span bytes;	  /* SEND, ANSWER, CALL */
	struct kai_call_ref call; /* CALL */
	const char *event;	  /* TRACE, CUT: stable name, static storage */
	uint8_t id[KAI_ID_LEN];	  /* TRACE: of an advisory, zeros when none */
	uint64_t number;	  /* TRACE */
	const char *rule;	  /* TRACE: static name of a rule or fault, or NULL */
};

/* Outputs of one turn; grows on the heap, kept over turns. Everything in it lives until
 * kai_out_reset. */
struct kai_out;
KAI_MUST_USE enum kai_err kai_out_new(struct kai_out **ret);
void kai_out_free(struct kai_out *out);
void kai_out_reset(struct kai_out *out);
size_t kai_out_count(const struct kai_out *out);
const struct kai_output *kai_out_at(const struct kai_out *out, size_t index);

struct kai_engine;
/* config is copied; the secrets that it points to stay the caller's and must outlive the engine. */
KAI_MUST_USE enum kai_err kai_engine_new(const struct kai_engine_config *config,
					 struct kai_engine **ret);
void kai_engine_free(struct kai_engine *engine);

/*
 * One input. Does not fail: store trouble is sticky in txn, out-of-memory in out makes the commit
 * fail as well (call kai_txn_fail). Bounded work; true when a KAI_EVENT_MORE should follow in this
 * or a later turn.
 */
bool kai_engine_step(struct kai_engine *engine, struct kai_txn *txn, const struct kai_event *event,
		     struct kai_out *out);

/* When the next KAI_EVENT_TIMER is due; INT64_MAX: none. */
struct kai_mono kai_engine_deadline(const struct kai_engine *engine);

/* The drills that this org takes part in, from now on or already: realms[0 .. count), as many as fit. */
size_t kai_engine_drills(struct kai_engine *engine, struct kai_txn *txn, struct kai_wall now,
			 uint8_t (*ret_realms)[KAI_REALM_LEN], size_t cap);
/* Is this one of them, however many there are? */
bool kai_engine_in_drill(struct kai_engine *engine, struct kai_txn *txn, struct kai_wall now,
			 const uint8_t realm[KAI_REALM_LEN]);

/* Whom the node may talk to now: everybody with an agreement proposed, in force, suspended or in
 * its 30 days of grace. */
struct kai_engine_peer {
	uint8_t org[KAI_ID_LEN];
	uint8_t keys[4][KAI_ID_LEN]; /* node keys whose window holds */
	size_t key_count;
	struct kai_span endpoints[KAI_MAX_ENDPOINTS]; /* live for the callback */
	size_t endpoint_count;
	char alias[KAI_MAX_ALIAS + 1];
};
typedef void (*kai_engine_peer_fn)(void *context, const struct kai_engine_peer *peer);
void kai_engine_peers(struct kai_engine *engine, struct kai_txn *txn, struct kai_wall now,
		      kai_engine_peer_fn each, void *context);

#endif
