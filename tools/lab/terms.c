/* SPDX-License-Identifier: Apache-2.0 */
/* What people would write into a draft of terms before they propose it: whom to telephone, and whose items a clause carries. */
#include "lab.h"

#include <string.h>

#define NO_CONTACTS "contacts = ( );"
#define CLAUSES "contingency = (\n"
#define TERMS_MOST ((size_t)256 * 1024)

/* The text with that piece put in the place of another, which must be there. */
static char *put(struct kai_cli *cli, char *text, const char *place, const char *piece)
{
	char *at = strstr(text, place);

	if (at == NULL)
		return NULL;
	*at = '\0';
	return kai_cli_text(cli, "%s%s%s", text, piece, at + strlen(place));
}

/* Empty where the node's people have no telephone. */
static const char *contact(struct kai_cli *cli, const struct kai_lab_node *node, const char *side)
{
	return node->telephone == NULL
		       ? ""
		       : kai_cli_text(cli,
				      "\t{ side = \"%s\"; role = \"duty\"; name = \"duty desk\"; "
				      "first = \"%s\"; second = \"mailto:duty@%s.example\"; "
				      "hours = \"24/7\"; }",
				      side, node->telephone, node->name);
}

/* What the clauses let a send of its own they let it send of these. */
static char *clauses(struct kai_cli *cli, const struct kai_lab *lab,
		     const struct kai_lab_agreement *agreement)
{
	char *text = kai_cli_text(cli, "%s", CLAUSES);

	for (size_t i = 0; agreement->carries[i] != NULL; i++)
		text = kai_cli_text(
			cli,
			"%s\t{ from = \"%s\"; to = \"%s\"; kinds = [ \"incident\", \"alert\", "
			"\"sitrep\", "
			"\"rfi-reply\" ]; after = \"30m\"; longest = \"12h\"; pause = \"1h\"; },\n",
			text, agreement->carries[i], lab->nodes[agreement->b].name);
	return text;
}

/* Does this node play the first role there? */
static bool is_first(struct kai_cli *cli, const char *text, const struct kai_lab_node *node)
{
	const char *first = strstr(text, "first: {");
	const char *name = first == NULL ? NULL : strstr(first, "name = \"");
	const char *wanted = kai_cli_text(cli, "name = \"%s\"", node->title);

	return name != NULL && strncmp(name, wanted, strlen(wanted)) == 0;
}

int kai_lab_fill_terms(struct kai_cli *cli, const struct kai_lab *lab,
		       const struct kai_lab_agreement *agreement, const char *path)
{
	struct kai_span bytes;
	int code = kai_cli_read(cli, path, TERMS_MOST, &bytes);

	if (code != 0)
		return code;
	char *text = kai_cli_str(cli, bytes);
	bool first = is_first(cli, text, &lab->nodes[agreement->a]);
	const char *of_a = contact(cli, &lab->nodes[agreement->a], first ? "first" : "second");
	const char *of_b = contact(cli, &lab->nodes[agreement->b], first ? "second" : "first");
	char *contacts = kai_cli_text(cli, "contacts = (\n%s%s%s\n);", of_a,
				      of_a[0] != '\0' && of_b[0] != '\0' ? ",\n" : "", of_b);

	text = put(cli, text, NO_CONTACTS, contacts);
	if (text != NULL && agreement->carries[0] != NULL)
		text = put(cli, text, CLAUSES, clauses(cli, lab, agreement));
	if (text == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: this preset has no place for contacts or clauses"),
				    agreement->preset);
	return kai_cli_write(cli, path, kai_span_str(text), 0644);
}
