/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"

#include <string.h>

#include "agree.h"
#include "view.h"

static void add_calls(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
		      json_t *io_calls)
{
	static const char *const order[] = {"duty", "deputy", "decider"};
	const struct kai_terms *terms = &pair->agreement.terms;
	int side = pair->has_terms ? kai_terms_side(terms, pair->org) : -1;

	for (size_t k = 0; side >= 0 && k < sizeof(order) / sizeof(order[0]); k++)
		for (size_t i = 0; i < terms->contacts_count; i++) {
			const struct kai_contact *contact = &terms->contacts[i];

			if ((int)contact->side != side ||
			    !kai_span_equal(contact->role, kai_span_str(order[k])))
				continue;
			(void)json_array_append_new(
				io_calls, json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "org",
						    kai_json_id(pair->org), "name",
						    kai_org_name(cli, txn, pair->org), "role",
						    kai_json_span(contact->role), "person",
						    kai_json_span(contact->name), "first",
						    kai_json_span(contact->first), "second",
						    kai_json_span(contact->second), "hours",
						    kai_json_span(contact->hours)));
		}
}

json_t *kai_calls_of(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN])
{
	struct kai_pair *pair = kai_cli_take(cli, sizeof(*pair));
	json_t *calls = json_array();

	kai_pair_load(txn, cli->org, org, kai_cli_now(), &cli->arena, pair);
	add_calls(cli, txn, pair, calls);
	return calls;
}

/* ---- who is out of reach ---- */

static bool is_up(const struct kai_state *state, const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; state != NULL && i < state->peers_count; i++)
		if (kai_id_equal(state->peers[i].org, org))
			return state->peers[i].up;
	return false;
}

static bool is_named(const struct kai_label *label, const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; i < label->audience_count; i++)
		if (label->audience[i].type == KAI_AUD_ORG &&
		    kai_span_equal(label->audience[i].org, kai_span(org, KAI_ID_LEN)))
			return true;
	return false;
}

/* Partners between us and an org: named too, and not to be reached. */
struct between {
	const struct kai_state *state;
	const struct kai_label *label;
	const uint8_t *org;
	bool any;
	json_t *calls;
};

static void add_between(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
			void *context)
{
	struct between *between = context;

	if (pair->state != KAI_STATE_ACTIVE || kai_id_equal(pair->org, between->org) ||
	    !is_named(between->label, pair->org) || is_up(between->state, pair->org))
		return;
	between->any = true;
	add_calls(cli, txn, pair, between->calls);
}

/* What the agreement holds back, and not the label: another way may have been open to it. */
static bool agreement_holds(struct kai_span rule)
{
	static const enum kai_rule rules[] = {KAI_RULE_AGREEMENT, KAI_RULE_KIND, KAI_RULE_SECTOR,
					      KAI_RULE_CEILING};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (kai_span_equal(rule, kai_span_str(kai_rule_name(rules[i]))))
			return true;
	return false;
}

json_t *kai_calls_for(struct kai_cli *cli, struct kai_txn *txn, const struct kai_state *state,
		      const struct kai_label *label, const struct kai_recipient *to,
		      const char **ret_why)
{
	struct between between = {
		.state = state, .label = label, .org = to->org, .calls = json_array()};
	json_t *own = kai_calls_of(cli, txn, to->org);
	bool away = to->allow && !is_up(state, to->org);

	if (!to->allow && is_named(label, to->org) && agreement_holds(to->rule))
		kai_agree_each(cli, txn, add_between, &between);
	*ret_why = away ? "link-down" : kai_cli_str(cli, to->rule);
	if (!away && !between.any) {
		json_decref(own);
		json_decref(between.calls);
		return NULL;
	}
	bool known = away || json_array_size(own) > 0;

	json_decref(known ? between.calls : own);
	return known ? own : between.calls;
}

static json_t *unreached(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN],
			 const char *why, json_t *calls)
{
	return json_pack("{s:o, s:s, s:s, s:b, s:o}", "org", kai_json_id(org), "name",
			 kai_org_name(cli, txn, org), "why", why, "has_earlier", false, "call",
			 calls);
}

/* Whom the label names. */
static void add_named(struct kai_cli *cli, struct kai_txn *txn, const struct kai_state *state,
		      const struct kai_label *label, const struct kai_ctl_answer *answer,
		      json_t *io_rows)
{
	for (size_t i = 0; i < label->audience_count; i++) {
		const struct kai_audience_entry *entry = &label->audience[i];
		struct kai_recipient to = {.rule = kai_span_str(kai_rule_name(KAI_RULE_AGREEMENT))};
		const char *why = "";

		if (entry->type != KAI_AUD_ORG || entry->org.len != KAI_ID_LEN ||
		    kai_id_equal(entry->org.at, cli->org))
			continue;
		memcpy(to.org, entry->org.at, KAI_ID_LEN);
		for (size_t k = 0; k < answer->recipients_count; k++)
			if (kai_id_equal(answer->recipients[k].org, to.org))
				to = answer->recipients[k];
		json_t *calls = kai_calls_for(cli, txn, state, label, &to, &why);

		if (calls != NULL)
			(void)json_array_append_new(io_rows,
						    unreached(cli, txn, to.org, why, calls));
	}
}

static bool has_row(const json_t *rows, const char *org)
{
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row)
		if (strcmp(json_string_value(json_object_get(row, "org")), org) == 0)
			return true;
	return false;
}

/* Did any of these go there from here? */
static bool went(struct kai_cli *cli, struct kai_txn *txn, const struct kai_earlier *earlier,
		 const uint8_t org[KAI_ID_LEN])
{
	struct kai_released released;
	struct kai_peer peer;

	if (earlier->count == 0 || !kai_rec_peer(txn, org, &cli->arena, &peer))
		return false;
	for (size_t i = 0; i < earlier->count; i++) {
		struct kai_key key = kai_key_pair(earlier->arrivals[i], (uint16_t)peer.number);

		if (kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &cli->arena,
				&released) &&
		    released.state != KAI_RELEASED_REFUSED)
			return true;
	}
	return false;
}

json_t *kai_unreached(struct kai_cli *cli, struct kai_txn *txn, const struct kai_state *state,
		      const struct kai_label *label, const struct kai_earlier *earlier,
		      const struct kai_ctl_answer *answer)
{
	json_t *rows = json_array();

	add_named(cli, txn, state, label, answer, rows);
	/* and those that it concerns without a name: members of a community, a sector's, a country's */
	for (size_t i = 0; i < answer->recipients_count; i++) {
		const struct kai_recipient *to = &answer->recipients[i];
		bool away = to->allow && !is_up(state, to->org);
		bool left = !to->allow && went(cli, txn, earlier, to->org);

		if ((!away && !left) || has_row(rows, kai_cli_id(cli, to->org)))
			continue;
		json_t *row = unreached(cli, txn, to->org,
					away ? "link-down" : kai_cli_str(cli, to->rule),
					kai_calls_of(cli, txn, to->org));

		(void)json_object_set_new(row, "has_earlier", json_boolean(left));
		(void)json_array_append_new(rows, row);
	}
	return rows;
}

/* ---- for people ---- */

static const char *cell(struct kai_cli *cli, const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return kai_view_safe(cli, text != NULL ? text : "", false);
}

void kai_calls_show(struct kai_cli *cli, const json_t *calls, int indent)
{
	size_t i;
	json_t *row;

	if (json_is_array(calls) && json_array_size(calls) == 0)
		(void)fprintf(cli->out, "%*s%s\n", indent, "",
			      T("Nobody to telephone is named in an agreement."));
	json_array_foreach (calls, i, row)
		(void)fprintf(cli->out, "%*s%s %s: %s %s  %s  %s\n", indent, "", T("telephone"),
			      cell(cli, row, "name"), T(cell(cli, row, "role")),
			      cell(cli, row, "person"), cell(cli, row, "first"),
			      cell(cli, row, "second"));
}
