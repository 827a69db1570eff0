/* SPDX-License-Identifier: Apache-2.0 */
/* Do two participants' reports of a drill say the same of what both of them know? Each from its own store alone. */
#include "stage.h"

#include <string.h>

#define PATIENCE_MS                                                                                \
	20000 /* the last receipt is still on its way when the last person has answered */

/* What the reports have of one organisation and one item. What each calls it is its own, and so is the tier: who gave it
 * the item cannot know that it has another, shorter way from who issued it. */
static const char *const shared[] = {"consent",	    "delivered_at", "delivered_ms",
				     "received_at", "received_ms",  "cause"};

static json_t *rows_of(struct kai_lab_stage *stage, size_t node, const char *drill)
{
	const char *const args[] = {"drill", "report", drill, NULL};
	json_t *top = NULL, *rows = NULL;

	if (kai_lab_stage_ask(stage, node, args, &top, NULL) == 0)
		rows = json_incref(json_object_get(top, "rows"));
	json_decref(top);
	return rows;
}

static json_t *same_row(json_t *rows, const json_t *wanted)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (json_equal(json_object_get(row, "org"), json_object_get(wanted, "org")) &&
		    json_equal(json_object_get(row, "item"), json_object_get(wanted, "item")))
			return row;
	return NULL;
}

/* How many rows both have; *io_differs: the first field in which one of them differs, NULL: none does. */
static size_t compare(json_t *ours, json_t *theirs, const char **io_differs)
{
	json_t *row;
	size_t i, count = 0;

	json_array_foreach (ours, i, row) {
		json_t *other = same_row(theirs, row);

		count += other != NULL;
		for (size_t k = 0; other != NULL && k < sizeof(shared) / sizeof(shared[0]); k++)
			if (*io_differs == NULL && !json_equal(json_object_get(row, shared[k]),
							       json_object_get(other, shared[k])))
				*io_differs = shared[k];
	}
	return count;
}

static bool is_alike(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node,
		     size_t *ret_count, const char **ret_differs)
{
	json_t *ours = rows_of(stage, step->values[2].node, step->values[1].text);
	json_t *theirs = rows_of(stage, node, step->values[1].text);

	*ret_differs = NULL;
	*ret_count = compare(ours, theirs, ret_differs);
	json_decref(ours);
	json_decref(theirs);
	return *ret_count > 0 && *ret_differs == NULL;
}

static bool asks_alike(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	const char *differs;
	size_t count;

	return is_alike(stage, step, node, &count, &differs);
}

int kai_lab_check_alike(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	int64_t deadline_ms = kai_cli_now().ms + PATIENCE_MS;
	uint64_t nodes = step->values[0].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		bool good = kai_lab_comes_true(stage, step, node, deadline_ms, asks_alike);
		const char *differs, *name = stage->lab->nodes[node].name;
		size_t count;

		(void)is_alike(stage, step, node, &count, &differs);
		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED,
			    "%s and %s report %s alike in %zu shared row%s%s%s", name,
			    step->values[2].text, step->values[1].text, count,
			    count == 1 ? "" : "s", differs == NULL ? "" : ", but for ",
			    differs == NULL ? "" : differs);
	}
	return 0;
}
