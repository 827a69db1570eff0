/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a scenario to keys, and what is proven afterwards. */
#include "stage.h"

#include <string.h>

static const char *member(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL ? text : "";
}

/* The oldest key of that role in the node's own card, in the arena; NULL: none. */
static char *own_key(struct kai_lab_stage *stage, size_t node, const char *role)
{
	static const char *const args[] = {"card", "list", NULL};
	const char *since = NULL;
	json_t *top = NULL, *card, *key;
	char *found = NULL;
	size_t i, k;

	if (kai_lab_stage_ask(stage, node, args, &top, NULL) != 0)
		return NULL;
	json_array_foreach (json_object_get(top, "cards"), i, card) {
		if (strcmp(member(card, "how"), "own") != 0)
			continue;
		json_array_foreach (json_object_get(card, "keys"), k, key) {
			const char *from = member(key, "not_before");

			if (strcmp(member(key, "role"), role) != 0 ||
			    (since != NULL && strcmp(from, since) >= 0))
				continue;
			since = from;
			found = kai_cli_text(stage->cli, "%s", member(key, "key"));
		}
	}
	json_decref(top);
	return found;
}

/* NODE revokes its WORD key as of ITEM: since just before that was filed, by the clocks that nobody moved. */
int kai_lab_do_revoke(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct kai_lab_value *values = step->values;
	const struct kai_lab_item *item = &stage->items[values[2].item];
	char since[KAI_TIME_TEXT], *complaint = NULL;
	char *key = own_key(stage, values[0].node, values[1].text);
	const char *const args[] = {"card",    "revoke", key != NULL ? key : "",
				    "--since", since,	 "--reason",
				    "stolen",  NULL};

	kai_time_text((struct kai_wall){item->at_ms + kai_lab_stage_now(stage) - kai_cli_now().ms},
		      since);
	int code = kai_lab_stage_ask(stage, values[0].node, args, NULL, &complaint);

	kai_lab_say(stage, step, code == 0 ? KAI_LAB_TOLD : KAI_LAB_FAILED,
		    "%s revokes its %s key by its root key, in other hands since %.19s%s%.200s",
		    values[0].text, values[1].text, since, code == 0 ? "" : ": ",
		    code == 0 ? "" : complaint);
	return 0;
}

/* Held, and as it was asked: under a key that stands, or under one that was revoked. */
static bool is_held(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node,
		    bool marked)
{
	const char *const args[] = {"show", stage->items[step->values[2].item].id, NULL};
	json_t *top = NULL;
	bool good = kai_lab_stage_ask(stage, node, args, &top, NULL) == 0 &&
		    json_is_true(json_object_get(top, "marked")) == marked;

	json_decref(top);
	return good;
}

static bool asks_proven(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	return is_held(stage, step, node, false);
}

static bool asks_marked(struct kai_lab_stage *stage, const struct kai_lab_step *step, size_t node)
{
	return is_held(stage, step, node, true);
}

static int check_proof(struct kai_lab_stage *stage, const struct kai_lab_step *step,
		       kai_lab_asks asks, const char *as, const char *not_as)
{
	int64_t deadline_ms = kai_cli_now().ms + step->values[0].number;
	uint64_t nodes = step->values[1].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);) {
		bool good = kai_lab_comes_true(stage, step, node, deadline_ms, asks);

		stage->items[step->values[2].item].holders |= (uint64_t)1 << node;
		kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s has %s %s",
			    stage->lab->nodes[node].name, step->values[2].text, good ? as : not_as);
	}
	return 0;
}

int kai_lab_check_proven(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	return check_proof(stage, step, asks_proven, "as proven",
			   "marked, or not at all: its key was revoked");
}

int kai_lab_check_marked(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	return check_proof(stage, step, asks_marked, "marked: signed under a key that was revoked",
			   "as if its key had not been stolen");
}
