/* SPDX-License-Identifier: Apache-2.0 */
/* A map from number to number that only grows: open addressing. Zeroed is empty; keys are not 0. One thread. */
#ifndef KAIRAN_SIM_MAP_H
#define KAIRAN_SIM_MAP_H

#include <stddef.h>
#include <stdint.h>

struct sim_map {
	uint64_t (*at)[2];
	size_t count, cap;
};

/* The value of a key, made 0 when it was not there. Good until the next call. */
uint64_t *sim_map_at(struct sim_map *map, uint64_t key);
/* 0 when it is not there. */
uint64_t sim_map_get(const struct sim_map *map, uint64_t key);
void sim_map_done(struct sim_map *map);
/* Of a directed pair of nodes and a third number below 2^24. */
uint64_t sim_map_key(uint32_t from, uint32_t to, uint32_t number);

#endif
