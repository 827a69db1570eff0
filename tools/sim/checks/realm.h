/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the checker `realm` share. Everything lent lies in the sight's arena. */
#ifndef KAIRAN_SIM_REALM_H
#define KAIRAN_SIM_REALM_H

#include "checks.h"
#include "kairan/drill.h"
#include "kairan/rec.h"

/* Its terms consent to a drill of that level. */
static inline bool sim_consents(const struct sim_pact *pact, uint64_t level)
{
	return pact != NULL && pact->of.terms.drill_consent >= level;
}

/* What lies in a store, read here once more: the engine's own reading is what is judged. */
static inline bool sim_takes_part(struct kai_txn *txn, const struct kai_drill_held *held,
				  const uint8_t org[KAI_ID_LEN], struct kai_arena *arena)
{
	struct kai_drill_word word;

	return kai_drill_has(&held->drill, org) &&
	       kai_rec_drill_say(txn, held->drill.realm, org, KAI_DRILL_CONSENTS, arena, &word) &&
	       word.say.what == KAI_DRILL_CONSENTS && kai_id_equal(word.say.drill, held->digest) &&
	       kai_id_equal(word.say.org, org);
}

static inline int64_t sim_drill_end(struct kai_txn *txn, const struct kai_drill_held *held,
				    struct kai_arena *arena)
{
	struct kai_drill_word word;
	uint64_t end = held->drill.until;

	if (kai_rec_drill_say(txn, held->drill.realm, held->drill.director, KAI_DRILL_CLOSES, arena,
			      &word) &&
	    word.say.at < end)
		end = word.say.at;
	return (int64_t)end;
}

/* rehearsal.c: faults over, those whom good agreements join know of one another's drills and have what was
 * published in them. */
void sim_rehearsal_settled(struct sim *sim);

#endif
