/* SPDX-License-Identifier: Apache-2.0 */
/* A node's turns, as the daemon's loop makes them: one transaction each, nothing leaves before its commit. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define TURN_INPUTS 1024 /* as the daemon's */
#define MORE_STEPS 16
#define POOL_FRAMES 2048
#define POOL_BYTES ((size_t)32 * 1024 * 1024)
#define IDLE_TURNS_MOST 10000 /* in a row that did nothing: it spins */

/* ---- inbox ---- */

struct sim_input *sim_input_new(enum sim_input_type type)
{
	struct sim_input *input = sim_alloc(sizeof(*input));

	memset(input, 0, sizeof(*input));
	input->type = type;
	return input;
}

void sim_input_free(struct sim_input *input)
{
	free(input->packet);
	free(input->request);
	free(input);
}

void sim_lane_put(struct sim_lane *lane, struct sim_input *input)
{
	input->next = NULL;
	if (lane->tail == NULL)
		lane->head = input;
	else
		lane->tail->next = input;
	lane->tail = input;
}

/* Offers, chunks and what is of a drill wait for everything else; a hello or bye keeps its place among its own link's. */
static bool goes_bulk(struct sim_node *node, const struct sim_input *input)
{
	unsigned end = sim_edge_end(input->edge, node);
	struct sim_mark *mark = &input->edge->marks[end];
	enum kai_msg_type type = input->packet->frame.type;
	bool barrier = type == KAI_MSG_HELLO || type == KAI_MSG_BYE;
	uint64_t number = node->life->bulk_put + 1;

	if (mark->link != input->link)
		*mark = (struct sim_mark){.link = input->link};
	if (mark->last_barrier <= node->life->bulk_taken && type != KAI_MSG_CHUNK &&
	    type != KAI_MSG_OFFER && type != KAI_MSG_REALM &&
	    !(barrier && mark->last_bulk > node->life->bulk_taken))
		return false;
	mark->last_bulk = number;
	if (barrier)
		mark->last_barrier = number;
	return true;
}

void sim_node_put(struct sim *sim, struct sim_node *node, struct sim_input *input)
{
	struct sim_life *life = node->life;

	if (input->type == SIM_INPUT_FRAME) {
		life->inbox_frames++;
		life->inbox_bytes += input->packet->frame.bytes.len;
	}
	if (input->type == SIM_INPUT_FRAME && goes_bulk(node, input)) {
		input->bulk_number = ++life->bulk_put;
		sim_lane_put(&life->bulk, input);
	} else {
		sim_lane_put(&life->fast, input);
	}
	sim_node_wake(sim, node, sim->now_ms);
}

bool sim_node_has_room(const struct sim_node *node)
{
	return node->life->inbox_frames < POOL_FRAMES && node->life->inbox_bytes < POOL_BYTES;
}

struct sim_input *sim_lane_take(struct sim_lane *lane)
{
	struct sim_input *input = lane->head;

	if (input == NULL)
		return NULL;
	lane->head = input->next;
	if (lane->head == NULL)
		lane->tail = NULL;
	input->next = NULL;
	return input;
}

static struct sim_input *take(struct sim_life *life)
{
	struct sim_input *input =
		sim_lane_take(life->fast.head != NULL ? &life->fast : &life->bulk);

	if (input == NULL)
		return NULL;
	if (input->type == SIM_INPUT_FRAME) {
		life->inbox_frames--;
		life->inbox_bytes -= input->packet->frame.bytes.len;
	}
	if (input->bulk_number > 0)
		life->bulk_taken = input->bulk_number;
	return input;
}

void sim_node_lose_inbox(struct sim_node *node)
{
	struct sim_input *input;

	while ((input = take(node->life)) != NULL) {
		if (input->type == SIM_INPUT_CONTROL)
			sim_lane_put(&node->life->controls, input);
		else
			sim_input_free(input);
	}
}

/* ---- waking ---- */

void sim_node_wake(struct sim *sim, struct sim_node *node, int64_t at_ms)
{
	struct sim_life *life = node->life;

	if (at_ms < life->busy_until_ms)
		at_ms = life->busy_until_ms;
	if (at_ms < sim->now_ms)
		at_ms = sim->now_ms;
	if (at_ms >= life->wake_ms)
		return; /* it will look then */
	life->wake_ms = at_ms;
	sim_queue_put(&sim->queue, at_ms, SIM_EVENT_WAKE, ++life->wake_stamp, node);
}

void sim_node_rest(struct sim *sim, struct sim_node *node)
{
	const struct sim_life *life = node->life;

	if (node->engine == NULL)
		return;
	if (node->read_only) {
		sim_node_wake(sim, node, life->retry_ms);
		return;
	}
	if (life->more || life->fast.head != NULL || life->bulk.head != NULL) {
		sim_node_wake(sim, node, sim->now_ms);
		return;
	}
	int64_t due_ms = sim_node_due(node, kai_engine_deadline(node->engine));
	int64_t drill_ms = sim_stages_due(node);

	if (drill_ms < due_ms)
		due_ms = drill_ms;
	if (due_ms < INT64_MAX)
		sim_node_wake(sim, node, due_ms);
}

/* ---- one step ---- */

void sim_node_mark_outputs(struct sim *sim, const struct sim_node *node)
{
	size_t count = kai_out_count(sim->out);

	if (count > sim->out_link_cap) {
		sim->out_link_cap = 2 * count;
		sim->out_links =
			sim_grow(sim->out_links, sim->out_link_cap * sizeof(*sim->out_links));
	}
	for (; sim->out_link_count < count; sim->out_link_count++) {
		const struct kai_output *output = kai_out_at(sim->out, sim->out_link_count);
		const struct sim_node *peer = NULL;

		if (output->type == KAI_OUTPUT_SEND || output->type == KAI_OUTPUT_CUT)
			peer = sim_node_of(sim, output->org);
		sim->out_links[sim->out_link_count] =
			peer == NULL ? 0 : sim_net_session(sim, node->number, peer->number);
	}
}

void sim_node_step(struct sim *sim, struct sim_node *node, struct kai_txn *txn,
		   struct kai_event *event)
{
	event->mono = sim_mono(node);
	event->wall = sim_wall(node);
	sim_random(sim->plan->seed, "entropy", node->number, ++node->life->steps, event->entropy,
		   sizeof(event->entropy));
	node->life->more = kai_engine_step(node->engine, txn, event, sim->out);
	sim_node_mark_outputs(sim, node);
}

static void step_frame(struct sim *sim, struct sim_node *node, struct kai_txn *txn,
		       const struct sim_input *input, const struct kai_event *event)
{
	struct kai_checked checked;

	if (node->rogue != NULL)
		sim_rogue_input(sim, node, &input->packet->frame);
	sim_check_frame(sim, input->packet->frame.bytes, &checked);
	if (sim_stages_serve(node, checked.realm))
		return;
	struct kai_event with = *event;

	with.frame = &checked;
	sim_node_step(sim, node, txn, &with);
}

/* client: the input's place in its turn, from 1. */
static void step_input(struct sim *sim, struct sim_node *node, struct kai_txn *txn,
		       const struct sim_input *input, size_t client)
{
	struct kai_event event = {.type = KAI_EVENT_CONTROL, .client = client};

	if (input->type == SIM_INPUT_CONTROL) {
		if (sim_stages_take(node, input))
			return;
		event.request = kai_span(input->request, input->request_len);
		sim_node_step(sim, node, txn, &event);
		return;
	}
	if (input->type == SIM_INPUT_CALLED) {
		event = (struct kai_event){
			.type = KAI_EVENT_CALLED, .call = input->call, .result = KAI_RESULT_EXIT};
		sim_node_step(sim, node, txn, &event);
		return;
	}
	if (!sim_edge_event(node, input, &event))
		return;
	if (input->type == SIM_INPUT_FRAME)
		step_frame(sim, node, txn, input, &event);
	else
		sim_node_step(sim, node, txn, &event);
}

/* ---- after the commit ---- */

static struct sim_leaving *add_leaving(struct sim_life *life, enum kai_output_type type)
{
	if (life->leaving_count == life->leaving_cap) {
		life->leaving_cap = life->leaving_cap == 0 ? 8 : life->leaving_cap * 2;
		life->leaving = sim_grow(life->leaving, life->leaving_cap * sizeof(*life->leaving));
	}
	struct sim_leaving *leaving = &life->leaving[life->leaving_count++];

	*leaving = (struct sim_leaving){.type = type};
	return leaving;
}

static void note_send(struct sim *sim, struct sim_node *node, const struct kai_output *output,
		      uint64_t link, bool drill)
{
	const struct sim_node *peer = sim_node_of(sim, output->org);
	struct sim_leaving *leaving;

	if (peer == NULL || link == 0)
		return;
	leaving = add_leaving(node->life, output->type);
	leaving->peer = peer->number;
	leaving->link = link;
	if (output->type == KAI_OUTPUT_CUT)
		return;
	leaving->packet = sim_packet_new(output->bytes);
	leaving->packet->link = link;
	leaving->packet->frame.from = node->number;
	leaving->packet->frame.to = peer->number;
	leaving->packet->frame.urgent = output->urgent && !drill;
	leaving->packet->drill = drill;
}

/* What was asked is true from the commit on, whether or not anybody hears of it. */
static void answer(struct sim *sim, struct sim_node *node, const struct sim_input *input,
		   const struct kai_output *output)
{
	struct kai_arena *arena = &sim->answer;
	uint8_t *bytes;

	arena->used = 0;
	arena->full = false;
	bytes = kai_arena_take(arena, output->bytes.len);
	memset(&node->answer, 0, sizeof(node->answer));
	if (bytes == NULL)
		return;
	memcpy(bytes, output->bytes.at, output->bytes.len);
	if (kai_object_decode(&kai_object_ctl_answer, kai_span(bytes, output->bytes.len), arena,
			      &node->answer) != KAI_FAULT_NONE)
		sim_violation(sim, "driver", node->number, NULL, "an answer does not decode");
	else if (input->done != NULL)
		input->done(sim, node, &node->answer, input->op);
}

static void traced(struct sim *sim, struct sim_node *node, const struct kai_output *output,
		   bool drill)
{
	if (drill) {
		sim_tell_aside(sim, node, output);
		return;
	}
	node->traces++;
	sim_tell_traced(sim, node, output);
}

void sim_node_gather(struct sim *sim, struct sim_node *node, struct sim_input **inputs,
		     const struct sim_stage *stage)
{
	const uint8_t *realm = stage == NULL ? NULL : stage->realm;
	bool drill = realm != NULL;
	size_t count = kai_out_count(sim->out);

	for (size_t i = 0; i < count; i++) {
		const struct kai_output *output = kai_out_at(sim->out, i);

		sim_digest(sim, node, realm, output);
		switch (output->type) {
		case KAI_OUTPUT_SEND:
			note_send(sim, node, output, sim->out_links[i], drill);
			break;
		case KAI_OUTPUT_CUT:
			sim_tell_traced(sim, node, output);
			note_send(sim, node, output, sim->out_links[i], drill);
			break;
		case KAI_OUTPUT_PEERS: /* whom a node talks to is the live engine's to say */
			if (drill)
				break;
			(void)add_leaving(node->life, KAI_OUTPUT_PEERS);
			node->stages->stale = true;
			break;
		case KAI_OUTPUT_CALL:
			add_leaving(node->life, KAI_OUTPUT_CALL)->call = output->call;
			break;
		case KAI_OUTPUT_ANSWER:
			answer(sim, node, inputs[output->client - 1], output);
			break;
		case KAI_OUTPUT_TRACE:
			traced(sim, node, output, drill);
			break;
		}
	}
}

static void release(struct sim *sim, struct sim_node *node, struct sim_leaving *leaving)
{
	switch (leaving->type) {
	case KAI_OUTPUT_SEND:
		if (node->rogue != NULL && !sim_rogue_output(sim, node, &leaving->packet->frame))
			free(leaving->packet);
		else
			sim_net_post(sim, leaving->packet);
		leaving->packet = NULL;
		break;
	case KAI_OUTPUT_CUT:
		node->cuts++;
		sim_net_end(sim, node, leaving->peer, leaving->link);
		break;
	case KAI_OUTPUT_PEERS:
		sim_net_roster(sim, node);
		break;
	case KAI_OUTPUT_CALL: {
		struct sim_input *input = sim_input_new(SIM_INPUT_CALLED);

		input->call = leaving->call; /* its program takes no time, and may do it twice */
		sim_node_put(sim, node, input);
		break;
	}
	case KAI_OUTPUT_ANSWER:
	case KAI_OUTPUT_TRACE:
		break;
	}
}

void sim_node_leave(struct sim *sim, struct sim_node *node, size_t count)
{
	struct sim_life *life = node->life;

	for (size_t i = 0; i < life->leaving_count; i++) {
		if (i < count)
			release(sim, node, &life->leaving[i]);
		free(life->leaving[i].packet);
	}
	life->leaving_count = 0;
}

void sim_node_forget_outputs(struct sim *sim)
{
	kai_out_reset(sim->out);
	sim->out_link_count = 0;
}

void sim_node_depart(struct sim *sim, struct sim_node *node)
{
	struct sim_life *life = node->life;

	if (node->slow_ms > 0)
		sim_queue_put(&sim->queue, sim->now_ms + node->slow_ms, SIM_EVENT_RELEASE,
			      ++life->release_stamp, node);
	else
		sim_node_leave(sim, node, life->leaving_count);
}

/* ---- the turn ---- */

/* Does a turn that is due to crash at this point? */
static bool strikes(const struct sim_node *node, enum sim_crash_point point)
{
	const struct sim_life *life = node->life;

	return life->armed && life->point == point && node->turns + 1 >= life->crash_turn;
}

static bool is_due(const struct sim_node *node)
{
	return kai_engine_deadline(node->engine).ms <= sim_mono(node).ms;
}

/* false: it died before the commit. */
static bool step_all(struct sim *sim, struct sim_node *node, struct kai_txn *txn,
		     struct sim_input **inputs, size_t count)
{
	size_t until = count;
	struct kai_event event;

	if (strikes(node, SIM_CRASH_MID_TURN))
		until = (size_t)sim_random_below(sim->plan->seed, "mid-turn", node->number,
						 node->turns, count + 1);
	if (is_due(node)) {
		event = (struct kai_event){.type = KAI_EVENT_TIMER};
		sim_node_step(sim, node, txn, &event);
	}
	for (size_t i = 0; i < until; i++)
		step_input(sim, node, txn, inputs[i], i + 1);
	if (strikes(node, SIM_CRASH_MID_TURN))
		return false;
	for (unsigned i = 0; i < MORE_STEPS && node->life->more; i++) {
		event = (struct kai_event){.type = KAI_EVENT_MORE};
		sim_node_step(sim, node, txn, &event);
	}
	return true;
}

/* Requests are asked again, frames are lost. */
static void undo_inputs(struct sim_node *node, struct sim_input **inputs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (inputs[i]->type == SIM_INPUT_CONTROL)
			sim_lane_put(&node->life->controls, inputs[i]);
		else
			sim_input_free(inputs[i]);
	}
}

static void watch_idle(struct sim *sim, struct sim_node *node, size_t count)
{
	struct sim_life *life = node->life;

	if (count > 0 || kai_out_count(sim->out) > 0)
		life->idle_turns = 0;
	else if (++life->idle_turns == IDLE_TURNS_MOST)
		sim_violation(sim, "driver", node->number, NULL,
			      "%d turns in a row did nothing: it spins", IDLE_TURNS_MOST);
}

void sim_node_committed(struct sim *sim, struct sim_node *node, struct sim_input **inputs,
			size_t count)
{
	struct sim_life *life = node->life;
	bool dies = strikes(node, SIM_CRASH_UNSENT) || strikes(node, SIM_CRASH_HALF_SENT) ||
		    strikes(node, SIM_CRASH_MID_TURN);
	/* between the live commit and the drills' */
	bool lost =
		strikes(node, SIM_CRASH_UNSENT) &&
		sim_random_below(sim->plan->seed, "drills lost", node->number, node->turns, 2) == 0;

	life->busy_until_ms = sim->now_ms + (node->slow_ms > 1 ? node->slow_ms : 1);
	watch_idle(sim, node, count);
	node->turns++;
	sim->figures.turns++;
	sim_node_gather(sim, node, inputs, NULL);
	sim_node_forget_outputs(sim);
	for (size_t i = 0; i < count; i++)
		if (inputs[i]->type == SIM_INPUT_FRAME)
			sim_tell_received(sim, &inputs[i]->packet->frame);
	sim_tell_turn(sim, node);
	sim_stages_turn(sim, node, inputs, count, lost);
	for (size_t i = 0; i < count; i++) {
		if (lost && sim_stages_take(node, inputs[i]))
			sim_lane_put(&life->controls, inputs[i]);
		else
			sim_input_free(inputs[i]);
	}
	if (dies) {
		size_t left = life->point == SIM_CRASH_HALF_SENT ? life->leaving_count / 2 : 0;

		sim_node_leave(sim, node, left);
		sim_node_die(sim, node, life->back_ms);
	} else {
		sim_node_depart(sim, node);
	}
}

/* Nothing live has anything to do. */
static void practise(struct sim *sim, struct sim_node *node)
{
	node->life->busy_until_ms = sim->now_ms + (node->slow_ms > 1 ? node->slow_ms : 1);
	sim_stages_turn(sim, node, NULL, 0, false);
	sim_node_depart(sim, node);
}

static void turn(struct sim *sim, struct sim_node *node)
{
	struct sim_input *inputs[TURN_INPUTS];
	size_t count = 0;
	struct kai_txn *txn;

	while (count < TURN_INPUTS && (inputs[count] = take(node->life)) != NULL)
		count++;
	if (kai_txn_begin(node->store, true, &txn, NULL) != KAI_ERR_OK)
		abort(); /* only without memory */
	if (!step_all(sim, node, txn, inputs, count)) {
		kai_txn_abort(txn);
		sim_node_forget_outputs(sim);
		undo_inputs(node, inputs, count);
		sim_node_die(sim, node, node->life->back_ms);
		return;
	}
	if (node->full)
		kai_txn_fail(txn, KAI_ERR_FULL);
	enum kai_err err = kai_txn_commit(txn, NULL);

	if (err == KAI_ERR_OK) {
		sim_node_committed(sim, node, inputs, count);
		return;
	}
	sim_node_forget_outputs(sim);
	undo_inputs(node, inputs, count);
	if (err != KAI_ERR_FULL)
		sim_violation(sim, "driver", node->number, NULL, "a commit failed: %s",
			      kai_err_text(err));
	if (err == KAI_ERR_FULL)
		sim_node_close(sim, node);
	else
		sim_node_die(sim, node, 0);
}

void sim_node_turn(struct sim *sim, struct sim_node *node)
{
	const struct sim_life *life = node->life;

	if (node->engine == NULL)
		return;
	if (node->read_only) {
		sim_node_lose_inbox(node);
		if (sim->now_ms >= life->retry_ms)
			sim_node_start(sim, node, false);
	} else if (life->more || life->fast.head != NULL || life->bulk.head != NULL ||
		   is_due(node)) {
		turn(sim, node);
	} else if (sim_stages_due(node) <= sim->now_ms) {
		practise(sim, node);
	}
	if (life->renew && node->engine != NULL) {
		node->life->renew = false;
		sim_node_die(sim, node, 0);
	}
	sim_node_rest(sim, node);
}
