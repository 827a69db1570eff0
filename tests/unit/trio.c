/* SPDX-License-Identifier: Apache-2.0 */
#include "trio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_LEN 4096
#define FRAMES_MOST 20000

/* Three in a line; seed, and what happens. */
#define HEAD                                                                                       \
	"kairan-sim-plan 1\ntopology line\nseed %llu\nnodes 3\ncommunities 0\nfaults-end 60000\n"  \
	"length 200000\ndelay 20\njitter 0\nkbytes 0\nquota 100\n"                                 \
	"0 at=0 agree node=0 other=1 introduce_a=1 introduce_b=1\n"                                \
	"1 at=0 agree node=1 other=2 introduce_a=1 introduce_b=1\n%s"

/* ---- the observer ---- */

static void on_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct trio *trio = state;

	(void)sim;
	assert_in_range(trio->frame_count, 0, FRAMES_MOST - 1);
	trio->frames[trio->frame_count++] = (struct seen){.frame = *frame, .received_ms = -1};
}

/* Where it stands in the list; fails the test when it was never sent. */
static size_t place(const struct trio *trio, uint64_t number)
{
	size_t at = 0;

	while (at < trio->frame_count && trio->frames[at].frame.number != number)
		at++;
	assert_in_range(at + 1, 1, trio->frame_count);
	return at;
}

static void on_received(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct trio *trio = state;
	struct seen *seen = &trio->frames[place(trio, frame->number)];

	assert_int_equal(seen->received_ms, -1);
	assert_int_equal(seen->frame.from, frame->from);
	assert_int_equal(seen->frame.to, frame->to);
	seen->received_ms = sim_now(sim);
	seen->received_order = ++trio->received_count;
}

static void on_turn(struct sim *sim, void *state, struct sim_node *node)
{
	struct trio *trio = state;

	if (node->number < 3)
		trio->turns[node->number]++;
	if (trio->at_turn != NULL && trio->at_turn(sim, trio, node))
		trio->at_turn = NULL;
}

static void on_restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	struct trio *trio = state;

	(void)sim;
	if (node->number >= 3)
		return;
	trio->starts[node->number]++;
	trio->restores[node->number] += restored;
}

static const struct sim_checker observer = {.name = "test",
					    .sent = on_sent,
					    .received = on_received,
					    .turn = on_turn,
					    .restarted = on_restarted};

/* ---- runs ---- */

/* A plan leaves zeros out; here they are said, so that one sees them. */
static void leave_zeros_out(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0';) {
		size_t len = strcspn(from + 1, " \n") + 1;

		if (*from == ' ' && len > 2 && memcmp(from + len - 2, "=0", 2) == 0 &&
		    memcmp(from, " at=", 4) != 0) {
			from += len;
			continue;
		}
		memmove(to, from, len);
		to += len;
		from += len;
	}
	*to = '\0';
}

struct sim_plan *trio_plan(const char *text)
{
	struct kai_why why = {{0}};
	struct sim_plan *plan = NULL;
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(file);
	if (sim_plan_read(file, &plan, &why) != KAI_ERR_OK)
		fail_msg("%s", why.text);
	(void)fclose(file);
	return plan;
}

static struct sim_plan *plan_of(uint64_t seed, const char *more)
{
	char text[TEXT_LEN];
	int len = snprintf(text, sizeof(text), HEAD, (unsigned long long)seed, more);

	assert_in_range(len, 1, TEXT_LEN - 1);
	leave_zeros_out(text);
	return trio_plan(text);
}

void trio_begin(struct trio *trio, uint64_t seed, const char *more)
{
	struct sim_options options = {
		.observer = &observer, .observer_state = trio, .checks = true};

	trio->frames = calloc(FRAMES_MOST, sizeof(*trio->frames));
	assert_non_null(trio->frames);
	trio->plan = plan_of(seed, more);
	trio->sim = sim_new(trio->plan, &options);
}

void trio_run(struct trio *trio, uint64_t seed, const char *more)
{
	trio_begin(trio, seed, more);
	sim_run(trio->sim);
	for (size_t i = 0; i < sim_violation_count(trio->sim); i++)
		print_message("# %s: %s\n", sim_violation_at(trio->sim, i)->checker,
			      sim_violation_at(trio->sim, i)->text);
	assert_int_equal(sim_figures(trio->sim)->violations, 0);
}

void trio_end(struct trio *trio)
{
	sim_free(trio->sim);
	sim_plan_free(trio->plan);
	free(trio->frames);
}

uint64_t trio_held(struct trio *trio, uint32_t node)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(sim_node(trio->sim, node)->store, false, &txn, NULL),
			 KAI_ERR_OK);
	uint64_t count = kai_txn_count(txn, KAI_TABLE_ITEMS);

	kai_txn_abort(txn);
	return count;
}
