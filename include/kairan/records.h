/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in the store: the key layout and the records, in this one place. Records are objects
 * (object.h). Keys are big-endian. An item's arrival number is its place in the log; items and
 * parts are appended, and only ids, threads and small indexes land at random positions (measured:
 * copied pages are the cost, not syncs).
 *
 *   META        word                              meta values (below)
 *   ITEMS       arrival u64                       item
 *   TOUCH       arrival u64                       arrival u64 of an item that changed: a later
 *                                                 part, signature, release
 *   IDS         id[32]                            arrival u64
 *   PARTS       arrival u64, index u8             part
 *   BY_THREAD   thread id[16], arrival u64        -
 *   BY_ORIGIN   org[8], arrival u64               -
 *   BY_SECTOR   H(sector)[8], arrival u64         -
 *   BY_KIND     kind u8, arrival u64              -
 *   BY_END      end u64, arrival u64              -   end: not_after, or 30 days before the label's
 *                                                   retain_until where that is earlier
 *   SUPPLY      arrival u64, peer u16             supply: how it came
 *   RELEASED    arrival u64, peer u16             released: where it went, what became of it
 *   EVIDENCE    arrival u64, H(evidence)[8]       exact bytes of a signed release
 *   RECEIPTS    arrival u64, peer u16             receipt_rec: how far that org is, by its receipts
 *                                                   and by telephone; 0: what people here said
 *   STATEMENTS  digest[32]                        statement: exact bytes of a receipt that some row
 *                                                   of RECEIPTS rests on
 *   OWED        peer u16, lane u8, arrival u64    owed: what that org is still to be told of the item
 *   PENDING     target id[32], arrival u64        - a retraction or revision that waits for it
 *   STUBS       id[32]                            stub: refused, expired, retracted; not taken again
 *   PEERS       peer u16                          peer
 *   PEER_ORGS   org[32]                           peer u16
 *   BOOTS       boot[16]                          started at u64
 *   CARDS       org[32], serial u64               card_rec: all that were accepted, the newest last
 *   RECORDS     org[32]                           record_rec: newest node record
 *   AGREEMENTS  org[32], digest[32]               agree_rec: with that org
 *   NOTICES     agreement[32], org[32]            exact bytes of that side's newest notice
 *   MEMBERS     keeper[32], H(name)[8], org[32]   member_rec: newest statement
 *   SOURCES     H(namespace, document)[32]        source: what a document or draft became
 *   JOURNAL     number u64                        journal
 *   TIMERS      due u64, kind u8, key             what is to be done then: enum kai_timer_kind
 *   DUTIES      arrival u64, peer u16, index u8,  duty_row: what an agreement with that peer asks for
 *               target u16                        an item, by its duties' index; target 0: not one org
 *   DUTIES_OPEN the same key                      - those that are neither met nor ended
 *   OUTAGES     peer u16, side u8, H(clause)[8]   outage: the newest opening of a contingency clause of the
 *                                                   agreement with that peer; side: enum kai_outage_side
 *   BUNDLES     peer u16, way u8, number u64      bundle_rec: written for that org (way 0), or its
 *                                                   own that came here (1)
 *   LADDERS     arrival u64, peer u16             ladder: who is called about an item, one after the
 *                                                   other, while that org's people say nothing; peer 0:
 *                                                   our own people; arrival 0: about that peer's link
 *   LADDERS_OPEN the same key                     - those that have not ended
 *   CALLS       urgency u8, arrival u64, peer u16 - ladders with a step that is due or started
 *   DRILLS      realm[16]                         drill_rec
 *               realm[16], org[32], what u8       signed drill_say: its consent or refusal (1), the
 *                                                 director's word that it is over (3)
 *
 * Functions take any transaction; those that write say so by their verb. A record that does not
 * decode makes the transaction CORRUPT and reads as absent. One thread per transaction.
 */
#ifndef KAIRAN_RECORDS_H
#define KAIRAN_RECORDS_H

#include "kairan/store.h"
#include "kairan/wire.h"

/* META's words and their lengths: schema u64, org[32], epoch[16], head u64 (last arrival number, never
 * goes back), journal (newest entry), clock u64. */
#define KAI_META_SCHEMA "schema"
#define KAI_META_ORG "org"
#define KAI_META_EPOCH "epoch"
#define KAI_META_REALM "realm"	   /* [16], of a drill's store alone */
#define KAI_META_HEAD "head"	   /* written as a transaction commits; read kai_rec_head */
#define KAI_META_JOURNAL "journal" /* number u64, hash[32] of the newest entry; likewise */
#define KAI_META_CLOCK "clock"	   /* u64: the wall clock as far as the sweep believes it */
#define KAI_META_LAB "lab" /* set only by lab: scaled or shifted clocks are permitted here */

/* Flags of an item */
#define KAI_ITEM_RETRACTED 1u  /* a retraction by its origin is held */
#define KAI_ITEM_SUPERSEDED 2u /* a later revision by its origin is held */
#define KAI_ITEM_MARKED 4u     /* signed under a key that was revoked, and not proven to be older */
#define KAI_ITEM_INTRODUCED 8u /* its origin's card came by introduction */
#define KAI_ITEM_OWN 16u
#define KAI_ITEM_PENDING 32u /* its target is not held yet */
#define KAI_ITEM_UNSIGNED                                                                          \
	64u /* ours, and another of us must sign: it goes nowhere, and does nothing */

#define KAI_ITEM(X)                                                                                \
	X(FIX, id, 32, 0, 0, "")                                                                   \
	X(U64, received_at, 0, 0, KAI_MAX_TIME_MS, "here, by this clock")                          \
	X(U64, flags, 0, 0, 65535, "KAI_ITEM_…")                                                   \
	X(U64, held, 0, 0, 65535, "parts held, as a bit set")                                      \
	X(BIN, header, 0, 1, KAI_MAX_HEADER_LEN, "exact bytes")                                    \
	X(LIST, signatures, signature, 1, KAI_MAX_SIGNATURES, "ascending by key")

/* opening: encoded kai_opening in a kai_box under the key of the retention period, AD = id || index
 */
#define KAI_PART(X)                                                                                \
	X(U64, period, 0, 0, UINT64_MAX >> 1, "which retention key")                               \
	X(BIN, opening, 0, 0, 8192, "boxed")                                                       \
	X(BIN, ciphertext, 0, 0, KAI_MAX_PART_CIPHER, "as received")

#define KAI_SUPPLY(X)                                                                              \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "first time by this peer")                               \
	X(FIX, agreement, 32, 0, 0, "digest of the one that let it in; zeros for own")             \
	X(U64, parts, 0, 0, 65535, "parts that this peer supplied")                                \
	X(MAYBE, mark, mark, 0, 0, "contingency")

enum kai_released_state {
	KAI_RELEASED_SENT = 1,
	KAI_RELEASED_STORED = 2,
	KAI_RELEASED_REFUSED = 3, /* rule: final under this agreement */
	KAI_RELEASED_OFFERED = 4,
	KAI_RELEASED_DEFERRED = 5
};
#define KAI_RELEASED(X)                                                                            \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "")                                                      \
	X(FIX, agreement, 32, 0, 0, "digest of the one that let it out")                           \
	X(U64, parts, 0, 0, 65535, "sent; with state stored: stored there")                        \
	X(U64, state, 0, 1, 5, "enum kai_released_state")                                          \
	X(STR, rule, 0, 0, KAI_MAX_SHORT, "why it went, or why it was refused")                    \
	X(U64, retry_at, 0, 0, KAI_MAX_TIME_MS, "deferred: not before")                            \
	X(U64, evidence, 0, 0, KAI_MAX_EVIDENCE, "how many went along")                            \
	X(U64, signatures, 0, 0, KAI_MAX_SIGNATURES, "how many went along")                        \
	X(U64, bundle, 0, 0, UINT64_MAX >> 1, "number of the newest that it left in; 0: none")     \
	X(MAYBE, mark, mark, 0, 0, "contingency")

/* One level of a receipt_rec. statement nil: our own word. */
#define KAI_REACHED(X)                                                                             \
	X(U64, level, 0, 1, 5, "enum kai_level")                                                   \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "by the clock of who says so")                           \
	X(U64, heard_at, 0, 0, KAI_MAX_TIME_MS, "here, by this clock")                             \
	X(U64, action, 0, 0, 255, "enum kai_action")                                               \
	X(STR, role, 0, 0, KAI_MAX_SHORT, "")                                                      \
	X(STR, note, 0, 0, KAI_MAX_TEXT, "")                                                       \
	X(MAYBE, forwarded, rollup, 0, 0, "")                                                      \
	X(MAYBE, below, rollup, 0, 0, "")                                                          \
	X(OPT, statement, 0, 0, 0, "in STATEMENTS")

#define KAI_RECEIPT_REC(X)                                                                         \
	X(LIST, levels, reached, 0, 5, "ascending by level")                                       \
	X(BOOL, asks, 0, 0, 0,                                                                     \
	  "showed that it has the item without bringing it, or made it: is told too")              \
	X(U64, attested_at, 0, 0, KAI_MAX_TIME_MS, "by telephone; 0: not")                         \
	X(STR, attested, 0, 0, KAI_MAX_TEXT, "note")

#define KAI_STATEMENT(X)                                                                           \
	X(U64, peer, 0, 1, 65535, "number of who signed it, who pays for it")                      \
	X(U64, rows, 0, 1, UINT64_MAX >> 1, "levels that rest on it")                              \
	X(BIN, bytes, 0, 1, KAI_MAX_SIGNED_BODY + 256, "signed receipt")

#define KAI_OWED(X)                                                                                \
	X(U64, levels, 0, 1, 62, "as a bit set")                                                   \
	X(U64, changes, 0, 1, UINT64_MAX >> 1, "how often something was added")                    \
	X(U64, bundle, 0, 0, UINT64_MAX >> 1, "number of the one that told all of it; 0: none")

/* heard: all of it was taken, so that its writer may hear that it need not come again. */
enum kai_bundle_way { KAI_BUNDLE_OUT, KAI_BUNDLE_IN, KAI_BUNDLE_WAYS };
#define KAI_BUNDLE_REC(X)                                                                          \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "written, or taken, by this clock")                      \
	X(FIX, digest, 32, 0, 0, "of the bundle")                                                  \
	X(U64, items, 0, 0, KAI_MAX_BUNDLE_ITEMS, "in it")                                         \
	X(U64, receipts, 0, 0, KAI_MAX_BUNDLE_RECEIPTS, "in it")                                   \
	X(BOOL, heard, 0, 0, 0, "")

enum kai_stub_reason {
	KAI_STUB_EXPIRED = 1,
	KAI_STUB_RETRACTED = 2,
	KAI_STUB_REFUSED = 3,
	KAI_STUB_DESTROYED = 4
};
#define KAI_STUB(X)                                                                                \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "")                                                      \
	X(U64, reason, 0, 1, 4, "enum kai_stub_reason")                                            \
	X(FIX, origin, 32, 0, 0, "")                                                               \
	X(STR, rule, 0, 0, KAI_MAX_SHORT, "refused: by which rule")                                \
	X(FIX, agreement, 32, 0, 0, "refused: under which agreement; another one asks anew")

/* An org that we have a link with, or whose alias we keep. Number 0 is this org itself. */
#define KAI_PEER(X)                                                                                \
	X(U64, number, 0, 0, 65535, "")                                                            \
	X(FIX, org, 32, 0, 0, "")                                                                  \
	X(STR, alias, 0, 0, KAI_MAX_ALIAS, "ours for it, unique; empty: none")                     \
	X(FIX, epoch, 16, 0, 0, "of its store, when last heard")                                   \
	X(BIN, token, 0, 0, KAI_MAX_TOKEN, "its last one whose items are durable here")            \
	X(IDS, outstanding, 0, 0, KAI_MAX_OUTSTANDING, "offered before token, not yet here")       \
	X(U64, position, 0, 0, UINT64_MAX >> 1,                                                    \
	  "all of our log up to here was offered and settled")                                     \
	X(U64, heard_at, 0, 0, KAI_MAX_TIME_MS, "")                                                \
	X(FIX, agreement, 32, 0, 0, "digest that position and marks were made under")              \
	X(FIX, facts, 32, 0, 0, "digest of agreements, memberships under which position was made") \
	X(U64, day, 0, 0, UINT64_MAX >> 1, "day number of the two counters")                       \
	X(U64, day_items, 0, 0, UINT64_MAX >> 1, "taken from it today")                            \
	X(U64, day_bytes, 0, 0, UINT64_MAX >> 1, "")                                               \
	X(U64, stored_bytes, 0, 0, UINT64_MAX >> 1, "stored here on its account")

enum kai_card_how { KAI_CARD_OWN = 1, KAI_CARD_FINGERPRINT = 2, KAI_CARD_INTRODUCED = 3 };
#define KAI_CARD_REC(X)                                                                            \
	X(BIN, bytes, 0, 1, KAI_MAX_SIGNED_BODY + 256, "signed card")                              \
	X(U64, how, 0, 1, 3, "enum kai_card_how")                                                  \
	X(OPT, by, 0, 0, 0, "org that introduced it")                                              \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "first seen")                                            \
	X(U64, refreshed_at, 0, 0, KAI_MAX_TIME_MS, "last time somebody sent it")                  \
	X(BOOL, frozen, 0, 0, 0, "contradicted by another card of the same serial")                \
	X(BIN, other, 0, 0, KAI_MAX_SIGNED_BODY + 256, "that other card: the proof")

#define KAI_RECORD_REC(X)                                                                          \
	X(BIN, bytes, 0, 1, KAI_MAX_SIGNED_BODY + 256, "signed node record")                       \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "")

#define KAI_AGREE_REC(X)                                                                           \
	X(BIN, bytes, 0, 1, KAI_MAX_TERMS + 1024, "agreement")                                     \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "first seen")                                            \
	X(BOOL, replaced, 0, 0, 0, "a successor is in force")

#define KAI_MEMBER_REC(X)                                                                          \
	X(BIN, bytes, 0, 1, 1024, "signed membership")                                             \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "")

/* The state of an imported document, so that its next state continues the thread; a draft, so that it
 * is published once. Goes some time after its head. */
#define KAI_SOURCE(X)                                                                              \
	X(FIX, head, 32, 0, 0, "id of the newest item")                                            \
	X(FIX, digest, 32, 0, 0, "BLAKE2b of the document's bytes at head")                        \
	X(STR, name, 0, 0, KAI_MAX_TEXT, "namespace and id, for people")

#define KAI_JOURNAL(X)                                                                             \
	X(FIX, previous, 32, 0, 0, "hash of the entry before; zeros in the first")                 \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "")                                                      \
	X(STR, event, 0, 1, KAI_MAX_SHORT, "stable name")                                          \
	X(OPT, org, 0, 0, 0, "with whom")                                                          \
	X(OPT, id, 0, 0, 0, "of what")                                                             \
	X(STR, rule, 0, 0, KAI_MAX_SHORT, "")                                                      \
	X(U64, count, 0, 0, UINT64_MAX >> 1, "how often in this minute; parts; …")                 \
	X(STR, text, 0, 0, KAI_MAX_TEXT, "")

/* One promise of an agreement about one item to one org (SPEC.md section 3). */
enum kai_duty_side { KAI_DUTY_OURS = 0, KAI_DUTY_THEIRS = 1 };
#define KAI_DUTY_PASS 1u   /* a terms' duty's action: to its target */
#define KAI_DUTY_ANSWER 2u /* to the other side */
#define KAI_DUTY_REPORT 3u /* to the other side */
/* X(NAME, "word") */
#define KAI_X_DUTY_STATE(X)                                                                        \
	X(NONE, "none")                                                                            \
	X(DUE, "due")                                                                              \
	X(BLOCKED, "blocked") /* a rule forbids it; it is never overdue for that */                \
	X(OVERDUE, "overdue")                                                                      \
	X(UNSEEN,                                                                                  \
	  "unseen") /* theirs, its time is over: whether it was done is not visible here */        \
	X(MET, "met")                                                                              \
	X(ENDED, "ended") /* there is nothing to be done any more */

enum kai_duty_state {
#define X(name, word) KAI_DUTY_##name,
	KAI_X_DUTY_STATE(X)
#undef X
		KAI_DUTY_STATE_END
};
const char *kai_duty_state_word(uint64_t state); /* "?" outside the list */

#define KAI_DUTY_ROW(X)                                                                            \
	X(FIX, agreement, 32, 0, 0, "digest of the one that asks for it")                          \
	X(U64, side, 0, 0, 1, "enum kai_duty_side: who owes it")                                   \
	X(U64, action, 0, 1, 3, "1 pass, 2 answer, 3 report")                                      \
	X(BOOL, report_back, 0, 0, 0, "")                                                          \
	X(U64, state, 0, 1, 6, "enum kai_duty_state")                                              \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "it arose")                                              \
	X(U64, within_ms, 0, 1, 365ULL * 86400000, "")                                             \
	X(U64, due_at, 0, 0, KAI_MAX_TIME_MS, "")                                                  \
	X(U64, timer_at, 0, 0, KAI_MAX_TIME_MS, "where its row in TIMERS stands; 0: none")         \
	X(U64, overdue_at, 0, 0, KAI_MAX_TIME_MS, "noticed; 0: it never was")                      \
	X(U64, settled_at, 0, 0, KAI_MAX_TIME_MS, "met or ended; 0: open")                         \
	X(STR, rule, 0, 0, KAI_MAX_SHORT, "blocked: by which; ended: why")                         \
	X(OPT, answer, 0, 0, 0, "the item that met it, where that is another one")

/* What a clause carried since it opened last; the ones before are in the journal. */
enum kai_outage_side { KAI_OUTAGE_OURS = 0, KAI_OUTAGE_THEIRS = 1 }; /* who carries */
#define KAI_OUTAGE(X)                                                                              \
	X(U64, opened_at, 0, 1, KAI_MAX_TIME_MS, "by the clock of who carries")                    \
	X(U64, closed_at, 0, 0, KAI_MAX_TIME_MS, "ours: 0 while it is open; theirs: 0")            \
	X(STR, why, 0, 0, KAI_MAX_SHORT, "it was closed: returned, longest, agreement")            \
	X(FIX, agreement, 32, 0, 0, "digest of the one whose clause it is")                        \
	X(U64, clause, 0, 0, 15, "among its clauses")                                              \
	X(FIX, unreached, 32, 0, 0, "ours: who cannot be reached; theirs: zeros")                  \
	X(U64, carried, 0, 0, UINT64_MAX >> 1, "items, in all times that it was open")

/* Whose silence a step is about. X(NAME, "word") */
#define KAI_X_SILENCE(X)                                                                           \
	X(NONE, "none")                                                                            \
	X(OURS, "unacknowledged")  /* nobody of ours said that he has it */                        \
	X(PERSON, "person-silent") /* it is there, and nobody there says so */                     \
	X(LINK, "link-silent")	   /* nothing is heard: nobody there may know of it */
enum kai_silence {
#define X(name, word) KAI_SILENCE_##name,
	KAI_X_SILENCE(X)
#undef X
		KAI_SILENCE_END
};
const char *kai_silence_word(uint64_t silence); /* "?" outside the list */

/* Each is committed before the next is. X(NAME, "word") */
#define KAI_X_STEP_STATE(X)                                                                        \
	X(NONE, "none")                                                                            \
	X(DUE, "due")                                                                              \
	X(STARTED, "started") /* a program runs for it, or ran when the node ended */              \
	X(DONE, "done")
enum kai_step_state {
#define X(name, word) KAI_STEP_##name,
	KAI_X_STEP_STATE(X)
#undef X
		KAI_STEP_STATE_END
};
const char *kai_step_state_word(uint64_t state); /* "?" outside the list */

/* What became of a step. X(NAME, "word") */
#define KAI_X_STEP_RESULT(X)                                                                       \
	X(NONE, "none")                                                                            \
	X(EXIT, "exit")	    /* its program ended; code: its exit code */                           \
	X(SIGNAL, "signal") /* … by a signal; code: its number */                                \
	X(TIMEOUT, "timeout")                                                                      \
	X(NOT_STARTED, "not-started") /* code: errno */                                            \
	X(NO_PROGRAM, "no-program")   /* none is configured: it is for a person to read */         \
	X(UNNEEDED, "unneeded")	      /* the silence had ended before */
enum kai_step_result {
#define X(name, word) KAI_RESULT_##name,
	KAI_X_STEP_RESULT(X)
#undef X
		KAI_RESULT_END
};
const char *kai_step_result_word(uint64_t result); /* "?" outside the list */

/* Who is called: one rung of a ladder after the other, lower ones first. */
enum kai_rung {
	KAI_RUNG_NOTICE,   /* ours: it came; a link: who keeps it up there */
	KAI_RUNG_RECEIVED, /* nobody said in time that it was received */
	KAI_RUNG_DEPUTY,
	KAI_RUNG_DEPUTY_2,
	KAI_RUNG_DECIDER,
	KAI_RUNGS
};

#define KAI_STEP(X)                                                                                \
	X(U64, rung, 0, 0, KAI_RUNGS - 1, "enum kai_rung")                                         \
	X(U64, silence, 0, 1, 3, "enum kai_silence, as it was then")                               \
	X(U64, state, 0, 1, 3, "enum kai_step_state")                                              \
	X(U64, due_at, 0, 0, KAI_MAX_TIME_MS, "written as due")                                    \
	X(U64, started_at, 0, 0, KAI_MAX_TIME_MS, "the last time; 0: not yet")                     \
	X(U64, done_at, 0, 0, KAI_MAX_TIME_MS, "0: not yet")                                       \
	X(U64, starts, 0, 0, UINT64_MAX >> 1, "more than one: again after the node ended")         \
	X(FIX, life, 8, 0, 0, "of the engine that started it last")                                \
	X(STR, role, 0, 1, KAI_MAX_SHORT, "of whom to call")                                       \
	X(STR, name, 0, 0, KAI_MAX_NAME, "")                                                       \
	X(STR, channel, 0, 0, KAI_MAX_TEXT, "by which way; empty: nobody is named")                \
	X(STR, other, 0, 0, KAI_MAX_TEXT, "the other way")                                         \
	X(STR, hours, 0, 0, KAI_MAX_SHORT, "")                                                     \
	X(U64, result, 0, 0, 6, "enum kai_step_result")                                            \
	X(U64, code, 0, 0, 255, "exit code, signal or errno")                                      \
	X(STR, said, 0, 0, KAI_MAX_TEXT, "the beginning of what the program printed")

#define KAI_LADDER(X)                                                                              \
	X(U64, urgency, 0, 1, 3, "enum kai_urgency")                                               \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "from when on it is counted")                            \
	X(U64, received_ms, 0, 0, 365ULL * 86400000, "agreed or configured; 0: no word is asked")  \
	X(U64, until, 0, 0, KAI_MAX_TIME_MS, "the item's end; 0: a link")                          \
	X(U64, next, 0, 0, KAI_RUNGS, "enum kai_rung; KAI_RUNGS: all were called")                 \
	X(U64, due_at, 0, 0, KAI_MAX_TIME_MS, "of the next; 0: none")                              \
	X(U64, timer_at, 0, 0, KAI_MAX_TIME_MS, "where its row in TIMERS stands; 0: none")         \
	X(U64, ended_at, 0, 0, KAI_MAX_TIME_MS, "0: open")                                         \
	X(STR, why, 0, 0, KAI_MAX_SHORT, "it ended")                                               \
	X(LIST, steps, step, 0, KAI_RUNGS, "ascending by rung")

#define KAI_DRILL_REC(X)                                                                           \
	X(BIN, bytes, 0, 1, KAI_MAX_SIGNED_BODY + 256, "signed drill")                             \
	X(U64, at, 0, 0, KAI_MAX_TIME_MS, "first seen")                                            \
	X(OPT, by, 0, 0, 0, "org that brought it: it lies on its account")

#define KAI_X_RECORD(X)                                                                            \
	X(item, KAI_ITEM)                                                                          \
	X(part, KAI_PART)                                                                          \
	X(supply, KAI_SUPPLY)                                                                      \
	X(released, KAI_RELEASED)                                                                  \
	X(reached, KAI_REACHED)                                                                    \
	X(receipt_rec, KAI_RECEIPT_REC)                                                            \
	X(statement, KAI_STATEMENT)                                                                \
	X(owed, KAI_OWED)                                                                          \
	X(bundle_rec, KAI_BUNDLE_REC)                                                              \
	X(stub, KAI_STUB)                                                                          \
	X(peer, KAI_PEER)                                                                          \
	X(card_rec, KAI_CARD_REC)                                                                  \
	X(record_rec, KAI_RECORD_REC)                                                              \
	X(agree_rec, KAI_AGREE_REC)                                                                \
	X(member_rec, KAI_MEMBER_REC)                                                              \
	X(source, KAI_SOURCE)                                                                      \
	X(journal, KAI_JOURNAL)                                                                    \
	X(duty_row, KAI_DUTY_ROW)                                                                  \
	X(outage, KAI_OUTAGE)                                                                      \
	X(step, KAI_STEP)                                                                          \
	X(ladder, KAI_LADDER)                                                                      \
	X(drill_rec, KAI_DRILL_REC)

#define X(object, list) KAI_STRUCT(object, list);
KAI_X_RECORD(X)
#undef X

/* ---- keys
 * -----------------------------------------------------------------------------------------------------
 */

struct kai_key {
	uint8_t at[KAI_STORE_MAX_KEY];
	size_t len;
};
struct kai_span kai_key_span(const struct kai_key *key);
struct kai_key kai_key_word(const char *word);
struct kai_key kai_key_u64(uint64_t number);		      /* ITEMS, TOUCH, JOURNAL */
struct kai_key kai_key_part(uint64_t arrival, uint8_t index); /* PARTS */
struct kai_key kai_key_pair(uint64_t arrival,
			    uint16_t peer); /* SUPPLY, RELEASED, RECEIPTS, LADDERS */
struct kai_key kai_key_owed(uint16_t peer, uint8_t lane, uint64_t arrival); /* OWED */
struct kai_key kai_key_bundle(uint16_t peer, enum kai_bundle_way way,
			      uint64_t number); /* BUNDLES */
struct kai_key kai_key_bytes(
	const uint8_t *at,
	size_t len); /* IDS, STUBS, PEER_ORGS, RECORDS, SOURCES, BOOTS, STATEMENTS, prefixes */
struct kai_key kai_key_two(const uint8_t first[KAI_ID_LEN],
			   const uint8_t second[KAI_ID_LEN]); /* AGREEMENTS, NOTICES */
struct kai_key kai_key_card(const uint8_t org[KAI_ID_LEN], uint64_t serial);
struct kai_key kai_key_member(const uint8_t keeper[KAI_ID_LEN], struct kai_span name,
			      const uint8_t org[KAI_ID_LEN]);
struct kai_key kai_key_member_community(const uint8_t keeper[KAI_ID_LEN],
					struct kai_span name); /* prefix of all members */
struct kai_key kai_key_peer(uint16_t number);
struct kai_key kai_key_evidence(uint64_t arrival, struct kai_span evidence);	   /* EVIDENCE */
struct kai_key kai_key_id_arrival(const uint8_t id[KAI_ID_LEN], uint64_t arrival); /* PENDING */

/* In TIMERS' keys, and what follows it there. */
enum kai_timer_kind {
	/* arrival u64, index u8: the part is destroyed */
	KAI_TIMER_PART = 1,
	/* arrival u64: an agreement under which the item came lets it be kept until then */
	KAI_TIMER_KEPT = 2,
	/* org[32]: its items are looked at for revoked keys, from the arrival u64 in the value on
	 * downwards */
	KAI_TIMER_MARK = 3,
	/* a key of DUTIES: its time is over */
	KAI_TIMER_DUTY = 4,
	/* arrival u64: who was to have the item from us by now? KAI_TIMER_WALL */
	KAI_TIMER_ASK = 5,
	/* a key of LADDERS: the next rung, or the end; KAI_TIMER_WALL */
	KAI_TIMER_LADDER = 6
};
/* Set in the due time of what is done by the wall clock as it is, not as far as it is believed: a call that comes too
 * early does no harm, one that comes too late does. They stand behind all others. */
#define KAI_TIMER_WALL (UINT64_C(1) << 63)
/* A key of LADDERS and of LADDERS_OPEN, read. */
struct kai_ladder_place {
	uint64_t arrival;
	uint16_t peer;
};
#define KAI_LADDER_KEY 10u
bool kai_ladder_place_read(struct kai_span key, struct kai_ladder_place *ret);
#define KAI_CALL_KEY 11u
struct kai_key kai_key_call(uint64_t urgency, const struct kai_ladder_place *place);
bool kai_call_place_read(struct kai_span key, struct kai_ladder_place *ret);
/* A step's name for whoever carries it out, the same when it is started again: the beginning of about's
 * text (the item's id; of a link's ladder the org's), the peer, the rung; of a link's also its time. */
#define KAI_STEP_ID 64u
void kai_step_id(const uint8_t about[KAI_ID_LEN], const struct kai_ladder_place *place,
		 const struct kai_ladder *ladder, uint64_t rung, char ret[KAI_STEP_ID]);
/* Is one of its steps due or started, and not done? */
bool kai_ladder_under_way(const struct kai_ladder *ladder);
/* A key of DUTIES and of DUTIES_OPEN, read. */
struct kai_duty_place {
	uint64_t arrival;
	uint16_t peer; /* the other side of the agreement */
	uint8_t index; /* among its duties */
	uint16_t target;
};
#define KAI_DUTY_KEY 13u
struct kai_key kai_key_duty(const struct kai_duty_place *place);
bool kai_duty_place_read(struct kai_span key, struct kai_duty_place *ret);
/* The same words between the same two have one opening, whichever agreement says them. */
#define KAI_OUTAGE_KEY 11u
struct kai_key kai_key_outage(uint16_t peer, enum kai_outage_side side,
			      const struct kai_contingency *clause);
/* Was it met, or is it, after its time? */
bool kai_duty_late(const struct kai_duty_row *row);
struct kai_key kai_key_timer(uint64_t due, enum kai_timer_kind kind, const struct kai_key *rest);

#endif
