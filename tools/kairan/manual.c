/* SPDX-License-Identifier: Apache-2.0 */
/* What manual pages and the shell's completion take from the tables: verbs, options, terms. */
#include <string.h>

#include "terms_rows.h"
#include "verbs.h"

/* A text of ours as roff: a line that would begin with a control character is protected. */
static void mdoc_text(FILE *out, const char *text)
{
	/* Tables have phrases, a page has sentences. */
	if (text[0] >= 'a' && text[0] <= 'z')
		(void)fputc(*text++ - 'a' + 'A', out);
	if (text[0] == '.' || text[0] == '\'')
		(void)fputs("\\&", out);
	for (char before = ' '; *text != '\0'; before = *text++) {
		if (*text == '\\')
			(void)fputs("\\e", out);
		else /* a sentence begins a line */
			(void)fputc(*text == ' ' && before == '.' ? '\n' : *text, out);
	}
}

static void mdoc_opts(FILE *out, const struct kai_opt *opts)
{
	(void)fprintf(out, ".Bl -tag -width Ds\n");
	for (; opts != NULL && opts->name != NULL; opts++) {
		(void)fprintf(out, ".It Fl %s%s%s%s\n", opts->name[1] == '\0' ? "" : "-",
			      opts->name, opts->arg != NULL ? " Ar " : "",
			      opts->arg != NULL ? opts->arg : "");
		mdoc_text(out, opts->help);
		(void)fprintf(out, "%s\n", opts->many ? " (may be repeated)" : "");
	}
	(void)fprintf(out, ".El\n");
}

void kai_manual_verbs(FILE *out)
{
	(void)fprintf(out, ".Sh OPTIONS\nEvery verb takes:\n");
	mdoc_opts(out, kai_common_opts);
	(void)fprintf(out, ".Sh VERBS\n");
	for (size_t i = 0; i < kai_verb_count; i++) {
		const struct kai_verb *verb = &kai_verbs[i];

		(void)fprintf(out, ".Ss %s%s%s\n", verb->name, verb->args[0] != '\0' ? " " : "",
			      verb->args);
		mdoc_text(out, verb->help);
		(void)fprintf(out, ".\n");
		if (verb->opts != NULL)
			mdoc_opts(out, verb->opts);
	}
}

static const char *form_text(enum kai_term_form form)
{
	switch (form) {
	case KAI_TERM_FIXED:
		return "not written";
	case KAI_TERM_NUMBER:
		return "a number";
	case KAI_TERM_YES:
		return "true or false";
	case KAI_TERM_WORD:
		return "one of:";
	case KAI_TERM_TIME:
		return "a time, \"2026-04-01T00:00:00+09:00\"";
	case KAI_TERM_SPAN:
		return "a duration, \"90s\", \"15m\", \"4h\", \"30d\"";
	case KAI_TERM_TEXT:
		return "a text";
	case KAI_TERM_HOURS:
		return "hours, \"24/7\", \"Mo-Fr 09:00-17:30 +09:00; Sa 09:00-12:00 +09:00\"";
	case KAI_TERM_TEXTS:
		return "a list of texts";
	case KAI_TERM_KINDS:
		return "a list of kinds";
	case KAI_TERM_ORG:
		return "an organisation: alias or id";
	case KAI_TERM_DIGEST:
		return "a digest, or empty";
	case KAI_TERM_AUDIENCE:
		return "a list of \"org:X\" and \"community:KEEPER/NAME\"";
	case KAI_TERM_COMMUNITIES:
		return "a list of \"KEEPER/NAME\"";
	case KAI_TERM_GROUP:
		return "a group";
	case KAI_TERM_GROUPS:
		return "a list of groups";
	}
	return "";
}

static void mdoc_term(FILE *out, const struct kai_term_row *row)
{
	(void)fprintf(out, ".It Ic %s\n", row->key);
	if (row->comment != NULL) {
		mdoc_text(out, row->comment);
		(void)fprintf(out, "\n");
	}
	mdoc_text(out, form_text(row->form));
	for (const struct kai_term_word *word = row->words;
	     row->form == KAI_TERM_WORD && word->word != NULL; word++)
		(void)fprintf(out, " %s%s", word->word, word[1].word != NULL ? "," : "");
	(void)fprintf(out, "%s.\n", row->optional ? "; may be left out" : "");
}

void kai_manual_terms(FILE *out)
{
	const struct kai_object *object = NULL;

	for (size_t i = 0; i < kai_term_row_count; i++) {
		const struct kai_term_row *row = &kai_term_rows[i];

		if (row->form == KAI_TERM_FIXED)
			continue;
		if (row->object != object) {
			if (object != NULL)
				(void)fprintf(out, ".El\n");
			object = row->object;
			(void)fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n", object->name);
		}
		mdoc_term(out, row);
	}
	(void)fprintf(out, ".El\n");
}

/* ---- bash ---- */

static void words_of(FILE *out, const struct kai_opt *opts, bool valued)
{
	for (; opts != NULL && opts->name != NULL; opts++)
		if (!valued || opts->arg != NULL)
			(void)fprintf(out, " %s%s", opts->name[1] == '\0' ? "-" : "--", opts->name);
}

void kai_manual_completion(FILE *out)
{
	(void)fputs("# bash completion for kairan; written by `kairan --completion`\n"
		    "_kairan_options()\n{\n\tcase $1 in\n",
		    out);
	for (size_t i = 0; i < kai_verb_count; i++) {
		(void)fprintf(out, "\t'%s') echo '", kai_verbs[i].name);
		words_of(out, kai_verbs[i].opts, false);
		(void)fputs("' ;;\n", out);
	}
	(void)fputs(
		"\tesac\n}\n_kairan()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} verb= skip= word "
		"i\n\tlocal valued=' ",
		out);
	words_of(out, kai_common_opts, true);
	for (size_t i = 0; i < kai_verb_count; i++)
		words_of(out, kai_verbs[i].opts, true);
	(void)fputs(" ' common='", out);
	words_of(out, kai_common_opts, false);
	(void)fputs("'\n\tlocal verbs='", out);
	for (size_t i = 0; i < kai_verb_count; i++)
		(void)fprintf(out, "%s%s", i > 0 ? "|" : "", kai_verbs[i].name);
	(void)fputs(
		"|'\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tword=${COMP_WORDS[i]}\n"
		"\t\tif [[ -n $skip ]]; then skip=; continue; fi\n"
		"\t\tif [[ $word == -* ]]; then [[ $valued == *\" $word \"* ]] && skip=1; "
		"continue; fi\n"
		"\t\tif [[ \"|$verbs\" == *\"|${verb:+$verb }$word\"[\\ \\|]* ]]; then "
		"verb=\"${verb:+$verb }$word\"; else break; fi\n"
		"\tdone\n"
		"\tif [[ -n $skip || ( $cur != -* && \"|$verbs\" == *\"|$verb|\"* ) ]]; then\n"
		"\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
		"\telif [[ $cur == -* ]]; then\n"
		"\t\tCOMPREPLY=($(compgen -W \"$common $(_kairan_options \"$verb\")\" -- "
		"\"$cur\"))\n"
		"\telse\n"
		"\t\tlocal rest=${verbs//|/$'\\n'}\n"
		"\t\tCOMPREPLY=($(compgen -W \"$(sed -n \"s/^${verb:+$verb }\\([^ ]*\\).*/\\1/p\" "
		"<<<\"$rest\" | sort -u)\" -- \"$cur\"))\n"
		"\tfi\n}\ncomplete -o filenames -F _kairan kairan\n",
		out);
}
