/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows in few bytes. Rows of one table that are folded at the same places look much alike, so that a
 * form says which of their bytes are the same in all of them, and a row is its form's number and
 * the bytes that vary.
 */
#include "memory.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define HANDLE_LEN sizeof(uint32_t)
#define WORD sizeof(uint64_t)

struct kai_shape {
	struct kai_fold fold;
	uint16_t forms[KAI_POOL_SHAPE_FORMS];
	unsigned form_count;
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
		if (i + 1u == form->fold.key_len)
			form->vary_key = form->vary_count;
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
	uint8_t *at = ret + KAI_ROW_PLAIN + key.len;
	uint32_t handle;

	ret[0] = 0;
	ret[1] = (uint8_t)key.len;
	memcpy(ret + KAI_ROW_PLAIN, key.at, key.len);
	if (value.len <= KAI_LONG_VALUE) {
		ret[2] = (uint8_t)value.len;
		if (value.len > 0)
			memcpy(at, value.at, value.len);
		return KAI_ROW_PLAIN + key.len + value.len;
	}
	ret[2] = KAI_ROW_IN_POOL;
	if (!kai_bytes_take(pool, value, &handle))
		return 0;
	memcpy(at, &handle, sizeof(handle));
	return KAI_ROW_PLAIN + key.len + HANDLE_LEN;
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
	if (number >= KAI_ROW_WIDE) {
		ret[0] = (uint8_t)(KAI_ROW_WIDE + ((number - KAI_ROW_WIDE) >> 8));
		ret[len++] = (uint8_t)(number - KAI_ROW_WIDE);
	}
	for (unsigned i = 0; i < form->vary_count; i++)
		ret[len++] = folded.bytes[form->vary[i]];
	return len;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The first upto of the folded bytes, or some more. */
static void unfold(const struct kai_form *form, const uint8_t *row, size_t upto,
		   uint8_t ret[KAI_POOL_FOLDED])
{
	memcpy(ret, form->base, (upto + WORD - 1) / WORD * WORD);
	for (unsigned i = 0; i < form->vary_count && form->vary[i] < upto; i++)
		ret[form->vary[i]] = row[i];
}

static uint32_t plain_handle(const uint8_t *row)
{
	return kai_handle_at(row + KAI_ROW_PLAIN + row[1]);
}

/* Handles of the row's pieces; how many. */
static unsigned pieces_of(const struct kai_bytes_pool *pool, const uint8_t *row,
			  uint32_t ret[KAI_POOL_PIECES])
{
	uint8_t bytes[KAI_POOL_FOLDED];
	size_t head;
	const struct kai_form *form = kai_row_form(pool, row, &head);

	if (form == NULL) {
		ret[0] =
			row[2] == KAI_ROW_IN_POOL ? kai_handle_at(row + KAI_ROW_PLAIN + row[1]) : 0;
		return row[2] == KAI_ROW_IN_POOL ? 1 : 0;
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
		kai_bytes_keep(pool, handles[i]);
}

void kai_row_drop(struct kai_bytes_pool *pool, const uint8_t *row)
{
	uint32_t handles[KAI_POOL_PIECES];
	unsigned count = pieces_of(pool, row, handles);

	for (unsigned i = 0; i < count; i++)
		kai_bytes_drop(pool, handles[i]);
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
	*ret = kai_bytes_at(walk->pool, kai_handle_at(walk->bytes + walk->from));
	walk->from += HANDLE_LEN;
	walk->piece++;
	return true;
}

static uint64_t first_word(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return be64toh(word);
}

/* As memcmp; most keys differ in their first bytes. */
static int compare_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
	if (len >= WORD) {
		uint64_t left = first_word(a);
		uint64_t right = first_word(b);

		if (left != right)
			return left < right ? -1 : 1;
	}
	return len == 0 ? 0 : memcmp(a, b, len);
}

static int compare_walk(struct walk *walk, struct kai_span key)
{
	struct kai_span part;

	while (walk_next(walk, &part)) {
		size_t len = part.len < key.len ? part.len : key.len;
		int order = compare_bytes(part.at, key.at, len);

		if (order != 0 || len < part.len)
			return order != 0 ? order : 1;
		key = kai_span(key.at + len, key.len - len);
	}
	return key.len > 0 ? -1 : 0;
}

int kai_row_compare(const struct kai_bytes_pool *pool, const uint8_t *row, struct kai_span key)
{
	uint8_t bytes[KAI_POOL_FOLDED];
	size_t head;
	const struct kai_form *form = kai_row_form(pool, row, &head);

	if (form == NULL)
		return kai_span_compare(kai_span(row + KAI_ROW_PLAIN, row[1]), key);
	size_t len = form->fold.key_len;

	if (len <= 2 * WORD) /* of most tables */
		memcpy(bytes, form->base, 2 * WORD);
	else
		memcpy(bytes, form->base, len);
	for (unsigned i = 0; i < form->vary_key; i++)
		bytes[form->vary[i]] = row[head + i];
	if (form->fold.key_pieces == 0) {
		int order = compare_bytes(bytes, key.at, len < key.len ? len : key.len);

		return order != 0 ? order : (len > key.len) - (len < key.len);
	}
	struct walk walk = {
		.pool = pool, .fold = &form->fold, .bytes = bytes, .to = form->fold.key_len};

	return compare_walk(&walk, key);
}

size_t kai_row_key(const struct kai_bytes_pool *pool, const uint8_t *row,
		   uint8_t ret[KAI_STORE_MAX_KEY])
{
	uint8_t bytes[KAI_POOL_FOLDED];
	size_t head;
	size_t len = 0;
	const struct kai_form *form = kai_row_form(pool, row, &head);
	struct kai_span part;

	if (form == NULL) {
		memcpy(ret, row + KAI_ROW_PLAIN, row[1]);
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

void kai_row_value(const struct kai_bytes_pool *pool, const uint8_t *row, struct kai_row_value *ret)
{
	size_t head;
	const struct kai_form *form = kai_row_form(pool, row, &head);

	ret->len = 0;
	ret->count = 0;
	if (form == NULL) {
		ret->whole = row[2] == KAI_ROW_IN_POOL;
		ret->parts[ret->count++] = ret->whole
						   ? kai_bytes_at(pool, plain_handle(row))
						   : kai_span(row + KAI_ROW_PLAIN + row[1], row[2]);
		ret->len = ret->parts[0].len;
		return;
	}
	struct walk walk = {.pool = pool,
			    .fold = &form->fold,
			    .bytes = ret->bytes,
			    .from = form->fold.key_len,
			    .to = form->fold.len,
			    .piece = form->fold.key_pieces};

	unfold(form, row + head, form->fold.len, ret->bytes);
	while (walk_next(&walk, &ret->parts[ret->count]))
		ret->len += ret->parts[ret->count++].len;
	ret->whole = ret->count == 1 && walk.piece > form->fold.key_pieces;
}

size_t kai_row_value_len(const struct kai_bytes_pool *pool, const uint8_t *row)
{
	uint32_t handles[KAI_POOL_PIECES];
	size_t head;
	const struct kai_form *form = kai_row_form(pool, row, &head);

	if (form == NULL)
		return row[2] == KAI_ROW_IN_POOL ? kai_bytes_at(pool, plain_handle(row)).len
						 : row[2];
	size_t len = (size_t)form->fold.len - form->fold.key_len;

	if (form->fold.pieces == form->fold.key_pieces)
		return len;
	(void)pieces_of(pool, row, handles);
	for (unsigned i = form->fold.key_pieces; i < form->fold.pieces; i++)
		len += kai_bytes_at(pool, handles[i]).len - HANDLE_LEN;
	return len;
}
