/* SPDX-License-Identifier: Apache-2.0 */
/* What may not be published is refused by name, and nothing of it is stored. */
#include "world.h"

#include "kairan/advisory.h"

typedef void (*spoil)(struct world *world, struct world_draft *draft);

static void other_realm(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.realm[3] = 1;
}

static void unknown_kind(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.kind = 99;
}

static void retract_kind(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.kind = KAI_KIND_RETRACT;
}

static void no_audience(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.label.audience_count = 0;
}

static void unknown_tlp(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.label.tlp = 6;
}

static void unknown_urgency(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.urgency = 9;
}

static void part_without_audience(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->part_label = draft->request.draft.label;
	draft->part_label.audience_count = 0;
	draft->parts[0].label = &draft->part_label;
}

static void advice_to_a_sector(struct world *world, struct world_draft *draft)
{
	draft->request.draft.kind = KAI_KIND_ADVICE;
	draft->parts[0].media_type = kai_span_str("kairan/advice");
	draft->parts[0].content = world_body(world, 0, KAI_KIND_ADVICE, "do this");
	draft->audience[0].type = KAI_AUD_SECTOR;
	draft->audience[0].org = (struct kai_span){NULL, 0};
	draft->audience[0].text = kai_span_str("jp-ci15:pow");
}

static void wrong_media(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->parts[0].media_type = kai_span_str("text/plain");
}

static void main_not_first(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->parts[0].name = kai_span_str("other");
}

static void body_of_another_kind(struct world *world, struct world_draft *draft)
{
	draft->parts[0].content = world_body(world, 0, KAI_KIND_RFI, "a question");
}

static void body_is_text(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->parts[0].content = kai_span_str("hello");
}

static void ended(struct world *world, struct world_draft *draft)
{
	draft->request.draft.not_after = (uint64_t)world->wall.ms;
}

static void bad_sector(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->sectors[0] = kai_span_str("POWER");
	draft->request.draft.sectors_count = 1;
}

static void same_part_name(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->parts[1] = draft->parts[0];
	draft->request.draft.parts_count = 2;
}

static void revises_nothing(struct world *world, struct world_draft *draft)
{
	uint8_t(*ids)[KAI_ID_LEN] = kai_arena_take(&world->nodes[0].arena, KAI_ID_LEN);

	memcpy(ids[0], world_nowhere, KAI_ID_LEN);
	draft->request.draft.supersedes = ids;
	draft->request.draft.supersedes_count = 1;
}

static void refers_to_nothing(struct world *world, struct world_draft *draft)
{
	uint8_t(*ids)[KAI_ID_LEN] = kai_arena_take(&world->nodes[0].arena, KAI_ID_LEN);

	memcpy(ids[0], world_nowhere, KAI_ID_LEN);
	draft->request.draft.refs = ids;
	draft->request.draft.refs_count = 1;
}

static void incident_of_nothing(struct world *world, struct world_draft *draft)
{
	(void)world;
	draft->request.draft.incident.is = true;
}

static void refusals_by_name(void **state)
{
	static const struct {
		spoil spoil;
		uint64_t code;
		const char *reason;
	} rows[] = {
		{other_realm, 1, "realm"},
		{unknown_kind, 3, "kind"},
		{retract_kind, 3, "kind"},
		{no_audience, 1, "label-unreadable"},
		{unknown_tlp, 1, "label-unreadable"},
		{part_without_audience, 1, "label-unreadable"},
		{unknown_urgency, 1, "contradiction"},
		{advice_to_a_sector, 1, "directed"},
		{wrong_media, 3, "bad-body"},
		{main_not_first, 3, "bad-body"},
		{body_of_another_kind, 3, "bad-body"},
		{body_is_text, 3, "bad-body"},
		{ended, 3, "expired"},
		{bad_sector, 1, "contradiction"},
		{same_part_name, 1, "contradiction"},
		{revises_nothing, 4, "not-held"},
		{refers_to_nothing, 4, "not-held"},
		{incident_of_nothing, 4, "not-held"},
	};
	struct world *world = world_star();
	uint64_t before = world_items(world, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world_draft draft;

		world_amber(world, 0, &draft, 1u << 1);
		rows[i].spoil(world, &draft);
		world_answered(world_ask(world, 0, KAI_CONTROL_PUBLISH, &draft.request),
			       rows[i].code, rows[i].reason);
	}
	assert_int_equal(world_items(world, 0), before);
	/* our own card has ended */
	struct world_draft draft;

	world->wall.ms += 901 * KAI_MS_DAY;
	world_amber(world, 0, &draft, 1u << 1);
	world_answered(world_ask(world, 0, KAI_CONTROL_PUBLISH, &draft.request), 1, "expired");
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
