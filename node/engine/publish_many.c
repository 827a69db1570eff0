/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several drafts in one turn: all are made first, then signed, those of one class by one root, then stored. What each
 * of them became is said in an answer of its own.
 */
#include <string.h>

#include "publish.h"

#define ROOM_MADE                                                                                  \
	((size_t)3 << 20) /* of scratch, taken by what was made, before one more is begun */
#define MAX_TEXT 1024	  /* of an answer */

struct many {
	const struct kai_ctl_publish_many *req;
	struct kai_publish_report report;	       /* an answer for each that was looked at */
	struct kai_own_item *items[KAI_MAX_PUBLISHES]; /* NULL: its answer is all */
};

static bool is_source(const struct kai_source_mark *a, const struct kai_source_mark *b)
{
	return a != NULL && b != NULL && memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

/* What the store says of a document is that of before this turn's items. */
static bool is_known_here(const struct many *many, size_t at)
{
	const struct kai_ctl_publish *asked = many->req->publishes;
	bool found = false;

	for (size_t i = 0; i < at && !found; i++)
		found = many->items[i] != NULL && is_source(asked[i].source, asked[at].source);
	return found;
}

static void make(struct kai_turn *turn, struct many *many, size_t at)
{
	const struct kai_ctl_publish *asked = &many->req->publishes[at];
	struct kai_ctl_answer *answer = &many->report.answers[at];
	struct kai_own_item *item = kai_arena_take(turn->scratch, sizeof(*item));

	answer->version = KAI_VERSION;
	if (item == NULL)
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
	else if (is_known_here(many, at))
		kai_answer(turn, answer, 1, "reference",
			   "another state of the same document stands before it: publish it "
			   "after that");
	else if (kai_publish_begin(turn, asked, item, answer))
		many->items[at] = item;
}

static void sign(struct kai_turn *turn, const struct many *many)
{
	struct kai_own_item *made[KAI_MAX_PUBLISHES];
	size_t count = 0;

	for (size_t i = 0; i < many->report.answers_count; i++) {
		if (many->items[i] != NULL)
			made[count++] = many->items[i];
	}
	kai_own_sign(turn, made, count);
}

/* The way through the door takes much room, of which only the answer's words are kept. */
static void store(struct kai_turn *turn, struct many *many, size_t at)
{
	struct kai_ctl_answer *answer = &many->report.answers[at];
	size_t mark = turn->scratch->used;
	char text[MAX_TEXT];

	kai_publish_end(turn, &many->req->publishes[at], many->items[at], answer);
	size_t len = answer->text.len < sizeof(text) ? answer->text.len : sizeof(text);

	if (len > 0)
		memcpy(text, answer->text.at, len);
	kai_scratch_back(turn, mark);
	answer->text = kai_turn_copy(turn, kai_span(text, len));
}

void kai_publish_many(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	struct many *many = kai_arena_take(turn->scratch, sizeof(*many));
	const struct kai_ctl_publish_many *req = request;
	size_t count = req->publishes_count;
	struct kai_ctl_answer *answers = kai_arena_take(turn->scratch, count * sizeof(*answers));

	if (many == NULL || answers == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	if (turn->event->request.len > KAI_MAX_PUBLISH_MANY) {
		kai_answer_fault(turn, ret, 3, KAI_FAULT_OVERSIZE, "request");
		return;
	}
	many->req = req;
	many->report = (struct kai_publish_report){.version = KAI_VERSION, .answers = answers};
	for (size_t i = 0; i < count && (i == 0 || turn->scratch->used < ROOM_MADE); i++) {
		make(turn, many, i);
		many->report.answers_count++;
	}
	sign(turn, many);
	for (size_t i = 0; i < many->report.answers_count; i++) {
		if (many->items[i] != NULL)
			store(turn, many, i);
	}
	ret->body = kai_object_encode_in(&kai_object_publish_report, &many->report, turn->scratch);
	if (many->report.answers_count < count)
		ret->next = many->report.answers_count;
}
