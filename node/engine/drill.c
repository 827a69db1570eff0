/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drills as the live realm knows them. A drill goes from participant to participant along those
 * agreements that consent to one of its level; each signs whether it takes part; what all said goes the
 * same ways. Who takes part serves it (realm.c) with those partners whose consent it holds.
 */
#include "kairan/drill.h"

#include <string.h>

#include "kairan/card.h"
#include "drill_keep.h"
#include "kairan/text.h"
#include "trust.h"

#define RULE_CONSENT "drill-consent"

bool kai_drill_known(struct kai_turn *turn, const uint8_t realm[KAI_REALM_LEN])
{
	struct kai_key key = kai_key_drill(realm, NULL, 0);
	struct kai_span value;

	return kai_txn_get(turn->txn, KAI_TABLE_DRILLS, kai_key_span(&key), &value);
}

/* ---- telling ---- */

/* Does what the two agreed allow a drill of this level between them now? */
static bool agreed(struct kai_turn *turn, struct kai_link *link, const struct kai_drill *drill)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);

	return pair->state == KAI_STATE_ACTIVE &&
	       pair->agreement.terms.drill_consent >= drill->level;
}

static void send(struct kai_turn *turn, const struct kai_link *link, uint64_t what,
		 struct kai_span bytes)
{
	struct kai_drill_frame frame = {.what = what, .bytes = bytes};

	/* behind the cards, which are urgent, and behind every alert */
	(void)kai_out_send(turn, link, KAI_MSG_DRILL, &frame, false);
}

static void send_say(struct kai_turn *turn, struct kai_link *link,
		     const uint8_t realm[KAI_REALM_LEN], const uint8_t org[KAI_ID_LEN],
		     uint64_t what)
{
	size_t mark = turn->scratch->used;
	struct kai_drill_word word;

	if (kai_rec_drill_say(turn->txn, realm, org, what, turn->scratch, &word)) {
		kai_trust_introduce(turn, link, org);
		send(turn, link, 2, word.bytes);
	}
	turn->scratch->used = mark;
}

/* Has it the director's card, or does it get it from here? */
static bool can_check(struct kai_turn *turn, struct kai_link *link, const struct kai_drill *drill)
{
	return kai_id_equal(drill->director, turn->engine->config.org) ||
	       kai_id_equal(drill->director, link->org) || kai_trust_may_introduce(turn, link);
}

/* Is it for that peer to know of it, and may it go there? */
static bool is_told(struct kai_turn *turn, struct kai_link *link, const struct kai_drill_held *held)
{
	return link->state == KAI_LINK_UP && kai_drill_has(&held->drill, link->org) &&
	       can_check(turn, link, &held->drill) &&
	       kai_drill_consents(turn->txn, held, turn->engine->config.org, turn->scratch) &&
	       agreed(turn, link, &held->drill);
}

static void tell(struct kai_turn *turn, struct kai_link *link, const struct kai_drill_held *held)
{
	const struct kai_drill *drill = &held->drill;

	if (!is_told(turn, link, held))
		return;
	kai_trust_introduce(turn, link, drill->director);
	send(turn, link, 1, held->rec.bytes);
	for (size_t i = 0; i < drill->participants_count; i++)
		send_say(turn, link, drill->realm, drill->participants[i], KAI_DRILL_CONSENTS);
	send_say(turn, link, drill->realm, drill->director, KAI_DRILL_CLOSES);
}

/* Something new of it is known: one word, or (org NULL) all of it. */
static void tell_others(struct kai_turn *turn, const struct kai_link *except,
			const struct kai_drill_held *held, const uint8_t *org, uint64_t what)
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];

		if (link == except)
			continue;
		if (org == NULL)
			tell(turn, link, held);
		else if (is_told(turn, link, held))
			send_say(turn, link, held->drill.realm, org, what);
	}
}

static bool is_over(const struct kai_turn *turn, const struct kai_drill *drill)
{
	return drill->until <= (uint64_t)turn->event->wall.ms;
}

void kai_drill_present(struct kai_turn *turn, struct kai_link *link)
{
	size_t mark = turn->scratch->used;
	uint8_t realm[KAI_REALM_LEN];
	struct kai_scan scan;

	if (!kai_realm_live_here(turn->engine))
		return;
	kai_drills_scan(turn, &scan);
	while (kai_drills_next(&scan, realm)) {
		struct kai_drill_held held;

		if (kai_rec_drill(turn->txn, realm, turn->scratch, &held) &&
		    !is_over(turn, &held.drill))
			tell(turn, link, &held);
		turn->scratch->used = mark;
	}
}

/* Does this org take part in it, and is it not over? */
static bool takes_part(struct kai_turn *turn, const uint8_t realm[KAI_REALM_LEN])
{
	size_t mark = turn->scratch->used;
	struct kai_drill_held held;
	bool yes =
		kai_rec_drill(turn->txn, realm, turn->scratch, &held) &&
		kai_drill_end(turn->txn, &held, turn->scratch) > (uint64_t)turn->event->wall.ms &&
		kai_drill_consents(turn->txn, &held, turn->engine->config.org, turn->scratch);

	turn->scratch->used = mark;
	return yes;
}

size_t kai_engine_drills(struct kai_engine *engine, struct kai_txn *txn, struct kai_wall now,
			 uint8_t (*ret_realms)[KAI_REALM_LEN], size_t cap)
{
	struct kai_event event = {.wall = now};
	struct kai_arena scratch = {engine->scratch, KAI_TURN_ARENA, 0, false};
	struct kai_turn turn = {.engine = engine, .txn = txn, .event = &event, .scratch = &scratch};
	struct kai_scan scan;
	size_t count = 0;

	kai_drills_scan(&turn, &scan);
	while (count < cap && kai_drills_next(&scan, ret_realms[count]))
		if (takes_part(&turn, ret_realms[count]))
			count++;
	return count;
}

bool kai_engine_in_drill(struct kai_engine *engine, struct kai_txn *txn, struct kai_wall now,
			 const uint8_t realm[KAI_REALM_LEN])
{
	struct kai_event event = {.wall = now};
	struct kai_arena scratch = {engine->scratch, KAI_TURN_ARENA, 0, false};
	struct kai_turn turn = {.engine = engine, .txn = txn, .event = &event, .scratch = &scratch};

	return takes_part(&turn, realm);
}

/* ---- what this org says ---- */

static void journal(struct kai_turn *turn, const char *event, const struct kai_drill *drill,
		    const uint8_t *org, struct kai_span rule)
{
	struct kai_journal entry = {.at = (uint64_t)turn->event->wall.ms,
				    .event = kai_span_str(event),
				    .rule = rule,
				    .count = 1,
				    .text = drill->name};

	entry.org.is = true;
	memcpy(entry.org.id, org, KAI_ID_LEN);
	kai_journal_append(turn->txn, &entry);
}

/* Signs it, keeps it; false: our card does not let that key speak, or it does not fit. */
static bool say(struct kai_turn *turn, const struct kai_drill_held *held, uint64_t what,
		const char *reason)
{
	const struct kai_engine_config *config = &turn->engine->config;
	const struct kai_sign_pair *pair =
		what == KAI_DRILL_CLOSES ? &config->decider : &config->duty;
	struct kai_drill_say word = {.version = KAI_VERSION,
				     .what = what,
				     .at = (uint64_t)turn->event->wall.ms,
				     .reason = kai_span_str(reason)};
	struct kai_known_card mine;
	struct kai_drill_say read;

	memcpy(word.realm, held->drill.realm, KAI_REALM_LEN);
	memcpy(word.drill, held->digest, KAI_ID_LEN);
	memcpy(word.org, config->org, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_drill_say, &word, turn->scratch);
	struct kai_span bytes =
		kai_signed_make(KAI_CTX_DRILL_SAY, body, pair->key, pair->secret, turn->scratch);

	if (!kai_book_card(turn, config->org, &mine) || mine.rec.frozen ||
	    kai_drill_say_open(bytes, &mine.card, turn->scratch, &read) != KAI_FAULT_NONE)
		return false;
	return kai_drill_keep_say(turn, held, &word, bytes);
}

/* ---- what comes ---- */

/* One that is not known yet, or NONE with *ret_known. io: as it was read from its bytes. */
static enum kai_fault drill_new(struct kai_turn *turn, struct kai_drill_held *io, bool *ret_known)
{
	struct kai_drill_held before;
	struct kai_known_card director;

	*ret_known = false;
	if (kai_rec_drill(turn->txn, io->drill.realm, turn->scratch, &before)) {
		*ret_known = true;
		return kai_id_equal(before.digest, io->digest) ? KAI_FAULT_NONE : KAI_FAULT_MEANING;
	}
	if (!kai_book_card(turn, io->drill.director, &director))
		return KAI_FAULT_NO_CARD;
	if (director.rec.frozen)
		return KAI_FAULT_FROZEN;
	enum kai_fault fault = kai_drill_open(io->rec.bytes, &director.card, turn->scratch,
					      &io->drill, io->digest);

	if (fault == KAI_FAULT_NONE && is_over(turn, &io->drill))
		fault = KAI_FAULT_EXPIRED;
	if (fault == KAI_FAULT_NONE &&
	    io->drill.created_at > (uint64_t)(turn->event->wall.ms + KAI_MS_DAY))
		fault = KAI_FAULT_TIME;
	if (fault == KAI_FAULT_NONE && !kai_drill_fits(turn, io->drill.director))
		fault = KAI_FAULT_QUOTA;
	return fault;
}

/* This org's answer: as the agreement by which the drill came allows. One that refused takes part after
 * all when it comes by another that does. */
static void stand(struct kai_turn *turn, struct kai_link *link, const struct kai_drill_held *held)
{
	const uint8_t *me = turn->engine->config.org;
	bool yes = agreed(turn, link, &held->drill);
	struct kai_drill_word before;

	if (kai_rec_drill_say(turn->txn, held->drill.realm, me, KAI_DRILL_CONSENTS, turn->scratch,
			      &before) &&
	    (before.say.what == KAI_DRILL_CONSENTS || !yes))
		return;
	if (!say(turn, held, yes ? KAI_DRILL_CONSENTS : KAI_DRILL_REFUSES, yes ? "" : RULE_CONSENT))
		return;
	journal(turn, yes ? "drill-consented" : "drill-refused", &held->drill, link->org,
		kai_span_str(yes ? "" : RULE_CONSENT));
	send_say(turn, link, held->drill.realm, me, KAI_DRILL_CONSENTS);
	tell_others(turn, link, held, NULL, 0);
	kai_out_peers(turn);
}

static bool announce(struct kai_turn *turn, struct kai_drill_held *io, const uint8_t by[KAI_ID_LEN])
{
	if (!kai_drill_keep(turn, io, by))
		return false;
	journal(turn, "drill-announced", &io->drill, io->drill.director, kai_span_str(""));
	return true;
}

/* *ret_passed_on: whatever is wrong, it may be so by the director's doing or the node's own, and the peer
 * passed on in good faith what it could take itself. */
static enum kai_fault drill_take(struct kai_turn *turn, struct kai_link *link,
				 struct kai_span bytes, bool *ret_passed_on)
{
	struct kai_drill_held held = {.rec.bytes = bytes};
	bool known;
	enum kai_fault fault = kai_drill_peek(bytes, turn->scratch, &held.drill, held.digest);

	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!kai_drill_has(&held.drill, turn->engine->config.org))
		return KAI_FAULT_UNWANTED;
	*ret_passed_on = !kai_id_equal(held.drill.director, link->org);
	fault = drill_new(turn, &held, &known);
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!known && !announce(turn, &held, link->org))
		return KAI_FAULT_QUOTA;
	if (!is_over(turn, &held.drill))
		stand(turn, link, &held);
	return KAI_FAULT_NONE;
}

/* A consent counts before a refusal, else the first of its kind: of one org there are three at most. */
static bool is_news(struct kai_turn *turn, const struct kai_drill_say *word)
{
	uint64_t what = word->what == KAI_DRILL_CLOSES ? KAI_DRILL_CLOSES : KAI_DRILL_CONSENTS;
	struct kai_drill_word before;

	return !kai_rec_drill_say(turn->txn, word->realm, word->org, what, turn->scratch,
				  &before) ||
	       (before.say.what == KAI_DRILL_REFUSES && word->what == KAI_DRILL_CONSENTS);
}

static enum kai_fault say_take(struct kai_turn *turn, struct kai_link *link, struct kai_span bytes,
			       bool *ret_passed_on)
{
	struct kai_drill_held held;
	struct kai_drill_say word;
	struct kai_known_card card;
	enum kai_fault fault = kai_drill_say_peek(bytes, turn->scratch, &word);

	if (fault != KAI_FAULT_NONE)
		return fault;
	if (kai_id_equal(word.org, turn->engine->config.org))
		return KAI_FAULT_NONE; /* ours, come back */
	/* of a drill that was not taken, or of another of that realm: it was told with its drill */
	if (!kai_rec_drill(turn->txn, word.realm, turn->scratch, &held) ||
	    !kai_id_equal(word.drill, held.digest))
		return KAI_FAULT_NONE;
	bool closes = word.what == KAI_DRILL_CLOSES;

	if (!kai_drill_has(&held.drill, word.org) ||
	    (closes && !kai_id_equal(word.org, held.drill.director)))
		return KAI_FAULT_MEANING;
	*ret_passed_on = !kai_id_equal(word.org, link->org);
	if (!is_news(turn, &word))
		return KAI_FAULT_NONE;
	/* Of one whom nobody introduced nothing is believed, and nothing is passed on. */
	if (!kai_book_card(turn, word.org, &card) || card.rec.frozen)
		return KAI_FAULT_NONE;
	fault = kai_drill_say_open(bytes, &card.card, turn->scratch, &word);
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!kai_drill_keep_say(turn, &held, &word, bytes))
		return KAI_FAULT_QUOTA;
	journal(turn, closes ? "drill-closed" : "drill-said", &held.drill, word.org,
		closes ? kai_span_str("")
		       : kai_span_str(word.what == KAI_DRILL_CONSENTS ? "consents" : "refuses"));
	tell_others(turn, link, &held, word.org, closes ? KAI_DRILL_CLOSES : KAI_DRILL_CONSENTS);
	kai_out_peers(turn);
	return KAI_FAULT_NONE;
}

void kai_drill_frame(struct kai_turn *turn, struct kai_link *link,
		     const struct kai_drill_frame *frame)
{
	size_t mark = turn->scratch->used;
	enum kai_fault fault = KAI_FAULT_NONE;
	bool passed_on = false;

	/* without an agreement in force there is nobody to practise with */
	if (kai_pair_now(turn, link)->state == KAI_STATE_ACTIVE)
		fault = frame->what == 1 ? drill_take(turn, link, frame->bytes, &passed_on)
					 : say_take(turn, link, frame->bytes, &passed_on);
	if (fault != KAI_FAULT_NONE && passed_on)
		kai_reason_note(turn, link, kai_fault_name(fault), NULL);
	else if (fault != KAI_FAULT_NONE)
		kai_fault_note(turn, link, kai_fault_name(fault), NULL);
	turn->scratch->used = mark;
}

/* ---- a person opens and closes ---- */

static bool fill(struct kai_turn *turn, const struct kai_ctl_drill_open *request,
		 struct kai_drill *ret)
{
	const uint8_t *me = turn->engine->config.org;
	size_t count = request->participants_count;
	uint8_t(*orgs)[KAI_ID_LEN] =
		kai_arena_take(turn->scratch, (count + 1) * sizeof(*request->participants));
	size_t put = 0;
	bool placed = false;

	if (orgs == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!placed && memcmp(me, request->participants[i], KAI_ID_LEN) < 0) {
			memcpy(orgs[put++], me, KAI_ID_LEN);
			placed = true;
		}
		memcpy(orgs[put++], request->participants[i], KAI_ID_LEN);
	}
	if (!placed)
		memcpy(orgs[put++], me, KAI_ID_LEN);
	*ret = (struct kai_drill){.version = KAI_VERSION,
				  .name = request->name,
				  .level = request->level,
				  .word = request->word,
				  .created_at = (uint64_t)turn->event->wall.ms,
				  .from = request->from,
				  .until = request->until,
				  .participants = orgs,
				  .participants_count = put};
	if (ret->from == 0)
		ret->from = ret->created_at;
	memcpy(ret->director, me, KAI_ID_LEN);
	kai_draw(turn, "drill", ret->realm, KAI_REALM_LEN);
	return true;
}

/* Who is asked directly, and who cannot be, by which rule. Others are asked by those. */
static void list_asked(struct kai_turn *turn, const struct kai_drill *drill,
		       struct kai_ctl_answer *ret)
{
	struct kai_recipient *list =
		kai_arena_take(turn->scratch, drill->participants_count * sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; list != NULL && i < drill->participants_count; i++) {
		struct kai_link *link = kai_link_find(turn->engine, drill->participants[i]);

		if (link == NULL)
			continue;
		bool active = kai_pair_now(turn, link)->state == KAI_STATE_ACTIVE;
		struct kai_recipient *to = &list[count++];

		memcpy(to->org, link->org, KAI_ID_LEN);
		to->allow = agreed(turn, link, drill);
		to->rule = kai_span_str(to->allow || active ? RULE_CONSENT : "agreement");
	}
	ret->recipients = list;
	ret->recipients_count = count;
}

void kai_drill_begin(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_engine_config *config = &turn->engine->config;
	struct kai_drill_held held = {.rec.by.is = false};
	struct kai_drill drill;
	bool known;

	if (!fill(turn, request, &drill)) {
		kai_answer_fault(turn, ret, 3, KAI_FAULT_TOO_MUCH, "drill");
		return;
	}
	if (drill.from > drill.created_at + (uint64_t)KAI_DRILL_AHEAD_MS) {
		kai_answer(turn, ret, 1, "drill-window", "it begins more than 90 days from now");
		return;
	}
	struct kai_span body = kai_object_encode_in(&kai_object_drill, &drill, turn->scratch);
	struct kai_span bytes = kai_signed_make(KAI_CTX_DRILL, body, config->decider.key,
						config->decider.secret, turn->scratch);
	enum kai_fault fault = kai_drill_peek(bytes, turn->scratch, &held.drill, held.digest);

	held.rec.bytes = bytes;
	if (fault == KAI_FAULT_NONE)
		fault = drill_new(turn, &held, &known);
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, ret, 1, fault, "drill");
		return;
	}
	if (!say(turn, &held, KAI_DRILL_CONSENTS, "")) {
		kai_answer_fault(turn, ret, 1, KAI_FAULT_KEY_ROLE, "duty");
		return;
	}
	(void)announce(turn, &held, config->org);
	list_asked(turn, &held.drill, ret);
	tell_others(turn, NULL, &held, NULL, 0);
	kai_out_peers(turn);
	ret->id.is = true;
	memcpy(ret->id.id, held.digest, KAI_ID_LEN);
	ret->body = kai_turn_copy(turn, kai_span(drill.realm, KAI_REALM_LEN));
}

void kai_drill_close(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_drill_close *close = request;
	const uint8_t *me = turn->engine->config.org;
	struct kai_drill_held held;

	if (!kai_rec_drill(turn->txn, close->realm, turn->scratch, &held)) {
		kai_answer(turn, ret, 4, "realm", "no such drill is known here (drill list)");
		return;
	}
	if (!kai_id_equal(held.drill.director, me)) {
		kai_answer(turn, ret, 1, "origin", "only its director may close it");
		return;
	}
	if (kai_drill_end(turn->txn, &held, turn->scratch) <= (uint64_t)turn->event->wall.ms) {
		kai_answer(turn, ret, 1, "drill-window", "it is over already");
		return;
	}
	if (!say(turn, &held, KAI_DRILL_CLOSES, "")) {
		kai_answer_fault(turn, ret, 1, KAI_FAULT_KEY_ROLE, "decider");
		return;
	}
	journal(turn, "drill-closed", &held.drill, me, kai_span_str(""));
	tell_others(turn, NULL, &held, me, KAI_DRILL_CLOSES);
	kai_out_peers(turn);
}
