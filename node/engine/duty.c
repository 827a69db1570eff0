/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the other rooms tell of items, and what bears on the duties that are open: a stored, an answer, a
 * release, a retraction, an agreement's end, the time. SPEC.md section 3 says the rules in words.
 */
#include "duty.h"

#include <sodium.h>
#include <string.h>

#include "kairan/advisory.h"
#include "kairan/kinds.h"
#include "kairan/rec.h"
#include "kairan/text.h"

#define WALK_ROWS 64u
#define MOST_NAMED (KAI_MAX_REFS + 2)

/* ---- the open ones of an item ---- */

struct open_rows {
	struct kai_scan scan;
};

static void open_init(struct open_rows *rows, struct kai_turn *turn, uint64_t arrival)
{
	struct kai_key prefix = kai_key_u64(arrival);

	kai_scan_init(&rows->scan, turn->txn, KAI_TABLE_DUTIES_OPEN, kai_key_span(&prefix),
		      kai_span(NULL, 0), false);
}

static bool open_next(struct open_rows *rows, struct kai_duty_place *ret)
{
	struct kai_span key;

	return kai_scan_next(&rows->scan, &key, NULL) && kai_duty_place_read(key, ret);
}

static bool any_open(struct kai_turn *turn)
{
	return kai_txn_count(turn->txn, KAI_TABLE_DUTIES_OPEN) > 0;
}

/* Looks at the item's open duties: at all, or at those whose target is that one. */
static void look_item(struct kai_turn *turn, uint64_t arrival, uint16_t target)
{
	size_t mark = turn->scratch->used;
	struct kai_duty_place place;
	struct kai_item_facts facts;
	struct kai_duty_case duty;
	struct open_rows rows;
	bool loaded = false;

	open_init(&rows, turn, arrival);
	while (open_next(&rows, &place)) {
		if (target != 0 && place.target != target)
			continue;
		if (!loaded && !kai_rest_facts(turn, arrival, &facts))
			break;
		loaded = true;
		size_t used = turn->scratch->used;

		if (kai_duty_read(turn, &place, &duty))
			kai_duty_look(turn, &facts, &duty, false);
		kai_scratch_back(turn, used);
	}
	kai_scratch_back(turn, mark);
}

void kai_duty_changed(struct kai_turn *turn, uint64_t arrival)
{
	if (any_open(turn))
		look_item(turn, arrival, 0);
}

/* ---- what an item answers ---- */

/* Ids that the fields of main name, for kinds that have such a field. */
static size_t named_in_main(struct kai_turn *turn, uint64_t arrival, const struct kai_item *item,
			    const struct kai_header *header, uint8_t (*ret)[KAI_ID_LEN],
			    size_t room)
{
	const struct kai_kind_row *row = kai_kind_row(header->kind);
	struct kai_part_id id = {
		.realm = header->realm, .origin = header->origin, .name = header->parts[0].name};
	struct kai_key key = kai_key_part(arrival, 0);
	struct kai_opening opening;
	struct kai_span content;
	struct kai_part part;
	struct kai_body body;
	size_t count = 0;
	bool has = false;

	for (size_t i = 0; row != NULL && i < row->field_count; i++)
		has = has || row->fields[i].type == KAI_V_ID;
	if (!has || (item->held & 1) == 0 ||
	    !kai_rec_get(turn->txn, KAI_TABLE_PARTS, &key, &kai_object_part, turn->scratch,
			 &part) ||
	    !kai_rest_open(turn, item->id, 0, &part, &opening))
		return 0;
	enum kai_fault fault =
		kai_part_open(&id, opening.key, part.ciphertext, turn->scratch, &content);

	sodium_memzero(opening.key, sizeof(opening.key));
	if (fault != KAI_FAULT_NONE ||
	    kai_object_decode(&kai_object_body, content, turn->scratch, &body) != KAI_FAULT_NONE)
		return 0;
	for (size_t i = 0; i < body.values_count && count < room; i++) {
		char text[KAI_ID_TEXT] = "";

		if (body.values[i].value.len != KAI_ID_TEXT - 1)
			continue;
		memcpy(text, body.values[i].value.at, KAI_ID_TEXT - 1);
		count += kai_base32_parse(text, ret[count], KAI_ID_LEN);
	}
	return count;
}

/* The items that this one is about: by its header, which may name few, and by main. */
static size_t named_by(struct kai_turn *turn, uint64_t arrival, uint8_t (*ret)[KAI_ID_LEN],
		       uint8_t ret_origin[KAI_ID_LEN], uint8_t ret_id[KAI_ID_LEN])
{
	struct kai_header header;
	struct kai_item item;
	size_t count = 0;

	if (!kai_rec_item(turn->txn, arrival, turn->scratch, &item) ||
	    kai_header_read(item.header, turn->scratch, &header) != KAI_FAULT_NONE ||
	    (item.flags & KAI_ITEM_MARKED) != 0)
		return 0;
	memcpy(ret_origin, header.origin, KAI_ID_LEN);
	memcpy(ret_id, item.id, KAI_ID_LEN);
	for (size_t i = 0; i < header.refs_count; i++)
		memcpy(ret[count++], header.refs[i], KAI_ID_LEN);
	if (header.incident.is)
		memcpy(ret[count++], header.incident.id, KAI_ID_LEN);
	return count +
	       named_in_main(turn, arrival, &item, &header, ret + count, MOST_NAMED - count);
}

static void answer_rows(struct kai_turn *turn, uint64_t arrival, const struct kai_link *peer,
			enum kai_duty_side side, const uint8_t answer[KAI_ID_LEN])
{
	struct kai_duty_place place;
	struct kai_duty_case duty;
	struct open_rows rows;

	open_init(&rows, turn, arrival);
	while (open_next(&rows, &place)) {
		size_t used = turn->scratch->used;

		if (place.peer == peer->number && kai_duty_read(turn, &place, &duty) &&
		    duty.row.side == side &&
		    (side == KAI_DUTY_THEIRS || duty.row.action != KAI_DUTY_PASS))
			kai_duty_met(turn, &duty, answer);
		kai_scratch_back(turn, used);
	}
}

/*
 * An item that is at both ends now meets what it answers: ours, made by us and stored there; or theirs, made by
 * that peer and held here.
 */
static void answers(struct kai_turn *turn, uint64_t arrival, const struct kai_link *peer,
		    enum kai_duty_side side)
{
	const uint8_t *by = side == KAI_DUTY_OURS ? turn->engine->config.org : peer->org;
	size_t mark = turn->scratch->used;
	uint8_t named[MOST_NAMED][KAI_ID_LEN];
	uint8_t origin[KAI_ID_LEN];
	uint8_t id[KAI_ID_LEN];
	uint64_t about;

	size_t count = named_by(turn, arrival, named, origin, id);

	for (size_t i = 0; i < count && kai_id_equal(origin, by); i++)
		if (kai_rec_arrival(turn->txn, named[i], &about))
			answer_rows(turn, about, peer, side, id);
	kai_scratch_back(turn, mark);
}

/* ---- what the other rooms tell ---- */

void kai_duty_arrived(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		      const struct kai_header *header)
{
	bool asked = kai_duty_asked(turn, header);
	size_t mark = turn->scratch->used;
	struct kai_item_facts facts;

	if (!asked && !any_open(turn))
		return;
	struct kai_link *origin = kai_duty_partner(turn, header->origin);

	if (link != NULL && any_open(turn))
		look_item(turn, arrival, link->number);
	if (origin != NULL && any_open(turn))
		answers(turn, arrival, origin, KAI_DUTY_THEIRS);
	if (asked && kai_rest_facts(turn, arrival, &facts))
		kai_duty_cause_ours(turn, &facts, link, origin);
	kai_scratch_back(turn, mark);
}

/* Does the agreement with that peer ask something of it about this item? */
static bool asks_of(struct kai_turn *turn, struct kai_link *link, uint64_t arrival)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	size_t mark = turn->scratch->used;
	struct kai_header header;
	struct kai_item item;
	bool asks = pair->state == KAI_STATE_ACTIVE && pair->agreement.terms.duties_count > 0 &&
		    kai_rec_item(turn->txn, arrival, turn->scratch, &item) &&
		    kai_header_read(item.header, turn->scratch, &header) == KAI_FAULT_NONE &&
		    kai_duty_asked_of(link, &pair->agreement.terms, &header);

	kai_scratch_back(turn, mark);
	return asks;
}

void kai_duty_stored(struct kai_turn *turn, struct kai_link *link, uint64_t arrival, bool sent)
{
	size_t mark = turn->scratch->used;
	struct kai_item_facts facts;

	if (any_open(turn)) {
		look_item(turn, arrival, link->number);
		answers(turn, arrival, link, KAI_DUTY_OURS);
	}
	if (asks_of(turn, link, arrival) && kai_rest_facts(turn, arrival, &facts) &&
	    (sent || (facts.item.flags & KAI_ITEM_OWN) != 0))
		kai_duty_cause_theirs(turn, &facts, link);
	kai_scratch_back(turn, mark);
}

/* Its whole constituency has it: what it was to pass on is, as far as that goes. */
void kai_duty_forwarded(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
			const struct kai_rollup *rollup)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	const struct kai_terms *terms = &pair->agreement.terms;
	size_t mark = turn->scratch->used;
	struct kai_duty_place place;
	struct kai_duty_case duty;
	struct open_rows rows;

	if (rollup->members == 0 || rollup->delivered < rollup->members || !any_open(turn))
		return;
	open_init(&rows, turn, arrival);
	while (open_next(&rows, &place)) {
		if (place.peer == link->number && kai_duty_read(turn, &place, &duty) &&
		    duty.row.side == KAI_DUTY_THEIRS && duty.row.action == KAI_DUTY_PASS &&
		    kai_id_equal(duty.row.agreement, pair->agreement.digest) &&
		    terms->duties[place.index].target_count == 0)
			kai_duty_met(turn, &duty, NULL);
		kai_scratch_back(turn, mark);
	}
}

void kai_duty_fired(struct kai_turn *turn, struct kai_span key)
{
	size_t mark = turn->scratch->used;
	struct kai_duty_place place;
	struct kai_item_facts facts;
	struct kai_duty_case duty;

	if (kai_duty_place_read(key, &place) && kai_duty_read(turn, &place, &duty) &&
	    kai_rest_facts(turn, place.arrival, &facts)) {
		duty.row.timer_at = 0; /* it is gone */
		kai_duty_look(turn, &facts, &duty, true);
	}
	kai_scratch_back(turn, mark);
}

void kai_duty_gone(struct kai_turn *turn, uint64_t arrival)
{
	size_t mark = turn->scratch->used;
	struct kai_duty_place place;
	struct kai_duty_case duty;
	struct open_rows rows;

	open_init(&rows, turn, arrival);
	while (open_next(&rows, &place)) {
		if (kai_duty_read(turn, &place, &duty))
			kai_duty_end(turn, &duty, "expired");
		kai_scratch_back(turn, mark);
	}
}

/* ---- trust changed: every open duty is looked at again, some at a time ---- */

static bool walk_waits(const struct kai_engine *engine)
{
	return engine->duty_from.len > 0 || engine->duty_walked != engine->trust_generation + 1;
}

void kai_duty_again(struct kai_turn *turn)
{
	turn->engine->duty_walked = 0;
}

void kai_duty_timer(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	size_t mark = turn->scratch->used;
	struct kai_scan scan;
	struct kai_span key;
	unsigned rows = 0;

	if (!walk_waits(engine))
		return;
	if (engine->duty_walked != engine->trust_generation + 1) {
		engine->duty_walked = engine->trust_generation + 1;
		engine->duty_from.len = 0;
	}
	kai_scan_init(&scan, turn->txn, KAI_TABLE_DUTIES_OPEN, kai_span(NULL, 0),
		      kai_key_span(&engine->duty_from), false);
	while (kai_scan_next(&scan, &key, NULL)) {
		struct kai_duty_place place;
		struct kai_item_facts facts;
		struct kai_duty_case duty;

		if (rows++ == WALK_ROWS) {
			engine->duty_from = kai_key_bytes(key.at, key.len);
			return;
		}
		if (kai_duty_place_read(key, &place) && kai_duty_read(turn, &place, &duty) &&
		    kai_rest_facts(turn, place.arrival, &facts))
			kai_duty_look(turn, &facts, &duty, false);
		kai_scratch_back(turn, mark);
	}
	engine->duty_from.len = 0;
}

struct kai_mono kai_duty_deadline(const struct kai_engine *engine)
{
	return (struct kai_mono){walk_waits(engine) ? 0 : INT64_MAX};
}
