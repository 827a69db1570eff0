/* SPDX-License-Identifier: Apache-2.0 */
/* The window of what was offered, against a plain model; tokens; a peer whose store is another. */
#include "net.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../../node/engine/spread.h"

#define MODEL 3000u

static void make_id(unsigned number, uint8_t ret[KAI_ID_LEN])
{
	uint8_t seed[32] = {0};

	kai_put_be64(seed, number);
	kai_expand(seed, "id", 0, ret, KAI_ID_LEN);
}

/* Adds in order, settles at random, compares find and low with the model after each step. */
static void the_window_agrees_with_a_model(void **state)
{
	struct kai_window window = {.salt = 42};
	bool *open = calloc(20000, sizeof(*open));
	uint8_t id[KAI_ID_LEN];
	unsigned next = 0, count = 0;
	uint64_t random = 1;

	(void)state;
	assert_non_null(open);
	assert_null(kai_window_find(&window, id));
	for (unsigned step = 0; step < 30000 && next < 20000; step++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		unsigned choice = (unsigned)(random >> 33);

		if (count < KAI_WINDOW && choice % 5 != 0) {
			make_id(next, id);
			assert_non_null(kai_window_add(&window, id, next + 1));
			open[next++] = true;
			count++;
		} else if (next > 0) {
			unsigned which = next - 1 - choice / 8 % (next < MODEL ? next : MODEL);
			struct kai_offered *offered;

			make_id(which, id);
			offered = kai_window_find(&window, id);
			assert_int_equal(offered != NULL, open[which]);
			if (offered != NULL) {
				assert_int_equal(offered->position, which + 1);
				kai_window_settle(&window, offered);
				assert_null(kai_window_find(&window, id));
				open[which] = false;
				count--;
			}
		}
		assert_int_equal(window.open, count);
		if (step % 64 == 0) {
			unsigned first = 0;

			while (first < next && !open[first])
				first++;
			assert_int_equal(kai_window_low(&window, next), first);
		}
	}
	assert_true(window.cap <= (size_t)2 * KAI_WINDOW);
	kai_window_done(&window);
	free(open);
}

static void a_full_window_takes_no_more(void **state)
{
	struct kai_window window = {.salt = 1};
	uint8_t id[KAI_ID_LEN];
	unsigned count = 0;

	(void)state;
	for (;; count++) {
		make_id(count, id);
		if (kai_window_add(&window, id, count) == NULL)
			break;
	}
	assert_int_equal(count, 2u * KAI_WINDOW);
	kai_window_done(&window);
}

static void lanes_are_first_in_first_out(void **state)
{
	struct kai_lane lane = {.at = NULL};
	uint64_t in = 0, out = 0;

	(void)state;
	assert_null(kai_lane_first(&lane));
	kai_lane_drop(&lane);
	for (unsigned step = 0; step < 2000; step++) {
		if (step % 3 != 2) {
			struct kai_order *order = kai_lane_add(&lane);

			assert_non_null(order);
			order->arrival = in++;
		} else {
			assert_int_equal(kai_lane_first(&lane)->arrival, out++);
			kai_lane_drop(&lane);
		}
		assert_int_equal(lane.count, in - out);
	}
	kai_lane_done(&lane);
}

/* ---- tokens ---- */

struct token_case {
	const char *what;
	void (*change)(struct kai_engine *engine, struct kai_link *link, uint8_t *token);
	bool opens;
};

/* NOLINTBEGIN(readability-non-const-parameter): one of them writes, and all have one type */
static void nothing(struct kai_engine *engine, struct kai_link *link, uint8_t *token)
{
	(void)engine;
	(void)link;
	(void)token;
}

static void another_peer(struct kai_engine *engine, struct kai_link *link, uint8_t *token)
{
	(void)engine;
	(void)token;
	link->number++;
}

static void another_epoch(struct kai_engine *engine, struct kai_link *link, uint8_t *token)
{
	(void)link;
	(void)token;
	engine->epoch[3] ^= 1;
}

/* NOLINTEND(readability-non-const-parameter) */

static void damaged(struct kai_engine *engine, struct kai_link *link, uint8_t *token)
{
	(void)engine;
	(void)link;
	token[30] ^= 1;
}

static void tokens_open_only_where_they_belong(void **state)
{
	static const struct token_case cases[] = {
		{"as it was", nothing, true},
		{"another peer's", another_peer, false},
		{"another epoch's", another_epoch, false},
		{"damaged", damaged, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int known = 0; known < 2; known++) {
			struct net *net = net_new(2);
			struct net_node *node = &net->nodes[0];

			net_restart(net, 0); /* reads its peers */
			struct kai_arena scratch = {node->engine->scratch, KAI_TURN_ARENA, 0,
						    false};
			struct kai_event event = {.type = KAI_EVENT_TIMER, .entropy = {1}};
			struct kai_txn *txn;
			uint64_t head, position = 77;
			uint8_t copy[KAI_MAX_TOKEN];

			if (known == 0) /* a start that the store does not remember */
				node->engine->config.boot[5] ^= 1;
			assert_int_equal(kai_txn_begin(node->store, true, &txn, NULL), KAI_ERR_OK);
			struct kai_turn turn = {.engine = node->engine,
						.txn = txn,
						.event = &event,
						.scratch = &scratch};
			struct kai_link *link =
				kai_link_find(node->engine, net->nodes[1].config.org);

			assert_non_null(link);
			head = kai_rec_head(txn);
			struct kai_span token = kai_token_make(&turn, link, head);
			struct kai_span beyond = kai_token_make(&turn, link, head + 1);

			assert_in_range(token.len, 1, KAI_MAX_TOKEN);
			assert_int_equal(token.len, beyond.len);
			assert_false(kai_token_open(&turn, link, beyond, &position));
			memcpy(copy, token.at, token.len);
			cases[i].change(node->engine, link, copy);
			assert_int_equal(
				kai_token_open(&turn, link, kai_span(copy, token.len), &position),
				cases[i].opens && known == 1);
			if (cases[i].opens && known == 1)
				assert_int_equal(position, head);
			else
				assert_int_equal(position, 77);
			kai_txn_abort(txn);
			net_free(net);
		}
	}
}

/* ---- another store ---- */

/* Node 1 forgets an item and says that its store is another: it is sent once more. */
static void a_new_epoch_voids_the_marks(void **state)
{
	struct net *net = net_new(2);
	struct net_node *node = &net->nodes[1];
	struct net_terms wide = {.introduce = true};
	struct kai_key key = kai_key_word(KAI_META_EPOCH);
	struct kai_txn *txn;
	uint8_t ids[3][KAI_ID_LEN];
	uint8_t epoch[16] = {9};

	(void)state;
	(void)net_agree(net, 0, 1, &wide);
	net_link(net, 0, 1);
	for (size_t i = 0; i < 3; i++)
		net_publish(net, 0, &(struct net_item){.tlp = 0}, ids[i]);
	net_run(net);
	assert_true(net_holds(net, 1, ids[1], NULL));
	net_cut(net, 0, 1);
	assert_int_equal(kai_txn_begin(node->store, true, &txn, NULL), KAI_ERR_OK);
	uint64_t arrival;
	struct kai_stub stub = {.reason = KAI_STUB_DESTROYED};

	assert_true(kai_rec_arrival(txn, ids[1], &arrival));
	kai_rec_item_del(txn, arrival, &stub);
	(void)kai_txn_del(txn, KAI_TABLE_STUBS, kai_span(ids[1], KAI_ID_LEN));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_run(net);
	assert_false(net_holds(net, 1, ids[1], NULL)); /* nobody knows that it is gone */
	net_cut(net, 0, 1);
	assert_int_equal(kai_txn_begin(node->store, true, &txn, NULL), KAI_ERR_OK);
	kai_txn_put(txn, KAI_TABLE_META, kai_key_span(&key), kai_span(epoch, sizeof(epoch)));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	size_t since = net->seen_count;

	net_restart(net, 1);
	net_link(net, 0, 1);
	net_run(net);
	assert_true(net_holds(net, 1, ids[1], NULL));
	assert_int_equal(net_sent(net, 0, 1, KAI_MSG_CHUNK, since), 1);
	net_free(net);
}

static void forget(struct net_node *node, const uint8_t id[KAI_ID_LEN], uint8_t epoch)
{
	const struct kai_key key = kai_key_word(KAI_META_EPOCH);
	const struct kai_stub stub = {.reason = KAI_STUB_DESTROYED};
	uint8_t bytes[16] = {epoch};
	struct kai_txn *txn;
	uint64_t arrival;

	assert_int_equal(kai_txn_begin(node->store, true, &txn, NULL), KAI_ERR_OK);
	assert_true(kai_rec_arrival(txn, id, &arrival));
	kai_rec_item_del(txn, arrival, &stub);
	(void)kai_txn_del(txn, KAI_TABLE_STUBS, kai_span(id, KAI_ID_LEN));
	kai_txn_put(txn, KAI_TABLE_META, kai_key_span(&key), kai_span(bytes, sizeof(bytes)));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

static void say(struct net *net, uint64_t action)
{
	net_notice(net, 0, 1, action);
	net_run(net);
}

/* The new epoch is heard while nothing may pass: the marks are void all the same when it may again, of what
 * went to the peer and of what it brought. */
static void a_new_epoch_is_not_forgotten(void **state)
{
	struct net *net = net_new(2);
	uint8_t sent[KAI_ID_LEN], brought[KAI_ID_LEN];

	(void)state;
	(void)net_agree(net, 0, 1, &net_wide);
	net_link(net, 0, 1);
	net_publish(net, 0, &(struct net_item){.title = "sent"}, sent);
	net_publish(net, 1, &(struct net_item){.title = "brought"}, brought);
	net_run(net);
	assert_true(net_holds(net, 1, sent, NULL));
	assert_true(net_holds(net, 0, brought, NULL));
	net_pass(net, 2 * KAI_MS_MINUTE);
	say(net, KAI_NOTICE_SUSPEND);
	net_cut(net, 0, 1);
	forget(&net->nodes[1], sent, 9);
	forget(&net->nodes[1], brought, 9);
	net_restart(net, 1);
	net_link(net, 0, 1);
	net_pass(net, 2 * KAI_MS_MINUTE);
	assert_false(net_holds(net, 1, sent, NULL));
	say(net, KAI_NOTICE_RESUME);
	net_pass(net, 2 * KAI_MS_MINUTE);
	assert_true(net_holds(net, 1, sent, NULL));
	assert_true(net_holds(net, 1, brought, NULL));
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_epoch_is_not_forgotten),
		cmocka_unit_test(the_window_agrees_with_a_model),
		cmocka_unit_test(a_full_window_takes_no_more),
		cmocka_unit_test(lanes_are_first_in_first_out),
		cmocka_unit_test(tokens_open_only_where_they_belong),
		cmocka_unit_test(a_new_epoch_voids_the_marks),
	};

	return cmocka_run_group_tests_name("engine-window", tests, NULL, NULL);
}
