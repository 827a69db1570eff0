/* SPDX-License-Identifier: Apache-2.0 */
/* Options of an advisory: label, parts, urgency, validity. */
#include "compose.h"

#include <string.h>

#include "root.h"
#include "terms.h"
#include "view.h"

int kai_label_options(struct kai_cli *cli, struct kai_txn *txn, bool need_tlp,
		      struct kai_label *io_label)
{
	const char *tlp = kai_opt_value(cli, "tlp");
	const char *audience = kai_opt_value(cli, "audience");
	const char *onward = kai_opt_value(cli, "onward");
	const char *gov = kai_opt_value(cli, "gov-share");

	if (tlp == NULL && need_tlp && cli->tty)
		tlp = kai_cli_prompt(cli, T("TLP (RED, AMBER+STRICT, AMBER, GREEN, CLEAR):"));
	if (tlp == NULL && need_tlp)
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("%s: --tlp is needed (RED, AMBER+STRICT, AMBER, GREEN, CLEAR)"),
			cli->verb->name);
	if (tlp != NULL && !kai_tlp_parse(tlp, &io_label->tlp))
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("--tlp %s: RED, AMBER+STRICT, AMBER, GREEN or CLEAR is meant"), tlp);
	if (onward != NULL && !kai_onward_parse(onward, &io_label->onward))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--onward %s: none, constituency, community or any is meant"),
				    onward);
	if (gov != NULL && strcmp(gov, "yes") != 0 && strcmp(gov, "no") != 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--gov-share %s: yes or no is meant"),
				    gov);
	if (gov != NULL)
		io_label->gov_share = strcmp(gov, "yes") == 0;
	if (audience == NULL && need_tlp && io_label->tlp != KAI_TLP_CLEAR && cli->tty)
		audience = kai_cli_prompt(
			cli, T("Audience (org:X, community:K/N, sector:Z, country:CC):"));
	if (audience != NULL && audience[0] != '\0') {
		int exit = kai_audience_parse(cli, txn, audience, io_label);

		if (exit != 0)
			return exit;
	}
	if (kai_label_check(io_label) == KAI_FAULT_NONE)
		return 0;
	return kai_cli_fail(
		cli, KAI_EXIT_REFUSED,
		T("label: TLP:%s and this audience contradict one another (CLEAR has no "
		  "audience, all others need one, RED names orgs only, GREEN orgs or "
		  "communities)"),
		kai_tlp_word(io_label->tlp));
}

/* Splits NAME:TLP[:MEDIA]=FILE in place. */
static int split_part(struct kai_cli *cli, const char *given, char *ret[4])
{
	char *copy = kai_cli_text(cli, "%s", given);
	char *equal = strchr(copy, '=');

	for (size_t i = 0; i < 4; i++)
		ret[i] = NULL;
	if (equal != NULL) {
		*equal = '\0';
		ret[3] = equal + 1;
		ret[0] = strsep(&copy, ":");
		ret[1] = strsep(&copy, ":");
		ret[2] = copy;
	}
	if (equal == NULL || ret[0] == NULL || ret[1] == NULL || ret[0][0] == '\0' ||
	    ret[3][0] == '\0')
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--part %s: NAME:TLP[:MEDIA]=FILE is meant"), given);
	return 0;
}

static const char *media_of(const char *path)
{
	static const struct {
		const char *suffix;
		const char *media;
	} rows[] = {
		{".json", "application/json"}, {".txt", "text/plain"}, {".md", "text/markdown"}};
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t end = strlen(rows[i].suffix);

		if (len > end && strcmp(path + len - end, rows[i].suffix) == 0)
			return rows[i].media;
	}
	return "application/octet-stream";
}

static int add_part(struct kai_cli *cli, struct kai_draft *draft, const char *given)
{
	char *pieces[4];
	struct kai_draft_part *part = &draft->parts[draft->parts_count];
	struct kai_label *label = kai_cli_take(cli, sizeof(*label));
	int exit = split_part(cli, given, pieces);

	if (exit != 0)
		return exit;
	*label = draft->label;
	if (!kai_tlp_parse(pieces[1], &label->tlp))
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--part %s: `%s` is not a TLP"), given,
				    pieces[1]);
	if (label->tlp > draft->label.tlp)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("--part %s: wider than the advisory's own TLP:%s (a part can "
				      "only be narrower)"),
				    given, kai_tlp_word(draft->label.tlp));
	*part = (struct kai_draft_part){
		.name = kai_span_str(pieces[0]),
		.media_type = kai_span_str(pieces[2] != NULL ? pieces[2] : media_of(pieces[3])),
		.label = label};
	for (size_t i = 0; i < draft->parts_count; i++)
		if (kai_span_equal(draft->parts[i].name, part->name))
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("--part %s: there is a part of that name"), given);
	exit = kai_cli_read(cli, pieces[3], KAI_MAX_PART_LEN, &part->content);
	if (exit == 0)
		draft->parts_count++;
	return exit;
}

/*
 * --part-audience NAME=AUDIENCE: who of the audience may hold that part. It narrows only; a part's
 * audience that names others than the header's gives those nothing, since both must allow.
 */
static int narrow_part(struct kai_cli *cli, struct kai_txn *txn, struct kai_draft *draft,
		       const char *given)
{
	const char *equal = strchr(given, '=');

	for (size_t i = 1; equal != NULL && i < draft->parts_count; i++) {
		if (!kai_span_equal(draft->parts[i].name, kai_span(given, (size_t)(equal - given))))
			continue;
		return kai_audience_parse(cli, txn, equal + 1, draft->parts[i].label);
	}
	return kai_cli_fail(cli, KAI_EXIT_USAGE,
			    T("--part-audience %s: NAME=AUDIENCE of a --part is meant"), given);
}

static int check_parts(struct kai_cli *cli, const struct kai_draft *draft)
{
	for (size_t i = 1; i < draft->parts_count; i++) {
		const struct kai_label *label = draft->parts[i].label;

		if (kai_label_check(label) != KAI_FAULT_NONE)
			return kai_cli_fail(
				cli, KAI_EXIT_REFUSED,
				T("part %s: TLP:%s cannot go with its audience (RED names orgs "
				  "only, "
				  "GREEN orgs or communities; narrow it: --part-audience)"),
				kai_cli_str(cli, draft->parts[i].name), kai_tlp_word(label->tlp));
	}
	return 0;
}

int kai_parts_options(struct kai_cli *cli, struct kai_draft *io_draft)
{
	struct kai_txn *txn = kai_cli_txn(cli);
	const char *given;
	size_t at = 0;
	int exit = txn != NULL ? 0 : KAI_EXIT_REFUSED;

	while (exit == 0 && (given = kai_opt_next(cli, "part", &at)) != NULL)
		exit = io_draft->parts_count < KAI_MAX_PARTS
			       ? add_part(cli, io_draft, given)
			       : kai_cli_fail(cli, KAI_EXIT_USAGE, T("--part: at most %d parts"),
					      KAI_MAX_PARTS);
	at = 0;
	while (exit == 0 && (given = kai_opt_next(cli, "part-audience", &at)) != NULL)
		exit = narrow_part(cli, txn, io_draft, given);
	kai_txn_abort(txn);
	return exit != 0 ? exit : check_parts(cli, io_draft);
}

int kai_draft_options(struct kai_cli *cli, struct kai_draft *io_draft)
{
	const char *urgency = kai_opt_value(cli, "urgency");
	const char *valid = kai_opt_value(cli, "valid");
	const char *lang = kai_opt_value(cli, "text-lang");
	struct kai_wall end;
	int exit = 0;

	if (urgency != NULL && !kai_urgency_parse(urgency, &io_draft->urgency))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--urgency %s: now, today or info is meant"), urgency);
	if (valid != NULL) {
		exit = kai_cli_time(cli, "valid", valid, false, &end);
		io_draft->not_after = (uint64_t)end.ms;
	}
	if (exit == 0 && kai_opt_is(cli, "sector"))
		exit = kai_root_sectors(cli, &io_draft->sectors, &io_draft->sectors_count);
	if (lang != NULL)
		io_draft->lang = kai_span_str(lang);
	else if (io_draft->lang.len == 0)
		io_draft->lang = kai_span_str(cli->lang == KAI_LANG_JA ? "ja" : "en");
	return exit;
}
