/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What duty.c (which duties an item brings about, and what bears on them) and duty_state.c (one duty's
 * life) share. Everything in the turn's scratch. One thread per engine.
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

#endif
