/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The integrity check's rows around duties: each has its item and peers, and an open one its mark and its timer.
 * And around openings of contingency clauses: each has its peer, and says when and why it was closed.
 */
#include "check_private.h"

#define TIMER_HEAD 9u /* due u64, kind u8 */

static bool read_duty(struct kai_check_run *run, struct kai_span at, struct kai_duty_row *ret)
{
	struct kai_key key = kai_key_bytes(at.at, at.len);

	return kai_check_read(run, KAI_TABLE_DUTIES, &key, &kai_object_duty_row, ret);
}

static void check_places(struct kai_check_run *run, struct kai_span key,
			 const struct kai_duty_place *place)
{
	struct kai_key item = kai_key_u64(place->arrival);
	struct kai_key peer = kai_key_peer(place->peer);
	struct kai_key target = kai_key_peer(place->target);

	if (!kai_check_there(run, KAI_TABLE_ITEMS, kai_key_span(&item)))
		kai_check_problem(run, key, "a duty about no item");
	if (!kai_check_there(run, KAI_TABLE_PEERS, kai_key_span(&peer)) ||
	    (place->target != 0 && !kai_check_there(run, KAI_TABLE_PEERS, kai_key_span(&target))))
		kai_check_problem(run, key, "a duty points at no peer");
}

/* Open: not settled, marked open, one timer. Else none of these. */
static void check_state(struct kai_check_run *run, struct kai_span key,
			const struct kai_duty_row *row)
{
	bool settled = row->state == KAI_DUTY_MET || row->state == KAI_DUTY_ENDED;
	struct kai_key rest = kai_key_bytes(key.at, key.len);
	struct kai_key timer = kai_key_timer(row->timer_at, KAI_TIMER_DUTY, &rest);

	if (settled != (row->settled_at != 0))
		kai_check_problem(run, key, "a duty's state and time contradict one another");
	if (settled == kai_check_there(run, KAI_TABLE_DUTIES_OPEN, key))
		kai_check_problem(run, key,
				  settled ? "a settled duty is marked open"
					  : "an open duty is not marked so");
	if (settled ? row->timer_at != 0
		    : !kai_check_there(run, KAI_TABLE_TIMERS, kai_key_span(&timer)))
		kai_check_problem(run, key,
				  settled ? "a settled duty has a timer"
					  : "an open duty has no timer");
	if (row->state == KAI_DUTY_OVERDUE && row->overdue_at == 0)
		kai_check_problem(run, key, "an overdue duty does not say since when");
}

void kai_check_duty(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_duty_place place;
	struct kai_duty_row row;

	if (!kai_check_lengths(run, key, KAI_DUTY_KEY, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_duty_row, &row) ||
	    !kai_duty_place_read(key, &place))
		return;
	check_places(run, key, &place);
	check_state(run, key, &row);
}

void kai_check_duty_open(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_duty_row row;

	if (kai_check_lengths(run, key, KAI_DUTY_KEY, value, 0) && !read_duty(run, key, &row))
		kai_check_problem(run, key, "marks no duty as open");
}

/* Timers of other kinds may outlive what they were for. */
void kai_check_timer(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_duty_row row;

	(void)value;
	if (key.len <= TIMER_HEAD) {
		kai_check_problem(run, key, "a timer of nothing");
		return;
	}
	struct kai_span rest = kai_span(key.at + TIMER_HEAD, key.len - TIMER_HEAD);
	uint64_t due = kai_get_be64(key.at);

	if (key.at[TIMER_HEAD - 1] == KAI_TIMER_DUTY &&
	    (!read_duty(run, rest, &row) || row.timer_at != due))
		kai_check_problem(run, key, "a timer that no duty has");
	if (key.at[TIMER_HEAD - 1] == KAI_TIMER_LADDER &&
	    !kai_check_ladder_timer(run, rest, due & ~KAI_TIMER_WALL))
		kai_check_problem(run, key, "a timer that no ladder has");
}

void kai_check_outage(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_outage opening;

	if (!kai_check_lengths(run, key, KAI_OUTAGE_KEY, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_outage, &opening))
		return;
	struct kai_key peer = kai_key_bytes(key.at, 2);

	if (!kai_check_there(run, KAI_TABLE_PEERS, kai_key_span(&peer)))
		kai_check_problem(run, key, "an opening points at no peer");
	if (key.at[2] > KAI_OUTAGE_THEIRS ||
	    (key.at[2] == KAI_OUTAGE_THEIRS && opening.closed_at != 0))
		kai_check_problem(run, key, "an opening of neither side");
	if ((opening.closed_at != 0) != (opening.why.len > 0) ||
	    (opening.closed_at != 0 && opening.closed_at < opening.opened_at))
		kai_check_problem(run, key,
				  "an opening's end and its reason contradict one another");
}
