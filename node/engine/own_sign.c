/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs an own item, and how: with a signature of its own, or under the root of a batch. */
#include <sodium.h>
#include <string.h>

#include "kairan/tree.h"
#include "publish.h"

/* How many signatures some partner's agreement or the kind's row asks for. Where it is more than one, the
 * duty officer signs first, and it waits for the decider (sign.c). */
static uint64_t signers_asked(struct kai_turn *turn, const struct kai_own_item *item)
{
	uint64_t asked = item->row->signers;

	if (item->row->kind != KAI_KIND_ALERT)
		return asked;
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		const struct kai_pair *pair = kai_pair_now(turn, turn->engine->links[i]);

		if (pair->state == KAI_STATE_ACTIVE && pair->agreement.terms.signers > asked)
			asked = pair->agreement.terms.signers;
	}
	return asked;
}

enum kai_fault kai_own_signer(struct kai_turn *turn, struct kai_own_item *item)
{
	const struct kai_engine_config *config = &turn->engine->config;
	bool both = signers_asked(turn, item) > 1;
	bool decider = item->row->role == KAI_ROLE_DECIDER;
	uint64_t flags = 0;

	item->pair = !both && decider ? &config->decider : &config->duty;
	item->alone = both || decider || item->header.urgency == KAI_URGENCY_NOW;
	item->signature_count = 1;
	memcpy(item->signatures[0].key, item->pair->key, KAI_ID_LEN);
	enum kai_fault fault = kai_trust_signers(turn, &item->header, item->signatures,
						 item->signature_count, &flags);

	item->waits = both && fault == KAI_FAULT_SIGNERS;
	if (item->waits)
		return KAI_FAULT_NONE;
	if (fault == KAI_FAULT_NONE && (flags & KAI_ITEM_MARKED) != 0)
		fault = KAI_FAULT_KEY_REVOKED;
	return fault;
}

static void sign_alone(struct kai_own_item *item)
{
	kai_sign(KAI_CTX_ADVISORY, item->header.realm, item->built.id, item->pair->secret,
		 item->signatures[0].sig);
}

static void sign_root(struct kai_turn *turn, struct kai_own_item *const *items, size_t count)
{
	const struct kai_own_item *first = items[0];
	struct kai_tree_leaf *leaves = kai_arena_take(turn->scratch, count * sizeof(*leaves));
	uint8_t entropy[32], root[KAI_ID_LEN], sig[KAI_SIG_LEN];

	kai_draw(turn, "tree", entropy, sizeof(entropy));
	for (size_t i = 0; leaves != NULL && i < count; i++)
		memcpy(leaves[i].id, items[i]->built.id, KAI_ID_LEN);
	if (leaves == NULL ||
	    !kai_tree_make(first->header.realm, leaves, count, entropy, turn->scratch, root)) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	sodium_memzero(entropy, sizeof(entropy));
	kai_sign(KAI_CTX_TREE_ROOT, first->header.realm, root, first->pair->secret, sig);
	for (size_t i = 0; i < count; i++) {
		items[i]->signatures[0].path = &leaves[i].path;
		memcpy(items[i]->signatures[0].sig, sig, sizeof(sig));
	}
}

void kai_own_sign(struct kai_turn *turn, struct kai_own_item *const *items, size_t count)
{
	uint8_t classes[KAI_MAX_TREE][KAI_ID_LEN];
	bool is_signed[KAI_MAX_TREE] = {false};
	struct kai_own_item *batch[KAI_MAX_TREE];

	for (size_t i = 0; i < count; i++) {
		size_t mark = turn->scratch->used;

		if (items[i]->alone)
			continue;
		kai_header_class(&items[i]->header, turn->scratch, classes[i]);
		kai_scratch_back(turn, mark);
	}
	for (size_t i = 0; i < count; i++) {
		size_t batched = 0;

		if (is_signed[i])
			continue;
		batch[batched++] = items[i];
		for (size_t k = i + 1; !items[i]->alone && k < count; k++) {
			if (items[k]->alone || !kai_id_equal(classes[i], classes[k]))
				continue;
			is_signed[k] = true;
			batch[batched++] = items[k];
		}
		if (batched == 1)
			sign_alone(items[i]);
		else
			sign_root(turn, batch, batched);
	}
}
