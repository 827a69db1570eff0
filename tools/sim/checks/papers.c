/* SPDX-License-Identifier: Apache-2.0 */
/*
 * papers: cards, agreements, notices and memberships tell nobody of others' affairs. From the frames that
 * leave an honest node: an agreement or notice is of the pair; a membership is the sender's or the
 * peer's own, or a withdrawal by its keeper; a card is the sender's own, or of an origin whose items
 * the peer may have or whose card it got before, or of one that takes part in a drill with the peer, and then
 * the agreement lets the sender introduce.
 */
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "kairan/drill.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

static void complain(struct sim *sim, const struct sim_frame *frame, const char *what)
{
	sim_violation(sim, "papers", frame->from, NULL, "sends node %u %s", frame->to, what);
}

static const uint8_t *org_of(const struct sim *sim, uint32_t node)
{
	return sim_node(sim, node)->config.org;
}

static bool opened(struct sim_sight *sight, struct kai_span bytes, const struct kai_object *object,
		   void *ret)
{
	struct kai_signed envelope;

	return kai_object_decode(&kai_object_signed, bytes, &sight->arena, &envelope) ==
		       KAI_FAULT_NONE &&
	       kai_object_decode(object, envelope.body, &sight->arena, ret) == KAI_FAULT_NONE;
}

/* ---- cards ---- */

static bool may_introduce(const struct sim *sim, uint32_t from, uint32_t to)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	const struct sim_pact *pact = NULL;

	while ((pact = sim_pact_next(ledger, from, to, pact)) != NULL) {
		const struct kai_party *party =
			pact->of.a == from ? &pact->of.terms.a : &pact->of.terms.b;

		if (pact->known[pact->of.b == from] != 0 && party->may_introduce)
			return true;
	}
	return false;
}

static bool is_of(const struct sim *sim, uint32_t item, const uint8_t origin[KAI_ID_LEN])
{
	return kai_id_equal(sim_ledger_item(sim, item)->header.origin, origin);
}

/* It went there, or was about to when a crash took the frames. */
static bool went(struct sim_sight *sight, const struct sim_frame *frame,
		 const uint8_t origin[KAI_ID_LEN])
{
	struct kai_txn *txn = sim_look(sim_node(sight->sim, frame->from));
	bool found = false;

	for (uint32_t i = 0; !found && i < sim_ledger_item_count(sight->sim); i++) {
		const struct sim_holding *holding = sim_holding_of(sight, frame->from, i);

		found = is_of(sight->sim, i, origin) &&
			(sim_passed(sight, frame->from, frame->to, i) ||
			 (holding != NULL &&
			  sim_recorded(sight, txn, holding->arrival, frame->to)));
	}
	kai_txn_abort(txn);
	return found;
}

struct papers {
	struct sim_map cards; /* (from, to, origin): its card went there before */
};

static void *papers_new(const struct sim *sim)
{
	(void)sim;
	return sim_check_room(1, sizeof(struct papers));
}

static void papers_free(void *state)
{
	struct papers *papers = state;

	sim_map_done(&papers->cards);
	free(papers);
}

/* The newer card follows the older one. */
static bool follows(struct papers *papers, const struct sim *sim, const struct sim_frame *frame,
		    const uint8_t origin[KAI_ID_LEN])
{
	const struct sim_node *node = sim_node_of(sim, origin);
	uint64_t *at;

	if (node == NULL)
		return false;
	at = sim_map_at(&papers->cards, sim_map_key(frame->from, frame->to, node->number));
	return (*at)++ > 0;
}

/* What one says about a drill is read with its card, by those who are asked to take part as well. */
static bool practises(struct sim_sight *sight, const struct sim_frame *frame,
		      const uint8_t origin[KAI_ID_LEN])
{
	const uint8_t *to = org_of(sight->sim, frame->to);
	struct kai_txn *txn = sim_look(sim_node(sight->sim, frame->from));
	struct kai_scan scan;
	struct kai_span key;
	bool found = false;

	kai_scan_init(&scan, txn, KAI_TABLE_DRILLS, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (!found && kai_scan_next(&scan, &key, NULL)) {
		size_t mark = sight->arena.used;
		uint8_t realm[KAI_REALM_LEN];
		struct kai_drill_held held;

		if (key.len != KAI_REALM_LEN)
			continue;
		memcpy(realm, key.at, KAI_REALM_LEN);
		found = kai_rec_drill(txn, realm, &sight->arena, &held) &&
			kai_drill_has(&held.drill, to) && kai_drill_has(&held.drill, origin);
		sight->arena.used = mark;
	}
	kai_txn_abort(txn);
	return found;
}

static bool concerned(struct sim *sim, struct sim_sight *sight, const struct sim_frame *frame,
		      const uint8_t origin[KAI_ID_LEN])
{
	for (uint32_t i = 0; i < sim_ledger_item_count(sim); i++) {
		if (is_of(sim, i, origin) && sim_holding_of(sight, frame->from, i) != NULL &&
		    sim_hop_forbidden(sight, sim_hop_by(sight, frame->from, frame->from, frame->to,
							sim_ledger_item(sim, i), -1)) == NULL)
			return true;
	}
	return went(sight, frame, origin) || practises(sight, frame, origin);
}

static void check_card(struct sim *sim, struct papers *papers, struct sim_sight *sight,
		       const struct sim_frame *frame)
{
	const struct kai_card_frame *msg = &sight->msg.card_frame;
	struct kai_card card;
	struct kai_node_record record;

	if (msg->what == 2) {
		if (!opened(sight, msg->bytes, &kai_object_node_record, &record) ||
		    !kai_id_equal(record.org, org_of(sim, frame->from)))
			complain(sim, frame, "a node record that is not its own");
		return;
	}
	if (!opened(sight, msg->bytes, &kai_object_card, &card)) {
		complain(sim, frame, "a card that cannot be read");
		return;
	}
	if (kai_id_equal(card.org, org_of(sim, frame->from)))
		return;
	if (!may_introduce(sim, frame->from, frame->to))
		complain(sim, frame, "another's card, and may not introduce");
	else if (!follows(papers, sim, frame, card.org) && !concerned(sim, sight, frame, card.org))
		complain(sim, frame, "the card of an origin of whose items it may have none");
}

/* ---- agreements, notices, memberships ---- */

static bool of_pair(const struct sim *sim, const struct sim_frame *frame, const uint8_t *a,
		    const uint8_t *b)
{
	const uint8_t *from = org_of(sim, frame->from);
	const uint8_t *to = org_of(sim, frame->to);

	return (kai_id_equal(a, from) && kai_id_equal(b, to)) ||
	       (kai_id_equal(a, to) && kai_id_equal(b, from));
}

static void check_agreement(struct sim *sim, struct sim_sight *sight, const struct sim_frame *frame)
{
	const struct kai_agreement_frame *msg = &sight->msg.agreement_frame;
	struct kai_agreement agreement;
	struct kai_terms terms;
	struct kai_notice notice;
	struct kai_membership member;
	const struct sim_pact *pact;

	switch (msg->what) {
	case 1:
		if (kai_object_decode(&kai_object_agreement, msg->bytes, &sight->arena,
				      &agreement) != KAI_FAULT_NONE ||
		    kai_object_decode(&kai_object_terms, agreement.terms, &sight->arena, &terms) !=
			    KAI_FAULT_NONE ||
		    !of_pair(sim, frame, terms.a.org, terms.b.org))
			complain(sim, frame, "an agreement that is not theirs");
		return;
	case 2:
		if (!opened(sight, msg->bytes, &kai_object_notice, &notice)) {
			complain(sim, frame, "a notice that cannot be read");
			return;
		}
		pact = sim_pact_find_of(sim_ledger_of(sim), frame->from, notice.agreement);
		if (pact != NULL && sim_pact_other(pact, frame->from) != frame->to)
			complain(sim, frame, "a notice of another agreement");
		return;
	default:
		if (!opened(sight, msg->bytes, &kai_object_membership, &member) ||
		    (!kai_id_equal(member.org, org_of(sim, frame->from)) &&
		     !kai_id_equal(member.org, org_of(sim, frame->to)) &&
		     !(member.withdrawn && kai_id_equal(member.keeper, org_of(sim, frame->from)))))
			complain(sim, frame, "somebody else's membership");
		return;
	}
}

static void check_hello(struct sim *sim, struct sim_sight *sight, const struct sim_frame *frame)
{
	const struct kai_hello *hello = &sight->msg.hello;

	for (size_t i = 0; i < hello->agreements_count; i++) {
		const struct sim_pact *pact =
			sim_pact_find_of(sim_ledger_of(sim), frame->from, hello->agreements[i]);

		if (pact != NULL && sim_pact_other(pact, frame->from) != frame->to)
			complain(sim, frame, "the digest of another agreement");
	}
}

static void papers_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);

	if (!sim_check_hears(sim, frame))
		return;
	if (frame->type == KAI_MSG_CARD)
		check_card(sim, state, sight, frame);
	else if (frame->type == KAI_MSG_AGREEMENT)
		check_agreement(sim, sight, frame);
	else if (frame->type == KAI_MSG_HELLO)
		check_hello(sim, sight, frame);
}

const struct sim_checker sim_check_papers = {
	.name = "papers", .new = papers_new, .free = papers_free, .sent = papers_sent};
