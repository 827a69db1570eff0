/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to publish, to retract, and to remember what an imported document became. */
#include "kairan/label.h"
#include "kairan/rec.h"
#include "publish.h"

#include <stdlib.h>
#include <string.h>

static int by_span(const void *a, const void *b)
{
	return kai_span_compare(*(const struct kai_span *)a, *(const struct kai_span *)b);
}

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, KAI_ID_LEN);
}

/* Sorted, each once. */
static size_t sort_spans(struct kai_span *spans, size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(spans, count, sizeof(*spans), by_span);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !kai_span_equal(spans[kept - 1], spans[i]))
			spans[kept++] = spans[i];
	}
	return kept;
}

static size_t sort_ids(uint8_t (*ids)[KAI_ID_LEN], size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(ids, count, KAI_ID_LEN, by_id);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !kai_id_equal(ids[kept - 1], ids[i]))
			memmove(ids[kept++], ids[i], KAI_ID_LEN);
	}
	return kept;
}

static bool label_ok(struct kai_turn *turn, struct kai_label *io_label, const char *whose,
		     struct kai_ctl_answer *ret)
{
	kai_audience_sort(io_label->audience, &io_label->audience_count);
	enum kai_fault fault = kai_label_check(io_label);

	if (fault != KAI_FAULT_NONE)
		kai_answer(turn, ret, 1, kai_fault_name(fault),
			   "%s: all but CLEAR need an audience, RED names orgs, GREEN orgs or "
			   "communities, and every value must be a known one",
			   whose);
	return fault == KAI_FAULT_NONE;
}

static bool directed_ok(struct kai_turn *turn, const struct kai_label *label,
			struct kai_ctl_answer *ret)
{
	bool orgs = label->audience_count > 0;

	for (size_t i = 0; i < label->audience_count; i++)
		orgs &= label->audience[i].type == KAI_AUD_ORG;
	if (!orgs)
		kai_answer(turn, ret, 1, "directed",
			   "this kind is for named orgs only (--audience org:…)");
	return orgs;
}

static bool main_ok(struct kai_turn *turn, const struct kai_kind_row *row,
		    const struct kai_draft *draft, struct kai_ctl_answer *ret)
{
	char media[KAI_MAX_SHORT] = "kairan/";
	const struct kai_draft_part *part = &draft->parts[0];

	strncat(media, row->word, sizeof(media) - strlen(media) - 1);
	if (!kai_span_equal(part->name, kai_span_str("main")) ||
	    !kai_span_equal(part->media_type, kai_span_str(media))) {
		kai_answer(turn, ret, 3, "bad-body", "the first part must be main, of type %s",
			   media);
		return false;
	}
	return kai_own_body(turn, row, part->content, ret);
}

/* Asking for a release, or refusing one, is said in an advisory; what grants it is signed evidence
 * that goes with the item (grant.c). */
static bool step_ok(struct kai_turn *turn, const struct kai_kind_row *row,
		    const struct kai_draft *draft, struct kai_ctl_answer *ret)
{
	struct kai_body body;

	if (row->kind != KAI_KIND_RELEASE ||
	    kai_object_decode(&kai_object_body, draft->parts[0].content, turn->scratch, &body) !=
		    KAI_FAULT_NONE ||
	    !kai_span_equal(body.values[0].value, kai_span_str("grant")))
		return true;
	kai_answer(turn, ret, 3, "kind",
		   "a release is granted with its item, not with an advisory");
	return false;
}

static bool draft_ok(struct kai_turn *turn, struct kai_draft *draft, const struct kai_kind_row *row,
		     struct kai_ctl_answer *ret)
{
	if (memcmp(draft->realm, turn->engine->config.realm, KAI_REALM_LEN) != 0) {
		kai_answer(turn, ret, 1, "realm", "the item is of another realm");
		return false;
	}
	if (row == NULL || row->kind == KAI_KIND_RETRACT) {
		kai_answer(turn, ret, 3, "kind", "this kind cannot be published so");
		return false;
	}
	if (!label_ok(turn, &draft->label, "label", ret))
		return false;
	for (size_t i = 0; i < draft->parts_count; i++) {
		if (draft->parts[i].label != NULL &&
		    !label_ok(turn, draft->parts[i].label, "label of a part", ret))
			return false;
	}
	if (row->directed && !directed_ok(turn, &draft->label, ret))
		return false;
	return main_ok(turn, row, draft, ret) && step_ok(turn, row, draft, ret);
}

/* A revision goes into the thread of what it supersedes, one above the highest of them. */
static bool find_thread(struct kai_turn *turn, struct kai_header *io_header,
			struct kai_ctl_answer *ret)
{
	io_header->revision = 1;
	for (size_t i = 0; i < io_header->supersedes_count; i++) {
		const uint8_t *id = io_header->supersedes[i];
		struct kai_item item;
		struct kai_header before;

		if (!kai_own_held(turn, id, &item, &before, ret))
			return false;
		if (before.kind != io_header->kind) {
			kai_answer(turn, ret, 1, "kind", "a revision keeps the kind");
			return false;
		}
		if ((item.flags & KAI_ITEM_RETRACTED) != 0) {
			kai_answer_fault(turn, ret, 1, KAI_FAULT_RETRACTED, "what this revises");
			return false;
		}
		if ((item.flags & KAI_ITEM_UNSIGNED) != 0) {
			kai_answer_fault(turn, ret, 1, KAI_FAULT_SIGNERS, "what this revises");
			return false;
		}
		const uint8_t *thread = before.thread.is ? before.thread.id : id;

		if (io_header->thread.is && !kai_id_equal(io_header->thread.id, thread)) {
			kai_answer(turn, ret, 1, "reference",
				   "a revision supersedes items of one thread only");
			return false;
		}
		io_header->thread.is = true;
		memcpy(io_header->thread.id, thread, KAI_ID_LEN);
		if (before.revision >= io_header->revision)
			io_header->revision = before.revision + 1;
	}
	return true;
}

static bool held_here(struct kai_turn *turn, const uint8_t id[KAI_ID_LEN],
		      struct kai_ctl_answer *ret)
{
	uint64_t arrival;

	if (kai_rec_arrival(turn->txn, id, &arrival))
		return true;
	kai_answer(turn, ret, 4, "not-held", "an item that this refers to is not held here");
	return false;
}

/* What is not held cannot be compared with this label, so it is not named. */
static bool references_ok(struct kai_turn *turn, const struct kai_header *header,
			  struct kai_ctl_answer *ret)
{
	if (header->incident.is && !held_here(turn, header->incident.id, ret))
		return false;
	for (size_t i = 0; i < header->refs_count; i++) {
		if (!held_here(turn, header->refs[i], ret))
			return false;
	}
	return true;
}

static bool make_header(struct kai_turn *turn, struct kai_draft *draft, struct kai_own_item *item,
			struct kai_ctl_answer *ret)
{
	struct kai_header *header = &item->header;

	if (!kai_own_begin(turn, item, ret))
		return false;
	header->kind = draft->kind;
	header->label = draft->label;
	header->sectors = draft->sectors;
	header->sectors_count = sort_spans(draft->sectors, draft->sectors_count);
	header->supersedes = draft->supersedes;
	header->supersedes_count = sort_ids(draft->supersedes, draft->supersedes_count);
	header->refs = draft->refs;
	header->refs_count = sort_ids(draft->refs, draft->refs_count);
	header->incident = draft->incident;
	header->lang = draft->lang;
	header->urgency = draft->urgency != 0 ? draft->urgency : item->row->urgency;
	header->not_after = draft->not_after != 0
				    ? draft->not_after
				    : header->created_at + (uint64_t)item->row->valid_ms;
	if (header->not_after <= header->created_at) {
		kai_answer_fault(turn, ret, 3, KAI_FAULT_EXPIRED, "item");
		return false;
	}
	return references_ok(turn, header, ret) && find_thread(turn, header, ret);
}

static bool make_parts(struct kai_turn *turn, const struct kai_draft *draft,
		       struct kai_own_item *item)
{
	struct kai_part_draft *parts =
		kai_arena_take(turn->scratch, draft->parts_count * sizeof(*parts));

	if (parts == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return false;
	}
	for (size_t i = 0; i < draft->parts_count; i++) {
		parts[i].name = draft->parts[i].name;
		parts[i].media_type = draft->parts[i].media_type;
		parts[i].content = draft->parts[i].content;
		parts[i].label = draft->parts[i].label;
	}
	item->drafts = parts;
	item->draft_count = draft->parts_count;
	return true;
}

static void put_source(struct kai_turn *turn, const struct kai_source_mark *mark,
		       const uint8_t head[KAI_ID_LEN])
{
	struct kai_key key = kai_key_bytes(mark->key, sizeof(mark->key));
	struct kai_source source = {.name = mark->name};

	memcpy(source.head, head, KAI_ID_LEN);
	memcpy(source.digest, mark->digest, sizeof(source.digest));
	kai_rec_put(turn->txn, KAI_TABLE_SOURCES, &key, &kai_object_source, &source);
}

/* Was this very state published already? Who heard no answer asks again. */
static bool is_done(struct kai_turn *turn, const struct kai_source_mark *mark,
		    struct kai_ctl_answer *ret)
{
	struct kai_key key = kai_key_bytes(mark->key, sizeof(mark->key));
	struct kai_source source;
	uint64_t arrival;

	if (!kai_rec_get(turn->txn, KAI_TABLE_SOURCES, &key, &kai_object_source, turn->scratch,
			 &source) ||
	    memcmp(source.digest, mark->digest, sizeof(source.digest)) != 0 ||
	    !kai_rec_arrival(turn->txn, source.head, &arrival))
		return false;
	ret->id.is = true;
	memcpy(ret->id.id, source.head, KAI_ID_LEN);
	ret->text = kai_span_str("it was published before, and is so once");
	return true;
}

bool kai_publish_begin(struct kai_turn *turn, const struct kai_ctl_publish *req,
		       struct kai_own_item *item, struct kai_ctl_answer *ret)
{
	struct kai_draft draft = req->draft;

	if (!req->dry_run && req->source != NULL && is_done(turn, req->source, ret))
		return false;
	item->row = kai_kind_row(draft.kind);
	if (!draft_ok(turn, &draft, item->row, ret) || !make_header(turn, &draft, item, ret) ||
	    !make_parts(turn, &draft, item) || !kai_own_make(turn, item, ret))
		return false;
	if (item->allowed == 0 && !req->keep) {
		kai_answer(turn, ret, 1, "no-recipient",
			   "no org may receive this item (change label or audience, or --keep)");
		return false;
	}
	return !req->dry_run;
}

void kai_publish_end(struct kai_turn *turn, const struct kai_ctl_publish *req,
		     struct kai_own_item *item, struct kai_ctl_answer *ret)
{
	if (kai_own_store(turn, item, ret) && req->source != NULL)
		put_source(turn, req->source, item->built.id);
}

void kai_publish_item(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_publish *req = request;
	struct kai_own_item *item = kai_arena_take(turn->scratch, sizeof(*item));

	if (item == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	if (!kai_publish_begin(turn, req, item, ret))
		return;
	kai_own_sign(turn, &item, 1);
	kai_publish_end(turn, req, item, ret);
}

/* ---- retraction
 * ---------------------------------------------------------------------------------------------------
 */

static bool target_ok(struct kai_turn *turn, const struct kai_item *target,
		      const struct kai_header *header, struct kai_ctl_answer *ret)
{
	if (header->kind == KAI_KIND_RETRACT) {
		kai_answer(turn, ret, 1, "contradiction", "a retraction is final");
		return false;
	}
	if ((target->flags & KAI_ITEM_RETRACTED) != 0) {
		kai_answer_fault(turn, ret, 1, KAI_FAULT_RETRACTED, "this item");
		return false;
	}
	return true;
}

/* The target's circle, urgency and place in its thread; it outlives the target. */
static bool retraction_header(struct kai_turn *turn, const struct kai_ctl_retract *req,
			      const struct kai_header *target, struct kai_own_item *item)
{
	struct kai_header *header = &item->header;

	header->kind = KAI_KIND_RETRACT;
	header->label = target->label;
	header->urgency = target->urgency;
	header->sectors = target->sectors;
	header->sectors_count = target->sectors_count;
	header->lang = req->lang;
	header->thread.is = true;
	memcpy(header->thread.id, target->thread.is ? target->thread.id : req->id, KAI_ID_LEN);
	header->revision = target->revision + 1;
	header->supersedes = kai_arena_take(turn->scratch, KAI_ID_LEN);
	if (header->supersedes == NULL)
		return false;
	memcpy(header->supersedes[0], req->id, KAI_ID_LEN);
	header->supersedes_count = 1;
	header->not_after = header->created_at + (uint64_t)item->row->valid_ms;
	if (header->not_after < target->not_after)
		header->not_after = target->not_after;
	return true;
}

void kai_publish_retract(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_retract *req = request;
	struct kai_own_item *item = kai_arena_take(turn->scratch, sizeof(*item));
	struct kai_part_draft main = {
		.name = kai_span_str("main"),
		.media_type = kai_span_str("kairan/retract"),
		.content = req->body,
	};
	struct kai_item target;
	struct kai_header header;

	if (item == NULL) {
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
		return;
	}
	item->row = kai_kind_row(KAI_KIND_RETRACT);
	if (!kai_own_held(turn, req->id, &target, &header, ret) ||
	    !target_ok(turn, &target, &header, ret) ||
	    !kai_own_body(turn, item->row, req->body, ret) || !kai_own_begin(turn, item, ret) ||
	    !retraction_header(turn, req, &header, item))
		return;
	item->drafts = &main;
	item->draft_count = 1;
	if (!kai_own_make(turn, item, ret))
		return;
	if (!req->dry_run) {
		kai_own_sign(turn, &item, 1);
		if (!kai_own_store(turn, item, ret))
			return;
	}
	if (item->missed > 0)
		kai_answer(turn, ret, 0, "",
			   "%zu of those that have the item cannot be reached: tell them by "
			   "another way",
			   item->missed);
}

/* ---- sources
 * ------------------------------------------------------------------------------------------------------
 */

void kai_publish_source(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_source *req = request;
	struct kai_item item;
	struct kai_header header;

	if (kai_own_held(turn, req->head, &item, &header, ret))
		put_source(turn, &req->source, req->head);
}
