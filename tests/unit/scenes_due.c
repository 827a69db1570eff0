/* SPDX-License-Identifier: Apache-2.0 */
/* Scenes of what falls due and may not wait for ever: timers, notices, steps of ladders, duties. */
#include "scenes.h"

#include <string.h>

#include "kairan/rec.h"

static void timers_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void timers_bad(struct scene *scene)
{
	sim_node(scene->sim, 1)->read_only = true;
	scene->checker->settled(scene->sim, scene->state);
	sim_node(scene->sim, 1)->read_only = false;
}

/* Time goes by, and the node has no turn. */
static void timers_bad_sleep(struct scene *scene)
{
	scene->checker->turn(scene->sim, scene->state, sim_node(scene->sim, 1));
	scene->sim->now_ms += KAI_MS_DAY;
	scene->checker->settled(scene->sim, scene->state);
}

static void pending_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void pending_bad(struct scene *scene)
{
	const struct sim_pact *pact = sim_pact_next(sim_ledger_of(scene->sim), 1, 2, NULL);
	struct kai_notice notice = {.number = 9, .action = KAI_NOTICE_RESUME};

	memcpy(notice.agreement, pact->of.digest, KAI_ID_LEN);
	memcpy(notice.org, sim_node(scene->sim, 1)->config.org, KAI_ID_LEN);
	sim_ledger_add_notice(scene->sim, &notice);
	sim_ledger_of(scene->sim)->words[0]->of.made_ms = 1000;
	scene->checker->settled(scene->sim, scene->state);
}

/* What the engine said of a duty or a step of node 1's. */
static void say(struct scene *scene, const char *event)
{
	struct kai_output output = {.type = KAI_OUTPUT_TRACE, .event = event, .number = 1};

	memcpy(output.id, sim_ledger_item(scene->sim, OPEN)->id, KAI_ID_LEN);
	scene->checker->traced(scene->sim, scene->state, sim_node(scene->sim, 1), &output);
}

/* One of node 1's, as its store has it at the end: to pass on an item to node 2. */
static void put_duty(struct scene *scene, uint32_t item, uint64_t state, bool timer)
{
	struct kai_duty_place place = {.target = 2, .peer = 1};
	struct kai_duty_row row = {.action = KAI_DUTY_PASS,
				   .state = state,
				   .within_ms = 1000,
				   .due_at = SIM_WALL_MS + KAI_MS_DAY,
				   .timer_at = SIM_WALL_MS + KAI_MS_DAY};
	struct kai_peer peer;
	struct kai_txn *txn = scene_write(scene, 1);

	assert_true(kai_rec_arrival(txn, sim_ledger_item(scene->sim, item)->id, &place.arrival));
	assert_true(kai_rec_peer(txn, sim_node(scene->sim, 2)->config.org, &scene->arena, &peer));
	place.target = (uint16_t)peer.number;
	struct kai_key key = kai_key_duty(&place);
	struct kai_key at = kai_key_timer(row.timer_at, KAI_TIMER_DUTY, &key);

	kai_rec_put(txn, KAI_TABLE_DUTIES, &key, &kai_object_duty_row, &row);
	kai_txn_put(txn, KAI_TABLE_DUTIES_OPEN, kai_key_span(&key), kai_span(NULL, 0));
	if (timer)
		kai_txn_put(txn, KAI_TABLE_TIMERS, kai_key_span(&at), kai_span(NULL, 0));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

/* One of node 1's ladders, as its store has it at the end. */
static void put_ladder(struct scene *scene, uint64_t state, uint64_t due_at, bool timer)
{
	struct kai_step step = {.rung = KAI_RUNG_NOTICE,
				.silence = KAI_SILENCE_OURS,
				.state = state,
				.due_at = due_at,
				.started_at = due_at,
				.role = kai_span_str("duty")};
	struct kai_ladder ladder = {.urgency = KAI_URGENCY_NOW,
				    .next = KAI_RUNG_RECEIVED,
				    .due_at = due_at,
				    .timer_at = timer ? due_at : 0,
				    .steps = &step,
				    .steps_count = 1};
	struct kai_key key;
	struct kai_txn *txn = scene_write(scene, 1);
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, sim_ledger_item(scene->sim, OPEN)->id, &arrival));
	key = kai_key_pair(arrival, 0);
	kai_rec_put(txn, KAI_TABLE_LADDERS, &key, &kai_object_ladder, &ladder);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	scene->checker->settled(scene->sim, scene->state);
}

static void calls_good(struct scene *scene)
{
	struct sim_node *node = sim_node(scene->sim, 1);

	say(scene, "call-due");
	say(scene, "call-started");
	node->boots++;
	say(scene, "call-repeated");
	node->boots--;
	say(scene, "call-done");
	put_ladder(scene, KAI_STEP_DONE, SIM_WALL_MS + KAI_MS_DAY, true);
}

static void calls_bad_twice(struct scene *scene)
{
	say(scene, "call-due");
	say(scene, "call-started");
	say(scene, "call-repeated"); /* in the same life */
}

static void calls_bad_unasked(struct scene *scene)
{
	say(scene, "call-started"); /* never due */
}

static void calls_bad_after(struct scene *scene)
{
	say(scene, "call-due");
	say(scene, "call-done");
	say(scene, "call-due");
}

static void calls_bad_lost(struct scene *scene)
{
	put_ladder(scene, KAI_STEP_DONE, SIM_WALL_MS + KAI_MS_DAY, false);
}

static void calls_bad_late(struct scene *scene)
{
	put_ladder(scene, KAI_STEP_DONE, SIM_WALL_MS - KAI_MS_DAY, true);
}

static void calls_bad_left(struct scene *scene)
{
	put_ladder(scene, KAI_STEP_STARTED, SIM_WALL_MS - KAI_MS_DAY, true);
}

static void duties_good(struct scene *scene)
{
	say(scene, "duty-due");
	say(scene, "duty-overdue");
	say(scene, "duty-met");
	put_duty(scene, OPEN, KAI_DUTY_DUE, true);
	put_duty(scene, SECRET, KAI_DUTY_BLOCKED, true);
	scene->checker->settled(scene->sim, scene->state);
}

static void duties_bad_twice(struct scene *scene)
{
	say(scene, "duty-overdue");
	say(scene, "duty-overdue");
}

static void duties_bad_after(struct scene *scene)
{
	say(scene, "duty-met");
	say(scene, "duty-overdue");
}

static void duties_bad_lost(struct scene *scene)
{
	put_duty(scene, OPEN, KAI_DUTY_DUE, false);
	scene->checker->settled(scene->sim, scene->state);
}

static void duties_bad_blocked(struct scene *scene)
{
	put_duty(scene, OPEN, KAI_DUTY_BLOCKED, true);
	scene->checker->settled(scene->sim, scene->state);
}

static void duties_bad_due(struct scene *scene)
{
	put_duty(scene, SECRET, KAI_DUTY_DUE, true);
	scene->checker->settled(scene->sim, scene->state);
}

/* It was to be told to node 1, and nothing is noted. */
static void duties_bad_missing(struct scene *scene)
{
	static uint64_t kinds[] = {KAI_KIND_SECINFO};
	const struct sim_pact *found = sim_pact_next(sim_ledger_of(scene->sim), 0, 1, NULL);
	struct sim_pact *pact = sim_pact_find_of(sim_ledger_of(scene->sim), 0, found->of.digest);
	struct kai_duty duty = {.side = pact->of.a == 0 ? 0 : 1,
				.kinds = kinds,
				.kinds_count = 1,
				.urgency = KAI_URGENCY_INFO,
				.action = KAI_DUTY_REPORT,
				.within_ms = 1000};

	pact->of.terms.duties = &duty;
	pact->of.terms.duties_count = 1;
	pact->of.made_ms = -KAI_MS_HOUR;
	scene->checker->settled(scene->sim, scene->state);
	pact->of.terms.duties_count = 0;
}

const struct scene_trial scenes_due[] = {
	{"timers good", &sim_check_timers, timers_good, false},
	{"timers bad", &sim_check_timers, timers_bad, true},
	{"timers bad sleep", &sim_check_timers, timers_bad_sleep, true},
	{"pending good", &sim_check_pending, pending_good, false},
	{"pending bad", &sim_check_pending, pending_bad, true},
	{"calls good", &sim_check_calls, calls_good, false},
	{"calls bad twice", &sim_check_calls, calls_bad_twice, true},
	{"calls bad unasked", &sim_check_calls, calls_bad_unasked, true},
	{"calls bad after", &sim_check_calls, calls_bad_after, true},
	{"calls bad lost", &sim_check_calls, calls_bad_lost, true},
	{"calls bad late", &sim_check_calls, calls_bad_late, true},
	{"calls bad left", &sim_check_calls, calls_bad_left, true},
	{"duties good", &sim_check_duties, duties_good, false},
	{"duties bad twice", &sim_check_duties, duties_bad_twice, true},
	{"duties bad after", &sim_check_duties, duties_bad_after, true},
	{"duties bad lost", &sim_check_duties, duties_bad_lost, true},
	{"duties bad blocked", &sim_check_duties, duties_bad_blocked, true},
	{"duties bad due", &sim_check_duties, duties_bad_due, true},
	{"duties bad missing", &sim_check_duties, duties_bad_missing, true},
	{.name = NULL},
};
