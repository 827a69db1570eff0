/* SPDX-License-Identifier: Apache-2.0 */
/* How a node begins, ends and comes back, and what befalls it. */
#include "core.h"
#include "kairan/rec.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_FIRST_MS 1000 /* read-only: before the first attempt to write again … */
#define RETRY_LAST_MS 15000 /* … doubling up to this */

/* ---- clocks ---- */

static int64_t scaled(const struct sim_node *node, int64_t ms)
{
	return ms + ms * node->rate_ppm / 1000000;
}

struct kai_wall sim_wall(const struct sim_node *node)
{
	int64_t since_ms = sim_now(node->sim) - node->clock_since_ms;

	return (struct kai_wall){SIM_WALL_MS + node->clock_since_ms + node->skew_ms +
				 scaled(node, since_ms)};
}

struct kai_mono sim_mono(const struct sim_node *node)
{
	const struct sim_life *life = node->life;

	return (struct kai_mono){life->mono_base_ms +
				 scaled(node, sim_now(node->sim) - life->mono_since_ms)};
}

int64_t sim_node_due(const struct sim_node *node, struct kai_mono due)
{
	int64_t left_ms = due.ms - sim_mono(node).ms;
	int64_t now_ms = sim_now(node->sim);

	if (due.ms == INT64_MAX)
		return INT64_MAX;
	if (left_ms <= 0)
		return now_ms;
	if (left_ms > KAI_MS_DAY || node->rate_ppm == 0)
		return now_ms + (left_ms > KAI_MS_DAY ? KAI_MS_DAY : left_ms);
	/* Rounded up, so that a wait never ends just before what it waits for. */
	return now_ms + left_ms * 1000000 / (1000000 + node->rate_ppm) + 1;
}

static void set_clock(struct sim_node *node, int64_t skew_ms, int64_t rate_ppm)
{
	node->life->mono_base_ms = sim_mono(node).ms;
	node->life->mono_since_ms = sim_now(node->sim);
	node->clock_since_ms = sim_now(node->sim);
	node->skew_ms = skew_ms;
	node->rate_ppm = rate_ppm;
}

/* ---- beginning and end ---- */

void sim_node_init(struct sim *sim, struct sim_node *node, uint32_t number)
{
	struct kai_store_options options = {.pool = sim->pool};

	node->sim = sim;
	node->number = number;
	node->life = sim_alloc(sizeof(*node->life));
	memset(node->life, 0, sizeof(*node->life));
	node->life->wake_ms = INT64_MAX;
	node->life->side = sim_net_side(sim, number);
	sim_org_make(sim, node);
	sim_org_configure(sim, node);
	sim_stages_init(node);
	if (kai_store_open_memory(&options, &node->store) != KAI_ERR_OK)
		abort(); /* only without memory */
}

static void free_controls(struct sim_node *node)
{
	struct sim_input *input;

	while ((input = sim_lane_take(&node->life->controls)) != NULL)
		sim_input_free(input);
}

void sim_node_done(struct sim *sim, struct sim_node *node)
{
	sim_node_lose_inbox(node);
	free_controls(node);
	sim_node_leave(sim, node, 0);
	sim_stages_done(node);
	kai_engine_free(node->engine);
	kai_store_close(node->store);
	kai_store_close(node->life->backup);
	free(node->life->edges);
	free(node->life->leaving);
	free(node->life);
	sim_rogue_free(node->rogue);
}

/* Another boot: keys are read, the machine's clock begins anywhere. */
static void boot(struct sim *sim, struct sim_node *node)
{
	node->boots++;
	sim_org_configure(sim, node);
	node->life->mono_since_ms = sim->now_ms;
	node->life->mono_base_ms =
		1000 + (int64_t)sim_random_below(sim->plan->seed, "mono", node->number, node->boots,
						 100 * KAI_MS_DAY);
}

static void new_engine(struct sim_node *node)
{
	sim_stages_end(node, false);
	kai_engine_free(node->engine);
	node->engine = NULL;
	node->life->more = false;
	if (kai_engine_new(&node->config, &node->engine) != KAI_ERR_OK)
		abort(); /* only without memory */
}

/* What waited for the node to be there is asked now. */
static void ask_again(struct sim *sim, struct sim_node *node)
{
	struct sim_input *input;

	while ((input = sim_lane_take(&node->life->controls)) != NULL)
		sim_node_put(sim, node, input);
}

static void own_card_done(struct sim *sim, struct sim_node *node,
			  const struct kai_ctl_answer *answer, const struct sim_op *op)
{
	(void)op;
	/* One that it has already, as after most restores. */
	if (answer->exit != 0 && !kai_span_equal(answer->reason, kai_span_str("older")))
		sim_violation(sim, "driver", node->number, NULL, "its own card is refused: %.*s",
			      (int)answer->reason.len, (const char *)answer->reason.at);
}

static void tell_own_card(struct sim *sim, struct sim_node *node, sim_answer_fn done)
{
	struct kai_ctl_card_own own = {.card = node->org.card, .record = node->org.record};

	sim_control(sim, node, KAI_CONTROL_CARD_OWN, &own, NULL, done);
}

void sim_node_close(struct sim *sim, struct sim_node *node)
{
	struct sim_life *life = node->life;

	sim_net_died(sim, node);
	sim_node_lose_inbox(node);
	new_engine(node);
	life->retry_wait_ms = node->read_only ? 2 * life->retry_wait_ms : RETRY_FIRST_MS;
	if (life->retry_wait_ms > RETRY_LAST_MS)
		life->retry_wait_ms = RETRY_LAST_MS;
	life->retry_ms = sim->now_ms + life->retry_wait_ms;
	node->read_only = true;
	sim_node_rest(sim, node);
}

void sim_node_start(struct sim *sim, struct sim_node *node, bool restored)
{
	struct kai_event event = {.type = KAI_EVENT_START};
	struct kai_txn *txn;

	/* A start that fails for want of space is tried again: who hears of it hears of the backup then. */
	restored = restored || node->life->put_back;
	node->life->put_back = restored;
	if (!node->read_only)
		boot(sim, node);
	node->down = false;
	new_engine(node);
	if (kai_txn_begin(node->store, true, &txn, NULL) != KAI_ERR_OK)
		abort(); /* only without memory */
	sim_node_step(sim, node, txn, &event);
	if (node->full)
		kai_txn_fail(txn, KAI_ERR_FULL);
	if (kai_txn_commit(txn, NULL) != KAI_ERR_OK) {
		sim_node_forget_outputs(sim);
		sim_node_close(sim, node);
		return;
	}
	node->read_only = false;
	node->life->put_back = false;
	sim_tell_restarted(sim, node, restored);
	sim_node_committed(sim, node, NULL, 0);
	/* What was put back may be older than the card: whoever does that imports it again. */
	if (!node->life->introduced || restored)
		tell_own_card(sim, node, own_card_done);
	node->life->introduced = true;
	ask_again(sim, node);
	sim_node_rest(sim, node);
}

void sim_node_die(struct sim *sim, struct sim_node *node, int64_t back_ms)
{
	struct sim_life *life = node->life;

	life->armed = false;
	life->release_stamp++;
	life->wake_stamp++;
	life->wake_ms = INT64_MAX;
	life->busy_until_ms = 0;
	life->idle_turns = 0;
	node->down = true;
	node->read_only = false;
	sim_node_leave(sim, node, 0);
	sim_net_died(sim, node);
	sim_node_lose_inbox(node);
	sim_stages_end(node, true);
	kai_engine_free(node->engine);
	node->engine = NULL;
	life->more = false;
	sim_queue_put(&sim->queue, sim->now_ms + back_ms, SIM_EVENT_START, ++life->start_stamp,
		      node);
}

/* ---- what befalls it ---- */

void sim_node_crash(struct sim *sim, struct sim_node *node, enum sim_crash_point point,
		    uint64_t nth, int64_t back_ms)
{
	struct sim_life *life = node->life;

	if (node->engine == NULL)
		return;
	if (point == SIM_CRASH_IDLE) {
		sim_node_die(sim, node, back_ms);
		return;
	}
	life->armed = true;
	life->point = point;
	life->crash_turn = node->turns + (nth > 0 ? nth : 1);
	life->back_ms = back_ms;
}

static struct kai_store *copy_of(struct kai_store *store)
{
	struct kai_store *copy;

	if (kai_store_copy_memory(store, &copy) != KAI_ERR_OK)
		abort(); /* only without memory */
	return copy;
}

void sim_node_backup(struct sim *sim, struct sim_node *node)
{
	(void)sim;
	kai_store_close(node->life->backup);
	node->life->backup = copy_of(node->store);
}

void sim_node_restore(struct sim *sim, struct sim_node *node)
{
	if (node->life->backup == NULL)
		return;
	if (node->engine != NULL)
		sim_node_die(sim, node, 0);
	sim_stages_lose(node);
	kai_store_close(node->store);
	node->store = copy_of(node->life->backup);
	if (kai_store_renew_epoch(node->store, NULL) != KAI_ERR_OK)
		abort(); /* only without memory */
	node->epochs++;
	node->log_seen = 0;
	node->life->start_stamp++;
	sim_node_start(sim, node, true);
}

void sim_node_ask(struct sim *sim, struct sim_node *node, struct sim_input *input)
{
	if (node->engine == NULL || node->read_only)
		sim_lane_put(&node->life->controls, input);
	else
		sim_node_put(sim, node, input);
}

static void end_later(struct sim *sim, struct sim_node *node, enum sim_event_type type,
		      uint32_t *io_stamp, int64_t for_ms)
{
	sim_queue_put(&sim->queue, sim->now_ms + for_ms, type, ++*io_stamp, node);
}

void sim_node_fill(struct sim *sim, struct sim_node *node, int64_t for_ms)
{
	node->full = true;
	end_later(sim, node, SIM_EVENT_FREE, &node->life->full_stamp, for_ms);
}

void sim_node_slow(struct sim *sim, struct sim_node *node, int64_t commit_ms, int64_t for_ms)
{
	node->slow_ms = commit_ms;
	end_later(sim, node, SIM_EVENT_QUICK, &node->life->slow_stamp, for_ms);
}

void sim_node_clock(struct sim *sim, struct sim_node *node, int64_t skew_ms, int64_t rate_ppm,
		    int64_t for_ms)
{
	set_clock(node, skew_ms, rate_ppm);
	end_later(sim, node, SIM_EVENT_TRUE, &node->life->clock_stamp, for_ms);
	sim_node_rest(sim, node);
}

static void card_done(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		      const struct sim_op *op)
{
	own_card_done(sim, node, answer, op);
	/* Its keys are read when it starts. */
	node->life->renew = true;
}

void sim_node_card(struct sim *sim, struct sim_node *node, bool revoke)
{
	sim_org_renew(sim, node, revoke);
	tell_own_card(sim, node, revoke ? card_done : own_card_done);
}

void sim_node_right(struct sim *sim, struct sim_node *node)
{
	struct sim_life *life = node->life;

	node->full = false;
	node->slow_ms = 0;
	life->armed = false;
	if (node->skew_ms != 0 || node->rate_ppm != 0)
		set_clock(node, 0, 0);
	if (node->engine == NULL) {
		life->start_stamp++;
		sim_node_start(sim, node, false);
	} else {
		sim_node_rest(sim, node);
	}
}

void sim_node_event(struct sim *sim, const struct sim_event *event)
{
	struct sim_node *node = event->what;
	struct sim_life *life = node->life;

	if (event->type == SIM_EVENT_WAKE && event->stamp == life->wake_stamp) {
		life->wake_ms = INT64_MAX;
		sim_node_turn(sim, node);
	} else if (event->type == SIM_EVENT_RELEASE && event->stamp == life->release_stamp) {
		sim_node_leave(sim, node, life->leaving_count);
	} else if (event->type == SIM_EVENT_START && event->stamp == life->start_stamp) {
		sim_node_start(sim, node, false);
	} else if (event->type == SIM_EVENT_FREE && event->stamp == life->full_stamp) {
		node->full = false;
	} else if (event->type == SIM_EVENT_QUICK && event->stamp == life->slow_stamp) {
		node->slow_ms = 0;
	} else if (event->type == SIM_EVENT_TRUE && event->stamp == life->clock_stamp) {
		set_clock(node, 0, 0);
		sim_node_rest(sim, node);
	}
}
