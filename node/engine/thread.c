/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"

#include <string.h>

#include "kairan/label.h"
#include "kairan/rec.h"

/* Items of a thread among which others that do the same are looked for: so many of the newest, and so
 * many that came after what they do it to. */
#define UNDO_MOST 64u
#define FOLLOW_MOST 256u /* newest items of a thread among which a retraction is looked for */

struct member {
	uint64_t arrival;
	struct kai_item item;
	struct kai_header header;
};

static bool load_at(struct kai_turn *turn, uint64_t arrival, struct member *ret)
{
	ret->arrival = arrival;
	if (!kai_rec_item(turn->txn, arrival, turn->scratch, &ret->item))
		return false;
	if (kai_header_read(ret->item.header, turn->scratch, &ret->header) == KAI_FAULT_NONE)
		return true;
	kai_txn_fail(turn->txn, KAI_ERR_CORRUPT);
	return false;
}

static bool load(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN], struct member *ret)
{
	uint64_t arrival = 0;

	return kai_rec_arrival(turn->txn, id, &arrival) && load_at(turn, arrival, ret);
}

/* ---- checks before an item is taken */

static enum kai_fault reference_check(struct kai_turn *turn, const struct kai_header *header,
				      const uint8_t id[KAI_ID_LEN])
{
	struct member named;

	if (!load(turn, id, &named) || named.header.label.tlp == KAI_TLP_CLEAR ||
	    kai_label_same(&named.header.label, &header->label))
		return KAI_FAULT_NONE;
	return KAI_FAULT_REFERENCE;
}

/* Is `of` an item of the thread that the header names? */
static bool same_thread(const struct kai_header *header, const struct member *of)
{
	return header->thread.is &&
	       (kai_id_equal(header->thread.id, of->item.id) ||
		(of->header.thread.is && kai_id_equal(header->thread.id, of->header.thread.id)));
}

/* May `later` act on `earlier`: revise it, or take it back? The same question whichever came
 * first. */
static enum kai_fault may_act(const struct kai_header *later, const struct member *earlier)
{
	if (!kai_id_equal(later->origin, earlier->header.origin) || !same_thread(later, earlier))
		return KAI_FAULT_REFERENCE;
	if (earlier->header.kind == KAI_KIND_RETRACT)
		return KAI_FAULT_REFERENCE; /* a retraction is final */
	if (later->revision <= earlier->header.revision)
		return KAI_FAULT_MEANING;
	if (later->kind != KAI_KIND_RETRACT)
		return KAI_FAULT_NONE;
	return kai_label_same(&later->label, &earlier->header.label) &&
			       later->urgency == earlier->header.urgency
		       ? KAI_FAULT_NONE
		       : KAI_FAULT_MEANING;
}

/* Has the target (a retraction's header has exactly one) been taken back already, by another
 * retraction of its origin? */
static bool taken_back(struct kai_turn *turn, const struct kai_header *header)
{
	const uint8_t *target = header->supersedes[0];
	struct kai_key key = kai_key_bytes(target, KAI_ID_LEN);
	struct kai_scan scan;
	struct kai_span found;
	struct kai_stub stub;
	struct member other;

	if (load(turn, target, &other))
		return (other.item.flags & KAI_ITEM_RETRACTED) != 0;
	if (kai_rec_get(turn->txn, KAI_TABLE_STUBS, &key, &kai_object_stub, turn->scratch, &stub))
		return stub.reason == KAI_STUB_RETRACTED &&
		       kai_id_equal(stub.origin, header->origin);
	kai_scan_init(&scan, turn->txn, KAI_TABLE_PENDING, kai_key_span(&key), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &found, NULL)) {
		if (load_at(turn, kai_get_be64(found.at + KAI_ID_LEN), &other) &&
		    other.header.kind == KAI_KIND_RETRACT &&
		    kai_id_equal(other.header.origin, header->origin))
			return true;
	}
	return false;
}

static enum kai_fault targets_check(struct kai_turn *turn, const struct kai_header *header)
{
	for (size_t i = 0; i < header->supersedes_count; i++) {
		struct member target;
		enum kai_fault fault = KAI_FAULT_NONE;

		if (load(turn, header->supersedes[i], &target))
			fault = may_act(header, &target);
		if (fault != KAI_FAULT_NONE)
			return fault;
	}
	if (header->kind != KAI_KIND_RETRACT)
		return KAI_FAULT_NONE;
	return taken_back(turn, header) ? KAI_FAULT_RETRACTED : KAI_FAULT_NONE;
}

static enum kai_fault thread_origin_check(struct kai_turn *turn, const struct kai_header *header)
{
	struct member first;

	if (!header->thread.is || !load(turn, header->thread.id, &first))
		return KAI_FAULT_NONE;
	return kai_id_equal(first.header.origin, header->origin) && !first.header.thread.is
		       ? KAI_FAULT_NONE
		       : KAI_FAULT_REFERENCE;
}

static enum kai_fault references_check(struct kai_turn *turn, const struct kai_header *header)
{
	enum kai_fault fault = KAI_FAULT_NONE;

	if (header->thread.is)
		fault = reference_check(turn, header, header->thread.id);
	if (fault == KAI_FAULT_NONE && header->incident.is)
		fault = reference_check(turn, header, header->incident.id);
	for (size_t i = 0; fault == KAI_FAULT_NONE && i < header->supersedes_count; i++)
		fault = reference_check(turn, header, header->supersedes[i]);
	for (size_t i = 0; fault == KAI_FAULT_NONE && i < header->refs_count; i++)
		fault = reference_check(turn, header, header->refs[i]);
	return fault;
}

enum kai_fault kai_thread_check(struct kai_turn *turn, const struct kai_header *header)
{
	size_t used = turn->scratch->used;
	enum kai_fault fault = references_check(turn, header);

	if (fault == KAI_FAULT_NONE)
		fault = thread_origin_check(turn, header);
	if (fault == KAI_FAULT_NONE)
		fault = targets_check(turn, header);
	kai_scratch_back(turn, used);
	return fault;
}

/* ---- effects after an item was taken */

static uint64_t effect(const struct member *later, const struct member *earlier)
{
	if ((later->item.flags & (KAI_ITEM_MARKED | KAI_ITEM_UNSIGNED)) != 0 ||
	    may_act(&later->header, earlier) != KAI_FAULT_NONE)
		return 0;
	return later->header.kind == KAI_KIND_RETRACT ? KAI_ITEM_RETRACTED : KAI_ITEM_SUPERSEDED;
}

static void set_flags(struct kai_turn *turn, struct member *member, uint64_t flags)
{
	if (member->item.flags == flags)
		return;
	member->item.flags = flags;
	kai_rec_item_put(turn->txn, member->arrival, &member->item);
	kai_duty_changed(turn, member->arrival);
	kai_escalate_changed(turn, member->arrival);
}

/* Acts on what it names; true when something of that is not held yet. */
static bool act(struct kai_turn *turn, const struct member *later)
{
	bool pending = false;

	for (size_t i = 0; i < later->header.supersedes_count; i++) {
		const uint8_t *id = later->header.supersedes[i];
		struct member target;

		if (load(turn, id, &target)) {
			set_flags(turn, &target, target.item.flags | effect(later, &target));
		} else {
			struct kai_key key = kai_key_id_arrival(id, later->arrival);

			kai_txn_put(turn->txn, KAI_TABLE_PENDING, kai_key_span(&key),
				    kai_span("", 0));
			pending = true;
		}
	}
	return pending;
}

static bool still_pending(struct kai_turn *turn, const struct kai_header *header)
{
	uint64_t arrival = 0;

	for (size_t i = 0; i < header->supersedes_count; i++) {
		if (!kai_rec_arrival(turn->txn, header->supersedes[i], &arrival))
			return true;
	}
	return false;
}

/* Everything that waited for this item acts on it now: the flags that it gets. */
static uint64_t resolve(struct kai_turn *turn, const struct member *target)
{
	struct kai_key prefix = kai_key_bytes(target->item.id, KAI_ID_LEN);
	struct kai_scan scan;
	struct kai_span found;
	uint64_t flags = 0;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_PENDING, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &found, NULL)) {
		size_t used = turn->scratch->used;
		uint64_t arrival = kai_get_be64(found.at + KAI_ID_LEN);
		struct kai_key key = kai_key_id_arrival(target->item.id, arrival);
		struct member waiting;

		if (load_at(turn, arrival, &waiting)) {
			flags |= effect(&waiting, target);
			/* It may go back the way its target came, which was not known before. */
			if (waiting.header.kind == KAI_KIND_RETRACT)
				kai_rec_touch(turn->txn, arrival);
			if (!still_pending(turn, &waiting.header))
				set_flags(turn, &waiting,
					  waiting.item.flags & ~(uint64_t)KAI_ITEM_PENDING);
		}
		(void)kai_txn_del(turn->txn, KAI_TABLE_PENDING, kai_key_span(&key));
		kai_scratch_back(turn, used);
	}
	return flags;
}

void kai_thread_added(struct kai_turn *turn, uint64_t arrival, const struct kai_item *item,
		      const struct kai_header *header)
{
	size_t used = turn->scratch->used;
	struct member self = {.arrival = arrival, .item = *item, .header = *header};
	uint64_t flags = item->flags & ~(uint64_t)KAI_ITEM_PENDING;

	if (act(turn, &self))
		flags |= KAI_ITEM_PENDING;
	flags |= resolve(turn, &self);
	set_flags(turn, &self, flags);
	kai_scratch_back(turn, used);
}

static bool names(const struct kai_header *header, const uint8_t id[KAI_ID_LEN])
{
	for (size_t i = 0; i < header->supersedes_count; i++)
		if (kai_id_equal(header->supersedes[i], id))
			return true;
	return false;
}

/* What those that the scan comes to, but `later`, do to the target. */
static uint64_t done_in(struct kai_turn *turn, struct kai_index_scan *scan,
			const struct member *later, const struct member *target)
{
	uint64_t flags = 0;
	uint64_t arrival;

	for (unsigned i = 0; i < UNDO_MOST && kai_index_next(scan, &arrival); i++) {
		size_t used = turn->scratch->used;
		struct member one;

		if (arrival != later->arrival && load_at(turn, arrival, &one) &&
		    names(&one.header, target->item.id))
			flags |= effect(&one, target);
		kai_scratch_back(turn, used);
	}
	return flags;
}

/* What others still do to the target: an edition is mostly replaced by one that comes soon after it, and
 * once more by the newest. */
static uint64_t done_by_others(struct kai_turn *turn, const struct member *later,
			       const struct member *target)
{
	const struct kai_header *header = &target->header;
	const uint8_t *thread = header->thread.is ? header->thread.id : target->item.id;
	struct kai_index_scan newest, next;

	kai_index_thread(&newest, turn->txn, thread, true);
	kai_index_thread_from(&next, turn->txn, thread, target->arrival, false);
	return done_in(turn, &newest, later, target) | done_in(turn, &next, later, target);
}

void kai_thread_undone(struct kai_turn *turn, uint64_t arrival)
{
	const uint64_t acted = KAI_ITEM_SUPERSEDED | KAI_ITEM_RETRACTED;
	size_t used = turn->scratch->used;
	struct member later;

	if (!load_at(turn, arrival, &later))
		return;
	for (size_t i = 0; i < later.header.supersedes_count; i++) {
		struct member target;

		if (!load(turn, later.header.supersedes[i], &target) ||
		    (target.item.flags & acted) == 0 ||
		    may_act(&later.header, &target) != KAI_FAULT_NONE)
			continue;
		set_flags(turn, &target,
			  (target.item.flags & ~acted) | done_by_others(turn, &later, &target));
		if ((target.item.flags & acted) == 0)
			kai_rec_touch(turn->txn, target.arrival); /* it may go on again */
	}
	kai_scratch_back(turn, used);
}

/* What it refused before it held the target it may take now. */
static void void_refusal(struct kai_turn *turn, const struct kai_link *link, uint64_t arrival)
{
	struct kai_key key = kai_key_pair(arrival, link->number);
	struct kai_released released;

	if (kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, turn->scratch,
			&released) &&
	    released.state == KAI_RELEASED_REFUSED)
		(void)kai_txn_del(turn->txn, KAI_TABLE_RELEASED, kai_key_span(&key));
}

void kai_thread_follow(struct kai_turn *turn, const struct kai_link *link,
		       const uint8_t id[KAI_ID_LEN], const struct kai_header *header)
{
	struct kai_index_scan scan;
	uint64_t arrival;
	bool found = false;

	kai_index_thread(&scan, turn->txn, header->thread.is ? header->thread.id : id, true);
	for (unsigned i = 0; !found && i < FOLLOW_MOST && kai_index_next(&scan, &arrival); i++) {
		size_t used = turn->scratch->used;
		struct member one;

		found = load_at(turn, arrival, &one) && one.header.kind == KAI_KIND_RETRACT &&
			kai_id_equal(one.header.supersedes[0], id) &&
			kai_id_equal(one.header.origin, header->origin);
		kai_scratch_back(turn, used);
	}
	if (!found)
		return;
	void_refusal(turn, link, arrival);
	kai_rec_touch(turn->txn, arrival);
	kai_spread_item(turn, arrival);
}
