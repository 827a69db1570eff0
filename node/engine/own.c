/* SPDX-License-Identifier: Apache-2.0 */
/* An own item: sealing, deciding for every partner, storing. */
#include "publish.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <sodium.h>
#include <string.h>

bool kai_own_begin(struct kai_turn *turn, struct kai_own_item *item, struct kai_ctl_answer *ret)
{
	struct kai_known_card mine;
	struct kai_header *header = &item->header;

	if (!kai_book_card(turn, turn->engine->config.org, &mine)) {
		kai_answer_fault(turn, ret, 1, KAI_FAULT_NO_CARD, "own card");
		return false;
	}
	if (mine.rec.frozen) {
		kai_answer_fault(turn, ret, 1, KAI_FAULT_FROZEN, "own card");
		return false;
	}
	if (mine.card.valid_until <= (uint64_t)turn->event->wall.ms) {
		kai_answer(turn, ret, 1, "expired", "our own card has ended (card rotate)");
		return false;
	}
	header->version = KAI_VERSION;
	memcpy(header->realm, turn->engine->config.realm, KAI_REALM_LEN);
	memcpy(header->origin, turn->engine->config.org, KAI_ID_LEN);
	header->card_serial = mine.card.serial;
	header->country = mine.card.country;
	header->created_at = (uint64_t)turn->event->wall.ms;
	return true;
}

bool kai_own_body(struct kai_turn *turn, const struct kai_kind_row *row, struct kai_span body,
		  struct kai_ctl_answer *ret)
{
	struct kai_body decoded;
	const char *field = NULL;
	enum kai_fault fault = kai_object_decode(&kai_object_body, body, turn->scratch, &decoded);

	if (fault != KAI_FAULT_NONE) {
		kai_answer(turn, ret, 3, "bad-body", "main: %s", kai_fault_text(fault));
		return false;
	}
	if (kai_body_check(row, &decoded, &field) != KAI_FAULT_NONE) {
		kai_answer(turn, ret, 3, "bad-body", "%s of a %s is missing or not valid",
			   field != NULL ? field : "main", row->word);
		return false;
	}
	return true;
}

bool kai_own_held(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN], struct kai_item *ret_item,
		  struct kai_header *ret_header, struct kai_ctl_answer *ret)
{
	uint64_t arrival;

	if (!kai_rec_arrival(turn->txn, id, &arrival) ||
	    !kai_rec_item(turn->txn, arrival, turn->scratch, ret_item)) {
		kai_answer(turn, ret, 4, "not-held", "no such item is held here");
		return false;
	}
	if (kai_object_decode(&kai_object_header, ret_item->header, turn->scratch, ret_header) !=
	    KAI_FAULT_NONE) {
		kai_txn_fail(turn->txn, KAI_ERR_CORRUPT);
		return false;
	}
	if (!kai_id_equal(ret_header->origin, turn->engine->config.org)) {
		kai_answer(turn, ret, 1, "origin", "only its origin may do this");
		return false;
	}
	return true;
}

/* ---- recipients
 * ---------------------------------------------------------------------------------------------------
 */

static bool item_facts(struct kai_turn *turn, const struct kai_own_item *item,
		       struct kai_item_facts *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->part_labels = kai_arena_take(turn->scratch, KAI_MAX_PARTS * sizeof(*ret->part_labels));
	if (ret->part_labels == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return false;
	}
	for (size_t i = 0; i < item->draft_count; i++) {
		ret->part_labels[i] =
			item->drafts[i].label != NULL ? *item->drafts[i].label : item->header.label;
		ret->labels_known |= 1u << i;
	}
	ret->header = item->header;
	memcpy(ret->item.id, item->built.id, KAI_ID_LEN);
	ret->item.held = ret->labels_known;
	ret->item.flags = KAI_ITEM_OWN;
	ret->item.header = item->built.header;
	ret->overlay = KAI_ONWARD_ANY;
	return true;
}

static void fill_recipient(struct kai_turn *turn, const struct kai_own_item *item,
			   struct kai_verdict verdict, uint32_t parts,
			   const struct kai_verdict *part_verdicts, struct kai_recipient *ret)
{
	ret->allow = verdict.allow;
	ret->rule = kai_span_str(kai_rule_name(verdict.rule));
	ret->parts = kai_arena_take(turn->scratch, item->draft_count * sizeof(*ret->parts));
	if (ret->parts == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	ret->parts_count = item->draft_count;
	for (size_t i = 0; i < item->draft_count; i++) {
		/* no part goes without its header */
		struct kai_verdict part = verdict.allow ? part_verdicts[i] : verdict;

		ret->parts[i].index = i;
		ret->parts[i].allow = verdict.allow && (parts >> i & 1u) != 0;
		ret->parts[i].rule = kai_span_str(kai_rule_name(part.rule));
	}
}

/* Who is asked about, and where the answers go. */
struct asking {
	struct kai_own_item *item;
	struct kai_item_facts facts;
	size_t most;
	struct kai_ctl_answer *ret;
};

static void ask_for(struct kai_turn *turn, struct kai_link *link, void *context)
{
	struct asking *asking = context;
	struct kai_own_item *item = asking->item;
	struct kai_ctl_answer *ret = asking->ret;
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_verdict part_verdicts[KAI_MAX_PARTS] = {{0}};
	struct kai_facts facts;
	uint32_t parts = 0;
	bool passed = item->row->kind == KAI_KIND_RETRACT &&
		      kai_target_passed(turn->txn, &item->header, link->number);

	if (ret->recipients_count >= asking->most || (!pair->has_terms && !passed))
		return;
	kai_facts_init(&facts, pair, &asking->facts, true, turn->event->wall);
	facts.target_passed = passed;
	struct kai_mark mark;

	if (kai_clause_mark(turn, link, &asking->facts, &mark)) {
		facts.mark = &mark;
		facts.opened = mark.opened_at;
	}
	struct kai_verdict verdict = kai_facts_parts(&facts, &asking->facts, &parts, part_verdicts);
	struct kai_recipient *recipient = &ret->recipients[ret->recipients_count++];

	memcpy(recipient->org, link->org, KAI_ID_LEN);
	fill_recipient(turn, item, verdict, parts, part_verdicts, recipient);
	if (verdict.allow)
		item->allowed++;
	else if (passed)
		item->missed++;
}

void kai_own_partners(struct kai_turn *turn,
		      void (*ask)(struct kai_turn *turn, struct kai_link *link, void *context),
		      void *context)
{
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_PEER_ORGS, (struct kai_span){NULL, 0},
		      (struct kai_span){NULL, 0}, false);
	while (kai_scan_next(&scan, &value, NULL)) {
		uint8_t org[KAI_ID_LEN];

		if (value.len != KAI_ID_LEN ||
		    memcmp(value.at, turn->engine->config.org, KAI_ID_LEN) == 0)
			continue;
		memcpy(org, value.at, KAI_ID_LEN);
		struct kai_link *link = kai_link_get(turn, org);

		if (link != NULL)
			ask(turn, link, context);
	}
}

static void ask_for_all(struct kai_turn *turn, struct kai_own_item *item,
			struct kai_ctl_answer *ret)
{
	struct asking asking = {.item = item, .ret = ret, .most = KAI_MAX_RECIPIENTS};
	uint64_t partners = kai_txn_count(turn->txn, KAI_TABLE_PEER_ORGS);

	if (partners < asking.most)
		asking.most = (size_t)partners;
	ret->recipients = kai_arena_take(turn->scratch, asking.most * sizeof(*ret->recipients));
	if (ret->recipients == NULL || !item_facts(turn, item, &asking.facts)) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	kai_own_partners(turn, ask_for, &asking);
}

/* ---- making and storing
 * -------------------------------------------------------------------------------------------- */

bool kai_own_make(struct kai_turn *turn, struct kai_own_item *item, struct kai_ctl_answer *ret)
{
	uint8_t entropy[32];

	kai_draw(turn, "publish", entropy, sizeof(entropy));
	enum kai_fault fault = kai_advisory_build(&item->header, item->drafts, item->draft_count,
						  entropy, turn->scratch, &item->built);

	sodium_memzero(entropy, sizeof(entropy));
	if (fault == KAI_FAULT_NONE)
		fault = kai_thread_check(turn, &item->header);
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, ret, kai_fault_class(fault) == KAI_CLASS_FRAME ? 3 : 1,
				 fault, "item");
		return false;
	}
	ask_for_all(turn, item, ret);
	fault = kai_own_signer(turn, item);
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, ret, 1, fault, "own signature");
		return false;
	}
	return true;
}

bool kai_own_store(struct kai_turn *turn, struct kai_own_item *item, struct kai_ctl_answer *ret)
{
	struct kai_span openings[KAI_MAX_PARTS] = {{NULL, 0}};
	struct kai_incoming *incoming = kai_arena_take(turn->scratch, sizeof(*incoming));
	struct kai_admission admission = {0};

	if (incoming == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return false;
	}
	incoming->header_bytes = item->built.header;
	incoming->header = item->header;
	memcpy(incoming->id, item->built.id, KAI_ID_LEN);
	incoming->signatures = item->signatures;
	incoming->signature_count = item->signature_count;
	for (size_t i = 0; i < item->built.part_count; i++) {
		incoming->parts[i] = item->built.parts[i].ciphertext;
		incoming->part_bits |= 1u << i;
		openings[i] = item->built.parts[i].opening;
	}
	incoming->openings = openings;
	kai_admit(turn, NULL, incoming, &admission);
	if (!admission.stored) {
		kai_answer(turn, ret, 1, admission.reason != NULL ? admission.reason : "storage",
			   "not stored: it %s", kai_fault_text(admission.fault));
		return false;
	}
	ret->id.is = true;
	memcpy(ret->id.id, item->built.id, KAI_ID_LEN);
	if (item->waits)
		kai_answer(turn, ret, 0, kai_fault_name(KAI_FAULT_SIGNERS),
			   "it waits for the decider's signature and goes nowhere before");
	return true;
}
