/* SPDX-License-Identifier: Apache-2.0 */
#include "map.h"

#include <stdlib.h>

#include "checks.h"

static size_t slot_of(const struct sim_map *map, uint64_t key)
{
	size_t slot = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (map->cap - 1);

	while (map->at[slot][0] != 0 && map->at[slot][0] != key)
		slot = (slot + 1) & (map->cap - 1);
	return slot;
}

static void grow(struct sim_map *map)
{
	struct sim_map bigger = {.count = map->count, .cap = map->cap == 0 ? 256 : map->cap * 2};

	bigger.at = sim_check_room(bigger.cap, sizeof(*bigger.at));
	for (size_t i = 0; i < map->cap; i++) {
		if (map->at[i][0] != 0) {
			size_t slot = slot_of(&bigger, map->at[i][0]);

			bigger.at[slot][0] = map->at[i][0];
			bigger.at[slot][1] = map->at[i][1];
		}
	}
	free(map->at);
	*map = bigger;
}

uint64_t *sim_map_at(struct sim_map *map, uint64_t key)
{
	if (map->count * 2 >= map->cap)
		grow(map);
	size_t slot = slot_of(map, key);

	if (map->at[slot][0] == 0) {
		map->at[slot][0] = key;
		map->count++;
	}
	return &map->at[slot][1];
}

uint64_t sim_map_get(const struct sim_map *map, uint64_t key)
{
	return map->cap == 0 ? 0 : map->at[slot_of(map, key)][1];
}

void sim_map_done(struct sim_map *map)
{
	free(map->at);
	*map = (struct sim_map){.at = NULL};
}

uint64_t sim_map_key(uint32_t from, uint32_t to, uint32_t number)
{
	return (uint64_t)(from + 1) << 44 | (uint64_t)to << 24 | number;
}
