/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine's rooms share. Each room is one .c file with one job and is entered through the
 * functions below:
 *
 *   engine.c    life of the engine, the one switch from event to handler, deadline
 *   out.c       outputs of a turn
 *   link.c      a peer's life: greeting, up, down; hello, ping, bye; one function for every transition
 *   spread.c    walks the log for each peer: pushes what is urgent, offers the rest, within its credit
 *   serve.c     what was wanted goes out in chunks; stored, refuse, none, credit that come back
 *   window.c    what was offered and is not settled, what is wanted and not served
 *   token.c     resume tokens
 *   quota.c     what a peer may cost
 *   fetch.c     offers and pushes that come in: wants, suppliers, chunks put together, time-outs
 *   admit.c     one whole item at the door: signers, parts, the one decision, storing
 *   rest.c      openings at rest
 *   thread.c    revisions, conflicts, retractions, in any order of arrival
 *   sweep.c     what expires
 *   duty.c      what bears on duties; duty_cause.c: which ones an item brings about; duty_state.c: one duty's life
 *   clause.c    contingency: what a clause carries to a peer now; clause_watch.c: when it opens and closes
 *   receipt.c   how far others are with an item, by their receipts; who is told how far we are
 *   owing.c     what they are to be told, until they say that they have it
 *   rollup.c    how many of the constituency are how far
 *   confirm.c   people's word: acknowledged, and attested by telephone
 *   escalate.c  what bears on who is called about silence; ladder.c: one ladder's life; ladder_who.c: whom;
 *               ladder_call.c: what whoever calls is told
 *   trust.c     what links bring of trust; book.c, cards.c, signers.c, member.c, pact.c: see trust.h
 *   pair.c      the cached relation with each peer and its wrap keys
 *   drill.c     drills as the live realm knows them: announced, consented to, closed; drill_keep.c: kept
 *   realm.c     an engine that serves a drill: its window, and with whom
 *   control.c   the switch over control requests
 *   agree.c     their agreements
 *   publish.c   own items
 *   grant.c     releases of own items
 *   sign.c      further signatures on own items
 *   tell.c      a signed statement of how far we are
 *   case_seal.c our signature on a file about an incident
 *   bundle_write.c, bundle_say.c, bundle_take.c  what goes and comes in files, not over a link
 *
 * Every function takes the turn first: the engine, the open transaction, the outputs, the event's clocks.
 */
#ifndef KAIRAN_ENGINE_PRIVATE_H
#define KAIRAN_ENGINE_PRIVATE_H

#include "kairan/call.h"
#include "kairan/control.h"
#include "kairan/engine.h"
#include "kairan/facts.h"
#include "kairan/frames.h"

enum kai_link_state {
	KAI_LINK_DOWN,
	KAI_LINK_GREETING, /* connected, hello sent, the peer's answer to it not yet here */
	KAI_LINK_UP	   /* both hellos answered: items may flow */
};

struct kai_spread; /* spread.c: position, offers out, credit */
struct kai_fetch;  /* fetch.c: offers in, wants, unfinished items, memory held on the peer's account
		    */
struct kai_meters; /* quota.c */
struct kai_pair_cache; /* pair.c */
struct kai_owing;      /* owing.c: what is being told to the peer while the link is up */

/* One org that we may talk to; exists from the first event about it until the engine goes. */
struct kai_link {
	uint8_t org[KAI_ID_LEN];
	uint16_t number; /* in PEERS */
	enum kai_link_state state;
	/* link.c */
	uint8_t my_nonce[16];
	uint8_t peer_nonce[16];
	bool connected;	   /* between LINK_UP and LINK_DOWN */
	bool peer_greeted; /* its hello of this connection is here */
	bool answered;	   /* peer_nonce was answered with my_nonce */
	bool again;	   /* greeting anew: frames of the session before may still come */
	struct kai_mono
		late_until; /* up anew over a standing connection: bulk of the session before may come so long */
	struct kai_mono since; /* when the state was entered */
	struct kai_mono gone; /* since when it is not up, as far as this start of the node saw it */
	uint8_t session_key[32]; /* tags of offers: H(hello, link key, both nonces in org order) */
	uint8_t peer_epoch[16];
	uint8_t peer_boot[16];
	struct kai_mono heard;
	struct kai_mono pinged;
	bool clock_known;
	int64_t clock_ms; /* its wall clock less our monotonic one, as its hello had it */
	uint64_t
		unreached; /* clause_watch.c: whom its clauses waited for when last looked at; 0: nobody */
	bool cards_owed; /* cards.c: newer cards of origins after this one are still to be told */
	uint8_t cards_after[KAI_ID_LEN];
	const char *down_reason; /* static storage */
	const char *last_error;
	uint64_t received_items, sent_items, refused;
	uint64_t settled; /* position in PEERS when last read or written */
	/* the rooms' own */
	struct kai_spread *spread;
	struct kai_fetch *fetch;
	struct kai_meters *meters;
	struct kai_pair_cache *pair;
	struct kai_owing *owing;
};

/* How far its wall clock is ahead of ours now, which may have jumped since it greeted; 0 before. */
static inline int64_t kai_link_skew(const struct kai_link *link, const struct kai_event *event)
{
	return link->clock_known ? link->clock_ms + event->mono.ms - event->wall.ms : 0;
}

/* May this be of the session before? Nothing that comes so late is a fault, and nothing of it is used that
 * was not asked for. */
#define KAI_LINK_LATE_MS KAI_MS_MINUTE
static inline bool kai_link_late(const struct kai_link *link, struct kai_mono now)
{
	return now.ms < link->late_until.ms;
}

struct kai_engine {
	struct kai_engine_config config;
	struct kai_link **links; /* ascending by org */
	size_t link_count;
	size_t link_cap;
	uint64_t trust_generation; /* grows with every change of cards, agreements, notices,
				      memberships */
	uint8_t epoch[16];	   /* of the store */
	struct kai_wall started;
	struct kai_mono sweep_due;
	struct kai_wall sweep_wall;  /* the wall clock as far as it is believed; 0: not known yet */
	struct kai_wall sweep_saved; /* the same, in the store */
	struct kai_mono sweep_seen;  /* when sweep_wall was that */
	bool sweep_behind;	     /* sweep_wall was behind the wall clock then */
	bool sweep_doubted;	     /* kai_sweep_doubts then */
	bool realm_open;	     /* realm.c: its window held at the last step */
	struct kai_link **numbers;   /* by number in PEERS; NULL where none */
	size_t number_cap;
	size_t walk_next; /* whose turn it is to be walked for first */
	uint8_t *scratch; /* KAI_TURN_ARENA bytes, perhaps config's */
	struct kai_wants
		*wants; /* fetch.c: what is wanted of whom; there as long as a link's fetch is */
	struct kai_onward_memo onward; /* of the supplies of items that facts were asked of */
	uint64_t
		duty_walked; /* duty.c: trust_generation + 1 when open duties were last looked at */
	uint64_t duty_asked_at; /* the same, when the next was found out */
	/* by kind: the least pressing urgency that a duty in an agreement of ours is about; 0: none is */
	uint64_t duty_about[KAI_KIND_RELEASE + 1];
	bool clause_asked; /* and some lets us carry by a contingency clause; as of then */
	struct kai_mono
		clause_due; /* clause_watch.c looks at links and openings again; INT64_MAX: never */
	struct kai_key duty_from;   /* where that walk goes on; empty: it is done */
	uint8_t life[8];	    /* escalate.c: of this engine; drawn at its start */
	struct kai_mono ladder_due; /* when steps and their timers are looked at */
	unsigned calls_started;	    /* steps of this life that are not done */
	bool ladder_walks; /* the clock went back: open ladders are looked at, from here on */
	struct kai_key ladder_from;
	struct kai_mono owing_due; /* when owing.c looks at what is owed; INT64_MAX: never */
	bool constituency_looked;  /* rollup.c, as of that trust_generation: */
	bool constituency;	   /* some partner is ours */
	uint64_t constituency_at;
	struct kai_mono trust_due;  /* when trust.c looks at its instants again; 0: at once */
	struct kai_wall trust_next; /* the next instant at which something begins or ends; 0: not
				       known yet */
	bool clock_known;
	int64_t clock_ms; /* the wall clock less the monotonic one, before it jumps again */
	/* realm.c, in an engine that serves a drill: */
	int64_t realm_from, realm_end; /* its window, as the store says it; 0, 0: never */
	int64_t realm_next;	       /* when that changes by itself; INT64_MAX: never */
	struct kai_mono realm_due;     /* the same by our monotonic clock, as of the last step */
};

/*
 * One step. scratch is wiped between steps (KAI_TURN_ARENA bytes); nothing in it may be kept.
 * Rooms that look at many items in one step set scratch->used back after each, so nothing that
 * outlives a call (a cache of pairs, say) may lie in scratch.
 */
struct kai_turn {
	struct kai_engine *engine;
	struct kai_txn *txn;
	struct kai_out *out;
	const struct kai_event *event;
	struct kai_arena *scratch;
	uint64_t draws; /* how often randomness was taken in this step */
};

/* len ≤ 64 bytes of randomness, expanded from the event's entropy by label and a running number. */
void kai_draw(struct kai_turn *turn, const char *label, uint8_t *ret, size_t len);

/* Sets scratch back to an earlier value of used and wipes what lay behind it: part keys pass here.
 */
void kai_scratch_back(struct kai_turn *turn, size_t mark);

/* ---- out.c ---- */
/* Encodes straight into the outputs; returns the frame's length. Frames to a link that is down are
 * dropped: 0. */
size_t kai_out_send(struct kai_turn *turn, const struct kai_link *link, enum kai_msg_type type,
		    void *msg, bool urgent);
void kai_out_cut(struct kai_turn *turn, const struct kai_link *link, const char *reason);
void kai_out_answer(struct kai_turn *turn, uint64_t client, const struct kai_ctl_answer *answer);
void kai_out_call(struct kai_turn *turn, const struct kai_call_ref *ref,
		  const struct kai_call *call);
void kai_out_peers(struct kai_turn *turn);
void kai_out_trace(struct kai_turn *turn, const char *event, const uint8_t *org, const uint8_t *id,
		   const char *rule, uint64_t number);

/* ---- engine.c ---- */
struct kai_link *kai_link_find(struct kai_engine *engine, const uint8_t org[KAI_ID_LEN]);
struct kai_link *kai_link_by_number(struct kai_engine *engine, uint16_t number);
/* Finds or makes; NULL when out of memory. */
struct kai_link *kai_link_get(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN]);
/* Makes those of all peers that the store knows. */
void kai_link_load(struct kai_turn *turn);

/* ---- link.c ---- */
void kai_link_event(struct kai_turn *turn, struct kai_link *link); /* LINK_UP, LINK_DOWN */
void kai_link_hello(struct kai_turn *turn, struct kai_link *link, const struct kai_hello *hello);
void kai_link_ping(struct kai_turn *turn, struct kai_link *link, const struct kai_ping *ping);
void kai_link_bye(struct kai_turn *turn, struct kai_link *link, const struct kai_bye *bye);
void kai_link_timer(struct kai_turn *turn);
struct kai_mono kai_link_deadline(const struct kai_engine *engine);
/* Says hello again over the standing connection, because agreements, cards or memberships changed
 * (trust.c calls it). */
void kai_link_greet_again(struct kai_turn *turn, struct kai_link *link);

/* ---- spread.c, serve.c, token.c
 * ------------------------------------------------------------------------------------
 * Credit counts the whole length of every CHUNK frame since the hello that brought the link up, on
 * both ends. It starts at KAI_CREDIT_START; the sender goes on while what it sent is below the
 * limit, so the last frame may pass it by less than KAI_MAX_FRAME. Pushes have their own budget.
 *
 * The offerer keeps what it offered or pushed in a window of KAI_WINDOW ids until the peer says
 * stored (whatever parts: those that it holds now, or held already) or refuses it; beyond, it waits.
 * A want is served when its id stands in the window or went to that peer before.
 */
#define KAI_CREDIT_START (UINT64_C(256) * 1024)
#define KAI_CREDIT_MOST (UINT64_C(4) * 1024 * 1024)
#define KAI_WINDOW 2048u
/* Tag of an offer: first bytes of H(offer-tag, realm, session key || header). */
void kai_offer_tag(const struct kai_turn *turn, const struct kai_link *link, struct kai_span header,
		   uint8_t ret[KAI_HINT_LEN]);
void kai_spread_up(struct kai_turn *turn, struct kai_link *link, const struct kai_hello *hello);
void kai_spread_down(struct kai_turn *turn, struct kai_link *link);
/* An item was stored or changed (later part, signature, release): pushes it at once where it is
 * urgent and permitted; the rest is met when the log is walked. */
void kai_spread_item(struct kai_turn *turn, uint64_t arrival);
/* Starts the walk of the log anew, now or when the link comes up, for a peer whose permissions may have
 * changed; what it has stored is skipped. */
void kai_spread_restart(struct kai_turn *turn, struct kai_link *link);
/* Walks on for every peer that is up, within a bound; true when some walk is not at the head and
 * has room to go on. */
bool kai_spread_walk(struct kai_turn *turn);
/* The same answer without walking. */
bool kai_spread_pending(struct kai_turn *turn);
struct kai_mono kai_spread_deadline(const struct kai_engine *engine);
void kai_spread_timer(struct kai_turn *turn);
void kai_serve_want(struct kai_turn *turn, struct kai_link *link, const struct kai_want *want);
void kai_serve_stored(struct kai_turn *turn, struct kai_link *link,
		      const struct kai_stored *stored);
void kai_serve_refuse(struct kai_turn *turn, struct kai_link *link,
		      const struct kai_refuse *refuse);
void kai_serve_credit(struct kai_turn *turn, struct kai_link *link,
		      const struct kai_credit *credit);
/* Sends what is wanted as far as credit and the bound of one step go. */
void kai_serve_run(struct kai_turn *turn, struct kai_link *link);
void kai_spread_state(const struct kai_link *link, uint64_t head, struct kai_peer_state *io_state);
struct kai_span kai_token_make(struct kai_turn *turn, const struct kai_link *link,
			       uint64_t position);
/* false: not ours, another peer's or realm's, another epoch's, an unknown boot's, or beyond the
 * head. */
bool kai_token_open(struct kai_turn *turn, const struct kai_link *link, struct kai_span token,
		    uint64_t *ret_position);

/* ---- realm.c
 * ----------------------------------------------------------------------------------------------------
 */
bool kai_realm_live_here(const struct kai_engine *engine);
/* In an engine that serves a drill, before each event: does its window hold? */
void kai_realm_step(struct kai_turn *turn);
/* May anything pass? Always where the realm is the live one. */
bool kai_realm_open(const struct kai_turn *turn);
/* And with that peer? */
bool kai_realm_serves(struct kai_turn *turn, struct kai_link *link);
/* When its window begins or ends next. */
struct kai_mono kai_realm_deadline(const struct kai_engine *engine);
/* link.c: greets those who are served and were not, and ends what is with others. */
void kai_link_served(struct kai_turn *turn);

/* ---- drill.c
 * ----------------------------------------------------------------------------------------------------
 */
void kai_drill_frame(struct kai_turn *turn, struct kai_link *link,
		     const struct kai_drill_frame *frame);
/* The link came up: what it may have to know of drills that are not over. */
void kai_drill_present(struct kai_turn *turn, struct kai_link *link);
/* Is it a drill that this node knows, whether it is over or not? */
bool kai_drill_known(struct kai_turn *turn, const uint8_t realm[KAI_REALM_LEN]);

/* ---- quota.c
 * -----------------------------------------------------------------------------------------------------
 */
enum kai_meter {
	KAI_METER_FRAMES,
	KAI_METER_BYTES,
	KAI_METER_FAULTS,
	KAI_METER_PUSHES,
	KAI_METER_HELLOS,
	KAI_METER_END
};
/* Counts; false when the peer is over its quota for this meter now. */
bool kai_quota_charge(struct kai_turn *turn, struct kai_link *link, enum kai_meter meter,
		      int64_t amount);
/* Volume of the agreement's direction towards us and stored bytes: may this many more bytes be
 * taken from the peer now? */
bool kai_quota_volume(struct kai_turn *turn, struct kai_link *link, uint64_t bytes);
void kai_quota_taken(struct kai_turn *turn, struct kai_link *link, uint64_t bytes);
/* A fault of the peer's: counts it, traces it, journals it (once per peer, rule and minute, with a
 * count), remembers it as last_error, cuts the link beyond faults_per_minute. id may be NULL. */
void kai_fault_note(struct kai_turn *turn, struct kai_link *link, const char *reason,
		    const uint8_t *id);
/* What may not be the peer's doing, or a probe for what is held here (to cut would answer it): as a
 * fault, but it never cuts the link. */
void kai_reason_note(struct kai_turn *turn, struct kai_link *link, const char *reason,
		     const uint8_t *id);
/* What lies on disk on that peer's account beside items: false when it would be too much. */
bool kai_quota_hold(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t bytes);
void kai_quota_give_back(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t bytes);
void kai_meters_free(struct kai_meters *meters);
/* Writes counts that wait: faults of a minute gone by, volume taken. */
void kai_quota_timer(struct kai_turn *turn);
struct kai_mono kai_quota_deadline(const struct kai_engine *engine);

/* ---- fetch.c
 * ------------------------------------------------------------------------------------------------------
 */
void kai_fetch_up(struct kai_turn *turn, struct kai_link *link);
void kai_fetch_down(struct kai_turn *turn, struct kai_link *link);
void kai_fetch_offer(struct kai_turn *turn, struct kai_link *link, const struct kai_offer *offer);
void kai_fetch_push(struct kai_turn *turn, struct kai_link *link,
		    const struct kai_checked *checked);
void kai_fetch_chunk(struct kai_turn *turn, struct kai_link *link,
		     const struct kai_checked *checked);
/* A chunk that was not looked at counts for credit all the same, or its bytes were gone for ever. */
void kai_fetch_dropped(struct kai_turn *turn, struct kai_link *link, size_t frame_len);
void kai_fetch_none(struct kai_turn *turn, struct kai_link *link, const struct kai_none *none);
/* A card of that origin came: what waited for one is wanted again, without the wait that was asked for. */
void kai_fetch_card_came(struct kai_turn *turn, const uint8_t origin[KAI_ID_LEN]);
void kai_fetch_timer(struct kai_turn *turn);
struct kai_mono kai_fetch_deadline(const struct kai_engine *engine);
/* Once at the end of each step: sends the stored, refuse and credit entries that gathered, batched;
 * settles tokens. */
void kai_fetch_flush(struct kai_turn *turn);
/* For hello: the peer's last durable token and what is still outstanding before it (lists in
 * scratch). */
void kai_fetch_hello(struct kai_turn *turn, struct kai_link *link, struct kai_hello *io_hello);
void kai_fetch_free(struct kai_fetch *fetch);
void kai_spread_free(struct kai_spread *spread);

/* ---- admit.c, rest.c, thread.c, sweep.c
 * ----------------------------------------------------------------------------- */
/* An item as it came, whole: spans live for the step. */
struct kai_incoming {
	struct kai_span header_bytes;
	struct kai_header header;
	uint8_t id[KAI_ID_LEN];
	const struct kai_signature *signatures; /* all verified against their keys */
	size_t signature_count;
	struct kai_span parts[KAI_MAX_PARTS]; /* ciphertexts; hashes verified; empty: not here */
	uint32_t part_bits;
	const struct kai_wrap *wraps; /* from the link; for own items NULL … */
	size_t wrap_count;
	bool sealed; /* from a bundle: wraps are sealed ones, and no others are looked at */
	const struct kai_span *openings; /* … and these, KAI_MAX_PARTS encoded kai_opening */
	const struct kai_span *evidence;
	size_t evidence_count;
	const struct kai_mark *mark;
};
struct kai_admission {
	bool stored;	/* now or before: held here, durable after the commit */
	bool new_parts; /* something was added */
	uint64_t arrival;
	uint32_t parts;		    /* parts of this copy that are held now */
	uint32_t held;		    /* all parts held now */
	enum kai_fault fault;	    /* when not stored */
	const char *reason;	    /* name of the fault or rule */
	uint8_t origin[KAI_ID_LEN]; /* when not stored, and it came as far as the door */
	enum kai_fault_class klass;
	int64_t retry_ms; /* for DEFER */
};
/*
 * The door: signers by the origin's card, times, parts opened and committed, the one decision for
 * header and each part, references, thread; then storing or merging. link NULL: an own item. Parts
 * that the rules refuse are left out, and when the header itself is refused nothing is stored.
 */
void kai_admit(struct kai_turn *turn, struct kai_link *link, const struct kai_incoming *item,
	       struct kai_admission *ret);
/* Own item, decided but not stored: same checks. */
KAI_MUST_USE enum kai_fault kai_thread_check(struct kai_turn *turn,
					     const struct kai_header *header);
/* After an item was added: sets flags of what it supersedes or retracts, and of itself; resolves
 * what waited for it. */
void kai_thread_added(struct kai_turn *turn, uint64_t arrival, const struct kai_item *item,
		      const struct kai_header *header);
/* The item was marked: what it took back or superseded stands again, unless another does so too. */
void kai_thread_undone(struct kai_turn *turn, uint64_t arrival);
/* That this item passed between us and that peer is known from now on: the retraction that took it back
 * is looked at again for every peer, for that one even where it refused it before. */
void kai_thread_follow(struct kai_turn *turn, const struct kai_link *link,
		       const uint8_t id[KAI_ID_LEN], const struct kai_header *header);
bool kai_rest_seal(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN], uint8_t index,
		   struct kai_span opening, struct kai_part *io_part);
bool kai_rest_open(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN], uint8_t index,
		   const struct kai_part *part, struct kai_opening *ret);
/* Item facts with the labels of all held parts filled in (opens them at rest). */
bool kai_rest_facts(struct kai_turn *turn, uint64_t arrival, struct kai_item_facts *ret);
/* When these are to be destroyed: a part by its label; an item by an agreement under which it came. */
void kai_sweep_part_at(struct kai_turn *turn, uint64_t arrival, uint8_t index, uint64_t until);
void kai_sweep_kept_until(struct kai_turn *turn, uint64_t arrival, uint64_t until);
/* The rest of an origin's items, from that arrival downwards, is looked at in pieces. */
void kai_sweep_mark(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t from);
void kai_sweep_timer(struct kai_turn *turn);
struct kai_mono kai_sweep_deadline(const struct kai_engine *engine);

/* Something of that kind is to be done then, by the clock as far as it is believed; rest: after due and kind in
 * TIMERS' key. */
void kai_sweep_at(struct kai_turn *turn, uint64_t due, enum kai_timer_kind kind,
		  const struct kai_key *rest);

/* The wall clock as far as it is believed. */
uint64_t kai_sweep_now(struct kai_turn *turn);
/* Is it much further ahead than that? What it forbids is not written down so long. */
bool kai_sweep_doubts(const struct kai_turn *turn);

/* ---- duty.c, duty_state.c
 * ----------------------------------------------------------------------------------------------- */
/* An item was stored, or came by one more peer, or is not marked any longer. link NULL: our own. */
void kai_duty_arrived(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		      const struct kai_header *header);
/* The item changed: taken back, revised, released, more of it is held. */
void kai_duty_changed(struct kai_turn *turn, uint64_t arrival);
/* The peer says that it holds the item; sent: it has it from us. */
void kai_duty_stored(struct kai_turn *turn, struct kai_link *link, uint64_t arrival, bool sent);
/* The peer says how much of its constituency has the item. */
void kai_duty_forwarded(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
			const struct kai_rollup *rollup);
/* A timer of this key of DUTIES went off and is gone. */
void kai_duty_fired(struct kai_turn *turn, struct kai_span key);
/* The item goes now: what is open of it ends. */
void kai_duty_gone(struct kai_turn *turn, uint64_t arrival);
/* Every open duty is looked at again, some at a time, as after any change of trust. */
void kai_duty_again(struct kai_turn *turn);
void kai_duty_timer(struct kai_turn *turn);
struct kai_mono kai_duty_deadline(const struct kai_engine *engine);
/* ---- clause.c, clause_watch.c
 * ----------------------------------------------------------------------------------------------- */
/* What the decision may use beside the agreement's rules for this item and that peer: a clause that is open, or
 * may open for it now (opened_at is now). Reads only. */
bool kai_clause_mark(struct kai_turn *turn, struct kai_link *link,
		     const struct kai_item_facts *facts, struct kai_mark *ret);
/* The item goes under that mark: opens the clause where it is closed, and looks at the links again; true when it was. */
bool kai_clause_open(struct kai_turn *turn, struct kai_link *link, const struct kai_mark *mark,
		     const struct kai_item_facts *item);
/* It left. */
void kai_clause_carried(struct kai_turn *turn, struct kai_link *link, const struct kai_mark *mark,
			const uint8_t id[KAI_ID_LEN]);
/* A link came up or went down, or trust changed. */
void kai_clause_moved(struct kai_turn *turn);
void kai_clause_timer(struct kai_turn *turn);
struct kai_mono kai_clause_deadline(const struct kai_engine *engine);

/* ---- escalate.c
 * ---------------------------------------------------------------------------------------------------
 */
void kai_escalate_start(struct kai_turn *turn);
/* An item was stored, or is not marked or unsigned any longer. link NULL: our own. */
void kai_escalate_arrived(struct kai_turn *turn, struct kai_link *link, uint64_t arrival);
/* We owe it to somebody that he has the item: that is asked for in time. */
void kai_escalate_ask(struct kai_turn *turn, uint64_t arrival);
/* It was taken back or revised. */
void kai_escalate_changed(struct kai_turn *turn, uint64_t arrival);
/* People's word: ours (link NULL), or theirs. */
void kai_escalate_said(struct kai_turn *turn, const struct kai_link *link, uint64_t arrival);
/* The link with it is up. */
void kai_escalate_heard(struct kai_turn *turn, const struct kai_link *link);
/* The item goes now. */
void kai_escalate_gone(struct kai_turn *turn, uint64_t arrival);
/* The clock went back: what would come too late is set anew. */
void kai_escalate_again(struct kai_turn *turn);
/* KAI_EVENT_CALLED */
void kai_escalate_called(struct kai_turn *turn);
/* What is due by the wall clock. */
void kai_escalate_timer(struct kai_turn *turn);
struct kai_mono kai_escalate_deadline(const struct kai_engine *engine);

/* ---- receipt.c, owing.c
 * ----------------------------------------------------------------------------------------------------
 */
/* It brought (more of) the item for the first time; first: nobody did before. */
void kai_receipt_brought(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
			 const struct kai_header *header, bool first);
/* It offered what is held here and was told so; the tag of its offer says whether it has it. */
void kai_receipt_shown(struct kai_turn *turn, struct kai_link *link, const uint8_t id[KAI_ID_LEN],
		       const uint8_t tag[KAI_HINT_LEN], bool urgent);
/* Its store is another: what it was told of this item it may have lost. */
void kai_receipt_again(struct kai_turn *turn, struct kai_link *link, uint64_t arrival);
void kai_receipt_frame(struct kai_turn *turn, struct kai_link *link,
		       const struct kai_checked *checked);
void kai_owing_up(struct kai_turn *turn, struct kai_link *link);
void kai_owing_down(struct kai_link *link);
/* At the end of each step: tells what is due. */
void kai_owing_run(struct kai_turn *turn);
void kai_owing_free(struct kai_owing *owing); /* NULL is fine */

/* ---- trust.c, pair.c
 * ------------------------------------------------------------------------------------------------
 */
void kai_trust_card(struct kai_turn *turn, struct kai_link *link,
		    const struct kai_card_frame *frame);
void kai_trust_agreement(struct kai_turn *turn, struct kai_link *link,
			 const struct kai_agreement_frame *frame);
/* Fills card, record and agreement digests of my hello to that peer. */
void kai_trust_hello(struct kai_turn *turn, struct kai_link *link, struct kai_hello *io_hello);
/* Compares the peer's digests with mine and sends what it lacks: card, node record, agreements,
 * notices, memberships. */
void kai_trust_greeted(struct kai_turn *turn, struct kai_link *link, const struct kai_hello *hello);
/* Sends the origin's card first where this link has not seen its current serial and I may
 * introduce; always fine for parties. */
void kai_trust_introduce(struct kai_turn *turn, struct kai_link *link,
			 const uint8_t origin[KAI_ID_LEN]);
/*
 * May these keys speak for the origin? Card at hand (NO_CARD, OLD_CARD, FROZEN), country of the
 * header, roles and numbers by the kind's row and the agreement (SIGNERS), windows, revocations.
 * ret_flags: KAI_ITEM_MARKED, KAI_ITEM_INTRODUCED.
 */
KAI_MUST_USE enum kai_fault kai_trust_signers(struct kai_turn *turn,
					      const struct kai_header *header,
					      const struct kai_signature *signatures, size_t count,
					      uint64_t *ret_flags);
/* Marks what a key alone carries that the origin's card revokes and this node did not hold before:
 * some items, from *io_from (0: the newest) downwards. true when that was not all: *io_from is where
 * to go on. */
bool kai_trust_mark(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t *io_from);
/* The next piece of what kai_cards_catch_up began, for one link; true when some link is owed more. */
bool kai_cards_go_on(struct kai_turn *turn);
/* The same answer without doing it. */
bool kai_cards_owed(const struct kai_engine *engine);
/* Something about trust changed: drops caches, greets those partners again with whom something else
 * stands now, asks for new node keys. */
void kai_trust_changed(struct kai_turn *turn);
/* Daily and at each known instant: expiry of agreements, memberships, cards. */
void kai_trust_timer(struct kai_turn *turn);
/* Before each event: when the wall clock has jumped, what was passed over by the wrong one is looked at
 * again. */
void kai_trust_clock(struct kai_turn *turn);
struct kai_mono kai_trust_deadline(const struct kai_engine *engine);
/* The relation now; never NULL (state NONE when there is no agreement). Lives until the step ends,
 * outside scratch. */
const struct kai_pair *kai_pair_now(struct kai_turn *turn, struct kai_link *link);
/* Wrap key and its ends, in the cache, for a direction; false when a card lacks a sealing key. */
bool kai_pair_wrap_key(struct kai_turn *turn, struct kai_link *link, bool outgoing,
		       uint8_t ret_key[32], struct kai_link_ends *ret_ends);
/* A wrap to me that was made under other sealing keys than today's: one of mine by its hint, each of
 * the peer's card by nth from 0. false: no more. key is a secret; ends point into scratch. */
struct kai_before {
	struct kai_link_ends ends;
	uint8_t key[32];
	uint8_t hint[KAI_HINT_LEN];
};
bool kai_pair_wrap_before(struct kai_turn *turn, struct kai_link *link, const struct kai_wrap *wrap,
			  unsigned nth, struct kai_before *ret);
void kai_pair_free(struct kai_pair_cache *cache);

/* ---- control.c, agree.c, publish.c
 * ------------------------------------------------------------------------------------ */
void kai_control_request(struct kai_turn *turn);
/* Each handler fills the answer; lists and spans in scratch. One row each in control.c's table. */
void kai_agree_propose(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_agree_accept(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_agree_import(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_agree_notice(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_agree_member(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_agree_member_import(struct kai_turn *turn, const void *request,
			     struct kai_ctl_answer *ret);
void kai_agree_card_import(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_agree_card_own(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_agree_card_resolve(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_publish_item(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_publish_many(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_publish_retract(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_publish_source(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_grant_part(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_sign_item(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_confirm_ack(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_confirm_attest(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_bundle_write(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_bundle_take(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_case_seal(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_drill_begin(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);
void kai_drill_close(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret);

#endif
