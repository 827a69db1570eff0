/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts over a net of real engines: who learns how far whom is, and who does not. */
#include "net.h"

#include <stdio.h>
#include <string.h>

#include "kairan/receipt.h"
#include "kairan/records.h"

/* ---- looks */

struct row {
	bool there;
	uint64_t highest;
	uint64_t levels; /* as a bit set */
	uint64_t action;
	char note[64];
	bool attested;
	struct kai_rollup forwarded, below;
};

static uint16_t number_of(struct net *net, struct kai_txn *txn, unsigned org)
{
	struct kai_peer peer;

	assert_true(kai_rec_peer(txn, net->nodes[org].config.org, &net->arena, &peer));
	return (uint16_t)peer.number;
}

static void fill(struct row *row, const struct kai_receipt_rec *rec)
{
	row->there = true;
	row->highest = kai_receipt_highest(rec);
	row->attested = rec->attested_at > 0;
	for (size_t i = 0; i < rec->levels_count; i++) {
		const struct kai_reached *reached = &rec->levels[i];

		row->levels |= UINT64_C(1) << reached->level;
		if (reached->level == KAI_LEVEL_ACTION) {
			row->action = reached->action;
			(void)snprintf(row->note, sizeof(row->note), "%.*s", (int)reached->note.len,
				       (const char *)reached->note.at);
		}
		if (reached->forwarded != NULL)
			row->forwarded = *reached->forwarded;
		if (reached->below != NULL)
			row->below = *reached->below;
	}
}

/* What a node knows of another about an item; org == node: its own word. */
static struct row look(struct net *net, unsigned node, unsigned org, const uint8_t *id)
{
	struct kai_txn *txn = net_read(net, node);
	struct row row = {.there = false};
	struct kai_receipt_rec rec;
	uint64_t arrival;

	if (kai_rec_arrival(txn, id, &arrival)) {
		struct kai_key key =
			kai_key_pair(arrival, org == node ? 0 : number_of(net, txn, org));

		if (kai_rec_get(txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &net->arena,
				&rec))
			fill(&row, &rec);
	}
	kai_txn_abort(txn);
	return row;
}

static uint64_t rows(struct net *net, unsigned node, enum kai_table table)
{
	struct kai_txn *txn = net_read(net, node);
	uint64_t count = kai_txn_count(txn, table);

	kai_txn_abort(txn);
	return count;
}

static void finding(void *context, enum kai_table table, struct kai_span key, const char *problem)
{
	(void)context;
	(void)key;
	print_error("%s: %s\n", kai_table_name(table), problem);
}

static void all_stores_are_sound(struct net *net)
{
	for (unsigned i = 0; i < net->count; i++) {
		struct kai_store_check check = {.report = finding};

		assert_int_equal(kai_store_check(net->nodes[i].store, &check, NULL), KAI_ERR_OK);
		assert_int_equal(check.problems, 0);
	}
}

/* ---- doings */

static uint64_t ack(struct net *net, unsigned node, const uint8_t *id, uint64_t level,
		    uint64_t action)
{
	struct kai_ctl_ack request = {.level = level,
				      .action = action,
				      .role = kai_span_str("duty"),
				      .note = kai_span_str("looked at it")};

	memcpy(request.id, id, KAI_ID_LEN);
	return net_control(net, node, KAI_CONTROL_ACK, &request);
}

static uint64_t attest(struct net *net, unsigned node, const uint8_t *id, const uint8_t *org)
{
	struct kai_ctl_attest request = {.note = kai_span_str("Sato, by telephone")};

	memcpy(request.id, id, KAI_ID_LEN);
	memcpy(request.org, org, KAI_ID_LEN);
	return net_control(net, node, KAI_CONTROL_ATTEST, &request);
}

/* n nodes in a row, each with the next, which is its constituency. */
static struct net *line(unsigned count)
{
	struct net *net = net_new(count);
	const struct net_terms terms = {.introduce = true, .constituency = true};

	for (unsigned i = 0; i + 1 < count; i++) {
		(void)net_agree(net, i, i + 1, &terms);
		net_link(net, i, i + 1);
	}
	net_run(net);
	return net;
}

static void publish(struct net *net, unsigned node, uint64_t urgency, uint8_t ret[KAI_ID_LEN])
{
	const struct net_item item = {.urgency = urgency, .title = "receipt"};

	net_publish(net, node, &item, ret);
	net_run(net);
}

/* ---- tests */

static void delivered_comes_by_itself(void **state)
{
	struct net *net = line(2);
	uint8_t ids[3][KAI_ID_LEN];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		publish(net, 0, KAI_URGENCY_INFO, ids[i]);
	net_pass(net, KAI_MS_SECOND);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(look(net, 0, 1, ids[i]).levels, 1u << KAI_LEVEL_DELIVERED);
		assert_false(look(net, 1, 0, ids[i]).there);
	}
	/* they waited for company: one signature, and one answer */
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_RECEIPT, 0), 1);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_RECEIPT, 0), 1);
	assert_int_equal(rows(net, 0, KAI_TABLE_STATEMENTS), 1);
	assert_int_equal(rows(net, 1, KAI_TABLE_OWED), 0);
	all_stores_are_sound(net);
	net_free(net);
}

static void an_alerts_receipt_does_not_wait(void **state)
{
	struct net *net = line(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, 0, KAI_URGENCY_NOW, id);
	assert_int_equal(look(net, 0, 1, id).highest, KAI_LEVEL_DELIVERED);
	net_free(net);
}

static void levels_only_grow(void **state)
{
	static const struct {
		uint64_t level, action;
		uint64_t highest, shown;
	} steps[] = {
		{KAI_LEVEL_RECEIVED, 0, KAI_LEVEL_RECEIVED, 0},
		{KAI_LEVEL_SEEN, 0, KAI_LEVEL_RECEIVED, 0},
		{KAI_LEVEL_ACTION, KAI_ACTION_CHECKING, KAI_LEVEL_ACTION, KAI_ACTION_CHECKING},
		{KAI_LEVEL_RECEIVED, 0, KAI_LEVEL_ACTION, KAI_ACTION_CHECKING},
		{KAI_LEVEL_ACTION, KAI_ACTION_AFFECTED, KAI_LEVEL_ACTION, KAI_ACTION_AFFECTED},
		{KAI_LEVEL_ACTION, KAI_ACTION_MITIGATED, KAI_LEVEL_ACTION, KAI_ACTION_MITIGATED},
	};
	struct net *net = line(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, 0, KAI_URGENCY_INFO, id);
	net_pass(net, KAI_MS_SECOND);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(ack(net, 1, id, steps[i].level, steps[i].action), 0);
		net_run(net);
		struct row row = look(net, 0, 1, id);

		assert_int_equal(row.highest, steps[i].highest);
		assert_int_equal(row.action, steps[i].shown);
		if (steps[i].shown != 0)
			assert_string_equal(row.note, "looked at it");
	}
	assert_int_equal(rows(net, 1, KAI_TABLE_OWED), 0);
	/* one for delivered, and one a level: that of the action before is gone */
	assert_int_equal(rows(net, 0, KAI_TABLE_STATEMENTS), 4);
	all_stores_are_sound(net);
	net_free(net);
}

static void what_may_not_be_acknowledged(void **state)
{
	struct net *net = line(2);
	uint8_t id[KAI_ID_LEN], nothing[KAI_ID_LEN] = {7};

	(void)state;
	publish(net, 0, KAI_URGENCY_INFO, id);
	assert_int_equal(ack(net, 0, id, KAI_LEVEL_SEEN, 0), 1);
	assert_int_equal(ack(net, 1, nothing, KAI_LEVEL_SEEN, 0), 4);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_ACTION, 0), 3);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_SEEN, KAI_ACTION_CHECKING), 3);
	assert_int_equal(attest(net, 0, nothing, net->nodes[1].config.org), 4);
	assert_int_equal(attest(net, 0, id, nothing), 4);
	net_free(net);
}

struct lossy {
	unsigned from;
	unsigned left;
};

static bool lose(void *context, struct net_frame *frame)
{
	struct lossy *lossy = context;

	if (frame->type != KAI_MSG_RECEIPT || frame->from != lossy->from || lossy->left == 0)
		return true;
	lossy->left--;
	return false;
}

/* Lost on the way there, or the answer on the way back: told again until it is answered. */
static void a_lost_one_comes_again(void **state)
{
	(void)state;
	for (unsigned from = 0; from < 2; from++) {
		struct net *net = line(2);
		struct lossy lossy = {.from = from, .left = 2};
		uint8_t id[KAI_ID_LEN];

		net->filter = lose;
		net->context = &lossy;
		publish(net, 0, KAI_URGENCY_NOW, id);
		assert_int_equal(ack(net, 1, id, KAI_LEVEL_RECEIVED, 0), 0);
		net_run(net);
		assert_int_equal(rows(net, 1, KAI_TABLE_OWED), 1);
		net_pass(net, 4 * KAI_MS_MINUTE);
		assert_int_equal(lossy.left, 0);
		assert_int_equal(look(net, 0, 1, id).highest, KAI_LEVEL_RECEIVED);
		assert_int_equal(rows(net, 1, KAI_TABLE_OWED), 0);
		all_stores_are_sound(net);
		net_free(net);
	}
}

static void over_links_and_restarts(void **state)
{
	struct net *net = line(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, 0, KAI_URGENCY_NOW, id);
	net_cut(net, 0, 1);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_SEEN, 0), 0);
	net_restart(net, 1);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_RECEIVED, 0), 0);
	net_restart(net, 0);
	net_restart(net, 1);
	assert_int_equal(look(net, 0, 1, id).highest, KAI_LEVEL_DELIVERED);
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(look(net, 0, 1, id).highest, KAI_LEVEL_RECEIVED);
	assert_int_equal(rows(net, 1, KAI_TABLE_OWED), 0);
	all_stores_are_sound(net);
	net_free(net);
}

/* The origin hears of everybody with whom it has an agreement; of others only counts. */
static void counts_come_up_a_tree(void **state)
{
	const struct net_terms own = {.introduce = true, .constituency = true};
	const struct net_terms other = {.introduce = true};
	struct net *net = net_new(6);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &other);
	(void)net_agree(net, 1, 2, &own);
	(void)net_agree(net, 1, 3, &own);
	(void)net_agree(net, 2, 4, &own);
	(void)net_agree(net, 1, 5, &own); /* its link is down */
	net_link(net, 0, 1);
	net_link(net, 1, 2);
	net_link(net, 1, 3);
	net_link(net, 2, 4);
	net_run(net);
	publish(net, 0, KAI_URGENCY_NOW, id);
	net_pass(net, 5 * KAI_MS_SECOND);
	struct row row = look(net, 0, 1, id);

	assert_int_equal(row.forwarded.members, 3);
	assert_int_equal(row.forwarded.delivered, 2);
	assert_int_equal(row.forwarded.received, 0);
	assert_int_equal(row.below.members, 1);
	assert_int_equal(row.below.delivered, 1);
	assert_int_equal(ack(net, 3, id, KAI_LEVEL_RECEIVED, 0), 0);
	assert_int_equal(ack(net, 4, id, KAI_LEVEL_ACTION, KAI_ACTION_NOT_AFFECTED), 0);
	assert_int_equal(attest(net, 1, id, net->nodes[5].config.org), 0);
	net_pass(net, 5 * KAI_MS_SECOND);
	row = look(net, 0, 1, id);
	assert_int_equal(row.forwarded.received, 1);
	assert_int_equal(row.forwarded.attested, 1);
	assert_int_equal(row.forwarded.delivered, 2);
	assert_int_equal(row.below.action, 1);
	assert_int_equal(row.below.received, 1);
	/* no hop tells who it was */
	assert_false(net_leaked(net, 0, kai_span(net->nodes[4].config.org, KAI_ID_LEN)));
	assert_false(net_leaked(net, 0, kai_span(net->nodes[3].config.org, KAI_ID_LEN)));
	all_stores_are_sound(net);
	net_free(net);
}

static void counts_come_no_faster_than_they_may(void **state)
{
	struct net *net = line(4);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, 1, KAI_URGENCY_INFO, id);
	net_pass(net, 30 * KAI_MS_SECOND);
	size_t before = net_sent(net, 2, 1, KAI_MSG_RECEIPT, 0);

	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(ack(net, 3, id, KAI_LEVEL_ACTION, 1 + i % 4), 0);
		net_pass(net, KAI_MS_SECOND / 2);
	}
	net_pass(net, 30 * KAI_MS_SECOND);
	assert_in_range(net_sent(net, 2, 1, KAI_MSG_RECEIPT, 0) - before, 2, 4);
	assert_int_equal(look(net, 1, 2, id).forwarded.action, 1);
	net_free(net);
}

/* Who offers what came from another is told as well: it gave it no less. */
static void all_who_offered_it_are_told(void **state)
{
	const struct net_terms terms = {.introduce = true, .constituency = true};
	struct net *net = net_new(4);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &terms);
	(void)net_agree(net, 0, 2, &terms);
	(void)net_agree(net, 1, 3, &terms);
	(void)net_agree(net, 2, 3, &terms);
	net_link(net, 0, 1);
	net_link(net, 0, 2);
	net_link(net, 1, 3);
	net_link(net, 2, 3);
	net_run(net);
	publish(net, 0, KAI_URGENCY_INFO, id);
	net_pass(net, 15 * KAI_MS_SECOND);
	assert_int_equal(look(net, 1, 3, id).highest, KAI_LEVEL_DELIVERED);
	assert_int_equal(look(net, 2, 3, id).highest, KAI_LEVEL_DELIVERED);
	assert_int_equal(ack(net, 3, id, KAI_LEVEL_RECEIVED, 0), 0);
	net_pass(net, 15 * KAI_MS_SECOND);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(look(net, i, 3, id).highest, KAI_LEVEL_RECEIVED);
		assert_int_equal(look(net, 0, i, id).forwarded.received, 1);
	}
	assert_false(look(net, 0, 3, id).there);
	all_stores_are_sound(net);
	net_free(net);
}

/* ---- what a patched peer says */

struct said {
	struct kai_receipt receipt;
	struct kai_receipt_entry entry;
	struct kai_span bytes;
};

static void say(struct net *net, const uint8_t *id, uint64_t level, struct said *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->entry = (struct kai_receipt_entry){.level = level, .at = NET_MS};
	memcpy(ret->entry.id, id, KAI_ID_LEN);
	if (kai_level_of_person(level))
		ret->entry.role = kai_span_str("duty");
	if (level == KAI_LEVEL_ACTION)
		ret->entry.action = KAI_ACTION_CHECKING;
	ret->receipt = (struct kai_receipt){
		.version = KAI_VERSION, .at = NET_MS, .entries = &ret->entry, .entries_count = 1};
	memcpy(ret->receipt.org, net->nodes[1].config.org, KAI_ID_LEN);
	memcpy(ret->receipt.to, net->nodes[0].config.org, KAI_ID_LEN);
}

/* From node 1 to node 0. */
static void send(struct net *net, struct said *said, const struct net_pair *pair)
{
	struct kai_receipt_frame frame = {.taken = {.is = false}};
	uint8_t digest[KAI_ID_LEN];

	said->receipt.entries = &said->entry;
	frame.bytes =
		kai_receipt_make(&said->receipt, pair->key, pair->secret, &net->arena, digest);
	assert_true(frame.bytes.len > 0);
	net_inject(net, 1, 0, KAI_MSG_RECEIPT, &frame);
	net_run(net);
}

static const char *last_error(struct net *net)
{
	struct kai_ctl_status request = {.version = 0};
	static char name[KAI_MAX_SHORT + 1];
	struct kai_state status;

	assert_int_equal(net_control(net, 0, KAI_CONTROL_STATUS, &request), 0);
	assert_int_equal(kai_object_decode(&kai_object_state, net->nodes[0].answer.body,
					   &net->arena, &status),
			 KAI_FAULT_NONE);
	name[0] = 0;
	for (size_t i = 0; i < status.peers_count; i++) {
		if (kai_id_equal(status.peers[i].org, net->nodes[1].config.org))
			(void)snprintf(name, sizeof(name), "%.*s",
				       (int)status.peers[i].last_error.len,
				       (const char *)status.peers[i].last_error.at);
	}
	return name;
}

static void forged_ones_are_faults(void **state)
{
	struct net *net = line(3);
	const struct net_node *other = &net->nodes[1];
	uint8_t id[KAI_ID_LEN];
	struct said said;

	(void)state;
	publish(net, 0, KAI_URGENCY_NOW, id);
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	send(net, &said, &other->system); /* a person's word under the node's own key */
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_KEY_ROLE));
	send(net, &said, &net->nodes[2].duty); /* another's key */
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_KEY));
	memcpy(said.receipt.org, net->nodes[2].config.org, KAI_ID_LEN);
	send(net, &said, &net->nodes[2].duty); /* another's word, passed on */
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_MEANING));
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	said.receipt.realm[0] = 1;
	send(net, &said, &other->duty);
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_REALM));
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	memcpy(said.receipt.to, net->nodes[2].config.org, KAI_ID_LEN);
	send(net, &said, &other->duty); /* meant for another */
	assert_string_equal(last_error(net), kai_fault_name(KAI_FAULT_MEANING));
	assert_int_equal(look(net, 0, 1, id).highest, KAI_LEVEL_DELIVERED);
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	send(net, &said, &other->duty);
	assert_int_equal(look(net, 0, 1, id).highest, KAI_LEVEL_RECEIVED);
	net_free(net);
}

/* An item that never went there: nothing is kept, and the answer is the same. */
static void one_for_what_never_went_there(void **state)
{
	struct net *net = line(3);
	struct net_item item = {.tlp = KAI_TLP_AMBER,
				.urgency = KAI_URGENCY_NOW,
				.audience_count = 1,
				.title = "not for node 1"};
	uint8_t id[KAI_ID_LEN], unknown[KAI_ID_LEN] = {9};
	struct said said;

	(void)state;
	/* by node 1 to node 2 alone; node 2 is asked by a patched node 1 … */
	item.audience[0] = net_org(net, 0);
	net_publish(net, 1, &item, id);
	net_run(net);
	assert_true(net_holds(net, 0, id, NULL));
	say(net, id, KAI_LEVEL_RECEIVED, &said);
	size_t before = net_sent(net, 0, 1, KAI_MSG_RECEIPT, 0);

	send(net, &said,
	     &net->nodes[1].duty); /* node 0 has it from node 1, and gave it to nobody */
	assert_int_equal(look(net, 0, 1, id).levels, 0);
	memcpy(said.entry.id, unknown, KAI_ID_LEN);
	send(net, &said, &net->nodes[1].duty);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_RECEIPT, 0) - before, 2);
	assert_int_equal(rows(net, 0, KAI_TABLE_STATEMENTS), 0);
	net_free(net);
}

static void old_ones_change_nothing(void **state)
{
	struct net *net = line(2);
	const struct net_pair *duty = &net->nodes[1].duty;
	uint8_t id[KAI_ID_LEN];
	struct said first, second;

	(void)state;
	publish(net, 0, KAI_URGENCY_NOW, id);
	say(net, id, KAI_LEVEL_ACTION, &first);
	second = first;
	second.entry.action = KAI_ACTION_MITIGATED;
	second.entry.at++;
	send(net, &first, duty);
	send(net, &second, duty);
	assert_int_equal(look(net, 0, 1, id).action, KAI_ACTION_MITIGATED);
	send(net, &first, duty);
	send(net, &second, duty);
	assert_int_equal(look(net, 0, 1, id).action, KAI_ACTION_MITIGATED);
	assert_int_equal(rows(net, 0, KAI_TABLE_STATEMENTS), 2);
	all_stores_are_sound(net);
	net_free(net);
}

/* Brought once more, as by a supplier that came back from a backup, it is answered once more. */
static void brought_again_is_told_again(void **state)
{
	struct net *net = line(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, 0, KAI_URGENCY_NOW, id);
	size_t before = net_sent(net, 1, 0, KAI_MSG_RECEIPT, 0);

	for (size_t i = 0; i < net->seen_count; i++) {
		const struct net_frame *frame = &net->seen[i];

		if (frame->type == KAI_MSG_PUSH && frame->to == 1) {
			net_inject_bytes(net, 0, 1, kai_span(frame->at, frame->len));
			break;
		}
	}
	net_run(net);
	assert_int_equal(net_sent(net, 1, 0, KAI_MSG_RECEIPT, 0), before + 1);
	all_stores_are_sound(net);
	net_free(net);
}

static void all_of_it_goes_with_its_item(void **state)
{
	struct net *net = line(3);
	struct net_item item = {.title = "short", .not_after = NET_MS + KAI_MS_HOUR};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &item, id);
	net_run(net);
	net_pass(net, 30 * KAI_MS_SECOND);
	net_cut(net, 0, 1);
	net_cut(net, 1, 2);
	assert_int_equal(ack(net, 1, id, KAI_LEVEL_RECEIVED, 0), 0);
	assert_true(rows(net, 1, KAI_TABLE_OWED) > 0);
	for (unsigned day = 0; day < 40; day++)
		net_pass(net, KAI_MS_DAY);
	for (unsigned i = 0; i < 3; i++) {
		assert_false(net_holds(net, i, id, NULL));
		assert_int_equal(rows(net, i, KAI_TABLE_RECEIPTS), 0);
		assert_int_equal(rows(net, i, KAI_TABLE_STATEMENTS), 0);
		assert_int_equal(rows(net, i, KAI_TABLE_OWED), 0);
	}
	net_free(net);
}

/* More than one statement holds, with others' words between. */
static void many_come_in_batches(void **state)
{
	struct net *net = line(2);
	uint8_t ids[300][KAI_ID_LEN];

	(void)state;
	net_cut(net, 0, 1);
	for (size_t i = 0; i < 300; i++) {
		const struct net_item item = {.title = "one of many"};

		net_publish(net, 0, &item, ids[i]);
	}
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 5 * KAI_MS_SECOND);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(look(net, 0, 1, ids[i]).highest, KAI_LEVEL_DELIVERED);
	assert_in_range(rows(net, 0, KAI_TABLE_STATEMENTS), 2, 4);
	assert_int_equal(rows(net, 1, KAI_TABLE_OWED), 0);
	all_stores_are_sound(net);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivered_comes_by_itself),
		cmocka_unit_test(an_alerts_receipt_does_not_wait),
		cmocka_unit_test(levels_only_grow),
		cmocka_unit_test(what_may_not_be_acknowledged),
		cmocka_unit_test(a_lost_one_comes_again),
		cmocka_unit_test(over_links_and_restarts),
		cmocka_unit_test(counts_come_up_a_tree),
		cmocka_unit_test(counts_come_no_faster_than_they_may),
		cmocka_unit_test(all_who_offered_it_are_told),
		cmocka_unit_test(forged_ones_are_faults),
		cmocka_unit_test(one_for_what_never_went_there),
		cmocka_unit_test(old_ones_change_nothing),
		cmocka_unit_test(brought_again_is_told_again),
		cmocka_unit_test(all_of_it_goes_with_its_item),
		cmocka_unit_test(many_come_in_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
