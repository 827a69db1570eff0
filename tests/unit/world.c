/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of a world, and what carries their frames. */
#include "world.h"

#include "kairan/card.h"
#include "kairan/check.h"
#include "kairan/rec.h"
#include "usual.h"

#define NODE_ARENA ((size_t)96 * 1024 * 1024)
#define SETTLE_STEPS 20000

struct world_frame {
	size_t from, to;
	uint8_t *bytes;
	size_t len;
};

const uint8_t *world_org(const struct world *world, size_t node)
{
	return world->nodes[node].root.key;
}

struct kai_span world_encode(struct world *world, size_t node, const struct kai_object *object,
			     const void *from)
{
	struct kai_span bytes = kai_object_encode_in(object, from, &world->nodes[node].arena);

	assert_true(bytes.len > 0);
	return bytes;
}

static void set_key(struct kai_card_key *key, const struct fix_pair *pair, uint64_t use,
		    uint64_t role)
{
	key->use = use;
	key->role = role;
	memcpy(key->key, pair->key, KAI_ID_LEN);
	key->not_before = WORLD_START - KAI_MS_DAY;
	key->not_after = WORLD_START + 1000 * KAI_MS_DAY;
}

struct kai_span world_card(struct world *world, size_t node, uint64_t serial,
			   world_card_change change, void *context)
{
	struct world_node *self = &world->nodes[node];
	struct kai_card_key keys[8];
	char name[] = "node-0";
	struct kai_card card = {
		.version = KAI_VERSION,
		.serial = serial,
		.issued_at = WORLD_START - KAI_MS_DAY,
		.valid_until = WORLD_START + 900 * KAI_MS_DAY,
		.country = kai_span_str("JP"),
		.keys = keys,
		.keys_count = 4,
	};

	name[5] = (char)('0' + node);
	card.name = kai_span_str(name);
	card.name_ja = kai_span_str("");
	memcpy(card.org, self->root.key, KAI_ID_LEN);
	set_key(&keys[0], &self->system, KAI_KEY_SIGN, KAI_ROLE_SYSTEM);
	set_key(&keys[1], &self->duty, KAI_KEY_SIGN, KAI_ROLE_DUTY);
	set_key(&keys[2], &self->decider, KAI_KEY_SIGN, KAI_ROLE_DECIDER);
	set_key(&keys[3], &self->seal, KAI_KEY_SEAL, 0);
	if (change != NULL)
		change(&card, context);
	usual_keys(&card);
	struct kai_span body = world_encode(world, node, &kai_object_card, &card);
	struct kai_span bytes = kai_signed_make(KAI_CTX_CARD, body, self->root.key,
						self->root.secret, &self->arena);

	assert_true(bytes.len > 0);
	return bytes;
}

static struct kai_span make_record(struct world *world, struct world_node *self)
{
	struct kai_node_key key = {.not_before = WORLD_START - KAI_MS_DAY,
				   .not_after = WORLD_START + 1000 * KAI_MS_DAY};
	struct kai_span endpoint = kai_span_str("tcp://127.0.0.1:7600");
	struct kai_node_record record = {
		.version = KAI_VERSION,
		.serial = self->serial,
		.issued_at = WORLD_START - KAI_MS_DAY,
		.valid_until = WORLD_START + 900 * KAI_MS_DAY,
		.keys = &key,
		.keys_count = 1,
		.endpoints = &endpoint,
		.endpoints_count = 1,
	};

	memcpy(record.org, self->root.key, KAI_ID_LEN);
	memcpy(key.key, self->node.key, KAI_ID_LEN);
	struct kai_span body = world_encode(world, self->index, &kai_object_node_record, &record);

	return kai_signed_make(KAI_CTX_NODE_RECORD, body, self->root.key, self->root.secret,
			       &self->arena);
}

/* What `kairan init` leaves in the store. */
static void init_store(struct world_node *self)
{
	struct kai_txn *txn;
	struct kai_card_rec card = {.bytes = self->card,
				    .how = KAI_CARD_OWN,
				    .at = WORLD_START,
				    .refreshed_at = WORLD_START};
	struct kai_record_rec record = {.bytes = self->record, .at = WORLD_START};
	struct kai_peer me = {.number = 0};
	struct kai_key card_key = kai_key_card(self->root.key, self->serial);
	struct kai_key org_key = kai_key_bytes(self->root.key, KAI_ID_LEN);

	memcpy(me.org, self->root.key, KAI_ID_LEN);
	assert_int_equal(kai_txn_begin(self->store, true, &txn, NULL), KAI_ERR_OK);
	kai_rec_put(txn, KAI_TABLE_CARDS, &card_key, &kai_object_card_rec, &card);
	kai_rec_put(txn, KAI_TABLE_RECORDS, &org_key, &kai_object_record_rec, &record);
	kai_rec_peer_put(txn, &me);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

static void start_engine(struct world_node *self)
{
	struct kai_engine_config config = {
		.system = {.secret = self->system.secret},
		.duty = {.secret = self->duty.secret},
		.decider = {.secret = self->decider.secret},
		.seals = &self->seal_pair,
		.seal_count = 1,
		.rest_keys = &self->rest_key,
		.rest_key_count = 1,
		.token_key = self->token,
		.quota = kai_quota_default,
	};

	memcpy(config.org, self->root.key, KAI_ID_LEN);
	memcpy(config.system.key, self->system.key, KAI_ID_LEN);
	memcpy(config.duty.key, self->duty.key, KAI_ID_LEN);
	memcpy(config.decider.key, self->decider.key, KAI_ID_LEN);
	memset(config.boot, (int)self->index + 1, sizeof(config.boot));
	assert_int_equal(kai_engine_new(&config, &self->engine), KAI_ERR_OK);
	assert_int_equal(kai_out_new(&self->out), KAI_ERR_OK);
}

static size_t node_of(const struct world *world, const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; i < world->count; i++) {
		if (kai_id_equal(world_org(world, i), org))
			return i;
	}
	return WORLD_NODES;
}

static void enqueue(struct world *world, size_t from, size_t to, struct kai_span bytes)
{
	if (world->queue_count == world->queue_cap) {
		world->queue_cap = world->queue_cap == 0 ? 64 : 2 * world->queue_cap;
		world->queue = realloc(world->queue, world->queue_cap * sizeof(*world->queue));
		assert_non_null(world->queue);
	}
	struct world_frame *frame = &world->queue[world->queue_count++];

	frame->from = from;
	frame->to = to;
	frame->len = bytes.len;
	frame->bytes = malloc(bytes.len);
	assert_non_null(frame->bytes);
	memcpy(frame->bytes, bytes.at, bytes.len);
}

static void note_trace(struct world_node *self, const struct kai_output *output)
{
	if (self->trace_count == WORLD_TRACES)
		return;
	struct world_trace *trace = &self->traces[self->trace_count++];

	(void)snprintf(trace->event, sizeof(trace->event), "%s", output->event);
	(void)snprintf(trace->rule, sizeof(trace->rule), "%s",
		       output->rule != NULL ? output->rule : "");
	memcpy(trace->org, output->org, KAI_ID_LEN);
}

static void release(struct world *world, struct world_node *self, struct kai_span *ret_answer)
{
	for (size_t i = 0; i < kai_out_count(self->out); i++) {
		const struct kai_output *output = kai_out_at(self->out, i);
		size_t to = node_of(world, output->org);

		switch (output->type) {
		case KAI_OUTPUT_SEND:
			if (to < world->count && self->linked[to])
				enqueue(world, self->index, to, output->bytes);
			break;
		case KAI_OUTPUT_ANSWER:
			if (ret_answer != NULL) {
				uint8_t *at = kai_arena_take(&self->arena, output->bytes.len);

				assert_non_null(at);
				memcpy(at, output->bytes.at, output->bytes.len);
				*ret_answer = kai_span(at, output->bytes.len);
			}
			break;
		case KAI_OUTPUT_PEERS:
			self->peers_asked++;
			break;
		case KAI_OUTPUT_TRACE:
			note_trace(self, output);
			break;
		case KAI_OUTPUT_CUT:
		case KAI_OUTPUT_CALL:
			break;
		}
	}
	kai_out_reset(self->out);
}

/* One turn: one event, committed, and whatever more there is to do. */
static void turn(struct world *world, struct world_node *self, struct kai_event *event,
		 struct kai_span *ret_answer)
{
	bool more = true;

	while (more) {
		struct kai_txn *txn;

		event->mono = world->mono;
		event->wall = world->wall;
		memset(event->entropy, 0, sizeof(event->entropy));
		kai_put_be64(event->entropy, ++world->draws);
		assert_int_equal(kai_txn_begin(self->store, true, &txn, NULL), KAI_ERR_OK);
		more = kai_engine_step(self->engine, txn, event, self->out);
		assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
		release(world, self, ret_answer);
		event->type = KAI_EVENT_MORE;
	}
}

struct world *world_new(size_t count)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	assert_true(sodium_init() >= 0 && count <= WORLD_NODES);
	world->count = count;
	world->wall.ms = WORLD_START;
	world->mono.ms = 1000000;
	world->check = fix_arena(KAI_CHECK_ARENA);
	for (size_t i = 0; i < count; i++) {
		struct world_node *self = &world->nodes[i];
		uint8_t base = (uint8_t)(10 * (i + 1));
		struct kai_event start = {.type = KAI_EVENT_START};

		self->index = i;
		self->arena = fix_arena(NODE_ARENA);
		self->root = fix_sign_pair(base);
		self->system = fix_sign_pair((uint8_t)(base + 1));
		self->duty = fix_sign_pair((uint8_t)(base + 2));
		self->decider = fix_sign_pair((uint8_t)(base + 3));
		self->seal = fix_seal_pair((uint8_t)(base + 4));
		self->node = fix_seal_pair((uint8_t)(base + 5));
		memset(self->rest, base + 6, sizeof(self->rest));
		memset(self->token, base + 7, sizeof(self->token));
		memcpy(self->seal_pair.key, self->seal.key, KAI_ID_LEN);
		self->seal_pair.secret = self->seal.secret;
		self->rest_key = (struct kai_rest_key){.period = 1, .secret = self->rest};
		self->serial = WORLD_START / 1000 - 86400;
		assert_int_equal(
			kai_store_open_memory(&(struct kai_store_options){0}, &self->store),
			KAI_ERR_OK);
		self->card = world_card(world, i, self->serial, NULL, NULL);
		self->record = make_record(world, self);
		init_store(self);
		start_engine(self);
		turn(world, self, &start, NULL);
	}
	return world;
}

void world_free(struct world *world)
{
	for (size_t i = 0; i < world->count; i++) {
		struct world_node *self = &world->nodes[i];

		kai_engine_free(self->engine);
		kai_out_free(self->out);
		kai_store_close(self->store);
		fix_arena_done(&self->arena);
	}
	for (size_t i = 0; i < world->queue_count; i++)
		free(world->queue[i].bytes);
	free(world->queue);
	fix_arena_done(&world->check);
	free(world);
}

struct kai_ctl_answer world_ask(struct world *world, size_t node, uint64_t type, void *request)
{
	/* every request begins with version and type */
	struct {
		uint64_t version, type;
	} *head = request;
	struct world_node *self = &world->nodes[node];
	struct kai_span answer = {NULL, 0};
	struct kai_ctl_answer decoded;

	head->version = KAI_VERSION;
	head->type = type;
	struct kai_event event = {
		.type = KAI_EVENT_CONTROL,
		.client = 7,
		.request = world_encode(world, node, kai_control_object(type), request),
	};

	turn(world, self, &event, &answer);
	assert_int_equal(kai_object_decode(&kai_object_ctl_answer, answer, &self->arena, &decoded),
			 KAI_FAULT_NONE);
	return decoded;
}

static void link_event(struct world *world, size_t at, size_t peer, bool up)
{
	struct kai_event event = {.type = up ? KAI_EVENT_LINK_UP : KAI_EVENT_LINK_DOWN};

	world->nodes[at].linked[peer] = up;
	memcpy(event.org, world_org(world, peer), KAI_ID_LEN);
	turn(world, &world->nodes[at], &event, NULL);
}

void world_link(struct world *world, size_t a, size_t b, bool up)
{
	link_event(world, a, b, up);
	link_event(world, b, a, up);
	world_settle(world);
}

static void carry(struct world *world, const struct world_frame *frame)
{
	struct kai_checked checked;
	struct kai_event event = {.type = KAI_EVENT_FRAME, .frame = &checked};

	world->check.used = 0;
	world->check.full = false;
	kai_frame_check(kai_span(frame->bytes, frame->len), &world->check, &checked);
	if (checked.fault == KAI_FAULT_NONE)
		world->carried[checked.type]++;
	memcpy(event.org, world_org(world, frame->from), KAI_ID_LEN);
	turn(world, &world->nodes[frame->to], &event, NULL);
}

void world_settle(struct world *world)
{
	size_t next = 0;

	for (size_t steps = 0; steps < SETTLE_STEPS; steps++) {
		bool moved = false;

		for (size_t i = 0; i < world->count; i++) {
			struct kai_event event = {.type = KAI_EVENT_TIMER};

			if (kai_engine_deadline(world->nodes[i].engine).ms > world->mono.ms)
				continue;
			turn(world, &world->nodes[i], &event, NULL);
			moved = true;
		}
		if (next < world->queue_count) {
			struct world_frame frame = world->queue[next++];

			carry(world, &frame);
			free(frame.bytes);
			moved = true;
		}
		if (!moved) {
			world->queue_count = 0;
			return;
		}
	}
	fail_msg("the nodes do not come to rest");
}

void world_wait(struct world *world, int64_t ms)
{
	/* small steps, so that pings are answered in time */
	while (ms > 0) {
		int64_t step = ms < 5000 ? ms : 5000;

		world->mono.ms += step;
		world->wall.ms += step;
		world_settle(world);
		ms -= step;
	}
}

void world_forge(struct world *world, size_t from, size_t to, enum kai_msg_type type, void *msg)
{
	struct kai_arena arena = fix_arena(1048576);
	struct kai_span bytes = kai_frame_encode(type, msg, &arena);

	assert_true(bytes.len > 0);
	enqueue(world, from, to, bytes);
	fix_arena_done(&arena);
	world_settle(world);
}
