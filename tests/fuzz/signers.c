/* SPDX-License-Identifier: Apache-2.0 */
#include "signers.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static int by_org(const void *a, const void *b)
{
	const struct person *left = a, *right = b;

	return memcmp(left->root, right->root, KAI_ID_LEN);
}

void signers_make(struct person *ret, struct kai_card *ret_cards, size_t count)
{
	static const char *const names[SIGNERS_MOST] = {"fuzz", "peer"};
	static uint8_t kept[1u << 20];
	static struct kai_arena arena = {kept, sizeof(kept), 0, false};
	uint8_t digest[KAI_ID_LEN];

	MUST(count <= SIGNERS_MOST);
	for (size_t i = 0; i < count; i++)
		person_make(&ret[i], names[i], "JP", &arena);
	qsort(ret, count, sizeof(*ret), by_org);
	for (size_t i = 0; ret_cards != NULL && i < count; i++)
		MUST(kai_card_open(ret[i].card, &arena, &ret_cards[i], digest) == KAI_FAULT_NONE);
}
