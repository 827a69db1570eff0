/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stateless check of a received frame: what every core may do in any order before the engine is
 * asked. Decodes, hashes, verifies signatures against the keys inside them. Whether those keys may
 * speak is the engine's question. Pure; any thread; results borrow from the frame's bytes and the
 * arena.
 */
#ifndef KAIRAN_CHECK_H
#define KAIRAN_CHECK_H

#include "kairan/advisory.h"
#include "kairan/frames.h"
#include "kairan/receipt.h"

struct kai_checked {
	enum kai_fault fault; /* NONE, or why the frame (not the item in it) is unusable: nothing
				 else is set then */
	uint8_t realm[KAI_REALM_LEN]; /* live, or of the drill that the frame is of */
	enum kai_msg_type type;	      /* … and everything below is of the frame inside */
	size_t frame_len;
	union kai_msg msg;
	/* Set for a push and for a chunk that carries its head: */
	bool has_item;
	enum kai_fault item_fault; /* of the header, its signatures, or a part's hash that could be
				      checked here */
	uint8_t id[KAI_ID_LEN];
	struct kai_header header;
	uint32_t hashed; /* bit set of parts whose ciphertext was whole in this frame and matched
			    its hash */
	/* Set for a frame that carries a signed receipt: */
	bool has_receipt;
	enum kai_fault receipt_fault;
	struct kai_receipt_opened receipt; /* when that is NONE */
};

/*
 * Checks version and type before anything else (VERSION, UNKNOWN_TYPE, OVERSIZE beyond
 * KAI_MAX_FRAME), then decodes. A drill's frame is opened and what is inside is checked in its place:
 * REALM when the envelope is of the live realm, or what it holds belongs to the live one. For an item: kai_header_read, id, every signature (all must verify:
 * SIGNATURE), ordered keys and indexes (UNORDERED), and each whole part's hash (HASH). For a receipt: kai_receipt_open. The arena
 * needs KAI_CHECK_ARENA bytes.
 */
#define KAI_CHECK_ARENA ((size_t)64 * 1024)
void kai_frame_check(struct kai_span frame, struct kai_arena *arena, struct kai_checked *ret);
/* The same verdict, with less work on batch roots that roots (NULL: none) remembers. */
void kai_frame_check_with(struct kai_span frame, struct kai_roots *roots, struct kai_arena *arena,
			  struct kai_checked *ret);

/* The same for an advisory that came otherwise, as in a bundle: sets item_fault, id, header, hashed. */
void kai_advisory_check(const struct kai_advisory *advisory, struct kai_roots *roots,
			struct kai_arena *arena, struct kai_checked *ret);

/* Encodes a frame into the arena; `msg` points to the struct of that type with version and type set
 * by the callee. */
KAI_MUST_USE struct kai_span kai_frame_encode(enum kai_msg_type type, void *msg,
					      struct kai_arena *arena);

#endif
