/* SPDX-License-Identifier: Apache-2.0 */
/*
 * People with whose keys a fuzz entry signs what the input says, so that what lies behind the
 * signatures is reached. The same in every run. Once a process.
 */
#ifndef KAIRAN_FUZZ_SIGNERS_H
#define KAIRAN_FUZZ_SIGNERS_H

#include "../vectors/people.h"
#include "kairan/card.h"

#define SIGNERS_MOST 2u

/* So many of them, ascending by org, and their cards, opened (NULL: not asked for). What they point
 * to lasts. */
void signers_make(struct person *ret, struct kai_card *ret_cards, size_t count);

#endif
