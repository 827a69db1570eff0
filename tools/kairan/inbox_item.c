/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to know about one waiting item, in the order in which the officer asks. */
#include <string.h>

#include "agree.h"
#include "ladders.h"
#include "inbox.h"
#include "kairan/receipt.h"

static void set(json_t *row, const char *key, json_t *value)
{
	(void)json_object_set_new(row, key, value);
}

/* ---- does it concern us, and why ---- */

static bool has_word(const json_t *words, const char *word)
{
	size_t i;
	json_t *one;

	json_array_foreach (words, i, one)
		if (strcmp(json_string_value(one), word) == 0)
			return true;
	return false;
}

/* Sectors of the item that our card names, and the audience does not say already. */
static void add_sectors(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
			json_t *io_why)
{
	const struct kai_header *header = &item->facts.header;
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	struct kai_card_rec rec;
	uint8_t digest[KAI_ID_LEN];

	if (!kai_rec_card(txn, cli->org, &cli->arena, &rec) ||
	    kai_card_open(rec.bytes, &cli->arena, card, digest) != KAI_FAULT_NONE)
		return;
	for (size_t i = 0; i < header->sectors_count; i++)
		for (size_t k = 0; k < card->sectors_count; k++) {
			const char *word =
				kai_cli_text(cli, "sector:%s", kai_cli_str(cli, card->sectors[k]));

			if (kai_span_equal(header->sectors[i], card->sectors[k]) &&
			    !has_word(io_why, word))
				(void)json_array_append_new(io_why, json_string(word));
		}
}

/* ---- who says so, verified how ---- */

static json_t *card_json(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN])
{
	static const char *const how[] = {"?", "own", "fingerprint", "introduced"};
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	struct kai_card_rec rec;
	uint8_t digest[KAI_ID_LEN];

	if (!kai_rec_card(txn, org, &cli->arena, &rec) ||
	    kai_card_open(rec.bytes, &cli->arena, card, digest) != KAI_FAULT_NONE)
		return json_null();
	return json_pack("{s:I, s:o, s:o, s:s, s:b}", "serial", (json_int_t)card->serial,
			 "issued_at", kai_json_time(card->issued_at), "seen_at",
			 kai_json_time(rec.at), "how", rec.how < 4 ? how[rec.how] : "?", "frozen",
			 rec.frozen);
}

/* ---- whom may I tell, who knows, who is called ---- */

struct around {
	const struct kai_loaded *item;
	const struct kai_state *state;
	json_t *todos;
	json_t *may;	  /* names */
	json_t *may_not;  /* {"name", "rule"} */
	json_t *knows;	  /* {"name", "how"} */
	json_t *calls;	  /* contacts */
	json_t *silent;	  /* {"name", "why", "last_heard"}: who is late */
	uint32_t passing; /* parts that somebody may be told, as a bit set */
};

static const char *delivered(struct kai_cli *cli, struct kai_txn *txn, const struct around *around,
			     const struct kai_pair *pair)
{
	struct kai_key key = kai_key_pair(around->item->facts.arrival, pair->peer);
	struct kai_released released;
	struct kai_receipt_rec rec;
	struct kai_supply supply;

	if (kai_rec_get(txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &cli->arena,
			&rec)) {
		const char *word = kai_level_word(kai_receipt_highest(&rec));

		if (word != NULL)
			return word;
		if (rec.attested_at != 0)
			return "attested";
	}
	if (kai_id_equal(pair->org, around->item->facts.header.origin))
		return "origin";
	if (kai_rec_get(txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, &cli->arena, &supply))
		return "brought it";
	if (!kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &cli->arena,
			 &released))
		return NULL;
	return released.state == KAI_RELEASED_STORED ? "stored"
	       : released.state == KAI_RELEASED_SENT ? "sent"
						     : NULL;
}

/* Is another late with something that it owes us about it? */
static bool awaited(const struct around *around, const char *name)
{
	size_t i;
	json_t *todo;

	json_array_foreach (around->todos, i, todo)
		if (kai_row_is(todo, "what", "await") && kai_row_is(todo, "name", name))
			return true;
	return false;
}

/* Who is late is called at theirs; else, when nobody of ours acts, the next one of ours. */
static void add_calls(struct around *around, const struct kai_pair *pair, const char *name,
		      bool theirs)
{
	static const char *const orders[2][3] = {{"deputy", "decider", "duty"},
						 {"duty", "deputy", "decider"}};
	const struct kai_terms *terms = &pair->agreement.terms;
	int side = kai_terms_side(terms, theirs ? pair->org : pair->me);

	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < terms->contacts_count; i++) {
			const struct kai_contact *contact = &terms->contacts[i];

			if ((int)contact->side != side ||
			    !kai_span_equal(contact->role, kai_span_str(orders[theirs][k])))
				continue;
			(void)json_array_append_new(
				around->calls,
				json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "org_name", name,
					  "side", theirs ? "theirs" : "ours", "role",
					  kai_json_span(contact->role), "name",
					  kai_json_span(contact->name), "first",
					  kai_json_span(contact->first), "second",
					  kai_json_span(contact->second), "hours",
					  kai_json_span(contact->hours)));
		}
}

/* Of who is late: is it the link that is silent, or a person? */
static void add_silent(struct kai_cli *cli, struct kai_txn *txn, const struct around *around,
		       const struct kai_pair *pair, const char *name)
{
	const char *why = around->state == NULL ? "node-down" : "link";
	struct kai_peer peer;
	uint64_t heard = 0;

	if (kai_rec_peer(txn, pair->org, &cli->arena, &peer))
		heard = peer.heard_at;
	for (size_t i = 0; around->state != NULL && i < around->state->peers_count; i++) {
		const struct kai_peer_state *live = &around->state->peers[i];

		if (!kai_id_equal(live->org, pair->org))
			continue;
		why = live->up ? "person" : "link";
		heard = live->heard_at != 0 ? live->heard_at : heard;
	}
	(void)json_array_append_new(around->silent,
				    json_pack("{s:s, s:s, s:o}", "name", name, "why", why,
					      "last_heard", kai_json_time(heard)));
}

static void add_tell(struct kai_txn *txn, struct around *around, const struct kai_pair *pair,
		     const char *name)
{
	const struct kai_loaded *item = around->item;
	struct kai_verdict parts[KAI_MAX_PARTS];
	struct kai_facts facts;
	uint32_t bits = 0;

	if (kai_id_equal(pair->org, item->facts.header.origin))
		return;
	kai_facts_init(&facts, pair, &item->facts, true, kai_cli_now());
	facts.target_passed = kai_target_passed(txn, &item->facts.header, pair->peer);
	struct kai_verdict verdict = kai_facts_parts(&facts, &item->facts, &bits, parts);

	if (verdict.allow) {
		(void)json_array_append_new(around->may, json_string(name));
		around->passing |= bits;
	} else {
		(void)json_array_append_new(
			around->may_not,
			json_pack("{s:s, s:s}", "name", name, "rule", kai_rule_name(verdict.rule)));
	}
}

static void look_around(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
			void *context)
{
	struct around *around = context;
	const char *name = kai_org_name(cli, txn, pair->org);
	const char *how = delivered(cli, txn, around, pair);
	struct kai_key key = kai_key_pair(around->item->facts.arrival, pair->peer);
	struct kai_supply supply;

	add_tell(txn, around, pair, name);
	if (how != NULL)
		(void)json_array_append_new(around->knows,
					    json_pack("{s:s, s:s}", "name", name, "how", how));
	if (awaited(around, name)) {
		add_silent(cli, txn, around, pair, name);
		add_calls(around, pair, name, true);
	} else if (kai_rec_get(txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, &cli->arena,
			       &supply)) {
		add_calls(around, pair, name, false);
	}
}

/* Parts that we hold and may pass to nobody; and those that we were not given. */
static void set_parts(const struct around *around, json_t *row)
{
	const struct kai_header *header = &around->item->facts.header;
	uint64_t held = around->item->facts.item.held;
	json_t *kept = json_array();
	json_t *withheld = json_array();

	for (size_t i = 0; i < header->parts_count && i < KAI_MAX_PARTS; i++) {
		json_t *name = kai_json_span(header->parts[i].name);

		if ((held >> i & 1) == 0)
			(void)json_array_append_new(withheld, name);
		else if ((around->passing >> i & 1) == 0)
			(void)json_array_append_new(kept, name);
		else
			json_decref(name);
	}
	set(row, "parts_for_nobody", kept);
	set(row, "parts_withheld", withheld);
}

/* ---- what changed since the last report ---- */

static struct kai_span value_of(const struct kai_body *body, struct kai_span name, size_t nth)
{
	for (size_t i = 0; i < body->values_count; i++)
		if (kai_span_equal(body->values[i].name, name) && nth-- == 0)
			return body->values[i].value;
	return kai_span(NULL, 0);
}

static void note_change(json_t *changed, struct kai_span name)
{
	json_t *word = kai_json_span(name);

	if (has_word(changed, json_string_value(word)))
		json_decref(word);
	else
		(void)json_array_append_new(changed, word);
}

/* Values of one that the other has not in the same place among those of that name. */
static void note_values(json_t *changed, const struct kai_body *one, const struct kai_body *two)
{
	for (size_t i = 0; i < one->values_count; i++) {
		struct kai_span name = one->values[i].name;
		size_t nth = 0;

		for (size_t k = 0; k < i; k++)
			nth += kai_span_equal(one->values[k].name, name);
		if (!kai_span_equal(one->values[i].value, value_of(two, name, nth)))
			note_change(changed, name);
	}
}

/* null: the report before is not here. */
static json_t *changed_json(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	const struct kai_header *header = &item->facts.header;
	struct kai_loaded *before = kai_cli_take(cli, sizeof(*before));
	json_t *changed = json_array();
	uint64_t arrival;

	if (header->kind == KAI_KIND_RETRACT || header->supersedes_count == 0)
		return changed;
	if (!item->has_body || !kai_rec_arrival(txn, header->supersedes[0], &arrival) ||
	    !kai_item_load(cli, txn, arrival, true, before) || !before->has_body) {
		json_decref(changed);
		return json_null();
	}
	if (!kai_span_equal(item->body.title, before->body.title))
		note_change(changed, kai_span_str("title"));
	if (!kai_span_equal(item->body.text, before->body.text))
		note_change(changed, kai_span_str("text"));
	note_values(changed, &item->body, &before->body);
	note_values(changed, &before->body, &item->body);
	return changed;
}

/* ---- the row ---- */

json_t *kai_inbox_item(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival,
		       const struct kai_state *state)
{
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));

	if (!kai_item_load(cli, txn, arrival, true, item))
		return NULL;
	json_t *todos = kai_inbox_todos(cli, txn, item);
	const json_t *first = json_array_get(todos, 0);

	if (first == NULL) {
		json_decref(todos);
		return NULL;
	}
	json_t *row = kai_item_json(cli, txn, item);
	json_t *why = kai_concerns_us(cli, txn, &item->facts.header.label);
	struct around around = {.item = item,
				.state = state,
				.todos = todos,
				.may = json_array(),
				.may_not = json_array(),
				.knows = json_array(),
				.calls = json_array(),
				.silent = json_array()};

	add_sectors(cli, txn, item, why);
	kai_agree_each(cli, txn, look_around, &around);
	(void)json_object_set(row, "do", json_object_get(first, "what"));
	(void)json_object_set(row, "do_state", json_object_get(first, "state"));
	(void)json_object_set(row, "by", json_object_get(first, "by"));
	set(row, "todo", todos);
	set(row, "own", json_boolean((item->facts.item.flags & KAI_ITEM_OWN) != 0));
	set(row, "marked", json_boolean((item->facts.item.flags & KAI_ITEM_MARKED) != 0));
	set(row, "concerns_us", why);
	set(row, "signatures", kai_item_signatures(cli, txn, item));
	set(row, "card", card_json(cli, txn, item->facts.header.origin));
	set(row, "supply", kai_item_ways(cli, txn, arrival, true));
	set(row, "may_tell", around.may);
	set(row, "may_not_tell", around.may_not);
	set_parts(&around, row);
	set(row, "knows", around.knows);
	set(row, "calls", around.calls);
	set(row, "silent", around.silent);
	set(row, "ladders", kai_ladders_of(cli, txn, arrival));
	set(row, "changed", changed_json(cli, txn, item));
	return row;
}
