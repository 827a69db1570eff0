/* SPDX-License-Identifier: Apache-2.0 */
/* Agreements, notices, memberships. */
#include "act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/facts.h"

#define MOST_COMMUNITIES 16 /* in one direction */
#define MOST_SECTORS 16
#define MOST_KINDS 16
#define YEAR_MS (365 * KAI_MS_DAY)

/* ---- terms ---- */

struct terms_parts {
	uint64_t kinds[2][MOST_KINDS];
	struct kai_span sectors[2][MOST_SECTORS];
	struct kai_community communities[2][MOST_COMMUNITIES];
	struct kai_span own_sector[2];
	struct kai_duty duties[4];
	uint64_t all_kinds[16];
	struct kai_contingency clause;
	uint64_t clause_kinds[MOST_KINDS];
};

static uint64_t side_of(const struct sim_op *op, const char *name, const char *side)
{
	char whole[32];

	(void)snprintf(whole, sizeof(whole), "%s_%s", name, side);
	return sim_op_get(op, whole);
}

/* 0: what is widest */
static uint64_t or_widest(uint64_t value, uint64_t widest)
{
	return value == 0 ? widest : value;
}

static size_t kinds_of(uint64_t bits, uint64_t *ret)
{
	size_t count = 0;

	for (uint64_t kind = KAI_KIND_SECINFO; kind <= KAI_KIND_RELEASE; kind++) {
		if (bits == 0 || (bits >> kind & 1) != 0)
			ret[count++] = kind;
	}
	return count;
}

static int by_text(const void *a, const void *b)
{
	return kai_span_compare(*(const struct kai_span *)a, *(const struct kai_span *)b);
}

static size_t sectors_of(uint64_t bits, struct kai_span *ret)
{
	size_t count = 0;

	if (bits == 0) {
		ret[0] = kai_span_str("*");
		return 1;
	}
	for (uint32_t i = 0; i < sim_sector_count(); i++) {
		if ((bits >> i & 1) != 0)
			ret[count++] = kai_span_str(sim_sectors[i]);
	}
	qsort(ret, count, sizeof(*ret), by_text);
	return count;
}

static int by_keeper(const void *a, const void *b)
{
	const struct kai_community *left = a;
	const struct kai_community *right = b;
	int order = memcmp(left->keeper, right->keeper, KAI_ID_LEN);

	return order != 0 ? order : kai_span_compare(left->name, right->name);
}

static size_t communities_of(const struct sim *sim, uint64_t bits, struct kai_community *ret)
{
	const struct sim_plan *plan = sim_plan_of(sim);
	size_t count = 0;

	for (uint32_t i = 0; i < plan->community_count && i < 64 && count < MOST_COMMUNITIES; i++) {
		const struct sim_community *community = &plan->communities[i];

		if ((bits >> i & 1) == 0)
			continue;
		memcpy(ret[count].keeper, sim_node(sim, community->keeper)->config.org, KAI_ID_LEN);
		ret[count++].name = kai_span_str(community->name);
	}
	qsort(ret, count, sizeof(*ret), by_keeper);
	return count;
}

static void fill_direction(const struct sim *sim, const struct sim_op *op, bool ab,
			   struct terms_parts *parts, struct kai_direction *ret)
{
	const char *side = ab ? "ab" : "ba";
	struct kai_community *communities = parts->communities[ab];

	*ret = (struct kai_direction){
		.kinds = parts->kinds[ab],
		.kinds_count = kinds_of(side_of(op, "kinds", side), parts->kinds[ab]),
		.sectors = parts->sectors[ab],
		.sectors_count = sectors_of(side_of(op, "sectors", side), parts->sectors[ab]),
		.ceiling = or_widest(side_of(op, "ceil", side), KAI_TLP_RED),
		.onward = or_widest(side_of(op, "onward", side), KAI_ONWARD_ANY),
		.attribution = KAI_ATTR_NAMED,
		.constituency = side_of(op, "constituency", side) != 0,
		.communities = communities,
		.communities_count =
			communities_of(sim, side_of(op, "communities", side), communities),
		.max_items_day = sim_op_get(op, "items"),
	};
}

static void fill_party(const struct sim *sim, const struct sim_op *op, bool first,
		       struct terms_parts *parts, struct kai_party *ret)
{
	uint32_t number = first ? op->node : op->other;
	const char *side = first ? "a" : "b";

	parts->own_sector[first] =
		kai_span_str(sim_sectors[sim_plan_of(sim)->nodes[number].sector]);
	*ret = (struct kai_party){
		.name = kai_span_str("party"),
		.country = kai_span_str(sim_countries[side_of(op, "abroad", side) != 0]),
		.sectors = &parts->own_sector[first],
		.sectors_count = 1,
		.government = side_of(op, "government", side) != 0,
		.may_introduce = side_of(op, "introduce", side) != 0,
	};
	memcpy(ret->org, sim_node(sim, number)->config.org, KAI_ID_LEN);
}

/* Wall time of a moment of the run; 0: as said. */
static uint64_t wall_of(uint64_t at_ms, int64_t otherwise)
{
	return at_ms > 0 && at_ms < (uint64_t)INT64_MAX / 4 ? (uint64_t)SIM_WALL_MS + at_ms
							    : (uint64_t)(SIM_WALL_MS + otherwise);
}

/* Four at most, each a byte of the argument (plan.h). */
static size_t duties_of(const struct sim_op *op, bool turned, struct terms_parts *parts)
{
	static uint64_t some[] = {KAI_KIND_SECINFO, KAI_KIND_ALERT};
	uint64_t bits = sim_op_get(op, "duties");
	size_t count = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t one = bits >> (SIM_DUTY_BITS * i) & 255;
		uint64_t urgency = one >> 2 & 3;

		if ((one & 3) == 0)
			continue;
		parts->duties[count++] = (struct kai_duty){
			.side = (i & 1) != turned,
			.kinds = (one & 128) != 0 ? some : parts->all_kinds,
			.kinds_count = (one & 128) != 0 ? 2 : kinds_of(0, parts->all_kinds),
			.urgency = urgency == 0 ? KAI_URGENCY_NOW : urgency,
			.action = one & 3,
			.within_ms = UINT64_C(5000) << (2 * (one >> 4 & 7)),
			.report_back = true,
		};
	}
	return count;
}

/* One at most (plan.h). */
static void fill_clause(const struct sim *sim, const struct sim_op *op, struct terms_parts *parts,
			struct kai_terms *terms)
{
	uint64_t bits = sim_op_get(op, "clause");
	uint32_t from = (uint32_t)(bits & 0xffffff);
	uint64_t pause = bits >> 34 & 15;

	if (from == 0 || from > sim_node_count(sim))
		return;
	parts->clause = (struct kai_contingency){
		.kinds = parts->clause_kinds,
		.kinds_count = kinds_of(bits >> 40, parts->clause_kinds),
		.after_ms = UINT64_C(5000) << (bits >> 26 & 15),
		.longest_ms = UINT64_C(5000) << (bits >> 30 & 15),
		.pause_ms = pause == 0 ? 0 : UINT64_C(5000) << (pause - 1),
	};
	memcpy(parts->clause.from, sim_node(sim, from - 1)->config.org, KAI_ID_LEN);
	memcpy(parts->clause.to,
	       sim_node(sim, (bits >> 24 & 1) != 0 ? op->node : op->other)->config.org, KAI_ID_LEN);
	terms->contingency = &parts->clause;
	terms->contingency_count = parts->clause.kinds_count > 0 ? 1 : 0;
	terms->contingency_only = terms->contingency_count > 0 && (bits >> 25 & 1) != 0;
}

/* In the sim's scratch; empty where no node would take such terms. */
static struct kai_span make_terms(struct sim *sim, const struct sim_op *op,
				  const struct sim_act *before)
{
	struct terms_parts parts;
	struct kai_terms terms = {
		.version = KAI_VERSION,
		.serial = before == NULL ? 1 : before->serial + 1,
		.valid_from = wall_of(sim_op_get(op, "from"), -KAI_MS_DAY),
		.valid_until = wall_of(sim_op_get(op, "until"), YEAR_MS),
		.signers = or_widest(sim_op_get(op, "signers"), 1),
		.drill_consent = sim_op_get(op, "drills"),
	};
	bool turned = memcmp(sim_node(sim, op->node)->config.org,
			     sim_node(sim, op->other)->config.org, KAI_ID_LEN) > 0;

	fill_party(sim, op, !turned, &parts, &terms.a);
	fill_party(sim, op, turned, &parts, &terms.b);
	fill_direction(sim, op, !turned, &parts, &terms.a_to_b);
	fill_direction(sim, op, turned, &parts, &terms.b_to_a);
	terms.duties = parts.duties;
	terms.duties_count = duties_of(op, turned, &parts);
	fill_clause(sim, op, &parts, &terms);
	if (before != NULL) {
		terms.predecessor.is = true;
		memcpy(terms.predecessor.id, before->id, KAI_ID_LEN);
	}
	if (kai_terms_check(&terms) != KAI_FAULT_NONE)
		return (struct kai_span){NULL, 0};
	return kai_object_encode_in(&kai_object_terms, &terms, sim_scratch(sim));
}

/* ---- agreeing: proposed at one end, accepted at the other, taken in at the first ---- */

static struct sim_node *other_end(struct sim *sim, const struct sim_node *node,
				  const struct sim_op *op)
{
	return sim_node(sim, op->node == node->number ? op->other : op->node);
}

static void concluded(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		      const struct sim_op *op)
{
	(void)sim_act_answered(sim, node, answer, op);
}

/* Both signed: from here on it is true, whether or not the first end has heard of it. */
static void accepted(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		     const struct sim_op *op)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct kai_agree_file file;
	struct kai_agreement_read read;
	struct kai_ctl_agree_file_in request = {.file = answer->body};
	struct sim_act *act = sim_act_of(sim, op->number);

	if (!sim_act_answered(sim, node, answer, op))
		return;
	if (kai_object_decode(&kai_object_agree_file, answer->body, scratch, &file) !=
		    KAI_FAULT_NONE ||
	    kai_agreement_open(file.agreement, NULL, NULL, scratch, &read) != KAI_FAULT_NONE ||
	    read.signed_by != 3) {
		sim_violation(sim, "control", node->number, NULL,
			      "operation %u: accepted, and not signed by both", op->number);
		scratch->used = mark;
		return;
	}
	act->done = true;
	act->serial = read.terms.serial;
	memcpy(act->id, read.digest, KAI_ID_LEN);
	sim_ledger_add_agreement(sim, read.agreement.terms);
	sim_control(sim, other_end(sim, node, op), KAI_CONTROL_AGREE_IMPORT, &request, op,
		    concluded);
	scratch->used = mark;
}

static void proposed(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		     const struct sim_op *op)
{
	struct kai_ctl_agree_file request = {.file = answer->body};

	if (sim_act_answered(sim, node, answer, op))
		sim_control(sim, other_end(sim, node, op), KAI_CONTROL_AGREE_ACCEPT, &request, op,
			    accepted);
}

/* The cards that both need to read one another's words, and those of the keepers in the terms. */
static void exchange_cards(struct sim *sim, const struct sim_op *op)
{
	const struct sim_plan *plan = sim_plan_of(sim);
	struct sim_node *a = sim_node(sim, op->node);
	struct sim_node *b = sim_node(sim, op->other);
	uint64_t bits = sim_op_get(op, "communities_ab") | sim_op_get(op, "communities_ba");

	sim_act_card(sim, a, op->other);
	sim_act_card(sim, b, op->node);
	for (uint32_t i = 0; i < plan->community_count && i < 64; i++) {
		if ((bits >> i & 1) == 0)
			continue;
		sim_act_card(sim, a, plan->communities[i].keeper);
		sim_act_card(sim, b, plan->communities[i].keeper);
	}
}

void sim_act_agree(struct sim *sim, const struct sim_op *op)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	uint64_t change = sim_op_get(op, "change");
	const struct sim_act *before = change == 0 ? NULL : sim_act_of(sim, change - 1);

	if (op->node == op->other || (change > 0 && (before == NULL || !before->done)))
		return;
	struct kai_ctl_agree_propose request = {.terms = make_terms(sim, op, before)};

	if (request.terms.len > 0) {
		exchange_cards(sim, op);
		sim_control(sim, sim_node(sim, op->node), KAI_CONTROL_AGREE_PROPOSE, &request, op,
			    proposed);
	}
	scratch->used = mark;
}

/* ---- notices ---- */

static bool was_told(struct sim_acts *acts, const struct kai_notice *notice, uint32_t by)
{
	for (uint32_t i = 0; i < acts->told_count; i++) {
		const struct sim_told *told = &acts->told[i];

		if (told->by == by && told->number == notice->number &&
		    kai_id_equal(told->agreement, notice->agreement))
			return true;
	}
	if (acts->told_count == acts->told_cap) {
		acts->told_cap = acts->told_cap == 0 ? 16 : 2 * acts->told_cap;
		acts->told = sim_need(realloc(acts->told, acts->told_cap * sizeof(*acts->told)));
	}
	struct sim_told *told = &acts->told[acts->told_count++];

	told->by = by;
	told->number = notice->number;
	memcpy(told->agreement, notice->agreement, KAI_ID_LEN);
	return false;
}

/* This end's word on one agreement, as it lies in its store. */
static void enter_notice(struct sim *sim, struct sim_node *node, struct kai_txn *txn,
			 const uint8_t digest[KAI_ID_LEN])
{
	struct kai_arena *scratch = sim_scratch(sim);
	struct kai_key key = kai_key_two(digest, node->config.org);
	struct kai_signed envelope;
	struct kai_notice notice;
	struct kai_span bytes;

	if (kai_txn_get(txn, KAI_TABLE_NOTICES, kai_key_span(&key), &bytes) &&
	    kai_object_decode(&kai_object_signed, bytes, scratch, &envelope) == KAI_FAULT_NONE &&
	    kai_object_decode(&kai_object_notice, envelope.body, scratch, &notice) ==
		    KAI_FAULT_NONE &&
	    !was_told(sim_acts_of(sim), &notice, node->number))
		sim_ledger_add_notice(sim, &notice);
}

/* One request speaks of every agreement of the pair that runs or will run. */
static void noticed(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		    const struct sim_op *op)
{
	struct kai_arena *scratch = sim_scratch(sim);
	struct kai_txn *txn = NULL;

	if (!sim_act_answered(sim, node, answer, op) ||
	    kai_txn_begin(node->store, false, &txn, NULL) != KAI_ERR_OK)
		return;
	for (uint32_t i = 0; i < sim_ledger_agreement_count(sim); i++) {
		const struct sim_agreement *agreement = sim_ledger_agreement(sim, i);
		size_t mark = scratch->used;

		if ((agreement->a == op->node && agreement->b == op->other) ||
		    (agreement->b == op->node && agreement->a == op->other))
			enter_notice(sim, node, txn, agreement->digest);
		scratch->used = mark;
	}
	kai_txn_abort(txn);
}

void sim_act_notice(struct sim *sim, const struct sim_op *op)
{
	struct kai_ctl_agree_notice request = {.action = sim_op_get(op, "action"),
					       .reason = kai_span_str("as planned")};

	if (request.action < KAI_NOTICE_SUSPEND || request.action > KAI_NOTICE_TERMINATE)
		return;
	memcpy(request.org, sim_node(sim, op->other)->config.org, KAI_ID_LEN);
	sim_control(sim, sim_node(sim, op->node), KAI_CONTROL_AGREE_NOTICE, &request, op, noticed);
}

/* ---- memberships ---- */

static void stated(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		   const struct sim_op *op)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct kai_ctl_member_import request = {.bytes = answer->body};
	struct kai_membership membership;

	if (!sim_act_answered(sim, node, answer, op))
		return;
	if (kai_membership_peek(answer->body, scratch, &membership) == KAI_FAULT_NONE)
		sim_ledger_add_member(sim, &membership);
	sim_control(sim, sim_node(sim, op->other), KAI_CONTROL_MEMBER_IMPORT, &request, op,
		    concluded);
	scratch->used = mark;
}

void sim_act_member(struct sim *sim, const struct sim_op *op)
{
	const struct sim_plan *plan = sim_plan_of(sim);
	struct sim_node *keeper = sim_node(sim, op->node);
	uint64_t community = sim_op_get(op, "community");
	uint64_t days = sim_op_get(op, "days");
	struct kai_ctl_member request = {.withdrawn = sim_op_get(op, "withdrawn") != 0};

	if (op->node == op->other || community >= plan->community_count ||
	    plan->communities[community].keeper != op->node)
		return;
	request.name = kai_span_str(plan->communities[community].name);
	memcpy(request.org, sim_node(sim, op->other)->config.org, KAI_ID_LEN);
	if (days > 0 && days < 90)
		request.valid_until = (uint64_t)sim_wall(keeper).ms + days * (uint64_t)KAI_MS_DAY;
	sim_act_card(sim, keeper, op->other);
	sim_act_card(sim, sim_node(sim, op->other), op->node);
	sim_control(sim, keeper, KAI_CONTROL_MEMBER, &request, op, stated);
}
