/* SPDX-License-Identifier: Apache-2.0 */
/* Who files, revises, retracts, imports what: the commands that people type, from the fields of the scenario. */
#include "stage.h"

#include <string.h>
#include <sys/stat.h>

#define MAX_ARGS 46
#define SHORTEST_TEXT 16 /* what is shorter may stand elsewhere by chance */

/* Fields that are options of their own; all others are --set NAME=VALUE. */
static const struct {
	const char *name;
	const char *option;
} options[] = {{"tlp", "--tlp"},
	       {"audience", "--audience"},
	       {"onward", "--onward"},
	       {"valid", "--valid"},
	       {"urgency", "--urgency"},
	       {"gov-share", "--gov-share"},
	       {"concerns", "--sector"},
	       {"text-lang", "--text-lang"},
	       {"from", "--from"},
	       {"anonymise", "--anonymise"},
	       {"made-from", "--made-from"}};

struct command {
	struct kai_lab_stage *stage;
	const char *args[MAX_ARGS];
	size_t count;
};

static void add(struct command *command, const char *word)
{
	if (command->count < MAX_ARGS - 1)
		command->args[command->count++] = word;
}

static const char *option_of(const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].name, name) == 0)
			return options[i].option;
	return NULL;
}

static char *with(const struct kai_lab_stage *stage, char *text, const char *name,
		  const char *value)
{
	char *mark = kai_cli_text(stage->cli, "{%s}", name);
	char *at = strstr(text, mark);

	return at == NULL ? text
			  : kai_cli_text(stage->cli, "%.*s%s%s", (int)(at - text), text, value,
					 at + strlen(mark));
}

char *kai_lab_with_ids(const struct kai_lab_stage *stage, const char *value)
{
	char *text = kai_cli_text(stage->cli, "%s", value);

	for (size_t i = 0; i < stage->scenario->item_count; i++)
		text = with(stage, text, stage->scenario->items[i], stage->items[i].id);
	for (size_t i = 0; i < stage->lab->node_count; i++)
		text = with(stage, text, stage->lab->nodes[i].name, stage->lab->nodes[i].dir);
	return text;
}

/* part NAME TLP [for AUDIENCE] "text" → --part NAME:TLP:text/plain=FILE [--part-audience NAME=AUDIENCE] */
static int add_part(struct command *command, const struct kai_lab_field *field)
{
	struct kai_lab_stage *stage = command->stage;
	char *rest = kai_cli_text(stage->cli, "%s", field->value);
	char *name = strsep(&rest, "\n"), *tlp = strsep(&rest, "\n"), *text = strsep(&rest, "\n");
	char *audience = NULL;

	if (text != NULL && strcmp(text, "for") == 0) {
		audience = strsep(&rest, "\n");
		text = strsep(&rest, "\n");
	}
	if (text == NULL || rest != NULL)
		return kai_cli_fail(
			stage->cli, KAI_EXIT_USAGE, "%s:%u: %s", stage->scenario->path, field->line,
			kai_tr(stage->cli, N_("meant is: part NAME TLP for AUDIENCE \"text\"")));
	char *file = kai_cli_text(stage->cli, "%s/%s-%u.txt", stage->lab->dir, name, field->line);
	int code = kai_cli_write(stage->cli, file, kai_span_str(text), 0640);

	add(command, "--part");
	add(command, kai_cli_text(stage->cli, "%s:%s:text/plain=%s", name, tlp, file));
	if (audience != NULL) {
		add(command, "--part-audience");
		add(command, kai_cli_text(stage->cli, "%s=%s", name, audience));
	}
	return code;
}

static int add_fields(struct command *command, const struct kai_lab_step *step)
{
	struct kai_lab_stage *stage = command->stage;
	int code = 0;

	for (size_t i = 0; code == 0 && i < step->field_count; i++) {
		const struct kai_lab_field *field = &step->fields[i];

		const char *option = option_of(field->name), *value = field->value;

		if (strcmp(field->name, "part") == 0) {
			code = add_part(command, field);
		} else if (option != NULL) {
			add(command, option);
			add(command, strcmp(field->name, "from") != 0
					     ? kai_lab_with_ids(stage, value)
					     : kai_cli_text(stage->cli, "%s/%s.json",
							    stage->scenario->folder, value));
		} else {
			add(command, "--set");
			add(command, kai_cli_text(stage->cli, "%s=%s", field->name,
						  kai_lab_with_ids(stage, value)));
		}
	}
	return code;
}

/* The words that a reader of the item sees: what a search for a leak looks for. */
static void keep_texts(struct kai_lab_item *item, const struct kai_lab_step *step)
{
	item->texts = json_array();
	for (size_t i = 0; i < step->field_count; i++) {
		const struct kai_lab_field *field = &step->fields[i];
		const char *text = field->value, *part = "main";
		size_t part_len = strlen(part);

		if (option_of(field->name) != NULL || strchr(text, '{') != NULL)
			continue;
		if (strcmp(field->name, "part") == 0) {
			part = text;
			part_len = strcspn(text, "\n");
			text = strrchr(text, '\n') + 1;
		}
		if (strlen(text) >= SHORTEST_TEXT)
			(void)json_array_append_new(item->texts,
						    json_pack("[s%, s]", part, part_len, text));
	}
}

static const char *field_of(const struct kai_lab_step *step, const char *name)
{
	for (size_t i = 0; i < step->field_count; i++)
		if (strcmp(step->fields[i].name, name) == 0)
			return step->fields[i].value;
	return NULL;
}

/* To whom it may go as the author's node answers, each with the rule. */
static void say_recipients(struct kai_lab_stage *stage, const struct kai_lab_step *step,
			   const json_t *top)
{
	char *list = kai_cli_text(stage->cli, "%s", "");
	const json_t *to;
	size_t i;

	json_array_foreach (json_object_get(top, "recipients"), i, to) {
		if (strcmp(json_string_value(json_object_get(to, "verdict")), "allow") == 0)
			list = kai_cli_text(stage->cli, "%s%s %s [%s]", list,
					    list[0] != '\0' ? "," : "",
					    json_string_value(json_object_get(to, "name")),
					    json_string_value(json_object_get(to, "rule")));
	}
	kai_lab_say(stage, step, KAI_LAB_TOLD, "  of its partners it goes to:%s",
		    list[0] != '\0' ? list : " none");
}

/* Runs it and keeps what was filed under the name that values[named] gives. */
static int publish(struct command *command, const struct kai_lab_step *step, size_t named,
		   const char *what)
{
	struct kai_lab_stage *stage = command->stage;
	const struct kai_lab_value *author = &step->values[0];
	struct kai_lab_item *item = &stage->items[step->values[named].item];
	const char *title = field_of(step, "title"), *tlp = field_of(step, "tlp");
	char *complaint = NULL;
	json_t *top = NULL;
	int64_t at_ms = kai_cli_now().ms;
	int code = kai_lab_stage_ask(stage, author->node, command->args, &top, &complaint);

	if (code != 0) {
		(void)fputs(complaint, stage->cli->err);
		return code;
	}
	(void)snprintf(item->id, sizeof(item->id), "%s",
		       json_string_value(json_object_get(top, "id")));
	item->origin = author->node;
	item->holders = (uint64_t)1 << author->node;
	item->at_ms = at_ms;
	item->count = 1;
	keep_texts(item, step);
	kai_lab_say(stage, step, KAI_LAB_TOLD, "%s %s %s%s%s%s%s%s", author->text, what,
		    step->values[named].text, title != NULL ? ": " : "", title != NULL ? title : "",
		    tlp != NULL ? " (TLP:" : "", tlp != NULL ? tlp : "", tlp != NULL ? ")" : "");
	say_recipients(stage, step, top);
	json_decref(top);
	return 0;
}

int kai_lab_do_file(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct command command = {.stage = stage};

	add(&command, "--confirm");
	add(&command, "live");
	add(&command, "file");
	add(&command, step->values[1].text);
	int code = add_fields(&command, step);

	return code != 0 ? code
			 : publish(&command, step, 2,
				   kai_cli_text(stage->cli, "files the %s", step->values[1].text));
}

int kai_lab_do_revise(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct command command = {.stage = stage};

	add(&command, "--confirm");
	add(&command, "live");
	add(&command, "revise");
	add(&command, stage->items[step->values[1].item].id);
	int code = add_fields(&command, step);

	return code != 0 ? code
			 : publish(&command, step, 2,
				   kai_cli_text(stage->cli, "revises %s as", step->values[1].text));
}

int kai_lab_do_retract(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct command command = {.stage = stage};

	add(&command, "retract");
	add(&command, stage->items[step->values[1].item].id);
	add(&command, "--reason");
	add(&command, step->values[3].text);
	return publish(&command, step, 2,
		       kai_cli_text(stage->cli, "retracts %s (%s) by", step->values[1].text,
				    step->values[3].text));
}

static void add_words(struct command *command, const char *text)
{
	char *rest = kai_lab_with_ids(command->stage, text);

	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		if (word[0] != '\0')
			add(command, word);
}

/* Any command, by its words. */
int kai_lab_do_command(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct command command = {.stage = stage};
	char *complaint = NULL;

	add_words(&command, step->values[1].text);
	int code = kai_lab_stage_ask(stage, step->values[0].node, command.args, NULL, &complaint);

	kai_lab_say(stage, step, code == 0 ? KAI_LAB_TOLD : KAI_LAB_FAILED, "%s: kairan %s%s%.200s",
		    step->values[0].text, step->values[1].text, code == 0 ? "" : ": ",
		    code == 0 ? "" : complaint);
	return 0;
}

/* A command that publishes: what it says is kept under a name. */
int kai_lab_do_publish(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct command command = {.stage = stage};

	add_words(&command, step->values[1].text);
	return publish(&command, step, 2,
		       kai_cli_text(stage->cli, "does \"%s\":", step->values[1].text));
}

/* ---- what the author's node must refuse ---- */

/* A command that the node or the rules must refuse, exit 1. */
int kai_lab_do_not_command(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct command command = {.stage = stage};
	char *complaint = NULL;

	add_words(&command, step->values[1].text);
	int code = kai_lab_stage_ask(stage, step->values[0].node, command.args, NULL, &complaint);
	bool good = code == KAI_EXIT_REFUSED;

	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
		    "%s may not \"%s\": exit %d %.*s", step->values[0].text, step->values[1].text,
		    code, (int)strcspn(complaint, "\n"), complaint);
	return 0;
}

static int refused(struct command *command, const struct kai_lab_step *step, const char *wanted)
{
	struct kai_lab_stage *stage = command->stage;
	char *complaint = NULL;
	json_t *top = NULL;
	int code = kai_lab_stage_ask(stage, step->values[0].node, command->args, &top, &complaint);
	size_t len = strcspn(complaint, "\n");
	bool good = (code == KAI_EXIT_REFUSED || code == KAI_EXIT_USAGE) &&
		    strstr(complaint, wanted) != NULL;

	json_decref(top);
	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s: exit %d, %.*s",
		    step->text, code, (int)len, complaint);
	return 0;
}

/* The same, for a reason that is part of what it says. */
int kai_lab_do_not_because(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct command command = {.stage = stage};

	add_words(&command, step->values[1].text);
	return refused(&command, step, step->values[2].text);
}

int kai_lab_do_not_file(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct command command = {.stage = stage};

	add(&command, "--confirm");
	add(&command, "live");
	add(&command, "file");
	add(&command, step->values[1].text);
	int code = add_fields(&command, step);

	return code != 0 ? code : refused(&command, step, step->values[2].text);
}

int kai_lab_do_not_revise(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct command command = {.stage = stage};

	add(&command, "--confirm");
	add(&command, "live");
	add(&command, "revise");
	add(&command, stage->items[step->values[1].item].id);
	int code = add_fields(&command, step);

	return code != 0 ? code : refused(&command, step, step->values[2].text);
}

/* ---- many at once ---- */

static int write_advisory(struct kai_lab_stage *stage, const char *folder, const char *name,
			  size_t number)
{
	size_t mark = stage->cli->arena.used;
	char *text = kai_cli_text(
		stage->cli,
		"{\"document\":{\"category\":\"csaf_base\",\"csaf_version\":\"2.0\",\"title\":\"%s "
		"indicator %zu\",\"publisher\":{\"category\":\"vendor\",\"name\":\"Lab\","
		"\"namespace\":\"https://"
		"lab.example.invalid\"},\"notes\":[{\"category\":\"summary\","
		"\"title\":\"Summary\",\"text\":\"Address %zu was seen in scans.\"}],\"tracking\":{"
		"\"id\":\"%s-%zu\",\"status\":\"final\",\"version\":\"1\",\"initial_release_date\":"
		"\"2026-01-05T09:00:00Z\",\"current_release_date\":\"2026-01-05T09:00:00Z\","
		"\"revision_history\":[{\"date\":\"2026-01-05T09:00:00Z\",\"number\":\"1\","
		"\"summary\":\"Published\"}]}}}\n",
		name, number, number, name, number);
	int code =
		kai_cli_write(stage->cli, kai_cli_text(stage->cli, "%s/%06zu.json", folder, number),
			      kai_span_str(text), 0640);

	stage->cli->arena.used = mark;
	return code;
}

/* The import runs on while the story goes on: "hold all of" waits for it. */
int kai_lab_do_import(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct kai_lab_node *node = &stage->lab->nodes[step->values[0].node];
	struct kai_lab_item *item = &stage->items[step->values[2].item];
	const char *name = step->values[2].text;
	char *folder = kai_cli_text(stage->cli, "%s/%s", stage->lab->dir, name);
	struct command command = {.stage = stage};
	int code = mkdir(folder, 0750) == 0 ? 0 : KAI_EXIT_USAGE;

	item->origin = step->values[0].node;
	item->holders = (uint64_t)1 << item->origin;
	item->count = (size_t)step->values[1].number * (stage->many > 0 ? stage->many : 1);
	for (size_t i = 0; code == 0 && i < item->count; i++)
		code = write_advisory(stage, folder, name, i);
	add(&command, stage->lab->kairan);
	add(&command, "--dir");
	add(&command, node->dir);
	add(&command, "--lines");
	add(&command, "import");
	add(&command, "csaf");
	add(&command, folder);
	if (code == 0)
		code = add_fields(&command, step);
	if (code == 0)
		code = kai_lab_begin(stage->cli, command.args,
				     kai_cli_text(stage->cli, "%s.out", folder), &item->importing);
	item->at_ms = kai_cli_now().ms;
	if (code == 0)
		kai_lab_say(stage, step, KAI_LAB_TOLD, "%s imports %zu advisories (%s)",
			    step->values[0].text, item->count, name);
	return code;
}
