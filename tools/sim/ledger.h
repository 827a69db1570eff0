/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the ledger, for the oracle and the checkers: the lists, and what each node knows of
 * them. What is known is read from the node's store (checks/sight.c) and only ever chooses among what
 * the ledger says is true. Lasts as long as the sim. One thread.
 */
#ifndef KAIRAN_SIM_LEDGER_H
#define KAIRAN_SIM_LEDGER_H

#include "sim.h"

#define SIM_NONE UINT32_MAX

/* Who knows of something: bits. */
#define SIM_KNOWN_NOW 1u    /* it is in the node's store */
#define SIM_KNOWN_BEFORE 2u /* it was when the node's newest turn began */

struct sim_pact {
	struct sim_agreement of;
	uint32_t number;
	uint8_t known[2];    /* by a, by b */
	uint32_t next_of[2]; /* of the same a, of the same b */
	uint32_t notices;    /* newest made, SIM_NONE: none */
};

struct sim_word {
	struct sim_notice of;
	uint8_t known[2];
	uint32_t next; /* of the same agreement */
};

struct sim_seat {
	struct sim_member of;
	uint8_t *known; /* a node each; NULL: nobody asks */
	uint32_t next;	/* of the same keeper and member */
};

struct sim_sight;

struct sim_ledger {
	struct sim *sim;
	struct sim_item **items;
	uint32_t item_count, item_cap;
	uint32_t *slots; /* from id to item */
	uint32_t slot_count;
	struct sim_pact **pacts;
	uint32_t pact_count, pact_cap;
	uint32_t *first_pact; /* a node's newest */
	struct sim_word **words;
	uint32_t word_count, word_cap;
	struct sim_seat **seats;
	uint32_t seat_count, seat_cap;
	uint32_t seat_heads[1024];
	uint64_t *learnt; /* a node each: turns + 1 when what it knows last changed, 0: never */
	bool *stale;	  /* a node each: what it knows is to be read again */
	uint32_t node_count;
	struct sim_sight *sight; /* checks/sight.c's */
};

struct sim_pact *sim_pact_find(const struct sim_ledger *ledger, const uint8_t digest[KAI_ID_LEN]);
/* Among those of one node. */
struct sim_pact *sim_pact_find_of(const struct sim_ledger *ledger, uint32_t node,
				  const uint8_t digest[KAI_ID_LEN]);
/* Walks the agreements of one node, or of a pair (other SIM_NONE: any). previous NULL: the first. */
struct sim_pact *sim_pact_next(const struct sim_ledger *ledger, uint32_t node, uint32_t other,
			       const struct sim_pact *previous);
uint32_t sim_pact_other(const struct sim_pact *pact, uint32_t node);
uint32_t sim_seat_head(const struct sim_ledger *ledger, uint32_t keeper, uint32_t org);

/* What a node reads from its store anew; between begin and end it names what it found. restored: it
 * may have forgotten. */
void sim_know_begin(struct sim_ledger *ledger, uint32_t node, bool restored);
void sim_know_agreement(struct sim_ledger *ledger, uint32_t node, const uint8_t digest[KAI_ID_LEN]);
void sim_know_notice(struct sim_ledger *ledger, uint32_t node, const struct kai_notice *notice);
void sim_know_member(struct sim_ledger *ledger, uint32_t node, const struct kai_membership *member);
void sim_know_end(struct sim_ledger *ledger, uint32_t node);

/* The first rule that forbids, by its stable name; NULL: it may pass. */
const char *sim_oracle_forbids(const struct sim *sim, const struct sim_hop *hop);
/* The agreement in force between the two by what all know, at the wall time; NULL: none is active. */
const struct sim_pact *sim_oracle_pact(const struct sim *sim, uint32_t a, uint32_t b,
				       struct kai_wall now);
/* The one that counts by what the node knows, active or not; NULL: none. */
const struct sim_pact *sim_oracle_pact_by(const struct sim *sim, uint32_t node, uint32_t other,
					  struct kai_wall now, bool *ret_active);

#endif
