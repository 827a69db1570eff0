/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duties: what agreements ask for is noted once and becomes met, blocked, overdue or ended as it should. From the
 * engines' own words as they fall: a duty is met, overdue and ended once at most, and not both met and
 * ended; and from honest stores at the end: each open one has its timer, none is due whose time is over, none
 * is blocked that the oracle permits, none is due that it forbids, and what a node wrote itself is owed where it must report it.
 */
#include <stdlib.h>
#include <string.h>

#include "standing.h"
#include "kairan/rec.h"

#define SLACK_MS (10 * KAI_MS_MINUTE) /* after a start a clock is believed step by step */
#define HEARD_MS KAI_MS_MINUTE	      /* an agreement is at both ends by then */

enum { MET = 1, OVERDUE = 2, ENDED = 4 };

/* What was said of one duty. */
struct said {
	uint64_t arrival, place; /* as in a trace's number */
	unsigned bits;
};

/* A node's own words. */
struct duties {
	struct said *list;
	size_t count, cap;
};

struct all_duties {
	uint32_t nodes;
	struct duties of[];
};

static void *duties_new(const struct sim *sim)
{
	uint32_t nodes = sim_node_count(sim);
	struct all_duties *all = sim_check_room(1, sizeof(*all) + nodes * sizeof(all->of[0]));

	all->nodes = nodes;
	return all;
}

static void duties_free(void *state)
{
	struct all_duties *all = state;

	for (uint32_t i = 0; i < all->nodes; i++)
		free(all->of[i].list);
	free(all);
}

static struct said *said_of(struct duties *duties, uint64_t arrival, uint64_t place)
{
	for (size_t i = duties->count; i > 0; i--) {
		struct said *said = &duties->list[i - 1];

		if (said->arrival == arrival && said->place == place)
			return said;
	}
	duties->list =
		sim_check_more(duties->list, duties->count, &duties->cap, sizeof(*duties->list));
	duties->list[duties->count] = (struct said){.arrival = arrival, .place = place};
	return &duties->list[duties->count++];
}

static void duties_traced(struct sim *sim, void *state, struct sim_node *node,
			  const struct kai_output *output)
{
	static const struct {
		const char *event;
		unsigned bit;
	} words[] = {{"duty-met", MET}, {"duty-overdue", OVERDUE}, {"duty-ended", ENDED}};
	uint64_t arrival = 0;
	struct all_duties *all = state;
	struct kai_txn *txn;
	bool held;

	if (node->rogue != NULL || strncmp(output->event, "duty-", 5) != 0)
		return;
	txn = sim_look(node);
	held = kai_rec_arrival(txn, output->id, &arrival);
	kai_txn_abort(txn);
	for (size_t i = 0; held && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(output->event, words[i].event) != 0)
			continue;
		struct said *said = said_of(&all->of[node->number], arrival, output->number);

		if ((said->bits & (words[i].bit | MET | ENDED)) != 0)
			sim_violation(sim, "duties", node->number, output->id,
				      "says %s after it was %s", output->event,
				      (said->bits & MET) != 0	  ? "met"
				      : (said->bits & ENDED) != 0 ? "ended"
								  : "overdue");
		said->bits |= words[i].bit;
	}
}

/* What was lost with a backup may be said again. */
static void duties_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	struct all_duties *all = state;
	struct duties *duties = &all->of[node->number];

	(void)sim;
	for (size_t i = 0; restored && i < duties->count; i++)
		duties->list[i].bits = 0;
}

/* ---- the stores at the end ---- */

/* One duty, and whose store it lies in. */
struct look {
	struct sim *sim;
	struct sim_sight *sight;
	struct all_duties *all;
	struct kai_txn *txn;
	uint32_t node;
	struct kai_duty_place place;
	struct kai_duty_row row;
	const struct sim_item *item;
	uint64_t held;
};

static uint32_t peer_node(const struct look *look, uint16_t number)
{
	struct kai_key key = kai_key_peer(number);
	size_t mark = look->sight->arena.used;
	struct sim_node *node = NULL;
	struct kai_peer peer;

	if (number != 0 && kai_rec_get(look->txn, KAI_TABLE_PEERS, &key, &kai_object_peer,
				       &look->sight->arena, &peer))
		node = sim_node_of(look->sim, peer.org);
	look->sight->arena.used = mark;
	return node == NULL ? SIM_NONE : node->number;
}

static void report(const struct look *look, const char *what)
{
	sim_violation(look->sim, "duties", look->node, look->item->id, "%s (%s, to node %u)", what,
		      kai_duty_state_word(look->row.state), peer_node(look, look->place.target));
}

static bool is_there(const struct look *look, enum kai_table table, const struct kai_key *key)
{
	struct kai_span value;

	return kai_txn_get(look->txn, table, kai_key_span(key), &value);
}

static void check_timer(const struct look *look)
{
	bool open = look->row.state != KAI_DUTY_MET && look->row.state != KAI_DUTY_ENDED;
	struct kai_key key = kai_key_duty(&look->place);
	struct kai_key timer = kai_key_timer(look->row.timer_at, KAI_TIMER_DUTY, &key);

	if (open != is_there(look, KAI_TABLE_DUTIES_OPEN, &key))
		report(look, open ? "is open and not marked so" : "is settled and marked open");
	if (open && !is_there(look, KAI_TABLE_TIMERS, &timer))
		report(look, "is open and its timer is lost");
	if (open &&
	    (int64_t)look->row.timer_at + SLACK_MS < sim_wall(sim_node(look->sim, look->node)).ms)
		report(look, "has a timer that did not go off");
}

static void check_met(const struct look *look)
{
	struct kai_key key = kai_key_pair(look->place.arrival, look->place.target);
	uint64_t place = (uint64_t)look->place.peer << 32 | (uint64_t)look->place.index << 16 |
			 look->place.target;
	const struct said *said = said_of(&look->all->of[look->node], look->place.arrival, place);

	if ((said->bits & OVERDUE) != 0 && look->row.state == KAI_DUTY_MET &&
	    !kai_duty_late(&look->row))
		report(look, "was overdue and does not read late");
	if (look->row.state == KAI_DUTY_MET && look->row.side == KAI_DUTY_OURS &&
	    !look->row.answer.is && !is_there(look, KAI_TABLE_RELEASED, &key) &&
	    !is_there(look, KAI_TABLE_SUPPLY, &key))
		report(look, "is met, and nothing says that it is there");
}

/* By what all know where that has had its time, and by what the node itself knows. */
static void check_blocked(const struct look *look)
{
	uint32_t to = peer_node(look, look->place.target);
	bool waits = look->row.state == KAI_DUTY_DUE || look->row.state == KAI_DUTY_BLOCKED;
	struct sim_hop hop;

	if (!waits || look->row.side != KAI_DUTY_OURS || look->row.action == KAI_DUTY_ANSWER ||
	    to == SIM_NONE || (int64_t)look->item->header.not_after <= sim_end_wall(look->sim).ms)
		return;
	hop = sim_hop_by(look->sight, look->node, look->node, to, look->item,
			 (look->held & 1) != 0 ? 0 : -1);
	if (look->row.state == KAI_DUTY_DUE) {
		const char *rule = sim_hop_forbidden(look->sight, hop);

		if (rule != NULL && sim_standing(look->sim, look->node, to) != NULL)
			report(look, "is due, and the rules forbid it");
		return;
	}
	/* it may know less: of a community whose keeper's card is frozen it knows no member */
	hop.now = sim_end_wall(look->sim);
	if (sim_hop_forbidden(look->sight, hop) != NULL)
		return;
	hop.lenient = false;
	if (sim_is_honest(look->sim, to) && sim_standing(look->sim, look->node, to) != NULL &&
	    (look->held & 1) != 0 && sim_oracle_permits(look->sim, &hop))
		report(look, "is blocked, and the rules permit it");
}

static void check_row(struct look *look)
{
	size_t mark = look->sight->arena.used;
	struct kai_item record;

	if (!kai_rec_item(look->txn, look->place.arrival, &look->sight->arena, &record)) {
		sim_violation(look->sim, "duties", look->node, NULL, "a duty about no item");
		return;
	}
	look->held = record.held;
	look->item = sim_ledger_find(look->sim, record.id);
	if (look->item != NULL) {
		check_timer(look);
		check_met(look);
		check_blocked(look);
	}
	look->sight->arena.used = mark;
}

static void check_rows(struct look *look)
{
	struct kai_scan scan;
	struct kai_span key, value;

	kai_scan_init(&scan, look->txn, KAI_TABLE_DUTIES, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		size_t mark = look->sight->arena.used;

		if (!kai_duty_place_read(key, &look->place) ||
		    kai_object_decode(&kai_object_duty_row, value, &look->sight->arena,
				      &look->row) != KAI_FAULT_NONE)
			sim_violation(look->sim, "duties", look->node, NULL, "cannot be read");
		else
			check_row(look);
		look->sight->arena.used = mark;
	}
}

/* ---- what must have arisen ---- */

/* The duty to report this item under an agreement that nothing was ever said about; its index, -1: none. */
static int asked(const struct sim_pact *pact, uint32_t node, const struct sim_item *item)
{
	const struct kai_terms *terms = &pact->of.terms;
	uint64_t side = pact->of.a == node ? 0 : 1;

	if (pact->notices != SIM_NONE || pact->of.made_ms + HEARD_MS > item->made_ms ||
	    (int64_t)terms->valid_from > SIM_WALL_MS || item->header.kind == KAI_KIND_RETRACT ||
	    item->header.kind == KAI_KIND_RELEASE)
		return -1;
	for (size_t i = 0; i < terms->duties_count; i++) {
		const struct kai_duty *duty = &terms->duties[i];

		if (duty->action != KAI_DUTY_REPORT || duty->side != side ||
		    item->header.urgency > duty->urgency)
			continue;
		for (size_t k = 0; k < duty->kinds_count; k++)
			if (duty->kinds[k] == item->header.kind)
				return (int)i;
	}
	return -1;
}

static void check_reports(struct look *look, uint32_t to)
{
	const struct sim_pact *pact = sim_standing(look->sim, look->node, to);
	size_t mark = look->sight->arena.used;
	struct kai_peer peer;

	if (pact == NULL || !kai_rec_peer(look->txn, sim_node(look->sim, to)->config.org,
					  &look->sight->arena, &peer)) {
		look->sight->arena.used = mark;
		return;
	}
	look->sight->arena.used = mark;
	for (uint32_t i = 0; i < sim_ledger_item_count(look->sim); i++) {
		const struct sim_item *item = sim_ledger_item(look->sim, i);
		int index = item->origin == look->node ? asked(pact, look->node, item) : -1;
		struct kai_duty_place place = {.peer = (uint16_t)peer.number,
					       .index = (uint8_t)index,
					       .target = (uint16_t)peer.number};

		if (index < 0 || !kai_rec_arrival(look->txn, item->id, &place.arrival))
			continue;
		struct kai_key key = kai_key_duty(&place);

		if (!is_there(look, KAI_TABLE_DUTIES, &key))
			sim_violation(look->sim, "duties", look->node, item->id,
				      "is to be reported to node %u and is not noted", to);
	}
}

static void duties_settled(struct sim *sim, void *state)
{
	struct look look = {.sim = sim, .sight = sim_sight_of(sim), .all = state};

	look.sight->arena.used = 0;
	for (look.node = 0; look.node < sim_node_count(sim); look.node++) {
		if (!sim_is_honest(sim, look.node))
			continue;
		look.txn = sim_look(sim_node(sim, look.node));
		check_rows(&look);
		for (uint32_t to = 0;
		     sim_node(sim, look.node)->epochs == 0 && to < sim_node_count(sim); to++)
			if (to != look.node)
				check_reports(&look, to);
		kai_txn_abort(look.txn);
	}
}

const struct sim_checker sim_check_duties = {.name = "duties",
					     .new = duties_new,
					     .free = duties_free,
					     .traced = duties_traced,
					     .restarted = duties_restarted,
					     .settled = duties_settled};
