/* SPDX-License-Identifier: Apache-2.0 */
/* Drills: directed, closed, and what people ask of the node inside one. */
#include "act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/drill.h"

/* ---- inside of one ---- */

bool sim_act_drill_of(const struct sim *sim, uint64_t ref, const struct sim_act **ret)
{
	*ret = ref == 0 ? NULL : sim_act_of(sim, ref - 1);
	return ref == 0 || (*ret != NULL && (*ret)->done && sim_act_practised(*ret));
}

bool sim_act_practised(const struct sim_act *act)
{
	return act != NULL && !kai_realm_is_live(act->realm);
}

void sim_act_ask(struct sim *sim, const struct sim_op *op, const uint8_t realm[KAI_REALM_LEN],
		 struct sim_request *request)
{
	struct sim_node *node = sim_node(sim, op->node);
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	const uint64_t head[2] = {KAI_VERSION, request->type};
	struct kai_ctl_in_realm envelope = {.version = KAI_VERSION};

	if (kai_realm_is_live(realm)) {
		sim_control(sim, node, request->type, request->body, op, request->done);
		return;
	}
	memcpy(request->body, head, sizeof(head));
	memcpy(envelope.realm, realm, KAI_REALM_LEN);
	envelope.request =
		kai_object_encode_in(kai_control_object(request->type), request->body, scratch);
	if (envelope.request.len > 0)
		sim_control(sim, node, KAI_CONTROL_IN_REALM, &envelope, op, request->done);
	scratch->used = mark;
}

void sim_act_enter_drill(struct sim *sim, const struct sim_node *node, const struct sim_op *op,
			 const uint8_t realm[KAI_REALM_LEN], const uint8_t id[KAI_ID_LEN])
{
	struct sim_act *act = sim_act_of(sim, op->number);

	act->done = true;
	memcpy(act->id, id, KAI_ID_LEN);
	memcpy(act->realm, realm, KAI_REALM_LEN);
	sim_realms_add_item(sim, realm, id, node->number);
}

/* ---- directing ---- */

static void opened(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		   const struct sim_op *op)
{
	struct sim_act *act = sim_act_of(sim, op->number);

	if (!sim_act_answered(sim, node, answer, op))
		return;
	if (answer->body.len != KAI_REALM_LEN ||
	    sim_realms_add(sim, node, answer->body.at, op->number) == UINT32_MAX) {
		sim_violation(sim, "control", node->number, NULL,
			      "operation %u was done, and its drill is not in the store",
			      op->number);
		return;
	}
	act->done = true;
	memcpy(act->realm, answer->body.at, KAI_REALM_LEN);
	memcpy(act->id, answer->id.id, KAI_ID_LEN);
}

static void closed(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		   const struct sim_op *op)
{
	(void)sim_act_answered(sim, node, answer, op);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, KAI_ID_LEN);
}

/* Each once and not the director, ascending. */
static size_t participants(const struct sim *sim, const struct sim_op *op,
			   uint8_t (*ret)[KAI_ID_LEN])
{
	char name[8];
	size_t count = 0, kept = 0;

	for (unsigned i = 1; i <= SIM_DRILL_WITH; i++) {
		(void)snprintf(name, sizeof(name), "with%u", i);
		uint64_t with = sim_op_get(op, name);

		if (with > 0 && with <= sim_node_count(sim) && with - 1 != op->node)
			memcpy(ret[count++], sim_node(sim, (uint32_t)with - 1)->config.org,
			       KAI_ID_LEN);
	}
	qsort(ret, count, KAI_ID_LEN, by_bytes);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !kai_id_equal(ret[kept - 1], ret[i]))
			memmove(ret[kept++], ret[i], KAI_ID_LEN);
	return kept;
}

void sim_act_drill(struct sim *sim, const struct sim_op *op)
{
	uint8_t orgs[SIM_DRILL_WITH][KAI_ID_LEN];
	struct sim_node *node = sim_node(sim, op->node);
	uint64_t now = (uint64_t)sim_wall(node).ms;
	uint64_t begin = sim_op_get(op, "begin") % (uint64_t)KAI_DRILL_MAX_MS;
	uint64_t length = sim_op_get(op, "for") % (uint64_t)KAI_DRILL_MAX_MS;
	char name[24];
	struct kai_ctl_drill_open request = {.level = sim_op_get(op, "level") == KAI_DRILL_COMCHECK
							      ? KAI_DRILL_COMCHECK
							      : KAI_DRILL_WHOLE,
					     .word = kai_span_str("exercise"),
					     .from = begin == 0 ? 0 : now + begin,
					     .until = now + begin + length,
					     .participants = orgs,
					     .participants_count = participants(sim, op, orgs)};

	(void)snprintf(name, sizeof(name), "drill %u", op->number);
	request.name = kai_span_str(name);
	if (request.participants_count > 0 && length > 0)
		sim_control(sim, node, KAI_CONTROL_DRILL_OPEN, &request, op, opened);
}

void sim_act_close(struct sim *sim, const struct sim_op *op)
{
	const struct sim_act *act = NULL;
	struct kai_ctl_drill_close request = {.version = KAI_VERSION};

	if (!sim_act_drill_of(sim, sim_op_get(op, "ref"), &act) || act == NULL)
		return;
	memcpy(request.realm, act->realm, KAI_REALM_LEN);
	sim_control(sim, sim_node(sim, op->node), KAI_CONTROL_DRILL_CLOSE, &request, op, closed);
}
