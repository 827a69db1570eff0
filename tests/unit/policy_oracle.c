/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_oracle.h"

#include <string.h>

#define O ORACLE_ORG
#define C ORACLE_COMMUNITY
#define P ORACLE_PLACE
#define K ORACLE_COUNTRY
#define NAMED ORACLE_HOLDER
#define HOP 32u
#define VIOLATES(rule) (1u << KAI_RULE_##rule)

/* By hand, from what the forms say. */
static const unsigned form_sets[SCENE_FORM_END] = {
	[SCENE_PEER] = O,
	[SCENE_HOLDER] = NAMED,
	[SCENE_COMMUNITY] = C,
	[SCENE_HOLDERS] = NAMED,
	[SCENE_KEPT_BY_PEER] = C,
	[SCENE_KEPT_BY_HOLDER] = NAMED,
	[SCENE_SECTOR] = P,
	[SCENE_COUNTRY] = P | K,
	[SCENE_BOTH] = P | K,
	[SCENE_PEER_COMMUNITY] = O | C,
	[SCENE_HOLDER_COMMUNITY] = NAMED | C,
	[SCENE_HOLDER_SECTOR] = NAMED | P,
};

/* The table of protocol section 4; CLEAR asks for nothing. */
static const struct {
	unsigned from_origin;
	unsigned from_holder;
	const char *entries; /* that such a label may have */
} tlp_rows[] = {
	[KAI_TLP_RED] = {O, 0, "ohs"},
	[KAI_TLP_AMBER_STRICT] = {O | C | P, 0, "ohscdnuwklSTCD"},
	[KAI_TLP_AMBER] = {O | C | P, O | C | HOP, "ohscdnuwklSTCD"},
	[KAI_TLP_GREEN] = {O | C, O | C | HOP, "ohscdnuwkl"},
	[KAI_TLP_CLEAR] = {O | C | P, O | C | HOP, ""},
};

static const unsigned onward_rows[] = {
	[KAI_ONWARD_NONE] = 0,
	[KAI_ONWARD_CONSTITUENCY] = HOP,
	[KAI_ONWARD_COMMUNITY] = HOP | C,
	[KAI_ONWARD_ANY] = HOP | C | O | P,
};

unsigned oracle_form(enum scene_form form)
{
	return form_sets[form];
}

bool oracle_readable(const struct scene_label *label)
{
	const char *entries = scene_form_entries(label->form);

	if (label->tlp < KAI_TLP_RED || label->tlp > KAI_TLP_CLEAR || label->gov_share > 1 ||
	    label->onward < KAI_ONWARD_NONE || label->onward > KAI_ONWARD_ANY)
		return false;
	if ((label->tlp == KAI_TLP_CLEAR) != (entries[0] == '\0'))
		return false;
	return strspn(entries, tlp_rows[label->tlp].entries) == strlen(entries);
}

/* Everything that this label offers for this peer in this scene. */
static unsigned grounds_of(const struct scene *scene, const struct scene_label *label)
{
	unsigned grounds = oracle_form(label->form);

	if (scene->no_members) {
		grounds &= ~C;
		if (label->form == SCENE_HOLDERS || label->form == SCENE_KEPT_BY_HOLDER)
			grounds &= ~NAMED;
	}
	if (label->tlp == KAI_TLP_CLEAR)
		grounds = NAMED | (scene->no_members ? 0 : C);
	if (scene->relation != SCENE_FROM_ORIGIN && scene->constituency && (grounds & NAMED) != 0 &&
	    (tlp_rows[label->tlp].from_holder & HOP) != 0)
		grounds |= HOP;
	return grounds & ~NAMED;
}

static uint64_t onward_of(const struct scene *scene, const struct scene_label *label)
{
	if (scene->relation == SCENE_FROM_ORIGIN)
		return KAI_ONWARD_ANY;
	return scene->overlay < label->onward ? scene->overlay : label->onward;
}

static unsigned onward_violations(const struct scene *scene, const struct scene_label *label,
				  unsigned grounds)
{
	uint64_t onward = onward_of(scene, label);

	if (scene->overlay < KAI_ONWARD_NONE || scene->overlay > KAI_ONWARD_ANY)
		return VIOLATES(ONWARD);
	if (scene->relation == SCENE_FROM_ORIGIN || onward == KAI_ONWARD_ANY ||
	    (onward_rows[onward] & grounds) != 0)
		return 0;
	return VIOLATES(ONWARD);
}

static unsigned label_violations(const struct scene *scene, const struct scene_label *label,
				 bool relaxed)
{
	unsigned violated = 0;

	if (!oracle_readable(label))
		return VIOLATES(LABEL);
	unsigned grounds = grounds_of(scene, label);
	bool clear = label->tlp == KAI_TLP_CLEAR;
	bool holder = scene->relation != SCENE_FROM_ORIGIN;

	if (!relaxed && (scene->ceiling < KAI_TLP_RED || scene->ceiling > KAI_TLP_CLEAR ||
			 label->tlp < scene->ceiling))
		violated |= VIOLATES(CEILING);
	if (!clear && grounds == 0)
		violated |= VIOLATES(AUDIENCE);
	if (!clear && !holder && (grounds & tlp_rows[label->tlp].from_origin) == 0)
		violated |= VIOLATES(AUDIENCE);
	if (!clear && holder && (grounds & tlp_rows[label->tlp].from_holder) == 0)
		violated |= VIOLATES(TLP);
	violated |= onward_violations(scene, label, grounds);
	if (scene->abroad && !clear && (grounds & (O | C | K)) == 0)
		violated |= VIOLATES(ABROAD);
	if (scene->government && !clear && label->gov_share == 0 && (grounds & (O | C)) == 0)
		violated |= VIOLATES(GOVERNMENT);
	return violated;
}

/* ---- the agreement's rules */

static bool mark_open(const struct scene *scene)
{
	bool kind = scene->kind == SCENE_KIND_LISTED || scene->kind == SCENE_KIND_UNLISTED;

	return kind && (scene->mark == SCENE_MARK_GOOD || scene->mark == SCENE_MARK_LAST ||
			scene->mark == SCENE_MARK_KNOWN || scene->mark == SCENE_MARK_NEXT);
}

static unsigned kind_violations(const struct scene *scene, bool relaxed)
{
	if (scene->kind == SCENE_KIND_UNKNOWN)
		return VIOLATES(KIND);
	if (relaxed)
		return 0;
	return scene->kind == SCENE_KIND_UNLISTED || scene->contingency_only ? VIOLATES(KIND) : 0;
}

static unsigned sector_violations(const struct scene *scene, bool relaxed)
{
	bool misses = scene->sector == SCENE_SECTOR_UNLISTED || scene->sector == SCENE_SECTOR_NONE;

	return misses && !relaxed ? VIOLATES(SECTOR) : 0;
}

static int64_t now_of(const struct scene *scene)
{
	return scene->now != 0 ? scene->now : SCENE_NOW;
}

static bool item_over(const struct scene *scene)
{
	return now_of(scene) >= (scene->item_end != 0 ? scene->item_end : SCENE_UNTIL);
}

static bool in_force(const struct scene *scene)
{
	return scene->state == KAI_STATE_ACTIVE && now_of(scene) >= SCENE_FROM &&
	       now_of(scene) < SCENE_UNTIL;
}

/* Where the target passed: in force, or over for at most 30 days, or not in force but not ended. */
static bool retraction_may(const struct scene *scene)
{
	switch (scene->state) {
	case KAI_STATE_ACTIVE:
		return now_of(scene) < SCENE_UNTIL ||
		       now_of(scene) - SCENE_UNTIL <= 30 * KAI_MS_DAY;
	case KAI_STATE_EXPIRED:
		return scene->ended_ago <= 30 * KAI_MS_DAY;
	case KAI_STATE_PROPOSED:
	case KAI_STATE_FUTURE:
	case KAI_STATE_SUSPENDED:
		return true;
	case KAI_STATE_NONE:
	case KAI_STATE_TERMINATED:
	case KAI_STATE_END:
		break;
	}
	return false;
}

static unsigned unreadable(const struct scene *scene)
{
	bool readable = oracle_readable(&scene->label) &&
			(!scene->has_part || oracle_readable(&scene->part));

	return readable ? 0 : VIOLATES(LABEL);
}

static unsigned agreement_violations(const struct scene *scene, bool relaxed)
{
	unsigned violated = in_force(scene) ? 0 : VIOLATES(AGREEMENT);

	violated |= kind_violations(scene, relaxed);
	violated |= sector_violations(scene, relaxed);
	if (item_over(scene))
		violated |= VIOLATES(EXPIRED);
	return violated | unreadable(scene);
}

/* ---- verdicts */

static struct kai_verdict first_of(unsigned violated, enum kai_rule otherwise)
{
	for (unsigned rule = 0; rule < 32; rule++) {
		if ((violated >> rule & 1) != 0)
			return (struct kai_verdict){false, (enum kai_rule)rule};
	}
	return (struct kai_verdict){true, otherwise};
}

static enum kai_rule why(const struct scene *scene, const struct scene_label *label)
{
	unsigned grounds = grounds_of(scene, label) & onward_rows[onward_of(scene, label)];

	if (label->tlp == KAI_TLP_CLEAR)
		return KAI_RULE_OK_CLEAR;
	if ((grounds & O) != 0)
		return KAI_RULE_OK_ORG;
	if ((grounds & C) != 0)
		return KAI_RULE_OK_COMMUNITY;
	return (grounds & HOP) != 0 ? KAI_RULE_OK_CONSTITUENCY : KAI_RULE_OK_SECTOR;
}

static bool release_here(const struct scene *scene)
{
	bool counts = scene->release == SCENE_RELEASE_GOOD ||
		      (scene->release == SCENE_RELEASE_OTHER && !scene->has_part);

	return counts && oracle_readable(&scene->released);
}

static struct kai_verdict oracle_self(const struct scene *scene, unsigned realm)
{
	unsigned kind = scene->kind == SCENE_KIND_UNKNOWN ? VIOLATES(KIND) : 0;
	unsigned violated = realm | kind | unreadable(scene);
	uint64_t exit = scene->exit_ceiling;

	if (exit == 0)
		return first_of(violated, KAI_RULE_OK_SELF);
	if (item_over(scene))
		violated |= VIOLATES(EXPIRED);
	bool under = exit <= KAI_TLP_CLEAR && scene->label.tlp >= exit &&
		     (!scene->has_part || scene->part.tlp >= exit);

	if (release_here(scene) && exit <= KAI_TLP_CLEAR && scene->released.tlp >= exit)
		under = true;
	return first_of(violated | (under ? 0 : VIOLATES(CEILING)), KAI_RULE_OK_SELF);
}

/* By the labels themselves, or by what a release put in their place. */
static struct kai_verdict oracle_labels(const struct scene *scene, unsigned before)
{
	bool open = mark_open(scene);
	const struct scene_label *last = scene->has_part ? &scene->part : &scene->label;
	unsigned base = before | label_violations(scene, &scene->label, open);
	unsigned strict = kind_violations(scene, false) | sector_violations(scene, false);

	if (scene->has_part)
		base |= label_violations(scene, &scene->part, open);
	if (base == 0) {
		strict |= label_violations(scene, &scene->label, false);
		if (scene->has_part)
			strict |= label_violations(scene, &scene->part, false);
		return first_of(0, strict != 0 ? KAI_RULE_OK_CONTINGENCY : why(scene, last));
	}
	if (release_here(scene) &&
	    (before | label_violations(scene, &scene->released, open)) == 0) {
		strict |= label_violations(scene, &scene->released, false);
		return first_of(0, strict != 0 ? KAI_RULE_OK_CONTINGENCY : KAI_RULE_OK_RELEASE);
	}
	return first_of(base, KAI_RULE_END);
}

struct kai_verdict oracle_decide(const struct scene *scene)
{
	unsigned realm = scene->other_realm ? VIOLATES(REALM) : 0;

	if (scene->to_self)
		return oracle_self(scene, realm);
	if (scene->kind == SCENE_KIND_RETRACT && scene->target_passed && !scene->has_part) {
		unsigned state = retraction_may(scene) ? 0 : VIOLATES(AGREEMENT);

		return first_of(realm | state | unreadable(scene), KAI_RULE_OK_RETRACTION);
	}
	if (scene->relation == SCENE_TO_ORIGIN && !scene->contingency_only) {
		unsigned violated = in_force(scene) ? 0 : VIOLATES(AGREEMENT);

		violated |= scene->kind == SCENE_KIND_UNKNOWN ? VIOLATES(KIND) : 0;
		return first_of(realm | violated | unreadable(scene), KAI_RULE_OK_ORIGIN);
	}
	return oracle_labels(scene, realm | agreement_violations(scene, mark_open(scene)));
}
