/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <zmq.h>

#include "kairan/agreement.h"
#include "kairan/check.h"

#define ARENA ((size_t)192 * 1024 * 1024)

/* ---- who it is ---- */

static int by_use_and_key(const void *a, const void *b)
{
	const struct kai_card_key *left = a;
	const struct kai_card_key *right = b;

	if (left->use != right->use)
		return left->use < right->use ? -1 : 1;
	return memcmp(left->key, right->key, KAI_ID_LEN);
}

static struct kai_card_key card_key(const struct fix_pair *pair, uint64_t use, uint64_t role)
{
	int64_t now = box_now_ms();
	struct kai_card_key key = {.use = use,
				   .role = role,
				   .not_before = (uint64_t)(now - 10 * KAI_MS_DAY),
				   .not_after = (uint64_t)(now + 300 * KAI_MS_DAY)};

	memcpy(key.key, pair->key, KAI_ID_LEN);
	return key;
}

static void make_card(struct box_peer *peer)
{
	int64_t now = box_now_ms();
	struct kai_card_key keys[] = {card_key(&peer->system, KAI_KEY_SIGN, KAI_ROLE_SYSTEM),
				      card_key(&peer->duty, KAI_KEY_SIGN, KAI_ROLE_DUTY),
				      card_key(&peer->decider, KAI_KEY_SIGN, KAI_ROLE_DECIDER),
				      card_key(&peer->past, KAI_KEY_SIGN, KAI_ROLE_DUTY),
				      card_key(&peer->seal, KAI_KEY_SEAL, 0)};
	struct kai_card card = {.version = KAI_VERSION,
				.serial = peer->serial,
				.issued_at = (uint64_t)(now - KAI_MS_HOUR),
				.valid_until = (uint64_t)(now + 300 * KAI_MS_DAY),
				.name = kai_span_str("Peer"),
				.country = kai_span_str(peer->country),
				.keys = keys,
				.keys_count = 5};
	uint8_t next[KAI_ID_LEN] = {1};

	keys[3].not_after = (uint64_t)(now - 5 * KAI_MS_DAY);
	memcpy(card.org, peer->root.key, KAI_ID_LEN);
	qsort(keys, 5, sizeof(keys[0]), by_use_and_key);
	kai_hash(KAI_CTX_NEXT_ROOT, kai_realm_live, kai_span(next, sizeof(next)), card.next_root);
	peer->card = kai_signed_make(KAI_CTX_CARD,
				     kai_object_encode_in(&kai_object_card, &card, &peer->arena),
				     peer->root.key, peer->root.secret, &peer->arena);
	assert_true(peer->card.len > 0);
}

/* Without an address: the node waits to be called. */
static void make_record(struct box_peer *peer)
{
	int64_t now = box_now_ms();
	struct kai_node_key key = {.not_before = (uint64_t)(now - KAI_MS_DAY),
				   .not_after = (uint64_t)(now + 300 * KAI_MS_DAY)};
	struct kai_node_record record = {.version = KAI_VERSION,
					 .serial = peer->serial,
					 .issued_at = (uint64_t)(now - KAI_MS_HOUR),
					 .valid_until = (uint64_t)(now + 300 * KAI_MS_DAY),
					 .keys = &key,
					 .keys_count = 1};

	memcpy(record.org, peer->root.key, KAI_ID_LEN);
	memcpy(key.key, peer->link.key, KAI_ID_LEN);
	peer->record = kai_signed_make(
		KAI_CTX_NODE_RECORD,
		kai_object_encode_in(&kai_object_node_record, &record, &peer->arena),
		peer->root.key, peer->root.secret, &peer->arena);
	assert_true(peer->record.len > 0);
}

static void import_card(struct box_peer *peer, uint8_t number)
{
	char alias[] = "peer-0";
	struct kai_ctl_card_import request = {.card = peer->card};

	alias[5] = (char)('0' + number);
	request.alias = kai_span_str(alias);
	struct kai_ctl_answer answer = box_ask(peer->node, KAI_CONTROL_CARD_IMPORT, &request);

	if (answer.exit != 0)
		fail_msg("card: %.*s", (int)answer.text.len, (const char *)answer.text.at);
}

static void agree(struct box_peer *peer)
{
	static uint64_t kinds[] = {1, 2, 3, 4, 5, 6, 8, 9, 10};
	struct kai_span power = kai_span_str("jp-seed7:pow");
	struct kai_direction direction = {.kinds = kinds,
					  .kinds_count = 9,
					  .sectors = &power,
					  .sectors_count = 1,
					  .ceiling = KAI_TLP_AMBER_STRICT,
					  .onward = KAI_ONWARD_ANY,
					  .attribution = KAI_ATTR_NAMED};
	bool first = memcmp(peer->root.key, peer->node->org, KAI_ID_LEN) < 0;
	int64_t now = box_now_ms();
	struct kai_terms terms = {.version = KAI_VERSION,
				  .serial = 1,
				  .valid_from = (uint64_t)(now - KAI_MS_HOUR),
				  .valid_until = (uint64_t)(now + 30 * KAI_MS_DAY),
				  .signers = 1,
				  .a_to_b = direction,
				  .b_to_a = direction};
	struct kai_party *mine = first ? &terms.a : &terms.b;
	struct kai_party *nodes = first ? &terms.b : &terms.a;

	memcpy(mine->org, peer->root.key, KAI_ID_LEN);
	memcpy(nodes->org, peer->node->org, KAI_ID_LEN);
	mine->name = kai_span_str("Peer");
	nodes->name = kai_span_str("Node");
	mine->country = kai_span_str(peer->country);
	nodes->country = kai_span_str("JP");
	nodes->government = true;
	nodes->sectors = &power;
	nodes->sectors_count = 1;
	struct kai_agree_file file = {
		.version = KAI_VERSION, .card = peer->card, .record = peer->record};

	file.agreement = kai_agreement_sign(
		kai_object_encode_in(&kai_object_terms, &terms, &peer->arena), NULL, peer->root.key,
		peer->decider.key, peer->decider.secret, &peer->arena);
	assert_true(file.agreement.len > 0);
	struct kai_ctl_agree_file request = {
		.file = kai_object_encode_in(&kai_object_agree_file, &file, &peer->arena)};
	struct kai_ctl_answer answer = box_ask(peer->node, KAI_CONTROL_AGREE_ACCEPT, &request);

	if (answer.exit != 0 || answer.text.len > 0)
		fail_msg("agreement: %.*s", (int)answer.text.len, (const char *)answer.text.at);
}

struct box_peer *box_peer_new(struct box_node *node, uint8_t number, const char *country)
{
	struct box_peer *peer = calloc(1, sizeof(*peer));
	uint8_t base = (uint8_t)(10 * number);

	assert_non_null(peer);
	peer->node = node;
	peer->country = country;
	peer->serial = (uint64_t)(box_now_ms() / 1000);
	peer->root = fix_sign_pair(base);
	peer->system = fix_sign_pair((uint8_t)(base + 1));
	peer->duty = fix_sign_pair((uint8_t)(base + 2));
	peer->decider = fix_sign_pair((uint8_t)(base + 3));
	peer->past = fix_sign_pair((uint8_t)(base + 4));
	peer->seal = fix_seal_pair((uint8_t)(base + 5));
	peer->link = fix_seal_pair((uint8_t)(base + 6));
	peer->arena = fix_arena(ARENA);
	peer->check = fix_arena(KAI_CHECK_ARENA);
	peer->replies = calloc(BOX_REPLIES, sizeof(*peer->replies));
	peer->context = zmq_ctx_new();
	assert_true(peer->arena.at != NULL && peer->check.at != NULL && peer->replies != NULL &&
		    peer->context != NULL);
	make_card(peer);
	make_record(peer);
	import_card(peer, number);
	agree(peer);
	return peer;
}

void box_peer_free(struct box_peer *peer)
{
	box_peer_close(peer);
	(void)zmq_ctx_term(peer->context);
	free(peer->replies);
	fix_arena_done(&peer->arena);
	fix_arena_done(&peer->check);
	free(peer);
}

/* ---- its link ---- */

void box_peer_bytes(struct box_peer *peer, struct kai_span bytes)
{
	assert_int_equal(zmq_send(peer->socket, bytes.at, bytes.len, 0), (int)bytes.len);
}

void box_peer_send(struct box_peer *peer, enum kai_msg_type type, void *msg)
{
	size_t used = peer->arena.used;
	struct kai_span bytes = kai_frame_encode(type, msg, &peer->arena);

	assert_true(bytes.len > 0);
	box_peer_bytes(peer, bytes);
	peer->arena.used = used;
}

static void say_hello(struct box_peer *peer)
{
	static const uint8_t epoch[16] = {9};
	struct kai_hello hello = {.version_max = KAI_VERSION,
				  .realms = kai_span(kai_realm_live, KAI_REALM_LEN),
				  .clock = (uint64_t)box_now_ms()};

	memcpy(hello.nonce, peer->nonce, sizeof(hello.nonce));
	memcpy(hello.epoch, epoch, sizeof(hello.epoch));
	memcpy(hello.boot, peer->nonce, sizeof(hello.boot));
	hello.answers.is = peer->greeted;
	if (peer->greeted)
		kai_hash(KAI_CTX_HELLO, kai_realm_live,
			 kai_span(peer->node_nonce, sizeof(peer->node_nonce)), hello.answers.id);
	box_peer_send(peer, KAI_MSG_HELLO, &hello);
}

static struct box_reply *note(struct box_peer *peer, enum kai_msg_type type,
			      const uint8_t id[KAI_ID_LEN])
{
	struct box_reply *reply = &peer->replies[peer->reply_count % BOX_REPLIES];

	peer->reply_count++;
	memset(reply, 0, sizeof(*reply));
	reply->type = type;
	memcpy(reply->id, id, KAI_ID_LEN);
	return reply;
}

static void take_refuse(struct box_peer *peer, const struct kai_refuse *refuse)
{
	for (size_t i = 0; i < refuse->entries_count; i++) {
		const struct kai_refuse_entry *entry = &refuse->entries[i];
		struct box_reply *reply = note(peer, KAI_MSG_REFUSE, entry->id);

		reply->klass = entry->klass;
		memcpy(reply->reason, entry->reason.at, entry->reason.len);
	}
}

static void take_hello(struct box_peer *peer, const struct kai_hello *hello)
{
	if (peer->greeted && memcmp(peer->node_nonce, hello->nonce, sizeof(peer->node_nonce)) == 0)
		return;
	memcpy(peer->node_nonce, hello->nonce, sizeof(peer->node_nonce));
	peer->greeted = true;
	say_hello(peer);
}

static void take(struct box_peer *peer, struct kai_span frame)
{
	struct kai_checked got;
	struct kai_ping ping = {.answer = true};

	peer->check.used = 0;
	peer->check.full = false;
	kai_frame_check(frame, &peer->check, &got);
	assert_int_equal(got.fault, KAI_FAULT_NONE);
	peer->frames++;
	if (got.type == KAI_MSG_HELLO)
		take_hello(peer, &got.msg.hello);
	else if (got.type == KAI_MSG_CARD)
		peer->up = peer->greeted; /* the first that is said on a link that is up */
	else if (got.type == KAI_MSG_REFUSE)
		take_refuse(peer, &got.msg.refuse);
	for (size_t i = 0; got.type == KAI_MSG_STORED && i < got.msg.stored.entries_count; i++)
		note(peer, KAI_MSG_STORED, got.msg.stored.entries[i].id)->parts =
			got.msg.stored.entries[i].parts;
	for (size_t i = 0; got.type == KAI_MSG_WANT && i < got.msg.want.entries_count; i++)
		note(peer, KAI_MSG_WANT, got.msg.want.entries[i].id)->parts =
			got.msg.want.entries[i].parts;
	for (size_t i = 0; got.type == KAI_MSG_NO && i < got.msg.none.ids_count; i++)
		(void)note(peer, KAI_MSG_NO, got.msg.none.ids[i]);
	if (got.type == KAI_MSG_PING && !got.msg.ping.answer) {
		memcpy(ping.nonce, got.msg.ping.nonce, sizeof(ping.nonce));
		box_peer_send(peer, KAI_MSG_PING, &ping);
	}
}

static bool read_one(struct box_peer *peer, int64_t ms)
{
	zmq_pollitem_t item = {.socket = peer->socket, .events = ZMQ_POLLIN};
	zmq_msg_t msg;

	if (zmq_poll(&item, 1, ms > 0 ? ms : 0) <= 0)
		return false;
	(void)zmq_msg_init(&msg);
	assert_true(zmq_msg_recv(&msg, peer->socket, 0) >= 0);
	take(peer, kai_span(zmq_msg_data(&msg), zmq_msg_size(&msg)));
	(void)zmq_msg_close(&msg);
	return true;
}

void box_peer_read(struct box_peer *peer, int64_t ms)
{
	for (int64_t end = box_now_ms() + ms; box_now_ms() < end;)
		(void)read_one(peer, end - box_now_ms());
}

static const struct box_reply *find(struct box_peer *peer, enum kai_msg_type type,
				    const uint8_t id[KAI_ID_LEN])
{
	size_t count = peer->reply_count < BOX_REPLIES ? peer->reply_count : BOX_REPLIES;

	for (size_t i = 0; i < count; i++) {
		struct box_reply *reply = &peer->replies[i];

		if (reply->type == type && kai_id_equal(reply->id, id)) {
			reply->type = 0;
			return reply;
		}
	}
	return NULL;
}

const struct box_reply *box_peer_reply(struct box_peer *peer, enum kai_msg_type type,
				       const uint8_t id[KAI_ID_LEN], int64_t ms)
{
	int64_t end = box_now_ms() + ms;
	const struct box_reply *reply = find(peer, type, id);

	while (reply == NULL && box_now_ms() < end) {
		(void)read_one(peer, end - box_now_ms());
		reply = find(peer, type, id);
	}
	return reply;
}

void box_peer_connect(struct box_peer *peer, bool greeted)
{
	char endpoint[64];
	const int none = 0;
	int64_t end = box_now_ms() + BOX_PATIENCE_MS;

	box_peer_close(peer);
	peer->socket = zmq_socket(peer->context, ZMQ_DEALER);
	assert_non_null(peer->socket);
	(void)zmq_setsockopt(peer->socket, ZMQ_LINGER, &none, sizeof(none));
	assert_int_equal(zmq_setsockopt(peer->socket, ZMQ_CURVE_SERVERKEY,
					peer->node->keys.node.key, KAI_ID_LEN),
			 0);
	assert_int_equal(
		zmq_setsockopt(peer->socket, ZMQ_CURVE_PUBLICKEY, peer->link.key, KAI_ID_LEN), 0);
	assert_int_equal(
		zmq_setsockopt(peer->socket, ZMQ_CURVE_SECRETKEY, peer->link.secret, KAI_ID_LEN),
		0);
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%d", peer->node->port);
	assert_int_equal(zmq_connect(peer->socket, endpoint), 0);
	randombytes_buf(peer->nonce, sizeof(peer->nonce));
	peer->greeted = peer->up = false;
	if (!greeted)
		return;
	say_hello(peer);
	while (!peer->up && box_now_ms() < end)
		(void)read_one(peer, 100);
	assert_true(peer->up);
}

void box_peer_close(struct box_peer *peer)
{
	if (peer->socket != NULL)
		(void)zmq_close(peer->socket);
	peer->socket = NULL;
}
