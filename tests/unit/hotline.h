/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Five organisations, of which two have an agreement for contingencies alone: an author whose items go to a centre by a
 * middle, and a body that carries them there when the middle cannot be reached. For tests only; one thread.
 */
#ifndef KAIRAN_TEST_HOTLINE_H
#define KAIRAN_TEST_HOTLINE_H

#include "net.h"

#include "kairan/frames.h"
#include "kairan/records.h"

enum hotline_node { CENTRE, BODY, MIDDLE, AUTHOR, MEMBER };

#define AFTER (30 * KAI_MS_MINUTE)
#define LONGEST (4 * KAI_MS_HOUR)
#define PAUSE KAI_MS_HOUR

/* Clause 0: the author's incidents and alerts to the centre. 1: the body's alerts there. 2: the centre's alerts to the
 * body. */
enum hotline_clause { FROM_AUTHOR, FROM_BODY, FROM_CENTRE, CLAUSES };

/* All agreed, linked and at rest; member is the body's constituency. */
struct net *hotline_new(void);
/* The same without any clause: the body and the centre have an agreement that carries rfi alone. */
struct net *hotline_without(void);
/* The middle goes, for everybody; and comes back. */
void hotline_lose(struct net *net);
void hotline_back(struct net *net);
/* An urgent incident of a node, AMBER, for centre, middle, body and member. */
void hotline_file(struct net *net, unsigned node, uint8_t ret[KAI_ID_LEN]);
/* Does the centre hold it? */
bool hotline_came(struct net *net, const uint8_t id[KAI_ID_LEN]);
/* What stands in the body's RELEASED or the centre's SUPPLY about the other; zeros: no mark. */
struct kai_mark hotline_mark(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN]);
/* How often the node's journal says so. */
size_t hotline_said(struct net *net, unsigned node, const char *event);
/* The body's (OURS) or the centre's (THEIRS) record of a clause; opened_at 0: none. */
struct kai_outage hotline_outage(struct net *net, enum kai_outage_side side,
				 enum hotline_clause clause);

#endif
