/* SPDX-License-Identifier: Apache-2.0 */
#include "net_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_MS 120000 /* a client that was never answered is forgotten after this */
/* Whole requests inside libzmq for one client, beside those that have a slot. */
#define REQUESTS_HWM 16
/* A ROUTER drops what is beyond it, and libzmq counts as waiting what was read up to half of it ago: one client may
 * have as many requests under way as there are slots and loses no answer. */
#define ANSWERS_HWM (2 * (int)KAI_CONTROL_SLOTS)

/*
 * libzmq 4.3 copies the endpoint into a monitor's message without asking whether there was memory for
 * it; what has at most 33 bytes lies in the message itself.
 */
static enum kai_err find_endpoint(struct kai_net *net, const char *dir, struct kai_why *why)
{
	char at[32];
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)snprintf(at, sizeof(at), "/dev/fd/%d", fd);
	if (fd < 0 || access(at, F_OK) != 0) {
		if (fd >= 0)
			(void)close(fd);
		return kai_control_endpoint(dir, net->control_endpoint, &net->control_dir_fd, why);
	}
	(void)snprintf(net->control_endpoint, sizeof(net->control_endpoint),
		       "ipc://%s/control.sock", at);
	net->control_dir_fd = fd;
	return KAI_ERR_OK;
}

enum kai_err kai_control_bind(struct kai_net *net, const char *dir, struct kai_why *why)
{
	const int64_t max_len = KAI_MAX_CONTROL;
	const int requests = REQUESTS_HWM;
	const int answers = ANSWERS_HWM;
	enum kai_err err = find_endpoint(net, dir, why);

	if (err != KAI_ERR_OK)
		return err;
	net->control = zmq_socket(net->context, ZMQ_ROUTER);
	if (net->control == NULL ||
	    zmq_setsockopt(net->control, ZMQ_MAXMSGSIZE, &max_len, sizeof(max_len)) != 0 ||
	    zmq_setsockopt(net->control, ZMQ_RCVHWM, &requests, sizeof(requests)) != 0 ||
	    zmq_setsockopt(net->control, ZMQ_SNDHWM, &answers, sizeof(answers)) != 0)
		return kai_fail(why, KAI_ERR_IO, "control socket: %s", zmq_strerror(zmq_errno()));
	net->control_monitor =
		kai_monitor_open(net, net->control, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED);
	if (net->control_monitor == NULL)
		return kai_fail(why, KAI_ERR_IO, "control socket: monitor: %s",
				zmq_strerror(zmq_errno()));
	/* Owner and group; set before it exists, so that there is no moment in between. */
	mode_t before = umask(0117);
	int bound = zmq_bind(net->control, net->control_endpoint);

	(void)umask(before);
	if (bound != 0)
		return kai_fail(why, KAI_ERR_IO, "%.300s/control.sock: cannot listen there: %s",
				dir, zmq_strerror(zmq_errno()));
	net->control_bound = true;
	return KAI_ERR_OK;
}

/* A client's number tells its slot. */
static struct kai_control_slot *slot_of(struct kai_net *net, uint64_t client)
{
	struct kai_control_slot *slot = &net->slots[client % KAI_CONTROL_SLOTS];

	return client != 0 && slot->client == client ? slot : NULL;
}

/* One that is free, and the number of who gets it, which was nobody's before. */
static struct kai_control_slot *free_slot(struct kai_net *net, uint64_t *ret_client)
{
	for (size_t i = 0; i < KAI_CONTROL_SLOTS; i++) {
		uint64_t client = ++net->last_client;
		struct kai_control_slot *slot = &net->slots[client % KAI_CONTROL_SLOTS];

		if (client != 0 && slot->client == 0) {
			*ret_client = client;
			return slot;
		}
	}
	return NULL;
}

bool kai_control_has_room(const struct kai_net *net)
{
	return net->control_used < KAI_CONTROL_SLOTS && net->control_bytes < KAI_CONTROL_BYTES;
}

/* [route, empty, request]; anything else is dropped whole. */
static bool read_request(void *socket, struct kai_control_slot *slot, zmq_msg_t *ret_body)
{
	uint8_t empty[1];
	int more = 0;
	size_t more_len = sizeof(more);
	int len = zmq_recv(socket, slot->route, sizeof(slot->route), ZMQ_DONTWAIT);

	if (len < 0 || len > (int)sizeof(slot->route))
		return false;
	slot->route_len = (size_t)len;
	if (zmq_recv(socket, empty, sizeof(empty), ZMQ_DONTWAIT) != 0 ||
	    zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_len) != 0 || more == 0) {
		if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_len) == 0 && more != 0)
			kai_drop_rest(socket);
		return false;
	}
	(void)zmq_msg_init(ret_body);
	bool ok = zmq_msg_recv(ret_body, socket, ZMQ_DONTWAIT) >= 0;

	if (ok && zmq_msg_more(ret_body) != 0) {
		kai_drop_rest(socket);
		ok = false;
	}
	if (!ok)
		(void)zmq_msg_close(ret_body);
	return ok;
}

void kai_control_read(struct kai_net *net)
{
	for (size_t i = 0; i < KAI_CONTROL_SLOTS && kai_control_has_room(net); i++) {
		uint64_t client = 0;
		struct kai_control_slot *slot = free_slot(net, &client);
		struct kai_input *input = kai_pool_blank();

		if (input == NULL)
			return;
		if (slot == NULL || !read_request(net->control, slot, &input->body)) {
			kai_pool_give_back(net->pool, &input, 1);
			return;
		}
		input->has_body = true;
		input->type = KAI_INPUT_CONTROL;
		input->client = client;
		slot->client = client;
		slot->len = zmq_msg_size(&input->body);
		slot->since_ms = kai_real_ms();
		slot->fd = zmq_msg_get(&input->body, ZMQ_SRCFD);
		kai_clients_asked(net, slot->fd);
		net->control_used++;
		net->control_bytes += slot->len;
		kai_pool_put(net->pool, input, NULL);
	}
}

static void leave(struct kai_net *net, struct kai_control_slot *slot)
{
	kai_clients_answered(net, slot->fd);
	slot->client = 0;
	net->control_used--;
	net->control_bytes -= slot->len;
}

void kai_control_answer(struct kai_net *net, struct kai_mail *mail)
{
	struct kai_control_slot *slot = slot_of(net, mail->client);

	if (slot != NULL) {
		/* A client that went away is nobody's trouble: an unmandatory ROUTER drops it. */
		if (zmq_send(net->control, slot->route, slot->route_len,
			     ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
		    zmq_send(net->control, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
		    zmq_msg_send(&mail->msg, net->control, ZMQ_DONTWAIT) >= 0)
			mail->has_msg = false;
		leave(net, slot);
	}
	kai_mail_free(mail);
}

void kai_control_tick(struct kai_net *net, int64_t now_ms)
{
	for (size_t i = 0; i < KAI_CONTROL_SLOTS; i++) {
		if (net->slots[i].client == 0 || now_ms - net->slots[i].since_ms < SLOT_MS)
			continue;
		leave(net, &net->slots[i]);
	}
	kai_clients_tick(net, now_ms);
}

void kai_control_close(struct kai_net *net)
{
	const int linger_ms = 300;

	/* The monitor's end goes after the monitoring: libzmq would wait for ever to tell it of a client. */
	if (net->control != NULL)
		(void)zmq_socket_monitor(net->control, NULL, 0);
	if (net->control_monitor != NULL)
		(void)zmq_close(net->control_monitor);
	if (net->control != NULL) {
		(void)zmq_setsockopt(net->control, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
		(void)zmq_close(net->control);
		/* libzmq leaves the file; who finds it would ask whether anybody listens. */
		if (net->control_bound)
			(void)unlink(net->control_endpoint + strlen("ipc://"));
	}
	if (net->control_dir_fd >= 0)
		(void)close(net->control_dir_fd);
}
