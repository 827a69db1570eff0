/* SPDX-License-Identifier: Apache-2.0 */
/* file, revise, retract: what an author says. */
#include <sodium.h>
#include <string.h>

#include "compose.h"
#include "realm.h"
#include "item.h"
#include "reissue.h"
#include "root.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_file_opts[] = {
	{"set", "FIELD=VALUE", true, N_("a field of this kind; title and text too")},
	{"from", "FILE.json", false, N_("fields from a JSON object")},
	{"tlp", "TLP", false, N_("RED, AMBER+STRICT, AMBER, GREEN or CLEAR")},
	{"audience", "LIST", false, N_("org:X,community:K/N,sector:Z,country:CC")},
	{"onward", "O", false, N_("passing on: none, constituency, community or any")},
	{"gov-share", "yes|no", false,
	 N_("may governments hold it that the audience does not name? (default no)")},
	{"urgency", "U", false, N_("now, today or info (default by kind)")},
	{"valid", "DURATION", false, N_("until when it counts (default by kind)")},
	{"sector", "CODE", true, N_("sectors it concerns (default: our card's)")},
	{"part", "NAME:TLP[:MEDIA]=FILE", true, N_("a further part with its own label")},
	{"part-audience", "NAME=LIST", true, N_("who of the audience may hold that part")},
	{"incident", "ID", false, N_("id of the incident's first report")},
	{"ref", "ID", true, N_("another advisory that it refers to")},
	{"made-from", "ID", false,
	 N_("an edition of that advisory: readers see a commitment, an auditor can check it")},
	{"anonymise", "ID", false,
	 N_("that advisory again without its origin, starting from its fields")},
	{"text-lang", "TAG", false, N_("language of the text (default: --lang)")},
	{"dry-run", NULL, false, N_("say who would get it, store nothing")},
	{"keep", NULL, false, N_("store it even if no organisation may receive it")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_retract_opts[] = {
	{"reason", "R", false, N_("false-alarm, superseded, misdirected or drill-leak")},
	{"set", "FIELD=VALUE", true, N_("title or text of the retraction")},
	{"dry-run", NULL, false, N_("say whom it would reach, store nothing")},
	{NULL, NULL, false, NULL},
};

static int id_option(struct kai_cli *cli, struct kai_txn *txn, struct kai_draft *draft)
{
	const char *incident = kai_opt_value(cli, "incident");
	const char *ref;
	uint64_t arrival;
	size_t at = 0;
	int exit = 0;

	if (incident != NULL) {
		exit = kai_item_find(cli, txn, incident, draft->incident.id, &arrival);
		draft->incident.is = true;
	}
	draft->refs = kai_cli_take(cli, sizeof(*draft->refs) * KAI_MAX_REFS);
	while (exit == 0 && (ref = kai_opt_next(cli, "ref", &at)) != NULL) {
		if (draft->refs_count >= KAI_MAX_REFS)
			return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--ref: at most %d"),
					    KAI_MAX_REFS);
		exit = kai_item_find(cli, txn, ref, draft->refs[draft->refs_count], &arrival);
		draft->refs_count++;
	}
	for (size_t i = 0; exit == 0 && i < draft->refs_count; i++)
		for (size_t k = i; k > 0 && memcmp(draft->refs[k - 1], draft->refs[k], 32) > 0;
		     k--) {
			uint8_t swap[KAI_ID_LEN];

			memcpy(swap, draft->refs[k], KAI_ID_LEN);
			memcpy(draft->refs[k], draft->refs[k - 1], KAI_ID_LEN);
			memcpy(draft->refs[k - 1], swap, KAI_ID_LEN);
		}
	return exit;
}

/* Our card's sectors, where the author names none. */
static void default_sectors(struct kai_cli *cli, struct kai_txn *txn, struct kai_draft *draft)
{
	struct kai_card_rec rec;
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	uint8_t digest[KAI_ID_LEN];

	if (kai_rec_card(txn, cli->org, &cli->arena, &rec) &&
	    kai_card_open(rec.bytes, &cli->arena, card, digest) == KAI_FAULT_NONE) {
		draft->sectors = card->sectors;
		draft->sectors_count = card->sectors_count;
	}
}

/* main and what follows from it; label and references stand already. */
static int finish(struct kai_cli *cli, struct kai_fields *fields, struct kai_draft *draft,
		  const struct kai_reissue *reissue)
{
	struct kai_ctl_publish request = {.version = KAI_VERSION,
					  .type = KAI_CONTROL_PUBLISH,
					  .dry_run = kai_opt_is(cli, "dry-run"),
					  .keep = kai_opt_is(cli, "keep")};
	struct kai_draft_part *main_part = &draft->parts[0];
	struct kai_source_mark once = {.name = kai_span_str("")};
	int exit = kai_fields_read(cli, fields);

	main_part->name = kai_span_str("main");
	main_part->media_type = kai_span_str(kai_cli_text(cli, "kairan/%s", fields->row->word));
	if (exit == 0)
		exit = kai_reissue_fields(cli, fields, reissue);
	if (exit == 0)
		exit = kai_fields_encode(cli, fields, &main_part->content);
	if (exit == 0)
		exit = kai_draft_options(cli, draft);
	if (exit == 0)
		exit = kai_parts_options(cli, draft);
	if (exit == 0)
		exit = kai_reissue_parts(cli, draft, reissue);
	if (exit == 0 && fields->row->directed)
		for (size_t i = 0; i < draft->label.audience_count; i++)
			if (draft->label.audience[i].type != KAI_AUD_ORG)
				exit = kai_cli_fail(cli, KAI_EXIT_REFUSED,
						    T("%s: is directed: its audience names "
						      "organisations only"),
						    fields->row->word);
	if (exit == 0 && draft->kind == KAI_KIND_ALERT && !request.dry_run)
		exit = kai_cli_confirm(cli, kai_realm_word(cli),
				       kai_cli_text(cli,
						    cli->drill == NULL
							    ? T("%s: a live alert")
							    : T("%s: an alert of a drill"),
						    cli->verb->name));
	if (exit == 0)
		exit = kai_reissue_keep(cli, reissue);
	if (exit != 0)
		return exit;
	request.draft = *draft;
	/* However often it is sent, it is published once. */
	randombytes_buf(once.key, sizeof(once.key));
	request.source = &once;
	return kai_publish(cli, &kai_object_ctl_publish, &request);
}

static int unknown_kind(struct kai_cli *cli, const char *word)
{
	const char *words[64];
	char *all = kai_cli_text(cli, "%s", "");

	for (size_t i = 0; i < kai_kind_row_count && i < 64; i++) {
		words[i] = kai_kind_rows[i].word;
		all = kai_cli_text(cli, "%s%s%s", all, i > 0 ? ", " : "", words[i]);
	}
	const char *near = kai_nearest(word, words, kai_kind_row_count);

	if (near != NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("file %s: not a kind (did you mean %s?)"), word, near);
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("file %s: not a kind (there are %s)"), word,
			    all);
}

int kai_verb_file(struct kai_cli *cli)
{
	struct kai_fields *fields = kai_cli_take(cli, sizeof(*fields));
	struct kai_reissue reissue;
	struct kai_draft draft = {.label = {.onward = KAI_ONWARD_ANY,
					    .attribution = KAI_ATTR_NAMED,
					    .pap = KAI_PAP_GREEN}};

	fields->row = kai_kind_by_word(cli->args[0]);
	if (fields->row == NULL)
		return unknown_kind(cli, cli->args[0]);
	if (fields->row->kind == KAI_KIND_RETRACT)
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("file retract: an item is retracted with `kairan retract ID`"));
	if (fields->row->kind == KAI_KIND_RELEASE)
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("file release: a release is asked for, granted or refused with "
			  "`kairan release request|grant|refuse ID`"));
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	draft.kind = fields->row->kind;
	draft.parts = kai_cli_take(cli, sizeof(*draft.parts) * KAI_MAX_PARTS);
	draft.parts_count = 1;
	default_sectors(cli, txn, &draft);
	exit = kai_label_options(cli, txn, true, &draft.label);
	if (exit == 0)
		exit = id_option(cli, txn, &draft);
	if (exit == 0)
		exit = kai_reissue_begin(cli, txn, fields, &draft, &reissue);
	kai_txn_abort(txn);
	return exit != 0 ? exit : finish(cli, fields, &draft, &reissue);
}

/* ---- revise ---- */

/* Parts that the author does not replace go along as they are. */
static int carry_parts(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
		       struct kai_draft *draft)
{
	const struct kai_header *header = &item->facts.header;

	for (uint8_t i = 1; i < header->parts_count && i < KAI_MAX_PARTS; i++) {
		struct kai_draft_part *part = &draft->parts[draft->parts_count];
		char *name = kai_cli_str(cli, header->parts[i].name);
		bool replaced = false;
		const char *given;
		size_t at = 0;

		while ((given = kai_opt_next(cli, "part", &at)) != NULL)
			replaced = replaced || (strncmp(given, name, strlen(name)) == 0 &&
						given[strlen(name)] == ':');
		if (replaced)
			continue;
		struct kai_label *label = kai_cli_take(cli, sizeof(*label));
		struct kai_span content;

		if (!kai_item_part(cli, txn, item, i, &content))
			return kai_cli_fail(
				cli, KAI_EXIT_REFUSED,
				T("revise: part %s cannot be opened here (give it anew: "
				  "--part)"),
				name);
		*label = item->labels[i];
		part->name = kai_span_str(name);
		part->media_type = kai_span_str(kai_cli_str(cli, header->parts[i].media_type));
		part->content = content;
		part->label = label;
		draft->parts_count++;
	}
	return 0;
}

/* The item to be revised becomes the draft; options change what they name. */
static int load_revised(struct kai_cli *cli, struct kai_txn *txn, struct kai_fields *fields,
			struct kai_draft *draft, struct kai_loaded *item)
{
	uint64_t arrival;

	draft->supersedes = kai_cli_take(cli, sizeof(*draft->supersedes));
	int exit = kai_item_find(cli, txn, cli->args[0], draft->supersedes[0], &arrival);

	if (exit != 0)
		return exit;
	if (!kai_item_load(cli, txn, arrival, true, item) || !item->has_body)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: cannot be opened here"),
				    cli->args[0]);
	const struct kai_header *header = &item->facts.header;

	if (!kai_id_equal(header->origin, cli->org))
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: only its origin may revise it (%s)"), cli->args[0],
				    kai_org_name(cli, txn, header->origin));
	fields->row = kai_kind_row(header->kind);
	if (fields->row == NULL || header->kind == KAI_KIND_RETRACT)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: a retraction is final"),
				    cli->args[0]);
	kai_fields_from(cli, fields, &item->body);
	draft->supersedes_count = 1;
	draft->kind = header->kind;
	draft->urgency = header->urgency;
	draft->lang = header->lang;
	draft->label = header->label;
	draft->sectors = header->sectors;
	draft->sectors_count = header->sectors_count;
	draft->incident = header->incident;
	draft->parts = kai_cli_take(cli, sizeof(*draft->parts) * KAI_MAX_PARTS);
	draft->parts_count = 1;
	return carry_parts(cli, txn, item, draft);
}

int kai_verb_revise(struct kai_cli *cli)
{
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	struct kai_reissue reissue;
	struct kai_fields *fields = kai_cli_take(cli, sizeof(*fields));
	struct kai_draft draft = {.kind = 0};
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = load_revised(cli, txn, fields, &draft, item);
	if (exit == 0)
		exit = kai_label_options(cli, txn, false, &draft.label);
	if (exit == 0)
		exit = id_option(cli, txn, &draft);
	if (exit == 0)
		exit = kai_reissue_again(cli, txn, item, &draft, &reissue);
	kai_txn_abort(txn);
	return exit != 0 ? exit : finish(cli, fields, &draft, &reissue);
}

/* ---- retract ---- */

int kai_verb_retract(struct kai_cli *cli)
{
	const char *reason = kai_opt_value(cli, "reason");
	struct kai_fields *fields = kai_cli_take(cli, sizeof(*fields));
	struct kai_ctl_retract request = {
		.version = KAI_VERSION,
		.type = KAI_CONTROL_RETRACT,
		.lang = kai_span_str(cli->lang == KAI_LANG_JA ? "ja" : "en"),
		.dry_run = kai_opt_is(cli, "dry-run")};
	uint64_t arrival;
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_item_find(cli, txn, cli->args[0], request.id, &arrival);
	kai_txn_abort(txn);
	if (exit != 0)
		return exit;
	if (reason == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("retract: --reason is needed (false-alarm, superseded, "
				      "misdirected or drill-leak)"));
	fields->row = kai_kind_row(KAI_KIND_RETRACT);
	fields->title = T("Retracted");
	exit = kai_fields_set(cli, fields, "reason", reason);
	if (exit == 0)
		exit = kai_fields_read(cli, fields);
	if (exit == 0)
		exit = kai_fields_encode(cli, fields, &request.body);
	if (exit == 0 && request.body.len > KAI_MAX_RETRACT_LEN)
		exit = kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("retract: the text is too long (2 KiB)"));
	return exit != 0 ? exit : kai_publish(cli, &kai_object_ctl_retract, &request);
}
