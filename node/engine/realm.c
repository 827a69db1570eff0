/* SPDX-License-Identifier: Apache-2.0 */
/* An engine that serves a drill: when, and with whom. In one that serves what is live all is open. */
#include "private.h"

#include <string.h>

#include "kairan/drill.h"
#include "kairan/rec.h"

bool kai_realm_live_here(const struct kai_engine *engine)
{
	return kai_realm_is_live(engine->config.realm);
}

/* Reads from the store what the window is now. */
static void look(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	size_t mark = turn->scratch->used;
	struct kai_drill_held held;

	engine->realm_from = 0;
	engine->realm_end = 0;
	if (kai_rec_drill(turn->txn, engine->config.realm, turn->scratch, &held) &&
	    kai_drill_consents(turn->txn, &held, engine->config.org, turn->scratch)) {
		engine->realm_from = (int64_t)held.drill.from;
		engine->realm_end = (int64_t)kai_drill_end(turn->txn, &held, turn->scratch);
	}
	turn->scratch->used = mark;
}

bool kai_realm_open(const struct kai_turn *turn)
{
	const struct kai_engine *engine = turn->engine;

	return kai_realm_live_here(engine) || (turn->event->wall.ms >= engine->realm_from &&
					       turn->event->wall.ms < engine->realm_end);
}

/* By the clock as it is in this step: however little it was set, nobody is busy until then. */
static void set_due(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;

	engine->realm_due.ms = engine->realm_next;
	if (engine->realm_next != INT64_MAX)
		engine->realm_due.ms += turn->event->mono.ms - turn->event->wall.ms;
}

/* Does its window begin or end with this step, or may it be another one? */
static bool is_new(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;

	if (turn->event->type == KAI_EVENT_START || turn->event->type == KAI_EVENT_TRUST) {
		engine->trust_generation++; /* what was read of it before no longer counts */
		look(turn);
		return true;
	}
	return kai_realm_open(turn) != engine->realm_open;
}

void kai_realm_step(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;

	if (kai_realm_live_here(engine))
		return;
	if (!is_new(turn)) {
		set_due(turn);
		return;
	}
	engine->realm_open = kai_realm_open(turn);
	engine->realm_next = engine->realm_open ? engine->realm_end : engine->realm_from;
	if (engine->realm_next <= turn->event->wall.ms || engine->realm_from >= engine->realm_end)
		engine->realm_next = INT64_MAX;
	set_due(turn);
	kai_link_served(turn);
}

bool kai_realm_serves(struct kai_turn *turn, struct kai_link *link)
{
	return kai_realm_live_here(turn->engine) ||
	       (kai_realm_open(turn) && memcmp(kai_pair_now(turn, link)->realm,
					       turn->engine->config.realm, KAI_REALM_LEN) == 0);
}

struct kai_mono kai_realm_deadline(const struct kai_engine *engine)
{
	const struct kai_mono never = {INT64_MAX};

	return kai_realm_live_here(engine) ? never : engine->realm_due;
}
