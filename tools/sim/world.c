/* SPDX-License-Identifier: Apache-2.0 */
/* The clock, and what happens when. */
#include "core.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_LEN ((size_t)16 * 1024 * 1024)
#define ANSWER_LEN ((size_t)12 * 1024 * 1024)
#define BLOCK_LEN ((size_t)1024 * 1024)
#define VIOLATIONS_MOST 10000 /* kept; all are counted */

/* ---- memory ---- */

void *sim_alloc(size_t len)
{
	return sim_grow(NULL, len);
}

void *sim_grow(void *at, size_t len)
{
	void *grown = realloc(at, len > 0 ? len : 1);

	if (grown == NULL) {
		(void)fputs("sim: out of memory (fewer nodes or items need less)\n", stderr);
		exit(EXIT_FAILURE);
	}
	return grown;
}

void *sim_keep(struct sim *sim, size_t len)
{
	size_t need = (len + 15) & ~(size_t)15;
	struct sim_block *block = sim->kept;

	if (block == NULL || block->cap - block->used < need) {
		size_t cap = need > BLOCK_LEN ? need : BLOCK_LEN;

		block = sim_alloc(sizeof(*block) + cap);
		block->next = sim->kept;
		block->used = 0;
		block->cap = cap;
		sim->kept = block;
	}
	void *at = block->bytes + block->used;

	block->used += need;
	memset(at, 0, need);
	return at;
}

struct kai_span sim_keep_bytes(struct sim *sim, struct kai_span bytes)
{
	uint8_t *at = sim_keep(sim, bytes.len);

	if (bytes.len > 0)
		memcpy(at, bytes.at, bytes.len);
	return kai_span(at, bytes.len);
}

static struct kai_arena arena_new(size_t len)
{
	return (struct kai_arena){sim_alloc(len), len, 0, false};
}

/* ---- for the rooms ---- */

const struct sim_plan *sim_plan_of(const struct sim *sim)
{
	return sim->plan;
}

const struct sim_options *sim_options_of(const struct sim *sim)
{
	return &sim->options;
}

struct sim_ledger *sim_ledger_of(const struct sim *sim)
{
	return sim->ledger;
}

struct sim_realms *sim_realms_of(const struct sim *sim)
{
	return sim->realms;
}

struct sim_acts *sim_acts_of(const struct sim *sim)
{
	return sim->acts;
}

int64_t sim_now(const struct sim *sim)
{
	return sim->now_ms;
}

uint32_t sim_node_count(const struct sim *sim)
{
	return sim->node_count;
}

struct sim_node *sim_node(const struct sim *sim, uint32_t number)
{
	return number < sim->node_count ? &sim->nodes[number] : NULL;
}

static size_t org_slot(const struct sim *sim, const uint8_t org[KAI_ID_LEN])
{
	return (size_t)kai_get_be64(org) & (sim->orgs_len - 1);
}

struct sim_node *sim_node_of(const struct sim *sim, const uint8_t org[KAI_ID_LEN])
{
	for (size_t at = org_slot(sim, org); sim->orgs[at] != 0;
	     at = (at + 1) & (sim->orgs_len - 1))
		if (kai_id_equal(sim->nodes[sim->orgs[at] - 1].config.org, org))
			return &sim->nodes[sim->orgs[at] - 1];
	return NULL;
}

struct kai_arena *sim_scratch(struct sim *sim)
{
	return &sim->scratch;
}

void sim_check_frame(struct sim *sim, struct kai_span frame, struct kai_checked *ret)
{
	sim->check.used = 0;
	sim->check.full = false;
	kai_frame_check_with(frame, &sim->roots, &sim->check, ret);
}

const struct sim_figures *sim_figures(const struct sim *sim)
{
	return &sim->figures;
}

struct sim_figures *sim_figures_to_fill(struct sim *sim)
{
	return &sim->figures;
}

size_t sim_violation_count(const struct sim *sim)
{
	return sim->violation_count;
}

const struct sim_violation_entry *sim_violation_at(const struct sim *sim, size_t index)
{
	return index < sim->violation_count ? &sim->violations[index] : NULL;
}

void sim_control(struct sim *sim, struct sim_node *node, uint64_t type, void *request,
		 const struct sim_op *op, sim_answer_fn done)
{
	const struct kai_object *object = kai_control_object(type);
	struct sim_input *input = sim_input_new(SIM_INPUT_CONTROL);
	uint64_t head[2] = {KAI_VERSION, type};

	memcpy(request, head, sizeof(head));
	input->request = sim_alloc(KAI_MAX_CONTROL);
	input->request_len = object == NULL ? 0
					    : kai_object_encode(object, request, input->request,
								KAI_MAX_CONTROL);
	input->request = sim_grow(input->request, input->request_len);
	input->op = op;
	input->done = done;
	if (input->request_len == 0)
		sim_violation(sim, "driver", node->number, NULL,
			      "a request of type %u does not encode", (unsigned)type);
	sim_node_ask(sim, node, input);
}

/* ---- what is remembered of the run ---- */

static void digest(struct sim *sim, const void *at, size_t len)
{
	(void)crypto_generichash_update(&sim->digest, at, len);
}

static void digest_text(struct sim *sim, const char *text)
{
	digest(sim, text, text == NULL ? 0 : strlen(text) + 1);
}

void sim_digest(struct sim *sim, const struct sim_node *node, const uint8_t *realm,
		const struct kai_output *output)
{
	uint8_t numbers[32];

	kai_put_be64(numbers, node->number);
	kai_put_be64(numbers + 8, (uint64_t)sim->now_ms);
	kai_put_be64(numbers + 16, (uint64_t)output->type << 1 | output->urgent);
	kai_put_be64(numbers + 24, output->bytes.len);
	if (realm != NULL)
		digest(sim, realm, KAI_REALM_LEN);
	digest(sim, numbers, sizeof(numbers));
	digest(sim, output->org, KAI_ID_LEN);
	digest(sim, output->bytes.at, output->bytes.len);
	if (output->type != KAI_OUTPUT_TRACE && output->type != KAI_OUTPUT_CUT)
		return;
	digest_text(sim, output->event);
	digest_text(sim, output->rule);
	digest(sim, output->id, KAI_ID_LEN);
	kai_put_be64(numbers, output->number);
	digest(sim, numbers, 8);
}

void sim_violation(struct sim *sim, const char *checker, uint32_t node, const uint8_t *id,
		   const char *fmt, ...)
{
	struct sim_violation_entry entry = {
		.checker = checker, .at_ms = sim->now_ms, .node = node, .has_id = id != NULL};
	va_list args;

	if (id != NULL)
		memcpy(entry.id, id, KAI_ID_LEN);
	va_start(args, fmt);
	(void)vsnprintf(entry.text, sizeof(entry.text), fmt, args);
	va_end(args);
	const struct sim_item *item =
		id == NULL || sim->ledger == NULL ? NULL : sim_ledger_find(sim, id);
	size_t len = strlen(entry.text);

	if (item != NULL)
		(void)snprintf(entry.text + len, sizeof(entry.text) - len, " (item %u of node %u)",
			       item->number, item->origin);
	sim->figures.violations++;
	if (sim->violation_count >= VIOLATIONS_MOST)
		return;
	if (sim->violation_count == sim->violation_cap) {
		sim->violation_cap = sim->violation_cap == 0 ? 16 : sim->violation_cap * 2;
		sim->violations =
			sim_grow(sim->violations, sim->violation_cap * sizeof(*sim->violations));
	}
	sim->violations[sim->violation_count++] = entry;
}

/* ---- checkers ---- */

static bool runs(const struct sim *sim, size_t index)
{
	return sim->options.checks || sim_checkers[index]->always;
}

#define TELL(hook, ...)                                                                            \
	do {                                                                                       \
		const struct sim_checker *observer = sim->options.observer;                        \
		for (size_t i = 0; i < sim->checker_count; i++)                                    \
			if (runs(sim, i) && sim_checkers[i]->hook != NULL)                         \
				sim_checkers[i]->hook(sim, sim->states[i], __VA_ARGS__);           \
		if (observer != NULL && observer->hook != NULL)                                    \
			observer->hook(sim, sim->options.observer_state, __VA_ARGS__);             \
	} while (0)

void sim_tell_sent(struct sim *sim, const struct sim_frame *frame)
{
	TELL(sent, frame);
}

void sim_tell_received(struct sim *sim, const struct sim_frame *frame)
{
	TELL(received, frame);
}

void sim_tell_turn(struct sim *sim, struct sim_node *node)
{
	TELL(turn, node);
}

void sim_tell_restarted(struct sim *sim, struct sim_node *node, bool restored)
{
	TELL(restarted, node, restored);
}

void sim_tell_traced(struct sim *sim, struct sim_node *node, const struct kai_output *output)
{
	TELL(traced, node, output);
}

void sim_tell_aside(struct sim *sim, struct sim_node *node, const struct kai_output *output)
{
	const struct sim_checker *observer = sim->options.observer;

	if (observer != NULL && observer->traced != NULL)
		observer->traced(sim, sim->options.observer_state, node, output);
}

void sim_tell_practised(struct sim *sim, struct sim_node *node, struct sim_stage *stage)
{
	TELL(practised, node, stage);
}

static void settle(struct sim *sim)
{
	const struct sim_checker *observer = sim->options.observer;

	for (size_t i = 0; i < sim->checker_count; i++)
		if (runs(sim, i) && sim_checkers[i]->settled != NULL)
			sim_checkers[i]->settled(sim, sim->states[i]);
	if (observer != NULL && observer->settled != NULL)
		observer->settled(sim, sim->options.observer_state);
}

static void open_checkers(struct sim *sim)
{
	while (sim_checkers[sim->checker_count] != NULL)
		sim->checker_count++;
	sim->states = sim_alloc((sim->checker_count + 1) * sizeof(void *));
	for (size_t i = 0; i < sim->checker_count; i++)
		sim->states[i] = runs(sim, i) && sim_checkers[i]->new != NULL
					 ? sim_checkers[i]->new (sim)
					 : NULL;
}

/* ---- life ---- */

static void make_nodes(struct sim *sim)
{
	sim->node_count = sim->plan->node_count;
	sim->nodes = sim_alloc(sim->node_count * sizeof(*sim->nodes));
	memset(sim->nodes, 0, sim->node_count * sizeof(*sim->nodes));
	for (sim->orgs_len = 16; sim->orgs_len < 2 * (size_t)sim->node_count;)
		sim->orgs_len *= 2;
	sim->orgs = sim_alloc(sim->orgs_len * sizeof(*sim->orgs));
	memset(sim->orgs, 0, sim->orgs_len * sizeof(*sim->orgs));
	for (uint32_t i = 0; i < sim->node_count; i++) {
		sim_node_init(sim, &sim->nodes[i], i);
		size_t at = org_slot(sim, sim->nodes[i].config.org);

		while (sim->orgs[at] != 0)
			at = (at + 1) & (sim->orgs_len - 1);
		sim->orgs[at] = i + 1;
	}
}

struct sim *sim_new(const struct sim_plan *plan, const struct sim_options *options)
{
	struct sim *sim = sim_alloc(sizeof(*sim));

	memset(sim, 0, sizeof(*sim));
	if (sodium_init() < 0 || kai_out_new(&sim->out) != KAI_ERR_OK ||
	    kai_bytes_pool_new(&sim->pool) != KAI_ERR_OK)
		abort(); /* libsodium without its entropy, or no memory */
	sim->plan = plan;
	sim->options = *options;
	sim->pace = (struct sim_pace){plan->delay_ms, plan->jitter_ms, plan->kbytes_per_s};
	(void)crypto_generichash_init(&sim->digest, NULL, 0, KAI_ID_LEN);
	sim->scratch = arena_new(SCRATCH_LEN);
	sim->answer = arena_new(ANSWER_LEN);
	sim->check = arena_new(KAI_CHECK_ARENA);
	kai_roots_init(&sim->roots);
	sim->turn = sim_alloc(KAI_TURN_ARENA);
	memset(sim->turn, 0, KAI_TURN_ARENA);
	make_nodes(sim);
	sim->ledger = sim_ledger_new(sim);
	sim->realms = sim_realms_new();
	sim->acts = sim_acts_new(sim);
	open_checkers(sim);
	for (uint32_t i = 0; i < sim->node_count; i++)
		if (plan->nodes[i].lies != 0)
			sim_rogue_start(sim, &sim->nodes[i], plan->nodes[i].lies);
	sim_queue_put(&sim->queue, plan->faults_end_ms, SIM_EVENT_RIGHT, 0, NULL);
	return sim;
}

void sim_free(struct sim *sim)
{
	if (sim == NULL)
		return;
	for (size_t i = 0; i < sim->checker_count; i++)
		if (runs(sim, i) && sim_checkers[i]->free != NULL)
			sim_checkers[i]->free(sim->states[i]);
	free(sim->states);
	sim_acts_free(sim->acts);
	for (uint32_t i = 0; i < sim->node_count; i++)
		sim_node_done(sim, &sim->nodes[i]);
	sim_net_done(sim);
	sim_ledger_free(sim->ledger);
	sim_realms_free(sim->realms);
	while (sim->kept != NULL) {
		struct sim_block *next = sim->kept->next;

		free(sim->kept);
		sim->kept = next;
	}
	kai_bytes_pool_free(sim->pool);
	kai_out_free(sim->out);
	free(sim->out_links);
	free(sim->nodes);
	free(sim->orgs);
	free(sim->queue.events);
	free(sim->violations);
	free(sim->scratch.at);
	free(sim->answer.at);
	free(sim->check.at);
	free(sim->turn);
	free(sim);
}

/* ---- the run ---- */

static void happen(struct sim *sim, const struct sim_event *event)
{
	switch (event->type) {
	case SIM_EVENT_WAKE:
	case SIM_EVENT_RELEASE:
	case SIM_EVENT_START:
	case SIM_EVENT_FREE:
	case SIM_EVENT_QUICK:
	case SIM_EVENT_TRUE:
		sim_node_event(sim, event);
		return;
	case SIM_EVENT_DIAL:
	case SIM_EVENT_SEND:
	case SIM_EVENT_ARRIVE:
	case SIM_EVENT_NORMAL:
	case SIM_EVENT_HEAL:
		sim_net_event(sim, event);
		return;
	case SIM_EVENT_RIGHT:
		sim_net_heal_all(sim);
		for (uint32_t i = 0; i < sim->node_count; i++)
			sim_node_right(sim, &sim->nodes[i]);
		return;
	}
}

static void measure_stores(struct sim *sim)
{
	struct kai_bytes_usage usage;

	kai_bytes_pool_usage(sim->pool, &usage);
	sim->figures.shared_bytes = usage.string_bytes + usage.form_bytes;
	for (size_t i = 0; i < KAI_TABLE_END; i++)
		sim->figures.store_bytes += usage.table_bytes[i];
}

void sim_run(struct sim *sim)
{
	const struct sim_plan *plan = sim->plan;
	uint32_t op = 0;

	for (uint32_t i = 0; i < sim->node_count; i++)
		sim_node_start(sim, &sim->nodes[i], false);
	for (;;) {
		int64_t event_ms = sim_queue_next_ms(&sim->queue);
		int64_t op_ms = op < plan->op_count ? plan->ops[op].at_ms : INT64_MAX;
		int64_t next_ms = event_ms < op_ms ? event_ms : op_ms;

		if (next_ms > plan->length_ms)
			break;
		sim->now_ms = next_ms;
		if (op_ms <= event_ms) { /* what is asked at one time may come in one turn */
			sim_act(sim, &plan->ops[op++]);
		} else {
			struct sim_event event = sim_queue_take(&sim->queue);

			happen(sim, &event);
		}
	}
	sim->now_ms = plan->length_ms;
	sim->figures.virtual_ms = (uint64_t)plan->length_ms;
	measure_stores(sim);
	settle(sim);

	crypto_generichash_state last = sim->digest;

	(void)crypto_generichash_final(&last, sim->figures.digest, KAI_ID_LEN);
}
