/* SPDX-License-Identifier: Apache-2.0 */
/* drill open, list, inject, close; comcheck: practising with partners (drill_report.c says how it went). */
#include "kairan/drill.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "realm.h"
#include "verbs.h"
#include "view.h"

#define COMCHECK_MS KAI_MS_HOUR
#define MAX_SCRIPT ((size_t)1 << 20)
#define MAX_WORDS 64 /* of a line */
#define BLANKS " \t\r"

const struct kai_opt kai_drill_open_opts[] = {
	{"name", "NAME", false, N_("what people call it")},
	{"with", "ORG,…", true, N_("who takes part beside us")},
	{"level", "comcheck|drills", false, N_("what an agreement must consent to (drills)")},
	{"from", "T|DURATION", false, N_("when it begins (now)")},
	{"until", "T|DURATION", false, N_("when it ends at latest")},
	{"word", "WORD", false, N_("what is typed before an alert of it (EXERCISE)")},
	{NULL, NULL, false, NULL},
};
const struct kai_opt kai_comcheck_opts[] = {
	{"with", "ORG,…", true, N_("whom to reach")},
	{"name", "NAME", false, N_("what people call it")},
	{"until", "T|DURATION", false, N_("until when confirmations count (1h)")},
	{NULL, NULL, false, NULL},
};

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, KAI_ID_LEN);
}

/* ---- open ---- */

static int add_org(struct kai_cli *cli, struct kai_txn *txn, const char *text, size_t len,
		   struct kai_ctl_drill_open *request)
{
	uint8_t *org = request->participants[request->participants_count];
	int exit;

	if (request->participants_count == KAI_MAX_PARTICIPANTS - 1)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--with: at most %d organisations"),
				    KAI_MAX_PARTICIPANTS - 1);
	exit = kai_org_find(cli, txn, kai_cli_str(cli, kai_span(text, len)), org);
	if (exit == 0 && !kai_id_equal(org, cli->org))
		request->participants_count++;
	return exit;
}

static int read_orgs(struct kai_cli *cli, struct kai_ctl_drill_open *request)
{
	struct kai_txn *txn = kai_cli_txn(cli);
	size_t at = 0;
	int exit = txn == NULL ? KAI_EXIT_REFUSED : 0;

	request->participants =
		kai_cli_take(cli, (size_t)KAI_MAX_PARTICIPANTS * sizeof(*request->participants));
	for (const char *with; exit == 0 && (with = kai_opt_next(cli, "with", &at)) != NULL;) {
		while (exit == 0 && *with != '\0') {
			size_t len = strcspn(with, ",");

			exit = add_org(cli, txn, with, len, request);
			with += len + (with[len] == ',');
		}
	}
	kai_txn_abort(txn);
	qsort(request->participants, request->participants_count, KAI_ID_LEN, by_id);
	for (size_t i = 1; exit == 0 && i < request->participants_count; i++)
		if (kai_id_equal(request->participants[i - 1], request->participants[i]))
			exit = kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("--with: one organisation is named twice"));
	if (exit == 0 && request->participants_count == 0)
		exit = kai_cli_fail(cli, KAI_EXIT_USAGE, T("--with: say who takes part"));
	return exit;
}

static int read_window(struct kai_cli *cli, struct kai_ctl_drill_open *request,
		       int64_t otherwise_ms)
{
	const char *from = kai_opt_value(cli, "from");
	const char *until = kai_opt_value(cli, "until");
	struct kai_wall at = {0};
	int exit = from == NULL ? 0 : kai_cli_time(cli, "from", from, false, &at);

	request->from = (uint64_t)at.ms;
	if (exit == 0 && until == NULL && otherwise_ms == 0)
		exit = kai_cli_fail(cli, KAI_EXIT_USAGE, T("--until: say when it ends"));
	at.ms = kai_cli_now().ms + otherwise_ms;
	if (exit == 0 && until != NULL)
		exit = kai_cli_time(cli, "until", until, false, &at);
	request->until = (uint64_t)at.ms;
	return exit;
}

static void show_asked(struct kai_cli *cli, struct kai_txn *txn,
		       const struct kai_ctl_answer *answer, json_t *rows)
{
	for (size_t i = 0; i < answer->recipients_count; i++) {
		const struct kai_recipient *to = &answer->recipients[i];

		(void)json_array_append_new(rows, json_pack("{s:o, s:s, s:s, s:o}", "org",
							    kai_json_id(to->org), "name",
							    kai_org_name(cli, txn, to->org),
							    "verdict", to->allow ? "allow" : "deny",
							    "rule", kai_json_span(to->rule)));
	}
}

static const struct kai_col asked_cols[] = {
	{"name", N_("asked"), KAI_COL_TEXT},
	{"verdict", N_("verdict"), KAI_COL_WORD},
	{"rule", N_("rule"), KAI_COL_TEXT},
};

static void show_opened(struct kai_cli *cli, json_t *top)
{
	static const struct kai_view table = {
		.list = "asked", .cols = asked_cols, .col_count = 3, .empty = N_("No partners.")};

	(void)fprintf(cli->out, "%s\n", json_string_value(json_object_get(top, "realm")));
	kai_render_table.show(cli, &table, top);
}

static int open_drill(struct kai_cli *cli, struct kai_ctl_drill_open *request, char **ret_realm,
		      json_t **ret_asked)
{
	struct kai_ctl_answer answer;
	int exit = kai_node_ask(cli, &kai_object_ctl_drill_open, request, false, &answer);

	if (exit == 0 && answer.exit != 0)
		exit = kai_node_refused(cli, &answer);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	*ret_asked = json_array();
	show_asked(cli, txn, &answer, *ret_asked);
	kai_txn_abort(txn);
	*ret_realm = kai_realm_text(cli, answer.body.at);
	return 0;
}

/* `--realm live` is no drill, whatever a drill is called. */
static int check_name(struct kai_cli *cli, struct kai_span name)
{
	return strcasecmp(kai_cli_str(cli, name), "live") == 0
		       ? kai_cli_fail(cli, KAI_EXIT_USAGE,
				      T("--name: not `live`, which is what is no drill"))
		       : 0;
}

int kai_verb_drill_open(struct kai_cli *cli)
{
	static const struct kai_view view = {
		.list = "asked", .cols = asked_cols, .col_count = 3, .human = show_opened};
	const char *name = kai_opt_value(cli, "name");
	const char *level = kai_opt_value(cli, "level");
	const char *word = kai_opt_value(cli, "word");
	struct kai_ctl_drill_open request = {
		.version = KAI_VERSION,
		.type = KAI_CONTROL_DRILL_OPEN,
		.level = KAI_DRILL_WHOLE,
		.name = kai_span_str(name),
		.word = kai_span_str(word != NULL ? word : "EXERCISE")};
	json_t *asked;
	char *realm;
	int exit = kai_cli_open(cli);

	if (exit == 0 && (name == NULL || name[0] == '\0'))
		exit = kai_cli_fail(cli, KAI_EXIT_USAGE, T("drill open: --name is missing"));
	if (exit == 0)
		exit = check_name(cli, request.name);
	if (exit == 0 && strcmp(kai_cli_str(cli, request.word), KAI_CONFIRM_LIVE) == 0)
		exit = kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--word: not the word that live alerts ask for"));
	if (exit == 0 && level != NULL && strcmp(level, "comcheck") == 0)
		request.level = KAI_DRILL_COMCHECK;
	else if (exit == 0 && level != NULL && strcmp(level, "drills") != 0)
		exit = kai_cli_fail(cli, KAI_EXIT_USAGE, T("--level: comcheck or drills is meant"));
	if (exit == 0)
		exit = read_orgs(cli, &request);
	if (exit == 0)
		exit = read_window(cli, &request, 0);
	if (exit == 0)
		exit = open_drill(cli, &request, &realm, &asked);
	if (exit != 0)
		return exit;
	kai_view_show(cli, &view, json_pack("{s:s, s:o}", "realm", realm, "asked", asked));
	return KAI_EXIT_DONE;
}

/* ---- list ---- */

static const char *state_of(struct kai_cli *cli, struct kai_txn *txn,
			    const struct kai_drill_held *held)
{
	uint64_t now = (uint64_t)kai_cli_now().ms;
	uint64_t end = kai_drill_end(txn, held, &cli->arena);

	if (!kai_drill_consents(txn, held, cli->org, &cli->arena))
		return "refused";
	if (now >= end)
		return "over";
	return now < held->drill.from ? "future" : "open";
}

int kai_verb_drill_list(struct kai_cli *cli)
{
	static const struct kai_col cols[] = {
		{"realm", N_("realm"), KAI_COL_ID},
		{"name", N_("drill"), KAI_COL_TEXT},
		{"level", N_("level"), KAI_COL_WORD},
		{"director_name", N_("director"), KAI_COL_TEXT},
		{"state", N_("state"), KAI_COL_WORD},
		{"from", N_("begins"), KAI_COL_UNTIL},
		{"until", N_("ends"), KAI_COL_UNTIL},
		{"consent", N_("take part"), KAI_COL_TEXT},
		{"word", N_("word"), KAI_COL_DETAIL},
	};
	static const struct kai_view view = {
		.list = "drills", .cols = cols, .col_count = 9, .empty = N_("No drills.")};
	json_t *rows = json_array();
	struct kai_drill_held held;
	struct kai_scan scan;
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL) {
		json_decref(rows);
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	}
	kai_drill_scan(txn, &scan);
	while (kai_drill_next(cli, txn, &scan, &held)) {
		const struct kai_drill *drill = &held.drill;
		size_t yes = 0;

		for (size_t i = 0; i < drill->participants_count; i++)
			yes += kai_drill_consents(txn, &held, drill->participants[i], &cli->arena);
		(void)json_array_append_new(
			rows,
			json_pack("{s:s, s:o, s:s, s:o, s:s, s:s, s:o, s:o, s:s, s:o}", "realm",
				  kai_realm_text(cli, drill->realm), "name",
				  kai_json_span(drill->name), "level",
				  drill->level == KAI_DRILL_COMCHECK ? "comcheck" : "drills",
				  "director", kai_json_id(drill->director), "director_name",
				  kai_org_name(cli, txn, drill->director), "state",
				  state_of(cli, txn, &held), "from", kai_json_time(drill->from),
				  "until", kai_json_time(kai_drill_end(txn, &held, &cli->arena)),
				  "consent",
				  kai_cli_text(cli, "%zu/%zu", yes, drill->participants_count),
				  "word", kai_json_span(drill->word)));
	}
	kai_txn_abort(txn);
	kai_view_show(cli, &view, json_pack("{s:o}", "drills", rows));
	return KAI_EXIT_DONE;
}

/* ---- close ---- */

static int find(struct kai_cli *cli, struct kai_drill_held *ret)
{
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_drill_find(cli, txn, cli->args[0], ret);
	kai_txn_abort(txn);
	return exit;
}

int kai_verb_drill_close(struct kai_cli *cli)
{
	struct kai_ctl_drill_close request = {.version = KAI_VERSION,
					      .type = KAI_CONTROL_DRILL_CLOSE};
	struct kai_drill_held held;
	struct kai_ctl_answer answer;
	int exit = find(cli, &held);

	if (exit != 0)
		return exit;
	memcpy(request.realm, held.drill.realm, KAI_REALM_LEN);
	exit = kai_node_ask(cli, &kai_object_ctl_drill_close, &request, false, &answer);
	if (exit == 0 && answer.exit != 0)
		exit = kai_node_refused(cli, &answer);
	return exit;
}

/* ---- what is practised: kairan itself, in the drill ---- */

/* Runs `kairan WORDS… --realm REALM --confirm WORD` over this directory; its exit code. */
static int run_in(struct kai_cli *cli, const struct kai_drill *drill, const char *const *words,
		  size_t count)
{
	const char *const more[] = {"--dir",
				    cli->dir,
				    "--realm",
				    kai_realm_text(cli, drill->realm),
				    "--confirm",
				    kai_cli_str(cli, drill->word),
				    "--lang",
				    cli->lang == KAI_LANG_JA ? "ja" : "en",
				    cli->renderer == &kai_render_lines ? "--lines" : "--json"};
	size_t more_count = sizeof(more) / sizeof(*more) - (cli->renderer == &kai_render_table);
	char *argv[MAX_WORDS + 16] = {kai_cli_text(cli, "kairan")};
	size_t argc = 1;
	pid_t pid;
	int status = 0;

	/* Before the words: after a "--" of theirs they would be no options, and the line be live. */
	for (size_t i = 0; i < more_count; i++)
		argv[argc++] = kai_cli_text(cli, "%s", more[i]);
	for (size_t i = 0; i < count && i < MAX_WORDS; i++)
		argv[argc++] = kai_cli_text(cli, "%s", words[i]);
	(void)fflush(cli->out);
	int error = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ);

	if (error == 0 && waitpid(pid, &status, 0) < 0)
		error = errno;
	if (error != 0)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: cannot be run: %s"), words[0],
				    strerror(error));
	return WIFEXITED(status) ? WEXITSTATUS(status) : KAI_EXIT_REFUSED;
}

/* A word, cut into the line itself; quotes keep spaces wherever they stand. NULL: one is not closed. */
static const char *cut_word(char **io_at)
{
	const char *word = *io_at;
	char *to = *io_at;
	char *at = *io_at;
	char quote = '\0';

	for (; *at != '\0' && (quote != '\0' || strchr(BLANKS, *at) == NULL); at++) {
		if (*at == quote)
			quote = '\0';
		else if (quote == '\0' && (*at == '"' || *at == '\''))
			quote = *at;
		else
			*to++ = *at;
	}
	*io_at = at + (*at != '\0');
	*to = '\0';
	return quote == '\0' ? word : NULL;
}

/* The words of a line; what cannot be read as a whole is not run in part. Exit code. */
static int split(struct kai_cli *cli, char *line, const char *words[MAX_WORDS], size_t *ret_count)
{
	size_t count = 0;

	for (char *at = line + strspn(line, BLANKS); *at != '\0' && *at != '#';
	     at += strspn(at, BLANKS)) {
		if (count == MAX_WORDS)
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("%s: a line has more than %d words"), cli->args[1],
					    MAX_WORDS);
		words[count] = cut_word(&at);
		if (words[count++] == NULL)
			return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: a quote is not closed"),
					    cli->args[1]);
	}
	*ret_count = count;
	return 0;
}

int kai_verb_drill_inject(struct kai_cli *cli)
{
	struct kai_drill_held held;
	struct kai_span script = {NULL, 0};

	if (kai_cli_json(cli))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("drill inject: each line prints its own (--lines, or "
				      "neither; not --json)"));
	int exit = find(cli, &held);

	if (exit == 0)
		exit = kai_cli_confirm(cli, kai_cli_str(cli, held.drill.word), "drill inject");
	if (exit == 0)
		exit = kai_cli_read(cli, cli->args[1], MAX_SCRIPT, &script);
	char *left = exit == 0 ? kai_cli_str(cli, script) : NULL;

	for (size_t number = 1; exit == 0 && left != NULL; number++) {
		const char *words[MAX_WORDS];
		char *line = strsep(&left, "\n");
		size_t count = 0;

		exit = split(cli, line, words, &count);
		if (exit == 0 && count > 0)
			exit = run_in(cli, &held.drill, words, count);
		if (exit != 0)
			(void)kai_cli_fail(cli, exit, T("%s: stopped at line %zu"), cli->args[1],
					   number);
	}
	return exit;
}

/* One item to all who take part, asked to be confirmed by a person. */
static int call(struct kai_cli *cli, const struct kai_ctl_drill_open *request,
		const struct kai_drill *drill)
{
	char *audience = kai_cli_text(cli, "%s", "");
	const char *words[] = {
		"file",
		"secinfo",
		"--set",
		"subtype=awareness",
		"--set",
		kai_cli_text(cli, "title=%s", kai_cli_str(cli, drill->name)),
		"--set",
		kai_cli_text(cli, "text=%s",
			     T("A comcheck: whether this reaches people is measured.")),
		"--set",
		kai_cli_text(cli, "action=%s", T("Confirm that it was received: kairan ack")),
		"--tlp",
		"AMBER",
		"--urgency",
		"now",
		"--keep",
		"--audience",
		NULL};

	for (size_t i = 0; i < request->participants_count; i++)
		audience = kai_cli_text(cli, "%s%sorg:%s", audience, i > 0 ? "," : "",
					kai_cli_id(cli, request->participants[i]));
	words[sizeof(words) / sizeof(*words) - 1] = audience;
	return run_in(cli, drill, words, sizeof(words) / sizeof(*words));
}

/* "comcheck", or where one was called so before "comcheck-2": a report names one of them. */
static int free_name(struct kai_cli *cli, struct kai_span *ret)
{
	struct kai_txn *txn = kai_cli_txn(cli);
	struct kai_drill_held held;
	struct kai_scan scan;
	bool taken = true;

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	for (unsigned number = 1; taken; number++) {
		*ret = kai_span_str(number == 1 ? "comcheck"
						: kai_cli_text(cli, "comcheck-%u", number));
		taken = false;
		kai_drill_scan(txn, &scan);
		while (!taken && kai_drill_next(cli, txn, &scan, &held))
			taken = kai_span_equal(held.drill.name, *ret);
	}
	kai_txn_abort(txn);
	return 0;
}

int kai_verb_comcheck(struct kai_cli *cli)
{
	const char *name = kai_opt_value(cli, "name");
	struct kai_ctl_drill_open request = {.version = KAI_VERSION,
					     .type = KAI_CONTROL_DRILL_OPEN,
					     .level = KAI_DRILL_COMCHECK,
					     .name = kai_span_str(name),
					     .word = kai_span_str("EXERCISE")};
	struct kai_drill_held held;
	json_t *asked = NULL;
	char *realm = NULL;
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = name != NULL ? check_name(cli, request.name) : free_name(cli, &request.name);
	if (exit == 0)
		exit = kai_cli_confirm(cli, "EXERCISE", "comcheck");
	if (exit == 0)
		exit = read_orgs(cli, &request);
	if (exit == 0)
		exit = read_window(cli, &request, COMCHECK_MS);
	if (exit == 0)
		exit = open_drill(cli, &request, &realm, &asked);
	if (exit != 0)
		return exit;
	json_decref(asked);
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	exit = kai_drill_find(cli, txn, realm, &held);
	kai_txn_abort(txn);
	return exit != 0 ? exit : call(cli, &request, &held.drill);
}
