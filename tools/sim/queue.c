/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->sequence < b->sequence;
}

void sim_queue_put(struct sim_queue *queue, int64_t at_ms, enum sim_event_type type, uint32_t stamp,
		   void *what)
{
	struct sim_event event = {at_ms, queue->sequence++, type, stamp, what};
	size_t at = queue->count++;

	if (queue->count > queue->cap) {
		queue->cap = queue->cap == 0 ? 1024 : queue->cap * 2;
		queue->events = sim_grow(queue->events, queue->cap * sizeof(event));
	}
	while (at > 0 && before(&event, &queue->events[(at - 1) / 2])) {
		queue->events[at] = queue->events[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	queue->events[at] = event;
}

int64_t sim_queue_next_ms(const struct sim_queue *queue)
{
	return queue->count == 0 ? INT64_MAX : queue->events[0].at_ms;
}

struct sim_event sim_queue_take(struct sim_queue *queue)
{
	struct sim_event first = queue->events[0];
	struct sim_event last = queue->events[--queue->count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < queue->count &&
		    before(&queue->events[child + 1], &queue->events[child]))
			child++;
		if (child >= queue->count || !before(&queue->events[child], &last))
			break;
		queue->events[at] = queue->events[child];
		at = child;
	}
	queue->events[at] = last;
	return first;
}
