/* SPDX-License-Identifier: Apache-2.0 */
/* Our word on a file that was made of what is held here: which incident, how many lines, which. */
#include <string.h>

#include "trust.h"

void kai_case_seal(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_case_seal *say = request;
	const struct kai_engine_config *config = &turn->engine->config;
	struct kai_case_seal seal = {
		.version = KAI_VERSION, .at = (uint64_t)turn->event->wall.ms, .lines = say->lines};

	if (!kai_turn_may_sign(turn, &config->duty, KAI_ROLE_DUTY)) {
		kai_answer(turn, ret, 1, kai_fault_name(KAI_FAULT_KEY_WINDOW),
			   "our own card does not let the node sign now (card rotate)");
		return;
	}
	memcpy(seal.org, config->org, KAI_ID_LEN);
	memcpy(seal.thread, say->thread, KAI_ID_LEN);
	memcpy(seal.digest, say->digest, KAI_ID_LEN);
	ret->body = kai_signed_make(
		KAI_CTX_CASE, kai_object_encode_in(&kai_object_case_seal, &seal, turn->scratch),
		config->duty.key, config->duty.secret, turn->scratch);
	kai_turn_journal(turn, "case-sealed", NULL, say->thread, "");
}
