/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of one organisation with what bears on the decision in it, for the tests of facts:
 * cards, agreements, and the pair that they make. For tests only; one thread.
 */
#ifndef KAIRAN_TEST_HOUSE_H
#define KAIRAN_TEST_HOUSE_H

#include "test.h"

#include "../vectors/people.h"
#include "kairan/facts.h"

#define NOW (VECTOR_NOW + 10000)

struct house {
	struct kai_store *store;
	struct kai_txn *txn;
	struct kai_arena arena;
	struct person me, other, keeper;
	struct kai_peer peer; /* the other's number */
};

/* A test that has a house; nothing in it may have failed when it leaves. */
int house_build(void **state);
int house_leave(void **state);
#define HOUSE_CASE(function) cmocka_unit_test_setup_teardown(function, house_build, house_leave)

void house_card(struct house *house, const struct person *person, bool frozen);

enum signers { BOTH, MINE_ONLY };
/* Signs and stores the terms under either end's key, as both nodes would; tells the digest. */
void house_agreement(struct house *house, const struct kai_terms *terms, enum signers signers,
		     uint8_t ret_digest[KAI_ID_LEN]);
/* Between me and the other. */
struct kai_terms house_terms(struct house *house);
/* What stands between them at that time, as I see it. */
struct kai_pair house_load(struct house *house, uint64_t now);

#endif
