/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that were damaged on their way or that a patched sender signed: refused whole, or one bad
 * item alone.
 */
#include "carry.h"

#include <string.h>

#include "kairan/kinds.h"
#include "kairan/receipt.h"

/* ---- whole files */

/* Every bit of a file is under its signature; nothing of a damaged one is used. */
static void no_byte_may_change(void **state)
{
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	carry_item(net, 0, 1, 0, id);
	struct kai_span file = carry_wrote(net, 0, 1);
	uint8_t *bytes = kai_arena_take(&net->arena, file.len);
	size_t mark = net->arena.used;

	assert_non_null(bytes);
	for (size_t i = 0; i < file.len; i++) {
		memcpy(bytes, file.at, file.len);
		bytes[i] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(carry_take(net, 1, kai_span(bytes, file.len)), 1);
		net->arena.used = mark;
	}
	for (size_t len = 1; len < file.len; len += 7) {
		assert_int_equal(carry_take(net, 1, kai_span(file.at, len)), 1);
		net->arena.used = mark;
	}
	assert_false(net_holds(net, 1, id, NULL));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_BUNDLES), 0);
	assert_true(carry_took(net, 1, file).outcomes[0].held);
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

	forgery.bundle = carry_opened(net, file).bundle;
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
	struct net *net = carry_island(&net_wide);
	uint8_t id[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 1, 2, &net_wide);
	carry_item(net, 0, 1, 0, id);
	struct kai_span file = carry_wrote(net, 0, 1);

	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++)
		carry_refused(net, 1, forged(net, file, forgeries[i].edit), forgeries[i].reason);
	assert_false(net_holds(net, 1, id, NULL));
	assert_int_equal(net_rows(net, 1, KAI_TABLE_BUNDLES), 0);
	assert_int_equal(net_rows(net, 1, KAI_TABLE_RECEIPTS), 0);
	assert_true(carry_took(net, 1, file).outcomes[0].held);
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
		struct net *net = carry_island(&net_wide);
		uint8_t ids[2][KAI_ID_LEN];

		carry_item(net, 0, 1, 0, ids[0]);
		carry_item(net, 0, 1, 0, ids[1]);
		struct kai_bundle_report report =
			carry_took(net, 1, forged(net, carry_wrote(net, 0, 1), bad_items[i].edit));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_byte_may_change),
		cmocka_unit_test(forgeries_are_refused_whole),
		cmocka_unit_test(a_bad_item_spoils_itself_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
