/* SPDX-License-Identifier: Apache-2.0 */
/* What goes and comes in files: the same rules as over a link, settled by a bundle back. */
#include "carry.h"

#include <string.h>

#include "kairan/kinds.h"
#include "kairan/rec.h"

/* ---- out, in, and back ---- */

static void out_in_and_back(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN];
	uint64_t number = 0;

	(void)state;
	carry_item(net, 0, 1, 3000, id);
	struct kai_span file = carry_wrote(net, 0, 1);
	struct kai_bundle_opened bundle = carry_opened(net, file);

	assert_int_equal(bundle.bundle.advisories_count, 1);
	assert_int_equal(bundle.bundle.cards_count, 1);
	assert_int_equal(carry_released(net, 0, id, &number), KAI_RELEASED_SENT);
	assert_int_equal(number, bundle.bundle.number);
	struct kai_bundle_report report = carry_took(net, 1, file);

	assert_int_equal(report.outcomes_count, 1);
	assert_true(report.outcomes[0].held && report.outcomes[0].fresh);
	assert_int_equal(report.outcomes[0].parts, 3);
	assert_int_equal(net_parts(net, 1, id), 3);
	carry_refused(net, 1, file, "replay");
	/* not settled yet: it goes again, under another number, and does no harm */
	struct kai_span again = carry_wrote(net, 0, 1);

	assert_true(carry_opened(net, again).bundle.number > number);
	assert_int_equal(carry_opened(net, again).bundle.advisories_count, 1);
	report = carry_took(net, 1, again);
	assert_true(report.outcomes[0].held && !report.outcomes[0].fresh);
	/* and back */
	struct kai_span back = carry_wrote(net, 1, 0);

	bundle = carry_opened(net, back);
	assert_int_equal(bundle.bundle.advisories_count, 0);
	assert_int_equal(bundle.bundle.heard_count, 2);
	assert_int_equal(bundle.bundle.receipts_count, 1);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 1);
	report = carry_took(net, 0, back);
	assert_int_equal(report.settled, 1);
	assert_int_equal(carry_released(net, 0, id, &number), KAI_RELEASED_STORED);
	assert_int_equal(carry_level(net, 0, id), KAI_LEVEL_DELIVERED);
	/* nothing is new; and the next one tells the other end that its receipts came */
	assert_int_equal(carry_written(net, 0, 1, &carry_all_new).len, 0);
	assert_int_equal(net->nodes[0].answer.exit, 0);
	carry_item(net, 0, 1, 0, id);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 1); /* of the second alone */
	net_free(net);
}

/* A key that began in the middle of a second has begun by the bundle's number. */
static void its_number_is_not_before_its_time(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		net_pass(net, 301);
		carry_item(net, 0, 1, 0, id);
		uint64_t number = carry_opened(net, carry_wrote(net, 0, 1)).bundle.number;

		assert_true((int64_t)number * KAI_MS_SECOND >= NET_MS + net->mono.ms);
	}
	net_free(net);
}

/* An answer that is lost costs another round, and nothing that a person said. */
static void what_is_lost_is_told_again(void **state)
{
	struct net *net = carry_island(&net_wide);
	struct kai_ctl_ack ack = {.level = KAI_LEVEL_RECEIVED, .role = kai_span_str("duty")};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	carry_item(net, 0, 1, 0, id);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	memcpy(ack.id, id, KAI_ID_LEN);
	net_done(&net->nodes[1], net_control(net, 1, KAI_CONTROL_ACK, &ack));
	(void)carry_wrote(net, 1, 0); /* lost */
	struct kai_span back = carry_wrote(net, 1, 0);

	carry_took(net, 0, back);
	assert_int_equal(carry_level(net, 0, id), KAI_LEVEL_RECEIVED);
	assert_int_equal(carry_released(net, 0, id, NULL), KAI_RELEASED_STORED);
	carry_refused(net, 0, back, "replay");
	/* until it hears that they came */
	assert_true(net_rows(net, 1, KAI_TABLE_OWED) > 0);
	carry_item(net, 0, 1, 0, id);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	carry_took(net, 0, carry_wrote(net, 1, 0));
	net_restart(net, 1);
	carry_took(net, 1,
		   carry_written(net, 0, 1, &(struct carry_order){.ids = &id, .ids_count = 1}));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 1); /* of what came again just now */
	net_free(net);
}

/* An answer to an older bundle does not settle what went in a newer one. */
static void settles_what_came_and_no_more(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN], release[KAI_ID_LEN];

	(void)state;
	carry_item(net, 0, 1, 0, id);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	struct kai_span back = carry_wrote(net, 1, 0);
	struct kai_span second = carry_wrote(net, 0, 1);

	carry_took(net, 0, back);
	assert_int_equal(carry_released(net, 0, id, NULL), KAI_RELEASED_SENT);
	carry_took(net, 1, second);
	assert_int_equal(carry_took(net, 0, carry_wrote(net, 1, 0)).settled, 1);
	net_retract(net, 0, id, release);
	struct kai_bundle_report report = carry_took(net, 1, carry_wrote(net, 0, 1));

	assert_int_equal(report.outcomes_count, 1);
	assert_true(kai_id_equal(report.outcomes[0].id, release));
	assert_true(report.outcomes[0].held);
	net_free(net);
}

/* ---- by the same rules ---- */

static void only_what_may_go_goes(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN], other[KAI_ID_LEN];
	uint8_t(*ids)[KAI_ID_LEN] = &other;
	const struct carry_order named = {.ids = ids, .ids_count = 1};

	(void)state;
	(void)net_agree(net, 0, 2, &net_wide);
	carry_item(net, 0, 1, 0, id);
	carry_item(net, 0, 2, 0, other);
	struct kai_span file = carry_wrote(net, 0, 1);

	assert_int_equal(carry_opened(net, file).bundle.advisories_count, 1);
	assert_null(memmem(file.at, file.len, other, KAI_ID_LEN));
	assert_int_equal(carry_written(net, 0, 1, &named).len, 0);
	assert_int_equal(net->nodes[0].answer.exit, 1);
	assert_true(kai_span_equal(net->nodes[0].answer.reason, kai_span_str("audience")));
	memset(other, 7, sizeof(other));
	(void)carry_written(net, 0, 1, &named);
	assert_int_equal(net->nodes[0].answer.exit, 4);
	/* to an org that nothing was agreed with, and to one that is not known */
	struct kai_ctl_bundle_write request = {.to = {1}};

	assert_int_equal(net_control(net, 0, KAI_CONTROL_BUNDLE_WRITE, &request), 4);
	(void)carry_written(net, 1, 2, &carry_all_new);
	assert_int_equal(net->nodes[1].answer.exit, 1);
	net_free(net);
}

/* What a clause alone lets pass stays behind; what the rules let pass of the same item does not. */
static void no_part_goes_by_a_clause(void **state)
{
	struct net *net = net_new(3);
	uint64_t kinds[] = {KAI_KIND_ALERT};
	struct kai_contingency clause = {.kinds = kinds,
					 .kinds_count = 1,
					 .after_ms = KAI_MS_MINUTE,
					 .longest_ms = KAI_MS_DAY,
					 .pause_ms = KAI_MS_HOUR};
	const struct net_terms terms = {
		.ceiling = KAI_TLP_GREEN, .clauses = &clause, .clause_count = 1};
	struct kai_audience_entry audience[] = {net_org(net, 1), net_org(net, 2)};
	const struct kai_label label = {.tlp = KAI_TLP_AMBER,
					.audience = audience,
					.audience_count = 2,
					.onward = KAI_ONWARD_ANY,
					.attribution = KAI_ATTR_NAMED,
					.pap = KAI_PAP_CLEAR};
	const struct net_item item = {
		.kind = KAI_KIND_ALERT, .attachment = 100, .attachment_label = &label};
	uint8_t ids[2][KAI_ID_LEN];

	(void)state;
	memcpy(clause.from, net->nodes[0].config.org, KAI_ID_LEN);
	memcpy(clause.to, net->nodes[1].config.org, KAI_ID_LEN);
	(void)net_agree(net, 0, 1, &terms);
	(void)net_agree(net, 0, 2, &net_wide);
	net_link(net, 0, 2);
	net_run(net);
	net_cut(net, 0, 2);
	net_publish(net, 0, &item, ids[0]);
	net_pass(net, KAI_MS_HOUR);
	struct kai_bundle bundle = carry_opened(net, carry_wrote(net, 0, 1)).bundle;

	assert_int_equal(bundle.advisories_count, 1);
	assert_int_equal(bundle.advisories[0].parts_count, 1);
	/* and of one of which nothing may go, the rule is named */
	net_publish(net, 0,
		    &(struct net_item){.kind = KAI_KIND_ALERT,
				       .tlp = KAI_TLP_AMBER,
				       .audience = {audience[0], audience[1]},
				       .audience_count = 2},
		    ids[1]);
	struct carry_order named = {.ids = ids, .ids_count = 2};

	assert_int_equal(carry_written(net, 0, 1, &named).len, 0);
	assert_true(kai_span_equal(net->nodes[0].answer.reason, kai_span_str("ceiling")));
	named.ids_count = 1;
	assert_true(carry_written(net, 0, 1, &named).len > 0);
	net_free(net);
}

/* By name what is there already goes once more, each once; by time only what came since. */
static void by_name_and_by_time(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t ids[3][KAI_ID_LEN];

	(void)state;
	carry_item(net, 0, 1, 0, ids[0]);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	carry_took(net, 0, carry_wrote(net, 1, 0));
	net_pass(net, KAI_MS_HOUR);
	carry_item(net, 0, 1, 0, ids[1]);
	memcpy(ids[2], ids[0], KAI_ID_LEN);
	struct carry_order named = {.ids = ids, .ids_count = 3};

	assert_int_equal(
		carry_opened(net, carry_written(net, 0, 1, &named)).bundle.advisories_count, 2);
	/* what was there still counts as there */
	assert_int_equal(carry_released(net, 0, ids[0], NULL), KAI_RELEASED_STORED);
	named.ids_count = 1;
	assert_int_equal(
		carry_opened(net, carry_written(net, 0, 1, &named)).bundle.advisories_count, 1);
	const struct carry_order later = {.since = (uint64_t)(NET_MS + net->mono.ms + 1)};
	const struct carry_order since = {.since = (uint64_t)(NET_MS + net->mono.ms)};

	assert_int_equal(carry_written(net, 0, 1, &later).len, 0);
	assert_int_equal(
		carry_opened(net, carry_written(net, 0, 1, &since)).bundle.advisories_count, 1);
	net_free(net);
}

/* The receiver decides anew, by its own clock and papers. */
static void the_receiver_decides_too(void **state)
{
	const struct net_terms terms = {.introduce = true, .valid_until = NET_MS + KAI_MS_DAY};
	struct net *net = carry_island(&terms);
	uint8_t id[KAI_ID_LEN], gone[KAI_ID_LEN], retraction[KAI_ID_LEN];

	(void)state;
	carry_item(net, 0, 1, 0, gone);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	carry_took(net, 0, carry_wrote(net, 1, 0));
	carry_item(net, 0, 1, 0, id);
	net_retract(net, 0, gone, retraction);
	struct kai_span file = carry_wrote(net, 0, 1);

	assert_int_equal(carry_opened(net, file).bundle.advisories_count, 2);
	net_pass(net, 2 * KAI_MS_DAY);
	struct kai_bundle_report report = carry_took(net, 1, file);

	for (size_t i = 0; i < report.outcomes_count; i++) {
		const struct kai_bundle_outcome *at = &report.outcomes[i];
		bool follows = kai_id_equal(at->id, retraction);

		assert_int_equal(at->held, follows);
		if (!follows)
			assert_true(kai_span_equal(at->reason, kai_span_str("agreement")));
	}
	assert_false(net_holds(net, 1, id, NULL));
	assert_true(net_holds(net, 1, retraction, NULL));
	/* and its own statements do not go while nothing stands between them */
	assert_int_equal(carry_written(net, 1, 0, &carry_all_new).len, 0);
	net_free(net);
}

/* Receipts are judged while an agreement is in force, or not at all: the same file is good again then. */
static void receipts_wait_for_the_agreement(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	carry_item(net, 0, 1, 0, id);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	struct kai_span back = carry_wrote(net, 1, 0);

	net_notice(net, 0, 1, KAI_NOTICE_SUSPEND);
	carry_refused(net, 0, back, "agreement");
	assert_int_equal(net_rows(net, 0, KAI_TABLE_BUNDLES), 1);
	net_notice(net, 0, 1, KAI_NOTICE_RESUME);
	assert_int_equal(carry_took(net, 0, back).settled, 1);
	net_free(net);
}

/* What came in a bundle goes on over a link, with the card of who made it, and the other way round. */
static void bundles_and_links_meet(void **state)
{
	struct net *net = carry_island(&net_wide);
	const struct net_item item = {.keep = true};
	uint8_t id[KAI_ID_LEN], back[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 1, 2, &net_wide);
	net_link(net, 1, 2);
	net_run(net);
	net_publish(net, 0, &item, id);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	net_run(net);
	assert_true(net_holds(net, 2, id, NULL));
	net_publish(net, 2, &item, back);
	net_run(net);
	struct kai_span file = carry_wrote(net, 1, 0);

	assert_int_equal(carry_opened(net, file).bundle.cards_count, 2);
	assert_true(carry_took(net, 0, file).outcomes[0].held);
	assert_true(net_holds(net, 0, back, NULL));
	net_free(net);
}

/* Where no link ever was, a member's statement comes with the items that it lets pass. */
static void memberships_come_along(void **state)
{
	struct net *net = net_new(2);
	const struct kai_community power = {.name = kai_span_str("power")};
	struct kai_community communities[1] = {power};
	struct kai_ctl_member member = {.name = kai_span_str("power")};
	struct net_item item = {.tlp = KAI_TLP_AMBER, .audience_count = 1};
	struct net_terms terms = {.communities = communities, .community_count = 1};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	memcpy(communities[0].keeper, net->nodes[0].config.org, KAI_ID_LEN);
	(void)net_agree(net, 0, 1, &terms);
	memcpy(member.org, net->nodes[1].config.org, KAI_ID_LEN);
	net_done(&net->nodes[0], net_control(net, 0, KAI_CONTROL_MEMBER, &member));
	item.audience[0] =
		(struct kai_audience_entry){.type = KAI_AUD_COMMUNITY,
					    .org = kai_span(net->nodes[0].config.org, KAI_ID_LEN),
					    .text = kai_span_str("power")};
	net_publish(net, 0, &item, id);
	struct kai_span file = carry_wrote(net, 0, 1);

	assert_int_equal(carry_opened(net, file).bundle.memberships_count, 1);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_MEMBERS), 0);
	/* what was known of the pair before does not stand in its way */
	assert_int_equal(carry_written(net, 1, 0, &carry_all_new).len, 0);
	assert_true(carry_took(net, 1, file).outcomes[0].held);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_MEMBERS), 1);
	net_free(net);
}

/* Nothing for the members goes any longer to the one who is none any more. */
static void a_withdrawal_takes_effect(void **state)
{
	struct net *net = net_new(3);
	struct kai_community communities[1] = {{.name = kai_span_str("power")}};
	struct kai_ctl_member member = {.name = kai_span_str("power")};
	struct net_item item = {.tlp = KAI_TLP_AMBER, .audience_count = 1};
	struct net_terms terms = {.communities = communities, .community_count = 1};
	uint8_t id[KAI_ID_LEN];
	const struct carry_order named = {.ids = &id, .ids_count = 1};

	(void)state;
	memcpy(communities[0].keeper, net->nodes[0].config.org, KAI_ID_LEN);
	(void)net_agree(net, 0, 1, &terms);
	(void)net_agree(net, 1, 2, &terms);
	item.audience[0] =
		(struct kai_audience_entry){.type = KAI_AUD_COMMUNITY,
					    .org = kai_span(net->nodes[0].config.org, KAI_ID_LEN),
					    .text = kai_span_str("power")};
	for (unsigned i = 1; i < 3; i++) {
		memcpy(member.org, net->nodes[i].config.org, KAI_ID_LEN);
		net_done(&net->nodes[0], net_control(net, 0, KAI_CONTROL_MEMBER, &member));
		struct kai_ctl_member_import import = {.bytes = net->nodes[0].answer.body};

		net_done(&net->nodes[1], net_control(net, 1, KAI_CONTROL_MEMBER_IMPORT, &import));
	}
	net_publish(net, 1, &item, id);
	assert_int_equal(carry_opened(net, carry_wrote(net, 1, 2)).bundle.advisories_count, 1);
	member.withdrawn = true;
	net_done(&net->nodes[0], net_control(net, 0, KAI_CONTROL_MEMBER, &member));
	net_publish(net, 0, &item, id);
	struct kai_span file = carry_wrote(net, 0, 1);

	assert_int_equal(carry_opened(net, file).bundle.memberships_count, 2);
	assert_true(carry_took(net, 1, file).outcomes[0].held);
	assert_int_equal(carry_written(net, 1, 2, &named).len, 0);
	assert_true(kai_span_equal(net->nodes[1].answer.reason, kai_span_str("audience")));
	/* until what it takes back is over in any case */
	net_pass(net, KAI_MEMBERSHIP_MAX_MS);
	carry_item(net, 0, 1, 0, id);
	assert_int_equal(carry_opened(net, carry_wrote(net, 0, 1)).bundle.memberships_count, 0);
	net_free(net);
}

/* ---- how much ---- */

static void many_go_in_many_files(void **state)
{
	struct net *net = carry_island(&net_wide);
	struct carry_order order = {.since = 0};
	uint8_t id[KAI_ID_LEN];
	size_t came = 0;
	unsigned files = 0;

	(void)state;
	for (unsigned i = 0; i < KAI_MAX_BUNDLE_ITEMS + 5; i++)
		carry_item(net, 0, 1, 0, id);
	do {
		struct kai_span file = carry_written(net, 0, 1, &order);

		order.after = net->nodes[0].answer.next;
		struct kai_bundle_report report = carry_took(net, 1, file);

		assert_in_range(report.outcomes_count, 1, KAI_MAX_BUNDLE_ITEMS);
		for (size_t i = 0; i < report.outcomes_count; i++)
			came += report.outcomes[i].fresh;
		files++;
	} while (order.after != 0);
	assert_in_range(files, 2, 4);
	assert_int_equal(came, KAI_MAX_BUNDLE_ITEMS + 5);
	/* and the receipts fit in one */
	assert_int_equal(carry_took(net, 0, carry_wrote(net, 1, 0)).settled,
			 KAI_MAX_BUNDLE_ITEMS + 5);
	net_free(net);
}

/* A header of the longest, with additions of a later version. */
static struct kai_span long_header(struct net *net, struct kai_span bytes)
{
	static const uint8_t value[KAI_MAX_EXT_LEN];
	struct kai_ext ext[3];
	struct kai_header header;

	assert_int_equal(kai_header_read(bytes, &net->arena, &header), KAI_FAULT_NONE);
	for (unsigned i = 0; i < 3; i++)
		ext[i] = (struct kai_ext){.tag = 1 + i, .value = kai_span(value, sizeof(value))};
	header.ext = ext;
	header.ext_count = 3;
	return kai_object_encode_in(&kai_object_header, &header, &net->arena);
}

/* Counts that are owed of as many items, which are copies of that one. */
static void owe_counts(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN], unsigned count)
{
	const struct kai_owed owed = {.levels = 1u << KAI_LEVEL_FORWARDED, .changes = 1};
	struct kai_item item;
	struct kai_txn *txn;
	uint64_t arrival;

	assert_int_equal(kai_txn_begin(net->nodes[node].store, true, &txn, NULL), KAI_ERR_OK);
	assert_true(kai_rec_arrival(txn, id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &net->arena, &item));
	item.header = long_header(net, item.header);
	for (unsigned i = 0; i < count; i++) {
		struct kai_key key = kai_key_owed(1, KAI_OWED_COUNTED, arrival + 1 + i);

		kai_rec_item_put(txn, arrival + 1 + i, &item);
		kai_rec_put(txn, KAI_TABLE_OWED, &key, &kai_object_owed, &owed);
	}
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

/* However many there are of which nobody else may have any. */
static void many_counts_are_looked_at(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 1, 2, &(struct net_terms){.introduce = true, .constituency = true});
	carry_item(net, 0, 1, 0, id);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	owe_counts(net, 1, id, 1000);
	net_pass(net, KAI_MS_MINUTE);
	/* of the one that came: that it did, and the count */
	assert_int_equal(carry_opened(net, carry_wrote(net, 1, 0)).bundle.receipts_count, 2);
	/* and over a link, which does not owe them any longer then */
	net_link(net, 0, 1);
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_up(net, 1, 0));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 0);
	net_free(net);
}

static void large_ones_go_alone(void **state)
{
	struct net *net = carry_island(&net_wide);
	struct carry_order order = {.since = 0};
	uint8_t ids[3][KAI_ID_LEN];
	unsigned files = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		carry_item(net, 0, 1, 1000000, ids[i]);
	do {
		struct kai_span file = carry_written(net, 0, 1, &order);

		assert_in_range(file.len, 1000000, 2200000);
		order.after = net->nodes[0].answer.next;
		carry_took(net, 1, file);
		files++;
	} while (order.after != 0);
	assert_int_equal(files, 2);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(net_parts(net, 1, ids[i]), 3);
	net_free(net);
}

static void an_empty_one_is_good_once(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN], digest[KAI_ID_LEN];
	const struct net_node *writer = &net->nodes[0];

	(void)state;
	carry_item(net, 0, 1, 0, id);
	struct kai_bundle empty = carry_opened(net, carry_wrote(net, 0, 1)).bundle;

	empty.advisories_count = 0;
	empty.cards_count = 0;
	struct kai_span file = kai_bundle_make(&empty, writer->system.key, writer->system.secret,
					       &net->arena, digest);
	struct kai_bundle_report report = carry_took(net, 1, file);

	assert_int_equal(report.outcomes_count, 0);
	assert_int_equal(report.number, empty.number);
	carry_refused(net, 1, file, "replay");
	net_free(net);
}

/* ---- keys that change while a file is carried */

static void keys_may_change_on_the_way(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	carry_item(net, 0, 1, 0, id);
	/* its writer has a newer card, which the file brings */
	struct kai_span newer =
		net_card_newer(net, 0, (uint64_t)NET_MS / 1000 + 10, NET_MS + KAI_MS_DAY, NULL);

	net_card_own(net, 0, newer);
	carry_took(net, 1, carry_wrote(net, 0, 1));
	struct kai_txn *txn = net_read(net, 1);
	struct kai_card_rec rec;

	assert_true(kai_rec_card(txn, net->nodes[0].config.org, &net->arena, &rec));
	assert_true(kai_span_equal(rec.bytes, newer));
	kai_txn_abort(txn);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_in_and_back),
		cmocka_unit_test(its_number_is_not_before_its_time),
		cmocka_unit_test(what_is_lost_is_told_again),
		cmocka_unit_test(settles_what_came_and_no_more),
		cmocka_unit_test(only_what_may_go_goes),
		cmocka_unit_test(no_part_goes_by_a_clause),
		cmocka_unit_test(by_name_and_by_time),
		cmocka_unit_test(the_receiver_decides_too),
		cmocka_unit_test(receipts_wait_for_the_agreement),
		cmocka_unit_test(bundles_and_links_meet),
		cmocka_unit_test(memberships_come_along),
		cmocka_unit_test(a_withdrawal_takes_effect),
		cmocka_unit_test(many_go_in_many_files),
		cmocka_unit_test(many_counts_are_looked_at),
		cmocka_unit_test(large_ones_go_alone),
		cmocka_unit_test(an_empty_one_is_good_once),
		cmocka_unit_test(keys_may_change_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
