/* SPDX-License-Identifier: Apache-2.0 */
#include "zap.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "kairan/text.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define STOP_ENDPOINT "inproc://kairan-zap-stop"
#define SECRET_LEN 20
#define SECRET_TEXT (KAI_BASE32_LEN(SECRET_LEN))
#define MAX_FRAMES 7 /* version, request, domain, address, identity, mechanism, key */
#define FRAME_SIZE 256

struct kai_zap {
	struct kai_log *log;
	void *socket;	  /* REP; the thread's */
	void *stop_here;  /* PAIR; the owner's */
	void *stop_there; /* PAIR; the thread's */
	pthread_t thread;
	bool started;
	char secret[SECRET_TEXT + 1];
	pthread_mutex_t lock;
	uint8_t (*keys)[KAI_ID_LEN]; /* ascending */
	size_t key_count;
};

/* ---- the table ---- */

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, KAI_ID_LEN);
}

enum kai_err kai_zap_allow(struct kai_zap *zap, const struct kai_roster *roster)
{
	size_t count = 0;
	uint8_t(*keys)[KAI_ID_LEN] = NULL;
	enum kai_err err = KAI_ERR_OK;

	for (size_t i = 0; roster != NULL && i < roster->count; i++)
		count += roster->rows[i].key_count;
	if (count > 0) {
		keys = malloc(count * KAI_ID_LEN);
		if (keys == NULL) {
			count = 0;
			err = KAI_ERR_NOMEM;
		}
	}
	for (size_t i = 0, at = 0; keys != NULL && i < roster->count; i++)
		for (size_t j = 0; j < roster->rows[i].key_count; j++)
			memcpy(keys[at++], roster->rows[i].keys[j], KAI_ID_LEN);
	if (count > 0)
		qsort(keys, count, KAI_ID_LEN, compare_keys);
	(void)pthread_mutex_lock(&zap->lock);
	uint8_t(*old)[KAI_ID_LEN] = zap->keys;

	zap->keys = keys;
	zap->key_count = count;
	(void)pthread_mutex_unlock(&zap->lock);
	free(old);
	return err;
}

static bool allowed(struct kai_zap *zap, const uint8_t key[KAI_ID_LEN])
{
	(void)pthread_mutex_lock(&zap->lock);
	bool found = zap->key_count > 0 &&
		     bsearch(key, zap->keys, zap->key_count, KAI_ID_LEN, compare_keys) != NULL;

	(void)pthread_mutex_unlock(&zap->lock);
	return found;
}

bool kai_zap_user_key(const struct kai_zap *zap, const char *user, uint8_t ret[KAI_ID_LEN])
{
	if (user == NULL ||
	    strnlen(user, SECRET_TEXT + KAI_ID_TEXT + 1) != SECRET_TEXT + 1 + KAI_ID_TEXT - 1)
		return false;
	return sodium_memcmp(user, zap->secret, SECRET_TEXT) == 0 && user[SECRET_TEXT] == ':' &&
	       kai_base32_parse(user + SECRET_TEXT + 1, ret, KAI_ID_LEN);
}

/* ---- the thread ---- */

struct request {
	size_t count;
	bool too_long;
	size_t len[MAX_FRAMES];
	uint8_t frame[MAX_FRAMES][FRAME_SIZE];
};

static bool receive(void *socket, struct request *ret)
{
	int more = 1;

	ret->count = 0;
	ret->too_long = false;
	while (more != 0) {
		size_t at = ret->count < MAX_FRAMES ? ret->count : MAX_FRAMES - 1;
		size_t more_len = sizeof(more);
		int len = zmq_recv(socket, ret->frame[at], FRAME_SIZE, 0);

		if (len < 0)
			return false;
		ret->too_long = ret->too_long || len > FRAME_SIZE;
		ret->len[at] = len > FRAME_SIZE ? FRAME_SIZE : (size_t)len;
		ret->count++;
		if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_len) != 0)
			return false;
	}
	return true;
}

static bool frame_is(const struct request *request, size_t at, const char *text)
{
	return kai_span_equal(kai_span(request->frame[at], request->len[at]), kai_span_str(text));
}

static void answer(struct kai_zap *zap, const struct request *request)
{
	char user[SECRET_TEXT + KAI_ID_TEXT + 2] = "";
	bool ok = request->count == MAX_FRAMES && !request->too_long &&
		  frame_is(request, 0, "1.0") && frame_is(request, 2, KAI_ZAP_DOMAIN) &&
		  frame_is(request, 5, "CURVE") && request->len[6] == KAI_ID_LEN &&
		  allowed(zap, request->frame[6]);

	if (ok) {
		char key[KAI_ID_TEXT];

		kai_id_text(request->frame[6], key);
		(void)snprintf(user, sizeof(user), "%s:%s", zap->secret, key);
	} else {
		char address[FRAME_SIZE + 1] = "";

		if (request->count > 3)
			(void)snprintf(address, sizeof(address), "%.*s", (int)request->len[3],
				       (const char *)request->frame[3]);
		kai_log_fields(zap->log, KAI_LOG_WARNING, "connection.stranger",
			       {"address", address, 0});
	}
	/* 400, never 300: a refused client is let go at once. */
	const char *const frames[] = {
		"1.0", NULL, ok ? "200" : "400", ok ? "OK" : "unknown node key", user, ""};

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		const void *at = i == 1 ? (const void *)request->frame[1] : frames[i];
		size_t len = i == 1 ? request->len[1] : strlen(frames[i]);
		bool last = i + 1 == sizeof(frames) / sizeof(frames[0]);

		(void)zmq_send(zap->socket, at, len, last ? 0 : ZMQ_SNDMORE);
	}
}

static void *serve(void *context)
{
	struct kai_zap *zap = context;
	struct request request;

	for (;;) {
		zmq_pollitem_t items[] = {
			{.socket = zap->socket, .events = ZMQ_POLLIN},
			{.socket = zap->stop_there, .events = ZMQ_POLLIN},
		};

		if (zmq_poll(items, 2, -1) < 0 && zmq_errno() == ETERM)
			break;
		if ((items[1].revents & ZMQ_POLLIN) != 0)
			break;
		if ((items[0].revents & ZMQ_POLLIN) != 0 && receive(zap->socket, &request))
			answer(zap, &request);
	}
	return NULL;
}

/* ---- life ---- */

static enum kai_err start(struct kai_zap *zap, void *context, struct kai_why *why)
{
	const int no_linger = 0;

	zap->socket = zmq_socket(context, ZMQ_REP);
	zap->stop_here = zmq_socket(context, ZMQ_PAIR);
	zap->stop_there = zmq_socket(context, ZMQ_PAIR);
	if (zap->socket == NULL || zap->stop_here == NULL || zap->stop_there == NULL ||
	    zmq_setsockopt(zap->socket, ZMQ_LINGER, &no_linger, sizeof(no_linger)) != 0 ||
	    zmq_setsockopt(zap->stop_here, ZMQ_LINGER, &no_linger, sizeof(no_linger)) != 0 ||
	    zmq_bind(zap->stop_there, STOP_ENDPOINT) != 0 ||
	    zmq_connect(zap->stop_here, STOP_ENDPOINT) != 0 ||
	    zmq_bind(zap->socket, ZAP_ENDPOINT) != 0)
		return kai_fail(why, KAI_ERR_IO, "authentication handler: %s",
				zmq_strerror(zmq_errno()));
	int failed = pthread_create(&zap->thread, NULL, serve, zap);

	if (failed != 0)
		return kai_fail(why, KAI_ERR_IO, "authentication handler: thread: %s",
				strerror(failed));
	zap->started = true;
	return KAI_ERR_OK;
}

enum kai_err kai_zap_new(void *context, struct kai_log *log, struct kai_zap **ret,
			 struct kai_why *why)
{
	struct kai_zap *zap = calloc(1, sizeof(*zap));
	uint8_t secret[SECRET_LEN];

	if (zap == NULL || pthread_mutex_init(&zap->lock, NULL) != 0) {
		free(zap);
		return kai_fail(why, KAI_ERR_NOMEM, "authentication handler: out of memory");
	}
	zap->log = log;
	randombytes_buf(secret, sizeof(secret));
	kai_base32(kai_span(secret, sizeof(secret)), zap->secret, sizeof(zap->secret));
	enum kai_err err = start(zap, context, why);

	if (err != KAI_ERR_OK) {
		kai_zap_free(zap);
		return err;
	}
	*ret = zap;
	return KAI_ERR_OK;
}

void kai_zap_free(struct kai_zap *zap)
{
	if (zap == NULL)
		return;
	if (zap->started) {
		(void)zmq_send(zap->stop_here, "", 0, 0);
		(void)pthread_join(zap->thread, NULL);
	}
	void *const sockets[] = {zap->socket, zap->stop_here, zap->stop_there};

	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
		if (sockets[i] != NULL)
			(void)zmq_close(sockets[i]);
	(void)pthread_mutex_destroy(&zap->lock);
	free(zap->keys);
	sodium_memzero(zap, sizeof(*zap));
	free(zap);
}
