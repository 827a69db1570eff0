/* SPDX-License-Identifier: Apache-2.0 */
/* lab matrix: who holds what, and for each gap the rule that held it back. Asks the nodes; decides nothing itself. */
#include "lab.h"

#include <string.h>

#include "../kairan/verbs.h"
#include "../kairan/view.h"

#define LIMIT "500"
#define NO_PARTNER "no-holder-is-partner"

/* What the lab knows: per node an object id -> its row of `kairan list`; and every item once, in order of first sight. */
struct matrix {
	struct kai_cli *cli;
	const struct kai_lab *lab;
	json_t *lists[KAI_LAB_MAX_NODES];
	json_t *items; /* array of rows */
};

static int collect(struct matrix *matrix)
{
	static const char *const args[] = {"list", "--limit", LIMIT, NULL};
	json_t *seen = json_object();
	int code = 0;

	for (size_t i = 0; code == 0 && i < matrix->lab->node_count; i++) {
		json_t *top = NULL, *row;
		size_t index;

		matrix->lists[i] = json_object();
		code = kai_lab_kairan(matrix->cli, matrix->lab, &matrix->lab->nodes[i], args, &top);
		/* An empty store is not an error here. */
		if (code == KAI_EXIT_NOTHING)
			code = 0;
		json_array_foreach (json_object_get(top, "advisories"), index, row) {
			const char *id = json_string_value(json_object_get(row, "id"));

			if (id == NULL)
				continue;
			json_object_set(matrix->lists[i], id, row);
			if (json_object_get(seen, id) == NULL) {
				json_object_set(seen, id, row);
				json_array_append(matrix->items, row);
			}
		}
		json_decref(top);
	}
	json_decref(seen);
	return code;
}

static const char *held_state(const json_t *row)
{
	const json_t *part;
	size_t index, held = 0, all = 0;

	if (row == NULL)
		return "withheld";
	json_array_foreach (json_object_get(row, "parts"), index, part) {
		const char *state = json_string_value(json_object_get(part, "state"));

		all++;
		held += state != NULL && strcmp(state, "held") == 0 ? 1 : 0;
	}
	return held == all ? "held" : "part";
}

/* The rule of the first denied part in one answer of `explain`, or of the whole item when the header was denied. */
static const char *denied_rule(const json_t *pair)
{
	const char *verdict = json_string_value(json_object_get(pair, "verdict"));
	const json_t *part;
	size_t index;

	if (verdict == NULL || strcmp(verdict, "deny") == 0)
		return json_string_value(json_object_get(pair, "rule"));
	json_array_foreach (json_object_get(pair, "parts"), index, part) {
		verdict = json_string_value(json_object_get(part, "verdict"));
		if (verdict != NULL && strcmp(verdict, "deny") == 0)
			return json_string_value(json_object_get(part, "rule"));
	}
	return NULL;
}

static bool partners(const struct kai_lab *lab, size_t a, size_t b)
{
	for (size_t i = 0; i < lab->agreement_count; i++)
		if ((lab->agreements[i].a == a && lab->agreements[i].b == b) ||
		    (lab->agreements[i].a == b && lab->agreements[i].b == a))
			return true;
	return false;
}

/* explain answers one pair, or a list of them */
static const json_t *first_pair(const json_t *top)
{
	const json_t *pairs = json_object_get(top, "pairs");

	return json_is_array(pairs) ? json_array_get(pairs, 0) : top;
}

/* Asks each holder that is a partner of the node why it did not pass the item on; NULL when nobody could have. */
static char *gap_rule(struct matrix *matrix, const char *id, size_t node)
{
	const char *name = matrix->lab->nodes[node].name;
	char *rules = NULL;

	for (size_t i = 0; i < matrix->lab->node_count; i++) {
		const char *const args[] = {"explain", id, name, NULL};
		json_t *top = NULL;

		if (i == node || json_object_get(matrix->lists[i], id) == NULL ||
		    !partners(matrix->lab, i, node))
			continue;
		if (kai_lab_kairan(matrix->cli, matrix->lab, &matrix->lab->nodes[i], args, &top) !=
		    0)
			continue;
		const char *rule = denied_rule(first_pair(top));

		if (rule != NULL && (rules == NULL || strstr(rules, rule) == NULL))
			rules = rules == NULL ? kai_cli_text(matrix->cli, "%s", rule)
					      : kai_cli_text(matrix->cli, "%s, %s", rules, rule);
		json_decref(top);
	}
	return rules;
}

static json_t *item_row(struct matrix *matrix, json_t *item)
{
	const char *id = json_string_value(json_object_get(item, "id"));
	json_t *held = json_object(), *rule = json_object();

	for (size_t i = 0; i < matrix->lab->node_count; i++) {
		const char *name = matrix->lab->nodes[i].name;
		const char *state = held_state(json_object_get(matrix->lists[i], id));

		json_object_set_new(held, name, json_string(state));
		if (strcmp(state, "held") != 0) {
			char *why = gap_rule(matrix, id, i);

			json_object_set_new(rule, name,
					    json_string(why != NULL ? why : NO_PARTNER));
		}
	}
	return json_pack("{s:s, s:O?, s:O?, s:O?, s:o, s:o}", "id", id, "title",
			 json_object_get(item, "title"), "tlp", json_object_get(item, "tlp"),
			 "origin", json_object_get(item, "origin_name"), "held", held, "rule",
			 rule);
}

static const char *mark_of(const char *state)
{
	if (state != NULL && strcmp(state, "held") == 0)
		return "yes";
	return state != NULL && strcmp(state, "part") == 0 ? "part" : "-";
}

static void print_gaps(struct kai_cli *cli, const json_t *item)
{
	json_t *rules = json_object_get(item, "rule"), *rule;
	const char *node;

	json_object_foreach (rules, node, rule)
		(void)fprintf(cli->out, "      %-14s %s\n", node, json_string_value(rule));
}

/* Each rule that stands in the gaps once, with its sentence. */
static void print_rules(struct kai_cli *cli, const json_t *items)
{
	json_t *seen = json_object();
	const json_t *item;
	json_t *rule;
	const char *node, *name;
	size_t index;

	json_array_foreach (items, index, item) {
		json_object_foreach (json_object_get(item, "rule"), node, rule) {
			char *rules = kai_cli_text(cli, "%s", json_string_value(rule)),
			     *rest = rules;

			for (char *one = strtok_r(rules, ", ", &rest); one != NULL;
			     one = strtok_r(NULL, ", ", &rest))
				json_object_set_new(seen, one, json_true());
		}
	}
	json_object_foreach (seen, name, rule)
		(void)fprintf(
			cli->out, "  %-22s %s\n", name,
			strcmp(name, NO_PARTNER) == 0
				? T("No organisation that holds it has an agreement with this one.")
				: kai_rule_sentence(cli, name));
	json_decref(seen);
}

/* For people: the matrix with a short number per item, then each item with its gaps. */
static void print_matrix(struct kai_cli *cli, json_t *top)
{
	const json_t *nodes = json_object_get(top, "nodes"), *node, *item;
	size_t index, column;

	/* A name a line, each with a stroke down to its column: many nodes fit 80 columns. */
	json_array_foreach (nodes, column, node) {
		(void)fprintf(cli->out, "%4s", "");
		for (size_t i = 0; i < column; i++)
			(void)fprintf(cli->out, "  %-4s", "|");
		(void)fprintf(cli->out, "  %s\n", json_string_value(node));
	}
	json_array_foreach (json_object_get(top, "items"), index, item) {
		(void)fprintf(cli->out, "%4zu", index + 1);
		json_array_foreach (nodes, column, node) {
			const json_t *state = json_object_get(json_object_get(item, "held"),
							      json_string_value(node));

			(void)fprintf(cli->out, "  %-4s", mark_of(json_string_value(state)));
		}
		(void)fprintf(cli->out, "\n");
	}
	(void)fprintf(cli->out, "\n%s\n",
		      T("What they are, and for each gap the rule that held it back:"));
	json_array_foreach (json_object_get(top, "items"), index, item) {
		const char *title = json_string_value(json_object_get(item, "title"));
		const char *origin = json_string_value(json_object_get(item, "origin"));

		(void)fprintf(cli->out, "%4zu  %s  TLP:%s  %s\n", index + 1,
			      json_string_value(json_object_get(item, "id")),
			      json_string_value(json_object_get(item, "tlp")),
			      origin != NULL ? origin : "");
		(void)fprintf(
			cli->out, "      %s\n",
			kai_view_safe(cli, title != NULL ? title : T("(title withheld)"), false));
		print_gaps(cli, item);
	}
	(void)fprintf(cli->out, "\n%s\n", T("The rules:"));
	print_rules(cli, json_object_get(top, "items"));
}

int kai_verb_lab_matrix(struct kai_cli *cli)
{
	static const struct kai_col cols[] = {{"id", N_("id"), KAI_COL_ID},
					      {"tlp", "TLP", KAI_COL_TEXT},
					      {"title", N_("title"), KAI_COL_TEXT}};
	static const struct kai_view view = {"items", cols, sizeof(cols) / sizeof(*cols),
					     N_("No node holds anything."), print_matrix};
	struct kai_lab *lab = kai_cli_take(cli, sizeof(*lab));
	struct matrix matrix = {.cli = cli, .lab = lab, .items = json_array()};
	json_t *nodes = json_array(), *rows = json_array(), *item;
	size_t index;
	int code = kai_lab_open(cli, lab);

	if (code == 0)
		code = collect(&matrix);
	for (size_t i = 0; i < lab->node_count; i++)
		json_array_append_new(nodes, json_string(lab->nodes[i].name));
	if (code == 0) {
		json_array_foreach (matrix.items, index, item)
			json_array_append_new(rows, item_row(&matrix, item));
		kai_view_show(cli, &view, json_pack("{s:O, s:O}", "nodes", nodes, "items", rows));
	}
	for (size_t i = 0; i < lab->node_count; i++)
		json_decref(matrix.lists[i]);
	json_decref(nodes);
	json_decref(rows);
	json_decref(matrix.items);
	return code;
}
