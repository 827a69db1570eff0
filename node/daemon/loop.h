/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One turn is one transaction: take what was checked, step the engine for each, commit, and only
 * then let the outputs go. A failed commit is a crash: outputs dropped, links ended, the engine made
 * anew from the store. A full disk makes the node read-only until a commit succeeds again. One
 * thread.
 */
#ifndef KAIRAN_DAEMON_LOOP_H
#define KAIRAN_DAEMON_LOOP_H

#include "clock.h"
#include "drills.h"
#include "hooks.h"
#include "log.h"
#include "links.h"
#include "pool.h"
#include "sessions.h"

#define KAI_TURN_INPUTS 1024 /* group commit grows with what waits, up to this */

struct kai_loop {
	/* given */
	struct kai_store *store;
	struct kai_engine_config config;
	struct kai_clock clock;
	struct kai_log *log;
	struct kai_pool *pool;
	struct kai_net *net;
	const char *dir;	    /* data directory: drills' stores lie there */
	uint64_t drill_quota_bytes; /* of each of them */
	const char *cut;	    /* aliases of partners with whom no link is held: a lab's */
	struct kai_hooks *hooks;
	/* its own */
	struct kai_engine *engine;
	struct kai_out *out;
	struct kai_sessions sessions;
	struct kai_drills drills;
	uint64_t *out_links; /* connection that each output is meant for, as things stood then */
	size_t out_link_count;
	size_t out_link_cap;
	bool more;
	bool read_only;
	int64_t retry_ms;      /* read-only: when to try again, real clock */
	int64_t retry_wait_ms; /* and how long it waited for that */
	int64_t reap_ms;
	size_t told_links; /* what STATUS= said last */
	int signal;	   /* that came, 0: none; the caller takes it */
	struct kai_input *inputs[KAI_TURN_INPUTS];
};

/* Makes the engine from the store and tells the links whom to talk to. What it gives back is why the
 * node cannot run. */
KAI_MUST_USE enum kai_err kai_loop_start(struct kai_loop *loop, struct kai_why *why);
/* Waits for something to do and does it. Not OK: the node cannot go on. */
KAI_MUST_USE enum kai_err kai_loop_turn(struct kai_loop *loop, struct kai_why *why);
/* Tells the links whom to talk to, as the store and `cut` say it now. */
KAI_MUST_USE enum kai_err kai_loop_send_roster(struct kai_loop *loop, struct kai_why *why);
/* Says bye on every link. */
void kai_loop_bye(struct kai_loop *loop, const char *reason);
void kai_loop_done(struct kai_loop *loop);

/* ---- release.c ---- */
/* Remembers for which connection the outputs since the last call are; false: out of memory. */
KAI_MUST_USE bool kai_release_mark(struct kai_loop *loop);
/* Lets all outputs of the turn go, those of a drill (its realm, NULL: live) behind everything live; true
 * when some said that peers changed. */
bool kai_release_all(struct kai_loop *loop, const uint8_t *realm);
/* The bytes of the first answer among the outputs; the empty span: none. */
struct kai_span kai_release_answer(const struct kai_loop *loop);
void kai_release_reply(struct kai_loop *loop, uint64_t client, const uint8_t *bytes, size_t len);
void kai_release_order(struct kai_loop *loop, enum kai_mail_type type);

#endif
