/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members who lie. A rogue is a real member: the shipping engine with real keys, a real store and
 * agreements that both signed. What leaves its engine and what arrives at it passes through here, and
 * here it is held back, changed, repeated, or joined by what that engine would never have sent. It
 * knows what its node knows: its store with its rest key, its secrets, the nonces of its links. It
 * knows no secret of anybody else.
 *
 * Each lie is one row below and one function. A lie whose bit is in a plan's node tells itself, at moments
 * that depend on the seed, on its own name and on how often it was told; SIM_OP_LIE tells one at once.
 * What a rogue truly signs as its own origin and an honest node may hold enters the ledger; nothing
 * else that it sends may ever be found in an honest store. It never lies in its node's own
 * store. Owned by its node. One thread.
 */
#ifndef KAIRAN_SIM_ROGUE_H
#define KAIRAN_SIM_ROGUE_H

#include "sim.h"

/*
 * X(NAME, "word", when, notice, "what it does")
 * when: OWN, changes what its engine sends; SELF, sends something of its own.
 * notice: what an honest end that meets it must do. FAULT: count a fault or refuse an item (the reason
 * stands in its journal or its answer). QUOTA: the same, and its limits hold. NONE: nothing that it could
 * notice at once; what holds is that it harms nobody.
 * The numbers are the bits of sim_plan_node.lies: append only.
 */
#define SIM_X_LIE(X)                                                                               \
	X(IGNORE_LABELS, "ignore-labels", SELF, FAULT, "all it holds, to everybody")               \
	X(FORGE_ITEM, "forge-item", SELF, FAULT, "in another's name, by its own key")              \
	X(FORGE_SIGNATURE, "forge-signature", SELF, FAULT, "another's item, signed by it")         \
	X(FORGE_HEADER, "forge-header", SELF, FAULT,                                               \
	  "another's item with a header changed, hashed anew")                                     \
	X(FORGE_RELEASE, "forge-release", SELF, FAULT, "another's item with a release by it")      \
	X(FORGE_MARK, "forge-mark", SELF, FAULT, "a contingency that no clause names")             \
	X(TAMPER_BYTES, "tamper-bytes", OWN, FAULT, "one bit of a frame")                          \
	X(TAMPER_FIELD, "tamper-field", OWN, FAULT, "header, signature, part, wrap, size")         \
	X(TAMPER_ORDER, "tamper-order", OWN, FAULT, "chunks twice, out of order, ended early")     \
	X(REPLAY_OLD, "replay-old", SELF, FAULT,                                                   \
	  "its own frames of earlier, of earlier sessions too")                                    \
	X(REPLAY_LINK, "replay-link", SELF, FAULT, "what it sent to one, to another")              \
	X(FOREIGN_FRAMES, "foreign-frames", SELF, FAULT, "what it got, sent as its own")           \
	X(CARD_TWO, "card-two", SELF, NONE, "two cards of one serial, to different peers")         \
	X(CARD_OLD, "card-old", SELF, NONE, "an old one again")                                    \
	X(CARD_FORGED, "card-forged", SELF, FAULT, "another's, with its own keys in it")           \
	X(AGREEMENT_TERMS, "agreement-terms", SELF, FAULT, "other terms under the old signatures") \
	X(AGREEMENT_ALONE, "agreement-alone", SELF, NONE,                                          \
	  "wider, of a higher serial, signed by it alone")                                         \
	X(NOTICE_OLD, "notice-old", SELF, NONE, "of a lower number than its newest")               \
	X(NOTICE_FOREIGN, "notice-foreign", SELF, FAULT, "in the name of the peer")                \
	X(REVISE_TWICE, "revise-twice", SELF, NONE,                                                \
	  "two revisions of one item, to different peers")                                         \
	X(RETRACT_FOREIGN, "retract-foreign", SELF, NONE,                                          \
	  "of somebody else's item, in its own name")                                              \
	X(THREAD_FOREIGN, "thread-foreign", SELF, NONE, "a revision of somebody else's thread")    \
	X(FLOOD_OFFERS, "flood-offers", SELF, QUOTA, "ids that nobody has")                        \
	X(FLOOD_PUSHES, "flood-pushes", SELF, QUOTA, "alerts by the hundred")                      \
	X(FLOOD_WANTS, "flood-wants", SELF, QUOTA, "more than may wait")                           \
	X(FLOOD_HELLOS, "flood-hellos", SELF, QUOTA, "greets without end")                         \
	X(FLOOD_PINGS, "flood-pings", SELF, QUOTA, "more frames than may come")                    \
	X(FLOOD_CARDS, "flood-cards", SELF, NONE, "a new card of its own each time")               \
	X(FLOOD_NOISE, "flood-noise", SELF, QUOTA, "frames that are none")                         \
	X(WITHHOLD, "withhold", OWN, NONE, "offers and never serves")                              \
	X(SERVE_HALF, "serve-half", OWN, NONE, "the first chunk, then nothing")                    \
	X(SERVE_GARBAGE, "serve-garbage", OWN, FAULT, "a chunk of noise, then nothing")            \
	X(UNFINISHED, "unfinished", SELF, NONE, "many large items begun and never ended")          \
	X(STORED_FALSELY, "stored-falsely", SELF, NONE,                                            \
	  "what it never got, and parts that it lacks")                                            \
	X(STORED_NEVER, "stored-never", OWN, NONE, "holds it and does not say so")                 \
	X(REFUSE_WRONGLY, "refuse-wrongly", OWN, NONE, "rule or copy for what it took")            \
	X(DEFER_EVER, "defer-ever", OWN, NONE, "later, for what it took")                          \
	X(CREDIT_LIES, "credit-lies", SELF, NONE, "none, giant, shrinking")                        \
	X(CREDIT_OVERSPENT, "credit-overspent", SELF, FAULT,                                       \
	  "chunks beyond what was granted, not asked for")                                         \
	X(MUTE, "mute", OWN, NONE, "never answers a ping")                                         \
	X(PROBE_OFFERS, "probe-offers", SELF, FAULT,                                               \
	  "offers ids that it only heard of, without a tag")                                       \
	X(PROBE_WANTS, "probe-wants", SELF, NONE, "wants what it was never offered")               \
	X(HELLO_LIES, "hello-lies", OWN, NONE, "epoch, boot, clock, digests, versions")            \
	X(HELLO_REALMS, "hello-realms", OWN, FAULT, "of no common realm")                          \
	X(TOKEN_LIES, "token-lies", OWN, NONE, "foreign, old, cut, grown, of another peer")        \
	X(GRIND_IDS, "grind-ids", SELF, NONE, "ids with a common beginning")                       \
	X(EDGE_TIMES, "edge-times", SELF, NONE, "created and ending at the bounds of time")        \
	X(EDGE_FIELDS, "edge-fields", SELF, NONE, "every list and text as long as may be")         \
	X(FUTURE_ITEM, "future-item", SELF, FAULT, "made more than a day from now")                \
	X(LABEL_BROKEN, "label-broken", SELF, FAULT, "values of a label that nobody knows")        \
	X(MEMBER_FOREIGN, "member-foreign", SELF, FAULT, "of a community that another keeps")      \
	X(MEMBER_EXPIRED, "member-expired", SELF, NONE, "its own community, in the past")          \
	X(MEMBER_LONG, "member-long", SELF, FAULT, "for more than 90 days")                        \
	X(UNKNOWN_TYPES, "unknown-types", SELF, FAULT,                                             \
	  "types, versions, extensions of no version")                                             \
	X(SILENT, "silent", OWN, NONE, "passes nothing on")                                        \
	X(WRONG_KEYS, "wrong-keys", SELF, FAULT, "its own item by a key that may not")             \
	X(OTHER_REALM, "other-realm", SELF, FAULT, "its own item in another realm")                \
	X(SERIAL_AHEAD, "serial-ahead", SELF, FAULT, "under a card that is not there yet")         \
	X(SPOIL_PARTS, "spoil-parts", SELF, FAULT, "parts and openings that do not fit")           \
	X(OWN_FORBIDDEN, "own-forbidden", SELF, FAULT, "its own, whose label names others")        \
	X(NONE_FALSELY, "none-falsely", SELF, FAULT, "none of what nobody wanted")                 \
	X(EARLY, "early", OWN, FAULT, "items before the hellos")                                   \
	X(TAMPER_SHAPE, "tamper-shape", OWN, FAULT, "cut, grown, or a longer form")                \
	X(REALMS, "realms", SELF, NONE,                                                            \
	  "frames and items in a realm not theirs, drills under another's, words for ever")

enum sim_lie {
#define X(NAME, word, when, notice, doc) SIM_LIE_##NAME,
	SIM_X_LIE(X)
#undef X
		SIM_LIE_END /* at most 64 */
};

enum sim_lie_when { SIM_LIE_OWN, SIM_LIE_SELF };
enum sim_lie_notice { SIM_NOTICE_NONE, SIM_NOTICE_FAULT, SIM_NOTICE_QUOTA };

/* Those that every plan with liars is drawn from: one more would move the known seeds. The others are drawn
 * where there are drills. */
#define SIM_LIES_DRAWN SIM_LIE_REALMS

#define SIM_LIE_BIT(lie) (UINT64_C(1) << (lie))

const char *sim_lie_word(enum sim_lie lie);
const char *sim_lie_text(enum sim_lie lie);
enum sim_lie_when sim_lie_when(enum sim_lie lie);
enum sim_lie_notice sim_lie_notice(enum sim_lie lie);

/* How often a lie was told: frames sent, changed or held back by it. */
uint64_t sim_rogue_told(const struct sim_rogue *rogue, enum sim_lie lie);

#endif
