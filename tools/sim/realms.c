/* SPDX-License-Identifier: Apache-2.0 */
/* What is true of drills: who directed which, and what was published in it. Never shrinks in a run. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "kairan/drill.h"
#include "kairan/rec.h"

#define ARENA_LEN ((size_t)256 * 1024)

struct sim_realms {
	struct sim_realm **list; /* what is given out stays where it is */
	uint32_t count, cap;
	struct sim_realm_item *items;
	uint32_t item_count, item_cap;
};

static void *need(void *at)
{
	if (at == NULL) {
		(void)fputs("sim: out of memory\n", stderr);
		exit(1);
	}
	return at;
}

struct sim_realms *sim_realms_new(void)
{
	return need(calloc(1, sizeof(struct sim_realms)));
}

void sim_realms_free(struct sim_realms *realms)
{
	if (realms == NULL)
		return;
	for (uint32_t i = 0; i < realms->count; i++)
		free(realms->list[i]);
	free(realms->list);
	free(realms->items);
	free(realms);
}

/* ---- drills ---- */

static uint32_t index_of(const struct sim *sim, const uint8_t realm[KAI_REALM_LEN])
{
	const struct sim_realms *realms = sim_realms_of(sim);

	for (uint32_t i = 0; i < realms->count; i++)
		if (memcmp(realms->list[i]->realm, realm, KAI_REALM_LEN) == 0)
			return i;
	return UINT32_MAX;
}

const struct sim_realm *sim_realms_at(const struct sim *sim, uint32_t index)
{
	const struct sim_realms *realms = sim_realms_of(sim);

	return index < realms->count ? realms->list[index] : NULL;
}

const struct sim_realm *sim_realms_find(const struct sim *sim, const uint8_t realm[KAI_REALM_LEN])
{
	return sim_realms_at(sim, index_of(sim, realm));
}

static void fill(const struct sim *sim, const struct kai_drill_held *held, struct sim_realm *ret)
{
	const struct kai_drill *drill = &held->drill;

	memcpy(ret->realm, drill->realm, KAI_REALM_LEN);
	memcpy(ret->digest, held->digest, KAI_ID_LEN);
	ret->level = drill->level;
	ret->from = (int64_t)drill->from;
	ret->until = (int64_t)drill->until;
	ret->made_ms = sim_now(sim);
	for (size_t i = 0; i < drill->participants_count; i++) {
		const struct sim_node *node = sim_node_of(sim, drill->participants[i]);

		if (node != NULL)
			ret->participants[ret->participant_count++] = node->number;
	}
}

uint32_t sim_realms_add(struct sim *sim, const struct sim_node *director,
			const uint8_t realm[KAI_REALM_LEN], uint32_t op)
{
	struct sim_realms *realms = sim_realms_of(sim);
	struct kai_arena arena = {need(malloc(ARENA_LEN)), ARENA_LEN, 0, false};
	struct sim_realm made = {.director = director->number, .op = op};
	struct kai_drill_held held;
	struct kai_txn *txn = NULL;
	bool found = kai_txn_begin(director->store, false, &txn, NULL) == KAI_ERR_OK &&
		     kai_rec_drill(txn, realm, &arena, &held);

	if (found)
		fill(sim, &held, &made);
	kai_txn_abort(txn);
	free(arena.at);
	if (!found)
		return UINT32_MAX;
	if (realms->count == realms->cap) {
		realms->cap = realms->cap == 0 ? 8 : 2 * realms->cap;
		realms->list =
			need(realloc(realms->list, realms->cap * sizeof(struct sim_realm *)));
	}
	struct sim_realm *kept = need(malloc(sizeof(*kept)));

	*kept = made;
	realms->list[realms->count] = kept;
	return realms->count++;
}

/* ---- what was published in them ---- */

void sim_realms_add_item(struct sim *sim, const uint8_t realm[KAI_REALM_LEN],
			 const uint8_t id[KAI_ID_LEN], uint32_t origin)
{
	struct sim_realms *realms = sim_realms_of(sim);

	if (realms->item_count == realms->item_cap) {
		realms->item_cap = realms->item_cap == 0 ? 32 : 2 * realms->item_cap;
		realms->items =
			need(realloc(realms->items, realms->item_cap * sizeof(*realms->items)));
	}
	struct sim_realm_item *item = &realms->items[realms->item_count++];

	*item = (struct sim_realm_item){.realm = index_of(sim, realm), .origin = origin};
	memcpy(item->id, id, KAI_ID_LEN);
}

const struct sim_realm_item *sim_realms_item_at(const struct sim *sim, uint32_t index)
{
	const struct sim_realms *realms = sim_realms_of(sim);

	return index < realms->item_count ? &realms->items[index] : NULL;
}

const struct sim_realm_item *sim_realms_find_item(const struct sim *sim,
						  const uint8_t id[KAI_ID_LEN])
{
	const struct sim_realms *realms = sim_realms_of(sim);

	for (uint32_t i = 0; i < realms->item_count; i++)
		if (kai_id_equal(realms->items[i].id, id))
			return &realms->items[i];
	return NULL;
}
