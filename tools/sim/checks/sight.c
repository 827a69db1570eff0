/* SPDX-License-Identifier: Apache-2.0 */
/* What the checkers see together: holdings and knowledge from stores. Frames are in hearing.c. */
#include "sight.h"
#include "kairan/rec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hearing.h"

#define ARENA_LEN ((size_t)8 << 20)
#define SUPPLIERS 64u

static void *need(void *at)
{
	if (at == NULL) {
		(void)fputs("sim: out of memory for the checkers\n", stderr);
		exit(1);
	}
	return at;
}

struct sim_sight *sim_sight_of(const struct sim *sim)
{
	return sim_ledger_of(sim)->sight;
}

bool sim_is_honest(const struct sim *sim, uint32_t node)
{
	return node < sim_node_count(sim) && sim_node(sim, node)->rogue == NULL;
}

struct kai_txn *sim_look(const struct sim_node *node)
{
	struct kai_txn *txn = NULL;

	if (kai_txn_begin(node->store, false, &txn, NULL) != KAI_ERR_OK)
		return need(NULL);
	return txn;
}

/* ---- holdings ---- */

struct sim_holding *sim_holding_of(const struct sim_sight *sight, uint32_t node, uint32_t item)
{
	if (item >= sight->holding_caps[node] || sight->holdings[node][item].arrival == 0)
		return NULL;
	return &sight->holdings[node][item];
}

struct sim_holding *sim_holding_make(struct sim_sight *sight, uint32_t node, uint32_t item)
{
	uint32_t cap = sight->holding_caps[node];

	if (item >= cap) {
		uint32_t more = item + 32;

		sight->holdings[node] =
			need(realloc(sight->holdings[node], more * sizeof(**sight->holdings)));
		memset(sight->holdings[node] + cap, 0, (more - cap) * sizeof(**sight->holdings));
		sight->holding_caps[node] = more;
	}
	return &sight->holdings[node][item];
}

/* ---- supplies ---- */

static bool peer_node(struct sim_sight *sight, struct kai_txn *txn, uint16_t number, uint32_t *ret)
{
	struct kai_key key = kai_key_peer(number);
	struct kai_peer peer;
	const struct sim_node *node;

	if (!kai_rec_get(txn, KAI_TABLE_PEERS, &key, &kai_object_peer, &sight->arena, &peer))
		return false;
	node = sim_node_of(sight->sim, peer.org);
	*ret = node == NULL ? SIM_NONE : node->number;
	return node != NULL;
}

size_t sim_supplies(struct sim_sight *sight, struct kai_txn *txn, uint32_t node, uint64_t arrival,
		    struct sim_supply *ret, size_t cap)
{
	static const uint8_t zeros[KAI_ID_LEN];
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_span key, value;
	struct kai_scan scan;
	size_t count = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_SUPPLY, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (count < cap && kai_scan_next(&scan, &key, &value)) {
		uint16_t number = (uint16_t)(key.at[key.len - 2] << 8 | key.at[key.len - 1]);
		size_t mark = sight->arena.used;
		struct sim_supply *supply = &ret[count];
		struct kai_supply record;

		if (kai_object_decode(&kai_object_supply, value, &sight->arena, &record) ==
		    KAI_FAULT_NONE) {
			*supply = (struct sim_supply){.peer = SIM_NONE,
						      .parts = (uint32_t)record.parts,
						      .marked = record.mark != NULL};
			if (number == 0 || peer_node(sight, txn, number, &supply->peer)) {
				if (memcmp(record.agreement, zeros, KAI_ID_LEN) != 0)
					supply->pact = sim_pact_find_of(sim_ledger_of(sight->sim),
									node, record.agreement);
				count++;
			}
		}
		sight->arena.used = mark;
	}
	return count;
}

uint8_t sim_overlay(struct sim_sight *sight, struct kai_txn *txn, uint32_t node, uint64_t arrival)
{
	struct sim_supply supplies[SUPPLIERS];
	size_t count = sim_supplies(sight, txn, node, arrival, supplies, SUPPLIERS);
	uint64_t widest = KAI_ONWARD_NONE;

	for (size_t i = 0; i < count; i++) {
		const struct sim_pact *pact = supplies[i].pact;
		uint64_t onward = KAI_ONWARD_NONE;

		if (supplies[i].peer == SIM_NONE)
			return KAI_ONWARD_ANY;
		if (pact != NULL)
			onward = pact->of.a == supplies[i].peer ? pact->of.terms.a_to_b.onward
								: pact->of.terms.b_to_a.onward;
		if (onward > widest && onward <= KAI_ONWARD_ANY)
			widest = onward;
	}
	return (uint8_t)widest;
}

/* ---- what a log gained ---- */

static void first_supplier(struct sim_sight *sight, struct sim_change *change)
{
	struct sim_supply supplies[SUPPLIERS];
	uint32_t node = sight->node->number;
	struct sim_holding *holding = change->holding;
	const struct sim_holding *theirs;
	size_t count = sim_supplies(sight, sight->txn, node, change->arrival, supplies, SUPPLIERS);

	holding->from = SIM_NONE;
	holding->hops = 0;
	if (count == 0 || supplies[0].peer == SIM_NONE)
		return;
	holding->from = supplies[0].peer;
	theirs = sim_holding_of(sight, holding->from, change->truth->number);
	holding->hops = (uint8_t)(theirs == NULL || theirs->hops == UINT8_MAX ? UINT8_MAX
									      : theirs->hops + 1);
}

static void note_change(struct sim_sight *sight, uint64_t arrival)
{
	struct sim_change change = {.arrival = arrival};

	if (!kai_rec_item(sight->txn, arrival, &sight->arena, &change.item))
		return;
	change.fresh = (uint32_t)change.item.held;
	change.truth = sim_ledger_find(sight->sim, change.item.id);
	if (change.truth != NULL) {
		struct sim_holding *holding =
			sim_holding_make(sight, sight->node->number, change.truth->number);

		change.holding = holding;
		change.before = holding->arrival;
		if (holding->arrival == arrival)
			change.fresh &= (uint32_t)~holding->held;
		holding->arrival = arrival;
		holding->held = (uint16_t)change.item.held;
		holding->flags = (uint16_t)change.item.flags;
		holding->overlay = sim_overlay(sight, sight->txn, sight->node->number, arrival);
		if (change.before == 0) {
			holding->at_ms = sim_now(sight->sim);
			holding->turn = (uint32_t)sight->node->turns;
			first_supplier(sight, &change);
		}
	}
	if (sight->change_count == sight->change_cap) {
		sight->change_cap = sight->change_cap == 0 ? 64 : sight->change_cap * 2;
		sight->changes =
			need(realloc(sight->changes, sight->change_cap * sizeof(*sight->changes)));
	}
	sight->changes[sight->change_count++] = change;
}

static void read_log(struct sim_sight *sight)
{
	uint64_t arrival;

	while (sight->arena.used < sight->arena.cap / 2 &&
	       kai_rec_log_next(sight->txn, &sight->node->log_seen, &arrival))
		note_change(sight, arrival);
	/* Each new holding may have moved those before it. */
	for (size_t i = 0; i < sight->change_count; i++) {
		struct sim_change *change = &sight->changes[i];

		if (change->truth != NULL)
			change->holding =
				sim_holding_make(sight, sight->node->number, change->truth->number);
	}
}

/* ---- what a node knows ---- */

static bool opened(struct sim_sight *sight, struct kai_span bytes, const struct kai_object *object,
		   void *ret)
{
	struct kai_signed envelope;

	return kai_object_decode(&kai_object_signed, bytes, &sight->arena, &envelope) ==
		       KAI_FAULT_NONE &&
	       kai_object_decode(object, envelope.body, &sight->arena, ret) == KAI_FAULT_NONE;
}

static void read_pact(struct sim_sight *sight, uint32_t node, struct kai_span key,
		      struct kai_span value)
{
	struct kai_agree_rec record;
	struct kai_agreement agreement;

	if (key.len == 2 * (size_t)KAI_ID_LEN &&
	    kai_object_decode(&kai_object_agree_rec, value, &sight->arena, &record) ==
		    KAI_FAULT_NONE &&
	    kai_object_decode(&kai_object_agreement, record.bytes, &sight->arena, &agreement) ==
		    KAI_FAULT_NONE &&
	    agreement.signatures_count == 2)
		sim_know_agreement(sim_ledger_of(sight->sim), node, key.at + KAI_ID_LEN);
}

static void read_notice(struct sim_sight *sight, uint32_t node, struct kai_span key,
			struct kai_span value)
{
	struct kai_notice notice;

	(void)key;
	if (opened(sight, value, &kai_object_notice, &notice))
		sim_know_notice(sim_ledger_of(sight->sim), node, &notice);
}

/* What a keeper says whose cards contradict one another counts for nothing until a person decides. */
static bool is_frozen(struct sim_sight *sight, const uint8_t org[KAI_ID_LEN])
{
	struct kai_card_rec record;

	return kai_rec_card(sight->txn, org, &sight->arena, &record) && record.frozen;
}

static void read_member(struct sim_sight *sight, uint32_t node, struct kai_span key,
			struct kai_span value)
{
	struct kai_member_rec record;
	struct kai_membership member;

	(void)key;
	if (kai_object_decode(&kai_object_member_rec, value, &sight->arena, &record) ==
		    KAI_FAULT_NONE &&
	    opened(sight, record.bytes, &kai_object_membership, &member) &&
	    !is_frozen(sight, member.keeper))
		sim_know_member(sim_ledger_of(sight->sim), node, &member);
}

static void read_table(struct sim_sight *sight, enum kai_table table,
		       void (*each)(struct sim_sight *sight, uint32_t node, struct kai_span key,
				    struct kai_span value))
{
	struct kai_scan scan;
	struct kai_span key, value;

	kai_scan_init(&scan, sight->txn, table, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, &value)) {
		size_t mark = sight->arena.used;

		each(sight, sight->node->number, key, value);
		sight->arena.used = mark;
	}
}

static bool is_of_trust(struct kai_span event)
{
	static const char *const starts[] = {"agreement", "membership", "card", "drill"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t len = strlen(starts[i]);

		if (event.len >= len && memcmp(event.at, starts[i], len) == 0)
			return true;
	}
	return false;
}

/* Every change of trust is journalled: only new entries tell that the tables are to be read again. */
static bool trust_moved(struct sim_sight *sight)
{
	uint64_t *seen = &sight->journals[sight->node->number];
	struct kai_key from = kai_key_u64(*seen + 1);
	struct kai_span key, value;
	struct kai_scan scan;
	bool moved = false;

	kai_scan_init(&scan, sight->txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_key_span(&from),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		struct kai_journal entry;
		size_t mark = sight->arena.used;

		*seen = kai_get_be64(key.at);
		if (kai_object_decode(&kai_object_journal, value, &sight->arena, &entry) ==
		    KAI_FAULT_NONE)
			moved |= is_of_trust(entry.event);
		sight->arena.used = mark;
	}
	return moved;
}

static void read_trust(struct sim_sight *sight, bool restored)
{
	struct sim_ledger *ledger = sim_ledger_of(sight->sim);
	uint32_t node = sight->node->number;

	sim_know_begin(ledger, node, restored);
	read_table(sight, KAI_TABLE_AGREEMENTS, read_pact);
	read_table(sight, KAI_TABLE_NOTICES, read_notice);
	read_table(sight, KAI_TABLE_MEMBERS, read_member);
	sim_know_end(ledger, node);
}

/* ---- the checker ---- */

static void turn_begin(struct sim_sight *sight, struct sim_node *node)
{
	sight->node = node;
	sight->walls[node->number] = sim_wall(node);
	sight->change_count = 0;
	sight->arena.used = 0;
	sight->txn = sim_look(node);
}

static void look_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = state;

	turn_begin(sight, node);
	if (sim_options_of(sim)->checks && node->rogue == NULL) {
		bool stale = sim_ledger_of(sim)->stale[node->number];

		if (trust_moved(sight) || stale)
			read_trust(sight, false);
	}
	read_log(sight);
}

/* What it promised after the backup is lost with it, and nobody else can know. */
static void forget(struct sim_sight *sight, struct sim_node *node)
{
	for (uint32_t i = 0; i < sight->holding_caps[node->number]; i++) {
		struct sim_holding *holding = &sight->holdings[node->number][i];

		holding->arrival = 0;
		holding->held = 0;
		holding->flags = 0;
	}
	node->log_seen = 0;
	sight->journals[node->number] = 0;
}

static void look_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	struct sim_sight *sight = state;

	turn_begin(sight, node);
	if (restored)
		forget(sight, node);
	if (sim_options_of(sim)->checks && node->rogue == NULL) {
		(void)trust_moved(sight);
		read_trust(sight, restored);
	}
	if (restored)
		read_log(sight);
}

static void *look_new(const struct sim *sim)
{
	struct sim_ledger *ledger = sim_ledger_of(sim);
	struct sim_sight *sight = need(calloc(1, sizeof(*sight)));
	size_t count = (size_t)ledger->node_count + 1;

	sight->sim = ledger->sim;
	sight->holdings = need(calloc(count, sizeof(struct sim_holding *)));
	sight->holding_caps = need(calloc(count, sizeof(*sight->holding_caps)));
	sight->journals = need(calloc(count, sizeof(*sight->journals)));
	sight->walls = need(calloc(count, sizeof(*sight->walls)));
	sight->arena = (struct kai_arena){.at = need(malloc(ARENA_LEN)), .cap = ARENA_LEN};
	sim_hearing_init(sight);
	ledger->sight = sight;
	return sight;
}

static void look_free(void *state)
{
	struct sim_sight *sight = state;

	if (sight == NULL)
		return;
	struct sim_ledger *ledger = sim_ledger_of(sight->sim);

	for (uint32_t i = 0; i < ledger->node_count; i++)
		free(sight->holdings[i]);
	free(sight->holdings);
	free(sight->holding_caps);
	free(sight->journals);
	free(sight->walls);
	free(sight->arena.at);
	free(sight->changes);
	sim_hearing_done(sight);
	ledger->sight = NULL;
	free(sight);
}

static void look_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	(void)sim;
	sim_hearing_frame(state, frame);
}

/* ---- after the others ---- */

static void over_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = sim_sight_of(sim);

	(void)state;
	(void)node;
	kai_txn_abort(sight->txn);
	sight->txn = NULL;
	sight->change_count = 0;
}

static void over_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	(void)restored;
	over_turn(sim, state, node);
}

static void over_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	(void)state;
	sim_hearing_note(sim_sight_of(sim), frame);
}

const struct sim_checker sim_check_sight_over = {
	.name = "sight",
	.always = true,
	.sent = over_sent,
	.turn = over_turn,
	.restarted = over_restarted,
};

const struct sim_checker sim_check_sight = {
	.name = "sight",
	.always = true,
	.new = look_new,
	.free = look_free,
	.sent = look_sent,
	.turn = look_turn,
	.restarted = look_restarted,
};
