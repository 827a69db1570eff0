/* SPDX-License-Identifier: Apache-2.0 */
/* The way in: order, lanes and bound of the pool; questions over the control socket. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <sodium.h>

#include "kairan/client.h"
#include "links.h"
#include "sessions.h"

#define PATIENCE_MS 5000
#define CALLERS 4
#define ENDS 300
#define MANY 200
#define HANGS_S 120 /* a node that has not ended by then never does */

/* ---- the pool ---- */

static void put(struct kai_pool *pool, struct kai_lane_mark *mark, uint8_t type, uint8_t number)
{
	struct kai_input *input = kai_pool_blank_frame(pool);
	const uint8_t frame[] = {0x93, 1, type, number};

	assert_non_null(input);
	assert_int_equal(zmq_msg_init_size(&input->body, sizeof(frame)), 0);
	input->has_body = true;
	memcpy(zmq_msg_data(&input->body), frame, sizeof(frame));
	input->org[0] = number;
	kai_pool_put(pool, input, mark);
}

/* Waits until as many are checked, then takes them at once; numbers in the order they came out. */
static void take(struct kai_pool *pool, size_t count, const char *expected)
{
	struct kai_input *inputs[16];
	char order[17] = "";
	size_t got;

	assert_true(count <= 16);
	(void)usleep(50000);
	got = kai_pool_take(pool, inputs, count, PATIENCE_MS);
	for (size_t i = 0; i < got; i++)
		order[i] = (char)inputs[i]->org[0];
	order[got] = '\0';
	assert_string_equal(order, expected);
	kai_pool_give_back(pool, inputs, got);
}

static void test_lanes(void **state)
{
	struct kai_pool *pool;
	struct kai_lane_mark one = {0};
	struct kai_lane_mark two = {0};

	(void)state;
	assert_int_equal(kai_pool_new(2, &pool, NULL), KAI_ERR_OK);
	/* Alerts and answers pass bulk; among themselves both keep their order. */
	put(pool, &one, KAI_MSG_CHUNK, 'a');
	put(pool, &one, KAI_MSG_OFFER, 'b');
	put(pool, &one, KAI_MSG_PUSH, 'c');
	put(pool, &two, KAI_MSG_CHUNK, 'd');
	put(pool, &one, KAI_MSG_STORED, 'e');
	take(pool, 16, "ceabd");
	/* The bound of a turn cuts bulk first. */
	put(pool, &one, KAI_MSG_CHUNK, 'a');
	put(pool, &one, KAI_MSG_CHUNK, 'b');
	put(pool, &one, KAI_MSG_PUSH, 'c');
	take(pool, 2, "ca");
	take(pool, 16, "b");
	/* A hello stays behind its own link's bulk, and what follows it stays behind the hello. */
	put(pool, &one, KAI_MSG_CHUNK, 'a');
	put(pool, &one, KAI_MSG_HELLO, 'b');
	put(pool, &one, KAI_MSG_PUSH, 'c');
	put(pool, &two, KAI_MSG_HELLO, 'd');
	put(pool, &two, KAI_MSG_PUSH, 'e');
	take(pool, 16, "deabc");
	put(pool, &one, KAI_MSG_CHUNK, 'a');
	put(pool, &one, KAI_MSG_PUSH, 'b');
	take(pool, 16, "ba");
	kai_pool_free(pool);
}

/* A turn that an alert ends early: the rest of its bulk is the first in the next, and what its link says in the
 * meantime stays behind it. */
static void test_put_back(void **state)
{
	struct kai_pool *pool;
	struct kai_lane_mark one = {0};
	struct kai_input *inputs[3];

	(void)state;
	assert_int_equal(kai_pool_new(1, &pool, NULL), KAI_ERR_OK);
	put(pool, &one, KAI_MSG_CHUNK, 'a');
	put(pool, &one, KAI_MSG_CHUNK, 'b');
	put(pool, &one, KAI_MSG_CHUNK, 'c');
	(void)usleep(50000);
	assert_int_equal(kai_pool_take(pool, inputs, 3, PATIENCE_MS), 3);
	put(pool, &one, KAI_MSG_STORED, 'd');
	assert_false(kai_pool_pressing(pool));
	put(pool, &one, KAI_MSG_PUSH, 'e');
	assert_true(kai_pool_pressing(pool));
	put(pool, &one, KAI_MSG_HELLO, 'f');
	put(pool, &one, KAI_MSG_PUSH, 'g');
	kai_pool_put_back(pool, inputs + 1, 2);
	kai_pool_give_back(pool, inputs, 1);
	take(pool, 16, "debcfg");
	assert_false(kai_pool_pressing(pool));
	put(pool, &one, KAI_MSG_CHUNK, 'a');
	(void)usleep(50000);
	assert_int_equal(kai_pool_take(pool, inputs, 1, PATIENCE_MS), 1);
	kai_pool_put_back(pool, inputs, 1); /* alone in its lane */
	put(pool, &one, KAI_MSG_CHUNK, 'b');
	take(pool, 16, "ab");
	put(pool, &one, KAI_MSG_HELLO, 'c');
	put(pool, &one, KAI_MSG_CHUNK, 'd');
	take(pool, 16, "cd");
	kai_pool_free(pool);
}

/* Frames come out checked; events need no check and count against no bound. */
static void test_bound(void **state)
{
	struct kai_pool *pool;
	struct kai_input *inputs[KAI_POOL_FRAMES + 1];
	struct kai_input *event = kai_pool_blank();
	size_t got = 0;

	(void)state;
	assert_non_null(event);
	assert_int_equal(kai_pool_new(1, &pool, NULL), KAI_ERR_OK);
	for (int i = 0; i < KAI_POOL_FRAMES; i++)
		put(pool, NULL, KAI_MSG_PING, 'x');
	assert_null(kai_pool_blank_frame(pool));
	event->type = KAI_INPUT_UP;
	kai_pool_put(pool, event, NULL);
	while (got < KAI_POOL_FRAMES + 1) {
		size_t now =
			kai_pool_take(pool, inputs + got, KAI_POOL_FRAMES + 1 - got, PATIENCE_MS);

		assert_true(now > 0);
		got += now;
	}
	assert_int_equal(inputs[KAI_POOL_FRAMES]->type, KAI_INPUT_UP);
	assert_int_not_equal(inputs[0]->checked.fault, KAI_FAULT_NONE); /* not a whole ping */
	kai_pool_give_back(pool, inputs, got);
	struct kai_input *again = kai_pool_blank_frame(pool);

	assert_non_null(again);
	kai_pool_unused(pool, again);
	assert_int_equal(kai_pool_take(pool, inputs, 1, 1), 0);
	kai_pool_free(pool);
}

static void test_sessions(void **state)
{
	struct kai_sessions sessions = {0};
	uint8_t org[KAI_ID_LEN] = {0};

	(void)state;
	for (int i = 0; i < 200; i++) {
		org[0] = (uint8_t)(i * 37);
		assert_int_equal(kai_sessions_link(&sessions, org), 0);
		assert_true(kai_sessions_set(&sessions, org, (uint64_t)i + 1));
	}
	for (int i = 0; i < 200; i++) {
		org[0] = (uint8_t)(i * 37);
		assert_int_equal(kai_sessions_link(&sessions, org), i + 1);
	}
	assert_true(kai_sessions_set(&sessions, org, 900));
	assert_int_equal(kai_sessions_link(&sessions, org), 900);
	kai_sessions_drop(&sessions, org);
	kai_sessions_drop(&sessions, org);
	assert_int_equal(kai_sessions_link(&sessions, org), 0);
	assert_int_equal(sessions.count, 199);
	kai_sessions_done(&sessions);
}

/* ---- the control socket ---- */

struct node {
	struct kai_pool *pool;
	struct kai_net *net;
	struct kai_log *log;
	int answers;
};

/* The loop's part: gives every request back, with a letter before it. */
static void *echo(void *context)
{
	struct node *node = context;

	while (node->answers > 0) {
		struct kai_mail_list list = {0};
		struct kai_input *input;

		if (kai_pool_take(node->pool, &input, 1, PATIENCE_MS) == 0)
			break;
		if (input->type == KAI_INPUT_CONTROL) {
			size_t len = zmq_msg_size(&input->body);
			struct kai_mail *mail = kai_mail_new(KAI_MAIL_ANSWER);
			uint8_t *bytes = malloc(len + 1);

			bytes[0] = '>';
			memcpy(bytes + 1, zmq_msg_data(&input->body), len);
			mail->client = input->client;
			kai_mail_bytes(mail, kai_span(bytes, len + 1));
			kai_mail_append(&list, mail);
			free(bytes);
			node->answers--;
		}
		kai_pool_give_back(node->pool, &input, 1);
		kai_net_post(node->net, &list);
	}
	return NULL;
}

static void start(struct node *node, const char *dir)
{
	static uint8_t key[KAI_ID_LEN];
	static uint8_t secret[KAI_ID_LEN];
	struct kai_config config;
	struct kai_net_config net = {.org = key,
				     .node_key = key,
				     .node_secret = secret,
				     .settings = &config,
				     .control_dir = dir,
				     .signal_fd = -1};
	struct kai_why why;

	crypto_box_keypair(key, secret);
	kai_config_defaults(&config);
	assert_int_equal(kai_log_new(STDERR_FILENO, &node->log), KAI_ERR_OK);
	assert_int_equal(kai_pool_new(1, &node->pool, &why), KAI_ERR_OK);
	net.pool = node->pool;
	net.log = node->log;
	if (kai_net_new(&net, &node->net, &why) != KAI_ERR_OK)
		fail_msg("%s", why.text);
}

static void stop(struct node *node)
{
	kai_net_free(node->net);
	kai_pool_free(node->pool);
	kai_log_free(node->log);
}

static enum kai_err ask(const char *dir, size_t len, int timeout_ms)
{
	uint8_t *request = malloc(len + 1);
	uint8_t *answer;
	size_t answer_len;
	struct kai_why why = {.text = ""};

	memset(request, 'q', len + 1);
	enum kai_err err =
		kai_client_ask(dir, kai_span(request, len), timeout_ms, &answer, &answer_len, &why);

	if (err == KAI_ERR_OK) {
		assert_int_equal(answer_len, len + 1);
		assert_int_equal(answer[0], '>');
		assert_memory_equal(answer + 1, request, len);
		free(answer);
	} else {
		assert_true(strlen(why.text) > 0);
	}
	free(request);
	return err;
}

/* One client that asks all it has to ask before it reads: as many answers come, each to one question. */
static void ask_many(const char *dir)
{
	char endpoint[KAI_CONTROL_ENDPOINT];
	const int timeout_ms = PATIENCE_MS;
	bool answered[MANY] = {false};
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_DEALER);
	uint8_t bytes[8];
	int fd;

	assert_int_equal(kai_control_endpoint(dir, endpoint, &fd, NULL), KAI_ERR_OK);
	(void)zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof(timeout_ms));
	assert_int_equal(zmq_connect(socket, endpoint), 0);
	for (unsigned i = 0; i < MANY; i++) {
		bytes[0] = (uint8_t)i;
		assert_int_equal(zmq_send(socket, "", 0, ZMQ_SNDMORE), 0);
		assert_int_equal(zmq_send(socket, bytes, 1, 0), 1);
	}
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(zmq_recv(socket, bytes, sizeof(bytes), 0), 0);
		assert_int_equal(zmq_recv(socket, bytes, sizeof(bytes), 0), 2);
		assert_true(bytes[0] == '>' && bytes[1] < MANY && !answered[bytes[1]]);
		answered[bytes[1]] = true;
	}
	(void)zmq_close(socket);
	(void)zmq_ctx_term(context);
	if (fd >= 0)
		(void)close(fd);
}

static void exchange(const char *dir)
{
	struct node node = {.answers = 12 + MANY};
	char path[512];
	struct stat st;
	pthread_t thread;

	assert_int_equal(ask(dir, 1, PATIENCE_MS), KAI_ERR_UNREACHABLE);
	start(&node, dir);
	(void)snprintf(path, sizeof(path), "%s/control.sock", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(pthread_create(&thread, NULL, echo, &node), 0);
	for (int i = 1; i <= 10; i++)
		assert_int_equal(ask(dir, (size_t)i * 1000, PATIENCE_MS), KAI_ERR_OK);
	assert_int_equal(ask(dir, 1, PATIENCE_MS), KAI_ERR_OK);
	ask_many(dir);
	assert_int_equal(ask(dir, KAI_MAX_CONTROL - 1, PATIENCE_MS), KAI_ERR_OK);
	assert_int_equal(ask(dir, KAI_MAX_CONTROL + 1, PATIENCE_MS), KAI_ERR_INVALID);
	assert_int_equal(ask(dir, 0, PATIENCE_MS), KAI_ERR_INVALID);
	assert_int_equal(pthread_join(thread, NULL), 0);
	/* Nobody answers any more: it ends in time, and says so. */
	assert_int_equal(ask(dir, 1, 300), KAI_ERR_UNREACHABLE);
	stop(&node);
	assert_int_not_equal(stat(path, &st), 0);
	assert_int_equal(ask(dir, 1, PATIENCE_MS), KAI_ERR_UNREACHABLE);
}

static void test_control(void **state)
{
	char dir[64] = "/tmp/kairan-control-XXXXXX";
	char deep[300];

	(void)state;
	assert_non_null(mkdtemp(dir));
	exchange(dir);
	/* A path that no socket address holds. */
	(void)snprintf(deep, sizeof(deep), "%s/%0200d", dir, 0);
	assert_int_equal(mkdir(deep, 0750), 0);
	exchange(deep);
	assert_int_equal(rmdir(deep), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* Comes and goes as fast as it can, without a word. */
struct caller {
	struct sockaddr_un to;
	atomic_bool enough;
};

static void *call(void *context)
{
	struct caller *caller = context;

	while (!caller->enough) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			continue;
		(void)connect(fd, (const struct sockaddr *)&caller->to, sizeof(caller->to));
		(void)close(fd);
	}
	return NULL;
}

/* A connection that comes or goes at the very moment at which the node ends does not keep it. */
static void test_ends_among_callers(void **state)
{
	char dir[64] = "/tmp/kairan-control-XXXXXX";
	struct caller caller = {.to = {.sun_family = AF_UNIX}};
	pthread_t threads[CALLERS];

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(caller.to.sun_path, sizeof(caller.to.sun_path), "%s/control.sock", dir);
	for (size_t i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call, &caller), 0);
	(void)alarm(HANGS_S);
	for (int i = 0; i < ENDS; i++) {
		struct node node = {.answers = 0};

		start(&node, dir);
		stop(&node);
	}
	(void)alarm(0);
	caller.enough = true;
	for (size_t i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lanes),	cmocka_unit_test(test_put_back),
		cmocka_unit_test(test_bound),	cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_control), cmocka_unit_test(test_ends_among_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
