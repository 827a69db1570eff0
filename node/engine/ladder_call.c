/* SPDX-License-Identifier: Apache-2.0 */
/* What whoever carries out a step is told: of the item no more than the one decision lets that exit have. */
#include "ladder.h"
#include "kairan/rec.h"

#include <sodium.h>
#include <string.h>

/* ---- main, opened ---- */

static bool main_of(struct kai_turn *turn, const struct kai_item_facts *item, struct kai_body *ret)
{
	const struct kai_header *header = &item->header;
	struct kai_part_id id = {
		.realm = header->realm, .origin = header->origin, .name = header->parts[0].name};
	struct kai_key key = kai_key_part(item->arrival, 0);
	struct kai_opening opening;
	struct kai_span content;
	struct kai_part part;

	if (!kai_rec_get(turn->txn, KAI_TABLE_PARTS, &key, &kai_object_part, turn->scratch,
			 &part) ||
	    !kai_rest_open(turn, item->item.id, 0, &part, &opening))
		return false;
	enum kai_fault fault =
		kai_part_open(&id, opening.key, part.ciphertext, turn->scratch, &content);

	sodium_memzero(opening.key, sizeof(opening.key));
	return fault == KAI_FAULT_NONE &&
	       kai_object_decode(&kai_object_body, content, turn->scratch, ret) == KAI_FAULT_NONE;
}

static bool inside_char(struct kai_span text, size_t at)
{
	return at < text.len && (text.at[at] & 0xc0) == 0x80;
}

static void give_main(struct kai_turn *turn, const struct kai_item_facts *item,
		      struct kai_call_item *io)
{
	struct kai_body body;
	size_t room = KAI_CALL_TEXT;

	if (!main_of(turn, item, &body))
		return;
	io->title = body.title;
	io->text = body.text;
	if (io->text.len > KAI_CALL_TEXT) {
		io->cut = true;
		for (io->text.len = KAI_CALL_TEXT; inside_char(body.text, io->text.len);)
			io->text.len--;
	}
	io->values = body.values;
	for (io->values_count = 0; io->values_count < body.values_count; io->values_count++) {
		size_t len = body.values[io->values_count].value.len + KAI_MAX_SHORT;

		io->cut = io->cut || len > room;
		if (len > room)
			break;
		room -= len;
	}
}

/* ---- under the ceiling ---- */

static void give_parts(const struct kai_item_facts *item, const struct kai_verdict *verdicts,
		       struct kai_call_item *io)
{
	const struct kai_header *header = &item->header;

	for (size_t i = 0; i < header->parts_count && i < KAI_MAX_PARTS; i++) {
		struct kai_call_part *part = &io->parts[io->parts_count++];
		const char *why = "";

		if ((item->item.held >> i & 1) == 0)
			why = "not-held";
		else if (!verdicts[i].allow)
			why = kai_rule_name(verdicts[i].rule);
		*part = (struct kai_call_part){.name = header->parts[i].name,
					       .media_type = header->parts[i].media_type,
					       .size = header->parts[i].size,
					       .withheld = kai_span_str(why)};
	}
}

/* A partner's people are told no more than their org may have: takes from what the ceiling lets out. */
static void narrow(struct kai_turn *turn, struct kai_link *link, const struct kai_item_facts *item,
		   struct kai_verdict *io_header, struct kai_verdict io_verdicts[KAI_MAX_PARTS])
{
	struct kai_verdict verdicts[KAI_MAX_PARTS];
	struct kai_facts facts;
	uint32_t parts = 0;

	kai_facts_init(&facts, kai_pair_now(turn, link), item, true, turn->event->wall);
	facts.target_passed = kai_target_passed(turn->txn, &item->header, link->number);
	struct kai_verdict header = kai_facts_parts(&facts, item, &parts, verdicts);

	if (io_header->allow)
		*io_header = header;
	for (size_t i = 0; i < KAI_MAX_PARTS; i++)
		if (io_verdicts[i].allow)
			io_verdicts[i] = verdicts[i];
}

/* link NULL: for our own people. */
static void give_item(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		      struct kai_call *io)
{
	const struct kai_engine *engine = turn->engine;
	struct kai_call_item *to = kai_arena_take(turn->scratch, sizeof(*to));
	struct kai_verdict verdicts[KAI_MAX_PARTS];
	struct kai_item_facts item;
	uint32_t parts = 0;

	if (to == NULL || !kai_rest_facts(turn, arrival, &item))
		return;
	struct kai_facts facts = {.header = &item.header,
				  .id = item.item.id,
				  .from = engine->config.org,
				  .to = engine->config.org,
				  .releases = item.releases,
				  .release_count = item.release_count,
				  .overlay = item.overlay,
				  .realm = kai_realm_live,
				  .now = turn->event->wall,
				  .exit_ceiling = engine->config.escalation.ceiling};

	io->id.is = true;
	memcpy(io->id.id, item.item.id, KAI_ID_LEN);
	io->withheld = kai_span_str(kai_rule_name(KAI_RULE_CEILING));
	if (facts.exit_ceiling == 0)
		return; /* that would be no exit at all */
	struct kai_verdict header = kai_facts_parts(&facts, &item, &parts, verdicts);

	if (link != NULL)
		narrow(turn, link, &item, &header, verdicts);
	io->withheld = kai_span_str(header.allow ? "" : kai_rule_name(header.rule));
	to->parts = kai_arena_take(turn->scratch, KAI_MAX_PARTS * sizeof(*to->parts));
	if (!header.allow || to->parts == NULL)
		return;
	memcpy(to->origin, item.header.origin, KAI_ID_LEN);
	to->kind = item.header.kind;
	to->urgency = item.header.urgency;
	to->tlp = item.header.label.tlp;
	to->created_at = item.header.created_at;
	to->not_after = item.header.not_after;
	to->received_at = item.item.received_at;
	to->sectors = item.header.sectors;
	to->sectors_count = item.header.sectors_count;
	give_parts(&item, verdicts, to);
	if (verdicts[0].allow)
		give_main(turn, &item, to);
	io->item = to;
}

void kai_ladder_call(struct kai_turn *turn, const struct kai_ladder_case *ladder,
		     const struct kai_step *step)
{
	struct kai_link *link = kai_link_by_number(turn->engine, ladder->place.peer);
	struct kai_call_ref ref = {.arrival = ladder->place.arrival,
				   .at = ladder->row.at,
				   .peer = ladder->place.peer,
				   .rung = (uint8_t)step->rung};
	struct kai_call call = {.silence = step->silence,
				.rung = step->rung,
				.again = step->starts > 1,
				.due_at = step->due_at,
				.role = step->role,
				.name = step->name,
				.channel = step->channel,
				.other = step->other,
				.hours = step->hours};
	size_t mark = turn->scratch->used;
	char id[KAI_STEP_ID];
	struct kai_peer peer;

	call.org.is = link != NULL;
	if (link != NULL) {
		memcpy(call.org.id, link->org, KAI_ID_LEN);
		if (kai_rec_peer(turn->txn, link->org, turn->scratch, &peer))
			call.alias = peer.alias;
	}
	if (ladder->place.arrival != 0)
		give_item(turn, link, ladder->place.arrival, &call);
	kai_step_id(call.id.is ? call.id.id : call.org.id, &ladder->place, &ladder->row, step->rung,
		    id);
	call.step = kai_span_str(id);
	kai_out_call(turn, &ref, &call);
	kai_scratch_back(turn, mark);
}
