/* SPDX-License-Identifier: Apache-2.0 */
/* How far others are with an item, and how far we are, as the store has it. */
#include "kairan/receipt.h"

#include <string.h>

#include "item.h"

static json_t *rollup_json(const struct kai_rollup *rollup)
{
	if (rollup == NULL)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "members", (json_int_t)rollup->members,
			 "delivered", (json_int_t)rollup->delivered, "seen",
			 (json_int_t)rollup->seen, "received", (json_int_t)rollup->received,
			 "action", (json_int_t)rollup->action, "attested",
			 (json_int_t)rollup->attested);
}

static void set(json_t *row, const char *key, json_t *value)
{
	(void)json_object_set_new(row, key, value);
}

static void add_level(struct kai_cli *cli, json_t *row, const struct kai_reached *reached)
{
	const char *word = kai_level_word(reached->level);
	const char *action = kai_action_word(reached->action);

	if (word == NULL)
		return;
	set(row, kai_cli_text(cli, "%s_at", word), kai_json_time(reached->at));
	if (reached->level == KAI_LEVEL_FORWARDED) {
		set(row, "forwarded", rollup_json(reached->forwarded));
		set(row, "below", rollup_json(reached->below));
		return;
	}
	set(row, "level", json_string(word));
	set(row, "at", kai_json_time(reached->at));
	if (action != NULL)
		set(row, "action", json_string(action));
	if (reached->role.len > 0)
		set(row, "role", kai_json_span(reached->role));
	if (reached->note.len > 0)
		set(row, "note", kai_json_span(reached->note));
}

void kai_receipt_json(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival, uint16_t peer,
		      json_t *io_row)
{
	struct kai_key key = kai_key_pair(arrival, peer);
	struct kai_receipt_rec rec = {.levels_count = 0};
	static const char *const members[] = {"level", "at",	      "action",
					      "role",  "note",	      "forwarded",
					      "below", "attested_at", "attested"};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		set(io_row, members[i], json_null());
	if (!kai_rec_get(txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &cli->arena, &rec))
		return;
	for (size_t i = 0; i < rec.levels_count; i++)
		add_level(cli, io_row, &rec.levels[i]);
	if (rec.attested_at == 0)
		return;
	set(io_row, "attested_at", kai_json_time(rec.attested_at));
	set(io_row, "attested", kai_json_span(rec.attested));
}

static bool says_something(const json_t *row)
{
	return json_is_string(json_object_get(row, "level")) ||
	       json_is_object(json_object_get(row, "forwarded")) ||
	       json_is_string(json_object_get(row, "attested_at"));
}

json_t *kai_receipts_json(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival)
{
	struct kai_key prefix = kai_key_u64(arrival);
	json_t *rows = json_array();
	struct kai_scan scan;
	struct kai_span key;

	kai_scan_init(&scan, txn, KAI_TABLE_RECEIPTS, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, NULL) && key.len == prefix.len + 2) {
		uint16_t number = (uint16_t)(key.at[8] << 8 | key.at[9]);
		struct kai_key at = kai_key_peer(number);
		struct kai_peer peer;
		const uint8_t *org = cli->org;

		if (number != 0) {
			if (!kai_rec_get(txn, KAI_TABLE_PEERS, &at, &kai_object_peer, &cli->arena,
					 &peer))
				continue;
			org = peer.org;
		}
		json_t *row = json_pack("{s:o, s:s, s:b}", "org", kai_json_id(org), "name",
					kai_org_name(cli, txn, org), "own", number == 0);

		kai_receipt_json(cli, txn, arrival, number, row);
		if (says_something(row))
			(void)json_array_append_new(rows, row);
		else
			json_decref(row);
	}
	return rows;
}

bool kai_item_unacked(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	struct kai_key key = kai_key_pair(item->facts.arrival, 0);
	struct kai_receipt_rec rec;

	if ((item->facts.item.flags & KAI_ITEM_OWN) != 0 ||
	    strcmp(kai_item_state(cli, txn, item), "current") != 0)
		return false;
	return !kai_rec_get(txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &cli->arena,
			    &rec) ||
	       kai_receipt_highest(&rec) < KAI_LEVEL_RECEIVED;
}

/* ---- for people ---- */

static json_int_t count(const json_t *rollup, const char *key)
{
	return json_integer_value(json_object_get(rollup, key));
}

/* "2/3 delivered, 1/3 received", attested beside it. */
static char *rollup_text(struct kai_cli *cli, const json_t *rollup)
{
	char *text = kai_cli_text(
		cli, T("%lld/%lld delivered, %lld received"), (long long)count(rollup, "delivered"),
		(long long)count(rollup, "members"), (long long)count(rollup, "received"));

	if (count(rollup, "attested") > 0)
		text = kai_cli_text(cli, T("%s, %lld by telephone"), text,
				    (long long)count(rollup, "attested"));
	return text;
}

char *kai_forwarded_text(struct kai_cli *cli, const json_t *row)
{
	const json_t *own = json_object_get(row, "forwarded");
	const json_t *below = json_object_get(row, "below");

	if (!json_is_object(own))
		return kai_cli_text(cli, "%s", "");
	if (!json_is_object(below))
		return rollup_text(cli, own);
	return kai_cli_text(cli, T("%s; below them %s"), rollup_text(cli, own),
			    rollup_text(cli, below));
}

char *kai_receipt_text(struct kai_cli *cli, const json_t *row)
{
	const struct kai_col at = {"at", "", KAI_COL_TIME};
	const struct kai_col attested = {"attested_at", "", KAI_COL_TIME};
	const char *level = json_string_value(json_object_get(row, "level"));
	const char *action = json_string_value(json_object_get(row, "action"));
	const char *note = json_string_value(json_object_get(row, "note"));
	char *text = kai_cli_text(cli, "%s", "");

	if (level != NULL)
		text = kai_cli_text(cli, "%s  %s", T(action != NULL ? action : level),
				    kai_view_cell(cli, &at, row));
	if (note != NULL)
		text = kai_cli_text(cli, "%s  %s", text, kai_view_safe(cli, note, false));
	if (json_is_string(json_object_get(row, "attested_at")))
		text = kai_cli_text(cli, T("%s  by telephone %s"), text,
				    kai_view_cell(cli, &attested, row));
	if (json_is_object(json_object_get(row, "forwarded")))
		text = kai_cli_text(cli, T("%s  passed on: %s"), text,
				    kai_forwarded_text(cli, row));
	return text;
}
