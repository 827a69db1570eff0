/* SPDX-License-Identifier: Apache-2.0 */
/* show: one advisory whole, in the order in which the officer on duty asks. */
#include <sodium.h>
#include <string.h>

#include "ladders.h"
#include "duty.h"
#include "item.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_show_opts[] = {
	{"part", "NAME", false, N_("only this part's content, as it is")},
	{"o", "FILE", false, N_("write the part there instead of to stdout")},
	{"history", NULL, false, N_("the whole thread, oldest last")},
	{NULL, NULL, false, NULL},
};

/* ---- the JSON ---- */

static json_t *text_or_base64(struct kai_cli *cli, struct kai_span content, const char **ret_key)
{
	*ret_key = "content";
	if (kai_utf8_clean(content))
		return kai_json_span(content);
	*ret_key = "content_base64";
	size_t cap = sodium_base64_ENCODED_LEN(content.len, sodium_base64_VARIANT_ORIGINAL);
	char *out = kai_cli_take(cli, cap);

	(void)sodium_bin2base64(out, cap, content.at, content.len, sodium_base64_VARIANT_ORIGINAL);
	return json_string(out);
}

static json_t *body_json(const struct kai_body *body)
{
	json_t *fields = json_object();

	for (size_t i = 0; i < body->values_count; i++) {
		char name[KAI_MAX_SHORT + 1];
		size_t len = body->values[i].name.len;

		memcpy(name, body->values[i].name.at, len < sizeof(name) ? len : 0);
		name[len < sizeof(name) ? len : 0] = '\0';
		json_t *value = kai_json_span(body->values[i].value);
		json_t *there = json_object_get(fields, name);

		if (json_is_array(there)) {
			(void)json_array_append_new(there, value);
		} else if (there != NULL) {
			json_t *list = json_pack("[O, o]", there, value);

			(void)json_object_set_new(fields, name, list);
		} else {
			(void)json_object_set_new(fields, name, value);
		}
	}
	return json_pack("{s:o, s:o, s:o}", "title", kai_json_span(body->title), "text",
			 kai_json_span(body->text), "fields", fields);
}

static void add_contents(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
			 json_t *json)
{
	json_t *parts = json_object_get(json, "parts");

	for (uint8_t i = 0; i < item->facts.header.parts_count && i < KAI_MAX_PARTS; i++) {
		json_t *part = json_array_get(parts, i);
		struct kai_span content;
		const char *key;

		if ((item->facts.labels_known >> i & 1) == 0)
			continue;
		(void)json_object_set_new(part, "label",
					  kai_label_json(cli, txn, &item->labels[i]));
		if (i == 0 && item->has_body) {
			(void)json_object_set_new(part, "content", body_json(&item->body));
		} else if (kai_item_part(cli, txn, item, i, &content)) {
			json_t *value = text_or_base64(cli, content, &key);

			(void)json_object_set_new(part, key, value);
			(void)json_object_set_new(part, "length",
						  json_integer((json_int_t)content.len));
		}
	}
}

static bool peer_of(struct kai_cli *cli, struct kai_txn *txn, struct kai_span key,
		    struct kai_peer *ret)
{
	struct kai_key at =
		kai_key_peer((uint16_t)(key.at[key.len - 2] << 8 | key.at[key.len - 1]));

	return kai_rec_get(txn, KAI_TABLE_PEERS, &at, &kai_object_peer, &cli->arena, ret);
}

json_t *kai_mark_json(const struct kai_mark *mark)
{
	return mark == NULL ? json_null()
			    : json_pack("{s:I, s:o}", "clause", (json_int_t)mark->clause,
					"opened_at", kai_json_time(mark->opened_at));
}

char *kai_mark_text(struct kai_cli *cli, const json_t *row)
{
	const json_t *mark = json_object_get(row, "contingency");
	const struct kai_col at = {"opened_at", "", KAI_COL_TIME};

	return json_is_object(mark)
		       ? kai_cli_text(
				 cli, T("by contingency clause %lld, open since %s"),
				 (long long)json_integer_value(json_object_get(mark, "clause")) + 1,
				 kai_view_cell(cli, &at, mark))
		       : NULL;
}

json_t *kai_item_ways(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival, bool supply)
{
	static const char *const states[] = {"?",	"sent",	   "stored",
					     "refused", "offered", "deferred"};
	struct kai_key prefix = kai_key_u64(arrival);
	json_t *rows = json_array();
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;

	kai_scan_init(&scan, txn, supply ? KAI_TABLE_SUPPLY : KAI_TABLE_RELEASED,
		      kai_key_span(&prefix), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, &value)) {
		struct kai_supply in;
		struct kai_released out;
		struct kai_peer peer;
		json_t *row = NULL;

		if (supply && kai_object_decode(&kai_object_supply, value, &cli->arena, &in) ==
				      KAI_FAULT_NONE)
			row = json_pack("{s:o, s:o, s:o}", "at", kai_json_time(in.at), "agreement",
					kai_json_id(in.agreement), "contingency",
					kai_mark_json(in.mark));
		if (!supply && kai_object_decode(&kai_object_released, value, &cli->arena, &out) ==
				       KAI_FAULT_NONE)
			row = json_pack("{s:o, s:o, s:s, s:o, s:o}", "at", kai_json_time(out.at),
					"agreement", kai_json_id(out.agreement), "state",
					out.state < 6 ? states[out.state] : "?", "rule",
					kai_json_span(out.rule), "contingency",
					kai_mark_json(out.mark));
		if (row == NULL)
			continue;
		if (peer_of(cli, txn, key, &peer)) {
			(void)json_object_set_new(row, "org", kai_json_id(peer.org));
			(void)json_object_set_new(row, "name",
						  json_string(kai_org_name(cli, txn, peer.org)));
		}
		(void)json_array_append_new(rows, row);
	}
	return rows;
}

json_t *kai_item_signatures(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	static const char *const roles[] = {"?", "system", "duty", "decider"};
	const struct kai_header *header = &item->facts.header;
	json_t *rows = json_array();
	struct kai_card_rec rec;
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	uint8_t digest[KAI_ID_LEN];
	bool carded = kai_rec_card(txn, header->origin, &cli->arena, &rec) &&
		      kai_card_open(rec.bytes, &cli->arena, card, digest) == KAI_FAULT_NONE;

	for (size_t i = 0; i < item->facts.item.signatures_count; i++) {
		const struct kai_signature *signature = &item->facts.item.signatures[i];
		uint64_t role = 0;
		const char *verdict = "ok";

		for (size_t k = 0; carded && k < card->keys_count; k++)
			if (card->keys[k].use == KAI_KEY_SIGN &&
			    kai_id_equal(card->keys[k].key, signature->key))
				role = card->keys[k].role;
		if (!kai_signature_verify(header->realm, item->facts.item.id, signature))
			verdict = kai_fault_name(KAI_FAULT_SIGNATURE);
		else if (!carded)
			verdict = kai_fault_name(KAI_FAULT_NO_CARD);
		else if (role == 0)
			verdict = kai_fault_name(KAI_FAULT_KEY);
		for (size_t k = 0; carded && k < card->revocations_count; k++)
			if (kai_id_equal(card->revocations[k].key, signature->key))
				verdict = item->facts.item.received_at >= card->revocations[k].since
						  ? kai_fault_name(KAI_FAULT_KEY_REVOKED)
						  : "ok-before-revocation";
		(void)json_array_append_new(
			rows, json_pack("{s:o, s:s, s:s}", "key", kai_json_id(signature->key),
					"role", role < 4 ? roles[role] : "?", "verdict", verdict));
	}
	return rows;
}

/* Parts that the origin opened further, whether that still holds or is over. */
static json_t *releases_json(struct kai_cli *cli, struct kai_txn *txn,
			     const struct kai_loaded *item)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < item->facts.release_count; i++) {
		const struct kai_release_fact *release = &item->facts.releases[i];

		(void)json_array_append_new(
			rows,
			json_pack("{s:o, s:o, s:o}", "part",
				  kai_json_span(item->facts.header.parts[release->index].name),
				  "label", kai_label_json(cli, txn, release->label), "until",
				  kai_json_time((uint64_t)release->expires.ms)));
	}
	return rows;
}

static json_t *whole_json(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	const struct kai_header *header = &item->facts.header;
	uint64_t flags = item->facts.item.flags;
	json_t *json = kai_item_json(cli, txn, item);
	json_t *supersedes = json_array();
	json_t *refs = json_array();

	for (size_t i = 0; i < header->supersedes_count; i++)
		(void)json_array_append_new(supersedes, kai_json_id(header->supersedes[i]));
	for (size_t i = 0; i < header->refs_count; i++)
		(void)json_array_append_new(refs, kai_json_id(header->refs[i]));
	(void)json_object_set_new(json, "label", kai_label_json(cli, txn, &header->label));
	(void)json_object_set_new(json, "concerns_us", kai_concerns_us(cli, txn, &header->label));
	(void)json_object_set_new(json, "country", kai_json_span(header->country));
	(void)json_object_set_new(json, "lang", kai_json_span(header->lang));
	(void)json_object_set_new(json, "card_serial",
				  json_integer((json_int_t)header->card_serial));
	(void)json_object_set_new(json, "supersedes", supersedes);
	(void)json_object_set_new(json, "refs", refs);
	(void)json_object_set_new(json, "incident",
				  header->incident.is ? kai_json_id(header->incident.id)
						      : json_null());
	(void)json_object_set_new(json, "own", json_boolean((flags & KAI_ITEM_OWN) != 0));
	(void)json_object_set_new(json, "introduced",
				  json_boolean((flags & KAI_ITEM_INTRODUCED) != 0));
	(void)json_object_set_new(json, "marked", json_boolean((flags & KAI_ITEM_MARKED) != 0));
	(void)json_object_set_new(json, "supply",
				  kai_item_ways(cli, txn, item->facts.arrival, true));
	(void)json_object_set_new(json, "released",
				  kai_item_ways(cli, txn, item->facts.arrival, false));
	(void)json_object_set_new(json, "releases", releases_json(cli, txn, item));
	(void)json_object_set_new(json, "duties",
				  kai_duty_of_item(cli, txn, item->facts.arrival, 0));
	(void)json_object_set_new(json, "ladders", kai_ladders_of(cli, txn, item->facts.arrival));
	(void)json_object_set_new(json, "receipts",
				  kai_receipts_json(cli, txn, item->facts.arrival));
	(void)json_object_set_new(json, "signatures", kai_item_signatures(cli, txn, item));
	add_contents(cli, txn, item, json);
	return json;
}

/* ---- for people ---- */

static void pair_of(struct kai_cli *cli, const json_t *json, const char *key, const char *label,
		    enum kai_col_type type)
{
	const struct kai_col col = {key, label, type};
	char *text = kai_view_cell(cli, &col, json);

	if (text[0] != '\0')
		kai_view_pair(cli, label, text);
}

static void show_ways(struct kai_cli *cli, const json_t *rows, const char *label)
{
	const struct kai_col at = {"at", "", KAI_COL_TIME};
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row) {
		const char *state = kai_row_str(row, "state");
		const char *mark = kai_mark_text(cli, row);

		kai_view_pair(cli, i == 0 ? label : "",
			      kai_cli_text(cli, "%s  %s%s%s",
					   kai_view_safe(cli, kai_row_str(row, "name"), false),
					   kai_view_cell(cli, &at, row), state[0] ? "  " : "",
					   T(state)));
		if (mark != NULL)
			kai_view_pair(cli, "", mark);
	}
}

static void show_receipts(struct kai_cli *cli, const json_t *json)
{
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(json, "receipts"), i, row) {
		kai_view_pair(cli, i == 0 ? T("receipts") : "",
			      kai_cli_text(cli, "%s  %s",
					   kai_view_safe(cli, kai_row_str(row, "name"), false),
					   kai_receipt_text(cli, row)));
	}
}

static bool field_is(const struct kai_kind_row *row, const char *name, enum kai_value_type type)
{
	for (size_t i = 0; row != NULL && i < row->field_count; i++)
		if (strcmp(row->fields[i].name, name) == 0)
			return row->fields[i].type == type;
	return false;
}

/* "malicious/external/medium/2026-…" as "malicious, external (confidence: medium)  Mon …" */
static void show_cause(struct kai_cli *cli, const char *label, const char *value)
{
	char *rest = kai_cli_text(cli, "%s", value);
	const char *class = strsep(&rest, "/");
	const char *sub = rest != NULL ? strsep(&rest, "/") : "";
	const char *confidence = rest != NULL ? strsep(&rest, "/") : "";
	struct kai_wall at;
	bool timed = rest != NULL && kai_time_parse(rest, &at);

	kai_view_pair(cli, label,
		      kai_cli_text(cli, T("%s%s%s (confidence: %s)  %s"), T(class),
				   sub[0] != '\0' ? ", " : "", T(sub), T(confidence),
				   timed ? kai_view_when(cli, at) : ""));
}

static void show_causes(struct kai_cli *cli, const char *name, const json_t *value)
{
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
		const char *text = json_string_value(one);

		if (text != NULL)
			show_cause(cli, i == 0 ? T(name) : "", kai_view_safe(cli, text, false));
	}
}

static enum kai_col_type field_type(const struct kai_kind_row *row, const char *name,
				    const json_t *value)
{
	if (json_is_array(value))
		return KAI_COL_LIST;
	if (field_is(row, name, KAI_V_TIME))
		return KAI_COL_TIME;
	return field_is(row, name, KAI_V_WORD) ? KAI_COL_WORD : KAI_COL_TEXT;
}

/* A severity is printed as number and word. */
static char *with_word(struct kai_cli *cli, const char *name, char *text)
{
	static const char *const words[] = {N_("none"), N_("low"), N_("medium"), N_("high"),
					    N_("critical")};

	if (strncmp(name, "severity-", 9) != 0 || text[0] < '0' || text[0] > '4')
		return text;
	return kai_cli_text(cli, "%s (%s)", text, T(words[text[0] - '0']));
}

static void show_fields(struct kai_cli *cli, const json_t *content, const struct kai_kind_row *row)
{
	const char *name;
	json_t *value;
	json_t *fields = json_object_get(content, "fields");

	if (kai_row_str(content, "text")[0] != '\0')
		(void)fprintf(cli->out, "\n%s\n",
			      kai_view_safe(cli, kai_row_str(content, "text"), true));
	(void)fprintf(cli->out, "\n");
	for (void *at = json_object_iter(fields); at != NULL;
	     at = json_object_iter_next(fields, at)) {
		name = json_object_iter_key(at);
		value = json_object_iter_value(at);
		if (field_is(row, name, KAI_V_CAUSE)) {
			show_causes(cli, name, value);
			continue;
		}
		const struct kai_col col = {name, "", field_type(row, name, value)};

		kai_view_pair(cli, T(name), with_word(cli, name, kai_view_cell(cli, &col, fields)));
	}
}

static void show_parts(struct kai_cli *cli, const json_t *json)
{
	size_t i;
	json_t *part;

	json_array_foreach (json_object_get(json, "parts"), i, part) {
		bool held = strcmp(kai_row_str(part, "state"), "held") == 0;

		kai_view_pair(
			cli, i == 0 ? T("parts") : "",
			held ? kai_cli_text(
				       cli, "%s  TLP:%s  %s",
				       kai_view_safe(cli, kai_row_str(part, "name"), false),
				       kai_row_str(part, "tlp"),
				       kai_view_safe(cli, kai_row_str(part, "media_type"), false))
			     : kai_cli_text(cli, "%s  %s",
					    kai_view_safe(cli, kai_row_str(part, "name"), false),
					    T("withheld from this organisation")));
	}
}

static void show_signatures(struct kai_cli *cli, const json_t *json)
{
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(json, "signatures"), i, row) {
		bool fine = strncmp(kai_row_str(row, "verdict"), "ok", 2) == 0;

		kai_view_pair(
			cli, i == 0 ? T("signed") : "",
			kai_cli_text(cli, "%s (%.12s): %s", T(kai_row_str(row, "role")),
				     kai_row_str(row, "key"),
				     fine ? T("verified")
					  : kai_rule_sentence(cli, kai_row_str(row, "verdict"))));
	}
	if (json_is_true(json_object_get(json, "marked")))
		kai_view_pair(cli, "", T("NOT PROVEN: signed under a key that was revoked"));
	if (json_is_true(json_object_get(json, "introduced")))
		kai_view_pair(cli, "",
			      T("its card was introduced by a partner, not compared by us"));
}

/* Does it concern us, and why? */
static void show_concern(struct kai_cli *cli, const json_t *json)
{
	const struct kai_col ours = {"concerns_us", "", KAI_COL_LIST};
	char *why = kai_view_cell(cli, &ours, json);

	if (json_is_true(json_object_get(json, "own")))
		why = kai_cli_text(cli, "%s", T("it is our own"));
	else if (why[0] == '\0')
		why = kai_cli_text(cli, "%s",
				   strcmp(kai_row_str(json, "tlp"), "CLEAR") == 0
					   ? T("it is for everybody")
					   : T("not named; a partner passed it on to us"));
	kai_view_pair(cli, T("concerns us"), why);
}

static void show_releases(struct kai_cli *cli, const json_t *json)
{
	const struct kai_col audience = {"audience", "", KAI_COL_LIST};
	const struct kai_col until = {"until", "", KAI_COL_UNTIL};
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(json, "releases"), i, row) {
		const json_t *label = json_object_get(row, "label");

		kai_view_pair(cli, i == 0 ? T("released") : "",
			      kai_cli_text(cli, T("%s  TLP:%s  %s  until %s"),
					   kai_view_safe(cli, kai_row_str(row, "part"), false),
					   kai_row_str(label, "tlp"),
					   kai_view_cell(cli, &audience, label),
					   kai_view_cell(cli, &until, row)));
	}
}

static void show_duties(struct kai_cli *cli, const json_t *json)
{
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(json, "duties"), i, row)
		kai_view_pair(cli, i == 0 ? T("duties") : "", kai_duty_line(cli, row));
}

/* Whom somebody's silence led to, and who is next. */
static void show_calls(struct kai_cli *cli, const json_t *json)
{
	bool labelled = false;
	size_t i, k;
	json_t *ladder;
	json_t *step;

	json_array_foreach (json_object_get(json, "ladders"), i, ladder) {
		char *next = kai_ladder_next_line(cli, ladder);

		json_array_foreach (json_object_get(ladder, "steps"), k, step) {
			kai_view_pair(cli, labelled ? "" : T("calls"),
				      kai_ladder_step_line(cli, ladder, step));
			labelled = true;
		}
		if (next != NULL)
			kai_view_pair(cli, T("then"), next);
	}
}

static void show_item(struct kai_cli *cli, json_t *json)
{
	const json_t *label = json_object_get(json, "label");
	const json_t *content =
		json_object_get(json_array_get(json_object_get(json, "parts"), 0), "content");
	const struct kai_col audience = {"audience", "", KAI_COL_LIST};

	(void)fprintf(cli->out, "TLP:%s  %s  %s%s%s\n%s\n", kai_row_str(json, "tlp"),
		      T(kai_row_str(json, "kind")), T(kai_row_str(json, "urgency")),
		      strcmp(kai_row_str(json, "state"), "current") != 0 ? "  ** " : "",
		      strcmp(kai_row_str(json, "state"), "current") != 0
			      ? T(kai_row_str(json, "state"))
			      : "",
		      kai_view_safe(cli, kai_row_str(json, "title"), false));
	if (json_is_object(content))
		show_fields(cli, content, kai_kind_by_word(kai_row_str(json, "kind")));
	(void)fprintf(cli->out, "\n");
	kai_view_pair(cli, T("origin"), kai_item_origin(cli, json));
	show_signatures(cli, json);
	show_ways(cli, json_object_get(json, "supply"), T("came from"));
	pair_of(cli, json, "created_at", T("issued"), KAI_COL_TIME);
	pair_of(cli, json, "received_at", T("received here"), KAI_COL_TIME);
	pair_of(cli, json, "not_after", T("valid until"), KAI_COL_UNTIL);
	pair_of(cli, json, "sectors", T("sectors"), KAI_COL_LIST);
	kai_view_pair(cli, T("audience"), kai_view_cell(cli, &audience, label));
	show_concern(cli, json);
	kai_view_pair(cli, T("passing on"), T(kai_row_str(label, "onward")));
	show_releases(cli, json);
	show_ways(cli, json_object_get(json, "released"), T("passed to"));
	show_duties(cli, json);
	show_receipts(cli, json);
	show_calls(cli, json);
	show_parts(cli, json);
	pair_of(cli, json, "revision", T("revision"), KAI_COL_NUMBER);
	pair_of(cli, json, "thread", T("thread"), KAI_COL_TEXT);
	pair_of(cli, json, "id", T("id"), KAI_COL_TEXT);
}

static const struct kai_view show_view = {
	.cols = kai_item_cols, .col_count = 8, .human = show_item};

/* ---- the verb ---- */

static int write_part(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
		      const char *name)
{
	const struct kai_header *header = &item->facts.header;
	struct kai_span content;

	for (uint8_t i = 0; i < header->parts_count && i < KAI_MAX_PARTS; i++) {
		if (!kai_span_equal(header->parts[i].name, kai_span_str(name)))
			continue;
		if (kai_item_part(cli, txn, item, i, &content))
			return kai_cli_write(cli, kai_opt_value(cli, "o"), content, 0640);
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("part %s: withheld from this organisation"), name);
	}
	return kai_cli_fail(cli, KAI_EXIT_NOTHING,
			    T("part %s: this advisory has none of that name"), name);
}

int kai_verb_show(struct kai_cli *cli)
{
	const char *part = kai_opt_value(cli, "part");
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival;
	int exit = kai_cli_open(cli);

	if (kai_opt_is(cli, "history"))
		return kai_verb_thread(cli);
	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_item_find(cli, txn, cli->args[0], id, &arrival);
	if (exit == 0 && !kai_item_load(cli, txn, arrival, true, item))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: damaged (run `kairan check`)"),
				    cli->args[0]);
	if (exit == 0 && part != NULL)
		exit = write_part(cli, txn, item, part);
	json_t *json = exit == 0 && part == NULL ? whole_json(cli, txn, item) : NULL;

	kai_txn_abort(txn);
	if (json != NULL)
		kai_view_show(cli, &show_view, json);
	return exit;
}
