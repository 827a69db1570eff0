/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold in a scenario: asked of the nodes, again and again until it holds or its time is up. */
#include "stage.h"

#include <string.h>

#define POLL_MS 40
#define PAGE "500"

bool kai_lab_comes_true(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node,
			int64_t deadline_ms, kai_lab_asks asks)
{
	for (;;) {
		size_t mark = stage->cli->arena.used;
		bool late = kai_cli_now().ms > deadline_ms || kai_lab_told_to_stop();

		if (asks(stage, step, node))
			return true;
		stage->cli->arena.used = mark;
		if (late)
			return false;
		kai_lab_sleep(POLL_MS);
	}
}

static double since(const struct kai_lab_item *item)
{
	return (double)(kai_cli_now().ms - item->at_ms) / 1000;
}

/* ---- held ---- */

/* From whom it came and under which rule, as the node itself explains it. */
static char *how_it_came(struct kai_lab_stage *stage, size_t node, size_t item)
{
	json_t *pair = kai_lab_pair(stage, node, item, NULL, "in");
	char *text = kai_cli_text(stage->cli, "%s", "");

	if (pair != NULL)
		text = kai_cli_text(
			stage->cli, " from %s %s", json_string_value(json_object_get(pair, "name")),
			kai_lab_rule_text(stage, json_string_value(json_object_get(pair, "rule"))));
	json_decref(pair);
	return text;
}

static bool asks_item(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	return kai_lab_holds(stage, node, step->values[2].item, NULL);
}

int kai_lab_check_hold(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	size_t item = step->values[2].item;
	int64_t deadline_ms = kai_cli_now().ms + step->values[0].number;
	uint64_t nodes = step->values[1].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		const char *name = stage->lab->nodes[node].name;

		stage->items[item].holders |= (uint64_t)1 << node;
		if (kai_lab_comes_true(stage, step, node, deadline_ms, asks_item))
			kai_lab_say(stage, step, KAI_LAB_HELD, "%s has %s%s", name,
				    step->values[2].text, how_it_came(stage, node, item));
		else
			kai_lab_say(stage, step, KAI_LAB_FAILED, "%s has no %s after %.1f s", name,
				    step->values[2].text, since(&stage->items[item]));
	}
	return 0;
}

static bool asks_part(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	return kai_lab_holds(stage, node, step->values[3].item, step->values[2].text);
}

int kai_lab_check_part(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	int64_t deadline_ms = kai_cli_now().ms + step->values[0].number;
	uint64_t nodes = step->values[1].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		bool good = kai_lab_comes_true(stage, step, node, deadline_ms, asks_part);

		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
			    "%s %s part %s of %s", stage->lab->nodes[node].name,
			    good ? "reads" : "cannot read", step->values[2].text,
			    step->values[3].text);
	}
	return 0;
}

/* How many advisories a node lists under a filter; id given: how often that one. */
static size_t count_listed(struct kai_lab_stage *stage, size_t node, const char *option,
			   const char *value, const char *id)
{
	struct kai_cli *cli = stage->cli;
	const char *cursor = NULL;
	size_t count = 0;

	do {
		const char *args[8] = {"list", "--limit", PAGE};
		size_t words = 3, i;
		json_t *top = NULL, *row;

		if (cursor != NULL) {
			args[words++] = "--after";
			args[words++] = cursor;
		}
		if (option != NULL) {
			args[words++] = option;
			args[words++] = value;
		}
		if (kai_lab_stage_ask(stage, node, args, &top, NULL) != 0)
			break;
		json_array_foreach (json_object_get(top, "advisories"), i, row)
			count += id == NULL ||
				 strcmp(json_string_value(json_object_get(row, "id")), id) == 0;
		cursor = json_string_value(json_object_get(top, "next"));
		cursor = cursor != NULL ? kai_cli_text(cli, "%s", cursor) : NULL;
		json_decref(top);
	} while (cursor != NULL);
	return count;
}

static size_t count_items(struct kai_lab_stage *stage, size_t node, const char *name)
{
	return count_listed(stage, node, "--text", name, NULL);
}

static bool asks_all(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	return count_items(stage, node, step->values[2].text) ==
	       stage->items[step->values[2].item].count;
}

int kai_lab_check_all(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct kai_lab_item *item = &stage->items[step->values[2].item];
	int64_t deadline_ms = kai_cli_now().ms + step->values[0].number;
	uint64_t nodes = step->values[1].nodes;

	if (item->importing != 0) {
		int code = kai_lab_wait(item->importing);

		item->importing = 0;
		kai_lab_say(stage, step, code == 0 ? KAI_LAB_TOLD : KAI_LAB_FAILED,
			    "%s has imported %s, exit %d, %.1f s after it began",
			    stage->lab->nodes[item->origin].name, step->values[2].text, code,
			    since(item));
	}
	for (size_t node; kai_lab_next(&nodes, &node);) {
		bool good = kai_lab_comes_true(stage, step, node, deadline_ms, asks_all);

		item->holders |= (uint64_t)1 << node;
		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
			    "%s has %zu of the %zu of %s", stage->lab->nodes[node].name,
			    good ? item->count : count_items(stage, node, step->values[2].text),
			    item->count, step->values[2].text);
	}
	return 0;
}

/* The item's state as a node shows it, in the arena; "none". */
static char *state_at(struct kai_lab_stage *stage, size_t node, size_t item)
{
	const char *const args[] = {"show", stage->items[item].id, NULL};
	json_t *top = NULL;
	char *state = kai_cli_text(stage->cli, "none");

	if (kai_lab_stage_ask(stage, node, args, &top, NULL) == 0)
		state = kai_cli_text(stage->cli, "%s",
				     json_string_value(json_object_get(top, "state")));
	json_decref(top);
	return state;
}

static bool asks_state(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	return strcmp(state_at(stage, node, step->values[2].item), step->values[3].text) == 0;
}

int kai_lab_check_state(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	int64_t deadline_ms = kai_cli_now().ms + step->values[0].number;
	uint64_t nodes = step->values[1].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		bool good = kai_lab_comes_true(stage, step, node, deadline_ms, asks_state);

		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s shows %s as %s",
			    stage->lab->nodes[node].name, step->values[2].text,
			    good ? step->values[3].text
				 : state_at(stage, node, step->values[2].item));
	}
	return 0;
}

/* ---- not held ---- */

int kai_lab_check_lack(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	size_t item = step->values[1].item;
	uint64_t nodes = step->values[0].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		const char *const args[] = {"show", stage->items[item].id, NULL};
		int code = kai_lab_stage_ask(stage, node, args, NULL, NULL);
		bool good = code == KAI_EXIT_NOTHING;

		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s %s %s",
			    stage->lab->nodes[node].name, good ? "does not have" : "has",
			    step->values[1].text);
	}
	return 0;
}

int kai_lab_check_withheld(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	size_t item = step->values[2].item;
	uint64_t nodes = step->values[0].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		const char *const args[] = {"show", stage->items[item].id, "--part",
					    step->values[1].text, NULL};
		int code = kai_lab_stage_ask(stage, node, args, NULL, NULL);
		bool good = code == KAI_EXIT_REFUSED && kai_lab_holds(stage, node, item, NULL);

		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
			    "%s %s part %s of %s", stage->lab->nodes[node].name,
			    good ? "sees, and cannot read," : "does not find withheld",
			    step->values[1].text, step->values[2].text);
	}
	return 0;
}

static char *rule_between(struct kai_lab_stage *stage, size_t node, size_t item, size_t other)
{
	json_t *pair = kai_lab_pair(stage, node, item, stage->lab->nodes[other].name, "out");
	const char *verdict = json_string_value(json_object_get(pair, "verdict"));
	bool denied = verdict != NULL && strcmp(verdict, "deny") == 0;
	char *rule =
		kai_cli_text(stage->cli, "%s",
			     denied ? json_string_value(json_object_get(pair, "rule")) : "nothing");

	json_decref(pair);
	return rule;
}

int kai_lab_check_rule(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct kai_lab_value *values = step->values;
	char *rule = rule_between(stage, values[3].node, values[1].item, values[2].node);
	bool good = strcmp(rule, values[0].text) == 0;

	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s keeps %s from %s %s",
		    values[3].text, values[1].text, values[2].text,
		    strcmp(rule, "nothing") == 0 ? "no, by no rule"
						 : kai_lab_rule_text(stage, rule));
	return 0;
}

/* ---- how it came ---- */

/* From whom a node had an item, as a set: who more had it to offer is a matter of moments. */
static uint64_t supply_of(struct kai_lab_stage *stage, size_t node, size_t item)
{
	const char *const args[] = {"show", stage->items[item].id, NULL};
	json_t *top = NULL, *row;
	uint64_t set = 0;
	size_t i;

	if (kai_lab_stage_ask(stage, node, args, &top, NULL) != 0)
		return 0;
	json_array_foreach (json_object_get(top, "supply"), i, row) {
		int other = kai_lab_node_find(stage->lab,
					      json_string_value(json_object_get(row, "name")));

		set |= other >= 0 ? (uint64_t)1 << other : 0;
	}
	json_decref(top);
	return set;
}

static bool asks_supply(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	return (step->values[2].nodes & ~supply_of(stage, node, step->values[1].item)) == 0;
}

#define SUPPLY_MS 10000

int kai_lab_check_supply(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	size_t node = step->values[0].node;
	bool good =
		kai_lab_comes_true(stage, step, node, kai_cli_now().ms + SUPPLY_MS, asks_supply);
	uint64_t set = supply_of(stage, node, step->values[1].item);

	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s had %s from %s",
		    step->values[0].text, step->values[1].text,
		    set != 0 ? kai_lab_nodes_text(stage, set) : "nobody");
	return 0;
}

int kai_lab_check_once(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	uint64_t nodes = step->values[0].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		size_t times = count_listed(stage, node, NULL, NULL,
					    stage->items[step->values[1].item].id);

		kai_lab_say(stage, step, times == 1 ? KAI_LAB_HELD : KAI_LAB_FAILED,
			    "%s lists %s %zu time%s", stage->lab->nodes[node].name,
			    step->values[1].text, times, times == 1 ? "" : "s");
	}
	return 0;
}

int kai_lab_check_sector(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	uint64_t nodes = step->values[0].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		bool good = count_listed(stage, node, "--sector", step->values[2].text,
					 stage->items[step->values[1].item].id) == 1;

		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
			    "%s %s %s under sector %s", stage->lab->nodes[node].name,
			    good ? "lists" : "does not list", step->values[1].text,
			    step->values[2].text);
	}
	return 0;
}

/* ---- what is looked for at the end ---- */

static int add_secret(struct kai_lab_stage *stage, struct kai_lab_secret secret)
{
	if (stage->secret_count == KAI_LAB_MAX_SECRETS)
		return KAI_EXIT_USAGE;
	stage->secrets[stage->secret_count++] = secret;
	return 0;
}

int kai_lab_check_nobody(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	return add_secret(stage, (struct kai_lab_secret){.step = step,
							 .item = step->values[0].item,
							 .others = true});
}

int kai_lab_check_never(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	size_t item = step->values[1].item;

	return add_secret(stage, (struct kai_lab_secret){.step = step,
							 .nodes = step->values[0].nodes,
							 .item = item});
}

int kai_lab_check_never_part(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	size_t item = step->values[2].item;

	return add_secret(stage, (struct kai_lab_secret){.step = step,
							 .nodes = step->values[0].nodes,
							 .item = item,
							 .part = step->values[1].text});
}

int kai_lab_check_never_node(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	return add_secret(stage, (struct kai_lab_secret){.step = step,
							 .nodes = step->values[0].nodes,
							 .is_node = true,
							 .node = step->values[1].node});
}
