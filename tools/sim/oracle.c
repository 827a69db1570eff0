/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May it pass? SPEC.md section 6 and protocol.md section 4 once more, written from their words: the
 * rules are a table, asked in order, over what the ledger says is true (or over that part of it that
 * one node has heard of). Whether a contingency clause may be open is the checker's question
 * (checks/contingency.c); what it lets pass while it is, is asked here.
 */
#include <string.h>

#include "ledger.h"

/* How T is reached by a label. */
struct match {
	bool org, community, sector_country, country;
};

struct ask {
	const struct sim *sim;
	const struct sim_ledger *ledger;
	const struct sim_hop *hop;
	unsigned bit; /* 0: everybody's knowledge; else SIM_KNOWN_… of the decider */
	const struct kai_header *header;
	const struct sim_pact *pact; /* that counts; NULL: none */
	enum kai_agreement_state state;
	const struct kai_direction *way;  /* from F to T */
	const struct kai_direction *back; /* from T to F */
	const struct kai_party *from, *to;
	bool from_origin;
	bool clause; /* one that is open carries it */
	/* of the label that is asked about */
	const struct kai_label *label;
	struct match match;
	bool hop_allowed; /* F is named itself, or the label is CLEAR, and T is its constituency */
};

/* ---- what is in force ---- */

static bool knows(const struct ask *ask, const uint8_t known[2], const struct sim_pact *pact)
{
	return ask->bit == 0 || (known[pact->of.b == ask->hop->decider] & ask->bit) != 0;
}

static bool window_holds(const struct sim_pact *pact, int64_t now)
{
	return now >= (int64_t)pact->of.terms.valid_from &&
	       now < (int64_t)pact->of.terms.valid_until;
}

/* Of two of one pair the one that counts. */
static bool outranks(const struct sim_pact *one, const struct sim_pact *other, int64_t now)
{
	if (other == NULL)
		return true;
	if (window_holds(one, now) != window_holds(other, now))
		return window_holds(one, now);
	if (one->of.terms.serial != other->of.terms.serial)
		return one->of.terms.serial > other->of.terms.serial;
	return memcmp(one->of.digest, other->of.digest, KAI_ID_LEN) < 0;
}

/* Suspended by that side's newest word, or ended for good by any. */
static void words_of(const struct ask *ask, uint32_t by, bool *io_suspended, bool *io_terminated)
{
	uint64_t newest = 0;
	bool suspended = false;

	for (uint32_t i = ask->pact->notices; i != SIM_NONE; i = ask->ledger->words[i]->next) {
		const struct sim_word *word = ask->ledger->words[i];

		if (word->of.by != by || !knows(ask, word->known, ask->pact))
			continue;
		*io_terminated |= word->of.action == KAI_NOTICE_TERMINATE;
		if (word->of.number >= newest) {
			newest = word->of.number;
			suspended = word->of.action == KAI_NOTICE_SUSPEND;
		}
	}
	*io_suspended |= suspended;
}

static void find_pact(struct ask *ask)
{
	int64_t now = ask->hop->now.ms;
	const struct sim_pact *pact = NULL;
	bool suspended = false, terminated = false;

	while ((pact = sim_pact_next(ask->ledger, ask->hop->from, ask->hop->to, pact)) != NULL) {
		if (knows(ask, pact->known, pact) && outranks(pact, ask->pact, now))
			ask->pact = pact;
	}
	if (ask->pact == NULL)
		return;
	words_of(ask, ask->pact->of.a, &suspended, &terminated);
	words_of(ask, ask->pact->of.b, &suspended, &terminated);
	const struct kai_terms *terms = &ask->pact->of.terms;
	bool from_is_a = ask->pact->of.a == ask->hop->from;

	ask->way = from_is_a ? &terms->a_to_b : &terms->b_to_a;
	ask->back = from_is_a ? &terms->b_to_a : &terms->a_to_b;
	ask->from = from_is_a ? &terms->a : &terms->b;
	ask->to = from_is_a ? &terms->b : &terms->a;
	ask->state = terminated				  ? KAI_STATE_TERMINATED
		     : now >= (int64_t)terms->valid_until ? KAI_STATE_EXPIRED
		     : now < (int64_t)terms->valid_from	  ? KAI_STATE_FUTURE
		     : suspended			  ? KAI_STATE_SUSPENDED
							  : KAI_STATE_ACTIVE;
}

/* ---- who is matched ---- */

/* The newest statement that is known of this seat says yes, now. */
static bool seated(const struct ask *ask, uint32_t keeper, uint32_t org, struct kai_span name)
{
	const struct sim_seat *newest = NULL;
	uint64_t now = (uint64_t)ask->hop->now.ms;

	for (uint32_t i = sim_seat_head(ask->ledger, keeper, org); i != SIM_NONE;
	     i = ask->ledger->seats[i]->next) {
		const struct sim_seat *seat = ask->ledger->seats[i];

		if (seat->of.keeper != keeper || seat->of.org != org ||
		    !kai_span_equal(kai_span_str(seat->of.name), name))
			continue;
		if (ask->bit != 0 &&
		    (seat->known == NULL || (seat->known[ask->hop->decider] & ask->bit) == 0))
			continue;
		if (newest == NULL || seat->of.number > newest->of.number)
			newest = seat;
	}
	return newest != NULL && !newest->of.withdrawn && now >= newest->of.valid_from &&
	       now < newest->of.valid_until;
}

/* towards: the direction whose receiver the org is. */
static bool is_member(const struct ask *ask, const struct kai_direction *towards, uint32_t org,
		      const struct kai_audience_entry *entry)
{
	const struct sim_node *keeper;

	for (size_t i = 0; i < towards->communities_count; i++) {
		if (memcmp(towards->communities[i].keeper, entry->org.at, KAI_ID_LEN) != 0 ||
		    !kai_span_equal(towards->communities[i].name, entry->text))
			continue;
		keeper = sim_node_of(ask->sim, towards->communities[i].keeper);
		return keeper != NULL &&
		       (keeper->number == org || seated(ask, keeper->number, org, entry->text));
	}
	return false;
}

static bool listed(const struct kai_span *list, size_t count, struct kai_span text)
{
	for (size_t i = 0; i < count; i++) {
		if (kai_span_equal(list[i], text))
			return true;
	}
	return false;
}

static struct match match_of(const struct ask *ask, const struct kai_label *label,
			     const struct kai_party *party, uint32_t org,
			     const struct kai_direction *towards)
{
	struct match match = {.org = false};
	bool asks_sector = false, sector = false, asks_country = false;

	for (size_t i = 0; i < label->audience_count; i++) {
		const struct kai_audience_entry *entry = &label->audience[i];

		switch (entry->type) {
		case KAI_AUD_ORG:
			match.org |= kai_span_equal(entry->org, kai_span(party->org, KAI_ID_LEN));
			break;
		case KAI_AUD_COMMUNITY:
			match.community |= is_member(ask, towards, org, entry);
			break;
		case KAI_AUD_SECTOR:
			asks_sector = true;
			sector |= listed(party->sectors, party->sectors_count, entry->text);
			break;
		case KAI_AUD_COUNTRY:
			asks_country = true;
			match.country |= kai_span_equal(entry->text, party->country);
			break;
		default:
			break;
		}
	}
	match.country &= !asks_sector || sector;
	match.sector_country = (asks_sector || asks_country) && (!asks_sector || sector) &&
			       (!asks_country || match.country);
	return match;
}

/* CLEAR names nobody and means everybody: each community that the direction recognises. */
static bool is_member_of_any(const struct ask *ask)
{
	for (size_t i = 0; i < ask->way->communities_count; i++) {
		const struct kai_community *community = &ask->way->communities[i];
		const struct kai_audience_entry entry = {.org = {community->keeper, KAI_ID_LEN},
							 .text = community->name};

		if (is_member(ask, ask->way, ask->hop->to, &entry))
			return true;
	}
	return false;
}

static void take_label(struct ask *ask, const struct kai_label *label)
{
	struct match self;

	ask->label = label;
	if (label->tlp == KAI_TLP_CLEAR) {
		ask->match = (struct match){.community = is_member_of_any(ask)};
		ask->hop_allowed = ask->way->constituency;
		return;
	}
	ask->match = match_of(ask, label, ask->to, ask->hop->to, ask->way);
	self = match_of(ask, label, ask->from, ask->hop->from, ask->back);
	ask->hop_allowed = (label->tlp == KAI_TLP_AMBER || label->tlp == KAI_TLP_GREEN) &&
			   !ask->from_origin && (self.org || self.community) &&
			   ask->way->constituency;
}

/* ---- readable labels ---- */

static bool entry_readable(const struct kai_audience_entry *entry, uint64_t tlp)
{
	static const bool org_len[] = {false, true, true, false, false};
	size_t len = entry->type < 5 && org_len[entry->type] ? KAI_ID_LEN : 0;

	if (entry->type < KAI_AUD_ORG || entry->type > KAI_AUD_COUNTRY || entry->org.len != len ||
	    (entry->type == KAI_AUD_ORG) != (entry->text.len == 0))
		return false;
	if (tlp == KAI_TLP_RED)
		return entry->type == KAI_AUD_ORG;
	return tlp != KAI_TLP_GREEN || entry->type <= KAI_AUD_COMMUNITY;
}

static bool readable(const struct kai_label *label)
{
	if (label->tlp < KAI_TLP_RED || label->tlp > KAI_TLP_CLEAR ||
	    label->onward < KAI_ONWARD_NONE || label->onward > KAI_ONWARD_ANY ||
	    label->attribution < 1 || label->attribution > 3 || label->pap < 1 || label->pap > 4 ||
	    label->gov_share > 1 || (label->tlp == KAI_TLP_CLEAR) != (label->audience_count == 0))
		return false;
	for (size_t i = 0; i < label->audience_count; i++) {
		if (!entry_readable(&label->audience[i], label->tlp))
			return false;
	}
	return true;
}

/* ---- the rules of an item ---- */

static const struct kai_label *part_label(const struct ask *ask)
{
	const struct sim_item *item = ask->hop->item;
	int part = ask->hop->part;

	if (part < 0)
		return NULL;
	return item->parts[part].labelled ? &item->parts[part].label : &item->header.label;
}

static bool rule_realm(const struct ask *ask)
{
	static const uint8_t live[KAI_REALM_LEN];

	return ask->header->version == KAI_VERSION &&
	       memcmp(ask->header->realm, live, sizeof(live)) == 0;
}

static bool rule_agreement(const struct ask *ask)
{
	return ask->state == KAI_STATE_ACTIVE;
}

static bool kind_listed(const uint64_t *kinds, size_t count, uint64_t kind)
{
	for (size_t i = 0; i < count; i++) {
		if (kinds[i] == kind)
			return true;
	}
	return false;
}

/* Its pair, its kind, its time; nothing of a label. */
static bool clause_carries(const struct ask *ask, const struct kai_contingency *clause)
{
	struct kai_key words = kai_key_outage(0, KAI_OUTAGE_OURS, clause);

	if (memcmp(clause->from, ask->header->origin, KAI_ID_LEN) != 0 ||
	    memcmp(clause->to, ask->to->org, KAI_ID_LEN) != 0 ||
	    !kind_listed(clause->kinds, clause->kinds_count, ask->header->kind))
		return false;
	for (uint32_t i = 0; i < ask->hop->opening_count; i++) {
		const struct sim_opening *opening = &ask->hop->openings[i];
		int64_t since_ms = ask->hop->now.ms - opening->opened_at;

		if (memcmp(opening->clause, words.at + 3, sizeof(opening->clause)) == 0 &&
		    since_ms >= 0 && since_ms <= (int64_t)clause->longest_ms)
			return true;
	}
	return false;
}

static bool clause_open(const struct ask *ask)
{
	const struct kai_terms *terms = &ask->pact->of.terms;

	for (size_t i = 0; i < terms->contingency_count; i++) {
		if (clause_carries(ask, &terms->contingency[i]))
			return true;
	}
	return false;
}

static bool rule_kind(const struct ask *ask)
{
	if (ask->clause || ask->pact->of.terms.contingency_only)
		return ask->clause && ask->header->kind >= KAI_KIND_SECINFO &&
		       ask->header->kind <= KAI_KIND_RELEASE;
	for (size_t i = 0; i < ask->way->kinds_count; i++) {
		if (ask->way->kinds[i] == ask->header->kind)
			return ask->header->kind >= KAI_KIND_SECINFO &&
			       ask->header->kind <= KAI_KIND_RELEASE;
	}
	return false;
}

static bool rule_sector(const struct ask *ask)
{
	const struct kai_direction *way = ask->way;

	if (ask->clause || listed(way->sectors, way->sectors_count, kai_span_str("*")))
		return true;
	for (size_t i = 0; i < ask->header->sectors_count; i++) {
		if (listed(way->sectors, way->sectors_count, ask->header->sectors[i]))
			return true;
	}
	return false;
}

static bool rule_expired(const struct ask *ask)
{
	return ask->hop->now.ms < (int64_t)ask->header->not_after;
}

static bool rule_label(const struct ask *ask)
{
	const struct kai_label *part = part_label(ask);

	return readable(&ask->header->label) && (part == NULL || readable(part));
}

/* ---- the rules of each label ---- */

static bool rule_ceiling(const struct ask *ask)
{
	if (ask->clause)
		return true;
	return ask->way->ceiling >= KAI_TLP_RED && ask->way->ceiling <= KAI_TLP_CLEAR &&
	       ask->label->tlp >= ask->way->ceiling;
}

static bool rule_audience(const struct ask *ask)
{
	return ask->label->tlp == KAI_TLP_CLEAR || ask->match.org || ask->match.community ||
	       ask->match.sector_country || ask->hop_allowed;
}

static bool rule_tlp(const struct ask *ask)
{
	if (ask->from_origin || ask->label->tlp == KAI_TLP_CLEAR)
		return true;
	if (ask->label->tlp < KAI_TLP_AMBER)
		return false;
	return ask->match.org || ask->match.community || ask->hop_allowed;
}

static bool rule_onward(const struct ask *ask)
{
	uint64_t onward =
		ask->label->onward < ask->hop->overlay ? ask->label->onward : ask->hop->overlay;

	if (ask->from_origin)
		return true;
	switch (onward) {
	case KAI_ONWARD_CONSTITUENCY:
		return ask->hop_allowed;
	case KAI_ONWARD_COMMUNITY:
		return ask->hop_allowed || ask->match.community;
	case KAI_ONWARD_ANY:
		return true;
	default:
		return false;
	}
}

static bool rule_abroad(const struct ask *ask)
{
	return ask->label->tlp == KAI_TLP_CLEAR ||
	       kai_span_equal(ask->to->country, ask->header->country) || ask->match.org ||
	       ask->match.community || ask->match.country;
}

static bool rule_government(const struct ask *ask)
{
	return ask->label->tlp == KAI_TLP_CLEAR || !ask->to->government ||
	       ask->label->gov_share == 1 || ask->match.org || ask->match.community;
}

/* ---- the decision ---- */

struct rule {
	const char *name;
	bool (*holds)(const struct ask *ask);
};
static const struct rule item_rules[] = {{"kind", rule_kind},
					 {"sector", rule_sector},
					 {"expired", rule_expired},
					 {"label", rule_label}};
static const struct rule label_rules[] = {
	{"ceiling", rule_ceiling}, {"audience", rule_audience}, {"tlp-onward", rule_tlp},
	{"onward", rule_onward},   {"abroad", rule_abroad},	{"government", rule_government}};

static const char *label_forbids(struct ask *ask, const struct kai_label *label)
{
	take_label(ask, label);
	for (size_t i = 0; i < sizeof(label_rules) / sizeof(label_rules[0]); i++) {
		if (!label_rules[i].holds(ask))
			return label_rules[i].name;
	}
	return NULL;
}

/* What its target went by, it may go by: under anything but an agreement ended for good or long ago. */
static bool retraction_follows(const struct ask *ask)
{
	int64_t gone = ask->hop->now.ms - (int64_t)ask->pact->of.terms.valid_until;

	return ask->hop->target_passed && ask->header->kind == KAI_KIND_RETRACT &&
	       ask->state != KAI_STATE_TERMINATED &&
	       (ask->state != KAI_STATE_EXPIRED || gone <= KAI_GRACE_MS);
}

static const char *forbids(struct ask *ask)
{
	const struct kai_label *part = part_label(ask);
	const char *rule = NULL;

	find_pact(ask);
	if (!rule_realm(ask))
		return "realm";
	if (ask->pact == NULL)
		return "agreement";
	if (retraction_follows(ask))
		return rule_label(ask) ? NULL : "label";
	if (!rule_agreement(ask))
		return "agreement";
	if (kai_id_equal(ask->to->org, ask->header->origin) &&
	    !ask->pact->of.terms.contingency_only)
		return NULL;
	ask->clause = clause_open(ask);
	ask->from_origin = kai_id_equal(ask->from->org, ask->header->origin);
	for (size_t i = 0; i < sizeof(item_rules) / sizeof(item_rules[0]); i++) {
		if (!item_rules[i].holds(ask))
			return item_rules[i].name;
	}
	rule = label_forbids(ask, &ask->header->label);
	return rule == NULL && part != NULL ? label_forbids(ask, part) : rule;
}

static const char *forbids_by(const struct sim *sim, const struct sim_hop *hop, unsigned bit)
{
	struct ask ask = {.sim = sim,
			  .ledger = sim_ledger_of(sim),
			  .hop = hop,
			  .bit = bit,
			  .header = &hop->item->header};

	return forbids(&ask);
}

const char *sim_oracle_forbids(const struct sim *sim, const struct sim_hop *hop)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);

	if (hop->from == hop->to || hop->from >= ledger->node_count ||
	    hop->to >= ledger->node_count)
		return "agreement";
	if (!hop->lenient)
		return forbids_by(sim, hop, 0);
	const char *rule = forbids_by(sim, hop, SIM_KNOWN_NOW);

	/* Only a turn that learnt something has two states. */
	if (rule != NULL && ledger->learnt[hop->decider] == sim_node(sim, hop->decider)->turns + 1)
		return forbids_by(sim, hop, SIM_KNOWN_BEFORE);
	return rule;
}

bool sim_oracle_permits(const struct sim *sim, const struct sim_hop *hop)
{
	return sim_oracle_forbids(sim, hop) == NULL;
}

const struct sim_pact *sim_oracle_pact(const struct sim *sim, uint32_t a, uint32_t b,
				       struct kai_wall now)
{
	struct sim_hop hop = {.from = a, .to = b, .now = now};
	struct ask ask = {.sim = sim, .ledger = sim_ledger_of(sim), .hop = &hop};

	find_pact(&ask);
	return ask.state == KAI_STATE_ACTIVE ? ask.pact : NULL;
}

const struct sim_pact *sim_oracle_pact_by(const struct sim *sim, uint32_t node, uint32_t other,
					  struct kai_wall now, bool *ret_active)
{
	struct sim_hop hop = {.from = node, .to = other, .now = now, .decider = node};
	struct ask ask = {
		.sim = sim, .ledger = sim_ledger_of(sim), .hop = &hop, .bit = SIM_KNOWN_NOW};

	find_pact(&ask);
	*ret_active = ask.pact != NULL && ask.state == KAI_STATE_ACTIVE;
	return ask.pact;
}
