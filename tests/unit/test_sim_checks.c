/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's checkers can fail: each is shown a scene in which it must report and one in which it must
 * not. The scene is one calm run of three nodes; then what is true, what a store holds or what leaves a
 * node is doctored, and the checker is asked again.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "checks/checks.h"
#include "core.h"
#include "kairan/check.h"
#include "trio.h"

/* Node 0 makes 10 for all, 11 for node 1 alone, and 12, which it takes back. */
#define PLAN                                                                                       \
	"kairan-sim-plan 1\ntopology line\nseed 5\nnodes 3\ncommunities 0\nfaults-end 60000\n"     \
	"length 200000\ndelay 20\njitter 0\nkbytes 0\nquota 100\n"                                 \
	"0 at=0 agree other=1 introduce_a=1 introduce_b=1\n"                                       \
	"1 at=0 agree node=1 other=2 introduce_a=1 introduce_b=1\n"                                \
	"10 at=5000 publish kind=1 tlp=5 main=900 size1=5000\n"                                    \
	"11 at=6000 publish kind=1 tlp=1 aud1=1000001 main=300\n"                                  \
	"12 at=7000 publish kind=1 tlp=5 main=300\n"                                               \
	"13 at=30000 retract ref=13\n"

enum { OPEN, SECRET, TAKEN_BACK, RETRACTION, ITEMS }; /* numbers in the ledger */

struct scene {
	struct sim *sim;
	struct sim_plan *plan;
	struct sim_sight *sight;
	struct kai_arena arena;
	const struct sim_checker *checker;
	void *state;
};

static void begin(struct scene *scene, const struct sim_checker *checker)
{
	const struct sim_options options = {.checks = true};

	scene->plan = trio_plan(PLAN);
	scene->sim = sim_new(scene->plan, &options);
	sim_run(scene->sim);
	assert_int_equal(sim_violation_count(scene->sim), 0);
	assert_int_equal(sim_ledger_item_count(scene->sim), ITEMS);
	scene->sight = sim_sight_of(scene->sim);
	scene->arena = (struct kai_arena){.at = calloc(1, 1 << 20), .cap = 1 << 20};
	assert_non_null(scene->arena.at);
	scene->checker = checker;
	scene->state = checker->new == NULL ? NULL : checker->new (scene->sim);
}

static void end(struct scene *scene)
{
	if (scene->checker->free != NULL)
		scene->checker->free(scene->state);
	sim_free(scene->sim);
	sim_plan_free(scene->plan);
	free(scene->arena.at);
}

/* How often it reported, and nobody else did. */
static size_t reports(const struct scene *scene)
{
	for (size_t i = 0; i < sim_violation_count(scene->sim); i++)
		assert_string_equal(sim_violation_at(scene->sim, i)->checker, scene->checker->name);
	return sim_violation_count(scene->sim);
}

/* ---- what the checker is shown ---- */

/* All that a node's store holds, as if it had just come. */
static void show_store(struct scene *scene, uint32_t node)
{
	struct sim_node *of = sim_node(scene->sim, node);

	sim_check_sight.restarted(scene->sim, scene->sight, of, true);
	scene->checker->turn(scene->sim, scene->state, of);
	sim_check_sight_over.restarted(scene->sim, NULL, of, true);
}

static void show_bytes(struct scene *scene, uint32_t from, uint32_t to, enum kai_msg_type type,
		       struct kai_span bytes)
{
	const struct sim_frame frame = {.from = from, .to = to, .type = type, .bytes = bytes};

	sim_check_sight.sent(scene->sim, scene->sight, &frame);
	scene->checker->sent(scene->sim, scene->state, &frame);
	sim_check_sight_over.sent(scene->sim, NULL, &frame);
}

static void show_frame(struct scene *scene, uint32_t from, uint32_t to, enum kai_msg_type type,
		       void *msg)
{
	struct kai_span bytes = kai_frame_encode(type, msg, &scene->arena);

	assert_true(bytes.len > 0);
	show_bytes(scene, from, to, type, bytes);
}

static void show_offer(struct scene *scene, uint32_t from, uint32_t to, uint32_t item,
		       uint64_t parts, size_t token_len)
{
	uint8_t token[KAI_MAX_TOKEN] = {(uint8_t)from, (uint8_t)to, (uint8_t)item};
	struct kai_offer_entry entry = {.parts = parts, .size = 1, .urgency = 3, .signatures = 1};
	struct kai_offer offer = {
		.entries = &entry, .entries_count = 1, .token = kai_span(token, token_len)};

	memcpy(entry.id, sim_ledger_item(scene->sim, item)->id, KAI_ID_LEN);
	show_frame(scene, from, to, KAI_MSG_OFFER, &offer);
}

/* A look that may write: for the test's own hands. */
static struct kai_txn *writing(struct scene *scene, uint32_t node)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(sim_node(scene->sim, node)->store, true, &txn, NULL),
			 KAI_ERR_OK);
	return txn;
}

/* The node loses an item, and knows that it did. */
static void lose(struct scene *scene, uint32_t node, uint32_t item)
{
	const uint8_t *id = sim_ledger_item(scene->sim, item)->id;
	const struct kai_stub stub = {.reason = KAI_STUB_DESTROYED};
	struct kai_txn *txn = writing(scene, node);
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	kai_rec_item_del(txn, arrival, &stub);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

/* Now only to be shown to node 0: what others hold of it is forbidden. */
static void make_secret(struct scene *scene, uint32_t item)
{
	struct kai_header *header = &sim_ledger_item(scene->sim, item)->header;

	header->label = sim_ledger_item(scene->sim, SECRET)->header.label;
	header->label.audience[0].org = kai_span(header->origin, KAI_ID_LEN);
}

/* ---- the scenes, one a checker ---- */

static void label_good(struct scene *scene)
{
	for (uint32_t node = 0; node < 3; node++)
		show_store(scene, node);
}

static void label_bad(struct scene *scene)
{
	make_secret(scene, OPEN);
	show_store(scene, 2);
}

static void disclosure_good(struct scene *scene)
{
	struct kai_id_parts entry = {.parts = 1};
	struct kai_stored stored = {.entries = &entry, .entries_count = 1};

	show_offer(scene, 1, 2, OPEN, 3, 64);
	show_offer(scene, 0, 1, SECRET, 1, 64);
	memcpy(entry.id, sim_ledger_item(scene->sim, SECRET)->id, KAI_ID_LEN);
	show_frame(scene, 1, 0, KAI_MSG_STORED, &stored); /* node 0 spoke of it */
}

static void disclosure_bad(struct scene *scene)
{
	show_offer(scene, 1, 2, SECRET, 1, 64);
}

static void disclosure_bad_name(struct scene *scene)
{
	uint8_t ids[1][KAI_ID_LEN];
	struct kai_none none = {.ids = ids, .ids_count = 1};

	memcpy(ids[0], sim_ledger_item(scene->sim, SECRET)->id, KAI_ID_LEN);
	show_frame(scene, 1, 2, KAI_MSG_NO, &none);
}

/* The agreement between two, as the first has it. */
static void show_agreement(struct scene *scene, uint32_t from, uint32_t with, uint32_t to)
{
	const struct sim_pact *pact = sim_pact_next(sim_ledger_of(scene->sim), from, with, NULL);
	struct kai_txn *txn = sim_look(sim_node(scene->sim, from));
	struct kai_key key = kai_key_two(sim_node(scene->sim, with)->config.org, pact->of.digest);
	struct kai_agree_rec record;

	assert_true(kai_rec_get(txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec,
				&scene->arena, &record));
	struct kai_agreement_frame frame = {.what = 1, .bytes = record.bytes};

	show_frame(scene, from, to, KAI_MSG_AGREEMENT, &frame);
	kai_txn_abort(txn);
}

static void show_card(struct scene *scene, uint32_t of, uint32_t from, uint32_t to)
{
	struct kai_card_frame frame = {.what = 1, .bytes = sim_node(scene->sim, of)->org.card};

	show_frame(scene, from, to, KAI_MSG_CARD, &frame);
}

static void papers_good(struct scene *scene)
{
	show_agreement(scene, 1, 2, 2);
	show_card(scene, 1, 1, 2);
	show_card(scene, 0, 1, 2); /* introduced */
}

static void papers_bad(struct scene *scene)
{
	show_agreement(scene, 1, 0, 2);
}

static void papers_bad_card(struct scene *scene)
{
	show_card(scene, 2, 1, 0); /* nobody has an item of node 2's */
}

static void verified_good(struct scene *scene)
{
	for (uint32_t node = 0; node < 3; node++)
		show_store(scene, node);
}

static void verified_bad_header(struct scene *scene)
{
	struct sim_item *item = sim_ledger_item(scene->sim, OPEN);
	uint8_t *copy = sim_keep(scene->sim, item->header_bytes.len);

	memcpy(copy, item->header_bytes.at, item->header_bytes.len);
	copy[item->header_bytes.len - 1] ^= 1;
	item->header_bytes.at = copy;
	show_store(scene, 2);
}

static void verified_bad_part(struct scene *scene)
{
	sim_ledger_item(scene->sim, OPEN)->header.parts[1].hash[7] ^= 1;
	show_store(scene, 2);
}

static void verified_bad_key(struct scene *scene)
{
	/* Signed by node 0, it is said to be node 2's. */
	sim_ledger_item(scene->sim, OPEN)->origin = 2;
	show_store(scene, 2);
}

static void durable_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void durable_bad(struct scene *scene)
{
	lose(scene, 1, OPEN);
	scene->checker->settled(scene->sim, scene->state);
}

static void durable_bad_word(struct scene *scene)
{
	struct kai_id_parts entry = {.parts = 1};
	struct kai_stored stored = {.entries = &entry, .entries_count = 1};

	memcpy(entry.id, sim_ledger_item(scene->sim, SECRET)->id, KAI_ID_LEN);
	show_frame(scene, 2, 1, KAI_MSG_STORED, &stored);
}

static void once_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
	show_store(scene, 1);
}

static void once_bad(struct scene *scene)
{
	struct kai_txn *txn = writing(scene, 1);

	assert_true(kai_txn_del(txn, KAI_TABLE_IDS,
				kai_span(sim_ledger_item(scene->sim, OPEN)->id, KAI_ID_LEN)));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	scene->checker->settled(scene->sim, scene->state);
}

static void once_bad_twice(struct scene *scene)
{
	const struct sim_item *truth = sim_ledger_item(scene->sim, OPEN);
	struct kai_txn *txn = writing(scene, 1);
	struct kai_item item;
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, truth->id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &scene->arena, &item));
	(void)kai_rec_item_add(txn, &item, &truth->header);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	show_store(scene, 1);
}

static void retraction_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
	show_offer(scene, 1, 2, OPEN, 3, 64);
	show_offer(scene, 1, 2, RETRACTION, 1, 64);
}

static void retraction_bad(struct scene *scene)
{
	show_offer(scene, 1, 2, TAKEN_BACK, 1, 64);
}

static void retraction_bad_flag(struct scene *scene)
{
	struct kai_txn *txn = writing(scene, 2);
	struct kai_item item;
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, sim_ledger_item(scene->sim, TAKEN_BACK)->id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &scene->arena, &item));
	item.flags &= ~(uint64_t)KAI_ITEM_RETRACTED;
	kai_rec_item_put(txn, arrival, &item);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	scene->checker->settled(scene->sim, scene->state);
}

static void bounds_good(struct scene *scene)
{
	struct kai_ping ping = {.answer = false};

	show_frame(scene, 1, 2, KAI_MSG_PING, &ping);
}

static void bounds_bad(struct scene *scene)
{
	show_bytes(scene, 1, 2, KAI_MSG_PING, kai_span("\x93\x01\x0d", 3));
}

/* Chunks of 60,000 bytes from node 0, which begins a session with node 1 first. */
static void send_chunks(struct scene *scene, unsigned count)
{
	static const uint8_t data[60000];
	struct kai_chunk chunk = {.index = 1, .data = kai_span(data, sizeof(data))};

	memcpy(chunk.id, sim_ledger_item(scene->sim, OPEN)->id, KAI_ID_LEN);
	for (unsigned i = 0; i < count; i++) {
		scene->arena.used = 0;
		show_frame(scene, 0, 1, KAI_MSG_CHUNK, &chunk);
	}
}

static void credit_good(struct scene *scene)
{
	struct kai_credit credit = {.limit = 4 << 20};

	send_chunks(scene, 5); /* the fifth begins below the limit */
	show_frame(scene, 1, 0, KAI_MSG_CREDIT, &credit);
}

static void credit_bad(struct scene *scene)
{
	send_chunks(scene, 6);
}

static void credit_bad_grant(struct scene *scene)
{
	struct kai_credit credit = {.limit = (4 << 20) + 1};

	show_frame(scene, 1, 0, KAI_MSG_CREDIT, &credit);
}

static void quiet_good(struct scene *scene)
{
	show_offer(scene, 1, 2, OPEN, 3, 64);
	show_offer(scene, 0, 1, SECRET, 1, 64);
}

static void quiet_bad(struct scene *scene)
{
	show_offer(scene, 1, 2, OPEN, 3, 64);
	show_offer(scene, 0, 1, SECRET, 1, 63);
}

static void show_hello(struct scene *scene, const uint8_t *realms, size_t len)
{
	struct kai_hello hello = {.version_max = KAI_VERSION, .realms = kai_span(realms, len)};

	show_frame(scene, 1, 2, KAI_MSG_HELLO, &hello);
}

static void realm_good(struct scene *scene)
{
	static const uint8_t live[KAI_REALM_LEN];

	show_hello(scene, live, sizeof(live));
	show_offer(scene, 1, 2, OPEN, 3, 64);
	show_store(scene, 1);
}

static void realm_bad(struct scene *scene)
{
	static const uint8_t two[2 * KAI_REALM_LEN] = {[31] = 1};

	show_hello(scene, two, sizeof(two));
}

static void realm_bad_item(struct scene *scene)
{
	sim_ledger_item(scene->sim, OPEN)->header.realm[0] = 1;
	show_store(scene, 1);
}

static void arrival_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void arrival_bad(struct scene *scene)
{
	lose(scene, 2, OPEN);
	memset(sim_holding_of(scene->sight, 2, OPEN), 0, sizeof(struct sim_holding));
	scene->checker->settled(scene->sim, scene->state);
}

static void arrival_bad_part(struct scene *scene)
{
	sim_holding_of(scene->sight, 2, OPEN)->held = 1;
	scene->checker->settled(scene->sim, scene->state);
}

static void timers_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void timers_bad(struct scene *scene)
{
	sim_node(scene->sim, 1)->read_only = true;
	scene->checker->settled(scene->sim, scene->state);
	sim_node(scene->sim, 1)->read_only = false;
}

/* Time goes by, and the node has no turn. */
static void timers_bad_sleep(struct scene *scene)
{
	scene->checker->turn(scene->sim, scene->state, sim_node(scene->sim, 1));
	scene->sim->now_ms += KAI_MS_DAY;
	scene->checker->settled(scene->sim, scene->state);
}

/* One node tells another that it has an item. */
static void show_receipt(struct scene *scene, uint32_t from, uint32_t to, uint32_t item)
{
	const struct kai_engine_config *config = &sim_node(scene->sim, from)->config;
	struct kai_receipt_entry entry = {.level = KAI_LEVEL_DELIVERED, .at = 1};
	struct kai_receipt receipt = {
		.version = KAI_VERSION, .at = 1, .entries = &entry, .entries_count = 1};
	struct kai_receipt_frame frame = {.taken = {.is = false}};
	uint8_t digest[KAI_ID_LEN];

	memcpy(entry.id, sim_ledger_item(scene->sim, item)->id, KAI_ID_LEN);
	memcpy(receipt.org, config->org, KAI_ID_LEN);
	memcpy(receipt.to, sim_node(scene->sim, to)->config.org, KAI_ID_LEN);
	frame.bytes = kai_receipt_make(&receipt, config->system.key, config->system.secret,
				       &scene->arena, digest);
	show_frame(scene, from, to, KAI_MSG_RECEIPT, &frame);
}

static void receipts_good(struct scene *scene)
{
	show_receipt(scene, 2, 1, OPEN);
	scene->checker->settled(scene->sim, scene->state);
}

static void receipts_bad(struct scene *scene)
{
	show_receipt(scene, 2, 1, SECRET); /* that node 2 does not hold */
}

static void receipts_bad_ear(struct scene *scene)
{
	show_receipt(scene, 1, 2, SECRET); /* that node 2 never spoke of */
}

static void receipts_bad_end(struct scene *scene)
{
	struct kai_txn *txn = writing(scene, 1);
	struct kai_scan scan;
	struct kai_span key;

	kai_scan_init(&scan, txn, KAI_TABLE_RECEIPTS, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, NULL))
		(void)kai_txn_del(txn, KAI_TABLE_RECEIPTS, key);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	scene->checker->settled(scene->sim, scene->state);
}

static void pending_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void pending_bad(struct scene *scene)
{
	const struct sim_pact *pact = sim_pact_next(sim_ledger_of(scene->sim), 1, 2, NULL);
	struct kai_notice notice = {.number = 9, .action = KAI_NOTICE_RESUME};

	memcpy(notice.agreement, pact->of.digest, KAI_ID_LEN);
	memcpy(notice.org, sim_node(scene->sim, 1)->config.org, KAI_ID_LEN);
	sim_ledger_add_notice(scene->sim, &notice);
	sim_ledger_of(scene->sim)->words[0]->of.made_ms = 1000;
	scene->checker->settled(scene->sim, scene->state);
}

/* What the engine said of a duty of node 1's. */
static void say_duty(struct scene *scene, const char *event)
{
	struct kai_output output = {.type = KAI_OUTPUT_TRACE, .event = event, .number = 1};

	memcpy(output.id, sim_ledger_item(scene->sim, OPEN)->id, KAI_ID_LEN);
	scene->checker->traced(scene->sim, scene->state, sim_node(scene->sim, 1), &output);
}

/* One of node 1's, as its store has it at the end: to pass on an item to node 2. */
static void put_duty(struct scene *scene, uint32_t item, uint64_t state, bool timer)
{
	struct kai_duty_place place = {.target = 2, .peer = 1};
	struct kai_duty_row row = {.action = KAI_DUTY_PASS,
				   .state = state,
				   .within_ms = 1000,
				   .due_at = SIM_WALL_MS + KAI_MS_DAY,
				   .timer_at = SIM_WALL_MS + KAI_MS_DAY};
	struct kai_peer peer;
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(sim_node(scene->sim, 1)->store, true, &txn, NULL),
			 KAI_ERR_OK);
	assert_true(kai_rec_arrival(txn, sim_ledger_item(scene->sim, item)->id, &place.arrival));
	assert_true(kai_rec_peer(txn, sim_node(scene->sim, 2)->config.org, &scene->arena, &peer));
	place.target = (uint16_t)peer.number;
	struct kai_key key = kai_key_duty(&place);
	struct kai_key at = kai_key_timer(row.timer_at, KAI_TIMER_DUTY, &key);

	kai_rec_put(txn, KAI_TABLE_DUTIES, &key, &kai_object_duty_row, &row);
	kai_txn_put(txn, KAI_TABLE_DUTIES_OPEN, kai_key_span(&key), kai_span(NULL, 0));
	if (timer)
		kai_txn_put(txn, KAI_TABLE_TIMERS, kai_key_span(&at), kai_span(NULL, 0));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

/* What the engine said of a step of node 1's. */
static void say_call(struct scene *scene, const char *event)
{
	struct kai_output output = {.type = KAI_OUTPUT_TRACE, .event = event, .number = 1};

	memcpy(output.id, sim_ledger_item(scene->sim, OPEN)->id, KAI_ID_LEN);
	scene->checker->traced(scene->sim, scene->state, sim_node(scene->sim, 1), &output);
}

/* One of node 1's ladders, as its store has it at the end. */
static void put_ladder(struct scene *scene, uint64_t state, uint64_t due_at, bool timer)
{
	struct kai_step step = {.rung = KAI_RUNG_NOTICE,
				.silence = KAI_SILENCE_OURS,
				.state = state,
				.due_at = due_at,
				.started_at = due_at,
				.role = kai_span_str("duty")};
	struct kai_ladder ladder = {.urgency = KAI_URGENCY_NOW,
				    .next = KAI_RUNG_RECEIVED,
				    .due_at = due_at,
				    .timer_at = timer ? due_at : 0,
				    .steps = &step,
				    .steps_count = 1};
	struct kai_key key;
	struct kai_txn *txn;
	uint64_t arrival;

	assert_int_equal(kai_txn_begin(sim_node(scene->sim, 1)->store, true, &txn, NULL),
			 KAI_ERR_OK);
	assert_true(kai_rec_arrival(txn, sim_ledger_item(scene->sim, OPEN)->id, &arrival));
	key = kai_key_pair(arrival, 0);
	kai_rec_put(txn, KAI_TABLE_LADDERS, &key, &kai_object_ladder, &ladder);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	scene->checker->settled(scene->sim, scene->state);
}

static void calls_good(struct scene *scene)
{
	struct sim_node *node = sim_node(scene->sim, 1);

	say_call(scene, "call-due");
	say_call(scene, "call-started");
	node->boots++;
	say_call(scene, "call-repeated");
	node->boots--;
	say_call(scene, "call-done");
	put_ladder(scene, KAI_STEP_DONE, SIM_WALL_MS + KAI_MS_DAY, true);
}

static void calls_bad_twice(struct scene *scene)
{
	say_call(scene, "call-due");
	say_call(scene, "call-started");
	say_call(scene, "call-repeated"); /* in the same life */
}

static void calls_bad_unasked(struct scene *scene)
{
	say_call(scene, "call-started"); /* never due */
}

static void calls_bad_after(struct scene *scene)
{
	say_call(scene, "call-due");
	say_call(scene, "call-done");
	say_call(scene, "call-due");
}

static void calls_bad_lost(struct scene *scene)
{
	put_ladder(scene, KAI_STEP_DONE, SIM_WALL_MS + KAI_MS_DAY, false);
}

static void calls_bad_late(struct scene *scene)
{
	put_ladder(scene, KAI_STEP_DONE, SIM_WALL_MS - KAI_MS_DAY, true);
}

static void calls_bad_left(struct scene *scene)
{
	put_ladder(scene, KAI_STEP_STARTED, SIM_WALL_MS - KAI_MS_DAY, true);
}

static void duties_good(struct scene *scene)
{
	say_duty(scene, "duty-due");
	say_duty(scene, "duty-overdue");
	say_duty(scene, "duty-met");
	put_duty(scene, OPEN, KAI_DUTY_DUE, true);
	put_duty(scene, SECRET, KAI_DUTY_BLOCKED, true);
	scene->checker->settled(scene->sim, scene->state);
}

static void duties_bad_twice(struct scene *scene)
{
	say_duty(scene, "duty-overdue");
	say_duty(scene, "duty-overdue");
}

static void duties_bad_after(struct scene *scene)
{
	say_duty(scene, "duty-met");
	say_duty(scene, "duty-overdue");
}

static void duties_bad_lost(struct scene *scene)
{
	put_duty(scene, OPEN, KAI_DUTY_DUE, false);
	scene->checker->settled(scene->sim, scene->state);
}

static void duties_bad_blocked(struct scene *scene)
{
	put_duty(scene, OPEN, KAI_DUTY_BLOCKED, true);
	scene->checker->settled(scene->sim, scene->state);
}

static void duties_bad_due(struct scene *scene)
{
	put_duty(scene, SECRET, KAI_DUTY_DUE, true);
	scene->checker->settled(scene->sim, scene->state);
}

/* It was to be told to node 1, and nothing is noted. */
static void duties_bad_missing(struct scene *scene)
{
	static uint64_t kinds[] = {KAI_KIND_SECINFO};
	const struct sim_pact *found = sim_pact_next(sim_ledger_of(scene->sim), 0, 1, NULL);
	struct sim_pact *pact = sim_pact_find_of(sim_ledger_of(scene->sim), 0, found->of.digest);
	struct kai_duty duty = {.side = pact->of.a == 0 ? 0 : 1,
				.kinds = kinds,
				.kinds_count = 1,
				.urgency = KAI_URGENCY_INFO,
				.action = KAI_DUTY_REPORT,
				.within_ms = 1000};

	pact->of.terms.duties = &duty;
	pact->of.terms.duties_count = 1;
	pact->of.made_ms = -KAI_MS_HOUR;
	scene->checker->settled(scene->sim, scene->state);
	pact->of.terms.duties_count = 0;
}

static void economy_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void economy_bad(struct scene *scene)
{
	sim_figures_to_fill(scene->sim)->payload_copies += 1000;
	scene->checker->settled(scene->sim, scene->state);
}

/* Node 1 says that it carries an item, as if that were its own, to node 2 by a clause that opened so long ago. */
static void show_mark(struct scene *scene, uint64_t clause, int64_t ago_ms)
{
	struct kai_mark mark = {.clause = clause,
				.opened_at = (uint64_t)(scene->sight->walls[1].ms - ago_ms)};
	struct kai_chunk chunk = {.index = KAI_MAX_PARTS, .last = true};
	struct kai_txn *txn = sim_look(sim_node(scene->sim, 1));
	struct kai_item item;
	uint64_t arrival;

	memcpy(chunk.id, sim_ledger_item(scene->sim, OPEN)->id, KAI_ID_LEN);
	assert_true(kai_rec_arrival(txn, chunk.id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &scene->arena, &item));
	struct kai_item_head head = {.header = item.header,
				     .signatures = item.signatures,
				     .signatures_count = item.signatures_count,
				     .mark = &mark};

	chunk.head = &head;
	show_frame(scene, 1, 2, KAI_MSG_CHUNK, &chunk);
	kai_txn_abort(txn);
}

/* They agreed on such a clause, and node 0, which may have the item, is out of reach. */
static void agree_on_clause(struct scene *scene, const char *link)
{
	static uint64_t kinds[] = {KAI_KIND_SECINFO};
	static struct kai_contingency clause;
	const struct sim_pact *found = sim_pact_next(sim_ledger_of(scene->sim), 1, 2, NULL);
	struct sim_pact *pact = sim_pact_find_of(sim_ledger_of(scene->sim), 1, found->of.digest);
	struct sim_item *item = sim_ledger_item(scene->sim, OPEN);
	struct kai_output output = {.type = KAI_OUTPUT_TRACE, .event = link};

	clause = (struct kai_contingency){.kinds = kinds,
					  .kinds_count = 1,
					  .longest_ms = KAI_MS_HOUR,
					  .pause_ms = KAI_MS_HOUR};
	memcpy(clause.from, sim_node(scene->sim, 1)->config.org, KAI_ID_LEN);
	memcpy(clause.to, sim_node(scene->sim, 2)->config.org, KAI_ID_LEN);
	pact->of.terms.contingency = &clause;
	pact->of.terms.contingency_count = 1;
	item->origin = 1;
	memcpy(item->header.origin, clause.from, KAI_ID_LEN);
	memcpy(output.org, sim_node(scene->sim, 0)->config.org, KAI_ID_LEN);
	scene->checker->traced(scene->sim, scene->state, sim_node(scene->sim, 1), &output);
}

static void contingency_good(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	show_mark(scene, 0, KAI_MS_MINUTE);
	show_mark(scene, 0, KAI_MS_MINUTE);
}

static void contingency_bad_clause(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	show_mark(scene, 1, KAI_MS_MINUTE);
}

static void contingency_bad_time(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	show_mark(scene, 0, KAI_MS_HOUR + 1);
}

static void contingency_bad_again(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	show_mark(scene, 0, KAI_MS_MINUTE);
	show_mark(scene, 0, KAI_MS_SECOND);
}

/* Who is out of reach is not owed it. */
static void contingency_bad_nobody(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	make_secret(scene, OPEN); /* so that node 0 may not have it */
	sim_ledger_item(scene->sim, OPEN)->header.label.audience[0].org =
		kai_span(sim_node(scene->sim, 2)->config.org, KAI_ID_LEN);
	show_mark(scene, 0, KAI_MS_MINUTE);
}

/* ---- the table ---- */

struct trial {
	const char *name;
	const struct sim_checker *checker;
	void (*show)(struct scene *scene);
	bool reports;
};

static const struct trial trials[] = {
	{"label good", &sim_check_label, label_good, false},
	{"label bad", &sim_check_label, label_bad, true},
	{"disclosure good", &sim_check_disclosure, disclosure_good, false},
	{"disclosure bad", &sim_check_disclosure, disclosure_bad, true},
	{"disclosure bad name", &sim_check_disclosure, disclosure_bad_name, true},
	{"papers good", &sim_check_papers, papers_good, false},
	{"papers bad", &sim_check_papers, papers_bad, true},
	{"papers bad card", &sim_check_papers, papers_bad_card, true},
	{"verified good", &sim_check_verified, verified_good, false},
	{"verified bad header", &sim_check_verified, verified_bad_header, true},
	{"verified bad part", &sim_check_verified, verified_bad_part, true},
	{"verified bad key", &sim_check_verified, verified_bad_key, true},
	{"durable good", &sim_check_durable, durable_good, false},
	{"durable bad", &sim_check_durable, durable_bad, true},
	{"durable bad word", &sim_check_durable, durable_bad_word, true},
	{"once good", &sim_check_once, once_good, false},
	{"once bad", &sim_check_once, once_bad, true},
	{"once bad twice", &sim_check_once, once_bad_twice, true},
	{"retraction good", &sim_check_retraction, retraction_good, false},
	{"retraction bad", &sim_check_retraction, retraction_bad, true},
	{"retraction bad flag", &sim_check_retraction, retraction_bad_flag, true},
	{"bounds good", &sim_check_bounds, bounds_good, false},
	{"bounds bad", &sim_check_bounds, bounds_bad, true},
	{"credit good", &sim_check_credit, credit_good, false},
	{"credit bad", &sim_check_credit, credit_bad, true},
	{"credit bad grant", &sim_check_credit, credit_bad_grant, true},
	{"quiet good", &sim_check_quiet, quiet_good, false},
	{"quiet bad", &sim_check_quiet, quiet_bad, true},
	{"realm good", &sim_check_realm, realm_good, false},
	{"realm bad", &sim_check_realm, realm_bad, true},
	{"realm bad item", &sim_check_realm, realm_bad_item, true},
	{"arrival good", &sim_check_arrival, arrival_good, false},
	{"arrival bad", &sim_check_arrival, arrival_bad, true},
	{"arrival bad part", &sim_check_arrival, arrival_bad_part, true},
	{"timers good", &sim_check_timers, timers_good, false},
	{"timers bad", &sim_check_timers, timers_bad, true},
	{"timers bad sleep", &sim_check_timers, timers_bad_sleep, true},
	{"receipts good", &sim_check_receipts, receipts_good, false},
	{"receipts bad", &sim_check_receipts, receipts_bad, true},
	{"receipts bad ear", &sim_check_receipts, receipts_bad_ear, true},
	{"receipts bad end", &sim_check_receipts, receipts_bad_end, true},
	{"pending good", &sim_check_pending, pending_good, false},
	{"pending bad", &sim_check_pending, pending_bad, true},
	{"calls good", &sim_check_calls, calls_good, false},
	{"calls bad twice", &sim_check_calls, calls_bad_twice, true},
	{"calls bad unasked", &sim_check_calls, calls_bad_unasked, true},
	{"calls bad after", &sim_check_calls, calls_bad_after, true},
	{"calls bad lost", &sim_check_calls, calls_bad_lost, true},
	{"calls bad late", &sim_check_calls, calls_bad_late, true},
	{"calls bad left", &sim_check_calls, calls_bad_left, true},
	{"duties good", &sim_check_duties, duties_good, false},
	{"duties bad twice", &sim_check_duties, duties_bad_twice, true},
	{"duties bad after", &sim_check_duties, duties_bad_after, true},
	{"duties bad lost", &sim_check_duties, duties_bad_lost, true},
	{"duties bad blocked", &sim_check_duties, duties_bad_blocked, true},
	{"duties bad due", &sim_check_duties, duties_bad_due, true},
	{"duties bad missing", &sim_check_duties, duties_bad_missing, true},
	{"contingency good", &sim_check_contingency, contingency_good, false},
	{"contingency bad clause", &sim_check_contingency, contingency_bad_clause, true},
	{"contingency bad time", &sim_check_contingency, contingency_bad_time, true},
	{"contingency bad again", &sim_check_contingency, contingency_bad_again, true},
	{"contingency bad nobody", &sim_check_contingency, contingency_bad_nobody, true},
	{"economy good", &sim_check_economy, economy_good, false},
	{"economy bad", &sim_check_economy, economy_bad, true},
};

static void each_reports_when_it_must(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		const struct trial *trial = &trials[i];
		struct scene scene = {.sim = NULL};

		begin(&scene, trial->checker);
		trial->show(&scene);
		if ((reports(&scene) > 0) != trial->reports)
			fail_msg("%s: %zu reports%s%s", trial->name, reports(&scene),
				 reports(&scene) > 0 ? ": " : "",
				 reports(&scene) > 0 ? sim_violation_at(scene.sim, 0)->text : "");
		end(&scene);
	}
}

/* Those that deliberate defects in the engine alone can show: tests/sim/mutants. */
static bool by_mutants(const struct sim_checker *checker)
{
	static const struct sim_checker *const list[] = {&sim_check_cards, &sim_check_ends,
							 &sim_check_probe, &sim_check_quotas,
							 &sim_check_sight, &sim_check_sight_over};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (list[i] == checker)
			return true;
	}
	return false;
}

/* Every other checker of the list was tried both ways: one that is added without is noticed. */
static void all_are_tried(void **state)
{
	(void)state;
	for (size_t i = 0; sim_checkers[i] != NULL; i++) {
		bool good = false, bad = false;

		for (size_t k = 0; k < sizeof(trials) / sizeof(trials[0]); k++) {
			good |= trials[k].checker == sim_checkers[i] && !trials[k].reports;
			bad |= trials[k].checker == sim_checkers[i] && trials[k].reports;
		}
		if (!by_mutants(sim_checkers[i]) && (!good || !bad))
			fail_msg("%s was not tried both ways", sim_checkers[i]->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reports_when_it_must),
		cmocka_unit_test(all_are_tried),
	};

	return cmocka_run_group_tests_name("sim-checks", tests, NULL, NULL);
}
