/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What duty.c (what bears on duties), duty_cause.c (which ones an item brings about) and duty_state.c
 * (one duty's life) share. Everything in the turn's scratch. One thread per engine.
 */
#ifndef KAIRAN_ENGINE_DUTY_H
#define KAIRAN_ENGINE_DUTY_H

#include "private.h"

/* One duty, read. The row's strings live in scratch. */
struct kai_duty_case {
	struct kai_duty_place place;
	struct kai_duty_row row;
};

/* Reads it from DUTIES; false when it is not there. */
bool kai_duty_read(struct kai_turn *turn, const struct kai_duty_place *place,
		   struct kai_duty_case *ret);
/* Writes a new one with its timer and says so; the rest of row is set. */
void kai_duty_begin(struct kai_turn *turn, struct kai_duty_case *io);
/* Met by that item (NULL: by the item itself). */
void kai_duty_met(struct kai_turn *turn, struct kai_duty_case *io, const uint8_t *answer);
/* There is nothing to be done any more: why, a static word. */
void kai_duty_end(struct kai_turn *turn, struct kai_duty_case *io, const char *why);
/*
 * What has become of an open one by the store as it is now: met, ended, blocked, free again. fired:
 * its timer, which is gone, said that its time is over.
 */
void kai_duty_look(struct kai_turn *turn, const struct kai_item_facts *facts,
		   struct kai_duty_case *io, bool fired);

/* Is any duty in an agreement of ours about such an item? Most nodes take most items without looking further. */
bool kai_duty_asked(struct kai_turn *turn, const struct kai_header *header);
/* Does any let us carry by a contingency clause? */
bool kai_clause_asked(struct kai_turn *turn);
/* The link with an org that has a number, heard or not since the start; NULL: none, or it is us. */
struct kai_link *kai_duty_partner(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN]);
/* An item that this node took, by that link (NULL: its own), and its origin's (NULL: none). */
void kai_duty_cause_ours(struct kai_turn *turn, const struct kai_item_facts *facts,
			 struct kai_link *link, struct kai_link *origin);
/* Does that agreement ask something of the peer once it has such an item from us? */
bool kai_duty_asked_of(const struct kai_link *link, const struct kai_terms *terms,
		       const struct kai_header *header);
/* An item that the peer has from us now. */
void kai_duty_cause_theirs(struct kai_turn *turn, const struct kai_item_facts *facts,
			   struct kai_link *link);

#endif
