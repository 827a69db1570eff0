/* SPDX-License-Identifier: Apache-2.0 */
/* The checkers, each in its own file, and what several of them ask. Order and list: list.c. */
#ifndef KAIRAN_SIM_CHECKS_H
#define KAIRAN_SIM_CHECKS_H

#include "sight.h"

#define SIM_X_CHECK(X)                                                                             \
	X(label)                                                                                   \
	X(disclosure)                                                                              \
	X(papers)                                                                                  \
	X(cards)                                                                                   \
	X(ends)                                                                                    \
	X(probe)                                                                                   \
	X(quotas)                                                                                  \
	X(verified)                                                                                \
	X(durable)                                                                                 \
	X(once)                                                                                    \
	X(retraction)                                                                              \
	X(bounds)                                                                                  \
	X(credit)                                                                                  \
	X(quiet)                                                                                   \
	X(realm)                                                                                   \
	X(arrival)                                                                                 \
	X(timers)                                                                                  \
	X(receipts)                                                                                \
	X(pending)                                                                                 \
	X(duties)                                                                                  \
	X(contingency)                                                                             \
	X(calls)                                                                                   \
	X(economy)

#define X(name) extern const struct sim_checker sim_check_##name;
SIM_X_CHECK(X)
#undef X

/* calloc that ends the process with a word. */
void *sim_check_room(size_t count, size_t size);
/* The list with room for one after its count, moved where it had none; what is new in it is not cleared. */
void *sim_check_more(void *list, size_t count, size_t *cap, size_t size);
/* true: this checker judges the frame: an honest engine made it and it can be read. */
bool sim_check_hears(const struct sim *sim, const struct sim_frame *frame);

#endif
