/* SPDX-License-Identifier: Apache-2.0 */
/* The stage: nodes up, clocks set, the story told line by line. */
#include "stage.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "../kairan/view.h"

#define LINKS_MS 30000
#define POLL_MS 50

bool kai_lab_next(uint64_t *io_set, size_t *ret_node)
{
	if (*io_set == 0)
		return false;
	*ret_node = (size_t)__builtin_ctzll(*io_set);
	*io_set &= *io_set - 1;
	return true;
}

char *kai_lab_nodes_text(const struct kai_lab_stage *stage, uint64_t nodes)
{
	char *text = kai_cli_text(stage->cli, "%s", "");
	bool first = true;

	for (size_t node; kai_lab_next(&nodes, &node); first = false)
		text = kai_cli_text(stage->cli, "%s%s%s", text,
				    first	 ? ""
				    : nodes == 0 ? " and "
						 : ", ",
				    stage->lab->nodes[node].name);
	return text;
}

char *kai_lab_rule_text(const struct kai_lab_stage *stage, const char *rule)
{
	const char *sentence = kai_rule_sentence(stage->cli, rule), *colon = strstr(sentence, ": ");
	size_t len;

	/* "May pass: …." and "Held back: …." are said by the story already. */
	sentence = colon != NULL ? colon + 2 : sentence;
	len = strlen(sentence);
	len -= len > 0 && sentence[len - 1] == '.' ? 1 : 0;
	return kai_cli_text(stage->cli, "[%s: %.*s]", rule, (int)len, sentence);
}

/* ---- the story ---- */

/* What most nodes' clocks show: those of the nodes whose clock was set apart do not count. */
int64_t kai_lab_stage_now(const struct kai_lab_stage *stage)
{
	const struct kai_lab_node *calm = &stage->lab->nodes[0];

	for (size_t i = 1; i < stage->lab->node_count; i++) {
		size_t same = 0;

		for (size_t k = 0; k < stage->lab->node_count; k++)
			same += stage->lab->nodes[k].offset_s == stage->lab->nodes[i].offset_s;
		if (same * 2 > stage->lab->node_count)
			calm = &stage->lab->nodes[i];
	}
	return kai_cli_now().ms + kai_lab_ahead(calm);
}

static void print_line(const struct kai_lab_stage *stage, const char *clock, int64_t elapsed_ms,
		       enum kai_lab_outcome outcome, const char *what)
{
	static const char *const marks[] = {[KAI_LAB_TOLD] = "      ",
					    [KAI_LAB_HELD] = "held  ",
					    [KAI_LAB_FAILED] = "FAILED",
					    [KAI_LAB_NOT_MADE] = "not made"};

	(void)fprintf(stage->cli->out, "%s %+7.2fs  %s  %s\n", clock, (double)elapsed_ms / 1000,
		      marks[outcome], kai_view_safe(stage->cli, what, false));
	(void)fflush(stage->cli->out);
}

void kai_lab_say(struct kai_lab_stage *stage, const struct kai_lab_step *step,
		 enum kai_lab_outcome outcome, const char *fmt, ...)
{
	static const char *const words[] = {[KAI_LAB_TOLD] = "told",
					    [KAI_LAB_HELD] = "held",
					    [KAI_LAB_FAILED] = "failed",
					    [KAI_LAB_NOT_MADE] = "not-made"};
	int64_t now_ms = kai_lab_stage_now(stage), elapsed_ms = kai_cli_now().ms - stage->start_ms;
	time_t seconds = (time_t)(now_ms / KAI_MS_SECOND);
	char what[2048], clock[16] = "", at[KAI_TIME_TEXT];
	struct tm local;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	stage->outcomes[outcome]++;
	if (localtime_r(&seconds, &local) != NULL)
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	if (!stage->quiet)
		print_line(stage, clock, elapsed_ms, outcome, what);
	kai_time_text((struct kai_wall){now_ms}, at);
	(void)json_array_append_new(stage->lines,
				    json_pack("{s:s, s:I, s:i, s:s, s:s}", "at", at, "elapsed_ms",
					      (json_int_t)elapsed_ms, "line",
					      step != NULL ? (int)step->line : 0, "outcome",
					      words[outcome], "what", what));
}

/* ---- nodes ---- */

int kai_lab_stage_ask(struct kai_lab_stage *stage, size_t node, const char *const *args,
		      json_t **ret, char **ret_complaint)
{
	char *complaint = NULL;
	int code = kai_lab_ask(stage->cli, stage->lab, &stage->lab->nodes[node], args, ret,
			       &complaint);

	if (ret_complaint != NULL)
		*ret_complaint = complaint;
	return code;
}

int kai_lab_stage_configure(struct kai_lab_stage *stage, size_t node)
{
	char *cut = kai_cli_text(stage->cli, "%s", "");
	uint64_t apart = stage->cut[node];

	for (size_t other; kai_lab_next(&apart, &other);)
		cut = kai_cli_text(stage->cli, "%s%s%s", cut, cut[0] != '\0' ? " " : "",
				   stage->lab->nodes[other].name);
	return kai_lab_configure(stage->cli, &stage->lab->nodes[node], cut,
				 kai_lab_people(stage, node));
}

int kai_lab_stage_restart(struct kai_lab_stage *stage, size_t node)
{
	struct kai_lab_node *at = &stage->lab->nodes[node];
	int code = kai_lab_stop(stage->cli, at);

	if (code == 0)
		code = kai_lab_stage_configure(stage, node);
	if (code == 0)
		code = kai_lab_start(stage->cli, stage->lab, at);
	return code == 0 ? kai_lab_wait_ready(stage->cli, at) : code;
}

/* Ends of links that are up, and how many there should be: between running nodes that nobody cut. */
static size_t ends_missing(struct kai_lab_stage *stage)
{
	size_t missing = 0;

	for (size_t i = 0; i < stage->lab->agreement_count; i++) {
		const struct kai_lab_agreement *one = &stage->lab->agreements[i];
		bool apart = (stage->cut[one->a] >> one->b & 1) != 0 ||
			     (stage->cut[one->b] >> one->a & 1) != 0;

		if (!apart && kai_lab_pid(&stage->lab->nodes[one->a]) != 0 &&
		    kai_lab_pid(&stage->lab->nodes[one->b]) != 0)
			missing += 2;
	}
	size_t up = kai_lab_ends_up(stage->cli, stage->lab);

	return up > missing ? up - missing : missing - up;
}

int kai_lab_stage_wait_links(struct kai_lab_stage *stage)
{
	size_t missing = 1;

	for (int64_t from = kai_cli_now().ms; kai_cli_now().ms - from < LINKS_MS;) {
		missing = ends_missing(stage);
		if (missing == 0)
			return 0;
		kai_lab_sleep(POLL_MS);
	}
	return kai_cli_fail(
		stage->cli, KAI_EXIT_UNREACHABLE,
		kai_tr(stage->cli, N_("%zu link ends are not as they should be (see kairan lab "
				      "status --lab %s)")),
		missing, stage->lab->dir);
}

int kai_lab_stage_up(struct kai_lab_stage *stage)
{
	int code = 0;

	if (stage->up)
		return 0;
	for (size_t i = 0; code == 0 && i < stage->lab->node_count; i++)
		code = kai_lab_stage_configure(stage, i);
	if (code == 0)
		code = kai_lab_start_all(stage->cli, stage->lab);
	if (code == 0)
		code = kai_lab_stage_wait_links(stage);
	stage->up = code == 0;
	stage->start_ms = kai_cli_now().ms;
	if (code == 0)
		kai_lab_say(stage, NULL, KAI_LAB_TOLD, "%zu nodes are up, with all their links",
			    stage->lab->node_count);
	return code;
}

/* ---- what the nodes say of an item ---- */

bool kai_lab_holds(struct kai_lab_stage *stage, size_t node, size_t item, const char *part)
{
	const char *const args[] = {"show", stage->items[item].id, NULL};
	const char *wanted = part != NULL ? part : "main";
	json_t *top = NULL, *row;
	bool holds = false;
	size_t i;

	if (kai_lab_stage_ask(stage, node, args, &top, NULL) != 0)
		return false;
	json_array_foreach (json_object_get(top, "parts"), i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), wanted) == 0)
			holds = strcmp(json_string_value(json_object_get(row, "state")), "held") ==
				0;
	json_decref(top);
	return holds;
}

json_t *kai_lab_pair(struct kai_lab_stage *stage, size_t node, size_t item, const char *other,
		     const char *direction)
{
	const char *const args[] = {"explain", stage->items[item].id, NULL};
	json_t *top = NULL, *row, *found = NULL;
	size_t i;

	if (kai_lab_stage_ask(stage, node, args, &top, NULL) != 0)
		return NULL;
	json_array_foreach (json_object_get(top, "pairs"), i, row) {
		const char *way = json_string_value(json_object_get(row, "direction"));
		const char *name = json_string_value(json_object_get(row, "name"));

		if (found == NULL && strcmp(way, direction) == 0 &&
		    (other == NULL || strcmp(name, other) == 0))
			found = json_incref(row);
	}
	json_decref(top);
	return found;
}

/* ---- from the first line to the last ---- */

static bool before_up(const struct kai_lab_step *step)
{
	static const char *const starts[] = {
		"story ",	 "federation ", "the time is ",		"time runs ",
		"the clock of ", "tell ",	"NODE calls its people"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(step->statement->pattern, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

int kai_lab_stage_run(struct kai_lab_stage *stage)
{
	const struct kai_lab_scenario *scenario = stage->scenario;
	int code = 0;

	stage->start_ms = kai_cli_now().ms;
	for (size_t i = 0; code == 0 && i < scenario->step_count; i++) {
		const struct kai_lab_step *step = &scenario->steps[i];
		size_t mark = stage->cli->arena.used;

		if (kai_lab_told_to_stop())
			code = KAI_EXIT_UNREACHABLE;
		if (code == 0 && !before_up(step))
			code = kai_lab_stage_up(stage);
		if (code == 0)
			code = step->statement->run(stage, step);
		if (code != 0)
			kai_lab_say(stage, step, KAI_LAB_FAILED, "%s:%u: could not be done: %s",
				    scenario->path, step->line, step->text);
		stage->cli->arena.used = mark;
	}
	return code == 0 ? kai_lab_evidence(stage) : code;
}

void kai_lab_stage_done(struct kai_lab_stage *stage)
{
	for (size_t i = 0; i < KAI_LAB_MAX_ITEMS; i++) {
		if (stage->items[i].importing != 0) {
			(void)kill(stage->items[i].importing, SIGKILL);
			(void)kai_lab_wait(stage->items[i].importing);
		}
		json_decref(stage->items[i].texts);
	}
	for (size_t i = 0; i < stage->lab->node_count; i++)
		(void)kai_lab_kill(&stage->lab->nodes[i]);
	json_decref(stage->lines);
}
