/* SPDX-License-Identifier: Apache-2.0 */
/* A sender whose frames are broken, whose chunks do not fit, who sends what nobody asked for. */
#include "kairan/check.h"
#include "rogue.h"

#define PING_LEN 22 /* array of 4, version, type, bin 8 of 16, bool */

/* ---- frames that nothing is read of */

static void send_raw(struct rogue *rogue, const char *reason, struct kai_span bytes)
{
	struct box_state before = rogue_state(rogue);

	box_peer_bytes(rogue->peer, bytes);
	rogue_counted(rogue, reason, &before);
}

static void ping(uint8_t ret[PING_LEN + 1])
{
	static const uint8_t head[] = {0x94, 0x01, 0x0d, 0xc4, 0x10};

	memset(ret, 0, PING_LEN + 1);
	memcpy(ret, head, sizeof(head));
	ret[PING_LEN - 1] = 0xc2;
}

struct bend {
	const char *name;
	size_t at, len;
	uint8_t value;
};

/* One byte of a good frame changed, or the frame cut or made longer. */
static const struct bend bends[] = {
	{"unknown-version", 1, PING_LEN, 2},
	{"unknown-type", 2, PING_LEN, 99},
	{"unknown-type", 2, PING_LEN, 17},
	{"unknown-type", 2, PING_LEN, 0},
	{"wrong-type", 0, PING_LEN, 0x81},
	{"wrong-type", 3, PING_LEN, 0xa4},
	{"wrong-count", 0, PING_LEN, 0x95},
	{"bad-length", 4, PING_LEN, 0x0f},
	{"truncated", 0, PING_LEN - 1, 0x94},
	{"truncated", 0, 1, 0x94},
	{"truncated", 0, 0, 0x94},
	{"trailing", 0, PING_LEN + 1, 0x94},
};

static void bent_frames(struct rogue *rogue, const struct rogue_case *self)
{
	uint8_t frame[PING_LEN + 1];

	for (size_t i = 0; i < sizeof(bends) / sizeof(*bends); i++) {
		if (strcmp(bends[i].name, self->reason) != 0)
			continue;
		ping(frame);
		frame[bends[i].at] = bends[i].value;
		send_raw(rogue, self->reason, kai_span(frame, bends[i].len));
	}
}

static void long_form(struct rogue *rogue, const struct rogue_case *self)
{
	uint8_t good[PING_LEN + 1], frame[PING_LEN + 1];

	ping(good);
	frame[0] = good[0];
	frame[1] = 0xcc; /* the version as if it took a byte of its own */
	memcpy(frame + 2, good + 1, PING_LEN - 1);
	send_raw(rogue, self->reason, kai_span(frame, sizeof(frame)));
}

/* Five bytes that ask for two gigabytes. */
static void bomb(struct rogue *rogue, const struct rogue_case *self)
{
	static const uint8_t bytes[] = {0xdd, 0x05, 0xf5, 0xe1, 0x00};

	send_raw(rogue, self->reason, kai_span(bytes, sizeof(bytes)));
}

static void bad_text(struct rogue *rogue, const struct rogue_case *self)
{
	static const uint8_t bye[] = {0x93, 0x01, 0x0e, 0xa1, 0xff};

	send_raw(rogue, self->reason, kai_span(bye, sizeof(bye)));
}

/* Just above the largest frame: refused by the node before it is read. */
static void oversize(struct rogue *rogue, const struct rogue_case *self)
{
	uint8_t *big = kai_arena_take(&rogue->peer->arena, KAI_MAX_FRAME + 1);

	assert_non_null(big);
	send_raw(rogue, self->reason, kai_span(big, KAI_MAX_FRAME + 1));
}

static void reconnect(struct rogue *rogue)
{
	box_peer_connect(rogue->peer, true);
	assert_true(rogue_state(rogue).up);
}

static void wait_down(struct rogue *rogue)
{
	int64_t end = box_now_ms() + BOX_PATIENCE_MS;

	while (rogue_state(rogue).up && box_now_ms() < end)
		box_sleep(20);
	assert_false(rogue_state(rogue).up);
}

/* Far above it: the transport ends the connection. */
static void giant(struct rogue *rogue, const struct rogue_case *self)
{
	size_t len = (size_t)4 * KAI_MAX_FRAME;
	uint8_t *big = kai_arena_take(&rogue->peer->arena, len);

	assert_non_null(big);
	box_peer_bytes(rogue->peer, kai_span(big, len));
	wait_down(rogue);
	assert_string_equal(rogue_state(rogue).down_reason, self->reason);
	reconnect(rogue);
}

static void truncated_push(struct rogue *rogue, const struct rogue_case *self)
{
	struct box_peer *peer = rogue->peer;
	struct craft *craft = craft_make(peer, NULL);
	struct kai_push push = {.advisory = {.header = craft->bytes,
					     .signatures = craft->signatures,
					     .signatures_count = 1,
					     .parts = craft->parts,
					     .parts_count = 1,
					     .wraps = craft->wraps,
					     .wraps_count = 1},
				.offered = 1};
	struct kai_span whole = kai_frame_encode(KAI_MSG_PUSH, &push, &peer->arena);

	for (size_t len = whole.len - 1; len > 0; len /= 3)
		send_raw(rogue, self->reason, kai_span(whole.at, len));
	assert_false(box_holds(rogue->node, craft->id));
}

/* ---- conduct */

static void before_hello(struct rogue *rogue, const struct rogue_case *self)
{
	struct craft *craft = craft_make(rogue->peer, NULL);

	/* Another connection takes the place of the one before: nobody has greeted on it. */
	box_peer_connect(rogue->peer, false);
	box_peer_send(rogue->peer, KAI_MSG_PING, &(struct kai_ping){.answer = false});
	wait_down(rogue);
	struct box_state before = rogue_state(rogue);

	craft_push(rogue->peer, craft);
	rogue_counted(rogue, self->reason, &before);
	assert_false(box_holds(rogue->node, craft->id));
	reconnect(rogue);
}

static void hello_elsewhere(struct rogue *rogue, const struct rogue_case *self)
{
	static const uint8_t realm[KAI_REALM_LEN] = {7};
	struct box_state before = rogue_state(rogue);
	struct kai_hello hello = {.version_max = KAI_VERSION,
				  .realms = kai_span(realm, sizeof(realm)),
				  .clock = (uint64_t)box_now_ms()};

	box_peer_send(rogue->peer, KAI_MSG_HELLO, &hello);
	rogue_counted(rogue, self->reason, &before);
}

static void unasked_chunks(struct rogue *rogue, const struct rogue_case *self)
{
	const struct plan plan = {.urgency = KAI_URGENCY_INFO};
	struct craft *craft = craft_make(rogue->peer, &plan);
	struct box_state before = rogue_state(rogue);

	craft_chunks(rogue->peer, craft, 0, true, true);
	rogue_counted(rogue, self->reason, &before);
	assert_false(box_holds(rogue->node, craft->id));
}

static void unasked_none(struct rogue *rogue, const struct rogue_case *self)
{
	uint8_t id[1][KAI_ID_LEN] = {{5}};
	struct box_state before = rogue_state(rogue);

	box_peer_send(rogue->peer, KAI_MSG_NO, &(struct kai_none){.ids = id, .ids_count = 1});
	rogue_counted(rogue, self->reason, &before);
}

/* A bare id, with no header behind it, is wanted as if it were unknown, and then charged. */
static void probe(struct rogue *rogue, const struct rogue_case *self)
{
	uint8_t id[1][KAI_ID_LEN];
	struct craft held;

	rogue_good(rogue, rogue->honest, &held);
	struct box_state before = rogue_state(rogue);

	craft_offer(rogue->peer, &held, true);
	memcpy(id[0], held.id, KAI_ID_LEN);
	box_peer_send(rogue->peer, KAI_MSG_NO, &(struct kai_none){.ids = id, .ids_count = 1});
	rogue_counted(rogue, self->reason, &before);
}

/* What it may not have and what nobody has get the same answer. */
static void want_all(struct rogue *rogue, const struct rogue_case *self)
{
	const struct plan plan = {.tlp = KAI_TLP_AMBER_STRICT};
	struct craft *craft = craft_make(rogue->honest, &plan);
	struct kai_id_parts entries[2] = {{.parts = 1}, {.parts = 1}};
	struct kai_want want = {.entries = entries, .entries_count = 2};

	(void)self;
	craft_push(rogue->honest, craft);
	assert_non_null(box_peer_reply(rogue->honest, KAI_MSG_STORED, craft->id, BOX_PATIENCE_MS));
	rogue->stored++;
	memcpy(entries[0].id, craft->id, KAI_ID_LEN);
	memset(entries[1].id, 0x55, KAI_ID_LEN);
	box_peer_send(rogue->peer, KAI_MSG_WANT, &want);
	for (size_t i = 0; i < 2; i++)
		assert_non_null(
			box_peer_reply(rogue->peer, KAI_MSG_NO, entries[i].id, BOX_PATIENCE_MS));
}

/* ---- chunks that do not fit */

#define BIG ((size_t)200000) /* of the second part: four chunks */

/* Offered and wanted; then what `serve` makes of it. */
static void misserve(struct rogue *rogue, const struct rogue_case *self,
		     void (*serve)(struct rogue *, struct craft *))
{
	const struct plan plan = {.urgency = KAI_URGENCY_INFO, .extra_len = BIG};
	struct craft *craft = craft_make(rogue->peer, &plan);
	struct box_state before = rogue_state(rogue);

	craft_offer(rogue->peer, craft, true);
	serve(rogue, craft);
	rogue_refused(rogue, self, craft->id, &before);
}

static struct kai_chunk piece(const struct craft *craft, uint8_t index, size_t at, size_t len)
{
	return (struct kai_chunk){.index = index,
				  .offset = at,
				  .data = kai_span(craft->parts[index].ciphertext.at + at, len)};
}

#define MISSERVED(name, body)                                                                      \
	static void serve_##name(struct rogue *rogue, struct craft *craft)                         \
	{                                                                                          \
		struct box_peer *peer = rogue->peer;                                               \
		struct kai_chunk chunk = piece(craft, 1, 0, KAI_MAX_CHUNK);                        \
                                                                                                   \
		body;                                                                              \
		(void)peer;                                                                        \
		(void)chunk;                                                                       \
	}                                                                                          \
	static void case_##name(struct rogue *rogue, const struct rogue_case *self)                \
	{                                                                                          \
		misserve(rogue, self, serve_##name);                                               \
	}

MISSERVED(no_head, craft_chunks(peer, craft, 0, false, false))
MISSERVED(late_offset, chunk = piece(craft, 1, KAI_MAX_CHUNK, 1000);
	  craft_chunk(peer, craft, &chunk, true))
MISSERVED(order, craft_chunk(peer, craft, &chunk, true);
	  chunk = piece(craft, 1, (size_t)2 * KAI_MAX_CHUNK, KAI_MAX_CHUNK);
	  craft_chunk(peer, craft, &chunk, false))
MISSERVED(again, craft_chunk(peer, craft, &chunk, true); craft_chunk(peer, craft, &chunk, false))
MISSERVED(two_heads, craft_chunk(peer, craft, &chunk, true);
	  chunk = piece(craft, 1, KAI_MAX_CHUNK, KAI_MAX_CHUNK);
	  craft_chunk(peer, craft, &chunk, true))
MISSERVED(back, craft_chunks(peer, craft, 1, true, false);
	  craft_chunks(peer, craft, 0, false, true))
MISSERVED(too_early, chunk.last = true; craft_chunk(peer, craft, &chunk, true))
MISSERVED(not_asked, chunk.index = 7; craft_chunk(peer, craft, &chunk, true))
MISSERVED(too_long, craft_chunks(peer, craft, 0, true, false); chunk = piece(craft, 0, 0, 16);
	  chunk.offset = craft->parts[0].ciphertext.len; craft_chunk(peer, craft, &chunk, false))
MISSERVED(other_id, struct craft *other = craft_make(peer, NULL);
	  memcpy(other->id, craft->id, KAI_ID_LEN); craft_chunks(peer, other, 0, true, true))
MISSERVED(bad_bytes, craft_chunks(peer, craft, 0, true, false);
	  craft->parts[1].ciphertext = kai_span(kai_arena_take(&peer->arena,
							       craft->parts[1].ciphertext.len),
						craft->parts[1].ciphertext.len);
	  craft_chunks(peer, craft, 1, false, true))
MISSERVED(bad_signature, craft->signatures[0].sig[0] ^= 1;
	  craft_chunks(peer, craft, 0, true, false))

static const struct rogue_case cases[] = {
	{"frames of another version", bent_frames, "unknown-version", .klass = 0},
	{"frames of unknown types", bent_frames, "unknown-type", .klass = 0},
	{"frames with a field of another type", bent_frames, "wrong-type", .klass = 0},
	{"frames with a field too many", bent_frames, "wrong-count", .klass = 0},
	{"frames with a field too short", bent_frames, "bad-length", .klass = 0},
	{"a number in a longer form", long_form, "not-minimal", .klass = 0},
	{"frames cut short", bent_frames, "truncated", .klass = 0},
	{"frames with something behind their end", bent_frames, "trailing", .klass = 0},
	{"pushes cut short", truncated_push, "truncated", .klass = 0},
	{"a frame that asks for gigabytes", bomb, "wrong-count", .klass = 0},
	{"a frame whose text is none", bad_text, "bad-utf8", .klass = 0},
	{"a frame one byte too long", oversize, "oversize", .klass = 0},
	{"a frame far too long", giant, "link-lost", .klass = 0},
	{"an item before the hellos", before_hello, "sequence", .klass = 0},
	{"a hello without our realm", hello_elsewhere, "realm", .klass = 0},
	{"a push of what is not urgent", rogue_push, "unwanted", .klass = KAI_CLASS_COPY,
	 .plan = {.urgency = KAI_URGENCY_TODAY}},
	{"chunks that nobody wanted", unasked_chunks, "unwanted", .klass = 0},
	{"none to what nobody wanted", unasked_none, "unwanted", .klass = 0},
	{"a probe with a bare id", probe, "unwanted", .klass = 0},
	{"a want for what it may not have", want_all, NULL, .klass = 0},
	{"chunks without a head", case_no_head, "sequence", .klass = KAI_CLASS_COPY},
	{"chunks that do not begin at 0", case_late_offset, "sequence", .klass = KAI_CLASS_COPY},
	{"chunks out of order", case_order, "sequence", .klass = KAI_CLASS_COPY},
	{"a chunk twice", case_again, "sequence", .klass = KAI_CLASS_COPY},
	{"a second head", case_two_heads, "sequence", .klass = KAI_CLASS_COPY},
	{"parts in another order", case_back, "sequence", .klass = KAI_CLASS_COPY},
	{"an end in the middle", case_too_early, "sequence", .klass = KAI_CLASS_COPY},
	{"a part that nobody asked for", case_not_asked, "unwanted", .klass = KAI_CLASS_COPY},
	{"more than the header says", case_too_long, "sequence", .klass = KAI_CLASS_COPY},
	{"another item's chunks", case_other_id, "bad-hash", .klass = KAI_CLASS_COPY},
	{"chunks with other bytes", case_bad_bytes, "bad-hash", .klass = KAI_CLASS_COPY},
	{"chunks under a broken signature", case_bad_signature, "bad-signature",
	 .klass = KAI_CLASS_COPY},
};
const struct rogue_cases rogue_frame_cases = {cases, sizeof(cases) / sizeof(*cases)};
