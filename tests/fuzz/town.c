/* SPDX-License-Identifier: Apache-2.0 */
#include "town.h"

#include <stdio.h>
#include <string.h>

#include "../unit/net.h"
#include "image.h"
#include "kairan/label.h"

#define ARENA_LEN ((size_t)8 << 20)
#define MEET_MS (5 * KAI_MS_MINUTE)

static struct net *net;
static struct image *images[2][TOWN_NODES]; /* cold, warm */
static struct kai_mono start[2];
static struct town_item known[TOWN_ITEMS];
static size_t known_count;
static struct kai_span terms[TOWN_NODES];

/* ---- founding ---- */

static struct kai_label label(uint64_t tlp, const char *orgs, uint64_t onward)
{
	struct kai_label made = {.tlp = tlp,
				 .audience = calloc(TOWN_NODES, sizeof(*made.audience)),
				 .onward = onward,
				 .attribution = KAI_ATTR_NAMED,
				 .pap = KAI_PAP_CLEAR,
				 .gov_share = 1};

	MUST(made.audience != NULL);
	for (; *orgs != '\0'; orgs++)
		made.audience[made.audience_count++] =
			net_org(net, (unsigned)(strchr("VHRS", *orgs) - "VHRS"));
	kai_audience_sort(made.audience, &made.audience_count);
	return made;
}

/* Who makes what for whom; extra: a second part with a label of its own. */
static const struct plan {
	unsigned origin;
	uint64_t tlp;
	const char *orgs;
	uint64_t onward;
	uint64_t kind;
	size_t extra_len;
	uint64_t extra_tlp;
	const char *extra_orgs;
} plans[] = {
	{TOWN_V, KAI_TLP_CLEAR, "", KAI_ONWARD_ANY, KAI_KIND_SECINFO, 0, 0, NULL},
	{TOWN_V, KAI_TLP_RED, "H", KAI_ONWARD_ANY, KAI_KIND_SECINFO, 0, 0, NULL},
	{TOWN_V, KAI_TLP_AMBER, "HRS", KAI_ONWARD_ANY, KAI_KIND_SECINFO, 900, KAI_TLP_RED, "H"},
	{TOWN_V, KAI_TLP_GREEN, "RS", KAI_ONWARD_NONE, KAI_KIND_ALERT, 0, 0, NULL},
	{TOWN_V, KAI_TLP_CLEAR, "", KAI_ONWARD_NONE, KAI_KIND_SECINFO, 150000, KAI_TLP_AMBER, "HR"},
	{TOWN_H, KAI_TLP_CLEAR, "", KAI_ONWARD_ANY, KAI_KIND_ALERT, 0, 0, NULL},
	{TOWN_H, KAI_TLP_AMBER, "VR", KAI_ONWARD_ANY, KAI_KIND_SECINFO, 300, KAI_TLP_RED, "V"},
	{TOWN_H, KAI_TLP_AMBER_STRICT, "V", KAI_ONWARD_ANY, KAI_KIND_SECINFO, 0, 0, NULL},
	{TOWN_H, KAI_TLP_AMBER, "V", KAI_ONWARD_CONSTITUENCY, KAI_KIND_SECINFO, 0, 0, NULL},
	{TOWN_H, KAI_TLP_RED, "V", KAI_ONWARD_NONE, KAI_KIND_INCIDENT, 0, 0, NULL},
	{TOWN_H, KAI_TLP_CLEAR, "", KAI_ONWARD_NONE, KAI_KIND_SECINFO, 0, 0, NULL},
	{TOWN_H, KAI_TLP_AMBER, "VR", KAI_ONWARD_NONE, KAI_KIND_SECINFO, 0, 0, NULL},
	{TOWN_R, KAI_TLP_CLEAR, "", KAI_ONWARD_CONSTITUENCY, KAI_KIND_SECINFO, 0, 0, NULL},
	{TOWN_R, KAI_TLP_CLEAR, "", KAI_ONWARD_ANY, KAI_KIND_SECINFO, 70000, KAI_TLP_AMBER, "V"},
	{TOWN_R, KAI_TLP_AMBER, "VH", KAI_ONWARD_ANY, KAI_KIND_ALERT, 0, 0, NULL},
	{TOWN_R, KAI_TLP_AMBER, "V", KAI_ONWARD_NONE, KAI_KIND_SECINFO, 0, 0, NULL},
	{TOWN_S, KAI_TLP_CLEAR, "", KAI_ONWARD_ANY, KAI_KIND_SECINFO, 0, 0, NULL},
	{TOWN_S, KAI_TLP_GREEN, "VR", KAI_ONWARD_ANY, KAI_KIND_SECINFO, 0, 0, NULL},
};

static void publish(const struct plan *plan, unsigned number)
{
	const struct kai_label is = label(plan->tlp, plan->orgs, plan->onward);
	struct town_item *item = &known[known_count++];
	struct net_item say = {.kind = plan->kind,
			       .tlp = plan->tlp,
			       .audience_count = is.audience_count,
			       .onward = plan->onward,
			       .attachment = plan->extra_len,
			       .keep = true};
	char title[32];

	(void)snprintf(title, sizeof(title), "item %u", number);
	say.title = title;
	memcpy(say.audience, is.audience, is.audience_count * sizeof(*is.audience));
	item->origin = plan->origin;
	item->label = item->parts[0] = item->parts[1] = is;
	if (plan->extra_tlp != 0) {
		item->parts[1] = label(plan->extra_tlp, plan->extra_orgs, plan->onward);
		say.attachment_label = &item->parts[1];
	}
	net_publish(net, plan->origin, &say, item->id);
}

static void take_images(unsigned warm)
{
	for (unsigned i = 0; i < TOWN_NODES; i++)
		images[warm][i] = image_take(net->nodes[i].store);
	start[warm] = net->mono;
}

void town_found(void)
{
	const struct net_terms partners = {.introduce = true};
	const struct net_terms member = {.ceiling = KAI_TLP_AMBER, .constituency = true};
	const struct net_terms abroad = {
		.ceiling = KAI_TLP_GREEN, .country = "US", .government = true};
	const struct net_terms *const says[TOWN_NODES] = {NULL, &partners, &member, &abroad};

	/* A failed assertion of the net must look like any other finding. */
	MUST(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0);
	net = net_new(TOWN_NODES);
	for (unsigned i = 1; i < TOWN_NODES; i++) {
		(void)net_agree(net, TOWN_V, i, says[i]);
		terms[i] = net_terms_bytes(net, TOWN_V, i, says[i]);
	}
	for (unsigned i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		publish(&plans[i], i);
	take_images(0);
	for (unsigned i = 1; i < TOWN_NODES; i++)
		net_link(net, TOWN_V, i);
	net_pass(net, MEET_MS);
	for (unsigned i = 1; i < TOWN_NODES; i++)
		net_cut(net, TOWN_V, i);
	net_run(net);
	take_images(1);
}

const uint8_t *town_org(unsigned node)
{
	return net->nodes[node].config.org;
}

int town_who(const uint8_t org[KAI_ID_LEN])
{
	for (unsigned i = 0; i < TOWN_NODES; i++)
		if (kai_id_equal(town_org(i), org))
			return (int)i;
	return -1;
}

struct town_keys town_keys(unsigned node)
{
	const struct net_node *is = &net->nodes[node];

	return (struct town_keys){
		.duty = is->duty.key,
		.duty_secret = is->duty.secret,
		.decider = is->decider.key,
		.decider_secret = is->decider.secret,
		.system = is->system.key,
		.system_secret = is->system.secret,
		.seal = is->seal.key,
		.seal_secret = is->seal.secret,
		.card = is->card,
	};
}

struct kai_span town_terms(unsigned peer)
{
	return terms[peer];
}

/* ---- life ---- */

static void start_engine(struct town *town, unsigned node)
{
	struct town_node *is = &town->nodes[node];
	struct kai_event event = {.type = KAI_EVENT_START};

	is->boots++;
	memset(is->config.boot, (int)(0x80 + node), sizeof(is->config.boot));
	kai_put_be64(is->config.boot + 8, is->boots);
	is->engine = NULL;
	is->more = false;
	MUST(kai_engine_new(&is->config, &is->engine) == KAI_ERR_OK);
	town_turn(town, node, &event);
}

struct town *town_open(bool warm, const struct kai_quota *quota, town_look look)
{
	struct town *town = calloc(1, sizeof(*town));

	MUST(town != NULL);
	town->arena = (struct kai_arena){malloc(ARENA_LEN), ARENA_LEN, 0, false};
	MUST(town->arena.at != NULL);
	memcpy(town->items, known, sizeof(known));
	town->item_count = known_count;
	town->mono = start[warm];
	town->look = look;
	for (unsigned i = 0; i < TOWN_NODES; i++) {
		struct town_node *node = &town->nodes[i];

		node->config = net->nodes[i].config;
		if (i == TOWN_V)
			node->config.quota = *quota;
		node->store = image_store(images[warm][i]);
		MUST(kai_out_new(&node->out) == KAI_ERR_OK);
	}
	for (unsigned i = 0; i < TOWN_NODES; i++)
		start_engine(town, i);
	return town;
}

void town_close(struct town *town)
{
	for (unsigned i = 0; i < TOWN_NODES; i++) {
		kai_engine_free(town->nodes[i].engine);
		kai_out_free(town->nodes[i].out);
		kai_store_close(town->nodes[i].store);
	}
	for (size_t i = 0; i < town->queue_count; i++)
		free(town->queue[i].at);
	free(town->arena.at);
	free(town);
}

struct kai_wall town_wall(const struct town *town, unsigned node)
{
	return (struct kai_wall){NET_MS + town->mono.ms + town->nodes[node].skew_ms};
}

struct town_item *town_item(struct town *town, const uint8_t id[KAI_ID_LEN])
{
	for (size_t i = 0; i < town->item_count; i++)
		if (kai_id_equal(town->items[i].id, id))
			return &town->items[i];
	return NULL;
}

struct town_item *town_add(struct town *town, const struct town_item *item)
{
	struct town_item *there = town_item(town, item->id);

	if (there != NULL)
		return there;
	MUST(town->item_count < TOWN_ITEMS);
	there = &town->items[town->item_count++];
	*there = *item;
	return there;
}

/* ---- turns ---- */

static void drop_frames(struct town *town, unsigned a, unsigned b)
{
	size_t kept = 0;

	for (size_t i = 0; i < town->queue_count; i++) {
		struct town_frame *frame = &town->queue[i];

		if ((frame->from == a && frame->to == b) || (frame->from == b && frame->to == a))
			free(frame->at);
		else
			town->queue[kept++] = *frame;
	}
	town->queue_count = kept;
}

/* A queue that is full is a connection that breaks: frames are not lost one by one. */
static void send(struct town *town, unsigned from, const struct kai_output *output)
{
	int to = town_who(output->org);

	MUST(to >= 0);
	if (!town->nodes[from].linked[to])
		return;
	if (town->queue_count == TOWN_QUEUE) {
		town->nodes[from].cut[to] = true;
		return;
	}
	struct town_frame *frame = &town->queue[town->queue_count++];

	*frame = (struct town_frame){from, (unsigned)to, output->bytes.len,
				     malloc(output->bytes.len)};
	MUST(frame->at != NULL);
	memcpy(frame->at, output->bytes.at, frame->len);
}

static void take_outputs(struct town *town, unsigned node)
{
	struct town_node *is = &town->nodes[node];

	for (size_t i = 0; i < kai_out_count(is->out); i++) {
		const struct kai_output *output = kai_out_at(is->out, i);

		if (town->look != NULL)
			town->look(town, node, output);
		if (output->type == KAI_OUTPUT_SEND)
			send(town, node, output);
		else if (output->type == KAI_OUTPUT_CUT && town_who(output->org) >= 0)
			is->cut[town_who(output->org)] = true;
	}
	if (town->look != NULL)
		town->look(town, node, NULL);
}

static bool one_turn(struct town *town, unsigned node, struct kai_event *event)
{
	struct town_node *is = &town->nodes[node];
	bool fail = town->fail_commit && node == TOWN_V && event->type >= KAI_EVENT_FRAME;
	uint8_t seed[32] = {0};
	struct kai_txn *txn;

	kai_put_be64(seed, ++town->entropy);
	kai_expand(seed, "town", node, event->entropy, sizeof(event->entropy));
	event->mono = town->mono;
	event->wall = town_wall(town, node);
	town->turns++;
	kai_out_reset(is->out);
	MUST(kai_txn_begin(is->store, true, &txn, NULL) == KAI_ERR_OK);
	is->more = kai_engine_step(is->engine, txn, event, is->out) || is->more;
	MUST(kai_txn_error(txn) == KAI_ERR_OK);
	if (fail) {
		town->fail_commit = false;
		kai_txn_fail(txn, KAI_ERR_IO);
	}
	enum kai_err err = kai_txn_commit(txn, NULL);

	MUST((err != KAI_ERR_OK) == fail);
	if (!fail)
		take_outputs(town, node);
	return !fail;
}

/* Ends one connection that somebody asked to cut; false when there is none. */
static bool cut_one(struct town *town)
{
	for (unsigned a = 0; a < TOWN_NODES; a++) {
		for (unsigned b = 0; b < TOWN_NODES; b++) {
			if (!town->nodes[a].cut[b])
				continue;
			town->nodes[a].cut[b] = false;
			if (!town->nodes[a].linked[b])
				continue;
			struct kai_event event = {.type = KAI_EVENT_LINK_DOWN};
			struct kai_event other = event;

			town->nodes[a].linked[b] = town->nodes[b].linked[a] = false;
			drop_frames(town, a, b);
			memcpy(event.org, town_org(b), KAI_ID_LEN);
			memcpy(other.org, town_org(a), KAI_ID_LEN);
			(void)one_turn(town, a, &event);
			(void)one_turn(town, b, &other);
			return true;
		}
	}
	return false;
}

void town_turn(struct town *town, unsigned node, struct kai_event *event)
{
	if (!one_turn(town, node, event))
		town_restart(town, node);
	while (cut_one(town))
		continue;
}

void town_restart(struct town *town, unsigned node)
{
	struct town_node *is = &town->nodes[node];

	kai_engine_free(is->engine);
	for (unsigned i = 0; i < TOWN_NODES; i++) {
		struct kai_event event = {.type = KAI_EVENT_LINK_DOWN};

		is->cut[i] = false;
		if (!is->linked[i])
			continue;
		is->linked[i] = town->nodes[i].linked[node] = false;
		drop_frames(town, node, i);
		memcpy(event.org, town_org(node), KAI_ID_LEN);
		(void)one_turn(town, i, &event);
	}
	start_engine(town, node);
}

void town_link(struct town *town, unsigned a, unsigned b, bool up)
{
	struct kai_event event = {.type = KAI_EVENT_LINK_UP};
	struct kai_event other = event;

	if (a == b || town->nodes[a].linked[b] == up)
		return;
	if (!up) {
		town->nodes[a].cut[b] = true;
		while (cut_one(town))
			continue;
		return;
	}
	town->nodes[a].linked[b] = town->nodes[b].linked[a] = true;
	memcpy(event.org, town_org(b), KAI_ID_LEN);
	memcpy(other.org, town_org(a), KAI_ID_LEN);
	town_turn(town, a, &event);
	if (town->nodes[a].linked[b])
		town_turn(town, b, &other);
}

void town_deliver(struct town *town, unsigned from, unsigned to, struct kai_span frame)
{
	static uint8_t memory[KAI_CHECK_ARENA];
	static struct kai_checked checked;
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct kai_event event = {.type = KAI_EVENT_FRAME, .frame = &checked};

	if (!town->nodes[to].linked[from])
		return;
	memcpy(event.org, town_org(from), KAI_ID_LEN);
	kai_frame_check(frame, &arena, &checked);
	town_turn(town, to, &event);
}

bool town_move(struct town *town)
{
	if (town->queue_count > 0) {
		struct town_frame frame = town->queue[0];

		memmove(town->queue, town->queue + 1, --town->queue_count * sizeof(frame));
		town_deliver(town, frame.from, frame.to, kai_span(frame.at, frame.len));
		free(frame.at);
		return true;
	}
	for (unsigned i = 0; i < TOWN_NODES; i++) {
		struct kai_event event = {.type = KAI_EVENT_MORE};

		if (!town->nodes[i].more)
			continue;
		town->nodes[i].more = false;
		town_turn(town, i, &event);
		return true;
	}
	return false;
}

void town_run(struct town *town, size_t most)
{
	bool moved = true;

	for (size_t i = 0; moved && i < most; i++) {
		moved = town_move(town);
		for (unsigned node = 0; node < TOWN_NODES; node++) {
			struct kai_event event = {.type = KAI_EVENT_TIMER};

			if (kai_engine_deadline(town->nodes[node].engine).ms > town->mono.ms)
				continue;
			town_turn(town, node, &event);
			moved = true;
		}
	}
}

void town_control(struct town *town, unsigned node, struct kai_span request)
{
	struct kai_event event = {.type = KAI_EVENT_CONTROL, .client = 1, .request = request};

	town_turn(town, node, &event);
}
