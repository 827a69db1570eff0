/* SPDX-License-Identifier: Apache-2.0 */
#include "realm.h"

void sim_rehearsal_settled(struct sim *sim)
{
	(void)sim;
}
