/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A further signature on an item of ours: the second signer of an alert, or a better key. It comes
 * through the door as from a partner who has one more than we; what waited for it goes then.
 */
#include <string.h>

#include "publish.h"

static bool is_signed_by(const struct kai_item *item, const uint8_t key[KAI_ID_LEN])
{
	for (size_t i = 0; i < item->signatures_count; i++) {
		if (kai_id_equal(item->signatures[i].key, key))
			return true;
	}
	return false;
}

static bool may_be_signed(struct kai_turn *turn, const struct kai_item *item,
			  struct kai_ctl_answer *ret)
{
	if ((item->flags & KAI_ITEM_RETRACTED) != 0) {
		kai_answer_fault(turn, ret, 1, KAI_FAULT_RETRACTED, "this item");
		return false;
	}
	if (item->signatures_count >= KAI_MAX_SIGNATURES) {
		kai_answer(turn, ret, 1, "too-much", "it has %d signatures already",
			   KAI_MAX_SIGNATURES);
		return false;
	}
	return true;
}

void kai_sign_item(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_sign *say = request;
	const struct kai_engine_config *config = &turn->engine->config;
	const struct kai_sign_pair *pair =
		say->role == KAI_ROLE_DECIDER ? &config->decider : &config->duty;
	struct kai_incoming *incoming = kai_arena_take(turn->scratch, sizeof(*incoming));
	struct kai_admission admission = {0};
	struct kai_signature signature = {.path = NULL};
	struct kai_header header;
	struct kai_item item;

	if (incoming == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	if (!kai_own_held(turn, say->id, &item, &header, ret))
		return;
	ret->id.is = true;
	memcpy(ret->id.id, say->id, KAI_ID_LEN);
	if (is_signed_by(&item, pair->key)) {
		ret->text = kai_span_str("it was signed by that key before");
		return;
	}
	if (!may_be_signed(turn, &item, ret))
		return;
	memcpy(signature.key, pair->key, KAI_ID_LEN);
	kai_sign(KAI_CTX_ADVISORY, header.realm, say->id, pair->secret, signature.sig);
	incoming->header_bytes = item.header;
	incoming->header = header;
	memcpy(incoming->id, say->id, KAI_ID_LEN);
	incoming->signatures = &signature;
	incoming->signature_count = 1;
	kai_admit(turn, NULL, incoming, &admission);
	if (!admission.stored)
		kai_answer(turn, ret, 1, admission.reason, "not signed: it %s",
			   kai_fault_text(admission.fault));
}
