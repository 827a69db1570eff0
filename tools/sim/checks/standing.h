/* SPDX-License-Identifier: Apache-2.0 */
/* Between whom everything should have passed by the end of a run. For the checkers of liveness. */
#ifndef KAIRAN_SIM_STANDING_H
#define KAIRAN_SIM_STANDING_H

#include "checks.h"

/* Rogues make things until the end: what came so shortly before it may not have gone further yet. */
#define SIM_JUST_NOW_MS KAI_MS_MINUTE

/* The wall time at the end of the run, when all clocks are right again. */
struct kai_wall sim_end_wall(const struct sim *sim);
/* The agreement that stands between two honest nodes since before faults ended and until the end, with no
 * word on it since; NULL: none. */
const struct sim_pact *sim_standing(const struct sim *sim, uint32_t a, uint32_t b);
/* Can b know who signed it: by a card of its own, or by one that a may bring? Looks into both stores. */
bool sim_signer_known(struct sim_sight *sight, const struct sim_item *item,
		      const struct sim_pact *pact, uint32_t a, struct kai_txn *mine,
		      struct kai_txn *theirs);
/* What h recorded of an item for p: that it waits, and for how long (wall). false: it does not wait. */
bool sim_put_off(struct sim_sight *sight, struct kai_txn *txn, uint32_t peer, uint64_t arrival,
		 struct kai_wall now);

#endif
