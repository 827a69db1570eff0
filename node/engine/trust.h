/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rooms about trust share (trust.c, book.c, cards.c, signers.c, member.c, pact.c, agree.c, pair.c):
 * reading what the store holds about orgs and agreements, and taking in what comes, whether by link
 * or by file. What lies in the store was verified when it went in, so reading decodes and does not
 * verify again. Everything returned lies in the turn's scratch. One thread per engine.
 */
#ifndef KAIRAN_ENGINE_TRUST_H
#define KAIRAN_ENGINE_TRUST_H

#include "private.h"

/* Serials and numbers count unix seconds: one further ahead than this is deferred. */
#define KAI_SERIAL_AHEAD_S 86400
#define KAI_MAX_PROPOSALS 8    /* of one org, waiting for a person */
#define KAI_MAX_COMMUNITIES 64 /* of one keeper, whose statements about us we keep */

/* ---- book.c: reading
 * ---------------------------------------------------------------------------------------------------
 */

/* A card as the store has it. */
struct kai_known_card {
	struct kai_card_rec rec;
	struct kai_card card;
	struct kai_span body; /* what its root signed */
};
bool kai_book_card(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
		   struct kai_known_card *ret);
/* Few ask for it. */
void kai_book_card_digest(const struct kai_known_card *known, uint8_t ret[KAI_ID_LEN]);
/* The card in these signed bytes, not verified again. */
bool kai_book_card_bytes(struct kai_span bytes, struct kai_arena *arena, struct kai_card *ret,
			 uint8_t ret_digest[KAI_ID_LEN]);
/* Newest node record; ret_bytes are the signed bytes. */
bool kai_book_record(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
		     struct kai_span *ret_bytes, struct kai_node_record *ret,
		     uint8_t ret_digest[KAI_ID_LEN]);
bool kai_book_membership(struct kai_txn *txn, const struct kai_community *community,
			 const uint8_t org[KAI_ID_LEN], struct kai_arena *arena,
			 struct kai_span *ret_bytes, struct kai_membership *ret);
/* Newest notice of a side; action 0 and number 0 when there is none. */
bool kai_book_notice(struct kai_txn *txn, const uint8_t agreement[KAI_ID_LEN],
		     const uint8_t org[KAI_ID_LEN], struct kai_arena *arena,
		     struct kai_span *ret_bytes, struct kai_notice *ret);

/* One stored agreement. */
struct kai_pact {
	uint8_t org[KAI_ID_LEN]; /* the other side */
	struct kai_agree_rec rec;
	struct kai_agreement_read read;
	enum kai_agreement_state state;
};
bool kai_book_pact(struct kai_txn *txn, const uint8_t org[KAI_ID_LEN],
		   const uint8_t digest[KAI_ID_LEN], struct kai_wall now, struct kai_arena *arena,
		   struct kai_pact *ret);
/* Walks the agreements with one org, or with all (org NULL). The caller may set arena->used back
 * between. */
struct kai_pact_scan {
	struct kai_scan scan;
	struct kai_wall now;
	struct kai_arena *arena;
};
void kai_pacts_init(struct kai_pact_scan *scan, struct kai_txn *txn, const uint8_t *org,
		    struct kai_wall now, struct kai_arena *arena);
bool kai_pacts_next(struct kai_pact_scan *scan, struct kai_pact *ret);
/* Both parties signed. */
bool kai_pact_agreed(const struct kai_agreement_read *read);

/* Does either direction recognise this community? */
bool kai_terms_recognise(const struct kai_terms *terms, const uint8_t keeper[KAI_ID_LEN],
			 struct kai_span name);

/* The two instants around now between which nothing changes by itself. */
struct kai_instants {
	int64_t now;
	int64_t before; /* last one that was reached; 0 when none */
	int64_t after;	/* next one; INT64_MAX when none */
};
void kai_instant_add(struct kai_instants *instants, uint64_t at_ms);
/* Where the windows of its newest card's keys begin and end. */
void kai_instants_card(struct kai_instants *instants, struct kai_turn *turn,
		       const uint8_t org[KAI_ID_LEN]);
void kai_instants_pact(struct kai_instants *instants, const struct kai_terms *terms);
/* Windows of the statements about both parties in the communities that the terms recognise. */
void kai_instants_members(struct kai_instants *instants, struct kai_txn *txn,
			  const struct kai_terms *terms, struct kai_arena *arena);

/* Copies into scratch; the empty span when it does not fit. */
struct kai_span kai_turn_copy(struct kai_turn *turn, struct kai_span bytes);
/* false: our card does not let this key speak now. */
bool kai_turn_may_sign(struct kai_turn *turn, const struct kai_sign_pair *pair, uint64_t role);
void kai_turn_journal(struct kai_turn *turn, const char *event, const uint8_t *org,
		      const uint8_t *id, const char *rule);

/* ---- cards.c
 * ------------------------------------------------------------------------------------------------------
 */

/*
 * Takes a card in. how: KAI_CARD_FINGERPRINT, OWN or INTRODUCED (then by is the introducer).
 * SIGNATURE and the like from opening; TIME (serial more than a day ahead), FROZEN (contradicts
 * another, or is frozen), NONE (taken, or known, or older). ret_new: it became the newest.
 */
enum kai_fault kai_card_take(struct kai_turn *turn, struct kai_span bytes, uint64_t how,
			     const uint8_t *by, bool *ret_new);
/* The same for the node record of this org: MEANING when it is another's, or contradicts. */
enum kai_fault kai_record_take(struct kai_turn *turn, struct kai_span bytes,
			       const uint8_t org[KAI_ID_LEN], bool *ret_new);
/* Does the agreement let us bring the cards of others? */
bool kai_trust_may_introduce(struct kai_turn *turn, struct kai_link *link);
/* After a connection: newer cards of those origins whose items this peer holds from us. */
void kai_cards_catch_up(struct kai_turn *turn, struct kai_link *link);

/* ---- signers.c
 * --------------------------------------------------------------------------------------------------
 */

/* A card came in that revokes keys: marks what an origin signed with them since they fell into other hands. before: the
 * card that it replaces. */
void kai_trust_revoked(struct kai_turn *turn, const struct kai_card *card,
		       const struct kai_card *before);

/* ---- member.c
 * -----------------------------------------------------------------------------------------------------
 */

/* Takes a statement in. from: the org that brought it, NULL for a file. NO_CARD, UNWANTED (nobody
 * asked), QUOTA, or what opening finds; NONE: taken, or known, or older. */
enum kai_fault kai_member_take(struct kai_turn *turn, struct kai_span bytes, const uint8_t *from,
			       bool *ret_new);
/* My own current statements that the terms recognise, and as keeper those about the peer, then the
 * withdrawals of others: what concerns it. bytes live for the call. */
typedef void (*kai_member_fn)(struct kai_turn *turn, struct kai_link *link, struct kai_span bytes,
			      void *context);
void kai_members_each(struct kai_turn *turn, struct kai_link *link, const struct kai_terms *terms,
		      kai_member_fn give, void *context);
/* Sends my own current statements that the terms recognise, and as keeper those about the peer and
 * the withdrawals of others. */
void kai_members_present(struct kai_turn *turn, struct kai_link *link,
			 const struct kai_terms *terms);
/* My own current statements that the terms recognise, for a file. */
size_t kai_members_mine(struct kai_turn *turn, const struct kai_terms *terms, struct kai_span *ret,
			size_t cap);

/* ---- pact.c
 * -------------------------------------------------------------------------------------------------------
 */

/* Opens an agreement between me and one other org and checks its signatures by both cards. MEANING:
 * I am no party; NO_CARD: the other's card is not here; else as kai_agreement_open. ret_org is set
 * once the terms are readable, also with a fault. */
enum kai_fault kai_pact_open(struct kai_turn *turn, struct kai_span bytes,
			     struct kai_agreement_read *ret, uint8_t ret_org[KAI_ID_LEN]);
unsigned kai_pact_my_bit(const struct kai_turn *turn, const struct kai_terms *terms);
/* Stores what was opened, journals it, marks what it replaces, tells everybody. */
void kai_pact_store(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
		    const struct kai_agreement_read *read, struct kai_span bytes);
/* Sets `replaced` on the predecessors of the one in force with an org. */
void kai_pact_settle(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN]);
void kai_pact_send(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t what,
		   struct kai_span bytes);

/* ---- trust.c
 * ------------------------------------------------------------------------------------------------------
 */

/* Drops caches; whether somebody has to be greeted again is looked at with the next timer. */
void kai_trust_touched(struct kai_turn *turn);
/* My card and node record changed: to everybody who is connected. */
void kai_trust_tell_own(struct kai_turn *turn);

/* ---- pair.c: what this connection has seen of others' cards
 * --------------------------------------------------------- */
struct kai_pair_cache *kai_pair_cache_get(struct kai_link *link); /* NULL: out of memory */
/* Remembers what stands between us as a hello goes out; did it change since? */
void kai_pair_greeted(struct kai_turn *turn, struct kai_link *link);
bool kai_pair_moved(struct kai_turn *turn, struct kai_link *link);
/* Serial of the origin's card that went to this peer, 0 when none did. */
uint64_t kai_introduced_serial(const struct kai_link *link, const uint8_t origin[KAI_ID_LEN]);
void kai_introduced_note(struct kai_link *link, const uint8_t origin[KAI_ID_LEN], uint64_t serial);
void kai_introduced_forget(struct kai_link *link);

/* ---- control.c
 * ----------------------------------------------------------------------------------------------------
 */

/* Fills a refusal: cli.md's exit code, the stable name of a rule or fault, and a sentence. */
void kai_answer(struct kai_turn *turn, struct kai_ctl_answer *ret, uint64_t code,
		const char *reason, const char *fmt, ...) KAI_PRINTF(5, 6);
/* The same from a fault, with its own sentence after what. */
void kai_answer_fault(struct kai_turn *turn, struct kai_ctl_answer *ret, uint64_t code,
		      enum kai_fault fault, const char *what);

#endif
