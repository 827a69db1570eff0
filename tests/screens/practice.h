/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A comcheck among made-up organisations over real engines and stores in memory: who directs it sits at node 0, one
 * partner confirms by a person, one has it and nobody confirms, one is not linked. For tests only.
 */
#ifndef KAIRAN_TEST_PRACTICE_H
#define KAIRAN_TEST_PRACTICE_H

#include "../unit/net.h"

#define PRACTICE_NAME "autumn"

/* Half an hour after it was called. Freed by net_free. */
struct net *practice_make(void);

#endif
