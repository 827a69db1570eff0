/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the net thread's files share: net.c (the thread, its mail), conn.c (a connection's life,
 * sending), links.c (those that came in), dial.c (those that we make), control.c and clients.c. All of it belongs
 * to the net thread.
 */
#ifndef KAIRAN_DAEMON_NET_PRIVATE_H
#define KAIRAN_DAEMON_NET_PRIVATE_H

#include <pthread.h>
#include <sys/socket.h>

#include "clock.h"
#include "kairan/client.h"
#include "links.h"
#include "zap.h"

#define KAI_ROUTE_SIZE 256
#define KAI_USER_SIZE 160
#define KAI_SEND_HWM 64 /* messages inside libzmq, where an alert cannot overtake any more */
#define KAI_RECEIVE_HWM 64
#define KAI_CURVE_OVERHEAD 64 /* of one message on the wire, rounded up */
#define KAI_HANDSHAKE_MS 3000
#define KAI_SILENT_MS 10000			      /* after accepting: a message, or it is cut */
#define KAI_DIAL_MS 10000			      /* from connect to the handshake's end */
#define KAI_URGENT_BACKLOG ((size_t)16 * 1024 * 1024) /* bytes that wait for one link */
#define KAI_BULK_BACKLOG ((size_t)32 * 1024 * 1024)
#define KAI_DRILL_BACKLOG ((size_t)16 * 1024 * 1024) /* beyond, what is of a drill is dropped */
/* Received by the kernel and not delivered to us: more than libzmq and the kernel may hold. */
#define KAI_MAX_UNDELIVERED (KAI_RECEIVE_HWM * (int64_t)KAI_MAX_FRAME + (int64_t)12 * 1024 * 1024)
/* Requests that wait for their answers: many small ones make one turn, large ones are bounded by their bytes. */
#define KAI_CONTROL_SLOTS 256u
#define KAI_CONTROL_BYTES ((size_t)32 * 1024 * 1024)
#define KAI_CONTROL_CLIENTS 128 /* connections of the control socket */

enum kai_conn_state {
	KAI_CONN_FRESH, /* accepted or dialling: nobody yet */
	KAI_CONN_UP,	/* an org's, and the loop knows */
	KAI_CONN_ENDED	/* shut down; only waits for libzmq to notice */
};

struct kai_dial {
	struct kai_dial *next;
	uint8_t org[KAI_ID_LEN];
	unsigned attempt;      /* since it last stood for a while */
	unsigned turn;	       /* which key and endpoint comes next */
	int64_t next_ms;       /* real clock */
	struct kai_conn *conn; /* NULL: waiting */
};

struct kai_conn {
	struct kai_conn *next;
	enum kai_conn_state state;
	uint8_t org[KAI_ID_LEN];
	uint8_t key[KAI_ID_LEN]; /* node key it authenticated with */
	uint64_t link;
	int fd; /* libzmq's; -1: not known */
	struct sockaddr_storage address;
	int64_t since_ms;
	uint64_t delivered;
	int64_t low_gap;
	struct kai_lane_mark mark;
	struct kai_mail_list urgent;
	struct kai_mail_list bulk;
	struct kai_mail_list drill;
	size_t urgent_bytes;
	size_t bulk_bytes;
	size_t drill_bytes;
	/* accepted: reached through the router */
	uint8_t route[KAI_ROUTE_SIZE];
	size_t route_len;
	char user[KAI_USER_SIZE];
	/* dialled: a socket of its own */
	struct kai_dial *dial;
	void *socket;
	void *monitor;
	bool can_read;
	bool has_events;
};

/* A connection of the control socket. */
struct kai_client {
	int fd;	     /* libzmq's */
	ino_t inode; /* of the socket: a number may be used again */
	int64_t since_ms;
	unsigned pending; /* requests that wait for their answer */
};

struct kai_control_slot {
	uint64_t client; /* 0: free */
	int fd;
	size_t len; /* of the request */
	int64_t since_ms;
	uint8_t route[KAI_ROUTE_SIZE];
	size_t route_len;
};

struct kai_net {
	uint8_t org[KAI_ID_LEN];
	const uint8_t *node_key;
	const uint8_t *node_secret;
	struct kai_log *log;
	struct kai_pool *pool;
	void *context;
	struct kai_zap *zap;
	struct kai_roster *roster;
	bool held;
	bool stopping;
	uint64_t last_link;
	uint64_t last_monitor;
	struct kai_conn *conns;
	size_t accepted_count;
	size_t accepted_max;
	struct kai_dial *dials;
	void *router; /* NULL: does not listen */
	void *router_monitor;
	struct kai_input *blank; /* for the next frame */
	bool full;		 /* the pool is; nothing is read from links meanwhile */
	int64_t next_tick_ms;
	int64_t blocked_ms; /* how long to wait before trying again to send; 0: nothing waits */
	/* control.c */
	void *control;
	void *control_monitor;
	int control_dir_fd;
	bool control_bound;
	char control_endpoint[KAI_CONTROL_ENDPOINT];
	uint64_t last_client;
	size_t control_used;
	size_t control_bytes; /* of their requests */
	struct kai_control_slot slots[KAI_CONTROL_SLOTS];
	size_t client_count;
	struct kai_client clients[KAI_CONTROL_CLIENTS];
	int signal_fd;
	int wake_fd;
	int room_fd;
	zmq_pollitem_t *items;
	size_t item_cap;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* of mail */
	struct kai_mail_list mail;
};

/* ---- conn.c ---- */
struct kai_conn *kai_conn_new(
	struct kai_net *net); /* in the list; ends the process without memory */
void kai_conn_up(struct kai_net *net, struct kai_conn *conn, const struct kai_roster_row *row);
/* Ends it: tells the loop, drops what waits, cuts the wire. It may be freed afterwards. */
void kai_conn_end(struct kai_net *net, struct kai_conn *conn, const char *reason);
void kai_conn_remove(struct kai_net *net, struct kai_conn *conn); /* from the list, and frees it */
struct kai_conn *kai_conn_by_link(struct kai_net *net, uint64_t link);
void kai_conn_send(struct kai_net *net, struct kai_conn *conn, struct kai_mail *mail);
/* Sends what waits; false: some still waits. */
bool kai_conn_flush(struct kai_net *net, struct kai_conn *conn);
/* One message off a socket: its body in net->blank and ret_more for what follows. false: nothing,
 * or no room. */
bool kai_conn_read(struct kai_net *net, void *socket, bool *ret_more);
/* Gives net->blank to the pool as a frame of that connection. */
void kai_conn_deliver(struct kai_net *net, struct kai_conn *conn);
/* Has the peer made the kernel take much more than ever came out as messages? */
bool kai_conn_floods(struct kai_conn *conn);
/* Drops the rest of a multipart message. */
void kai_drop_rest(void *socket);

/* ---- links.c ---- */
KAI_MUST_USE enum kai_err kai_links_bind(struct kai_net *net, const struct kai_config *settings,
					 struct kai_why *why);
void kai_links_events(struct kai_net *net);
bool kai_links_read(struct kai_net *net); /* true: there is more */
void kai_links_close(struct kai_net *net);
/* Ends what the roster does not allow any more. */
void kai_links_prune(struct kai_net *net);
KAI_MUST_USE enum kai_err kai_link_options(struct kai_net *net, void *socket, struct kai_why *why);
KAI_MUST_USE void *kai_monitor_open(struct kai_net *net, void *socket, int events);
/* The next event; false: none. */
bool kai_monitor_next(void *monitor, unsigned *ret_event, int *ret_value);

/* ---- dial.c ---- */
void kai_dial_roster(struct kai_net *net); /* whom to dial now */
void kai_dial_due(struct kai_net *net);
int64_t kai_dial_next_ms(const struct kai_net *net);
void kai_dial_events(struct kai_net *net, struct kai_conn *conn);
bool kai_dial_read(struct kai_net *net, struct kai_conn *conn);
/* The connection is gone: closes its sockets and plans the next attempt. */
void kai_dial_closed(struct kai_net *net, struct kai_conn *conn);
void kai_dial_free(struct kai_net *net);

/* ---- control.c ---- */
KAI_MUST_USE enum kai_err kai_control_bind(struct kai_net *net, const char *dir,
					   struct kai_why *why);
void kai_control_read(struct kai_net *net);
/* Is there room for one more request? */
bool kai_control_has_room(const struct kai_net *net);
void kai_control_answer(struct kai_net *net, struct kai_mail *mail);
void kai_control_tick(struct kai_net *net, int64_t now_ms);
void kai_control_close(struct kai_net *net);

/* ---- clients.c ---- */
void kai_clients_events(struct kai_net *net);
/* A request came on that connection; an answer, or the end of waiting for one, went. */
void kai_clients_asked(struct kai_net *net, int fd);
void kai_clients_answered(struct kai_net *net, int fd);
void kai_clients_tick(struct kai_net *net, int64_t now_ms);

#endif
