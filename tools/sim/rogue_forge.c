/* SPDX-License-Identifier: Apache-2.0 */
/* What is not what it says, and what may not go where it goes. */
#include "rogue_tale.h"

#include <string.h>

unsigned sim_tell_ignore_labels(struct sim_tale *tale)
{
	struct sim_ware ware;

	return sim_ware_pick(tale, SIM_WARE_FORBIDDEN, &ware) ? sim_ware_send(tale, tale->to, &ware)
							      : 0;
}

/* Pushed and offered in turn. */
static uint64_t some_urgency(const struct sim_tale *tale)
{
	return tale->arg % 2 == 0 ? KAI_URGENCY_NOW : KAI_URGENCY_INFO;
}

unsigned sim_tell_forge_item(struct sim_tale *tale)
{
	struct sim_ware_plan plan = {.origin = sim_tale_other(tale), .urgency = some_urgency(tale)};
	struct sim_ware ware;

	if (plan.origin == UINT32_MAX || !sim_ware_make(tale, &plan, &ware))
		return 0;
	return sim_ware_send(tale, tale->to, &ware);
}

/* What the peer has already, and what it may have not. */
static enum sim_ware_which others(const struct sim_tale *tale)
{
	return tale->arg % 2 == 0 ? SIM_WARE_SHARED : SIM_WARE_FOREIGN;
}

unsigned sim_tell_forge_signature(struct sim_tale *tale)
{
	struct sim_ware ware;

	if (!sim_ware_pick(tale, others(tale), &ware))
		return 0;
	switch (tale->arg % 3) {
	case 0:
		sim_ware_sign(tale, &ware);
		break;
	case 1: /* the right key under a signature of another item */
		sim_tale_random(tale, ware.id, KAI_ID_LEN);
		memcpy(ware.signatures[1].key, ware.signatures[0].key, KAI_ID_LEN);
		sim_ware_sign(tale, &ware);
		memcpy(ware.signatures[0].key, ware.signatures[1].key, KAI_ID_LEN);
		kai_advisory_id(ware.header.realm, ware.bytes, ware.id);
		break;
	default:
		sim_tale_random(tale, ware.signatures[0].sig, KAI_SIG_LEN);
		break;
	}
	return sim_ware_send(tale, tale->to, &ware);
}

/* Wider than its origin said. */
static void widen(struct sim_tale *tale, struct kai_header *io)
{
	switch (tale->arg % 5) {
	case 0:
		io->label.tlp = KAI_TLP_CLEAR;
		io->label.audience_count = 0;
		break;
	case 1:
		io->not_after += KAI_MS_DAY;
		break;
	case 2:
		io->urgency = io->urgency == KAI_URGENCY_NOW ? KAI_URGENCY_TODAY : KAI_URGENCY_NOW;
		break;
	case 3:
		memcpy(io->origin, tale->node->org.root.key, KAI_ID_LEN);
		break;
	default:
		io->created_at--;
		break;
	}
}

unsigned sim_tell_forge_header(struct sim_tale *tale)
{
	struct sim_ware ware;

	if (!sim_ware_pick(tale, others(tale), &ware))
		return 0;
	widen(tale, &ware.header);
	if (!sim_ware_seal(tale, &ware))
		return 0;
	/* Under the name of the item that it was made from, under its own, or signed by another. */
	if (tale->arg % 3 == 0)
		sim_ware_sign(tale, &ware);
	/* With its own origin in it, it is truly its own; the parts were sealed for another. */
	if (tale->arg % 3 == 0 && tale->arg % 5 == 3)
		sim_ware_own(tale, &ware);
	return sim_ware_send(tale, tale->to, &ware);
}

unsigned sim_tell_forge_release(struct sim_tale *tale)
{
	const struct sim_pair *decider = &tale->node->org.decider;
	uint64_t now = sim_tale_wall(tale);
	struct kai_release release = {.version = KAI_VERSION,
				      .label = {.tlp = KAI_TLP_CLEAR,
						.onward = KAI_ONWARD_ANY,
						.attribution = KAI_ATTR_NAMED,
						.pap = KAI_PAP_CLEAR},
				      .at = now,
				      .expires = now + KAI_MS_DAY};
	struct sim_ware ware;

	if (!sim_ware_pick(tale, others(tale), &ware))
		return 0;
	memcpy(release.id, ware.id, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_release, &release, tale->arena);

	/* By its own key, or in the name of the one that signed the item. */
	ware.evidence[0] = kai_signed_make(
		KAI_CTX_RELEASE, body, tale->arg % 2 == 0 ? decider->key : ware.signatures[0].key,
		decider->secret, tale->arena);
	ware.evidence_count = ware.evidence[0].len > 0 ? 1 : 0;
	return ware.evidence_count == 0 ? 0 : sim_ware_send(tale, tale->to, &ware);
}

unsigned sim_tell_forge_mark(struct sim_tale *tale)
{
	struct kai_mark mark = {.clause = sim_tale_below(tale, 16)};
	struct sim_ware ware;

	if (!sim_ware_pick(tale, SIM_WARE_FORBIDDEN, &ware))
		return 0;
	mark.opened_at = sim_tale_wall(tale) - sim_tale_below(tale, KAI_MS_HOUR);
	ware.mark = &mark;
	return sim_ware_send(tale, tale->to, &ware);
}
