/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle that came in a file. First it is judged as a whole, and refused as a whole with nothing of
 * it used: who signed it, for whom, whether its number is new, whether what it holds belongs together.
 * Then each advisory stands at the same door as one that a link brings, and each statement is taken
 * as one that a link brings. Its number is good once, whatever became of what was in it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kairan/card.h"
#include "kairan/check.h"
#include "bundle.h"
#include "fetch.h"
#include "receipt.h"
#include "trust.h"

#define HEARD_LOOKS 32768u /* rows of OWED in one request */

struct taking {
	const struct kai_bundle *bundle;
	struct kai_bundle_opened opened;
	struct kai_link *link;
	struct kai_receipt_opened *receipts; /* as the bundle's */
	uint8_t (*evidence_of)[KAI_ID_LEN];  /* as the bundle's evidence: the item that it is of */
	struct kai_bundle_outcome *outcomes; /* as the advisories */
	enum kai_fault *faults;		     /* likewise: what is wrong with the advisory itself */
	struct kai_bundle_report report;
	bool whole; /* all statements found room */
};

/* ---- judging it as a whole */

/* The newest card of its writer, here or in it: what the root signed is good whoever brings it. */
static enum kai_fault judge_writer(struct kai_turn *turn, const struct taking *taking)
{
	const struct kai_bundle *bundle = taking->bundle;
	uint64_t seconds = (uint64_t)(turn->event->wall.ms / KAI_MS_SECOND);
	struct kai_known_card held;
	struct kai_card newest;

	if (!kai_book_card(turn, bundle->from, &held))
		return KAI_FAULT_NO_CARD;
	if (held.rec.frozen)
		return KAI_FAULT_FROZEN;
	newest = held.card;
	for (size_t i = 0; i < bundle->cards_count; i++) {
		struct kai_card card;
		uint8_t digest[KAI_ID_LEN];

		if (kai_card_open(bundle->cards[i], turn->scratch, &card, digest) ==
			    KAI_FAULT_NONE &&
		    kai_id_equal(card.org, bundle->from) && card.serial > newest.serial &&
		    card.serial <= seconds + KAI_SERIAL_AHEAD_S)
			newest = card;
	}
	if (bundle->number > seconds + KAI_SERIAL_AHEAD_S)
		return KAI_FAULT_TIME;
	struct kai_wall at = {(int64_t)bundle->number * KAI_MS_SECOND};

	return kai_card_key(&newest, taking->opened.key, KAI_ROLE_SYSTEM, at);
}

static bool came_before(struct kai_turn *turn, const struct taking *taking)
{
	struct kai_key key =
		kai_key_bundle(taking->link->number, KAI_BUNDLE_IN, taking->bundle->number);
	struct kai_span value;

	return kai_txn_get(turn->txn, KAI_TABLE_BUNDLES, kai_key_span(&key), &value);
}

/* An agreement that both of us signed: it may have been renewed since. */
static bool agreed(struct kai_turn *turn, const struct taking *taking)
{
	struct kai_pact pact;

	return kai_book_pact(turn->txn, taking->bundle->from, taking->bundle->agreement,
			     turn->event->wall, turn->scratch, &pact) &&
	       kai_pact_agreed(&pact.read);
}

static enum kai_fault judge_receipts(struct kai_turn *turn, struct taking *taking)
{
	const struct kai_bundle *bundle = taking->bundle;
	enum kai_fault fault = KAI_FAULT_NONE;
	bool later = false;

	for (size_t i = 0; fault == KAI_FAULT_NONE && i < bundle->receipts_count; i++) {
		fault = kai_receipt_open(bundle->receipts[i], turn->scratch, &taking->receipts[i]);
		if (fault == KAI_FAULT_NONE)
			fault = kai_receipt_judge(turn, taking->link, &taking->receipts[i], &later);
		if (fault == KAI_FAULT_NONE && later)
			fault = kai_pair_now(turn, taking->link)->state == KAI_STATE_ACTIVE
					? KAI_FAULT_TIME
					: KAI_FAULT_POLICY;
	}
	return fault;
}

/* Each advisory once. What is wrong with one alone is its own affair. */
static enum kai_fault judge_items(struct kai_turn *turn, struct taking *taking)
{
	const struct kai_bundle *bundle = taking->bundle;
	size_t before = turn->scratch->used;
	struct kai_roots *roots = kai_arena_take(turn->scratch, sizeof(*roots));

	if (roots == NULL)
		return KAI_FAULT_TOO_MUCH;
	kai_roots_init(roots);
	for (size_t i = 0; i < bundle->advisories_count; i++) {
		size_t mark = turn->scratch->used;
		struct kai_checked *checked = kai_arena_take(turn->scratch, sizeof(*checked));

		if (checked == NULL)
			return KAI_FAULT_TOO_MUCH;
		kai_advisory_check(&bundle->advisories[i], roots, turn->scratch, checked);
		taking->faults[i] = checked->item_fault;
		kai_advisory_id(bundle->realm, bundle->advisories[i].header,
				taking->outcomes[i].id);
		kai_scratch_back(turn, mark);
		for (size_t k = 0; k < i; k++) {
			if (kai_id_equal(taking->outcomes[k].id, taking->outcomes[i].id))
				return KAI_FAULT_UNORDERED;
		}
	}
	kai_scratch_back(turn, before);
	return KAI_FAULT_NONE;
}

/* A release travels only with its item. */
static enum kai_fault judge_evidence(struct kai_turn *turn, struct taking *taking)
{
	const struct kai_bundle *bundle = taking->bundle;
	uint8_t counts[KAI_MAX_BUNDLE_ITEMS] = {0};

	for (size_t i = 0; i < bundle->evidence_count; i++) {
		size_t mark = turn->scratch->used;
		struct kai_signed bytes;
		struct kai_release release;
		size_t of = 0;

		enum kai_fault fault = kai_object_decode(&kai_object_signed, bundle->evidence[i],
							 turn->scratch, &bytes);

		if (fault == KAI_FAULT_NONE)
			fault = kai_object_decode(&kai_object_release, bytes.body, turn->scratch,
						  &release);
		if (fault != KAI_FAULT_NONE)
			return fault;
		memcpy(taking->evidence_of[i], release.id, KAI_ID_LEN);
		turn->scratch->used = mark;
		while (of < bundle->advisories_count &&
		       !kai_id_equal(taking->outcomes[of].id, taking->evidence_of[i]))
			of++;
		if (of == bundle->advisories_count || counts[of]++ == KAI_MAX_EVIDENCE)
			return KAI_FAULT_MEANING;
	}
	return KAI_FAULT_NONE;
}

static bool lists(struct kai_turn *turn, struct taking *taking)
{
	const struct kai_bundle *bundle = taking->bundle;
	struct kai_arena *scratch = turn->scratch;

	taking->receipts =
		kai_arena_take(scratch, bundle->receipts_count * sizeof(*taking->receipts));
	taking->evidence_of = kai_arena_take(scratch, bundle->evidence_count * KAI_ID_LEN);
	taking->outcomes =
		kai_arena_take(scratch, bundle->advisories_count * sizeof(*taking->outcomes));
	taking->faults =
		kai_arena_take(scratch, bundle->advisories_count * sizeof(*taking->faults));
	return taking->receipts != NULL && taking->evidence_of != NULL &&
	       taking->outcomes != NULL && taking->faults != NULL;
}

static enum kai_fault judge(struct kai_turn *turn, struct taking *taking)
{
	const struct kai_bundle *bundle = taking->bundle;
	enum kai_fault fault;

	if (memcmp(bundle->realm, kai_realm_live, KAI_REALM_LEN) != 0)
		return KAI_FAULT_REALM;
	if (!kai_id_equal(bundle->to, turn->engine->config.org))
		return KAI_FAULT_MISDIRECTED;
	kai_link_load(turn);
	taking->link = kai_link_find(turn->engine, bundle->from);
	if (taking->link == NULL)
		return KAI_FAULT_NO_CARD;
	fault = judge_writer(turn, taking);
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (came_before(turn, taking))
		return KAI_FAULT_REPLAY;
	if (!agreed(turn, taking))
		return KAI_FAULT_POLICY;
	if (!lists(turn, taking))
		return KAI_FAULT_TOO_MUCH;
	fault = judge_receipts(turn, taking);
	if (fault == KAI_FAULT_NONE)
		fault = judge_items(turn, taking);
	if (fault == KAI_FAULT_NONE)
		fault = judge_evidence(turn, taking);
	return fault;
}

/* ---- taking what is in it */

static void take_cards(struct kai_turn *turn, const struct taking *taking)
{
	for (size_t i = 0; i < taking->bundle->cards_count; i++) {
		struct kai_card_frame frame = {.what = 1, .bytes = taking->bundle->cards[i]};
		size_t mark = turn->scratch->used;

		kai_trust_card(turn, taking->link, &frame);
		turn->scratch->used = mark;
	}
}

/* Beside the agreement; what is not to be believed is left out. */
static void take_members(struct kai_turn *turn, const struct taking *taking)
{
	const struct kai_bundle *bundle = taking->bundle;
	bool any = false;

	for (size_t i = 0; i < bundle->memberships_count; i++) {
		size_t mark = turn->scratch->used;
		bool fresh = false;
		enum kai_fault fault =
			kai_member_take(turn, bundle->memberships[i], bundle->from, &fresh);

		if (fault != KAI_FAULT_NONE)
			kai_fault_note(turn, taking->link, kai_fault_name(fault), NULL);
		any |= fresh;
		turn->scratch->used = mark;
	}
	if (any)
		kai_trust_changed(turn);
}

/* What was told in bundles that came there is not owed any longer. */
static void take_heard(struct kai_turn *turn, const struct taking *taking)
{
	const struct kai_bundle *bundle = taking->bundle;
	struct kai_key peer = kai_key_peer(taking->link->number);
	struct kai_scan scan;
	struct kai_span at, value;

	if (bundle->heard_count == 0)
		return;
	kai_scan_init(&scan, turn->txn, KAI_TABLE_OWED, kai_key_span(&peer), kai_span(NULL, 0),
		      false);
	for (unsigned looks = 0; looks < HEARD_LOOKS && kai_scan_next(&scan, &at, &value);
	     looks++) {
		struct kai_key key = kai_key_bytes(at.at, at.len);
		struct kai_owed owed;

		if (kai_object_decode(&kai_object_owed, value, turn->scratch, &owed) !=
		    KAI_FAULT_NONE)
			continue;
		if (kai_bundle_heard(bundle, owed.bundle))
			(void)kai_txn_del(turn->txn, KAI_TABLE_OWED, kai_key_span(&key));
	}
}

static void take_receipts(struct kai_turn *turn, struct taking *taking)
{
	taking->whole = true;
	for (size_t i = 0; i < taking->bundle->receipts_count; i++) {
		if (!kai_receipt_take(turn, taking->link, &taking->receipts[i],
				      taking->bundle->receipts[i], taking->bundle,
				      &taking->report.settled))
			taking->whole = false;
	}
}

static void refused(struct kai_turn *turn, const struct taking *taking,
		    struct kai_bundle_outcome *outcome, const struct kai_admission *why)
{
	outcome->reason = kai_span_str(why->reason);
	if (why->klass != KAI_CLASS_DEFER)
		kai_fault_note(turn, taking->link, why->reason, outcome->id);
}

static void take_item(struct kai_turn *turn, struct taking *taking, size_t place)
{
	const struct kai_bundle *bundle = taking->bundle;
	const struct kai_advisory *advisory = &bundle->advisories[place];
	struct kai_bundle_outcome *outcome = &taking->outcomes[place];
	struct kai_span evidence[KAI_MAX_EVIDENCE];
	struct kai_incoming item = {.header_bytes = advisory->header,
				    .signatures = advisory->signatures,
				    .signature_count = advisory->signatures_count,
				    .wraps = advisory->wraps,
				    .wrap_count = advisory->wraps_count,
				    .sealed = true,
				    .evidence = evidence};
	struct kai_admission admission = {0};
	enum kai_fault fault = taking->faults[place];

	if (fault == KAI_FAULT_NONE)
		fault = kai_header_read(advisory->header, turn->scratch, &item.header);
	if (fault != KAI_FAULT_NONE) {
		kai_refusal(&admission, fault);
		refused(turn, taking, outcome, &admission);
		return;
	}
	memcpy(item.id, outcome->id, KAI_ID_LEN);
	for (size_t i = 0; i < advisory->parts_count; i++) {
		item.parts[advisory->parts[i].index] = advisory->parts[i].ciphertext;
		item.part_bits |= 1u << advisory->parts[i].index;
	}
	for (size_t i = 0; i < bundle->evidence_count; i++) {
		if (kai_id_equal(taking->evidence_of[i], outcome->id))
			evidence[item.evidence_count++] = bundle->evidence[i];
	}
	kai_admit(turn, taking->link, &item, &admission);
	outcome->held = admission.stored;
	outcome->fresh = admission.stored && admission.new_parts;
	outcome->parts = admission.stored ? admission.held : 0;
	if (!admission.stored)
		refused(turn, taking, outcome, &admission);
}

void kai_bundle_journal(struct kai_turn *turn, const char *event, const uint8_t org[KAI_ID_LEN],
			uint64_t number, uint64_t count)
{
	char text[24];
	struct kai_journal entry = {
		.at = (uint64_t)turn->event->wall.ms, .event = kai_span_str(event), .count = count};

	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	entry.text = kai_span_str(text);
	entry.org.is = true;
	memcpy(entry.org.id, org, KAI_ID_LEN);
	kai_journal_append(turn->txn, &entry);
}

static void note(struct kai_turn *turn, const struct taking *taking)
{
	const struct kai_bundle *bundle = taking->bundle;
	struct kai_key key = kai_key_bundle(taking->link->number, KAI_BUNDLE_IN, bundle->number);
	struct kai_bundle_rec rec = {.at = (uint64_t)turn->event->wall.ms,
				     .items = bundle->advisories_count,
				     .receipts = bundle->receipts_count,
				     .heard = taking->whole};
	uint64_t held = 0;

	for (size_t i = 0; i < bundle->advisories_count; i++)
		held += taking->outcomes[i].held;
	memcpy(rec.digest, taking->opened.digest, KAI_ID_LEN);
	kai_rec_put(turn->txn, KAI_TABLE_BUNDLES, &key, &kai_object_bundle_rec, &rec);
	kai_bundle_journal(turn, "bundle-taken", bundle->from, bundle->number, held);
	kai_out_trace(turn, "bundle-taken", bundle->from, NULL, NULL, bundle->number);
}

static void take(struct kai_turn *turn, struct taking *taking, struct kai_ctl_answer *ret)
{
	const struct kai_bundle *bundle = taking->bundle;

	take_cards(turn, taking);
	take_members(turn, taking);
	take_heard(turn, taking);
	for (size_t i = 0; i < bundle->advisories_count; i++) {
		size_t mark = turn->scratch->used;

		take_item(turn, taking, i);
		kai_scratch_back(turn, mark);
	}
	take_receipts(turn, taking);
	note(turn, taking);
	taking->report.version = KAI_VERSION;
	memcpy(taking->report.from, bundle->from, KAI_ID_LEN);
	taking->report.number = bundle->number;
	taking->report.outcomes = taking->outcomes;
	taking->report.outcomes_count = bundle->advisories_count;
	taking->report.receipts = bundle->receipts_count;
	ret->body = kai_object_encode_in(&kai_object_bundle_report, &taking->report, turn->scratch);
}

/* Refused as a whole: nothing of it is used, and its number stays good. */
static void refuse(struct kai_turn *turn, const struct taking *taking, enum kai_fault fault,
		   struct kai_ctl_answer *ret)
{
	struct kai_journal entry = {.at = (uint64_t)turn->event->wall.ms,
				    .event = kai_span_str("bundle-refused"),
				    .rule = kai_span_str(kai_fault_name(fault)),
				    .count = 1};

	if (fault == KAI_FAULT_POLICY) {
		entry.rule = kai_span_str(kai_rule_name(KAI_RULE_AGREEMENT));
		kai_answer(turn, ret, 1, kai_rule_name(KAI_RULE_AGREEMENT),
			   "no agreement with its writer is in force, or the one that the bundle "
			   "was written under is not here (agree import)");
	} else {
		kai_answer_fault(turn, ret, 1, fault, "the bundle");
	}
	entry.org.is = taking->link != NULL;
	if (entry.org.is)
		memcpy(entry.org.id, taking->link->org, KAI_ID_LEN);
	kai_journal_append(turn->txn, &entry);
}

void kai_bundle_take(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_bundle_take *say = request;
	struct taking *taking = kai_arena_take(turn->scratch, sizeof(*taking));

	if (taking == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	taking->bundle = &taking->opened.bundle;
	enum kai_fault fault = kai_bundle_open(say->file, turn->scratch, &taking->opened);

	if (fault == KAI_FAULT_NONE)
		fault = judge(turn, taking);
	if (fault != KAI_FAULT_NONE)
		refuse(turn, taking, fault, ret);
	else
		take(turn, taking, ret);
}
