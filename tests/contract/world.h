/* SPDX-License-Identifier: Apache-2.0 */
/* A small store in which everything is real: keys, cards, an agreement, items with parts. */
#ifndef KAIRAN_TESTS_WORLD_H
#define KAIRAN_TESTS_WORLD_H

#include "contract.h"

#include "kairan/advisory.h"
#include "kairan/agreement.h"

struct world_key {
	uint8_t key[KAI_ID_LEN];
	uint8_t secret[64];
};

struct world_org {
	struct world_key root;
	struct world_key decider;
};

struct world {
	struct fixture *fix;
	struct kai_txn *txn;
	struct world_org me;
	struct world_org other;
	struct world_key stranger;
	uint8_t first_id[KAI_ID_LEN];
};

/* Fills the store in one transaction. */
void world_make(struct world *world, struct fixture *fix);
/* One more item by the other org, signed by signer; inside an open transaction. */
uint64_t world_add_item(struct world *world, const struct world_key *signer, const char *text,
			bool revision);

#endif
