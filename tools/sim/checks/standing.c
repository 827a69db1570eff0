/* SPDX-License-Identifier: Apache-2.0 */
#include "standing.h"
#include "kairan/rec.h"

#include <string.h>

struct kai_wall sim_end_wall(const struct sim *sim)
{
	return (struct kai_wall){SIM_WALL_MS + sim_now(sim)};
}

/* Neither backup had it: nobody can tell the other of it, and what they had before stands between them. */
static bool lost_by_both(const struct sim *sim, const struct sim_pact *pact)
{
	return sim_node(sim, pact->of.a)->epochs > 0 && sim_node(sim, pact->of.b)->epochs > 0 &&
	       ((pact->known[0] | pact->known[1]) & SIM_KNOWN_NOW) == 0;
}

/* A party was put back to a backup from before its newest notice: nobody tells it what it said, so the two differ
 * on what stands between them until a person speaks again. */
static bool word_forgotten(const struct sim *sim, const struct sim_pact *pact)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	uint32_t ends[2] = {pact->of.a, pact->of.b};

	for (size_t side = 0; side < 2; side++) {
		const struct sim_word *newest = NULL;

		for (uint32_t i = pact->notices; i != SIM_NONE; i = ledger->words[i]->next) {
			const struct sim_word *word = ledger->words[i];

			if (word->of.by == ends[side] &&
			    (newest == NULL || word->of.number > newest->of.number))
				newest = word;
		}
		if (newest != NULL && sim_node(sim, ends[side])->epochs > 0 &&
		    (newest->known[side] & SIM_KNOWN_NOW) == 0)
			return true;
	}
	return false;
}

const struct sim_pact *sim_standing(const struct sim *sim, uint32_t a, uint32_t b)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	int64_t calm_ms = sim_plan_of(sim)->faults_end_ms;
	const struct sim_pact *pact = NULL;

	/* Anything new between the two, and nothing can be said of when it should be through. */
	while ((pact = sim_pact_next(ledger, a, b, pact)) != NULL) {
		if (pact->of.made_ms > calm_ms)
			return NULL;
		for (uint32_t i = pact->notices; i != SIM_NONE; i = ledger->words[i]->next) {
			if (ledger->words[i]->of.made_ms > calm_ms)
				return NULL;
		}
	}
	pact = sim_oracle_pact(sim, a, b, sim_end_wall(sim));
	return pact != NULL && !lost_by_both(sim, pact) && !word_forgotten(sim, pact) &&
			       pact == sim_oracle_pact(sim, a, b,
						       (struct kai_wall){SIM_WALL_MS + calm_ms})
		       ? pact
		       : NULL;
}

/* Until a clock or a quota lets it: these end by themselves, later. */
static bool waits_for_time(struct kai_span rule)
{
	static const char *const names[] = {"bad-time", "quota", "too-few-signers"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (kai_span_equal(rule, kai_span_str(names[i])))
			return true;
	}
	return false;
}

bool sim_put_off(struct sim_sight *sight, struct kai_txn *txn, uint32_t peer, uint64_t arrival,
		 struct kai_wall now)
{
	size_t mark = sight->arena.used;
	struct kai_released released;
	struct kai_peer row;
	bool waits = false;

	if (kai_rec_peer(txn, sim_node(sight->sim, peer)->config.org, &sight->arena, &row)) {
		struct kai_key key = kai_key_pair(arrival, (uint16_t)row.number);

		waits = kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released,
				    &sight->arena, &released) &&
			released.state == KAI_RELEASED_DEFERRED &&
			released.retry_at + KAI_MS_MINUTE > (uint64_t)now.ms &&
			waits_for_time(released.rule);
	}
	sight->arena.used = mark;
	return waits;
}

/* Serial of the card of its origin that a node goes by; 0: none, or frozen. */
static uint64_t card_serial(struct sim_sight *sight, const struct sim_item *item,
			    struct kai_txn *txn, bool *ret_frozen)
{
	size_t mark = sight->arena.used;
	struct kai_card_rec record;
	struct kai_signed envelope;
	struct kai_card card;
	uint64_t serial = 0;

	*ret_frozen = false;
	if (kai_rec_card(txn, item->header.origin, &sight->arena, &record)) {
		*ret_frozen = record.frozen;
		if (!record.frozen &&
		    kai_object_decode(&kai_object_signed, record.bytes, &sight->arena, &envelope) ==
			    KAI_FAULT_NONE &&
		    kai_object_decode(&kai_object_card, envelope.body, &sight->arena, &card) ==
			    KAI_FAULT_NONE)
			serial = card.serial;
	}
	sight->arena.used = mark;
	return serial;
}

bool sim_signer_known(struct sim_sight *sight, const struct sim_item *item,
		      const struct sim_pact *pact, uint32_t a, struct kai_txn *mine,
		      struct kai_txn *theirs)
{
	const struct kai_party *party = pact->of.a == a ? &pact->of.terms.a : &pact->of.terms.b;
	uint64_t asked = item->header.card_serial;
	bool frozen;

	if (card_serial(sight, item, theirs, &frozen) >= asked)
		return true;
	/* Until a person decides which of its cards is the right one. */
	return !frozen && party->may_introduce && card_serial(sight, item, mine, &frozen) >= asked;
}
