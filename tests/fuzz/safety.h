/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold of the town's honest nodes after every event, computed from outside: who may hold
 * and get what by a small reading of the label rules of its own, the integrity of the stores, the
 * bounds of what a peer may cost. Aborts where it does not. One thread.
 */
#ifndef KAIRAN_FUZZ_SAFETY_H
#define KAIRAN_FUZZ_SAFETY_H

#include "town.h"

/* At the start of an input: the town as it is, is good. */
void safety_begin(struct town *town);
/* A request that V is about to be asked: what it publishes becomes known. Lives until the next. */
void safety_request(struct kai_span request);
/* The town's look: each output of an honest node, and the bounds after each turn. */
void safety_look(struct town *town, unsigned node, const struct kai_output *output);
/* After each event: the stores. */
void safety_check(struct town *town);
/* At the end of an input: everything, whatever has changed. */
void safety_end(struct town *town);
/* May an item with this label, made by origin, go from one node to another? An upper bound: time,
 * state and volume are not looked at. */
bool safety_may(const struct kai_label *label, unsigned origin, unsigned from, unsigned to);

#endif
