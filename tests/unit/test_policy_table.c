/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole truth table: every combination of what the decision reads, against the oracle, and the
 * properties over it: narrowing an input never turns deny into allow, an unknown value never
 * allows, and equal facts in other memory give equal verdicts.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "policy_oracle.h"

static void fail_scene(const struct scene *scene, struct kai_verdict is, struct kai_verdict should)
{
	fail_msg("tlp %u form '%s' onward %u gov %u relation %d constituency %d abroad %d "
		 "government %d ceiling %u overlay %u state %d kind %d sector %d mark %d release "
		 "%d part %d: is %s %s, should be %s %s",
		 (unsigned)scene->label.tlp, scene_form_words(scene->label.form),
		 (unsigned)scene->label.onward, (unsigned)scene->label.gov_share,
		 (int)scene->relation, scene->constituency, scene->abroad, scene->government,
		 (unsigned)scene->ceiling, (unsigned)scene->overlay, (int)scene->state,
		 (int)scene->kind, (int)scene->sector, (int)scene->mark, (int)scene->release,
		 scene->has_part, is.allow ? "allow" : "deny", kai_rule_name(is.rule),
		 should.allow ? "allow" : "deny", kai_rule_name(should.rule));
}

static bool agrees(const struct scene *scene, const struct kai_facts *facts)
{
	struct kai_verdict is = kai_policy_decide(facts);
	struct kai_verdict should = oracle_decide(scene);

	if (is.allow != should.allow || is.rule != should.rule)
		fail_scene(scene, is, should);
	return is.allow;
}

static bool check(const struct scene *scene)
{
	struct scene_stage stage;

	scene_build(scene, &stage);
	return agrees(scene, &stage.facts);
}

/* ---- the grid: one label, every relation, every ceiling, overlay and state */

enum { TLPS = 7, FORMS = SCENE_FORM_END, ONWARDS = 6, GOVS = 3, SIDES = 24, CEILINGS = 7 };
#define GRID ((size_t)TLPS * FORMS * ONWARDS * ONWARDS * GOVS * SIDES * CEILINGS)

/* A point of the grid: SIDES is relation × constituency × abroad × government. */
struct point {
	unsigned tlp, form, onward, overlay, gov, side, ceiling;
};

static size_t index_of(const struct point *at)
{
	size_t index = at->tlp;

	index = index * FORMS + at->form;
	index = index * ONWARDS + at->onward;
	index = index * ONWARDS + at->overlay;
	index = index * GOVS + at->gov;
	index = index * SIDES + at->side;
	return index * CEILINGS + at->ceiling;
}

static struct point point_at(size_t index)
{
	struct point at;

	at.ceiling = (unsigned)(index % CEILINGS);
	index /= CEILINGS;
	at.side = (unsigned)(index % SIDES);
	index /= SIDES;
	at.gov = (unsigned)(index % GOVS);
	index /= GOVS;
	at.overlay = (unsigned)(index % ONWARDS);
	index /= ONWARDS;
	at.onward = (unsigned)(index % ONWARDS);
	index /= ONWARDS;
	at.form = (unsigned)(index % FORMS);
	at.tlp = (unsigned)(index / FORMS);
	return at;
}

static struct scene scene_at(const struct point *at)
{
	struct scene scene = scene_plain();

	scene.label = (struct scene_label){at->tlp, (enum scene_form)at->form, at->onward, at->gov};
	scene.overlay = at->overlay;
	scene.ceiling = at->ceiling;
	scene.government = at->side % 2 == 1;
	scene.abroad = at->side / 2 % 2 == 1;
	scene.constituency = at->side / 4 % 2 == 1;
	scene.relation = (enum scene_relation)(at->side / 8);
	return scene;
}

static int fill_grid(void **state)
{
	unsigned char *allowed = calloc(GRID, 1);

	*state = allowed;
	return allowed == NULL ? -1 : 0;
}

static int free_grid(void **state)
{
	free(*state);
	return 0;
}

static void test_grid(void **state)
{
	unsigned char *allowed = *state;
	size_t passes = 0;

	for (size_t i = 0; i < GRID; i++) {
		struct point at = point_at(i);
		struct scene scene = scene_at(&at);
		struct scene_stage stage;

		assert_true(index_of(&at) == i);
		scene_build(&scene, &stage);
		allowed[i] = agrees(&scene, &stage.facts);
		passes += allowed[i];
		for (unsigned other = 0; other < KAI_STATE_END; other++) {
			stage.facts.state = (enum kai_agreement_state)other;
			if (other != KAI_STATE_ACTIVE && kai_policy_decide(&stage.facts).allow)
				fail_scene(&scene, (struct kai_verdict){true, KAI_RULE_END},
					   (struct kai_verdict){false, KAI_RULE_AGREEMENT});
		}
	}
	assert_true(passes > 10000);
	print_message("# %zu combinations in force, %zu allowed, each in %d states\n", (size_t)GRID,
		      passes, (int)KAI_STATE_END);
}

static void test_unknown_never_allows(void **state)
{
	const unsigned char *allowed = *state;

	for (size_t i = 0; i < GRID; i++) {
		struct point at = point_at(i);
		bool to_origin = at.side / 8 == SCENE_TO_ORIGIN;
		bool unknown = at.tlp == 0 || at.tlp == 6 || at.form >= SCENE_UNKNOWN ||
			       at.onward == 0 || at.onward == 5 || at.gov == 2;

		/* the agreements' limits are not asked on the way home */
		unknown |= !to_origin && (at.ceiling == 0 || at.ceiling == 6);
		unknown |= !to_origin && (at.overlay == 0 || at.overlay == 5);
		if (unknown)
			assert_false(allowed[i]);
	}
}

/* Does the first form name no more than the second, for peer and holder, by no stronger ground? */
static bool form_narrower(unsigned narrow, unsigned wide)
{
	unsigned a = oracle_form((enum scene_form)narrow);
	unsigned b = oracle_form((enum scene_form)wide);

	if ((b & ORACLE_COMMUNITY) != 0) /* a member of a community named may all that an org may */
		b |= ORACLE_ORG;
	if ((b & ORACLE_ORG) != 0)
		b |= ORACLE_PLACE | ORACLE_COUNTRY;
	return (a & ~b) == 0;
}

static void check_narrower(const unsigned char *allowed, const struct point *wide,
			   const struct point *narrow)
{
	if (allowed[index_of(narrow)] && !allowed[index_of(wide)]) {
		struct scene scene = scene_at(narrow);

		fail_scene(&scene, (struct kai_verdict){true, KAI_RULE_END},
			   (struct kai_verdict){false, KAI_RULE_END});
	}
}

static void narrow_tlp(const unsigned char *allowed, const struct point *wide)
{
	struct point narrow = *wide;

	for (narrow.tlp = KAI_TLP_RED; narrow.tlp < wide->tlp; narrow.tlp++) {
		/* CLEAR names everybody: every audience is narrower */
		for (narrow.form = 0; narrow.form < FORMS; narrow.form++) {
			if (wide->tlp == KAI_TLP_CLEAR || form_narrower(narrow.form, wide->form))
				check_narrower(allowed, wide, &narrow);
		}
	}
}

static void narrow_one(const unsigned char *allowed, const struct point *wide)
{
	struct point narrow = *wide;

	for (narrow.form = 0; narrow.form < FORMS; narrow.form++) {
		if (form_narrower(narrow.form, wide->form))
			check_narrower(allowed, wide, &narrow);
	}
	narrow = *wide;
	for (narrow.onward = KAI_ONWARD_NONE; narrow.onward < wide->onward; narrow.onward++)
		check_narrower(allowed, wide, &narrow);
	narrow = *wide;
	for (narrow.overlay = 0; narrow.overlay < wide->overlay; narrow.overlay++)
		check_narrower(allowed, wide, &narrow);
	narrow = *wide;
	for (narrow.ceiling = wide->ceiling + 1; narrow.ceiling < CEILINGS; narrow.ceiling++)
		check_narrower(allowed, wide, &narrow);
	narrow = *wide;
	if (wide->gov == 1) {
		narrow.gov = 0;
		check_narrower(allowed, wide, &narrow);
	}
}

/* A government, a peer abroad, and one that is no constituency may less. */
static void narrow_peer(const unsigned char *allowed, const struct point *wide)
{
	struct point narrow = *wide;

	if (wide->side % 2 == 0) {
		narrow.side = wide->side + 1;
		check_narrower(allowed, wide, &narrow);
	}
	if (wide->side / 2 % 2 == 0) {
		narrow.side = wide->side + 2;
		check_narrower(allowed, wide, &narrow);
	}
	if (wide->side / 4 % 2 == 1) {
		narrow.side = wide->side - 4;
		check_narrower(allowed, wide, &narrow);
	}
}

static bool readable_at(const struct point *at)
{
	struct scene scene = scene_at(at);
	bool known = at->ceiling >= KAI_TLP_RED && at->ceiling <= KAI_TLP_CLEAR &&
		     at->overlay >= KAI_ONWARD_NONE && at->overlay <= KAI_ONWARD_ANY;

	return known && oracle_readable(&scene.label);
}

static void test_narrowing(void **state)
{
	const unsigned char *allowed = *state;

	for (size_t i = 0; i < GRID; i++) {
		struct point wide = point_at(i);

		/* what is not readable has no place in the order */
		if (allowed[i] || !readable_at(&wide))
			continue;
		narrow_tlp(allowed, &wide);
		narrow_one(allowed, &wide);
		narrow_peer(allowed, &wide);
	}
}

/* ---- two labels: a header and a part, both directions of the agreement */

static const uint64_t onwards[] = {KAI_ONWARD_NONE, KAI_ONWARD_CONSTITUENCY, KAI_ONWARD_COMMUNITY,
				   KAI_ONWARD_ANY};

static struct scene_label label_at(unsigned index)
{
	struct scene_label label;

	label.gov_share = index % 2;
	label.onward = onwards[index / 2 % 4];
	label.form = (enum scene_form)(index / 8 % SCENE_FORM_END);
	label.tlp = index / 8 / SCENE_FORM_END;
	return label;
}
#define LABELS (6 * 8 * SCENE_FORM_END) /* TLP 0 to 5: 0 stands for what is unknown */

static void test_parts(void **state)
{
	struct scene scene = scene_plain();

	(void)state;
	scene.constituency = true;
	scene.abroad = true;
	scene.government = true;
	scene.ceiling = KAI_TLP_AMBER;
	for (unsigned h = 0; h < 2 * LABELS; h++) {
		scene.label = label_at(h / 2);
		scene.relation = h % 2 == 0 ? SCENE_FROM_HOLDER : SCENE_FROM_ORIGIN;
		scene.reversed = h / 2 % 2 == 0;
		scene.has_part = false;
		bool header = check(&scene);

		scene.has_part = true;
		for (unsigned p = 0; p < LABELS; p++) {
			scene.part = label_at(p);
			bool part = check(&scene);

			assert_true(header || !part); /* both must allow */
		}
	}
}

static void test_both_directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < GRID; i += CEILINGS) {
		struct point at = point_at(i + KAI_TLP_RED);
		struct scene scene = scene_at(&at);

		if (!oracle_readable(&scene.label))
			continue;
		scene.reversed = true;
		(void)check(&scene);
		scene.no_members = true;
		(void)check(&scene);
	}
}

/* ---- releases */

static void test_releases(void **state)
{
	struct scene scene = scene_plain();

	(void)state;
	scene.ceiling = KAI_TLP_AMBER_STRICT;
	scene.government = true;
	scene.constituency = true;
	for (unsigned l = 0; l < LABELS * 2 * SCENE_RELEASE_END; l++) {
		unsigned release = l % SCENE_RELEASE_END;
		unsigned relation = l / SCENE_RELEASE_END % 2;

		scene.released = label_at(l / SCENE_RELEASE_END / 2);
		scene.relation = (enum scene_relation)relation;
		for (unsigned tlp = KAI_TLP_RED; tlp <= KAI_TLP_GREEN; tlp++) {
			bool named = tlp % 2 == 0;

			scene.label.tlp = tlp;
			scene.part.tlp = KAI_TLP_RED;
			scene.label.form = named ? SCENE_PEER : SCENE_STRANGER;
			scene.part.form = SCENE_STRANGER;
			scene.has_part = false;
			scene.release = SCENE_RELEASE_NONE;
			bool without = check(&scene);

			scene.release = (enum scene_release)release;
			bool header = check(&scene);

			assert_true(header || !without); /* a release only widens */
			scene.has_part = true;
			bool part = check(&scene);

			assert_true(header || !part); /* the header goes with the part */
		}
	}
}

/* ---- what the agreement says: kind, sector, contingency, realm, times */

static void test_agreement_rules(void **state)
{
	static const enum scene_form forms[] = {SCENE_PEER, SCENE_STRANGER, SCENE_SECTOR};

	(void)state;
	for (unsigned i = 0; i < 4u * SCENE_SECTOR_END * SCENE_MARK_END * 2 * 3 * 7 * 3 * 2 * 2 * 2;
	     i++) {
		struct scene scene = scene_plain();
		unsigned rest = i;

		scene.kind = (enum scene_kind)(rest % 4);
		rest /= 4;
		scene.sector = (enum scene_sector)(rest % SCENE_SECTOR_END);
		rest /= SCENE_SECTOR_END;
		scene.mark = (enum scene_mark)(rest % SCENE_MARK_END);
		rest /= SCENE_MARK_END;
		scene.contingency_only = rest % 2 == 1;
		rest /= 2;
		scene.label.form = forms[rest % 3];
		rest /= 3;
		scene.ceiling = rest % 7;
		rest /= 7;
		scene.relation = (enum scene_relation)(rest % 3);
		rest /= 3;
		scene.target_passed = rest % 2 == 1;
		scene.other_realm = rest / 2 % 2 == 1;
		scene.release = rest / 4 == 1 ? SCENE_RELEASE_GOOD : SCENE_RELEASE_NONE;
		bool passes = check(&scene);

		/* a mark relaxes the agreement's rules, never the label's */
		if (passes && scene.mark != SCENE_MARK_NONE && !scene.target_passed &&
		    scene.relation != SCENE_TO_ORIGIN && scene.release == SCENE_RELEASE_NONE)
			assert_int_not_equal(scene.label.form, SCENE_STRANGER);
		/* without it less passes, and under contingency alone nothing */
		scene.mark = SCENE_MARK_NONE;
		bool without = check(&scene);

		assert_true(passes || !without);
		if (scene.contingency_only && without)
			assert_true(scene.kind == SCENE_KIND_RETRACT && scene.target_passed);
	}
}

static void test_retractions(void **state)
{
	static const int64_t ago[] = {0, 1, KAI_GRACE_MS - 1, KAI_GRACE_MS, KAI_GRACE_MS + 1};

	(void)state;
	for (unsigned i = 0; i < KAI_STATE_END * 5u * 2 * 2 * SCENE_FORM_END * 2; i++) {
		struct scene scene = scene_plain();
		unsigned rest = i;

		scene.kind = SCENE_KIND_RETRACT;
		scene.state = (enum kai_agreement_state)(rest % KAI_STATE_END);
		rest /= KAI_STATE_END;
		scene.ended_ago = ago[rest % 5];
		rest /= 5;
		scene.target_passed = rest % 2 == 1;
		scene.other_realm = rest / 2 % 2 == 1;
		rest /= 4;
		scene.label.form = (enum scene_form)(rest % SCENE_FORM_END);
		scene.relation = rest / SCENE_FORM_END == 0 ? SCENE_FROM_ORIGIN : SCENE_FROM_HOLDER;
		bool passes = check(&scene);

		if (scene.state != KAI_STATE_ACTIVE && !scene.target_passed)
			assert_false(passes);
	}
}

/* Expiry to the millisecond, of item and agreement, however old the facts' state is. */
static void test_times(void **state)
{
	static const int64_t steps[] = {-1, 0, 1, KAI_GRACE_MS, KAI_GRACE_MS + 1};

	(void)state;
	for (unsigned i = 0; i < 5 * 3 * 2 * 2; i++) {
		struct scene scene = scene_plain();
		unsigned what = i / 5 % 3;
		int64_t step = steps[i % 5];

		scene.kind = i / 15 % 2 == 1 ? SCENE_KIND_RETRACT : SCENE_KIND_LISTED;
		scene.target_passed = i / 30 == 1;
		if (what == 0)
			scene.now = SCENE_FROM + step;
		else if (what == 1)
			scene.now = SCENE_UNTIL + step;
		else
			scene.item_end = SCENE_NOW + step;
		if (what == 0 && step < 0 && scene.target_passed)
			continue; /* nothing can have passed before the first day */
		(void)check(&scene);
	}
}

static void test_exits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8u * 7 * SCENE_RELEASE_END * 2 * 2 * 7 * 2 * 2; i++) {
		struct scene scene = scene_plain();
		unsigned rest = i;

		scene.to_self = true;
		scene.exit_ceiling = rest % 7;
		rest /= 7;
		scene.label.tlp = rest % 8;
		scene.label.form = scene.label.tlp == KAI_TLP_CLEAR ? SCENE_EMPTY : SCENE_PEER;
		rest /= 8;
		scene.release = (enum scene_release)(rest % SCENE_RELEASE_END);
		scene.released.tlp = KAI_TLP_GREEN;
		rest /= SCENE_RELEASE_END;
		scene.has_part = rest % 2 == 1;
		rest /= 2;
		scene.item_end = rest % 2 == 1 ? SCENE_NOW : SCENE_NOW + 1;
		rest /= 2;
		scene.part.tlp = rest % 7;
		scene.part.form = scene.part.tlp == KAI_TLP_CLEAR ? SCENE_EMPTY : SCENE_PEER;
		scene.other_realm = rest / 7 % 2 == 1;
		scene.kind = rest / 14 == 1 ? SCENE_KIND_UNKNOWN : SCENE_KIND_UNLISTED;
		(void)check(&scene);
	}
}

/* The receiver's facts lie in other memory, are built on their own, and are only read. */
static void test_sender_and_receiver_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < GRID; i += 11) { /* coprime to every radix: all values, all pairs */
		struct point at = point_at(i);
		struct scene scene = scene_at(&at);
		struct scene_stage sender, receiver, before;

		memset(&sender, 0, sizeof(sender));
		memset(&receiver, 0xff, sizeof(receiver));
		scene_build(&scene, &sender);
		scene_build(&scene, &receiver);
		memcpy(&before, &sender, sizeof(sender));
		struct kai_verdict a = kai_policy_decide(&sender.facts);
		struct kai_verdict b = kai_policy_decide(&receiver.facts);

		assert_true(a.allow == b.allow && a.rule == b.rule);
		assert_memory_equal(&before, &sender, sizeof(sender));
	}
}

/* Facts that contradict themselves. */
static void test_contradictions(void **state)
{
	struct scene scene = scene_plain();
	struct scene_stage stage;

	(void)state;
	scene_build(&scene, &stage);
	assert_true(kai_policy_decide(&stage.facts).allow);
	stage.facts.exit_ceiling = KAI_TLP_RED; /* an exit of another org */
	assert_int_equal(kai_policy_decide(&stage.facts).rule, KAI_RULE_CEILING);

	scene_build(&scene, &stage);
	memset(stage.terms.b.org, 0x77, KAI_ID_LEN); /* terms with somebody else */
	assert_int_equal(kai_policy_decide(&stage.facts).rule, KAI_RULE_AGREEMENT);

	scene_build(&scene, &stage);
	stage.facts.terms = NULL; /* active, but no terms */
	assert_int_equal(kai_policy_decide(&stage.facts).rule, KAI_RULE_AGREEMENT);

	scene_build(&scene, &stage);
	stage.header.country = kai_span_str("jp"); /* a country that is none is abroad */
	stage.terms.b.country = kai_span_str("jp");
	stage.audience[0][0] = (struct kai_audience_entry){.type = KAI_AUD_SECTOR,
							   .text = kai_span_str("jp-ci15:pow")};
	assert_int_equal(kai_policy_decide(&stage.facts).rule, KAI_RULE_ABROAD);

	scene.has_part = true;
	scene_build(&scene, &stage);
	stage.facts.part_index = 3; /* a part that the header does not have */
	assert_int_equal(kai_policy_decide(&stage.facts).rule, KAI_RULE_LABEL);
}

/* Only a retraction's one part follows its target; whatever else hangs on it goes by its label. */
static void test_retraction_part(void **state)
{
	struct scene scene = scene_plain();
	struct scene_stage stage;

	(void)state;
	scene.kind = SCENE_KIND_RETRACT;
	scene.target_passed = true;
	scene.label.form = SCENE_STRANGER;
	scene.part.form = SCENE_STRANGER;
	scene.has_part = true;
	scene_build(&scene, &stage);
	stage.facts.part_index = 0;
	assert_int_equal(kai_policy_decide(&stage.facts).rule, KAI_RULE_OK_RETRACTION);
	stage.facts.part_index = 1;
	assert_int_equal(kai_policy_decide(&stage.facts).rule, KAI_RULE_AUDIENCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grid),
		cmocka_unit_test(test_unknown_never_allows),
		cmocka_unit_test(test_narrowing),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_releases),
		cmocka_unit_test(test_agreement_rules),
		cmocka_unit_test(test_retractions),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_sender_and_receiver_agree),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_retraction_part),
	};

	return cmocka_run_group_tests(tests, fill_grid, free_grid);
}
