/* SPDX-License-Identifier: Apache-2.0 */
#include "ladders.h"
#include "kairan/rec.h"

#include <string.h>

/* ---- a federation that calls ---- */

const struct kai_contact ladder_people[LADDER_PEOPLE] = {
	{.role = {(const uint8_t *)"duty", 4},
	 .name = {(const uint8_t *)"Desk", 4},
	 .first = {(const uint8_t *)"tel:1", 5},
	 .second = {(const uint8_t *)"tel:2", 5}},
	{.role = {(const uint8_t *)"deputy", 6},
	 .first = {(const uint8_t *)"tel:3", 5},
	 .second = {(const uint8_t *)"tel:4", 5}},
	{.role = {(const uint8_t *)"deputy", 6},
	 .first = {(const uint8_t *)"tel:5", 5},
	 .second = {(const uint8_t *)"tel:6", 5}},
	{.role = {(const uint8_t *)"decider", 7},
	 .first = {(const uint8_t *)"tel:7", 5},
	 .second = {(const uint8_t *)"tel:8", 5}},
	{.role = {(const uint8_t *)"technical", 9},
	 .first = {(const uint8_t *)"tel:9", 5},
	 .second = {(const uint8_t *)"tel:10", 6}},
};

struct kai_escalation ladder_usual(void)
{
	return (struct kai_escalation){.times = {{.delivered_ms = MIN,
						  .received_ms = 15 * MIN,
						  .deputy_ms = 15 * MIN,
						  .deputy2_ms = 30 * MIN,
						  .decider_ms = 45 * MIN},
						 {.delivered_ms = 10 * MIN,
						  .received_ms = 20 * MIN,
						  .deputy_ms = 20 * MIN},
						 {.delivered_ms = HOUR}},
				       .people = ladder_people,
				       .people_count = 5,
				       .ceiling = KAI_TLP_GREEN};
}

void ladder_configure(struct net *net, const struct kai_escalation *say)
{
	net->escalation = *say;
	for (unsigned i = 0; i < net->count; i++)
		net_restart(net, i);
}

static struct kai_contact contacts_of_1[5];

/* 0 and 1 agreed and linked; 1 names its people in the agreement. */
struct net *ladder_pair_with(const struct kai_ack_deadline *acks, size_t ack_count)
{
	struct net *net = net_new(2);
	struct net_terms terms = {.acks = acks,
				  .ack_count = ack_count,
				  .contacts = contacts_of_1,
				  .contact_count = 5};
	struct kai_escalation say = ladder_usual();

	for (size_t i = 0; i < 5; i++) {
		contacts_of_1[i] = ladder_people[i];
		contacts_of_1[i].side = 1;
	}
	ladder_configure(net, &say);
	(void)net_agree(net, 0, 1, &terms);
	net_link(net, 0, 1);
	net_run(net);
	assert_true(net_up(net, 0, 1));
	return net;
}

struct net *ladder_pair(void)
{
	return ladder_pair_with(NULL, 0);
}

void ladder_finish(struct net *net)
{
	net_whole(net);
	net_free(net);
}

/* ---- looking ---- */

size_t ladder_calls_at(const struct net *net, unsigned node)
{
	size_t count = 0;

	for (size_t i = 0; i < net->call_count; i++)
		count += net->calls[i].node == node;
	return count;
}

/* The nth call that a node was told to make. */
const struct net_call *ladder_call_at(const struct net *net, unsigned node, size_t nth)
{
	size_t at = 0;

	assert_true(nth < ladder_calls_at(net, node));
	for (nth++; nth > 0; at++)
		nth -= net->calls[at].node == node;
	return &net->calls[at - 1];
}

void ladder_text(struct kai_span span, const char *text)
{
	assert_int_equal(span.len, strlen(text));
	assert_memory_equal(span.at, text, span.len);
}

uint16_t ladder_number_of(struct net *net, unsigned node, unsigned other)
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_peer peer;

	assert_true(kai_rec_peer(txn, net->nodes[other].config.org, &net->arena, &peer));
	kai_txn_abort(txn);
	return (uint16_t)peer.number;
}

static uint64_t arrival_of(struct net *net, unsigned node, const uint8_t *id)
{
	struct kai_txn *txn = net_read(net, node);
	uint64_t arrival = 0;

	if (id != NULL)
		assert_true(kai_rec_arrival(txn, id, &arrival));
	kai_txn_abort(txn);
	return arrival;
}

/* id NULL: of a link. false: there is none. */
bool ladder_row(struct net *net, unsigned node, const uint8_t *id, uint16_t peer,
		struct kai_ladder *ret)
{
	struct kai_key key = kai_key_pair(arrival_of(net, node, id), peer);
	struct kai_txn *txn = net_read(net, node);
	bool there =
		kai_rec_get(txn, KAI_TABLE_LADDERS, &key, &kai_object_ladder, &net->arena, ret);

	kai_txn_abort(txn);
	return there;
}

void ladder_ended(struct net *net, unsigned node, const uint8_t *id, uint16_t peer, const char *why)
{
	struct kai_ladder ladder;

	assert_true(ladder_row(net, node, id, peer, &ladder));
	assert_true(ladder.ended_at != 0);
	ladder_text(ladder.why, why);
	assert_int_equal(ladder.timer_at, 0);
}

void ladder_acknowledge(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
			uint64_t level)
{
	struct kai_ctl_ack ack = {.level = level};

	if (level == KAI_LEVEL_ACTION)
		ack.action = KAI_ACTION_CHECKING;
	memcpy(ack.id, id, KAI_ID_LEN);
	net_done(&net->nodes[node], net_control(net, node, KAI_CONTROL_ACK, &ack));
}

void ladder_done_all(struct net *net, unsigned node)
{
	for (size_t i = 0; i < net->call_count; i++)
		if (net->calls[i].node == node)
			net_called(net, node, &net->calls[i].ref, KAI_RESULT_EXIT, 0, "");
}

/* From 0 to 1, urgent. */
void ladder_alert(struct net *net, uint64_t urgency, uint8_t ret[KAI_ID_LEN])
{
	net_publish(net, 0, &(struct net_item){.urgency = urgency, .title = "Look"}, ret);
	net_run(net);
}
