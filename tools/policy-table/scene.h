/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scene is one combination of everything that the decision reads, told in few words: which TLP,
 * which form of audience, which relation. It builds the facts for kai_policy_decide; the generator
 * of docs/policy-table.md and the exhaustive tests share it. It decides nothing itself. A stage
 * owns the memory that the facts point into.
 */
#ifndef KAIRAN_POLICY_SCENE_H
#define KAIRAN_POLICY_SCENE_H

#include "kairan/policy.h"
#include "kairan/frames.h"

/*
 * X(NAME, "words", entries). Entries: o peer named, h holder named, s stranger named, c community
 * of the peer, d of the holder, n of nobody, u of the peer but not recognised, w recognised only in
 * the other direction, k kept by the peer, l kept by the holder, S sector of the peer, T another
 * sector, C country of the peer, D another country, ? an unknown type, ! a malformed entry, 2 one
 * entry twice.
 */
#define SCENE_X_FORM(X)                                                                            \
	X(EMPTY, "empty", "")                                                                      \
	X(PEER, "the peer", "o")                                                                   \
	X(HOLDER, "the holder", "h")                                                               \
	X(STRANGER, "another org", "s")                                                            \
	X(COMMUNITY, "a community of the peer", "c")                                               \
	X(HOLDERS, "a community of the holder", "d")                                               \
	X(NOBODY, "a community of others", "n")                                                    \
	X(UNRECOGNISED, "a community of the peer, not recognised", "u")                            \
	X(WRONG_WAY, "a community of the peer, recognised for the holder only", "w")               \
	X(KEPT_BY_PEER, "a community kept by the peer", "k")                                       \
	X(KEPT_BY_HOLDER, "a community kept by the holder", "l")                                   \
	X(SECTOR, "the peer's sector", "S")                                                        \
	X(OTHER_SECTOR, "another sector", "T")                                                     \
	X(COUNTRY, "the peer's country", "C")                                                      \
	X(OTHER_COUNTRY, "another country", "D")                                                   \
	X(BOTH, "the peer's sector and country", "SC")                                             \
	X(SECTOR_ONLY, "the peer's sector, another country", "SD")                                 \
	X(COUNTRY_ONLY, "another sector, the peer's country", "TC")                                \
	X(PEER_COMMUNITY, "the peer and its community", "oc")                                      \
	X(HOLDER_COMMUNITY, "the holder and the peer's community", "hc")                           \
	X(HOLDER_SECTOR, "the holder and the peer's sector", "hS")                                 \
	X(UNKNOWN, "an unknown type", "?")                                                         \
	X(MALFORMED, "a malformed entry", "!")                                                     \
	X(TWICE, "one entry twice", "2")

enum scene_form {
#define X(name, words, entries) SCENE_##name,
	SCENE_X_FORM(X)
#undef X
		SCENE_FORM_END
};
const char *scene_form_words(enum scene_form form);
const char *scene_form_entries(enum scene_form form);

struct scene_label {
	uint64_t tlp;
	enum scene_form form;
	uint64_t onward;
	uint64_t gov_share;
};

enum scene_relation { SCENE_FROM_ORIGIN, SCENE_FROM_HOLDER, SCENE_TO_ORIGIN };
enum scene_kind { SCENE_KIND_LISTED, SCENE_KIND_UNLISTED, SCENE_KIND_UNKNOWN, SCENE_KIND_RETRACT };
enum scene_sector {
	SCENE_SECTOR_LISTED,
	SCENE_SECTOR_UNLISTED,
	SCENE_SECTOR_STAR,	/* the agreement says * */
	SCENE_SECTOR_NONE,	/* the item names none, the agreement lists some */
	SCENE_SECTOR_NONE_STAR, /* the item names none, the agreement says * */
	SCENE_SECTOR_END
};

/* X(NAME, "words"): what the contingency mark says */
#define SCENE_X_MARK(X)                                                                            \
	X(NONE, "no mark")                                                                         \
	X(GOOD, "a mark of an open clause")                                                        \
	X(LAST, "a mark in the clause's last millisecond")                                         \
	X(LATE, "a mark one millisecond too late")                                                 \
	X(EARLY, "a mark opened in the future")                                                    \
	X(CLAUSE, "a mark of a clause that is not there")                                          \
	X(FROM, "a mark of a clause for another origin")                                           \
	X(TO, "a mark of a clause for another receiver")                                           \
	X(KIND, "a mark of a clause for other kinds")                                              \
	X(KNOWN, "a mark of the opening that is known")                                            \
	X(OVERLAP, "a mark opened again within an opening that is known")                          \
	X(PAUSE, "a mark opened one millisecond before the pause is over")                         \
	X(NEXT, "a mark opened as the pause is over")                                              \
	X(OLDER, "a mark of an opening before the one that is known")
enum scene_mark {
#define X(name, words) SCENE_MARK_##name,
	SCENE_X_MARK(X)
#undef X
		SCENE_MARK_END
};
const char *scene_mark_words(enum scene_mark mark);

/* X(NAME, "words"): which release came along; asked for part 1 */
#define SCENE_X_RELEASE(X)                                                                         \
	X(NONE, "no release")                                                                      \
	X(GOOD, "a release of this part")                                                          \
	X(OTHER, "a release of another part")                                                      \
	X(BEYOND, "a release of a part that is not there")                                         \
	X(EXPIRED, "a release that has expired")
enum scene_release {
#define X(name, words) SCENE_RELEASE_##name,
	SCENE_X_RELEASE(X)
#undef X
		SCENE_RELEASE_END
};
const char *scene_release_words(enum scene_release release);

#define SCENE_NOW 1800000000000LL /* inside the agreement's window and before the item's end */
#define SCENE_FROM (SCENE_NOW - KAI_MS_DAY)
#define SCENE_UNTIL (SCENE_NOW + KAI_MS_DAY)
#define SCENE_LONGEST KAI_MS_HOUR
#define SCENE_PAUSE KAI_MS_MINUTE

struct scene {
	struct scene_label label; /* of the header */
	bool has_part;		  /* part 1 is asked about, with … */
	struct scene_label part;
	enum scene_relation relation;
	bool constituency;
	bool abroad;
	bool government;
	uint64_t ceiling;
	uint64_t overlay;
	enum kai_agreement_state state;
	enum scene_kind kind;
	enum scene_sector sector;
	bool other_realm;
	bool no_members; /* no community is recognised, no statement there */
	bool reversed;	 /* the sender is the agreement's second party */
	enum scene_mark mark;
	bool contingency_only;
	enum scene_release release;
	struct scene_label released;
	bool target_passed;
	bool to_self;
	uint64_t exit_ceiling;
	int64_t now;	   /* 0: SCENE_NOW */
	int64_t item_end;  /* 0: SCENE_UNTIL */
	int64_t ended_ago; /* state EXPIRED: the agreement ended so long before now */
};

/* An item that passes: AMBER, the peer named, from its origin, under an agreement as wide as can
 * be. */
struct scene scene_plain(void);

struct scene_stage {
	struct kai_facts facts;
	struct kai_header header;
	struct kai_terms terms;
	struct kai_mark mark;
	struct kai_release_fact release;
	struct kai_label part, released;
	struct kai_audience_entry audience[3][2];
	struct kai_part_entry parts[3];
	struct kai_span item_sectors[1], direction_sectors[1], party_sectors[1];
	struct kai_community communities[2][6];
	struct kai_contingency clauses[4];
	uint64_t kinds[2], clause_kinds[2], other_kinds[1];
};
/* Fills the stage; its facts are ready for kai_policy_decide. */
void scene_build(const struct scene *scene, struct scene_stage *stage);
/* Both at once. */
struct kai_verdict scene_decide(const struct scene *scene);

#endif
