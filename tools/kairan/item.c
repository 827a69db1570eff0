/* SPDX-License-Identifier: Apache-2.0 */
#include "item.h"
#include "realm.h"

#include <string.h>

#include "kairan/crypto.h"
#include "terms.h"
#include "view.h"

static const uint8_t *rest_key(const struct kai_cli *cli, uint64_t period)
{
	for (size_t i = 0; cli->rest != NULL && i < cli->rest->rest_count; i++)
		if (cli->rest->rest_period[i] == period)
			return cli->rest->rest[i].secret;
	return NULL;
}

static bool read_part(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
		      uint8_t index, struct kai_part *ret)
{
	struct kai_key key = kai_key_part(item->facts.arrival, index);

	return (item->facts.item.held >> index & 1) != 0 &&
	       kai_rec_get(txn, KAI_TABLE_PARTS, &key, &kai_object_part, &cli->arena, ret);
}

static bool open_opening(struct kai_cli *cli, struct kai_txn *txn, struct kai_loaded *item,
			 uint8_t index)
{
	struct kai_part part;
	struct kai_span plain;
	uint8_t ad[KAI_ID_LEN + 1];

	if (!read_part(cli, txn, item, index, &part))
		return false;
	const uint8_t *key = rest_key(cli, part.period);

	memcpy(ad, item->facts.item.id, KAI_ID_LEN);
	ad[KAI_ID_LEN] = index;
	return key != NULL &&
	       kai_box_open(KAI_CTX_REST, key, kai_span(ad, sizeof(ad)), part.opening, &cli->arena,
			    &plain) &&
	       kai_object_decode(&kai_object_opening, plain, &cli->arena, &item->openings[index]) ==
		       KAI_FAULT_NONE &&
	       kai_opening_check(&item->facts.header, index, &item->openings[index], &cli->arena,
				 &item->labels[index]) == KAI_FAULT_NONE;
}

bool kai_item_part(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
		   uint8_t index, struct kai_span *ret)
{
	const struct kai_header *header = &item->facts.header;
	struct kai_part part;

	if ((item->facts.labels_known >> index & 1) == 0 ||
	    !read_part(cli, txn, item, index, &part))
		return false;
	const struct kai_part_id id = {.realm = header->realm,
				       .origin = header->origin,
				       .index = index,
				       .name = header->parts[index].name};

	return kai_part_open(&id, item->openings[index].key, part.ciphertext, &cli->arena, ret) ==
	       KAI_FAULT_NONE;
}

bool kai_item_load(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival, bool body,
		   struct kai_loaded *ret)
{
	struct kai_span content;

	*ret = (struct kai_loaded){.has_body = false};
	if (!kai_item_facts_load(txn, arrival, &cli->arena, &ret->facts))
		return false;
	ret->facts.part_labels = ret->labels;
	for (uint8_t i = 0; body && i < ret->facts.header.parts_count && i < KAI_MAX_PARTS; i++)
		if (open_opening(cli, txn, ret, i))
			ret->facts.labels_known |= UINT32_C(1) << i;
	ret->has_body = body && kai_item_part(cli, txn, ret, 0, &content) &&
			kai_object_decode(&kai_object_body, content, &cli->arena, &ret->body) ==
				KAI_FAULT_NONE;
	return true;
}

const uint8_t *kai_item_thread(const struct kai_loaded *item)
{
	return item->facts.header.thread.is ? item->facts.header.thread.id : item->facts.item.id;
}

/* Another item of this thread and origin that nothing supersedes either. */
static bool has_rival(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	struct kai_index_scan scan;
	uint64_t arrival;
	bool rival = false;

	kai_index_thread(&scan, txn, kai_item_thread(item), true);
	while (!rival && kai_index_next(&scan, &arrival)) {
		size_t used = cli->arena.used;
		struct kai_loaded *other = kai_cli_take(cli, sizeof(*other));

		rival = arrival != item->facts.arrival &&
			kai_item_load(cli, txn, arrival, false, other) &&
			kai_id_equal(kai_item_thread(other), kai_item_thread(item)) &&
			kai_id_equal(other->facts.header.origin, item->facts.header.origin) &&
			other->facts.header.kind != KAI_KIND_RETRACT &&
			(other->facts.item.flags & (KAI_ITEM_RETRACTED | KAI_ITEM_SUPERSEDED |
						    KAI_ITEM_MARKED | KAI_ITEM_UNSIGNED)) == 0;
		cli->arena.used = used;
	}
	return rival;
}

const char *kai_item_state(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	uint64_t flags = item->facts.item.flags;

	if ((flags & KAI_ITEM_RETRACTED) != 0)
		return "retracted";
	if ((flags & KAI_ITEM_SUPERSEDED) != 0)
		return "superseded";
	if (item->facts.header.not_after <= (uint64_t)kai_cli_now().ms)
		return "expired";
	if ((flags & KAI_ITEM_UNSIGNED) != 0)
		return "unsigned";
	if (item->facts.header.kind != KAI_KIND_RETRACT && has_rival(cli, txn, item))
		return "conflict";
	return "current";
}

json_t *kai_label_json(struct kai_cli *cli, struct kai_txn *txn, const struct kai_label *label)
{
	static const char *const pap[] = {"?", "RED", "AMBER", "GREEN", "CLEAR"};
	json_t *audience = json_array();

	for (size_t i = 0; i < label->audience_count; i++)
		(void)json_array_append_new(
			audience, json_string(kai_audience_text(cli, txn, &label->audience[i])));
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:b, s:o}", "tlp", kai_tlp_word(label->tlp),
			 "audience", audience, "onward", kai_onward_word(label->onward),
			 "attribution", kai_attribution_word(label->attribution), "pap",
			 label->pap < 5 ? pap[label->pap] : "?", "gov_share", label->gov_share == 1,
			 "retain_until", kai_json_time(label->retain_until));
}

static json_t *parts_json(const struct kai_loaded *item)
{
	const struct kai_header *header = &item->facts.header;
	json_t *parts = json_array();

	for (uint8_t i = 0; i < header->parts_count && i < KAI_MAX_PARTS; i++) {
		bool held = (item->facts.item.held >> i & 1) != 0;
		bool known = (item->facts.labels_known >> i & 1) != 0;
		json_t *part = json_pack(
			"{s:o, s:o, s:o, s:I, s:s}", "name", kai_json_span(header->parts[i].name),
			"tlp", known ? json_string(kai_tlp_word(item->labels[i].tlp)) : json_null(),
			"media_type", kai_json_span(header->parts[i].media_type), "size",
			(json_int_t)header->parts[i].size, "state", held ? "held" : "withheld");

		(void)json_array_append_new(parts, part);
	}
	return parts;
}

json_t *kai_item_json(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item)
{
	const struct kai_header *header = &item->facts.header;
	const struct kai_kind_row *row = kai_kind_row(header->kind);
	json_t *sectors = json_array();

	for (size_t i = 0; i < header->sectors_count; i++)
		(void)json_array_append_new(sectors, kai_json_span(header->sectors[i]));
	json_t *json = json_pack(
		"{s:o, s:s, s:s, s:o, s:s, s:o, s:I}", "id", kai_json_id(item->facts.item.id),
		"kind", row != NULL ? row->word : "?", "realm",
		cli->drill == NULL ? "live" : kai_realm_text(cli, header->realm), "origin",
		kai_json_id(header->origin), "origin_name", kai_org_name(cli, txn, header->origin),
		"thread", kai_json_id(kai_item_thread(item)), "revision",
		(json_int_t)header->revision);
	json_t *more = json_pack(
		"{s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:s, s:o}", "created_at",
		kai_json_time(header->created_at), "received_at",
		kai_json_time(item->facts.item.received_at), "not_after",
		kai_json_time(header->not_after), "urgency", kai_urgency_word(header->urgency),
		"tlp", kai_tlp_word(header->label.tlp), "sectors", sectors, "title",
		item->has_body ? kai_json_span(item->body.title) : json_null(), "state",
		kai_item_state(cli, txn, item), "parts", parts_json(item));

	(void)json_object_update(json, more);
	json_decref(more);
	const char *claim = kai_org_claim(cli, txn, header->origin);

	(void)json_object_set_new(json, "origin_claims",
				  claim != NULL ? json_string(claim) : json_null());
	return json;
}

char *kai_item_origin(struct kai_cli *cli, const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "origin_name"));
	const char *claim = json_string_value(json_object_get(item, "origin_claims"));

	if (claim == NULL)
		return kai_view_safe(cli, name != NULL ? name : "", false);
	return kai_cli_text(cli, T("%.8s (claims: %s)"), name != NULL ? name : "",
			    kai_view_safe(cli, claim, false));
}

/* ---- filters ---- */

static int read_words(struct kai_cli *cli, struct kai_filter *ret)
{
	const char *kind = kai_opt_value(cli, "kind");
	const char *tlp = kai_opt_value(cli, "tlp");

	if (kind != NULL) {
		const struct kai_kind_row *row = kai_kind_by_word(kind);

		if (row == NULL)
			return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--kind %s: not a kind"), kind);
		ret->kind = row->kind;
	}
	if (tlp != NULL && !kai_tlp_parse(tlp, &ret->tlp))
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("--tlp %s: RED, AMBER+STRICT, AMBER, GREEN or CLEAR is meant"), tlp);
	return 0;
}

int kai_filter_read(struct kai_cli *cli, struct kai_txn *txn, struct kai_filter *ret)
{
	const char *origin = kai_opt_value(cli, "origin");
	const char *thread = kai_opt_value(cli, "thread");
	const char *since = kai_opt_value(cli, "since");
	const char *until = kai_opt_value(cli, "until");
	struct kai_wall at;
	int exit;

	*ret = (struct kai_filter){.until_ms = INT64_MAX,
				   .sector = kai_opt_value(cli, "sector"),
				   .text = kai_opt_value(cli, "text"),
				   .has_origin = origin != NULL,
				   .has_thread = thread != NULL,
				   .unacked = kai_opt_is(cli, "unacked")};
	exit = read_words(cli, ret);
	if (exit == 0 && origin != NULL)
		exit = kai_org_find(cli, txn, origin, ret->origin);
	if (exit == 0 && thread != NULL) {
		struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
		uint8_t id[KAI_ID_LEN];
		uint64_t arrival;

		exit = kai_item_find(cli, txn, thread, id, &arrival);
		if (exit == 0 && kai_item_load(cli, txn, arrival, false, item))
			memcpy(ret->thread, kai_item_thread(item), KAI_ID_LEN);
	}
	if (exit == 0 && since != NULL) {
		exit = kai_cli_time(cli, "since", since, true, &at);
		ret->since_ms = at.ms;
	}
	if (exit == 0 && until != NULL) {
		exit = kai_cli_time(cli, "until", until, true, &at);
		ret->until_ms = at.ms;
	}
	return exit;
}

/* ASCII letters without case, everything else byte by byte. */
static bool contains(struct kai_span text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; len > 0 && i + len <= text.len; i++) {
		size_t k = 0;

		while (k < len) {
			unsigned a = text.at[i + k];
			unsigned b = (unsigned char)word[k];

			if (a >= 'A' && a <= 'Z')
				a += 'a' - 'A';
			if (b >= 'A' && b <= 'Z')
				b += 'a' - 'A';
			if (a != b)
				break;
			k++;
		}
		if (k == len)
			return true;
	}
	return len == 0;
}

/* Every word stands somewhere in title, text or fields. */
static bool text_fits(struct kai_cli *cli, const char *words, const struct kai_body *body)
{
	char *copy = kai_cli_text(cli, "%s", words);

	for (char *word; (word = strsep(&copy, " \t")) != NULL;) {
		bool found = contains(body->title, word) || contains(body->text, word);

		for (size_t i = 0; !found && i < body->values_count; i++)
			found = contains(body->values[i].value, word);
		if (!found)
			return false;
	}
	return true;
}

bool kai_filter_fits(struct kai_cli *cli, const struct kai_filter *filter,
		     const struct kai_loaded *item)
{
	const struct kai_header *header = &item->facts.header;
	int64_t at = (int64_t)item->facts.item.received_at;
	bool sector = filter->sector == NULL;

	for (size_t i = 0; !sector && i < header->sectors_count; i++)
		sector = kai_span_equal(header->sectors[i], kai_span_str(filter->sector));
	if (!sector || (filter->kind != 0 && header->kind != filter->kind) ||
	    (filter->tlp != 0 && header->label.tlp != filter->tlp) ||
	    (filter->has_origin && !kai_id_equal(header->origin, filter->origin)) ||
	    (filter->has_thread && !kai_id_equal(kai_item_thread(item), filter->thread)) ||
	    at < filter->since_ms || at > filter->until_ms)
		return false;
	return filter->text == NULL ||
	       (item->has_body && text_fits(cli, filter->text, &item->body));
}

const struct kai_col kai_item_cols[] = {
	{"id", N_("id"), KAI_COL_ID},
	{"kind", N_("kind"), KAI_COL_WORD},
	{"tlp", N_("TLP"), KAI_COL_TEXT},
	{"urgency", N_("urgency"), KAI_COL_WORD},
	{"state", N_("state"), KAI_COL_WORD},
	{"origin_name", N_("origin"), KAI_COL_TEXT},
	{"received_at", N_("received here"), KAI_COL_TIME},
	{"title", N_("title"), KAI_COL_TEXT},
};
const size_t kai_item_col_count = sizeof(kai_item_cols) / sizeof(*kai_item_cols);

bool kai_item_malicious(const struct kai_loaded *item)
{
	static const char word[] = "malicious";
	size_t len = sizeof(word) - 1;

	for (size_t i = 0; item->has_body && i < item->body.values_count; i++) {
		struct kai_span value = item->body.values[i].value;

		if (kai_span_equal(item->body.values[i].name, kai_span_str("cause")) &&
		    value.len > len && memcmp(value.at, word, len) == 0)
			return true;
	}
	return false;
}
