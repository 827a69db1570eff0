/* SPDX-License-Identifier: Apache-2.0 */
/* An item out of a rogue's store: one of the newest that fits a lie, opened with the node's own keys. */
#include "rogue_tale.h"
#include "kairan/rec.h"

#include <string.h>

#define LOOKS 64u /* newest items among which one is picked */
#define PICKS 8u  /* tried before it gives up */

static bool open_rest(const struct sim_tale *tale, const struct kai_item *item, uint8_t index,
		      const struct kai_part *part, struct kai_span *ret)
{
	const struct sim_org *me = &tale->node->org;
	uint8_t ad[KAI_ID_LEN + 1];

	memcpy(ad, item->id, KAI_ID_LEN);
	ad[KAI_ID_LEN] = index;
	return kai_box_open(KAI_CTX_REST, me->rest[0].secret, kai_span(ad, sizeof(ad)),
			    part->opening, tale->arena, ret);
}

static bool load_parts(struct sim_tale *tale, struct kai_txn *txn, uint64_t arrival,
		       const struct kai_item *item, struct sim_ware *ret)
{
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		struct kai_key key = kai_key_part(arrival, i);
		struct kai_part part;

		if ((item->held >> i & 1) == 0)
			continue;
		if (!kai_rec_get(txn, KAI_TABLE_PARTS, &key, &kai_object_part, tale->arena,
				 &part) ||
		    !open_rest(tale, item, i, &part, &ret->openings[i]))
			return false;
		ret->parts[i] = sim_tale_copy(tale, part.ciphertext);
		if (ret->parts[i].len == 0)
			return false;
		ret->bits |= 1u << i;
	}
	return true;
}

static bool load(struct sim_tale *tale, struct kai_txn *txn, uint64_t arrival,
		 const struct kai_item *item, struct sim_ware *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->bytes = item->header;
	memcpy(ret->id, item->id, KAI_ID_LEN);
	ret->signature_count = item->signatures_count;
	memcpy(ret->signatures, item->signatures,
	       item->signatures_count * sizeof(item->signatures[0]));
	return kai_header_read(ret->bytes, tale->arena, &ret->header) == KAI_FAULT_NONE &&
	       load_parts(tale, txn, arrival, item, ret);
}

struct passed {
	bool supplied; /* by tale->to */
	uint32_t gone; /* parts that went there */
};

static struct passed passed(struct sim_tale *tale, struct kai_txn *txn, uint64_t arrival)
{
	const uint8_t *org = sim_node(tale->sim, tale->to)->org.root.key;
	struct passed ret = {.gone = 0};
	struct kai_released released;
	struct kai_peer peer;
	struct kai_span bytes;

	if (!kai_rec_peer(txn, org, tale->arena, &peer))
		return ret;
	struct kai_key key = kai_key_pair(arrival, (uint16_t)peer.number);

	ret.supplied = kai_txn_get(txn, KAI_TABLE_SUPPLY, kai_key_span(&key), &bytes);
	if (kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, tale->arena,
			&released))
		ret.gone = (uint32_t)released.parts;
	return ret;
}

static bool fits(struct sim_tale *tale, struct kai_txn *txn, uint64_t arrival,
		 enum sim_ware_which which, struct sim_ware *ware)
{
	bool own = kai_id_equal(ware->header.origin, tale->node->org.root.key);
	struct passed to = passed(tale, txn, arrival);

	ware->rest = ware->bits & ~to.gone;
	switch (which) {
	case SIM_WARE_ANY:
		return true;
	case SIM_WARE_OWN:
		return own && (to.gone != 0 || tale->arg % 4 == 3);
	case SIM_WARE_SHARED:
		return !own && (to.supplied || to.gone != 0);
	case SIM_WARE_FOREIGN:
		return !own && !kai_id_equal(ware->header.origin,
					     sim_node(tale->sim, tale->to)->org.root.key);
	case SIM_WARE_FORBIDDEN:
		return !to.supplied && to.gone == 0 && ware->rest != 0 &&
		       !kai_id_equal(ware->header.origin,
				     sim_node(tale->sim, tale->to)->org.root.key);
	case SIM_WARE_ITS:
		return to.supplied && to.gone == 0;
	}
	return false;
}

static size_t newest(struct kai_txn *txn, uint64_t arrivals[LOOKS])
{
	struct kai_index_scan scan;
	size_t count = 0;

	kai_index_all(&scan, txn, 0, true);
	while (count < LOOKS && kai_index_next(&scan, &arrivals[count]))
		count++;
	return count;
}

bool sim_ware_pick(struct sim_tale *tale, enum sim_ware_which which, struct sim_ware *ret)
{
	uint64_t arrivals[LOOKS];
	struct kai_txn *txn;
	bool found = false;

	if (kai_txn_begin(tale->node->store, false, &txn, NULL) != KAI_ERR_OK)
		return false;
	size_t count = newest(txn, arrivals);
	uint64_t first = count == 0 ? 0 : sim_tale_below(tale, count);

	for (size_t i = 0; !found && i < count && i < PICKS; i++) {
		uint64_t arrival = arrivals[(first + i * 7) % count];
		size_t mark = tale->arena->used;
		struct kai_item item;

		found = kai_rec_item(txn, arrival, tale->arena, &item) &&
			load(tale, txn, arrival, &item, ret) &&
			fits(tale, txn, arrival, which, ret);
		if (!found)
			tale->arena->used = mark;
		tale->arena->full = false;
	}
	kai_txn_abort(txn);
	return found;
}
