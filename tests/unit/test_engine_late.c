/* SPDX-License-Identifier: Apache-2.0 */
/* What comes late: a target after its retraction, an answer that is owed, a clock that is right again. */
#include "net.h"

#include <string.h>

#include "kairan/rec.h"

/* Drops what one says to the other of one type. */
struct deaf {
	unsigned from, to;
	enum kai_msg_type type;
	unsigned count; /* so many; 0: none any more */
};

static bool drop(void *context, struct net_frame *frame)
{
	struct deaf *deaf = context;

	if (deaf->count == 0 || frame->from != deaf->from || frame->to != deaf->to ||
	    frame->type != deaf->type)
		return true;
	deaf->count--;
	return false;
}

/* An alert in two parts that comes once more to who has both: the answer is for both, or the sender
 * waits for one about the other for ever. */
static void a_push_is_answered_whole(void **state)
{
	struct deaf deaf = {.from = 1, .to = 0, .type = KAI_MSG_STORED, .count = 1000};
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];
	uint64_t arrival = 0;
	struct kai_released released;
	struct kai_peer peer;

	(void)state;
	(void)net_agree(net, 0, 1, &(struct net_terms){.serial = 0});
	net->filter = drop;
	net->context = &deaf;
	net_link(net, 0, 1);
	net_run(net); /* each knows the other's store now */
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT, .attachment = 3000}, id);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	net_cut(net, 0, 1);
	deaf.count = 0;
	size_t before = net->seen_count;

	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_PUSH, before), 1);
	struct kai_txn *txn = net_read(net, 0);

	assert_true(kai_rec_peer(txn, net->nodes[1].config.org, &net->arena, &peer));
	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key key = kai_key_pair(arrival, (uint16_t)peer.number);

	assert_true(kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &net->arena,
				&released));
	assert_int_equal(released.state, KAI_RELEASED_STORED);
	assert_int_equal(released.parts, 3);
	kai_txn_abort(txn);
	net_free(net);
}

/* The origin took back what went to a partner by another way alone, and hears only then from the
 * partner that it has it: the retraction follows. */
static void a_retraction_goes_where_its_target_came_from(void **state)
{
	struct net *net = net_new(3);
	struct net_item item = {.kind = KAI_KIND_ALERT, .tlp = KAI_TLP_GREEN, .audience_count = 2};
	uint8_t id[KAI_ID_LEN], retraction[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 2, &(struct net_terms){.introduce = true});
	(void)net_agree(net, 1, 2, &(struct net_terms){.introduce = true});
	(void)net_agree(net, 0, 1, &(struct net_terms){.ceiling = KAI_TLP_CLEAR});
	item.audience[0] = net_org(net, 1);
	item.audience[1] = net_org(net, 2);
	if (memcmp(item.audience[0].org.at, item.audience[1].org.at, KAI_ID_LEN) > 0) {
		item.audience[0] = net_org(net, 2);
		item.audience[1] = net_org(net, 1);
	}
	net_link(net, 0, 1);
	net_link(net, 0, 2);
	net_publish(net, 0, &item, id);
	net_run(net);
	assert_true(net_holds(net, 2, id, NULL));
	net_cut(net, 0, 2);
	net_retract(net, 0, id, retraction);
	net_run(net);
	assert_false(net_holds(net, 1, retraction, NULL));
	net_link(net, 1, 2);
	net_run(net);
	assert_true(net_holds(net, 1, id, NULL));
	assert_true(net_holds(net, 1, retraction, NULL));
	net_free(net);
}

/* Node 0's clock is wrong by so much while it has something new for node 1. */
struct jump {
	int64_t skew_ms;
	uint64_t valid_from, not_after; /* 0: as ever */
};

static const struct jump jumps[] = {
	{.skew_ms = -3 * KAI_MS_HOUR, .valid_from = NET_MS - 2 * KAI_MS_HOUR},
	{.skew_ms = 3 * KAI_MS_HOUR, .not_after = NET_MS + 2 * KAI_MS_HOUR},
};

/* Before the agreement by a slow clock, past its end by a fast one: passed over, and not for good. */
static void what_a_wrong_clock_passed_over_goes_when_it_is_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(jumps) / sizeof(jumps[0]); i++) {
		const struct jump *jump = &jumps[i / 2];
		struct net *net = net_new(2);
		uint8_t id[KAI_ID_LEN];

		(void)net_agree(net, 0, 1, &(struct net_terms){.valid_from = jump->valid_from});
		net_link(net, 0, 1);
		net_pass(net, KAI_MS_MINUTE);
		net_cut(net, 0, 1);
		net_publish(net, 0, &(struct net_item){.not_after = jump->not_after}, id);
		net->nodes[0].skew_ms = jump->skew_ms;
		net_link(net, 0, 1);
		net_pass(net, 5 * KAI_MS_MINUTE);
		assert_false(net_holds(net, 1, id, NULL));
		/* It may be put right while nobody is there. */
		if (i % 2 != 0)
			net_cut(net, 0, 1);
		net->nodes[0].skew_ms = 0;
		net_pass(net, 2 * KAI_MS_MINUTE);
		if (i % 2 != 0)
			net_link(net, 0, 1);
		net_pass(net, 2 * KAI_MS_MINUTE);
		assert_true(net_holds(net, 1, id, NULL));
		net_free(net);
	}
}

/* Wrong and right again before anything else happens: the link stands all the while. */
static void a_clock_that_was_wrong_for_a_moment(void **state)
{
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &(struct net_terms){.valid_from = NET_MS - 2 * KAI_MS_HOUR});
	net_link(net, 0, 1);
	net_pass(net, KAI_MS_MINUTE);
	net->nodes[0].skew_ms = -3 * KAI_MS_HOUR;
	net_publish(net, 0, &(struct net_item){.keep = true}, id);
	net_run(net);
	assert_false(net_holds(net, 1, id, NULL));
	net->nodes[0].skew_ms = 0;
	net_pass(net, 2 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* A part that its clock leaves out, since by it no membership has begun, comes when that is right. */
static void a_part_that_a_slow_clock_left_out(void **state)
{
	struct kai_community community = {.name = kai_span_str("circle")};
	struct kai_ctl_member member = {.name = kai_span_str("circle")};
	struct kai_audience_entry circle = {.type = KAI_AUD_COMMUNITY,
					    .text = kai_span_str("circle")};
	const struct kai_label label = {.tlp = KAI_TLP_GREEN,
					.audience = &circle,
					.audience_count = 1,
					.onward = KAI_ONWARD_ANY,
					.attribution = 1,
					.pap = 4};
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];
	uint32_t parts = 0;

	(void)state;
	memcpy(community.keeper, net->nodes[0].config.org, KAI_ID_LEN);
	memcpy(member.org, net->nodes[1].config.org, KAI_ID_LEN);
	circle.org = kai_span(net->nodes[0].config.org, KAI_ID_LEN);
	(void)net_agree(net, 0, 1,
			&(struct net_terms){.valid_from = NET_MS - 100 * KAI_MS_DAY,
					    .communities = &community,
					    .community_count = 1});
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_MEMBER, &member), 0);
	net_run(net);
	net->nodes[1].skew_ms = -2 * KAI_MS_HOUR;
	net_pass(net, KAI_MS_MINUTE);
	net_publish(net, 0, &(struct net_item){.attachment = 3000, .attachment_label = &label}, id);
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, &parts));
	assert_int_equal(parts, 1);
	net->nodes[1].skew_ms = 0;
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, &parts));
	assert_int_equal(parts, 3);
	net_free(net);
}

/* ---- what waits behind what nobody has ---- */

#define FLOOD_OFFERS 4u
#define FLOOD_MS 500 /* between two answers */

/* Keeps what node 1 wants of node 0 from it. */
struct wanted {
	bool is;
	uint8_t id[KAI_ID_LEN];
	struct kai_arena arena;
	uint8_t room[65536];
};

static bool keep_wants(void *context, struct net_frame *frame)
{
	struct wanted *wanted = context;
	struct kai_want want;

	if (frame->type != KAI_MSG_WANT || frame->from != 1 || frame->to != 0)
		return true;
	wanted->arena = (struct kai_arena){.at = wanted->room, .cap = sizeof(wanted->room)};
	assert_int_equal(kai_object_decode(&kai_object_want, kai_span(frame->at, frame->len),
					   &wanted->arena, &want),
			 KAI_FAULT_NONE);
	wanted->is = true;
	memcpy(wanted->id, want.entries[0].id, KAI_ID_LEN);
	return false;
}

static void flood(struct net *net)
{
	static struct kai_offer_entry entries[KAI_MAX_ENTRIES];
	struct kai_offer offer = {.entries = entries, .entries_count = KAI_MAX_ENTRIES};

	for (unsigned i = 0; i < FLOOD_OFFERS; i++) {
		for (unsigned k = 0; k < KAI_MAX_ENTRIES; k++) {
			entries[k] = (struct kai_offer_entry){.parts = 1,
							      .size = (size_t)4 << 20,
							      .urgency = KAI_URGENCY_NOW,
							      .signatures = 1};
			kai_put_be64(entries[k].id, i * KAI_MAX_ENTRIES + k);
		}
		net_inject(net, 0, 1, KAI_MSG_OFFER, &offer);
	}
}

/* One that offers no end of what it has not is asked for one after another; what another offers as well
 * does not wait for the end of that. */
static void what_waits_long_is_asked_of_another(void **state)
{
	static struct wanted wanted;
	struct kai_none none = {.ids = &wanted.id, .ids_count = 1};
	struct net *net = net_new(3);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		(void)net_agree(net, a, (a + 1) % 3, &(struct net_terms){.introduce = true});
		net_link(net, a, (a + 1) % 3);
	}
	net_run(net);
	net->filter = keep_wants;
	net->context = &wanted;
	flood(net);
	net_run(net);
	assert_true(wanted.is);
	net_publish(net, 0, &(struct net_item){.title = "behind"}, id);
	net_run(net);
	assert_true(net_holds(net, 2, id, NULL));
	for (unsigned i = 0; i < 4 * KAI_MS_MINUTE / FLOOD_MS; i++) {
		net_pass(net, FLOOD_MS);
		assert_true(wanted.is);
		wanted.is = false;
		net_inject(net, 0, 1, KAI_MSG_NO, &none);
		net_run(net);
	}
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* What was offered turns out to be held there when it was taken back already: the retraction goes there too, though
 * as an item of its own it might not. */
static void a_retraction_goes_where_its_target_proves_to_be(void **state)
{
	static const uint64_t kinds[] = {KAI_KIND_SECINFO};
	struct net *net = net_new(3);
	struct net_aside aside = {.net = net, .type = KAI_MSG_STORED, .from = 2};
	uint8_t id[KAI_ID_LEN], retraction[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &net_wide);
	(void)net_agree(net, 0, 2, &net_wide);
	(void)net_agree(net, 1, 2,
			&(struct net_terms){.introduce = true, .kinds = kinds, .kinds_count = 1});
	net_link(net, 0, 1);
	net_link(net, 0, 2);
	net_publish(net, 0, &(struct net_item){.title = "in two places"}, id);
	net_run(net);
	net_cut(net, 0, 2);
	net->filter = net_put_aside;
	net->context = &aside;
	net_link(net, 1, 2);
	net_pass(net, KAI_MS_SECOND);
	assert_int_equal(aside.count, 1);
	net->filter = NULL;
	net_retract(net, 0, id, retraction);
	net_run(net);
	assert_true(net_holds(net, 1, retraction, NULL));
	assert_false(net_holds(net, 2, retraction, NULL));
	net_inject_bytes(net, 2, 1, aside.frames[0]);
	net_pass(net, KAI_MS_SECOND);
	assert_true(net_holds(net, 2, retraction, NULL));
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_push_is_answered_whole),
		cmocka_unit_test(a_retraction_goes_where_its_target_came_from),
		cmocka_unit_test(a_retraction_goes_where_its_target_proves_to_be),
		cmocka_unit_test(what_a_wrong_clock_passed_over_goes_when_it_is_right),
		cmocka_unit_test(a_clock_that_was_wrong_for_a_moment),
		cmocka_unit_test(a_part_that_a_slow_clock_left_out),
		cmocka_unit_test(what_waits_long_is_asked_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
