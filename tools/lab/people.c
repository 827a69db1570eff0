/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a node calls when nobody says that he has something. The lab gives it people and a program that writes each
 * call into a book beside the nodes and takes a moment over it, so that a kill can meet it at work:
 *
 *   STEP EVENT ROLE AGAIN WHOSE        whose: a partner's alias, - for the node's own
 */
#include "stage.h"

#include <string.h>

#include "../kairan/view.h"

#define MAX_BOOK 1048576
#define ID_IN_STEP 32 /* characters of an item's id at a step's beginning */

/* One line of a book. */
struct call {
	char step[KAI_STEP_ID];
	char event[32];
	char role[KAI_MAX_SHORT + 1];
	char again[2];
	char whose[KAI_MAX_ALIAS + 1];
};

static char *book_of(const struct kai_lab_stage *stage, size_t node)
{
	return kai_cli_text(stage->cli, "%s/%s.calls", stage->lab->dir,
			    stage->lab->nodes[node].name);
}

static char *program_of(const struct kai_lab_stage *stage, size_t node)
{
	return kai_cli_text(stage->cli, "%s/%s.people", stage->lab->dir,
			    stage->lab->nodes[node].name);
}

/* ---- NODE calls its people ---- */

const char *kai_lab_people(const struct kai_lab_stage *stage, size_t node)
{
	if ((stage->calling >> node & 1) == 0)
		return "";
	return kai_cli_text(stage->cli,
			    "people: (\n"
			    "\t{ role = \"duty\"; name = \"Duty desk\"; first = \"tel:1\"; "
			    "second = \"tel:2\"; },\n"
			    "\t{ role = \"deputy\"; name = \"Sato\"; first = \"tel:3\"; "
			    "second = \"tel:4\"; },\n"
			    "\t{ role = \"deputy\"; name = \"Suzuki\"; first = \"tel:5\"; "
			    "second = \"tel:6\"; },\n"
			    "\t{ role = \"decider\"; name = \"Tanaka\"; first = \"tel:7\"; "
			    "second = \"tel:8\"; }\n"
			    ");\nhook: {\n\tcommand = [ \"%s\" ];\n\tceiling = "
			    "\"GREEN\";\n\ttimeout_s = 20;\n};\n",
			    program_of(stage, node));
}

int kai_lab_do_people(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	char *book = book_of(stage, step->values[0].node);
	char *program = program_of(stage, step->values[0].node);
	char *text = kai_cli_text(stage->cli,
				  "#!/bin/sh\nset -eu\n"
				  "whose=$(sed -n 's/.*\"alias\":\"\\([^\"]*\\)\".*/\\1/p')\n"
				  "echo \"$KAIRAN_STEP $KAIRAN_EVENT $KAIRAN_ROLE $KAIRAN_AGAIN "
				  "${whose:--}\" >>'%s'\n"
				  "sleep 1\necho told >&2\n",
				  book);
	int code = kai_cli_write(stage->cli, program, kai_span_str(text), 0750);

	if (code == 0)
		code = kai_cli_write(stage->cli, book, kai_span_str(""), 0640);
	stage->calling |= UINT64_C(1) << step->values[0].node;
	kai_lab_say(stage, step, KAI_LAB_TOLD, "%s", step->text);
	return code;
}

/* ---- what stands in the book ---- */

static bool read_line(char **io_rest, struct call *ret)
{
	char *line;

	while ((line = strsep(io_rest, "\n")) != NULL)
		if (sscanf(line, "%63s %31s %64s %1s %64s", ret->step, ret->event, ret->role,
			   ret->again, ret->whose) == 5)
			return true;
	return false;
}

/* NULL: it cannot be read. */
static char *read_book(struct kai_lab_stage *stage, size_t node)
{
	struct kai_span text;

	return kai_cli_read(stage->cli, book_of(stage, node), MAX_BOOK, &text) == 0
		       ? kai_cli_str(stage->cli, text)
		       : NULL;
}

/* What a check looks for; NULL: any. */
struct wanted {
	const char *role;
	const char *event;
	const char *whose;
	const char *again;
	const char *id;
};

static bool is_called(struct kai_lab_stage *stage, size_t node, const struct wanted *wanted)
{
	char *rest = read_book(stage, node);
	struct call call;

	while (rest != NULL && read_line(&rest, &call)) {
		if (strcmp(call.role, wanted->role) == 0 &&
		    strcmp(call.event, wanted->event) == 0 &&
		    strcmp(call.whose, wanted->whose) == 0 &&
		    (wanted->again == NULL || strcmp(call.again, wanted->again) == 0) &&
		    (wanted->id == NULL || strncmp(call.step, wanted->id, ID_IN_STEP) == 0))
			return true;
	}
	return false;
}

/* Waits for it and says so. */
static int check_call(struct kai_lab_stage *stage, const struct kai_lab_step *step,
		      const struct wanted *wanted)
{
	int64_t until_ms = kai_cli_now().ms + step->values[0].number;
	size_t mark = stage->cli->arena.used;
	bool good = false;

	while (!(good = is_called(stage, step->values[1].node, wanted)) &&
	       kai_cli_now().ms < until_ms && !kai_lab_told_to_stop()) {
		stage->cli->arena.used = mark;
		kai_lab_sleep(100);
	}
	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s", step->text);
	return 0;
}

/* within SPAN NODE calls its WORD about ITEM */
int kai_lab_check_called(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct wanted wanted = {.role = step->values[2].text,
				      .event = "unacknowledged",
				      .whose = "-",
				      .id = stage->items[step->values[3].item].id};

	return check_call(stage, step, &wanted);
}

/* within SPAN NODE calls its WORD again about ITEM: what had begun when the node ended */
int kai_lab_check_called_again(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct wanted wanted = {.role = step->values[2].text,
				      .event = "unacknowledged",
				      .whose = "-",
				      .again = "1",
				      .id = stage->items[step->values[3].item].id};

	return check_call(stage, step, &wanted);
}

/* within SPAN NODE calls the WORD of NODE about ITEM: it is there, and nobody there says so */
int kai_lab_check_called_there(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct wanted wanted = {.role = step->values[2].text,
				      .event = "person-silent",
				      .whose = step->values[3].text,
				      .id = stage->items[step->values[4].item].id};

	return check_call(stage, step, &wanted);
}

/* within SPAN NODE calls the WORD of NODE about its link */
int kai_lab_check_called_link(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct wanted wanted = {.role = step->values[2].text,
				      .event = "link-silent",
				      .whose = step->values[3].text};

	return check_call(stage, step, &wanted);
}

/* NODE called nobody twice but after it ended */
int kai_lab_check_called_once(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	char *book = read_book(stage, step->values[0].node);
	char *rest = book != NULL ? kai_cli_text(stage->cli, "%s", book) : NULL;
	struct call call, before;
	size_t calls = 0, wrong = 0;

	while (rest != NULL && read_line(&rest, &call)) {
		char *earlier = kai_cli_text(stage->cli, "%s", book);
		bool known = false;

		for (size_t i = 0; i < calls && read_line(&earlier, &before); i++)
			known = known || strcmp(before.step, call.step) == 0;
		wrong += known && strcmp(call.again, "1") != 0;
		calls++;
	}
	kai_lab_say(stage, step, calls > 0 && wrong == 0 ? KAI_LAB_HELD : KAI_LAB_FAILED,
		    "%s (%zu calls)", step->text, calls);
	return 0;
}
