/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of nodes as they are: their stores, what they print, their clocks, what they answer. */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

/* A member as text; "" where there is none. */
static const char *member(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL ? text : "";
}

/* Runs a command that must end with 0 at each of the nodes. */
static int each_says_yes(struct kai_lab_stage *stage, const struct kai_lab_step *step,
			 const char *const *args, const char *what)
{
	uint64_t nodes = step->values[0].nodes, good = 0;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		char *complaint = NULL;
		int code = kai_lab_stage_ask(stage, node, args, NULL, &complaint);

		/* An empty store has nothing that could be wrong. */
		if (code == 0 || code == KAI_EXIT_NOTHING)
			good |= (uint64_t)1 << node;
		else
			kai_lab_say(stage, step, KAI_LAB_FAILED, "%s: kairan %s: exit %d: %.200s",
				    stage->lab->nodes[node].name, args[0], code, complaint);
	}
	if (good != 0)
		kai_lab_say(stage, step, KAI_LAB_HELD, "%s: %s", what,
			    kai_lab_nodes_text(stage, good));
	return 0;
}

int kai_lab_check_verify(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	static const char *const args[] = {"verify", "--all", NULL};

	return each_says_yes(stage, step, args, "every signature and part verifies at");
}

int kai_lab_check_sound(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	static const char *const args[] = {"check", NULL};

	return each_says_yes(stage, step, args, "the store is sound at");
}

/* Control characters and those that turn the direction of writing (Unicode 15, UAX 9), in UTF-8. */
static bool is_clean(struct kai_span text)
{
	const uint8_t *at = text.at;

	for (size_t i = 0; i < text.len; i++) {
		bool turns = i + 2 < text.len && at[i] == 0xe2 &&
			     ((at[i + 1] == 0x80 && ((at[i + 2] >= 0xaa && at[i + 2] <= 0xae) ||
						     at[i + 2] == 0x8e || at[i + 2] == 0x8f)) ||
			      (at[i + 1] == 0x81 && at[i + 2] >= 0xa6 && at[i + 2] <= 0xa9));
		bool c1 =
			i + 1 < text.len && at[i] == 0xc2 && at[i + 1] >= 0x80 && at[i + 1] <= 0x9f;

		if ((at[i] < 0x20 && at[i] != '\n' && at[i] != '\t') || at[i] == 0x7f || turns ||
		    c1)
			return false;
	}
	return true;
}

int kai_lab_check_clean(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	static const char *const verbs[] = {"show", "list", "explain", "thread"};
	uint64_t nodes = step->values[0].nodes;
	const char *id = stage->items[step->values[1].item].id;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		bool good = true;

		for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
			const char *const argv[] = {stage->lab->kairan,
						    "--dir",
						    stage->lab->nodes[node].dir,
						    verbs[i],
						    strcmp(verbs[i], "list") == 0 ? NULL : id,
						    NULL};
			struct kai_span output = {NULL, 0};

			good = kai_lab_run(stage->cli, argv, &output) == 0 && output.len > 0 &&
			       is_clean(output) && good;
		}
		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s prints %s %s",
			    stage->lab->nodes[node].name, step->values[1].text,
			    good ? "without control characters"
				 : "and a control character reaches the terminal");
	}
	return 0;
}

/* Does what a command answers, as one line of JSON, hold that text? */
static bool asks_answer(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	char *rest = kai_lab_with_ids(stage, step->values[2].text), *text = NULL;
	const char *args[32];
	size_t count = 0;
	json_t *top = NULL;

	for (char *word; (word = strsep(&rest, " ")) != NULL && count < 31;)
		if (word[0] != '\0')
			args[count++] = word;
	args[count] = NULL;
	if (kai_lab_stage_ask(stage, node, args, &top, NULL) == 0)
		text = json_dumps(top, JSON_COMPACT);
	bool good =
		text != NULL && strstr(text, kai_lab_with_ids(stage, step->values[3].text)) != NULL;

	free(text);
	json_decref(top);
	return good;
}

int kai_lab_check_answer(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	int64_t deadline_ms = kai_cli_now().ms + step->values[0].number;
	uint64_t nodes = step->values[1].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		bool good = kai_lab_comes_true(stage, step, node, deadline_ms, asks_answer);

		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
			    "%s %s \"%s\" with \"%s\"", stage->lab->nodes[node].name,
			    good ? "answers" : "does not answer", step->values[2].text,
			    step->values[3].text);
	}
	return 0;
}

/* ---- duties ---- */

/* What a node itself says of what it owes another about an item; NULL: nothing. The caller's to drop. */
static json_t *duty_at(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	static const char *const args[] = {"duty", "--all", NULL};
	const struct kai_lab_value *values = step->values;
	json_t *top = NULL, *row, *found = NULL;
	size_t i;

	if (kai_lab_stage_ask(stage, values[1].node, args, &top, NULL) == 0)
		json_array_foreach (json_object_get(top, "duties"), i, row)
			if (found == NULL && strcmp(member(row, "side"), "ours") == 0 &&
			    strcmp(member(row, "target_name"), values[2].text) == 0 &&
			    strcmp(member(row, "id"), stage->items[values[3].item].id) == 0)
				found = json_incref(row);
	json_decref(top);
	return found;
}

static bool asks_duty(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	json_t *duty = duty_at(stage, step);
	bool good = strcmp(member(duty, "state"), step->values[4].text) == 0;

	(void)node;
	json_decref(duty);
	return good;
}

/* within SPAN the duty of NODE to NODE about ITEM is WORD: the state as `kairan duty` has it. */
int kai_lab_check_duty(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct kai_lab_value *values = step->values;
	bool good = kai_lab_comes_true(stage, step, values[1].node,
				       kai_cli_now().ms + values[0].number, asks_duty);
	json_t *duty = duty_at(stage, step);
	const char *rule = member(duty, "rule");
	bool blocked = strcmp(member(duty, "state"), "blocked") == 0;

	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
		    "%s owes %s \"%s\" of %s, by its agreement with %s: %s%s%s%s%s", values[1].text,
		    values[2].text, member(duty, "action"), values[3].text,
		    member(duty, "with_name"),
		    duty == NULL ? "no such duty" : member(duty, "state"), blocked ? " by " : "",
		    blocked ? member(duty, "blocked_by") : "", blocked ? " " : "",
		    blocked ? kai_lab_rule_text(stage, rule) : "");
	json_decref(duty);
	return 0;
}

/* ---- receipts ---- */

/* The roll-up that one partner gave a node about an item; NULL: none. The caller's to drop. */
static json_t *rollup_at(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct kai_lab_value *values = step->values;
	const char *const args[] = {"who-knows", stage->items[values[6].item].id, NULL};
	json_t *top = NULL, *row, *found = NULL;
	size_t i;

	if (kai_lab_stage_ask(stage, values[1].node, args, &top, NULL) == 0)
		json_array_foreach (json_object_get(top, "knows"), i, row)
			if (found == NULL && strcmp(member(row, "name"), values[4].text) == 0)
				found = json_incref(json_object_get(row, "forwarded"));
	json_decref(top);
	return found;
}

static bool asks_count(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	const struct kai_lab_value *values = step->values;
	json_t *rollup = rollup_at(stage, step);
	bool good =
		json_integer_value(json_object_get(rollup, values[5].text)) == values[2].number &&
		json_integer_value(json_object_get(rollup, "members")) == values[3].number;

	(void)node;
	json_decref(rollup);
	return good;
}

/* within SPAN NODE counts NUMBER of NUMBER behind NODE as WORD for ITEM: in numbers, without names. */
int kai_lab_check_count(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct kai_lab_value *values = step->values;
	bool good = kai_lab_comes_true(stage, step, values[1].node,
				       kai_cli_now().ms + values[0].number, asks_count);
	json_t *rollup = rollup_at(stage, step);

	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
		    "%s is told by %s that %lld of %lld behind it have %s as %s", values[1].text,
		    values[4].text,
		    (long long)json_integer_value(json_object_get(rollup, values[5].text)),
		    (long long)json_integer_value(json_object_get(rollup, "members")),
		    values[6].text, values[5].text);
	json_decref(rollup);
	return 0;
}

/* ---- clocks ---- */

/* NODE sees the clock of NODE SPAN WORD: within five seconds of it, fast or slow. */
#define CLOCK_NEAR_MS 5000

int kai_lab_check_clock(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	static const char *const args[] = {"peers", NULL};
	const struct kai_lab_value *values = step->values;
	int64_t wanted = strcmp(values[3].text, "slow") == 0 ? -values[2].number : values[2].number;
	json_t *top = NULL, *row;
	int64_t skew_ms = 0;
	size_t i;

	if (kai_lab_stage_ask(stage, values[0].node, args, &top, NULL) == 0)
		json_array_foreach (json_object_get(top, "peers"), i, row)
			if (strcmp(json_string_value(json_object_get(row, "name")),
				   values[1].text) == 0)
				skew_ms = json_integer_value(json_object_get(row, "clock_skew_ms"));
	json_decref(top);
	bool good = skew_ms > wanted - CLOCK_NEAR_MS && skew_ms < wanted + CLOCK_NEAR_MS;

	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
		    "%s sees the clock of %s %lld s ahead of its own", values[0].text,
		    values[1].text, (long long)(skew_ms / KAI_MS_SECOND));
	return 0;
}
