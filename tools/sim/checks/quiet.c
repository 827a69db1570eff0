/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet: resume tokens of all honest nodes have one length, whatever they stand for, so that nobody counts
 * what it was not given. From offers and pushes. (That frames as a whole do not tell is the twin
 * experiment's to show, checks/twin.h.)
 */
#include <stdlib.h>

#include "checks.h"

struct quiet {
	size_t token_len; /* 0: none was seen */
};

static void *quiet_new(const struct sim *sim)
{
	(void)sim;
	return sim_check_room(1, sizeof(struct quiet));
}

static void quiet_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	const struct sim_sight *sight = sim_sight_of(sim);
	struct quiet *quiet = state;
	size_t len;

	if (!sim_check_hears(sim, frame) ||
	    (frame->type != KAI_MSG_OFFER && frame->type != KAI_MSG_PUSH))
		return;
	len = frame->type == KAI_MSG_OFFER ? sight->msg.offer.token.len : sight->msg.push.token.len;
	if (quiet->token_len == 0)
		quiet->token_len = len;
	if (len != quiet->token_len || len == 0)
		sim_violation(sim, "quiet", frame->from, NULL,
			      "gives node %u a token of %zu bytes, others have %zu", frame->to, len,
			      quiet->token_len);
}

const struct sim_checker sim_check_quiet = {
	.name = "quiet", .new = quiet_new, .free = free, .sent = quiet_sent};
