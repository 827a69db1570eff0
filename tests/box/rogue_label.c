/* SPDX-License-Identifier: Apache-2.0 */
/* A sender that ignores labels and agreements: each rule of the one decision, at the receiver. */
#include "rogue.h"

static void to_another(struct rogue *rogue, struct plan *io_plan)
{
	io_plan->named = rogue->honest->root.key;
}

static void by_another(struct rogue *rogue, struct plan *io_plan)
{
	io_plan->origin = rogue->honest;
}

static void add_mark(struct rogue *rogue, struct craft *craft)
{
	craft->mark = kai_arena_take(&rogue->peer->arena, sizeof(*craft->mark));
	assert_non_null(craft->mark);
	craft->mark->opened_at = (uint64_t)box_now_ms();
}

/* A release of another's item that the rogue signed itself. */
static void add_release(struct rogue *rogue, struct craft *craft)
{
	struct box_peer *peer = rogue->peer;
	int64_t now = box_now_ms();
	struct kai_release release = {.version = KAI_VERSION,
				      .label = craft->header.label,
				      .at = (uint64_t)now,
				      .expires = (uint64_t)(now + KAI_MS_DAY)};

	release.label.tlp = KAI_TLP_CLEAR;
	release.label.audience_count = 0;
	memcpy(release.id, craft->id, KAI_ID_LEN);
	craft->evidence[0] = kai_signed_make(
		KAI_CTX_RELEASE, kai_object_encode_in(&kai_object_release, &release, &peer->arena),
		peer->decider.key, peer->decider.secret, &peer->arena);
	assert_true(craft->evidence[0].len > 0);
	craft->evidence_count = 1;
}

static void unknown_tlp(struct rogue *rogue, struct craft *craft)
{
	craft->header.label.tlp = 6;
	craft_reseal(rogue->peer, craft);
	craft_sign(craft, &rogue->peer->decider);
}

static void empty_audience(struct rogue *rogue, struct craft *craft)
{
	craft->header.label.audience_count = 0;
	craft_reseal(rogue->peer, craft);
	craft_sign(craft, &rogue->peer->decider);
}

/* The header may come here, its second part may not: that one alone is left out. */
static void part_for_another(struct rogue *rogue, const struct rogue_case *self)
{
	struct box_state before = rogue_state(rogue);
	struct plan plan = self->plan;

	plan.extra_named = rogue->honest->root.key;
	struct craft *craft = craft_make(rogue->peer, &plan);

	craft_push(rogue->peer, craft);
	const struct box_reply *stored =
		box_peer_reply(rogue->peer, KAI_MSG_STORED, craft->id, BOX_PATIENCE_MS);

	assert_non_null(stored);
	assert_int_equal(stored->parts, 1);
	before.received++;
	rogue_counted(rogue, self->reason, &before);
	assert_int_equal(box_parts(rogue->node, craft->id), 1);
	rogue->stored++;
}

/* What a rule refused once stays refused while nothing changed. */
static void twice(struct rogue *rogue, const struct rogue_case *self)
{
	struct plan plan = self->plan;

	to_another(rogue, &plan);
	struct craft *craft = craft_make(rogue->peer, &plan);

	for (int i = 0; i < 2; i++) {
		struct box_state before = rogue_state(rogue);

		craft_push(rogue->peer, craft);
		rogue_refused(rogue, self, craft->id, &before);
	}
	struct box_state before = rogue_state(rogue);

	craft_offer(rogue->peer, craft, false);
	rogue_refused(rogue, self, craft->id, &before);
}

static const struct rogue_case cases[] = {
	{"a kind that the agreement leaves out", rogue_push, "kind", .plan = {.kind = 7}},
	{"the same under a mark of contingency that no clause gives", rogue_push,
	 "contingency-mark", .plan = {.kind = 7}, .spoil = add_mark},
	{"a sector that the agreement leaves out", rogue_push, "sector",
	 .plan = {.sector = "jp-seed7:gas"}},
	{"what has expired", rogue_push, "expired",
	 .plan = {.created_ms = -60000, .ends_ms = -30000}},
	{"a TLP that nobody knows", rogue_push, "label-unreadable", .spoil = unknown_tlp},
	{"an empty audience", rogue_push, "label-unreadable", .spoil = empty_audience},
	{"RED above the ceiling", rogue_push, "ceiling", .plan = {.tlp = KAI_TLP_RED}},
	{"AMBER that names another", rogue_push, "audience", .prepare = to_another},
	{"AMBER+STRICT that names another", rogue_push, "audience",
	 .plan = {.tlp = KAI_TLP_AMBER_STRICT}, .prepare = to_another},
	{"GREEN that names another", rogue_push, "audience", .plan = {.tlp = KAI_TLP_GREEN},
	 .prepare = to_another},
	{"a community that nobody recognises", rogue_push, "audience",
	 .plan = {.audience = KAI_AUD_COMMUNITY, .place = "power"}},
	{"another's AMBER+STRICT handed on", rogue_push, "tlp-onward",
	 .plan = {.tlp = KAI_TLP_AMBER_STRICT}, .prepare = by_another},
	{"another's AMBER that may not be handed on", rogue_push, "onward",
	 .plan = {.onward = KAI_ONWARD_NONE}, .prepare = by_another},
	{"abroad without being named", rogue_push, "abroad",
	 .plan = {.audience = KAI_AUD_SECTOR, .place = "jp-seed7:pow"}},
	{"to a government without its origin's consent", rogue_push, "government",
	 .plan = {.audience = KAI_AUD_COUNTRY, .place = "JP"}},
	{"a release that the origin did not sign", rogue_push, "key-not-in-card",
	 .klass = KAI_CLASS_COPY, .plan = {.tlp = KAI_TLP_AMBER_STRICT}, .prepare = by_another,
	 .spoil = add_release},
	{"a part whose own label names another", part_for_another, "audience",
	 .plan = {.extra_len = 100, .extra_tlp = KAI_TLP_AMBER}},
	{"what was refused, again and again", twice, "audience", .klass = 0},
};
const struct rogue_cases rogue_label_cases = {cases, sizeof(cases) / sizeof(*cases)};
