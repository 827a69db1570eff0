/* SPDX-License-Identifier: Apache-2.0 */
/* A statement of how far we are with items, for a link or for a bundle. */
#include <stdlib.h>
#include <string.h>

#include "receipt.h"
#include "trust.h"

#define BODY_ROOM 24576u /* of a statement's entries; well below the bound of its body */
#define ENTRY_ROOM 128u	 /* of an entry without its texts */

bool kai_telling_init(struct kai_turn *turn, struct kai_telling *ret)
{
	*ret = (struct kai_telling){.room = BODY_ROOM};
	ret->entries = kai_arena_take(turn->scratch, KAI_MAX_ENTRIES * sizeof(*ret->entries));
	ret->told = calloc(KAI_MAX_ENTRIES, sizeof(*ret->told));
	if (ret->entries != NULL && ret->told != NULL)
		return true;
	free(ret->told);
	kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
	return false;
}

bool kai_telling_fits(const struct kai_telling *batch)
{
	return batch->count + KAI_LEVEL_FORWARDED <= KAI_MAX_ENTRIES &&
	       batch->room >=
		       (ENTRY_ROOM + KAI_MAX_TEXT + KAI_MAX_SHORT) * (size_t)KAI_LEVEL_FORWARDED;
}

static void add_entry(struct kai_telling *batch, const uint8_t id[KAI_ID_LEN],
		      const struct kai_reached *reached)
{
	struct kai_receipt_entry *entry = &batch->entries[batch->count++];

	*entry = (struct kai_receipt_entry){.level = reached->level,
					    .at = reached->at > 0 ? reached->at : 1,
					    .action = reached->action,
					    .role = reached->role,
					    .note = reached->note,
					    .forwarded = reached->forwarded,
					    .below = reached->below};
	memcpy(entry->id, id, KAI_ID_LEN);
	batch->room -= ENTRY_ROOM + reached->role.len + reached->note.len;
	batch->person |= kai_level_of_person(reached->level);
}

uint64_t kai_telling_add(struct kai_turn *turn, uint64_t arrival, uint64_t levels,
			 struct kai_telling *batch, int64_t *ret_wait_ms)
{
	size_t mark = turn->scratch->used;
	struct kai_reached delivered = {.level = KAI_LEVEL_DELIVERED};
	struct kai_receipt_rec own = {.levels_count = 0};
	struct kai_reached counted;
	uint8_t id[KAI_ID_LEN];
	struct kai_item item;
	uint64_t told = 0;

	if (!kai_rec_item(turn->txn, arrival, turn->scratch, &item))
		return 0;
	memcpy(id, item.id, KAI_ID_LEN);
	delivered.at = item.received_at;
	turn->scratch->used = mark;
	(void)kai_receipt_read(turn, arrival, 0, &own);
	if ((levels & KAI_LEVEL_BIT(KAI_LEVEL_DELIVERED)) != 0) {
		add_entry(batch, id, &delivered);
		told |= KAI_LEVEL_BIT(KAI_LEVEL_DELIVERED);
	}
	for (size_t i = 0; i < own.levels_count; i++) {
		if (!kai_level_of_person(own.levels[i].level) ||
		    (levels & KAI_LEVEL_BIT(own.levels[i].level)) == 0)
			continue;
		add_entry(batch, id, &own.levels[i]);
		told |= KAI_LEVEL_BIT(own.levels[i].level);
	}
	if ((levels & KAI_LEVEL_BIT(KAI_LEVEL_FORWARDED)) != 0 &&
	    kai_rollup_tell(turn, arrival, &counted, ret_wait_ms)) {
		add_entry(batch, id, &counted);
		told |= KAI_LEVEL_BIT(KAI_LEVEL_FORWARDED);
	}
	if (told == 0)
		kai_scratch_back(turn, mark);
	return told;
}

static int by_id_and_level(const void *left, const void *right)
{
	const struct kai_receipt_entry *a = left;
	const struct kai_receipt_entry *b = right;
	int ids = memcmp(a->id, b->id, KAI_ID_LEN);

	return ids != 0 ? ids : (a->level > b->level) - (a->level < b->level);
}

struct kai_span kai_telling_sign(struct kai_turn *turn, const struct kai_link *link,
				 struct kai_telling *batch, uint8_t ret_digest[KAI_ID_LEN])
{
	const struct kai_engine_config *config = &turn->engine->config;
	const struct kai_sign_pair *pair = batch->person ? &config->duty : &config->system;
	struct kai_receipt receipt = {.version = KAI_VERSION,
				      .at = (uint64_t)turn->event->wall.ms,
				      .entries = batch->entries,
				      .entries_count = batch->count};

	if (!kai_turn_may_sign(turn, pair, batch->person ? KAI_ROLE_DUTY : KAI_ROLE_SYSTEM))
		return kai_span(NULL, 0);
	qsort(batch->entries, batch->count, sizeof(*batch->entries), by_id_and_level);
	memcpy(receipt.realm, config->realm, KAI_REALM_LEN);
	memcpy(receipt.org, config->org, KAI_ID_LEN);
	memcpy(receipt.to, link->org, KAI_ID_LEN);
	kai_journal_newest(turn->txn, receipt.head);
	return kai_receipt_make(&receipt, pair->key, pair->secret, turn->scratch, ret_digest);
}
