/* SPDX-License-Identifier: Apache-2.0 */
/* What a partner hears does not depend on what it was not given: one story is told twice, with and without
 * items for somebody else, and the frames to the partner are compared in number, order, kind and length. As far
 * as one step's walk goes, that is: hundreds of entries between two offers part them, as they take time. */
#include "net.h"

#include <string.h>

enum { AUTHOR, PARTNER, OTHER, NODES };

#define MOST_FRAMES 512u

struct heard {
	size_t count;
	struct {
		enum kai_msg_type type;
		size_t len;
		bool urgent;
	} at[MOST_FRAMES];
};

static void hear(const struct net *net, struct heard *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < net->seen_count; i++) {
		const struct net_frame *frame = &net->seen[i];

		if (frame->from != AUTHOR || frame->to != PARTNER)
			continue;
		assert_true(ret->count < MOST_FRAMES);
		ret->at[ret->count].type = frame->type;
		ret->at[ret->count].len = frame->len;
		ret->at[ret->count++].urgent = frame->urgent;
	}
}

/* ---- the story ---- */

static void publish(struct net *net, uint64_t tlp, bool urgent, uint8_t ret[KAI_ID_LEN])
{
	struct net_item item = {.tlp = tlp};

	item.kind = urgent ? KAI_KIND_ALERT : 0;
	if (tlp == KAI_TLP_RED) {
		item.audience[0] = net_org(net, OTHER);
		item.audience_count = 1;
	}
	net_publish(net, AUTHOR, &item, ret);
}

/* Something for the partner, with so much for the other one before and after it. */
static void publish_among(struct net *net, size_t hidden, bool urgent)
{
	uint8_t id[KAI_ID_LEN], retraction[KAI_ID_LEN];

	for (size_t i = 0; i < hidden; i++) {
		publish(net, KAI_TLP_RED, i % 3 == 0, id);
		if (i % 5 == 0)
			net_retract(net, AUTHOR, id, retraction);
		if (i == hidden / 2)
			publish(net, KAI_TLP_CLEAR, urgent, id);
	}
	if (hidden == 0)
		publish(net, KAI_TLP_CLEAR, urgent, id);
}

static void tell(size_t hidden, struct heard *ret)
{
	struct net *net = net_new(NODES);

	(void)net_agree(net, AUTHOR, PARTNER, &net_wide);
	(void)net_agree(net, AUTHOR, OTHER, &net_wide);
	net_link(net, AUTHOR, PARTNER);
	net_link(net, AUTHOR, OTHER);
	net_run(net);
	publish_among(net, hidden, false);
	net_run(net);
	publish_among(net, hidden, true);
	net_pass(net, KAI_MS_MINUTE);
	/* What came meanwhile is told after a cut, a restart of either end. */
	net_cut(net, AUTHOR, PARTNER);
	publish_among(net, hidden, false);
	publish_among(net, hidden, false);
	publish_among(net, hidden, true);
	net_link(net, AUTHOR, PARTNER);
	net_pass(net, KAI_MS_MINUTE);
	net_restart(net, AUTHOR);
	publish_among(net, hidden, false);
	net_link(net, AUTHOR, PARTNER);
	net_link(net, AUTHOR, OTHER);
	net_pass(net, KAI_MS_MINUTE);
	net_restart(net, PARTNER);
	net_link(net, AUTHOR, PARTNER);
	net_pass(net, 3 * KAI_MS_MINUTE);
	hear(net, ret);
	net_free(net);
}

static void frames_tell_nothing_of_what_was_not_given(void **state)
{
	static const size_t counts[] = {1, 2, 7, 30};
	static struct heard without, with;

	(void)state;
	tell(0, &without);
	assert_true(without.count > 20);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		tell(counts[i], &with);
		for (size_t k = 0; k < without.count && k < with.count; k++) {
			assert_int_equal(with.at[k].type, without.at[k].type);
			assert_int_equal(with.at[k].len, without.at[k].len);
			assert_int_equal(with.at[k].urgent, without.at[k].urgent);
		}
		assert_int_equal(with.count, without.count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_tell_nothing_of_what_was_not_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
