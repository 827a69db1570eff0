/* SPDX-License-Identifier: Apache-2.0 */
/* People's word: how far this org is with an item, and who said by telephone that it has it. */
#include <string.h>

#include "receipt.h"
#include "trust.h"

/* Held here: its arrival, flags and urgency. false: answered. */
static bool held(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN], uint64_t *ret_arrival,
		 uint64_t *ret_flags, struct kai_ctl_answer *ret)
{
	size_t mark = turn->scratch->used;
	struct kai_item item;

	if (!kai_rec_arrival(turn->txn, id, ret_arrival) ||
	    !kai_rec_item(turn->txn, *ret_arrival, turn->scratch, &item)) {
		kai_answer(turn, ret, 4, "not-held", "no such item is held here");
		return false;
	}
	*ret_flags = item.flags;
	turn->scratch->used = mark;
	return true;
}

/* ---- acknowledged */

static void tell_row(struct kai_turn *turn, enum kai_table table, struct kai_span key,
		     uint64_t arrival, uint64_t level)
{
	uint16_t number = (uint16_t)(key.at[8] << 8 | key.at[9]);
	struct kai_link *link = number == 0 ? NULL : kai_link_by_number(turn->engine, number);
	struct kai_receipt_rec rec;

	if (link == NULL)
		return;
	if (table == KAI_TABLE_RECEIPTS &&
	    (!kai_receipt_read(turn, arrival, number, &rec) || !rec.asks))
		return;
	kai_owe(turn, link, arrival, KAI_LEVEL_BIT(level), true);
}

/* To all who brought the item, showed that they have it, or made it. */
static void tell_all(struct kai_turn *turn, uint64_t arrival, uint64_t level)
{
	static const enum kai_table tables[] = {KAI_TABLE_SUPPLY, KAI_TABLE_RECEIPTS};
	struct kai_key prefix = kai_key_u64(arrival);

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct kai_scan scan;
		struct kai_span key;

		kai_scan_init(&scan, turn->txn, tables[i], kai_key_span(&prefix), kai_span(NULL, 0),
			      false);
		while (kai_scan_next(&scan, &key, NULL) && key.len == prefix.len + 2) {
			size_t mark = turn->scratch->used;

			tell_row(turn, tables[i], key, arrival, level);
			turn->scratch->used = mark;
		}
	}
}

static void journal(struct kai_turn *turn, const char *event, const uint8_t *org,
		    const uint8_t id[KAI_ID_LEN], const char *rule, struct kai_span note)
{
	struct kai_journal entry = {.at = (uint64_t)turn->event->wall.ms,
				    .event = kai_span_str(event),
				    .rule = kai_span_str(rule),
				    .count = 1,
				    .text = note};

	entry.org.is = org != NULL;
	if (org != NULL)
		memcpy(entry.org.id, org, KAI_ID_LEN);
	entry.id.is = true;
	memcpy(entry.id.id, id, KAI_ID_LEN);
	kai_journal_append(turn->txn, &entry);
}

void kai_confirm_ack(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_ack *ack = request;
	uint64_t now = (uint64_t)turn->event->wall.ms;
	struct kai_reached reached = {.level = ack->level,
				      .at = now,
				      .heard_at = now,
				      .action = ack->action,
				      .role = ack->role.len > 0 ? ack->role : kai_span_str("duty"),
				      .note = ack->note};
	struct kai_receipt_rec own;
	uint64_t arrival, flags;

	if ((ack->level == KAI_LEVEL_ACTION) != (ack->action != 0)) {
		kai_answer(turn, ret, 3, "bad-level",
			   "level action, and only that, names an action");
		return;
	}
	if (!held(turn, ack->id, &arrival, &flags, ret))
		return;
	if ((flags & KAI_ITEM_OWN) != 0) {
		kai_answer(turn, ret, 1, "own-item", "our own item: others acknowledge it");
		return;
	}
	(void)kai_receipt_read(turn, arrival, 0, &own);
	const struct kai_reached *was = kai_receipt_reached(&own, ack->level);

	/* levels only grow; another action replaces the one before */
	if (was != NULL && ack->level != KAI_LEVEL_ACTION)
		return;
	if (was != NULL && was->at >= reached.at)
		reached.at = was->at + 1;
	kai_receipt_enter(turn, &own, &reached);
	kai_receipt_write(turn, arrival, 0, &own);
	journal(turn, "acknowledged", NULL, ack->id,
		ack->action != 0 ? kai_action_word(ack->action) : kai_level_word(ack->level),
		ack->note);
	tell_all(turn, arrival, ack->level);
	kai_escalate_said(turn, NULL, arrival);
}

/* ---- attested */

void kai_confirm_attest(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_attest *attest = request;
	struct kai_receipt_rec rec;
	struct kai_link *link;
	uint64_t arrival, flags;

	if (!held(turn, attest->id, &arrival, &flags, ret))
		return;
	kai_link_load(turn);
	link = kai_link_find(turn->engine, attest->org);
	if (link == NULL) {
		kai_answer(turn, ret, 4, "unknown-org", "no such partner is known here");
		return;
	}
	(void)kai_receipt_read(turn, arrival, link->number, &rec);
	rec.attested_at = (uint64_t)turn->event->wall.ms;
	rec.attested = attest->note;
	kai_receipt_write(turn, arrival, link->number, &rec);
	journal(turn, "attested", link->org, attest->id, "", attest->note);
	kai_rollup_changed(turn, link, arrival);
	kai_escalate_said(turn, link, arrival);
}
