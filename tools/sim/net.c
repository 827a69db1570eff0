/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections between nodes as the daemon makes them: of two that know each other the one with the lower id
 * dials, waits longer after each failure, and each end learns in its own time that one is gone.
 */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_MS 500   /* before the second attempt to dial … */
#define LAST_MS 30000  /* … doubling up to this */
#define STOOD_MS 10000 /* a connection that stood this long starts over at FIRST_MS */
#define START_MS 200   /* the first attempts after a start are spread over this */

/* ---- edges ---- */

static size_t slot(const struct sim_net *net, uint32_t low, uint32_t high)
{
	uint64_t mixed = ((uint64_t)low << 32 | high) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(mixed >> 32) & (net->table_len - 1);
}

static void grow_table(struct sim_net *net)
{
	if (net->edge_count < net->table_len)
		return;
	net->table_len = net->table_len == 0 ? 1024 : net->table_len * 2;
	free(net->table);
	net->table = sim_alloc(net->table_len * sizeof(struct sim_edge *));
	memset(net->table, 0, net->table_len * sizeof(struct sim_edge *));
	for (size_t i = 0; i < net->edge_count; i++) {
		struct sim_edge *edge = net->all[i];
		size_t at = slot(net, edge->ends[0]->number, edge->ends[1]->number);

		edge->next = net->table[at];
		net->table[at] = edge;
	}
}

static struct sim_edge *find_edge(const struct sim *sim, uint32_t a, uint32_t b)
{
	const struct sim_net *net = &sim->net;
	uint32_t low = a < b ? a : b, high = a < b ? b : a;
	struct sim_edge *edge = net->table_len == 0 ? NULL : net->table[slot(net, low, high)];

	while (edge != NULL && (edge->ends[0]->number != low || edge->ends[1]->number != high))
		edge = edge->next;
	return edge;
}

static void list_edge(struct sim_node *node, struct sim_edge *edge)
{
	struct sim_life *life = node->life;

	if (life->edge_count == life->edge_cap) {
		life->edge_cap = life->edge_cap == 0 ? 4 : life->edge_cap * 2;
		life->edges = sim_grow(life->edges, life->edge_cap * sizeof(struct sim_edge *));
	}
	life->edges[life->edge_count++] = edge;
}

static struct sim_edge *need_edge(struct sim *sim, uint32_t a, uint32_t b)
{
	struct sim_net *net = &sim->net;
	struct sim_edge *edge = find_edge(sim, a, b);

	if (edge != NULL)
		return edge;
	grow_table(net);
	edge = sim_alloc(sizeof(*edge));
	memset(edge, 0, sizeof(*edge));
	edge->ends[0] = &sim->nodes[a < b ? a : b];
	edge->ends[1] = &sim->nodes[a < b ? b : a];
	edge->pace = sim->pace;
	for (unsigned i = 0; i < 2; i++) {
		edge->ways[i].edge = edge;
		edge->ways[i].from = i;
		list_edge(edge->ends[i], edge);
	}
	if (net->edge_count == net->all_cap) {
		net->all_cap = net->all_cap == 0 ? 256 : net->all_cap * 2;
		net->all = sim_grow(net->all, net->all_cap * sizeof(struct sim_edge *));
	}
	net->all[net->edge_count++] = edge;
	size_t at = slot(net, edge->ends[0]->number, edge->ends[1]->number);

	edge->next = net->table[at];
	net->table[at] = edge;
	return edge;
}

unsigned sim_edge_end(const struct sim_edge *edge, const struct sim_node *node)
{
	return edge->ends[0] == node ? 0 : 1;
}

void sim_net_done(struct sim *sim)
{
	for (size_t i = 0; i < sim->net.edge_count; i++) {
		for (unsigned way = 0; way < 2; way++)
			sim_way_lose(&sim->net.all[i]->ways[way]);
		free(sim->net.all[i]);
	}
	free(sim->net.all);
	free(sim->net.table);
	free(sim->net.partitions);
}

/* ---- telling the loops ---- */

static void tell(struct sim *sim, struct sim_edge *edge, unsigned end, enum sim_input_type type,
		 uint64_t link)
{
	struct sim_node *node = edge->ends[end];

	edge->told[end] = type == SIM_INPUT_UP ? link : 0;
	if (node->engine == NULL || node->read_only)
		return;
	struct sim_input *input = sim_input_new(type);

	input->edge = edge;
	input->link = link;
	sim_node_put(sim, node, input);
}

bool sim_edge_event(const struct sim_node *node, const struct sim_input *input,
		    struct kai_event *ret)
{
	struct sim_edge *edge = input->edge;
	unsigned end = sim_edge_end(edge, node);

	*ret = (struct kai_event){0};
	memcpy(ret->org, edge->ends[1 - end]->config.org, KAI_ID_LEN);
	switch (input->type) {
	case SIM_INPUT_FRAME:
		ret->type = KAI_EVENT_FRAME;
		return edge->session[end] == input->link;
	case SIM_INPUT_UP:
		ret->type = KAI_EVENT_LINK_UP;
		edge->session[end] = input->link;
		return true;
	case SIM_INPUT_DOWN:
		ret->type = KAI_EVENT_LINK_DOWN;
		if (edge->session[end] != input->link)
			return false;
		edge->session[end] = 0;
		return true;
	case SIM_INPUT_CONTROL:
	case SIM_INPUT_CALLED:
		return false;
	}
	return false;
}

uint64_t sim_net_session(struct sim *sim, uint32_t node, uint32_t peer)
{
	const struct sim_edge *edge = find_edge(sim, node, peer);

	return edge == NULL ? 0 : edge->session[sim_edge_end(edge, &sim->nodes[node])];
}

/* ---- dialling ---- */

/* Of two that can dial each other the one with the lower id does. */
static unsigned dialler(const struct sim_edge *edge)
{
	return memcmp(edge->ends[0]->config.org, edge->ends[1]->config.org, KAI_ID_LEN) < 0 ? 0 : 1;
}

static void dial_in(struct sim *sim, struct sim_edge *edge, int64_t wait_ms)
{
	sim_queue_put(&sim->queue, sim->now_ms + wait_ms, SIM_EVENT_DIAL, ++edge->dial_stamp, edge);
}

static uint64_t draw(const struct sim *sim, const char *name, const struct sim_edge *edge,
		     uint64_t bound)
{
	uint64_t pair = (uint64_t)edge->ends[0]->number << 32 | edge->ends[1]->number;

	return sim_random_below(sim->plan->seed, name, pair,
				(uint64_t)sim->now_ms << 8 | edge->attempt, bound);
}

/* Half fixed, half random, so that peers of a node that restarts come one by one. */
static void dial_later(struct sim *sim, struct sim_edge *edge)
{
	int64_t wait_ms = FIRST_MS;

	if (sim->now_ms - edge->since_ms > STOOD_MS && edge->stood)
		edge->attempt = 0;
	edge->stood = false;
	for (unsigned i = 0; i < edge->attempt && wait_ms < LAST_MS; i++)
		wait_ms *= 2;
	if (wait_ms > LAST_MS)
		wait_ms = LAST_MS;
	if (edge->attempt < 16)
		edge->attempt++;
	dial_in(sim, edge,
		wait_ms / 2 + (int64_t)draw(sim, "redial", edge, (uint64_t)wait_ms / 2 + 1));
}

/* Its transport at that end is gone; the other end hears so when that gets through. */
static void end_at(struct sim *sim, struct sim_edge *edge, unsigned end)
{
	struct sim_way *way = &edge->ways[end];
	uint64_t link = edge->link[end];

	if (link == 0)
		return;
	edge->link[end] = 0;
	sim_packets_drop(&way->urgent);
	sim_packets_drop(&way->bulk);
	sim_packets_drop(&way->drill);
	tell(sim, edge, end, SIM_INPUT_DOWN, link);
	if (edge->link[1 - end] == link) {
		struct sim_packet *fin = sim_packet_new((struct kai_span){NULL, 0});

		fin->fin = true;
		fin->link = link;
		fin->frame.number = link;
		sim_way_put(sim, way, fin);
	}
	if (end == dialler(edge) && edge->known[end])
		dial_later(sim, edge);
}

static bool is_up(const struct sim_node *node)
{
	return node->engine != NULL && !node->read_only;
}

static void connect_ends(struct sim *sim, struct sim_edge *edge)
{
	unsigned other = 1 - dialler(edge);

	end_at(sim, edge, other); /* replaced: it may be half dead */
	edge->link[0] = edge->link[1] = ++sim->net.links;
	edge->since_ms = sim->now_ms;
	edge->stood = true;
	for (unsigned end = 0; end < 2; end++) {
		tell(sim, edge, end, SIM_INPUT_UP, edge->link[end]);
		sim_way_revive(sim, &edge->ways[end], edge->link[end]);
	}
}

static void dial(struct sim *sim, struct sim_edge *edge)
{
	unsigned end = dialler(edge);

	if (!is_up(edge->ends[end]) || !edge->known[end] || edge->link[end] != 0)
		return;
	if (!is_up(edge->ends[1 - end]) || !edge->known[1 - end] ||
	    sim_way_blocked(sim, &edge->ways[0]) || sim_way_blocked(sim, &edge->ways[1]))
		dial_later(sim, edge);
	else
		connect_ends(sim, edge);
}

/* ---- whom a node knows ---- */

struct listing {
	struct sim *sim;
	struct sim_node *node;
};

static void list_peer(void *context, const struct kai_engine_peer *peer)
{
	const struct listing *listing = context;
	const struct sim_node *other = sim_node_of(listing->sim, peer->org);
	bool has_key = false;

	for (size_t i = 0; other != NULL && i < peer->key_count; i++)
		has_key = has_key || kai_id_equal(peer->keys[i], other->org.node_key);
	if (!has_key || other == listing->node)
		return;
	struct sim_edge *edge = need_edge(listing->sim, listing->node->number, other->number);

	edge->roster[sim_edge_end(edge, listing->node)] = listing->node->life->roster;
}

static void forget(struct sim *sim, struct sim_edge *edge, unsigned end)
{
	edge->known[end] = false;
	end_at(sim, edge, end);
	if (edge->told[end] != 0) /* a blip that will not end */
		tell(sim, edge, end, SIM_INPUT_DOWN, edge->told[end]);
}

void sim_net_roster(struct sim *sim, struct sim_node *node)
{
	struct listing listing = {sim, node};
	struct sim_life *life = node->life;
	struct kai_txn *txn;

	if (kai_txn_begin(node->store, false, &txn, NULL) != KAI_ERR_OK)
		abort(); /* a reader in memory: only without memory */
	life->roster++;
	kai_engine_peers(node->engine, txn, sim_wall(node), list_peer, &listing);
	kai_txn_abort(txn);
	for (size_t i = 0; i < life->edge_count; i++) {
		struct sim_edge *edge = life->edges[i];
		unsigned end = sim_edge_end(edge, node);
		bool known = edge->roster[end] == life->roster;

		if (known && !edge->known[end] && end == dialler(edge)) {
			edge->attempt = 0;
			dial_in(sim, edge, (int64_t)draw(sim, "dial", edge, START_MS));
		}
		if (!known && edge->known[end])
			forget(sim, edge, end);
		edge->known[end] = known;
	}
}

void sim_net_died(struct sim *sim, struct sim_node *node)
{
	struct sim_life *life = node->life;

	for (size_t i = 0; i < life->edge_count; i++) {
		struct sim_edge *edge = life->edges[i];
		unsigned end = sim_edge_end(edge, node);

		edge->known[end] = false;
		end_at(sim, edge, end);
		edge->session[end] = 0;
		edge->told[end] = 0;
		if (edge->link[1 - end] == 0 && edge->told[1 - end] != 0) {
			for (unsigned way = 0; way < 2; way++)
				sim_packets_drop(&edge->ways[way].kept);
			tell(sim, edge, 1 - end, SIM_INPUT_DOWN, edge->told[1 - end]);
		}
	}
}

/* ---- frames ---- */

enum kai_msg_type sim_frame_type(struct kai_span bytes)
{
	/* array head of one byte or three, version, type: small numbers of one byte each */
	size_t at = bytes.len > 0 && bytes.at[0] == 0xdc ? 4 : 2;

	if (bytes.len <= at || bytes.at[at] > KAI_MSG_REALM)
		return (enum kai_msg_type)0;
	return (enum kai_msg_type)bytes.at[at];
}

void sim_net_post(struct sim *sim, struct sim_packet *packet)
{
	struct sim_edge *edge = find_edge(sim, packet->frame.from, packet->frame.to);
	unsigned end = edge == NULL ? 0 : sim_edge_end(edge, &sim->nodes[packet->frame.from]);

	if (edge == NULL || packet->link == 0 || edge->link[end] != packet->link) {
		free(packet);
		return;
	}
	packet->frame.number = ++sim->net.frames;
	packet->frame.sent_ms = sim->now_ms;
	packet->frame.due_ms = sim->now_ms;
	sim->figures.frames++;
	sim->figures.bytes += packet->frame.bytes.len;
	sim_tell_sent(sim, &packet->frame);
	sim_way_put(sim, &edge->ways[end], packet);
}

void sim_net_send(struct sim *sim, uint32_t from, uint32_t to, struct kai_span bytes, bool urgent,
		  bool forged)
{
	const struct sim_edge *edge = find_edge(sim, from, to);
	struct sim_packet *packet;

	if (edge == NULL || bytes.len > KAI_MAX_FRAME)
		return;
	packet = sim_packet_new(bytes);
	packet->frame.from = from;
	packet->frame.to = to;
	packet->frame.urgent = urgent;
	packet->frame.forged = forged;
	packet->link = edge->link[sim_edge_end(edge, &sim->nodes[from])];
	sim_net_post(sim, packet);
}

/* ---- faults ---- */

bool sim_net_linked(const struct sim *sim, uint32_t a, uint32_t b)
{
	const struct sim_edge *edge = find_edge(sim, a, b);

	return edge != NULL && edge->link[0] != 0 && edge->link[0] == edge->link[1];
}

void sim_net_end(struct sim *sim, struct sim_node *node, uint32_t peer, uint64_t link)
{
	struct sim_edge *edge = find_edge(sim, node->number, peer);
	unsigned end = edge == NULL ? 0 : sim_edge_end(edge, node);

	if (edge != NULL && link != 0 && edge->link[end] == link)
		end_at(sim, edge, end);
}

void sim_net_cut(struct sim *sim, uint32_t a, uint32_t b, int64_t back_ms, unsigned requeue)
{
	struct sim_edge *edge = find_edge(sim, a, b);

	if (!sim_net_linked(sim, a, b))
		return;
	for (unsigned end = 0; end < 2; end++) {
		uint64_t link = edge->link[end];

		if (requeue > 0) {
			sim_way_keep(sim, &edge->ways[end], requeue);
		} else {
			sim_way_lose(&edge->ways[end]);
			tell(sim, edge, end, SIM_INPUT_DOWN, link);
		}
	}
	edge->link[0] = edge->link[1] = 0;
	dial_in(sim, edge, back_ms);
}

unsigned sim_net_side(const struct sim *sim, uint32_t node)
{
	return (unsigned)sim_random_below(sim->plan->seed, "side", node, 0, 8);
}

bool sim_way_blocked(const struct sim *sim, const struct sim_way *way)
{
	for (size_t i = 0; i < sim->net.partition_count; i++) {
		const struct sim_partition *cut = &sim->net.partitions[i];
		bool from = (cut->mask >> way->edge->ends[way->from]->life->side & 1) != 0;
		bool to = (cut->mask >> way->edge->ends[1 - way->from]->life->side & 1) != 0;

		if (from != to && (from || !cut->oneway))
			return true;
	}
	return false;
}

void sim_net_partition(struct sim *sim, uint64_t mask, bool oneway, int64_t for_ms)
{
	struct sim_net *net = &sim->net;

	if (net->partition_count == net->partition_cap) {
		net->partition_cap = net->partition_cap == 0 ? 8 : net->partition_cap * 2;
		net->partitions =
			sim_grow(net->partitions, net->partition_cap * sizeof(*net->partitions));
	}
	net->partitions[net->partition_count++] =
		(struct sim_partition){mask, oneway, sim->now_ms + for_ms};
	sim_queue_put(&sim->queue, sim->now_ms + for_ms, SIM_EVENT_HEAL, 0, NULL);
}

static void heal(struct sim *sim, int64_t until_ms)
{
	struct sim_net *net = &sim->net;
	size_t kept = 0;

	for (size_t i = 0; i < net->partition_count; i++)
		if (net->partitions[i].until_ms > until_ms)
			net->partitions[kept++] = net->partitions[i];
	if (kept == net->partition_count)
		return;
	net->partition_count = kept;
	for (size_t i = 0; i < net->edge_count; i++)
		for (unsigned way = 0; way < 2; way++)
			sim_way_pump(sim, &net->all[i]->ways[way]);
}

static void normal(struct sim *sim, struct sim_edge *edge)
{
	edge->pace = sim->pace;
}

void sim_net_delay(struct sim *sim, uint32_t a, uint32_t b, const struct sim_pace *pace,
		   int64_t for_ms)
{
	struct sim_edge *edge = find_edge(sim, a, b);

	if (edge == NULL)
		return;
	edge->pace = *pace;
	sim_queue_put(&sim->queue, sim->now_ms + for_ms, SIM_EVENT_NORMAL, ++edge->cfg_stamp, edge);
}

void sim_net_heal_all(struct sim *sim)
{
	heal(sim, INT64_MAX);
	for (size_t i = 0; i < sim->net.edge_count; i++)
		normal(sim, sim->net.all[i]);
}

/* ---- events ---- */

static void way_event(struct sim *sim, const struct sim_event *event, struct sim_way *way)
{
	if (way->stamp != event->stamp)
		return;
	if (event->type == SIM_EVENT_ARRIVE) {
		sim_way_arrive(sim, way);
		return;
	}
	way->sending = false;
	sim_way_pump(sim, way);
}

void sim_net_event(struct sim *sim, const struct sim_event *event)
{
	struct sim_edge *edge = event->what;

	if (event->type == SIM_EVENT_HEAL)
		heal(sim, sim->now_ms);
	else if (event->type == SIM_EVENT_DIAL && edge->dial_stamp == event->stamp)
		dial(sim, edge);
	else if (event->type == SIM_EVENT_NORMAL && edge->cfg_stamp == event->stamp)
		normal(sim, edge);
	else if (event->type == SIM_EVENT_SEND || event->type == SIM_EVENT_ARRIVE)
		way_event(sim, event, event->what);
}
