/* SPDX-License-Identifier: Apache-2.0 */
/* Facts for one decision, from a pair (facts_pair.c) and an item (facts_item.c). */
#include "kairan/facts.h"
#include "kairan/rec.h"

#include <string.h>

#include "kairan/advisory.h"

/* Room for a decoded item and header: lists only, their bytes stay in the store. */
#define TARGET_ARENA ((size_t)48 * 1024)

void kai_facts_init(struct kai_facts *facts, const struct kai_pair *pair,
		    const struct kai_item_facts *item, bool outgoing, struct kai_wall now)
{
	*facts = (struct kai_facts){
		.header = &item->header,
		.id = item->item.id,
		.from = outgoing ? pair->me : pair->org,
		.to = outgoing ? pair->org : pair->me,
		.terms = pair->has_terms ? &pair->agreement.terms : NULL,
		.state = pair->state,
		.members = pair->members,
		.member_count = pair->member_count,
		.releases = item->releases,
		.release_count = item->release_count,
		/* how the sender got it is the sender's fact: the receiver cannot know */
		.overlay = outgoing ? item->overlay : (uint64_t)KAI_ONWARD_ANY,
		.realm = pair->realm,
		.now = now,
	};
	if (pair->has_terms && pair->state == KAI_STATE_EXPIRED)
		facts->expired_at.ms = (int64_t)pair->agreement.terms.valid_until;
}

struct kai_verdict kai_facts_parts(struct kai_facts *facts, const struct kai_item_facts *item,
				   uint32_t *ret_parts,
				   struct kai_verdict part_verdicts[KAI_MAX_PARTS])
{
	uint32_t parts = 0;

	facts->part_label = NULL;
	facts->part_index = 0;
	struct kai_verdict header = kai_policy_decide(facts);

	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		struct kai_verdict verdict = {.allow = false, .rule = KAI_RULE_LABEL};

		if (i < item->header.parts_count && (item->labels_known >> i & 1) != 0) {
			facts->part_label = &item->part_labels[i];
			facts->part_index = i;
			verdict = kai_policy_decide(facts);
		}
		if (verdict.allow)
			parts |= UINT32_C(1) << i;
		if (part_verdicts != NULL)
			part_verdicts[i] = verdict;
	}
	facts->part_label = NULL;
	facts->part_index = 0;
	*ret_parts = parts;
	return header;
}

bool kai_outage_known(struct kai_txn *txn, const struct kai_pair *pair, uint64_t clause,
		      enum kai_outage_side side, struct kai_arena *arena, struct kai_outage *ret)
{
	if (!pair->has_terms || clause >= pair->agreement.terms.contingency_count)
		return false;
	struct kai_key key =
		kai_key_outage(pair->peer, side, &pair->agreement.terms.contingency[clause]);

	return kai_rec_get(txn, KAI_TABLE_OUTAGES, &key, &kai_object_outage, arena, ret);
}

bool kai_outage_holds(const struct kai_outage *opening, const struct kai_contingency *clause,
		      struct kai_wall now)
{
	return opening->closed_at == 0 && now.ms >= (int64_t)opening->opened_at &&
	       now.ms - (int64_t)opening->opened_at <= (int64_t)clause->longest_ms;
}

static bool record_there(struct kai_txn *txn, enum kai_table table, uint64_t arrival, uint16_t peer)
{
	struct kai_key key = kai_key_pair(arrival, peer);
	struct kai_span value;

	return kai_txn_get(txn, table, kai_key_span(&key), &value);
}

static bool was_released(struct kai_txn *txn, uint64_t arrival, uint16_t peer,
			 struct kai_arena *arena)
{
	struct kai_key key = kai_key_pair(arrival, peer);
	struct kai_released released;

	return kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, arena, &released) &&
	       (released.state == KAI_RELEASED_SENT || released.state == KAI_RELEASED_STORED);
}

/* Only its own origin retracts an item: another one's retraction follows nothing anywhere. */
bool kai_target_passed(struct kai_txn *txn, const struct kai_header *retraction, uint16_t peer)
{
	uint8_t room[TARGET_ARENA];
	struct kai_arena arena = {.at = room, .cap = sizeof(room)};
	struct kai_item item;
	struct kai_header header;
	uint64_t arrival;

	if (peer == 0 || retraction->kind != KAI_KIND_RETRACT || retraction->supersedes_count != 1)
		return false;
	if (!kai_rec_arrival(txn, retraction->supersedes[0], &arrival) ||
	    !kai_rec_item(txn, arrival, &arena, &item) ||
	    kai_header_read(item.header, &arena, &header) != KAI_FAULT_NONE ||
	    !kai_id_equal(header.origin, retraction->origin))
		return false;
	return record_there(txn, KAI_TABLE_SUPPLY, arrival, peer) ||
	       was_released(txn, arrival, peer, &arena);
}
