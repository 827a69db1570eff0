/* SPDX-License-Identifier: Apache-2.0 */
/* Its own frames changed, old and foreign frames sent again, frames of no version. */
#include "rogue_tale.h"

#include <string.h>

/* ---- changed on their way ---- */

unsigned sim_tell_tamper_bytes(struct sim_tale *tale)
{
	struct kai_span frame = tale->frame->bytes;

	if (frame.len == 0)
		return 0;
	size_t at = sim_tale_below(tale, frame.len);

	frame = sim_tale_flip(tale, frame, at, (uint8_t)(1u << sim_tale_below(tale, 8)));
	if (frame.len == 0)
		return 0;
	return sim_tale_bytes(tale, tale->to, frame, tale->frame->urgent);
}

/* Ends early, goes on after its end, or says its length or its version in a longer form than it needs. */
unsigned sim_tell_tamper_shape(struct sim_tale *tale)
{
	struct kai_span from = tale->frame->bytes;
	uint8_t *at = kai_arena_take(tale->arena, from.len + 2);
	struct kai_span frame = kai_span(at, from.len);

	if (at == NULL || from.len < 3)
		return 0;
	memset(at, 0, from.len + 2);
	memcpy(at, from.at, from.len);
	switch (sim_tale_below(tale, 4)) {
	case 0:
		frame.len = 1 + sim_tale_below(tale, from.len - 1);
		break;
	case 1:
		frame.len++;
		break;
	case 2: /* version 1 in two bytes */
		at[1] = 0xcc;
		memcpy(at + 2, from.at + 1, from.len - 1);
		frame.len++;
		break;
	default: /* one element more than it has */
		at[0]++;
		break;
	}
	return sim_tale_bytes(tale, tale->to, frame, tale->frame->urgent);
}

static void flip(struct sim_tale *tale, struct kai_span *io)
{
	if (io->len == 0)
		return;
	struct kai_span copy = sim_tale_flip(tale, *io, sim_tale_below(tale, io->len), 1);

	if (copy.len > 0)
		*io = copy;
}

static bool header_field(struct sim_tale *tale, struct kai_span *io)
{
	struct kai_header header;

	if (kai_header_read(*io, tale->arena, &header) != KAI_FAULT_NONE)
		return false;
	switch (sim_tale_below(tale, 6)) {
	case 0:
		header.kind = header.kind % 11 + 1;
		break;
	case 1:
		header.card_serial++;
		break;
	case 2:
		header.parts[0].size += 256;
		break;
	case 3:
		header.parts[0].hash[5] ^= 1;
		break;
	case 4:
		header.label.onward = header.label.onward % 4 + 1;
		break;
	default:
		header.created_at++;
		break;
	}
	*io = kai_object_encode_in(&kai_object_header, &header, tale->arena);
	return io->len > 0;
}

static bool wraps_field(struct sim_tale *tale, struct kai_wrap *io, size_t count)
{
	if (count == 0)
		return false;
	switch (sim_tale_below(tale, 4)) {
	case 0:
		flip(tale, &io[0].bytes);
		return true;
	case 1:
		io[0].key_hint[0] ^= 1;
		return true;
	case 2:
		io[count - 1].index = KAI_MAX_PARTS - 1;
		return true;
	default:
		io[0].kind = KAI_WRAP_SEALED;
		return true;
	}
}

static bool push_field(struct sim_tale *tale, struct kai_push *io)
{
	struct kai_advisory *advisory = &io->advisory;

	switch (sim_tale_below(tale, 6)) {
	case 0:
		return header_field(tale, &advisory->header);
	case 1:
		advisory->signatures[0].sig[63] ^= 0x10;
		return true;
	case 2:
		advisory->signatures[0].key[0] ^= 1;
		return true;
	case 3:
		if (advisory->parts_count > 0)
			flip(tale, &advisory->parts[0].ciphertext);
		return advisory->parts_count > 0;
	case 4:
		advisory->wraps_count = 0;
		return true;
	default:
		return wraps_field(tale, advisory->wraps, advisory->wraps_count);
	}
}

static bool chunk_field(struct sim_tale *tale, struct kai_chunk *io)
{
	switch (sim_tale_below(tale, 6)) {
	case 0:
		return io->head != NULL && header_field(tale, &io->head->header);
	case 1:
		if (io->head != NULL)
			io->head->signatures[0].sig[0] ^= 1;
		return io->head != NULL;
	case 2:
		return io->head != NULL &&
		       wraps_field(tale, io->head->wraps, io->head->wraps_count);
	case 3:
		io->id[31] ^= 1;
		return true;
	case 4:
		io->index = (io->index + 1) % (KAI_MAX_PARTS + 1);
		return true;
	default:
		flip(tale, &io->data);
		return io->data.len > 0;
	}
}

static bool offer_field(struct sim_tale *tale, struct kai_offer *io)
{
	struct kai_offer_entry *entry;

	if (io->entries_count == 0)
		return false;
	entry = &io->entries[sim_tale_below(tale, io->entries_count)];
	switch (sim_tale_below(tale, 5)) {
	case 0:
		entry->tag[0] ^= 1;
		break;
	case 1:
		entry->parts = 0xffff;
		break;
	case 2:
		entry->size = 1;
		break;
	case 3:
		entry->urgency ^= 3;
		break;
	default:
		entry->id[7] ^= 1;
		break;
	}
	return true;
}

unsigned sim_tell_tamper_field(struct sim_tale *tale)
{
	enum kai_msg_type type = tale->frame->type;
	union kai_msg msg;
	bool changed = false;

	if ((type != KAI_MSG_PUSH && type != KAI_MSG_CHUNK && type != KAI_MSG_OFFER) ||
	    !sim_tale_read(tale, &msg))
		return 0;
	if (type == KAI_MSG_PUSH)
		changed = push_field(tale, &msg.push);
	else if (type == KAI_MSG_CHUNK)
		changed = chunk_field(tale, &msg.chunk);
	else
		changed = offer_field(tale, &msg.offer);
	return changed ? sim_tale_send(tale, tale->to, type, &msg, tale->frame->urgent) : 0;
}

unsigned sim_tell_tamper_order(struct sim_tale *tale)
{
	union kai_msg msg;
	unsigned sent = 0;

	if (tale->frame->type != KAI_MSG_CHUNK || !sim_tale_read(tale, &msg))
		return 0;
	switch (sim_tale_below(tale, 5)) {
	case 0: /* twice */
		sent = sim_tale_bytes(tale, tale->to, tale->frame->bytes, tale->frame->urgent);
		break;
	case 1:
		msg.chunk.last = !msg.chunk.last;
		break;
	case 2:
		msg.chunk.offset += 1;
		break;
	case 3:
		msg.chunk.head = NULL;
		break;
	default: /* in two pieces, the later one first */
		if (msg.chunk.data.len > 1) {
			struct kai_chunk half = msg.chunk;

			half.data = kai_span(half.data.at + 1, half.data.len - 1);
			half.offset++;
			half.head = NULL;
			msg.chunk.data.len = 1;
			sent = sim_tale_send(tale, tale->to, KAI_MSG_CHUNK, &half, false);
		}
		break;
	}
	return sent + sim_tale_send(tale, tale->to, KAI_MSG_CHUNK, &msg.chunk, tale->frame->urgent);
}

/* ---- again ---- */

/* Some of what is remembered, that came from or went to this peer, or to another. */
static unsigned again(struct sim_tale *tale, const struct sim_kept *ring, uint64_t count, bool same)
{
	uint64_t there = count < SIM_ROGUE_RING ? count : SIM_ROGUE_RING;
	uint64_t first = there == 0 ? 0 : sim_tale_below(tale, there);
	unsigned sent = 0;

	for (uint64_t i = 0; i < there && sent < 8; i++) {
		const struct sim_kept *at = &ring[(first + i) % there];

		if ((at->peer == tale->to) == same)
			sent += sim_tale_bytes(tale, tale->to, kai_span(at->at, at->len),
					       at->type == KAI_MSG_PUSH);
	}
	return sent;
}

unsigned sim_tell_replay_old(struct sim_tale *tale)
{
	return again(tale, tale->rogue->sent, tale->rogue->sent_count, true);
}

unsigned sim_tell_replay_link(struct sim_tale *tale)
{
	return again(tale, tale->rogue->sent, tale->rogue->sent_count, false);
}

/* Another's frames as its own, and its peer's own back to it. */
unsigned sim_tell_foreign_frames(struct sim_tale *tale)
{
	return again(tale, tale->rogue->got, tale->rogue->got_count, tale->arg % 4 == 3);
}

/* ---- of no version ---- */

/* A ping with a critical extension that nobody knows cannot be: a ping has none. A hello can. */
static struct kai_span critical(struct sim_tale *tale)
{
	struct kai_ext ext = {.tag = 77, .critical = true};
	struct kai_hello hello = {.version_max = 1,
				  .realms = kai_span(kai_realm_live, KAI_REALM_LEN),
				  .clock = sim_tale_wall(tale),
				  .ext = &ext,
				  .ext_count = 1};

	sim_tale_random(tale, hello.nonce, sizeof(hello.nonce));
	return kai_frame_encode(KAI_MSG_HELLO, &hello, tale->arena);
}

unsigned sim_tell_unknown_types(struct sim_tale *tale)
{
	static const uint8_t reserved[] = {0x93, 1, 15, 0xc0}, unknown[] = {0x92, 1, 0xcc, 200},
			     newer[] = {0x94, 2, 13, 0xc4, 0}, none[] = {0x91, 1},
			     map[] = {0x81, 1, 2}, deep[] = {0x92, 1, 0xdd, 0xff, 0xff, 0xff, 0xff},
			     many[] = {0xdc, 0xff, 0xff, 1, 13};
	const struct kai_span frames[] = {
		kai_span(reserved, sizeof(reserved)), kai_span(unknown, sizeof(unknown)),
		kai_span(newer, sizeof(newer)),	      kai_span(none, sizeof(none)),
		kai_span(map, sizeof(map)),	      kai_span(deep, sizeof(deep)),
		kai_span(many, sizeof(many))};
	size_t count = sizeof(frames) / sizeof(frames[0]);
	uint64_t which = tale->arg % (count + 1);

	return sim_tale_bytes(tale, tale->to, which < count ? frames[which] : critical(tale),
			      which == count);
}
