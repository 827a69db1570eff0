/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/kinds.h"
#include "kairan/records.h"
#include "kairan/text.h"

#define ARENA_LEN ((size_t)64 * 1024 * 1024)
#define YEAR_MS (365LL * KAI_MS_DAY)
#define ROUNDS 200000u /* more than any test needs: a loop between engines fails it */

static struct kai_wall wall(const struct net *net, const struct net_node *node)
{
	return (struct kai_wall){NET_MS + net->mono.ms + node->skew_ms};
}

static void seeded(unsigned node, const char *what, uint8_t *ret, size_t len)
{
	uint8_t entropy[32] = {(uint8_t)(node + 1)};

	kai_expand(entropy, what, 0, ret, len);
}

static void sign_pair(unsigned node, const char *what, struct net_pair *ret)
{
	uint8_t seed[32];

	seeded(node, what, seed, sizeof(seed));
	assert_int_equal(crypto_sign_seed_keypair(ret->key, ret->secret, seed), 0);
}

/* ---- one node ---- */

static int by_use_and_key(const void *a, const void *b)
{
	const struct kai_card_key *left = a, *right = b;

	if (left->use != right->use)
		return left->use < right->use ? -1 : 1;
	return memcmp(left->key, right->key, KAI_ID_LEN);
}

static struct kai_card_key card_key(const struct net_pair *pair, uint64_t use, uint64_t role)
{
	struct kai_card_key key = {.use = use,
				   .role = role,
				   .not_before = NET_MS - YEAR_MS,
				   .not_after = NET_MS + 5 * YEAR_MS};

	memcpy(key.key, pair->key, KAI_ID_LEN);
	return key;
}

static void make_card(struct net *net, struct net_node *node)
{
	char name[16];
	struct kai_card_key keys[] = {card_key(&node->system, KAI_KEY_SIGN, KAI_ROLE_SYSTEM),
				      card_key(&node->duty, KAI_KEY_SIGN, KAI_ROLE_DUTY),
				      card_key(&node->decider, KAI_KEY_SIGN, KAI_ROLE_DECIDER),
				      card_key(&node->seal, KAI_KEY_SEAL, 0)};
	struct kai_card card = {.version = KAI_VERSION,
				.serial = 1,
				.issued_at = NET_MS - KAI_MS_DAY,
				.valid_until = NET_MS + 5 * YEAR_MS,
				.country = kai_span_str("JP"),
				.keys = keys,
				.keys_count = 4};

	(void)snprintf(name, sizeof(name), "node-%u", node->number);
	card.name = kai_span_str(name);
	memcpy(card.org, node->root.key, KAI_ID_LEN);
	qsort(keys, 4, sizeof(keys[0]), by_use_and_key);
	kai_hash(KAI_CTX_NEXT_ROOT, kai_realm_live, kai_span(node->next_root.key, KAI_ID_LEN),
		 card.next_root);
	struct kai_span body = kai_object_encode_in(&kai_object_card, &card, &net->arena);

	assert_true(body.len > 0);
	node->card =
		kai_signed_make(KAI_CTX_CARD, body, node->root.key, node->root.secret, &net->arena);
	assert_true(node->card.len > 0);
}

static struct kai_span make_record(struct net *net, const struct net_node *node)
{
	struct kai_node_key key = {.not_before = NET_MS - YEAR_MS,
				   .not_after = NET_MS + 5 * YEAR_MS};
	struct kai_span endpoint = kai_span_str("tcp://127.0.0.1:4740");
	struct kai_node_record record = {.version = KAI_VERSION,
					 .serial = 1,
					 .issued_at = NET_MS - KAI_MS_DAY,
					 .valid_until = NET_MS + 5 * YEAR_MS,
					 .keys = &key,
					 .keys_count = 1,
					 .endpoints = &endpoint,
					 .endpoints_count = 1};

	memcpy(record.org, node->root.key, KAI_ID_LEN);
	seeded(node->number, "node", key.key, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_node_record, &record, &net->arena);

	return kai_signed_make(KAI_CTX_NODE_RECORD, body, node->root.key, node->root.secret,
			       &net->arena);
}

static void make_keys(struct net *net, struct net_node *node)
{
	struct kai_engine_config *config = &node->config;
	uint8_t scalar[32];

	sign_pair(node->number, "root", &node->root);
	sign_pair(node->number, "next-root", &node->next_root);
	sign_pair(node->number, "system", &node->system);
	sign_pair(node->number, "duty", &node->duty);
	sign_pair(node->number, "decider", &node->decider);
	seeded(node->number, "seal", scalar, sizeof(scalar));
	memcpy(node->seal.secret, scalar, sizeof(scalar));
	assert_int_equal(crypto_scalarmult_base(node->seal.key, scalar), 0);
	seeded(node->number, "rest", node->rest_secret, sizeof(node->rest_secret));
	seeded(node->number, "token", node->token_key, sizeof(node->token_key));
	memcpy(node->seals[0].key, node->seal.key, KAI_ID_LEN);
	node->seals[0].secret = node->seal.secret;
	node->rest[0] = (struct kai_rest_key){.period = 1, .secret = node->rest_secret};
	memcpy(config->org, node->root.key, KAI_ID_LEN);
	memcpy(config->system.key, node->system.key, KAI_ID_LEN);
	config->system.secret = node->system.secret;
	memcpy(config->duty.key, node->duty.key, KAI_ID_LEN);
	config->duty.secret = node->duty.secret;
	memcpy(config->decider.key, node->decider.key, KAI_ID_LEN);
	config->decider.secret = node->decider.secret;
	config->seals = node->seals;
	config->seal_count = 1;
	config->rest_keys = node->rest;
	config->rest_key_count = 1;
	config->token_key = node->token_key;
	config->quota = net->quota;
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

static void link_event(struct net *net, unsigned at, unsigned other, enum kai_event_type type)
{
	struct kai_event event = {.type = type};

	memcpy(event.org, net->nodes[other].config.org, KAI_ID_LEN);
	step(net, at, &event);
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
	case KAI_OUTPUT_PEERS:
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

			if (at < due)
				due = at;
		}
		net->mono.ms = due > net->mono.ms ? due : net->mono.ms + 1;
		for (unsigned i = 0; i < net->count; i++) {
			struct kai_event event = {.type = KAI_EVENT_TIMER};

			if (kai_engine_deadline(net->nodes[i].engine).ms <= net->mono.ms)
				step(net, i, &event);
		}
		net_run(net);
	}
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

static void done(const struct net_node *node, uint64_t code)
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
		done(&net->nodes[at], net_control(net, at, KAI_CONTROL_CARD_IMPORT, &request));
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
		make_keys(net, node);
		make_card(net, node);
	}
	for (unsigned i = 0; i < count; i++) {
		struct net_node *node = &net->nodes[i];
		struct kai_store_options options = {0};
		struct kai_ctl_card_own own = {.card = node->card};

		own.record = make_record(net, node);
		assert_int_equal(kai_store_open_memory(&options, &node->store), KAI_ERR_OK);
		start(net, node);
		done(node, net_control(net, i, KAI_CONTROL_CARD_OWN, &own));
	}
	for (unsigned i = 0; i < count; i++)
		import_cards(net, i);
	return net;
}

void net_free(struct net *net)
{
	for (unsigned i = 0; i < net->count; i++) {
		kai_engine_free(net->nodes[i].engine);
		kai_store_close(net->nodes[i].store);
	}
	for (size_t i = 0; i < net->queue_count; i++)
		free(net->queue[i].at);
	for (size_t i = 0; i < net->seen_count; i++)
		free(net->seen[i].at);
	free(net->queue);
	free(net->seen);
	free(net->arena.at);
	free(net);
}

/* ---- agreements ---- */

static void fill_direction(const struct net_terms *terms, struct kai_direction *ret)
{
	static uint64_t kinds[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	static struct kai_span any;

	any = kai_span_str("*");
	*ret = (struct kai_direction){
		.kinds = kinds,
		.kinds_count = 11,
		.sectors = &any,
		.sectors_count = 1,
		.ceiling = terms->ceiling == 0 ? KAI_TLP_RED : terms->ceiling,
		.onward = KAI_ONWARD_ANY,
		.attribution = KAI_ATTR_NAMED,
		.max_items_day = terms->max_items_day,
		.communities_count = terms->community_count,
	};
	ret->communities = (struct kai_community *)(uintptr_t)terms->communities;
}

static void fill_party(const struct net_node *node, const struct net_terms *terms,
		       struct kai_party *ret)
{
	*ret = (struct kai_party){.name = kai_span_str("party"),
				  .country = kai_span_str("JP"),
				  .may_introduce = terms->introduce};
	memcpy(ret->org, node->config.org, KAI_ID_LEN);
}

struct kai_span net_terms_bytes(struct net *net, unsigned a, unsigned b,
				const struct net_terms *say)
{
	const struct net_node *first = &net->nodes[a], *second = &net->nodes[b];
	bool turned = memcmp(first->config.org, second->config.org, KAI_ID_LEN) > 0;
	int64_t now = wall(net, first).ms;
	struct kai_terms terms = {
		.version = KAI_VERSION,
		.serial = say->serial == 0 ? 1 : say->serial,
		.valid_from = say->valid_from == 0 ? (uint64_t)(now - KAI_MS_DAY) : say->valid_from,
		.valid_until = say->valid_until == 0 ? (uint64_t)(now + YEAR_MS) : say->valid_until,
		.signers = say->signers == 0 ? 1 : say->signers,
	};
	struct kai_party *of_b = turned ? &terms.a : &terms.b;
	struct kai_direction *to_b = turned ? &terms.b_to_a : &terms.a_to_b;

	fill_party(turned ? second : first, say, &terms.a);
	fill_party(turned ? first : second, say, &terms.b);
	fill_direction(say, &terms.a_to_b);
	fill_direction(say, &terms.b_to_a);
	of_b->government = say->government;
	if (say->country != NULL)
		of_b->country = kai_span_str(say->country);
	to_b->constituency = say->constituency;
	if (say->predecessor != NULL) {
		terms.predecessor.is = true;
		memcpy(terms.predecessor.id, say->predecessor, KAI_ID_LEN);
	}
	if (say->duty_count > 0) {
		terms.duties = kai_arena_take(&net->arena, say->duty_count * sizeof(*terms.duties));
		assert_non_null(terms.duties);
		terms.duties_count = say->duty_count;
	}
	for (size_t i = 0; i < say->duty_count; i++) {
		terms.duties[i] = say->duties[i];
		terms.duties[i].side = turned ? 1 - say->duties[i].side : say->duties[i].side;
	}
	struct kai_span bytes = kai_object_encode_in(&kai_object_terms, &terms, &net->arena);

	assert_true(bytes.len > 0);
	return bytes;
}

const uint8_t *net_agree(struct net *net, unsigned a, unsigned b, const struct net_terms *terms)
{
	struct kai_ctl_agree_propose propose = {.terms = net_terms_bytes(net, a, b, terms)};
	struct kai_ctl_agree_file accept = {.file = {NULL, 0}};
	struct kai_ctl_agree_file_in import = {.file = {NULL, 0}};
	uint8_t *digest = kai_arena_take(&net->arena, KAI_ID_LEN);

	assert_non_null(digest);
	kai_agreement_digest(propose.terms, digest);
	done(&net->nodes[a], net_control(net, a, KAI_CONTROL_AGREE_PROPOSE, &propose));
	accept.file = net->nodes[a].answer.body;
	done(&net->nodes[b], net_control(net, b, KAI_CONTROL_AGREE_ACCEPT, &accept));
	import.file = net->nodes[b].answer.body;
	done(&net->nodes[a], net_control(net, a, KAI_CONTROL_AGREE_IMPORT, &import));
	return digest;
}

bool net_up(struct net *net, unsigned a, unsigned b)
{
	struct kai_ctl_status request = {0};
	struct kai_state state;
	bool up = false;

	assert_int_equal(net_control(net, a, KAI_CONTROL_STATUS, &request), 0);
	assert_int_equal(kai_object_decode(&kai_object_state, net->nodes[a].answer.body,
					   &net->arena, &state),
			 KAI_FAULT_NONE);
	for (size_t i = 0; i < state.peers_count; i++)
		if (kai_id_equal(state.peers[i].org, net->nodes[b].config.org))
			up = state.peers[i].up;
	return up;
}

/* ---- items ---- */

struct kai_audience_entry net_org(const struct net *net, unsigned node)
{
	return (struct kai_audience_entry){
		.type = KAI_AUD_ORG, .org = kai_span(net->nodes[node].config.org, KAI_ID_LEN)};
}

/* A body with every mandatory field of its kind. */
static struct kai_span make_body(struct net *net, const struct kai_kind_row *row, const char *title,
				 const uint8_t *question)
{
	char id[KAI_ID_TEXT];
	struct kai_body_value values[32];
	struct kai_body body = {.version = KAI_VERSION,
				.title = kai_span_str(title != NULL ? title : "a title"),
				.text = kai_span_str("what happened"),
				.values = values};
	static const char *const examples[] = {
		[KAI_V_TEXT] = "some text",
		[KAI_V_TIME] = "2030-03-17T00:00:00.000Z",
		[KAI_V_NUMBER] = "1",
		[KAI_V_ID] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		[KAI_V_CAUSE] = "unknown//low/2030-03-17T00:00:00.000Z",
	};

	for (size_t i = 0; i < row->field_count; i++) {
		const struct kai_body_field_row *field = &row->fields[i];
		struct kai_body_value *value = &values[body.values_count];

		if (!field->mandatory)
			continue;
		assert_in_range(body.values_count, 0, 31);
		body.values_count++;
		value->name = kai_span_str(field->name);
		value->value = field->type == KAI_V_WORD
				       ? kai_span(field->words, strcspn(field->words, "|"))
				       : kai_span_str(examples[field->type]);
		if (field->type == KAI_V_ID && question != NULL) {
			kai_id_text(question, id);
			value->value = kai_span_str(id);
		}
	}
	struct kai_span bytes = kai_object_encode_in(&kai_object_body, &body, &net->arena);

	assert_true(bytes.len > 0);
	return bytes;
}

void net_publish(struct net *net, unsigned node, const struct net_item *item,
		 uint8_t ret[KAI_ID_LEN])
{
	const struct kai_kind_row *row =
		kai_kind_row(item->kind == 0 ? KAI_KIND_SECINFO : item->kind);
	struct kai_audience_entry audience[4];
	struct kai_span sector = {NULL, 0};
	uint8_t supersedes[1][KAI_ID_LEN];
	uint8_t refs[1][KAI_ID_LEN];
	char media[32];
	struct kai_draft_part parts[2] = {
		{.name = kai_span_str("main")},
		{.name = kai_span_str("document"), .media_type = kai_span_str("text/plain")}};
	struct kai_ctl_publish request = {
		.draft = {.kind = row->kind,
			  .urgency = item->urgency,
			  .not_after = item->not_after,
			  .lang = kai_span_str("en"),
			  .label = {.tlp = item->tlp == 0 ? KAI_TLP_CLEAR : item->tlp,
				    .audience = audience,
				    .audience_count = item->audience_count,
				    .onward = item->onward == 0 ? KAI_ONWARD_ANY : item->onward,
				    .attribution = KAI_ATTR_NAMED,
				    .pap = KAI_PAP_CLEAR,
				    .retain_until = item->retain_until,
				    .gov_share = 1},
			  .parts = parts,
			  .parts_count = item->attachment > 0 ? 2 : 1},
		.keep = item->keep,
	};

	(void)snprintf(media, sizeof(media), "kairan/%s", row->word);
	parts[0].media_type = kai_span_str(media);
	parts[0].content = make_body(net, row, item->title, item->question);
	for (size_t i = 0; i < item->audience_count; i++)
		audience[i] = item->audience[i];
	if (item->attachment > 0) {
		uint8_t *content = kai_arena_take(&net->arena, item->attachment);

		assert_non_null(content);
		for (size_t i = 0; i < item->attachment; i++)
			content[i] = (uint8_t)('a' + i % 26);
		parts[1].content = kai_span(content, item->attachment);
		parts[1].label = (struct kai_label *)(uintptr_t)item->attachment_label;
	}
	if (item->sector != NULL) {
		sector = kai_span_str(item->sector);
		request.draft.sectors = &sector;
		request.draft.sectors_count = 1;
	}
	if (item->supersedes != NULL) {
		memcpy(supersedes[0], item->supersedes, KAI_ID_LEN);
		request.draft.supersedes = supersedes;
		request.draft.supersedes_count = 1;
	}
	if (item->refs != NULL) {
		memcpy(refs[0], item->refs, KAI_ID_LEN);
		request.draft.refs = refs;
		request.draft.refs_count = 1;
	}
	done(&net->nodes[node], net_control(net, node, KAI_CONTROL_PUBLISH, &request));
	assert_true(net->nodes[node].answer.id.is);
	memcpy(ret, net->nodes[node].answer.id.id, KAI_ID_LEN);
}

void net_retract(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
		 uint8_t ret[KAI_ID_LEN])
{
	struct kai_ctl_retract request = {.lang = kai_span_str("en")};

	memcpy(request.id, id, KAI_ID_LEN);
	request.body = make_body(net, kai_kind_row(KAI_KIND_RETRACT), "retracted", NULL);
	done(&net->nodes[node], net_control(net, node, KAI_CONTROL_RETRACT, &request));
	memcpy(ret, net->nodes[node].answer.id.id, KAI_ID_LEN);
}

/* ---- looking ---- */

struct kai_txn *net_read(struct net *net, unsigned node)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(net->nodes[node].store, false, &txn, NULL), KAI_ERR_OK);
	return txn;
}

bool net_holds(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN], uint32_t *ret_parts)
{
	struct kai_txn *txn = net_read(net, node);
	size_t mark = net->arena.used;
	struct kai_item item = {.held = 0};
	uint64_t arrival;
	bool held = kai_rec_arrival(txn, id, &arrival) &&
		    kai_rec_item(txn, arrival, &net->arena, &item);

	if (ret_parts != NULL)
		*ret_parts = (uint32_t)item.held;
	net->arena.used = mark;
	kai_txn_abort(txn);
	return held;
}

size_t net_sent(const struct net *net, unsigned from, unsigned to, enum kai_msg_type type,
		size_t since)
{
	size_t count = 0;

	for (size_t i = since; i < net->seen_count; i++)
		count += net->seen[i].from == from && net->seen[i].to == to &&
			 net->seen[i].type == type;
	return count;
}

bool net_leaked(const struct net *net, unsigned to, struct kai_span bytes)
{
	for (size_t i = 0; i < net->seen_count; i++)
		if (net->seen[i].to == to &&
		    memmem(net->seen[i].at, net->seen[i].len, bytes.at, bytes.len) != NULL)
			return true;
	return false;
}
