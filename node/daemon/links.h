/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's connections, all in one thread, since a ZeroMQ socket belongs to one: links with other
 * nodes (CURVE, authenticated by zap.c), the control socket, signals. What comes in goes to the
 * pool as inputs; what the loop wants sent, cut or answered comes as mail. One logical link an org,
 * whoever dialled: where both can be dialled, the lower org id does it.
 */
#ifndef KAIRAN_DAEMON_LINKS_H
#define KAIRAN_DAEMON_LINKS_H

#include <zmq.h>

#include "config.h"
#include "log.h"
#include "pool.h"
#include "roster.h"

struct kai_net;

struct kai_net_config {
	const uint8_t *org;		   /* 32 bytes, copied */
	const uint8_t *node_key;	   /* X25519 pair: CURVE; borrowed until kai_net_free */
	const uint8_t *node_secret;	   /* 32 bytes */
	const struct kai_config *settings; /* where to listen; read during kai_net_new */
	const char *control_dir;	   /* NULL: no control socket */
	int signal_fd;			   /* of signalfd, or -1; borrowed */
	struct kai_log *log;
	struct kai_pool *pool;
};

enum kai_mail_type {
	KAI_MAIL_SEND,	 /* link, urgent, drill, msg */
	KAI_MAIL_ANSWER, /* client, msg */
	KAI_MAIL_CUT,	 /* link, reason */
	KAI_MAIL_ROSTER, /* roster: given away */
	KAI_MAIL_HOLD,	 /* end all links and make none, until … */
	KAI_MAIL_RESUME, /* … this */
	KAI_MAIL_STOP	 /* send what waits, close everything, end the thread */
};

struct kai_mail {
	struct kai_mail *next;
	enum kai_mail_type type;
	bool urgent;
	bool drill; /* goes when nothing live waits */
	uint64_t link;
	uint64_t client;
	const char *reason; /* static storage */
	struct kai_roster *roster;
	zmq_msg_t msg;
	bool has_msg;
};

struct kai_mail *kai_mail_new(enum kai_mail_type type); /* never NULL: ends the process instead */
/* Copies the bytes into the mail's message. */
void kai_mail_bytes(struct kai_mail *mail, struct kai_span bytes);
void kai_mail_free(struct kai_mail *mail);

struct kai_mail_list {
	struct kai_mail *head;
	struct kai_mail *tail;
};
void kai_mail_append(struct kai_mail_list *list, struct kai_mail *mail);

/* Binds everything, then starts the thread. IO with what could not be bound. */
KAI_MUST_USE enum kai_err kai_net_new(const struct kai_net_config *config, struct kai_net **ret,
				      struct kai_why *why);
/* Takes the whole list; it is empty afterwards. Any thread. */
void kai_net_post(struct kai_net *net, struct kai_mail_list *list);
/* Posts STOP, waits for the thread, closes. NULL is fine. */
void kai_net_free(struct kai_net *net);

#endif
