/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links over real sockets on loopback: who gets in, who is cut, what a stranger or a hostile peer
 * can do. The loop's side is played by the test, which takes inputs out of the pool.
 */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "links.h"
#include "raw_curve.h"
#include "clock.h"
#include "kairan/text.h"
#include "zap.h"

#define PATIENCE_MS 8000
#define QUIET_MS 700

struct node {
	uint8_t org[KAI_ID_LEN];
	uint8_t key[KAI_ID_LEN];
	uint8_t secret[KAI_ID_LEN];
	int port;
	struct kai_log *log;
	struct kai_pool *pool;
	struct kai_net *net;
};

/* ---- nodes ---- */

static void identity(struct node *node, uint8_t number)
{
	memset(node, 0, sizeof(*node));
	memset(node->org, number, KAI_ID_LEN);
	crypto_box_keypair(node->key, node->secret);
	node->port = raw_free_port();
}

static void start(struct node *node)
{
	struct kai_config config;
	struct kai_net_config net = {.org = node->org,
				     .node_key = node->key,
				     .node_secret = node->secret,
				     .settings = &config,
				     .signal_fd = -1};
	struct kai_why why = {.text = ""};

	kai_config_defaults(&config);
	config.listen_count = 1;
	(void)snprintf(config.listen[0], sizeof(config.listen[0]), "tcp://127.0.0.1:%d",
		       node->port);
	assert_int_equal(kai_log_new(STDERR_FILENO, &node->log), KAI_ERR_OK);
	kai_log_set(node->log, KAI_LOG_ERROR, false);
	assert_int_equal(kai_pool_new(1, &node->pool, &why), KAI_ERR_OK);
	net.log = node->log;
	net.pool = node->pool;
	if (kai_net_new(&net, &node->net, &why) != KAI_ERR_OK)
		fail_msg("%s", why.text);
}

static void stop(struct node *node)
{
	kai_net_free(node->net);
	kai_pool_free(node->pool);
	kai_log_free(node->log);
	node->net = NULL;
}

/* From now on node knows these others; both can be dialled. */
static void know(struct node *node, const struct node *const *others, size_t count)
{
	struct kai_roster *roster = kai_roster_new(true, "");
	struct kai_mail_list list = {0};
	struct kai_mail *mail = kai_mail_new(KAI_MAIL_ROSTER);

	for (size_t i = 0; i < count; i++) {
		struct kai_engine_peer peer = {.key_count = 1, .endpoint_count = 1};
		char endpoint[64];

		(void)snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%d", others[i]->port);
		memcpy(peer.org, others[i]->org, KAI_ID_LEN);
		memcpy(peer.keys[0], others[i]->key, KAI_ID_LEN);
		peer.endpoints[0] = kai_span_str(endpoint);
		kai_roster_add(roster, &peer);
	}
	mail->roster = roster;
	kai_mail_append(&list, mail);
	kai_net_post(node->net, &list);
}

static void order(struct node *node, enum kai_mail_type type)
{
	struct kai_mail_list list = {0};

	kai_mail_append(&list, kai_mail_new(type));
	kai_net_post(node->net, &list);
}

enum lane { BULK, URGENT, DRILL };

static void send_in(struct node *node, uint64_t link, enum lane lane, const void *at, size_t len)
{
	struct kai_mail_list list = {0};
	struct kai_mail *mail = kai_mail_new(KAI_MAIL_SEND);

	mail->link = link;
	mail->urgent = lane == URGENT;
	mail->drill = lane == DRILL;
	kai_mail_bytes(mail, kai_span(at, len));
	kai_mail_append(&list, mail);
	kai_net_post(node->net, &list);
}

static void send_bytes(struct node *node, uint64_t link, const void *at, size_t len)
{
	send_in(node, link, BULK, at, len);
}

/* ---- what comes out ---- */

struct seen {
	bool any;
	enum kai_input_type type;
	uint64_t link;
	uint8_t org[KAI_ID_LEN];
	enum kai_fault fault;
	size_t len;
	uint8_t body[64];
};

static struct seen next(struct node *node, int64_t wait_ms)
{
	struct kai_input *input;
	struct seen seen = {0};

	if (kai_pool_take(node->pool, &input, 1, wait_ms) == 0)
		return seen;
	seen.any = true;
	seen.type = input->type;
	seen.link = input->link;
	memcpy(seen.org, input->org, KAI_ID_LEN);
	if (input->type == KAI_INPUT_FRAME) {
		seen.fault = input->checked.fault;
		seen.len = zmq_msg_size(&input->body);
		memcpy(seen.body, zmq_msg_data(&input->body),
		       seen.len < sizeof(seen.body) ? seen.len : sizeof(seen.body));
	}
	kai_pool_give_back(node->pool, &input, 1);
	return seen;
}

static struct seen expect(struct node *node, enum kai_input_type type, const struct node *from)
{
	struct seen seen = next(node, PATIENCE_MS);

	assert_true(seen.any);
	assert_int_equal(seen.type, type);
	assert_memory_equal(seen.org, from->org, KAI_ID_LEN);
	return seen;
}

static void quiet(struct node *node)
{
	assert_false(next(node, QUIET_MS).any);
}

/* The lower org dials; the other learns of it with the first message. */
static void join(struct node *low, struct node *high, uint64_t *ret_low, uint64_t *ret_high)
{
	*ret_low = expect(low, KAI_INPUT_UP, high).link;
	send_bytes(low, *ret_low, "first", 5);
	*ret_high = expect(high, KAI_INPUT_UP, low).link;
	assert_memory_equal(expect(high, KAI_INPUT_FRAME, low).body, "first", 5);
}

static void pair(struct node *low, struct node *high, uint64_t *ret_low, uint64_t *ret_high)
{
	identity(low, 1);
	identity(high, 2);
	start(low);
	start(high);
	know(high, (const struct node *const[]){low}, 1);
	know(low, (const struct node *const[]){high}, 1);
	join(low, high, ret_low, ret_high);
}

/* ---- cases ---- */

static void test_both_ways(void **state)
{
	struct node low, high;
	uint64_t from_low, from_high;
	char text[32];

	(void)state;
	pair(&low, &high, &from_low, &from_high);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(text, sizeof(text), "message %d", i);
		send_bytes(&low, from_low, text, strlen(text));
		send_bytes(&high, from_high, text, strlen(text));
	}
	for (int i = 0; i < 300; i++) {
		(void)snprintf(text, sizeof(text), "message %d", i);
		assert_memory_equal(expect(&high, KAI_INPUT_FRAME, &low).body, text, strlen(text));
		assert_memory_equal(expect(&low, KAI_INPUT_FRAME, &high).body, text, strlen(text));
	}
	/* Mail for a connection that is not, goes nowhere. */
	send_bytes(&low, from_low + 1, "lost", 4);
	quiet(&high);
	stop(&low);
	expect(&high, KAI_INPUT_DOWN, &low);
	stop(&high);
}

/*
 * Behind a peer that does not read, a drill's frames pile up. What is live passes them, alerts first: only what the
 * library and the kernel had taken already goes before.
 */
static void test_live_passes_drills(void **state)
{
	enum { DRILLS = 4000, LIVE = 400, LEN = 6000 };
	static uint8_t body[LEN];
	struct node low, high;
	uint64_t from_low, from_high;
	size_t alert = 0, live = 0, counts[3] = {0};

	(void)state;
	pair(&low, &high, &from_low, &from_high);
	for (int i = 0; i < DRILLS; i++) {
		send_in(&low, from_low, DRILL, body, LEN);
		if ((i + 1) % 1000 == 0)
			(void)usleep(QUIET_MS * 1000); /* until nothing more is taken */
	}
	for (int i = 0; i < LIVE; i++)
		send_in(&low, from_low, BULK, body, LEN - 1);
	send_in(&low, from_low, URGENT, body, LEN - 2);
	(void)usleep(QUIET_MS * 1000);
	for (size_t i = 0; i < DRILLS + LIVE + 1; i++) {
		size_t lane = LEN - expect(&high, KAI_INPUT_FRAME, &low).len;

		assert_true(lane < 3);
		counts[lane]++;
		if (lane == 2)
			alert = i;
		else if (lane == 1)
			live = i;
	}
	assert_int_equal(counts[0], DRILLS);
	assert_int_equal(counts[1], LIVE);
	assert_true(alert < live);
	assert_true(live < DRILLS + LIVE - 50);
	stop(&low);
	stop(&high);
}

static void test_strangers(void **state)
{
	struct node low, high, stranger;

	(void)state;
	identity(&low, 1);
	identity(&high, 3);
	identity(&stranger, 2);
	start(&high);
	start(&stranger);
	/* Nobody is known before the first roster, and then only who is in it. */
	know(&stranger, (const struct node *const[]){&high}, 1);
	quiet(&stranger);
	quiet(&high);
	know(&high, (const struct node *const[]){&low}, 1);
	quiet(&stranger);
	quiet(&high);
	/* It redials by itself, so it is let in soon after it is known. */
	know(&high, (const struct node *const[]){&low, &stranger}, 2);
	uint64_t out, in;

	join(&stranger, &high, &out, &in);
	stop(&stranger);
	stop(&high);
}

/* A server that does not hold the key that we dialled is not talked to. */
static void test_wrong_server(void **state)
{
	struct node low, high, thief;

	(void)state;
	identity(&low, 1);
	identity(&high, 2);
	identity(&thief, 3);
	thief.port = high.port;
	start(&low);
	start(&thief);
	know(&thief, (const struct node *const[]){&low}, 1);
	know(&low, (const struct node *const[]){&high}, 1);
	quiet(&low);
	quiet(&thief);
	stop(&low);
	stop(&thief);
}

static void test_revoked(void **state)
{
	struct node low, high;
	uint64_t from_low, from_high;
	bool ended = false;

	(void)state;
	pair(&low, &high, &from_low, &from_high);
	know(&high, NULL, 0);
	for (int i = 0; i < 200; i++)
		send_bytes(&low, from_low, "late", 4);
	for (struct seen seen = next(&high, QUIET_MS); seen.any; seen = next(&high, QUIET_MS)) {
		assert_false(ended); /* nothing after the end, not even what was on its way */
		ended = seen.type == KAI_INPUT_DOWN;
	}
	assert_true(ended);
	expect(&low, KAI_INPUT_DOWN, &high);
	quiet(&low); /* it dials again and is refused */
	know(&high, (const struct node *const[]){&low}, 1);
	join(&low, &high, &from_low, &from_high);
	/* The dialling side takes its trust back. */
	know(&low, NULL, 0);
	expect(&low, KAI_INPUT_DOWN, &high);
	expect(&high, KAI_INPUT_DOWN, &low);
	stop(&low);
	stop(&high);
}

static void test_comes_back(void **state)
{
	struct node low, high;
	uint64_t from_low, from_high, again;

	(void)state;
	pair(&low, &high, &from_low, &from_high);
	stop(&high);
	expect(&low, KAI_INPUT_DOWN, &high);
	start(&high);
	know(&high, (const struct node *const[]){&low}, 1);
	join(&low, &high, &again, &from_high);
	assert_true(again > from_low); /* a number is never used twice */
	/* Held: nobody; resumed: as before. */
	order(&high, KAI_MAIL_HOLD);
	expect(&high, KAI_INPUT_DOWN, &low);
	expect(&low, KAI_INPUT_DOWN, &high);
	quiet(&low);
	order(&high, KAI_MAIL_RESUME);
	join(&low, &high, &again, &from_high);
	stop(&low);
	stop(&high);
}

static void test_oversize(void **state)
{
	struct node low, high, other;
	uint64_t from_low, from_high, from_other, to_other;
	uint8_t *big = calloc(2, KAI_MAX_FRAME);

	(void)state;
	assert_non_null(big);
	pair(&low, &high, &from_low, &from_high);
	identity(&other, 0);
	start(&other);
	know(&high, (const struct node *const[]){&low, &other}, 2);
	know(&other, (const struct node *const[]){&high}, 1);
	join(&other, &high, &from_other, &to_other);
	/* The largest is a frame like others; one byte more is a fault; much more never arrives. */
	send_bytes(&low, from_low, big, KAI_MAX_FRAME);
	assert_int_equal(expect(&high, KAI_INPUT_FRAME, &low).len, KAI_MAX_FRAME);
	send_bytes(&low, from_low, big, KAI_MAX_FRAME + 1);
	assert_int_equal(expect(&high, KAI_INPUT_FRAME, &low).fault, KAI_FAULT_OVERSIZE);
	send_bytes(&low, from_low, big, (size_t)2 * KAI_MAX_FRAME);
	expect(&high, KAI_INPUT_DOWN, &low);
	/* The others do not notice. */
	send_bytes(&other, from_other, "fine", 4);
	assert_memory_equal(expect(&high, KAI_INPUT_FRAME, &other).body, "fine", 4);
	stop(&low);
	stop(&high);
	stop(&other);
	free(big);
}

/* Whoever claims another User-Id stays who its key says. */
static void test_spoofed_user(void **state)
{
	struct node server, peer, victim, stranger;
	struct raw_curve raw;
	char key[KAI_ID_TEXT];
	char claim[160];

	(void)state;
	identity(&server, 1);
	identity(&peer, 2);
	identity(&victim, 3);
	identity(&stranger, 4);
	start(&server);
	/* No endpoints worth dialling: the server waits. */
	peer.port = victim.port = raw_free_port();
	know(&server, (const struct node *const[]){&peer, &victim}, 2);
	kai_id_text(victim.key, key);
	(void)snprintf(claim, sizeof(claim), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:%s", key);

	/* The roster goes to the thread by mail: the first try may come too early. */
	bool open = false;

	for (int i = 0; i < 20 && !open; i++) {
		open = raw_curve_open(&raw, server.port, server.key, peer.key, peer.secret, claim);
		if (!open) {
			raw_curve_close(&raw);
			(void)usleep(50000);
		}
	}
	assert_true(open);
	assert_true(raw_curve_send(&raw, "hi", 2, false));
	expect(&server, KAI_INPUT_UP, &peer);
	expect(&server, KAI_INPUT_FRAME, &peer);
	raw_curve_close(&raw);
	expect(&server, KAI_INPUT_DOWN, &peer);
	/* An unknown key does not get in, whatever it claims. */
	assert_false(raw_curve_open(&raw, server.port, server.key, stranger.key, stranger.secret,
				    claim));
	raw_curve_close(&raw);
	quiet(&server);
	stop(&server);
}

/* Frames that never make a message pass libzmq's limits; the kernel's count of bytes tells. */
static void test_endless_message(void **state)
{
	static uint8_t piece[60000];
	struct node server, peer;
	struct raw_curve raw = {.fd = -1};
	const size_t most = (size_t)600 * 1024 * 1024;
	size_t sent = 0;
	bool open = false;

	(void)state;
	identity(&server, 1);
	identity(&peer, 2);
	start(&server);
	know(&server, (const struct node *const[]){&peer}, 1);
	for (int i = 0; i < 20 && !open; i++) {
		open = raw_curve_open(&raw, server.port, server.key, peer.key, peer.secret, NULL);
		if (!open) {
			raw_curve_close(&raw);
			(void)usleep(50000);
		}
	}
	assert_true(open);
	assert_true(raw_curve_send(&raw, "hi", 2, false));
	expect(&server, KAI_INPUT_UP, &peer);
	expect(&server, KAI_INPUT_FRAME, &peer);
	while (sent < most && raw_curve_send(&raw, piece, sizeof(piece), true))
		sent += sizeof(piece);
	assert_true(sent < most);
	expect(&server, KAI_INPUT_DOWN, &peer);
	raw_curve_close(&raw);
	/* A message of two frames is no message of ours. */
	assert_true(raw_curve_open(&raw, server.port, server.key, peer.key, peer.secret, NULL));
	assert_true(raw_curve_send(&raw, "hi", 2, false));
	expect(&server, KAI_INPUT_UP, &peer);
	expect(&server, KAI_INPUT_FRAME, &peer);
	assert_true(raw_curve_send(&raw, "a", 1, true));
	assert_true(raw_curve_send(&raw, "b", 1, false));
	expect(&server, KAI_INPUT_DOWN, &peer);
	raw_curve_close(&raw);
	stop(&server);
}

static void test_user_ids(void **state)
{
	void *context = zmq_ctx_new();
	struct kai_log *log;
	struct kai_zap *zap;
	uint8_t key[KAI_ID_LEN] = {7};
	char text[KAI_ID_TEXT];
	char user[160];
	uint8_t ret[KAI_ID_LEN];

	(void)state;
	assert_int_equal(kai_log_new(STDERR_FILENO, &log), KAI_ERR_OK);
	assert_int_equal(kai_zap_new(context, log, &zap, NULL), KAI_ERR_OK);
	kai_id_text(key, text);
	assert_false(kai_zap_user_key(zap, NULL, ret));
	assert_false(kai_zap_user_key(zap, "", ret));
	assert_false(kai_zap_user_key(zap, text, ret));
	(void)snprintf(user, sizeof(user), "%s:%s", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", text);
	assert_false(kai_zap_user_key(zap, user, ret));
	kai_zap_free(zap);
	kai_log_free(log);
	(void)zmq_ctx_term(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_ids),	   cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_live_passes_drills), cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_wrong_server),	   cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_comes_back),	   cmocka_unit_test(test_oversize),
		cmocka_unit_test(test_spoofed_user),	   cmocka_unit_test(test_endless_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
