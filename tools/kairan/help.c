/* SPDX-License-Identifier: Apache-2.0 */
/* --help, from the verb table. */
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
	(void)fprintf(cli->out, T("usage: kairan %s%s%s"), verb->name,
		      verb->args[0] != '\0' ? " " : "", verb->args);
	(void)fprintf(cli->out, "\n\n%s\n", T(verb->help));
	if (verb->opts != NULL) {
		(void)fprintf(cli->out, "\n");
		print_opts(cli, verb->opts);
	}
	(void)fprintf(cli->out, "\n%s\n", T("Options of every verb:"));
	print_opts(cli, kai_common_opts);
}
