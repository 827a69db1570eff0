/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer or a user did wrong. A fault is not an error of ours: it has a stable name (logs,
 * counters, vectors, SPEC.md), a class that says what the receiver does about it, and costs its
 * sender. Classes (protocol section 5): COPY this copy is bad, another supplier may have a good
 * one; RULE final under this agreement; DEFER try again later; FRAME the frame itself is bad,
 * nothing of it was used.
 */
#ifndef KAIRAN_FAULT_H
#define KAIRAN_FAULT_H

#define KAI_X_FAULT(X)                                                                             \
	X(NONE, "none", FRAME, "no fault")                                                         \
	/* bytes */                                                                                \
	X(TRUNCATED, "truncated", FRAME, "ends inside a value")                                    \
	X(TRAILING, "trailing", FRAME, "has bytes after its end")                                  \
	X(TYPE, "wrong-type", FRAME, "a field has the wrong type")                                 \
	X(NOT_MINIMAL, "not-minimal", FRAME, "a number or length is not in its shortest form")     \
	X(COUNT, "wrong-count", FRAME, "an array has the wrong number of elements")                \
	X(LENGTH, "bad-length", FRAME, "a string is shorter or longer than allowed")               \
	X(RANGE, "out-of-range", FRAME, "a number is outside its range")                           \
	X(UTF8, "bad-utf8", FRAME, "text is not clean UTF-8")                                      \
	X(CRITICAL_EXT, "critical-ext", RULE, "needs an extension that this version lacks")        \
	X(EXT_ORDER, "ext-order", FRAME, "extensions are unordered or repeated")                   \
	X(TOO_MUCH, "too-much", FRAME, "asks for more memory than one message may")                \
	X(OVERSIZE, "oversize", FRAME, "is larger than any message may be")                        \
	X(VERSION, "unknown-version", FRAME, "has a version that this node does not speak")        \
	X(UNKNOWN_TYPE, "unknown-type", FRAME, "has a type that this node does not know")          \
	X(UNORDERED, "unordered", FRAME, "a set is not in order or holds one entry twice")         \
	X(ARMOUR, "bad-armour", FRAME, "the armoured text is damaged")                             \
	X(CHECKSUM, "bad-checksum", FRAME, "the checksum does not match: copied incompletely?")    \
	/* meaning */                                                                              \
	X(LABEL, "label-unreadable", RULE, "a label has an unknown or contradictory value")        \
	X(MEANING, "contradiction", RULE, "fields contradict one another")                         \
	X(REFERENCE, "reference", RULE, "refers to an item that this label may not name")          \
	X(BODY, "bad-body", RULE, "the main part does not fit its kind")                           \
	X(TIME, "bad-time", DEFER, "lies too far in the future by this clock")                     \
	/* keys and signatures */                                                                  \
	X(SIGNATURE, "bad-signature", COPY, "a signature does not verify")                         \
	X(NO_CARD, "no-card", DEFER, "the origin's card is not here")                              \
	X(OLD_CARD, "older-card", DEFER, "was made under a newer card than the one here")          \
	X(FROZEN, "origin-frozen", DEFER, "the origin's cards contradict one another")             \
	X(KEY, "key-not-in-card", COPY, "the signing key does not stand in the origin's card")     \
	X(KEY_ROLE, "key-role", COPY, "the signing key may not sign this")                         \
	X(KEY_WINDOW, "key-window", COPY, "the signing key was not valid then")                    \
	X(KEY_REVOKED, "key-revoked", COPY, "the signing key was revoked")                         \
	X(SIGNERS, "too-few-signers", DEFER, "needs another signer")                               \
	/* parts */                                                                                \
	X(HASH, "bad-hash", COPY, "a part does not match its hash in the header")                  \
	X(NO_WRAP, "no-wrap", COPY, "a part came without a wrap for this org")                     \
	X(WRAP, "bad-wrap", COPY, "a wrap does not open")                                          \
	X(KEY_COMMITMENT, "key-commitment", COPY, "the part key is not the one committed to")      \
	X(LABEL_COMMITMENT, "label-commitment", COPY, "the label is not the one committed to")     \
	X(PART, "bad-part", COPY, "a part does not open")                                          \
	X(PADDING, "bad-padding", COPY, "a part is not padded as its size says")                   \
	/* conduct */                                                                              \
	X(UNWANTED, "unwanted", COPY, "sent what was neither wanted nor to be pushed")             \
	X(SEQUENCE, "sequence", FRAME, "does not fit the state of the link")                       \
	X(QUOTA, "quota", DEFER, "is over its quota")                                              \
	X(STORAGE, "storage", DEFER, "this node cannot store now")                                 \
	X(REPLAY, "replay", RULE, "was taken before, and is good once only")                       \
	X(MISDIRECTED, "misdirected", RULE, "is for another organisation")                         \
	X(REALM, "realm", RULE, "belongs to another realm")                                        \
	X(MARK, "contingency-mark", RULE, "is marked by no contingency clause that is open")       \
	X(POLICY, "policy", RULE, "the rules do not allow it")                                     \
	X(RETRACTED, "retracted", RULE, "was retracted by its origin")                             \
	X(EXPIRED, "expired", RULE, "is past its end")

enum kai_fault {
#define X(name, word, klass, text) KAI_FAULT_##name,
	KAI_X_FAULT(X)
#undef X
		KAI_FAULT_END
};

/* Wire values of the class in a refuse frame are 1 to 3; FRAME is never sent. */
enum kai_fault_class {
	KAI_CLASS_FRAME = 0,
	KAI_CLASS_RULE = 1,
	KAI_CLASS_DEFER = 2,
	KAI_CLASS_COPY = 3
};

const char *kai_fault_name(enum kai_fault fault); /* "bad-signature"; "?" outside the list */
const char *kai_fault_text(enum kai_fault fault); /* "a signature does not verify" */
enum kai_fault_class kai_fault_class(enum kai_fault fault);

#endif
