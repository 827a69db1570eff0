/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathers from the store the facts that the one decision needs, so that daemon and CLI ask with the
 * same ones. Reads only; decides nothing. Lives in node/store. One thread per transaction.
 */
#ifndef KAIRAN_FACTS_H
#define KAIRAN_FACTS_H

#include "kairan/card.h"
#include "kairan/policy.h"
#include "kairan/records.h"

/* What stands between this org and another now. */
struct kai_pair {
	uint8_t me[KAI_ID_LEN];
	uint8_t org[KAI_ID_LEN];
	uint16_t peer; /* number, 0 when it has none */
	/* That items between the two are of: the store's; live in a drill's store in which one of them takes
	 * no part, does not consent, or may not by their agreement. */
	uint8_t realm[KAI_REALM_LEN];
	bool has_terms;
	struct kai_agreement_read agreement; /* the one in force; else the newest of any state */
	enum kai_agreement_state state;
	const struct kai_member *members; /* current memberships of both orgs in communities that
					     the terms recognise */
	size_t member_count;
	uint8_t digest[KAI_ID_LEN]; /* over agreement digest, state, notices and memberships with
				       their numbers: changes when a verdict of either end may */
};

/*
 * Loads the pair at a time. Agreements: among those of the pair that both signed and whose window
 * holds, the highest serial, at equal serial the lower digest. Memberships are verified against the
 * keeper's card here. Everything in the arena.
 */
void kai_pair_load(struct kai_txn *txn, const uint8_t me[KAI_ID_LEN], const uint8_t org[KAI_ID_LEN],
		   struct kai_wall now, struct kai_arena *arena, struct kai_pair *ret);

/* What the store knows of an item, decoded once and asked about many times. */
struct kai_item_facts {
	uint64_t arrival;
	struct kai_item item;
	struct kai_header header;
	struct kai_label
		*part_labels; /* KAI_MAX_PARTS; meaningful for held parts whose opening was given */
	uint32_t labels_known; /* bit set */
	struct kai_span *
		openings; /* KAI_MAX_PARTS, of those: as they were sealed; NULL: nobody opened them */
	const struct kai_release_fact *releases;
	const struct kai_span *release_bytes; /* of each, as it was signed */
	size_t release_count;
	uint64_t overlay; /* widest onward rule among the supplies; ANY for own */
};

/*
 * What agreements say of passing on, by the peer's number and the agreement's digest: terms never change under their
 * digest, and no agreement leaves the store. Saves reading them for every item; zeros at its start, lives no longer
 * than what is believed of the store.
 */
#define KAI_ONWARD_KNOWN 16u
struct kai_onward_memo {
	struct kai_onward_known {
		bool is;
		uint16_t number;
		uint8_t agreement[KAI_ID_LEN];
		uint64_t onward;
	} at[KAI_ONWARD_KNOWN];
};

/* Item, header, verified releases and overlay. Part labels are the caller's to fill: they need the
 * retention key. */
bool kai_item_facts_load(struct kai_txn *txn, uint64_t arrival, struct kai_arena *arena,
			 struct kai_item_facts *ret);
/* The same, with what earlier ones found out. */
bool kai_item_facts_recall(struct kai_txn *txn, uint64_t arrival, struct kai_arena *arena,
			   struct kai_onward_memo *io_memo, struct kai_item_facts *ret);

/*
 * Does a stored release still open anything now: not over, its signer not revoked since? What it says was
 * verified when it was stored. Spans in the arena.
 */
bool kai_release_lives(struct kai_span stored, const struct kai_card *origin, struct kai_wall now,
		       struct kai_arena *arena);
/* How many of the item's do. */
size_t kai_releases_living(struct kai_txn *txn, uint64_t arrival, const struct kai_card *origin,
			   struct kai_wall now, struct kai_arena *arena);

/* The terms under which one supply came in, and which side of them brought it; the digest was checked when it came.
 * number: of the peer. false: not its own word any more, or none (an own item's). */
bool kai_supply_terms(struct kai_txn *txn, uint16_t number, const struct kai_supply *supply,
		      struct kai_arena *arena, struct kai_terms *ret, int *ret_side);

/* Did the target of this retraction pass between me and org, by SUPPLY or RELEASED (sent or
 * stored)? */
bool kai_target_passed(struct kai_txn *txn, const struct kai_header *retraction, uint16_t peer);

/* The newest opening of a clause of the pair's terms; false: none is known, or there is no such clause. */
bool kai_outage_known(struct kai_txn *txn, const struct kai_pair *pair, uint64_t clause,
		      enum kai_outage_side side, struct kai_arena *arena, struct kai_outage *ret);
/* Is it open then: neither closed, nor longer than the clause allows? */
bool kai_outage_holds(const struct kai_outage *opening, const struct kai_contingency *clause,
		      struct kai_wall now);

/*
 * Fills facts for a decision from one end of the pair to the other. outgoing: from me to org. Part
 * fields, mark, target_passed and now are set by the caller afterwards where they matter.
 */
void kai_facts_init(struct kai_facts *facts, const struct kai_pair *pair,
		    const struct kai_item_facts *item, bool outgoing, struct kai_wall now);

/* Verdict for the header and, as a bit set, the held parts whose label is known that may go to the
 * peer. */
struct kai_verdict kai_facts_parts(struct kai_facts *facts, const struct kai_item_facts *item,
				   uint32_t *ret_parts,
				   struct kai_verdict part_verdicts[KAI_MAX_PARTS]);

#endif
