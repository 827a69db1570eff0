/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key and its value, folded: long strings go to the pool and leave a number of four bytes. Where
 * to cut is a guess about what lies in a table; whatever comes back is what was put in.
 */
#include "memory.h"

#include <string.h>

#define LONG_STRING 16u /* in a record; worth a number */

/* Strings at the ends of keys, records among values. */
static const struct cut {
	uint8_t head, tail; /* bytes of the key */
	bool record;
	bool own_first; /* its first string is its own */
} cuts[KAI_TABLE_END] = {
	[KAI_TABLE_ITEMS] = {.record = true},
	[KAI_TABLE_IDS] = {.head = KAI_ID_LEN},
	[KAI_TABLE_PARTS] = {.record = true},
	[KAI_TABLE_BY_THREAD] = {.head = 16},
	[KAI_TABLE_BY_ORIGIN] = {.head = 8},
	[KAI_TABLE_BY_SECTOR] = {.head = 8},
	[KAI_TABLE_SUPPLY] = {.record = true},
	[KAI_TABLE_RELEASED] = {.record = true},
	[KAI_TABLE_RECEIPTS] = {.record = true},
	[KAI_TABLE_STATEMENTS] = {.head = KAI_ID_LEN},
	[KAI_TABLE_PENDING] = {.head = KAI_ID_LEN},
	[KAI_TABLE_STUBS] = {.head = KAI_ID_LEN, .record = true},
	[KAI_TABLE_PEER_ORGS] = {.head = KAI_ID_LEN},
	[KAI_TABLE_CARDS] = {.head = KAI_ID_LEN},
	[KAI_TABLE_RECORDS] = {.head = KAI_ID_LEN},
	[KAI_TABLE_AGREEMENTS] = {.head = KAI_ID_LEN, .tail = KAI_ID_LEN},
	[KAI_TABLE_NOTICES] = {.head = KAI_ID_LEN, .tail = KAI_ID_LEN},
	[KAI_TABLE_MEMBERS] = {.head = KAI_ID_LEN, .tail = KAI_ID_LEN},
	[KAI_TABLE_SOURCES] = {.head = KAI_ID_LEN},
	[KAI_TABLE_DUTIES] = {.record = true},
	[KAI_TABLE_OUTAGES] = {.record = true},
	[KAI_TABLE_LADDERS] = {.record = true},
	[KAI_TABLE_DRILLS] = {.head = KAI_REALM_LEN},
	[KAI_TABLE_JOURNAL] = {.record = true, .own_first = true},
};

/* ---- folding --------------------------------------------------------------------------------- */

static void add_bytes(struct kai_folded *to, const uint8_t *at, size_t len)
{
	if (to->full || to->fold.len + len > KAI_POOL_FOLDED) {
		to->full = true;
		return;
	}
	memcpy(to->bytes + to->fold.len, at, len);
	to->fold.len = (uint8_t)(to->fold.len + len);
}

static void add_piece(struct kai_bytes_pool *pool, struct kai_folded *to, struct kai_span piece)
{
	uint32_t handle;

	to->full = to->full || to->fold.pieces == KAI_POOL_PIECES ||
		   to->fold.len + sizeof(handle) > KAI_POOL_FOLDED;
	if (to->full || to->nomem)
		return;
	to->nomem = !kai_bytes_take(pool, piece, &handle);
	if (to->nomem)
		return;
	to->fold.at[to->fold.pieces++] = to->fold.len;
	add_bytes(to, (const uint8_t *)&handle, sizeof(handle));
}

/* Bytes before a msgpack token's string, or of the whole token; *ret_string: bytes of the string. */
static size_t token(struct kai_span left, size_t *ret_string)
{
	static const uint8_t heads[32] = {1, 1, 1, 1, 2, 3, 5, 3, 4, 6, 5, 9, 2, 3, 5, 9,
					  2, 3, 5, 9, 2, 2, 2, 2, 2, 2, 3, 5, 3, 5, 3, 5};
	uint8_t type = left.at[0];
	bool string = (type >= 0xc4 && type <= 0xc6) || (type >= 0xd9 && type <= 0xdb);
	size_t head = type >= 0xc0 && type < 0xe0 ? heads[type - 0xc0] : 1;
	size_t len = type >= 0xa0 && type < 0xc0 ? type & 31u : 0;

	if (head > left.len)
		head = left.len;
	for (size_t i = 1; string && i < head; i++)
		len = len << 8 | left.at[i];
	*ret_string = len < left.len - head ? len : left.len - head;
	return head;
}

static void fold_record(struct kai_bytes_pool *pool, struct kai_folded *to, struct kai_span left,
			bool own_first)
{
	while (left.len > 0) {
		size_t string;
		size_t head = token(left, &string);

		if (string < LONG_STRING || own_first) {
			add_bytes(to, left.at, head + string);
		} else {
			add_bytes(to, left.at, head);
			add_piece(pool, to, kai_span(left.at + head, string));
		}
		own_first = own_first && string == 0;
		left = kai_span(left.at + head + string, left.len - head - string);
	}
}

void kai_fold(struct kai_bytes_pool *pool, enum kai_table table, struct kai_span key,
	      struct kai_span value, struct kai_folded *ret)
{
	const struct cut *cut = &cuts[table];
	size_t head = key.len >= (size_t)cut->head + cut->tail ? cut->head : 0;
	size_t tail = head > 0 ? cut->tail : 0;

	*ret = (struct kai_folded){.full = false};
	if (head > 0)
		add_piece(pool, ret, kai_span(key.at, head));
	add_bytes(ret, key.at + head, key.len - head - tail);
	if (tail > 0)
		add_piece(pool, ret, kai_span(key.at + key.len - tail, tail));
	ret->fold.key_len = ret->fold.len;
	ret->fold.key_pieces = ret->fold.pieces;
	if (cut->record)
		fold_record(pool, ret, value, cut->own_first);
	else if (value.len > KAI_LONG_VALUE)
		add_piece(pool, ret, value);
	else if (value.len > 0)
		add_bytes(ret, value.at, value.len);
}

void kai_fold_drop(struct kai_bytes_pool *pool, const struct kai_folded *folded)
{
	for (unsigned i = 0; i < folded->fold.pieces; i++)
		kai_bytes_drop(pool, kai_handle_at(folded->bytes + folded->fold.at[i]));
}
