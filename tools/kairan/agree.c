/* SPDX-License-Identifier: Apache-2.0 */
/* Agreements: draft, propose, accept, import, renew, and one-sided notices. */
#include <string.h>

#include "agree.h"
#include "preset.h"
#include "root.h"
#include "verbs.h"
#include "view.h"

#define TERMS_TEXT_MAX ((size_t)512 * 1024)

const struct kai_opt kai_agree_draft_opts[] = {
	{"with", "CARD|ORG", false, N_("the other side: its card file, alias or id")},
	{"preset", "NAME", false, N_("which pair of roles (see dist/presets)")},
	{"as", "ROLE", false, N_("which of the preset's two roles is ours")},
	{"side", "a|b", false, N_("the same by place: a is the preset's first role")},
	{"community", "KEEPER/NAME", true, N_("community whose memberships count, both ways")},
	{"until", "T", false, N_("end: a time or a duration from now (default 365d)")},
	{"signers", "N", false, N_("signatures asked on an alert, 1 to 4 (default 1)")},
	{"o", "FILE", false, N_("write there instead of to stdout")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_agree_out_opts[] = {
	{"o", "FILE", false, N_("write there instead of to stdout")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_agree_notice_opts[] = {
	{"reason", "R", false, N_("why, for the other side to read")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_agree_renew_opts[] = {
	{"until", "T", false, N_("new end: a time or a duration from now (default 365d)")},
	{"o", "FILE", false, N_("write there instead of to stdout")},
	{NULL, NULL, false, NULL},
};

/* ---- names in terms ---- */

struct names {
	struct kai_cli *cli;
	struct kai_txn *txn;
};

static bool find_name(void *context, const char *text, uint8_t ret[KAI_ID_LEN])
{
	struct names *names = context;
	FILE *err = names->cli->err;

	if (names->txn == NULL)
		return false;
	/* The reader says it better, with the line. */
	names->cli->err = fopen("/dev/null", "we");
	bool found =
		names->cli->err != NULL && kai_org_find(names->cli, names->txn, text, ret) == 0;

	if (names->cli->err != NULL)
		(void)fclose(names->cli->err);
	names->cli->err = err;
	return found;
}

int kai_agree_terms(struct kai_cli *cli, const char *path, const char *text, struct kai_terms *ret)
{
	struct names context = {cli, cli->store != NULL ? kai_cli_txn(cli) : NULL};
	struct kai_terms_names names = {&context, find_name};
	struct kai_terms_error error = {""};
	bool fine = kai_terms_read(path, text, &names, &cli->arena, ret, &error);

	kai_txn_abort(context.txn);
	return fine ? 0 : kai_cli_fail(cli, KAI_EXIT_USAGE, "%s", error.text);
}

/* ---- draft ---- */

static char *quoted(struct kai_cli *cli, struct kai_span text)
{
	char *out = kai_cli_text(cli, "%s", "");

	for (size_t i = 0; i < text.len; i++)
		out = kai_cli_text(cli, "%s%s%c", out,
				   text.at[i] == '"' || text.at[i] == '\\' ? "\\" : "", text.at[i]);
	return out;
}

static char *quoted_list(struct kai_cli *cli, const struct kai_span *texts, size_t count)
{
	char *out = kai_cli_text(cli, "%s", "");

	for (size_t i = 0; i < count; i++)
		out = kai_cli_text(cli, "%s%s\"%s\"", out, i > 0 ? ", " : "",
				   quoted(cli, texts[i]));
	return out;
}

static bool own_card(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN],
		     struct kai_card *ret)
{
	struct kai_card_rec rec;
	uint8_t digest[KAI_ID_LEN];

	return kai_rec_card(txn, org, &cli->arena, &rec) &&
	       kai_card_open(rec.bytes, &cli->arena, ret, digest) == KAI_FAULT_NONE;
}

/* The other side by its card file or by its name here. */
static int other_card(struct kai_cli *cli, struct kai_txn *txn, const char *with,
		      struct kai_card *ret)
{
	uint8_t org[KAI_ID_LEN];
	size_t len = strlen(with);

	if (len > 6 && strcmp(with + len - 6, ".kcard") == 0) {
		struct kai_span bytes;
		uint8_t digest[KAI_ID_LEN];
		int exit = kai_armour_read(cli, KAI_CARD_TYPE, with, &bytes);

		if (exit == 0 && kai_card_open(bytes, &cli->arena, ret, digest) != KAI_FAULT_NONE)
			exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: not a believable card"),
					    with);
		return exit;
	}
	int exit = kai_org_find(cli, txn, with, org);

	if (exit == 0 && !own_card(cli, txn, org, ret))
		exit = kai_cli_fail(cli, KAI_EXIT_NOTHING,
				    T("%s: its card is not here (kairan card import)"), with);
	return exit;
}

static int pick_side(struct kai_cli *cli, const struct kai_preset *preset, size_t *ret)
{
	const char *as = kai_opt_value(cli, "as");
	const char *side = kai_opt_value(cli, "side");

	*ret = 0;
	if (as != NULL && strcmp(as, preset->roles[0]) == 0)
		return 0;
	if (side != NULL && strcmp(side, "a") == 0)
		return 0;
	*ret = 1;
	if (as != NULL && strcmp(as, preset->roles[1]) == 0)
		return 0;
	if (side != NULL && strcmp(side, "b") == 0)
		return 0;
	*ret = 0;
	if (as == NULL && side == NULL && strcmp(preset->roles[0], preset->roles[1]) == 0)
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_USAGE,
			    T("agree draft: which role is ours? (--as %s or --as %s)"),
			    preset->roles[0], preset->roles[1]);
}

static int community_list(struct kai_cli *cli, struct kai_txn *txn, char **ret)
{
	const char *value;
	size_t at = 0;

	*ret = kai_cli_text(cli, "%s", "");
	while ((value = kai_opt_next(cli, "community", &at)) != NULL) {
		struct kai_community community;
		int exit = kai_community_find(cli, txn, value, &community);

		if (exit != 0)
			return exit;
		*ret = kai_cli_text(cli, "%s%s\"%s/%.*s\"", *ret, (*ret)[0] ? ", " : "",
				    kai_cli_id(cli, community.keeper), (int)community.name.len,
				    (const char *)community.name.at);
	}
	return 0;
}

static char *time_text(struct kai_cli *cli, int64_t ms)
{
	char *text = kai_cli_take(cli, KAI_TIME_TEXT);

	kai_time_text((struct kai_wall){ms}, text);
	return text;
}

static int end_time(struct kai_cli *cli, struct kai_wall *ret)
{
	const char *until = kai_opt_value(cli, "until");

	if (until != NULL)
		return kai_cli_time(cli, "until", until, false, ret);
	ret->ms = kai_cli_now().ms + 365 * KAI_MS_DAY;
	return 0;
}

static int signers_option(struct kai_cli *cli, const char **ret)
{
	const char *signers = kai_opt_value(cli, "signers");

	*ret = signers != NULL ? signers : "1";
	if (strlen(*ret) == 1 && **ret >= '1' && **ret <= '0' + KAI_MAX_SIGNATURES)
		return 0;
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--signers %s: 1 to %d is meant"), *ret,
			    KAI_MAX_SIGNATURES);
}

static int write_draft(struct kai_cli *cli, const struct kai_preset *preset,
		       const struct kai_card *sides[2], const char *communities)
{
	int64_t now = kai_cli_now().ms / KAI_MS_SECOND * KAI_MS_SECOND;
	struct kai_wall end = {0};
	const char *signers = NULL;
	int exit = end_time(cli, &end);

	if (exit == 0)
		exit = signers_option(cli, &signers);
	if (exit != 0)
		return exit;
	struct kai_place places[] = {
		{"SERIAL", "1"},
		{"PREDECESSOR", ""},
		{"VALID_FROM", time_text(cli, now)},
		{"VALID_UNTIL", time_text(cli, end.ms)},
		{"REVIEW_BY", time_text(cli, now + (end.ms - now) / 4 * 3)},
		{"COMMUNITIES", communities},
		{"SIGNERS", signers},
		{"FIRST_ORG", kai_cli_id(cli, sides[0]->org)},
		{"FIRST_NAME", quoted(cli, sides[0]->name)},
		{"FIRST_COUNTRY", quoted(cli, sides[0]->country)},
		{"FIRST_SECTORS", quoted_list(cli, sides[0]->sectors, sides[0]->sectors_count)},
		{"SECOND_ORG", kai_cli_id(cli, sides[1]->org)},
		{"SECOND_NAME", quoted(cli, sides[1]->name)},
		{"SECOND_COUNTRY", quoted(cli, sides[1]->country)},
		{"SECOND_SECTORS", quoted_list(cli, sides[1]->sectors, sides[1]->sectors_count)},
	};
	char *text = kai_preset_fill(cli, preset->text, places, sizeof(places) / sizeof(*places));
	struct kai_terms terms = {0};

	exit = kai_agree_terms(cli, preset->name, text, &terms);
	if (exit == 0 && kai_opt_is(cli, "signers") && terms.signers != (uint64_t)(*signers - '0'))
		exit = kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--signers: the preset %s says how many itself"),
				    preset->name);
	if (exit != 0)
		return exit;
	return kai_cli_write(cli, kai_opt_value(cli, "o"), kai_span_str(text), 0644);
}

int kai_verb_agree_draft(struct kai_cli *cli)
{
	const char *with = kai_opt_value(cli, "with");
	const char *name = kai_opt_value(cli, "preset");
	struct kai_preset preset = {0};
	struct kai_card me = {0};
	struct kai_card other = {0};
	char *communities = NULL;
	size_t side = 0;

	if (with == NULL || name == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("agree draft: --with ORG and --preset NAME are needed"));
	int exit = kai_preset_load(cli, name, &preset);

	if (exit == 0)
		exit = pick_side(cli, &preset, &side);
	if (exit == 0)
		exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = other_card(cli, txn, with, &other);
	if (exit == 0 && !own_card(cli, txn, cli->org, &me))
		exit = kai_cli_fail(cli, KAI_EXIT_REFUSED, T("card: our own is not in the store"));
	if (exit == 0)
		exit = community_list(cli, txn, &communities);
	kai_txn_abort(txn);
	if (exit != 0)
		return exit;
	const struct kai_card *sides[2] = {side == 0 ? &me : &other, side == 0 ? &other : &me};

	return write_draft(cli, &preset, sides, communities);
}

/* ---- propose, accept, import ---- */

static int answer_file(struct kai_cli *cli, const struct kai_ctl_answer *answer)
{
	if (answer->exit != 0)
		return kai_node_refused(cli, answer);
	return kai_armour_write(cli, KAI_AGREE_TYPE, answer->body);
}

static int propose(struct kai_cli *cli, const struct kai_terms *terms)
{
	struct kai_ctl_agree_propose request = {.version = KAI_VERSION,
						.type = KAI_CONTROL_AGREE_PROPOSE};
	struct kai_ctl_answer answer;

	request.terms = kai_object_encode_in(&kai_object_terms, terms, &cli->arena);
	if (request.terms.len == 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("agree: the terms are too long"));
	int exit = kai_node_ask(cli, &kai_object_ctl_agree_propose, &request, false, &answer);

	return exit != 0 ? exit : answer_file(cli, &answer);
}

int kai_verb_agree_propose(struct kai_cli *cli)
{
	struct kai_span text;
	struct kai_terms terms = {0};
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_read(cli, cli->args[0], TERMS_TEXT_MAX, &text);
	if (exit == 0)
		exit = kai_agree_terms(cli, cli->args[0], kai_cli_str(cli, text), &terms);
	return exit != 0 ? exit : propose(cli, &terms);
}

int kai_verb_agree_accept(struct kai_cli *cli)
{
	struct kai_ctl_agree_file request = {.version = KAI_VERSION,
					     .type = KAI_CONTROL_AGREE_ACCEPT};
	struct kai_ctl_answer answer;
	int exit = kai_armour_read(cli, KAI_AGREE_TYPE, cli->args[0], &request.file);

	if (exit == 0)
		exit = kai_node_ask(cli, &kai_object_ctl_agree_file, &request, false, &answer);
	return exit != 0 ? exit : answer_file(cli, &answer);
}

int kai_verb_agree_import(struct kai_cli *cli)
{
	struct kai_ctl_agree_file_in request = {.version = KAI_VERSION,
						.type = KAI_CONTROL_AGREE_IMPORT};
	struct kai_ctl_answer answer;
	int exit = kai_armour_read(cli, KAI_AGREE_TYPE, cli->args[0], &request.file);

	if (exit == 0)
		exit = kai_node_ask(cli, &kai_object_ctl_agree_file_in, &request, false, &answer);
	if (exit != 0)
		return exit;
	return answer.exit == 0 ? KAI_EXIT_DONE : kai_node_refused(cli, &answer);
}

/* ---- notices, renewal ---- */

static int find_org(struct kai_cli *cli, const char *text, uint8_t ret[KAI_ID_LEN])
{
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_org_find(cli, txn, text, ret);
	kai_txn_abort(txn);
	return exit;
}

static int notice(struct kai_cli *cli, uint64_t action)
{
	const char *reason = kai_opt_value(cli, "reason");
	struct kai_ctl_agree_notice request = {.version = KAI_VERSION,
					       .type = KAI_CONTROL_AGREE_NOTICE,
					       .action = action,
					       .reason =
						       kai_span_str(reason != NULL ? reason : "")};
	struct kai_ctl_answer answer;
	int exit = find_org(cli, cli->args[0], request.org);

	if (exit == 0)
		exit = kai_node_ask(cli, &kai_object_ctl_agree_notice, &request, false, &answer);
	if (exit != 0)
		return exit;
	return answer.exit == 0 ? KAI_EXIT_DONE : kai_node_refused(cli, &answer);
}

int kai_verb_agree_suspend(struct kai_cli *cli)
{
	return notice(cli, KAI_NOTICE_SUSPEND);
}

int kai_verb_agree_resume(struct kai_cli *cli)
{
	return notice(cli, KAI_NOTICE_RESUME);
}

int kai_verb_agree_terminate(struct kai_cli *cli)
{
	int exit = kai_cli_confirm(cli, "terminate", T("agree terminate: this is final"));

	return exit != 0 ? exit : notice(cli, KAI_NOTICE_TERMINATE);
}

int kai_verb_agree_renew(struct kai_cli *cli)
{
	struct kai_pair *pair = kai_cli_take(cli, sizeof(*pair));
	uint8_t org[KAI_ID_LEN];
	struct kai_wall end = {0};
	int exit = find_org(cli, cli->args[0], org);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	kai_pair_load(txn, cli->org, org, kai_cli_now(), &cli->arena, pair);
	struct kai_terms terms = pair->agreement.terms;

	kai_txn_abort(txn);
	if (!pair->has_terms)
		return kai_cli_fail(cli, KAI_EXIT_NOTHING, T("%s: no agreement to renew"),
				    cli->args[0]);
	exit = end_time(cli, &end);
	if (exit != 0)
		return exit;
	terms.serial++;
	terms.predecessor.is = true;
	memcpy(terms.predecessor.id, pair->agreement.digest, KAI_ID_LEN);
	terms.valid_from = (uint64_t)kai_cli_now().ms;
	terms.valid_until = (uint64_t)end.ms;
	if (terms.review_by != 0)
		terms.review_by = terms.valid_from + (terms.valid_until - terms.valid_from) / 4 * 3;
	return propose(cli, &terms);
}
