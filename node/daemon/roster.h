/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the node may talk to: a copy of what the engine says (kai_engine_peers), made by the loop
 * and given to the links. Never changed once given away. Heap; whoever holds it frees it.
 */
#ifndef KAIRAN_DAEMON_ROSTER_H
#define KAIRAN_DAEMON_ROSTER_H

#include "kairan/engine.h"

struct kai_roster_row {
	uint8_t org[KAI_ID_LEN];
	uint8_t keys[4][KAI_ID_LEN];
	size_t key_count;
	char endpoints[KAI_MAX_ENDPOINTS][KAI_MAX_ENDPOINT + 1];
	size_t endpoint_count;
	char alias[KAI_MAX_ALIAS + 1];
};

struct kai_roster {
	bool reachable; /* our own node record names an endpoint, so peers can dial us */
	struct kai_roster_row *rows;
	size_t count;
	size_t cap;
	bool failed; /* ran out of memory on the way: not to be used */
	const char
		*cut; /* aliases that are left out, separated by blanks; only while it is filled */
};

/* NULL: out of memory */
KAI_MUST_USE struct kai_roster *kai_roster_new(bool reachable, const char *cut);
void kai_roster_free(struct kai_roster *roster);
/* A kai_engine_peer_fn; context is the roster. Endpoints that are no tcp:// are left out. */
void kai_roster_add(void *context, const struct kai_engine_peer *peer);

const struct kai_roster_row *kai_roster_by_key(const struct kai_roster *roster,
					       const uint8_t key[KAI_ID_LEN]);
const struct kai_roster_row *kai_roster_by_org(const struct kai_roster *roster,
					       const uint8_t org[KAI_ID_LEN]);

#endif
