/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch.h"

#include <stdlib.h>
#include <string.h>

/* ---- an item that is whole */

static void note_refusal(struct kai_turn *turn, struct kai_link *link, const uint8_t *id,
			 const struct kai_admission *why)
{
	bool passed_on = !kai_id_equal(why->origin, link->org);

	/* what an item names may be held here and not there: who passes it on cannot know better */
	if (passed_on && strcmp(why->reason, kai_fault_name(KAI_FAULT_REFERENCE)) == 0) {
		kai_reason_note(turn, link, why->reason, id);
		return;
	}
	if (why->klass != KAI_CLASS_DEFER) {
		kai_fault_note(turn, link, why->reason, id);
		return;
	}
	link->last_error = why->reason;
	link->refused++;
	kai_out_trace(turn, "item-deferred", link->org, id, why->reason, (uint64_t)why->retry_ms);
}

/* The link that served it and every link that offered no more than what is held now get their
 * answer; the others are asked for the rest. */
static void settle_stored(struct kai_turn *turn, const struct kai_link *link,
			  struct kai_wanted *wanted, uint32_t held)
{
	struct kai_slot *slot = TAILQ_FIRST(&wanted->slots);

	wanted->held = held;
	while (slot != NULL) {
		struct kai_slot *next = TAILQ_NEXT(slot, in_wanted);
		uint32_t missing = slot->parts & ~held;

		if (slot->link == link)
			missing &= ~slot->asked_parts; /* not sent, or left out by the rules */
		if (!slot->settled && missing == 0) {
			kai_answer_stored(turn, slot->link->fetch, wanted->id, slot->parts & held,
					  wanted->urgent);
			if (slot->link != link)
				kai_receipt_shown(turn, slot->link, wanted->id, slot->tag,
						  wanted->urgent);
			kai_slot_settle(slot, turn->event->mono);
		}
		slot = next;
	}
}

static void put_off(struct kai_fetch *fetch, const struct kai_slot *slot,
		    const struct kai_admission *admission)
{
	struct kai_offer_entry entry = {
		.parts = slot->parts,
		.size = slot->size,
		.urgency = slot->wanted->urgent ? KAI_URGENCY_NOW : KAI_URGENCY_INFO,
	};

	memcpy(entry.id, slot->wanted->id, KAI_ID_LEN);
	kai_fetch_put_off(fetch, &entry, admission->origin);
}

void kai_fetch_admitted(struct kai_turn *turn, struct kai_link *link, const uint8_t id[KAI_ID_LEN],
			const struct kai_admission *admission, bool pushed)
{
	struct kai_fetch *fetch = link->fetch;
	struct kai_wanted *wanted = kai_wants_find(fetch->wants, id);
	struct kai_slot *slot = wanted == NULL ? NULL : kai_wanted_slot(wanted, link);
	bool open = slot != NULL && !slot->settled;

	if (!pushed && open && wanted->from == slot)
		kai_wanted_leave(wanted);
	if (admission->stored && !open)
		kai_answer_stored(turn, fetch, id, admission->parts, pushed);
	if (admission->stored && open && !pushed && (slot->parts & ~admission->held) != 0)
		kai_answer_lacked(fetch, id);
	if (admission->stored && wanted != NULL)
		settle_stored(turn, pushed ? NULL : link, wanted, admission->held);
	if (!admission->stored) {
		note_refusal(turn, link, id, admission);
		kai_answer_refuse(turn, fetch, id, admission);
		if (open && !pushed && kai_fault_of_card(admission->fault))
			put_off(fetch, slot, admission);
		if (open)
			kai_slot_settle(slot, turn->event->mono);
	}
	if (wanted == NULL)
		return;
	kai_wanted_next(wanted);
	kai_wanted_done(fetch->wants, wanted);
}

void kai_refusal(struct kai_admission *ret, enum kai_fault fault)
{
	memset(ret, 0, sizeof(*ret));
	ret->fault = fault;
	ret->reason = kai_fault_name(fault);
	ret->klass = kai_fault_class(fault);
	if (ret->klass == KAI_CLASS_FRAME)
		ret->klass = KAI_CLASS_COPY; /* this copy is unusable; another may be better */
	ret->retry_ms = ret->klass == KAI_CLASS_DEFER ? KAI_MS_MINUTE : 0;
}

static void refuse_copy(struct kai_turn *turn, struct kai_slot *slot, enum kai_fault fault)
{
	struct kai_admission refusal;
	struct kai_link *link = slot->link;
	uint8_t id[KAI_ID_LEN];

	memcpy(id, slot->wanted->id, KAI_ID_LEN);
	kai_refusal(&refusal, fault);
	kai_fetch_admitted(turn, link, id, &refusal, false);
}

/* ---- chunks */

/* Index, offset and length against what was asked and what the header says; unfinished holds the
 * place. */
static enum kai_fault chunk_fits(const struct kai_unfinished *unfinished, uint32_t asked,
				 const struct kai_chunk *chunk)
{
	if (chunk->index == KAI_MAX_PARTS)
		return chunk->data.len == 0 && chunk->offset == 0 && unfinished->have == 0 &&
				       (unfinished->head == NULL || chunk->last)
			       ? KAI_FAULT_NONE
			       : KAI_FAULT_SEQUENCE;
	if (chunk->index >= unfinished->part_count || (asked >> chunk->index & 1) == 0)
		return KAI_FAULT_UNWANTED;
	bool begun = unfinished->have > 0;

	if (begun ? chunk->index != unfinished->next : chunk->index < unfinished->next)
		return KAI_FAULT_SEQUENCE;
	if (chunk->offset != unfinished->have || chunk->data.len == 0 ||
	    chunk->data.len > unfinished->sizes[chunk->index] - unfinished->have)
		return KAI_FAULT_SEQUENCE;
	return KAI_FAULT_NONE;
}

/* The sizes that the header gives, before anything of it is believed further. */
static void plan(struct kai_unfinished *ret, const struct kai_header *header)
{
	memset(ret, 0, sizeof(*ret));
	ret->part_count = (unsigned)header->parts_count;
	for (size_t i = 0; i < header->parts_count; i++)
		ret->sizes[i] = (size_t)header->parts[i].size + 16;
}

static void incoming_of(struct kai_incoming *ret, const struct kai_item_head *head,
			const struct kai_header *header, const uint8_t id[KAI_ID_LEN])
{
	memset(ret, 0, sizeof(*ret));
	ret->header_bytes = head->header;
	ret->header = *header;
	memcpy(ret->id, id, KAI_ID_LEN);
	ret->signatures = head->signatures;
	ret->signature_count = head->signatures_count;
	ret->wraps = head->wraps;
	ret->wrap_count = head->wraps_count;
	ret->evidence = head->evidence;
	ret->evidence_count = head->evidence_count;
	ret->mark = head->mark;
}

static bool hash_fits(const struct kai_header *header, size_t index, struct kai_span ciphertext)
{
	uint8_t hash[KAI_ID_LEN];

	kai_part_hash(header->realm, ciphertext, hash);
	return kai_id_equal(hash, header->parts[index].hash);
}

static void admit(struct kai_turn *turn, struct kai_slot *slot, const struct kai_incoming *item)
{
	struct kai_admission admission;
	struct kai_link *link = slot->link;

	kai_admit(turn, link, item, &admission);
	kai_fetch_admitted(turn, link, item->id, &admission, false);
}

/* The whole item in one frame: nothing is copied. */
static void admit_at_once(struct kai_turn *turn, struct kai_slot *slot,
			  const struct kai_checked *checked)
{
	const struct kai_chunk *chunk = &checked->msg.chunk;
	struct kai_incoming item;

	incoming_of(&item, chunk->head, &checked->header, checked->id);
	if (chunk->index < KAI_MAX_PARTS) {
		if ((checked->hashed >> chunk->index & 1) == 0 &&
		    !hash_fits(&checked->header, (size_t)chunk->index, chunk->data)) {
			refuse_copy(turn, slot, KAI_FAULT_HASH);
			return;
		}
		item.parts[chunk->index] = chunk->data;
		item.part_bits = 1u << chunk->index;
	}
	admit(turn, slot, &item);
}

static void admit_unfinished(struct kai_turn *turn, struct kai_slot *slot)
{
	struct kai_wanted *wanted = slot->wanted;
	struct kai_unfinished *unfinished = wanted->unfinished;
	struct kai_item_head head;
	struct kai_header header;
	struct kai_incoming item;
	enum kai_fault fault = kai_object_decode(&kai_object_item_head,
						 kai_span(unfinished->head, unfinished->head_len),
						 turn->scratch, &head);

	if (fault == KAI_FAULT_NONE)
		fault = kai_header_read(head.header, turn->scratch, &header);
	if (fault != KAI_FAULT_NONE) {
		refuse_copy(turn, slot, fault);
		return;
	}
	incoming_of(&item, &head, &header, wanted->id);
	item.part_bits = unfinished->whole;
	for (size_t i = 0; i < header.parts_count; i++) {
		if ((unfinished->whole >> i & 1) == 0)
			continue;
		item.parts[i] = kai_span(unfinished->parts[i], unfinished->sizes[i]);
		if ((unfinished->hashed >> i & 1) == 0 && !hash_fits(&header, i, item.parts[i])) {
			refuse_copy(turn, slot, KAI_FAULT_HASH);
			return;
		}
	}
	/* The bytes outlive the want: settling it frees what the item still points to. */
	wanted->unfinished = NULL;
	slot->link->fetch->held -= unfinished->charged;
	admit(turn, slot, &item);
	kai_unfinished_free(unfinished);
}

static bool charge(struct kai_turn *turn, struct kai_fetch *fetch,
		   struct kai_unfinished *unfinished, size_t bytes)
{
	if (fetch->held + bytes > (uint64_t)turn->engine->config.quota.held_bytes)
		return false;
	fetch->held += bytes;
	unfinished->charged += bytes;
	return true;
}

static enum kai_fault begin(struct kai_turn *turn, struct kai_slot *slot,
			    const struct kai_checked *checked)
{
	struct kai_fetch *fetch = slot->link->fetch;
	struct kai_unfinished *unfinished = calloc(1, sizeof(*unfinished));
	struct kai_span head =
		kai_object_encode_in(&kai_object_item_head, checked->msg.chunk.head, turn->scratch);

	if (unfinished == NULL || head.len == 0) {
		free(unfinished);
		return KAI_FAULT_STORAGE;
	}
	plan(unfinished, &checked->header);
	unfinished->head = malloc(head.len);
	slot->wanted->unfinished = unfinished; /* from here on its end frees it */
	if (unfinished->head == NULL)
		return KAI_FAULT_STORAGE;
	memcpy(unfinished->head, head.at, head.len);
	unfinished->head_len = head.len;
	return charge(turn, fetch, unfinished, head.len + sizeof(*unfinished)) ? KAI_FAULT_NONE
									       : KAI_FAULT_QUOTA;
}

static enum kai_fault take(struct kai_turn *turn, struct kai_slot *slot,
			   const struct kai_checked *checked)
{
	const struct kai_chunk *chunk = &checked->msg.chunk;
	struct kai_unfinished *unfinished = slot->wanted->unfinished;
	size_t index = (size_t)chunk->index;

	if (index == KAI_MAX_PARTS)
		return KAI_FAULT_NONE;
	if (unfinished->have == 0) {
		if (!charge(turn, slot->link->fetch, unfinished, unfinished->sizes[index]))
			return KAI_FAULT_QUOTA;
		unfinished->parts[index] = malloc(unfinished->sizes[index]);
		if (unfinished->parts[index] == NULL)
			return KAI_FAULT_STORAGE;
		unfinished->next = (unsigned)index;
	}
	memcpy(unfinished->parts[index] + unfinished->have, chunk->data.at, chunk->data.len);
	unfinished->have += chunk->data.len;
	if (unfinished->have == unfinished->sizes[index]) {
		unfinished->whole |= 1u << index;
		unfinished->hashed |= checked->hashed & 1u << index;
		unfinished->have = 0;
		unfinished->next = (unsigned)index + 1;
	}
	return KAI_FAULT_NONE;
}

static void take_chunk(struct kai_turn *turn, struct kai_slot *slot,
		       const struct kai_checked *checked)
{
	const struct kai_chunk *chunk = &checked->msg.chunk;
	struct kai_wanted *wanted = slot->wanted;
	struct kai_unfinished fresh = {0};
	bool first = wanted->unfinished == NULL;
	enum kai_fault fault = KAI_FAULT_NONE;

	if (first != (chunk->head != NULL))
		fault = KAI_FAULT_SEQUENCE;
	else if (first && checked->item_fault != KAI_FAULT_NONE)
		fault = checked->item_fault;
	else if (first && !kai_id_equal(checked->id, chunk->id))
		fault = KAI_FAULT_HASH;
	if (fault == KAI_FAULT_NONE && first)
		plan(&fresh, &checked->header);
	if (fault == KAI_FAULT_NONE)
		fault = chunk_fits(first ? &fresh : wanted->unfinished, slot->asked_parts, chunk);
	bool at_once =
		first && chunk->last && fault == KAI_FAULT_NONE &&
		(chunk->index == KAI_MAX_PARTS || chunk->data.len == fresh.sizes[chunk->index]);

	if (at_once) {
		admit_at_once(turn, slot, checked);
		return;
	}
	if (fault == KAI_FAULT_NONE && first)
		fault = begin(turn, slot, checked);
	if (fault == KAI_FAULT_NONE)
		fault = take(turn, slot, checked);
	if (fault == KAI_FAULT_NONE && chunk->last && wanted->unfinished->have > 0)
		fault = KAI_FAULT_SEQUENCE;
	if (fault != KAI_FAULT_NONE)
		refuse_copy(turn, slot, fault);
	else if (chunk->last)
		admit_unfinished(turn, slot);
	else
		kai_wanted_progress(wanted, turn->event->mono);
}

static void begin_anew(struct kai_slot *slot)
{
	struct kai_wanted *wanted = slot->wanted;

	if (wanted->unfinished == NULL)
		return;
	slot->link->fetch->held -= wanted->unfinished->charged;
	kai_unfinished_free(wanted->unfinished);
	wanted->unfinished = NULL;
}

void kai_fetch_chunk(struct kai_turn *turn, struct kai_link *link,
		     const struct kai_checked *checked)
{
	const struct kai_chunk *chunk = &checked->msg.chunk;
	struct kai_fetch *fetch = link->fetch;

	if (fetch == NULL || !fetch->up) {
		kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_SEQUENCE), chunk->id);
		return;
	}
	fetch->progress = turn->event->mono;
	kai_answer_credit(turn, fetch, checked->frame_len);
	struct kai_wanted *wanted = kai_wants_find(fetch->wants, chunk->id);
	struct kai_slot *slot = wanted == NULL ? NULL : kai_wanted_slot(wanted, link);

	bool late = kai_link_late(link, turn->event->mono);

	if (slot == NULL || !slot->asked) {
		if (!late)
			kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_UNWANTED), chunk->id);
		return;
	}
	bool current = wanted->from == slot && wanted->state != KAI_WANTED_WAITING;
	bool remnant = (slot->twice || late) && wanted->unfinished == NULL && chunk->head == NULL;

	if (!current || remnant) {
		/* Asked once and since then from another, or refused half-way: no fault. */
		slot->twice = slot->twice && !chunk->last;
		if (chunk->last && !remnant)
			kai_slot_quiet(slot);
		return;
	}
	if (late && chunk->head != NULL)
		begin_anew(slot); /* what came of the session before ended half-way */
	if (chunk->last)
		slot->asked = slot->twice;
	slot->twice = slot->twice && !chunk->last;
	take_chunk(turn, slot, checked);
}
