/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each rule is one small predicate; decide() asks them in the order of KAI_X_RULE. Two labels are
 * asked at once where a part is decided (the header's and its own), rule by rule, so that the
 * reason does not depend on which label fails.
 */
#include "kairan/policy.h"

#include <string.h>

#include "kairan/kinds.h"
#include "kairan/label.h"

const char *kai_rule_name(enum kai_rule rule)
{
	static const char *const names[] = {
#define X(name, word) [KAI_RULE_##name] = (word),
		KAI_X_RULE(X)
#undef X
	};

	return (unsigned)rule < KAI_RULE_END ? names[rule] : "?";
}

/* Everything that the rules after the agreement share. */
struct ask {
	const struct kai_facts *facts;
	const struct kai_direction *direction; /* from → to */
	const struct kai_party *receiver;
	bool from_origin;
	bool clause;  /* an open contingency clause carries this item */
	bool relaxed; /* … and kind or sector would not have passed without it */
};

/* How one label, with the agreement and the memberships, stands to the receiver. */
struct standing {
	const struct kai_label *label;
	bool clear;
	bool org;	/* named */
	bool community; /* a member of a community named; under CLEAR of any that is recognised */
	bool place;	/* sector and country, both where both are given */
	bool country;	/* place, and a country was given */
	bool hop; /* the holder is named by org or community, the receiver is its constituency */
};

static struct kai_verdict allow(enum kai_rule rule)
{
	return (struct kai_verdict){.allow = true, .rule = rule};
}

static struct kai_verdict deny(enum kai_rule rule)
{
	return (struct kai_verdict){.allow = false, .rule = rule};
}

static bool numbers_hold(const uint64_t *numbers, size_t count, uint64_t wanted)
{
	for (size_t i = 0; i < count; i++) {
		if (numbers[i] == wanted)
			return true;
	}
	return false;
}

static bool spans_hold(const struct kai_span *spans, size_t count, struct kai_span wanted)
{
	for (size_t i = 0; i < count; i++) {
		if (kai_span_equal(spans[i], wanted))
			return true;
	}
	return false;
}

static bool entry_is(const struct kai_audience_entry *entry, const uint8_t org[KAI_ID_LEN])
{
	return entry->org.len == KAI_ID_LEN && kai_id_equal(entry->org.at, org);
}

/* ---- agreement */

/* The state as told, corrected by the terms' own window: facts that grew old may only narrow. */
static enum kai_agreement_state state_now(const struct kai_facts *facts, int64_t *ret_ended)
{
	const struct kai_terms *terms = facts->terms;

	*ret_ended = facts->expired_at.ms;
	if (facts->state != KAI_STATE_ACTIVE)
		return facts->state;
	if (facts->now.ms < (int64_t)terms->valid_from)
		return KAI_STATE_FUTURE;
	if (facts->now.ms >= (int64_t)terms->valid_until) {
		*ret_ended = (int64_t)terms->valid_until;
		return KAI_STATE_EXPIRED;
	}
	return KAI_STATE_ACTIVE;
}

static bool between_these(const struct kai_facts *facts)
{
	if (facts->terms == NULL)
		return false;
	int from = kai_terms_side(facts->terms, facts->from);
	int to = kai_terms_side(facts->terms, facts->to);

	return from >= 0 && to >= 0 && from != to;
}

/* A retraction goes wherever its target went, up to 30 days after the agreement's end. */
static bool retraction_follows(enum kai_agreement_state state, int64_t ended, int64_t now)
{
	switch (state) {
	case KAI_STATE_ACTIVE:
	case KAI_STATE_PROPOSED:
	case KAI_STATE_FUTURE:
	case KAI_STATE_SUSPENDED:
		return true;
	case KAI_STATE_EXPIRED:
		return ended > 0 && now - KAI_GRACE_MS <= ended;
	case KAI_STATE_NONE:
	case KAI_STATE_TERMINATED:
	case KAI_STATE_END:
		return false;
	}
	return false;
}

/* The opening that is known, or the first after it: one that begins within it is none of its own, and the next
 * waits for the pause. */
static bool opening_counts(const struct kai_facts *facts, const struct kai_contingency *clause)
{
	uint64_t opened_at = facts->mark->opened_at;

	return facts->opened == 0 || opened_at == facts->opened ||
	       (opened_at > facts->opened &&
		opened_at - facts->opened >= clause->longest_ms + clause->pause_ms);
}

bool kai_policy_marked(const struct kai_facts *facts)
{
	const struct kai_mark *mark = facts->mark;

	if (mark == NULL || !between_these(facts) ||
	    mark->clause >= facts->terms->contingency_count)
		return false;
	const struct kai_contingency *clause = &facts->terms->contingency[mark->clause];

	if (!kai_clause_names(clause, facts->header->origin, facts->to, facts->header->kind))
		return false;
	if (facts->now.ms < 0 || mark->opened_at > (uint64_t)facts->now.ms)
		return false;
	return (uint64_t)facts->now.ms - mark->opened_at <= clause->longest_ms &&
	       opening_counts(facts, clause);
}

static bool kind_passes(const struct ask *ask)
{
	return numbers_hold(ask->direction->kinds, ask->direction->kinds_count,
			    ask->facts->header->kind);
}

static bool sector_passes(const struct ask *ask)
{
	const struct kai_direction *direction = ask->direction;
	const struct kai_header *header = ask->facts->header;

	if (direction->sectors_count == 1 &&
	    kai_span_equal(direction->sectors[0], kai_span_str("*")))
		return true;
	for (size_t i = 0; i < header->sectors_count; i++) {
		if (spans_hold(direction->sectors, direction->sectors_count, header->sectors[i]))
			return true;
	}
	return false;
}

static bool expired(const struct kai_facts *facts)
{
	return facts->now.ms < 0 || (uint64_t)facts->now.ms >= facts->header->not_after;
}

static bool within_ceiling(uint64_t ceiling, uint64_t tlp)
{
	return ceiling >= KAI_TLP_RED && ceiling <= KAI_TLP_CLEAR && tlp >= ceiling;
}

/* ---- audience */

/* An org's membership counts where the direction towards it recognises the community. */
static bool recognised(const struct kai_direction *direction, struct kai_span keeper,
		       struct kai_span name)
{
	for (size_t i = 0; i < direction->communities_count; i++) {
		const struct kai_community *community = &direction->communities[i];

		if (kai_span_equal(kai_span(community->keeper, KAI_ID_LEN), keeper) &&
		    kai_span_equal(community->name, name))
			return true;
	}
	return false;
}

static bool is_member(const struct kai_facts *facts, const uint8_t org[KAI_ID_LEN],
		      struct kai_span keeper, struct kai_span name)
{
	int side = kai_terms_side(facts->terms, org);

	if (keeper.len != KAI_ID_LEN || side < 0 ||
	    !recognised(kai_terms_direction(facts->terms, 1 - side), keeper, name))
		return false;
	if (kai_id_equal(keeper.at, org))
		return true;
	for (size_t i = 0; i < facts->member_count; i++) {
		const struct kai_member *member = &facts->members[i];

		if (kai_id_equal(member->org, org) && kai_id_equal(member->keeper, keeper.at) &&
		    kai_span_equal(member->name, name))
			return true;
	}
	return false;
}

static bool named_by_org(const struct kai_label *label, const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; i < label->audience_count; i++) {
		const struct kai_audience_entry *entry = &label->audience[i];

		if (entry->type == KAI_AUD_ORG && entry_is(entry, org))
			return true;
	}
	return false;
}

static bool named_by_community(const struct kai_facts *facts, const struct kai_label *label,
			       const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; i < label->audience_count; i++) {
		const struct kai_audience_entry *entry = &label->audience[i];

		if (entry->type == KAI_AUD_COMMUNITY &&
		    is_member(facts, org, entry->org, entry->text))
			return true;
	}
	return false;
}

/* CLEAR names everybody, so it counts as naming every community that the agreement recognises. */
static bool member_of_any(const struct ask *ask)
{
	for (size_t i = 0; i < ask->direction->communities_count; i++) {
		const struct kai_community *community = &ask->direction->communities[i];

		if (is_member(ask->facts, ask->facts->to, kai_span(community->keeper, KAI_ID_LEN),
			      community->name))
			return true;
	}
	return false;
}

static void match_place(const struct kai_label *label, const struct kai_party *party,
			struct standing *ret)
{
	bool sectors = false;
	bool countries = false;
	bool in_sector = false;
	bool in_country = false;

	for (size_t i = 0; i < label->audience_count; i++) {
		const struct kai_audience_entry *entry = &label->audience[i];

		if (entry->type == KAI_AUD_SECTOR) {
			sectors = true;
			in_sector |= spans_hold(party->sectors, party->sectors_count, entry->text);
		} else if (entry->type == KAI_AUD_COUNTRY) {
			countries = true;
			in_country |= kai_span_equal(party->country, entry->text);
		}
	}
	ret->place =
		(sectors || countries) && (!sectors || in_sector) && (!countries || in_country);
	ret->country = ret->place && countries;
}

static struct standing stand(const struct ask *ask, const struct kai_label *label)
{
	const struct kai_facts *facts = ask->facts;
	struct standing standing = {.label = label, .clear = label->tlp == KAI_TLP_CLEAR};

	if (standing.clear) {
		standing.hop = ask->direction->constituency;
		standing.community = member_of_any(ask);
		return standing;
	}
	standing.org = named_by_org(label, facts->to);
	standing.community = named_by_community(facts, label, facts->to);
	match_place(label, ask->receiver, &standing);
	standing.hop =
		!ask->from_origin && ask->direction->constituency &&
		(label->tlp == KAI_TLP_AMBER || label->tlp == KAI_TLP_GREEN) &&
		(named_by_org(label, facts->from) || named_by_community(facts, label, facts->from));
	return standing;
}

static bool ceiling_passes(const struct ask *ask, const struct standing *standing)
{
	return ask->clause || within_ceiling(ask->direction->ceiling, standing->label->tlp);
}

static bool audience_passes(const struct ask *ask, const struct standing *standing)
{
	(void)ask;
	return standing->clear || standing->org || standing->community || standing->place ||
	       standing->hop;
}

/* The right column of the table; the left one is the audience alone. */
static bool tlp_passes(const struct ask *ask, const struct standing *standing)
{
	if (ask->from_origin || standing->clear)
		return true;
	if (standing->label->tlp != KAI_TLP_AMBER && standing->label->tlp != KAI_TLP_GREEN)
		return false;
	return standing->org || standing->community || standing->hop;
}

static uint64_t onward_rule(const struct ask *ask, const struct kai_label *label)
{
	uint64_t overlay = ask->facts->overlay;

	return overlay < label->onward ? overlay : label->onward;
}

static bool onward_passes(const struct ask *ask, const struct standing *standing)
{
	if (ask->facts->overlay < KAI_ONWARD_NONE || ask->facts->overlay > KAI_ONWARD_ANY)
		return false;
	if (ask->from_origin)
		return true;
	switch (onward_rule(ask, standing->label)) {
	case KAI_ONWARD_ANY:
		return true;
	case KAI_ONWARD_COMMUNITY:
		return standing->community || standing->hop;
	case KAI_ONWARD_CONSTITUENCY:
		return standing->hop;
	default: /* none, or a number that means nothing */
		return false;
	}
}

static bool abroad_passes(const struct ask *ask, const struct standing *standing)
{
	struct kai_span home = ask->facts->header->country;

	if (standing->clear || standing->org || standing->community || standing->country)
		return true;
	return kai_country_valid(home) && kai_span_equal(home, ask->receiver->country);
}

static bool government_passes(const struct ask *ask, const struct standing *standing)
{
	return !ask->receiver->government || standing->clear || standing->org ||
	       standing->community || standing->label->gov_share == 1;
}

struct label_rule {
	enum kai_rule rule;
	bool (*passes)(const struct ask *ask, const struct standing *standing);
};

static const struct label_rule label_rules[] = {
	{KAI_RULE_CEILING, ceiling_passes}, {KAI_RULE_AUDIENCE, audience_passes},
	{KAI_RULE_TLP, tlp_passes},	    {KAI_RULE_ONWARD, onward_passes},
	{KAI_RULE_ABROAD, abroad_passes},   {KAI_RULE_GOVERNMENT, government_passes},
};

/* Why it may pass: the strongest ground that no rule took away. */
static enum kai_rule ground(const struct ask *ask, const struct standing *standing)
{
	uint64_t onward =
		ask->from_origin ? (uint64_t)KAI_ONWARD_ANY : onward_rule(ask, standing->label);

	if (standing->clear)
		return KAI_RULE_OK_CLEAR;
	if (standing->org && onward == KAI_ONWARD_ANY)
		return KAI_RULE_OK_ORG;
	if (standing->community && onward >= KAI_ONWARD_COMMUNITY)
		return KAI_RULE_OK_COMMUNITY;
	return standing->hop ? KAI_RULE_OK_CONSTITUENCY : KAI_RULE_OK_SECTOR;
}

static struct kai_verdict decide_labels(const struct ask *ask,
					const struct kai_label *const *labels, size_t count)
{
	struct standing standings[2];
	bool relaxed = ask->relaxed;

	for (size_t i = 0; i < count; i++)
		standings[i] = stand(ask, labels[i]);
	for (size_t r = 0; r < sizeof(label_rules) / sizeof(label_rules[0]); r++) {
		for (size_t i = 0; i < count; i++) {
			if (!label_rules[r].passes(ask, &standings[i]))
				return deny(label_rules[r].rule);
		}
	}
	for (size_t i = 0; i < count; i++)
		relaxed |= !within_ceiling(ask->direction->ceiling, labels[i]->tlp);
	return allow(relaxed ? KAI_RULE_OK_CONTINGENCY : ground(ask, &standings[count - 1]));
}

/* ---- labels and releases */

static bool labels_readable(const struct kai_facts *facts)
{
	return kai_label_check(&facts->header->label) == KAI_FAULT_NONE &&
	       (facts->part_label == NULL ||
		(facts->part_index < facts->header->parts_count &&
		 kai_label_check(facts->part_label) == KAI_FAULT_NONE));
}

/* For the header any part's release counts: it goes with the part. */
static bool release_counts(const struct kai_facts *facts, const struct kai_release_fact *release)
{
	return release->index < facts->header->parts_count && facts->now.ms < release->expires.ms &&
	       (facts->part_label == NULL || release->index == facts->part_index) &&
	       kai_label_check(release->label) == KAI_FAULT_NONE;
}

static size_t own_labels(const struct kai_facts *facts, const struct kai_label *ret[2])
{
	ret[0] = &facts->header->label;
	ret[1] = facts->part_label;
	return facts->part_label == NULL ? 1 : 2;
}

/*
 * A release only widens: what the labels themselves allow stays allowed, so that the verdict does
 * not depend on which releases have arrived so far, beyond what they grant.
 */
static struct kai_verdict decide_released(const struct ask *ask)
{
	const struct kai_facts *facts = ask->facts;
	const struct kai_label *labels[2];
	size_t count = own_labels(facts, labels);
	struct kai_verdict verdict = decide_labels(ask, labels, count);

	for (size_t i = 0; !verdict.allow && i < facts->release_count; i++) {
		const struct kai_label *label = facts->releases[i].label;

		if (!release_counts(facts, &facts->releases[i]))
			continue;
		struct kai_verdict released = decide_labels(ask, &label, 1);

		if (!released.allow)
			continue;
		return released.rule == KAI_RULE_OK_CONTINGENCY ? released
								: allow(KAI_RULE_OK_RELEASE);
	}
	return verdict;
}

/* ---- the decision */

/* The own org, or one of its exits: hooks, web, logs, exports. */
static struct kai_verdict decide_own(const struct kai_facts *facts)
{
	const struct kai_label *labels[2];
	size_t count = own_labels(facts, labels);
	bool under = true;

	if (kai_kind_row(facts->header->kind) == NULL)
		return deny(KAI_RULE_KIND);
	if (facts->exit_ceiling != 0 && expired(facts))
		return deny(KAI_RULE_EXPIRED);
	if (!labels_readable(facts))
		return deny(KAI_RULE_LABEL);
	if (facts->exit_ceiling == 0)
		return allow(KAI_RULE_OK_SELF);
	for (size_t i = 0; i < count; i++)
		under &= within_ceiling(facts->exit_ceiling, labels[i]->tlp);
	for (size_t i = 0; !under && i < facts->release_count; i++)
		under = release_counts(facts, &facts->releases[i]) &&
			within_ceiling(facts->exit_ceiling, facts->releases[i].label->tlp);
	return under ? allow(KAI_RULE_OK_SELF) : deny(KAI_RULE_CEILING);
}

/* An agreement is in force, and the item is not going home. */
static struct kai_verdict decide_onto(const struct kai_facts *facts)
{
	struct ask ask = {
		.facts = facts,
		.direction = kai_terms_direction(facts->terms,
						 kai_terms_side(facts->terms, facts->from)),
		.receiver = kai_terms_party(facts->terms, kai_terms_side(facts->terms, facts->to)),
		.from_origin = kai_id_equal(facts->from, facts->header->origin),
		.clause = kai_policy_marked(facts),
	};
	bool kind = kind_passes(&ask) && !facts->terms->contingency_only;
	bool sector = sector_passes(&ask);

	if (!kind && !ask.clause)
		return deny(KAI_RULE_KIND);
	if (!sector && !ask.clause)
		return deny(KAI_RULE_SECTOR);
	ask.relaxed = !kind || !sector;
	if (expired(facts))
		return deny(KAI_RULE_EXPIRED);
	if (!labels_readable(facts))
		return deny(KAI_RULE_LABEL);
	return decide_released(&ask);
}

struct kai_verdict kai_policy_decide(const struct kai_facts *facts)
{
	const struct kai_header *header = facts->header;
	int64_t ended;

	if (memcmp(header->realm, facts->realm, KAI_REALM_LEN) != 0)
		return deny(KAI_RULE_REALM);
	if (kai_id_equal(facts->from, facts->to))
		return decide_own(facts);
	if (!between_these(facts))
		return deny(KAI_RULE_AGREEMENT);
	enum kai_agreement_state state = state_now(facts, &ended);
	bool follows = header->kind == KAI_KIND_RETRACT && facts->target_passed &&
		       (facts->part_label == NULL || facts->part_index == 0);

	if (follows ? !retraction_follows(state, ended, facts->now.ms) : state != KAI_STATE_ACTIVE)
		return deny(KAI_RULE_AGREEMENT);
	if (kai_kind_row(header->kind) == NULL)
		return deny(KAI_RULE_KIND);
	bool home = kai_id_equal(facts->to, header->origin) && !facts->terms->contingency_only;

	if (follows || home) {
		if (!labels_readable(facts))
			return deny(KAI_RULE_LABEL);
		return allow(follows ? KAI_RULE_OK_RETRACTION : KAI_RULE_OK_ORIGIN);
	}
	if (facts->exit_ceiling != 0) /* an exit of another org is none of ours */
		return deny(KAI_RULE_CEILING);
	return decide_onto(facts);
}
