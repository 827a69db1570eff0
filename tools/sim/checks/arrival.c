/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrival: at the end every item that is still current has reached everybody whom it could. Closure: an
 * honest node that holds it, an honest peer with an agreement standing since before faults ended, the oracle's
 * word by what is true and by what either end knows: then the peer holds it, with each part of which
 * that is true. From the ledger and both stores. What an origin that lies says may contradict itself, so
 * only honest origins' items are asked for.
 */
#include "standing.h"
#include "kairan/rec.h"

struct errand {
	struct sim *sim;
	struct sim_sight *sight;
	struct kai_wall now;
	const struct sim_item *item;
	const struct sim_pact *pact;
	uint32_t from, to;
	struct kai_txn *mine, *theirs; /* looks into both stores */
};

static bool is_current(const struct sim *sim, const struct sim_item *item, struct kai_wall now)
{
	uint64_t retain = item->header.label.retain_until;

	return sim_is_honest(sim, item->origin) && item->retracted_by == SIM_NONE &&
	       item->made_ms <= sim_plan_of(sim)->faults_end_ms &&
	       (int64_t)item->header.not_after > now.ms &&
	       (retain == 0 || (int64_t)retain > now.ms) &&
	       (int64_t)item->header.created_at <= now.ms;
}

/* Both ends remember that the target of a retraction passed between them: after a restore one may not. */
static bool target_recorded(const struct errand *errand)
{
	const struct sim_holding *here, *there;

	if (errand->item->target == SIM_NONE)
		return false;
	here = sim_holding_of(errand->sight, errand->from, errand->item->target);
	there = sim_holding_of(errand->sight, errand->to, errand->item->target);
	return here != NULL && there != NULL &&
	       sim_recorded(errand->sight, errand->mine, here->arrival, errand->to) &&
	       sim_recorded(errand->sight, errand->theirs, there->arrival, errand->from);
}

static bool permitted(const struct errand *errand, int part)
{
	struct sim_hop hop = sim_hop_by(errand->sight, errand->from, errand->from, errand->to,
					errand->item, part);

	hop.now = errand->now;
	hop.target_passed = target_recorded(errand);
	hop.lenient = false;
	if (!sim_oracle_permits(errand->sim, &hop))
		return false;
	hop.lenient = true;
	if (!sim_oracle_permits(errand->sim, &hop))
		return false;
	hop.decider = errand->to;
	return sim_oracle_permits(errand->sim, &hop);
}

/* ---- what may rightly stand in the way ---- */

static size_t signers_asked(const struct errand *errand)
{
	const struct sim_pact *pact =
		sim_oracle_pact(errand->sim, errand->to, errand->item->origin, errand->now);

	return errand->item->header.kind == KAI_KIND_ALERT && pact != NULL
		       ? (size_t)pact->of.terms.signers
		       : 1;
}

/* Of two retractions of one item the first that a node takes is the one that it keeps. */
static bool has_other_retraction(const struct errand *errand)
{
	const struct kai_header *header = &errand->item->header;
	struct kai_key key;
	struct kai_span stub;

	if (header->kind != KAI_KIND_RETRACT)
		return false;
	for (uint32_t i = 0; i < sim_ledger_item_count(errand->sim); i++) {
		const struct sim_item *other = sim_ledger_item(errand->sim, i);

		if (other != errand->item && other->header.kind == KAI_KIND_RETRACT &&
		    kai_id_equal(other->header.supersedes[0], header->supersedes[0]) &&
		    sim_holding_of(errand->sight, errand->to, i) != NULL)
			return true;
	}
	key = kai_key_bytes(header->supersedes[0], KAI_ID_LEN);
	return kai_txn_get(errand->theirs, KAI_TABLE_STUBS, kai_key_span(&key), &stub);
}

/* That the target passed between them lies in their stores; one that came back from a backup may have lost
 * that together with the target. */
static bool passing_forgotten(const struct errand *errand)
{
	return errand->item->header.kind == KAI_KIND_RETRACT &&
	       (sim_node(errand->sim, errand->from)->epochs > 0 ||
		sim_node(errand->sim, errand->to)->epochs > 0) &&
	       (errand->item->target == SIM_NONE ||
		sim_holding_of(errand->sight, errand->to, errand->item->target) == NULL);
}

static bool hindered(const struct errand *errand)
{
	const struct sim_holding *holding =
		sim_holding_of(errand->sight, errand->from, errand->item->number);
	size_t mark = errand->sight->arena.used;
	struct kai_item record;
	bool signed_enough =
		kai_rec_item(errand->mine, holding->arrival, &errand->sight->arena, &record) &&
		record.signatures_count >= signers_asked(errand) &&
		(record.flags & KAI_ITEM_UNSIGNED) == 0;

	errand->sight->arena.used = mark;
	return !signed_enough ||
	       !sim_signer_known(errand->sight, errand->item, errand->pact, errand->from,
				 errand->mine, errand->theirs) ||
	       has_other_retraction(errand) || passing_forgotten(errand) ||
	       sim_put_off(errand->sight, errand->mine, errand->to, holding->arrival, errand->now);
}

/* ---- what is missing ---- */

static uint32_t missing(const struct errand *errand, uint32_t lacking)
{
	uint32_t parts = 0;

	for (int part = 0; part < (int)KAI_MAX_PARTS; part++) {
		if ((lacking >> part & 1) != 0 && permitted(errand, part))
			parts |= 1u << part;
	}
	return parts;
}

static void check_errand(const struct errand *errand)
{
	const struct sim_holding *here =
		sim_holding_of(errand->sight, errand->from, errand->item->number);
	const struct sim_holding *there =
		sim_holding_of(errand->sight, errand->to, errand->item->number);
	uint32_t lacking = here->held & ~(uint32_t)(there == NULL ? 0 : there->held);

	if ((there != NULL && lacking == 0) || !permitted(errand, -1))
		return;
	lacking = missing(errand, lacking);
	if ((there == NULL ? lacking == 0 && here->held != 0 : lacking == 0) || hindered(errand))
		return;
	sim_violation(errand->sim, "arrival", errand->to, errand->item->id,
		      "lacks %s (parts %#x) that node %u holds and may pass on",
		      there == NULL ? "it" : "parts", lacking, errand->from);
}

static void check_pair(struct errand *errand)
{
	uint32_t count = sim_ledger_item_count(errand->sim);

	for (uint32_t i = 0; i < count; i++) {
		errand->item = sim_ledger_item(errand->sim, i);
		if (sim_holding_of(errand->sight, errand->from, i) != NULL &&
		    is_current(errand->sim, errand->item, errand->now))
			check_errand(errand);
	}
}

static void arrival_settled(struct sim *sim, void *state)
{
	struct errand errand = {.sim = sim, .sight = sim_sight_of(sim), .now = sim_end_wall(sim)};

	(void)state;
	errand.sight->arena.used = 0;
	for (errand.from = 0; errand.from < sim_node_count(sim); errand.from++) {
		if (!sim_is_honest(sim, errand.from))
			continue;
		errand.mine = sim_look(sim_node(sim, errand.from));
		for (errand.to = 0; errand.to < sim_node_count(sim); errand.to++) {
			if (errand.to == errand.from || !sim_is_honest(sim, errand.to))
				continue;
			errand.pact = sim_standing(sim, errand.from, errand.to);
			if (errand.pact == NULL)
				continue;
			errand.theirs = sim_look(sim_node(sim, errand.to));
			check_pair(&errand);
			kai_txn_abort(errand.theirs);
		}
		kai_txn_abort(errand.mine);
	}
}

const struct sim_checker sim_check_arrival = {.name = "arrival", .settled = arrival_settled};
