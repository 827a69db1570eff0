/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one decision: may this header, or this part of it, pass from one org to another, now? Pure
 * and total: equal facts give equal verdicts, sender and receiver ask the same function, each with
 * its own facts, and every exit asks it. It gathers nothing (facts.h does), remembers nothing,
 * allocates nothing. Normative text: SPEC.md section 6.
 */
#ifndef KAIRAN_POLICY_H
#define KAIRAN_POLICY_H

#include "kairan/agreement.h"
#include "kairan/frames.h"

/*
 * Rules in the order in which they are asked; the first that fails is the reason. X(NAME,
 * "stable-name"). Their sentences are in the catalogues (tools/kairan), en and ja.
 */
#define KAI_X_RULE(X)                                                                              \
	X(REALM, "realm")                                                                          \
	X(AGREEMENT, "agreement") /* none, proposed, future, suspended, expired, terminated */     \
	X(KIND, "kind")                                                                            \
	X(SECTOR, "sector")                                                                        \
	X(EXPIRED, "expired")                                                                      \
	X(LABEL, "label")                                                                          \
	X(CEILING, "ceiling")                                                                      \
	X(AUDIENCE, "audience")                                                                    \
	X(TLP, "tlp-onward")                                                                       \
	X(ONWARD, "onward")                                                                        \
	X(ABROAD, "abroad")                                                                        \
	X(GOVERNMENT, "government")                                                                \
	/* why something may pass */                                                               \
	X(OK_ORIGIN, "to-origin")                                                                  \
	X(OK_CLEAR, "clear")                                                                       \
	X(OK_ORG, "org-named")                                                                     \
	X(OK_COMMUNITY, "community-member")                                                        \
	X(OK_SECTOR, "sector-country")                                                             \
	X(OK_CONSTITUENCY, "constituency")                                                         \
	X(OK_RELEASE, "release")                                                                   \
	X(OK_CONTINGENCY, "contingency")                                                           \
	X(OK_RETRACTION, "retraction-follows")                                                     \
	X(OK_SELF, "own")

enum kai_rule {
#define X(name, word) KAI_RULE_##name,
	KAI_X_RULE(X)
#undef X
		KAI_RULE_END
};
const char *kai_rule_name(enum kai_rule rule); /* "audience"; "?" outside the list */

/* A membership that was verified and is current and not withdrawn. */
struct kai_member {
	const uint8_t *org;
	const uint8_t *keeper;
	struct kai_span name;
};

/* A release whose signature and signer were verified. */
struct kai_release_fact {
	uint8_t index;
	const struct kai_label *label;
	struct kai_wall expires;
};

struct kai_facts {
	const struct kai_header *header;
	const uint8_t *id;		    /* 32 bytes */
	const struct kai_label *part_label; /* NULL: the header itself is asked about */
	uint8_t part_index;		    /* meaningful with part_label */
	const uint8_t *from;
	const uint8_t *to;
	const struct kai_terms *terms; /* between from and to; NULL when there are none */
	enum kai_agreement_state state;
	struct kai_wall
		expired_at; /* valid_until, for the 30 days of retractions; 0 when not expired */
	const struct kai_member *members;
	size_t member_count;
	const struct kai_release_fact *releases;
	size_t release_count;
	const struct kai_mark
		*mark; /* contingency mark that the sender sets and sends; NULL: none */
	uint64_t
		opened; /* with a mark: opened_at of the newest opening of that clause that is known;
			       0: none */
	bool target_passed; /* a retraction whose target passed between from and to */
	uint64_t overlay;   /* enum kai_onward: narrowest rule under which from got it; ANY for own
			       items */
	const uint8_t *realm; /* of the store and link that ask */
	struct kai_wall now;
	uint64_t exit_ceiling; /* local exits (from == to == own org): most restricted TLP; 0: not a
				  local exit */
};

struct kai_verdict {
	bool allow;
	enum kai_rule rule;
};

/* Is the mark of a clause of these terms for this origin, receiver, kind and moment? Without a mark: no. */
bool kai_policy_marked(const struct kai_facts *facts);
/* Never fails; an unknown value anywhere denies. */
struct kai_verdict kai_policy_decide(const struct kai_facts *facts);

#endif
