/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole engine under a program of events: the input says what happens to V, which has real
 * agreements with an honest peer and with two rogues. The rogues run our engine too, so that
 * sessions, tags and tokens are right, and on top of that send what no engine of ours sends: their
 * frames changed on the way, replayed, left out; items made by hand; frames built here, half valid
 * or not at all. After each event what must hold is checked (safety.h).
 *
 *   byte 0: bit 0, the town has met before; bit 1, tight quotas; then events, each an opcode (the
 *   order of enum op) and what it needs
 */
#include <string.h>

#include "craft.h"
#include "input.h"
#include "safety.h"
#include "talk.h"

#define MAX_LEN 4096u
#define MAX_OPS 96u
#define MAX_TURNS 1200u
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct kai_quota tight;

/* Its signature is the fuzzers'. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	town_found();
	craft_found();
	tight = kai_quota_default;
	tight.held_bytes = 40000;
	tight.offered_ids = 8;
	tight.wants_in_flight = 3;
	tight.stored_bytes = 180000;
	tight.faults_per_minute = 12;
	tight.push_per_minute = 3;
	tight.push_origin_per_minute = 2;
	tight.hellos_per_minute = 6;
	return 0;
}

static unsigned peer_of(struct fuzz_input *input)
{
	return 1 + fuzz_byte(input) % (TOWN_NODES - 1);
}

static unsigned rogue_of(struct fuzz_input *input)
{
	return TOWN_R + fuzz_byte(input) % 2;
}

/* ---- what the world does ---- */

static void op_up(struct town *town, struct fuzz_input *input)
{
	town_link(town, TOWN_V, peer_of(input), true);
}

static void op_down(struct town *town, struct fuzz_input *input)
{
	town_link(town, TOWN_V, peer_of(input), false);
}

static void op_move(struct town *town, struct fuzz_input *input)
{
	size_t count = 1 + fuzz_byte(input) % 32;

	while (count-- > 0 && town_move(town))
		continue;
}

static void op_run(struct town *town, struct fuzz_input *input)
{
	town_run(town, (size_t)8 * fuzz_byte(input));
}

static void op_time(struct town *town, struct fuzz_input *input)
{
	static const int64_t steps[] = {1,     5,     50,     1000,    2500,	   10000,
					31000, 61000, 600000, 3600000, KAI_MS_DAY, 40 * KAI_MS_DAY};

	int64_t step = steps[fuzz_byte(input) % COUNT(steps)];

	/* Nothing is under way for long: it arrives, or the connection breaks. */
	for (unsigned i = 0; step > 30000 && i < 256 && town->queue_count > 0; i++)
		(void)town_move(town);
	for (unsigned i = 1; step > 30000 && town->queue_count > 0 && i < TOWN_NODES; i++)
		town_link(town, TOWN_V, i, false);
	town->mono.ms += step;
	town_run(town, 24);
}

static void op_clock(struct town *town, struct fuzz_input *input)
{
	static const int64_t skews[] = {0,	 1000,	   -1000,      400000,	    -400000,
					7200000, -7200000, KAI_MS_DAY, -KAI_MS_DAY, 0};

	town->nodes[TOWN_V].skew_ms = skews[fuzz_byte(input) % COUNT(skews)];
	town->skewed = town->skewed || town->nodes[TOWN_V].skew_ms != 0;
}

static void op_restart(struct town *town, struct fuzz_input *input)
{
	uint8_t who = fuzz_byte(input);

	/* V most of the time */
	town_restart(town, who < 192 ? (unsigned)TOWN_V : who % TOWN_NODES);
}

static void op_fail(struct town *town, struct fuzz_input *input)
{
	(void)input;
	town->fail_commit = true;
}

/* ---- what rogues do to what their engines say ---- */

static struct town_frame *rogue_frame(struct town *town)
{
	for (size_t i = 0; i < town->queue_count; i++)
		if (town->queue[i].from >= TOWN_R)
			return &town->queue[i];
	return NULL;
}

static void op_change(struct town *town, struct fuzz_input *input)
{
	struct town_frame *frame = rogue_frame(town);

	if (frame == NULL)
		return;
	struct kai_span changed = talk_changed(kai_span(frame->at, frame->len), input);

	MUST(changed.len <= frame->len);
	memcpy(frame->at, changed.at, changed.len);
	frame->len = changed.len;
}

static void op_leave_out(struct town *town, struct fuzz_input *input)
{
	struct town_frame *frame = rogue_frame(town);

	(void)input;
	if (frame == NULL)
		return;
	size_t place = (size_t)(frame - town->queue);

	free(frame->at);
	memmove(frame, frame + 1, (--town->queue_count - place) * sizeof(*frame));
}

static void op_say(struct town *town, struct fuzz_input *input)
{
	unsigned rogue = rogue_of(input);
	struct kai_span frame = talk_frame(town, rogue, input);

	if (frame.len > 0)
		town_deliver(town, rogue, TOWN_V, talk_changed(frame, input));
}

/* A whole exchange: an item offered, wanted, and brought in chunks, as a rule before the rogue's own
 * engine can say that it has none. */
static void op_bring(struct town *town, struct fuzz_input *input)
{
	unsigned rogue = rogue_of(input);
	const struct craft *craft = craft_at(fuzz_byte(input) % craft_count());
	uint8_t how = fuzz_byte(input);

	town_deliver(town, rogue, TOWN_V, talk_offer_of(town, rogue, craft, how));
	if ((how & 32) != 0)
		town_run(town, 16);
	for (size_t part = 0, offset = 0, n = 0; part < craft->built.part_count && n < 8; n++) {
		struct kai_span chunk = talk_chunk_of(rogue, craft, (uint8_t)part, offset, n == 0);

		if ((how & 8) != 0 && n == 1)
			chunk = talk_changed(chunk, input);
		town_deliver(town, rogue, TOWN_V, chunk);
		offset += KAI_MAX_CHUNK;
		if (offset >= craft->built.parts[part].ciphertext.len) {
			offset = 0;
			part++;
		}
	}
}

static void op_replay(struct town *town, struct fuzz_input *input)
{
	unsigned rogue = rogue_of(input);
	struct kai_span old = talk_heard(fuzz_byte(input));

	if (old.len > 0)
		town_deliver(town, rogue, TOWN_V, talk_changed(old, input));
}

static void op_raw(struct town *town, struct fuzz_input *input)
{
	unsigned rogue = rogue_of(input);
	struct kai_span bytes = fuzz_span(input, fuzz_byte(input));

	town_deliver(town, rogue, TOWN_V, bytes);
}

static void op_ask(struct town *town, struct fuzz_input *input)
{
	struct kai_span request = talk_request(town, input);

	if (request.len == 0)
		return;
	safety_request(request);
	town_control(town, TOWN_V, request);
}

static void (*const ops[])(struct town *town, struct fuzz_input *input) = {
	op_up,	      op_down,	 op_move, op_run,    op_time,	op_clock, op_restart,
	op_fail,      op_change, op_say,  op_bring,  op_replay, op_raw,	  op_ask,
	op_leave_out, op_move,	 op_say,  op_change, op_ask,	op_bring,
};

/* ---- */

static void look(struct town *town, unsigned node, const struct kai_output *output)
{
	if (output != NULL)
		talk_hear(node, output);
	safety_look(town, node, output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input input = fuzz_input(data, len);

	if (len > MAX_LEN)
		return 0;
	uint8_t how = fuzz_byte(&input);

	talk_begin();
	struct town *town =
		town_open((how & 1) != 0, (how & 2) != 0 ? &tight : &kai_quota_default, look);

	craft_add(town);
	safety_begin(town);
	for (unsigned i = 0; input.left > 0 && i < MAX_OPS && town->turns < MAX_TURNS; i++) {
		ops[fuzz_byte(&input) % COUNT(ops)](town, &input);
		safety_check(town);
	}
	safety_end(town);
	town_close(town);
	return 0;
}
