/* SPDX-License-Identifier: Apache-2.0 */
/* What an item asks of a person here, and by when. */
#include <string.h>

#include "ladders.h"
#include "duty.h"
#include "inbox.h"

/* Until when a person says that it was received, where no agreement says. */
static const struct {
	uint64_t urgency;
	int64_t within_ms;
} otherwise[] = {
	{KAI_URGENCY_NOW, 15 * KAI_MS_MINUTE},
	{KAI_URGENCY_TODAY, 4 * KAI_MS_HOUR},
};

static bool is_own(const struct kai_loaded *item)
{
	return (item->facts.item.flags & KAI_ITEM_OWN) != 0;
}

uint64_t kai_inbox_level(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	struct kai_key key = kai_key_pair(item->facts.arrival, 0);
	struct kai_receipt_rec rec;

	return kai_rec_get(txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &cli->arena,
			   &rec)
		       ? kai_receipt_highest(&rec)
		       : 0;
}

static bool stands(const struct kai_loaded *item)
{
	return (item->facts.item.flags & (KAI_ITEM_RETRACTED | KAI_ITEM_SUPERSEDED)) == 0 &&
	       item->facts.header.not_after > (uint64_t)kai_cli_now().ms;
}

static bool unacknowledged(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	return item->facts.header.urgency <= KAI_URGENCY_TODAY &&
	       kai_inbox_level(cli, txn, item) < KAI_LEVEL_RECEIVED;
}

bool kai_inbox_may_wait(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	uint64_t kind = item->facts.header.kind;

	if (is_own(item) || !stands(item))
		return false;
	return kind == KAI_KIND_ADVICE || kind == KAI_KIND_RFI || kind == KAI_KIND_RELEASE ||
	       (kind == KAI_KIND_INCIDENT && item->facts.header.supersedes_count > 0) ||
	       unacknowledged(cli, txn, item);
}

/* ---- rows ---- */

static json_t *todo_json(const char *what, uint64_t by_ms)
{
	bool late = by_ms != 0 && (int64_t)by_ms <= kai_cli_now().ms;

	return json_pack("{s:s, s:s, s:o}", "what", what, "state",
			 by_ms == 0 ? "open"
			 : late	    ? "overdue"
				    : "due",
			 "by", kai_json_time(by_ms));
}

/* The earliest time that an agreement under which it came sets for a person's word. */
static uint64_t ack_by(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	struct kai_key prefix = kai_key_u64(item->facts.arrival);
	uint64_t urgency = item->facts.header.urgency;
	uint64_t by = 0;
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_SUPPLY, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		uint16_t number = (uint16_t)(key.at[key.len - 2] << 8 | key.at[key.len - 1]);
		struct kai_terms *terms = kai_cli_take(cli, sizeof(*terms));
		struct kai_supply supply;
		int side;

		if (kai_object_decode(&kai_object_supply, value, &cli->arena, &supply) !=
			    KAI_FAULT_NONE ||
		    !kai_supply_terms(txn, number, &supply, &cli->arena, terms, &side))
			continue;
		for (size_t i = 0; i < terms->acks_count; i++) {
			uint64_t at = supply.at + terms->acks[i].within_ms;

			if (terms->acks[i].urgency == urgency &&
			    terms->acks[i].level == KAI_LEVEL_RECEIVED && (by == 0 || at < by))
				by = at;
		}
	}
	for (size_t i = 0; by == 0 && i < sizeof(otherwise) / sizeof(*otherwise); i++)
		if (otherwise[i].urgency == urgency || otherwise[i].urgency == KAI_URGENCY_TODAY)
			by = item->facts.item.received_at + (uint64_t)otherwise[i].within_ms;
	return by;
}

static const char *field_of(struct kai_cli *cli, const struct kai_loaded *item, const char *name)
{
	for (size_t i = 0; item->has_body && i < item->body.values_count; i++)
		if (kai_span_equal(item->body.values[i].name, kai_span_str(name)))
			return kai_cli_str(cli, item->body.values[i].value);
	return "";
}

static uint64_t time_of(struct kai_cli *cli, const struct kai_loaded *item, const char *name)
{
	struct kai_wall at;

	return kai_time_parse(field_of(cli, item, name), &at) ? (uint64_t)at.ms : 0;
}

/* An item of ours of this kind whose fields say what is wanted. */
static bool we_said(struct kai_cli *cli, struct kai_txn *txn, uint64_t kind,
		    bool (*wanted)(struct kai_cli *cli, const struct kai_loaded *ours,
				   const struct kai_loaded *about),
		    const struct kai_loaded *about)
{
	struct kai_index_scan scan;
	uint64_t arrival;
	bool found = false;

	kai_index_kind(&scan, txn, kind, 0, true);
	while (!found && kai_index_next(&scan, &arrival) && arrival > about->facts.arrival) {
		size_t used = cli->arena.used;
		struct kai_loaded *ours = kai_cli_take(cli, sizeof(*ours));

		found = kai_item_load(cli, txn, arrival, false, ours) && is_own(ours) &&
			kai_item_load(cli, txn, arrival, true, ours) && wanted(cli, ours, about);
		cli->arena.used = used;
	}
	return found;
}

static bool replies(struct kai_cli *cli, const struct kai_loaded *ours,
		    const struct kai_loaded *about)
{
	return strcmp(field_of(cli, ours, "question"), kai_cli_id(cli, about->facts.item.id)) ==
		       0 &&
	       strcmp(field_of(cli, ours, "state"), "pending") != 0;
}

static bool settles(struct kai_cli *cli, const struct kai_loaded *ours,
		    const struct kai_loaded *about)
{
	return strcmp(field_of(cli, ours, "step"), "request") != 0 &&
	       strcmp(field_of(cli, ours, "target"), field_of(cli, about, "target")) == 0 &&
	       strcmp(field_of(cli, ours, "part"), field_of(cli, about, "part")) == 0 &&
	       strcmp(field_of(cli, ours, "label"), field_of(cli, about, "label")) == 0;
}

/* Was the part of our item opened further since that was asked? */
static bool granted(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *target,
		    const struct kai_loaded *about)
{
	const struct kai_header *header = &target->facts.header;
	struct kai_key prefix = kai_key_u64(target->facts.arrival);
	struct kai_span part = kai_span_str(field_of(cli, about, "part"));
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	struct kai_card_rec rec;
	uint8_t digest[KAI_ID_LEN];
	struct kai_scan scan;
	struct kai_span value;
	bool found = false;

	if (!kai_rec_card(txn, cli->org, &cli->arena, &rec) ||
	    kai_card_open(rec.bytes, &cli->arena, card, digest) != KAI_FAULT_NONE)
		return false;
	kai_scan_init(&scan, txn, KAI_TABLE_EVIDENCE, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (!found && kai_scan_next(&scan, NULL, &value)) {
		struct kai_release release;

		found = kai_release_open(value, card, &cli->arena, &release) == KAI_FAULT_NONE &&
			kai_id_equal(release.id, target->facts.item.id) &&
			release.index < header->parts_count &&
			kai_span_equal(header->parts[release.index].name, part) &&
			release.at >= about->facts.item.received_at;
	}
	return found;
}

/* A request about an item of ours that was neither granted nor refused. */
static bool undecided(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	struct kai_loaded *target = kai_cli_take(cli, sizeof(*target));
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival;

	return strcmp(field_of(cli, item, "step"), "request") == 0 &&
	       kai_base32_parse(field_of(cli, item, "target"), id, KAI_ID_LEN) &&
	       kai_rec_arrival(txn, id, &arrival) &&
	       kai_item_load(cli, txn, arrival, false, target) && is_own(target) &&
	       !granted(cli, txn, target, item) &&
	       !we_said(cli, txn, KAI_KIND_RELEASE, settles, item);
}

/* The cause turned after we warned of it. */
static json_t *reconsider_todo(struct kai_cli *cli, struct kai_txn *txn,
			       const struct kai_loaded *item)
{
	const char *alert = kai_inbox_alert_in_doubt(cli, txn, item);
	json_t *todo = alert != NULL ? todo_json("reconsider", 0) : NULL;

	if (todo != NULL)
		(void)json_object_set_new(todo, "name", json_string(alert));
	return todo;
}

/* A word that it was received: asked for anew where the cause turned, however little urgent it is. */
static json_t *ack_todo(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	const char *turned = kai_inbox_cause_turned(cli, txn, item);

	if (kai_inbox_level(cli, txn, item) >= KAI_LEVEL_RECEIVED ||
	    (turned == NULL && !unacknowledged(cli, txn, item)))
		return NULL;
	json_t *todo = todo_json("acknowledge", ack_by(cli, txn, item));

	if (turned != NULL) {
		(void)json_object_set_new(todo, "cause", json_string(turned));
		(void)json_object_set_new(
			todo, "text",
			json_string(strcmp(turned, "to-malicious") == 0
					    ? T("its cause turned: it is malicious")
					    : T("its cause turned: it is not malicious")));
	}
	return todo;
}

/* What its kind asks for beside a word that it was received; NULL: nothing. */
static json_t *kind_todo(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	switch (item->facts.header.kind) {
	case KAI_KIND_RFI:
		return we_said(cli, txn, KAI_KIND_RFI_REPLY, replies, item)
			       ? NULL
			       : todo_json("reply", time_of(cli, item, "due"));
	case KAI_KIND_ADVICE:
		return kai_inbox_level(cli, txn, item) >= KAI_LEVEL_ACTION
			       ? NULL
			       : todo_json("follow", time_of(cli, item, "due"));
	case KAI_KIND_INCIDENT:
		return reconsider_todo(cli, txn, item);
	case KAI_KIND_RELEASE:
		return undecided(cli, txn, item) ? todo_json("decide", 0) : NULL;
	default: /* a number from the wire, not an enum */
		return NULL;
	}
}

/* ---- duties ---- */

/* An open one of ours, or one that another is late with; NULL: neither. */
static json_t *duty_todo(const json_t *duty)
{
	static const char *const open[] = {"overdue", "due", "blocked"};
	bool ours = kai_row_is(duty, "side", "ours");
	const char *state = NULL;

	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		if (kai_row_is(duty, "state", open[i]))
			state = open[i];
	if (state == NULL || (!ours && strcmp(state, "overdue") != 0))
		return NULL;
	return json_pack("{s:s, s:s, s:O, s:O, s:O, s:O*}", "what",
			 ours ? kai_row_str(duty, "action") : "await", "state", state, "by",
			 json_object_get(duty, "due_at"), "org",
			 json_object_get(duty, ours ? "target" : "with"), "name",
			 json_object_get(duty, ours ? "target_name" : "with_name"), "text",
			 json_object_get(duty, "text"));
}

/* A question that we owe an answer to by agreement is asked for once, by the earlier time. */
static bool answers_already(const json_t *todos)
{
	size_t i;
	json_t *row;

	json_array_foreach (todos, i, row)
		if (kai_row_is(row, "what", "answer"))
			return true;
	return false;
}

static int pressing(const json_t *row)
{
	if (kai_row_is(row, "what", "await"))
		return 3;
	if (kai_row_is(row, "state", "blocked"))
		return 4;
	return kai_row_is(row, "state", "overdue") ? 0 : kai_row_is(row, "state", "due") ? 1 : 2;
}

static int by_time(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a;
	const json_t *right = *(json_t *const *)b;
	int by = pressing(left) - pressing(right);

	if (by == 0)
		by = strcmp(kai_row_str(left, "by"), kai_row_str(right, "by"));
	if (by == 0)
		by = strcmp(kai_row_str(left, "what"), kai_row_str(right, "what"));
	return by != 0 ? by : strcmp(kai_row_str(left, "name"), kai_row_str(right, "name"));
}

/* ---- silence ---- */

/* Of partners whom somebody was called about because they did not say that they have it. */
static void add_silent(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival, json_t *todos)
{
	json_t *ladders = kai_ladders_of(cli, txn, arrival);
	size_t i;
	json_t *ladder;

	json_array_foreach (ladders, i, ladder) {
		const json_t *first = json_array_get(json_object_get(ladder, "steps"), 0);

		if (first != NULL && kai_row_is(ladder, "side", "theirs") &&
		    kai_row_is(ladder, "state", "open"))
			(void)json_array_append_new(
				todos,
				json_pack("{s:s, s:s, s:O, s:O, s:O}", "what", "await", "state",
					  "overdue", "by", json_object_get(first, "due_at"), "org",
					  json_object_get(ladder, "org"), "name",
					  json_object_get(ladder, "name")));
	}
	json_decref(ladders);
}

json_t *kai_inbox_todos(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	json_t *duties = kai_duty_of_item(cli, txn, item->facts.arrival, 0);
	json_t *todos = json_array();
	size_t i;
	json_t *row;

	json_array_foreach (duties, i, row) {
		json_t *todo = duty_todo(row);

		if (todo != NULL)
			(void)json_array_append_new(todos, todo);
	}
	json_decref(duties);
	add_silent(cli, txn, item->facts.arrival, todos);
	if (!is_own(item) && stands(item)) {
		json_t *todo = answers_already(todos) ? NULL : kind_todo(cli, txn, item);

		if (todo != NULL)
			(void)json_array_append_new(todos, todo);
		todo = ack_todo(cli, txn, item);
		if (todo != NULL)
			(void)json_array_append_new(todos, todo);
	}
	return kai_inbox_sorted(cli, todos, by_time);
}
