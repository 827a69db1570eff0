/* SPDX-License-Identifier: Apache-2.0 */
/* release request, grant, refuse: one part for more orgs than its labels name, by its origin alone. */
#include <sodium.h>
#include <string.h>

#include "compose.h"
#include "item.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_release_request_opts[] = {
	{"part", "NAME", false, N_("which part (default: main)")},
	{"for", "LIST", false, N_("who should have it: org:X,community:K/N (default: we)")},
	{"tlp", "TLP", false, N_("under which TLP (default: AMBER)")},
	{"note", "TEXT", false, N_("why, for the one who decides")},
	{"dry-run", NULL, false, N_("say who would get it, store nothing")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_release_grant_opts[] = {
	{"part", "NAME", false, N_("which part (default: main)")},
	{"to", "TLP", false, N_("the part's new TLP")},
	{"audience", "LIST", false, N_("org:X,community:K/N,sector:Z,country:CC")},
	{"onward", "O", false, N_("passing on: none, constituency, community or any")},
	{"gov-share", "yes|no", false,
	 N_("may governments hold it that the audience does not name? (default no)")},
	{"until", "T", false, N_("until then (default: as long as the advisory counts)")},
	{"dry-run", NULL, false, N_("say who would get it, store nothing")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_release_refuse_opts[] = {
	{"note", "TEXT", false, N_("why, for the one who asked")},
	{"dry-run", NULL, false, N_("say who would get it, store nothing")},
	{NULL, NULL, false, NULL},
};

/* ---- what is meant */

struct subject {
	struct kai_loaded *item;	  /* whose part it is; NULL: not held here */
	const struct kai_loaded *request; /* the advisory that asks; NULL: none */
	const char *part;
	const char *label; /* as asked: TLP and audience; NULL */
};

static const char *field_of(struct kai_cli *cli, const struct kai_loaded *item, const char *name)
{
	for (size_t i = 0; item->has_body && i < item->body.values_count; i++)
		if (kai_span_equal(item->body.values[i].name, kai_span_str(name)))
			return kai_cli_str(cli, item->body.values[i].value);
	return "";
}

static int load(struct kai_cli *cli, struct kai_txn *txn, const char *text, struct kai_loaded **ret)
{
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival;
	int exit = kai_item_find(cli, txn, text, id, &arrival);

	if (exit == 0 && !kai_item_load(cli, txn, arrival, true, item))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: damaged (run `kairan check`)"),
				    text);
	*ret = item;
	return exit;
}

/* The advisory itself, or the request that asks for a part of it. */
static int find_subject(struct kai_cli *cli, struct kai_txn *txn, struct subject *ret)
{
	const char *part = kai_opt_value(cli, "part");
	int exit = load(cli, txn, cli->args[0], &ret->item);

	if (exit == 0 && ret->item->facts.header.kind == KAI_KIND_RELEASE) {
		ret->request = ret->item;
		if (strcmp(field_of(cli, ret->request, "step"), "request") != 0)
			return kai_cli_fail(cli, KAI_EXIT_REFUSED,
					    T("%s: does not ask for anything"), cli->args[0]);
		ret->part = field_of(cli, ret->request, "part");
		ret->label = field_of(cli, ret->request, "label");
		exit = load(cli, txn, field_of(cli, ret->request, "target"), &ret->item);
	}
	if (part != NULL)
		ret->part = part;
	else if (ret->part == NULL)
		ret->part = "main";
	return exit;
}

static int part_index(struct kai_cli *cli, const struct subject *subject, uint8_t *ret)
{
	const struct kai_header *header = &subject->item->facts.header;

	for (uint8_t i = 0; i < header->parts_count; i++) {
		*ret = i;
		if (kai_span_equal(header->parts[i].name, kai_span_str(subject->part)))
			return 0;
	}
	return kai_cli_fail(cli, KAI_EXIT_NOTHING,
			    T("part %s: this advisory has none of that name"), subject->part);
}

static bool is_ours(const struct kai_cli *cli, const struct kai_loaded *item)
{
	return kai_id_equal(item->facts.header.origin, cli->org);
}

/* ---- letters: a request or a refusal, for the one org that it goes to */

/*
 * As narrow as the agreement lets pass, and never further: whoever reads it learns of an advisory
 * that others may not know of. Exit code when it cannot be said to that org alone.
 */
static int letter_label(struct kai_cli *cli, const struct kai_pair *pair, struct kai_label *ret)
{
	const struct kai_terms *terms = &pair->agreement.terms;
	const struct kai_direction *direction =
		kai_terms_direction(terms, kai_terms_side(terms, cli->org));
	uint8_t *org = kai_cli_take(cli, KAI_ID_LEN);

	if (direction->ceiling == KAI_TLP_CLEAR)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: the agreement lets only TLP:CLEAR pass, which is for "
				      "everybody: tell them by another way"),
				    cli->verb->name);
	memcpy(org, pair->org, KAI_ID_LEN);
	ret->tlp = direction->ceiling;
	ret->onward = KAI_ONWARD_NONE;
	ret->attribution = KAI_ATTR_NAMED;
	ret->pap = KAI_PAP_GREEN;
	ret->audience = kai_cli_take(cli, sizeof(*ret->audience));
	ret->audience[0].type = KAI_AUD_ORG;
	ret->audience[0].org = kai_span(org, KAI_ID_LEN);
	ret->audience_count = 1;
	return 0;
}

static int write_letter(struct kai_cli *cli, const struct kai_pair *pair,
			const struct kai_loaded *about, struct kai_fields *fields)
{
	struct kai_draft_part main = {.name = kai_span_str("main"),
				      .media_type = kai_span_str("kairan/release")};
	struct kai_source_mark once = {.name = kai_span_str("")};
	struct kai_ctl_publish request = {
		.version = KAI_VERSION,
		.type = KAI_CONTROL_PUBLISH,
		.dry_run = kai_opt_is(cli, "dry-run"),
		.source = &once,
		.draft = {.kind = KAI_KIND_RELEASE,
			  .urgency = about->facts.header.urgency,
			  .lang = kai_span_str(cli->lang == KAI_LANG_JA ? "ja" : "en"),
			  .sectors = about->facts.header.sectors,
			  .sectors_count = about->facts.header.sectors_count,
			  .parts = &main,
			  .parts_count = 1}};
	const char *note = kai_opt_value(cli, "note");
	int exit = letter_label(cli, pair, &request.draft.label);

	if (note != NULL)
		fields->text = note;
	if (exit == 0)
		exit = kai_fields_encode(cli, fields, &main.content);
	/* However often it is sent, it is published once. */
	randombytes_buf(once.key, sizeof(once.key));
	return exit != 0 ? exit : kai_publish(cli, &kai_object_ctl_publish, &request);
}

static int set_fields(struct kai_cli *cli, struct kai_fields *fields, const char *step,
		      const char *const values[3])
{
	static const char *const names[3] = {"target", "part", "label"};
	int exit;

	fields->row = kai_kind_row(KAI_KIND_RELEASE);
	exit = kai_fields_set(cli, fields, "step", step);
	for (size_t i = 0; exit == 0 && i < 3; i++)
		exit = kai_fields_set(cli, fields, names[i], values[i]);
	return exit;
}

/* ---- request */

static bool in_force(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN],
		     struct kai_pair *ret)
{
	kai_pair_load(txn, cli->org, org, kai_cli_now(), &cli->arena, ret);
	return ret->has_terms && ret->state == KAI_STATE_ACTIVE;
}

/* The origin where an agreement is in force, else the first of those who brought the item. */
static int addressee(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
		     struct kai_pair *ret)
{
	struct kai_key prefix = kai_key_u64(item->facts.arrival);
	bool found = in_force(cli, txn, item->facts.header.origin, ret);
	struct kai_scan scan;
	struct kai_span key;

	kai_scan_init(&scan, txn, KAI_TABLE_SUPPLY, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (!found && kai_scan_next(&scan, &key, NULL)) {
		struct kai_key at =
			kai_key_peer((uint16_t)(key.at[key.len - 2] << 8 | key.at[key.len - 1]));
		struct kai_peer peer;

		found = kai_rec_get(txn, KAI_TABLE_PEERS, &at, &kai_object_peer, &cli->arena,
				    &peer) &&
			in_force(cli, txn, peer.org, ret);
	}
	return found ? 0
		     : kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: no agreement with the origin or with who brought it is "
				      "in force: ask by another way"),
				    cli->verb->name);
}

/* "AMBER org:ID,…" by ids, since the reader has other names than we. */
static int asked_label(struct kai_cli *cli, struct kai_txn *txn, char **ret)
{
	struct kai_label label = {.tlp = KAI_TLP_AMBER};
	const char *tlp = kai_opt_value(cli, "tlp");
	const char *audience = kai_opt_value(cli, "for");

	if (tlp != NULL && !kai_tlp_parse(tlp, &label.tlp))
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("--tlp %s: RED, AMBER+STRICT, AMBER, GREEN or CLEAR is meant"), tlp);
	*ret = kai_cli_text(cli, "%s", kai_tlp_word(label.tlp));
	if (label.tlp == KAI_TLP_CLEAR && audience == NULL)
		return 0;
	int exit = kai_audience_parse(cli, txn, audience != NULL ? audience : "org:self", &label);

	if (exit != 0)
		return exit;
	for (size_t i = 0; i < label.audience_count; i++) {
		const struct kai_audience_entry *entry = &label.audience[i];
		char *text = entry->type == KAI_AUD_ORG
				     ? kai_cli_text(cli, "org:%s", kai_cli_id(cli, entry->org.at))
			     : entry->type == KAI_AUD_COMMUNITY
				     ? kai_cli_text(cli, "community:%s/%s",
						    kai_cli_id(cli, entry->org.at),
						    kai_cli_str(cli, entry->text))
				     : kai_audience_text(cli, txn, entry);

		*ret = kai_cli_text(cli, "%s%s%s", *ret, i == 0 ? " " : ",", text);
	}
	return 0;
}

int kai_verb_release_request(struct kai_cli *cli)
{
	struct kai_fields *fields = kai_cli_take(cli, sizeof(*fields));
	struct kai_pair *pair = kai_cli_take(cli, sizeof(*pair));
	struct subject subject = {.item = NULL};
	char *label = NULL;
	uint8_t index;
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	*fields = (struct kai_fields){.title = T("A release is asked for"), .text = ""};
	exit = find_subject(cli, txn, &subject);
	if (exit == 0 && is_ours(cli, subject.item))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: it is ours: kairan release grant"), cli->args[0]);
	if (exit == 0)
		exit = part_index(cli, &subject, &index);
	if (exit == 0 && subject.request != NULL && kai_opt_value(cli, "for") == NULL)
		label = kai_cli_text(cli, "%s", subject.label); /* handed on as it was asked */
	else if (exit == 0)
		exit = asked_label(cli, txn, &label);
	if (exit == 0)
		exit = addressee(cli, txn, subject.item, pair);
	if (exit == 0)
		exit = set_fields(
			cli, fields, "request",
			(const char *const[3]){kai_cli_id(cli, subject.item->facts.item.id),
					       subject.part, label});
	kai_txn_abort(txn);
	return exit != 0 ? exit : write_letter(cli, pair, subject.item, fields);
}

/* ---- refuse */

int kai_verb_release_refuse(struct kai_cli *cli)
{
	struct kai_fields *fields = kai_cli_take(cli, sizeof(*fields));
	struct kai_pair *pair = kai_cli_take(cli, sizeof(*pair));
	struct kai_loaded *request;
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	*fields = (struct kai_fields){.title = T("A release is refused"), .text = ""};
	exit = load(cli, txn, cli->args[0], &request);
	if (exit == 0 && (request->facts.header.kind != KAI_KIND_RELEASE || is_ours(cli, request) ||
			  strcmp(field_of(cli, request, "step"), "request") != 0))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: not a request of another organisation (kairan list "
				      "--kind release)"),
				    cli->args[0]);
	if (exit == 0 && !in_force(cli, txn, request->facts.header.origin, pair))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: no agreement with who asked is in force: tell them by "
				      "another way"),
				    cli->verb->name);
	if (exit == 0)
		exit = set_fields(cli, fields, "refuse",
				  (const char *const[3]){field_of(cli, request, "target"),
							 field_of(cli, request, "part"),
							 field_of(cli, request, "label")});
	kai_txn_abort(txn);
	return exit != 0 ? exit : write_letter(cli, pair, request, fields);
}

/* ---- grant */

/* What was asked for, as a start: TLP and audience. */
static int as_asked(struct kai_cli *cli, struct kai_txn *txn, const char *asked,
		    struct kai_label *io_label)
{
	char *audience = kai_cli_text(cli, "%s", asked);
	char *tlp = strsep(&audience, " ");

	if (!kai_tlp_parse(tlp, &io_label->tlp))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: what is asked for is not readable: say --to and "
				      "--audience"),
				    cli->args[0]);
	io_label->audience_count = 0;
	return audience == NULL ? 0 : kai_audience_parse(cli, txn, audience, io_label);
}

static int grant_label(struct kai_cli *cli, struct kai_txn *txn, const struct subject *subject,
		       struct kai_label *io_label)
{
	const char *to = kai_opt_value(cli, "to");
	bool said = to != NULL || kai_opt_is(cli, "audience") || kai_opt_is(cli, "onward") ||
		    kai_opt_is(cli, "gov-share");

	if (!said && subject->label == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: to whom? (--to TLP, --audience LIST)"), cli->verb->name);
	int exit = subject->label != NULL && to == NULL && !kai_opt_is(cli, "audience")
			   ? as_asked(cli, txn, subject->label, io_label)
			   : 0;

	if (exit == 0 && to != NULL && !kai_tlp_parse(to, &io_label->tlp))
		exit = kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--to %s: RED, AMBER+STRICT, AMBER, GREEN or CLEAR is meant"),
				    to);
	if (io_label->tlp == KAI_TLP_CLEAR)
		io_label->audience_count = 0;
	return exit != 0 ? exit : kai_label_options(cli, txn, false, io_label);
}

static int prepare_grant(struct kai_cli *cli, struct kai_txn *txn, struct kai_ctl_grant *io_grant)
{
	struct subject subject = {.item = NULL};
	uint8_t index = 0;
	int exit = find_subject(cli, txn, &subject);

	if (exit == 0 && !is_ours(cli, subject.item))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: only its origin widens it (%s): kairan release request"),
				    cli->args[0],
				    kai_org_name(cli, txn, subject.item->facts.header.origin));
	if (exit == 0)
		exit = part_index(cli, &subject, &index);
	if (exit == 0 && (subject.item->facts.labels_known >> index & 1) == 0)
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: cannot be opened here"),
				    cli->args[0]);
	if (exit != 0)
		return exit;
	io_grant->label = subject.item->labels[index];
	io_grant->part = kai_span_str(subject.part);
	memcpy(io_grant->id, subject.item->facts.item.id, KAI_ID_LEN);
	return grant_label(cli, txn, &subject, &io_grant->label);
}

int kai_verb_release_grant(struct kai_cli *cli)
{
	const char *until = kai_opt_value(cli, "until");
	struct kai_ctl_grant request = {.version = KAI_VERSION,
					.type = KAI_CONTROL_GRANT,
					.dry_run = kai_opt_is(cli, "dry-run")};
	struct kai_wall end = {0};
	int exit = until != NULL ? kai_cli_time(cli, "until", until, false, &end) : 0;

	if (exit == 0)
		exit = kai_cli_open(cli);
	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	request.expires = (uint64_t)end.ms;
	exit = prepare_grant(cli, txn, &request);
	kai_txn_abort(txn);
	return exit != 0 ? exit : kai_publish(cli, &kai_object_ctl_grant, &request);
}
