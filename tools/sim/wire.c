/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of a link, as a sender's three lanes, its transmitter and a pipe that keeps order: the alerts'
 * lane passes what still waits in the sender, drills wait for all that is live, nothing passes what was
 * transmitted.
 */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define URGENT_BACKLOG ((size_t)16 * 1024 * 1024) /* as the daemon's: then the link ends */
#define BULK_BACKLOG ((size_t)32 * 1024 * 1024)
#define DRILL_BACKLOG ((size_t)16 * 1024 * 1024) /* then what comes is lost, the link stays */
#define PIPE_BYTES ((size_t)4 * 1024 * 1024) /* transmitted and not read: then the sender waits */
#define FULL_MS 5			     /* between looks at an inbox without room */

/* ---- lists ---- */

void sim_packets_put(struct sim_packets *list, struct sim_packet *packet)
{
	packet->next = NULL;
	if (list->tail == NULL)
		list->head = packet;
	else
		list->tail->next = packet;
	list->tail = packet;
	list->bytes += packet->frame.bytes.len;
}

struct sim_packet *sim_packets_take(struct sim_packets *list)
{
	struct sim_packet *packet = list->head;

	if (packet == NULL)
		return NULL;
	list->head = packet->next;
	if (list->head == NULL)
		list->tail = NULL;
	list->bytes -= packet->frame.bytes.len;
	return packet;
}

void sim_packets_drop(struct sim_packets *list)
{
	struct sim_packet *packet;

	while ((packet = sim_packets_take(list)) != NULL)
		free(packet);
}

struct sim_packet *sim_packet_new(struct kai_span bytes)
{
	struct sim_packet *packet = sim_alloc(sizeof(*packet) + bytes.len);

	memset(packet, 0, sizeof(*packet));
	if (bytes.len > 0)
		memcpy(packet->bytes, bytes.at, bytes.len);
	packet->frame.bytes = kai_span(packet->bytes, bytes.len);
	packet->frame.type = sim_frame_type(bytes);
	return packet;
}

/* ---- the transmitter ---- */

static struct sim_node *sender(const struct sim_way *way)
{
	return way->edge->ends[way->from];
}

static struct sim_node *receiver(const struct sim_way *way)
{
	return way->edge->ends[1 - way->from];
}

static void expect(struct sim *sim, struct sim_way *way)
{
	if (way->arriving || way->under_way.head == NULL || sim_way_blocked(sim, way))
		return;
	int64_t due_ms = way->under_way.head->frame.due_ms;

	way->arriving = true;
	sim_queue_put(&sim->queue, due_ms > sim->now_ms ? due_ms : sim->now_ms, SIM_EVENT_ARRIVE,
		      way->stamp, way);
}

static void transmit(struct sim *sim, struct sim_way *way, struct sim_packet *packet)
{
	const struct sim_pace *pace = &way->edge->pace;
	int64_t now_us = sim->now_ms * 1000;
	int64_t due_ms = sim->now_ms + pace->delay_ms;

	if (way->free_us < now_us)
		way->free_us = now_us;
	if (pace->kbytes_per_s > 0)
		way->free_us += (int64_t)packet->frame.bytes.len * 1000 / pace->kbytes_per_s;
	due_ms += (way->free_us - now_us) / 1000;
	if (pace->jitter_ms > 0)
		due_ms += (int64_t)sim_random_below(sim->plan->seed, "jitter", packet->frame.number,
						    0, (uint64_t)pace->jitter_ms + 1);
	if (due_ms < way->arrives_ms)
		due_ms = way->arrives_ms;
	way->arrives_ms = due_ms;
	packet->frame.due_ms = due_ms;
	sim_packets_put(&way->under_way, packet);
}

static struct sim_packets *next_lane(struct sim_way *way)
{
	if (way->urgent.head != NULL)
		return &way->urgent;
	return way->bulk.head != NULL ? &way->bulk : &way->drill;
}

void sim_way_pump(struct sim *sim, struct sim_way *way)
{
	while (next_lane(way)->head != NULL) {
		if (way->under_way.bytes > PIPE_BYTES)
			break; /* goes on when something arrived */
		if (way->free_us >= (sim->now_ms + 1) * 1000) {
			if (!way->sending)
				sim_queue_put(&sim->queue, way->free_us / 1000, SIM_EVENT_SEND,
					      way->stamp, way);
			way->sending = true;
			break;
		}
		transmit(sim, way, sim_packets_take(next_lane(way)));
	}
	expect(sim, way);
}

void sim_way_put(struct sim *sim, struct sim_way *way, struct sim_packet *packet)
{
	if (packet->drill && way->drill.bytes + packet->frame.bytes.len > DRILL_BACKLOG) {
		free(packet);
		return;
	}
	sim_packets_put(packet->drill	       ? &way->drill
			: packet->frame.urgent ? &way->urgent
					       : &way->bulk,
			packet);
	if (way->urgent.bytes > URGENT_BACKLOG || way->bulk.bytes > BULK_BACKLOG) {
		sim_net_end(sim, sender(way), receiver(way)->number, packet->link);
		return;
	}
	sim_way_pump(sim, way);
}

/* ---- the other end ---- */

static void deliver(struct sim *sim, struct sim_way *way, struct sim_packet *packet)
{
	unsigned to = 1 - way->from;
	struct sim_input *input;

	if (packet->fin) {
		if (way->edge->link[to] == packet->link)
			sim_net_end(sim, receiver(way), sender(way)->number, packet->link);
		free(packet);
		return;
	}
	if (way->edge->link[to] != packet->link) {
		free(packet);
		return;
	}
	packet->frame.due_ms = sim->now_ms;
	input = sim_input_new(SIM_INPUT_FRAME);
	input->edge = way->edge;
	input->link = packet->link;
	input->packet = packet;
	sim_node_put(sim, receiver(way), input);
}

void sim_way_arrive(struct sim *sim, struct sim_way *way)
{
	way->arriving = false;
	while (way->under_way.head != NULL && !sim_way_blocked(sim, way)) {
		struct sim_packet *packet = way->under_way.head;

		if (packet->frame.due_ms > sim->now_ms)
			break;
		if (!packet->fin && !sim_node_has_room(receiver(way))) {
			way->arriving = true;
			sim_queue_put(&sim->queue, sim->now_ms + FULL_MS, SIM_EVENT_ARRIVE,
				      way->stamp, way);
			return;
		}
		(void)sim_packets_take(&way->under_way);
		deliver(sim, way, packet);
	}
	sim_way_pump(sim, way);
}

/* ---- loss ---- */

void sim_way_lose(struct sim_way *way)
{
	sim_packets_drop(&way->urgent);
	sim_packets_drop(&way->bulk);
	sim_packets_drop(&way->drill);
	sim_packets_drop(&way->under_way);
	sim_packets_drop(&way->kept);
	way->stamp++;
	way->sending = false;
	way->arriving = false;
	way->free_us = 0;
	way->arrives_ms = 0;
}

static void keep_some(struct sim *sim, struct sim_packets *from, struct sim_packets *kept,
		      unsigned percent)
{
	struct sim_packet *packet;

	while ((packet = sim_packets_take(from)) != NULL) {
		if (!packet->fin && sim_random_below(sim->plan->seed, "requeue",
						     packet->frame.number, 0, 100) < percent)
			sim_packets_put(kept, packet);
		else
			free(packet);
	}
}

void sim_way_keep(struct sim *sim, struct sim_way *way, unsigned percent)
{
	struct sim_packets kept = {0};

	keep_some(sim, &way->kept, &kept, percent);
	keep_some(sim, &way->under_way, &kept, percent);
	keep_some(sim, &way->urgent, &kept, percent);
	keep_some(sim, &way->bulk, &kept, percent);
	keep_some(sim, &way->drill, &kept, percent);
	sim_way_lose(way);
	way->kept = kept;
}

void sim_way_revive(struct sim *sim, struct sim_way *way, uint64_t link)
{
	struct sim_packets kept = way->kept;
	struct sim_packet *packet;

	way->kept = (struct sim_packets){0};
	while ((packet = sim_packets_take(&kept)) != NULL) {
		packet->link = link;
		transmit(sim, way, packet);
	}
	expect(sim, way);
}
