/* SPDX-License-Identifier: Apache-2.0 */
#include "spread.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64u
#define MOST_CAP ((size_t)2 * KAI_WINDOW) /* so that packing frees at least half */
#define NO_SLOT UINT16_MAX

void kai_window_done(struct kai_window *window)
{
	free(window->at);
	free(window->slots);
	*window = (struct kai_window){.salt = 0};
}

static size_t slot_of(const struct kai_window *window, const uint8_t id[KAI_ID_LEN])
{
	uint64_t mixed = (kai_get_be64(id) ^ window->salt) * 0x9e3779b97f4a7c15u;

	return (size_t)(mixed >> 32) & (window->slot_count - 1);
}

static void index_entry(struct kai_window *window, size_t place)
{
	size_t slot = slot_of(window, window->at[place].id);

	while (window->slots[slot] != NO_SLOT)
		slot = (slot + 1) & (window->slot_count - 1);
	window->slots[slot] = (uint16_t)place;
}

/* Drops settled entries and indexes the rest anew. */
static void pack(struct kai_window *window)
{
	size_t kept = 0;

	for (size_t i = 0; i < window->count; i++)
		if (!window->at[i].settled)
			window->at[kept++] = window->at[i];
	window->count = kept;
	window->first = 0;
	for (size_t i = 0; i < window->slot_count; i++)
		window->slots[i] = NO_SLOT;
	for (size_t i = 0; i < kept; i++)
		index_entry(window, i);
}

static bool grow(struct kai_window *window, size_t cap)
{
	struct kai_offered *at = realloc(window->at, cap * sizeof(*at));

	if (at == NULL)
		return false;
	window->at = at;
	uint16_t *slots = realloc(window->slots, 2 * cap * sizeof(*slots));

	if (slots == NULL)
		return false;
	window->slots = slots;
	window->slot_count = 2 * cap;
	window->cap = cap;
	return true;
}

/* Room for one more entry. */
static bool make_room(struct kai_window *window)
{
	if (window->count < window->cap)
		return true;
	if (window->open > window->cap / 2 || window->cap == 0) {
		size_t cap = window->cap == 0 ? FIRST_CAP : window->cap * 2;

		if (cap > MOST_CAP || !grow(window, cap))
			return false;
	}
	pack(window);
	return window->count < window->cap;
}

struct kai_offered *kai_window_find(struct kai_window *window, const uint8_t id[KAI_ID_LEN])
{
	if (window->slot_count == 0)
		return NULL;
	for (size_t slot = slot_of(window, id); window->slots[slot] != NO_SLOT;
	     slot = (slot + 1) & (window->slot_count - 1)) {
		struct kai_offered *offered = &window->at[window->slots[slot]];

		if (!offered->settled && kai_id_equal(offered->id, id))
			return offered;
	}
	return NULL;
}

struct kai_offered *kai_window_add(struct kai_window *window, const uint8_t id[KAI_ID_LEN],
				   uint64_t position)
{
	if (!make_room(window))
		return NULL;
	struct kai_offered *offered = &window->at[window->count];

	*offered = (struct kai_offered){.position = position, .retry_at = INT64_MAX};
	memcpy(offered->id, id, KAI_ID_LEN);
	index_entry(window, window->count);
	window->count++;
	window->open++;
	return offered;
}

void kai_window_settle(struct kai_window *window, struct kai_offered *offered)
{
	if (offered->settled)
		return;
	offered->settled = true;
	window->open--;
	while (window->first < window->count && window->at[window->first].settled)
		window->first++;
}

uint64_t kai_window_low(struct kai_window *window, uint64_t walked)
{
	if (window->open == 0)
		return walked;
	uint64_t position = window->at[window->first].position;

	return position > 0 && position - 1 < walked ? position - 1 : walked;
}

void kai_lane_done(struct kai_lane *lane)
{
	free(lane->at);
	*lane = (struct kai_lane){.at = NULL};
}

struct kai_order *kai_lane_add(struct kai_lane *lane)
{
	if (lane->count == lane->cap) {
		size_t cap = lane->cap == 0 ? 16 : lane->cap * 2;
		struct kai_order *at = malloc(cap * sizeof(*at));

		if (at == NULL)
			return NULL;
		for (size_t i = 0; i < lane->count; i++)
			at[i] = lane->at[(lane->head + i) % lane->cap];
		free(lane->at);
		lane->at = at;
		lane->cap = cap;
		lane->head = 0;
	}
	struct kai_order *wanted = &lane->at[(lane->head + lane->count++) % lane->cap];

	*wanted = (struct kai_order){.started = false};
	return wanted;
}

struct kai_order *kai_lane_first(struct kai_lane *lane)
{
	return lane->count > 0 ? &lane->at[lane->head] : NULL;
}

void kai_lane_drop(struct kai_lane *lane)
{
	if (lane->count == 0)
		return;
	lane->head = (lane->head + 1) % lane->cap;
	lane->count--;
}
