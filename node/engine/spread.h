/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sending rooms (spread.c, serve.c, window.c) share: everything that one link that is up
 * has going out. Made by kai_spread_up, gone with kai_spread_down; all of it can be rebuilt from
 * the store and the peer's resume token. Decides nothing: kai_going_decide asks the one decision.
 */
#ifndef KAIRAN_ENGINE_SPREAD_H
#define KAIRAN_ENGINE_SPREAD_H

#include "kairan/frames.h"
#include "private.h"

/* An item that was offered or pushed and that the peer has neither stored nor refused. */
struct kai_offered {
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival;
	uint64_t position; /* of the log then */
	int64_t retry_at;  /* monotonic ms: offered again from then */
	int64_t patience;  /* retry_at is put off no further, however busy the peer is */
	uint64_t bytes;	   /* sent of it */
	uint32_t parts;
	uint8_t signatures;
	uint8_t evidence;
	uint8_t copies;	 /* how often the peer found our copy bad */
	bool deferred;	 /* retry_at is the peer's word, not our patience */
	bool wanted;	 /* in a lane */
	bool changed;	 /* the item has more now than when it was offered */
	bool pushed;	 /* main went ahead: that it is stored says nothing of the rest */
	bool settled;	 /* kept only until the window is packed */
	const char *why; /* rule that let it go, static */
};

/* Oldest first; a hash from id to place. */
struct kai_window {
	struct kai_offered *at;
	size_t count; /* in use, settled ones included */
	size_t cap;
	size_t first; /* none before it is unsettled */
	size_t open;  /* unsettled */
	uint16_t *slots;
	size_t slot_count; /* a power of two */
	uint64_t salt;
};

void kai_window_done(struct kai_window *window);
/* NULL: not there, or settled. */
struct kai_offered *kai_window_find(struct kai_window *window, const uint8_t id[KAI_ID_LEN]);
/* A new entry with id and position set; NULL when out of memory or full. Others' places move. */
struct kai_offered *kai_window_add(struct kai_window *window, const uint8_t id[KAI_ID_LEN],
				   uint64_t position);
void kai_window_settle(struct kai_window *window, struct kai_offered *offered);
/* All of the log up to there is settled, given where the walk is. */
uint64_t kai_window_low(struct kai_window *window, uint64_t walked);

/* Something wanted and not yet served whole. */
struct kai_order {
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival;
	uint32_t parts;
	uint32_t offset; /* into the part `next` */
	uint8_t next;
	bool started; /* the head is sent */
};

/* First come, first served. */
struct kai_lane {
	struct kai_order *at;
	size_t cap;
	size_t head;
	size_t count;
};

void kai_lane_done(struct kai_lane *lane);
struct kai_order *kai_lane_add(struct kai_lane *lane); /* NULL: out of memory */
struct kai_order *kai_lane_first(struct kai_lane *lane);
void kai_lane_drop(struct kai_lane *lane);

#define KAI_PUSH_ORIGINS 32u
struct kai_push_count {
	uint8_t origin[KAI_ID_LEN];
	int64_t minute;
	int64_t count;
};

enum kai_lane_kind { KAI_LANE_URGENT, KAI_LANE_BULK, KAI_LANE_END };

struct kai_spread {
	struct kai_window window;
	struct kai_lane lanes[KAI_LANE_END];
	uint64_t position; /* walked up to here */
	uint64_t anew;	   /* up to here the marks of RELEASED are void, see the next two */
	bool anew_stored;  /* the peer's store is another: all marks */
	bool anew_refused; /* permissions changed: refusals */
	bool fresh;	   /* facts and epoch are not in PEERS yet */
	bool paused;	   /* the window was full; goes on when it is half empty */
	bool idle;	   /* no agreement or no key: nothing may pass */
	uint8_t facts[KAI_ID_LEN];
	uint8_t epoch[16];
	struct kai_mono progress; /* last want, stored, refuse */
	int64_t retry_due;	  /* not after the first retry_at */
	struct kai_mono saved;
	uint64_t sent; /* bytes that credit counts */
	uint64_t limit;
	struct kai_push_count pushes[KAI_PUSH_ORIGINS];
	int64_t push_minute;
	int64_t push_count;
};

/* An item on its way to a peer, with the answer of the one decision. Lives in scratch and in the
 * store's pages: until the next write. */
struct kai_going {
	struct kai_item_facts facts;
	uint32_t parts;
	size_t evidence_count;
	struct kai_span evidence[KAI_MAX_EVIDENCE];
	const char *why;
	bool marked; /* it goes by a contingency clause alone, or some part of it: mark says which */
	struct kai_mark mark;
};
/* false: not here, or nothing of it may go. */
bool kai_going_decide(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		      struct kai_going *ret);
/* The same by the rules alone, without clauses: never marked. */
bool kai_going_plain(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		     struct kai_going *ret);
/* Where it goes by a clause that is closed, that is opened first; false: it may not go after all. May write: then
 * what was borrowed is read anew. */
bool kai_going_open(struct kai_turn *turn, struct kai_link *link, struct kai_going *going);
/* Wraps for those parts; false when one cannot be made. ret in scratch. */
bool kai_going_wraps(struct kai_turn *turn, struct kai_link *link, const struct kai_going *going,
		     uint32_t parts, struct kai_wrap **ret, size_t *ret_count);
/* The peer supplied it, stored it or refused it for good, in the state in which it is now. doubt: what is
 * recorded of that says nothing. */
struct kai_doubt {
	bool stored, refused;
};
bool kai_going_settled(struct kai_turn *turn, struct kai_link *link, const struct kai_going *going,
		       struct kai_doubt doubt);
bool kai_going_part(struct kai_turn *turn, const struct kai_going *going, uint8_t index,
		    struct kai_part *ret);

/* Writes that (parts of) it left, unless it is recorded as stored there already. */
void kai_released_sent(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		       uint32_t parts, const struct kai_going *going);
/* The peer's store is another: what was recorded as there is not, whether it may go now or only some day. */
void kai_released_void(struct kai_turn *turn, struct kai_link *link, uint64_t arrival);
/* Writes the peer's position where it is time to. */
void kai_spread_note(struct kai_turn *turn, struct kai_link *link);
/* Settles an entry; when the item has more by now, offers it again. */
void kai_spread_settle(struct kai_turn *turn, struct kai_link *link, struct kai_offered *offered);
/* The entry is offered again from then on. */
void kai_spread_retry(struct kai_spread *spread, struct kai_offered *offered, int64_t at_ms);

/* Entries of an offer that gather; in scratch. */
struct kai_offering {
	struct kai_offer_entry entries[KAI_MAX_ENTRIES];
	size_t count;
	bool urgent;
};
struct kai_offering *kai_offering_new(struct kai_turn *turn); /* NULL: scratch is full */
/* Sends what gathered, if anything; position: all of the log up to there is in it or before it. */
void kai_offering_send(struct kai_turn *turn, struct kai_link *link, struct kai_offering *batch,
		       uint64_t position);
/* How one item is looked at. */
struct kai_look {
	struct kai_offering *batch; /* NULL: pushed or left to the walk */
	uint64_t position;	    /* of the log entry that is looked at */
	bool asked; /* the peer says that it lacks it: that it refused it once says nothing */
};
/* Pushes or offers the item if it may go and is not there yet. */
void kai_look_at(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		 const struct kai_look *look);
/* Offers an entry of the window once more, or settles it when it may not go any longer. */
void kai_look_again(struct kai_turn *turn, struct kai_link *link, struct kai_offered *offered,
		    struct kai_offering *batch);

#endif
