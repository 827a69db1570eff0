/* SPDX-License-Identifier: Apache-2.0 */
/* Its own items at the edges of what may be, and items that lean on other people's. */
#include "rogue_tale.h"

#include <string.h>

#define GRIND 48u /* items among which those with the same first bits are kept */

/* ---- threads ---- */

unsigned sim_tell_revise_twice(struct sim_tale *tale)
{
	uint32_t other = sim_tale_peer(tale, tale->to);
	struct sim_ware before, one, two;
	struct sim_ware_plan plan = {.origin = UINT32_MAX, .follows = &before};
	unsigned sent;

	if (other == UINT32_MAX || !sim_ware_pick(tale, SIM_WARE_OWN, &before) ||
	    before.header.kind == KAI_KIND_RETRACT)
		return 0;
	plan.kind = before.header.kind;
	if (!sim_ware_make(tale, &plan, &one) || !sim_ware_make(tale, &plan, &two))
		return 0;
	sim_ware_own(tale, &one);
	sim_ware_own(tale, &two);
	sent = sim_ware_send(tale, tale->to, &one);
	tale->to = other;
	return sent + sim_ware_send(tale, other, &two);
}

static unsigned lean(struct sim_tale *tale, uint64_t kind)
{
	struct sim_ware before, ware;
	struct sim_ware_plan plan = {.origin = UINT32_MAX, .kind = kind, .follows = &before};

	if (!sim_ware_pick(tale, tale->arg % 2 == 0 ? SIM_WARE_SHARED : SIM_WARE_FOREIGN, &before))
		return 0;
	if (plan.kind == 0)
		plan.kind = before.header.kind == KAI_KIND_RETRACT ? KAI_KIND_SECINFO
								   : before.header.kind;
	if (!sim_ware_make(tale, &plan, &ware))
		return 0;
	sim_ware_own(tale, &ware);
	return sim_ware_send(tale, tale->to, &ware);
}

unsigned sim_tell_retract_foreign(struct sim_tale *tale)
{
	return lean(tale, KAI_KIND_RETRACT);
}

unsigned sim_tell_thread_foreign(struct sim_tale *tale)
{
	return lean(tale, 0);
}

/* ---- edges ---- */

static unsigned send_own(struct sim_tale *tale, const struct sim_ware_plan *plan)
{
	struct sim_ware ware;

	if (!sim_ware_make(tale, plan, &ware))
		return 0;
	sim_ware_own(tale, &ware);
	return sim_ware_send(tale, tale->to, &ware);
}

/* Those of many whose ids begin as the last one's did. */
unsigned sim_tell_grind_ids(struct sim_tale *tale)
{
	struct sim_ware_plan plan = {.origin = UINT32_MAX};
	unsigned sent = 0;

	for (unsigned i = 0; i < GRIND && sent < 6; i++) {
		size_t mark = tale->arena->used;
		struct sim_ware ware;

		if (sim_ware_make(tale, &plan, &ware) && ware.id[0] >> 4 == 0xa) {
			sim_ware_own(tale, &ware);
			sent += sim_ware_send(tale, tale->to, &ware);
		}
		tale->arena->used = mark;
	}
	return sent;
}

unsigned sim_tell_edge_times(struct sim_tale *tale)
{
	uint64_t now = sim_tale_wall(tale);
	const uint64_t times[][2] = {
		{1, KAI_MAX_TIME_MS},
		{now, now + 1},
		{now + KAI_MS_DAY - KAI_MS_MINUTE, now + 2 * KAI_MS_DAY},
		{1, 2},
		{now - 1, KAI_MAX_TIME_MS},
	};
	const uint64_t *pair = times[tale->arg % (sizeof(times) / sizeof(times[0]))];
	struct sim_ware_plan plan = {.origin = UINT32_MAX,
				     .urgency = tale->arg % 2 == 0 ? KAI_URGENCY_NOW
								   : KAI_URGENCY_INFO,
				     .created_at = pair[0],
				     .not_after = pair[1]};

	return send_own(tale, &plan);
}

unsigned sim_tell_edge_fields(struct sim_tale *tale)
{
	struct sim_ware_plan plan = {.origin = UINT32_MAX, .edges = true};

	return send_own(tale, &plan);
}

/* To be refused: what nobody may hold does not enter the ledger. */
unsigned sim_tell_future_item(struct sim_tale *tale)
{
	uint64_t now = sim_tale_wall(tale);
	struct sim_ware_plan plan = {
		.origin = UINT32_MAX,
		.urgency = tale->arg % 2 == 0 ? KAI_URGENCY_NOW : KAI_URGENCY_INFO,
		.created_at = tale->arg % 3 == 0 ? KAI_MAX_TIME_MS - 1 : now + 30 * KAI_MS_DAY,
		.not_after = KAI_MAX_TIME_MS};
	struct sim_ware ware;

	return sim_ware_make(tale, &plan, &ware) ? sim_ware_send(tale, tale->to, &ware) : 0;
}

unsigned sim_tell_label_broken(struct sim_tale *tale)
{
	struct sim_ware_plan plan = {.origin = UINT32_MAX,
				     .urgency = tale->arg % 2 == 0 ? KAI_URGENCY_NOW
								   : KAI_URGENCY_INFO};
	struct sim_ware ware;

	if (!sim_ware_make(tale, &plan, &ware))
		return 0;
	struct kai_label *label = &ware.header.label;

	label->tlp = KAI_TLP_AMBER;
	label->audience_count = 1;
	switch (tale->arg % 6) {
	case 0:
		label->tlp = 9;
		break;
	case 1:
		label->tlp = KAI_TLP_CLEAR; /* with an audience */
		break;
	case 2:
		label->audience_count = 0;
		break;
	case 3:
		label->audience[0].type = 200;
		break;
	case 4:
		label->onward = 0;
		break;
	default:
		label->gov_share = 2;
		break;
	}
	return sim_ware_reseal(tale, &ware) ? sim_ware_send(tale, tale->to, &ware) : 0;
}
