/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rooms of receipts share. receipt.c takes what others say; owing.c holds what they are to
 * be told until they say that they have it; rollup.c counts the constituency; confirm.c is people's
 * word. All that lasts lies in RECEIPTS, STATEMENTS and OWED; a link's kai_owing can be rebuilt from
 * them. An org is told of an item only when it brought it, showed by an offer's tag that it has it, or
 * made it. The engine's thread only.
 */
#ifndef KAIRAN_ENGINE_RECEIPT_H
#define KAIRAN_ENGINE_RECEIPT_H

#include "kairan/rec.h"
#include "private.h"

#define KAI_LEVEL_BIT(level) (UINT64_C(1) << (level))

/* What one statement under way tells of one item. */
struct kai_told {
	uint64_t arrival;
	uint64_t levels;
	uint64_t changes; /* of the row of OWED then */
};

/* One statement at a time is under way in a lane; the rows are looked through in passes. */
struct kai_owing_lane {
	struct kai_told *told; /* NULL: nothing is under way */
	size_t told_count;
	uint8_t digest[KAI_ID_LEN];
	struct kai_mono sent_at;
	uint64_t after;	 /* this pass has looked at the rows up to here; 0: no pass is under way */
	bool behind;	 /* something was added where the pass had been */
	int64_t due_ms;	 /* when to look; INT64_MAX: not until something happens */
	int64_t next_ms; /* the earliest that this pass met and left for later */
};

struct kai_owing {
	struct kai_owing_lane lanes[KAI_OWED_LANES];
};

/* ---- owing.c */
/* These levels (bits) of the item are to be told to that org, now or when its link is up. */
void kai_owe(struct kai_turn *turn, struct kai_link *link, uint64_t arrival, uint64_t levels,
	     bool urgent);
/* The org says that it has what that statement told. */
void kai_owing_taken(struct kai_turn *turn, struct kai_link *link,
		     const uint8_t digest[KAI_ID_LEN]);
/* All that we can say of the item: delivered and what people said. */
void kai_owe_all(struct kai_turn *turn, struct kai_link *link, uint64_t arrival, bool urgent);

/* ---- tell.c */
/* Entries of one statement that gather. */
struct kai_telling {
	struct kai_receipt_entry *entries; /* KAI_MAX_ENTRIES, in scratch */
	size_t count;
	size_t room; /* bytes left of the body */
	bool person;
	struct kai_told *told; /* KAI_MAX_ENTRIES, on the heap: whoever began it frees it */
	size_t told_count;
};
bool kai_telling_init(struct kai_turn *turn, struct kai_telling *ret); /* false: the turn fails */
/* Is there room for one more item, whatever there is to say of it? */
bool kai_telling_fits(const struct kai_telling *batch);
/* The levels of those asked for (bits) that this statement tells of the item; *ret_wait_ms: for so long
 * something may not be told. */
uint64_t kai_telling_add(struct kai_turn *turn, uint64_t arrival, uint64_t levels,
			 struct kai_telling *batch, int64_t *ret_wait_ms);
/* The signed statement to that org, in scratch; empty: our card does not let us say so. */
struct kai_span kai_telling_sign(struct kai_turn *turn, const struct kai_link *link,
				 struct kai_telling *batch, uint8_t ret_digest[KAI_ID_LEN]);

/* ---- receipt.c */
/* false: *ret is empty. */
bool kai_receipt_read(struct kai_turn *turn, uint64_t arrival, uint16_t peer,
		      struct kai_receipt_rec *ret);
void kai_receipt_write(struct kai_turn *turn, uint64_t arrival, uint16_t peer,
		       const struct kai_receipt_rec *rec);
/* Its key by its card, in the role that the levels ask. *ret_later: not to be judged now. */
enum kai_fault kai_receipt_judge(struct kai_turn *turn, struct kai_link *link,
				 const struct kai_receipt_opened *opened, bool *ret_later);
/* Takes a statement that was judged. in: the bundle that brought it, NULL for a link; what went in
 * bundles that this one says have come, and is there as the statement says, is counted as settled.
 * false: there was no room for it, and it may come again. */
bool kai_receipt_take(struct kai_turn *turn, struct kai_link *link,
		      const struct kai_receipt_opened *opened, struct kai_span bytes,
		      const struct kai_bundle *in, uint64_t *io_settled);
/* Enters a level or replaces it; the list is copied into scratch. */
void kai_receipt_enter(struct kai_turn *turn, struct kai_receipt_rec *io_rec,
		       const struct kai_reached *reached);

/* ---- rollup.c */
/* Has any partner agreed to be our constituency? */
bool kai_rollup_any(struct kai_turn *turn);
/* Something about the item changed at this peer: who brought it first is to be told a new count. */
void kai_rollup_changed(struct kai_turn *turn, struct kai_link *link, uint64_t arrival);
/* Who brought it first; NULL: our own, or no such link. */
struct kai_link *kai_rollup_first(struct kai_turn *turn, uint64_t arrival);
/* Counts anew, if it may be told again by now, and writes that it is: *ret in scratch. false: nothing
 * to tell; *ret_wait_ms > 0: not before. */
bool kai_rollup_tell(struct kai_turn *turn, uint64_t arrival, struct kai_reached *ret,
		     int64_t *ret_wait_ms);

#endif
