/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows in few bytes. Rows of one table that are folded at the same places look much alike, so that a
 * form says which of their bytes are the same in all of them, and a row is its form's number and
 * the bytes that vary.
 */
#include "memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HANDLE_LEN sizeof(uint32_t)
#define WIDE 0xf0u    /* a form's number takes one byte below it, else two */
#define PLAIN_HEAD 3u /* 0, length of the key, length of the value or IN_POOL */
#define IN_POOL 0xffu
#define WORD sizeof(uint64_t)

struct kai_shape {
	struct kai_fold fold;
	uint16_t forms[KAI_POOL_SHAPE_FORMS];
	unsigned form_count;
};

struct kai_form {
	struct kai_fold fold;
	uint8_t vary_count;
	uint8_t vary[KAI_POOL_FOLDED]; /* offsets, ascending */
	uint8_t base[KAI_POOL_FOLDED];
	uint8_t same[KAI_POOL_FOLDED]; /* 0xff where a row has base's byte */
};

/* ---- forms ----------------------------------------------------------------------------------- */

static struct kai_shape *shape_of(struct kai_bytes_pool *pool, enum kai_table table,
				  const struct kai_fold *fold)
{
	struct kai_shape *shapes = pool->shapes[table];

	for (unsigned i = 0; i < pool->shape_counts[table]; i++) {
		if (memcmp(&shapes[i].fold, fold, sizeof(*fold)) == 0)
			return &shapes[i];
	}
	if (pool->shape_counts[table] == KAI_POOL_SHAPES)
		return NULL;
	if (shapes == NULL)
		shapes = calloc(KAI_POOL_SHAPES, sizeof(*shapes));
	if (shapes == NULL)
		return NULL;
	pool->shapes[table] = shapes;
	struct kai_shape *shape = &shapes[pool->shape_counts[table]++];

	shape->fold = *fold;
	return shape;
}

static bool covers(const struct kai_form *form, const uint8_t *bytes)
{
	uint64_t base, same, row;

	for (size_t i = 0; i < form->fold.len; i += WORD) {
		memcpy(&base, form->base + i, WORD);
		memcpy(&same, form->same + i, WORD);
		memcpy(&row, bytes + i, WORD);
		if (((base ^ row) & same) != 0)
			return false;
	}
	return true;
}

/* The form with the fewest bytes that vary; 0: none yet. */
static unsigned best_form(const struct kai_bytes_pool *pool, const struct kai_shape *shape,
			  const uint8_t *bytes)
{
	unsigned best = 0;

	for (unsigned i = 0; i < shape->form_count; i++) {
		const struct kai_form *form = pool->forms[shape->forms[i]];

		if (covers(form, bytes) &&
		    (best == 0 || form->vary_count < pool->forms[best]->vary_count))
			best = shape->forms[i];
	}
	return best;
}

static void vary_at(struct kai_form *form, size_t at)
{
	form->same[at] = 0;
}

/* What varies in the newest form and where this row differs; everything in a shape's last form. */
static void fill_form(const struct kai_bytes_pool *pool, const struct kai_shape *shape,
		      const uint8_t *bytes, struct kai_form *form)
{
	bool last = shape->form_count == KAI_POOL_SHAPE_FORMS - 1;

	form->fold = shape->fold;
	memcpy(form->base, bytes, KAI_POOL_FOLDED);
	memset(form->same, 0xff, form->fold.len);
	if (shape->form_count > 0) {
		const struct kai_form *newest = pool->forms[shape->forms[shape->form_count - 1]];

		memcpy(form->base, newest->base, KAI_POOL_FOLDED);
		memcpy(form->same, newest->same, KAI_POOL_FOLDED);
	}
	for (size_t i = 0; i < form->fold.len; i++) {
		if (last || form->base[i] != bytes[i])
			vary_at(form, i);
	}
	for (unsigned i = 0; i < form->fold.pieces; i++) {
		vary_at(form, form->fold.at[i]);
		vary_at(form, form->fold.at[i] + 1u);
	}
	for (size_t i = 0; i < form->fold.len; i++) {
		if (form->same[i] == 0)
			form->vary[form->vary_count++] = (uint8_t)i;
	}
}

/* 0: no room for more forms. */
static unsigned add_form(struct kai_bytes_pool *pool, struct kai_shape *shape, const uint8_t *bytes)
{
	struct kai_form *form;

	if (pool->form_count + 1 == KAI_POOL_FORMS || shape->form_count == KAI_POOL_SHAPE_FORMS)
		return 0;
	if (pool->forms == NULL)
		pool->forms = calloc(KAI_POOL_FORMS, sizeof(struct kai_form *));
	form = pool->forms == NULL ? NULL : calloc(1, sizeof(*form));
	if (form == NULL)
		return 0;
	fill_form(pool, shape, bytes, form);
	pool->forms[++pool->form_count] = form;
	shape->forms[shape->form_count++] = (uint16_t)pool->form_count;
	pool->usage.form_bytes += sizeof(*form);
	return pool->form_count;
}

void kai_forms_free(struct kai_bytes_pool *pool)
{
	for (unsigned i = 1; i <= pool->form_count; i++)
		free(pool->forms[i]);
	free(pool->forms);
	for (size_t i = 0; i < KAI_TABLE_END; i++)
		free(pool->shapes[i]);
}

/* ---- packing --------------------------------------------------------------------------------- */

static size_t pack_plain(struct kai_bytes_pool *pool, struct kai_span key, struct kai_span value,
			 uint8_t ret[KAI_ROW_MAX])
{
	uint8_t *at = ret + PLAIN_HEAD + key.len;
	uint32_t handle;

	ret[0] = 0;
	ret[1] = (uint8_t)key.len;
	memcpy(ret + PLAIN_HEAD, key.at, key.len);
	if (value.len <= KAI_LONG_VALUE) {
		ret[2] = (uint8_t)value.len;
		if (value.len > 0)
			memcpy(at, value.at, value.len);
		return PLAIN_HEAD + key.len + value.len;
	}
	ret[2] = IN_POOL;
	if (!kai_pool_take(pool, value, &handle))
		return 0;
	memcpy(at, &handle, sizeof(handle));
	return PLAIN_HEAD + key.len + HANDLE_LEN;
}

size_t kai_row_pack(struct kai_bytes_pool *pool, enum kai_table table, struct kai_span key,
		    struct kai_span value, uint8_t ret[KAI_ROW_MAX])
{
	struct kai_folded folded;
	struct kai_shape *shape = NULL;
	unsigned number = 0;
	size_t len = 1;

	kai_fold(pool, table, key, value, &folded);
	if (!folded.nomem && !folded.full)
		shape = shape_of(pool, table, &folded.fold);
	if (shape != NULL)
		number = best_form(pool, shape, folded.bytes);
	if (shape != NULL && number == 0)
		number = add_form(pool, shape, folded.bytes);
	if (number == 0) {
		kai_fold_drop(pool, &folded);
		return folded.nomem ? 0 : pack_plain(pool, key, value, ret);
	}
	const struct kai_form *form = pool->forms[number];

	ret[0] = (uint8_t)number;
	if (number >= WIDE) {
		ret[0] = (uint8_t)(WIDE + ((number - WIDE) >> 8));
		ret[len++] = (uint8_t)(number - WIDE);
	}
	for (unsigned i = 0; i < form->vary_count; i++)
		ret[len++] = folded.bytes[form->vary[i]];
	return len;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* NULL: a plain row. */
static const struct kai_form *form_of(const struct kai_bytes_pool *pool, const uint8_t *row,
				      size_t *ret_head)
{
	unsigned number = row[0];

	*ret_head = 1;
	if (number == 0)
		return NULL;
	if (number >= WIDE) {
		*ret_head = 2;
		number = WIDE + ((number - WIDE) << 8) + row[1];
	}
	return pool->forms[number];
}

/* The first upto of the folded bytes, or some more. */
static void unfold(const struct kai_form *form, const uint8_t *row, size_t upto,
		   uint8_t ret[KAI_POOL_FOLDED])
{
	memcpy(ret, form->base, (upto + WORD - 1) / WORD * WORD);
	for (unsigned i = 0; i < form->vary_count && form->vary[i] < upto; i++)
		ret[form->vary[i]] = row[i];
}

size_t kai_row_len(const struct kai_bytes_pool *pool, const uint8_t *row)
{
	size_t head;
	const struct kai_form *form = form_of(pool, row, &head);

	if (form != NULL)
		return head + form->vary_count;
	return PLAIN_HEAD + row[1] + (row[2] == IN_POOL ? HANDLE_LEN : row[2]);
}

/* Handles of the row's pieces; how many. */
static unsigned pieces_of(const struct kai_bytes_pool *pool, const uint8_t *row,
			  uint32_t ret[KAI_POOL_PIECES])
{
	uint8_t bytes[KAI_POOL_FOLDED];
	size_t head;
	const struct kai_form *form = form_of(pool, row, &head);

	if (form == NULL) {
		ret[0] = row[2] == IN_POOL ? kai_handle_at(row + PLAIN_HEAD + row[1]) : 0;
		return row[2] == IN_POOL ? 1 : 0;
	}
	unfold(form, row + head, form->fold.len, bytes);
	for (unsigned i = 0; i < form->fold.pieces; i++)
		ret[i] = kai_handle_at(bytes + form->fold.at[i]);
	return form->fold.pieces;
}

void kai_row_keep(struct kai_bytes_pool *pool, const uint8_t *row)
{
	uint32_t handles[KAI_POOL_PIECES];
	unsigned count = pieces_of(pool, row, handles);

	for (unsigned i = 0; i < count; i++)
		kai_pool_keep(pool, handles[i]);
}

void kai_row_drop(struct kai_bytes_pool *pool, const uint8_t *row)
{
	uint32_t handles[KAI_POOL_PIECES];
	unsigned count = pieces_of(pool, row, handles);

	for (unsigned i = 0; i < count; i++)
		kai_pool_drop(pool, handles[i]);
}

/* Walks folded bytes from `from` to `to`, in turn what lies there and what lies in the pool. */
struct walk {
	const struct kai_bytes_pool *pool;
	const struct kai_fold *fold;
	const uint8_t *bytes;
	size_t from, to;
	unsigned piece; /* the next one */
};

static bool walk_next(struct walk *walk, struct kai_span *ret)
{
	size_t end = walk->to;

	if (walk->from == walk->to)
		return false;
	if (walk->piece < walk->fold->pieces && walk->fold->at[walk->piece] < end)
		end = walk->fold->at[walk->piece];
	if (end > walk->from) {
		*ret = kai_span(walk->bytes + walk->from, end - walk->from);
		walk->from = end;
		return true;
	}
	*ret = kai_pool_at(walk->pool, kai_handle_at(walk->bytes + walk->from));
	walk->from += HANDLE_LEN;
	walk->piece++;
	return true;
}

int kai_row_compare(const struct kai_bytes_pool *pool, const uint8_t *row, struct kai_span key)
{
	uint8_t bytes[KAI_POOL_FOLDED];
	size_t head;
	const struct kai_form *form = form_of(pool, row, &head);
	struct kai_span part;

	if (form == NULL)
		return kai_span_compare(kai_span(row + PLAIN_HEAD, row[1]), key);
	unfold(form, row + head, form->fold.key_len, bytes);
	struct walk walk = {.pool = pool, .fold = &form->fold, .bytes = bytes};

	walk.to = form->fold.key_len;
	while (walk_next(&walk, &part)) {
		size_t len = part.len < key.len ? part.len : key.len;
		int order = len == 0 ? 0 : memcmp(part.at, key.at, len);

		if (order != 0 || len < part.len)
			return order != 0 ? order : 1;
		key = kai_span(key.at + len, key.len - len);
	}
	return key.len > 0 ? -1 : 0;
}

size_t kai_row_key(const struct kai_bytes_pool *pool, const uint8_t *row,
		   uint8_t ret[KAI_STORE_MAX_KEY])
{
	uint8_t bytes[KAI_POOL_FOLDED];
	size_t head;
	size_t len = 0;
	const struct kai_form *form = form_of(pool, row, &head);
	struct kai_span part;

	if (form == NULL) {
		memcpy(ret, row + PLAIN_HEAD, row[1]);
		return row[1];
	}
	unfold(form, row + head, form->fold.key_len, bytes);
	struct walk walk = {.pool = pool, .fold = &form->fold, .bytes = bytes};

	walk.to = form->fold.key_len;
	while (walk_next(&walk, &part)) {
		assert(part.len <= KAI_STORE_MAX_KEY - len);
		memcpy(ret + len, part.at, part.len);
		len += part.len;
	}
	return len;
}

static struct walk value_walk(const struct kai_bytes_pool *pool, const struct kai_form *form,
			      const uint8_t *row, uint8_t bytes[KAI_POOL_FOLDED])
{
	unfold(form, row, form->fold.len, bytes);
	return (struct walk){.pool = pool,
			     .fold = &form->fold,
			     .bytes = bytes,
			     .from = form->fold.key_len,
			     .to = form->fold.len,
			     .piece = form->fold.key_pieces};
}

bool kai_row_value_whole(const struct kai_bytes_pool *pool, const uint8_t *row,
			 struct kai_span *ret)
{
	uint8_t bytes[KAI_POOL_FOLDED];
	size_t head;
	const struct kai_form *form = form_of(pool, row, &head);
	uint32_t handle;

	if (form == NULL && row[2] == IN_POOL) {
		handle = kai_handle_at(row + PLAIN_HEAD + row[1]);
	} else if (form != NULL && form->fold.pieces == form->fold.key_pieces + 1 &&
		   form->fold.len == form->fold.key_len + HANDLE_LEN) {
		unfold(form, row + head, form->fold.len, bytes);
		handle = kai_handle_at(bytes + form->fold.key_len);
	} else {
		return false;
	}
	*ret = kai_pool_at(pool, handle);
	return true;
}

size_t kai_row_value_len(const struct kai_bytes_pool *pool, const uint8_t *row)
{
	uint8_t bytes[KAI_POOL_FOLDED];
	size_t head;
	size_t len = 0;
	const struct kai_form *form = form_of(pool, row, &head);
	struct kai_span part;

	if (form == NULL) {
		return row[2] == IN_POOL
			       ? kai_pool_at(pool, kai_handle_at(row + PLAIN_HEAD + row[1])).len
			       : row[2];
	}
	struct walk walk = value_walk(pool, form, row + head, bytes);

	while (walk_next(&walk, &part))
		len += part.len;
	return len;
}

void kai_row_value(const struct kai_bytes_pool *pool, const uint8_t *row, uint8_t *ret)
{
	uint8_t bytes[KAI_POOL_FOLDED];
	size_t head;
	const struct kai_form *form = form_of(pool, row, &head);
	struct kai_span part;

	if (form == NULL) {
		part = row[2] == IN_POOL
			       ? kai_pool_at(pool, kai_handle_at(row + PLAIN_HEAD + row[1]))
			       : kai_span(row + PLAIN_HEAD + row[1], row[2]);
		if (part.len > 0)
			memcpy(ret, part.at, part.len);
		return;
	}
	struct walk walk = value_walk(pool, form, row + head, bytes);

	while (walk_next(&walk, &part)) {
		memcpy(ret, part.at, part.len);
		ret += part.len;
	}
}
