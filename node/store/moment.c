/* SPDX-License-Identifier: Apache-2.0 */
/* Moments, and how a writer's changes are taken back. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "port.h"

#define FIRST_NOTES ((size_t)4 * 1024)

/* What a key had before; the key, the row and the note's whole length as two bytes follow. */
struct note {
	uint8_t table, key_len;
	uint16_t row_len; /* 0: nothing */
};
#define NOTE_MAX (sizeof(struct note) + KAI_STORE_MAX_KEY + KAI_ROW_MAX + sizeof(uint16_t))

/* One entry that is about to change. */
struct entry {
	struct kai_sheet *sheet; /* the moment's own */
	struct kai_place at;
	struct kai_span key, old; /* old: its row, in the sheet; len 0: none */
};

void kai_moment_drop(struct kai_bytes_pool *pool, struct kai_moment *moment)
{
	if (--moment->refs > 0)
		return;
	for (size_t i = 0; i < KAI_TABLE_END; i++)
		kai_sheet_drop(pool, moment->sheets[i]);
	free(moment);
}

struct kai_moment *kai_moment_copy(const struct kai_moment *from)
{
	struct kai_moment *moment = malloc(sizeof(*moment));

	if (moment == NULL)
		return NULL;
	*moment = *from;
	moment->refs = 1;
	for (size_t i = 0; i < KAI_TABLE_END; i++) {
		if (moment->sheets[i] != NULL)
			moment->sheets[i]->refs++;
	}
	return moment;
}

static bool find(struct kai_bytes_pool *pool, struct kai_moment *moment, enum kai_table table,
		 struct kai_span key, struct entry *ret)
{
	*ret = (struct entry){.key = key};
	ret->sheet = kai_sheet_own(pool, table, &moment->sheets[table]);
	if (ret->sheet == NULL)
		return false;
	const uint8_t *old = kai_sheet_find(pool, ret->sheet, key, &ret->at);

	ret->old = kai_span(old, old == NULL ? 0 : kai_row_len(pool, old));
	return true;
}

static uint64_t entry_bytes(const struct kai_bytes_pool *pool, struct kai_span key,
			    struct kai_span row)
{
	return row.len == 0 ? 0 : key.len + kai_row_value_len(pool, row.at) + KAI_ENTRY_OVERHEAD;
}

static bool exchange(struct kai_bytes_pool *pool, struct kai_moment *moment,
		     const struct entry *entry, struct kai_span row)
{
	uint64_t old_bytes = entry_bytes(pool, entry->key, entry->old);
	bool is = entry->old.len > 0;

	if (row.len == 0 && is && !kai_sheet_take(pool, entry->sheet, entry->at))
		return false;
	if (row.len > 0 && !kai_sheet_put(pool, entry->sheet, entry->at, is, row))
		return false;
	moment->bytes += entry_bytes(pool, entry->key, row) - old_bytes;
	return true;
}

static bool room_to_note(struct kai_notes *notes)
{
	size_t cap = notes->cap == 0 ? FIRST_NOTES : notes->cap * 2;

	if (notes->cap - notes->len >= NOTE_MAX)
		return true;
	uint8_t *at = realloc(notes->at, cap);

	if (at == NULL)
		return false;
	notes->at = at;
	notes->cap = cap;
	return true;
}

/* Behind the others; it counts once its length is added to theirs. */
static uint16_t write_note(const struct kai_notes *notes, enum kai_table table,
			   const struct entry *entry)
{
	struct note note = {.table = (uint8_t)table,
			    .key_len = (uint8_t)entry->key.len,
			    .row_len = (uint16_t)entry->old.len};
	uint16_t len = (uint16_t)(sizeof(note) + entry->key.len + entry->old.len + sizeof(len));
	uint8_t *at = notes->at + notes->len;

	memcpy(at, &note, sizeof(note));
	memcpy(at + sizeof(note), entry->key.at, entry->key.len);
	if (entry->old.len > 0)
		memcpy(at + sizeof(note) + entry->key.len, entry->old.at, entry->old.len);
	memcpy(at + len - sizeof(len), &len, sizeof(len));
	return len;
}

bool kai_moment_change(struct kai_bytes_pool *pool, struct kai_moment *moment,
		       struct kai_notes *notes, enum kai_table table, struct kai_span key,
		       struct kai_span row)
{
	struct entry entry;

	if (!room_to_note(notes) || !find(pool, moment, table, key, &entry))
		return false;
	uint16_t len = write_note(notes, table, &entry);

	if (!exchange(pool, moment, &entry, row))
		return false;
	notes->len += len;
	return true;
}

bool kai_moment_put(struct kai_bytes_pool *pool, struct kai_moment *moment, enum kai_table table,
		    struct kai_span key, struct kai_span row)
{
	struct entry entry;

	return find(pool, moment, table, key, &entry) && exchange(pool, moment, &entry, row);
}

/* The note that ends there: its bytes, key and row; how long it is. */
static uint16_t read_note(const struct kai_notes *notes, size_t end, struct note *ret,
			  const uint8_t **ret_bytes)
{
	uint16_t len;

	memcpy(&len, notes->at + end - sizeof(len), sizeof(len));
	memcpy(ret, notes->at + end - len, sizeof(*ret));
	*ret_bytes = notes->at + end - len + sizeof(*ret);
	return len;
}

bool kai_moment_take_back(struct kai_bytes_pool *pool, struct kai_moment *moment,
			  struct kai_notes *io_notes, bool copied)
{
	uint8_t gone[KAI_ROW_MAX];
	const uint8_t *bytes;
	struct entry entry;
	struct note note;

	while (io_notes->len > 0) {
		size_t len = read_note(io_notes, io_notes->len, &note, &bytes);
		struct kai_span row = kai_span(bytes + note.key_len, note.row_len);

		if (!find(pool, moment, (enum kai_table)note.table, kai_span(bytes, note.key_len),
			  &entry))
			return false;
		if (entry.old.len > 0)
			memcpy(gone, entry.old.at, entry.old.len);
		if (!exchange(pool, moment, &entry, row))
			return false;
		if (copied && row.len > 0)
			kai_row_keep(pool, row.at);
		if (entry.old.len > 0)
			kai_row_drop(pool, gone);
		io_notes->len -= len;
	}
	return true;
}

void kai_notes_drop(struct kai_bytes_pool *pool, struct kai_notes *notes)
{
	const uint8_t *bytes;
	struct note note;

	while (notes->len > 0) {
		notes->len -= read_note(notes, notes->len, &note, &bytes);
		if (note.row_len > 0)
			kai_row_drop(pool, bytes + note.key_len);
	}
}
