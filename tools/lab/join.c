/* SPDX-License-Identifier: Apache-2.0 */
/* Two organisations meet: cards both ways with fingerprints, one drafts and proposes, the other accepts, the first imports. */
#include "lab.h"

#include <string.h>

static char *lab_file(struct kai_cli *cli, const struct kai_lab *lab, const char *name,
		      const char *ending)
{
	return kai_cli_text(cli, "%s/%s.%s", lab->dir, name, ending);
}

int kai_lab_hand_card(struct kai_cli *cli, const struct kai_lab *lab,
		      const struct kai_lab_node *from, const struct kai_lab_node *to)
{
	char *file = lab_file(cli, lab, from->name, "kcard");
	const char *const export[] = {"card", "export", "-o", file, NULL};
	const char *const show[] = {"card", "show", file, NULL};
	json_t *card = NULL;
	int code = kai_lab_kairan(cli, lab, from, export, NULL);

	if (code == 0)
		code = kai_lab_kairan(cli, lab, from, show, &card);
	if (code != 0)
		return code;
	const char *fingerprint = json_string_value(json_object_get(card, "fingerprint"));
	const char *const import[] = {
		"card", "import",   file, "--fingerprint", fingerprint != NULL ? fingerprint : "",
		"--as", from->name, NULL};

	code = kai_lab_kairan(cli, lab, to, import, NULL);
	json_decref(card);
	return code;
}

/* A node knows its partners by alias and itself as "self". */
static const char *as_seen_by(struct kai_cli *cli, const struct kai_lab_node *node,
			      const char *community)
{
	const char *slash = strchr(community, '/');

	if (slash == NULL || strlen(node->name) != (size_t)(slash - community) ||
	    strncmp(node->name, community, (size_t)(slash - community)) != 0)
		return community;
	return kai_cli_text(cli, "self%s", slash);
}

static int draft(struct kai_cli *cli, const struct kai_lab *lab,
		 const struct kai_lab_agreement *agreement, const char *terms)
{
	const char *args[22 + 2 * KAI_LAB_MAX_LIST] = {"agree",	   "draft",
						       "--with",   lab->nodes[agreement->b].name,
						       "--preset", agreement->preset,
						       "--as",	   agreement->side,
						       "-o",	   terms};
	size_t count = 10;

	for (size_t i = 0; agreement->communities[i] != NULL; i++) {
		args[count++] = "--community";
		args[count++] =
			as_seen_by(cli, &lab->nodes[agreement->a], agreement->communities[i]);
	}
	if (agreement->until != NULL) {
		args[count++] = "--until";
		args[count++] = agreement->until;
	}
	if (agreement->signers != NULL) {
		args[count++] = "--signers";
		args[count++] = agreement->signers;
	}
	args[count] = NULL;
	return kai_lab_kairan(cli, lab, &lab->nodes[agreement->a], args, NULL);
}

int kai_lab_join(struct kai_cli *cli, const struct kai_lab *lab,
		 const struct kai_lab_agreement *agreement)
{
	const struct kai_lab_node *a = &lab->nodes[agreement->a], *b = &lab->nodes[agreement->b];
	char *name = kai_cli_text(cli, "%s--%s", a->name, b->name);
	char *terms = lab_file(cli, lab, name, "terms");
	char *proposed = lab_file(cli, lab, name, "proposed.kagree");
	char *accepted = lab_file(cli, lab, name, "kagree");
	const char *const propose[] = {"agree", "propose", terms, "-o", proposed, NULL};
	const char *const accept[] = {"agree", "accept", proposed, "-o", accepted, NULL};
	const char *const import[] = {"agree", "import", accepted, NULL};
	int code = kai_lab_hand_card(cli, lab, a, b);

	if (code == 0)
		code = kai_lab_hand_card(cli, lab, b, a);
	if (code == 0)
		code = draft(cli, lab, agreement, terms);
	if (code == 0)
		code = kai_lab_fill_terms(cli, lab, agreement, terms);
	if (code == 0)
		code = kai_lab_kairan(cli, lab, a, propose, NULL);
	if (code == 0)
		code = kai_lab_kairan(cli, lab, b, accept, NULL);
	if (code == 0)
		code = kai_lab_kairan(cli, lab, a, import, NULL);
	return code;
}

int kai_lab_members(struct kai_cli *cli, const struct kai_lab *lab,
		    const struct kai_lab_community *community)
{
	for (size_t i = 0; i < community->member_count; i++) {
		const char *const add[] = {
			"member",      "add",		lab->nodes[community->members[i]].name,
			"--community", community->name, NULL};
		int code = kai_lab_kairan(cli, lab, &lab->nodes[community->keeper], add, NULL);

		if (code != 0)
			return code;
	}
	return 0;
}
