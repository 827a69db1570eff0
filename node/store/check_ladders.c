/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The integrity check's rows around ladders: each has its item and its peer; an open one its mark and what moves it
 * on, a timer or a step under way; what is under way stands among CALLS, and nothing else does.
 */
#include "check_private.h"

static bool read_ladder(struct kai_check_run *run, struct kai_span at, struct kai_ladder *ret)
{
	struct kai_key key = kai_key_bytes(at.at, at.len);

	return kai_check_read(run, KAI_TABLE_LADDERS, &key, &kai_object_ladder, ret);
}

static void check_place(struct kai_check_run *run, struct kai_span key,
			const struct kai_ladder_place *place)
{
	struct kai_key item = kai_key_u64(place->arrival);
	struct kai_key peer = kai_key_peer(place->peer);

	if (place->arrival == 0 && place->peer == 0)
		kai_check_problem(run, key, "a ladder about nothing");
	if (place->arrival != 0 && !kai_check_there(run, KAI_TABLE_ITEMS, kai_key_span(&item)))
		kai_check_problem(run, key, "a ladder about no item");
	if (place->peer != 0 && !kai_check_there(run, KAI_TABLE_PEERS, kai_key_span(&peer)))
		kai_check_problem(run, key, "a ladder points at no peer");
}

static void check_steps(struct kai_check_run *run, struct kai_span key,
			const struct kai_ladder *ladder)
{
	uint64_t after = 0;

	for (size_t i = 0; i < ladder->steps_count; i++) {
		const struct kai_step *step = &ladder->steps[i];

		if (step->rung < after || step->rung >= ladder->next)
			kai_check_problem(run, key, "a ladder's steps are out of order");
		after = step->rung + 1;
		if ((step->state == KAI_STEP_DONE) != (step->done_at != 0) ||
		    (step->state == KAI_STEP_DONE) != (step->result != KAI_RESULT_NONE) ||
		    (step->state == KAI_STEP_STARTED && step->starts == 0) ||
		    (step->state == KAI_STEP_DUE && step->starts != 0))
			kai_check_problem(run, key, "a step's state contradicts its times");
	}
}

void kai_check_ladder(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_key rest = kai_key_bytes(key.at, key.len);
	struct kai_ladder_place place;
	struct kai_ladder ladder;

	if (!kai_check_lengths(run, key, KAI_LADDER_KEY, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_ladder, &ladder) ||
	    !kai_ladder_place_read(key, &place))
		return;
	struct kai_key timer =
		kai_key_timer(ladder.timer_at | KAI_TIMER_WALL, KAI_TIMER_LADDER, &rest);
	struct kai_key call = kai_key_call(ladder.urgency, &place);
	bool timed = ladder.timer_at != 0 &&
		     kai_check_there(run, KAI_TABLE_TIMERS, kai_key_span(&timer));
	bool open = ladder.ended_at == 0;

	check_place(run, key, &place);
	check_steps(run, key, &ladder);
	if (open != kai_check_there(run, KAI_TABLE_LADDERS_OPEN, key))
		kai_check_problem(run, key,
				  open ? "an open ladder is not marked so"
				       : "a ladder that ended is marked open");
	if (open ? !timed && !kai_ladder_under_way(&ladder) && place.arrival != 0
		 : ladder.timer_at != 0)
		kai_check_problem(run, key,
				  open ? "an open ladder has no timer"
				       : "a ladder that ended has a timer");
	if (kai_ladder_under_way(&ladder) !=
	    kai_check_there(run, KAI_TABLE_CALLS, kai_key_span(&call)))
		kai_check_problem(run, key, "a ladder's mark among the calls is wrong");
}

void kai_check_ladder_open(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_ladder ladder;

	if (kai_check_lengths(run, key, KAI_LADDER_KEY, value, 0) &&
	    !read_ladder(run, key, &ladder))
		kai_check_problem(run, key, "marks no ladder as open");
}

void kai_check_call(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_ladder ladder;

	if (kai_check_lengths(run, key, KAI_CALL_KEY, value, 0) &&
	    (!read_ladder(run, kai_span(key.at + 1, key.len - 1), &ladder) ||
	     ladder.urgency != key.at[0]))
		kai_check_problem(run, key, "marks a call of no ladder");
}

bool kai_check_ladder_timer(struct kai_check_run *run, struct kai_span rest, uint64_t due)
{
	struct kai_ladder ladder;

	return read_ladder(run, rest, &ladder) && ladder.timer_at == due;
}
