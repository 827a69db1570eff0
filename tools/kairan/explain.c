/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: for each org, the rule that let an item through or held it back. What was recorded when
 * it passed comes first; what the rules say now is computed with the same facts as the node's.
 */
#include <string.h>

#include "agree.h"
#include "call.h"
#include "duty.h"
#include "item.h"
#include "verbs.h"
#include "view.h"

struct explain {
	struct kai_loaded *item;
	json_t *pairs;
	const struct kai_state *state; /* NULL: the node is down */
};

static bool link_up(const struct explain *explain, const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; explain->state != NULL && i < explain->state->peers_count; i++)
		if (kai_id_equal(explain->state->peers[i].org, org))
			return explain->state->peers[i].up;
	return false;
}

static const char *delivery_word(const struct explain *explain, const struct kai_pair *pair,
				 const struct kai_released *released, bool allow)
{
	if (released != NULL) {
		switch ((enum kai_released_state)released->state) {
		case KAI_RELEASED_SENT:
			return "sent";
		case KAI_RELEASED_STORED:
			return "stored";
		case KAI_RELEASED_REFUSED:
			return "refused";
		case KAI_RELEASED_OFFERED:
		case KAI_RELEASED_DEFERRED:
			break;
		}
	}
	if (!pair->has_terms || !allow)
		return "not-visible-from-here";
	return link_up(explain, pair->org) ? "queued" : "link-down";
}

static json_t *parts_json(struct kai_cli *cli, const struct kai_loaded *item,
			  const struct kai_verdict verdicts[KAI_MAX_PARTS])
{
	const struct kai_header *header = &item->facts.header;
	json_t *parts = json_array();

	for (size_t i = 0; i < header->parts_count && i < KAI_MAX_PARTS; i++) {
		bool held = (item->facts.item.held >> i & 1) != 0;
		const char *rule = held ? kai_rule_name(verdicts[i].rule) : "withheld-here";
		json_t *part = json_pack(
			"{s:o, s:s, s:s}", "name", kai_json_span(header->parts[i].name), "verdict",
			held && verdicts[i].allow ? "allow" : "deny", "rule", rule);

		(void)json_object_set_new(part, "text",
					  json_string(held ? kai_rule_sentence(cli, rule)
							   : T("This node does not hold it.")));
		(void)json_array_append_new(parts, part);
	}
	return parts;
}

struct asked {
	bool outgoing;
	struct kai_wall at;
	const struct kai_mark *mark; /* NULL: none */
};

/* What the rules say at a time about this item from us to the org, or from it to us. */
static struct kai_verdict decide(struct kai_txn *txn, const struct kai_loaded *item,
				 const struct kai_pair *pair, const struct asked *asked,
				 struct kai_verdict parts[KAI_MAX_PARTS])
{
	struct kai_facts facts;
	uint32_t bits;

	kai_facts_init(&facts, pair, &item->facts, asked->outgoing, asked->at);
	facts.mark = asked->mark;
	facts.opened = asked->mark != NULL ? asked->mark->opened_at : 0;
	facts.target_passed = kai_target_passed(txn, &item->facts.header, pair->peer);
	return kai_facts_parts(&facts, &item->facts, &bits, parts);
}

static json_t *pair_json(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
			 const struct kai_pair *pair, const struct kai_verdict *verdict)
{
	const char *rule = kai_rule_name(verdict->rule);

	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:s}", "id", kai_json_id(item->facts.item.id),
			 "org", kai_json_id(pair->org), "name", kai_org_name(cli, txn, pair->org),
			 "verdict", verdict->allow ? "allow" : "deny", "rule", rule, "text",
			 kai_rule_sentence(cli, rule));
}

static void explain_in(struct kai_cli *cli, struct kai_txn *txn, struct explain *explain,
		       const struct kai_pair *pair, const struct kai_supply *supply)
{
	struct kai_verdict parts[KAI_MAX_PARTS];
	struct kai_pair *then = kai_cli_take(cli, sizeof(*then));
	struct kai_wall at = {(int64_t)supply->at};

	/* It is here, so the agreement was in force; what was suspended or ended since does not
	 * change why it was let in. */
	kai_pair_load(txn, cli->org, pair->org, at, &cli->arena, then);
	then->state = KAI_STATE_ACTIVE;
	struct kai_verdict verdict =
		decide(txn, explain->item, then,
		       &(struct asked){.outgoing = false, .at = at, .mark = supply->mark}, parts);
	json_t *json = pair_json(cli, txn, explain->item, pair, &verdict);

	(void)json_object_set_new(json, "direction", json_string("in"));
	(void)json_object_set_new(json, "basis",
				  json_string(verdict.allow ? "recorded" : "computed"));
	(void)json_object_set_new(json, "at", kai_json_time(supply->at));
	(void)json_object_set_new(json, "delivery", json_string("stored"));
	(void)json_object_set_new(json, "agreement", kai_json_id(supply->agreement));
	(void)json_object_set_new(json, "contingency", kai_mark_json(supply->mark));
	(void)json_object_set_new(json, "parts", parts_json(cli, explain->item, parts));
	(void)json_array_append_new(explain->pairs, json);
}

/* The clause of ours towards them that is open for this item now; false: none is. */
static bool open_mark(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
		      const struct kai_pair *pair, struct kai_mark *ret)
{
	const struct kai_terms *terms = &pair->agreement.terms;
	const struct kai_header *header = &item->facts.header;
	struct kai_outage outage;

	for (size_t i = 0; pair->has_terms && i < terms->contingency_count; i++) {
		const struct kai_contingency *clause = &terms->contingency[i];

		if (!kai_clause_names(clause, header->origin, pair->org, header->kind) ||
		    !kai_outage_known(txn, pair, i, KAI_OUTAGE_OURS, &cli->arena, &outage) ||
		    !kai_outage_holds(&outage, clause, kai_cli_now()))
			continue;
		*ret = (struct kai_mark){.clause = i, .opened_at = outage.opened_at};
		return true;
	}
	return false;
}

/* A recorded rule outranks today's: it is why the item went or was refused then. */
static void set_recorded(struct kai_cli *cli, json_t *json, const struct kai_released *released)
{
	char *rule = kai_cli_str(cli, released->rule);
	bool refused = released->state == KAI_RELEASED_REFUSED;

	(void)json_object_set_new(json, "verdict", json_string(refused ? "deny" : "allow"));
	if (rule[0] != '\0') {
		(void)json_object_set_new(json, "rule", json_string(rule));
		(void)json_object_set_new(json, "text", json_string(kai_rule_sentence(cli, rule)));
	}
	(void)json_object_set_new(json, "agreement", kai_json_id(released->agreement));
	if (released->bundle != 0)
		(void)json_object_set_new(json, "bundle",
					  json_integer((json_int_t)released->bundle));
}

/* Whom to telephone, where it does not get there by itself. */
static json_t *calls(struct kai_cli *cli, struct kai_txn *txn, const struct explain *explain,
		     const struct kai_pair *pair, const struct kai_verdict *verdict)
{
	struct kai_recipient to = {.allow = verdict->allow,
				   .rule = kai_span_str(kai_rule_name(verdict->rule))};
	const char *why;

	memcpy(to.org, pair->org, KAI_ID_LEN);
	json_t *rows = kai_calls_for(cli, txn, explain->state, &explain->item->facts.header.label,
				     &to, &why);

	return rows != NULL ? rows : json_array();
}

static void explain_pair(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
			 void *context)
{
	struct explain *explain = context;
	struct kai_key key = kai_key_pair(explain->item->facts.arrival, pair->peer);
	struct kai_verdict parts[KAI_MAX_PARTS];
	struct kai_released released;
	struct kai_supply supply;
	bool went = pair->peer != 0 && kai_rec_get(txn, KAI_TABLE_RELEASED, &key,
						   &kai_object_released, &cli->arena, &released);

	if (pair->peer != 0 &&
	    kai_rec_get(txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, &cli->arena, &supply)) {
		explain_in(cli, txn, explain, pair, &supply);
		if (!went)
			return;
	}
	struct asked asked = {.outgoing = true, .at = kai_cli_now()};
	struct kai_mark mark;

	if (open_mark(cli, txn, explain->item, pair, &mark))
		asked.mark = &mark;
	struct kai_verdict verdict = decide(txn, explain->item, pair, &asked, parts);
	json_t *json = pair_json(cli, txn, explain->item, pair, &verdict);
	bool recorded = went && (released.state == KAI_RELEASED_SENT ||
				 released.state == KAI_RELEASED_STORED ||
				 released.state == KAI_RELEASED_REFUSED);

	(void)json_object_set_new(json, "direction", json_string("out"));
	(void)json_object_set_new(json, "basis", json_string(recorded ? "recorded" : "computed"));
	(void)json_object_set_new(
		json, "at", kai_json_time(recorded ? released.at : (uint64_t)kai_cli_now().ms));
	(void)json_object_set_new(
		json, "delivery",
		json_string(delivery_word(explain, pair, went ? &released : NULL, verdict.allow)));
	if (recorded)
		set_recorded(cli, json, &released);
	(void)json_object_set_new(
		json, "call", recorded ? json_array() : calls(cli, txn, explain, pair, &verdict));
	const struct kai_mark *by = recorded				      ? released.mark
				    : verdict.rule == KAI_RULE_OK_CONTINGENCY ? asked.mark
									      : NULL;

	(void)json_object_set_new(json, "contingency", kai_mark_json(by));
	(void)json_object_set_new(json, "parts", parts_json(cli, explain->item, parts));
	(void)json_object_set_new(
		json, "duties",
		pair->peer != 0
			? kai_duty_of_item(cli, txn, explain->item->facts.arrival, pair->peer)
			: json_array());
	(void)json_array_append_new(explain->pairs, json);
}

static void show_pairs(struct kai_cli *cli, json_t *top)
{
	size_t i;
	json_t *pair;

	json_array_foreach (json_object_get(top, "pairs"), i, pair) {
		bool allow =
			strcmp(json_string_value(json_object_get(pair, "verdict")), "allow") == 0;
		bool incoming =
			strcmp(json_string_value(json_object_get(pair, "direction")), "in") == 0;
		const struct kai_col at = {"at", "", KAI_COL_TIME};
		size_t k;
		json_t *part;

		(void)fprintf(
			cli->out, "%s %s %s  [%s, %s: %s]\n    %s\n", allow ? "+" : "-",
			incoming ? T("from") : T("to"),
			kai_view_safe(cli, json_string_value(json_object_get(pair, "name")), false),
			T(json_string_value(json_object_get(pair, "delivery"))),
			T(json_string_value(json_object_get(pair, "basis"))),
			kai_view_cell(cli, &at, pair),
			json_string_value(json_object_get(pair, "text")));
		if (json_array_size(json_object_get(pair, "call")) > 0)
			kai_calls_show(cli, json_object_get(pair, "call"), 4);
		if (kai_mark_text(cli, pair) != NULL)
			(void)fprintf(cli->out, "    %s\n", kai_mark_text(cli, pair));
		if (json_object_get(pair, "bundle") != NULL)
			(void)fprintf(
				cli->out, T("    in bundle %lld\n"),
				(long long)json_integer_value(json_object_get(pair, "bundle")));
		json_array_foreach (json_object_get(pair, "duties"), k, part)
			(void)fprintf(cli->out, "    %s\n", kai_duty_line(cli, part));
		json_array_foreach (json_object_get(pair, "parts"), k, part) {
			if (!allow || strcmp(json_string_value(json_object_get(part, "verdict")),
					     "allow") == 0)
				continue;
			(void)fprintf(
				cli->out, T("      without part %s: %s\n"),
				kai_view_safe(cli, json_string_value(json_object_get(part, "name")),
					      false),
				json_string_value(json_object_get(part, "text")));
		}
	}
}

static const struct kai_col explain_cols[] = {
	{"org", N_("org"), KAI_COL_ID},
	{"name", N_("name"), KAI_COL_TEXT},
	{"direction", N_("way"), KAI_COL_WORD},
	{"verdict", N_("verdict"), KAI_COL_WORD},
	{"rule", N_("rule"), KAI_COL_TEXT},
	{"basis", N_("basis"), KAI_COL_WORD},
	{"delivery", N_("delivery"), KAI_COL_WORD},
	{"at", N_("at"), KAI_COL_TIME},
};
static const struct kai_view explain_view = {.list = "pairs",
					     .cols = explain_cols,
					     .col_count = 8,
					     .empty = N_("No partners."),
					     .human = show_pairs};

/* Not held, but this node remembers why. */
static int explain_stub(struct kai_cli *cli, struct kai_txn *txn, const uint8_t id[KAI_ID_LEN])
{
	static const char *const reasons[] = {"?", "expired", "retracted", "refused", "destroyed"};
	struct kai_key key = kai_key_bytes(id, KAI_ID_LEN);
	struct kai_stub stub;
	json_t *pairs = json_array();

	if (kai_rec_get(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &cli->arena, &stub)) {
		char *rule = kai_cli_str(cli, stub.rule);
		const char *why =
			rule[0] != '\0' ? rule : reasons[stub.reason < 5 ? stub.reason : 0];

		(void)json_array_append_new(
			pairs, json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:[]}",
					 "id", kai_json_id(id), "org", kai_json_id(cli->org),
					 "name", kai_org_name(cli, txn, cli->org), "verdict",
					 "deny", "rule", why, "text", kai_rule_sentence(cli, why),
					 "direction", "in", "basis", "recorded", "at",
					 kai_json_time(stub.at), "delivery", "refused", "parts"));
	}
	kai_view_show(cli, &explain_view,
		      json_pack("{s:o, s:o}", "id", kai_json_id(id), "pairs", pairs));
	return KAI_EXIT_DONE;
}

static int explain_all(struct kai_cli *cli, struct kai_txn *txn, struct explain *explain)
{
	struct kai_pair *pair = kai_cli_take(cli, sizeof(*pair));
	uint8_t org[KAI_ID_LEN];

	if (cli->arg_count < 2) {
		kai_agree_each(cli, txn, explain_pair, explain);
		return 0;
	}
	int exit = kai_org_find(cli, txn, cli->args[1], org);

	if (exit != 0)
		return exit;
	kai_pair_load(txn, cli->org, org, kai_cli_now(), &cli->arena, pair);
	explain_pair(cli, txn, pair, explain);
	return 0;
}

int kai_verb_explain(struct kai_cli *cli)
{
	struct kai_state state;
	struct explain explain = {.item = kai_cli_take(cli, sizeof(*explain.item))};
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival;
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_keys(cli);
	if (exit != 0)
		return exit;
	explain.state = kai_node_state(cli, &state) ? &state : NULL;
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	if (kai_stub_find(txn, cli->args[0], id)) {
		exit = explain_stub(cli, txn, id);
		kai_txn_abort(txn);
		return exit;
	}
	exit = kai_item_find(cli, txn, cli->args[0], id, &arrival);
	if (exit == 0 && !kai_item_load(cli, txn, arrival, true, explain.item))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: damaged (run `kairan check`)"),
				    cli->args[0]);
	explain.pairs = json_array();
	if (exit == 0)
		exit = explain_all(cli, txn, &explain);
	kai_txn_abort(txn);
	if (exit == 0)
		kai_view_show(
			cli, &explain_view,
			json_pack("{s:o, s:O}", "id", kai_json_id(id), "pairs", explain.pairs));
	json_decref(explain.pairs);
	return exit;
}
