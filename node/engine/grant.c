/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One part of an item of ours is opened further than its labels do: a release, signed by our decider,
 * that goes with the item. It goes through the door like any copy that brings more of an item, and so
 * the log, the duties and the pushes learn of it as of everything else.
 */
#include <string.h>

#include "kairan/label.h"
#include "kairan/rec.h"
#include "publish.h"

struct granting {
	const struct kai_ctl_grant *say;
	struct kai_label label;
	struct kai_item_facts facts; /* with this release among the others */
	uint8_t index;
	uint64_t expires;
	struct kai_ctl_answer *ret;
};

/* ---- does it open anything? */

static bool is_place(const struct kai_audience_entry *entry)
{
	return entry->type == KAI_AUD_SECTOR || entry->type == KAI_AUD_COUNTRY;
}

static bool named_in(const struct kai_label *label, const struct kai_audience_entry *entry)
{
	for (size_t i = 0; i < label->audience_count; i++) {
		const struct kai_audience_entry *at = &label->audience[i];

		if (at->type == entry->type && kai_span_equal(at->org, entry->org) &&
		    kai_span_equal(at->text, entry->text))
			return true;
	}
	return false;
}

static size_t places(const struct kai_label *label)
{
	size_t count = 0;

	for (size_t i = 0; i < label->audience_count; i++)
		count += is_place(&label->audience[i]);
	return count;
}

/* Whoever may have it under the first may have it under the second anyhow. Sectors and countries
 * narrow one another: fewer of them may be more orgs. */
static bool within(const struct kai_label *label, const struct kai_label *other)
{
	if (label->tlp > other->tlp || label->onward > other->onward ||
	    label->gov_share > other->gov_share)
		return false;
	if (other->tlp == KAI_TLP_CLEAR)
		return true;
	for (size_t i = 0; i < label->audience_count; i++) {
		if (!named_in(other, &label->audience[i]))
			return false;
	}
	return places(label) == 0 || places(label) == places(other);
}

/* ---- what is asked */

static bool find_part(struct kai_turn *turn, struct granting *granting)
{
	const struct kai_header *header = &granting->facts.header;

	for (uint8_t i = 0; i < header->parts_count; i++) {
		if (!kai_span_equal(header->parts[i].name, granting->say->part))
			continue;
		granting->index = i;
		if ((granting->facts.labels_known >> i & 1u) != 0)
			return true;
		break;
	}
	kai_answer(turn, granting->ret, 4, "not-held", "the item has no such part here");
	return false;
}

static bool label_ok(struct kai_turn *turn, struct granting *granting)
{
	const struct kai_label *part = &granting->facts.part_labels[granting->index];
	enum kai_fault fault;

	granting->label = granting->say->label;
	kai_audience_sort(granting->label.audience, &granting->label.audience_count);
	fault = kai_label_check(&granting->label);
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, granting->ret, 1, fault, "the new label");
		return false;
	}
	if (within(&granting->label, part) &&
	    within(&granting->label, &granting->facts.header.label)) {
		kai_answer(turn, granting->ret, 1, "narrower",
			   "this opens nothing that the labels do not open already");
		return false;
	}
	return true;
}

static bool find_item(struct kai_turn *turn, struct granting *granting)
{
	struct kai_ctl_answer *ret = granting->ret;
	struct kai_header header;
	struct kai_item item;
	uint64_t arrival;

	if (!kai_own_held(turn, granting->say->id, &item, &header, ret))
		return false;
	if (header.kind == KAI_KIND_RETRACT) {
		kai_answer(turn, ret, 1, "contradiction",
			   "a retraction goes where its target went");
		return false;
	}
	if ((item.flags & KAI_ITEM_RETRACTED) != 0) {
		kai_answer_fault(turn, ret, 1, KAI_FAULT_RETRACTED, "this item");
		return false;
	}
	granting->expires = granting->say->expires != 0 ? granting->say->expires : header.not_after;
	if ((int64_t)granting->expires <= turn->event->wall.ms) {
		kai_answer_fault(turn, ret, 3, KAI_FAULT_EXPIRED, "the release");
		return false;
	}
	if (!kai_rec_arrival(turn->txn, granting->say->id, &arrival) ||
	    !kai_rest_facts(turn, arrival, &granting->facts)) {
		kai_txn_fail(turn->txn, KAI_ERR_CORRUPT);
		return false;
	}
	return true;
}

/* Asked again, as by who heard no answer: it stands. */
static bool stands(const struct granting *granting)
{
	for (size_t i = 0; i < granting->facts.release_count; i++) {
		const struct kai_release_fact *at = &granting->facts.releases[i];

		if (at->index == granting->index && at->expires.ms >= (int64_t)granting->expires &&
		    kai_label_same(at->label, &granting->label))
			return true;
	}
	return false;
}

/* ---- who could have the part then */

static void ask_for(struct kai_turn *turn, struct kai_link *link, void *context)
{
	struct granting *granting = context;
	struct kai_ctl_answer *ret = granting->ret;
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_verdict parts[KAI_MAX_PARTS];
	struct kai_facts facts;
	uint32_t bits;

	if (!pair->has_terms || ret->recipients_count >= KAI_MAX_RECIPIENTS)
		return;
	kai_facts_init(&facts, pair, &granting->facts, true, turn->event->wall);
	struct kai_verdict header = kai_facts_parts(&facts, &granting->facts, &bits, parts);
	struct kai_verdict verdict = header.allow ? parts[granting->index] : header;
	struct kai_recipient *recipient = &ret->recipients[ret->recipients_count++];

	memcpy(recipient->org, link->org, KAI_ID_LEN);
	recipient->allow = verdict.allow;
	recipient->rule = kai_span_str(kai_rule_name(verdict.rule));
}

static bool tell(struct kai_turn *turn, struct granting *granting)
{
	size_t count = granting->facts.release_count;
	struct kai_release_fact *releases =
		kai_arena_take(turn->scratch, (count + 1) * sizeof(*releases));

	granting->ret->recipients = kai_arena_take(
		turn->scratch, KAI_MAX_RECIPIENTS * sizeof(*granting->ret->recipients));
	if (releases == NULL || granting->ret->recipients == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return false;
	}
	if (count > 0)
		memcpy(releases, granting->facts.releases, count * sizeof(*releases));
	releases[count] = (struct kai_release_fact){.index = granting->index,
						    .label = &granting->label,
						    .expires = {(int64_t)granting->expires}};
	granting->facts.releases = releases;
	granting->facts.release_count = count + 1;
	kai_own_partners(turn, ask_for, granting);
	return true;
}

/* ---- signing and storing */

static struct kai_span sign(struct kai_turn *turn, const struct granting *granting)
{
	const struct kai_sign_pair *decider = &turn->engine->config.decider;
	struct kai_release release = {.version = KAI_VERSION,
				      .index = granting->index,
				      .label = granting->label,
				      .at = (uint64_t)turn->event->wall.ms,
				      .expires = granting->expires};

	memcpy(release.realm, granting->facts.header.realm, KAI_REALM_LEN);
	memcpy(release.id, granting->say->id, KAI_ID_LEN);
	return kai_signed_make(KAI_CTX_RELEASE,
			       kai_object_encode_in(&kai_object_release, &release, turn->scratch),
			       decider->key, decider->secret, turn->scratch);
}

static bool store(struct kai_turn *turn, const struct granting *granting)
{
	struct kai_incoming *incoming = kai_arena_take(turn->scratch, sizeof(*incoming));
	struct kai_span evidence = sign(turn, granting);
	struct kai_admission admission = {0};

	if (incoming == NULL || evidence.len == 0) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return false;
	}
	incoming->header_bytes = granting->facts.item.header;
	incoming->header = granting->facts.header;
	memcpy(incoming->id, granting->say->id, KAI_ID_LEN);
	incoming->evidence = &evidence;
	incoming->evidence_count = 1;
	kai_admit(turn, NULL, incoming, &admission);
	if (!admission.stored) {
		kai_answer(turn, granting->ret, 1, admission.reason, "not granted: it %s",
			   kai_fault_text(admission.fault));
		return false;
	}
	if (!admission.new_parts) {
		kai_answer(turn, granting->ret, 1, "too-much",
			   "%d releases go with this item already: revise it with a wider label",
			   KAI_MAX_EVIDENCE);
		return false;
	}
	return true;
}

static void journal(struct kai_turn *turn, const struct granting *granting)
{
	struct kai_journal entry = {.at = (uint64_t)turn->event->wall.ms,
				    .event = kai_span_str("release-granted"),
				    .rule = kai_span_str(kai_tlp_word(granting->label.tlp)),
				    .count = 1,
				    .text = granting->say->part};

	entry.id.is = true;
	memcpy(entry.id.id, granting->say->id, KAI_ID_LEN);
	kai_journal_append(turn->txn, &entry);
}

void kai_grant_part(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	struct granting *granting = kai_arena_take(turn->scratch, sizeof(*granting));

	if (granting == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	granting->say = request;
	granting->ret = ret;
	if (!find_item(turn, granting) || !find_part(turn, granting) || !label_ok(turn, granting))
		return;
	bool again = stands(granting);

	if (!tell(turn, granting))
		return;
	if (again)
		ret->text = kai_span_str("it was granted before, and stands");
	else if (!granting->say->dry_run) {
		if (!store(turn, granting))
			return;
		journal(turn, granting);
	}
	ret->id.is = true;
	memcpy(ret->id.id, granting->say->id, KAI_ID_LEN);
}
