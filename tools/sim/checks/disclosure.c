/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disclosure: no honest node sends anybody a header, a part's ciphertext, a wrap, an offer entry or the id
 * of an item that the oracle forbids to that peer. From every frame that leaves it, by its own clock and
 * what it knew: contents need the oracle's word for header and each part; a bare id in an answer may also
 * be one that the peer spoke of first.
 */
#include "checks.h"

static const char *forbidden(struct sim_sight *sight, const struct sim_frame *frame,
			     const struct sim_item *item, int part)
{
	struct sim_hop hop = sim_hop_by(sight, frame->from, frame->from, frame->to, item, part);

	return sim_hop_forbidden(sight, hop);
}

static void check_shown(struct sim *sim, struct sim_sight *sight, const struct sim_frame *frame,
			const struct sim_mention *mention)
{
	if (mention->truth == NULL) {
		sim_violation(sim, "disclosure", frame->from, mention->id,
			      "shows node %u what nobody signed (frame type %d)", frame->to,
			      (int)frame->type);
		return;
	}
	for (int part = -1; part < (int)KAI_MAX_PARTS; part++) {
		if (part >= 0 && (mention->parts >> part & 1) == 0)
			continue;
		const char *rule = forbidden(sight, frame, mention->truth, part);

		if (rule != NULL)
			sim_violation(sim, "disclosure", frame->from, mention->id,
				      "shows node %u %s %d against rule %s (frame type %d)",
				      frame->to, part < 0 ? "header" : "part", part, rule,
				      (int)frame->type);
	}
}

/* Who made it may be told how far others are with it, also where items pass in a contingency alone: by an agreement of
 * which the sender does not know yet that the other has ended it. */
static bool is_told_home(const struct sim_sight *sight, const struct sim_frame *frame,
			 const struct sim_mention *mention)
{
	bool active = false;
	const struct sim_pact *pact = sim_oracle_pact_by(sight->sim, frame->from, frame->to,
							 sight->walls[frame->from], &active);

	return frame->type == KAI_MSG_RECEIPT && mention->truth != NULL &&
	       mention->truth->origin == frame->to && active && pact->of.terms.contingency_only;
}

static void check_named(struct sim *sim, struct sim_sight *sight, const struct sim_frame *frame,
			const struct sim_mention *mention)
{
	if (sim_told(sight, frame->to, frame->from, mention) != 0)
		return;
	const char *rule = mention->truth == NULL ? "never heard of"
						  : forbidden(sight, frame, mention->truth, -1);

	if (rule != NULL && !is_told_home(sight, frame, mention))
		sim_violation(sim, "disclosure", frame->from, mention->id,
			      "names it to node %u, which never did: %s (frame type %d)", frame->to,
			      rule, (int)frame->type);
}

static void disclosure_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	if (!sim_check_hears(sim, frame))
		return;
	for (size_t i = 0; i < sight->mention_count; i++) {
		if (sight->mentions[i].shown)
			check_shown(sim, sight, frame, &sight->mentions[i]);
		else
			check_named(sim, sight, frame, &sight->mentions[i]);
	}
}

const struct sim_checker sim_check_disclosure = {.name = "disclosure", .sent = disclosure_sent};
