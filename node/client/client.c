/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "kairan/limits.h"

#define IPC "ipc://"
#define SLICE_MS 500 /* how often a silent node is asked whether it still lives */

enum kai_err kai_control_endpoint(const char *dir, char ret[KAI_CONTROL_ENDPOINT], int *ret_fd,
				  struct kai_why *why)
{
	const size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path);
	int len = snprintf(ret, KAI_CONTROL_ENDPOINT, IPC "%s/control.sock", dir);

	*ret_fd = -1;
	if (len > 0 && (size_t)len < strlen(IPC) + room)
		return KAI_ERR_OK;
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return kai_fail(why, KAI_ERR_UNREACHABLE, "%.300s: %s", dir, strerror(errno));
	(void)snprintf(ret, KAI_CONTROL_ENDPOINT, IPC "/proc/self/fd/%d/control.sock", fd);
	*ret_fd = fd;
	return KAI_ERR_OK;
}

/* Does anybody listen? A ZeroMQ connect would wait for ever without telling. */
static enum kai_err probe(const char *dir, const char *endpoint, struct kai_why *why)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return kai_fail(why, KAI_ERR_IO, "socket: %s", strerror(errno));
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", endpoint + strlen(IPC));
	int failed = connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 ? 0 : errno;

	(void)close(fd);
	if (failed == 0 || failed == EAGAIN) /* EAGAIN: a long queue, but somebody listens */
		return KAI_ERR_OK;
	if (failed == EACCES || failed == EPERM)
		return kai_fail(why, KAI_ERR_DENIED,
				"%.300s/control.sock: not ours to use (join its group)", dir);
	return kai_fail(why, KAI_ERR_UNREACHABLE,
			"%.300s: no node is running there (start kairand)", dir);
}

static int64_t now_ms(void)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

/* The answer's bytes are its second frame; the first is empty. */
static enum kai_err receive(void *socket, uint8_t **ret_answer, size_t *ret_len,
			    struct kai_why *why)
{
	enum kai_err err = KAI_ERR_OK;
	zmq_msg_t frame;
	uint8_t *answer = NULL;
	size_t len = 0;
	int frames = 0;

	do {
		(void)zmq_msg_init(&frame);
		if (zmq_msg_recv(&frame, socket, 0) < 0) {
			err = kai_fail(why, KAI_ERR_IO, "control socket: %s",
				       zmq_strerror(zmq_errno()));
		} else if (frames == 1) {
			len = zmq_msg_size(&frame);
			answer = malloc(len + 1);
			if (answer == NULL)
				err = kai_fail(why, KAI_ERR_NOMEM, "answer: %s", strerror(ENOMEM));
			else
				memcpy(answer, zmq_msg_data(&frame), len);
		}
		frames++;
		bool more = err == KAI_ERR_OK && zmq_msg_more(&frame) != 0;

		(void)zmq_msg_close(&frame);
		if (!more)
			break;
	} while (true);
	if (err == KAI_ERR_OK && frames != 2)
		err = kai_fail(why, KAI_ERR_INVALID,
			       "control socket: not a node's answer (another version?)");
	if (err != KAI_ERR_OK) {
		free(answer);
		return err;
	}
	*ret_answer = answer;
	*ret_len = len;
	return KAI_ERR_OK;
}

static enum kai_err wait_answer(void *socket, const char *dir, const char *endpoint, int timeout_ms,
				struct kai_why *why)
{
	int64_t end = now_ms() + timeout_ms;

	for (;;) {
		zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
		int64_t left = end - now_ms();

		if (left <= 0)
			return kai_fail(why, KAI_ERR_UNREACHABLE,
					"%.300s: the node did not answer in %d ms (look with "
					"kairan status whether it was done)",
					dir, timeout_ms);
		int ready = zmq_poll(&item, 1, left < SLICE_MS ? left : SLICE_MS);

		if (ready > 0)
			return KAI_ERR_OK;
		if (ready < 0 && zmq_errno() != EINTR)
			return kai_fail(why, KAI_ERR_IO, "control socket: %s",
					zmq_strerror(zmq_errno()));
		enum kai_err err = probe(dir, endpoint, NULL);

		if (err != KAI_ERR_OK)
			return kai_fail(why, err,
					"%.300s: the node went away before it answered (start it "
					"and look whether it was done)",
					dir);
	}
}

static enum kai_err exchange(void *socket, const char *dir, const char *endpoint,
			     struct kai_span request, int timeout_ms, struct kai_why *why)
{
	const int no_linger = 0;

	if (zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof(no_linger)) != 0 ||
	    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout_ms, sizeof(timeout_ms)) != 0 ||
	    zmq_connect(socket, endpoint) != 0 || zmq_send(socket, "", 0, ZMQ_SNDMORE) != 0 ||
	    zmq_send(socket, request.at, request.len, 0) < 0)
		return kai_fail(why, KAI_ERR_UNREACHABLE, "%.300s/control.sock: %s", dir,
				zmq_strerror(zmq_errno()));
	return wait_answer(socket, dir, endpoint, timeout_ms, why);
}

enum kai_err kai_client_ask(const char *dir, struct kai_span request, int timeout_ms,
			    uint8_t **ret_answer, size_t *ret_len, struct kai_why *why)
{
	char endpoint[KAI_CONTROL_ENDPOINT];
	int dir_fd;
	enum kai_err err;

	if (request.len == 0 || request.len > KAI_MAX_CONTROL || timeout_ms < 1)
		return kai_fail(why, KAI_ERR_INVALID,
				"request: %zu bytes are too many or none (at most %d)", request.len,
				KAI_MAX_CONTROL);
	err = kai_control_endpoint(dir, endpoint, &dir_fd, why);
	if (err != KAI_ERR_OK)
		return err;
	err = probe(dir, endpoint, why);
	if (err == KAI_ERR_OK) {
		void *context = zmq_ctx_new();
		void *socket = context == NULL ? NULL : zmq_socket(context, ZMQ_DEALER);

		if (socket == NULL)
			err = kai_fail(why, KAI_ERR_NOMEM, "control socket: %s",
				       zmq_strerror(zmq_errno()));
		else
			err = exchange(socket, dir, endpoint, request, timeout_ms, why);
		if (err == KAI_ERR_OK)
			err = receive(socket, ret_answer, ret_len, why);
		if (socket != NULL)
			(void)zmq_close(socket);
		if (context != NULL)
			(void)zmq_ctx_term(context);
	}
	if (dir_fd >= 0)
		(void)close(dir_fd);
	return err;
}
