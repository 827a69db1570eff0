/* SPDX-License-Identifier: Apache-2.0 */
/* All checkers in the order in which they are asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

const struct sim_checker *const sim_checkers[] = {&sim_check_sight,
#define X(name) &sim_check_##name,
						  SIM_X_CHECK(X)
#undef X
							  & sim_check_sight_over,
						  NULL};

void *sim_check_room(size_t count, size_t size)
{
	void *at = calloc(count == 0 ? 1 : count, size);

	if (at == NULL) {
		(void)fputs("sim: out of memory for the checkers\n", stderr);
		exit(1);
	}
	return at;
}

void *sim_check_more(void *list, size_t count, size_t *cap, size_t size)
{
	void *at = list;

	if (count == *cap) {
		*cap = *cap == 0 ? 16 : *cap * 2;
		at = sim_check_room(*cap, size);
		if (count > 0)
			memcpy(at, list, count * size);
		free(list);
	}
	return at;
}

bool sim_check_hears(const struct sim *sim, const struct sim_frame *frame)
{
	return !frame->forged && sim_sight_of(sim)->read && sim_is_honest(sim, frame->from);
}
