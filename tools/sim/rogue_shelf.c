/* SPDX-License-Identifier: Apache-2.0 */
/* How an item leaves a rogue's hands: pushed, or offered and laid on a shelf, from which wants are answered. */
#include "rogue_tale.h"

#include <stdlib.h>
#include <string.h>

/* ---- to a peer ---- */

static bool wraps_of(struct sim_tale *tale, uint32_t to, const struct sim_ware *ware,
		     struct kai_wrap *ret, size_t *ret_count)
{
	struct kai_link_ends ends;
	uint8_t key[32];
	size_t count = 0;

	if (!sim_tale_ends(tale, to, &ends, key))
		return false;
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		if ((ware->bits >> i & 1) == 0)
			continue;
		struct kai_wrap *wrap = &ret[count++];

		*wrap = (struct kai_wrap){.index = i, .kind = KAI_WRAP_LINK};
		kai_key_hint(ends.to_seal, wrap->key_hint);
		wrap->bytes =
			kai_wrap_link(&ends, key, ware->id, i, ware->openings[i], tale->arena);
		if (wrap->bytes.len == 0)
			return false;
	}
	*ret_count = count;
	return true;
}

static unsigned push(struct sim_tale *tale, uint32_t to, struct sim_ware *ware)
{
	struct kai_part_blob blobs[KAI_MAX_PARTS];
	struct kai_wrap wraps[KAI_MAX_PARTS];
	struct kai_push msg = {.advisory = {.header = ware->bytes,
					    .signatures = ware->signatures,
					    .signatures_count = ware->signature_count,
					    .parts = blobs,
					    .wraps = wraps},
			       .evidence = ware->evidence,
			       .evidence_count = ware->evidence_count,
			       .mark = ware->mark,
			       .offered = ware->bits};

	if (!wraps_of(tale, to, ware, wraps, &msg.advisory.wraps_count))
		return 0;
	for (size_t i = 0; i < KAI_MAX_PARTS; i++) {
		if (ware->bits >> i & 1)
			blobs[msg.advisory.parts_count++] =
				(struct kai_part_blob){i, ware->parts[i]};
	}
	return sim_tale_send(tale, to, KAI_MSG_PUSH, &msg, true);
}

/* ---- the shelf ---- */

static struct sim_shelf *shelf_new(struct sim_tale *tale, uint32_t to, const uint8_t *id)
{
	struct sim_rogue *rogue = tale->rogue;
	struct sim_shelf *at = &rogue->shelf[rogue->shelf_next++ % SIM_ROGUE_SHELF];

	free(at->frames);
	*at = (struct sim_shelf){.to = to};
	memcpy(at->id, id, KAI_ID_LEN);
	return at;
}

static bool shelf_add(struct sim_shelf *shelf, uint8_t index, struct kai_span frame)
{
	size_t len = shelf->len + 9 + frame.len;
	uint8_t *grown = frame.len == 0 ? NULL : realloc(shelf->frames, len);

	if (grown == NULL)
		return false;
	kai_put_be64(grown + shelf->len, frame.len);
	grown[shelf->len + 8] = index;
	memcpy(grown + shelf->len + 9, frame.at, frame.len);
	shelf->frames = grown;
	shelf->len = len;
	return true;
}

static const struct sim_shelf *shelf_find(const struct sim_rogue *rogue, uint32_t to,
					  const uint8_t *id)
{
	for (size_t i = 0; i < SIM_ROGUE_SHELF; i++) {
		const struct sim_shelf *at = &rogue->shelf[i];

		if (at->len > 0 && at->to == to && kai_id_equal(at->id, id))
			return at;
	}
	return NULL;
}

bool sim_shelf_has(const struct sim_rogue *rogue, uint32_t to, const uint8_t id[KAI_ID_LEN])
{
	return shelf_find(rogue, to, id) != NULL;
}

/* Whole parts in order; at most so many frames. */
static bool shelve(struct sim_tale *tale, uint32_t to, struct sim_ware *ware, size_t frames)
{
	struct kai_wrap wraps[KAI_MAX_PARTS];
	struct kai_item_head head = {.header = ware->bytes,
				     .signatures = ware->signatures,
				     .signatures_count = ware->signature_count,
				     .wraps = wraps,
				     .evidence = ware->evidence,
				     .evidence_count = ware->evidence_count,
				     .mark = ware->mark};
	struct sim_shelf *shelf = shelf_new(tale, to, ware->id);
	size_t count = 0;

	if (!wraps_of(tale, to, ware, wraps, &head.wraps_count))
		return false;
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		struct kai_span left = ware->parts[i];
		size_t offset = 0;

		if ((ware->bits >> i & 1) == 0)
			continue;
		for (; offset < left.len && count < frames; count++) {
			size_t len = left.len - offset < KAI_MAX_CHUNK ? left.len - offset
								       : KAI_MAX_CHUNK;
			struct kai_chunk chunk = {.head = count == 0 ? &head : NULL,
						  .index = i,
						  .offset = offset,
						  .data = kai_span(left.at + offset, len)};
			size_t mark = tale->arena->used;

			memcpy(chunk.id, ware->id, KAI_ID_LEN);
			offset += len;
			chunk.last = offset == left.len && ware->bits >> i == 1;
			bool kept = shelf_add(shelf, i,
					      kai_frame_encode(KAI_MSG_CHUNK, &chunk, tale->arena));

			tale->arena->used = mark;
			if (!kept || shelf->len > SIM_ROGUE_SHELF_LEN)
				return false;
		}
	}
	return count > 0;
}

unsigned sim_ware_offer(struct sim_tale *tale, uint32_t to, struct sim_ware *ware, size_t frames)
{
	struct kai_offer_entry entry = {.parts = ware->bits,
					.size = ware->bytes.len + 1,
					.urgency = ware->header.urgency & 0xff,
					.signatures = ware->signature_count,
					.evidence = ware->evidence_count};
	struct kai_offer offer = {.entries = &entry, .entries_count = 1};
	uint8_t key[32], tag[KAI_ID_LEN];

	if (!sim_tale_session(tale, to, key) || !shelve(tale, to, ware, frames))
		return 0;
	struct kai_span pieces[2] = {kai_span(key, sizeof(key)), ware->bytes};

	kai_hash_many(KAI_CTX_OFFER_TAG, kai_realm_live, pieces, 2, tag);
	memcpy(entry.tag, tag, sizeof(entry.tag));
	memcpy(entry.id, ware->id, KAI_ID_LEN);
	for (size_t i = 0; i < KAI_MAX_PARTS; i++)
		entry.size += ware->parts[i].len;
	return sim_tale_send(tale, to, KAI_MSG_OFFER, &offer, false);
}

unsigned sim_ware_send(struct sim_tale *tale, uint32_t to, struct sim_ware *ware)
{
	unsigned sent = 0;

	if (ware->header.urgency == KAI_URGENCY_NOW)
		sent = push(tale, to, ware); /* 0 when it does not fit a frame */
	return sent > 0 ? sent : sim_ware_offer(tale, to, ware, SIZE_MAX);
}

void sim_shelf_want(struct sim_tale *tale, const struct kai_want *want)
{
	for (size_t i = 0; i < want->entries_count; i++) {
		const struct sim_shelf *shelf =
			shelf_find(tale->rogue, tale->to, want->entries[i].id);

		for (size_t at = 0; shelf != NULL && at < shelf->len;) {
			size_t len = (size_t)kai_get_be64(shelf->frames + at);
			uint8_t index = shelf->frames[at + 8];

			if (want->entries[i].parts >> index & 1)
				(void)sim_tale_bytes(tale, tale->to,
						     kai_span(shelf->frames + at + 9, len), false);
			at += 9 + len;
		}
	}
}
