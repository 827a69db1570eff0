/* SPDX-License-Identifier: Apache-2.0 */
/* The drills that a node takes part in, as the daemon's drills.c has them. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define MORE_STEPS 4	      /* of unfinished work in one turn, while nothing live waits */
#define IDLE_TURNS_MOST 10000 /* in a row that did nothing: it spins */

/* ---- its store ---- */

static void close_stage(struct sim_stage *stage)
{
	kai_engine_free(stage->engine);
	stage->engine = NULL;
	stage->more = false;
	if (stage->store == NULL)
		return;
	/* What was committed lies on the disk, and only there. */
	if (kai_store_copy_memory(stage->own, &stage->disk) != KAI_ERR_OK)
		abort(); /* only without memory */
	kai_store_close(stage->store);
	stage->store = NULL;
	stage->own = NULL;
}

static void open_stage(struct sim *sim, struct sim_node *node, struct sim_stage *stage)
{
	struct kai_store_options options = {.pool = sim->pool};

	stage->own = stage->disk;
	stage->disk = NULL;
	if (stage->own == NULL && kai_store_open_memory(&options, &stage->own) != KAI_ERR_OK)
		abort(); /* only without memory */
	if (kai_store_open_drill(node->store, stage->own, stage->realm, &stage->store, NULL) !=
	    KAI_ERR_OK)
		abort(); /* it is this node's, and of this realm */
}

static void forget_stage(struct sim_stage *stage)
{
	close_stage(stage);
	kai_store_close(stage->disk);
	*stage = (struct sim_stage){.more = false};
}

void sim_stages_init(struct sim_node *node)
{
	node->stages = sim_alloc(sizeof(*node->stages));
	memset(node->stages, 0, sizeof(*node->stages));
}

void sim_stages_lose(struct sim_node *node)
{
	for (size_t i = 0; i < node->stages->count; i++)
		forget_stage(&node->stages->rows[i]);
	node->stages->count = 0;
}

void sim_stages_done(struct sim_node *node)
{
	sim_stages_lose(node);
	free(node->stages);
}

void sim_stages_end(struct sim_node *node, bool process)
{
	for (size_t i = 0; i < node->stages->count; i++) {
		close_stage(&node->stages->rows[i]);
		node->stages->rows[i].failed = node->stages->rows[i].failed && !process;
	}
	node->stages->stale = true;
}

static void give_up(struct sim *sim, struct sim_node *node, struct sim_stage *stage,
		    enum kai_err err)
{
	if (err != KAI_ERR_FULL)
		sim_violation(sim, "driver", node->number, NULL, "a drill's commit failed: %s",
			      kai_err_text(err));
	close_stage(stage);
	stage->failed = true;
}

/* ---- whose an input is ---- */

static struct sim_stage *stage_of(const struct sim_node *node, const uint8_t realm[KAI_REALM_LEN])
{
	struct sim_stages *stages = node->stages;

	for (size_t i = 0; i < stages->count; i++)
		if (memcmp(stages->rows[i].realm, realm, KAI_REALM_LEN) == 0)
			return &stages->rows[i];
	return NULL;
}

bool sim_stages_serve(const struct sim_node *node, const uint8_t realm[KAI_REALM_LEN])
{
	const struct sim_stage *stage = stage_of(node, realm);

	return stage != NULL && stage->engine != NULL;
}

bool sim_stages_take(const struct sim_node *node, const struct sim_input *input)
{
	uint8_t realm[KAI_REALM_LEN];

	if (input->type != SIM_INPUT_CONTROL || node->stages->count == 0)
		return false;
	kai_control_realm(kai_span(input->request, input->request_len), realm);
	return sim_stages_serve(node, realm);
}

/* Is the input this drill's to see? Links' ups and downs are everybody's. client: its place in the turn,
 * from 1. */
static bool event_of(const struct sim_node *node, const struct sim_stage *stage,
		     const struct sim_input *input, size_t client, struct kai_event *ret)
{
	uint8_t realm[KAI_REALM_LEN];
	unsigned end = input->edge == NULL ? 0 : sim_edge_end(input->edge, node);

	*ret = (struct kai_event){0};
	if (input->edge != NULL)
		memcpy(ret->org, input->edge->ends[1 - end]->config.org, KAI_ID_LEN);
	switch (input->type) {
	case SIM_INPUT_FRAME:
		ret->type = KAI_EVENT_FRAME;
		return input->packet->frame.type == KAI_MSG_REALM && input->edge != NULL &&
		       input->edge->session[end] == input->link;
	case SIM_INPUT_UP:
		ret->type = KAI_EVENT_LINK_UP;
		return true;
	case SIM_INPUT_DOWN:
		ret->type = KAI_EVENT_LINK_DOWN;
		return true;
	case SIM_INPUT_CONTROL:
		ret->type = KAI_EVENT_CONTROL;
		ret->client = client;
		ret->request = kai_span(input->request, input->request_len);
		kai_control_realm(ret->request, realm);
		return memcmp(realm, stage->realm, KAI_REALM_LEN) == 0;
	case SIM_INPUT_CALLED: /* nobody is called for a drill */
		return false;
	}
	return false;
}

/* ---- turns ---- */

static void step(struct sim *sim, struct sim_node *node, struct sim_stage *stage,
		 struct kai_txn *txn, struct kai_event *event)
{
	event->mono = sim_mono(node);
	event->wall = sim_wall(node);
	sim_random(sim->plan->seed, "entropy of drills", node->number, ++node->life->drill_steps,
		   event->entropy, sizeof(event->entropy));
	stage->more = kai_engine_step(stage->engine, txn, event, sim->out);
	sim_node_mark_outputs(sim, node);
}

static void step_input(struct sim *sim, struct sim_node *node, struct sim_stage *stage,
		       struct kai_txn *txn, const struct sim_input *input,
		       const struct kai_event *event)
{
	struct kai_event with = *event;
	struct kai_checked checked;

	if (input->type == SIM_INPUT_FRAME) {
		sim_check_frame(sim, input->packet->frame.bytes, &checked);
		if (memcmp(checked.realm, stage->realm, KAI_REALM_LEN) != 0)
			return;
		with.frame = &checked;
	}
	step(sim, node, stage, txn, &with);
}

static struct kai_txn *begin(struct sim_stage *stage)
{
	struct kai_txn *txn;

	if (kai_txn_begin(stage->store, true, &txn, NULL) != KAI_ERR_OK)
		abort(); /* only without memory */
	return txn;
}

static void watch_idle(struct sim *sim, struct sim_node *node, struct sim_stage *stage,
		       size_t count)
{
	if (count > 0 || kai_out_count(sim->out) > 0)
		stage->idle = 0;
	else if (++stage->idle == IDLE_TURNS_MOST)
		sim_violation(sim, "driver", node->number, NULL,
			      "%d turns of a drill in a row did nothing: it spins",
			      IDLE_TURNS_MOST);
}

/* Ends the transaction; what was put out goes behind everything live. */
static void finish(struct sim *sim, struct sim_node *node, struct sim_stage *stage,
		   struct kai_txn *txn, struct sim_input **inputs)
{
	if (node->full)
		kai_txn_fail(txn, KAI_ERR_FULL);
	enum kai_err err = kai_txn_commit(txn, NULL);

	stage->wall = sim_wall(node);
	if (err == KAI_ERR_OK)
		sim_node_gather(sim, node, inputs, stage);
	sim_node_forget_outputs(sim);
	if (err == KAI_ERR_OK)
		sim_tell_practised(sim, node, stage);
	else
		give_up(sim, node, stage, err);
}

static bool is_due(const struct sim_node *node, const struct sim_stage *stage)
{
	return kai_engine_deadline(stage->engine).ms <= sim_mono(node).ms;
}

static void turn(struct sim *sim, struct sim_node *node, struct sim_stage *stage,
		 struct sim_input **inputs, size_t count, bool lost)
{
	struct kai_event event;
	bool any = !node->life->more && (stage->more || is_due(node, stage));

	for (size_t i = 0; i < count && !any; i++)
		any = event_of(node, stage, inputs[i], i + 1, &event);
	if (!any)
		return;
	struct kai_txn *txn = begin(stage);

	if (is_due(node, stage)) {
		event = (struct kai_event){.type = KAI_EVENT_TIMER};
		step(sim, node, stage, txn, &event);
	}
	for (size_t i = 0; i < count; i++)
		if (event_of(node, stage, inputs[i], i + 1, &event))
			step_input(sim, node, stage, txn, inputs[i], &event);
	for (unsigned i = 0; i < MORE_STEPS && stage->more && !node->life->more; i++) {
		event = (struct kai_event){.type = KAI_EVENT_MORE};
		step(sim, node, stage, txn, &event);
	}
	watch_idle(sim, node, stage, count);
	if (!lost) {
		finish(sim, node, stage, txn, inputs);
		return;
	}
	kai_txn_abort(txn);
	sim_node_forget_outputs(sim);
}

/* ---- which there are ---- */

static void begin_life(struct sim *sim, struct sim_node *node, struct sim_stage *stage)
{
	struct kai_engine_config config = node->config;
	struct kai_event event = {.type = KAI_EVENT_START};

	open_stage(sim, node, stage);
	memcpy(config.realm, stage->realm, KAI_REALM_LEN);
	config.escalation =
		(struct kai_escalation){.ceiling = 0}; /* nobody is called for a drill */
	if (kai_engine_new(&config, &stage->engine) != KAI_ERR_OK)
		abort(); /* only without memory */
	struct kai_txn *txn = begin(stage);

	step(sim, node, stage, txn, &event);
	for (size_t i = 0; i < node->life->edge_count; i++) {
		const struct sim_edge *edge = node->life->edges[i];
		unsigned end = sim_edge_end(edge, node);

		if (edge->session[end] == 0)
			continue;
		event = (struct kai_event){.type = KAI_EVENT_LINK_UP};
		memcpy(event.org, edge->ends[1 - end]->config.org, KAI_ID_LEN);
		step(sim, node, stage, txn, &event);
	}
	finish(sim, node, stage, txn, NULL);
}

static void tell_trust(struct sim *sim, struct sim_node *node, struct sim_stage *stage)
{
	struct kai_event event = {.type = KAI_EVENT_TRUST};
	struct kai_txn *txn = begin(stage);

	step(sim, node, stage, txn, &event);
	finish(sim, node, stage, txn, NULL);
}

/* Its place: the realm's, else a free one's, else one that is over. */
static struct sim_stage *place_for(struct sim_node *node, const uint8_t realm[KAI_REALM_LEN])
{
	struct sim_stages *stages = node->stages;
	struct sim_stage *stage = stage_of(node, realm);

	if (stage == NULL && stages->count < SIM_STAGES)
		stage = &stages->rows[stages->count++];
	for (size_t i = 0; stage == NULL && i < stages->count; i++)
		if (stages->rows[i].engine == NULL)
			stage = &stages->rows[i];
	if (stage != NULL && memcmp(stage->realm, realm, KAI_REALM_LEN) != 0) {
		forget_stage(stage);
		memcpy(stage->realm, realm, KAI_REALM_LEN);
	}
	return stage;
}

static bool is_among(uint8_t (*realms)[KAI_REALM_LEN], size_t count, const uint8_t *realm)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(realms[i], realm, KAI_REALM_LEN) == 0)
			return true;
	return false;
}

static void look(struct sim *sim, struct sim_node *node)
{
	struct sim_stages *stages = node->stages;
	uint8_t realms[SIM_STAGES][KAI_REALM_LEN];
	struct kai_txn *txn;

	if (kai_txn_begin(node->store, false, &txn, NULL) != KAI_ERR_OK)
		abort(); /* a reader in memory: only without memory */
	size_t count = kai_engine_drills(node->engine, txn, sim_wall(node), realms, SIM_STAGES);

	kai_txn_abort(txn);
	stages->stale = false;
	for (size_t i = 0; i < stages->count; i++) {
		if (stages->rows[i].engine == NULL)
			continue;
		/* one that is over ends its links by that */
		tell_trust(sim, node, &stages->rows[i]);
		if (!is_among(realms, count, stages->rows[i].realm))
			close_stage(&stages->rows[i]);
	}
	for (size_t i = 0; i < count; i++) {
		struct sim_stage *stage = place_for(node, realms[i]);

		if (stage != NULL && stage->engine == NULL && !stage->failed)
			begin_life(sim, node, stage);
	}
}

void sim_stages_turn(struct sim *sim, struct sim_node *node, struct sim_input **inputs,
		     size_t count, bool lost)
{
	struct sim_stages *stages = node->stages;

	for (size_t i = 0; i < stages->count; i++)
		if (stages->rows[i].engine != NULL)
			turn(sim, node, &stages->rows[i], inputs, count, lost);
	if (stages->stale && !lost)
		look(sim, node);
}

int64_t sim_stages_due(const struct sim_node *node)
{
	int64_t due_ms = INT64_MAX;

	for (size_t i = 0; i < node->stages->count; i++) {
		const struct sim_stage *stage = &node->stages->rows[i];
		int64_t next_ms = sim_now(node->sim);

		if (stage->engine == NULL)
			continue;
		if (!stage->more)
			next_ms = sim_node_due(node, kai_engine_deadline(stage->engine));
		if (next_ms < due_ms)
			due_ms = next_ms;
	}
	return due_ms;
}
