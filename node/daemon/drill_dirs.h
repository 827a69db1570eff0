/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories DIR/drills/REALM of drills that nobody serves any more. Kept for their reports, and not
 * without end. The loop's thread.
 */
#ifndef KAIRAN_DAEMON_DRILL_DIRS_H
#define KAIRAN_DAEMON_DRILL_DIRS_H

#include "kairan/store.h"

struct kai_loop;

/* Must its directory stay, since it is served or will be? */
typedef bool (*kai_drill_stays_fn)(const void *context, const uint8_t realm[KAI_REALM_LEN]);

/* Removes those that txn, of the live store, knows nothing of; then, while all of them together take more
 * than most_bytes (0: no bound), the one that was written to longest ago. None that stays. */
void kai_drill_dirs_trim(struct kai_loop *loop, struct kai_txn *txn, uint64_t most_bytes,
			 kai_drill_stays_fn stays, const void *context);

#endif
