/* SPDX-License-Identifier: Apache-2.0 */
/* What it owes and does not do, and what it says of what it did. */
#include "rogue_tale.h"

#include <string.h>

/* ---- serving ---- */

static bool chunk_of(struct sim_tale *tale, union kai_msg *ret)
{
	return tale->frame->type == KAI_MSG_CHUNK && sim_tale_read(tale, ret);
}

/* The same half of all ids, as long as it lives. */
static bool chosen(const struct kai_chunk *chunk)
{
	return (chunk->id[0] & 1) != 0;
}

unsigned sim_tell_withhold(struct sim_tale *tale)
{
	union kai_msg msg;

	return chunk_of(tale, &msg) && chosen(&msg.chunk) ? 1 : 0;
}

/* Hears, and says nothing on. */
unsigned sim_tell_silent(struct sim_tale *tale)
{
	enum kai_msg_type type = tale->frame->type;

	return type == KAI_MSG_PUSH || type == KAI_MSG_OFFER || type == KAI_MSG_CHUNK ? 1 : 0;
}

unsigned sim_tell_serve_half(struct sim_tale *tale)
{
	union kai_msg msg;

	if (!chunk_of(tale, &msg) || !chosen(&msg.chunk))
		return 0;
	if (msg.chunk.head == NULL)
		return 1;
	msg.chunk.last = false;
	if (msg.chunk.data.len > 1)
		msg.chunk.data.len /= 2;
	return sim_tale_send(tale, tale->to, KAI_MSG_CHUNK, &msg.chunk, tale->frame->urgent);
}

unsigned sim_tell_serve_garbage(struct sim_tale *tale)
{
	union kai_msg msg;
	uint8_t *noise;

	if (!chunk_of(tale, &msg) || !chosen(&msg.chunk))
		return 0;
	if (msg.chunk.head == NULL)
		return 1;
	noise = kai_arena_take(tale->arena, msg.chunk.data.len);
	if (noise == NULL)
		return 0;
	sim_tale_random(tale, noise, msg.chunk.data.len);
	msg.chunk.data.at = noise;
	return sim_tale_send(tale, tale->to, KAI_MSG_CHUNK, &msg.chunk, tale->frame->urgent);
}

/* ---- what it says of what it got ---- */

unsigned sim_tell_stored_falsely(struct sim_tale *tale)
{
	const struct sim_rogue_peer *peer = &tale->rogue->peers[tale->to];
	struct kai_id_parts entries[3] = {{.parts = 0xffff}, {.parts = 0xffff}, {.parts = 0xffff}};
	struct kai_stored stored = {.entries = entries, .entries_count = 1};
	struct sim_ware ware;

	sim_tale_random(tale, entries[0].id, KAI_ID_LEN);
	if (peer->has_heard)
		memcpy(entries[stored.entries_count++].id, peer->heard, KAI_ID_LEN);
	if (sim_ware_pick(tale, SIM_WARE_ANY, &ware))
		memcpy(entries[stored.entries_count++].id, ware.id, KAI_ID_LEN);
	return sim_tale_send(tale, tale->to, KAI_MSG_STORED, &stored, false);
}

unsigned sim_tell_stored_never(struct sim_tale *tale)
{
	return tale->frame->type == KAI_MSG_STORED ? 1 : 0;
}

static unsigned refuse(struct sim_tale *tale, uint64_t klass, const char *reason, uint64_t retry_ms)
{
	struct kai_refuse_entry entries[KAI_MAX_ENTRIES];
	struct kai_refuse msg = {.entries = entries};
	union kai_msg said;

	if (tale->frame->type != KAI_MSG_STORED || !sim_tale_read(tale, &said))
		return 0;
	for (size_t i = 0; i < said.stored.entries_count; i++) {
		struct kai_refuse_entry *entry = &entries[msg.entries_count++];

		*entry = (struct kai_refuse_entry){
			.klass = klass, .reason = kai_span_str(reason), .retry_ms = retry_ms};
		memcpy(entry->id, said.stored.entries[i].id, KAI_ID_LEN);
	}
	return sim_tale_send(tale, tale->to, KAI_MSG_REFUSE, &msg, tale->frame->urgent);
}

unsigned sim_tell_refuse_wrongly(struct sim_tale *tale)
{
	if (tale->arg % 3 == 0)
		return refuse(tale, KAI_CLASS_RULE, "audience", 0);
	if (tale->arg % 3 == 1)
		return refuse(tale, KAI_CLASS_COPY, "bad-hash", 0);
	return refuse(tale, 200, "because", 86400000); /* a class of no version */
}

unsigned sim_tell_defer_ever(struct sim_tale *tale)
{
	return refuse(tale, KAI_CLASS_DEFER, "storage", tale->arg % 2 == 0 ? 0 : 86400000);
}

unsigned sim_tell_credit_lies(struct sim_tale *tale)
{
	struct kai_credit credit = {.limit = 0};

	if (tale->arg % 3 == 1)
		credit.limit = UINT64_MAX >> 1;
	else if (tale->arg % 3 == 2)
		credit.limit = tale->rogue->last_credit / 2;
	tale->rogue->last_credit = credit.limit;
	return sim_tale_send(tale, tale->to, KAI_MSG_CREDIT, &credit, false);
}

unsigned sim_tell_none_falsely(struct sim_tale *tale)
{
	uint8_t ids[2][KAI_ID_LEN];
	struct kai_none none = {.ids = ids, .ids_count = 1};

	sim_tale_random(tale, ids[0], KAI_ID_LEN);
	if (tale->rogue->peers[tale->to].has_heard)
		memcpy(ids[none.ids_count++], tale->rogue->peers[tale->to].heard, KAI_ID_LEN);
	return sim_tale_send(tale, tale->to, KAI_MSG_NO, &none, false);
}

unsigned sim_tell_mute(struct sim_tale *tale)
{
	union kai_msg msg;

	return tale->frame->type == KAI_MSG_PING && sim_tale_read(tale, &msg) && msg.ping.answer
		       ? 1
		       : 0;
}

/* ---- asking about what it was not told ---- */

unsigned sim_tell_probe_offers(struct sim_tale *tale)
{
	struct kai_offer_entry entry = {
		.parts = 0xffff, .size = 1000, .urgency = KAI_URGENCY_INFO, .signatures = 1};
	struct kai_offer offer = {.entries = &entry, .entries_count = 1};
	struct sim_ware ware;

	uint32_t other = sim_tale_peer(tale, tale->to);

	/* What another peer offered it, or what the peer itself has from it. */
	if (other != UINT32_MAX && tale->rogue->peers[other].has_heard)
		memcpy(entry.id, tale->rogue->peers[other].heard, KAI_ID_LEN);
	else if (sim_ware_pick(tale, SIM_WARE_ITS, &ware))
		memcpy(entry.id, ware.id, KAI_ID_LEN);
	else
		return 0;
	sim_tale_random(tale, entry.tag, sizeof(entry.tag));
	return sim_tale_send(tale, tale->to, KAI_MSG_OFFER, &offer, false);
}

unsigned sim_tell_probe_wants(struct sim_tale *tale)
{
	struct kai_id_parts entries[2] = {{.parts = 0xffff}, {.parts = 0xffff}};
	struct kai_want want = {.entries = entries, .entries_count = 1};
	uint32_t other = sim_tale_peer(tale, tale->to);

	sim_tale_random(tale, entries[0].id, KAI_ID_LEN);
	/* What another peer offered it: this one may hold it too. */
	if (other != UINT32_MAX && tale->rogue->peers[other].has_heard)
		memcpy(entries[want.entries_count++].id, tale->rogue->peers[other].heard,
		       KAI_ID_LEN);
	return sim_tale_send(tale, tale->to, KAI_MSG_WANT, &want, false);
}
