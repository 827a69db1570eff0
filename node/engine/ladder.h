/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What escalate.c (what bears on ladders), ladder.c (one ladder's life), ladder_who.c (whom it calls) and
 * ladder_call.c (what whoever calls is told) share. Everything in the turn's scratch. One thread per engine.
 */
#ifndef KAIRAN_ENGINE_LADDER_H
#define KAIRAN_ENGINE_LADDER_H

#include "private.h"

/* One ladder, read. Its steps have room for KAI_RUNGS; they and the strings lie in scratch. */
struct kai_ladder_case {
	struct kai_ladder_place place;
	struct kai_ladder row;
	struct kai_step steps[KAI_RUNGS];
};

/* ---- ladder.c */
const struct kai_ladder_times *kai_ladder_times_of(const struct kai_engine *engine,
						   uint64_t urgency);
/* A row of TIMERS for then, by the wall clock, and the deadline with it. */
void kai_ladder_timer(struct kai_turn *turn, uint64_t at, enum kai_timer_kind kind,
		      const struct kai_key *rest);
/* Reads it from LADDERS; false when it is not there. */
bool kai_ladder_read(struct kai_turn *turn, const struct kai_ladder_place *place,
		     struct kai_ladder_case *ret);
/* Writes a new one with its timer; place, urgency, at, received_ms and until are set. */
void kai_ladder_begin(struct kai_turn *turn, struct kai_ladder_case *io);
/* Nobody is to be called any more: why, a static word. A step that runs is not stopped. */
void kai_ladder_end(struct kai_turn *turn, struct kai_ladder_case *io, const char *why);
/* Its timer, which is gone, went off: the next step is due. */
void kai_ladder_climb(struct kai_turn *turn, struct kai_ladder_case *io);
/* Starts what is due, and again what another life started; of one that has ended, settles it. false: as
 * many run as may. */
bool kai_ladder_start(struct kai_turn *turn, struct kai_ladder_case *io);
/* The row goes, whatever runs for it: nobody waits for that any more. */
void kai_ladder_forget(struct kai_turn *turn, const struct kai_ladder_case *ladder);
/* What became of the step. */
void kai_ladder_done(struct kai_turn *turn, struct kai_ladder_case *io);
/* The clock went back: the next rung is not further away than it can be. */
void kai_ladder_again(struct kai_turn *turn, struct kai_ladder_case *io);

/* ---- ladder_who.c */
/* Why nobody need be called any more, a static word; NULL: they must. */
const char *kai_ladder_over(struct kai_turn *turn, const struct kai_ladder_place *place,
			    uint64_t until);
/* Has the peer the item, as far as it said? */
bool kai_ladder_there(struct kai_turn *turn, uint64_t arrival, const struct kai_link *link);
/* Sets silence and whom to call by what is so now; the rung is set. */
void kai_ladder_who(struct kai_turn *turn, const struct kai_ladder_case *ladder,
		    struct kai_step *io_step);
/* Until when a person's word is asked for by what stands between us and that link, else by urgency. */
uint64_t kai_ladder_within(struct kai_turn *turn, struct kai_link *link, uint64_t urgency);

/* ---- ladder_call.c */
void kai_ladder_call(struct kai_turn *turn, const struct kai_ladder_case *ladder,
		     const struct kai_step *step);

#endif
