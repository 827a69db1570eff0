/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/check.h"

#include <string.h>

#include "cursor.h"

/* Version and type, before the rest is looked at: an unknown one is refused without decoding
 * anything. */
static enum kai_fault peek_type(struct kai_span frame, uint64_t *ret_type)
{
	struct kai_cursor cursor;
	uint64_t version;

	if (frame.len > KAI_MAX_FRAME)
		return KAI_FAULT_OVERSIZE;
	kai_cursor_init(&cursor, frame);
	(void)kai_cursor_array(&cursor, 2, 64);
	version = kai_cursor_uint(&cursor);
	if (cursor.fault == KAI_FAULT_NONE && version != KAI_VERSION)
		return KAI_FAULT_VERSION;
	*ret_type = kai_cursor_uint(&cursor);
	if (cursor.fault == KAI_FAULT_NONE && kai_msg_object(*ret_type) == NULL)
		return KAI_FAULT_UNKNOWN_TYPE;
	return cursor.fault;
}

static enum kai_fault check_signatures(const struct kai_checked *item, struct kai_roots *roots,
				       const struct kai_signature *signatures, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && memcmp(signatures[i - 1].key, signatures[i].key, KAI_ID_LEN) >= 0)
			return KAI_FAULT_UNORDERED;
		if (!kai_signature_known(roots, item->header.realm, item->id, &signatures[i]))
			return KAI_FAULT_SIGNATURE;
	}
	return KAI_FAULT_NONE;
}

static enum kai_fault check_wraps(const struct kai_header *header, const struct kai_wrap *wraps,
				  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (wraps[i].index >= header->parts_count)
			return KAI_FAULT_RANGE;
		if (i > 0 && wraps[i - 1].index >= wraps[i].index)
			return KAI_FAULT_UNORDERED;
	}
	return KAI_FAULT_NONE;
}

/* A part that is here whole: its length and hash must be the header's. */
static enum kai_fault check_part(struct kai_checked *item, uint64_t index,
				 struct kai_span ciphertext)
{
	uint8_t hash[KAI_ID_LEN];
	const struct kai_part_entry *entry;

	if (index >= item->header.parts_count)
		return KAI_FAULT_RANGE;
	entry = &item->header.parts[index];
	if (ciphertext.len != entry->size + 16)
		return KAI_FAULT_HASH;
	kai_part_hash(item->header.realm, ciphertext, hash);
	if (!kai_id_equal(hash, entry->hash))
		return KAI_FAULT_HASH;
	item->hashed |= 1u << index;
	return KAI_FAULT_NONE;
}

static enum kai_fault check_head(struct kai_checked *item, struct kai_span header,
				 struct kai_arena *arena)
{
	enum kai_fault fault = kai_header_read(header, arena, &item->header);

	if (fault == KAI_FAULT_NONE)
		kai_advisory_id(item->header.realm, header, item->id);
	return fault;
}

static enum kai_fault check_whole(struct kai_checked *item, const struct kai_advisory *advisory,
				  struct kai_roots *roots, struct kai_arena *arena)
{
	enum kai_fault fault = check_head(item, advisory->header, arena);

	if (fault == KAI_FAULT_NONE)
		fault = check_wraps(&item->header, advisory->wraps, advisory->wraps_count);
	for (size_t i = 0; fault == KAI_FAULT_NONE && i < advisory->parts_count; i++) {
		if (i > 0 && advisory->parts[i - 1].index >= advisory->parts[i].index)
			fault = KAI_FAULT_UNORDERED;
		else
			fault = check_part(item, advisory->parts[i].index,
					   advisory->parts[i].ciphertext);
	}
	if (fault == KAI_FAULT_NONE)
		fault = check_signatures(item, roots, advisory->signatures,
					 advisory->signatures_count);
	return fault;
}

static enum kai_fault check_chunk(struct kai_checked *item, struct kai_roots *roots,
				  struct kai_arena *arena)
{
	const struct kai_chunk *chunk = &item->msg.chunk;
	const struct kai_item_head *head = chunk->head;
	enum kai_fault fault = check_head(item, head->header, arena);

	if (fault == KAI_FAULT_NONE && !kai_id_equal(item->id, chunk->id))
		fault = KAI_FAULT_HASH;
	if (fault == KAI_FAULT_NONE)
		fault = check_wraps(&item->header, head->wraps, head->wraps_count);
	/* Longer parts are hashed when they are complete. */
	if (fault == KAI_FAULT_NONE && chunk->index < item->header.parts_count &&
	    chunk->offset == 0 && chunk->data.len == item->header.parts[chunk->index].size + 16)
		fault = check_part(item, chunk->index, chunk->data);
	if (fault == KAI_FAULT_NONE)
		fault = check_signatures(item, roots, head->signatures, head->signatures_count);
	return fault;
}

static void check_one(struct kai_span frame, struct kai_roots *roots, struct kai_arena *arena,
		      struct kai_checked *ret)
{
	uint64_t type = 0;

	ret->fault = peek_type(frame, &type);
	if (ret->fault != KAI_FAULT_NONE)
		return;
	ret->type = (enum kai_msg_type)type;
	ret->fault = kai_object_decode(kai_msg_object(type), frame, arena, &ret->msg);
	if (ret->fault != KAI_FAULT_NONE)
		return;
	if (ret->type == KAI_MSG_PUSH) {
		ret->has_item = true;
		ret->item_fault = check_whole(ret, &ret->msg.push.advisory, roots, arena);
	} else if (ret->type == KAI_MSG_CHUNK && ret->msg.chunk.head != NULL) {
		ret->has_item = true;
		ret->item_fault = check_chunk(ret, roots, arena);
	} else if (ret->type == KAI_MSG_RECEIPT && ret->msg.receipt_frame.bytes.len > 0) {
		ret->has_receipt = true;
		ret->receipt_fault =
			kai_receipt_open(ret->msg.receipt_frame.bytes, arena, &ret->receipt);
	}
}

/* Trust is the live realm's alone, and an envelope holds no envelope. */
static bool only_live(uint64_t type)
{
	return type == KAI_MSG_CARD || type == KAI_MSG_AGREEMENT || type == KAI_MSG_DRILL ||
	       type == KAI_MSG_REALM;
}

/* What is inside, in place of its envelope. */
static void check_inside(struct kai_roots *roots, struct kai_arena *arena, struct kai_checked *ret)
{
	const struct kai_realm_frame envelope = ret->msg.realm_frame;
	uint64_t type = 0;

	memcpy(ret->realm, envelope.realm, KAI_REALM_LEN);
	ret->fault = peek_type(envelope.frame, &type);
	if (ret->fault == KAI_FAULT_NONE &&
	    (only_live(type) || memcmp(envelope.realm, kai_realm_live, KAI_REALM_LEN) == 0))
		ret->fault = KAI_FAULT_REALM;
	if (ret->fault == KAI_FAULT_NONE)
		check_one(envelope.frame, roots, arena, ret);
}

void kai_frame_check_with(struct kai_span frame, struct kai_roots *roots, struct kai_arena *arena,
			  struct kai_checked *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->frame_len = frame.len;
	check_one(frame, roots, arena, ret);
	if (ret->fault == KAI_FAULT_NONE && ret->type == KAI_MSG_REALM)
		check_inside(roots, arena, ret);
}

void kai_frame_check(struct kai_span frame, struct kai_arena *arena, struct kai_checked *ret)
{
	kai_frame_check_with(frame, NULL, arena, ret);
}

void kai_advisory_check(const struct kai_advisory *advisory, struct kai_roots *roots,
			struct kai_arena *arena, struct kai_checked *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->has_item = true;
	ret->item_fault = check_whole(ret, advisory, roots, arena);
}

struct kai_span kai_frame_encode(enum kai_msg_type type, void *msg, struct kai_arena *arena)
{
	const struct kai_object *object = kai_msg_object(type);
	uint64_t head[2] = {KAI_VERSION, type};

	/* KAI_MSG_HEAD puts both first in every frame's struct. */
	memcpy(msg, head, sizeof(head));
	return kai_object_encode_in(object, msg, arena);
}
