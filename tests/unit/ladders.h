/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A federation whose nodes call people, for the tests of that: two nodes of a net (net.h), of which the second names
 * its people by configuration and in the agreement, and what there is to look at. For tests only. One thread.
 */
#ifndef KAIRAN_TEST_LADDERS_H
#define KAIRAN_TEST_LADDERS_H

#include "net.h"

#include "kairan/records.h"

#define MIN KAI_MS_MINUTE
#define HOUR KAI_MS_HOUR

/* A duty officer, two deputies, a decider, and whoever keeps the link up. */
#define LADDER_PEOPLE 5
extern const struct kai_contact ladder_people[LADDER_PEOPLE];
/* For alerts the design's numbers, for the rest shorter ones, so that tests need not pass days; those people; GREEN. */
struct kai_escalation ladder_usual(void);
/* All start anew with it; links are cut. */
void ladder_configure(struct net *net, const struct kai_escalation *say);
/* 0 and 1, agreed and linked; 1 names its people in the agreement. */
struct net *ladder_pair_with(const struct kai_ack_deadline *acks, size_t ack_count);
struct net *ladder_pair(void);
void ladder_finish(struct net *net);

/* From 0, for everybody. */
void ladder_alert(struct net *net, uint64_t urgency, uint8_t ret[KAI_ID_LEN]);
void ladder_acknowledge(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
			uint64_t level);
/* How many calls a node was told to make, and the nth of them. */
size_t ladder_calls_at(const struct net *net, unsigned node);
const struct net_call *ladder_call_at(const struct net *net, unsigned node, size_t nth);
/* All of them ended well. */
void ladder_done_all(struct net *net, unsigned node);

void ladder_text(struct kai_span span, const char *text);
uint16_t ladder_number_of(struct net *net, unsigned node, unsigned other);
/* The row; id NULL: of a link. false: there is none. */
bool ladder_row(struct net *net, unsigned node, const uint8_t *id, uint16_t peer,
		struct kai_ladder *ret);
void ladder_ended(struct net *net, unsigned node, const uint8_t *id, uint16_t peer,
		  const char *why);

#endif
