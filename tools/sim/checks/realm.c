/* SPDX-License-Identifier: Apache-2.0 */
/*
 * realm: realms never mix. While there is only the live one, every header that an honest node holds or sends
 * is of it, and so is every realm that it names in hello. From frames and stores.
 */
#include <string.h>

#include "checks.h"

static const uint8_t live[KAI_REALM_LEN];

static void realm_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	const struct sim_sight *sight = sim_sight_of(sim);
	const struct kai_span *realms = &sight->msg.hello.realms;

	(void)state;
	if (!sim_check_hears(sim, frame))
		return;
	if (frame->type == KAI_MSG_HELLO && !kai_span_equal(*realms, kai_span(live, sizeof(live))))
		sim_violation(sim, "realm", frame->from, NULL, "names node %u another realm",
			      frame->to);
	for (size_t i = 0; i < sight->mention_count; i++) {
		const struct sim_item *truth = sight->mentions[i].truth;

		if (sight->mentions[i].shown && truth != NULL &&
		    memcmp(truth->header.realm, live, sizeof(live)) != 0)
			sim_violation(sim, "realm", frame->from, truth->id,
				      "goes to node %u and is of another realm", frame->to);
	}
}

static void realm_turn(struct sim *sim, void *state, struct sim_node *node)
{
	const struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	for (size_t i = 0; node->rogue == NULL && i < sight->change_count; i++) {
		const struct sim_item *truth = sight->changes[i].truth;

		if (truth != NULL && memcmp(truth->header.realm, live, sizeof(live)) != 0)
			sim_violation(sim, "realm", node->number, truth->id,
				      "is held and is of another realm");
	}
}

const struct sim_checker sim_check_realm = {
	.name = "realm", .sent = realm_sent, .turn = realm_turn};
