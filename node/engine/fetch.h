/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fetch.c, wants.c, assemble.c and answer.c share: who offered what, what was asked from whom,
 * items that are not whole yet, and the answers that gather during a step. All of it is memory of
 * this engine alone and is charged to the link that caused it; nothing here decides whether an item
 * may be held (admit.c does). The engine's thread only.
 *
 * An id that some link offered and we lack is one kai_wanted; each link that offered it has one
 * kai_slot in it. A slot is settled when its link has been answered (stored, refuse) or has itself
 * said none; it stays a while after that when chunks that were asked for may still come (late).
 */
#ifndef KAIRAN_ENGINE_FETCH_H
#define KAIRAN_ENGINE_FETCH_H

#include "kairan/frames.h"
#include <sys/queue.h>

#include "private.h"

#define KAI_FETCH_STALL_MS (2 * KAI_MS_SECOND) /* no progress on the link: next offerer */
#define KAI_FETCH_LONGEST_MS                                                                       \
	(30 * KAI_MS_SECOND)		/* no progress of an item, whatever the link does */
#define KAI_FETCH_LATE_MS KAI_MS_MINUTE /* late chunks are no fault for so long */
#define KAI_FETCH_SAVE_MS KAI_MS_SECOND
#define KAI_FETCH_SAVE_ITEMS 256u
#define KAI_FETCH_STORED_MS 5 /* answers wait so long for company while more is in flight */
#define KAI_FETCH_STORED_BATCH 64u
#define KAI_FETCH_BATCHES 64u
#define KAI_FETCH_LACKED 128u

/* An item whose chunks are coming. Heap; charged to the supplier's held bytes. */
struct kai_unfinished {
	uint8_t *head; /* encoded kai_item_head */
	size_t head_len;
	uint8_t *parts[KAI_MAX_PARTS];
	size_t sizes[KAI_MAX_PARTS]; /* of the ciphertexts, by the header */
	size_t have;		     /* bytes of the part that is coming */
	unsigned part_count;
	unsigned next;	 /* lowest index that may come now; parts[next] when it has begun */
	uint32_t whole;	 /* parts complete, as a bit set */
	uint32_t hashed; /* their hash is already known to be right */
	uint64_t charged;
};

TAILQ_HEAD(kai_slot_list, kai_slot);
TAILQ_HEAD(kai_wanted_list, kai_wanted);
TAILQ_HEAD(kai_fetch_list, kai_fetch);

enum kai_wanted_state {
	KAI_WANTED_WAITING, /* in from's link's queue, not asked yet */
	KAI_WANTED_ASKED,   /* asked from it */
	KAI_WANTED_STUCK,   /* asked, no progress, and nobody else offers it */
	KAI_WANTED_DONE	    /* no supplier left to ask; stays only for late chunks */
};

struct kai_slot {
	struct kai_wanted *wanted;
	struct kai_link *link;
	TAILQ_ENTRY(kai_slot) in_wanted; /* in the order in which they are to be asked */
	TAILQ_ENTRY(kai_slot) in_link; /* offered: in the order of their batches; late: by since */
	uint64_t batch;
	uint64_t size;	      /* as offered */
	uint32_t parts;	      /* offered */
	uint32_t asked_parts; /* by the newest want */
	bool settled;
	bool asked;   /* chunks may come */
	bool twice;   /* asked again before the first answer ended: what is left of that may come */
	bool doubted; /* its tag was wrong for what we hold */
	uint8_t tag[KAI_HINT_LEN]; /* of its offer; zeros after a push */
	struct kai_mono since;
};

struct kai_wanted {
	uint8_t id[KAI_ID_LEN];
	struct kai_wanted *next_in_bucket;
	struct kai_slot_list slots;
	struct kai_slot *from;
	enum kai_wanted_state state;
	TAILQ_ENTRY(kai_wanted) in_queue; /* waiting or asked, of from's link */
	struct kai_mono progress; /* waiting: when another offered it meanwhile, 0: none did */
	uint32_t held;		  /* parts held already */
	bool urgent;
	uint64_t promised; /* charged to from's link while asked */
	struct kai_unfinished *unfinished;
};

/* A token of the peer's and how many ids offered with it are not settled. */
struct kai_batch {
	size_t pending;
	size_t token_len;
	uint8_t token[KAI_MAX_TOKEN];
};

/* Refused for want of a card of this origin. */
struct kai_put_off {
	struct kai_offer_entry entry;
	uint8_t origin[KAI_ID_LEN];
};

struct kai_fetch {
	struct kai_link *link;
	struct kai_wants *wants;
	bool up;
	struct kai_slot_list offered; /* unsettled */
	size_t offered_count;
	struct kai_slot_list late;	   /* settled, chunks may still come */
	struct kai_wanted_list waiting[2]; /* 0: urgent */
	struct kai_wanted_list asked;	   /* the one without progress for longest first */
	uint64_t promised;		   /* bytes asked for */
	uint64_t held;			   /* bytes of unfinished items */
	struct kai_mono progress;
	/* credit */
	uint64_t received; /* bytes of chunks since the link came up */
	uint64_t limit;	   /* last one sent */
	uint64_t window;
	struct kai_mono credited;
	/* tokens: batches[first … first + count), ring; the first one's number */
	struct kai_batch batches[KAI_FETCH_BATCHES];
	uint64_t first_batch;
	size_t batch_count;
	uint8_t token[KAI_MAX_TOKEN]; /* the last one before batches */
	size_t token_len;
	size_t unsaved; /* ids settled since the token was saved */
	struct kai_mono saved;
	/* refused for want of a newer card: wanted again as soon as one comes */
	struct kai_put_off put_off[KAI_MAX_OUTSTANDING];
	size_t put_off_count;
	/* refused by a rule that may not hold for ever, whole or a part, the newest of them, a ring: as long as they
	 * are not held they are told as outstanding, so that they come again when a membership does that was lost
	 * with a backup */
	uint8_t lacked[KAI_FETCH_LACKED][KAI_ID_LEN];
	size_t lacked_count; /* ever */
	/* answers that gather */
	bool dirty;
	TAILQ_ENTRY(kai_fetch) in_dirty;
	struct kai_id_parts stored[KAI_MAX_ENTRIES];
	size_t stored_count;
	struct kai_mono stored_since;
	bool stored_urgent;
	struct kai_refuse_entry refuse[KAI_MAX_ENTRIES];
	size_t refuse_count;
	struct kai_id_parts want[KAI_MAX_ENTRIES];
	size_t want_count;
};

struct kai_wants {
	size_t users; /* fetches */
	uint8_t key[16];
	struct kai_wanted **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
	struct kai_fetch_list dirty;
};

/* ---- wants.c: the table */
struct kai_fetch *kai_wants_fetch(struct kai_turn *turn, struct kai_link *link);
struct kai_wanted *kai_wants_find(const struct kai_wants *wants, const uint8_t id[KAI_ID_LEN]);
/* Finds or makes; NULL: out of memory, the transaction has failed. */
struct kai_wanted *kai_wants_get(struct kai_turn *turn, struct kai_wants *wants,
				 const uint8_t id[KAI_ID_LEN]);
struct kai_slot *kai_wanted_slot(const struct kai_wanted *wanted, const struct kai_link *link);
/* An unsettled slot in the newest batch: a new one, or the link's earlier one taken up again. NULL:
 * out of memory. */
struct kai_slot *kai_slot_offer(struct kai_turn *turn, struct kai_wanted *wanted,
				struct kai_link *link);
/* The link has its answer. The slot is gone afterwards unless chunks may come. */
void kai_slot_settle(struct kai_slot *slot, struct kai_mono now);
/* No more chunks will come: the slot is gone when it is settled. */
void kai_slot_quiet(struct kai_slot *slot);
/* Leaves from's queue and gives back its memory. */
void kai_wanted_leave(struct kai_wanted *wanted);
/* Nobody is asked now: chooses the next supplier, if there is one, and queues there. */
void kai_wanted_next(struct kai_wanted *wanted);
/* Goes away when no slot is left. */
void kai_wanted_done(struct kai_wants *wants, struct kai_wanted *wanted);
/* No progress: the next offerer, this one ranks last; without one it is stuck. */
void kai_wanted_stalled(struct kai_wanted *wanted);
void kai_wanted_progress(struct kai_wanted *wanted, struct kai_mono now);
void kai_unfinished_free(struct kai_unfinished *unfinished);
/* Lets go of everything that stands on this link's account. */
void kai_fetch_clear(struct kai_fetch *fetch);
void kai_fetch_dirty(struct kai_fetch *fetch);

/* ---- answer.c: what goes back */
/* Starts the batch of the ids that follow; pending grows with each slot. No slot may settle before
 * its end. */
void kai_batch_begin(struct kai_fetch *fetch, struct kai_span token);
void kai_batch_end(struct kai_fetch *fetch);
void kai_batch_settled(struct kai_fetch *fetch, uint64_t number);
uint64_t kai_batch_newest(const struct kai_fetch *fetch);
void kai_answer_stored(struct kai_turn *turn, struct kai_fetch *fetch, const uint8_t id[KAI_ID_LEN],
		       uint32_t parts, bool urgent);
/* It is not held, or not whole, though its link would give it. */
void kai_answer_lacked(struct kai_fetch *fetch, const uint8_t id[KAI_ID_LEN]);
/* What was outstanding when the link was up last is lacked still. */
void kai_answer_up(struct kai_turn *turn, struct kai_fetch *fetch);
void kai_answer_refuse(struct kai_turn *turn, struct kai_fetch *fetch, const uint8_t id[KAI_ID_LEN],
		       const struct kai_admission *why);
void kai_answer_credit(struct kai_turn *turn, struct kai_fetch *fetch, size_t bytes);
void kai_answer_save(struct kai_turn *turn, struct kai_fetch *fetch);
/* When the links own wants have waited long enough for progress; INT64_MAX: never. */
int64_t kai_fetch_stall_ms(const struct kai_fetch *fetch);

/* ---- assemble.c: chunks */
/* A fault of the copy in hand as an admission that was refused. */
void kai_refusal(struct kai_admission *ret, enum kai_fault fault);
/* What became of a whole item: answers every link that offered it. A push may bring less than the
 * link offers. */
void kai_fetch_admitted(struct kai_turn *turn, struct kai_link *link, const uint8_t id[KAI_ID_LEN],
			const struct kai_admission *admission, bool pushed);

/* ---- fetch.c */
/* A newer card of the origin's may cure it. */
static inline bool kai_fault_of_card(enum kai_fault fault)
{
	return fault == KAI_FAULT_NO_CARD || fault == KAI_FAULT_OLD_CARD;
}
/* Refused for want of a card: kai_fetch_card_came takes it up again; until then it is not fetched from this
 * link, however often it is offered. */
void kai_fetch_put_off(struct kai_fetch *fetch, const struct kai_offer_entry *entry,
		       const uint8_t origin[KAI_ID_LEN]);
/* Was this id refused, retracted or removed before, so that it need not be fetched? link NULL: only
 * what holds for everybody. */
bool kai_stub_refuses(struct kai_turn *turn, struct kai_link *link, const uint8_t id[KAI_ID_LEN],
		      bool evidence, struct kai_admission *ret);

#endif
