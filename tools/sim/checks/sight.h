/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checkers see together, read once: after each commit what the log of that store gained, the
 * holdings of every node, what a node knows of agreements and memberships; of each frame that left, what it
 * says; who told whom of which id. The checker `sight` comes first in the list and fills this; the
 * others look. It judges nothing but that it can read. Owned by the sim's ledger. One thread.
 */
#ifndef KAIRAN_SIM_SIGHT_H
#define KAIRAN_SIM_SIGHT_H

#include "../ledger.h"
#include "kairan/frames.h"
#include "kairan/records.h"
#include "map.h"

/* What the store of a node holds of an item. */
struct sim_holding {
	uint64_t arrival; /* 0: nothing */
	int64_t at_ms;	  /* first arrival, virtual */
	int64_t promised_ms;
	uint32_t turn; /* of the arrival (node->turns) */
	uint32_t from; /* first supplier; SIM_NONE: its own */
	uint16_t held;
	uint16_t promised; /* parts that it said it stored */
	uint16_t flags;	   /* KAI_ITEM_… when last read */
	uint8_t overlay;   /* widest onward rule of the agreements under which it came */
	uint8_t hops;
	bool promise; /* said stored, or answered with its id */
};

/* An item that the store of the node at hand gained, or gained more of. */
struct sim_change {
	uint64_t arrival;
	struct kai_item item;	      /* in the sight's arena */
	const struct sim_item *truth; /* NULL: nobody signed it */
	struct sim_holding *holding;  /* as it is now; NULL without truth */
	uint64_t before;	      /* arrival before this change, 0: it is new */
	uint32_t fresh;		      /* parts */
};

/* How one supplier stands in a node's SUPPLY. */
struct sim_supply {
	uint32_t peer;		     /* SIM_NONE: the node itself */
	const struct sim_pact *pact; /* NULL: zeros, or an unknown digest */
	uint32_t parts;
	bool marked;
};

#define SIM_TOLD 1u    /* a frame with the id left for it */
#define SIM_PASSED 2u  /* a frame with the header left for it */
#define SIM_OFFERED 4u /* an offer of it left for it */

/* An id in a frame. */
struct sim_mention {
	const uint8_t *id;
	uint32_t number; /* of the ledger, or a stranger's */
	const struct sim_item *truth;
	uint32_t parts; /* whose ciphertext, wrap or holding it tells of */
	bool shown;	/* it comes with the header, or proves to have it */
};

struct sim_sight {
	struct sim *sim;
	struct sim_holding **holdings; /* a node each, by item number */
	uint32_t *holding_caps;
	struct kai_wall *walls; /* a node each: when its newest turn was, by its clock */
	/* of the turn at hand */
	struct sim_node *node;
	struct kai_txn *txn;
	struct kai_arena arena;
	struct sim_change *changes;
	size_t change_count, change_cap;
	/* of the frame at hand; false: cannot be read, or is not looked at */
	bool read;
	union kai_msg msg;
	struct sim_mention *mentions;
	size_t mention_count, mention_cap;
	/* who was told of what */
	struct sim_map told;
	uint8_t (*strangers)[KAI_ID_LEN];
	uint32_t *stranger_slots;
	uint32_t stranger_count, stranger_cap;
	uint64_t *journals; /* a node each: entries that were looked at */
};

struct sim_sight *sim_sight_of(const struct sim *sim);
extern const struct sim_checker sim_check_sight; /* the first of the list */
extern const struct sim_checker
	sim_check_sight_over; /* the last: notes what was told, closes the look */

/* What a node holds of a ledger's item; NULL: nothing. */
struct sim_holding *sim_holding_of(const struct sim_sight *sight, uint32_t node, uint32_t item);
/* The same, made when there is none: to remember what it promised. */
struct sim_holding *sim_holding_make(struct sim_sight *sight, uint32_t node, uint32_t item);
/* Bits of SIM_TOLD, SIM_PASSED and SIM_OFFERED from one to another. */
unsigned sim_told(const struct sim_sight *sight, uint32_t from, uint32_t to,
		  const struct sim_mention *mention);
bool sim_passed(const struct sim_sight *sight, uint32_t from, uint32_t to, uint32_t item);
bool sim_is_honest(const struct sim *sim, uint32_t node);
/* Of which realm a header says that it is; false: it does not begin as one. */
bool sim_header_realm(struct kai_span header, uint8_t ret[KAI_REALM_LEN]);

/* Reads SUPPLY of an arrival; returns how many (at most cap). */
size_t sim_supplies(struct sim_sight *sight, struct kai_txn *txn, uint32_t node, uint64_t arrival,
		    struct sim_supply *ret, size_t cap);
/* Widest onward rule under which the node has it by what its store says now. */
uint8_t sim_overlay(struct sim_sight *sight, struct kai_txn *txn, uint32_t node, uint64_t arrival);
/* A look into a node's store; the caller aborts it. Ends the process when it cannot. */
struct kai_txn *sim_look(const struct sim_node *node);
/* That it passed between the node whose store this is and the peer, by the node's own record. */
bool sim_recorded(struct sim_sight *sight, struct kai_txn *txn, uint64_t arrival, uint32_t peer);
/* A hop that the decider judged in its newest turn, by what it knew and by its clock. */
struct sim_hop sim_hop_by(struct sim_sight *sight, uint32_t decider, uint32_t from, uint32_t to,
			  const struct sim_item *item, int part);
/* The rule that forbids it, also by what the stores alone say; NULL: none. */
const char *sim_hop_forbidden(struct sim_sight *sight, struct sim_hop hop);

#endif
