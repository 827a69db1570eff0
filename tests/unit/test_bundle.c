/* SPDX-License-Identifier: Apache-2.0 */
/* What goes and comes in files: the same rules as over a link, settled by a bundle back. */
#include "net.h"

#include <string.h>

#include "kairan/bundle.h"
#include "kairan/kinds.h"
#include "kairan/receipt.h"
#include "kairan/records.h"

/* ---- carrying files ---- */

struct order {
	uint64_t since, after;
	uint8_t (*ids)[KAI_ID_LEN];
	size_t ids_count;
	bool receipts;
};
static const struct order all_new = {.since = 0};

/* A file of `from` for `to`, a copy in the net's arena; empty: there was nothing, or it was refused. */
static struct kai_span written(struct net *net, unsigned from, unsigned to,
			       const struct order *order)
{
	struct kai_ctl_bundle_write request = {.since = order->since,
					       .after = order->after,
					       .ids = order->ids,
					       .ids_count = order->ids_count,
					       .receipts = order->receipts};

	memcpy(request.to, net->nodes[to].config.org, KAI_ID_LEN);
	(void)net_control(net, from, KAI_CONTROL_BUNDLE_WRITE, &request);
	return net->nodes[from].answer.body;
}

static struct kai_span wrote(struct net *net, unsigned from, unsigned to)
{
	struct kai_span file = written(net, from, to, &all_new);

	net_done(&net->nodes[from], net->nodes[from].answer.exit);
	assert_true(file.len > 0);
	return file;
}

static uint64_t take(struct net *net, unsigned node, struct kai_span file)
{
	struct kai_ctl_bundle_take request = {.file = file};

	return net_control(net, node, KAI_CONTROL_BUNDLE_TAKE, &request);
}

static struct kai_bundle_report took(struct net *net, unsigned node, struct kai_span file)
{
	struct kai_bundle_report report;

	net_done(&net->nodes[node], take(net, node, file));
	assert_int_equal(kai_object_decode(&kai_object_bundle_report, net->nodes[node].answer.body,
					   &net->arena, &report),
			 KAI_FAULT_NONE);
	return report;
}

static void refused(struct net *net, unsigned node, struct kai_span file, const char *reason)
{
	struct kai_span got;

	assert_int_equal(take(net, node, file), 1);
	got = net->nodes[node].answer.reason;
	if (!kai_span_equal(got, kai_span_str(reason)))
		fail_msg("refused for %.*s, not for %s", (int)got.len, (const char *)got.at,
			 reason);
	assert_int_equal(net->nodes[node].answer.body.len, 0);
}

static struct kai_bundle_opened opened(struct net *net, struct kai_span file)
{
	struct kai_bundle_opened ret;

	assert_int_equal(kai_bundle_open(file, &net->arena, &ret), KAI_FAULT_NONE);
	return ret;
}

/* Two with an agreement that was carried by hand, and no link. */
static struct net *island(const struct net_terms *terms)
{
	struct net *net = net_new(3);

	(void)net_agree(net, 0, 1, terms);
	return net;
}

static void file_for(struct net *net, unsigned from, unsigned to, size_t attachment,
		     uint8_t ret[KAI_ID_LEN])
{
	struct net_item item = {.tlp = KAI_TLP_AMBER,
				.audience_count = 1,
				.audience = {net_org(net, to)},
				.attachment = attachment};

	net_publish(net, from, &item, ret);
}

static uint64_t released(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
			 uint64_t *ret_bundle)
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_released row = {.state = 0};
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key key = kai_key_pair(arrival, 1);

	(void)kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, &net->arena, &row);
	kai_txn_abort(txn);
	if (ret_bundle != NULL)
		*ret_bundle = row.bundle;
	return row.state;
}

static uint64_t level_of(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_receipt_rec rec = {.levels_count = 0};
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	struct kai_key key = kai_key_pair(arrival, 1);

	(void)kai_rec_get(txn, KAI_TABLE_RECEIPTS, &key, &kai_object_receipt_rec, &net->arena,
			  &rec);
	uint64_t level = kai_receipt_highest(&rec);

	kai_txn_abort(txn);
	return level;
}

/* ---- out, in, and back ---- */

static void out_in_and_back(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t id[KAI_ID_LEN];
	uint64_t number = 0;

	(void)state;
	file_for(net, 0, 1, 3000, id);
	struct kai_span file = wrote(net, 0, 1);
	struct kai_bundle_opened bundle = opened(net, file);

	assert_int_equal(bundle.bundle.advisories_count, 1);
	assert_int_equal(bundle.bundle.cards_count, 1);
	assert_int_equal(released(net, 0, id, &number), KAI_RELEASED_SENT);
	assert_int_equal(number, bundle.bundle.number);
	struct kai_bundle_report report = took(net, 1, file);

	assert_int_equal(report.outcomes_count, 1);
	assert_true(report.outcomes[0].held && report.outcomes[0].fresh);
	assert_int_equal(report.outcomes[0].parts, 3);
	assert_int_equal(net_parts(net, 1, id), 3);
	refused(net, 1, file, "replay");
	/* not settled yet: it goes again, under another number, and does no harm */
	struct kai_span again = wrote(net, 0, 1);

	assert_true(opened(net, again).bundle.number > number);
	assert_int_equal(opened(net, again).bundle.advisories_count, 1);
	report = took(net, 1, again);
	assert_true(report.outcomes[0].held && !report.outcomes[0].fresh);
	/* and back */
	struct kai_span back = wrote(net, 1, 0);

	bundle = opened(net, back);
	assert_int_equal(bundle.bundle.advisories_count, 0);
	assert_int_equal(bundle.bundle.heard_count, 2);
	assert_int_equal(bundle.bundle.receipts_count, 1);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 1);
	report = took(net, 0, back);
	assert_int_equal(report.settled, 1);
	assert_int_equal(released(net, 0, id, &number), KAI_RELEASED_STORED);
	assert_int_equal(level_of(net, 0, id), KAI_LEVEL_DELIVERED);
	/* nothing is new; and the next one tells the other end that its receipts came */
	assert_int_equal(written(net, 0, 1, &all_new).len, 0);
	assert_int_equal(net->nodes[0].answer.exit, 0);
	file_for(net, 0, 1, 0, id);
	took(net, 1, wrote(net, 0, 1));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 1); /* of the second alone */
	net_free(net);
}

/* A key that began in the middle of a second has begun by the bundle's number. */
static void its_number_is_not_before_its_time(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		net_pass(net, 301);
		file_for(net, 0, 1, 0, id);
		uint64_t number = opened(net, wrote(net, 0, 1)).bundle.number;

		assert_true((int64_t)number * KAI_MS_SECOND >= NET_MS + net->mono.ms);
	}
	net_free(net);
}

/* An answer that is lost costs another round, and nothing that a person said. */
static void what_is_lost_is_told_again(void **state)
{
	struct net *net = island(&net_wide);
	struct kai_ctl_ack ack = {.level = KAI_LEVEL_RECEIVED, .role = kai_span_str("duty")};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	file_for(net, 0, 1, 0, id);
	took(net, 1, wrote(net, 0, 1));
	memcpy(ack.id, id, KAI_ID_LEN);
	net_done(&net->nodes[1], net_control(net, 1, KAI_CONTROL_ACK, &ack));
	(void)wrote(net, 1, 0); /* lost */
	struct kai_span back = wrote(net, 1, 0);

	took(net, 0, back);
	assert_int_equal(level_of(net, 0, id), KAI_LEVEL_RECEIVED);
	assert_int_equal(released(net, 0, id, NULL), KAI_RELEASED_STORED);
	refused(net, 0, back, "replay");
	/* until it hears that they came */
	assert_true(net_rows(net, 1, KAI_TABLE_OWED) > 0);
	file_for(net, 0, 1, 0, id);
	took(net, 1, wrote(net, 0, 1));
	took(net, 0, wrote(net, 1, 0));
	net_restart(net, 1);
	took(net, 1, written(net, 0, 1, &(struct order){.ids = &id, .ids_count = 1}));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_OWED), 1); /* of what came again just now */
	net_free(net);
}

/* An answer to an older bundle does not settle what went in a newer one. */
static void settles_what_came_and_no_more(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t id[KAI_ID_LEN], release[KAI_ID_LEN];

	(void)state;
	file_for(net, 0, 1, 0, id);
	took(net, 1, wrote(net, 0, 1));
	struct kai_span back = wrote(net, 1, 0);
	struct kai_span second = wrote(net, 0, 1);

	took(net, 0, back);
	assert_int_equal(released(net, 0, id, NULL), KAI_RELEASED_SENT);
	took(net, 1, second);
	assert_int_equal(took(net, 0, wrote(net, 1, 0)).settled, 1);
	net_retract(net, 0, id, release);
	struct kai_bundle_report report = took(net, 1, wrote(net, 0, 1));

	assert_int_equal(report.outcomes_count, 1);
	assert_true(kai_id_equal(report.outcomes[0].id, release));
	assert_true(report.outcomes[0].held);
	net_free(net);
}

/* ---- by the same rules ---- */

static void only_what_may_go_goes(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t id[KAI_ID_LEN], other[KAI_ID_LEN];
	uint8_t(*ids)[KAI_ID_LEN] = &other;
	const struct order named = {.ids = ids, .ids_count = 1};

	(void)state;
	(void)net_agree(net, 0, 2, &net_wide);
	file_for(net, 0, 1, 0, id);
	file_for(net, 0, 2, 0, other);
	struct kai_span file = wrote(net, 0, 1);

	assert_int_equal(opened(net, file).bundle.advisories_count, 1);
	assert_null(memmem(file.at, file.len, other, KAI_ID_LEN));
	assert_int_equal(written(net, 0, 1, &named).len, 0);
	assert_int_equal(net->nodes[0].answer.exit, 1);
	assert_true(kai_span_equal(net->nodes[0].answer.reason, kai_span_str("audience")));
	memset(other, 7, sizeof(other));
	(void)written(net, 0, 1, &named);
	assert_int_equal(net->nodes[0].answer.exit, 4);
	/* to an org that nothing was agreed with, and to one that is not known */
	struct kai_ctl_bundle_write request = {.to = {1}};

	assert_int_equal(net_control(net, 0, KAI_CONTROL_BUNDLE_WRITE, &request), 4);
	(void)written(net, 1, 2, &all_new);
	assert_int_equal(net->nodes[1].answer.exit, 1);
	net_free(net);
}

/* By name what is there already goes once more, each once; by time only what came since. */
static void by_name_and_by_time(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t ids[3][KAI_ID_LEN];

	(void)state;
	file_for(net, 0, 1, 0, ids[0]);
	took(net, 1, wrote(net, 0, 1));
	took(net, 0, wrote(net, 1, 0));
	net_pass(net, KAI_MS_HOUR);
	file_for(net, 0, 1, 0, ids[1]);
	memcpy(ids[2], ids[0], KAI_ID_LEN);
	struct order named = {.ids = ids, .ids_count = 3};

	assert_int_equal(opened(net, written(net, 0, 1, &named)).bundle.advisories_count, 2);
	/* what was there still counts as there */
	assert_int_equal(released(net, 0, ids[0], NULL), KAI_RELEASED_STORED);
	named.ids_count = 1;
	assert_int_equal(opened(net, written(net, 0, 1, &named)).bundle.advisories_count, 1);
	const struct order later = {.since = (uint64_t)(NET_MS + net->mono.ms + 1)};
	const struct order since = {.since = (uint64_t)(NET_MS + net->mono.ms)};

	assert_int_equal(written(net, 0, 1, &later).len, 0);
	assert_int_equal(opened(net, written(net, 0, 1, &since)).bundle.advisories_count, 1);
	net_free(net);
}

/* The receiver decides anew, by its own clock and papers. */
static void the_receiver_decides_too(void **state)
{
	const struct net_terms terms = {.introduce = true, .valid_until = NET_MS + KAI_MS_DAY};
	struct net *net = island(&terms);
	uint8_t id[KAI_ID_LEN], gone[KAI_ID_LEN], retraction[KAI_ID_LEN];

	(void)state;
	file_for(net, 0, 1, 0, gone);
	took(net, 1, wrote(net, 0, 1));
	took(net, 0, wrote(net, 1, 0));
	file_for(net, 0, 1, 0, id);
	net_retract(net, 0, gone, retraction);
	struct kai_span file = wrote(net, 0, 1);

	assert_int_equal(opened(net, file).bundle.advisories_count, 2);
	net_pass(net, 2 * KAI_MS_DAY);
	struct kai_bundle_report report = took(net, 1, file);

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
	assert_int_equal(written(net, 1, 0, &all_new).len, 0);
	net_free(net);
}

/* Receipts are judged while an agreement is in force, or not at all: the same file is good again then. */
static void receipts_wait_for_the_agreement(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	file_for(net, 0, 1, 0, id);
	took(net, 1, wrote(net, 0, 1));
	struct kai_span back = wrote(net, 1, 0);

	net_notice(net, 0, 1, KAI_NOTICE_SUSPEND);
	refused(net, 0, back, "agreement");
	assert_int_equal(net_rows(net, 0, KAI_TABLE_BUNDLES), 1);
	net_notice(net, 0, 1, KAI_NOTICE_RESUME);
	assert_int_equal(took(net, 0, back).settled, 1);
	net_free(net);
}

/* What came in a bundle goes on over a link, with the card of who made it, and the other way round. */
static void bundles_and_links_meet(void **state)
{
	struct net *net = island(&net_wide);
	const struct net_item item = {.keep = true};
	uint8_t id[KAI_ID_LEN], back[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 1, 2, &net_wide);
	net_link(net, 1, 2);
	net_run(net);
	net_publish(net, 0, &item, id);
	took(net, 1, wrote(net, 0, 1));
	net_run(net);
	assert_true(net_holds(net, 2, id, NULL));
	net_publish(net, 2, &item, back);
	net_run(net);
	struct kai_span file = wrote(net, 1, 0);

	assert_int_equal(opened(net, file).bundle.cards_count, 2);
	assert_true(took(net, 0, file).outcomes[0].held);
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
	struct kai_span file = wrote(net, 0, 1);

	assert_int_equal(opened(net, file).bundle.memberships_count, 1);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_MEMBERS), 0);
	assert_true(took(net, 1, file).outcomes[0].held);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_MEMBERS), 1);
	net_free(net);
}

/* ---- how much ---- */

static void many_go_in_many_files(void **state)
{
	struct net *net = island(&net_wide);
	struct order order = {.since = 0};
	uint8_t id[KAI_ID_LEN];
	size_t came = 0;
	unsigned files = 0;

	(void)state;
	for (unsigned i = 0; i < KAI_MAX_BUNDLE_ITEMS + 5; i++)
		file_for(net, 0, 1, 0, id);
	do {
		struct kai_span file = written(net, 0, 1, &order);

		order.after = net->nodes[0].answer.next;
		struct kai_bundle_report report = took(net, 1, file);

		assert_in_range(report.outcomes_count, 1, KAI_MAX_BUNDLE_ITEMS);
		for (size_t i = 0; i < report.outcomes_count; i++)
			came += report.outcomes[i].fresh;
		files++;
	} while (order.after != 0);
	assert_in_range(files, 2, 4);
	assert_int_equal(came, KAI_MAX_BUNDLE_ITEMS + 5);
	/* and the receipts fit in one */
	assert_int_equal(took(net, 0, wrote(net, 1, 0)).settled, KAI_MAX_BUNDLE_ITEMS + 5);
	net_free(net);
}

static void large_ones_go_alone(void **state)
{
	struct net *net = island(&net_wide);
	struct order order = {.since = 0};
	uint8_t ids[3][KAI_ID_LEN];
	unsigned files = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		file_for(net, 0, 1, 1000000, ids[i]);
	do {
		struct kai_span file = written(net, 0, 1, &order);

		assert_in_range(file.len, 1000000, 2200000);
		order.after = net->nodes[0].answer.next;
		took(net, 1, file);
		files++;
	} while (order.after != 0);
	assert_int_equal(files, 2);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(net_parts(net, 1, ids[i]), 3);
	net_free(net);
}

static void an_empty_one_is_good_once(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t id[KAI_ID_LEN], digest[KAI_ID_LEN];
	const struct net_node *writer = &net->nodes[0];

	(void)state;
	file_for(net, 0, 1, 0, id);
	struct kai_bundle empty = opened(net, wrote(net, 0, 1)).bundle;

	empty.advisories_count = 0;
	empty.cards_count = 0;
	struct kai_span file = kai_bundle_make(&empty, writer->system.key, writer->system.secret,
					       &net->arena, digest);
	struct kai_bundle_report report = took(net, 1, file);

	assert_int_equal(report.outcomes_count, 0);
	assert_int_equal(report.number, empty.number);
	refused(net, 1, file, "replay");
	net_free(net);
}

/* ---- hostile ones ---- */

/* Every bit of a file is under its signature; nothing of a damaged one is used. */
static void no_byte_may_change(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	file_for(net, 0, 1, 0, id);
	struct kai_span file = wrote(net, 0, 1);
	uint8_t *bytes = kai_arena_take(&net->arena, file.len);
	size_t mark = net->arena.used;

	assert_non_null(bytes);
	for (size_t i = 0; i < file.len; i++) {
		memcpy(bytes, file.at, file.len);
		bytes[i] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(take(net, 1, kai_span(bytes, file.len)), 1);
		net->arena.used = mark;
	}
	for (size_t len = 1; len < file.len; len += 7) {
		assert_int_equal(take(net, 1, kai_span(file.at, len)), 1);
		net->arena.used = mark;
	}
	assert_false(net_holds(net, 1, id, NULL));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_BUNDLES), 0);
	assert_true(took(net, 1, file).outcomes[0].held);
	net_free(net);
}

/* What a patched sender might sign. */
struct forgery {
	struct net *net;
	struct kai_bundle bundle;
	const struct net_pair *by;
};

static void of_version_2(struct forgery *forgery)
{
	forgery->bundle.version = 2;
}
static void of_a_drill(struct forgery *forgery)
{
	forgery->bundle.realm[3] = 1;
}
static void from_another(struct forgery *forgery)
{
	memcpy(forgery->bundle.from, forgery->net->nodes[2].config.org, KAI_ID_LEN);
}
static void from_a_stranger(struct forgery *forgery)
{
	memset(forgery->bundle.from, 9, KAI_ID_LEN);
}
static void for_another(struct forgery *forgery)
{
	memcpy(forgery->bundle.to, forgery->net->nodes[2].config.org, KAI_ID_LEN);
}
static void of_tomorrow(struct forgery *forgery)
{
	forgery->bundle.number = (uint64_t)NET_MS / 1000 + UINT64_C(2) * 86400;
}
static void of_last_century(struct forgery *forgery)
{
	forgery->bundle.number = 1;
}
static void under_no_agreement(struct forgery *forgery)
{
	forgery->bundle.agreement[0] ^= 1;
}
static void by_anothers_key(struct forgery *forgery)
{
	forgery->by = &forgery->net->nodes[2].system;
}
static void by_the_receivers_key(struct forgery *forgery)
{
	forgery->by = &forgery->net->nodes[1].system;
}
static void by_the_root(struct forgery *forgery)
{
	forgery->by = &forgery->net->nodes[0].root;
}
static void with_one_item_twice(struct forgery *forgery)
{
	struct kai_advisory *twice = kai_arena_take(&forgery->net->arena, 2 * sizeof(*twice));

	assert_non_null(twice);
	twice[0] = twice[1] = forgery->bundle.advisories[0];
	forgery->bundle.advisories = twice;
	forgery->bundle.advisories_count = 2;
}
static void with_a_release_of_nothing(struct forgery *forgery)
{
	struct kai_release release = {.version = 1,
				      .label = {.tlp = KAI_TLP_CLEAR,
						.onward = KAI_ONWARD_ANY,
						.attribution = KAI_ATTR_NAMED,
						.pap = KAI_PAP_CLEAR},
				      .at = NET_MS,
				      .expires = NET_MS + KAI_MS_DAY};
	const struct net_pair *decider = &forgery->net->nodes[0].decider;
	struct kai_span *one = kai_arena_take(&forgery->net->arena, sizeof(*one));

	assert_non_null(one);
	*one = kai_signed_make(
		KAI_CTX_RELEASE,
		kai_object_encode_in(&kai_object_release, &release, &forgery->net->arena),
		decider->key, decider->secret, &forgery->net->arena);
	forgery->bundle.evidence = one;
	forgery->bundle.evidence_count = 1;
}
static void with_evidence_of_noise(struct forgery *forgery)
{
	struct kai_span *one = kai_arena_take(&forgery->net->arena, sizeof(*one));

	assert_non_null(one);
	*one = kai_span_str("\x93noise");
	forgery->bundle.evidence = one;
	forgery->bundle.evidence_count = 1;
}
/* signed by `by` for `of`, to the receiver or to another */
static void add_receipt(struct forgery *forgery, unsigned of, unsigned by, unsigned to)
{
	struct net *net = forgery->net;
	struct kai_receipt_entry entry = {.level = KAI_LEVEL_DELIVERED, .at = NET_MS};
	struct kai_receipt receipt = {
		.version = 1, .at = NET_MS, .entries = &entry, .entries_count = 1};
	struct kai_span *one = kai_arena_take(&net->arena, sizeof(*one));
	uint8_t digest[KAI_ID_LEN];

	assert_non_null(one);
	memcpy(receipt.org, net->nodes[of].config.org, KAI_ID_LEN);
	memcpy(receipt.to, net->nodes[to].config.org, KAI_ID_LEN);
	*one = kai_receipt_make(&receipt, net->nodes[by].system.key, net->nodes[by].system.secret,
				&net->arena, digest);
	forgery->bundle.receipts = one;
	forgery->bundle.receipts_count = 1;
}
static void with_anothers_receipt(struct forgery *forgery)
{
	add_receipt(forgery, 2, 2, 1);
}
static void with_a_receipt_for_another(struct forgery *forgery)
{
	add_receipt(forgery, 0, 0, 2);
}
static void with_a_receipt_by_anothers_key(struct forgery *forgery)
{
	add_receipt(forgery, 0, 2, 1);
}

static struct kai_span forged(struct net *net, struct kai_span file,
			      void (*edit)(struct forgery *forgery))
{
	struct forgery forgery = {.net = net, .by = &net->nodes[0].system};
	uint8_t digest[KAI_ID_LEN];

	forgery.bundle = opened(net, file).bundle;
	edit(&forgery);
	struct kai_span made = kai_bundle_make(&forgery.bundle, forgery.by->key, forgery.by->secret,
					       &net->arena, digest);

	assert_true(made.len > 0);
	return made;
}

static const struct {
	void (*edit)(struct forgery *forgery);
	const char *reason;
} forgeries[] = {
	{of_version_2, "unknown-version"},
	{of_a_drill, "realm"},
	{from_another, "key-not-in-card"},
	{from_a_stranger, "no-card"},
	{for_another, "misdirected"},
	{of_tomorrow, "bad-time"},
	{of_last_century, "key-window"},
	{under_no_agreement, "agreement"},
	{by_anothers_key, "key-not-in-card"},
	{by_the_receivers_key, "key-not-in-card"},
	{by_the_root, "key-not-in-card"},
	{with_one_item_twice, "unordered"},
	{with_a_release_of_nothing, "contradiction"},
	{with_evidence_of_noise, "wrong-type"},
	{with_anothers_receipt, "contradiction"},
	{with_a_receipt_for_another, "contradiction"},
	{with_a_receipt_by_anothers_key, "key-not-in-card"},
};

static void forgeries_are_refused_whole(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 1, 2, &net_wide);
	file_for(net, 0, 1, 0, id);
	struct kai_span file = wrote(net, 0, 1);

	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++)
		refused(net, 1, forged(net, file, forgeries[i].edit), forgeries[i].reason);
	assert_false(net_holds(net, 1, id, NULL));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_BUNDLES), 0);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_RECEIPTS), 0);
	assert_true(took(net, 1, file).outcomes[0].held);
	net_free(net);
}

/* ---- one bad item among good ones */

static struct kai_advisory *first_of(struct forgery *forgery)
{
	struct net *net = forgery->net;
	struct kai_bundle *bundle = &forgery->bundle;
	struct kai_advisory *all =
		kai_arena_take(&net->arena, bundle->advisories_count * sizeof(*all));

	assert_non_null(all);
	memcpy(all, bundle->advisories, bundle->advisories_count * sizeof(*all));
	bundle->advisories = all;
	return all;
}
static struct kai_span turned(struct net *net, struct kai_span bytes, size_t at)
{
	uint8_t *copy = kai_arena_take(&net->arena, bytes.len);

	assert_non_null(copy);
	memcpy(copy, bytes.at, bytes.len);
	copy[at] ^= 1;
	return kai_span(copy, bytes.len);
}
static void its_wrap_is_anothers(struct forgery *forgery)
{
	struct kai_wrap *wraps = first_of(forgery)->wraps;

	kai_key_hint(forgery->net->nodes[2].seal.key, wraps[0].key_hint);
}
static void its_wrap_is_of_another_part(struct forgery *forgery)
{
	struct kai_advisory *all = first_of(forgery);

	all[0].wraps[0].bytes = all[1].wraps[0].bytes;
}
static void it_has_no_wrap(struct forgery *forgery)
{
	first_of(forgery)->wraps_count = 0;
}
static void its_part_is_changed(struct forgery *forgery)
{
	struct kai_part_blob *part = first_of(forgery)->parts;

	part->ciphertext = turned(forgery->net, part->ciphertext, 50);
}
static void its_header_is_changed(struct forgery *forgery)
{
	struct kai_advisory *first = first_of(forgery);

	first->header = turned(forgery->net, first->header, first->header.len - 2);
}
static void its_signature_is_changed(struct forgery *forgery)
{
	first_of(forgery)->signatures[0].sig[5] ^= 1;
}

static const struct {
	void (*edit)(struct forgery *forgery);
	const char *reason;
} bad_items[] = {
	{its_wrap_is_anothers, "bad-wrap"},
	{its_wrap_is_of_another_part, "key-commitment"},
	{it_has_no_wrap, "no-wrap"},
	{its_part_is_changed, "bad-hash"},
	{its_header_is_changed, "bad-signature"},
	{its_signature_is_changed, "bad-signature"},
};

static void a_bad_item_spoils_itself_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_items) / sizeof(bad_items[0]); i++) {
		struct net *net = island(&net_wide);
		uint8_t ids[2][KAI_ID_LEN];

		file_for(net, 0, 1, 0, ids[0]);
		file_for(net, 0, 1, 0, ids[1]);
		struct kai_bundle_report report =
			took(net, 1, forged(net, wrote(net, 0, 1), bad_items[i].edit));
		struct kai_span reason = report.outcomes[0].reason;

		assert_int_equal(report.outcomes_count, 2);
		assert_false(report.outcomes[0].held);
		if (!kai_span_equal(reason, kai_span_str(bad_items[i].reason)))
			fail_msg("%zu: %.*s", i, (int)reason.len, (const char *)reason.at);
		assert_true(report.outcomes[1].held);
		assert_false(net_holds(net, 1, ids[0], NULL));
		assert_int_equal(net_parts(net, 1, ids[1]), 1);
		net_free(net);
	}
}

/* ---- keys that change while a file is carried */

static void keys_may_change_on_the_way(void **state)
{
	struct net *net = island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	file_for(net, 0, 1, 0, id);
	/* its writer has a newer card, which the file brings */
	struct kai_span newer =
		net_card_newer(net, 0, (uint64_t)NET_MS / 1000 + 10, NET_MS + KAI_MS_DAY, NULL);

	net_card_own(net, 0, newer);
	took(net, 1, wrote(net, 0, 1));
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
		cmocka_unit_test(by_name_and_by_time),
		cmocka_unit_test(the_receiver_decides_too),
		cmocka_unit_test(receipts_wait_for_the_agreement),
		cmocka_unit_test(bundles_and_links_meet),
		cmocka_unit_test(memberships_come_along),
		cmocka_unit_test(many_go_in_many_files),
		cmocka_unit_test(large_ones_go_alone),
		cmocka_unit_test(an_empty_one_is_good_once),
		cmocka_unit_test(no_byte_may_change),
		cmocka_unit_test(forgeries_are_refused_whole),
		cmocka_unit_test(a_bad_item_spoils_itself_alone),
		cmocka_unit_test(keys_may_change_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
