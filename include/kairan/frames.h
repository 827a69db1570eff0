/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over a link, as tables (object.h): the frames, whose first two fields say how to read the rest. What they
 * carry is in wire.h. SPEC.md section 9 is printed from both.
 */
#ifndef KAIRAN_FRAMES_H
#define KAIRAN_FRAMES_H

#include "kairan/wire.h"

/* X(NAME, name, wire type) in numeric order; reconcile 15 and capsule 16 are reserved */
#define KAI_X_MSG(X)                                                                               \
	X(HELLO, hello, 1)                                                                         \
	X(CARD, card_frame, 2)                                                                     \
	X(AGREEMENT, agreement_frame, 3)                                                           \
	X(PUSH, push, 4)                                                                           \
	X(OFFER, offer, 5)                                                                         \
	X(WANT, want, 6)                                                                           \
	X(CHUNK, chunk, 7)                                                                         \
	X(STORED, stored, 8)                                                                       \
	X(REFUSE, refuse, 9)                                                                       \
	X(NO, none, 10)                                                                            \
	X(CREDIT, credit, 11)                                                                      \
	X(RECEIPT, receipt_frame, 12)                                                              \
	X(PING, ping, 13)                                                                          \
	X(BYE, bye, 14)                                                                            \
	X(DRILL, drill_frame, 15)                                                                  \
	X(REALM, realm_frame, 16)

enum kai_msg_type {
#define X(NAME, name, number) KAI_MSG_##NAME = (number),
	KAI_X_MSG(X)
#undef X
};

#define KAI_MSG_HEAD(X, number)                                                                    \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(U64, type, 0, number, number, "")

/*
 * digests: of the card and node record that I use now, of each agreement with you that is in force
 * or future. token: your last one whose items are durable here, or empty; outstanding: what you
 * offered before it and I still lack.
 */
#define KAI_HELLO(X)                                                                               \
	KAI_MSG_HEAD(X, KAI_MSG_HELLO)                                                             \
	X(FIX, nonce, 16, 0, 0, "fresh")                                                           \
	X(OPT, answers, 0, 0, 0, "H(hello, the peer's nonce); nil in the first hello of a link")   \
	X(U64, version_max, 0, 1, 255, "")                                                         \
	X(FIX, card, 32, 0, 0, "digest of my card")                                                \
	X(FIX, record, 32, 0, 0, "digest of my node record")                                       \
	X(IDS, agreements, 0, 0, 8, "digests, ascending")                                          \
	X(FIX, epoch, 16, 0, 0, "of my store; changes when it was restored")                       \
	X(FIX, boot, 16, 0, 0, "")                                                                 \
	X(BIN, realms, 0, 16, 128, "common realms, 16 bytes each, ascending")                      \
	X(U64, clock, 0, 0, KAI_MAX_TIME_MS, "")                                                   \
	X(BIN, token, 0, 0, KAI_MAX_TOKEN, "yours; empty: none")                                   \
	X(IDS, outstanding, 0, 0, KAI_MAX_OUTSTANDING, "")                                         \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

#define KAI_CARD_FRAME(X)                                                                          \
	KAI_MSG_HEAD(X, KAI_MSG_CARD)                                                              \
	X(U64, what, 0, 1, 2, "1 card, 2 node record")                                             \
	X(BIN, bytes, 0, 1, KAI_MAX_SIGNED_BODY + 256, "signed")

#define KAI_AGREEMENT_FRAME(X)                                                                     \
	KAI_MSG_HEAD(X, KAI_MSG_AGREEMENT)                                                         \
	X(U64, what, 0, 1, 3, "1 agreement, 2 notice, 3 membership")                               \
	X(BIN, bytes, 0, 1, KAI_MAX_TERMS + 1024, "")

/* The contingency mark: which clause of the agreement between us carried it, and since when it is
 * open. */
#define KAI_MARK(X)                                                                                \
	X(U64, clause, 0, 0, 15, "")                                                               \
	X(U64, opened_at, 0, 1, KAI_MAX_TIME_MS, "")

#define KAI_PUSH(X)                                                                                \
	KAI_MSG_HEAD(X, KAI_MSG_PUSH)                                                              \
	X(OBJ, advisory, advisory, 0, 0, "")                                                       \
	X(BINS, evidence, 8192, 0, KAI_MAX_EVIDENCE, "signed releases")                            \
	X(MAYBE, mark, mark, 0, 0, "")                                                             \
	X(U64, offered, 0, 1, 65535, "parts that the receiver may have, as a bit set")             \
	X(BIN, token, 0, 0, KAI_MAX_TOKEN, "sender's position after this")

#define KAI_OFFER_ENTRY(X)                                                                         \
	X(FIX, id, 32, 0, 0, "")                                                                   \
	X(FIX, tag, 8, 0, 0, "keyed hash of the header under the session key")                     \
	X(U64, parts, 0, 0, 65535, "parts held that the receiver may have, as a bit set")          \
	X(U64, size, 0, 1, KAI_MAX_ADVISORY_LEN + 65536, "bytes to come for header and parts")     \
	X(U64, urgency, 0, 0, 255, "")                                                             \
	X(U64, signatures, 0, 1, KAI_MAX_SIGNATURES, "how many")                                   \
	X(U64, evidence, 0, 0, KAI_MAX_EVIDENCE, "how many")

#define KAI_OFFER(X)                                                                               \
	KAI_MSG_HEAD(X, KAI_MSG_OFFER)                                                             \
	X(LIST, entries, offer_entry, 0, KAI_MAX_ENTRIES, "none: the token alone moves")           \
	X(BIN, token, 0, 0, KAI_MAX_TOKEN, "sender's position after these")

#define KAI_ID_PARTS(X)                                                                            \
	X(FIX, id, 32, 0, 0, "")                                                                   \
	X(U64, parts, 0, 0, 65535, "bit set")

#define KAI_WANT(X)                                                                                \
	KAI_MSG_HEAD(X, KAI_MSG_WANT)                                                              \
	X(LIST, entries, id_parts, 1, KAI_MAX_ENTRIES, "")

/* What a receiver needs once an item: comes with its first chunk. */
#define KAI_ITEM_HEAD(X)                                                                           \
	X(BIN, header, 0, 1, KAI_MAX_HEADER_LEN, "")                                               \
	X(LIST, signatures, signature, 1, KAI_MAX_SIGNATURES, "")                                  \
	X(LIST, wraps, wrap, 0, KAI_MAX_PARTS, "")                                                 \
	X(BINS, evidence, 8192, 0, KAI_MAX_EVIDENCE, "")                                           \
	X(MAYBE, mark, mark, 0, 0, "")

/* Chunks of one want come in order: the head first, then parts ascending, each from offset 0; last
 * ends the item. */
#define KAI_CHUNK(X)                                                                               \
	KAI_MSG_HEAD(X, KAI_MSG_CHUNK)                                                             \
	X(FIX, id, 32, 0, 0, "")                                                                   \
	X(MAYBE, head, item_head, 0, 0, "in the first chunk only")                                 \
	X(U64, index, 0, 0, KAI_MAX_PARTS, "part; 16: no part data in this chunk")                 \
	X(U64, offset, 0, 0, KAI_MAX_PART_CIPHER, "")                                              \
	X(BIN, data, 0, 0, KAI_MAX_CHUNK, "ciphertext")                                            \
	X(BOOL, last, 0, 0, 0, "")

#define KAI_STORED(X)                                                                              \
	KAI_MSG_HEAD(X, KAI_MSG_STORED)                                                            \
	X(LIST, entries, id_parts, 1, KAI_MAX_ENTRIES, "durable now")

#define KAI_REFUSE_ENTRY(X)                                                                        \
	X(FIX, id, 32, 0, 0, "")                                                                   \
	X(U64, klass, 0, 0, 255, "1 rule, 2 defer, 3 copy")                                        \
	X(STR, reason, 0, 1, KAI_MAX_SHORT, "name of the rule or fault")                           \
	X(U64, retry_ms, 0, 0, 86400000, "defer: not before")

#define KAI_REFUSE(X)                                                                              \
	KAI_MSG_HEAD(X, KAI_MSG_REFUSE)                                                            \
	X(LIST, entries, refuse_entry, 1, KAI_MAX_ENTRIES, "")

#define KAI_NONE(X)                                                                                \
	KAI_MSG_HEAD(X, KAI_MSG_NO)                                                                \
	X(IDS, ids, 0, 1, KAI_MAX_ENTRIES, "wanted, and not to be had here")

#define KAI_CREDIT(X)                                                                              \
	KAI_MSG_HEAD(X, KAI_MSG_CREDIT)                                                            \
	X(U64, limit, 0, 0, UINT64_MAX >> 1, "bulk bytes that may have been sent since hello")

#define KAI_RECEIPT_FRAME(X)                                                                       \
	KAI_MSG_HEAD(X, KAI_MSG_RECEIPT)                                                           \
	X(BIN, bytes, 0, 0, KAI_MAX_SIGNED_BODY + 256, "signed receipt; empty: none")              \
	X(OPT, taken, 0, 0, 0, "digest of a receipt of yours that need not come again")

#define KAI_PING(X)                                                                                \
	KAI_MSG_HEAD(X, KAI_MSG_PING)                                                              \
	X(FIX, nonce, 16, 0, 0, "")                                                                \
	X(BOOL, answer, 0, 0, 0, "")

#define KAI_BYE(X)                                                                                 \
	KAI_MSG_HEAD(X, KAI_MSG_BYE)                                                               \
	X(STR, reason, 0, 0, KAI_MAX_SHORT, "")

#define KAI_DRILL_FRAME(X)                                                                         \
	KAI_MSG_HEAD(X, KAI_MSG_DRILL)                                                             \
	X(U64, what, 0, 1, 2, "1 drill, 2 what a participant says")                                \
	X(BIN, bytes, 0, 1, KAI_MAX_SIGNED_BODY + 256, "signed")

/* Everything of a drill travels in this, and nothing of it without. */
#define KAI_REALM_FRAME(X)                                                                         \
	KAI_MSG_HEAD(X, KAI_MSG_REALM)                                                             \
	X(FIX, realm, 16, 0, 0, "never zeros")                                                     \
	X(BIN, frame, 0, 3, KAI_MAX_REALM_FRAME,                                                   \
	  "of that realm; neither card, agreement, drill nor realm")

/* Every object above in dependency order: X(struct name, LIST NAME) */
#define KAI_X_FRAME(X)                                                                             \
	X(hello, KAI_HELLO)                                                                        \
	X(card_frame, KAI_CARD_FRAME)                                                              \
	X(agreement_frame, KAI_AGREEMENT_FRAME)                                                    \
	X(mark, KAI_MARK)                                                                          \
	X(push, KAI_PUSH)                                                                          \
	X(offer_entry, KAI_OFFER_ENTRY)                                                            \
	X(offer, KAI_OFFER)                                                                        \
	X(id_parts, KAI_ID_PARTS)                                                                  \
	X(want, KAI_WANT)                                                                          \
	X(item_head, KAI_ITEM_HEAD)                                                                \
	X(chunk, KAI_CHUNK)                                                                        \
	X(stored, KAI_STORED)                                                                      \
	X(refuse_entry, KAI_REFUSE_ENTRY)                                                          \
	X(refuse, KAI_REFUSE)                                                                      \
	X(none, KAI_NONE)                                                                          \
	X(credit, KAI_CREDIT)                                                                      \
	X(receipt_frame, KAI_RECEIPT_FRAME)                                                        \
	X(ping, KAI_PING)                                                                          \
	X(bye, KAI_BYE)                                                                            \
	X(drill_frame, KAI_DRILL_FRAME)                                                            \
	X(realm_frame, KAI_REALM_FRAME)

#define X(object, list) KAI_STRUCT(object, list);
KAI_X_FRAME(X)
#undef X

/* wire.h's and these */
#define KAI_X_WIRE(X) KAI_X_SIGNED(X) KAI_X_FRAME(X)

/* All wire objects, in the order of KAI_X_WIRE, for printers and fuzzers; ends with NULL. */
extern const struct kai_object *const kai_wire_objects[];

/* The object of a frame's type, NULL when unknown. */
const struct kai_object *kai_msg_object(uint64_t type);

union kai_msg {
#define X(NAME, name, number) struct kai_##name name;
	KAI_X_MSG(X)
#undef X
};

#endif
