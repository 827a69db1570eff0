/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the rogues share: one telling of one lie, the hands that reach frames, the store
 * and the shelf, and items that they make or change. Private to rogue*.c. Everything in a tale lies in
 * its arena and ends with it. One thread.
 */
#ifndef KAIRAN_SIM_ROGUE_TALE_H
#define KAIRAN_SIM_ROGUE_TALE_H

#include "kairan/check.h"
#include "kairan/frames.h"
#include "rogue.h"

#define SIM_ROGUE_RING 48u	     /* frames remembered of each way */
#define SIM_ROGUE_RING_LEN 16384u    /* and only those that are no longer */
#define SIM_ROGUE_SHELF 32u	     /* items offered and not in the store */
#define SIM_ROGUE_SHELF_LEN 1500000u /* largest of them */

struct sim_tale {
	struct sim *sim;
	struct sim_node *node;
	struct sim_rogue *rogue;
	enum sim_lie lie;
	uint32_t to; /* the peer that it is for */
	uint64_t arg;
	const struct sim_frame *frame; /* OWN: what its engine sends; SELF: NULL */
	struct kai_arena *arena;
	uint64_t draws;
};

/*
 * Tells the lie once. Returns how many frames left, were changed or were held back by it. OWN: not 0 means
 * that the frame must not leave any more.
 */
typedef unsigned (*sim_tale_fn)(struct sim_tale *tale);

/* A frame that was remembered. */
struct sim_kept {
	uint32_t peer;
	enum kai_msg_type type;
	uint8_t *at;
	size_t len;
};

/* What was offered without its engine's knowledge: frames to answer a want with. */
struct sim_shelf {
	uint32_t to;
	uint8_t id[KAI_ID_LEN];
	uint8_t *frames; /* each: length in 8 bytes, part in 1, bytes */
	size_t len;
};

/* Of each node, by its number. */
struct sim_rogue_peer {
	bool mine, theirs; /* a nonce of either is known */
	uint8_t my_nonce[KAI_NONCE_LEN];
	uint8_t peer_nonce[KAI_NONCE_LEN];
	uint8_t token[KAI_MAX_TOKEN]; /* newest that came from it */
	size_t token_len;
	uint8_t heard[KAI_ID_LEN]; /* newest id that it offered */
	bool has_heard;
};

struct sim_rogue {
	uint64_t lies;
	uint64_t armed; /* OWN lies to be told at the next occasion */
	uint64_t told[SIM_LIE_END];
	uint64_t tries[SIM_LIE_END];
	int64_t next_ms[SIM_LIE_END];
	struct sim_rogue_peer *peers;
	struct sim_kept sent[SIM_ROGUE_RING], got[SIM_ROGUE_RING];
	uint64_t sent_count, got_count;
	struct sim_shelf shelf[SIM_ROGUE_SHELF];
	size_t shelf_next;
	uint64_t last_credit;
	uint64_t looks; /* frames that passed */
	struct kai_arena arena;
};

/* ---- rogue_tale.c: randomness, sending, what it knows ---- */

void sim_tale_random(struct sim_tale *tale, void *ret, size_t len);
uint64_t sim_tale_below(struct sim_tale *tale, uint64_t bound);
/* 0 or 1: whether it left. */
unsigned sim_tale_send(struct sim_tale *tale, uint32_t to, enum kai_msg_type type, void *msg,
		       bool urgent);
unsigned sim_tale_bytes(struct sim_tale *tale, uint32_t to, struct kai_span bytes, bool urgent);
/* Decodes tale->frame; lists and spans may be changed. */
bool sim_tale_read(struct sim_tale *tale, union kai_msg *ret);
struct kai_span sim_tale_copy(struct sim_tale *tale, struct kai_span bytes);
/* With these bits turned in its byte at `at`, which is below its length. Empty when there is no room. */
struct kai_span sim_tale_flip(struct sim_tale *tale, struct kai_span bytes, size_t at,
			      uint8_t bits);
/* A node that is neither it nor tale->to; UINT32_MAX: there is none. */
uint32_t sim_tale_other(struct sim_tale *tale);
/* A peer that is linked, not the one given; UINT32_MAX: there is none. */
uint32_t sim_tale_peer(struct sim_tale *tale, uint32_t but);
bool sim_tale_card(struct sim_tale *tale, uint32_t number, struct kai_card *ret);
/* Both hellos of the link went by: the session's key. */
bool sim_tale_session(struct sim_tale *tale, uint32_t to, uint8_t ret_key[32]);
bool sim_tale_ends(struct sim_tale *tale, uint32_t to, struct kai_link_ends *ret,
		   uint8_t ret_key[32]);
uint64_t sim_tale_wall(const struct sim_tale *tale);
/* Its newest agreement with `to` that both signed; false: none. */
bool sim_tale_agreement(struct sim_tale *tale, uint32_t to, struct kai_agreement_read *ret);

/* ---- items in its hands: rogue_pick.c, rogue_make.c, rogue_shelf.c ---- */

struct sim_ware {
	struct kai_header header;
	struct kai_span bytes; /* of the header */
	uint8_t id[KAI_ID_LEN];
	struct kai_signature signatures[KAI_MAX_SIGNATURES];
	size_t signature_count;
	struct kai_span parts[KAI_MAX_PARTS];	 /* ciphertexts */
	struct kai_span openings[KAI_MAX_PARTS]; /* encoded */
	uint32_t bits;				 /* parts that are here */
	struct kai_span evidence[KAI_MAX_EVIDENCE];
	size_t evidence_count;
	struct kai_mark *mark;
	uint32_t rest; /* parts that did not go to tale->to yet */
};

enum sim_ware_which {
	SIM_WARE_ANY,
	SIM_WARE_OWN,	    /* of which it is the origin */
	SIM_WARE_FOREIGN,   /* of which it is not */
	SIM_WARE_SHARED,    /* of which it is not, and of which tale->to has something */
	SIM_WARE_FORBIDDEN, /* not supplied by tale->to, and parts of it did not go there */
	SIM_WARE_ITS	    /* supplied by tale->to */
};
/* One of the newest in its store, by chance. */
bool sim_ware_pick(struct sim_tale *tale, enum sim_ware_which which, struct sim_ware *ret);

struct sim_ware_plan {
	uint32_t origin; /* UINT32_MAX: itself */
	uint64_t kind;	 /* 0: one that the agreement lets pass */
	uint64_t urgency;
	const struct kai_label *label;	/* NULL: one that lets it pass to tale->to */
	const struct sim_ware *follows; /* a revision or retraction of it */
	uint64_t created_at, not_after; /* 0: now, a day later */
	size_t extra_len;		/* of a second part */
	bool edges;			/* every field as long as may be */
};
/* Built and signed by its decider. */
bool sim_ware_make(struct sim_tale *tale, const struct sim_ware_plan *plan, struct sim_ware *ret);
/* After the header was changed: bytes and id anew. */
bool sim_ware_seal(struct sim_tale *tale, struct sim_ware *ware);
void sim_ware_sign(struct sim_tale *tale, struct sim_ware *ware);
bool sim_ware_reseal(struct sim_tale *tale, struct sim_ware *ware); /* both */
/* Pushes what is urgent and small, offers the rest and serves it when it is wanted. */
unsigned sim_ware_send(struct sim_tale *tale, uint32_t to, struct sim_ware *ware);
/* The same by offer, with at most so many frames on the shelf. */
unsigned sim_ware_offer(struct sim_tale *tale, uint32_t to, struct sim_ware *ware, size_t frames);
/* It is its origin, signed it, and an honest node may hold it. */
void sim_ware_own(struct sim_tale *tale, const struct sim_ware *ware);
/* rogue.c hands frames here: answers wants from the shelf, keeps its engine's word about such ids back. */
void sim_shelf_want(struct sim_tale *tale, const struct kai_want *want);
bool sim_shelf_has(const struct sim_rogue *rogue, uint32_t to, const uint8_t id[KAI_ID_LEN]);

/* ---- the lies: rogue_forge.c, rogue_tamper.c, rogue_trust.c, rogue_flood.c, rogue_serve.c,
 * rogue_greet.c, rogue_edge.c, rogue_spoil.c ---- */

unsigned sim_tell_ignore_labels(struct sim_tale *tale);
unsigned sim_tell_forge_item(struct sim_tale *tale);
unsigned sim_tell_forge_signature(struct sim_tale *tale);
unsigned sim_tell_forge_header(struct sim_tale *tale);
unsigned sim_tell_forge_release(struct sim_tale *tale);
unsigned sim_tell_forge_mark(struct sim_tale *tale);

unsigned sim_tell_wrong_keys(struct sim_tale *tale);
unsigned sim_tell_other_realm(struct sim_tale *tale);
unsigned sim_tell_serial_ahead(struct sim_tale *tale);
unsigned sim_tell_spoil_parts(struct sim_tale *tale);
unsigned sim_tell_own_forbidden(struct sim_tale *tale);

unsigned sim_tell_tamper_shape(struct sim_tale *tale);
unsigned sim_tell_tamper_bytes(struct sim_tale *tale);
unsigned sim_tell_tamper_field(struct sim_tale *tale);
unsigned sim_tell_tamper_order(struct sim_tale *tale);
unsigned sim_tell_replay_old(struct sim_tale *tale);
unsigned sim_tell_replay_link(struct sim_tale *tale);
unsigned sim_tell_foreign_frames(struct sim_tale *tale);
unsigned sim_tell_unknown_types(struct sim_tale *tale);

unsigned sim_tell_card_two(struct sim_tale *tale);
unsigned sim_tell_card_old(struct sim_tale *tale);
unsigned sim_tell_card_forged(struct sim_tale *tale);
unsigned sim_tell_agreement_terms(struct sim_tale *tale);
unsigned sim_tell_agreement_alone(struct sim_tale *tale);
unsigned sim_tell_notice_old(struct sim_tale *tale);
unsigned sim_tell_notice_foreign(struct sim_tale *tale);
unsigned sim_tell_member_foreign(struct sim_tale *tale);
unsigned sim_tell_member_expired(struct sim_tale *tale);
unsigned sim_tell_member_long(struct sim_tale *tale);

unsigned sim_tell_flood_offers(struct sim_tale *tale);
unsigned sim_tell_flood_pushes(struct sim_tale *tale);
unsigned sim_tell_flood_wants(struct sim_tale *tale);
unsigned sim_tell_flood_hellos(struct sim_tale *tale);
unsigned sim_tell_flood_pings(struct sim_tale *tale);
unsigned sim_tell_flood_cards(struct sim_tale *tale);
unsigned sim_tell_flood_noise(struct sim_tale *tale);
unsigned sim_tell_unfinished(struct sim_tale *tale);
unsigned sim_tell_credit_overspent(struct sim_tale *tale);

unsigned sim_tell_withhold(struct sim_tale *tale);
unsigned sim_tell_serve_half(struct sim_tale *tale);
unsigned sim_tell_silent(struct sim_tale *tale);
unsigned sim_tell_serve_garbage(struct sim_tale *tale);
unsigned sim_tell_stored_falsely(struct sim_tale *tale);
unsigned sim_tell_stored_never(struct sim_tale *tale);
unsigned sim_tell_refuse_wrongly(struct sim_tale *tale);
unsigned sim_tell_defer_ever(struct sim_tale *tale);
unsigned sim_tell_credit_lies(struct sim_tale *tale);
unsigned sim_tell_mute(struct sim_tale *tale);
unsigned sim_tell_none_falsely(struct sim_tale *tale);
unsigned sim_tell_probe_offers(struct sim_tale *tale);
unsigned sim_tell_probe_wants(struct sim_tale *tale);

unsigned sim_tell_realms(struct sim_tale *tale);

unsigned sim_tell_early(struct sim_tale *tale);
unsigned sim_tell_hello_lies(struct sim_tale *tale);
unsigned sim_tell_hello_realms(struct sim_tale *tale);
unsigned sim_tell_token_lies(struct sim_tale *tale);

unsigned sim_tell_revise_twice(struct sim_tale *tale);
unsigned sim_tell_retract_foreign(struct sim_tale *tale);
unsigned sim_tell_thread_foreign(struct sim_tale *tale);
unsigned sim_tell_grind_ids(struct sim_tale *tale);
unsigned sim_tell_edge_times(struct sim_tale *tale);
unsigned sim_tell_edge_fields(struct sim_tale *tale);
unsigned sim_tell_future_item(struct sim_tale *tale);
unsigned sim_tell_label_broken(struct sim_tale *tale);

#endif
