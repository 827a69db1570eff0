/* SPDX-License-Identifier: Apache-2.0 */
/* What a partner cannot find out by asking: frames to it are compared, byte for byte in number, kind
 * and length, between what is here and what is not. */
#include "net.h"

#include <string.h>

#include "kairan/records.h"

#define PROBES 8u

/* Node 1 holds what node 0 gave it; node 2 has an agreement with both and may have nothing of it. */
static struct net *three(void)
{
	struct net *net = net_new(3);

	(void)net_agree(net, 0, 1, &net_wide);
	(void)net_agree(net, 1, 2, &net_wide);
	net_link(net, 0, 1);
	net_link(net, 1, 2);
	net_run(net);
	return net;
}

static void only_for_one(struct net *net, uint8_t ret[KAI_ID_LEN])
{
	struct net_item item = {.tlp = KAI_TLP_RED, .audience_count = 1};

	item.audience[0] = net_org(net, 1);
	item.not_after = (uint64_t)(NET_MS + net->mono.ms + KAI_MS_DAY);
	net_publish(net, 0, &item, ret);
	net_run(net);
	net_pass(net, 5000);
	assert_true(net_holds(net, 1, ret, NULL));
	assert_false(net_holds(net, 2, ret, NULL));
}

static void unknown(unsigned number, uint8_t ret[KAI_ID_LEN])
{
	uint8_t seed[32] = {0x77};

	kai_expand(seed, "unknown", number, ret, KAI_ID_LEN);
}

/* What a node got since then: kinds and lengths. */
struct heard {
	size_t count;
	struct {
		enum kai_msg_type type;
		size_t len;
		bool urgent;
	} at[64];
};

static void heard_since(const struct net *net, unsigned from, unsigned to, size_t since,
			struct heard *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = since; i < net->seen_count && ret->count < 64; i++) {
		if (net->seen[i].from != from || net->seen[i].to != to)
			continue;
		ret->at[ret->count].type = net->seen[i].type;
		ret->at[ret->count].len = net->seen[i].len;
		ret->at[ret->count++].urgent = net->seen[i].urgent;
	}
}

typedef void (*probe_fn)(struct net *net, const uint8_t id[KAI_ID_LEN]);

/* One minute of probes; the number of cuts that they brought. */
static unsigned probe_often(struct net *net, probe_fn probe, const uint8_t id[KAI_ID_LEN],
			    struct heard *ret)
{
	unsigned cuts = net->nodes[1].cuts;
	size_t since;

	net_pass(net, KAI_MS_MINUTE - net->mono.ms % KAI_MS_MINUTE);
	since = net->seen_count;
	for (unsigned i = 0; i < PROBES; i++)
		probe(net, id);
	net_run(net);
	net_pass(net, 3000);
	heard_since(net, 1, 2, since, ret);
	return net->nodes[1].cuts - cuts;
}

/* The same probes at what is there and at what is not; being cut would tell as well. */
static void expect_alike(struct net *net, probe_fn probe, const uint8_t there[KAI_ID_LEN])
{
	static struct heard with, without;
	uint8_t id[KAI_ID_LEN];

	unknown(1, id);
	assert_int_equal(probe_often(net, probe, there, &with),
			 probe_often(net, probe, id, &without));
	assert_true(with.count > 0);
	assert_memory_equal(&with, &without, sizeof(with));
}

static void ask(struct net *net, const uint8_t id[KAI_ID_LEN])
{
	struct kai_id_parts entry = {.parts = 1};
	struct kai_want want = {.entries = &entry, .entries_count = 1};

	memcpy(entry.id, id, KAI_ID_LEN);
	net_inject(net, 2, 1, KAI_MSG_WANT, &want);
}

/* Offers a bare id with a made-up tag, and has nothing when it is asked. */
static void offer(struct net *net, const uint8_t id[KAI_ID_LEN])
{
	struct kai_offer_entry entry = {.parts = 1, .size = 500, .urgency = 3, .signatures = 1};
	struct kai_offer message = {.entries = &entry, .entries_count = 1};
	uint8_t ids[1][KAI_ID_LEN];
	struct kai_none none = {.ids = ids, .ids_count = 1};

	memcpy(entry.id, id, KAI_ID_LEN);
	memcpy(ids[0], id, KAI_ID_LEN);
	net_inject(net, 2, 1, KAI_MSG_OFFER, &message);
	net_run(net);
	net_inject(net, 2, 1, KAI_MSG_NO, &none);
	net_run(net);
}

static bool no_wants(void *context, struct net_frame *frame)
{
	(void)context;
	return frame->from != 1 || frame->to != 2 || frame->type != KAI_MSG_WANT;
}

static void none_is_none(void **state)
{
	struct net *net = three();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	only_for_one(net, id);
	expect_alike(net, ask, id);
	net_free(net);
}

static void an_offer_of_a_bare_id_tells_nothing(void **state)
{
	struct net *net = three();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	net->quota.faults_per_minute = 4; /* the cut would come at the same probe */
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_link(net, 1, 2);
	net_run(net);
	only_for_one(net, id);
	net->filter = no_wants; /* the real node 2 must not answer */
	expect_alike(net, offer, id);
	net_free(net);
}

/* Held once, gone now: only a stub is left. */
static void an_offer_of_what_expired_tells_nothing(void **state)
{
	struct net *net = three();
	uint8_t id[KAI_ID_LEN];

	(void)state;
	only_for_one(net, id);
	net_cut(net, 0, 1);
	net_cut(net, 1, 2);
	net_pass(net, KAI_MS_DAY + KAI_GRACE_MS + 2 * KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, id, NULL));
	net_link(net, 1, 2);
	net_run(net);
	net->filter = no_wants;
	expect_alike(net, offer, id);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_none),
		cmocka_unit_test(an_offer_of_a_bare_id_tells_nothing),
		cmocka_unit_test(an_offer_of_what_expired_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
