/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An organisation that is not run by kairand: keys, card and agreement are real, and so is the CURVE
 * link, but what it says is the test's. For tests only: what fails outside the node under test is
 * an assertion. One thread.
 */
#ifndef KAIRAN_BOX_PEER_H
#define KAIRAN_BOX_PEER_H

#include "kairan/frames.h"
#include "../unit/fixture.h"
#include "node.h"

#define BOX_PATIENCE_MS 10000
#define BOX_REPLIES 16384

struct box_reply {
	enum kai_msg_type type; /* STORED, REFUSE, WANT or NO */
	uint8_t id[KAI_ID_LEN];
	uint64_t klass;
	uint64_t parts;
	char reason[KAI_MAX_SHORT + 1];
};

struct box_peer {
	struct box_node *node;
	const char *country;
	struct fix_pair root, system, duty, decider, past, seal, link;
	struct kai_span card, record;
	uint64_t serial;
	void *context, *socket;
	uint8_t nonce[16], node_nonce[16];
	bool greeted, up;
	uint64_t frames; /* that came, since it was made */
	struct box_reply *replies;
	size_t reply_count;
	struct kai_arena arena; /* card, crafted items */
	struct kai_arena check;
};

/* What it may send to the node and the other way: kinds but sitreps, power only, AMBER or wider. */
struct box_peer *box_peer_new(struct box_node *node, uint8_t number, const char *country);
void box_peer_free(struct box_peer *peer);
/* A new connection; greeted is whether both say hello and it comes up. */
void box_peer_connect(struct box_peer *peer, bool greeted);
void box_peer_close(struct box_peer *peer);

void box_peer_bytes(struct box_peer *peer, struct kai_span bytes);
void box_peer_send(struct box_peer *peer, enum kai_msg_type type, void *msg);
/* Reads what comes for so long, or until *stop when it is given. */
void box_peer_read(struct box_peer *peer, int64_t ms);
/* The reply about an id; NULL: none came in time. It is taken out. */
const struct box_reply *box_peer_reply(struct box_peer *peer, enum kai_msg_type type,
				       const uint8_t id[KAI_ID_LEN], int64_t ms);

#endif
