/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who told whom of which id. A frame counts as heard when it left: one that is lost on its way makes the
 * checkers milder, never stricter.
 */
#include "hearing.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRANGER (UINT32_C(1) << 23) /* numbers of ids that nobody signed begin here */

static void *need(void *at)
{
	if (at == NULL) {
		(void)fputs("sim: out of memory for the checkers\n", stderr);
		exit(1);
	}
	return at;
}

/* ---- strangers ---- */

static uint32_t stranger_slot(const struct sim_sight *sight, const uint8_t id[KAI_ID_LEN])
{
	uint32_t mask = sight->stranger_cap * 2 - 1;
	uint32_t slot = (uint32_t)kai_get_be64(id) & mask;

	while (sight->stranger_slots[slot] != SIM_NONE &&
	       !kai_id_equal(sight->strangers[sight->stranger_slots[slot]], id))
		slot = (slot + 1) & mask;
	return slot;
}

static void strangers_grow(struct sim_sight *sight)
{
	uint32_t cap = sight->stranger_cap * 2;

	sight->strangers = need(realloc(sight->strangers, cap * sizeof(*sight->strangers)));
	sight->stranger_slots = need(
		realloc(sight->stranger_slots, (size_t)cap * 2 * sizeof(*sight->stranger_slots)));
	memset(sight->stranger_slots, 0xff, (size_t)cap * 2 * sizeof(*sight->stranger_slots));
	sight->stranger_cap = cap;
	for (uint32_t i = 0; i < sight->stranger_count; i++)
		sight->stranger_slots[stranger_slot(sight, sight->strangers[i])] = i;
}

static uint32_t stranger(struct sim_sight *sight, const uint8_t id[KAI_ID_LEN])
{
	uint32_t slot = stranger_slot(sight, id);

	if (sight->stranger_slots[slot] == SIM_NONE) {
		if (sight->stranger_count == sight->stranger_cap) {
			strangers_grow(sight);
			slot = stranger_slot(sight, id);
		}
		memcpy(sight->strangers[sight->stranger_count], id, KAI_ID_LEN);
		sight->stranger_slots[slot] = sight->stranger_count++;
	}
	return STRANGER + sight->stranger_slots[slot];
}

/* ---- who told whom ---- */

unsigned sim_told(const struct sim_sight *sight, uint32_t from, uint32_t to,
		  const struct sim_mention *mention)
{
	uint64_t bits = sim_map_get(&sight->told, sim_map_key(from, to, mention->number));
	uint32_t slot = stranger_slot(sight, mention->id);

	/* It may have been spoken of before it was signed. */
	if (mention->truth != NULL && sight->stranger_slots[slot] != SIM_NONE)
		bits |= sim_map_get(&sight->told,
				    sim_map_key(from, to, STRANGER + sight->stranger_slots[slot]));
	return (unsigned)bits;
}

bool sim_passed(const struct sim_sight *sight, uint32_t from, uint32_t to, uint32_t item)
{
	return (sim_map_get(&sight->told, sim_map_key(from, to, item)) & SIM_PASSED) != 0;
}

/* ---- frames ---- */

static void mention(struct sim_sight *sight, const uint8_t *id, uint64_t parts, bool shown)
{
	struct sim_mention *at;

	if (sight->mention_count == sight->mention_cap) {
		sight->mention_cap *= 2;
		sight->mentions = need(
			realloc(sight->mentions, sight->mention_cap * sizeof(*sight->mentions)));
	}
	at = &sight->mentions[sight->mention_count++];
	*at = (struct sim_mention){.id = id,
				   .truth = sim_ledger_find(sight->sim, id),
				   .parts = (uint32_t)parts,
				   .shown = shown};
	at->number = at->truth != NULL ? at->truth->number : stranger(sight, id);
}

/* A header begins [version, realm, … */
bool sim_header_realm(struct kai_span header, uint8_t ret[KAI_REALM_LEN])
{
	size_t at = header.len > 0 && header.at[0] == 0xdc ? 3 : 1;

	if (header.len < at + 3 + KAI_REALM_LEN || header.at[at] > 0x7f ||
	    header.at[at + 1] != 0xc4 || header.at[at + 2] != KAI_REALM_LEN)
		return false;
	memcpy(ret, header.at + at + 3, KAI_REALM_LEN);
	return true;
}

/* The id is the header's hash in a realm, whatever else a frame says. */
static void mention_header(struct sim_sight *sight, struct kai_span header, uint64_t parts,
			   const uint8_t realm[KAI_REALM_LEN])
{
	uint8_t context[16 + KAI_REALM_LEN] = "k1 advisory";
	uint8_t *id = kai_arena_take(&sight->arena, KAI_ID_LEN);

	if (id == NULL)
		return;
	memcpy(context + 16, realm, KAI_REALM_LEN);
	(void)crypto_generichash(id, KAI_ID_LEN, header.at, header.len, context, sizeof(context));
	mention(sight, id, parts, true);
}

/* Of one that says that it is of another realm a node speaks by what it says, or by where it came. */
static void mention_shown(struct sim_sight *sight, struct kai_span header, uint64_t parts)
{
	uint8_t realm[KAI_REALM_LEN];

	mention_header(sight, header, parts, kai_realm_live);
	if (sim_header_realm(header, realm) && memcmp(realm, kai_realm_live, KAI_REALM_LEN) != 0)
		mention_header(sight, header, parts, realm);
}

static uint64_t wrapped(const struct kai_wrap *wraps, size_t count)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < count; i++)
		bits |= UINT64_C(1) << wraps[i].index;
	return bits;
}

static void mention_push(struct sim_sight *sight, const struct kai_push *push)
{
	uint64_t parts = push->offered | wrapped(push->advisory.wraps, push->advisory.wraps_count);

	for (size_t i = 0; i < push->advisory.parts_count; i++)
		parts |= UINT64_C(1) << push->advisory.parts[i].index;
	mention_shown(sight, push->advisory.header, parts);
}

static void mention_chunk(struct sim_sight *sight, const struct kai_chunk *chunk)
{
	uint64_t parts = chunk->index < KAI_MAX_PARTS ? UINT64_C(1) << chunk->index : 0;

	if (chunk->head != NULL) {
		parts |= wrapped(chunk->head->wraps, chunk->head->wraps_count);
		mention_shown(sight, chunk->head->header, parts);
	}
	if (chunk->head == NULL ||
	    !kai_id_equal(sight->mentions[sight->mention_count - 1].id, chunk->id))
		mention(sight, chunk->id, parts, true);
}

static void mention_ids(struct sim_sight *sight, uint8_t (*ids)[KAI_ID_LEN], size_t count)
{
	for (size_t i = 0; i < count; i++)
		mention(sight, ids[i], 0, false);
}

static void mention_id_parts(struct sim_sight *sight, const struct kai_id_parts *entries,
			     size_t count)
{
	for (size_t i = 0; i < count; i++)
		mention(sight, entries[i].id, entries[i].parts, false);
}

static void mention_receipt(struct sim_sight *sight, struct kai_span bytes)
{
	struct kai_receipt_opened opened;

	if (bytes.len == 0 || kai_receipt_open(bytes, &sight->arena, &opened) != KAI_FAULT_NONE)
		return;
	for (size_t i = 0; i < opened.receipt.entries_count; i++)
		mention(sight, opened.receipt.entries[i].id, 0, false);
}

static void mention_all(struct sim_sight *sight, enum kai_msg_type type)
{
	const union kai_msg *msg = &sight->msg;

	switch (type) {
	case KAI_MSG_PUSH:
		mention_push(sight, &msg->push);
		return;
	case KAI_MSG_CHUNK:
		mention_chunk(sight, &msg->chunk);
		return;
	case KAI_MSG_OFFER:
		for (size_t i = 0; i < msg->offer.entries_count; i++)
			mention(sight, msg->offer.entries[i].id, msg->offer.entries[i].parts, true);
		return;
	case KAI_MSG_HELLO:
		mention_ids(sight, msg->hello.outstanding, msg->hello.outstanding_count);
		return;
	case KAI_MSG_WANT:
		mention_id_parts(sight, msg->want.entries, msg->want.entries_count);
		return;
	case KAI_MSG_STORED:
		mention_id_parts(sight, msg->stored.entries, msg->stored.entries_count);
		return;
	case KAI_MSG_REFUSE:
		for (size_t i = 0; i < msg->refuse.entries_count; i++)
			mention(sight, msg->refuse.entries[i].id, 0, false);
		return;
	case KAI_MSG_NO:
		mention_ids(sight, msg->none.ids, msg->none.ids_count);
		return;
	case KAI_MSG_RECEIPT:
		mention_receipt(sight, msg->receipt_frame.bytes);
		return;
	case KAI_MSG_CARD:
	case KAI_MSG_AGREEMENT:
	case KAI_MSG_CREDIT:
	case KAI_MSG_PING:
	case KAI_MSG_BYE:
	case KAI_MSG_DRILL:
	case KAI_MSG_REALM: /* nothing of what is live: realm.c looks inside */
		return;
	}
}

void sim_hearing_note(struct sim_sight *sight, const struct sim_frame *frame)
{
	bool header = frame->type == KAI_MSG_PUSH ||
		      (frame->type == KAI_MSG_CHUNK && sight->msg.chunk.head != NULL);

	for (size_t i = 0; sight->read && i < sight->mention_count; i++)
		*sim_map_at(&sight->told,
			    sim_map_key(frame->from, frame->to, sight->mentions[i].number)) |=
			SIM_TOLD | (header ? SIM_PASSED : 0) |
			(frame->type == KAI_MSG_OFFER ? SIM_OFFERED : 0);
}

void sim_hearing_frame(struct sim_sight *sight, const struct sim_frame *frame)
{
	const struct kai_object *object = kai_msg_object((uint64_t)frame->type);
	bool looked = sim_options_of(sight->sim)->checks || frame->type == KAI_MSG_PUSH ||
		      frame->type == KAI_MSG_CHUNK;

	sight->arena.used = 0;
	sight->mention_count = 0;
	sight->read = looked && object != NULL &&
		      kai_object_decode(object, frame->bytes, &sight->arena, &sight->msg) ==
			      KAI_FAULT_NONE;
	if (sight->read)
		mention_all(sight, frame->type);
}

void sim_hearing_init(struct sim_sight *sight)
{
	sight->mention_cap = 64;
	sight->mentions = need(malloc(sight->mention_cap * sizeof(*sight->mentions)));
	sight->stranger_cap = 8;
	strangers_grow(sight);
}

void sim_hearing_done(struct sim_sight *sight)
{
	free(sight->mentions);
	sim_map_done(&sight->told);
	free(sight->strangers);
	free(sight->stranger_slots);
}
