/* SPDX-License-Identifier: Apache-2.0 */
/* An agreement in plain words: what we would send, receive, and owe. */
#include <string.h>

#include "agree.h"
#include "root.h"
#include "verbs.h"
#include "view.h"

static char *kinds_text(struct kai_cli *cli, const uint64_t *kinds, size_t count)
{
	char *text = kai_cli_text(cli, "%s", "");

	for (size_t i = 0; i < count; i++) {
		const struct kai_kind_row *row = kai_kind_row(kinds[i]);

		text = kai_cli_text(cli, "%s%s%s", text, i > 0 ? ", " : "",
				    row != NULL ? T(row->word) : "?");
	}
	return text;
}

static char *spans_text(struct kai_cli *cli, const struct kai_span *all, size_t count)
{
	char *text = kai_cli_text(cli, "%s", "");

	for (size_t i = 0; i < count; i++)
		text = kai_cli_text(cli, "%s%s%s", text, i > 0 ? ", " : "",
				    kai_cli_str(cli, all[i]));
	return kai_view_safe(cli, text, false);
}

static char *party_name(struct kai_cli *cli, struct kai_txn *txn, const struct kai_party *party)
{
	const char *known = txn != NULL ? kai_org_name(cli, txn, party->org) : "";
	char *own = kai_view_safe(cli, kai_cli_str(cli, party->name), false);

	return known[0] != '\0' && strcmp(known, own) != 0
		       ? kai_cli_text(cli, "%s (%s)", kai_view_safe(cli, known, false), own)
		       : own;
}

static void bullet(struct kai_cli *cli, const char *text)
{
	(void)fprintf(cli->out, "  - %s\n", text);
}

static char *org_text(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN])
{
	return txn != NULL ? kai_view_safe(cli, kai_org_name(cli, txn, org), false)
			   : kai_cli_text(cli, "%.12s", kai_cli_id(cli, org));
}

static void say_direction(struct kai_cli *cli, struct kai_txn *txn,
			  const struct kai_direction *direction)
{
	bool all = direction->sectors_count == 1 &&
		   kai_span_equal(direction->sectors[0], kai_span_str("*"));

	bullet(cli, kai_cli_text(cli, T("kinds: %s"),
				 kinds_text(cli, direction->kinds, direction->kinds_count)));
	bullet(cli,
	       all ? T("sectors: all, and items without one")
		   : kai_cli_text(cli, T("sectors: %s"),
				  spans_text(cli, direction->sectors, direction->sectors_count)));
	bullet(cli, kai_cli_text(cli, T("up to TLP:%s; what is more restricted stays back"),
				 kai_tlp_word(direction->ceiling)));
	if (direction->constituency)
		bullet(cli,
		       T("the receiver counts as the sender's constituency (one hop under AMBER "
			 "and GREEN)"));
	for (size_t i = 0; i < direction->communities_count; i++) {
		const struct kai_community *community = &direction->communities[i];

		bullet(cli, kai_cli_text(cli, T("the receiver's membership of %s/%s counts"),
					 org_text(cli, txn, community->keeper),
					 kai_cli_str(cli, community->name)));
	}
	bullet(cli, kai_cli_text(cli, T("passing on: %s, where the label allows it"),
				 T(kai_onward_word(direction->onward))));
	bullet(cli, kai_cli_text(cli, T("naming the source (a promise of people): %s"),
				 T(kai_attribution_word(direction->attribution))));
	if (direction->max_items_day > 0)
		bullet(cli, kai_cli_text(cli, T("at most %llu items a day"),
					 (unsigned long long)direction->max_items_day));
	if (direction->max_bytes_day > 0)
		bullet(cli, kai_cli_text(cli, T("at most %llu bytes a day"),
					 (unsigned long long)direction->max_bytes_day));
}

static char *duration(struct kai_cli *cli, uint64_t ms)
{
	char *text = kai_cli_take(cli, 32);

	kai_duration_text((int64_t)ms, text);
	return text;
}

static char *target_text(struct kai_cli *cli, struct kai_txn *txn, const struct kai_duty *duty)
{
	char *text = kai_cli_text(cli, "%s", "");

	if (duty->target_count == 0)
		return kai_cli_text(cli, "%s", T("its constituency"));
	for (size_t i = 0; i < duty->target_count; i++) {
		const struct kai_audience_entry *to = &duty->target[i];
		char *one = org_text(cli, txn, to->org.at);

		if (to->type == KAI_AUD_COMMUNITY)
			one = kai_cli_text(cli, "%s/%s", one, kai_cli_str(cli, to->text));
		text = kai_cli_text(cli, "%s%s%s", text, i > 0 ? ", " : "", one);
	}
	return text;
}

static void say_duties(struct kai_cli *cli, struct kai_txn *txn, const struct kai_terms *terms,
		       uint64_t side)
{
	size_t said = 0;

	for (size_t i = 0; i < terms->duties_count; i++) {
		const struct kai_duty *duty = &terms->duties[i];

		if (duty->side != side)
			continue;
		char *kinds = kinds_text(cli, duty->kinds, duty->kinds_count);
		char *within = duration(cli, duty->within_ms);
		const char *urgency = T(kai_urgency_word(duty->urgency));
		char *text = NULL;

		if (duty->action == 1)
			text = kai_cli_text(cli, T("pass %s (urgency %s or more) to %s within %s"),
					    kinds, urgency, target_text(cli, txn, duty), within);
		else if (duty->action == 2)
			text = kai_cli_text(cli, T("answer %s (urgency %s or more) within %s"),
					    kinds, urgency, within);
		else
			text = kai_cli_text(cli,
					    T("report %s (urgency %s or more) to the other side "
					      "within %s"),
					    kinds, urgency, within);
		if (duty->report_back)
			text = kai_cli_text(cli, T("%s, and report back"), text);
		bullet(cli, text);
		said++;
	}
	for (size_t i = 0; i < terms->acks_count; i++) {
		bullet(cli, kai_cli_text(cli, T("acknowledge (%s) urgency %s within %s"),
					 T(kai_ack_level_word(terms->acks[i].level)),
					 T(kai_urgency_word(terms->acks[i].urgency)),
					 duration(cli, terms->acks[i].within_ms)));
		said++;
	}
	if (said == 0)
		bullet(cli, T("nothing"));
}

static void say_rest(struct kai_cli *cli, struct kai_txn *txn, const struct kai_terms *terms)
{
	if (terms->contacts_count == 0)
		bullet(cli, T("NO CONTACTS ARE NAMED: whom will you call at night?"));
	for (size_t i = 0; i < terms->contacts_count; i++) {
		const struct kai_contact *contact = &terms->contacts[i];
		const struct kai_party *party = kai_terms_party(terms, (int)contact->side);

		bullet(cli, kai_view_safe(cli,
					  kai_cli_text(cli, T("contact of %s, %s: %s or %s (%s)"),
						       party_name(cli, txn, party),
						       kai_cli_str(cli, contact->role),
						       kai_cli_str(cli, contact->first),
						       kai_cli_str(cli, contact->second),
						       kai_cli_str(cli, contact->hours)),
					  false));
	}
	for (size_t i = 0; i < terms->contingency_count; i++) {
		const struct kai_contingency *clause = &terms->contingency[i];

		bullet(cli,
		       kai_cli_text(cli,
				    T("in an emergency %s of %s may pass to %s after %s without "
				      "a link, for %s at most, then a pause of %s"),
				    kinds_text(cli, clause->kinds, clause->kinds_count),
				    org_text(cli, txn, clause->from),
				    org_text(cli, txn, clause->to), duration(cli, clause->after_ms),
				    duration(cli, clause->longest_ms),
				    duration(cli, clause->pause_ms)));
	}
	if (terms->contingency_only)
		bullet(cli, T("in quiet times nothing passes over this agreement"));
	bullet(cli, kai_cli_text(cli, T("drills: %s"), T(kai_consent_word(terms->drill_consent))));
	if (terms->retention_days > 0)
		bullet(cli, kai_cli_text(cli, T("received items are destroyed after %llu days"),
					 (unsigned long long)terms->retention_days));
}

static void say_party(struct kai_cli *cli, struct kai_txn *txn, const struct kai_party *party)
{
	char fingerprint[KAI_FINGERPRINT_SIZE];

	kai_fingerprint(party->org, fingerprint);
	(void)fprintf(cli->out, "%s\n", party_name(cli, txn, party));
	bullet(cli, kai_cli_text(cli, T("fingerprint %s"), fingerprint));
	bullet(cli,
	       kai_cli_text(cli, T("country %s; sectors: %s"), kai_cli_str(cli, party->country),
			    spans_text(cli, party->sectors, party->sectors_count)));
	if (party->government)
		bullet(cli, T("is a government body"));
	if (party->may_introduce)
		bullet(cli, T("may introduce other organisations: their cards are believed as it "
			      "brings them"));
}

void kai_agree_review(struct kai_cli *cli, struct kai_txn *txn, const struct kai_terms *terms)
{
	int side = kai_terms_side(terms, cli->org);
	int me = side < 0 ? 0 : side;
	const struct kai_party *other = kai_terms_party(terms, 1 - me);
	char *name = party_name(cli, txn, other);
	char *us = side < 0 ? party_name(cli, txn, kai_terms_party(terms, 0))
			    : kai_cli_text(cli, "%s", T("We"));

	say_party(cli, txn, kai_terms_party(terms, me));
	say_party(cli, txn, other);
	(void)fprintf(cli->out,
		      T("\nFrom %s\nuntil %s; sending stops at that instant, both ways.\n"),
		      kai_view_when(cli, (struct kai_wall){(int64_t)terms->valid_from}),
		      kai_view_when(cli, (struct kai_wall){(int64_t)terms->valid_until}));
	(void)fprintf(cli->out, T("\n%s may send to %s:\n"), us, name);
	say_direction(cli, txn, kai_terms_direction(terms, me));
	(void)fprintf(cli->out, T("\n%s may send to us:\n"), name);
	say_direction(cli, txn, kai_terms_direction(terms, 1 - me));
	(void)fprintf(cli->out, T("\n%s would owe:\n"), us);
	say_duties(cli, txn, terms, (uint64_t)me);
	(void)fprintf(cli->out, T("\n%s would owe:\n"), name);
	say_duties(cli, txn, terms, (uint64_t)(1 - me));
	(void)fprintf(cli->out, "%s", T("\nBesides:\n"));
	say_rest(cli, txn, terms);
	(void)fprintf(
		cli->out, "\n%s\n",
		T("The nodes enforce who gets the bytes, from when and until when. What people "
		  "copy, say or do with them, people promise."));
}

/* The terms of a .kagree file, or of a text. */
static int any_terms(struct kai_cli *cli, const char *path, struct kai_terms *ret,
		     unsigned *ret_signed)
{
	struct kai_span text;
	struct kai_span bytes;
	struct kai_agree_file file;
	struct kai_agreement_read *read = kai_cli_take(cli, sizeof(*read));
	int exit = kai_cli_read(cli, path, (size_t)1024 * 1024, &text);

	*ret_signed = 0;
	if (exit != 0)
		return exit;
	char *copy = kai_cli_str(cli, text);

	if (strstr(copy, "-----BEGIN ") == NULL)
		return kai_agree_terms(cli, path, copy, ret);
	enum kai_fault fault = kai_armour_open(KAI_AGREE_TYPE, text, &cli->arena, &bytes);

	if (fault == KAI_FAULT_NONE)
		fault = kai_object_decode(&kai_object_agree_file, bytes, &cli->arena, &file);
	if (fault == KAI_FAULT_NONE)
		fault = kai_agreement_open(file.agreement, NULL, NULL, &cli->arena, read);
	if (fault != KAI_FAULT_NONE)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: not a believable agreement: %s"),
				    path, kai_fault_text(fault));
	*ret = read->terms;
	*ret_signed = read->signed_by;
	return 0;
}

static const char *translate(int lang, const char *english)
{
	return kai_tr_lang((enum kai_lang)lang, english);
}

static char *terms_text(struct kai_cli *cli, const struct kai_terms *terms)
{
	struct kai_span text = kai_terms_write(terms, translate, (int)cli->lang, &cli->arena);

	return kai_cli_str(cli, text);
}

int kai_verb_agree_review(struct kai_cli *cli)
{
	struct kai_terms terms = {0};
	unsigned signed_by;
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = any_terms(cli, cli->args[0], &terms, &signed_by);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	if (kai_cli_json(cli)) {
		json_t *top = json_pack("{s:b, s:b, s:s}", "signed_by_a", (signed_by & 1) != 0,
					"signed_by_b", (signed_by & 2) != 0, "terms",
					terms_text(cli, &terms));

		kai_render_json.show(cli, NULL, top);
		json_decref(top);
	} else {
		kai_agree_review(cli, txn, &terms);
	}
	kai_txn_abort(txn);
	return KAI_EXIT_DONE;
}

/* ---- what there is ---- */

static json_t *pair_json(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair)
{
	const struct kai_terms *terms = &pair->agreement.terms;

	return json_pack("{s:o, s:s, s:s, s:o, s:I, s:o, s:o, s:o}", "org", kai_json_id(pair->org),
			 "name", kai_org_name(cli, txn, pair->org), "state",
			 kai_agreement_state_word(pair->state), "agreement",
			 kai_json_id(pair->agreement.digest), "serial", (json_int_t)terms->serial,
			 "valid_from", kai_json_time(terms->valid_from), "valid_until",
			 kai_json_time(terms->valid_until), "review_by",
			 kai_json_time(terms->review_by));
}

void kai_agree_each(struct kai_cli *cli, struct kai_txn *txn,
		    void (*each)(struct kai_cli *cli, struct kai_txn *txn,
				 const struct kai_pair *pair, void *context),
		    void *context)
{
	struct kai_scan scan;
	struct kai_span key;
	uint8_t last[KAI_ID_LEN] = {0};

	kai_scan_init(&scan, txn, KAI_TABLE_AGREEMENTS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, NULL)) {
		struct kai_pair *pair;

		if (key.len < KAI_ID_LEN || memcmp(last, key.at, KAI_ID_LEN) == 0)
			continue;
		memcpy(last, key.at, KAI_ID_LEN);
		pair = kai_cli_take(cli, sizeof(*pair));
		kai_pair_load(txn, cli->org, last, kai_cli_now(), &cli->arena, pair);
		if (pair->has_terms)
			each(cli, txn, pair, context);
	}
}

static void add_row(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
		    void *context)
{
	(void)json_array_append_new(context, pair_json(cli, txn, pair));
}

int kai_verb_agree_list(struct kai_cli *cli)
{
	static const struct kai_col cols[] = {
		{"name", N_("with"), KAI_COL_TEXT},
		{"state", N_("state"), KAI_COL_WORD},
		{"serial", N_("serial"), KAI_COL_NUMBER},
		{"valid_until", N_("until"), KAI_COL_UNTIL},
		{"agreement", N_("agreement"), KAI_COL_ID},
	};
	static const struct kai_view view = {
		.list = "agreements", .cols = cols, .col_count = 5, .empty = N_("No agreements.")};
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	json_t *rows = json_array();

	kai_agree_each(cli, txn, add_row, rows);
	kai_txn_abort(txn);
	kai_view_show(cli, &view, json_pack("{s:o}", "agreements", rows));
	return KAI_EXIT_DONE;
}

int kai_verb_agree_show(struct kai_cli *cli)
{
	struct kai_pair *pair = kai_cli_take(cli, sizeof(*pair));
	uint8_t org[KAI_ID_LEN];
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_org_find(cli, txn, cli->args[0], org);
	if (exit == 0)
		kai_pair_load(txn, cli->org, org, kai_cli_now(), &cli->arena, pair);
	if (exit == 0 && !pair->has_terms)
		exit = kai_cli_fail(cli, KAI_EXIT_NOTHING, T("%s: no agreement"), cli->args[0]);
	if (exit == 0 && kai_cli_json(cli)) {
		json_t *top = pair_json(cli, txn, pair);

		(void)json_object_set_new(top, "terms",
					  json_string(terms_text(cli, &pair->agreement.terms)));
		kai_render_json.show(cli, NULL, top);
		json_decref(top);
	} else if (exit == 0) {
		(void)fprintf(cli->out, "# %s: %s\n# %s\n%s",
			      kai_view_safe(cli, kai_org_name(cli, txn, org), false),
			      T(kai_agreement_state_word(pair->state)),
			      kai_cli_id(cli, pair->agreement.digest),
			      terms_text(cli, &pair->agreement.terms));
	}
	kai_txn_abort(txn);
	return exit;
}
