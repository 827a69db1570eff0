/* SPDX-License-Identifier: Apache-2.0 */
/* Which duties an item brings about: ours when it arrives, theirs when it went there. */
#include "duty.h"

#include <string.h>

/* ---- partners: everybody who has a number, heard or not since the start ---- */

struct partners {
	struct kai_scan scan;
};

static void partners_init(struct partners *partners, struct kai_turn *turn)
{
	kai_scan_init(&partners->scan, turn->txn, KAI_TABLE_PEER_ORGS, kai_span(NULL, 0),
		      kai_span(NULL, 0), false);
}

static struct kai_link *partners_next(struct partners *partners, struct kai_turn *turn)
{
	uint8_t org[KAI_ID_LEN];
	struct kai_span key;

	while (kai_scan_next(&partners->scan, &key, NULL)) {
		if (key.len != KAI_ID_LEN ||
		    memcmp(key.at, turn->engine->config.org, KAI_ID_LEN) == 0)
			continue;
		memcpy(org, key.at, KAI_ID_LEN);
		return kai_link_get(turn, org);
	}
	return NULL;
}

struct kai_link *kai_duty_partner(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN])
{
	struct kai_span number;

	if (memcmp(org, turn->engine->config.org, KAI_ID_LEN) == 0 ||
	    !kai_txn_get(turn->txn, KAI_TABLE_PEER_ORGS, kai_span(org, KAI_ID_LEN), &number))
		return NULL;
	return kai_link_get(turn, org);
}

/* What the terms with one partner ask for is added to what is known of the others'. */
static void ask_terms(struct kai_engine *engine, const struct kai_terms *terms,
		      const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; i < terms->duties_count; i++) {
		const struct kai_duty *duty = &terms->duties[i];

		for (size_t k = 0; k < duty->kinds_count; k++) {
			uint64_t kind = duty->kinds[k];

			if (kind <= KAI_KIND_RELEASE && duty->urgency > engine->duty_about[kind])
				engine->duty_about[kind] = duty->urgency;
		}
	}
	for (size_t i = 0; i < terms->contingency_count; i++)
		engine->clause_asked =
			engine->clause_asked || kai_id_equal(terms->contingency[i].to, org);
}

static void ask_anew(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	struct partners partners;
	struct kai_link *link;

	if (engine->duty_asked_at == engine->trust_generation + 1)
		return;
	memset(engine->duty_about, 0, sizeof(engine->duty_about));
	engine->clause_asked = false;
	engine->duty_asked_at = engine->trust_generation + 1;
	partners_init(&partners, turn);
	while ((link = partners_next(&partners, turn)) != NULL)
		ask_terms(engine, &kai_pair_now(turn, link)->agreement.terms, link->org);
}

bool kai_duty_asked(struct kai_turn *turn, const struct kai_header *header)
{
	ask_anew(turn);
	return header->kind <= KAI_KIND_RELEASE &&
	       header->urgency <= turn->engine->duty_about[header->kind];
}

bool kai_clause_asked(struct kai_turn *turn)
{
	ask_anew(turn);
	return turn->engine->clause_asked;
}

/* ---- which ones arise ---- */

/* An item that was just taken, or went, and one agreement about it. */
struct cause {
	const struct kai_item_facts *facts;
	struct kai_link *peer;
	const struct kai_pair *pair;
	enum kai_duty_side side;
};

static bool triggers(const struct kai_duty *duty, uint64_t action, int side,
		     const struct kai_header *header)
{
	bool kind = false;

	for (size_t i = 0; i < duty->kinds_count; i++)
		kind = kind || duty->kinds[i] == header->kind;
	return kind && duty->action == action && (int)duty->side == side &&
	       header->urgency <= duty->urgency;
}

static void begin(struct kai_turn *turn, const struct cause *cause, size_t index, uint16_t target)
{
	const struct kai_duty *duty = &cause->pair->agreement.terms.duties[index];
	struct kai_duty_case made = {
		.place = {.arrival = cause->facts->arrival,
			  .peer = cause->peer->number,
			  .index = (uint8_t)index,
			  .target = target},
		.row = {.side = cause->side,
			.action = duty->action,
			.report_back = duty->report_back,
			.within_ms = duty->within_ms},
	};
	struct kai_key key = kai_key_duty(&made.place);
	struct kai_span there;

	if (kai_txn_get(turn->txn, KAI_TABLE_DUTIES, kai_key_span(&key), &there))
		return;
	memcpy(made.row.agreement, cause->pair->agreement.digest, KAI_ID_LEN);
	kai_duty_begin(turn, &made);
	kai_duty_look(turn, cause->facts, &made, false);
}

static bool brought(struct kai_turn *turn, uint64_t arrival, const struct kai_link *link)
{
	struct kai_key key = kai_key_pair(arrival, link->number);
	struct kai_span there;

	return kai_txn_get(turn->txn, KAI_TABLE_SUPPLY, kai_key_span(&key), &there);
}

/* Who wrote it or brought it has it. */
static void begin_for(struct kai_turn *turn, const struct cause *cause, size_t index,
		      const struct kai_link *target)
{
	if (target == cause->peer || kai_id_equal(target->org, cause->facts->header.origin) ||
	    brought(turn, cause->facts->arrival, target))
		return;
	begin(turn, cause, index, target->number);
}

/* Suspended, one is still a member or a client: that nothing may go there now is what the officer must know. */
static bool stands(const struct kai_pair *pair)
{
	return pair->state == KAI_STATE_ACTIVE || pair->state == KAI_STATE_SUSPENDED;
}

static bool constituency(const struct kai_turn *turn, const struct kai_pair *pair)
{
	const struct kai_terms *terms = &pair->agreement.terms;
	int mine = kai_terms_side(terms, turn->engine->config.org);

	return stands(pair) && mine >= 0 && kai_terms_direction(terms, mine)->constituency;
}

static bool member(const struct kai_pair *pair, const struct kai_audience_entry *community)
{
	if (!stands(pair))
		return false;
	if (memcmp(pair->org, community->org.at, KAI_ID_LEN) == 0)
		return true; /* its keeper */
	for (size_t i = 0; i < pair->member_count; i++) {
		if (kai_id_equal(pair->members[i].org, pair->org) &&
		    memcmp(pair->members[i].keeper, community->org.at, KAI_ID_LEN) == 0 &&
		    kai_span_equal(pair->members[i].name, community->text))
			return true;
	}
	return false;
}

/* Everybody that an entry of the target stands for; NULL: our constituency. */
static void begin_for_entry(struct kai_turn *turn, const struct cause *cause, size_t index,
			    const struct kai_audience_entry *entry)
{
	struct partners partners;
	struct kai_link *link = NULL;

	if (entry != NULL && entry->type == KAI_AUD_ORG) {
		if (memcmp(entry->org.at, turn->engine->config.org, KAI_ID_LEN) != 0)
			link = kai_link_get(turn, entry->org.at);
		if (link != NULL)
			begin_for(turn, cause, index, link);
		return;
	}
	partners_init(&partners, turn);
	while ((link = partners_next(&partners, turn)) != NULL) {
		const struct kai_pair *pair = kai_pair_now(turn, link);

		if (entry == NULL ? constituency(turn, pair) : member(pair, entry))
			begin_for(turn, cause, index, link);
	}
}

/* What came to us from there: to be passed on, or answered. */
static void begin_ours(struct kai_turn *turn, const struct cause *cause)
{
	const struct kai_terms *terms = &cause->pair->agreement.terms;
	const struct kai_header *header = &cause->facts->header;
	int mine = kai_terms_side(terms, turn->engine->config.org);

	for (size_t i = 0; i < terms->duties_count; i++) {
		const struct kai_duty *duty = &terms->duties[i];

		if (triggers(duty, KAI_DUTY_ANSWER, mine, header))
			begin(turn, cause, i, cause->peer->number);
		if (!triggers(duty, KAI_DUTY_PASS, mine, header))
			continue;
		if (duty->target_count == 0)
			begin_for_entry(turn, cause, i, NULL);
		for (size_t k = 0; k < duty->target_count; k++)
			begin_for_entry(turn, cause, i, &duty->target[k]);
	}
}

bool kai_duty_asked_of(const struct kai_link *link, const struct kai_terms *terms,
		       const struct kai_header *header)
{
	int its = kai_terms_side(terms, link->org);

	for (size_t i = 0; i < terms->duties_count; i++)
		if (triggers(&terms->duties[i], KAI_DUTY_PASS, its, header) ||
		    triggers(&terms->duties[i], KAI_DUTY_ANSWER, its, header))
			return true;
	return false;
}

/* What the other side has from us now: it may owe us an answer, or others that it passes it on. */
static void begin_theirs(struct kai_turn *turn, const struct cause *cause)
{
	const struct kai_terms *terms = &cause->pair->agreement.terms;
	int its = kai_terms_side(terms, cause->peer->org);

	for (size_t i = 0; i < terms->duties_count; i++)
		if (triggers(&terms->duties[i], KAI_DUTY_PASS, its, &cause->facts->header) ||
		    triggers(&terms->duties[i], KAI_DUTY_ANSWER, its, &cause->facts->header))
			begin(turn, cause, i, 0);
}

/* What is ours to report, to every partner whose agreement asks for it. */
static void begin_reports(struct kai_turn *turn, const struct kai_item_facts *facts)
{
	struct partners partners;
	struct kai_link *link;

	partners_init(&partners, turn);
	while ((link = partners_next(&partners, turn)) != NULL) {
		const struct kai_pair *pair = kai_pair_now(turn, link);
		const struct kai_terms *terms = &pair->agreement.terms;
		struct cause cause = {.facts = facts, .peer = link, .pair = pair};

		if (pair->state != KAI_STATE_ACTIVE || terms->duties_count == 0 ||
		    kai_id_equal(link->org, facts->header.origin) ||
		    brought(turn, facts->arrival, link))
			continue;
		int mine = kai_terms_side(terms, turn->engine->config.org);

		for (size_t k = 0; k < terms->duties_count; k++)
			if (triggers(&terms->duties[k], KAI_DUTY_REPORT, mine, &facts->header))
				begin(turn, &cause, k, link->number);
	}
}

/* A retraction goes where its target went without anybody's duty; a release travels with its item. */
static bool may_trigger(const struct kai_item_facts *facts)
{
	return facts->header.kind != KAI_KIND_RETRACT && facts->header.kind != KAI_KIND_RELEASE &&
	       (facts->item.flags & (KAI_ITEM_RETRACTED | KAI_ITEM_SUPERSEDED | KAI_ITEM_MARKED)) ==
		       0;
}

static void begin_with(struct kai_turn *turn, const struct kai_item_facts *facts,
		       struct kai_link *peer)
{
	struct cause cause = {.facts = facts, .peer = peer, .pair = kai_pair_now(turn, peer)};

	if (cause.pair->state == KAI_STATE_ACTIVE)
		begin_ours(turn, &cause);
}

void kai_duty_cause_ours(struct kai_turn *turn, const struct kai_item_facts *facts,
			 struct kai_link *link, struct kai_link *origin)
{
	bool report = link == NULL;

	if (!may_trigger(facts))
		return;
	if (link != NULL) {
		begin_with(turn, facts, link);
		report = constituency(turn, kai_pair_now(turn, link));
	}
	if (origin != NULL) {
		begin_with(turn, facts, origin);
		report = report || constituency(turn, kai_pair_now(turn, origin));
	}
	if (report)
		begin_reports(turn, facts);
}

void kai_duty_cause_theirs(struct kai_turn *turn, const struct kai_item_facts *facts,
			   struct kai_link *link)
{
	struct cause cause = {.facts = facts,
			      .peer = link,
			      .pair = kai_pair_now(turn, link),
			      .side = KAI_DUTY_THEIRS};

	if (may_trigger(facts) && !kai_id_equal(facts->header.origin, link->org))
		begin_theirs(turn, &cause);
}
