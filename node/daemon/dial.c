/* SPDX-License-Identifier: Apache-2.0 */
#include "net_private.h"

#include "end.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kairan/text.h"

#define READS_A_TURN 64
#define FIRST_MS 500   /* before the second attempt … */
#define LAST_MS 30000  /* … doubling up to this */
#define STOOD_MS 10000 /* a link that stood this long starts over at FIRST_MS */
#define START_MS 200   /* the first attempts after a start are spread over this */

static const int dial_events =
	ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED |
	ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
	ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

/* ---- whom ---- */

/* One of two that can dial each other does: the one with the lower id. */
static bool should_dial(const struct kai_net *net, const struct kai_roster_row *row)
{
	if (net->held || row->endpoint_count == 0 || row->key_count == 0)
		return false;
	return !net->roster->reachable || memcmp(net->org, row->org, KAI_ID_LEN) < 0;
}

static struct kai_dial *find(struct kai_net *net, const uint8_t org[KAI_ID_LEN])
{
	for (struct kai_dial *dial = net->dials; dial != NULL; dial = dial->next)
		if (kai_id_equal(dial->org, org))
			return dial;
	return NULL;
}

static void forget(struct kai_net *net, struct kai_dial *dial)
{
	struct kai_dial **at = &net->dials;

	if (dial->conn != NULL)
		kai_conn_end(net, dial->conn, "not-dialled");
	while (*at != dial)
		at = &(*at)->next;
	*at = dial->next;
	free(dial);
}

void kai_dial_roster(struct kai_net *net)
{
	for (struct kai_dial *dial = net->dials; dial != NULL;) {
		struct kai_dial *next = dial->next;
		const struct kai_roster_row *row = kai_roster_by_org(net->roster, dial->org);

		if (row == NULL || !should_dial(net, row))
			forget(net, dial);
		dial = next;
	}
	for (size_t i = 0; net->roster != NULL && i < net->roster->count; i++) {
		const struct kai_roster_row *row = &net->roster->rows[i];

		if (!should_dial(net, row) || find(net, row->org) != NULL)
			continue;
		struct kai_dial *dial = calloc(1, sizeof(*dial));

		if (dial == NULL)
			kai_end_no_memory("a connection");
		memcpy(dial->org, row->org, KAI_ID_LEN);
		dial->next_ms = kai_real_ms() + randombytes_uniform(START_MS);
		dial->next = net->dials;
		net->dials = dial;
	}
}

/* ---- connecting ---- */

static void plan(struct kai_dial *dial)
{
	unsigned doublings = dial->attempt < 16 ? dial->attempt : 16;
	uint32_t wait_ms = FIRST_MS;

	for (unsigned i = 0; i < doublings && wait_ms < LAST_MS; i++)
		wait_ms *= 2;
	if (wait_ms > LAST_MS)
		wait_ms = LAST_MS;
	/* Jitter: half fixed, half random, so that peers of a node that restarts come one by one.
	 */
	dial->next_ms = kai_real_ms() + wait_ms / 2 + randombytes_uniform(wait_ms / 2 + 1);
	dial->attempt++;
}

void kai_dial_closed(struct kai_net *net, struct kai_conn *conn)
{
	struct kai_dial *dial = conn->dial;

	if (conn->link != 0 && kai_real_ms() - conn->since_ms > STOOD_MS)
		dial->attempt = 0;
	if (conn->socket != NULL)
		(void)zmq_socket_monitor(conn->socket, NULL, 0);
	if (conn->monitor != NULL)
		(void)zmq_close(conn->monitor);
	if (conn->socket != NULL)
		(void)zmq_close(conn->socket);
	dial->conn = NULL;
	plan(dial);
	kai_conn_remove(net, conn);
}

/* A socket serves one connection: libzmq's own reconnecting is off, ours has the next key. */
static bool connect_to(struct kai_net *net, struct kai_conn *conn, const uint8_t *key,
		       const char *endpoint)
{
	const int once = -1;
	const int yes = 1;
	const int timeout_ms = KAI_DIAL_MS / 2;

	conn->socket = zmq_socket(net->context, ZMQ_DEALER);
	if (conn->socket == NULL || kai_link_options(net, conn->socket, NULL) != KAI_ERR_OK)
		return false;
	conn->monitor = kai_monitor_open(net, conn->socket, dial_events);
	return conn->monitor != NULL &&
	       zmq_setsockopt(conn->socket, ZMQ_CURVE_SERVERKEY, key, KAI_ID_LEN) == 0 &&
	       zmq_setsockopt(conn->socket, ZMQ_RECONNECT_IVL, &once, sizeof(once)) == 0 &&
	       zmq_setsockopt(conn->socket, ZMQ_IMMEDIATE, &yes, sizeof(yes)) == 0 &&
	       zmq_setsockopt(conn->socket, ZMQ_CONNECT_TIMEOUT, &timeout_ms, sizeof(timeout_ms)) ==
		       0 &&
	       zmq_connect(conn->socket, endpoint) == 0;
}

static void attempt(struct kai_net *net, struct kai_dial *dial)
{
	const struct kai_roster_row *row = kai_roster_by_org(net->roster, dial->org);

	if (row == NULL)
		return;
	size_t endpoint = dial->turn % row->endpoint_count;
	size_t key = dial->turn / row->endpoint_count % row->key_count;
	struct kai_conn *conn = kai_conn_new(net);

	dial->turn++;
	dial->conn = conn;
	conn->dial = dial;
	memcpy(conn->org, dial->org, KAI_ID_LEN);
	memcpy(conn->key, row->keys[key], KAI_ID_LEN);
	kai_log_fields(net->log, KAI_LOG_DEBUG, "connection.dial", {"alias", row->alias, 0},
		       {"endpoint", row->endpoints[endpoint], 0});
	if (!connect_to(net, conn, row->keys[key], row->endpoints[endpoint]))
		kai_conn_end(net, conn, "cannot-dial");
}

void kai_dial_due(struct kai_net *net)
{
	int64_t now_ms = kai_real_ms();

	for (struct kai_dial *dial = net->dials; dial != NULL; dial = dial->next) {
		if (dial->conn == NULL && dial->next_ms <= now_ms)
			attempt(net, dial);
		else if (dial->conn != NULL && dial->conn->state == KAI_CONN_FRESH &&
			 now_ms - dial->conn->since_ms > KAI_DIAL_MS)
			kai_conn_end(net, dial->conn, "timeout");
	}
}

int64_t kai_dial_next_ms(const struct kai_net *net)
{
	int64_t next_ms = INT64_MAX;

	for (const struct kai_dial *dial = net->dials; dial != NULL; dial = dial->next)
		if (dial->conn == NULL && dial->next_ms < next_ms)
			next_ms = dial->next_ms;
	return next_ms;
}

/* ---- events and messages ---- */

static void connected(struct kai_conn *conn, int fd)
{
	socklen_t len = sizeof(conn->address);

	conn->fd = fd;
	if (getpeername(fd, (struct sockaddr *)&conn->address, &len) != 0)
		conn->fd = -1;
}

/* The handshake proves that the other end holds the key that we dialled. */
static void stands(struct kai_net *net, struct kai_conn *conn)
{
	const struct kai_roster_row *row = kai_roster_by_key(net->roster, conn->key);

	if (row == NULL || !kai_id_equal(row->org, conn->org))
		kai_conn_end(net, conn, "revoked");
	else
		kai_conn_up(net, conn, row);
}

void kai_dial_events(struct kai_net *net, struct kai_conn *conn)
{
	unsigned event;
	int value;

	while (kai_monitor_next(conn->monitor, &event, &value)) {
		if (event == ZMQ_EVENT_CONNECTED) {
			connected(conn, value);
		} else if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
			stands(net, conn);
			return; /* conn may be gone; what is left is read the next time */
		} else {
			char org[KAI_ID_TEXT];

			kai_id_text(conn->org, org);
			if (conn->state == KAI_CONN_FRESH)
				kai_log_fields(net->log, KAI_LOG_DEBUG, "connection.dial-failed",
					       {"org", org, 0}, {"event", NULL, (int64_t)event});
			kai_conn_end(net, conn, "disconnected");
			return;
		}
	}
}

bool kai_dial_read(struct kai_net *net, struct kai_conn *conn)
{
	for (int i = 0; i < READS_A_TURN; i++) {
		bool more;

		if (!kai_conn_read(net, conn->socket, &more))
			return false;
		if (more || conn->state != KAI_CONN_UP) {
			(void)zmq_msg_close(&net->blank->body);
			net->blank->has_body = false;
			kai_conn_end(net, conn, "multipart");
			return false;
		}
		kai_conn_deliver(net, conn);
	}
	return true;
}

void kai_dial_free(struct kai_net *net)
{
	while (net->dials != NULL)
		forget(net, net->dials);
}
