/* SPDX-License-Identifier: Apache-2.0 */
#include "rogue.h"

#define MOST_CASES 160

struct rogue_state {
	struct rogue *rogue;
	const struct rogue_case *self;
};

struct box_state rogue_state(struct rogue *rogue)
{
	return box_state(rogue->node, rogue->peer->root.key);
}

void rogue_good(struct rogue *rogue, struct box_peer *peer, struct craft *ret)
{
	const struct plan offered = {.urgency = KAI_URGENCY_INFO};
	bool push = peer != rogue->peer || !rogue->no_push;
	struct craft *craft = craft_make(peer, push ? NULL : &offered);

	if (push) {
		craft_push(peer, craft);
	} else {
		craft_offer(peer, craft, true);
		craft_chunks(peer, craft, 0, true, true);
	}
	const struct box_reply *stored =
		box_peer_reply(peer, KAI_MSG_STORED, craft->id, BOX_PATIENCE_MS);

	assert_non_null(stored);
	assert_int_equal(stored->parts, 1);
	assert_int_equal(box_parts(rogue->node, craft->id), 1);
	rogue->stored++;
	if (ret != NULL)
		*ret = *craft;
}

static void counted(struct rogue *rogue, const char *reason, const struct box_state *before)
{
	struct box_state after = rogue_state(rogue);

	for (int64_t end = box_now_ms() + BOX_PATIENCE_MS;
	     after.refused == before->refused && box_now_ms() < end; after = rogue_state(rogue))
		box_peer_read(rogue->peer, 20);
	assert_string_equal(after.last_error, reason);
	assert_int_equal(after.refused, before->refused + 1);
	assert_int_equal(after.received, before->received);
}

void rogue_counted(struct rogue *rogue, const char *reason, const struct box_state *before)
{
	counted(rogue, reason, before);
	assert_true(box_journal(rogue->node, rogue->peer->root.key, reason) > 0);
}

void rogue_refused(struct rogue *rogue, const struct rogue_case *self, const uint8_t id[KAI_ID_LEN],
		   const struct box_state *before)
{
	const struct box_reply *refuse =
		box_peer_reply(rogue->peer, KAI_MSG_REFUSE, id, BOX_PATIENCE_MS);

	assert_non_null(refuse);
	assert_string_equal(refuse->reason, self->reason);
	assert_int_equal(refuse->klass, self->klass == 0 ? KAI_CLASS_RULE : self->klass);
	counted(rogue, self->reason, before);
	if (refuse->klass != KAI_CLASS_DEFER) /* what may come later is no fault for the journal */
		assert_true(box_journal(rogue->node, rogue->peer->root.key, self->reason) > 0);
	assert_false(box_holds(rogue->node, id));
}

void rogue_push(struct rogue *rogue, const struct rogue_case *self)
{
	struct box_state before = rogue_state(rogue);
	struct plan plan = self->plan;

	if (self->prepare != NULL)
		self->prepare(rogue, &plan);
	struct craft *craft = craft_make(rogue->peer, &plan);

	if (self->spoil != NULL)
		self->spoil(rogue, craft);
	craft_push(rogue->peer, craft);
	rogue_refused(rogue, self, craft->id, &before);
}

static void run_case(void **state)
{
	const struct rogue_state *one = *state;
	struct rogue *rogue = one->rogue;
	size_t used[] = {rogue->peer->arena.used, rogue->honest->arena.used,
			 rogue->node->arena.used};

	one->self->run(rogue, one->self);
	rogue_good(rogue, rogue->peer, NULL);
	rogue_good(rogue, rogue->honest, NULL);
	assert_int_equal(box_items(rogue->node), rogue->stored);
	rogue->peer->arena.used = used[0];
	rogue->honest->arena.used = used[1];
	rogue->node->arena.used = used[2];
}

static void start(void **state)
{
	struct rogue *rogue = ((const struct rogue_state *)*state)->rogue;

	rogue->node = box_node_new(rogue->kairan, rogue->kairand);
	rogue->peer = box_peer_new(rogue->node, 1, "NL");
	rogue->honest = box_peer_new(rogue->node, 2, "JP");
	box_peer_connect(rogue->peer, true);
	box_peer_connect(rogue->honest, true);
}

/* The store that went through all this is whole: kairan check says so. */
static void stop(void **state)
{
	struct rogue *rogue = ((const struct rogue_state *)*state)->rogue;

	box_peer_free(rogue->peer);
	box_peer_free(rogue->honest);
	box_node_free(rogue->node, rogue->kairan);
}

int main(int argc, char **argv)
{
	static const struct rogue_cases *const groups[] = {&rogue_label_cases, &rogue_forge_cases,
							   &rogue_part_cases, &rogue_frame_cases,
							   &rogue_flood_cases};
	static struct rogue_state states[MOST_CASES];
	static struct CMUnitTest tests[MOST_CASES + 2];
	struct rogue rogue = {.stored = 0};
	size_t count = 1;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: %s KAIRAN KAIRAND\n", argv[0]);
		return 2;
	}
	rogue.kairan = argv[1];
	rogue.kairand = argv[2];
	states[0].rogue = &rogue;
	tests[0] = (struct CMUnitTest){.name = "a node, a rogue and an honest peer, all greeted",
				       .test_func = start,
				       .initial_state = &states[0]};
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		for (size_t j = 0; j < groups[i]->count && count < MOST_CASES; j++) {
			states[count] = (struct rogue_state){&rogue, &groups[i]->cases[j]};
			tests[count] = (struct CMUnitTest){.name = groups[i]->cases[j].name,
							   .test_func = run_case,
							   .initial_state = &states[count]};
			count++;
		}
	}
	tests[count++] = (struct CMUnitTest){.name = "after all that kairan check finds nothing",
					     .test_func = stop,
					     .initial_state = &states[0]};
	return _cmocka_run_group_tests("rogue", tests, count, NULL, NULL);
}
