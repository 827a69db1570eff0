/* SPDX-License-Identifier: Apache-2.0 */
/* What was put off or could not go comes again, after a cut, a crash or a backup; nothing is lost. */
#include "net.h"

#include <string.h>

#include "kairan/rec.h"

#define LONG_AGO (NET_MS - 300 * KAI_MS_DAY)

/* ---- clocks that differ ---- */

/* Two nodes, of which the second one's clock is behind by so much. */
static struct net *behind(int64_t ms)
{
	const struct net_terms terms = {.introduce = true, .valid_from = LONG_AGO};
	struct net *net = net_new(2);

	(void)net_agree(net, 0, 1, &terms);
	net->nodes[1].skew_ms = -ms;
	net_link(net, 0, 1);
	net_run(net);
	return net;
}

/* Refused for now, the link falls, the reason goes away: the token went past it, the item must not. */
static void what_was_deferred_outlives_the_link(void **state)
{
	struct net *net = behind(3 * KAI_MS_DAY);
	uint8_t first[KAI_ID_LEN], second[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.title = "early"}, first);
	net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT, .title = "alert"}, second);
	net_run(net);
	net_pass(net, 5000);
	assert_false(net_holds(net, 1, first, NULL));
	assert_false(net_holds(net, 1, second, NULL));
	net_cut(net, 0, 1);
	net->nodes[1].skew_ms = 0;
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 5000);
	assert_true(net_holds(net, 1, first, NULL));
	assert_true(net_holds(net, 1, second, NULL));
	net_free(net);
}

/* The same with an offerer that forgot what it had in memory. */
static void what_was_deferred_outlives_a_crash(void **state)
{
	struct net *net = behind(3 * KAI_MS_DAY);
	uint8_t id[KAI_ID_LEN], later[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.title = "early"}, id);
	net_run(net);
	net_pass(net, 5000);
	net_restart(net, 0);
	net_restart(net, 1);
	net->nodes[1].skew_ms = 0;
	net_publish(net, 0, &(struct net_item){.title = "later"}, later);
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 5000);
	assert_true(net_holds(net, 1, later, NULL));
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* By the receiver's clock the agreement begins half a second later: refused for that long, not for good. */
static void an_agreement_that_begins_refuses_nothing_for_good(void **state)
{
	const struct net_terms terms = {.introduce = true,
					.valid_from = NET_MS + 10 * KAI_MS_SECOND};
	struct net *net = net_new(2);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &terms);
	net->nodes[1].skew_ms = -500;
	net_publish(net, 0, &(struct net_item){.title = "early", .keep = true}, id);
	net_link(net, 0, 1);
	net_run(net);
	net_pass(net, 3 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* A clock that is fast finds items over that are not: put off, not refused for good. */
static void a_fast_clock_refuses_nothing_for_good(void **state)
{
	struct net *net = behind(-10 * KAI_MS_MINUTE);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net_publish(net, 0, &(struct net_item){.not_after = NET_MS + 5 * KAI_MS_MINUTE}, id);
	net_pass(net, 2000);
	assert_false(net_holds(net, 1, id, NULL));
	net->nodes[1].skew_ms = 0;
	net_pass(net, 2 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* Nor for want of a membership that has not begun by it; and it may have been set back since the link stands. */
static void a_slow_clock_finds_no_member_and_waits(void **state)
{
	struct kai_community community = {.name = kai_span_str("circle")};
	struct net_terms terms = {.introduce = true,
				  .valid_from = LONG_AGO,
				  .communities = &community,
				  .community_count = 1};
	struct kai_ctl_member member = {.name = kai_span_str("circle")};
	struct net *net = net_new(2);
	struct net_item item = {.tlp = KAI_TLP_GREEN, .audience_count = 1};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	memcpy(community.keeper, net->nodes[0].config.org, KAI_ID_LEN);
	memcpy(member.org, net->nodes[1].config.org, KAI_ID_LEN);
	item.audience[0] =
		(struct kai_audience_entry){.type = KAI_AUD_COMMUNITY,
					    .org = kai_span(net->nodes[0].config.org, KAI_ID_LEN),
					    .text = kai_span_str("circle")};
	(void)net_agree(net, 0, 1, &terms);
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_MEMBER, &member), 0);
	net_run(net);
	net->nodes[1].skew_ms = -2 * KAI_MS_HOUR;
	net_publish(net, 0, &item, id);
	net_pass(net, KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, id, NULL));
	net->nodes[1].skew_ms = 0;
	net_pass(net, 3 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	net_free(net);
}

/* ---- links that fall, backups ---- */

/* Holds back what node 1 answers, as a long way would, and loses chunks. */
struct far {
	struct net *net;
	struct kai_span answers[4];
	size_t count;
};

static bool hold_answers(void *context, struct net_frame *frame)
{
	struct far *far = context;

	if (frame->type == KAI_MSG_CHUNK)
		return false;
	if (frame->from != 1 || (frame->type != KAI_MSG_WANT && frame->type != KAI_MSG_STORED) ||
	    far->count == 4)
		return true;
	far->answers[far->count++] = net_keep(far->net, frame);
	return false;
}

/* An alert is stored with its main part as soon as it is pushed; what belongs to it was asked for and is lost
 * with the link, or with the node that asked. */
static void the_rest_of_an_alert_outlives_the_link(void **state)
{
	(void)state;
	for (int crash = 0; crash < 2; crash++) {
		struct net *net = net_chain(2, &net_wide);
		struct far far = {.net = net};
		uint8_t id[KAI_ID_LEN];

		net->filter = hold_answers;
		net->context = &far;
		net_publish(net, 0, &(struct net_item){.kind = KAI_KIND_ALERT, .attachment = 3000},
			    id);
		net_run(net); /* the walk of the log goes past it */
		assert_int_equal(net_sent(net, 0, 1, KAI_MSG_PUSH, 0), 1);
		assert_int_equal(far.count, 2);
		for (size_t i = 0; i < far.count; i++)
			net_inject_bytes(net, 1, 0, far.answers[i]);
		far.count = 4;
		net_run(net);
		assert_int_equal(net_sent(net, 0, 1, KAI_MSG_PUSH, 0), 1);
		assert_int_equal(net_parts(net, 1, id), 1);
		if (crash == 1)
			net_restart(net, 1);
		else
			net_cut(net, 0, 1);
		net->filter = NULL;
		net_link(net, 0, 1);
		net_run(net);
		net_pass(net, 5000);
		assert_int_equal(net_parts(net, 1, id), 3);
		net_free(net);
	}
}

/* Put back from a backup that lacks two renewals: the newest has its own signature on it, and comes again. */
static void renewals_since_a_backup_come_again(void **state)
{
	struct net *net = net_new(2);
	const uint8_t *digest = net_agree(net, 0, 1, &(struct net_terms){.serial = 1});
	struct kai_store *backup;
	struct kai_pair pair;

	(void)state;
	assert_int_equal(kai_store_copy_memory(net->nodes[1].store, &backup), KAI_ERR_OK);
	for (uint64_t serial = 2; serial <= 3; serial++)
		digest = net_agree(net, 0, 1,
				   &(struct net_terms){.serial = serial, .predecessor = digest});
	kai_store_close(net->nodes[1].store);
	net->nodes[1].store = backup;
	assert_int_equal(kai_store_renew_epoch(backup, NULL), KAI_ERR_OK);
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_run(net);
	struct kai_txn *txn = net_read(net, 1);

	kai_pair_load(txn, net->nodes[1].config.org, net->nodes[0].config.org,
		      (struct kai_wall){NET_MS + net->mono.ms}, &net->arena, &pair);
	kai_txn_abort(txn);
	assert_true(pair.has_terms);
	assert_int_equal(pair.agreement.terms.serial, 3);
	assert_memory_equal(pair.agreement.digest, digest, KAI_ID_LEN);
	net_free(net);
}

/* What the filter of the next test keeps and drops. */
struct late {
	struct net *net;
	struct kai_span stored; /* of node 2 to node 1, not delivered */
	bool no_wants;
};

static bool keep_stored(void *context, struct net_frame *frame)
{
	struct late *late = context;

	if (frame->from == 2 && frame->to == 1 && frame->type == KAI_MSG_STORED) {
		late->stored = net_keep(late->net, frame);
		return false;
	}
	if (frame->type == KAI_MSG_WANT && frame->to == 0 && late->no_wants)
		return false;
	return frame->to != 2 || late->stored.len == 0 ||
	       (frame->type != KAI_MSG_OFFER && frame->type != KAI_MSG_PUSH);
}

/* The other part came after the main one was pushed on; that is offered when main is stored, the link
 * falls before it arrives, and it is offered again. */
static void what_came_later_outlives_the_link(void **state)
{
	const struct net_terms terms = {.introduce = true, .valid_from = LONG_AGO};
	const struct net_item alert = {
		.kind = KAI_KIND_ALERT, .title = "alert", .attachment = 3000};
	struct net *net = net_new(3);
	struct late late = {.net = net, .no_wants = true};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &terms);
	(void)net_agree(net, 1, 2, &terms);
	net_link(net, 0, 1);
	net_link(net, 1, 2);
	net_run(net);
	net->filter = keep_stored;
	net->context = &late;
	net_publish(net, 0, &alert, id);
	net_run(net);
	late.no_wants = false;
	net_pass(net, 70 * KAI_MS_SECOND);
	assert_int_equal(net_parts(net, 1, id), 3);
	assert_int_equal(net_parts(net, 2, id), 1);
	assert_true(late.stored.len > 0);
	net_inject_bytes(net, 2, 1, late.stored);
	net_run(net);
	net->filter = NULL;
	net_cut(net, 1, 2);
	net_link(net, 1, 2);
	net_pass(net, 10 * KAI_MS_SECOND);
	assert_int_equal(net_parts(net, 2, id), 3);
	net_free(net);
}

/* ---- an offer that nobody answers ---- */

/* A peer that takes one thing after another is not thereby patient for ever about what it never answered. */
static void what_was_offered_in_vain_is_offered_again(void **state)
{
	enum kai_msg_type offer = KAI_MSG_OFFER;
	struct net *net = net_chain(2, &net_wide);
	uint8_t id[KAI_ID_LEN], other[KAI_ID_LEN];
	unsigned minutes = 0;

	(void)state;
	net->filter = net_drop_type;
	net->context = &offer;
	net_publish(net, 0, &(struct net_item){.title = "in vain"}, id);
	net_run(net);
	net->filter = NULL;
	while (!net_holds(net, 1, id, NULL) && ++minutes < 10) {
		for (unsigned i = 0; i < 4; i++) {
			net_publish(net, 0, &(struct net_item){.title = "more"}, other);
			net_pass(net, 15 * KAI_MS_SECOND);
			assert_true(net_holds(net, 1, other, NULL));
		}
	}
	assert_in_range(minutes, 2, 6);
	net_free(net);
}

/* ---- refusals that the offerer cannot know to be over ---- */

static bool no_word_of_agreements(void *context, struct net_frame *frame)
{
	(void)context;
	return frame->type != KAI_MSG_AGREEMENT || frame->from != 0;
}

/* The offerer knew the membership all along, the member did not: what it refused, and the part that it left out, come
 * when it does. */
static void what_a_member_refused_unknowing_comes_when_it_knows(void **state)
{
	struct kai_community community = {.name = kai_span_str("circle")};
	struct net *net = net_new(3);
	struct net_terms terms = {.communities = &community, .community_count = 1};
	struct kai_ctl_member member = {.name = kai_span_str("circle")};
	struct kai_ctl_member_import import = {.bytes = {NULL, 0}};
	struct net_item item = {.tlp = KAI_TLP_GREEN, .audience_count = 1};
	struct kai_label label = {.tlp = KAI_TLP_GREEN,
				  .onward = KAI_ONWARD_ANY,
				  .attribution = KAI_ATTR_NAMED,
				  .pap = KAI_PAP_CLEAR,
				  .gov_share = 1,
				  .audience = item.audience,
				  .audience_count = 1};
	uint8_t whole[KAI_ID_LEN], parts[KAI_ID_LEN];

	(void)state;
	memcpy(community.keeper, net->nodes[2].config.org, KAI_ID_LEN);
	memcpy(member.org, net->nodes[1].config.org, KAI_ID_LEN);
	item.audience[0] =
		(struct kai_audience_entry){.type = KAI_AUD_COMMUNITY,
					    .org = kai_span(net->nodes[2].config.org, KAI_ID_LEN),
					    .text = kai_span_str("circle")};
	(void)net_agree(net, 0, 1, &terms);
	assert_int_equal(net_control(net, 2, KAI_CONTROL_MEMBER, &member), 0);
	import.bytes = net->nodes[2].answer.body;
	net->filter = no_word_of_agreements;
	net_link(net, 0, 1);
	net_run(net);
	assert_int_equal(net_control(net, 0, KAI_CONTROL_MEMBER_IMPORT, &import), 0);
	net_publish(net, 0, &item, whole);
	net_publish(net, 0, &(struct net_item){.attachment = 500, .attachment_label = &label},
		    parts);
	net_pass(net, KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, whole, NULL));
	assert_int_equal(net_parts(net, 1, parts), 1);
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_pass(net, KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, whole, NULL));
	assert_int_equal(net_control(net, 1, KAI_CONTROL_MEMBER_IMPORT, &import), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, whole, NULL));
	assert_int_equal(net_parts(net, 1, parts), 3);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_deferred_outlives_the_link),
		cmocka_unit_test(what_was_deferred_outlives_a_crash),
		cmocka_unit_test(an_agreement_that_begins_refuses_nothing_for_good),
		cmocka_unit_test(a_fast_clock_refuses_nothing_for_good),
		cmocka_unit_test(a_slow_clock_finds_no_member_and_waits),
		cmocka_unit_test(the_rest_of_an_alert_outlives_the_link),
		cmocka_unit_test(renewals_since_a_backup_come_again),
		cmocka_unit_test(what_came_later_outlives_the_link),
		cmocka_unit_test(what_was_offered_in_vain_is_offered_again),
		cmocka_unit_test(what_a_member_refused_unknowing_comes_when_it_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
