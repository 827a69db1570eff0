/* SPDX-License-Identifier: Apache-2.0 */
#include "net_private.h"

#include "end.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TICK_MS 100
#define IDLE_MS 1000
#define BLOCKED_MAX_MS 50
#define LINGER_MS 300
#define STOP_MS 500		/* how long what waits may take to leave at the end */
#define OWN_FILES ((rlim_t)128) /* descriptors kept for the store, the log, … */
#define MAX_SOCKETS 16384
#define FIXED_ITEMS 7

/* ---- mail ---- */

struct kai_mail *kai_mail_new(enum kai_mail_type type)
{
	struct kai_mail *mail = calloc(1, sizeof(*mail));

	if (mail == NULL)
		kai_end_no_memory("mail");
	mail->type = type;
	return mail;
}

void kai_mail_bytes(struct kai_mail *mail, struct kai_span bytes)
{
	if (zmq_msg_init_size(&mail->msg, bytes.len) != 0)
		kai_end_no_memory("mail");
	if (bytes.len > 0)
		memcpy(zmq_msg_data(&mail->msg), bytes.at, bytes.len);
	mail->has_msg = true;
}

void kai_mail_free(struct kai_mail *mail)
{
	if (mail->has_msg)
		(void)zmq_msg_close(&mail->msg);
	kai_roster_free(mail->roster);
	free(mail);
}

void kai_mail_append(struct kai_mail_list *list, struct kai_mail *mail)
{
	mail->next = NULL;
	if (list->tail == NULL)
		list->head = mail;
	else
		list->tail->next = mail;
	list->tail = mail;
}

void kai_net_post(struct kai_net *net, struct kai_mail_list *list)
{
	const uint64_t one = 1;

	if (list->head == NULL)
		return;
	(void)pthread_mutex_lock(&net->lock);
	if (net->mail.tail == NULL)
		net->mail.head = list->head;
	else
		net->mail.tail->next = list->head;
	net->mail.tail = list->tail;
	(void)pthread_mutex_unlock(&net->lock);
	*list = (struct kai_mail_list){0};
	ssize_t written = write(net->wake_fd, &one, sizeof(one));

	(void)written; /* fails only when the counter is full, and then it wakes anyway */
}

/* The roster changes who may come in first, then who is here, then whom we dial. */
static void take_roster(struct kai_net *net, struct kai_roster *roster)
{
	if (roster != NULL) {
		kai_roster_free(net->roster);
		net->roster = roster;
	}
	if (kai_zap_allow(net->zap, net->held ? NULL : net->roster) != KAI_ERR_OK)
		kai_end_no_memory("peers");
	kai_links_prune(net);
	kai_dial_roster(net);
}

static void take_mail(struct kai_net *net, struct kai_mail *mail)
{
	struct kai_conn *conn = kai_conn_by_link(net, mail->link);

	switch (mail->type) {
	case KAI_MAIL_SEND:
		if (conn == NULL)
			break;
		kai_conn_send(net, conn, mail);
		return;
	case KAI_MAIL_ANSWER:
		kai_control_answer(net, mail);
		return;
	case KAI_MAIL_CUT:
		if (conn != NULL)
			kai_conn_end(net, conn, mail->reason);
		break;
	case KAI_MAIL_ROSTER:
		take_roster(net, mail->roster);
		mail->roster = NULL;
		break;
	case KAI_MAIL_HOLD:
	case KAI_MAIL_RESUME:
		net->held = mail->type == KAI_MAIL_HOLD;
		take_roster(net, NULL);
		break;
	case KAI_MAIL_STOP:
		net->stopping = true;
		break;
	}
	kai_mail_free(mail);
}

static void take_mails(struct kai_net *net)
{
	uint64_t count;
	ssize_t got = read(net->wake_fd, &count, sizeof(count));

	(void)got; /* nothing there: it was something else that woke us */
	(void)pthread_mutex_lock(&net->lock);
	struct kai_mail *mail = net->mail.head;

	net->mail = (struct kai_mail_list){0};
	(void)pthread_mutex_unlock(&net->lock);
	while (mail != NULL) {
		struct kai_mail *next = mail->next;

		take_mail(net, mail);
		mail = next;
	}
}

/* ---- the thread ---- */

static void take_signal(struct kai_net *net)
{
	struct signalfd_siginfo info;

	while (net->signal_fd >= 0 &&
	       read(net->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		struct kai_input *input = kai_pool_blank();

		if (input == NULL)
			kai_end_no_memory("a signal");
		input->type = KAI_INPUT_SIGNAL;
		input->number = (int)info.ssi_signo;
		kai_pool_put(net->pool, input, NULL);
	}
}

static size_t waiting(const struct kai_conn *conn)
{
	return conn->urgent_bytes + conn->bulk_bytes + conn->drill_bytes;
}

static void flush_all(struct kai_net *net)
{
	bool waits = false;
	bool moved = false;

	for (struct kai_conn *conn = net->conns; conn != NULL;) {
		struct kai_conn *next = conn->next;
		size_t before = waiting(conn);

		if (before > 0) {
			if (kai_conn_flush(net, conn))
				moved = true;
			else if (waiting(conn) < before)
				moved = waits = true;
			else
				waits = true;
		}
		conn = next;
	}
	if (!waits)
		net->blocked_ms = 0;
	else if (moved || net->blocked_ms == 0)
		net->blocked_ms = 1;
	else
		net->blocked_ms =
			2 * net->blocked_ms < BLOCKED_MAX_MS ? 2 * net->blocked_ms : BLOCKED_MAX_MS;
}

static void tick(struct kai_net *net, int64_t now_ms)
{
	for (struct kai_conn *conn = net->conns; conn != NULL;) {
		struct kai_conn *next = conn->next;

		if (conn->state == KAI_CONN_FRESH && conn->dial == NULL &&
		    now_ms - conn->since_ms > KAI_SILENT_MS) {
			kai_conn_end(net, conn, "silent");
		} else if (conn->state != KAI_CONN_ENDED && kai_conn_floods(conn)) {
			kai_log_fields(net->log, KAI_LOG_WARNING, "connection.flood",
				       {NULL, NULL, 0});
			kai_conn_end(net, conn, "flood");
		}
		conn = next;
	}
	kai_control_tick(net, now_ms);
	net->next_tick_ms = now_ms + TICK_MS;
}

static int64_t wait_ms(const struct kai_net *net, bool more)
{
	int64_t now_ms = kai_real_ms();
	int64_t until_ms = kai_dial_next_ms(net);
	int64_t left;

	if (more)
		return 0;
	if ((net->conns != NULL || net->client_count > 0) && net->next_tick_ms < until_ms)
		until_ms = net->next_tick_ms;
	left = until_ms == INT64_MAX || until_ms - now_ms > IDLE_MS ? IDLE_MS : until_ms - now_ms;
	if (net->blocked_ms > 0 && net->blocked_ms < left)
		left = net->blocked_ms;
	return left > 0 ? left : 0;
}

static size_t fill_items(struct kai_net *net)
{
	size_t wanted = FIXED_ITEMS;
	size_t count = 0;

	for (struct kai_conn *conn = net->conns; conn != NULL; conn = conn->next)
		wanted += conn->dial != NULL ? 2 : 0;
	if (wanted > net->item_cap) {
		free(net->items);
		net->item_cap = 2 * wanted;
		net->items = calloc(net->item_cap, sizeof(*net->items));
		if (net->items == NULL)
			kai_end_no_memory("connections");
	}
	const int descriptors[] = {net->wake_fd, net->room_fd, net->signal_fd};
	void *const sockets[] = {net->router_monitor, net->full ? NULL : net->router,
				 kai_control_has_room(net) ? net->control : NULL,
				 net->control_monitor};

	for (size_t i = 0; i < 3; i++)
		if (descriptors[i] >= 0)
			net->items[count++] =
				(zmq_pollitem_t){.fd = descriptors[i], .events = ZMQ_POLLIN};
	for (size_t i = 0; i < 4; i++)
		if (sockets[i] != NULL)
			net->items[count++] =
				(zmq_pollitem_t){.socket = sockets[i], .events = ZMQ_POLLIN};
	for (struct kai_conn *conn = net->conns; conn != NULL; conn = conn->next) {
		if (conn->dial == NULL)
			continue;
		net->items[count++] =
			(zmq_pollitem_t){.socket = conn->monitor, .events = ZMQ_POLLIN};
		net->items[count++] = (zmq_pollitem_t){.socket = conn->socket,
						       .events = net->full ? 0 : ZMQ_POLLIN};
	}
	return count;
}

/* Before any connection comes or goes: items and connections stand in the same order. */
static void note_ready(struct kai_net *net, size_t count)
{
	size_t at = 0;

	while (at < count &&
	       (net->items[at].socket == NULL || net->items[at].socket == net->router_monitor ||
		net->items[at].socket == net->router || net->items[at].socket == net->control ||
		net->items[at].socket == net->control_monitor))
		at++;
	for (struct kai_conn *conn = net->conns; conn != NULL; conn = conn->next) {
		if (conn->dial == NULL)
			continue;
		conn->has_events = (net->items[at].revents & ZMQ_POLLIN) != 0;
		conn->can_read = (net->items[at + 1].revents & ZMQ_POLLIN) != 0;
		at += 2;
	}
}

static bool read_dialled(struct kai_net *net)
{
	bool more = false;

	for (struct kai_conn *conn = net->conns; conn != NULL;) {
		struct kai_conn *next = conn->next;

		/* What it said before it went is read first. */
		if (conn->dial != NULL && conn->can_read && conn->state == KAI_CONN_UP)
			more = kai_dial_read(net, conn) || more;
		conn = next;
	}
	for (struct kai_conn *conn = net->conns; conn != NULL;) {
		struct kai_conn *next = conn->next;

		if (conn->dial != NULL && conn->has_events)
			kai_dial_events(net, conn);
		conn = next;
	}
	return more;
}

static void take_room(struct kai_net *net)
{
	uint64_t count;

	if (read(net->room_fd, &count, sizeof(count)) > 0)
		net->full = false;
}

/* What libzmq took may still leave after the sockets are closed: the last word is bye. */
static void linger(struct kai_net *net)
{
	const int linger_ms = LINGER_MS;

	if (net->router != NULL)
		(void)zmq_setsockopt(net->router, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
	for (struct kai_conn *conn = net->conns; conn != NULL; conn = conn->next)
		if (conn->dial != NULL && conn->state == KAI_CONN_UP)
			(void)zmq_setsockopt(conn->socket, ZMQ_LINGER, &linger_ms,
					     sizeof(linger_ms));
}

static void *run(void *context)
{
	struct kai_net *net = context;
	bool more = false;

	while (!net->stopping) {
		size_t count = fill_items(net);

		if (zmq_poll(net->items, (int)count, wait_ms(net, more)) < 0) {
			more = true;
			if (zmq_errno() == ETERM)
				break;
			continue;
		}
		note_ready(net, count);
		take_room(net);
		kai_links_events(net);
		more = kai_links_read(net);
		more = read_dialled(net) || more;
		if (net->control != NULL) {
			kai_clients_events(net);
			kai_control_read(net);
		}
		take_signal(net);
		take_mails(net);
		if (net->blocked_ms > 0)
			flush_all(net);
		kai_dial_due(net);
		if (kai_real_ms() >= net->next_tick_ms)
			tick(net, kai_real_ms());
	}
	for (int64_t end_ms = kai_real_ms() + STOP_MS; kai_real_ms() < end_ms;) {
		flush_all(net);
		if (net->blocked_ms == 0)
			break;
		(void)usleep(2000);
	}
	linger(net);
	return NULL;
}

/* ---- life ---- */

/* Every connection costs a descriptor, every dialled one three more. */
static size_t raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return OWN_FILES;
	files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_cur > 2 * OWN_FILES ? (size_t)(files.rlim_cur - OWN_FILES) / 2
					      : OWN_FILES / 2;
}

static enum kai_err start(struct kai_net *net, const struct kai_net_config *config,
			  struct kai_why *why)
{
	enum kai_err err;

	net->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	net->room_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	net->context = zmq_ctx_new();
	if (net->wake_fd < 0 || net->room_fd < 0 || net->context == NULL)
		return kai_fail(why, KAI_ERR_IO, "sockets: %s", strerror(errno));
	(void)zmq_ctx_set(net->context, ZMQ_MAX_SOCKETS, MAX_SOCKETS);
	kai_pool_tell_room(net->pool, net->room_fd);
	err = kai_zap_new(net->context, net->log, &net->zap, why);
	if (err == KAI_ERR_OK)
		err = kai_links_bind(net, config->settings, why);
	if (err == KAI_ERR_OK && config->control_dir != NULL)
		err = kai_control_bind(net, config->control_dir, why);
	if (err != KAI_ERR_OK)
		return err;
	int failed = pthread_create(&net->thread, NULL, run, net);

	if (failed != 0)
		return kai_fail(why, KAI_ERR_IO, "net: thread: %s", strerror(failed));
	net->started = true;
	return KAI_ERR_OK;
}

enum kai_err kai_net_new(const struct kai_net_config *config, struct kai_net **ret,
			 struct kai_why *why)
{
	struct kai_net *net = calloc(1, sizeof(*net));

	if (net == NULL || pthread_mutex_init(&net->lock, NULL) != 0) {
		free(net);
		return kai_fail(why, KAI_ERR_NOMEM, "net: out of memory");
	}
	memcpy(net->org, config->org, KAI_ID_LEN);
	net->node_key = config->node_key;
	net->node_secret = config->node_secret;
	net->log = config->log;
	net->pool = config->pool;
	net->signal_fd = config->signal_fd;
	net->control_dir_fd = -1;
	net->wake_fd = -1;
	net->room_fd = -1;
	net->accepted_max = raise_files();
	enum kai_err err = start(net, config, why);

	if (err != KAI_ERR_OK) {
		kai_net_free(net);
		return err;
	}
	*ret = net;
	return KAI_ERR_OK;
}

void kai_net_free(struct kai_net *net)
{
	if (net == NULL)
		return;
	if (net->started) {
		struct kai_mail_list list = {0};

		kai_mail_append(&list, kai_mail_new(KAI_MAIL_STOP));
		kai_net_post(net, &list);
		(void)pthread_join(net->thread, NULL);
	}
	kai_pool_tell_room(net->pool, -1);
	kai_dial_free(net);
	kai_links_close(net);
	kai_control_close(net);
	kai_zap_free(net->zap);
	if (net->context != NULL)
		(void)zmq_ctx_term(net->context);
	while (net->conns != NULL)
		kai_conn_remove(net, net->conns);
	for (struct kai_mail *mail = net->mail.head; mail != NULL;) {
		struct kai_mail *next = mail->next;

		kai_mail_free(mail);
		mail = next;
	}
	kai_pool_unused(net->pool, net->blank);
	kai_roster_free(net->roster);
	free(net->items);
	if (net->wake_fd >= 0)
		(void)close(net->wake_fd);
	if (net->room_fd >= 0)
		(void)close(net->room_fd);
	(void)pthread_mutex_destroy(&net->lock);
	free(net);
}
