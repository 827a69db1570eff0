/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the CLI asks of a running node over the control socket: requests and answers as objects
 * (object.h). The daemon carries the bytes, the engine reads and answers them. One request, one
 * answer. Reading the store needs none of this.
 */
#ifndef KAIRAN_CONTROL_H
#define KAIRAN_CONTROL_H

#include "kairan/wire.h"

#define KAI_X_CONTROL(X)                                                                           \
	X(PUBLISH, ctl_publish, 1)	      /* → published */                                  \
	X(PUBLISH_MANY, ctl_publish_many, 14) /* → done with a publish_report */                 \
	X(RETRACT, ctl_retract, 2)	      /* → published */                                  \
	X(CARD_IMPORT, ctl_card_import, 3)    /* → done */                                       \
	X(CARD_OWN, ctl_card_own,                                                                  \
	  4) /* a new card or node record of our own, signed by the CLI with the root; → done */ \
	X(AGREE_PROPOSE, ctl_agree_propose, 5)	/* terms → done with an agree_file */            \
	X(AGREE_ACCEPT, ctl_agree_file, 6)	/* → done with an agree_file */                  \
	X(AGREE_IMPORT, ctl_agree_file_in, 7)	/* → done */                                     \
	X(AGREE_NOTICE, ctl_agree_notice, 8)	/* → done with the notice's bytes */             \
	X(MEMBER, ctl_member, 9)		/* → done with the membership's bytes */         \
	X(MEMBER_IMPORT, ctl_member_import, 10) /* → done */                                     \
	X(STATUS, ctl_status, 11)		/* → ctl_state */                                \
	X(CARD_RESOLVE, ctl_card_resolve, 12)	/* → done */                                     \
	X(SOURCE, ctl_source, 13) /* remember which thread an imported document became → done */ \
	X(ACK, ctl_ack, 16)	  /* how far people here are with an item → done */              \
	X(ATTEST, ctl_attest, 17) /* who confirmed by telephone → done */                        \
	X(GRANT, ctl_grant, 18)	  /* a part of an item of ours is opened further → published */  \
	X(SIGN, ctl_sign, 19)	  /* a further signature on an item of ours → done */            \
	X(DRILL_OPEN, ctl_drill_open, 24)   /* → done with the realm, id = digest, recipients */ \
	X(DRILL_CLOSE, ctl_drill_close, 25) /* → done */                                         \
	X(IN_REALM, ctl_in_realm, 26)	    /* a request of a drill's: → what that yields */     \
	X(BUNDLE_WRITE, ctl_bundle_write, 30) /* → done with a bundle_file; empty: nothing */    \
	X(BUNDLE_TAKE, ctl_bundle_take, 31)   /* → done with a bundle_report */                  \
	X(CASE_SEAL, ctl_case_seal, 32)	      /* → done with a signed case_seal */

enum kai_control_type {
#define X(NAME, name, number) KAI_CONTROL_##NAME = (number),
	KAI_X_CONTROL(X)
#undef X
};

#define KAI_CTL_HEAD(X, number)                                                                    \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(U64, type, 0, number, number, "")

#define KAI_DRAFT_PART(X)                                                                          \
	X(STR, name, 0, 1, KAI_MAX_SHORT, "")                                                      \
	X(STR, media_type, 0, 3, KAI_MAX_MEDIA, "")                                                \
	X(MAYBE, label, label, 0, 0, "nil: the header's")                                          \
	X(BIN, content, 0, 0, KAI_MAX_PART_LEN, "")

/* Everything of an advisory that its author says; the node adds origin, serial, country, revision,
 * times and seals. */
#define KAI_DRAFT(X)                                                                               \
	X(FIX, realm, 16, 0, 0, "")                                                                \
	X(U64, kind, 0, 0, 255, "")                                                                \
	X(IDS, supersedes, 0, 0, KAI_MAX_SUPERSEDES, "not empty: a revision in their thread")      \
	X(U64, not_after, 0, 0, KAI_MAX_TIME_MS, "0: the kind's default from now")                 \
	X(U64, urgency, 0, 0, 255, "0: the kind's default")                                        \
	X(STR, lang, 0, 2, 35, "")                                                                 \
	X(OBJ, label, label, 0, 0, "")                                                             \
	X(STRS, sectors, KAI_MAX_SHORT, 0, KAI_MAX_SECTORS, "")                                    \
	X(OPT, incident, 0, 0, 0, "")                                                              \
	X(IDS, refs, 0, 0, KAI_MAX_REFS, "")                                                       \
	X(LIST, parts, draft_part, 1, KAI_MAX_PARTS, "main first")

#define KAI_CTL_PUBLISH(X)                                                                         \
	KAI_CTL_HEAD(X, KAI_CONTROL_PUBLISH)                                                       \
	X(OBJ, draft, draft, 0, 0, "")                                                             \
	X(BOOL, dry_run, 0, 0, 0, "decide and tell, store nothing")                                \
	X(BOOL, keep, 0, 0, 0, "store even when no org may receive it")                            \
	X(MAYBE, source, source_mark, 0, 0, "what it is a state of: stored in the same turn")

/*
 * Several drafts in one turn: those of one class whose kind needs no decider and no second signer, and that are not
 * urgent, are signed by one root. Each fares as if it were published alone, in this order, but that none of them can
 * refer to another, and of two states of one document the later is refused. At most KAI_MAX_PUBLISH_MANY bytes.
 */
#define KAI_CTL_PUBLISH_MANY(X)                                                                    \
	KAI_CTL_HEAD(X, KAI_CONTROL_PUBLISH_MANY)                                                  \
	X(LIST, publishes, ctl_publish, 1, KAI_MAX_PUBLISHES, "")

/* Which outside document, or which draft, a publication is a state of (records.h, SOURCES). Asked
 * again for the same state, as by who heard no answer, the node answers with the item that it made
 * of it, without recipients, as long as it holds that. */
#define KAI_SOURCE_MARK(X)                                                                         \
	X(FIX, key, 32, 0, 0, "H over namespace and document id; random for a draft")              \
	X(FIX, digest, 32, 0, 0, "of the document's bytes; zeros for a draft")                     \
	X(STR, name, 0, 0, KAI_MAX_TEXT, "")

#define KAI_CTL_RETRACT(X)                                                                         \
	KAI_CTL_HEAD(X, KAI_CONTROL_RETRACT)                                                       \
	X(FIX, id, 32, 0, 0, "target")                                                             \
	X(BIN, body, 0, 1, KAI_MAX_RETRACT_LEN, "encoded body of kind retract")                    \
	X(STR, lang, 0, 2, 35, "")                                                                 \
	X(BOOL, dry_run, 0, 0, 0, "")

#define KAI_CTL_CARD_IMPORT(X)                                                                     \
	KAI_CTL_HEAD(X, KAI_CONTROL_CARD_IMPORT)                                                   \
	X(BIN, card, 0, 1, KAI_MAX_SIGNED_BODY + 256, "signed; the CLI compared the fingerprint")  \
	X(STR, alias, 0, 1, KAI_MAX_ALIAS, "unique here")
#define KAI_CTL_CARD_OWN(X)                                                                        \
	KAI_CTL_HEAD(X, KAI_CONTROL_CARD_OWN)                                                      \
	X(BIN, card, 0, 0, KAI_MAX_SIGNED_BODY + 256, "empty: unchanged")                          \
	X(BIN, record, 0, 0, KAI_MAX_SIGNED_BODY + 256, "empty: unchanged")
#define KAI_CTL_AGREE_PROPOSE(X)                                                                   \
	KAI_CTL_HEAD(X, KAI_CONTROL_AGREE_PROPOSE)                                                 \
	X(BIN, terms, 0, 1, KAI_MAX_TERMS, "encoded terms")
#define KAI_CTL_AGREE_FILE(X)                                                                      \
	KAI_CTL_HEAD(X, KAI_CONTROL_AGREE_ACCEPT)                                                  \
	X(BIN, file, 0, 1, 262144, "agree_file")
#define KAI_CTL_AGREE_FILE_IN(X)                                                                   \
	KAI_CTL_HEAD(X, KAI_CONTROL_AGREE_IMPORT)                                                  \
	X(BIN, file, 0, 1, 262144, "agree_file")
#define KAI_CTL_AGREE_NOTICE(X)                                                                    \
	KAI_CTL_HEAD(X, KAI_CONTROL_AGREE_NOTICE)                                                  \
	X(FIX, org, 32, 0, 0, "the other side")                                                    \
	X(U64, action, 0, 1, 3, "enum kai_notice_action")                                          \
	X(STR, reason, 0, 0, KAI_MAX_TEXT, "")
#define KAI_CTL_MEMBER(X)                                                                          \
	KAI_CTL_HEAD(X, KAI_CONTROL_MEMBER)                                                        \
	X(STR, name, 0, 1, KAI_MAX_SHORT, "of a community that this org keeps")                    \
	X(FIX, org, 32, 0, 0, "the member")                                                        \
	X(U64, valid_until, 0, 0, KAI_MAX_TIME_MS, "0: 90 days")                                   \
	X(BOOL, withdrawn, 0, 0, 0, "")
#define KAI_CTL_MEMBER_IMPORT(X)                                                                   \
	KAI_CTL_HEAD(X, KAI_CONTROL_MEMBER_IMPORT)                                                 \
	X(BIN, bytes, 0, 1, 1024, "signed membership")
#define KAI_CTL_STATUS(X) KAI_CTL_HEAD(X, KAI_CONTROL_STATUS)
#define KAI_CTL_CARD_RESOLVE(X)                                                                    \
	KAI_CTL_HEAD(X, KAI_CONTROL_CARD_RESOLVE)                                                  \
	X(FIX, org, 32, 0, 0, "frozen")                                                            \
	X(FIX, keep, 32, 0, 0, "digest of the card that a person trusts")
#define KAI_CTL_SOURCE(X)                                                                          \
	KAI_CTL_HEAD(X, KAI_CONTROL_SOURCE)                                                        \
	X(OBJ, source, source_mark, 0, 0, "")                                                      \
	X(FIX, head, 32, 0, 0, "an item held here, of this origin")

#define KAI_CTL_ACK(X)                                                                             \
	KAI_CTL_HEAD(X, KAI_CONTROL_ACK)                                                           \
	X(FIX, id, 32, 0, 0, "held here, of another origin")                                       \
	X(U64, level, 0, KAI_LEVEL_SEEN, KAI_LEVEL_ACTION, "enum kai_level")                       \
	X(U64, action, 0, 0, KAI_ACTION_MITIGATED, "of level action, else 0")                      \
	X(STR, role, 0, 0, KAI_MAX_SHORT, "who says so; empty: duty")                              \
	X(STR, note, 0, 0, KAI_MAX_TEXT, "goes along")
#define KAI_CTL_ATTEST(X)                                                                          \
	KAI_CTL_HEAD(X, KAI_CONTROL_ATTEST)                                                        \
	X(FIX, id, 32, 0, 0, "held here")                                                          \
	X(FIX, org, 32, 0, 0, "who confirmed")                                                     \
	X(STR, note, 0, 0, KAI_MAX_TEXT, "who, by which number, what was said")

#define KAI_CTL_GRANT(X)                                                                           \
	KAI_CTL_HEAD(X, KAI_CONTROL_GRANT)                                                         \
	X(FIX, id, 32, 0, 0, "an item of ours")                                                    \
	X(STR, part, 0, 1, KAI_MAX_SHORT, "by name; this part alone")                              \
	X(OBJ, label, label, 0, 0, "in place of the header's and the part's")                      \
	X(U64, expires, 0, 0, KAI_MAX_TIME_MS, "0: with the item")                                 \
	X(BOOL, dry_run, 0, 0, 0, "tell who could have the part then, store nothing")

#define KAI_CTL_SIGN(X)                                                                            \
	KAI_CTL_HEAD(X, KAI_CONTROL_SIGN)                                                          \
	X(FIX, id, 32, 0, 0, "an item of ours")                                                    \
	X(U64, role, 0, KAI_ROLE_DUTY, KAI_ROLE_DECIDER, "whose key signs: enum kai_key_role")

/* What is new for an org, or these items, in a file. What next in the answer says is asked for in
 * another request, into another file. */
#define KAI_CTL_BUNDLE_WRITE(X)                                                                    \
	KAI_CTL_HEAD(X, KAI_CONTROL_BUNDLE_WRITE)                                                  \
	X(FIX, to, 32, 0, 0, "")                                                                   \
	X(U64, since, 0, 0, KAI_MAX_TIME_MS, "what came here since then; 0: all")                  \
	X(IDS, ids, 0, 0, KAI_MAX_BUNDLE_ITEMS, "these alone, whether new or not; none: the new")  \
	X(U64, after, 0, 0, UINT64_MAX >> 1, "next of the answer before; 0: from the beginning")   \
	X(BOOL, receipts, 0, 0, 0, "receipts alone")
#define KAI_CTL_BUNDLE_TAKE(X)                                                                     \
	KAI_CTL_HEAD(X, KAI_CONTROL_BUNDLE_TAKE)                                                   \
	X(BIN, file, 0, 1, KAI_MAX_BUNDLE + 256, "bundle_file")

#define KAI_CTL_CASE_SEAL(X)                                                                       \
	KAI_CTL_HEAD(X, KAI_CONTROL_CASE_SEAL)                                                     \
	X(FIX, thread, 32, 0, 0, "of the incident")                                                \
	X(U64, lines, 0, 1, UINT64_MAX >> 1, "")                                                   \
	X(FIX, digest, 32, 0, 0, "")

#define KAI_CTL_DRILL_OPEN(X)                                                                      \
	KAI_CTL_HEAD(X, KAI_CONTROL_DRILL_OPEN)                                                    \
	X(STR, name, 0, 1, KAI_MAX_SHORT, "")                                                      \
	X(U64, level, 0, 1, 2, "enum kai_drill_level")                                             \
	X(STR, word, 0, 1, KAI_MAX_SHORT, "typed before something is published in it")             \
	X(U64, from, 0, 0, KAI_MAX_TIME_MS, "0: now")                                              \
	X(U64, until, 0, 1, KAI_MAX_TIME_MS, "")                                                   \
	X(IDS, participants, 0, 1, KAI_MAX_PARTICIPANTS - 1, "ascending, without this org")
#define KAI_CTL_DRILL_CLOSE(X)                                                                     \
	KAI_CTL_HEAD(X, KAI_CONTROL_DRILL_CLOSE)                                                   \
	X(FIX, realm, 16, 0, 0, "of a drill of ours")
/* What belongs to live alone (cards, agreements, memberships, drills) is refused in a drill. */
#define KAI_CTL_IN_REALM(X)                                                                        \
	KAI_CTL_HEAD(X, KAI_CONTROL_IN_REALM)                                                      \
	X(FIX, realm, 16, 0, 0, "never zeros")                                                     \
	X(BIN, request, 0, 3, KAI_MAX_CONTROL, "any other request")

/* ---- answers
 * --------------------------------------------------------------------------------------------------
 */

#define KAI_PART_VERDICT(X)                                                                        \
	X(U64, index, 0, 0, KAI_MAX_PARTS - 1, "")                                                 \
	X(BOOL, allow, 0, 0, 0, "")                                                                \
	X(STR, rule, 0, 0, KAI_MAX_SHORT, "")
#define KAI_RECIPIENT(X)                                                                           \
	X(FIX, org, 32, 0, 0, "")                                                                  \
	X(BOOL, allow, 0, 0, 0, "")                                                                \
	X(STR, rule, 0, 0, KAI_MAX_SHORT, "")                                                      \
	X(LIST, parts, part_verdict, 0, KAI_MAX_PARTS, "")

/* exit: cli.md's codes. body: what the request yields (bytes of an agree_file, notice, membership),
 * else empty. */
#define KAI_CTL_ANSWER(X)                                                                          \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(U64, exit, 0, 0, 255, "0 done, 1 refused, 3 bad input, 4 nothing found")                 \
	X(STR, reason, 0, 0, KAI_MAX_SHORT,                                                        \
	  "name of the rule or fault; done: empty, or why it waits")                               \
	X(STR, text, 0, 0, 1024, "a sentence: what, why, what to do; English")                     \
	X(OPT, id, 0, 0, 0, "of what was made")                                                    \
	X(LIST, recipients, recipient, 0, 1024,                                                    \
	  "published: who would or will get it, and who not")                                      \
	X(BIN, body, 0, 0, KAI_MAX_BUNDLE + 256, "")                                               \
	X(U64, next, 0, 0, UINT64_MAX >> 1, "there is more: ask again with this; 0: that was all")

/* PUBLISH_MANY: the answer to each, in their order. Fewer than were asked for: these were all that one turn has room
 * for, at least one, and next is how many; the rest is to be asked for again. */
#define KAI_PUBLISH_REPORT(X)                                                                      \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(LIST, answers, ctl_answer, 1, KAI_MAX_PUBLISHES, "")

/* BUNDLE_TAKE: what became of each advisory, in the bundle's order */
#define KAI_BUNDLE_OUTCOME(X)                                                                      \
	X(FIX, id, 32, 0, 0, "")                                                                   \
	X(BOOL, held, 0, 0, 0, "durable here")                                                     \
	X(BOOL, fresh, 0, 0, 0, "it brought something that was not here")                          \
	X(U64, parts, 0, 0, 65535, "held, as a bit set")                                           \
	X(STR, reason, 0, 0, KAI_MAX_SHORT, "not held: name of the rule or fault")
#define KAI_BUNDLE_REPORT(X)                                                                       \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, from, 32, 0, 0, "")                                                                 \
	X(U64, number, 0, 1, UINT64_MAX >> 1, "")                                                  \
	X(LIST, outcomes, bundle_outcome, 0, KAI_MAX_BUNDLE_ITEMS, "")                             \
	X(U64, receipts, 0, 0, KAI_MAX_BUNDLE_RECEIPTS, "that came")                               \
	X(U64, settled, 0, 0, UINT64_MAX >> 1, "items of which they say that they are there")

/* STATUS: an answer whose body is this */
#define KAI_PEER_STATE(X)                                                                          \
	X(FIX, org, 32, 0, 0, "")                                                                  \
	X(BOOL, up, 0, 0, 0, "hello exchanged both ways")                                          \
	X(U64, heard_at, 0, 0, KAI_MAX_TIME_MS, "0: never")                                        \
	X(U64, lag, 0, 0, UINT64_MAX >> 1, "log entries not yet looked at for it")                 \
	X(U64, queued, 0, 0, UINT64_MAX >> 1, "offered or wanted, not yet stored there")           \
	X(U64, in_flight_bytes, 0, 0, UINT64_MAX >> 1, "")                                         \
	X(STR, down_reason, 0, 0, KAI_MAX_SHORT, "empty when up")                                  \
	X(STR, last_error, 0, 0, KAI_MAX_SHORT, "newest fault or rule of its making")              \
	X(U64, skew_ms, 0, 0, UINT64_MAX >> 1, "its clock against ours, magnitude")                \
	X(BOOL, skew_ahead, 0, 0, 0, "its clock is ahead")                                         \
	X(U64, received_items, 0, 0, UINT64_MAX >> 1, "since start")                               \
	X(U64, sent_items, 0, 0, UINT64_MAX >> 1, "")                                              \
	X(U64, refused, 0, 0, UINT64_MAX >> 1, "items and frames of its that we refused")
#define KAI_STATE(X)                                                                               \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(U64, started_at, 0, 0, KAI_MAX_TIME_MS, "")                                              \
	X(U64, now, 0, 0, KAI_MAX_TIME_MS, "the node's clock")                                     \
	X(BOOL, read_only, 0, 0, 0, "the disk is full")                                            \
	X(LIST, peers, peer_state, 0, 1024, "")

#define KAI_X_CONTROL_OBJECT(X)                                                                    \
	X(draft_part, KAI_DRAFT_PART)                                                              \
	X(draft, KAI_DRAFT)                                                                        \
	X(source_mark, KAI_SOURCE_MARK)                                                            \
	X(ctl_publish, KAI_CTL_PUBLISH)                                                            \
	X(ctl_publish_many, KAI_CTL_PUBLISH_MANY)                                                  \
	X(ctl_retract, KAI_CTL_RETRACT)                                                            \
	X(ctl_card_import, KAI_CTL_CARD_IMPORT)                                                    \
	X(ctl_card_own, KAI_CTL_CARD_OWN)                                                          \
	X(ctl_agree_propose, KAI_CTL_AGREE_PROPOSE)                                                \
	X(ctl_agree_file, KAI_CTL_AGREE_FILE)                                                      \
	X(ctl_agree_file_in, KAI_CTL_AGREE_FILE_IN)                                                \
	X(ctl_agree_notice, KAI_CTL_AGREE_NOTICE)                                                  \
	X(ctl_member, KAI_CTL_MEMBER)                                                              \
	X(ctl_member_import, KAI_CTL_MEMBER_IMPORT)                                                \
	X(ctl_status, KAI_CTL_STATUS)                                                              \
	X(ctl_card_resolve, KAI_CTL_CARD_RESOLVE)                                                  \
	X(ctl_source, KAI_CTL_SOURCE)                                                              \
	X(ctl_ack, KAI_CTL_ACK)                                                                    \
	X(ctl_attest, KAI_CTL_ATTEST)                                                              \
	X(ctl_grant, KAI_CTL_GRANT)                                                                \
	X(ctl_sign, KAI_CTL_SIGN)                                                                  \
	X(ctl_bundle_write, KAI_CTL_BUNDLE_WRITE)                                                  \
	X(ctl_bundle_take, KAI_CTL_BUNDLE_TAKE)                                                    \
	X(ctl_case_seal, KAI_CTL_CASE_SEAL)                                                        \
	X(bundle_outcome, KAI_BUNDLE_OUTCOME)                                                      \
	X(bundle_report, KAI_BUNDLE_REPORT)                                                        \
	X(ctl_drill_open, KAI_CTL_DRILL_OPEN)                                                      \
	X(ctl_drill_close, KAI_CTL_DRILL_CLOSE)                                                    \
	X(ctl_in_realm, KAI_CTL_IN_REALM)                                                          \
	X(part_verdict, KAI_PART_VERDICT)                                                          \
	X(recipient, KAI_RECIPIENT)                                                                \
	X(ctl_answer, KAI_CTL_ANSWER)                                                              \
	X(publish_report, KAI_PUBLISH_REPORT)                                                      \
	X(peer_state, KAI_PEER_STATE)                                                              \
	X(state, KAI_STATE)

#define X(object, list) KAI_STRUCT(object, list);
KAI_X_CONTROL_OBJECT(X)
#undef X

/* Of which realm a request is: that of IN_REALM, else live. Believes nothing else of it. */
void kai_control_realm(struct kai_span request, uint8_t ret[KAI_REALM_LEN]);

/* The object of a request's type, NULL when unknown. */
const struct kai_object *kai_control_object(uint64_t type);

#endif
