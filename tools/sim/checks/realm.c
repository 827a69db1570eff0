/* SPDX-License-Identifier: Apache-2.0 */
/*
 * realm: realms never mix. From the outside: of an honest node, each item and receipt in its live store is
 * of the live realm, in a drill's store of that drill, and there by its author's hand; nothing of a drill is
 * stored before it said that it takes part, nor outside the window. Each of its frames of a drill is of one
 * that it knows and takes part in, within the window, to a peer whose consent it holds and under an agreement
 * that consents to that level, which is in force where it brings something new; what is inside is of that realm. Whom it tells of a drill is a participant and
 * such a partner; it takes part only where such an agreement is; and what it holds as an honest org's consent
 * that org said. In a turn in which its knowledge of all that changed it may still act by what it knew
 * before: the drills' engines hear of it after theirs.
 */
#include "realm.h"

#include <stdlib.h>
#include <string.h>

#include "kairan/frames.h"
#include "kairan/kinds.h"
#include "kairan/rec.h"

/* Somebody said that it takes part. */
struct word {
	uint32_t node;
	uint8_t drill[KAI_ID_LEN];
};

struct realm {
	struct word *words;
	size_t count, cap;
};

static void *realm_new(const struct sim *sim)
{
	(void)sim;
	return sim_check_room(1, sizeof(struct realm));
}

static void realm_free(void *state)
{
	struct realm *realm = state;

	free(realm->words);
	free(realm);
}

/* ---- who said that it takes part ---- */

static bool has_said(const struct realm *realm, uint32_t node, const uint8_t drill[KAI_ID_LEN])
{
	for (size_t i = 0; i < realm->count; i++)
		if (realm->words[i].node == node && kai_id_equal(realm->words[i].drill, drill))
			return true;
	return false;
}

static void note_word(struct realm *realm, uint32_t node, const uint8_t drill[KAI_ID_LEN])
{
	realm->words =
		sim_check_more(realm->words, realm->count, &realm->cap, sizeof(*realm->words));
	struct word *word = &realm->words[realm->count++];

	word->node = node;
	memcpy(word->drill, drill, KAI_ID_LEN);
}

/* Is there an agreement with a participant by which it may have come to take part? */
static bool may_take_part(const struct sim *sim, uint32_t node, const struct kai_drill *drill)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	const struct sim_pact *pact = NULL;

	if (kai_id_equal(drill->director, sim_node(sim, node)->config.org))
		return true;
	while ((pact = sim_pact_next(ledger, node, SIM_NONE, pact)) != NULL) {
		const struct sim_node *other = sim_node(sim, sim_pact_other(pact, node));

		if (sim_consents(pact, drill->level) && pact->known[pact->of.b == node] != 0 &&
		    (kai_drill_has(drill, other->config.org) || other->rogue != NULL))
			return true;
	}
	return false;
}

static void check_word(struct sim *sim, struct realm *realm, const struct sim_node *node,
		       const struct kai_drill_held *held)
{
	if (has_said(realm, node->number, held->digest))
		return;
	note_word(realm, node->number, held->digest);
	if (!kai_drill_has(&held->drill, node->config.org))
		sim_violation(sim, "realm", node->number, NULL,
			      "takes part in a drill and is no participant");
	else if (!may_take_part(sim, node->number, &held->drill))
		sim_violation(sim, "realm", node->number, NULL,
			      "takes part in a drill that none of its agreements allows");
}

/* What this node says of the drills in its store. */
static void read_words(struct sim *sim, struct realm *realm, struct sim_sight *sight,
		       const struct sim_node *node)
{
	struct kai_scan scan;
	struct kai_span key;

	kai_scan_init(&scan, sight->txn, KAI_TABLE_DRILLS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, NULL)) {
		size_t mark = sight->arena.used;
		uint8_t id[KAI_REALM_LEN];
		struct kai_drill_held held;

		if (key.len != KAI_REALM_LEN)
			continue;
		memcpy(id, key.at, KAI_REALM_LEN);
		if (kai_rec_drill(sight->txn, id, &sight->arena, &held) &&
		    sim_takes_part(sight->txn, &held, node->config.org, &sight->arena))
			check_word(sim, realm, node, &held);
		sight->arena.used = mark;
	}
}

/* ---- of which realm something is ---- */

static bool is_of(struct kai_span header, const uint8_t realm[KAI_REALM_LEN])
{
	uint8_t its[KAI_REALM_LEN];

	return sim_header_realm(header, its) && memcmp(its, realm, KAI_REALM_LEN) == 0;
}

static void check_receipt(struct sim *sim, uint32_t node, struct sim_sight *sight,
			  struct kai_span bytes, const uint8_t realm[KAI_REALM_LEN])
{
	struct kai_receipt_opened opened;

	if (bytes.len == 0 || kai_receipt_open(bytes, &sight->arena, &opened) != KAI_FAULT_NONE)
		return;
	if (memcmp(opened.receipt.realm, realm, KAI_REALM_LEN) != 0)
		sim_violation(sim, "realm", node, opened.receipt.entries[0].id,
			      "has to do with a receipt of another realm");
}

/* ---- frames ---- */

/* May the node act by what it knew before its newest turn? */
static bool just_learnt(const struct sim *sim, const struct sim_node *node)
{
	return sim_ledger_of(sim)->learnt[node->number] == node->turns + 1;
}

static const struct sim_stage *stage_of(const struct sim_node *node,
					const uint8_t realm[KAI_REALM_LEN])
{
	for (size_t i = 0; i < node->stages->count; i++)
		if (memcmp(node->stages->rows[i].realm, realm, KAI_REALM_LEN) == 0)
			return &node->stages->rows[i];
	return NULL;
}

/* Why it may not go; NULL: it may. */
static const char *forbidden_by(struct sim *sim, const struct realm *state, struct sim_sight *sight,
				const struct sim_frame *frame, struct kai_txn *txn, bool news)
{
	const struct sim_node *from = sim_node(sim, frame->from), *to = sim_node(sim, frame->to);
	const uint8_t *realm = sight->msg.realm_frame.realm;
	const struct sim_stage *stage = stage_of(from, realm);
	struct kai_drill_held held;
	bool active;

	if (stage == NULL)
		return "of a drill that it does not serve";
	if (!kai_rec_drill(txn, realm, &sight->arena, &held))
		return "of a drill that it does not know";
	if (!sim_takes_part(txn, &held, from->config.org, &sight->arena))
		return "of a drill in which it takes no part";
	if (!sim_takes_part(txn, &held, to->config.org, &sight->arena))
		return "of a drill, and that one does not take part";
	if (to->rogue == NULL && !has_said(state, to->number, held.digest))
		return "of a drill by a consent that was never given";
	if (stage->wall.ms < (int64_t)held.drill.from ||
	    stage->wall.ms >= sim_drill_end(txn, &held, &sight->arena))
		return "of a drill outside its window";
	if (!sim_consents(sim_oracle_pact_by(sim, frame->from, frame->to, stage->wall, &active),
			  held.drill.level))
		return "of a drill to which no agreement of theirs consents";
	/* As what is live: greetings, retractions and answers go on while it is suspended or has expired. */
	return active || !news ? NULL : "of a drill with an item, and no agreement is in force";
}

static const char *forbidden(struct sim *sim, const struct realm *state, struct sim_sight *sight,
			     const struct sim_frame *frame, bool news)
{
	struct kai_txn *txn = sim_look(sim_node(sim, frame->from));
	const char *why = forbidden_by(sim, state, sight, frame, txn, news);

	kai_txn_abort(txn);
	return why;
}

static struct kai_span head_of(enum kai_msg_type type, const union kai_msg *msg)
{
	if (type == KAI_MSG_PUSH)
		return msg->push.advisory.header;
	if (type == KAI_MSG_CHUNK && msg->chunk.head != NULL)
		return msg->chunk.head->header;
	return kai_span(NULL, 0);
}

/* It brings an item that is no retraction. */
static bool is_news(struct sim_sight *sight, enum kai_msg_type type, const union kai_msg *msg)
{
	struct kai_span bytes = head_of(type, msg);
	struct kai_header header;

	return bytes.len > 0 &&
	       kai_object_decode(&kai_object_header, bytes, &sight->arena, &header) ==
		       KAI_FAULT_NONE &&
	       header.kind != KAI_KIND_RETRACT;
}

/* What it holds, or says that it does, is of the frame's realm. */
static void check_content(struct sim *sim, struct sim_sight *sight, const struct sim_frame *frame,
			  enum kai_msg_type type, const union kai_msg *msg,
			  const uint8_t realm[KAI_REALM_LEN])
{
	struct kai_span header = head_of(type, msg);

	if (type == KAI_MSG_HELLO &&
	    !kai_span_equal(msg->hello.realms, kai_span(realm, KAI_REALM_LEN)))
		sim_violation(sim, "realm", frame->from, NULL, "names node %u another realm",
			      frame->to);
	if (header.len > 0 && !is_of(header, realm))
		sim_violation(sim, "realm", frame->from, NULL,
			      "sends node %u an item of another realm", frame->to);
	if (type == KAI_MSG_RECEIPT)
		check_receipt(sim, frame->from, sight, msg->receipt_frame.bytes, realm);
	for (size_t i = 0; type == KAI_MSG_OFFER && i < msg->offer.entries_count; i++) {
		const uint8_t *id = msg->offer.entries[i].id;
		const struct sim_realm_item *item = sim_realms_find_item(sim, id);
		const uint8_t *its =
			item == NULL ? kai_realm_live : sim_realms_at(sim, item->realm)->realm;

		if ((item != NULL || sim_ledger_find(sim, id) != NULL) &&
		    memcmp(its, realm, KAI_REALM_LEN) != 0)
			sim_violation(sim, "realm", frame->from, id,
				      "offers node %u an item of another realm", frame->to);
	}
}

static void check_envelope(struct sim *sim, const struct realm *state, struct sim_sight *sight,
			   const struct sim_frame *frame)
{
	const struct kai_realm_frame *envelope = &sight->msg.realm_frame;
	enum kai_msg_type type = sim_frame_type(envelope->frame);
	const struct kai_object *object = kai_msg_object((uint64_t)type);
	union kai_msg inside;

	if (object == NULL ||
	    kai_object_decode(object, envelope->frame, &sight->arena, &inside) != KAI_FAULT_NONE) {
		sim_violation(sim, "realm", frame->from, NULL,
			      "sends node %u a frame of a drill that cannot be read", frame->to);
		return;
	}
	const char *why = forbidden(sim, state, sight, frame, is_news(sight, type, &inside));

	if (why != NULL && !just_learnt(sim, sim_node(sim, frame->from)))
		sim_violation(sim, "realm", frame->from, NULL, "sends node %u a frame %s",
			      frame->to, why);
	check_content(sim, sight, frame, type, &inside, envelope->realm);
}

/* It tells of a drill: to whom that is to be told. */
static void check_telling(struct sim *sim, struct sim_sight *sight, const struct sim_frame *frame)
{
	const struct sim_node *from = sim_node(sim, frame->from), *to = sim_node(sim, frame->to);
	struct kai_drill_held held;
	const char *why = NULL;
	bool active = false;

	if (sight->msg.drill_frame.what != 1 || just_learnt(sim, from))
		return;
	struct kai_txn *txn = sim_look(from);

	if (kai_drill_peek(sight->msg.drill_frame.bytes, &sight->arena, &held.drill, held.digest) !=
	    KAI_FAULT_NONE)
		why = "that cannot be read";
	else if (!kai_drill_has(&held.drill, to->config.org))
		why = "in which that one is to take no part";
	else if (!sim_takes_part(txn, &held, from->config.org, &sight->arena))
		why = "in which it takes no part itself";
	else if (!sim_consents(sim_oracle_pact_by(sim, frame->from, frame->to,
						  sight->walls[frame->from], &active),
			       held.drill.level) ||
		 !active)
		why = "to which no agreement of theirs consents";
	kai_txn_abort(txn);
	if (why != NULL)
		sim_violation(sim, "realm", frame->from, NULL, "tells node %u of a drill %s",
			      frame->to, why);
}

static void realm_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);
	size_t mark = sight->arena.used;

	if (!sim_check_hears(sim, frame))
		return;
	if (frame->type == KAI_MSG_REALM)
		check_envelope(sim, state, sight, frame);
	else if (frame->type == KAI_MSG_DRILL)
		check_telling(sim, sight, frame);
	else if (frame->type != KAI_MSG_RECEIPT || sim_realms_at(sim, 0) != NULL)
		check_content(sim, sight, frame, frame->type, &sight->msg, kai_realm_live);
	sight->arena.used = mark;
}

/* ---- stores ---- */

static void realm_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct sim_sight *sight = sim_sight_of(sim);

	if (node->rogue != NULL)
		return;
	for (size_t i = 0; i < sight->change_count; i++) {
		const struct sim_change *change = &sight->changes[i];

		if (!is_of(change->item.header, kai_realm_live) ||
		    (change->truth != NULL &&
		     memcmp(change->truth->header.realm, kai_realm_live, KAI_REALM_LEN) != 0))
			sim_violation(sim, "realm", node->number, change->item.id,
				      "holds an item of a drill in its live store");
	}
	if (just_learnt(sim, node))
		read_words(sim, state, sight, node);
}

/* That an item of a drill is where it belongs. */
static void check_item(struct sim *sim, const struct sim_node *node, const struct sim_stage *stage,
		       struct sim_sight *sight, const struct kai_item *item)
{
	const struct sim_realm_item *truth = sim_realms_find_item(sim, item->id);
	struct kai_header header;

	if (!is_of(item->header, stage->realm)) {
		sim_violation(sim, "realm", node->number, item->id,
			      "holds in a drill's store an item that is not of it");
		return;
	}
	if (truth != NULL) {
		if (memcmp(sim_realms_at(sim, truth->realm)->realm, stage->realm, KAI_REALM_LEN) !=
		    0)
			sim_violation(sim, "realm", node->number, item->id,
				      "holds in one drill what was published in another");
		return;
	}
	if (kai_object_decode(&kai_object_header, item->header, &sight->arena, &header) !=
	    KAI_FAULT_NONE)
		return;
	const struct sim_node *origin = sim_node_of(sim, header.origin);

	if (origin != NULL && origin->rogue == NULL)
		sim_violation(sim, "realm", node->number, item->id,
			      "holds in a drill what node %u never published there",
			      origin->number);
}

/* A store gained something of a drill: may it? */
static void check_gain(struct sim *sim, const struct sim_node *node, const struct sim_stage *stage,
		       struct sim_sight *sight, struct kai_txn *txn)
{
	struct kai_drill_held held;

	if (!kai_rec_drill(txn, stage->realm, &sight->arena, &held) ||
	    !sim_takes_part(txn, &held, node->config.org, &sight->arena))
		sim_violation(sim, "realm", node->number, NULL,
			      "stores what is of a drill in which it takes no part");
	else if (!just_learnt(sim, node) &&
		 (stage->wall.ms < (int64_t)held.drill.from ||
		  stage->wall.ms >= sim_drill_end(txn, &held, &sight->arena)))
		sim_violation(sim, "realm", node->number, NULL,
			      "stores what is of a drill outside its window");
}

static void realm_practised(struct sim *sim, void *state, struct sim_node *node,
			    struct sim_stage *stage)
{
	struct sim_sight *sight = sim_sight_of(sim);
	size_t mark = sight->arena.used;
	struct kai_txn *txn = NULL;
	bool gained = false;
	uint64_t arrival;

	(void)state;
	if (node->rogue != NULL || kai_txn_begin(stage->store, false, &txn, NULL) != KAI_ERR_OK)
		return;
	while (kai_rec_log_next(txn, &stage->log_seen, &arrival)) {
		struct kai_item item;

		if (kai_rec_item(txn, arrival, &sight->arena, &item))
			check_item(sim, node, stage, sight, &item);
		sight->arena.used = mark;
		gained = true;
	}
	if (gained)
		check_gain(sim, node, stage, sight, txn);
	sight->arena.used = mark;
	kai_txn_abort(txn);
}

/* All of a store, whatever its log says. */
static void check_store(struct sim *sim, uint32_t node, struct kai_store *store,
			const uint8_t realm[KAI_REALM_LEN])
{
	struct sim_sight *sight = sim_sight_of(sim);
	size_t mark = sight->arena.used;
	struct kai_span value;
	struct kai_scan scan;
	struct kai_txn *txn;

	if (kai_txn_begin(store, false, &txn, NULL) != KAI_ERR_OK)
		return;
	kai_scan_init(&scan, txn, KAI_TABLE_ITEMS, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct kai_item item;

		if (kai_object_decode(&kai_object_item, value, &sight->arena, &item) ==
			    KAI_FAULT_NONE &&
		    !is_of(item.header, realm))
			sim_violation(sim, "realm", node, item.id,
				      "holds at the end an item of another realm");
		sight->arena.used = mark;
	}
	kai_scan_init(&scan, txn, KAI_TABLE_STATEMENTS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct kai_statement statement;

		if (kai_object_decode(&kai_object_statement, value, &sight->arena, &statement) ==
		    KAI_FAULT_NONE)
			check_receipt(sim, node, sight, statement.bytes, realm);
		sight->arena.used = mark;
	}
	kai_txn_abort(txn);
}

static void realm_settled(struct sim *sim, void *state)
{
	(void)state;
	if (sim_realms_at(sim, 0) == NULL)
		return;
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		const struct sim_node *node = sim_node(sim, i);

		if (node->rogue != NULL)
			continue;
		check_store(sim, i, node->store, kai_realm_live);
		for (size_t k = 0; k < node->stages->count; k++) {
			const struct sim_stage *stage = &node->stages->rows[k];

			if (stage->own != NULL || stage->disk != NULL)
				check_store(sim, i, stage->own != NULL ? stage->own : stage->disk,
					    stage->realm);
		}
	}
	sim_rehearsal_settled(sim);
}

const struct sim_checker sim_check_realm = {.name = "realm",
					    .new = realm_new,
					    .free = realm_free,
					    .sent = realm_sent,
					    .turn = realm_turn,
					    .practised = realm_practised,
					    .settled = realm_settled};
