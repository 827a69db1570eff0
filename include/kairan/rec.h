/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing what records.h lays out, inside a transaction of the store (store.h). No policy: what may be
 * written is its caller's to know. One thread a transaction; what is read lives in the caller's arena.
 */
#ifndef KAIRAN_REC_H
#define KAIRAN_REC_H

#include "kairan/records.h"

/* ---- any record by its object
 * ------------------------------------------------------------------------------------ */

/*
 * Decodes into *ret. false: absent, or damaged (then the transaction is CORRUPT), or the arena is too
 * small (NOMEM). The record's bytes are copied into the arena first and live as long as it does,
 * through writes: all but those of PARTS, which are too large for that and live until the next write
 * in this transaction.
 */
bool kai_rec_get(struct kai_txn *txn, enum kai_table table, const struct kai_key *key,
		 const struct kai_object *object, struct kai_arena *arena, void *ret);
/* Encodes through an internal buffer; a record outside its bounds is our bug and asserts. PARTS that
 * kai_rec_get gave may not be put again without a copy. */
void kai_rec_put(struct kai_txn *txn, enum kai_table table, const struct kai_key *key,
		 const struct kai_object *object, const void *record);

/* ---- items
 * ----------------------------------------------------------------------------------------------------
 */

bool kai_rec_arrival(struct kai_txn *txn, const uint8_t id[KAI_ID_LEN], uint64_t *ret);
bool kai_rec_item(struct kai_txn *txn, uint64_t arrival, struct kai_arena *arena,
		  struct kai_item *ret);
/* Appends the item and its index entries; header is the decoded form of item->header. Returns the
 * arrival number. */
uint64_t kai_rec_item_add(struct kai_txn *txn, const struct kai_item *item,
			  const struct kai_header *header);
/* Rewrites an item in place (flags, held, signatures; id and header must be the same). */
void kai_rec_item_put(struct kai_txn *txn, uint64_t arrival, const struct kai_item *item);
/* Appends a log entry that points at an item that changed, so that every peer's position meets it
 * again. */
void kai_rec_touch(struct kai_txn *txn, uint64_t arrival);
/* Removes an item with its parts, indexes, supply, released, evidence, pending, receipts and what is
 * owed of it; leaves a stub. */
void kai_rec_item_del(struct kai_txn *txn, uint64_t arrival, const struct kai_stub *stub);
/* Last arrival number that was ever given, 0 when none was: deletions do not lower it, so that a
 * position never points at another item than it did. */
uint64_t kai_rec_head(struct kai_txn *txn);
/* For a store that was put back from a backup, before a node starts on it: forgets its epoch, so that the
 * node draws a new one and peers hold nothing that they know of the lost end for stored here. Writes. */
KAI_MUST_USE enum kai_err kai_store_renew_epoch(struct kai_store *store, struct kai_why *why);
/* The next log entry after *io_position (an item or a touch): moves it there and tells the item.
 * false at the end. Touches of items that are gone are passed over. */
bool kai_rec_log_next(struct kai_txn *txn, uint64_t *io_position, uint64_t *ret_arrival);

/*
 * Walks an index newest first or oldest first, from arrival `from` (inclusive; 0: the end that the
 * direction starts at). Indexes hold 8 bytes of an org or of a sector's hash and 16 of a thread: what
 * they give is a candidate to compare. Survives writes like a scan.
 */
struct kai_index_scan {
	struct kai_scan scan;
};
void kai_index_thread(struct kai_index_scan *scan, struct kai_txn *txn,
		      const uint8_t thread[KAI_ID_LEN], bool newest_first);
void kai_index_thread_from(struct kai_index_scan *scan, struct kai_txn *txn,
			   const uint8_t thread[KAI_ID_LEN], uint64_t from, bool newest_first);
void kai_index_origin(struct kai_index_scan *scan, struct kai_txn *txn,
		      const uint8_t org[KAI_ID_LEN], uint64_t from, bool newest_first);
void kai_index_sector(struct kai_index_scan *scan, struct kai_txn *txn, struct kai_span sector,
		      uint64_t from, bool newest_first);
void kai_index_kind(struct kai_index_scan *scan, struct kai_txn *txn, uint64_t kind, uint64_t from,
		    bool newest_first);
void kai_index_end(struct kai_index_scan *scan, struct kai_txn *txn); /* by end, oldest first */
void kai_index_all(struct kai_index_scan *scan, struct kai_txn *txn, uint64_t from,
		   bool newest_first);
bool kai_index_next(struct kai_index_scan *scan, uint64_t *ret_arrival);

/* ---- peers, cards, journal
 * -------------------------------------------------------------------------------------- */

bool kai_rec_peer(struct kai_txn *txn, const uint8_t org[KAI_ID_LEN], struct kai_arena *arena,
		  struct kai_peer *ret);
/* Gives the org the next number, from 1, when it has none; *ret is its record then. One that has a
 * number keeps its alias. FULL after 65,535. */
void kai_rec_peer_add(struct kai_txn *txn, const uint8_t org[KAI_ID_LEN], struct kai_span alias,
		      struct kai_arena *arena, struct kai_peer *ret);
void kai_rec_peer_put(struct kai_txn *txn, const struct kai_peer *peer);
/* The newest accepted card of an org. */
bool kai_rec_card(struct kai_txn *txn, const uint8_t org[KAI_ID_LEN], struct kai_arena *arena,
		  struct kai_card_rec *ret);

/* ---- drills; of a drill's store and of the live one alike
 * ---------------------------------------------------------------------------------------------------
 */

/* DRILLS; what 0: the drill itself. */
struct kai_key kai_key_drill(const uint8_t realm[KAI_REALM_LEN], const uint8_t *org, uint64_t what);
struct kai_drill_held {
	struct kai_drill_rec rec;
	struct kai_drill drill;
	uint8_t digest[KAI_ID_LEN];
};
bool kai_rec_drill(struct kai_txn *txn, const uint8_t realm[KAI_REALM_LEN], struct kai_arena *arena,
		   struct kai_drill_held *ret);
struct kai_drill_word {
	struct kai_span bytes; /* as signed */
	struct kai_drill_say say;
};
/* Its consent or refusal (KAI_DRILL_CONSENTS), or that it is over (KAI_DRILL_CLOSES). */
bool kai_rec_drill_say(struct kai_txn *txn, const uint8_t realm[KAI_REALM_LEN],
		       const uint8_t org[KAI_ID_LEN], uint64_t what, struct kai_arena *arena,
		       struct kai_drill_word *ret);
/* Does that participant consent? */
bool kai_drill_consents(struct kai_txn *txn, const struct kai_drill_held *held,
			const uint8_t org[KAI_ID_LEN], struct kai_arena *arena);
/* When it ends, or ended: as its window says, or its director before. */
uint64_t kai_drill_end(struct kai_txn *txn, const struct kai_drill_held *held,
		       struct kai_arena *arena);
/* Of which realm the store is. */
void kai_rec_realm(struct kai_txn *txn, uint8_t ret[KAI_REALM_LEN]);

/* Appends to the journal: fills previous, number from the head. */
void kai_journal_append(struct kai_txn *txn, struct kai_journal *entry);
/* Hash of the newest entry, this transaction's included; zeros: none. */
void kai_journal_newest(struct kai_txn *txn, uint8_t ret[KAI_ID_LEN]);

/* ---- receipts
 * ---------------------------------------------------------------------------------------------------
 */

/* What may not wait for the rest; what is delivered; what is counted. */
enum kai_owed_lane { KAI_OWED_URGENT, KAI_OWED_DELIVERED, KAI_OWED_COUNTED, KAI_OWED_LANES };
/* NULL when that level is not reached. */
const struct kai_reached *kai_receipt_reached(const struct kai_receipt_rec *rec, uint64_t level);
/* The highest of delivered to action that is reached, 0: none. */
uint64_t kai_receipt_highest(const struct kai_receipt_rec *rec);
/* A level rests on these bytes from now on, or no longer; what nothing rests on goes, and so does what the
 * signer paid for it. */
void kai_rec_statement_hold(struct kai_txn *txn, const uint8_t digest[KAI_ID_LEN], uint16_t peer,
			    struct kai_span bytes);
void kai_rec_statement_drop(struct kai_txn *txn, const uint8_t digest[KAI_ID_LEN]);

/* The chain as somebody follows it who trusts nobody: all zeros before the first entry, else the number
 * and the hash of the entry before. */
struct kai_journal_chain {
	uint64_t number;
	uint8_t hash[KAI_ID_LEN];
};
enum kai_journal_break {
	KAI_JOURNAL_WHOLE,
	KAI_JOURNAL_GAP,	/* entries are missing before this one */
	KAI_JOURNAL_UNREADABLE, /* its bytes do not decode */
	KAI_JOURNAL_CHANGED,	/* it does not name the entry before as that one is now */
	KAI_JOURNAL_END		/* the newest one is not the one that META names */
};
/* Goes on to this entry, WHOLE or not; *ret when it decodes, in the arena. */
enum kai_journal_break kai_journal_follow(struct kai_journal_chain *chain, uint64_t number,
					  struct kai_span bytes, struct kai_arena *arena,
					  struct kai_journal *ret);
/* The newest entry by META; zeros when there is none. false: META does not decode. */
bool kai_journal_head(struct kai_txn *txn, struct kai_journal_chain *ret);

/* ---- integrity
 * --------------------------------------------------------------------------------------------------
 */

/* One finding of the check: table, key as text, what is wrong. */
typedef void (*kai_check_report)(void *context, enum kai_table table, struct kai_span key,
				 const char *problem);
typedef void (*kai_check_progress)(void *context, uint64_t done, uint64_t total);
struct kai_store_check {
	kai_check_report report;
	kai_check_progress progress; /* may be NULL */
	void *context;
	uint64_t problems; /* out */
	uint64_t items;	   /* out */
};
/*
 * Every item: id = hash of its header, each signature verifies and its key stands in the origin's
 * card, each held part's hash, index entries both ways, supply and released pointing at items and
 * peers, agreements' digests, journal chain, counters. Reads in short transactions. IO, CORRUPT
 * when it could not go on.
 */
KAI_MUST_USE enum kai_err kai_store_check(struct kai_store *store, struct kai_store_check *check,
					  struct kai_why *why);

#endif
