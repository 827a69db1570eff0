/* SPDX-License-Identifier: Apache-2.0 */
#include "net_private.h"

#include "end.h"

#include <netinet/in.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kairan/text.h"

/* ---- life ---- */

struct kai_conn *kai_conn_new(struct kai_net *net)
{
	struct kai_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		kai_end_no_memory("a connection");
	conn->fd = -1;
	conn->since_ms = kai_real_ms();
	conn->low_gap = INT64_MAX;
	conn->next = net->conns;
	net->conns = conn;
	return conn;
}

static void drop_mail(struct kai_conn *conn)
{
	struct kai_mail_list *const lanes[] = {&conn->urgent, &conn->bulk, &conn->drill};

	for (size_t i = 0; i < 3; i++) {
		while (lanes[i]->head != NULL) {
			struct kai_mail *mail = lanes[i]->head;

			lanes[i]->head = mail->next;
			kai_mail_free(mail);
		}
		lanes[i]->tail = NULL;
	}
	conn->urgent_bytes = 0;
	conn->bulk_bytes = 0;
	conn->drill_bytes = 0;
}

void kai_conn_remove(struct kai_net *net, struct kai_conn *conn)
{
	struct kai_conn **at = &net->conns;

	while (*at != NULL && *at != conn)
		at = &(*at)->next;
	if (*at != NULL)
		*at = conn->next;
	if (conn->dial == NULL && net->accepted_count > 0)
		net->accepted_count--;
	drop_mail(conn);
	free(conn);
}

struct kai_conn *kai_conn_by_link(struct kai_net *net, uint64_t link)
{
	for (struct kai_conn *conn = net->conns; conn != NULL; conn = conn->next)
		if (conn->state == KAI_CONN_UP && conn->link == link)
			return conn;
	return NULL;
}

static void tell(struct kai_net *net, const struct kai_conn *conn, enum kai_input_type type)
{
	struct kai_input *input = kai_pool_blank();

	if (input == NULL)
		kai_end_no_memory("a connection"); /* the loop must never miss one */
	input->type = type;
	input->link = conn->link;
	memcpy(input->org, conn->org, KAI_ID_LEN);
	kai_pool_put(net->pool, input, NULL);
}

void kai_conn_up(struct kai_net *net, struct kai_conn *conn, const struct kai_roster_row *row)
{
	char org[KAI_ID_TEXT];

	/* One link an org: the newest, since the older one may be half dead. */
	for (struct kai_conn *old = net->conns; old != NULL;) {
		struct kai_conn *next = old->next;

		if (old != conn && old->state == KAI_CONN_UP && kai_id_equal(old->org, row->org))
			kai_conn_end(net, old, "replaced");
		old = next;
	}
	conn->state = KAI_CONN_UP;
	conn->link = ++net->last_link;
	conn->since_ms = kai_real_ms();
	memcpy(conn->org, row->org, KAI_ID_LEN);
	kai_id_text(conn->org, org);
	kai_log_fields(net->log, KAI_LOG_INFO, "connection.up", {"org", org, 0},
		       {"alias", row->alias, 0}, {"way", conn->dial != NULL ? "out" : "in", 0});
	tell(net, conn, KAI_INPUT_UP);
}

/* The descriptor is libzmq's, which closes it; only make sure that it is still the one we mean. */
static void cut_wire(const struct kai_conn *conn)
{
	struct sockaddr_storage now;
	socklen_t len = sizeof(now);

	memset(&now, 0, sizeof(now));
	if (conn->fd >= 0 && getpeername(conn->fd, (struct sockaddr *)&now, &len) == 0 &&
	    memcmp(&now, &conn->address, sizeof(now)) == 0)
		(void)shutdown(conn->fd, SHUT_RDWR);
}

void kai_conn_end(struct kai_net *net, struct kai_conn *conn, const char *reason)
{
	char org[KAI_ID_TEXT];

	if (conn->state == KAI_CONN_UP) {
		kai_id_text(conn->org, org);
		kai_log_fields(net->log, KAI_LOG_INFO, "connection.down", {"org", org, 0},
			       {"reason", reason, 0});
		tell(net, conn, KAI_INPUT_DOWN);
	} else if (conn->state == KAI_CONN_FRESH) {
		kai_log_fields(net->log, KAI_LOG_DEBUG, "connection.ended", {"reason", reason, 0});
	}
	conn->state = KAI_CONN_ENDED;
	drop_mail(conn);
	if (conn->dial != NULL)
		kai_dial_closed(net, conn);
	else
		cut_wire(conn);
}

/* ---- sending ---- */

/* false: libzmq takes no more now, or the connection is gone and reason says so. */
static bool send_one(struct kai_net *net, struct kai_conn *conn, struct kai_mail *mail,
		     bool *ret_gone)
{
	void *socket = conn->dial != NULL ? conn->socket : net->router;

	*ret_gone = false;
	if (conn->dial == NULL &&
	    zmq_send(socket, conn->route, conn->route_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
		*ret_gone = zmq_errno() != EAGAIN && zmq_errno() != EINTR;
		return false;
	}
	if (zmq_msg_send(&mail->msg, socket, ZMQ_DONTWAIT) < 0) {
		*ret_gone = conn->dial == NULL || (zmq_errno() != EAGAIN && zmq_errno() != EINTR);
		return false;
	}
	mail->has_msg = false;
	return true;
}

/* Alerts first, then what is live, then drills. */
static struct kai_mail_list *first_lane(struct kai_conn *conn, size_t **ret_bytes)
{
	if (conn->urgent.head != NULL) {
		*ret_bytes = &conn->urgent_bytes;
		return &conn->urgent;
	}
	if (conn->bulk.head != NULL) {
		*ret_bytes = &conn->bulk_bytes;
		return &conn->bulk;
	}
	*ret_bytes = &conn->drill_bytes;
	return conn->drill.head != NULL ? &conn->drill : NULL;
}

bool kai_conn_flush(struct kai_net *net, struct kai_conn *conn)
{
	struct kai_mail_list *lane;
	size_t *waiting;

	while ((lane = first_lane(conn, &waiting)) != NULL) {
		struct kai_mail *mail = lane->head;
		size_t len = zmq_msg_size(&mail->msg);
		bool gone;

		if (!send_one(net, conn, mail, &gone)) {
			if (gone)
				kai_conn_end(net, conn, "unreachable");
			return gone;
		}
		lane->head = mail->next;
		if (lane->head == NULL)
			lane->tail = NULL;
		*waiting -= len;
		kai_mail_free(mail);
	}
	return true;
}

/* Its engine believes it sent: that session may stand still until the link is new. */
static void drill_dropped(const struct kai_net *net, const struct kai_conn *conn, size_t len)
{
	char org[KAI_ID_TEXT];

	kai_id_text(conn->org, org);
	kai_log_fields(net->log, KAI_LOG_WARNING, "drill.dropped", {"org", org, 0},
		       {"bytes", NULL, (int64_t)len},
		       {"waiting", NULL, (int64_t)conn->drill_bytes});
}

void kai_conn_send(struct kai_net *net, struct kai_conn *conn, struct kai_mail *mail)
{
	size_t len = zmq_msg_size(&mail->msg);

	if (mail->drill && conn->drill_bytes + len > KAI_DRILL_BACKLOG) {
		drill_dropped(net, conn, len);
		kai_mail_free(mail);
		return;
	}
	if (mail->drill) {
		kai_mail_append(&conn->drill, mail);
		conn->drill_bytes += len;
	} else {
		kai_mail_append(mail->urgent ? &conn->urgent : &conn->bulk, mail);
		*(mail->urgent ? &conn->urgent_bytes : &conn->bulk_bytes) += len;
	}
	if (conn->urgent_bytes > KAI_URGENT_BACKLOG || conn->bulk_bytes > KAI_BULK_BACKLOG)
		kai_conn_end(net, conn, "backlog");
	else if (!kai_conn_flush(net, conn) && net->blocked_ms == 0)
		net->blocked_ms = 1;
}

/* ---- receiving ---- */

bool kai_conn_read(struct kai_net *net, void *socket, bool *ret_more)
{
	if (net->blank == NULL)
		net->blank = kai_pool_blank_frame(net->pool);
	if (net->blank == NULL) {
		net->full = true;
		return false;
	}
	struct kai_input *input = net->blank;

	(void)zmq_msg_init(&input->body);
	input->has_body = true;
	if (zmq_msg_recv(&input->body, socket, ZMQ_DONTWAIT) < 0) {
		(void)zmq_msg_close(&input->body);
		input->has_body = false;
		return false;
	}
	*ret_more = zmq_msg_more(&input->body) != 0;
	return true;
}

void kai_drop_rest(void *socket)
{
	zmq_msg_t rest;
	int more = 1;

	while (more != 0) {
		(void)zmq_msg_init(&rest);
		more = zmq_msg_recv(&rest, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&rest) != 0;
		(void)zmq_msg_close(&rest);
	}
}

void kai_conn_deliver(struct kai_net *net, struct kai_conn *conn)
{
	struct kai_input *input = net->blank;

	net->blank = NULL;
	conn->delivered += zmq_msg_size(&input->body) + KAI_CURVE_OVERHEAD;
	input->link = conn->link;
	memcpy(input->org, conn->org, KAI_ID_LEN);
	kai_pool_put(net->pool, input, &conn->mark);
}

bool kai_conn_floods(struct kai_conn *conn)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (conn->fd < 0 || getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return false;
	int64_t gap = (int64_t)(info.tcpi_bytes_received - conn->delivered);

	/* The overhead is counted too high, so the gap sinks with honest traffic: judge its rise.
	 */
	if (gap < conn->low_gap)
		conn->low_gap = gap;
	return gap - conn->low_gap > KAI_MAX_UNDELIVERED;
}
