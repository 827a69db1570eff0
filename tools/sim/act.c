/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of a plan, done. */
#include "act.h"

#include <stdlib.h>
#include <string.h>

/* ---- what became of them ---- */

static int by_number(const void *a, const void *b)
{
	const struct sim_act *left = a;
	const struct sim_act *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static bool leaves_something(enum sim_op_type type)
{
	return type == SIM_OP_PUBLISH || type == SIM_OP_RETRACT || type == SIM_OP_AGREE ||
	       type == SIM_OP_DRILL;
}

struct sim_acts *sim_acts_new(struct sim *sim)
{
	const struct sim_plan *plan = sim_plan_of(sim);
	struct sim_acts *acts = sim_need(calloc(1, sizeof(*acts)));
	size_t pairs = (size_t)plan->node_count * plan->node_count;

	acts->node_count = plan->node_count;
	acts->known = sim_need(calloc(pairs / 8 + 1, 1));
	acts->acts = sim_need(calloc(plan->op_count + (size_t)1, sizeof(*acts->acts)));
	for (uint32_t i = 0; i < plan->op_count; i++) {
		if (leaves_something(plan->ops[i].type))
			acts->acts[acts->count++].number = plan->ops[i].number;
	}
	qsort(acts->acts, acts->count, sizeof(*acts->acts), by_number);
	return acts;
}

void sim_acts_free(struct sim_acts *acts)
{
	if (acts == NULL)
		return;
	free(acts->acts);
	free(acts->known);
	free(acts->told);
	free(acts);
}

void sim_acts_count(const struct sim *sim, uint64_t *ret_done, uint64_t *ret_refused)
{
	const struct sim_acts *acts = sim_acts_of(sim);

	*ret_done = acts->done;
	*ret_refused = acts->refused;
}

struct sim_act *sim_act_of(const struct sim *sim, uint64_t number)
{
	const struct sim_acts *acts = sim_acts_of(sim);
	struct sim_act wanted = {.number = (uint32_t)number};

	return number > UINT32_MAX
		       ? NULL
		       : bsearch(&wanted, acts->acts, acts->count, sizeof(wanted), by_number);
}

/* ---- answers ---- */

/* Bad input that is no mistake of ours: others were faster, or time went by. */
static bool may_be_bad_input(struct kai_span reason)
{
	static const char *const reasons[] = {"predecessor", "serial", "expired", "out-of-range"};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (kai_span_equal(reason, kai_span_str(reasons[i])))
			return true;
	}
	return false;
}

bool sim_act_answered(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		      const struct sim_op *op)
{
	struct sim_acts *acts = sim_acts_of(sim);

	if (answer->exit == 0) {
		acts->done++;
		return true;
	}
	acts->refused++;
	/* 1: a rule forbids it; 4: what it is about is not there (any more) */
	if (answer->exit != 1 && answer->exit != 4 &&
	    (answer->exit != 3 || !may_be_bad_input(answer->reason)))
		sim_violation(sim, "control", node->number, NULL, "%s %u: exit %u, %.*s: %.*s",
			      op == NULL ? "request" : sim_op_word(op->type),
			      op == NULL ? 0 : (unsigned)op->number, (unsigned)answer->exit,
			      (int)answer->reason.len, (const char *)answer->reason.at,
			      (int)answer->text.len, (const char *)answer->text.at);
	return false;
}

/* ---- cards and status ---- */

static void imported(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		     const struct sim_op *op)
{
	(void)sim_act_answered(sim, node, answer, op);
}

void sim_act_card(struct sim *sim, struct sim_node *node, uint32_t other)
{
	struct sim_acts *acts = sim_acts_of(sim);
	size_t bit = (size_t)node->number * acts->node_count + other;
	char alias[16];
	struct kai_ctl_card_import request = {.card = sim_node(sim, other)->org.card};

	if (other == node->number || (acts->known[bit / 8] >> bit % 8 & 1) != 0)
		return;
	acts->known[bit / 8] |= (uint8_t)(1u << bit % 8);
	(void)snprintf(alias, sizeof(alias), "node-%u", other);
	request.alias = kai_span_str(alias);
	sim_control(sim, node, KAI_CONTROL_CARD_IMPORT, &request, NULL, imported);
}

#define ACKS 16u /* people look at so many items, of which they hold some */

static void act_ack(struct sim *sim, const struct sim_op *op, uint32_t nth, const uint8_t *id,
		    const uint8_t realm[KAI_REALM_LEN])
{
	uint64_t seed = sim_plan_of(sim)->seed;
	struct kai_ctl_ack request = {.level = KAI_LEVEL_SEEN +
					       sim_random_below(seed, "level", op->number, nth, 3),
				      .role = kai_span_str("duty"),
				      .note = kai_span_str("looked at it")};

	if (request.level == KAI_LEVEL_ACTION)
		request.action = 1 + sim_random_below(seed, "action", op->number, nth, 4);
	memcpy(request.id, id, KAI_ID_LEN);
	sim_act_ask(sim, op, realm, &(struct sim_request){KAI_CONTROL_ACK, &request, imported});
}

/* The newest of that drill. */
static void ack_drill(struct sim *sim, const struct sim_op *op, const struct sim_act *drill)
{
	const struct sim_realm_item *item;
	uint32_t asked = 0;

	for (uint32_t i = 0; asked < ACKS && (item = sim_realms_item_at(sim, i)) != NULL; i++)
		if (memcmp(sim_realms_at(sim, item->realm)->realm, drill->realm, KAI_REALM_LEN) ==
		    0)
			act_ack(sim, op, asked++, item->id, drill->realm);
}

/* Somebody asks how it is, and acknowledges what came. */
static void act_control(struct sim *sim, const struct sim_op *op)
{
	struct kai_ctl_status request = {0};
	uint64_t seed = sim_plan_of(sim)->seed;
	const struct sim_act *drill = NULL;

	if (!sim_act_drill_of(sim, sim_op_get(op, "drill"), &drill))
		return;
	const uint8_t *realm = drill == NULL ? kai_realm_live : drill->realm;

	sim_act_ask(sim, op, realm, &(struct sim_request){KAI_CONTROL_STATUS, &request, imported});
	if (drill != NULL) {
		ack_drill(sim, op, drill);
		return;
	}
	for (uint32_t i = 0; i < ACKS && sim_ledger_item_count(sim) > 0; i++) {
		uint32_t item = (uint32_t)sim_random_below(seed, "ack", op->number, i,
							   sim_ledger_item_count(sim));

		act_ack(sim, op, i, sim_ledger_item(sim, item)->id, realm);
	}
}

/* ---- what happens to the world ---- */

static int64_t ms_of(const struct sim_op *op, const char *name)
{
	uint64_t value = sim_op_get(op, name);

	return value > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)value;
}

static void act_net(struct sim *sim, const struct sim_op *op)
{
	if (op->type == SIM_OP_PARTITION)
		sim_net_partition(sim, sim_op_get(op, "mask"), sim_op_get(op, "oneway") != 0,
				  ms_of(op, "cut_ms"));
	else if (op->node == op->other)
		return;
	else if (op->type == SIM_OP_CUT)
		sim_net_cut(sim, op->node, op->other, ms_of(op, "back"),
			    (unsigned)(sim_op_get(op, "requeue") % 101));
	else
		sim_net_delay(sim, op->node, op->other,
			      &(struct sim_pace){ms_of(op, "ms"), ms_of(op, "jitter"),
						 ms_of(op, "kbytes")},
			      ms_of(op, "for"));
}

static void act_crash(struct sim *sim, const struct sim_op *op)
{
	uint64_t point = sim_op_get(op, "point");
	uint64_t nth = sim_op_get(op, "nth");

	if (point < SIM_CRASH_POINT_COUNT)
		sim_node_crash(sim, sim_node(sim, op->node), (enum sim_crash_point)point,
			       nth == 0 ? 1 : nth, ms_of(op, "back"));
}

static void act_clock(struct sim *sim, const struct sim_op *op)
{
	sim_node_clock(sim, sim_node(sim, op->node), ms_of(op, "ahead") - ms_of(op, "behind"),
		       ms_of(op, "ppm_fast") - ms_of(op, "ppm_slow"), ms_of(op, "for"));
}

static void act_lie(struct sim *sim, const struct sim_op *op)
{
	struct sim_node *node = sim_node(sim, op->node);

	if (node->rogue != NULL)
		sim_rogue_act(sim, node, op);
}

void sim_act(struct sim *sim, const struct sim_op *op)
{
	struct sim_node *node = sim_node(sim, op->node);

	switch (op->type) {
	case SIM_OP_PUBLISH:
		sim_act_publish(sim, op);
		return;
	case SIM_OP_RETRACT:
		sim_act_retract(sim, op);
		return;
	case SIM_OP_AGREE:
		sim_act_agree(sim, op);
		return;
	case SIM_OP_NOTICE:
		sim_act_notice(sim, op);
		return;
	case SIM_OP_MEMBER:
		sim_act_member(sim, op);
		return;
	case SIM_OP_CARD:
		sim_node_card(sim, node, sim_op_get(op, "revoke") != 0);
		return;
	case SIM_OP_CUT:
	case SIM_OP_PARTITION:
	case SIM_OP_DELAY:
		act_net(sim, op);
		return;
	case SIM_OP_CRASH:
		act_crash(sim, op);
		return;
	case SIM_OP_BACKUP:
		sim_node_backup(sim, node);
		return;
	case SIM_OP_RESTORE:
		sim_node_restore(sim, node);
		return;
	case SIM_OP_FULL:
		sim_node_fill(sim, node, ms_of(op, "for"));
		return;
	case SIM_OP_SLOW:
		sim_node_slow(sim, node, ms_of(op, "commit"), ms_of(op, "for"));
		return;
	case SIM_OP_CLOCK:
		act_clock(sim, op);
		return;
	case SIM_OP_LIE:
		act_lie(sim, op);
		return;
	case SIM_OP_CONTROL:
		act_control(sim, op);
		return;
	case SIM_OP_DRILL:
		sim_act_drill(sim, op);
		return;
	case SIM_OP_CLOSE:
		sim_act_close(sim, op);
		return;
	case SIM_OP_END:
		return;
	}
}
