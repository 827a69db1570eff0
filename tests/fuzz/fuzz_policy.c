/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one decision over scenes that the input chooses, values out of range among them: it answers
 * as the second reading of the rules does (tests/unit/policy_oracle.c), twice the same, allows for
 * a reason that allows, and whatever makes a scene narrower never makes it pass. Labels as bytes
 * are read by the label's own rules.
 */
#include "codec.h"

#include <string.h>

#include "../unit/policy_oracle.h"
#include "input.h"
#include "kairan/label.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* One of the known ones mostly, anything at times. */
static uint64_t word(struct fuzz_input *input, uint64_t known)
{
	uint8_t byte = fuzz_byte(input);

	return byte < 224 ? 1 + byte % known : byte;
}

static struct scene_label label_of(struct fuzz_input *input)
{
	struct scene_label label = {.tlp = word(input, KAI_TLP_CLEAR)};

	label.form = (enum scene_form)(fuzz_byte(input) % SCENE_FORM_END);
	label.onward = word(input, KAI_ONWARD_ANY);
	label.gov_share = fuzz_byte(input) % 3;
	return label;
}

static void times_of(struct fuzz_input *input, struct scene *scene)
{
	static const int64_t offsets[] = {
		0, -1, 1, -KAI_MS_HOUR, KAI_MS_HOUR, KAI_GRACE_MS, KAI_GRACE_MS + 1};

	scene->now = SCENE_NOW + offsets[fuzz_byte(input) % COUNT(offsets)];
	scene->item_end = SCENE_UNTIL + offsets[fuzz_byte(input) % COUNT(offsets)];
	scene->ended_ago = offsets[fuzz_byte(input) % COUNT(offsets)];
	if (scene->ended_ago < 0)
		scene->ended_ago = 0;
}

static struct scene scene_of(struct fuzz_input *input)
{
	struct scene scene = scene_plain();
	uint16_t flags = fuzz_u16(input);

	scene.label = label_of(input);
	scene.has_part = (flags & 1) != 0;
	scene.part = label_of(input);
	scene.released = label_of(input);
	scene.relation = (enum scene_relation)(fuzz_byte(input) % 3);
	scene.constituency = (flags & 2) != 0;
	scene.abroad = (flags & 4) != 0;
	scene.government = (flags & 8) != 0;
	scene.ceiling = word(input, KAI_TLP_CLEAR);
	scene.overlay = word(input, KAI_ONWARD_ANY);
	scene.state = fuzz_byte(input) < 160
			      ? KAI_STATE_ACTIVE
			      : (enum kai_agreement_state)(fuzz_byte(input) % KAI_STATE_END);
	scene.kind = (enum scene_kind)(fuzz_byte(input) % 4);
	scene.sector = (enum scene_sector)(fuzz_byte(input) % SCENE_SECTOR_END);
	scene.other_realm = (flags & 0xf000) == 0xf000;
	scene.no_members = (flags & 32) != 0;
	scene.reversed = (flags & 64) != 0;
	scene.mark = (enum scene_mark)(fuzz_byte(input) % SCENE_MARK_END);
	scene.contingency_only = (flags & 128) != 0;
	scene.release = (enum scene_release)(fuzz_byte(input) % SCENE_RELEASE_END);
	scene.target_passed = (flags & 256) != 0;
	times_of(input, &scene);
	return scene;
}

static struct kai_verdict decide(const struct scene *scene)
{
	struct kai_verdict verdict = scene_decide(scene);
	struct kai_verdict again = scene_decide(scene);

	MUST(verdict.allow == again.allow && verdict.rule == again.rule);
	MUST((unsigned)verdict.rule < KAI_RULE_END);
	MUST(verdict.allow == (verdict.rule >= KAI_RULE_OK_ORIGIN));
	MUST(strcmp(kai_rule_name(verdict.rule), "?") != 0);
	return verdict;
}

/* ---- narrower in one thing each; what a scene does not have cannot be taken away ---- */

static void less_ceiling(struct scene *scene)
{
	if (scene->ceiling >= KAI_TLP_RED && scene->ceiling < KAI_TLP_CLEAR)
		scene->ceiling++;
}

static void less_overlay(struct scene *scene)
{
	if (scene->overlay > KAI_ONWARD_NONE && scene->overlay <= KAI_ONWARD_ANY)
		scene->overlay--;
}

static void less_onward(struct scene *scene)
{
	if (scene->label.onward > KAI_ONWARD_NONE && scene->label.onward <= KAI_ONWARD_ANY)
		scene->label.onward--;
}

static void less_part_onward(struct scene *scene)
{
	if (scene->part.onward > KAI_ONWARD_NONE && scene->part.onward <= KAI_ONWARD_ANY)
		scene->part.onward--;
}

/* One circle inward with the same audience; from CLEAR there is none to keep. */
static void less_tlp(struct scene *scene)
{
	if (scene->label.tlp > KAI_TLP_RED && scene->label.tlp < KAI_TLP_CLEAR)
		scene->label.tlp--;
}

static void less_part_tlp(struct scene *scene)
{
	if (scene->part.tlp > KAI_TLP_RED && scene->part.tlp < KAI_TLP_CLEAR)
		scene->part.tlp--;
}

static void no_constituency(struct scene *scene)
{
	scene->constituency = false;
}

static void no_members(struct scene *scene)
{
	scene->no_members = true;
}

static void no_release(struct scene *scene)
{
	scene->release = SCENE_RELEASE_NONE;
}

static void no_mark(struct scene *scene)
{
	scene->mark = SCENE_MARK_NONE;
}

static void no_target(struct scene *scene)
{
	scene->target_passed = false;
}

static void not_government_share(struct scene *scene)
{
	scene->label.gov_share = 0;
}

static void of_government(struct scene *scene)
{
	scene->government = true;
}

static void gone_abroad(struct scene *scene)
{
	scene->abroad = true;
}

static void not_in_force(struct scene *scene)
{
	scene->state = KAI_STATE_TERMINATED;
}

static void other_realm(struct scene *scene)
{
	scene->other_realm = true;
}

static void only_contingency(struct scene *scene)
{
	scene->contingency_only = true;
}

static void (*const narrower[])(struct scene *scene) = {
	less_ceiling,	  less_overlay,		less_onward, less_part_onward, less_tlp,
	less_part_tlp,	  no_members,		no_release,  no_mark,	       no_target,
	no_constituency,  of_government,	gone_abroad, not_in_force,     other_realm,
	only_contingency, not_government_share,
};

/*
 * An empty or unfit audience becomes readable only by another TLP, so a scene whose label nobody
 * may read says nothing about narrower ones.
 */
static bool readable(const struct scene *scene)
{
	return oracle_readable(&scene->label) &&
	       (!scene->has_part || oracle_readable(&scene->part)) &&
	       scene->ceiling >= KAI_TLP_RED && scene->ceiling <= KAI_TLP_CLEAR &&
	       scene->overlay >= KAI_ONWARD_NONE && scene->overlay <= KAI_ONWARD_ANY;
}

static void check_scene(const struct scene *scene)
{
	struct kai_verdict verdict = decide(scene);
	struct kai_verdict should = oracle_decide(scene);

	MUST(verdict.allow == should.allow && verdict.rule == should.rule);
	if (verdict.allow || !readable(scene))
		return;
	for (size_t i = 0; i < COUNT(narrower); i++) {
		struct scene less = *scene;

		narrower[i](&less);
		MUST(!decide(&less).allow);
	}
}

/* ---- labels as bytes ---- */

static void check_label(struct kai_span bytes)
{
	static struct kai_audience_entry entries[KAI_MAX_AUDIENCE];
	const struct kai_label *label = codec_check(&kai_object_label, bytes);
	struct kai_label sorted;

	if (label == NULL)
		return;
	MUST(kai_label_same(label, label));
	if (kai_label_check(label) != KAI_FAULT_NONE)
		return;
	MUST((label->tlp == KAI_TLP_CLEAR) == (label->audience_count == 0));
	MUST(label->tlp >= KAI_TLP_RED && label->tlp <= KAI_TLP_CLEAR && label->gov_share <= 1);
	/* What is readable is in order already: sorting its reverse gives it back. */
	sorted = *label;
	sorted.audience = entries;
	for (size_t i = 0; i < label->audience_count; i++)
		entries[i] = label->audience[label->audience_count - 1 - i];
	kai_audience_sort(entries, &sorted.audience_count);
	MUST(kai_label_same(label, &sorted));
	MUST(kai_label_check(&sorted) == KAI_FAULT_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input input = fuzz_input(data, len);

	if (len > 8192)
		return 0;
	if ((fuzz_byte(&input) & 1) != 0) {
		check_label(fuzz_rest(&input));
		return 0;
	}
	struct scene scene = scene_of(&input);

	check_scene(&scene);
	return 0;
}
