/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

#include <stdlib.h>
#include <string.h>

/*
 * Bytes lie in blocks that never move, so that a span handed out stays good while more is written.
 * Blocks of the usual size are kept over turns, larger ones go with the turn.
 */
#define BLOCK_LEN ((size_t)1 << 20)
#define BLOCKS_KEPT 8u
#define ROOM_FRAME ((size_t)(KAI_MAX_FRAME) + 64)
#define ROOM_CALL ((size_t)4 * KAI_CALL_TEXT)
#define ROOM_ANSWER ((size_t)(KAI_MAX_CONTROL) + 64)
#define ROOM_SHORT_ANSWER ((size_t)4096)

struct block {
	uint8_t *at;
	size_t cap;
	size_t used;
};

struct kai_out {
	struct kai_output *outputs;
	size_t count;
	size_t cap;
	struct block *blocks;
	size_t block_count;
	size_t block_cap;
	size_t block; /* the one being filled */
};

enum kai_err kai_out_new(struct kai_out **ret)
{
	struct kai_out *out = calloc(1, sizeof(*out));

	if (out == NULL)
		return KAI_ERR_NOMEM;
	*ret = out;
	return KAI_ERR_OK;
}

void kai_out_free(struct kai_out *out)
{
	if (out == NULL)
		return;
	for (size_t i = 0; i < out->block_count; i++)
		free(out->blocks[i].at);
	free(out->blocks);
	free(out->outputs);
	free(out);
}

void kai_out_reset(struct kai_out *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->block_count; i++) {
		struct block *block = &out->blocks[i];

		if (kept >= BLOCKS_KEPT || block->cap != BLOCK_LEN) {
			free(block->at);
			continue;
		}
		block->used = 0;
		out->blocks[kept++] = *block;
	}
	out->block_count = kept;
	out->block = 0;
	out->count = 0;
}

size_t kai_out_count(const struct kai_out *out)
{
	return out->count;
}

const struct kai_output *kai_out_at(const struct kai_out *out, size_t index)
{
	return index < out->count ? &out->outputs[index] : NULL;
}

static bool add_block(struct kai_out *out, size_t len)
{
	if (out->block_count == out->block_cap) {
		size_t cap = out->block_cap == 0 ? 8 : out->block_cap * 2;
		struct block *blocks = realloc(out->blocks, cap * sizeof(*blocks));

		if (blocks == NULL)
			return false;
		out->blocks = blocks;
		out->block_cap = cap;
	}
	struct block *block = &out->blocks[out->block_count];

	*block = (struct block){.at = malloc(len), .cap = len};
	if (block->at == NULL)
		return false;
	out->block = out->block_count++;
	return true;
}

/* A block with so much room; NULL when out of memory. */
static struct block *room(struct kai_out *out, size_t len)
{
	for (; out->block < out->block_count; out->block++) {
		struct block *block = &out->blocks[out->block];

		if (block->cap - block->used >= len)
			return block;
	}
	if (!add_block(out, len > BLOCK_LEN ? len : BLOCK_LEN))
		return NULL;
	return &out->blocks[out->block];
}

/* Appends an output of that type, NULL when out of memory: then the turn's commit fails. */
static struct kai_output *add_output(struct kai_turn *turn, enum kai_output_type type,
				     const uint8_t *org)
{
	struct kai_out *out = turn->out;

	if (out->count == out->cap) {
		size_t cap = out->cap == 0 ? 64 : out->cap * 2;
		struct kai_output *outputs = realloc(out->outputs, cap * sizeof(*outputs));

		if (outputs == NULL) {
			kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
			return NULL;
		}
		out->outputs = outputs;
		out->cap = cap;
	}
	struct kai_output *output = &out->outputs[out->count++];

	memset(output, 0, sizeof(*output));
	output->type = type;
	if (org != NULL)
		memcpy(output->org, org, KAI_ID_LEN);
	return output;
}

/* What a drill's engine says goes in its realm's envelope. */
static struct kai_span in_realm(const struct kai_turn *turn, struct kai_span frame,
				struct kai_arena *arena)
{
	struct kai_realm_frame envelope = {.frame = frame};

	if (kai_realm_live_here(turn->engine) || frame.len == 0)
		return frame;
	memcpy(envelope.realm, turn->engine->config.realm, KAI_REALM_LEN);
	return kai_frame_encode(KAI_MSG_REALM, &envelope, arena);
}

size_t kai_out_send(struct kai_turn *turn, const struct kai_link *link, enum kai_msg_type type,
		    void *msg, bool urgent)
{
	if (link->state == KAI_LINK_DOWN)
		return 0;
	bool live = kai_realm_live_here(turn->engine);
	struct block *block = room(turn->out, live ? ROOM_FRAME : 2 * ROOM_FRAME);

	if (block == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return 0;
	}
	struct kai_arena arena = {block->at, block->cap, block->used, false};
	struct kai_span frame = in_realm(turn, kai_frame_encode(type, msg, &arena), &arena);

	if (frame.len == 0 || frame.len > (size_t)(KAI_MAX_FRAME)) {
		kai_out_trace(turn, "frame-not-sent", link->org, NULL, NULL, (uint64_t)type);
		return 0;
	}
	struct kai_output *output = add_output(turn, KAI_OUTPUT_SEND, link->org);

	if (output == NULL)
		return 0;
	block->used = arena.used;
	output->bytes = frame;
	output->urgent = urgent;
	return frame.len;
}

void kai_out_cut(struct kai_turn *turn, const struct kai_link *link, const char *reason)
{
	struct kai_output *output;

	/* What goes wrong in a drill takes nothing from what is live. */
	if (!kai_realm_live_here(turn->engine)) {
		kai_out_trace(turn, "drill-cut", link->org, NULL, reason, 0);
		return;
	}
	output = add_output(turn, KAI_OUTPUT_CUT, link->org);
	if (output != NULL)
		output->event = reason;
}

/* Encodes an answer into a block with so much room; NULL when out of memory. */
static struct block *put_answer(struct kai_out *out, const struct kai_ctl_answer *answer,
				size_t len, struct kai_arena *ret_arena, struct kai_span *ret)
{
	struct block *block = room(out, len);

	if (block == NULL)
		return NULL;
	*ret_arena = (struct kai_arena){block->at, block->cap, block->used, false};
	*ret = kai_object_encode_in(&kai_object_ctl_answer, answer, ret_arena);
	return block;
}

void kai_out_answer(struct kai_turn *turn, uint64_t client, const struct kai_ctl_answer *answer)
{
	struct kai_arena arena;
	struct kai_span bytes;
	/* few answers are large: only those take a block of their own */
	struct block *block = put_answer(turn->out, answer, ROOM_SHORT_ANSWER, &arena, &bytes);

	if (block != NULL && bytes.len == 0)
		block = put_answer(turn->out, answer, ROOM_ANSWER, &arena, &bytes);
	if (block == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	struct kai_output *output = add_output(turn, KAI_OUTPUT_ANSWER, NULL);

	if (output == NULL)
		return;
	block->used = arena.used;
	output->client = client;
	output->bytes = bytes;
}

void kai_out_call(struct kai_turn *turn, const struct kai_call_ref *ref,
		  const struct kai_call *call)
{
	struct block *block = room(turn->out, ROOM_CALL);

	if (block == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	struct kai_arena arena = {block->at, block->cap, block->used, false};
	struct kai_span bytes = kai_object_encode_in(&kai_object_call, call, &arena);
	struct kai_output *output = add_output(turn, KAI_OUTPUT_CALL, NULL);

	if (output == NULL)
		return;
	block->used = arena.used;
	output->call = *ref;
	output->bytes = bytes;
}

void kai_out_peers(struct kai_turn *turn)
{
	(void)add_output(turn, KAI_OUTPUT_PEERS, NULL);
}

void kai_out_trace(struct kai_turn *turn, const char *event, const uint8_t *org, const uint8_t *id,
		   const char *rule, uint64_t number)
{
	struct kai_output *output = add_output(turn, KAI_OUTPUT_TRACE, org);

	if (output == NULL)
		return;
	output->event = event;
	output->rule = rule;
	output->number = number;
	if (id != NULL)
		memcpy(output->id, id, KAI_ID_LEN);
}
