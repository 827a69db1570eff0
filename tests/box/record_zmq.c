/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into kairand by the box tests: writes every frame down as it is handed to ZeroMQ, before
 * CURVE makes it unreadable, with the node key of the peer that it is for. One line a frame in
 * KAIRAN_RECORD_DIR/PID: the peer's key, a space, the frame, both in hexadecimal. The key is what
 * CURVE itself goes by: the server's key of a dialling socket, the authenticated user of a route that
 * was heard on a listening one; a frame for a route that was never heard from has the key "?".
 *
 * Not part of the product. Any thread.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define ROUTE_SIZE 255
#define KEY_LEN 32
#define KEY_TEXT (2 * KEY_LEN + 1)

/* Which peer a routing id of a listening socket stands for. */
struct route {
	void *socket;
	size_t len;
	uint8_t at[ROUTE_SIZE];
	char key[KEY_TEXT];
	struct route *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct route *routes;
/* The routing id that this thread read or sent last: the frame after it belongs to it. */
static _Thread_local struct route heard;
static _Thread_local struct route meant;

typedef int (*send_fn)(void *socket, const void *at, size_t len, int flags);
typedef int (*recv_fn)(void *socket, void *at, size_t len, int flags);
typedef int (*msg_fn)(zmq_msg_t *msg, void *socket, int flags);

/* POSIX promises that a function's address survives the way through void *. */
static void *next_of(const char *name)
{
	void *at = dlsym(RTLD_NEXT, name);

	if (at == NULL)
		abort();
	return at;
}

static bool is_type(void *socket, int wanted)
{
	int type = -1;
	size_t len = sizeof(type);

	return zmq_getsockopt(socket, ZMQ_TYPE, &type, &len) == 0 && type == wanted;
}

/* Links go over TCP; the control socket is a file. */
static bool is_link(void *socket)
{
	char endpoint[PATH_MAX] = "";
	size_t len = sizeof(endpoint);

	return zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &len) == 0 &&
	       strncmp(endpoint, "tcp://", 6) == 0;
}

static void hex(const uint8_t *at, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		ret[2 * i] = digits[at[i] >> 4];
		ret[2 * i + 1] = digits[at[i] & 15];
	}
	ret[2 * len] = '\0';
}

static void write_line(const char *key, const void *at, size_t len)
{
	const char *dir = getenv("KAIRAN_RECORD_DIR");
	size_t key_len = strlen(key);
	char path[PATH_MAX];
	char *line;

	if (dir == NULL)
		return;
	line = malloc(key_len + 2 * len + 3);
	(void)snprintf(path, sizeof(path), "%s/%ld", dir, (long)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (line == NULL || fd < 0)
		abort(); /* a frame that is not in the record would prove nothing */
	memcpy(line, key, key_len);
	line[key_len] = ' ';
	hex(at, len, line + key_len + 1);
	line[key_len + 1 + 2 * len] = '\n';
	size_t left = key_len + 2 + 2 * len;

	for (const char *from = line; left > 0;) {
		ssize_t put = write(fd, from, left);

		if (put < 0)
			abort();
		from += put;
		left -= (size_t)put;
	}
	(void)close(fd);
	free(line);
}

static struct route *find_route(const struct route *wanted)
{
	struct route *at = routes;

	while (at != NULL && (at->socket != wanted->socket || at->len != wanted->len ||
			      memcmp(at->at, wanted->at, wanted->len) != 0))
		at = at->next;
	return at;
}

/* "secret:key in base32", as kairand's own authentication says it. */
static bool key_of_user(const char *user, char ret[KEY_TEXT])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	const char *text = user != NULL ? strrchr(user, ':') : NULL;
	uint8_t key[KEY_LEN] = {0};
	uint32_t bits = 0;
	size_t len = 0;
	unsigned count = 0;

	if (text == NULL)
		return false;
	for (text++; *text != '\0' && len < KEY_LEN; text++) {
		const char *digit = strchr(letters, *text);

		if (digit == NULL)
			return false;
		bits = bits << 5 | (uint32_t)(digit - letters);
		count += 5;
		if (count >= 8) {
			count -= 8;
			key[len++] = (uint8_t)(bits >> count);
		}
	}
	hex(key, len, ret);
	return len == KEY_LEN;
}

static void learn(void *socket, zmq_msg_t *msg)
{
	char key[KEY_TEXT];

	if (heard.socket != socket || heard.len == 0 ||
	    !key_of_user(zmq_msg_gets(msg, "User-Id"), key))
		return;
	(void)pthread_mutex_lock(&lock);
	struct route *route = find_route(&heard);

	if (route == NULL) {
		route = malloc(sizeof(*route));
		if (route == NULL)
			abort();
		*route = heard;
		route->next = routes;
		routes = route;
	}
	memcpy(route->key, key, sizeof(key));
	(void)pthread_mutex_unlock(&lock);
	heard.len = 0;
}

static void set_route(struct route *route, void *socket, const void *at, size_t len)
{
	route->socket = socket;
	route->len = len <= ROUTE_SIZE ? len : 0;
	memcpy(route->at, at, route->len);
}

static void record(void *socket, const void *at, size_t len)
{
	char key[KEY_TEXT] = "?";
	uint8_t server[KEY_LEN];
	size_t server_len = sizeof(server);

	(void)pthread_mutex_lock(&lock);
	if (is_type(socket, ZMQ_ROUTER)) {
		struct route *route = meant.socket == socket ? find_route(&meant) : NULL;

		if (route != NULL)
			memcpy(key, route->key, sizeof(key));
	} else if (zmq_getsockopt(socket, ZMQ_CURVE_SERVERKEY, server, &server_len) == 0) {
		hex(server, KEY_LEN, key);
	}
	write_line(key, at, len);
	(void)pthread_mutex_unlock(&lock);
}

static bool is_recorded(void *socket)
{
	return (is_type(socket, ZMQ_ROUTER) || is_type(socket, ZMQ_DEALER)) && is_link(socket);
}

int zmq_send(void *socket, const void *at, size_t len, int flags)
{
	send_fn next;
	void *found = next_of("zmq_send");

	memcpy(&next, &found, sizeof(next));
	if (is_recorded(socket)) {
		if (is_type(socket, ZMQ_ROUTER) && (flags & ZMQ_SNDMORE) != 0)
			set_route(&meant, socket, at, len);
		else
			record(socket, at, len);
	}
	return next(socket, at, len, flags);
}

int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags)
{
	msg_fn next;
	void *found = next_of("zmq_msg_send");

	memcpy(&next, &found, sizeof(next));
	if (is_recorded(socket))
		record(socket, zmq_msg_data(msg), zmq_msg_size(msg));
	return next(msg, socket, flags);
}

int zmq_recv(void *socket, void *at, size_t len, int flags)
{
	recv_fn next;
	void *found = next_of("zmq_recv");

	memcpy(&next, &found, sizeof(next));
	int got = next(socket, at, len, flags);

	if (got >= 0 && (size_t)got <= len && is_type(socket, ZMQ_ROUTER))
		set_route(&heard, socket, at, (size_t)got);
	return got;
}

int zmq_msg_recv(zmq_msg_t *msg, void *socket, int flags)
{
	msg_fn next;
	void *found = next_of("zmq_msg_recv");

	memcpy(&next, &found, sizeof(next));
	int got = next(msg, socket, flags);

	if (got >= 0)
		learn(socket, msg);
	return got;
}
