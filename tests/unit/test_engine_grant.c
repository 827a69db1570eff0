/* SPDX-License-Identifier: Apache-2.0 */
/* What an origin grants, and what it is not allowed to: a part further than its labels, never more. */
#include "net.h"

#include <string.h>

#include "kairan/kinds.h"
#include "kairan/records.h"
#include "kairan/text.h"

/* 0 - 1 - 2, and 0 - 3; everybody introduces. */
static struct net *town(void)
{
	struct net *net = net_new(4);
	const struct net_terms terms = {.introduce = true};

	(void)net_agree(net, 0, 1, &terms);
	(void)net_agree(net, 1, 2, &terms);
	(void)net_agree(net, 0, 3, &terms);
	net_link(net, 0, 1);
	net_link(net, 1, 2);
	net_link(net, 0, 3);
	net_run(net);
	return net;
}

/* Of node 0 for node 1 alone, in two parts. */
static void publish(struct net *net, uint8_t ret[KAI_ID_LEN])
{
	struct net_item item = {
		.tlp = KAI_TLP_AMBER_STRICT, .audience_count = 1, .attachment = 3000};

	item.audience[0] = net_org(net, 1);
	net_publish(net, 0, &item, ret);
	net_run(net);
}

static uint32_t parts_of(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	uint32_t parts = 0;

	return net_holds(net, node, id, &parts) ? parts : 0;
}

static uint64_t evidence(struct net *net, unsigned node)
{
	struct kai_txn *txn = net_read(net, node);
	uint64_t count = kai_txn_count(txn, KAI_TABLE_EVIDENCE);

	kai_txn_abort(txn);
	return count;
}

struct grant {
	const char *part;
	uint64_t tlp, expires, onward;
	unsigned orgs[3];
	size_t org_count;
	bool dry_run;
};

static uint64_t grant(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
		      const struct grant *say)
{
	struct kai_audience_entry audience[3];
	struct kai_ctl_grant request = {
		.part = kai_span_str(say->part),
		.label = {.tlp = say->tlp,
			  .audience = audience,
			  .audience_count = say->org_count,
			  .onward = say->onward != 0 ? say->onward : (uint64_t)KAI_ONWARD_ANY,
			  .attribution = KAI_ATTR_NAMED,
			  .pap = KAI_PAP_CLEAR,
			  .gov_share = 1},
		.expires = say->expires,
		.dry_run = say->dry_run};

	for (size_t i = 0; i < say->org_count; i++)
		audience[i] = net_org(net, say->orgs[i]);
	memcpy(request.id, id, KAI_ID_LEN);
	return net_control(net, node, KAI_CONTROL_GRANT, &request);
}

static void says(const struct net *net, unsigned node, const char *reason)
{
	assert_true(kai_span_equal(net->nodes[node].answer.reason, kai_span_str(reason)));
}

static struct kai_recipient recipient(const struct net *net, unsigned of)
{
	const struct kai_ctl_answer *answer = &net->nodes[0].answer;
	struct kai_recipient found = {.allow = false};

	for (size_t i = 0; i < answer->recipients_count; i++) {
		if (kai_id_equal(answer->recipients[i].org, net->nodes[of].config.org))
			found = answer->recipients[i];
	}
	return found;
}

static const struct grant on_to_2 = {
	.part = "document", .tlp = KAI_TLP_AMBER, .orgs = {1, 2}, .org_count = 2};

/* One part, of one item, to one org: with its header, from the holder; no other part, item or org. */
static void widens_exactly_what_it_names(void **state)
{
	struct net *net = town();
	uint8_t id[KAI_ID_LEN];
	uint8_t other[KAI_ID_LEN];

	(void)state;
	publish(net, id);
	publish(net, other);
	assert_int_equal(parts_of(net, 1, id), 3);
	assert_int_equal(parts_of(net, 2, id), 0);
	assert_int_equal(grant(net, 0, id, &on_to_2), 0);
	assert_true(kai_id_equal(net->nodes[0].answer.id.id, id));
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(parts_of(net, 2, id), 2);
	assert_int_equal(parts_of(net, 1, id), 3);
	assert_int_equal(parts_of(net, 3, id), 0);
	assert_int_equal(parts_of(net, 2, other), 0);
	assert_false(net_leaked(net, 2, kai_span(other, KAI_ID_LEN)));
	assert_false(net_leaked(net, 3, kai_span(id, KAI_ID_LEN)));
	for (unsigned node = 0; node <= 2; node++)
		assert_int_equal(evidence(net, node), 1);
	assert_int_equal(evidence(net, 3), 0);
	net_free(net);
}

/* Before it is given one reads who could have the part; nothing is stored, and nothing goes. */
static void a_dry_run_tells_and_does_nothing(void **state)
{
	struct net *net = town();
	struct grant say = {.part = "document",
			    .tlp = KAI_TLP_AMBER,
			    .orgs = {3},
			    .org_count = 1,
			    .dry_run = true};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, id);
	assert_int_equal(grant(net, 0, id, &say), 0);
	assert_int_equal(net->nodes[0].answer.recipients_count, 2);
	assert_true(recipient(net, 3).allow);
	assert_true(kai_span_equal(recipient(net, 3).rule, kai_span_str("release")));
	assert_true(recipient(net, 1).allow); /* by the labels themselves */
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(evidence(net, 0), 0);
	assert_int_equal(parts_of(net, 3, id), 0);
	say.dry_run = false;
	assert_int_equal(grant(net, 0, id, &say), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(parts_of(net, 3, id), 2);
	net_free(net);
}

static void what_is_no_release(void **state)
{
	static const struct {
		const char *what;
		struct grant say;
		uint64_t exit;
		const char *reason;
	} rows[] = {
		{"no such part", {.part = "damage", .tlp = KAI_TLP_CLEAR}, 4, "not-held"},
		{"no audience", {.part = "main", .tlp = KAI_TLP_AMBER}, 1, "label-unreadable"},
		{"CLEAR with one",
		 {.part = "main", .tlp = KAI_TLP_CLEAR, .orgs = {1}, .org_count = 1},
		 1,
		 "label-unreadable"},
		{"a TLP that nobody knows", {.part = "main", .tlp = 9}, 1, "label-unreadable"},
		{"over already",
		 {.part = "main", .tlp = KAI_TLP_CLEAR, .expires = NET_MS - 1},
		 3,
		 "expired"},
		{"as it is",
		 {.part = "main", .tlp = KAI_TLP_AMBER_STRICT, .orgs = {1}, .org_count = 1},
		 1,
		 "narrower"},
		{"narrower",
		 {.part = "main", .tlp = KAI_TLP_RED, .orgs = {1}, .org_count = 1},
		 1,
		 "narrower"},
		{"narrower onward",
		 {.part = "main",
		  .tlp = KAI_TLP_AMBER_STRICT,
		  .onward = KAI_ONWARD_NONE,
		  .orgs = {1},
		  .org_count = 1},
		 1,
		 "narrower"},
	};
	struct net *net = town();
	uint8_t id[KAI_ID_LEN];
	uint8_t unknown[KAI_ID_LEN] = {7};

	(void)state;
	publish(net, id);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(grant(net, 0, id, &rows[i].say), rows[i].exit);
		says(net, 0, rows[i].reason);
	}
	assert_int_equal(grant(net, 0, unknown, &on_to_2), 4);
	says(net, 0, "not-held");
	assert_int_equal(grant(net, 1, id, &on_to_2), 1); /* another's */
	says(net, 1, "origin");
	net_pass(net, KAI_MS_MINUTE);
	for (unsigned node = 0; node < 4; node++)
		assert_int_equal(evidence(net, node), 0);
	assert_int_equal(parts_of(net, 2, id), 0);
	net_free(net);
}

/* What is taken back, and what takes back, is not opened. */
static void what_is_retracted_stays(void **state)
{
	struct net *net = town();
	uint8_t id[KAI_ID_LEN];
	uint8_t retraction[KAI_ID_LEN];

	(void)state;
	publish(net, id);
	net_retract(net, 0, id, retraction);
	assert_int_equal(grant(net, 0, id, &on_to_2), 1);
	says(net, 0, "retracted");
	struct grant say = on_to_2;

	say.part = "main";
	assert_int_equal(grant(net, 0, retraction, &say), 1);
	says(net, 0, "contradiction");
	net_free(net);
}

/* Whoever signs at the origin must be its decider by its own card. */
static void a_decider_signs(void **state)
{
	struct net *net = town();
	struct kai_engine_config *config = &net->nodes[0].config;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, id);
	config->decider = config->duty;
	net_restart(net, 0);
	assert_int_equal(grant(net, 0, id, &on_to_2), 1);
	says(net, 0, "key-role");
	config->decider.secret = net->nodes[3].decider.secret;
	memcpy(config->decider.key, net->nodes[3].decider.key, KAI_ID_LEN);
	net_restart(net, 0);
	assert_int_equal(grant(net, 0, id, &on_to_2), 1);
	says(net, 0, "key-not-in-card");
	assert_int_equal(evidence(net, 0), 0);
	net_free(net);
}

/* Asked twice it is granted once; of different ones eight go with an item, and the ninth is refused. */
static void once_and_at_most_eight(void **state)
{
	struct net *net = town();
	struct grant say = on_to_2;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, id);
	for (uint64_t i = 1; i <= KAI_MAX_EVIDENCE; i++) {
		say.expires = NET_MS + i * KAI_MS_HOUR;
		for (unsigned twice = 0; twice < 2; twice++) {
			assert_int_equal(grant(net, 0, id, &say), 0);
			assert_int_equal(evidence(net, 0), i);
		}
	}
	say.expires += KAI_MS_HOUR;
	assert_int_equal(grant(net, 0, id, &say), 1);
	says(net, 0, "too-much");
	assert_int_equal(evidence(net, 0), KAI_MAX_EVIDENCE);
	net_free(net);
}

/* What is over makes room for what counts. */
static void what_is_over_makes_room(void **state)
{
	struct net *net = town();
	struct grant say = on_to_2;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, id);
	for (uint64_t i = 1; i <= KAI_MAX_EVIDENCE; i++) {
		say.expires = NET_MS + i * KAI_MS_MINUTE + 10 * KAI_MS_MINUTE;
		assert_int_equal(grant(net, 0, id, &say), 0);
	}
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(evidence(net, 1), KAI_MAX_EVIDENCE);
	net_pass(net, 13 * KAI_MS_MINUTE);
	say.expires = 0; /* four are over, and are not missed */
	say.orgs[1] = 3;
	assert_int_equal(grant(net, 0, id, &say), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(parts_of(net, 3, id), 2);
	for (unsigned node = 0; node <= 1; node++)
		assert_in_range(evidence(net, node), 2, KAI_MAX_EVIDENCE - 2);
	net_free(net);
}

/* One is over, one is new: as many as went before, and yet whoever holds the item hears of the new one. */
static void a_new_one_goes_in_the_place_of_an_old_one(void **state)
{
	struct net *net = town();
	struct grant say = {.part = "document",
			    .tlp = KAI_TLP_AMBER,
			    .expires = NET_MS + KAI_MS_HOUR,
			    .orgs = {1, 3},
			    .org_count = 2};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	publish(net, id);
	assert_int_equal(grant(net, 0, id, &say), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(evidence(net, 1), 1);
	net_pass(net, KAI_MS_HOUR);
	assert_int_equal(grant(net, 0, id, &on_to_2), 0);
	net_pass(net, KAI_MS_MINUTE);
	assert_int_equal(evidence(net, 1), 2);
	assert_int_equal(parts_of(net, 2, id), 2);
	net_free(net);
}

/* A card of node 0 that says that its decider's key was in other hands since it was made. */
static struct kai_span revoking(struct net *net)
{
	static struct kai_revocation gone = {.since = 1, .reason = {(const uint8_t *)"lost", 4}};
	struct kai_card card;

	net_card_read(net, net->nodes[0].card, &card);
	memcpy(gone.key, net->nodes[0].decider.key, KAI_ID_LEN);
	card.serial++;
	card.revocations = &gone;
	card.revocations_count = 1;
	return net_card_sign(net, &card, &net->nodes[0].root);
}

/* What a key that was lost has granted opens nothing, and holds nothing up: neither at the origin, which knows of it,
 * nor with a holder who does not. */
static void what_a_lost_key_granted_holds_nothing_up(void **state)
{
	static const bool origin_knows[] = {true, false};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct net *net = town();
		struct net_item item = {
			.tlp = KAI_TLP_AMBER, .audience_count = 3, .attachment = 3000};
		struct kai_label closed = {.tlp = KAI_TLP_AMBER_STRICT,
					   .audience_count = 1,
					   .onward = KAI_ONWARD_ANY,
					   .attribution = KAI_ATTR_NAMED,
					   .pap = KAI_PAP_CLEAR};
		struct kai_audience_entry first = net_org(net, 1);
		struct grant say = on_to_2;
		uint8_t id[KAI_ID_LEN];

		closed.audience = &first;
		item.attachment_label = &closed;
		for (unsigned node = 0; node < 3; node++)
			item.audience[node] = net_org(net, node + 1);
		net_cut(net, 1, 2);
		net_cut(net, 0, 3);
		net_publish(net, 0, &item, id);
		say.orgs[1] = 3;
		assert_int_equal(grant(net, 0, id, &say), 0);
		net_pass(net, KAI_MS_MINUTE);
		assert_int_equal(evidence(net, 1), 1);
		struct kai_span card = revoking(net);
		struct kai_card_frame frame = {.what = 1, .bytes = card};

		if (origin_knows[i]) {
			net_cut(net, 0, 1);
			net_card_own(net, 0, card);
		} else {
			net_inject(net, 1, 2, KAI_MSG_CARD, &frame);
			net_inject(net, 0, 3, KAI_MSG_CARD, &frame);
		}
		net_link(net, 0, 3);
		net_link(net, 1, 2);
		net_inject(net, 1, 2, KAI_MSG_CARD, &frame);
		net_inject(net, 0, 3, KAI_MSG_CARD, &frame);
		net_pass(net, 5 * KAI_MS_MINUTE);
		assert_int_equal(parts_of(net, 3, id), 1);
		assert_int_equal(parts_of(net, 2, id), 1);
		assert_int_equal(evidence(net, 3), 0);
		net_free(net);
	}
}

static uint64_t say_step(struct net *net, const char *step, uint64_t audience_type)
{
	char target[KAI_ID_TEXT];
	struct kai_body_value values[] = {{kai_span_str("step"), kai_span_str(step)},
					  {kai_span_str("target"), {NULL, 0}},
					  {kai_span_str("part"), kai_span_str("main")},
					  {kai_span_str("label"), kai_span_str("AMBER")}};
	struct kai_body body = {.version = KAI_VERSION,
				.title = kai_span_str("please"),
				.values = values,
				.values_count = 4};
	struct kai_audience_entry entry = net_org(net, 1);
	struct kai_draft_part part = {.name = kai_span_str("main"),
				      .media_type = kai_span_str("kairan/release")};
	struct kai_ctl_publish request = {.draft = {.kind = KAI_KIND_RELEASE,
						    .lang = kai_span_str("en"),
						    .label = {.tlp = KAI_TLP_AMBER,
							      .audience = &entry,
							      .audience_count = 1,
							      .onward = KAI_ONWARD_NONE,
							      .attribution = KAI_ATTR_NAMED,
							      .pap = KAI_PAP_CLEAR},
						    .parts = &part,
						    .parts_count = 1}};

	kai_id_text(net->nodes[0].config.org, target);
	values[1].value = kai_span_str(target);
	part.content = kai_object_encode_in(&kai_object_body, &body, &net->arena);
	if (audience_type == KAI_AUD_COUNTRY)
		entry = (struct kai_audience_entry){.type = KAI_AUD_COUNTRY,
						    .text = kai_span_str("JP")};
	return net_control(net, 2, KAI_CONTROL_PUBLISH, &request);
}

/* A request and a refusal are advisories for the orgs that they name; a grant is none. */
static void what_an_advisory_may_say(void **state)
{
	struct net *net = town();
	struct net_item item = {.kind = KAI_KIND_RELEASE, .tlp = KAI_TLP_RED, .audience_count = 1};
	uint8_t id[KAI_ID_LEN];

	(void)state;
	item.audience[0] = net_org(net, 1);
	net_publish(net, 2, &item, id); /* step=request */
	net_pass(net, KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, id, NULL));
	assert_false(net_holds(net, 0, id, NULL));
	assert_int_equal(say_step(net, "refuse", KAI_AUD_ORG), 0);
	assert_int_equal(say_step(net, "grant", KAI_AUD_ORG), 3);
	says(net, 2, "kind");
	assert_int_equal(say_step(net, "request", KAI_AUD_COUNTRY), 1);
	says(net, 2, "directed");
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widens_exactly_what_it_names),
		cmocka_unit_test(a_dry_run_tells_and_does_nothing),
		cmocka_unit_test(what_is_no_release),
		cmocka_unit_test(what_is_retracted_stays),
		cmocka_unit_test(a_decider_signs),
		cmocka_unit_test(once_and_at_most_eight),
		cmocka_unit_test(what_is_over_makes_room),
		cmocka_unit_test(a_new_one_goes_in_the_place_of_an_old_one),
		cmocka_unit_test(what_a_lost_key_granted_holds_nothing_up),
		cmocka_unit_test(what_an_advisory_may_say),
	};

	return cmocka_run_group_tests_name("engine-grant", tests, NULL, NULL);
}
