/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the checker `realm` share. Everything lent lies in the sight's arena. */
#ifndef KAIRAN_SIM_REALM_H
#define KAIRAN_SIM_REALM_H

#include "checks.h"
#include "kairan/drill.h"

/* Its terms consent to a drill of that level. */
static inline bool sim_consents(const struct sim_pact *pact, uint64_t level)
{
	return pact != NULL && pact->of.terms.drill_consent >= level;
}

/* rehearsal.c: faults over, those whom good agreements join know of one another's drills and have what was
 * published in them. */
void sim_rehearsal_settled(struct sim *sim);

#endif
