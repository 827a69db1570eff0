/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch.h"
#include "kairan/frames.h"
#include "kairan/rec.h"
#include "trust.h"

#include <string.h>

/* ---- a link's life */

void kai_fetch_up(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_fetch *fetch = kai_wants_fetch(turn, link);

	if (fetch == NULL || fetch->up)
		return;
	fetch->up = true;
	fetch->put_off_count = 0;
	fetch->received = 0;
	fetch->window = KAI_CREDIT_START;
	fetch->limit = KAI_CREDIT_START;
	fetch->credited = turn->event->mono;
	fetch->progress = turn->event->mono;
	kai_answer_up(turn, fetch);
}

void kai_fetch_down(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_fetch *fetch = link->fetch;

	if (fetch == NULL || !fetch->up)
		return;
	if (fetch->unsaved > 0)
		kai_answer_save(turn, fetch);
	fetch->up = false;
	kai_fetch_clear(fetch);
}

void kai_fetch_dropped(struct kai_turn *turn, struct kai_link *link, size_t frame_len)
{
	if (link->fetch != NULL && link->fetch->up)
		kai_answer_credit(turn, link->fetch, frame_len);
}

static bool ready(struct kai_turn *turn, struct kai_link *link, const uint8_t *id)
{
	if (link->fetch != NULL && link->fetch->up)
		return true;
	kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_SEQUENCE), id);
	return false;
}

/* ---- offers */

struct holding {
	bool is;      /* held here */
	bool doubted; /* held, but the offer does not show that the peer has it too */
	uint32_t parts;
	bool more; /* the offer has signatures or evidence that are not here */
};

/* The peer may ask this of every item that we hold, so nothing is verified for it: what lies in the store was. */
static bool has_more_evidence(struct kai_turn *turn, const struct kai_offer_entry *entry,
			      uint64_t arrival, const struct kai_item *item)
{
	struct kai_known_card origin;
	struct kai_header header;

	if (entry->evidence == 0 || kai_object_decode(&kai_object_header, item->header,
						      turn->scratch, &header) != KAI_FAULT_NONE)
		return false;
	return !kai_book_card(turn, header.origin, &origin) || origin.rec.frozen ||
	       entry->evidence > kai_releases_living(turn->txn, arrival, &origin.card,
						     turn->event->wall, turn->scratch);
}

static void look_up(struct kai_turn *turn, const struct kai_link *link,
		    const struct kai_offer_entry *entry, struct holding *ret)
{
	uint8_t tag[KAI_HINT_LEN];
	struct kai_item item;
	uint64_t arrival = 0;

	memset(ret, 0, sizeof(*ret));
	if (!kai_rec_arrival(turn->txn, entry->id, &arrival) ||
	    !kai_rec_item(turn->txn, arrival, turn->scratch, &item))
		return;
	kai_offer_tag(turn, link, item.header, tag);
	ret->is = true;
	ret->doubted = memcmp(tag, entry->tag, sizeof(tag)) != 0;
	ret->parts = (uint32_t)item.held;
	ret->more = entry->signatures > item.signatures_count ||
		    has_more_evidence(turn, entry, arrival, &item);
}

/* A rule's or fault's name in static storage; stubs keep only its text. */
static const char *static_name(struct kai_span text)
{
	for (unsigned i = 0; i < KAI_RULE_END; i++) {
		const char *name = kai_rule_name((enum kai_rule)i);

		if (kai_span_equal(text, kai_span_str(name)))
			return name;
	}
	for (unsigned i = 0; i < KAI_FAULT_END; i++) {
		const char *name = kai_fault_name((enum kai_fault)i);

		if (kai_span_equal(text, kai_span_str(name)))
			return name;
	}
	return kai_fault_name(KAI_FAULT_POLICY);
}

bool kai_stub_refuses(struct kai_turn *turn, struct kai_link *link, const uint8_t id[KAI_ID_LEN],
		      bool evidence, struct kai_admission *ret)
{
	struct kai_key key = kai_key_bytes(id, KAI_ID_LEN);
	struct kai_stub stub;
	enum kai_fault fault = KAI_FAULT_EXPIRED;

	if (!kai_rec_get(turn->txn, KAI_TABLE_STUBS, &key, &kai_object_stub, turn->scratch, &stub))
		return false;
	if (stub.reason == KAI_STUB_REFUSED) {
		/* Another agreement, another membership or new evidence asks anew. */
		if (link == NULL || evidence ||
		    !kai_id_equal(stub.agreement, kai_pair_now(turn, link)->digest))
			return false;
		fault = KAI_FAULT_POLICY;
	} else if (stub.reason == KAI_STUB_RETRACTED) {
		fault = KAI_FAULT_RETRACTED;
	}
	kai_refusal(ret, fault);
	if (fault == KAI_FAULT_POLICY)
		ret->reason = static_name(stub.rule);
	return true;
}

/* It waits behind other things of the one that is to be asked, and this one keeps offering it: when that lasts,
 * the next is asked. An offerer that never comes to an end keeps nothing from what others have. */
static void waits_on(struct kai_turn *turn, struct kai_wanted *wanted)
{
	struct kai_mono now = turn->event->mono;

	if (wanted->progress.ms == 0)
		wanted->progress = now;
	else if (now.ms - wanted->progress.ms >= KAI_FETCH_LONGEST_MS)
		kai_wanted_stalled(wanted);
}

static void take_up(struct kai_turn *turn, struct kai_link *link,
		    const struct kai_offer_entry *entry, const struct holding *holding)
{
	struct kai_fetch *fetch = link->fetch;
	struct kai_admission refusal;

	if (fetch->offered_count >= (size_t)turn->engine->config.quota.offered_ids) {
		kai_refusal(&refusal, KAI_FAULT_QUOTA);
		kai_fault_note(turn, link, refusal.reason, NULL);
		kai_answer_refuse(turn, fetch, entry->id, &refusal);
		return;
	}
	struct kai_wanted *wanted = kai_wants_get(turn, fetch->wants, entry->id);
	struct kai_slot *slot = wanted == NULL ? NULL : kai_slot_offer(turn, wanted, link);

	if (slot == NULL)
		return;
	slot->parts |= (uint32_t)entry->parts;
	slot->size = entry->size;
	slot->doubted = holding->doubted;
	memcpy(slot->tag, entry->tag, sizeof(slot->tag));
	if (wanted->from == NULL) {
		wanted->held = holding->doubted ? 0 : holding->parts;
		wanted->urgent = entry->urgency == KAI_URGENCY_NOW;
		kai_wanted_next(wanted);
	} else if (wanted->state == KAI_WANTED_STUCK && wanted->from == slot) {
		/* Offered again by the one that was asked: what was asked did not arrive there. */
		kai_wanted_leave(wanted);
		kai_wanted_next(wanted);
	} else if (wanted->state == KAI_WANTED_STUCK) {
		kai_wanted_stalled(wanted);
	} else if (wanted->state == KAI_WANTED_WAITING && wanted->from != slot) {
		waits_on(turn, wanted);
	}
}

/* Refused before: no fault of the peer's to offer it once more, but counted. */
static void refuse_known(struct kai_turn *turn, struct kai_link *link, const uint8_t *id,
			 const struct kai_admission *why)
{
	link->last_error = why->reason;
	link->refused++;
	kai_answer_refuse(turn, link->fetch, id, why);
}

/* Under what stands between this pair, so it came by this link. That an item was held once and is
 * expired or retracted is told only to those who show that they have it. */
static bool refused_before(struct kai_turn *turn, struct kai_link *link,
			   const struct kai_offer_entry *entry, struct kai_admission *ret)
{
	return kai_stub_refuses(turn, link, entry->id, entry->evidence > 0, ret) &&
	       ret->fault == KAI_FAULT_POLICY;
}

/* Its bytes came by this link before, and the card is still not here: they need not come once more. */
static struct kai_put_off *put_off_of(struct kai_fetch *fetch, const uint8_t id[KAI_ID_LEN])
{
	for (size_t i = 0; i < fetch->put_off_count; i++) {
		if (kai_id_equal(fetch->put_off[i].entry.id, id))
			return &fetch->put_off[i];
	}
	return NULL;
}

static bool still_put_off(struct kai_fetch *fetch, const struct kai_offer_entry *entry,
			  struct kai_admission *ret)
{
	struct kai_put_off *put_off = put_off_of(fetch, entry->id);

	if (put_off == NULL)
		return false;
	put_off->entry.parts |= entry->parts;
	if (entry->size > put_off->entry.size)
		put_off->entry.size = entry->size;
	kai_refusal(ret, KAI_FAULT_NO_CARD);
	return true;
}

static void offered(struct kai_turn *turn, struct kai_link *link,
		    const struct kai_offer_entry *entry)
{
	struct kai_admission refusal;
	struct holding holding;
	uint32_t parts = (uint32_t)entry->parts;

	look_up(turn, link, entry, &holding);
	if (holding.is && !holding.doubted && !holding.more && (parts & ~holding.parts) == 0) {
		kai_answer_stored(turn, link->fetch, entry->id, parts,
				  entry->urgency == KAI_URGENCY_NOW);
		kai_receipt_shown(turn, link, entry->id, entry->tag,
				  entry->urgency == KAI_URGENCY_NOW);
	} else if (!holding.is && (refused_before(turn, link, entry, &refusal) ||
				   still_put_off(link->fetch, entry, &refusal))) {
		refuse_known(turn, link, entry->id, &refusal);
	} else {
		take_up(turn, link, entry, &holding);
	}
}

void kai_fetch_offer(struct kai_turn *turn, struct kai_link *link, const struct kai_offer *offer)
{
	if (!ready(turn, link, NULL))
		return;
	kai_batch_begin(link->fetch, offer->token);
	for (size_t i = 0; i < offer->entries_count; i++) {
		size_t used = turn->scratch->used;

		offered(turn, link, &offer->entries[i]);
		kai_scratch_back(turn, used);
	}
	kai_batch_end(link->fetch);
}

/* ---- pushes */

static enum kai_fault push_item(struct kai_incoming *ret, const struct kai_checked *checked)
{
	const struct kai_push *push = &checked->msg.push;
	const struct kai_advisory *advisory = &push->advisory;

	if (checked->item_fault != KAI_FAULT_NONE)
		return checked->item_fault;
	if (checked->header.urgency != KAI_URGENCY_NOW)
		return KAI_FAULT_UNWANTED;
	ret->header_bytes = advisory->header;
	ret->header = checked->header;
	memcpy(ret->id, checked->id, KAI_ID_LEN);
	ret->signatures = advisory->signatures;
	ret->signature_count = advisory->signatures_count;
	ret->wraps = advisory->wraps;
	ret->wrap_count = advisory->wraps_count;
	ret->evidence = push->evidence;
	ret->evidence_count = push->evidence_count;
	ret->mark = push->mark;
	for (size_t i = 0; i < advisory->parts_count; i++) {
		const struct kai_part_blob *blob = &advisory->parts[i];

		if (blob->index >= checked->header.parts_count)
			return KAI_FAULT_UNWANTED;
		if ((checked->hashed >> blob->index & 1) == 0)
			return KAI_FAULT_HASH;
		ret->parts[blob->index] = blob->ciphertext;
		ret->part_bits |= 1u << blob->index;
	}
	return KAI_FAULT_NONE;
}

/* What the pusher has beside the main part is wanted from it like anything offered. */
static void want_rest(struct kai_turn *turn, struct kai_link *link,
		      const struct kai_checked *checked, uint32_t held)
{
	const struct kai_header *header = &checked->header;
	struct holding holding = {.is = true, .parts = held};
	struct kai_offer_entry entry = {.urgency = KAI_URGENCY_NOW, .size = KAI_MAX_HEADER_LEN};
	uint32_t offered_bits = (uint32_t)checked->msg.push.offered;

	for (size_t i = 0; i < header->parts_count; i++) {
		if ((offered_bits & ~held) >> i & 1)
			entry.size += header->parts[i].size + 16;
	}
	memcpy(entry.id, checked->id, KAI_ID_LEN);
	entry.parts = offered_bits;
	take_up(turn, link, &entry, &holding);
}

static void put_off_push(struct kai_fetch *fetch, const uint8_t id[KAI_ID_LEN],
			 const struct kai_checked *checked, const struct kai_admission *admission)
{
	struct kai_offer_entry entry = {.parts = checked->msg.push.offered | checked->hashed,
					.size = checked->frame_len,
					.urgency = KAI_URGENCY_NOW};

	memcpy(entry.id, id, KAI_ID_LEN);
	kai_fetch_put_off(fetch, &entry, admission->origin);
}

void kai_fetch_push(struct kai_turn *turn, struct kai_link *link, const struct kai_checked *checked)
{
	const struct kai_push *push = &checked->msg.push;
	struct kai_admission admission;
	struct kai_incoming item = {.part_bits = 0};
	uint8_t id[KAI_ID_LEN];

	if (checked->item_fault == KAI_FAULT_NONE)
		memcpy(id, checked->id, KAI_ID_LEN);
	else
		kai_advisory_id(turn->engine->config.realm, push->advisory.header, id);
	if (!ready(turn, link, id))
		return;
	enum kai_fault fault = push_item(&item, checked);

	if (fault == KAI_FAULT_NONE && !kai_quota_charge(turn, link, KAI_METER_PUSHES, 1))
		fault = KAI_FAULT_QUOTA;
	if (fault == KAI_FAULT_NONE)
		kai_admit(turn, link, &item, &admission);
	else
		kai_refusal(&admission, fault);
	/* As an offer of the same is: what was held already is not waited for on the other side. */
	if (admission.stored)
		admission.parts |= admission.held & (uint32_t)push->offered;
	kai_fetch_admitted(turn, link, id, &admission, true);
	if (kai_fault_of_card(admission.fault))
		put_off_push(link->fetch, id, checked, &admission);
	kai_batch_begin(link->fetch, push->token);
	if (admission.stored && (push->offered & ~admission.held & ~(uint64_t)item.part_bits) != 0)
		want_rest(turn, link, checked, admission.held);
	kai_batch_end(link->fetch);
}

/* ---- what waits for a card */

void kai_fetch_put_off(struct kai_fetch *fetch, const struct kai_offer_entry *entry,
		       const uint8_t origin[KAI_ID_LEN])
{
	struct kai_put_off *put_off = put_off_of(fetch, entry->id);

	if (put_off == NULL) {
		/* beyond, the wait that was asked for is waited */
		if (fetch->put_off_count == KAI_MAX_OUTSTANDING)
			return;
		put_off = &fetch->put_off[fetch->put_off_count++];
	}
	put_off->entry = *entry;
	memcpy(put_off->origin, origin, KAI_ID_LEN);
}

/* Those of this origin leave the list and are wanted from the link; all, when it is the link's own card, which
 * wraps are opened with. */
static void take_up_put_off(struct kai_turn *turn, struct kai_link *link,
			    const uint8_t origin[KAI_ID_LEN])
{
	struct kai_fetch *fetch = link->fetch;
	const struct holding nothing = {.is = false};
	bool all = kai_id_equal(link->org, origin);
	size_t kept = 0;
	uint64_t arrival;

	for (size_t i = 0; i < fetch->put_off_count; i++) {
		struct kai_put_off put_off = fetch->put_off[i];

		if (!all && !kai_id_equal(put_off.origin, origin))
			fetch->put_off[kept++] = put_off;
		else if (!kai_rec_arrival(turn->txn, put_off.entry.id, &arrival))
			take_up(turn, link, &put_off.entry, &nothing);
	}
	fetch->put_off_count = kept;
}

void kai_fetch_card_came(struct kai_turn *turn, const uint8_t origin[KAI_ID_LEN])
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_fetch *fetch = turn->engine->links[i]->fetch;

		if (fetch == NULL || !fetch->up || fetch->put_off_count == 0)
			continue;
		kai_batch_begin(fetch, (struct kai_span){NULL, 0});
		take_up_put_off(turn, turn->engine->links[i], origin);
		kai_batch_end(fetch);
	}
}

/* ---- none */

static void not_there(struct kai_turn *turn, struct kai_link *link, const uint8_t id[KAI_ID_LEN])
{
	struct kai_fetch *fetch = link->fetch;
	struct kai_wanted *wanted = kai_wants_find(fetch->wants, id);
	struct kai_slot *slot = wanted == NULL ? NULL : kai_wanted_slot(wanted, link);

	if (slot == NULL || !slot->asked) {
		if (!kai_link_late(link, turn->event->mono))
			kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_UNWANTED), id);
		return;
	}
	if (slot->settled) {
		kai_slot_quiet(slot);
		return;
	}
	/* It offered what it neither has nor could show to have: a probe for what is held here. */
	if (slot->doubted)
		kai_reason_note(turn, link, kai_fault_name(KAI_FAULT_UNWANTED), id);
	slot->asked = false;
	kai_slot_settle(slot, turn->event->mono);
	kai_wanted_next(wanted);
	kai_wanted_done(fetch->wants, wanted);
}

void kai_fetch_none(struct kai_turn *turn, struct kai_link *link, const struct kai_none *none)
{
	if (!ready(turn, link, NULL))
		return;
	for (size_t i = 0; i < none->ids_count; i++)
		not_there(turn, link, none->ids[i]);
}

/* ---- time */

static void leave_waiting(struct kai_fetch *fetch)
{
	for (unsigned lane = 0; lane < 2; lane++) {
		struct kai_wanted *wanted = TAILQ_FIRST(&fetch->waiting[lane]);

		while (wanted != NULL) {
			struct kai_wanted *next = TAILQ_NEXT(wanted, in_queue);

			kai_wanted_stalled(wanted);
			wanted = next;
		}
	}
}

static void check_stalls(struct kai_fetch *fetch, struct kai_mono now)
{
	bool idle = now.ms - fetch->progress.ms >= KAI_FETCH_STALL_MS;
	bool any = false;

	while (kai_fetch_stall_ms(fetch) <= now.ms) {
		kai_wanted_stalled(TAILQ_FIRST(&fetch->asked));
		any = true;
	}
	/* The whole link stands still: what waits for it goes where others offer it. */
	if (any && idle)
		leave_waiting(fetch);
}

static void forget_late(struct kai_fetch *fetch, struct kai_mono now)
{
	struct kai_slot *late = NULL;

	while ((late = TAILQ_FIRST(&fetch->late)) != NULL &&
	       now.ms - late->since.ms >= KAI_FETCH_LATE_MS)
		kai_slot_quiet(late);
}

void kai_fetch_timer(struct kai_turn *turn)
{
	const struct kai_engine *engine = turn->engine;

	for (size_t i = 0; i < engine->link_count; i++) {
		struct kai_fetch *fetch = engine->links[i]->fetch;

		if (fetch == NULL || !fetch->up)
			continue;
		check_stalls(fetch, turn->event->mono);
		forget_late(fetch, turn->event->mono);
		if (fetch->stored_count > 0 || fetch->unsaved > 0)
			kai_fetch_dirty(fetch);
	}
}
