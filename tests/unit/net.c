/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_LEN ((size_t)64 * 1024 * 1024)
#define ROUNDS 200000u /* more than any test needs: a loop between engines fails it */

static struct kai_wall wall(const struct net *net, const struct net_node *node)
{
	return (struct kai_wall){NET_MS + net->mono.ms + node->skew_ms};
}

/* ---- the pump ---- */

static unsigned node_of(const struct net *net, const uint8_t org[KAI_ID_LEN])
{
	for (unsigned i = 0; i < net->count; i++)
		if (kai_id_equal(net->nodes[i].config.org, org))
			return i;
	fail_msg("an output names an org that is not in the net");
	return 0;
}

static void add_frame(struct net_frame **io_at, size_t *io_count, size_t *io_cap,
		      const struct net_frame *frame)
{
	if (*io_count == *io_cap) {
		*io_cap = *io_cap == 0 ? 256 : *io_cap * 2;
		*io_at = realloc(*io_at, *io_cap * sizeof(**io_at));
		assert_non_null(*io_at);
	}
	struct net_frame *at = &(*io_at)[(*io_count)++];

	*at = *frame;
	at->at = malloc(frame->len + 1); /* an empty one too */
	assert_non_null(at->at);
	memcpy(at->at, frame->at, frame->len);
}

static enum kai_msg_type type_of(struct kai_span frame)
{
	/* array header, version, type: all below 128, one byte each after the array's one or three
	 */
	size_t at = frame.at[0] == 0xdc ? 3 : 1;

	return (enum kai_msg_type)frame.at[at + 1];
}

static void drop_frames(struct net *net, unsigned a, unsigned b)
{
	size_t kept = 0;

	for (size_t i = 0; i < net->queue_count; i++) {
		struct net_frame *frame = &net->queue[i];

		if ((frame->from == a && frame->to == b) || (frame->from == b && frame->to == a))
			free(frame->at);
		else
			net->queue[kept++] = *frame;
	}
	net->queue_count = kept;
}

static void step(struct net *net, unsigned number, struct kai_event *event);
static void drill_step(struct net *net, struct net_node *node, struct kai_event *event);
static void drill_look(struct net *net, struct net_node *node);

static void link_event(struct net *net, unsigned at, unsigned other, enum kai_event_type type)
{
	struct kai_event event = {.type = type};

	memcpy(event.org, net->nodes[other].config.org, KAI_ID_LEN);
	step(net, at, &event);
	drill_step(net, &net->nodes[at], &event);
}

static void take_answer(struct net *net, struct net_node *node, struct kai_span bytes)
{
	uint8_t *copy = kai_arena_take(&net->arena, bytes.len);

	assert_non_null(copy);
	memcpy(copy, bytes.at, bytes.len);
	assert_int_equal(kai_object_decode(&kai_object_ctl_answer, kai_span(copy, bytes.len),
					   &net->arena, &node->answer),
			 KAI_FAULT_NONE);
	node->answers++;
}

static void take_call(struct net *net, const struct net_node *node, const struct kai_output *output)
{
	uint8_t *copy = kai_arena_take(&net->arena, output->bytes.len);

	if (net->call_count == net->call_cap) {
		net->call_cap = net->call_cap == 0 ? 64 : 2 * net->call_cap;
		net->calls = realloc(net->calls, net->call_cap * sizeof(*net->calls));
		assert_non_null(net->calls);
	}
	struct net_call *call = &net->calls[net->call_count++];

	assert_non_null(copy);
	memcpy(copy, output->bytes.at, output->bytes.len);
	*call = (struct net_call){.node = node->number, .ref = output->call};
	assert_int_equal(kai_object_decode(&kai_object_call, kai_span(copy, output->bytes.len),
					   &net->arena, &call->call),
			 KAI_FAULT_NONE);
}

static void take_output(struct net *net, struct net_node *node, const struct kai_output *output)
{
	struct net_frame frame = {.from = node->number, .urgent = output->urgent};

	switch (output->type) {
	case KAI_OUTPUT_SEND:
		frame.to = node_of(net, output->org);
		frame.type = type_of(output->bytes);
		frame.len = output->bytes.len;
		frame.at = malloc(frame.len);
		assert_non_null(frame.at);
		memcpy(frame.at, output->bytes.at, frame.len);
		assert_true(frame.len <= KAI_MAX_FRAME);
		add_frame(&net->seen, &net->seen_count, &net->seen_cap, &frame);
		if (net->linked[node->number][frame.to])
			add_frame(&net->queue, &net->queue_count, &net->queue_cap, &frame);
		free(frame.at);
		return;
	case KAI_OUTPUT_CUT:
		node->cuts++;
		node->last_cut = output->event;
		net_cut(net, node->number, node_of(net, output->org));
		return;
	case KAI_OUTPUT_ANSWER:
		take_answer(net, node, output->bytes);
		return;
	case KAI_OUTPUT_TRACE:
		node->traces++;
		if (getenv("NET_TRACE") != NULL)
			(void)fprintf(stderr, "# %u %s %s %llu\n", node->number, output->event,
				      output->rule != NULL ? output->rule : "-",
				      (unsigned long long)output->number);
		return;
	case KAI_OUTPUT_CALL:
		take_call(net, node, output);
		return;
	case KAI_OUTPUT_PEERS:
		drill_look(net, node);
		return;
	}
}

/* One turn of one input: step, commit, then the outputs. */
static void step(struct net *net, unsigned number, struct kai_event *event)
{
	struct net_node *node = &net->nodes[number];
	uint8_t seed[32] = {0};
	struct kai_out *out = NULL;
	struct kai_txn *txn;

	if (node->dead)
		return;
	kai_put_be64(seed, ++net->entropy);
	kai_expand(seed, "net", number, event->entropy, sizeof(event->entropy));
	event->mono = net->mono;
	event->wall = wall(net, node);
	/* Its own, since a cut among the outputs steps this engine again. */
	assert_int_equal(kai_out_new(&out), KAI_ERR_OK);
	assert_int_equal(kai_txn_begin(node->store, true, &txn, NULL), KAI_ERR_OK);
	if (net->watch != NULL)
		net->watch->begin(net->watch->context);
	node->more = kai_engine_step(node->engine, txn, event, out) || node->more;
	if (net->watch != NULL && !net->watch->end(net->watch->context))
		kai_txn_fail(txn, KAI_ERR_IO);
	node->dead = kai_txn_commit(txn, NULL) != KAI_ERR_OK;
	assert_true(!node->dead || net->watch != NULL);
	net->deaths += node->dead;
	/* What a turn put out that failed was never said. */
	for (size_t i = 0; !node->dead && i < kai_out_count(out); i++)
		take_output(net, node, kai_out_at(out, i));
	kai_out_free(out);
}

/* ---- a drill: the same engine over another store ---- */

static void drill_step(struct net *net, struct net_node *node, struct kai_event *event)
{
	uint8_t seed[32] = {0};
	struct kai_out *out = NULL;
	struct kai_txn *txn;

	if (node->drill_engine == NULL)
		return;
	kai_put_be64(seed, ++net->entropy);
	kai_expand(seed, "drill", node->number, event->entropy, sizeof(event->entropy));
	event->mono = net->mono;
	event->wall = wall(net, node);
	assert_int_equal(kai_out_new(&out), KAI_ERR_OK);
	assert_int_equal(kai_txn_begin(node->drill, true, &txn, NULL), KAI_ERR_OK);
	node->drill_more = kai_engine_step(node->drill_engine, txn, event, out) || node->drill_more;
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	for (size_t i = 0; i < kai_out_count(out); i++) {
		assert_int_not_equal(kai_out_at(out, i)->type, KAI_OUTPUT_CUT);
		assert_int_not_equal(kai_out_at(out, i)->type, KAI_OUTPUT_PEERS);
		take_output(net, node, kai_out_at(out, i));
	}
	kai_out_free(out);
}

static void drill_open(struct net *net, struct net_node *node)
{
	struct kai_event event = {.type = KAI_EVENT_START};
	struct kai_engine_config config = node->config;
	struct kai_store_options options = {0};
	struct kai_store *own;

	assert_int_equal(kai_store_open_memory(&options, &own), KAI_ERR_OK);
	assert_int_equal(
		kai_store_open_drill(node->store, own, node->drill_realm, &node->drill, NULL),
		KAI_ERR_OK);
	memcpy(config.realm, node->drill_realm, KAI_REALM_LEN);
	assert_int_equal(kai_engine_new(&config, &node->drill_engine), KAI_ERR_OK);
	drill_step(net, node, &event);
	for (unsigned i = 0; i < net->count; i++) {
		event = (struct kai_event){.type = KAI_EVENT_LINK_UP};
		memcpy(event.org, net->nodes[i].config.org, KAI_ID_LEN);
		if (net->linked[node->number][i])
			drill_step(net, node, &event);
	}
}

static void drill_look(struct net *net, struct net_node *node)
{
	struct kai_event event = {.type = KAI_EVENT_TRUST};
	uint8_t realms[1][KAI_REALM_LEN];
	struct kai_txn *txn;

	if (node->drill_engine != NULL) {
		drill_step(net, node, &event);
		return;
	}
	assert_int_equal(kai_txn_begin(node->store, false, &txn, NULL), KAI_ERR_OK);
	size_t count = kai_engine_drills(node->engine, txn, wall(net, node), realms, 1);

	kai_txn_abort(txn);
	if (count == 0)
		return;
	memcpy(node->drill_realm, realms[0], KAI_REALM_LEN);
	drill_open(net, node);
}

/* Of the drill that the node takes part in? */
static bool is_drills(const struct net_node *node, const uint8_t realm[KAI_REALM_LEN])
{
	return node->drill_engine != NULL && memcmp(node->drill_realm, realm, KAI_REALM_LEN) == 0;
}

static void revive(struct net *net)
{
	for (unsigned i = 0; i < net->count; i++)
		while (net->nodes[i].dead)
			net_restart(net, i);
}

static void deliver(struct net *net)
{
	struct net_frame frame = net->queue[0];
	struct kai_arena arena = {malloc(KAI_CHECK_ARENA), KAI_CHECK_ARENA, 0, false};
	struct kai_checked checked;
	struct kai_event event = {.type = KAI_EVENT_FRAME, .frame = &checked};

	assert_non_null(arena.at);
	memmove(net->queue, net->queue + 1, --net->queue_count * sizeof(frame));
	if (getenv("NET_TRACE") != NULL)
		(void)fprintf(stderr, "# %lld ms: %u -> %u type %d, %zu bytes\n",
			      (long long)net->mono.ms, frame.from, frame.to, (int)frame.type,
			      frame.len);
	if (net->filter == NULL || net->filter(net->context, &frame)) {
		memcpy(event.org, net->nodes[frame.from].config.org, KAI_ID_LEN);
		kai_frame_check(kai_span(frame.at, frame.len), &arena, &checked);
		if (is_drills(&net->nodes[frame.to], checked.realm))
			drill_step(net, &net->nodes[frame.to], &event);
		else
			step(net, frame.to, &event);
	}
	free(arena.at);
	free(frame.at);
}

bool net_step(struct net *net)
{
	bool any = false;

	revive(net);
	if (net->queue_count > 0) {
		deliver(net);
		return true;
	}
	for (unsigned i = 0; i < net->count; i++) {
		struct kai_event event = {.type = KAI_EVENT_MORE};

		if (net->nodes[i].drill_more) {
			net->nodes[i].drill_more = false;
			drill_step(net, &net->nodes[i], &event);
			any = true;
		}
		if (!net->nodes[i].more)
			continue;
		net->nodes[i].more = false;
		step(net, i, &event);
		any = true;
	}
	return any;
}

void net_inject_bytes(struct net *net, unsigned from, unsigned to, struct kai_span bytes)
{
	struct net_frame frame = {.from = from, .to = to, .len = bytes.len};

	frame.at = (uint8_t *)(uintptr_t)bytes.at;
	add_frame(&net->queue, &net->queue_count, &net->queue_cap, &frame);
}

void net_inject(struct net *net, unsigned from, unsigned to, enum kai_msg_type type, void *msg)
{
	struct kai_span bytes = kai_frame_encode(type, msg, &net->arena);

	assert_true(bytes.len > 0);
	net_inject_bytes(net, from, to, bytes);
}

void net_run(struct net *net)
{
	for (unsigned i = 0; net_step(net); i++)
		assert_true(i < ROUNDS);
}

void net_pass(struct net *net, int64_t ms)
{
	int64_t end = net->mono.ms + ms;

	net_run(net);
	for (unsigned rounds = 0; net->mono.ms < end; rounds++) {
		int64_t due = end;

		assert_true(rounds < ROUNDS);
		for (unsigned i = 0; i < net->count; i++) {
			int64_t at = kai_engine_deadline(net->nodes[i].engine).ms;
			const struct kai_engine *drill = net->nodes[i].drill_engine;

			if (at < due)
				due = at;
			if (drill != NULL && kai_engine_deadline(drill).ms < due)
				due = kai_engine_deadline(drill).ms;
		}
		net->mono.ms = due > net->mono.ms ? due : net->mono.ms + 1;
		for (unsigned i = 0; i < net->count; i++) {
			struct kai_event event = {.type = KAI_EVENT_TIMER};

			if (kai_engine_deadline(net->nodes[i].engine).ms <= net->mono.ms)
				step(net, i, &event);
			if (net->nodes[i].drill_engine != NULL &&
			    kai_engine_deadline(net->nodes[i].drill_engine).ms <= net->mono.ms)
				drill_step(net, &net->nodes[i], &event);
		}
		net_run(net);
	}
}

void net_called(struct net *net, unsigned node, const struct kai_call_ref *ref, uint64_t result,
		uint64_t code, const char *said)
{
	struct kai_event event = {.type = KAI_EVENT_CALLED,
				  .call = *ref,
				  .result = result,
				  .code = code,
				  .said = kai_span_str(said)};

	step(net, node, &event);
}

void net_link(struct net *net, unsigned a, unsigned b)
{
	net->linked[a][b] = true;
	net->linked[b][a] = true;
	link_event(net, a, b, KAI_EVENT_LINK_UP);
	link_event(net, b, a, KAI_EVENT_LINK_UP);
}

void net_cut(struct net *net, unsigned a, unsigned b)
{
	if (!net->linked[a][b])
		return;
	net->linked[a][b] = false;
	net->linked[b][a] = false;
	drop_frames(net, a, b);
	link_event(net, a, b, KAI_EVENT_LINK_DOWN);
	link_event(net, b, a, KAI_EVENT_LINK_DOWN);
}

/* ---- life ---- */

static void start(struct net *net, struct net_node *node)
{
	struct kai_event event = {.type = KAI_EVENT_START};

	node->boots++;
	node->config.boot[0] = (uint8_t)(node->number + 1);
	kai_put_be64(node->config.boot + 8, node->boots);
	if (net->watch != NULL)
		net->watch->begin(net->watch->context);
	node->engine = NULL;
	enum kai_err err = kai_engine_new(&node->config, &node->engine);

	if (net->watch != NULL)
		(void)net->watch->end(net->watch->context);
	node->dead = err != KAI_ERR_OK;
	assert_true(!node->dead || (net->watch != NULL && err == KAI_ERR_NOMEM));
	node->more = false;
	step(net, node->number, &event);
}

void net_restart(struct net *net, unsigned number)
{
	struct net_node *node = &net->nodes[number];

	for (unsigned i = 0; i < net->count; i++) {
		if (!net->linked[number][i])
			continue;
		net->linked[number][i] = false;
		net->linked[i][number] = false;
		drop_frames(net, number, i);
		link_event(net, i, number, KAI_EVENT_LINK_DOWN);
	}
	kai_engine_free(node->engine);
	node->config.quota = net->quota;
	node->config.escalation = net->escalation;
	start(net, node);
}

uint64_t net_control(struct net *net, unsigned node, uint64_t type, void *request)
{
	const struct kai_object *object = kai_control_object(type);
	struct kai_event event = {.type = KAI_EVENT_CONTROL, .client = 1};
	uint64_t head[2] = {KAI_VERSION, type};
	unsigned answers = net->nodes[node].answers;

	assert_non_null(object);
	memcpy(request, head, sizeof(head));
	event.request = kai_object_encode_in(object, request, &net->arena);
	assert_true(event.request.len > 0);
	do {
		revive(net);
		step(net, node, &event);
	} while (net->nodes[node].dead);
	assert_int_equal(net->nodes[node].answers, answers + 1);
	return net->nodes[node].answer.exit;
}

uint64_t net_drill_control(struct net *net, unsigned node, uint64_t type, void *request)
{
	struct kai_event event = {.type = KAI_EVENT_CONTROL, .client = 1};
	struct kai_ctl_in_realm envelope = {.version = KAI_VERSION, .type = KAI_CONTROL_IN_REALM};
	uint64_t head[2] = {KAI_VERSION, type};
	unsigned answers = net->nodes[node].answers;
	uint8_t realm[KAI_REALM_LEN];

	memcpy(request, head, sizeof(head));
	memcpy(envelope.realm, net->nodes[node].drill_realm, KAI_REALM_LEN);
	envelope.request = kai_object_encode_in(kai_control_object(type), request, &net->arena);
	event.request = kai_object_encode_in(&kai_object_ctl_in_realm, &envelope, &net->arena);
	assert_true(event.request.len > 0);
	kai_control_realm(event.request, realm);
	assert_memory_equal(realm, envelope.realm, KAI_REALM_LEN);
	drill_step(net, &net->nodes[node], &event);
	assert_int_equal(net->nodes[node].answers, answers + 1);
	return net->nodes[node].answer.exit;
}

void net_done(const struct net_node *node, uint64_t code)
{
	if (code != 0)
		fail_msg("node %u: %.*s: %.*s", node->number, (int)node->answer.reason.len,
			 (const char *)node->answer.reason.at, (int)node->answer.text.len,
			 (const char *)node->answer.text.at);
}

static void import_cards(struct net *net, unsigned at)
{
	for (unsigned i = 0; i < net->count; i++) {
		char alias[16];
		struct kai_ctl_card_import request = {.card = net->nodes[i].card};

		if (i == at)
			continue;
		(void)snprintf(alias, sizeof(alias), "node-%u", i);
		request.alias = kai_span_str(alias);
		net_done(&net->nodes[at], net_control(net, at, KAI_CONTROL_CARD_IMPORT, &request));
	}
}

struct net *net_new(unsigned count)
{
	return net_new_watched(count, NULL);
}

struct net *net_new_watched(unsigned count, const struct net_watch *watch)
{
	struct net *net = calloc(1, sizeof(*net));

	assert_non_null(net);
	assert_true(sodium_init() >= 0);
	assert_in_range(count, 1, NET_NODES);
	net->count = count;
	net->watch = watch;
	net->mono.ms = 1000;
	net->quota = kai_quota_default;
	net->arena = (struct kai_arena){malloc(ARENA_LEN), ARENA_LEN, 0, false};
	assert_non_null(net->arena.at);
	for (unsigned i = 0; i < count; i++) {
		struct net_node *node = &net->nodes[i];

		node->number = i;
		net_keys_make(net, node);
		net_card_make(net, node);
	}
	for (unsigned i = 0; i < count; i++) {
		struct net_node *node = &net->nodes[i];
		struct kai_store_options options = {0};
		struct kai_ctl_card_own own = {.card = node->card};

		own.record = net_record_make(net, node);
		assert_int_equal(kai_store_open_memory(&options, &node->store), KAI_ERR_OK);
		start(net, node);
		net_done(node, net_control(net, i, KAI_CONTROL_CARD_OWN, &own));
	}
	for (unsigned i = 0; i < count; i++)
		import_cards(net, i);
	return net;
}

void net_free(struct net *net)
{
	for (unsigned i = 0; i < net->count; i++) {
		kai_engine_free(net->nodes[i].drill_engine);
		kai_store_close(net->nodes[i].drill);
		kai_engine_free(net->nodes[i].engine);
		kai_store_close(net->nodes[i].store);
	}
	for (size_t i = 0; i < net->queue_count; i++)
		free(net->queue[i].at);
	for (size_t i = 0; i < net->seen_count; i++)
		free(net->seen[i].at);
	free(net->queue);
	free(net->seen);
	free(net->calls);
	free(net->arena.at);
	free(net);
}
