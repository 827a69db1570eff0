/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may connect: the ZeroMQ authentication handler (ZAP, RFC 27) on inproc://zeromq.zap.01, in a
 * thread of its own. libzmq serves everybody while no handler is bound, so it is made before any
 * socket binds and goes after the last one is closed. A known node key gets the user id
 * "RANDOM:KEY" (random per boot, key in base32); a peer's own User-Id cannot know the random.
 */
#ifndef KAIRAN_DAEMON_ZAP_H
#define KAIRAN_DAEMON_ZAP_H

#include "log.h"
#include "roster.h"

#define KAI_ZAP_DOMAIN "kairan"

struct kai_zap;
/* context: ZeroMQ's; outlives it. */
KAI_MUST_USE enum kai_err kai_zap_new(void *context, struct kai_log *log, struct kai_zap **ret,
				      struct kai_why *why);
/* Tells the thread to go and waits for it; every guarded socket must be closed before. */
void kai_zap_free(struct kai_zap *zap);

/* From now on these keys and no others get in. NULL: nobody. Copies. NOMEM: nobody gets in. */
enum kai_err kai_zap_allow(struct kai_zap *zap, const struct kai_roster *roster);

/* The key behind a User-Id, if this handler of this boot gave it. */
KAI_MUST_USE bool kai_zap_user_key(const struct kai_zap *zap, const char *user,
				   uint8_t ret[KAI_ID_LEN]);

#endif
