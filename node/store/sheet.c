/* SPDX-License-Identifier: Apache-2.0 */
/* A table at one moment: leaves in order, each shared until somebody writes to it. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define NEAR 3u /* rows that are looked at before a search */

static void count_leaves(struct kai_bytes_pool *pool, enum kai_table table, size_t more,
			 size_t less)
{
	pool->usage.table_bytes[table] += more * sizeof(struct kai_leaf *);
	pool->usage.table_bytes[table] -= less * sizeof(struct kai_leaf *);
}

void kai_sheet_drop(struct kai_bytes_pool *pool, struct kai_sheet *sheet)
{
	if (sheet == NULL || --sheet->refs > 0)
		return;
	for (size_t i = 0; i < sheet->leaf_count; i++)
		kai_leaf_drop(pool, sheet->leaves[i]);
	pool->usage.table_bytes[sheet->table] -= sizeof(*sheet);
	count_leaves(pool, sheet->table, 0, sheet->leaf_cap);
	free(sheet->leaves);
	free(sheet);
}

struct kai_sheet *kai_sheet_own(struct kai_bytes_pool *pool, enum kai_table table,
				struct kai_sheet **io_sheet)
{
	struct kai_sheet *old = *io_sheet;

	if (old != NULL && old->refs == 1)
		return old;
	size_t cap = old == NULL ? 1 : old->leaf_count + 1;
	struct kai_sheet *sheet = malloc(sizeof(*sheet));
	struct kai_leaf **leaves = malloc(cap * sizeof(struct kai_leaf *));

	if (sheet == NULL || leaves == NULL) {
		free(sheet);
		free(leaves);
		return NULL;
	}
	*sheet = (struct kai_sheet){.refs = 1, .table = table, .leaf_cap = cap, .leaves = leaves};
	pool->usage.table_bytes[table] += sizeof(*sheet);
	count_leaves(pool, table, cap, 0);
	if (old != NULL) {
		sheet->entry_count = old->entry_count;
		sheet->leaf_count = old->leaf_count;
	}
	for (size_t i = 0; i < sheet->leaf_count; i++) {
		leaves[i] = old->leaves[i];
		leaves[i]->refs++;
	}
	kai_sheet_drop(pool, old);
	*io_sheet = sheet;
	return sheet;
}

const uint8_t *kai_sheet_at(const struct kai_sheet *sheet, const struct kai_place *at)
{
	if (sheet == NULL || at->leaf >= sheet->leaf_count)
		return NULL;
	const struct kai_leaf *leaf = sheet->leaves[at->leaf];

	if (at->row < leaf->count)
		return leaf->rows + at->offset;
	return at->leaf + 1 < sheet->leaf_count ? sheet->leaves[at->leaf + 1]->rows : NULL;
}

const uint8_t *kai_sheet_before(const struct kai_bytes_pool *pool, const struct kai_sheet *sheet,
				const struct kai_place *at)
{
	const struct kai_leaf *leaf;

	if (sheet == NULL || (at->leaf == 0 && at->row == 0))
		return NULL;
	if (at->row > 0) {
		leaf = sheet->leaves[at->leaf];
		return leaf->rows + kai_leaf_offset(pool, leaf, at->row - 1);
	}
	leaf = sheet->leaves[at->leaf - 1];
	return leaf->rows + kai_leaf_offset(pool, leaf, leaf->count - 1u);
}

/* Up to NEAR rows on from a row that is below key; false: further. */
static bool find_behind(const struct kai_bytes_pool *pool, const struct kai_sheet *sheet,
			struct kai_span key, const uint8_t **ret_row, struct kai_place *io_at)
{
	const struct kai_leaf *leaf = sheet->leaves[io_at->leaf];

	for (unsigned i = 0; i < NEAR; i++) {
		const uint8_t *row = leaf->rows + io_at->offset;

		io_at->offset += (unsigned)kai_row_len(pool, row);
		io_at->row++;
		if (io_at->row == leaf->count) /* behind everything, or in another leaf */
			return io_at->leaf + 1 == sheet->leaf_count;
		row = leaf->rows + io_at->offset;
		int order = kai_row_compare(pool, row, key);

		if (order == 0)
			*ret_row = row;
		if (order >= 0)
			return true;
	}
	return false;
}

/* Up to NEAR rows back from a row that is above key; false: further. */
static bool find_before(const struct kai_bytes_pool *pool, const struct kai_sheet *sheet,
			struct kai_span key, const uint8_t **ret_row, struct kai_place *io_at)
{
	const struct kai_leaf *leaf = sheet->leaves[io_at->leaf];

	for (unsigned i = 0; i < NEAR; i++) {
		if (io_at->row == 0) /* before everything, or in another leaf */
			return io_at->leaf == 0;
		unsigned offset = kai_leaf_offset(pool, leaf, io_at->row - 1);
		int order = kai_row_compare(pool, leaf->rows + offset, key);

		if (order < 0)
			return true;
		io_at->offset = offset;
		io_at->row--;
		if (order == 0) {
			*ret_row = leaf->rows + offset;
			return true;
		}
	}
	return false;
}

/*
 * Whoever asks for a row asks for it again, or for one beside it. *ret_row: NULL where key has no
 * row. false: the place says nothing of this key.
 */
static bool find_again(const struct kai_bytes_pool *pool, const struct kai_sheet *sheet,
		       struct kai_span key, const uint8_t **ret_row, struct kai_place *io_at)
{
	const struct kai_leaf *leaf =
		io_at->leaf < sheet->leaf_count ? sheet->leaves[io_at->leaf] : NULL;

	*ret_row = NULL;
	if (leaf == NULL || leaf->count == 0)
		return false;
	if (io_at->row >= leaf->count) {
		io_at->row = leaf->count - 1u;
		io_at->offset = kai_leaf_offset(pool, leaf, io_at->row);
	}
	const uint8_t *row = leaf->rows + io_at->offset;
	int order = kai_row_compare(pool, row, key);

	if (order < 0)
		return find_behind(pool, sheet, key, ret_row, io_at);
	if (order > 0)
		return find_before(pool, sheet, key, ret_row, io_at);
	*ret_row = row;
	return true;
}

/* The place is in the last leaf whose first key is not above key, so that it may lie behind that
 * leaf's last row. */
const uint8_t *kai_sheet_find(const struct kai_bytes_pool *pool, struct kai_sheet *sheet,
			      struct kai_span key, struct kai_place *ret)
{
	size_t low = 0;
	size_t high = sheet == NULL ? 0 : sheet->leaf_count;
	const uint8_t *row = NULL;

	*ret = (struct kai_place){.leaf = 0};
	if (high == 0)
		return NULL;
	*ret = sheet->last;
	if (find_again(pool, sheet, key, &row, ret)) {
		sheet->last = *ret;
		return row;
	}
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (kai_row_compare(pool, sheet->leaves[middle]->rows, key) <= 0)
			low = middle;
		else
			high = middle;
	}
	*ret = (struct kai_place){.leaf = low};
	if (kai_leaf_find(pool, sheet->leaves[low], key, ret))
		row = sheet->leaves[low]->rows + ret->offset;
	else
		row = NULL;
	sheet->last = *ret;
	return row;
}

static struct kai_leaf *own_leaf(struct kai_bytes_pool *pool, struct kai_sheet *sheet, size_t at)
{
	struct kai_leaf *old = sheet->leaves[at];

	if (old->refs == 1)
		return old;
	struct kai_leaf *leaf = kai_leaf_copy(pool, old);

	if (leaf == NULL)
		return NULL;
	kai_leaf_drop(pool, old);
	sheet->leaves[at] = leaf;
	return leaf;
}

static bool room_for_leaf(struct kai_bytes_pool *pool, struct kai_sheet *sheet)
{
	size_t cap = sheet->leaf_cap + sheet->leaf_cap / 4 + 1;

	if (sheet->leaf_count < sheet->leaf_cap)
		return true;
	struct kai_leaf **leaves = realloc(sheet->leaves, cap * sizeof(struct kai_leaf *));

	if (leaves == NULL)
		return false;
	count_leaves(pool, sheet->table, cap, sheet->leaf_cap);
	sheet->leaves = leaves;
	sheet->leaf_cap = cap;
	return true;
}

static void enter_leaf(struct kai_sheet *sheet, size_t at, struct kai_leaf *leaf)
{
	memmove(sheet->leaves + at + 1, sheet->leaves + at,
		(sheet->leaf_count - at) * sizeof(struct kai_leaf *));
	sheet->leaves[at] = leaf;
	sheet->leaf_count++;
}

/* Cuts a full leaf in two, or puts an empty one behind the last when the place is at its end, so
 * that what is appended leaves full leaves. The place moves along. */
static bool make_room(struct kai_bytes_pool *pool, struct kai_sheet *sheet, struct kai_place *io_at)
{
	struct kai_leaf *leaf = sheet->leaves[io_at->leaf];
	bool appending = io_at->row == KAI_LEAF_ROWS && io_at->leaf + 1 == sheet->leaf_count;
	unsigned from = appending ? KAI_LEAF_ROWS : KAI_LEAF_ROWS / 2;
	struct kai_leaf *upper;

	if (leaf->count < KAI_LEAF_ROWS)
		return true;
	upper = room_for_leaf(pool, sheet) ? kai_leaf_split(pool, leaf, from) : NULL;
	if (upper == NULL)
		return false;
	enter_leaf(sheet, io_at->leaf + 1, upper);
	if (io_at->row > from || appending) {
		io_at->leaf++;
		io_at->row -= from;
		io_at->offset -= leaf->used;
	}
	return true;
}

static bool first_leaf(struct kai_bytes_pool *pool, struct kai_sheet *sheet)
{
	struct kai_leaf *leaf =
		room_for_leaf(pool, sheet) ? kai_leaf_new(pool, sheet->table, 0) : NULL;

	if (leaf == NULL)
		return false;
	enter_leaf(sheet, 0, leaf);
	return true;
}

/* A leaf that got no row after all may not stay. */
static void leave_leaf(struct kai_bytes_pool *pool, struct kai_sheet *sheet, size_t at)
{
	kai_leaf_drop(pool, sheet->leaves[at]);
	sheet->leaf_count--;
	memmove(sheet->leaves + at, sheet->leaves + at + 1,
		(sheet->leaf_count - at) * sizeof(struct kai_leaf *));
}

bool kai_sheet_put(struct kai_bytes_pool *pool, struct kai_sheet *sheet, struct kai_place at,
		   bool replace, struct kai_span row)
{
	size_t old_len = 0;

	if (sheet->leaf_count == 0 && !first_leaf(pool, sheet))
		return false;
	struct kai_leaf *leaf = own_leaf(pool, sheet, at.leaf);

	if (leaf == NULL || (!replace && !make_room(pool, sheet, &at)))
		return false;
	leaf = sheet->leaves[at.leaf];
	if (replace)
		old_len = kai_row_len(pool, leaf->rows + at.offset);
	sheet->last = at;
	struct kai_leaf *moved = kai_leaf_splice(pool, leaf, &at, old_len, row);

	if (moved == NULL) {
		if (leaf->count == 0)
			leave_leaf(pool, sheet, at.leaf);
		return false;
	}
	sheet->leaves[at.leaf] = moved;
	sheet->entry_count += replace ? 0 : 1;
	return true;
}

bool kai_sheet_take(struct kai_bytes_pool *pool, struct kai_sheet *sheet, struct kai_place at)
{
	struct kai_leaf *leaf = own_leaf(pool, sheet, at.leaf);

	if (leaf == NULL)
		return false;
	size_t len = kai_row_len(pool, leaf->rows + at.offset);

	sheet->last = at;
	sheet->leaves[at.leaf] = kai_leaf_splice(pool, leaf, &at, len, kai_span(NULL, 0));
	sheet->entry_count--;
	if (sheet->leaves[at.leaf]->count == 0)
		leave_leaf(pool, sheet, at.leaf);
	return true;
}
