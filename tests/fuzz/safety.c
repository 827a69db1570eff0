/* SPDX-License-Identifier: Apache-2.0 */
#include "safety.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <stdio.h>
#include <string.h>

#include "../../node/engine/fetch.h"
#include "../../node/engine/spread.h"

#define TABLES 5u

static struct kai_span asked;
static uint64_t counted[TOWN_NODES][TABLES];

/* ---- the rules, read once more ---- */

static bool honest(unsigned node)
{
	return node == TOWN_V || node == TOWN_H;
}

static bool named(const struct kai_label *label, unsigned node)
{
	for (size_t i = 0; i < label->audience_count; i++)
		if (label->audience[i].type == KAI_AUD_ORG &&
		    kai_span_equal(label->audience[i].org, kai_span(town_org(node), KAI_ID_LEN)))
			return true;
	return false;
}

static const char *country_of(unsigned node)
{
	return node == TOWN_S ? "US" : "JP";
}

/* By place: nobody here has a sector, so a label that names sectors finds nobody. */
static bool placed(const struct kai_label *label, unsigned node)
{
	bool country = false;

	for (size_t i = 0; i < label->audience_count; i++) {
		const struct kai_audience_entry *entry = &label->audience[i];

		if (entry->type == KAI_AUD_SECTOR)
			return false;
		country = country || (entry->type == KAI_AUD_COUNTRY &&
				      kai_span_equal(entry->text, kai_span_str(country_of(node))));
	}
	return country;
}

static uint64_t ceiling(unsigned from, unsigned to)
{
	unsigned peer = from == TOWN_V ? to : from;

	if (from != TOWN_V && to != TOWN_V)
		return KAI_TLP_CLEAR + 1; /* no agreement */
	if (peer == TOWN_R)
		return KAI_TLP_AMBER;
	return peer == TOWN_S ? KAI_TLP_GREEN : KAI_TLP_RED;
}

static bool from_origin(const struct kai_label *label, unsigned to)
{
	if (label->tlp == KAI_TLP_RED || label->tlp == KAI_TLP_GREEN)
		return named(label, to); /* no community is recognised here */
	return named(label, to) || placed(label, to);
}

static bool from_holder(const struct kai_label *label, unsigned from, unsigned to)
{
	bool hop = from == TOWN_V && to == TOWN_R && label->onward >= KAI_ONWARD_CONSTITUENCY;

	if (label->tlp == KAI_TLP_CLEAR)
		return label->onward == KAI_ONWARD_ANY || hop;
	if (label->tlp != KAI_TLP_AMBER && label->tlp != KAI_TLP_GREEN)
		return false;
	if (hop && named(label, from))
		return true;
	return label->onward == KAI_ONWARD_ANY && named(label, to);
}

bool safety_may(const struct kai_label *label, unsigned origin, unsigned from, unsigned to)
{
	bool clear = label->tlp == KAI_TLP_CLEAR;

	if (to == origin)
		return ceiling(from, to) <= KAI_TLP_CLEAR;
	if (label->tlp < ceiling(from, to) || label->tlp > KAI_TLP_CLEAR)
		return false;
	if (from == origin ? !clear && !from_origin(label, to) : !from_holder(label, from, to))
		return false;
	if (clear)
		return true;
	/* All origins are in JP; S is a government. */
	if (to == TOWN_S && !named(label, to) && !placed(label, to))
		return false;
	return to != TOWN_S || label->gov_share == 1 || named(label, to);
}

/* Header alone, or a part of it: the release of part 0 stands for both. */
static bool item_may(const struct town_item *item, int part, unsigned from, unsigned to)
{
	if (part <= 0 && item->released.tlp != 0 &&
	    safety_may(&item->released, item->origin, from, to))
		return true;
	if (!safety_may(&item->label, item->origin, from, to))
		return false;
	return part < 0 ||
	       (part < (int)TOWN_PARTS && safety_may(&item->parts[part], item->origin, from, to));
}

static void must_may(struct town *town, const uint8_t id[KAI_ID_LEN], uint64_t parts, unsigned from,
		     unsigned to)
{
	const struct town_item *item = town_item(town, id);

	MUST(item != NULL); /* else nobody ever made and signed it */
	MUST(item_may(item, -1, from, to));
	for (int i = 0; i < KAI_MAX_PARTS; i++)
		MUST((parts >> i & 1) == 0 || item_may(item, i, from, to));
}

/* ---- what is known ---- */

void safety_request(struct kai_span request)
{
	asked = request;
}

static void learn_published(struct town *town, const struct kai_draft *draft, const uint8_t *id)
{
	struct town_item item = {.origin = TOWN_V, .label = draft->label};

	MUST(draft->parts_count >= 1);
	memcpy(item.id, id, KAI_ID_LEN);
	for (size_t i = 0; i < TOWN_PARTS && i < draft->parts_count; i++)
		item.parts[i] =
			draft->parts[i].label != NULL ? *draft->parts[i].label : draft->label;
	(void)town_add(town, &item);
}

/* An answer to each draft that there was room for. */
static void learn_many(struct town *town, const struct kai_ctl_publish_many *many,
		       const struct kai_ctl_answer *answer)
{
	struct kai_publish_report report;

	MUST(kai_object_decode(&kai_object_publish_report, answer->body, &town->arena, &report) ==
	     KAI_FAULT_NONE);
	MUST(report.answers_count <= many->publishes_count);
	MUST((answer->next == 0) == (report.answers_count == many->publishes_count));
	for (size_t i = 0; i < report.answers_count; i++) {
		if (report.answers[i].exit == 0 && report.answers[i].id.is)
			learn_published(town, &many->publishes[i].draft, report.answers[i].id.id);
	}
}

/* Labels and ids of the request stay in the town's arena: they are asked for until the end. */
static void learn(struct town *town, const struct kai_output *output)
{
	struct kai_arena *arena = &town->arena;
	struct kai_ctl_answer answer;
	struct kai_ctl_publish publish;
	struct kai_ctl_publish_many many;
	struct kai_ctl_retract retract;

	MUST(kai_object_decode(&kai_object_ctl_answer, output->bytes, arena, &answer) ==
	     KAI_FAULT_NONE);
	MUST(answer.exit == 0 || answer.exit == 1 || answer.exit == 3 || answer.exit == 4);
	MUST((answer.exit == 0) == (answer.reason.len == 0));
	if (answer.exit != 0)
		return;
	uint8_t *copy = kai_arena_take(arena, asked.len);

	MUST(copy != NULL);
	memcpy(copy, asked.at, asked.len);
	struct kai_span request = kai_span(copy, asked.len);

	if (kai_object_decode(&kai_object_ctl_publish_many, request, arena, &many) ==
	    KAI_FAULT_NONE)
		learn_many(town, &many, &answer);
	if (!answer.id.is)
		return;
	if (kai_object_decode(&kai_object_ctl_publish, request, arena, &publish) == KAI_FAULT_NONE)
		learn_published(town, &publish.draft, answer.id.id);
	if (kai_object_decode(&kai_object_ctl_retract, request, arena, &retract) ==
	    KAI_FAULT_NONE) {
		const struct town_item *target = town_item(town, retract.id);

		MUST(target != NULL && target->origin == TOWN_V);
		struct town_item item = *target;

		memcpy(item.id, answer.id.id, KAI_ID_LEN);
		(void)town_add(town, &item);
	}
}

/* An answer may stand behind the frames that it explains. */
static void learn_turn(struct town *town)
{
	const struct kai_out *out = town->nodes[TOWN_V].out;

	if (asked.len == 0)
		return;
	for (size_t i = 0; i < kai_out_count(out); i++)
		if (kai_out_at(out, i)->type == KAI_OUTPUT_ANSWER) {
			learn(town, kai_out_at(out, i));
			asked.len = 0;
		}
}

/* ---- bounds of memory ---- */

static void check_link(const struct kai_link *link, const struct kai_quota *quota)
{
	const struct kai_fetch *fetch = link->fetch;
	const struct kai_spread *spread = link->spread;

	if (fetch != NULL) {
		MUST(fetch->held <= (uint64_t)quota->held_bytes);
		MUST(fetch->offered_count <= (size_t)quota->offered_ids);
		MUST(fetch->batch_count <= KAI_FETCH_BATCHES);
	}
	if (spread != NULL) {
		MUST(spread->window.open <= KAI_WINDOW);
		MUST(spread->lanes[KAI_LANE_URGENT].count + spread->lanes[KAI_LANE_BULK].count <=
		     (size_t)quota->wants_in_flight);
	}
}

static void check_bounds(const struct town *town)
{
	const struct kai_engine *engine = town->nodes[TOWN_V].engine;

	MUST(engine->link_count <= TOWN_NODES);
	for (size_t i = 0; i < engine->link_count; i++)
		check_link(engine->links[i], &town->nodes[TOWN_V].config.quota);
}

/* ---- frames ---- */

static void look_push(struct town *town, unsigned node, unsigned to,
		      const struct kai_checked *checked)
{
	const struct kai_advisory *advisory = &checked->msg.push.advisory;
	uint64_t parts = checked->msg.push.offered;

	for (size_t i = 0; i < advisory->parts_count; i++)
		parts |= UINT64_C(1) << advisory->parts[i].index;
	for (size_t i = 0; i < advisory->wraps_count; i++)
		parts |= UINT64_C(1) << advisory->wraps[i].index;
	must_may(town, checked->id, parts, node, to);
}

static void look_chunk(struct town *town, unsigned node, unsigned to,
		       const struct kai_checked *checked)
{
	const struct kai_chunk *chunk = &checked->msg.chunk;
	uint64_t parts = chunk->index < KAI_MAX_PARTS ? UINT64_C(1) << chunk->index : 0;

	for (size_t i = 0; chunk->head != NULL && i < chunk->head->wraps_count; i++)
		parts |= UINT64_C(1) << chunk->head->wraps[i].index;
	must_may(town, chunk->id, parts, node, to);
}

static void look_frame(struct town *town, unsigned node, const struct kai_output *output)
{
	static uint8_t memory[KAI_CHECK_ARENA];
	static struct kai_checked checked;
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	int to = town_who(output->org);

	MUST(to >= 0 && (unsigned)to != node && output->bytes.len <= KAI_MAX_FRAME);
	kai_frame_check(output->bytes, &arena, &checked);
	MUST(checked.fault == KAI_FAULT_NONE);
	MUST(!checked.has_item || checked.item_fault == KAI_FAULT_NONE);
	if (checked.type == KAI_MSG_PUSH)
		look_push(town, node, (unsigned)to, &checked);
	else if (checked.type == KAI_MSG_CHUNK)
		look_chunk(town, node, (unsigned)to, &checked);
	else if (checked.type == KAI_MSG_OFFER)
		for (size_t i = 0; i < checked.msg.offer.entries_count; i++)
			must_may(town, checked.msg.offer.entries[i].id,
				 checked.msg.offer.entries[i].parts, node, (unsigned)to);
}

void safety_look(struct town *town, unsigned node, const struct kai_output *output)
{
	if (!honest(node))
		return;
	if (output == NULL) {
		if (node == TOWN_V)
			check_bounds(town);
		return;
	}
	if (node == TOWN_V)
		learn_turn(town);
	if (output->type == KAI_OUTPUT_SEND)
		look_frame(town, node, output);
	/* Whatever rogues do, honest nodes behave well to each other; tight quotas pinch them too, and
	 * who has had a wrong clock does not know what is over. What an item names may be held by the receiver alone:
	 * that is noted, and not charged. */
	if (output->type == KAI_OUTPUT_TRACE && strcmp(output->event, "peer-fault") == 0 &&
	    honest((unsigned)town_who(output->org)) && strcmp(output->rule, "quota") != 0 &&
	    strcmp(output->rule, "reference") != 0 && !town->skewed) {
		(void)fprintf(stderr, "node %u finds %s in honest node %d\n", node, output->rule,
			      town_who(output->org));
		MUST(false);
	}
}

/* ---- stores ---- */

static void report(void *context, enum kai_table table, struct kai_span key, const char *problem)
{
	(void)fprintf(stderr, "node %u, %s, key of %zu bytes: %s\n", *(const unsigned *)context,
		      kai_table_name(table), key.len, problem);
}

static void check_held(struct town *town, unsigned node, const struct kai_item *held)
{
	const struct town_item *item = town_item(town, held->id);

	MUST(item != NULL);
	for (int part = -1; part < KAI_MAX_PARTS; part++) {
		bool may = item->origin == node;

		if (part >= 0 && (held->held >> part & 1) == 0)
			continue;
		for (unsigned from = 0; from < TOWN_NODES && !may; from++)
			may = from != node && item_may(item, part, from, node);
		MUST(may);
	}
}

static void check_items(struct town *town, unsigned node, struct kai_txn *txn)
{
	size_t mark = town->arena.used;
	struct kai_index_scan scan;
	uint64_t arrival;

	kai_index_all(&scan, txn, 0, false);
	while (kai_index_next(&scan, &arrival)) {
		struct kai_item item;

		MUST(kai_rec_item(txn, arrival, &town->arena, &item));
		check_held(town, node, &item);
		town->arena.used = mark;
	}
	MUST(kai_txn_error(txn) == KAI_ERR_OK);
}

static void check_volume(const struct town *town, struct kai_txn *txn, struct kai_arena *arena)
{
	int64_t limit = town->nodes[TOWN_V].config.quota.stored_bytes;
	size_t mark = arena->used;

	for (unsigned i = 1; i < TOWN_NODES; i++) {
		struct kai_peer peer;

		if (kai_rec_peer(txn, town_org(i), arena, &peer))
			MUST(peer.stored_bytes <= (uint64_t)limit);
		arena->used = mark;
	}
}

/* Rows that came or went of what somebody else signed. */
static bool changed(unsigned node, struct kai_txn *txn)
{
	static const enum kai_table tables[TABLES] = {KAI_TABLE_ITEMS, KAI_TABLE_PARTS,
						      KAI_TABLE_CARDS, KAI_TABLE_AGREEMENTS,
						      KAI_TABLE_MEMBERS};
	bool any = false;

	for (size_t i = 0; i < TABLES; i++) {
		uint64_t count = kai_txn_count(txn, tables[i]);

		any = any || count != counted[node][i];
		counted[node][i] = count;
	}
	return any;
}

static void check_store(struct town *town, unsigned node, bool all)
{
	struct kai_store *store = town->nodes[node].store;
	struct kai_store_check check = {.report = report, .context = &node};
	struct kai_txn *txn;

	MUST(kai_txn_begin(store, false, &txn, NULL) == KAI_ERR_OK);
	bool look = changed(node, txn) || all;

	if (look)
		check_items(town, node, txn);
	if (node == TOWN_V)
		check_volume(town, txn, &town->arena);
	kai_txn_abort(txn);
	if (!look)
		return;
	MUST(kai_store_check(store, &check, NULL) == KAI_ERR_OK);
	MUST(check.problems == 0);
}

void safety_begin(struct town *town)
{
	asked = (struct kai_span){NULL, 0};
	for (unsigned node = 0; node < TOWN_NODES; node++) {
		struct kai_txn *txn;

		MUST(kai_txn_begin(town->nodes[node].store, false, &txn, NULL) == KAI_ERR_OK);
		(void)changed(node, txn);
		kai_txn_abort(txn);
	}
}

void safety_check(struct town *town)
{
	check_store(town, TOWN_V, false);
}

void safety_end(struct town *town)
{
	check_store(town, TOWN_V, true);
	check_store(town, TOWN_H, true);
}
