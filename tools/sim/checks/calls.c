/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls: no step of a ladder is lost, and none is carried out twice but after its node ended, by the same name. From
 * the engines' own words as they fall: a step is due, started, done, each once and in that order, and started again
 * only by another engine, in another life or after the disk was full; and from honest stores at the end: whose time is over was called, and nothing is
 * under way for ever.
 */
#include <stdlib.h>
#include <string.h>

#include "checks.h"

#define SLACK_MS (15 * KAI_MS_MINUTE) /* after a start a clock is believed step by step */

enum state { NONE, DUE, STARTED, DONE };

/* What was said of one step. */
struct said {
	uint64_t rung;
	uint8_t id[KAI_ID_LEN];	 /* zeros: about a link */
	uint8_t org[KAI_ID_LEN]; /* zeros: its own people */
	enum state state;
	uint64_t boot; /* in which it was started last */
	bool over;     /* since then another engine serves the store */
};

/* A node's own words. */
struct calls {
	struct said *list;
	size_t count, cap;
};

struct all_calls {
	uint32_t nodes;
	struct calls of[];
};

static void *calls_new(const struct sim *sim)
{
	uint32_t nodes = sim_node_count(sim);
	struct all_calls *all = sim_check_room(1, sizeof(*all) + nodes * sizeof(all->of[0]));

	all->nodes = nodes;
	return all;
}

static void calls_free(void *state)
{
	struct all_calls *all = state;

	for (uint32_t i = 0; i < all->nodes; i++)
		free(all->of[i].list);
	free(all);
}

static struct said *said_of(struct calls *calls, const struct kai_output *output)
{
	for (size_t i = calls->count; i > 0; i--) {
		struct said *said = &calls->list[i - 1];

		if (said->rung == output->number && kai_id_equal(said->id, output->id) &&
		    kai_id_equal(said->org, output->org))
			return said;
	}
	calls->list = sim_check_more(calls->list, calls->count, &calls->cap, sizeof(*calls->list));
	struct said *said = &calls->list[calls->count++];

	*said = (struct said){.rung = output->number};
	memcpy(said->id, output->id, KAI_ID_LEN);
	memcpy(said->org, output->org, KAI_ID_LEN);
	return said;
}

/* May this follow? A link's ladder begins anew with each silence; how far a step was in a backup nobody said. */
static bool follows(const struct said *said, const struct sim_node *node, enum state next,
		    bool again)
{
	static const uint8_t none[KAI_ID_LEN];

	if (said->state == NONE && node->epochs > 0)
		return true;
	switch (next) {
	case DUE:
		return said->state == NONE || (said->state == DONE && kai_id_equal(said->id, none));
	case STARTED:
		return again ? said->state == STARTED && (said->over || said->boot != node->boots)
			     : said->state == DUE;
	case DONE:
		return said->state == STARTED || said->state == DUE;
	case NONE:
		break;
	}
	return false;
}

static void calls_traced(struct sim *sim, void *state, struct sim_node *node,
			 const struct kai_output *output)
{
	static const struct {
		const char *event;
		enum state next;
		bool again;
	} words[] = {{"call-due", DUE, false},
		     {"call-started", STARTED, false},
		     {"call-repeated", STARTED, true},
		     {"call-done", DONE, false}};

	struct all_calls *all = state;

	if (node->rogue != NULL || strncmp(output->event, "call-", 5) != 0)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(output->event, words[i].event) != 0)
			continue;
		struct said *said = said_of(&all->of[node->number], output);

		if (!follows(said, node, words[i].next, words[i].again))
			sim_violation(sim, "calls", node->number, output->id,
				      "says %s of rung %llu, which was %s", output->event,
				      (unsigned long long)output->number,
				      said->state == NONE      ? "not due"
				      : said->state == DUE     ? "due"
				      : said->state == STARTED ? "started"
							       : "done");
		said->state = words[i].next;
		if (words[i].next == STARTED) {
			said->boot = node->boots;
			said->over = false;
		}
	}
}

/* What was lost with a backup may be said again. */
static void calls_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	struct all_calls *all = state;
	struct calls *calls = &all->of[node->number];

	(void)sim;
	if (restored)
		calls->count = 0;
	for (size_t i = 0; i < calls->count; i++)
		calls->list[i].over = true;
}

/* ---- the stores at the end ---- */

static const char *wrong_with(const struct kai_ladder *ladder, uint64_t now)
{
	uint64_t long_ago = now > SLACK_MS ? now - SLACK_MS : 0;
	bool under_way = false;

	for (size_t i = 0; i < ladder->steps_count; i++) {
		const struct kai_step *step = &ladder->steps[i];

		under_way = under_way || step->state != KAI_STEP_DONE;
		if (step->state == KAI_STEP_DUE && step->due_at < long_ago)
			return "a step was due and is not started";
		if (step->state == KAI_STEP_STARTED && step->started_at < long_ago)
			return "a step was started and is not done";
	}
	if (ladder->ended_at != 0 || ladder->next >= KAI_RUNGS || under_way)
		return NULL;
	if (ladder->timer_at == 0)
		return "nothing will call the next";
	return ladder->due_at < long_ago ? "the next was to be called, and is not" : NULL;
}

static void calls_settled(struct sim *sim, void *state)
{
	struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		struct kai_txn *txn = sim_is_honest(sim, i) ? sim_look(sim_node(sim, i)) : NULL;
		struct kai_scan scan;
		struct kai_span value;

		if (txn == NULL)
			continue;
		kai_scan_init(&scan, txn, KAI_TABLE_LADDERS, kai_span(NULL, 0), kai_span(NULL, 0),
			      false);
		while (kai_scan_next(&scan, NULL, &value)) {
			struct kai_ladder ladder;
			const char *wrong = "a ladder does not decode";

			sight->arena.used = 0;
			if (kai_object_decode(&kai_object_ladder, value, &sight->arena, &ladder) ==
			    KAI_FAULT_NONE)
				wrong = wrong_with(&ladder,
						   (uint64_t)sim_wall(sim_node(sim, i)).ms);
			if (wrong != NULL)
				sim_violation(sim, "calls", i, NULL, "%s", wrong);
		}
		kai_txn_abort(txn);
	}
}

const struct sim_checker sim_check_calls = {.name = "calls",
					    .new = calls_new,
					    .free = calls_free,
					    .traced = calls_traced,
					    .restarted = calls_restarted,
					    .settled = calls_settled};
