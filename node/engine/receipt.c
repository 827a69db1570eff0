/* SPDX-License-Identifier: Apache-2.0 */
/* What others say of how far they are; who is told how far we are. */
#include "receipt.h"

#include <string.h>

#include "kairan/bundle.h"
#include "kairan/card.h"
#include "spread.h"
#include "trust.h"

#define CLOCK_TOLERANCE_MS KAI_MS_DAY /* its clock may be ahead of ours by so much */

/* ---- rows */

bool kai_receipt_read(struct kai_turn *turn, uint64_t arrival, uint16_t peer,
		      struct kai_receipt_rec *ret)
{
	struct kai_key key = kai_key_pair(arrival, peer);
	bool there = kai_rec_get(turn->txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec,
				 turn->scratch, ret);

	if (!there)
		memset(ret, 0, sizeof(*ret));
	return there;
}

void kai_receipt_write(struct kai_turn *turn, uint64_t arrival, uint16_t peer,
		       const struct kai_receipt_rec *rec)
{
	struct kai_key key = kai_key_pair(arrival, peer);

	kai_rec_put(turn->txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, rec);
}

void kai_receipt_enter(struct kai_turn *turn, struct kai_receipt_rec *io_rec,
		       const struct kai_reached *reached)
{
	struct kai_reached *levels =
		kai_arena_take(turn->scratch, KAI_LEVEL_FORWARDED * sizeof(*levels));
	size_t count = 0;

	if (levels == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	for (uint64_t level = KAI_LEVEL_DELIVERED; level <= KAI_LEVEL_FORWARDED; level++) {
		const struct kai_reached *was = kai_receipt_reached(io_rec, level);

		if (level == reached->level)
			levels[count++] = *reached;
		else if (was != NULL)
			levels[count++] = *was;
	}
	io_rec->levels = levels;
	io_rec->levels_count = count;
}

/* ---- who is told */

static bool brought(struct kai_turn *turn, const struct kai_link *link, uint64_t arrival)
{
	struct kai_key key = kai_key_pair(arrival, link->number);
	struct kai_span value;

	return kai_txn_get(turn->txn, KAI_TABLE_SUPPLY, kai_key_span(&key), &value);
}

/* From now on it is told of the item. true: it was not before. */
static bool ask_for(struct kai_turn *turn, const struct kai_link *link, uint64_t arrival)
{
	size_t mark = turn->scratch->used;
	struct kai_receipt_rec rec;
	bool fresh = !brought(turn, link, arrival) &&
		     (!kai_receipt_read(turn, arrival, link->number, &rec) || !rec.asks);

	if (fresh) {
		rec.asks = true;
		kai_receipt_write(turn, arrival, link->number, &rec);
	}
	turn->scratch->used = mark;
	return fresh;
}

/* The origin is told directly where there is an agreement with it. */
static void tell_origin(struct kai_turn *turn, const struct kai_link *link, uint64_t arrival,
			const struct kai_header *header)
{
	struct kai_link *origin = kai_link_find(turn->engine, header->origin);

	if (origin != NULL && origin != link &&
	    kai_pair_now(turn, origin)->state == KAI_STATE_ACTIVE && ask_for(turn, origin, arrival))
		kai_owe_all(turn, origin, arrival, header->urgency == KAI_URGENCY_NOW);
}

void kai_receipt_brought(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
			 const struct kai_header *header, bool first)
{
	bool urgent = header->urgency == KAI_URGENCY_NOW;

	if (!first) {
		kai_owe_all(turn, link, arrival, urgent);
		return;
	}
	kai_owe(turn, link, arrival, KAI_LEVEL_BIT(KAI_LEVEL_DELIVERED), urgent);
	if (kai_rollup_any(turn))
		kai_owe(turn, link, arrival, KAI_LEVEL_BIT(KAI_LEVEL_FORWARDED), urgent);
	tell_origin(turn, link, arrival, header);
}

void kai_receipt_shown(struct kai_turn *turn, struct kai_link *link, const uint8_t id[KAI_ID_LEN],
		       const uint8_t tag[KAI_HINT_LEN], bool urgent)
{
	size_t mark = turn->scratch->used;
	uint8_t right[KAI_HINT_LEN];
	struct kai_item item;
	uint64_t arrival;

	if (!kai_rec_arrival(turn->txn, id, &arrival) ||
	    !kai_rec_item(turn->txn, arrival, turn->scratch, &item))
		return;
	kai_offer_tag(turn, link, item.header, right);
	turn->scratch->used = mark;
	if ((item.flags & KAI_ITEM_OWN) != 0 || memcmp(tag, right, sizeof(right)) != 0)
		return;
	/* offered once more, it does not know that we have it, whatever it was told before */
	(void)ask_for(turn, link, arrival);
	kai_owe_all(turn, link, arrival, urgent);
}

void kai_receipt_again(struct kai_turn *turn, struct kai_link *link, uint64_t arrival)
{
	size_t mark = turn->scratch->used;
	struct kai_receipt_rec rec;
	bool asks = brought(turn, link, arrival) ||
		    (kai_receipt_read(turn, arrival, link->number, &rec) && rec.asks);

	turn->scratch->used = mark;
	if (asks)
		kai_owe_all(turn, link, arrival, false);
}

/* ---- what comes in */

enum kai_fault kai_receipt_judge(struct kai_turn *turn, struct kai_link *link,
				 const struct kai_receipt_opened *opened, bool *ret_later)
{
	const struct kai_receipt *receipt = &opened->receipt;
	struct kai_wall at = {(int64_t)receipt->at};
	uint64_t role = KAI_ROLE_SYSTEM;
	struct kai_known_card card;

	if (memcmp(receipt->realm, turn->engine->config.realm, KAI_REALM_LEN) != 0)
		return KAI_FAULT_REALM;
	if (!kai_id_equal(receipt->org, link->org) ||
	    !kai_id_equal(receipt->to, turn->engine->config.org))
		return KAI_FAULT_MEANING;
	for (size_t i = 0; i < receipt->entries_count; i++) {
		if (kai_level_of_person(receipt->entries[i].level))
			role = KAI_ROLE_DUTY;
	}
	*ret_later = kai_pair_now(turn, link)->state != KAI_STATE_ACTIVE ||
		     at.ms > turn->event->wall.ms + CLOCK_TOLERANCE_MS ||
		     !kai_book_card(turn, link->org, &card) || card.rec.frozen;
	if (*ret_later)
		return KAI_FAULT_NONE;
	enum kai_fault fault = kai_card_key(&card.card, opened->key, role, at);

	/* which of two clocks is wrong nobody knows */
	*ret_later = fault == KAI_FAULT_KEY_WINDOW;
	return *ret_later ? KAI_FAULT_NONE : fault;
}

/* Our own, or it left for that org, or is offered to it. */
static bool went_there(struct kai_turn *turn, const struct kai_link *link, uint64_t arrival,
		       const struct kai_item *item)
{
	struct kai_key key = kai_key_pair(arrival, link->number);
	struct kai_released released;

	if ((item->flags & KAI_ITEM_OWN) != 0)
		return true;
	if (kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, turn->scratch,
			&released) &&
	    (released.state == KAI_RELEASED_SENT || released.state == KAI_RELEASED_STORED))
		return true;
	return link->spread != NULL && kai_window_find(&link->spread->window, item->id) != NULL;
}

/* A statement that is being taken. */
struct taking {
	struct kai_link *link;
	const struct kai_receipt_opened *opened;
	struct kai_span bytes;
	bool paid; /* some row rests on it: it lies on its signer's account */
	bool full; /* and there is no room on that */
	uint64_t delivered;
	uint8_t last[KAI_ID_LEN];    /* delivered */
	const struct kai_bundle *in; /* NULL: it came by link */
	uint64_t settled;
};

static bool pay(struct kai_turn *turn, struct taking *taking)
{
	if (!taking->paid && !taking->full) {
		taking->paid = kai_quota_hold(turn, taking->link->org, taking->bytes.len);
		taking->full = !taking->paid;
	}
	return taking->paid;
}

/* Levels only grow, and what can change does so with time. */
static bool is_news(const struct kai_reached *was, const struct kai_receipt_entry *entry)
{
	bool changes = entry->level == KAI_LEVEL_ACTION || entry->level == KAI_LEVEL_FORWARDED;

	return was == NULL || (changes && entry->at > was->at);
}

static bool take_level(struct kai_turn *turn, struct taking *taking, uint64_t arrival,
		       const struct kai_receipt_entry *entry)
{
	struct kai_reached reached = {.level = entry->level,
				      .at = entry->at,
				      .heard_at = (uint64_t)turn->event->wall.ms,
				      .action = entry->action,
				      .role = entry->role,
				      .note = entry->note,
				      .forwarded = entry->forwarded,
				      .below = entry->below,
				      .statement = {.is = true}};
	struct kai_receipt_rec rec;

	(void)kai_receipt_read(turn, arrival, taking->link->number, &rec);
	const struct kai_reached *was = kai_receipt_reached(&rec, entry->level);

	if (!is_news(was, entry) || !pay(turn, taking))
		return false;
	struct kai_opt_id before = {.is = false};

	if (was != NULL)
		before = was->statement;
	memcpy(reached.statement.id, taking->opened->digest, KAI_ID_LEN);
	kai_rec_statement_hold(turn->txn, taking->opened->digest, taking->link->number,
			       taking->bytes);
	kai_receipt_enter(turn, &rec, &reached);
	kai_receipt_write(turn, arrival, taking->link->number, &rec);
	if (before.is)
		kai_rec_statement_drop(turn->txn, before.id);
	return true;
}

/* It says that it has the item, and that the bundle came in which that went last: so it has what went. */
static void settle(struct kai_turn *turn, struct taking *taking, uint64_t arrival)
{
	struct kai_key key = kai_key_pair(arrival, taking->link->number);
	struct kai_released released;

	if (!kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, turn->scratch,
			 &released) ||
	    released.state != KAI_RELEASED_SENT || !kai_bundle_heard(taking->in, released.bundle))
		return;
	released.state = KAI_RELEASED_STORED;
	released.at = (uint64_t)turn->event->wall.ms;
	kai_rec_put(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &released);
	kai_duty_stored(turn, taking->link, arrival, true);
	taking->settled++;
}

static void journal(struct kai_turn *turn, const struct taking *taking, const uint8_t *id,
		    const struct kai_receipt_entry *entry, uint64_t count)
{
	struct kai_journal line = {.at = (uint64_t)turn->event->wall.ms,
				   .event = kai_span_str("receipt"),
				   .count = count};

	line.rule = kai_span_str(kai_level_word(KAI_LEVEL_DELIVERED));
	line.org.is = true;
	memcpy(line.org.id, taking->link->org, KAI_ID_LEN);
	line.id.is = id != NULL;
	if (id != NULL)
		memcpy(line.id.id, id, KAI_ID_LEN);
	if (entry != NULL) {
		line.rule = kai_span_str(entry->level == KAI_LEVEL_ACTION
						 ? kai_action_word(entry->action)
						 : kai_level_word(entry->level));
		line.text = entry->note;
	}
	kai_journal_append(turn->txn, &line);
}

static void take_entry(struct kai_turn *turn, struct taking *taking,
		       const struct kai_receipt_entry *entry)
{
	struct kai_item item;
	uint64_t arrival;

	/* of a later version */
	if (kai_level_word(entry->level) == NULL ||
	    (entry->action != 0 && kai_action_word(entry->action) == NULL))
		return;
	if (!kai_rec_arrival(turn->txn, entry->id, &arrival) ||
	    !kai_rec_item(turn->txn, arrival, turn->scratch, &item))
		return; /* expired here since then */
	if (!went_there(turn, taking->link, arrival, &item)) {
		kai_out_trace(turn, "receipt-unasked", taking->link->org, entry->id, NULL,
			      entry->level);
		return;
	}
	if (taking->in != NULL && entry->level <= KAI_LEVEL_ACTION)
		settle(turn, taking, arrival);
	if (!take_level(turn, taking, arrival, entry))
		return;
	kai_out_trace(turn, "receipt", taking->link->org, entry->id, kai_level_word(entry->level),
		      entry->action);
	if (kai_level_of_person(entry->level)) {
		journal(turn, taking, entry->id, entry, 1);
		kai_escalate_said(turn, taking->link, arrival);
	}
	if (entry->level == KAI_LEVEL_FORWARDED && entry->forwarded != NULL)
		kai_duty_forwarded(turn, taking->link, arrival, entry->forwarded);
	if (entry->level == KAI_LEVEL_DELIVERED) {
		taking->delivered++;
		memcpy(taking->last, entry->id, KAI_ID_LEN);
	}
	kai_rollup_changed(turn, taking->link, arrival);
}

/* The answer is the same whatever became of the entries: nobody learns from it what is held here. */
static void answer(struct kai_turn *turn, const struct kai_link *link,
		   const struct kai_receipt_opened *opened)
{
	struct kai_receipt_frame frame = {.taken = {.is = true}};
	bool person = false;

	for (size_t i = 0; i < opened->receipt.entries_count; i++)
		person |= kai_level_of_person(opened->receipt.entries[i].level);
	memcpy(frame.taken.id, opened->digest, KAI_ID_LEN);
	(void)kai_out_send(turn, link, KAI_MSG_RECEIPT, &frame, person);
}

bool kai_receipt_take(struct kai_turn *turn, struct kai_link *link,
		      const struct kai_receipt_opened *opened, struct kai_span bytes,
		      const struct kai_bundle *in, uint64_t *io_settled)
{
	struct taking taking = {.link = link, .opened = opened, .bytes = bytes, .in = in};

	for (size_t i = 0; i < opened->receipt.entries_count; i++) {
		size_t mark = turn->scratch->used;

		take_entry(turn, &taking, &opened->receipt.entries[i]);
		kai_scratch_back(turn, mark);
	}
	if (taking.delivered > 0)
		journal(turn, &taking, taking.delivered == 1 ? taking.last : NULL, NULL,
			taking.delivered);
	if (taking.full)
		kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_QUOTA), NULL);
	*io_settled += taking.settled;
	return !taking.full;
}

void kai_receipt_frame(struct kai_turn *turn, struct kai_link *link,
		       const struct kai_checked *checked)
{
	const struct kai_receipt_frame *frame = &checked->msg.receipt_frame;
	size_t mark = turn->scratch->used;
	uint64_t settled = 0;
	bool later = false;

	if (frame->taken.is)
		kai_owing_taken(turn, link, frame->taken.id);
	if (!checked->has_receipt)
		return;
	enum kai_fault fault = checked->receipt_fault;

	if (fault == KAI_FAULT_NONE)
		fault = kai_receipt_judge(turn, link, &checked->receipt, &later);
	turn->scratch->used = mark;
	if (fault != KAI_FAULT_NONE)
		kai_fault_note(turn, link, kai_fault_name(fault), NULL);
	else if (later)
		kai_out_trace(turn, "receipt-later", link->org, NULL, NULL,
			      checked->receipt.receipt.entries_count);
	else if (kai_receipt_take(turn, link, &checked->receipt, frame->bytes, NULL, &settled))
		answer(turn, link, &checked->receipt);
}
