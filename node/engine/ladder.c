/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ladder's life: step after step is due, started, done, each written in a turn of its own, until somebody says
 * that he has the item. An open ladder has one timer, for the next rung or its end, but while a step is due: the
 * next one's time is set when that one is started, so that no step is ever written beside the one before.
 */
#include "ladder.h"
#include "kairan/rec.h"

#include <stdio.h>
#include <string.h>

#define MOST_STARTED 64u

/* ---- the rows ---- */

bool kai_ladder_read(struct kai_turn *turn, const struct kai_ladder_place *place,
		     struct kai_ladder_case *ret)
{
	struct kai_key key = kai_key_pair(place->arrival, place->peer);

	ret->place = *place;
	if (!kai_rec_get(turn->txn, KAI_TABLE_LADDERS, &key, &kai_object_ladder, turn->scratch,
			 &ret->row))
		return false;
	for (size_t i = 0; i < ret->row.steps_count; i++)
		ret->steps[i] = ret->row.steps[i];
	return true;
}

static void put(struct kai_turn *turn, struct kai_ladder_case *ladder)
{
	struct kai_key key = kai_key_pair(ladder->place.arrival, ladder->place.peer);
	struct kai_key call = kai_key_call(ladder->row.urgency, &ladder->place);

	ladder->row.steps = ladder->steps;
	kai_rec_put(turn->txn, KAI_TABLE_LADDERS, &key, &kai_object_ladder, &ladder->row);
	if (kai_ladder_under_way(&ladder->row))
		kai_txn_put(turn->txn, KAI_TABLE_CALLS, kai_key_span(&call), kai_span("", 0));
	else
		(void)kai_txn_del(turn->txn, KAI_TABLE_CALLS, kai_key_span(&call));
}

void kai_ladder_timer(struct kai_turn *turn, uint64_t at, enum kai_timer_kind kind,
		      const struct kai_key *rest)
{
	struct kai_engine *engine = turn->engine;
	struct kai_key key = kai_key_timer(at | KAI_TIMER_WALL, kind, rest);
	int64_t wait_ms = (int64_t)at - turn->event->wall.ms;
	int64_t due_ms = turn->event->mono.ms + (wait_ms > 0 ? wait_ms : 0);

	kai_txn_put(turn->txn, KAI_TABLE_TIMERS, kai_key_span(&key), kai_span("", 0));
	if (due_ms < engine->ladder_due.ms)
		engine->ladder_due.ms = due_ms;
}

static void set_timer(struct kai_turn *turn, struct kai_ladder_case *io, uint64_t at)
{
	struct kai_key rest = kai_key_pair(io->place.arrival, io->place.peer);

	if (io->row.timer_at != 0) {
		struct kai_key gone =
			kai_key_timer(io->row.timer_at | KAI_TIMER_WALL, KAI_TIMER_LADDER, &rest);

		(void)kai_txn_del(turn->txn, KAI_TABLE_TIMERS, kai_key_span(&gone));
	}
	io->row.timer_at = at < KAI_MAX_TIME_MS ? at : KAI_MAX_TIME_MS;
	if (at != 0)
		kai_ladder_timer(turn, io->row.timer_at, KAI_TIMER_LADDER, &rest);
}

/* step NULL: of the ladder as a whole. */
static void say(struct kai_turn *turn, const struct kai_ladder_case *ladder,
		const struct kai_step *step, const char *event, const char *rule)
{
	const struct kai_link *link = kai_link_by_number(turn->engine, ladder->place.peer);
	char text[KAI_MAX_SHORT + KAI_MAX_NAME + 2];
	struct kai_journal entry = {.at = (uint64_t)turn->event->wall.ms,
				    .event = kai_span_str(event),
				    .rule = kai_span_str(rule)};
	struct kai_item item;

	entry.org.is = link != NULL;
	if (link != NULL)
		memcpy(entry.org.id, link->org, KAI_ID_LEN);
	entry.id.is = ladder->place.arrival != 0 &&
		      kai_rec_item(turn->txn, ladder->place.arrival, turn->scratch, &item);
	if (entry.id.is)
		memcpy(entry.id.id, item.id, KAI_ID_LEN);
	if (step != NULL && step->state == KAI_STEP_DONE) {
		entry.count = step->code;
		entry.text = step->said;
	} else if (step != NULL) {
		int len = snprintf(text, sizeof(text), "%.*s %.*s", (int)step->role.len,
				   (const char *)step->role.at, (int)step->name.len,
				   (const char *)step->name.at);

		entry.count = step->starts;
		entry.text = kai_span(text, len > 0 ? (size_t)len : 0);
	}
	kai_journal_append(turn->txn, &entry);
	kai_out_trace(turn, event, link == NULL ? NULL : link->org,
		      entry.id.is ? entry.id.id : NULL, rule,
		      step == NULL ? KAI_RUNGS : step->rung);
}

/* ---- when ---- */

const struct kai_ladder_times *kai_ladder_times_of(const struct kai_engine *engine,
						   uint64_t urgency)
{
	static const struct kai_ladder_times never = {.received_ms = 0};

	return urgency >= KAI_URGENCY_NOW && urgency <= KAI_URGENCY_INFO
		       ? &engine->config.escalation.times[urgency - 1]
		       : &never;
}

/* A rung's time from the beginning; -1: it has none. About a link nobody's word is asked for. */
static int64_t offset_of(const struct kai_engine *engine, const struct kai_ladder_case *ladder,
			 enum kai_rung rung)
{
	const struct kai_ladder_times *times = kai_ladder_times_of(engine, ladder->row.urgency);
	int64_t received = (int64_t)ladder->row.received_ms;
	bool link = ladder->place.arrival == 0;

	switch (rung) {
	case KAI_RUNG_NOTICE:
		return link || ladder->place.peer == 0 ? 0 : -1;
	case KAI_RUNG_RECEIVED:
		return received > 0 ? received : -1;
	case KAI_RUNG_DEPUTY:
		return !link && times->deputy_ms > 0 ? received + times->deputy_ms : -1;
	case KAI_RUNG_DEPUTY_2:
		return !link && times->deputy2_ms > 0 ? received + times->deputy2_ms : -1;
	case KAI_RUNG_DECIDER:
		return !link && times->decider_ms > 0
			       ? received + times->decider_ms - times->received_ms
			       : -1;
	case KAI_RUNGS:
		break;
	}
	return -1;
}

/*
 * The next rung that has a time, from this one on. It is never further away than from the one before: where the
 * clock went back, the beginning lies ahead of it.
 */
static void set_next(struct kai_turn *turn, struct kai_ladder_case *io, uint64_t from)
{
	const struct kai_engine *engine = turn->engine;
	size_t called = io->row.steps_count;
	uint64_t now = (uint64_t)turn->event->wall.ms;
	int64_t before = 0;

	if (called > 0)
		before = offset_of(engine, io, (enum kai_rung)io->steps[called - 1].rung);
	io->row.due_at = 0;
	for (io->row.next = from; io->row.next < KAI_RUNGS; io->row.next++) {
		int64_t offset = offset_of(engine, io, (enum kai_rung)io->row.next);
		uint64_t latest = offset > before ? now + (uint64_t)(offset - before) : now;

		if (offset < 0)
			continue;
		io->row.due_at = io->row.at + (uint64_t)offset;
		if (io->row.due_at > latest)
			io->row.due_at = latest;
		return;
	}
}

/* Never in this turn: what is written now is committed before that. The end is one when it is believed. */
static void arm(struct kai_turn *turn, struct kai_ladder_case *io)
{
	uint64_t now = (uint64_t)turn->event->wall.ms;
	uint64_t at = io->row.due_at;

	if (at != 0 && at <= now)
		at = now + 1;
	if (io->row.until > now && (at == 0 || at > io->row.until))
		at = io->row.until;
	if (at == 0 && io->row.until != 0)
		at = now + (uint64_t)KAI_MS_MINUTE;
	set_timer(turn, io, at);
}

/* ---- its life ---- */

void kai_ladder_begin(struct kai_turn *turn, struct kai_ladder_case *io)
{
	struct kai_key key = kai_key_pair(io->place.arrival, io->place.peer);

	kai_txn_put(turn->txn, KAI_TABLE_LADDERS_OPEN, kai_key_span(&key), kai_span("", 0));
	set_next(turn, io, KAI_RUNG_NOTICE);
	arm(turn, io);
	put(turn, io);
	kai_out_trace(turn, "ladder-begun", NULL, NULL, NULL, io->place.peer);
}

static void settle(struct kai_turn *turn, struct kai_ladder_case *io, struct kai_step *step,
		   enum kai_step_result result)
{
	step->state = KAI_STEP_DONE;
	step->done_at = (uint64_t)turn->event->wall.ms;
	if (step->done_at == 0)
		step->done_at = 1;
	step->result = result;
	say(turn, io, step, "call-done", kai_step_result_word(result));
}

void kai_ladder_end(struct kai_turn *turn, struct kai_ladder_case *io, const char *why)
{
	struct kai_key key = kai_key_pair(io->place.arrival, io->place.peer);

	if (io->row.ended_at != 0)
		return;
	io->row.ended_at = (uint64_t)turn->event->wall.ms;
	if (io->row.ended_at == 0)
		io->row.ended_at = 1;
	io->row.why = kai_span_str(why);
	set_timer(turn, io, 0);
	(void)kai_txn_del(turn->txn, KAI_TABLE_LADDERS_OPEN, kai_key_span(&key));
	for (size_t i = 0; i < io->row.steps_count; i++)
		if (io->steps[i].state == KAI_STEP_DUE)
			settle(turn, io, &io->steps[i], KAI_RESULT_UNNEEDED);
	put(turn, io);
	if (io->row.steps_count > 0)
		say(turn, io, NULL, "calls-ended", why);
}

void kai_ladder_climb(struct kai_turn *turn, struct kai_ladder_case *io)
{
	const char *why = kai_ladder_over(turn, &io->place, io->row.until);

	io->row.timer_at = 0; /* it is gone */
	if (why != NULL) {
		kai_ladder_end(turn, io, why);
		return;
	}
	if (io->row.next >= KAI_RUNGS || io->row.steps_count >= KAI_RUNGS) {
		arm(turn, io); /* until its end */
		put(turn, io);
		return;
	}
	struct kai_step *step = &io->steps[io->row.steps_count++];

	*step = (struct kai_step){.rung = io->row.next,
				  .state = KAI_STEP_DUE,
				  .due_at = (uint64_t)turn->event->wall.ms};
	kai_ladder_who(turn, io, step);
	set_next(turn, io, io->row.next + 1);
	put(turn, io);
	say(turn, io, step, "call-due", kai_silence_word(step->silence));
	turn->engine->ladder_due = turn->event->mono;
}

static void start(struct kai_turn *turn, struct kai_ladder_case *io, struct kai_step *step)
{
	bool again = step->state == KAI_STEP_STARTED;

	step->state = KAI_STEP_STARTED;
	step->started_at = (uint64_t)turn->event->wall.ms;
	step->starts++;
	memcpy(step->life, turn->engine->life, sizeof(step->life));
	if (!again && io->row.ended_at == 0)
		arm(turn, io);
	put(turn, io);
	say(turn, io, step, again ? "call-repeated" : "call-started",
	    kai_silence_word(step->silence));
	turn->engine->calls_started++;
	kai_ladder_call(turn, io, step);
}

bool kai_ladder_start(struct kai_turn *turn, struct kai_ladder_case *io)
{
	const char *why = NULL;

	if (io->row.ended_at == 0)
		why = kai_ladder_over(turn, &io->place, io->row.until);
	if (why != NULL)
		kai_ladder_end(turn, io, why);
	for (size_t i = 0; i < io->row.steps_count; i++) {
		struct kai_step *step = &io->steps[i];
		bool mine = memcmp(step->life, turn->engine->life, sizeof(step->life)) == 0;

		if (step->state == KAI_STEP_DONE || (step->state == KAI_STEP_STARTED && mine))
			continue;
		if (io->row.ended_at != 0) {
			settle(turn, io, step, KAI_RESULT_UNNEEDED);
			put(turn, io);
			continue;
		}
		if (turn->engine->calls_started >= MOST_STARTED)
			return false;
		start(turn, io, step);
	}
	return true;
}

/* A step that runs holds one of the places of this life. */
static void give_back(struct kai_engine *engine, const struct kai_step *step)
{
	if (step->state == KAI_STEP_STARTED &&
	    memcmp(step->life, engine->life, sizeof(step->life)) == 0 && engine->calls_started > 0)
		engine->calls_started--;
}

void kai_ladder_forget(struct kai_turn *turn, const struct kai_ladder_case *ladder)
{
	struct kai_key call = kai_key_call(ladder->row.urgency, &ladder->place);

	for (size_t i = 0; i < ladder->row.steps_count; i++)
		give_back(turn->engine, &ladder->steps[i]);
	(void)kai_txn_del(turn->txn, KAI_TABLE_CALLS, kai_key_span(&call));
	turn->engine->ladder_due = turn->event->mono;
}

void kai_ladder_done(struct kai_turn *turn, struct kai_ladder_case *io)
{
	const struct kai_event *event = turn->event;
	struct kai_engine *engine = turn->engine;

	for (size_t i = 0; i < io->row.steps_count; i++) {
		struct kai_step *step = &io->steps[i];

		if (step->rung != event->call.rung || step->state != KAI_STEP_STARTED)
			continue;
		give_back(engine, step);
		step->code = event->code <= 255 ? event->code : 255;
		step->said = event->said;
		settle(turn, io, step, (enum kai_step_result)event->result);
		put(turn, io);
		engine->ladder_due = event->mono; /* another one may wait for its place */
	}
}

void kai_ladder_again(struct kai_turn *turn, struct kai_ladder_case *io)
{
	bool timed = io->row.timer_at != 0;

	if (io->row.ended_at != 0 || io->row.next >= KAI_RUNGS)
		return;
	set_next(turn, io, io->row.next);
	if (timed)
		arm(turn, io);
	put(turn, io);
}
