/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of the control socket. One is good for a question at a time, so that whoever asks
 * nothing, reads nothing, or stops in the middle of a request is cut after a while, and the one that
 * has been silent longest when there are too many: they cost descriptors and memory.
 */
#include "net_private.h"

#include <sys/stat.h>

#define IDLE_MS 10000 /* without a request that waits for its answer */

static struct kai_client *row_of(struct kai_net *net, int fd)
{
	for (size_t i = 0; i < net->client_count; i++)
		if (net->clients[i].fd == fd)
			return &net->clients[i];
	return NULL;
}

static void forget(struct kai_net *net, struct kai_client *row)
{
	*row = net->clients[--net->client_count];
}

/* The descriptor is libzmq's, which closes it; only make sure that it is still the one we mean. */
static void cut(struct kai_net *net, struct kai_client *row, const char *reason)
{
	struct stat now;

	if (fstat(row->fd, &now) == 0 && now.st_ino == row->inode && S_ISSOCK(now.st_mode))
		(void)shutdown(row->fd, SHUT_RDWR);
	kai_log_fields(net->log, KAI_LOG_WARNING, "control.cut", {"reason", reason, 0},
		       {"clients", NULL, (int64_t)net->client_count});
	forget(net, row);
}

static void accepted(struct kai_net *net, int fd)
{
	struct kai_client *oldest = NULL;
	struct kai_client *row = row_of(net, fd);
	struct stat at;

	if (row != NULL) /* the number is used again: the old one is gone */
		forget(net, row);
	if (net->client_count == KAI_CONTROL_CLIENTS) {
		for (size_t i = 0; i < net->client_count; i++)
			if (net->clients[i].pending == 0 &&
			    (oldest == NULL || net->clients[i].since_ms < oldest->since_ms))
				oldest = &net->clients[i];
		/* Fewer requests are read than there is room for connections. */
		if (oldest != NULL)
			cut(net, oldest, "too-many");
	}
	if (fstat(fd, &at) == 0)
		net->clients[net->client_count++] = (struct kai_client){
			.fd = fd, .inode = at.st_ino, .since_ms = kai_real_ms()};
}

void kai_clients_events(struct kai_net *net)
{
	struct kai_client *row;
	unsigned event;
	int value;

	while (kai_monitor_next(net->control_monitor, &event, &value)) {
		if (event == ZMQ_EVENT_ACCEPTED) {
			accepted(net, value);
		} else if (event == ZMQ_EVENT_DISCONNECTED) {
			row = row_of(net, value);
			if (row != NULL)
				forget(net, row);
		}
	}
}

void kai_clients_asked(struct kai_net *net, int fd)
{
	struct kai_client *row;

	kai_clients_events(net); /* accepted just now? */
	row = row_of(net, fd);
	if (row != NULL)
		row->pending++;
}

void kai_clients_answered(struct kai_net *net, int fd)
{
	struct kai_client *row = row_of(net, fd);

	if (row == NULL || row->pending == 0)
		return;
	row->pending--;
	row->since_ms = kai_real_ms();
}

void kai_clients_tick(struct kai_net *net, int64_t now_ms)
{
	for (size_t i = net->client_count; i > 0; i--)
		if (net->clients[i - 1].pending == 0 &&
		    now_ms - net->clients[i - 1].since_ms > IDLE_MS)
			cut(net, &net->clients[i - 1], "idle");
}
