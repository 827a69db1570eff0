/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet: resume tokens of all honest nodes have one length, whatever they stand for, and no two are alike
 * though they stand for the same, so that nobody counts what it was not given. From offers and pushes; the
 * first million of a run are remembered. That frames as a whole do not tell is shown
 * by tests/unit/test_engine_quiet.c, which tells one story with and without them.
 */
#include <stdlib.h>

#include "checks.h"

#define REMEMBERED ((size_t)1 << 20)

struct quiet {
	size_t token_len;      /* 0: none was seen */
	struct sim_map tokens; /* by their first bytes, which are drawn */
};

static void *quiet_new(const struct sim *sim)
{
	(void)sim;
	return sim_check_room(1, sizeof(struct quiet));
}

static void quiet_free(void *state)
{
	struct quiet *quiet = state;

	sim_map_done(&quiet->tokens);
	free(quiet);
}

static void check_fresh(struct sim *sim, struct quiet *quiet, const struct sim_frame *frame,
			struct kai_span token)
{
	if (token.len < 8 || quiet->tokens.count >= REMEMBERED)
		return;
	uint64_t *seen = sim_map_at(&quiet->tokens, kai_get_be64(token.at) | 1);

	if (*seen != 0)
		sim_violation(sim, "quiet", frame->from, NULL,
			      "gives node %u a token that begins as frame %llu's did", frame->to,
			      (unsigned long long)(*seen - 1));
	*seen = frame->number + 1;
}

static void quiet_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	const struct sim_sight *sight = sim_sight_of(sim);
	struct quiet *quiet = state;
	struct kai_span token;

	if (!sim_check_hears(sim, frame) ||
	    (frame->type != KAI_MSG_OFFER && frame->type != KAI_MSG_PUSH))
		return;
	token = frame->type == KAI_MSG_OFFER ? sight->msg.offer.token : sight->msg.push.token;
	if (quiet->token_len == 0)
		quiet->token_len = token.len;
	if (token.len != quiet->token_len || token.len == 0)
		sim_violation(sim, "quiet", frame->from, NULL,
			      "gives node %u a token of %zu bytes, others have %zu", frame->to,
			      token.len, quiet->token_len);
	check_fresh(sim, quiet, frame, token);
}

const struct sim_checker sim_check_quiet = {
	.name = "quiet", .new = quiet_new, .free = quiet_free, .sent = quiet_sent};
