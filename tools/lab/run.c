/* SPDX-License-Identifier: Apache-2.0 */
/* lab run: makes a federation once, and tells each scenario on a fresh copy of it. */
#include "stage.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kairan/preset.h"
#include "../kairan/verbs.h"
#include "../kairan/view.h"

#define ENDING ".story"
#define MAX_SCENARIOS 64
#define MAX_TEXT ((size_t)256 * 1024)
/* So long ago the copies' organisations met: a clock may be slow and still know its partners. */
#define MET_DAYS_AGO 30
#define DAY_S 86400

const struct kai_opt kai_lab_run_opts[] = {
	{"all", NULL, false, N_("every scenario that is here")},
	{"times", "N", false, N_("tell each so many times, each on a fresh copy")},
	{"many", "N", false, N_("import N times as much as the scenario says")},
	{"statements", NULL, false, N_("print what may stand in a scenario, and stop")},
	{"lab", "DIR", false,
	 N_("a new folder for the nodes, left there (default: a temporary one)")},
	{NULL, NULL, false, NULL},
};

struct template
{
	const char *name;
	const char *topology; /* its file */
	struct kai_lab *lab;
	bool built;
};

struct run {
	struct kai_cli *cli;
	struct kai_lab *place; /* programs, and the folder of this run */
	const char *data;      /* folder of topologies */
	const char *dumper;
	struct template templates[8];
	size_t template_count;
	int64_t times;
	int64_t many;
	json_t *scenarios;
	size_t outcomes[KAI_LAB_NOT_MADE + 1];
};

/* ---- programs ---- */

static bool beside(const struct run *run, const char *name, char ret[KAI_PATH_SIZE])
{
	const char *slash = strrchr(run->place->kairan, '/');

	(void)snprintf(ret, KAI_PATH_SIZE, "%.*s/%s", (int)(slash - run->place->kairan),
		       run->place->kairan, name);
	return access(ret, R_OK) == 0;
}

/* What is built with the tests and not installed; without it some checks are not made. */
static void find_instruments(struct run *run)
{
	char *dumper = kai_cli_take(run->cli, KAI_PATH_SIZE);

	if (!beside(run, "../../tests/box/kairan-record-zmq.so", run->place->recorder))
		run->place->recorder[0] = '\0';
	if (beside(run, "../../tests/box/kairan-test-dump", dumper))
		run->dumper = dumper;
}

static int read_count(struct kai_cli *cli, const char *name, int64_t *ret)
{
	const char *text = kai_opt_value(cli, name);
	char *end = NULL;

	*ret = text != NULL ? strtoll(text, &end, 10) : 1;
	if (text != NULL && (*end != '\0' || *ret < 1 || *ret > 10000))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--%s %s: a number from 1 to 10000 is meant"), name, text);
	return 0;
}

/* The folder of this run: new, so that nothing of an earlier one is in it. */
static int make_folder(struct run *run)
{
	struct kai_cli *cli = run->cli;
	const char *tmp = getenv("TMPDIR");
	int code = kai_lab_place(cli, run->place);

	if (code != 0)
		return code;
	if (kai_opt_is(cli, "lab"))
		return mkdir(run->place->dir, 0750) == 0
			       ? 0
			       : kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", run->place->dir,
					      strerror(errno));
	(void)snprintf(run->place->dir, sizeof(run->place->dir), "%.200s/kairan-lab-XXXXXX",
		       tmp != NULL ? tmp : "/tmp");
	return mkdtemp(run->place->dir) != NULL ? 0
						: kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s",
							       run->place->dir, strerror(errno));
}

/* ---- templates and copies ---- */

/* The copy's nodes lie elsewhere; the rest is the template's. */
static int move_to(struct kai_cli *cli, struct kai_lab *lab, const char *dir)
{
	struct kai_why why = {""};

	(void)snprintf(lab->dir, sizeof(lab->dir), "%s", dir);
	for (size_t i = 0; i < lab->node_count; i++)
		if (kai_path(lab->nodes[i].dir, dir, lab->nodes[i].name, &why) != KAI_ERR_OK)
			return kai_cli_err(cli, KAI_ERR_INVALID, &why);
	return 0;
}

/* Not before it is needed: a scenario is read against a topology that nobody has started yet. */
static int build_template(struct run *run, struct template *template)
{
	struct kai_lab *lab = template->lab;
	int code = template->built ? 0 : kai_lab_build(run->cli, lab, template->topology);

	for (size_t i = 0; !template->built && i < lab->node_count; i++) {
		(void)kai_lab_stop(run->cli, &lab->nodes[i]);
		lab->nodes[i].offset_s = 0;
	}
	template->built = true;
	return code;
}

static int template_of(struct run *run, const char *name, struct template **ret)
{
	struct template *template = &run->templates[run->template_count];
	struct kai_cli *cli = run->cli;

	for (size_t i = 0; i < run->template_count; i++) {
		if (strcmp(run->templates[i].name, name) == 0) {
			*ret = &run->templates[i];
			return 0;
		}
	}
	if (run->template_count == sizeof(run->templates) / sizeof(run->templates[0]))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: one federation too many for one run"), name);
	template->name = name;
	template->topology = kai_cli_text(cli, "%s/%s.conf", run->data, name);
	template->lab = kai_cli_take(cli, sizeof(*template->lab));
	*template->lab = *run->place;
	template->lab->recorder[0] = '\0';
	(void)snprintf(template->lab->dir, sizeof(template->lab->dir), "%.1000s/%s",
		       run->place->dir, name);
	int code = kai_lab_read(cli, template->topology, template->lab);

	for (size_t i = 0; i < template->lab->node_count; i++)
		template->lab->nodes[i].offset_s = -(int64_t)MET_DAYS_AGO *DAY_S;
	if (code != 0)
		return code;
	run->template_count++;
	*ret = template;
	return 0;
}

/* "federation NAME" must be known before nodes are looked for. */
static char *federation_of(struct kai_cli *cli, const char *path)
{
	struct kai_span text;
	char *rest;

	if (kai_cli_read(cli, path, MAX_TEXT, &text) != 0)
		return NULL;
	rest = kai_cli_str(cli, text);
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (strncmp(line, "federation ", 11) == 0)
			return kai_cli_text(cli, "%.*s", (int)strcspn(line + 11, " \t#"),
					    line + 11);
	return kai_cli_text(cli, "reference");
}

static int copy_lab(struct run *run, const struct kai_lab *from, const char *dir,
		    struct kai_lab *ret)
{
	const char *const argv[] = {"/bin/cp", "-a", from->dir, dir, NULL};
	int code = kai_lab_run(run->cli, argv, NULL);

	*ret = *from;
	(void)snprintf(ret->recorder, sizeof(ret->recorder), "%s", run->place->recorder);
	if (code == 0)
		code = move_to(run->cli, ret, dir);
	(void)snprintf(ret->records, sizeof(ret->records), "%.1000s/records", dir);
	if (code == 0 && mkdir(ret->records, 0750) != 0)
		code = kai_cli_fail(run->cli, KAI_EXIT_USAGE, "%s: %s", ret->records,
				    strerror(errno));
	return code;
}

/* ---- telling ---- */

static void add_up(struct run *run, struct kai_lab_stage *stage, int64_t turn)
{
	const struct kai_lab_scenario *scenario = stage->scenario;

	for (size_t i = 0; i <= KAI_LAB_NOT_MADE; i++)
		run->outcomes[i] += stage->outcomes[i];
	(void)json_array_append_new(
		run->scenarios,
		json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:O}", "name", scenario->name, "title",
			  scenario->title, "turn", (json_int_t)turn, "held",
			  (json_int_t)stage->outcomes[KAI_LAB_HELD], "failed",
			  (json_int_t)stage->outcomes[KAI_LAB_FAILED], "not_made",
			  (json_int_t)stage->outcomes[KAI_LAB_NOT_MADE], "lines", stage->lines));
	if (!stage->quiet)
		(void)fprintf(run->cli->out, "%s: %zu held, %zu failed, %zu not made\n\n",
			      scenario->name, stage->outcomes[KAI_LAB_HELD],
			      stage->outcomes[KAI_LAB_FAILED], stage->outcomes[KAI_LAB_NOT_MADE]);
}

static int tell_once(struct run *run, const struct kai_lab *from,
		     const struct kai_lab_scenario *scenario, int64_t turn)
{
	struct kai_cli *cli = run->cli;
	struct kai_lab_stage *stage = kai_cli_take(cli, sizeof(*stage));
	char *dir =
		kai_cli_text(cli, "%s/%s-%lld", run->place->dir, scenario->name, (long long)turn);

	memset(stage, 0, sizeof(*stage));
	stage->cli = cli;
	stage->lab = kai_cli_take(cli, sizeof(*stage->lab));
	stage->scenario = scenario;
	stage->dumper = run->dumper;
	stage->quiet = kai_cli_json(cli);
	stage->many = (size_t)run->many;
	stage->lines = json_array();
	if (!stage->quiet)
		(void)fprintf(cli->out, "== %s: %s\n", scenario->name, scenario->title);
	int code = copy_lab(run, from, dir, stage->lab);

	if (code == 0)
		code = kai_lab_stage_run(stage);
	if (code != 0)
		stage->outcomes[KAI_LAB_FAILED]++;
	add_up(run, stage, turn);
	/* A long row of copies would fill the disk; what went well needs no second look. */
	bool keep = kai_opt_is(cli, "lab") || stage->outcomes[KAI_LAB_FAILED] > 0;

	kai_lab_stage_done(stage);
	const char *const argv[] = {"/bin/rm", "-rf", dir, NULL};

	return keep ? 0 : kai_lab_run(cli, argv, NULL);
}

static int tell(struct run *run, const char *path)
{
	struct kai_lab_scenario *scenario = kai_cli_take(run->cli, sizeof(*scenario));
	char *federation = federation_of(run->cli, path);
	struct template *template = NULL;
	int code = federation == NULL ? KAI_EXIT_USAGE : template_of(run, federation, &template);

	if (code != 0 || template == NULL)
		return code;
	code = kai_lab_scenario_read(run->cli, template->lab, path, scenario);
	if (code == 0)
		code = build_template(run, template);
	for (int64_t turn = 1; code == 0 && turn <= run->times; turn++)
		code = tell_once(run, template->lab, scenario, turn);
	return code;
}

/* ---- which ---- */

static int is_story(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && dot != entry->d_name && strcmp(dot, ENDING) == 0;
}

static int tell_all(struct run *run)
{
	struct kai_cli *cli = run->cli;
	char *folder = kai_cli_text(cli, "%s/scenarios", run->data);
	struct dirent **list = NULL;
	int count = scandir(folder, &list, is_story, versionsort), code = 0;

	if (count <= 0)
		code = kai_cli_fail(cli, KAI_EXIT_NOTHING, T("%s: there is no scenario here"),
				    folder);
	for (int i = 0; i < count; i++) {
		size_t mark = run->cli->arena.used, templates = run->template_count;

		if (code == 0)
			code = tell(run, kai_cli_text(run->cli, "%s/%s", folder, list[i]->d_name));
		if (templates == run->template_count)
			run->cli->arena.used = mark;
		free(list[i]);
	}
	free(list);
	return code;
}

/* A name of ours, or any file. */
static int tell_named(struct run *run)
{
	int code = 0;

	for (int i = 0; code == 0 && i < run->cli->arg_count; i++) {
		const char *given = run->cli->args[i];
		char *ours = kai_cli_text(run->cli, "%s/scenarios/%s" ENDING, run->data, given);

		code = tell(run, access(ours, R_OK) == 0 ? ours : given);
	}
	return code;
}

static void print_statements(struct kai_cli *cli)
{
	for (size_t i = 0; i < kai_lab_statement_count; i++)
		(void)fprintf(cli->out, "%s%s\n", kai_lab_statements[i].pattern,
			      kai_lab_statements[i].fields ? "   (fields may follow, indented)"
							   : "");
}

static void sum_up(struct run *run)
{
	static const struct kai_col cols[] = {{"held", N_("held"), KAI_COL_NUMBER},
					      {"failed", N_("failed"), KAI_COL_NUMBER},
					      {"not_made", N_("not made"), KAI_COL_NUMBER}};
	static const struct kai_view view = {NULL, cols, sizeof(cols) / sizeof(*cols), NULL, NULL};

	kai_view_show(run->cli, &view,
		      json_pack("{s:o, s:I, s:I, s:I}", "scenarios", run->scenarios, "held",
				(json_int_t)run->outcomes[KAI_LAB_HELD], "failed",
				(json_int_t)run->outcomes[KAI_LAB_FAILED], "not_made",
				(json_int_t)run->outcomes[KAI_LAB_NOT_MADE]));
}

static int begin(struct run *run)
{
	struct kai_cli *cli = run->cli;
	char *reference = kai_data_file(cli, "lab", "reference");
	int code = read_count(cli, "times", &run->times);

	if (code == 0)
		code = read_count(cli, "many", &run->many);
	if (code == 0 && (cli->arg_count > 0) == kai_opt_is(cli, "all"))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("lab run: name a scenario (as S1), or give --all"));
	if (code == 0 && reference == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("the reference topology is not installed (name a file)"));
	if (code != 0)
		return code;
	run->data =
		kai_cli_text(cli, "%.*s", (int)(strrchr(reference, '/') - reference), reference);
	return make_folder(run);
}

int kai_verb_lab_run(struct kai_cli *cli)
{
	struct run *run = kai_cli_take(cli, sizeof(*run));
	int code;

	memset(run, 0, sizeof(*run));
	run->cli = cli;
	run->place = kai_cli_take(cli, sizeof(*run->place));
	if (kai_opt_is(cli, "statements")) {
		print_statements(cli);
		return 0;
	}
	code = begin(run);
	if (code != 0)
		return code;
	run->scenarios = json_array();
	kai_lab_hold_signals();
	find_instruments(run);
	code = kai_opt_is(cli, "all") ? tell_all(run) : tell_named(run);
	bool good = code == 0 && run->outcomes[KAI_LAB_FAILED] == 0;
	bool begun = run->template_count > 0 && run->templates[0].built;
	const char *const argv[] = {"/bin/rm", "-rf", run->place->dir, NULL};

	if (code == 0)
		sum_up(run);
	else
		json_decref(run->scenarios);
	if ((good && !kai_opt_is(cli, "lab")) || !begun)
		(void)kai_lab_run(cli, argv, NULL);
	else
		(void)fprintf(cli->err, T("lab: what is left of it lies in %s\n"), run->place->dir);
	return code != 0 || good ? code : KAI_EXIT_REFUSED;
}
