/* SPDX-License-Identifier: Apache-2.0 */
/* A leaf: packed rows one behind the other, in the order of their keys. */
#include "memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROOM ((size_t)32) /* capacity grows by so many bytes */

static size_t leaf_size(size_t cap)
{
	return sizeof(struct kai_leaf) + cap;
}

static size_t cap_for(size_t used)
{
	return (used + ROOM - 1) / ROOM * ROOM;
}

struct kai_leaf *kai_leaf_new(struct kai_bytes_pool *pool, enum kai_table table, size_t cap)
{
	struct kai_leaf *leaf = malloc(leaf_size(cap));

	if (leaf == NULL)
		return NULL;
	*leaf = (struct kai_leaf){.refs = 1, .cap = (uint16_t)cap, .table = (uint8_t)table};
	pool->usage.table_bytes[table] += leaf_size(cap);
	return leaf;
}

struct kai_leaf *kai_leaf_copy(struct kai_bytes_pool *pool, const struct kai_leaf *from)
{
	struct kai_leaf *leaf = kai_leaf_new(pool, (enum kai_table)from->table, from->cap);

	if (leaf == NULL)
		return NULL;
	memcpy(leaf, from, leaf_size(from->used));
	leaf->refs = 1;
	for (size_t at = 0; at < leaf->used; at += kai_row_len(pool, leaf->rows + at))
		kai_row_keep(pool, leaf->rows + at);
	return leaf;
}

static void leaf_free(struct kai_bytes_pool *pool, struct kai_leaf *leaf)
{
	pool->usage.table_bytes[leaf->table] -= leaf_size(leaf->cap);
	free(leaf);
}

void kai_leaf_drop(struct kai_bytes_pool *pool, struct kai_leaf *leaf)
{
	if (--leaf->refs > 0)
		return;
	for (size_t at = 0; at < leaf->used; at += kai_row_len(pool, leaf->rows + at))
		kai_row_drop(pool, leaf->rows + at);
	leaf_free(pool, leaf);
}

unsigned kai_leaf_offset(const struct kai_bytes_pool *pool, const struct kai_leaf *leaf,
			 unsigned row)
{
	unsigned mark = row / KAI_LEAF_STEP;

	if (row == leaf->count)
		return leaf->used;
	unsigned at = leaf->marks[mark];

	for (unsigned i = mark * KAI_LEAF_STEP; i < row; i++)
		at += (unsigned)kai_row_len(pool, leaf->rows + at);
	return at;
}

bool kai_leaf_find(const struct kai_bytes_pool *pool, const struct kai_leaf *leaf,
		   struct kai_span key, struct kai_place *io_at)
{
	unsigned low = 0; /* the last mark whose row is not above key, or the first */
	unsigned high = (leaf->count + KAI_LEAF_STEP - 1u) / KAI_LEAF_STEP;

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (kai_row_compare(pool, leaf->rows + leaf->marks[middle], key) <= 0)
			low = middle;
		else
			high = middle;
	}
	io_at->row = low * KAI_LEAF_STEP;
	io_at->offset = leaf->marks[low];
	for (; io_at->row < leaf->count; io_at->row++) {
		const uint8_t *row = leaf->rows + io_at->offset;
		int order = kai_row_compare(pool, row, key);

		if (order >= 0)
			return order == 0;
		io_at->offset += (unsigned)kai_row_len(pool, row);
	}
	return false;
}

/* The known offsets from the place on. */
static void mark(const struct kai_bytes_pool *pool, struct kai_leaf *leaf, unsigned row,
		 unsigned offset)
{
	for (; row < leaf->count; row++) {
		if (row % KAI_LEAF_STEP == 0)
			leaf->marks[row / KAI_LEAF_STEP] = (uint16_t)offset;
		offset += (unsigned)kai_row_len(pool, leaf->rows + offset);
	}
	assert(offset == leaf->used);
}

static struct kai_leaf *resize(struct kai_bytes_pool *pool, struct kai_leaf *leaf, size_t cap)
{
	size_t was = leaf->cap;
	struct kai_leaf *moved = realloc(leaf, leaf_size(cap));

	if (moved == NULL)
		return NULL;
	moved->cap = (uint16_t)cap;
	pool->usage.table_bytes[moved->table] += cap;
	pool->usage.table_bytes[moved->table] -= was;
	return moved;
}

struct kai_leaf *kai_leaf_splice(struct kai_bytes_pool *pool, struct kai_leaf *leaf,
				 const struct kai_place *at, size_t old_len, struct kai_span row)
{
	size_t used = leaf->used - old_len + row.len;
	size_t behind = leaf->used - at->offset - old_len;

	if (used > leaf->cap) {
		leaf = resize(pool, leaf, cap_for(used));
		if (leaf == NULL)
			return NULL;
	}
	uint8_t *place = leaf->rows + at->offset;

	memmove(place + row.len, place + old_len, behind);
	if (row.len > 0)
		memcpy(place, row.at, row.len);
	leaf->used = (uint16_t)used;
	leaf->count = (uint16_t)(leaf->count + (row.len > 0) - (old_len > 0));
	mark(pool, leaf, at->row, at->offset);
	if (leaf->cap >= cap_for(used) + 2 * ROOM) { /* what it had may stay when it cannot move */
		struct kai_leaf *moved = resize(pool, leaf, cap_for(used));

		return moved != NULL ? moved : leaf;
	}
	return leaf;
}

struct kai_leaf *kai_leaf_split(struct kai_bytes_pool *pool, struct kai_leaf *leaf, unsigned row)
{
	unsigned from = kai_leaf_offset(pool, leaf, row);
	size_t len = leaf->used - from;
	struct kai_leaf *upper = kai_leaf_new(pool, (enum kai_table)leaf->table, cap_for(len));

	if (upper == NULL)
		return NULL;
	memcpy(upper->rows, leaf->rows + from, len);
	upper->used = (uint16_t)len;
	upper->count = (uint16_t)(leaf->count - row);
	leaf->count = (uint16_t)row;
	leaf->used = (uint16_t)from;
	mark(pool, upper, 0, 0);
	return upper;
}
