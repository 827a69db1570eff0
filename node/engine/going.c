/* SPDX-License-Identifier: Apache-2.0 */
#include "spread.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <string.h>

#define PATIENCE_MS KAI_MS_MINUTE /* what was offered and not answered is offered again */
#define PATIENCE_MOST_MS                                                                           \
	(5 * KAI_MS_MINUTE) /* even to a peer that works on other things all the time */

void kai_offer_tag(const struct kai_turn *turn, const struct kai_link *link, struct kai_span header,
		   uint8_t ret[KAI_HINT_LEN])
{
	struct kai_span pieces[2] = {kai_span(link->session_key, sizeof(link->session_key)),
				     header};
	uint8_t tag[KAI_ID_LEN];

	kai_hash_many(KAI_CTX_OFFER_TAG, turn->engine->config.realm, pieces, 2, tag);
	memcpy(ret, tag, KAI_HINT_LEN);
}

/* ---- one item: the decision and what goes with it ---- */

/* Releases that open something still: whoever knows of the revocation of their key would not believe the rest. */
static void gather_evidence(struct kai_turn *turn, struct kai_going *going)
{
	const struct kai_item_facts *facts = &going->facts;

	for (size_t i = 0; i < facts->release_count; i++)
		if (turn->event->wall.ms < facts->releases[i].expires.ms)
			going->evidence[going->evidence_count++] = facts->release_bytes[i];
}

/* Another of us must sign it first; nobody heard of it, so nobody hears that it was taken back. */
static bool waits(struct kai_turn *turn, const struct kai_item_facts *facts)
{
	struct kai_item target;
	uint64_t arrival;

	if ((facts->item.flags & KAI_ITEM_UNSIGNED) != 0)
		return true;
	return facts->header.kind == KAI_KIND_RETRACT && (facts->item.flags & KAI_ITEM_OWN) != 0 &&
	       kai_rec_arrival(turn->txn, facts->header.supersedes[0], &arrival) &&
	       kai_rec_item(turn->txn, arrival, turn->scratch, &target) &&
	       (target.flags & KAI_ITEM_UNSIGNED) != 0;
}

/* clauses: those of the pair's terms count. */
static bool decide(struct kai_turn *turn, struct kai_link *link, uint64_t arrival, bool clauses,
		   struct kai_going *ret)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_verdict parts[KAI_MAX_PARTS];
	struct kai_verdict verdict;
	struct kai_facts facts;

	ret->parts = 0;
	ret->evidence_count = 0;
	ret->marked = false;
	ret->mark = (struct kai_mark){.clause = 0};
	if (!kai_rest_facts(turn, arrival, &ret->facts) || waits(turn, &ret->facts))
		return false;
	kai_facts_init(&facts, pair, &ret->facts, true, turn->event->wall);
	if (clauses && kai_clause_mark(turn, link, &ret->facts, &ret->mark)) {
		facts.mark = &ret->mark;
		facts.opened = ret->mark.opened_at;
	}
	if (ret->facts.header.kind == KAI_KIND_RETRACT)
		facts.target_passed =
			kai_target_passed(turn->txn, &ret->facts.header, link->number);
	verdict = kai_facts_parts(&facts, &ret->facts, &ret->parts, parts);
	if (!verdict.allow && ret->parts == 0)
		return false;
	ret->why = kai_rule_name(verdict.rule);
	ret->marked = verdict.rule == KAI_RULE_OK_CONTINGENCY;
	for (size_t i = 0; i < KAI_MAX_PARTS; i++) {
		if ((ret->parts >> i & 1) == 0)
			continue;
		if (!verdict.allow || parts[i].rule == KAI_RULE_OK_CONTINGENCY)
			ret->why = kai_rule_name(parts[i].rule);
		ret->marked = ret->marked || parts[i].rule == KAI_RULE_OK_CONTINGENCY;
	}
	gather_evidence(turn, ret);
	return true;
}

bool kai_going_decide(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		      struct kai_going *ret)
{
	return decide(turn, link, arrival, true, ret);
}

bool kai_going_plain(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		     struct kai_going *ret)
{
	return decide(turn, link, arrival, false, ret);
}

bool kai_going_open(struct kai_turn *turn, struct kai_link *link, struct kai_going *going)
{
	uint64_t arrival = going->facts.arrival;

	if (!going->marked || !kai_clause_open(turn, link, &going->mark, &going->facts))
		return true;
	return kai_going_decide(turn, link, arrival, going);
}

bool kai_going_part(struct kai_turn *turn, const struct kai_going *going, uint8_t index,
		    struct kai_part *ret)
{
	struct kai_key key = kai_key_part(going->facts.arrival, index);

	return kai_rec_get(turn->txn, KAI_TABLE_PARTS, &key, &kai_object_part, turn->scratch, ret);
}

static bool wrap_part(struct kai_turn *turn, const struct kai_going *going,
		      const struct kai_link_ends *ends, const uint8_t key[32], struct kai_wrap *ret)
{
	uint8_t index = (uint8_t)ret->index;
	struct kai_span bytes = going->facts.openings[index];

	if (bytes.len == 0)
		return false;
	ret->kind = KAI_WRAP_LINK;
	kai_key_hint(ends->to_seal, ret->key_hint);
	ret->bytes = kai_wrap_link(ends, key, going->facts.item.id, index, bytes, turn->scratch);
	return ret->bytes.len > 0;
}

bool kai_going_wraps(struct kai_turn *turn, struct kai_link *link, const struct kai_going *going,
		     uint32_t parts, struct kai_wrap **ret, size_t *ret_count)
{
	struct kai_wrap *wraps = kai_arena_take(turn->scratch, KAI_MAX_PARTS * sizeof(*wraps));
	uint8_t *key = kai_arena_take(turn->scratch, 32); /* wiped with scratch */
	struct kai_link_ends ends;
	size_t count = 0;

	if (wraps == NULL || key == NULL || !kai_pair_wrap_key(turn, link, true, key, &ends))
		return false;
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		if ((parts >> i & 1) == 0)
			continue;
		wraps[count].index = i;
		if (!wrap_part(turn, going, &ends, key, &wraps[count]))
			return false;
		count++;
	}
	*ret = wraps;
	*ret_count = count;
	return true;
}

void kai_released_sent(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		       uint32_t parts, const struct kai_going *going)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_key key = kai_key_pair(arrival, link->number);
	struct kai_mark mark = going->mark;
	struct kai_released released;
	bool carried = false;

	if (kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, turn->scratch,
			&released)) {
		carried = released.mark != NULL && released.mark->opened_at == mark.opened_at;
		/* Where parts are stored already the record stays until the peer names more. */
		if (released.state == KAI_RELEASED_STORED)
			return;
		if (released.state == KAI_RELEASED_SENT) {
			if ((released.parts & parts) == parts)
				return;
			parts |= (uint32_t)released.parts;
		}
	}
	released = (struct kai_released){
		.at = (uint64_t)turn->event->wall.ms,
		.parts = parts,
		.state = KAI_RELEASED_SENT,
		.rule = kai_span_str(going->why),
		.evidence = going->evidence_count,
		.signatures = going->facts.item.signatures_count,
		.mark = going->marked ? &mark : NULL,
	};
	if (pair->has_terms)
		memcpy(released.agreement, pair->agreement.digest, KAI_ID_LEN);
	kai_rec_put(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &released);
	if (going->marked && !carried)
		kai_clause_carried(turn, link, &mark, going->facts.item.id);
}

void kai_released_void(struct kai_turn *turn, struct kai_link *link, uint64_t arrival)
{
	struct kai_key key = kai_key_pair(arrival, link->number);
	size_t mark = turn->scratch->used;
	struct kai_released released;
	struct kai_supply supply;

	if (kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, turn->scratch,
			&released)) {
		if (released.state == KAI_RELEASED_STORED) {
			released.state = KAI_RELEASED_SENT;
			kai_rec_put(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released,
				    &released);
		}
	} else if (kai_rec_get(turn->txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, turn->scratch,
			       &supply)) {
		/* It brought it once; that does not say that it has it. */
		released = (struct kai_released){.at = (uint64_t)turn->event->wall.ms,
						 .state = KAI_RELEASED_OFFERED,
						 .rule = kai_span_str("")};
		memcpy(released.agreement, supply.agreement, KAI_ID_LEN);
		kai_rec_put(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &released);
	}
	kai_receipt_again(turn, link, arrival);
	kai_scratch_back(turn, mark);
}

/* ---- offers ---- */

struct kai_offering *kai_offering_new(struct kai_turn *turn)
{
	struct kai_offering *batch = kai_arena_take(turn->scratch, sizeof(*batch));

	if (batch == NULL)
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
	return batch;
}

void kai_offering_send(struct kai_turn *turn, struct kai_link *link, struct kai_offering *batch,
		       uint64_t position)
{
	size_t mark = turn->scratch->used;

	if (batch->count == 0)
		return;
	struct kai_offer offer = {
		.entries = batch->entries,
		.entries_count = batch->count,
		.token = kai_token_make(turn, link, position),
	};

	(void)kai_out_send(turn, link, KAI_MSG_OFFER, &offer, batch->urgent);
	kai_scratch_back(turn, mark);
	batch->count = 0;
	batch->urgent = false;
}

static void fill_entry(const struct kai_turn *turn, const struct kai_link *link,
		       const struct kai_going *going, struct kai_offer_entry *ret)
{
	const struct kai_header *header = &going->facts.header;

	*ret = (struct kai_offer_entry){
		.parts = going->parts,
		.size = going->facts.item.header.len,
		.urgency = header->urgency,
		.signatures = going->facts.item.signatures_count,
		.evidence = going->evidence_count,
	};
	memcpy(ret->id, going->facts.item.id, KAI_ID_LEN);
	kai_offer_tag(turn, link, going->facts.item.header, ret->tag);
	for (size_t i = 0; i < header->parts_count; i++)
		if ((going->parts >> i & 1) != 0)
			ret->size += header->parts[i].size + 16;
}

/* Enters the window, or what it says there is brought up to date. */
static bool enter_window(struct kai_turn *turn, struct kai_link *link,
			 const struct kai_going *going, uint64_t position)
{
	struct kai_spread *spread = link->spread;
	struct kai_offered *offered = kai_window_find(&spread->window, going->facts.item.id);

	if (offered == NULL) {
		offered = kai_window_add(&spread->window, going->facts.item.id, position);
		if (offered == NULL) {
			kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
			return false;
		}
	}
	offered->arrival = going->facts.arrival;
	offered->parts = going->parts;
	offered->signatures = (uint8_t)going->facts.item.signatures_count;
	offered->evidence = (uint8_t)going->evidence_count;
	offered->why = going->why;
	offered->changed = false;
	offered->deferred = false;
	offered->pushed = false;
	offered->patience = turn->event->mono.ms + PATIENCE_MOST_MS;
	kai_spread_retry(spread, offered, turn->event->mono.ms + PATIENCE_MS);
	return true;
}

static void add_offer(struct kai_turn *turn, struct kai_link *link, const struct kai_going *going,
		      const struct kai_look *look)
{
	struct kai_offering *batch = look->batch;

	if (!enter_window(turn, link, going, look->position))
		return;
	fill_entry(turn, link, going, &batch->entries[batch->count++]);
	batch->urgent = batch->urgent || going->facts.header.urgency == KAI_URGENCY_NOW;
}

/* ---- pushes ---- */

/* The budget for alerts of that origin to this peer, and of all origins together. */
static bool push_budget(struct kai_turn *turn, struct kai_spread *spread,
			const uint8_t origin[KAI_ID_LEN])
{
	const struct kai_quota *quota = &turn->engine->config.quota;
	int64_t minute = turn->event->mono.ms / KAI_MS_MINUTE;
	struct kai_push_count *at = &spread->pushes[0];

	if (spread->push_minute != minute) {
		spread->push_minute = minute;
		spread->push_count = 0;
	}
	for (size_t i = 0; i < KAI_PUSH_ORIGINS; i++) {
		if (kai_id_equal(spread->pushes[i].origin, origin)) {
			at = &spread->pushes[i];
			break;
		}
		if (spread->pushes[i].minute < at->minute)
			at = &spread->pushes[i];
	}
	if (!kai_id_equal(at->origin, origin) || at->minute != minute) {
		/* All places taken by other origins of this minute: those are counted already. */
		if (!kai_id_equal(at->origin, origin) && at->minute == minute && at->count > 0)
			return false;
		memcpy(at->origin, origin, KAI_ID_LEN);
		at->minute = minute;
		at->count = 0;
	}
	if (at->count >= quota->push_origin_per_minute ||
	    spread->push_count >= quota->push_per_minute)
		return false;
	at->count++;
	spread->push_count++;
	return true;
}

/* Header and main whole, at once. */
static bool push(struct kai_turn *turn, struct kai_link *link, struct kai_going *going,
		 uint64_t position)
{
	struct kai_item *item = &going->facts.item;
	struct kai_part_blob blob = {.index = 0};
	struct kai_part part;
	struct kai_push msg = {
		.advisory = {.header = item->header,
			     .signatures = item->signatures,
			     .signatures_count = item->signatures_count,
			     .parts = &blob,
			     .parts_count = 1},
		.evidence = going->evidence,
		.evidence_count = going->evidence_count,
		.mark = going->marked ? &going->mark : NULL,
		.offered = going->parts,
		.token = kai_token_make(turn, link, position),
	};

	if (!kai_going_part(turn, going, 0, &part) ||
	    !kai_going_wraps(turn, link, going, 1, &msg.advisory.wraps, &msg.advisory.wraps_count))
		return false;
	blob.ciphertext = part.ciphertext;
	if (kai_out_send(turn, link, KAI_MSG_PUSH, &msg, true) == 0)
		return false;
	link->sent_items++;
	if (!enter_window(turn, link, going, position + 1))
		return true;
	struct kai_offered *offered = kai_window_find(&link->spread->window, item->id);

	if (offered != NULL)
		offered->pushed = going->parts != 1;
	kai_released_sent(turn, link, going->facts.arrival, 1, going);
	return true;
}

/* Urgent, main may go, small enough, and not under doubt. */
static bool may_push(const struct kai_going *going)
{
	const struct kai_header *header = &going->facts.header;

	return header->urgency == KAI_URGENCY_NOW && (going->parts & 1) != 0 &&
	       (going->facts.item.flags & KAI_ITEM_MARKED) == 0 &&
	       going->facts.item.header.len + header->parts[0].size + 16 <=
		       (size_t)(KAI_MAX_PUSH_PART);
}

/* ---- looking at one item for one peer ---- */

/* What it refused went by no opening, or by another one than it would now. */
static bool opened_since(const struct kai_going *going, const struct kai_released *released)
{
	return going->marked &&
	       (released->mark == NULL || released->mark->opened_at != going->mark.opened_at);
}

bool kai_going_settled(struct kai_turn *turn, struct kai_link *link, const struct kai_going *going,
		       struct kai_doubt doubt)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_key key = kai_key_pair(going->facts.arrival, link->number);
	struct kai_released released;
	struct kai_supply supply;
	size_t signatures = going->facts.item.signatures_count;

	if (kai_rec_get(turn->txn, KAI_TABLE_RELEASED, &key, &kai_object_released, turn->scratch,
			&released)) {
		/* Fewer than went: some are over since. One that is new was counted down when it came. */
		bool same = released.evidence >= going->evidence_count &&
			    released.signatures == signatures;

		if (released.state == KAI_RELEASED_STORED && !doubt.stored)
			return same && (going->parts & ~released.parts) == 0;
		if (released.state == KAI_RELEASED_REFUSED && !doubt.refused)
			return same && pair->has_terms &&
			       kai_id_equal(released.agreement, pair->agreement.digest) &&
			       !opened_since(going, &released);
		return false;
	}
	if (doubt.stored)
		return false;
	/* What it brought along is not known of a supplier: more than the least is offered. */
	return kai_rec_get(turn->txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, turn->scratch,
			   &supply) &&
	       (going->parts & ~supply.parts) == 0 && going->evidence_count == 0 && signatures <= 1;
}

static bool peer_has(struct kai_turn *turn, struct kai_link *link, const struct kai_going *going,
		     const struct kai_look *look)
{
	const struct kai_spread *spread = link->spread;
	bool anew = look->position <= spread->anew;
	struct kai_doubt doubt = {.stored = anew && spread->anew_stored};

	doubt.refused = look->asked || doubt.stored || (anew && spread->anew_refused);
	return kai_going_settled(turn, link, going, doubt);
}

/* The origin's card goes first. May write: then what was borrowed is read anew. */
static bool introduce(struct kai_turn *turn, struct kai_link *link, struct kai_going *going)
{
	uint64_t arrival = going->facts.arrival;
	uint8_t origin[KAI_ID_LEN];

	memcpy(origin, going->facts.header.origin, KAI_ID_LEN);
	if (kai_id_equal(origin, turn->engine->config.org) || kai_id_equal(origin, link->org))
		return true;
	kai_trust_introduce(turn, link, origin);
	return kai_going_decide(turn, link, arrival, going);
}

/* Nothing but what that peer brought, and nothing went to it: it has it, whatever may go there. Most of what a node
 * takes is met so in the log, and need not be opened for it. */
static bool brought_all(struct kai_turn *turn, const struct kai_link *link, uint64_t arrival,
			const struct kai_look *look)
{
	struct kai_key key = kai_key_pair(arrival, link->number);
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_supply supply;
	struct kai_item item;
	struct kai_scan scan;
	struct kai_span row;

	if (look->position <= link->spread->anew ||
	    !kai_rec_get(turn->txn, KAI_TABLE_SUPPLY, &key, &kai_object_supply, turn->scratch,
			 &supply) ||
	    kai_txn_get(turn->txn, KAI_TABLE_RELEASED, kai_key_span(&key), &row) ||
	    !kai_rec_item(turn->txn, arrival, turn->scratch, &item))
		return false;
	kai_scan_init(&scan, turn->txn, KAI_TABLE_EVIDENCE, kai_key_span(&prefix),
		      kai_span(NULL, 0), false);
	return (item.held & ~supply.parts) == 0 && item.signatures_count <= 1 &&
	       !kai_scan_next(&scan, NULL, NULL) &&
	       kai_window_find(&link->spread->window, item.id) == NULL;
}

static void look_at(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		    const struct kai_look *look)
{
	struct kai_spread *spread = link->spread;
	struct kai_offered *offered;
	struct kai_going going;

	if (brought_all(turn, link, arrival, look) ||
	    !kai_going_decide(turn, link, arrival, &going) ||
	    (going.facts.item.flags & KAI_ITEM_RETRACTED) != 0)
		return;
	offered = kai_window_find(&spread->window, going.facts.item.id);
	if (offered != NULL) {
		if (offered->parts != going.parts || offered->evidence != going.evidence_count ||
		    offered->signatures != going.facts.item.signatures_count)
			offered->changed = true;
		return;
	}
	if (look->batch == NULL && !may_push(&going))
		return;
	if (peer_has(turn, link, &going, look))
		return;
	if (!kai_going_open(turn, link, &going) || !introduce(turn, link, &going))
		return;
	if (may_push(&going) && push_budget(turn, spread, going.facts.header.origin)) {
		if (look->batch != NULL)
			kai_offering_send(turn, link, look->batch, spread->position);
		if (push(turn, link, &going, spread->position))
			return;
	}
	if (look->batch != NULL)
		add_offer(turn, link, &going, look);
}

void kai_look_at(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		 const struct kai_look *look)
{
	size_t mark = turn->scratch->used;

	look_at(turn, link, arrival, look);
	kai_scratch_back(turn, mark);
}

void kai_look_again(struct kai_turn *turn, struct kai_link *link, struct kai_offered *offered,
		    struct kai_offering *batch)
{
	size_t mark = turn->scratch->used;
	struct kai_look how = {.batch = batch, .position = offered->position};
	struct kai_going going;

	if (!kai_going_decide(turn, link, offered->arrival, &going) ||
	    (going.facts.item.flags & KAI_ITEM_RETRACTED) != 0 ||
	    peer_has(turn, link, &going, &how) || !kai_going_open(turn, link, &going))
		kai_window_settle(&link->spread->window, offered);
	else
		add_offer(turn, link, &going, &how);
	kai_scratch_back(turn, mark);
}
