/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every made-up organisation says when the test does not mind: agreements that let everything
 * pass, items with nothing missing, cards in order. Nothing is kept. For tests only; any thread.
 */
#ifndef KAIRAN_TEST_USUAL_H
#define KAIRAN_TEST_USUAL_H

#include "test.h"

#include "kairan/agreement.h"
#include "kairan/card.h"

/* Every kind and sector, up to RED, onward to any. */
void usual_direction(struct kai_direction *ret);
/* A body with every mandatory field of its kind, in the arena. question: what fields that hold an id name; NULL: an
 * id of nothing. */
struct kai_span usual_body(uint64_t kind, const char *title, const uint8_t *question,
			   struct kai_arena *arena);
/* Puts a card's keys into the order that a card must have them in. */
void usual_keys(struct kai_card *card);

#endif
