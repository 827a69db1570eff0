/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "cli.h"

/* Sorted by nothing: a few hundred entries, looked up a few hundred times a command. */
static const struct {
	const char *en;
	const char *ja;
} ja[] = {
#define X(en, ja) {(en), (ja)},
#include "ja.def"
#include "ja_errors.def"
#include "ja_help.def"
#include "ja_duty.def"
#include "ja_release.def"
#include "ja_bundle.def"
#include "ja_inbox.def"
#include "ja_calls.def"
#include "ja_keep.def"
#include "ja_drill.def"
#undef X
};

const char *kai_tr_lang(enum kai_lang lang, const char *english)
{
	if (lang == KAI_LANG_EN)
		return english;
	for (size_t i = 0; i < sizeof(ja) / sizeof(*ja); i++)
		if (strcmp(ja[i].en, english) == 0)
			return ja[i].ja;
	return english;
}

const char *kai_tr(const struct kai_cli *cli, const char *english)
{
	return kai_tr_lang(cli->lang, english);
}

int kai_cli_fail(struct kai_cli *cli, int exit, const char *fmt, ...)
{
	va_list args;
	char text[2048];
	char safe[4096];

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	kai_escape(kai_span_str(text), true, safe, sizeof(safe));
	(void)fflush(cli->out);
	(void)fprintf(cli->err, "kairan: %s\n", safe);
	return exit;
}

int kai_cli_err(struct kai_cli *cli, enum kai_err err, const struct kai_why *why)
{
	int exit = KAI_EXIT_REFUSED;

	if (err == KAI_ERR_UNREACHABLE)
		exit = KAI_EXIT_UNREACHABLE;
	else if (err == KAI_ERR_INVALID)
		exit = KAI_EXIT_USAGE;
	else if (err == KAI_ERR_NOTFOUND)
		exit = KAI_EXIT_NOTHING;
	return kai_cli_fail(cli, exit, "%s",
			    why != NULL && why->text[0] != '\0' ? why->text : kai_err_text(err));
}
