/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connection of an org is the one that the engine knows of: what still waits from an older one
 * is dropped, in both directions. The loop's; embedded.
 */
#ifndef KAIRAN_DAEMON_SESSIONS_H
#define KAIRAN_DAEMON_SESSIONS_H

#include "kairan/base.h"

struct kai_session {
	uint8_t org[KAI_ID_LEN];
	uint64_t link;
};

struct kai_sessions {
	struct kai_session *rows; /* ascending by org */
	size_t count;
	size_t cap;
};

void kai_sessions_done(struct kai_sessions *sessions);
void kai_sessions_clear(struct kai_sessions *sessions);
/* 0: the org has none. */
uint64_t kai_sessions_link(const struct kai_sessions *sessions, const uint8_t org[KAI_ID_LEN]);
KAI_MUST_USE bool kai_sessions_set(struct kai_sessions *sessions, const uint8_t org[KAI_ID_LEN],
				   uint64_t link); /* false: out of memory */
void kai_sessions_drop(struct kai_sessions *sessions, const uint8_t org[KAI_ID_LEN]);

#endif
