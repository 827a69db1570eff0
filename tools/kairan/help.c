/* SPDX-License-Identifier: Apache-2.0 */
/* --help and the manual page, both from the verb table. */
#include <string.h>

#include "view.h"

static void print_opts(struct kai_cli *cli, const struct kai_opt *opts)
{
	for (; opts != NULL && opts->name != NULL; opts++) {
		const char *dash = opts->name[1] == '\0' ? "-" : "--";
		char left[128];

		(void)snprintf(left, sizeof(left), "%s%s%s%s%s", dash, opts->name,
			       opts->arg != NULL ? " " : "", opts->arg != NULL ? opts->arg : "",
			       opts->many ? " …" : "");
		(void)fprintf(cli->out, "  %s", left);
		size_t width = kai_view_width(left);

		if (width > 34)
			(void)fprintf(cli->out, "\n  %*s", 36, "");
		else
			(void)fprintf(cli->out, "%*s", (int)(36 - width), "");
		(void)fprintf(cli->out, "%s\n", T(opts->help));
	}
}

static void print_overview(struct kai_cli *cli)
{
	(void)fprintf(cli->out, "%s\n\n", T("usage: kairan [--dir DIR] VERB …"));
	for (size_t i = 0; i < kai_verb_count; i++) {
		const struct kai_verb *verb = &kai_verbs[i];
		char left[64];

		(void)snprintf(left, sizeof(left), "%s", verb->name);
		(void)fprintf(cli->out, "  %-18s%s\n", left, T(verb->help));
	}
	(void)fprintf(cli->out, "\n%s\n", T("Options of every verb:"));
	print_opts(cli, kai_common_opts);
	(void)fprintf(cli->out, "\n%s\n",
		      T("Exit: 0 done, 1 refused, 2 the node cannot be reached, 3 bad input, "
			"4 nothing found."));
}

void kai_help_print(struct kai_cli *cli, const struct kai_verb *verb)
{
	if (verb == NULL) {
		print_overview(cli);
		return;
	}
	(void)fprintf(cli->out, T("usage: kairan %s %s"), verb->name, verb->args);
	(void)fprintf(cli->out, "\n\n%s\n", T(verb->help));
	if (verb->opts != NULL) {
		(void)fprintf(cli->out, "\n");
		print_opts(cli, verb->opts);
	}
	(void)fprintf(cli->out, "\n%s\n", T("Options of every verb:"));
	print_opts(cli, kai_common_opts);
}

static void mdoc_opts(FILE *out, const struct kai_opt *opts)
{
	for (; opts != NULL && opts->name != NULL; opts++) {
		(void)fprintf(out, ".It Fl %s%s%s%s\n", opts->name[1] == '\0' ? "" : "-",
			      opts->name, opts->arg != NULL ? " Ar " : "",
			      opts->arg != NULL ? opts->arg : "");
		(void)fprintf(out, "%s%s\n", opts->help, opts->many ? " (may be repeated)" : "");
	}
}

void kai_help_mdoc(FILE *out)
{
	(void)fprintf(out, ".Dd $Mdocdate$\n.Dt KAIRAN 1\n.Os\n.Sh NAME\n.Nm kairan\n"
			   ".Nd exchange signed, labelled advisories\n.Sh SYNOPSIS\n.Nm\n"
			   ".Op Fl -dir Ar DIR\n.Ar verb ...\n.Sh DESCRIPTION\n");
	(void)fprintf(out,
		      "Reading works while the node is down; whatever changes state asks the "
		      "running\n.Xr kairand 8 .\n"
		      "An id is a unique prefix of 8 characters or more; an organisation is its "
		      "alias or a prefix of its id.\n"
		      "Options of every verb:\n.Bl -tag -width Ds\n");
	mdoc_opts(out, kai_common_opts);
	(void)fprintf(out, ".El\n.Sh VERBS\n");
	for (size_t i = 0; i < kai_verb_count; i++) {
		(void)fprintf(out, ".Ss %s %s\n%s.\n", kai_verbs[i].name, kai_verbs[i].args,
			      kai_verbs[i].help);
		if (kai_verbs[i].opts != NULL) {
			(void)fprintf(out, ".Bl -tag -width Ds\n");
			mdoc_opts(out, kai_verbs[i].opts);
			(void)fprintf(out, ".El\n");
		}
	}
	(void)fprintf(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n"
			   ".It 0\nDone.\n.It 1\nThe node or the rules refused.\n"
			   ".It 2\nThe node cannot be reached.\n.It 3\nUsage or bad input.\n"
			   ".It 4\nNothing found.\n"
			   ".It 12\n.Cm status :\na link with a duty is down.\n"
			   ".It 13\n.Cm status :\nan agreement or card ends within 14 days.\n.El\n"
			   ".Sh SEE ALSO\n.Xr kairand 8\n");
}
