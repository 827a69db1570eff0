/* SPDX-License-Identifier: Apache-2.0 */
/* Drills in a net (net.h), for the tests of that: what is opened, said and known of them. For tests only. One
 * thread. */
#ifndef KAIRAN_TEST_DRILLS_H
#define KAIRAN_TEST_DRILLS_H

#include "net.h"

#include "kairan/drill.h"
#include "kairan/rec.h"

#define DRILLS_LONG_MS (60 * KAI_MS_MINUTE)

/* Both may introduce, and practise whatever there is. */
extern const struct net_terms drills_terms;
/* By the wall clock. */
uint64_t drills_now(const struct net *net);
/* With all other nodes; exit code. */
uint64_t drills_open(struct net *net, unsigned director, uint64_t level, uint64_t from,
		     uint64_t until);
/* A chain that practises, its first node directing, for an hour from now. */
struct net *drills_practice(unsigned count);
/* Does that node hold the org's consent? */
bool drills_consents(struct net *net, unsigned node, unsigned org);
/* Does it know the drill? */
bool drills_known(struct net *net, unsigned node, const uint8_t *realm);
/* What a participant says of it, signed by its duty desk. */
struct kai_span drills_word(struct net *net, unsigned signer, const struct kai_drill_held *held,
			    uint64_t what, uint64_t at);
/* A drill of that node's as it might have announced it, with its realm. */
struct kai_span drills_made(struct net *net, unsigned director, const struct kai_drill *like);
/* As that node holds the one that node 0 serves; into the arena of the net. */
void drills_held(struct net *net, unsigned node, struct kai_drill_held *ret);
/* A drill (what 1) or a word (2) that comes over a link, and what comes of it. */
void drills_inject(struct net *net, unsigned from, unsigned to, uint64_t what,
		   struct kai_span bytes);

#endif
