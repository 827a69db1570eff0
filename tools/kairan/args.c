/* SPDX-License-Identifier: Apache-2.0 */
/* The command line against the verb table: parsing, --help, the manual page. */
#include <string.h>

#include "view.h"

const struct kai_opt kai_common_opts[] = {
	{"dir", "DIR", false, N_("data directory of the node")},
	{"json", NULL, false, N_("one JSON object")},
	{"lines", NULL, false, N_("tab-separated lines")},
	{"lang", "ja|en", false, N_("language of tables and messages")},
	{"realm", "REALM", false, N_("live (the default), or a drill by its name or realm")},
	{"confirm", "WORD", false, N_("the word that a person would have to type")},
	{"help", NULL, false, N_("this text")},
	{NULL, NULL, false, NULL},
};

static size_t distance(const char *a, const char *b)
{
	size_t row[65];
	size_t b_len = strlen(b);

	if (strlen(a) > 64 || b_len > 64)
		return 64;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_len];
}

const char *kai_nearest(const char *word, const char *const *words, size_t count)
{
	const char *found = NULL;
	size_t best = strlen(word) / 3 + 1;

	for (size_t i = 0; i < count; i++) {
		size_t far = words[i] != NULL ? distance(word, words[i]) : 64;

		if (far <= best && (found == NULL || far < best)) {
			best = far;
			found = words[i];
		}
	}
	return found;
}

const char *kai_opt_next(const struct kai_cli *cli, const char *name, size_t *io_at)
{
	while (*io_at < cli->given_count) {
		const struct kai_given *given = &cli->given[(*io_at)++];

		if (strcmp(given->name, name) == 0)
			return given->value;
	}
	return NULL;
}

const char *kai_opt_value(const struct kai_cli *cli, const char *name)
{
	const char *value = NULL;
	const char *next;
	size_t at = 0;

	while ((next = kai_opt_next(cli, name, &at)) != NULL)
		value = next;
	return value;
}

bool kai_opt_is(const struct kai_cli *cli, const char *name)
{
	return kai_opt_value(cli, name) != NULL;
}

static const struct kai_opt *opt_in(const struct kai_opt *opts, const char *name, size_t len)
{
	for (; opts != NULL && opts->name != NULL; opts++)
		if (strlen(opts->name) == len && strncmp(opts->name, name, len) == 0)
			return opts;
	return NULL;
}

static const struct kai_opt *opt_find(const struct kai_verb *verb, const char *name, size_t len)
{
	const struct kai_opt *opt = verb != NULL ? opt_in(verb->opts, name, len) : NULL;

	return opt != NULL ? opt : opt_in(kai_common_opts, name, len);
}

static int unknown_option(struct kai_cli *cli, const char *arg)
{
	const char *words[64];
	size_t count = 0;
	const struct kai_opt *lists[2] = {cli->verb != NULL ? cli->verb->opts : NULL,
					  kai_common_opts};

	for (size_t i = 0; i < 2; i++)
		for (const struct kai_opt *o = lists[i]; o != NULL && o->name != NULL; o++)
			if (count < 64)
				words[count++] = o->name;
	const char *near = kai_nearest(arg + (arg[1] == '-' ? 2 : 1), words, count);

	if (near != NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: no such option (did you mean --%s?)"), arg, near);
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: no such option (see --help)"), arg);
}

/* One option at argv[*io_at]; moves over its value. Exit code or -1. */
static int take_option(struct kai_cli *cli, int argc, char **argv, int *io_at)
{
	const char *arg = argv[*io_at];
	const char *name = arg + (arg[1] == '-' ? 2 : 1);
	const char *equal = arg[1] == '-' ? strchr(name, '=') : NULL;
	size_t len = equal != NULL ? (size_t)(equal - name) : strlen(name);
	const struct kai_opt *opt = opt_find(cli->verb, name, len);

	if (opt == NULL || (arg[1] != '-' && len != 1))
		return unknown_option(cli, arg);
	const char *value = "";

	if (opt->arg != NULL && equal != NULL) {
		value = equal + 1;
	} else if (opt->arg != NULL) {
		if (*io_at + 1 >= argc)
			return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: needs a value (%s)"), arg,
					    opt->arg);
		value = argv[++*io_at];
	} else if (equal != NULL) {
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: takes no value"), arg);
	}
	if (!opt->many && kai_opt_is(cli, opt->name))
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: given twice"), arg);
	if (cli->given_count >= KAI_MAX_GIVEN)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: too many options"), arg);
	cli->given[cli->given_count++] = (struct kai_given){opt->name, value};
	return -1;
}

/* Does the verb begin with this word? */
static bool is_noun(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < kai_verb_count; i++)
		if (strncmp(kai_verbs[i].name, word, len) == 0 && kai_verbs[i].name[len] == ' ')
			return true;
	return false;
}

static const struct kai_verb *verb_find(const char *first, const char *second)
{
	for (size_t i = 0; i < kai_verb_count; i++) {
		const char *name = kai_verbs[i].name;
		size_t len = strlen(first);

		if (strncmp(name, first, len) != 0)
			continue;
		if (second == NULL ? name[len] == '\0'
				   : name[len] == ' ' && strcmp(name + len + 1, second) == 0)
			return &kai_verbs[i];
	}
	return NULL;
}

static int unknown_verb(struct kai_cli *cli, const char *first, const char *second)
{
	const char *words[128];
	size_t count = 0;
	const char *typed = second != NULL ? kai_cli_text(cli, "%s %s", first, second) : first;

	for (size_t i = 0; i < kai_verb_count && count < 128; i++)
		words[count++] = kai_verbs[i].name;
	const char *near = kai_nearest(typed, words, count);

	if (near != NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: no such verb (did you mean `kairan %s`?)"), typed, near);
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: no such verb (see kairan --help)"), typed);
}

/* Position of the next plain word from `at`, skipping common options and their values. */
static int next_word(int argc, char **argv, int at)
{
	while (at < argc && argv[at][0] == '-' && argv[at][1] != '\0') {
		const char *name = argv[at] + (argv[at][1] == '-' ? 2 : 1);
		const struct kai_opt *opt = opt_in(kai_common_opts, name, strlen(name));

		at += opt != NULL && opt->arg != NULL ? 2 : 1;
	}
	return at;
}

/* Finds the verb's words in argv and blanks them out. Exit code or -1. */
static int take_verb(struct kai_cli *cli, int argc, char **argv)
{
	int first = next_word(argc, argv, 1);

	if (first >= argc)
		return -1;
	if (is_noun(argv[first])) {
		int second = next_word(argc, argv, first + 1);

		if (second < argc) {
			cli->verb = verb_find(argv[first], argv[second]);
			if (cli->verb == NULL && verb_find(argv[first], NULL) == NULL)
				return unknown_verb(cli, argv[first], argv[second]);
		}
		if (cli->verb != NULL) {
			argv[first] = NULL;
			argv[second] = NULL;
			return -1;
		}
	}
	cli->verb = verb_find(argv[first], NULL);
	if (cli->verb != NULL) {
		argv[first] = NULL;
		return -1;
	}
	if (!is_noun(argv[first]))
		return unknown_verb(cli, argv[first], NULL);
	return -1;
}

static int apply_common(struct kai_cli *cli)
{
	const char *lang = kai_opt_value(cli, "lang");

	if (lang != NULL && strcmp(lang, "ja") != 0 && strcmp(lang, "en") != 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--lang %s: not a language here (ja or en)"), lang);
	if (lang != NULL)
		cli->lang = strcmp(lang, "ja") == 0 ? KAI_LANG_JA : KAI_LANG_EN;
	if (kai_opt_is(cli, "json") && kai_opt_is(cli, "lines"))
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--json and --lines: choose one"));
	if (kai_opt_is(cli, "json"))
		cli->renderer = &kai_render_json;
	else if (kai_opt_is(cli, "lines"))
		cli->renderer = &kai_render_lines;
	return -1;
}

/* So that what is wrong with the rest is said in it. A wrong --lang is found later. */
static void early_lang(struct kai_cli *cli, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *word = strncmp(argv[i], "--lang=", 7) == 0		    ? argv[i] + 7
				   : strcmp(argv[i], "--lang") == 0 && i + 1 < argc ? argv[i + 1]
										    : "";

		if (strcmp(word, "ja") == 0)
			cli->lang = KAI_LANG_JA;
		else if (strcmp(word, "en") == 0)
			cli->lang = KAI_LANG_EN;
	}
}

int kai_args_parse(struct kai_cli *cli, int argc, char **argv)
{
	early_lang(cli, argc, argv);
	int exit = take_verb(cli, argc, argv);

	bool only_args = false;

	for (int i = 1; exit < 0 && i < argc; i++) {
		if (argv[i] == NULL)
			continue;
		if (!only_args && strcmp(argv[i], "--") == 0)
			only_args = true;
		else if (!only_args && argv[i][0] == '-' && argv[i][1] != '\0')
			exit = take_option(cli, argc, argv, &i);
		else if (cli->arg_count < KAI_MAX_ARGS)
			cli->args[cli->arg_count++] = argv[i];
		else
			exit = kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: too many arguments"),
					    argv[i]);
	}
	if (exit >= 0)
		return exit;
	exit = apply_common(cli);
	if (exit >= 0)
		return exit;
	if (kai_opt_is(cli, "help") || (cli->verb == NULL && cli->arg_count == 0)) {
		kai_help_print(cli, cli->verb);
		return cli->verb != NULL || kai_opt_is(cli, "help") ? KAI_EXIT_DONE
								    : KAI_EXIT_USAGE;
	}
	if (cli->verb == NULL) {
		kai_help_print(cli, NULL);
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: needs one more word"),
				    cli->args[0]);
	}
	if (cli->arg_count < cli->verb->min ||
	    (cli->verb->max >= 0 && cli->arg_count > cli->verb->max))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: wrong number of arguments (kairan %s %s)"),
				    cli->verb->name, cli->verb->name, cli->verb->args);
	return -1;
}
