/* SPDX-License-Identifier: Apache-2.0 */
#include "net_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ZAP_ENFORCE_DOMAIN 93 /* in 4.3 behind the draft switch; works by number */
#define READS_A_TURN 256
#define BACKLOG 128

static bool set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

enum kai_err kai_link_options(struct kai_net *net, void *socket, struct kai_why *why)
{
	const int64_t max_len = KAI_MAX_FRAME + KAI_CURVE_OVERHEAD;

	if (!set_int(socket, ZMQ_LINGER, 0) || !set_int(socket, ZMQ_SNDHWM, KAI_SEND_HWM) ||
	    !set_int(socket, ZMQ_RCVHWM, KAI_RECEIVE_HWM) ||
	    !set_int(socket, ZMQ_HANDSHAKE_IVL, KAI_HANDSHAKE_MS) ||
	    !set_int(socket, ZMQ_TCP_KEEPALIVE, 1) || !set_int(socket, ZMQ_IPV6, 1) ||
	    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_len, sizeof(max_len)) != 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, net->node_key, KAI_ID_LEN) != 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, net->node_secret, KAI_ID_LEN) != 0)
		return kai_fail(why, KAI_ERR_IO, "link socket: %s", zmq_strerror(zmq_errno()));
	return KAI_ERR_OK;
}

/* ---- monitors ---- */

void *kai_monitor_open(struct kai_net *net, void *socket, int events)
{
	char endpoint[64];
	void *monitor;

	(void)snprintf(endpoint, sizeof(endpoint), "inproc://kairan-monitor-%llu",
		       (unsigned long long)++net->last_monitor);
	if (zmq_socket_monitor(socket, endpoint, events) != 0)
		return NULL;
	monitor = zmq_socket(net->context, ZMQ_PAIR);
	if (monitor != NULL && set_int(monitor, ZMQ_LINGER, 0) && set_int(monitor, ZMQ_RCVHWM, 0) &&
	    zmq_connect(monitor, endpoint) == 0)
		return monitor;
	if (monitor != NULL)
		(void)zmq_close(monitor);
	(void)zmq_socket_monitor(socket, NULL, 0);
	return NULL;
}

bool kai_monitor_next(void *monitor, unsigned *ret_event, int *ret_value)
{
	uint8_t frame[6];
	uint16_t event;
	uint32_t value;
	int len = monitor == NULL ? -1 : zmq_recv(monitor, frame, sizeof(frame), ZMQ_DONTWAIT);

	if (len < 0)
		return false;
	kai_drop_rest(monitor); /* the address */
	if (len < (int)sizeof(frame))
		return false;
	memcpy(&event, frame, sizeof(event));
	memcpy(&value, frame + sizeof(event), sizeof(value));
	*ret_event = event;
	*ret_value = (int)value;
	return true;
}

/* ---- binding ---- */

static enum kai_err bind_all(struct kai_net *net, const struct kai_config *settings,
			     struct kai_why *why)
{
	enum kai_err err = kai_link_options(net, net->router, why);

	if (err != KAI_ERR_OK)
		return err;
	if (!set_int(net->router, ZMQ_CURVE_SERVER, 1) ||
	    !set_int(net->router, ZMQ_ROUTER_MANDATORY, 1) ||
	    !set_int(net->router, ZMQ_BACKLOG, BACKLOG) ||
	    zmq_setsockopt(net->router, ZMQ_ZAP_DOMAIN, KAI_ZAP_DOMAIN, strlen(KAI_ZAP_DOMAIN)) !=
		    0 ||
	    !set_int(net->router, ZAP_ENFORCE_DOMAIN, 1))
		return kai_fail(why, KAI_ERR_IO, "link socket: %s", zmq_strerror(zmq_errno()));
	net->router_monitor = kai_monitor_open(net, net->router,
					       ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED |
						       ZMQ_EVENT_DISCONNECTED);
	if (net->router_monitor == NULL)
		return kai_fail(why, KAI_ERR_IO, "link socket: monitor: %s",
				zmq_strerror(zmq_errno()));
	for (size_t i = 0; i < settings->listen_count; i++) {
		if (zmq_bind(net->router, settings->listen[i]) != 0)
			return kai_fail(why, KAI_ERR_IO, "%.200s: cannot listen there: %s",
					settings->listen[i], zmq_strerror(zmq_errno()));
		kai_log_fields(net->log, KAI_LOG_INFO, "connection.listen",
			       {"endpoint", settings->listen[i], 0});
	}
	return KAI_ERR_OK;
}

enum kai_err kai_links_bind(struct kai_net *net, const struct kai_config *settings,
			    struct kai_why *why)
{
	if (settings->listen_count == 0)
		return KAI_ERR_OK;
	net->router = zmq_socket(net->context, ZMQ_ROUTER);
	if (net->router == NULL)
		return kai_fail(why, KAI_ERR_IO, "link socket: %s", zmq_strerror(zmq_errno()));
	return bind_all(net, settings, why);
}

void kai_links_close(struct kai_net *net)
{
	if (net->router != NULL)
		(void)zmq_socket_monitor(net->router, NULL, 0);
	if (net->router_monitor != NULL)
		(void)zmq_close(net->router_monitor);
	if (net->router != NULL)
		(void)zmq_close(net->router);
	net->router = NULL;
	net->router_monitor = NULL;
}

/* ---- connections that come in ---- */

static struct kai_conn *by_fd(struct kai_net *net, int fd)
{
	for (struct kai_conn *conn = net->conns; conn != NULL; conn = conn->next)
		if (conn->dial == NULL && conn->fd == fd)
			return conn;
	return NULL;
}

static void disconnected(struct kai_net *net, int fd)
{
	struct kai_conn *conn = by_fd(net, fd);

	if (conn == NULL)
		return;
	conn->fd = -1; /* closed by libzmq now */
	kai_conn_end(net, conn, "disconnected");
	kai_conn_remove(net, conn);
}

static void accepted(struct kai_net *net, int fd)
{
	struct kai_conn *conn;
	socklen_t len = sizeof(conn->address);

	disconnected(net, fd); /* the number is used again: the old one is gone */
	conn = kai_conn_new(net);
	conn->fd = fd;
	net->accepted_count++;
	if (getpeername(fd, (struct sockaddr *)&conn->address, &len) != 0)
		memset(&conn->address, 0, sizeof(conn->address));
	if (net->held) {
		kai_conn_end(net, conn, "held");
	} else if (net->accepted_count > net->accepted_max) {
		kai_log_fields(net->log, KAI_LOG_WARNING, "connection.too-many",
			       {"connections", NULL, (int64_t)net->accepted_count});
		kai_conn_end(net, conn, "too-many");
	}
}

void kai_links_events(struct kai_net *net)
{
	unsigned event;
	int value;

	while (kai_monitor_next(net->router_monitor, &event, &value)) {
		if (event == ZMQ_EVENT_ACCEPTED)
			accepted(net, value);
		else if (event == ZMQ_EVENT_DISCONNECTED)
			disconnected(net, value);
		else if (event == ZMQ_EVENT_ACCEPT_FAILED)
			kai_log_fields(net->log, KAI_LOG_WARNING, "connection.accept-failed",
				       {"why", strerror(value), 0});
	}
}

/* Its first message: whose key is it? */
static void greet(struct kai_net *net, struct kai_conn *conn, const char *user,
		  const uint8_t *route, size_t route_len)
{
	const struct kai_roster_row *row;

	if (!kai_zap_user_key(net->zap, user, conn->key)) {
		kai_log_fields(net->log, KAI_LOG_WARNING, "connection.no-user", {NULL, NULL, 0});
		kai_conn_end(net, conn, "not-authenticated");
		return;
	}
	row = net->held ? NULL : kai_roster_by_key(net->roster, conn->key);
	if (row == NULL) {
		kai_conn_end(net, conn, "revoked");
		return;
	}
	(void)snprintf(conn->user, sizeof(conn->user), "%s", user);
	memcpy(conn->route, route, route_len);
	conn->route_len = route_len;
	kai_conn_up(net, conn, row);
}

/* The peer is the authenticated key of each message, never a field in it. */
static void message(struct kai_net *net, const uint8_t *route, size_t route_len, bool more)
{
	zmq_msg_t *body = &net->blank->body;
	const char *user = zmq_msg_gets(body, "User-Id");
	int fd = zmq_msg_get(body, ZMQ_SRCFD);
	struct kai_conn *conn = by_fd(net, fd);

	if (conn == NULL) {
		kai_links_events(net); /* accepted just now? */
		conn = by_fd(net, fd);
	}
	if (conn != NULL && conn->state == KAI_CONN_FRESH)
		greet(net, conn, user, route, route_len);
	if (conn != NULL && conn->state == KAI_CONN_UP) {
		if (user == NULL || strcmp(user, conn->user) != 0 || route_len != conn->route_len ||
		    memcmp(route, conn->route, route_len) != 0) {
			kai_conn_end(net, conn, "another-user");
		} else if (more) {
			kai_conn_end(net, conn, "multipart");
		} else {
			kai_conn_deliver(net, conn);
			return;
		}
	}
	(void)zmq_msg_close(&net->blank->body);
	net->blank->has_body = false;
}

bool kai_links_read(struct kai_net *net)
{
	uint8_t route[KAI_ROUTE_SIZE];

	if (net->router == NULL)
		return false;
	for (int i = 0; i < READS_A_TURN; i++) {
		bool more;

		/* The route first; room for the body is made sure of before. */
		if (net->blank == NULL)
			net->blank = kai_pool_blank_frame(net->pool);
		if (net->blank == NULL) {
			net->full = true;
			return false;
		}
		int len = zmq_recv(net->router, route, sizeof(route), ZMQ_DONTWAIT);

		if (len < 0)
			return false;
		if (!kai_conn_read(net, net->router, &more))
			return false;
		if (len <= (int)sizeof(route))
			message(net, route, (size_t)len, more);
		if (more)
			kai_drop_rest(net->router);
	}
	return true;
}

void kai_links_prune(struct kai_net *net)
{
	for (struct kai_conn *conn = net->conns; conn != NULL;) {
		struct kai_conn *next = conn->next;
		const struct kai_roster_row *row =
			net->held ? NULL : kai_roster_by_key(net->roster, conn->key);
		bool known = conn->state == KAI_CONN_UP || conn->dial != NULL;

		if (known && conn->state != KAI_CONN_ENDED &&
		    (row == NULL || !kai_id_equal(row->org, conn->org)))
			kai_conn_end(net, conn, net->held ? "held" : "revoked");
		conn = next;
	}
}
