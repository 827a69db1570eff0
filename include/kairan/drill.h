/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drills: what their director signs, and what each participant says to it. Both travel and lie in the
 * live realm; what is practised travels in realm frames (check.h) and lies in stores of its own
 * (kai_store_open_drill). Who is told and whose word counts is the engine's. Pure; any thread.
 */
#ifndef KAIRAN_DRILL_H
#define KAIRAN_DRILL_H

#include "kairan/crypto.h"

/* Of a drill, and of an agreement's consent; each allows those below. */
enum kai_drill_level { KAI_DRILL_NONE, KAI_DRILL_COMCHECK, KAI_DRILL_WHOLE };

enum kai_drill_what { KAI_DRILL_CONSENTS = 1, KAI_DRILL_REFUSES, KAI_DRILL_CLOSES };

/*
 * The drill in these signed bytes, to learn whose card is needed: verified against the key inside.
 * Faults of decoding and SIGNATURE, VERSION, UNORDERED (participants), MEANING: the live realm, no
 * level that is known, a window that ends before it begins, is longer than KAI_DRILL_MAX_MS, over
 * when it was made or begins more than KAI_DRILL_AHEAD_MS after that, a director who takes no part, a
 * name or word that is "live" in any case. digest = H(drill, live, body).
 */
KAI_MUST_USE enum kai_fault kai_drill_peek(struct kai_span bytes, struct kai_arena *arena,
					   struct kai_drill *ret, uint8_t ret_digest[KAI_ID_LEN]);
/* The same, signed by a decider of that card, whose org is the director (MEANING); key good at
 * created_at. */
KAI_MUST_USE enum kai_fault kai_drill_open(struct kai_span bytes, const struct kai_card *director,
					   struct kai_arena *arena, struct kai_drill *ret,
					   uint8_t ret_digest[KAI_ID_LEN]);
/* As kai_drill_peek: MEANING for a word that is not known. */
KAI_MUST_USE enum kai_fault kai_drill_say_peek(struct kai_span bytes, struct kai_arena *arena,
					       struct kai_drill_say *ret);
/* The same, signed for the org of that card (MEANING): closing by a decider, else by the duty desk;
 * key good at `at`. */
KAI_MUST_USE enum kai_fault kai_drill_say_open(struct kai_span bytes, const struct kai_card *org,
					       struct kai_arena *arena, struct kai_drill_say *ret);

bool kai_drill_has(const struct kai_drill *drill, const uint8_t org[KAI_ID_LEN]);

static inline bool kai_realm_is_live(const uint8_t realm[KAI_REALM_LEN])
{
	uint8_t any = 0;

	for (size_t i = 0; i < KAI_REALM_LEN; i++)
		any |= realm[i];
	return any == 0;
}

#endif
