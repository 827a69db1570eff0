/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies here of drills, on whose account, and for how long. Everything of a drill lies on the
 * account of the peer that brought it, and goes as a whole. The live realm's alone. One thread per
 * engine.
 */
#ifndef KAIRAN_ENGINE_DRILL_KEEP_H
#define KAIRAN_ENGINE_DRILL_KEEP_H

#include "kairan/rec.h"
#include "private.h"

/* Walks the drills, whether over or not. The caller may set scratch->used back between. */
void kai_drills_scan(struct kai_turn *turn, struct kai_scan *ret);
bool kai_drills_next(struct kai_scan *scan, uint8_t ret[KAI_REALM_LEN]);

/* May that director have one more? */
bool kai_drill_fits(struct kai_turn *turn, const uint8_t director[KAI_ID_LEN]);
/* Keeps it, and forgets another one of its director's when there are too many. by: who brought it, or this
 * org, whose own lies on no account. false: there is no room on that account. */
bool kai_drill_keep(struct kai_turn *turn, struct kai_drill_held *io, const uint8_t by[KAI_ID_LEN]);
/* A word about it, in place of what the same org said before. false: likewise. */
bool kai_drill_keep_say(struct kai_turn *turn, const struct kai_drill_held *held,
			const struct kai_drill_say *say, struct kai_span bytes);

#endif
