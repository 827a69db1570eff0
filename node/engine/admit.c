/* SPDX-License-Identifier: Apache-2.0 */
#include "door.h"
#include "fetch.h"

#include <sodium.h>
#include <string.h>

#include "kairan/card.h"
#include "kairan/kinds.h"
#include "kairan/rec.h"

#define CLOCK_TOLERANCE_MS KAI_MS_DAY /* an origin's clock may be ahead of ours by so much */

static struct kai_wall now_of(const struct kai_door *door)
{
	return door->turn->event->wall;
}

/* ---- what is held already */

static void load_held(struct kai_door *door)
{
	struct kai_turn *turn = door->turn;

	door->held = kai_rec_arrival(turn->txn, door->item->id, &door->arrival) &&
		     kai_rec_item(turn->txn, door->arrival, turn->scratch, &door->was);
}

/* Signatures here and those that came, one a key, ascending by key, at most four. */
static void merge_signatures(struct kai_door *door)
{
	const struct kai_signature *old = door->was.signatures;
	size_t old_count = door->held ? door->was.signatures_count : 0;
	const struct kai_signature *come = door->item->signatures;
	size_t come_count = door->item->signature_count;
	size_t room = KAI_MAX_SIGNATURES - old_count;
	size_t i = 0;
	size_t j = 0;

	while (i < old_count || j < come_count) {
		int order = i == old_count    ? 1
			    : j == come_count ? -1
					      : memcmp(old[i].key, come[j].key, KAI_ID_LEN);

		if (order <= 0) {
			door->signatures[door->signature_count++] = old[i++];
			j += order == 0;
		} else if (room > 0) {
			door->signatures[door->signature_count++] = come[j++];
			room--;
			door->signatures_added = true;
		} else {
			j++;
		}
	}
}

/* ---- checks */

static enum kai_fault times_check(const struct kai_door *door, int64_t *ret_retry_ms)
{
	const struct kai_header *header = &door->item->header;
	int64_t ahead = (int64_t)header->created_at - now_of(door).ms;

	if (ahead > CLOCK_TOLERANCE_MS) {
		int64_t retry = ahead - CLOCK_TOLERANCE_MS;

		*ret_retry_ms = retry < KAI_MS_DAY ? retry : KAI_MS_DAY;
		return KAI_FAULT_TIME;
	}
	if (header->label.retain_until != 0 &&
	    (int64_t)header->label.retain_until <= now_of(door).ms)
		return KAI_FAULT_EXPIRED;
	/* A retraction follows its target for a while after its end: the decision knows. */
	if ((int64_t)header->not_after > now_of(door).ms || header->kind == KAI_KIND_RETRACT)
		return KAI_FAULT_NONE;
	/* By the supplier's clock it holds still: which of the two is wrong nobody knows, so this is
	 * not final. The supplier lets go of it when it is over there as well. */
	int64_t skew_ms = door->link == NULL ? 0 : kai_link_skew(door->link, door->turn->event);

	if (skew_ms < 0 && (int64_t)header->not_after > now_of(door).ms + skew_ms)
		return KAI_FAULT_TIME;
	return KAI_FAULT_EXPIRED;
}

static uint64_t bytes_of(const struct kai_incoming *item)
{
	uint64_t bytes = item->header_bytes.len;

	for (size_t i = 0; i < KAI_MAX_PARTS; i++)
		bytes += item->parts[i].len;
	return bytes;
}

static enum kai_fault release_check(struct kai_door *door, struct kai_span bytes,
				    const struct kai_card *card)
{
	struct kai_turn *turn = door->turn;
	const struct kai_incoming *item = door->item;
	struct kai_release *release = kai_arena_take(turn->scratch, sizeof(*release));

	if (release == NULL)
		return KAI_FAULT_STORAGE;
	enum kai_fault fault = kai_release_open(bytes, card, turn->scratch, release);

	/* Revoked since: it opens nothing any more, and its bearer may not have heard of that. */
	if (fault == KAI_FAULT_KEY_REVOKED && door->link != NULL)
		return KAI_FAULT_NONE;
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!kai_id_equal(release->id, item->id) ||
	    memcmp(release->realm, item->header.realm, KAI_REALM_LEN) != 0 ||
	    release->index >= item->header.parts_count)
		return KAI_FAULT_MEANING;
	door->evidence[door->facts_of.release_count] = bytes;
	door->releases[door->facts_of.release_count++] =
		(struct kai_release_fact){.index = (uint8_t)release->index,
					  .label = &release->label,
					  .expires = {(int64_t)release->expires}};
	return KAI_FAULT_NONE;
}

/* Releases by the origin, each verified against its card. A forged one spoils the copy. */
static enum kai_fault evidence_check(struct kai_door *door)
{
	struct kai_turn *turn = door->turn;
	const struct kai_incoming *item = door->item;
	struct kai_card_rec record;
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];

	if (item->evidence_count == 0)
		return KAI_FAULT_NONE;
	if (!kai_rec_card(turn->txn, item->header.origin, turn->scratch, &record))
		return KAI_FAULT_NO_CARD;
	enum kai_fault fault = kai_card_open(record.bytes, turn->scratch, &card, digest);

	for (size_t i = 0; fault == KAI_FAULT_NONE && i < item->evidence_count; i++)
		fault = release_check(door, item->evidence[i], &card);
	door->facts_of.releases = door->releases;
	return fault;
}

/* ---- the one decision */

static void facts_begin(struct kai_door *door)
{
	const struct kai_incoming *item = door->item;
	struct kai_item_facts *of = &door->facts_of;
	struct kai_outage opening;

	of->header = item->header;
	memcpy(of->item.id, item->id, KAI_ID_LEN);
	of->item.header = item->header_bytes;
	of->part_labels = door->labels;
	of->overlay = KAI_ONWARD_ANY; /* how the sender got it is the sender's to know */
	if (door->pair == NULL)
		return;
	kai_facts_init(&door->facts, door->pair, of, false, now_of(door));
	if (item->mark != NULL &&
	    kai_outage_known(door->turn->txn, door->pair, item->mark->clause, KAI_OUTAGE_THEIRS,
			     door->turn->scratch, &opening))
		door->facts.opened = opening.opened_at;
	door->facts.mark = item->mark;
	door->facts.target_passed =
		item->header.kind == KAI_KIND_RETRACT &&
		kai_target_passed(door->turn->txn, &item->header, door->pair->peer);
}

static bool decide(struct kai_door *door, const struct kai_label *part_label, uint8_t index,
		   enum kai_rule *ret_rule)
{
	if (door->pair == NULL) {
		*ret_rule = KAI_RULE_OK_SELF;
		return true;
	}
	door->facts.part_label = part_label;
	door->facts.part_index = index;
	struct kai_verdict verdict = kai_policy_decide(&door->facts);

	*ret_rule = verdict.rule;
	door->carried = door->carried || verdict.rule == KAI_RULE_OK_CONTINGENCY;
	return verdict.allow;
}

/* ---- parts */

static const struct kai_wrap *wrap_of(const struct kai_incoming *item, uint8_t index)
{
	uint64_t kind = item->sealed ? KAI_WRAP_SEALED : KAI_WRAP_LINK;

	for (size_t i = 0; i < item->wrap_count; i++) {
		if (item->wraps[i].index == index && item->wraps[i].kind == kind)
			return &item->wraps[i];
	}
	return NULL;
}

/* Sealed to one of our keys, an older one perhaps. */
static enum kai_fault unseal(struct kai_door *door, const struct kai_wrap *wrap,
			     struct kai_opening *ret)
{
	const struct kai_engine_config *config = &door->turn->engine->config;
	uint8_t hint[KAI_HINT_LEN];

	for (size_t i = 0; i < config->seal_count; i++) {
		const struct kai_seal_pair *pair = &config->seals[i];

		kai_key_hint(pair->key, hint);
		if (memcmp(hint, wrap->key_hint, sizeof(hint)) == 0)
			return kai_wrap_sealed_open(pair->key, pair->secret, wrap,
						    door->turn->scratch, ret);
	}
	return KAI_FAULT_WRAP;
}

static enum kai_fault unwrap(struct kai_door *door, uint8_t index, const struct kai_wrap *wrap,
			     struct kai_opening *ret)
{
	struct kai_turn *turn = door->turn;
	struct kai_before with;

	if (door->link == NULL)
		return kai_object_decode(&kai_object_opening, door->item->openings[index],
					 turn->scratch, ret);
	if (door->item->sealed)
		return unseal(door, wrap, ret);
	enum kai_fault fault = KAI_FAULT_WRAP;
	bool ready = kai_pair_wrap_key(turn, door->link, false, with.key, &with.ends);

	if (ready) {
		kai_key_hint(with.ends.to_seal, with.hint);
		if (memcmp(with.hint, wrap->key_hint, sizeof(with.hint)) == 0)
			fault = kai_wrap_link_open(&with.ends, with.key, door->item->id, wrap,
						   turn->scratch, ret);
	}
	for (unsigned nth = 0;
	     fault == KAI_FAULT_WRAP && kai_pair_wrap_before(turn, door->link, wrap, nth, &with);
	     nth++)
		fault = kai_wrap_link_open(&with.ends, with.key, door->item->id, wrap,
					   turn->scratch, ret);
	sodium_memzero(&with, sizeof(with));
	if (fault == KAI_FAULT_NONE || fault == KAI_FAULT_TOO_MUCH)
		return fault;
	return ready ? KAI_FAULT_WRAP : KAI_FAULT_NO_CARD;
}

static enum kai_fault main_check(struct kai_door *door, struct kai_span content)
{
	const struct kai_header *header = &door->item->header;
	const struct kai_kind_row *row = kai_kind_row(header->kind);
	struct kai_body body;

	if (header->kind == KAI_KIND_RETRACT && content.len > KAI_MAX_RETRACT_LEN)
		return KAI_FAULT_BODY;
	if (row == NULL || kai_object_decode(&kai_object_body, content, door->turn->scratch,
					     &body) != KAI_FAULT_NONE)
		return KAI_FAULT_BODY;
	return kai_body_check(row, &body, NULL);
}

/* Opens one part as far as it takes to know that its holder could read it. */
static enum kai_fault part_open(struct kai_door *door, uint8_t index,
				const struct kai_opening *opening)
{
	const struct kai_incoming *item = door->item;
	struct kai_arena *scratch = door->turn->scratch;
	const struct kai_part_id part = {.realm = item->header.realm,
					 .origin = item->header.origin,
					 .index = index,
					 .name = item->header.parts[index].name};
	struct kai_span content = {NULL, 0};
	enum kai_fault fault =
		kai_opening_check(&item->header, index, opening, scratch, &door->labels[index]);
	size_t used = scratch->used;

	if (fault == KAI_FAULT_NONE)
		fault = kai_part_open(&part, opening->key, item->parts[index], scratch, &content);
	if (fault == KAI_FAULT_NONE && index == 0)
		fault = main_check(door, content);
	kai_scratch_back(door->turn, used);
	return fault;
}

/* To be destroyed before it came: left out. Not worth a fault, since the supplier's clock may be slower. */
static bool is_over(const struct kai_door *door, uint8_t index)
{
	uint64_t until = door->labels[index].retain_until;

	return door->link != NULL && until != 0 && (int64_t)until <= now_of(door).ms;
}

static enum kai_fault part_check(struct kai_door *door, uint8_t index)
{
	const struct kai_wrap *wrap = wrap_of(door->item, index);
	struct kai_opening opening;
	enum kai_rule rule = KAI_RULE_END;

	if (door->link != NULL && wrap == NULL)
		return KAI_FAULT_NONE; /* not for us: left out */
	enum kai_fault fault = unwrap(door, index, wrap, &opening);

	if (fault == KAI_FAULT_NONE)
		fault = part_open(door, index, &opening);
	if (fault == KAI_FAULT_NONE && !is_over(door, index)) {
		if (decide(door, &door->labels[index], index, &rule)) {
			door->openings[index] = kai_object_encode_in(&kai_object_opening, &opening,
								     door->turn->scratch);
			door->parts |= 1u << index;
		} else {
			kai_fault_note(door->turn, door->link, kai_rule_name(rule), door->item->id);
		}
	}
	sodium_memzero(opening.key, sizeof(opening.key));
	return fault;
}

static enum kai_fault parts_check(struct kai_door *door)
{
	const struct kai_incoming *item = door->item;
	uint32_t fresh = item->part_bits & ~(door->held ? (uint32_t)door->was.held : 0);
	bool wrapped = door->link == NULL || fresh == 0;

	for (uint8_t i = 0; i < item->header.parts_count; i++) {
		if ((fresh >> i & 1) == 0)
			continue;
		enum kai_fault fault = part_check(door, i);

		if (fault != KAI_FAULT_NONE)
			return fault;
		wrapped = wrapped || wrap_of(item, i) != NULL;
	}
	return wrapped ? KAI_FAULT_NONE : KAI_FAULT_NO_WRAP;
}

/* ---- the door */

/* The same by the supplier's clock: an agreement or a membership may begin, or end, between the two, and which of
 * them is wrong nobody knows. marked: only whether its mark is right. */
static bool passes_by_its_clock(const struct kai_door *door, bool marked)
{
	struct kai_turn *turn = door->turn;
	size_t mark = turn->scratch->used;
	struct kai_facts facts;

	int64_t skew_ms = door->link == NULL ? 0 : kai_link_skew(door->link, turn->event);

	if (skew_ms == 0)
		return false;
	struct kai_wall its = {now_of(door).ms + skew_ms};
	struct kai_pair *pair = kai_arena_take(turn->scratch, sizeof(*pair));

	if (pair == NULL)
		return false;
	kai_pair_load(turn->txn, turn->engine->config.org, door->link->org, its, turn->scratch,
		      pair);
	kai_facts_init(&facts, pair, &door->facts_of, false, its);
	facts.mark = door->facts.mark;
	facts.opened = door->facts.opened;
	facts.target_passed = door->facts.target_passed;
	bool allow = marked ? kai_policy_marked(&facts) : kai_policy_decide(&facts).allow;

	kai_scratch_back(turn, mark);
	return allow;
}

/* That the agreement does not hold by this clock, or stands still, passes: the other end, where it holds, would
 * never try again if it were told that this is final. */
static bool may_pass_later(const struct kai_door *door)
{
	if (door->pair == NULL || !door->pair->has_terms ||
	    door->pair->state == KAI_STATE_TERMINATED)
		return false;
	return door->rule == KAI_RULE_AGREEMENT || passes_by_its_clock(door, false);
}

static void refuse(const struct kai_door *door, struct kai_admission *ret, enum kai_fault fault)
{
	kai_refusal(ret, fault);
	memcpy(ret->origin, door->item->header.origin, KAI_ID_LEN);
	if (fault == KAI_FAULT_POLICY)
		ret->reason = kai_rule_name(door->rule);
	if (door->later)
		ret->klass = KAI_CLASS_DEFER;
}

/* A clause may carry it some day, whatever is refused today. */
static bool has_clause(const struct kai_door *door)
{
	const struct kai_terms *terms = &door->pair->agreement.terms;
	const struct kai_header *header = &door->item->header;

	for (size_t i = 0; door->pair->has_terms && i < terms->contingency_count; i++) {
		if (kai_clause_names(&terms->contingency[i], header->origin, door->pair->me,
				     header->kind))
			return true;
	}
	return false;
}

/* The decision is final under what stands between us now; only that is remembered. Not of a retraction: it may pass
 * as soon as its target is here. */
static void put_refused(const struct kai_door *door)
{
	struct kai_key key = kai_key_bytes(door->item->id, KAI_ID_LEN);
	struct kai_stub stub = {.at = (uint64_t)now_of(door).ms,
				.reason = KAI_STUB_REFUSED,
				.rule = kai_span_str(kai_rule_name(door->rule))};

	if (door->held || door->pair == NULL || door->later ||
	    door->item->header.kind == KAI_KIND_RETRACT || has_clause(door))
		return;
	memcpy(stub.origin, door->item->header.origin, KAI_ID_LEN);
	memcpy(stub.agreement, door->pair->digest, KAI_ID_LEN);
	kai_rec_put(door->turn->txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &stub);
}

/* It says that a clause carries it, and none does. Where no agreement is in force that is the reason. */
static bool mark_lies(const struct kai_door *door)
{
	return door->pair != NULL && door->item->mark != NULL &&
	       door->pair->state == KAI_STATE_ACTIVE && !kai_policy_marked(&door->facts);
}

static enum kai_fault check(struct kai_door *door, int64_t *ret_retry_ms)
{
	struct kai_turn *turn = door->turn;
	const struct kai_incoming *item = door->item;
	enum kai_fault fault = times_check(door, ret_retry_ms);

	if (fault == KAI_FAULT_NONE && door->link != NULL &&
	    !kai_quota_volume(turn, door->link, bytes_of(item)))
		fault = KAI_FAULT_QUOTA;
	merge_signatures(door);
	if (fault == KAI_FAULT_NONE)
		fault = kai_trust_signers(turn, &item->header, door->signatures,
					  door->signature_count, &door->flags);
	if (fault == KAI_FAULT_SIGNERS && door->link == NULL) {
		door->flags = KAI_ITEM_UNSIGNED;
		fault = KAI_FAULT_NONE;
	}
	if (fault == KAI_FAULT_NONE && !door->held)
		fault = kai_thread_check(turn, &item->header);
	if (fault == KAI_FAULT_NONE)
		fault = evidence_check(door);
	if (fault != KAI_FAULT_NONE)
		return fault;
	facts_begin(door);
	if (mark_lies(door)) {
		door->later = passes_by_its_clock(door, true);
		return KAI_FAULT_MARK;
	}
	if (!decide(door, NULL, 0, &door->rule)) {
		door->later = may_pass_later(door);
		put_refused(door);
		return KAI_FAULT_POLICY;
	}
	return parts_check(door);
}

void kai_admit(struct kai_turn *turn, struct kai_link *link, const struct kai_incoming *item,
	       struct kai_admission *ret)
{
	struct kai_door *door = kai_arena_take(turn->scratch, sizeof(*door));
	int64_t retry_ms = KAI_MS_MINUTE;

	if (door == NULL) {
		kai_refusal(ret, KAI_FAULT_STORAGE);
		return;
	}
	door->turn = turn;
	door->link = link;
	door->item = item;
	if (memcmp(item->header.realm, turn->engine->config.realm, KAI_REALM_LEN) != 0) {
		kai_refusal(ret, KAI_FAULT_REALM);
		return;
	}
	load_held(door);
	if (!door->held && kai_stub_refuses(turn, link, item->id, item->evidence_count > 0, ret))
		return;
	door->pair = link == NULL ? NULL : kai_pair_now(turn, link);
	enum kai_fault fault = check(door, &retry_ms);

	if (fault != KAI_FAULT_NONE) {
		refuse(door, ret, fault);
		if (ret->klass == KAI_CLASS_DEFER)
			ret->retry_ms = retry_ms;
		return;
	}
	memset(ret, 0, sizeof(*ret));
	ret->stored = true;
	if (door->held)
		ret->new_parts = kai_door_merge(door);
	else
		kai_door_store(door);
	ret->new_parts |= !door->held;
	ret->arrival = door->arrival;
	ret->held = door->parts | (door->held ? (uint32_t)door->was.held : 0);
	ret->parts = item->part_bits & ret->held;
	if (link != NULL && ret->new_parts) {
		kai_quota_taken(turn, link, bytes_of(item));
		link->received_items++;
	}
}
