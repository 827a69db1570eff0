/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every object that crosses an organisation's border, as tables (object.h); what carries them over a link: frames.h.
 * SPEC.md section 9 is printed from these lists. Times are milliseconds since 1970 UTC. Enumerated fields
 * decode up to 255 so that an unknown value meets the rule that refuses it (label.h, policy.h)
 * instead of looking like line noise; unknown never allows. Everything signed is carried as the
 * exact bytes that were signed.
 */
#ifndef KAIRAN_WIRE_H
#define KAIRAN_WIRE_H

#include "kairan/object.h"

/* ---- enumerations
 * ------------------------------------------------------------------------------------------- */

/* FIRST TLP 2.0; a larger value is a wider circle. */
enum kai_tlp {
	KAI_TLP_RED = 1,
	KAI_TLP_AMBER_STRICT = 2,
	KAI_TLP_AMBER = 3,
	KAI_TLP_GREEN = 4,
	KAI_TLP_CLEAR = 5
};
enum kai_audience_type {
	KAI_AUD_ORG = 1,
	KAI_AUD_COMMUNITY = 2,
	KAI_AUD_SECTOR = 3,
	KAI_AUD_COUNTRY = 4
};
enum kai_onward {
	KAI_ONWARD_NONE = 1,
	KAI_ONWARD_CONSTITUENCY = 2,
	KAI_ONWARD_COMMUNITY = 3,
	KAI_ONWARD_ANY = 4
};
/* How the origin may be named outside the audience: people's promise, shown, not enforced. */
enum kai_attribution { KAI_ATTR_NAMED = 1, KAI_ATTR_SECTOR_ONLY = 2, KAI_ATTR_NONE = 3 };
/* MISP's Permissible Actions Protocol; shown, not enforced. */
enum kai_pap { KAI_PAP_RED = 1, KAI_PAP_AMBER = 2, KAI_PAP_GREEN = 3, KAI_PAP_CLEAR = 4 };
enum kai_urgency { KAI_URGENCY_NOW = 1, KAI_URGENCY_TODAY = 2, KAI_URGENCY_INFO = 3 };
/* The kinds' wire codes; everything else about a kind is a row of kinds.h. */
enum kai_kind {
	KAI_KIND_SECINFO = 1,
	KAI_KIND_ALERT = 2,
	KAI_KIND_INCIDENT = 3,
	KAI_KIND_ADVICE = 4,
	KAI_KIND_RFI = 5,
	KAI_KIND_RFI_REPLY = 6,
	KAI_KIND_SITREP = 7,
	KAI_KIND_COORD = 8,
	KAI_KIND_NOTICE = 9,
	KAI_KIND_RETRACT = 10,
	KAI_KIND_RELEASE = 11
};
enum kai_key_use { KAI_KEY_SIGN = 1, KAI_KEY_SEAL = 2 };
enum kai_key_role {
	KAI_ROLE_SYSTEM = 1,
	KAI_ROLE_DUTY = 2,
	KAI_ROLE_DECIDER = 3
}; /* 0 for sealing keys */
enum kai_wrap_kind { KAI_WRAP_LINK = 1, KAI_WRAP_SEALED = 2 };
enum kai_notice_action { KAI_NOTICE_SUSPEND = 1, KAI_NOTICE_RESUME = 2, KAI_NOTICE_TERMINATE = 3 };
/* How far a receiver is with an item; each says that the ones before it are reached as well, up to
 * action. Delivered and forwarded are the node's own to say, the others a person's. */
enum kai_level {
	KAI_LEVEL_DELIVERED = 1,
	KAI_LEVEL_SEEN = 2,
	KAI_LEVEL_RECEIVED = 3,
	KAI_LEVEL_ACTION = 4,
	KAI_LEVEL_FORWARDED = 5
};
enum kai_action {
	KAI_ACTION_NOT_AFFECTED = 1,
	KAI_ACTION_CHECKING = 2,
	KAI_ACTION_AFFECTED = 3,
	KAI_ACTION_MITIGATED = 4
};

/* ---- label
 * --------------------------------------------------------------------------------------------------
 */

/* org: its id, or the keeper's for a community, else empty; text: community name, sector code or
 * country, else empty */
#define KAI_AUDIENCE_ENTRY(X)                                                                      \
	X(U64, type, 0, 0, 255, "1 org, 2 community, 3 sector, 4 country")                         \
	X(BIN, org, 0, 0, 32, "org id, or a community's keeper; empty for sector and country")     \
	X(STR, text, 0, 0, KAI_MAX_SHORT, "community name, sector code, country; empty for org")

#define KAI_LABEL(X)                                                                               \
	X(U64, tlp, 0, 0, 255, "1 RED, 2 AMBER+STRICT, 3 AMBER, 4 GREEN, 5 CLEAR")                 \
	X(LIST, audience, audience_entry, 0, KAI_MAX_AUDIENCE, "ascending by (type, org, text)")   \
	X(U64, onward, 0, 0, 255, "1 none, 2 constituency, 3 community, 4 any")                    \
	X(U64, attribution, 0, 0, 255, "1 named, 2 sector only, 3 none")                           \
	X(U64, pap, 0, 0, 255, "1 RED, 2 AMBER, 3 GREEN, 4 CLEAR")                                 \
	X(U64, gov_share, 0, 0, 255,                                                               \
	  "0 no, 1 yes: may governments hold it that are matched only "                            \
	  "by sector or country, or by a constituency hop")                                        \
	X(U64, retain_until, 0, 0, KAI_MAX_TIME_MS, "destroy after; 0: as agreed")

/* ---- advisory
 * -----------------------------------------------------------------------------------------------
 */

#define KAI_PART_ENTRY(X)                                                                          \
	X(STR, name, 0, 1, KAI_MAX_SHORT, "unique in the advisory; part 0 is main")                \
	X(STR, media_type, 0, 3, KAI_MAX_MEDIA, "kairan/KIND for main, else text/plain, …")        \
	X(FIX, label_commitment, 32, 0, 0, "H(label-commitment, salt || label)")                   \
	X(U64, size, 0, KAI_MIN_PAD, KAI_MAX_PART_CIPHER, "padded length of the plaintext")        \
	X(FIX, hash, 32, 0, 0, "H(part, ciphertext with its tag)")                                 \
	X(FIX, key_commitment, 32, 0, 0, "H(key-commitment, part key)")

#define KAI_HEADER(X)                                                                              \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, realm, 16, 0, 0, "zeros: live")                                                     \
	X(U64, kind, 0, 0, 255, "see the kinds")                                                   \
	X(FIX, origin, 32, 0, 0, "org id")                                                         \
	X(U64, card_serial, 0, 1, UINT64_MAX >> 1, "of the origin's card when it signed")          \
	X(STR, country, 0, 2, 2, "of the origin, ISO 3166-1 alpha-2")                              \
	X(OPT, thread, 0, 0, 0, "id of the thread's first item; nil in that item itself")          \
	X(U64, revision, 0, 1, 65535, "1 in a thread's first item")                                \
	X(IDS, supersedes, 0, 0, KAI_MAX_SUPERSEDES, "ascending; a retraction's one target")       \
	X(U64, created_at, 0, 1, KAI_MAX_TIME_MS, "the origin's claim; proves nothing")            \
	X(U64, not_after, 0, 1, KAI_MAX_TIME_MS, "expires then")                                   \
	X(U64, urgency, 0, 0, 255, "1 now, 2 today, 3 info")                                       \
	X(STR, lang, 0, 2, 35, "BCP 47 tag of the text")                                           \
	X(OBJ, label, label, 0, 0, "of the header, and the widest that a part can be")             \
	X(STRS, sectors, KAI_MAX_SHORT, 0, KAI_MAX_SECTORS, "scheme:code, ascending")              \
	X(OPT, incident, 0, 0, 0, "id of the incident's first report")                             \
	X(IDS, refs, 0, 0, KAI_MAX_REFS, "ascending")                                              \
	X(LIST, parts, part_entry, 1, KAI_MAX_PARTS, "part 0 is main")                             \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* Of a header, what the one decision reads of it. */
#define KAI_CLASS(X)                                                                               \
	X(FIX, origin, 32, 0, 0, "")                                                               \
	X(STR, country, 0, 2, 2, "")                                                               \
	X(U64, kind, 0, 0, 255, "")                                                                \
	X(OBJ, label, label, 0, 0, "")                                                             \
	X(STRS, sectors, KAI_MAX_SHORT, 0, KAI_MAX_SECTORS, "")

#define KAI_TREE_PATH(X)                                                                           \
	X(FIX, salt, 16, 0, 0, "of the leaf")                                                      \
	X(U64, leaf, 0, 0, 65535, "leaf index")                                                    \
	X(IDS, hashes, 0, 0, KAI_MAX_PATH, "siblings from leaf to root")

#define KAI_SIGNATURE(X)                                                                           \
	X(FIX, key, 32, 0, 0, "Ed25519 public key; believed only if it stands in the card")        \
	X(FIX, sig, 64, 0, 0, "over context, realm and root")                                      \
	X(MAYBE, path, tree_path, 0, 0, "nil: root = id")

#define KAI_PART_BLOB(X)                                                                           \
	X(U64, index, 0, 0, KAI_MAX_PARTS - 1, "")                                                 \
	X(BIN, ciphertext, 0, KAI_MIN_PAD + 16, KAI_MAX_PART_CIPHER, "with its tag")

#define KAI_WRAP(X)                                                                                \
	X(U64, index, 0, 0, KAI_MAX_PARTS - 1, "")                                                 \
	X(U64, kind, 0, 0, 255, "1 link, 2 sealed")                                                \
	X(FIX, key_hint, 8, 0, 0, "first bytes of H(seal-key, receiver's sealing key)")            \
	X(BIN, bytes, 0, 48, 8192, "the opening, encrypted to one org")

#define KAI_ADVISORY(X)                                                                            \
	X(BIN, header, 0, 1, KAI_MAX_HEADER_LEN, "exact bytes of header")                          \
	X(LIST, signatures, signature, 1, KAI_MAX_SIGNATURES, "ascending by key")                  \
	X(LIST, parts, part_blob, 0, KAI_MAX_PARTS, "ascending by index")                          \
	X(LIST, wraps, wrap, 0, KAI_MAX_PARTS, "ascending by index")

/* What a wrap's plaintext says: opens a part and its label commitment. Padded with trailing zeros
 * (crypto.h). */
#define KAI_OPENING(X)                                                                             \
	X(FIX, key, 32, 0, 0, "part key")                                                          \
	X(FIX, salt, 16, 0, 0, "of the label commitment")                                          \
	X(BIN, label, 0, 1, 6144, "exact bytes of the part's label")

/* ---- signed objects
 * ----------------------------------------------------------------------------------------- */

/* Envelope of card, node record, membership, notice, release and receipt: body is the exact bytes signed. */
#define KAI_SIGNED(X)                                                                              \
	X(BIN, body, 0, 1, KAI_MAX_SIGNED_BODY, "")                                                \
	X(FIX, key, 32, 0, 0, "")                                                                  \
	X(FIX, sig, 64, 0, 0, "over context, live realm (a receipt's own) and H(context, body)")

#define KAI_CARD_KEY(X)                                                                            \
	X(U64, use, 0, 0, 255, "1 Ed25519 signing, 2 X25519 sealing")                              \
	X(FIX, key, 32, 0, 0, "")                                                                  \
	X(U64, role, 0, 0, 255, "1 system, 2 duty, 3 decider; 0 for sealing")                      \
	X(U64, not_before, 0, 0, KAI_MAX_TIME_MS, "")                                              \
	X(U64, not_after, 0, 0, KAI_MAX_TIME_MS, "")

#define KAI_REVOCATION(X)                                                                          \
	X(FIX, key, 32, 0, 0, "")                                                                  \
	X(U64, since, 0, 0, KAI_MAX_TIME_MS, "compromised since")                                  \
	X(STR, reason, 0, 0, KAI_MAX_TEXT, "")

#define KAI_CARD(X)                                                                                \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, org, 32, 0, 0, "first root public key")                                             \
	X(U64, serial, 0, 1, UINT64_MAX >> 1, "max(previous + 1, unix seconds)")                   \
	X(U64, issued_at, 0, 1, KAI_MAX_TIME_MS, "")                                               \
	X(U64, valid_until, 0, 1, KAI_MAX_TIME_MS, "")                                             \
	X(STR, name, 0, 1, KAI_MAX_NAME, "")                                                       \
	X(STR, name_ja, 0, 0, KAI_MAX_NAME, "")                                                    \
	X(STR, country, 0, 2, 2, "")                                                               \
	X(STRS, sectors, KAI_MAX_SHORT, 0, KAI_MAX_SECTORS, "ascending; a claim, never policy")    \
	X(LIST, keys, card_key, 1, KAI_MAX_CARD_KEYS, "ascending by (use, key)")                   \
	X(LIST, revocations, revocation, 0, KAI_MAX_REVOCATIONS, "ascending by key")               \
	X(FIX, next_root, 32, 0, 0, "H(next-root, next root public key)")                          \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

#define KAI_NODE_KEY(X)                                                                            \
	X(FIX, key, 32, 0, 0, "X25519, CURVE")                                                     \
	X(U64, not_before, 0, 0, KAI_MAX_TIME_MS, "")                                              \
	X(U64, not_after, 0, 0, KAI_MAX_TIME_MS, "")

#define KAI_NODE_RECORD(X)                                                                         \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, org, 32, 0, 0, "")                                                                  \
	X(U64, serial, 0, 1, UINT64_MAX >> 1, "as a card's")                                       \
	X(U64, issued_at, 0, 1, KAI_MAX_TIME_MS, "")                                               \
	X(U64, valid_until, 0, 1, KAI_MAX_TIME_MS, "")                                             \
	X(LIST, keys, node_key, 1, 4, "old and new overlap; ascending by key")                     \
	X(STRS, endpoints, KAI_MAX_ENDPOINT, 0, KAI_MAX_ENDPOINTS, "tcp://host:port")              \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

#define KAI_MEMBERSHIP(X)                                                                          \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, keeper, 32, 0, 0, "")                                                               \
	X(STR, name, 0, 1, KAI_MAX_SHORT, "short name of the community")                           \
	X(FIX, org, 32, 0, 0, "the member")                                                        \
	X(U64, number, 0, 1, UINT64_MAX >> 1, "the highest wins")                                  \
	X(U64, valid_from, 0, 1, KAI_MAX_TIME_MS, "")                                              \
	X(U64, valid_until, 0, 1, KAI_MAX_TIME_MS, "at most 90 days after valid_from")             \
	X(BOOL, withdrawn, 0, 0, 0, "")                                                            \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* One side's suspension, resumption or termination of an agreement. */
#define KAI_NOTICE(X)                                                                              \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, agreement, 32, 0, 0, "digest")                                                      \
	X(FIX, org, 32, 0, 0, "who says so: one of the parties")                                   \
	X(U64, number, 0, 1, UINT64_MAX >> 1, "the highest of an org wins")                        \
	X(U64, action, 0, 0, 255, "1 suspend, 2 resume, 3 terminate (final)")                      \
	X(U64, at, 0, 1, KAI_MAX_TIME_MS, "")                                                      \
	X(STR, reason, 0, 0, KAI_MAX_TEXT, "")                                                     \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* The origin widens one part of one item; travels only with the item. */
#define KAI_RELEASE(X)                                                                             \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, realm, 16, 0, 0, "")                                                                \
	X(FIX, id, 32, 0, 0, "of the item")                                                        \
	X(U64, index, 0, 0, KAI_MAX_PARTS - 1, "of the part")                                      \
	X(OBJ, label, label, 0, 0, "replaces the header's and the part's for that part")           \
	X(U64, at, 0, 1, KAI_MAX_TIME_MS, "")                                                      \
	X(U64, expires, 0, 1, KAI_MAX_TIME_MS, "")                                                 \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* Who practises what, from when until when. The realm is random and of this drill alone. */
#define KAI_DRILL(X)                                                                               \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, realm, 16, 0, 0, "random, never zeros")                                             \
	X(FIX, director, 32, 0, 0, "who opens and closes it: one of the participants")             \
	X(STR, name, 0, 1, KAI_MAX_SHORT, "")                                                      \
	X(U64, level, 0, 0, 255, "1 comcheck, 2 drill: what a consent must allow")                 \
	X(STR, word, 0, 1, KAI_MAX_SHORT, "what people type before they publish in it")            \
	X(U64, created_at, 0, 1, KAI_MAX_TIME_MS, "")                                              \
	X(U64, from, 0, 1, KAI_MAX_TIME_MS, "")                                                    \
	X(U64, until, 0, 1, KAI_MAX_TIME_MS, "at most 30 days after from")                         \
	X(IDS, participants, 0, 2, KAI_MAX_PARTICIPANTS, "orgs, ascending")                        \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* What one participant says about a drill. */
#define KAI_DRILL_SAY(X)                                                                           \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, realm, 16, 0, 0, "")                                                                \
	X(FIX, drill, 32, 0, 0, "digest of what it is about")                                      \
	X(FIX, org, 32, 0, 0, "who says so")                                                       \
	X(U64, what, 0, 0, 255, "1 consents, 2 refuses, 3 closes it (the director)")               \
	X(U64, at, 0, 1, KAI_MAX_TIME_MS, "")                                                      \
	X(STR, reason, 0, 0, KAI_MAX_SHORT, "refuses: name of the rule")                           \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* How many orgs are how far, each counted at every level that it reached; no names. */
#define KAI_ROLLUP(X)                                                                              \
	X(U64, members, 0, 0, 65535, "orgs that the item is for")                                  \
	X(U64, delivered, 0, 0, 65535, "of them")                                                  \
	X(U64, seen, 0, 0, 65535, "of them")                                                       \
	X(U64, received, 0, 0, 65535, "of them")                                                   \
	X(U64, action, 0, 0, 65535, "of them")                                                     \
	X(U64, attested, 0, 0, 65535, "of them, by telephone and not by a receipt")

#define KAI_RECEIPT_ENTRY(X)                                                                       \
	X(FIX, id, 32, 0, 0, "of the item")                                                        \
	X(U64, level, 0, 0, 255, "1 delivered, 2 seen, 3 received, 4 action, 5 forwarded")         \
	X(U64, at, 0, 1, KAI_MAX_TIME_MS, "when it was reached; forwarded: counted")               \
	X(U64, action, 0, 0, 255,                                                                  \
	  "of level 4: 1 not affected, 2 checking, 3 affected, 4 mitigated; else 0")               \
	X(STR, role, 0, 0, KAI_MAX_SHORT, "levels 2 to 4: in which role a person said so")         \
	X(STR, note, 0, 0, KAI_MAX_TEXT, "levels 2 to 4")                                          \
	X(MAYBE, forwarded, rollup, 0, 0, "of level 5: the signer's constituency")                 \
	X(MAYBE, below, rollup, 0, 0, "of level 5: what those said of theirs")

/* What one org says to one other about items that this one gave or offered it. */
#define KAI_RECEIPT(X)                                                                             \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, realm, 16, 0, 0, "")                                                                \
	X(FIX, org, 32, 0, 0, "who says so")                                                       \
	X(FIX, to, 32, 0, 0, "to whom; of no use to others")                                       \
	X(U64, at, 0, 1, KAI_MAX_TIME_MS, "when it was signed")                                    \
	X(FIX, head, 32, 0, 0, "hash of the newest entry of the signer's journal; zeros: none")    \
	X(LIST, entries, receipt_entry, 1, KAI_MAX_ENTRIES, "ascending by (id, level)")            \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* ---- bundle
 * ------------------------------------------------------------------------------------------------ */

/* What one org gives another in a file, where no link reaches: for that one alone, once. */
#define KAI_BUNDLE(X)                                                                              \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, realm, 16, 0, 0, "")                                                                \
	X(FIX, from, 32, 0, 0, "who wrote it")                                                     \
	X(FIX, to, 32, 0, 0, "whom it is for")                                                     \
	X(U64, number, 0, 1, UINT64_MAX >> 1,                                                      \
	  "max(previous one to that org + 1, unix seconds rounded up); good once")                 \
	X(FIX, agreement, 32, 0, 0, "digest of the one under which it was written")                \
	X(BINS, cards, KAI_MAX_SIGNED_BODY + 256, 0, KAI_MAX_BUNDLE_CARDS,                         \
	  "signed: the writer's, and of origins of the advisories")                                \
	X(BINS, memberships, 1024, 0, KAI_MAX_BUNDLE_MEMBERS,                                      \
	  "signed: the writer's own, and as keeper what concerns that org")                        \
	X(BINS, evidence, 8192, 0, KAI_MAX_BUNDLE_EVIDENCE, "signed releases of the advisories")   \
	X(LIST, advisories, advisory, 0, KAI_MAX_BUNDLE_ITEMS, "each once; wraps sealed for to")   \
	X(BINS, receipts, KAI_MAX_SIGNED_BODY + 256, 0, KAI_MAX_BUNDLE_RECEIPTS,                   \
	  "signed receipts to that org")                                                           \
	X(NUMS, heard, UINT64_MAX >> 1, 0, KAI_MAX_HEARD,                                          \
	  "numbers of that org's bundles that came here, ascending")                               \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* As signed, but of a bundle's size; in the realm that the body names. */
#define KAI_BUNDLE_FILE(X)                                                                         \
	X(BIN, body, 0, 1, KAI_MAX_BUNDLE, "exact bytes of bundle")                                \
	X(FIX, key, 32, 0, 0, "")                                                                  \
	X(FIX, sig, 64, 0, 0, "over context, realm and H(context, realm, body)")

/* What an org says of a file with all that it holds of an incident. */
#define KAI_CASE_SEAL(X)                                                                           \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(FIX, org, 32, 0, 0, "whose file it is")                                                  \
	X(U64, at, 0, 1, KAI_MAX_TIME_MS, "when it was sealed")                                    \
	X(FIX, thread, 32, 0, 0, "id of the incident's first report")                              \
	X(U64, lines, 0, 1, UINT64_MAX >> 1, "before the seal")                                    \
	X(FIX, digest, 32, 0, 0, "of the last of them")                                            \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* ---- agreement
 * ---------------------------------------------------------------------------------------------- */

#define KAI_COMMUNITY(X)                                                                           \
	X(FIX, keeper, 32, 0, 0, "")                                                               \
	X(STR, name, 0, 1, KAI_MAX_SHORT, "")

/* What the agreement says a side is. Policy reads it here, never from a card. */
#define KAI_PARTY(X)                                                                               \
	X(FIX, org, 32, 0, 0, "org id, the root key that both compared by fingerprint")            \
	X(STR, name, 0, 1, KAI_MAX_NAME, "")                                                       \
	X(STR, country, 0, 2, 2, "")                                                               \
	X(STRS, sectors, KAI_MAX_SHORT, 0, KAI_MAX_SECTORS, "ascending")                           \
	X(BOOL, government, 0, 0, 0, "")                                                           \
	X(BOOL, may_introduce, 0, 0, 0, "may bring the cards of origins it relays")

/* What one side may send to the other. */
#define KAI_DIRECTION(X)                                                                           \
	X(NUMS, kinds, 255, 0, 32, "kinds that may pass, ascending")                               \
	X(STRS, sectors, KAI_MAX_SHORT, 0, KAI_MAX_SECTORS, "ascending, or the one entry *")       \
	X(U64, ceiling, 0, 0, 255,                                                                 \
	  "most restricted TLP that may pass: 3 lets AMBER, GREEN, "                               \
	  "CLEAR pass")                                                                            \
	X(BOOL, constituency, 0, 0, 0, "the receiver is the sender's constituency")                \
	X(LIST, communities, community, 0, 16,                                                     \
	  "whose memberships of the receiver count; "                                              \
	  "ascending by (keeper, name)")                                                           \
	X(U64, onward, 0, 0, 255, "narrows how the receiver passes on what came this way")         \
	X(U64, attribution, 0, 0, 255, "as in a label; a promise")                                 \
	X(U64, max_items_day, 0, 0, UINT64_MAX >> 1, "0: no limit")                                \
	X(U64, max_bytes_day, 0, 0, UINT64_MAX >> 1, "0: no limit")

#define KAI_DUTY(X)                                                                                \
	X(U64, side, 0, 0, 1, "who owes it: 0 a, 1 b")                                             \
	X(NUMS, kinds, 255, 1, 32, "trigger: an item of these kinds …")                            \
	X(U64, urgency, 0, 0, 255, "… this urgent or more")                                        \
	X(U64, action, 0, 0, 255, "1 pass to target, 2 answer, 3 report to the other side")        \
	X(LIST, target, audience_entry, 0, 16, "orgs and communities; empty: constituency")        \
	X(U64, within_ms, 0, 1, 365ULL * 86400000, "")                                             \
	X(BOOL, report_back, 0, 0, 0, "")

#define KAI_ACK_DEADLINE(X)                                                                        \
	X(U64, urgency, 0, 0, 255, "")                                                             \
	X(U64, level, 0, 0, 255, "1 delivered, 2 seen, 3 received, 4 action")                      \
	X(U64, within_ms, 0, 1, 365ULL * 86400000, "")

#define KAI_CONTACT(X)                                                                             \
	X(U64, side, 0, 0, 1, "0 a, 1 b")                                                          \
	X(STR, role, 0, 1, KAI_MAX_SHORT, "duty, deputy, decider, …")                              \
	X(STR, name, 0, 0, KAI_MAX_NAME, "")                                                       \
	X(STR, first, 0, 1, KAI_MAX_TEXT, "first channel: tel:, mailto:, …")                       \
	X(STR, second, 0, 1, KAI_MAX_TEXT, "another route")                                        \
	X(STR, hours, 0, 0, KAI_MAX_SHORT, "when reached: section 8")

#define KAI_CONTINGENCY(X)                                                                         \
	X(FIX, from, 32, 0, 0, "origin whose items may pass")                                      \
	X(FIX, to, 32, 0, 0, "org that they are for")                                              \
	X(NUMS, kinds, 255, 1, 32, "")                                                             \
	X(U64, after_ms, 0, 0, 365ULL * 86400000, "link or peer down for so long")                 \
	X(U64, longest_ms, 0, 1, 365ULL * 86400000, "")                                            \
	X(U64, pause_ms, 0, 0, 365ULL * 86400000, "before the next opening")

#define KAI_TERMS(X)                                                                               \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(OBJ, a, party, 0, 0, "the party with the lower org id")                                  \
	X(OBJ, b, party, 0, 0, "")                                                                 \
	X(U64, serial, 0, 1, UINT64_MAX >> 1, "")                                                  \
	X(OPT, predecessor, 0, 0, 0, "digest of the agreement that this one replaces")             \
	X(U64, valid_from, 0, 1, KAI_MAX_TIME_MS, "")                                              \
	X(U64, valid_until, 0, 1, KAI_MAX_TIME_MS, "sending stops at this instant, both ways")     \
	X(U64, review_by, 0, 0, KAI_MAX_TIME_MS, "0: none")                                        \
	X(U64, signers, 0, 1, 4, "signatures asked on an alert")                                   \
	X(OBJ, a_to_b, direction, 0, 0, "")                                                        \
	X(OBJ, b_to_a, direction, 0, 0, "")                                                        \
	X(LIST, duties, duty, 0, 32, "")                                                           \
	X(LIST, acks, ack_deadline, 0, 16, "")                                                     \
	X(LIST, contacts, contact, 0, 32, "")                                                      \
	X(LIST, contingency, contingency, 0, 16, "")                                               \
	X(BOOL, contingency_only, 0, 0, 0, "nothing passes but what a clause carries")             \
	X(U64, drill_consent, 0, 0, 255, "0 none, 1 comcheck, 2 drills")                           \
	X(U64, retention_days, 0, 0, 36500, "0: as labelled")                                      \
	X(EXT, ext, 0, 0, KAI_MAX_EXT, "")

/* Signatures without a path, by decider keys; one: proposed, one of each party: agreed. */
#define KAI_PARTY_SIGNATURE(X)                                                                     \
	X(FIX, org, 32, 0, 0, "")                                                                  \
	X(FIX, key, 32, 0, 0, "")                                                                  \
	X(FIX, sig, 64, 0, 0, "")

#define KAI_AGREEMENT(X)                                                                           \
	X(BIN, terms, 0, 1, KAI_MAX_TERMS, "exact bytes; digest = H(agreement, terms)")            \
	X(LIST, signatures, party_signature, 1, 2, "ascending by org")

/* A .kagree file: the agreement and what the other side needs to use it. */
#define KAI_AGREE_FILE(X)                                                                          \
	X(U64, version, 0, 1, 255, "1")                                                            \
	X(BIN, agreement, 0, 1, KAI_MAX_TERMS + 1024, "")                                          \
	X(BIN, card, 0, 0, KAI_MAX_SIGNED_BODY + 256, "of who wrote the file; empty: none")        \
	X(BIN, record, 0, 0, KAI_MAX_SIGNED_BODY + 256, "node record of who wrote it")             \
	X(BINS, memberships, 1024, 0, 64, "")

/* Every object above in dependency order: X(struct name, LIST NAME, context that prints as its
 * section) */
#define KAI_X_SIGNED(X)                                                                            \
	X(audience_entry, KAI_AUDIENCE_ENTRY)                                                      \
	X(label, KAI_LABEL)                                                                        \
	X(part_entry, KAI_PART_ENTRY)                                                              \
	X(header, KAI_HEADER)                                                                      \
	X(class, KAI_CLASS)                                                                        \
	X(tree_path, KAI_TREE_PATH)                                                                \
	X(signature, KAI_SIGNATURE)                                                                \
	X(part_blob, KAI_PART_BLOB)                                                                \
	X(wrap, KAI_WRAP)                                                                          \
	X(advisory, KAI_ADVISORY)                                                                  \
	X(opening, KAI_OPENING)                                                                    \
	X(signed, KAI_SIGNED)                                                                      \
	X(card_key, KAI_CARD_KEY)                                                                  \
	X(revocation, KAI_REVOCATION)                                                              \
	X(card, KAI_CARD)                                                                          \
	X(node_key, KAI_NODE_KEY)                                                                  \
	X(node_record, KAI_NODE_RECORD)                                                            \
	X(membership, KAI_MEMBERSHIP)                                                              \
	X(notice, KAI_NOTICE)                                                                      \
	X(release, KAI_RELEASE)                                                                    \
	X(drill, KAI_DRILL)                                                                        \
	X(drill_say, KAI_DRILL_SAY)                                                                \
	X(rollup, KAI_ROLLUP)                                                                      \
	X(receipt_entry, KAI_RECEIPT_ENTRY)                                                        \
	X(receipt, KAI_RECEIPT)                                                                    \
	X(bundle, KAI_BUNDLE)                                                                      \
	X(bundle_file, KAI_BUNDLE_FILE)                                                            \
	X(case_seal, KAI_CASE_SEAL)                                                                \
	X(community, KAI_COMMUNITY)                                                                \
	X(party, KAI_PARTY)                                                                        \
	X(direction, KAI_DIRECTION)                                                                \
	X(duty, KAI_DUTY)                                                                          \
	X(ack_deadline, KAI_ACK_DEADLINE)                                                          \
	X(contact, KAI_CONTACT)                                                                    \
	X(contingency, KAI_CONTINGENCY)                                                            \
	X(terms, KAI_TERMS)                                                                        \
	X(party_signature, KAI_PARTY_SIGNATURE)                                                    \
	X(agreement, KAI_AGREEMENT)                                                                \
	X(agree_file, KAI_AGREE_FILE)

#define X(object, list) KAI_STRUCT(object, list);
KAI_X_SIGNED(X)
#undef X

#endif
