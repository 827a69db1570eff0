/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiving rooms of the engine (fetch, admit, rest, thread, sweep) alone, on a store in
 * memory, with stand-ins for the rooms beside them that only note what they were asked. Items,
 * wraps, frames and the decision are real. The sender's side is built by hand, so that it can lie.
 */
#ifndef KAIRAN_TEST_ROOMS_H
#define KAIRAN_TEST_ROOMS_H

#include "test.h"

#include "../../node/engine/fetch.h"
#include "kairan/card.h"
#include "kairan/frames.h"
#include "kairan/kinds.h"

#define ROOMS_LINKS 3u
#define ROOMS_NOW 1800000000000LL

struct rooms_sent {
	uint8_t org[KAI_ID_LEN];
	bool urgent;
	struct kai_checked frame; /* decoded again */
};

struct rooms {
	struct kai_store *store;
	struct kai_engine engine;
	struct kai_turn turn;
	struct kai_event event;
	struct kai_arena scratch; /* of a step */
	struct kai_arena keep;	  /* of a test */
	struct kai_link *links[ROOMS_LINKS];
	struct kai_link link[ROOMS_LINKS];
	struct kai_pair pair[ROOMS_LINKS];
	struct kai_rest_key rest_key;
	uint8_t rest_secret[32];
	uint8_t origin[KAI_ID_LEN];
	uint8_t sign_key[KAI_ID_LEN];
	uint8_t sign_secret[64];
	uint64_t made;
	/* what the stand-ins say */
	enum kai_fault signers;
	uint64_t signer_flags;
	bool volume;
	bool pushes;
	/* and what they heard */
	struct rooms_sent sent[512];
	size_t sent_count;
	const char *fault; /* the newest */
	size_t faults;
	size_t charged; /* of them */
	size_t spread;
	size_t brought; /* items that a link brought for the first time */
	size_t shown;	/* offers of what is held that were answered so */
};

/* An item as its origin made it. */
struct made {
	struct kai_built built;
	struct kai_header header;
	struct kai_signature signature;
};
/* What a test changes about the usual item. */
struct plan {
	uint64_t kind; /* 0: secinfo */
	uint64_t urgency;
	const uint8_t *thread; /* NULL: the first of a thread */
	const uint8_t *supersedes[2];
	const uint8_t *ref;
	uint64_t revision;
	int64_t created_ms; /* against now */
	int64_t ends_ms;    /* against now; 0: a day */
	size_t extra_len;   /* length of a second part; 0: none */
	const struct kai_label *label;
	const struct kai_label *extra_label;
	const uint8_t *origin;
	const uint8_t *realm;
	bool bad_body;
};

int rooms_setup(void **state);
int rooms_teardown(void **state);
#define ROOMS_CASE(function) cmocka_unit_test_setup_teardown(function, rooms_setup, rooms_teardown)
/* A later step: ms on, scratch empty. */
void rooms_step(struct rooms *rooms, int64_t ms);
/* AMBER for this org. */
struct kai_label rooms_label(struct rooms *rooms);
struct made *rooms_make(struct rooms *rooms, const struct plan *plan);
/* Wraps of a part for this org as link n would send them. */
struct kai_wrap rooms_wrap(struct rooms *rooms, unsigned link, const struct made *made,
			   uint8_t index);
/* The whole item as it comes over link n, parts as a bit set. */
struct kai_incoming rooms_incoming(struct rooms *rooms, unsigned link, const struct made *made,
				   uint32_t parts);
void rooms_admit(struct rooms *rooms, unsigned link, const struct made *made,
		 struct kai_admission *ret);
void rooms_admit_parts(struct rooms *rooms, unsigned link, const struct made *made, uint32_t parts,
		       struct kai_admission *ret);
/* Fails unless it was refused so. */
void rooms_refused(const struct kai_admission *got, const char *reason, enum kai_fault_class klass);
/* Frames, checked as the daemon's pool checks them. */
struct kai_checked *rooms_frame(struct rooms *rooms, enum kai_msg_type type, void *msg);
void rooms_offer(struct rooms *rooms, unsigned link, const struct made *const *items, size_t count,
		 const char *token);
/* All chunks of an item, whole parts up to `limit` bytes a chunk; stops after `most` chunks. */
void rooms_serve(struct rooms *rooms, unsigned link, const struct made *made, uint32_t parts,
		 size_t most);
struct kai_item_head *rooms_head(struct rooms *rooms, unsigned link, const struct made *made,
				 uint32_t parts);
void rooms_chunk(struct rooms *rooms, unsigned link, struct kai_chunk *chunk);
void rooms_push(struct rooms *rooms, unsigned link, const struct made *made, uint32_t parts,
		uint32_t offered);
/* The newest frame of a type to link n since the last rooms_forget, NULL: none. */
const struct kai_checked *rooms_last(const struct rooms *rooms, unsigned link,
				     enum kai_msg_type type);
void rooms_forget(struct rooms *rooms);
bool rooms_held(struct rooms *rooms, const struct made *made);
uint64_t rooms_flags(struct rooms *rooms, const struct made *made);
/* What is remembered of an item that is not here. */
bool rooms_stub(struct rooms *rooms, const uint8_t id[KAI_ID_LEN], struct kai_stub *ret);
/* Key and ends of the wraps that come over a link. */
void rooms_link_ends(struct rooms *rooms, const struct kai_link *link, uint8_t ret_key[32],
		     struct kai_link_ends *ret);

#endif
