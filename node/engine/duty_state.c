/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One duty's life: due, then met, blocked or overdue, then ended. Every step is a row, a journal entry and a trace,
 * in the turn in which it is known. An open duty has exactly one timer: where it becomes overdue, or, when
 * nothing can become of it but its end, where that is.
 */
#include "duty.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <string.h>

#include "trust.h"

#define AFTER_MS KAI_MS_DAY /* what was not done stays before our eyes so long at least */

/* ---- the rows ---- */

bool kai_duty_read(struct kai_turn *turn, const struct kai_duty_place *place,
		   struct kai_duty_case *ret)
{
	struct kai_key key = kai_key_duty(place);

	ret->place = *place;
	return kai_rec_get(turn->txn, KAI_TABLE_DUTIES, &key, &kai_object_duty_row, turn->scratch,
			   &ret->row);
}

static void put(struct kai_turn *turn, const struct kai_duty_case *duty)
{
	struct kai_key key = kai_key_duty(&duty->place);

	kai_rec_put(turn->txn, KAI_TABLE_DUTIES, &key, &kai_object_duty_row, &duty->row);
}

static void set_timer(struct kai_turn *turn, struct kai_duty_case *io, uint64_t at)
{
	struct kai_key rest = kai_key_duty(&io->place);

	if (io->row.timer_at != 0) {
		struct kai_key gone = kai_key_timer(io->row.timer_at, KAI_TIMER_DUTY, &rest);

		(void)kai_txn_del(turn->txn, KAI_TABLE_TIMERS, kai_key_span(&gone));
	}
	io->row.timer_at = at < KAI_MAX_TIME_MS ? at : KAI_MAX_TIME_MS;
	if (at != 0)
		kai_sweep_at(turn, io->row.timer_at, KAI_TIMER_DUTY, &rest);
}

/* Which of an item's duties, in a trace's number. */
static uint64_t number_of(const struct kai_duty_place *place)
{
	return (uint64_t)place->peer << 32 | (uint64_t)place->index << 16 | place->target;
}

static void say(struct kai_turn *turn, const struct kai_duty_case *duty, const char *event)
{
	uint16_t with = duty->place.target != 0 ? duty->place.target : duty->place.peer;
	const struct kai_link *link = kai_link_by_number(turn->engine, with);
	const char *state = kai_duty_state_word(duty->row.state);
	char rule[KAI_MAX_SHORT + 1] = "";
	struct kai_item item;

	if (link == NULL || !kai_rec_item(turn->txn, duty->place.arrival, turn->scratch, &item))
		return;
	memcpy(rule, duty->row.rule.at, duty->row.rule.len);
	kai_turn_journal(turn, event, link->org, item.id, rule);
	kai_out_trace(turn, event, link->org, item.id, state, number_of(&duty->place));
}

/* ---- steps ---- */

static void set_due(struct kai_turn *turn, struct kai_duty_case *io)
{
	uint64_t now = (uint64_t)turn->event->wall.ms;

	io->row.state = KAI_DUTY_DUE;
	io->row.rule = kai_span_str("");
	io->row.due_at = now + io->row.within_ms;
	if (io->row.due_at > KAI_MAX_TIME_MS)
		io->row.due_at = KAI_MAX_TIME_MS;
	set_timer(turn, io, io->row.due_at);
	put(turn, io);
	say(turn, io, "duty-due");
}

void kai_duty_begin(struct kai_turn *turn, struct kai_duty_case *io)
{
	struct kai_key key = kai_key_duty(&io->place);

	io->row.at = (uint64_t)turn->event->wall.ms;
	kai_txn_put(turn->txn, KAI_TABLE_DUTIES_OPEN, kai_key_span(&key), kai_span("", 0));
	if (io->row.side == KAI_DUTY_OURS && io->row.action == KAI_DUTY_PASS)
		kai_escalate_ask(turn, io->place.arrival);
	set_due(turn, io);
}

static void settle(struct kai_turn *turn, struct kai_duty_case *io, enum kai_duty_state state)
{
	struct kai_key key = kai_key_duty(&io->place);

	io->row.state = state;
	io->row.settled_at = (uint64_t)turn->event->wall.ms;
	set_timer(turn, io, 0);
	(void)kai_txn_del(turn->txn, KAI_TABLE_DUTIES_OPEN, kai_key_span(&key));
	put(turn, io);
}

void kai_duty_met(struct kai_turn *turn, struct kai_duty_case *io, const uint8_t *answer)
{
	if (io->row.settled_at != 0)
		return;
	io->row.rule = kai_span_str("");
	io->row.answer.is = answer != NULL;
	if (answer != NULL)
		memcpy(io->row.answer.id, answer, KAI_ID_LEN);
	settle(turn, io, KAI_DUTY_MET);
	say(turn, io, "duty-met");
}

void kai_duty_end(struct kai_turn *turn, struct kai_duty_case *io, const char *why)
{
	if (io->row.settled_at != 0)
		return;
	io->row.rule = kai_span_str(why);
	settle(turn, io, KAI_DUTY_ENDED);
	say(turn, io, "duty-ended");
}

static void block(struct kai_turn *turn, const struct kai_item_facts *facts,
		  struct kai_duty_case *io, const char *rule)
{
	bool was = io->row.state == KAI_DUTY_BLOCKED;

	if (was && kai_span_equal(io->row.rule, kai_span_str(rule)))
		return;
	io->row.state = KAI_DUTY_BLOCKED;
	io->row.rule = kai_span_str(rule);
	set_timer(turn, io, facts->header.not_after);
	put(turn, io);
	if (!was)
		say(turn, io, "duty-blocked");
}

/* Its time is over and it was not done, as far as this node can know. */
static void miss(struct kai_turn *turn, const struct kai_item_facts *facts,
		 struct kai_duty_case *io)
{
	uint64_t now = (uint64_t)turn->event->wall.ms;
	uint64_t until = now + (uint64_t)AFTER_MS;
	bool unseen = io->row.side == KAI_DUTY_THEIRS && io->row.action == KAI_DUTY_PASS;

	if (until < facts->header.not_after)
		until = facts->header.not_after;
	io->row.state = unseen ? KAI_DUTY_UNSEEN : KAI_DUTY_OVERDUE;
	if (!unseen)
		io->row.overdue_at = now;
	set_timer(turn, io, until);
	put(turn, io);
	say(turn, io, unseen ? "duty-unseen" : "duty-overdue");
}

/* ---- what is so now ---- */

/* main, where we have it; else whatever of the item may go. */
static uint32_t needed(const struct kai_item_facts *facts)
{
	return (uint32_t)facts->item.held & 1u;
}

/* Does the target have the item: it said so, or brought it? */
static bool is_there(struct kai_turn *turn, const struct kai_item_facts *facts, uint16_t target)
{
	struct kai_key key = kai_key_pair(facts->arrival, target);
	uint32_t need = needed(facts);
	struct kai_released released;
	struct kai_supply supply;

	if (kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, turn->scratch,
			&released))
		return released.state == KAI_RELEASED_STORED && (need & ~released.parts) == 0;
	return kai_rec_get(turn->txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, turn->scratch,
			   &supply) &&
	       (need & ~supply.parts) == 0;
}

/* The one decision about the item for the target at a time; NULL: it may go. mark: of a clause that carries it, NULL:
 * none does. */
static const char *forbidden(const struct kai_pair *pair, const struct kai_item_facts *item,
			     const struct kai_mark *mark, struct kai_wall now)
{
	struct kai_verdict parts[KAI_MAX_PARTS];
	uint32_t need = needed(item);
	uint32_t allowed = 0;
	struct kai_facts facts;

	kai_facts_init(&facts, pair, item, true, now);
	facts.mark = mark;
	facts.opened = mark != NULL ? mark->opened_at : 0;
	struct kai_verdict header = kai_facts_parts(&facts, item, &allowed, parts);

	if (need != 0 ? (allowed & need) != 0 : header.allow || allowed != 0)
		return NULL;
	return kai_rule_name(header.allow ? parts[0].rule : header.rule);
}

/*
 * The same by the wall clock, and where that is doubted also by the one that is believed; false: they differ, and what
 * only one of them says is not written down. ret_rule NULL: it may go.
 */
static bool judge(struct kai_turn *turn, const struct kai_item_facts *item, struct kai_link *link,
		  const char **ret_rule)
{
	struct kai_wall believed = {(int64_t)kai_sweep_now(turn)};
	struct kai_mark clause;
	const struct kai_mark *by = kai_clause_mark(turn, link, item, &clause) ? &clause : NULL;

	*ret_rule = forbidden(kai_pair_now(turn, link), item, by, turn->event->wall);
	if (!kai_sweep_doubts(turn))
		return true;
	size_t mark = turn->scratch->used;
	struct kai_pair *pair = kai_arena_take(turn->scratch, sizeof(*pair));

	if (pair == NULL)
		return false;
	kai_pair_load(turn->txn, turn->engine->config.org, link->org, believed, turn->scratch,
		      pair);
	const char *rule = forbidden(pair, item, by, believed);

	kai_scratch_back(turn, mark);
	return rule == *ret_rule; /* both are of the one table of names */
}

/* For good: by the clock only as far as that is believed, since an end is not taken back. */
static bool is_over(struct kai_turn *turn, struct kai_link *peer, uint64_t now)
{
	const struct kai_pair *pair = peer == NULL ? NULL : kai_pair_now(turn, peer);

	if (pair == NULL || pair->state == KAI_STATE_NONE)
		return true;
	return pair->state == KAI_STATE_TERMINATED ||
	       (pair->state == KAI_STATE_EXPIRED && pair->agreement.terms.valid_until <= now);
}

/* Nobody asks for it any more: why; NULL: it stands. */
static const char *ended(struct kai_turn *turn, const struct kai_item_facts *facts,
			 const struct kai_duty_case *duty, bool fired)
{
	struct kai_link *peer = kai_link_by_number(turn->engine, duty->place.peer);
	bool waits = duty->row.state == KAI_DUTY_DUE || duty->row.state == KAI_DUTY_BLOCKED;
	uint64_t now = kai_sweep_now(turn);

	if ((facts->item.flags & KAI_ITEM_RETRACTED) != 0)
		return "retracted";
	if ((facts->item.flags & KAI_ITEM_SUPERSEDED) != 0)
		return "superseded";
	if (is_over(turn, peer, now))
		return "agreement-over";
	if (waits && duty->row.action != KAI_DUTY_ANSWER && facts->header.not_after <= now)
		return "expired";
	return fired && duty->row.state != KAI_DUTY_DUE ? "expired" : NULL;
}

/* Passing on is for the label to allow; an answer is a new item of ours. */
static void weigh(struct kai_turn *turn, const struct kai_item_facts *facts,
		  struct kai_duty_case *io)
{
	struct kai_link *target = kai_link_by_number(turn->engine, io->place.target);
	const char *rule = NULL;

	if (io->row.side != KAI_DUTY_OURS || io->row.action == KAI_DUTY_ANSWER || target == NULL ||
	    !judge(turn, facts, target, &rule))
		return;
	if (rule != NULL && (io->row.state == KAI_DUTY_DUE || io->row.state == KAI_DUTY_BLOCKED))
		block(turn, facts, io, rule);
	else if (io->row.state == KAI_DUTY_BLOCKED)
		set_due(turn, io); /* the time begins when it can be done */
}

void kai_duty_look(struct kai_turn *turn, const struct kai_item_facts *facts,
		   struct kai_duty_case *io, bool fired)
{
	bool ours = io->row.side == KAI_DUTY_OURS && io->row.action != KAI_DUTY_ANSWER;
	const char *why;

	if (io->row.settled_at != 0)
		return;
	if (ours && is_there(turn, facts, io->place.target)) {
		kai_duty_met(turn, io, NULL);
		return;
	}
	why = ended(turn, facts, io, fired);
	if (why != NULL) {
		kai_duty_end(turn, io, why);
		return;
	}
	bool was_due = io->row.state == KAI_DUTY_DUE;

	weigh(turn, facts, io);
	if (fired && was_due && io->row.state == KAI_DUTY_DUE)
		miss(turn, facts, io);
}
