/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store in memory is made of, from the bytes up. Private to node/store.
 *
 *   pool    bytes that many stores share: each distinct string once, counted references (pool.c)
 *   row     a key and its value as a few bytes: long strings lie in the pool (fold.c), what rows of
 *           a table have in common lies in the pool's forms (forms.c)
 *   leaf    up to KAI_LEAF_ROWS rows in the order of their keys (leaf.c)
 *   sheet   a table at one moment, leaves shared between moments (sheet.c)
 *
 * No transactions, no errors but "out of memory" here; those are memory.c's. A pool, its stores and
 * all their transactions belong to one thread.
 */
#ifndef KAIRAN_STORE_MEMORY_H
#define KAIRAN_STORE_MEMORY_H

#include <string.h>

#include "kairan/store.h"

struct memory_txn;

#define KAI_POOL_PIECES 8	/* long strings of one row */
#define KAI_POOL_FOLDED 240	/* bytes of a row beside its long strings */
#define KAI_LONG_VALUE 64u	/* beyond it a value that is no record goes to the pool */
#define KAI_POOL_SHAPES 64	/* of one table */
#define KAI_POOL_SHAPE_FORMS 16 /* of one shape */
#define KAI_POOL_FORMS 4096
/* A packed row: at most a form's two bytes, then what varies; or head, key and value as they are. */
#define KAI_ROW_MAX 256
#define KAI_LEAF_ROWS 128
#define KAI_LEAF_STEP 8 /* rows between two known offsets */

/* ---- strings (pool.c) ------------------------------------------------------------------------ */

struct kai_blob {
	uint32_t refs;
	uint32_t len;
	uint32_t next; /* of the same bucket */
	uint32_t hash;
	uint8_t bytes[];
};

union kai_blob_slot {
	struct kai_blob *blob;
	uintptr_t next_free;
};

struct kai_bytes_pool {
	unsigned refs;
	union kai_blob_slot *slots; /* by handle; 0 is none */
	uint32_t slot_count, slot_cap, free_slot;
	uint32_t *buckets;
	uint32_t bucket_count; /* a power of two */
	struct kai_shape *shapes[KAI_TABLE_END];
	unsigned shape_counts[KAI_TABLE_END];
	struct kai_form **forms; /* by number from 1; 0: as it is */
	unsigned form_count;
	struct memory_txn *spare; /* memory.c's, or NULL */
	struct kai_bytes_usage usage;
};

/* One more reference to these bytes; the handle goes to *ret. false: out of memory. */
bool kai_bytes_take(struct kai_bytes_pool *pool, struct kai_span bytes, uint32_t *ret);
void kai_bytes_keep(struct kai_bytes_pool *pool, uint32_t handle);
void kai_bytes_drop(struct kai_bytes_pool *pool, uint32_t handle);
/* Lives as long as a reference to it. */
static inline struct kai_span kai_bytes_at(const struct kai_bytes_pool *pool, uint32_t handle)
{
	const struct kai_blob *blob = pool->slots[handle].blob;

	return (struct kai_span){blob->bytes, blob->len};
}
void kai_bytes_ref(struct kai_bytes_pool *pool);
void kai_memory_spare_free(struct kai_bytes_pool *pool); /* memory.c */

/* ---- folding (fold.c) ------------------------------------------------------------------------ */

/* Where a row was folded. */
struct kai_fold {
	uint8_t key_len, len; /* folded */
	uint8_t key_pieces, pieces;
	uint8_t at[KAI_POOL_PIECES]; /* offsets of the numbers */
};

struct kai_folded {
	struct kai_fold fold;
	bool nomem, full;		/* out of memory; longer than it may be */
	uint8_t bytes[KAI_POOL_FOLDED]; /* zeros behind */
};

/* Takes a reference to each string, which kai_fold_drop gives back; when it is full, too. */
void kai_fold(struct kai_bytes_pool *pool, enum kai_table table, struct kai_span key,
	      struct kai_span value, struct kai_folded *ret);
void kai_fold_drop(struct kai_bytes_pool *pool, const struct kai_folded *folded);
static inline uint32_t kai_handle_at(const uint8_t *at)
{
	uint32_t handle;

	memcpy(&handle, at, sizeof(handle));
	return handle;
}

/* ---- rows (forms.c) -------------------------------------------------------------------------- */

#define KAI_ROW_WIDE 0xf0u /* a form's number takes one byte below it, else two */
#define KAI_ROW_PLAIN 3u   /* bytes: 0, length of the key, length of the value or IN_POOL */
#define KAI_ROW_IN_POOL 0xffu

struct kai_form {
	struct kai_fold fold;
	uint8_t vary_count, vary_key;  /* of them in the key */
	uint8_t vary[KAI_POOL_FOLDED]; /* offsets, ascending */
	uint8_t base[KAI_POOL_FOLDED];
	uint8_t same[KAI_POOL_FOLDED]; /* 0xff where a row has base's byte */
};

/* NULL: a plain row. *ret_head: bytes of the form's number. */
static inline const struct kai_form *kai_row_form(const struct kai_bytes_pool *pool,
						  const uint8_t *row, size_t *ret_head)
{
	unsigned number = row[0];

	*ret_head = 1;
	if (number == 0)
		return NULL;
	if (number >= KAI_ROW_WIDE) {
		*ret_head = 2;
		number = KAI_ROW_WIDE + ((number - KAI_ROW_WIDE) << 8) + row[1];
	}
	return pool->forms[number];
}

static inline size_t kai_row_len(const struct kai_bytes_pool *pool, const uint8_t *row)
{
	size_t head;
	const struct kai_form *form = kai_row_form(pool, row, &head);

	if (form != NULL)
		return head + form->vary_count;
	return KAI_ROW_PLAIN + row[1] +
	       (row[2] == KAI_ROW_IN_POOL ? sizeof(uint32_t) : (size_t)row[2]);
}

/* Packs, with one reference to each of its long strings. The length; 0: out of memory. */
size_t kai_row_pack(struct kai_bytes_pool *pool, enum kai_table table, struct kai_span key,
		    struct kai_span value, uint8_t ret[KAI_ROW_MAX]);
/* One reference more, or less, to each of its strings. */
void kai_row_keep(struct kai_bytes_pool *pool, const uint8_t *row);
void kai_row_drop(struct kai_bytes_pool *pool, const uint8_t *row);
/* The row's key against key, as kai_span_compare. */
int kai_row_compare(const struct kai_bytes_pool *pool, const uint8_t *row, struct kai_span key);
size_t kai_row_key(const struct kai_bytes_pool *pool, const uint8_t *row,
		   uint8_t ret[KAI_STORE_MAX_KEY]);
size_t kai_row_value_len(const struct kai_bytes_pool *pool, const uint8_t *row);

/* A value as it lies about, one part behind the other. */
struct kai_row_value {
	size_t len;
	unsigned count;
	bool whole; /* it is one string of the pool */
	struct kai_span parts[2 * KAI_POOL_PIECES + 1];
	uint8_t bytes[KAI_POOL_FOLDED]; /* what is not in the pool */
};
/* Lives as long as the row is where it is, and *ret. */
void kai_row_value(const struct kai_bytes_pool *pool, const uint8_t *row,
		   struct kai_row_value *ret);
void kai_forms_free(struct kai_bytes_pool *pool);

/* ---- leaves (leaf.c) ------------------------------------------------------------------------- */

struct kai_leaf {
	uint32_t refs;
	uint16_t count; /* never 0 in a sheet */
	uint16_t used, cap;
	uint8_t table;
	uint16_t marks[KAI_LEAF_ROWS / KAI_LEAF_STEP]; /* offsets of every KAI_LEAF_STEPth row */
	uint8_t rows[];
};

/* Between two rows: before row `row`, which begins at `offset`. */
struct kai_place {
	size_t leaf;
	unsigned row;
	unsigned offset;
};

struct kai_leaf *kai_leaf_new(struct kai_bytes_pool *pool, enum kai_table table, size_t cap);
struct kai_leaf *kai_leaf_copy(struct kai_bytes_pool *pool, const struct kai_leaf *from);
void kai_leaf_drop(struct kai_bytes_pool *pool, struct kai_leaf *leaf);
/* Sets row and offset to the first row not below key; true when it is key's. */
bool kai_leaf_find(const struct kai_bytes_pool *pool, const struct kai_leaf *leaf,
		   struct kai_span key, struct kai_place *io_at);
unsigned kai_leaf_offset(const struct kai_bytes_pool *pool, const struct kai_leaf *leaf,
			 unsigned row);
/* Replaces old_len bytes at the place (0: inserts) by the row (len 0: takes it out). The leaf, which
 * may have moved; NULL: out of memory, nothing changed. References are the caller's affair. Making
 * it smaller cannot fail. */
struct kai_leaf *kai_leaf_splice(struct kai_bytes_pool *pool, struct kai_leaf *leaf,
				 const struct kai_place *at, size_t old_len, struct kai_span row);
/* A new leaf with the rows from `row` on, which leave this one. NULL: out of memory. */
struct kai_leaf *kai_leaf_split(struct kai_bytes_pool *pool, struct kai_leaf *leaf, unsigned row);

/* ---- sheets (sheet.c) ------------------------------------------------------------------------ */

struct kai_sheet {
	uint32_t refs;
	enum kai_table table;
	size_t leaf_count, leaf_cap;
	uint64_t entry_count;
	struct kai_leaf **leaves;
	struct kai_place last; /* where the newest search ended; leaf beyond the last: nowhere */
};

void kai_sheet_drop(struct kai_bytes_pool *pool, struct kai_sheet *sheet); /* NULL is fine */
/* The caller's own, which may be written to: *io_sheet (NULL: empty) when nobody shares it, else a
 * copy in its place. NULL: out of memory. */
struct kai_sheet *kai_sheet_own(struct kai_bytes_pool *pool, enum kai_table table,
				struct kai_sheet **io_sheet);
/* The first row not below key; its address when it is key's, else NULL. sheet may be NULL. */
const uint8_t *kai_sheet_find(const struct kai_bytes_pool *pool, struct kai_sheet *sheet,
			      struct kai_span key, struct kai_place *ret);
/* NULL at the end, or before the first. */
const uint8_t *kai_sheet_at(const struct kai_sheet *sheet, const struct kai_place *at);
const uint8_t *kai_sheet_before(const struct kai_bytes_pool *pool, const struct kai_sheet *sheet,
				const struct kai_place *at);
/* Puts a packed row where kai_sheet_find found its key's place, in place of the one that is there
 * when `replace`. References are the caller's affair. false: out of memory, nothing changed. */
bool kai_sheet_put(struct kai_bytes_pool *pool, struct kai_sheet *sheet, struct kai_place at,
		   bool replace, struct kai_span row);
/* Takes the row out. false: out of memory, nothing changed. */
bool kai_sheet_take(struct kai_bytes_pool *pool, struct kai_sheet *sheet, struct kai_place at);

/* ---- moments (moment.c) ---------------------------------------------------------------------- */

/* All tables at one moment. */
struct kai_moment {
	unsigned refs;
	uint64_t bytes;
	struct kai_sheet *sheets[KAI_TABLE_END]; /* NULL: empty */
};

/* What was where before a writer's changes, one note behind the other. */
struct kai_notes {
	uint8_t *at;
	size_t len, cap;
};

void kai_moment_drop(struct kai_bytes_pool *pool, struct kai_moment *moment);
struct kai_moment *kai_moment_copy(const struct kai_moment *from); /* NULL: out of memory */
/* Puts a row (len 0: none) in key's place and notes what lay there. The row's references go into the
 * moment, those of what lay there into the notes. false: out of memory, nothing changed. */
bool kai_moment_change(struct kai_bytes_pool *pool, struct kai_moment *moment,
		       struct kai_notes *notes, enum kai_table table, struct kai_span key,
		       struct kai_span row);
/* The same without notes, for a key that is not there. */
bool kai_moment_put(struct kai_bytes_pool *pool, struct kai_moment *moment, enum kai_table table,
		    struct kai_span key, struct kai_span row);
/*
 * Makes a moment what it was before the changes, the newest first; each note that is done leaves
 * *io_notes. copied: of a copy, and the notes are still somebody's; else their references go back
 * where they came from. false: out of memory half-way.
 */
bool kai_moment_take_back(struct kai_bytes_pool *pool, struct kai_moment *moment,
			  struct kai_notes *io_notes, bool copied);
/* The changes stand: forgets the notes. */
void kai_notes_drop(struct kai_bytes_pool *pool, struct kai_notes *notes);

#endif
