/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small net of organisations in one process: every one with its keys, card, memory store and
 * engine, joined by an in-memory pump that hands the frames of one to the next through
 * kai_frame_check, as a daemon would. Time and randomness are the test's. For tests only; the
 * first thing that a node refuses to do fails the test. One thread.
 */
#ifndef KAIRAN_TEST_NET_H
#define KAIRAN_TEST_NET_H

#include "test.h"

#include "kairan/call.h"
#include "kairan/card.h"
#include "kairan/control.h"
#include "kairan/engine.h"
#include "kairan/facts.h"

#define NET_NODES 8
#define NET_MS 1900000000000LL /* where the wall clock begins */

struct net_pair {
	uint8_t key[KAI_ID_LEN];
	uint8_t secret[64];
};

/* A frame that was handed over, or waits. */
struct net_frame {
	unsigned from, to;
	enum kai_msg_type type;
	bool urgent;
	uint8_t *at;
	size_t len;
};

struct net_node {
	unsigned number;
	struct net_pair root, next_root, system, duty, decider, seal;
	struct kai_seal_pair seals[1];
	struct kai_rest_key rest[1];
	uint8_t rest_secret[32], token_key[32];
	struct kai_engine_config config;
	struct kai_store *store;
	struct kai_engine *engine;
	uint64_t boots;
	bool more;
	/* newest answer to a control request, in the net's arena */
	struct kai_ctl_answer answer;
	struct kai_span card; /* signed */
	unsigned cuts, traces, answers;
	const char *last_cut;
	/* The one drill that it takes part in, NULL: none. */
	struct kai_store *drill;
	struct kai_engine *drill_engine;
	uint8_t drill_realm[KAI_REALM_LEN];
	bool drill_more;
	int64_t skew_ms; /* of its wall clock */
	bool dead;	 /* a turn failed: it does nothing until it is restarted */
};

/* A step that a node was told to carry out. */
struct net_call {
	unsigned node;
	struct kai_call_ref ref;
	struct kai_call call; /* in the net's arena */
};

/* Around everything that an engine does, for tests in which the world fails meanwhile. */
struct net_watch {
	void (*begin)(void *context);
	bool (*end)(void *context); /* false: the turn must not be committed */
	void *context;
};

struct net {
	struct net_node nodes[NET_NODES];
	unsigned count;
	bool linked[NET_NODES][NET_NODES];
	struct kai_mono mono;
	uint64_t entropy;
	struct net_frame *queue; /* waiting, oldest first */
	size_t queue_count, queue_cap;
	struct net_frame *seen; /* every frame ever sent, in order */
	size_t seen_count, seen_cap;
	struct kai_arena arena; /* the test's own scratch; grows until net_free */
	/* May look at a frame before it is delivered; false drops it. */
	bool (*filter)(void *context, struct net_frame *frame);
	void *context;
	struct kai_quota quota;		  /* of nodes that start from now on */
	struct kai_escalation escalation; /* likewise */
	struct net_call *calls;		  /* all that were told, in order */
	size_t call_count, call_cap;
	/* NULL: every turn must be committed. Else a node whose turn is not is restarted. */
	const struct net_watch *watch;
	size_t deaths;
};

/* count nodes with cards that know each other's (as by fingerprint), not linked, no agreements. */
struct net *net_new(unsigned count);
struct net *net_new_watched(unsigned count, const struct net_watch *watch);
void net_free(struct net *net);

/* Fails unless the newest answer of a node, whose exit code this is, is yes. */
void net_done(const struct net_node *node, uint64_t code);

/* What an agreement says; zeros are the widest: all kinds and sectors, RED, a year from a day ago.
 */
struct net_terms {
	uint64_t ceiling;			 /* both ways; 0: RED */
	bool constituency;			 /* b is a's constituency */
	bool government;			 /* b is government */
	const char *country;			 /* of b; NULL: JP */
	bool introduce;				 /* both may introduce */
	const struct kai_community *communities; /* both ways */
	size_t community_count;
	uint64_t valid_from, valid_until; /* 0: as said */
	uint64_t serial;		  /* 0: 1 */
	const uint8_t *predecessor;	  /* digest */
	uint64_t max_items_day;		  /* both ways */
	const uint64_t *kinds;		  /* both ways; NULL: all */
	size_t kinds_count;
	uint64_t retention_days; /* 0: says nothing */
	uint64_t signers;	 /* 0: 1 */
	uint64_t drill_consent;
	const struct kai_duty *duties; /* side 0: a's, 1: b's */
	size_t duty_count;
	const struct kai_contingency *clauses;
	size_t clause_count;
	bool contingency_only;
	const struct kai_ack_deadline *acks;
	size_t ack_count;
	const struct kai_contact *contacts; /* sides likewise */
	size_t contact_count;
};
/* Everything passes, and both may introduce. */
extern const struct net_terms net_wide;
/* Proposes at a, accepts at b, imports at a. The digest, in the net's arena. */
const uint8_t *net_agree(struct net *net, unsigned a, unsigned b, const struct net_terms *terms);
/* What one of them says alone, KAI_NOTICE_…; pumps nothing. */
void net_notice(struct net *net, unsigned at, unsigned with, uint64_t action);
/* Encoded terms, for tests that go other ways. */
struct kai_span net_terms_bytes(struct net *net, unsigned a, unsigned b,
				const struct net_terms *say);

/* So many in a chain, 0 - 1 - 2 …: agreed, linked, at rest. */
struct net *net_chain(unsigned count, const struct net_terms *terms);
/* Two so joined, of which one guards itself by that quota. */
struct net *net_guarded(const struct kai_quota *quota, unsigned guard);

/* A request to a node; the answer is in nodes[node].answer. Returns its exit code. Pumps nothing.
 * Asks again when the node died over it.
 * request: the struct of that type. */
uint64_t net_control(struct net *net, unsigned node, uint64_t type, void *request);

/* The same of the drill that the node takes part in. */
uint64_t net_drill_control(struct net *net, unsigned node, uint64_t type, void *request);

void net_link(struct net *net, unsigned a, unsigned b); /* both LINK_UP; nothing is pumped */
void net_cut(struct net *net, unsigned a, unsigned b);	/* frames under way are lost */
/* Delivers frames and MORE until nothing moves. */
void net_run(struct net *net);
/* A frame that `from` never made, put before `to` as if it had: what a patched sender would do. msg:
 * the struct of that type. */
void net_inject(struct net *net, unsigned from, unsigned to, enum kai_msg_type type, void *msg);
/* The same with bytes as they are. */
void net_inject_bytes(struct net *net, unsigned from, unsigned to, struct kai_span bytes);
/* One frame, or one round of MORE; false when nothing was left. */
bool net_step(struct net *net);
/* Lets time pass in steps to the engines' deadlines, pumping in between. */
void net_pass(struct net *net, int64_t ms);
/* Frees the engine and makes it anew over the same store with another boot id; its links are cut.
 */
void net_restart(struct net *net, unsigned number);
bool net_up(struct net *net, unsigned a, unsigned b); /* both ends are UP */
/* Tells a node what became of a step. */
void net_called(struct net *net, unsigned node, const struct kai_call_ref *ref, uint64_t result,
		uint64_t code, const char *said);

/* What a test item says; zeros: secinfo, CLEAR, urgency of its kind, one part. */
struct net_item {
	uint64_t kind;
	uint64_t tlp;	  /* 0: CLEAR */
	uint64_t urgency; /* 0: the kind's */
	struct kai_audience_entry audience[4];
	size_t audience_count;
	uint64_t onward;		    /* 0: any */
	size_t attachment;		    /* bytes of a second part, 0: none */
	const struct kai_label *main_label; /* NULL: the item's */
	const struct kai_label *attachment_label;
	const uint8_t *supersedes; /* one id */
	uint64_t not_after;
	uint64_t retain_until;
	const uint8_t *refs;	 /* one id */
	const uint8_t *question; /* an id that fields of main name */
	const char *sector;
	const char *title;
	bool keep;  /* even when nobody may have it */
	bool drill; /* in the drill that the node takes part in */
};
/* Publishes; the id is written to ret. Fails the test when refused. */
void net_publish(struct net *net, unsigned node, const struct net_item *item,
		 uint8_t ret[KAI_ID_LEN]);
struct kai_audience_entry net_org(const struct net *net, unsigned node);
void net_retract(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
		 uint8_t ret[KAI_ID_LEN]);

/* ---- cards ---- */

void net_card_read(struct net *net, struct kai_span bytes, struct kai_card *ret);
/* The bytes lie in the net's arena. */
struct kai_span net_card_sign(struct net *net, const struct kai_card *card,
			      const struct net_pair *root);
/* A newer card of a node: its sealing key ends then, and another one begins (NULL: none). */
struct kai_span net_card_newer(struct net *net, unsigned number, uint64_t serial,
			       uint64_t seal_until, const struct net_pair *next);
/* The node takes it for its own. */
void net_card_own(struct net *net, unsigned node, struct kai_span card);
/* For net_new: a node's keys, its first card, its record. */
void net_keys_make(struct net *net, struct net_node *node);
void net_card_make(struct net *net, struct net_node *node);
struct kai_span net_record_make(struct net *net, const struct net_node *node);

/* ---- frames ---- */

/* A filter: drops frames of a type. context: const enum kai_msg_type. */
bool net_drop_type(void *context, struct net_frame *frame);
/* A filter: what is of this type and sender is put aside, as if it lay in a queue still. */
#define NET_ASIDE 32u
struct net_aside {
	struct net *net;
	enum kai_msg_type type;
	unsigned from;
	struct kai_span frames[NET_ASIDE];
	size_t count;
};
bool net_put_aside(void *context, struct net_frame *frame);
/* A copy of a frame in the net's arena. */
struct kai_span net_keep(struct net *net, const struct net_frame *frame);

/* ---- looking ---- */

/* Does the node hold the item? Its parts as a bit set; 0 with false when not. */
bool net_holds(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN], uint32_t *ret_parts);
/* How many frames of a type went from one node to another since `from` (index into seen). */
size_t net_sent(const struct net *net, unsigned from, unsigned to, enum kai_msg_type type,
		size_t since);
/* Whether these bytes stand in any frame sent to that node. */
bool net_leaked(const struct net *net, unsigned to, struct kai_span bytes);

/* Its parts as a bit set, 0 when it is not held. */
uint32_t net_parts(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN]);
/* A read-only look into a store. */
struct kai_txn *net_read(struct net *net, unsigned node);
/* Why the item is not here any more, 0: no stub. */
uint64_t net_stub(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN]);
uint64_t net_rows(struct net *net, unsigned node, enum kai_table table);
/* The sum of the counts of a node's journal entries of that event and rule (NULL: of any).
 * ret_entries: how many there are, NULL: does not matter. */
uint64_t net_journalled(struct net *net, unsigned node, const char *event, const char *rule,
			size_t *ret_entries);
/* Every store's check finds nothing. */
void net_whole(struct net *net);
/* What lies in a node's store on a peer's account, beside items too. */
uint64_t net_stored_bytes(struct net *net, unsigned node, unsigned peer);

#endif
